//! One page: 64 KiB, aligned to as many, cut into blocks of one size; or the first page of one large object.
//!
//! A free block has shape 0, owner 0, flags `DYING`, a merged shared count of zero, and in its local count the page offset of
//! the next free block (0: none). Such a header makes every look by a stale reader fail (see `refcount::protocol`).
//! A block never used is all zeros.
//!
//! | field | written by |
//! | --- | --- |
//! | `free`, `used`, `fresh`, `state`, `next` | the thread whose heap has the page; the initiator of a stop |
//! | `remote` | other threads push, the owner takes all |
//! | `next_remote` | whoever makes `remote` non-empty, until the owner takes the page off its `remote_pages` |
//! | `side` | as the heap's vector of large pages |

use std::cell::Cell;

use taipan_threading::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::size_class::{PAGE_HEADER, PAGE_SIZE};
use crate::header::Header;

/// Where a page is in its heap's lists.
///
/// Blocks on pages in the states from `Large` on are freed by the slow path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub enum PageState {
    /// Blocks are being taken from it.
    Current,
    /// In the list of pages with free blocks.
    Available,
    /// No free block, in no list.
    Full,
    /// Holds one large object.
    Large,
    /// As the first three, of pages whose blocks are told of: see [`super::traced`].
    TracedCurrent,
    TracedAvailable,
    TracedFull,
}

impl PageState {
    pub(crate) fn current(traced: bool) -> PageState {
        if traced { PageState::TracedCurrent } else { PageState::Current }
    }
    pub(crate) fn available(traced: bool) -> PageState {
        if traced { PageState::TracedAvailable } else { PageState::Available }
    }
    pub(crate) fn full(traced: bool) -> PageState {
        if traced { PageState::TracedFull } else { PageState::Full }
    }
    pub(crate) fn is_traced(self) -> bool {
        self > PageState::Large
    }
}

/// A place beyond the end of every table, for pages that are younger than the last collection.
const NO_MARKS: usize = usize::MAX >> 1;

/// The header of a page.
#[repr(C, align(64))]
pub struct Page {
    /// Offset of the first free block.
    pub(crate) free: Cell<u32>,
    /// Blocks in use, those in `remote` included.
    pub(crate) used: Cell<u32>,
    /// Offset of the first block never used.
    pub(crate) fresh: Cell<u32>,
    pub(crate) block_size: u32,
    /// `2^32 / block_size`, rounded up.
    reciprocal: u32,
    /// Number of blocks.
    pub(crate) capacity: u32,
    /// The slot whose heap has the page. Changed only in a stopped world.
    pub(crate) slot: Cell<u16>,
    pub(crate) class: u8,
    pub(crate) state: Cell<PageState>,
    /// Whether its objects take part in collections.
    pub(crate) tracked: bool,
    /// `used` when the heap last added it to its statistics.
    pub(crate) accounted: Cell<u32>,
    pub(crate) next: Cell<*const Page>,
    /// Bytes of the large object's block.
    pub(crate) large_size: usize,
    /// A large page's place in its heap's vector.
    pub(crate) side: Cell<usize>,
    /// First index of this page's blocks in the collector's table, or [`NO_MARKS`]. Written in a stopped world.
    pub(crate) mark_base: Cell<usize>,
    remote: AtomicU32,
    pub(crate) next_remote: AtomicPtr<Page>,
}

// SAFETY: the cells are touched only by the threads that the module's table names.
unsafe impl Sync for Page {}

const _: () = assert!(size_of::<Page>() <= PAGE_HEADER);

impl Page {
    /// A page header for blocks of `block_size`.
    pub(crate) const fn new(slot: u16, class: u8, block_size: u32, tracked: bool) -> Page {
        Page {
            free: Cell::new(0),
            used: Cell::new(0),
            fresh: Cell::new(PAGE_HEADER as u32),
            block_size,
            reciprocal: ((1_u64 << 32).div_ceil(block_size as u64)) as u32,
            capacity: (PAGE_SIZE - PAGE_HEADER) as u32 / block_size,
            slot: Cell::new(slot),
            class,
            state: Cell::new(PageState::Current),
            tracked,
            accounted: Cell::new(0),
            next: Cell::new(std::ptr::null()),
            large_size: 0,
            side: Cell::new(0),
            mark_base: Cell::new(NO_MARKS),
            remote: AtomicU32::new(0),
            next_remote: AtomicPtr::new(std::ptr::null_mut()),
        }
    }
    /// A page header for one large object.
    pub(crate) const fn large(slot: u16, size: usize, tracked: bool) -> Page {
        let mut page = Page::new(slot, 0, (PAGE_SIZE - PAGE_HEADER) as u32, tracked);
        page.state = Cell::new(PageState::Large);
        page.fresh = Cell::new(PAGE_SIZE as u32);
        page.large_size = size;
        page.used = Cell::new(1);
        page
    }
    /// A page without blocks: every allocation from it takes the slow path.
    pub(crate) const fn exhausted() -> Page {
        let mut page = Page::new(0, 0, 16, false);
        page.fresh = Cell::new(PAGE_SIZE as u32);
        page.capacity = 0;
        page
    }

