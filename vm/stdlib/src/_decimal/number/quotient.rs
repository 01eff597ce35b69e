//! Division: rounded, to an integer, and the remainders.

use std::cmp::Ordering;

use super::divide::divide;
use super::words::{self, Words};
use super::{Number, Settings, shifted, short, signal};

/// `a * 10^shift / b` and whether it is exact.
fn shifted_quotient(a: &[u64], b: &[u64], shift: i64, status: &mut u32) -> Option<(Words, bool)> {
    let (quotient, rest) = if shift >= 0 {
        divide(&shifted(a, shift, status)?, b)
    } else {
        divide(a, &shifted(b, -shift, status)?)
    };
    Some((quotient, rest.is_empty()))
}

/// A quotient of which one operand is not finite, unless it is that of a finite number and an infinity: a kind of zero.
fn special_quotient(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Option<Number> {
    if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
        return Some(nan);
    }
    a.is_infinite().then(|| match b.is_infinite() {
        true => Number::invalid(status, signal::INVALID_OPERATION),
        false => Number::infinity(a.negative != b.negative),
    })
}

impl Number {
    /// `a / b`
    pub fn divide(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(quotient) = short::quotient(a, b, cx, status) {
            return quotient;
        }
        Number::general_quotient(a, b, cx, status)
    }

    pub(super) fn general_quotient(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        let negative = a.negative != b.negative;
        if !a.is_finite() || !b.is_finite() {
            if let Some(quotient) = special_quotient(a, b, cx, status) {
                return quotient;
            }
            *status |= signal::CLAMPED;
            return Number::zero(negative, cx.etiny());
        }
        if b.coefficient.is_empty() {
            if a.coefficient.is_empty() {
                return Number::invalid(status, signal::DIVISION_UNDEFINED);
            }
            *status |= signal::DIVISION_BY_ZERO;
            return Number::infinity(negative);
        }
        let ideal = a.exponent - b.exponent;
        if a.coefficient.is_empty() {
            return Number::zero(negative, ideal).finish(cx, status);
        }
        let mut shift = b.digits() - a.digits() + cx.prec + 1;
        // A quotient that ends does so within this many digits.
        let enough = 4 * b.digits() + 20;
        let mut found = None;
        if shift > 4 * enough + 60 {
            match shifted_quotient(&a.coefficient, &b.coefficient, enough, status) {
                Some((quotient, true)) => {
                    shift = enough;
                    found = Some((quotient, true));
                }
                Some(_) => {}
                None => return Number::nan(),
            }
        }
        let found = found.or_else(|| shifted_quotient(&a.coefficient, &b.coefficient, shift, status));
        let Some((mut quotient, exact)) = found else { return Number::nan() };
        let mut exponent = ideal - shift;
        if !exact {
            // What is left over must not look like nothing or a half.
            if matches!(words::last_digit(&quotient), 0 | 5) {
                words::increment(&mut quotient);
            }
        } else if exponent < ideal {
            let strip = (words::trailing_zeros(&quotient) as i64).min(ideal - exponent);
            if strip > 0 {
                quotient = words::shift_right(&quotient, strip as usize);
                exponent += strip;
            }
        }
        Number::finite(negative, quotient, exponent).finish(cx, status)
    }

    /// Integer quotient and remainder of finite numbers, the divisor not zero.
    fn quotient_and_rest(
        a: &Number,
        b: &Number,
        cx: &Settings,
        status: &mut u32,
    ) -> Option<(Number, Number)> {
        let negative = a.negative != b.negative;
        let exponent = a.exponent.min(b.exponent);
        if a.coefficient.is_empty() {
            return Some((Number::zero(negative, 0), Number::zero(a.negative, exponent)));
        }
        let difference = a.adjusted() - b.adjusted();
        if difference < 0 && a.exponent <= b.exponent {
            return Some((Number::zero(negative, 0), a.clone()));
        }
        if difference > cx.prec {
            *status |= signal::DIVISION_IMPOSSIBLE;
            return None;
        }
        if difference < 0 {
            // The remainder is the dividend with the divisor's exponent.
            let rest = a.shifted(a.exponent - exponent, status)?;
            return Some((Number::zero(negative, 0), Number::finite(a.negative, rest, exponent)));
        }
        let (quotient, rest) = if a.exponent >= b.exponent {
            divide(&a.shifted(a.exponent - exponent, status)?, &b.coefficient)
        } else {
            divide(&a.coefficient, &b.shifted(b.exponent - exponent, status)?)
        };
        if words::digits(&quotient) as i64 > cx.prec {
            *status |= signal::DIVISION_IMPOSSIBLE;
            return None;
        }
        Some((Number::finite(negative, quotient, 0), Number::finite(a.negative, rest, exponent)))
    }

