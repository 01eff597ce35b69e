//! The object heap: per-thread pages of equal blocks, allocation as pop from a free list.
//!
//! Memory is *type-stable*: between two stops of the world a freed block is reused only for another object of its size class, and its header
//! stays readable, so a thread may look at the header behind a pointer that it read from a shared slot a moment ago.
//! Pages change size or go back only while the world is stopped (or while there is only one thread).
//! Each thread allocates from its own slot's heap ([`local`]); blocks freed by other threads go through the page's atomic
//! list. A heap outlives its thread and is taken over by the slot's next one. Tracked and untracked objects live on different pages,
//! so the collector walks only the former.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::header::Header;
use crate::reference::Object;
use crate::shape_table::{self, shape_flags};

pub(crate) mod local;
pub(crate) mod page;
#[cfg(feature = "poison")]
mod poison;
pub(crate) mod pool;
pub mod size_class;
pub mod traced;

pub use pool::bytes_in_use;

use local::LocalHeap;
use page::{Page, PageState};
use size_class::{CLASSES, MAX_SMALL, PAGE_HEADER};

/// Moves `value` into a new block with `extra` zeroed bytes behind it.
#[inline]
pub fn place<T: Object>(value: T, extra: usize) -> NonNull<T> {
    let place = place_unfilled(value, extra, false);
    if extra > 0 && size_of::<T>() + extra <= MAX_SMALL {
        // SAFETY: the block is ours and large enough. Larger ones are zeroed.
        unsafe { place.cast::<u8>().add(size_of::<T>()).write_bytes(0, extra) };
    }
    place
}

/// [`place`] with anything in the bytes behind it: they are to be written before this thread reaches a safepoint or shows the object to others. The collector
/// need not know an `acyclic` object: all that it will ever refer to is [`Obj::is_acyclic`](crate::Obj::is_acyclic).
#[inline]
pub fn place_unfilled<T: Object>(value: T, extra: usize, acyclic: bool) -> NonNull<T> {
    place_unfilled_here(value, extra, acyclic)
}

/// [`place_unfilled`] as part of the caller, which writes the fields where they belong: for the few places that make most objects.
#[inline(always)]
pub fn place_unfilled_here<T: Object>(value: T, extra: usize, acyclic: bool) -> NonNull<T> {
    const { assert!(align_of::<T>() <= 16 && size_of::<T>() >= size_of::<Header>()) };
    let size = size_of::<T>() + extra;
    let mut value = ManuallyDrop::new(value);
    // SAFETY: `Object` promises a header at the start.
    let header = unsafe { &mut *(&raw mut value).cast::<Header>() }.words();
    let tracked =
        T::ops().tracked && !acyclic || shape_table::entry(header.shape).flags() & shape_flags::TRACKED != 0;
    let block = if size <= MAX_SMALL {
        local::heap().allocate(size_class::class(size) + if tracked { CLASSES } else { 0 }, size)
    } else {
        allocate_large(size, tracked)
    };
    #[cfg(feature = "poison")]
    poison::check(block);
    let target = block.cast::<u8>();
    // SAFETY: the block is ours and large enough; stale readers look at the header only, which is written atomically.
    unsafe {
        let source = (&raw const value).cast::<u8>();
        let head = size_of::<Header>();
        target.add(head).copy_from_nonoverlapping(source.add(head), size_of::<T>() - head);
        (*block).publish(header, taipan_threading::current_slot());
    }
    // SAFETY: never null.
    unsafe { NonNull::new_unchecked(block.cast()) }
}

#[cold]
#[inline(never)]
fn allocate_large(size: usize, tracked: bool) -> *mut Header {
    let heap = this();
    let bytes = PAGE_HEADER + size;
    heap.charge(bytes as isize);
    let raw = pool::take_large(bytes);
    // SAFETY: our own memory; zeroed, so the block's header is readable.
    unsafe {
        raw.write(Page::large(heap.slot(), size, tracked));
        (*heap.large.get()).push(raw);
        (*raw).side.set((*heap.large.get()).len() - 1);
        let block = (*raw).nth(0);
        if traced::on() {
            traced::allocated(block.addr(), size);
        }
        block
    }
}

