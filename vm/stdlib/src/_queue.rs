//! `_queue.SimpleQueue`: an unbounded queue.
//!
//! Who finds it empty leaves an event with the queue and waits for it; a put sets the event of the longest waiting one. A waiter that gives up
//! although its event was set wakes the next one, so no wake-up is lost.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::{generic_alias, hooks, protocol};
use taipan_threading::{Acquisition, Event};

use crate::native_class;
use crate::native_class::class_argument;
use crate::new_exception::new_exception;

struct State {
    items: VecDeque<Obj>,
    waiters: VecDeque<Arc<Event>>,
}

impl TraceField for State {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.items.iter().for_each(|item| item.trace_field(tracer));
    }
}

/// A `SimpleQueue`.
#[repr(C)]
pub struct PySimpleQueue {
    header: Header,
    state: Mutex<State>,
}
layout!(PySimpleQueue, "_queue.SimpleQueue", [state]);

native_class!(
    /// `_queue.SimpleQueue`.
    pub fn class() = TypeBuilder::new("_queue.SimpleQueue", PySimpleQueue::ops())
        .text_signature("()")
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), ..TypeSlots::EMPTY })
        .methods(PySimpleQueue::methods())
        .doc("Simple, unbounded, reentrant FIFO queue.")
        .make()
);
native_class!(
    /// `_queue.Empty`.
    pub fn empty_class() = new_exception("_queue.Empty", &types().exception)
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PySimpleQueue>(class)?;
    if !args.positional.is_empty() || args.has_keywords() {
        return Err(type_error("SimpleQueue() takes no arguments"));
    }
    let state = Mutex::new(State { items: VecDeque::new(), waiters: VecDeque::new() });
    Ok(new_instance(class, |header| PySimpleQueue { header, state }).into_obj())
}

fn empty() -> Raised {
    raise_args(empty_class(), vec![])
}

impl PySimpleQueue {
    fn add(&self, item: &Obj) {
        let item = item.clone();
        let mut state = self.state.lock();
        state.items.push_back(item);
        let waiter = state.waiters.pop_front();
        drop(state);
        if let Some(waiter) = waiter {
            waiter.set();
        }
    }
    /// A waiter gives up: whom it was told to wake in its place.
    fn give_up(&self, event: &Arc<Event>) {
        let mut state = self.state.lock();
        let before = state.waiters.len();
        state.waiters.retain(|waiter| !Arc::ptr_eq(waiter, event));
        let was_called = state.waiters.len() == before;
        let next = if was_called && !state.items.is_empty() { state.waiters.pop_front() } else { None };
        drop(state);
        if let Some(next) = next {
            next.set();
        }
    }
    fn take(&self, timeout: Option<Duration>) -> PyResult<Obj> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let event = {
                let mut state = self.state.lock();
                if let Some(item) = state.items.pop_front() {
                    return Ok(item);
                }
                if timeout.is_some_and(|timeout| timeout.is_zero()) {
                    None
                } else {
                    let event = Arc::new(Event::new());
                    state.waiters.push_back(event.clone());
                    Some(event)
                }
            };
            let Some(event) = event else { return Err(empty()) };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let outcome = event.wait(left, true);
            match outcome {
                Acquisition::Acquired => {}
                Acquisition::TimedOut => {
                    let item = self.state.lock().items.pop_front();
                    self.give_up(&event);
                    return item.ok_or_else(empty);
                }
                Acquisition::Interrupted => {
                    self.give_up(&event);
                    hooks::check_signals()?;
                }
            }
        }
    }
}

#[pymethods(class = "SimpleQueue")]
impl PySimpleQueue {
    /// Puts an item into the queue. It never waits; the other arguments are for compatibility.
    #[pymethod(sig = "(item, block=True, timeout=None)")]
    fn put(&self, item: &Obj, block: bool, timeout: Option<&Obj>) {
        let _ = (block, timeout);
        self.add(item);
    }
    /// Puts an item into the queue.
    #[pymethod(sig = "(item)")]
    fn put_nowait(&self, item: &Obj) {
        self.add(item);
    }
    /// Removes and returns the oldest item.
    ///
    /// If there is none, waits for one: not at all if block is false, at most timeout
    /// seconds if that is given. Raises Empty in the end.
    #[pymethod(sig = "(block=True, timeout=None)")]
    fn get(&self, block: bool, timeout: Option<&Obj>) -> PyResult<Obj> {
        if !block {
            return self.take(Some(Duration::ZERO));
        }
        let timeout = match timeout.filter(|t| !is_none(t)) {
            Some(timeout) => {
                let seconds = protocol::as_f64(timeout)?;
                if seconds < 0.0 || seconds.is_nan() {
                    return Err(value_error("'timeout' must be a non-negative number"));
                }
                if seconds > crate::_thread::TIMEOUT_MAX {
                    return Err(overflow_error("timeout value is too large"));
                }
                Some(Duration::from_secs_f64(seconds))
            }
            None => None,
        };
        self.take(timeout)
    }
    /// Removes and returns the oldest item, or raises Empty.
    #[pymethod]
    fn get_nowait(&self) -> PyResult<Obj> {
        self.take(Some(Duration::ZERO))
    }
    /// Whether the queue is empty at this moment.
    #[pymethod]
    fn empty(&self) -> bool {
        self.state.lock().items.is_empty()
    }
    /// The number of items at this moment.
    #[pymethod]
    fn qsize(&self) -> usize {
        self.state.lock().items.len()
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}

/// C implementation of the Python queue module.
#[pymodule(name = "_queue")]
mod items {
    use super::*;

    #[pyattr(name = "SimpleQueue")]
    fn simple_queue() -> Obj {
        class().as_obj().clone()
    }
    #[pyattr(name = "Empty")]
    fn empty_exception() -> Obj {
        empty_class().as_obj().clone()
    }
}
