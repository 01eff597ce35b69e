//! `TypeVarTuple`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};

use super::{Lazy, call_typing, given_default, no_default, read_only, set_module, unpacked_iter};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A type variable tuple.
#[repr(C)]
pub struct PyTypeVarTuple {
    header: Header,
    name: Obj,
    default: Lazy,
}
layout!(PyTypeVarTuple, "typing.TypeVarTuple", [name, default]);

native_class!(
    /// `typing.TypeVarTuple`.
    pub fn class() = TypeBuilder::new("typing.TypeVarTuple", PyTypeVarTuple::ops())
        .final_()
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            repr: Some(|obj| Ok(this(obj)?.name.clone())),
            iter: Some(unpacked_iter),
            ..TypeSlots::EMPTY
        })
        .methods(PyTypeVarTuple::methods())
        .getset(GETSET)
        .doc("Type variable tuple: stands for any number of types.")
        .make()
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new(class, args)
}

#[pyargs(name = "typevartuple", sig = "(name, *, default=<unrepresentable>)")]
fn new(class: &Obj, name: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyTypeVarTuple>(class)?;
    if !name.is_layout::<PyStr>() {
        return Err(type_error(format!(
            "typevartuple() argument 'name' must be str, not {}",
            class_of(name).name()
        )));
    }
    let name = name.clone();
    let variable =
        new_instance(class, |header| PyTypeVarTuple { header, name, default: given_default(default) })
            .into_obj();
    set_module(&variable)?;
    Ok(variable)
}

fn this(obj: &Obj) -> PyResult<&PyTypeVarTuple> {
    receiver::<PyTypeVarTuple>(obj)
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(this(o)?.name.clone()), set: Some(read_only), doc: "" },
    GetSetDef {
        name: "__default__",
        get: |o| Ok(this(o)?.default.get()?.unwrap_or_else(|| no_default().clone())),
        set: None,
        doc: "",
    },
    GetSetDef { name: "evaluate_default", get: |o| Ok(this(o)?.default.evaluator()), set: None, doc: "" },
    GetSetDef {
        name: "_evaluate_default",
        get: |o| Ok(this(o)?.default.evaluator()),
        set: Some(|o, value| {
            this(o)?.default.set_evaluate(value);
            Ok(())
        }),
        doc: "",
    },
];

#[pymethods(class = "TypeVarTuple")]
impl PyTypeVarTuple {
    /// Whether there is a default.
    #[pymethod]
    fn has_default(&self) -> bool {
        self.default.is_given()
    }
    #[pymethod(sig = "(arg, /)")]
    fn __typing_subst__(slf: &Obj, arg: &Obj) -> PyResult<Obj> {
        let _ = (slf, arg);
        Err(type_error("Substitution of bare TypeVarTuple is not supported"))
    }
    #[pymethod(sig = "(alias, args, /)")]
    fn __typing_prepare_subst__(slf: &Obj, alias: &Obj, args: &Obj) -> PyResult<Obj> {
        call_typing("_typevartuple_prepare_subst", &[slf.clone(), alias.clone(), args.clone()])
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        Ok(this(slf)?.name.clone())
    }
    #[pymethod(sig = "(bases, /)", text = "")]
    fn __mro_entries__(slf: &Obj, bases: &Obj) -> PyResult<Obj> {
        let _ = (slf, bases);
        Err(type_error("Cannot subclass an instance of TypeVarTuple"))
    }
}