/// The calling thread's heap, made if need be.
#[inline(always)]
pub(crate) fn this() -> &'static LocalHeap {
    let heap = local::heap();
    if heap.slot() == 0 { crate::thread::started() } else { heap }
}

/// Frees a block whose object has been dropped.
///
/// # Safety
/// `ptr` is a block in use; nobody has a reference, and no register holds it uncounted.
#[inline]
pub(crate) unsafe fn free(ptr: *mut Header) {
    // SAFETY: a block of this heap.
    let (header, page) = unsafe { (&*ptr, &*Page::of(ptr)) };
    #[cfg(feature = "poison")]
    poison::fill(ptr);
    header.make_free();
    if page.slot.get() == taipan_threading::current_slot() {
        let state = page.state.get();
        if state < PageState::Large {
            page.give_back(header);
            if state != PageState::Current && (state == PageState::Full || page.used.get() == 0) {
                local::heap().page_changed(page);
            }
            return;
        }
    }
    free_slow(header, page);
}

/// So many objects of the page will be freed, which its heap's growth shall not show.
///
/// # Safety
/// The world is stopped.
pub(crate) unsafe fn expect_free(page: &Page, number: usize) {
    // Large objects are no part of the statistics of pages.
    if page.state.get() != PageState::Large {
        let heap = LocalHeap::of(page);
        heap.grown_objects.set(heap.grown_objects.get() + number as isize);
        heap.grown_bytes.set(heap.grown_bytes.get() + (number * page.block_size as usize) as isize);
    }
}

/// [`free`] for many blocks, which come page by page; others' blocks are handed over a page's worth at a time. Returns their number.
///
/// # Safety
/// As for [`free`]; no safepoint is passed meanwhile.
pub(crate) unsafe fn free_all(blocks: impl Iterator<Item = *mut Header>) -> usize {
    let mut number = 0;
    // Another thread's page and the first and last of its blocks.
    let mut chain: Option<(&Page, &Header, &Header)> = None;
    let hand_over = |chain: Option<(&Page, &Header, &Header)>| {
        if let Some((page, first, last)) = chain
            && page.push_chain(first, last)
        {
            LocalHeap::announce_remote(page);
        }
    };
    for ptr in blocks {
        number += 1;
        // SAFETY: a block of this heap.
        let (header, page) = unsafe { (&*ptr, &*Page::of(ptr)) };
        // The state of another thread's page may be changing between the first three.
        if page.slot.get() == taipan_threading::current_slot() || page.state.get() >= PageState::Large {
            // SAFETY: says the caller.
            unsafe { free(ptr) };
            continue;
        }
        #[cfg(feature = "poison")]
        poison::fill(ptr);
        header.make_free();
        chain = match chain {
            Some((of, first, last)) if std::ptr::eq(of, page) => {
                header.set_free_link(Page::offset(first));
                Some((of, header, last))
            }
            other => {
                hand_over(other);
                Some((page, header, header))
            }
        };
    }
    hand_over(chain);
    number
}

#[cold]
#[inline(never)]
fn free_slow(header: &Header, page: &Page) {
    // The state of another thread's page may be changing between the first three.
    let state = page.state.get();
    if traced::on() && state >= PageState::Large {
        traced::freed(std::ptr::from_ref(header).addr());
    }
    if state.is_traced() && page.slot.get() == taipan_threading::current_slot() {
        page.give_back(header);
        if state == PageState::TracedFull {
            local::heap().page_changed(page);
        }
        return;
    }
    if state != PageState::Large {
        if page.push_remote(header) {
            LocalHeap::announce_remote(page);
        }
        return;
    }
    let heap = this();
    let raw = std::ptr::from_ref(page).cast_mut();
    heap.charge(-((PAGE_HEADER + page.large_size) as isize));
    page.used.set(0);
    if taipan_threading::multi_threaded() {
        // Stale readers may look at its header until the world was stopped.
        // SAFETY: our own heap.
        unsafe { (*heap.dead_large.get()).push(raw) };
        crate::limbo::note_dead_large(page.large_size);
    } else {
        // SAFETY: the only thread; the page is in the vector of its heap at `side`.
        unsafe { unlink_large(raw) }
    }
}

