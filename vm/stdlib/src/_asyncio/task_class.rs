//! The class `Task`.

use taipan_objects::generator::PyGenerator;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::str::is_exact_str;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicI64, Ordering};

use super::future::{PENDING, PyFuture, report};
use super::future_class::context_or_copy;
use super::task::{self, TaskPart};
use super::{event_loop, python};
use crate::counted;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

native_class!(
    /// `_asyncio.Task`.
    pub fn class() = TypeBuilder::new("_asyncio.Task", PyFuture::ops())
        .text_signature("(coro, *, loop=None, name=None, context=None, eager_start=False)")
        .base(super::future_class::class())
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(initialize),
            repr: Some(represent),
            del: Some(finalize),
            ..TypeSlots::EMPTY
        })
        .methods(PyFuture::task_methods())
        .getset(PyFuture::task_getset())
        .doc("A coroutine wrapped in a Future.")
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyFuture>(class)?;
    let part = Some(Box::<TaskPart>::default());
    Ok(new_instance(class, |header| PyFuture::new(header, part)).into_obj())
}

/// The number of the last task that was not given a name.
static LAST_NUMBER: AtomicI64 = AtomicI64::new(0);

/// Whether the object is a coroutine of an `async def` function.
pub fn is_native_coroutine(obj: &Obj) -> bool {
    obj.is_layout::<PyGenerator>() && class_of(obj).is(&types().coroutine)
}

/// `Task(coroutine, loop=event_loop, eager_start=eager)`.
pub fn create(coroutine: &Obj, event_loop: &Obj, eager: bool) -> PyResult<Obj> {
    let task = construct(class().as_obj(), &Args::EMPTY)?;
    begin(&task, coroutine, Some(event_loop), None, None, eager)?;
    Ok(task)
}

fn is_coroutine(obj: &Obj) -> PyResult<bool> {
    if is_native_coroutine(obj) {
        return Ok(true);
    }
    let answer = counted::call1(&python::is_coroutine()?, obj)?;
    is_true(&answer)
}

fn name_text(name: &Obj) -> PyResult<Obj> {
    if is_exact_str(name) { Ok(name.clone()) } else { Ok(str(name)?.into_obj()) }
}

#[pyargs(name = "Task", sig = "(coro, *, loop=None, name=None, context=None, eager_start=False)")]
fn initialize(
    slf: &Obj,
    coro: &Obj,
    event_loop: Option<&Obj>,
    name: Option<&Obj>,
    context: Option<&Obj>,
    eager_start: bool,
) -> PyResult<()> {
    begin(slf, coro, event_loop, name, context, eager_start)
}

fn begin(
    slf: &Obj,
    coro: &Obj,
    event_loop: Option<&Obj>,
    name: Option<&Obj>,
    context: Option<&Obj>,
    eager_start: bool,
) -> PyResult<()> {
    let this = receiver::<PyFuture>(slf)?;
    let part = this.part()?;
    this.initialize(event_loop)?;
    if !is_coroutine(coro)? {
        part.silent.store(true, Ordering::Relaxed);
        return Err(type_error(format!("a coroutine was expected, got {}", repr_string(coro)?)));
    }
    drop(part.context.replace(Some(context_or_copy(context))));
    drop(part.waits_for.take());
    part.must_cancel.store(false, Ordering::Relaxed);
    part.silent.store(false, Ordering::Relaxed);
    part.cancellations.store(0, Ordering::Relaxed);
    drop(part.coroutine.replace(Some(coro.clone())));
    let name = match name.filter(|n| !is_none(n)) {
        Some(name) => name_text(name)?,
        // The text is made when somebody asks for it.
        None => int_obj(LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1),
    };
    drop(part.name.replace(Some(name)));
    if eager_start {
        if event_loop::is_running(&this.alive()?)? {
            return task::start_eagerly(slf);
        }
    }
    task::schedule(slf)
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    counted::call1(&python::task_repr()?, slf)
}

fn report_pending(this: &PyFuture, slf: &Obj) -> PyResult<()> {
    let part = this.part()?;
    let Some(event_loop) = this.event_loop.load() else { return Ok(()) };
    if this.state() != PENDING || part.silent.load(Ordering::Relaxed) {
        return Ok(());
    }
    let context = dict_obj();
    context.set_str("task", slf.clone());
    context.set_str("message", str_obj("Task was destroyed but it is pending!"));
    if let Some(source) = this.source_traceback.load() {
        context.set_str("source_traceback", source);
    }
    counted::call_method(&event_loop, "call_exception_handler", &[context.into_obj()]).map(drop)
}

fn finalize(slf: &Obj) -> PyResult<()> {
    let this = receiver::<PyFuture>(slf)?;
    report(report_pending(this, slf), slf);
    report(this.report_unretrieved(slf), slf);
    Ok(())
}

