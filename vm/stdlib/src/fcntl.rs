//! `fcntl`: control of descriptors, `ioctl`, file locks.

use taipan_objects::buffer;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::file_path::fileno_of;
use crate::os_error::blocking;
use crate::sys_calls;

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const SYSTEM: &[(&str, i64)] = numbers!(
    FD_CLOEXEC F_ADD_SEALS F_DUPFD F_DUPFD_CLOEXEC
    F_GETFD F_GETFL F_GETLEASE F_GETLK F_GETOWN F_GETPIPE_SZ F_GET_SEALS F_NOTIFY F_OFD_GETLK F_OFD_SETLK
    F_OFD_SETLKW F_RDLCK F_SEAL_FUTURE_WRITE F_SEAL_GROW F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_WRITE F_SETFD
    F_SETFL F_SETLEASE F_SETLK F_SETLKW F_SETOWN F_SETPIPE_SZ F_UNLCK F_WRLCK LOCK_EX LOCK_NB LOCK_SH LOCK_UN
);

const OTHERS: &[(&str, i64)] = &[
    ("DN_ACCESS", 1),
    ("DN_MODIFY", 2),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_RENAME", 16),
    ("DN_ATTRIB", 32),
    ("DN_MULTISHOT", 2147483648),
    ("FASYNC", 8192),
    ("FICLONE", 1074041865),
    ("FICLONERANGE", 1075876877),
    ("F_DUPFD_QUERY", 1027),
    ("F_EXLCK", 4),
    ("F_GETLK64", 5),
    ("F_GETOWN_EX", 16),
    ("F_GETSIG", 11),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_GET_RW_HINT", 1035),
    ("F_OWNER_PGRP", 2),
    ("F_OWNER_PID", 1),
    ("F_OWNER_TID", 0),
    ("F_SETLK64", 6),
    ("F_SETLKW64", 7),
    ("F_SETOWN_EX", 15),
    ("F_SETSIG", 10),
    ("F_SET_FILE_RW_HINT", 1038),
    ("F_SET_RW_HINT", 1036),
    ("F_SHLCK", 8),
    ("LOCK_MAND", 32),
    ("LOCK_READ", 64),
    ("LOCK_RW", 192),
    ("LOCK_WRITE", 128),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_SHORT", 2),
];

/// Room for what the system reads from and writes to a buffer argument.
const ROOM: usize = 1024;

/// The argument: a number, or bytes that are copied into a buffer of the size that the system may use.
enum Argument {
    Number(i64),
    Bytes(Vec<u8>),
}

fn argument(function: &str, arg: Option<&Obj>) -> PyResult<Argument> {
    let Some(arg) = arg else { return Ok(Argument::Number(0)) };
    if has_index(arg) {
        let index = index(arg)?;
        let bits = int::int_ref(&index).map_or(0, |i| i.wrapping_u64());
        return Ok(Argument::Number(bits as i64));
    }
    let bytes = match arg.downcast::<PyStr>() {
        Some(text) => text.to_utf8()?.into_owned().into_bytes(),
        None if buffer::has_buffer(arg) => buffer::to_vec(arg)?,
        None => {
            let name = class_of(arg).name();
            return Err(type_error(format!(
                "{function}() argument 3 must be an integer, a bytes-like object, or a string, not {name}"
            )));
        }
    };
    if bytes.len() > ROOM {
        return Err(value_error(format!("{function} argument 3 is too long")));
    }
    Ok(Argument::Bytes(bytes))
}

fn room_for(bytes: &[u8]) -> [u8; ROOM] {
    let mut room = [0u8; ROOM];
    room[..bytes.len()].copy_from_slice(bytes);
    room
}

/// This module performs file control and I/O control on file
/// descriptors.  It is an interface to the fcntl() and ioctl() Unix
/// routines.  File descriptors can be obtained with the fileno() method of
/// a file or socket object.
#[pymodule(name = "fcntl")]
mod items {
    use super::*;

    /// Perform the operation `cmd` on file descriptor fd.
    #[pyfunction(name = "fcntl", sig = "(fd, cmd, arg=0, /)")]
    fn fcntl_(fd: &Obj, cmd: i32, arg: Option<&Obj>) -> PyResult<Obj> {
        let fd = fileno_of(fd)?;
        match argument("fcntl", arg)? {
            Argument::Number(number) => blocking(|| sys_calls::fcntl(fd, cmd, number))?.into_py(),
            Argument::Bytes(bytes) => {
                let mut room = room_for(&bytes);
                blocking(|| sys_calls::fcntl_buffer(fd, cmd, &mut room))?;
                Ok(bytes_obj(&room[..bytes.len()]))
            }
        }
    }
    /// Perform the operation request on file descriptor fd.
    #[pyfunction(sig = "(fd, request, arg=0, mutate_flag=True, /)")]
    fn ioctl(fd: &Obj, request: &Obj, arg: Option<&Obj>, mutate_flag: Option<bool>) -> PyResult<Obj> {
        let fd = fileno_of(fd)?;
        let index = index(request)?;
        let request = int::int_ref(&index).map_or(0, |i| i.wrapping_u64());
        match argument("ioctl", arg)? {
            Argument::Number(number) => blocking(|| sys_calls::ioctl(fd, request, number))?.into_py(),
            Argument::Bytes(bytes) => {
                let mut room = room_for(&bytes);
                let result = blocking(|| sys_calls::ioctl_buffer(fd, request, &mut room))?;
                if mutate_flag.unwrap_or(true)
                    && let Some(arg) = arg
                    && !arg.is_layout::<PyStr>()
                    && let Some(target) = buffer::get_writable(arg)?
                {
                    target.with_mut(|memory| memory.copy_from_slice(&room[..memory.len()]));
                    return result.into_py();
                }
                Ok(bytes_obj(&room[..bytes.len()]))
            }
        }
    }
    /// Perform the lock operation `operation` on file descriptor `fd`.
    #[pyfunction(sig = "(fd, operation, /)")]
    fn flock(fd: &Obj, operation: i32) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        blocking(|| sys_calls::flock(fd, operation))
    }
    /// A wrapper around the fcntl() locking calls.
    #[pyfunction(sig = "(fd, cmd, len=0, start=0, whence=0, /)")]
    fn lockf(
        fd: &Obj,
        cmd: i32,
        len: Option<&Obj>,
        start: Option<&Obj>,
        whence: Option<i32>,
    ) -> PyResult<()> {
        let fd = fileno_of(fd)?;
        // As CPython: the first of these bits that is set decides.
        let kind = if cmd == libc::LOCK_UN {
            libc::F_UNLCK
        } else if cmd & libc::LOCK_SH != 0 {
            libc::F_RDLCK
        } else if cmd & libc::LOCK_EX != 0 {
            libc::F_WRLCK
        } else {
            return Err(value_error("unrecognized lockf argument"));
        };
        let number = |obj: Option<&Obj>| obj.filter(|o| !is_none(o)).map_or(Ok(0), i64::from_arg);
        let (l_len, l_start) = (number(len)?, number(start)?);
        let mut lock = sys_calls::file_lock(kind as i16, whence.unwrap_or(0) as i16, l_start, l_len);
        let command = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        blocking(|| sys_calls::fcntl_lock(fd, command, &mut lock))
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in SYSTEM.iter().chain(OTHERS) {
            module.add(name, *value)?;
        }
        Ok(())
    }
}
