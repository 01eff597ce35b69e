//! `asyncio.gather()` of coroutines and native futures in a plain loop: one object collects what the children come to.
//!
//! It is the callback of every child, called by the loop as any callback. Children may be completed by other threads, so what is
//! left is counted atomically.

use rustc_hash::FxHashSet;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::future::{CANCELLED, PENDING, PyFuture};
use super::future_class::context_or_copy;
use super::{event_loop, python, running, task, task_class};
use crate::counted;
use crate::native_class;
use crate::native_class::receiver;

/// What gathers the results of children.
#[repr(C)]
pub struct PyGathering {
    header: Header,
    /// A list, one future for each argument.
    children: Obj,
    /// The future that the caller gets.
    outer: Slot,
    /// The task that waits for all.
    waiter: Option<Obj>,
    /// Children that are not done.
    left: AtomicUsize,
    return_exceptions: bool,
}
layout!(PyGathering, "gather.<locals>._done_callback", [children, outer, waiter]);

native_class!(
    fn class() = TypeBuilder::new("asyncio.tasks.gathering", PyGathering::ops())
        .slots(TypeSlots { call: Some(call), ..TypeSlots::EMPTY })
        .getset(PyGathering::getset())
        .no_instantiation()
        .make()
);

fn call(slf: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyGathering>(slf)?;
    match args.positional {
        [child] if !args.has_keywords() => this.child_done(child)?,
        _ => return Err(type_error("_done_callback() takes exactly one argument")),
    }
    Ok(none())
}

#[pymethods(class = "gathering")]
impl PyGathering {
    #[pygetset(name = "__qualname__")]
    fn qualified_name(&self) -> &'static str {
        "gather.<locals>._done_callback"
    }
}

/// What a future came to, not counting as a look at its exception.
fn exception_of(future: &PyFuture) -> PyResult<Option<Obj>> {
    if future.state() == CANCELLED {
        return future.cancelled_error().map(Some);
    }
    future.log_traceback.store(false, Ordering::Relaxed);
    Ok(future.exception.load())
}

impl PyGathering {
    fn children(&self) -> Vec<Obj> {
        self.children.downcast::<PyList>().map(PyList::to_vec).unwrap_or_default()
    }
    /// A child is done: completes the outer future if it was the last, or has failed.
    pub fn child_done(&self, child: &Obj) -> PyResult<()> {
        let is_last = self.left.fetch_sub(1, Ordering::AcqRel) == 1;
        let future = receiver::<PyFuture>(child)?;
        if let Some(waiter) = &self.waiter {
            future.discard_waiter(waiter);
        }
        let outer = self.outer.load();
        let Some((outer, promise)) = outer.as_ref().and_then(|o| Some((o, o.downcast::<PyFuture>()?))) else {
            return Ok(());
        };
        if promise.is_done() {
            future.log_traceback.store(false, Ordering::Relaxed);
            return Ok(());
        }
        if !self.return_exceptions
            && let Some(exception) = exception_of(future)?
        {
            promise.fail(outer, &exception)?;
            if let Some(waiter) = &self.waiter {
                // Nobody waits for the others any more.
                self.children()
                    .iter()
                    .filter_map(|c| c.downcast::<PyFuture>())
                    .for_each(|c| c.discard_waiter(waiter));
            }
            return Ok(());
        }
        if !is_last {
            return Ok(());
        }
        let results = self.results()?;
        let requested = counted::getattr(outer, "_cancel_requested")?;
        match is_true(&requested)? {
            true => promise.fail(outer, &future.cancelled_error()?),
            false => promise.finish(outer, list_obj(results)),
        }
    }
    fn results(&self) -> PyResult<Vec<Obj>> {
        let mut children = self.children();
        for child in &mut children {
            let future = receiver::<PyFuture>(child)?;
            let result = if future.state() == CANCELLED {
                let message = future.cancel_message.load().filter(|message| !is_none(message));
                counted::call(&python::cancelled_error()?, &[message.unwrap_or_else(|| str_obj(""))])?
            } else {
                match exception_of(future)? {
                    Some(exception) => exception,
                    None => future.result.load().unwrap_or_else(none),
                }
            };
            *child = result;
        }
        Ok(children)
    }
}

/// `gather(*arguments)` if it can be done here: with arguments of known classes and a plain loop.
pub fn gather(arguments: &[Obj], return_exceptions: bool) -> PyResult<Option<Obj>> {
    let Some(event_loop) = running::running_loop() else { return Ok(None) };
    let Some(factory) = event_loop::open_factory(&event_loop) else { return Ok(None) };
    let eager = !is_none(&factory);
    if arguments.is_empty()
        || eager && !factory.is(&python::eager_task_factory()?)
        || !event_loop::makes_native_tasks()?
    {
        return Ok(None);
    }
    let mut seen = FxHashSet::default();
    for argument in arguments {
        let fits = match argument.downcast::<PyFuture>().filter(|_| task::is_exact(argument)) {
            Some(future) => future.event_loop.load_uncounted().is_some_and(|own| own.is(&event_loop)),
            None => task_class::is_native_coroutine(argument),
        };
        if !fits || !seen.insert(argument.value().counted().bits()) {
            return Ok(None);
        }
    }
    gather_all(&event_loop, eager, arguments, return_exceptions).map(Some)
}

fn child_of(event_loop: &Obj, eager: bool, argument: &Obj) -> PyResult<Obj> {
    if argument.is_layout::<PyFuture>() {
        return Ok(argument.clone());
    }
    match task_class::create(argument, event_loop, eager) {
        Ok(task) => {
            // Nobody else has it: there is nobody to tell that it is destroyed.
            if let Some(part) = task.downcast::<PyFuture>().and_then(|future| future.task.as_ref()) {
                part.silent.store(true, Ordering::Relaxed);
            }
            Ok(task)
        }
        Err(Raised) => {
            if raised_is(&types().runtime_error) {
                let error = take_raised();
                counted::call_method(argument, "close", &[])?;
                return Err(set_raised(error));
            }
            Err(Raised)
        }
    }
}

fn gather_all(event_loop: &Obj, eager: bool, arguments: &[Obj], return_exceptions: bool) -> PyResult<Obj> {
    let waiter = running::current_task(event_loop);
    let children = PyList::new(Vec::with_capacity(arguments.len()));
    let gathering = new_instance(class(), |header| PyGathering {
        header,
        children: children.to_obj(),
        outer: Slot::empty(),
        waiter: waiter.clone(),
        left: AtomicUsize::new(arguments.len()),
        return_exceptions,
    });
    let context = context_or_copy(None);
    let mut done = Vec::new();
    for argument in arguments {
        let child = child_of(event_loop, eager, argument)?;
        let future = receiver::<PyFuture>(&child)?;
        if future.state() == PENDING {
            if let Some(waiter) = &waiter {
                future.add_waiter(waiter);
            }
            future.add_callback(&child, gathering.as_obj(), context.clone())?;
        } else {
            done.push(child.clone());
        }
        children.push(child);
    }
    let names = [istr!("loop").into_obj()];
    let values = [event_loop.clone()];
    let positional = [children.to_obj()];
    let outer = call_args(&python::gathering_future()?, &Args::with_keywords(&positional, &names, &values))?;
    let outer = outer.into_strong();
    gathering.outer.store(outer.clone());
    for child in done {
        gathering.child_done(&child)?;
    }
    Ok(outer)
}