fn or_none(slot: &Slot) -> Obj {
    slot.load().unwrap_or_else(none)
}

#[pymethods(class = "_asyncio.Task", part = "task")]
impl PyFuture {
    /// Request that this task cancel itself.
    #[pymethod(name = "cancel", sig = "(msg=None)")]
    fn cancel_task(slf: &Obj, msg: Option<&Obj>) -> PyResult<bool> {
        let this = receiver::<PyFuture>(slf)?;
        let part = this.part()?;
        this.log_traceback.store(false, Ordering::Relaxed);
        if this.is_done() {
            return Ok(false);
        }
        part.cancellations.fetch_add(1, Ordering::Relaxed);
        if let Some(future) = part.waits_for.load()
            && task::cancel_other(&future, msg.cloned())?
        {
            // It stays: it may be a task that ignores the cancellation and has to be cancelled again.
            return Ok(true);
        }
        part.must_cancel.store(true, Ordering::Relaxed);
        drop(this.cancel_message.replace(msg.cloned()));
        Ok(true)
    }
    /// Return the count of the task's cancellation requests.
    #[pymethod]
    fn cancelling(&self) -> PyResult<i64> {
        Ok(self.part()?.cancellations.load(Ordering::Relaxed))
    }
    /// Decrement the task's count of cancellation requests.
    #[pymethod]
    fn uncancel(&self) -> PyResult<i64> {
        let part = self.part()?;
        let less = |n: i64| if n > 0 { Some(n - 1) } else { None };
        match part.cancellations.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(before) => {
                if before == 1 {
                    part.must_cancel.store(false, Ordering::Relaxed);
                }
                Ok(before - 1)
            }
            Err(now) => Ok(now),
        }
    }
    /// Return the list of stack frames for this task's coroutine.
    #[pymethod(sig = "(*, limit=None)")]
    fn get_stack(slf: &Obj, limit: Option<&Obj>) -> PyResult<Obj> {
        let limit = limit.cloned().unwrap_or_else(none);
        counted::call(&python::task_get_stack()?, &[slf.clone(), limit])
    }
    /// Print the stack or traceback for this task's coroutine.
    #[pymethod(sig = "(*, limit=None, file=None)")]
    fn print_stack(slf: &Obj, limit: Option<&Obj>, file: Option<&Obj>) -> PyResult<Obj> {
        let or = |obj: Option<&Obj>| obj.cloned().unwrap_or_else(none);
        counted::call(&python::task_print_stack()?, &[slf.clone(), or(limit), or(file)])
    }
    #[pymethod(name = "set_result", sig = "(result, /)")]
    fn refuse_result(&self, result: &Obj) -> PyResult<()> {
        let _ = result;
        Err(runtime_error("Task does not support set_result operation"))
    }
    #[pymethod(name = "set_exception", sig = "(exception, /)")]
    fn refuse_exception(&self, exception: &Obj) -> PyResult<()> {
        let _ = exception;
        Err(runtime_error("Task does not support set_exception operation"))
    }
    #[pymethod]
    fn get_coro(&self) -> PyResult<Obj> {
        Ok(or_none(&self.part()?.coroutine))
    }
    #[pymethod]
    fn get_context(&self) -> PyResult<Obj> {
        Ok(or_none(&self.part()?.context))
    }
    #[pymethod]
    fn get_name(&self) -> PyResult<Obj> {
        let part = self.part()?;
        let name = or_none(&part.name);
        if taipan_objects::int::int_ref(&name).is_none() {
            return Ok(name);
        }
        let text = str_obj(&format!("Task-{}", str_string(&name)?));
        drop(part.name.replace(Some(text.clone())));
        Ok(text)
    }
    #[pymethod(sig = "(value, /)")]
    fn set_name(&self, value: &Obj) -> PyResult<()> {
        let name = name_text(value)?;
        drop(self.part()?.name.replace(Some(name)));
        Ok(())
    }
    #[pygetset]
    fn _coro(&self) -> PyResult<Obj> {
        Ok(or_none(&self.part()?.coroutine))
    }
    #[pygetset]
    fn _fut_waiter(&self) -> PyResult<Obj> {
        Ok(or_none(&self.part()?.waits_for))
    }
    #[pygetset]
    fn _must_cancel(&self) -> PyResult<bool> {
        Ok(self.part()?.must_cancel.load(Ordering::Relaxed))
    }
    #[pygetset]
    fn _log_destroy_pending(&self) -> PyResult<bool> {
        Ok(!self.part()?.silent.load(Ordering::Relaxed))
    }
    #[pygetset(setter = "_log_destroy_pending")]
    fn set_log_destroy_pending(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(attribute_error("cannot delete attribute")) };
        let loud = is_true(value)?;
        self.part()?.silent.store(!loud, Ordering::Relaxed);
        Ok(())
    }
}
