//! `str(...)`, and the warnings that the types of this crate's text and number half give.

use taipan_gc::Obj;

use super::{PyStr, codecs};
use crate::argument::Args;
use crate::buffer;
use crate::error::*;
use crate::native::pyargs;
use crate::protocol;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// The slot of `str.__new__`.
pub fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    crate::int::new::check_positional("str", args, 3)?;
    bind(class, args)
}

#[pyargs(name = "str", sig = "(object='', encoding='utf-8', errors='strict')")]
fn bind(class: &Obj, object: Option<&Obj>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Obj> {
    let value = match object {
        None => super::empty(),
        Some(object) if encoding.is_none() && errors.is_none() => {
            bytes_warning(object)?;
            protocol::str(object)?
        }
        Some(object) => decode(object, encoding, errors)?,
    };
    match class.downcast::<PyType>() {
        Some(class) if !class.is(&types().str) => Ok(PyStr::new_of(class, value.units()).into_obj()),
        _ => Ok(value.into_obj()),
    }
}

/// `str(object, encoding, errors)`.
fn decode(object: &Obj, encoding: Option<&str>, errors: Option<&str>) -> PyResult<taipan_gc::Py<PyStr>> {
    if object.is_layout::<PyStr>() {
        return Err(type_error("decoding str is not supported"));
    }
    if !buffer::has_buffer(object) {
        return Err(type_error(format!(
            "decoding to str: need a bytes-like object, {} found",
            class_of(object).name()
        )));
    }
    let decoded = codecs::decode_object(object, encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))?;
    decoded.into_py::<PyStr>().map_err(|other| {
        type_error(format!("decoder should return a string result, not '{}'", class_of(&other).name()))
    })
}

/// `BytesWarning` of `-b` for `str(bytes)`; nothing without the option.
fn bytes_warning(_object: &Obj) -> PyResult<()> {
    Ok(())
}

/// Warns that a special method returned an instance of a subclass.
#[cold]
pub fn deprecated_subclass(method: &str, class: &str, result: &Obj) -> PyResult<()> {
    deprecated(&format!(
        "{method} returned non-{class} (type {}).  The ability to return an instance of a strict subclass of {class} \
         is deprecated, and may be removed in a future version of Python.",
        class_of(result).name()
    ))
}

/// Gives a `DeprecationWarning`.
pub fn deprecated(message: &str) -> PyResult<()> {
    crate::hooks::warn(message, types().deprecation_warning.as_obj(), 1)
}
