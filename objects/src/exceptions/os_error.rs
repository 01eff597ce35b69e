//! `OSError` and the choice of its subclass by `errno`.
//!
//! Fields: 0 `errno`, 1 `strerror`, 2 `filename`, 3 `filename2`, 4 `characters_written` (an int, if set).

use taipan_gc::{Obj, Py};

use super::{PyBaseException, allocate, allocate_checked, attributes, base, member, no_keywords, this};
use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::native::{GetSetDef, pymethods};
use crate::protocol;
use crate::singletons::is_none;
use crate::type_object::slots::{CallFn, InitFn};
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// The class for an error number.
fn class_for(errno: i64) -> Option<&'static Py<PyType>> {
    let t = types();
    Some(match i32::try_from(errno).ok()? {
        e if e == libc::EAGAIN || e == libc::EWOULDBLOCK || e == libc::EALREADY || e == libc::EINPROGRESS => {
            &t.blocking_io_error
        }
        libc::EPIPE | libc::ESHUTDOWN => &t.broken_pipe_error,
        libc::ECHILD => &t.child_process_error,
        libc::ECONNABORTED => &t.connection_aborted_error,
        libc::ECONNREFUSED => &t.connection_refused_error,
        libc::ECONNRESET => &t.connection_reset_error,
        libc::EEXIST => &t.file_exists_error,
        libc::ENOENT => &t.file_not_found_error,
        libc::EISDIR => &t.is_a_directory_error,
        libc::ENOTDIR => &t.not_a_directory_error,
        libc::EINTR => &t.interrupted_error,
        libc::EACCES | libc::EPERM => &t.permission_error,
        libc::ESRCH => &t.process_lookup_error,
        libc::ETIMEDOUT => &t.timeout_error,
        _ => return None,
    })
}

