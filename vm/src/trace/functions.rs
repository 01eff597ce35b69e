//! Calling the functions of `sys.settrace` and `sys.setprofile`.

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::frame::PyFrame;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::sync::atomic::Ordering;

use super::event::Event;
use crate::frame::{Frame, object_of};
use crate::thread::VmThread;

/// What a trace or profile function is told, with CPython's names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    Call,
    Line,
    Return,
    Exception,
    Opcode,
    CCall,
    CReturn,
    CException,
}

impl What {
    fn name(self) -> Obj {
        match self {
            What::Call => istr!("call"),
            What::Line => istr!("line"),
            What::Return => istr!("return"),
            What::Exception => istr!("exception"),
            What::Opcode => istr!("opcode"),
            What::CCall => istr!("c_call"),
            What::CReturn => istr!("c_return"),
            What::CException => istr!("c_exception"),
        }
        .clone()
        .into_obj()
    }
}

/// Whether the frame at `frame` has a trace function of its own that wants `what`.
pub fn is_traced(thread: &VmThread, frame: &Frame, what: What) -> bool {
    if thread.trace.is_empty() {
        return false;
    }
    if what == What::Call {
        return true;
    }
    frame.object().is_some_and(|object| {
        !object.trace.is_empty()
            && match what {
                What::Line => object.trace_lines.load(Ordering::Relaxed),
                What::Opcode => object.trace_opcodes.load(Ordering::Relaxed),
                _ => true,
            }
    })
}

/// Tells the trace function of `frame`, a running frame of the calling thread whose `pc` is up to date.
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "frames are only reached through their thread's own stack"
)]
pub fn trace(
    thread: &VmThread,
    frame: *mut Frame,
    event: Event,
    what: What,
    argument: impl FnOnce() -> Obj,
) -> PyResult<()> {
    // SAFETY: a live frame of the calling thread.
    if thread.tracing.inside.get() != 0 || !is_traced(thread, unsafe { &*frame }, what) {
        return Ok(());
    }
    let object = object_of(frame);
    let function = if what == What::Call { thread.trace.load() } else { object.trace.load() };
    let Some(function) = function else { return Ok(()) };
    let arguments = [object.clone().into_obj(), what.name(), argument()];
    let _line = first_line(&object, what);
    let result = thread.tracing.callback(event, thread.depth.get(), || call(&function, &arguments));
    match result {
        Ok(answer) => {
            if !is_none(&answer) {
                object.trace.store(answer);
            }
            Ok(())
        }
        Err(Raised) => {
            drop((thread.trace.take(), object.trace.take()));
            super::refresh(thread);
            Err(Raised)
        }
    }
}

/// Tells the profile function.
pub fn profile(
    thread: &VmThread,
    frame: *mut Frame,
    event: Event,
    what: What,
    argument: impl FnOnce() -> Obj,
) -> PyResult<()> {
    if thread.profile.is_empty() || thread.tracing.inside.get() != 0 {
        return Ok(());
    }
    let Some(function) = thread.profile.load() else { return Ok(()) };
    let object = object_of(frame);
    let arguments = [object.clone().into_obj(), what.name(), argument()];
    let _line = first_line(&object, what);
    match thread.tracing.callback(event, thread.depth.get(), || call(&function, &arguments)) {
        Ok(_) => Ok(()),
        Err(Raised) => {
            drop(thread.profile.take());
            super::refresh(thread);
            Err(Raised)
        }
    }
}

/// While a call is reported the frame is in the line of its `def`.
fn first_line(object: &Py<PyFrame>, what: What) -> Option<FirstLine> {
    let fresh = what == What::Call && object.lasti.load(Ordering::Relaxed) <= start_of(&object.code) as u32;
    fresh.then(|| FirstLine::of(object))
}

/// Puts a frame into its first line for as long as this lives.
pub struct FirstLine(Py<PyFrame>);

impl FirstLine {
    /// See the type.
    pub fn of(object: &Py<PyFrame>) -> FirstLine {
        let code = &object.code;
        let line = if code.is_module() { PyFrame::BEFORE_FIRST } else { code.unit.first_line as i32 };
        object.lineno.store(line, Ordering::Relaxed);
        FirstLine(object.clone())
    }
}

impl Drop for FirstLine {
    fn drop(&mut self) {
        self.0.lineno.store(0, Ordering::Relaxed);
    }
}

/// The instruction at which code begins, behind what prepares its variables.
pub fn start_of(code: &taipan_objects::code::PyCode) -> usize {
    (0..code.words.len()).find(|pc| !is_preparation(code, *pc)).unwrap_or(0)
}

/// Whether an instruction at the beginning of code prepares its variables.
pub fn is_preparation(code: &taipan_objects::code::PyCode, pc: usize) -> bool {
    code.instr(pc).op().is_some_and(taipan_bytecode::Op::prepares)
}

/// `(type, value, traceback)` of an exception.
pub fn triple(exception: &Obj) -> Obj {
    let traceback =
        exception.downcast::<PyBaseException>().and_then(PyBaseException::traceback).unwrap_or_else(none);
    tuple_obj(vec![class_of(exception).to_obj(), exception.clone(), traceback])
}
