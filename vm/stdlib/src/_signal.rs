//! `_signal`: signals and their Python handlers.
//!
//! The handler that the system calls only notes the signal and asks the main thread to look ([`on_signal`]); the Python handler runs at the
//! main thread's next safepoint ([`run_pending`]), or at once when that thread is blocked: its system calls and waits are interrupted.
//! A signal that arrives in another thread is passed on to the main thread, so that whatever *it* blocks in is interrupted.
//!
//! | static | written by | read by |
//! | --- | --- | --- |
//! | `PENDING`, `ANY` | the system's handler | the main thread, which clears `ANY` first |
//! | `MAIN`, `MAIN_PTHREAD` | `install`, and a forked child | the system's handler |
//! | `HANDLERS` | the main thread | anyone |

use taipan_objects::hooks;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_threading::ThreadState;
use taipan_threading::safepoint::SIGNAL;
use taipan_threading::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize, Ordering};

use crate::os_error::{interruptible, os_error};
use crate::sys_calls::{self, Disposition};

/// One more than the greatest signal number.
const NSIG: usize = 65;
const SIG_DFL: i64 = 0;
const SIG_IGN: i64 = 1;

static PENDING: [AtomicBool; NSIG] = [const { AtomicBool::new(false) }; NSIG];
static ANY: AtomicBool = AtomicBool::new(false);
static MAIN: AtomicPtr<ThreadState> = AtomicPtr::new(std::ptr::null_mut());
static MAIN_PTHREAD: AtomicUsize = AtomicUsize::new(0);
static WAKEUP_FD: AtomicI32 = AtomicI32::new(-1);
static HANDLERS: [Slot; NSIG] = [const { Slot::empty() }; NSIG];

fn main_thread() -> Option<&'static ThreadState> {
    // SAFETY: null, or a thread's state, which is never freed.
    unsafe { MAIN.load(Ordering::Acquire).as_ref() }
}

fn is_main_thread() -> bool {
    match (main_thread(), taipan_threading::current()) {
        (Some(main), Some(me)) => std::ptr::eq(main, me),
        _ => false,
    }
}

/// What the system calls. Atomic operations and system calls only: it may interrupt anything.
extern "C" fn on_signal(signal: i32) {
    sys_calls::preserving_errno(|| {
        let main = MAIN_PTHREAD.load(Ordering::Acquire);
        if main != sys_calls::current_pthread() && sys_calls::pthread_kill(main, signal).is_ok() {
            return;
        }
        note(signal);
    });
}

/// Notes a signal and asks the main thread to look.
fn note(signal: i32) {
    if let Some(pending) = PENDING.get(signal as usize) {
        pending.store(true, Ordering::Release); // Pairs with the swap in `run_pending`.
    }
    ANY.store(true, Ordering::Release);
    if let Some(main) = main_thread() {
        main.request(SIGNAL);
    }
    let fd = WAKEUP_FD.load(Ordering::Relaxed);
    if fd >= 0 {
        let _ = sys_calls::write(fd, &[signal as u8]);
    }
}

/// Runs the Python handlers of signals that have arrived. On the main thread.
pub fn run_pending() -> PyResult<()> {
    if !is_main_thread()
        || !taipan_vm::interpreters::current().is_main()
        || !ANY.swap(false, Ordering::AcqRel)
    {
        return Ok(());
    }
    for (number, pending) in PENDING.iter().enumerate() {
        if !pending.swap(false, Ordering::AcqRel) {
            continue;
        }
        let Some(handler) = HANDLERS[number].load() else { continue };
        if is_none(&handler) || int::int_ref(&handler).is_some() {
            continue;
        }
        let frame = hooks::get()?.current_frame;
        let frame = frame(0).unwrap_or_else(none);
        if let Err(raised) = call(&handler, &[int_obj(number as i64), frame]) {
            // The others at the next opportunity.
            ANY.store(true, Ordering::Release);
            if let Some(main) = main_thread() {
                main.request(SIGNAL);
            }
            return Err(raised);
        }
    }
    Ok(())
}

