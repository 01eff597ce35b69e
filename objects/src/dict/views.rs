//! Keys, values and items views, and the iterators over dicts.
//!
//! An iterator remembers how many keys there were: a different number later is reported as `RuntimeError`, as CPython does; any other
//! change is tolerated. Its fields are plain atomics: threads that share one may get an entry twice or miss one, nothing worse.

use taipan_gc::{Header, Obj, Py, Value};
use taipan_text::TextBuf;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::PyDict;
use crate::construct::{bool_obj, list_obj, not_implemented, str_obj};
use crate::error::*;
use crate::iterators;
use crate::layout;
use crate::mappingproxy::PyMappingProxy;
use crate::native::*;
use crate::protocol::{self, IntoStrong, ReprGuard};
use crate::set::PySet;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// What a view or iterator shows of each entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    Keys,
    Values,
    Items,
}

/// `dict.keys()`, `dict.values()`, `dict.items()`.
#[repr(C)]
pub struct PyDictView {
    header: Header,
    pub dict: Py<PyDict>,
    pub show: Show,
}
layout!(PyDictView, "dict_view", [dict]);

/// An iterator over a dict or a view.
#[repr(C)]
pub struct PyDictIter {
    header: Header,
    dict: Py<PyDict>,
    show: Show,
    reversed: bool,
    /// Number of the next entry; backwards, one past it.
    position: AtomicUsize,
    /// Number of keys at the start; [`CHANGED`] or [`EXHAUSTED`].
    expected: AtomicUsize,
    /// How many entries are still to come.
    remaining: AtomicUsize,
}
layout!(PyDictIter, "dict_iterator", [dict]);

const EXHAUSTED: usize = usize::MAX;
const CHANGED: usize = usize::MAX - 1;

fn view(dict: &PyDict, show: Show) -> Obj {
    let types = types();
    let class = match show {
        Show::Keys => &types.dict_keys,
        Show::Values => &types.dict_values,
        Show::Items => &types.dict_items,
    };
    Py::new(PyDictView { header: Header::new(class.root_shape()), dict: Py::from_ref(dict), show }).into_obj()
}

pub fn keys_view(dict: &PyDict) -> Obj {
    view(dict, Show::Keys)
}
pub fn values_view(dict: &PyDict) -> Obj {
    view(dict, Show::Values)
}
pub fn items_view(dict: &PyDict) -> Obj {
    view(dict, Show::Items)
}

fn iterator(dict: &PyDict, show: Show, reversed: bool) -> Obj {
    let types = types();
    let class = match (show, reversed) {
        (Show::Keys, false) => &types.dict_keyiterator,
        (Show::Values, false) => &types.dict_valueiterator,
        (Show::Items, false) => &types.dict_itemiterator,
        (Show::Keys, true) => &types.dict_reversekeyiterator,
        (Show::Values, true) => &types.dict_reversevalueiterator,
        (Show::Items, true) => &types.dict_reverseitemiterator,
    };
    let len = dict.len();
    Py::new(PyDictIter {
        header: Header::new(class.root_shape()),
        dict: Py::from_ref(dict),
        show,
        reversed,
        position: AtomicUsize::new(if reversed { dict.core.end() } else { 0 }),
        expected: AtomicUsize::new(len),
        remaining: AtomicUsize::new(len),
    })
    .into_obj()
}

/// `iter(dict)`.
pub fn key_iter(dict: &PyDict) -> Obj {
    iterator(dict, Show::Keys, false)
}
/// `reversed(dict)`.
pub fn reverse_key_iter(dict: &PyDict) -> Obj {
    iterator(dict, Show::Keys, true)
}

