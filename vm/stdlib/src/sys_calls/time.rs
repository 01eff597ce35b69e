//! Clocks and calendars of the system.

use std::ffi::CStr;
use std::mem::MaybeUninit;

use super::{SysResult, c_text, errno};

pub fn clock_gettime(clock: i32) -> SysResult<libc::timespec> {
    read_struct!(libc::timespec, slot => libc::clock_gettime(clock, slot))
}
pub fn clock_getres(clock: i32) -> SysResult<libc::timespec> {
    read_struct!(libc::timespec, slot => libc::clock_getres(clock, slot))
}
pub fn clock_settime(clock: i32, time: libc::timespec) -> SysResult<()> {
    call!(libc::clock_settime(clock, &time)).map(drop)
}
pub fn thread_cpu_clock(thread: usize) -> SysResult<i32> {
    let mut clock = 0;
    // SAFETY: the caller's thread id is one of a running thread of this process (checked against the registry).
    match unsafe { libc::pthread_getcpuclockid(thread as libc::pthread_t, &mut clock) } {
        0 => Ok(clock),
        errno => Err(errno),
    }
}
fn broken_down(result: *const libc::tm, value: MaybeUninit<libc::tm>) -> SysResult<libc::tm> {
    if result.is_null() {
        return Err(match errno() {
            0 => libc::EINVAL,
            errno => errno,
        });
    }
    // SAFETY: zeroed at first, and filled by the call that succeeded.
    Ok(unsafe { value.assume_init() })
}
pub fn localtime(time: i64) -> SysResult<libc::tm> {
    let mut value = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: two structs.
    let result = unsafe { libc::localtime_r(&time, value.as_mut_ptr()) };
    broken_down(result, value)
}
pub fn gmtime(time: i64) -> SysResult<libc::tm> {
    let mut value = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: two structs.
    let result = unsafe { libc::gmtime_r(&time, value.as_mut_ptr()) };
    broken_down(result, value)
}
/// The time zone's abbreviation in a broken-down time that came from here.
pub fn zone_name(tm: &libc::tm) -> Vec<u8> {
    c_text(tm.tm_zone)
}
/// Seconds for a broken-down local time; `None` if there are none.
pub fn mktime(tm: &mut libc::tm) -> Option<i64> {
    tm.tm_wday = -1;
    // SAFETY: a struct.
    let seconds = unsafe { libc::mktime(tm) };
    if seconds == -1 && tm.tm_wday == -1 { None } else { Some(seconds) }
}
pub fn tzset() {
    unsafe extern "C" {
        fn tzset();
    }
    // SAFETY: no arguments.
    unsafe { tzset() }
}
/// Formats with the C library, with `zone` as the time zone's abbreviation; `None` if the result does not fit `room` bytes.
pub fn strftime(format: &CStr, tm: &libc::tm, zone: Option<&CStr>, room: usize) -> Option<Vec<u8>> {
    let mut buffer = vec![0u8; room];
    let mut tm = *tm;
    tm.tm_zone = zone.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: a buffer with its length, a string and a struct.
    let n = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), room, format.as_ptr(), &tm) };
    buffer.truncate(n);
    if n == 0 { None } else { Some(buffer) }
}
pub fn times() -> SysResult<(libc::tms, i64)> {
    let mut value = MaybeUninit::<libc::tms>::zeroed();
    let elapsed = call!(libc::times(value.as_mut_ptr()))?;
    // SAFETY: zeroed, filled.
    Ok((unsafe { value.assume_init() }, elapsed))
}
/// A broken-down time of these fields, without a zone.
pub fn broken_down_time(fields: [i32; 9], offset: i64) -> libc::tm {
    // SAFETY: all zero is a value of this C struct.
    let mut tm = unsafe { MaybeUninit::<libc::tm>::zeroed().assume_init() };
    [
        tm.tm_year,
        tm.tm_mon,
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        tm.tm_wday,
        tm.tm_yday,
        tm.tm_isdst,
    ] = fields;
    tm.tm_gmtoff = offset;
    tm
}
