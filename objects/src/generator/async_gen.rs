//! Asynchronous generators (PEP 525): the awaitables that `asend`, `athrow`, `aclose` and `__anext__` give.

use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicU8, Ordering};

use super::methods::{throw, throw_args, throw_arguments, thrown};
use super::{CLOSED, CREATED, PyAsyncGenOp, PyAsyncGenWrapped, PyGenerator};
use crate::construct::*;
use crate::error::*;
use crate::exceptions::PyBaseException;
use crate::hooks::{self, Resume, Resumed};
use crate::native::{NativeMethods, pymethods};
use crate::protocol;
use crate::singletons::is_none;
use crate::tuple::PyTuple;
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// State of an awaitable.
pub(super) const INIT: u8 = 0;
const ITERATING: u8 = 1;
const DONE: u8 = 2;

/// `PyGenerator::flags`: an awaitable of this generator is being iterated.
const RUNNING_ASYNC: u8 = 1;
/// `aclose()` or exhaustion ended the generator.
const ENDED: u8 = 2;
/// The first-iteration hooks were called.
const HOOKED: u8 = 4;

fn generator_of(op: &PyAsyncGenOp) -> PyResult<&PyGenerator> {
    op.generator.downcast::<PyGenerator>().ok_or_else(|| system_error("not an asynchronous generator"))
}

fn op(obj: &Obj) -> PyResult<&PyAsyncGenOp> {
    obj.downcast::<PyAsyncGenOp>().ok_or_else(|| system_error("not an asynchronous generator awaitable"))
}

fn new_op(class: &Py<PyType>, generator: &Obj, value: Option<Obj>) -> PyResult<Obj> {
    init_hooks(generator)?;
    Ok(Py::new(PyAsyncGenOp {
        header: Header::new(class.root_shape()),
        generator: generator.clone(),
        value: Slot::from_option(value),
        state: AtomicU8::new(INIT),
    })
    .into_obj())
}

/// Calls `sys.get_asyncgen_hooks().firstiter` once and remembers the finalizer.
fn init_hooks(obj: &Obj) -> PyResult<()> {
    let Some(generator) = obj.downcast::<PyGenerator>() else { return Ok(()) };
    if generator.flags.fetch_or(HOOKED, Ordering::AcqRel) & HOOKED != 0 {
        return Ok(());
    }
    let (first, finalizer) = hooks::asyncgen_hooks();
    if let Some(finalizer) = finalizer {
        generator.extra.store(finalizer);
    }
    if let Some(first) = first {
        protocol::call1(&first, obj)?;
    }
    Ok(())
}

/// A suspended asynchronous generator dies: its finalizer hook schedules `aclose()`, or it is closed at once.
pub(super) fn finalize(obj: &Obj, generator: &PyGenerator) -> PyResult<()> {
    if let Some(finalizer) = generator.extra.load()
        && generator.flags.load(Ordering::Acquire) & ENDED == 0
    {
        return protocol::call1(&finalizer, obj).map(drop);
    }
    if generator.code.unit.exception_table.is_empty() {
        return Ok(());
    }
    super::methods::close(obj).map(drop)
}

/// `ag_running`: an awaitable of the generator is being iterated.
pub(super) fn is_running(generator: &PyGenerator) -> bool {
    generator.flags.load(Ordering::Acquire) & RUNNING_ASYNC != 0
}

/// An awaitable that nobody awaited dies: a warning.
fn del(obj: &Obj) -> PyResult<()> {
    let op = op(obj)?;
    if op.state.load(Ordering::Acquire) != INIT {
        return Ok(());
    }
    let method = match (is_asend(obj), op.value.is_empty()) {
        (true, _) => "asend",
        (false, true) => "aclose",
        (false, false) => "athrow",
    };
    let name = generator_of(op)?.qualname.load().map(|n| protocol::str_string(&n)).transpose()?;
    let name = name.unwrap_or_default();
    let text = format!("coroutine method '{method}' of '{name}' was never awaited");
    if hooks::warn(&text, types().runtime_warning.as_obj(), 1).is_err() {
        hooks::unraisable_about("Exception ignored while finalizing coroutine", obj);
    }
    Ok(())
}

