//! Comparison: numerical, total, by magnitude; minimum and maximum.

use std::cmp::Ordering;

use super::words;
use super::{Kind, Number, Settings, signal};

/// Compares magnitudes of finite numbers.
fn magnitudes(a: &Number, b: &Number) -> Ordering {
    match (a.coefficient.is_empty(), b.coefficient.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    if a.exponent == b.exponent {
        return words::compare(&a.coefficient, &b.coefficient);
    }
    a.adjusted()
        .cmp(&b.adjusted())
        .then_with(|| words::leading(&a.coefficient).cmp(&words::leading(&b.coefficient)))
        .then_with(|| {
            // The same first digit: the shift is less than the longer one's length.
            if a.exponent > b.exponent {
                let shift = (a.exponent - b.exponent) as usize;
                words::compare(&words::shift_left(&a.coefficient, shift), &b.coefficient)
            } else {
                let shift = (b.exponent - a.exponent) as usize;
                words::compare(&a.coefficient, &words::shift_left(&b.coefficient, shift))
            }
        })
}

fn ordering_number(ordering: Ordering) -> Number {
    Number::of_i64(ordering as i64)
}

impl Number {
    /// Compares numbers that are no NaN.
    pub fn order(a: &Number, b: &Number) -> Ordering {
        let sign = |n: &Number| match (n.is_zero(), n.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let (sign_a, sign_b) = (sign(a), sign(b));
        if sign_a != sign_b {
            return sign_a.cmp(&sign_b);
        }
        let order = Number::order_magnitudes(a, b);
        if sign_a < 0 { order.reverse() } else { order }
    }

    /// Compares magnitudes of numbers that are no NaN.
    pub fn order_magnitudes(a: &Number, b: &Number) -> Ordering {
        match (a.is_infinite(), b.is_infinite()) {
            (false, false) => magnitudes(a, b),
            (x, y) => x.cmp(&y),
        }
    }

    /// `compare`: -1, 0, 1, or a NaN.
    pub fn compare(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        match Number::nan_of(a, Some(b), cx, status) {
            Some(nan) => nan,
            None => ordering_number(Number::order(a, b)),
        }
    }

    /// `compare_signal`: all NaNs signal.
    pub fn compare_signal(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if a.is_nan() || b.is_nan() {
            *status |= signal::INVALID_OPERATION;
        }
        Number::compare(a, b, cx, status)
    }

    fn total_order(a: &Number, b: &Number) -> Ordering {
        if a.negative != b.negative {
            return b.negative.cmp(&a.negative);
        }
        let order = match (a.is_nan(), b.is_nan()) {
            (true, true) => match (a.kind, b.kind) {
                (Kind::Quiet, Kind::Signaling) => Ordering::Greater,
                (Kind::Signaling, Kind::Quiet) => Ordering::Less,
                _ => words::compare(&a.coefficient, &b.coefficient),
            },
            (false, false) => {
                Number::order_magnitudes(a, b).then_with(|| match (a.is_finite(), b.is_finite()) {
                    (true, true) => a.exponent.cmp(&b.exponent),
                    _ => Ordering::Equal,
                })
            }
            (x, y) => x.cmp(&y),
        };
        if a.negative { order.reverse() } else { order }
    }

    pub fn compare_total(a: &Number, b: &Number) -> Number {
        ordering_number(Number::total_order(a, b))
    }

    pub fn compare_total_mag(a: &Number, b: &Number) -> Number {
        ordering_number(Number::total_order(&a.absolute(), &b.absolute()))
    }

    /// The greater or the lesser operand, numerically or by magnitude; a quiet NaN gives way to a number.
    pub fn extreme(
        a: &Number,
        b: &Number,
        greater: bool,
        magnitude: bool,
        cx: &Settings,
        status: &mut u32,
    ) -> Number {
        match (a.kind, b.kind) {
            (Kind::Quiet, Kind::Finite | Kind::Infinite) => return b.clone().finish(cx, status),
            (Kind::Finite | Kind::Infinite, Kind::Quiet) => return a.clone().finish(cx, status),
            _ => {}
        }
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return nan;
        }
        let mut order = match magnitude {
            true => Number::order_magnitudes(a, b),
            false => Number::order(a, b),
        };
        if magnitude {
            order = order.then_with(|| Number::order(a, b));
        }
        let order = order.then_with(|| Number::total_order(a, b));
        let first = if greater { order.is_ge() } else { order.is_lt() };
        let chosen = if first { a } else { b };
        chosen.clone().finish(cx, status)
    }

    pub fn same_quantum(a: &Number, b: &Number) -> bool {
        if a.is_finite() && b.is_finite() {
            return a.exponent == b.exponent;
        }
        a.is_nan() && b.is_nan() || a.is_infinite() && b.is_infinite()
    }

    /// "+Normal" and the like.
    pub fn class_name(&self, cx: &Settings) -> &'static str {
        match (self.kind, self.negative) {
            (Kind::Quiet, _) => "NaN",
            (Kind::Signaling, _) => "sNaN",
            (Kind::Infinite, false) => "+Infinity",
            (Kind::Infinite, true) => "-Infinity",
            (Kind::Finite, negative) => {
                if self.coefficient.is_empty() {
                    if negative { "-Zero" } else { "+Zero" }
                } else if self.is_subnormal(cx) {
                    if negative { "-Subnormal" } else { "+Subnormal" }
                } else if negative {
                    "-Normal"
                } else {
                    "+Normal"
                }
            }
        }
    }
}
