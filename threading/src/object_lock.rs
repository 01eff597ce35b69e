//! The one-byte lock in every object header.
//!
//! | PARKED | LOCKED | meaning                                         |
//! | ------ | ------ | ----------------------------------------------- |
//! | 0      | 0      | free                                            |
//! | 0      | 1      | held, nobody sleeps                             |
//! | 1      | 1      | held, somebody sleeps or is about to            |
//! | 1      | 0      | just released with sleepers left; anyone may take it |
//!
//! LOCKED is set by whoever takes the lock (Acquire) and cleared by the release (Release). PARKED is
//! set by a waiter before it parks and cleared only under the queue's lock, by the release that sees the queue empty.
//! Waiters detach from the runtime while they sleep, so a stop-the-world never waits for them, and
//! their critical sections are suspended. A release hands the lock to a waiter that has waited longer than
//! `parking_lot::FAIR_AFTER`, so nobody starves. The lock has no owner: any thread may release it.

use crate::const_fn;
use crate::parker::Token;
use crate::parking_lot::{self, Parked, Wait};
use crate::safepoint;
use crate::sync::atomic::AtomicU8;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{Duration, Instant, hint};
use crate::thread_state::{self, ThreadState};

const LOCKED: u8 = 1;
const PARKED: u8 = 2;

#[cfg(not(loom))]
const SPINS: u32 = 10;
#[cfg(loom)]
const SPINS: u32 = 0;

/// How an acquisition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Acquisition {
    /// The lock is held.
    Acquired,
    /// The timeout passed first.
    TimedOut,
    /// A signal or an asynchronous exception is waiting for this thread.
    Interrupted,
}

/// What happens to the thread's critical sections while it sleeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhileParked {
    /// Released, and the top one taken again afterwards: the rule.
    SuspendSections,
    /// The critical-section code itself waits and has released them already.
    SectionsAreSuspended,
}

/// A mutual exclusion lock of one byte. May live in type-stable memory: all zeros is unlocked.
#[repr(transparent)]
#[derive(Debug)]
pub struct ObjectLock(AtomicU8);

impl ObjectLock {
    const_fn! {
        /// An unlocked lock.
        pub const fn new() -> ObjectLock {
            ObjectLock(AtomicU8::new(0))
        }
    }

    /// Takes the lock if it is free.
    #[inline(always)]
    pub fn try_lock(&self) -> bool {
        // Acquire pairs with the Release in `unlock` and `release_slow`.
        self.0.compare_exchange(0, LOCKED, Acquire, Relaxed).is_ok() || self.try_lock_slow()
    }

    /// Free, but with sleepers: barging is allowed.
    #[cold]
    fn try_lock_slow(&self) -> bool {
        self.0.compare_exchange(PARKED, PARKED | LOCKED, Acquire, Relaxed).is_ok()
    }

    /// Takes the lock, detaching while it has to sleep.
    #[inline]
    pub fn lock(&self) {
        if self.0.compare_exchange(0, LOCKED, Acquire, Relaxed).is_err() {
            let _acquired = self.lock_slow(None, false, WhileParked::SuspendSections);
        }
    }

    /// Takes the lock unless that takes longer than `timeout`.
    #[inline]
    pub fn lock_timeout(&self, timeout: Duration) -> bool {
        self.acquire(Some(timeout), false) == Acquisition::Acquired
    }

