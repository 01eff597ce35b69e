//! `list`: an array of slots that is read without a lock.
//!
//! | field | written | read |
//! | --- | --- | --- |
//! | `storage` | under the lock (Release) | anyone (Acquire) |
//! | `len` | under the lock | anyone |
//! | slots | under the lock, before the items that they no longer hold are dropped | anyone |
//!
//! **Reading** item `i`: load the storage and compare `i` with the length and with the storage's own capacity; load the slot
//! by the foreign-load protocol; then look whether the storage is still the list's. The protocol trusts a second look at the slot to
//! prove that the block it reads is still the object that the slot held; but retired storage stays as it is while its
//! objects die and their blocks become other objects. Who reads the header of such a later object (Acquire) also sees everything
//! that came before the former one's end, the publication of the new storage included, and starts over.
//! An empty slot within the length (something is being moved) sends the reader to the lock after a few attempts.
//!
//! **Growing** copies the words to new storage, publishes it, and retires the old one without dropping anything; nothing is changed in
//! the new storage before it is published, so the two never disagree about what the list owns while a reader may trust the old one.
//!
//! Items are dropped, and Python code runs, only after the section has ended.

mod change;
pub mod heap;
mod methods;
mod slots;
mod sort;
pub(crate) mod storage;

use smallvec::SmallVec;
use taipan_gc::{Header, Obj, Py, Slot, Tracer, Value, refcount, trace_all};
use taipan_threading::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::layout;
use crate::protocol::IntoStrong;
use crate::short_section::ShortSection;
use crate::type_object::{PyType, class_of, new_instance};
use crate::types::{Types, types};
use storage::Storage;

pub(crate) use slots::{position, repeated};
pub use sort::sort_items;

/// A `list` object; see the module.
#[repr(C)]
pub struct PyList {
    header: Header,
    storage: AtomicPtr<Storage>,
    len: AtomicUsize,
}
/// Where machine code finds the parts of a list, in bytes.
impl PyList {
    pub const STORAGE: i32 = std::mem::offset_of!(PyList, storage) as i32;
    pub const LEN: i32 = std::mem::offset_of!(PyList, len) as i32;
    /// In the storage.
    pub const CAPACITY: i32 = Storage::CAPACITY;
    /// In the storage.
    pub const WORDS: i32 = Storage::WORDS;
}
layout!(PyList, "list", trace = trace_items);

fn trace_items(this: &PyList, tracer: &mut Tracer<'_>) {
    let storage = this.storage();
    let len = this.len().min(storage.capacity());
    trace_all((0..len).map(|index| storage.slot(index).peek()), tracer);
}

pub(crate) fn fill(types: &Types) {
    slots::fill(types);
}

/// A length hint beyond this is not believed before the items have come.
const MOST_RESERVED: usize = 1 << 24;
/// Attempts without the lock before a reader takes it.
const ATTEMPTS: usize = 4;

/// Capacity for `len` items in a growing list: proportional, as CPython's.
fn growth(len: usize) -> usize {
    if len >= 1 << 15 {
        // Large arrays are not touched before they are used, so room costs address space only.
        return len + (len >> 1);
    }
    (len + (len >> 3) + 6) & !3
}

/// Where an item of a list was found.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    slot: &'a Slot,
    storage: &'a Storage,
}

/// How many items before it is wanted the header of one is asked for, by who goes through a list.
const AHEAD: usize = 3;

impl Place<'_> {
    /// Has the header of an item further on come from memory meanwhile. This is the place of the item at `index`.
    #[inline(always)]
    pub(crate) fn fetch_ahead(self, index: usize) {
        if index + AHEAD < self.storage.capacity() {
            self.storage.slot(index + AHEAD).peek().fetch();
        }
    }
    /// The word there if it is a number: it was the item when the list had that storage, which stays as it is once it is replaced. Otherwise see [`PyList::load_at_once`].
    #[inline(always)]
    pub fn number(self) -> Option<Value> {
        let word = self.slot.peek();
        word.is_number().then_some(word)
    }
}

