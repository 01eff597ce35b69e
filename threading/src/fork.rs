//! fork(2): only the calling thread goes on in the child.
//!
//! `before_fork` stops the world and takes the locks of the parking lot and the registry, so that no thread, detached ones
//! included, is halfway through them when the memory is copied. Parent and child release them; the child makes the
//! slots of the vanished threads vacant. The world stays stopped from `before_fork` to the matching `after_fork_*`.

use std::cell::RefCell;

use crate::facade_thread_local;
use crate::parking_lot::{self, AllQueues};
use crate::registry::{Inner, Registry};
use crate::stop_the_world::ActiveStop;
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering::Release;
use crate::thread_state::{self, SUSPENDED, ThreadState, VACANT};

struct Fork {
    // Dropped in this order: the locks first, then the world resumes.
    queues: AllQueues,
    inner: MutexGuard<'static, Inner>,
    stop: ActiveStop,
}

facade_thread_local! {
    static FORK: RefCell<Option<Fork>> = RefCell::new(None)
}

/// Makes the process safe to fork. The calling thread is registered and attached.
pub fn before_fork() {
    let registry = thread_state::current().map_or_else(crate::global::registry, ThreadState::registry);
    let stop = registry.begin_stop();
    let queues = parking_lot::lock_all();
    let inner = registry.inner.lock();
    FORK.with(|fork| *fork.borrow_mut() = Some(Fork { queues, inner, stop }));
}

/// In the parent, also when fork failed: everybody goes on.
pub fn after_fork_parent() {
    let fork = FORK.with(|fork| fork.borrow_mut().take());
    drop(fork);
}

/// In the child: the calling thread is the only one. Returns the slots of the threads that do not exist here, now
/// vacant; what they owned (heaps, merge queues) is the caller's to adopt before it starts a thread.
pub fn after_fork_child() -> Vec<&'static ThreadState> {
    let Some(mut fork) = FORK.with(|fork| fork.borrow_mut().take()) else { return Vec::new() };
    fork.queues.forget_waiters();
    let registry = fork.stop.stopped().registry();
    let vanished = registry.vacate_others(&mut fork.inner);
    drop(fork);
    for thread in &vanished {
        thread.orphan_retired();
        thread.release_vanished();
    }
    vanished
}

impl Registry {
    /// Makes the slots of all other threads vacant; they do not exist.
    fn vacate_others(&'static self, inner: &mut Inner) -> Vec<&'static ThreadState> {
        let me = thread_state::current();
        if let Some(me) = me {
            me.set_os_ids();
        }
        let others: Vec<_> =
            self.threads().filter(|thread| !me.is_some_and(|me| std::ptr::eq(me, *thread))).collect();
        for thread in &others {
            let old = thread.state.swap(VACANT, Release); // Nobody is left to pair with.
            debug_assert_eq!(old, SUSPENDED, "the world is stopped");
            inner.free.push(thread.slot());
            inner.live -= 1;
        }
        inner.stop.forget_waiting();
        others
    }
}
