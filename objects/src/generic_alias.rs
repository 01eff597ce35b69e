//! `types.GenericAlias`: `list[int]` and the like (PEP 585, PEP 646).
//!
//! Everything but the parameters, which are computed when first asked for, is constant. `generic_alias/substitution.rs` holds what
//! unions need, too.

pub mod substitution;

use taipan_gc::{Header, Obj, Py, Slot};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::istr;
use crate::layout;
use crate::native::{GetSetDef, NativeMethods, pymethods};
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{
    CompareOp, PyType, TypeSlots, check_layout, class_of, new_instance, ready, type_flags,
};
use crate::types::{Types, types};

/// `origin[args]`, or `*origin[args]`.
#[repr(C)]
pub struct PyGenericAlias {
    header: Header,
    pub origin: Obj,
    /// A tuple.
    pub args: Obj,
    /// A tuple, once asked for.
    parameters: Slot,
    /// Unpacked: what iterating over the alias gives.
    pub starred: bool,
}
layout!(PyGenericAlias, "GenericAlias", [origin, args, parameters]);

/// What unpacking `*alias` iterates over: the starred alias, once.
#[repr(C)]
pub struct PyGenericAliasIter {
    header: Header,
    /// The alias that is still to come.
    alias: Slot,
}
layout!(PyGenericAliasIter, "generic_alias_iterator", [alias]);

/// `origin[key]` as a generic alias. For `__class_getitem__`.
pub fn new(origin: &Obj, key: &Obj) -> Obj {
    make(&types().generic_alias, origin.clone(), as_tuple(key), false)
}

fn as_tuple(key: &Obj) -> Obj {
    if key.is_layout::<PyTuple>() { key.clone() } else { tuple_obj(vec![key.clone()]) }
}

fn make(class: &PyType, origin: Obj, args: Obj, starred: bool) -> Obj {
    use crate::protocol::IntoStrong;
    let (origin, args) = (origin.into_strong(), args.into_strong());
    new_instance(class, |header| PyGenericAlias { header, origin, args, parameters: Slot::empty(), starred })
        .into_obj()
}

fn this(obj: &Obj) -> PyResult<&PyGenericAlias> {
    obj.downcast::<PyGenericAlias>().ok_or_else(|| system_error("not a generic alias"))
}

/// The type variables of `slot`'s owner, computed from `args` when first asked for.
pub(crate) fn lazy_parameters(slot: &Slot, args: &Obj) -> PyResult<Obj> {
    if let Some(parameters) = slot.load() {
        return Ok(parameters);
    }
    let parameters = tuple_obj(substitution::parameters(&substitution::items(args))?);
    slot.store(parameters.clone());
    Ok(parameters)
}

fn parameters(obj: &Obj) -> PyResult<Obj> {
    let alias = this(obj)?;
    lazy_parameters(&alias.parameters, &alias.args)
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("GenericAlias() takes no keyword arguments"));
    }
    let [origin, arguments] = args.positional else {
        return Err(type_error(format!("GenericAlias expected 2 arguments, got {}", args.positional.len())));
    };
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    check_layout::<PyGenericAlias>(class)?;
    Ok(make(class, origin.clone(), as_tuple(arguments), false))
}

/// How a type is shown inside of `list[...]` or `... | ...`.
pub fn type_repr(item: &Obj) -> PyResult<String> {
    if item.is(&ellipsis()) {
        return Ok("...".to_owned());
    }
    if item.is(types().none_type.as_obj()) {
        return Ok("None".to_owned());
    }
    let is_alias =
        protocol::hasattr(item, &istr!("__origin__"))? && protocol::hasattr(item, &istr!("__args__"))?;
    if !is_alias
        && let Some(qualname) = protocol::getattr_opt(item, &istr!("__qualname__"))?
        && let Some(module) = protocol::getattr_opt(item, &istr!("__module__"))?
        && !crate::singletons::is_none(&module)
    {
        let qualname = protocol::str_string(&qualname)?;
        if module.downcast::<PyStr>().is_some_and(|m| m.eq_str("builtins")) {
            return Ok(qualname);
        }
        return Ok(format!("{}.{qualname}", protocol::str_string(&module)?));
    }
    protocol::repr_string(item)
}

