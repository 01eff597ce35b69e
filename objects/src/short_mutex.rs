//! A mutex for the few instructions that change what native code keeps behind it.
//!
//! As long as the process has one thread nothing is exchanged: there is nobody to exclude, and none can start in between, because a
//! guard lasts for moments only (see [`crate::short_section`]): no Python code runs, nothing blocks and no safepoint is reached while
//! there is one; what is to be dropped is carried out of it first. Locking twice in one thread is a bug of the caller; it panics, or
//! hangs once there are several threads.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

use parking_lot::RawMutex;
use parking_lot::lock_api::RawMutex as _;
use taipan_gc::Tracer;
use taipan_threading::multi_threaded;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::layout::TraceField;

/// See the module.
pub struct ShortMutex<T> {
    /// Held by guards of processes with several threads.
    raw: RawMutex,
    /// There is a guard, and one thread. Only touched by that.
    alone: AtomicBool,
    data: UnsafeCell<T>,
}

// SAFETY: the data is reached through guards, of which there is one at a time: the raw mutex, or the one thread, excludes others.
unsafe impl<T: Send> Sync for ShortMutex<T> {}

/// Access to the data until it is dropped.
#[must_use]
pub struct ShortGuard<'a, T> {
    mutex: &'a ShortMutex<T>,
    /// Whether the raw mutex is held.
    raw: bool,
}

impl<T> ShortMutex<T> {
    /// A mutex that guards `data`.
    pub const fn new(data: T) -> ShortMutex<T> {
        ShortMutex { raw: RawMutex::INIT, alone: AtomicBool::new(false), data: UnsafeCell::new(data) }
    }
    /// Takes the lock.
    #[inline(always)]
    pub fn lock(&self) -> ShortGuard<'_, T> {
        let raw = multi_threaded();
        if raw {
            self.raw.lock();
        } else {
            // Relaxed: one thread.
            assert!(!self.alone.load(Ordering::Relaxed), "a short mutex was locked twice");
            self.alone.store(true, Ordering::Relaxed);
        }
        ShortGuard { mutex: self, raw }
    }
    /// The data of a mutex that nobody else has.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: Default> Default for ShortMutex<T> {
    fn default() -> ShortMutex<T> {
        ShortMutex::new(T::default())
    }
}

impl<T> Deref for ShortGuard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: there is one guard at a time, and this is it.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T> DerefMut for ShortGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T> Drop for ShortGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.raw {
            // SAFETY: this guard holds it.
            unsafe { self.mutex.raw.unlock() }
        } else {
            debug_assert!(!multi_threaded(), "a short mutex was held over a safepoint");
            self.mutex.alone.store(false, Ordering::Relaxed);
        }
    }
}

impl<T: TraceField> TraceField for ShortMutex<T> {
    /// The world is stopped (or the object has one owner), and nobody was stopped with a guard.
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        if !self.raw.is_locked() && !self.alone.load(Ordering::Relaxed) {
            // SAFETY: nobody else runs.
            unsafe { &*self.data.get() }.trace_field(tracer);
        }
    }
}
