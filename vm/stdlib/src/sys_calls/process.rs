//! Processes: identities, children, environment, scheduling.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int};

use super::{SysResult, configuration, errno, until_nul};

pub fn getpid() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::getpid() }
}
macro_rules! identities {
    ($($name:ident),*) => { $(
        pub fn $name() -> u32 {
            // SAFETY: no arguments.
            (unsafe { libc::$name() }) as u32
        }
    )* };
}
identities!(getppid, getuid, geteuid, getgid, getegid, getpgrp);

pub fn setuid(id: u32) -> SysResult<()> {
    call!(libc::setuid(id)).map(drop)
}
pub fn seteuid(id: u32) -> SysResult<()> {
    call!(libc::seteuid(id)).map(drop)
}
pub fn setgid(id: u32) -> SysResult<()> {
    call!(libc::setgid(id)).map(drop)
}
pub fn setegid(id: u32) -> SysResult<()> {
    call!(libc::setegid(id)).map(drop)
}
pub fn setreuid(real: u32, effective: u32) -> SysResult<()> {
    call!(libc::setreuid(real, effective)).map(drop)
}
pub fn setregid(real: u32, effective: u32) -> SysResult<()> {
    call!(libc::setregid(real, effective)).map(drop)
}
pub fn setresuid(real: u32, effective: u32, saved: u32) -> SysResult<()> {
    call!(libc::setresuid(real, effective, saved)).map(drop)
}
pub fn setresgid(real: u32, effective: u32, saved: u32) -> SysResult<()> {
    call!(libc::setresgid(real, effective, saved)).map(drop)
}
pub fn getresuid() -> SysResult<(u32, u32, u32)> {
    let (mut real, mut effective, mut saved) = (0, 0, 0);
    call!(libc::getresuid(&mut real, &mut effective, &mut saved))?;
    Ok((real, effective, saved))
}
pub fn getresgid() -> SysResult<(u32, u32, u32)> {
    let (mut real, mut effective, mut saved) = (0, 0, 0);
    call!(libc::getresgid(&mut real, &mut effective, &mut saved))?;
    Ok((real, effective, saved))
}
pub fn getgroups() -> SysResult<Vec<u32>> {
    let mut groups = vec![0; 65536];
    let n = call!(libc::getgroups(groups.len() as c_int, groups.as_mut_ptr()))?;
    groups.truncate(n as usize);
    Ok(groups)
}
pub fn setgroups(groups: &[u32]) -> SysResult<()> {
    call!(libc::setgroups(groups.len(), groups.as_ptr())).map(drop)
}
pub fn getgrouplist(user: &CStr, group: u32) -> SysResult<Vec<u32>> {
    let mut groups = vec![0; 65536];
    let mut n = groups.len() as c_int;
    call!(libc::getgrouplist(user.as_ptr(), group, groups.as_mut_ptr(), &mut n))?;
    groups.truncate(n.max(0) as usize);
    Ok(groups)
}
pub fn initgroups(user: &CStr, group: u32) -> SysResult<()> {
    call!(libc::initgroups(user.as_ptr(), group)).map(drop)
}
pub fn getlogin() -> SysResult<Vec<u8>> {
    unsafe extern "C" {
        fn getlogin_r(buffer: *mut c_char, size: usize) -> c_int;
    }
    let mut buffer = [0u8; 256];
    // SAFETY: a buffer with its length.
    match unsafe { getlogin_r(buffer.as_mut_ptr().cast(), buffer.len()) } {
        0 => Ok(until_nul(&buffer)),
        errno => Err(errno),
    }
}
pub fn getpgid(pid: i32) -> SysResult<i32> {
    call!(libc::getpgid(pid))
}
pub fn setpgid(pid: i32, group: i32) -> SysResult<()> {
    call!(libc::setpgid(pid, group)).map(drop)
}
pub fn getsid(pid: i32) -> SysResult<i32> {
    call!(libc::getsid(pid))
}
pub fn setsid() -> SysResult<i32> {
    call!(libc::setsid())
}
pub fn kill(pid: i32, signal: i32) -> SysResult<()> {
    call!(libc::kill(pid, signal)).map(drop)
}
pub fn killpg(group: i32, signal: i32) -> SysResult<()> {
    call!(libc::killpg(group, signal)).map(drop)
}
pub fn nice(increment: i32) -> SysResult<i32> {
    configuration(|| {
        // SAFETY: a plain number.
        i64::from(unsafe { libc::nice(increment) })
    })
    .map(|n| n as i32)
}
pub fn getpriority(which: i32, who: u32) -> SysResult<i32> {
    configuration(|| {
        // SAFETY: plain numbers.
        i64::from(unsafe { libc::getpriority(which as _, who) })
    })
    .map(|n| n as i32)
}
pub fn setpriority(which: i32, who: u32, priority: i32) -> SysResult<()> {
    call!(libc::setpriority(which as _, who, priority)).map(drop)
}
/// fork(2). The caller sees to the threads.
pub fn fork() -> SysResult<i32> {
    call!(libc::fork())
}
pub fn exit_now(status: i32) -> ! {
    // SAFETY: a plain number.
    unsafe { libc::_exit(status) }
}
pub fn abort() -> ! {
    std::process::abort()
}
pub fn waitpid(pid: i32, options: i32) -> SysResult<(i32, i32)> {
    let mut status = 0;
    let pid = call!(libc::waitpid(pid, &mut status, options))?;
    Ok((pid, status))
}
pub fn wait4(pid: i32, options: i32) -> SysResult<(i32, i32, libc::rusage)> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let pid = call!(libc::wait4(pid, &mut status, options, usage.as_mut_ptr()))?;
    // SAFETY: zeroed, filled.
    Ok((pid, status, unsafe { usage.assume_init() }))
}
pub fn pidfd_open(pid: i32, flags: u32) -> SysResult<i32> {
    call!(libc::syscall(libc::SYS_pidfd_open, pid, flags)).map(|fd| fd as i32)
}
pub fn execve(path: &CStr, arguments: &[CString], environment: Option<&[CString]>) -> i32 {
    let pointers = |list: &[CString]| -> Vec<*const c_char> {
        list.iter().map(|s| s.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
    };
    let arguments = pointers(arguments);
    // SAFETY: NULL-terminated arrays of strings that outlive the call.
    unsafe {
        match environment {
            Some(environment) => {
                libc::execve(path.as_ptr(), arguments.as_ptr(), pointers(environment).as_ptr())
            }
            None => libc::execv(path.as_ptr(), arguments.as_ptr()),
        }
    };
    errno()
}
pub fn system(command: &CStr) -> i32 {
    // SAFETY: a string.
    unsafe { libc::system(command.as_ptr()) }
}
pub fn uname() -> SysResult<[Vec<u8>; 5]> {
    let value: libc::utsname = read_struct!(libc::utsname, slot => libc::uname(slot))?;
    let text = |field: &[c_char]| field.iter().map(|&c| c as u8).take_while(|&b| b != 0).collect();
    Ok([
        text(&value.sysname),
        text(&value.nodename),
        text(&value.release),
        text(&value.version),
        text(&value.machine),
    ])
}
pub fn getloadavg() -> Option<[f64; 3]> {
    let mut loads = [0.0; 3];
    // SAFETY: a buffer with its length.
    if unsafe { libc::getloadavg(loads.as_mut_ptr(), 3) } == 3 { Some(loads) } else { None }
}
/// The variables of the process's environment, `NAME=value` each.
pub fn environment() -> Vec<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    std::env::vars_os()
        .map(|(name, value)| {
            let mut all = name.into_vec();
            all.push(b'=');
            all.extend(value.into_vec());
            all
        })
        .collect()
}
pub fn setenv(name: &CStr, value: &CStr) -> SysResult<()> {
    call!(libc::setenv(name.as_ptr(), value.as_ptr(), 1)).map(drop)
}
pub fn unsetenv(name: &CStr) -> SysResult<()> {
    call!(libc::unsetenv(name.as_ptr())).map(drop)
}

