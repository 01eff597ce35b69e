//! The thread that sees to the age of what is in limbo.
//!
//! It sleeps while limbo is empty, is started by the first object, and owns no Python state: when something has waited for the
//! interval it sets the `LIMBO` poll bit of an attached thread. If all are detached the bit is set for all of them, and, if the
//! interpreter has offered a way to run Python code on this thread ([`set_runner`]), the sweep is done here, finalizers included, as by any Python
//! thread. When the interpreter ends it waits for such a sweep, and there is no other one ([`retire`]).
//! The interval grows with the cost of a sweep and while sweeps free nothing.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::OnceLock;

use taipan_threading::safepoint;
use taipan_threading::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering};
use taipan_threading::sync::{Duration, Instant};

use super::{WANTED, sweep};

/// Shortest age at which a sweep is asked for.
const MIN_INTERVAL: Duration = Duration::from_millis(5);
const MAX_INTERVAL: Duration = Duration::from_millis(250);

/// Runs a function on the calling thread as a registered, attached Python thread.
pub type Runner = fn(&mut dyn FnMut());

static RUNNER: OnceLock<Runner> = OnceLock::new();
/// Limbo is not empty. Set by whoever puts something into an empty list; cleared in a stop that leaves nothing.
static AWAKE: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicBool = AtomicBool::new(false);
static INTERVAL: AtomicU64 = AtomicU64::new(MIN_INTERVAL.as_micros() as u64);
/// Bits: a sweep is done by the monitor; there is to be no other.
static OWN_SWEEPS: AtomicU8 = AtomicU8::new(0);
const SWEEPING: u8 = 1;
const RETIRED: u8 = 2;
/// Address space for the monitor's stack, on which finalizers may run.
const STACK: usize = 16 << 20;
/// The running monitor; leaked once per process.
static HANDLE: AtomicPtr<std::thread::Thread> = AtomicPtr::new(null_mut());

/// Lets the monitor sweep by itself when all threads are detached.
pub fn set_runner(runner: Runner) {
    let _ = RUNNER.set(runner);
}

/// Something came into an empty list.
pub(crate) fn wake() {
    // AcqRel: with `run`'s loads; the park token makes a missed look harmless.
    if AWAKE.swap(true, Ordering::AcqRel) {
        return;
    }
    wake_slow();
}

#[cold]
fn wake_slow() {
    if !STARTED.swap(true, Ordering::AcqRel) {
        match std::thread::Builder::new().name("taipan-limbo".into()).stack_size(STACK).spawn(run) {
            // Release pairs with the Acquire below.
            Ok(thread) => HANDLE.store(Box::into_raw(Box::new(thread.thread().clone())), Ordering::Release),
            Err(_) => {
                STARTED.store(false, Ordering::Release);
                AWAKE.store(false, Ordering::Release);
            }
        }
        return;
    }
    let handle = HANDLE.load(Ordering::Acquire);
    if !handle.is_null() {
        // SAFETY: never freed.
        unsafe { (*handle).unpark() };
    }
}

/// Limbo is empty; the world is stopped.
pub(super) fn rest() {
    AWAKE.store(false, Ordering::Release);
}

/// In a forked child the monitor does not exist.
pub(crate) fn after_fork_child() {
    STARTED.store(false, Ordering::Release);
    AWAKE.store(false, Ordering::Release);
    HANDLE.store(null_mut(), Ordering::Release);
    OWN_SWEEPS.store(0, Ordering::Release);
}

thread_local! {
    /// Whether the calling thread is the monitor.
    static IS_MONITOR: Cell<bool> = const { Cell::new(false) };
}

/// From now on the monitor does no sweeps; if it is doing one, waits for its end, at most so long. The calling thread is attached.
pub fn retire(limit: Duration) {
    // AcqRel: one location orders this against `sweep_here`.
    OWN_SWEEPS.fetch_or(RETIRED, Ordering::AcqRel);
    wait_for_sweep(Instant::now() + limit);
}

/// If the monitor is doing a sweep, waits for its end, until then at most: what it runs may be waiting for the calling thread, which is attached.
pub(crate) fn wait_for_sweep(until: Instant) {
    let sweeping = || OWN_SWEEPS.load(Ordering::Acquire) & SWEEPING != 0;
    if !sweeping() || IS_MONITOR.get() {
        return;
    }
    taipan_threading::detached(|| {
        while sweeping() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// A sweep by the monitor, if that is still wanted.
fn sweep_here(runner: Runner) {
    let process = std::process::id();
    if OWN_SWEEPS.fetch_or(SWEEPING, Ordering::AcqRel) & RETIRED == 0 {
        runner(&mut || {
            sweep();
        });
        if std::process::id() != process {
            // A finalizer forked: this is the only thread of the child, and what it was doing is done.
            std::process::exit(0);
        }
    }
    OWN_SWEEPS.fetch_and(!SWEEPING, Ordering::AcqRel);
}

/// When a sweep may be asked for without waiting for the monitor; nanoseconds since [`epoch`].
static AT_ONCE_FROM: AtomicU64 = AtomicU64::new(0);
/// Least time between a sweep and one that is asked for at once.
const PAUSE: Duration = Duration::from_micros(200);

fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

/// Whether the last sweep is so long ago that another one now costs next to nothing.
pub(super) fn is_due_at_once() -> bool {
    // Relaxed: a heuristic.
    epoch().elapsed().as_nanos() as u64 >= AT_ONCE_FROM.load(Ordering::Relaxed)
}

/// A sweep took so long and freed so many: keep the cost to a small fraction.
pub(super) fn swept(took: Duration, freed: usize) {
    let pause = if freed == 0 { interval() } else { (took * 100).max(PAUSE) };
    AT_ONCE_FROM.store((epoch().elapsed() + pause).as_nanos() as u64, Ordering::Relaxed);
    let floor = if freed == 0 { interval() * 2 } else { MIN_INTERVAL };
    set_interval((took * 50).max(floor));
}

fn interval() -> Duration {
    Duration::from_micros(INTERVAL.load(Ordering::Relaxed))
}

/// Threads that run Python code take the signals: they may be waiting for them, or block them on purpose.
fn leave_signals_to_others() {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is initialized by the first call and read by the second.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
    }
}

fn set_interval(interval: Duration) {
    // Relaxed: a heuristic.
    INTERVAL.store(interval.clamp(MIN_INTERVAL, MAX_INTERVAL).as_micros() as u64, Ordering::Relaxed);
}

fn run() {
    IS_MONITOR.set(true);
    leave_signals_to_others();
    loop {
        while !AWAKE.load(Ordering::Acquire) {
            // The starter stores the handle after it woke us: look now and then until then.
            if HANDLE.load(Ordering::Acquire).is_null() {
                std::thread::yield_now();
            } else {
                std::thread::park();
            }
        }
        std::thread::sleep(interval());
        if !AWAKE.load(Ordering::Acquire) {
            continue;
        }
        // Relaxed: the poll bit brings the handler.
        if WANTED.swap(true, Ordering::Relaxed) {
            set_interval(interval() * 2);
        }
        if let Some(thread) = taipan_threading::threads().find(|thread| thread.is_attached()) {
            thread.request(safepoint::LIMBO);
        } else if let Some(runner) = RUNNER.get() {
            sweep_here(*runner);
        } else {
            taipan_threading::request_all(safepoint::LIMBO);
        }
    }
}
