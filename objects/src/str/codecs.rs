//! Encoding and decoding: the codecs that need no registry, error handlers, and the way to all other codecs.

use std::sync::OnceLock;

use taipan_gc::{Obj, Py};
use taipan_text::codecs::{
    ByteOrder, DecodeErrors, EncodeErrors, Policy, Problem, Replacement, single_byte, utf8, utf16, utf32,
};
use taipan_text::units::{OwnedUnits, Units};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::PyStr;
use crate::buffer;
use crate::bytes::PyBytes;
use crate::construct::{str_obj, tuple_obj};
use crate::error::*;
use crate::hooks;
use crate::int::{from_i64, int_ref};
use crate::protocol;
use crate::tuple::PyTuple;
use crate::types::types;

/// The codecs known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Utf8,
    Latin1,
    Ascii,
    Utf16(ByteOrder),
    Utf32(ByteOrder),
}

impl Codec {
    /// By any of its usual names.
    pub fn from_name(name: &str) -> Option<Codec> {
        if matches!(name, "utf-8" | "utf8" | "UTF-8") {
            return Some(Codec::Utf8);
        }
        if name.len() > 20 {
            return None;
        }
        let mut buffer = [0u8; 20];
        let bytes = &mut buffer[..name.len()];
        for (to, from) in bytes.iter_mut().zip(name.bytes()) {
            *to = if matches!(from, b'_' | b' ') { b'-' } else { from.to_ascii_lowercase() };
        }
        Some(match std::str::from_utf8(bytes).ok()? {
            "utf-8" | "utf8" | "u8" | "cp65001" => Codec::Utf8,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "latin" => Codec::Latin1,
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" => Codec::Ascii,
            "utf-16" | "utf16" => Codec::Utf16(ByteOrder::Native),
            "utf-16-le" | "utf-16le" => Codec::Utf16(ByteOrder::Little),
            "utf-16-be" | "utf-16be" => Codec::Utf16(ByteOrder::Big),
            "utf-32" | "utf32" => Codec::Utf32(ByteOrder::Native),
            "utf-32-le" | "utf-32le" => Codec::Utf32(ByteOrder::Little),
            "utf-32-be" | "utf-32be" => Codec::Utf32(ByteOrder::Big),
            _ => return None,
        })
    }
}

/// What handles errors: a standard policy, or a function registered under another name.
pub struct Handler<'a> {
    policy: Option<Policy>,
    name: &'a str,
    function: Option<Obj>,
    /// The input that a registered function has put in place of the one to decode, and where in it the decoder's begins.
    whole: Option<(Vec<u8>, usize)>,
    /// The same while it is new: the decoder has been stopped and is to start again.
    replaced: Option<(Vec<u8>, usize)>,
}

