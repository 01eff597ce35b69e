//! The storage of dicts and sets: an index of small integers and the entries in order of insertion, in one allocation.
//!
//! ```text
//! | header | index: 1 << log2 cells of 1, 2, 4 or 8 bytes | entries: capacity × (hash, key [, value]) |
//! ```
//!
//! A cell holds an entry's number, [`VACANT`] or [`DUMMY`] (deleted). An entry is never reused for another key: a deleted one
//! has an empty value and key until compaction copies the others to a new table. Cells never become vacant again.
//!
//! | field | written | read |
//! | --- | --- | --- |
//! | cells | under the object's lock; a new entry's last of all (Release) | anyone (Acquire) |
//! | `hash` | before its key is stored | anyone who saw the key or the cell |
//! | key, value | under the lock: exchange, or store where empty | anyone, by the foreign-load protocol and a look whether the table is still current |
//! | `filled`, `live_end`, `live_start` | under the lock | anyone (Acquire) |
//!
//! A table that is replaced is *frozen*: the references in it belong to its successor (or were dropped), and its memory goes through QSBR.

use std::alloc::Layout;

use taipan_gc::{Obj, Slot, Tracer, Value};
use taipan_threading::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering,
};

/// A cell that was never used.
pub(crate) const VACANT: isize = -1;
/// A cell whose entry was deleted.
pub(crate) const DUMMY: isize = -2;
/// Log2 of the smallest index.
pub(crate) const MIN_LOG2: u8 = 3;

/// Header of a table; see the module.
#[repr(C, align(8))]
pub(crate) struct Table {
    log2: u8,
    /// Log2 of a cell's bytes.
    width: u8,
    /// Words of an entry: 2 without, 3 with a value.
    stride: u8,
    /// Words from here to the entries.
    entries: u32,
    /// Number of entries there is room for.
    pub(crate) capacity: usize,
    /// Entries used so far, deleted ones included.
    filled: AtomicUsize,
    /// All entries from here to `filled` are deleted.
    live_end: AtomicUsize,
    /// All entries before this one are deleted.
    live_start: AtomicUsize,
}

const HEADER: usize = size_of::<Table>();

/// The table of every empty dict and set: full from the start.
#[repr(C)]
struct EmptyTable {
    table: Table,
    cells: [AtomicI8; 8],
}

static EMPTY: EmptyTable = EmptyTable {
    table: Table {
        log2: MIN_LOG2,
        width: 0,
        stride: 3,
        entries: 0,
        capacity: 0,
        filled: AtomicUsize::new(0),
        live_end: AtomicUsize::new(0),
        live_start: AtomicUsize::new(0),
    },
    cells: [const { AtomicI8::new(VACANT as i8) }; 8],
};

/// Room for entries in an index of `1 << log2` cells.
pub(crate) const fn usable(log2: u8) -> usize {
    ((1usize << log2) << 1) / 3
}

/// The smallest index that has room for `entries`.
#[inline]
pub(crate) fn log2_for(entries: usize) -> u8 {
    let mut log2 = MIN_LOG2;
    while usable(log2) < entries {
        log2 += 1;
    }
    log2
}

const fn width_for(log2: u8) -> u8 {
    match log2 {
        0..=7 => 0,
        8..=15 => 1,
        16..=31 => 2,
        _ => 3,
    }
}

/// Words in front of the entries. Fits: an index of 32 GiB is beyond what memory there is for its entries.
const fn entries_offset(log2: u8) -> u32 {
    ((HEADER + (1usize << log2 << width_for(log2))) / 8) as u32
}

/// Bytes of a table.
const fn bytes(log2: u8, stride: u8) -> usize {
    HEADER + (1usize << log2 << width_for(log2)) + usable(log2) * stride as usize * 8
}

#[inline(always)]
fn layout(log2: u8, stride: u8) -> Layout {
    // Sizes were checked by who grows (see `HashCore::grow`); an impossible one makes the allocator fail.
    Layout::from_size_align(bytes(log2, stride), 8).unwrap_or(Layout::new::<Table>())
}

