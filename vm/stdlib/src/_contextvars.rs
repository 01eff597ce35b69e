//! `_contextvars`: variables with a value for each context.
//!
//! A context's values are in a dict that copies share until one of them is changed: a shared dict is never written. A copy marks the dict as
//! shared under the context's lock, and an unshared dict is written under that lock.

pub mod token;
pub mod variable;

use taipan_objects::dict::{PyDict, views};
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};
use taipan_objects::watch::context;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::native_class;
use crate::native_class::{class_argument, receiver};
use variable::PyContextVar;

struct Values {
    dict: Py<PyDict>,
    /// Another context has the same dict.
    shared: bool,
    /// The variable that was read last, and its value, as long as no variable is set.
    last: Option<(Obj, Obj)>,
}

impl TraceField for Values {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.dict.trace_field(tracer);
        if let Some((variable, value)) = &self.last {
            variable.trace_field(tracer);
            value.trace_field(tracer);
        }
    }
}

/// A `Context`.
#[repr(C)]
pub struct PyContext {
    header: Header,
    values: ShortMutex<Values>,
    /// Some thread runs in it.
    entered: AtomicBool,
}
layout!(PyContext, "_contextvars.Context", [values]);

native_class!(
    /// `contextvars.Context`.
    pub fn class() = TypeBuilder::new("_contextvars.Context", PyContext::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots {
            new: Some(construct),
            richcompare: Some(compare),
            iter: Some(|obj| Ok(views::key_iter(&receiver::<PyContext>(obj)?.shared()))),
            len: Some(|obj| Ok(receiver::<PyContext>(obj)?.shared().len())),
            getitem: Some(|obj, key| receiver::<PyContext>(obj)?.find(key)?.ok_or_else(|| key_error(key.clone()))),
            contains: Some(|obj, key| Ok(receiver::<PyContext>(obj)?.find(key)?.is_some())),
            ..TypeSlots::EMPTY
        })
        .methods(PyContext::methods())
        .make()
);

fn make(dict: Py<PyDict>, shared: bool) -> Py<PyContext> {
    let values = ShortMutex::new(Values { dict, shared, last: None });
    new_instance(class(), |header| PyContext { header, values, entered: AtomicBool::new(false) })
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    class_argument::<PyContext>(class)?;
    if !args.positional.is_empty() || args.has_keywords() {
        return Err(type_error("Context() does not accept any arguments"));
    }
    Ok(make(PyDict::new(), false).into_obj())
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyContext>(), b.downcast::<PyContext>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    protocol::rich_compare(x.shared().as_obj(), y.shared().as_obj(), op)
}

/// The calling thread's context, made when first asked for.
pub fn current() -> Py<PyContext> {
    let slot = &taipan_vm::thread::current().context;
    if let Some(context) = slot.load().and_then(|c| c.into_py::<PyContext>().ok()) {
        return context;
    }
    let context = make(PyDict::new(), false);
    context.entered.store(true, Ordering::Relaxed);
    drop(slot.replace(Some(context.as_obj().clone())));
    context
}

/// What a variable is in the calling thread's context.
pub fn current_value(variable: &Obj) -> PyResult<Option<Obj>> {
    // Only this thread puts another context into the slot, which keeps this one meanwhile.
    if let Some(context) = taipan_vm::thread::current().context.load_uncounted()
        && let Some(context) = context.downcast::<PyContext>()
        && let Some((last, value)) = &context.values.lock().last
        && last.is(variable)
    {
        return Ok(Some(value.clone()));
    }
    current().value(variable)
}

/// What `look` says of the value of a variable in the calling thread's context, if that is the variable that was read there last. For values
/// that are asked for at every operation: nothing of the value is counted.
///
/// `look` drops nothing, locks nothing and runs no Python code.
#[inline]
pub fn look_at_last<R>(variable: &Obj, look: impl FnOnce(&Obj) -> Option<R>) -> Option<R> {
    let context = taipan_vm::thread::current().context.load_here()?;
    let values = context.downcast::<PyContext>()?.values.lock();
    match &values.last {
        Some((last, value)) if last.is(variable) => look(value),
        _ => None,
    }
}

/// A copy of the calling thread's context.
pub fn copy_of_current() -> Obj {
    make(current().shared(), true).into_obj()
}

/// Sets or deletes a variable in a dict that nobody else uses at the moment, and returns its former value.
fn write(dict: &PyDict, variable: &Obj, value: Option<&Obj>) -> PyResult<Option<Obj>> {
    let old = dict.get(variable)?.map(IntoStrong::into_strong);
    match value {
        Some(value) => dict.set(variable.clone(), value.clone())?,
        None => drop(dict.delete(variable)?),
    }
    Ok(old)
}