impl PyDictIter {
    /// The next item. A key or value may be uncounted.
    #[inline]
    fn step(&self) -> PyResult<Option<Obj>> {
        let Some((key, value)) = self.step_entry()? else { return Ok(None) };
        Ok(match self.show {
            Show::Keys => Some(key),
            Show::Values => value,
            Show::Items => value.map(|value| PyTuple::from_array([key, value]).into_obj()),
        })
    }
    /// What the next tuple would consist of, for an iterator over items. Perhaps uncounted.
    pub fn next_pair(&self) -> Option<PyResult<Option<(Obj, Obj)>>> {
        if !matches!(self.show, Show::Items) {
            return None;
        }
        Some(self.step_entry().map(|entry| entry.and_then(|(key, value)| Some((key, value?)))))
    }
    /// The next key of an iterator over keys, if that is a matter of a few instructions: for code that must not call. May be uncounted.
    #[inline(always)]
    pub fn next_key_at_once(&self) -> Option<Obj> {
        let key = self.dict.core.key_at_once(self.position_at_once(Show::Keys)?)?;
        self.step_forward();
        Some(key)
    }
    /// The same of a value.
    #[inline(always)]
    pub fn next_value_at_once(&self) -> Option<Obj> {
        let value = self.dict.core.value_of_entry_at_once(self.position_at_once(Show::Values)?)?;
        self.step_forward();
        Some(value)
    }
    /// Key and value of the next item, words that the caller owns.
    #[inline(always)]
    pub fn next_pair_at_once(&self) -> Option<(Value, Value)> {
        let pair = self.dict.core.entry_at_once(self.position_at_once(Show::Items)?)?;
        self.step_forward();
        Some(pair)
    }
    /// The next entry of a forward iterator that shows this, unless the dict has changed or the iterator is at its end.
    #[inline(always)]
    fn position_at_once(&self, show: Show) -> Option<usize> {
        if self.show != show
            || self.reversed
            || self.remaining.load(Ordering::Relaxed) == 0
            || self.expected.load(Ordering::Relaxed) != self.dict.len()
        {
            return None;
        }
        Some(self.position.load(Ordering::Relaxed))
    }
    #[inline(always)]
    fn step_forward(&self) {
        self.remaining.store(self.remaining.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        self.position.store(self.position.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    fn step_entry(&self) -> PyResult<Option<(Obj, Option<Obj>)>> {
        let expected = self.expected.load(Ordering::Relaxed);
        if expected != self.dict.len() {
            if expected == EXHAUSTED {
                return Ok(None);
            }
            self.expected.store(CHANGED, Ordering::Relaxed);
            return Err(runtime_error("dictionary changed size during iteration"));
        }
        let mut position = self.position.load(Ordering::Relaxed);
        let entry = if self.reversed && position > self.dict.core.end() {
            // Cleared and filled anew meanwhile.
            None
        } else if self.reversed {
            self.dict.core.previous_entry(&mut position)
        } else {
            self.dict.core.next_entry(&mut position)
        };
        let Some((_, key, value)) = entry else {
            self.expected.store(EXHAUSTED, Ordering::Relaxed);
            return Ok(None);
        };
        let remaining = self.remaining.load(Ordering::Relaxed);
        if remaining == 0 {
            self.expected.store(CHANGED, Ordering::Relaxed);
            return Err(runtime_error("dictionary keys changed during iteration"));
        }
        self.remaining.store(remaining - 1, Ordering::Relaxed);
        self.position.store(position, Ordering::Relaxed);
        Ok(Some((key, value)))
    }
    fn hint(&self) -> usize {
        if self.expected.load(Ordering::Relaxed) == self.dict.len() {
            self.remaining.load(Ordering::Relaxed)
        } else {
            0
        }
    }
    /// The items still to come, without advancing.
    fn rest(&self) -> PyResult<Vec<Obj>> {
        let copy = PyDictIter {
            header: Header::new(self.header.shape()),
            dict: self.dict.clone(),
            show: self.show,
            reversed: self.reversed,
            position: AtomicUsize::new(self.position.load(Ordering::Relaxed)),
            expected: AtomicUsize::new(self.expected.load(Ordering::Relaxed)),
            remaining: AtomicUsize::new(self.remaining.load(Ordering::Relaxed)),
        };
        let mut rest = Vec::new();
        while let Some(item) = copy.step()? {
            rest.push(item.into_strong());
        }
        Ok(rest)
    }
}

#[pymethods(class = "dict_keyiterator")]
impl PyDictIter {
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> usize {
        self.hint()
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        iterators::reduce_to_list(self.rest()?)
    }
}

fn this_iter(obj: &Obj) -> PyResult<&PyDictIter> {
    obj.downcast::<PyDictIter>().ok_or_else(|| type_error("a dict iterator is required"))
}

fn iter_next(obj: &Obj) -> PyResult<Option<Obj>> {
    this_iter(obj)?.step()
}

fn this(obj: &Obj) -> PyResult<&PyDictView> {
    obj.downcast::<PyDictView>().ok_or_else(|| type_error("a dict view is required"))
}

fn view_iter(obj: &Obj) -> PyResult<Obj> {
    let view = this(obj)?;
    Ok(iterator(&view.dict, view.show, false))
}

fn view_len(obj: &Obj) -> PyResult<usize> {
    Ok(this(obj)?.dict.len())
}

fn view_contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    let view = this(obj)?;
    match view.show {
        Show::Keys => view.dict.contains(item),
        Show::Values => protocol::iter_contains(obj, item),
        Show::Items => {
            let Some(pair) = item.downcast::<PyTuple>() else { return Ok(false) };
            let [key, value] = pair.as_slice() else { return Ok(false) };
            match view.dict.get(key)? {
                Some(found) => protocol::eq(&found.into_strong(), value),
                None => Ok(false),
            }
        }
    }
}

fn view_repr(obj: &Obj) -> PyResult<Obj> {
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("...")) };
    let items = protocol::collect(obj)?;
    let mut text = TextBuf::from(class_of(obj).name());
    text.push_str("(");
    text.push_units(protocol::repr(&list_obj(items))?.units());
    text.push_str(")");
    Ok(PyStr::from_units(text).into_obj())
}

