//! Integers from and to text, in any base, and the limit on decimal digits.
//!
//! Invariant: a conversion whose cost grows faster than its length (any base that is no power of two)
//! refuses more digits than the limit, if there is one.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{Signed, ToPrimitive};

use crate::error::{Result, TextError};
use crate::float_parse::to_ascii_number;
use crate::repr;
use crate::units::{TextBuf, Units};

/// The default of `sys.set_int_max_str_digits`.
pub const DEFAULT_MAX_STR_DIGITS: usize = 4300;
/// The least limit that can be set (0 is none).
pub const MAX_STR_DIGITS_THRESHOLD: usize = 640;

/// An integer as the VM holds it.
#[derive(Clone, Copy, Debug)]
pub enum IntRef<'a> {
    /// A machine word.
    Small(i64),
    /// More than that (or not).
    Big(&'a BigInt),
}

impl IntRef<'_> {
    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        match self {
            IntRef::Small(n) => n < 0,
            IntRef::Big(n) => n.is_negative(),
        }
    }

    /// As a machine word, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        match self {
            IntRef::Small(n) => Some(n),
            IntRef::Big(n) => n.to_i64(),
        }
    }

    /// Digits of its absolute value, in lower case; decimal ones are limited.
    pub fn digits(self, base: u32, max_str_digits: usize) -> Result<String> {
        match self {
            IntRef::Small(n) => {
                let size = n.unsigned_abs();
                Ok(match base {
                    10 => size.to_string(),
                    16 => format!("{size:x}"),
                    8 => format!("{size:o}"),
                    2 => format!("{size:b}"),
                    _ => BigUint::from(size).to_str_radix(base),
                })
            }
            IntRef::Big(n) => {
                if base != 10 {
                    return Ok(n.magnitude().to_str_radix(base));
                }
                let too_long = || {
                    TextError::value(format!(
                        "Exceeds the limit ({max_str_digits} digits) for integer string conversion; \
                         use sys.set_int_max_str_digits() to increase the limit"
                    ))
                };
                // From below: surely too long, without computing the digits.
                let least = n.bits().saturating_sub(1) as f64 * (std::f64::consts::LOG10_2 - 1e-9);
                if max_str_digits > 0 && least > max_str_digits as f64 {
                    return Err(too_long());
                }
                let digits = decimal_digits(n.magnitude());
                if max_str_digits > 0 && digits.len() > max_str_digits {
                    return Err(too_long());
                }
                Ok(digits)
            }
        }
    }
}

impl From<i64> for IntRef<'_> {
    fn from(n: i64) -> Self {
        IntRef::Small(n)
    }
}

impl<'a> From<&'a BigInt> for IntRef<'a> {
    fn from(n: &'a BigInt) -> Self {
        IntRef::Big(n)
    }
}

/// Decimal digits by splitting in halves, which beats the quadratic way when there are many.
fn decimal_digits(n: &BigUint) -> String {
    const DIRECT_BITS: u64 = 20_000;
    if n.bits() <= DIRECT_BITS {
        return n.to_str_radix(10);
    }
    let mut powers = vec![(BigUint::from(10u32).pow(2048), 2048usize)];
    while let Some((power, len)) = powers.last()
        && power.bits() * 2 <= n.bits() + 1
    {
        let next = (power * power, len * 2);
        powers.push(next);
    }
    let mut out = String::new();
    push_decimal(&mut out, n, &powers, 0);
    let leading = out.bytes().take_while(|&b| b == b'0').count();
    out.drain(..leading);
    out
}

fn push_decimal(out: &mut String, n: &BigUint, powers: &[(BigUint, usize)], pad: usize) {
    use num_integer::Integer;
    match powers.split_last() {
        Some(((power, len), smaller)) => {
            let (high, low) = n.div_rem(power);
            if high.bits() == 0 && pad == 0 {
                push_decimal(out, &low, smaller, 0);
            } else {
                // The quotient may still exceed the smaller power at the top level, never below it.
                push_decimal(out, &high, smaller, pad.saturating_sub(*len));
                push_decimal(out, &low, smaller, *len);
            }
        }
        None => {
            let text = n.to_str_radix(10);
            out.extend(std::iter::repeat_n('0', pad.saturating_sub(text.len())));
            out.push_str(&text);
        }
    }
}

