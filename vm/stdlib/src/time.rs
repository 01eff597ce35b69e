//! `time`: clocks, sleeping, calendar times.
//!
//! Durations and points in time are whole nanoseconds in an `i64` wherever they are computed with.

mod calendar;

use std::time::Duration;

use taipan_objects::hooks;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::intern;

use crate::os_error::os_error;
use crate::sys_calls;

const SECOND: i64 = 1_000_000_000;

fn nanoseconds(time: libc::timespec) -> i64 {
    time.tv_sec.saturating_mul(SECOND).saturating_add(time.tv_nsec)
}

fn read_clock(clock: i32) -> PyResult<i64> {
    sys_calls::clock_gettime(clock).map(nanoseconds).map_err(os_error)
}

fn seconds(nanoseconds: i64) -> f64 {
    // Whole seconds need no division, which might round.
    if nanoseconds % SECOND == 0 { (nanoseconds / SECOND) as f64 } else { nanoseconds as f64 / 1e9 }
}

fn out_of_range() -> Raised {
    overflow_error("timestamp out of range for C PyTime_t")
}

/// Seconds as a number: nanoseconds, rounded up (as waiting wants it) or down.
pub fn duration_argument(obj: &Obj, up: bool) -> PyResult<i64> {
    if let Some(i) = int::int_ref(obj) {
        return i.to_i64().and_then(|s| s.checked_mul(SECOND)).ok_or_else(out_of_range);
    }
    let is_float = obj.value().is_float() || is_instance_of(obj, &types().float);
    if !is_float {
        if !has_index(obj) {
            let name = class_of(obj).name();
            return Err(type_error(format!("'{name}' object cannot be interpreted as an integer or float")));
        }
        return duration_argument(&index(obj)?, up);
    }
    let value = as_f64(obj)?;
    if value.is_nan() {
        return Err(value_error("Invalid value NaN (not a number)"));
    }
    let scaled = value * 1e9;
    let scaled = if up == (scaled >= 0.0) { scaled.ceil() } else { scaled.floor() };
    if scaled >= -9_223_372_036_854_775_808.0 && scaled < 9_223_372_036_854_775_808.0 {
        Ok(scaled as i64)
    } else {
        Err(out_of_range())
    }
}

fn timespec(nanoseconds: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanoseconds.div_euclid(SECOND), tv_nsec: nanoseconds.rem_euclid(SECOND) }
}

/// Sleeps, letting signal handlers run meanwhile.
pub fn sleep_for(nanoseconds: i64) -> PyResult<()> {
    let deadline = read_clock(libc::CLOCK_MONOTONIC)?.saturating_add(nanoseconds);
    if nanoseconds == 0 {
        // Lets others have the processor.
        let _ = taipan_threading::detached(sys_calls::sched_yield);
        return hooks::check_signals();
    }
    loop {
        let left = deadline - read_clock(libc::CLOCK_MONOTONIC)?;
        if left <= 0 {
            return Ok(());
        }
        if !taipan_threading::sleep_interruptible(Duration::from_nanos(left as u64)) {
            hooks::check_signals()?;
        }
    }
}

const CLOCKS: &[(&str, i32)] = &[
    ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
    ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
    ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW),
    ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
    ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
    ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME),
    ("CLOCK_TAI", libc::CLOCK_TAI),
];

/// This module provides various functions to manipulate time values.
#[pymodule(name = "time", include(calendar::MODULE))]
mod items {
    use super::*;