impl Table {
    /// The shared empty table, which is never written.
    #[inline(always)]
    pub(crate) fn empty() -> *mut Table {
        std::ptr::from_ref(&EMPTY).cast::<Table>().cast_mut()
    }
    #[inline(always)]
    pub(crate) fn is_empty_table(&self) -> bool {
        std::ptr::eq(self, std::ptr::from_ref(&EMPTY).cast::<Table>())
    }
    /// A new table, owned by the caller.
    #[inline]
    pub(crate) fn allocate(log2: u8, stride: u8) -> *mut Table {
        match (log2, stride) {
            (MIN_LOG2, 2) => Self::allocate_smallest::<{ bytes(MIN_LOG2, 2) }>(2),
            (MIN_LOG2, 3) => Self::allocate_smallest::<{ bytes(MIN_LOG2, 3) }>(3),
            _ => Self::allocate_any(log2, stride),
        }
    }
    fn allocate_any(log2: u8, stride: u8) -> *mut Table {
        let layout = layout(log2, stride);
        // SAFETY: the layout is not empty, and of a table of this kind. Zeroed entries are empty ones.
        unsafe { Self::begin(std::alloc::alloc_zeroed(layout), layout, log2, stride) }
    }
    /// [`Table::allocate`] where all sizes are known, which are `BYTES` in all.
    #[inline(never)]
    fn allocate_smallest<const BYTES: usize>(stride: u8) -> *mut Table {
        const { assert!(BYTES.is_multiple_of(8)) };
        let layout = const {
            match Layout::from_size_align(BYTES, 8) {
                Ok(layout) => layout,
                Err(_) => panic!("a table of no size"),
            }
        };
        // SAFETY: as above.
        unsafe {
            let memory = std::alloc::alloc(layout);
            if !memory.is_null() {
                // Not `write_bytes`, which is a call.
                for word in 0..BYTES / 8 {
                    memory.cast::<u64>().add(word).write(0);
                }
            }
            Self::begin(memory, layout, MIN_LOG2, stride)
        }
    }
    /// Makes `memory` an empty table.
    ///
    /// # Safety
    /// It is zeroed, and of `layout`, that of such a table; or null.
    #[inline(always)]
    unsafe fn begin(memory: *mut u8, layout: Layout, log2: u8, stride: u8) -> *mut Table {
        if memory.is_null() {
            std::alloc::handle_alloc_error(layout);
        }
        // SAFETY: as the caller says.
        unsafe {
            memory.cast::<Table>().write(Table {
                log2,
                width: width_for(log2),
                stride,
                entries: entries_offset(log2),
                capacity: usable(log2),
                filled: AtomicUsize::new(0),
                live_end: AtomicUsize::new(0),
                live_start: AtomicUsize::new(0),
            });
            // VACANT is all ones at every width.
            memory.add(HEADER).write_bytes(0xff, 1usize << log2 << width_for(log2));
        }
        memory.cast()
    }
    /// Bytes of the whole allocation; 0 for the shared empty table.
    pub(crate) fn bytes(&self) -> usize {
        if self.is_empty_table() { 0 } else { layout(self.log2, self.stride).size() }
    }
    /// Frees the memory, not the references.
    ///
    /// # Safety
    /// Nobody can read the table any more.
    pub(crate) unsafe fn free(table: *mut Table) {
        // SAFETY: as the caller says; `allocate` used this layout.
        unsafe {
            if !(*table).is_empty_table() {
                let layout = layout((*table).log2, (*table).stride);
                #[cfg(feature = "poison")]
                table.cast::<u8>().write_bytes(crate::layout::POISON, layout.size());
                std::alloc::dealloc(table.cast(), layout);
            }
        }
    }
    /// Frees the memory, not the references, when no thread can be reading it any more.
    ///
    /// # Safety
    /// The table was unpublished, and the caller owns it.
    pub(crate) unsafe fn retire(table: *mut Table) {
        unsafe fn dealloc(pointer: *mut u8, _bytes: usize) {
            // SAFETY: `retire` passed a table that nobody reads any more.
            unsafe { Table::free(pointer.cast()) }
        }
        // SAFETY: as the caller says.
        unsafe {
            if (*table).is_empty_table() {
                return;
            }
            if !taipan_threading::multi_threaded() {
                return Table::free(table);
            }
            let bytes = (*table).bytes();
            taipan_threading::qsbr::retire_raw(table.cast(), dealloc, bytes);
        }
    }

