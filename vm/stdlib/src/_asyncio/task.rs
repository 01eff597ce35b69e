//! Tasks: what they have beyond futures, and how their coroutines are driven.
//!
//! A task is driven by its loop's thread alone. Others may read it and cancel it, which is why its fields are slots and atomics.

use taipan_objects::generator::PyGenerator;
use taipan_objects::generator::methods::throw;
use taipan_objects::hooks::{self, Resume, Resumed};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::event_loop::call_soon;
use super::future::PyFuture;
use super::future_class::soon;
use super::{python, running};
use crate::_contextvars::{self, PyContext};
use crate::counted;
use crate::native_class;
use crate::native_class::receiver;

/// What a task has beyond a future.
#[derive(Default)]
pub struct TaskPart {
    pub coroutine: Slot,
    pub context: Slot,
    /// A `str`, or the number of which the name is made when somebody asks.
    pub name: Slot,
    pub waits_for: Slot,
    pub must_cancel: AtomicBool,
    /// Whether to be silent when destroyed while pending.
    pub silent: AtomicBool,
    pub cancellations: AtomicI64,
    /// In the table of tasks that are not done.
    pub registered: AtomicBool,
}

impl TaskPart {
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        for slot in [&self.coroutine, &self.context, &self.name, &self.waits_for] {
            slot.trace(tracer);
        }
    }
}

/// What a callback of a task does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Step,
    /// The future that the task waits for is done; it is the argument.
    Wakeup,
}

/// A callback of a task.
#[repr(C)]
pub struct PyTaskCall {
    header: Header,
    task: Obj,
    /// An exception to throw in.
    exception: Option<Obj>,
    action: Action,
}
layout!(PyTaskCall, "TaskStepMethWrapper", [task, exception]);

native_class!(
    fn step_class() = TypeBuilder::new("_asyncio.TaskStepMethWrapper", PyTaskCall::ops())
        .slots(TypeSlots { call: Some(perform), ..TypeSlots::EMPTY })
        .getset(PyTaskCall::getset())
        .no_instantiation()
        .make()
);
native_class!(
    fn wakeup_class() = TypeBuilder::new("_asyncio.TaskWakeupMethWrapper", PyTaskCall::ops())
        .slots(TypeSlots { call: Some(perform), ..TypeSlots::EMPTY })
        .getset(PyTaskCall::getset())
        .no_instantiation()
        .make()
);

#[pymethods(class = "_asyncio.TaskStepMethWrapper")]
impl PyTaskCall {
    #[pygetset(name = "__self__")]
    fn task_of(&self) -> Obj {
        self.task.clone()
    }
    #[pygetset(name = "__qualname__")]
    fn qualified_name(&self) -> PyResult<Obj> {
        let part = receiver::<PyFuture>(&self.task)?.part()?;
        match part.coroutine.load() {
            Some(coroutine) => counted::getattr(&coroutine, "__qualname__"),
            None => Ok(none()),
        }
    }
}

/// A callback.
pub fn callback(task: &Obj, action: Action, exception: Option<Obj>) -> Obj {
    let class = if action == Action::Wakeup { wakeup_class() } else { step_class() };
    let task = task.clone();
    new_instance(class, |header| PyTaskCall { header, task, exception, action }).into_obj()
}

fn perform(slf: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("function takes no keyword arguments"));
    }
    receiver::<PyTaskCall>(slf)?.perform(args.positional)?;
    Ok(none())
}

impl PyTaskCall {
    /// Does what the callback is for.
    pub fn perform(&self, arguments: &[Obj]) -> PyResult<()> {
        match (self.action, arguments) {
            (Action::Step, []) => step(&self.task, self.exception.clone()),
            (Action::Wakeup, [future]) => wakeup(&self.task, future),
            (Action::Wakeup, _) => Err(type_error("function takes exactly one argument")),
            _ => Err(type_error("function takes no positional arguments")),
        }
    }
}

impl PyFuture {
    /// The part that only tasks have.
    pub fn part(&self) -> PyResult<&TaskPart> {
        self.task.as_deref().ok_or_else(|| type_error("a Task is required"))
    }
}

