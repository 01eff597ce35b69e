//! `Generic`: the work is done by functions of the `typing` module.

use taipan_objects::native::*;
use taipan_objects::object_type::PyObject;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, type_flags};
use taipan_objects::{hooks, protocol};

use crate::native_class;

native_class!(
    /// `typing.Generic`.
    pub fn class() = TypeBuilder::new("typing.Generic", PyObject::ops())
        .flag(type_flags::SHOWN_AS_HEAP)
        .methods(Generic::own_methods())
        .doc("Base class of generic classes: class Mapping[KT, VT], or class Mapping(Generic[KT, VT]).")
        .make()
);

fn call(name: &str, class: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
    let function = hooks::module_attribute("typing", name)?.into_strong();
    let mut positional = vec![class.clone()];
    positional.extend_from_slice(args);
    let (names, values): (Vec<Obj>, Vec<Obj>) = kwargs.iter().map(|(n, v)| (n.clone(), v.clone())).unzip();
    protocol::call_args(&function, &Args::with_keywords(&positional, &names, &values))
}

/// Home of the methods: the layout belongs to another crate.
struct Generic;

#[pymethods(class = "Generic", part = "own")]
impl Generic {
    /// Parameterizes a generic class.
    #[pyclassmethod(sig = "(*args, **kwargs)", text = "")]
    fn __class_getitem__(cls: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        call("_generic_class_getitem", cls, args, kwargs)
    }
    /// Prepares a generic class.
    #[pyclassmethod(sig = "(*args, **kwargs)", text = "")]
    fn __init_subclass__(cls: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        call("_generic_init_subclass", cls, args, kwargs).map(drop)
    }
}
