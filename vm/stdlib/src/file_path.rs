//! File names as arguments: `str`, `bytes` or `os.PathLike`, sometimes a descriptor, turned into what the system takes.
//!
//! Invariant: names are in the charset of `sys.getfilesystemencoding()`, with `surrogateescape`; a result has the type of the argument it comes from.

use std::ffi::CString;

use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs::{decode_fs, encode_fs};
use taipan_objects::{int, istr};

/// A converted path argument.
pub struct FilePath {
    /// The name; `.` for `None`.
    pub name: CString,
    /// The descriptor given instead of a name.
    pub fd: Option<i32>,
    /// What was given (after `os.fspath`): for error messages.
    pub object: Obj,
    /// The argument was `bytes`: so are results.
    pub is_bytes: bool,
    /// The argument was `None` or left out.
    pub is_default: bool,
}

/// What a path argument may be besides a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    Name,
    NameOrFd,
    NameFdOrNone,
}

impl Accept {
    fn text(self) -> &'static str {
        match self {
            Accept::Name => "string, bytes or os.PathLike",
            Accept::NameOrFd => "string, bytes, os.PathLike or integer",
            Accept::NameFdOrNone => "string, bytes, os.PathLike, integer or None",
        }
    }
}

/// Bytes of a system name as `str`.
pub fn name_obj(bytes: &[u8]) -> Obj {
    decode_fs(bytes).into_obj()
}

/// Bytes of a system name in the type of `like`.
pub fn name_like(bytes: &[u8], is_bytes: bool) -> Obj {
    if is_bytes { bytes_obj(bytes) } else { name_obj(bytes) }
}

/// The bytes of a `str` or `bytes`; `None` for anything else.
pub fn name_bytes(obj: &Obj) -> PyResult<Option<Vec<u8>>> {
    if let Some(text) = obj.downcast::<PyStr>() {
        return encode_fs(text).map(Some);
    }
    Ok(obj.downcast::<PyBytes>().map(|b| b.as_slice().to_vec()))
}

/// `os.fspath(obj)`.
pub fn fspath(obj: &Obj) -> PyResult<Obj> {
    if obj.is_layout::<PyStr>() || obj.is_layout::<PyBytes>() {
        return Ok(obj.clone());
    }
    match fspath_of(obj)? {
        Some(path) => Ok(path),
        None => Err(type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            class_of(obj).name()
        ))),
    }
}

/// What `__fspath__` gives; `None` without the method.
fn fspath_of(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(method) = lookup_special(obj, &istr!("__fspath__"))?
        .filter(|method| !taipan_objects::singletons::is_none(method))
    else {
        return Ok(None);
    };
    let path = call0(&method)?;
    if path.is_layout::<PyStr>() || path.is_layout::<PyBytes>() {
        return Ok(Some(path));
    }
    Err(type_error(format!(
        "expected {}.__fspath__() to return str or bytes, not {}",
        class_of(obj).name(),
        class_of(&path).name()
    )))
}

/// A descriptor argument: an int that fits.
pub fn descriptor(obj: &Obj) -> PyResult<i32> {
    warn_of_bool(obj)?;
    let index = index(obj)?;
    let value = int::int_ref(&index);
    match value.and_then(|i| i.to_i64()).map(i32::try_from) {
        Some(Ok(fd)) => Ok(fd),
        _ if value.is_some_and(|i| i.is_negative()) => Err(overflow_error("fd is less than minimum")),
        _ => Err(overflow_error("fd is greater than maximum")),
    }
}

/// A truth value is hardly meant as a descriptor.
fn warn_of_bool(obj: &Obj) -> PyResult<()> {
    if !class_of(obj).is(&types().bool_) {
        return Ok(());
    }
    let text = "bool is used as a file descriptor";
    taipan_objects::hooks::warn(text, types().runtime_warning.as_obj(), 1)
}

/// A descriptor, or an object with `fileno()`.
pub fn fileno_of(obj: &Obj) -> PyResult<i32> {
    let fd = if int::int_ref(obj).is_some() {
        warn_of_bool(obj)?;
        obj.clone()
    } else {
        match getattr_opt(obj, &istr!("fileno"))? {
            Some(method) => {
                let fd = call0(&method)?;
                if int::int_ref(&fd).is_none() {
                    return Err(type_error("fileno() returned a non-integer"));
                }
                fd
            }
            None => return Err(type_error("argument must be an int, or have a fileno() method.")),
        }
    };
    let fd: i32 = taipan_objects::native::FromArg::from_arg(&fd)?;
    if fd < 0 {
        return Err(value_error(format!("file descriptor cannot be a negative integer ({fd})")));
    }
    Ok(fd)
}

/// Converts argument `argument` of `os.function`.
pub fn path(function: &str, argument: &str, obj: Option<&Obj>, accept: Accept) -> PyResult<FilePath> {
    let nothing = none();
    let obj = obj.unwrap_or(&nothing);
    let wrong = || {
        type_error(format!(
            "{function}: {argument} should be {}, not {}",
            accept.text(),
            class_of(obj).name()
        ))
    };
    let mut object = obj.clone();
    if taipan_objects::singletons::is_none(obj) && accept == Accept::NameFdOrNone {
        return Ok(FilePath { name: c".".to_owned(), fd: None, object, is_bytes: false, is_default: true });
    }
    if !object.is_layout::<PyStr>() && !object.is_layout::<PyBytes>() {
        if accept != Accept::Name && has_index(obj) {
            let fd = descriptor(obj)?;
            return Ok(FilePath {
                name: CString::default(),
                fd: Some(fd),
                object,
                is_bytes: false,
                is_default: false,
            });
        }
        object = fspath_of(obj)?.ok_or_else(wrong)?;
    }
    let Some(bytes) = name_bytes(&object)? else { return Err(wrong()) };
    let is_bytes = object.is_layout::<PyBytes>();
    let name = CString::new(bytes)
        .map_err(|_| value_error(format!("{function}: embedded null character in {argument}")))?;
    Ok(FilePath { name, fd: None, object, is_bytes, is_default: false })
}

/// `dir_fd=None`.
pub fn dir_fd(obj: Option<&Obj>) -> PyResult<i32> {
    match obj {
        None => Ok(libc::AT_FDCWD),
        Some(obj) if taipan_objects::singletons::is_none(obj) => Ok(libc::AT_FDCWD),
        Some(obj) if has_index(obj) => descriptor(obj),
        Some(obj) => {
            Err(type_error(format!("argument should be integer or None, not {}", class_of(obj).name())))
        }
    }
}

/// A `str`, `bytes` or path-like as a C string ("embedded null byte").
pub fn c_name(obj: &Obj) -> PyResult<CString> {
    let path = fspath(obj)?;
    match name_bytes(&path)? {
        Some(bytes) => CString::new(bytes).map_err(|_| value_error("embedded null byte")),
        None => Err(type_error("expected str, bytes or os.PathLike object")),
    }
}
