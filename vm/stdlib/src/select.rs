//! `select`: waiting for descriptors with `select`, `poll` and `epoll`.
//!
//! `select` is done with poll(2), which knows no limit of descriptor numbers. Waits are detached; after a signal they go on for the rest
//! of their time.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::file_path::fileno_of;
use crate::os_error::{interruptible, os_error};
use crate::running::Running;
use crate::sys_calls::{self, SysResult};

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as u32 as i64)),*] };
}

const POLL: &[(&str, i64)] = numbers!(POLLERR POLLHUP POLLIN POLLNVAL POLLOUT POLLPRI POLLRDBAND POLLRDHUP POLLRDNORM POLLWRBAND POLLWRNORM);
const EPOLL: &[(&str, i64)] = numbers!(
    EPOLLERR EPOLLET EPOLLEXCLUSIVE EPOLLHUP EPOLLIN EPOLLMSG EPOLLONESHOT
    EPOLLOUT EPOLLPRI EPOLLRDBAND EPOLLRDHUP EPOLLRDNORM EPOLLWAKEUP EPOLLWRBAND EPOLLWRNORM
);

fn now() -> PyResult<i64> {
    let time = sys_calls::clock_gettime(libc::CLOCK_MONOTONIC).map_err(os_error)?;
    Ok(time.tv_sec * 1_000_000_000 + time.tv_nsec)
}

/// Waits with `wait(milliseconds)` (-1: for ever) until the time is over, signals notwithstanding.
fn until<T>(nanoseconds: Option<i64>, mut wait: impl FnMut(i32) -> SysResult<T>) -> PyResult<T> {
    let deadline = match nanoseconds {
        Some(nanoseconds) => Some(now()?.saturating_add(nanoseconds)),
        None => None,
    };
    let mut left = nanoseconds;
    let mut first = true;
    interruptible(|| {
        if !first && let Some(deadline) = deadline {
            let now = sys_calls::clock_gettime(libc::CLOCK_MONOTONIC)?;
            left = Some((deadline - now.tv_sec * 1_000_000_000 - now.tv_nsec).max(0));
        }
        first = false;
        let milliseconds =
            left.map_or(-1, |n| (n / 1_000_000 + i64::from(n % 1_000_000 != 0)).min(i32::MAX.into()) as i32);
        wait(milliseconds)
    })?
    .map_err(os_error)
}

/// A timeout in seconds; `None`: for ever.
fn seconds(timeout: Option<&Obj>) -> PyResult<Option<i64>> {
    let Some(timeout) = timeout.filter(|t| !is_none(t)) else { return Ok(None) };
    match crate::time::duration_argument(timeout, true) {
        Ok(nanoseconds) => Ok(Some(nanoseconds)),
        Err(Raised) => {
            catch(&types().type_error)?;
            Err(type_error("timeout must be a float or None"))
        }
    }
}

fn event_mask(obj: &Obj) -> PyResult<i16> {
    u16::from_arg(obj).map(|mask| mask as i16).map_err(|raised| {
        if raised_is(&types().overflow_error) {
            drop(take_raised());
            return overflow_error("Python int too large for C unsigned short");
        }
        raised
    })
}

/// A `poll` object: descriptors and what to wait for.
#[repr(C)]
pub struct PyPoll {
    header: Header,
    registered: Mutex<BTreeMap<i32, i16>>,
    running: AtomicBool,
}
layout!(PyPoll, "poll");

const ALL_EVENTS: i16 = libc::POLLIN | libc::POLLPRI | libc::POLLOUT;

#[pymethods(class = "select.poll")]
impl PyPoll {
    /// Register a file descriptor with the polling object.
    #[pymethod(sig = "(fd, eventmask=POLLIN|POLLPRI|POLLOUT, /)", text = "")]
    fn register(&self, fd: &Obj, eventmask: Option<&Obj>) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        let mask = eventmask.map_or(Ok(ALL_EVENTS), event_mask)?;
        self.registered.lock().insert(fd, mask);
        Ok(())
    }
    /// Modify an already registered file descriptor.
    #[pymethod(sig = "(fd, eventmask, /)")]
    fn modify(&self, fd: &Obj, eventmask: &Obj) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        let mask = event_mask(eventmask)?;
        let known = self.registered.lock().get_mut(&fd).map(|old| *old = mask).is_some();
        if known { Ok(()) } else { Err(os_error(libc::ENOENT)) }
    }
    /// Remove a file descriptor being tracked by the polling object.
    #[pymethod(sig = "(fd, /)")]
    fn unregister(&self, fd: &Obj) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        let known = self.registered.lock().remove(&fd).is_some();
        if known { Ok(()) } else { Err(key_error(int_obj(fd.into()))) }
    }
    /// Polls the set of registered file descriptors, returning a list of (fd, event) pairs.
    #[pymethod(sig = "(timeout=None, /)")]
    fn poll(&self, timeout: Option<&Obj>) -> PyResult<Vec<(i32, u32)>> {
        let nanoseconds = match timeout.filter(|t| !is_none(t)) {
            Some(timeout) => match as_f64(timeout) {
                // Milliseconds; any negative number: for ever.
                Ok(ms) if ms < 0.0 => None,
                Ok(ms) if ms.ceil() > f64::from(i32::MAX) => {
                    return Err(overflow_error("timeout is too large"));
                }
                Ok(ms) => Some((ms * 1e6).ceil() as i64),
                Err(Raised) => {
                    catch(&types().type_error)?;
                    return Err(type_error("timeout must be an integer or None"));
                }
            },
            None => None,
        };
        let running =
            Running::begin(&self.running).ok_or_else(|| runtime_error("concurrent poll() invocation"))?;
        let mut fds: Vec<libc::pollfd> = self
            .registered
            .lock()
            .iter()
            .map(|(fd, events)| libc::pollfd { fd: *fd, events: *events, revents: 0 })
            .collect();
        let result = until(nanoseconds, |ms| sys_calls::poll(&mut fds, ms));
        drop(running);
        result?;
        Ok(fds.iter().filter(|f| f.revents != 0).map(|f| (f.fd, u32::from(f.revents as u16))).collect())
    }
}

