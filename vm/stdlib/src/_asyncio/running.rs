//! The running loop and the current task of each thread, and the tasks that are not done.
//!
//! A thread changes its own entry only; others read it, so entries are shared and never freed: a thread that ends leaves its entry to the next
//! one that begins. Native tasks that are not done are in sharded tables by address, behind weak references: a task takes itself out when it
//! is done or dies. Tasks of other classes are in a `WeakSet` and a `set`, as the library's own are.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;
use taipan_objects::hooks;
use taipan_objects::prelude::*;
use taipan_objects::set::PySet;
use taipan_objects::weakref::{self, PyWeakRef};
use taipan_vm::interpreters::PerInterpreter;

use super::future::PyFuture;
use crate::counted;

/// What a thread runs. Written by that thread.
#[derive(Default)]
struct Running {
    event_loop: Slot,
    task: Slot,
}

impl Running {
    fn runs(&self, event_loop: &Obj) -> bool {
        self.event_loop.load_uncounted().is_some_and(|own| own.is(event_loop))
    }
}

/// All threads' entries, and those that are free.
static ENTRIES: Mutex<(Vec<Arc<Running>>, Vec<Arc<Running>>)> = Mutex::new((Vec::new(), Vec::new()));

/// Gives the entry back when the thread ends.
struct Lease(Arc<Running>);

impl Drop for Lease {
    fn drop(&mut self) {
        // What is left in it is dropped by the next thread: this one has no heap any more.
        ENTRIES.lock().1.push(self.0.clone());
    }
}

thread_local! {
    static OWN: OnceCell<Lease> = const { OnceCell::new() };
}

fn with_own<R>(f: impl FnOnce(&Running) -> R) -> R {
    OWN.with(|own| {
        let lease = own.get_or_init(|| {
            let mut entries = ENTRIES.lock();
            let entry = entries.1.pop().unwrap_or_else(|| {
                let entry = Arc::new(Running::default());
                entries.0.push(entry.clone());
                entry
            });
            drop(entries);
            drop(entry.event_loop.take());
            drop(entry.task.take());
            Lease(entry)
        });
        f(&lease.0)
    })
}

/// Takes what the calling thread runs: another interpreter begins to use it.
pub fn suspend() -> (Option<Obj>, Option<Obj>) {
    with_own(|own| (own.event_loop.take(), own.task.take()))
}

/// Undoes [`suspend`].
pub fn resume(saved: (Option<Obj>, Option<Obj>)) {
    let left = with_own(|own| (own.event_loop.replace(saved.0), own.task.replace(saved.1)));
    drop(left);
}

/// The running loop of this thread.
pub fn running_loop() -> Option<Obj> {
    with_own(|own| own.event_loop.load())
}
pub fn set_running_loop(event_loop: Option<Obj>) {
    let (old, task) = with_own(|own| {
        // Without a loop nothing is being executed: a forked child begins like this.
        let task = if event_loop.is_none() { own.task.take() } else { None };
        (own.event_loop.replace(event_loop), task)
    });
    drop((old, task));
}

/// The running loop, or an error.
pub fn required_loop() -> PyResult<Obj> {
    running_loop().ok_or_else(|| runtime_error("no running event loop"))
}

/// The task that the running loop executes; an error without a running loop.
pub fn own_task() -> PyResult<Option<Obj>> {
    let found = with_own(|own| if own.event_loop.is_empty() { None } else { Some(own.task.load()) });
    found.ok_or_else(|| runtime_error("no running event loop"))
}

/// The task that `event_loop` executes, in whatever thread.
pub fn current_task(event_loop: &Obj) -> Option<Obj> {
    if let Some(task) = with_own(|own| own.runs(event_loop).then(|| own.task.load())) {
        return task;
    }
    let entries = ENTRIES.lock().0.clone();
    let runs = |entry: &Arc<Running>| entry.event_loop.load().is_some_and(|l| l.is(event_loop));
    entries.into_iter().find(runs).and_then(|entry| entry.task.load())
}

#[cold]
fn other_loop(event_loop: &Obj) -> PyResult<()> {
    Err(runtime_error(format!("loop {} is not the running loop", repr_string(event_loop)?)))
}

pub fn enter_task(event_loop: &Obj, task: &Obj) -> PyResult<()> {
    let current = with_own(|own| {
        if !own.runs(event_loop) {
            return Err(other_loop);
        }
        if own.task.is_empty() {
            own.task.store(task.clone());
            return Ok(None);
        }
        Ok(own.task.load())
    });
    match current {
        Ok(None) => Ok(()),
        Ok(Some(current)) => Err(runtime_error(format!(
            "Cannot enter into task {} while another task {} is being executed.",
            repr_string(task)?,
            repr_string(&current)?
        ))),
        Err(refuse) => refuse(event_loop),
    }
}

