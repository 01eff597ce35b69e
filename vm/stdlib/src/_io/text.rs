//! `TextIOWrapper`: text over a buffered stream. Here: the state, construction and reading. Parts: writing, codecs, positions, methods.
//!
//! | state | meaning |
//! | --- | --- |
//! | `decoded[used..]` | read and decoded, not yet given out |
//! | `snapshot` | decoder flags and all input since the decoder was last at a known position: what `decoded` came from |
//! | `pending` | encoded, not yet written to the buffered stream |
//!
//! Python objects (buffer, coders) are in slots of the object; the state itself holds plain data. Buffers and coders that may run Python code
//! are called with the state lent ([`PyTextIOWrapper::ask`]), because that code may use, close or detach this stream.

use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs::Codec;
use taipan_objects::type_object::new_instance;
use taipan_objects::{buffer, istr};
use taipan_text::units::{TextBuf, Units};
use taipan_threading::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::base::stream_class;
use super::buffered::{PyBuffered, buffered_of};
use super::lock::{StreamGuard, StreamLock};
use super::newline::Newlines;
use super::text_codec::{locale_encoding, native_codec, text_codec_info, utf8_mode, warn_of_default};
use super::text_position::buffer_tell;
use super::{class_argument, classes, closed_file, text_methods, this, unsupported};

const NEW: u8 = 0;
const READY: u8 = 1;
const DETACHED: u8 = 2;

const CHUNK: usize = 8192;

/// What the lock guards.
pub struct State {
    pub(super) chunk_size: usize,
    pub(super) errors: String,
    pub(super) decode_native: Option<Codec>,
    pub(super) encode_native: Option<Codec>,
    pub(super) can_read: bool,
    pub(super) can_write: bool,
    /// The tail of the input that a native decoder has not decoded.
    pub(super) undecoded: Vec<u8>,
    /// Any of the three newlines ends a line.
    pub(super) universal: bool,
    pub(super) newlines: Newlines,
    /// What ends a line when reading, if not `\n` and not universal.
    read_newline: Option<&'static str>,
    /// What `\n` becomes when writing.
    pub(super) write_newline: Option<&'static str>,
    pub(super) decoded: TextBuf,
    /// Whether that is all ASCII.
    decoded_ascii: bool,
    pub(super) used: usize,
    pub(super) snapshot: Option<(i64, Vec<u8>)>,
    pub(super) bytes_per_char: f64,
    pub(super) pending: Vec<u8>,
    pub(super) seekable: bool,
    /// Positions can be told: not while iterating.
    pub(super) telling: bool,
    has_read1: bool,
}

/// A text stream.
#[repr(C)]
pub struct PyTextIOWrapper {
    header: Header,
    pub(super) buffer: Slot,
    pub(super) encoding: Slot,
    pub(super) errors: Slot,
    pub(super) encoder: Slot,
    pub(super) decoder: Slot,
    phase: AtomicU8,
    pub(super) finalizing: AtomicBool,
    pub(super) line_buffering: AtomicBool,
    pub(super) write_through: AtomicBool,
    pub(super) lock: StreamLock<State>,
}
layout!(PyTextIOWrapper, "TextIOWrapper", [buffer, encoding, errors, encoder, decoder]);

impl Default for State {
    fn default() -> State {
        State {
            chunk_size: CHUNK,
            errors: "strict".into(),
            decode_native: None,
            encode_native: None,
            can_read: false,
            can_write: false,
            undecoded: Vec::new(),
            universal: false,
            newlines: Newlines::default(),
            read_newline: None,
            write_newline: None,
            decoded: TextBuf::new(),
            decoded_ascii: true,
            used: 0,
            snapshot: None,
            bytes_per_char: 0.0,
            pending: Vec::new(),
            seekable: false,
            telling: false,
            has_read1: false,
        }
    }
}

