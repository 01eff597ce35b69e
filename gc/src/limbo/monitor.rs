//! The thread that sees to the age of what is in limbo.
//!
//! It sleeps while limbo is empty, is started by the first object, and owns no Python state: when something has waited for the
//! interval it sets the `LIMBO` poll bit of an attached thread. If all are detached the bit is set for all of them, and, if the
//! interpreter has offered a way to run Python code on this thread ([`set_runner`]), the sweep is done here.
//! The interval grows with the cost of a sweep and while sweeps free nothing.

use std::ptr::null_mut;
use std::sync::OnceLock;

use taipan_threading::safepoint;
use taipan_threading::sync::Duration;
use taipan_threading::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

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
        match std::thread::Builder::new().name("taipan-limbo".into()).stack_size(256 << 10).spawn(run) {
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
}

/// A sweep took so long and freed so many: keep the cost to a small fraction.
pub(super) fn swept(took: Duration, freed: usize) {
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
            runner(&mut || {
                sweep();
            });
        } else {
            taipan_threading::request_all(safepoint::LIMBO);
        }
    }
}
