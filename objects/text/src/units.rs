//! Strings as arrays of 1, 2 or 4 byte code units, one unit per code point.
//!
//! Invariant: a string is kept at the narrowest width that holds all its code points. So a string whose
//! width is greater than another's cannot occur in it, and equal strings have equal widths.

use std::fmt;
use std::hash::Hash;
use std::ops::Range;

use crate::codecs::utf8::push_chars;

/// A code unit: a code point as one, two or four bytes.
pub trait Unit: Copy + Eq + Ord + Hash + fmt::Debug + Default + 'static {
    /// Bytes in a unit.
    const WIDTH: usize;
    /// The code point.
    fn code(self) -> u32;
    /// The unit for a code point, if it fits.
    fn from_code(code: u32) -> Option<Self>;
    /// The unit for a code point that is known to fit.
    fn truncate(code: u32) -> Self;
    /// First position of a unit.
    fn find_unit(hay: &[Self], unit: Self) -> Option<usize>;
    /// Last position of a unit.
    fn rfind_unit(hay: &[Self], unit: Self) -> Option<usize>;
    /// How often a unit occurs.
    fn count_unit(hay: &[Self], unit: Self) -> usize;
    /// First position of a string of two units or more.
    fn find_slice(hay: &[Self], needle: &[Self]) -> Option<usize>;
    /// Last position of a string of two units or more.
    fn rfind_slice(hay: &[Self], needle: &[Self]) -> Option<usize>;
    /// Calls with each position of a string of two units or more, without overlap, until it returns false.
    fn each_slice(hay: &[Self], needle: &[Self], f: impl FnMut(usize) -> bool);
    /// The slice of a string of this very width.
    fn unwrap(units: Units<'_>) -> Option<&[Self]>;
    /// The slice with its width named.
    fn wrap(slice: &[Self]) -> Units<'_>;
    /// The owned vector with its width named; the caller knows that it is the narrowest.
    fn wrap_owned(units: Vec<Self>) -> TextBuf;
}

impl Unit for u8 {
    const WIDTH: usize = 1;
    #[inline]
    fn code(self) -> u32 {
        self as u32
    }
    #[inline]
    fn from_code(code: u32) -> Option<Self> {
        u8::try_from(code).ok()
    }
    #[inline]
    fn truncate(code: u32) -> Self {
        code as u8
    }
    #[inline]
    fn find_unit(hay: &[u8], unit: u8) -> Option<usize> {
        if hay.len() < 64 { find_byte_in_short(hay, unit) } else { memchr::memchr(unit, hay) }
    }
    #[inline]
    fn rfind_unit(hay: &[u8], unit: u8) -> Option<usize> {
        memchr::memrchr(unit, hay)
    }
    #[inline]
    fn count_unit(hay: &[u8], unit: u8) -> usize {
        memchr::memchr_iter(unit, hay).count()
    }
    #[inline]
    fn find_slice(hay: &[u8], needle: &[u8]) -> Option<usize> {
        memchr::memmem::find(hay, needle)
    }
    #[inline]
    fn rfind_slice(hay: &[u8], needle: &[u8]) -> Option<usize> {
        memchr::memmem::rfind(hay, needle)
    }
    #[inline]
    fn each_slice(hay: &[u8], needle: &[u8], mut f: impl FnMut(usize) -> bool) {
        for at in memchr::memmem::find_iter(hay, needle) {
            if !f(at) {
                break;
            }
        }
    }
    #[inline(always)]
    fn unwrap(units: Units<'_>) -> Option<&[u8]> {
        if let Units::Latin1(slice) = units { Some(slice) } else { None }
    }
    #[inline]
    fn wrap(slice: &[u8]) -> Units<'_> {
        Units::Latin1(slice)
    }
    #[inline]
    fn wrap_owned(units: Vec<u8>) -> TextBuf {
        TextBuf::Latin1(units)
    }
}

