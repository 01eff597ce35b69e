//! Calls, for those who want to know of them. A call of a Python function is announced and left to the loop; any other is executed here,
//! so that its end can be reported, whatever it does in between.

use smallvec::SmallVec;
use taipan_bytecode::{Instr, Op};
use taipan_objects::code::PyCode;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::function::PyFunction;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;

use super::{Before, arguments, offset};
use crate::frame::Frame;
use crate::interpreter::call::{self, Called};
use crate::thread::VmThread;
use crate::trace::event::Event;
use crate::trace::functions::{self, What};
use crate::trace::monitoring;

/// What is called, and its first argument.
struct Target {
    callable: Obj,
    first: Option<Obj>,
}

/// The call instruction at `pc`, whose operands are in place.
pub fn call(thread: &'static VmThread, frame: &mut Frame, code: &PyCode, pc: usize) -> PyResult<Before> {
    let instr = code.instr(pc);
    let Some(target) = target(frame, instr) else { return Ok(Before::Run) };
    announce(thread, code, pc, Event::Call, &target)?;
    // A method is told of as such where its arguments are in a tuple.
    let method = target.callable.downcast::<PyBoundMethod>();
    if method.map_or(&target.callable, |method| &method.function).is_layout::<PyFunction>() {
        return Ok(Before::Run);
    }
    let profiled = profiled_as(&target);
    if let Some(callable) = &profiled {
        functions::profile(thread, frame, Event::Call, What::CCall, || callable.clone())?;
    }
    let result = match execute(thread, frame, code, instr, pc) {
        Err(Raised) if thread.tracing.take_switch().is_some() => Ok(none()),
        result => result,
    };
    let reported = |event: Event, what: What, frame: &mut Frame| {
        announce(thread, code, pc, event, &target)?;
        match &profiled {
            Some(callable) => functions::profile(thread, frame, event, what, || callable.clone()),
            None => Ok(()),
        }
    };
    match result {
        Ok(value) => {
            reported(Event::CReturn, What::CReturn, frame)?;
            frame.regs.write(instr.c() as usize, value);
            Ok(Before::At(pc + call::length_at(instr)))
        }
        Err(Raised) => {
            let exception = take_raised();
            reported(Event::CRaise, What::CException, frame)?;
            Err(set_raised(exception))
        }
    }
}

fn announce(thread: &VmThread, code: &PyCode, pc: usize, event: Event, target: &Target) -> PyResult<()> {
    monitoring::deliver(thread, code, pc, event, || {
        let first = target.first.clone().unwrap_or_else(monitoring::missing);
        arguments([offset(code, pc), target.callable.clone(), first])
    })
}

fn target(frame: &Frame, instr: Instr) -> Option<Target> {
    let (regs, base) = (frame.regs, instr.a() as usize);
    let callable = regs.get(base)?;
    let op = instr.op()?;
    let receiver = matches!(op, Op::CallMethod | Op::CallMethodKw).then(|| regs.get(base + 1)).flatten();
    // With an argument tuple the callable is told of as it is.
    if receiver.is_none()
        && op != Op::CallEx
        && let Some(method) = callable.downcast::<PyBoundMethod>()
    {
        return Some(Target { callable: method.function.clone(), first: Some(method.receiver.clone()) });
    }
    let first = match op {
        Op::CallEx => {
            regs.get(base + 2)?.downcast::<PyTuple>().and_then(|tuple| tuple.as_slice().first()).cloned()
        }
        _ if receiver.is_some() => receiver.cloned(),
        _ if instr.b() > 0 => regs.get(base + 2).cloned(),
        _ => None,
    };
    Some(Target { callable: callable.clone().into_strong(), first: first.map(Obj::into_strong) })
}

/// The function that a profile function is told of: built-in functions and methods only.
fn profiled_as(target: &Target) -> Option<Obj> {
    if target.callable.is_layout::<PyNativeFunction>() {
        return Some(target.callable.clone());
    }
    let descriptor = target.callable.downcast::<PyMethodDescr>()?;
    let receiver = target.first.as_ref()?;
    if !descriptor.accepts(receiver) {
        return None;
    }
    Some(PyNativeFunction::new_bound(descriptor.def, receiver.clone()).into_obj())
}

fn execute(
    thread: &'static VmThread,
    frame: &mut Frame,
    code: &PyCode,
    instr: Instr,
    pc: usize,
) -> PyResult<Obj> {
    let (regs, base) = (frame.regs, instr.a() as usize);
    let op = instr.op();
    if op == Some(Op::CallEx) {
        return match call::call_ex_at_once(thread, regs, base, instr.c())? {
            Called::Value(value) => Ok(value),
            Called::Pushed => Err(system_error("a native call pushed a frame")),
        };
    }
    let with_self = matches!(op, Some(Op::CallMethod | Op::CallMethodKw)) && !regs.value(base + 1).is_empty();
    let (first, count) =
        if with_self { (base + 1, instr.b() as usize + 1) } else { (base + 2, instr.b() as usize) };
    let names = match op {
        Some(Op::CallKw | Op::CallMethodKw) => code.consts.get(code.instr(pc + 1).arg32() as usize),
        _ => None,
    };
    let names = names.and_then(|n| n.downcast::<PyTuple>()).map_or(&[][..], |n| n.as_slice());
    let callable = regs.take(base).unwrap_or_else(none).into_strong();
    let values: SmallVec<[Obj; 8]> = (first..first + count)
        .map(|register| regs.get(register).cloned().unwrap_or_else(none).into_strong())
        .collect();
    let positional = count - names.len().min(count);
    let args = Args::with_keywords(&values[..positional], names, &values[positional..]);
    let result = enter_native().and_then(|()| call_args(&callable, &args)).map(Obj::into_strong);
    regs.clear(base + 1);
    regs.clear_range(base + 2, base + 2 + instr.b() as usize);
    result
}
