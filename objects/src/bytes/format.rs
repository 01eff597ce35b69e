//! `%` of `bytes` and `bytearray`.

use taipan_gc::Obj;
use taipan_text::percent_format::{self as percent_text, Layout, PercentParser};
use taipan_text::units::Units;

use super::PyBytes;
use crate::buffer::{has_buffer, to_vec};
use crate::bytearray::PyByteArray;
use crate::error::*;
use crate::int::{IntRef, int_ref};
use crate::istr;
use crate::protocol;
use crate::str::format::{PercentValues, ascii, percent_number};
use crate::type_object::class_of;
use crate::type_object::trampolines::call_special;

/// `template % values`
pub fn percent(template: &[u8], values: &Obj) -> PyResult<Vec<u8>> {
    let units = Units::Latin1(template);
    let mut out = Vec::with_capacity(template.len() + 16);
    let is_bytes = values.is_layout::<PyBytes>() || values.is_layout::<PyByteArray>();
    let mut values = PercentValues::new(values);
    for piece in PercentParser::new(units) {
        let conversion = match piece {
            percent_text::Piece::Literal(range) => {
                out.extend_from_slice(&template[range]);
                continue;
            }
            percent_text::Piece::Conversion(conversion) => conversion,
        };
        if conversion.wants_mapping {
            if !values.is_mapping() || is_bytes {
                return Err(type_error(percent_text::WANTS_MAPPING));
            }
            if let Some(range) = &conversion.key {
                values.by_key(PyBytes::new(&template[range.clone()]).as_obj())?;
            }
        }
        let layout = values.layout(&conversion)?;
        if let Some(error) = conversion.error {
            return Err(error.into());
        }
        let value = values.next()?;
        conversion.check_kind_bytes()?;
        match char::from_u32(conversion.kind) {
            Some('s' | 'b') => percent_text::push_bytes(&mut out, &bytes_of(&value)?, layout)?,
            Some('r' | 'a') => {
                percent_text::push_bytes(&mut out, ascii(&value)?.to_string_lossy().as_bytes(), layout)?
            }
            Some('c') => {
                let layout = Layout { precision: None, ..layout };
                percent_text::push_bytes(&mut out, &[char_of(&value)?], layout)?;
            }
            Some('e' | 'E' | 'f' | 'F' | 'g' | 'G') => {
                let Ok(real) = protocol::as_f64(&value) else {
                    drop(take_raised());
                    let message = format!("float argument required, not {}", class_of(&value).full_name());
                    return Err(type_error(message));
                };
                let text = percent_text::format_real(real, conversion.kind, layout)?;
                out.extend_from_slice(text.as_bytes());
            }
            _ => out.extend_from_slice(percent_number(&value, &conversion, layout)?.as_bytes()),
        }
    }
    if values.left_over() || is_bytes && values.next().is_ok() {
        return Err(type_error(percent_text::LEFT_OVER_BYTES));
    }
    Ok(out)
}

/// The bytes under `%b`.
fn bytes_of(value: &Obj) -> PyResult<Vec<u8>> {
    if value.is_layout::<PyBytes>() || value.is_layout::<PyByteArray>() {
        return to_vec(value);
    }
    if let Some(result) = call_special(value, istr!("__bytes__").as_obj(), &[])? {
        if !result.is_layout::<PyBytes>() {
            return Err(type_error(format!(
                "__bytes__ returned non-bytes (type {})",
                class_of(&result).name()
            )));
        }
        return to_vec(&result);
    }
    if has_buffer(value) {
        return to_vec(value);
    }
    Err(type_error(format!(
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        class_of(value).name()
    )))
}

/// The byte under `%c`.
fn char_of(value: &Obj) -> PyResult<u8> {
    if value.is_layout::<PyBytes>() || value.is_layout::<PyByteArray>() {
        let kind = if value.is_layout::<PyBytes>() { "bytes" } else { "bytearray" };
        let bytes = to_vec(value)?;
        return match bytes.as_slice() {
            [byte] => Ok(*byte),
            _ => Err(type_error(format!(
                "%c requires an integer in range(256) or a single byte, not a {kind} object of length {}",
                bytes.len()
            ))),
        };
    }
    if !protocol::has_index(value) {
        return Err(type_error(format!(
            "%c requires an integer in range(256) or a single byte, not {}",
            class_of(value).full_name()
        )));
    }
    let number = protocol::index(value)?;
    Ok(percent_text::byte_code(int_ref(&number).unwrap_or(IntRef::Small(0)).text())?)
}
