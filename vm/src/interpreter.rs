//! Executing bytecode. `dispatch` is the loop with the hot cases; the families of operations are in `ops`, calls in `call`,
//! handlers and tracebacks in `unwind`, suspended frames in `generators`.
//!
//! Contract between the loop and the operations: the loop saves `pc` in the frame before it calls anything that may look at
//! frames, run Python code or raise; an operation returns `Err(Raised)` with the exception in the thread and has then written no register.

pub mod call;
pub mod dispatch;
pub mod eager;
pub mod generators;
pub mod ops;
pub mod quick;
pub mod unwind;
pub mod watch;

use taipan_bytecode::Instr;
use taipan_objects::Obj;
use taipan_objects::error::*;
use taipan_objects::singletons::none;
use taipan_threading::safepoint::TRACE;

use crate::thread::VmThread;
use watch::{Unwatched, Watcher};

/// Executes the innermost frame, which was just pushed or is a generator's, until it returns, yields or raises.
#[inline]
pub fn run(thread: &'static VmThread) -> PyResult<Obj> {
    if thread.threading.poll() & TRACE != 0 {
        return run_switching(thread, Start::Entering);
    }
    match dispatch::dispatch(thread, Unwatched) {
        Err(Raised) if thread.tracing.is_switching() => run_switching(thread, Start::Switched),
        result => result,
    }
}

/// The same for a frame that continues at its `pc`, a handler's.
pub fn run_handler(thread: &'static VmThread) -> PyResult<Obj> {
    run_switching(thread, Start::Continuing(None))
}

enum Start {
    Entering,
    /// A loop was left to be changed.
    Switched,
    /// Behind an instruction, if it is known.
    Continuing(Option<u32>),
}

/// Runs the loop that is the right one, and again when that changes.
#[cold]
fn run_switching(thread: &'static VmThread, mut start: Start) -> PyResult<Obj> {
    let former = thread.tracing.watched.get();
    let result = loop {
        if let Start::Switched = start {
            let done = thread.tracing.take_switch().unwrap_or(false);
            start = Start::Continuing(done.then(|| finish_call(thread)));
        }
        let watched = crate::trace::is_active(thread);
        thread.tracing.watched.set(watched);
        let result = if watched {
            let watcher = match start {
                Start::Entering => Watcher::entering(thread),
                Start::Continuing(last) => Watcher::continuing(thread, last),
                Start::Switched => Watcher::continuing(thread, None),
            };
            dispatch::dispatch(thread, watcher)
        } else {
            dispatch::dispatch(thread, Unwatched)
        };
        if result.is_ok() || !thread.tracing.is_switching() {
            break result;
        }
        start = Start::Switched;
    };
    thread.tracing.watched.set(former);
    result
}

/// The call at which the innermost frame was left is done, with `None`. Gives the call's place.
fn finish_call(thread: &VmThread) -> u32 {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    let at = frame.pc();
    let instr: Instr = frame.code().instr(at as usize);
    frame.regs.write(instr.c() as usize, none());
    frame.set_pc(at + call::length_at(instr) as u32);
    at
}
