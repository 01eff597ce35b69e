//! `method_descriptor`, `classmethod_descriptor` and `getset_descriptor`: attributes of native classes.

use taipan_gc::{Header, Obj, Py};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::{GetSetDef, MethodDef};
use crate::native_function::{PyNativeFunction, doc_obj};
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// A native method in a class's namespace.
#[repr(C)]
pub struct PyMethodDescr {
    header: Header,
    pub def: &'static MethodDef,
    class: Py<PyType>,
}
layout!(PyMethodDescr, "method_descriptor", [class]);

impl PyMethodDescr {
    pub fn new(def: &'static MethodDef, class: &Py<PyType>) -> Py<PyMethodDescr> {
        let header = Header::new(types().method_descriptor.root_shape());
        Py::new(PyMethodDescr { header, def, class: class.clone() }).defer()
    }
    /// For class methods.
    pub fn new_class(def: &'static MethodDef, class: &Py<PyType>) -> Py<PyMethodDescr> {
        let header = Header::new(types().classmethod_descriptor.root_shape());
        Py::new(PyMethodDescr { header, def, class: class.clone() }).defer()
    }
    /// The class in whose namespace it is.
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }
    /// Whether `receiver` is an instance of the class.
    #[inline]
    pub fn accepts(&self, receiver: &Obj) -> bool {
        class_of(receiver).is_subtype(&self.class)
    }
    /// The error for a receiver that is no instance.
    #[cold]
    pub fn refuse(&self, receiver: &Obj) -> Raised {
        type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            self.def.name,
            self.class.name(),
            class_of(receiver).name()
        ))
    }
}

fn method(obj: &Obj) -> PyResult<&PyMethodDescr> {
    obj.downcast::<PyMethodDescr>().ok_or_else(|| system_error("not a method descriptor"))
}

fn method_call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let descr = method(obj)?;
    let Some(receiver) = args.positional.first() else {
        return Err(type_error(format!(
            "unbound method {}.{}() needs an argument",
            descr.class.name(),
            descr.def.name
        )));
    };
    if !descr.accepts(receiver) {
        return Err(descr.refuse(receiver));
    }
    if args.has_keywords() { (descr.def.call)(args) } else { descr.def.call_positional(args.positional) }
}

fn method_get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let descr = method(obj)?;
    match instance {
        None => Ok(obj.clone()),
        Some(instance) if descr.accepts(instance) => {
            Ok(PyNativeFunction::new_bound(descr.def, instance.clone()).into_obj())
        }
        Some(instance) => Err(descr.refuse(instance)),
    }
}

fn class_method_get(obj: &Obj, instance: Option<&Obj>, owner: Option<&Obj>) -> PyResult<Obj> {
    let descr = method(obj)?;
    let owner = match (owner, instance) {
        (Some(owner), _) => owner.clone(),
        (None, Some(instance)) => class_of(instance).to_obj(),
        (None, None) => {
            return Err(type_error(format!(
                "descriptor '{}' for type '{}' needs either an object or a type",
                descr.def.name,
                descr.class.name()
            )));
        }
    };
    match owner.downcast::<PyType>() {
        None => Err(type_error(format!(
            "descriptor '{}' for type '{}' needs a type, not a '{}' as arg 2",
            descr.def.name,
            descr.class.name(),
            class_of(&owner).name()
        ))),
        Some(class) if class.is_subtype(&descr.class) => {
            Ok(PyNativeFunction::new_bound(descr.def, owner.clone()).into_obj())
        }
        Some(class) => Err(type_error(format!(
            "descriptor '{}' requires a subtype of '{}' but received '{}'",
            descr.def.name,
            descr.class.name(),
            class.name()
        ))),
    }
}

fn class_method_call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let descr = method(obj)?;
    let Some(class) = args.positional.first() else {
        return Err(type_error(format!(
            "descriptor '{}' of '{}' object needs an argument",
            descr.def.name,
            descr.class.name()
        )));
    };
    let bound = class_method_get(obj, None, Some(class))?;
    crate::protocol::call_args(&bound, &args.skip_first())
}

fn method_repr(obj: &Obj) -> PyResult<Obj> {
    let descr = method(obj)?;
    Ok(str_obj(&format!("<method '{}' of '{}' objects>", descr.def.name, descr.class.name())))
}

static METHOD_SLOTS: TypeSlots = TypeSlots {
    call: Some(method_call),
    descr_get: Some(method_get),
    repr: Some(method_repr),
    ..TypeSlots::EMPTY
};
static CLASS_METHOD_SLOTS: TypeSlots = TypeSlots {
    call: Some(class_method_call),
    descr_get: Some(class_method_get),
    repr: Some(method_repr),
    ..TypeSlots::EMPTY
};

