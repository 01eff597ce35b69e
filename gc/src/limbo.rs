//! Limbo: objects whose count is zero but that registers of other threads may still hold uncounted.
//!
//! An object comes here when its last written reference goes and another thread has `SEEN` it. It stays whole, `LIMBO`, merged, zero;
//! whoever holds it uncounted may count it up again. A *sweep* stops the world, visits all registers, and parts the objects:
//!
//! | at the stop | then |
//! | --- | --- |
//! | counted up again | leaves limbo (`LIMBO` cleared) |
//! | held uncounted by a register | stays |
//! | neither | `DYING`: nobody can reach it; the initiator ends it when the world goes on |
//!
//! No reader is in the middle of a foreign load during a stop, and after it no slot holds a dead object, so blocks of the dead may be
//! reused at once. A finalizer that makes the object reachable again just starts a new life: its next zero comes here again.
//!
//! Sweeps are asked for by number, bytes and age ([`monitor`]), and by the first object that comes into an empty list if the last sweep is long ago,
//! measured by what it cost: so where little comes here, objects end at the next safepoint. The number grows with the registers visited at the last sweep, and the age
//! with the time it took, so the cost of sweeping stays a small fraction of the work that fills limbo.

use rustc_hash::FxHashSet;
use taipan_threading::safepoint;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use taipan_threading::sync::{Duration, Instant};

use crate::header::{Header, HeaderFlags};
use crate::heap::{self, local};
use crate::refcount::pending::stop_with_exact_counts;
use crate::refcount::protocol::{self, Death};
use crate::refcount::queue;
use crate::{dealloc, hooks, refcount};

pub mod monitor;

const MIN_OBJECTS: usize = 2048;
const MAX_BYTES: usize = 8 << 20;

/// Objects in one thread's limbo that make it ask for a sweep.
static THRESHOLD: AtomicUsize = AtomicUsize::new(MIN_OBJECTS);
/// A sweep was asked for and has not begun.
static WANTED: AtomicBool = AtomicBool::new(false);
static SWEEPS: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);
static REVIVED: AtomicU64 = AtomicU64::new(0);
static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

/// Puts an object whose count is zero here; its `LIMBO` flag was set by this thread.
pub(crate) fn push(ptr: *mut Header) {
    let here = heap::this();
    // SAFETY: our own list; the object is a block.
    let (number, bytes) = unsafe {
        let limbo = &mut *here.limbo.get();
        limbo.push(ptr);
        (limbo.len(), here.limbo_bytes.get() + heap::object_size(ptr))
    };
    here.limbo_bytes.set(bytes);
    // Relaxed: a heuristic.
    if number >= THRESHOLD.load(Ordering::Relaxed) || bytes >= MAX_BYTES {
        request();
    }
    if number == 1 {
        monitor::wake();
        if monitor::is_due_at_once() {
            request();
        }
    }
}

/// A large object was freed whose memory waits for a stop.
pub(crate) fn note_dead_large(bytes: usize) {
    let here = heap::this();
    here.limbo_bytes.set(here.limbo_bytes.get() + bytes);
    if here.limbo_bytes.get() >= MAX_BYTES {
        request();
    }
}

/// Asks the calling thread for a sweep at its next safepoint.
fn request() {
    // Relaxed: the poll bit brings the handler.
    if !WANTED.swap(true, Ordering::Relaxed)
        && let Some(thread) = taipan_threading::current()
    {
        thread.request(safepoint::LIMBO);
    }
}

/// Serves the `LIMBO` poll bit.
pub(crate) fn poll() {
    if WANTED.swap(false, Ordering::Relaxed) {
        sweep();
    }
}

/// How long a sweep goes on with what the dead alone referred to.
const CASCADE: Duration = Duration::from_micros(500);

/// Frees what is dead, and what comes here because of that as long as it goes fast. Runs finalizers. Returns how many objects died.
pub fn sweep() -> usize {
    let begun = Instant::now();
    let mut number = 0;
    loop {
        let died = sweep_once();
        number += died;
        // SAFETY: our own list.
        if died == 0 || unsafe { (*heap::this().limbo.get()).is_empty() } || begun.elapsed() > CASCADE {
            return number;
        }
    }
}

