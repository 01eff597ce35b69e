//! `TypeAliasType`: what a `type` statement makes.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::{generic_alias, hooks, protocol, union};

use super::param_spec::PyParamSpec;
use super::type_var::PyTypeVar;
use super::type_var_tuple::PyTypeVarTuple;
use super::{Lazy, read_only, unpacked, unpacked_iter};
use crate::native_class::{class_argument, receiver};
use crate::{counted, native_class};

/// A type alias.
#[repr(C)]
pub struct PyTypeAlias {
    header: Header,
    name: Obj,
    /// A tuple.
    type_params: Obj,
    value: Lazy,
    module: Option<Obj>,
}
layout!(PyTypeAlias, "typing.TypeAliasType", [name, type_params, value, module]);

native_class!(
    /// `typing.TypeAliasType`.
    pub fn class() = TypeBuilder::new("typing.TypeAliasType", PyTypeAlias::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            repr: Some(|obj| Ok(this(obj)?.name.clone())),
            iter: Some(unpacked_iter),
            or: Some(union::or),
            getitem: Some(getitem),
            ..TypeSlots::EMPTY
        })
        .methods(PyTypeAlias::methods())
        .getset(GETSET)
        .doc("Type alias, as the type statement makes it.")
        .make()
);

fn this(obj: &Obj) -> PyResult<&PyTypeAlias> {
    receiver::<PyTypeAlias>(obj)
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    new(class, args)
}

#[pyargs(name = "typealias", sig = "(name, value, *, type_params=<unrepresentable>)")]
fn new(class: &Obj, name: &Obj, value: &Obj, type_params: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyTypeAlias>(class)?;
    if !name.is_layout::<PyStr>() {
        return Err(type_error(format!(
            "typealias() argument 'name' must be str, not {}",
            class_of(name).name()
        )));
    }
    let type_params = match type_params {
        Some(params) if !params.is_layout::<PyTuple>() => {
            return Err(type_error("type_params must be a tuple"));
        }
        Some(params) => {
            check_params(&protocol::collect(params)?)?;
            params.clone()
        }
        None => tuple_obj(vec![]),
    };
    let (name, value) = (name.clone(), Lazy::new(Some(value.clone())));
    let module = hooks::current_module_name().map(IntoStrong::into_strong);
    Ok(new_instance(class, |header| PyTypeAlias { header, name, type_params, value, module }).into_obj())
}

fn check_params(params: &[Obj]) -> PyResult<()> {
    let mut default_seen = false;
    for param in params {
        if !param.is_layout::<PyTypeVar>()
            && !param.is_layout::<PyParamSpec>()
            && !param.is_layout::<PyTypeVarTuple>()
        {
            return Err(type_error(format!("Expected a type param, got {}", protocol::repr_string(param)?)));
        }
        if protocol::is_true(&counted::call_method(param, "has_default", &[])?)? {
            default_seen = true;
        } else if default_seen {
            let shown = protocol::repr_string(param)?;
            return Err(type_error(format!(
                "non-default type parameter '{shown}' follows default type parameter"
            )));
        }
    }
    Ok(())
}

/// The type parameters as `__parameters__` shows them.
fn parameters(obj: &Obj) -> PyResult<Obj> {
    let params = &this(obj)?.type_params;
    let list = protocol::collect(params)?;
    if !list.iter().any(|p| p.is_layout::<PyTypeVarTuple>()) {
        return Ok(params.clone());
    }
    let shown = list.into_iter().map(|p| if p.is_layout::<PyTypeVarTuple>() { unpacked(&p) } else { Ok(p) });
    Ok(tuple_obj(shown.collect::<PyResult<Vec<Obj>>>()?))
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    if protocol::len(&this(obj)?.type_params)? == 0 {
        return Err(type_error("Only generic type aliases are subscriptable"));
    }
    Ok(generic_alias::new(obj, key))
}

static GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(this(o)?.name.clone()), set: Some(read_only), doc: "" },
    GetSetDef { name: "__type_params__", get: |o| Ok(this(o)?.type_params.clone()), set: None, doc: "" },
    GetSetDef { name: "__parameters__", get: parameters, set: None, doc: "" },
    GetSetDef {
        name: "__value__",
        get: |o| Ok(this(o)?.value.get()?.unwrap_or_else(none)),
        set: None,
        doc: "",
    },
    GetSetDef { name: "evaluate_value", get: |o| Ok(this(o)?.value.evaluator()), set: None, doc: "" },
    GetSetDef {
        name: "__module__",
        get: |o| Ok(this(o)?.module.clone().unwrap_or_else(none)),
        set: None,
        doc: "",
    },
];

#[pymethods(class = "TypeAliasType")]
impl PyTypeAlias {
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        Ok(this(slf)?.name.clone())
    }
    /// For the interpreter: an alias whose value is computed later.
    #[pystaticmethod(sig = "(name, params, compute, /)", text = "")]
    fn _from_statement(name: &Obj, params: &Obj, compute: &Obj) -> PyResult<Obj> {
        let type_params = if params.is_layout::<PyTuple>() { params.clone() } else { tuple_obj(vec![]) };
        let value = Lazy::new(None);
        value.set_evaluate(Some(compute));
        let name = name.clone();
        let module = hooks::current_module_name().map(IntoStrong::into_strong);
        Ok(new_instance(class(), |header| PyTypeAlias { header, name, type_params, value, module })
            .into_obj())
    }
}
