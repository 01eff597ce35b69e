//! Asynchronous generators whose next value the frame below awaits: they run in its loop ([`Kind::GeneratorAsend`]), while the awaitable stays in the register
//! of the `YIELD_FROM` there.

use taipan_bytecode::{Op, find_handler};
use taipan_objects::construct::str_obj;
use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::generator::PyAsyncGenWrapped;
use taipan_objects::generator::async_gen;
use taipan_objects::hooks::Resumed;
use taipan_objects::singletons::none;
use taipan_objects::type_object::class_of;
use taipan_objects::types::types;
use taipan_objects::{Obj, Object, Value};

use super::at_once;
use crate::frame::Kind;
use crate::thread::VmThread;

/// Whether the word is what an asynchronous generator yields, not what it awaits.
#[inline(always)]
pub fn is_wrapped(word: Value) -> bool {
    // SAFETY: the caller owns the word.
    word.is_ptr() && std::ptr::eq(unsafe { &*word.ptr() }.shape_entry().ops_ptr(), PyAsyncGenWrapped::ops())
}

/// Sends `value` to `awaitable`, one of `__anext__` or `asend`: pushes the frame of its generator.
pub fn push(thread: &VmThread, awaitable: &Obj, value: Obj) -> PyResult<()> {
    let (generator, value) = async_gen::begin(awaitable, value)?;
    if at_once::push(thread, generator.value(), Kind::GeneratorAsend, value.value(), 0) {
        // The generator has it now.
        std::mem::forget(value);
        return Ok(());
    }
    super::push(thread, generator, Kind::GeneratorAsend, Some(value), 0)
        .or_else(|Raised| async_gen::end(awaitable, Err(Raised)).map(drop))
}

/// The generator yielded `value` to the innermost frame, which awaited it at a `YIELD_FROM`: puts it where that wants it. `Err` with a value that the generator
/// awaits itself.
pub fn deliver(thread: &VmThread, value: Obj) -> Result<(), Obj> {
    if !is_wrapped(value.value()) {
        return Err(value);
    }
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &*thread.innermost() };
    let (regs, instr) = (frame.regs, frame.code().instr(frame.pc() as usize));
    let at = instr.a() as usize;
    let value = match async_gen::end(regs.obj(at), Ok(Resumed::Yielded(value))) {
        Ok(Resumed::Returned(value) | Resumed::Yielded(value)) => value,
        // Not for a value.
        Err(Raised) => none(),
    };
    regs.clear(at);
    regs.clear(at + 1);
    regs.write(instr.b() as usize, value);
    Ok(())
}

/// The generator that the innermost frame awaited at a `YIELD_FROM` returned, and its frame is popped. Ends the loop that waited for the next value without the exception
/// that nobody would see. False, with nothing done, if there is more to it.
#[inline(never)]
pub fn end_loop(thread: &VmThread) -> bool {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    let (regs, code) = (frame.regs, frame.code());
    let Some(entry) = find_handler(&code.unit.exception_table, frame.pc()) else { return false };
    let handler = code.instr(entry.handler as usize);
    if handler.op() != Some(Op::EndAsyncFor) {
        return false;
    }
    let at = code.instr(frame.pc() as usize).a() as usize;
    if async_gen::end_quietly(regs.obj(at)).is_err() {
        drop(try_take_raised());
        return false;
    }
    frame.set_pc(entry.handler + 1);
    regs.clear_range(entry.depth as usize, code.nregs as usize);
    regs.clear(handler.a() as usize);
    true
}

/// The generator that the innermost frame awaited at a `YIELD_FROM` returned or raised, and its frame is popped. What that means there is on its way.
#[inline(never)]
pub fn ended(thread: &VmThread, result: PyResult<()>) -> Raised {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &*thread.innermost() };
    let at = frame.code().instr(frame.pc() as usize).a() as usize;
    let _ = async_gen::end(frame.regs.obj(at), result.map(|()| Resumed::Returned(none())));
    Raised
}

/// `GET_ANEXT`.
pub fn get_anext(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    let Some(anext) = class.slots.anext() else {
        return Err(type_error(format!(
            "'async for' requires an iterator with __anext__ method, got {}",
            class.name()
        )));
    };
    let next = anext(obj)?;
    if class.is(&types().async_generator) {
        return Ok(next);
    }
    super::awaitable(&next, 0).map_err(|raised| {
        let _ = raised;
        let cause = take_raised();
        let error = PyBaseException::create(
            &types().type_error,
            vec![str_obj(&format!(
                "'async for' received an invalid object from __anext__: {}",
                class_of(&next).name()
            ))],
        );
        if let Some(e) = error.downcast::<PyBaseException>() {
            e.set_cause(Some(cause.clone()));
            e.set_context(Some(cause));
        }
        set_raised(error)
    })
}
