//! `fork`, and what is called around it.
//!
//! The order is CPython's: `before` functions last registered first, then the world is stopped and the process duplicated, then
//! `after_in_child` or `after_in_parent` functions in order of registration. Errors of these functions are reported, not raised.

use taipan_objects::hooks;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_vm::import;
use taipan_vm::interpreters::PerInterpreter;

use crate::os_error::os_error;
use crate::sys_calls::{self, SysResult};

struct Registered {
    before: Py<PyList>,
    in_child: Py<PyList>,
    in_parent: Py<PyList>,
}

fn registered() -> &'static Registered {
    static REGISTERED: PerInterpreter<Registered> = PerInterpreter::new();
    let empty = || PyList::new(vec![]);
    REGISTERED.get_or_init(|| Registered { before: empty(), in_child: empty(), in_parent: empty() })
}

fn run(functions: impl Iterator<Item = Obj>) {
    for function in functions {
        if call0(&function).is_err() {
            hooks::unraisable(Some("Exception ignored in fork hook"), Some(&function));
        }
    }
}

/// Before a fork: Python's functions, and no other thread at work. Not any more when the interpreter shuts down.
pub fn before() -> PyResult<()> {
    if !taipan_vm::interpreters::current().config().allow_fork {
        return Err(runtime_error("fork not supported for isolated subinterpreters"));
    }
    if taipan_vm::sys::is_finalizing() {
        let text = str_obj("can't fork at interpreter shutdown");
        return Err(raise_args(&types().python_finalization_error, vec![text]));
    }
    run(registered().before.to_vec().into_iter().rev());
    // The child could not finish another thread's import.
    import::lock_imports();
    taipan_threading::before_fork();
    crate::_thread::before_fork();
    taipan_vm::perf::before_fork();
    taipan_vm::tracemalloc::before_fork();
    Ok(())
}

/// After a fork, in the parent.
pub fn after_in_parent() {
    taipan_vm::tracemalloc::after_fork();
    taipan_vm::perf::after_fork_parent();
    crate::_thread::after_fork();
    taipan_threading::after_fork_parent();
    import::unlock_imports();
    run(registered().in_parent.to_vec().into_iter());
}

/// After a fork, in the child: this is the only thread.
pub fn after_in_child() {
    taipan_vm::tracemalloc::after_fork();
    crate::_thread::after_fork();
    let vanished = taipan_threading::after_fork_child();
    taipan_gc::thread::after_fork_child(&vanished);
    taipan_vm::thread::VmThread::after_fork_child();
    crate::_signal::after_fork_child();
    taipan_vm::perf::after_fork_child();
    crate::_thread::after_fork_child();
    import::unlock_imports();
    run(registered().in_child.to_vec().into_iter());
}

/// `fork()` with everything around it; `name` is what the program called.
fn fork_process(name: &str, duplicate: impl FnOnce() -> SysResult<i32>) -> PyResult<i32> {
    before()?;
    let result = duplicate();
    if result == Ok(0) {
        after_in_child();
    } else {
        after_in_parent();
        if result.is_ok() && taipan_threading::threads().count() > 1 {
            let text = format!(
                "This process (pid={}) is multi-threaded, use of {name}() may lead to deadlocks in the child.",
                std::process::id()
            );
            hooks::warn(&text, types().deprecation_warning.as_obj(), 1)?;
        }
    }
    result.map_err(os_error)
}

#[pymodule(name = "posix_fork", doc = "")]
mod items {
    use super::*;

    /// Fork a child process.
    #[pyfunction]
    fn fork() -> PyResult<i32> {
        fork_process("fork", sys_calls::fork)
    }
    /// Fork a new process with a new pseudo-terminal as controlling tty.
    ///
    /// Returns a tuple of (pid, master_fd).
    #[pyfunction]
    fn forkpty() -> PyResult<(i32, i32)> {
        let mut leader = -1;
        let pid = fork_process("forkpty", || {
            let (pid, fd) = sys_calls::forkpty()?;
            leader = fd;
            Ok(pid)
        })?;
        Ok((pid, leader))
    }
    /// Register callables to be called when forking a new process.
    #[pyfunction(
        sig = "(*, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)"
    )]
    fn register_at_fork(
        before: Option<&Obj>,
        after_in_child: Option<&Obj>,
        after_in_parent: Option<&Obj>,
    ) -> PyResult<()> {
        let all =
            [("before", before), ("after_in_child", after_in_child), ("after_in_parent", after_in_parent)];
        if all.iter().all(|(_, function)| function.is_none()) {
            return Err(type_error("At least one argument is required."));
        }
        for (name, function) in all {
            if let Some(function) = function
                && (is_none(function) || !is_callable(function))
            {
                let class = class_of(function).name();
                return Err(type_error(format!("'{name}' must be callable, not {class}")));
            }
        }
        let lists = registered();
        for (list, function) in
            [(&lists.before, before), (&lists.in_child, after_in_child), (&lists.in_parent, after_in_parent)]
        {
            if let Some(function) = function {
                list.push(function.clone());
            }
        }
        Ok(())
    }
}