/// Removes a large page from its heap and frees it.
///
/// # Safety
/// The world is stopped or there is one thread; the page's object is dropped.
unsafe fn unlink_large(raw: *mut Page) {
    for heap in local::all() {
        // SAFETY: as the caller says.
        unsafe {
            if heap.slot() == (*raw).slot.get() {
                let large = &mut *heap.large.get();
                let index = (*raw).side.get();
                debug_assert!(std::ptr::eq(large[index], raw));
                large.swap_remove(index);
                if let Some(&moved) = large.get(index) {
                    (*moved).side.set(index);
                }
                break;
            }
        }
    }
    // SAFETY: unlinked, and nobody reads it.
    unsafe { pool::give_large(raw) }
}

/// What can be given back only while the world is stopped.
///
/// # Safety
/// The world is stopped.
pub(crate) unsafe fn release_while_stopped() {
    for heap in local::all() {
        // SAFETY: the world is stopped.
        unsafe {
            for raw in std::mem::take(&mut *heap.dead_large.get()) {
                unlink_large(raw);
            }
        }
        heap.take_remote_pages();
        heap.release_empty();
    }
}

/// Bytes of the block that holds the object.
///
/// # Safety
/// `ptr` is an object that [`place`] made.
pub unsafe fn object_size(ptr: *const Header) -> usize {
    // SAFETY: says the caller.
    let page = unsafe { &*Page::of(ptr) };
    if page.state.get() == PageState::Large { page.large_size } else { page.block_size as usize }
}

/// Tells the collector's trigger of memory outside the heap that an object acquired (or, negative, gave back).
#[inline]
pub fn charge(bytes: isize) {
    local::heap().charge(bytes);
}

/// Finalizes and frees an object whose counts are zero.
///
/// # Safety
/// No reference to the object is left.
pub unsafe fn dealloc(ptr: *mut Header) {
    // SAFETY: says the caller.
    unsafe { crate::dealloc::destroy(ptr) }
}

/// Whether the object lives on a page that the collector walks.
///
/// # Safety
/// `ptr` is an object that [`place`] made.
pub unsafe fn is_tracked(ptr: *const Header) -> bool {
    // SAFETY: says the caller.
    unsafe { (*Page::of(ptr)).tracked }
}

/// All pages of all heaps, large ones included.
///
/// # Safety
/// The world is stopped while the result is used.
pub(crate) unsafe fn pages() -> Vec<&'static Page> {
    let mut pages = Vec::new();
    for heap in local::all() {
        // SAFETY: the world is stopped.
        unsafe {
            pages.extend((*heap.pages.get()).iter().map(|&page| &*page));
            pages.extend((*heap.large.get()).iter().map(|&page| &*page));
        }
    }
    pages
}

/// What one thread slot's heap holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeapStats {
    /// Pages of equal blocks.
    pub pages: usize,
    /// Large objects.
    pub large: usize,
    /// Blocks in use.
    pub objects: usize,
    /// Bytes of blocks in use.
    pub bytes: usize,
}

/// Totals of all heaps; approximate while other threads run.
pub fn stats() -> HeapStats {
    taipan_threading::stop_the_world(|_| {
        let mut stats = HeapStats::default();
        // SAFETY: the world is stopped.
        for page in unsafe { pages() } {
            if page.state.get() == PageState::Large {
                stats.large += 1;
                stats.objects += page.used.get() as usize;
                stats.bytes += page.large_size;
            } else {
                stats.pages += 1;
                stats.objects += page.used.get() as usize;
                stats.bytes += page.used.get() as usize * page.block_size as usize;
            }
        }
        stats
    })
}