impl<'a> Handler<'a> {
    pub fn new(name: &'a str) -> Handler<'a> {
        Handler { policy: Policy::from_name(name), name, function: None, whole: None, replaced: None }
    }
    /// Calls the registered function with `exception`: the replacement and the position to go on from, as it gives them.
    fn call(&mut self, exception: &Obj, kind: &str) -> PyResult<(Obj, i64)> {
        let function = match &self.function {
            Some(function) => function.clone(),
            None => {
                let function = (hooks::get()?.codec_error_handler)(self.name)?;
                self.function = Some(function.clone());
                function
            }
        };
        let result = protocol::call1(&function, exception)?;
        let wrong = || type_error(format!("{kind} error handler must return (str, int) tuple"));
        let Some(pair) = result.downcast::<PyTuple>() else { return Err(wrong()) };
        let [replacement, position] = pair.as_slice() else { return Err(wrong()) };
        let Some(at) = int_ref(position) else { return Err(wrong()) };
        Ok((replacement.clone(), at.to_i64().unwrap_or(i64::MAX)))
    }
}

/// The position that an error handler gave, counted from the front.
fn resolved(at: i64, len: usize) -> PyResult<usize> {
    let resolved = if at < 0 { at.saturating_add(len as i64) } else { at };
    match usize::try_from(resolved) {
        Ok(resolved) if resolved <= len => Ok(resolved),
        _ => Err(index_error(format!("position {at} from error handler out of bounds"))),
    }
}

/// Runs a decoder with the error handler of a name. A registered function may exchange the input by setting the
/// exception's `object`: decoding then starts again within the new input, where the function says.
pub fn run_decoder(
    input: &[u8],
    errors: &str,
    mut decode: impl FnMut(&[u8], &mut Handler<'_>, &mut OwnedUnits) -> PyResult<usize>,
) -> PyResult<(OwnedUnits, usize)> {
    let mut handler = Handler::new(errors);
    let mut out = OwnedUnits::with_capacity(input.len());
    let mut result = decode(input, &mut handler, &mut out);
    let mut base = 0;
    while let Some((whole, from)) = handler.replaced.take() {
        let rest = whole.get(from..).unwrap_or_default().to_vec();
        handler.whole = Some((whole, from));
        base = from;
        result = decode(&rest, &mut handler, &mut out);
    }
    Ok((out, base + result?))
}

/// `UnicodeEncodeError` for part of a text.
pub fn encode_error(text: Units<'_>, problem: Problem) -> PyResult<Obj> {
    let Problem { codec, start, end, reason } = problem;
    protocol::call(
        types().unicode_encode_error.as_obj(),
        &[
            str_obj(codec),
            PyStr::from_slice(text).into_obj(),
            from_i64(start as i64),
            from_i64(end as i64),
            str_obj(reason),
        ],
    )
}

/// `UnicodeDecodeError` for part of the input.
pub fn decode_error(input: &[u8], problem: Problem) -> PyResult<Obj> {
    let Problem { codec, start, end, reason } = problem;
    protocol::call(
        types().unicode_decode_error.as_obj(),
        &[
            str_obj(codec),
            PyBytes::new(input).into_obj(),
            from_i64(start as i64),
            from_i64(end as i64),
            str_obj(reason),
        ],
    )
}

fn raise_made(exception: PyResult<Obj>) -> Raised {
    match exception {
        Ok(exception) => raise(exception),
        Err(raised) => raised,
    }
}

impl DecodeErrors for Handler<'_> {
    type Error = Raised;
    fn undecodable(&mut self, input: &[u8], problem: Problem, out: &mut OwnedUnits) -> PyResult<usize> {
        if let Some(policy) = self.policy {
            if matches!(policy, Policy::XmlCharRefReplace | Policy::NameReplace) {
                return Err(type_error("don't know how to handle UnicodeDecodeError in error callback"));
            }
            return match policy.decode(problem.codec, input, problem.start, problem.end) {
                Some((text, next)) => {
                    out.push_units(text.as_units());
                    Ok(next)
                }
                None => Err(raise_made(decode_error(input, problem))),
            };
        }
        let (exception, base) = match &self.whole {
            Some((whole, base)) => {
                let problem = Problem { start: problem.start + base, end: problem.end + base, ..problem };
                (decode_error(whole, problem)?, *base)
            }
            None => (decode_error(input, problem)?, 0),
        };
        let (replacement, at) = self.call(&exception, "decoding")?;
        let Some(text) = replacement.downcast::<PyStr>() else {
            return Err(type_error("decoding error handler must return (str, int) tuple"));
        };
        let object = protocol::getattr_str(&exception, "object")?;
        let Some(now) = object.downcast::<PyBytes>() else {
            return Err(type_error("object attribute must be bytes"));
        };
        let next = resolved(at, now.len())?;
        out.push_units(text.units());
        let same = match &self.whole {
            Some((whole, _)) => whole.as_slice() == now.as_slice(),
            None => input == now.as_slice(),
        };
        // What was decoded before the replaced input, or before where this decoder began, is of no interest anymore.
        if !same || next < base {
            self.replaced = Some((now.as_slice().to_vec(), next));
            return Err(Raised);
        }
        Ok(next - base)
    }
}

impl EncodeErrors for Handler<'_> {
    type Error = Raised;
    fn unencodable(&mut self, text: Units<'_>, problem: Problem) -> PyResult<(Replacement, usize)> {
        if let Some(policy) = self.policy {
            return match policy.encode(problem.codec, text, problem.start, problem.end) {
                Some(replaced) => Ok(replaced),
                None => Err(raise_made(encode_error(text, problem))),
            };
        }
        let (replacement, at) = self.call(&encode_error(text, problem)?, "encoding")?;
        let next = resolved(at, text.len())?;
        let replacement = if let Some(text) = replacement.downcast::<PyStr>() {
            Replacement::Text(text.units().to_buf())
        } else if let Some(bytes) = replacement.downcast::<PyBytes>() {
            Replacement::Bytes(bytes.as_slice().to_vec())
        } else {
            return Err(type_error("encoding error handler must return (str/bytes, int) tuple"));
        };
        Ok((replacement, next))
    }
    fn raise(&mut self, text: Units<'_>, problem: Problem) -> Raised {
        raise_made(encode_error(text, problem))
    }
}

