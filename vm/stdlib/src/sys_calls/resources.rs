//! Limits on, and use of, the system's resources.

use std::mem::MaybeUninit;

use super::{SysResult, errno};

pub fn getrusage(who: i32) -> SysResult<libc::rusage> {
    read_struct!(libc::rusage, slot => libc::getrusage(who, slot))
}
/// Soft and hard limit of a process (0: this one), after setting them if new ones are given.
pub fn prlimit(pid: i32, resource: u32, limits: Option<(u64, u64)>) -> SysResult<(u64, u64)> {
    let new = limits.map(|(soft, hard)| libc::rlimit { rlim_cur: soft, rlim_max: hard });
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let old = read_struct!(libc::rlimit, slot => libc::prlimit(pid, resource as _, new, slot))?;
    Ok((old.rlim_cur, old.rlim_max))
}
