//! The `socket` class. Its fields are atomic and the kernel orders the calls, so it needs no lock.
//!
//! Timeouts are CPython's: a socket with one is non-blocking for the system, and every operation waits with poll(2) before (and between) its
//! calls. The wait and the call are both detached; signals run their handlers and the operation goes on for the rest of its time (PEP 475).

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::{buffer, hooks, int};
use taipan_threading::detached;
use taipan_threading::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use taipan_vm::sys::audit;

use super::address::{from_python, os_message, to_python};
use crate::native_class;
use crate::native_class::{class_argument, receiver};
use crate::os_error::{interruptible, os_error};
use crate::sys_calls::{self, SocketAddress, SysResult};

/// A timeout that never ends, in nanoseconds.
const FOREVER: i64 = -1;

/// The timeout of new sockets.
static DEFAULT_TIMEOUT: AtomicI64 = AtomicI64::new(FOREVER);

/// A socket.
#[repr(C)]
pub struct PySocket {
    header: Header,
    /// -1: closed.
    fd: AtomicI32,
    family: AtomicI32,
    kind: AtomicI32,
    protocol: AtomicI32,
    /// In nanoseconds; negative: none.
    timeout: AtomicI64,
}
layout!(PySocket, "socket");

impl Drop for PySocket {
    fn drop(&mut self) {
        if let Ok(fd) = self.take_descriptor() {
            let _ = sys_calls::close(fd);
        }
    }
}

/// How an operation ended.
pub enum Outcome<T> {
    Done(T),
    Failed(i32),
    TimedOut,
}

impl<T> Outcome<T> {
    /// The result, or the error raised.
    pub fn or_raise(self) -> PyResult<T> {
        match self {
            Outcome::Done(value) => Ok(value),
            Outcome::Failed(errno) => Err(os_error(errno)),
            Outcome::TimedOut => Err(raise_message(&types().timeout_error, "timed out")),
        }
    }
}

pub fn now() -> PyResult<i64> {
    let time = sys_calls::clock_gettime(libc::CLOCK_MONOTONIC).map_err(os_error)?;
    Ok(time.tv_sec * 1_000_000_000 + time.tv_nsec)
}

/// What to wait for.
#[derive(Clone, Copy)]
pub enum Ready {
    Read,
    Write,
    /// The end of a connection attempt; always waited for, even without a timeout.
    Connected,
}