    /// `divmod(a, b)`, truncating.
    pub fn divmod(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> (Number, Number) {
        let negative = a.negative != b.negative;
        if !a.is_finite() || !b.is_finite() {
            if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
                return (nan.clone(), nan);
            }
            if a.is_infinite() {
                let quotient = if b.is_infinite() { Number::nan() } else { Number::infinity(negative) };
                return (quotient, Number::invalid(status, signal::INVALID_OPERATION));
            }
            return (Number::zero(negative, 0), a.clone().finish(cx, status));
        }
        if b.coefficient.is_empty() {
            if a.coefficient.is_empty() {
                let nan = Number::invalid(status, signal::DIVISION_UNDEFINED);
                return (nan.clone(), nan);
            }
            *status |= signal::DIVISION_BY_ZERO | signal::INVALID_OPERATION;
            return (Number::infinity(negative), Number::nan());
        }
        match Number::quotient_and_rest(a, b, cx, status) {
            Some((quotient, rest)) => (quotient.finish(cx, status), rest.finish(cx, status)),
            None => (Number::nan(), Number::nan()),
        }
    }

    /// `a // b`, truncating.
    pub fn divide_integer(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        let negative = a.negative != b.negative;
        if !a.is_finite() || !b.is_finite() {
            if let Some(quotient) = special_quotient(a, b, cx, status) {
                return quotient;
            }
            return Number::zero(negative, 0);
        }
        if b.coefficient.is_empty() {
            if a.coefficient.is_empty() {
                return Number::invalid(status, signal::DIVISION_UNDEFINED);
            }
            *status |= signal::DIVISION_BY_ZERO;
            return Number::infinity(negative);
        }
        match Number::quotient_and_rest(a, b, cx, status) {
            Some((quotient, _)) => quotient.finish(cx, status),
            None => Number::nan(),
        }
    }

    /// What a remainder is if an operand is special or the divisor zero.
    fn special_remainder(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Option<Number> {
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return Some(nan);
        }
        if a.is_infinite() {
            return Some(Number::invalid(status, signal::INVALID_OPERATION));
        }
        if b.is_infinite() {
            return Some(a.clone().finish(cx, status));
        }
        if b.coefficient.is_empty() {
            let condition = match a.coefficient.is_empty() {
                true => signal::DIVISION_UNDEFINED,
                false => signal::INVALID_OPERATION,
            };
            return Some(Number::invalid(status, condition));
        }
        None
    }

    /// `a % b`, with the sign of `a`.
    pub fn remainder(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(special) = Number::special_remainder(a, b, cx, status) {
            return special;
        }
        match Number::quotient_and_rest(a, b, cx, status) {
            Some((_, rest)) => rest.finish(cx, status),
            None => Number::nan(),
        }
    }

    /// `a - b * n`, where `n` is the integer nearest to `a / b`.
    pub fn remainder_near(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(special) = Number::special_remainder(a, b, cx, status) {
            return special;
        }
        let Some((mut quotient, mut rest)) = Number::quotient_and_rest(a, b, cx, status) else {
            return Number::nan();
        };
        let exponent = a.exponent.min(b.exponent);
        // Far below half the divisor, nothing changes.
        if rest.adjusted() + 1 < b.adjusted() && rest.exponent == exponent {
            return rest.finish(cx, status);
        }
        let Some(divisor) = b.shifted(b.exponent - exponent, status) else { return Number::nan() };
        let twice = words::add(&rest.coefficient, &rest.coefficient);
        let up = match words::compare(&twice, &divisor) {
            Ordering::Greater => true,
            Ordering::Equal => words::is_odd(&quotient.coefficient),
            Ordering::Less => false,
        };
        if up {
            rest.coefficient = words::subtract(&divisor, &rest.coefficient);
            rest.negative = !rest.negative;
            words::increment(&mut quotient.coefficient);
            if quotient.digits() > cx.prec {
                return Number::invalid(status, signal::DIVISION_IMPOSSIBLE);
            }
        }
        rest.finish(cx, status)
    }
}
