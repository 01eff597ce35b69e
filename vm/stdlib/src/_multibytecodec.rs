//! `_multibytecodec`: what the codecs of East Asia have in common. The modules `_codecs_cn` to `_codecs_tw` and `_codecs_iso2022` give them out by name.

mod codec;
mod incremental;
mod iso2022;
mod streams;
mod table;

use taipan_objects::buffer;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs::{Handler, decoded_pair, encode_error, run_decoder};
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::Units;
use taipan_text::codecs::{DecodeErrors, EncodeErrors, Problem, Replacement};
use taipan_text::units::TextBuf;

use crate::native_class;
use codec::{Codec, State};
use table::Front;

/// A `MultibyteCodec`.
#[repr(C)]
pub struct PyMultibyteCodec {
    header: Header,
    codec: Codec,
}
layout!(PyMultibyteCodec, "_multibytecodec.MultibyteCodec");

native_class!(
    pub fn class() = TypeBuilder::new("_multibytecodec.MultibyteCodec", PyMultibyteCodec::ops())
        .no_instantiation()
        .methods(PyMultibyteCodec::methods())
        .make()
);

const ILLEGAL: &str = "illegal multibyte sequence";

/// Decodes `bytes`; without `last`, an unfinished character at the end stays: how many bytes were used.
fn decode(
    codec: Codec,
    state: &mut State,
    bytes: &[u8],
    errors: &str,
    last: bool,
) -> PyResult<(TextBuf, usize)> {
    run_decoder(bytes, errors, |bytes, handler, out| {
        let mut at = 0;
        while at < bytes.len() {
            let (end, reason) = match codec.decode(state, &bytes[at..]) {
                Front::Nothing(len) => {
                    at += len;
                    continue;
                }
                Front::Chars([c, second], len) => {
                    out.push(c);
                    if second != 0 {
                        out.push(second);
                    }
                    at += len;
                    continue;
                }
                Front::Incomplete if !last => return Ok(at),
                Front::Incomplete => (bytes.len(), "incomplete multibyte sequence"),
                Front::Illegal(len) => (at + len, ILLEGAL),
            };
            at = handler.undecodable(bytes, Problem { codec: codec.name, start: at, end, reason }, out)?;
        }
        Ok(at)
    })
}

/// Encodes `text`; without `last`, a character at the end that may belong to the next one stays: how many characters were used.
fn encode(
    codec: Codec,
    state: &mut State,
    text: Units<'_>,
    errors: &str,
    last: bool,
) -> PyResult<(Vec<u8>, usize)> {
    let mut handler = Handler::new(errors);
    let mut out = Vec::with_capacity(text.len() * 2);
    let chars: Vec<u32> = text.iter().collect();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        if !last && next.is_none() && codec.starts_pair(c) {
            break;
        }
        if let Some((code, used)) = codec.encode(state, c, next) {
            out.extend_from_slice(code.as_slice());
            at += used;
            continue;
        }
        let problem = || Problem { codec: codec.name, start: at, end: at + 1, reason: ILLEGAL };
        let (replacement, next) = handler.unencodable(text, problem())?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(replacement) => {
                let replacement: Vec<u32> = replacement.as_units().iter().collect();
                for (i, c) in replacement.iter().enumerate() {
                    match codec.encode(state, *c, replacement.get(i + 1).copied()) {
                        Some((code, _)) => out.extend_from_slice(code.as_slice()),
                        None => {
                            return Err(match encode_error(text, problem()) {
                                Ok(error) => raise(error),
                                Err(raised) => raised,
                            });
                        }
                    }
                }
            }
        }
        at = next;
    }
    if last {
        out.extend_from_slice(codec.reset(state).as_slice());
    }
    Ok((out, at))
}

#[pymethods(class = "_multibytecodec.MultibyteCodec")]
impl PyMultibyteCodec {
    /// Return an encoded string version of 'input'.
    #[pymethod(sig = "(input, errors=None)")]
    fn encode(&self, input: &Obj, errors: Option<&str>) -> PyResult<Obj> {
        let Some(text) = input.downcast::<PyStr>() else {
            return Err(type_error("couldn't convert the object to str."));
        };
        let state = &mut self.codec.encoder_state();
        let (bytes, used) = encode(self.codec, state, text.units(), errors.unwrap_or("strict"), true)?;
        Ok(tuple_obj(vec![bytes_obj(&bytes), int_obj(used as i64)]))
    }
    /// Decodes 'input'.
    #[pymethod(sig = "(input, errors=None)")]
    fn decode(&self, input: &Obj, errors: Option<&str>) -> PyResult<Obj> {
        let bytes = buffer::to_vec(input)?;
        let state = &mut self.codec.decoder_state();
        let (text, _) = decode(self.codec, state, &bytes, errors.unwrap_or("strict"), true)?;
        Ok(decoded_pair(text, bytes.len()))
    }
}

/// `getcodec()` of a module that has codecs of these names.
pub fn codec(names: &[&'static str], name: &Obj) -> PyResult<Obj> {
    let Some(name) = name.downcast::<PyStr>() else {
        return Err(type_error("encoding name must be a string."));
    };
    let name = name.to_string_lossy();
    match names.iter().find(|known| **known == name).and_then(|known| Codec::find(known)) {
        Some(codec) => Ok(new_instance(class(), |header| PyMultibyteCodec { header, codec }).into_obj()),
        None => Err(raise_message(&types().lookup_error, "no such codec is supported.")),
    }
}

#[pymodule(name = "_multibytecodec", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    fn MultibyteIncrementalEncoder() -> Obj {
        incremental::encoder_class().as_obj().clone()
    }
    #[pyattr]
    fn MultibyteIncrementalDecoder() -> Obj {
        incremental::decoder_class().as_obj().clone()
    }
    #[pyattr]
    fn MultibyteStreamReader() -> Obj {
        streams::reader_class().as_obj().clone()
    }
    #[pyattr]
    fn MultibyteStreamWriter() -> Obj {
        streams::writer_class().as_obj().clone()
    }
}