impl PySocket {
    // Relaxed in the following: each field stands for itself, and the kernel knows whether a descriptor is open.
    pub fn descriptor(&self) -> i32 {
        self.fd.load(Ordering::Relaxed)
    }
    fn take_descriptor(&self) -> Result<i32, ()> {
        match self.fd.swap(-1, Ordering::AcqRel) {
            ..0 => Err(()),
            fd => Ok(fd),
        }
    }
    pub fn family(&self) -> i32 {
        self.family.load(Ordering::Relaxed)
    }
    fn kind(&self) -> i32 {
        self.kind.load(Ordering::Relaxed)
    }
    pub fn protocol(&self) -> i32 {
        self.protocol.load(Ordering::Relaxed)
    }
    pub fn timeout(&self) -> i64 {
        self.timeout.load(Ordering::Relaxed)
    }
    pub fn address(&self, caller: &str, obj: &Obj) -> PyResult<SocketAddress> {
        from_python(caller, self.family(), self.protocol(), obj)
    }
    /// Waits until the socket is ready; `Ok(false)`: the time is over.
    fn wait(&self, ready: Ready, nanoseconds: Option<i64>) -> SysResult<bool> {
        let fd = self.descriptor();
        if fd < 0 {
            return Ok(true); // The call itself will tell.
        }
        let events = match ready {
            Ready::Read => libc::POLLIN,
            Ready::Write => libc::POLLOUT,
            Ready::Connected => libc::POLLOUT | libc::POLLERR,
        };
        let mut fds = [libc::pollfd { fd, events, revents: 0 }];
        let milliseconds = nanoseconds.map_or(-1, |n| (n.div_ceil_ms()).min(i32::MAX.into()) as i32);
        detached(|| sys_calls::poll(&mut fds, milliseconds)).map(|n| n > 0)
    }
    /// Performs `operation`, waiting as the socket's timeout says.
    pub fn perform<T>(
        &self,
        ready: Ready,
        operation: impl FnMut(i32) -> SysResult<T>,
    ) -> PyResult<Outcome<T>> {
        self.perform_within(ready, self.timeout(), operation)
    }
    pub fn perform_within<T>(
        &self,
        ready: Ready,
        timeout: i64,
        mut operation: impl FnMut(i32) -> SysResult<T>,
    ) -> PyResult<Outcome<T>> {
        let mut deadline = None;
        loop {
            if timeout > 0 || matches!(ready, Ready::Connected) {
                let left = match deadline {
                    _ if timeout <= 0 => None,
                    None => {
                        deadline = Some(now()?.saturating_add(timeout));
                        Some(timeout)
                    }
                    Some(deadline) => Some(deadline - now()?),
                };
                if left.is_some_and(|left| left < 0) {
                    return Ok(Outcome::TimedOut);
                }
                match self.wait(ready, left) {
                    Ok(true) => {}
                    Ok(false) => return Ok(Outcome::TimedOut),
                    Err(libc::EINTR) => {
                        hooks::check_signals()?;
                        continue;
                    }
                    Err(errno) => return Ok(Outcome::Failed(errno)),
                }
            }
            match interruptible(|| operation(self.descriptor()))? {
                Ok(value) => return Ok(Outcome::Done(value)),
                Err(libc::EAGAIN) if timeout > 0 => {}
                Err(errno) => return Ok(Outcome::Failed(errno)),
            }
        }
    }
    /// Connects; when the system goes on by itself, waits for the end.
    fn connect_to(&self, address: &SocketAddress) -> PyResult<Outcome<()>> {
        let timeout = self.timeout();
        let errno = match detached(|| sys_calls::connect(self.descriptor(), address)) {
            Ok(()) => return Ok(Outcome::Done(())),
            Err(errno) => errno,
        };
        let waits = if errno == libc::EINTR {
            hooks::check_signals()?;
            timeout != 0
        } else {
            timeout > 0 && errno == libc::EINPROGRESS
        };
        if !waits {
            return Ok(Outcome::Failed(errno));
        }
        self.perform_within(Ready::Connected, timeout, |fd| {
            match sys_calls::socket_number(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
                0 | libc::EISCONN => Ok(()),
                errno => Err(errno),
            }
        })
    }
    fn set_timeout(&self, nanoseconds: i64) -> PyResult<()> {
        self.timeout.store(nanoseconds, Ordering::Relaxed);
        sys_calls::set_nonblocking(self.descriptor(), nonblocking(nanoseconds)).map_err(os_error)
    }
    /// Takes over a descriptor, and what is known of it.
    fn adopt(&self, fd: i32, family: i32, kind: i32, protocol: i32) -> PyResult<()> {
        self.fd.store(fd, Ordering::Release);
        self.family.store(family, Ordering::Relaxed);
        self.kind.store(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC), Ordering::Relaxed);
        self.protocol.store(protocol, Ordering::Relaxed);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.store(0, Ordering::Relaxed);
            return Ok(());
        }
        let timeout = DEFAULT_TIMEOUT.load(Ordering::Relaxed);
        self.timeout.store(timeout, Ordering::Relaxed);
        if timeout >= 0 {
            sys_calls::set_nonblocking(fd, true).map_err(os_error)?;
        }
        Ok(())
    }
}

/// Milliseconds, rounded up.
trait Milliseconds {
    fn div_ceil_ms(self) -> i64;
}
impl Milliseconds for i64 {
    fn div_ceil_ms(self) -> i64 {
        self / 1_000_000 + i64::from(self % 1_000_000 > 0)
    }
}

fn nonblocking(timeout: i64) -> bool {
    timeout >= 0
}

/// A timeout argument: nanoseconds, `None`: for ever.
pub fn timeout_argument(obj: &Obj) -> PyResult<i64> {
    if is_none(obj) {
        return Ok(FOREVER);
    }
    match crate::time::duration_argument(obj, true)? {
        ..0 => Err(value_error("Timeout value out of range")),
        nanoseconds => Ok(nanoseconds),
    }
}

