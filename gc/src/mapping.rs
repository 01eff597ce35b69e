//! Memory from the system itself, past the allocator.

use std::ptr::NonNull;

/// New memory of whole pages, which is zeroed, at a place of the system's choice; nothing if the system has no more. `flags` are added to those of `mmap`.
pub(crate) fn map(bytes: usize, flags: libc::c_int) -> Option<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, where there was none.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind | flags, -1, 0) };
    if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) }
}