pub fn leave_task(event_loop: &Obj, task: &Obj) -> PyResult<()> {
    let left = with_own(|own| {
        if !own.runs(event_loop) {
            return Err(other_loop);
        }
        let fits = own.task.load_uncounted().is_some_and(|current| current.is(task));
        Ok(if fits { Ok(own.task.take()) } else { Err(own.task.load()) })
    });
    match left {
        Ok(Ok(task)) => {
            drop(task);
            Ok(())
        }
        Ok(Err(current)) => Err(runtime_error(format!(
            "Leaving task {} does not match the current task {}.",
            repr_string(task)?,
            repr_string(&current.unwrap_or_else(none))?
        ))),
        Err(refuse) => refuse(event_loop),
    }
}

/// Makes `task` the current one; the former.
pub fn swap_current_task(event_loop: &Obj, task: Option<Obj>) -> PyResult<Option<Obj>> {
    if !with_own(|own| own.runs(event_loop)) {
        other_loop(event_loop)?;
    }
    Ok(with_own(|own| own.task.replace(task)))
}

type Shard = Mutex<HashMap<usize, Obj, FxBuildHasher>>;
const SHARDS: usize = 64;
/// Weak references to native tasks that are not done.
static TASKS: [Shard; SHARDS] = [const { Mutex::new(HashMap::with_hasher(FxBuildHasher)) }; SHARDS];

fn shard(address: usize) -> &'static Shard {
    &TASKS[(address >> 6 ^ address >> 16) % SHARDS]
}

pub fn register_native(task: &Obj) -> PyResult<()> {
    let Some(future) = task.downcast::<PyFuture>() else { return Ok(()) };
    let weak = weakref::new_ref(task, None)?;
    let address = future.address();
    drop(shard(address).lock().insert(address, weak));
    Ok(())
}
pub fn unregister_native(task: &PyFuture) {
    let address = task.address();
    let weak = shard(address).lock().remove(&address);
    drop(weak);
}

/// The `WeakSet` of other classes' tasks.
fn foreign_scheduled() -> PyResult<Obj> {
    static SET: PerInterpreter<Obj> = PerInterpreter::new();
    if let Some(set) = SET.get() {
        return Ok(set.clone());
    }
    let set = call0(&hooks::module_attribute("weakref", "WeakSet")?)?.into_strong();
    Ok(SET.get_or_init(|| set).clone())
}
/// The set of other classes' tasks in their first, eager step.
fn foreign_eager() -> PyResult<Obj> {
    static SET: PerInterpreter<Obj> = PerInterpreter::new();
    if let Some(set) = SET.get() {
        return Ok(set.clone());
    }
    let set = PySet::new(Vec::new())?.into_obj();
    Ok(SET.get_or_init(|| set).clone())
}

fn native_task(task: &Obj) -> Option<&PyFuture> {
    task.downcast::<PyFuture>().filter(|future| future.task.is_some())
}

pub fn register(task: &Obj, eager: bool) -> PyResult<()> {
    if native_task(task).is_some() {
        return register_native(task);
    }
    let set = if eager { foreign_eager()? } else { foreign_scheduled()? };
    counted::call_method(&set, "add", std::slice::from_ref(task)).map(drop)
}
pub fn unregister(task: &Obj, eager: bool) -> PyResult<()> {
    if let Some(task) = native_task(task) {
        unregister_native(task);
        return Ok(());
    }
    let set = if eager { foreign_eager()? } else { foreign_scheduled()? };
    counted::call_method(&set, "discard", std::slice::from_ref(task)).map(drop)
}

/// The tasks of `event_loop` that are not done.
pub fn all_tasks(event_loop: &Obj) -> PyResult<Obj> {
    let mut found = Vec::new();
    // Eager ones first: one that becomes an ordinary one meanwhile is seen.
    for set in [foreign_eager()?, foreign_scheduled()?] {
        for task in collect(&set)? {
            let is_done = counted::call_method(&task, "done", &[])?;
            if loop_of(&task)?.is(event_loop) && !is_true(&is_done)? {
                found.push(task);
            }
        }
    }
    for shard in &TASKS {
        let weak: Vec<Obj> = shard.lock().values().cloned().collect();
        for task in weak.iter().filter_map(|weak| weak.downcast::<PyWeakRef>().and_then(PyWeakRef::get)) {
            let fits = native_task(&task)
                .is_some_and(|t| !t.is_done() && t.event_loop.load().is_some_and(|l| l.is(event_loop)));
            if fits {
                found.push(task.into_strong());
            }
        }
    }
    Ok(PySet::new(found)?.into_obj())
}

/// The loop of a future of any class.
pub fn loop_of(future: &Obj) -> PyResult<Obj> {
    if let Some(native) = future.downcast::<PyFuture>()
        && let Some(event_loop) = native.event_loop.load()
    {
        return Ok(event_loop);
    }
    match counted::getattr_opt(future, &intern("get_loop"))? {
        Some(method) => counted::call(&method, &[]),
        None => counted::getattr(future, "_loop"),
    }
}
