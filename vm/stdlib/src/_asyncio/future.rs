//! Futures. The layout serves tasks, too: these have a part more.
//!
//! State, result and list of callbacks change together under the object's critical section, in which no Python code runs; so a future may be
//! completed by one thread while another adds a callback. Everything else is in slots and atomics of their own.

use parking_lot::Mutex;
use smallvec::SmallVec;
use taipan_objects::exceptions::{PyBaseException, is_exception, is_exception_class};
use taipan_objects::hooks;
use taipan_objects::layout::TraceField;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::event_loop::{call_soon, is_debugging};
use super::python;
use super::task::TaskPart;
use crate::counted;

pub const PENDING: u8 = 0;
pub const CANCELLED: u8 = 1;
pub const FINISHED: u8 = 2;

/// A function to call when the future is done, and the context to call it in.
#[derive(Clone)]
pub struct Callback {
    pub function: Obj,
    pub context: Obj,
}

impl TraceField for Callback {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.function.trace_field(tracer);
        self.context.trace_field(tracer);
    }
}

/// A `Future` or `Task`.
#[repr(C)]
pub struct PyFuture {
    pub header: Header,
    /// Empty: not initialized.
    pub event_loop: Slot,
    pub state: AtomicU8,
    /// `_asyncio_future_blocking`.
    pub blocking: AtomicBool,
    /// The exception has not been looked at.
    pub log_traceback: AtomicBool,
    pub result: Slot,
    pub exception: Slot,
    pub exception_traceback: Slot,
    pub source_traceback: Slot,
    pub cancel_message: Slot,
    /// The `CancelledError` that ended a task.
    pub cancelled_exception: Slot,
    pub callbacks: Mutex<SmallVec<[Callback; 1]>>,
    /// Futures and tasks that wait for this one.
    pub awaited_by: Mutex<SmallVec<[Obj; 1]>>,
    pub task: Option<Box<TaskPart>>,
}

fn trace_future(this: &PyFuture, tracer: &mut Tracer<'_>) {
    let slots = [
        &this.event_loop,
        &this.result,
        &this.exception,
        &this.exception_traceback,
        &this.source_traceback,
        &this.cancel_message,
        &this.cancelled_exception,
    ];
    slots.into_iter().for_each(|slot| slot.trace(tracer));
    // The world is stopped; see `TraceField` for mutexes.
    if let Some(callbacks) = this.callbacks.try_lock() {
        callbacks.iter().for_each(|callback| callback.trace_field(tracer));
    }
    if let Some(waiters) = this.awaited_by.try_lock() {
        waiters.iter().for_each(|waiter| waiter.trace_field(tracer));
    }
    if let Some(task) = &this.task {
        task.trace(tracer);
    }
}
layout!(PyFuture, "Future", trace = trace_future);

impl Drop for PyFuture {
    fn drop(&mut self) {
        if self.task.as_ref().is_some_and(|task| task.registered.load(Ordering::Relaxed)) {
            super::running::unregister_native(self);
        }
    }
}

