//! `faulthandler`: tracebacks on request. Fatal signals end the process as the operating system does; `enable` only notes that it was called.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::{hooks, protocol};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::counted;
use crate::os_error::os_error;
use crate::sys_calls::{self, Disposition};

static ENABLED: AtomicBool = AtomicBool::new(false);

/// The file to write to: `sys.stderr` by default.
fn output(file: Option<&Obj>) -> PyResult<Obj> {
    match file.filter(|f| !is_none(f)) {
        Some(file) if protocol::has_index(file) => {
            let open = hooks::builtin("open")?.into_strong();
            let names = [intern("closefd").into_obj()];
            let positional = [file.clone(), str_obj("w")];
            protocol::call_args(&open, &Args::with_keywords(&positional, &names, &[bool_obj(false)]))
                .map(IntoStrong::into_strong)
        }
        Some(file) => Ok(file.clone()),
        None => {
            let file = hooks::module_attribute("sys", "stderr")?.into_strong();
            if is_none(&file) { Err(runtime_error("sys.stderr is None")) } else { Ok(file) }
        }
    }
}

/// Ends the process as a fatal signal does.
fn end_by(signal: i32) -> PyResult<()> {
    sys_calls::sigaction(signal, Disposition::Default, false).map_err(os_error)?;
    sys_calls::raise(signal).map_err(os_error)
}

/// Faulthandler module.
#[pymodule(name = "faulthandler")]
mod items {
    use super::*;

    /// Writes the traceback of the calling thread.
    #[pyfunction(
        sig = "(file=None, all_threads=True)",
        text = "($module, /, file=sys.stderr, all_threads=True)"
    )]
    fn dump_traceback(file: Option<&Obj>, all_threads: bool) -> PyResult<()> {
        let _ = all_threads;
        let file = output(file)?;
        let ident = crate::_thread::current_ident();
        let mut text = format!("Current thread 0x{ident:016x} (most recent call first):\n");
        let mut frame = (hooks::get()?.current_frame)(0).map(IntoStrong::into_strong);
        while let Some(this) = frame.filter(|f| !is_none(f)) {
            let code = counted::getattr(&this, "f_code")?;
            let (name, path) = (counted::getattr(&code, "co_name")?, counted::getattr(&code, "co_filename")?);
            let line = protocol::str_string(&counted::getattr(&this, "f_lineno")?)?;
            let (name, path) = (protocol::str_string(&name)?, protocol::str_string(&path)?);
            text.push_str(&format!("  File \"{path}\", line {line} in {name}\n"));
            frame = Some(counted::getattr(&this, "f_back")?);
        }
        counted::call_method(&file, "write", &[str_obj(&text)])?;
        counted::call_method(&file, "flush", &[]).map(drop)
    }
    /// Notes that fatal errors should show a traceback.
    #[pyfunction(
        sig = "(file=None, all_threads=True, c_stack=True)",
        text = "($module, /, file=sys.stderr, all_threads=True, c_stack=True)"
    )]
    fn enable(file: Option<&Obj>, all_threads: bool, c_stack: bool) {
        let _ = (file, all_threads, c_stack);
        ENABLED.store(true, Ordering::Relaxed);
    }
    /// Takes enable() back; returns whether it was called.
    #[pyfunction]
    fn disable() -> bool {
        ENABLED.swap(false, Ordering::Relaxed)
    }
    /// Whether enable() was called.
    #[pyfunction]
    fn is_enabled() -> bool {
        ENABLED.load(Ordering::Relaxed)
    }
    /// Would dump the traceback after a time.
    #[pyfunction(
        sig = "(timeout, repeat=False, file=None, exit=False)",
        text = "($module, /, timeout, repeat=False, file=sys.stderr, exit=False)"
    )]
    fn dump_traceback_later(timeout: f64, repeat: bool, file: Option<&Obj>, exit: bool) -> PyResult<()> {
        let _ = (repeat, file, exit);
        if timeout <= 0.0 {
            return Err(value_error("timeout must be greater than 0"));
        }
        Err(not_implemented_error("tracebacks cannot be dumped later"))
    }
    /// Raises a SIGSEGV signal.
    #[pyfunction(sig = "(release_gil=False, /)", text = "")]
    fn _sigsegv(release_gil: bool) -> PyResult<()> {
        let _ = release_gil;
        end_by(libc::SIGSEGV)
    }
    /// Raises a SIGABRT signal.
    #[pyfunction(text = "")]
    fn _sigabrt() -> PyResult<()> {
        end_by(libc::SIGABRT)
    }
    /// Raises a SIGFPE signal.
    #[pyfunction(text = "")]
    fn _sigfpe() -> PyResult<()> {
        end_by(libc::SIGFPE)
    }
    /// Takes dump_traceback_later() back.
    #[pyfunction]
    fn cancel_dump_traceback_later() {}
    /// Would dump the traceback on a signal.
    #[pyfunction(
        sig = "(signum, file=None, all_threads=True, chain=False)",
        text = "($module, /, signum, file=sys.stderr, all_threads=True, chain=False)"
    )]
    fn register(signum: i32, file: Option<&Obj>, all_threads: bool, chain: bool) -> PyResult<()> {
        let _ = (signum, file, all_threads, chain);
        Err(not_implemented_error("tracebacks cannot be dumped on signals"))
    }
    /// Takes register() back.
    #[pyfunction]
    fn unregister(signum: i32) -> bool {
        let _ = signum;
        false
    }
}