macro_rules! wide_unit {
    ($unit:ty, $width:expr, $variant:ident) => {
        impl Unit for $unit {
            const WIDTH: usize = $width;
            #[inline]
            fn code(self) -> u32 {
                self as u32
            }
            #[inline]
            fn from_code(code: u32) -> Option<Self> {
                <$unit>::try_from(code).ok()
            }
            #[inline]
            fn truncate(code: u32) -> Self {
                code as $unit
            }
            #[inline]
            fn find_unit(hay: &[Self], unit: Self) -> Option<usize> {
                // Whole blocks first, so that the compiler can compare many units at once.
                const BLOCK: usize = 32;
                let mut start = 0;
                for block in hay.chunks(BLOCK) {
                    if block.iter().fold(false, |found, &u| found | (u == unit)) {
                        return block.iter().position(|&u| u == unit).map(|i| start + i);
                    }
                    start += block.len();
                }
                None
            }
            #[inline]
            fn rfind_unit(hay: &[Self], unit: Self) -> Option<usize> {
                hay.iter().rposition(|&u| u == unit)
            }
            #[inline]
            fn count_unit(hay: &[Self], unit: Self) -> usize {
                hay.iter().filter(|&&u| u == unit).count()
            }
            #[inline]
            fn find_slice(hay: &[Self], needle: &[Self]) -> Option<usize> {
                crate::search::find_wide(hay, needle)
            }
            #[inline]
            fn rfind_slice(hay: &[Self], needle: &[Self]) -> Option<usize> {
                crate::search::rfind_wide(hay, needle)
            }
            #[inline]
            fn each_slice(hay: &[Self], needle: &[Self], mut f: impl FnMut(usize) -> bool) {
                let mut at = 0;
                while at + needle.len() <= hay.len() {
                    match crate::search::find_wide(&hay[at..], needle) {
                        Some(found) if f(at + found) => at += found + needle.len(),
                        _ => break,
                    }
                }
            }
            #[inline(always)]
            fn unwrap(units: Units<'_>) -> Option<&[Self]> {
                if let Units::$variant(slice) = units { Some(slice) } else { None }
            }
            #[inline]
            fn wrap(slice: &[Self]) -> Units<'_> {
                Units::$variant(slice)
            }
            #[inline]
            fn wrap_owned(units: Vec<Self>) -> TextBuf {
                TextBuf::$variant(units)
            }
        }
    };
}

wide_unit!(u16, 2, Ucs2);
wide_unit!(u32, 4, Ucs4);

