//! Calls and returns of Python functions without a detour; other calls through [`call`].

use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::singletons::is_none;
use taipan_objects::{Obj, Value};

use super::known::{self, Known};
use super::{Exit, State, handlers};
use crate::frame::{Frame, Kind, drop_value};
use crate::interpreter::call::{self, Called};
use crate::interpreter::generators;
use crate::registers::Regs;
use crate::thread::VmThread;
use taipan_bytecode::Instr;

/// Calls the function in `base` with the `nargs` arguments from `first`, if they are just its parameters.
#[inline(always)]
fn call_plain(s: State, i: Instr, base: usize, first: usize, nargs: usize) -> Option<Exit> {
    // SAFETY: the layout was checked by the caller; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*s.regs.value(base).ptr().cast() };
    let code = call::function_code(function);
    if !code.simple
        || nargs != code.nparams as usize
        || s.thread.threading.poll() != 0
        // SAFETY: the frame is live.
        || unsafe { (*s.fp).is_generator() }
    {
        return None;
    }
    s.save();
    let callee = call::take_callee(s.regs, base, function);
    let window = s.regs.at(first);
    if call::push_frame(s.thread, function, code, window, nargs, i.c(), Kind::Call, callee, Value::EMPTY)
        .is_err()
    {
        return Some(Exit::Raised);
    }
    // Frames are next to each other.
    let fp = s.fp.wrapping_add(1);
    Some(State::of(code, 0, fp, Regs::new(window), s.thread).go())
}

/// Calls `function` (dropped if it is counted), if it is in Python and has just one or two parameters, in a frame at the top of the stack. The words, the second
/// of which may be empty, stay in the caller's registers until it returns to register `ret`.
#[inline(always)]
pub(super) fn call_lent(s: State, function: Value, first: Value, second: Value, ret: u16) -> Option<Exit> {
    if function.is_empty() || !known::is_function(function) {
        drop_value(function);
        return None;
    }
    // SAFETY: the layout was checked; the reference, then the frame keeps the function alive.
    let callee: &PyFunction = unsafe { &*function.ptr().cast() };
    let code = call::function_code(callee);
    let window = s.thread.top.get();
    let count = 1 + !second.is_empty() as usize;
    if !code.simple
        || count != code.nparams as usize
        || s.thread.threading.poll() != 0
        || window.wrapping_add(code.nregs as usize) >= s.thread.limit()
    {
        drop_value(function);
        return None;
    }
    s.save();
    let regs = Regs::new(window);
    regs.put(0, first.uncounted());
    if count == 2 {
        regs.put(1, second.uncounted());
    }
    let owned = call::own_callee(callee);
    drop_value(function);
    if call::push_frame(s.thread, callee, code, window, count, ret, Kind::Call, owned, Value::EMPTY).is_err()
    {
        regs.clear_range(0, count);
        return Some(Exit::Raised);
    }
    Some(State::of(code, 0, s.fp.wrapping_add(1), regs, s.thread).go())
}

// Apart, because their locals live in memory: see the module above.

#[inline(never)]
fn any(thread: &'static VmThread, regs: Regs, i: Instr) -> PyResult<Called> {
    call::call(thread, regs, i.a() as usize, i.b() as usize, i.c())
}

#[inline(never)]
fn any_method(thread: &'static VmThread, regs: Regs, i: Instr) -> PyResult<Called> {
    call::call_method(thread, regs, i.a() as usize, i.b() as usize, i.c())
}

