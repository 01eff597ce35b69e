//! Several threads: merge queues, vacant slots, limbo, sweeps.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::mock::*;
use crate::{HeaderFlags, Obj, Slot, collector, limbo, refcount, thread, weakref};

/// Runs `work` on another Python thread while this one is detached.
fn elsewhere(work: impl FnOnce() + Send) {
    taipan_threading::detached(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| as_thread(work));
        });
    });
}

#[test]
fn foreign_drops_are_merged_for_a_detached_owner() {
    check(|| {
        let object = leaf(1).into_obj();
        let ptr = value_ptr(&object);
        let moved = object.clone();
        // The owner is detached meanwhile, so the dropper merges in its place instead of waiting for its next safepoint.
        elsewhere(move || drop(moved));
        // SAFETY: `object` keeps it alive.
        assert_eq!(refcount::getrefcount(unsafe { &*ptr }), 1);
        drop(object);
        assert_eq!(get(&LEAVES_DROPPED), 1);
        let object = leaf(2).into_obj();
        elsewhere(move || drop(object));
        assert_eq!(get(&LEAVES_DROPPED), 2);
    });
}

/// Three objects end together, merged by the thread that drops the last for their detached owner. The first one's finalizer collects: the two that wait
/// for their end are no garbage.
#[test]
fn a_collection_while_merged_objects_wait_for_their_end() {
    check(|| {
        let [first, second, third] = [(); 3].map(|()| finalized_node().into_obj());
        static COLLECTED: AtomicUsize = AtomicUsize::new(0);
        let (attached, queued) = (AtomicBool::new(false), AtomicBool::new(false));
        let (started, detached) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                as_thread(|| {
                    FINALIZER.with(|finalizer| {
                        *finalizer.borrow_mut() = Some(Box::new(|_| {
                            COLLECTED.fetch_add(collector::collect(2).collected, Ordering::Relaxed);
                        }));
                    });
                    taipan_threading::detached(|| started.wait());
                    while !attached.load(Ordering::Acquire) {
                        std::hint::spin_loop();
                    }
                    // Their owner is attached, and at no safepoint: they wait in its queue.
                    drop((first, second));
                    queued.store(true, Ordering::Release);
                    taipan_threading::detached(|| detached.wait());
                    drop(third);
                    FINALIZER.with(|finalizer| finalizer.borrow_mut().take());
                });
            });
            taipan_threading::detached(|| started.wait());
            attached.store(true, Ordering::Release);
            while !queued.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            taipan_threading::detach();
            detached.wait();
        });
        taipan_threading::attach();
        safepoint();
        assert_eq!((get(&FINALIZED), get(&NODES_DROPPED)), (3, 3));
        assert_eq!(get(&COLLECTED), 0);
    });
}

#[test]
fn what_others_count_often_is_merged() {
    check(|| {
        let object = leaf(1).into_obj();
        let ptr = value_ptr(&object);
        // SAFETY: `object` keeps it alive.
        let header = unsafe { &*ptr };
        let count_often = |object: &Obj| (0..2000).for_each(|_| drop(object.clone()));
        // The owner runs: it merges at its next safepoint, unless a sweep has done so before.
        let (mine, theirs) = (object.clone(), object.clone());
        std::thread::scope(|scope| {
            scope.spawn(|| as_thread(|| count_often(&theirs)));
            while header.owner() != 0 {
                safepoint();
            }
            taipan_threading::detach();
        });
        taipan_threading::attach();
        drop(theirs);
        count_often(&object);
        assert_eq!(refcount::getrefcount(header), 2);
        drop(mine);
        // The owner is detached: merged at once.
        let second = leaf(2).into_obj();
        let place = &second;
        elsewhere(move || count_often(place));
        assert_eq!(second.header().unwrap().owner(), 0);
        drop(object);
        drop(second);
        limbo::sweep();
        assert_eq!(get(&LEAVES_DROPPED), 2);
    });
}

