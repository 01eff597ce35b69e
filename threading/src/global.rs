//! The process-wide registry, and the functions that mean it.

use crate::facade_static;
use crate::registry::Registry;
use crate::thread_state::{Slot, ThreadState};

facade_static! {
    static REGISTRY: Registry = Registry::new()
}

/// The process-wide registry.
#[inline]
pub fn registry() -> &'static Registry {
    &REGISTRY
}

/// Gives the calling thread a slot and attaches it; its present state if it is registered already.
pub fn register_thread() -> &'static ThreadState {
    registry().register()
}

/// Ends the calling thread's registration: attaches, runs `cleanup`, vacates the slot.
pub fn unregister_thread(cleanup: impl FnOnce()) {
    registry().unregister(cleanup);
}

/// False until a second thread registers; see `Registry::multi_threaded`.
#[inline(always)]
pub fn multi_threaded() -> bool {
    registry().multi_threaded()
}

/// Where the flag of [`multi_threaded`] is, a byte that is 0 or 1, for machine code: as long as the program runs.
pub fn multi_threaded_address() -> *const u8 {
    registry().multi_threaded_address()
}

/// To be called before starting a thread that will register: spares it a stop-the-world.
pub fn prepare_thread_start() {
    registry().prepare_thread_start();
}

/// The state behind a slot number, vacant or not.
#[inline]
pub fn thread_by_slot(slot: Slot) -> Option<&'static ThreadState> {
    registry().by_slot(slot)
}

/// The threads registered now.
pub fn threads() -> impl Iterator<Item = &'static ThreadState> {
    registry().threads()
}
