//! Biased counts: the owner's and other threads' drops, the merge queue, the owner's exit, increments of what may be dead.
//!
//! The state changes are the heap's own code (`gc/src/refcount/protocol.rs`, compiled here over loom's atomics); the queue is
//! `gc/src/refcount/queue.rs` in small.
#![cfg(loom)]

use loom::sync::{Arc, Mutex};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};

mod atomic {
    pub use taipan_threading::sync::atomic::*;
    pub use taipan_threading::sync::between_seq_cst;
}
#[allow(dead_code)]
#[path = "../../gc/src/refcount/protocol.rs"]
mod protocol;
use protocol::{Death, Dropped};

const OWNER: u16 = 1;
const LIVE: u32 = 7;

/// One block, and the merge queue of the slot that owns it.
struct Block {
    local: AtomicU32,
    shared: AtomicI32,
    owner: AtomicU16,
    flags: AtomicU8,
    /// The fields: freeing writes, use reads, so that loom sees them meet.
    body: UnsafeCell<u32>,
    freed: AtomicUsize,
    /// Occupied, number of entries.
    queue: Mutex<(bool, usize)>,
}

// SAFETY: that uses and the freeing do not meet is what loom checks.
unsafe impl Sync for Block {}
// SAFETY: as above.
unsafe impl Send for Block {}

impl Block {
    /// An object with `local` references of its owner and `shared` of others.
    fn new(local: u32, shared: i32, state: i32) -> Arc<Block> {
        Arc::new(Block {
            local: AtomicU32::new(local),
            shared: AtomicI32::new(shared << 2 | state),
            owner: AtomicU16::new(OWNER),
            flags: AtomicU8::new(0),
            body: UnsafeCell::new(LIVE),
            freed: AtomicUsize::new(0),
            queue: Mutex::new((true, 0)),
        })
    }
    fn touch(&self) {
        // SAFETY: the caller holds a reference.
        assert_eq!(self.body.with(|body| unsafe { *body }), LIVE);
    }
    fn zero(&self) {
        match protocol::die(&self.flags) {
            Death::Free => {
                // SAFETY: no reference is left.
                self.body.with_mut(|body| unsafe { *body = 0xDEAD });
                self.freed.fetch_add(1, Relaxed);
            }
            Death::Limbo => unreachable!("nobody has seen it"),
            Death::Waiting => unreachable!("it dies once"),
        }
    }
    /// `refcount::incref` by the owner.
    fn add_local(&self) {
        if self.owner.load(Relaxed) != OWNER {
            return protocol::add_shared(&self.shared);
        }
        self.local.store(self.local.load(Relaxed) + 1, Relaxed);
    }
    /// `refcount::decref` by the owner.
    fn drop_local(&self) {
        if self.owner.load(Relaxed) != OWNER {
            return self.drop_foreign();
        }
        let local = self.local.load(Relaxed);
        self.local.store(local - 1, Relaxed);
        if local > 1 {
            return;
        }
        if self.shared.load(Acquire) == protocol::DEFAULT
            || protocol::merge_zero_local(&self.owner, &self.shared)
        {
            self.zero();
        }
    }
    /// `refcount::decref` by anybody else.
    fn drop_foreign(&self) {
        self.touch();
        match protocol::drop_shared(&self.shared) {
            Dropped::Alive => {}
            Dropped::Zero => self.zero(),
            Dropped::Queue => self.push(),
        }
    }
    fn push(&self) {
        let mut queue = self.queue.lock().unwrap();
        if queue.0 {
            queue.1 += 1;
            return;
        }
        let zero = self.fold();
        drop(queue);
        if zero {
            self.zero();
        }
    }
    fn fold(&self) -> bool {
        protocol::merge(&self.local, &self.owner, &self.shared, -1)
    }
    fn drain(&self) {
        let entries = std::mem::take(&mut self.queue.lock().unwrap().1);
        for _ in 0..entries {
            if self.fold() {
                self.zero();
            }
        }
    }
    /// The owner's thread ends.
    fn leave(&self) {
        loop {
            self.drain();
            let mut queue = self.queue.lock().unwrap();
            if queue.1 == 0 {
                queue.0 = false;
                return;
            }
        }
    }
    /// A thread takes the vacant slot.
    fn enter(&self) {
        self.queue.lock().unwrap().0 = true;
    }
    fn freed(&self) -> usize {
        self.freed.load(Relaxed)
    }
}

/// Another thread does `work` with the block.
fn elsewhere(block: &Arc<Block>, work: fn(&Block)) -> thread::JoinHandle<()> {
    let block = block.clone();
    thread::spawn(move || work(&block))
}

#[test]
fn owner_and_foreign_drop() {
    // (references of the owner, of others): the foreign thread drops one that was counted by the owner, or one of its own.
    for (local, shared) in [(2, 0), (1, 1)] {
        explore(4, move || {
            let block = Block::new(local, shared, protocol::DEFAULT);
            let other = elsewhere(&block, Block::drop_foreign);
            block.touch();
            block.drop_local();
            block.drain();
            other.join().unwrap();
            block.drain();
            assert_eq!(block.freed(), 1);
        });
    }
}

/// Another thread asks for the merge and gives up its reference, which the owner counted or it counted itself; the owner goes on counting meanwhile.
#[test]
fn a_merge_is_asked_for() {
    for (local, shared, state) in
        [(2, 0, protocol::DEFAULT), (1, 1, protocol::DEFAULT), (1, 1, protocol::MAYBE_WEAKREF)]
    {
        explore(3, move || {
            let block = Block::new(local, shared, state);
            let other = elsewhere(&block, |block| {
                if block.owner.load(Relaxed) != 0 && protocol::request_merge(&block.shared) {
                    block.push();
                }
                block.drop_foreign();
            });
            block.add_local();
            block.drop_local();
            block.drain();
            block.touch();
            block.drop_local();
            block.drain();
            other.join().unwrap();
            block.drain();
            assert_eq!(block.freed(), 1);
        });
    }
}

