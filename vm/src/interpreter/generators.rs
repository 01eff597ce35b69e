//! Suspended frames: running, suspending and finishing generators, coroutines and asynchronous generators.

pub mod asend;
pub mod at_once;

pub use asend::get_anext;

use std::cell::Cell;

use taipan_bytecode::flags;
use taipan_objects::code::PyCode;
use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::generator::async_gen::asend;
use taipan_objects::generator::{CLOSED, PyGenerator};
use taipan_objects::hooks::{Resume, Resumed};
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::{is_none, none};
use taipan_objects::traceback::PyTraceback;
use taipan_objects::type_object::{class_of, trampolines, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Object, Value, istr};
use taipan_threading::sync::atomic::Ordering;

use super::watch::{Unwatched, Watch, Watcher};
use crate::frame::{Frame, Kind};
use crate::registers::Regs;
use crate::thread::{self, VmThread};

/// What a delegate gave.
pub enum Sent {
    Yielded(Obj),
    Returned(Obj),
}

impl From<Resumed> for Sent {
    fn from(resumed: Resumed) -> Sent {
        match resumed {
            Resumed::Yielded(value) => Sent::Yielded(value),
            Resumed::Returned(value) => Sent::Returned(value),
        }
    }
}

/// Where a value yielded through a chain of delegating frames ends up.
pub enum Through {
    /// The native resumer.
    Native(Obj),
    /// `FOR_ITER` of the innermost frame.
    Loop(Obj),
    /// `YIELD_FROM` of the innermost frame, which has it: it awaited what an asynchronous generator yields.
    Awaited,
}

thread_local! {
    static RETURNED: Cell<bool> = const { Cell::new(false) };
}

/// The generator that `run` was executing returned (rather than yielded).
pub fn set_returned() {
    RETURNED.set(true);
}

/// Whether `obj` is a generator or coroutine (not an asynchronous generator) that may be run in the loop.
#[inline(always)]
fn is_idle_generator(obj: &Obj) -> bool {
    let Some(header) = obj.header() else { return false };
    if !std::ptr::eq(header.shape_entry().ops_ptr(), PyGenerator::ops()) {
        return false;
    }
    let class = class_of(obj);
    (class.is(&types().generator) || class.is(&types().coroutine))
        && obj.downcast::<PyGenerator>().is_some_and(|g| g.state.load(Ordering::Relaxed) < 2)
}

fn already_running(generator: &Obj) -> Raised {
    let class = class_of(generator);
    let t = types();
    let kind = if class.is(&t.coroutine) {
        "coroutine"
    } else if class.is(&t.async_generator) {
        "asynchronous generator"
    } else {
        "generator"
    };
    value_error(format!("{kind} already executing"))
}

/// The register to which a sent value is delivered in a frame that was suspended at `pc`, and where that goes on.
#[inline(always)]
fn receiver(code: &PyCode, pc: u32) -> (usize, u32) {
    let instr = code.instr(pc as usize);
    if instr.opcode() == taipan_bytecode::Op::YieldValue as u16 {
        (instr.a() as usize, pc + 1)
    } else {
        // `YIELD_FROM`: executed again with the value to pass on.
        (instr.a() as usize + 1, pc)
    }
}

/// Becomes the runner: the state that was found. `None` if it is a generator that has ended.
fn start(obj: &Obj, generator: &PyGenerator) -> PyResult<Option<u8>> {
    match generator.start_running() {
        Ok(state) => Ok(Some(state)),
        Err(CLOSED) if class_of(obj).is(&types().coroutine) => {
            Err(runtime_error("cannot reuse already awaited coroutine"))
        }
        Err(CLOSED) => Ok(None),
        Err(_) => Err(already_running(obj)),
    }
}

fn generator_of(obj: &Obj) -> PyResult<&PyGenerator> {
    obj.downcast().ok_or_else(|| system_error("not a generator"))
}

