//! Stopping every thread at a safepoint, and letting them go on.
//!
//! Vocabulary: the *initiator* asks; a thread is *stopped* when it is SUSPENDED (or has no slot); the world is stopped
//! when all threads but the initiator are. The handshake, all of it ordered by the registry's lock and the state words:
//!
//! 1. Initiators draw tickets and are served in turn; one that must wait detaches, and so counts as stopped for the others.
//! 2. The served initiator moves each DETACHED thread to SUSPENDED: it cannot attach any more. Each ATTACHED thread becomes
//!    STOPPING, is counted in `pending`, and gets the STOP bit in its poll word.
//! 3. A STOPPING thread becomes SUSPENDED at its next safepoint, or when it detaches, or VACANT when it ends; the last one wakes the initiator.
//! 4. After the work, SUSPENDED threads become DETACHED again, and those that wait to attach are woken.
//!
//! A stopped thread holds no critical section. An initiator is at a safepoint itself: it must not keep uncounted or
//! unlocked reads across its call. Calling again inside a stop just runs the function.

use std::cell::Cell;

use crate::const_fn;
use crate::facade_thread_local;
use crate::registry::{Inner, Registry};
use crate::safepoint::STOP;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{Duration, Instant};
use crate::thread_state::{self, ATTACHED, DETACHED, STOPPING, SUSPENDED, ThreadState, VACANT};

/// The stop's part of the registry, under its lock.
pub(crate) struct StopState {
    /// Next ticket to draw.
    next: u64,
    /// Ticket that may stop the world.
    serving: u64,
    /// The ticket served has begun.
    pub(crate) active: bool,
    /// STOPPING threads.
    pending: usize,
    stats: StopStats,
}

impl StopState {
    const_fn! {
        pub(crate) const fn new() -> StopState {
            StopState { next: 0, serving: 0, active: false, pending: 0, stats: StopStats::new() }
        }
    }

    /// In a forked child: the initiators that wait for their turn do not exist. The stop that is on has the last ticket.
    pub(crate) fn forget_waiting(&mut self) {
        self.next = self.serving + 1;
    }
}

/// What stops have cost so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct StopStats {
    /// Number of stops.
    pub stops: u64,
    /// Sum of the times from the initiator's turn until all were stopped.
    pub total_time_to_stop: Duration,
    /// The longest of them.
    pub max_time_to_stop: Duration,
    /// Sum of the times that the world stood still.
    pub total_time_stopped: Duration,
    /// The longest of them.
    pub max_time_stopped: Duration,
}

impl StopStats {
    const fn new() -> StopStats {
        StopStats {
            stops: 0,
            total_time_to_stop: Duration::ZERO,
            max_time_to_stop: Duration::ZERO,
            total_time_stopped: Duration::ZERO,
            max_time_stopped: Duration::ZERO,
        }
    }
}

/// Proof that the world is stopped, lent to the initiator's function.
pub struct Stopped {
    registry: &'static Registry,
}

impl Stopped {
    /// All threads with a slot, the initiator's own included.
    pub fn threads(&self) -> impl Iterator<Item = &'static ThreadState> + '_ {
        self.registry.threads()
    }

    /// Frees everything that any thread has retired: nobody can be reading it.
    pub fn reclaim_retired(&self) {
        self.registry.reclaim_retired_while_stopped();
    }

    pub(crate) fn registry(&self) -> &'static Registry {
        self.registry
    }
}

facade_thread_local! {
    /// The registry that the calling thread has stopped.
    static STOPPER: Cell<Option<&'static Registry>> = Cell::new(None)
}

/// Whether the calling thread is the initiator of a stop that is on.
pub(crate) fn is_stopper() -> bool {
    STOPPER.with(Cell::get).is_some()
}

/// A stop that is on; ends when dropped.
pub(crate) struct ActiveStop {
    stopped: Stopped,
    /// The initiator, if it came attached.
    me: Option<&'static ThreadState>,
    since: Instant,
}

/// Stops all threads of the process, runs `work`, resumes them.
pub fn stop_the_world<R>(work: impl FnOnce(&Stopped) -> R) -> R {
    crate::global::registry().stop_the_world(work)
}

/// Stops all other threads and never lets them go on, for the end of the process: the calling thread runs as if it were alone.
pub fn stop_for_good() {
    if !is_stopper() {
        std::mem::forget(crate::global::registry().begin_stop());
    }
}

/// What stops have cost so far.
pub fn stats() -> StopStats {
    crate::global::registry().stop_stats()
}

/// Whether the world is stopped, by whomever: for assertions in code that helps the initiator.
pub fn world_is_stopped() -> bool {
    crate::global::registry().stopped.load(Acquire) // Pairs with the store in `begin_stop`.
}

impl Registry {
    /// Stops all other threads of this registry, runs `work`, resumes them.
    pub fn stop_the_world<R>(&'static self, work: impl FnOnce(&Stopped) -> R) -> R {
        if STOPPER.with(Cell::get).is_some_and(|stopped| std::ptr::eq(stopped, self)) {
            return work(&Stopped { registry: self });
        }
        let stop = self.begin_stop();
        work(&stop.stopped)
    }

