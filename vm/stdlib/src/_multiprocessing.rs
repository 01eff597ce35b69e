//! `_multiprocessing`: locks and semaphores between processes.
//!
//! The kernel's semaphore is shared; how often this process holds it, and which thread did so last, each object knows for itself. Handles are addresses
//! that a forked child knows, too: only those of semaphores that are open in this process are taken back from Python.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::detached;
use taipan_threading::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use crate::_thread::current_ident;
use crate::native_class;
use crate::native_class::{class_argument, receiver};
use crate::os_error::os_error;
use crate::sys_calls::{self, Semaphore};

/// The kinds: a lock that its owner may take again, and a semaphore.
const RECURSIVE_MUTEX: i32 = 0;
const SEMAPHORE: i32 = 1;

/// A `SemLock`.
#[repr(C)]
pub struct PySemLock {
    header: Header,
    semaphore: Arc<Semaphore>,
    kind: i32,
    maxvalue: i32,
    name: Obj,
    /// Acquisitions less releases of this process.
    count: AtomicI32,
    /// The thread that acquired last.
    last: AtomicU64,
}
layout!(PySemLock, "SemLock");

/// The semaphores that are open, by address.
static OPEN: LazyLock<Mutex<HashMap<usize, Weak<Semaphore>>>> = LazyLock::new(Mutex::default);

fn register(semaphore: Semaphore) -> Arc<Semaphore> {
    let semaphore = Arc::new(semaphore);
    let mut open = OPEN.lock();
    open.retain(|_, known| known.strong_count() > 0);
    open.insert(semaphore.address(), Arc::downgrade(&semaphore));
    semaphore
}

native_class!(
    /// `_multiprocessing.SemLock`.
    pub fn class() = TypeBuilder::new("_multiprocessing.SemLock", PySemLock::ops())
        .slots(TypeSlots { new: Some(construct), ..TypeSlots::EMPTY })
        .methods(PySemLock::methods())
        .getset(PySemLock::getset())
        .attr("SEM_VALUE_MAX", int_obj(i32::MAX.into()))
        .doc("Semaphore/Mutex type")
        .make()
);

fn text(name: &str) -> PyResult<CString> {
    CString::new(name).map_err(|_| value_error("embedded null character"))
}

fn make(class: &Obj, semaphore: Arc<Semaphore>, kind: i32, maxvalue: i32, name: Obj) -> PyResult<Obj> {
    let class = class_argument::<PySemLock>(class)?;
    let make = |header| PySemLock {
        header,
        semaphore,
        kind,
        maxvalue,
        name,
        count: AtomicI32::new(0),
        last: AtomicU64::new(0),
    };
    Ok(new_instance(class, make).into_obj())
}

#[pyargs(name = "SemLock", sig = "(kind, value, maxvalue, name, unlink)")]
fn construct(class: &Obj, kind: i32, value: i32, maxvalue: i32, name: &str, unlink: bool) -> PyResult<Obj> {
    if kind != RECURSIVE_MUTEX && kind != SEMAPHORE {
        return Err(value_error("unrecognized kind"));
    }
    let c_name = text(name)?;
    let semaphore = Semaphore::create(&c_name, value as u32).map_err(os_error)?;
    if unlink {
        sys_calls::sem_unlink(&c_name).map_err(os_error)?;
    }
    let name = if unlink { none() } else { str_obj(name) };
    make(class, register(semaphore), kind, maxvalue, name)
}

