//! Tables of names without values, of which dicts of instances are made: a copy of the words, then the values.

use taipan_gc::{Obj, Value};
use taipan_threading::sync::atomic::Ordering;

use super::{HashCore, Place};
use crate::dict::table::{Probe, Table, log2_for};
use crate::str::PyStr;

/// Words of an entry: hash, key, value.
const STRIDE: u8 = 3;

/// Interned strings, no two of them the same, with their hashes and cells. Nobody writes to it.
pub(crate) struct NameTable(*mut Table);

// SAFETY: the table is not written any more, and what it refers to is immortal.
unsafe impl Send for NameTable {}
// SAFETY: as above.
unsafe impl Sync for NameTable {}

impl NameTable {
    pub(crate) fn new<'a>(names: impl ExactSizeIterator<Item = &'a PyStr>) -> NameTable {
        if names.len() == 0 {
            return NameTable(Table::empty());
        }
        let table = Table::allocate(log2_for(names.len()), STRIDE);
        // SAFETY: just made, and nobody else's.
        let to = unsafe { &*table };
        for name in names {
            let hash = name.python_hash();
            let cell = to.free_cell(hash);
            let key = Value::from_ptr(std::ptr::from_ref(name).cast());
            to.set_cell(cell, to.append(hash, key, Value::EMPTY) as isize);
        }
        NameTable(table)
    }

    /// The names with the values that `value` gives by their numbers, and whether it gave all. Names without are left out.
    #[inline]
    pub(crate) fn with_values(&self, mut value: impl FnMut(usize) -> Option<Obj>) -> (HashCore, bool) {
        let core = HashCore::new(STRIDE);
        // SAFETY: it lives as long as this.
        let names = unsafe { &*self.0 };
        let count = names.filled();
        if count == 0 {
            return (core, true);
        }
        let copy = names.copy_words(count);
        // SAFETY: just made. The keys are immortal: they need no count.
        let table = unsafe { &*copy };
        let mut given = 0;
        for entry in 0..count {
            if let Some(value) = value(entry) {
                table.fill_value(entry, value.into_counted());
                given += 1;
            }
        }
        core.table.store(copy, Ordering::Relaxed);
        core.used.store(count, Ordering::Relaxed);
        if given < count {
            core.remove_without_value();
        }
        (core, given == count)
    }
}

impl Drop for NameTable {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { Table::free(self.0) }
    }
}

impl HashCore {
    /// Removes the entries that have no value, while the table is nobody else's.
    #[cold]
    fn remove_without_value(&self) {
        let table = self.table();
        for entry in (0..table.filled()).filter(|entry| table.value(*entry).is_empty()) {
            let mut probe = Probe::new(table, table.hash(entry));
            while table.cell(probe.at) != entry as isize {
                probe.advance(table);
            }
            drop(self.remove_at(Place { cell: probe.at, entry }));
        }
    }
}
