//! Splitting and stripping: `split`, `rsplit`, `splitlines`, `partition`, `strip`, for `str` and `bytes`.
//!
//! Invariant: results are ranges of the input, in order; the caller makes objects of them. Functions that
//! know about white space come in a `str` and a `bytes` version, all others serve both.

use std::ops::Range;

use crate::search::{at_width, each, find, rfind};
use crate::unicode_data::{is_line_break, is_space};
use crate::units::{Unit, Units};
use crate::with_units;

/// `split(sep, max)` with `sep` not empty.
pub fn split<U: Unit>(hay: &[U], sep: &[U], max: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    if max > 0 {
        each(hay, sep, |at| {
            parts.push(start..at);
            start = at + sep.len();
            parts.len() < max
        });
    }
    parts.push(start..hay.len());
    parts
}

/// `rsplit(sep, max)` with `sep` not empty.
pub fn rsplit<U: Unit>(hay: &[U], sep: &[U], max: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut end = hay.len();
    while parts.len() < max {
        let Some(at) = rfind(&hay[..end], sep) else { break };
        parts.push(at + sep.len()..end);
        end = at;
    }
    parts.push(0..end);
    parts.reverse();
    parts
}

fn split_space_by<U: Unit>(hay: &[U], max: usize, space: impl Fn(u32) -> bool) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let len = hay.len();
    let mut at = 0;
    loop {
        while at < len && space(hay[at].code()) {
            at += 1;
        }
        if at == len {
            return parts;
        }
        if parts.len() >= max {
            let mut end = len;
            while space(hay[end - 1].code()) {
                end -= 1;
            }
            // With a limit, the rest keeps its trailing white space.
            parts.push(at..if max == usize::MAX { end } else { len });
            return parts;
        }
        let start = at;
        while at < len && !space(hay[at].code()) {
            at += 1;
        }
        parts.push(start..at);
    }
}

fn rsplit_space_by<U: Unit>(hay: &[U], max: usize, space: impl Fn(u32) -> bool) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut end = hay.len();
    loop {
        while end > 0 && space(hay[end - 1].code()) {
            end -= 1;
        }
        if end == 0 {
            break;
        }
        if parts.len() >= max {
            parts.push(0..end);
            break;
        }
        let mut start = end;
        while start > 0 && !space(hay[start - 1].code()) {
            start -= 1;
        }
        parts.push(start..end);
        end = start;
    }
    parts.reverse();
    parts
}

/// White space of `bytes`: that of C.
#[inline]
pub fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, 9..=13 | 32)
}

/// White space among the characters up to U+00FF.
#[inline]
fn is_latin1_space(code: u32) -> bool {
    const SPACES: u64 = 0x1f << 9 | 0x1f << 28;
    if code < 64 { SPACES >> code & 1 != 0 } else { matches!(code, 0x85 | 0xa0) }
}

#[inline]
fn is_ascii_space_code(code: u32) -> bool {
    matches!(code, 9..=13 | 32)
}

/// `bytes.split(None, max)`.
pub fn bytes_split_space(hay: &[u8], max: usize) -> Vec<Range<usize>> {
    split_space_by(hay, max, is_ascii_space_code)
}

/// `bytes.rsplit(None, max)`.
pub fn bytes_rsplit_space(hay: &[u8], max: usize) -> Vec<Range<usize>> {
    rsplit_space_by(hay, max, is_ascii_space_code)
}

/// `str.split(None, max)`.
pub fn text_split_space(hay: Units<'_>, max: usize) -> Vec<Range<usize>> {
    if let Units::Latin1(h) = hay {
        return split_space_by(h, max, is_latin1_space);
    }
    with_units!(hay, h => split_space_by(h, max, is_space))
}

/// `str.rsplit(None, max)`.
pub fn text_rsplit_space(hay: Units<'_>, max: usize) -> Vec<Range<usize>> {
    with_units!(hay, h => rsplit_space_by(h, max, is_space))
}

/// `str.split(sep, max)` with `sep` not empty.
pub fn text_split(hay: Units<'_>, sep: Units<'_>, max: usize) -> Vec<Range<usize>> {
    with_units!(hay, h => match at_width(h, sep) {
        Some(sep) => split(h, &sep, max),
        None => std::iter::once(0..h.len()).collect(),
    })
}

/// `str.rsplit(sep, max)` with `sep` not empty.
pub fn text_rsplit(hay: Units<'_>, sep: Units<'_>, max: usize) -> Vec<Range<usize>> {
    with_units!(hay, h => match at_width(h, sep) {
        Some(sep) => rsplit(h, &sep, max),
        None => std::iter::once(0..h.len()).collect(),
    })
}

/// `str.partition` with `sep` not empty: where it was found, between head and tail.
pub fn text_partition(hay: Units<'_>, sep: Units<'_>) -> Option<Range<usize>> {
    with_units!(hay, h => find(h, &at_width(h, sep)?)).map(|at| at..at + sep.len())
}

/// `str.rpartition` with `sep` not empty.
pub fn text_rpartition(hay: Units<'_>, sep: Units<'_>) -> Option<Range<usize>> {
    with_units!(hay, h => rfind(h, &at_width(h, sep)?)).map(|at| at..at + sep.len())
}

