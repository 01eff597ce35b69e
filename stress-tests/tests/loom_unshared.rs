//! An owner changes an object in place because nobody else can reach it: a list grows, a string is appended to, an attribute is replaced without a lock.
//!
//! The looks of both sides are the heap's own code (`gc/src/refcount/protocol.rs` over loom's atomics); the slots, and storage that is
//! replaced, are `gc/src/slot.rs` and `objects/src/list.rs` in small.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};
use taipan_threading::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};
use taipan_threading::sync::{UnsafeCell, between_seq_cst};

mod atomic {
    pub use taipan_threading::sync::atomic::*;
    pub use taipan_threading::sync::between_seq_cst;
}
#[allow(dead_code)]
#[path = "../../gc/src/refcount/protocol.rs"]
mod protocol;
use protocol::Look;

const WORD: u64 = 1;

/// An object, and a container in which it may be: storage of one item each, replaced by exchange.
struct World {
    storages: [AtomicU64; 2],
    current: AtomicUsize,
    local: AtomicU32,
    shared: AtomicI32,
    flags: AtomicU8,
    /// What the owner changes by plain accesses.
    body: UnsafeCell<u32>,
}

// SAFETY: that uses and changes do not meet is what loom checks.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// The container holds `word`; there is one reference to the object.
    fn new(word: u64) -> Arc<World> {
        Arc::new(World {
            storages: [AtomicU64::new(word), AtomicU64::new(0)],
            current: AtomicUsize::new(0),
            local: AtomicU32::new(1),
            shared: AtomicI32::new(protocol::DEFAULT),
            flags: AtomicU8::new(0),
            body: UnsafeCell::new(0),
        })
    }
    /// `PyList::get_lent` by a thread that does not own the object, then a use of it, before the next safepoint.
    fn read(&self) -> Option<u32> {
        for turn in 0.. {
            let current = self.current.load(Acquire);
            let slot = &self.storages[current];
            let word = slot.load(Acquire);
            if word == 0 {
                return None;
            }
            if protocol::load_foreign(slot, word, &self.flags) == Look::Accept
                && self.current.load(SeqCst) == current
            {
                // SAFETY: loom checks that it is not being changed.
                return Some(self.body.with(|body| unsafe { *body }));
            }
            // The object is on its way out: let the owner get on.
            if turn > 0 {
                thread::yield_now();
            }
        }
        unreachable!()
    }
    /// `Slot::take`: the reference moves from the container to the owner's register.
    fn take(&self) {
        self.storages[self.current.load(Acquire)].swap(0, SeqCst);
        between_seq_cst();
    }
    /// `PyList::remove` from the middle.
    fn take_by_stores(&self) {
        self.storages[self.current.load(Acquire)].store(0, Release);
        fence(SeqCst);
    }
    /// The container gets other storage: the word stays in the old one for ever.
    fn replace_storage(&self) {
        self.storages[1].store(self.storages[0].load(Acquire), Release);
        self.current.swap(1, SeqCst);
        between_seq_cst();
    }
    /// The owner's change, by plain accesses if it may.
    fn change(&self) {
        if protocol::is_unshared(&self.local, &self.shared, &self.flags) {
            // SAFETY: loom checks that nobody reads it.
            self.body.with_mut(|body| unsafe { *body += 1 });
        }
    }
    fn put(&self) {
        self.storages[self.current.load(Acquire)].swap(WORD, AcqRel);
    }
}

/// One owner, who is the first thread, and as many readers.
fn check(word: u64, readers: usize, own: fn(&World), read: fn(&World)) {
    explore(if readers == 1 { 3 } else { 2 }, move || {
        let world = World::new(word);
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let world = world.clone();
                thread::spawn(move || read(&world))
            })
            .collect();
        own(&world);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

fn read_before_the_change(world: &World) {
    assert!(matches!(world.read(), None | Some(0)));
}

#[test]
fn taken_out_and_changed() {
    check(
        WORD,
        1,
        |world| {
            world.take();
            world.change();
        },
        read_before_the_change,
    );
}

/// The second reader finds the mark that the first one set.
#[test]
fn two_readers() {
    check(
        WORD,
        2,
        |world| {
            world.take();
            world.change();
        },
        read_before_the_change,
    );
}

#[test]
fn taken_out_by_stores() {
    check(
        WORD,
        1,
        |world| {
            world.take_by_stores();
            world.change();
        },
        read_before_the_change,
    );
}

/// A reader of the old storage finds the object in its slot whenever it looks.
#[test]
fn storage_replaced_before() {
    check(
        WORD,
        1,
        |world| {
            world.replace_storage();
            world.take();
            world.change();
        },
        read_before_the_change,
    );
}

/// What was changed by plain accesses is seen whole once the object is in a slot; and is not changed any more then, unless it comes out unseen.
#[test]
fn changed_then_published() {
    check(
        0,
        1,
        |world| {
            world.change();
            world.put();
            world.take();
            world.change();
        },
        |world| assert!(matches!(world.read(), None | Some(1))),
    );
}