handlers! {
    call(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        let callable = s.regs.value(base);
        if !callable.is_empty()
            && known::is_function(callable)
            && let Some(exit) = call_plain(s, i, base, base + 2, nargs)
        {
            return exit;
        }
        if !callable.is_empty() && known::is(callable, Known::NativeFunction) {
            return call_native(s.ip, s.regs, s.fp, s.thread, i);
        }
        call_any(s.ip, s.regs, s.fp, s.thread, i)
    }
    /// A native function of a module, with one argument or two.
    #[inline(never)]
    call_native(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let function: &PyNativeFunction = unsafe { &*s.regs.value(base).ptr().cast() };
        let def = function.def;
        s.save();
        let result = match (nargs, def.fast1, def.fast2) {
            (1, Some(f), _) if function.is_unbound() => f(s.regs.obj(base + 2)),
            (2, _, Some(f)) if function.is_unbound() => f(s.regs.obj(base + 2), s.regs.obj(base + 3)),
            _ => return call_any(s.ip, s.regs, s.fp, s.thread, i),
        };
        finish_native(s, i, base, base + 2, nargs, result)
    }
    call_method(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        let callable = s.regs.value(base);
        if !callable.is_empty() && known::is_function(callable) {
            let (first, nargs) =
                if s.regs.value(base + 1).is_empty() { (base + 2, nargs) } else { (base + 1, nargs + 1) };
            if let Some(exit) = call_plain(s, i, base, first, nargs) {
                return exit;
            }
        } else if !callable.is_empty()
            && known::is(callable, Known::MethodDescriptor)
            && !s.regs.value(base + 1).is_empty()
        {
            return call_descriptor(s.ip, s.regs, s.fp, s.thread, i);
        }
        call_any_method(s.ip, s.regs, s.fp, s.thread, i)
    }
    /// A native method of the receiver's class, with up to two arguments.
    #[inline(never)]
    call_descriptor(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let descriptor: &PyMethodDescr = unsafe { &*s.regs.value(base).ptr().cast() };
        let def = descriptor.def;
        let receiver = s.regs.obj(base + 1);
        s.save();
        let result = match (nargs, def.fast1, def.fast2, def.fast3) {
            (0, Some(f), _, _) if descriptor.accepts(receiver) => f(receiver),
            (1, _, Some(f), _) if descriptor.accepts(receiver) => f(receiver, s.regs.obj(base + 2)),
            (2, _, _, Some(f)) if descriptor.accepts(receiver) => {
                f(receiver, s.regs.obj(base + 2), s.regs.obj(base + 3))
            }
            _ => return call_any_method(s.ip, s.regs, s.fp, s.thread, i),
        };
        finish_native(s, i, base, base + 1, nargs + 1, result)
    }
    call_kw(s, i) {
        s.save();
        let names = s.word(1).arg32() as usize;
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        match call::call_kw(s.thread, s.code(), s.regs, base, nargs, names, false, i.c()) {
            Ok(Called::Value(value)) => s.write_obj(i.c(), value, 2),
            Ok(Called::Pushed) => State::reload(s.thread),
            Err(_) => Exit::Raised,
        }
    }
    call_method_kw(s, i) {
        s.save();
        let names = s.word(1).arg32() as usize;
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        match call::call_kw(s.thread, s.code(), s.regs, base, nargs, names, true, i.c()) {
            Ok(Called::Value(value)) => s.write_obj(i.c(), value, 2),
            Ok(Called::Pushed) => State::reload(s.thread),
            Err(_) => Exit::Raised,
        }
    }
    #[inline(never)]
    call_any(s, i) {
        s.save();
        match any(s.thread, s.regs, i) {
            Ok(Called::Value(value)) => s.write_obj(i.c(), value, 1),
            Ok(Called::Pushed) => State::reload(s.thread),
            Err(_) => Exit::Raised,
        }
    }
    #[inline(never)]
    call_any_method(s, i) {
        s.save();
        match any_method(s.thread, s.regs, i) {
            Ok(Called::Value(value)) => s.write_obj(i.c(), value, 1),
            Ok(Called::Pushed) => State::reload(s.thread),
            Err(_) => Exit::Raised,
        }
    }
    yield_value(s, i) {
        let (register, take) = Instr::split_take(i.b());
        // SAFETY: the frame is live.
        if unsafe { (*s.fp).kind } != Kind::GeneratorFor || s.value(register).is_empty() {
            return s.leave(i);
        }
        s.save();
        yield_to_loop(s.thread, s.regs, register, take);
        let fp = s.fp.wrapping_sub(1);
        // SAFETY: the frame below is live.
        let below = unsafe { &*fp };
        // Behind `FOR_ITER` and the word of its target.
        State::of(below.code(), below.pc as usize + 2, fp, below.regs, s.thread).go()
    }
    return_value(s, i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &*s.fp };
        if s.value(i.a()).is_empty() {
            return s.leave(i);
        }
        if frame.kind == Kind::Init && is_none(s.regs.obj(i.a() as usize)) {
            return finish_init(s);
        }
        if frame.kind != Kind::Call {
            return s.leave(i);
        }
        let mut value = s.regs.take_value(i.a() as usize);
        if value.is_ptr() && !value.is_counted() {
            // SAFETY: the register kept it alive until now.
            value = unsafe { Obj::from_borrowed(value) }.into_value();
        }
        finish(s, value)
    }
    return_const(s, i) {
        // SAFETY: the frame is live.
        let kind = unsafe { (*s.fp).kind };
        if kind == Kind::Init && is_none(&s.code().consts[i.a() as usize]) {
            return finish_init(s);
        }
        if kind != Kind::Call {
            return s.leave(i);
        }
        // Immortal, or code, which the collector alone frees.
        let value = s.code().consts[i.a() as usize].value().uncounted();
        finish(s, value)
    }
}