impl PyFuture {
    pub fn new(header: Header, task: Option<Box<TaskPart>>) -> PyFuture {
        PyFuture {
            header,
            event_loop: Slot::empty(),
            state: AtomicU8::new(PENDING),
            blocking: AtomicBool::new(false),
            log_traceback: AtomicBool::new(false),
            result: Slot::empty(),
            exception: Slot::empty(),
            exception_traceback: Slot::empty(),
            source_traceback: Slot::empty(),
            cancel_message: Slot::empty(),
            cancelled_exception: Slot::empty(),
            callbacks: Mutex::new(SmallVec::new()),
            awaited_by: Mutex::new(SmallVec::new()),
            task,
        }
    }
    pub fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
    pub fn state(&self) -> u8 {
        // Acquire pairs with `complete`: who sees a final state sees the result.
        self.state.load(Ordering::Acquire)
    }
    pub fn is_done(&self) -> bool {
        self.state() != PENDING
    }
    /// The loop, or the error of an object whose `__init__` has not run.
    pub fn alive(&self) -> PyResult<Obj> {
        self.event_loop.load().ok_or_else(|| runtime_error("Future object is not initialized."))
    }
    /// As [`PyFuture::alive`], with the error that results have.
    pub fn initialized(&self) -> PyResult<()> {
        match self.event_loop.is_empty() {
            true => Err(invalid_state("Future object is not initialized.")),
            false => Ok(()),
        }
    }
    /// Makes an initialized future as it was before.
    fn forget(&self) {
        {
            let _section = CriticalSection::enter(self.header.lock());
            self.state.store(PENDING, Ordering::Release);
        }
        self.blocking.store(false, Ordering::Relaxed);
        self.log_traceback.store(false, Ordering::Relaxed);
        let slots = [
            &self.result,
            &self.exception,
            &self.exception_traceback,
            &self.source_traceback,
            &self.cancel_message,
            &self.cancelled_exception,
        ];
        slots.into_iter().for_each(|slot| drop(slot.take()));
        let callbacks = std::mem::take(&mut *self.callbacks.lock());
        drop(callbacks);
    }
    /// `__init__`: forgets everything and begins anew.
    pub fn initialize(&self, event_loop: Option<&Obj>) -> PyResult<()> {
        let event_loop = match event_loop.filter(|l| !is_none(l)) {
            Some(event_loop) => event_loop.clone(),
            None => super::get_event_loop()?,
        };
        if !self.event_loop.is_empty() {
            self.forget();
        }
        drop(self.event_loop.replace(Some(event_loop.clone())));
        if is_debugging(&event_loop)? {
            let stack = counted::call(&python::extract_stack()?, &[])?;
            drop(self.source_traceback.replace(Some(stack)));
        }
        Ok(())
    }
    /// Moves from pending to `state`, after `fill` under the section; gives the callbacks, `None` if the future is done already.
    fn complete(&self, state: u8, fill: impl FnOnce()) -> Option<SmallVec<[Callback; 1]>> {
        let _section = CriticalSection::enter(self.header.lock());
        if self.is_done() {
            return None;
        }
        fill();
        self.state.store(state, Ordering::Release);
        Some(std::mem::take(&mut *self.callbacks.lock()))
    }
    fn schedule(&self, slf: &Obj, callbacks: SmallVec<[Callback; 1]>) -> PyResult<()> {
        if callbacks.is_empty() {
            return Ok(());
        }
        let event_loop = self.alive()?;
        for callback in callbacks {
            call_soon(&event_loop, &callback.function, Some(slf), Some(&callback.context))?;
        }
        Ok(())
    }
    fn done_with(&self) {
        if let Some(task) = &self.task
            && task.registered.swap(false, Ordering::Relaxed)
        {
            super::running::unregister_native(self);
        }
    }
    /// `Future.cancel()`; whether it was pending.
    pub fn cancel_future(&self, slf: &Obj, message: Option<Obj>) -> PyResult<bool> {
        self.log_traceback.store(false, Ordering::Relaxed);
        let mut old = None;
        // The slot is empty or holds an earlier message: nothing dies under the section.
        let callbacks = self.complete(CANCELLED, || old = self.cancel_message.replace(message));
        drop(old);
        match callbacks {
            Some(callbacks) => {
                self.done_with();
                self.schedule(slf, callbacks).map(|()| true)
            }
            None => Ok(false),
        }
    }
    /// `Future.set_result()`.
    pub fn finish(&self, slf: &Obj, result: Obj) -> PyResult<()> {
        self.alive()?;
        let mut old = None;
        let callbacks = self.complete(FINISHED, || old = self.result.replace(Some(result)));
        drop(old);
        let Some(callbacks) = callbacks else { return Err(invalid_state("invalid state")) };
        self.done_with();
        self.schedule(slf, callbacks)
    }
    /// `Future.set_exception()`.
    pub fn fail(&self, slf: &Obj, exception: &Obj) -> PyResult<()> {
        self.alive()?;
        if self.is_done() {
            return Err(invalid_state("invalid state"));
        }
        let mut exception =
            if is_exception_class(exception) { counted::call(exception, &[])? } else { exception.clone() };
        if !is_exception(&exception) {
            return Err(type_error("invalid exception object"));
        }
        if class_of(&exception).is_subtype(&types().stop_iteration) {
            let message = "StopIteration interacts badly with generators and cannot be raised into a Future";
            let other = PyBaseException::create(&types().runtime_error, vec![str_obj(message)]);
            if let Some(e) = other.downcast::<PyBaseException>() {
                e.set_cause(Some(exception.clone()));
                e.set_context(Some(exception));
            }
            exception = other;
        }
        let traceback = exception.downcast::<PyBaseException>().and_then(PyBaseException::traceback);
        let traceback = traceback.map(IntoStrong::into_strong);
        let mut old = (None, None);
        let callbacks = self.complete(FINISHED, || {
            old = (self.exception.replace(Some(exception)), self.exception_traceback.replace(traceback));
            self.log_traceback.store(true, Ordering::Relaxed);
        });
        drop(old);
        let Some(callbacks) = callbacks else { return Err(invalid_state("invalid state")) };
        self.done_with();
        self.schedule(slf, callbacks)
    }
    /// The `CancelledError` to raise.
    pub fn cancelled_error(&self) -> PyResult<Obj> {
        if let Some(exception) = self.cancelled_exception.take() {
            return Ok(exception);
        }
        let class = python::cancelled_error()?;
        match self.cancel_message.load().filter(|m| !is_none(m)) {
            Some(message) => counted::call(&class, &[message]),
            None => counted::call(&class, &[]),
        }
    }
    /// The result, or the exception raised.
    pub fn outcome(&self) -> PyResult<Obj> {
        match self.state() {
            CANCELLED => Err(raise(self.cancelled_error()?)),
            PENDING => Err(invalid_state("Result is not set.")),
            _ => {
                self.log_traceback.store(false, Ordering::Relaxed);
                match self.exception.load() {
                    Some(exception) => {
                        // Each time with the traceback that it came with: this way's is not added.
                        if let Some(e) = exception.downcast::<PyBaseException>()
                            && let Some(traceback) = self.exception_traceback.load()
                        {
                            e.set_traceback(Some(traceback));
                        }
                        Err(raise(exception))
                    }
                    None => Ok(self.result.load().unwrap_or_else(none)),
                }
            }
        }
    }
    /// Adds a callback, or has it called soon if the future is done.
    pub fn add_callback(&self, slf: &Obj, function: &Obj, context: Obj) -> PyResult<()> {
        let event_loop = self.alive()?;
        let callback = Callback { function: function.clone(), context };
        let late = {
            let _section = CriticalSection::enter(self.header.lock());
            if self.is_done() {
                Some(callback)
            } else {
                self.callbacks.lock().push(callback);
                None
            }
        };
        match late {
            Some(late) => call_soon(&event_loop, &late.function, Some(slf), Some(&late.context)),
            None => Ok(()),
        }
    }
    pub fn add_waiter(&self, waiter: &Obj) {
        let waiter = waiter.clone();
        let mut waiters = self.awaited_by.lock();
        if !waiters.iter().any(|known| known.is(&waiter)) {
            waiters.push(waiter);
            return;
        }
        drop(waiters);
        drop(waiter);
    }
    pub fn discard_waiter(&self, waiter: &Obj) {
        let mut waiters = self.awaited_by.lock();
        let at = waiters.iter().position(|known| known.is(waiter));
        let gone = at.map(|at| waiters.swap_remove(at));
        drop(waiters);
        drop(gone);
    }
    /// Tells the loop of an exception that nobody has looked at.
    pub fn report_unretrieved(&self, slf: &Obj) -> PyResult<()> {
        if !self.log_traceback.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let (Some(exception), Some(event_loop)) = (self.exception.load(), self.event_loop.load()) else {
            return Ok(());
        };
        let context = dict_obj();
        let message = format!("{} exception was never retrieved", class_name(slf));
        context.set_str("message", str_obj(&message));
        context.set_str("exception", exception);
        context.set_str("future", slf.clone());
        if let Some(source) = self.source_traceback.load() {
            context.set_str("source_traceback", source);
        }
        counted::call_method(&event_loop, "call_exception_handler", &[context.into_obj()]).map(drop)
    }
}

/// The name of an object's class without its module.
fn class_name(obj: &Obj) -> String {
    let name = class_of(obj).name();
    name.rsplit('.').next().unwrap_or_default().to_string()
}

/// Raises `InvalidStateError`.
#[cold]
pub fn invalid_state(message: &str) -> Raised {
    match python::invalid_state_error().and_then(|class| counted::call(&class, &[str_obj(message)])) {
        Ok(exception) => raise(exception),
        Err(raised) => raised,
    }
}

/// Reports what a finalizer raised.
pub fn report(result: PyResult<()>, obj: &Obj) {
    if result.is_err() {
        hooks::unraisable(None, Some(obj));
    }
}