impl State {
    pub(super) fn left(&self) -> Units<'_> {
        self.decoded.as_units().slice(self.used..self.decoded.len())
    }
    pub(super) fn set_decoded(&mut self, text: TextBuf) {
        self.decoded_ascii = text.as_units().is_ascii();
        self.decoded = text;
        self.used = 0;
    }
    /// The next line, if it is there up to a plain newline and nothing has to be done before.
    fn line_at_hand(&mut self) -> Option<Py<PyStr>> {
        let is_plain = if self.universal { self.newlines.translate } else { self.read_newline.is_none() };
        let Units::Latin1(left) = self.left() else { return None };
        if !is_plain || !self.pending.is_empty() {
            return None;
        }
        let at = memchr::memchr(b'\n', left)?;
        let line = &left[..at + 1];
        let line = if self.decoded_ascii { PyStr::from_ascii(line) } else { PyStr::from_latin1(line) };
        self.used += at + 1;
        self.telling = false;
        Some(line)
    }
    /// Forgets what was read ahead.
    pub(super) fn forget_decoded(&mut self) {
        if !self.decoded.is_empty() {
            self.set_decoded(TextBuf::new());
        }
        self.used = 0;
        self.snapshot = None;
    }
    /// Takes up to `n` characters that were read ahead.
    fn take(&mut self, n: usize, out: &mut TextBuf) -> usize {
        let n = n.min(self.decoded.len() - self.used);
        out.push_units(self.decoded.as_units().slice(self.used..self.used + n));
        self.used += n;
        n
    }
    /// Sets what `newline=` says.
    pub(super) fn set_newline(&mut self, newline: Option<&'static str>) {
        self.universal = matches!(newline, None | Some(""));
        self.newlines = Newlines { translate: newline.is_none(), ..Newlines::default() };
        self.read_newline = newline.filter(|n| !n.is_empty() && *n != "\n");
        self.write_newline = newline.filter(|n| !n.is_empty() && *n != "\n");
    }
    /// The position after the first line end in `text`, given whether what came before ended with `\r`.
    fn line_end(&self, text: Units<'_>, after_cr: bool) -> Option<usize> {
        let find = |code: u8| match text {
            Units::Latin1(s) => memchr::memchr(code, s),
            Units::Ucs2(s) => s.iter().position(|&u| u == u16::from(code)),
            Units::Ucs4(s) => s.iter().position(|&u| u == u32::from(code)),
        };
        if self.universal && !self.newlines.translate {
            let either = match text {
                Units::Latin1(s) => memchr::memchr2(b'\n', b'\r', s),
                _ => text.iter().position(|c| c == 10 || c == 13),
            };
            return either.map(|at| {
                let pair = text.at(at) == 13 && text.get(at + 1) == Some(10);
                at + 1 + usize::from(pair)
            });
        }
        match self.read_newline {
            None => find(b'\n').map(|at| at + 1),
            Some("\r") => find(b'\r').map(|at| at + 1),
            Some(_) => {
                if after_cr && text.get(0) == Some(10) {
                    return Some(1);
                }
                let mut from = 0;
                while let Some(at) = text.slice(from..text.len()).iter().position(|c| c == 13) {
                    if text.get(from + at + 1) == Some(10) {
                        return Some(from + at + 2);
                    }
                    from += at + 1;
                }
                None
            }
        }
    }
}

/// One of the values that `newline=` takes.
pub fn newline_argument(newline: Option<&str>, quoted: bool) -> PyResult<Option<&'static str>> {
    match newline {
        None => Ok(None),
        Some(text) => match ["", "\n", "\r", "\r\n"].into_iter().find(|n| *n == text) {
            Some(known) => Ok(Some(known)),
            None if quoted => Err(value_error(format!("illegal newline value: '{text}'"))),
            None => Err(value_error(format!("illegal newline value: {text}"))),
        },
    }
}

/// The state, its lock taken.
pub(super) type Held<'a> = StreamGuard<'a, State>;

/// An open stream with its lock taken: what the methods work on.
pub(super) struct Entered<'a> {
    pub(super) buffer: Obj,
    pub(super) state: Held<'a>,
}

