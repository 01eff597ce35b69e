//! `_posixshmem`: memory objects that processes share by name.

use std::ffi::CString;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::os_error::blocking_for;
use crate::sys_calls;

fn object_name(path: &str) -> PyResult<CString> {
    CString::new(path).map_err(|_| value_error("embedded null character"))
}

/// POSIX shared memory module
#[pymodule(name = "_posixshmem")]
mod items {
    use super::*;

    /// Open a shared memory object.  Returns a file descriptor (integer).
    #[pyfunction(sig = "(path, flags, mode=511)")]
    fn shm_open(path: &str, flags: i32, mode: Option<i32>) -> PyResult<i32> {
        let name = object_name(path)?;
        let mode = mode.unwrap_or(0o777) as u32;
        blocking_for(&str_obj(path), || sys_calls::shm_open(&name, flags, mode))
    }
    /// Remove a shared memory object (similar to unlink()).
    ///
    /// Its memory goes when nobody has it mapped any more.
    #[pyfunction(sig = "(path, /)")]
    fn shm_unlink(path: &str) -> PyResult<()> {
        let name = object_name(path)?;
        blocking_for(&str_obj(path), || sys_calls::shm_unlink(&name))
    }
}
