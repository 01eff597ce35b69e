//! The lock of a stream, and the state it guards.
//!
//! The lock is held during a whole method, system calls and calls of Python code (raw streams written in Python) included; who waits for it
//! is detached and can be interrupted. A thread that enters a second time, from a signal handler or a raw stream that uses its own
//! buffer, gets `RuntimeError`; unless the holder has lent the state for the time being ([`StreamGuard::outside`]), because what it calls
//! may well use the stream. The state holds no Python objects, so the collector need not look into it.
//!
//! | owner | meaning |
//! | --- | --- |
//! | 0 | free, or about to be taken or let go |
//! | slot and generation of a thread | held by that thread, which alone touches the state |

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use taipan_objects::hooks;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use taipan_threading::{Acquisition, RawLock};

/// A lock with the state that it guards.
pub struct StreamLock<T> {
    lock: RawLock,
    owner: AtomicU64,
    /// Whether the owner, who alone touches this, may enter again.
    lent: AtomicBool,
    state: UnsafeCell<T>,
}

// SAFETY: `state` is touched by the owner of the lock only.
unsafe impl<T: Send> Sync for StreamLock<T> {}

/// The calling thread in the `owner` field: never zero.
fn me() -> u64 {
    let slot = u64::from(taipan_threading::current_slot());
    let generation = taipan_threading::current().map_or(0, |t| t.generation());
    1 << 63 | slot << 32 | u64::from(generation)
}

/// Whether the owner is a thread that does not exist any more: it was left behind by a fork.
fn is_gone(owner: u64) -> bool {
    let slot = (owner >> 32) as u16;
    match taipan_threading::thread_by_slot(slot) {
        Some(thread) => owner != 0 && (thread.is_vacant() || thread.generation() != owner as u32),
        None => false,
    }
}

impl<T> StreamLock<T> {
    pub fn new(state: T) -> StreamLock<T> {
        StreamLock {
            lock: RawLock::new(),
            owner: AtomicU64::new(0),
            lent: AtomicBool::new(false),
            state: UnsafeCell::new(state),
        }
    }
    /// Takes the lock of `stream`, which this belongs to.
    #[inline]
    pub fn enter(&self, stream: &Obj) -> PyResult<StreamGuard<'_, T>> {
        let again = !self.lock.try_acquire() && self.enter_slow(stream)?;
        self.owner.store(me(), Ordering::Relaxed); // Only the thread itself compares it with itself.
        Ok(StreamGuard { lock: self, again })
    }
    /// Runs `work` on the state without taking the lock, if nobody has it and the process has one thread: none can start meanwhile, because `work`
    /// runs no Python code, does not block and reaches no safepoint. Nor does it enter the stream.
    #[inline]
    pub fn alone<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if taipan_threading::multi_threaded() || self.lock.is_locked() {
            return None;
        }
        // SAFETY: there is no guard, which would hold the lock, and nobody who could make one before `work` has ended.
        Some(work(unsafe { &mut *self.state.get() }))
    }
    /// Waits for the lock; whether it was there already, and the state lent.
    #[cold]
    fn enter_slow(&self, stream: &Obj) -> PyResult<bool> {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == me() {
            if self.lent.swap(false, Ordering::Relaxed) {
                return Ok(true);
            }
            return Err(runtime_error(format!("reentrant call inside {}", repr_string(stream)?)));
        }
        if is_gone(owner) {
            self.owner.store(0, Ordering::Relaxed);
            self.lent.store(false, Ordering::Relaxed);
            self.lock.release();
        }
        loop {
            let patience = taipan_vm::sys::is_finalizing().then_some(Duration::from_secs(1));
            match self.lock.acquire(patience, true) {
                Acquisition::Acquired => return Ok(false),
                Acquisition::Interrupted => hooks::check_signals()?,
                Acquisition::TimedOut => {
                    return Err(runtime_error(format!(
                        "could not acquire lock for {} at interpreter shutdown, possibly due to daemon threads",
                        repr_string(stream)?
                    )));
                }
            }
        }
    }
    /// Whether the calling thread is in one of the stream's methods.
    pub fn is_mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == me()
    }
}

/// Access to the state; lets the lock go when dropped.
pub struct StreamGuard<'a, T> {
    lock: &'a StreamLock<T>,
    /// Entered while the state was lent: another guard holds the lock.
    again: bool,
}

impl<T> StreamGuard<'_, T> {
    /// Runs `work`, during which the thread may enter again; others still wait. Whatever can be done to the stream may have been done to it
    /// afterwards.
    pub fn outside<R>(&mut self, work: impl FnOnce() -> R) -> R {
        /// Ends the permission, also when unwinding.
        struct Lent<'a, T>(&'a StreamLock<T>);
        impl<T> Drop for Lent<'_, T> {
            fn drop(&mut self) {
                self.0.lent.store(false, Ordering::Relaxed);
            }
        }
        self.lock.lent.store(true, Ordering::Relaxed);
        let lent = Lent(self.lock);
        let result = work();
        // Else two guards would be there.
        assert!(self.lock.lent.load(Ordering::Relaxed), "who entered again has left");
        drop(lent);
        result
    }
}

impl<T> Deref for StreamGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard exists while its thread holds the lock.
        unsafe { &*self.lock.state.get() }
    }
}

impl<T> DerefMut for StreamGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above; the guard is borrowed mutably, and there is one guard at a time that can be: the other is borrowed by `outside`.
        unsafe { &mut *self.lock.state.get() }
    }
}

impl<T> Drop for StreamGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.again {
            return self.lock.lent.store(true, Ordering::Relaxed);
        }
        self.lock.owner.store(0, Ordering::Relaxed);
        self.lock.lock.release();
    }
}
