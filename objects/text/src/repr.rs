//! `repr` of `str` and `bytes`, and `ascii`.
//!
//! Invariant: the result is a literal that reads back as the same value.

use crate::unicode_data::is_printable;
use crate::units::{TextBuf, Unit, Units};
use crate::with_units;

const HEX: &[u8; 16] = b"0123456789abcdef";

fn quote_for(has_single: bool, has_double: bool) -> u8 {
    if has_single && !has_double { b'"' } else { b'\'' }
}

/// Pushes `\xhh`, `\uhhhh` or `\Uhhhhhhhh`, whichever is the shortest that fits.
pub fn push_escape(out: &mut TextBuf, code: u32) {
    let (letter, digits) = match code {
        0..=0xff => (b'x', 2),
        0x100..=0xffff => (b'u', 4),
        _ => (b'U', 8),
    };
    out.push_latin1(&[b'\\', letter]);
    for at in (0..digits).rev() {
        out.push(u32::from(HEX[(code >> (4 * at) & 15) as usize]));
    }
}

fn push_quoted<U: Unit>(out: &mut TextBuf, units: &[U], ascii_only: bool) {
    let has = |byte: u8| U::find_unit(units, U::truncate(u32::from(byte))).is_some();
    let quote = quote_for(has(b'\''), has(b'"'));
    out.push(u32::from(quote));
    for unit in units {
        let code = unit.code();
        match code {
            0x20..0x7f => {
                if code == u32::from(quote) || code == u32::from(b'\\') {
                    out.push(u32::from(b'\\'));
                }
                out.push(code);
            }
            9 => out.push_latin1(b"\\t"),
            10 => out.push_latin1(b"\\n"),
            13 => out.push_latin1(b"\\r"),
            _ if code < 0x80 || ascii_only || !is_printable(code) => push_escape(out, code),
            _ => out.push(code),
        }
    }
    out.push(u32::from(quote));
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f) && byte != b'\'' && byte != b'\\'
}

/// `str.__repr__`.
pub fn repr_text(text: Units<'_>) -> TextBuf {
    let mut out = TextBuf::with_capacity(text.len() + 2);
    push_repr(&mut out, text);
    out
}

/// Appends `str.__repr__`.
pub fn push_repr(out: &mut TextBuf, text: Units<'_>) {
    if let Units::Latin1(s) = text
        && s.iter().all(|&b| is_plain(b))
    {
        out.push(u32::from(b'\''));
        out.push_latin1(s);
        out.push(u32::from(b'\''));
        return;
    }
    with_units!(text, s => push_quoted(out, s, false));
}

/// `ascii(str)`.
pub fn ascii_text(text: Units<'_>) -> TextBuf {
    let mut out = TextBuf::with_capacity(text.len() + 2);
    with_units!(text, s => push_quoted(&mut out, s, true));
    out
}

/// `ascii` of an object, made from its `repr`: what is not ASCII is escaped.
pub fn ascii_of_repr(repr: Units<'_>) -> Option<TextBuf> {
    if repr.is_ascii() {
        return None;
    }
    let mut out = TextBuf::with_capacity(repr.len() + 16);
    for code in repr.iter() {
        if code < 0x80 { out.push(code) } else { push_escape(&mut out, code) }
    }
    Some(out)
}

/// `bytes.__repr__`.
pub fn repr_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    push_bytes(&mut out, bytes, false);
    out
}

/// `bytearray.__repr__`, or that of a subclass of that name.
pub fn repr_bytearray(class_name: &str, bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + class_name.len() + 5);
    out.push_str(class_name);
    out.push_str("(b");
    // Single quotes are escaped whatever the quotes are.
    push_bytes(&mut out, bytes, true);
    out.push(')');
    out
}

fn push_bytes(out: &mut String, bytes: &[u8], escape_single: bool) {
    let quote =
        quote_for(memchr::memchr(b'\'', bytes).is_some(), memchr::memchr(b'"', bytes).is_some()) as char;
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            0x20..0x7f => {
                if byte as char == quote || byte == b'\\' || escape_single && byte == b'\'' {
                    out.push('\\');
                }
                out.push(byte as char);
            }
            _ => {
                out.push_str("\\x");
                out.push(HEX[(byte >> 4) as usize] as char);
                out.push(HEX[(byte & 15) as usize] as char);
            }
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, repr, ascii) in [
            ("abc", "'abc'", "'abc'"),
            ("it's", "\"it's\"", "\"it's\""),
            ("'\"", "'\\'\"'", "'\\'\"'"),
            ("a\\\n\t\r\x00\x7f", "'a\\\\\\n\\t\\r\\x00\\x7f'", "'a\\\\\\n\\t\\r\\x00\\x7f'"),
            ("é\u{a0}中\u{2028}😀", "'é\\xa0中\\u2028😀'", "'\\xe9\\xa0\\u4e2d\\u2028\\U0001f600'"),
        ] {
            let units = TextBuf::from(text);
            assert_eq!(repr_text(units.as_units()), TextBuf::from(repr));
            assert_eq!(ascii_text(units.as_units()), TextBuf::from(ascii));
        }
        assert_eq!(repr_text(Units::Ucs2(&[0xd800])), TextBuf::from("'\\ud800'"));
        assert_eq!(repr_bytes(b"a'\"\n\x00\xff"), "b'a\\'\"\\n\\x00\\xff'");
        assert_eq!(repr_bytearray("bytearray", b"'"), "bytearray(b\"\\'\")");
    }
}