/// A borrowed string.
#[derive(Clone, Copy)]
pub enum Units<'a> {
    /// Code points up to U+00FF.
    Latin1(&'a [u8]),
    /// Code points up to U+FFFF, lone surrogates included.
    Ucs2(&'a [u16]),
    /// All code points.
    Ucs4(&'a [u32]),
}

/// Runs an expression with the slice of whatever width a string (or [`TextBuf`]) has.
#[macro_export]
macro_rules! with_units {
    ($units:expr, $slice:ident => $body:expr) => {
        match $units {
            $crate::units::Units::Latin1($slice) => $body,
            $crate::units::Units::Ucs2($slice) => $body,
            $crate::units::Units::Ucs4($slice) => $body,
        }
    };
}

impl<'a> Units<'a> {
    /// An ASCII literal.
    pub fn ascii(text: &'a str) -> Units<'a> {
        debug_assert!(text.is_ascii());
        Units::Latin1(text.as_bytes())
    }

    /// Number of code points.
    #[inline]
    pub fn len(self) -> usize {
        with_units!(self, s => s.len())
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Bytes in a code unit.
    #[inline]
    pub fn width(self) -> usize {
        match self {
            Units::Latin1(_) => 1,
            Units::Ucs2(_) => 2,
            Units::Ucs4(_) => 4,
        }
    }

    /// The code point at a position below the length.
    #[inline]
    pub fn at(self, index: usize) -> u32 {
        with_units!(self, s => s[index].code())
    }

    /// The code point at a position, if there is one.
    #[inline]
    pub fn get(self, index: usize) -> Option<u32> {
        with_units!(self, s => s.get(index).map(|u| u.code()))
    }

    /// A part, not narrowed: it may break the invariant of narrowest width until [`Units::to_buf`].
    #[inline]
    pub fn slice(self, range: Range<usize>) -> Units<'a> {
        match self {
            Units::Latin1(s) => Units::Latin1(&s[range]),
            Units::Ucs2(s) => Units::Ucs2(&s[range]),
            Units::Ucs4(s) => Units::Ucs4(&s[range]),
        }
    }

    /// The code points in order.
    #[inline]
    pub fn iter(self) -> UnitsIter<'a> {
        UnitsIter { units: self, front: 0, back: self.len() }
    }

    /// Whether all code points are below 128.
    #[inline]
    pub fn is_ascii(self) -> bool {
        match self {
            Units::Latin1(s) => s.is_ascii(),
            Units::Ucs2(s) => s.iter().all(|&u| u < 128),
            Units::Ucs4(s) => s.iter().all(|&u| u < 128),
        }
    }

    /// As `&str`, if it is ASCII.
    #[inline]
    pub fn as_ascii(self) -> Option<&'a str> {
        match self {
            Units::Latin1(s) if s.is_ascii() => std::str::from_utf8(s).ok(),
            _ => None,
        }
    }

    /// The greatest code point, 0 if empty.
    pub fn max_code(self) -> u32 {
        with_units!(self, s => s.iter().map(|u| u.code()).max().unwrap_or(0))
    }

    /// A copy at the narrowest width.
    pub fn to_buf(self) -> TextBuf {
        match self {
            Units::Latin1(s) => TextBuf::Latin1(s.to_vec()),
            Units::Ucs2(s) => {
                if s.iter().all(|&u| u < 0x100) {
                    TextBuf::Latin1(s.iter().map(|&u| u as u8).collect())
                } else {
                    TextBuf::Ucs2(s.to_vec())
                }
            }
            Units::Ucs4(s) => match self.max_code() {
                0..=0xff => TextBuf::Latin1(s.iter().map(|&u| u as u8).collect()),
                0x100..=0xffff => TextBuf::Ucs2(s.iter().map(|&u| u as u16).collect()),
                _ => TextBuf::Ucs4(s.to_vec()),
            },
        }
    }

    /// As a Rust string; lone surrogates become U+FFFD.
    pub fn to_string_lossy(self) -> String {
        if let Some(text) = self.as_ascii() {
            return text.to_owned();
        }
        self.iter().map(|c| char::from_u32(c).unwrap_or('\u{fffd}')).collect()
    }

    /// As a Rust string, if there are no surrogates.
    pub fn to_utf8(self) -> Option<String> {
        if let Some(text) = self.as_ascii() {
            return Some(text.to_owned());
        }
        self.iter().map(char::from_u32).collect()
    }
}

impl PartialEq for Units<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Units::Latin1(a), Units::Latin1(b)) => a == b,
            (Units::Ucs2(a), Units::Ucs2(b)) => a == b,
            (Units::Ucs4(a), Units::Ucs4(b)) => a == b,
            (a, b) => a.len() == b.len() && a.iter().eq(b.iter()),
        }
    }
}

impl Eq for Units<'_> {}

impl PartialOrd for Units<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Units<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (*self, *other) {
            (Units::Latin1(a), Units::Latin1(b)) => a.cmp(b),
            (Units::Ucs2(a), Units::Ucs2(b)) => a.cmp(b),
            (Units::Ucs4(a), Units::Ucs4(b)) => a.cmp(b),
            (a, b) => a.iter().cmp(b.iter()),
        }
    }
}

impl fmt::Debug for Units<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

/// Iterator over code points.
#[derive(Clone, Debug)]
pub struct UnitsIter<'a> {
    units: Units<'a>,
    front: usize,
    back: usize,
}

impl Iterator for UnitsIter<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        (self.front < self.back).then(|| {
            self.front += 1;
            self.units.at(self.front - 1)
        })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.back - self.front;
        (left, Some(left))
    }
}

impl DoubleEndedIterator for UnitsIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        (self.front < self.back).then(|| {
            self.back -= 1;
            self.units.at(self.back)
        })
    }
}

impl ExactSizeIterator for UnitsIter<'_> {}

