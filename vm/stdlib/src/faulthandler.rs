//! `faulthandler`: stacks as text, on request, after a time, on a signal, before a fatal signal ends the process.
//!
//! What is written goes to a file's descriptor by plain system calls, past its buffers. A signal's handler shows the thread that it
//! interrupts only: the others run on, and stopping them is more than a handler may do.

mod later;
mod on_signal;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::{hooks, protocol};
use taipan_vm::stack_dump::{self, write_hex};

use crate::counted;
use crate::os_error::os_error;
use crate::sys_calls::{self, Disposition};

/// The file to write to, `sys.stderr` by default, and its descriptor.
fn output(file: Option<&Obj>) -> PyResult<(Obj, i32)> {
    let file = match file.filter(|f| !is_none(f)) {
        Some(file) => file.clone(),
        None => match absent_if(hooks::module_attribute("sys", "stderr"), &types().attribute_error)? {
            None => return Err(runtime_error("unable to get sys.stderr")),
            Some(file) => file.into_strong(),
        },
    };
    if is_none(&file) {
        return Err(runtime_error("sys.stderr is None"));
    }
    if protocol::has_index(&file) {
        let fd = i32::from_arg(&file)?;
        if fd < 0 {
            return Err(value_error("file is not a valid file descripter"));
        }
        return Ok((file, fd));
    }
    let fd = i32::from_arg(&counted::call_method(&file, "fileno", &[])?).map_err(|Raised| {
        drop(take_raised());
        runtime_error("file.fileno() is not a valid file descriptor")
    })?;
    if counted::call_method(&file, "flush", &[]).is_err() {
        drop(take_raised());
    }
    Ok((file, fd))
}

/// Writes everything, or as much as can be written.
fn write_all(fd: i32, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match sys_calls::write(fd, bytes) {
            Ok(0) => break,
            Ok(count) => bytes = &bytes[count..],
            Err(libc::EINTR) => {}
            Err(_) => break,
        }
    }
}

/// `Thread 0x…, name`: the header of a stack. Async-signal-safe.
fn write_header(what: &[u8], ident: u64, fd: i32) {
    write_all(fd, what);
    write_all(fd, b" 0x");
    write_hex(ident, 16, &mut |bytes| write_all(fd, bytes));
    write_all(fd, b" (most recent call first):\n");
}

/// The stacks of all threads, an empty line between two.
fn write_stacks(fd: i32) {
    let own = taipan_vm::thread::try_current().map(|thread| thread.ident.get());
    for (index, (ident, text)) in stack_dump::all().into_iter().enumerate() {
        if index > 0 {
            write_all(fd, b"\n");
        }
        let what: &[u8] = if own == Some(ident) { b"Current thread" } else { b"Thread" };
        write_header(what, ident, fd);
        write_all(fd, &text);
    }
}

/// The stack of the calling thread. Async-signal-safe.
fn write_own(fd: i32) {
    write_all(fd, b"Stack (most recent call first):\n");
    stack_dump::write_own(&mut |bytes| write_all(fd, bytes));
}

/// There are no frames of C's to show.
fn write_native(fd: i32) {
    write_all(
        fd,
        b"Current thread's C stack trace (most recent call first):\n  <cannot get C stack on this system>\n",
    );
}

/// Ends the process as a fatal signal does.
fn end_by(signal: i32) -> PyResult<()> {
    if !on_signal::is_enabled() {
        sys_calls::sigaction(signal, Disposition::Default, false).map_err(os_error)?;
    }
    sys_calls::raise(signal).map_err(os_error)
}

/// `enable()` with its defaults: `-X faulthandler` and its like.
pub fn enable_by_default() -> PyResult<()> {
    let (file, fd) = output(None)?;
    on_signal::enable(file, fd, true, true)
}

/// Faulthandler module.
#[pymodule(name = "faulthandler")]
mod items {
    use super::*;

