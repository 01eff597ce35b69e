//! The cycle collector: trial deletion over the tracked pages, the world being stopped.
//!
//! 1. *stop*: candidates are the tracked objects that are neither immortal nor in limbo nor dying; each gets its count, less the
//!    references from candidates ([`mark`]). What keeps something has references from outside; uncounted references in registers
//!    count as such; whatever these reach, classes of instances included, is alive. The rest is garbage: each piece is merged and
//!    gets one reference that holds it, and weak references to it are emptied, so nobody can reach it any more.
//! 2. *run*: callbacks of those weak references that are alive; finalizers ([`sweep`]).
//! 3. if any finalizer ran, *stop*: the garbage among itself is tried again; what is reachable from outside lives on.
//! 4. *run*: all fields are dropped, instances before deferred objects (classes); the references among the garbage cannot end
//!    anything because of the holds; then the blocks are freed. Python code that runs meanwhile cannot see any of it. The threads share this work
//!    ([`disposal`]) if nobody waits for its end.
//!
//! Between 1 and 4 the garbage's holds look like references from outside, and [`visit`] leaves it out.
//! What the collector computes lives in a table beside the heap, so it writes no object that stays.

use std::sync::OnceLock;

use taipan_threading::safepoint;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use taipan_threading::sync::{Duration, Instant, Mutex};

use crate::header::{Header, HeaderFlags};
use crate::refcount::atomic;
use crate::{heap, hooks, refcount};

mod disposal;
mod mark;
mod shares;
mod sweep;
pub mod threshold;
pub mod visit;
mod zeros;

/// In a forked child: helper threads do not exist, and neither does a collection that another thread had begun. Its garbage stays.
pub fn after_fork_child() {
    mark::after_fork_child();
    if BUSY.load(Ordering::Relaxed) != taipan_threading::current_slot() {
        sweep::forget();
        disposal::forget();
        bury(true);
        BUSY.store(0, Ordering::Release);
    }
}

pub(crate) use mark::trace as trace_object;
pub use visit::{
    freeze, freeze_count, get_objects, get_referents, get_referrers, immortalize, immortalize_heap,
    is_tracked, unfreeze, visit_objects,
};

/// What one collection did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collected {
    /// Generation asked for.
    pub generation: u8,
    /// Tracked objects looked at.
    pub candidates: usize,
    /// Unreachable objects found and freed.
    pub collected: usize,
    /// Unreachable objects that could not be freed (`gc.DEBUG_SAVEALL`, or a bug).
    pub uncollectable: usize,
    /// All of it.
    pub duration: Duration,
    /// The stopped part.
    pub stopped: Duration,
}

/// Sums per generation, as `gc.get_stats()` wants them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub collections: u64,
    pub collected: u64,
    pub uncollectable: u64,
    pub candidates: u64,
    pub duration: Duration,
    pub stopped: Duration,
}

/// Called before (`None`) and after a collection of a generation. Runs Python code (`gc.callbacks`). Whether there was anything to call: then the collection
/// is over, and the second call made, before the thread that collects goes on.
pub type Callback = fn(generation: u8, result: Option<&Collected>) -> bool;

static ENABLED: AtomicBool = AtomicBool::new(true);
/// Slot of the thread that collects; 0: nobody does; [`SEVERAL`].
static BUSY: AtomicU16 = AtomicU16::new(0);
/// Threads share the disposal of garbage: no thread's slot.
const SEVERAL: u16 = u16::MAX;
static DEBUG: AtomicU64 = AtomicU64::new(0);
static TOTALS: Mutex<[Totals; 3]> = Mutex::new([const { ZERO }; 3]);
const ZERO: Totals = Totals {
    collections: 0,
    collected: 0,
    uncollectable: 0,
    candidates: 0,
    duration: Duration::ZERO,
    stopped: Duration::ZERO,
};
static CALLBACK: OnceLock<Callback> = OnceLock::new();

/// Whether a collection has found the object unreachable. Lists of objects that nobody counts (subclasses, weak references) must pass it over: it is whole
/// or not by now, and will be freed whoever counts it. What is not condemned stays so until the calling thread was stopped.
pub fn is_condemned(header: &Header) -> bool {
    // Relaxed: what is condemned changes while the world is stopped, and is announced before.
    header.has_flag(HeaderFlags::DYING) || is_busy() && sweep::is_doomed(header)
}

/// `gc.DEBUG_SAVEALL`: keep what is unreachable for [`take_saved`].
pub const DEBUG_SAVEALL: u64 = 32;

