//! Threads without a global interpreter lock (PEP 703): what the rest of Taipan stands on.
//!
//! In reading order: the facade over std or loom (`sync`); how one thread sleeps and wakes (`parker`) and
//! waits for an address (`parking_lot`); the lock in every object (`object_lock`) and the locks that
//! Python programs see (`raw_lock`, `event`); a thread's states (`thread_state`), all threads (`registry`), the poll word
//! (`safepoint`), stopping everybody (`stop_the_world`); object locks that a blocked thread lets go of
//! (`critical_section`); freeing what readers may still look at (`qsbr`); `fork`; the process-wide instance (`global`).
//!
//! Invariants: a thread touches Python objects only while ATTACHED; whoever blocks detaches first; while the
//! world is stopped nobody but its initiator is attached; protocol state is a value (`Registry`), the process's one lives in `global`.

pub mod critical_section;
pub mod event;
pub mod fork;
pub mod global;
pub mod object_lock;
pub mod parker;
pub mod parking_lot;
pub mod qsbr;
pub mod raw_lock;
pub mod registry;
pub mod safepoint;
pub mod stop_the_world;
pub mod sync;
pub mod thread_state;

pub use critical_section::{CriticalSection, with_section, with_section2};
pub use event::Event;
pub use fork::{after_fork_child, after_fork_parent, before_fork};
pub use global::{
    multi_threaded, multi_threaded_address, prepare_thread_start, register_thread, registry, thread_by_slot,
    threads, unregister_thread,
};
pub use object_lock::{Acquisition, ObjectLock, sleep_interruptible};
pub use raw_lock::RawLock;
pub use registry::Registry;
pub use safepoint::{handle_stop, poll, request_all, safepoint};
pub use stop_the_world::{StopStats, Stopped, stats, stop_for_good, stop_the_world, world_is_stopped};
pub use thread_state::{
    NO_SLOT, SHAPE_CHANGES_FROM_POLL, SLOT_FROM_POLL, Slot, ThreadState, attach, current, current_slot,
    detach, detached, is_attached, note_shape_change, shape_changes,
};

#[cfg(all(test, not(loom)))]
mod tests;
