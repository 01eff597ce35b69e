//! Operations that choose the exponent: quantize, rounding to integers, reduce, scaleb, logb.

use super::words::{self, Lost, Words};
use super::{MAX_EMAX, MIN_ETINY, Number, Rounding, Settings, shifted, signal};

impl Number {
    /// The number with an exponent, rounded; no check of the result.
    fn at_exponent(&self, exponent: i64, rounding: Rounding, status: &mut u32) -> Option<(Words, Lost)> {
        if exponent <= self.exponent {
            return Some((shifted(&self.coefficient, self.exponent - exponent, status)?, Lost::Nothing));
        }
        let (mut kept, lost) = words::cut(&self.coefficient, (exponent - self.exponent) as usize);
        if rounding.goes_up(self.negative, &kept, lost) {
            words::increment(&mut kept);
        }
        Some((kept, lost))
    }

    /// The number with the exponent of `b`.
    pub fn quantize(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if !a.is_finite() || !b.is_finite() {
            if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
                return nan;
            }
            return match a.is_infinite() && b.is_infinite() {
                true => a.clone(),
                false => Number::invalid(status, signal::INVALID_OPERATION),
            };
        }
        a.rescaled(b.exponent, cx, status)
    }

    fn rescaled(&self, exponent: i64, cx: &Settings, status: &mut u32) -> Number {
        if exponent > cx.emax || exponent < cx.etiny() {
            return Number::invalid(status, signal::INVALID_OPERATION);
        }
        if self.coefficient.is_empty() {
            return Number::zero(self.negative, exponent).finish(cx, status);
        }
        // More digits than the precision: without computing them.
        if self.adjusted() - exponent + 1 > cx.prec {
            return Number::invalid(status, signal::INVALID_OPERATION);
        }
        let Some((coefficient, lost)) = self.at_exponent(exponent, cx.rounding, status) else {
            return Number::nan();
        };
        let result = Number::finite(self.negative, coefficient, exponent);
        if result.digits() > cx.prec || result.adjusted() > cx.emax {
            return Number::invalid(status, signal::INVALID_OPERATION);
        }
        if exponent > self.exponent {
            *status |= signal::ROUNDED;
            if lost != Lost::Nothing {
                *status |= signal::INEXACT;
            }
        }
        result.finish(cx, status)
    }

    /// Rounds to an integer; `exact`: with the signals of that.
    pub fn to_integral(&self, cx: &Settings, exact: bool, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        if !self.is_finite() || self.exponent >= 0 {
            return self.clone();
        }
        if self.coefficient.is_empty() {
            return Number::zero(self.negative, 0);
        }
        let Some((coefficient, lost)) = self.at_exponent(0, cx.rounding, status) else {
            return Number::nan();
        };
        if exact {
            *status |= signal::ROUNDED;
            if lost != Lost::Nothing {
                *status |= signal::INEXACT;
            }
        }
        Number::finite(self.negative, coefficient, 0)
    }

    /// The integer part as sign and magnitude, for a finite number.
    pub fn integer_part(&self, rounding: Rounding, status: &mut u32) -> Option<Words> {
        self.at_exponent(0, rounding, status).map(|(coefficient, _)| coefficient)
    }

    /// Without trailing zeros.
    pub fn reduce(&self, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        let mut result = self.clone().finish(cx, status);
        if !result.is_finite() {
            return result;
        }
        if result.coefficient.is_empty() {
            return Number::zero(result.negative, 0);
        }
        let most = if cx.clamp { cx.etop() } else { cx.emax };
        let zeros = (words::trailing_zeros(&result.coefficient) as i64).min((most - result.exponent).max(0));
        result.coefficient = words::shift_right(&result.coefficient, zeros as usize);
        result.exponent += zeros;
        result
    }

    pub fn logb(&self, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        if self.is_infinite() {
            return Number::infinity(false);
        }
        if self.is_zero() {
            *status |= signal::DIVISION_BY_ZERO;
            return Number::infinity(true);
        }
        Number::of_i64(self.adjusted()).finish(cx, status)
    }

    /// The value of an integer number that is not too large.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        if self.coefficient.is_empty() {
            return Some(0);
        }
        if self.adjusted() > 18 {
            return None;
        }
        let magnitude = self.integer_part(Rounding::Down, &mut 0).and_then(|w| words::to_u128(&w))?;
        let value = i128::try_from(magnitude).ok()?;
        i64::try_from(if self.negative { -value } else { value }).ok()
    }

    /// `a * 10^b`
    pub fn scaleb(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return nan;
        }
        let limit = 2 * (cx.emax + cx.prec);
        let by = match b.is_finite() && b.exponent == 0 {
            true => b.to_i64().filter(|by| (-limit..=limit).contains(by)),
            false => None,
        };
        let Some(by) = by else { return Number::invalid(status, signal::INVALID_OPERATION) };
        if a.is_infinite() {
            return a.clone();
        }
        let exponent = a.exponent.saturating_add(by).clamp(MIN_ETINY - 1, MAX_EMAX + 1);
        Number { exponent, ..a.clone() }.finish(cx, status)
    }
}
