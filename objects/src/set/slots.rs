//! The slots of `set`, `frozenset` and their iterator.

use taipan_gc::{Obj, Py};
use taipan_text::TextBuf;

use super::{PySet, PySetIter};
use crate::argument::Args;
use crate::construct::{bool_obj, not_implemented};
use crate::conversion;
use crate::error::*;
use crate::iterators;
use crate::native::NativeMethods;
use crate::protocol::{self, ReprGuard};
use crate::str::PyStr;
use crate::type_object::{CompareOp, PyType, TypeSlots, check_layout, class_of, ready, type_flags};
use crate::types::{Types, types};

const COMMON: TypeSlots = TypeSlots {
    repr: Some(repr),
    richcompare: Some(compare),
    iter: Some(iter),
    len: Some(len),
    contains: Some(contains),
    sub: Some(sub),
    and: Some(and),
    xor: Some(xor),
    or: Some(or),
    ..TypeSlots::EMPTY
};

const SET_SLOTS: TypeSlots = TypeSlots {
    new: Some(set_new),
    init: Some(set_init),
    isub: Some(isub),
    iand: Some(iand),
    ixor: Some(ixor),
    ior: Some(ior),
    ..COMMON
};

const FROZENSET_SLOTS: TypeSlots =
    TypeSlots { new: Some(frozenset_new), hash: Some(frozenset_hash), ..COMMON };

const ITER_SLOTS: TypeSlots =
    TypeSlots { iter: Some(iterators::itself), iternext: Some(iter_next), ..TypeSlots::EMPTY };

pub(super) fn fill(types: &Types) {
    types.set.slots.set_all(&SET_SLOTS);
    types.frozenset.slots.set_all(&FROZENSET_SLOTS);
    types.set_iterator.slots.set_all(&ITER_SLOTS);
    for class in [&types.set, &types.frozenset] {
        class.set_flag(type_flags::MATCH_SELF, true);
    }
    types.set_iterator.set_flag(type_flags::NO_INSTANTIATION, true);
    ready::add_methods(&types.set, PySet::set_methods());
    ready::add_methods(&types.frozenset, PySet::frozenset_methods());
    ready::add_methods(&types.set_iterator, PySetIter::methods());
    ready::set_doc(&types.set, "Build an unordered collection of unique elements.");
    ready::set_doc(&types.frozenset, "Build an immutable unordered collection of unique elements.");
}

/// The receiver. Slots are only called with instances of their class; another value is a bug of a native caller.
fn this(obj: &Obj) -> PyResult<&PySet> {
    obj.downcast::<PySet>().ok_or_else(|| type_error("a set is required"))
}

fn class_argument(class: &Obj) -> PyResult<&PyType> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("set.__new__(X): X is not a type object"));
    };
    check_layout::<PySet>(class)?;
    Ok(class)
}

fn set_new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    Ok(PySet::empty(class_argument(class)?).into_obj())
}

fn set_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let set = this(obj)?;
    if args.has_keywords() && class_of(obj).shares_init(&types().set) {
        return Err(type_error("set() takes no keyword arguments"));
    }
    if args.positional.len() > 1 {
        return Err(type_error(format!("set expected at most 1 argument, got {}", args.positional.len())));
    }
    if !set.is_empty() {
        set.clear();
    }
    match args.positional {
        [iterable] => set.update_with(iterable),
        _ => Ok(()),
    }
}

fn frozenset_new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument(class)?;
    let exact = class.is(&types().frozenset);
    if args.has_keywords() && class.shares_init(&types().frozenset) {
        return Err(type_error("frozenset() takes no keyword arguments"));
    }
    match args.positional {
        [] => Ok(PySet::empty(class).into_obj()),
        [iterable] if exact => conversion::frozenset(iterable),
        [iterable] => Ok(PySet::from_iterable(class, iterable)?.into_obj()),
        more => Err(type_error(format!("frozenset expected at most 1 argument, got {}", more.len()))),
    }
}

fn frozenset_hash(obj: &Obj) -> PyResult<i64> {
    Ok(this(obj)?.frozen_hash())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let set = this(obj)?;
    let name = class_of(obj).name();
    let Some(_guard) = ReprGuard::enter(obj) else {
        return Ok(crate::construct::str_obj(&format!("{name}(...)")));
    };
    let elements = set.to_vec();
    if elements.is_empty() {
        return Ok(crate::construct::str_obj(&format!("{name}()")));
    }
    let plain = class_of(obj).is(&types().set);
    let mut text = TextBuf::new();
    if !plain {
        text.push_str(&name);
        text.push_str("(");
    }
    text.push_str("{");
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_units(protocol::repr(element)?.units());
    }
    text.push_str(if plain { "}" } else { "})" });
    Ok(PyStr::from_units(text).into_obj())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PySet>(), b.downcast::<PySet>()) else {
        return Ok(not_implemented());
    };
    Ok(bool_obj(match op {
        CompareOp::Eq => x.equals(y)?,
        CompareOp::Ne => !x.equals(y)?,
        CompareOp::Le => x.is_subset(y)?,
        CompareOp::Ge => y.is_subset(x)?,
        CompareOp::Lt => x.len() < y.len() && x.is_subset(y)?,
        CompareOp::Gt => y.len() < x.len() && y.is_subset(x)?,
    }))
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(PySetIter::over(this(obj)?))
}

fn iter_next(obj: &Obj) -> PyResult<Option<Obj>> {
    match obj.downcast::<PySetIter>() {
        Some(iterator) => iterator.step(),
        None => Err(type_error("a set iterator is required")),
    }
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(this(obj)?.len())
}

fn contains(obj: &Obj, element: &Obj) -> PyResult<bool> {
    this(obj)?.contains(element)
}

/// Both operands as sets, or nothing: the operators, unlike the methods, take sets only.
fn operands<'a>(a: &'a Obj, b: &'a Obj) -> Option<&'a PySet> {
    b.downcast::<PySet>()?;
    a.downcast::<PySet>()
}

fn sub(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match operands(a, b) {
        Some(set) => Ok(set.difference_with(b)?.into_obj()),
        None => Ok(not_implemented()),
    }
}

fn and(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match operands(a, b) {
        Some(set) => Ok(set.intersection_with(b)?.into_obj()),
        None => Ok(not_implemented()),
    }
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match operands(a, b) {
        Some(set) => Ok(set.union_with(b)?.into_obj()),
        None => Ok(not_implemented()),
    }
}

fn xor(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(set) = operands(a, b) else { return Ok(not_implemented()) };
    let result = set.copy();
    result.symmetric_difference_update_with(b)?;
    Ok(result.into_obj())
}

/// `a <op>= b` in place.
fn inplace(a: &Obj, b: &Obj, change: fn(&PySet, &Obj) -> PyResult<()>) -> PyResult<Obj> {
    let Some(set) = operands(a, b) else { return Ok(not_implemented()) };
    change(set, b)?;
    Ok(Py::from_ref(set).into_obj())
}

fn isub(a: &Obj, b: &Obj) -> PyResult<Obj> {
    inplace(a, b, PySet::difference_update_with)
}
fn iand(a: &Obj, b: &Obj) -> PyResult<Obj> {
    inplace(a, b, PySet::intersection_update_with)
}
fn ixor(a: &Obj, b: &Obj) -> PyResult<Obj> {
    inplace(a, b, PySet::symmetric_difference_update_with)
}
fn ior(a: &Obj, b: &Obj) -> PyResult<Obj> {
    inplace(a, b, PySet::update_with)
}