/// A timeout as Python sees it: seconds, or `None`.
pub fn timeout_obj(nanoseconds: i64) -> Obj {
    if nanoseconds < 0 { none() } else { float_obj(nanoseconds as f64 / 1e9) }
}

/// `getdefaulttimeout()`, in nanoseconds.
pub fn default_timeout() -> i64 {
    DEFAULT_TIMEOUT.load(Ordering::Relaxed)
}
pub fn set_default_timeout(nanoseconds: i64) {
    DEFAULT_TIMEOUT.store(nanoseconds, Ordering::Relaxed);
}

native_class!(
    /// `_socket.socket`.
    pub fn class() = TypeBuilder::new("_socket.socket", PySocket::ops())
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(initialize),
            repr: Some(represent),
            del: Some(finalize),
            ..TypeSlots::EMPTY
        })
        .methods(PySocket::methods())
        .methods(PySocket::transfer_methods())
        .methods(PySocket::message_methods())
        .getset(PySocket::getset())
        .doc("socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\nsocket(family=-1, type=-1, proto=-1, fileno=None) -> socket object\n\nOpens a socket of the given family, type and protocol, or takes over an open\ndescriptor (fileno). A socket is in blocking, non-blocking or timeout mode:\nsee settimeout() and setdefaulttimeout().")
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PySocket>(class)?;
    let make = |header| PySocket {
        header,
        fd: AtomicI32::new(-1),
        family: AtomicI32::new(0),
        kind: AtomicI32::new(0),
        protocol: AtomicI32::new(0),
        timeout: AtomicI64::new(FOREVER),
    };
    Ok(new_instance(class, make).into_obj())
}

/// A socket object for an open descriptor, which it closes if it cannot be made.
pub fn of_descriptor(fd: i32, family: i32, kind: i32, protocol: i32) -> PyResult<Obj> {
    let obj = construct(class().as_obj(), &Args::EMPTY)?;
    receiver::<PySocket>(&obj)?.adopt(fd, family, kind, protocol)?;
    Ok(obj)
}

#[pyargs(name = "socket", sig = "(family=-1, type=-1, proto=-1, fileno=None)")]
fn initialize(
    slf: &Obj,
    family: Option<i32>,
    kind: Option<i32>,
    proto: Option<i32>,
    fileno: Option<&Obj>,
) -> PyResult<()> {
    let this = receiver::<PySocket>(slf)?;
    let (family, kind, proto) = (family.unwrap_or(-1), kind.unwrap_or(-1), proto.unwrap_or(-1));
    let numbers = [family, kind, proto].map(|n| int_obj(n.into()));
    audit("socket.__new__", &[&[slf.clone()], &numbers[..]].concat())?;
    if let Some(fileno) = fileno.filter(|f| !is_none(f)) {
        let fd = i32::from_arg(fileno)?;
        if fd < 0 {
            return Err(value_error("negative file descriptor"));
        }
        let asked = |given: i32, option: i32| match given {
            -1 => sys_calls::socket_number(fd, libc::SOL_SOCKET, option).map_err(os_error),
            given => Ok(given),
        };
        let family = match (sys_calls::getsockname(fd), family) {
            (Err(errno), -1) => return Err(os_error(errno)),
            (Ok(address), -1) => address.family(),
            (_, family) => family,
        };
        let kind = asked(kind, libc::SO_TYPE)?;
        let proto = asked(proto, libc::SO_PROTOCOL)?;
        return this.adopt(fd, family, kind, proto);
    }
    let or = |given: i32, default: i32| if given == -1 { default } else { given };
    let (family, kind, proto) = (or(family, libc::AF_INET), or(kind, libc::SOCK_STREAM), or(proto, 0));
    let fd = detached(|| sys_calls::socket(family, kind, proto)).map_err(os_error)?;
    // A second initialization drops what was open.
    let old = this.take_descriptor();
    let done = this.adopt(fd, family, kind, proto);
    if let Ok(old) = old {
        let _ = sys_calls::close(old);
    }
    done
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let this = receiver::<PySocket>(slf)?;
    let (fd, family, kind, proto) = (this.descriptor(), this.family(), this.kind(), this.protocol());
    Ok(str_obj(&format!("<socket object, fd={fd}, family={family}, type={kind}, proto={proto}>")))
}

