//! Handles: a function that a loop is to call, its arguments and the context. `asyncio.events` takes its `Handle` and `TimerHandle` from here.
//!
//! A handle may be canceled by one thread while another one runs it: everything is in slots and atomics, and whoever calls the function holds what
//! it has read.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::{PyTuple, exact_tuple};
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::future_class::context_or_copy;
use super::gathering::PyGathering;
use super::task::PyTaskCall;
use super::{event_loop, python};
use crate::_contextvars::{self, PyContext};
use crate::counted;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A `Handle` or `TimerHandle`.
#[repr(C)]
pub struct PyHandle {
    header: Header,
    callback: Slot,
    args: Slot,
    context: Slot,
    event_loop: Slot,
    source_traceback: Slot,
    /// The representation, kept by a canceled handle in debug mode.
    repr: Slot,
    /// When a timer is due.
    when: Slot,
    cancelled: AtomicBool,
    /// Whether a timer is in its loop's heap.
    scheduled: AtomicBool,
}
layout!(PyHandle, "Handle", [callback, args, context, event_loop, source_traceback, repr, when]);

native_class!(
    /// `asyncio.events.Handle`.
    pub fn class() = TypeBuilder::new("asyncio.events.Handle", PyHandle::ops())
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(|slf, args| initialize(receiver(slf)?, args)),
            repr: Some(represent),
            ..TypeSlots::EMPTY
        })
        .methods(PyHandle::methods())
        .getset(PyHandle::getset())
        .doc("Object returned by callback registration methods.")
        .make()
);
native_class!(
    /// `asyncio.events.TimerHandle`.
    pub fn timer_class() = TypeBuilder::new("asyncio.events.TimerHandle", PyHandle::ops())
        .base(class())
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(|slf, args| initialize_timer(receiver(slf)?, args)),
            repr: Some(represent),
            richcompare: Some(compare),
            hash: Some(|slf| protocol::hash(&or_none(&receiver::<PyHandle>(slf)?.when))),
            ..TypeSlots::EMPTY
        })
        .methods(PyHandle::timer_methods())
        .getset(PyHandle::timer_getset())
        .doc("Object returned by timed callback registration methods.")
        .make()
);

fn or_none(slot: &Slot) -> Obj {
    slot.load().unwrap_or_else(none)
}

fn fresh(class: &PyType) -> Py<PyHandle> {
    new_instance(class, |header| PyHandle {
        header,
        callback: Slot::empty(),
        args: Slot::empty(),
        context: Slot::empty(),
        event_loop: Slot::empty(),
        source_traceback: Slot::empty(),
        repr: Slot::empty(),
        when: Slot::empty(),
        cancelled: AtomicBool::new(false),
        scheduled: AtomicBool::new(false),
    })
}

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    Ok(fresh(class_argument::<PyHandle>(class)?).into_obj())
}

/// A handle of a loop that is not in debug mode.
pub fn new(callback: &Obj, args: Py<PyTuple>, event_loop: &Obj, context: Obj) -> Obj {
    new_instance(class(), |header| PyHandle {
        header,
        callback: Slot::new(callback.clone()),
        args: Slot::new(args.into_obj()),
        context: Slot::new(context),
        event_loop: Slot::new(event_loop.clone()),
        source_traceback: Slot::empty(),
        repr: Slot::empty(),
        when: Slot::empty(),
        cancelled: AtomicBool::new(false),
        scheduled: AtomicBool::new(false),
    })
    .into_obj()
}

#[pyargs(name = "Handle", sig = "(callback, args, loop, context=None)")]
fn initialize(
    this: &PyHandle,
    callback: &Obj,
    args: &Obj,
    event_loop: &Obj,
    context: Option<&Obj>,
) -> PyResult<()> {
    this.fill(callback, args, event_loop, context)
}

