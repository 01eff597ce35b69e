//! What is searched: a str of any width or bytes, read in place by the engine.

use rustpython_sre_engine::{Request, State, StrDrive, StringCursor};
use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;
use taipan_text::{TextBuf, Units, with_units};

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

/// Code units of `W` bytes each, in memory order. The engine's cursors count characters and point to bytes; its own cursor
/// functions on bytes move the pointer, after which the count is put right.
#[derive(Clone, Copy)]
struct Codes<'a, const W: usize>(&'a [u8]);

impl<const W: usize> Codes<'_, W> {
    /// The character at a position, which is not the end.
    #[inline(always)]
    fn read(cursor: &StringCursor) -> u32 {
        let mut bytes = [0u8; 4];
        let mut at = *cursor;
        for (i, byte) in bytes.iter_mut().enumerate().take(W) {
            if i > 0 {
                <&[u8]>::skip(&mut at, 1);
            }
            *byte = <&[u8]>::peek(&at) as u8;
        }
        let word = u32::from_le_bytes(bytes);
        if cfg!(target_endian = "big") { word.swap_bytes() >> (32 - 8 * W as u32) } else { word }
    }
}

impl<const W: usize> StrDrive for Codes<'_, W> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len() / W
    }
    #[inline]
    fn create_cursor(&self, n: usize) -> StringCursor {
        let mut cursor = self.0.create_cursor(n * W);
        cursor.position = n;
        cursor
    }
    #[inline]
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        *cursor = self.create_cursor(n);
    }
    #[inline(always)]
    fn advance(cursor: &mut StringCursor) -> u32 {
        let code = Self::read(cursor);
        Self::skip(cursor, 1);
        code
    }
    #[inline(always)]
    fn peek(cursor: &StringCursor) -> u32 {
        Self::read(cursor)
    }
    #[inline(always)]
    fn skip(cursor: &mut StringCursor, n: usize) {
        let position = cursor.position + n;
        <&[u8]>::skip(cursor, n * W);
        cursor.position = position;
    }
    #[inline(always)]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        Self::back_skip(cursor, 1);
        Self::read(cursor)
    }
    #[inline(always)]
    fn back_peek(cursor: &StringCursor) -> u32 {
        let mut before = *cursor;
        Self::back_skip(&mut before, 1);
        Self::read(&before)
    }
    #[inline(always)]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        // The pointer moves by `n * W`; the count is corrected so that it never passes below zero.
        let position = cursor.position - n;
        cursor.position = n * W;
        <&[u8]>::back_skip(cursor, n * W);
        cursor.position = position;
    }
}

fn apply<S: StrDrive>(
    subject: S,
    codes: &[u32],
    start: usize,
    end: usize,
    mode: Mode,
    advance: bool,
    state: &mut State,
) -> bool {
    let mut request = Request::new(subject, start, end, codes, mode == Mode::FullMatch);
    request.must_advance = advance;
    state.reset(&request, request.start);
    if mode == Mode::Search { state.search(request) } else { state.py_match(&request) }
}

/// Applies compiled codes from `start` on. If there is a match, `state` tells where. With `advance`, an empty match at `start`
/// does not count.
pub fn find(
    units: Units<'_>,
    codes: &[u32],
    start: usize,
    end: usize,
    mode: Mode,
    advance: bool,
    state: &mut State,
) -> bool {
    if start > end {
        return false;
    }
    match units {
        Units::Latin1(s) => apply(Codes::<1>(s), codes, start, end, mode, advance, state),
        Units::Ucs2(s) => apply(Codes::<2>(bytemuck::cast_slice(s)), codes, start, end, mode, advance, state),
        Units::Ucs4(s) => apply(Codes::<4>(bytemuck::cast_slice(s)), codes, start, end, mode, advance, state),
    }
}

/// Whether a text has a backslash, and so is a template.
pub fn has_backslash(units: Units<'_>) -> bool {
    with_units!(units, s => s.iter().any(|&u| u32::from(u) == u32::from(b'\\')))
}