/// Makes the calling thread the main thread, and Ctrl-C raise `KeyboardInterrupt`. Once, at start-up.
pub fn install() {
    let Some(me) = taipan_threading::current() else { return };
    if main_thread().is_some() {
        return;
    }
    set_main_thread(me);
    taipan_vm::safepoint::install_signal_hook(run_pending);
    for (number, slot) in HANDLERS.iter().enumerate().skip(1) {
        let handler = match sys_calls::current_disposition(number as i32) {
            Ok(Some(Disposition::Default)) => int_obj(SIG_DFL),
            Ok(Some(Disposition::Ignore)) => int_obj(SIG_IGN),
            _ => none(),
        };
        slot.store(handler);
    }
    // A write to a closed pipe, or beyond the limit of a file's size, is to be an error.
    for number in [libc::SIGPIPE, libc::SIGXFSZ] {
        if sys_calls::sigaction(number, Disposition::Ignore, false).is_ok() {
            HANDLERS[number as usize].store(int_obj(SIG_IGN));
        }
    }
    let interrupt = &HANDLERS[libc::SIGINT as usize];
    let is_default =
        interrupt.load().is_some_and(|h| int::int_ref(&h).and_then(|i| i.to_i64()) == Some(SIG_DFL));
    if is_default && sys_calls::sigaction(libc::SIGINT, Disposition::Handler(on_signal), false).is_ok() {
        interrupt.store(default_handler());
    }
}

/// The one function object `default_int_handler`.
fn default_handler() -> Obj {
    static HANDLER: std::sync::OnceLock<Py<PyNativeFunction>> = std::sync::OnceLock::new();
    let def = || MODULE.functions.iter().find(|def| def.name == "default_int_handler");
    match HANDLER.get() {
        Some(handler) => handler.clone().into_obj(),
        None => match def() {
            Some(def) => HANDLER.get_or_init(|| PyNativeFunction::new(def, None)).clone().into_obj(),
            None => none(),
        },
    }
}

fn set_main_thread(me: &'static ThreadState) {
    MAIN_PTHREAD.store(sys_calls::current_pthread(), Ordering::Release);
    MAIN.store(std::ptr::from_ref(me).cast_mut(), Ordering::Release);
}

/// In a forked child: the only thread is the main thread, and the parent's signals are not this process's.
pub fn after_fork_child() {
    if let Some(me) = taipan_threading::current() {
        set_main_thread(me);
    }
    ANY.store(false, Ordering::Relaxed);
    PENDING.iter().for_each(|pending| pending.store(false, Ordering::Relaxed));
}

/// `_thread.interrupt_main(signal)`: as if the signal had arrived.
pub fn simulate(signal: i32) -> PyResult<()> {
    let number = number_of(signal)?;
    let ignored = HANDLERS[number].load().is_none_or(|h| is_none(&h) || int::int_ref(&h).is_some());
    if !ignored {
        note(signal);
    }
    Ok(())
}

fn number_of(signal: i32) -> PyResult<usize> {
    match usize::try_from(signal) {
        Ok(number) if (1..NSIG).contains(&number) => Ok(number),
        _ => Err(value_error("signal number out of range")),
    }
}

fn signal_list(signals: &Obj) -> PyResult<Vec<i32>> {
    let mut list = Vec::new();
    for signal in collect(signals)? {
        let number = match i64::from_arg(&signal) {
            Ok(number) => number,
            // A whole number beyond all signals is none, like others.
            Err(Raised) => {
                drop(catch(&types().overflow_error)?);
                -1
            }
        };
        if !(1..NSIG as i64).contains(&number) {
            return Err(value_error(format!("signal number {number} out of range [1; 64]")));
        }
        list.push(number as i32);
    }
    Ok(list)
}

fn signal_set(signals: Vec<i32>) -> PyResult<Obj> {
    let list = list_obj(signals.into_iter().map(|s| int_obj(s.into())).collect());
    call1(types().set.as_obj(), &list)
}

