//! Floats from text, and rounding to decimal places.
//!
//! Invariant: the result is the float nearest to what the text says, or to the exactly rounded decimal.

use std::borrow::Cow;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use crate::error::{Result, TextError};
use crate::float_repr::{FloatFlags, FloatFormat, format_float};
use crate::repr;
use crate::unicode_data as ucd;
use crate::units::Units;

/// Numeric text as ASCII: white space stripped, decimal digits of all scripts as 0-9, white space as
/// blanks; what else is not ASCII becomes `?`.
pub fn to_ascii_number(text: Units<'_>) -> Cow<'_, [u8]> {
    let range = crate::split::text_strip(text, crate::split::Ends::Both, None);
    if let Units::Latin1(s) = text
        && s[range.clone()].is_ascii()
    {
        return Cow::Borrowed(&s[range]);
    }
    let map = |code: u32| match code {
        0..128 => code as u8,
        _ if ucd::is_space(code) => b' ',
        _ => ucd::decimal(code).map_or(b'?', |digit| b'0' + digit as u8),
    };
    text.slice(range).iter().map(map).collect()
}

/// Removes underscores, which must stand between digits.
pub(crate) fn without_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut previous = 0u8;
    for &byte in text {
        if byte == b'_' {
            if !previous.is_ascii_digit() {
                return None;
            }
        } else {
            if previous == b'_' && !byte.is_ascii_digit() {
                return None;
            }
            out.push(byte);
        }
        previous = byte;
    }
    (previous != b'_').then_some(out)
}

