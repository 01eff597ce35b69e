//! The methods of `set`, `frozenset` and their iterator.

use taipan_gc::{Obj, Py};

use super::{PySet, PySetIter};
use crate::construct::list_obj;
use crate::error::*;
use crate::generic_alias;
use crate::iterators;
use crate::native::*;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::class_of;
use crate::types::types;

/// `first` of the set and the first of the others makes the result, `more` changes it by each of the rest; without others it is a copy.
fn combined(
    set: &PySet,
    others: &[Obj],
    first: fn(&PySet, &Obj) -> PyResult<Py<PySet>>,
    more: fn(&PySet, &Obj) -> PyResult<()>,
) -> PyResult<Py<PySet>> {
    let Some((other, rest)) = others.split_first() else { return Ok(set.copy()) };
    let result = first(set, other)?;
    rest.iter().try_for_each(|other| more(&result, other))?;
    Ok(result)
}

fn difference(set: &PySet, others: &[Obj]) -> PyResult<Py<PySet>> {
    combined(set, others, PySet::difference_with, PySet::difference_update_with)
}

fn union(set: &PySet, others: &[Obj]) -> PyResult<Py<PySet>> {
    combined(set, others, PySet::union_with, PySet::update_with)
}

fn intersection(set: &PySet, others: &[Obj]) -> PyResult<Py<PySet>> {
    let Some((first, rest)) = others.split_first() else { return Ok(set.copy()) };
    let mut result = set.intersection_with(first)?;
    for other in rest {
        result = result.intersection_with(other)?;
    }
    Ok(result)
}

/// `(class, ([elements],), state)`.
fn reduce(obj: &Obj) -> PyResult<Py<PyTuple>> {
    let elements = obj.downcast::<PySet>().map(PySet::to_vec).unwrap_or_default();
    let state = protocol::call_method_str(obj, "__getstate__", &[])?;
    let arguments = PyTuple::from_array([list_obj(elements)]);
    Ok(PyTuple::from_array([class_of(obj).to_obj(), arguments.into_obj(), state]))
}

#[pymethods(class = "set", part = "set")]
impl PySet {
    /// Return a new set with elements in the set that are not in the others.
    #[pymethod(name = "difference", sig = "(*others)")]
    fn set_difference(&self, others: &[Obj]) -> PyResult<Py<PySet>> {
        difference(self, others)
    }
    /// Return a new set with elements common to the set and all others.
    #[pymethod(name = "intersection", sig = "(*others)")]
    fn set_intersection(&self, others: &[Obj]) -> PyResult<Py<PySet>> {
        intersection(self, others)
    }
    /// Return True if two sets have a null intersection.
    #[pymethod(name = "isdisjoint")]
    fn set_isdisjoint(&self, other: &Obj) -> PyResult<bool> {
        self.is_disjoint_from(other)
    }
    /// Report whether another set contains this set.
    #[pymethod(name = "issubset")]
    fn set_issubset(&self, other: &Obj) -> PyResult<bool> {
        self.is_subset_of(other)
    }
    /// Report whether this set contains another set.
    #[pymethod(name = "issuperset")]
    fn set_issuperset(&self, other: &Obj) -> PyResult<bool> {
        self.is_superset_of(other)
    }
    /// x.__contains__(y) <==> y in x.
    #[pymethod(name = "__contains__", sig = "(object, /)")]
    fn set_contains(&self, object: &Obj) -> PyResult<bool> {
        self.contains(object)
    }
    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn set_reduce(slf: &Obj) -> PyResult<Py<PyTuple>> {
        reduce(slf)
    }
    /// S.__sizeof__() -> size of S in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn set_sizeof(&self) -> usize {
        size_of::<PySet>() + self.core.table_bytes()
    }
    /// Return a new set with elements in either the set or other but not both.
    #[pymethod(name = "symmetric_difference")]
    fn set_symmetric_difference(&self, other: &Obj) -> PyResult<Py<PySet>> {
        let result = self.copy();
        result.symmetric_difference_update_with(other)?;
        Ok(result)
    }
    /// Return a new set with elements from the set and all others.
    #[pymethod(name = "union", sig = "(*others)")]
    fn set_union(&self, others: &[Obj]) -> PyResult<Py<PySet>> {
        union(self, others)
    }
    /// Add an element to a set.
    ///
    /// This has no effect if the element is already present.
    #[pymethod(name = "add")]
    fn set_add(&self, object: &Obj) -> PyResult<()> {
        self.add(object.clone()).map(drop)
    }
    /// Remove all elements from this set.
    #[pymethod(name = "clear")]
    fn set_clear(&self) {
        self.clear();
    }
    /// Return a shallow copy of a set.
    #[pymethod(name = "copy")]
    fn set_copy(&self) -> Py<PySet> {
        self.copy()
    }
    /// Remove an element from a set if it is a member.
    ///
    /// Unlike set.remove(), the discard() method does not raise
    /// an exception when an element is missing from the set.
    #[pymethod(name = "discard")]
    fn set_discard(&self, object: &Obj) -> PyResult<()> {
        self.discard(object).map(drop)
    }
    /// Update the set, removing elements found in others.
    #[pymethod(sig = "(*others)")]
    fn difference_update(&self, others: &[Obj]) -> PyResult<()> {
        others.iter().try_for_each(|other| self.difference_update_with(other))
    }
    /// Update the set, keeping only elements found in it and all others.
    #[pymethod(sig = "(*others)")]
    fn intersection_update(&self, others: &[Obj]) -> PyResult<()> {
        let result = intersection(self, others)?;
        self.keep_only(&result)
    }
    /// Remove and return an arbitrary set element.
    ///
    /// Raises KeyError if the set is empty.
    #[pymethod(name = "pop")]
    fn set_pop(&self) -> PyResult<Obj> {
        self.pop().ok_or_else(|| key_error(crate::construct::str_obj("pop from an empty set")))
    }
    /// Remove an element from a set; it must be a member.
    ///
    /// If the element is not a member, raise a KeyError.
    #[pymethod(name = "remove")]
    fn set_remove(&self, object: &Obj) -> PyResult<()> {
        if self.discard(object)? { Ok(()) } else { Err(key_error(object.clone())) }
    }
    /// Update the set, keeping only elements found in either set, but not in both.
    #[pymethod]
    fn symmetric_difference_update(&self, other: &Obj) -> PyResult<()> {
        self.symmetric_difference_update_with(other)
    }
    /// Update the set, adding elements from all others.
    #[pymethod(sig = "(*others)")]
    fn update(&self, others: &[Obj]) -> PyResult<()> {
        others.iter().try_for_each(|other| self.update_with(other))
    }
    /// sets are generic over the type of their elements
    #[pyclassmethod(name = "__class_getitem__")]
    fn set_class_getitem(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
}

