//! The class `Future`, and the iterator that `await` uses.

use taipan_objects::exceptions::is_exception_class;
use taipan_objects::generator::methods::{return_value, thrown};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::{generic_alias, protocol};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::Ordering;

use super::event_loop::call_soon;
use super::future::{CANCELLED, FINISHED, PyFuture, invalid_state, report};
use super::python;
use crate::counted;
use crate::native_class;
use crate::native_class::{class_argument, itself, receiver};

native_class!(
    /// `_asyncio.Future`.
    pub fn class() = TypeBuilder::new("_asyncio.Future", PyFuture::ops())
        .text_signature("(*, loop=None)")
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(initialize),
            repr: Some(represent),
            del: Some(finalize),
            iter: Some(iterate),
            await_: Some(iterate),
            ..TypeSlots::EMPTY
        })
        .methods(PyFuture::methods())
        .getset(PyFuture::getset())
        .doc("This class is *almost* compatible with concurrent.futures.Future.\n\nresult() and exception() take no timeout and do not wait; callbacks are called by\nthe loop's call_soon().")
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyFuture>(class)?;
    Ok(new_instance(class, |header| PyFuture::new(header, None)).into_obj())
}

#[pyargs(name = "Future", sig = "(*, loop=None)")]
fn initialize(slf: &Obj, event_loop: Option<&Obj>) -> PyResult<()> {
    receiver::<PyFuture>(slf)?.initialize(event_loop)
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    counted::call1(&python::future_repr()?, slf)
}

fn finalize(slf: &Obj) -> PyResult<()> {
    let this = receiver::<PyFuture>(slf)?;
    report(this.report_unretrieved(slf), slf);
    Ok(())
}

/// The calling thread's context, copied, unless one is given.
pub fn context_or_copy(context: Option<&Obj>) -> Obj {
    match context.filter(|c| !is_none(c)) {
        Some(context) => context.clone(),
        None => crate::_contextvars::copy_of_current(),
    }
}

fn state_text(state: u8) -> &'static str {
    match state {
        CANCELLED => "CANCELLED",
        FINISHED => "FINISHED",
        _ => "PENDING",
    }
}

fn or_none(slot: &Slot) -> Obj {
    slot.load().unwrap_or_else(none)
}

