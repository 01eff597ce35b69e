//! `member_descriptor`: the attribute that a `__slots__` entry makes.

use taipan_gc::{Header, Obj, Py};

use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::GetSetDef;
use crate::shape;
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// Fixed slot `index` of instances of `class`.
#[repr(C)]
pub struct PyMemberDescr {
    header: Header,
    pub name: Obj,
    pub index: u32,
    class: Py<PyType>,
}
layout!(PyMemberDescr, "member_descriptor", [name, class]);

impl PyMemberDescr {
    pub fn new(name: Obj, index: u32, class: &Py<PyType>) -> Py<PyMemberDescr> {
        let header = Header::new(types().member_descriptor.root_shape());
        Py::new(PyMemberDescr { header, name, index, class: class.clone() }).defer()
    }
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }
    /// Which of the fixed slots it stands for.
    pub fn index(&self) -> u32 {
        self.index
    }
    fn slot<'a>(&self, instance: &'a Obj) -> PyResult<&'a taipan_gc::Slot> {
        if class_of(instance).is_subtype(&self.class)
            && let Some((found, extension, _)) = shape::extension(instance)
            && self.index < found.fixed
        {
            // SAFETY: fixed slots come first and are inline; `instance` is alive for 'a.
            return Ok(unsafe { extension.slot(self.index) });
        }
        Err(type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            crate::protocol::str_string(&self.name)?,
            self.class.name(),
            class_of(instance).name()
        )))
    }
}

fn this(obj: &Obj) -> PyResult<&PyMemberDescr> {
    obj.downcast::<PyMemberDescr>().ok_or_else(|| system_error("not a member descriptor"))
}

fn get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let Some(instance) = instance else { return Ok(obj.clone()) };
    let descr = this(obj)?;
    match descr.slot(instance)?.load_uncounted() {
        Some(value) => Ok(value),
        None => {
            let text = crate::protocol::str_string(&descr.name)?;
            let class = class_of(instance).full_name();
            let class = class.strip_prefix("__main__.").unwrap_or(&class);
            let message = format!("'{class}' object has no attribute '{text}'");
            Err(crate::attribute::attribute_error_for(message, instance, &descr.name))
        }
    }
}

fn set(obj: &Obj, instance: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let descr = this(obj)?;
    let old = descr.slot(instance)?.replace(value.cloned());
    if value.is_none() && old.is_none() {
        let text = crate::protocol::str_string(&descr.name)?;
        return Err(crate::attribute::attribute_error_for(text, instance, &descr.name));
    }
    Ok(())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let descr = this(obj)?;
    Ok(str_obj(&format!(
        "<member '{}' of '{}' objects>",
        crate::protocol::str_string(&descr.name)?,
        descr.class.name()
    )))
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(this(o)?.name.clone()), set: None, doc: "" },
    GetSetDef {
        name: "__qualname__",
        get: |o| {
            Ok(str_obj(&format!(
                "{}.{}",
                this(o)?.class.name(),
                crate::protocol::str_string(&this(o)?.name)?
            )))
        },
        set: None,
        doc: "",
    },
    GetSetDef { name: "__doc__", get: |_| Ok(none()), set: None, doc: "" },
    GetSetDef { name: "__objclass__", get: |o| Ok(this(o)?.class.as_obj().clone()), set: None, doc: "" },
];

pub(super) fn fill(types: &Types) {
    types.member_descriptor.slots.set_all(&TypeSlots {
        descr_get: Some(get),
        descr_set: Some(set),
        repr: Some(repr),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(&types.member_descriptor, GETSET);
}
