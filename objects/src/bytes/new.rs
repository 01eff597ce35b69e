//! `bytes(...)`, and the making of bytes from any object.

use taipan_gc::Obj;

use super::PyBytes;
use crate::buffer::{self, has_buffer};
use crate::error::*;
use crate::int::int_ref;
use crate::istr;
use crate::list::PyList;
use crate::native::pyargs;
use crate::protocol;
use crate::str::{PyStr, codecs, concat::try_vec};
use crate::tuple::PyTuple;
use crate::type_object::trampolines::call_special;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// The slot of `bytes.__new__`.
#[pyargs(name = "bytes", sig = "(source=b'', encoding='utf-8', errors='strict')")]
pub fn new(class: &Obj, source: Option<&Obj>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("bytes.__new__(X): X is not a type object"));
    };
    let exact = class.is(&types().bytes);
    if encoding.is_none()
        && errors.is_none()
        && let Some(source) = source
    {
        if let Some(result) = call_special(source, istr!("__bytes__").as_obj(), &[])? {
            let Some(bytes) = result.downcast::<PyBytes>() else {
                return Err(type_error(format!(
                    "__bytes__ returned non-bytes (type {})",
                    class_of(&result).name()
                )));
            };
            return if exact {
                Ok(result)
            } else {
                Ok(PyBytes::new_of(class, bytes.as_slice().to_vec()).into_obj())
            };
        }
        if exact && class_of(source).is(class) {
            return Ok(source.clone());
        }
    }
    let bytes = source_bytes(source, encoding, errors, "bytes")?;
    Ok(PyBytes::new_of(class, bytes).into_obj())
}

/// Bytes for which there is memory.
const SURELY_THERE: usize = 1 << 16;

/// The bytes that the arguments of `bytes` and `bytearray` stand for (`__bytes__` aside).
pub fn source_bytes(
    source: Option<&Obj>,
    encoding: Option<&str>,
    errors: Option<&str>,
    class: &str,
) -> PyResult<Vec<u8>> {
    let Some(source) = source else {
        return match (encoding, errors) {
            (None, None) => Ok(Vec::new()),
            (Some(_), _) => Err(type_error("encoding without a string argument")),
            (None, Some(_)) => Err(type_error("errors without a string argument")),
        };
    };
    if let Some(text) = source.downcast::<PyStr>() {
        let Some(encoding) = encoding else {
            return Err(type_error(match errors {
                Some(_) => "string argument without an encoding",
                None => "string argument without an encoding",
            }));
        };
        let encoded = codecs::encode(text, encoding, errors.unwrap_or("strict"))?;
        return buffer::to_vec(&encoded);
    }
    if encoding.is_some() {
        return Err(type_error("encoding without a string argument"));
    }
    if errors.is_some() {
        return Err(type_error("errors without a string argument"));
    }
    if int_ref(source).is_some() || protocol::has_index(source) {
        match protocol::index_word_or(source, &types().overflow_error) {
            Ok(count) => {
                let Ok(count) = usize::try_from(count) else { return Err(value_error("negative count")) };
                if count > SURELY_THERE {
                    drop(try_vec::<u8>(count)?);
                }
                return Ok(vec![0; count]);
            }
            // An object with a failing `__index__` may still be iterable.
            Err(Raised) => drop(catch(&types().type_error)?),
        }
    }
    collect_bytes(source, class)
}

/// `bytes(object)` without integers and texts: `PyBytes_FromObject`.
pub fn bytes_of_object(source: &Obj) -> PyResult<Vec<u8>> {
    if let Some(result) = call_special(source, istr!("__bytes__").as_obj(), &[])? {
        return match result.downcast::<PyBytes>() {
            Some(bytes) => Ok(bytes.as_slice().to_vec()),
            None => {
                Err(type_error(format!("__bytes__ returned non-bytes (type {})", class_of(&result).name())))
            }
        };
    }
    collect_bytes(source, "bytes")
}

/// The bytes of a bytes-like object or of an iterable of integers, for a `bytes` or `bytearray`.
pub fn collect_bytes(source: &Obj, class: &str) -> PyResult<Vec<u8>> {
    if has_buffer(source) {
        return buffer::to_vec(source);
    }
    let slots = &class_of(source).slots;
    let not_bytes = || type_error(format!("cannot convert '{}' object to {class}", class_of(source).name()));
    if source.is_layout::<PyStr>() || (slots.iter().is_none() && slots.getitem().is_none()) {
        return Err(not_bytes());
    }
    let what = if class == "bytes" { "bytes" } else { "byte" };
    let mut out = Vec::new();
    if let Some(list) = source.downcast::<PyList>() {
        // By index: an item's `__index__` may change the list.
        out.reserve(list.len());
        while let Some(item) = list.get_lent(out.len()) {
            out.push(match small_byte(&item) {
                Some(byte) => byte,
                None => byte_of(&protocol::IntoStrong::into_strong(item), what)?,
            });
        }
        return Ok(out);
    }
    if source.is_layout::<PyTuple>() {
        for item in protocol::collect(source)? {
            out.push(byte_of(&item, what)?);
        }
        return Ok(out);
    }
    protocol::for_each(source, |item| {
        out.push(byte_of(&item, what)?);
        Ok(())
    })?;
    Ok(out)
}

#[inline(always)]
fn small_byte(item: &Obj) -> Option<u8> {
    if item.value().is_int() { u8::try_from(item.value().as_int()).ok() } else { None }
}

/// The value of an item; `what` begins the error text.
pub fn byte_of(item: &Obj, what: &str) -> PyResult<u8> {
    if let Some(byte) = small_byte(item) {
        return Ok(byte);
    }
    let value = protocol::index(item)?;
    match int_ref(&value).and_then(|i| i.to_i64()).and_then(|i| u8::try_from(i).ok()) {
        Some(byte) => Ok(byte),
        None => Err(value_error(format!("{what} must be in range(0, 256)"))),
    }
}
