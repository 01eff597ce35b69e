//! `_thread.RLock`: a lock that its holder may take again.
//!
//! `owner` is written by the holder only: who reads its own ident there holds the lock.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::RawLock;
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use super::{current_ident, wait_interruptibly, wait_time};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A reentrant lock.
#[repr(C)]
pub struct PyRLock {
    header: Header,
    raw: RawLock,
    /// The holder's ident; 0: free.
    owner: AtomicU64,
    /// How often the holder has it.
    count: AtomicU64,
}
layout!(PyRLock, "_thread.RLock");

native_class!(
    /// `_thread.RLock`.
    pub fn class() = TypeBuilder::new("_thread.RLock", PyRLock::ops())
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(PyRLock::methods())
        .doc("A lock that the thread that holds it may take again; it is free after as many releases.")
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyRLock>(class)?;
    Ok(new_instance(class, |header| PyRLock {
        header,
        raw: RawLock::new(),
        owner: AtomicU64::new(0),
        count: AtomicU64::new(0),
    })
    .into_obj())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyRLock>(obj)?;
    let (owner, count) = (this.owner.load(Ordering::Relaxed), this.count.load(Ordering::Relaxed));
    let state = if count > 0 { "locked" } else { "unlocked" };
    let (class, address) = (class_of(obj).full_name(), obj.value().counted().bits());
    Ok(str_obj(&format!("<{state} {class} object owner={owner} count={count} at {address:#x}>")))
}

impl PyRLock {
    /// Relaxed: only the holder stores its own ident, and clears it before it releases.
    fn is_mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == current_ident()
    }
    fn taken(&self, owner: u64, count: u64) {
        self.owner.store(owner, Ordering::Relaxed);
        self.count.store(count, Ordering::Relaxed);
    }
    fn take(&self, blocking: bool, timeout: Option<&Obj>) -> PyResult<bool> {
        let timeout = wait_time(blocking, timeout)?;
        let me = current_ident();
        if self.owner.load(Ordering::Relaxed) == me {
            self.count.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let got = self.raw.try_acquire() || wait_interruptibly(timeout, |left| self.raw.acquire(left, true))?;
        if got {
            self.taken(me, 1);
        }
        Ok(got)
    }
    fn free(&self) -> PyResult<()> {
        if !self.is_mine() {
            return Err(runtime_error("cannot release un-acquired lock"));
        }
        let count = self.count.load(Ordering::Relaxed);
        if count > 1 {
            self.count.store(count - 1, Ordering::Relaxed);
            return Ok(());
        }
        self.taken(0, 0);
        self.raw.release();
        Ok(())
    }
}

#[pymethods(class = "RLock")]
impl PyRLock {
    /// Takes the lock, waiting for it unless this thread has it; returns whether it was taken.
    #[pymethod(sig = "(blocking=True, timeout=-1)")]
    fn acquire(&self, blocking: bool, timeout: Option<&Obj>) -> PyResult<bool> {
        self.take(blocking, timeout)
    }
    /// Gives back what one acquire() took.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        self.free()
    }
    /// Whether some thread has the lock.
    #[pymethod]
    fn locked(&self) -> bool {
        self.raw.is_locked()
    }
    /// Takes the lock.
    #[pymethod]
    fn __enter__(&self) -> PyResult<bool> {
        self.take(true, None)
    }
    /// Gives the lock back.
    #[pymethod(sig = "(*exc_info)", text = "($self, /, *exc_info)")]
    fn __exit__(&self, exc_info: &[Obj]) -> PyResult<()> {
        let _ = exc_info;
        self.free()
    }
    /// For internal use by `threading.Condition`.
    #[pymethod]
    fn _is_owned(&self) -> bool {
        self.is_mine()
    }
    /// For internal use by reentrancy checks: how often this thread has the lock.
    #[pymethod]
    fn _recursion_count(&self) -> u64 {
        if self.is_mine() { self.count.load(Ordering::Relaxed) } else { 0 }
    }
    /// For internal use by `threading.Condition`.
    #[pymethod]
    fn _release_save(&self) -> PyResult<(u64, u64)> {
        if !self.is_mine() {
            return Err(runtime_error("cannot release un-acquired lock"));
        }
        let saved = (self.count.load(Ordering::Relaxed), self.owner.load(Ordering::Relaxed));
        self.taken(0, 0);
        self.raw.release();
        Ok(saved)
    }
    /// For internal use by `threading.Condition`.
    #[pymethod(sig = "(state, /)")]
    fn _acquire_restore(&self, state: &PyTuple) -> PyResult<()> {
        let [count, owner] = state.as_slice() else {
            return Err(type_error(format!(
                "_acquire_restore() argument 1 must be sequence of length 2, not {}",
                state.len()
            )));
        };
        let (count, owner) = (u64::from_arg(count)?, u64::from_arg(owner)?);
        // Not interruptible: the caller has to have the lock afterwards.
        while self.raw.acquire(None, false) != taipan_threading::Acquisition::Acquired {}
        self.taken(owner, count);
        Ok(())
    }
    #[pymethod(text = "")]
    fn _at_fork_reinit(&self) {
        self.taken(0, 0);
        self.raw.release();
    }
}
