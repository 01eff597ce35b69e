//! `_thread._ThreadHandle`: what threads are joined by.
//!
//! | state | meaning | next |
//! | --- | --- | --- |
//! | NOT_STARTED | made by `_ThreadHandle()` | STARTING |
//! | STARTING | a thread is being started with it | RUNNING, or back |
//! | RUNNING | the thread runs | DONE |
//! | DONE | `done` is set | |
//!
//! The thread and whoever joins it share the state; the thread touches no Python object any more when it sets `done`.

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::Event;
use taipan_threading::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use taipan_vm::interpreters;

use super::{at_shutdown, current_ident, seconds, wait_interruptibly};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

const NOT_STARTED: u8 = 0;
const STARTING: u8 = 1;
const RUNNING: u8 = 2;
const DONE: u8 = 3;

/// What a thread and its joiners share; see the module.
pub struct Shared {
    state: AtomicU8,
    ident: AtomicU64,
    done: Event,
    /// The id of the interpreter that made it.
    interpreter: i64,
}

/// Handles of threads that run, for the forked child.
static RUNNING_HANDLES: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
/// Handles of running threads that are not daemonic, for the shutdown.
static TO_JOIN: Mutex<Vec<Arc<Shared>>> = Mutex::new(Vec::new());

impl Shared {
    pub fn new() -> Arc<Shared> {
        Arc::new(Shared {
            state: AtomicU8::new(NOT_STARTED),
            ident: AtomicU64::new(0),
            done: Event::new(),
            interpreter: interpreters::current().id(),
        })
    }
    /// False if a thread was started with this handle before.
    pub fn begin(self: &Arc<Self>, daemon: bool) -> bool {
        if self.state.compare_exchange(NOT_STARTED, STARTING, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return false;
        }
        RUNNING_HANDLES.lock().push(Arc::downgrade(self));
        if !daemon {
            TO_JOIN.lock().push(self.clone());
        }
        true
    }
    /// The thread could not be started.
    pub fn abandon(self: &Arc<Self>) {
        self.forget();
        self.state.store(NOT_STARTED, Ordering::Release);
    }
    /// The thread has this ident. Told by itself and by who started it, whoever comes first.
    pub fn started(&self, ident: u64) {
        self.ident.store(ident, Ordering::Release);
        let _ = self.state.compare_exchange(STARTING, RUNNING, Ordering::AcqRel, Ordering::Acquire);
    }
    /// The thread is at its end.
    pub fn finish(self: &Arc<Self>) {
        self.forget();
        self.state.store(DONE, Ordering::Release);
        self.done.set();
    }
    fn forget(self: &Arc<Self>) {
        RUNNING_HANDLES.lock().retain(|handle| !std::ptr::eq(handle.as_ptr(), Arc::as_ptr(self)));
        TO_JOIN.lock().retain(|handle| !Arc::ptr_eq(handle, self));
    }
    fn is_done(&self) -> bool {
        self.done.is_set()
    }
    fn join(&self, timeout: Option<Duration>) -> PyResult<bool> {
        if matches!(self.state.load(Ordering::Acquire), NOT_STARTED | STARTING) {
            return Err(runtime_error("thread not started"));
        }
        if !self.is_done() && self.ident.load(Ordering::Acquire) == current_ident() {
            return Err(runtime_error("Cannot join current thread"));
        }
        if taipan_vm::sys::is_finalizing() && !self.is_done() {
            return Err(at_shutdown("cannot join thread at interpreter shutdown"));
        }
        wait_interruptibly(timeout, |left| self.done.wait(left, true))
    }
}

/// A handle.
#[repr(C)]
pub struct PyThreadHandle {
    header: Header,
    shared: Arc<Shared>,
}
layout!(PyThreadHandle, "_thread._ThreadHandle");