/// What a resumption of the generator means for the awaitable: a wrapped value is the awaited result.
fn unwrap(op: &PyAsyncGenOp, generator: &PyGenerator, result: PyResult<Resumed>) -> PyResult<Resumed> {
    let finish = || {
        op.state.store(DONE, Ordering::Release);
        generator.flags.fetch_and(!RUNNING_ASYNC, Ordering::AcqRel);
    };
    match result {
        Ok(Resumed::Yielded(value)) => match value.downcast::<PyAsyncGenWrapped>() {
            Some(wrapped) => {
                finish();
                Ok(Resumed::Returned(wrapped.value.clone()))
            }
            None => Ok(Resumed::Yielded(value)),
        },
        Ok(Resumed::Returned(_)) => {
            generator.flags.fetch_or(ENDED, Ordering::AcqRel);
            finish();
            Err(raise(PyBaseException::create(&types().stop_async_iteration, vec![])))
        }
        Err(Raised) => {
            if raised_is(&types().stop_async_iteration) || raised_is(&types().generator_exit) {
                generator.flags.fetch_or(ENDED, Ordering::AcqRel);
            }
            finish();
            Err(Raised)
        }
    }
}

fn resume(generator: &Obj, value: Obj) -> PyResult<Resumed> {
    (hooks::get()?.resume)(generator, Resume::Send(value))
}

fn start(op: &PyAsyncGenOp, generator: &PyGenerator, what: &str) -> PyResult<()> {
    if generator.flags.fetch_or(RUNNING_ASYNC, Ordering::AcqRel) & RUNNING_ASYNC != 0 {
        op.state.store(DONE, Ordering::Release);
        return Err(runtime_error(format!("{what}: asynchronous generator is already running")));
    }
    op.state.store(ITERATING, Ordering::Release);
    Ok(())
}

/// `send(value)` of the awaitable of `__anext__` or `asend`; the value that the generator yields is the result, not one that a `StopIteration` carries.
pub fn asend(obj: &Obj, value: &Obj) -> PyResult<Resumed> {
    let (generator, value) = begin(obj, value.clone())?;
    end(obj, resume(generator, value))
}

/// What `send(value)` of the awaitable of `__anext__` or `asend` does before the generator is resumed: gives that, and what it is sent.
pub fn begin(obj: &Obj, mut value: Obj) -> PyResult<(&Obj, Obj)> {
    let op = op(obj)?;
    let generator = generator_of(op)?;
    match op.state.load(Ordering::Acquire) {
        DONE => return Err(runtime_error("cannot reuse already awaited __anext__()/asend()")),
        INIT => {
            start(op, generator, "anext()")?;
            if is_none(&value)
                && let Some(stored) = op.value.load()
            {
                value = stored;
            }
        }
        _ => {}
    }
    if generator.state.load(Ordering::Acquire) == CLOSED {
        op.state.store(DONE, Ordering::Release);
        generator.flags.fetch_and(!RUNNING_ASYNC, Ordering::AcqRel);
        return Err(raise(PyBaseException::create(&types().stop_async_iteration, vec![])));
    }
    Ok((&op.generator, value))
}

/// The generator that [`begin`] gave returned: what [`end`] does then, but for the exception.
pub fn end_quietly(obj: &Obj) -> PyResult<()> {
    let op = op(obj)?;
    finish(op, generator_of(op)?, ENDED);
    Ok(())
}

fn finish(op: &PyAsyncGenOp, generator: &PyGenerator, also: u8) {
    if also != 0 {
        generator.flags.fetch_or(also, Ordering::AcqRel);
    }
    op.state.store(DONE, Ordering::Release);
    generator.flags.fetch_and(!RUNNING_ASYNC, Ordering::AcqRel);
}

/// What the awaitable makes of what came of the generator that [`begin`] gave.
pub fn end(obj: &Obj, result: PyResult<Resumed>) -> PyResult<Resumed> {
    let op = op(obj)?;
    unwrap(op, generator_of(op)?, result)
}

