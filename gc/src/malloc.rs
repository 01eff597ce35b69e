//! mimalloc as the program's allocator.
//!
//! The allocator of the `mimalloc` crate asks for every block by size *and* alignment, which takes a third more instructions than asking by size alone. mimalloc's
//! blocks are aligned to 16 bytes anyway (to their size if they are smaller), which is enough for nearly all.

use std::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys as mi;

/// See the module. For `#[global_allocator]`.
pub struct MiMalloc;

/// Whether a block of this size is aligned that much without being asked to.
#[inline(always)]
fn is_usual(size: usize, align: usize) -> bool {
    align <= 16 && align <= size
}

// SAFETY: mimalloc keeps the allocator's contract; see `is_usual` for the alignment.
unsafe impl GlobalAlloc for MiMalloc {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: no precondition.
        unsafe {
            if is_usual(layout.size(), layout.align()) {
                mi::mi_malloc(layout.size()).cast()
            } else {
                mi::mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }
    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: no precondition.
        unsafe {
            if is_usual(layout.size(), layout.align()) {
                mi::mi_zalloc(layout.size()).cast()
            } else {
                mi::mi_zalloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }
    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        // SAFETY: a block of mimalloc's, says the caller.
        unsafe { mi::mi_free(block.cast()) }
    }
    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: a block of mimalloc's, says the caller.
        unsafe {
            if is_usual(size, layout.align()) {
                mi::mi_realloc(block.cast(), size).cast()
            } else {
                mi::mi_realloc_aligned(block.cast(), size, layout.align()).cast()
            }
        }
    }
}
