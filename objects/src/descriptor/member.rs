//! `member_descriptor`: the attribute that a `__slots__` entry makes, and those attributes of native classes that CPython keeps
//! in a C struct's field. Here these have getters like any other; only the descriptor's class tells them apart.

use taipan_gc::{Header, Obj, Py};

use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::GetSetDef;
use crate::shape;
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

const NO_SLOT: u32 = u32::MAX;

/// Fixed slot `index` of instances of `class`, or what `native` gets and sets.
#[repr(C)]
pub struct PyMemberDescr {
    header: Header,
    pub name: Obj,
    index: u32,
    class: Py<PyType>,
    native: Option<&'static GetSetDef>,
}
layout!(PyMemberDescr, "member_descriptor", [name, class]);

impl PyMemberDescr {
    pub fn new(name: Obj, index: u32, class: &Py<PyType>) -> Py<PyMemberDescr> {
        let header = Header::new(types().member_descriptor.root_shape());
        Py::new(PyMemberDescr { header, name, index, class: class.clone(), native: None }).defer()
    }
    /// The attribute `def` of a native class.
    pub fn native(def: &'static GetSetDef, class: &Py<PyType>) -> Py<PyMemberDescr> {
        let header = Header::new(types().member_descriptor.root_shape());
        let name = crate::str::intern(def.name).into_obj();
        Py::new(PyMemberDescr { header, name, index: NO_SLOT, class: class.clone(), native: Some(def) })
            .defer()
    }
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }
    /// Which of the fixed slots it stands for; more than any class has if it stands for none.
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
        Err(self.refuse(instance))
    }
    #[cold]
    fn refuse(&self, instance: &Obj) -> Raised {
        let name = match crate::protocol::str_string(&self.name) {
            Ok(name) => name,
            Err(raised) => return raised,
        };
        type_error(format!(
            "descriptor '{name}' for '{}' objects doesn't apply to a '{}' object",
            self.class.name(),
            class_of(instance).name()
        ))
    }
}

fn this(obj: &Obj) -> PyResult<&PyMemberDescr> {
    obj.downcast::<PyMemberDescr>().ok_or_else(|| system_error("not a member descriptor"))
}

fn get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let Some(instance) = instance else { return Ok(obj.clone()) };
    let descr = this(obj)?;
    if let Some(native) = descr.native {
        if !class_of(instance).is_subtype(&descr.class) {
            return Err(descr.refuse(instance));
        }
        return (native.get)(instance);
    }
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
    if let Some(native) = descr.native {
        if !class_of(instance).is_subtype(&descr.class) {
            return Err(descr.refuse(instance));
        }
        return match native.set {
            Some(set) => set(instance, value),
            None => Err(attribute_error("readonly attribute")),
        };
    }
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
                this(o)?.class.qualified_name(),
                crate::protocol::str_string(&this(o)?.name)?
            )))
        },
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__doc__",
        get: |o| match this(o)?.native {
            Some(def) if !def.doc.is_empty() => Ok(str_obj(def.doc)),
            _ => Ok(none()),
        },
        set: None,
        doc: "",
    },
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