/// Pushes the frame of an idle generator. `value`: what `send` passes (`None` for `next`).
pub fn push(thread: &VmThread, obj: &Obj, kind: Kind, value: Option<Obj>, ret: u16) -> PyResult<()> {
    let generator = generator_of(obj)?;
    match start(obj, generator)? {
        Some(state) => push_started(thread, obj, generator, state, kind, value, ret),
        None => Err(stop_iteration(None)),
    }
}

/// [`push`] of what is an idle generator or coroutine. False, with `value` still there, if it is none, or another thread ended it just now.
pub fn push_idle(
    thread: &VmThread,
    obj: &Obj,
    kind: Kind,
    value: &mut Option<Obj>,
    ret: u16,
) -> PyResult<bool> {
    if !is_idle_generator(obj) {
        return Ok(false);
    }
    let Some(generator) = obj.downcast::<PyGenerator>() else { return Ok(false) };
    match start(obj, generator)? {
        Some(state) => push_started(thread, obj, generator, state, kind, value.take(), ret).map(|()| true),
        None => Ok(false),
    }
}

/// [`push`] of a generator that this thread runs now, and which was in `state` before.
fn push_started(
    thread: &VmThread,
    obj: &Obj,
    generator: &PyGenerator,
    state: u8,
    kind: Kind,
    value: Option<Obj>,
    ret: u16,
) -> PyResult<()> {
    if state == taipan_objects::generator::CREATED
        && let Some(value) = &value
        && !is_none(value)
    {
        generator.state.store(state, Ordering::Release);
        let class = class_of(obj);
        let t = types();
        let kind = if class.is(&t.coroutine) {
            "coroutine"
        } else if class.is(&t.async_generator) {
            "async generator"
        } else {
            "generator"
        };
        return Err(type_error(format!("can't send non-None value to a just-started {kind}")));
    }
    let depth = thread.depth.get();
    if depth >= thread::recursion_limit() || thread.top.get() >= thread.limit() {
        if state == taipan_objects::generator::CREATED {
            // It failed, rather than being left alone.
            generator.close_running();
        } else {
            generator.state.store(state, Ordering::Release);
        }
        return Err(recursion_error("maximum recursion depth exceeded"));
    }
    let function = generator.running_function();
    let regs = Regs::new(generator.window.load(Ordering::Acquire));
    let code: &PyCode = &generator.code;
    let mut pc = generator.pc.load(Ordering::Relaxed);
    if state == taipan_objects::generator::SUSPENDED {
        let (target, next) = receiver(code, pc);
        regs.write(target, value.unwrap_or_else(none).into_strong());
        pc = next;
    }
    let (resumer, hidden) =
        enter_handled(if generator.handled.is_empty() { None } else { generator.handled.take() });
    if hidden.is_some() {
        drop(generator.handled.replace(hidden));
    }
    let subject = obj.clone().into_strong().into_value();
    // SAFETY: the slot is above all live frames; plain writes initialize it.
    unsafe {
        // The generator keeps its function.
        thread.frame(depth).write(Frame {
            locals: generator.locals.load_uncounted().map_or(Value::EMPTY, |l| l.into_value().uncounted()),
            ip: code.at(pc as usize),
            subject,
            handled: resumer.map_or(Value::EMPTY, Obj::into_value),
            ..Frame::new(function, code, regs, ret, kind, thread.top.get())
        });
    }
    thread.depth.set(depth + 1);
    if !generator.frame.is_empty()
        && let Some(object) = generator.frame.load()
    {
        if let Some(frame_object) = object.downcast::<taipan_objects::frame::PyFrame>() {
            frame_object.live.store(thread.frame(depth).cast(), Ordering::Release);
        }
        // SAFETY: just pushed.
        unsafe { (*thread.frame(depth)).object = object.into_counted() };
    }
    Ok(())
}