native_class!(
    /// `_thread._ThreadHandle`.
    pub fn class() = TypeBuilder::new("_thread._ThreadHandle", PyThreadHandle::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(PyThreadHandle::methods())
        .getset(PyThreadHandle::getset())
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    class_argument::<PyThreadHandle>(class)?;
    Ok(new(Shared::new()))
}

/// The object of a shared state.
pub fn new(shared: Arc<Shared>) -> Obj {
    new_instance(class(), |header| PyThreadHandle { header, shared }).into_obj()
}

/// The shared state of a handle.
pub fn shared(handle: &Obj) -> PyResult<Arc<Shared>> {
    match handle.downcast::<PyThreadHandle>() {
        Some(this) => Ok(this.shared.clone()),
        None => Err(type_error("'handle' must be a _ThreadHandle")),
    }
}

/// The handle of a running thread.
pub fn of_running_thread(ident: u64) -> PyResult<Obj> {
    let shared = Shared::new();
    shared.state.store(RUNNING, Ordering::Release);
    shared.ident.store(ident, Ordering::Release);
    RUNNING_HANDLES.lock().push(Arc::downgrade(&shared));
    Ok(new(shared))
}

/// Waits for all threads of the current interpreter that are not daemonic.
pub fn shutdown() {
    let me = current_ident();
    loop {
        let interpreter = interpreters::current().id();
        let is_next = |handle: &&Arc<Shared>| {
            handle.interpreter == interpreter && handle.ident.load(Ordering::Acquire) != me
        };
        let next = TO_JOIN.lock().iter().find(is_next).cloned();
        let Some(next) = next else { return };
        let waited = wait_interruptibly(None, |left| next.done.wait(left, true));
        if let Err(Raised) = waited {
            hooks::unraisable(Some("Exception ignored on threading shutdown"), None);
            return;
        }
    }
}

thread_local! {
    /// The lists' locks, held by the forking thread: a thread at its very end, which no stop waits for, may be using them.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}
type Held = (MutexGuard<'static, Vec<Weak<Shared>>>, MutexGuard<'static, Vec<Arc<Shared>>>);

/// Before a fork.
pub fn before_fork() {
    HELD.set(Some((RUNNING_HANDLES.lock(), TO_JOIN.lock())));
}

/// After a fork, in both processes.
pub fn after_fork() {
    drop(HELD.take());
}

/// In a forked child: all other threads are done.
pub fn after_fork_child() {
    let me = current_ident();
    TO_JOIN.lock().retain(|handle| handle.ident.load(Ordering::Acquire) == me);
    let all: Vec<Arc<Shared>> = RUNNING_HANDLES.lock().iter().filter_map(Weak::upgrade).collect();
    for handle in all {
        if handle.ident.load(Ordering::Acquire) != me {
            handle.finish();
        }
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyThreadHandle>(obj)?;
    Ok(str_obj(&format!(
        "<{} object: ident={}>",
        class_of(obj).full_name(),
        this.shared.ident.load(Ordering::Acquire)
    )))
}

#[pymethods(class = "_ThreadHandle")]
impl PyThreadHandle {
    /// The thread's identifier.
    #[pygetset]
    fn ident(&self) -> u64 {
        self.shared.ident.load(Ordering::Acquire)
    }
    /// Waits for the thread to end, at most for a time.
    #[pymethod(sig = "(timeout=None, /)", text = "")]
    fn join(&self, timeout: Option<&Obj>) -> PyResult<()> {
        let timeout = match timeout.filter(|t| !is_none(t)) {
            Some(timeout) => match seconds(timeout)? {
                time if time < 0.0 => None,
                time if time > super::TIMEOUT_MAX => {
                    return Err(overflow_error("timeout value is too large"));
                }
                time => Some(Duration::from_secs_f64(time)),
            },
            None => None,
        };
        self.shared.join(timeout).map(drop)
    }
    /// Whether the thread has ended.
    #[pymethod(text = "", name = "is_done")]
    fn has_ended(&self) -> bool {
        self.shared.is_done()
    }
    /// Makes the thread count as ended.
    #[pymethod(text = "")]
    fn _set_done(&self) -> PyResult<()> {
        if matches!(self.shared.state.load(Ordering::Acquire), NOT_STARTED | STARTING) {
            return Err(runtime_error("thread not started"));
        }
        self.shared.finish();
        Ok(())
    }
}
