//! Objects sent to their owner to merge: one queue per thread slot.
//!
//! A slot is *occupied* between [`enter`] and [`leave`] of a thread. Pushing to an occupied slot requests the owner's `MERGE`
//! poll bit; the queue holds one counted reference per entry. If the owner is detached the pusher merges on its behalf
//! (`ThreadState::while_detached`). A vacant slot has nobody who could touch local counts, so the
//! pusher merges by itself, under the queue's lock: the lock orders it after the last owner's plain stores and before the next owner's.
//! Objects of a thread that left keep its slot as their owner; the slot's next thread simply owns them.

use std::ptr::null_mut;

use taipan_threading::sync::Mutex;
use taipan_threading::sync::atomic::{AtomicPtr, Ordering};

use crate::dealloc;
use crate::header::Header;
use crate::refcount::{self, protocol};

/// One slot's queue.
pub struct MergeQueue {
    inner: Mutex<Inner>,
}

struct Inner {
    occupied: bool,
    objects: Vec<Entry>,
}

struct Entry(*mut Header);
// SAFETY: the entry owns a counted reference, which any thread may give up.
unsafe impl Send for Entry {}

impl MergeQueue {
    const fn new() -> MergeQueue {
        MergeQueue { inner: Mutex::new(Inner { occupied: false, objects: Vec::new() }) }
    }
}

const CHUNK: usize = 256;
#[allow(clippy::declare_interior_mutable_const)]
const VACANT: AtomicPtr<[MergeQueue; CHUNK]> = AtomicPtr::new(null_mut());
/// Grown by chunks that are never freed.
static QUEUES: [AtomicPtr<[MergeQueue; CHUNK]>; 65536 / CHUNK] = [VACANT; 65536 / CHUNK];

fn queue(slot: u16) -> &'static MergeQueue {
    let place = &QUEUES[usize::from(slot) / CHUNK];
    let mut chunk = place.load(Ordering::Acquire);
    if chunk.is_null() {
        let fresh = Box::into_raw(Box::new([const { MergeQueue::new() }; CHUNK]));
        // Release pairs with the Acquire above.
        match place.compare_exchange(null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => chunk = fresh,
            Err(other) => {
                // SAFETY: it was not published.
                drop(unsafe { Box::from_raw(fresh) });
                chunk = other;
            }
        }
    }
    // SAFETY: chunks are never freed.
    unsafe { &(*chunk)[usize::from(slot) % CHUNK] }
}

/// Hands the reference that was just turned into a queue's to slot `owner`.
pub(crate) fn push(owner: u16, ptr: *mut Header) {
    // An owner that blocks may not come to its safepoint for a long time: everything that waits is merged for it.
    let dead = deliver(owner, ptr, std::mem::take);
    for ptr in dead {
        // SAFETY: merged, zero, `DYING`, and nobody can reach it.
        unsafe { dealloc::destroy(ptr) }
    }
}

/// Asks the owner of an object that other threads keep counting to merge it, if it has one and was not asked before. Ends no object: this happens while a reference is added.
///
/// # Safety
/// The caller holds a reference, and the object has `SEEN` or is deferred.
#[cold]
#[inline(never)]
pub(crate) unsafe fn request_merge(ptr: *mut Header) {
    // SAFETY: says the caller.
    let header = unsafe { &*ptr };
    // Before the request: afterwards the owner may have merged.
    let owner = header.owner();
    if owner == 0 || !protocol::request_merge(&header.shared) {
        return;
    }
    let own_entry = |objects: &mut Vec<Entry>| {
        let place = objects.iter().position(|entry| entry.0 == ptr);
        place.map(|place| objects.swap_remove(place)).into_iter().collect()
    };
    // The caller's reference may be pending; then the object may look dead, but having `SEEN` it is in limbo.
    let dead = deliver(owner, ptr, own_entry);
    debug_assert!(dead.is_empty(), "an object that the caller has a reference to is dead");
}

