//! `list`'s slots.

use taipan_gc::{Obj, Py};
use taipan_text::TextBuf;

use super::storage::MAX_ITEMS;
use super::{PyList, exact_list};
use crate::argument::Args;
use crate::construct::{bool_obj, not_implemented, str_obj};
use crate::error::*;
use crate::iterators;
use crate::native::NativeMethods;
use crate::protocol::{self, IntoStrong, ReprGuard};
use crate::slice::{self, PySlice};
use crate::str::PyStr;
use crate::tuple::exact_tuple;
use crate::type_object::slots::CallFn;
use crate::type_object::{CompareOp, PyType, TypeSlots, check_layout, class_of, ready, type_flags};
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
    concat: Some(concat),
    repeat: Some(repeat),
    inplace_concat: Some(inplace_concat),
    inplace_repeat: Some(inplace_repeat),
    ..TypeSlots::EMPTY
};

pub(super) fn fill(types: &Types) {
    types.list.slots.set_all(&SLOTS);
    types.list.set_flag(type_flags::SEQUENCE | type_flags::MATCH_SELF, true);
    ready::add_methods(&types.list, PyList::methods());
    ready::add_getset(&types.list, PyList::getset());
    ready::set_doc(
        &types.list,
        "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\nThe argument must be an iterable if specified.",
    );
}

/// The receiver. Slots are only called with instances of their class; another value is a bug of a native caller.
fn this(obj: &Obj) -> PyResult<&PyList> {
    obj.downcast::<PyList>().ok_or_else(|| type_error("a list is required"))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("list.__new__(X): X is not a type object"));
    };
    check_layout::<PyList>(class)?;
    Ok(PyList::with_class(class).into_obj())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let list = this(obj)?;
    let own: CallFn = new;
    if args.has_keywords() && class_of(obj).slots.new().is_some_and(|f| std::ptr::fn_addr_eq(f, own)) {
        return Err(type_error("list() takes no keyword arguments"));
    }
    if args.positional.len() > 1 {
        return Err(type_error(format!("list expected at most 1 argument, got {}", args.positional.len())));
    }
    if !list.is_empty() {
        list.clear();
    }
    match args.positional {
        [iterable] => list.extend_from(iterable),
        _ => Ok(()),
    }
}

impl PyList {
    /// `list.extend(iterable)`.
    pub fn extend_from(&self, iterable: &Obj) -> PyResult<()> {
        if let Some(list) = exact_list(iterable) {
            if taipan_threading::multi_threaded() || std::ptr::eq(self, list) {
                // One lock at a time.
                self.extend(list.to_vec());
            } else {
                list.with_items(|items| self.extend_exact(items.iter().cloned()));
            }
            return Ok(());
        }
        if let Some(tuple) = exact_tuple(iterable) {
            self.extend_exact(tuple.as_slice().iter().cloned());
            return Ok(());
        }
        if let Some(items) = protocol::at_one_moment(iterable) {
            self.extend(items);
            return Ok(());
        }
        let iterator = protocol::iter(iterable)?;
        let hint = protocol::length_hint(iterable, 0)?;
        // A sum that is too large is a hint that is wrong.
        if self.len().checked_add(hint).is_some_and(|sum| sum <= isize::MAX as usize) {
            if hint > MAX_ITEMS {
                return Err(memory_error());
            }
            self.reserve(hint);
        }
        let Some(next) = class_of(&iterator).slots.iternext() else { return Ok(()) };
        while let Some(item) = next(&iterator).or_else(protocol::end_of_iteration)? {
            self.push(item);
        }
        Ok(())
    }
    /// The first index in `start..stop` of an item equal to `value`.
    pub(super) fn find(&self, value: &Obj, start: usize, stop: usize) -> PyResult<Option<usize>> {
        let mut index = start;
        loop {
            let alone = !taipan_threading::multi_threaded();
            if alone {
                // What can be told without Python code is told of all in one go.
                let mut told = None;
                let maybe = |item: &Obj| {
                    told = protocol::equal_quickly(item, value);
                    told != Some(false)
                };
                let found = self.with_items(|items| {
                    items.get(index..stop.min(items.len())).and_then(|items| items.iter().position(maybe))
                });
                let Some(found) = found else { return Ok(None) };
                index += found;
                if told.is_some() {
                    return Ok(Some(index));
                }
            } else if index >= stop {
                return Ok(None);
            }
            let Some(item) = self.get_lent(index) else { return Ok(None) };
            let found =
                if alone { protocol::eq_by_slots(&item.into_strong(), value)? } else { equal(item, value)? };
            if found {
                return Ok(Some(index));
            }
            index += 1;
        }
    }
}

