//! `_posixsubprocess.fork_exec`: starts a program in a child process.
//!
//! All memory that the child needs is made before the fork, and the child makes nothing but system calls until it is another program (see
//! `sys_calls::spawn`), so other threads need not be stopped. With a `preexec_fn` Python code runs in the child: then it is a fork like `os.fork`.

use std::ffi::CString;

use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use crate::file_path::c_name;
use crate::os_error::os_error;
use crate::posix::{after_in_child, after_in_parent, before_fork};
use crate::sys_calls::{self, ChildSetup};

fn strings(obj: &Obj) -> PyResult<Vec<CString>> {
    collect(obj)?.iter().map(c_name).collect()
}

fn optional<T>(obj: &Obj, convert: impl FnOnce(&Obj) -> PyResult<T>) -> PyResult<Option<T>> {
    if is_none(obj) { Ok(None) } else { convert(obj).map(Some) }
}

/// The descriptors to keep: a tuple of ascending numbers.
fn kept(obj: &Obj) -> PyResult<Vec<i32>> {
    let wrong = || value_error("bad value(s) in fds_to_keep");
    let Some(tuple) = obj.downcast::<PyTuple>() else {
        return Err(type_error(format!(
            "fork_exec() argument 4 must be tuple, not {}",
            class_of(obj).name()
        )));
    };
    let mut fds: Vec<i32> = Vec::with_capacity(tuple.len());
    for item in tuple.as_slice() {
        let fd = int::int_ref(item)
            .and_then(|i| i.to_i64())
            .and_then(|i| i32::try_from(i).ok())
            .ok_or_else(wrong)?;
        if fd < 0 || fds.last().is_some_and(|last| *last >= fd) {
            return Err(wrong());
        }
        fds.push(fd);
    }
    Ok(fds)
}

/// A POSIX helper for the subprocess module.
/// The number of a group in a list of such.
fn listed_group(group: &Obj) -> PyResult<u32> {
    crate::posix::group_id(group).or_else(|Raised| {
        drop(catch(&types().overflow_error)?);
        Err(value_error("invalid group id"))
    })
}

#[pymodule(name = "_posixsubprocess")]
mod items {
    use super::*;

    /// Spawn a fresh new child process.
    #[pyfunction(
        sig = "(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn fork_exec(
        args: &Obj,
        executable_list: &Obj,
        close_fds: bool,
        pass_fds: &Obj,
        cwd: &Obj,
        env: &Obj,
        p2cread: i32,
        p2cwrite: i32,
        c2pread: i32,
        c2pwrite: i32,
        errread: i32,
        errwrite: i32,
        errpipe_read: i32,
        errpipe_write: i32,
        restore_signals: bool,
        call_setsid: bool,
        pgid_to_set: i32,
        gid: &Obj,
        extra_groups: &Obj,
        uid: &Obj,
        child_umask: i32,
        preexec_fn: &Obj,
    ) -> PyResult<i32> {
        if close_fds && errpipe_write < 3 {
            return Err(value_error("errpipe_write must be >= 3"));
        }
        let _ = errpipe_read;
        taipan_vm::sys::audit(
            "_posixsubprocess.fork_exec",
            &[executable_list.clone(), args.clone(), env.clone()],
        )?;
        let setup = ChildSetup {
            keep: kept(pass_fds)?,
            programs: strings(executable_list)?,
            arguments: strings(args)?,
            environment: optional(env, strings)?,
            directory: optional(cwd, c_name)?,
            close_fds,
            stdin: p2cread,
            stdout: c2pwrite,
            stderr: errwrite,
            parent_ends: [p2cwrite, c2pread, errread],
            error_pipe: errpipe_write,
            restore_signals,
            new_session: call_setsid,
            process_group: pgid_to_set,
            group: optional(gid, crate::posix::group_id)?,
            groups: optional(extra_groups, |groups| collect(groups)?.iter().map(listed_group).collect())?,
            user: optional(uid, crate::posix::user_id)?,
            umask: child_umask,
        };
        if is_none(preexec_fn) {
            return sys_calls::spawn(&setup, None).map_err(os_error);
        }
        if taipan_vm::sys::is_finalizing() {
            let text = "preexec_fn not supported at interpreter shutdown";
            return Err(raise_message(&types().python_finalization_error, text));
        }
        before_fork()?;
        let mut in_child = || {
            after_in_child();
            let called = call0(preexec_fn).is_ok();
            if !called {
                drop(take_raised());
            }
            called
        };
        let result = sys_calls::spawn(&setup, Some(&mut in_child));
        after_in_parent();
        result.map_err(os_error)
    }
}
