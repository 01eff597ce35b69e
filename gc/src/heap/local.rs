//! One thread slot's heap: a current page per size class, the pages with free blocks, and what was allocated.
//!
//! Only the slot's thread touches it, or the initiator of a stop. It outlives its thread: the slot's next thread goes on with its pages.

use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

use taipan_threading::sync::Mutex;
use taipan_threading::sync::atomic::{AtomicPtr, Ordering};

use super::page::{Page, PageState};
use super::pool;
use super::size_class::{self, CLASSES};
use super::traced;
use crate::header::Header;
use crate::refcount::pending::Pending;

/// Fresh blocks are cut this many bytes at a time.
const EXTEND: u32 = 4096;

/// Pages with free blocks, by row: untracked classes first, tracked ones after.
#[repr(C)]
struct Rows {
    /// Where blocks are taken from.
    current: [Cell<*const Page>; 2 * CLASSES],
    available: [Cell<*const Page>; 2 * CLASSES],
}

impl Rows {
    const fn new() -> Rows {
        Rows {
            current: [const { Cell::new(&raw const EXHAUSTED) }; 2 * CLASSES],
            available: [const { Cell::new(std::ptr::null()) }; 2 * CLASSES],
        }
    }
    fn add_available(&self, page: &Page) {
        let list = &self.available[usize::from(page.class) + if page.tracked { CLASSES } else { 0 }];
        page.next.set(list.get());
        list.set(page);
    }
}

/// See the module.
#[repr(C)]
pub struct LocalHeap {
    rows: Rows,
    slot: u16,
    pub(crate) pages: UnsafeCell<Vec<*mut Page>>,
    pub(crate) large: UnsafeCell<Vec<*mut Page>>,
    /// Large objects that were freed; unmapped when the world is stopped.
    pub(crate) dead_large: UnsafeCell<Vec<*mut Page>>,
    /// Objects in limbo that this thread brought there, and their bytes.
    pub(crate) limbo: UnsafeCell<Vec<*mut Header>>,
    pub(crate) limbo_bytes: Cell<usize>,
    /// Increments of other threads' objects that are not written yet.
    pub(crate) counts: Pending,
    /// Nesting of `dealloc`, and what was put off because of it.
    pub(crate) depth: Cell<u32>,
    pub(crate) finalizers: Cell<u32>,
    pub(crate) pending: UnsafeCell<Vec<*mut Header>>,
    /// Net growth since the last collection (or recount), in tracked objects and in bytes; upper bounds between recounts.
    pub(crate) grown_objects: Cell<isize>,
    pub(crate) grown_bytes: Cell<isize>,
    /// Whether growth was reported since the last collection.
    pub(crate) reported: Cell<bool>,
    /// Where to look whether a collection is due.
    pub(crate) check_objects: Cell<isize>,
    pub(crate) check_bytes: Cell<isize>,
    pub(crate) empty_pages: Cell<usize>,
    /// Pages to which other threads have given back blocks.
    remote_pages: AtomicPtr<Page>,
    /// Pages whose blocks are told of: see [`traced`].
    traced: Rows,
}

// SAFETY: see the module; `remote_pages` is atomic.
unsafe impl Sync for LocalHeap {}

static EXHAUSTED: Page = Page::exhausted();
static NO_HEAP: LocalHeap = LocalHeap::new(0);

thread_local! {
    static HEAP: Cell<*const LocalHeap> = const { Cell::new(&raw const NO_HEAP) };
}

const HEAPS: usize = 65536;
#[allow(clippy::declare_interior_mutable_const)]
const NO_PTR: AtomicPtr<LocalHeap> = AtomicPtr::new(null_mut());
static BY_SLOT: [AtomicPtr<LocalHeap>; HEAPS] = [NO_PTR; HEAPS];
/// All heaps there are.
static ALL: Mutex<Vec<&'static LocalHeap>> = Mutex::new(Vec::new());

