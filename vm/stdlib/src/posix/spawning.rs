//! `posix_spawn`, `waitid`, namespaces.

use std::ffi::CString;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_objects::tuple::PyTuple;
use taipan_vm::sys::audit;

use super::lazy_class;
use super::processes::{arguments, environment_strings};
use crate::file_path::{self, Accept};
use crate::os_error::{blocking, os_error, os_error_for};
use crate::sys_calls::{self, FileAction, SpawnOptions};

static WAITID: StructSeqDef = StructSeqDef {
    name: "posix.waitid_result",
    doc: "waitid_result: Result from waitid.\n\nThis object may be accessed either as a tuple of\n  (si_pid, si_uid, si_signo, si_status, si_code),\nor via the attributes si_pid, si_uid, and so on.\n\nSee os.waitid for more information.",
    fields: &[("si_pid", ""), ("si_uid", ""), ("si_signo", ""), ("si_status", ""), ("si_code", "")],
    visible: 5,
};
lazy_class!(waitid_class, &WAITID);

const OPEN: i32 = 0;
const CLOSE: i32 = 1;
const DUP2: i32 = 2;
const CLOSEFROM: i32 = 3;

fn file_action(action: &Obj) -> PyResult<FileAction> {
    let shape = || type_error("Each file_actions element must be a non-empty tuple");
    let Some(tuple) = action.downcast::<PyTuple>() else { return Err(shape()) };
    let Some((kind, rest)) = tuple.as_slice().split_first() else { return Err(shape()) };
    let numbers = || rest.iter().map(i32::from_arg).collect::<PyResult<Vec<i32>>>();
    match i32::from_arg(kind)? {
        OPEN => match rest {
            [fd, path, flags, mode] => Ok(FileAction::Open {
                fd: i32::from_arg(fd)?,
                path: file_path::c_name(path)?,
                flags: i32::from_arg(flags)?,
                mode: u32::from_arg(mode)?,
            }),
            _ => Err(type_error("A open file_action tuple must have 5 elements")),
        },
        CLOSE => match numbers()?.as_slice() {
            [fd] => Ok(FileAction::Close(*fd)),
            _ => Err(type_error("A close file_action tuple must have 2 elements")),
        },
        DUP2 => match numbers()?.as_slice() {
            [fd, target] => Ok(FileAction::Duplicate(*fd, *target)),
            _ => Err(type_error("A dup2 file_action tuple must have 3 elements")),
        },
        CLOSEFROM => match numbers()?.as_slice() {
            [fd] => Ok(FileAction::CloseFrom(*fd)),
            _ => Err(type_error("A closefrom file_action tuple must have 2 elements")),
        },
        _ => Err(type_error("Unknown file_actions identifier")),
    }
}

fn signals(obj: &Obj) -> PyResult<Option<Vec<i32>>> {
    let mut list = Vec::new();
    for signal in collect(obj)? {
        match i64::from_arg(&signal)? {
            number @ 1..=64 => list.push(number as i32),
            number => return Err(value_error(format!("signal number {number} out of range [1; 64]"))),
        }
    }
    Ok(Some(list))
}

fn scheduler(obj: &Obj) -> PyResult<(Option<i32>, i32)> {
    let Some(tuple) = obj.downcast::<PyTuple>() else {
        return Err(type_error("scheduler must be a tuple or None"));
    };
    let [policy, param] = tuple.as_slice() else {
        return Err(type_error("A scheduler tuple must have two elements"));
    };
    let policy = if is_none(policy) { None } else { Some(i32::from_arg(policy)?) };
    Ok((policy, super::scheduling::priority(param)?))
}

/// The arguments of both functions.
struct Request<'a> {
    path: &'a Obj,
    argv: &'a Obj,
    env: &'a Obj,
    file_actions: Option<&'a Obj>,
    setpgroup: Option<&'a Obj>,
    resetids: Option<bool>,
    setsid: Option<bool>,
    setsigmask: Option<&'a Obj>,
    setsigdef: Option<&'a Obj>,
    scheduler: Option<&'a Obj>,
}