#[pyargs(name = "TimerHandle", sig = "(when, callback, args, loop, context=None)")]
fn initialize_timer(
    this: &PyHandle,
    when: &Obj,
    callback: &Obj,
    args: &Obj,
    event_loop: &Obj,
    context: Option<&Obj>,
) -> PyResult<()> {
    this.fill(callback, args, event_loop, context)?;
    drop(this.when.replace(Some(when.clone())));
    this.scheduled.store(false, Ordering::Relaxed);
    Ok(())
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let kept = or_none(&receiver::<PyHandle>(slf)?.repr);
    if !is_none(&kept) {
        return Ok(kept);
    }
    let parts = counted::call_method(slf, "_repr_info", &[])?;
    let text = counted::call_method(&str_obj(" "), "join", &[parts])?;
    Ok(str_obj(&format!("<{}>", str_string(&text)?)))
}

fn as_timer(obj: &Obj) -> Option<&PyHandle> {
    obj.downcast::<PyHandle>().filter(|_| class_of(obj).is_subtype(timer_class()))
}

fn equals(a: &PyHandle, b: &PyHandle) -> PyResult<bool> {
    for (one, other) in [(&a.when, &b.when), (&a.callback, &b.callback), (&a.args, &b.args)] {
        if !protocol::eq(&or_none(one), &or_none(other))? {
            return Ok(false);
        }
    }
    Ok(a.is_cancelled() == b.is_cancelled())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(one), Some(other)) = (as_timer(a), as_timer(b)) else { return Ok(not_implemented()) };
    let by_time = |op| {
        let result = protocol::rich_compare(&or_none(&one.when), &or_none(&other.when), op)?;
        is_true(&result.into_strong())
    };
    match op {
        CompareOp::Eq => equals(one, other)?,
        CompareOp::Ne => !equals(one, other)?,
        CompareOp::Lt | CompareOp::Gt => by_time(op)?,
        CompareOp::Le => by_time(CompareOp::Lt)? || equals(one, other)?,
        CompareOp::Ge => by_time(CompareOp::Gt)? || equals(one, other)?,
    }
    .into_py()
}

/// `callback(*args)`, without a detour for what the module itself has scheduled.
fn call_back(callback: &Obj, args: &[Obj]) -> PyResult<()> {
    if let Some(call) = callback.downcast::<PyTaskCall>() {
        return call.perform(args);
    }
    if let (Some(gathering), [child]) = (callback.downcast::<PyGathering>(), args) {
        return gathering.child_done(child);
    }
    counted::call(callback, args).map(drop)
}

impl PyHandle {
    fn fill(&self, callback: &Obj, args: &Obj, event_loop: &Obj, context: Option<&Obj>) -> PyResult<()> {
        drop(self.context.replace(Some(context_or_copy(context))));
        drop(self.event_loop.replace(Some(event_loop.clone())));
        drop(self.callback.replace(Some(callback.clone())));
        drop(self.args.replace(Some(args.clone())));
        self.cancelled.store(false, Ordering::Relaxed);
        drop(self.repr.take());
        let stack = match event_loop::is_debugging(event_loop)? {
            true => Some(counted::call(&python::callers_stack()?, &[])?),
            false => None,
        };
        drop(self.source_traceback.replace(stack));
        Ok(())
    }
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
    /// Whether running it is [`PyHandle::call`], because the class is none of the program's.
    pub fn is_plain(slf: &Obj) -> bool {
        let own = class_of(slf);
        own.is(class()) || own.is(timer_class())
    }
    /// Calls the function. An exception is told to the loop, if it is not one that ends the program.
    pub fn call(&self, slf: &Obj) -> PyResult<()> {
        let (callback, args) = (or_none(&self.callback), or_none(&self.args));
        let context = or_none(&self.context);
        let result = match (context.downcast::<PyContext>(), exact_tuple(&args)) {
            (Some(native), Some(args)) => {
                _contextvars::run_in(&context, native, || call_back(&callback, args.as_slice()))
            }
            _ => {
                let mut all = vec![callback];
                all.extend(protocol::collect(&args)?);
                counted::call_method(&context, "run", &all).map(drop)
            }
        };
        if result.is_ok() || raised_is(&types().system_exit) || raised_is(&types().keyboard_interrupt) {
            return result;
        }
        let exception = take_raised();
        counted::call(&python::handle_failed()?, &[slf.clone(), exception]).map(drop)
    }
    fn cancel_it(&self, slf: &Obj) -> PyResult<()> {
        if self.cancelled.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        if event_loop::is_debugging(&or_none(&self.event_loop))? {
            let text = repr(slf)?.into_obj();
            drop(self.repr.replace(Some(text)));
        }
        drop(self.callback.replace(None));
        drop(self.args.replace(None));
        Ok(())
    }
}

