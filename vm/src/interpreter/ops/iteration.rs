//! Iteration, unpacking and subscripts.

use smallvec::SmallVec;
use taipan_bytecode::{Instr, Op};
use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::dict::views::PyDictIter;
use taipan_objects::error::*;
use taipan_objects::iterators::{PyEnumerate, PyZip, plain_iter};
use taipan_objects::list::{PyList, exact_list};
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::range::PyRange;
use taipan_objects::singletons::is_none;
use taipan_objects::slice::PySlice;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::class_of;
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value, istr};

use crate::interpreter::call;
use crate::interpreter::quick::known::{self, Known};
use crate::registers::Regs;

/// The next item of an iterator; `StopIteration` is swallowed.
#[inline(always)]
pub fn next(iterator: &Obj) -> PyResult<Option<Obj>> {
    match class_of(iterator).slots.iternext() {
        Some(next) => next(iterator).or_else(protocol::end_of_iteration),
        None => Err(type_error(format!("'{}' object is not an iterator", class_of(iterator).name()))),
    }
}

/// `iter(obj)`.
#[inline(always)]
pub fn iter(obj: &Obj) -> PyResult<Obj> {
    let value = obj.value();
    if known::is(value, Known::List) {
        return Ok(plain_iter(&types().list_iterator, obj.clone().into_strong()));
    }
    if known::is(value, Known::Tuple) {
        return Ok(plain_iter(&types().tuple_iterator, obj.clone().into_strong()));
    }
    if known::is(value, Known::RangeIterator) || known::is(value, Known::Generator) {
        return Ok(obj.clone());
    }
    call::iterating_generator(obj).unwrap_or_else(|| protocol::iter(obj))
}

/// `range(*arguments)` of words for register `to`, or its iterator at once if the next instruction is to replace it by that.
pub fn range(arguments: &[Obj], to: u16, next: Instr) -> Option<Obj> {
    if next.op() == Some(Op::GetIter) && next.a() == to && next.b() == to {
        return PyRange::iterator_of_words(arguments);
    }
    PyRange::of_words(arguments).map(Py::into_obj)
}

/// The two items of the tuple that the iterator would make, for those of which it is known how they make it.
#[inline]
pub fn next_pair(iterator: &Obj) -> Option<PyResult<Option<(Obj, Obj)>>> {
    let value = iterator.value();
    // SAFETY: the layouts are checked.
    unsafe {
        if known::is(value, Known::DictItemIterator) {
            return (*value.ptr().cast::<PyDictIter>()).next_pair();
        }
        if known::is(value, Known::Enumerate) {
            return (*value.ptr().cast::<PyEnumerate>()).next_pair();
        }
        if known::is(value, Known::Zip) {
            return (*value.ptr().cast::<PyZip>()).next_pair();
        }
    }
    None
}

/// `container[key]` for exact list, tuple and dict when no error and no Python code is involved.
#[inline(always)]
pub fn quick_subscript(container: &Obj, key: &Obj) -> Option<Obj> {
    let (c, k) = (container.value(), key.value());
    if k.is_int() {
        if let Some(found) = quick_subscript_at(container, k.as_int()) {
            return Some(found);
        }
    } else if known::is(k, Known::Slice) {
        // SAFETY: the layout was checked.
        let slice = unsafe { &*k.ptr().cast::<PySlice>() };
        return if is_none(&slice.step) { quick_slice(container, &slice.start, &slice.stop) } else { None };
    } else if !known::is(k, Known::Str) {
        return None;
    }
    if !known::is(c, Known::Dict) {
        return None;
    }
    // SAFETY: the layout was checked.
    let dict = unsafe { &*c.ptr().cast::<PyDict>() };
    if !k.is_int() {
        // SAFETY: as above.
        return dict.get_str_lent(unsafe { &*k.ptr().cast::<PyStr>() });
    }
    match dict.get_lent(key) {
        Ok(found) => found,
        Err(Raised) => {
            // Comparing with a foreign key raised: let the general path raise it again.
            drop(try_take_raised());
            None
        }
    }
}

/// `container[index]` for exact list and tuple if there is such an item.
#[inline(always)]
pub fn quick_subscript_at(container: &Obj, index: i64) -> Option<Obj> {
    let c = container.value();
    if known::is(c, Known::List) {
        // SAFETY: the layout was checked.
        let list: &PyList = unsafe { &*c.ptr().cast() };
        let index = if index < 0 { index + list.len() as i64 } else { index };
        return if index < 0 { None } else { list.get_lent(index as usize) };
    }
    if known::is(c, Known::Tuple) {
        // SAFETY: the layout was checked.
        let items = unsafe { &*c.ptr().cast::<PyTuple>() }.as_slice();
        let index = if index < 0 { index + items.len() as i64 } else { index };
        return if index < 0 { None } else { items.get(index as usize).map(Obj::lent) };
    }
    None
}

