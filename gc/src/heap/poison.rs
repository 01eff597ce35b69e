//! Filling free blocks with a pattern, and checking it when they are used again: finds writes to freed objects.

use crate::header::Header;

const PATTERN: u8 = 0xDB;
/// Of large blocks only the start is filled.
const MOST: usize = 4096;

fn body(ptr: *mut Header) -> (*mut u8, usize) {
    // SAFETY: a block of the heap.
    let size = unsafe { super::object_size(ptr) }.min(MOST);
    (ptr.cast::<u8>().wrapping_add(size_of::<Header>()), size - size_of::<Header>())
}

/// The block becomes free.
pub(super) fn fill(ptr: *mut Header) {
    let (start, bytes) = body(ptr);
    // SAFETY: inside the block, which has no user any more.
    unsafe { start.write_bytes(PATTERN, bytes) };
}

/// The block is taken: free before, or never used.
pub(super) fn check(ptr: *mut Header) {
    let (start, bytes) = body(ptr);
    // SAFETY: inside the block.
    let body = unsafe { std::slice::from_raw_parts(start, bytes) };
    if let Some(&first) = body.first()
        && (first != PATTERN && first != 0 || body.iter().any(|&byte| byte != first))
    {
        eprintln!("taipan: a freed object of {bytes} bytes at {ptr:p} was written to");
        std::process::abort();
    }
}