/// Gives the frame object to the generator; the result is to be dropped when the frame is popped.
#[must_use]
fn detach_object(generator: &PyGenerator, frame: &mut Frame) -> Option<Obj> {
    let object = std::mem::replace(&mut frame.object, Value::EMPTY);
    // SAFETY: the frame owned the object.
    let object = unsafe { Obj::from_value(object) }?;
    let mut back = None;
    if let Some(frame_object) = object.downcast::<taipan_objects::frame::PyFrame>() {
        frame_object.lasti.store(frame.pc(), Ordering::Relaxed);
        frame_object.live.store(std::ptr::null_mut(), Ordering::Release);
        back = frame_object.back.take();
    }
    generator.frame.store(object);
    back
}

/// Restores the resumer's handled exception; gives the generator's own.
pub(super) fn swap_handled(frame: &mut Frame, generator: Option<&PyGenerator>) -> Option<Obj> {
    let resumer = std::mem::replace(&mut frame.handled, Value::EMPTY);
    // SAFETY: the frame owned the word.
    let resumer = unsafe { Obj::from_value(resumer) };
    let hidden = if resumer.is_some() { generator.and_then(|g| g.handled.take()) } else { None };
    leave_handled(resumer, hidden)
}

/// Suspends the innermost frame, a generator's, at its `pc` and pops it.
pub fn suspend(thread: &VmThread) {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    let subject = std::mem::replace(&mut frame.subject, Value::EMPTY);
    // SAFETY: the frame owned the generator.
    let generator = unsafe { Obj::from_value(subject) };
    let own = swap_handled(frame, generator.as_ref().and_then(|g| g.downcast()));
    thread.top.set(frame.saved_top);
    if let Some(g) = generator.as_ref().and_then(|g| g.downcast::<PyGenerator>()) {
        if own.is_some() {
            drop(g.handled.replace(own));
        }
        count_registers(frame);
        let back = detach_object(g, frame);
        let pc = frame.pc();
        thread.depth.set(thread.depth.get() - 1);
        g.suspend(pc);
        drop(back);
    } else {
        thread.depth.set(thread.depth.get() - 1);
    }
}

/// A suspended window may hold uncounted references only to deferred and immortal objects: limbo sweeps do not look into it.
pub(super) fn count_registers(frame: &Frame) {
    for i in 0..frame.code().nregs as usize {
        let value = frame.regs.value(i);
        if value.is_lent() {
            // SAFETY: an uncounted register keeps its object alive until the next safepoint.
            let header = unsafe { &*value.ptr() };
            if !header.is_immortal() && !header.has_flag(taipan_gc::HeaderFlags::DEFERRED) {
                let counted = frame.regs.obj(i).clone().into_value();
                frame.regs.put(i, counted);
            }
        }
    }
}

/// The innermost frame, a generator's, returned or raised: closes the generator and pops the frame.
pub fn finish(thread: &VmThread) {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    if frame.kind == Kind::Eager {
        return super::eager::finish(thread);
    }
    drop(swap_handled(frame, frame.subject().downcast()));
    // What is dropped with the registers may run code that asks for the generator, which is closed by then.
    let leavings = (!frame.object.is_empty()).then(|| super::call::leave_object(thread, frame));
    let subject = std::mem::replace(&mut frame.subject, Value::EMPTY);
    // SAFETY: the frame owned the generator.
    let generator = unsafe { Obj::from_value(subject) };
    thread.top.set(frame.saved_top);
    thread.depth.set(thread.depth.get() - 1);
    if let Some(g) = generator.as_ref().and_then(|g| g.downcast::<PyGenerator>()) {
        let object = g.frame.take();
        g.close_running();
        drop(object);
    }
    drop(leavings);
}

