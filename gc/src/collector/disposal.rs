//! Freeing the garbage: all fields are dropped, then all blocks freed, by the threads in whose heaps it lies.
//!
//! A thread that disposes of another's garbage fetches its memory from the other processor, and gives back what lists and dicts had outside the heap
//! to allocators that are not its own. So a collection that nobody waits for is cut into [`Shares`], one for each heap: the threads are asked to do theirs at their next
//! safepoint, and the collecting one does what nobody has claimed when it is through with its own. It waits for nobody, as dropping may run Python code that
//! waits for it. Who finishes the last share ends the collection.

use std::cell::Cell;
use std::sync::Arc;

use taipan_threading::safepoint;
use taipan_threading::sync::atomic::Ordering;
use taipan_threading::sync::{Instant, Mutex};

use super::shares::Shares;
use super::{Collected, sweep, threshold};
use crate::dealloc;
use crate::header::{Header, HeaderFlags};
use crate::heap::{self, local, page::Page};
use crate::refcount::{self, protocol};

/// Fewer objects of a heap are no share of their own.
const LEAST: usize = 500;

/// The garbage of one collection.
pub(super) struct Disposal {
    parts: Vec<Part>,
    shares: Shares,
    /// Classes and the like come last: dropping an instance's slots may look at its class.
    deferred: Vec<*mut Header>,
    /// What is known before, and when the collection began.
    result: Collected,
    begun: Instant,
}

/// The objects in the heap of one slot; for the first part, and only for that, others as well.
struct Part {
    slot: u16,
    objects: Vec<*mut Header>,
}

// SAFETY: the objects are unreachable and held; each part is touched by the thread that claimed it, the whole by the last one to finish.
unsafe impl Send for Disposal {}
// SAFETY: as above.
unsafe impl Sync for Disposal {}

/// The one that threads are working on, if it is cut into shares.
static CURRENT: Mutex<Option<Arc<Disposal>>> = Mutex::new(None);