/// Whether an item, just read and perhaps uncounted, equals `value`.
#[inline]
pub(super) fn equal(item: Obj, value: &Obj) -> PyResult<bool> {
    if item.value().both_int(value.value()) {
        return Ok(item.is(value));
    }
    if let Some(equal) = protocol::equal_quickly(&item, value) {
        return Ok(equal);
    }
    protocol::eq_by_slots(&item.into_strong(), value)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let list = this(obj)?;
    if list.is_empty() {
        return Ok(str_obj("[]"));
    }
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("[...]")) };
    let mut text = TextBuf::new();
    text.push_str("[");
    let mut index = 0;
    while let Some(item) = list.get(index) {
        if index > 0 {
            text.push_str(", ");
        }
        protocol::push_repr(&mut text, &item)?;
        index += 1;
    }
    text.push_str("]");
    Ok(PyStr::from_units(text).into_obj())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyList>(), b.downcast::<PyList>()) else {
        return Ok(not_implemented());
    };
    if matches!(op, CompareOp::Eq | CompareOp::Ne) && x.len() != y.len() {
        return Ok(bool_obj(op == CompareOp::Ne));
    }
    let mut index = 0;
    if !taipan_threading::multi_threaded() {
        // What can be told to be equal without Python code is passed in one go.
        index = x.with_items(|x| {
            let same = |(a, b): (&Obj, &Obj)| protocol::equal_quickly(a, b) == Some(true);
            y.with_items(|y| x.iter().zip(y).position(|pair| !same(pair)).unwrap_or(x.len().min(y.len())))
        });
    }
    while let (Some(left), Some(right)) = (x.get_lent(index), y.get_lent(index)) {
        let quickly = protocol::equal_quickly(&left, &right);
        if quickly == Some(true) {
            index += 1;
            continue;
        }
        let (left, right) = (left.into_strong(), right.into_strong());
        if quickly.is_some() || !protocol::eq(&left, &right)? {
            // Comparing may have shortened the lists: then only their lengths are left to compare.
            if index >= x.len() || index >= y.len() {
                break;
            }
            return match op {
                CompareOp::Eq => Ok(bool_obj(false)),
                CompareOp::Ne => Ok(bool_obj(true)),
                _ => protocol::rich_compare(&left, &right, op),
            };
        }
        index += 1;
    }
    Ok(bool_obj(op.holds(x.len().cmp(&y.len()))))
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(iterators::list_iter(obj.clone()))
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(this(obj)?.len())
}

/// The item number that `index` means in a sequence of `len` items, if there is such an item.
#[inline]
pub(crate) fn position(index: isize, len: usize) -> Option<usize> {
    let position = if index < 0 { index.wrapping_add_unsigned(len) } else { index };
    if position >= 0 && (position as usize) < len { Some(position as usize) } else { None }
}

#[cold]
fn bad_index(key: &Obj) -> Raised {
    type_error(format!("list indices must be integers or slices, not {}", class_of(key).name()))
}

/// The numbers of a slice, for the length after `__index__` of the slice's parts ran, which may change the list.
fn indices(list: &PyList, slice: &PySlice) -> PyResult<(isize, isize, isize, usize)> {
    let (start, stop, step) = slice.unpack()?;
    Ok(slice::adjust(start, stop, step, list.len()))
}

/// `obj[key]`. May be uncounted.
pub(super) fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let list = this(obj)?;
    let index = if key.value().is_int() {
        key.value().as_int() as isize
    } else if let Some(slice) = key.downcast::<PySlice>() {
        let (start, _, step, count) = indices(list, slice)?;
        if step == 1 {
            return Ok(list.copy_range(start as usize, count).into_obj());
        }
        return Ok(list.copy_strided(start as usize, step, count).into_obj());
    } else if protocol::has_index(key) {
        protocol::index_word(key)?
    } else {
        return Err(bad_index(key));
    };
    position(index, list.len())
        .and_then(|index| list.get_lent(index))
        .ok_or_else(|| index_error("list index out of range"))
}

