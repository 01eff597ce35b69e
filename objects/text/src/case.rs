//! Full case mapping and the case and class predicates of `str`.
//!
//! Invariant: results are those of CPython: mappings may change the length, and only `lower` looks at
//! neighbors (for the final sigma). Narrow strings go through loops over bytes.

use crate::unicode_data as ucd;
use crate::units::{TextBuf, Unit, Units};
use crate::with_units;

const SIGMA: u32 = 0x3a3;

fn push_mapped(out: &mut TextBuf, code: u32, which: usize) {
    match ucd::special_case(code) {
        Some(mapped) => mapped[which].chars().for_each(|c| out.push(c as u32)),
        None => out.push(match which {
            0 => ucd::simple_upper(code),
            2 => ucd::simple_title(code),
            _ => ucd::simple_lower(code),
        }),
    }
}

fn push_lower(out: &mut TextBuf, text: Units<'_>, at: usize) {
    match text.at(at) {
        SIGMA => out.push(if is_final_sigma(text, at) { 0x3c2 } else { 0x3c3 }),
        code => push_mapped(out, code, 1),
    }
}

/// A sigma is final after a cased letter and before none, case-ignorable ones not counted.
fn is_final_sigma(text: Units<'_>, at: usize) -> bool {
    let before = text.slice(0..at).iter().rev().find(|&c| !ucd::is_case_ignorable(c));
    let after = text.slice(at + 1..text.len()).iter().find(|&c| !ucd::is_case_ignorable(c));
    before.is_some_and(ucd::is_cased) && !after.is_some_and(ucd::is_cased)
}

fn ascii(text: Units<'_>) -> Option<&[u8]> {
    match text {
        Units::Latin1(s) if s.is_ascii() => Some(s),
        _ => None,
    }
}

/// `str.upper`.
pub fn upper(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Latin1(s.to_ascii_uppercase());
    }
    let mut out = TextBuf::with_capacity(text.len());
    text.iter().for_each(|c| push_mapped(&mut out, c, 0));
    out
}

/// `str.lower`.
pub fn lower(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Latin1(s.to_ascii_lowercase());
    }
    let mut out = TextBuf::with_capacity(text.len());
    (0..text.len()).for_each(|at| push_lower(&mut out, text, at));
    out
}

/// `str.casefold`.
pub fn casefold(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Latin1(s.to_ascii_lowercase());
    }
    let mut out = TextBuf::with_capacity(text.len());
    text.iter().for_each(|c| push_mapped(&mut out, c, 3));
    out
}

/// `str.swapcase`.
pub fn swapcase(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Latin1(bytes_swapcase(s));
    }
    let mut out = TextBuf::with_capacity(text.len());
    for (at, code) in text.iter().enumerate() {
        if ucd::is_upper(code) {
            push_lower(&mut out, text, at);
        } else if ucd::is_lower(code) {
            push_mapped(&mut out, code, 0);
        } else {
            out.push(code);
        }
    }
    out
}

/// `str.title`.
pub fn title(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Latin1(bytes_title(s));
    }
    let mut out = TextBuf::with_capacity(text.len());
    let mut previous_cased = false;
    for (at, code) in text.iter().enumerate() {
        if previous_cased {
            push_lower(&mut out, text, at);
        } else {
            push_mapped(&mut out, code, 2);
        }
        previous_cased = ucd::is_cased(code);
    }
    out
}

/// `str.capitalize`.
pub fn capitalize(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Latin1(bytes_capitalize(s));
    }
    let mut out = TextBuf::with_capacity(text.len());
    for (at, code) in text.iter().enumerate() {
        if at == 0 {
            push_mapped(&mut out, code, 2);
        } else {
            push_lower(&mut out, text, at);
        }
    }
    out
}

/// `bytes.swapcase`.
pub fn bytes_swapcase(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { b }).collect()
}

/// `bytes.title`.
pub fn bytes_title(bytes: &[u8]) -> Vec<u8> {
    let mut previous_cased = false;
    let map = |&b: &u8| {
        let mapped = if previous_cased { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() };
        previous_cased = b.is_ascii_alphabetic();
        mapped
    };
    bytes.iter().map(map).collect()
}

/// `bytes.capitalize`.
pub fn bytes_capitalize(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_ascii_lowercase();
    if let Some(first) = out.first_mut() {
        first.make_ascii_uppercase();
    }
    out
}

fn all(text: Units<'_>, predicate: impl Fn(u32) -> bool) -> bool {
    !text.is_empty() && with_units!(text, s => s.iter().all(|u| predicate(u.code())))
}