/// Empties the registers of a native call and delivers its result.
#[inline(always)]
fn finish_native(s: State, i: Instr, base: usize, first: usize, nargs: usize, result: PyResult<Obj>) -> Exit {
    let Ok(result) = result else {
        clear_call(s.regs, base, first, nargs);
        return Exit::Raised;
    };
    // The result may be an uncounted part of what the arguments keep alive.
    let mut word = result.into_value();
    if word.is_ptr() && !word.is_counted() {
        // SAFETY: the arguments keep it alive until now.
        word = unsafe { Obj::from_borrowed(word) }.into_value();
    }
    clear_call(s.regs, base, first, nargs);
    s.write(i.c(), word, 1)
}

#[inline(always)]
fn clear_call(regs: Regs, base: usize, first: usize, nargs: usize) {
    regs.clear(base);
    regs.clear_range(first, first + nargs);
}

/// Pops the frame of an `__init__` and delivers the instance.
#[inline(always)]
fn finish_init(s: State) -> Exit {
    s.save();
    // SAFETY: the frame is live.
    let ret = unsafe { (*s.fp).ret };
    let instance = call::pop_init(s.thread).into_value();
    let fp = s.fp.wrapping_sub(1);
    // SAFETY: the frame below is live.
    let below = unsafe { &*fp };
    let state = State::of(below.code(), below.pc as usize, fp, below.regs, s.thread);
    let length = call::length_at(state.word(0));
    state.write(ret, instance, length)
}

/// Suspends the innermost frame, a generator's, and gives the content of a register of it to the `for` loop of the frame below.
#[inline(never)]
fn yield_to_loop(thread: &'static VmThread, regs: Regs, register: u16, take: bool) {
    let value = if take { regs.take(register as usize) } else { regs.get(register as usize).cloned() };
    let value = value.map(IntoStrong::into_strong);
    generators::suspend(thread);
    // SAFETY: the frame below is live.
    let below = unsafe { &*thread.innermost() };
    let target = below.code().instr(below.pc as usize + 1).a();
    if let Some(value) = value {
        below.regs.write(target as usize, value);
    }
}

/// Pops the frame, of kind `Call`, and delivers its result.
#[inline(always)]
fn finish(s: State, value: Value) -> Exit {
    s.save();
    // SAFETY: the frame is live.
    let frame = unsafe { &mut *s.fp };
    let ret = frame.ret;
    pop(s, frame);
    let fp = s.fp.wrapping_sub(1);
    // SAFETY: the frame below is live.
    let below = unsafe { &*fp };
    let state = State::of(below.code(), below.pc as usize, fp, below.regs, s.thread);
    let length = call::length_at(state.word(0));
    state.write(ret, value, length)
}

#[inline(always)]
fn pop(s: State, frame: &mut Frame) {
    if !frame.object.is_empty() || !frame.locals.is_empty() {
        return call::pop(s.thread);
    }
    let count = frame.code().nregs as usize;
    for i in 0..count {
        let value = s.regs.value(i);
        if !value.is_empty() {
            s.regs.put(i, Value::EMPTY);
            if value.is_counted() {
                drop_value(value);
            }
        }
    }
    // A finalizer that ran just now may have asked for this frame.
    while !frame.object.is_empty() {
        call::leave(s.thread, frame);
    }
    let callee = frame.callee;
    s.thread.top.set(frame.saved_top);
    s.thread.depth.set(s.thread.depth.get() - 1);
    if !callee.is_empty() {
        drop_value(callee);
    }
}
