//! `set` and `frozenset`: the table of dicts without values, in order of insertion. Read without a lock; see [`crate::dict::hash_core`].

mod algebra;
mod methods;
mod slots;
mod whole;

use taipan_gc::{Header, Obj, Py, Value};
use taipan_threading::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use crate::dict::at_once::hash_at_once;
use crate::dict::hash_core::HashCore;
use crate::dict::unhashable;
use crate::error::*;
use crate::layout;
use crate::protocol::{self, IntoStrong};
use crate::short_section::ShortSection;
use crate::str::{PyStr, is_exact_str};
use crate::type_object::{PyType, class_of, new_instance};
use crate::types::{Types, types};

/// Words of an entry: hash, key.
const STRIDE: u8 = 2;

/// A `set` or `frozenset` object.
#[repr(C)]
pub struct PySet {
    header: Header,
    pub(crate) core: HashCore,
    /// Of a frozenset, -1: not computed yet. Written by anyone, always with the same value.
    hash: AtomicI64,
}
layout!(PySet, "set", trace = |this: &PySet, tracer: &mut crate::Tracer<'_>| this.core.trace(tracer));

/// An iterator over a set.
#[repr(C)]
pub struct PySetIter {
    header: Header,
    set: Py<PySet>,
    position: AtomicUsize,
    /// Number of elements at the start; [`CHANGED`] or [`EXHAUSTED`].
    expected: AtomicUsize,
    remaining: AtomicUsize,
}
layout!(PySetIter, "set_iterator", [set]);

const EXHAUSTED: usize = usize::MAX;
const CHANGED: usize = usize::MAX - 1;

pub(crate) fn fill(types: &Types) {
    slots::fill(types);
}

/// The hash of a set element.
#[inline]
pub(crate) fn hash_element(element: &Obj) -> PyResult<i64> {
    if element.value().is_int() {
        return protocol::hash(element);
    }
    if element.value().is_ptr()
        && is_exact_str(element)
        && let Some(text) = element.downcast::<PyStr>()
    {
        return Ok(text.python_hash());
    }
    protocol::hash(element).map_err(|raised| unhashable(raised, element, "a set element"))
}

impl PySet {
    fn make(class: &PyType, core: HashCore) -> Py<PySet> {
        new_instance(class, |header| PySet { header, core, hash: AtomicI64::new(-1) })
    }
    /// A `set` of these elements.
    pub fn new(elements: Vec<Obj>) -> PyResult<Py<PySet>> {
        let set = Self::empty(&types().set);
        for element in elements {
            set.add(element)?;
        }
        Ok(set)
    }
    /// A `frozenset` of hashable elements (constants of code).
    pub fn frozen(elements: Vec<Obj>) -> Obj {
        let set = Self::empty(&types().frozenset);
        for element in elements {
            if set.add(element).is_err() {
                drop(try_take_raised());
            }
        }
        set.into_obj()
    }
    /// An empty instance of `class`: `set`, `frozenset` or a subclass.
    pub fn empty(class: &PyType) -> Py<PySet> {
        Self::make(class, HashCore::new(STRIDE))
    }
    pub fn header(&self) -> &Header {
        &self.header
    }
    #[inline]
    pub fn len(&self) -> usize {
        self.core.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn class(&self) -> &PyType {
        // SAFETY: an object keeps its class alive.
        unsafe { &*self.header.shape_entry().class().cast::<PyType>() }
    }
    /// Whether the class is `set` or `frozenset` itself.
    pub fn is_exact_class(class: &PyType) -> bool {
        class.is(&types().set) || class.is(&types().frozenset)
    }
    /// Whether this is a `frozenset`.
    pub fn is_frozen(&self) -> bool {
        self.class().is_subtype(&types().frozenset)
    }
    /// `set` or `frozenset`, whichever the class derives from.
    fn base_class(&self) -> &'static Py<PyType> {
        if self.is_frozen() { &types().frozenset } else { &types().set }
    }
    /// Adds an element; returns whether it is new.
    #[inline]
    pub fn add(&self, element: Obj) -> PyResult<bool> {
        let element = element.into_strong();
        if let Some(hash) = hash_at_once(element.value()) {
            return self.add_plain(element, hash);
        }
        let hash = hash_element(&element)?;
        self.add_with_hash(element, hash)
    }
    /// [`PySet::add_with_hash`] of an element that is usually told from others by a look at its word. It is counted.
    #[inline]
    fn add_plain(&self, element: Obj, hash: i64) -> PyResult<bool> {
        let section = ShortSection::enter(self.header.lock());
        match self.core.locate_at_once(element.value(), hash) {
            Some(Ok(_)) => {
                drop(section);
                Ok(false)
            }
            Some(Err(vacant)) => {
                self.core.insert_absent(vacant, hash, element.into_counted(), Value::EMPTY);
                Ok(true)
            }
            None => {
                drop(section);
                self.add_with_hash(element, hash)
            }
        }
    }
    #[inline]
    pub(crate) fn add_with_hash(&self, element: Obj, hash: i64) -> PyResult<bool> {
        self.core.locate(self.header.lock(), &element, hash, |core, place| {
            if let Err(vacant) = place {
                core.insert_absent(vacant, hash, element.clone().into_value(), Value::EMPTY);
            }
            place.is_err()
        })
    }
    /// Removes an element; returns whether it was there.
    pub(crate) fn remove_with_hash(&self, element: &Obj, hash: i64) -> PyResult<bool> {
        let removed = self.core.locate(self.header.lock(), element, hash, |core, place| {
            place.ok().map(|place| core.remove_at(place))
        })?;
        Ok(removed.is_some())
    }
    /// `element in self`. A `set` is looked up as the frozenset of its elements.
    #[inline]
    pub fn contains(&self, element: &Obj) -> PyResult<bool> {
        self.with_hash(element, |element, hash| self.core.contains(element, hash))
    }
    /// Removes an element; returns whether it was there. A `set` is looked up as the frozenset of its elements.
    pub fn discard(&self, element: &Obj) -> PyResult<bool> {
        self.with_hash(element, |element, hash| self.remove_with_hash(element, hash))
    }
    #[inline]
    fn with_hash<R>(&self, element: &Obj, act: impl FnOnce(&Obj, i64) -> PyResult<R>) -> PyResult<R> {
        match hash_element(element) {
            Ok(hash) => act(element, hash),
            Err(raised) => {
                let Some(set) = element.downcast::<PySet>() else { return Err(raised) };
                drop(catch(&types().type_error)?);
                let frozen = Self::make(&types().frozenset, set.core.copy(set.header.lock()));
                let hash = frozen.frozen_hash();
                act(frozen.as_obj(), hash)
            }
        }
    }
    pub fn clear(&self) {
        self.core.clear(self.header.lock());
    }
    /// A copy of class `set` or `frozenset`.
    pub fn copy(&self) -> Py<PySet> {
        self.copy_as(self.base_class())
    }
    fn copy_as(&self, class: &PyType) -> Py<PySet> {
        Self::make(class, self.core.copy(self.header.lock()))
    }
    /// Calls `f` with the hash of each element and the element, until it says no; returns whether it never did. At one moment if there are
    /// other threads, because a position means nothing any more in a table that was replaced.
    fn walk(&self, mut f: impl FnMut(i64, Obj) -> PyResult<bool>) -> PyResult<bool> {
        if taipan_threading::multi_threaded() && !self.is_frozen() {
            for (hash, element) in self.snapshot_with_hashes() {
                if !f(hash, element)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let (mut position, before) = (0, self.core.changes());
        while let Some((hash, element, _)) = self.core.next_entry(&mut position) {
            if !f(hash, element.into_strong())? {
                return Ok(false);
            }
            if self.core.changes() != before {
                // Comparing changed the set, and may go on doing so: what is there now comes once, some of it again.
                for (hash, element) in self.snapshot_with_hashes() {
                    if !f(hash, element)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
        }
        Ok(true)
    }
    /// All elements at one moment.
    pub fn to_vec(&self) -> Vec<Obj> {
        let mut elements = Vec::with_capacity(self.len());
        self.core.for_each_locked(self.header.lock(), |_, key, _| elements.push(key.into_strong()));
        elements
    }
    /// All elements with their hashes at one moment.
    pub(crate) fn snapshot_with_hashes(&self) -> Vec<(i64, Obj)> {
        let mut elements = Vec::with_capacity(self.len());
        self.core
            .for_each_locked(self.header.lock(), |hash, key, _| elements.push((hash, key.into_strong())));
        elements
    }
    /// Removes and returns some element.
    pub fn pop(&self) -> Option<Obj> {
        self.core.pop_last(self.header.lock()).map(|(element, _)| element)
    }
    /// The hash of a frozenset: the same for any order (CPython's mixing).
    fn frozen_hash(&self) -> i64 {
        let cached = self.hash.load(Ordering::Relaxed);
        if cached != -1 {
            return cached;
        }
        let (mut hash, mut count) = (0u64, 0u64);
        self.core.for_each_locked(self.header.lock(), |element, _, _| {
            let element = element as u64;
            hash ^= ((element ^ 89869747) ^ (element << 16)).wrapping_mul(3644798167);
            count += 1;
        });
        hash ^= (count + 1).wrapping_mul(1927868237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69069).wrapping_add(907133923);
        let hash = if hash == u64::MAX { 590923713 } else { hash as i64 };
        self.hash.store(hash, Ordering::Relaxed);
        hash
    }
    /// A receiver of Rust type `&PySet` as an object.
    pub fn to_obj(&self) -> Obj {
        Py::from_ref(self).into_obj()
    }
}

/// `obj` as a set if its class is exactly `set` or `frozenset`.
#[inline]
pub fn exact_set(obj: &Obj) -> Option<&PySet> {
    if PySet::is_exact_class(class_of(obj)) { obj.downcast::<PySet>() } else { None }
}

impl PySetIter {
    fn over(set: &PySet) -> Obj {
        let len = set.len();
        Py::new(PySetIter {
            header: Header::new(types().set_iterator.root_shape()),
            set: Py::from_ref(set),
            position: AtomicUsize::new(0),
            expected: AtomicUsize::new(len),
            remaining: AtomicUsize::new(len),
        })
        .into_obj()
    }
    /// The next element, if that is a matter of a few instructions: for code that must not call. May be uncounted.
    #[inline(always)]
    pub fn next_at_once(&self) -> Option<Obj> {
        if self.expected.load(Ordering::Relaxed) != self.set.len() {
            return None;
        }
        let position = self.position.load(Ordering::Relaxed);
        let element = self.set.core.key_at_once(position)?;
        self.position.store(position + 1, Ordering::Relaxed);
        self.remaining.store(self.remaining.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
        Some(element)
    }
    /// The next element. May be uncounted.
    #[inline]
    fn step(&self) -> PyResult<Option<Obj>> {
        if let Some(element) = self.next_at_once() {
            return Ok(Some(element));
        }
        let expected = self.expected.load(Ordering::Relaxed);
        if expected != self.set.len() {
            if expected == EXHAUSTED {
                return Ok(None);
            }
            self.expected.store(CHANGED, Ordering::Relaxed);
            return Err(runtime_error("Set changed size during iteration"));
        }
        let mut position = self.position.load(Ordering::Relaxed);
        match self.set.core.next_entry(&mut position) {
            Some((_, element, _)) => {
                self.position.store(position, Ordering::Relaxed);
                self.remaining
                    .store(self.remaining.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
                Ok(Some(element))
            }
            None => {
                self.expected.store(EXHAUSTED, Ordering::Relaxed);
                Ok(None)
            }
        }
    }
    fn hint(&self) -> usize {
        if self.expected.load(Ordering::Relaxed) == self.set.len() {
            self.remaining.load(Ordering::Relaxed)
        } else {
            0
        }
    }
    /// The elements still to come, without advancing.
    fn rest(&self) -> Vec<Obj> {
        let mut rest = Vec::new();
        if self.expected.load(Ordering::Relaxed) == self.set.len() {
            let mut position = self.position.load(Ordering::Relaxed);
            while let Some((_, element, _)) = self.set.core.next_entry(&mut position) {
                rest.push(element.into_strong());
            }
        }
        rest
    }
}