/// `__del__`: a socket that was left open is worth a warning.
fn finalize(slf: &Obj) -> PyResult<()> {
    let this = receiver::<PySocket>(slf)?;
    if this.descriptor() < 0 {
        return Ok(());
    }
    let text = format!("unclosed {}", repr_string(slf)?);
    if taipan_vm::warnings::warn_of_resource(&text, slf).is_err() {
        // Raised by a warning filter: there is nobody to catch it here.
        hooks::unraisable(None, Some(slf));
    }
    if let Ok(fd) = this.take_descriptor() {
        let _ = sys_calls::close(fd);
    }
    Ok(())
}

#[pymethods(class = "_socket.socket")]
impl PySocket {
    /// _accept() -> (integer, address info)
    ///
    /// Waits for a connection; the new socket's descriptor and the peer's address.
    #[pymethod]
    fn _accept(&self) -> PyResult<(i32, Obj)> {
        let (fd, address) = self.perform(Ready::Read, sys_calls::accept)?.or_raise()?;
        match to_python(&address, self.protocol()) {
            Ok(address) => Ok((fd, address)),
            Err(raised) => {
                let _ = sys_calls::close(fd);
                Err(raised)
            }
        }
    }
    /// bind(address)
    ///
    /// Binds the socket to a local address.
    #[pymethod(sig = "(object, /)")]
    fn bind(slf: &Obj, object: &Obj) -> PyResult<()> {
        let this = receiver::<PySocket>(slf)?;
        let address = this.address("bind", object)?;
        audit("socket.bind", &[slf.clone(), object.clone()])?;
        detached(|| sys_calls::bind(this.descriptor(), &address)).map_err(os_error)
    }
    /// close()
    ///
    /// Closes the socket.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let Ok(fd) = self.take_descriptor() else { return Ok(()) };
        match detached(|| sys_calls::close(fd)) {
            // The peer's impoliteness is no error of ours.
            Ok(()) | Err(libc::ECONNRESET) => Ok(()),
            Err(errno) => Err(os_error(errno)),
        }
    }
    /// connect(address)
    ///
    /// Connects the socket to a remote address.
    #[pymethod(sig = "(object, /)")]
    fn connect(slf: &Obj, object: &Obj) -> PyResult<()> {
        let this = receiver::<PySocket>(slf)?;
        let address = this.address("connect", object)?;
        audit("socket.connect", &[slf.clone(), object.clone()])?;
        this.connect_to(&address)?.or_raise()
    }
    /// connect_ex(address) -> errno
    ///
    /// As connect(), with the error's number as result.
    #[pymethod(sig = "(object, /)")]
    fn connect_ex(slf: &Obj, object: &Obj) -> PyResult<i32> {
        let this = receiver::<PySocket>(slf)?;
        let address = this.address("connect_ex", object)?;
        audit("socket.connect", &[slf.clone(), object.clone()])?;
        Ok(match this.connect_to(&address)? {
            Outcome::Done(()) => 0,
            Outcome::Failed(errno) => errno,
            Outcome::TimedOut => libc::EWOULDBLOCK,
        })
    }
    /// detach()
    ///
    /// Closes the object and leaves the descriptor, which is returned, open.
    #[pymethod]
    fn detach(&self) -> i32 {
        self.take_descriptor().unwrap_or(-1)
    }
    /// fileno() -> integer
    ///
    /// The socket's descriptor.
    #[pymethod]
    fn fileno(&self) -> i32 {
        self.descriptor()
    }
    /// getpeername() -> address info
    ///
    /// The address of the other end.
    #[pymethod]
    fn getpeername(&self) -> PyResult<Obj> {
        let address = detached(|| sys_calls::getpeername(self.descriptor())).map_err(os_error)?;
        to_python(&address, self.protocol())
    }
    /// getsockname() -> address info
    ///
    /// The address of this end.
    #[pymethod]
    fn getsockname(&self) -> PyResult<Obj> {
        let address = detached(|| sys_calls::getsockname(self.descriptor())).map_err(os_error)?;
        to_python(&address, self.protocol())
    }
    /// getsockopt(level, option[, buffersize]) -> value
    ///
    /// Reads a socket option: a number, or with a buffer size, bytes.
    #[pymethod(sig = "(level, option, buffersize=0, /)", text = "")]
    fn getsockopt(&self, level: i32, option: i32, buffersize: Option<i32>) -> PyResult<Obj> {
        match buffersize.unwrap_or(0) {
            0 => sys_calls::socket_number(self.descriptor(), level, option).map_err(os_error)?.into_py(),
            size @ 1..=1024 => {
                let mut bytes = vec![0u8; size as usize];
                let n = sys_calls::getsockopt(self.descriptor(), level, option, &mut bytes);
                bytes.truncate(n.map_err(os_error)?);
                Ok(PyBytes::from_vec(bytes).into_obj())
            }
            _ => Err(os_message("getsockopt buflen out of range")),
        }
    }
    /// setsockopt(level, option, value: int)
    /// setsockopt(level, option, value: buffer)
    /// setsockopt(level, option, None, optlen: int)
    ///
    /// Sets a socket option.
    #[pymethod(sig = "(*args)", text = "")]
    fn setsockopt(&self, args: &[Obj]) -> PyResult<()> {
        let fd = self.descriptor();
        if let [level, option, nothing, len] = args
            && is_none(nothing)
        {
            let (level, option) = (i32::from_arg(level)?, i32::from_arg(option)?);
            let len = u32::from_arg(len)?;
            return sys_calls::setsockopt_nothing(fd, level, option, len).map_err(os_error);
        }
        let [level, option, value] = args else {
            let n = args.len();
            return Err(type_error(format!("setsockopt() takes exactly 3 arguments ({n} given)")));
        };
        let (level, option) = (i32::from_arg(level)?, i32::from_arg(option)?);
        let small = int::int_ref(value).and_then(|i| i.to_i64()).and_then(|i| i32::try_from(i).ok());
        match small {
            Some(number) => sys_calls::setsockopt(fd, level, option, &number.to_ne_bytes()),
            None => buffer::with_bytes(value, |bytes| sys_calls::setsockopt(fd, level, option, bytes))?,
        }
        .map_err(os_error)
    }
    /// listen([backlog])
    ///
    /// Lets the socket accept connections.
    #[pymethod(sig = "(backlog=128, /)", text = "")]
    fn listen(&self, backlog: Option<i32>) -> PyResult<()> {
        let backlog = backlog.unwrap_or(libc::SOMAXCONN.min(128)).max(0);
        detached(|| sys_calls::listen(self.descriptor(), backlog)).map_err(os_error)
    }
    /// shutdown(flag)
    ///
    /// Shuts down the reading side, the writing side or both.
    #[pymethod(sig = "(object, /)")]
    fn shutdown(&self, object: i32) -> PyResult<()> {
        detached(|| sys_calls::shutdown(self.descriptor(), object)).map_err(os_error)
    }
    /// setblocking(flag)
    ///
    /// Makes the socket wait for ever (true) or not at all (false).
    #[pymethod(sig = "(object, /)")]
    fn setblocking(&self, object: bool) -> PyResult<()> {
        self.set_timeout(if object { FOREVER } else { 0 })
    }
    /// getblocking()
    ///
    /// Whether operations wait.
    #[pymethod]
    fn getblocking(&self) -> bool {
        self.timeout() != 0
    }
    /// settimeout(timeout)
    ///
    /// Sets how many seconds operations wait; None: for ever, 0: not at all.
    #[pymethod(sig = "(object, /)")]
    fn settimeout(&self, object: &Obj) -> PyResult<()> {
        self.set_timeout(timeout_argument(object)?)
    }
    /// gettimeout() -> timeout
    ///
    /// How many seconds operations wait; None: for ever.
    #[pymethod]
    fn gettimeout(&self) -> Obj {
        timeout_obj(self.timeout())
    }
    /// the socket family
    #[pygetset(name = "family")]
    fn get_family(&self) -> i32 {
        self.family()
    }
    /// the socket type
    #[pygetset(name = "type")]
    fn get_kind(&self) -> i32 {
        self.kind()
    }
    /// the socket protocol
    #[pygetset]
    fn proto(&self) -> i32 {
        self.protocol()
    }
    /// the socket timeout
    #[pygetset(name = "timeout")]
    fn get_timeout(&self) -> Obj {
        timeout_obj(self.timeout())
    }
}