/// The calling thread's heap; one without pages if it has none yet.
#[inline(always)]
pub(crate) fn heap() -> &'static LocalHeap {
    // SAFETY: heaps are never freed.
    HEAP.with(|heap| unsafe { &*heap.get() })
}

/// Gives the calling thread the heap of `slot`.
pub(crate) fn enter(slot: u16) -> &'static LocalHeap {
    let place = &BY_SLOT[usize::from(slot)];
    let mut heap = place.load(Ordering::Acquire);
    if heap.is_null() {
        heap = Box::into_raw(Box::new(LocalHeap::new(slot)));
        // SAFETY: never freed.
        ALL.lock().push(unsafe { &*heap });
        // Release pairs with the loads here and in `free_remote`.
        place.store(heap, Ordering::Release);
    }
    HEAP.with(|current| current.set(heap));
    // SAFETY: never freed.
    unsafe { &*heap }
}

/// The calling thread has no heap any more.
pub(crate) fn leave() {
    HEAP.with(|current| current.set(&raw const NO_HEAP));
}

/// All heaps.
pub(crate) fn all() -> Vec<&'static LocalHeap> {
    ALL.lock().clone()
}

impl LocalHeap {
    const fn new(slot: u16) -> LocalHeap {
        LocalHeap {
            rows: Rows::new(),
            slot,
            pages: UnsafeCell::new(Vec::new()),
            large: UnsafeCell::new(Vec::new()),
            dead_large: UnsafeCell::new(Vec::new()),
            limbo: UnsafeCell::new(Vec::new()),
            limbo_bytes: Cell::new(0),
            counts: Pending::new(),
            depth: Cell::new(0),
            finalizers: Cell::new(0),
            pending: UnsafeCell::new(Vec::new()),
            grown_objects: Cell::new(0),
            grown_bytes: Cell::new(0),
            reported: Cell::new(false),
            check_objects: Cell::new(crate::collector::threshold::FIRST_OBJECTS / 8),
            check_bytes: Cell::new(crate::collector::threshold::FIRST_BYTES / 8),
            empty_pages: Cell::new(0),
            remote_pages: AtomicPtr::new(null_mut()),
            traced: Rows::new(),
        }
    }
    /// The slot whose heap this is.
    pub(crate) fn slot(&self) -> u16 {
        self.slot
    }

    /// A block of class `row` for `size` bytes, its header still that of a free block.
    #[inline(always)]
    pub(crate) fn allocate(&self, row: usize, size: usize) -> *mut Header {
        // SAFETY: pages in `current` are mapped.
        let page = unsafe { &*self.rows.current[row].get() };
        let offset = page.free.get();
        if offset == 0 {
            return self.allocate_slow(row, size);
        }
        // SAFETY: the page's first free block.
        unsafe { Self::take(page, offset) }
    }

    /// Takes the first free block, at `offset`.
    ///
    /// # Safety
    /// There is one, and it is there.
    #[inline(always)]
    unsafe fn take(page: &Page, offset: u32) -> *mut Header {
        let block = page.block(offset);
        // SAFETY: a free block of this page.
        page.free.set(unsafe { (*block).free_link() });
        page.used.set(page.used.get() + 1);
        block
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, row: usize, size: usize) -> *mut Header {
        if std::ptr::eq(self, &raw const NO_HEAP) {
            return crate::thread::started().allocate_slow(row, size);
        }
        let traced = traced::on();
        let rows = self.rows(traced);
        let block = loop {
            // SAFETY: pages in `current` are mapped.
            let page = unsafe { &*rows.current[row].get() };
            match page.free.get() {
                0 => self.find_page(row, traced),
                // SAFETY: the page's first free block.
                offset => break unsafe { Self::take(page, offset) },
            }
        };
        if traced {
            traced::allocated(block.addr(), size);
        }
        block
    }