#[test]
fn objects_of_a_thread_that_left() {
    check(|| {
        let shelf = node();
        let place = &shelf;
        elsewhere(move || place.set(0, leaf(1).as_obj()));
        drop(shelf.slots[0].take());
        // Nobody saw it but its maker and, as a taken reference, we: freed at once.
        assert_eq!(get(&LEAVES_DROPPED), 1);
        elsewhere(move || place.set(0, leaf(1).as_obj()));
        let object = shelf.slots[0].load().unwrap();
        assert!(object.header().unwrap().has_flag(HeaderFlags::SEEN));
        drop(object);
        drop(shelf.slots[0].take());
        assert_eq!(get(&LEAVES_DROPPED), 1);
        limbo::sweep();
        assert_eq!(get(&LEAVES_DROPPED), 2);
    });
}

#[test]
fn limbo_waits_for_registers() {
    check(|| {
        let shelf = node();
        let target = finalized_node();
        let watcher = weak(target.as_obj());
        shelf.set(0, target.as_obj());
        drop(target);
        let (loaded, emptied, swept) = (Barrier::new(2), Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                as_thread(|| {
                    let object = shelf.slots[0].load_uncounted().unwrap();
                    assert!(!object.value().is_counted());
                    REGISTERS.with(|registers| registers.borrow_mut().push(object));
                    taipan_threading::detached(|| {
                        loaded.wait();
                        emptied.wait();
                        swept.wait();
                    });
                    REGISTERS.with(|registers| {
                        let object = registers.borrow_mut().pop().unwrap();
                        assert_eq!(get(&NODES_DROPPED), 0);
                        // Counted up again, and down.
                        drop(object.clone());
                        assert!(weakref::upgrade(&watcher.slot).unwrap().is(&object));
                    });
                });
            });
            taipan_threading::detached(|| loaded.wait());
            drop(shelf.slots[0].take());
            taipan_threading::detached(|| emptied.wait());
            limbo::sweep();
            assert_eq!((get(&FINALIZED), get(&NODES_DROPPED)), (0, 0));
            taipan_threading::detached(|| swept.wait());
            taipan_threading::detach();
        });
        taipan_threading::attach();
        limbo::sweep();
        limbo::sweep();
        assert_eq!((get(&FINALIZED), get(&NODES_DROPPED)), (1, 1));
        assert!(watcher.slot.is_dead());
    });
}

#[test]
fn the_monitor_ends_what_waits() {
    check(|| {
        let shelf = node();
        shelf.set(0, leaf(1).as_obj());
        elsewhere(|| drop(shelf.slots[0].load()));
        drop(shelf.slots[0].take());
        for _ in 0..2000 {
            safepoint();
            if get(&LEAVES_DROPPED) == 1 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("still in limbo");
    });
}

/// Threads replace and read shared slots as fast as they can; each object carries its own proof of life.
#[test]
fn readers_never_see_a_dead_object() {
    const PLACES: usize = 4;
    const ROUNDS: u64 = if cfg!(miri) { 50 } else { 100_000 };
    const TAG: u64 = 0xA11C_E000_0000_0000;
    check(|| {
        let shelf = node();
        let shelf = &*shelf;
        let done = AtomicBool::new(false);
        taipan_threading::detached(|| {
            std::thread::scope(|scope| {
                for seed in 0..3_u64 {
                    let done = &done;
                    scope.spawn(move || {
                        as_thread(|| {
                            let mut random = seed * 7919 + 1;
                            for round in 0..ROUNDS {
                                random ^= random << 13;
                                random ^= random >> 7;
                                random ^= random << 17;
                                let slot: &Slot = &shelf.slots[random as usize % PLACES];
                                match random >> 8 & 3 {
                                    0 => slot.store(leaf(TAG | round).into_obj()),
                                    1 => drop(slot.take()),
                                    2 => {
                                        if let Some(object) = slot.load() {
                                            let number = object.downcast::<Leaf>().unwrap().number;
                                            assert_eq!(number & TAG, TAG, "{number:x}");
                                            slot.store(object);
                                        }
                                    }
                                    _ => {
                                        if let Some(object) = slot.load_uncounted() {
                                            REGISTERS.with(|registers| registers.borrow_mut().push(object));
                                        }
                                        safepoint();
                                        REGISTERS.with(|registers| {
                                            let mut registers = registers.borrow_mut();
                                            for object in &*registers {
                                                let number = object.downcast::<Leaf>().unwrap().number;
                                                assert_eq!(number & TAG, TAG, "{number:x}");
                                            }
                                            if registers.len() > 20 {
                                                registers.clear();
                                            }
                                        });
                                    }
                                }
                            }
                            done.store(true, Ordering::Relaxed);
                        });
                    });
                }
            });
        });
        for slot in &shelf.slots {
            drop(slot.take());
        }
        limbo::sweep();
        limbo::sweep();
        collector::collect(2);
        if let Some(thread) = taipan_threading::current() {
            thread::poll(thread);
        }
    });
}

#[test]
fn weak_references_race_with_death() {
    check(|| {
        let shelf = node();
        let shelf = &*shelf;
        taipan_threading::detached(|| {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(move || {
                        as_thread(|| {
                            for round in 0..20_000_u64 {
                                let target = leaf(round).into_obj();
                                let watcher = weak(&target);
                                shelf.slots[round as usize % 4].store(watcher.clone().into_obj());
                                if let Some(other) = shelf.slots[(round as usize + 1) % 4].load() {
                                    let other: Option<&Weak> = other.downcast();
                                    let got: Option<Obj> = weakref::upgrade(&other.unwrap().slot);
                                    if let Some(got) = got {
                                        assert!(got.downcast::<Leaf>().unwrap().number <= 20_000);
                                    }
                                }
                                drop(target);
                                safepoint();
                            }
                        });
                    });
                }
            });
        });
    });
}

