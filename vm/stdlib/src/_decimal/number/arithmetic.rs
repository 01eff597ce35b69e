//! Sums, products, fused multiply-add, square roots.

use std::cmp::Ordering;

use super::multiply::multiply;
use super::words::{self, Words};
use super::{Number, Rounding, Settings, divide, shifted, short, signal};

impl Number {
    /// `a + b`
    #[inline]
    pub fn add(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        Number::sum(a, b, b.negative, cx, status)
    }
    /// `a - b`
    #[inline]
    pub fn subtract(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        Number::sum(a, b, !b.negative, cx, status)
    }

    /// `a + b`, where `b` has another sign.
    fn sum(a: &Number, b: &Number, b_negative: bool, cx: &Settings, status: &mut u32) -> Number {
        if a.is_finite() && b.is_finite() {
            if a.exponent == b.exponent
                && a.negative == b_negative
                && let ([x], [y]) = (a.coefficient.as_slice(), b.coefficient.as_slice())
            {
                let sum = words::add_words(*x, *y);
                return Number::finite(a.negative, sum, a.exponent).finish(cx, status);
            }
            return match short::sum(a, b, b_negative, cx, status) {
                Some(sum) => sum,
                None => Number::finite_sum(a, b, b_negative, cx, status),
            };
        }
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return nan;
        }
        if a.is_infinite() {
            if b.is_infinite() && a.negative != b_negative {
                return Number::invalid(status, signal::INVALID_OPERATION);
            }
            return Number::infinity(a.negative);
        }
        Number::infinity(b_negative)
    }

    pub(super) fn finite_sum(
        a: &Number,
        b: &Number,
        b_negative: bool,
        cx: &Settings,
        status: &mut u32,
    ) -> Number {
        let aligned;
        let tiny;
        let (mut x, mut y): (&[u64], &[u64]) = (&a.coefficient, &b.coefficient);
        let mut exponent = a.exponent;
        if a.exponent != b.exponent {
            let a_is_big = a.exponent > b.exponent;
            let (big, mut small) = if a_is_big { (a, b) } else { (b, a) };
            if !big.coefficient.is_empty() {
                // A number below the last digit that can matter counts only by being there.
                let mut end = big.exponent - 1;
                if big.digits() <= cx.prec {
                    end += big.digits() - cx.prec - 1;
                }
                if small.adjusted() < end {
                    tiny = Number::word(false, !small.coefficient.is_empty() as u64, end);
                    small = &tiny;
                }
            }
            let Some(shifted) = big.shifted(big.exponent - small.exponent, status) else {
                return Number::nan();
            };
            aligned = shifted;
            exponent = small.exponent;
            (x, y) = if a_is_big { (&aligned, &small.coefficient) } else { (&small.coefficient, &aligned) };
        }
        let (negative, coefficient) = if a.negative == b_negative {
            (a.negative, words::add(x, y))
        } else {
            match words::compare(x, y) {
                Ordering::Greater => (a.negative, words::subtract(x, y)),
                Ordering::Less => (b_negative, words::subtract(y, x)),
                Ordering::Equal => (cx.rounding == Rounding::Floor, Words::new()),
            }
        };
        Number::finite(negative, coefficient, exponent).finish(cx, status)
    }

    /// `a * b` without rounding.
    pub(super) fn exact_product(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        let negative = a.negative != b.negative;
        if a.is_finite() && b.is_finite() {
            let coefficient = multiply(&a.coefficient, &b.coefficient);
            return Number::finite(negative, coefficient, a.exponent + b.exponent);
        }
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return nan;
        }
        if a.is_zero() || b.is_zero() {
            return Number::invalid(status, signal::INVALID_OPERATION);
        }
        Number::infinity(negative)
    }

    /// `a * b`
    pub fn multiply(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(product) = short::product(a, b, cx, status) {
            return product;
        }
        Number::exact_product(a, b, cx, status).finish(cx, status)
    }

    /// `a * b + c`, rounded once.
    pub fn fused(a: &Number, b: &Number, c: &Number, cx: &Settings, status: &mut u32) -> Number {
        let mut own = 0;
        let product = Number::exact_product(a, b, cx, &mut own);
        *status |= own;
        if own & signal::INVALID != 0 {
            return product;
        }
        Number::add(&product, c, cx, status)
    }

    pub fn plus(&self, cx: &Settings, status: &mut u32) -> Number {
        self.signed(self.negative, cx, status)
    }
    pub fn minus(&self, cx: &Settings, status: &mut u32) -> Number {
        self.signed(!self.negative, cx, status)
    }
    pub fn abs(&self, cx: &Settings, status: &mut u32) -> Number {
        self.signed(false, cx, status)
    }
    fn signed(&self, negative: bool, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        // Zero keeps the sign only where the sum with zero would.
        let negative = negative && (!self.is_zero() || cx.rounding == Rounding::Floor);
        Number { negative, ..self.clone() }.finish(cx, status)
    }

    /// The square root, rounded half to even.
    pub fn sqrt(&self, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        let ideal = self.exponent.div_euclid(2);
        if self.is_zero() {
            return Number::zero(self.negative, ideal).finish(cx, status);
        }
        if self.negative {
            return Number::invalid(status, signal::INVALID_OPERATION);
        }
        if self.is_infinite() {
            return self.clone();
        }
        let cx = &cx.rounding(Rounding::HalfEven);
        let even = words::shift_left(&self.coefficient, self.exponent.rem_euclid(2) as usize);
        let digits = words::digits(&even) as i64;
        if cx.prec > 4 * digits {
            let root = divide::square_root(&even);
            if divide::is_square_of(&even, &root) {
                return Number::finite(false, root, ideal).finish(cx, status);
            }
        }
        // One digit more than the precision, and an odd last digit if something is left over.
        let shift = (cx.prec + 1 - digits.div_euclid(2)).max(-(digits / 2));
        let (radicand, exact_shift) = match shift >= 0 {
            true => (shifted(&even, 2 * shift, status), true),
            false => {
                let cut = (-2 * shift) as usize;
                let exact = words::trailing_zeros(&even) >= cut;
                (Some(words::shift_right(&even, cut)), exact)
            }
        };
        let Some(radicand) = radicand else { return Number::nan() };
        let mut root = divide::square_root(&radicand);
        let mut exponent = ideal - shift;
        if exact_shift && divide::is_square_of(&radicand, &root) {
            let zeros = words::trailing_zeros(&root) as i64;
            let strip = zeros.min(ideal - exponent).max(0);
            root = words::shift_right(&root, strip as usize);
            exponent += strip;
            if exponent > ideal {
                root = words::shift_left(&root, (exponent - ideal) as usize);
                exponent = ideal;
            }
        } else if matches!(words::last_digit(&root), 0 | 5) {
            words::increment(&mut root);
        }
        Number::finite(false, root, exponent).finish(cx, status)
    }
}
