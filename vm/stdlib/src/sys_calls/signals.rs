//! Signals and timers.

use std::mem::MaybeUninit;
use std::os::raw::c_int;

use super::{SysResult, c_text, errno};

pub fn raise(signal: i32) -> SysResult<()> {
    // SAFETY: a plain number.
    match unsafe { libc::raise(signal) } {
        0 => Ok(()),
        _ => Err(errno()),
    }
}
pub fn pthread_kill(thread: usize, signal: i32) -> SysResult<()> {
    // SAFETY: the caller's thread id is one of a running thread of this process.
    match unsafe { libc::pthread_kill(thread as libc::pthread_t, signal) } {
        0 => Ok(()),
        errno => Err(errno),
    }
}
/// What to do on a signal.
#[derive(Clone, Copy)]
pub enum Disposition {
    Default,
    Ignore,
    /// A function, which does async-signal-safe things only.
    Handler(extern "C" fn(c_int)),
}
/// Sets the disposition; interrupted system calls are not restarted unless `restart`.
pub fn sigaction(signal: i32, disposition: Disposition, restart: bool) -> SysResult<()> {
    // SAFETY: all zero is an empty action.
    let mut action = unsafe { MaybeUninit::<libc::sigaction>::zeroed().assume_init() };
    action.sa_sigaction = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Handler(f) => f as *const () as usize,
    };
    action.sa_flags = libc::SA_ONSTACK | if restart { libc::SA_RESTART } else { 0 };
    call!(libc::sigaction(signal, &action, std::ptr::null_mut())).map(drop)
}
/// The disposition now; `None`: a foreign handler.
pub fn current_disposition(signal: i32) -> SysResult<Option<Disposition>> {
    let action: libc::sigaction =
        read_struct!(libc::sigaction, slot => libc::sigaction(signal, std::ptr::null(), slot))?;
    Ok(match action.sa_sigaction {
        libc::SIG_DFL => Some(Disposition::Default),
        libc::SIG_IGN => Some(Disposition::Ignore),
        _ => None,
    })
}
pub fn siginterrupt(signal: i32, interrupt: bool) -> SysResult<()> {
    let mut action: libc::sigaction =
        read_struct!(libc::sigaction, slot => libc::sigaction(signal, std::ptr::null(), slot))?;
    action.sa_flags =
        if interrupt { action.sa_flags & !libc::SA_RESTART } else { action.sa_flags | libc::SA_RESTART };
    call!(libc::sigaction(signal, &action, std::ptr::null_mut())).map(drop)
}
fn signal_set(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: initialized by sigemptyset.
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed().assume_init();
        libc::sigemptyset(&mut set);
        for &signal in signals {
            libc::sigaddset(&mut set, signal);
        }
        set
    }
}
fn signals_in(set: &libc::sigset_t) -> Vec<i32> {
    // SAFETY: an initialized set.
    (1..=64).filter(|&signal| unsafe { libc::sigismember(set, signal) } == 1).collect()
}
/// Changes the calling thread's mask; the former one.
pub fn pthread_sigmask(how: i32, signals: &[i32]) -> SysResult<Vec<i32>> {
    let set = signal_set(signals);
    let mut old = signal_set(&[]);
    // SAFETY: two sets.
    match unsafe { libc::pthread_sigmask(how, &set, &mut old) } {
        0 => Ok(signals_in(&old)),
        errno => Err(errno),
    }
}
pub fn sigpending() -> SysResult<Vec<i32>> {
    let mut set = signal_set(&[]);
    call!(libc::sigpending(&mut set))?;
    Ok(signals_in(&set))
}
pub fn sigwait(signals: &[i32]) -> SysResult<i32> {
    let set = signal_set(signals);
    let mut signal = 0;
    // SAFETY: a set and a number.
    match unsafe { libc::sigwait(&set, &mut signal) } {
        0 => Ok(signal),
        errno => Err(errno),
    }
}
/// Waits for one of the signals: number, code, errno, pid, uid, status, band.
pub fn sigtimedwait(signals: &[i32], timeout: Option<libc::timespec>) -> SysResult<[i64; 7]> {
    let set = signal_set(signals);
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    call!(libc::sigtimedwait(&set, info.as_mut_ptr(), timeout))?;
    // SAFETY: zeroed, filled; the accessors read plain fields.
    unsafe {
        let info = info.assume_init();
        let band = if info.si_signo == libc::SIGPOLL {
            std::ptr::from_ref(&info).cast::<i64>().add(2).read()
        } else {
            0
        };
        Ok([
            info.si_signo.into(),
            info.si_code.into(),
            info.si_errno.into(),
            info.si_pid().into(),
            info.si_uid().into(),
            info.si_status().into(),
            band,
        ])
    }
}
pub fn pause() {
    // SAFETY: no arguments.
    unsafe { libc::pause() };
}
pub fn alarm(seconds: u32) -> u32 {
    // SAFETY: a plain number.
    unsafe { libc::alarm(seconds) }
}
/// Sets a timer; the former (value, interval).
pub fn setitimer(which: i32, value: libc::timeval, interval: libc::timeval) -> SysResult<libc::itimerval> {
    let new = libc::itimerval { it_value: value, it_interval: interval };
    read_struct!(libc::itimerval, slot => libc::setitimer(which as _, &new, slot))
}
pub fn getitimer(which: i32) -> SysResult<libc::itimerval> {
    read_struct!(libc::itimerval, slot => libc::getitimer(which as _, slot))
}
pub fn strsignal(signal: i32) -> Option<String> {
    // SAFETY: a plain number; the result is copied at once.
    let text = c_text(unsafe { libc::strsignal(signal) });
    if text.is_empty() { None } else { Some(String::from_utf8_lossy(&text).into_owned()) }
}
pub fn pidfd_send_signal(pidfd: i32, signal: i32, flags: u32) -> SysResult<()> {
    call!(libc::syscall(
        libc::SYS_pidfd_send_signal,
        pidfd,
        signal,
        std::ptr::null::<libc::siginfo_t>(),
        flags
    ))
    .map(drop)
}
/// What was to be done on a signal before.
#[derive(Clone, Copy)]
pub struct Former(libc::sigaction);

/// Sets a function to be called on a signal, again while it runs if `nested`; gives what was set before.
pub fn sigaction_replacing(signal: i32, handler: extern "C" fn(c_int), nested: bool) -> SysResult<Former> {
    // SAFETY: all zero is an empty action.
    let mut action = unsafe { MaybeUninit::<libc::sigaction>::zeroed().assume_init() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART | if nested { libc::SA_NODEFER } else { 0 };
    let mut former = action;
    call!(libc::sigaction(signal, &action, &mut former))?;
    Ok(Former(former))
}
/// Sets what was set before. Async-signal-safe.
pub fn sigaction_back(signal: i32, former: &Former) -> SysResult<()> {
    call!(libc::sigaction(signal, &former.0, std::ptr::null_mut())).map(drop)
}
/// The calling thread's id. Async-signal-safe.
pub fn current_pthread() -> usize {
    // SAFETY: no arguments.
    unsafe { libc::pthread_self() as usize }
}
/// Runs `f` and leaves the error number as it was: for signal handlers.
pub fn preserving_errno(f: impl FnOnce()) {
    // SAFETY: the calling thread's error number.
    let saved = unsafe { *libc::__errno_location() };
    f();
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = saved };
}
/// Leaves all signals to the other threads: for threads that run no Python code.
pub fn block_all_signals() {
    let all: Vec<i32> = (1..=64).collect();
    let _ = pthread_sigmask(libc::SIG_BLOCK, &all);
}