fn setitem(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let list = this(obj)?;
    let index = if key.value().is_int() {
        key.value().as_int() as isize
    } else if let Some(slice) = key.downcast::<PySlice>() {
        return match value {
            Some(value) => assign_slice(list, slice, value),
            None => delete_slice(list, slice),
        };
    } else if protocol::has_index(key) {
        protocol::index_word(key)?
    } else {
        return Err(bad_index(key));
    };
    let done = match (position(index, list.len()), value) {
        (Some(index), Some(value)) => list.set(index, value.clone()),
        (Some(index), None) => list.remove(index).is_some(),
        (None, _) => false,
    };
    if done { Ok(()) } else { Err(index_error("list assignment index out of range")) }
}

fn assign_slice(list: &PyList, slice: &PySlice, value: &Obj) -> PyResult<()> {
    let items = match protocol::collect(value) {
        Ok(items) => items,
        Err(raised) => {
            if class_of(value).slots.iter().is_none() && class_of(value).slots.getitem().is_none() {
                drop(try_take_raised());
                return Err(type_error("must assign iterable to extended slice"));
            }
            return Err(raised);
        }
    };
    // After the items were collected, which may have changed the list.
    let (start, stop, step, count) = indices(list, slice)?;
    if step == 1 {
        let start = start as usize;
        list.splice(start, start.max(stop.max(0) as usize), items);
        return Ok(());
    }
    if items.len() != count {
        return Err(value_error(format!(
            "attempt to assign sequence of size {} to extended slice of size {count}",
            items.len()
        )));
    }
    list.assign_strided(start as usize, step, items);
    Ok(())
}

fn delete_slice(list: &PyList, slice: &PySlice) -> PyResult<()> {
    let (start, stop, step, count) = indices(list, slice)?;
    if count == 0 {
        return Ok(());
    }
    if step == 1 {
        list.splice(start as usize, stop as usize, Vec::new());
    } else {
        list.delete_strided(start as usize, step, count);
    }
    Ok(())
}

fn contains(obj: &Obj, value: &Obj) -> PyResult<bool> {
    Ok(this(obj)?.find(value, 0, usize::MAX)?.is_some())
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(other) = b.downcast::<PyList>() else {
        return Err(type_error(format!(
            "can only concatenate list (not \"{}\") to list",
            class_of(b).name()
        )));
    };
    let result = PyList::new(Vec::new());
    let list = this(a)?;
    result.reserve(list.len() + other.len());
    for part in [list, other] {
        part.with_items(|items| result.extend_exact(items.iter().cloned()));
    }
    Ok(result.into_obj())
}

/// Items for which there is memory.
pub(super) const SURELY_THERE: usize = 1 << 16;

/// `items` repeated `count` times; `MemoryError` if that is too much.
pub(crate) fn repeated(items: &[Obj], count: isize) -> PyResult<Vec<Obj>> {
    let count = count.max(0) as usize;
    let total =
        items.len().checked_mul(count).filter(|total| *total <= MAX_ITEMS).ok_or_else(memory_error)?;
    let mut all = Vec::new();
    all.try_reserve_exact(total).map_err(|_| memory_error())?;
    for _ in 0..count {
        if items.is_empty() {
            break;
        }
        all.extend_from_slice(items);
    }
    Ok(all)
}

fn repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let count = protocol::index_word_or(count, &crate::types::types().overflow_error)?;
    let list = this(obj)?;
    if list.len() == 1
        && let Ok(count) = usize::try_from(count)
        && count < SURELY_THERE
        && let Some(item) = list.get(0)
    {
        return Ok(PyList::from_exact(std::iter::repeat_n(item, count)).into_obj());
    }
    let result = PyList::new(Vec::new());
    // Asked of the items in the section: the list may grow before.
    let done = list.with_items(|items| {
        let Ok(count) = usize::try_from(count) else { return true };
        match count.checked_mul(items.len()) {
            Some(0) => true,
            Some(total) if total < SURELY_THERE => {
                result.reserve(total);
                for _ in 0..count {
                    result.extend_exact(items.iter().cloned());
                }
                true
            }
            _ => false,
        }
    });
    if done {
        return Ok(result.into_obj());
    }
    Ok(PyList::new(repeated(&list.to_vec(), count)?).into_obj())
}

fn inplace_concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    this(a)?.extend_from(b)?;
    Ok(a.clone())
}

fn inplace_repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let list = this(obj)?;
    let count = protocol::index_word_or(count, &crate::types::types().overflow_error)?;
    if count <= 0 {
        list.clear();
    } else if count > 1 {
        list.extend(repeated(&list.to_vec(), count - 1)?);
    }
    Ok(Py::from_ref(list).into_obj())
}
