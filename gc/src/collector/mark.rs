//! Finding the garbage: subtract, mark, gather. The world is stopped.
//!
//! One `i32` per block of the tracked pages. After the first pass a candidate's entry is its count less the references from
//! candidates; `ALIVE` from then on marks what is known to be alive, and `DOOMED` what is garbage, until that is freed. Objects that are no candidates (immortal, in limbo, dying) are not
//! traced: what they refer to keeps the difference, and so is alive.
//! Heaps that are not small are worked on by several threads, some pages at a time. Then references between such chunks of pages are counted in a
//! second table, by read-modify-write, so that the entries of a chunk, to which most of its references go, are its thread's own in the first pass. The threads that
//! wait for the end of the stop leave their processors to that.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use taipan_threading::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::zeros::Zeros;
use crate::header::{Header, HeaderFlags};
use crate::heap;
use crate::heap::page::Page;
use crate::hooks;
use crate::ops::Tracer;
use crate::refcount;
use crate::shape_table::shape_flags;
use crate::value::Value;

const ALIVE: i32 = i32::MIN;
const DOOMED: i32 = i32::MAX;
/// Blocks from which on several threads work.
const PARALLEL: usize = 400_000;
/// The same if there are other Python threads, whose processors are idle meanwhile.
const PARALLEL_AMONG_THREADS: usize = 50_000;
/// References that are on their way at a time.
const AHEAD: usize = 8;
/// Pages that a thread takes at a time.
const CHUNK: usize = 16;

/// The helper threads do not exist in a forked child.
static NO_HELPERS: AtomicBool = AtomicBool::new(false);

/// In a forked child: collections stay on one thread.
pub fn after_fork_child() {
    NO_HELPERS.store(true, Ordering::Relaxed);
}

/// Visits all references of an object: struct and attribute slots.
///
/// # Safety
/// The object is whole, and the world is stopped or the caller is its only holder.
#[inline]
pub(crate) unsafe fn trace(ptr: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: says the caller.
    unsafe {
        let entry = (*ptr).shape_entry();
        (entry.ops().trace)(ptr, tracer);
        if entry.flags() & shape_flags::SLOTS != 0
            && let Some(hooks) = hooks::get()
        {
            (hooks.trace_slots)(ptr, tracer);
        }
    }
}

/// Whether the collector decides about the object.
#[inline(always)]
pub(super) fn is_candidate(header: &Header) -> bool {
    !header.is_immortal() && !header.has_flag(HeaderFlags::LIMBO | HeaderFlags::DYING)
}

/// References on their way from the objects that have them to where they are looked at, whose headers come from memory meanwhile; and how many each stands for.
struct Ahead {
    references: [(Value, i32); AHEAD],
    /// The place of the latest one.
    latest: usize,
}

impl Ahead {
    fn new() -> Ahead {
        Ahead { references: [(Value::EMPTY, 0); AHEAD], latest: 0 }
    }
    /// Takes a reference in, and gives the one whose place it needs.
    #[inline(always)]
    fn exchange(&mut self, value: Value, times: i32) -> (Value, i32) {
        value.fetch();
        self.latest = (self.latest + 1) % AHEAD;
        std::mem::replace(&mut self.references[self.latest], (value, times))
    }
    /// Gives all that are on their way.
    fn take(&mut self) -> [(Value, i32); AHEAD] {
        std::mem::replace(self, Ahead::new()).references
    }
}

struct Table {
    entries: Zeros,
    /// What other chunks add to the entries; empty if one thread does it all.
    foreign: Zeros,
    parallel: bool,
    pages: Vec<&'static Page>,
    /// Counted by the first pass.
    candidates: AtomicUsize,
}

/// The pages that the collector walks, large ones included, with the places of their blocks in the table.
///
/// # Safety
/// The world is stopped.
unsafe fn table() -> Table {
    // SAFETY: says the caller.
    let pages: Vec<_> = unsafe { heap::pages() }.into_iter().filter(|page| page.tracked).collect();
    let mut blocks = 0;
    for page in &pages {
        // By capacity, and written only if it changed: so a forked child, whose pages are its parent's, dirties none of them by collecting.
        if page.mark_base.get() != blocks {
            page.mark_base.set(blocks);
        }
        blocks += page.blocks();
    }
    let enough = if taipan_threading::multi_threaded() { PARALLEL_AMONG_THREADS } else { PARALLEL };
    let parallel = blocks >= enough && !NO_HELPERS.load(Ordering::Relaxed);
    let foreign = Zeros::new(if parallel { blocks } else { 0 });
    Table { entries: Zeros::new(blocks), foreign, parallel, pages, candidates: AtomicUsize::new(0) }
}