static SIGINFO: StructSeqDef = StructSeqDef {
    name: "signal.struct_siginfo",
    doc: "struct_siginfo: Result from sigwaitinfo or sigtimedwait.\n\nThis object may be accessed either as a tuple of\n(si_signo, si_code, si_errno, si_pid, si_uid, si_status, si_band),\nor via the attributes si_signo, si_code, and so on.",
    fields: &[
        ("si_signo", "signal number"),
        ("si_code", "signal code"),
        ("si_errno", "errno associated with this signal"),
        ("si_pid", "sending process ID"),
        ("si_uid", "real user ID of sending process"),
        ("si_status", "exit value or signal"),
        ("si_band", "band event for SIGPOLL"),
    ],
    visible: 7,
};
crate::posix::lazy_class!(siginfo_class, &SIGINFO);

fn itimer_error() -> PyResult<Py<PyType>> {
    static CLASS: std::sync::OnceLock<Py<PyType>> = std::sync::OnceLock::new();
    if let Some(class) = CLASS.get() {
        return Ok(class.clone());
    }
    let namespace = dict_obj();
    namespace.set_str("__module__", str_obj("signal"));
    let bases = tuple_obj(vec![types().os_error.to_obj()]);
    let class = call(types().type_.as_obj(), &[str_obj("ItimerError"), bases, namespace.into_obj()])?;
    let class = class.into_py::<PyType>().map_err(|_| system_error("type() gave no class"))?;
    Ok(CLASS.get_or_init(|| class).clone())
}

fn timer_failed(errno: i32) -> Raised {
    match itimer_error() {
        Ok(class) => raise_args(&class, vec![int_obj(errno.into()), str_obj(&sys_calls::strerror(errno))]),
        Err(raised) => raised,
    }
}

fn timeval(obj: &Obj) -> PyResult<libc::timeval> {
    let nanoseconds = crate::time::duration_argument(obj, true)?;
    let microseconds = nanoseconds.div_euclid(1000) + i64::from(nanoseconds.rem_euclid(1000) != 0);
    Ok(libc::timeval {
        tv_sec: microseconds.div_euclid(1_000_000),
        tv_usec: microseconds.rem_euclid(1_000_000),
    })
}

fn timer_pair(timer: libc::itimerval) -> (f64, f64) {
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    (seconds(timer.it_value), seconds(timer.it_interval))
}

fn wait_for(signals: &Obj, nanoseconds: Option<i64>) -> PyResult<Option<Obj>> {
    let signals = signal_list(signals)?;
    let timeout =
        nanoseconds.map(|n| libc::timespec { tv_sec: n / 1_000_000_000, tv_nsec: n % 1_000_000_000 });
    match interruptible(|| sys_calls::sigtimedwait(&signals, timeout))? {
        Ok(info) => Ok(Some(structseq::new(&siginfo_class(), info.into_iter().map(int_obj).collect()))),
        Err(libc::EAGAIN) => Ok(None),
        Err(errno) => Err(os_error(errno)),
    }
}

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

const NUMBERS: &[(&str, i32)] = numbers!(
    SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE
    SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU
    SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIG_BLOCK SIG_SETMASK SIG_UNBLOCK
);

/// This module provides mechanisms to use signal handlers in Python.
#[pymodule(name = "_signal")]
mod items {
    use super::*;