macro_rules! all_predicates {
    ($($(#[$doc:meta])* $name:ident = $test:expr;)*) => {
        $($(#[$doc])* pub fn $name(text: Units<'_>) -> bool { all(text, $test) })*
    };
}

all_predicates! {
    /// `str.isalpha`.
    isalpha = ucd::is_alpha;
    /// `str.isalnum`.
    isalnum = ucd::is_alnum;
    /// `str.isdecimal`.
    isdecimal = ucd::is_decimal;
    /// `str.isdigit`.
    isdigit = ucd::is_digit;
    /// `str.isnumeric`.
    isnumeric = ucd::is_numeric;
    /// `str.isspace`.
    isspace = ucd::is_space;
}

/// `str.isprintable`.
pub fn isprintable(text: Units<'_>) -> bool {
    text.iter().all(ucd::is_printable)
}

/// `str.isidentifier`.
pub fn isidentifier(text: Units<'_>) -> bool {
    ucd::is_identifier(text.iter())
}

/// `str.islower`.
pub fn islower(text: Units<'_>) -> bool {
    let mut cased = false;
    for code in text.iter() {
        if ucd::is_upper(code) || ucd::is_title(code) {
            return false;
        }
        cased = cased || ucd::is_lower(code);
    }
    cased
}

/// `str.isupper`.
pub fn isupper(text: Units<'_>) -> bool {
    let mut cased = false;
    for code in text.iter() {
        if ucd::is_lower(code) || ucd::is_title(code) {
            return false;
        }
        cased = cased || ucd::is_upper(code);
    }
    cased
}

/// `str.istitle`.
pub fn istitle(text: Units<'_>) -> bool {
    is_title_by(text.iter().map(|code| (ucd::is_upper(code) || ucd::is_title(code), ucd::is_lower(code))))
}

/// `bytes.istitle`.
pub fn bytes_istitle(bytes: &[u8]) -> bool {
    is_title_by(bytes.iter().map(|b| (b.is_ascii_uppercase(), b.is_ascii_lowercase())))
}

fn is_title_by(codes: impl Iterator<Item = (bool, bool)>) -> bool {
    let (mut cased, mut previous_cased) = (false, false);
    for (upper, lower) in codes {
        if (upper && previous_cased) || (lower && !previous_cased) {
            return false;
        }
        previous_cased = upper || lower;
        cased |= previous_cased;
    }
    cased
}

/// `bytes.islower`.
pub fn bytes_islower(bytes: &[u8]) -> bool {
    !bytes.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase)
}

/// `bytes.isupper`.
pub fn bytes_isupper(bytes: &[u8]) -> bool {
    !bytes.iter().any(u8::is_ascii_lowercase) && bytes.iter().any(u8::is_ascii_uppercase)
}

/// `bytes.isalpha`.
pub fn bytes_isalpha(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_alphabetic)
}

/// `bytes.isalnum`.
pub fn bytes_isalnum(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// `bytes.isdigit`.
pub fn bytes_isdigit(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// `bytes.isspace`.
pub fn bytes_isspace(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| crate::split::is_ascii_space(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(map: fn(Units<'_>) -> TextBuf, text: &str, expected: &str) {
        assert_eq!(map(TextBuf::from(text).as_units()), TextBuf::from(expected), "{text:?}");
    }

    #[test]
    fn mappings() {
        check(upper, "straße ﬁ", "STRASSE FI");
        check(lower, "ΑΣ ΑΣΑ Σ İ", "ας ασα σ i\u{307}");
        check(title, "ǆ they're ﬁne", "ǅ They'Re Fine");
        check(capitalize, "ŉab ÀB", "ʼNab àb");
        check(swapcase, "aBcß ΑΣ", "AbCSS ας");
        check(casefold, "ßΣςİ", "ssσσi\u{307}");
        check(upper, "ÿ", "Ÿ");
        check(title, "hello wORLD x1y", "Hello World X1Y");
    }

    #[test]
    fn predicates() {
        let text = TextBuf::from("ǅ");
        assert!(istitle(text.as_units()) && !isupper(text.as_units()));
        assert!(isalpha(TextBuf::from("aé中").as_units()) && !isalpha(Units::ascii("")));
        assert!(isprintable(Units::ascii("")) && !isprintable(Units::ascii("\n")));
        assert!(istitle(Units::ascii("Hello World1")) && !istitle(Units::ascii("HelloW")));
    }
}