    /// time() -> floating-point number
    ///
    /// Return the current time in seconds since the Epoch.
    /// Fractions of a second may be present if the system clock provides them.
    #[pyfunction]
    fn time() -> PyResult<f64> {
        read_clock(libc::CLOCK_REALTIME).map(seconds)
    }
    /// time_ns() -> int
    ///
    /// Return the current time in nanoseconds since the Epoch.
    #[pyfunction]
    fn time_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_REALTIME)
    }
    /// monotonic() -> float
    ///
    /// Monotonic clock, cannot go backward.
    #[pyfunction]
    fn monotonic() -> PyResult<f64> {
        read_clock(libc::CLOCK_MONOTONIC).map(seconds)
    }
    /// monotonic_ns() -> int
    ///
    /// Monotonic clock, cannot go backward, as nanoseconds.
    #[pyfunction]
    fn monotonic_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_MONOTONIC)
    }
    /// perf_counter() -> float
    ///
    /// Performance counter for benchmarking.
    #[pyfunction]
    fn perf_counter() -> PyResult<f64> {
        read_clock(libc::CLOCK_MONOTONIC).map(seconds)
    }
    /// perf_counter_ns() -> int
    ///
    /// Performance counter for benchmarking as nanoseconds.
    #[pyfunction]
    fn perf_counter_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_MONOTONIC)
    }
    /// process_time() -> float
    ///
    /// Process time for profiling: sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn process_time() -> PyResult<f64> {
        read_clock(libc::CLOCK_PROCESS_CPUTIME_ID).map(seconds)
    }
    /// process_time_ns() -> int
    ///
    /// Process time for profiling as nanoseconds:
    /// sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn process_time_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
    }
    /// thread_time() -> float
    ///
    /// Thread time for profiling: sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn thread_time() -> PyResult<f64> {
        read_clock(libc::CLOCK_THREAD_CPUTIME_ID).map(seconds)
    }
    /// thread_time_ns() -> int
    ///
    /// Thread time for profiling as nanoseconds:
    /// sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn thread_time_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_THREAD_CPUTIME_ID)
    }
    /// clock_gettime(clk_id) -> float
    #[pyfunction(sig = "(clk_id, /)")]
    fn clock_gettime(clk_id: i32) -> PyResult<f64> {
        let time = sys_calls::clock_gettime(clk_id).map_err(os_error)?;
        Ok(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    /// Return the time of the specified clock clk_id as nanoseconds (int).
    #[pyfunction(sig = "(clk_id, /)")]
    fn clock_gettime_ns(clk_id: i32) -> PyResult<i64> {
        read_clock(clk_id)
    }
    /// clock_getres(clk_id) -> floating-point number
    ///
    /// Return the resolution (precision) of the specified clock clk_id.
    #[pyfunction(sig = "(clk_id, /)", text = "")]
    fn clock_getres(clk_id: i32) -> PyResult<f64> {
        let time = sys_calls::clock_getres(clk_id).map_err(os_error)?;
        Ok(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    /// clock_settime(clk_id, time)
    ///
    /// Set the time of the specified clock clk_id.
    #[pyfunction(sig = "(clk_id, time, /)", text = "")]
    fn clock_settime(clk_id: i32, time: &Obj) -> PyResult<()> {
        let time = duration_argument(time, false)?;
        sys_calls::clock_settime(clk_id, timespec(time)).map_err(os_error)
    }
    /// clock_settime_ns(clk_id, time)
    ///
    /// Set the time of the specified clock clk_id with nanoseconds.
    #[pyfunction(sig = "(clk_id, time, /)", text = "")]
    fn clock_settime_ns(clk_id: i32, time: i64) -> PyResult<()> {
        sys_calls::clock_settime(clk_id, timespec(time)).map_err(os_error)
    }
    /// pthread_getcpuclockid(thread_id) -> int
    ///
    /// Return the clk_id of a thread's CPU time clock.
    #[pyfunction(sig = "(thread_id, /)", text = "")]
    fn pthread_getcpuclockid(thread_id: usize) -> PyResult<i32> {
        if !taipan_threading::threads().any(|t| t.pthread_id() == thread_id) {
            return Err(os_error(libc::ESRCH));
        }
        sys_calls::thread_cpu_clock(thread_id).map_err(os_error)
    }
    /// sleep(seconds)
    ///
    /// Delay execution for a given number of seconds.  The argument may be
    /// a floating-point number for subsecond precision.
    #[pyfunction(sig = "(object, /)")]
    fn sleep(object: &Obj) -> PyResult<()> {
        if taipan_vm::sys::is_audited() {
            taipan_vm::sys::audit("time.sleep", std::slice::from_ref(object))?;
        }
        let nanoseconds = duration_argument(object, true)?;
        if nanoseconds < 0 {
            return Err(value_error("sleep length must be non-negative"));
        }
        sleep_for(nanoseconds)
    }
    /// get_clock_info(name: str) -> dict
    ///
    /// Get information of the specified clock.
    #[pyfunction(sig = "(name, /)", text = "")]
    fn get_clock_info(name: &str) -> PyResult<Obj> {
        let (clock, implementation, monotonic) = match name {
            "time" => (libc::CLOCK_REALTIME, "clock_gettime(CLOCK_REALTIME)", false),
            "monotonic" | "perf_counter" => (libc::CLOCK_MONOTONIC, "clock_gettime(CLOCK_MONOTONIC)", true),
            "process_time" => {
                (libc::CLOCK_PROCESS_CPUTIME_ID, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", true)
            }
            "thread_time" => (libc::CLOCK_THREAD_CPUTIME_ID, "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", true),
            _ => return Err(value_error("unknown clock")),
        };
        let resolution = sys_calls::clock_getres(clock).map_err(os_error)?;
        let info = call0(types().simple_namespace.as_obj())?;
        setattr(&info, &intern("implementation"), &str_obj(implementation))?;
        setattr(&info, &intern("monotonic"), &bool_obj(monotonic))?;
        setattr(&info, &intern("adjustable"), &bool_obj(!monotonic))?;
        setattr(
            &info,
            &intern("resolution"),
            &float_obj(resolution.tv_sec as f64 + resolution.tv_nsec as f64 * 1e-9),
        )?;
        Ok(info)
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, clock) in CLOCKS {
            module.add(name, *clock)?;
        }
        module.add("_STRUCT_TM_ITEMS", 11)
    }
}