/// An owned string, and the builder of one: it widens itself when a code point does not fit, so that
/// appending keeps the narrowest width.
#[derive(Clone)]
pub enum TextBuf {
    /// Code points up to U+00FF.
    Latin1(Vec<u8>),
    /// Some code point above U+00FF, none above U+FFFF.
    Ucs2(Vec<u16>),
    /// Some code point above U+FFFF.
    Ucs4(Vec<u32>),
}

/// The name of the result type where it is not used as a builder.
pub type OwnedUnits = TextBuf;

impl Default for TextBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl TextBuf {
    /// An empty string.
    #[inline]
    pub fn new() -> Self {
        TextBuf::Latin1(Vec::new())
    }

    /// An empty string with room for some narrow code points.
    #[inline]
    pub fn with_capacity(capacity: usize) -> Self {
        TextBuf::Latin1(Vec::with_capacity(capacity))
    }

    /// Borrows it.
    #[inline]
    pub fn as_units(&self) -> Units<'_> {
        match self {
            TextBuf::Latin1(s) => Units::Latin1(s),
            TextBuf::Ucs2(s) => Units::Ucs2(s),
            TextBuf::Ucs4(s) => Units::Ucs4(s),
        }
    }

    /// Number of code points.
    #[inline]
    pub fn len(&self) -> usize {
        self.as_units().len()
    }

    /// Whether it is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cold]
    fn widen_slow(&mut self, code: u32) {
        *self = match (std::mem::take(self), code) {
            (TextBuf::Latin1(s), 0x100..=0xffff) => TextBuf::Ucs2(widened(&s)),
            (TextBuf::Latin1(s), 0x10000..) => TextBuf::Ucs4(widened(&s)),
            (TextBuf::Ucs2(s), 0x10000..) => TextBuf::Ucs4(widened(&s)),
            (same, _) => same,
        };
    }

    /// Makes room for `more` code points up to `code`, one of which is appended next; false, and nothing changed, if there is no memory.
    #[must_use]
    pub fn try_reserve(&mut self, more: usize, code: u32) -> bool {
        let wider = match (&mut *self, code) {
            (TextBuf::Latin1(s), 0..=0xff) => return s.try_reserve(more).is_ok(),
            (TextBuf::Ucs2(s), 0..=0xffff) => return s.try_reserve(more).is_ok(),
            (TextBuf::Ucs4(s), _) => return s.try_reserve(more).is_ok(),
            (TextBuf::Latin1(s), 0x100..=0xffff) => try_widened(s, more).map(TextBuf::Ucs2),
            (TextBuf::Latin1(s), _) => try_widened(s, more).map(TextBuf::Ucs4),
            (TextBuf::Ucs2(s), _) => try_widened(s, more).map(TextBuf::Ucs4),
        };
        let has_room = wider.is_some();
        if let Some(wider) = wider {
            *self = wider;
        }
        has_room
    }

    /// Appends a code point.
    #[inline]
    pub fn push(&mut self, code: u32) {
        match self {
            TextBuf::Latin1(s) if code < 0x100 => s.push(code as u8),
            TextBuf::Ucs2(s) if code < 0x10000 => s.push(code as u16),
            TextBuf::Ucs4(s) => s.push(code),
            _ => {
                self.widen_slow(code);
                self.push(code);
            }
        }
    }

    /// Appends a character.
    #[inline]
    pub fn push_char(&mut self, c: char) {
        self.push(c as u32);
    }

    /// Appends the same code point several times.
    pub fn push_repeated(&mut self, code: u32, times: usize) {
        if times == 0 {
            return;
        }
        match self {
            TextBuf::Latin1(s) if code < 0x100 => s.resize(s.len() + times, code as u8),
            TextBuf::Ucs2(s) if code < 0x10000 => s.resize(s.len() + times, code as u16),
            TextBuf::Ucs4(s) => s.resize(s.len() + times, code),
            _ => {
                self.widen_slow(code);
                self.push_repeated(code, times);
            }
        }
    }

    /// Appends Latin-1 text.
    #[inline]
    pub fn push_latin1(&mut self, bytes: &[u8]) {
        match self {
            TextBuf::Latin1(s) => s.extend_from_slice(bytes),
            TextBuf::Ucs2(s) => s.extend(bytes.iter().map(|&b| b as u16)),
            TextBuf::Ucs4(s) => s.extend(bytes.iter().map(|&b| b as u32)),
        }
    }

    /// Appends a Rust string.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        self.push_utf8(text.as_bytes());
    }

    /// Appends what UTF-8 means; false, and nothing changed, if it is not valid.
    pub fn push_utf8(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_ascii() {
            self.push_latin1(bytes);
            return true;
        }
        let before = self.len();
        // The greatest lead byte tells the width that is needed. Folded without branches, which is quick.
        match bytes.iter().fold(0, |greatest: u8, &byte| greatest.max(byte)) {
            0..0xc4 => {}
            0xc4..0xf0 => self.widen_slow(0xffff),
            0xf0.. => self.widen_slow(0x10ffff),
        }
        let is_valid = match self {
            TextBuf::Latin1(s) => push_chars(s, bytes, |code| code as u8),
            TextBuf::Ucs2(s) => push_chars(s, bytes, |code| code as u16),
            TextBuf::Ucs4(s) => push_chars(s, bytes, |code| code),
        };
        if !is_valid {
            self.truncate(before);
        }
        is_valid
    }

    /// Appends a string.
    pub fn push_units(&mut self, units: Units<'_>) {
        match units {
            Units::Latin1(s) => self.push_latin1(s),
            Units::Ucs2(s) => match self {
                TextBuf::Ucs2(own) => own.extend_from_slice(s),
                TextBuf::Ucs4(own) => own.extend(s.iter().map(|&u| u as u32)),
                TextBuf::Latin1(_) => {
                    let max = units.max_code();
                    if max < 0x100 {
                        s.iter().for_each(|&u| self.push(u as u32));
                    } else {
                        self.widen_slow(max);
                        self.push_units(units);
                    }
                }
            },
            Units::Ucs4(s) => match self {
                TextBuf::Ucs4(own) => own.extend_from_slice(s),
                _ => {
                    let max = units.max_code();
                    if max < 0x10000 {
                        s.iter().for_each(|&u| self.push(u));
                    } else {
                        self.widen_slow(max);
                        self.push_units(units);
                    }
                }
            },
        }
    }

    /// Shortens to the first code points, narrowing if that is now possible.
    pub fn truncate(&mut self, len: usize) {
        match self {
            TextBuf::Latin1(s) => s.truncate(len),
            TextBuf::Ucs2(s) => s.truncate(len),
            TextBuf::Ucs4(s) => s.truncate(len),
        }
        if self.as_units().width() > 1 {
            *self = self.as_units().to_buf();
        }
    }

    /// As a Rust string; lone surrogates become U+FFFD.
    pub fn to_string_lossy(&self) -> String {
        self.as_units().to_string_lossy()
    }
}

