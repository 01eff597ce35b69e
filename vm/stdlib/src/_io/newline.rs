//! Universal newlines: the translation itself, for text streams, and `IncrementalNewlineDecoder` around it.
//!
//! Invariant: a `\r` at the end of a piece that is not the last is kept back, so that `\r\n` never falls apart between two pieces.

use parking_lot::Mutex;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::units::{TextBuf, Units};

use super::{class_argument, this};

const CR: u8 = 1;
const LF: u8 = 2;
const CRLF: u8 = 4;

/// What has been seen, and what is kept back.
#[derive(Clone, Copy, Default)]
pub struct Newlines {
    /// `\r` and `\r\n` become `\n`.
    pub translate: bool,
    pub pending_cr: bool,
    pub(super) seen: u8,
}

/// Whether a code point occurs.
pub fn contains(units: Units<'_>, code: u8) -> bool {
    match units {
        Units::Latin1(s) => memchr::memchr(code, s).is_some(),
        Units::Ucs2(s) => s.contains(&code.into()),
        Units::Ucs4(s) => s.contains(&code.into()),
    }
}

impl Newlines {
    /// Treats the next piece of text; `last`: nothing follows.
    pub fn process(&mut self, mut text: TextBuf, last: bool) -> TextBuf {
        if self.pending_cr && (last || !text.is_empty()) {
            let mut joined = TextBuf::with_capacity(text.len() + 1);
            joined.push(u32::from(b'\r'));
            joined.push_units(text.as_units());
            text = joined;
            self.pending_cr = false;
        }
        if !last && !text.is_empty() && text.as_units().at(text.len() - 1) == u32::from(b'\r') {
            text.truncate(text.len() - 1);
            self.pending_cr = true;
        }
        if !contains(text.as_units(), b'\r') {
            if self.seen & LF == 0 && contains(text.as_units(), b'\n') {
                self.seen |= LF;
            }
            return text;
        }
        if let Units::Latin1(bytes) = text.as_units() {
            let translated = self.narrow(bytes);
            return translated.unwrap_or(text);
        }
        let mut out = TextBuf::with_capacity(text.len());
        let units = text.as_units();
        let mut at = 0;
        while at < units.len() {
            let code = units.at(at);
            at += 1;
            if code == u32::from(b'\r') {
                let pair = units.get(at) == Some(u32::from(b'\n'));
                self.seen |= if pair { CRLF } else { CR };
                at += usize::from(pair);
                out.push(u32::from(b'\n'));
                continue;
            }
            if code == u32::from(b'\n') {
                self.seen |= LF;
            }
            out.push(code);
        }
        if self.translate { out } else { text }
    }
    /// [`Newlines::process`] of narrow text that has a `\r`; `None`: it stays as it is.
    fn narrow(&mut self, bytes: &[u8]) -> Option<TextBuf> {
        let mut out = self.translate.then(|| TextBuf::with_capacity(bytes.len()));
        let mut done = 0;
        for at in memchr::memchr_iter(b'\r', bytes) {
            let span = &bytes[done..at];
            if self.seen & LF == 0 && memchr::memchr(b'\n', span).is_some() {
                self.seen |= LF;
            }
            let pair = bytes.get(at + 1) == Some(&b'\n');
            self.seen |= if pair { CRLF } else { CR };
            if let Some(out) = &mut out {
                out.push_units(Units::Latin1(span));
                out.push(u32::from(b'\n'));
            }
            done = at + 1 + usize::from(pair);
        }
        let rest = bytes.get(done..).unwrap_or_default();
        if self.seen & LF == 0 && memchr::memchr(b'\n', rest).is_some() {
            self.seen |= LF;
        }
        if let Some(out) = &mut out {
            out.push_units(Units::Latin1(rest));
        }
        out
    }
    /// The attribute `newlines`.
    pub fn seen(&self) -> Obj {
        let all: Vec<Obj> = [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")]
            .into_iter()
            .filter(|(bit, _)| self.seen & bit != 0)
            .map(|(_, text)| str_obj(text))
            .collect();
        match all.as_slice() {
            [] => none(),
            [one] => one.clone(),
            _ => tuple_obj(all),
        }
    }
    pub fn reset(&mut self) {
        self.seen = 0;
        self.pending_cr = false;
    }
}

/// `IncrementalNewlineDecoder`.
#[repr(C)]
pub struct PyNewlineDecoder {
    header: Header,
    decoder: Slot,
    state: Mutex<Newlines>,
}
layout!(PyNewlineDecoder, "IncrementalNewlineDecoder", [decoder]);

impl PyNewlineDecoder {
    /// The decoder below; `None` if text comes decoded already.
    fn decoder(&self) -> PyResult<Option<Obj>> {
        match self.decoder.load() {
            Some(decoder) if is_none(&decoder) => Ok(None),
            Some(decoder) => Ok(Some(decoder)),
            None => Err(value_error("IncrementalNewlineDecoder.__init__() not called")),
        }
    }
}

/// `(buffer, flag)` as decoders' `getstate` gives it.
pub fn state_pair(state: &Obj) -> PyResult<(Obj, i64)> {
    let Some(pair) = state.downcast::<PyTuple>() else { return Err(type_error("illegal decoder state")) };
    let [buffer, flag] = pair.as_slice() else { return Err(type_error("illegal decoder state")) };
    match int::int_ref(flag).and_then(|f| f.to_i64()) {
        Some(flag) => Ok((buffer.clone(), flag)),
        None => Err(type_error("illegal decoder state")),
    }
}

#[pymethods(class = "_io.IncrementalNewlineDecoder")]
impl PyNewlineDecoder {
    #[pymethod(sig = "(input, final=False)")]
    fn decode(&self, input: &Obj, last: Option<bool>) -> PyResult<Obj> {
        let last = last.unwrap_or(false);
        let output = match self.decoder()? {
            Some(decoder) => call_method_str(&decoder, "decode", &[input.clone(), bool_obj(last)])?,
            None => input.clone(),
        };
        let Some(text) = output.downcast::<PyStr>() else {
            return Err(type_error(format!(
                "decoder should return a string result, not '{}'",
                class_of(&output).name()
            )));
        };
        let text = text.units().to_buf();
        let result = self.state.lock().process(text, last);
        Ok(PyStr::from_units(result).into_obj())
    }
    #[pymethod]
    fn getstate(&self) -> PyResult<Obj> {
        let (buffer, flag) = match self.decoder()? {
            Some(decoder) => state_pair(&call_method_str(&decoder, "getstate", &[])?)?,
            None => (bytes_obj(b""), 0),
        };
        let pending = self.state.lock().pending_cr;
        Ok(tuple_obj(vec![buffer, int_obj(flag << 1 | i64::from(pending))]))
    }
    #[pymethod]
    fn setstate(&self, state: &Obj) -> PyResult<()> {
        if !state.is_layout::<PyTuple>() {
            return Err(type_error("state argument must be a tuple"));
        }
        let decoder = self.decoder()?;
        let (buffer, flag) = state_pair(state)?;
        self.state.lock().pending_cr = flag & 1 != 0;
        if let Some(decoder) = decoder {
            call_method_str(&decoder, "setstate", &[tuple_obj(vec![buffer, int_obj(flag >> 1)])])?;
        }
        Ok(())
    }
    #[pymethod]
    fn reset(&self) -> PyResult<()> {
        let decoder = self.decoder()?;
        self.state.lock().reset();
        if let Some(decoder) = decoder {
            call_method_str(&decoder, "reset", &[])?;
        }
        Ok(())
    }
    #[pygetset]
    fn newlines(&self) -> PyResult<Obj> {
        self.decoder()?;
        Ok(self.state.lock().seen())
    }
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyNewlineDecoder>(class)?;
    let make =
        |header| PyNewlineDecoder { header, decoder: Slot::empty(), state: Mutex::new(Newlines::default()) };
    Ok(new_instance(class, make).into_obj())
}

#[pyargs(name = "IncrementalNewlineDecoder", sig = "(decoder, translate, errors='strict')")]
fn init(slf: &Obj, decoder: &Obj, translate: bool, errors: Option<&Obj>) -> PyResult<()> {
    let _ = errors;
    let this = this::<PyNewlineDecoder>(slf)?;
    *this.state.lock() = Newlines { translate, ..Newlines::default() };
    this.decoder.store(decoder.clone());
    Ok(())
}

pub fn make_class() -> Py<PyType> {
    TypeBuilder::new("_io.IncrementalNewlineDecoder", <PyNewlineDecoder as taipan_objects::Object>::ops())
        .slots(TypeSlots { new: Some(new), init: Some(init), ..TypeSlots::EMPTY })
        .methods(PyNewlineDecoder::methods())
        .getset(PyNewlineDecoder::getset())
        .made_by_object()
        .text_signature("(decoder, translate, errors='strict')")
        .doc("Codec used when reading a file in universal newlines mode.\n\nIt wraps another incremental decoder, translating \\r\\n and \\r into \\n.\nIt also records the types of newlines encountered.  When used with\ntranslate=False, it ensures that the newline sequence is returned in\none piece. When used with decoder=None, it expects unicode strings as\ndecode input and translates newlines without first invoking an external\ndecoder.")
        .make()
}
