//! Telling a listener of every block that is allocated or freed: objects, and what the program's allocator gives out.
//!
//! While nobody listens, allocation and freeing are as they would be without this file. Listening begins in a stop, which takes
//! the current pages of all heaps away, so that every allocation takes the slow path; that serves it from *traced* pages, whose states
//! make every free of one of their blocks take the slow path, too. Listening ends in a stop that turns traced pages into ordinary ones.
//! Blocks from before are not told of. A listener allocates nothing that it wants to be told of, takes no lock that is held across a safepoint,
//! and touches no count: it is called from anywhere.

use std::sync::OnceLock;

use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::local;

/// Who is told.
pub struct Listener {
    /// A block of so many bytes was allocated at this address by the calling thread.
    pub allocated: fn(usize, usize),
    /// The block at this address is about to be freed.
    pub freed: fn(usize),
}

static LISTENER: OnceLock<Listener> = OnceLock::new();
/// Written in stops.
static LISTENING: AtomicBool = AtomicBool::new(false);

/// Whether somebody listens.
#[inline(always)]
pub(crate) fn on() -> bool {
    // Relaxed: a stop orders it for heaps; for the allocator a late look misses a block.
    LISTENING.load(Ordering::Relaxed)
}

#[cold]
#[inline(never)]
pub(crate) fn allocated(address: usize, size: usize) {
    if let Some(listener) = LISTENER.get() {
        (listener.allocated)(address, size);
    }
}

#[cold]
#[inline(never)]
pub(crate) fn freed(address: usize) {
    if let Some(listener) = LISTENER.get() {
        (listener.freed)(address);
    }
}

/// Tells `listener` from now on; the first one ever given is the one that counts. Stops the world.
pub fn listen(listener: Listener) {
    let _ = LISTENER.set(listener);
    taipan_threading::stop_the_world(|_| {
        if !LISTENING.swap(true, Ordering::Relaxed) {
            local::all().into_iter().for_each(local::LocalHeap::begin_traced);
        }
    });
}

/// Tells nobody any more. Stops the world.
pub fn ignore() {
    taipan_threading::stop_the_world(|_| {
        if LISTENING.swap(false, Ordering::Relaxed) {
            local::all().into_iter().for_each(local::LocalHeap::end_traced);
        }
    });
}