    /// Takes the lock, with an optional timeout, returning early for signals if `interruptible`.
    #[inline]
    pub fn acquire(&self, timeout: Option<Duration>, interruptible: bool) -> Acquisition {
        if self.try_lock() {
            return Acquisition::Acquired;
        }
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Acquisition::TimedOut;
        }
        // A deadline beyond the clock's range is no deadline.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.lock_slow(deadline, interruptible, WhileParked::SuspendSections)
    }

    /// Releases the lock.
    ///
    /// Releasing a lock that is not held does nothing.
    #[inline(always)]
    pub fn unlock(&self) {
        // Release pairs with the Acquire of the next holder.
        if self.0.compare_exchange(LOCKED, 0, Release, Relaxed).is_err() {
            let _was_locked = self.release_slow();
        }
    }

    /// Releases the lock; false if it was not held.
    #[inline]
    pub fn release(&self) -> bool {
        self.0.compare_exchange(LOCKED, 0, Release, Relaxed).is_ok() || self.release_slow()
    }

    /// Whether somebody holds the lock at this moment.
    #[inline]
    pub fn is_locked(&self) -> bool {
        // Relaxed: only a hint to the caller.
        self.0.load(Relaxed) & LOCKED != 0
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[cold]
    pub(crate) fn lock_slow(
        &self,
        deadline: Option<Instant>,
        interruptible: bool,
        mode: WhileParked,
    ) -> Acquisition {
        let me = thread_state::current();
        let mut since = None;
        let mut spins = 0;
        loop {
            // Relaxed: a guess, confirmed by the compare-exchanges.
            let state = self.0.load(Relaxed);
            if state & LOCKED == 0 {
                // Acquire pairs with the Release of the last holder.
                if self.0.compare_exchange(state, state | LOCKED, Acquire, Relaxed).is_ok() {
                    return Acquisition::Acquired;
                }
                continue;
            }
            if state & PARKED == 0 {
                if spins < SPINS {
                    spins += 1;
                    for _ in 0..1_u32 << spins.min(4) {
                        hint::spin_loop();
                    }
                    continue;
                }
                // Relaxed: publishes nothing; `validate` looks again under the queue's lock.
                if self.0.compare_exchange(state, state | PARKED, Relaxed, Relaxed).is_err() {
                    continue;
                }
            }
            let interrupted = || interruptible && me.is_some_and(ThreadState::is_interrupted);
            let wait = Wait {
                parker: me.map_or_else(parking_lot::spare_parker, ThreadState::parker),
                since: *since.get_or_insert_with(Instant::now),
                deadline,
                interrupted: &interrupted,
            };
            // Relaxed: clearing PARKED and this test are both under the queue's lock; LOCKED without
            // PARKED, or PARKED alone, means that the release that will not wake us has happened.
            let validate = || {
                let wanted = self.0.load(Relaxed) == LOCKED | PARKED;
                if let Some(me) = me.filter(|_| wanted) {
                    me.note_acquiring(self);
                }
                wanted
            };
            let park = || parking_lot::park(self.key(), &wait, validate);
            let outcome = match mode {
                WhileParked::SuspendSections => thread_state::detached(park),
                WhileParked::SectionsAreSuspended => thread_state::detached_without_sections(park),
            };
            if let Some(me) = me {
                me.note_acquiring(std::ptr::null());
            }
            match outcome {
                // The queue's lock and the parker's word order us after the last holder.
                Parked::Unparked(Token::Handoff) => return Acquisition::Acquired,
                Parked::Unparked(Token::Normal) | Parked::Invalid => spins = 0,
                Parked::TimedOut => return Acquisition::TimedOut,
                Parked::Interrupted => return Acquisition::Interrupted,
            }
        }
    }

    #[cold]
    fn release_slow(&self) -> bool {
        loop {
            // Relaxed: a guess, confirmed below.
            let state = self.0.load(Relaxed);
            if state & LOCKED == 0 {
                return false;
            }
            if state == LOCKED {
                if self.0.compare_exchange(LOCKED, 0, Release, Relaxed).is_ok() {
                    return true;
                }
                continue;
            }
            let mut released = false;
            parking_lot::unpark_one(self.key(), |queue| {
                let next = match (queue.waiting, queue.be_fair) {
                    (true, true) => LOCKED | if queue.more { PARKED } else { 0 },
                    _ => {
                        if queue.more {
                            PARKED
                        } else {
                            0
                        }
                    }
                };
                // Release pairs with the Acquire of the next holder. LOCKED|PARKED is stable under
                // the queue's lock but for a racing double release, which fails here and looks again.
                released = self.0.compare_exchange(LOCKED | PARKED, next, Release, Relaxed).is_ok();
                let token = if next & LOCKED != 0 { Token::Handoff } else { Token::Normal };
                released.then_some(token)
            });
            if released {
                return true;
            }
        }
    }
}

impl Default for ObjectLock {
    fn default() -> Self {
        ObjectLock::new()
    }
}

/// Sleeps for `duration`, detached; returns early for signals. True when the whole time has passed.
pub fn sleep_interruptible(duration: Duration) -> bool {
    let me = thread_state::current();
    let parker = me.map_or_else(parking_lot::spare_parker, ThreadState::parker);
    parker.prepare();
    let deadline = Instant::now().checked_add(duration);
    let interrupted = || me.is_some_and(ThreadState::is_interrupted);
    match thread_state::detached(|| parker.wait(deadline, interrupted)) {
        crate::parker::Wake::TimedOut => true,
        crate::parker::Wake::Interrupted | crate::parker::Wake::Token(_) => false,
    }
}

const _: () = assert!(safepoint::INTERRUPTING != 0);
