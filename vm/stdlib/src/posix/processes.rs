//! Processes: environment, children, signals, the end.

use std::ffi::CString;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_threading::detached;

use super::lazy_class;
use crate::file_path::{self, Accept};
use crate::os_error::{blocking, os_error, os_error_for};
use crate::resource::rusage_obj;
use crate::sys_calls;

static TIMES: StructSeqDef = StructSeqDef {
    name: "posix.times_result",
    doc: "times_result: Result from os.times().",
    fields: &[
        ("user", "user time"),
        ("system", "system time"),
        ("children_user", "user time of children"),
        ("children_system", "system time of children"),
        ("elapsed", "elapsed time since an arbitrary point in the past"),
    ],
    visible: 5,
};
lazy_class!(times_class, &TIMES);

fn environment_dict() -> PyResult<Obj> {
    let dict = dict_obj();
    for entry in sys_calls::environment() {
        // A name may begin with an equals sign, as on other systems.
        if let Some(at) = entry.iter().skip(1).position(|&b| b == b'=').map(|at| at + 1) {
            let key = bytes_obj(&entry[..at]);
            if dict.get(&key)?.is_none() {
                dict.set(key, bytes_obj(&entry[at + 1..]))?;
            }
        }
    }
    Ok(dict.into_obj())
}

pub fn arguments(list: &Obj, function: &str) -> PyResult<Vec<CString>> {
    if !list.is_layout::<taipan_objects::list::PyList>()
        && !list.is_layout::<taipan_objects::tuple::PyTuple>()
    {
        return Err(type_error(format!("{function}() arg 2 must be a tuple or list")));
    }
    let all = collect(list)?.iter().map(file_path::c_name).collect::<PyResult<Vec<_>>>()?;
    match all.first() {
        None => Err(value_error(format!("{function}() arg 2 must not be empty"))),
        Some(first) if first.is_empty() => {
            Err(value_error(format!("{function}() arg 2 first element cannot be empty")))
        }
        Some(_) => Ok(all),
    }
}

/// `NAME=value` for each item of a mapping.
pub fn environment_strings(mapping: &Obj) -> PyResult<Vec<CString>> {
    let keys = collect(&call_method_str(mapping, "keys", &[])?)?;
    let values = collect(&call_method_str(mapping, "values", &[])?)?;
    let mut all = Vec::with_capacity(keys.len());
    for (key, value) in keys.into_iter().zip(values) {
        let value = file_path::c_name(&value)?;
        let mut entry = file_path::c_name(&key)?.into_bytes();
        if entry.is_empty() || entry.contains(&b'=') {
            return Err(value_error("illegal environment variable name"));
        }
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        all.push(CString::new(entry).map_err(|_| value_error("embedded null byte"))?);
    }
    Ok(all)
}

fn variable_name(name: &Obj) -> PyResult<CString> {
    let name = file_path::c_name(name)?;
    if name.is_empty() || name.as_bytes().contains(&b'=') {
        return Err(value_error("illegal environment variable name"));
    }
    Ok(name)
}

fn may_exec() -> PyResult<()> {
    if taipan_vm::interpreters::current().config().allow_exec {
        return Ok(());
    }
    Err(runtime_error("exec not supported for isolated subinterpreters"))
}