    fn rows(&self, traced: bool) -> &Rows {
        if traced { &self.traced } else { &self.rows }
    }

    /// Makes `current[row]` a page that has a free block, or never-used ones.
    fn find_page(&self, row: usize, traced: bool) {
        let rows = self.rows(traced);
        // SAFETY: pages in `current` are mapped.
        let page = unsafe { &*rows.current[row].get() };
        if page.extend(EXTEND) {
            return;
        }
        if page.capacity != 0 {
            self.account(page);
            page.state.set(PageState::full(traced));
            // Other threads' frees may have come to it before.
        }
        self.take_remote_pages();
        let available = rows.available[row].get();
        if !available.is_null() {
            // SAFETY: pages in the list are mapped.
            let page = unsafe { &*available };
            rows.available[row].set(page.next.get());
            if page.used.get() == 0 && !traced {
                self.empty_pages.set(self.empty_pages.get() - 1);
            }
            page.state.set(PageState::current(traced));
            self.account(page);
            rows.current[row].set(page);
            self.check_growth();
            return;
        }
        if self.empty_pages.get() > 8 && !taipan_threading::multi_threaded() {
            self.release_empty();
        }
        let class = row % CLASSES;
        let raw = pool::take();
        // SAFETY: a page of our own, zeroed.
        let page = unsafe {
            raw.write(Page::new(self.slot, class as u8, size_class::block_size(class), row >= CLASSES));
            &*raw
        };
        page.state.set(PageState::current(traced));
        // SAFETY: only the slot's thread comes here.
        unsafe { (*self.pages.get()).push(raw) };
        page.extend(EXTEND);
        rows.current[row].set(page);
        self.check_growth();
    }

    /// Takes the current pages away: from now on every allocation takes the slow path. The world is stopped.
    pub(super) fn begin_traced(&self) {
        for current in &self.rows.current {
            // SAFETY: pages in `current` are mapped.
            let page = unsafe { &*current.replace(&raw const EXHAUSTED) };
            if page.capacity != 0 {
                self.account(page);
                self.make_available(page);
            }
        }
    }

    /// Turns traced pages into ordinary ones. The world is stopped.
    pub(super) fn end_traced(&self) {
        // SAFETY: the world is stopped; pages in the vector are mapped.
        for &page in unsafe { &*self.pages.get() } {
            // SAFETY: as above.
            let page = unsafe { &*page };
            match page.state.get() {
                PageState::TracedCurrent | PageState::TracedAvailable => self.make_available(page),
                PageState::TracedFull => page.state.set(PageState::Full),
                _ => {}
            }
        }
        for row in 0..2 * CLASSES {
            self.traced.current[row].set(&raw const EXHAUSTED);
            self.traced.available[row].set(std::ptr::null());
        }
    }

    /// Puts an ordinary page that is in no list into that of pages with free blocks.
    fn make_available(&self, page: &Page) {
        page.state.set(PageState::Available);
        self.rows.add_available(page);
        if page.used.get() == 0 {
            self.empty_pages.set(self.empty_pages.get() + 1);
        }
    }

    /// Adds what happened on the page since the last time to the statistics.
    pub(crate) fn account(&self, page: &Page) {
        let delta = page.used.get() as isize - page.accounted.get() as isize;
        // A forked child copies the headers of pages that changed, not of all.
        if delta == 0 {
            return;
        }
        page.accounted.set(page.used.get());
        if page.tracked {
            self.grown_objects.set(self.grown_objects.get() + delta);
        }
        self.grown_bytes.set(self.grown_bytes.get() + delta * page.block_size as isize);
    }
    /// Charges bytes outside the heap (list items, dict tables, large objects).
    pub(crate) fn charge(&self, bytes: isize) {
        if std::ptr::eq(self, &raw const NO_HEAP) {
            return;
        }
        let grown = self.grown_bytes.get() + bytes;
        self.grown_bytes.set(grown);
        if grown >= self.check_bytes.get() {
            self.check_growth();
        }
    }
    fn check_growth(&self) {
        if self.grown_objects.get() >= self.check_objects.get()
            || self.grown_bytes.get() >= self.check_bytes.get()
        {
            self.recount();
            crate::collector::threshold::consider(self);
        }
    }
    /// Makes the growth exact: adds up all pages.
    pub(crate) fn recount(&self) {
        self.take_remote_pages();
        // SAFETY: the slot's thread, or the world is stopped; pages in the vector are mapped.
        unsafe {
            for &page in &*self.pages.get() {
                self.account(&*page);
            }
        }
    }

