//! What can be told of an event loop without calling its methods, and doing for it what they would do.
//!
//! That is possible for a *plain* loop: an instance of a class derived from `asyncio.base_events.BaseEventLoop` that overrides none of the
//! methods concerned. `asyncio.base_events` names its class when it is imported ([`know`]); whether a loop is plain follows from its shape and
//! its class's version, so each thread remembers the last answer by these.

use std::cell::Cell;

use taipan_objects::attribute;
use taipan_objects::prelude::*;
use taipan_objects::shape::{self, Shape};
use taipan_objects::singletons::{is_false, is_none};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::slots::BinaryFn;
use taipan_vm::interpreters::PerInterpreter;

use super::handle::{self, PyHandle};
use super::{future_class, python};
use crate::_collections::deque::PyDeque;
use crate::counted;

/// The base class as it was when it was made: the methods by name.
type Methods = Vec<(Py<PyStr>, Obj)>;
static METHODS: PerInterpreter<Methods> = PerInterpreter::new();

fn method_names() -> [Py<PyStr>; 6] {
    [
        istr!("call_soon"),
        istr!("_call_soon"),
        istr!("_check_closed"),
        istr!("get_debug"),
        istr!("create_task"),
        istr!("is_running"),
    ]
}
fn attribute_names() -> [Py<PyStr>; 5] {
    [istr!("_closed"), istr!("_debug"), istr!("_ready"), istr!("_task_factory"), istr!("_thread_id")]
}

/// Takes note of `BaseEventLoop`.
pub fn know(class: &PyType) {
    let methods = method_names().into_iter();
    let found = methods
        .filter_map(|name| {
            let found = class.lookup(&name)?;
            Some((name, found))
        })
        .collect();
    METHODS.get_or_init(|| found);
}

thread_local! {
    /// Shape and class version of the last loop asked about, and the answer.
    static LAST: Cell<(u32, u32, bool)> = const { Cell::new((u32::MAX, 0, false)) };
}

/// Whether the loop is a plain one.
pub fn is_plain(event_loop: &Obj) -> bool {
    let Some(header) = event_loop.header() else { return false };
    let (shape, version) = (header.shape().0, class_of(event_loop).version_now());
    let last = LAST.get();
    if last.0 == shape && last.1 == version && version != 0 {
        return last.2;
    }
    let answer = find_out(event_loop);
    LAST.set((shape, class_of(event_loop).version_now(), answer));
    answer
}

fn find_out(event_loop: &Obj) -> bool {
    let (Some(methods), Some((shape, ..))) = (METHODS.get(), shape::extension(event_loop)) else {
        return false;
    };
    let class = class_of(event_loop);
    let generic: BinaryFn = attribute::generic_getattr;
    if shape.is_dict || !class.slots.getattro().is_some_and(|f| f as usize == generic as usize) {
        return false;
    }
    class.version();
    let unchanged = |(name, original): &(Py<PyStr>, Obj)| {
        Shape::find(shape, name.as_ptr()).is_none() && class.lookup(name).is_some_and(|now| now.is(original))
    };
    methods.len() == method_names().len()
        && methods.iter().all(unchanged)
        && attribute_names().into_iter().all(|name| class.lookup(&name).is_none())
}

/// An attribute of a plain loop; may be uncounted.
fn attribute(event_loop: &Obj, name: &Py<PyStr>) -> Option<Obj> {
    shape::get_attribute(event_loop, name).ok().flatten()
}

/// `loop.get_debug()`.
pub fn is_debugging(event_loop: &Obj) -> PyResult<bool> {
    if is_plain(event_loop) && attribute(event_loop, &istr!("_debug")).is_some_and(|debug| is_false(&debug)) {
        return Ok(false);
    }
    is_true(&counted::call_method(event_loop, "get_debug", &[])?)
}

/// `loop.is_running()`.
pub fn is_running(event_loop: &Obj) -> PyResult<bool> {
    if is_plain(event_loop)
        && let Some(thread) = attribute(event_loop, &istr!("_thread_id"))
    {
        return Ok(!is_none(&thread));
    }
    is_true(&counted::call_method(event_loop, "is_running", &[])?)
}

/// The queue of what is ready, of a plain loop that is neither closed nor in debug mode.
fn open_queue(event_loop: &Obj) -> Option<Obj> {
    if !is_plain(event_loop)
        || !attribute(event_loop, &istr!("_closed")).is_some_and(|closed| is_false(&closed))
        || !attribute(event_loop, &istr!("_debug")).is_some_and(|debug| is_false(&debug))
    {
        return None;
    }
    attribute(event_loop, &istr!("_ready"))
        .filter(|ready| class_of(ready).is(crate::_collections::deque::class()))
}

/// The task factory of a plain loop that is neither closed nor in debug mode.
pub fn open_factory(event_loop: &Obj) -> Option<Obj> {
    open_queue(event_loop)?;
    attribute(event_loop, &istr!("_task_factory")).map(IntoStrong::into_strong)
}

/// `loop.call_soon(function, argument, context=context)`.
pub fn call_soon(
    event_loop: &Obj,
    function: &Obj,
    argument: Option<&Obj>,
    context: Option<&Obj>,
) -> PyResult<()> {
    if let Some(ready) = open_queue(event_loop)
        && let Some(ready) = ready.downcast::<PyDeque>()
    {
        let args = match argument {
            Some(argument) => PyTuple::from_array([argument.clone()]),
            None => PyTuple::empty(),
        };
        ready.push_back(handle::new(function, args, event_loop, future_class::context_or_copy(context)));
        return Ok(());
    }
    let method = counted::getattr_opt(event_loop, &istr!("call_soon"))?.ok_or_else(|| {
        attribute_error(format!("'{}' object has no attribute 'call_soon'", class_of(event_loop).name()))
    })?;
    let (both, one);
    let positional: &[Obj] = match argument {
        Some(argument) => {
            both = [function.clone(), argument.clone()];
            &both
        }
        None => {
            one = [function.clone()];
            &one
        }
    };
    let (names, values) = match context {
        Some(context) => (Some(istr!("context").into_obj()), Some(context.clone())),
        None => (None, None),
    };
    let args = Args::with_keywords(positional, names.as_slice(), values.as_slice());
    call_args(&method, &args).map(drop)
}

/// Runs the first `count` handles of a loop's queue.
pub fn run_ready(ready: &Obj, count: usize) -> PyResult<()> {
    let Some(queue) = ready.downcast::<PyDeque>() else {
        return Err(type_error("the queue of a loop has to be a deque"));
    };
    for _ in 0..count {
        let handle = queue.pop_front().ok_or_else(|| index_error("pop from an empty deque"))?;
        match handle.downcast::<PyHandle>() {
            Some(native) if PyHandle::is_plain(&handle) => {
                if !native.is_cancelled() {
                    native.call(&handle)?;
                }
            }
            _ => {
                let cancelled = counted::getattr(&handle, "_cancelled")?;
                if !is_true(&cancelled)? {
                    counted::call_method(&handle, "_run", &[])?;
                }
            }
        }
    }
    Ok(())
}

/// Whether the class of tasks that `asyncio` makes is the native one.
pub fn makes_native_tasks() -> PyResult<bool> {
    Ok(python::current_task_class()?.is(super::task_class::class().as_obj()))
}