fn spawn(function: &str, search: bool, request: &Request<'_>) -> PyResult<i32> {
    let path = file_path::path(function, "path", Some(request.path), Accept::Name)?;
    let arguments = arguments(request.argv, function)?;
    let environment: Vec<CString> = if is_none(request.env) {
        sys_calls::environment().into_iter().filter_map(|entry| CString::new(entry).ok()).collect()
    } else {
        environment_strings(request.env)?
    };
    let present = |obj: Option<&'_ Obj>| obj.filter(|o| !is_none(o)).cloned();
    let mut actions = Vec::new();
    if let Some(list) = present(request.file_actions) {
        if !is_sequence(&list) {
            return Err(type_error("file_actions must be a sequence or None"));
        }
        for action in collect(&list)? {
            actions.push(file_action(&action)?);
        }
    }
    let options = SpawnOptions {
        actions,
        process_group: present(request.setpgroup).map(|group| i32::from_arg(&group)).transpose()?,
        reset_ids: request.resetids.unwrap_or(false),
        new_session: request.setsid.unwrap_or(false),
        signal_mask: request.setsigmask.map_or(Ok(None), signals)?,
        default_signals: request.setsigdef.map_or(Ok(None), signals)?,
        scheduler: present(request.scheduler).map(|s| scheduler(&s)).transpose()?,
        search,
    };
    audit("os.posix_spawn", &[path.object.clone(), request.argv.clone(), request.env.clone()])?;
    taipan_threading::detached(|| sys_calls::posix_spawn(&path.name, &arguments, &environment, &options))
        .map_err(|errno| os_error_for(errno, &path.object))
}

#[pymodule(name = "posix_spawning", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const POSIX_SPAWN_OPEN: i32 = OPEN;
    #[pyattr]
    const POSIX_SPAWN_CLOSE: i32 = CLOSE;
    #[pyattr]
    const POSIX_SPAWN_DUP2: i32 = DUP2;
    #[pyattr]
    const POSIX_SPAWN_CLOSEFROM: i32 = CLOSEFROM;

    /// Execute the program specified by path in a new process.
    #[pyfunction(
        sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    fn posix_spawn(
        path: &Obj,
        argv: &Obj,
        env: &Obj,
        file_actions: Option<&Obj>,
        setpgroup: Option<&Obj>,
        resetids: Option<bool>,
        setsid: Option<bool>,
        setsigmask: Option<&Obj>,
        setsigdef: Option<&Obj>,
        scheduler: Option<&Obj>,
    ) -> PyResult<i32> {
        let request = Request {
            path,
            argv,
            env,
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask,
            setsigdef,
            scheduler,
        };
        spawn("posix_spawn", false, &request)
    }
    /// Execute the program specified by path in a new process.
    #[pyfunction(
        sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    fn posix_spawnp(
        path: &Obj,
        argv: &Obj,
        env: &Obj,
        file_actions: Option<&Obj>,
        setpgroup: Option<&Obj>,
        resetids: Option<bool>,
        setsid: Option<bool>,
        setsigmask: Option<&Obj>,
        setsigdef: Option<&Obj>,
        scheduler: Option<&Obj>,
    ) -> PyResult<i32> {
        let request = Request {
            path,
            argv,
            env,
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask,
            setsigdef,
            scheduler,
        };
        spawn("posix_spawnp", true, &request)
    }
    /// Returns the result of waiting for a process or processes.
    #[pyfunction(sig = "(idtype, id, options, /)")]
    fn waitid(idtype: u32, id: u32, options: i32) -> PyResult<Option<Obj>> {
        let Some(state) = blocking(|| sys_calls::waitid(idtype, id, options))? else { return Ok(None) };
        let fields = [state.pid, state.uid as i32, state.signal, state.status, state.code];
        Ok(Some(structseq::new(&waitid_class(), fields.map(|n| int_obj(n.into())).to_vec())))
    }
    /// Move the calling thread into different namespaces.
    #[pyfunction(sig = "(fd, nstype=0)")]
    fn setns(fd: &Obj, nstype: Option<i32>) -> PyResult<()> {
        let fd = file_path::fileno_of(fd)?;
        sys_calls::setns(fd, nstype.unwrap_or(0)).map_err(os_error)
    }
    /// Disassociate parts of a process (or thread) execution context.
    #[pyfunction(sig = "(flags)")]
    fn unshare(flags: i32) -> PyResult<()> {
        sys_calls::unshare(flags).map_err(os_error)
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("waitid_result", waitid_class().into_obj())
    }
}