fn asend_throw(obj: &Obj, args: &[Obj]) -> PyResult<Resumed> {
    let op = op(obj)?;
    let generator = generator_of(op)?;
    match op.state.load(Ordering::Acquire) {
        DONE => return Err(runtime_error("cannot reuse already awaited __anext__()/asend()")),
        INIT => start(op, generator, "anext()")?,
        _ => {}
    }
    let result = throw_args(&op.generator, args);
    unwrap(op, generator, result)
}

fn athrow_send(obj: &Obj, value: &Obj) -> PyResult<Resumed> {
    let op = op(obj)?;
    let generator = generator_of(op)?;
    let arguments = op.value.load();
    let closing = arguments.is_none();
    let result = match op.state.load(Ordering::Acquire) {
        DONE => return Err(runtime_error("cannot reuse already awaited aclose()/athrow()")),
        INIT => {
            let closed = generator.state.load(Ordering::Acquire) == CLOSED;
            if closed || generator.flags.load(Ordering::Acquire) & ENDED != 0 {
                op.state.store(DONE, Ordering::Release);
                return Err(if closing || closed {
                    stop_iteration(None)
                } else {
                    raise(PyBaseException::create(&types().stop_async_iteration, vec![]))
                });
            }
            if !is_none(value) {
                return Err(runtime_error("can't send non-None value to a just-started coroutine"));
            }
            start(op, generator, if closing { "aclose()" } else { "athrow()" })?;
            let exception = match arguments.as_ref().and_then(|a| a.downcast::<PyTuple>()) {
                Some(arguments) => {
                    let arguments = arguments.as_slice();
                    match arguments.len() {
                        0 => return Err(type_error("athrow expected at least 1 argument, got 0")),
                        1..=3 => thrown(arguments)?,
                        many => {
                            return Err(type_error(format!(
                                "athrow expected at most 3 arguments, got {many}"
                            )));
                        }
                    }
                }
                None => {
                    generator.flags.fetch_or(ENDED, Ordering::AcqRel);
                    if generator.state.load(Ordering::Acquire) == CREATED {
                        op.state.store(DONE, Ordering::Release);
                        generator.flags.fetch_and(!RUNNING_ASYNC, Ordering::AcqRel);
                        drop(super::methods::close(&op.generator)?);
                        return Err(stop_iteration(None));
                    }
                    PyBaseException::create(&types().generator_exit, vec![])
                }
            };
            throw(&op.generator, exception)
        }
        _ => resume(&op.generator, value.clone()),
    };
    after_athrow(op, generator, closing, result)
}

fn after_athrow(
    op: &PyAsyncGenOp,
    generator: &PyGenerator,
    closing: bool,
    result: PyResult<Resumed>,
) -> PyResult<Resumed> {
    if !closing {
        return unwrap(op, generator, result);
    }
    let finish = || {
        op.state.store(DONE, Ordering::Release);
        generator.flags.fetch_and(!RUNNING_ASYNC, Ordering::AcqRel);
    };
    match result {
        Ok(Resumed::Yielded(value)) if value.is_layout::<PyAsyncGenWrapped>() => {
            finish();
            Err(runtime_error("async generator ignored GeneratorExit"))
        }
        Ok(Resumed::Yielded(value)) => Ok(Resumed::Yielded(value)),
        Ok(Resumed::Returned(_)) => {
            finish();
            Err(stop_iteration(None))
        }
        Err(Raised) => {
            finish();
            if raised_is(&types().stop_async_iteration) || raised_is(&types().generator_exit) {
                drop(take_raised());
                return Err(stop_iteration(None));
            }
            Err(Raised)
        }
    }
}

fn athrow_throw(obj: &Obj, args: &[Obj]) -> PyResult<Resumed> {
    let op = op(obj)?;
    let generator = generator_of(op)?;
    match op.state.load(Ordering::Acquire) {
        DONE => return Err(runtime_error("cannot reuse already awaited aclose()/athrow()")),
        INIT => start(op, generator, "athrow()")?,
        _ => {}
    }
    let closing = op.value.is_empty();
    let result = throw_args(&op.generator, args);
    after_athrow(op, generator, closing, result)
}

/// Whether `obj` is the awaitable of `__anext__` or `asend`.
pub fn is_asend(obj: &Obj) -> bool {
    class_of(obj).is(&types().async_generator_asend)
}

