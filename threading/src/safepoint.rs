//! The poll word: why a running thread should leave its loop for a moment.
//!
//! Each thread has one 32-bit word, zero while nothing is wanted. Running code loads it (Relaxed) at loop
//! back-edges and function entries and goes to its slow path when it is not zero. Bits are set by anyone
//! with `ThreadState::request`, and cleared by the thread that serves them with `ThreadState::take`
//! or `clear`, before it does the work, so a request that comes meanwhile is not lost; STOP alone is cleared by the
//! initiator of the stop.

use crate::thread_state::current;

/// A stop-the-world waits for this thread: `handle_stop`.
pub const STOP: u32 = 1 << 0;
/// An operating system signal wants its Python handler run (main thread).
pub const SIGNAL: u32 = 1 << 1;
/// The thread's merge queue is not empty.
pub const MERGE: u32 = 1 << 2;
/// An asynchronous exception was set for this thread.
pub const ASYNC_EXC: u32 = 1 << 3;
/// Retired storage waits for this thread's quiescence: `qsbr::quiescent`.
pub const QSBR_TICK: u32 = 1 << 4;
/// Objects in limbo wait for this thread to count its register references.
pub const LIMBO: u32 = 1 << 5;
/// A collection is due.
pub const GC: u32 = 1 << 6;
/// A call was queued for this thread by native code.
pub const PENDING_CALL: u32 = 1 << 7;
/// Tracing or monitoring was switched for this thread.
pub const TRACE: u32 = 1 << 8;
/// Chaos mode: set for good, so that every poll comes to the safepoint.
pub const CHAOS: u32 = 1 << 9;
/// Garbage of this thread's heap waits for being disposed of.
pub const GARBAGE: u32 = 1 << 10;
/// First bit that is free for other crates.
pub const FIRST_FREE: u32 = 1 << 16;

/// Bits that end an interruptible wait.
pub const INTERRUPTING: u32 = SIGNAL | ASYNC_EXC;

/// The current thread's poll word; 0 when it is not registered. The hot path reads `ThreadState::poll`.
#[inline]
pub fn poll() -> u32 {
    current().map_or(0, |thread| thread.poll())
}

/// Serves what needs no interpreter (STOP, QSBR_TICK) and returns the bits that are left to the caller.
#[inline]
pub fn safepoint() -> u32 {
    match current() {
        Some(thread) => match thread.poll() {
            0 => 0,
            _ => safepoint_slow(thread),
        },
        None => 0,
    }
}

#[cold]
fn safepoint_slow(thread: &'static crate::ThreadState) -> u32 {
    thread.handle_stop();
    if thread.take(QSBR_TICK) {
        thread.quiescent();
    }
    thread.poll()
}

/// Parks while a stop-the-world is on. A safepoint: announces quiescence.
pub fn handle_stop() {
    if let Some(thread) = current() {
        thread.handle_stop();
    }
}

/// `ThreadState::request` for every registered thread of the process.
pub fn request_all(bits: u32) {
    crate::global::registry().request_all(bits);
}
