//! Exceptions on their way: handlers, tracebacks, leaving frames.

use std::cell::Cell;

use taipan_bytecode::find_handler;
use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::traceback::PyTraceback;
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;

use super::watch::Watch;
use super::{call, generators};
use crate::frame::{Kind, object_of};
use crate::thread::VmThread;

/// What unwinding led to.
pub enum Unwound {
    /// The innermost frame has a handler, at its `pc`.
    Handler,
    /// The entry frame was left: the exception goes to the native caller.
    Exit,
}

thread_local! {
    static SUPPRESS: Cell<bool> = const { Cell::new(false) };
}

/// The next unwinding adds no traceback entry for the frame that re-raised.
pub fn suppress_traceback_entry() {
    SUPPRESS.set(true);
}

/// Finds the handler of the exception on its way, popping frames.
pub fn unwind<W: Watch>(thread: &'static VmThread, watcher: &mut W) -> Unwound {
    let mut reraised = SUPPRESS.replace(false);
    let mut add_entry = !reraised;
    loop {
        let fp = thread.innermost();
        // SAFETY: the innermost frame is live.
        let frame = unsafe { &mut *fp };
        if add_entry {
            add_traceback(fp);
        }
        watcher.raised(thread, !add_entry);
        add_entry = true;
        let code = frame.code();
        while let Some(entry) = find_handler(&code.unit.exception_table, frame.pc()) {
            frame.regs.clear_range(entry.depth as usize, code.nregs as usize);
            let from = frame.pc();
            frame.set_pc(entry.handler);
            if let Ok(()) = watcher.handled(thread, from) {
                return Unwound::Handler;
            }
        }
        watcher.left(thread);
        if std::mem::replace(&mut reraised, false) && frame.line() == 0 {
            resume_place(frame);
        }
        match frame.kind {
            Kind::Call | Kind::Operator | Kind::New => call::pop(thread),
            Kind::Init => drop(call::pop_init(thread)),
            Kind::Entry => {
                call::pop(thread);
                return Unwound::Exit;
            }
            Kind::Eager => {
                generators::finish(thread);
                convert_stop_iteration(&types().coroutine);
            }
            Kind::GeneratorEntry => {
                let generator = frame.subject().clone();
                generators::finish(thread);
                convert_stop_iteration(class_of(&generator));
                return Unwound::Exit;
            }
            Kind::GeneratorFor | Kind::GeneratorSend => {
                let generator = frame.subject().clone();
                generators::finish(thread);
                convert_stop_iteration(class_of(&generator));
            }
            Kind::GeneratorAsend => {
                generators::finish(thread);
                convert_stop_iteration(&types().async_generator);
                let Raised = generators::asend::ended(thread, Err(Raised));
            }
        }
    }
}

/// PEP 479: a `StopIteration` leaving a generator, of class `class`, becomes a `RuntimeError`.
fn convert_stop_iteration(class: &PyType) {
    let t = types();
    let (kind, is_async) = if class.is(&t.coroutine) {
        ("coroutine", false)
    } else if class.is(&t.async_generator) {
        ("async generator", true)
    } else {
        ("generator", false)
    };
    let what = if raised_is(&t.stop_iteration) {
        "StopIteration"
    } else if is_async && raised_is(&t.stop_async_iteration) {
        "StopAsyncIteration"
    } else {
        return;
    };
    let cause = take_raised();
    let error = PyBaseException::create(
        &t.runtime_error,
        vec![taipan_objects::construct::str_obj(&format!("{kind} raised {what}"))],
    );
    if let Some(e) = error.downcast::<PyBaseException>() {
        e.set_cause(Some(cause.clone()));
        e.set_context(Some(cause));
    }
    let _ = set_raised(error);
}

/// A frame that is left by raising again what it handled was left where that came from: its line tells.
fn resume_place(frame: &mut crate::frame::Frame) {
    let Some(exception) = try_take_raised() else { return };
    if let Some(entry) = exception.downcast::<PyBaseException>().and_then(PyBaseException::traceback)
        && let Some(entry) = entry.downcast::<PyTraceback>()
        && entry.frame().is_some_and(|object| object.value().same(frame.object))
    {
        frame.set_pc(entry.instruction() as u32);
    }
    let _ = set_raised(exception);
}

/// Adds an entry for the frame to the traceback of the exception on its way.
fn add_traceback(fp: *mut crate::frame::Frame) {
    // SAFETY: a frame of the calling thread.
    let frame = unsafe { &*fp };
    let found = with_raised(|exception| {
        if let Some(e) = exception.downcast::<PyBaseException>() {
            let pc = frame.pc();
            let line = frame.code().line_of(pc as usize) as i32;
            let object = object_of(fp).into_obj();
            let entry = PyTraceback::new(e.traceback(), object, pc as i32, line);
            // What is replaced is the entry's `next` now, unless another thread assigned one meanwhile: finalizers keep the exception on its way.
            e.set_traceback(Some(entry.into_obj()));
        }
    });
    if found.is_none() {
        let exception = take_raised();
        let _ = set_raised(exception);
    }
}