/// `buffer` as a buffered stream that runs no Python code.
fn native_buffer(buffer: &Obj) -> Option<&PyBuffered> {
    buffered_of(buffer).filter(|stream| stream.closed_quickly().is_some())
}

impl PyTextIOWrapper {
    /// The buffered stream; `ValueError` if there is none (yet, or any more).
    pub(super) fn buffer(&self) -> PyResult<Obj> {
        match self.phase.load(Ordering::Acquire) {
            READY => self.buffer.load().ok_or_else(|| value_error("underlying buffer has been detached")),
            DETACHED => Err(value_error("underlying buffer has been detached")),
            _ => Err(value_error("I/O operation on uninitialized object")),
        }
    }
    pub(super) fn is_closed(&self, buffer: &Obj) -> PyResult<bool> {
        match buffered_of(buffer).and_then(|b| b.closed_quickly()) {
            Some(closed) => Ok(closed),
            None => match super::bytes_io::closed_quickly(buffer) {
                Some(closed) => Ok(closed),
                None => super::base::is_closed(buffer),
            },
        }
    }
    pub(super) fn set_phase_detached(&self) {
        self.phase.store(DETACHED, Ordering::Release);
    }
    pub(super) fn is_detached(&self) -> bool {
        self.phase.load(Ordering::Acquire) == DETACHED
    }
    /// Takes the lock of an open stream.
    pub(super) fn enter<'a>(&'a self, slf: &Obj) -> PyResult<Entered<'a>> {
        let buffer = self.buffer()?;
        if self.is_closed(&buffer)? {
            return Err(closed_file());
        }
        let state = self.lock.enter(slf)?;
        Ok(Entered { buffer, state })
    }
    /// Does what calls the buffered stream: with the state lent if that may run Python code.
    pub(super) fn ask<R>(state: &mut Held<'_>, buffer: &Obj, work: impl FnOnce() -> R) -> R {
        if native_buffer(buffer).is_some() { work() } else { state.outside(work) }
    }
    /// Gives `pending` to the buffered stream.
    pub(super) fn write_pending(&self, state: &mut Held<'_>, buffer: &Obj) -> PyResult<()> {
        if state.pending.is_empty() {
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut state.pending);
        if let Some(stream) = native_buffer(buffer) {
            let result = stream.write_bytes(buffer, &bytes);
            bytes.clear();
            if bytes.capacity() <= 1 << 16 {
                state.pending = bytes;
            }
            return result.map(drop);
        }
        state.outside(|| match buffered_of(buffer) {
            Some(stream) => stream.write_bytes(buffer, &bytes).map(drop),
            None => call_method(buffer, &istr!("write"), &[PyBytes::from_vec(bytes).into_obj()]).map(drop),
        })
    }
    /// Flushes the buffered stream, without what is pending here.
    pub(super) fn flush_buffer(&self, buffer: &Obj) -> PyResult<()> {
        match buffered_of(buffer) {
            Some(stream) => stream.flush(buffer),
            None => call_method(buffer, &istr!("flush"), &[]).map(drop),
        }
    }
    /// Reads bytes from the buffered stream, at most `room` or all.
    fn read_bytes(&self, state: &mut Held<'_>, buffer: &Obj, room: Option<usize>) -> PyResult<Vec<u8>> {
        let has_read1 = state.has_read1;
        PyTextIOWrapper::ask(state, buffer, || self.read_from(buffer, has_read1, room))
    }
    fn read_from(&self, buffer: &Obj, has_read1: bool, room: Option<usize>) -> PyResult<Vec<u8>> {
        if let Some(stream) = buffered_of(buffer).filter(|b| b.is_reading()) {
            return match room {
                Some(room) => stream.read1_vec(buffer, room),
                None => stream.read_all(buffer)?.ok_or_else(nothing_yet),
            };
        }
        let data = match room {
            Some(room) if has_read1 => call_method(buffer, &istr!("read1"), &[int_obj(room as i64)])?,
            Some(room) => call_method(buffer, &istr!("read"), &[int_obj(room as i64)])?,
            None => call_method(buffer, &istr!("read"), &[])?,
        };
        if room.is_none() && taipan_objects::singletons::is_none(&data) {
            return Err(nothing_yet());
        }
        if !buffer::has_buffer(&data) {
            let method = if room.is_some() && has_read1 { "read1" } else { "read" };
            return Err(type_error(format!(
                "underlying {method}() should have returned a bytes-like object, not '{}'",
                class_of(&data).name()
            )));
        }
        buffer::to_vec(&data)
    }
    /// Reads and decodes the next chunk; false at the end.
    fn read_chunk(&self, state: &mut Held<'_>, buffer: &Obj, characters: usize) -> PyResult<bool> {
        let before = if state.telling { Some(self.decoder_state(state)?) } else { None };
        let hint = if state.bytes_per_char > 0.0 && characters > 0 {
            ((state.bytes_per_char.max(1.0) * characters as f64) as usize).min(1 << 30)
        } else {
            0
        };
        let room = state.chunk_size.max(hint);
        let input = self.read_bytes(state, buffer, Some(room))?;
        let at_end = input.is_empty();
        let text = self.decode(state, &input, at_end)?;
        let count = text.len();
        state.set_decoded(text);
        state.bytes_per_char = if count > 0 { input.len() as f64 / count as f64 } else { 0.0 };
        if let Some((mut bytes, flags)) = before {
            bytes.extend_from_slice(&input);
            state.snapshot = Some((flags, bytes));
        }
        Ok(!at_end || count > 0)
    }
    fn start_reading(&self, state: &mut Held<'_>, buffer: &Obj) -> PyResult<()> {
        if !state.can_read {
            return Err(unsupported("not readable"));
        }
        if state.pending.is_empty() {
            return Ok(());
        }
        self.write_pending(state, buffer)?;
        self.buffer().map(drop)
    }
    /// The next line for who iterates, if it is decoded already, up to a plain newline, and nothing has to be done before.
    pub(super) fn line_at_hand(&self, slf: &Obj) -> PyResult<Option<Py<PyStr>>> {
        if self.phase.load(Ordering::Acquire) != READY {
            return Ok(None);
        }
        let is_open = |buffer: &Obj| buffered_of(buffer).and_then(PyBuffered::closed_quickly) == Some(false);
        // SAFETY: looks at what the two streams know.
        let is_open = match unsafe { self.buffer.lend_alone() } {
            Some(buffer) => is_open(&buffer),
            None => self.buffer.load_uncounted().is_some_and(|buffer| is_open(&buffer)),
        };
        if !is_open {
            return Ok(None);
        }
        match self.lock.alone(State::line_at_hand) {
            Some(line) => Ok(line),
            None => Ok(self.lock.enter(slf)?.line_at_hand()),
        }
    }
    /// The next line, of at most `limit` characters; empty at the end.
    pub(super) fn read_line(
        &self,
        state: &mut Held<'_>,
        buffer: &Obj,
        limit: Option<usize>,
    ) -> PyResult<Py<PyStr>> {
        self.start_reading(state, buffer)?;
        let mut line: Option<TextBuf> = None;
        loop {
            if state.used == state.decoded.len() {
                let mut more = true;
                while more && state.used == state.decoded.len() {
                    more = self.read_chunk(state, buffer, 0)?;
                }
                if !more {
                    state.forget_decoded();
                    break;
                }
            }
            let have = line.as_ref().map_or(0, TextBuf::len);
            let after_cr = line.as_ref().is_some_and(|l| !l.is_empty() && l.as_units().at(l.len() - 1) == 13);
            let left = state.left();
            let found = state.line_end(left, after_cr);
            let mut end = found.unwrap_or(left.len());
            let mut complete = found.is_some();
            if let Some(limit) = limit
                && have + end >= limit
            {
                end = limit - have;
                complete = true;
            }
            let part = left.slice(0..end);
            if complete && have == 0 {
                let result = PyStr::from_slice(part);
                state.used += end;
                return Ok(result);
            }
            line.get_or_insert_with(TextBuf::new).push_units(part);
            state.used += end;
            if complete {
                break;
            }
        }
        Ok(PyStr::from_units(line.unwrap_or_default()))
    }
    /// Up to `count` characters.
    pub(super) fn read_characters(
        &self,
        state: &mut Held<'_>,
        buffer: &Obj,
        count: usize,
    ) -> PyResult<Py<PyStr>> {
        self.start_reading(state, buffer)?;
        let mut out = TextBuf::new();
        let mut missing = count - state.take(count, &mut out);
        while missing > 0 {
            if !self.read_chunk(state, buffer, missing)? {
                break;
            }
            missing -= state.take(missing, &mut out);
        }
        Ok(PyStr::from_units(out))
    }
    /// Everything that is left.
    pub(super) fn read_rest(&self, state: &mut Held<'_>, buffer: &Obj) -> PyResult<Py<PyStr>> {
        self.start_reading(state, buffer)?;
        let bytes = self.read_bytes(state, buffer, None)?;
        let text = self.decode(state, &bytes, true)?;
        let result = if state.used == state.decoded.len() {
            text
        } else {
            let mut all = state.left().to_buf();
            all.push_units(text.as_units());
            all
        };
        state.forget_decoded();
        Ok(PyStr::from_units(result))
    }
    /// Sets codecs and error handler.
    pub(super) fn set_codecs(&self, state: &mut Held<'_>, encoding: &str, errors: &str) -> PyResult<()> {
        let native = native_codec(encoding);
        state.errors = errors.to_owned();
        (state.decode_native, state.encode_native) = (native, native);
        drop(self.decoder.take());
        drop(self.encoder.take());
        state.undecoded.clear();
        if native.is_none() {
            let info = text_codec_info(encoding)?;
            let errors = str_obj(errors);
            if state.can_read {
                self.decoder.store(call_method_str(&info, "incrementaldecoder", &[errors.clone()])?);
            }
            if state.can_write {
                self.encoder.store(call_method_str(&info, "incrementalencoder", &[errors])?);
            }
        }
        Ok(())
    }
    /// Sets what depends on the position, after codecs or buffer were set.
    pub(super) fn begin(&self, state: &mut Held<'_>, buffer: &Obj) -> PyResult<()> {
        if state.seekable && state.can_write {
            let at = PyTextIOWrapper::ask(state, buffer, || buffer_tell(buffer))?;
            if at != 0 {
                self.reset_encoder(state, false)?;
            }
        }
        Ok(())
    }
}