impl From<&str> for TextBuf {
    fn from(text: &str) -> Self {
        let mut buf = TextBuf::with_capacity(text.len());
        buf.push_str(text);
        buf
    }
}

impl From<String> for TextBuf {
    fn from(text: String) -> Self {
        if text.is_ascii() { TextBuf::Latin1(text.into_bytes()) } else { TextBuf::from(text.as_str()) }
    }
}

impl FromIterator<u32> for TextBuf {
    fn from_iter<I: IntoIterator<Item = u32>>(codes: I) -> Self {
        let mut buf = TextBuf::new();
        codes.into_iter().for_each(|c| buf.push(c));
        buf
    }
}

impl PartialEq for TextBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_units() == other.as_units()
    }
}

impl Eq for TextBuf {}

impl fmt::Debug for TextBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_units(), f)
    }
}

/// Wider units with room for more, if there is memory for them.
fn try_widened<A: Unit, B: Unit>(units: &[A], more: usize) -> Option<Vec<B>> {
    let mut out = Vec::new();
    out.try_reserve_exact(units.len().checked_add(more)?).ok()?;
    out.extend(units.iter().map(|u| B::truncate(u.code())));
    Some(out)
}

fn widened<A: Unit, B: Unit>(units: &[A]) -> Vec<B> {
    let mut out = Vec::with_capacity(units.len() + units.len() / 4 + 8);
    out.extend(units.iter().map(|u| B::truncate(u.code())));
    out
}