/// The innermost frame executes `YIELD_FROM` and its delegate yielded `value`: suspends this frame and those that delegate to it.
pub fn yield_through(thread: &VmThread, value: Obj) -> Through {
    let mut value = value;
    loop {
        // SAFETY: the innermost frame is live.
        let frame = unsafe { &*thread.innermost() };
        if frame.kind == Kind::Eager {
            let coroutine = super::eager::into_coroutine(thread);
            suspend(thread);
            // SAFETY: the frame below is live.
            let below = unsafe { &*thread.innermost() };
            let awaiting = below.code().instr(below.pc() as usize);
            below.regs.write(awaiting.a() as usize, coroutine);
            continue;
        }
        let kind = frame.kind;
        if class_of(frame.subject()).is(&types().async_generator) && frame.is_generator() {
            // Values awaited inside an asynchronous generator pass through unwrapped.
            value = value.into_strong();
        }
        suspend(thread);
        match kind {
            Kind::GeneratorFor => return Through::Loop(value),
            Kind::GeneratorSend => continue,
            Kind::GeneratorAsend => match asend::deliver(thread, value) {
                Ok(()) => return Through::Awaited,
                Err(passed) => value = passed,
            },
            _ => return Through::Native(value),
        }
    }
}

/// The `resume` hook.
pub fn resume(obj: &Obj, how: Resume) -> PyResult<Resumed> {
    let thread = thread::current();
    protocol::enter_native()?;
    match how {
        Resume::Send(value) => {
            if at_once::push(thread, obj.value(), Kind::GeneratorEntry, value.value(), 0) {
                // The generator has it now.
                std::mem::forget(value);
                // Who watches is told of each that is resumed.
                if !crate::trace::is_active(thread) {
                    // SAFETY: the innermost frame is the generator's, just resumed.
                    unsafe { at_once::descend(thread, thread.innermost()) };
                }
            } else {
                let generator = generator_of(obj)?;
                let Some(state) = start(obj, generator)? else { return Ok(Resumed::Returned(none())) };
                push_started(thread, obj, generator, state, Kind::GeneratorEntry, Some(value), 0)?;
            }
        }
        Resume::Throw => {
            let exception = take_raised();
            let generator = generator_of(obj)?;
            if generator.state.load(Ordering::Acquire) == taipan_objects::generator::CREATED {
                push_for_throw(thread, obj, generator)?;
                let _ = set_raised(exception);
                return Err(raise_at_entry(thread));
            }
            push_for_throw(thread, obj, generator)?;
            let _ = set_raised(exception);
            return raise_innermost(thread);
        }
    }
    finish_run(super::run(thread))
}

fn finish_run(result: PyResult<Obj>) -> PyResult<Resumed> {
    let returned = RETURNED.replace(false);
    let value = result?;
    Ok(if returned { Resumed::Returned(value) } else { Resumed::Yielded(value) })
}

/// Pushes the frame of a suspended generator at the instruction that suspended, to raise there.
fn push_for_throw(thread: &VmThread, obj: &Obj, generator: &PyGenerator) -> PyResult<()> {
    let pc = generator.pc.load(Ordering::Relaxed);
    push(thread, obj, Kind::GeneratorEntry, None, 0)?;
    // SAFETY: just pushed.
    unsafe { (*thread.innermost()).set_pc(pc) };
    Ok(())
}

/// The iterator that a suspended generator delegates to (`gi_yieldfrom`, `cr_await`).
pub fn delegate(generator: &PyGenerator) -> Option<Obj> {
    if generator.state.load(Ordering::Acquire) != taipan_objects::generator::SUSPENDED {
        return None;
    }
    let pc = generator.pc.load(Ordering::Relaxed);
    let instr = generator.code.instr(pc as usize);
    if instr.opcode() != taipan_bytecode::Op::YieldFrom as u16 {
        return None;
    }
    let window = generator.window.load(Ordering::Acquire);
    if window.is_null() {
        return None;
    }
    Regs::new(window).get(instr.a() as usize).cloned()
}

/// The `delegate` hook.
pub fn delegate_hook(obj: &Obj) -> Option<Obj> {
    obj.downcast::<PyGenerator>().and_then(delegate)
}