fn is_set_like(obj: &Obj) -> bool {
    obj.is_layout::<PySet>() || obj.downcast::<PyDictView>().is_some_and(|view| view.show != Show::Values)
}

/// Whether each item of `a` is in `b`.
fn all_in(a: &Obj, b: &Obj) -> PyResult<bool> {
    let iterator = protocol::iter(a)?;
    while let Some(item) = protocol::next(&iterator)? {
        if !protocol::contains(b, &item.into_strong())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn view_compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !is_set_like(a) || !is_set_like(b) {
        return Ok(not_implemented());
    }
    let (x, y) = (protocol::len(a)?, protocol::len(b)?);
    Ok(bool_obj(match op {
        CompareOp::Eq => x == y && all_in(a, b)?,
        CompareOp::Ne => x != y || !all_in(a, b)?,
        CompareOp::Lt => x < y && all_in(a, b)?,
        CompareOp::Le => x <= y && all_in(a, b)?,
        CompareOp::Gt => x > y && all_in(b, a)?,
        CompareOp::Ge => x >= y && all_in(b, a)?,
    }))
}

fn view_sub(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let result = PySet::new(protocol::collect(a)?)?;
    result.difference_update_with(b)?;
    Ok(result.into_obj())
}

fn view_and(a: &Obj, b: &Obj) -> PyResult<Obj> {
    // Reflected: the view is `b`.
    let (view, other) = if a.is_layout::<PyDictView>() { (a, b) } else { (b, a) };
    let iterator = protocol::iter(other)?;
    let result = PySet::new(Vec::new())?;
    while let Some(item) = protocol::next(&iterator)? {
        let item = item.into_strong();
        if protocol::contains(view, &item)? {
            result.add(item)?;
        }
    }
    Ok(result.into_obj())
}

fn view_or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let result = PySet::new(protocol::collect(a)?)?;
    result.update_with(b)?;
    Ok(result.into_obj())
}

fn view_xor(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let result = PySet::new(protocol::collect(a)?)?;
    result.symmetric_difference_update_with(b)?;
    Ok(result.into_obj())
}

fn mapping(view: &PyDictView) -> Obj {
    PyMappingProxy::new(view.dict.as_obj().clone()).into_obj()
}

