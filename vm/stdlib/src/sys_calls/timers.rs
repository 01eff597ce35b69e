//! Timers that are descriptors.

use super::{SysResult, errno};

pub fn timerfd_create(clock: i32, flags: i32) -> SysResult<i32> {
    call!(libc::timerfd_create(clock, flags))
}

/// Nanoseconds until the next expiration, and between expirations.
pub type TimerSetting = (i64, i64);

const SECOND: i64 = 1_000_000_000;

fn timespec(nanoseconds: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanoseconds.div_euclid(SECOND), tv_nsec: nanoseconds.rem_euclid(SECOND) }
}
fn setting(spec: &libc::itimerspec) -> TimerSetting {
    let nanoseconds = |t: &libc::timespec| t.tv_sec.saturating_mul(SECOND).saturating_add(t.tv_nsec);
    (nanoseconds(&spec.it_value), nanoseconds(&spec.it_interval))
}

pub fn timerfd_gettime(fd: i32) -> SysResult<TimerSetting> {
    let mut spec = libc::itimerspec { it_interval: timespec(0), it_value: timespec(0) };
    call!(libc::timerfd_gettime(fd, &mut spec))?;
    Ok(setting(&spec))
}
/// The former setting.
pub fn timerfd_settime(fd: i32, flags: i32, (initial, interval): TimerSetting) -> SysResult<TimerSetting> {
    let new = libc::itimerspec { it_interval: timespec(interval), it_value: timespec(initial) };
    let mut old = libc::itimerspec { it_interval: timespec(0), it_value: timespec(0) };
    call!(libc::timerfd_settime(fd, flags, &new, &mut old))?;
    Ok(setting(&old))
}
