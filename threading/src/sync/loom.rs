//! The facade over loom: every access is a point at which the model may switch threads.

pub use loom::cell::UnsafeCell;
pub use loom::hint;
pub use loom::lazy_static as loom_lazy_static;
pub use loom::sync::{Arc, atomic};
pub use loom::thread;
pub use loom::thread_local as loom_thread_local;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// Stands between two `SeqCst` accesses whose order matters, which loom gives the order of `AcqRel` only.
pub fn between_seq_cst() {
    atomic::fence(atomic::Ordering::SeqCst);
}

/// A mutual exclusion lock.
#[derive(Debug)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

/// The lock held; empty only inside `Condvar::wait`.
pub struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    /// A new, unlocked mutex.
    pub fn new(value: T) -> Self {
        Mutex(loom::sync::Mutex::new(value))
    }

    /// Blocks until the lock is held.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap()))
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|guard| MutexGuard(Some(guard)))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_deref().expect("guard is empty only while waiting")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_deref_mut().expect("guard is empty only while waiting")
    }
}

/// A condition variable whose `wait` borrows the guard.
#[derive(Debug)]
pub struct Condvar(loom::sync::Condvar);

impl Default for Condvar {
    fn default() -> Self {
        Condvar::new()
    }
}

impl Condvar {
    /// A new condition variable.
    pub fn new() -> Self {
        Condvar(loom::sync::Condvar::new())
    }

    /// Releases the lock, sleeps until notified, takes the lock again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let inner = guard.0.take().expect("guard is empty only while waiting");
        guard.0 = Some(self.0.wait(inner).unwrap());
    }

    /// A model has no clock: waits without limit.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _timeout: Duration) -> bool {
        self.wait(guard);
        false
    }

    /// Wakes one waiter.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiters.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Declares a thread local.
#[macro_export]
macro_rules! facade_thread_local {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        $crate::sync::loom_thread_local! { $(#[$meta])* $vis static $name: $type = $init }
    };
}

/// Declares a static that is built anew for each run of a model.
#[macro_export]
macro_rules! facade_static {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr) => {
        $crate::sync::loom_lazy_static! { $(#[$meta])* static ref $name: $type = $init; }
    };
}