/// A stream that does not block has nothing yet.
#[cold]
fn nothing_yet() -> Raised {
    raise_message(&types().blocking_io_error, "Read returned None.")
}

/// What `TextIOWrapper(...)` is given.
pub struct Settings<'a> {
    pub encoding: Option<&'a str>,
    pub errors: Option<&'a str>,
    pub newline: Option<&'a str>,
    pub line_buffering: bool,
    pub write_through: bool,
}

fn text_without_nul(text: Option<&str>) -> PyResult<()> {
    match text {
        Some(text) if text.contains('\0') => Err(value_error("embedded null character")),
        _ => Ok(()),
    }
}

/// Puts the stream over `buffer`.
pub(super) fn initialize(slf: &Obj, buffer: &Obj, settings: &Settings<'_>) -> PyResult<()> {
    let this = this::<PyTextIOWrapper>(slf)?;
    this.phase.store(NEW, Ordering::Release);
    text_without_nul(settings.encoding)?;
    text_without_nul(settings.errors)?;
    let newline = newline_argument(settings.newline, false)?;
    let encoding = match settings.encoding {
        None if utf8_mode() => "utf-8".to_owned(),
        None | Some("locale") => locale_encoding(),
        Some(encoding) => encoding.to_owned(),
    };
    if settings.encoding.is_none() {
        warn_of_default(1)?;
    }
    let errors = settings.errors.unwrap_or("strict");
    if taipan_vm::sys::config::settings().dev_mode {
        crate::_codecs::error_handler(errors)?;
    }
    let says = |method: &'static str| -> PyResult<bool> { is_true(&call_method_str(buffer, method, &[])?) };
    // An unknown encoding is reported before the buffer is asked anything.
    if native_codec(&encoding).is_none() {
        text_codec_info(&encoding)?;
    }
    let (can_read, can_write) = (says("readable")?, says("writable")?);
    let seekable = says("seekable")?;
    let has_read1 = buffered_of(buffer).is_some() || hasattr(buffer, &istr!("read1"))?;
    let mut state = this.lock.enter(slf)?;
    *state = State { can_read, can_write, seekable, telling: seekable, has_read1, ..State::default() };
    state.set_newline(newline);
    this.set_codecs(&mut state, &encoding, errors)?;
    this.encoding.store(str_obj(&encoding));
    this.errors.store(str_obj(errors));
    this.line_buffering.store(settings.line_buffering, Ordering::Relaxed);
    this.write_through.store(settings.write_through, Ordering::Relaxed);
    this.buffer.store(buffer.clone());
    super::base::note_wrapped(buffer, true);
    this.begin(&mut state, buffer)?;
    this.phase.store(READY, Ordering::Release);
    Ok(())
}

