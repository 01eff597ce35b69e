//! The facade over the standard library: zero-cost wrappers.

pub use std::hint;
pub use std::sync::{Arc, MutexGuard, atomic};
pub use std::thread;

use std::sync::PoisonError;
use std::time::Duration;

/// Stands between two `SeqCst` accesses whose order matters: nothing here. Loom gives such accesses the order of `AcqRel` only, so there it is a fence.
#[inline(always)]
pub fn between_seq_cst() {}

/// A mutual exclusion lock that ignores poisoning.
#[derive(Debug, Default)]
pub struct Mutex<T: ?Sized>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// A new, unlocked mutex.
    pub const fn new(value: T) -> Self {
        Mutex(std::sync::Mutex::new(value))
    }

    /// The value, when nobody can hold the lock any more.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Blocks until the lock is held.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }
}

/// A condition variable whose `wait` borrows the guard.
#[derive(Debug, Default)]
pub struct Condvar(std::sync::Condvar);

impl Condvar {
    /// A new condition variable.
    pub const fn new() -> Self {
        Condvar(std::sync::Condvar::new())
    }

    /// Releases the lock, sleeps until notified (or spuriously), takes the lock again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        replace_guard(guard, |guard| self.0.wait(guard).unwrap_or_else(PoisonError::into_inner));
    }

    /// `wait` for at most `timeout`; true when the time ran out.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> bool {
        let mut timed_out = false;
        replace_guard(guard, |guard| {
            let (guard, result) = self.0.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner);
            timed_out = result.timed_out();
            guard
        });
        timed_out
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

/// Passes the guard by value through `wait`, which gives back a guard of the same lock.
fn replace_guard<'a, T>(
    slot: &mut MutexGuard<'a, T>,
    wait: impl FnOnce(MutexGuard<'a, T>) -> MutexGuard<'a, T>,
) {
    /// Stands between the two copies: a panic in `wait` would drop the guard twice.
    struct AbortOnUnwind;
    impl Drop for AbortOnUnwind {
        fn drop(&mut self) {
            std::process::abort();
        }
    }
    // SAFETY: `slot` is read once and written once with the guard that `wait` returns; in between
    // nothing can observe the moved-out slot, because an unwind aborts.
    unsafe {
        let bomb = AbortOnUnwind;
        let guard = wait(std::ptr::read(slot));
        std::ptr::write(slot, guard);
        std::mem::forget(bomb);
    }
}

/// A cell whose accesses go through closures, so that loom can check them.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A new cell.
    pub const fn new(value: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Calls `f` with a pointer for reading.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with a pointer for writing.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Declares a constant-initialised thread local.
#[macro_export]
macro_rules! facade_thread_local {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        ::std::thread_local! { $(#[$meta])* $vis static $name: $type = const { $init } }
    };
}

/// Declares a static that is built anew for each run of a loom model.
#[macro_export]
macro_rules! facade_static {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr) => {
        $(#[$meta])* static $name: $type = $init;
    };
}
