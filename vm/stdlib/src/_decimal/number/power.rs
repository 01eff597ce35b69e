//! Powers: exact where the result is representable, correctly rounded otherwise; powers modulo an integer.

use num_bigint::BigUint;
use num_traits::Zero;

use super::convert::{from_biguint, to_biguint};
use super::divide::divide;
use super::elementary::{
    Approximation, exp_digits, ln_digits, near_one, round_correctly, too_large, too_small,
};
use super::multiply::{multiply, square};
use super::words::{self, Words};
use super::{Number, Rounding, Settings, shifted, signal};

/// `base^n`
fn integer_power(base: &[u64], n: u64) -> Words {
    let mut result = words::from_word(1);
    for bit in (0..64 - n.leading_zeros()).rev() {
        result = square(&result);
        if n >> bit & 1 == 1 {
            result = multiply(&result, base);
        }
    }
    result
}

/// The decimal logarithm of a coefficient, roughly.
fn log10_estimate(a: &[u64]) -> f64 {
    let digits = words::digits(a);
    let cut = digits.saturating_sub(18);
    let leading = words::to_word(&words::shift_right(a, cut)).unwrap_or(1);
    (leading as f64).log10() + cut as f64
}

/// How often a prime divides a magnitude of which nothing else is left over then.
fn exponent_of(a: &[u64], prime: u64) -> Option<u64> {
    let mut rest = Words::from_slice(a);
    let mut count = 0;
    while rest.len() != 1 || rest[0] != 1 {
        if divide_exactly(&mut rest, prime) {
            count += 1;
        } else {
            return None;
        }
    }
    Some(count)
}

fn divide_exactly(a: &mut Words, prime: u64) -> bool {
    words::divide_word(a, prime) == 0
}

