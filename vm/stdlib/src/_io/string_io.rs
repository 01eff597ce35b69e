//! `StringIO`: a text file in memory.
//!
//! Nothing here runs Python code or blocks, so a plain mutex around the state is enough; arguments are converted before it is taken.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::shape;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::new_instance;
use taipan_text::units::{TextBuf, Units};

use super::base::stream_class;
use super::newline::{Newlines, contains};
use super::text::newline_argument;
use super::{Size, class_argument, classes, this};

#[derive(Default)]
struct State {
    text: TextBuf,
    /// In characters; may lie beyond the end.
    position: usize,
    ready: bool,
    closed: bool,
    newline: Option<&'static str>,
    newlines: Newlines,
}

/// A text file in memory.
#[repr(C)]
pub struct PyStringIO {
    header: Header,
    state: ShortMutex<State>,
}
layout!(PyStringIO, "StringIO");

/// The greatest position.
const MOST: usize = isize::MAX as usize;
/// Texts of so many characters could not be kept at four bytes each.
const MOST_ROOM: usize = usize::MAX / 4;

/// Why nothing was written.
enum Full {
    Position,
    Room,
    Memory,
}

impl Full {
    fn raise(self) -> Raised {
        match self {
            Full::Position => overflow_error("new position too large"),
            Full::Room => overflow_error("new buffer size too large"),
            Full::Memory => memory_error(),
        }
    }
}

impl State {
    fn reads_universal(&self) -> bool {
        matches!(self.newline, None | Some(""))
    }
    /// Writes at the position, with newlines translated as `newline=` says.
    fn put(&mut self, text: Units<'_>) -> Result<(), Full> {
        let mut translated;
        let mut units = text;
        if self.reads_universal() {
            translated = self.newlines.process(text.to_buf(), true);
            units = translated.as_units();
        }
        if let Some(newline @ ("\r" | "\r\n")) = self.newline
            && contains(units, b'\n')
        {
            let mut out = TextBuf::with_capacity(units.len() + 8);
            for code in units.iter() {
                if code == 10 { out.push_str(newline) } else { out.push(code) }
            }
            translated = out;
            units = translated.as_units();
        }
        let len = self.text.len();
        let end = self.position.checked_add(units.len()).filter(|end| *end <= MOST);
        let end = end.ok_or(Full::Position)?;
        if end > len && end >= MOST_ROOM {
            return Err(Full::Room);
        }
        if self.position >= len {
            let widest = if units.width() == 1 { 0 } else { units.max_code() };
            if !self.text.try_reserve(end - len, widest) {
                return Err(Full::Memory);
            }
            self.text.push_repeated(0, self.position - len);
            self.text.push_units(units);
        } else {
            let old = self.text.as_units();
            let parts = [old.slice(0..self.position), units, old.slice(end.min(len)..len)];
            let widest = parts.iter().map(|part| part.max_code()).max().unwrap_or(0);
            let mut out = TextBuf::new();
            if !out.try_reserve(len.max(end), widest) {
                return Err(Full::Memory);
            }
            parts.iter().for_each(|part| out.push_units(*part));
            self.text = out;
        }
        self.position = end;
        Ok(())
    }
    fn take(&mut self, size: isize) -> Py<PyStr> {
        let len = self.text.len();
        let start = self.position.min(len);
        let end = usize::try_from(size).map_or(len, |n| start.saturating_add(n).min(len));
        if self.position <= len {
            self.position = end;
        }
        PyStr::from_slice(self.text.as_units().slice(start..end))
    }
    fn take_line(&mut self, size: isize) -> Py<PyStr> {
        let len = self.text.len();
        let start = self.position.min(len);
        let limit = usize::try_from(size).map_or(len, |n| start.saturating_add(n).min(len));
        let left = self.text.as_units().slice(start..limit);
        let find = |code: u32| match left {
            Units::Latin1(s) => memchr::memchr(code as u8, s),
            _ => left.iter().position(|c| c == code),
        };
        let end = match self.newline {
            Some("") => match left {
                Units::Latin1(s) => memchr::memchr2(b'\n', b'\r', s),
                _ => left.iter().position(|c| c == 10 || c == 13),
            }
            .map(|at| {
                let pair = left.at(at) == 13 && left.get(at + 1) == Some(10);
                at + 1 + usize::from(pair)
            }),
            Some("\r") => find(13).map(|at| at + 1),
            Some("\r\n") => {
                (0..left.len()).find(|&at| left.at(at) == 13 && left.get(at + 1) == Some(10)).map(|at| at + 2)
            }
            _ => find(10).map(|at| at + 1),
        };
        let end = start + end.unwrap_or(left.len());
        if self.position <= len {
            self.position = end;
        }
        PyStr::from_slice(self.text.as_units().slice(start..end))
    }
}

