//! `_thread.lock`: a lock that any thread may release.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::RawLock;

use super::{wait_interruptibly, wait_time};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A lock.
#[repr(C)]
pub struct PyLock {
    header: Header,
    raw: RawLock,
}
layout!(PyLock, "_thread.lock");

native_class!(
    /// `_thread.lock`.
    pub fn class() = TypeBuilder::new("_thread.lock", PyLock::ops())
        .text_signature("()")
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(PyLock::methods())
        .doc("A lock: acquire() waits until it is free and takes it, release() frees it, from any thread.")
        .make()
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    class_argument::<PyLock>(class)?;
    if !args.positional.is_empty() || args.has_keywords() {
        return Err(type_error("lock() takes no arguments"));
    }
    Ok(new())
}

/// A free lock.
pub fn new() -> Obj {
    new_instance(class(), |header| PyLock { header, raw: RawLock::new() }).into_obj()
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyLock>(obj)?;
    let state = if this.raw.is_locked() { "locked" } else { "unlocked" };
    Ok(str_obj(&format!(
        "<{state} {} object at {:#x}>",
        class_of(obj).full_name(),
        obj.value().counted().bits()
    )))
}

impl PyLock {
    fn take(&self, blocking: bool, timeout: Option<&Obj>) -> PyResult<bool> {
        let timeout = wait_time(blocking, timeout)?;
        if self.raw.try_acquire() {
            return Ok(true);
        }
        wait_interruptibly(timeout, |left| self.raw.acquire(left, true))
    }
    fn free(&self) -> PyResult<()> {
        if self.raw.release() { Ok(()) } else { Err(runtime_error("release unlocked lock")) }
    }
}

#[pymethods(class = "lock")]
impl PyLock {
    /// Takes the lock, waiting for it if need be; returns whether it was taken.
    #[pymethod(sig = "(blocking=True, timeout=-1)")]
    fn acquire(&self, blocking: bool, timeout: Option<&Obj>) -> PyResult<bool> {
        self.take(blocking, timeout)
    }
    /// An obsolete synonym of acquire().
    #[pymethod(sig = "(blocking=True, timeout=-1)")]
    fn acquire_lock(&self, blocking: bool, timeout: Option<&Obj>) -> PyResult<bool> {
        self.take(blocking, timeout)
    }
    /// Frees the lock, so that a waiting thread may take it. It must be taken, by whichever thread.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        self.free()
    }
    /// An obsolete synonym of release().
    #[pymethod]
    fn release_lock(&self) -> PyResult<()> {
        self.free()
    }
    /// Whether the lock is taken.
    #[pymethod]
    fn locked(&self) -> bool {
        self.raw.is_locked()
    }
    /// An obsolete synonym of locked().
    #[pymethod]
    fn locked_lock(&self) -> bool {
        self.raw.is_locked()
    }
    /// Takes the lock.
    #[pymethod]
    fn __enter__(&self) -> PyResult<bool> {
        self.take(true, None)
    }
    /// Frees the lock.
    #[pymethod(sig = "(*exc_info)", text = "($self, /, *exc_info)")]
    fn __exit__(&self, exc_info: &[Obj]) -> PyResult<()> {
        let _ = exc_info;
        self.free()
    }
    #[pymethod(text = "")]
    fn _at_fork_reinit(&self) {
        // Only this thread is left; whoever held the lock or waited for it is gone.
        self.raw.release();
    }
}