    /// What stops have cost so far.
    pub fn stop_stats(&self) -> StopStats {
        self.inner.lock().stop.stats
    }

    pub(crate) fn begin_stop(&'static self) -> ActiveStop {
        let own = thread_state::current().filter(|thread| std::ptr::eq(thread.registry(), self));
        let me = own.filter(|thread| thread.is_attached());
        let mut inner = self.inner.lock();
        let ticket = inner.stop.next;
        inner.stop.next += 1;
        if inner.stop.serving != ticket {
            drop(inner);
            // Stopped, as far as the initiators before us are concerned.
            if let Some(me) = me {
                me.detach();
            }
            inner = self.inner.lock();
            while inner.stop.serving != ticket {
                self.resumed.wait(&mut inner);
            }
            if let Some(me) = me {
                // Only stops and we change it, and it is our turn. Acquire pairs with the last resume.
                let attached = me.state.compare_exchange(DETACHED, ATTACHED, Acquire, Relaxed);
                debug_assert!(attached.is_ok(), "between stops a thread that waits is detached");
            }
        }
        inner.stop.active = true;
        let begun = Instant::now();
        for thread in self.entries() {
            if !own.is_some_and(|own| std::ptr::eq(own, thread)) && stop_one(thread) {
                inner.stop.pending += 1;
            }
        }
        while inner.stop.pending > 0 {
            self.all_stopped.wait(&mut inner);
        }
        let since = Instant::now();
        let took = since - begun;
        let stats = &mut inner.stop.stats;
        stats.stops += 1;
        stats.total_time_to_stop += took;
        stats.max_time_to_stop = stats.max_time_to_stop.max(took);
        self.stopped.store(true, Release); // Pairs with `world_is_stopped`.
        drop(inner);
        STOPPER.with(|stopper| stopper.set(Some(self)));
        ActiveStop { stopped: Stopped { registry: self }, me, since }
    }

    /// STOPPING -> SUSPENDED, by the thread itself.
    #[cold]
    pub(crate) fn acknowledge_stop(&self, thread: &ThreadState) {
        let mut inner = self.inner.lock();
        // Release pairs with nothing but this lock, which orders the thread's work before the initiator's.
        let old = thread.state.swap(SUSPENDED, Release);
        debug_assert_eq!(old, STOPPING, "only the thread itself leaves STOPPING");
        self.one_stopped(&mut inner);
    }

    /// A thread that `pending` counts has stopped.
    pub(crate) fn one_stopped(&self, inner: &mut Inner) {
        inner.stop.pending -= 1;
        if inner.stop.pending == 0 {
            self.all_stopped.notify_all();
        }
    }

    /// Sleeps while the thread is SUSPENDED.
    #[cold]
    pub(crate) fn wait_until_resumed(&self, thread: &ThreadState) {
        let mut inner = self.inner.lock();
        // Relaxed: SUSPENDED is left under this lock.
        while thread.state.load(Relaxed) == SUSPENDED {
            self.resumed.wait(&mut inner);
        }
    }
}

/// Makes a thread stop or stay away; true if it has yet to stop.
fn stop_one(thread: &ThreadState) -> bool {
    loop {
        // Relaxed: a guess, confirmed by the compare-exchanges.
        let (old, new) = match thread.state.load(Relaxed) {
            // Acquire pairs with the Release in `leave`: we see what the thread did before.
            DETACHED => (DETACHED, SUSPENDED),
            ATTACHED => (ATTACHED, STOPPING),
            state => {
                debug_assert_eq!(state, VACANT, "one stop at a time");
                return false;
            }
        };
        if thread.state.compare_exchange(old, new, Acquire, Relaxed).is_ok() {
            if new == STOPPING {
                thread.request(STOP);
            }
            return new == STOPPING;
        }
    }
}

impl ActiveStop {
    pub(crate) fn stopped(&self) -> &Stopped {
        &self.stopped
    }
}

impl Drop for ActiveStop {
    fn drop(&mut self) {
        let registry = self.stopped.registry();
        STOPPER.with(|stopper| stopper.set(None));
        let mut inner = registry.inner.lock();
        registry.stopped.store(false, Release); // Pairs with `world_is_stopped`.
        for thread in registry.entries() {
            thread.clear(STOP);
            // Relaxed load: SUSPENDED is stable under the lock. Release pairs with the Acquire in `enter`.
            if thread.state.load(Relaxed) == SUSPENDED {
                thread.state.store(DETACHED, Release);
            }
        }
        let stopped_for = self.since.elapsed();
        let stats = &mut inner.stop.stats;
        stats.total_time_stopped += stopped_for;
        stats.max_time_stopped = stats.max_time_stopped.max(stopped_for);
        inner.stop.active = false;
        inner.stop.serving += 1;
        drop(inner);
        registry.resumed.notify_all();
        if let Some(me) = self.me {
            me.attach();
            me.resume_sections();
        }
    }
}