/// One step of a task, by the loop.
fn step(task: &Obj, exception: Option<Obj>) -> PyResult<()> {
    let this = receiver::<PyFuture>(task)?;
    let part = this.part()?;
    if this.is_done() {
        let text = match &exception {
            Some(exception) => repr_string(exception)?,
            None => String::new(),
        };
        return Err(super::future::invalid_state(&format!(
            "__step(): already done: {} {text}",
            repr_string(task)?
        )));
    }
    let mut exception = exception;
    if part.must_cancel.swap(false, Ordering::Relaxed) {
        let class = python::cancelled_error()?;
        let fits = match &exception {
            Some(exception) => isinstance(exception, &class)?,
            None => false,
        };
        if !fits {
            exception = Some(this.cancelled_error()?);
        }
    }
    drop(part.waits_for.take());
    let event_loop = this.alive()?;
    running::enter_task(&event_loop, task)?;
    let result = drive(task, exception);
    if result.is_ok() {
        return running::leave_task(&event_loop, task);
    }
    let pending = take_raised();
    if running::leave_task(&event_loop, task).is_err() {
        drop(take_raised());
    }
    Err(set_raised(pending))
}

/// How a coroutine went on.
enum Progress {
    Yielded(Obj),
    Returned(Obj),
    Raised(Obj),
}

fn advance(coroutine: &Obj, exception: Option<Obj>) -> Progress {
    let class = class_of(coroutine);
    let result = if coroutine.is_layout::<PyGenerator>()
        && (class.is(&types().coroutine) || class.is(&types().generator))
    {
        // Without a `StopIteration` for the result.
        match exception {
            None => hooks::get().and_then(|hooks| (hooks.resume)(coroutine, Resume::Send(none()))),
            Some(exception) => throw(coroutine, exception),
        }
    } else {
        match exception {
            None => counted::call_method(coroutine, "send", &[none()]),
            Some(exception) => counted::call_method(coroutine, "throw", &[exception]),
        }
        .map(Resumed::Yielded)
    };
    match result {
        Ok(Resumed::Yielded(value)) => Progress::Yielded(value.into_strong()),
        Ok(Resumed::Returned(value)) => Progress::Returned(value.into_strong()),
        Err(Raised) if raised_is(&types().stop_iteration) => {
            let stop = take_raised();
            match counted::getattr(&stop, "value") {
                Ok(value) => Progress::Returned(value),
                Err(Raised) => Progress::Raised(take_raised()),
            }
        }
        Err(Raised) => Progress::Raised(take_raised()),
    }
}

/// Resumes the coroutine and does what follows from how it went on.
fn drive(task: &Obj, exception: Option<Obj>) -> PyResult<()> {
    let this = receiver::<PyFuture>(task)?;
    let part = this.part()?;
    let Some(coroutine) = part.coroutine.load() else {
        return Err(runtime_error("uninitialized Task object"));
    };
    match advance(&coroutine, exception) {
        Progress::Returned(value) => {
            if part.must_cancel.swap(false, Ordering::Relaxed) {
                // Cancelled right before the coroutine ended.
                return this.cancel_future(task, this.cancel_message.load()).map(drop);
            }
            this.finish(task, value)
        }
        Progress::Raised(exception) => {
            if isinstance(&exception, &python::cancelled_error()?)? {
                drop(this.cancelled_exception.replace(Some(exception)));
                return this.cancel_future(task, None).map(drop);
            }
            this.fail(task, &exception)?;
            let class = class_of(&exception);
            if class.is_subtype(&types().keyboard_interrupt) || class.is_subtype(&types().system_exit) {
                return Err(set_raised(exception));
            }
            Ok(())
        }
        Progress::Yielded(result) => wait_for(task, this, part, &result),
    }
}

