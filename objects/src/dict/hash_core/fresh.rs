//! Filling a table that nobody else knows: no lock, no caches to be told, no version.

use taipan_gc::{Obj, Value};
use taipan_threading::sync::atomic::Ordering;

use super::HashCore;
use crate::dict::table::{Table, log2_for};
use crate::str::PyStr;

impl HashCore {
    /// With room for `entries` keys.
    pub(crate) fn with_capacity(stride: u8, entries: usize) -> HashCore {
        let core = HashCore::new(stride);
        if entries > 0 {
            core.table.store(Table::allocate(log2_for(entries), stride), Ordering::Relaxed);
        }
        core
    }
    /// Keys without values that are known to be different, with their hashes.
    pub(crate) fn of_distinct(keys: Vec<(i64, Obj)>) -> HashCore {
        let core = HashCore::new(2);
        let most = keys.len();
        for (hash, key) in keys {
            core.append_distinct(most, hash, key.into_counted());
        }
        core.end_distinct();
        core
    }
    /// `count` interned strings, no two of them the same, with their values.
    pub(crate) fn of_names<'a>(count: usize, pairs: impl Iterator<Item = (&'a Obj, Obj)>) -> HashCore {
        let core = HashCore::with_capacity(3, count);
        let table = core.table();
        for (name, value) in pairs.take(count) {
            let Some(text) = name.downcast::<PyStr>() else { continue };
            let hash = text.python_hash();
            let cell = table.free_cell(hash);
            let entry = table.append(hash, name.clone().into_counted(), value.into_counted());
            table.set_cell(cell, entry as isize);
        }
        core.used.store(table.filled(), Ordering::Relaxed);
        core
    }
    /// Adds a key (a word that owns its reference) that is known to be absent, one of `most` at most. It is not found before [`HashCore::end_distinct`].
    #[inline(always)]
    pub(crate) fn append_distinct(&self, most: usize, hash: i64, key: Value) {
        let mut table = self.table();
        if table.is_empty_table() {
            self.table.store(Table::allocate(log2_for(most), self.stride), Ordering::Relaxed);
            table = self.table();
        }
        table.append(hash, key, Value::EMPTY);
    }
    /// After the last [`HashCore::append_distinct`].
    #[inline]
    pub(crate) fn end_distinct(&self) {
        let table = self.table();
        let count = table.filled();
        self.used.store(count, Ordering::Relaxed);
        if count == 0 {
            return;
        }
        if table.is_much_larger_than(count) {
            self.resize(1 << log2_for(count));
        } else {
            table.index_entries();
        }
    }
    /// Makes room for `more` keys, as much as if they were all absent.
    #[inline]
    pub(crate) fn make_room(&self, more: usize) {
        let entries = self.used.load(Ordering::Relaxed) + more;
        if entries > self.table().capacity {
            self.resize(1 << log2_for(entries));
        }
    }
    /// Adds a key (a word that owns its reference) that is absent.
    #[inline(always)]
    pub(crate) fn append_absent(&self, hash: i64, key: Value) {
        let mut table = self.table();
        if table.filled() == table.capacity {
            self.grow();
            table = self.table();
        }
        let cell = table.free_cell(hash);
        let entry = table.append(hash, key, Value::EMPTY);
        table.set_cell(cell, entry as isize);
        self.used.store(self.used.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}