fn isdisjoint(view: &Obj, other: &Obj) -> PyResult<bool> {
    let (mut looked_up, mut walked) = (view, other);
    if other.is(view) {
        return Ok(protocol::len(view)? == 0);
    }
    if is_set_like(other) && protocol::len(other)? > protocol::len(view)? {
        (looked_up, walked) = (other, view);
    }
    let iterator = protocol::iter(walked)?;
    while let Some(item) = protocol::next(&iterator)? {
        if protocol::contains(looked_up, &item.into_strong())? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[pymethods(class = "dict_keys", part = "keys")]
impl PyDictView {
    /// Return True if the view and the given iterable have a null intersection.
    #[pymethod(name = "isdisjoint")]
    fn keys_isdisjoint(slf: &Obj, object: &Obj) -> PyResult<bool> {
        isdisjoint(slf, object)
    }
    /// Return a reverse iterator over the dict keys.
    #[pymethod(name = "__reversed__")]
    fn keys_reversed(&self) -> Obj {
        iterator(&self.dict, Show::Keys, true)
    }
    /// dictionary that this view refers to
    #[pygetset(name = "mapping")]
    fn keys_mapping(&self) -> Obj {
        mapping(self)
    }
}

#[pymethods(class = "dict_items", part = "items")]
impl PyDictView {
    /// Return True if the view and the given iterable have a null intersection.
    #[pymethod(name = "isdisjoint")]
    fn items_isdisjoint(slf: &Obj, object: &Obj) -> PyResult<bool> {
        isdisjoint(slf, object)
    }
    /// Return a reverse iterator over the dict items.
    #[pymethod(name = "__reversed__")]
    fn items_reversed(&self) -> Obj {
        iterator(&self.dict, Show::Items, true)
    }
    /// dictionary that this view refers to
    #[pygetset(name = "mapping")]
    fn items_mapping(&self) -> Obj {
        mapping(self)
    }
}

#[pymethods(class = "dict_values", part = "values")]
impl PyDictView {
    /// Return a reverse iterator over the dict values.
    #[pymethod(name = "__reversed__")]
    fn values_reversed(&self) -> Obj {
        iterator(&self.dict, Show::Values, true)
    }
    /// dictionary that this view refers to
    #[pygetset(name = "mapping")]
    fn values_mapping(&self) -> Obj {
        mapping(self)
    }
}

const ITER_SLOTS: TypeSlots =
    TypeSlots { iter: Some(iterators::itself), iternext: Some(iter_next), ..TypeSlots::EMPTY };

const VALUES_SLOTS: TypeSlots =
    TypeSlots { repr: Some(view_repr), iter: Some(view_iter), len: Some(view_len), ..TypeSlots::EMPTY };

const SET_LIKE_SLOTS: TypeSlots = TypeSlots {
    richcompare: Some(view_compare),
    contains: Some(view_contains),
    sub: Some(view_sub),
    and: Some(view_and),
    or: Some(view_or),
    xor: Some(view_xor),
    ..VALUES_SLOTS
};

pub(super) fn fill(types: &Types) {
    types.dict_keys.slots.set_all(&SET_LIKE_SLOTS);
    types.dict_items.slots.set_all(&SET_LIKE_SLOTS);
    types.dict_values.slots.set_all(&VALUES_SLOTS);
    ready::add_methods(&types.dict_keys, PyDictView::keys_methods());
    ready::add_getset(&types.dict_keys, PyDictView::keys_getset());
    ready::add_methods(&types.dict_items, PyDictView::items_methods());
    ready::add_getset(&types.dict_items, PyDictView::items_getset());
    ready::add_methods(&types.dict_values, PyDictView::values_methods());
    ready::add_getset(&types.dict_values, PyDictView::values_getset());
    let iterators: [&Py<PyType>; 6] = [
        &types.dict_keyiterator,
        &types.dict_valueiterator,
        &types.dict_itemiterator,
        &types.dict_reversekeyiterator,
        &types.dict_reversevalueiterator,
        &types.dict_reverseitemiterator,
    ];
    for class in iterators {
        class.slots.set_all(&ITER_SLOTS);
        ready::add_methods(class, PyDictIter::methods());
    }
    for class in iterators.into_iter().chain([&types.dict_keys, &types.dict_values, &types.dict_items]) {
        class.set_flag(crate::type_object::type_flags::NO_INSTANTIATION, true);
    }
}