// Scheduling.

pub fn sched_getaffinity(pid: i32) -> SysResult<Vec<usize>> {
    let set: libc::cpu_set_t = read_struct!(libc::cpu_set_t, slot => libc::sched_getaffinity(pid, size_of::<libc::cpu_set_t>(), slot))?;
    // SAFETY: indices within the set.
    Ok((0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}
pub fn sched_setaffinity(pid: i32, cpus: &[usize]) -> SysResult<()> {
    // SAFETY: all zero is the empty set; indices within the set.
    let set = unsafe {
        let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init();
        for &cpu in cpus.iter().filter(|&&cpu| cpu < libc::CPU_SETSIZE as usize) {
            libc::CPU_SET(cpu, &mut set);
        }
        set
    };
    call!(libc::sched_setaffinity(pid, size_of::<libc::cpu_set_t>(), &set)).map(drop)
}
pub fn sched_yield() -> SysResult<()> {
    call!(libc::sched_yield()).map(drop)
}
pub fn sched_getscheduler(pid: i32) -> SysResult<i32> {
    call!(libc::sched_getscheduler(pid))
}
pub fn sched_priority_range(policy: i32) -> SysResult<(i32, i32)> {
    Ok((call!(libc::sched_get_priority_min(policy))?, call!(libc::sched_get_priority_max(policy))?))
}
pub fn sched_getparam(pid: i32) -> SysResult<i32> {
    let value: libc::sched_param = read_struct!(libc::sched_param, slot => libc::sched_getparam(pid, slot))?;
    Ok(value.sched_priority)
}

/// A child's state, as `waitid` tells it.
pub struct ChildState {
    pub pid: i32,
    pub uid: u32,
    pub signal: i32,
    pub status: i32,
    pub code: i32,
}

/// Waits for a child; `None`: none has changed its state.
pub fn waitid(kind: u32, id: u32, options: i32) -> SysResult<Option<ChildState>> {
    let info =
        read_struct!(libc::siginfo_t, slot => libc::waitid(kind as libc::idtype_t, id, slot, options))?;
    // SAFETY: the struct was zeroed and then filled for a child's signal, or not at all.
    let (pid, uid, status) = unsafe { (info.si_pid(), info.si_uid(), info.si_status()) };
    if pid == 0 {
        return Ok(None);
    }
    Ok(Some(ChildState { pid, uid, signal: info.si_signo, status, code: info.si_code }))
}
pub fn setns(fd: i32, kind: i32) -> SysResult<()> {
    call!(libc::setns(fd, kind)).map(drop)
}
pub fn unshare(flags: i32) -> SysResult<()> {
    call!(libc::unshare(flags)).map(drop)
}
pub fn sched_setscheduler(pid: i32, policy: i32, priority: i32) -> SysResult<()> {
    let parameter = libc::sched_param { sched_priority: priority };
    call!(libc::sched_setscheduler(pid, policy, &parameter)).map(drop)
}
pub fn sched_setparam(pid: i32, priority: i32) -> SysResult<()> {
    let parameter = libc::sched_param { sched_priority: priority };
    call!(libc::sched_setparam(pid, &parameter)).map(drop)
}
/// The round-robin quantum of a process.
pub fn sched_rr_get_interval(pid: i32) -> SysResult<libc::timespec> {
    read_struct!(libc::timespec, slot => libc::sched_rr_get_interval(pid, slot))
}