impl Number {
    /// `a ** b`
    pub fn power(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return nan;
        }
        let integer = b.is_integer();
        let negative = a.negative && integer && b.is_odd();
        if a.is_zero() {
            return match (b.is_zero(), b.negative) {
                (true, _) => Number::invalid(status, signal::INVALID_OPERATION),
                (false, true) => Number::infinity(negative),
                (false, false) => Number::zero(negative, 0),
            };
        }
        if a.negative && !integer {
            return Number::invalid(status, signal::INVALID_OPERATION);
        }
        let one = Number::word(false, 1, 0);
        let order = Number::order_magnitudes(a, &one);
        if b.is_infinite() {
            if order.is_eq() {
                return Number::padded_one(negative, cx.prec - 1, cx, status);
            }
            return match order.is_gt() != b.negative {
                true => Number::infinity(negative),
                false => Number::zero(negative, 0),
            };
        }
        if b.is_zero() {
            return one;
        }
        if a.is_infinite() {
            return if b.negative { Number::zero(negative, 0) } else { Number::infinity(negative) };
        }
        if order.is_eq() {
            if !integer {
                return Number::padded_one(negative, cx.prec - 1, cx, status);
            }
            if b.negative {
                return Number::word(negative, 1, 0);
            }
            let places = i128::from(b.to_i64().unwrap_or(i64::MAX)) * i128::from(-a.exponent);
            if places > i128::from(cx.prec - 1) {
                *status |= signal::ROUNDED;
            }
            let places = places.min(i128::from(cx.prec - 1)).max(0) as i64;
            let Some(coefficient) = shifted(&[1], places, status) else { return Number::nan() };
            return Number::finite(negative, coefficient, -places);
        }
        match integer {
            true => Number::integral_power(a, b, negative, cx, status),
            false => Number::real_power(a, b, negative, cx, status),
        }
    }

    fn padded_one(negative: bool, zeros: i64, cx: &Settings, status: &mut u32) -> Number {
        let Some(coefficient) = shifted(&[1], zeros, status) else { return Number::nan() };
        *status |= signal::INEXACT | signal::ROUNDED;
        Number::finite(negative, coefficient, -zeros).finish(cx, status)
    }

    fn integral_power(a: &Number, b: &Number, negative: bool, cx: &Settings, status: &mut u32) -> Number {
        let zeros = words::trailing_zeros(&a.coefficient);
        let stripped = words::shift_right(&a.coefficient, zeros);
        let exponent = a.exponent + zeros as i64;
        let count = b.to_i64().map(i64::unsigned_abs);
        let Some(n) = count.filter(|n| *n < 1 << 60) else {
            return Number::real_power(&a.absolute(), b, negative, cx, status);
        };
        // A power of ten, times a power of the rest.
        let log = log10_estimate(&stripped);
        let magnitude = (log + exponent as f64) * n as f64 * if b.negative { -1.0 } else { 1.0 };
        if magnitude > 2.5e18 {
            return too_large(negative, cx, status);
        }
        if magnitude < -4.5e18 {
            return too_small(negative, cx, status);
        }
        let size = log * n as f64;
        let tens = i128::from(exponent) * i128::from(n);
        let Ok(tens) = i64::try_from(if b.negative { -tens } else { tens }) else {
            return Number::real_power(&a.absolute(), b, negative, cx, status);
        };
        if !b.negative && size < cx.prec as f64 + 2.0 {
            if size > super::MOST_DIGITS as f64 {
                return Number::invalid(status, signal::MALLOC_ERROR);
            }
            let power = integer_power(&stripped, n);
            // The zeros come back as far as there is room.
            let room = (cx.prec - words::digits(&power) as i64).max(0);
            let all = (zeros as i128) * i128::from(n);
            let back = all.min(i128::from(room)) as i64;
            if all > i128::from(back) {
                *status |= signal::ROUNDED;
            }
            let Some(power) = shifted(&power, back, status) else { return Number::nan() };
            return Number::finite(negative, power, tens - back).finish(cx, status);
        }
        if b.negative && size * 0.43 < cx.prec as f64 + 2.0 {
            // The inverse of 2^m is 5^m / 10^m.
            for (prime, other) in [(2, 5), (5, 2)] {
                let Some(m) = exponent_of(&stripped, prime) else { continue };
                let places = m.saturating_mul(n);
                let length = places as f64 * f64::from(other as u32).log10();
                if length < cx.prec as f64 + 2.0 && length < super::MOST_DIGITS as f64 {
                    let power = integer_power(&words::from_word(other), places);
                    return Number::finite(negative, power, tens - places as i64).finish(cx, status);
                }
            }
        }
        round_correctly(cx, status, usize::MAX, |digits| {
            let keep = digits + words::word_digits(n % words::BASE).max(19) + 3;
            let (mut power, mut shift) = truncated_power(&stripped, n, keep);
            if shift == 0 && !b.negative {
                // Exact, though too long.
                let coefficient = words::shift_left(&power, keep);
                let exponent = tens.saturating_sub(keep as i64);
                return Approximation { negative, coefficient, exponent, dubious: 1 };
            }
            if b.negative {
                let places = 2 * keep;
                power = divide(&words::power_of_ten(places), &power).0;
                shift = -shift - places as i64;
            }
            let dubious = words::digits(&power).saturating_sub(digits + 1).max(1);
            Approximation { negative, coefficient: power, exponent: tens.saturating_add(shift), dubious }
        })
    }

    /// `e^(b ln a)` for a positive `a` other than one.
    fn real_power(a: &Number, b: &Number, negative: bool, cx: &Settings, status: &mut u32) -> Number {
        if cx.prec > super::MOST_DIGITS {
            return Number::invalid(status, signal::MALLOC_ERROR);
        }
        let product = |digits: usize| {
            let ln = ln_digits(a, digits);
            let ln = Number::finite(ln.negative, ln.coefficient, ln.exponent);
            Number::finite(
                ln.negative != b.negative,
                multiply(&ln.coefficient, &b.coefficient),
                ln.exponent + b.exponent,
            )
        };
        let rough = product(10);
        let size = rough.adjusted();
        if size > 18 || size == 18 && Number::order_magnitudes(&rough, &Number::word(false, 5, 18)).is_gt() {
            return match rough.negative {
                true => too_small(negative, cx, status),
                false => too_large(negative, cx, status),
            };
        }
        if size < -(cx.prec + 3) {
            let near = near_one(!rough.negative, cx, status);
            return Number { negative, ..near };
        }
        // An exact result, which has to be a root, shows itself within these digits.
        let limit = 2 * (cx.prec as usize + a.digits() as usize + b.digits() as usize) + 20;
        let result = round_correctly(cx, status, limit, |digits| {
            let argument = product((digits as i64 + size.max(0) + 3) as usize);
            exp_digits(&argument, digits)
        });
        Number { negative: negative && !result.is_nan(), ..result }
    }

    /// `a ** b % m` for integers.
    pub fn power_modulo(a: &Number, b: &Number, m: &Number, cx: &Settings, status: &mut u32) -> Number {
        let invalid = |status: &mut u32| Number::invalid(status, signal::INVALID_OPERATION);
        let all = [a, b, m];
        if all.iter().any(|n| n.is_nan()) {
            let chosen = all.iter().find(|n| n.is_signaling()).or_else(|| all.iter().find(|n| n.is_nan()));
            let nan = chosen.and_then(|n| Number::nan_of(n, None, cx, status));
            return nan.unwrap_or_else(Number::nan);
        }
        if !all.iter().all(|n| n.is_integer())
            || b.negative && !b.is_zero()
            || m.is_zero()
            || a.is_zero() && b.is_zero()
            || m.adjusted() >= cx.prec
        {
            return invalid(status);
        }
        let negative = a.negative && b.is_odd();
        let Some(modulus) = m.integer_part(Rounding::Down, status) else { return Number::nan() };
        let modulus = to_biguint(&modulus);
        let part = |n: &Number| {
            let zeros = words::trailing_zeros(&n.coefficient).min(n.exponent.min(0).unsigned_abs() as usize);
            (to_biguint(&words::shift_right(&n.coefficient, zeros)), n.exponent.max(0))
        };
        let ten = BigUint::from(10u8);
        let (base, base_tens) = part(a);
        let base = base * ten.modpow(&BigUint::from(base_tens as u64), &modulus) % &modulus;
        let (exponent, exponent_tens) = part(b);
        let mut power = base.modpow(&exponent, &modulus);
        for _ in 0..exponent_tens {
            let next = power.modpow(&ten, &modulus);
            if next == power {
                break;
            }
            power = next;
        }
        let negative = negative && !power.is_zero() || negative && a.negative;
        Number::finite(negative, from_biguint(&power), 0).finish(cx, status)
    }
}

/// `base^n` as leading digits and a number of digits cut off; each step keeps `keep` digits.
fn truncated_power(base: &[u64], n: u64, keep: usize) -> (Words, i64) {
    let cut = |value: Words, shift: &mut i64| {
        let surplus = words::digits(&value).saturating_sub(keep);
        *shift += surplus as i64;
        words::shift_right(&value, surplus)
    };
    let mut base_shift = 0;
    let base = cut(Words::from_slice(base), &mut base_shift);
    let (mut result, mut shift) = (words::from_word(1), 0i64);
    for bit in (0..64 - n.leading_zeros()).rev() {
        shift *= 2;
        result = cut(square(&result), &mut shift);
        if n >> bit & 1 == 1 {
            shift += base_shift;
            result = cut(multiply(&result, &base), &mut shift);
        }
    }
    (result, shift)
}
