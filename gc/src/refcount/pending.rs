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

/// One heap's pending increments, by address; an object has two places, so that a few that are counted together seldom drive each other out, which would
/// cost two writes to the objects each time. Touched by the heap's thread, or by the initiator of a stop.
pub(crate) struct Pending(UnsafeCell<[Entry; ENTRIES]>);

#[inline(always)]
fn index(object: *mut Header) -> usize {
    // Blocks are multiples of 16 bytes.
    let word = object as usize >> 4;
    (word ^ word >> 7 ^ word >> 13) % ENTRIES
}

/// The other place of an object whose first one is `index`.
#[inline(always)]
fn other(index: usize) -> usize {
    index ^ 1
}

impl Pending {
    pub(crate) const fn new() -> Pending {
        Pending(UnsafeCell::new([EMPTY; ENTRIES]))
    }

    /// The entry that counts `object`, if it has one.
    ///
    /// # Safety
    /// The heap's thread, or the world is stopped; no other borrow is alive.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    unsafe fn entry(&self, object: *mut Header) -> Option<&mut Entry> {
        // SAFETY: says the caller.
        let entries = unsafe { &mut *self.0.get() };
        let first = index(object);
        if entries[first].object == object {
            return Some(&mut entries[first]);
        }
        let second = other(first);
        if entries[second].object == object { Some(&mut entries[second]) } else { None }
    }

    /// The entry that `object`, which has none, may take: one without increments if there is one.
    ///
    /// # Safety
    /// As for [`Pending::entry`].
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    unsafe fn place(&self, object: *mut Header) -> &mut Entry {
        // SAFETY: says the caller.
        let entries = unsafe { &mut *self.0.get() };
        let first = index(object);
        let free = entries[first].increments == 0 || entries[other(first)].increments > 0;
        &mut entries[if free { first } else { other(first) }]
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
    let entry = match unsafe { here.counts.entry(object) } {
        Some(entry) => entry,
        None => {
            // SAFETY: our own table; the search above found nothing that is borrowed.
            let entry = unsafe { here.counts.place(object) };
            if !seen && entry.increments > 0 {
                return protocol::add_shared(&header.shared);
            }
            // Hot objects that share a place count together.
            let made = if seen { 0 } else { entry.made };
            write(entry);
            *entry = Entry { object, increments: 0, made };
            entry
        }
    };
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
    match unsafe { local::heap().counts.entry(object) } {
        Some(entry) if entry.increments > 0 => {
            entry.increments -= 1;
            true
        }
        _ => false,
    }
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
