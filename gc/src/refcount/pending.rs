//! Increments that a thread has made but not yet written: foreign references come and go without a write to the object.
//!
//! A thread that keeps counting the same object of another thread (an iterator over a shared list, a tuple of a shared dict's items) would write the
//! object's shared count each time, and all such threads would wait for one cache line. Instead each heap has a small table of objects and
//! *pending* increments: an increment of an object that has `SEEN` (or `DEFERRED`) goes there, and a drop takes a pending increment back
//! if there is one. Drops themselves are never pending, so nothing dies later because of this table. An object that nobody has `SEEN`, because
//! it is reached through fields that never change, gets the flag once a thread has counted it a few times.
//!
//! An owner that keeps counting such an object, too, would take the line away from its readers at each turn. So the thread that has counted it often asks
//! the owner to merge ([`queue::request_merge`]): from then on nobody writes to the object, the owner's increments are pending like everybody's.
//!
//! Invariant: the number of references is `local + shared + all pending`. The shared count may therefore be too low, even negative,
//! between stops; an object that reaches zero meanwhile is not dead but, being `SEEN`, goes to limbo (or, being `DEFERRED`, waits for the collector). Whoever decides
//! that objects are dead does so in [`stop_with_exact_counts`]. So the block of an
//! object with pending increments is never freed.

use std::cell::UnsafeCell;

use super::{protocol, queue};
use crate::header::{Header, HeaderFlags};
use crate::heap::{self, local};

const ENTRIES: usize = 128;
/// Increments of an object without `SEEN` after which it gets it. From then on its death waits for a sweep.
const HOT: u32 = 8;
/// Increments of an object with `SEEN` after which its owner is asked to merge it. Few objects come to this; for them the owner's counts cost a call each.
const CONTENDED: u32 = 512;

#[derive(Clone, Copy)]
struct Entry {
    object: *mut Header,
    increments: u32,
    /// Increments made for this object since it has `SEEN`, or written for this place's objects while they had not.
    made: u32,
}

const EMPTY: Entry = Entry { object: std::ptr::null_mut(), increments: 0, made: 0 };

/// One heap's pending increments, direct-mapped by address. Touched by the heap's thread, or by the initiator of a stop.
pub(crate) struct Pending(UnsafeCell<[Entry; ENTRIES]>);

#[inline(always)]
fn index(object: *mut Header) -> usize {
    // Blocks are multiples of 16 bytes.
    let word = object as usize >> 4;
    (word ^ word >> 7 ^ word >> 13) % ENTRIES
}

impl Pending {
    pub(crate) const fn new() -> Pending {
        Pending(UnsafeCell::new([EMPTY; ENTRIES]))
    }

    /// # Safety
    /// The heap's thread, or the world is stopped; no other borrow is alive.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    unsafe fn entry(&self, object: *mut Header) -> &mut Entry {
        // SAFETY: says the caller.
        unsafe { &mut (*self.0.get())[index(object)] }
    }

    /// Writes everything to the objects.
    ///
    /// # Safety
    /// The heap's thread, or the world is stopped.
    pub(crate) unsafe fn flush(&self) {
        // SAFETY: says the caller; nothing below comes back here.
        for entry in unsafe { &mut *self.0.get() } {
            write(entry);
            *entry = EMPTY;
        }
    }
}

fn write(entry: &mut Entry) {
    if entry.increments > 0 {
        // SAFETY: by the invariant, its block was not freed.
        protocol::add_many_shared(unsafe { &(*entry.object).shared }, entry.increments as i32);
        entry.increments = 0;
    }
}

/// Adds a reference to an object that the calling thread does not own.
///
/// # Safety
/// The object is alive.
#[inline(never)]
pub(super) unsafe fn add(object: *mut Header) {
    // SAFETY: alive, says the caller.
    let header = unsafe { &*object };
    let here = local::heap();
    if !taipan_threading::multi_threaded() || here.slot() == 0 {
        // A thread without a heap shares one with others.
        return protocol::add_shared(&header.shared);
    }
    let seen = header.has_flag(HeaderFlags::SEEN | HeaderFlags::DEFERRED);
    // SAFETY: our own table.
    let entry = unsafe { here.counts.entry(object) };
    if entry.object != object {
        if seen || entry.increments == 0 {
            // Hot objects that share a place count together.
            let made = if seen { 0 } else { entry.made };
            write(entry);
            *entry = Entry { object, increments: 0, made };
        } else {
            return protocol::add_shared(&header.shared);
        }
    }
    entry.made = entry.made.wrapping_add(1);
    if !seen {
        if entry.made < HOT {
            return protocol::add_shared(&header.shared);
        }
        // The caller's reference keeps it from dying meanwhile.
        header.set_flag(HeaderFlags::SEEN);
        entry.made = 0;
    }
    entry.increments += 1;
    if entry.made == CONTENDED {
        // SAFETY: alive, and it has `SEEN` (or is deferred: `zero` leaves it alone).
        unsafe { queue::request_merge(object) }
    }
}

/// Takes a pending increment back; false if there is none.
#[inline(always)]
pub(super) fn cancel(object: *mut Header) -> bool {
    // SAFETY: our own table.
    let entry = unsafe { local::heap().counts.entry(object) };
    if entry.object != object || entry.increments == 0 {
        return false;
    }
    entry.increments -= 1;
    true
}

/// Writes the calling thread's pending increments.
pub(crate) fn flush() {
    let here = heap::this();
    // SAFETY: our own table.
    unsafe { here.counts.flush() }
}

/// Stops the world and makes all counts exact for `work`.
pub(crate) fn stop_with_exact_counts<R>(work: impl FnOnce() -> R) -> R {
    taipan_threading::stop_the_world(|_| {
        // SAFETY: the world is stopped.
        unsafe { flush_all() };
        work()
    })
}

/// Makes all counts exact.
///
/// # Safety
/// The world is stopped, or this is the only thread.
pub(crate) unsafe fn flush_all() {
    for heap in local::all() {
        // SAFETY: says the caller.
        unsafe { heap.counts.flush() }
    }
}
