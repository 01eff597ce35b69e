//! `await f(…)` of a coroutine function without a coroutine, as long as nobody needs one.
//!
//! A call whose result the next instructions await pushes the function's frame at once ([`Kind::Eager`]); the frame below stands at its `YIELD_FROM`, as if it
//! had resumed a coroutine. If the function returns or raises without having waited, there never was one. It is made when the frame is to be suspended, or
//! when somebody asks for the frame: then it is running, and its window is the frame's, on the stack.
//!
//! Invariant: while an eager frame runs, the registers of the `YIELD_FROM` below are empty; it began when no exception was handled and nobody watched.

use taipan_bytecode::{Op, flags};
use taipan_objects::code::PyCode;
use taipan_objects::error::{PyResult, handles_nothing};
use taipan_objects::function::PyFunction;
use taipan_objects::generator::PyGenerator;
use taipan_objects::{Obj, Value};

use super::call::{self, Called};
use super::generators;
use crate::frame::{Frame, Kind, drop_value};
use crate::registers::Regs;
use crate::thread::VmThread;

/// Where the `YIELD_FROM` is that awaits the result, in register `ret`, of the call instruction at which `frame` stands.
fn awaited(frame: &Frame, ret: u16) -> Option<u32> {
    let code = frame.code();
    let instr = code.instr(frame.pc() as usize);
    if !matches!(instr.op(), Some(Op::Call | Op::CallMethod | Op::CallKw | Op::CallMethodKw)) {
        return None;
    }
    let next = frame.pc() as usize + call::length_at(instr);
    let awaitable = code.instr(next);
    if awaitable.op() != Some(Op::GetAwaitable)
        || awaitable.a() != ret
        || awaitable.b() != ret
        || awaitable.c() != 0
    {
        return None;
    }
    let delegation = code.instr(next + 1);
    (delegation.op() == Some(Op::YieldFrom) && delegation.a() == ret).then_some(next as u32 + 1)
}

/// If the call of the function in register `base`, with the result in register `ret`, is awaited at once and `code` is a coroutine's that may run without one:
/// where the `YIELD_FROM` is.
pub(super) fn wanted(thread: &VmThread, code: &PyCode, ret: u16) -> Option<u32> {
    let kinds = flags::CO_COROUTINE | flags::CO_GENERATOR | flags::CO_ASYNC_GENERATOR;
    if code.flags & kinds != flags::CO_COROUTINE || code.is_shadow() {
        return None;
    }
    // SAFETY: the innermost frame is live.
    let place = awaited(unsafe { &*thread.innermost() }, ret)?;
    (handles_nothing() && !crate::trace::is_active(thread) && crate::sys::coroutine_origin_depth() <= 0)
        .then_some(place)
}

/// The frame just pushed is an eager one: it begins behind what makes a coroutine, and the frame below awaits it at `place`.
pub(super) fn begin(thread: &VmThread, place: u32) {
    let depth = thread.depth.get();
    // SAFETY: both frames are live.
    unsafe {
        (*thread.frame(depth - 1)).set_pc(1);
        (*thread.frame(depth - 2)).set_pc(place);
    }
}

/// The coroutine of an eager frame, made if there is none yet.
pub fn coroutine(frame: &mut Frame) -> Obj {
    if frame.subject.is_empty() {
        // SAFETY: the frame keeps its function.
        let function: &PyFunction = unsafe { &*frame.function };
        let made = PyGenerator::running(function, frame.code());
        frame.subject = made.into_obj().into_counted();
    }
    frame.subject().clone()
}

/// The innermost frame, an eager one, is to be suspended: it becomes that of a coroutine which the frame below has resumed. Gives the coroutine, for the register
/// of the `YIELD_FROM` there.
pub(super) fn into_coroutine(thread: &VmThread) -> Obj {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    let coroutine = coroutine(frame);
    generators::count_registers(frame);
    let count = frame.code().nregs as usize;
    let window: Box<[Value]> = (0..count).map(|i| frame.regs.take_value(i)).collect();
    if let Some(generator) = coroutine.downcast::<PyGenerator>() {
        frame.regs = Regs::new(generator.give_window(window));
    }
    frame.kind = Kind::GeneratorSend;
    frame.ret = 0;
    // The coroutine keeps the function.
    drop_value(std::mem::replace(&mut frame.callee, Value::EMPTY));
    coroutine
}

/// The innermost frame, an eager one, returned or raised: pops it.
pub(super) fn finish(thread: &VmThread) {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    drop(generators::swap_handled(frame, None));
    let leavings = (!frame.object.is_empty()).then(|| call::leave_object(thread, frame));
    let subject = std::mem::replace(&mut frame.subject, Value::EMPTY);
    // SAFETY: the frame owned the coroutine.
    let coroutine = unsafe { Obj::from_value(subject) };
    let callee = std::mem::replace(&mut frame.callee, Value::EMPTY);
    let (regs, count, saved_top) = (frame.regs, frame.code().nregs as usize, frame.saved_top);
    // What is dropped with the registers may run code, which does not see this frame any more. Its frames lie above these registers: the top stays until then.
    thread.depth.set(thread.depth.get() - 1);
    if let Some(generator) = coroutine.as_ref().and_then(|c| c.downcast::<PyGenerator>()) {
        let object = generator.frame.take();
        generator.close_running();
        drop(object);
    }
    regs.clear_range(0, count);
    thread.top.set(saved_top);
    drop_value(callee);
    drop(leavings);
}

/// The function in register `base` with arguments that are just its parameters, from register `first`: pushes its frame, which is awaited at `place`. `None`, with
/// nothing changed, if there is no room.
#[allow(clippy::too_many_arguments)]
pub(super) fn push(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    place: u32,
) -> Option<PyResult<Called>> {
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    let window = if in_generator { thread.top.get() } else { regs.at(first) };
    if !call::has_room(thread, code, window) {
        return None;
    }
    if first == base + 2 {
        regs.clear(base + 1);
    }
    if in_generator {
        call::move_to_top(thread, regs, first, nargs);
    }
    let callee = call::take_callee(regs, base, function);
    let pushed =
        call::push_frame(thread, function, code, window, nargs, 0, Kind::Eager, callee, Value::EMPTY);
    if pushed.is_ok() {
        begin(thread, place);
    }
    Some(pushed.map(|()| Called::Pushed))
}

/// [`push`] with arguments that have to be bound, the last of them named `names`. `None`, with nothing changed, if that is left to the general way.
#[allow(clippy::too_many_arguments)]
pub(super) fn push_bound(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    names: &[Obj],
    place: u32,
) -> Option<PyResult<Called>> {
    if first == base + 2 {
        regs.clear(base + 1);
    }
    let pushed =
        call::direct::push_bound(thread, function, code, regs, base, first, nargs, names, 0, Kind::Eager);
    if let Some(Ok(_)) = pushed {
        begin(thread, place);
    }
    pushed
}
