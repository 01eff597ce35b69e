//! Registration, attaching, stops.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::{NO_SLOT, Registry, current, current_slot, detached, is_attached, thread_state};

#[test]
fn slots_are_reused() {
    let registry = Registry::leaked();
    assert_eq!(current_slot(), NO_SLOT);
    let first = registry.register();
    assert!(std::ptr::eq(first, registry.register()));
    assert_eq!((current_slot(), first.slot(), first.generation()), (1, 1, 1));
    assert!(!registry.multi_threaded());
    assert_eq!(first.native_id(), u64::from(std::process::id()).max(first.native_id()));
    registry.prepare_thread_start();
    assert!(registry.multi_threaded());
    for generation in 1..4 {
        let slot = thread::spawn(move || {
            let thread = registry.register();
            assert_eq!(thread.generation(), generation);
            let mut ran = false;
            registry.unregister(|| {
                ran = true;
                assert!(is_attached());
            });
            assert!(ran && current().is_none());
            thread.slot()
        });
        assert_eq!(slot.join().unwrap(), 2);
    }
    registry.unregister(|| {});
    assert_eq!(registry.threads().count(), 0);
}

#[test]
fn detaching_nests() {
    assert_eq!(detached(|| detached(|| 5)), 5);
    let registry = Registry::leaked();
    registry.register();
    assert_eq!(
        detached(|| {
            assert!(!is_attached());
            detached(|| assert!(!is_attached()));
            thread_state::attach();
            thread_state::attach();
            assert!(is_attached());
            thread_state::detach();
            thread_state::detach();
            7
        }),
        7
    );
    assert!(is_attached());
    assert!(std::panic::catch_unwind(|| detached(|| std::panic::resume_unwind(Box::new(1)))).is_err());
    assert!(is_attached());
    registry.unregister(|| {});
}

#[test]
fn the_second_thread_waits_for_a_safepoint_of_the_first() {
    let registry = Registry::leaked();
    let me = registry.register();
    let running = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            registry.register();
            running.store(true, Ordering::Relaxed);
            registry.unregister(|| {});
        });
        thread::sleep(Duration::from_millis(20));
        assert!(!running.load(Ordering::Relaxed) && !registry.multi_threaded());
        let end = Instant::now() + Duration::from_secs(10);
        while !running.load(Ordering::Relaxed) {
            assert!(Instant::now() < end);
            me.handle_stop();
        }
        assert!(registry.multi_threaded());
    });
    registry.unregister(|| {});
}

#[test]
fn stops_exclude_everybody() {
    let registry = Registry::leaked();
    let inside = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let rounds = if cfg!(miri) { 5 } else { 300 };
    thread::scope(|scope| {
        // Threads that come, run, block, and go.
        for index in 0..3 {
            let (inside, done) = (&inside, &done);
            scope.spawn(move || {
                while done.load(Ordering::Relaxed) < 3 {
                    let me = registry.register();
                    for round in 0..50 {
                        inside.fetch_add(1, Ordering::Relaxed);
                        std::hint::spin_loop();
                        inside.fetch_sub(1, Ordering::Relaxed);
                        match (round + index) % 3 {
                            0 => me.handle_stop(),
                            1 => detached(thread::yield_now),
                            _ => assert!(me.is_attached()),
                        }
                    }
                    registry.unregister(|| {});
                }
            });
        }
        // Initiators: attached, detached, not registered.
        for kind in 0..3 {
            let (inside, done) = (&inside, &done);
            scope.spawn(move || {
                if kind < 2 {
                    registry.register();
                }
                for _ in 0..rounds {
                    let stop = || {
                        registry.stop_the_world(|stopped| {
                            assert_eq!(inside.load(Ordering::Relaxed), 0);
                            let count = stopped.threads().count();
                            for _ in 0..20 {
                                std::hint::spin_loop();
                            }
                            registry.stop_the_world(|_| assert_eq!(inside.load(Ordering::Relaxed), 0));
                            assert_eq!(stopped.threads().count(), count);
                        })
                    };
                    if kind == 1 {
                        detached(stop)
                    } else {
                        stop()
                    }
                    assert_eq!(is_attached(), kind < 2);
                }
                done.fetch_add(1, Ordering::Relaxed);
                registry.unregister(|| {});
            });
        }
    });
    let stats = registry.stop_stats();
    assert!(stats.stops >= 3 * rounds && stats.max_time_stopped <= stats.total_time_stopped);
}

#[test]
fn a_panic_in_a_stop_resumes_the_world() {
    let registry = Registry::leaked();
    registry.register();
    let result =
        std::panic::catch_unwind(|| registry.stop_the_world(|_| std::panic::resume_unwind(Box::new(()))));
    assert!(result.is_err());
    registry.stop_the_world(|_| {});
    registry.unregister(|| {});
}