fn argument_repr(item: &Obj) -> PyResult<String> {
    // Argument lists of callables are shown with their types, not their reprs.
    if let Some(list) = item.downcast::<crate::list::PyList>() {
        let mut parts = Vec::with_capacity(list.len());
        for at in 0..list.len() {
            // Showing an item may shorten the list.
            let item = list.get(at).ok_or_else(|| index_error("list index out of range"))?;
            parts.push(type_repr(&protocol::IntoStrong::into_strong(item))?);
        }
        return Ok(format!("[{}]", parts.join(", ")));
    }
    type_repr(item)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let alias = this(obj)?;
    let args = substitution::items(&alias.args);
    let parts: Vec<String> = args.iter().map(argument_repr).collect::<PyResult<_>>()?;
    let inner = if parts.is_empty() { "()".to_owned() } else { parts.join(", ") };
    Ok(str_obj(&format!("{}{}[{inner}]", if alias.starred { "*" } else { "" }, type_repr(&alias.origin)?)))
}

/// Attributes of the alias itself; all others are its origin's.
const OWN: &[&str] = &[
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
];
/// Attributes that neither has.
const BLOCKED: &[&str] = &["__bases__", "__copy__", "__deepcopy__"];

fn getattro(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    let own = match name.downcast::<PyStr>() {
        Some(text) => OWN.iter().chain(BLOCKED).any(|n| text.eq_str(n)),
        None => true,
    };
    if own {
        crate::attribute::generic_getattr(obj, name)
    } else {
        protocol::getattr_obj(&this(obj)?.origin, name)
    }
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let instance = protocol::call_args(&this(obj)?.origin, args)?;
    if let Err(Raised) = protocol::setattr(&instance, &istr!("__orig_class__"), obj) {
        // Many instances take no attributes.
        if !raised_is(&types().attribute_error) && !raised_is(&types().type_error) {
            return Err(Raised);
        }
        drop(take_raised());
    }
    Ok(instance)
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let alias = this(obj)?;
    Ok(protocol::hash(&alias.origin)? ^ protocol::hash(&alias.args)?)
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyGenericAlias>(), b.downcast::<PyGenericAlias>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let equal =
        x.starred == y.starred && protocol::eq(&x.origin, &y.origin)? && protocol::eq(&x.args, &y.args)?;
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let alias = this(obj)?;
    let args = substitution::substitute(
        obj,
        &substitution::items(&alias.args),
        &substitution::items(&parameters(obj)?),
        key,
    )?;
    Ok(make(class_of_result(), alias.origin.clone(), tuple_obj(args), alias.starred))
}

fn class_of_result() -> &'static PyType {
    &types().generic_alias
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    let header = Header::new(types().generic_alias_iterator.root_shape());
    let alias = Slot::new(protocol::IntoStrong::into_strong(obj.clone()));
    Ok(Py::new(PyGenericAliasIter { header, alias }).into_obj())
}

fn next_starred(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(alias) = obj.downcast::<PyGenericAliasIter>().and_then(|iterator| iterator.alias.take()) else {
        return Ok(None);
    };
    let alias = this(&alias)?;
    Ok(Some(make(class_of_result(), alias.origin.clone(), alias.args.clone(), true)))
}

#[pymethods(class = "generic_alias_iterator")]
impl PyGenericAliasIter {
    #[pymethod(text = "")]
    fn __reduce__(&self) -> PyResult<Obj> {
        // First of all: looking it up may run code that exhausts the iterator.
        let maker = crate::hooks::builtin("iter")?;
        let left = self.alias.load().unwrap_or_else(|| tuple_obj(vec![]));
        Ok(tuple_obj(vec![maker, tuple_obj(vec![left])]))
    }
}

