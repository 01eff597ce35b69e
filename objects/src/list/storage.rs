//! A list's array of items: capacity and words in one allocation. Words beyond the list's length are empty.

use std::alloc::Layout;

use taipan_gc::{Obj, Slot, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

/// Header of the array; the words follow.
#[repr(C, align(8))]
pub(crate) struct Storage {
    capacity: usize,
    /// Where the words begin. Not only for that: it tells the compiler that what a `&Storage` leads to may change.
    words: [AtomicU64; 0],
}

impl Storage {
    /// Offsets, for machine code.
    pub(crate) const CAPACITY: i32 = std::mem::offset_of!(Storage, capacity) as i32;
    pub(crate) const WORDS: i32 = std::mem::offset_of!(Storage, words) as i32;
}

/// The storage of every empty list.
static EMPTY: Storage = Storage { capacity: 0, words: [] };

/// Most items that a list can have.
pub(crate) const MAX_ITEMS: usize = isize::MAX as usize / 8 - 1;

fn layout(capacity: usize) -> Layout {
    // Capacities are at most `MAX_ITEMS`: the size fits.
    Layout::from_size_align(8 + capacity.min(MAX_ITEMS) * 8, 8).unwrap_or(Layout::new::<u64>())
}

/// Items from which on an array is replaced by fresh memory instead of being enlarged.
const UNTOUCHED: usize = 1 << 15;

impl Storage {
    #[inline(always)]
    pub(crate) fn empty() -> *mut Storage {
        std::ptr::from_ref(&EMPTY).cast_mut()
    }
    /// Room for at least `capacity` items, all empty. Owned by the caller.
    pub(crate) fn allocate(capacity: usize) -> *mut Storage {
        // A zeroed word is an empty slot.
        Self::allocate_by(std::alloc::alloc_zeroed, capacity)
    }
    /// As [`Storage::allocate`], with anything in the words: they are to be written before this thread reaches a safepoint or others see them.
    #[inline]
    pub(crate) fn allocate_unfilled(capacity: usize) -> *mut Storage {
        Self::allocate_by(std::alloc::alloc, capacity)
    }
    #[inline(always)]
    fn allocate_by(allocate: unsafe fn(Layout) -> *mut u8, capacity: usize) -> *mut Storage {
        if capacity == 0 {
            return Self::empty();
        }
        let layout = layout(capacity);
        // SAFETY: the layout is not empty, which is all that both functions of the allocator want.
        unsafe {
            let storage = allocate(layout).cast::<Storage>();
            if storage.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            (*storage).capacity = capacity;
            storage
        }
    }
    /// Enlarges storage that no other thread can be reading.
    ///
    /// # Safety
    /// The caller owns `storage`, and nobody else reads it.
    pub(crate) unsafe fn reallocate(storage: *mut Storage, capacity: usize) -> *mut Storage {
        // SAFETY: as the caller says; `allocate` used the same layout; the new words are zeroed.
        unsafe {
            let old = (*storage).capacity;
            if old == 0 {
                return Self::allocate(capacity);
            }
            if capacity >= UNTOUCHED {
                // Fresh zeroed memory is not touched until it is used; enlarging would write the new words.
                let new = Self::allocate(capacity);
                new.add(1).cast::<u64>().copy_from_nonoverlapping(storage.add(1).cast(), old);
                Self::free(storage);
                return new;
            }
            let new =
                std::alloc::realloc(storage.cast(), layout(old), layout(capacity).size()).cast::<Storage>();
            if new.is_null() {
                std::alloc::handle_alloc_error(layout(capacity));
            }
            (*new).capacity = capacity;
            new.add(1).cast::<u64>().add(old).write_bytes(0, capacity - old);
            new
        }
    }
    /// Frees the memory, not the references.
    ///
    /// # Safety
    /// Nobody can read the storage any more.
    pub(crate) unsafe fn free(storage: *mut Storage) {
        // SAFETY: as the caller says; `allocate` used this layout.
        unsafe {
            if (*storage).capacity > 0 {
                let layout = layout((*storage).capacity);
                #[cfg(feature = "poison")]
                storage.cast::<u8>().write_bytes(crate::layout::POISON, layout.size());
                std::alloc::dealloc(storage.cast(), layout);
            }
        }
    }
    /// Frees the memory, not the references, when no thread can be reading it any more.
    ///
    /// # Safety
    /// The storage was unpublished, and the caller owns it.
    pub(crate) unsafe fn retire(storage: *mut Storage) {
        unsafe fn dealloc(pointer: *mut u8, _bytes: usize) {
            // SAFETY: `retire` passed storage that nobody reads any more.
            unsafe { Storage::free(pointer.cast()) }
        }
        // SAFETY: as the caller says.
        unsafe {
            if (*storage).capacity == 0 {
                return;
            }
            if !taipan_threading::multi_threaded() {
                return Self::free(storage);
            }
            taipan_threading::qsbr::retire_raw(storage.cast(), dealloc, layout((*storage).capacity).size());
        }
    }
    #[inline(always)]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
    #[inline(always)]
    fn word(&self, index: usize) -> &AtomicU64 {
        debug_assert!(index < self.capacity);
        // SAFETY: the words follow the header; in bounds.
        unsafe { &*self.words.as_ptr().add(index) }
    }
    #[inline(always)]
    pub(crate) fn slot(&self, index: usize) -> &Slot {
        // SAFETY: a `Slot` is one such word, and these words are used as slots only.
        unsafe { &*std::ptr::from_ref(self.word(index)).cast::<Slot>() }
    }
    /// The first `len` words as references.
    ///
    /// # Safety
    /// These are references that belong to the storage, none of them empty, and nobody writes them meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn items(&self, len: usize) -> &[Obj] {
        debug_assert!(len <= self.capacity);
        // SAFETY: the words follow the header; an `Obj` is one such word, says the caller.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).add(1).cast::<Obj>(), len) }
    }
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Value {
        Value::from_bits(self.word(index).load(Ordering::Relaxed))
    }
    /// All `len` words.
    ///
    /// # Safety
    /// There are as many, and nobody reads or writes them meanwhile.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn words(&self, len: usize) -> &mut [u64] {
        debug_assert!(len <= self.capacity);
        // SAFETY: the words follow the header, in atomics; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_ptr().cast::<u64>().cast_mut(), len) }
    }
    /// Copies `count` words to another place, which may overlap with theirs. Under the lock.
    #[inline]
    pub(crate) fn shift(&self, from: usize, to: usize, count: usize) {
        if count == 0 || from == to {
            return;
        }
        if !taipan_threading::multi_threaded() {
            // SAFETY: nobody else reads or writes; both are in bounds, says the bounds check.
            unsafe { self.words(from.max(to) + count) }.copy_within(from..from + count, to);
            return;
        }
        // Word by word, as others read meanwhile.
        if to > from {
            for index in (0..count).rev() {
                self.put(to + index, self.get(from + index));
            }
        } else {
            for index in 0..count {
                self.put(to + index, self.get(from + index));
            }
        }
    }
    /// Overwrites a word without regard to the former one. Under the lock, or before the storage is published. Release: publishes the object.
    #[inline(always)]
    pub(crate) fn put(&self, index: usize, value: Value) {
        self.word(index).store(value.bits(), Ordering::Release);
    }
}
