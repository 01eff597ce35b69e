//! exp, ln, log10: correctly rounded (Ziv's method).
//!
//! An [`Approximation`] has a few dubious last digits. If these decide how to round, more digits are computed. None of the functions
//! has a value that is representable, or half way between representable numbers, except in the cases that are dealt with first.

use super::words::{self, DIGITS, Words};
use super::{MAX_EMAX, MIN_ETINY, MOST_DIGITS, Number, Rounding, Settings, divide, fixed, signal};

/// `coefficient * 10^exponent`, whose last `dubious` digits may be wrong.
pub struct Approximation {
    pub negative: bool,
    pub coefficient: Words,
    pub exponent: i64,
    pub dubious: usize,
}

impl Approximation {
    /// Whether the dubious digits do not matter when rounding to `prec` digits.
    fn is_decided(&self, prec: i64) -> bool {
        let digits = words::digits(&self.coefficient);
        let (prec, dubious) = (prec as usize, self.dubious);
        if digits < prec + dubious + 3 {
            return false;
        }
        // The digits behind the half must be neither all zeros nor all nines.
        let below = digits - prec - 1;
        let tail = words::shift_right(&words::low_digits(&self.coefficient, below), dubious);
        let mut nines = words::power_of_ten(below - dubious);
        words::decrement(&mut nines);
        let half = words::digit(&self.coefficient, below) % 5;
        !(half == 0 && tail.is_empty() || half == 4 && words::compare(&tail, &nines).is_eq())
    }
}

/// The result in its most extreme form: overflow.
pub fn too_large(negative: bool, cx: &Settings, status: &mut u32) -> Number {
    Number::word(negative, 1, MAX_EMAX + 1).finish(cx, status)
}

/// The result in its most extreme form: underflow.
pub fn too_small(negative: bool, cx: &Settings, status: &mut u32) -> Number {
    Number::word(negative, 1, MIN_ETINY - 1).finish(cx, status)
}

/// Rounds what `approximate` finds to be accurate in so many digits. After `attempts` digits more, the value is taken for exact.
pub fn round_correctly(
    cx: &Settings,
    status: &mut u32,
    limit: usize,
    mut approximate: impl FnMut(usize) -> Approximation,
) -> Number {
    if cx.prec > MOST_DIGITS {
        return Number::invalid(status, signal::MALLOC_ERROR);
    }
    let mut extra = 4;
    loop {
        let mut result = approximate(cx.prec as usize + extra);
        if result.is_decided(cx.prec) {
            if matches!(words::last_digit(&result.coefficient), 0 | 5) {
                words::increment(&mut result.coefficient);
            }
            return Number::finite(result.negative, result.coefficient, result.exponent).finish(cx, status);
        }
        if extra > limit {
            let cut = result.dubious + 1;
            let (mut kept, lost) = words::cut(&result.coefficient, cut);
            if lost >= words::Lost::Half {
                words::increment(&mut kept);
            }
            *status |= signal::ROUNDED | signal::INEXACT;
            let mut own = 0;
            let number =
                Number::finite(result.negative, kept, result.exponent + cut as i64).finish(cx, &mut own);
            // Inexact by decree, and so it underflows if it is subnormal.
            if own & signal::SUBNORMAL != 0 {
                own |= signal::UNDERFLOW;
            }
            *status |= own;
            return number;
        }
        extra = extra * 2 + 8;
    }
}

/// The number next to one, for arguments too small to matter.
pub fn near_one(above: bool, cx: &Settings, status: &mut u32) -> Number {
    if cx.prec > MOST_DIGITS {
        return Number::invalid(status, signal::MALLOC_ERROR);
    }
    let zeros = cx.prec as usize + 3;
    let mut coefficient = words::power_of_ten(zeros);
    match above {
        true => words::increment(&mut coefficient),
        false => words::decrement(&mut coefficient),
    }
    Number::finite(false, coefficient, -(zeros as i64)).finish(cx, status)
}

/// `e^x` to so many digits, for an argument of less than about 10^20.
pub fn exp_digits(x: &Number, digits: usize) -> Approximation {
    let whole = x.adjusted().max(0) as usize;
    let k = (digits + whole + 3) / DIGITS + 2;
    let x_fixed = fixed::of_number(x, k);
    // e^x = 10^m e^r
    let ln10 = fixed::ln10(k);
    let (mut tens, mut rest) = divide::divide(&x_fixed, &ln10);
    if x.negative && !rest.is_empty() {
        words::increment(&mut tens);
        rest = words::subtract(&ln10, &rest);
    }
    let tens = words::to_u128(&tens).and_then(|m| i64::try_from(m).ok()).unwrap_or(i64::MAX / 2);
    let tens = if x.negative { -tens } else { tens };
    let coefficient = fixed::exp(&rest, k);
    let dubious = words::digits(&coefficient).saturating_sub(digits + 1).max(1);
    Approximation { negative: false, coefficient, exponent: tens - (k * DIGITS) as i64, dubious }
}