fn lines_by<U: Unit>(hay: &[U], keep_ends: bool, line_break: impl Fn(u32) -> bool) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < hay.len() {
        let code = hay[at].code();
        at += 1;
        if line_break(code) {
            let end = at - 1;
            if code == 13 && hay.get(at).is_some_and(|u| u.code() == 10) {
                at += 1;
            }
            lines.push(start..if keep_ends { at } else { end });
            start = at;
        }
    }
    if start < hay.len() {
        lines.push(start..hay.len());
    }
    lines
}

/// `str.splitlines`.
pub fn text_splitlines(hay: Units<'_>, keep_ends: bool) -> Vec<Range<usize>> {
    with_units!(hay, h => lines_by(h, keep_ends, is_line_break))
}

/// `bytes.splitlines`: only `\n`, `\r` and `\r\n` end lines.
pub fn bytes_splitlines(hay: &[u8], keep_ends: bool) -> Vec<Range<usize>> {
    lines_by(hay, keep_ends, |code| code == 10 || code == 13)
}

/// Which ends to strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// `strip`
    Both,
    /// `lstrip`
    Left,
    /// `rstrip`
    Right,
}

fn strip_by<U: Unit>(hay: &[U], ends: Ends, gone: impl Fn(u32) -> bool) -> Range<usize> {
    let (mut start, mut end) = (0, hay.len());
    if ends != Ends::Right {
        while start < end && gone(hay[start].code()) {
            start += 1;
        }
    }
    if ends != Ends::Left {
        while end > start && gone(hay[end - 1].code()) {
            end -= 1;
        }
    }
    start..end
}

/// `str.strip` and its sisters: what remains. `chars` of `None` is white space.
pub fn text_strip(hay: Units<'_>, ends: Ends, chars: Option<Units<'_>>) -> Range<usize> {
    match chars {
        None => with_units!(hay, h => strip_by(h, ends, is_space)),
        Some(chars) => with_units!(hay, h => with_units!(chars, c => strip_chars(h, ends, c))),
    }
}

fn strip_chars<U: Unit, C: Unit>(hay: &[U], ends: Ends, chars: &[C]) -> Range<usize> {
    strip_by(hay, ends, |code| C::from_code(code).is_some_and(|unit| chars.contains(&unit)))
}

/// `bytes.strip` and its sisters.
pub fn bytes_strip(hay: &[u8], ends: Ends, bytes: Option<&[u8]>) -> Range<usize> {
    match bytes {
        None => strip_by(hay, ends, is_ascii_space_code),
        Some(bytes) => strip_chars(hay, ends, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(hay: &[u8], ranges: Vec<Range<usize>>) -> Vec<String> {
        ranges.into_iter().map(|r| String::from_utf8_lossy(&hay[r]).into_owned()).collect()
    }

    #[test]
    fn splitting() {
        let hay = b"a,b,,c";
        assert_eq!(parts(hay, split(hay.as_slice(), b",", usize::MAX)), ["a", "b", "", "c"]);
        assert_eq!(parts(hay, split(hay.as_slice(), b",", 1)), ["a", "b,,c"]);
        assert_eq!(parts(hay, split(hay.as_slice(), b",", 0)), ["a,b,,c"]);
        assert_eq!(parts(hay, rsplit(hay.as_slice(), b",", 2)), ["a,b", "", "c"]);
        assert_eq!(parts(b"", split(b"".as_slice(), b",", 2)), [""]);
        let hay = b"  a  b  c  ";
        assert_eq!(parts(hay, bytes_split_space(hay, usize::MAX)), ["a", "b", "c"]);
        assert_eq!(parts(hay, bytes_split_space(hay, 1)), ["a", "b  c  "]);
        assert_eq!(parts(hay, bytes_rsplit_space(hay, 1)), ["  a  b", "c"]);
        assert_eq!(parts(hay, bytes_split_space(hay, 0)), ["a  b  c  "]);
        assert_eq!(parts(hay, bytes_rsplit_space(hay, 0)), ["  a  b  c"]);
        assert_eq!(parts(b"  ", bytes_split_space(b"  ", usize::MAX)), [""; 0]);
    }

    #[test]
    fn lines() {
        let hay = b"a\nb\r\nc\rd\x0be\n";
        assert_eq!(parts(hay, bytes_splitlines(hay, false)), ["a", "b", "c", "d\x0be"]);
        assert_eq!(parts(hay, bytes_splitlines(hay, true)), ["a\n", "b\r\n", "c\r", "d\x0be\n"]);
        assert_eq!(parts(hay, text_splitlines(Units::Latin1(hay), false)), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn stripping() {
        assert_eq!(text_strip(Units::ascii(" \x1cab "), Ends::Both, None), 2..4);
        assert_eq!(bytes_strip(b" \x1cab ", Ends::Both, None), 1..4);
        assert_eq!(text_strip(Units::ascii("xxaxx"), Ends::Left, Some(Units::ascii("xy"))), 2..5);
        assert_eq!(text_strip(Units::ascii("xx"), Ends::Right, Some(Units::Ucs2(&[0x178]))), 0..2);
    }
}