/// The coroutine yielded `result`, which should be a future.
fn wait_for(task: &Obj, this: &PyFuture, part: &TaskPart, result: &Obj) -> PyResult<()> {
    let context = part.context.load();
    if is_none(result) {
        // A bare yield: another turn of the loop.
        return soon(this, &callback(task, Action::Step, None), context.as_ref());
    }
    let later = |message: String| {
        let error = taipan_objects::exceptions::PyBaseException::create(
            &types().runtime_error,
            vec![str_obj(&message)],
        );
        soon(this, &callback(task, Action::Step, Some(error)), context.as_ref())
    };
    if result.is(task) {
        return later(format!("Task cannot await on itself: {}", repr_string(task)?));
    }
    let native = result.downcast::<PyFuture>().filter(|_| overrides_nothing(result));
    let blocking = match native {
        Some(future) => Some(future.blocking.load(Ordering::Relaxed)),
        None => match counted::getattr_opt(result, &istr!("_asyncio_future_blocking"))? {
            Some(blocking) if !is_none(&blocking) => Some(is_true(&blocking)?),
            _ => None,
        },
    };
    let Some(blocking) = blocking else {
        if class_of(result).is(&types().generator) {
            return later(format!(
                "yield was used instead of yield from for generator in task {} with {}",
                repr_string(task)?,
                repr_string(result)?
            ));
        }
        return later(format!("Task got bad yield: {}", repr_string(result)?));
    };
    if !running::loop_of(result)?.is(&this.alive()?) {
        return later(format!(
            "Task {} got Future {} attached to a different loop",
            repr_string(task)?,
            repr_string(result)?
        ));
    }
    if !blocking {
        return later(format!(
            "yield was used instead of yield from in task {} with {}",
            repr_string(task)?,
            repr_string(result)?
        ));
    }
    if let Some(future) = result.downcast::<PyFuture>() {
        future.add_waiter(task);
    }
    let wake = callback(task, Action::Wakeup, None);
    match native {
        Some(future) => {
            future.blocking.store(false, Ordering::Relaxed);
            future.add_callback(result, &wake, context.unwrap_or_else(none))?;
        }
        None => {
            setattr(result, &istr!("_asyncio_future_blocking"), &false.into_py()?)?;
            let method = counted::getattr(result, "add_done_callback")?;
            let names = [istr!("context").into_obj()];
            let values = [context.unwrap_or_else(none)];
            call_args(&method, &Args::with_keywords(&[wake], &names, &values))?;
        }
    }
    drop(part.waits_for.replace(Some(result.clone())));
    if part.must_cancel.load(Ordering::Relaxed) && cancel_other(result, this.cancel_message.load())? {
        part.must_cancel.store(false, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether the class is `Future` or `Task` itself, so that no method is overridden.
pub fn is_exact(future: &Obj) -> bool {
    let class = class_of(future);
    class.is(super::future_class::class()) || class.is(super::task_class::class())
}

/// Whether the methods by which a task waits for a future are those of `Future`.
fn overrides_nothing(future: &Obj) -> bool {
    let (class, original) = (class_of(future), super::future_class::class());
    let same = |name: &Py<PyStr>| match (class.lookup_lent(name), original.lookup_lent(name)) {
        (Some(one), Some(other)) => one.is(&other),
        _ => false,
    };
    is_exact(future)
        || same(&istr!("_asyncio_future_blocking"))
            && same(&istr!("add_done_callback"))
            && same(&istr!("get_loop"))
            && same(&istr!("result"))
}

/// `future.cancel(msg=message)`.
pub fn cancel_other(future: &Obj, message: Option<Obj>) -> PyResult<bool> {
    let method = counted::getattr(future, "cancel")?;
    let names = [istr!("msg").into_obj()];
    let values = [message.unwrap_or_else(none)];
    let result = call_args(&method, &Args::with_keywords(&[], &names, &values))?.into_strong();
    is_true(&result)
}

/// The future that the task waits for is done.
fn wakeup(task: &Obj, future: &Obj) -> PyResult<()> {
    let outcome = match future.downcast::<PyFuture>() {
        Some(native) => {
            native.discard_waiter(task);
            if overrides_nothing(future) {
                native.outcome()
            } else {
                counted::call_method(future, "result", &[])
            }
        }
        None => counted::call_method(future, "result", &[]),
    };
    match outcome {
        Ok(_) => step(task, None),
        Err(Raised) => step(task, Some(take_raised())),
    }
}

/// Schedules the first step and makes the task known.
pub fn schedule(task: &Obj) -> PyResult<()> {
    let this = receiver::<PyFuture>(task)?;
    let part = this.part()?;
    call_soon(&this.alive()?, &callback(task, Action::Step, None), None, part.context.load().as_ref())?;
    part.registered.store(true, Ordering::Relaxed);
    running::register_native(task)
}

/// Does the first step at once.
pub fn start_eagerly(task: &Obj) -> PyResult<()> {
    let this = receiver::<PyFuture>(task)?;
    let part = this.part()?;
    let event_loop = this.alive()?;
    let before = running::swap_current_task(&event_loop, Some(task.clone()))?;
    part.registered.store(true, Ordering::Relaxed);
    running::register_native(task)?;
    let context = part.context.load().unwrap_or_else(none);
    let result = match context.downcast::<PyContext>() {
        Some(native) => _contextvars::run_in(&context, native, || drive(task, None)),
        None => Err(type_error("an eager task needs a Context")),
    };
    let pending = if result.is_err() { Some(take_raised()) } else { None };
    let swapped = running::swap_current_task(&event_loop, before).map(drop);
    if this.is_done() {
        drop(part.coroutine.take());
    }
    match pending {
        Some(pending) => {
            if swapped.is_err() {
                drop(take_raised());
            }
            Err(set_raised(pending))
        }
        None => swapped,
    }
}
