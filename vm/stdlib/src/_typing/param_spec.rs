//! `ParamSpec`, `ParamSpecArgs` and `ParamSpecKwargs`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};
use taipan_objects::{protocol, union};

use super::type_var::Variance;
use super::{Lazy, call_typing, given_default, no_default, read_only, set_module};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A parameter specification variable.
#[repr(C)]
pub struct PyParamSpec {
    header: Header,
    name: Obj,
    bound: Option<Obj>,
    default: Lazy,
    variance: Variance,
}
layout!(PyParamSpec, "typing.ParamSpec", [name, bound, default]);

/// `P.args` or `P.kwargs`.
#[repr(C)]
pub struct PyParamSpecPart {
    header: Header,
    origin: Obj,
}
layout!(PyParamSpecPart, "typing.ParamSpecArgs", [origin]);

native_class!(
    /// `typing.ParamSpec`.
    pub fn class() = TypeBuilder::new("typing.ParamSpec", PyParamSpec::ops())
        .final_()
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            repr: Some(repr),
            or: Some(|a, b| union::from_args(&[a.clone(), b.clone()])),
            ..TypeSlots::EMPTY
        })
        .methods(PyParamSpec::methods())
        .getset(GETSET)
        .doc("Parameter specification variable: stands for the parameters of a callable.\n\n    >>> P = ParamSpec('P')\n    >>> P.__name__\n    'P'\n")
        .make()
);

static PART_SLOTS: TypeSlots = TypeSlots {
    new: Some(construct_part),
    repr: Some(repr_part),
    richcompare: Some(compare_parts),
    ..TypeSlots::EMPTY
};
static PART_GETSET: &[GetSetDef] = &[GetSetDef {
    name: "__origin__",
    get: |o| Ok(receiver::<PyParamSpecPart>(o)?.origin.clone()),
    set: Some(read_only),
    doc: "",
}];

native_class!(
    /// `typing.ParamSpecArgs`.
    pub fn args_class() = TypeBuilder::new("typing.ParamSpecArgs", PyParamSpecPart::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(PART_SLOTS)
        .methods(PyParamSpecPart::methods())
        .getset(PART_GETSET)
        .doc("The positional arguments of a ParamSpec.\n\n    >>> P = ParamSpec('P')\n    >>> P.args.__origin__ is P\n    True\n")
        .make()
);
native_class!(
    /// `typing.ParamSpecKwargs`.
    pub fn kwargs_class() = TypeBuilder::new("typing.ParamSpecKwargs", PyParamSpecPart::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(PART_SLOTS)
        .methods(PyParamSpecPart::methods())
        .getset(PART_GETSET)
        .doc("The named arguments of a ParamSpec.\n\n    >>> P = ParamSpec('P')\n    >>> P.kwargs.__origin__ is P\n    True\n")
        .make()
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new(class, args)
}

#[pyargs(
    name = "paramspec",
    sig = "(name, *, bound=None, default=<unrepresentable>, covariant=False, contravariant=False, infer_variance=False)"
)]
fn new(
    class: &Obj,
    name: &Obj,
    bound: Option<&Obj>,
    default: Option<&Obj>,
    covariant: bool,
    contravariant: bool,
    infer_variance: bool,
) -> PyResult<Obj> {
    let class = class_argument::<PyParamSpec>(class)?;
    if !name.is_layout::<PyStr>() {
        return Err(type_error(format!(
            "paramspec() argument 'name' must be str, not {}",
            class_of(name).name()
        )));
    }
    let variance = Variance::new(covariant, contravariant, infer_variance)?;
    let bound = match bound.filter(|b| !is_none(b)) {
        // Anything: no checker agrees on what it means.
        Some(bound) => Some(bound.clone()),
        None => None,
    };
    let name = name.clone();
    let variable = new_instance(class, |header| PyParamSpec {
        header,
        name,
        bound,
        default: given_default(default),
        variance,
    });
    set_module(variable.as_obj())?;
    Ok(variable.into_obj())
}