/// What `send` or `throw` makes of it: a `StopIteration` has the awaited value as its argument even if that is `None`.
fn finished(result: Resumed) -> PyResult<Obj> {
    match result {
        Resumed::Yielded(value) => Ok(value),
        Resumed::Returned(value) => Err(stop_iteration(Some(value))),
    }
}

fn send_any(obj: &Obj, value: &Obj) -> PyResult<Obj> {
    finished(if is_asend(obj) { asend(obj, value)? } else { athrow_send(obj, value)? })
}

fn throw_any(obj: &Obj, args: &[Obj]) -> PyResult<Obj> {
    finished(if is_asend(obj) { asend_throw(obj, args)? } else { athrow_throw(obj, args)? })
}

#[pymethods(class = "async_generator_asend")]
impl PyAsyncGenOp {
    #[pymethod]
    fn send(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        send_any(slf, value)
    }
    #[pymethod(sig = "(typ, val=<unrepresentable>, tb=<unrepresentable>, /)", text = "")]
    fn throw(slf: &Obj, typ: &Obj, val: Option<&Obj>, tb: Option<&Obj>) -> PyResult<Obj> {
        throw_any(slf, &throw_arguments("throw", typ, val, tb)?)
    }
    #[pymethod]
    fn close(slf: &Obj) -> PyResult<()> {
        let op = op(slf)?;
        match op.state.load(Ordering::Acquire) {
            DONE => return Ok(()),
            // Nothing was started that could be told.
            INIT => {
                op.state.store(DONE, Ordering::Release);
                return Ok(());
            }
            _ => {}
        }
        let exit = PyBaseException::create(&types().generator_exit, vec![]);
        match throw_any(slf, &[exit]) {
            Ok(_) => Err(runtime_error("coroutine ignored GeneratorExit")),
            Err(Raised)
                if raised_is(&types().stop_iteration)
                    || raised_is(&types().stop_async_iteration)
                    || raised_is(&types().generator_exit) =>
            {
                drop(take_raised());
                Ok(())
            }
            Err(Raised) => Err(Raised),
        }
    }
}

#[pymethods(class = "async_generator", part = "async_generator")]
impl PyGenerator {
    /// asend(v) -> send 'v' in generator.
    #[pymethod]
    fn asend(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        new_op(&types().async_generator_asend, slf, Some(value.clone()))
    }
    /// athrow(value) -> raise exception in generator.
    #[pymethod(sig = "(*args)", text = "")]
    fn athrow(slf: &Obj, args: &[Obj]) -> PyResult<Obj> {
        // How many there are is looked at when it is awaited.
        if let [typ, val, rest @ ..] = args {
            throw_arguments("athrow", typ, Some(val), rest.first())?;
        }
        new_op(&types().async_generator_athrow, slf, Some(tuple_obj(args.to_vec())))
    }
    /// aclose() -> raise GeneratorExit inside generator.
    #[pymethod]
    fn aclose(slf: &Obj) -> PyResult<Obj> {
        new_op(&types().async_generator_athrow, slf, None)
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, item: &Obj) -> PyResult<Obj> {
        Ok(crate::generic_alias::new(cls, item))
    }
}

fn iter_self(obj: &Obj) -> PyResult<Obj> {
    Ok(obj.clone())
}

pub(super) fn fill(types: &Types) {
    types.async_generator.slots.set_all(&TypeSlots {
        aiter: Some(iter_self),
        anext: Some(|o| new_op(&crate::types::types().async_generator_asend, o, None)),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(&types.async_generator, PyGenerator::async_generator_methods());
    for class in [&types.async_generator_asend, &types.async_generator_athrow] {
        class.slots.set_all(&TypeSlots {
            await_: Some(iter_self),
            iter: Some(iter_self),
            iternext: Some(|o| send_any(o, &none()).map(Some)),
            del: Some(del),
            ..TypeSlots::EMPTY
        });
        ready::add_methods(class, <PyAsyncGenOp as NativeMethods>::methods());
        class.set_flag(crate::type_object::type_flags::NO_INSTANTIATION, true);
    }
}
