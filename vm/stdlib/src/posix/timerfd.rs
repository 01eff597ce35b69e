//! Timers that are descriptors.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::os_error::{blocking, os_error};
use crate::sys_calls;

fn seconds(obj: Option<&Obj>) -> PyResult<i64> {
    obj.map_or(Ok(0), |obj| crate::time::duration_argument(obj, true))
}

fn in_seconds((initial, interval): (i64, i64)) -> (f64, f64) {
    (initial as f64 / 1e9, interval as f64 / 1e9)
}

#[pymodule(name = "posix_timerfd", doc = "")]
mod items {
    use super::*;

    /// Create and return a timer file descriptor.
    #[pyfunction(sig = "(clockid, /, *, flags=0)")]
    fn timerfd_create(clockid: i32, flags: Option<i32>) -> PyResult<i32> {
        let flags = flags.unwrap_or(0) | libc::TFD_CLOEXEC;
        sys_calls::timerfd_create(clockid, flags).map_err(os_error)
    }
    /// Alter a timer file descriptor's internal timer in seconds.
    #[pyfunction(sig = "(fd, /, *, flags=0, initial=0.0, interval=0.0)")]
    fn timerfd_settime(
        fd: &Obj,
        flags: Option<i32>,
        initial: Option<&Obj>,
        interval: Option<&Obj>,
    ) -> PyResult<(f64, f64)> {
        let fd = crate::file_path::fileno_of(fd)?;
        let new = (seconds(initial)?, seconds(interval)?);
        blocking(|| sys_calls::timerfd_settime(fd, flags.unwrap_or(0), new)).map(in_seconds)
    }
    /// Alter a timer file descriptor's internal timer in nanoseconds.
    #[pyfunction(sig = "(fd, /, *, flags=0, initial=0, interval=0)")]
    fn timerfd_settime_ns(
        fd: &Obj,
        flags: Option<i32>,
        initial: Option<i64>,
        interval: Option<i64>,
    ) -> PyResult<(i64, i64)> {
        let fd = crate::file_path::fileno_of(fd)?;
        let new = (initial.unwrap_or(0), interval.unwrap_or(0));
        blocking(|| sys_calls::timerfd_settime(fd, flags.unwrap_or(0), new))
    }
    /// Return a tuple of a timer file descriptor's (next expiration, interval) in float seconds.
    #[pyfunction(sig = "(fd, /)")]
    fn timerfd_gettime(fd: &Obj) -> PyResult<(f64, f64)> {
        let fd = crate::file_path::fileno_of(fd)?;
        blocking(|| sys_calls::timerfd_gettime(fd)).map(in_seconds)
    }
    /// Return a tuple of a timer file descriptor's (next expiration, interval) in nanoseconds.
    #[pyfunction(sig = "(fd, /)")]
    fn timerfd_gettime_ns(fd: &Obj) -> PyResult<(i64, i64)> {
        let fd = crate::file_path::fileno_of(fd)?;
        blocking(|| sys_calls::timerfd_gettime(fd))
    }
}