#[test]
fn two_foreign_drops() {
    explore(3, || {
        let block = Block::new(3, 0, protocol::DEFAULT);
        let others: Vec<_> = (0..2).map(|_| elsewhere(&block, Block::drop_foreign)).collect();
        block.drop_local();
        block.drain();
        for other in others {
            other.join().unwrap();
        }
        block.drain();
        assert_eq!(block.freed(), 1);
    });
}

#[test]
fn owner_leaves() {
    explore(4, || {
        // The second reference was handed to another thread; the owner's own lies in a structure that outlives it.
        let block = Block::new(2, 0, protocol::DEFAULT);
        let other = elsewhere(&block, Block::drop_foreign);
        block.leave();
        other.join().unwrap();
        assert_eq!(block.freed(), 0);
        // The slot's next thread is the owner, if the object was not merged.
        block.enter();
        block.drain();
        block.drop_local();
        assert_eq!(block.freed(), 1);
    });
}

#[test]
fn the_slot_is_taken_again() {
    explore(3, || {
        let block = Block::new(2, 0, protocol::DEFAULT);
        block.leave();
        let other = elsewhere(&block, Block::drop_foreign);
        let next = elsewhere(&block, |block| {
            block.enter();
            block.touch();
            block.drop_local();
            block.drain();
            block.leave();
        });
        other.join().unwrap();
        next.join().unwrap();
        assert_eq!(block.freed(), 1);
    });
}

/// A weak reference's slot, and the block reused by another object.
struct Weakly {
    block: Arc<Block>,
    /// 1: refers to the block.
    slot: AtomicU64,
}

impl Weakly {
    fn upgrade(&self) -> bool {
        if self.slot.load(Acquire) == 0 {
            return false;
        }
        if !protocol::try_increment(&self.block.shared, &self.block.flags) {
            return false;
        }
        if self.slot.load(Acquire) == 1 {
            return true;
        }
        // It was the block's next object that we counted.
        self.drop_foreign_any();
        false
    }
    fn drop_foreign_any(&self) {
        match protocol::drop_shared(&self.block.shared) {
            Dropped::Alive => {}
            Dropped::Zero => self.end(),
            Dropped::Queue => self.block.push(),
        }
    }
    /// Death: weak references are emptied, the block is freed.
    fn end(&self) {
        match protocol::die(&self.block.flags) {
            Death::Free => {
                self.slot.store(0, Release);
                // SAFETY: no reference is left.
                self.block.body.with_mut(|body| unsafe { *body = 0xDEAD });
                self.block.freed.fetch_add(1, Relaxed);
            }
            death => unreachable!("{death:?}"),
        }
    }
    /// `Header::publish` for the block's next object, with `shared` references of others.
    fn reuse(&self, shared: i32) {
        self.block.body.with_mut(|body| {
            // SAFETY: the block is free.
            unsafe { *body = LIVE }
        });
        self.block.local.store(1, Relaxed);
        self.block.shared.store(shared << 2 | protocol::MAYBE_WEAKREF, Release);
        self.block.owner.store(OWNER, Relaxed);
        self.block.flags.store(0, Release);
    }
}

#[test]
fn upgrade_against_the_owners_last_drop() {
    explore(4, || {
        let weakly =
            Arc::new(Weakly { block: Block::new(1, 0, protocol::MAYBE_WEAKREF), slot: AtomicU64::new(1) });
        let other = {
            let weakly = weakly.clone();
            thread::spawn(move || {
                if weakly.upgrade() {
                    weakly.block.touch();
                    weakly.drop_foreign_any();
                }
            })
        };
        let block = &weakly.block;
        block.local.store(0, Relaxed);
        if protocol::merge_zero_local(&block.owner, &block.shared) {
            weakly.end();
        }
        other.join().unwrap();
        assert_eq!(block.freed(), 1);
    });
}

#[test]
fn upgrade_against_death_and_reuse() {
    explore(4, || {
        // Merged, one reference.
        let weakly = Arc::new(Weakly { block: Block::new(0, 1, protocol::MERGED), slot: AtomicU64::new(1) });
        weakly.block.owner.store(0, Relaxed);
        let other = {
            let weakly = weakly.clone();
            thread::spawn(move || {
                if weakly.upgrade() {
                    weakly.block.touch();
                    // Only the first object was ever referred to weakly.
                    assert_eq!(weakly.block.freed(), 0);
                    weakly.drop_foreign_any();
                }
            })
        };
        if protocol::drop_shared(&weakly.block.shared) == Dropped::Zero {
            weakly.end();
            weakly.reuse(1);
        }
        other.join().unwrap();
        assert_eq!(weakly.block.freed(), 1);
    });
}

#[test]
fn saturated_counts_stay() {
    explore(2, || {
        let shared = Arc::new(AtomicI32::new(protocol::SATURATED - protocol::ONE | protocol::MERGED));
        protocol::add_shared(&shared);
        let other = {
            let shared = shared.clone();
            thread::spawn(move || {
                protocol::add_shared(&shared);
                assert_eq!(protocol::drop_shared(&shared), Dropped::Alive);
            })
        };
        for _ in 0..3 {
            assert_eq!(protocol::drop_shared(&shared), Dropped::Alive);
        }
        other.join().unwrap();
        assert!(shared.load(Relaxed) >= protocol::SATURATED);
    });
}
