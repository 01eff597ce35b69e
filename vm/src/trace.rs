//! Who wants to see what a thread executes: `sys.settrace`, `sys.setprofile` and the tools of `sys.monitoring`.
//!
//! The interpreter loop exists twice, plain and watched (see `interpreter/watch.rs`); the plain one looks at nothing. A thread changes from one
//! to the other as follows. The `TRACE` bit of its poll word says that something is to be delivered, and stays set as long as that is so.
//!
//! - Entering the loop ([`crate::interpreter::run`]): the bit chooses.
//! - Plain loop, at a safepoint: [`safepoint`] leaves the loop with `Err(Raised)`, no exception, and `switching` set.
//! - Plain loop, right behind a call of `sys.settrace` and the like: [`switch_behind_call`] does the same, and `done` says that
//!   the call's result is `None`.
//! - Watched loop: looks at the bit before each instruction.
//!
//! While a callback runs (`inside`) nothing is delivered, so everything below it runs in the plain loop.

pub mod event;
pub mod functions;
pub mod monitoring;

use std::cell::Cell;

use taipan_bytecode::Op;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::prelude::*;
use taipan_threading::safepoint::TRACE;

use crate::registers::Regs;
use crate::thread::VmThread;
use event::Event;

/// A thread's part. The owning thread only.
#[derive(Default)]
pub struct Tracing {
    /// Callbacks that are running.
    inside: Cell<u32>,
    /// What the innermost trace function is being told.
    event: Cell<Option<Event>>,
    /// Number of frames when it was called: the innermost of them is the one that it is told of.
    depth: Cell<usize>,
    /// The innermost loop is the watched one.
    pub watched: Cell<bool>,
    /// `Err(Raised)` is on its way and means that the loop is to be changed.
    switching: Cell<bool>,
    /// The call that the loop was left at is done; its result is `None`.
    done: Cell<bool>,
}

impl Tracing {
    /// What the running trace function was called for.
    pub fn event(&self) -> Option<Event> {
        self.event.get()
    }
    /// The index of the frame that it was called for.
    pub fn frame(&self) -> Option<usize> {
        self.depth.get().checked_sub(1)
    }
    /// Whether `Err(Raised)` means that the loop is to be changed.
    pub fn is_switching(&self) -> bool {
        self.switching.get()
    }
    /// Leaves the loop (after `Err(Raised)`) to enter the other one.
    pub fn switch(&self) {
        self.switching.set(true);
    }
    /// The same, answered; and whether the call at hand is done.
    pub fn take_switch(&self) -> Option<bool> {
        self.switching.replace(false).then(|| self.done.replace(false))
    }
    /// Runs a callback.
    fn callback<R>(&self, event: Event, depth: usize, work: impl FnOnce() -> R) -> R {
        let former = (self.event.replace(Some(event)), self.depth.replace(depth));
        self.inside.set(self.inside.get() + 1);
        let result = work();
        self.inside.set(self.inside.get() - 1);
        self.event.set(former.0);
        self.depth.set(former.1);
        result
    }
    /// Runs `work` without delivering anything.
    pub fn silently<R>(&self, work: impl FnOnce() -> R) -> R {
        self.inside.set(self.inside.get() + 1);
        let result = work();
        self.inside.set(self.inside.get() - 1);
        result
    }
    /// `sys.call_tracing`: runs `work` as if no callback were running.
    pub fn outside<R>(&self, work: impl FnOnce() -> R) -> R {
        let former = (self.inside.replace(0), self.event.replace(None));
        let result = work();
        self.inside.set(former.0);
        self.event.set(former.1);
        result
    }
}

/// Whether there is anything to deliver on the calling thread right now.
pub fn is_active(thread: &VmThread) -> bool {
    thread.threading.poll() & TRACE != 0 && thread.tracing.inside.get() == 0
}

/// Sets or clears the bit of a thread's poll word after what it stands for has changed.
pub fn refresh(thread: &VmThread) {
    let wanted = || {
        !thread.trace.is_empty()
            || !thread.profile.is_empty()
            || monitoring::is_wanted_anywhere()
            // The watched loop knows where it is at every instruction.
            || crate::tracemalloc::is_tracing()
    };
    if !wanted() {
        thread.threading.clear(TRACE);
    }
    // Again: somebody may have set it in between.
    if wanted() {
        thread.threading.request(TRACE);
    }
}

/// [`refresh`] for all threads.
pub fn refresh_all() {
    crate::thread::for_each(refresh);
}

/// A safepoint of the loop. `first`: for a call, the first argument's register.
#[cold]
pub fn safepoint(thread: &VmThread, call: Option<(Regs, usize, usize)>) -> PyResult<()> {
    crate::safepoint::handle(thread)?;
    if !is_active(thread) || thread.tracing.watched.get() {
        return Ok(());
    }
    if let Some((regs, base, first)) = call {
        unpacked(thread, regs, base, first);
    }
    thread.tracing.switch();
    Err(Raised)
}

/// The call instruction will be executed again: undoes the unpacking of a bound method into function and self.
fn unpacked(thread: &VmThread, regs: Regs, base: usize, first: usize) {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &*thread.innermost() };
    let op = frame.code().instr(frame.pc() as usize).op();
    if first == base + 1
        && matches!(op, Some(Op::Call | Op::CallKw))
        && let (Some(function), Some(receiver)) = (regs.take(base), regs.take(base + 1))
    {
        regs.write(base, PyBoundMethod::new(function, receiver).into_obj());
    }
}

/// For a native function `name`, which returns `None` and may just have asked for events: makes its caller's loop the watched one at once. Only
/// if the loop itself called it; behind other native code the loop changes at its next safepoint.
pub fn switch_behind_call(thread: &VmThread, name: &str) -> PyResult<()> {
    if !is_active(thread) || thread.tracing.watched.get() || !is_called_by_loop(thread, name) {
        return Ok(());
    }
    thread.tracing.done.set(true);
    thread.tracing.switch();
    Err(Raised)
}

fn is_called_by_loop(thread: &VmThread, name: &str) -> bool {
    if thread.innermost().is_null() {
        return false;
    }
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &*thread.innermost() };
    let instr = frame.code().instr(frame.pc() as usize);
    if !matches!(instr.op(), Some(Op::Call | Op::CallMethod | Op::CallKw | Op::CallMethodKw)) {
        return false;
    }
    let Some(callable) = frame.regs.get(instr.a() as usize) else { return false };
    let def = callable
        .downcast::<PyNativeFunction>()
        .map(|f| f.def)
        .or_else(|| callable.downcast::<PyMethodDescr>().map(|d| d.def));
    def.is_some_and(|def| def.name == name)
}
