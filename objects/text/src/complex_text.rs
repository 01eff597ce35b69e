//! `repr` of complex numbers and their parsing.

use crate::error::{Result, TextError};
use crate::float_parse::{float_prefix, parse_ascii, to_ascii_number, without_underscores};
use crate::float_repr::{FloatFlags, FloatFormat, format_float};
use crate::units::Units;

/// `complex.__repr__`.
pub fn repr(real: f64, imaginary: f64) -> String {
    let part = |x, sign| format_float(x, FloatFormat::Repr, FloatFlags { sign, ..FloatFlags::default() });
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", part(imaginary, false));
    }
    format!("({}{}j)", part(real, false), part(imaginary, true))
}

fn take_float(text: &mut &[u8]) -> Option<f64> {
    let len = float_prefix(text);
    let (number, rest) = text.split_at(len);
    let x = parse_ascii(number)?;
    *text = rest;
    Some(x)
}

fn parse(text: &[u8]) -> Option<(f64, f64)> {
    let clean;
    let mut text = text;
    if text.contains(&b'_') {
        clean = without_underscores(text)?;
        text = &clean;
    }
    text = text.trim_ascii();
    if let [b'(', inner @ ..] = text {
        text = inner.strip_suffix(b")")?.trim_ascii();
    }
    let ascii_space = |b: &u8| matches!(b, 9..=13 | 32);
    while let [first, rest @ ..] = text
        && ascii_space(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && ascii_space(last)
    {
        text = rest;
    }
    let is_j = |b: Option<&u8>| matches!(b, Some(b'j' | b'J'));
    let (real, imaginary);
    if let Some(x) = take_float(&mut text) {
        match text.first() {
            Some(b'+' | b'-') => {
                real = x;
                imaginary = match take_float(&mut text) {
                    Some(y) => y,
                    // A bare sign.
                    None => {
                        let negative = text[0] == b'-';
                        text = &text[1..];
                        if negative { -1.0 } else { 1.0 }
                    }
                };
                if !is_j(text.first()) {
                    return None;
                }
                text = &text[1..];
            }
            Some(b'j' | b'J') => {
                (real, imaginary) = (0.0, x);
                text = &text[1..];
            }
            _ => (real, imaginary) = (x, 0.0),
        }
    } else {
        real = 0.0;
        imaginary = match text.first() {
            Some(b'-') => -1.0,
            _ => 1.0,
        };
        if matches!(text.first(), Some(b'+' | b'-')) {
            text = &text[1..];
        }
        if !is_j(text.first()) {
            return None;
        }
        text = &text[1..];
    }
    text.is_empty().then_some((real, imaginary))
}

/// `complex(str)`.
pub fn parse_complex(text: Units<'_>) -> Result<(f64, f64)> {
    if text.as_ascii().is_none() || text.iter().any(|c| c == u32::from(b'_')) {
        // The underscore rule speaks of its own.
        let ascii = to_ascii_number(text);
        if ascii.contains(&b'_') && without_underscores(&ascii).is_none() {
            return Err(TextError::value(format!(
                "could not convert string to complex: {}",
                crate::repr::repr_text(text).to_string_lossy()
            )));
        }
    }
    parse(&to_ascii_number(text)).ok_or_else(|| TextError::value("complex() arg is a malformed string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        assert_eq!(repr(0.0, 1.0), "1j");
        assert_eq!(repr(-0.0, 1.0), "(-0+1j)");
        assert_eq!(repr(1.5, f64::NAN), "(1.5+nanj)");
        assert_eq!(repr(1e16, -0.0), "(1e+16-0j)");
        for (text, expected) in [
            ("1", (1.0, 0.0)),
            (" ( 1.5-2e3j ) ", (1.5, -2000.0)),
            ("j", (0.0, 1.0)),
            ("-J", (0.0, -1.0)),
            ("1+j", (1.0, 1.0)),
            ("inf-infj", (f64::INFINITY, f64::NEG_INFINITY)),
            ("1_0j", (0.0, 10.0)),
        ] {
            assert_eq!(parse_complex(Units::ascii(text)), Ok(expected), "{text}");
        }
        for bad in ["", "1 + j", "(1", "1+2", "1j1", "+", "1)"] {
            assert_eq!(
                parse_complex(Units::ascii(bad)).unwrap_err().message,
                "complex() arg is a malformed string"
            );
        }
    }
}