/// The place that an index, perhaps one from the end, means; one that is not there if it is out of bounds.
#[inline(always)]
fn from_start(index: i64, len: usize) -> usize {
    // A sum that is negative becomes a number that no length reaches.
    (if index < 0 { index + len as i64 } else { index }) as usize
}

/// The character at the index of an exact string, or the byte of an exact `bytes`, as [`item_of_tuple_at_once`].
#[inline(always)]
pub fn character_at_once(container: Value, index: i64) -> Option<Value> {
    if container.is_empty() {
        return None;
    }
    if known::is(container, Known::Bytes) {
        // SAFETY: the layout was checked.
        let bytes = unsafe { &*container.ptr().cast::<PyBytes>() };
        let byte = bytes.as_slice().get(from_start(index, bytes.len()))?;
        return Value::from_int((*byte).into());
    }
    if !known::is(container, Known::Str) {
        return None;
    }
    // SAFETY: the layout was checked.
    let text = unsafe { &*container.ptr().cast::<PyStr>() };
    taipan_objects::str::latin1_char_at_once(text, from_start(index, text.len()))
}

/// `container[index] = value` for an exact list that no other thread can see, if there is such an item and all is a matter of a few instructions: the word that was
/// there, which is the caller's. `value`, a word that owns its reference, is made only then.
#[inline(always)]
pub fn replace_at_once(container: Value, index: i64, value: impl FnOnce() -> Option<Value>) -> Option<Value> {
    if !known::is(container, Known::List) {
        return None;
    }
    // SAFETY: the layout was checked.
    let list = unsafe { &*container.ptr().cast::<PyList>() };
    list.replace_at_once(from_start(index, list.len()), value)
}

/// [`quick_subscript_at`] of a tuple, if that is a matter of a few instructions: for code that must not call.
#[inline(always)]
pub fn item_of_tuple_at_once(container: Value, index: i64) -> Option<Obj> {
    if container.is_empty() || !known::is(container, Known::Tuple) {
        return None;
    }
    // SAFETY: the layout was checked.
    let tuple = unsafe { &*container.ptr().cast::<PyTuple>() };
    tuple.get(from_start(index, tuple.len()))?.lent_at_once()
}

/// `container[start:stop]` of an exact list, tuple, `str` or `bytes` with small integers or `None` as bounds: no slice is made for it.
pub fn quick_slice(container: &Obj, start: &Obj, stop: &Obj) -> Option<Obj> {
    let value = container.value();
    // SAFETY: the layouts are checked.
    unsafe {
        if known::is(value, Known::List) {
            let list: &PyList = &*value.ptr().cast();
            let bounds = bounds(start, stop, list.len())?;
            return Some(list.copy_range(bounds.start, bounds.len()).into_obj());
        }
        if known::is(value, Known::Tuple) {
            let tuple: &PyTuple = &*value.ptr().cast();
            let bounds = bounds(start, stop, tuple.len())?;
            if bounds.len() == tuple.len() {
                return Some(container.clone());
            }
            return Some(PyTuple::from_slice(&tuple.as_slice()[bounds]).into_obj());
        }
        if known::is(value, Known::Str) {
            let text: &PyStr = &*value.ptr().cast();
            let bounds = bounds(start, stop, text.len())?;
            if bounds.len() == text.len() {
                return Some(container.clone());
            }
            return Some(PyStr::from_slice(text.units().slice(bounds)).into_obj());
        }
        if known::is(value, Known::Bytes) {
            let bytes: &PyBytes = &*value.ptr().cast();
            let bounds = bounds(start, stop, bytes.len())?;
            if bounds.len() == bytes.len() {
                return Some(container.clone());
            }
            return Some(PyBytes::new(&bytes.as_slice()[bounds]).into_obj());
        }
    }
    None
}

/// `container[start:stop] = value` for a list whose bounds are numbers or `None` and a value that is a list or a tuple. False, with nothing done, for others.
pub fn quick_store_slice(container: &Obj, start: &Obj, stop: &Obj, value: &Obj) -> bool {
    let (Some(list), true) = (exact_list(container), is_list_or_tuple(value)) else { return false };
    let Some(bounds) = bounds(start, stop, list.len()) else { return false };
    let Ok(mut items) = protocol::collect(value) else { return false };
    list.splice_from(bounds.start, bounds.end, &mut items);
    true
}

/// Whether it is exactly a list or a tuple: no code runs to get its items.
fn is_list_or_tuple(value: &Obj) -> bool {
    let word = value.value();
    known::is(word, Known::List) || known::is(word, Known::Tuple)
}