/// Length of the longest prefix that is a decimal float, `inf`, `infinity` or `nan`, with a sign perhaps.
pub(crate) fn float_prefix(text: &[u8]) -> usize {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let body = &text[sign..];
    for word in [b"infinity".as_slice(), b"inf", b"nan"] {
        if body.len() >= word.len() && body[..word.len()].eq_ignore_ascii_case(word) {
            return sign + word.len();
        }
    }
    let digits = |from: usize| body[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    let mut fraction = 0;
    if body.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(body.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(body.get(end + 1), Some(b'+' | b'-')));
        let power = digits(end + 1 + sign);
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    sign + end
}

/// The float that a whole text (no white space, no underscores) stands for.
pub(crate) fn parse_ascii(text: &[u8]) -> Option<f64> {
    if text.is_empty() || float_prefix(text) != text.len() {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn parse_with_underscores(text: &[u8]) -> Option<f64> {
    if text.contains(&b'_') { parse_ascii(&without_underscores(text)?) } else { parse_ascii(text) }
}

/// `float(str)`.
pub fn parse_float(text: Units<'_>) -> Result<f64> {
    if let Units::Latin1(s) = text
        && let Some(x) = parse_ascii(s)
    {
        return Ok(x);
    }
    parse_with_underscores(&to_ascii_number(text)).ok_or_else(|| {
        TextError::value(format!(
            "could not convert string to float: {}",
            repr::repr_text(text).to_string_lossy()
        ))
    })
}

/// `float(bytes)`.
pub fn parse_float_bytes(bytes: &[u8]) -> Result<f64> {
    let range = crate::split::bytes_strip(bytes, crate::split::Ends::Both, None);
    parse_with_underscores(&bytes[range]).ok_or_else(|| {
        TextError::value(format!("could not convert string to float: {}", repr::repr_bytes(bytes)))
    })
}

/// `round(x, ndigits)`.
pub fn round_to_digits(x: f64, ndigits: i64) -> Result<f64> {
    // Beyond these, no digit can change, or none can stay.
    const MOST: i64 = ((53 + 1021) as f64 * std::f64::consts::LOG10_2) as i64;
    const LEAST: i64 = -(((1024 + 1) as f64 * std::f64::consts::LOG10_2) as i64);
    if !x.is_finite() || x == 0.0 || ndigits > MOST {
        return Ok(x);
    }
    if ndigits < LEAST {
        return Ok(0.0 * x);
    }
    let result = if ndigits >= 0 {
        let text = format_float(x, FloatFormat::Fixed(ndigits as usize), FloatFlags::default());
        text.parse().unwrap_or(x)
    } else {
        let unit = BigInt::from(10).pow(-ndigits as u32);
        let size = crate::math::float_to_bigint(x.abs().trunc()).unwrap_or_default();
        let (mut quotient, remainder) = (&size / &unit, &size % &unit);
        let order = (&remainder * 2u32).cmp(&unit);
        let fraction = x.fract() != 0.0;
        let odd = quotient.bit(0);
        if order.is_gt() || (order.is_eq() && (fraction || odd)) {
            quotient += 1u32;
        }
        let rounded = quotient * unit;
        if rounded.is_zero() {
            0.0f64.copysign(x)
        } else {
            rounded.abs().to_f64().unwrap_or(f64::INFINITY).copysign(x)
        }
    };
    if result.is_infinite() {
        return Err(TextError::overflow("rounded value too large to represent"));
    }
    Ok(result)
}

/// `float.as_integer_ratio`.
pub fn as_integer_ratio(x: f64) -> Result<(BigInt, BigInt)> {
    if x.is_infinite() {
        return Err(TextError::overflow("cannot convert Infinity to integer ratio"));
    }
    if x.is_nan() {
        return Err(TextError::value("cannot convert NaN to integer ratio"));
    }
    let (mut mantissa, mut exponent) = crate::math::decompose(x);
    if mantissa == 0 {
        return Ok((BigInt::ZERO, BigInt::from(1)));
    }
    let zeros = mantissa.trailing_zeros();
    mantissa >>= zeros;
    exponent += zeros as i32;
    let one = BigInt::from(1);
    Ok(if exponent >= 0 {
        (BigInt::from(mantissa) << exponent, one)
    } else {
        (BigInt::from(mantissa), one << -exponent)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::TextBuf;

    fn float(text: &str) -> Result<f64> {
        parse_float(TextBuf::from(text).as_units())
    }

    #[test]
    fn parsing() {
        assert_eq!(float(" 1_000.5e-1_0\n"), Ok(1000.5e-10));
        assert_eq!(float("-.5"), Ok(-0.5));
        assert_eq!(float("5."), Ok(5.0));
        assert_eq!(float("+iNfInity"), Ok(f64::INFINITY));
        assert_eq!(float("1e400"), Ok(f64::INFINITY));
        assert_eq!(float("\u{661}\u{662}.\u{663}"), Ok(12.3));
        for bad in ["", ".", "1__0", "_1", "1_", "1_.0", "1e", "0x1", "1 2", "e5", "infin"] {
            let message = format!("could not convert string to float: '{bad}'");
            assert_eq!(float(bad).map_err(|e| e.message), Err(message));
        }
        assert_eq!(
            parse_float_bytes(b"x").map_err(|e| e.message),
            Err("could not convert string to float: b'x'".into())
        );
    }

    #[test]
    fn rounding() {
        for (x, digits, expected) in [
            (2.675, 2, 2.67),
            (0.5, 0, 0.0),
            (1.5, 0, 2.0),
            (25.0, -1, 20.0),
            (35.0, -1, 40.0),
            (25.000001, -1, 30.0),
            (1e300, -300, 1e300),
            (-4.0, -1, -0.0),
            (1234.5678, 400, 1234.5678),
            (5e-324, 323, 0.0),
        ] {
            let rounded = round_to_digits(x, digits).unwrap();
            assert_eq!(rounded.to_bits(), f64::to_bits(expected), "{x} {digits} {rounded}");
        }
        assert!(round_to_digits(1.7976931348623157e308, -308).is_err());
    }

    #[test]
    fn ratios() {
        assert_eq!(as_integer_ratio(0.75), Ok((BigInt::from(3), BigInt::from(4))));
        assert_eq!(as_integer_ratio(-2.0), Ok((BigInt::from(-2), BigInt::from(1))));
        assert!(as_integer_ratio(f64::NAN).is_err());
    }
}
