//! `tuple`'s slots.

use taipan_gc::Obj;
use taipan_text::TextBuf;
use taipan_threading::sync::atomic::Ordering;

use super::{PyTuple, exact_tuple};
use crate::argument::Args;
use crate::construct::{bool_obj, not_implemented, str_obj};
use crate::conversion;
use crate::error::*;
use crate::iterators;
use crate::list::{position, repeated};
use crate::native::NativeMethods;
use crate::protocol::{self, ReprGuard};
use crate::slice::PySlice;
use crate::str::PyStr;
use crate::type_object::{CompareOp, PyType, TypeSlots, check_layout, class_of, ready, type_flags};
use crate::types::{Types, types};

const SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    iter: Some(iter),
    new: Some(new),
    len: Some(len),
    getitem: Some(getitem),
    contains: Some(contains),
    concat: Some(concat),
    repeat: Some(repeat),
    ..TypeSlots::EMPTY
};

pub(super) fn fill(types: &Types) {
    types.tuple.slots.set_all(&SLOTS);
    types.tuple.set_flag(type_flags::SEQUENCE | type_flags::MATCH_SELF, true);
    ready::add_methods(&types.tuple, PyTuple::methods());
    ready::add_getset(&types.tuple, PyTuple::getset());
    ready::set_doc(
        &types.tuple,
        "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\nIf iterable is specified the tuple is initialized from iterable's items.\n\nIf the argument is a tuple, the return value is the same object.",
    );
}

/// The receiver. Slots are only called with instances of their class; another value is a bug of a native caller.
fn this(obj: &Obj) -> PyResult<&PyTuple> {
    obj.downcast::<PyTuple>().ok_or_else(|| type_error("a tuple is required"))
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("tuple.__new__(X): X is not a type object"));
    };
    check_layout::<PyTuple>(class)?;
    let exact = class.is(&types().tuple);
    if args.has_keywords() && class.shares_init(&types().tuple) {
        return Err(type_error("tuple() takes no keyword arguments"));
    }
    match args.positional {
        [] => Ok(PyTuple::with_class(class, Vec::new()).into_obj()),
        [iterable] => {
            if exact {
                return conversion::tuple(iterable);
            }
            Ok(PyTuple::with_class(class, protocol::collect(iterable)?).into_obj())
        }
        more => Err(type_error(format!("tuple expected at most 1 argument, got {}", more.len()))),
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let items = this(obj)?.as_slice();
    if items.is_empty() {
        return Ok(str_obj("()"));
    }
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("(...)")) };
    let mut text = TextBuf::new();
    text.push_str("(");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        protocol::push_repr(&mut text, item)?;
    }
    text.push_str(if items.len() == 1 { ",)" } else { ")" });
    Ok(PyStr::from_units(text).into_obj())
}

const PRIME_1: u64 = 11400714785074694791;
const PRIME_2: u64 = 14029467366897019727;
const PRIME_5: u64 = 2870177450012600261;

/// The hash of a sequence of hashes: xxHash, as CPython uses it for tuples. Slices leave out the length.
pub(crate) fn combine_hashes(
    hashes: impl IntoIterator<Item = PyResult<i64>>,
    length: Option<usize>,
) -> PyResult<i64> {
    let mut sum = PRIME_5;
    for hash in hashes {
        sum = sum.wrapping_add((hash? as u64).wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1);
    }
    if let Some(length) = length {
        sum = sum.wrapping_add(length as u64 ^ (PRIME_5 ^ 3527539));
    }
    Ok(if sum == u64::MAX { 1546275796 } else { sum as i64 })
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let tuple = this(obj)?;
    let cached = tuple.hash.load(Ordering::Relaxed);
    if cached != -1 {
        return Ok(cached);
    }
    let hash = hash_items(tuple.as_slice())?;
    tuple.hash.store(hash, Ordering::Relaxed);
    Ok(hash)
}

/// The hash of a tuple of these items.
pub fn hash_items(items: &[Obj]) -> PyResult<i64> {
    protocol::enter_native_while(" while hashing a tuple")?;
    combine_hashes(items.iter().map(protocol::hash), Some(items.len()))
}

pub(crate) fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyTuple>(), b.downcast::<PyTuple>()) else {
        return Ok(not_implemented());
    };
    for (left, right) in x.as_slice().iter().zip(y.as_slice()) {
        if !protocol::eq(left, right)? {
            return match op {
                CompareOp::Eq => Ok(bool_obj(false)),
                CompareOp::Ne => Ok(bool_obj(true)),
                _ => protocol::rich_compare(left, right, op),
            };
        }
    }
    Ok(bool_obj(op.holds(x.len().cmp(&y.len()))))
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(iterators::tuple_iter(obj.clone()))
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(this(obj)?.len())
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let tuple = this(obj)?;
    let items = tuple.as_slice();
    let index = if key.value().is_int() {
        key.value().as_int() as isize
    } else if let Some(slice) = key.downcast::<PySlice>() {
        let (start, _, step, count) = slice.indices(items.len())?;
        if count == items.len() && step == 1 && exact_tuple(obj).is_some() {
            return Ok(obj.clone());
        }
        let pick = |at: usize| items[start.wrapping_add(step.wrapping_mul(at as isize)) as usize].clone();
        return Ok(PyTuple::from_iter((0..count).map(pick)).into_obj());
    } else if protocol::has_index(key) {
        protocol::index_word(key)?
    } else {
        return Err(type_error(format!(
            "tuple indices must be integers or slices, not {}",
            class_of(key).name()
        )));
    };
    match position(index, items.len()) {
        Some(index) => Ok(items[index].clone()),
        None => Err(index_error("tuple index out of range")),
    }
}

fn contains(obj: &Obj, value: &Obj) -> PyResult<bool> {
    for item in this(obj)?.as_slice() {
        if protocol::eq(item, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(other) = b.downcast::<PyTuple>() else {
        return Err(type_error(format!(
            "can only concatenate tuple (not \"{}\") to tuple",
            class_of(b).name()
        )));
    };
    let own = this(a)?;
    if other.is_empty() && exact_tuple(a).is_some() {
        return Ok(a.clone());
    }
    if own.is_empty() && exact_tuple(b).is_some() {
        return Ok(b.clone());
    }
    let items = || own.as_slice().iter().chain(other.as_slice());
    let acyclic = items().all(Obj::is_acyclic);
    Ok(PyTuple::of_items(own.len() + other.len(), acyclic, items().cloned()).into_obj())
}

fn repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let tuple = this(obj)?;
    let count = protocol::index_word_or(count, &types().overflow_error)?;
    if (count == 1 || tuple.is_empty()) && exact_tuple(obj).is_some() {
        return Ok(obj.clone());
    }
    Ok(PyTuple::new(repeated(tuple.as_slice(), count)?).into_obj())
}