/// A new stream over `buffer`, for `open` and the standard streams.
pub fn create(buffer: &Obj, settings: &Settings<'_>) -> PyResult<Obj> {
    let stream = new(classes().text_io_wrapper.as_obj(), &taipan_objects::native::Args::EMPTY)?;
    initialize(&stream, buffer, settings)?;
    Ok(stream)
}

fn new(class: &Obj, _args: &taipan_objects::native::Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyTextIOWrapper>(class)?;
    let stream = new_instance(class, |header| PyTextIOWrapper {
        header,
        buffer: Slot::empty(),
        encoding: Slot::empty(),
        errors: Slot::empty(),
        encoder: Slot::empty(),
        decoder: Slot::empty(),
        phase: AtomicU8::new(NEW),
        finalizing: AtomicBool::new(false),
        line_buffering: AtomicBool::new(false),
        write_through: AtomicBool::new(false),
        lock: StreamLock::new(State::default()),
    });
    Ok(stream.into_obj())
}

#[taipan_objects::native::pyargs(
    name = "TextIOWrapper",
    sig = "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)"
)]
fn init(
    slf: &Obj,
    buffer: &Obj,
    encoding: Option<&str>,
    errors: Option<&str>,
    newline: Option<&str>,
    line_buffering: Option<bool>,
    write_through: Option<bool>,
) -> PyResult<()> {
    let settings = Settings {
        encoding,
        errors,
        newline,
        line_buffering: line_buffering.unwrap_or(false),
        write_through: write_through.unwrap_or(false),
    };
    initialize(slf, buffer, &settings)
}

pub fn make_class(base: &Py<PyType>) -> Py<PyType> {
    let slots = TypeSlots {
        new: Some(new),
        init: Some(init),
        repr: Some(text_methods::repr),
        iternext: Some(text_methods::next_line),
        ..TypeSlots::EMPTY
    };
    stream_class("_io.TextIOWrapper", <PyTextIOWrapper as taipan_objects::Object>::ops())
        .base(base)
        .slots(slots)
        .methods(<PyTextIOWrapper as taipan_objects::native::NativeMethods>::methods())
        .getset(<PyTextIOWrapper as taipan_objects::native::NativeMethods>::getset())
        .made_by_object()
        .text_signature("(buffer, encoding=None, errors=None, newline=None,\n              line_buffering=False, write_through=False)")
        .doc("Character and line based layer over a BufferedIOBase object, buffer.\n\nencoding gives the name of the encoding that the stream will be\ndecoded or encoded with. It defaults to locale.getencoding().\n\nerrors determines the strictness of encoding and decoding (see\nhelp(codecs.Codec) or the documentation for codecs.register) and\ndefaults to \"strict\".\n\nnewline controls how line endings are handled. It can be None, '',\n'\\n', '\\r', and '\\r\\n'.")
        .make()
}