impl PySemLock {
    // Relaxed in the following: the semaphore itself orders what its holders do.
    fn is_mine(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0 && self.last.load(Ordering::Relaxed) == current_ident()
    }
    fn taken(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.last.store(current_ident(), Ordering::Relaxed);
    }
    /// Waits for the semaphore; `seconds`: `None` for ever.
    fn take(&self, block: bool, seconds: Option<f64>) -> PyResult<bool> {
        if self.kind == RECURSIVE_MUTEX && self.is_mine() {
            self.count.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let deadline = match seconds {
            Some(seconds) if block => {
                let now = sys_calls::clock_gettime(libc::CLOCK_REALTIME).map_err(os_error)?;
                let nanoseconds = (seconds.max(0.0) * 1e9 + 0.5).min(4e18) as i64;
                let whole = now.tv_nsec + nanoseconds % 1_000_000_000;
                Some(libc::timespec {
                    tv_sec: now.tv_sec + nanoseconds / 1_000_000_000 + whole / 1_000_000_000,
                    tv_nsec: whole % 1_000_000_000,
                })
            }
            _ => None,
        };
        loop {
            // Without detaching, if it is free.
            let result = match self.semaphore.try_wait() {
                Err(libc::EAGAIN) if block => detached(|| match &deadline {
                    Some(deadline) => self.semaphore.wait_until(deadline),
                    None => self.semaphore.wait(),
                }),
                result => result,
            };
            match result {
                Ok(()) => {
                    self.taken();
                    return Ok(true);
                }
                Err(libc::EINTR) => hooks::check_signals()?,
                Err(libc::EAGAIN | libc::ETIMEDOUT) => return Ok(false),
                Err(errno) => return Err(os_error(errno)),
            }
        }
    }
    fn give(&self) -> PyResult<()> {
        if self.kind == RECURSIVE_MUTEX {
            if !self.is_mine() {
                return Err(assertion_error("attempt to release recursive lock not owned by thread"));
            }
            if self.count.load(Ordering::Relaxed) > 1 {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return Ok(());
            }
        } else if self.semaphore.value().map_err(os_error)? >= self.maxvalue {
            return Err(value_error("semaphore or lock released too many times"));
        }
        // First the count: behind the post somebody else may have the lock.
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.semaphore.post().map_err(|errno| {
            self.count.fetch_add(1, Ordering::Relaxed);
            os_error(errno)
        })
    }
}

#[pymethods(class = "_multiprocessing.SemLock")]
impl PySemLock {
    /// Acquire the semaphore/lock.
    #[pymethod(sig = "(block=True, timeout=None)")]
    fn acquire(&self, block: bool, timeout: Option<&Obj>) -> PyResult<bool> {
        let seconds = timeout.filter(|t| !is_none(t)).map(as_f64).transpose()?;
        self.take(block, seconds)
    }
    /// Release the semaphore/lock.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        self.give()
    }
    /// Num of `acquire()`s minus num of `release()`s for this process.
    #[pymethod]
    fn _count(&self) -> i32 {
        self.count.load(Ordering::Relaxed)
    }
    /// Whether the lock is owned by this thread.
    #[pymethod]
    fn _is_mine(&self) -> bool {
        self.is_mine()
    }
    /// Get the value of the semaphore.
    #[pymethod]
    fn _get_value(&self) -> PyResult<i32> {
        self.semaphore.value().map(|value| value.max(0)).map_err(os_error)
    }
    /// Return whether semaphore has value zero.
    #[pymethod]
    fn _is_zero(&self) -> PyResult<bool> {
        self.semaphore.value().map(|value| value == 0).map_err(os_error)
    }
    /// Rezero the net acquisition count after fork().
    #[pymethod]
    fn _after_fork(&self) {
        self.count.store(0, Ordering::Relaxed);
    }
    /// The object for a semaphore that exists.
    #[pyclassmethod(sig = "(handle, kind, maxvalue, name, /)")]
    fn _rebuild(cls: &Obj, handle: &Obj, kind: i32, maxvalue: i32, name: Option<&Obj>) -> PyResult<Obj> {
        let handle = usize::from_arg(handle)?;
        match name.filter(|name| !is_none(name)) {
            Some(name) => {
                let c_name = text(&String::from_arg(name)?)?;
                let semaphore = Semaphore::open(&c_name).map_err(os_error)?;
                make(cls, register(semaphore), kind, maxvalue, name.clone())
            }
            None => {
                let known = OPEN.lock().get(&handle).and_then(Weak::upgrade);
                let semaphore = known.ok_or_else(|| os_error(libc::EINVAL))?;
                make(cls, semaphore, kind, maxvalue, none())
            }
        }
    }
    /// Enter the semaphore/lock.
    #[pymethod]
    fn __enter__(&self) -> PyResult<bool> {
        self.take(true, None)
    }
    /// Exit the semaphore/lock.
    #[pymethod(sig = "(exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn __exit__(
        slf: &Obj,
        exc_type: Option<&Obj>,
        exc_value: Option<&Obj>,
        exc_tb: Option<&Obj>,
    ) -> PyResult<()> {
        let _ = (exc_type, exc_value, exc_tb);
        receiver::<PySemLock>(slf)?.give()
    }
    #[pygetset(name = "handle")]
    fn get_handle(&self) -> usize {
        self.semaphore.address()
    }
    #[pygetset(name = "kind")]
    fn get_kind(&self) -> i32 {
        self.kind
    }
    #[pygetset(name = "maxvalue")]
    fn get_maxvalue(&self) -> i32 {
        self.maxvalue
    }
    #[pygetset(name = "name")]
    fn get_name(&self) -> Obj {
        self.name.clone()
    }
}

#[pymodule(name = "_multiprocessing", doc = "")]
mod items {
    use super::*;

    /// Removes the name of a semaphore.
    #[pyfunction(sig = "(name, /)")]
    fn sem_unlink(name: &str) -> PyResult<()> {
        sys_calls::sem_unlink(&*text(name)?).map_err(os_error)
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("SemLock", class().to_obj())?;
        let flags = dict_obj();
        flags.set_str("HAVE_SEM_OPEN", int_obj(1));
        flags.set_str("HAVE_SEM_TIMEDWAIT", int_obj(1));
        module.add("flags", flags.into_obj())
    }
}