/// The operating system's text for an error number.
pub fn strerror(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Raises the `OSError` for `errno`.
#[cold]
pub fn os_error_from_errno(errno: i32, filename: Option<&Obj>) -> Raised {
    let class = class_for(errno.into()).unwrap_or(&types().os_error);
    let mut args = vec![int_obj(errno.into()), str_obj(&strerror(errno))];
    args.extend(filename.cloned());
    raise(PyBaseException::create(class, args))
}

/// Raises the `OSError` for an error of the standard library.
#[cold]
pub fn io_error(error: &std::io::Error, filename: Option<&Obj>) -> Raised {
    use std::io::ErrorKind;
    if let Some(errno) = error.raw_os_error() {
        return os_error_from_errno(errno, filename);
    }
    let errno = match error.kind() {
        ErrorKind::NotFound => libc::ENOENT,
        ErrorKind::PermissionDenied => libc::EACCES,
        ErrorKind::AlreadyExists => libc::EEXIST,
        ErrorKind::WouldBlock => libc::EAGAIN,
        ErrorKind::InvalidInput => libc::EINVAL,
        ErrorKind::TimedOut => libc::ETIMEDOUT,
        ErrorKind::Interrupted => libc::EINTR,
        ErrorKind::BrokenPipe | ErrorKind::WriteZero => libc::EPIPE,
        ErrorKind::ConnectionRefused => libc::ECONNREFUSED,
        ErrorKind::ConnectionReset => libc::ECONNRESET,
        ErrorKind::ConnectionAborted => libc::ECONNABORTED,
        ErrorKind::NotConnected => libc::ENOTCONN,
        ErrorKind::AddrInUse => libc::EADDRINUSE,
        ErrorKind::AddrNotAvailable => libc::EADDRNOTAVAIL,
        ErrorKind::OutOfMemory => return memory_error(),
        _ => return raise(PyBaseException::create(&types().os_error, vec![str_obj(&error.to_string())])),
    };
    os_error_from_errno(errno, filename)
}

/// Whether `class` overrides `__init__` but not `__new__`: then the arguments are looked at in `__init__`, else in `__new__`.
fn uses_init(class: &PyType) -> bool {
    let (own_init, own_new): (InitFn, CallFn) = (init, new);
    class.slots.init().is_some_and(|f| f as usize != own_init as usize)
        && class.slots.new().is_some_and(|f| f as usize == own_new as usize)
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(wanted) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    if uses_init(wanted) {
        return allocate_checked(class, &[]);
    }
    if args.has_keywords() {
        no_keywords(&wanted.name(), args)?;
    }
    let mut exception = None;
    if wanted.is(&types().os_error)
        && (2..=5).contains(&args.positional.len())
        && let Some(errno) = crate::int::int_ref(&args.positional[0]).and_then(|i| i.to_i64())
        && let Some(better) = class_for(errno)
    {
        exception = Some(allocate(better, tuple_obj(vec![])));
    }
    let exception = match exception {
        Some(exception) => exception,
        None => allocate_checked(class, &[])?,
    };
    initialize(&exception, args)?;
    Ok(exception)
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let class = class_of(obj);
    if !uses_init(class) {
        return Ok(());
    }
    if args.has_keywords() {
        no_keywords(&class.name(), args)?;
    }
    initialize(obj, args)
}

/// Fills the fields from the arguments `(errno, strerror[, filename[, winerror[, filename2]]])`.
pub(super) fn initialize(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let exception = this(obj)?;
    let given = args.positional;
    if !(2..=5).contains(&given.len()) {
        return base::set_args(obj, args);
    }
    exception.set_field(0, Some(given[0].clone()));
    exception.set_field(1, Some(given[1].clone()));
    let present = |index: usize| given.get(index).filter(|v| !is_none(v));
    let Some(filename) = present(2) else { return base::set_args(obj, args) };
    let is_number = protocol::has_index(filename)
        || filename.value().is_float()
        || class_of(filename).slots.float().is_some();
    if class_of(obj).is(&types().blocking_io_error) && is_number {
        let written = protocol::index_word_or(filename, &types().value_error)?;
        exception.set_field(4, Some(int_obj(written as i64)));
        return base::set_args(obj, args);
    }
    exception.set_field(2, Some(filename.clone()));
    exception.set_field(3, present(4).cloned());
    // The file names are attributes only: `args` stays a pair, for compatibility.
    exception.set_args(given[..2].to_vec());
    Ok(())
}

fn str(obj: &Obj) -> PyResult<Obj> {
    let exception = this(obj)?;
    let shown = |index: usize| exception.field(index).unwrap_or_else(none);
    if let Some(filename) = exception.field(2) {
        let errno = protocol::str_string(&shown(0))?;
        let text = protocol::str_string(&shown(1))?;
        let filename = protocol::repr_string(&filename)?;
        return Ok(str_obj(&match exception.field(3) {
            Some(second) => {
                format!("[Errno {errno}] {text}: {filename} -> {}", protocol::repr_string(&second)?)
            }
            None => format!("[Errno {errno}] {text}: {filename}"),
        }));
    }
    match (exception.field(0), exception.field(1)) {
        (Some(errno), Some(text)) => Ok(str_obj(&format!(
            "[Errno {}] {}",
            protocol::str_string(&errno)?,
            protocol::str_string(&text)?
        ))),
        _ => base::str(obj),
    }
}

fn get_written(obj: &Obj) -> PyResult<Obj> {
    this(obj)?.field(4).ok_or_else(|| attribute_error("characters_written"))
}

fn set_written(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let exception = this(obj)?;
    match value {
        Some(value) => {
            let written = protocol::index_word_or(value, &types().value_error)?;
            exception.set_field(4, Some(int_obj(written as i64)));
        }
        None if exception.field(4).is_none() => return Err(attribute_error("characters_written")),
        None => exception.set_field(4, None),
    }
    Ok(())
}

#[pymethods(class = "OSError", part = "os_error")]
impl PyBaseException {
    #[pymethod(name = "__reduce__", text = "")]
    fn os_error_reduce(slf: &Obj) -> PyResult<Obj> {
        let exception = this(slf)?;
        let mut args = exception.args().as_slice().to_vec();
        if args.len() == 2
            && let Some(filename) = exception.field(2)
        {
            args.push(filename);
            if let Some(second) = exception.field(3) {
                args.extend([none(), second]);
            }
        }
        let mut parts = vec![class_of(slf).to_obj(), tuple_obj(args)];
        parts.extend(attributes(slf)?.map(|d| d.into_obj()));
        Ok(tuple_obj(parts))
    }
}

static GETSET: &[GetSetDef] = &[
    member::<0>("errno"),
    member::<1>("strerror"),
    member::<2>("filename"),
    member::<3>("filename2"),
    GetSetDef { name: "characters_written", get: get_written, set: Some(set_written), doc: "" },
];

pub(super) fn fill(types: &Types) {
    let class = &types.os_error;
    class.slots.set_all(&TypeSlots { new: Some(new), init: Some(init), str_: Some(str), ..TypeSlots::EMPTY });
    ready::add_getset(class, GETSET);
    ready::add_methods(class, PyBaseException::os_error_methods());
}