impl PyStringIO {
    /// Runs `f` on the state of an open file.
    fn open<R>(&self, f: impl FnOnce(&mut State) -> PyResult<R>) -> PyResult<R> {
        let mut state = self.state.lock();
        let message = match (state.ready, state.closed) {
            (false, _) => "I/O operation on uninitialized object",
            (true, true) => "I/O operation on closed file",
            _ => return f(&mut state),
        };
        drop(state);
        Err(value_error(message))
    }
}

fn no_relative_seeks() -> Raised {
    raise_message(&types().os_error, "Can't do nonzero cur-relative seeks")
}

#[pymethods(class = "_io.StringIO")]
impl PyStringIO {
    /// Retrieve the entire contents of the object.
    #[pymethod]
    fn getvalue(&self) -> PyResult<Py<PyStr>> {
        self.open(|state| Ok(PyStr::from_slice(state.text.as_units())))
    }
    /// Tell the current file position.
    #[pymethod]
    fn tell(&self) -> PyResult<usize> {
        self.open(|state| Ok(state.position))
    }
    /// Read at most size characters, returned as a string.
    #[pymethod(sig = "(size=-1, /)")]
    fn read(&self, size: Option<Size>) -> PyResult<Py<PyStr>> {
        self.open(|state| Ok(state.take(size.map_or(-1, |s| s.0))))
    }
    /// Read until newline or EOF.
    #[pymethod(sig = "(size=-1, /)")]
    fn readline(&self, size: Option<Size>) -> PyResult<Py<PyStr>> {
        self.open(|state| Ok(state.take_line(size.map_or(-1, |s| s.0))))
    }
    /// Write string to file.
    #[pymethod]
    fn write(&self, s: &Obj) -> PyResult<usize> {
        let Some(text) = s.downcast::<PyStr>() else {
            return Err(type_error(format!("string argument expected, got '{}'", class_of(s).name())));
        };
        let put = |state: &mut State| if text.is_empty() { Ok(()) } else { state.put(text.units()) };
        // Raised without the lock.
        self.open(|state| Ok(put(state)))?.map_err(Full::raise)?;
        Ok(text.len())
    }
    /// Truncate size to pos.
    #[pymethod(sig = "(pos=None, /)")]
    fn truncate(&self, pos: Option<&Obj>) -> PyResult<usize> {
        let size = match pos.filter(|p| !is_none(p)) {
            Some(pos) => Some(Size::from_arg(pos)?.0),
            None => None,
        };
        if let Some(size) = size.filter(|s| *s < 0) {
            return Err(value_error(format!("Negative size value {size}")));
        }
        self.open(|state| {
            let size = size.map_or(state.position, |s| s as usize);
            if size < state.text.len() {
                state.text.truncate(size);
            }
            Ok(size)
        })
    }
    /// Change stream position.
    #[pymethod(sig = "(pos, whence=0, /)")]
    fn seek(&self, pos: isize, whence: Option<i32>) -> PyResult<usize> {
        let whence = whence.unwrap_or(0);
        self.open(|_| Ok(()))?;
        match whence {
            0 if pos < 0 => return Err(value_error(format!("Negative seek position {pos}"))),
            1 | 2 if pos != 0 => return Err(no_relative_seeks()),
            0..=2 => {}
            _ => return Err(value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)"))),
        }
        self.open(|state| {
            state.position = match whence {
                0 => pos as usize,
                1 => state.position,
                _ => state.text.len(),
            };
            Ok(state.position)
        })
    }
    /// Close the IO object.
    #[pymethod]
    fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.text = TextBuf::new();
    }
    /// Returns True if the IO object can be read.
    #[pymethod]
    fn readable(&self) -> PyResult<bool> {
        self.open(|_| Ok(true))
    }
    /// Returns True if the IO object can be written.
    #[pymethod]
    fn writable(&self) -> PyResult<bool> {
        self.open(|_| Ok(true))
    }
    /// Returns True if the IO object can be seeked.
    #[pymethod]
    fn seekable(&self) -> PyResult<bool> {
        self.open(|_| Ok(true))
    }
    #[pymethod]
    fn __getstate__(slf: &Obj) -> PyResult<Obj> {
        let this = this::<PyStringIO>(slf)?;
        let (text, newline, position) =
            this.open(|state| Ok((PyStr::from_slice(state.text.as_units()), state.newline, state.position)))?;
        let attributes = shape::attributes(slf)?;
        let dict = if attributes.is_empty() { none() } else { shape::dict_of(slf)?.copy().into_obj() };
        let newline = newline.map_or_else(none, str_obj);
        Ok(tuple_obj(vec![text.into_obj(), newline, int_obj(position as i64), dict]))
    }
    #[pymethod(name = "__setstate__")]
    fn setstate(slf: &Obj, state: &Obj) -> PyResult<()> {
        let this = this::<PyStringIO>(slf)?;
        let wrong = || {
            let (class, got) = (class_of(slf).full_name(), class_of(state).full_name());
            type_error(format!("{class}.__setstate__ argument should be 4-tuple, got {got}"))
        };
        let items = state.downcast::<PyTuple>().ok_or_else(wrong)?;
        let [text, newline, position, dict] = items.as_slice() else { return Err(wrong()) };
        if this.state.lock().closed {
            return Err(super::closed_file());
        }
        initialize(this, None, newline_of(Some(newline))?)?;
        let text = match text.downcast::<PyStr>() {
            Some(text) => text.units().to_buf(),
            None => return Err(type_error("initial_value must be str or None")),
        };
        let position = index_word_or(position, &types().overflow_error)?;
        let Ok(position) = usize::try_from(position) else {
            return Err(value_error("position value cannot be negative"));
        };
        {
            let mut inner = this.state.lock();
            inner.text = text;
            inner.position = position;
        }
        if !is_none(dict) {
            shape::dict_of(slf)?.update_from(dict)?;
        }
        Ok(())
    }
    #[pygetset]
    fn closed(&self) -> PyResult<bool> {
        let state = self.state.lock();
        let (ready, closed) = (state.ready, state.closed);
        drop(state);
        if ready { Ok(closed) } else { Err(value_error("I/O operation on uninitialized object")) }
    }
    #[pygetset]
    fn line_buffering(&self) -> PyResult<bool> {
        self.open(|_| Ok(false))
    }
    #[pygetset]
    fn newlines(&self) -> PyResult<Obj> {
        let (universal, newlines) = self.open(|state| Ok((state.reads_universal(), state.newlines)))?;
        Ok(if universal { newlines.seen() } else { none() })
    }
}

