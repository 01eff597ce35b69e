//! Keys that only Python code can compare: a lookup lets go of everything, asks, and goes on if that is still possible.
//!
//! The dict is `objects/src/dict/hash_core.rs` (`look_up`, `locate`, `locate_comparing`) in small. All keys have one hash; they are
//! words, of which those of one ten are equal although not identical. Keys are counted in reality while they are compared, so a word never
//! means two of them. Values and the memory of tables are the business of `loom_dict_lookup` and `loom_qsbr`.
#![cfg(loom)]

use loom::sync::{Arc, Mutex, MutexGuard};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use taipan_threading::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize};

const VACANT: isize = -1;
const DUMMY: isize = -2;
/// Half of `changes`: see there.
const REPLACED: u64 = 1 << 32;
/// Two equal keys, and two of the same hash.
const KEY: u64 = 10;
const EQUAL: u64 = 11;
const OTHER: u64 = 20;
const THIRD: u64 = 30;

struct Table {
    /// Where the sequence of cells begins, as it depends on the size.
    start: usize,
    cells: [AtomicIsize; 3],
    entries: [(AtomicU64, AtomicU64); 3],
    filled: AtomicUsize,
    capacity: usize,
}

struct Dict {
    lock: Mutex<()>,
    tables: [Table; 3],
    current: AtomicUsize,
    changes: AtomicU64,
    /// How often the reader was at a safepoint.
    passed: AtomicUsize,
    /// The same when the first table was retired: its memory may be used again once the reader has passed another one.
    retired: AtomicUsize,
}

impl Table {
    fn new(start: usize, capacity: usize) -> Table {
        Table {
            start,
            cells: std::array::from_fn(|_| AtomicIsize::new(VACANT)),
            entries: std::array::from_fn(|_| (AtomicU64::new(0), AtomicU64::new(0))),
            filled: AtomicUsize::new(0),
            capacity,
        }
    }
    /// `cell`: a free one.
    fn append(&self, cell: usize, key: u64, value: u64) {
        let entry = self.filled.load(Relaxed);
        self.entries[entry].1.store(value, Release);
        self.entries[entry].0.store(key, Release);
        self.filled.store(entry + 1, Release);
        self.cells[cell].store(entry as isize, Release);
    }
    fn free_cell(&self) -> usize {
        let mut sequence = (self.start..self.start + 3).map(|at| at % 3);
        sequence.find(|&cell| self.cells[cell].load(Acquire) < 0).unwrap()
    }
    /// As fresh memory would be.
    fn wipe(&self) {
        for cell in &self.cells {
            cell.store(VACANT, Relaxed);
        }
        for (key, value) in &self.entries {
            key.store(0, Relaxed);
            value.store(0, Relaxed);
        }
        self.filled.store(0, Relaxed);
    }
}

/// Where a lookup is.
struct Probe {
    at: usize,
    left: usize,
}

impl Probe {
    fn new(table: &Table) -> Probe {
        Probe { at: table.start, left: 3 }
    }
    fn advance(&mut self) {
        self.at = (self.at + 1) % 3;
        self.left -= 1;
    }
}

enum Step {
    Absent,
    /// The entry, and its key, with which Python code compares.
    Compare(usize, u64),
}

fn equal(a: u64, b: u64) -> bool {
    a / 10 == b / 10
}