/// Whether this is `*tuple[...]`.
pub(crate) fn is_unpacked_tuple(alias: &PyGenericAlias) -> bool {
    alias.starred && alias.origin.is(types().tuple.as_obj())
}

#[pymethods(class = "types.GenericAlias")]
impl PyGenericAlias {
    #[pymethod(text = "", sig = "(bases, /)")]
    fn __mro_entries__(&self, _bases: &Obj) -> Obj {
        tuple_obj(vec![self.origin.clone()])
    }
    #[pymethod(text = "", sig = "(instance, /)")]
    fn __instancecheck__(&self, _instance: &Obj) -> PyResult<Obj> {
        Err(type_error("isinstance() argument 2 cannot be a parameterized generic"))
    }
    #[pymethod(text = "", sig = "(cls, /)")]
    fn __subclasscheck__(&self, _cls: &Obj) -> PyResult<Obj> {
        Err(type_error("issubclass() argument 2 cannot be a parameterized generic"))
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let alias = this(slf)?;
        let arguments = vec![alias.origin.clone(), alias.args.clone()];
        if alias.starred {
            let plain = make(class_of_result(), alias.origin.clone(), alias.args.clone(), false);
            return Ok(tuple_obj(vec![crate::hooks::builtin("next")?, tuple_obj(vec![iter(&plain)?])]));
        }
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(arguments)]))
    }
    #[pymethod(text = "")]
    fn __dir__(&self) -> PyResult<Obj> {
        let mut names = protocol::collect(&protocol::call1(&crate::hooks::builtin("dir")?, &self.origin)?)?;
        for own in OWN {
            if !names.iter().any(|n| n.downcast::<PyStr>().is_some_and(|n| n.eq_str(own))) {
                names.push(str_obj(own));
            }
        }
        Ok(list_obj(names))
    }
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__origin__",
        get: |o| Ok(this(o)?.origin.clone()),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
    GetSetDef {
        name: "__args__",
        get: |o| Ok(this(o)?.args.clone()),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
    GetSetDef {
        name: "__unpacked__",
        get: |o| Ok(bool_obj(this(o)?.starred)),
        set: Some(|_, _| Err(attribute_error("readonly attribute"))),
        doc: "",
    },
    GetSetDef {
        name: "__parameters__",
        get: parameters,
        set: None,
        doc: "The type variables among the arguments.",
    },
    GetSetDef {
        name: "__typing_unpacked_tuple_args__",
        get: |o| {
            let alias = this(o)?;
            Ok(if is_unpacked_tuple(alias) { alias.args.clone() } else { none() })
        },
        set: None,
        doc: "",
    },
];

static SLOTS: TypeSlots = TypeSlots {
    new: Some(construct),
    repr: Some(repr),
    getattro: Some(getattro),
    call: Some(call),
    hash: Some(hash),
    richcompare: Some(richcompare),
    getitem: Some(getitem),
    iter: Some(iter),
    or: Some(crate::union::or),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    let class: &Py<PyType> = &types.generic_alias;
    class.slots.set_all(&SLOTS);
    ready::add_methods(class, <PyGenericAlias as NativeMethods>::methods());
    ready::add_getset(class, GETSET);
    class.set_flag(type_flags::HAS_WEAKREF, true);
    let iterator = &types.generic_alias_iterator;
    iterator.slots.set_all(&TypeSlots {
        iter: Some(|o| Ok(o.clone())),
        iternext: Some(next_starred),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(iterator, <PyGenericAliasIter as NativeMethods>::methods());
    iterator.set_flag(type_flags::NO_INSTANTIATION, true);
    ready::set_doc(class, "A class with type arguments, such as list[int] (PEP 585).");
}