/// `e^x` for a finite argument other than zero.
pub fn exp_finite(x: &Number, limit: usize, cx: &Settings, status: &mut u32) -> Number {
    if x.adjusted() < -(cx.prec + 3) {
        return near_one(!x.negative, cx, status);
    }
    // Beyond 5 * 10^18 no exponent is large or small enough.
    if x.adjusted() > 18
        || x.adjusted() == 18 && Number::order_magnitudes(x, &Number::word(false, 5, 18)).is_gt()
    {
        return match x.negative {
            true => too_small(false, cx, status),
            false => too_large(false, cx, status),
        };
    }
    round_correctly(cx, status, limit, |digits| exp_digits(x, digits))
}

const NO_LIMIT: usize = usize::MAX;

/// The logarithm of a positive number other than one, with a relative error of less than 10^-digits.
pub fn ln_digits(x: &Number, digits: usize) -> Approximation {
    ln_or_log10(x, digits, false)
}

fn ln_or_log10(x: &Number, digits: usize, base_ten: bool) -> Approximation {
    let tens = x.adjusted();
    let t = Number::finite(false, x.coefficient.clone(), x.exponent - tens);
    // Near one the logarithm is small, and needs more digits behind the point.
    let lost = match tens {
        0 | -1 => {
            let one = Number::word(false, 1, 0);
            let distance = Number::subtract(x, &one, &Settings::MAX, &mut 0);
            (-distance.adjusted()).max(0) as usize + 1
        }
        _ => 0,
    };
    let places = digits + lost + 3;
    let k = (places + 20) / DIGITS + 2;
    let mut value = fixed::ln(&t, places, k);
    let mut negative = false;
    if tens != 0 {
        let ln10 = fixed::ln10(k);
        let product = super::multiply::multiply(&ln10, &words::from_word(tens.unsigned_abs()));
        value = match tens > 0 {
            true => words::add(&value, &product),
            false => {
                negative = words::compare(&product, &value).is_gt();
                match negative {
                    true => words::subtract(&product, &value),
                    false => words::subtract(&value, &product),
                }
            }
        };
    }
    if base_ten {
        value = divide::divide(&fixed::add_words(&value, k), &fixed::ln10(k)).0;
    }
    // Right to `places` digits behind the point.
    let dubious = (k * DIGITS).saturating_sub(places).max(1);
    Approximation { negative, coefficient: value, exponent: -((k * DIGITS) as i64), dubious }
}

impl Number {
    /// `e^x`
    pub fn exp(&self, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        if self.is_infinite() {
            return if self.negative { Number::zero(false, 0) } else { Number::infinity(false) };
        }
        if self.is_zero() {
            return Number::word(false, 1, 0);
        }
        exp_finite(self, NO_LIMIT, &cx.rounding(Rounding::HalfEven), status)
    }

    /// What logarithms are of numbers that have none, or a special one.
    fn special_logarithm(&self, cx: &Settings, status: &mut u32) -> Option<Number> {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return Some(nan);
        }
        if self.is_zero() {
            return Some(Number::infinity(true));
        }
        if self.negative {
            return Some(Number::invalid(status, signal::INVALID_OPERATION));
        }
        if self.is_infinite() {
            return Some(Number::infinity(false));
        }
        None
    }

    /// The natural logarithm.
    pub fn ln(&self, cx: &Settings, status: &mut u32) -> Number {
        if let Some(special) = self.special_logarithm(cx, status) {
            return special;
        }
        if Number::order(self, &Number::word(false, 1, 0)).is_eq() {
            return Number::zero(false, 0);
        }
        let cx = cx.rounding(Rounding::HalfEven);
        round_correctly(&cx, status, NO_LIMIT, |digits| ln_digits(self, digits))
    }

    /// The decimal logarithm.
    pub fn log10(&self, cx: &Settings, status: &mut u32) -> Number {
        if let Some(special) = self.special_logarithm(cx, status) {
            return special;
        }
        let cx = cx.rounding(Rounding::HalfEven);
        if words::trailing_zeros(&self.coefficient) as i64 == self.digits() - 1
            && words::digit(&self.coefficient, self.digits() as usize - 1) == 1
        {
            return Number::of_i64(self.adjusted()).finish(&cx, status);
        }
        round_correctly(&cx, status, NO_LIMIT, |digits| ln_or_log10(self, digits, true))
    }
}