impl Dict {
    /// The keys with value 1 in a table for `capacity` entries.
    fn new(capacity: usize, keys: &[u64]) -> Arc<Dict> {
        let dict = Dict {
            lock: Mutex::new(()),
            tables: [Table::new(0, capacity), Table::new(1, 3), Table::new(2, 3)],
            current: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            passed: AtomicUsize::new(0),
            retired: AtomicUsize::new(0),
        };
        for &key in keys {
            dict.tables[0].append(dict.tables[0].free_cell(), key, 1);
        }
        Arc::new(dict)
    }
    fn table(&self) -> &Table {
        &self.tables[self.current.load(Acquire)]
    }
    fn changes(&self) -> u64 {
        self.changes.load(Acquire)
    }
    fn find(table: &Table, probe: &mut Probe) -> Step {
        while probe.left > 0 {
            match table.cells[probe.at].load(Acquire) {
                VACANT => return Step::Absent,
                DUMMY => {}
                entry => match table.entries[entry as usize].0.load(Acquire) {
                    0 => {}
                    key => return Step::Compare(entry as usize, key),
                },
            }
            probe.advance();
        }
        Step::Absent
    }
    /// `HashCore::look_up`, whose comparisons are safepoints.
    fn get(&self, wanted: u64) -> Option<u64> {
        'again: loop {
            let replaced = self.changes() / REPLACED;
            let address = self.current.load(Acquire);
            let mut table = &self.tables[address];
            let mut probe = Probe::new(table);
            loop {
                let Step::Compare(entry, candidate) = Dict::find(table, &mut probe) else { return None };
                self.passed.fetch_add(1, AcqRel);
                let equal = equal(candidate, wanted);
                let now = self.current.load(Acquire);
                table = &self.tables[now];
                if self.changes() / REPLACED != replaced || now != address {
                    thread::yield_now();
                    continue 'again;
                }
                if equal {
                    return Some(table.entries[entry].1.load(Acquire)).filter(|&value| value != 0);
                }
                probe.advance();
            }
        }
    }
    /// `HashCore::locate`, comparisons included: `act` gets the cell, and the entry if the key was found.
    fn locate(&self, wanted: u64, act: impl Fn(&Dict, usize, Option<usize>)) {
        let mut section: MutexGuard<'_, ()> = self.lock.lock().unwrap();
        let mut probe = Probe::new(self.table());
        loop {
            let Step::Compare(entry, candidate) = Dict::find(self.table(), &mut probe) else {
                return act(self, self.table().free_cell(), None);
            };
            let changes = self.changes();
            drop(section);
            let equal = equal(candidate, wanted);
            section = self.lock.lock().unwrap();
            let now = self.changes();
            let there = self.table().entries[entry].0.load(Acquire) == candidate;
            if equal && now / REPLACED == changes / REPLACED && there {
                return act(self, probe.at, Some(entry));
            }
            if equal || now != changes {
                probe = Probe::new(self.table());
            } else {
                probe.advance();
            }
        }
    }
    /// The lock is held. A new table with the keys that are left.
    fn replace_table(&self) {
        let old = self.table();
        let first = self.current.load(Relaxed) == 0;
        let reuse = !first && self.passed.load(Acquire) > self.retired.load(Relaxed);
        let new = if first {
            1
        } else if reuse {
            0
        } else {
            2
        };
        self.tables[new].wipe();
        for (key, value) in &old.entries[..old.filled.load(Relaxed)] {
            if key.load(Acquire) != 0 {
                let cell = self.tables[new].free_cell();
                self.tables[new].append(cell, key.load(Acquire), value.load(Acquire));
            }
        }
        self.current.swap(new, SeqCst);
        if first {
            // A look as that of `loom_qsbr`.
            self.retired.store(self.passed.fetch_add(0, AcqRel), Relaxed);
        }
        self.changes.store(self.changes.load(Relaxed) + REPLACED, Release);
    }
    fn count_change(&self) {
        self.changes.store(self.changes.load(Relaxed) + 1, Release);
    }
    /// Assignment.
    fn set(&self, key: u64, value: u64) {
        self.locate(key, |dict, cell, found| match found {
            Some(entry) => drop(dict.table().entries[entry].1.swap(value, SeqCst)),
            None => {
                let full = dict.table().filled.load(Relaxed) == dict.table().capacity;
                if full {
                    dict.replace_table();
                }
                let cell = if full { dict.table().free_cell() } else { cell };
                dict.table().append(cell, key, value);
                dict.count_change();
            }
        });
    }
    /// Deletion, if the key is there.
    fn delete(&self, key: u64) {
        self.locate(key, |dict, cell, found| {
            if let Some(entry) = found {
                let table = dict.table();
                table.cells[cell].store(DUMMY, Release);
                table.entries[entry].1.swap(0, SeqCst);
                table.entries[entry].0.swap(0, SeqCst);
                dict.count_change();
            }
        });
    }
    /// After all: values of the keys of `wanted`'s kind, by the entries and by lookup.
    fn values(&self, wanted: u64) -> Vec<u64> {
        let table = self.table();
        for (key, value) in &table.entries {
            // No value without a key.
            assert!(key.load(Acquire) != 0 || value.load(Acquire) == 0);
        }
        let of = |(key, value): &(AtomicU64, AtomicU64)| {
            (key.load(Acquire) / 10 == wanted / 10).then(|| value.load(Acquire))
        };
        let values: Vec<u64> = table.entries[..table.filled.load(Acquire)].iter().filter_map(of).collect();
        assert_eq!(self.get(wanted), values.first().copied());
        values
    }
}

/// The second thread is spawned; `end` looks at what came out.
fn check(capacity: usize, keys: &'static [u64], one: fn(&Dict), other: fn(&Dict), end: fn(&Dict)) {
    explore(3, move || {
        let dict = Dict::new(capacity, keys);
        let thread = {
            let dict = dict.clone();
            thread::spawn(move || other(&dict))
        };
        one(&dict);
        thread.join().unwrap();
        end(&dict);
    });
}

/// Both find only a stranger, and ask Python code about it; the cell before the stranger's is free.
#[test]
fn two_writers_of_equal_keys() {
    check(
        3,
        &[OTHER, THIRD],
        |dict| {
            dict.delete(OTHER);
            dict.set(KEY, 2);
        },
        |dict| dict.set(EQUAL, 3),
        |dict| {
            assert!(matches!(dict.values(KEY)[..], [2 | 3]));
            assert_eq!(dict.values(THIRD), [1]);
        },
    );
}

/// While one compares with a key, that key goes: its entry is nobody's from then on.
#[test]
fn assignment_against_deletion() {
    check(
        2,
        &[KEY],
        |dict| dict.set(EQUAL, 2),
        |dict| {
            dict.delete(KEY);
            dict.set(OTHER, 3);
        },
        |dict| {
            assert!(matches!(dict.values(KEY)[..], [] | [2]));
            assert_eq!(dict.values(OTHER), [3]);
        },
    );
}

/// While one compares with a key, the table grows: the entry keeps its number, but its former cell is another key's.
#[test]
fn deletion_against_growth() {
    check(
        2,
        &[KEY, THIRD],
        |dict| dict.delete(EQUAL),
        |dict| dict.set(OTHER, 3),
        |dict| {
            assert_eq!(dict.values(KEY), []);
            assert_eq!(dict.values(THIRD), [1]);
            assert_eq!(dict.values(OTHER), [3]);
        },
    );
}

/// While one compares with the first key, that goes, and the table is replaced twice: it may be at the old address again, but its cells are others.
#[test]
fn lookup_against_a_table_at_the_same_address() {
    check(
        2,
        &[OTHER, KEY],
        |dict| {
            dict.delete(OTHER);
            let section = dict.lock.lock().unwrap();
            dict.replace_table();
            dict.replace_table();
            drop(section);
        },
        |dict| assert_eq!(dict.get(EQUAL), Some(1)),
        |dict| assert_eq!(dict.values(KEY), [1]),
    );
}
