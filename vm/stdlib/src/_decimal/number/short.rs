//! Sums, products and quotients of which everything fits in a double word: rounded there, which takes a fraction of what the general way takes.
//!
//! Each gives nothing, and has told no condition, where something else comes up.

use std::cmp::Ordering;

use super::words::{self, BY_POWER, Lost, POWERS};
use super::{Number, Settings, signal};

/// Digits that fit in a double word in any case.
const MOST: i64 = 38;
/// Digits that fit in a word in any case.
const IN_WORD: i64 = 19;

const DOUBLE_POWERS: [u128; MOST as usize + 1] = {
    let mut powers = [1; MOST as usize + 1];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// The coefficient of a finite number, if it is not zero and has up to two words.
#[inline(always)]
fn coefficient(number: &Number) -> Option<u128> {
    words::to_u128(&number.coefficient).filter(|value| *value != 0 && number.is_finite())
}

/// How many digits a value has that is neither zero nor has more than [`MOST`].
#[inline(always)]
fn digits(value: u128) -> i64 {
    let estimate = ((128 - value.leading_zeros()) as usize * 1233) >> 12;
    (estimate + (value >= DOUBLE_POWERS[estimate]) as usize) as i64
}

/// Whether a result of that adjusted exponent is sure to have one in the range of the context, rounded up or not.
#[inline(always)]
fn in_range(adjusted: i64, cx: &Settings) -> bool {
    !cx.clamp && adjusted >= cx.emin && adjusted < cx.emax
}

/// The result of as many digits as the precision, of which something was lost.
#[inline(always)]
fn rounded(
    negative: bool,
    kept: u64,
    mut exponent: i64,
    lost: Lost,
    cx: &Settings,
    status: &mut u32,
) -> Number {
    let mut kept = kept + u64::from(cx.rounding.goes_up(negative, &[kept], lost));
    if kept == POWERS[cx.prec as usize] {
        kept /= 10;
        exponent += 1;
    }
    *status |= signal::ROUNDED;
    if lost != Lost::Nothing {
        *status |= signal::INEXACT;
    }
    Number::word(negative, kept, exponent)
}

/// What a part of a whole that was lost is, compared with half of the whole.
#[inline(always)]
fn lost(part: u64, compared: Ordering) -> Lost {
    match compared {
        _ if part == 0 => Lost::Nothing,
        Ordering::Less => Lost::LessThanHalf,
        Ordering::Equal => Lost::Half,
        Ordering::Greater => Lost::MoreThanHalf,
    }
}

/// The number with that coefficient, which is not zero, rounded to the precision.
#[inline(always)]
fn finish(negative: bool, value: u128, exponent: i64, cx: &Settings, status: &mut u32) -> Option<Number> {
    let digits = digits(value);
    if !in_range(exponent + digits - 1, cx) {
        return None;
    }
    let cut = digits - cx.prec;
    if cut > 0 {
        if cut >= words::DIGITS as i64 || cx.prec > IN_WORD {
            return None;
        }
        let (kept, part) = BY_POWER[cut as usize].divide(value);
        let lost = lost(part, part.cmp(&(POWERS[cut as usize] / 2)));
        return Some(rounded(negative, kept, exponent + cut, lost, cx, status));
    }
    if digits > 2 * words::DIGITS as i64 {
        return None;
    }
    Some(Number::finite(negative, words::from_u128(value), exponent))
}

/// `a + b`, where `b` has another sign.
#[inline]
pub fn sum(a: &Number, b: &Number, b_negative: bool, cx: &Settings, status: &mut u32) -> Option<Number> {
    let (mut x, mut y) = (coefficient(a)?, coefficient(b)?);
    let difference = a.exponent - b.exponent;
    if difference != 0 {
        let (big, shift) = if difference > 0 { (&mut x, difference) } else { (&mut y, -difference) };
        if shift >= MOST || digits(*big) + shift >= MOST {
            return None;
        }
        *big *= DOUBLE_POWERS[shift as usize];
    }
    let exponent = a.exponent.min(b.exponent);
    if a.negative == b_negative {
        return finish(b_negative, x + y, exponent, cx, status);
    }
    match x.cmp(&y) {
        Ordering::Greater => finish(a.negative, x - y, exponent, cx, status),
        Ordering::Less => finish(b_negative, y - x, exponent, cx, status),
        Ordering::Equal => None,
    }
}

/// `a * b`
#[inline]
pub fn product(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Option<Number> {
    let (x, y) = (coefficient(a)?, coefficient(b)?);
    if digits(x) + digits(y) > MOST {
        return None;
    }
    finish(a.negative != b.negative, x * y, a.exponent + b.exponent, cx, status)
}

/// `a / b`
#[inline]
pub fn quotient(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Option<Number> {
    let (x, y) = (coefficient(a)?, u64::try_from(coefficient(b)?).ok().filter(|y| *y < words::BASE)?);
    let (x_digits, y_digits) = (digits(x), words::word_digits(y) as i64);
    // With so many zeros more the quotient has as many digits as the precision, or one more.
    let mut shift = y_digits - x_digits + cx.prec;
    if cx.prec > IN_WORD || shift < 1 || x_digits + shift > MOST {
        return None;
    }
    let negative = a.negative != b.negative;
    let divisor = u128::from(y);
    // One more if the dividend's digits are not less than the divisor's.
    let longest = x_digits.max(y_digits) as usize;
    let aligned = x * DOUBLE_POWERS[longest - x_digits as usize];
    if aligned >= divisor * DOUBLE_POWERS[longest - y_digits as usize] {
        shift -= 1;
    }
    let dividend = x * DOUBLE_POWERS[shift as usize];
    let kept = (dividend / divisor) as u64;
    let part = (dividend - u128::from(kept) * divisor) as u64;
    let ideal = a.exponent - b.exponent;
    let exponent = ideal - shift;
    if !in_range(exponent + cx.prec - 1, cx) {
        return None;
    }
    if part != 0 {
        let lost = lost(part, part.cmp(&(y - part)));
        return Some(rounded(negative, kept, exponent, lost, cx, status));
    }
    // Zeros go as far as the exponent is less than the ideal one.
    let mut kept = kept;
    let mut zeros = 0;
    while zeros < shift && kept % 10 == 0 {
        kept /= 10;
        zeros += 1;
    }
    Some(Number::word(negative, kept, exponent + zeros))
}

#[cfg(test)]
mod tests {
    use super::super::{Rounding, Settings};
    use super::*;

    /// Numbers of all lengths, many of them at the edges.
    fn number(seed: &mut u64) -> Number {
        let mut next = || {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            *seed
        };
        let mut value = u128::from(next()) << 64 | u128::from(next());
        value %= DOUBLE_POWERS[(next() % 37) as usize + 1];
        match next() % 4 {
            0 => {
                let power = DOUBLE_POWERS[(next() % 20) as usize];
                value = value / power * power;
            }

            1 => value = DOUBLE_POWERS[(next() % 36) as usize].saturating_sub(u128::from(next() % 3)),
            _ => {}
        }
        let value = value % DOUBLE_POWERS[36];
        Number::finite(next() % 2 == 0, words::from_u128(value), (next() % 40) as i64 - 20)
    }

    fn check(
        what: &str,
        short: impl Fn(&mut u32) -> Option<Number>,
        general: impl Fn(&mut u32) -> Number,
    ) -> bool {
        let (mut told, mut expected_status) = (0, 0);
        let Some(found) = short(&mut told) else {
            assert_eq!(told, 0, "{what}");
            return false;
        };
        let expected = general(&mut expected_status);
        let parts =
            |number: &Number| (number.negative, number.kind, number.exponent, number.coefficient.to_vec());
        assert_eq!((parts(&found), told), (parts(&expected), expected_status), "{what}");
        true
    }

    #[test]
    fn agrees_with_the_general_way() {
        let (mut seed, mut done) = (0x2545_F491_4F6C_DD1D_u64, [0; 3]);
        for turn in 0..60_000 {
            let (a, b) = (number(&mut seed), number(&mut seed));
            let cx = Settings {
                prec: turn % 28 + 1,
                emin: -30,
                emax: 40,
                rounding: Rounding::ALL[turn as usize % 8],
                clamp: turn % 11 == 0,
            };
            let what = format!("{a:?} {b:?} {cx:?}");
            done[0] += i32::from(check(
                &what,
                |status| sum(&a, &b, b.negative, &cx, status),
                |status| Number::finite_sum(&a, &b, b.negative, &cx, status),
            ));
            done[1] += i32::from(check(
                &what,
                |status| product(&a, &b, &cx, status),
                |status| Number::exact_product(&a, &b, &cx, status).finish(&cx, status),
            ));
            done[2] += i32::from(check(
                &what,
                |status| quotient(&a, &b, &cx, status),
                |status| Number::general_quotient(&a, &b, &cx, status),
            ));
        }
        assert!(done.iter().all(|count| *count > 5000), "{done:?}");
    }
}
