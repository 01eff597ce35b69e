//! The codecs that the VM itself needs, and the standard error handlers.
//!
//! A decoder appends to a [`TextBuf`], an encoder to a `Vec<u8>`. What cannot be converted goes to an error
//! handler with the position and reason that CPython reports; the handler supplies the replacement and says
//! where to go on, or fails.
//!
//! Invariant: a decoder that is told that more data follows (`last` is false) consumes no incomplete sequence.

pub mod escape;
pub mod single_byte;
pub mod utf16;
pub mod utf32;
pub mod utf7;
pub mod utf8;

use crate::repr::push_escape;
use crate::unicode_data::names;
use crate::units::{TextBuf, Units};

/// What a decoder could not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The codec's name in exceptions.
    pub codec: &'static str,
    /// First position.
    pub start: usize,
    /// Position after the last.
    pub end: usize,
    /// Why not.
    pub reason: &'static str,
}

/// Handles what cannot be decoded.
pub trait DecodeErrors {
    /// What it fails with.
    type Error;
    /// Appends the replacement and returns the position to go on from (at most the input's length).
    fn undecodable(
        &mut self,
        input: &[u8],
        problem: Problem,
        out: &mut TextBuf,
    ) -> Result<usize, Self::Error>;
}

/// What stands in for something that cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Text, to be encoded in turn.
    Text(TextBuf),
    /// Bytes, to be taken as they are.
    Bytes(Vec<u8>),
}

/// Handles what cannot be encoded.
pub trait EncodeErrors {
    /// What it fails with.
    type Error;
    /// The replacement and the position to go on from (at most the text's length).
    fn unencodable(&mut self, text: Units<'_>, problem: Problem)
    -> Result<(Replacement, usize), Self::Error>;
    /// The error itself, when the replacement cannot be encoded either.
    fn raise(&mut self, text: Units<'_>, problem: Problem) -> Self::Error;
}

/// The standard error handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Fail.
    Strict,
    /// Leave out.
    Ignore,
    /// `?` or U+FFFD.
    Replace,
    /// Escapes as in literals.
    BackslashReplace,
    /// Undecodable bytes as lone surrogates, and back.
    SurrogateEscape,
    /// Surrogates as if they were characters (UTF codecs only).
    SurrogatePass,
    /// `&#...;` (encoding only).
    XmlCharRefReplace,
    /// `\N{...}` (encoding only).
    NameReplace,
}

impl Policy {
    /// By its registered name.
    pub fn from_name(name: &str) -> Option<Policy> {
        Some(match name {
            "strict" => Policy::Strict,
            "ignore" => Policy::Ignore,
            "replace" => Policy::Replace,
            "backslashreplace" => Policy::BackslashReplace,
            "surrogateescape" => Policy::SurrogateEscape,
            "surrogatepass" => Policy::SurrogatePass,
            "xmlcharrefreplace" => Policy::XmlCharRefReplace,
            "namereplace" => Policy::NameReplace,
            _ => return None,
        })
    }

    /// What replaces undecodable bytes, and where to go on; `None`: fail.
    pub fn decode(self, codec: &str, input: &[u8], start: usize, end: usize) -> Option<(TextBuf, usize)> {
        let bad = input.get(start..end)?;
        let mut out = TextBuf::new();
        match self {
            Policy::Ignore => {}
            Policy::Replace => out.push(0xfffd),
            Policy::BackslashReplace => bad.iter().for_each(|&b| push_escape(&mut out, b.into())),
            Policy::SurrogateEscape => {
                let escaped = bad.iter().take(4).take_while(|&&b| b >= 0x80);
                escaped.for_each(|&b| out.push(0xdc00 + u32::from(b)));
                return (!out.is_empty()).then(|| (out.clone(), start + out.len()));
            }
            Policy::SurrogatePass => {
                let (code, len) = Utf::from_codec(codec)?.read(&input[start..])?;
                if !(0xd800..0xe000).contains(&code) {
                    return None;
                }
                out.push(code);
                return Some((out, start + len));
            }
            Policy::Strict | Policy::XmlCharRefReplace | Policy::NameReplace => return None,
        }
        Some((out, end))
    }

