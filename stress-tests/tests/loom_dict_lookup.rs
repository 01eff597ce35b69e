//! A key is looked up without a lock while keys come and go.
//!
//! The dict is `objects/src/dict/{table,hash_core}.rs` in small: tables of one and of two entries with three cells each, keys that are compared by identity
//! and have no header (interned names, small integers), values that the writer owns and the reader does not. One writer (it would
//! hold the lock), one reader. All keys collide.
#![cfg(loom)]

#[path = "containers/blocks.rs"]
mod blocks;

use blocks::{Block, Replaced, load_in, word};
use loom::sync::Arc;
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize};

const VACANT: isize = -1;
const DUMMY: isize = -2;
const KEY: u64 = 100;
const OTHER: u64 = 101;
const THIRD: u64 = 102;
/// Names of the values.
const ONE: u32 = 1;
const TWO: u32 = 2;
const STRANGER: u32 = 9;

struct Table {
    cells: [AtomicIsize; 3],
    entries: Vec<(AtomicU64, AtomicU64)>,
    filled: AtomicUsize,
}

struct Dict {
    tables: [Table; 2],
    current: AtomicUsize,
    version: AtomicUsize,
    blocks: Vec<Block>,
}

impl Table {
    fn new(capacity: usize) -> Table {
        Table {
            cells: std::array::from_fn(|_| AtomicIsize::new(VACANT)),
            entries: (0..capacity).map(|_| (AtomicU64::new(0), AtomicU64::new(0))).collect(),
            filled: AtomicUsize::new(0),
        }
    }
    /// `Table::append`, `free_cell`, `set_cell`.
    fn append(&self, key: u64, value: u64) {
        let entry = self.filled.load(Relaxed);
        self.entries[entry].1.store(value, Release);
        self.entries[entry].0.store(key, Release);
        self.filled.store(entry + 1, Release);
        let free = self.cells.iter().position(|cell| cell.load(Acquire) < 0).unwrap();
        self.cells[free].store(entry as isize, Release);
    }
}

impl Dict {
    /// `KEY: ONE` (block 0) in a table with room for `capacity` entries; block 1 is `TWO`.
    fn new(capacity: usize) -> Arc<Dict> {
        let dict = Dict {
            tables: [Table::new(capacity), Table::new(2)],
            current: AtomicUsize::new(0),
            version: AtomicUsize::new(1),
            blocks: vec![Block::new(ONE), Block::new(TWO)],
        };
        dict.tables[0].append(KEY, word(0));
        Arc::new(dict)
    }
    /// `HashCore::get`: the name of the value, used after the load.
    fn get(&self, key: u64) -> Option<u32> {
        'again: loop {
            let current = self.current.load(Acquire);
            let table = &self.tables[current];
            for cell in &table.cells {
                let entry = match cell.load(Acquire) {
                    VACANT => return None,
                    DUMMY => continue,
                    entry => entry as usize,
                };
                if table.entries[entry].0.load(Acquire) != key {
                    continue;
                }
                match load_in(&self.blocks, &table.entries[entry].1, || self.current.load(Acquire) == current)
                {
                    Ok(value) => return value.map(Block::name),
                    Err(Replaced) => {
                        thread::yield_now();
                        continue 'again;
                    }
                }
            }
            return None;
        }
    }
    /// `PyDict::cached_value`.
    fn cached(&self, version: usize, entry: usize) -> Option<u32> {
        let current = self.current.load(Acquire);
        let table = &self.tables[current];
        if entry >= table.entries.len() {
            return None;
        }
        let value = load_in(&self.blocks, &table.entries[entry].1, || self.current.load(Acquire) == current);
        let value = value.ok().flatten()?;
        if self.version.load(Acquire) == version { Some(value.name()) } else { None }
    }
    fn begin_change(&self) {
        self.version.store(0, Relaxed);
    }
    /// `HashCore::insert_absent`.
    fn insert(&self, key: u64, value: u64) {
        self.begin_change();
        let mut table = &self.tables[self.current.load(Acquire)];
        if table.filled.load(Relaxed) == table.entries.len() {
            let new = &self.tables[1];
            for (key, value) in &table.entries {
                if key.load(Acquire) != 0 {
                    new.append(key.load(Acquire), value.load(Acquire));
                }
            }
            self.current.swap(1, AcqRel);
            table = new;
        }
        table.append(key, value);
    }
    fn place(&self, key: u64) -> (&Table, usize, usize) {
        let table = &self.tables[self.current.load(Acquire)];
        let place = table.cells.iter().enumerate().find_map(|(at, cell)| {
            let entry = cell.load(Acquire);
            (entry >= 0 && table.entries[entry as usize].0.load(Acquire) == key)
                .then_some((at, entry as usize))
        });
        let (cell, entry) = place.unwrap();
        (table, cell, entry)
    }
    /// `HashCore::remove_at`: the former value's block.
    fn remove(&self, key: u64) -> &Block {
        self.begin_change();
        let (table, cell, entry) = self.place(key);
        table.cells[cell].store(DUMMY, Release);
        let value = table.entries[entry].1.swap(0, AcqRel);
        table.entries[entry].0.swap(0, AcqRel);
        &self.blocks[value as usize - 1]
    }
    /// Assignment to a key that is there: the former value's block.
    fn set(&self, key: u64, value: u64) -> &Block {
        let (table, _, entry) = self.place(key);
        let old = table.entries[entry].1.swap(value, AcqRel);
        &self.blocks[old as usize - 1]
    }
}

