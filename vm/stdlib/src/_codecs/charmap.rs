//! The charmap codec: mappings are strings, dictionaries, or the encoding maps that `charmap_build` makes.

use taipan_objects::bytes::PyBytes;
use taipan_objects::int;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::str::codecs::{Codec, Handler, decode_with, decoded_pair, encode_with, run_decoder};
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::{buffer, layout};
use taipan_text::codecs::single_byte::{EncodingTable, UNDEFINED, decode_charmap, encode_charmap};
use taipan_text::codecs::{DecodeErrors, Problem};
use taipan_text::units::TextBuf;

/// The inverse of a decoding table.
#[repr(C)]
pub struct PyEncodingMap {
    header: Header,
    table: EncodingTable,
}
layout!(PyEncodingMap, "EncodingMap");

/// `charmap_build`.
pub fn build(map: &PyStr) -> Obj {
    static CLASS: std::sync::OnceLock<Py<PyType>> = std::sync::OnceLock::new();
    let class = CLASS.get_or_init(|| {
        TypeBuilder::new("EncodingMap", <PyEncodingMap as taipan_objects::Object>::ops())
            .no_instantiation()
            .final_()
            .make()
    });
    let table = EncodingTable::new(map.units());
    new_instance(class, |header| PyEncodingMap { header, table }).into_obj()
}

/// `mapping[key]`; `None` if it is absent.
fn look_up(mapping: &Obj, key: i64) -> PyResult<Option<Obj>> {
    let found = absent_if(getitem(mapping, &int_obj(key)), &types().lookup_error)?;
    Ok(found.filter(|v| !is_none(v)))
}

pub fn decode(data: &Obj, errors: &str, mapping: Option<&Obj>) -> PyResult<Obj> {
    let bytes = buffer::to_vec(data)?;
    let Some(mapping) = mapping else {
        let (text, consumed) = decode_with(&bytes, Codec::Latin1, errors, true)?;
        return Ok(decoded_pair(text, consumed));
    };
    let (out, consumed) = run_decoder(&bytes, errors, |bytes, handler, out| {
        match mapping.downcast::<PyStr>() {
            Some(table) => decode_charmap(bytes, table.units(), handler, out)?,
            None => decode_mapped(bytes, mapping, handler, out)?,
        }
        Ok(bytes.len())
    })?;
    Ok(decoded_pair(out, consumed))
}

/// Decodes by a mapping that is no string.
fn decode_mapped(bytes: &[u8], mapping: &Obj, handler: &mut Handler<'_>, out: &mut TextBuf) -> PyResult<()> {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if let Some(value) = look_up(mapping, byte.into())? {
            if let Some(code) = int::int_ref(&value) {
                match code.to_i64().and_then(|c| u32::try_from(c).ok()).filter(|c| *c <= 0x10ffff) {
                    Some(UNDEFINED) => {}
                    Some(code) => {
                        out.push(code);
                        at += 1;
                        continue;
                    }
                    None => return Err(type_error("character mapping must be in range(0x110000)")),
                }
            } else if let Some(text) = value.downcast::<PyStr>() {
                if !text.eq_str("\u{fffe}") {
                    out.push_units(text.units());
                    at += 1;
                    continue;
                }
            } else {
                return Err(type_error("character mapping must return integer, None or str"));
            }
        }
        let reason = "character maps to <undefined>";
        at = handler.undecodable(bytes, Problem { codec: "charmap", start: at, end: at + 1, reason }, out)?;
    }
    Ok(())
}

pub fn encode(text: &PyStr, errors: &str, mapping: Option<&Obj>) -> PyResult<Obj> {
    let Some(mapping) = mapping else {
        return Ok(super::encoded(encode_with(text.units(), Codec::Latin1, errors)?, text.len()));
    };
    let mut handler = Handler::new(errors);
    let mut out = Vec::with_capacity(text.len());
    match mapping.downcast::<PyEncodingMap>() {
        Some(map) => {
            let one = |code, out: &mut Vec<u8>| Ok(map.table.get(code).map(|byte| out.push(byte)).is_some());
            encode_charmap(text.units(), one, &mut handler, &mut out)?;
        }
        None => {
            encode_charmap(text.units(), |code, out| encode_one(mapping, code, out), &mut handler, &mut out)?
        }
    }
    Ok(super::encoded(out, text.len()))
}

fn encode_one(mapping: &Obj, code: u32, out: &mut Vec<u8>) -> PyResult<bool> {
    let Some(value) = look_up(mapping, code.into())? else { return Ok(false) };
    if let Some(number) = int::int_ref(&value) {
        return match number.to_i64().and_then(|n| u8::try_from(n).ok()) {
            Some(byte) => {
                out.push(byte);
                Ok(true)
            }
            None => Err(type_error("character mapping must be in range(256)")),
        };
    }
    match value.downcast::<PyBytes>() {
        Some(bytes) => {
            out.extend_from_slice(bytes.as_slice());
            Ok(true)
        }
        None => {
            let name = class_of(&value).name();
            Err(type_error(format!("character mapping must return integer, bytes or None, not {name}")))
        }
    }
}
