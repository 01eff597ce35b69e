//! Object locks, Python locks, events, interruptible waits.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::safepoint::SIGNAL;
use crate::{Acquisition, Event, ObjectLock, RawLock, Registry, sleep_interruptible, thread_state};

struct Counter(ObjectLock, UnsafeCell<u64>);
// SAFETY: the cell is only touched under the lock.
unsafe impl Sync for Counter {}

#[test]
fn object_lock_excludes() {
    let registry = Registry::leaked();
    let counter = Counter(ObjectLock::new(), UnsafeCell::new(0));
    let (threads, rounds) = if cfg!(miri) { (2, 50) } else { (4, 50_000) };
    thread::scope(|scope| {
        for index in 0..threads {
            let counter = &counter;
            scope.spawn(move || {
                if index % 2 == 0 {
                    registry.register();
                }
                for _ in 0..rounds {
                    counter.0.lock();
                    // SAFETY: under the lock.
                    unsafe { *counter.1.get() += 1 };
                    counter.0.unlock();
                }
                registry.unregister(|| {});
            });
        }
    });
    assert_eq!(counter.1.into_inner(), threads * rounds);
    assert!(!counter.0.is_locked());
}

#[test]
fn a_waiter_is_not_starved() {
    let lock = ObjectLock::new();
    let entered = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let end = Instant::now() + Duration::from_secs(5);
            while entered.load(Ordering::Relaxed) < 20 && Instant::now() < end {
                lock.lock();
                thread::sleep(Duration::from_micros(300));
                lock.unlock();
            }
        });
        scope.spawn(|| {
            for _ in 0..20 {
                lock.lock();
                entered.fetch_add(1, Ordering::Relaxed);
                lock.unlock();
            }
        });
    });
    assert_eq!(entered.load(Ordering::Relaxed), 20);
}

#[test]
fn timeouts() {
    let lock = RawLock::new();
    assert!(lock.try_acquire());
    assert!(!lock.try_acquire());
    assert_eq!(lock.acquire(Some(Duration::ZERO), false), Acquisition::TimedOut);
    let begun = Instant::now();
    assert_eq!(lock.acquire(Some(Duration::from_millis(20)), false), Acquisition::TimedOut);
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert!(lock.release());
    assert!(!lock.release());
    assert_eq!(lock.acquire(Some(Duration::MAX), false), Acquisition::Acquired);
    assert!(lock.is_locked());
    let event = Event::new();
    assert_eq!(event.wait(Some(Duration::ZERO), false), Acquisition::TimedOut);
    assert_eq!(event.wait(Some(Duration::from_millis(5)), false), Acquisition::TimedOut);
    event.set();
    assert_eq!(event.wait(None, false), Acquisition::Acquired);
}

#[test]
fn any_thread_may_release() {
    let lock = RawLock::new();
    assert!(lock.try_acquire());
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(10));
            assert!(lock.release());
        });
        assert_eq!(lock.acquire(None, true), Acquisition::Acquired);
    });
}

#[test]
fn a_signal_interrupts_only_interruptible_waits() {
    let registry = Registry::leaked();
    let me = registry.register();
    let lock = RawLock::new();
    assert!(lock.try_acquire());
    let event = Event::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                thread::sleep(Duration::from_millis(10));
                me.request(SIGNAL);
            }
            thread::sleep(Duration::from_millis(10));
            lock.release();
        });
        assert_eq!(lock.acquire(None, true), Acquisition::Interrupted);
        // Still set: interrupted at once.
        assert_eq!(lock.acquire(None, true), Acquisition::Interrupted);
        assert!(me.take(SIGNAL));
        assert_eq!(event.wait(None, true), Acquisition::Interrupted);
        assert!(me.take(SIGNAL));
        assert!(!sleep_interruptible(Duration::from_secs(60)));
        assert!(thread_state::is_attached());
        assert_eq!(lock.acquire(None, false), Acquisition::Acquired);
    });
    assert!(me.take(SIGNAL));
    assert!(sleep_interruptible(Duration::from_millis(1)));
    registry.unregister(|| {});
}

#[test]
fn interrupted_and_timed_out_waiters_lose_no_wakeup() {
    let registry = Registry::leaked();
    let lock = RawLock::new();
    let total = AtomicUsize::new(0);
    let rounds = if cfg!(miri) { 20 } else { 2_000 };
    thread::scope(|scope| {
        for index in 0..4 {
            let (lock, total) = (&lock, &total);
            scope.spawn(move || {
                let me = registry.register();
                let mut done = 0;
                while done < rounds {
                    let timeout = (index == 1).then_some(Duration::from_micros(20));
                    match lock.acquire(timeout, index == 2) {
                        Acquisition::Acquired => {
                            done += 1;
                            total.fetch_add(1, Ordering::Relaxed);
                            if index == 3 {
                                for other in registry.threads() {
                                    other.request(SIGNAL);
                                }
                            }
                            assert!(lock.release());
                        }
                        Acquisition::TimedOut => assert_eq!(index, 1),
                        Acquisition::Interrupted => assert!(me.take(SIGNAL) && index == 2),
                    }
                    me.handle_stop();
                }
                registry.unregister(|| {});
            });
        }
    });
    assert_eq!(total.load(Ordering::Relaxed), 4 * rounds);
    assert!(!lock.is_locked());
}

#[test]
fn event_wakes_all() {
    let event = Event::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(event.wait(None, false), Acquisition::Acquired));
        }
        thread::sleep(Duration::from_millis(10));
        event.set();
        event.set();
    });
    assert!(event.is_set());
}