#[pymethods(class = "frozenset", part = "frozenset")]
impl PySet {
    /// Return a new set with elements in the set that are not in the others.
    #[pymethod(name = "difference", sig = "(*others)")]
    fn frozenset_difference(&self, others: &[Obj]) -> PyResult<Py<PySet>> {
        difference(self, others)
    }
    /// Return a new set with elements common to the set and all others.
    #[pymethod(name = "intersection", sig = "(*others)")]
    fn frozenset_intersection(&self, others: &[Obj]) -> PyResult<Py<PySet>> {
        intersection(self, others)
    }
    /// Return True if two sets have a null intersection.
    #[pymethod(name = "isdisjoint")]
    fn frozenset_isdisjoint(&self, other: &Obj) -> PyResult<bool> {
        self.is_disjoint_from(other)
    }
    /// Report whether another set contains this set.
    #[pymethod(name = "issubset")]
    fn frozenset_issubset(&self, other: &Obj) -> PyResult<bool> {
        self.is_subset_of(other)
    }
    /// Report whether this set contains another set.
    #[pymethod(name = "issuperset")]
    fn frozenset_issuperset(&self, other: &Obj) -> PyResult<bool> {
        self.is_superset_of(other)
    }
    /// x.__contains__(y) <==> y in x.
    #[pymethod(name = "__contains__", sig = "(object, /)")]
    fn frozenset_contains(&self, object: &Obj) -> PyResult<bool> {
        self.contains(object)
    }
    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn frozenset_reduce(slf: &Obj) -> PyResult<Py<PyTuple>> {
        reduce(slf)
    }
    /// S.__sizeof__() -> size of S in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn frozenset_sizeof(&self) -> usize {
        size_of::<PySet>() + self.core.table_bytes()
    }
    /// Return a new set with elements in either the set or other but not both.
    #[pymethod(name = "symmetric_difference")]
    fn frozenset_symmetric_difference(&self, other: &Obj) -> PyResult<Py<PySet>> {
        let result = self.copy();
        result.symmetric_difference_update_with(other)?;
        Ok(result)
    }
    /// Return a new set with elements from the set and all others.
    #[pymethod(name = "union", sig = "(*others)")]
    fn frozenset_union(&self, others: &[Obj]) -> PyResult<Py<PySet>> {
        union(self, others)
    }
    /// Return a shallow copy of a set.
    #[pymethod(name = "copy")]
    fn frozenset_copy(slf: &Py<PySet>) -> Py<PySet> {
        if class_of(slf.as_obj()).is(&types().frozenset) { slf.clone() } else { slf.copy() }
    }
    /// frozensets are generic over the type of their elements
    #[pyclassmethod(name = "__class_getitem__")]
    fn frozenset_class_getitem(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
}

#[pymethods(class = "set_iterator")]
impl PySetIter {
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> usize {
        self.hint()
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        iterators::reduce_to_list(self.rest())
    }
}
