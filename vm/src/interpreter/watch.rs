//! The watched loop: what it does in front of each instruction and on the way of exceptions, to deliver events.
//!
//! The loop is compiled for two watchers. [`Unwatched`] does nothing and costs nothing; [`Watcher`] compares where the loop is with where it was
//! at the instruction before, and finds out from that what has happened: a deeper frame was entered, a shallower one was returned to, a jump was
//! taken, a line begins. So the instructions themselves know nothing of events. Only calls of what is not written in Python are executed
//! here when somebody wants to know how they end.

mod calls;
mod exceptions;

pub use exceptions::thrown;

use taipan_bytecode::Op;
use taipan_objects::code::PyCode;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::frame::{Frame, Kind};
use crate::thread::VmThread;
use crate::trace::event::Event;
use crate::trace::functions::{self, What};
use crate::trace::monitoring::{self, Arguments};

/// What the loop is to do with the instruction at hand.
pub enum Before {
    /// Execute it.
    Run,
    /// Continue at that instruction of the same frame instead.
    At(usize),
    /// An exception is on its way, or the loop is to be left.
    Raised,
}

/// Who watches a loop.
pub trait Watch {
    /// Whether anybody does.
    const ACTIVE: bool;
    /// In front of instruction `pc` of the innermost frame.
    fn before(&mut self, thread: &'static VmThread, pc: usize) -> Before;
    /// The innermost frame and those that delegate to it through `YIELD_FROM` are about to yield `value`.
    fn yielding(&mut self, thread: &'static VmThread, value: &Obj) -> PyResult<()>;
    /// An exception is on its way in the innermost frame, whose `pc` is where; `again`: it was raised before.
    fn raised(&mut self, thread: &'static VmThread, again: bool);
    /// The innermost frame, whose `pc` is at its handler now, was at `from` when it was raised.
    fn handled(&mut self, thread: &'static VmThread, from: u32) -> PyResult<()>;
    /// The innermost frame is left by the exception on its way.
    fn left(&mut self, thread: &'static VmThread);
    /// A `__new__` returned to the innermost frame, which may push another one before its next instruction.
    fn made(&mut self, thread: &'static VmThread);
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {
    const ACTIVE: bool = false;
    #[inline(always)]
    fn before(&mut self, _: &'static VmThread, _: usize) -> Before {
        Before::Run
    }
    #[inline(always)]
    fn yielding(&mut self, _: &'static VmThread, _: &Obj) -> PyResult<()> {
        Ok(())
    }
    #[inline(always)]
    fn raised(&mut self, _: &'static VmThread, _: bool) {}
    #[inline(always)]
    fn handled(&mut self, _: &'static VmThread, _: u32) -> PyResult<()> {
        Ok(())
    }
    #[inline(always)]
    fn left(&mut self, _: &'static VmThread) {}
    #[inline(always)]
    fn made(&mut self, _: &'static VmThread) {}
}

/// No instruction.
const NOWHERE: usize = usize::MAX;

/// Delivers events.
pub struct Watcher {
    /// Frames when the last instruction was looked at.
    depth: usize,
    /// That instruction, or [`NOWHERE`].
    last: usize,
    /// Its line; 0: none yet.
    line: u32,
    /// What a generator run by `FOR_ITER` returns, unless it is `None`.
    result: Option<Obj>,
    /// An exception was just thrown into the innermost frame.
    thrown: bool,
}

fn innermost<'a>(thread: &VmThread) -> &'a mut Frame {
    // SAFETY: the loop runs a frame of the calling thread, which asks.
    unsafe { &mut *thread.innermost() }
}

pub(super) fn offset(code: &PyCode, pc: usize) -> Obj {
    int_obj(code.offset(pc))
}

impl Watcher {
    /// For the innermost frame, which was just pushed, or a generator's that is resumed.
    pub fn entering(thread: &VmThread) -> Watcher {
        Watcher {
            depth: thread.depth.get().saturating_sub(1),
            last: NOWHERE,
            line: 0,
            result: None,
            thrown: false,
        }
    }
    /// For the innermost frame, which continues behind instruction `last` of it, or with the instruction at its `pc`.
    pub fn continuing(thread: &VmThread, last: Option<u32>) -> Watcher {
        let frame = innermost(thread);
        let at = last.unwrap_or(frame.pc()) as usize;
        Watcher {
            depth: thread.depth.get(),
            last: last.map_or(NOWHERE, |l| l as usize),
            line: frame.code().line_of(at),
            result: None,
            thrown: false,
        }
    }
    /// For the innermost frame, a generator's, into which the exception on its way was thrown.
    pub fn throwing(thread: &VmThread) -> Watcher {
        Watcher { thrown: true, ..Self::continuing(thread, None) }
    }

    fn look(&mut self, thread: &'static VmThread, pc: usize) -> PyResult<Before> {
        let depth = thread.depth.get();
        let frame = innermost(thread);
        let code = frame.code();
        let former = self.depth;
        if depth > self.depth {
            if functions::is_preparation(code, pc) {
                return Ok(Before::Run);
            }
            frame.set_pc(pc as u32);
            self.depth = depth;
            self.last = NOWHERE;
            self.entered(thread, frame, code, pc)?;
        } else if depth < self.depth {
            self.depth = depth;
            self.last = frame.pc() as usize;
            self.line = code.line_of(self.last);
        }
        let returned = depth < former;
        let last = std::mem::replace(&mut self.last, pc);
        frame.set_pc(pc as u32);
        let mut backward = false;
        if last != NOWHERE {
            self.stopped(thread, frame, code, last, returned)?;
            frame.set_pc(pc as u32);
        }
        if last != NOWHERE {
            backward = code.instr(last).op() == Some(Op::JumpBackward);
            // Who is told of a branch sees the frame at it.
            frame.set_pc(last as u32);
            jumped(thread, code, last, pc)?;
            if frame.pc() as usize != last {
                return Ok(self.moved(frame));
            }
            frame.set_pc(pc as u32);
        }
        let line = code.line_of(pc);
        // The line that a loop goes back to begins behind the jump, not with it.
        let returning = code.instr(pc).op() == Some(Op::JumpBackward)
            && code.line_of(code.instr(pc).arg32() as usize) == line;
        if line != 0 && !returning && (line != self.line || backward) {
            self.line = line;
            line_event(thread, frame, code, pc, line)?;
            if frame.pc() as usize != pc {
                return Ok(self.moved(frame));
            }
        }
        if monitoring::wanted(code, Event::Instruction.bit()) != 0 {
            monitoring::deliver(thread, code, pc, Event::Instruction, || arguments([offset(code, pc)]))?;
        }
        if functions::is_traced(thread, frame, What::Opcode) {
            functions::trace(thread, frame, Event::Instruction, What::Opcode, none)?;
        }
        if frame.pc() as usize != pc {
            return Ok(self.moved(frame));
        }
        self.operation(thread, frame, code, pc)
    }

    fn returning(&mut self, frame: &Frame, value: &Obj) {
        self.result = (frame.kind == Kind::GeneratorFor && !is_none(value)).then(|| value.clone());
    }

    /// The iterator of the instruction at `last` may have ended: `returned` if it was a generator that this loop ran. A generator then raises
    /// no exception, but its end is reported as if it had, except to `for` when it returned nothing.
    fn stopped(
        &mut self,
        thread: &VmThread,
        frame: &mut Frame,
        code: &PyCode,
        last: usize,
        returned: bool,
    ) -> PyResult<()> {
        let result = self.result.take();
        let instr = code.instr(last);
        let (event, value) = match instr.op() {
            Some(Op::YieldFrom) if self.last == last + 1 => {
                let value = frame.regs.get(instr.b() as usize).cloned().map(Obj::into_strong);
                // What is no generator raises StopIteration in earnest.
                (if returned { Event::StopIteration } else { Event::Raise }, value)
            }
            Some(Op::ForIter) if returned && result.is_some() && self.last == instr.arg32() as usize => {
                (Event::Raise, result)
            }
            _ => return Ok(()),
        };
        let monitored = monitoring::wanted(code, event.bit()) != 0;
        if !monitored && !functions::is_traced(thread, frame, What::Exception) {
            return Ok(());
        }
        frame.set_pc(last as u32);
        let given = value.filter(|v| !is_none(v)).into_iter().collect();
        let exception = PyBaseException::create(&types().stop_iteration, given);
        monitoring::deliver(thread, code, last, event, || {
            arguments([offset(code, last), exception.clone()])
        })?;
        functions::trace(thread, frame, event, What::Exception, || functions::triple(&exception))
    }

    /// A callback made the frame continue elsewhere.
    fn moved(&mut self, frame: &Frame) -> Before {
        self.last = NOWHERE;
        self.line = 0;
        Before::At(frame.pc() as usize)
    }

    /// A call begins, or a generator goes on.
    fn entered(
        &mut self,
        thread: &'static VmThread,
        frame: &mut Frame,
        code: &PyCode,
        pc: usize,
    ) -> PyResult<()> {
        let resumed = frame.is_generator() && pc > functions::start_of(code);
        let event = if resumed { Event::PyResume } else { Event::PyStart };
        if resumed {
            let again = code.instr(pc).op() == Some(Op::YieldFrom);
            self.line = code.line_of(if again { pc } else { pc - 1 });
        } else {
            self.line = 0;
        }
        if monitoring::wanted(code, event.bit()) != 0 {
            // The beginning of a call is at its entry, in the line of the `def`.
            let _line = (!resumed).then(|| functions::FirstLine::of(&crate::frame::object_of(frame)));
            let at = if resumed { offset(code, pc) } else { int_obj(code.entry_offset()) };
            monitoring::deliver(thread, code, pc, event, || arguments([at]))?;
        }
        functions::profile(thread, frame, event, What::Call, none)?;
        functions::trace(thread, frame, event, What::Call, none)
    }

    /// Events that belong to single instructions.
    fn operation(
        &mut self,
        thread: &'static VmThread,
        frame: &mut Frame,
        code: &PyCode,
        pc: usize,
    ) -> PyResult<Before> {
        let instr = code.instr(pc);
        match instr.op() {
            Some(Op::Call | Op::CallMethod | Op::CallKw | Op::CallMethodKw | Op::CallEx) => {
                if !thread.profile.is_empty() || monitoring::wanted(code, Event::Call.bit()) != 0 {
                    return calls::call(thread, frame, code, pc);
                }
            }
            Some(Op::ReturnValue) => {
                if let Some(value) = frame.regs.get(instr.a() as usize) {
                    let value = value.clone().into_strong();
                    leaving(thread, frame, code, pc, Event::PyReturn, &value)?;
                    self.returning(frame, &value);
                }
            }
            Some(Op::ReturnConst) => {
                if let Some(value) = code.consts.get(instr.a() as usize) {
                    leaving(thread, frame, code, pc, Event::PyReturn, value)?;
                    self.returning(frame, value);
                }
            }
            Some(Op::YieldValue) => {
                let (register, _) = taipan_bytecode::Instr::split_take(instr.b());
                if let Some(value) = frame.regs.get(register as usize) {
                    let value = value.clone().into_strong();
                    leaving(thread, frame, code, pc, Event::PyYield, &value)?;
                }
            }
            _ => {}
        }
        Ok(Before::Run)
    }
}

impl Watch for Watcher {
    const ACTIVE: bool = true;
    fn before(&mut self, thread: &'static VmThread, pc: usize) -> Before {
        if !crate::trace::is_active(thread) {
            innermost(thread).set_pc(pc as u32);
            thread.tracing.switch();
            return Before::Raised;
        }
        // At the entry of a handler the exception is still on its way.
        let exception = try_take_raised();
        match self.look(thread, pc) {
            Ok(before) => {
                if let Some(exception) = exception {
                    let _ = set_raised(exception);
                }
                before
            }
            Err(Raised) => Before::Raised,
        }
    }
    fn yielding(&mut self, thread: &'static VmThread, value: &Obj) -> PyResult<()> {
        for index in (0..thread.depth.get()).rev() {
            // SAFETY: a live frame of the calling thread.
            let frame = unsafe { &mut *thread.frame(index) };
            let (code, pc) = (frame.code(), frame.pc() as usize);
            leaving(thread, frame, code, pc, Event::PyYield, value)?;
            if !matches!(frame.kind, Kind::GeneratorSend | Kind::GeneratorAsend | Kind::Eager) {
                break;
            }
        }
        Ok(())
    }
    fn raised(&mut self, thread: &'static VmThread, again: bool) {
        exceptions::raised(thread, innermost(thread), again);
        if std::mem::take(&mut self.thrown) {
            exceptions::delegated(thread, innermost(thread));
        }
    }
    fn handled(&mut self, thread: &'static VmThread, from: u32) -> PyResult<()> {
        let frame = innermost(thread);
        self.depth = thread.depth.get();
        self.last = NOWHERE;
        self.line = frame.code().line_of(from as usize);
        exceptions::handled(thread, frame)
    }
    fn left(&mut self, thread: &'static VmThread) {
        exceptions::left(thread, innermost(thread));
    }
    fn made(&mut self, thread: &'static VmThread) {
        *self = Self::continuing(thread, Some(innermost(thread).pc()));
    }
}

fn arguments<const N: usize>(values: [Obj; N]) -> Arguments {
    values.into_iter().collect()
}

/// A value leaves the frame: it returns or yields.
fn leaving(
    thread: &VmThread,
    frame: &mut Frame,
    code: &PyCode,
    pc: usize,
    event: Event,
    value: &Obj,
) -> PyResult<()> {
    monitoring::deliver(thread, code, pc, event, || arguments([offset(code, pc), value.clone()]))?;
    functions::profile(thread, frame, event, What::Return, || value.clone())?;
    functions::trace(thread, frame, event, What::Return, || value.clone())
}

fn line_event(thread: &VmThread, frame: &mut Frame, code: &PyCode, pc: usize, line: u32) -> PyResult<()> {
    if monitoring::wanted(code, Event::Line.bit()) != 0 {
        monitoring::deliver(thread, code, pc, Event::Line, || arguments([int_obj(line as i64)]))?;
    }
    functions::trace(thread, frame, Event::Line, What::Line, none)
}

/// The instruction at `last` led to `pc`.
fn jumped(thread: &VmThread, code: &PyCode, last: usize, pc: usize) -> PyResult<()> {
    const JUMPS: u32 = Event::Jump.bit() | Event::BranchLeft.bit() | Event::BranchRight.bit();
    if monitoring::wanted(code, JUMPS) == 0 {
        return Ok(());
    }
    let mut from = last;
    let event = match code.instr(last).op() {
        // A jump without a line leads around code that is only there for exceptions.
        Some(Op::Jump | Op::JumpBackward) if code.line_of(last) != 0 => Event::Jump,
        Some(op) if op.branch_length().is_some_and(|length| pc == last + length) => Event::BranchLeft,
        Some(op) if op.branch_length().is_some() => Event::BranchRight,
        // `async for` waits for the next item, or ends.
        Some(Op::YieldFrom) if pc == last + 1 && code.waits_for_item(last) => Event::BranchLeft,
        Some(Op::EndAsyncFor) if pc == last + 1 => {
            let wait = code.unit.exception_table.iter().find(|e| e.handler as usize == last);
            from = wait.map_or(last, |e| e.end as usize - 1);
            Event::BranchRight
        }
        _ => return Ok(()),
    };
    let to = if event == Event::BranchLeft { code.branch_left(last, pc) } else { pc };
    monitoring::deliver(thread, code, from, event, || arguments([offset(code, from), offset(code, to)]))
}
