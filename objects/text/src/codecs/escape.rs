//! `unicode_escape`, `raw_unicode_escape` and `codecs.escape_decode`: text as in source literals.

use super::{DecodeErrors, Problem};
use crate::error::{Result, TextError};
use crate::unicode_data::names;
use crate::units::{TextBuf, Units};

/// What decoding found besides the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Bytes consumed.
    pub consumed: usize,
    /// The first escape that Python does not know.
    pub invalid_escape: InvalidEscape,
}

fn hex_digits(input: &[u8], start: usize, count: usize) -> (u32, usize) {
    let mut value = 0;
    let mut at = start;
    while at < start + count
        && let Some(digit) = input.get(at).and_then(|&b| (b as char).to_digit(16))
    {
        value = value << 4 | digit;
        at += 1;
    }
    (value, at)
}

/// Decodes `unicode_escape`.
pub fn decode_unicode_escape<E: DecodeErrors>(
    input: &[u8],
    last: bool,
    errors: &mut E,
    out: &mut TextBuf,
) -> std::result::Result<Decoded, E::Error> {
    let mut found = Decoded::default();
    let mut at = 0;
    while at < input.len() {
        let plain = memchr::memchr(b'\\', &input[at..]).unwrap_or(input.len() - at);
        out.push_latin1(&input[at..at + plain]);
        at += plain;
        let start = at;
        if start >= input.len() {
            break;
        }
        at += 1;
        let (mut end, reason);
        match input.get(at).copied() {
            None if !last => {
                found.consumed = start;
                return Ok(found);
            }
            None => (end, reason) = (at, "\\ at end of string"),
            Some(letter) => {
                at += 1;
                let simple = match letter {
                    b'\n' => continue,
                    b'\\' | b'\'' | b'"' => letter,
                    b'b' => 8,
                    b't' => 9,
                    b'n' => 10,
                    b'r' => 13,
                    b'f' => 12,
                    b'v' => 11,
                    b'a' => 7,
                    _ => 0,
                };
                if simple != 0 {
                    out.push(simple.into());
                    continue;
                }
                let hex = match letter {
                    b'0'..=b'7' => {
                        let mut value = u32::from(letter - b'0');
                        for _ in 0..2 {
                            match input.get(at) {
                                Some(&digit @ b'0'..=b'7') => {
                                    value = value << 3 | u32::from(digit - b'0');
                                    at += 1;
                                }
                                _ => break,
                            }
                        }
                        if value > 0xff && found.invalid_escape.is_none() {
                            found.invalid_escape = Some((start, value));
                        }
                        out.push(value);
                        continue;
                    }
                    b'x' => Some((2, "truncated \\xXX escape")),
                    b'u' => Some((4, "truncated \\uXXXX escape")),
                    b'U' => Some((8, "truncated \\UXXXXXXXX escape")),
                    b'N' => None,
                    _ => {
                        if found.invalid_escape.is_none() {
                            found.invalid_escape = Some((start, letter.into()));
                        }
                        out.push(u32::from(b'\\'));
                        out.push(letter.into());
                        continue;
                    }
                };
                if let Some((count, truncated)) = hex {
                    let (value, stop) = hex_digits(input, at, count);
                    if stop == at + count {
                        if value <= 0x10ffff {
                            out.push(value);
                            at = stop;
                            continue;
                        }
                        (end, reason) = (stop, "illegal Unicode character");
                    } else {
                        (end, reason) = (stop, truncated);
                        if stop == input.len() && !last {
                            found.consumed = start;
                            return Ok(found);
                        }
                    }
                } else {
                    // \N{name}
                    (end, reason) = (at, "malformed \\N character escape");
                    if input.get(at) == Some(&b'{') {
                        let name_start = at + 1;
                        match memchr::memchr(b'}', &input[name_start..]) {
                            Some(0) => end = name_start + 1,
                            Some(len) => {
                                let name =
                                    std::str::from_utf8(&input[name_start..name_start + len]).unwrap_or("");
                                at = name_start + len + 1;
                                if let Some(code) = names::lookup(name) {
                                    out.push(code);
                                    continue;
                                }
                                let reason = "unknown Unicode character name";
                                let problem = Problem { codec: CODEC, start, end: at, reason };
                                at = errors.undecodable(input, problem, out)?;
                                continue;
                            }
                            None if !last => {
                                found.consumed = start;
                                return Ok(found);
                            }
                            None => end = input.len(),
                        }
                    } else if at >= input.len() && !last {
                        found.consumed = start;
                        return Ok(found);
                    }
                }
            }
        }
        end = end.min(input.len());
        at = errors.undecodable(input, Problem { codec: CODEC, start, end, reason }, out)?;
    }
    found.consumed = input.len();
    Ok(found)
}

const CODEC: &str = "unicodeescape";

/// Decodes `raw_unicode_escape`: only `\u` and `\U` after an odd number of backslashes are escapes.
pub fn decode_raw_unicode_escape<E: DecodeErrors>(
    input: &[u8],
    last: bool,
    errors: &mut E,
    out: &mut TextBuf,
) -> std::result::Result<usize, E::Error> {
    let mut at = 0;
    while at < input.len() {
        let byte = input[at];
        if byte != b'\\' {
            out.push(byte.into());
            at += 1;
            continue;
        }
        let start = at;
        let (count, truncated) = match input.get(at + 1) {
            None if !last => return Ok(start),
            Some(b'u') => (4, "truncated \\uXXXX escape"),
            Some(b'U') => (8, "truncated \\UXXXXXXXX escape"),
            Some(&other) => {
                out.push(u32::from(b'\\'));
                out.push(other.into());
                at += 2;
                continue;
            }
            None => {
                out.push(u32::from(b'\\'));
                at += 1;
                continue;
            }
        };
        let (value, stop) = hex_digits(input, at + 2, count);
        let reason = if stop < at + 2 + count {
            if stop == input.len() && !last {
                return Ok(start);
            }
            truncated
        } else if value > 0x10ffff {
            "\\Uxxxxxxxx out of range"
        } else {
            out.push(value);
            at = stop;
            continue;
        };
        at = errors.undecodable(
            input,
            Problem { codec: "rawunicodeescape", start, end: stop, reason },
            out,
        )?;
    }
    Ok(input.len())
}