fn check(capacity: usize, write: fn(&Dict), read: fn(&Dict)) {
    check_prepared(capacity, |_| {}, write, read);
}

/// The reader is the spawned thread: with the roles exchanged, loom finds fewer interleavings.
fn check_prepared(capacity: usize, prepare: fn(&Dict), write: fn(&Dict), read: fn(&Dict)) {
    explore(3, move || {
        let dict = Dict::new(capacity);
        prepare(&dict);
        let reader = {
            let dict = dict.clone();
            thread::spawn(move || read(&dict))
        };
        write(&dict);
        reader.join().unwrap();
    });
}

#[test]
fn insert_with_resize() {
    check(
        1,
        |dict| dict.insert(OTHER, word(1)),
        |dict| {
            assert!(matches!(dict.get(OTHER), None | Some(TWO)));
            assert_eq!(dict.get(KEY), Some(ONE));
        },
    );
}

/// The old table goes on showing a value that the new one has lost, and whose block is another object by now.
#[test]
fn resize_then_assignment() {
    check(
        1,
        |dict| {
            dict.insert(OTHER, word(1));
            dict.set(KEY, word(1)).die_and_become(STRANGER);
        },
        |dict| assert!(matches!(dict.get(KEY), Some(ONE | TWO))),
    );
}

#[test]
fn resize_then_delete() {
    check(
        1,
        |dict| {
            dict.insert(OTHER, word(1));
            dict.remove(KEY).die_and_become(STRANGER);
        },
        |dict| assert!(matches!(dict.get(KEY), None | Some(ONE))),
    );
}

#[test]
fn delete() {
    check(
        2,
        |dict| dict.remove(KEY).die_and_become(STRANGER),
        |dict| assert!(matches!(dict.get(KEY), None | Some(ONE))),
    );
}

/// An entry never becomes another key's.
#[test]
fn delete_then_insert_another() {
    check(
        2,
        |dict| {
            dict.remove(KEY);
            dict.insert(OTHER, word(1));
        },
        |dict| assert!(matches!(dict.get(KEY), None | Some(ONE))),
    );
}

/// A key that stays is found whatever happens to the one before it in the sequence of cells.
#[test]
fn neighbours_come_and_go() {
    check_prepared(
        3,
        |dict| dict.insert(OTHER, word(1)),
        |dict| {
            dict.remove(KEY);
            dict.insert(KEY, word(0));
        },
        |dict| assert_eq!(dict.get(OTHER), Some(TWO)),
    );
}

/// A cached place is believed only while the set of keys is the same: compaction moves `OTHER` from place 1 to place 0.
#[test]
fn cached_place() {
    check_prepared(
        2,
        |dict| {
            dict.insert(OTHER, word(1));
            dict.remove(KEY);
            dict.version.store(2, Relaxed);
        },
        |dict| dict.insert(THIRD, word(0)),
        |dict| assert!(matches!(dict.cached(2, 1), None | Some(TWO))),
    );
}