impl PyList {
    /// A `list` of these items.
    pub fn new(items: Vec<Obj>) -> Py<PyList> {
        Self::of_items(items.len(), items.into_iter())
    }
    /// A `list` of `len` items, or as many as `items` yields if that is fewer.
    #[inline]
    pub fn of_items(len: usize, items: impl Iterator<Item = Obj>) -> Py<PyList> {
        let (storage, len) = Self::storage_of(len, items);
        Self::of_storage(storage, len)
    }
    /// A `list` with that storage. The storage is made first: a list that is a value meanwhile is written to the machine stack in words and read back in pairs of
    /// them, for which the processor waits.
    #[inline]
    fn of_storage(storage: *mut Storage, len: usize) -> Py<PyList> {
        Py::new(PyList {
            header: Header::new(types().list.root_shape()),
            storage: AtomicPtr::new(storage),
            len: AtomicUsize::new(len),
        })
    }
    /// A `list` of as many items as the iterator says that it has.
    pub(crate) fn from_exact(items: impl ExactSizeIterator<Item = Obj>) -> Py<PyList> {
        Self::of_items(items.len(), items)
    }
    /// Storage for `len` items with those that `items` yields, and their number.
    #[inline]
    fn storage_of(len: usize, items: impl Iterator<Item = Obj>) -> (*mut Storage, usize) {
        let storage = Storage::allocate_unfilled(len);
        let mut filled = 0;
        for item in items.take(len) {
            // SAFETY: just allocated with room for `len` items.
            unsafe { (*storage).put(filled, item.into_counted()) };
            filled += 1;
        }
        for rest in filled..len {
            // SAFETY: as above.
            unsafe { (*storage).put(rest, Value::EMPTY) };
        }
        (storage, filled)
    }
    /// A `list` of copies of these items.
    pub fn from_slice(items: &[Obj]) -> Py<PyList> {
        let storage = Storage::allocate_unfilled(items.len());
        for (index, item) in items.iter().enumerate() {
            // SAFETY: just allocated with room for that many items.
            unsafe { (*storage).put(index, item.counted_word()) };
        }
        Self::of_storage(storage, items.len())
    }
    /// An empty instance of `class`, `list` or a subclass.
    pub fn with_class(class: &PyType) -> Py<PyList> {
        let storage = Storage::allocate_unfilled(0);
        new_instance(class, |header| PyList {
            header,
            storage: AtomicPtr::new(storage),
            len: AtomicUsize::new(0),
        })
    }
    pub fn header(&self) -> &Header {
        &self.header
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Stays readable until this thread's next safepoint (or while it holds the lock).
    #[inline(always)]
    fn storage(&self) -> &Storage {
        // SAFETY: replaced storage is freed through QSBR.
        unsafe { &*self.storage.load(Ordering::Acquire) }
    }
    /// Whether `storage` is still the list's: see the module.
    #[inline(always)]
    fn is_current(&self, storage: &Storage) -> bool {
        std::ptr::eq(self.storage.load(Ordering::SeqCst), storage)
    }
    fn section(&self) -> ShortSection<'_> {
        ShortSection::enter(self.header.lock())
    }
    /// Item `index`, without a lock. May be uncounted: see `PyDict::get_lent`.
    #[inline]
    pub fn get_lent(&self, index: usize) -> Option<Obj> {
        for _ in 0..ATTEMPTS {
            let storage = self.storage();
            if index >= self.len() {
                return None;
            }
            if index < storage.capacity()
                && let Ok(Some(item)) = storage.slot(index).load_uncounted_in(|| self.is_current(storage))
            {
                return Some(item);
            }
        }
        self.get_slow(index)
    }
    /// Where item `index` is (counted from the end if negative), if it is there now and that is seen in a few instructions.
    #[inline(always)]
    pub fn place_at_once(&self, index: i64) -> Option<Place<'_>> {
        let len = self.len();
        self.place(if index < 0 { (index + len as i64) as usize } else { index as usize }, len)
    }
    /// [`PyList::place_at_once`] of an index that is not counted from the end.
    #[inline(always)]
    pub(crate) fn place_from_start(&self, index: usize) -> Option<Place<'_>> {
        self.place(index, self.len())
    }
    #[inline(always)]
    fn place(&self, index: usize, len: usize) -> Option<Place<'_>> {
        let storage = self.storage();
        if index >= len || index >= storage.capacity() {
            return None;
        }
        Some(Place { slot: storage.slot(index), storage })
    }
    /// The item in a place of this list, unless that is not the list's any more or it takes more than a few instructions. May be uncounted: see `PyDict::get_lent`.
    #[inline(always)]
    pub fn load_at_once(&self, place: Place<'_>) -> Option<Obj> {
        place.slot.load_at_once_in(|| self.is_current(place.storage))
    }
    #[cold]
    fn get_slow(&self, index: usize) -> Option<Obj> {
        let _section = self.section();
        if index < self.len() { self.storage().slot(index).load() } else { None }
    }
    /// Item `index`, counted.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Obj> {
        self.get_lent(index).map(IntoStrong::into_strong)
    }
    /// Replaces item `index`; returns whether there is one.
    #[inline]
    pub fn set(&self, index: usize, value: Obj) -> bool {
        // Counted before the lock is waited for.
        let value = value.into_strong();
        let section = self.section();
        if index >= self.len() {
            return false;
        }
        let old = self.storage().slot(index).replace(Some(value));
        drop(section);
        drop(old);
        true
    }
    /// Appends an item.
    #[inline]
    pub fn push(&self, item: Obj) {
        let alone = !taipan_threading::multi_threaded();
        self.push_growing(item, alone);
    }
    /// [`PyList::push`] to a list that the caller holds in a register: one that nobody else can see, as that of a comprehension, grows in place.
    #[inline]
    pub fn push_held(&self, item: Obj) {
        let alone = refcount::is_alone(&self.header);
        self.push_growing(item, alone);
    }
    #[inline(always)]
    fn push_growing(&self, item: Obj, alone: bool) {
        let item = item.into_counted();
        let _section = self.section();
        let len = self.len();
        if len == self.storage().capacity() {
            self.grow(growth(len + 1), alone);
        }
        self.storage().put(len, item);
        self.len.store(len + 1, Ordering::Release);
    }
    /// The items, if no other thread can see the list, which the caller holds in a register: until something changes it.
    #[inline(always)]
    pub fn items_alone(&self) -> Option<&[Obj]> {
        // SAFETY: the words of the items are the list's own references, none is empty outside of a section, and nobody else can write them.
        refcount::is_alone(&self.header).then(|| unsafe { self.storage().items(self.len()) })
    }
    /// Appends a word that owns its reference to a list that the caller holds in a register, if there is room and no other thread can see it. False, with
    /// nothing done, otherwise: `item` is made only then.
    #[inline(always)]
    pub fn push_at_once(&self, item: impl FnOnce() -> Option<Value>) -> bool {
        let len = self.len();
        if len == self.storage().capacity() || !refcount::is_alone(&self.header) {
            return false;
        }
        let Some(item) = item() else { return false };
        self.storage().put(len, item);
        self.len.store(len + 1, Ordering::Release);
        true
    }
    /// Lets a list of one item, to which there is no other reference, have it `count` times: false, with nothing done, if it is another one, or the number is 0 or large.
    pub fn repeat_in_place(list: &Obj, count: i64) -> bool {
        let Some(this) = list.downcast::<PyList>().filter(|_| refcount::is_unique(list)) else {
            return false;
        };
        if this.len() != 1 || !(1..slots::SURELY_THERE as i64).contains(&count) {
            return false;
        }
        let (Some(item), count) = (this.get(0), count as usize) else { return false };
        let _section = this.section();
        if this.storage().capacity() < count {
            this.grow(count, true);
        }
        for index in 1..count {
            this.storage().put(index, item.counted_word());
        }
        this.len.store(count, Ordering::Release);
        true
    }
    /// Exchanges item `index` of a list that the caller holds in a register, if there is one and no other thread can see the list: gives the former word, which is
    /// the caller's. `value`, a word that owns its reference, is made only then.
    #[inline(always)]
    pub fn replace_at_once(&self, index: usize, value: impl FnOnce() -> Option<Value>) -> Option<Value> {
        if index >= self.len() || !refcount::is_alone(&self.header) {
            return None;
        }
        Some(self.storage().slot(index).replace_alone(value()?))
    }
    /// Makes room for `more` items, if that is plausible.
    pub(crate) fn reserve(&self, more: usize) {
        let _section = self.section();
        let wanted = self.len().saturating_add(more);
        if more <= MOST_RESERVED && wanted > self.storage().capacity() {
            self.grow(wanted, !taipan_threading::multi_threaded());
        }
    }
    /// Gives the list storage of the given capacity with the same words; under the lock. `alone`: no other thread can be reading it.
    #[cold]
    fn grow(&self, capacity: usize, alone: bool) {
        let old = self.storage.load(Ordering::Relaxed);
        if alone {
            // SAFETY: no other thread reads the storage, and this one holds no reference into it.
            let new = unsafe { Storage::reallocate(old, capacity) };
            self.storage.store(new, Ordering::Relaxed);
            return;
        }
        let new = Storage::allocate(capacity);
        // SAFETY: one is the list's, the other just made.
        unsafe {
            for index in 0..self.len() {
                (*new).put(index, (*old).get(index));
            }
        }
        self.publish(new);
    }
    /// Makes `new` the list's storage and retires the old one; under the lock. What the old one owned and `new` does not
    /// hold is the caller's to drop.
    fn publish(&self, new: *mut Storage) {
        let old = if taipan_threading::multi_threaded() {
            self.storage.swap(new, Ordering::SeqCst)
        } else {
            let old = self.storage.load(Ordering::Relaxed);
            self.storage.store(new, Ordering::Relaxed);
            old
        };
        // SAFETY: unpublished; the list owned it.
        unsafe { Storage::retire(old) }
    }
    /// Removes and returns the last item.
    #[inline]
    pub fn pop(&self) -> Option<Obj> {
        let _section = self.section();
        let last = self.len().checked_sub(1)?;
        self.len.store(last, Ordering::Release);
        self.storage().slot(last).take()
    }
    /// Calls `work` with all items, under the lock: it must not run Python code.
    pub fn with_items<R>(&self, work: impl FnOnce(&[Obj]) -> R) -> R {
        let _section = self.section();
        let (storage, len) = (self.storage(), self.len());
        // SAFETY: the words of the items are the list's own references, none is empty outside of a section, and nobody
        // writes them while this one lasts.
        work(unsafe { storage.items(len) })
    }
    /// Takes all items out, leaving the list empty and without storage.
    fn take_all(&self) -> Vec<Obj> {
        let _section = self.section();
        let (storage, len) = (self.storage(), self.len());
        // SAFETY: the list's own references; the storage is unpublished below before any is dropped.
        let items = (0..len).filter_map(|index| unsafe { Obj::from_value(storage.get(index)) }).collect();
        self.len.store(0, Ordering::Release);
        self.publish(Storage::empty());
        items
    }
    /// Removes all items.
    pub fn clear(&self) {
        let section = self.section();
        let len = self.len();
        let mut removed = Vec::new();
        self.splice_locked(0, len, &mut removed);
        drop(section);
        drop(removed);
    }
    /// Gives an empty list that nobody else has seen yet as many items as the iterator says that it has; it must not run Python code.
    fn fill_new(&self, items: impl ExactSizeIterator<Item = Obj>) {
        let (storage, len) = Self::storage_of(items.len(), items);
        // That of every empty list, which it has now, needs no end.
        self.storage.store(storage, Ordering::Release);
        self.len.store(len, Ordering::Release);
    }
    /// All items at one moment, counted.
    pub fn to_vec(&self) -> Vec<Obj> {
        self.with_items(<[Obj]>::to_vec)
    }
    /// [`PyList::to_vec`] of a list that is likely short.
    pub fn snapshot(&self) -> SmallVec<[Obj; 8]> {
        self.with_items(|items| items.iter().cloned().collect())
    }
    /// The items of a list that is about to be dropped: taken out, if nobody else has it, instead of counted.
    pub fn into_items(this: Obj) -> SmallVec<[Obj; 8]> {
        match exact_list(&this) {
            Some(list) if refcount::is_unique(&this) => list.drain_alone(),
            Some(list) => list.snapshot(),
            None => SmallVec::new(),
        }
    }
    /// Takes all items out of a list that no other thread can see, keeping the storage.
    fn drain_alone(&self) -> SmallVec<[Obj; 8]> {
        let (storage, len) = (self.storage(), self.len());
        self.len.store(0, Ordering::Release);
        let take = |index| storage.slot(index).replace_alone(Value::EMPTY);
        // SAFETY: the list's own references, which it gives up; none is empty outside of a section.
        let items = (0..len).map(|index| unsafe { Obj::from_value_unchecked(take(index)) }).collect();
        refcount::emptied_by_stores();
        items
    }
    /// A list of `count` items from `start` on, as far as they exist, at one moment.
    pub fn copy_range(&self, start: usize, count: usize) -> Py<PyList> {
        let copy = Self::new(Vec::new());
        self.with_items(|items| {
            let start = start.min(items.len());
            let end = start.saturating_add(count).min(items.len());
            copy.fill_new(items[start..end].iter().cloned());
        });
        copy
    }
    /// A list of items `start`, `start + step`, …, `count` of them as far as they exist, at one moment.
    pub(crate) fn copy_strided(&self, start: usize, step: isize, count: usize) -> Py<PyList> {
        let copy = Self::new(Vec::new());
        self.with_items(|items| {
            let last = start.wrapping_add_signed(step.wrapping_mul(count.saturating_sub(1) as isize));
            if count > 0 && start < items.len() && last < items.len() {
                // All of them exist, as they lie between these two.
                copy.fill_new(
                    (0..count).map(|i| items[start.wrapping_add_signed(step * i as isize)].clone()),
                );
            } else {
                let mut index = start;
                for _ in 0..count {
                    let Some(item) = items.get(index) else { break };
                    copy.push(item.clone());
                    index = index.wrapping_add_signed(step);
                }
            }
        });
        copy
    }
    /// Reverses the order.
    pub fn reverse(&self) {
        let _section = self.section();
        let (storage, len) = (self.storage(), self.len());
        if !taipan_threading::multi_threaded() {
            // SAFETY: the words of the items; there is no other thread.
            unsafe { storage.words(len) }.reverse();
            return;
        }
        for low in 0..len / 2 {
            let high = len - 1 - low;
            let (a, b) = (storage.get(low), storage.get(high));
            storage.put(low, b);
            storage.put(high, a);
        }
    }
    /// Bytes of the items' array.
    fn storage_bytes(&self) -> usize {
        self.storage().capacity() * 8
    }
    /// A receiver of Rust type `&PyList` as an object.
    pub fn to_obj(&self) -> Obj {
        Py::from_ref(self).into_obj()
    }
}

/// `obj` as a `list` if its class is exactly that.
#[inline]
pub fn exact_list(obj: &Obj) -> Option<&PyList> {
    if class_of(obj).is(&types().list) { obj.downcast::<PyList>() } else { None }
}

impl Drop for PyList {
    fn drop(&mut self) {
        let storage = self.storage.load(Ordering::Relaxed);
        // SAFETY: the object is dead: nobody can reach or read the storage; it owns its items.
        unsafe {
            for index in (0..self.len()).rev() {
                drop(Obj::from_value((*storage).get(index)));
            }
            Storage::free(storage);
        }
    }
}
