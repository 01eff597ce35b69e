//! From error numbers of the system to Python's `OSError`, and the loop that every blocking system call goes through.
//!
//! Invariant: a system call that may block runs detached, and one that a signal interrupts is tried again after the signal's
//! Python handler has run (PEP 475).

use taipan_objects::hooks;
use taipan_objects::prelude::*;
use taipan_threading::detached;

use crate::sys_calls::{self, SysResult};

/// Raises the `OSError` (or the subclass that fits) for an error number.
#[cold]
pub fn os_error(errno: i32) -> Raised {
    raise_args(&types().os_error, vec![int_obj(errno.into()), str_obj(&sys_calls::strerror(errno))])
}

/// As [`os_error`], with a file name.
#[cold]
pub fn os_error_for(errno: i32, filename: &Obj) -> Raised {
    raise_args(
        &types().os_error,
        vec![int_obj(errno.into()), str_obj(&sys_calls::strerror(errno)), filename.clone()],
    )
}

/// As [`os_error`], with two file names.
#[cold]
pub fn os_error_for2(errno: i32, filename: &Obj, filename2: &Obj) -> Raised {
    let text = str_obj(&sys_calls::strerror(errno));
    raise_args(
        &types().os_error,
        vec![int_obj(errno.into()), text, filename.clone(), none(), filename2.clone()],
    )
}

/// Runs a system call detached, again after interruptions. The inner result is the call's own.
#[inline]
pub fn interruptible<T>(mut call: impl FnMut() -> SysResult<T>) -> PyResult<SysResult<T>> {
    loop {
        match detached(&mut call) {
            Err(libc::EINTR) => hooks::check_signals()?,
            result => return Ok(result),
        }
    }
}

/// After a system call that wrote so many of the bytes given. Where it was not all of them a signal may have come in between, whose handler is called within the same expression.
pub fn after_write(written: usize, given: usize) -> PyResult<()> {
    if written < given { hooks::check_signals() } else { Ok(()) }
}

/// As [`interruptible`]; errors of the call are raised.
#[inline]
pub fn blocking<T>(call: impl FnMut() -> SysResult<T>) -> PyResult<T> {
    interruptible(call)?.map_err(os_error)
}

/// As [`blocking`]; errors carry a file name.
#[inline]
pub fn blocking_for<T>(filename: &Obj, call: impl FnMut() -> SysResult<T>) -> PyResult<T> {
    interruptible(call)?.map_err(|errno| os_error_for(errno, filename))
}

/// Raises what the standard library reports.
pub fn raise_io(error: std::io::Error) -> Raised {
    match error.raw_os_error() {
        Some(errno) => os_error(errno),
        None => raise_message(&types().os_error, error.to_string()),
    }
}