static METHOD_GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(str_obj(method(o)?.def.name)), set: None, doc: "" },
    GetSetDef {
        name: "__qualname__",
        get: |o| Ok(str_obj(&format!("{}.{}", method(o)?.class.qualified_name(), method(o)?.def.name))),
        set: None,
        doc: "",
    },
    GetSetDef { name: "__doc__", get: |o| Ok(doc_obj(method(o)?.def)), set: None, doc: "" },
    GetSetDef { name: "__objclass__", get: |o| Ok(method(o)?.class.as_obj().clone()), set: None, doc: "" },
    GetSetDef {
        name: "__text_signature__",
        get: |o| Ok(method(o)?.def.text_signature.map_or_else(none, str_obj)),
        set: None,
        doc: "",
    },
];

#[crate::native::pymethods(class = "method_descriptor")]
impl PyMethodDescr {
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        let getattr = crate::hooks::builtin("getattr")?;
        Ok(tuple_obj(vec![getattr, tuple_obj(vec![self.class.as_obj().clone(), str_obj(self.def.name)])]))
    }
}

/// A native attribute in a class's namespace.
#[repr(C)]
pub struct PyGetSetDescr {
    header: Header,
    pub def: &'static GetSetDef,
    class: Py<PyType>,
}
layout!(PyGetSetDescr, "getset_descriptor", [class]);

impl PyGetSetDescr {
    pub fn new(def: &'static GetSetDef, class: &Py<PyType>) -> Py<PyGetSetDescr> {
        let header = Header::new(types().getset_descriptor.root_shape());
        Py::new(PyGetSetDescr { header, def, class: class.clone() }).defer()
    }
    /// Whether the attribute is one of instances of this object's class.
    #[inline(always)]
    pub fn accepts(&self, instance: &Obj) -> bool {
        class_of(instance).is_subtype(&self.class)
    }
    fn check(&self, instance: &Obj) -> PyResult<()> {
        if self.accepts(instance) {
            return Ok(());
        }
        Err(type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            self.def.name,
            self.class.name(),
            class_of(instance).name()
        )))
    }
}

fn getset(obj: &Obj) -> PyResult<&PyGetSetDescr> {
    obj.downcast::<PyGetSetDescr>().ok_or_else(|| system_error("not a getset descriptor"))
}

fn getset_get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let descr = getset(obj)?;
    match instance {
        None => Ok(obj.clone()),
        Some(instance) => {
            descr.check(instance)?;
            (descr.def.get)(instance)
        }
    }
}

fn getset_set(obj: &Obj, instance: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let descr = getset(obj)?;
    descr.check(instance)?;
    match descr.def.set {
        Some(set) => set(instance, value),
        None => Err(attribute_error(format!(
            "attribute '{}' of '{}' objects is not writable",
            descr.def.name,
            descr.class.name()
        ))),
    }
}

fn getset_repr(obj: &Obj) -> PyResult<Obj> {
    let descr = getset(obj)?;
    Ok(str_obj(&format!("<attribute '{}' of '{}' objects>", descr.def.name, descr.class.name())))
}

static GETSET_SLOTS: TypeSlots = TypeSlots {
    descr_get: Some(getset_get),
    descr_set: Some(getset_set),
    repr: Some(getset_repr),
    ..TypeSlots::EMPTY
};

static GETSET_GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(str_obj(getset(o)?.def.name)), set: None, doc: "" },
    GetSetDef {
        name: "__qualname__",
        get: |o| Ok(str_obj(&format!("{}.{}", getset(o)?.class.qualified_name(), getset(o)?.def.name))),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__doc__",
        get: |o| Ok(if getset(o)?.def.doc.is_empty() { none() } else { str_obj(getset(o)?.def.doc) }),
        set: None,
        doc: "",
    },
    GetSetDef { name: "__objclass__", get: |o| Ok(getset(o)?.class.as_obj().clone()), set: None, doc: "" },
];

pub(super) fn fill(types: &Types) {
    types.method_descriptor.slots.set_all(&METHOD_SLOTS);
    types.classmethod_descriptor.slots.set_all(&CLASS_METHOD_SLOTS);
    types.getset_descriptor.slots.set_all(&GETSET_SLOTS);
    for class in [&types.method_descriptor, &types.classmethod_descriptor] {
        ready::add_getset(class, METHOD_GETSET);
    }
    ready::add_methods(&types.method_descriptor, <PyMethodDescr as crate::native::NativeMethods>::methods());
    ready::add_getset(&types.getset_descriptor, GETSET_GETSET);
}