/// The `delegating` hook: `act` runs with the frame of the suspended generator `obj` as the innermost one. A value that the delegate
/// yielded suspends the generator again, one that it returned continues it behind `YIELD_FROM`, an exception is raised there.
pub fn delegating(obj: &Obj, act: &mut dyn FnMut() -> PyResult<Resumed>) -> PyResult<Resumed> {
    let thread = thread::current();
    protocol::enter_native()?;
    let generator = generator_of(obj)?;
    push_for_throw(thread, obj, generator)?;
    let value = match act() {
        Ok(Resumed::Yielded(value)) => {
            suspend(thread);
            return Ok(Resumed::Yielded(value));
        }
        Ok(Resumed::Returned(value)) => value,
        Err(Raised) if raised_is(&types().stop_iteration) => stop_value(&take_raised()),
        Err(Raised) => return raise_innermost(thread),
    };
    // SAFETY: `act` left the frame the innermost one.
    let frame = unsafe { &mut *thread.innermost() };
    let instr = frame.code().instr(frame.pc() as usize);
    frame.regs.clear(instr.a() as usize);
    frame.regs.clear(instr.a() as usize + 1);
    frame.regs.write(instr.b() as usize, value);
    frame.set_pc(frame.pc() + 1);
    finish_run(super::run(thread))
}

/// Raises the exception on its way in the innermost frame, a generator's that was entered natively.
fn raise_innermost(thread: &'static VmThread) -> PyResult<Resumed> {
    let _ = raise_thrown(take_raised());
    let unwound = if crate::trace::is_active(thread) {
        super::watch::thrown(thread);
        super::unwind::unwind(thread, &mut Watcher::throwing(thread))
    } else {
        super::unwind::unwind(thread, &mut Unwatched)
    };
    match unwound {
        super::unwind::Unwound::Handler => finish_run(super::run_handler(thread)),
        super::unwind::Unwound::Exit => Err(Raised),
    }
}

/// The exception on its way finishes the innermost frame, a generator's that did not run yet: none of its handlers is entered.
fn raise_at_entry(thread: &'static VmThread) -> Raised {
    let object = crate::frame::object_of(thread.innermost());
    let exception = take_raised();
    if let Some(e) = exception.downcast::<PyBaseException>() {
        let entry = PyTraceback::at_entry(e.traceback(), object.clone().into_obj());
        e.set_traceback(Some(entry.into_obj()));
    }
    let raised = set_raised(exception);
    if crate::trace::is_active(thread) {
        super::watch::thrown(thread);
        let _line = crate::trace::functions::FirstLine::of(&object);
        let mut watcher = Watcher::continuing(thread, None);
        watcher.raised(thread, false);
        watcher.left(thread);
    }
    finish(thread);
    raised
}

/// Sends `value` to any iterator.
pub fn send(receiver: &Obj, value: Obj) -> PyResult<Sent> {
    let receiver = receiver.clone();
    let class = class_of(&receiver);
    let t = types();
    if class.is(&t.generator) || class.is(&t.coroutine) {
        return resume(&receiver, Resume::Send(value)).map(Sent::from);
    }
    if class.is(&t.async_generator_asend) {
        return asend(&receiver, &value).map(Sent::from);
    }
    let result = if is_none(&value) && class.has_flag(type_flags::HEAP) {
        // Not by the slot: it forgets the value of a `StopIteration`.
        match trampolines::call_special(&receiver, istr!("__next__").as_obj(), &[]) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(type_error(format!("'{}' object is not an iterator", class.name()))),
            Err(Raised) => Err(Raised),
        }
    } else if is_none(&value) {
        match class.slots.iternext() {
            Some(next) => match next(&receiver) {
                Ok(Some(value)) => return Ok(Sent::Yielded(value.into_strong())),
                Ok(None) => return Ok(Sent::Returned(none())),
                Err(Raised) => Err(Raised),
            },
            None => Err(type_error(format!("'{}' object is not an iterator", class.name()))),
        }
    } else {
        protocol::call_method(&receiver, &istr!("send"), &[value])
    };
    match result {
        Ok(value) => Ok(Sent::Yielded(value.into_strong())),
        Err(Raised) => {
            let exception = catch(&t.stop_iteration)?;
            Ok(Sent::Returned(stop_value(&exception)))
        }
    }
}

