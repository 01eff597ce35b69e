//! Terminals.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};

use super::lazy_class;
use crate::file_path;
use crate::os_error::os_error;
use crate::sys_calls;

static SIZE: StructSeqDef = StructSeqDef {
    name: "os.terminal_size",
    doc: "A tuple of (columns, lines) for holding terminal window size",
    fields: &[
        ("columns", "width of the terminal window in characters"),
        ("lines", "height of the terminal window in characters"),
    ],
    visible: 2,
};
lazy_class!(size_class, &SIZE);

#[pymodule(name = "posix_terminals", doc = "")]
mod items {
    use super::*;

    /// Return the size of the terminal window as (columns, lines).
    #[pyfunction(sig = "(fd=<unrepresentable>, /)")]
    fn get_terminal_size(fd: Option<i32>) -> PyResult<Obj> {
        let (columns, lines) = sys_calls::terminal_size(fd.unwrap_or(1)).map_err(os_error)?;
        Ok(structseq::new(&size_class(), vec![int_obj(columns.into()), int_obj(lines.into())]))
    }
    /// Return the name of the terminal device connected to 'fd'.
    #[pyfunction(sig = "(fd, /)")]
    fn ttyname(fd: i32) -> PyResult<Obj> {
        sys_calls::ttyname(fd).map(|name| file_path::name_obj(&name)).map_err(os_error)
    }
    /// Return the name of the controlling terminal for this process.
    #[pyfunction]
    fn ctermid() -> &'static str {
        "/dev/tty"
    }
    /// Open a pseudo-terminal.
    #[pyfunction]
    fn openpty() -> PyResult<(i32, i32)> {
        let (leader, follower) = sys_calls::openpty().map_err(os_error)?;
        for fd in [leader, follower] {
            sys_calls::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC.into()).map_err(os_error)?;
        }
        Ok((leader, follower))
    }
    /// Open and return a file descriptor for a master pseudo-terminal device.
    #[pyfunction(sig = "(oflag, /)")]
    fn posix_openpt(oflag: i32) -> PyResult<i32> {
        sys_calls::posix_openpt(oflag | libc::O_CLOEXEC).map_err(os_error)
    }
    /// Grant access to the slave pseudo-terminal device.
    #[pyfunction(sig = "(fd, /)")]
    fn grantpt(fd: &Obj) -> PyResult<()> {
        sys_calls::grantpt(file_path::fileno_of(fd)?).map_err(os_error)
    }
    /// Unlock a pseudo-terminal master/slave pair.
    #[pyfunction(sig = "(fd, /)")]
    fn unlockpt(fd: &Obj) -> PyResult<()> {
        sys_calls::unlockpt(file_path::fileno_of(fd)?).map_err(os_error)
    }
    /// Return the name of the slave pseudo-terminal device.
    #[pyfunction(sig = "(fd, /)")]
    fn ptsname(fd: &Obj) -> PyResult<Obj> {
        let name = sys_calls::ptsname(file_path::fileno_of(fd)?);
        name.map(|name| file_path::name_obj(&name)).map_err(os_error)
    }
    /// Prepare the tty of which fd is a file descriptor for a new login session.
    #[pyfunction(sig = "(fd, /)")]
    fn login_tty(fd: &Obj) -> PyResult<()> {
        sys_calls::login_tty(file_path::fileno_of(fd)?).map_err(os_error)
    }
    /// Return the process group associated with the terminal specified by fd.
    #[pyfunction(sig = "(fd, /)")]
    fn tcgetpgrp(fd: i32) -> PyResult<i32> {
        sys_calls::tcgetpgrp(fd).map_err(os_error)
    }
    /// Set the process group associated with the terminal specified by fd.
    #[pyfunction(sig = "(fd, pgid, /)")]
    fn tcsetpgrp(fd: i32, pgid: i32) -> PyResult<()> {
        sys_calls::tcsetpgrp(fd, pgid).map_err(os_error)
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("terminal_size", size_class().into_obj())
    }
}