/// The items of a sequence of `len` ones that a slice with these bounds has.
fn bounds(start: &Obj, stop: &Obj, len: usize) -> Option<std::ops::Range<usize>> {
    let bound = |bound: &Obj, otherwise: usize| {
        if is_none(bound) {
            return Some(otherwise);
        }
        let value = bound.value();
        let index = value.is_int().then(|| value.as_int())?;
        Some(if index < 0 { (index + len as i64).max(0) as usize } else { (index as usize).min(len) })
    };
    let (start, stop) = (bound(start, 0)?, bound(stop, len)?);
    Some(start..stop.max(start))
}

/// The function that is the `__getitem__` of the container's class.
pub fn python_getitem(container: &Obj) -> Option<Obj> {
    let class = class_of(container);
    if !class.slots.getitem_is_trampoline() {
        return None;
    }
    class.lookup_lent(&istr!("__getitem__"))
}

/// `container[key] = value`.
#[inline(never)]
pub fn store_subscript(container: &Obj, key: &Obj, value: &Obj) -> PyResult<()> {
    if let Some(dict) = PyDict::stored_plainly(container) {
        return dict.set(key.clone(), value.clone());
    }
    let k = key.value();
    if k.is_int()
        && class_of(container).is(&types().list)
        && let Some(list) = container.downcast::<PyList>()
    {
        let i = k.as_int();
        let index = if i < 0 { i + list.len() as i64 } else { i };
        if index >= 0 && list.set(index as usize, value.clone()) {
            return Ok(());
        }
    }
    protocol::setitem(container, key, value)
}

fn write_all(regs: Regs, first: usize, items: impl IntoIterator<Item = Obj>, source: Option<usize>) {
    if let Some(source) = source {
        regs.clear(source);
    }
    for (offset, item) in items.into_iter().enumerate() {
        regs.write(first + offset, item.into_strong());
    }
}

fn not_iterable(source: &Obj) -> Raised {
    type_error(format!("cannot unpack non-iterable {} object", class_of(source).name()))
}

fn is_iterable(source: &Obj) -> bool {
    let slots = &class_of(source).slots;
    slots.iter().is_some() || slots.getitem().is_some()
}

/// `UNPACK_SEQUENCE`.
pub fn unpack_sequence(
    regs: Regs,
    first: usize,
    source: &Obj,
    count: usize,
    consume: Option<usize>,
) -> PyResult<()> {
    let class = class_of(source);
    let items: SmallVec<[Obj; 8]> = if class.is(&types().tuple)
        && let Some(tuple) = source.downcast::<PyTuple>()
    {
        let items = tuple.as_slice();
        if items.len() == count && consume.is_none_or(|c| c < first || c >= first + count) {
            for (offset, item) in items.iter().enumerate() {
                regs.write(first + offset, item.lent());
            }
            if let Some(source) = consume {
                regs.clear(source);
            }
            return Ok(());
        }
        items.iter().cloned().collect()
    } else if class.is(&types().list)
        && let Some(list) = source.downcast::<PyList>()
    {
        list.snapshot()
    } else {
        if !is_iterable(source) {
            return Err(not_iterable(source));
        }
        let iterator = protocol::iter(source)?;
        let mut items = SmallVec::new();
        while let Some(item) = protocol::next(&iterator)? {
            if items.len() == count {
                let known = if class.is(&types().dict) { protocol::len(source).ok() } else { None };
                return Err(value_error(match known {
                    Some(n) => format!("too many values to unpack (expected {count}, got {n})"),
                    None => format!("too many values to unpack (expected {count})"),
                }));
            }
            items.push(item.into_strong());
        }
        if items.len() < count {
            return Err(value_error(format!(
                "not enough values to unpack (expected {count}, got {})",
                items.len()
            )));
        }
        items
    };
    if items.len() < count {
        return Err(value_error(format!(
            "not enough values to unpack (expected {count}, got {})",
            items.len()
        )));
    }
    if items.len() > count {
        return Err(value_error(format!(
            "too many values to unpack (expected {count}, got {})",
            items.len()
        )));
    }
    write_all(regs, first, items, consume);
    Ok(())
}

/// `UNPACK_EX`.
pub fn unpack_ex(
    regs: Regs,
    first: usize,
    source: &Obj,
    counts: u16,
    consume: Option<usize>,
) -> PyResult<()> {
    let (before, after) = (counts as usize & 0xff, counts as usize >> 8);
    if !is_iterable(source) {
        return Err(not_iterable(source));
    }
    let mut items = protocol::collect(source)?;
    if items.len() < before + after {
        return Err(value_error(format!(
            "not enough values to unpack (expected at least {}, got {})",
            before + after,
            items.len()
        )));
    }
    let tail = items.split_off(items.len() - after);
    let middle = items.split_off(before);
    items.push(taipan_objects::construct::list_obj(middle));
    items.extend(tail);
    write_all(regs, first, items, consume);
    Ok(())
}