    /// The default handler for SIGINT installed by Python.
    ///
    /// It raises KeyboardInterrupt.
    #[pyfunction(sig = "(signalnum, frame, /)")]
    fn default_int_handler(signalnum: i32, frame: &Obj) -> PyResult<()> {
        let _ = (signalnum, frame);
        Err(raise_args(&types().keyboard_interrupt, vec![]))
    }
    /// Set the action for the given signal.
    #[pyfunction(sig = "(signalnum, handler, /)")]
    fn signal(signalnum: i32, handler: &Obj) -> PyResult<Obj> {
        if !is_main_thread() || !taipan_vm::interpreters::current().is_main() {
            return Err(value_error("signal only works in main thread of the main interpreter"));
        }
        let number = number_of(signalnum)?;
        let disposition = match int::int_ref(handler).and_then(|h| h.to_i64()) {
            Some(SIG_DFL) => Disposition::Default,
            Some(SIG_IGN) => Disposition::Ignore,
            None if is_callable(handler) => Disposition::Handler(on_signal),
            _ => {
                return Err(type_error(
                    "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object",
                ));
            }
        };
        // What has arrived goes to the former handler.
        hooks::check_signals()?;
        sys_calls::sigaction(signalnum, disposition, false).map_err(os_error)?;
        Ok(HANDLERS[number].replace(Some(handler.clone())).unwrap_or_else(none))
    }
    /// Return the current action for the given signal.
    #[pyfunction(sig = "(signalnum, /)")]
    fn getsignal(signalnum: i32) -> PyResult<Obj> {
        Ok(HANDLERS[number_of(signalnum)?].load().unwrap_or_else(none))
    }
    /// Sets the fd to be written to (with the signal number) when a signal comes in.
    #[pyfunction(sig = "(fd, /, *, warn_on_full_buffer=True)")]
    fn set_wakeup_fd(fd: i32, warn_on_full_buffer: Option<bool>) -> PyResult<i32> {
        let _ = warn_on_full_buffer;
        if !is_main_thread() {
            return Err(value_error("set_wakeup_fd only works in main thread of the main interpreter"));
        }
        if fd != -1 {
            sys_calls::fstat(fd).map_err(os_error)?;
            let flags = sys_calls::fcntl(fd, libc::F_GETFL, 0).map_err(os_error)?;
            if flags & libc::O_NONBLOCK == 0 {
                return Err(value_error(format!("the fd {fd} must be in non-blocking mode")));
            }
        }
        Ok(WAKEUP_FD.swap(fd, Ordering::AcqRel))
    }
    /// Send a signal to the executing process.
    #[pyfunction(sig = "(signalnum, /)")]
    fn raise_signal(signalnum: i32) -> PyResult<()> {
        sys_calls::raise(signalnum).map_err(os_error)?;
        hooks::check_signals()
    }
    /// Send a signal to a thread.
    #[pyfunction(sig = "(thread_id, signalnum, /)")]
    fn pthread_kill(thread_id: usize, signalnum: i32) -> PyResult<()> {
        if !taipan_threading::threads().any(|t| t.pthread_id() == thread_id) {
            return Err(os_error(libc::ESRCH));
        }
        sys_calls::pthread_kill(thread_id, signalnum).map_err(os_error)?;
        hooks::check_signals()
    }
    /// Send a signal to a process referred to by a pid file descriptor.
    #[pyfunction(sig = "(pidfd, signalnum, siginfo=None, flags=0, /)")]
    fn pidfd_send_signal(
        pidfd: i32,
        signalnum: i32,
        siginfo: Option<&Obj>,
        flags: Option<u32>,
    ) -> PyResult<()> {
        if siginfo.is_some_and(|info| !is_none(info)) {
            return Err(type_error("siginfo must be None"));
        }
        sys_calls::pidfd_send_signal(pidfd, signalnum, flags.unwrap_or(0)).map_err(os_error)?;
        hooks::check_signals()
    }
    /// Fetch and/or change the signal mask of the calling thread.
    #[pyfunction(sig = "(how, mask, /)")]
    fn pthread_sigmask(how: i32, mask: &Obj) -> PyResult<Obj> {
        let mask = signal_list(mask)?;
        let old = sys_calls::pthread_sigmask(how, &mask).map_err(os_error)?;
        // A signal that is let through now has arrived already.
        hooks::check_signals()?;
        super::signal_set(old)
    }
    /// Examine pending signals.
    #[pyfunction]
    fn sigpending() -> PyResult<Obj> {
        super::signal_set(sys_calls::sigpending().map_err(os_error)?)
    }
    /// Wait for a signal.
    #[pyfunction(sig = "(sigset, /)")]
    fn sigwait(sigset: &Obj) -> PyResult<i32> {
        let signals = signal_list(sigset)?;
        taipan_threading::detached(|| sys_calls::sigwait(&signals)).map_err(os_error)
    }
    /// Wait synchronously until one of the signals in *sigset* is delivered.
    #[pyfunction(sig = "(sigset, /)")]
    fn sigwaitinfo(sigset: &Obj) -> PyResult<Option<Obj>> {
        wait_for(sigset, None)
    }
    /// Like sigwaitinfo(), but with a timeout.
    #[pyfunction(sig = "(sigset, timeout, /)")]
    fn sigtimedwait(sigset: &Obj, timeout: &Obj) -> PyResult<Option<Obj>> {
        let nanoseconds = crate::time::duration_argument(timeout, true)?;
        if nanoseconds < 0 {
            return Err(value_error("timeout must be non-negative"));
        }
        wait_for(sigset, Some(nanoseconds))
    }
    /// Wait until a signal arrives.
    #[pyfunction]
    fn pause() -> PyResult<()> {
        taipan_threading::detached(sys_calls::pause);
        hooks::check_signals()
    }
    /// Arrange for SIGALRM to arrive after the given number of seconds.
    #[pyfunction(sig = "(seconds, /)")]
    fn alarm(seconds: i32) -> u32 {
        sys_calls::alarm(seconds as u32)
    }
    /// Sets given itimer (one of ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
    #[pyfunction(sig = "(which, seconds, interval=0.0, /)")]
    fn setitimer(which: i32, seconds: &Obj, interval: Option<&Obj>) -> PyResult<(f64, f64)> {
        let value = timeval(seconds)?;
        let interval = match interval {
            Some(interval) => timeval(interval)?,
            None => libc::timeval { tv_sec: 0, tv_usec: 0 },
        };
        sys_calls::setitimer(which, value, interval).map(timer_pair).map_err(timer_failed)
    }
    /// Returns current value of given itimer.
    #[pyfunction(sig = "(which, /)")]
    fn getitimer(which: i32) -> PyResult<(f64, f64)> {
        sys_calls::getitimer(which).map(timer_pair).map_err(timer_failed)
    }
    /// Change system call restart behaviour.
    #[pyfunction(sig = "(signalnum, flag, /)")]
    fn siginterrupt(signalnum: i32, flag: i32) -> PyResult<()> {
        number_of(signalnum)?;
        sys_calls::siginterrupt(signalnum, flag != 0).map_err(os_error)
    }
    /// Return the system description of the given signal.
    #[pyfunction(sig = "(signalnum, /)")]
    fn strsignal(signalnum: i32) -> PyResult<Option<String>> {
        number_of(signalnum)?;
        Ok(sys_calls::strsignal(signalnum).filter(|text| !text.contains("Unknown signal")))
    }
    /// Return a set of valid signal numbers on this platform.
    #[pyfunction]
    fn valid_signals() -> PyResult<Obj> {
        // The C library keeps two for itself.
        super::signal_set((1..NSIG as i32).filter(|s| *s < 32 || *s >= libc::SIGRTMIN()).collect())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        install();
        for (name, number) in NUMBERS {
            module.add(name, *number)?;
        }
        let others = [
            ("SIG_DFL", SIG_DFL as i32),
            ("SIG_IGN", SIG_IGN as i32),
            ("SIGCLD", libc::SIGCHLD),
            ("SIGRTMIN", libc::SIGRTMIN()),
            ("SIGRTMAX", libc::SIGRTMAX()),
            ("NSIG", NSIG as i32),
            ("ITIMER_REAL", libc::ITIMER_REAL as i32),
            ("ITIMER_VIRTUAL", libc::ITIMER_VIRTUAL as i32),
            ("ITIMER_PROF", libc::ITIMER_PROF as i32),
        ];
        for (name, number) in others {
            module.add(name, number)?;
        }
        module.add("default_int_handler", default_handler())?;
        module.add("ItimerError", itimer_error()?.into_obj())?;
        module.add("struct_siginfo", siginfo_class().into_obj())
    }
}

/// Ends the process by the interrupt signal, handled as the system does; returns if that is impossible.
pub fn end_by_interrupt() {
    let restored = crate::sys_calls::sigaction(libc::SIGINT, crate::sys_calls::Disposition::Default, false);
    if restored.is_ok() {
        // Nothing is left to do if the signal is blocked.
        let _ = crate::sys_calls::raise(libc::SIGINT);
    }
}
