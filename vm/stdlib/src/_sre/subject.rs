//! What is searched: a str of any width or bytes, read in place.

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;
use taipan_text::{TextBuf, Units, with_units};

use super::engine::{Program, Request, State};

/// The subject of a search, kept alive while it is searched. Other bytes-like objects than `bytes` are copied, since their
/// content may change.
#[derive(Clone)]
pub enum Subject {
    Str(Py<PyStr>),
    Bytes(Py<PyBytes>),
    Copy(std::sync::Arc<Vec<u8>>),
}

impl Subject {
    /// The subject that an argument means.
    pub fn new(string: &Obj) -> PyResult<Subject> {
        if let Some(text) = string.to_py::<PyStr>() {
            return Ok(Subject::Str(text));
        }
        if let Some(bytes) = string.to_py::<PyBytes>() {
            return Ok(Subject::Bytes(bytes));
        }
        if !buffer::has_buffer(string) {
            return Err(type_error(format!(
                "expected string or bytes-like object, got '{}'",
                class_of(string).name()
            )));
        }
        Ok(Subject::Copy(std::sync::Arc::new(buffer::to_vec(string)?)))
    }
    /// Whether this is bytes, not text.
    pub fn is_bytes(&self) -> bool {
        !matches!(self, Subject::Str(_))
    }
    /// The characters or bytes.
    #[inline]
    pub fn units(&self) -> Units<'_> {
        match self {
            Subject::Str(text) => text.units(),
            Subject::Bytes(bytes) => Units::Latin1(bytes.as_slice()),
            Subject::Copy(bytes) => Units::Latin1(bytes),
        }
    }
    pub fn len(&self) -> usize {
        self.units().len()
    }
    /// The part as an object of the same kind.
    pub fn slice(&self, start: usize, end: usize) -> Obj {
        let units = self.units();
        let whole = start == 0 && end >= units.len();
        let (end, start) = (end.min(units.len()), start.min(end.min(units.len())));
        match self {
            Subject::Str(text) if whole && text.is_exact() => text.as_obj().clone(),
            Subject::Str(_) => PyStr::from_slice(units.slice(start..end)).into_obj(),
            Subject::Bytes(bytes) if whole && bytes.is_exact() => bytes.as_obj().clone(),
            Subject::Bytes(bytes) => bytes_obj(&bytes.as_slice()[start..end]),
            Subject::Copy(bytes) => bytes_obj(&bytes[start..end]),
        }
    }
    /// An object of the same kind made of built text.
    pub fn build(&self, text: TextBuf) -> Obj {
        match (self, text) {
            (Subject::Str(_), text) => PyStr::from_units(text).into_obj(),
            (_, TextBuf::Latin1(bytes)) => PyBytes::from_vec(bytes).into_obj(),
            // Only bytes were put in.
            (_, wide) => bytes_obj(&wide.as_units().iter().map(|c| c as u8).collect::<Vec<u8>>()),
        }
    }
}

/// How a pattern is applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Search,
    Match,
    FullMatch,
}

/// Applies a program. If there is a match, `state` tells where.
pub fn find(
    units: Units<'_>,
    program: &Program,
    mode: Mode,
    request: &Request,
    state: &mut State,
) -> PyResult<bool> {
    if request.start > request.end || request.end > units.len() {
        return Ok(false);
    }
    with_units!(units, text => match mode {
        Mode::Search => state.search(program, text, request),
        Mode::Match | Mode::FullMatch => state.match_here(program, text, request),
    })
}

/// Whether a text has a backslash, and so is a template.
pub fn has_backslash(units: Units<'_>) -> bool {
    with_units!(units, s => s.iter().any(|&u| u32::from(u) == u32::from(b'\\')))
}