#[pymodule(name = "posix_processes", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    fn environ() -> PyResult<Obj> {
        environment_dict()
    }
    /// Create the environment dictionary.
    #[pyfunction]
    fn _create_environ() -> PyResult<Obj> {
        environment_dict()
    }
    /// Change or add an environment variable.
    #[pyfunction(sig = "(name, value, /)")]
    fn putenv(name: &Obj, value: &Obj) -> PyResult<()> {
        let name = variable_name(name)?;
        let value = file_path::c_name(value)?;
        sys_calls::setenv(&name, &value).map_err(os_error)
    }
    /// Delete an environment variable.
    #[pyfunction(sig = "(name, /)")]
    fn unsetenv(name: &Obj) -> PyResult<()> {
        let name = file_path::c_name(name)?;
        sys_calls::unsetenv(&name).map_err(os_error)
    }
    /// Kill a process with a signal.
    #[pyfunction(sig = "(pid, signal, /)")]
    fn kill(pid: i32, signal: i32) -> PyResult<()> {
        sys_calls::kill(pid, signal).map_err(os_error)?;
        // A signal to this very process has been noted by now.
        taipan_objects::hooks::check_signals()
    }
    /// Kill a process group with a signal.
    #[pyfunction(sig = "(pgid, signal, /)")]
    fn killpg(pgid: i32, signal: i32) -> PyResult<()> {
        sys_calls::killpg(pgid, signal).map_err(os_error)?;
        taipan_objects::hooks::check_signals()
    }
    /// Exit to the system with specified status, without normal exit processing.
    #[pyfunction(sig = "(status)")]
    fn _exit(status: i32) -> PyResult<()> {
        sys_calls::exit_now(status)
    }
    /// Abort the interpreter immediately.
    #[pyfunction]
    fn abort() -> PyResult<()> {
        sys_calls::abort()
    }
    /// Execute the command in a subshell.
    #[pyfunction(sig = "(command)")]
    fn system(command: &Obj) -> PyResult<i32> {
        let command = file_path::c_name(command)?;
        Ok(detached(|| sys_calls::system(&command)))
    }
    /// Execute an executable path with arguments, replacing current process.
    #[pyfunction(sig = "(path, argv, /)")]
    fn execv(path: &Obj, argv: &Obj) -> PyResult<()> {
        may_exec()?;
        let path = file_path::path("execv", "path", Some(path), Accept::Name)?;
        let argv = arguments(argv, "execv")?;
        Err(os_error_or(sys_calls::execve(&path.name, &argv, None), &path.object))
    }
    /// Execute an executable path with arguments, replacing current process.
    #[pyfunction(sig = "(path, argv, env)")]
    fn execve(path: &Obj, argv: &Obj, env: &Obj) -> PyResult<()> {
        may_exec()?;
        let path = file_path::path("execve", "path", Some(path), Accept::Name)?;
        let argv = arguments(argv, "execve")?;
        let env = environment_strings(env)?;
        Err(os_error_or(sys_calls::execve(&path.name, &argv, Some(&env)), &path.object))
    }
    /// Wait for completion of a given child process.
    #[pyfunction(sig = "(pid, options, /)")]
    fn waitpid(pid: i32, options: i32) -> PyResult<(i32, i32)> {
        blocking(|| sys_calls::waitpid(pid, options))
    }
    /// Wait for completion of a child process.
    #[pyfunction]
    fn wait() -> PyResult<(i32, i32)> {
        blocking(|| sys_calls::waitpid(-1, 0))
    }
    /// Wait for completion of a child process.
    #[pyfunction(sig = "(options)")]
    fn wait3(options: i32) -> PyResult<Obj> {
        let (pid, status, usage) = blocking(|| sys_calls::wait4(-1, options))?;
        (pid, status, rusage_obj(&usage)).into_py()
    }
    /// Wait for completion of a specific child process.
    #[pyfunction(sig = "(pid, options)")]
    fn wait4(pid: i32, options: i32) -> PyResult<Obj> {
        let (pid, status, usage) = blocking(|| sys_calls::wait4(pid, options))?;
        (pid, status, rusage_obj(&usage)).into_py()
    }
    /// Return a file descriptor referring to the process *pid*.
    #[pyfunction(sig = "(pid, flags=0)")]
    fn pidfd_open(pid: i32, flags: Option<u32>) -> PyResult<i32> {
        sys_calls::pidfd_open(pid, flags.unwrap_or(0)).map_err(os_error)
    }
    /// Convert a wait status to an exit code.
    #[pyfunction(sig = "(status)")]
    fn waitstatus_to_exitcode(status: i32) -> PyResult<i32> {
        if libc::WIFEXITED(status) {
            return Ok(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(-libc::WTERMSIG(status));
        }
        if libc::WIFSTOPPED(status) {
            return Err(value_error(format!(
                "process stopped by delivery of signal {}",
                libc::WSTOPSIG(status)
            )));
        }
        Err(value_error(format!("invalid wait status: {status}")))
    }
    /// Return True if the process returning status was dumped to a core file.
    #[pyfunction(sig = "(status, /)")]
    fn WCOREDUMP(status: i32) -> bool {
        libc::WCOREDUMP(status)
    }
    /// Return the process return code from status.
    #[pyfunction(sig = "(status)")]
    fn WEXITSTATUS(status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }
    /// Return True if a particular process was continued from a job control stop.
    #[pyfunction(sig = "(status)")]
    fn WIFCONTINUED(status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }
    /// Return True if the process returning status exited via the exit() system call.
    #[pyfunction(sig = "(status)")]
    fn WIFEXITED(status: i32) -> bool {
        libc::WIFEXITED(status)
    }
    /// Return True if the process returning status was terminated by a signal.
    #[pyfunction(sig = "(status)")]
    fn WIFSIGNALED(status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }
    /// Return True if the process returning status was stopped.
    #[pyfunction(sig = "(status)")]
    fn WIFSTOPPED(status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }
    /// Return the signal that stopped the process that provided the status value.
    #[pyfunction(sig = "(status)")]
    fn WSTOPSIG(status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }
    /// Return the signal that terminated the process that provided the status value.
    #[pyfunction(sig = "(status)")]
    fn WTERMSIG(status: i32) -> i32 {
        libc::WTERMSIG(status)
    }
    /// Return a collection containing process timing information.
    #[pyfunction]
    fn times() -> PyResult<Obj> {
        let (times, elapsed) = sys_calls::times().map_err(os_error)?;
        let ticks = sys_calls::sysconf(libc::_SC_CLK_TCK).unwrap_or(100).max(1) as f64;
        let all = [times.tms_utime, times.tms_stime, times.tms_cutime, times.tms_cstime, elapsed];
        Ok(structseq::new(&times_class(), all.into_iter().map(|t| float_obj(t as f64 / ticks)).collect()))
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("times_result", times_class().into_obj())
    }
}

fn os_error_or(errno: i32, path: &Obj) -> Raised {
    os_error_for(errno, path)
}
