//! `_thread`: starting threads, locks, thread-local data.
//!
//! A Python thread is an operating system thread with an interpreter state (`VmThread`). Everything that waits does so detached and can be
//! interrupted by signals.

pub mod excepthook;
pub mod handle;
pub mod local;
pub mod lock;
pub mod rlock;
pub mod start;

use std::time::{Duration, Instant};

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::{hooks, protocol};
use taipan_threading::Acquisition;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

/// The longest time to wait, in seconds.
pub const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// `threading.get_ident()` of the calling thread.
pub fn current_ident() -> u64 {
    taipan_threading::current().map_or(0, |thread| thread.pthread_id() as u64)
}

/// The main thread's ident: the one that the process began (or was forked) with.
fn main_ident() -> u64 {
    let process = u64::from(std::process::id());
    let main =
        taipan_threading::threads().find(|thread| !thread.is_vacant() && thread.native_id() == process);
    main.map_or_else(current_ident, |thread| thread.pthread_id() as u64)
}

/// Seconds as a float or an integer.
fn seconds(obj: &Obj) -> PyResult<f64> {
    if obj.value().is_float() || class_of(obj).is_subtype(&types().float) {
        let seconds = protocol::as_f64(obj)?;
        if seconds.is_nan() {
            return Err(value_error("Invalid value NaN (not a number)"));
        }
        return Ok(seconds);
    }
    let index = protocol::index(obj)?;
    match taipan_objects::int::int_ref(&index) {
        Some(i) => i.to_f64().or_else(|_| {
            drop(take_raised());
            Err(overflow_error("timestamp too large to convert to C PyTime_t"))
        }),
        None => Err(type_error("an integer is required")),
    }
}

/// The arguments of `acquire`: how long to wait; `None`: without limit.
pub(crate) fn wait_time(blocking: bool, timeout: Option<&Obj>) -> PyResult<Option<Duration>> {
    let timeout = match timeout {
        Some(timeout) => seconds(timeout)?,
        None => -1.0,
    };
    if !blocking && timeout != -1.0 {
        return Err(value_error("can't specify a timeout for a non-blocking call"));
    }
    if timeout < 0.0 && timeout != -1.0 {
        return Err(value_error("timeout value must be a non-negative number"));
    }
    if timeout > TIMEOUT_MAX {
        return Err(overflow_error("timeout value is too large"));
    }
    Ok(if !blocking {
        Some(Duration::ZERO)
    } else if timeout == -1.0 {
        None
    } else {
        Some(Duration::from_secs_f64(timeout))
    })
}

/// Waits by `wait`, serving signals in between; false when the time is over.
pub(crate) fn wait_interruptibly(
    timeout: Option<Duration>,
    mut wait: impl FnMut(Option<Duration>) -> Acquisition,
) -> PyResult<bool> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut left = timeout;
    loop {
        match wait(left) {
            Acquisition::Acquired => return Ok(true),
            Acquisition::TimedOut => return Ok(false),
            Acquisition::Interrupted => hooks::check_signals()?,
        }
        left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())).or(left);
    }
}

/// The stack size of new threads that `stack_size` asked for; 0: the default.
pub(crate) static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);
/// The least size that `stack_size` accepts.
const LEAST_STACK: isize = 32 * 1024;

/// No other thread is in the middle of starting or ending here until [`after_fork`].
pub fn before_fork() {
    handle::before_fork();
}

/// Undoes [`before_fork`].
pub fn after_fork() {
    handle::after_fork();
}

/// Forgets other threads in a forked child.
pub fn after_fork_child() {
    handle::after_fork_child();
    start::after_fork_child();
}

/// `PythonFinalizationError`.
fn at_shutdown(text: &str) -> Raised {
    raise_args(&types().python_finalization_error, vec![str_obj(text)])
}