/// The error of `to_utf8`.
#[cold]
pub fn surrogates_not_allowed(text: &PyStr) -> Raised {
    let units = text.units();
    let start = units.iter().position(|c| (0xd800..0xe000).contains(&c)).unwrap_or(0);
    let run = units.iter().skip(start).take_while(|c| (0xd800..0xe000).contains(c)).count();
    let problem = Problem { codec: "utf-8", start, end: start + run, reason: "surrogates not allowed" };
    raise_made(encode_error(units, problem))
}

/// Encodes with a codec known here.
pub fn encode_with(text: Units<'_>, codec: Codec, errors: &str) -> PyResult<Vec<u8>> {
    let mut handler = Handler::new(errors);
    let mut out = Vec::with_capacity(text.len());
    match codec {
        Codec::Utf8 => utf8::encode(text, &mut handler, &mut out)?,
        Codec::Latin1 => single_byte::encode_latin1(text, &mut handler, &mut out)?,
        Codec::Ascii => single_byte::encode_ascii(text, &mut handler, &mut out)?,
        Codec::Utf16(order) => utf16::encode(text, order, &mut handler, &mut out)?,
        Codec::Utf32(order) => utf32::encode(text, order, &mut handler, &mut out)?,
    }
    Ok(out)
}

/// Decodes with a codec known here; without `last`, an incomplete sequence at the end is left: the number of bytes consumed.
pub fn decode_with(input: &[u8], codec: Codec, errors: &str, last: bool) -> PyResult<(OwnedUnits, usize)> {
    if codec == Codec::Latin1 {
        return Ok((single_byte::decode_latin1(input), input.len()));
    }
    // The byte order that a mark gave holds for an input that replaces the first, too.
    let mut seen = match codec {
        Codec::Utf16(order) | Codec::Utf32(order) => order,
        _ => ByteOrder::Native,
    };
    run_decoder(input, errors, |input, handler, out| match codec {
        Codec::Utf8 => utf8::decode(input, last, handler, out),
        Codec::Latin1 | Codec::Ascii => {
            single_byte::decode_ascii(input, handler, out)?;
            Ok(input.len())
        }
        Codec::Utf16(_) => utf16::decode(input, &mut seen, last, handler, out),
        Codec::Utf32(_) => utf32::decode(input, &mut seen, last, handler, out),
    })
}

/// `text.encode(encoding, errors)`; other codecs may return anything.
pub fn encode(text: &PyStr, encoding: &str, errors: &str) -> PyResult<Obj> {
    check_names(errors)?;
    match Codec::from_name(encoding) {
        Some(Codec::Utf8 | Codec::Latin1 | Codec::Ascii) if text.is_ascii() => {
            Ok(PyBytes::new(text.as_utf8().unwrap_or_default().as_bytes()).into_obj())
        }
        Some(codec) => Ok(PyBytes::from_vec(encode_with(text.units(), codec, errors)?).into_obj()),
        None => (hooks::get()?.encode)(&Py::from_ref(text).into_obj(), encoding, errors),
    }
}

