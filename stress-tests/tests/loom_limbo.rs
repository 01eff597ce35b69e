//! Foreign loads against last drops, and limbo: what a thread loaded without counting it stays until the world was stopped.
//!
//! Loads and deaths are the heap's own code (`gc/src/refcount/protocol.rs` over loom's atomics), stops are the real ones; the
//! sweep is `gc/src/limbo.rs` in small.
#![cfg(loom)]

use loom::sync::{Arc, Mutex};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::Registry;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};

mod atomic {
    pub use taipan_threading::sync::atomic::*;
    pub use taipan_threading::sync::between_seq_cst;
}
#[allow(dead_code)]
#[path = "../../gc/src/refcount/protocol.rs"]
mod protocol;
use protocol::{Death, Dropped, Look};

const WORD: u64 = 1;

/// A slot, the one block it can point to, and the registers of the reader.
struct World {
    slot: AtomicU64,
    shared: AtomicI32,
    owner: AtomicU16,
    flags: AtomicU8,
    /// The fields: freeing writes, use reads.
    body: UnsafeCell<u32>,
    /// How often the block was freed: its incarnation.
    freed: AtomicUsize,
    /// The reader's register; the lock stands for the stop's ordering, which loom checks through `body`.
    register: UnsafeCell<bool>,
    limbo: Mutex<bool>,
    /// The reader's increments that are not written yet (`gc/src/refcount/pending.rs`).
    pending: UnsafeCell<i32>,
}