/// `int.__repr__`.
pub fn to_decimal(n: IntRef<'_>, max_str_digits: usize) -> Result<String> {
    match n {
        IntRef::Small(n) => Ok(n.to_string()),
        IntRef::Big(_) => {
            let digits = n.digits(10, max_str_digits)?;
            Ok(if n.is_negative() { format!("-{digits}") } else { digits })
        }
    }
}

/// `hex`, `oct` and `bin`: the digits with their prefix.
pub fn to_prefixed(n: IntRef<'_>, base: u32) -> String {
    let prefix = match base {
        16 => "0x",
        8 => "0o",
        _ => "0b",
    };
    let digits = n.digits(base, 0).unwrap_or_default();
    format!("{}{prefix}{digits}", if n.is_negative() { "-" } else { "" })
}

/// A parsed integer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedInt {
    /// It fits into a machine word.
    Small(i64),
    /// It does not.
    Big(BigInt),
}

impl From<ParsedInt> for BigInt {
    fn from(n: ParsedInt) -> BigInt {
        match n {
            ParsedInt::Small(n) => n.into(),
            ParsedInt::Big(n) => n,
        }
    }
}

enum Problem {
    Syntax,
    TooLong(usize),
}

/// The error for a base that is none.
pub fn check_base(base: i64) -> Result<u32> {
    match base {
        0 | 2..=36 => Ok(base as u32),
        _ => Err(TextError::value("int() base must be >= 2 and <= 36, or 0")),
    }
}

fn parse_ascii(text: &[u8], base: u32, max_str_digits: usize) -> std::result::Result<ParsedInt, Problem> {
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let mut base_used = base;
    let mut zero_only = false;
    let prefix = match rest {
        [b'0', letter, ..] => match letter | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        },
        _ => 0,
    };
    if base == 0 {
        base_used = if prefix != 0 { prefix } else { 10 };
        // Old octal literals are not accepted.
        zero_only = prefix == 0 && rest.first() == Some(&b'0');
    }
    if prefix != 0 && prefix == base_used {
        rest = &rest[2..];
        if let [b'_', after @ ..] = rest {
            rest = after;
        }
    }
    // Digits with single underscores between them.
    let mut digits = Vec::with_capacity(rest.len());
    let mut after_digit = false;
    for &byte in rest {
        if byte == b'_' {
            if !after_digit {
                return Err(Problem::Syntax);
            }
            after_digit = false;
            continue;
        }
        match (byte as char).to_digit(36) {
            Some(digit) if digit < base_used => digits.push(digit as u8),
            // Digits that were read before something else count towards the limit.
            _ => return Err(Problem::Syntax),
        }
        after_digit = true;
    }
    if !after_digit || (zero_only && digits.iter().any(|&d| d != 0)) {
        return Err(Problem::Syntax);
    }
    if !base_used.is_power_of_two() && max_str_digits > 0 && digits.len() > max_str_digits {
        return Err(Problem::TooLong(digits.len()));
    }
    let mut small: i64 = 0;
    for &digit in &digits {
        match small.checked_mul(base_used.into()).and_then(|n| n.checked_add(digit.into())) {
            Some(next) => small = next,
            None => {
                let size = from_digits(&digits, base_used);
                let n = BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, size);
                return Ok(n.to_i64().map_or(ParsedInt::Big(n), ParsedInt::Small));
            }
        }
    }
    Ok(ParsedInt::Small(if negative { -small } else { small }))
}

fn from_digits(digits: &[u8], base: u32) -> BigUint {
    const DIRECT: usize = 4000;
    if base.is_power_of_two() || digits.len() <= DIRECT {
        return BigUint::from_radix_be(digits, base).unwrap_or_default();
    }
    let low_len = digits.len() / 2;
    let (high, low) = digits.split_at(digits.len() - low_len);
    from_digits(high, base) * BigUint::from(base).pow(low_len as u32) + from_digits(low, base)
}

fn explain(problem: Problem, base: u32, max_str_digits: usize, repr: impl FnOnce() -> String) -> TextError {
    match problem {
        Problem::Syntax => {
            let repr: String = repr().chars().take(200).collect();
            TextError::value(format!("invalid literal for int() with base {base}: {repr}"))
        }
        Problem::TooLong(digits) => TextError::value(format!(
            "Exceeds the limit ({max_str_digits} digits) for integer string conversion: value has {digits} digits; \
             use sys.set_int_max_str_digits() to increase the limit"
        )),
    }
}

