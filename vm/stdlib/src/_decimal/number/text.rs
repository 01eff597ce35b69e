//! Numbers as text: the specification's scientific and engineering notation.

use super::words::{self, Words};
use super::{Kind, MOST_DIGITS, Number};

/// Exponents beyond these mean the same: everything overflows or underflows.
pub const EXPONENT_LIMIT: i64 = 4_000_000_000_000_000_000;

/// Digits of a coefficient, without leading zeros.
fn coefficient(digits: &[u8]) -> Words {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    words::parse(&digits[zeros..])
}

fn all_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Parses a numeric string of ASCII characters without blanks and underscores.
pub fn parse(text: &[u8]) -> Option<Number> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    match text.first()? {
        b'0'..=b'9' | b'.' => parse_finite(negative, text),
        b'i' | b'I' if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") => {
            Some(Number::infinity(negative))
        }
        _ => {
            let (kind, payload) = match text.split_at_checked(3) {
                Some((head, payload)) if head.eq_ignore_ascii_case(b"nan") => (Kind::Quiet, payload),
                _ => match text.split_at_checked(4) {
                    Some((head, payload)) if head.eq_ignore_ascii_case(b"snan") => (Kind::Signaling, payload),
                    _ => return None,
                },
            };
            if !all_digits(payload) {
                return None;
            }
            Some(Number { negative, kind, exponent: 0, coefficient: coefficient(payload) })
        }
    }
}

fn parse_finite(negative: bool, text: &[u8]) -> Option<Number> {
    let end = text.iter().position(|c| matches!(c, b'e' | b'E')).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(end);
    let mut value = 0;
    if let [_, exponent @ ..] = exponent {
        let (minus, digits) = match exponent {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, exponent),
        };
        if digits.is_empty() || !all_digits(digits) {
            return None;
        }
        if let Ok(exact) = std::str::from_utf8(digits).unwrap_or_default().parse::<i64>() {
            value = exact.min(EXPONENT_LIMIT);
        } else if digits.iter().any(|d| *d != b'0') {
            value = EXPONENT_LIMIT;
        }
        if minus {
            value = -value;
        }
    }
    match mantissa.iter().position(|c| *c == b'.') {
        None => {
            if !all_digits(mantissa) {
                return None;
            }
            Some(Number::finite(negative, coefficient(mantissa), value))
        }
        Some(point) => {
            let (whole, fraction) = (&mantissa[..point], &mantissa[point + 1..]);
            if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
                return None;
            }
            let digits = [whole, fraction].concat();
            Some(Number::finite(negative, coefficient(&digits), value - fraction.len() as i64))
        }
    }
}

impl Number {
    /// The digits of the coefficient.
    pub fn digit_text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.coefficient.len() * words::DIGITS);
        words::write(&self.coefficient, &mut text);
        text
    }

    /// The number in scientific or engineering notation.
    pub fn to_text(&self, engineering: bool, capitals: bool) -> String {
        String::from_utf8(self.to_ascii(engineering, capitals)).unwrap_or_default()
    }
    /// [`Number::to_text`] as bytes of ASCII.
    pub fn to_ascii(&self, engineering: bool, capitals: bool) -> Vec<u8> {
        // With room for the sign, a point, zeros, and an exponent.
        let mut out = Vec::with_capacity((self.coefficient.len() + 1) * words::DIGITS + 12);
        if self.negative {
            out.push(b'-');
        }
        match self.kind {
            Kind::Infinite => out.extend_from_slice(b"Infinity"),
            Kind::Quiet | Kind::Signaling => {
                out.extend_from_slice(if self.kind == Kind::Quiet { b"NaN" } else { b"sNaN" });
                if !self.coefficient.is_empty() {
                    out.extend(self.digit_text());
                }
            }
            Kind::Finite => self.finite_text(&mut out, engineering, capitals),
        }
        out
    }

    fn finite_text(&self, out: &mut Vec<u8>, engineering: bool, capitals: bool) {
        let start = out.len();
        words::write(&self.coefficient, out);
        if self.exponent == 0 {
            return;
        }
        let digits = (out.len() - start) as i64;
        let leading = self.exponent + digits;
        // The point stands behind so many digits.
        let point = if self.exponent <= 0 && leading > -6 {
            leading
        } else if !engineering {
            1
        } else if self.coefficient.is_empty() {
            (leading + 1).rem_euclid(3) - 1
        } else {
            (leading - 1).rem_euclid(3) + 1
        };
        if point <= 0 {
            let zeros = -point as usize;
            out.splice(start..start, b"0.".iter().copied().chain(std::iter::repeat_n(b'0', zeros)));
        } else if point >= digits {
            out.extend(std::iter::repeat_n(b'0', (point - digits) as usize));
        } else {
            out.insert(start + point as usize, b'.');
        }
        if leading != point {
            out.push(if capitals { b'E' } else { b'e' });
            out.extend(format!("{:+}", leading - point).into_bytes());
        }
    }

    /// The digits with a point and no exponent, for finite numbers that are not too long.
    pub fn plain_text(&self) -> Option<String> {
        let digits = self.digits();
        let length = digits.max(digits + self.exponent).max(-self.exponent);
        if length > MOST_DIGITS {
            return None;
        }
        let mut text = self.digit_text();
        if self.exponent >= 0 {
            if !self.coefficient.is_empty() {
                text.extend(std::iter::repeat_n(b'0', self.exponent as usize));
            }
        } else {
            let fraction = -self.exponent as usize;
            if text.len() <= fraction {
                let zeros = fraction + 1 - text.len();
                text.splice(0..0, std::iter::repeat_n(b'0', zeros));
            }
            text.insert(text.len() - fraction, b'.');
        }
        String::from_utf8(text).ok()
    }
}
