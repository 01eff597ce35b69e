//! mimalloc as the program's allocator.
//!
//! The allocator of the `mimalloc` crate asks for every block by size *and* alignment, which takes a third more instructions than asking by size alone. mimalloc's
//! blocks are aligned to 16 bytes anyway (to their size if they are smaller), which is enough for nearly all.
//!
//! mimalloc takes address space without asking whether there is memory for it. Of a block that is larger than any memory the system would tell
//! only when it is written to, by ending the process; so it is asked before (`is_refused`), as a C library's allocator does.
//! Nor does it ask for huge pages, of which a program of a few megabytes would waste as many; large blocks ask for themselves.
//!
//! Whoever listens to the heap ([`crate::heap::traced`]) is told of these blocks, too: of a new one afterwards, of the end of one before, so that
//! nobody else can have got its address in between.

use std::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys as mi;

use crate::heap::{pool, traced};
use crate::mapping;

/// See the module. For `#[global_allocator]`.
pub struct MiMalloc;

/// Whether a block of this size is aligned that much without being asked to.
#[inline(always)]
fn is_usual(size: usize, align: usize) -> bool {
    align <= 16 && align <= size
}

/// Blocks from this size on are asked for.
const ASKED: usize = 1 << 32;

/// Whether the system would not give a process so much.
#[cold]
fn is_refused(size: usize) -> bool {
    // SAFETY: nobody uses the new mapping before it is taken away again.
    mapping::map(size, 0).is_none_or(|trial| unsafe { libc::munmap(trial.as_ptr().cast(), size) } != 0)
}

/// [`GlobalAlloc::alloc`] and `alloc_zeroed` of large blocks.
#[cold]
#[inline(never)]
fn allocate_large(layout: Layout, zeroed: bool) -> *mut u8 {
    let (size, align) = (layout.size(), layout.align());
    if size >= ASKED && is_refused(size) {
        return std::ptr::null_mut();
    }
    // SAFETY: no precondition.
    let block: *mut u8 = unsafe {
        if zeroed { mi::mi_zalloc_aligned(size, align) } else { mi::mi_malloc_aligned(size, align) }
    }
    .cast();
    became_large(block, size);
    if traced::on() {
        traced::allocated(block.addr(), size);
    }
    block
}

#[cold]
#[inline(never)]
fn became_large(block: *mut u8, size: usize) {
    if !block.is_null() {
        pool::ask_for_huge_pages(block, size);
    }
}

/// Gives back to the system what the calling thread has freed, and everybody's that nobody needs now. To be called behind what took much for a moment.
pub fn give_back() {
    // SAFETY: no precondition.
    unsafe { mi::mi_collect(true) };
}

// SAFETY: mimalloc keeps the allocator's contract; see `is_usual` for the alignment.
unsafe impl GlobalAlloc for MiMalloc {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= pool::LARGE {
            return allocate_large(layout, false);
        }
        // SAFETY: no precondition.
        let block: *mut u8 = unsafe {
            if is_usual(layout.size(), layout.align()) {
                mi::mi_malloc(layout.size()).cast()
            } else {
                mi::mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        };
        if traced::on() {
            traced::allocated(block.addr(), layout.size());
        }
        block
    }
    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= pool::LARGE {
            return allocate_large(layout, true);
        }
        // SAFETY: no precondition.
        let block: *mut u8 = unsafe {
            if is_usual(layout.size(), layout.align()) {
                mi::mi_zalloc(layout.size()).cast()
            } else {
                mi::mi_zalloc_aligned(layout.size(), layout.align()).cast()
            }
        };
        if traced::on() {
            traced::allocated(block.addr(), layout.size());
        }
        block
    }
    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        if traced::on() {
            traced::freed(block.addr());
        }
        // SAFETY: a block of mimalloc's, says the caller.
        unsafe { mi::mi_free(block.cast()) }
    }
    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size >= ASKED && size > layout.size() && is_refused(size) {
            return std::ptr::null_mut();
        }
        let traced = traced::on();
        if traced {
            traced::freed(block.addr());
        }
        // SAFETY: a block of mimalloc's, says the caller.
        let block: *mut u8 = unsafe {
            if is_usual(size, layout.align()) {
                mi::mi_realloc(block.cast(), size).cast()
            } else {
                mi::mi_realloc_aligned(block.cast(), size, layout.align()).cast()
            }
        };
        if size >= pool::LARGE {
            became_large(block, size);
        }
        if traced {
            traced::allocated(block.addr(), size);
        }
        block
    }
}