    /// Bytes of objects, and of free blocks on pages that have some.
    pub(crate) fn bytes_while_stopped(&self) -> usize {
        // SAFETY: the world is stopped.
        unsafe {
            (*self.pages.get()).len() * super::size_class::PAGE_SIZE
                + (*self.large.get()).iter().map(|&page| (*page).large_size).sum::<usize>()
        }
    }

    /// A block of this heap's page was freed by its thread and the page was full, or became empty.
    #[cold]
    #[inline(never)]
    pub(crate) fn page_changed(&self, page: &Page) {
        let traced = page.state.get().is_traced();
        if page.state.get() == PageState::full(traced) {
            page.state.set(PageState::available(traced));
            self.rows(traced).add_available(page);
        }
        if page.used.get() == 0 && page.state.get() == PageState::Available {
            self.empty_pages.set(self.empty_pages.get() + 1);
        }
    }

    /// The heap that has the page.
    pub(crate) fn of(page: &Page) -> &'static LocalHeap {
        // SAFETY: a page belongs to a heap, and heaps are never freed.
        unsafe { &*BY_SLOT[usize::from(page.slot.get())].load(Ordering::Acquire) }
    }

    /// Announces a page to which another thread has given a block.
    pub(crate) fn announce_remote(page: &Page) {
        let heap = LocalHeap::of(page);
        let mut head = heap.remote_pages.load(Ordering::Relaxed);
        loop {
            page.next_remote.store(head, Ordering::Relaxed);
            let new = std::ptr::from_ref(page).cast_mut();
            // Release pairs with the Acquire of `take_remote_pages`.
            match heap.remote_pages.compare_exchange_weak(head, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes back what other threads have freed. The slot's thread, or the world is stopped.
    pub(crate) fn take_remote_pages(&self) {
        let mut next = self.remote_pages.swap(null_mut(), Ordering::Acquire);
        while !next.is_null() {
            // SAFETY: announced pages are mapped and belong to this heap.
            let page = unsafe { &*next };
            next = page.next_remote.load(Ordering::Relaxed);
            if page.collect_remote() > 0 {
                self.page_changed(page);
            }
        }
    }

    /// Gives empty pages back to the pool. The slot's thread while there is only one, or the world is stopped.
    pub(crate) fn release_empty(&self) {
        if self.empty_pages.get() == 0 {
            return;
        }
        self.empty_pages.set(0);
        for list in &self.rows.available {
            let mut kept = std::ptr::null();
            let mut next = list.get();
            while !next.is_null() {
                // SAFETY: pages in the list are mapped.
                let page = unsafe { &*next };
                next = page.next.get();
                if page.used.get() == 0 {
                    self.account(page);
                    // Marks it for the pass below.
                    page.state.set(PageState::Large);
                } else {
                    page.next.set(kept);
                    kept = page;
                }
            }
            list.set(kept);
        }
        // SAFETY: the slot's thread, or the world is stopped.
        let pages = unsafe { &mut *self.pages.get() };
        pages.retain(|&page| {
            // SAFETY: pages in the vector are mapped.
            let empty = unsafe { (*page).state.get() } == PageState::Large;
            if empty {
                pool::give(page);
            }
            !empty
        });
    }
}
