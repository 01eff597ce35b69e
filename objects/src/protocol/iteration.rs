//! Iterating.

use taipan_gc::Obj;

use crate::dict::views::{PyDictView, Show};
use crate::error::*;
use crate::iterators::PySequenceIter;
use crate::list::{PyList, exact_list};
use crate::set::PySet;
use crate::tuple::{PyTuple, exact_tuple};
use crate::type_object::class_of;
use crate::types::{Number, types};

/// `iter(obj)`.
pub fn iter(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    match class.slots.iter() {
        Some(iter) => {
            let iterator = iter(obj)?;
            if class_of(&iterator).slots.iternext().is_none() {
                return Err(type_error(format!(
                    "iter() returned non-iterator of type '{}'",
                    class_of(&iterator).name()
                )));
            }
            Ok(iterator)
        }
        None if super::is_sequence(obj) => Ok(crate::iterators::sequence_iter(obj.clone())),
        None => Err(type_error(format!("'{}' object is not iterable", class.name()))),
    }
}

/// The next item; `None` at the end, whatever value a `StopIteration` has.
#[inline]
pub fn next(iterator: &Obj) -> PyResult<Option<Obj>> {
    next_or_stop(iterator).or_else(end_of_iteration)
}

/// [`next`] for iterators that iterate over others, which may be nested to any depth.
#[inline]
pub fn next_within(iterator: &Obj) -> PyResult<Option<Obj>> {
    if let Some(item) = next_at_once(iterator) {
        return Ok(Some(item));
    }
    super::enter_native()?;
    match class_of(iterator).slots.iternext() {
        Some(next) => match next(iterator) {
            Ok(item) => Ok(item.map(IntoStrong::into_strong)),
            Err(raised) => end_of_iteration(raised),
        },
        None => next(iterator),
    }
}

/// The next item of a list's or tuple's iterator, counted, if that is a matter of a few instructions.
#[inline(always)]
fn next_at_once(iterator: &Obj) -> Option<Obj> {
    let header = iterator.header()?;
    let shape = header.shape();
    // SAFETY: the shape tells the layout.
    let items = || unsafe { &*std::ptr::from_ref(header).cast::<PySequenceIter>() };
    if shape == Number::list_iterator.root_shape() {
        items().next_of_list_at_once().map(IntoStrong::into_strong)
    } else if shape == Number::tuple_iterator.root_shape() {
        items().next_of_tuple_at_once().map(IntoStrong::into_strong)
    } else {
        None
    }
}

/// `None` for a `StopIteration` on its way: how the slot of an iterator that ends with a value tells it.
#[cold]
pub fn end_of_iteration<T>(raised: Raised) -> PyResult<Option<T>> {
    let Raised = raised;
    catch(&types().stop_iteration).map(|_| None)
}

/// The next item; at the end `None`, or `StopIteration` if it has a value.
#[inline]
pub fn next_or_stop(iterator: &Obj) -> PyResult<Option<Obj>> {
    match class_of(iterator).slots.iternext() {
        Some(next) => Ok(next(iterator)?.map(IntoStrong::into_strong)),
        None => Err(type_error(format!("'{}' object is not an iterator", class_of(iterator).name()))),
    }
}

/// The items of an iterable one after the other, for loops that no Python code looks into: exact lists, tuples and frozen sets are read
/// without an iterator object, as one would read them.
pub enum Items<'a> {
    List(&'a PyList, usize),
    Tuple(std::slice::Iter<'a, Obj>),
    Frozen(&'a PySet, usize),
    Iterator(Obj),
}

impl<'a> Items<'a> {
    /// Begins to iterate.
    #[inline]
    pub fn of(iterable: &'a Obj) -> PyResult<Items<'a>> {
        if let Some(list) = exact_list(iterable) {
            return Ok(Items::List(list, 0));
        }
        if let Some(tuple) = exact_tuple(iterable) {
            return Ok(Items::Tuple(tuple.as_slice().iter()));
        }
        if class_of(iterable).is(&types().frozenset)
            && let Some(set) = iterable.downcast::<PySet>()
        {
            return Ok(Items::Frozen(set, 0));
        }
        iter(iterable).map(|iterator| Items::Iterator(iterator.into_strong()))
    }
    /// The next item, counted; `None` at the end.
    #[inline]
    pub fn next(&mut self) -> PyResult<Option<Obj>> {
        match self {
            Items::List(list, index) => {
                let item = list.get(*index);
                // At its end the iterator would let the list go.
                *index = if item.is_some() { *index + 1 } else { usize::MAX };
                Ok(item)
            }
            Items::Tuple(items) => Ok(items.next().map(|item| item.clone().into_strong())),
            Items::Frozen(set, place) => Ok(set.frozen_element(place)),
            Items::Iterator(iterator) => Ok(next(iterator)?.map(IntoStrong::into_strong)),
        }
    }
}

/// The items of a set, dict or dict view, which no other thread changes meanwhile; `None` for anything else.
pub(crate) fn at_one_moment(obj: &Obj) -> Option<Vec<Obj>> {
    if let Some(set) = crate::set::exact_set(obj) {
        return Some(set.to_vec());
    }
    if let Some(dict) = crate::dict::exact_dict(obj) {
        return Some(dict.keys());
    }
    let view = obj.downcast::<PyDictView>()?;
    let dict = crate::dict::exact_dict(view.dict.as_obj())?;
    Some(match view.show {
        Show::Keys => dict.keys(),
        Show::Values => dict.values(),
        Show::Items => {
            let pair = |(key, value)| PyTuple::from_array([key, value]).into_obj();
            dict.snapshot().into_iter().map(pair).collect()
        }
    })
}

/// All items of an iterable: of lists, tuples, sets, dicts and their views at one moment.
pub fn collect(obj: &Obj) -> PyResult<Vec<Obj>> {
    if let Some(tuple) = obj.downcast::<PyTuple>()
        && class_of(obj).is(&types().tuple)
    {
        return Ok(tuple.as_slice().to_vec());
    }
    if let Some(list) = obj.downcast::<PyList>()
        && class_of(obj).is(&types().list)
    {
        return Ok(list.to_vec());
    }
    if let Some(items) = at_one_moment(obj) {
        return Ok(items);
    }
    let iterator = iter(obj)?;
    let mut items = Vec::new();
    while let Some(item) = next(&iterator)? {
        items.push(item.into_strong());
    }
    Ok(items)
}

/// Calls `f` with every item.
pub fn for_each(obj: &Obj, mut f: impl FnMut(Obj) -> PyResult<()>) -> PyResult<()> {
    let mut items = Items::of(obj)?;
    while let Some(item) = items.next()? {
        f(item)?;
    }
    Ok(())
}

/// Makes a possibly uncounted reference counted, so that it may outlive a safepoint outside registers.
pub trait IntoStrong {
    fn into_strong(self) -> Self;
}

impl IntoStrong for Obj {
    #[inline]
    fn into_strong(self) -> Obj {
        let value = self.into_counted();
        // SAFETY: the reference that was just given away.
        unsafe { Obj::from_value_unchecked(value) }
    }
}