/// Whether names of error handlers are looked up although there is no error (the development mode).
static CHECK_NAMES: AtomicBool = AtomicBool::new(false);

/// Makes unknown names of error handlers an error always.
pub fn check_names_always() {
    CHECK_NAMES.store(true, Ordering::Relaxed);
}

fn check_names(errors: &str) -> PyResult<()> {
    // Relaxed: set once, at start-up.
    if !CHECK_NAMES.load(Ordering::Relaxed) || errors == "strict" || Policy::from_name(errors).is_some() {
        return Ok(());
    }
    (hooks::get()?.codec_error_handler)(errors).map(drop)
}

/// `str(object, encoding, errors)` of a bytes-like object; other codecs may return anything.
pub fn decode_object(object: &Obj, encoding: &str, errors: &str) -> PyResult<Obj> {
    check_names(errors)?;
    match Codec::from_name(encoding) {
        Some(codec) => {
            let decoded = buffer::with_bytes(object, |bytes| {
                if matches!(codec, Codec::Utf8 | Codec::Latin1 | Codec::Ascii) && bytes.is_ascii() {
                    return Ok(PyStr::from_ascii(bytes));
                }
                decode_with(bytes, codec, errors, true).map(|decoded| PyStr::from_units(decoded.0))
            })??;
            Ok(decoded.into_obj())
        }
        None => (hooks::get()?.decode)(object, encoding, errors),
    }
}

/// Decodes UTF-8 strictly.
pub fn decode_utf8(input: &[u8]) -> PyResult<Py<PyStr>> {
    Ok(PyStr::from_units(decode_with(input, Codec::Utf8, "strict", true)?.0))
}

/// What the system's names are in; UTF-8 until start-up says otherwise.
static NAMES: OnceLock<Codec> = OnceLock::new();

/// Has names from and for the system taken as text of the locale's charset, once, at start-up. UTF-8 stays where the charset needs more
/// than the codecs known here.
pub fn set_name_charset(charset: &str) {
    if let Some(codec) =
        Codec::from_name(charset).filter(|codec| matches!(codec, Codec::Latin1 | Codec::Ascii))
    {
        let _ = NAMES.set(codec);
    }
}

fn name_codec() -> Codec {
    NAMES.get().copied().unwrap_or(Codec::Utf8)
}

/// `sys.getfilesystemencoding()`.
pub fn name_encoding() -> &'static str {
    match name_codec() {
        Codec::Latin1 => "iso8859-1",
        Codec::Ascii => "ascii",
        _ => "utf-8",
    }
}

/// A file name or the like from the system: with `surrogateescape`.
pub fn decode_fs(input: &[u8]) -> Py<PyStr> {
    if input.is_ascii() {
        return PyStr::from_ascii(input);
    }
    match decode_with(input, name_codec(), "surrogateescape", true) {
        Ok((text, _)) => PyStr::from_units(text),
        Err(Raised) => {
            drop(take_raised());
            PyStr::new(&String::from_utf8_lossy(input))
        }
    }
}

/// A file name or the like for the system: with `surrogateescape`.
pub fn encode_fs(text: &PyStr) -> PyResult<Vec<u8>> {
    if let Some(text) = text.as_utf8().filter(|_| text.is_ascii()) {
        return Ok(text.as_bytes().to_vec());
    }
    encode_with(text.units(), name_codec(), "surrogateescape")
}

/// A pair for `codecs.utf_8_decode` and the like.
pub fn decoded_pair(text: OwnedUnits, consumed: usize) -> Obj {
    tuple_obj(vec![PyStr::from_units(text).into_obj(), from_i64(consumed as i64)])
}