/// Raises the simulated signal in the main thread, if Python code handles it.
fn interrupt(signum: i64) -> PyResult<()> {
    if !(1..=64).contains(&signum) {
        return Err(value_error("signal number out of range"));
    }
    if taipan_vm::sys::is_finalizing() {
        // Nobody handles signals any more.
        let text = format!("Signal {signum} ignored due to race condition");
        let Raised = raise_args(&types().os_error, vec![str_obj(&text)]);
        hooks::unraisable(None, Some(&none()));
        return Ok(());
    }
    let signal = hooks::import_module("_signal")?.into_strong();
    let number = int_obj(signum);
    let handler = crate::counted::call_method(&signal, "getsignal", &[number.clone()])?;
    // SIG_DFL and SIG_IGN compare as numbers; a handler that is no Python object is None.
    if is_none(&handler) || protocol::has_index(&handler) {
        return Ok(());
    }
    crate::counted::call_method(&signal, "raise_signal", &[number]).map(drop)
}

/// Primitive operations on threads. Use the threading module.
#[pymodule(name = "_thread")]
mod items {
    use super::*;

    #[pyattr(name = "TIMEOUT_MAX")]
    fn timeout_max() -> f64 {
        TIMEOUT_MAX
    }
    #[pyattr(name = "_NAME_MAXLEN")]
    const NAME_MAXLEN: i64 = 15;
    #[pyattr]
    fn error() -> Obj {
        types().runtime_error.as_obj().clone()
    }
    #[pyattr(name = "lock")]
    fn lock_class() -> Obj {
        lock::class().as_obj().clone()
    }
    #[pyattr(name = "LockType")]
    fn lock_type() -> Obj {
        lock::class().as_obj().clone()
    }
    #[pyattr(name = "RLock")]
    fn rlock_class() -> Obj {
        rlock::class().as_obj().clone()
    }
    #[pyattr(name = "_local")]
    fn local_class() -> Obj {
        local::class().as_obj().clone()
    }
    #[pyattr(name = "_ThreadHandle")]
    fn handle_class() -> Obj {
        handle::class().as_obj().clone()
    }
    #[pyattr(name = "_ExceptHookArgs")]
    fn hook_arguments() -> Obj {
        excepthook::arguments_class().as_obj().clone()
    }
    /// Makes a new lock.
    #[pyfunction]
    fn allocate_lock() -> Obj {
        lock::new()
    }
    /// An obsolete synonym of allocate_lock().
    #[pyfunction]
    fn allocate() -> Obj {
        lock::new()
    }
    /// Starts a thread that calls function(*args, **kwargs), and returns its identifier.
    ///
    /// The thread ends when the function returns; an exception is reported, SystemExit ignored.
    #[pyfunction(sig = "(function, args, kwargs={}, /)")]
    fn start_new_thread(function: &Obj, args: &Obj, kwargs: Option<&Obj>) -> PyResult<u64> {
        let event = [function.clone(), args.clone(), kwargs.cloned().unwrap_or_else(none)];
        taipan_vm::sys::audit("_thread.start_new_thread", &event)?;
        start::start_new_thread(function, args, kwargs)
    }
    /// An obsolete synonym of start_new_thread().
    #[pyfunction(sig = "(function, args, kwargs={}, /)")]
    fn start_new(function: &Obj, args: &Obj, kwargs: Option<&Obj>) -> PyResult<u64> {
        start::start_new_thread(function, args, kwargs)
    }
    /// Starts a thread that can be joined by its handle.
    #[pyfunction(sig = "(function, handle=None, daemon=True)")]
    fn start_joinable_thread(function: &Obj, handle: Option<&Obj>, daemon: bool) -> PyResult<Obj> {
        let event = [function.clone(), int_obj(daemon.into()), handle.cloned().unwrap_or_else(none)];
        taipan_vm::sys::audit("_thread.start_joinable_thread", &event)?;
        start::start_joinable_thread(function, handle.filter(|h| !is_none(h)), daemon)
    }
    /// Whether daemon threads are allowed in this interpreter.
    #[pyfunction]
    fn daemon_threads_allowed() -> bool {
        taipan_vm::interpreters::current().config().allow_daemon_threads
    }
    /// Ends the calling thread: raises SystemExit.
    #[pyfunction]
    fn exit() -> PyResult<()> {
        Err(raise_args(&types().system_exit, vec![]))
    }
    /// An obsolete synonym of exit().
    #[pyfunction]
    fn exit_thread() -> PyResult<()> {
        Err(raise_args(&types().system_exit, vec![]))
    }
    /// Makes a signal arrive in the main thread.
    #[pyfunction(sig = "(signum=2, /)", text = "($module, signum=signal.SIGINT, /)")]
    fn interrupt_main(signum: i64) -> PyResult<()> {
        interrupt(signum)
    }
    /// A number that identifies the calling thread among those that live.
    #[pyfunction]
    fn get_ident() -> u64 {
        current_ident()
    }
    /// The kernel's number of the calling thread.
    #[pyfunction]
    fn get_native_id() -> u64 {
        taipan_threading::current().map_or(0, |thread| thread.native_id())
    }
    #[pyfunction]
    fn _get_main_thread_ident() -> u64 {
        main_ident()
    }
    /// Whether this is the main interpreter.
    #[pyfunction]
    fn _is_main_interpreter() -> bool {
        true
    }
    /// How many threads run that this module has started.
    #[pyfunction]
    fn _count() -> usize {
        start::running()
    }
    /// The stack size of threads to be started, which is set to `size` if given; 0 is the default.
    #[pyfunction(sig = "(size=0, /)")]
    fn stack_size(size: Option<isize>) -> PyResult<usize> {
        let old = STACK_SIZE.load(Ordering::Relaxed);
        if let Some(size) = size {
            if size < 0 {
                return Err(value_error("size must be 0 or a positive value"));
            }
            if size != 0 && size < LEAST_STACK {
                return Err(value_error(format!("size not valid: {size} bytes")));
            }
            STACK_SIZE.store(size.unsigned_abs(), Ordering::Relaxed);
        }
        Ok(old)
    }
    /// The name of the calling thread, as the operating system knows it.
    #[pyfunction]
    fn _get_name() -> Obj {
        let path = taipan_threading::current().map(|t| format!("/proc/self/task/{}/comm", t.native_id()));
        let bytes = path.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        crate::file_path::name_obj(bytes.strip_suffix(b"\n").unwrap_or(&bytes))
    }
    /// Names the calling thread for the operating system.
    #[pyfunction(sig = "(name)")]
    fn set_name(name: &PyStr) {
        let mut bytes = Vec::new();
        for code in (0..name.units().len()).filter_map(|index| name.units().get(index)) {
            // What is no character cannot be encoded.
            let character = char::from_u32(code).unwrap_or('?');
            if character == '\0' || bytes.len() >= NAME_MAXLEN as usize {
                break;
            }
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        bytes.truncate(NAME_MAXLEN as usize);
        if let Some(thread) = taipan_threading::current() {
            // Not more than a courtesy: where there is no such file, there is no name.
            let _ = std::fs::write(format!("/proc/self/task/{}/comm", thread.native_id()), bytes);
        }
    }
    /// Waits for all threads that are not daemonic to end.
    #[pyfunction]
    fn _shutdown() {
        handle::shutdown();
    }
    /// Makes the handle of a running thread that was not started by this module.
    #[pyfunction(sig = "(ident, /)")]
    fn _make_thread_handle(ident: &Obj) -> PyResult<Obj> {
        if taipan_objects::int::int_ref(ident).is_none() {
            return Err(type_error("ident must be an integer"));
        }
        handle::of_running_thread(u64::from_arg(ident)?)
    }
    /// Shows an exception that a thread has not caught.
    #[pyfunction(sig = "(args, /)")]
    fn _excepthook(args: &Obj) -> PyResult<()> {
        excepthook::show(args)
    }
}
