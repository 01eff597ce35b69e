//! `tuple`: constant items, so they are read without any protocol.
//!
//! The items of an exact tuple follow the struct in the same block; those of an instance of a subclass are in a box, because attributes
//! follow the struct there. `items` points to them in either case. Everything but the cached hash is constant once the tuple is made.

mod methods;
mod slots;

use std::mem::ManuallyDrop;

use taipan_gc::{Header, Obj, Py, Tracer, Value, trace_all};
use taipan_threading::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

use crate::layout;
use crate::str::PyStr;
use crate::type_object::{PyType, class_of, new_instance};
use crate::types::{Number, Types, types};

pub use slots::hash_items;
pub(crate) use slots::{combine_hashes, compare};

/// A `tuple` object; see the module.
#[repr(C)]
pub struct PyTuple {
    header: Header,
    len: usize,
    items: AtomicPtr<Obj>,
    /// -1: not computed yet. Written by anyone, always with the same value.
    hash: AtomicI64,
}
layout!(PyTuple, "tuple", trace = trace_items);

/// Where machine code finds the parts of a tuple, in bytes.
impl PyTuple {
    pub const LEN: i32 = std::mem::offset_of!(PyTuple, len) as i32;
    /// The address of the words of its items.
    pub const ITEMS: i32 = std::mem::offset_of!(PyTuple, items) as i32;
}

fn trace_items(this: &PyTuple, tracer: &mut Tracer<'_>) {
    trace_all(this.as_slice().iter().map(Obj::value), tracer);
}

/// The immortal empty tuple; null before the first use.
static EMPTY: AtomicPtr<PyTuple> = AtomicPtr::new(std::ptr::null_mut());

pub(crate) fn fill(types: &Types) {
    slots::fill(types);
}

