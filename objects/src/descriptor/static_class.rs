//! `classmethod` and `staticmethod`.

use taipan_gc::{Header, Obj, Py, Slot};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::method::PyBoundMethod;
use crate::native::{GetSetDef, NativeMethods, pymethods};
use crate::protocol;
use crate::type_object::{PyType, TypeSlots, class_of, new_instance, ready};
use crate::types::{Types, types};

/// A `classmethod` or `staticmethod` object.
#[repr(C)]
pub struct PyClassMethod {
    header: Header,
    pub function: Slot,
}
layout!(PyClassMethod, "classmethod", [function]);

impl PyClassMethod {
    /// Where the function is, in bytes, for machine code.
    pub const FUNCTION: i32 = std::mem::offset_of!(PyClassMethod, function) as i32;

    /// `staticmethod(function)`.
    pub fn new_static(function: Obj) -> Py<PyClassMethod> {
        new_instance(&types().staticmethod, |header| PyClassMethod { header, function: Slot::new(function) })
    }
    /// `classmethod(function)`.
    pub fn new_class(function: Obj) -> Py<PyClassMethod> {
        new_instance(&types().classmethod, |header| PyClassMethod { header, function: Slot::new(function) })
    }
}

fn this(obj: &Obj) -> PyResult<&PyClassMethod> {
    obj.downcast::<PyClassMethod>().ok_or_else(|| system_error("not a classmethod or staticmethod"))
}

fn function(obj: &Obj, what: &str) -> PyResult<Obj> {
    this(obj)?.function.load().ok_or_else(|| runtime_error(format!("uninitialized {what} object")))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    crate::type_object::check_layout::<PyClassMethod>(class)?;
    Ok(new_instance(class, |header| PyClassMethod { header, function: Slot::empty() }).into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let name = if class_of(obj).is_subtype(&types().staticmethod) { "staticmethod" } else { "classmethod" };
    if args.has_keywords() {
        return Err(type_error(format!("{name}() takes no keyword arguments")));
    }
    let [callable] = args.positional else {
        return Err(type_error(format!("{name} expected 1 argument, got {}", args.positional.len())));
    };
    this(obj)?.function.store(callable.clone());
    for attribute in ["__module__", "__name__", "__qualname__", "__doc__"] {
        let attribute = crate::str::intern(attribute);
        if let Some(value) = protocol::getattr_opt(callable, &attribute)? {
            crate::shape::set_attribute(obj, &attribute, value)?;
        }
    }
    Ok(())
}

fn class_get(obj: &Obj, instance: Option<&Obj>, owner: Option<&Obj>) -> PyResult<Obj> {
    let receiver = match (owner, instance) {
        (Some(owner), _) => owner.clone(),
        (None, Some(instance)) => class_of(instance).to_obj(),
        (None, None) => return Err(type_error("__get__(None, None) is invalid")),
    };
    Ok(PyBoundMethod::new(function(obj, "classmethod")?, receiver).into_obj())
}

fn static_get(obj: &Obj, _instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    function(obj, "staticmethod")
}

fn static_call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    protocol::call_args(&function(obj, "staticmethod")?, args)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let name = if class_of(obj).is_subtype(&types().staticmethod) { "staticmethod" } else { "classmethod" };
    Ok(str_obj(&format!("<{name}({})>", protocol::repr_string(&wrapped(obj)?)?)))
}

/// The function, or `None` before `__init__`.
fn wrapped(obj: &Obj) -> PyResult<Obj> {
    Ok(this(obj)?.function.load().unwrap_or_else(none))
}

/// An attribute of the function, kept in the instance's own namespace from the first time on.
fn of_wrapped(obj: &Obj, name: &str) -> PyResult<Obj> {
    let name = crate::str::intern(name);
    let dict = crate::shape::dict_of(obj)?;
    if let Some(value) = dict.get_str(&name) {
        return Ok(value);
    }
    let value = protocol::getattr(&wrapped(obj)?, &name)?;
    dict.set(name.into_obj(), value.clone())?;
    Ok(value)
}

fn set_own(obj: &Obj, name: &str, value: Option<&Obj>) -> PyResult<()> {
    let name = crate::str::intern(name);
    let dict = crate::shape::dict_of(obj)?;
    match value {
        Some(value) => dict.set(name.into_obj(), value.clone()),
        None if dict.delete(name.as_obj())? => Ok(()),
        None => Err(crate::attribute::no_attribute(obj, name.as_obj())),
    }
}

fn abstract_flag(obj: &Obj) -> PyResult<Obj> {
    match protocol::getattr_opt(&wrapped(obj)?, &crate::istr!("__isabstractmethod__"))? {
        Some(flag) => Ok(bool_obj(protocol::is_true(&flag)?)),
        None => Ok(bool_obj(false)),
    }
}

#[pymethods(class = "staticmethod")]
impl PyClassMethod {
    /// See PEP 585
    #[pyclassmethod(sig = "(item, /)")]
    fn __class_getitem__(cls: &Obj, item: &Obj) -> PyResult<Obj> {
        Ok(crate::generic_alias::new(cls, item))
    }
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__func__", get: wrapped, set: None, doc: "" },
    GetSetDef { name: "__wrapped__", get: wrapped, set: None, doc: "" },
    GetSetDef { name: "__isabstractmethod__", get: abstract_flag, set: None, doc: "" },
    GetSetDef {
        name: "__annotations__",
        get: |o| of_wrapped(o, "__annotations__"),
        set: Some(|o, v| set_own(o, "__annotations__", v)),
        doc: "",
    },
    GetSetDef {
        name: "__annotate__",
        get: |o| of_wrapped(o, "__annotate__"),
        set: Some(|o, v| set_own(o, "__annotate__", v)),
        doc: "",
    },
    crate::object_type::DICT_GETSET,
];

pub(super) fn fill(types: &Types) {
    types.classmethod.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(init),
        descr_get: Some(class_get),
        repr: Some(repr),
        ..TypeSlots::EMPTY
    });
    types.staticmethod.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(init),
        descr_get: Some(static_get),
        call: Some(static_call),
        repr: Some(repr),
        ..TypeSlots::EMPTY
    });
    for class in [&types.classmethod, &types.staticmethod] {
        ready::add_getset(class, GETSET);
        ready::add_methods(class, <PyClassMethod as NativeMethods>::methods());
    }
}