fn push_hex(out: &mut Vec<u8>, letter: u8, code: u32, digits: u32) {
    out.extend_from_slice(&[b'\\', letter]);
    for at in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(code >> (4 * at) & 15) as usize]);
    }
}

/// Encodes `unicode_escape`.
pub fn encode_unicode_escape(text: Units<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for code in text.iter() {
        match code {
            0x5c => out.extend_from_slice(b"\\\\"),
            0x20..0x7f => out.push(code as u8),
            9 => out.extend_from_slice(b"\\t"),
            10 => out.extend_from_slice(b"\\n"),
            13 => out.extend_from_slice(b"\\r"),
            0..0x100 => push_hex(&mut out, b'x', code, 2),
            0x100..0x10000 => push_hex(&mut out, b'u', code, 4),
            _ => push_hex(&mut out, b'U', code, 8),
        }
    }
    out
}

/// Encodes `raw_unicode_escape`.
pub fn encode_raw_unicode_escape(text: Units<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for code in text.iter() {
        match code {
            0..0x100 => out.push(code as u8),
            0x100..0x10000 => push_hex(&mut out, b'u', code, 4),
            _ => push_hex(&mut out, b'U', code, 8),
        }
    }
    out
}

/// The first unknown escape: its position (of the backslash) and the character; a `DeprecationWarning`.
pub type InvalidEscape = Option<(usize, u32)>;

/// `codecs.escape_decode`: bytes as in a bytes literal. `errors` is `strict`, `replace` or `ignore`.
pub fn decode_bytes_escape(input: &[u8], errors: &str) -> Result<(Vec<u8>, InvalidEscape)> {
    let mut out = Vec::with_capacity(input.len());
    let mut invalid = None;
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        let start = at;
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&letter) = input.get(at) else {
            return Err(TextError::value("Trailing \\ in string"));
        };
        at += 1;
        match letter {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(letter),
            b'b' => out.push(8),
            b't' => out.push(9),
            b'n' => out.push(10),
            b'r' => out.push(13),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'a' => out.push(7),
            b'0'..=b'7' => {
                let mut value = u32::from(letter - b'0');
                for _ in 0..2 {
                    if let Some(&digit @ b'0'..=b'7') = input.get(at) {
                        value = value << 3 | u32::from(digit - b'0');
                        at += 1;
                    } else {
                        break;
                    }
                }
                if value > 0xff && invalid.is_none() {
                    invalid = Some((start, value));
                }
                out.push(value as u8);
            }
            b'x' => {
                let (value, stop) = hex_digits(input, at, 2);
                if stop == at + 2 {
                    out.push(value as u8);
                } else {
                    match errors {
                        "strict" => {
                            return Err(TextError::value(format!("invalid \\x escape at position {start}")));
                        }
                        "replace" => out.push(b'?'),
                        "ignore" => {}
                        _ => {
                            let name: String = errors.chars().take(400).collect();
                            return Err(TextError::value(format!(
                                "decoding error; unknown error handling code: {name}"
                            )));
                        }
                    }
                }
                at = stop;
            }
            _ => {
                if invalid.is_none() {
                    invalid = Some((start, letter.into()));
                }
                out.extend_from_slice(&[b'\\', letter]);
            }
        }
    }
    Ok((out, invalid))
}

/// `codecs.escape_encode`: the inside of a bytes literal.
pub fn encode_bytes_escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x20..0x7f => out.push(byte),
            _ => push_hex(&mut out, b'x', byte.into(), 2),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn both_ways() {
        let text = TextBuf::from("a\\\n\u{e9}\u{4e00}\u{1f600}");
        let bytes = encode_unicode_escape(text.as_units());
        assert_eq!(bytes, b"a\\\\\\n\\xe9\\u4e00\\U0001f600");
        let mut back = TextBuf::new();
        decode_unicode_escape(&bytes, true, &mut Policy::Strict, &mut back).unwrap();
        assert_eq!(back, text);
        let problem = |input: &[u8]| {
            let e = decode_unicode_escape(input, true, &mut Policy::Strict, &mut TextBuf::new()).unwrap_err();
            (e.start, e.end, e.reason)
        };
        assert_eq!(problem(b"a\\"), (1, 2, "\\ at end of string"));
        assert_eq!(problem(b"\\x4"), (0, 3, "truncated \\xXX escape"));
        assert_eq!(problem(b"\\U00110000"), (0, 10, "illegal Unicode character"));
        assert_eq!(problem(b"\\N{no}"), (0, 6, "unknown Unicode character name"));
        let mut out = TextBuf::new();
        let found =
            decode_unicode_escape(b"\\d\\N{SNOWMAN}\\101", true, &mut Policy::Strict, &mut out).unwrap();
        assert_eq!((out, found.invalid_escape), (TextBuf::from("\\d\u{2603}A"), Some((0, 100))));
    }

    #[test]
    fn bytes_escapes() {
        assert_eq!(decode_bytes_escape(b"\\x41\\n\\0", "strict").unwrap().0, b"A\n\0");
        let error = decode_bytes_escape(b"a\\x4", "strict").unwrap_err();
        assert_eq!(error.message, "invalid \\x escape at position 1");
    }
}