/// An `epoll` object.
#[repr(C)]
pub struct PyEpoll {
    header: Header,
    /// -1: closed.
    fd: AtomicI32,
}
layout!(PyEpoll, "epoll");

impl PyEpoll {
    fn descriptor(&self) -> PyResult<i32> {
        match self.fd.load(Ordering::Relaxed) {
            ..0 => Err(value_error("I/O operation on closed epoll object")),
            fd => Ok(fd),
        }
    }
    fn shut(&self) -> SysResult<()> {
        match self.fd.swap(-1, Ordering::AcqRel) {
            ..0 => Ok(()),
            fd => sys_calls::close(fd),
        }
    }
    fn control(&self, operation: i32, fd: &Obj, events: u32) -> PyResult<()> {
        let epoll = self.descriptor()?;
        let fd = fileno_of(fd)?;
        sys_calls::epoll_ctl(epoll, operation, fd, events).map_err(os_error)
    }
}

impl Drop for PyEpoll {
    fn drop(&mut self) {
        let _ = self.shut();
    }
}

const ALL_EPOLL_EVENTS: u32 = (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32;

#[pymethods(class = "select.epoll")]
impl PyEpoll {
    /// Close the epoll control file descriptor.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.shut().map_err(os_error)
    }
    /// Return the epoll control file descriptor.
    #[pymethod]
    fn fileno(&self) -> PyResult<i32> {
        self.descriptor()
    }
    /// Registers a new fd or raises an OSError if the fd is already registered.
    #[pymethod(sig = "(fd, eventmask=EPOLLIN|EPOLLPRI|EPOLLOUT)", text = "")]
    fn register(&self, fd: &Obj, eventmask: Option<u32>) -> PyResult<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, eventmask.unwrap_or(ALL_EPOLL_EVENTS))
    }
    /// Modify event mask for a registered file descriptor.
    #[pymethod(sig = "(fd, eventmask)")]
    fn modify(&self, fd: &Obj, eventmask: u32) -> PyResult<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, eventmask)
    }
    /// Remove a registered file descriptor from the epoll object.
    #[pymethod(sig = "(fd)")]
    fn unregister(&self, fd: &Obj) -> PyResult<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0)
    }
    /// Wait for events on the epoll file descriptor.
    #[pymethod(sig = "(timeout=None, maxevents=-1)")]
    fn poll(&self, timeout: Option<&Obj>, maxevents: Option<i32>) -> PyResult<Vec<(i32, u32)>> {
        let epoll = self.descriptor()?;
        // Any negative number: for ever.
        let nanoseconds = seconds(timeout)?.filter(|n| *n >= 0);
        let room = match maxevents.unwrap_or(-1) {
            -1 => 1023,
            // A program that asks for more gets the rest the next time.
            1.. => maxevents.unwrap_or(1).min(1 << 20) as usize,
            other => return Err(value_error(format!("maxevents must be greater than 0, got {other}"))),
        };
        until(nanoseconds, |ms| sys_calls::epoll_wait(epoll, room, ms))
    }
    #[pymethod]
    fn __enter__(slf: &Obj) -> PyResult<Obj> {
        match slf.downcast::<PyEpoll>() {
            Some(this) => this.descriptor().map(|_| slf.clone()),
            None => Err(type_error("an epoll object is required")),
        }
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn __exit__(&self, args: &[Obj]) -> PyResult<()> {
        let _ = args;
        self.shut().map_err(os_error)
    }
    /// Create an epoll object from a given control fd.
    #[pyclassmethod]
    fn fromfd(cls: &Obj, fd: i32) -> PyResult<Obj> {
        epoll_of(cls, fd)
    }
    /// True if the epoll handler is closed
    #[pygetset]
    fn closed(&self) -> bool {
        self.fd.load(Ordering::Relaxed) < 0
    }
}

