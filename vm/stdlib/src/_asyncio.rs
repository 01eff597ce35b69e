//! `_asyncio`: futures, tasks, and which loop and task a thread runs.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::counted;

pub mod event_loop;
mod future;
mod future_class;
pub mod gathering;
pub mod handle;
mod python;
pub mod running;
mod task;
mod task_class;

use future::PyFuture;

/// The running loop, or the one of the policy.
pub fn get_event_loop() -> PyResult<Obj> {
    if let Some(running) = running::running_loop() {
        return Ok(running);
    }
    let policy = counted::call(&python::event_loop_policy()?, &[])?;
    counted::call_method(&policy, "get_event_loop", &[])
}

/// The given loop, or the running one.
fn loop_or_running(event_loop: Option<&Obj>) -> PyResult<Obj> {
    match event_loop.filter(|l| !is_none(l)) {
        Some(event_loop) => Ok(event_loop.clone()),
        None => running::required_loop(),
    }
}

/// Accelerator module for asyncio
#[pymodule(name = "_asyncio")]
mod items {
    use super::*;

    #[pyattr(name = "Future")]
    fn future_type() -> Obj {
        future_class::class().to_obj()
    }
    #[pyattr(name = "Task")]
    fn task_type() -> Obj {
        task_class::class().to_obj()
    }
    /// Return the running event loop or None.
    #[pyfunction]
    fn _get_running_loop() -> Option<Obj> {
        running::running_loop()
    }
    /// Set the running event loop.
    #[pyfunction(sig = "(loop, /)")]
    fn _set_running_loop(event_loop: &Obj) {
        running::set_running_loop(if is_none(event_loop) { None } else { Some(event_loop.clone()) });
    }
    /// Return the running event loop.  Raise a RuntimeError if there is none.
    #[pyfunction]
    fn get_running_loop() -> PyResult<Obj> {
        running::required_loop()
    }
    /// Return an asyncio event loop.
    #[pyfunction(name = "get_event_loop")]
    fn event_loop() -> PyResult<Obj> {
        get_event_loop()
    }
    /// Return a currently executed task.
    #[pyfunction(sig = "(loop=None)")]
    fn current_task(event_loop: Option<&Obj>) -> PyResult<Option<Obj>> {
        match event_loop.filter(|l| !is_none(l)) {
            Some(event_loop) => Ok(running::current_task(event_loop)),
            None => running::own_task(),
        }
    }
    /// Return a set of all tasks for the loop.
    #[pyfunction(sig = "(loop=None)")]
    fn all_tasks(event_loop: Option<&Obj>) -> PyResult<Obj> {
        running::all_tasks(&loop_or_running(event_loop)?)
    }
    /// Enter into task execution or resume suspended task.
    #[pyfunction(sig = "(loop, task)")]
    fn _enter_task(event_loop: &Obj, task: &Obj) -> PyResult<()> {
        running::enter_task(event_loop, task)
    }
    /// Leave task execution or suspend a task.
    #[pyfunction(sig = "(loop, task)")]
    fn _leave_task(event_loop: &Obj, task: &Obj) -> PyResult<()> {
        running::leave_task(event_loop, task)
    }
    /// Temporarily swap in the supplied task and return the original one (or None).
    #[pyfunction(sig = "(loop, task)")]
    fn _swap_current_task(event_loop: &Obj, task: &Obj) -> PyResult<Option<Obj>> {
        let task = if is_none(task) { None } else { Some(task.clone()) };
        running::swap_current_task(event_loop, task)
    }
    /// Register a new task in asyncio as executed by loop.
    #[pyfunction(sig = "(task)")]
    fn _register_task(task: &Obj) -> PyResult<()> {
        running::register(task, false)
    }
    /// Unregister a task.
    #[pyfunction(sig = "(task)")]
    fn _unregister_task(task: &Obj) -> PyResult<()> {
        running::unregister(task, false)
    }
    /// Register a new task in asyncio as executed by loop.
    #[pyfunction(sig = "(task)")]
    fn _register_eager_task(task: &Obj) -> PyResult<()> {
        running::register(task, true)
    }
    /// Unregister a task.
    #[pyfunction(sig = "(task)")]
    fn _unregister_eager_task(task: &Obj) -> PyResult<()> {
        running::unregister(task, true)
    }
    /// Record that `fut` is awaited on by `waiter`.
    #[pyfunction(sig = "(fut, waiter, /)")]
    fn future_add_to_awaited_by(fut: &Obj, waiter: &Obj) {
        if let Some(future) = fut.downcast::<PyFuture>()
            && waiter.is_layout::<PyFuture>()
        {
            future.add_waiter(waiter);
        }
    }
    /// Forget that `fut` is awaited on by `waiter`.
    #[pyfunction(sig = "(fut, waiter, /)")]
    fn future_discard_from_awaited_by(fut: &Obj, waiter: &Obj) {
        if let Some(future) = fut.downcast::<PyFuture>()
            && waiter.is_layout::<PyFuture>()
        {
            future.discard_waiter(waiter);
        }
    }
}
