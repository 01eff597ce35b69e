//! `dict`'s slots.

use taipan_gc::Obj;
use taipan_text::TextBuf;

use super::{PyDict, update, views};
use crate::argument::Args;
use crate::construct::{bool_obj, not_implemented, str_obj};
use crate::error::*;
use crate::istr;
use crate::native::NativeMethods;
use crate::protocol::{self, ReprGuard};
use crate::str::PyStr;
use crate::type_object::slots::UnaryFn;
use crate::type_object::trampolines::call_special;
use crate::type_object::{CompareOp, PyType, TypeSlots, check_layout, ready, type_flags};
use crate::types::Types;

const SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    richcompare: Some(compare),
    iter: Some(iter),
    init: Some(init),
    new: Some(new),
    len: Some(len),
    getitem: Some(getitem),
    setitem: Some(setitem),
    contains: Some(contains),
    or: Some(or),
    ior: Some(ior),
    ..TypeSlots::EMPTY
};

pub(super) fn fill(types: &Types) {
    types.dict.slots.set_all(&SLOTS);
    types.dict.set_flag(type_flags::MAPPING | type_flags::MATCH_SELF, true);
    ready::add_methods(&types.dict, PyDict::methods());
    ready::add_getset(&types.dict, PyDict::getset());
    ready::set_doc(
        &types.dict,
        "dict() -> new empty dictionary\ndict(mapping) -> new dictionary initialized from a mapping object's\n    (key, value) pairs\ndict(iterable) -> new dictionary initialized as if via:\n    d = {}\n    for k, v in iterable:\n        d[k] = v\ndict(**kwargs) -> new dictionary initialized with the name=value pairs\n    in the keyword argument list.  For example:  dict(one=1, two=2)",
    );
}

/// The receiver. Slots are only called with instances of their class; another value is a bug of a native caller.
fn this(obj: &Obj) -> PyResult<&PyDict> {
    obj.downcast::<PyDict>().ok_or_else(|| type_error("a dict is required"))
}

/// Whether iterating over instances is iterating over the dict's own keys.
pub(super) fn has_own_iter(class: &PyType) -> bool {
    let own: UnaryFn = iter;
    class.slots.iter().is_some_and(|f| std::ptr::fn_addr_eq(f, own))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("dict.__new__(X): X is not a type object"));
    };
    check_layout::<PyDict>(class)?;
    Ok(PyDict::with_class(class).into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    fill_from(this(obj)?, args, "dict")
}

/// The arguments of `dict(...)` and `dict.update(...)`.
pub(super) fn fill_from(dict: &PyDict, args: &Args<'_>, name: &str) -> PyResult<()> {
    match args.positional {
        [] => {}
        [other] => dict.update_from(other)?,
        more => return Err(type_error(format!("{name} expected at most 1 argument, got {}", more.len()))),
    }
    for (key, value) in args.keywords() {
        dict.set(key.clone(), value.clone())?;
    }
    Ok(())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let dict = this(obj)?;
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("{...}")) };
    let mut text = TextBuf::new();
    text.push_str("{");
    let mut position = 0;
    let mut first = true;
    while let Some((key, value)) = dict.next_entry(&mut position) {
        if !std::mem::take(&mut first) {
            text.push_str(", ");
        }
        protocol::push_repr(&mut text, &key)?;
        text.push_str(": ");
        protocol::push_repr(&mut text, &value)?;
    }
    text.push_str("}");
    Ok(PyStr::from_units(text).into_obj())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyDict>(), b.downcast::<PyDict>()) else {
        return Ok(not_implemented());
    };
    match op {
        CompareOp::Eq => Ok(bool_obj(x.equals(y)?)),
        CompareOp::Ne => Ok(bool_obj(!x.equals(y)?)),
        _ => Ok(not_implemented()),
    }
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(views::key_iter(this(obj)?))
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(this(obj)?.len())
}

/// `obj[key]`. May be uncounted.
pub(super) fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    this(obj)?.subscript_lent(key)
}

/// What `dict[key]` is if `key` is not there.
#[cold]
pub(super) fn missing(dict: &PyDict, key: &Obj) -> PyResult<Obj> {
    if !dict.is_exact()
        && let Some(value) = call_special(&dict.to_obj(), istr!("__missing__").as_obj(), &[key])?
    {
        return Ok(value);
    }
    Err(key_error(key.clone()))
}

fn setitem(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let dict = this(obj)?;
    match value {
        Some(value) => dict.set(key.clone(), value.clone()),
        None if dict.delete(key)? => Ok(()),
        None => Err(key_error(key.clone())),
    }
}

fn contains(obj: &Obj, key: &Obj) -> PyResult<bool> {
    this(obj)?.contains(key)
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match (a.downcast::<PyDict>(), b.downcast::<PyDict>()) {
        (Some(x), Some(_)) => Ok(update::union(x, b)?.into_obj()),
        _ => Ok(not_implemented()),
    }
}

fn ior(a: &Obj, b: &Obj) -> PyResult<Obj> {
    this(a)?.update_from(b)?;
    Ok(a.clone())
}
