//! A thread's dealings with memory management: coming, polling, going.
//!
//! Order: `taipan_threading::register_thread`, [`started`], objects, [`exiting`] inside the cleanup of `unregister_thread`.
//! A thread that allocates without having come this way is registered by itself, and leaves when it ends.

use std::cell::Cell;

use taipan_threading::ThreadState;
use taipan_threading::safepoint::{GARBAGE, GC, LIMBO, MERGE};

use crate::heap::local::{self, LocalHeap};
use crate::refcount::{pending, queue};
use crate::{collector, limbo};

/// Leaves for threads that nobody unregisters.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        if taipan_threading::current().is_some() {
            taipan_threading::unregister_thread(exiting);
        }
    }
}

thread_local! {
    static LEAVE: Cell<Option<Leave>> = const { Cell::new(None) };
}

/// The calling thread becomes the owner of its slot's heap and objects. Idempotent.
#[cold]
#[inline(never)]
pub(crate) fn started() -> &'static LocalHeap {
    if taipan_threading::current_slot() == 0 {
        taipan_threading::register_thread();
        LEAVE.with(|leave| leave.set(Some(Leave)));
    }
    let slot = taipan_threading::current_slot();
    let heap = local::heap();
    if heap.slot() == slot {
        return heap;
    }
    queue::enter(slot);
    #[cfg(feature = "chaos")]
    if let Some(thread) = taipan_threading::current() {
        crate::chaos::enter(thread);
    }
    local::enter(slot)
}

/// To be called by a registered thread before it touches objects.
pub fn enter() {
    started();
}

/// To be called by a registered, attached thread when it will touch no object any more.
pub fn exiting() {
    let slot = taipan_threading::current_slot();
    if slot != 0 && local::heap().slot() == slot {
        // Others do not ask for what was asked of this thread.
        if taipan_threading::current().is_some_and(|thread| thread.take(LIMBO)) {
            limbo::poll();
        }
        pending::flush();
        queue::leave(slot);
        // Finalizers may have run.
        pending::flush();
        local::leave();
    }
}

/// Serves the poll bits of this crate (`MERGE`, `LIMBO`, `GARBAGE`, `GC`); may run finalizers. A safepoint: the caller's registers are visible to
/// `trace_registers`.
#[cold]
pub fn poll(thread: &'static ThreadState) {
    #[cfg(feature = "chaos")]
    crate::chaos::stir();
    if thread.take(MERGE) {
        queue::drain();
    }
    if thread.take(LIMBO) {
        limbo::poll();
    }
    if thread.take(GARBAGE) {
        collector::dispose_own();
    }
    if thread.take(GC) {
        collector::poll();
    }
}

/// In a forked child: `vanished` are the slots of the threads that do not exist here.
pub fn after_fork_child(vanished: &[&'static ThreadState]) {
    // SAFETY: this is the only thread.
    unsafe { pending::flush_all() };
    for thread in vanished {
        queue::abandon(thread.slot());
    }
    limbo::after_fork_child();
    collector::after_fork_child();
}