thread_local! {
    static TAKES_PART: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is in the midst of a share.
pub(super) fn takes_part() -> bool {
    TAKES_PART.get()
}

/// The disposal under way does not exist in this process.
pub(super) fn forget() {
    *CURRENT.lock() = None;
}

/// Disposes of the objects and returns what has been done since `begun`. If `shared`, threads may still be at it afterwards, which is `None`: the
/// last one calls `super::end_shared`.
pub(super) fn dispose(
    objects: Vec<*mut Header>,
    result: Collected,
    begun: Instant,
    shared: bool,
) -> Option<Collected> {
    let here = local::heap().slot();
    let (parts, deferred) = cut(objects, here, shared);
    let number = parts.len();
    let disposal = Arc::new(Disposal { parts, shares: Shares::new(number), deferred, result, begun });
    if number > 1 {
        super::begin_shared();
        *CURRENT.lock() = Some(disposal.clone());
        for part in &disposal.parts[1..] {
            if let Some(thread) = taipan_threading::thread_by_slot(part.slot) {
                thread.request(safepoint::GARBAGE);
            }
        }
    }
    // Its own first: the others' threads come to theirs meanwhile.
    let mut done = None;
    for share in 0..number {
        done = disposal.take(share).or(done);
    }
    if number == 1 {
        return done;
    }
    end_if_done(done);
    None
}

/// Serves the poll bit `GARBAGE`: does the calling thread's share. May run finalizers.
pub(crate) fn poll() {
    let Some(disposal) = CURRENT.lock().clone() else { return };
    let here = local::heap().slot();
    let Some(share) = disposal.parts.iter().skip(1).position(|part| part.slot == here) else { return };
    end_if_done(disposal.take(share + 1));
}

/// Ends the shared collection if the calling thread has done its last share.
fn end_if_done(done: Option<Collected>) {
    if let Some(result) = done {
        super::end_shared(&result);
    }
}

/// Parts by heap, the calling thread's first, and the deferred objects.
fn cut(objects: Vec<*mut Header>, here: u16, shared: bool) -> (Vec<Part>, Vec<*mut Header>) {
    let mut deferred = Vec::new();
    let mut parts = vec![Part { slot: here, objects: Vec::new() }];
    let mut part = 0;
    for ptr in objects {
        // SAFETY: held.
        if unsafe { (*ptr).has_flag(HeaderFlags::DEFERRED) } {
            deferred.push(ptr);
            continue;
        }
        if shared {
            // SAFETY: a block of a heap; nobody else changes the slot of a page.
            let slot = unsafe { (*Page::of(ptr)).slot.get() };
            if parts[part].slot != slot {
                // They come heap by heap.
                part = parts.iter().position(|part| part.slot == slot).unwrap_or_else(|| {
                    parts.push(Part { slot, objects: Vec::new() });
                    parts.len() - 1
                });
            }
        }
        parts[part].objects.push(ptr);
    }
    let (own, others) = parts.split_at_mut(1);
    for part in others.iter_mut().filter(|part| part.objects.len() < LEAST) {
        own[0].objects.append(&mut part.objects);
    }
    parts.retain(|part| part.slot == here || !part.objects.is_empty());
    (parts, deferred)
}

impl Disposal {
    /// Does a share if nobody has claimed it: drops the fields of its objects. The result if it was the last one.
    fn take(&self, share: usize) -> Option<Collected> {
        if !self.shares.claim(share) {
            return None;
        }
        let outer = TAKES_PART.replace(true);
        // SAFETY: unreachable and held; claimed.
        unsafe { end_all(&self.parts[share].objects) }
        let result = self.shares.finish().then(|| self.complete());
        TAKES_PART.set(outer);
        result.flatten()
    }

    /// All shares are done: frees the blocks. `None` in a child that was forked meanwhile.
    fn complete(&self) -> Option<Collected> {
        if self.parts.len() > 1 {
            let mut current = CURRENT.lock();
            if !current.as_ref().is_some_and(|current| std::ptr::eq(&**current, self)) {
                return None;
            }
            *current = None;
        }
        // SAFETY: unreachable and held; once.
        unsafe { end_all(&self.deferred) }
        // No list that the living look at tells of the garbage any more. The blocks' next objects are not doomed.
        sweep::forget();
        let objects = || self.parts.iter().flat_map(|part| &part.objects).chain(&self.deferred).copied();
        // SAFETY: our hold is the last reference.
        let freed = unsafe { heap::free_all(objects().filter(|&ptr| only_held(ptr))) };
        let mut result = self.result;
        result.collected += freed;
        // Some trace function reported a reference that was not there. The block stays, for safety.
        result.uncollectable += objects().count() - freed;
        result.duration = self.begun.elapsed();
        Some(result)
    }
}

/// Drops the fields of garbage.
///
/// # Safety
/// Unreachable and held; once for each.
unsafe fn end_all(objects: &[*mut Header]) {
    let here = local::heap();
    let before = here.grown_bytes.get();
    for &ptr in objects {
        // SAFETY: says the caller.
        unsafe {
            // In a child that another thread forks meanwhile the collector passes it over.
            (*ptr).set_flag(HeaderFlags::DYING);
            dealloc::drop_fields(ptr, (*ptr).shape_entry());
        }
    }
    // What lists and dicts had outside the heap, mostly.
    threshold::disposed((before - here.grown_bytes.get()).max(0));
    // What this thread counted while dropping.
    refcount::pending::flush();
}

/// Whether nobody but the collection refers to a piece of garbage whose fields, as everybody else's, were dropped.
fn only_held(ptr: *mut Header) -> bool {
    // SAFETY: held.
    let header = unsafe { &*ptr };
    let only = header.shared.load(Ordering::Acquire) == protocol::MERGED + protocol::ONE;
    debug_assert!(only, "garbage {} is referred to from outside", header.ops().name);
    only
}