#[test]
fn cycles_between_threads() {
    check(|| {
        taipan_threading::detached(|| {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        as_thread(|| {
                            for round in 0..50_000 {
                                let (a, b) = (node(), finalized_node());
                                a.set(0, b.as_obj());
                                b.set(0, a.as_obj());
                                if round % 20_000 == 0 {
                                    collector::collect(2);
                                }
                                safepoint();
                            }
                        });
                    });
                }
            });
        });
        safepoint();
        collector::collect(2);
        assert_eq!(get(&NODES_DROPPED), 200_000);
        assert_eq!(get(&FINALIZED), 100_000);
    });
}

/// Two nodes that refer to each other, and to which nobody else refers.
fn cycle() {
    let (one, other) = (node(), node());
    one.set(0, other.as_obj());
    other.set(0, one.as_obj());
}

/// Each of two threads disposes of its own garbage, whoever has collected.
#[test]
fn garbage_is_disposed_of_by_the_threads_that_made_it() {
    check(|| {
        let (made, done) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                as_thread(|| {
                    (0..1000).for_each(|_| cycle());
                    made.store(true, Ordering::Release);
                    while !done.load(Ordering::Acquire) {
                        safepoint();
                    }
                });
            });
            (0..1000).for_each(|_| cycle());
            while !made.load(Ordering::Acquire) {
                safepoint();
            }
            collector::collect_shared(2);
            while get(&NODES_DROPPED) < 4000 {
                safepoint();
            }
            done.store(true, Ordering::Release);
            taipan_threading::detach();
        });
        taipan_threading::attach();
        // It is over: another one can begin.
        cycle();
        while collector::collect(2).collected != 2 {
            safepoint();
        }
        assert_eq!(get(&NODES_DROPPED), 4002);
    });
}

/// The thread whose garbage it is does not come to a safepoint: the one that collects does its share.
#[test]
fn garbage_of_a_detached_thread() {
    check(|| {
        let (made, done) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                as_thread(|| {
                    (0..1000).for_each(|_| cycle());
                    taipan_threading::detached(|| {
                        made.wait();
                        done.wait();
                    });
                });
            });
            (0..1000).for_each(|_| cycle());
            taipan_threading::detached(|| made.wait());
            collector::collect_shared(2);
            assert_eq!(get(&NODES_DROPPED), 4000);
            taipan_threading::detach();
            done.wait();
        });
        taipan_threading::attach();
    });
}