/// Puts an entry into the queue of slot `owner`. If the slot is vacant, merges the object at once; if its thread is detached, those that `take` takes from the queue.
/// Returns those whose end has come: they are `DYING`, so they may wait for it while the world is stopped.
fn deliver(
    owner: u16,
    ptr: *mut Header,
    take: impl FnOnce(&mut Vec<Entry>) -> Vec<Entry>,
) -> Vec<*mut Header> {
    debug_assert!(owner != 0, "an object without owner is merged");
    let queue = queue(owner);
    let mut inner = queue.inner.lock();
    let mut zero = Vec::new();
    if inner.occupied {
        inner.objects.push(Entry(ptr));
        let first = inner.objects.len() == 1;
        drop(inner);
        let Some(thread) = taipan_threading::thread_by_slot(owner) else { return Vec::new() };
        if first {
            thread.request(taipan_threading::safepoint::MERGE);
        }
        thread.while_detached(|| {
            let objects = take(&mut queue.inner.lock().objects);
            // SAFETY: the entries own references; the owner is detached, and stays so meanwhile.
            zero.extend(objects.into_iter().map(|entry| entry.0).filter(|&ptr| unsafe { fold(ptr) }));
        });
    } else {
        // SAFETY: as above; the slot is vacant and stays so while we hold the lock.
        if unsafe { fold(ptr) } {
            zero.push(ptr);
        }
        drop(inner);
    }
    // All before the first of them ends, which may run Python code: to a collection a whole object that nothing refers to is garbage.
    // SAFETY: merged and zero, and no safepoint has passed since.
    zero.retain(|&ptr| unsafe { refcount::dies(ptr) });
    zero
}

/// # Safety
/// The caller gives up a counted reference and may touch the local count (see `protocol::merge`).
unsafe fn fold(ptr: *mut Header) -> bool {
    // SAFETY: the reference keeps it alive.
    let header = unsafe { &*ptr };
    if header.is_immortal() {
        return false;
    }
    protocol::merge(&header.local, &header.owner, &header.shared, -1)
}

/// # Safety
/// As [`fold`].
unsafe fn merge(ptr: *mut Header) {
    // SAFETY: passed on.
    unsafe {
        if fold(ptr) {
            refcount::zero(ptr);
        }
    }
}

/// Merges what other threads have sent to the calling thread. A poll handler (`MERGE`).
pub fn drain() {
    let slot = taipan_threading::current_slot();
    loop {
        let objects = std::mem::take(&mut queue(slot).inner.lock().objects);
        if objects.is_empty() {
            return;
        }
        for Entry(ptr) in objects {
            // SAFETY: the entry owned a reference; this thread owns the object, or it is merged.
            unsafe { merge(ptr) }
        }
    }
}

/// The calling thread becomes the owner of its slot's objects.
pub(crate) fn enter(slot: u16) {
    queue(slot).inner.lock().occupied = true;
}

/// The calling thread stops being an owner: drains its queue for the last time.
pub(crate) fn leave(slot: u16) {
    loop {
        drain();
        let mut inner = queue(slot).inner.lock();
        if inner.objects.is_empty() {
            inner.occupied = false;
            return;
        }
    }
}

/// The slot's thread does not exist any more (fork), or the world is stopped: merges its queue on its behalf.
pub(crate) fn abandon(slot: u16) {
    let objects = {
        let mut inner = queue(slot).inner.lock();
        inner.occupied = false;
        std::mem::take(&mut inner.objects)
    };
    for Entry(ptr) in objects {
        // SAFETY: the entry owned a reference; the owner is gone.
        unsafe { merge(ptr) }
    }
}

/// Merges what waits in all queues on behalf of the owners, and calls `zero` with each object that has no reference left.
///
/// # Safety
/// The world is stopped.
pub(crate) unsafe fn fold_all(mut zero: impl FnMut(*mut Header)) {
    for place in &QUEUES {
        let chunk = place.load(Ordering::Acquire);
        if chunk.is_null() {
            continue;
        }
        // SAFETY: chunks are never freed.
        for queue in unsafe { &*chunk } {
            for Entry(ptr) in std::mem::take(&mut queue.inner.lock().objects) {
                // SAFETY: the entry owned a reference; the owner is stopped.
                if unsafe { fold(ptr) } {
                    zero(ptr);
                }
            }
        }
    }
}

/// Entries that wait in `slot`'s queue.
pub fn waiting(slot: u16) -> usize {
    queue(slot).inner.lock().objects.len()
}
