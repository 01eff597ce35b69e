//! The one-byte lock, its parking, and interruption: mutual exclusion, no lost wake-up, hand-off.
#![cfg(loom)]

use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::safepoint::SIGNAL;
use taipan_threading::sync::{Arc, UnsafeCell};
use taipan_threading::{Acquisition, Event, ObjectLock, RawLock, Registry, parking_lot};

struct Guarded {
    lock: ObjectLock,
    value: UnsafeCell<usize>,
}

// SAFETY: the value is only touched under the lock, which is what loom checks.
unsafe impl Sync for Guarded {}
// SAFETY: as above.
unsafe impl Send for Guarded {}

impl Guarded {
    fn add(&self) {
        self.lock.lock();
        // SAFETY: under the lock.
        self.value.with_mut(|value| unsafe { *value += 1 });
        self.lock.unlock();
    }
}

fn contend(threads: usize, each: usize, preemptions: usize, fair: bool) {
    explore(preemptions, move || {
        parking_lot::MODEL_IS_FAIR.set(fair);
        let guarded = Arc::new(Guarded { lock: ObjectLock::new(), value: UnsafeCell::new(0) });
        let handles: Vec<_> = (1..threads)
            .map(|_| {
                let guarded = guarded.clone();
                thread::spawn(move || (0..each).for_each(|_| guarded.add()))
            })
            .collect();
        (0..each).for_each(|_| guarded.add());
        for handle in handles {
            handle.join().unwrap();
        }
        // SAFETY: all threads have ended.
        assert_eq!(guarded.value.with(|value| unsafe { *value }), threads * each);
        assert!(guarded.lock.try_lock());
    });
}

#[test]
fn two_threads() {
    contend(2, 2, 5, false);
    contend(2, 2, 5, true);
}

#[test]
fn three_threads() {
    contend(3, 1, 4, false);
    contend(3, 1, 4, true);
}

#[test]
fn interruption_is_not_lost() {
    explore(5, || {
        let registry = Registry::leaked();
        let lock = Arc::new(RawLock::new());
        assert!(lock.try_acquire());
        let me = registry.register();
        let handle = thread::spawn(move || me.request(SIGNAL));
        // Nobody releases the lock.
        assert_eq!(lock.acquire(None, true), Acquisition::Interrupted);
        assert!(me.take(SIGNAL));
        handle.join().unwrap();
    });
}

#[test]
fn interruption_loses_no_release() {
    explore(4, || {
        parking_lot::MODEL_IS_FAIR.set(true);
        let registry = Registry::leaked();
        let lock = Arc::new(RawLock::new());
        assert!(lock.try_acquire());
        let me = registry.register();
        let releaser = {
            let lock = lock.clone();
            thread::spawn(move || {
                me.request(SIGNAL);
                assert!(lock.release());
            })
        };
        // Whichever comes first: afterwards the lock can be taken.
        match lock.acquire(None, true) {
            Acquisition::Acquired => {}
            Acquisition::Interrupted => {
                assert!(me.take(SIGNAL));
                assert_eq!(lock.acquire(None, false), Acquisition::Acquired);
            }
            Acquisition::TimedOut => unreachable!(),
        }
        releaser.join().unwrap();
        assert!(lock.release() && !lock.is_locked());
    });
}

#[test]
fn event_wakes_its_waiters() {
    explore(5, || {
        let event = Arc::new((Event::new(), UnsafeCell::new(0)));
        let waiter = {
            let event = event.clone();
            thread::spawn(move || {
                assert_eq!(event.0.wait(None, false), Acquisition::Acquired);
                // SAFETY: the event orders this after the write.
                assert_eq!(event.1.with(|value| unsafe { *value }), 1);
            })
        };
        // SAFETY: not set yet, so nobody reads.
        event.1.with_mut(|value| unsafe { *value = 1 });
        event.0.set();
        waiter.join().unwrap();
    });
}