/// Automatic collections on.
pub fn enable() {
    ENABLED.store(true, Ordering::Relaxed);
}
/// Automatic collections off.
pub fn disable() {
    ENABLED.store(false, Ordering::Relaxed);
}
/// Whether automatic collections are on.
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}
/// `gc.set_debug`.
pub fn set_debug(flags: u64) {
    DEBUG.store(flags, Ordering::Relaxed);
}
/// `gc.get_debug`.
pub fn debug() -> u64 {
    DEBUG.load(Ordering::Relaxed)
}
/// Installs what is called around collections; the first call wins.
pub fn set_callback(callback: Callback) {
    let _ = CALLBACK.set(callback);
}
/// Sums of all collections so far, per generation.
pub fn totals() -> [Totals; 3] {
    *TOTALS.lock()
}
/// Objects saved because of `DEBUG_SAVEALL`.
pub use sweep::take_saved;

/// Serves the `GC` poll bit.
pub(crate) fn poll() {
    if is_enabled() && threshold::due() {
        collect_shared(2);
    }
}

/// A collection that nobody waits for: the threads whose garbage it finds help to dispose of it.
pub(crate) fn collect_shared(generation: u8) {
    collect_cycles(generation, true);
}

pub(crate) use disposal::poll as dispose_own;

/// Whether any thread is collecting.
fn is_busy() -> bool {
    BUSY.load(Ordering::Relaxed) != 0
}

/// Asks the calling thread for a collection at its next safepoint.
pub(crate) fn request() {
    if let Some(thread) = taipan_threading::current() {
        thread.request(safepoint::GC);
    }
}

struct Busy;
impl Drop for Busy {
    fn drop(&mut self) {
        // Release pairs with the Acquire of the next collection.
        BUSY.store(0, Ordering::Release);
    }
}

/// How long a collection that is asked for waits for finalizers that limbo's monitor runs: they may be waiting for the calling thread.
const OTHERS_FINALIZERS: Duration = Duration::from_millis(200);

/// Collects everything (there is one generation; the number is for statistics), and ends what waits for its owner or in limbo, before
/// and afterwards: a program that asks expects the dead to be gone, also those that limbo's monitor is at. Runs finalizers; a safepoint.
/// Collects nothing while another collection is on.
pub fn collect(generation: u8) -> Collected {
    if let Some(hooks) = crate::hooks::get() {
        (hooks.forget_examples)();
    }
    crate::limbo::monitor::wait_for_sweep(Instant::now() + OTHERS_FINALIZERS);
    crate::limbo::flush();
    let result = collect_cycles(generation, false);
    crate::limbo::flush();
    result
}

/// [`collect`], but if another thread is collecting, waits for its end, a second at most: what that thread runs may be waiting for this one.
pub fn collect_after_others(generation: u8) -> Collected {
    let until = Instant::now() + Duration::from_secs(1);
    let me = taipan_threading::current_slot().max(1);
    let others = || ![0, me].contains(&BUSY.load(Ordering::Relaxed)) && !disposal::takes_part();
    while others() && Instant::now() < until {
        taipan_threading::detached(|| std::thread::sleep(Duration::from_millis(1)));
    }
    collect(generation)
}

/// `shared`: others may help; then the result is what was known when the calling thread had done its part.
fn collect_cycles(generation: u8, shared: bool) -> Collected {
    let me = taipan_threading::current_slot().max(1);
    let mut result = Collected { generation: generation.min(2), ..Collected::default() };
    if BUSY.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return result;
    }
    let busy = Busy;
    let watched = CALLBACK.get().is_some_and(|callback| callback(result.generation, None));
    let begun = Instant::now();
    refcount::queue::drain();
    let garbage = refcount::pending::stop_with_exact_counts(|| {
        let since = Instant::now();
        // SAFETY: the world is stopped.
        let garbage = unsafe {
            heap::release_while_stopped();
            bury(false);
            let (garbage, candidates) = sweep::Garbage::find();
            result.candidates = candidates;
            garbage
        };
        result.stopped += since.elapsed();
        garbage
    });
    let garbage = garbage.finish(&mut result);
    let shared = shared && !watched && taipan_threading::multi_threaded();
    match disposal::dispose(garbage, result, begun, shared) {
        Some(done) => result = done,
        None => {
            // Now the affair of the last one.
            std::mem::forget(busy);
            return result;
        }
    }
    add_up(&result);
    if let Some(callback) = CALLBACK.get() {
        callback(result.generation, Some(&result));
    }
    result
}

/// See [`hooks::Hooks::bury`].
fn bury(abandoned: bool) {
    if let Some(hooks) = hooks::get() {
        (hooks.bury)(abandoned);
    }
}

/// Several threads dispose of the garbage from now on.
fn begin_shared() {
    BUSY.store(SEVERAL, Ordering::Relaxed);
}

/// They have done so.
fn end_shared(result: &Collected) {
    add_up(result);
    drop(Busy);
}

fn add_up(result: &Collected) {
    let mut totals = TOTALS.lock();
    let sums = &mut totals[usize::from(result.generation)];
    sums.collections += 1;
    sums.collected += result.collected as u64;
    sums.uncollectable += result.uncollectable as u64;
    sums.candidates += result.candidates as u64;
    sums.duration += result.duration;
    sums.stopped += result.stopped;
}