impl PyContext {
    /// The values as they are now; not to be written.
    fn shared(&self) -> Py<PyDict> {
        let mut values = self.values.lock();
        values.shared = true;
        values.dict.clone()
    }
    /// The value of a variable.
    pub fn value(&self, variable: &Obj) -> PyResult<Option<Obj>> {
        let mut values = self.values.lock();
        if let Some((last, value)) = &values.last
            && last.is(variable)
        {
            return Ok(Some(value.clone()));
        }
        // Variables are compared by identity: no Python code runs.
        let found = values.dict.get(variable)?.map(IntoStrong::into_strong);
        let former = found.as_ref().and_then(|value| values.last.replace((variable.clone(), value.clone())));
        drop(values);
        drop(former);
        Ok(found)
    }
    /// Sets or deletes a variable and returns its former value.
    pub fn replace(&self, variable: &Obj, value: Option<Obj>) -> PyResult<Option<Obj>> {
        let value = value.map(IntoStrong::into_strong);
        let shared = {
            let mut values = self.values.lock();
            if !values.shared {
                // Whoever else looks at this dict does it under the lock, too: its own is free. And nothing is dropped for good.
                let last = values.last.take();
                let old = write(&values.dict, variable, value.as_ref());
                drop(values);
                drop(last);
                return old;
            }
            values.dict.clone()
        };
        // Only threads that run in this context come here: one. So the dict stays what the context has; who copies it meanwhile has the
        // values from before.
        let fresh = shared.copy();
        let old = write(&fresh, variable, value.as_ref())?;
        let former = {
            let mut values = self.values.lock();
            values.shared = false;
            (std::mem::replace(&mut values.dict, fresh), values.last.take())
        };
        drop(former);
        Ok(old)
    }
    /// The value of a key that has to be a variable.
    fn find(&self, key: &Obj) -> PyResult<Option<Obj>> {
        if !key.is_layout::<PyContextVar>() {
            return Err(type_error(format!(
                "a ContextVar key was expected, got {}",
                protocol::repr_string(key)?
            )));
        }
        self.value(key)
    }
}

/// Runs `act` in the context `slf`, which is `this`.
pub fn run_in<R>(slf: &Obj, this: &PyContext, act: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    if this.entered.swap(true, Ordering::AcqRel) {
        return Err(runtime_error(format!(
            "cannot enter context: {} is already entered",
            protocol::repr_string(slf)?
        )));
    }
    let slot = &taipan_vm::thread::current().context;
    let outer = slot.replace(Some(slf.clone()));
    context::switched(Some(slf));
    let result = act();
    let told = outer.clone();
    let inner = taipan_vm::thread::current().context.replace(outer);
    this.entered.store(false, Ordering::Release);
    // With the result or the exception on its way kept.
    context::switched(told.as_ref());
    drop(inner);
    result
}

#[pymethods(class = "Context")]
impl PyContext {
    /// Calls a function in this context.
    #[pymethod(sig = "(*args, **kwargs)", text = "")]
    fn run(slf: &Obj, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        let Some((callable, args)) = args.split_first() else {
            return Err(type_error("run() missing 1 required positional argument"));
        };
        let this = receiver::<PyContext>(slf)?;
        let (names, values): (Vec<Obj>, Vec<Obj>) =
            kwargs.iter().map(|(n, v)| (n.clone(), v.clone())).unzip();
        run_in(slf, this, || {
            let args = Args::with_keywords(args, &names, &values);
            protocol::call_args(callable, &args).map(IntoStrong::into_strong)
        })
    }
    /// A copy.
    #[pymethod]
    fn copy(&self) -> Obj {
        make(self.shared(), true).into_obj()
    }
    /// The value of a variable, or the default.
    #[pymethod(sig = "(key, default=None, /)")]
    fn get(&self, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        Ok(self.find(key)?.or_else(|| default.cloned()).unwrap_or_else(none))
    }
    /// An iterator over the variables and their values.
    #[pymethod]
    fn items(&self) -> PyResult<Obj> {
        protocol::iter(&views::items_view(&self.shared()))
    }
    /// An iterator over the variables.
    #[pymethod]
    fn keys(&self) -> PyResult<Obj> {
        protocol::iter(&views::keys_view(&self.shared()))
    }
    /// An iterator over the values.
    #[pymethod]
    fn values(&self) -> PyResult<Obj> {
        protocol::iter(&views::values_view(&self.shared()))
    }
}

/// Context Variables
#[pymodule(name = "_contextvars")]
mod items {
    use super::*;

    #[pyattr(name = "Context")]
    fn context_class() -> Obj {
        class().as_obj().clone()
    }
    #[pyattr(name = "ContextVar")]
    fn variable_class() -> Obj {
        variable::class().as_obj().clone()
    }
    #[pyattr(name = "Token")]
    fn token_class() -> Obj {
        token::class().as_obj().clone()
    }
    /// A copy of the current context.
    #[pyfunction]
    fn copy_context() -> Obj {
        copy_of_current()
    }
}