    #[inline(always)]
    pub(crate) fn mask(&self) -> usize {
        (1 << self.log2) - 1
    }
    #[inline(always)]
    pub(crate) fn filled(&self) -> usize {
        self.filled.load(Ordering::Acquire)
    }
    #[inline(always)]
    pub(crate) fn live_end(&self) -> usize {
        self.live_end.load(Ordering::Acquire)
    }
    pub(crate) fn set_live_end(&self, end: usize) {
        self.live_end.store(end, Ordering::Release);
    }
    pub(crate) fn live_start(&self) -> usize {
        self.live_start.load(Ordering::Acquire)
    }
    pub(crate) fn set_live_start(&self, start: usize) {
        self.live_start.store(start, Ordering::Release);
    }
    #[inline(always)]
    fn cells(&self) -> *const u8 {
        // SAFETY: the index follows the header.
        unsafe { std::ptr::from_ref(self).cast::<u8>().add(HEADER) }
    }
    /// Cell `at` (masked). Acquire: pairs with `set_cell`, so the entry is visible.
    #[inline(always)]
    pub(crate) fn cell(&self, at: usize) -> isize {
        debug_assert!(at <= self.mask());
        let cells = self.cells();
        // SAFETY: `at` is within the index, whose cells have this width.
        unsafe {
            match self.width {
                0 => (*cells.cast::<AtomicI8>().add(at)).load(Ordering::Acquire) as isize,
                1 => (*cells.cast::<AtomicI16>().add(at)).load(Ordering::Acquire) as isize,
                2 => (*cells.cast::<AtomicI32>().add(at)).load(Ordering::Acquire) as isize,
                _ => (*cells.cast::<AtomicI64>().add(at)).load(Ordering::Acquire) as isize,
            }
        }
    }
    /// Sets cell `at`; under the lock. Release: publishes the entry.
    #[inline(always)]
    pub(crate) fn set_cell(&self, at: usize, value: isize) {
        let cells = self.cells();
        // SAFETY: as in `cell`.
        unsafe {
            match self.width {
                0 => (*cells.cast::<AtomicI8>().add(at)).store(value as i8, Ordering::Release),
                1 => (*cells.cast::<AtomicI16>().add(at)).store(value as i16, Ordering::Release),
                2 => (*cells.cast::<AtomicI32>().add(at)).store(value as i32, Ordering::Release),
                _ => (*cells.cast::<AtomicI64>().add(at)).store(value as i64, Ordering::Release),
            }
        }
    }
    #[inline(always)]
    fn word(&self, entry: usize, word: usize) -> &AtomicU64 {
        debug_assert!(entry < self.capacity && word < self.stride as usize);
        // SAFETY: the entries follow the index; in bounds.
        unsafe { &*self.at_entries().add(entry * self.stride as usize + word) }
    }
    #[inline(always)]
    fn at_entries(&self) -> *const AtomicU64 {
        // SAFETY: the entries follow the index.
        unsafe { std::ptr::from_ref(self).cast::<AtomicU64>().add(self.entries as usize) }
    }
    #[inline(always)]
    fn slot(&self, entry: usize, word: usize) -> &Slot {
        // SAFETY: a `Slot` is one such word, and these words are used as slots only.
        unsafe { &*std::ptr::from_ref(self.word(entry, word)).cast::<Slot>() }
    }
    #[inline(always)]
    pub(crate) fn hash(&self, entry: usize) -> i64 {
        self.word(entry, 0).load(Ordering::Relaxed) as i64
    }
    #[inline(always)]
    pub(crate) fn key(&self, entry: usize) -> &Slot {
        self.slot(entry, 1)
    }
    /// Only for tables with values.
    #[inline(always)]
    pub(crate) fn value(&self, entry: usize) -> &Slot {
        debug_assert!(entry < self.capacity && self.has_values());
        // SAFETY: a `Slot` is one of the words of the entry, which is in bounds; they have three words each.
        unsafe { &*self.at_entries().add(entry * 3 + 2).cast::<Slot>() }
    }
    #[inline(always)]
    pub(crate) fn has_values(&self) -> bool {
        self.stride == 3
    }