impl PyTuple {
    #[inline(always)]
    fn with_header(header: Header, len: usize) -> PyTuple {
        PyTuple { header, len, items: AtomicPtr::new(std::ptr::dangling_mut()), hash: AtomicI64::new(-1) }
    }
    /// The empty tuple.
    #[inline]
    pub fn empty() -> Py<PyTuple> {
        // Acquire pairs with the exchange in `make_empty`.
        let empty = EMPTY.load(Ordering::Acquire);
        if empty.is_null() {
            return Self::make_empty();
        }
        // SAFETY: immortal.
        Py::from_ref(unsafe { &*empty })
    }
    #[cold]
    fn make_empty() -> Py<PyTuple> {
        let tuple = Py::new(Self::with_header(Header::new(types().tuple.root_shape()), 0));
        tuple.immortalize();
        match EMPTY.compare_exchange(
            std::ptr::null_mut(),
            tuple.as_ptr(),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => tuple,
            // SAFETY: another thread's is immortal.
            Err(other) => Py::from_ref(unsafe { &*other }),
        }
    }
    /// A `tuple` for `len` items, more than none, and the place for them behind the struct. Nobody else has seen it; it has no items until they are in
    /// their place and `items` says so, with no safepoint in between.
    #[inline(always)]
    fn with_room(len: usize, acyclic: bool) -> (Py<PyTuple>, *mut Obj) {
        let header = Self::with_header(Header::new(Number::tuple.root_shape()), len);
        // SAFETY: what lies behind is the caller's to write.
        let tuple = unsafe { Py::with_unfilled_extra_here(header, len * size_of::<Obj>(), acyclic) };
        let room = tuple.as_ptr().wrapping_add(1).cast();
        (tuple, room)
    }
    /// A `tuple` of `len` items that `items` yields, exactly. If they all are [`Obj::is_acyclic`], which the caller may leave open by `false`, the collector
    /// need not know the tuple.
    #[inline]
    pub fn of_items(len: usize, acyclic: bool, items: impl Iterator<Item = Obj>) -> Py<PyTuple> {
        if len == 0 {
            return Self::empty();
        }
        let (tuple, room) = Self::with_room(len, acyclic);
        let mut written = 0;
        for item in items.take(len) {
            // SAFETY: there is room for `len` items.
            unsafe { room.add(written).write(Obj::from_value_unchecked(item.into_counted())) };
            written += 1;
        }
        assert!(written == len, "a tuple's items come in the number announced");
        tuple.items.store(room, Ordering::Relaxed);
        tuple
    }
    /// [`PyTuple::of_items`] of words for the heap, which `word` gives for each index, in order.
    ///
    /// # Safety
    /// Every word is not empty, owns its reference or needs none, and is given away; `word` neither panics nor reaches a safepoint.
    #[inline]
    pub unsafe fn of_words(len: usize, acyclic: bool, mut word: impl FnMut(usize) -> Value) -> Py<PyTuple> {
        if len == 0 {
            return Self::empty();
        }
        let (tuple, room) = Self::with_room(len, acyclic);
        for index in 0..len {
            // SAFETY: there is room for `len` items; a word that is not empty has the representation of an `Obj`.
            unsafe { room.add(index).cast::<Value>().write(word(index)) };
        }
        tuple.items.store(room, Ordering::Relaxed);
        tuple
    }
    /// A `tuple` of these items.
    #[inline]
    pub fn new(items: Vec<Obj>) -> Py<PyTuple> {
        Self::of_items(items.len(), items.iter().all(Obj::is_acyclic), items.into_iter())
    }
    /// A `tuple` of these items.
    #[inline]
    pub fn from_array<const N: usize>(items: [Obj; N]) -> Py<PyTuple> {
        let mut acyclic = true;
        for item in &items {
            acyclic &= item.is_acyclic();
        }
        let items = ManuallyDrop::new(items);
        // SAFETY: each item is taken out once, its counted word given away; nothing else happens in the closure.
        unsafe { Self::of_words(N, acyclic, |index| std::ptr::read(&items[index]).into_counted()) }
    }
    /// A `tuple` of exact strings.
    #[inline]
    pub fn of_texts<const N: usize>(texts: [Py<PyStr>; N]) -> Py<PyTuple> {
        let texts = ManuallyDrop::new(texts);
        // SAFETY: the words own their references, which are given away; nothing else happens in the closure. Strings refer to nothing.
        unsafe { Self::of_words(N, true, |index| texts[index].as_obj().value()) }
    }
    /// A `tuple` of copies of these items.
    #[inline]
    pub fn from_slice(items: &[Obj]) -> Py<PyTuple> {
        let acyclic = items.iter().all(Obj::is_acyclic);
        // SAFETY: each word is counted, and given away; nothing else happens in the closure.
        unsafe { Self::of_words(items.len(), acyclic, |index| items[index].counted_word()) }
    }
    /// A `tuple` of these items.
    #[allow(clippy::should_implement_trait)]
    pub fn from_iter(items: impl IntoIterator<Item = Obj>) -> Py<PyTuple> {
        Self::new(items.into_iter().collect())
    }
    /// An instance of `class`, `tuple` or a subclass.
    pub fn with_class(class: &PyType, items: Vec<Obj>) -> Py<PyTuple> {
        if class.is(&types().tuple) {
            return Self::new(items);
        }
        // SAFETY: the counted word of each item, given away by it.
        let items: Box<[Obj]> =
            items.into_iter().map(|item| unsafe { Obj::from_value_unchecked(item.into_counted()) }).collect();
        let tuple = new_instance(class, |header| Self::with_header(header, items.len()));
        if !items.is_empty() {
            tuple.items.store(Box::into_raw(items).cast(), Ordering::Relaxed);
        }
        tuple
    }
    /// The struct with its items in a box, for a layout that extends this one.
    pub(crate) fn boxed(header: Header, items: Vec<Obj>) -> PyTuple {
        let tuple = Self::with_header(header, items.len());
        // SAFETY: the counted word of each item, given away by it.
        let items: Box<[Obj]> =
            items.into_iter().map(|item| unsafe { Obj::from_value_unchecked(item.into_counted()) }).collect();
        if !items.is_empty() {
            tuple.items.store(Box::into_raw(items).cast(), Ordering::Relaxed);
        }
        tuple
    }
    pub fn header(&self) -> &Header {
        &self.header
    }
    #[inline(always)]
    pub fn as_slice(&self) -> &[Obj] {
        // SAFETY: `items` holds `len` counted references, constant as long as the tuple lives.
        unsafe { std::slice::from_raw_parts(self.items.load(Ordering::Relaxed), self.len) }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Item `index`, borrowed.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<&Obj> {
        self.as_slice().get(index)
    }
    pub fn to_vec(&self) -> Vec<Obj> {
        self.as_slice().to_vec()
    }
    /// Whether the items follow the struct.
    fn is_inline(&self) -> bool {
        std::ptr::eq(self.items.load(Ordering::Relaxed), std::ptr::from_ref(self).wrapping_add(1).cast())
    }
    /// A receiver of Rust type `&PyTuple` as an object.
    pub fn to_obj(&self) -> Obj {
        Py::from_ref(self).into_obj()
    }
}

/// `obj` as a `tuple` if its class is exactly that.
#[inline]
pub fn exact_tuple(obj: &Obj) -> Option<&PyTuple> {
    if class_of(obj).is(&types().tuple) { obj.downcast::<PyTuple>() } else { None }
}

impl Drop for PyTuple {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        let items = std::ptr::slice_from_raw_parts_mut(self.items.load(Ordering::Relaxed), self.len);
        // SAFETY: the object is dead and owns its items: in its own block, or in a box.
        unsafe {
            if self.is_inline() {
                std::ptr::drop_in_place(items);
            } else {
                drop(Box::from_raw(items));
            }
        }
    }
}