fn epoll_of(class: &Obj, fd: i32) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("X is not a type object")) };
    taipan_objects::type_object::check_layout::<PyEpoll>(class)?;
    Ok(new_instance(class, |header| PyEpoll { header, fd: AtomicI32::new(fd) }).into_obj())
}

#[pyargs(name = "epoll", sig = "(sizehint=-1, flags=0)")]
fn new_epoll(class: &Obj, sizehint: Option<i32>, flags: Option<i32>) -> PyResult<Obj> {
    if sizehint.is_some_and(|hint| hint != -1 && hint <= 0) {
        return Err(value_error("negative sizehint"));
    }
    if !matches!(flags.unwrap_or(0), 0 | libc::EPOLL_CLOEXEC) {
        return Err(os_error(libc::EINVAL));
    }
    let fd = sys_calls::epoll_create(libc::EPOLL_CLOEXEC).map_err(os_error)?;
    epoll_of(class, fd)
}

fn classes() -> &'static (Py<PyType>, Py<PyType>) {
    static CLASSES: std::sync::OnceLock<(Py<PyType>, Py<PyType>)> = std::sync::OnceLock::new();
    CLASSES.get_or_init(|| {
        let poll = TypeBuilder::new("select.poll", <PyPoll as taipan_objects::Object>::ops())
            .methods(PyPoll::methods())
            .no_instantiation()
            .final_()
            .make();
        let epoll = TypeBuilder::new("select.epoll", <PyEpoll as taipan_objects::Object>::ops())
            .slots(TypeSlots { new: Some(new_epoll), ..TypeSlots::EMPTY })
            .methods(PyEpoll::methods())
            .getset(PyEpoll::getset())
            .doc("Returns an epolling object.")
            .make();
        (poll, epoll)
    })
}

/// Objects with their descriptors.
fn descriptors(list: &Obj) -> PyResult<Vec<(Obj, i32)>> {
    if class_of(list).slots.iter().is_none() && !is_sequence(list) {
        return Err(type_error("arguments 1-3 must be sequences"));
    }
    if let Some(items) = list.downcast::<PyList>() {
        // A list that `fileno()` makes shorter is over where it ends then.
        let mut found = Vec::new();
        while let Some(obj) = items.get(found.len()) {
            let fd = fileno_of(&obj)?;
            found.push((obj, fd));
        }
        return Ok(found);
    }
    collect(list)?.into_iter().map(|obj| fileno_of(&obj).map(|fd| (obj, fd))).collect()
}

/// This module supports asynchronous I/O on multiple file descriptors.
#[pymodule(name = "select")]
mod items {
    use super::*;

    #[pyattr]
    const PIPE_BUF: usize = libc::PIPE_BUF;
    #[pyattr]
    const EPOLL_CLOEXEC: i32 = libc::EPOLL_CLOEXEC;

    /// Wait until one or more file descriptors are ready for some kind of I/O.
    #[pyfunction(name = "select", sig = "(rlist, wlist, xlist, timeout=None, /)")]
    fn select_(rlist: &Obj, wlist: &Obj, xlist: &Obj, timeout: Option<&Obj>) -> PyResult<Obj> {
        let nanoseconds = seconds(timeout)?;
        if nanoseconds.is_some_and(|n| n < 0) {
            return Err(value_error("timeout must be non-negative"));
        }
        let lists = [
            (descriptors(rlist)?, libc::POLLIN, libc::POLLIN | libc::POLLHUP | libc::POLLERR),
            (descriptors(wlist)?, libc::POLLOUT, libc::POLLOUT | libc::POLLERR),
            (descriptors(xlist)?, libc::POLLPRI, libc::POLLPRI),
        ];
        let mut fds: Vec<libc::pollfd> = lists
            .iter()
            .flat_map(|(list, events, _)| {
                list.iter().map(|(_, fd)| libc::pollfd { fd: *fd, events: *events, revents: 0 })
            })
            .collect();
        until(nanoseconds, |ms| sys_calls::poll(&mut fds, ms))?;
        if fds.iter().any(|f| f.revents & libc::POLLNVAL != 0) {
            return Err(os_error(libc::EBADF));
        }
        let mut at = fds.iter();
        let mut results = Vec::with_capacity(3);
        for (list, _, wanted) in &lists {
            let own: Vec<&libc::pollfd> = at.by_ref().take(list.len()).collect();
            let ready = list
                .iter()
                .zip(own)
                .filter(|(_, f)| f.revents & wanted != 0)
                .map(|((obj, _), _)| obj.clone());
            results.push(list_obj(ready.collect()));
        }
        Ok(tuple_obj(results))
    }
    /// Returns a polling object.
    #[pyfunction]
    fn poll() -> Obj {
        let make = |header| PyPoll {
            header,
            registered: Mutex::new(BTreeMap::new()),
            running: AtomicBool::new(false),
        };
        new_instance(&classes().0, make).into_obj()
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in POLL.iter().chain(EPOLL) {
            module.add(name, *value)?;
        }
        module.add("POLLMSG", 1024)?;
        module.add("epoll", classes().1.to_obj())?;
        module.add("error", types().os_error.to_obj())
    }
}
