//! `_codecs`: the registry of codecs and error handlers, and the codecs that `encodings` builds on. The algorithms are in `taipan_text`.
//!
//! Invariant: Python code (search functions, handlers) is called without any lock.

mod charmap;
mod error_handlers;

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::hooks;
use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::str::codecs::{Codec, decode_with, decoded_pair, encode_with, run_decoder};
use taipan_objects::tuple::PyTuple;
use taipan_text::codecs::{ByteOrder, escape, utf7, utf16, utf32};
use taipan_text::units::TextBuf;
use taipan_vm::interpreters::PerInterpreter;

pub use error_handlers::error_handler;

/// The registered search functions in order.
fn search_functions() -> Py<PyList> {
    static LIST: PerInterpreter<Py<PyList>> = PerInterpreter::new();
    LIST.get_or_init(|| PyList::new(vec![])).clone()
}

/// The cache of lookups: normalized name to codec.
fn cache() -> Py<PyDict> {
    static CACHE: PerInterpreter<Py<PyDict>> = PerInterpreter::new();
    CACHE.get_or_init(PyDict::new).clone()
}

/// Lower case; runs of characters that are not letters, digits or dots become one underscore (spaces at the ends too).
fn normalized(encoding: &str) -> String {
    let mut out = String::with_capacity(encoding.len());
    let mut gap = false;
    for c in encoding.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

/// Makes sure that the standard search function is registered.
fn load_encodings() -> PyResult<()> {
    if search_functions().is_empty() {
        hooks::import_module("encodings")?;
    }
    Ok(())
}

/// The `CodecInfo` of an encoding; `LookupError` if there is none.
pub fn lookup_name(encoding: &str) -> PyResult<Obj> {
    if encoding.contains('\0') {
        return Err(value_error("embedded null character"));
    }
    let name = normalized(encoding);
    let key = str_obj(&name);
    if let Some(found) = cache().get(&key)? {
        return Ok(found.into_strong());
    }
    load_encodings()?;
    for function in search_functions().to_vec() {
        let found = call1(&function, &key)?;
        if is_none(&found) {
            continue;
        }
        if found.downcast::<PyTuple>().is_none_or(|t| t.len() != 4) {
            return Err(type_error("codec search functions must return 4-tuples"));
        }
        cache().set(key, found.clone())?;
        return Ok(found);
    }
    Err(lookup_error(format!("unknown encoding: {encoding}")))
}

/// Calls item `index` of a codec (0 encodes, 1 decodes) and takes the first item of the pair.
fn run_codec(info: &Obj, index: i64, obj: &Obj, errors: Option<&str>, what: &str) -> PyResult<Obj> {
    let function = getitem(info, &int_obj(index))?;
    let result = match errors {
        Some(errors) => call(&function, &[obj.clone(), str_obj(errors)])?,
        None => call1(&function, obj)?,
    };
    match result.downcast::<PyTuple>().map(PyTuple::as_slice) {
        Some([value, _]) => Ok(value.clone()),
        _ => Err(type_error(format!("{what} must return a tuple (object, integer)"))),
    }
}

/// Adds which codec failed to the exception on its way.
fn with_note(result: PyResult<Obj>, encoding: &str, operation: &str) -> PyResult<Obj> {
    if result.is_err() && !raised_is(&types().unicode_error) {
        let exception = take_raised();
        if let Some(e) = exception.downcast::<taipan_objects::exceptions::PyBaseException>() {
            e.add_note(&exception, &format!("{operation} with '{encoding}' codec failed"))?;
        }
        return Err(set_raised(exception));
    }
    result
}

/// `codecs.encode(obj, encoding, errors)`.
pub fn encode_any(obj: &Obj, encoding: &str, errors: Option<&str>) -> PyResult<Obj> {
    let info = lookup_name(encoding)?;
    with_note(run_codec(&info, 0, obj, errors, "encoder"), encoding, "encoding")
}

/// `codecs.decode(obj, encoding, errors)`.
pub fn decode_any(obj: &Obj, encoding: &str, errors: Option<&str>) -> PyResult<Obj> {
    let info = lookup_name(encoding)?;
    with_note(run_codec(&info, 1, obj, errors, "decoder"), encoding, "decoding")
}

/// Refuses codecs that are not text encodings.
fn text_encoding(encoding: &str, alternative: &str) -> PyResult<Obj> {
    let info = lookup_name(encoding)?;
    if let Some(is_text) = getattr_opt(&info, &taipan_objects::istr!("_is_text_encoding"))?
        && !is_true(&is_text)?
    {
        let text =
            format!("'{encoding}' is not a text encoding; use {alternative} to handle arbitrary codecs");
        return Err(lookup_error(text));
    }
    Ok(info)
}

/// `str.encode` with a codec of the registry: for the hooks.
pub fn encode_text(text: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
    let info = text_encoding(encoding, "codecs.encode()")?;
    with_note(run_codec(&info, 0, text, Some(errors), "encoder"), encoding, "encoding")
}

/// `bytes.decode` with a codec of the registry: for the hooks.
pub fn decode_text(bytes: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
    let info = text_encoding(encoding, "codecs.decode()")?;
    with_note(run_codec(&info, 1, bytes, Some(errors), "decoder"), encoding, "decoding")
}

fn encoded(bytes: Vec<u8>, consumed: usize) -> Obj {
    tuple_obj(vec![PyBytes::from_vec(bytes).into_obj(), int_obj(consumed as i64)])
}

fn encode_as(text: &PyStr, codec: Codec, errors: Option<&str>) -> PyResult<Obj> {
    Ok(encoded(encode_with(text.units(), codec, errors.unwrap_or("strict"))?, text.len()))
}

fn decode_as(data: &Obj, codec: Codec, errors: Option<&str>, last: bool) -> PyResult<Obj> {
    let (text, consumed) =
        buffer::with_bytes(data, |bytes| decode_with(bytes, codec, errors.unwrap_or("strict"), last))??;
    Ok(decoded_pair(text, consumed))
}

/// Bytes of a bytes-like object or of a `str` in UTF-8.
fn bytes_or_text(data: &Obj) -> PyResult<Vec<u8>> {
    match data.downcast::<PyStr>() {
        Some(text) => Ok(text.to_utf8()?.into_owned().into_bytes()),
        None => buffer::to_vec(data),
    }
}

fn order_of(byteorder: i32) -> ByteOrder {
    match byteorder {
        0 => ByteOrder::Native,
        ..0 => ByteOrder::Little,
        _ => ByteOrder::Big,
    }
}

fn order_number(order: ByteOrder) -> i64 {
    match order {
        ByteOrder::Native => 0,
        ByteOrder::Little => -1,
        ByteOrder::Big => 1,
    }
}

fn with_order(text: TextBuf, consumed: usize, order: ByteOrder) -> Obj {
    tuple_obj(vec![
        PyStr::from_units(text).into_obj(),
        int_obj(consumed as i64),
        int_obj(order_number(order)),
    ])
}

/// Warns of escapes that Python does not know.
fn warn_invalid_escape(invalid: escape::InvalidEscape) -> PyResult<()> {
    let Some((_, code)) = invalid else { return Ok(()) };
    let text = if code > 0xff {
        format!("\"\\{code:o}\" is an invalid octal escape sequence")
    } else {
        format!("\"\\{}\" is an invalid escape sequence", char::from_u32(code).unwrap_or('?'))
    };
    hooks::warn(&text, types().deprecation_warning.as_obj(), 1)
}

#[pymodule(name = "_codecs", doc = "")]
mod items {
    use super::*;

    /// Register a codec search function.
    #[pyfunction]
    fn register(search_function: &Obj) -> PyResult<()> {
        if !is_callable(search_function) {
            return Err(type_error("argument must be callable"));
        }
        search_functions().push(search_function.clone());
        Ok(())
    }
    /// Unregister a codec search function and clear the registry's cache.
    #[pyfunction]
    fn unregister(search_function: &Obj) {
        let list = search_functions();
        let Some(at) = list.to_vec().iter().position(|f| f.is(search_function)) else { return };
        drop(list.remove(at));
        cache().clear();
    }
    /// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
    #[pyfunction]
    fn lookup(encoding: &str) -> PyResult<Obj> {
        lookup_name(encoding)
    }
    /// Encodes obj using the codec registered for encoding.
    #[pyfunction(sig = "(obj, encoding='utf-8', errors='strict')")]
    fn encode(obj: &Obj, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Obj> {
        encode_any(obj, encoding.unwrap_or("utf-8"), errors)
    }
    /// Decodes obj using the codec registered for encoding.
    #[pyfunction(sig = "(obj, encoding='utf-8', errors='strict')")]
    fn decode(obj: &Obj, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Obj> {
        decode_any(obj, encoding.unwrap_or("utf-8"), errors)
    }
    /// What str.encode() does for codecs of the registry.
    #[pyfunction(sig = "(text, encoding, errors, /)", text = "")]
    fn _encode_text(text: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
        encode_text(text, encoding, errors)
    }
    /// What bytes.decode() does for codecs of the registry.
    #[pyfunction(sig = "(data, encoding, errors, /)", text = "")]
    fn _decode_text(data: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
        decode_text(data, encoding, errors)
    }
    /// Register the specified error handler under the name errors.
    #[pyfunction]
    fn register_error(errors: &str, handler: &Obj) -> PyResult<()> {
        error_handlers::register(errors, handler)
    }
    /// Un-register the specified error handler for the error handling `errors'.
    #[pyfunction]
    fn _unregister_error(errors: &str) -> PyResult<bool> {
        error_handlers::unregister(errors)
    }
    /// Return the error handler for the specified error handling name or raise a LookupError.
    #[pyfunction]
    fn lookup_error(name: &str) -> PyResult<Obj> {
        error_handler(name)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_8_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf8, errors)
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_8_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf8, errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn latin_1_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Latin1, errors)
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn latin_1_decode(data: &Obj, errors: Option<&str>) -> PyResult<Obj> {
        decode_as(data, Codec::Latin1, errors, true)
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn ascii_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Ascii, errors)
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn ascii_decode(data: &Obj, errors: Option<&str>) -> PyResult<Obj> {
        decode_as(data, Codec::Ascii, errors, true)
    }

    #[pyfunction(sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_16_encode(text: &PyStr, errors: Option<&str>, byteorder: Option<i32>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf16(order_of(byteorder.unwrap_or(0))), errors)
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_16_le_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf16(ByteOrder::Little), errors)
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_16_be_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf16(ByteOrder::Big), errors)
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf16(ByteOrder::Native), errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_le_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf16(ByteOrder::Little), errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_be_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf16(ByteOrder::Big), errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_16_ex_decode(
        data: &Obj,
        errors: Option<&str>,
        byteorder: Option<i32>,
        last: Option<bool>,
    ) -> PyResult<Obj> {
        let mut order = order_of(byteorder.unwrap_or(0));
        let (out, consumed) = buffer::with_bytes(data, |bytes| {
            run_decoder(bytes, errors.unwrap_or("strict"), |bytes, handler, out| {
                utf16::decode(bytes, &mut order, last.unwrap_or(false), handler, out)
            })
        })??;
        Ok(with_order(out, consumed, order))
    }
    #[pyfunction(sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_32_encode(text: &PyStr, errors: Option<&str>, byteorder: Option<i32>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf32(order_of(byteorder.unwrap_or(0))), errors)
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_32_le_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf32(ByteOrder::Little), errors)
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_32_be_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Obj> {
        encode_as(text, Codec::Utf32(ByteOrder::Big), errors)
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf32(ByteOrder::Native), errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_le_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf32(ByteOrder::Little), errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_be_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        decode_as(data, Codec::Utf32(ByteOrder::Big), errors, last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_32_ex_decode(
        data: &Obj,
        errors: Option<&str>,
        byteorder: Option<i32>,
        last: Option<bool>,
    ) -> PyResult<Obj> {
        let mut order = order_of(byteorder.unwrap_or(0));
        let (out, consumed) = buffer::with_bytes(data, |bytes| {
            run_decoder(bytes, errors.unwrap_or("strict"), |bytes, handler, out| {
                utf32::decode(bytes, &mut order, last.unwrap_or(false), handler, out)
            })
        })??;
        Ok(with_order(out, consumed, order))
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_7_encode(text: &PyStr, errors: Option<&str>) -> Obj {
        let _ = errors;
        encoded(utf7::encode(text.units()), text.len())
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_7_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        let (out, consumed) = buffer::with_bytes(data, |bytes| {
            run_decoder(bytes, errors.unwrap_or("strict"), |bytes, handler, out| {
                utf7::decode(bytes, last.unwrap_or(false), handler, out)
            })
        })??;
        Ok(decoded_pair(out, consumed))
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn unicode_escape_encode(text: &PyStr, errors: Option<&str>) -> Obj {
        let _ = errors;
        encoded(escape::encode_unicode_escape(text.units()), text.len())
    }
    #[pyfunction(sig = "(data, errors=None, final=True, /)")]
    fn unicode_escape_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        let bytes = bytes_or_text(data)?;
        let mut invalid = None;
        let (out, consumed) = run_decoder(&bytes, errors.unwrap_or("strict"), |bytes, handler, out| {
            let found = escape::decode_unicode_escape(bytes, last.unwrap_or(true), handler, out)?;
            invalid = found.invalid_escape;
            Ok(found.consumed)
        })?;
        warn_invalid_escape(invalid)?;
        Ok(decoded_pair(out, if last.unwrap_or(true) { bytes.len() } else { consumed }))
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn raw_unicode_escape_encode(text: &PyStr, errors: Option<&str>) -> Obj {
        let _ = errors;
        encoded(escape::encode_raw_unicode_escape(text.units()), text.len())
    }
    #[pyfunction(sig = "(data, errors=None, final=True, /)")]
    fn raw_unicode_escape_decode(data: &Obj, errors: Option<&str>, last: Option<bool>) -> PyResult<Obj> {
        let bytes = bytes_or_text(data)?;
        let (out, consumed) = run_decoder(&bytes, errors.unwrap_or("strict"), |bytes, handler, out| {
            escape::decode_raw_unicode_escape(bytes, last.unwrap_or(true), handler, out)
        })?;
        Ok(decoded_pair(out, if last.unwrap_or(true) { bytes.len() } else { consumed }))
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn escape_encode(data: &PyBytes, errors: Option<&str>) -> Obj {
        let _ = errors;
        encoded(escape::encode_bytes_escape(data.as_slice()), data.len())
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn escape_decode(data: &Obj, errors: Option<&str>) -> PyResult<Obj> {
        let bytes = bytes_or_text(data)?;
        let (out, invalid) = escape::decode_bytes_escape(&bytes, errors.unwrap_or("strict"))?;
        warn_invalid_escape(invalid)?;
        Ok(encoded(out, bytes.len()))
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn readbuffer_encode(data: &Obj, errors: Option<&str>) -> PyResult<Obj> {
        let _ = errors;
        let bytes = bytes_or_text(data)?;
        let len = bytes.len();
        Ok(encoded(bytes, len))
    }

    #[pyfunction]
    fn charmap_build(map: &PyStr) -> Obj {
        charmap::build(map)
    }
    #[pyfunction(sig = "(data, errors=None, mapping=None, /)")]
    fn charmap_decode(data: &Obj, errors: Option<&str>, mapping: Option<&Obj>) -> PyResult<Obj> {
        charmap::decode(data, errors.unwrap_or("strict"), mapping.filter(|m| !is_none(m)))
    }
    #[pyfunction(sig = "(str, errors=None, mapping=None, /)")]
    fn charmap_encode(text: &PyStr, errors: Option<&str>, mapping: Option<&Obj>) -> PyResult<Obj> {
        charmap::encode(text, errors.unwrap_or("strict"), mapping.filter(|m| !is_none(m)))
    }
}
