//! Page memory: chunks of pages from the system, and the pages that are free. (The allocator would clear what it had used for something else before, all 4 MiB of it, though a small program needs
//! the beginning alone.)
//!
//! Invariant: a page in the pool is not referred to by anything and has no reader; [`take`] returns zeroed memory.

use std::ptr::NonNull;

use taipan_threading::sync::Mutex;

use super::page::Page;
use super::size_class::PAGE_SIZE;
use crate::mapping::{self, Low};

const CHUNK_PAGES: usize = 64;
/// Chunks after these are backed by huge pages where the system offers them: what of a huge page is not used is little beside them.
const SMALL_CHUNKS: usize = 16;
const HUGE_PAGE: usize = 2 << 20;
/// The beginning of the process's memory that is backed by pages of the usual size, because a small program uses little of a huge one.
const SMALL_MEMORY: usize = 32 << 20;

/// Blocks from this size on ask for huge pages, however small the program was so far.
pub(crate) const LARGE: usize = 16 << 20;

struct Pool {
    /// Never used: zeroed as they come.
    fresh: *mut u8,
    fresh_left: usize,
    /// Used before.
    free: Vec<*mut Page>,
    taken: usize,
    chunks: usize,
    low: Low,
}
// SAFETY: the pointers are owned by the pool.
unsafe impl Send for Pool {}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    fresh: std::ptr::null_mut(),
    fresh_left: 0,
    free: Vec::new(),
    taken: 0,
    chunks: 0,
    low: Low::new(),
});

/// Memory is exhausted: there is no way to go on.
#[cold]
fn exhausted() -> ! {
    std::alloc::handle_alloc_error(std::alloc::Layout::new::<[u8; PAGE_SIZE]>())
}

/// Refuses huge pages at the beginning of the allocator's memory, on systems that give them to everybody. The allocator, which does not ask for them, reserves its memory
/// as a whole and fills it from the beginning.
fn keep_small() {
    // SAFETY: a block of our own; then advice, about memory of this process, or that is not mapped.
    unsafe {
        let block = libmimalloc_sys::mi_malloc(1);
        let begin = block.map_addr(|address| address & !(SMALL_MEMORY - 1));
        libc::madvise(begin.cast(), SMALL_MEMORY, libc::MADV_NOHUGEPAGE);
        libmimalloc_sys::mi_free(block);
    }
}

/// A new chunk, which is zeroed, and is never given back.
fn take_chunk(huge: bool, low: &mut Low) -> *mut u8 {
    let (bytes, align) = (CHUNK_PAGES * PAGE_SIZE, if huge { HUGE_PAGE } else { PAGE_SIZE });
    let chunk = low.map(bytes).map_or_else(|| map_anywhere(bytes, align), NonNull::as_ptr);
    if huge {
        ask_for_huge_pages(chunk, bytes);
    } else {
        // SAFETY: advice about our own memory.
        unsafe { libc::madvise(chunk.cast(), bytes, libc::MADV_NOHUGEPAGE) };
    }
    chunk
}

/// New memory whose address is a multiple of `align`.
fn map_anywhere(bytes: usize, align: usize) -> *mut u8 {
    let Some(mapped) = mapping::map(bytes + align, 0) else { exhausted() };
    let mapped = mapped.as_ptr();
    let chunk = mapped.map_addr(|address| address.next_multiple_of(align));
    let before = chunk.addr() - mapped.addr();
    // SAFETY: of the new mapping what lies around the chunk is taken away again: both ends are whole pages of the system.
    unsafe {
        if before != 0 {
            libc::munmap(mapped.cast(), before);
        }
        libc::munmap(chunk.wrapping_add(bytes).cast(), align - before);
    }
    chunk
}

/// Asks for huge pages for the whole ones of a new block of the allocator's.
pub(crate) fn ask_for_huge_pages(block: *mut u8, bytes: usize) {
    let skipped = block.addr().next_multiple_of(HUGE_PAGE) - block.addr();
    if let Some(rest) = bytes.checked_sub(skipped) {
        // SAFETY: advice about our own memory, from the address of a page on.
        unsafe {
            libc::madvise(block.wrapping_add(skipped).cast(), rest & !(HUGE_PAGE - 1), libc::MADV_HUGEPAGE)
        };
    }
}

/// A zeroed page.
pub(crate) fn take() -> *mut Page {
    let mut pool = POOL.lock();
    pool.taken += 1;
    if let Some(page) = pool.free.pop() {
        drop(pool);
        // SAFETY: the page is ours.
        unsafe { page.cast::<u8>().write_bytes(0, PAGE_SIZE) };
        return page;
    }
    if pool.fresh_left == 0 {
        if pool.chunks == 0 {
            keep_small();
        }
        let huge = pool.chunks >= SMALL_CHUNKS;
        pool.fresh = take_chunk(huge, &mut pool.low);
        pool.chunks += 1;
        pool.fresh_left = CHUNK_PAGES;
    }
    let page = pool.fresh;
    pool.fresh = page.wrapping_add(PAGE_SIZE);
    pool.fresh_left -= 1;
    page.cast()
}

/// Gives a page back; its memory goes back to the system when many lie idle.
pub(crate) fn give(page: *mut Page) {
    let mut pool = POOL.lock();
    pool.taken -= 1;
    if pool.free.len() >= 64 {
        // SAFETY: the page is ours, and anonymous memory; it reads as zeros afterwards.
        unsafe { libc::madvise(page.cast(), PAGE_SIZE, libc::MADV_DONTNEED) };
    }
    pool.free.push(page);
}

/// Memory for one large object of `bytes`, header page included, zeroed.
pub(crate) fn take_large(bytes: usize) -> *mut Page {
    // SAFETY: plain allocation.
    let raw = unsafe { libmimalloc_sys::mi_zalloc_aligned(bytes, PAGE_SIZE) };
    if raw.is_null() {
        exhausted();
    }
    if bytes >= LARGE {
        ask_for_huge_pages(raw.cast(), bytes);
    }
    raw.cast()
}

/// # Safety
/// `page` came from [`take_large`], and nobody can be reading it.
pub(crate) unsafe fn give_large(page: *mut Page) {
    // SAFETY: says the caller.
    unsafe { libmimalloc_sys::mi_free(page.cast()) }
}

/// Bytes of pages in use.
pub fn bytes_in_use() -> usize {
    POOL.lock().taken * PAGE_SIZE
}