/// A few decimal digits and perhaps a sign: most of what is ever parsed.
#[inline]
fn parse_short(text: &[u8]) -> Option<i64> {
    let digits = match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if text[0] == b'-' { -value } else { value })
}

/// `int(str, base)`; the base has been checked. A limit of 0 is none.
pub fn parse_int(text: Units<'_>, base: u32, max_str_digits: usize) -> Result<ParsedInt> {
    if let (Units::Latin1(s), 10) = (text, base)
        && let Some(n) = parse_short(s)
    {
        return Ok(ParsedInt::Small(n));
    }
    parse_ascii(&to_ascii_number(text), base, max_str_digits)
        .map_err(|problem| explain(problem, base, max_str_digits, || repr::repr_text(text).to_string_lossy()))
}

/// As [`parse_int`], with the error's text at full width (for lone surrogates and the like).
pub fn invalid_literal(text: Units<'_>, base: u32) -> TextBuf {
    let mut out = TextBuf::from(format!("invalid literal for int() with base {base}: "));
    repr::repr_text(text).as_units().iter().take(200).for_each(|c| out.push(c));
    out
}

/// `int(bytes, base)`.
pub fn parse_int_bytes(bytes: &[u8], base: u32, max_str_digits: usize) -> Result<ParsedInt> {
    if base == 10
        && let Some(n) = parse_short(bytes)
    {
        return Ok(ParsedInt::Small(n));
    }
    let range = crate::split::bytes_strip(bytes, crate::split::Ends::Both, None);
    parse_ascii(&bytes[range], base, max_str_digits)
        .map_err(|problem| explain(problem, base, max_str_digits, || repr::repr_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str, base: u32) -> std::result::Result<String, String> {
        parse_int(TextBuf::from(text).as_units(), base, 4300)
            .map(|n| BigInt::from(n).to_string())
            .map_err(|e| e.message)
    }

    #[test]
    fn parsing() {
        for (text, base, expected) in [
            (" \u{3000}-\u{661}\u{662} ", 10, "-12"),
            ("0x_1", 0, "1"),
            ("0b1", 16, "177"),
            ("0o17", 8, "15"),
            ("00", 0, "0"),
            ("0_0", 0, "0"),
            ("zz", 36, "1295"),
            ("1_000", 10, "1000"),
            ("-9223372036854775808", 10, "-9223372036854775808"),
            ("123456789012345678901234567890", 10, "123456789012345678901234567890"),
        ] {
            assert_eq!(int(text, base).as_deref(), Ok(expected), "{text}");
        }
        for (text, base) in
            [("010", 0), ("", 0), ("0x", 16), ("_1", 10), ("1__0", 10), ("1_", 10), ("- 1", 10), ("8", 8)]
        {
            assert_eq!(int(text, base), Err(format!("invalid literal for int() with base {base}: '{text}'")));
        }
        assert!(int(&"0".repeat(4301), 10).unwrap_err().contains("value has 4301 digits"));
        assert!(int(&"1".repeat(4301), 16).is_ok());
        assert_eq!(
            parse_int_bytes(b"1\xff", 10, 0).unwrap_err().message,
            "invalid literal for int() with base 10: b'1\\xff'"
        );
        assert_eq!(parse_int_bytes(b" 12\n", 10, 0), Ok(ParsedInt::Small(12)));
    }

    #[test]
    fn many_digits_both_ways() {
        let n = BigInt::from(7).pow(30_000);
        let text = to_decimal(IntRef::Big(&n), 0).unwrap();
        assert_eq!(text, n.to_string());
        assert_eq!(BigInt::from(parse_int(Units::ascii(&text), 10, 0).unwrap()), n);
        let n = BigInt::from(10).pow(20_000);
        assert_eq!(to_decimal(IntRef::Big(&n), 0).unwrap(), format!("1{}", "0".repeat(20_000)));
        assert!(to_decimal(IntRef::Big(&n), 4300).is_err());
        assert!(to_decimal(IntRef::Big(&BigInt::from(10).pow(4299)), 4300).is_ok());
        assert!(to_decimal(IntRef::Big(&BigInt::from(10).pow(4300)), 4300).is_err());
        assert_eq!(to_prefixed(IntRef::Small(-255), 16), "-0xff");
    }
}