fn sweep_once() -> usize {
    WANTED.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    let dead = stop_with_exact_counts(|| {
        // SAFETY: the world is stopped.
        unsafe { part() }
    });
    monitor::swept(begun.elapsed(), dead.len());
    // Relaxed: statistics.
    SWEEPS.fetch_add(1, Ordering::Relaxed);
    FREED.fetch_add(dead.len() as u64, Ordering::Relaxed);
    NANOSECONDS.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
    let number = dead.len();
    for ptr in dead {
        // SAFETY: merged, zero, `DYING`, and nobody can reach it.
        unsafe { dealloc::destroy(ptr) }
    }
    number
}

/// Rounds of [`flush`]: what dies in one may bring others into limbo.
const ROUNDS: usize = 64;

/// Ends everything whose last reference is gone by now, wherever it waits: in any thread's merge queue, or in limbo. Runs finalizers; a
/// safepoint.
pub fn flush() {
    for _ in 0..ROUNDS {
        queue::drain();
        let dead = stop_with_exact_counts(|| {
            let mut dead = Vec::new();
            // SAFETY: the world is stopped.
            unsafe {
                queue::fold_all(|ptr| {
                    // Whole: nobody frees it before `die` said so.
                    let header = &*ptr;
                    if header.has_flag(HeaderFlags::DEFERRED) {
                        return;
                    }
                    match protocol::die(header.flags_word()) {
                        Death::Free => dead.push(ptr),
                        Death::Limbo => (*heap::this().limbo.get()).push(ptr),
                        Death::Waiting => {}
                    }
                });
                dead.extend(part());
            }
            dead
        });
        if dead.is_empty() {
            return;
        }
        // Relaxed: statistics.
        FREED.fetch_add(dead.len() as u64, Ordering::Relaxed);
        for ptr in dead {
            // SAFETY: merged, zero, `DYING`, and nobody can reach it.
            unsafe { dealloc::destroy(ptr) }
        }
    }
}

/// Takes the dead out of limbo and marks them.
///
/// # Safety
/// The world is stopped.
unsafe fn part() -> Vec<*mut Header> {
    let mut dead = Vec::new();
    let mut held = FxHashSet::default();
    let mut visited = 0_usize;
    let mut staying = 0_usize;
    if let Some(hooks) = hooks::get() {
        (hooks.trace_registers)(&mut |value, _| {
            visited += 1;
            if value.is_ptr() {
                let ptr = value.ptr();
                // SAFETY: registers refer to objects, alive or in limbo.
                if unsafe { (*ptr).has_flag(HeaderFlags::LIMBO) } {
                    held.insert(ptr);
                }
            }
        });
    }
    for heap in local::all() {
        // SAFETY: the world is stopped.
        let limbo = unsafe { &mut *heap.limbo.get() };
        heap.limbo_bytes.set(0);
        limbo.retain(|&ptr| {
            // SAFETY: objects in limbo are whole.
            let header = unsafe { &*ptr };
            if refcount::count(header) > 0 || header.is_immortal() {
                header.clear_flag(HeaderFlags::LIMBO);
                REVIVED.fetch_add(1, Ordering::Relaxed);
                false
            } else if held.contains(&ptr) {
                staying += 1;
                true
            } else {
                header.set_flag(HeaderFlags::DYING);
                header.clear_flag(HeaderFlags::LIMBO);
                dead.push(ptr);
                false
            }
        });
    }
    // SAFETY: the world is stopped.
    unsafe { heap::release_while_stopped() };
    if staying == 0 {
        monitor::rest();
    } else {
        monitor::wake();
    }
    THRESHOLD.store(MIN_OBJECTS.max(visited * 2).max(staying * 4), Ordering::Relaxed);
    dead
}

/// In a forked child: nobody has been asked for a sweep, and the monitor does not exist.
pub(crate) fn after_fork_child() {
    WANTED.store(false, Ordering::Relaxed);
    monitor::after_fork_child();
    // SAFETY: this is the only thread.
    if local::all().iter().any(|heap| unsafe { !(*heap.limbo.get()).is_empty() }) {
        request();
    }
}

/// What limbo did so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimboStats {
    /// Number of sweeps.
    pub sweeps: u64,
    /// Objects that died in them.
    pub freed: u64,
    /// Objects found counted up again.
    pub revived: u64,
    /// Time of all sweeps, the stopping included, finalizers not.
    pub nanoseconds: u64,
}

/// What limbo did so far.
pub fn stats() -> LimboStats {
    LimboStats {
        sweeps: SWEEPS.load(Ordering::Relaxed),
        freed: FREED.load(Ordering::Relaxed),
        revived: REVIVED.load(Ordering::Relaxed),
        nanoseconds: NANOSECONDS.load(Ordering::Relaxed),
    }
}