fn flag(value: Option<&Obj>) -> PyResult<bool> {
    value.map_or(Ok(false), is_true)
}

#[pymethods(class = "Handle")]
impl PyHandle {
    #[pymethod]
    fn _repr_info(slf: &Obj) -> PyResult<Obj> {
        counted::call1(&python::handle_info()?, slf)
    }
    /// The context that the function is called in.
    #[pymethod]
    fn get_context(&self) -> Obj {
        or_none(&self.context)
    }
    /// Has the function not be called.
    #[pymethod]
    fn cancel(slf: &Obj) -> PyResult<()> {
        receiver::<PyHandle>(slf)?.cancel_it(slf)
    }
    /// Whether it was canceled.
    #[pymethod]
    fn cancelled(&self) -> bool {
        self.is_cancelled()
    }
    #[pymethod]
    fn _run(slf: &Obj) -> PyResult<()> {
        receiver::<PyHandle>(slf)?.call(slf)
    }
    #[pygetset]
    fn _callback(&self) -> Obj {
        or_none(&self.callback)
    }
    #[pygetset(setter = "_callback")]
    fn set_callback(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.callback.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _args(&self) -> Obj {
        or_none(&self.args)
    }
    #[pygetset(setter = "_args")]
    fn set_args(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.args.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _context(&self) -> Obj {
        or_none(&self.context)
    }
    #[pygetset(setter = "_context")]
    fn set_context(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.context.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _loop(&self) -> Obj {
        or_none(&self.event_loop)
    }
    #[pygetset(setter = "_loop")]
    fn set_loop(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.event_loop.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _source_traceback(&self) -> Obj {
        or_none(&self.source_traceback)
    }
    #[pygetset(setter = "_source_traceback")]
    fn set_source_traceback(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.source_traceback.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _repr(&self) -> Obj {
        or_none(&self.repr)
    }
    #[pygetset(setter = "_repr")]
    fn set_repr(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.repr.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _cancelled(&self) -> bool {
        self.is_cancelled()
    }
    #[pygetset(setter = "_cancelled")]
    fn set_cancelled(&self, value: Option<&Obj>) -> PyResult<()> {
        self.cancelled.store(flag(value)?, Ordering::Relaxed);
        Ok(())
    }
}

#[pymethods(class = "TimerHandle", part = "timer")]
impl PyHandle {
    #[pymethod(name = "_repr_info")]
    fn timer_info(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyHandle>(slf)?;
        let parts = counted::call1(&python::handle_info()?, slf)?;
        let when = str_obj(&format!("when={}", repr_string_of(&this.when)?));
        let at = int_obj(1 + i64::from(this.is_cancelled()));
        counted::call_method(&parts, "insert", &[at, when])?;
        Ok(parts)
    }
    /// Has the function not be called.
    #[pymethod(name = "cancel")]
    fn cancel_timer(slf: &Obj) -> PyResult<()> {
        let this = receiver::<PyHandle>(slf)?;
        if !this.is_cancelled() {
            counted::call_method(
                &or_none(&this.event_loop),
                "_timer_handle_cancelled",
                std::slice::from_ref(slf),
            )?;
        }
        this.cancel_it(slf)
    }
    /// When the function is called, by the loop's clock.
    #[pymethod(name = "when")]
    fn due(&self) -> Obj {
        or_none(&self.when)
    }
    #[pygetset(name = "_when")]
    fn due_time(&self) -> Obj {
        or_none(&self.when)
    }
    #[pygetset(setter = "_when")]
    fn set_due_time(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.when.replace(value.cloned()));
        Ok(())
    }
    #[pygetset]
    fn _scheduled(&self) -> bool {
        self.scheduled.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "_scheduled")]
    fn set_scheduled(&self, value: Option<&Obj>) -> PyResult<()> {
        self.scheduled.store(flag(value)?, Ordering::Relaxed);
        Ok(())
    }
}

fn repr_string_of(slot: &Slot) -> PyResult<String> {
    str_string(&or_none(slot))
}
