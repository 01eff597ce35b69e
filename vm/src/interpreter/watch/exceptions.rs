//! Events of exceptions. While one is delivered the exception is not the thread's raised one; if a callback raises, its exception takes the
//! other's place and is on its way instead.

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::prelude::*;
use taipan_objects::traceback::PyTraceback;

use super::{arguments, offset};
use crate::frame::Frame;
use crate::thread::VmThread;
use crate::trace::event::Event;
use crate::trace::functions::{self, What};
use crate::trace::monitoring;

/// Runs `work` with the exception on its way, which goes on afterwards unless `work` raised another.
fn meanwhile(work: impl FnOnce(&Obj) -> PyResult<()>) -> PyResult<()> {
    let exception = take_raised();
    work(&exception)?;
    let _ = set_raised(exception);
    Ok(())
}

fn deliver(thread: &VmThread, frame: &Frame, event: Event, exception: &Obj) -> PyResult<()> {
    let (code, pc) = (frame.code(), frame.pc() as usize);
    monitoring::deliver(thread, code, pc, event, || arguments([offset(code, pc), exception.clone()]))
}

/// An exception was raised in `frame`, or came to it from a call.
pub fn raised(thread: &VmThread, frame: &mut Frame, again: bool) {
    let _ = meanwhile(|exception| {
        deliver(thread, frame, if again { Event::Reraise } else { Event::Raise }, exception)?;
        if again {
            return Ok(());
        }
        functions::trace(thread, frame, Event::Raise, What::Exception, || functions::triple(exception))
    });
}

/// The exception was thrown into `frame`, and what it delegates to did not catch it: the line of the delegation is executed again.
pub fn delegated(thread: &VmThread, frame: &mut Frame) {
    let (code, pc) = (frame.code(), frame.pc() as usize);
    let line = code.line_of(pc);
    if line != 0 && code.instr(pc).op() == Some(taipan_bytecode::Op::YieldFrom) {
        let _ = meanwhile(|_| super::line_event(thread, frame, code, pc, line));
    }
}

/// `frame` has a handler.
pub fn handled(thread: &VmThread, frame: &mut Frame) -> PyResult<()> {
    meanwhile(|exception| deliver(thread, frame, Event::ExceptionHandled, exception))
}

/// `frame` has none.
pub fn left(thread: &VmThread, frame: &mut Frame) {
    let _ = meanwhile(|exception| {
        if frame.line() == 0 {
            go_back(frame, exception);
        }
        deliver(thread, frame, Event::PyUnwind, exception)?;
        functions::profile(thread, frame, Event::PyUnwind, What::Return, none)?;
        functions::trace(thread, frame, Event::PyUnwind, What::Return, none)
    });
}

/// A frame that is left by code without a line, which passes an exception on, is where the exception was raised in it.
fn go_back(frame: &mut Frame, exception: &Obj) {
    let traceback = exception.downcast::<PyBaseException>().and_then(PyBaseException::traceback);
    let Some(traceback) = traceback else { return };
    let Some(entry) = traceback.downcast::<PyTraceback>() else { return };
    let here = frame.object().map(taipan_objects::types::obj_of);
    if let (Some(raised_in), Some(here)) = (entry.frame(), here)
        && raised_in.is(&here)
    {
        frame.set_pc(entry.instruction() as u32);
    }
}

/// An exception is thrown into the suspended generator whose frame was just pushed.
pub fn thrown(thread: &VmThread) {
    let frame = super::innermost(thread);
    let _ = meanwhile(|exception| {
        deliver(thread, frame, Event::PyThrow, exception)?;
        functions::profile(thread, frame, Event::PyThrow, What::Call, none)?;
        functions::trace(thread, frame, Event::PyThrow, What::Call, none)
    });
}
