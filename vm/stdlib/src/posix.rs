//! `posix`: the system calls behind `os`. Parts by subject; each is a table of its own that this one includes.
//!
//! Invariant: whatever may block runs detached and is tried again after signals, by way of `os_error`.

mod configuration;
mod constants;
mod directories;
mod files;
mod fork;
mod identities;
mod path_text;
mod paths;
mod processes;
mod scheduling;
mod spawning;
mod stat;
mod terminals;
mod timerfd;
mod vectors;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::structseq::{self, StructSeqDef};

use crate::sys_calls;

pub use fork::{after_in_child, after_in_parent, before as before_fork};
pub use paths::{group_id, user_id};
pub use stat::stat_obj;

/// A class made when it is first needed.
macro_rules! lazy_class {
    ($name:ident, $def:expr) => {
        pub fn $name() -> taipan_objects::Py<taipan_objects::type_object::PyType> {
            static CLASS: std::sync::OnceLock<taipan_objects::Py<taipan_objects::type_object::PyType>> =
                std::sync::OnceLock::new();
            CLASS.get_or_init(|| taipan_objects::structseq::make_class($def)).clone()
        }
    };
}
pub(crate) use lazy_class;

static UNAME: StructSeqDef = StructSeqDef {
    name: "posix.uname_result",
    doc: "uname_result: Result from os.uname().",
    fields: &[
        ("sysname", "operating system name"),
        ("nodename", "name of machine on network (implementation-defined)"),
        ("release", "operating system release"),
        ("version", "operating system version"),
        ("machine", "hardware identifier"),
    ],
    visible: 5,
};
lazy_class!(uname_class, &UNAME);

/// This module provides access to operating system functionality that is
/// standardized by the C Standard and the POSIX standard (a thinly
/// disguised Unix interface).  Refer to the library manual and
/// corresponding Unix manual entries for more information on calls.
#[pymodule(
    name = "posix",
    include(
        configuration::MODULE,
        directories::MODULE,
        files::MODULE,
        fork::MODULE,
        identities::MODULE,
        path_text::MODULE,
        paths::MODULE,
        processes::MODULE,
        scheduling::MODULE,
        spawning::MODULE,
        stat::MODULE,
        terminals::MODULE,
        timerfd::MODULE,
        vectors::MODULE
    )
)]
mod items {
    use super::*;

    /// Return an object identifying the current operating system.
    #[pyfunction]
    fn uname() -> PyResult<Obj> {
        let parts = sys_calls::uname().map_err(crate::os_error::os_error)?;
        Ok(structseq::new(&uname_class(), parts.iter().map(|p| crate::file_path::name_obj(p)).collect()))
    }
    /// Translate an error code to a message string.
    #[pyfunction(sig = "(code, /)")]
    fn strerror(code: i32) -> String {
        sys_calls::strerror(code)
    }
    /// Return a bytes object containing random bytes suitable for cryptographic use.
    #[pyfunction(sig = "(size, /)")]
    fn urandom(size: isize) -> PyResult<Obj> {
        let Ok(size) = usize::try_from(size) else {
            return Err(value_error("negative argument not allowed"));
        };
        random_bytes(size, 0)
    }
    /// Obtain a series of random bytes.
    #[pyfunction(sig = "(size, flags=0)")]
    fn getrandom(size: isize, flags: Option<u32>) -> PyResult<Obj> {
        let Ok(size) = usize::try_from(size) else { return Err(crate::os_error::os_error(libc::EINVAL)) };
        random_bytes(size, flags.unwrap_or(0))
    }
    #[pyfunction(text = "")]
    fn _inputhook() -> PyResult<()> {
        Ok(())
    }
    #[pyfunction(text = "")]
    fn _is_inputhook_installed() -> bool {
        false
    }
    /// Return a string describing the encoding of a terminal's file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn device_encoding(fd: i32) -> Option<&'static str> {
        if sys_calls::isatty(fd) { Some("UTF-8") } else { None }
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        constants::add(module)?;
        module.add("error", types().os_error.to_obj())?;
        module.add("uname_result", uname_class().into_obj())
    }
}

fn random_bytes(size: usize, flags: u32) -> PyResult<Obj> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| memory_error())?;
    bytes.resize(size, 0);
    let mut done = 0;
    while done < size {
        done += crate::os_error::blocking(|| sys_calls::getrandom(&mut bytes[done..], flags))?;
        if flags != 0 {
            break;
        }
    }
    bytes.truncate(done);
    Ok(taipan_objects::bytes::PyBytes::from_vec(bytes).into_obj())
}
