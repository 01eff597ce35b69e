//! Critical sections: nesting, suspension, freedom from deadlock.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::{CriticalSection, ObjectLock, Registry, detached, with_section, with_section2};

#[test]
fn recursion_is_empty() {
    let registry = Registry::leaked();
    let me = registry.register();
    let (a, b) = (ObjectLock::new(), ObjectLock::new());
    with_section(&a, || {
        with_section(&a, || assert_eq!(me.section_depth(), 1));
        with_section2(&a, &a, || assert_eq!(me.section_depth(), 1));
        assert!(a.is_locked());
        with_section(&b, || {
            // Not the top one: suspends both, takes `a` alone.
            with_section(&a, || assert!(a.is_locked() && !b.is_locked()));
            assert!(b.is_locked() && !a.is_locked());
        });
        assert!(a.is_locked() && !b.is_locked());
        with_section2(&b, &a, || assert!(a.is_locked() && b.is_locked()));
        assert!(a.is_locked() && !b.is_locked());
    });
    assert!(!a.is_locked() && !b.is_locked());
    registry.unregister(|| {});
}

#[test]
fn detaching_suspends() {
    let registry = Registry::leaked();
    let me = registry.register();
    let (a, b, c) = (ObjectLock::new(), ObjectLock::new(), ObjectLock::new());
    let held = || [a.is_locked(), b.is_locked(), c.is_locked()];
    with_section(&a, || {
        with_section2(&c, &b, || {
            assert_eq!(held(), [true, true, true]);
            detached(|| assert_eq!(held(), [false, false, false]));
            assert_eq!(held(), [false, true, true]);
        });
        assert_eq!(held(), [true, false, false]);
    });
    assert_eq!(held(), [false, false, false]);
    // Guards that go out of order, and one that goes while detached.
    let first = CriticalSection::enter(&a);
    let second = CriticalSection::enter(&b);
    drop(first);
    assert_eq!(held(), [false, true, false]);
    drop(second);
    assert_eq!((held(), me.section_depth()), ([false, false, false], 0));
    let guard = CriticalSection::enter(&a);
    detached(|| drop(guard));
    assert_eq!((held(), me.section_depth()), ([false, false, false], 0));
    registry.unregister(|| {});
}

#[test]
fn the_initiator_of_a_stop_needs_no_locks() {
    let registry = Registry::leaked();
    registry.prepare_thread_start();
    let lock = ObjectLock::new();
    let raw = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            registry.register();
            with_section(&lock, || {
                raw.store(true, Ordering::Relaxed);
                detached(|| thread::sleep(Duration::from_millis(20)));
                assert!(lock.is_locked());
            });
            registry.unregister(|| {});
        });
        while !raw.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        registry.stop_the_world(|_| with_section(&lock, || {}));
    });
}

struct Account(ObjectLock, UnsafeCell<i64>);
// SAFETY: the cell is only touched in sections on the lock.
unsafe impl Sync for Account {}

#[test]
fn transfers_between_all_pairs() {
    let registry = Registry::leaked();
    let accounts: Vec<Account> = (0..4).map(|_| Account(ObjectLock::new(), UnsafeCell::new(0))).collect();
    let rounds = if cfg!(miri) { 20 } else { 20_000_usize };
    thread::scope(|scope| {
        for index in 0..4_usize {
            let accounts = &accounts;
            scope.spawn(move || {
                let me = registry.register();
                let mut seed = index * 7919 + 1;
                for round in 0..rounds {
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (from, to) = (&accounts[seed >> 40 & 3], &accounts[seed >> 44 & 3]);
                    let transfer = || {
                        with_section2(&from.0, &to.0, || {
                            // SAFETY: in a section on both locks, without a safepoint.
                            unsafe {
                                *from.1.get() -= 1;
                                *to.1.get() += 1;
                            }
                        });
                    };
                    // Nested sections in all orders: would deadlock without suspension.
                    match seed >> 50 & 3 {
                        0 => with_section(&to.0, transfer),
                        1 => with_section(&accounts[seed >> 46 & 3].0, || with_section(&from.0, transfer)),
                        2 => with_section(&from.0, || detached(|| {})),
                        _ => transfer(),
                    }
                    if round % 64 == 0 {
                        registry.stop_the_world(|_| {
                            // SAFETY: the world is stopped.
                            let sum: i64 = accounts.iter().map(|account| unsafe { *account.1.get() }).sum();
                            assert_eq!(sum, 0);
                        });
                    }
                    me.handle_stop();
                }
                registry.unregister(|| {});
            });
        }
    });
    assert!(accounts.iter().all(|account| !account.0.is_locked()));
    assert_eq!(accounts.into_iter().map(|account| account.1.into_inner()).sum::<i64>(), 0);
}
