//! `sysconf`, `pathconf`, `confstr`: what the system is configured for.

use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::file_path::{self, Accept, name_obj};
use crate::os_error::{blocking_for, os_error};
use crate::sys_calls;

macro_rules! names {
    ($prefix:literal; $($name:ident $constant:ident)*) => { &[$((concat!($prefix, stringify!($name)), libc::$constant)),*] };
}

const SYSCONF: &[(&str, i32)] = names!("SC_";
    ARG_MAX _SC_ARG_MAX CHILD_MAX _SC_CHILD_MAX CLK_TCK _SC_CLK_TCK NGROUPS_MAX _SC_NGROUPS_MAX OPEN_MAX _SC_OPEN_MAX
    PAGESIZE _SC_PAGESIZE PAGE_SIZE _SC_PAGE_SIZE NPROCESSORS_CONF _SC_NPROCESSORS_CONF NPROCESSORS_ONLN _SC_NPROCESSORS_ONLN
    PHYS_PAGES _SC_PHYS_PAGES AVPHYS_PAGES _SC_AVPHYS_PAGES IOV_MAX _SC_IOV_MAX HOST_NAME_MAX _SC_HOST_NAME_MAX
    LOGIN_NAME_MAX _SC_LOGIN_NAME_MAX TTY_NAME_MAX _SC_TTY_NAME_MAX STREAM_MAX _SC_STREAM_MAX TZNAME_MAX _SC_TZNAME_MAX
    SYMLOOP_MAX _SC_SYMLOOP_MAX SEM_NSEMS_MAX _SC_SEM_NSEMS_MAX SEM_VALUE_MAX _SC_SEM_VALUE_MAX LINE_MAX _SC_LINE_MAX
    GETPW_R_SIZE_MAX _SC_GETPW_R_SIZE_MAX GETGR_R_SIZE_MAX _SC_GETGR_R_SIZE_MAX VERSION _SC_VERSION
    THREADS _SC_THREADS THREAD_STACK_MIN _SC_THREAD_STACK_MIN);

const PATHCONF: &[(&str, i32)] = names!("PC_";
    LINK_MAX _PC_LINK_MAX MAX_CANON _PC_MAX_CANON MAX_INPUT _PC_MAX_INPUT NAME_MAX _PC_NAME_MAX PATH_MAX _PC_PATH_MAX
    PIPE_BUF _PC_PIPE_BUF CHOWN_RESTRICTED _PC_CHOWN_RESTRICTED NO_TRUNC _PC_NO_TRUNC VDISABLE _PC_VDISABLE
    FILESIZEBITS _PC_FILESIZEBITS);

const CONFSTR: &[(&str, i32)] =
    &[("CS_PATH", 0), ("CS_GNU_LIBC_VERSION", 2), ("CS_GNU_LIBPTHREAD_VERSION", 3)];

fn number(name: &Obj, names: &[(&str, i32)]) -> PyResult<i32> {
    if let Some(text) = name.downcast::<PyStr>() {
        return match names.iter().find(|(known, _)| text.eq_str(known)) {
            Some((_, number)) => Ok(*number),
            None => Err(value_error("unrecognized configuration name")),
        };
    }
    if int::int_ref(name).is_none() && !has_index(name) {
        return Err(type_error("configuration names must be strings or integers"));
    }
    i32::from_arg(name)
}

fn dict_of(names: &[(&str, i32)]) -> Obj {
    let dict = dict_obj();
    for (name, number) in names {
        dict.set_str(name, int_obj((*number).into()));
    }
    dict.into_obj()
}

#[pymodule(name = "posix_configuration", doc = "")]
mod items {
    use super::*;

    /// Return an integer-valued system configuration variable.
    #[pyfunction(sig = "(name, /)")]
    fn sysconf(name: &Obj) -> PyResult<i64> {
        sys_calls::sysconf(number(name, SYSCONF)?).map_err(os_error)
    }
    /// Return the configuration limit name for the file or directory path.
    #[pyfunction(sig = "(path, name)")]
    fn pathconf(path: &Obj, name: &Obj) -> PyResult<i64> {
        let path = file_path::path("pathconf", "path", Some(path), Accept::NameOrFd)?;
        let name = number(name, PATHCONF)?;
        blocking_for(&path.object, || match path.fd {
            Some(fd) => sys_calls::fpathconf(fd, name),
            None => sys_calls::pathconf(&path.name, name),
        })
    }
    /// Return the configuration limit name for the file descriptor fd.
    #[pyfunction(sig = "(fd, name, /)")]
    fn fpathconf(fd: &Obj, name: &Obj) -> PyResult<i64> {
        let fd = crate::file_path::fileno_of(fd)?;
        sys_calls::fpathconf(fd, number(name, PATHCONF)?).map_err(os_error)
    }
    /// Return a string-valued system configuration variable.
    #[pyfunction(sig = "(name, /)")]
    fn confstr(name: &Obj) -> PyResult<Option<Obj>> {
        let text = sys_calls::confstr(number(name, CONFSTR)?).map_err(os_error)?;
        Ok(text.map(|text| name_obj(&text)))
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("sysconf_names", dict_of(SYSCONF))?;
        module.add("pathconf_names", dict_of(PATHCONF))?;
        module.add("confstr_names", dict_of(CONFSTR))
    }
}
