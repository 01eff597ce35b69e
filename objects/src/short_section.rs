//! The lock around the few instructions that change a container's storage.
//!
//! Entering may be a safepoint once there are several threads: who finds the lock taken waits for it detached. So an uncounted reference
//! does not outlast it, unless a frame's register holds it: what is used behind it, be it the very object, is counted before.
//!
//! Between [`ShortSection::enter`] and its drop no Python code runs, nothing blocks and no safepoint is reached; dropped
//! values are carried out of the section first. That is why it may do without the section stack of
//! [`CriticalSection`]: a raw holder is never stopped, never detaches, and a forking thread finds the lock free. While
//! the process has one thread there is nobody to exclude, and none can start in between (a second thread registers with the world stopped).

use std::mem::ManuallyDrop;

use taipan_threading::{CriticalSection, ObjectLock, multi_threaded};

/// See the module.
#[must_use]
pub struct ShortSection<'a> {
    /// Held by this section.
    raw: Option<&'a ObjectLock>,
    /// Instead of that; dropped by `end_slow` alone, so that the usual end is a look at two words.
    full: ManuallyDrop<Option<CriticalSection<'a>>>,
}

impl<'a> ShortSection<'a> {
    /// Takes the lock, if there is anybody to exclude.
    #[inline(always)]
    pub fn enter(lock: &'a ObjectLock) -> ShortSection<'a> {
        if !multi_threaded() {
            return ShortSection { raw: None, full: ManuallyDrop::new(None) };
        }
        if lock.try_lock() {
            return ShortSection { raw: Some(lock), full: ManuallyDrop::new(None) };
        }
        Self::enter_slow(lock)
    }

    /// Contended, or this thread is in a critical section on the object already.
    #[cold]
    fn enter_slow(lock: &'a ObjectLock) -> ShortSection<'a> {
        ShortSection { raw: None, full: ManuallyDrop::new(Some(CriticalSection::enter(lock))) }
    }

    #[cold]
    fn end_slow(&mut self) {
        drop(self.full.take());
    }
}

impl Drop for ShortSection<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(lock) = self.raw {
            lock.unlock();
        } else if self.full.is_some() {
            self.end_slow();
        }
    }
}
