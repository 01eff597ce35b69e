//! Text of floats: `repr`, the format codes `e f g`, and `float.hex`.
//!
//! Invariant: all digits are correctly rounded (half to even, of the exact binary value), and `repr` gives
//! the shortest digits that read back as the same float, the nearest of them to the float.

use crate::error::{Result, TextError};

/// How many digits, and in what arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatFormat {
    /// Shortest digits; an exponent below -4 or from 16 on.
    Repr,
    /// One digit, then this many more, and an exponent.
    Exponent(usize),
    /// This many digits after the point.
    Fixed(usize),
    /// This many digits in all, without trailing zeros (unless alternate).
    General(usize),
}

/// Details of arrangement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloatFlags {
    /// `#`: keep the point and trailing zeros.
    pub alternate: bool,
    /// Upper case exponent, `INF` and `NAN`.
    pub upper: bool,
    /// Add `.0` to what would look like an int.
    pub add_dot_zero: bool,
    /// Show a zero without a sign.
    pub no_negative_zero: bool,
    /// Show `+` before what is not negative.
    pub sign: bool,
}

/// The decimal digits of a finite float: `0.d1 d2 d3... * 10**point`.
struct Digits {
    digits: Vec<u8>,
    point: i32,
}

fn shortest_digits(x: f64) -> Digits {
    debug_assert!(x.is_finite() && x >= 0.0);
    if x == 0.0 {
        return Digits { digits: vec![b'0'], point: 1 };
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(x).as_bytes();
    let (mantissa, exponent) = match text.iter().position(|&b| b == b'e') {
        Some(at) => (&text[..at], ascii_int(&text[at + 1..])),
        None => (text, 0),
    };
    let whole = mantissa.iter().position(|&b| b == b'.').unwrap_or(mantissa.len());
    let mut digits: Vec<u8> = mantissa.iter().copied().filter(|&b| b != b'.').collect();
    let leading = digits.iter().take_while(|&&b| b == b'0').count();
    digits.drain(..leading);
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    Digits { point: whole as i32 - leading as i32 + exponent, digits }
}

fn ascii_int(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let value = digits.iter().fold(0i32, |n, &b| n * 10 + i32::from(b - b'0'));
    if negative { -value } else { value }
}

/// No float has more significant digits than this (767), and none more after the point (1074).
const MAX_DIGITS: usize = 1100;

/// `count` (at least 1) significant digits.
fn exponent_digits(x: f64, count: usize) -> Digits {
    let exact = count.min(MAX_DIGITS);
    let text = format!("{x:.*e}", exact - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut digits: Vec<u8> = mantissa.bytes().filter(|&b| b != b'.').collect();
    digits.resize(count, b'0');
    Digits { digits, point: ascii_int(exponent.as_bytes()) + 1 }
}

fn push_exponent(out: &mut String, exponent: i32, upper: bool) {
    out.push(if upper { 'E' } else { 'e' });
    out.push(if exponent < 0 { '-' } else { '+' });
    let size = exponent.unsigned_abs();
    if size < 10 {
        out.push('0');
    }
    out.push_str(&size.to_string());
}

fn push_digits(out: &mut String, digits: &[u8]) {
    out.extend(digits.iter().map(|&b| b as char));
}

/// Lays out digits with the point where it belongs, zeros filled in, and no exponent.
fn push_plain(out: &mut String, digits: &[u8], point: i32, decimals: Option<usize>) {
    if point <= 0 {
        out.push('0');
        if decimals != Some(0) {
            out.push('.');
            out.extend(std::iter::repeat_n('0', -point as usize));
            push_digits(out, digits);
        }
        return;
    }
    let point = point as usize;
    if digits.len() <= point {
        push_digits(out, digits);
        out.extend(std::iter::repeat_n('0', point - digits.len()));
    } else {
        push_digits(out, &digits[..point]);
        out.push('.');
        push_digits(out, &digits[point..]);
    }
}

/// `PyOS_double_to_string`.
pub fn format_float(x: f64, format: FloatFormat, flags: FloatFlags) -> String {
    let mut out = String::new();
    if !x.is_finite() {
        let text = if x.is_nan() { "nan" } else { "inf" };
        if x == f64::NEG_INFINITY {
            out.push('-');
        } else if flags.sign {
            out.push('+');
        }
        out.push_str(text);
        return if flags.upper { out.to_ascii_uppercase() } else { out };
    }
    let size = x.abs();
    let mut body = String::with_capacity(24);
    let mut exponent = None;
    match format {
        FloatFormat::Repr => {
            let Digits { digits, point } = shortest_digits(size);
            if point <= -4 || point > 16 {
                push_plain(&mut body, &digits, 1, None);
                exponent = Some(point - 1);
            } else {
                push_plain(&mut body, &digits, point, None);
            }
        }
        FloatFormat::Exponent(precision) => {
            let Digits { digits, point } = exponent_digits(size, precision + 1);
            push_plain(&mut body, &digits, 1, None);
            exponent = Some(point - 1);
        }
        FloatFormat::Fixed(precision) => {
            let exact = precision.min(MAX_DIGITS);
            body = format!("{size:.exact$}");
            body.extend(std::iter::repeat_n('0', precision - exact));
        }
        FloatFormat::General(precision) => {
            let precision = precision.max(1);
            let Digits { mut digits, point } = exponent_digits(size, precision);
            if !flags.alternate {
                while digits.len() > 1 && digits.last() == Some(&b'0') {
                    digits.pop();
                }
            }
            // What gets ".0" would have one digit more than asked for.
            let most = precision as i32 - i32::from(flags.add_dot_zero);
            if point <= -4 || point > most {
                push_plain(&mut body, &digits, 1, None);
                exponent = Some(point - 1);
            } else {
                push_plain(&mut body, &digits, point, None);
            }
        }
    }
    if x.is_sign_negative() {
        // The sign goes if what is shown is a zero.
        let zero = flags.no_negative_zero && body.bytes().all(|b| b == b'0' || b == b'.');
        if !zero {
            out.push('-');
        } else if flags.sign {
            out.push('+');
        }
    } else if flags.sign {
        out.push('+');
    }
    out.push_str(&body);
    if !body.contains('.') {
        if flags.add_dot_zero && exponent.is_none() {
            out.push_str(".0");
        } else if flags.alternate {
            out.push('.');
        }
    }
    if let Some(exponent) = exponent {
        push_exponent(&mut out, exponent, flags.upper);
    }
    out
}

/// `float.__repr__`.
pub fn repr(x: f64) -> String {
    if x.is_finite() {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(x);
        // Where both show no exponent, they show the same.
        if !text.contains('e') && !text.trim_start_matches('-').starts_with("0.0000") {
            return text.to_owned();
        }
    }
    format_float(x, FloatFormat::Repr, FloatFlags { add_dot_zero: true, ..FloatFlags::default() })
}

/// A float split as 1.mmm or 0.mmm and a power of two.
fn hex_parts(x: f64) -> (u64, u64, i64) {
    let bits = x.abs().to_bits();
    let (exponent, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
    if exponent == 0 { (0, fraction, -1022) } else { (1, fraction, exponent - 1023) }
}

/// `float.hex`.
pub fn hex(x: f64) -> String {
    if !x.is_finite() {
        return repr(x);
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let (whole, fraction, exponent) = hex_parts(x);
    format!("{sign}0x{whole}.{fraction:013x}p{exponent:+}")
}

/// `float.fromhex`, of text that is known to be ASCII (what is not, is invalid).
pub fn from_hex(text: &str) -> Result<f64> {
    let invalid = || TextError::value("invalid hexadecimal floating-point string");
    let too_large = || TextError::overflow("hexadecimal value too large to represent as a float");
    let text = text.trim_matches(|c: char| c.is_ascii() && matches!(c as u8, 9..=13 | 32));
    let (negative, body) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let signed = |x: f64| if negative { -x } else { x };
    match body.to_ascii_lowercase().as_slice() {
        b"inf" | b"infinity" => return Ok(signed(f64::INFINITY)),
        b"nan" => return Ok(signed(f64::NAN)),
        _ => {}
    }
    let body = match body {
        [b'0', b'x' | b'X', rest @ ..] => rest,
        _ => body,
    };
    let whole_len = body.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (whole, mut rest) = body.split_at(whole_len);
    let mut fraction: &[u8] = &[];
    if let [b'.', after @ ..] = rest {
        let len = after.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        fraction = &after[..len];
        rest = &after[len..];
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let mut exponent: i128 = 0;
    if let [b'p' | b'P', after @ ..] = rest {
        let (minus, after_sign) = match after {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            digits => (false, digits),
        };
        let len = after_sign.iter().take_while(|b| b.is_ascii_digit()).count();
        if len == 0 {
            return Err(invalid());
        }
        let digits;
        (digits, rest) = after_sign.split_at(len);
        for &digit in digits {
            // Far beyond the range of floats for any text that fits in memory, so the rest is irrelevant.
            exponent = (exponent * 10 + i128::from(digit - b'0')).min(1 << 100);
        }
        if minus {
            exponent = -exponent;
        }
    }
    let size = hex_value(whole, fraction, exponent).ok_or_else(too_large)?;
    if !rest.is_empty() {
        return Err(invalid());
    }
    Ok(signed(size))
}

/// The float nearest to hexadecimal digits times a power of two; `None` if it is too large.
fn hex_value(whole: &[u8], fraction: &[u8], exponent: i128) -> Option<f64> {
    // Gather the first 64 significant bits; what follows only matters as "something more".
    let (mut bits, mut kept, mut sticky, mut dropped): (u64, u32, bool, i128) = (0, 0, false, 0);
    for &digit in whole.iter().chain(fraction) {
        let digit = u64::from((digit as char).to_digit(16).unwrap_or(0));
        if kept < 15 {
            bits = bits << 4 | digit;
            kept += u32::from(bits != 0);
        } else {
            sticky |= digit != 0;
            dropped += 1;
        }
    }
    if bits == 0 {
        return Some(0.0);
    }
    // The value is bits * 2**low, plus something if sticky.
    let low = exponent + 4 * (dropped - fraction.len() as i128);
    let top = low + i128::from(64 - bits.leading_zeros()); // The value is below 2**top.
    if top > 1024 {
        return None;
    }
    if top < -1074 {
        return Some(0.0);
    }
    // Bits below the lowest bit of the result are rounded away.
    let unit = (top - 53).max(-1074);
    let mut mantissa = bits;
    let shift = unit - low;
    if shift > 0 {
        let lost = bits & ((1 << shift) - 1);
        let half = 1u64 << (shift - 1);
        mantissa = bits >> shift;
        if lost > half || (lost == half && (sticky || mantissa & 1 == 1)) {
            mantissa += 1;
        }
    }
    let result = crate::math::ldexp(mantissa as f64, if shift > 0 { unit as i64 } else { low as i64 });
    result.is_finite().then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reprs() {
        for (x, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (9007199254740993.0, "9007199254740992.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(repr(x), expected);
        }
    }

    #[test]
    fn codes() {
        let plain = FloatFlags::default();
        let alternate = FloatFlags { alternate: true, ..plain };
        for (x, format, flags, expected) in [
            (2.5, FloatFormat::Fixed(0), plain, "2"),
            (2.5, FloatFormat::Fixed(0), alternate, "2."),
            (0.5, FloatFormat::Fixed(0), plain, "0"),
            (1.5, FloatFormat::Fixed(0), plain, "2"),
            (0.125, FloatFormat::Fixed(2), plain, "0.12"),
            (2.5, FloatFormat::Exponent(0), plain, "2e+00"),
            (1e300, FloatFormat::Exponent(3), plain, "1.000e+300"),
            (1234567.0, FloatFormat::General(6), plain, "1.23457e+06"),
            (100000.0, FloatFormat::General(6), plain, "100000"),
            (100000.0, FloatFormat::General(6), alternate, "100000."),
            (0.0001, FloatFormat::General(6), plain, "0.0001"),
            (0.00001, FloatFormat::General(6), plain, "1e-05"),
            (0.0, FloatFormat::General(6), alternate, "0.00000"),
            (0.0, FloatFormat::Exponent(2), plain, "0.00e+00"),
        ] {
            assert_eq!(format_float(x, format, flags), expected, "{x} {format:?}");
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex(1.0), "0x1.0000000000000p+0");
        assert_eq!(hex(-0.1), "-0x1.999999999999ap-4");
        assert_eq!(hex(5e-324), "0x0.0000000000001p-1022");
        assert_eq!(from_hex("0x1.999999999999ap-4"), Ok(0.1));
        assert_eq!(from_hex("-0x.8p1"), Ok(-1.0));
        assert_eq!(from_hex("0x1p-1075"), Ok(0.0));
        assert_eq!(from_hex("0x1.0000000001p-1075"), Ok(5e-324));
        assert_eq!(from_hex("0x1.fffffffffffffp+1023"), Ok(f64::MAX));
        assert!(from_hex("0x1.fffffffffffff8p+1023").is_err());
        assert!(from_hex("0x").is_err() && from_hex("1.p").is_err());
    }
}
