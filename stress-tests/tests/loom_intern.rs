//! The intern table: of two threads that intern the same text one object wins and both get it; a lookup finds it immortal or not at all;
//! interning an object whose references other threads are giving up.
//!
//! The table is `objects/src/str/intern.rs` in small: one shard of the map, looked up under its read lock and filled under its write
//! lock. Counts are the heap's own code (`gc/src/refcount/protocol.rs` over loom's atomics).
#![cfg(loom)]

use loom::sync::{Arc, Mutex, RwLock};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicUsize};

mod atomic {
    pub use taipan_threading::sync::atomic::*;
    pub use taipan_threading::sync::between_seq_cst;
}
#[allow(dead_code)]
#[path = "../../gc/src/refcount/protocol.rs"]
mod protocol;
use protocol::{Death, Dropped};

const IMMORTAL: u32 = u32::MAX;
const INTERNED: u8 = 64;
const TEXT: u32 = 7;

/// A string object.
struct Text {
    local: AtomicU32,
    shared: AtomicI32,
    owner: AtomicU16,
    flags: AtomicU8,
    /// The characters: written once by the maker, and by the freeing.
    body: UnsafeCell<u32>,
    freed: AtomicUsize,
    /// The owner's merge queue: number of references.
    queue: Mutex<usize>,
}

// SAFETY: that uses of the body do not meet writes is what loom checks.
unsafe impl Sync for Text {}
// SAFETY: as above.
unsafe impl Send for Text {}

impl Text {
    /// An object of thread `owner` with `references` counted for it.
    fn new(owner: u16, references: u32) -> Text {
        Text {
            local: AtomicU32::new(references),
            shared: AtomicI32::new(protocol::DEFAULT),
            owner: AtomicU16::new(owner),
            flags: AtomicU8::new(0),
            body: UnsafeCell::new(0),
            freed: AtomicUsize::new(0),
            queue: Mutex::new(0),
        }
    }
    fn write(&self) {
        // SAFETY: not shared yet, says loom.
        self.body.with_mut(|body| unsafe { *body = TEXT });
    }
    fn read(&self) -> u32 {
        // SAFETY: loom checks that it is not written meanwhile.
        self.body.with(|body| unsafe { *body })
    }
    fn is_immortal(&self) -> bool {
        self.local.load(Relaxed) == IMMORTAL
    }
    fn free(&self) {
        // SAFETY: loom checks that nobody uses it.
        self.body.with_mut(|body| unsafe { *body = 0 });
        self.freed.fetch_add(1, Relaxed);
    }
    /// `decref` by thread `me`.
    fn drop_reference(&self, me: u16) {
        let local = self.local.load(Relaxed);
        if local == IMMORTAL {
            return;
        }
        if self.owner.load(Relaxed) == me {
            self.local.store(local - 1, Relaxed);
            if local == 1 && protocol::merge_zero_local(&self.owner, &self.shared) {
                self.zero();
            }
            return;
        }
        match protocol::drop_shared(&self.shared) {
            Dropped::Alive => {}
            Dropped::Queue => *self.queue.lock().unwrap() += 1,
            Dropped::Zero => self.zero(),
        }
    }
    /// The owner serves its queue.
    fn drain(&self) {
        let number = std::mem::take(&mut *self.queue.lock().unwrap());
        for _ in 0..number {
            if !self.is_immortal() && protocol::merge(&self.local, &self.owner, &self.shared, -1) {
                self.zero();
            }
        }
    }
    fn zero(&self) {
        match protocol::die(&self.flags) {
            Death::Free => self.free(),
            Death::Limbo | Death::Waiting => unreachable!("nobody loads it from a slot"),
        }
    }
}

struct Table {
    texts: Vec<Text>,
    /// The entry of the one text: an index into `texts`.
    entry: RwLock<Option<usize>>,
}

impl Table {
    fn new(texts: Vec<Text>) -> Arc<Table> {
        Arc::new(Table { texts, entry: RwLock::new(None) })
    }
    fn find(&self) -> Option<usize> {
        let found = *self.entry.read().unwrap();
        if let Some(index) = found {
            self.check(index);
        }
        found
    }
    /// What everybody may rely on who got `index` from the table.
    fn check(&self, index: usize) {
        let text = &self.texts[index];
        assert!(text.is_immortal());
        assert!(text.flags.load(Relaxed) & INTERNED != 0);
        assert_eq!(text.read(), TEXT);
    }
    /// `intern::insert`: puts `fresh` into the table unless there is one; gives the one that is there.
    fn insert(&self, fresh: usize) -> usize {
        let mut entry = self.entry.write().unwrap();
        match *entry {
            Some(there) => there,
            None => {
                let text = &self.texts[fresh];
                text.local.store(IMMORTAL, Release);
                text.flags.fetch_or(INTERNED, AcqRel);
                *entry = Some(fresh);
                fresh
            }
        }
    }
    /// `intern_units` by thread `me`, whose fresh object would be `fresh`.
    fn intern(&self, me: u16, fresh: usize) -> usize {
        if let Some(found) = self.find() {
            return found;
        }
        self.texts[fresh].write();
        let winner = self.insert(fresh);
        self.check(winner);
        self.texts[fresh].drop_reference(me);
        winner
    }
}

#[test]
fn two_threads_intern_the_same_text() {
    explore(5, || {
        let table = Table::new(vec![Text::new(1, 1), Text::new(2, 1)]);
        let other = {
            let table = table.clone();
            thread::spawn(move || table.intern(2, 1))
        };
        let mine = table.intern(1, 0);
        let theirs = other.join().unwrap();
        assert_eq!(mine, theirs);
        assert_eq!(table.find(), Some(mine));
        let loser = &table.texts[1 - mine];
        // The loser was freed, or never made.
        assert_eq!(loser.freed.load(Acquire), usize::from(loser.local.load(Relaxed) == 0));
        assert_eq!(table.texts[mine].freed.load(Acquire), 0);
    });
}

#[test]
fn lookup_against_insert() {
    explore(4, || {
        let table = Table::new(vec![Text::new(1, 1), Text::new(2, 1)]);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let table = table.clone();
                thread::spawn(move || {
                    let first = table.find();
                    let second = table.find();
                    // An entry never goes.
                    assert!(first.is_none() || first == second);
                })
            })
            .collect();
        table.intern(1, 0);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// `intern_obj` of a string that other threads know: its owner makes it immortal while they give up their references.
#[test]
fn interning_against_foreign_drops() {
    explore(5, || {
        // One reference of the owner's variable, one that each of the others was given, one for the table.
        let text = Text::new(1, 4);
        text.write();
        let table = Table::new(vec![text]);
        let others: Vec<_> = (2..4)
            .map(|me| {
                let table = table.clone();
                thread::spawn(move || {
                    let text = &table.texts[0];
                    assert_eq!(text.read(), TEXT);
                    text.drop_reference(me);
                })
            })
            .collect();
        assert_eq!(table.insert(0), 0);
        let text = &table.texts[0];
        text.drain();
        for other in others {
            other.join().unwrap();
        }
        text.drain();
        text.drop_reference(1);
        table.check(0);
        assert_eq!(text.freed.load(Acquire), 0);
    });
}