    /// The page that holds `ptr`.
    #[inline(always)]
    pub(crate) fn of(ptr: *const Header) -> *mut Page {
        ptr.map_addr(|address| address & !(PAGE_SIZE - 1)).cast_mut().cast()
    }
    #[inline(always)]
    pub(crate) fn block(&self, offset: u32) -> *mut Header {
        std::ptr::from_ref(self).cast_mut().cast::<u8>().wrapping_add(offset as usize).cast()
    }
    /// The number of the block at `ptr`.
    #[inline(always)]
    pub(crate) fn index(&self, ptr: *const Header) -> usize {
        let offset = (ptr.addr() & (PAGE_SIZE - 1)) - PAGE_HEADER;
        ((offset as u64 * u64::from(self.reciprocal)) >> 32) as usize
    }
    /// The place of the block at `ptr` in the collector's table, beyond its end if the page has none there.
    #[inline(always)]
    pub(crate) fn mark(&self, ptr: *const Header) -> usize {
        self.mark_base.get() + self.index(ptr)
    }
    /// The number of its blocks, used ever or not: of its places in the collector's table.
    pub(crate) fn blocks(&self) -> usize {
        if self.state.get() == PageState::Large { 1 } else { self.capacity as usize }
    }
    /// Block number `index`.
    #[inline(always)]
    pub(crate) fn nth(&self, index: u32) -> *mut Header {
        self.block(PAGE_HEADER as u32 + index * self.block_size)
    }
    /// Blocks that have ever been used come first.
    #[inline]
    pub(crate) fn touched(&self) -> u32 {
        if self.state.get() == PageState::Large {
            1
        } else {
            (self.fresh.get() - PAGE_HEADER as u32) / self.block_size
        }
    }
    /// Calls `f` with each block in use. The world is stopped, or the page's thread calls.
    #[inline(always)]
    pub(crate) fn for_each_object(&self, mut f: impl FnMut(*mut Header)) {
        for index in 0..self.touched() {
            let block = self.nth(index);
            // SAFETY: touched blocks have a readable header.
            if unsafe { (*block).shape().0 } != 0 {
                f(block);
            }
        }
    }

    /// Cuts more never-used blocks into the free list, about `bytes` worth. The page's thread; the list is empty.
    pub(crate) fn extend(&self, bytes: u32) -> bool {
        let end = PAGE_HEADER as u32 + self.capacity * self.block_size;
        let first = self.fresh.get();
        if first >= end {
            return false;
        }
        let stop = end.min(first + (bytes / self.block_size).max(1) * self.block_size);
        let mut offset = first;
        while offset < stop {
            let next = offset + self.block_size;
            // SAFETY: never used, so zeroed memory inside the page, which is a valid header; nobody else knows it.
            let header = unsafe { &*self.block(offset) };
            header.set_free_link(if next < stop { next } else { 0 });
            offset = next;
        }
        self.fresh.set(stop);
        self.free.set(first);
        true
    }
    /// Where in its page a block is, as in free lists.
    #[inline(always)]
    pub(crate) fn offset(header: &Header) -> u32 {
        (std::ptr::from_ref(header).addr() & (PAGE_SIZE - 1)) as u32
    }
    /// Puts a free block back. The page's thread.
    #[inline(always)]
    pub(crate) fn give_back(&self, header: &Header) {
        header.set_free_link(self.free.get());
        self.free.set(Page::offset(header));
        self.used.set(self.used.get() - 1);
    }
    /// Another thread frees a block. True if the page must be announced to its heap.
    pub(crate) fn push_remote(&self, header: &Header) -> bool {
        self.push_chain(header, header)
    }
    /// Another thread frees blocks, of which each but the `last` is linked to the next ([`Header::set_free_link`]).
    pub(crate) fn push_chain(&self, first: &Header, last: &Header) -> bool {
        let offset = Page::offset(first);
        let mut head = self.remote.load(Ordering::Relaxed);
        loop {
            last.set_free_link(head);
            // Release pairs with the Acquire of `collect_remote`: the header was reset before.
            match self.remote.compare_exchange_weak(head, offset, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return head == 0,
                Err(now) => head = now,
            }
        }
    }
    /// Takes what others have freed; the page has come off `remote_pages`, or the world is stopped. Number of blocks.
    pub(crate) fn collect_remote(&self) -> u32 {
        let mut offset = self.remote.swap(0, Ordering::Acquire);
        let mut count = 0;
        while offset != 0 {
            // SAFETY: a free block of this page.
            let header = unsafe { &*self.block(offset) };
            offset = header.free_link();
            self.give_back(header);
            count += 1;
        }
        count
    }
}
