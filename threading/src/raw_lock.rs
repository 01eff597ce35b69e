//! The lock behind Python's `_thread.lock`: any thread may release it, waiting has a timeout and can be
//! interrupted by a signal. Waiters detach. The algorithm is the object lock's.

use crate::const_fn;
use crate::object_lock::{Acquisition, ObjectLock};
use crate::sync::Duration;

/// A timed, interruptible lock without an owner.
#[derive(Debug, Default)]
pub struct RawLock(ObjectLock);

impl RawLock {
    const_fn! {
        /// An unlocked lock.
        pub const fn new() -> RawLock {
            RawLock(ObjectLock::new())
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_acquire(&self) -> bool {
        self.0.try_lock()
    }

    /// Takes the lock; `None` waits without limit. After `Interrupted` the caller serves its poll word and may come again.
    #[inline]
    pub fn acquire(&self, timeout: Option<Duration>, interruptible: bool) -> Acquisition {
        self.0.acquire(timeout, interruptible)
    }

    /// Releases the lock, from any thread; false if it was not held.
    #[inline]
    pub fn release(&self) -> bool {
        self.0.release()
    }

    /// Whether the lock is held at this moment.
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// Makes the lock free whatever its state: in a forked child, where its holder may not exist.
    pub fn reset_after_fork(&mut self) {
        *self = RawLock::new();
    }
}