// SAFETY: that uses and the freeing do not meet is what loom checks.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// The slot holds the only reference.
    fn new() -> Arc<World> {
        Arc::new(World {
            slot: AtomicU64::new(WORD),
            shared: AtomicI32::new(0),
            owner: AtomicU16::new(1),
            flags: AtomicU8::new(0),
            body: UnsafeCell::new(0),
            freed: AtomicUsize::new(0),
            register: UnsafeCell::new(false),
            limbo: Mutex::new(false),
            pending: UnsafeCell::new(0),
        })
    }
    /// Uses the object.
    fn touch(&self) -> u32 {
        // SAFETY: loom checks that it is not being freed.
        self.body.with(|body| unsafe { *body })
    }
    /// `Slot::load_uncounted` of an object that another thread owns.
    fn load(&self) -> bool {
        for turn in 0.. {
            let word = self.slot.load(Acquire);
            if word == 0 {
                return false;
            }
            if protocol::load_foreign(&self.slot, word, &self.flags) == Look::Accept {
                return true;
            }
            // The block dies, or the slot changes: let the others get on.
            if turn > 0 {
                loom::thread::yield_now();
            }
        }
        unreachable!()
    }
    /// The writer empties the slot and gives up the only reference; true if the block was freed at once.
    fn empty(&self) -> bool {
        self.slot.swap(0, AcqRel);
        match protocol::die(&self.flags) {
            Death::Free => {
                self.free();
                true
            }
            Death::Limbo => {
                let _zero = protocol::merge_zero_local(&self.owner, &self.shared);
                *self.limbo.lock().unwrap() = true;
                false
            }
            Death::Waiting => unreachable!("it dies once"),
        }
    }
    /// The owner's queue is drained: the local count is folded in.
    fn merge_for_owner(&self, local: u32) {
        let local = AtomicU32::new(local);
        if protocol::merge(&local, &self.owner, &self.shared, -1) {
            self.zero();
        }
    }
    /// No written reference is left of what was seen.
    fn zero(&self) {
        match protocol::die(&self.flags) {
            Death::Free => unreachable!("it was seen"),
            Death::Limbo => *self.limbo.lock().unwrap() = true,
            Death::Waiting => {}
        }
    }
    fn free(&self) {
        // SAFETY: loom checks that nobody uses it.
        self.body.with_mut(|body| unsafe { *body += 1 });
        self.shared.store(protocol::MERGED, Relaxed);
        self.freed.fetch_add(1, Relaxed);
    }
    /// The block's next object, put into the slot.
    fn reuse(&self) {
        self.reuse_in(&self.slot);
    }
    /// The block's next object, put into a slot.
    fn reuse_in(&self, slot: &AtomicU64) {
        // SAFETY: as in `free`.
        self.body.with_mut(|body| unsafe { *body += 1 });
        self.shared.store(0, Relaxed);
        self.owner.store(1, Relaxed);
        // A plain store in the heap. Loom lets a later load of this thread read what a reader's read-modify-write made of
        // the value before, which no memory order allows.
        self.flags.swap(0, Release);
        slot.swap(WORD, AcqRel);
    }
    /// The sweep's part inside a stop; true if the object is dead.
    fn part(&self) -> bool {
        let mut limbo = self.limbo.lock().unwrap();
        if !*limbo {
            return false;
        }
        self.flush();
        // SAFETY: the reader is stopped.
        let held = self.register.with(|register| unsafe { *register });
        let counted = self.shared.load(Acquire) >> 2 > 0;
        if counted {
            self.flags.fetch_and(!protocol::LIMBO, AcqRel);
            *limbo = false;
        } else if !held {
            self.flags.fetch_or(protocol::DYING, AcqRel);
            self.flags.fetch_and(!protocol::LIMBO, AcqRel);
            *limbo = false;
            return true;
        }
        false
    }
    fn sweep(&self, registry: &'static Registry) -> bool {
        let dead = registry.stop_the_world(|_| self.part());
        if dead {
            self.free();
        }
        dead
    }
    fn set_register(&self, held: bool) {
        // SAFETY: the reader's own; the sweep looks while the reader is stopped.
        self.register.with_mut(|register| unsafe { *register = held });
    }
    /// Writes the pending increments: the reader, or a stop.
    fn flush(&self) {
        // SAFETY: loom checks that the reader does not count meanwhile.
        self.pending.with_mut(|pending| unsafe {
            if *pending > 0 {
                protocol::add_many_shared(&self.shared, *pending);
                *pending = 0;
            }
        });
    }
    /// The reader counts what it holds.
    fn add_counted(&self) {
        assert!(self.flags.load(Relaxed) & protocol::SEEN != 0);
        // SAFETY: as in `flush`.
        self.pending.with_mut(|pending| unsafe { *pending += 1 });
    }
    /// The reader gives up a counted reference, a pending one if there is one.
    fn drop_pending(&self) {
        // SAFETY: as in `flush`.
        let cancelled = self.pending.with_mut(|pending| unsafe {
            let any = *pending > 0;
            *pending -= i32::from(any);
            any
        });
        if !cancelled {
            self.drop_counted();
        }
    }
    /// A thread gives up a counted reference.
    fn drop_counted(&self) {
        if self.drop_queued() {
            self.merge_for_owner(1);
        }
    }
    /// The same; true if the owner has to merge.
    fn drop_queued(&self) -> bool {
        match protocol::drop_shared(&self.shared) {
            Dropped::Alive => {}
            Dropped::Zero => self.zero(),
            Dropped::Queue => return true,
        }
        false
    }
}

#[test]
fn load_against_the_last_drop() {
    explore(4, || {
        let world = World::new();
        let reader = {
            let world = world.clone();
            thread::spawn(move || {
                if world.load() {
                    world.touch();
                }
            })
        };
        world.empty();
        reader.join().unwrap();
    });
}

#[test]
fn load_against_reuse_of_the_block() {
    explore(3, || {
        let world = World::new();
        let reader = {
            let world = world.clone();
            thread::spawn(move || {
                if world.load() {
                    world.touch();
                }
            })
        };
        if world.empty() {
            world.reuse();
            // The second object dies as the first did: not under the reader's eyes.
            world.empty();
        }
        reader.join().unwrap();
    });
}