    /// What replaces unencodable text, and where to go on; `None`: fail.
    pub fn encode(
        self,
        codec: &str,
        text: Units<'_>,
        start: usize,
        end: usize,
    ) -> Option<(Replacement, usize)> {
        let bad = text.slice(start..end);
        let mut out = TextBuf::new();
        match self {
            Policy::Ignore => {}
            Policy::Replace => out.push_repeated(u32::from(b'?'), end - start),
            Policy::BackslashReplace => bad.iter().for_each(|c| push_escape(&mut out, c)),
            Policy::XmlCharRefReplace => bad.iter().for_each(|c| out.push_str(&format!("&#{c};"))),
            Policy::NameReplace => {
                for code in bad.iter() {
                    match names::name(code) {
                        Some(name) => out.push_str(&format!("\\N{{{name}}}")),
                        None => push_escape(&mut out, code),
                    }
                }
            }
            Policy::SurrogateEscape => {
                let escaped = bad.iter().take_while(|c| (0xdc80..0xdd00).contains(c));
                let bytes: Vec<u8> = escaped.map(|c| (c - 0xdc00) as u8).collect();
                let len = bytes.len();
                return (len > 0).then_some((Replacement::Bytes(bytes), start + len));
            }
            Policy::SurrogatePass => {
                let utf = Utf::from_codec(codec)?;
                let surrogates = bad.iter().take_while(|c| (0xd800..0xe000).contains(c));
                let mut bytes = Vec::new();
                let len = surrogates.map(|c| utf.write(&mut bytes, c)).count();
                return (len == end - start).then_some((Replacement::Bytes(bytes), end));
            }
            Policy::Strict => return None,
        }
        Some((Replacement::Text(out), end))
    }
}

impl DecodeErrors for Policy {
    type Error = Problem;
    fn undecodable(&mut self, input: &[u8], problem: Problem, out: &mut TextBuf) -> Result<usize, Problem> {
        let (text, next) = self.decode(problem.codec, input, problem.start, problem.end).ok_or(problem)?;
        out.push_units(text.as_units());
        Ok(next)
    }
}

impl EncodeErrors for Policy {
    type Error = Problem;
    fn unencodable(&mut self, text: Units<'_>, problem: Problem) -> Result<(Replacement, usize), Problem> {
        self.encode(problem.codec, text, problem.start, problem.end).ok_or(problem)
    }
    fn raise(&mut self, _text: Units<'_>, problem: Problem) -> Problem {
        problem
    }
}

/// Code units that `surrogatepass` knows to read and write.
#[derive(Clone, Copy)]
enum Utf {
    Eight,
    Sixteen { big: bool },
    ThirtyTwo { big: bool },
}

impl Utf {
    fn from_codec(codec: &str) -> Option<Utf> {
        let name = codec.to_ascii_lowercase().replace(['_', ' '], "-");
        let rest = name.strip_prefix("utf")?;
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let (width, order) = rest.split_at(rest.len().min(if rest.starts_with('8') { 1 } else { 2 }));
        let big = match order {
            "" => cfg!(target_endian = "big"),
            "le" | "-le" => false,
            "be" | "-be" => true,
            _ => return None,
        };
        match width {
            "8" if order.is_empty() => Some(Utf::Eight),
            "16" => Some(Utf::Sixteen { big }),
            "32" => Some(Utf::ThirtyTwo { big }),
            _ => None,
        }
    }

    fn read(self, bytes: &[u8]) -> Option<(u32, usize)> {
        match self {
            Utf::Eight => match *bytes {
                [a @ 0xe0..0xf0, b @ 0x80..0xc0, c @ 0x80..0xc0, ..] => {
                    Some(((u32::from(a) & 15) << 12 | (u32::from(b) & 63) << 6 | u32::from(c) & 63, 3))
                }
                _ => None,
            },
            Utf::Sixteen { big } => {
                let unit = bytes.first_chunk::<2>()?;
                let code = if big { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) };
                Some((code.into(), 2))
            }
            Utf::ThirtyTwo { big } => {
                let unit = bytes.first_chunk::<4>()?;
                Some((if big { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) }, 4))
            }
        }
    }

    fn write(self, out: &mut Vec<u8>, code: u32) {
        match self {
            Utf::Eight => utf8::push_code(out, code),
            Utf::Sixteen { big } => {
                let unit = code as u16;
                out.extend_from_slice(&if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            Utf::ThirtyTwo { big } => {
                out.extend_from_slice(&if big { code.to_be_bytes() } else { code.to_le_bytes() });
            }
        }
    }
}

/// Order of bytes in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// That of this machine, unless a byte order mark says otherwise; written with a mark.
    Native,
    /// Least significant byte first, no mark.
    Little,
    /// Most significant byte first, no mark.
    Big,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        let bad = [0xd800u16, 0x4e00];
        let text = Units::Ucs2(&bad);
        let encode = |policy: Policy| match policy.encode("ascii", text, 0, 2)? {
            (Replacement::Text(t), 2) => Some(t.to_string_lossy()),
            _ => None,
        };
        assert_eq!(encode(Policy::Replace).as_deref(), Some("??"));
        assert_eq!(encode(Policy::BackslashReplace).as_deref(), Some("\\ud800\\u4e00"));
        assert_eq!(encode(Policy::XmlCharRefReplace).as_deref(), Some("&#55296;&#19968;"));
        assert_eq!(encode(Policy::NameReplace).as_deref(), Some("\\ud800\\N{CJK UNIFIED IDEOGRAPH-4E00}"));
        assert_eq!(encode(Policy::Strict), None);
        let pass = Policy::SurrogatePass.encode("utf-16-be", text, 0, 1);
        assert_eq!(pass, Some((Replacement::Bytes(vec![0xd8, 0]), 1)));
        let (escaped, next) = Policy::SurrogateEscape.decode("ascii", b"\xff\x80a", 0, 3).unwrap();
        assert_eq!((escaped.as_units(), next), (Units::Ucs2(&[0xdcff, 0xdc80]), 2));
    }
}
