//! Who a process is: process, user and group numbers.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use super::paths::{group_id, user_id};
use crate::file_path;
use crate::os_error::os_error;
use crate::sys_calls;

#[pymodule(name = "posix_identities", doc = "")]
mod items {
    use super::*;

    /// Return the current process id.
    #[pyfunction]
    fn getpid() -> i32 {
        sys_calls::getpid()
    }
    /// Return the parent's process id.
    #[pyfunction]
    fn getppid() -> u32 {
        sys_calls::getppid()
    }
    /// Return the current process's user id.
    #[pyfunction]
    fn getuid() -> u32 {
        sys_calls::getuid()
    }
    /// Return the current process's effective user id.
    #[pyfunction]
    fn geteuid() -> u32 {
        sys_calls::geteuid()
    }
    /// Return the current process's group id.
    #[pyfunction]
    fn getgid() -> u32 {
        sys_calls::getgid()
    }
    /// Return the current process's effective group id.
    #[pyfunction]
    fn getegid() -> u32 {
        sys_calls::getegid()
    }
    /// Return the current process group id.
    #[pyfunction]
    fn getpgrp() -> u32 {
        sys_calls::getpgrp()
    }
    /// Set the current process's user id.
    #[pyfunction(sig = "(uid, /)")]
    fn setuid(uid: &Obj) -> PyResult<()> {
        sys_calls::setuid(user_id(uid)?).map_err(os_error)
    }
    /// Set the current process's effective user id.
    #[pyfunction(sig = "(euid, /)")]
    fn seteuid(euid: &Obj) -> PyResult<()> {
        sys_calls::seteuid(user_id(euid)?).map_err(os_error)
    }
    /// Set the current process's group id.
    #[pyfunction(sig = "(gid, /)")]
    fn setgid(gid: &Obj) -> PyResult<()> {
        sys_calls::setgid(group_id(gid)?).map_err(os_error)
    }
    /// Set the current process's effective group id.
    #[pyfunction(sig = "(egid, /)")]
    fn setegid(egid: &Obj) -> PyResult<()> {
        sys_calls::setegid(group_id(egid)?).map_err(os_error)
    }
    /// Set the current process's real and effective user ids.
    #[pyfunction(sig = "(ruid, euid, /)")]
    fn setreuid(ruid: &Obj, euid: &Obj) -> PyResult<()> {
        sys_calls::setreuid(user_id(ruid)?, user_id(euid)?).map_err(os_error)
    }
    /// Set the current process's real and effective group ids.
    #[pyfunction(sig = "(rgid, egid, /)")]
    fn setregid(rgid: &Obj, egid: &Obj) -> PyResult<()> {
        sys_calls::setregid(group_id(rgid)?, group_id(egid)?).map_err(os_error)
    }
    /// Set the current process's real, effective, and saved user ids.
    #[pyfunction(sig = "(ruid, euid, suid, /)")]
    fn setresuid(ruid: &Obj, euid: &Obj, suid: &Obj) -> PyResult<()> {
        sys_calls::setresuid(user_id(ruid)?, user_id(euid)?, user_id(suid)?).map_err(os_error)
    }
    /// Set the current process's real, effective, and saved group ids.
    #[pyfunction(sig = "(rgid, egid, sgid, /)")]
    fn setresgid(rgid: &Obj, egid: &Obj, sgid: &Obj) -> PyResult<()> {
        sys_calls::setresgid(group_id(rgid)?, group_id(egid)?, group_id(sgid)?).map_err(os_error)
    }
    /// Return a tuple of the current process's real, effective, and saved user ids.
    #[pyfunction]
    fn getresuid() -> PyResult<(u32, u32, u32)> {
        sys_calls::getresuid().map_err(os_error)
    }
    /// Return a tuple of the current process's real, effective, and saved group ids.
    #[pyfunction]
    fn getresgid() -> PyResult<(u32, u32, u32)> {
        sys_calls::getresgid().map_err(os_error)
    }
    /// Return list of supplemental group IDs for the process.
    #[pyfunction]
    fn getgroups() -> PyResult<Vec<u32>> {
        sys_calls::getgroups().map_err(os_error)
    }
    /// Set the groups of the current process to list.
    #[pyfunction(sig = "(groups, /)")]
    fn setgroups(groups: &Obj) -> PyResult<()> {
        let groups = collect(groups)?.iter().map(group_id).collect::<PyResult<Vec<u32>>>()?;
        sys_calls::setgroups(&groups).map_err(os_error)
    }
    /// Returns a list of groups to which a user belongs.
    #[pyfunction(sig = "(user, group, /)")]
    fn getgrouplist(user: &Obj, group: &Obj) -> PyResult<Vec<u32>> {
        let user = file_path::c_name(user)?;
        sys_calls::getgrouplist(&user, group_id(group)?).map_err(os_error)
    }
    /// Initialize the group access list.
    #[pyfunction(sig = "(username, gid, /)")]
    fn initgroups(username: &Obj, gid: &Obj) -> PyResult<()> {
        let user = file_path::c_name(username)?;
        sys_calls::initgroups(&user, group_id(gid)?).map_err(os_error)
    }
    /// Return the actual login name.
    #[pyfunction]
    fn getlogin() -> PyResult<Obj> {
        sys_calls::getlogin().map(|name| file_path::name_obj(&name)).map_err(os_error)
    }
    /// Call the system call getpgid(), and return the result.
    #[pyfunction(sig = "(pid)")]
    fn getpgid(pid: i32) -> PyResult<i32> {
        sys_calls::getpgid(pid).map_err(os_error)
    }
    /// Call the system call setpgid(pid, pgrp).
    #[pyfunction(sig = "(pid, pgrp, /)")]
    fn setpgid(pid: i32, pgrp: i32) -> PyResult<()> {
        sys_calls::setpgid(pid, pgrp).map_err(os_error)
    }
    /// Make the current process the leader of its process group.
    #[pyfunction]
    fn setpgrp() -> PyResult<()> {
        sys_calls::setpgid(0, 0).map_err(os_error)
    }
    /// Call the system call getsid(pid) and return the result.
    #[pyfunction(sig = "(pid, /)")]
    fn getsid(pid: i32) -> PyResult<i32> {
        sys_calls::getsid(pid).map_err(os_error)
    }
    /// Call the system call setsid().
    #[pyfunction]
    fn setsid() -> PyResult<()> {
        sys_calls::setsid().map(drop).map_err(os_error)
    }
    /// Add increment to the priority of process and return the new priority.
    #[pyfunction(sig = "(increment, /)")]
    fn nice(increment: i32) -> PyResult<i32> {
        sys_calls::nice(increment).map_err(os_error)
    }
    /// Return program scheduling priority.
    #[pyfunction(sig = "(which, who)")]
    fn getpriority(which: i32, who: i32) -> PyResult<i32> {
        sys_calls::getpriority(which, who as u32).map_err(os_error)
    }
    /// Set program scheduling priority.
    #[pyfunction(sig = "(which, who, priority)")]
    fn setpriority(which: i32, who: i32, priority: i32) -> PyResult<()> {
        sys_calls::setpriority(which, who as u32, priority).map_err(os_error)
    }
}