/// The `newline` argument; `\n` if it is left out.
fn newline_of(newline: Option<&Obj>) -> PyResult<Option<&'static str>> {
    match newline {
        None => Ok(Some("\n")),
        Some(newline) if is_none(newline) => Ok(None),
        Some(newline) => match newline.downcast::<PyStr>() {
            Some(text) => newline_argument(Some(&text.to_utf8()?), true),
            None => Err(type_error(format!("newline must be str or None, not {}", class_of(newline).name()))),
        },
    }
}

fn initialize(this: &PyStringIO, text: Option<&PyStr>, newline: Option<&'static str>) -> PyResult<()> {
    let newlines = Newlines { translate: newline.is_none(), ..Newlines::default() };
    let mut state = State { ready: true, newline, newlines, ..State::default() };
    if let Some(text) = text {
        state.put(text.units()).map_err(Full::raise)?;
        state.position = 0;
    }
    *this.state.lock() = state;
    Ok(())
}

#[pyargs(name = "StringIO", sig = "(initial_value='', newline='\\n')")]
fn init(slf: &Obj, initial_value: Option<&Obj>, newline: Option<&Obj>) -> PyResult<()> {
    let this = this::<PyStringIO>(slf)?;
    let newline = newline_of(newline)?;
    let text = match initial_value.filter(|v| !is_none(v)) {
        None => None,
        Some(value) => match value.downcast::<PyStr>() {
            Some(text) => Some(text),
            None => {
                let name = class_of(value).name();
                return Err(type_error(format!("initial_value must be str or None, not {name}")));
            }
        },
    };
    initialize(this, text, newline)
}

/// Only subclasses may have a `close` that matters.
fn finalize(obj: &Obj) -> PyResult<()> {
    if class_of(obj).is(&classes().string_io) { Ok(()) } else { super::base::finalize(obj) }
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyStringIO>(class)?;
    Ok(new_instance(class, |header| PyStringIO { header, state: ShortMutex::new(State::default()) })
        .into_obj())
}

fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = this::<PyStringIO>(obj)?;
    let line = if class_of(obj).is(&classes().string_io) {
        this.open(|state| Ok(state.take_line(-1)))?.into_obj()
    } else {
        let line = call_method_str(obj, "readline", &[])?;
        if !line.is_layout::<PyStr>() {
            let name = class_of(&line).name();
            let message = format!("readline() should have returned a str object, not '{name}'");
            return Err(raise_message(&types().os_error, message));
        }
        line
    };
    Ok(if len(&line)? == 0 { None } else { Some(line) })
}

pub fn make_class(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io.StringIO", <PyStringIO as taipan_objects::Object>::ops())
        .base(base)
        .slots(TypeSlots { new: Some(new), init: Some(init), iternext: Some(next), del: Some(finalize), ..TypeSlots::EMPTY })
        .methods(PyStringIO::methods())
        .getset(PyStringIO::getset())
        .text_signature("(initial_value='', newline='\\n')")
        .doc("Text I/O implementation using an in-memory buffer.\n\nThe initial_value argument sets the value of object.  The newline\nargument is like the one of TextIOWrapper's constructor.")
        .make()
}