fn this(obj: &Obj) -> PyResult<&PyParamSpec> {
    receiver::<PyParamSpec>(obj)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    Ok(str_obj(&format!("{}{}", this.variance.prefix(), protocol::str_string(&this.name)?)))
}

fn flag(obj: &Obj, variance: Variance) -> PyResult<Obj> {
    Ok(bool_obj(this(obj)?.variance == variance))
}

fn part(class: &PyType, origin: &Obj) -> Obj {
    let origin = origin.clone();
    new_instance(class, |header| PyParamSpecPart { header, origin }).into_obj()
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(this(o)?.name.clone()), set: Some(read_only), doc: "" },
    GetSetDef {
        name: "__bound__",
        get: |o| Ok(this(o)?.bound.clone().unwrap_or_else(none)),
        set: Some(read_only),
        doc: "",
    },
    GetSetDef { name: "__covariant__", get: |o| flag(o, Variance::Covariant), set: Some(read_only), doc: "" },
    GetSetDef {
        name: "__contravariant__",
        get: |o| flag(o, Variance::Contravariant),
        set: Some(read_only),
        doc: "",
    },
    GetSetDef {
        name: "__infer_variance__",
        get: |o| flag(o, Variance::Inferred),
        set: Some(read_only),
        doc: "",
    },
    GetSetDef {
        name: "args",
        get: |o| Ok(part(args_class(), o)),
        set: None,
        doc: "Represents positional arguments.",
    },
    GetSetDef {
        name: "kwargs",
        get: |o| Ok(part(kwargs_class(), o)),
        set: None,
        doc: "Represents keyword arguments.",
    },
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

#[pymethods(class = "ParamSpec")]
impl PyParamSpec {
    /// Whether there is a default.
    #[pymethod]
    fn has_default(&self) -> bool {
        self.default.is_given()
    }
    #[pymethod(sig = "(arg, /)")]
    fn __typing_subst__(slf: &Obj, arg: &Obj) -> PyResult<Obj> {
        call_typing("_paramspec_subst", &[slf.clone(), arg.clone()])
    }
    #[pymethod(sig = "(alias, args, /)")]
    fn __typing_prepare_subst__(slf: &Obj, alias: &Obj, args: &Obj) -> PyResult<Obj> {
        call_typing("_paramspec_prepare_subst", &[slf.clone(), alias.clone(), args.clone()])
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        Ok(this(slf)?.name.clone())
    }
    #[pymethod(sig = "(bases, /)", text = "")]
    fn __mro_entries__(slf: &Obj, bases: &Obj) -> PyResult<Obj> {
        let _ = (slf, bases);
        Err(type_error("Cannot subclass an instance of ParamSpec"))
    }
}

fn construct_part(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new_part(class, args)
}

#[pyargs(name = "paramspecargs", sig = "(origin)")]
fn new_part(class: &Obj, origin: &Obj) -> PyResult<Obj> {
    Ok(part(class_argument::<PyParamSpecPart>(class)?, origin))
}

fn repr_part(obj: &Obj) -> PyResult<Obj> {
    let origin = &receiver::<PyParamSpecPart>(obj)?.origin;
    let suffix = if class_of(obj).is(args_class()) { "args" } else { "kwargs" };
    let shown = match origin.downcast::<PyParamSpec>() {
        Some(origin) => protocol::str_string(&origin.name)?,
        None => protocol::repr_string(origin)?,
    };
    Ok(str_obj(&format!("{shown}.{suffix}")))
}

fn compare_parts(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyParamSpecPart>(), b.downcast::<PyParamSpecPart>()) else {
        return Ok(not_implemented());
    };
    if !class_of(a).is(class_of(b)) || !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    protocol::rich_compare(&x.origin, &y.origin, op)
}

#[pymethods(class = "ParamSpecArgs")]
impl PyParamSpecPart {
    #[pymethod(sig = "(bases, /)", text = "")]
    fn __mro_entries__(slf: &Obj, bases: &Obj) -> PyResult<Obj> {
        let _ = bases;
        Err(type_error(format!("Cannot subclass an instance of {}", class_of(slf).short_name())))
    }
}