/// The places of the blocks of some pages, which follow each other in the table.
fn places(pages: &[&'static Page]) -> Range<usize> {
    match (pages.first(), pages.last()) {
        (Some(first), Some(last)) => first.mark_base.get()..last.mark_base.get() + last.blocks(),
        _ => 0..0,
    }
}

impl Table {
    /// The place of a candidate's entry; `None` for everything else.
    #[inline(always)]
    fn place(&self, ptr: *mut Header) -> Option<usize> {
        // SAFETY: references point to whole objects; those outside the heap are immortal.
        unsafe {
            if !is_candidate(&*ptr) {
                return None;
            }
            let page = &*Page::of(ptr);
            if page.tracked { Some(page.mark(ptr)) } else { None }
        }
    }

    /// Adds to an entry that no other thread is writing.
    #[inline(always)]
    fn add_alone(&self, place: usize, delta: i32) {
        let entry = &self.entries[place];
        // Relaxed: passes are separated by joins.
        entry.store(entry.load(Ordering::Relaxed).wrapping_add(delta), Ordering::Relaxed);
    }

    /// First pass over some pages. Only the caller's thread comes here with them.
    fn subtract(&self, pages: &[&'static Page]) {
        let own = places(pages);
        let add = |place: usize, delta: i32| {
            if own.contains(&place) {
                self.add_alone(place, delta);
            } else {
                // Relaxed: as there.
                self.foreign[place].fetch_add(delta, Ordering::Relaxed);
            }
        };
        let add_all = |(value, times): (Value, i32)| {
            if value.is_ptr()
                && let Some(place) = self.place(value.ptr())
            {
                add(place, if value.is_counted() { -times } else { times });
            }
        };
        let mut ahead = Ahead::new();
        let mut tracer = |value: Value, times: i32| add_all(ahead.exchange(value, times));
        let mut candidates = 0;
        for page in pages {
            page.for_each_object(|ptr| {
                // SAFETY: an object of the page.
                let header = unsafe { &*ptr };
                if is_candidate(header) {
                    candidates += 1;
                    add(page.mark(ptr), refcount::count(header).clamp(0, 1 << 29) as i32);
                    // SAFETY: whole, and the world is stopped.
                    unsafe { trace(ptr, &mut tracer) };
                } else {
                    // It is not traced in the second pass, but needs its class.
                    let class = header.shape_entry().class();
                    if !class.is_null()
                        && let Some(place) = self.place(class)
                    {
                        add(place, 1);
                    }
                }
            });
        }
        ahead.take().into_iter().for_each(add_all);
        self.candidates.fetch_add(candidates, Ordering::Relaxed);
    }

    /// The count that the first pass left at a place, or `ALIVE`. Once for each place.
    #[inline(always)]
    fn count<const SHARED: bool>(&self, place: usize) -> i32 {
        let entry = &self.entries[place];
        let count = entry.load(Ordering::Relaxed);
        if !SHARED || count == ALIVE {
            return count;
        }
        let foreign = self.foreign[place].load(Ordering::Relaxed);
        if foreign == 0 {
            return count;
        }
        // The third pass reads the entry alone. Only a mark can come in between.
        let sum = count.wrapping_add(foreign);
        match entry.compare_exchange(count, sum, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => sum,
            Err(_) => ALIVE,
        }
    }

    /// Marks `ptr`; true if it was not marked.
    #[inline(always)]
    fn mark<const SHARED: bool>(&self, ptr: *mut Header) -> bool {
        let Some(place) = self.place(ptr) else { return false };
        let entry = &self.entries[place];
        if entry.load(Ordering::Relaxed) == ALIVE {
            return false;
        }
        if SHARED {
            return entry.swap(ALIVE, Ordering::Relaxed) != ALIVE;
        }
        entry.store(ALIVE, Ordering::Relaxed);
        true
    }

    /// Second pass over one page: marks what has references from outside, and all it reaches. Where the table has zeros, it looks at nothing else.
    fn propagate<const SHARED: bool>(&self, page: &Page, stack: &mut Vec<*mut Header>) {
        let base = page.mark_base.get();
        let mut ahead = Ahead::new();
        for index in 0..page.touched() {
            // Not zero: a negative count is a bug of some trace function; the object is kept.
            let count = self.count::<SHARED>(base + index as usize);
            if count == 0 || count == ALIVE {
                continue;
            }
            // Only candidates are counted.
            let ptr = page.nth(index);
            // SAFETY: an object of the page.
            debug_assert!(count > 0, "{} has more references than counts", unsafe { &*ptr }.ops().name);
            let reach = |stack: &mut Vec<*mut Header>, value: Value| {
                if value.is_ptr() && self.mark::<SHARED>(value.ptr()) {
                    stack.push(value.ptr());
                }
            };
            reach(stack, Value::from_ptr(ptr));
            loop {
                if stack.is_empty() {
                    // Those that are on their way may lead on.
                    ahead.take().into_iter().for_each(|(value, _)| reach(stack, value));
                }
                let Some(ptr) = stack.pop() else { break };
                let mut tracer = |value: Value, times: i32| reach(stack, ahead.exchange(value, times).0);
                // SAFETY: whole, and the world is stopped.
                unsafe {
                    trace(ptr, &mut tracer);
                    let class = (*ptr).shape_entry().class();
                    if !class.is_null() {
                        tracer(Value::from_ptr(class), 1);
                    }
                }
            }
        }
    }
}

/// What registers hold uncounted, by `visit`.
pub(super) fn uncounted_roots(visit: &mut dyn FnMut(*mut Header)) {
    if let Some(hooks) = hooks::get() {
        (hooks.trace_registers)(&mut |value, _| {
            if value.is_ptr() && !value.is_counted() {
                visit(value.ptr());
            }
        });
    }
}

/// What a collection has found.
pub(super) struct Found {
    /// The unreachable objects, page by page.
    pub garbage: Vec<*mut Header>,
    /// How many of them each page has that has any.
    pub by_page: Vec<(&'static Page, usize)>,
    /// Number of objects looked at.
    pub candidates: usize,
    pub marks: Marks,
}

/// The table of a collection, which tells its garbage from everything else: from what was made in the meantime, too, because garbage stays in its blocks
/// while the table is asked.
pub(super) struct Marks(Zeros);

impl Marks {
    /// Whether the object is garbage of this collection.
    pub(super) fn is_doomed(&self, ptr: *const Header) -> bool {
        // SAFETY: a whole object; those outside the heap are immortal. Other threads' pages got their place in the table while the world was stopped, or
        // none before their objects were published.
        let page = unsafe {
            if (*ptr).is_immortal() {
                return false;
            }
            &*Page::of(ptr)
        };
        let entry = || self.0.get(page.mark(ptr));
        page.tracked && entry().is_some_and(|entry| entry.load(Ordering::Relaxed) == DOOMED)
    }
    /// A finalizer has made the object reachable again.
    pub(super) fn spare(&self, ptr: *const Header) {
        // SAFETY: garbage that was found in this table.
        let page = unsafe { &*Page::of(ptr) };
        self.0[page.mark(ptr)].store(ALIVE, Ordering::Relaxed);
    }
}

#[repr(transparent)]
struct Piece(*mut Header);
// SAFETY: an address, carried between threads that look at it while the world is stopped.
unsafe impl Send for Piece {}

/// What some pages have.
#[derive(Default)]
struct Pieces {
    garbage: Vec<Piece>,
    /// See [`Found::by_page`].
    by_page: Vec<(&'static Page, usize)>,
}
// SAFETY: as for `Piece`; pages are there for ever, and only the collecting thread looks at their cells.
unsafe impl Send for Pieces {}

impl Table {
    /// Third pass over some pages: calls `piece` with each unreachable object, and returns them.
    fn gather(&self, pages: &[&'static Page], piece: &(impl Fn(*mut Header) + Sync)) -> Pieces {
        let mut pieces = Pieces::default();
        for &page in pages {
            let base = page.mark_base.get();
            let before = pieces.garbage.len();
            for index in 0..page.touched() {
                // The table tells most of the living without a look at their memory.
                let entry = &self.entries[base + index as usize];
                if entry.load(Ordering::Relaxed) != 0 {
                    continue;
                }
                let ptr = page.nth(index);
                // SAFETY: touched blocks have a readable header.
                let header = unsafe { &*ptr };
                if header.shape().0 != 0 && is_candidate(header) {
                    entry.store(DOOMED, Ordering::Relaxed);
                    piece(ptr);
                    pieces.garbage.push(Piece(ptr));
                }
            }
            let found = pieces.garbage.len() - before;
            if found > 0 {
                pieces.by_page.push((page, found));
            }
        }
        pieces
    }
}

/// Finds the unreachable objects, and calls `piece` with each, on any thread.
///
/// # Safety
/// The world is stopped.
pub(super) unsafe fn find_garbage(piece: impl Fn(*mut Header) + Sync) -> Found {
    crate::shape_table::refresh_heap_classes();
    // SAFETY: says the caller.
    let table = unsafe { table() };
    uncounted_roots(&mut |ptr| {
        if let Some(place) = table.place(ptr) {
            table.add_alone(place, 1);
        }
    });
    let mut chunks: Vec<Pieces> = if table.parallel {
        let chunks = || table.pages.par_chunks(CHUNK);
        // One scope: the helpers are woken once, and this thread waits once.
        rayon::scope(|_| {
            chunks().for_each(|pages| table.subtract(pages));
            chunks().for_each(|pages| {
                pages.iter().for_each(|page| table.propagate::<true>(page, &mut Vec::new()));
            });
            chunks().map(|pages| table.gather(pages, &piece)).collect()
        })
    } else {
        table.subtract(&table.pages);
        let mut stack = Vec::new();
        table.pages.iter().for_each(|page| table.propagate::<false>(page, &mut stack));
        vec![table.gather(&table.pages, &piece)]
    };
    let mut garbage: Vec<Piece> = Vec::with_capacity(chunks.iter().map(|pieces| pieces.garbage.len()).sum());
    chunks.iter_mut().for_each(|pieces| garbage.append(&mut pieces.garbage));
    Found {
        // In place.
        garbage: garbage.into_iter().map(|piece| piece.0).collect(),
        by_page: chunks.into_iter().flat_map(|pieces| pieces.by_page).collect(),
        candidates: table.candidates.into_inner(),
        marks: Marks(table.entries),
    }
}

/// Among objects that were found unreachable and are held by `holds` references each: those that something outside refers to now,
/// and what they reach.
///
/// # Safety
/// The world is stopped; the objects are whole.
pub(super) unsafe fn resurrected(objects: &[*mut Header], holds: i64) -> Vec<bool> {
    let index: FxHashMap<*mut Header, usize> = objects.iter().enumerate().map(|(i, &ptr)| (ptr, i)).collect();
    // SAFETY: whole objects.
    let mut counts: Vec<i64> = objects.iter().map(|&ptr| refcount::count(unsafe { &*ptr }) - holds).collect();
    for &ptr in objects {
        // SAFETY: whole, and the world is stopped.
        unsafe {
            trace(ptr, &mut |value, times| {
                if value.is_ptr()
                    && let Some(&i) = index.get(&value.ptr())
                {
                    counts[i] -= i64::from(times);
                }
            });
        }
    }
    uncounted_roots(&mut |ptr| {
        if let Some(&i) = index.get(&ptr) {
            counts[i] += 1;
        }
    });
    let mut alive: Vec<bool> = counts.iter().map(|&count| count != 0).collect();
    let mut stack: Vec<usize> = (0..objects.len()).filter(|&i| alive[i]).collect();
    while let Some(i) = stack.pop() {
        let mut reach = |value: Value, _: i32| {
            if value.is_ptr()
                && let Some(&i) = index.get(&value.ptr())
                && !std::mem::replace(&mut alive[i], true)
            {
                stack.push(i);
            }
        };
        // SAFETY: as above.
        unsafe {
            trace(objects[i], &mut reach);
            let class = (*objects[i]).shape_entry().class();
            if !class.is_null() {
                reach(Value::from_ptr(class), 1);
            }
        }
    }
    alive
}