/// Removes the callbacks that equal `function`; their number.
fn remove_callbacks(this: &PyFuture, function: &Obj) -> PyResult<usize> {
    // Comparing may run Python code: on a copy, without a lock.
    let known = this.callbacks.lock().clone();
    let mut gone = Vec::new();
    for callback in known {
        if callback.function.is(function) || protocol::eq(&callback.function, function)? {
            gone.push(callback);
        }
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let mut removed = Vec::new();
    {
        let _section = CriticalSection::enter(this.header.lock());
        let mut callbacks = this.callbacks.lock();
        let same = |c: &super::future::Callback| {
            gone.iter().any(|g| g.function.is(&c.function) && g.context.is(&c.context))
        };
        let mut at = 0;
        while at < callbacks.len() {
            if same(&callbacks[at]) {
                removed.push(callbacks.remove(at));
            } else {
                at += 1;
            }
        }
    }
    Ok(removed.len())
}

fn no_delete(value: Option<&Obj>) -> PyResult<&Obj> {
    value.ok_or_else(|| attribute_error("cannot delete attribute"))
}

#[pymethods(class = "_asyncio.Future")]
impl PyFuture {
    /// Return the result this future represents.
    #[pymethod]
    fn result(&self) -> PyResult<Obj> {
        self.initialized()?;
        self.outcome()
    }
    /// Return the exception that was set on this future.
    #[pymethod]
    fn exception(&self) -> PyResult<Obj> {
        self.initialized()?;
        match self.state() {
            CANCELLED => Err(raise(self.cancelled_error()?)),
            FINISHED => {
                self.log_traceback.store(false, Ordering::Relaxed);
                Ok(or_none(&self.exception))
            }
            _ => Err(invalid_state("Exception is not set.")),
        }
    }
    /// Mark the future done and set its result.
    #[pymethod(sig = "(result, /)")]
    fn set_result(slf: &Obj, result: &Obj) -> PyResult<()> {
        receiver::<PyFuture>(slf)?.finish(slf, result.clone())
    }
    /// Mark the future done and set an exception.
    #[pymethod(sig = "(exception, /)")]
    fn set_exception(slf: &Obj, exception: &Obj) -> PyResult<()> {
        receiver::<PyFuture>(slf)?.fail(slf, exception)
    }
    /// Add a callback to be run when the future becomes done.
    #[pymethod(sig = "(fn, /, *, context=<unrepresentable>)")]
    fn add_done_callback(slf: &Obj, function: &Obj, context: Option<&Obj>) -> PyResult<()> {
        receiver::<PyFuture>(slf)?.add_callback(slf, function, context_or_copy(context))
    }
    /// Remove all instances of a callback from the "call when done" list.
    #[pymethod(sig = "(fn, /)")]
    fn remove_done_callback(&self, function: &Obj) -> PyResult<usize> {
        self.alive()?;
        remove_callbacks(self, function)
    }
    /// Cancel the future and schedule callbacks.
    #[pymethod(sig = "(msg=None)")]
    fn cancel(slf: &Obj, msg: Option<&Obj>) -> PyResult<bool> {
        let this = receiver::<PyFuture>(slf)?;
        this.alive()?;
        this.cancel_future(slf, msg.cloned())
    }
    /// Return True if the future was cancelled.
    #[pymethod]
    fn cancelled(&self) -> bool {
        self.state() == CANCELLED
    }
    /// Return True if the future is done.
    #[pymethod]
    fn done(&self) -> bool {
        self.is_done()
    }
    /// Return the event loop the Future is bound to.
    #[pymethod]
    fn get_loop(&self) -> PyResult<Obj> {
        self.alive()
    }
    /// Create the CancelledError to raise if the Future is cancelled.
    #[pymethod]
    fn _make_cancelled_error(&self) -> PyResult<Obj> {
        self.cancelled_error()
    }
    /// Futures are generic over the type of their results
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
    #[pygetset(name = "_state")]
    fn state_name(&self) -> &'static str {
        state_text(self.state())
    }
    #[pygetset]
    fn _asyncio_future_blocking(&self) -> bool {
        self.event_loop.load().is_some() && self.blocking.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "_asyncio_future_blocking")]
    fn set_blocking(&self, value: Option<&Obj>) -> PyResult<()> {
        self.alive()?;
        let value = is_true(no_delete(value)?)?;
        self.blocking.store(value, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset(name = "_asyncio_awaited_by")]
    fn waiters(&self) -> PyResult<Option<Obj>> {
        let waiters = self.awaited_by.lock().to_vec();
        if waiters.is_empty() {
            return Ok(None);
        }
        counted::call1(types().frozenset.as_obj(), PySet::new(waiters)?.as_obj()).map(Some)
    }
    #[pygetset]
    fn _loop(&self) -> Obj {
        or_none(&self.event_loop)
    }
    #[pygetset]
    fn _callbacks(&self) -> PyResult<Option<Vec<(Obj, Obj)>>> {
        self.alive()?;
        let callbacks = self.callbacks.lock().clone();
        if callbacks.is_empty() {
            return Ok(None);
        }
        Ok(Some(callbacks.into_iter().map(|c| (c.function, c.context)).collect()))
    }
    #[pygetset]
    fn _result(&self) -> PyResult<Obj> {
        self.alive()?;
        Ok(or_none(&self.result))
    }
    #[pygetset]
    fn _exception(&self) -> PyResult<Obj> {
        self.alive()?;
        Ok(or_none(&self.exception))
    }
    #[pygetset]
    fn _source_traceback(&self) -> Obj {
        or_none(&self.source_traceback)
    }
    #[pygetset]
    fn _cancel_message(&self) -> Obj {
        or_none(&self.cancel_message)
    }
    #[pygetset(setter = "_cancel_message")]
    fn set_cancel_message(&self, value: Option<&Obj>) -> PyResult<()> {
        let value = no_delete(value)?.clone();
        drop(self.cancel_message.replace(Some(value)));
        Ok(())
    }
    #[pygetset]
    fn _log_traceback(&self) -> PyResult<bool> {
        self.alive()?;
        Ok(self.log_traceback.load(Ordering::Relaxed))
    }
    #[pygetset(setter = "_log_traceback")]
    fn set_log_traceback(&self, value: Option<&Obj>) -> PyResult<()> {
        if is_true(no_delete(value)?)? {
            return Err(value_error("_log_traceback can only be set to False"));
        }
        self.log_traceback.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// What `await` iterates over: the future once, then its result.
#[repr(C)]
struct PyFutureIter {
    header: Header,
    /// Empty: closed.
    future: Slot,
}
layout!(PyFutureIter, "FutureIter", [future]);

native_class!(
    fn iterator_class() = TypeBuilder::new("_asyncio.FutureIter", PyFutureIter::ops())
        .slots(TypeSlots { iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY })
        .methods(PyFutureIter::methods())
        .no_instantiation()
        .make()
);

pub fn iterate(slf: &Obj) -> PyResult<Obj> {
    receiver::<PyFuture>(slf)?.alive()?;
    let future = Slot::new(slf.clone());
    Ok(new_instance(iterator_class(), |header| PyFutureIter { header, future }).into_obj())
}

fn next(slf: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyFutureIter>(slf)?;
    let Some(obj) = this.future.load() else { return Ok(None) };
    let future = receiver::<PyFuture>(&obj)?;
    if !future.is_done() {
        if !future.blocking.swap(true, Ordering::Relaxed) {
            return Ok(Some(obj));
        }
        return Err(runtime_error("await wasn't used with future"));
    }
    drop(this.future.take());
    let result = future.outcome()?;
    if is_none(&result) { Ok(None) } else { Err(return_value(result)) }
}

#[pymethods(class = "_asyncio.FutureIter")]
impl PyFutureIter {
    #[pymethod(sig = "(value, /)")]
    fn send(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        let _ = value;
        match next(slf)? {
            Some(future) => Ok(future),
            None => Err(stop_iteration(None)),
        }
    }
    #[pymethod(sig = "(typ, val=None, tb=None, /)")]
    fn throw(&self, typ: &Obj, val: Option<&Obj>, tb: Option<&Obj>) -> PyResult<Obj> {
        if val.is_some() || tb.is_some() {
            let message = "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.";
            taipan_objects::hooks::warn(message, types().deprecation_warning.as_obj(), 1)?;
        }
        if !is_exception_class(typ) && !taipan_objects::exceptions::is_exception(typ) {
            return Err(type_error(
                "exceptions must be classes or instances deriving from BaseException, not ".to_owned()
                    + &class_of(typ).name(),
            ));
        }
        let args = [typ.clone(), val.cloned().unwrap_or_else(none), tb.cloned().unwrap_or_else(none)];
        let exception = thrown(&args)?;
        drop(self.future.take());
        Err(raise(exception))
    }
    #[pymethod]
    fn close(&self) {
        drop(self.future.take());
    }
}

/// Has `function(argument)` called soon, in `context`.
pub fn soon(this: &PyFuture, function: &Obj, context: Option<&Obj>) -> PyResult<()> {
    call_soon(&this.alive()?, function, None, context)
}
