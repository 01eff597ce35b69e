//! The memory of the collector's table: zeros that take no memory until they are written.
//!
//! Straight from the system, and given back: a forked child whose objects are immortal writes next to nothing into its table, while an allocator
//! would clear memory that it has kept from the parent's table, and so copy it.

use std::ops::Deref;

use crate::mapping;
use taipan_threading::sync::atomic::AtomicI32;

/// So many zeros.
pub(super) struct Zeros {
    start: *mut AtomicI32,
    len: usize,
}

// SAFETY: owns its memory, which is shared as a slice of atomics only.
unsafe impl Send for Zeros {}
// SAFETY: as above.
unsafe impl Sync for Zeros {}

impl Zeros {
    pub(super) fn new(len: usize) -> Zeros {
        let bytes = len * size_of::<AtomicI32>();
        if bytes == 0 {
            return Zeros { start: std::ptr::NonNull::dangling().as_ptr(), len };
        }
        let Some(start) = mapping::map(bytes, libc::MAP_NORESERVE) else {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<AtomicI32>());
        };
        Zeros { start: start.cast().as_ptr(), len }
    }
}

impl Deref for Zeros {
    type Target = [AtomicI32];
    #[inline(always)]
    fn deref(&self) -> &[AtomicI32] {
        // SAFETY: mapped by `new`, page-aligned; all bits zero are a valid number, and it is only shared.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl Drop for Zeros {
    fn drop(&mut self) {
        let bytes = self.len * size_of::<AtomicI32>();
        if bytes > 0 {
            // SAFETY: mapped by `new` in this size; nobody borrows it any more.
            unsafe { libc::munmap(self.start.cast(), bytes) };
        }
    }
}
