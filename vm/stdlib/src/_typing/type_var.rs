//! `TypeVar`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::{protocol, union};

use super::{Lazy, call_typing, given_default, no_default, read_only, set_module, type_check};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A type variable.
#[repr(C)]
pub struct PyTypeVar {
    header: Header,
    name: Obj,
    bound: Lazy,
    constraints: Lazy,
    default: Lazy,
    variance: Variance,
}
layout!(PyTypeVar, "typing.TypeVar", [name, bound, constraints, default]);

/// What is declared about the variance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variance {
    Invariant,
    Covariant,
    Contravariant,
    Inferred,
}

impl Variance {
    pub(super) fn new(covariant: bool, contravariant: bool, infer: bool) -> PyResult<Variance> {
        match (covariant, contravariant, infer) {
            (true, true, _) => Err(value_error("Bivariant types are not supported.")),
            (true, _, true) | (_, true, true) => {
                Err(value_error("Variance cannot be specified with infer_variance."))
            }
            (true, ..) => Ok(Variance::Covariant),
            (_, true, _) => Ok(Variance::Contravariant),
            (.., true) => Ok(Variance::Inferred),
            _ => Ok(Variance::Invariant),
        }
    }
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Variance::Invariant => "~",
            Variance::Covariant => "+",
            Variance::Contravariant => "-",
            Variance::Inferred => "",
        }
    }
}

native_class!(
    /// `typing.TypeVar`.
    pub fn class() = TypeBuilder::new("typing.TypeVar", PyTypeVar::ops())
        .final_()
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            repr: Some(repr),
            or: Some(|a, b| union::from_args(&[a.clone(), b.clone()])),
            ..TypeSlots::EMPTY
        })
        .methods(PyTypeVar::methods())
        .getset(GETSET)
        .doc("Type variable: a parameter of generic functions, classes and aliases.")
        .make()
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new(class, args)
}

#[pyargs(
    name = "typevar",
    sig = "(name, *constraints, bound=None, default=<unrepresentable>, covariant=False, contravariant=False, infer_variance=False)"
)]
#[allow(clippy::too_many_arguments)]
fn new(
    class: &Obj,
    name: &Obj,
    constraints: &[Obj],
    bound: Option<&Obj>,
    default: Option<&Obj>,
    covariant: bool,
    contravariant: bool,
    infer_variance: bool,
) -> PyResult<Obj> {
    let class = class_argument::<PyTypeVar>(class)?;
    if !name.is_layout::<PyStr>() {
        return Err(type_error(format!(
            "typevar() argument 'name' must be str, not {}",
            class_of(name).name()
        )));
    }
    let variance = Variance::new(covariant, contravariant, infer_variance)?;
    let bound = match bound.filter(|b| !is_none(b)) {
        Some(bound) => Some(type_check(bound, "Bound must be a type.")?),
        None => None,
    };
    let constraints = match constraints {
        [] => None,
        [_] => return Err(type_error("A single constraint is not allowed")),
        _ if bound.is_some() => return Err(type_error("Constraints cannot be combined with bound=...")),
        all => {
            let checked = all
                .iter()
                .map(|c| type_check(c, "TypeVar(name, constraint, ...): constraints must be types."));
            Some(tuple_obj(checked.collect::<PyResult<Vec<Obj>>>()?))
        }
    };
    let name = name.clone();
    let variable = new_instance(class, |header| PyTypeVar {
        header,
        name,
        bound: Lazy::new(bound),
        constraints: Lazy::new(constraints),
        default: given_default(default),
        variance,
    })
    .into_obj();
    set_module(&variable)?;
    Ok(variable)
}

fn this(obj: &Obj) -> PyResult<&PyTypeVar> {
    receiver::<PyTypeVar>(obj)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = this(obj)?;
    Ok(str_obj(&format!("{}{}", this.variance.prefix(), protocol::str_string(&this.name)?)))
}

fn flag(obj: &Obj, variance: Variance) -> PyResult<Obj> {
    Ok(bool_obj(this(obj)?.variance == variance))
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(this(o)?.name.clone()), set: Some(read_only), doc: "" },
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
        name: "__bound__",
        get: |o| Ok(this(o)?.bound.get()?.unwrap_or_else(none)),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__constraints__",
        get: |o| Ok(this(o)?.constraints.get()?.unwrap_or_else(|| tuple_obj(vec![]))),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__default__",
        get: |o| Ok(this(o)?.default.get()?.unwrap_or_else(|| no_default().clone())),
        set: None,
        doc: "",
    },
    GetSetDef { name: "evaluate_bound", get: |o| Ok(this(o)?.bound.evaluator()), set: None, doc: "" },
    GetSetDef {
        name: "evaluate_constraints",
        get: |o| Ok(this(o)?.constraints.evaluator()),
        set: None,
        doc: "",
    },
    GetSetDef { name: "evaluate_default", get: |o| Ok(this(o)?.default.evaluator()), set: None, doc: "" },
    // For the interpreter.
    GetSetDef {
        name: "_evaluate_bound",
        get: |o| Ok(this(o)?.bound.evaluator()),
        set: Some(|o, value| {
            this(o)?.bound.set_evaluate(value);
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "_evaluate_constraints",
        get: |o| Ok(this(o)?.constraints.evaluator()),
        set: Some(|o, value| {
            this(o)?.constraints.set_evaluate(value);
            Ok(())
        }),
        doc: "",
    },
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

/// The arguments of an alias, with the default of a variable that they leave out.
fn prepare_arguments(variable: &Obj, default: &Lazy, alias: &Obj, args: &Obj) -> PyResult<Obj> {
    let parameters = protocol::collect(&crate::counted::getattr(alias, "__parameters__")?)?;
    let mut given = protocol::collect(args)?;
    let index = parameters.iter().position(|p| p.is(variable)).unwrap_or(parameters.len());
    if index < given.len() {
        return Ok(args.clone());
    }
    if index == given.len()
        && let Some(default) = default.get()?
    {
        given.push(default);
        return Ok(tuple_obj(given));
    }
    let mut expected = 0;
    for parameter in &parameters {
        let has_default = match crate::counted::getattr_opt(parameter, &intern("has_default"))? {
            Some(has_default) => protocol::is_true(&crate::counted::call(&has_default, &[])?)?,
            None => false,
        };
        expected += usize::from(!has_default);
    }
    let bound = if expected < parameters.len() { "at least " } else { "" };
    Err(type_error(format!(
        "Too few arguments for {}; actual {}, expected {bound}{expected}",
        protocol::str_string(alias)?,
        given.len()
    )))
}

#[pymethods(class = "TypeVar")]
impl PyTypeVar {
    /// Whether there is a default.
    #[pymethod]
    fn has_default(&self) -> bool {
        self.default.is_given()
    }
    #[pymethod(sig = "(arg, /)")]
    fn __typing_subst__(slf: &Obj, arg: &Obj) -> PyResult<Obj> {
        call_typing("_typevar_subst", &[slf.clone(), arg.clone()])
    }
    #[pymethod(sig = "(alias, args, /)")]
    fn __typing_prepare_subst__(slf: &Obj, alias: &Obj, args: &Obj) -> PyResult<Obj> {
        prepare_arguments(slf, &this(slf)?.default, alias, args)
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        Ok(this(slf)?.name.clone())
    }
    #[pymethod(sig = "(bases, /)", text = "")]
    fn __mro_entries__(slf: &Obj, bases: &Obj) -> PyResult<Obj> {
        let _ = (slf, bases);
        Err(type_error("Cannot subclass an instance of TypeVar"))
    }
}