/// The case that needs `DYING`: one reader's stale mark must not make another believe.
#[test]
fn two_loads_against_reuse() {
    explore(2, || {
        let world = World::new();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let world = world.clone();
                thread::spawn(move || {
                    if world.load() {
                        world.touch();
                    }
                })
            })
            .collect();
        if world.empty() {
            world.reuse();
            world.empty();
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// The case that needs the second look at the slot: the block has become an object that lies elsewhere.
#[test]
fn a_load_returns_what_the_slot_held() {
    explore(3, || {
        let world = World::new();
        let elsewhere = Arc::new(AtomicU64::new(0));
        let reader = {
            let world = world.clone();
            thread::spawn(move || {
                if world.load() {
                    assert_eq!(world.touch(), 0);
                }
            })
        };
        let other = {
            let (world, elsewhere) = (world.clone(), elsewhere.clone());
            thread::spawn(move || {
                let word = elsewhere.load(Acquire);
                if word != 0 {
                    let _marked = protocol::load_foreign(&elsewhere, word, &world.flags);
                }
            })
        };
        if world.empty() {
            world.reuse_in(&elsewhere);
        }
        reader.join().unwrap();
        other.join().unwrap();
    });
}

/// A writer that empties the slot and sweeps, against a reader that runs `reader`.
fn race(preemptions: usize, reader: fn(&World, &'static taipan_threading::ThreadState)) {
    explore(preemptions, move || {
        let registry = Registry::leaked();
        let world = World::new();
        // Seen before: the loads against the marking are modelled above.
        world.flags.store(protocol::SEEN, Relaxed);
        registry.register();
        registry.prepare_thread_start();
        let handle = {
            let world = world.clone();
            thread::spawn(move || {
                let me = registry.register();
                reader(&world, me);
                registry.unregister(|| {});
            })
        };
        world.empty();
        world.sweep(registry);
        registry.unregister(|| {});
        handle.join().unwrap();
        // Whatever happened, the next sweep ends it.
        registry.register();
        world.sweep(registry);
        registry.unregister(|| {});
        assert_eq!(world.freed.load(Relaxed), 1);
    });
}

#[test]
fn sweep_against_load() {
    race(5, |world, me| {
        if world.load() {
            world.touch();
            world.set_register(true);
            me.handle_stop();
            world.touch();
            world.set_register(false);
        }
        me.handle_stop();
    });
}

#[test]
fn resurrection_in_limbo() {
    race(5, |world, me| {
        if world.load() {
            world.set_register(true);
            me.handle_stop();
            protocol::add_shared(&world.shared);
            world.set_register(false);
            me.handle_stop();
            world.touch();
            world.drop_counted();
        }
    });
}

/// The reader keeps two counted references, without writing the count, and gives them up.
#[test]
fn pending_increments() {
    race(5, |world, me| {
        if world.load() {
            world.add_counted();
            world.add_counted();
            me.handle_stop();
            world.touch();
            world.drop_pending();
            me.handle_stop();
            world.touch();
            world.drop_pending();
        }
    });
}

/// The reader makes room in its table: the count that others see may have gone below zero before.
#[test]
fn pending_increments_are_written_late() {
    race(5, |world, me| {
        if world.load() {
            world.add_counted();
            world.add_counted();
            world.touch();
            world.flush();
            me.handle_stop();
            world.touch();
            world.drop_pending();
            world.drop_pending();
        }
    });
}

/// A reader stores `references` counted references elsewhere, all in one word, their increments pending. `owner` ends its own reference, sweeps, and
/// says whether it took and gave up those; if not they are given up after the reader has left. The object dies once.
fn give_away(references: usize, owner: fn(&World, &AtomicU64, &'static Registry) -> bool) {
    explore(3, move || {
        let registry = Registry::leaked();
        let world = World::new();
        world.flags.store(protocol::SEEN, Relaxed);
        let elsewhere = Arc::new(AtomicU64::new(0));
        registry.register();
        registry.prepare_thread_start();
        let reader = {
            let (world, elsewhere) = (world.clone(), elsewhere.clone());
            thread::spawn(move || {
                let me = registry.register();
                if world.load() {
                    (0..references).for_each(|_| world.add_counted());
                    elsewhere.swap(WORD, AcqRel);
                }
                me.handle_stop();
                registry.unregister(|| world.flush());
            })
        };
        let given_up = owner(&world, &elsewhere, registry);
        registry.unregister(|| {});
        reader.join().unwrap();
        registry.register();
        if elsewhere.swap(0, AcqRel) != 0 {
            assert!(!given_up);
            world.touch();
            (0..references).for_each(|_| world.drop_counted());
        }
        world.sweep(registry);
        registry.unregister(|| {});
        assert_eq!(world.freed.load(Relaxed), 1);
    });
}

/// The owner merges when the written count is below zero already, because the increments of two references that others gave up are pending.
#[test]
fn a_merge_below_zero() {
    give_away(2, |world, elsewhere, registry| {
        // Two references are stored elsewhere; both are given up before the owner comes to merge.
        let given_up = elsewhere.swap(0, AcqRel) != 0;
        if given_up {
            let queued = [world.drop_queued(), world.drop_queued()].contains(&true);
            if queued {
                world.merge_for_owner(1);
            }
        }
        world.touch();
        world.slot.swap(0, AcqRel);
        world.drop_counted();
        world.sweep(registry);
        given_up
    });
}

/// The reader stores a reference whose increment is pending where another thread takes it and gives it up, before or after the owner's last one,
/// which may have gone through the owner's queue.
#[test]
fn a_pending_increment_is_given_up_elsewhere() {
    give_away(1, |world, elsewhere, registry| {
        // A reference of the owner's, moved to another thread, which gives it up.
        world.slot.swap(0, AcqRel);
        let given_up = elsewhere.swap(0, AcqRel) != 0;
        if given_up {
            world.touch();
            world.drop_counted();
        }
        world.drop_counted();
        world.sweep(registry);
        given_up
    });
}

/// A reader that counts the object often asks the owner to merge it, while its own increment is pending; the owner gives up its reference before it comes
/// to its queue, or after.
#[test]
fn a_reader_asks_for_the_merge() {
    for state in [protocol::DEFAULT, protocol::MAYBE_WEAKREF] {
        explore(3, move || {
            let registry = Registry::leaked();
            let world = World::new();
            world.flags.store(protocol::SEEN, Relaxed);
            world.shared.store(state, Relaxed);
            // The owner's merge queue.
            let queue = Arc::new(Mutex::new(false));
            registry.register();
            registry.prepare_thread_start();
            let reader = {
                let (world, queue) = (world.clone(), queue.clone());
                thread::spawn(move || {
                    let me = registry.register();
                    if world.load() {
                        world.add_counted();
                        if world.owner.load(Relaxed) != 0 && protocol::request_merge(&world.shared) {
                            *queue.lock().unwrap() = true;
                        }
                        world.touch();
                        world.drop_pending();
                    }
                    me.handle_stop();
                    registry.unregister(|| world.flush());
                })
            };
            let drain = |local| {
                let waits = std::mem::take(&mut *queue.lock().unwrap());
                if waits {
                    world.merge_for_owner(local);
                }
                waits
            };
            let merged = drain(1);
            world.touch();
            world.slot.swap(0, AcqRel);
            if merged {
                world.drop_counted();
            } else if protocol::merge_zero_local(&world.owner, &world.shared) {
                world.zero();
            }
            drain(0);
            world.sweep(registry);
            registry.unregister(|| {});
            reader.join().unwrap();
            registry.register();
            drain(0);
            world.sweep(registry);
            registry.unregister(|| {});
            assert_eq!(world.freed.load(Relaxed), 1);
        });
    }
}

/// The reader has loaded the object before; it counts its register while the owner gives up.
#[test]
fn resurrection_against_the_owners_merge() {
    explore(4, || {
        let world = World::new();
        world.flags.store(protocol::SEEN, Relaxed);
        let reader = {
            let world = world.clone();
            thread::spawn(move || protocol::add_shared(&world.shared))
        };
        world.empty();
        reader.join().unwrap();
        assert!(!world.part(), "it was counted");
        world.touch();
        world.drop_counted();
        assert!(world.part(), "it died again");
    });
}

#[test]
fn registers_of_a_detached_thread() {
    race(5, |world, _| {
        if world.load() {
            world.set_register(true);
            taipan_threading::detached(|| {});
            world.touch();
            world.set_register(false);
        }
    });
}

#[test]
fn upgrade_in_limbo() {
    race(5, |world, me| {
        if world.load() {
            world.set_register(true);
            me.handle_stop();
            // A weak reference to what our register holds is not dead, once the owner has merged.
            let merged = world.shared.load(Acquire) & protocol::STATE == protocol::MERGED;
            if protocol::try_increment(&world.shared, &world.flags) {
                world.set_register(false);
                me.handle_stop();
                world.touch();
                world.drop_counted();
            } else {
                assert!(!merged);
                world.touch();
                world.set_register(false);
            }
        }
    });
}
