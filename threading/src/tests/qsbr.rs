//! Delayed frees.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::thread;

use crate::qsbr::{BATCH_ITEMS, barrier_drain, flush, retire, retire_raw};
use crate::safepoint::QSBR_TICK;
use crate::{Registry, detached, safepoint, thread_state};

fn counted(freed: &Arc<AtomicUsize>) -> Box<dyn FnOnce() + Send> {
    let freed = freed.clone();
    Box::new(move || {
        freed.fetch_add(1, Ordering::Relaxed);
    })
}

#[test]
fn one_thread_frees_at_its_safepoint() {
    let registry = Registry::leaked();
    let me = registry.register();
    let freed = Arc::new(AtomicUsize::new(0));
    for _ in 0..BATCH_ITEMS - 1 {
        retire(counted(&freed));
    }
    assert_eq!(safepoint(), 0);
    retire(counted(&freed));
    assert_eq!((me.poll(), freed.load(Ordering::Relaxed)), (QSBR_TICK, 0));
    assert_eq!(safepoint(), 0);
    assert_eq!(freed.load(Ordering::Relaxed), BATCH_ITEMS);
    retire(counted(&freed));
    barrier_drain();
    assert_eq!(freed.load(Ordering::Relaxed), BATCH_ITEMS + 1);
    registry.unregister(|| retire(counted(&freed)));
    registry.register();
    me.quiescent();
    assert_eq!(freed.load(Ordering::Relaxed), BATCH_ITEMS + 2);
    registry.unregister(|| {});
}

#[test]
fn the_last_to_pass_frees() {
    let registry = Registry::leaked();
    let freed = Arc::new(AtomicUsize::new(0));
    let me = registry.register();
    registry.prepare_thread_start();
    let (to_thread, in_thread) = std::sync::mpsc::channel::<()>();
    let (from_thread, here) = std::sync::mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        registry.register();
        for _ in 0..2 {
            from_thread.send(()).unwrap();
            in_thread.recv().unwrap(); // Attached: delays.
            safepoint();
        }
        from_thread.send(()).unwrap();
        in_thread.recv().unwrap();
        registry.unregister(|| {});
    });
    for round in 1..=2 {
        here.recv().unwrap();
        retire(counted(&freed));
        flush();
        if round == 1 {
            me.quiescent();
        } else {
            thread_state::detach();
        }
        assert_eq!(freed.load(Ordering::Relaxed), round - 1);
        to_thread.send(()).unwrap();
    }
    here.recv().unwrap();
    assert_eq!(freed.load(Ordering::Relaxed), 2);
    to_thread.send(()).unwrap();
    thread.join().unwrap();
    registry.unregister(|| {});
}

#[test]
fn detached_threads_do_not_delay() {
    let registry = Registry::leaked();
    let freed = Arc::new(AtomicUsize::new(0));
    let me = registry.register();
    registry.prepare_thread_start();
    let (to_thread, in_thread) = std::sync::mpsc::channel::<()>();
    let (from_thread, here) = std::sync::mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let other = registry.register();
        from_thread.send(()).unwrap();
        in_thread.recv().unwrap(); // Attached: delays.
        other.quiescent();
        detached(|| {
            from_thread.send(()).unwrap();
            in_thread.recv().unwrap();
        });
        registry.unregister(|| {});
    });
    here.recv().unwrap();
    retire(counted(&freed));
    flush();
    me.quiescent();
    assert_eq!(freed.load(Ordering::Relaxed), 0);
    to_thread.send(()).unwrap();
    here.recv().unwrap();
    retire(counted(&freed));
    flush();
    for _ in 0..2 {
        me.quiescent();
    }
    assert_eq!(freed.load(Ordering::Relaxed), 2);
    to_thread.send(()).unwrap();
    thread.join().unwrap();
    registry.unregister(|| {});
}

#[test]
fn readers_never_see_freed_storage() {
    const LIVE: usize = 0x600D;
    unsafe fn dealloc(pointer: *mut u8, _: usize) {
        // SAFETY: `retire_raw` got it from `Box::into_raw`; poisoned first.
        unsafe {
            pointer.cast::<AtomicUsize>().as_ref().unwrap().store(0xDEAD, Ordering::Relaxed);
            drop(Box::from_raw(pointer.cast::<AtomicUsize>()));
        }
    }
    let registry = Registry::leaked();
    let shared = AtomicPtr::new(Box::into_raw(Box::new(AtomicUsize::new(LIVE))));
    let done = AtomicUsize::new(0);
    let rounds = if cfg!(miri) { 300 } else { 50_000 };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                registry.register();
                for _ in 0..rounds {
                    let old = shared.swap(Box::into_raw(Box::new(AtomicUsize::new(LIVE))), Ordering::AcqRel);
                    // SAFETY: unlinked by the swap.
                    unsafe { retire_raw(old.cast(), dealloc, 8) };
                    safepoint();
                }
                done.fetch_add(1, Ordering::Relaxed);
                registry.unregister(|| {});
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                registry.register();
                let mut round = 0;
                while done.load(Ordering::Relaxed) < 2 {
                    let pointer = shared.load(Ordering::Acquire);
                    // SAFETY: no safepoint since the load.
                    assert_eq!(unsafe { (*pointer).load(Ordering::Relaxed) }, LIVE);
                    round += 1;
                    if round % 16 == 0 {
                        detached(|| {});
                    }
                    safepoint();
                }
                registry.unregister(|| {});
            });
        }
    });
    registry.stop_the_world(|stopped| stopped.reclaim_retired());
    // SAFETY: the last one, never retired.
    drop(unsafe { Box::from_raw(shared.into_inner()) });
}