/// The value of a `StopIteration`.
pub fn stop_value(exception: &Obj) -> Obj {
    protocol::getattr(exception, &istr!("value")).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        none()
    })
}

/// `(file name, line, function)` of the calling thread's frames, as many as `sys.set_coroutine_origin_tracking_depth` wants.
pub fn coroutine_origin() -> Option<Obj> {
    let depth = crate::sys::coroutine_origin_depth();
    if depth <= 0 {
        return None;
    }
    let thread = thread::try_current()?;
    let frames = thread.depth.get();
    let entries = (0..frames).rev().take(depth as usize).map(|index| {
        // SAFETY: a live frame of the calling thread.
        let frame = unsafe { &*thread.frame(index) };
        let code = frame.code();
        taipan_objects::construct::tuple_obj(vec![
            code.filename.clone(),
            taipan_objects::construct::int_obj(frame.line() as i64),
            code.name.clone(),
        ])
    });
    Some(taipan_objects::construct::tuple_obj(entries.collect()))
}

fn is_coroutine(obj: &Obj) -> bool {
    if class_of(obj).is(&types().coroutine) {
        return true;
    }
    obj.downcast::<PyGenerator>().is_some_and(|g| g.code.flags & flags::CO_ITERABLE_COROUTINE != 0)
}

/// `GET_YIELD_FROM_ITER`.
pub fn yield_from_iter(code: &PyCode, obj: &Obj) -> PyResult<Obj> {
    if class_of(obj).is(&types().coroutine) {
        if code.flags & (flags::CO_COROUTINE | flags::CO_ITERABLE_COROUTINE) == 0 {
            return Err(type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"));
        }
        return Ok(obj.clone());
    }
    if class_of(obj).is(&types().generator) {
        return Ok(obj.clone());
    }
    super::ops::iteration::iter(obj)
}

/// `GET_AWAITABLE`.
pub fn awaitable(obj: &Obj, context: u16) -> PyResult<Obj> {
    if is_coroutine(obj) {
        if delegate_of(obj).is_some() {
            return Err(runtime_error("coroutine is being awaited already"));
        }
        return Ok(obj.clone());
    }
    let class = class_of(obj);
    let Some(await_) = class.slots.await_() else {
        let name = class.name();
        return Err(type_error(match context {
            1 => format!(
                "'async with' received an object from __aenter__ that does not implement __await__: {name}"
            ),
            2 => format!(
                "'async with' received an object from __aexit__ that does not implement __await__: {name}"
            ),
            _ => format!("'{name}' object can't be awaited"),
        }));
    };
    let iterator = await_(obj)?;
    if is_coroutine(&iterator) {
        return Err(type_error("__await__() returned a coroutine"));
    }
    if class_of(&iterator).slots.iternext().is_none() {
        return Err(type_error(format!(
            "__await__() returned non-iterator of type '{}'",
            class_of(&iterator).name()
        )));
    }
    Ok(iterator)
}

fn delegate_of(obj: &Obj) -> Option<Obj> {
    obj.downcast::<PyGenerator>().and_then(delegate)
}

/// `GET_AITER`.
pub fn get_aiter(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    let Some(aiter) = class.slots.aiter() else {
        return Err(type_error(format!(
            "'async for' requires an object with __aiter__ method, got {}",
            class.name()
        )));
    };
    let iterator = aiter(obj)?;
    if class_of(&iterator).slots.anext().is_none() {
        return Err(type_error(format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            class_of(&iterator).name()
        )));
    }
    Ok(iterator)
}