/// A string brought to another's width, for a search.
pub enum AtWidth<'a, U: Unit> {
    /// It already had that width.
    Same(&'a [U]),
    /// A copy.
    Converted(Vec<U>),
}

impl<U: Unit> std::ops::Deref for AtWidth<'_, U> {
    type Target = [U];
    #[inline]
    fn deref(&self) -> &[U] {
        match self {
            AtWidth::Same(s) => s,
            AtWidth::Converted(v) => v,
        }
    }
}

/// Types of units that a string can be brought to.
pub trait FromUnits: Unit {
    /// The string at this width; `None` if some code point does not fit.
    fn from_units(units: Units<'_>) -> Option<AtWidth<'_, Self>>;
}

fn convert<A: Unit, B: Unit>(units: &[A]) -> Option<Vec<B>> {
    units.iter().map(|u| B::from_code(u.code())).collect()
}

macro_rules! from_units {
    ($unit:ty, $variant:ident) => {
        impl FromUnits for $unit {
            #[inline]
            fn from_units(units: Units<'_>) -> Option<AtWidth<'_, $unit>> {
                if let Units::$variant(s) = units {
                    return Some(AtWidth::Same(s));
                }
                with_units!(units, s => convert(s)).map(AtWidth::Converted)
            }
        }
    };
}

from_units!(u8, Latin1);
from_units!(u16, Ucs2);
from_units!(u32, Ucs4);

/// First position of a byte, for texts so short that the choice among a machine's instructions would take longer than the search.
fn find_byte_in_short(hay: &[u8], unit: u8) -> Option<usize> {
    const LOWEST: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    let pattern = LOWEST * u64::from(unit);
    // The first of the eight that is the byte: where subtraction borrows; above it the result may err.
    let first = |some: &[u8; 8]| {
        let others = u64::from_le_bytes(*some) ^ pattern;
        let found = others.wrapping_sub(LOWEST) & !others & HIGHEST;
        (found != 0).then(|| found.trailing_zeros() as usize / 8)
    };
    let (eights, rest) = hay.as_chunks::<8>();
    for (i, some) in eights.iter().enumerate() {
        if let Some(at) = first(some) {
            return Some(8 * i + at);
        }
    }
    match hay.last_chunk::<8>() {
        // Once more some that were looked at.
        Some(last) => first(last).map(|at| hay.len() - 8 + at),
        None => rest.iter().position(|&byte| byte == unit),
    }
}

/// How many bytes at the front are ASCII.
pub(crate) fn ascii_prefix(bytes: &[u8]) -> usize {
    let blocks = bytes.chunks_exact(16).take_while(|block| block.is_ascii()).count() * 16;
    blocks + bytes[blocks..].iter().take_while(|byte| byte.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builder_keeps_the_narrowest_width() {
        let mut buf = TextBuf::from("abc");
        assert!(matches!(buf, TextBuf::Latin1(_)));
        buf.push(0xe9);
        assert!(matches!(buf, TextBuf::Latin1(_)));
        buf.push(0xd800);
        assert!(matches!(buf, TextBuf::Ucs2(_)));
        buf.push_str("x\u{1f600}");
        assert!(matches!(buf, TextBuf::Ucs4(_)));
        assert_eq!(buf.len(), 7);
        buf.truncate(5);
        assert!(matches!(buf, TextBuf::Ucs2(_)));
        buf.truncate(4);
        assert!(matches!(buf, TextBuf::Latin1(_)));
        assert_eq!(buf.as_units(), TextBuf::from("abc\u{e9}").as_units());
    }

    #[test]
    fn order_is_by_code_point_across_widths() {
        let (a, b) = (TextBuf::from("a\u{ffff}"), TextBuf::from("a\u{10000}"));
        assert!(a.as_units() < b.as_units());
        assert!(TextBuf::from("a").as_units() < a.as_units());
    }
}