    /// Dump the traceback of the current thread, or of all threads
    /// if all_threads is True, into file.
    #[pyfunction(
        sig = "(file=None, all_threads=True)",
        text = "($module, /, file=sys.stderr, all_threads=True)"
    )]
    fn dump_traceback(file: Option<&Obj>, all_threads: bool) -> PyResult<()> {
        let (_file, fd) = output(file)?;
        if all_threads {
            write_stacks(fd);
        } else {
            write_own(fd);
        }
        Ok(())
    }
    /// Dump the C stack of the current thread.
    #[pyfunction(sig = "(file=None)", text = "($module, /, file=sys.stderr)")]
    fn dump_c_stack(file: Option<&Obj>) -> PyResult<()> {
        let (_file, fd) = output(file)?;
        write_native(fd);
        Ok(())
    }
    /// Enable the fault handler.
    #[pyfunction(
        sig = "(file=None, all_threads=True, c_stack=True)",
        text = "($module, /, file=sys.stderr, all_threads=True, c_stack=True)"
    )]
    fn enable(file: Option<&Obj>, all_threads: bool, c_stack: bool) -> PyResult<()> {
        let (file, fd) = output(file)?;
        on_signal::enable(file, fd, all_threads, c_stack)
    }
    /// Disable the fault handler.
    #[pyfunction]
    fn disable() -> bool {
        on_signal::disable()
    }
    /// Check if the handler is enabled.
    #[pyfunction]
    fn is_enabled() -> bool {
        on_signal::is_enabled()
    }
    /// Dump the traceback of all threads in timeout seconds.
    ///
    /// If repeat is true, the tracebacks of all threads are dumped every timeout
    /// seconds. If exit is true, call _exit(1) which is not safe.
    #[pyfunction(
        sig = "(timeout, repeat=False, file=None, exit=False)",
        text = "($module, /, timeout, repeat=False, file=sys.stderr, exit=False)"
    )]
    fn dump_traceback_later(timeout: &Obj, repeat: bool, file: Option<&Obj>, exit: bool) -> PyResult<()> {
        let seconds = f64::from_arg(timeout)?;
        let after = std::time::Duration::try_from_secs_f64(seconds).ok().filter(|d| !d.is_zero());
        let Some(after) = after else {
            return Err(value_error("timeout must be greater than 0"));
        };
        let (file, fd) = output(file)?;
        later::start(after, repeat, file, fd, exit)
    }
    /// Cancel the previous call to dump_traceback_later().
    #[pyfunction]
    fn cancel_dump_traceback_later() {
        later::cancel();
    }
    /// Register a handler for the signal 'signum'.
    ///
    /// Dump the traceback of the current thread, or of all threads if
    /// all_threads is True, into file.
    #[pyfunction(
        sig = "(signum, file=None, all_threads=True, chain=False)",
        text = "($module, /, signum, file=sys.stderr, all_threads=True, chain=False)"
    )]
    fn register(signum: i32, file: Option<&Obj>, all_threads: bool, chain: bool) -> PyResult<()> {
        on_signal::check(signum)?;
        let (file, fd) = output(file)?;
        on_signal::register(signum, file, fd, all_threads, chain)
    }
    /// Unregister the handler of the signal 'signum' registered by register().
    #[pyfunction]
    fn unregister(signum: i32) -> PyResult<bool> {
        on_signal::check(signum)?;
        Ok(on_signal::unregister(signum))
    }
    /// Raise a SIGSEGV signal.
    #[pyfunction(sig = "(release_gil=False, /)", text = "")]
    fn _sigsegv(release_gil: bool) -> PyResult<()> {
        let _ = release_gil;
        end_by(libc::SIGSEGV)
    }
    /// Raise a SIGABRT signal.
    #[pyfunction(text = "")]
    fn _sigabrt() -> PyResult<()> {
        end_by(libc::SIGABRT)
    }
    /// Raise a SIGFPE signal.
    #[pyfunction(text = "")]
    fn _sigfpe() -> PyResult<()> {
        end_by(libc::SIGFPE)
    }
}
