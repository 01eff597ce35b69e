//! The codecs of a text stream: UTF-8, ASCII and Latin-1 here, all others by the incremental coders of the `codecs` registry.
//!
//! Invariant: the state of a native decoder is what CPython's would report, `(bytes not yet decoded, flags)`, so that positions that `tell`
//! gives mean the same.

use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs::{Codec, decode_with, encode_with};
use taipan_objects::{buffer, istr};
use taipan_text::units::{TextBuf, Units};

use super::newline::state_pair;
use super::text::{Held, PyTextIOWrapper};

/// Says that the encoding was left to chance, where that is to be said (PEP 597).
pub fn warn_of_default(stacklevel: i64) -> PyResult<()> {
    if !taipan_vm::sys::config::settings().warn_default_encoding {
        return Ok(());
    }
    taipan_objects::hooks::warn(
        "'encoding' argument not specified",
        types().encoding_warning.as_obj(),
        stacklevel,
    )
}

/// Whether UTF-8 is used whatever the locale says (`-X utf8`, or the C locale).
pub fn utf8_mode() -> bool {
    taipan_vm::sys::config::settings().utf8_mode != 0
}

/// The encoding of the current locale, if the program has set one: what `locale.getencoding()` gives.
pub fn locale_encoding() -> String {
    match taipan_vm::sys::config::settings().charset {
        Some(_) => crate::sys_calls::charset(),
        None => "UTF-8".into(),
    }
}

/// A codec that needs no Python objects.
pub fn native_codec(encoding: &str) -> Option<Codec> {
    Codec::from_name(encoding).filter(|codec| matches!(codec, Codec::Utf8 | Codec::Latin1 | Codec::Ascii))
}

/// The `CodecInfo` of a text encoding.
pub fn text_codec_info(encoding: &str) -> PyResult<Obj> {
    let info = crate::_codecs::lookup_name(encoding)?;
    if let Some(is_text) = getattr_opt(&info, &istr!("_is_text_encoding"))?
        && !is_true(&is_text)?
    {
        return Err(lookup_error(format!("'{encoding}' is not a text encoding")));
    }
    Ok(info)
}

fn missing() -> Raised {
    value_error("I/O operation on uninitialized object")
}

impl PyTextIOWrapper {
    /// Decodes the next bytes, newlines included.
    pub(super) fn decode(&self, state: &mut Held<'_>, input: &[u8], last: bool) -> PyResult<TextBuf> {
        let text = match state.decode_native {
            Some(codec) => {
                let (text, consumed);
                if state.undecoded.is_empty() {
                    (text, consumed) = decode_with(input, codec, &state.errors, last)?;
                    state.undecoded.extend_from_slice(&input[consumed..]);
                } else {
                    state.undecoded.extend_from_slice(input);
                    (text, consumed) = decode_with(&state.undecoded, codec, &state.errors, last)?;
                    state.undecoded.drain(..consumed);
                }
                text
            }
            None => {
                let decoder = self.decoder.load().ok_or_else(missing)?;
                let arguments = [bytes_obj(input), bool_obj(last)];
                let decoded = state.outside(|| call_method(&decoder, &istr!("decode"), &arguments))?;
                match decoded.downcast::<PyStr>() {
                    Some(text) => text.units().to_buf(),
                    None => {
                        let name = class_of(&decoded).name();
                        return Err(type_error(format!(
                            "decoder should return a string result, not '{name}'"
                        )));
                    }
                }
            }
        };
        Ok(if state.universal { state.newlines.process(text, last) } else { text })
    }
    /// Bytes not yet decoded, and flags.
    pub(super) fn decoder_state(&self, state: &mut Held<'_>) -> PyResult<(Vec<u8>, i64)> {
        let (bytes, flags) = match state.decode_native {
            Some(_) => (state.undecoded.clone(), 0),
            None => {
                let decoder = self.decoder.load().ok_or_else(missing)?;
                let pair = state.outside(|| call_method(&decoder, &istr!("getstate"), &[]))?;
                let (bytes, flags) = state_pair(&pair)?;
                let Some(bytes) = bytes.downcast::<PyBytes>() else {
                    let name = class_of(&bytes).name();
                    return Err(type_error(format!(
                        "illegal decoder state: the first item should be a bytes object, not '{name}'"
                    )));
                };
                (bytes.as_slice().to_vec(), flags)
            }
        };
        let flags = if state.universal { flags << 1 | i64::from(state.newlines.pending_cr) } else { flags };
        Ok((bytes, flags))
    }
    /// Puts the decoder into a former state.
    pub(super) fn set_decoder_state(
        &self,
        state: &mut Held<'_>,
        bytes: &[u8],
        mut flags: i64,
    ) -> PyResult<()> {
        if state.universal {
            state.newlines.pending_cr = flags & 1 != 0;
            flags >>= 1;
        }
        match state.decode_native {
            Some(_) => {
                state.undecoded.clear();
                state.undecoded.extend_from_slice(bytes);
                Ok(())
            }
            None => {
                let decoder = self.decoder.load().ok_or_else(missing)?;
                let pair = tuple_obj(vec![bytes_obj(bytes), int_obj(flags)]);
                state.outside(|| call_method(&decoder, &istr!("setstate"), &[pair])).map(drop)
            }
        }
    }
    /// Puts the decoder into its first state.
    pub(super) fn reset_decoder(&self, state: &mut Held<'_>) -> PyResult<()> {
        if state.universal {
            state.newlines.reset();
        }
        state.undecoded.clear();
        if state.decode_native.is_none()
            && let Some(decoder) = self.decoder.load()
        {
            state.outside(|| call_method(&decoder, &istr!("reset"), &[]))?;
        }
        Ok(())
    }
    /// Encodes text to the end of `out`.
    pub(super) fn encode(&self, state: &mut Held<'_>, text: Units<'_>, out: &mut Vec<u8>) -> PyResult<()> {
        if let Some(codec) = state.encode_native {
            if let Some(ascii) = text.as_ascii() {
                out.extend_from_slice(ascii.as_bytes());
            } else {
                out.extend_from_slice(&encode_with(text, codec, &state.errors)?);
            }
            return Ok(());
        }
        let encoder = self.encoder.load().ok_or_else(missing)?;
        let text = PyStr::from_slice(text).into_obj();
        let encoded = state.outside(|| call_method(&encoder, &istr!("encode"), &[text]))?;
        if !encoded.is_layout::<PyBytes>() {
            let name = class_of(&encoded).name();
            return Err(type_error(format!("encoder should return a bytes object, not '{name}'")));
        }
        buffer::with_bytes(&encoded, |bytes| out.extend_from_slice(bytes))
    }
    /// After a seek: a codec with a byte order mark writes it at the beginning only.
    pub(super) fn reset_encoder(&self, state: &mut Held<'_>, at_start: bool) -> PyResult<()> {
        if state.encode_native.is_some() {
            return Ok(());
        }
        let Some(encoder) = self.encoder.load() else { return Ok(()) };
        state
            .outside(|| match at_start {
                true => call_method(&encoder, &istr!("reset"), &[]),
                false => call_method(&encoder, &istr!("setstate"), &[int_obj(0)]),
            })
            .map(drop)
    }
}