    /// Appends an entry and returns its number, without a cell yet. Under the lock; there is room.
    #[inline]
    pub(crate) fn append(&self, hash: i64, key: Value, value: Value) -> usize {
        let entry = self.filled.load(Ordering::Relaxed);
        self.word(entry, 0).store(hash as u64, Ordering::Relaxed);
        if self.has_values() {
            self.word(entry, 2).store(value.bits(), Ordering::Release);
        }
        self.word(entry, 1).store(key.bits(), Ordering::Release);
        self.filled.store(entry + 1, Ordering::Release);
        self.live_end.store(entry + 1, Ordering::Release);
        entry
    }
    /// Copies the first `count` entries of `from`, a table of the same kind, as words. The table is nobody else's yet, has room and is empty.
    ///
    /// # Safety
    /// The caller sees to it that the references in the two are counted as often as they are owned, and nobody writes to `from` meanwhile.
    pub(crate) unsafe fn take_words(&self, from: &Table, count: usize) {
        debug_assert!(
            count == 0 || (self.stride == from.stride && count <= self.capacity && count <= from.capacity)
        );
        // SAFETY: both have room for `count` entries of that many words; nobody else writes to either.
        unsafe {
            let words = count * self.stride as usize;
            self.at_entries()
                .cast_mut()
                .cast::<u64>()
                .copy_from_nonoverlapping(from.at_entries().cast(), words);
        }
        self.filled.store(count, Ordering::Relaxed);
        self.live_end.store(count, Ordering::Relaxed);
    }
    /// Enters all entries, none of which is deleted, into the index, which is empty. The table is nobody else's yet.
    pub(crate) fn index_entries(&self) {
        match self.width {
            0 => self.index_by::<i8>(|entry| entry as i8),
            1 => self.index_by::<i16>(|entry| entry as i16),
            2 => self.index_by::<i32>(|entry| entry as i32),
            _ => self.index_by::<i64>(|entry| entry as i64),
        }
    }
    #[inline(always)]
    fn index_by<C: Copy + PartialEq>(&self, cell: impl Fn(isize) -> C) {
        let cells = self.cells().cast::<C>().cast_mut();
        let vacant = cell(VACANT);
        for entry in 0..self.filled.load(Ordering::Relaxed) {
            let mut probe = Probe::new(self, self.hash(entry));
            // SAFETY: within the index, whose cells have this width; nobody else knows the table.
            unsafe {
                while *cells.add(probe.at) != vacant {
                    probe.advance(self);
                }
                *cells.add(probe.at) = cell(entry as isize);
            }
        }
    }
    /// Whether `used` entries need less than half of the room.
    pub(crate) fn is_much_larger_than(&self, used: usize) -> bool {
        log2_for(used) + 1 < self.log2
    }
    /// A table of the same size with the same words, whose references were counted for it; `None` if entries were deleted, or if `used` entries do not
    /// need one of that size. Under the lock.
    pub(crate) fn duplicate(&self, used: usize) -> Option<*mut Table> {
        if self.is_empty_table() || self.filled() != used || self.is_much_larger_than(used) {
            return None;
        }
        let copy = self.copy_words(used);
        // SAFETY: just made.
        unsafe { &*copy }.count_references();
        Some(copy)
    }
    /// A table with the same words, of which `used` entries are; the caller counts the references. Under the lock, or nobody writes to this table any more.
    #[inline]
    pub(crate) fn copy_words(&self, used: usize) -> *mut Table {
        let layout = layout(self.log2, self.stride);
        let head = (self.entries as usize + used * self.stride as usize) * 8;
        // SAFETY: the layout is not empty; nobody writes to this table, says the caller; the words behind the used ones are empty.
        unsafe {
            let copy = std::alloc::alloc(layout);
            if copy.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            copy.copy_from_nonoverlapping(std::ptr::from_ref(self).cast(), head);
            copy.add(head).write_bytes(0, layout.size() - head);
            copy.cast::<Table>()
        }
    }
    /// Fills the empty value of an entry with a word that owns its reference. The table is nobody else's yet.
    #[inline(always)]
    pub(crate) fn fill_value(&self, entry: usize, value: Value) {
        self.word(entry, 2).store(value.bits(), Ordering::Relaxed);
    }
    /// Counts the references in a table that is nobody else's yet, whose words were copied from one that is locked.
    pub(crate) fn count_references(&self) {
        for entry in 0..self.filled.load(Ordering::Relaxed) {
            for word in 1..self.stride as usize {
                let slot = self.slot(entry, word);
                if slot.peek().is_ptr()
                    && let Some(object) = Self::borrow(slot)
                {
                    self.word(entry, word).store(object.into_counted().bits(), Ordering::Relaxed);
                }
            }
        }
    }
    /// Finds a cell for a new entry of this hash. Under the lock, or before the table is published.
    #[inline]
    pub(crate) fn free_cell(&self, hash: i64) -> usize {
        let mut probe = Probe::new(self, hash);
        while self.cell(probe.at) >= 0 {
            probe.advance(self);
        }
        probe.at
    }
    /// A key or value that cannot go away now (under the lock, or the table is nobody else's), as an uncounted reference.
    #[inline(always)]
    pub(crate) fn borrow(slot: &Slot) -> Option<Obj> {
        // SAFETY: uncounted, and alive as long as the caller's exclusion lasts.
        unsafe { Obj::from_value(slot.peek().uncounted()) }
    }
    pub(crate) fn trace(&self, tracer: &mut Tracer<'_>) {
        for entry in 0..self.filled() {
            self.key(entry).trace(tracer);
            if self.has_values() {
                self.value(entry).trace(tracer);
            }
        }
    }
    /// Drops all references in the table, which stay readable as words. Runs Python code.
    ///
    /// # Safety
    /// The references are the caller's to drop: the table was unpublished and is nobody else's.
    pub(crate) unsafe fn drop_references(&self) {
        let filled = self.filled();
        for entry in 0..filled {
            let key = self.key(entry).peek();
            if self.has_values() {
                let value = self.value(entry).peek();
                if value.is_counted() {
                    // SAFETY: the table owned it, says the caller.
                    drop(unsafe { Obj::from_value(value) });
                }
            }
            if key.is_counted() {
                // SAFETY: as above.
                drop(unsafe { Obj::from_value(key) });
            }
        }
    }
}

/// A position in the sequence of cells in which a hash is looked for (CPython's recurrence).
#[derive(Clone, Copy)]
pub(crate) struct Probe {
    pub(crate) at: usize,
    perturb: u64,
    /// The first cell on the way whose entry was deleted; `usize::MAX`: none.
    deleted: usize,
}

impl Probe {
    #[inline(always)]
    pub(crate) fn new(table: &Table, hash: i64) -> Probe {
        Probe { at: hash as usize & table.mask(), perturb: hash as u64, deleted: usize::MAX }
    }
    /// Goes on from a cell whose entry was deleted.
    #[inline(always)]
    pub(crate) fn pass_deleted(&mut self, table: &Table) {
        if self.deleted == usize::MAX {
            self.deleted = self.at;
        }
        self.advance(table);
    }
    /// The cell for a new key after a search that ended at a vacant one: a deleted one's if there was any, so that searches do not get longer with
    /// every key that comes and goes.
    #[inline(always)]
    pub(crate) fn free_cell(&self) -> usize {
        if self.deleted == usize::MAX { self.at } else { self.deleted }
    }
    #[inline(always)]
    pub(crate) fn advance(&mut self, table: &Table) {
        self.perturb >>= 5;
        self.at =
            (self.at.wrapping_mul(5).wrapping_add(self.perturb as usize).wrapping_add(1)) & table.mask();
    }
}
