//! The next representable numbers.

use std::cmp::Ordering;

use super::{Number, Rounding, Settings, signal};

impl Number {
    fn next(&self, up: bool, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(self, None, cx, status) {
            return nan;
        }
        if self.is_infinite() {
            if self.negative != up {
                return self.clone();
            }
            return Number::greatest(self.negative, cx, status);
        }
        let rounding = if up { Rounding::Ceiling } else { Rounding::Floor };
        let cx = cx.rounding(rounding);
        let mut ignored = 0;
        let rounded = self.clone().finish(&cx, &mut ignored);
        if ignored & (signal::INEXACT | signal::MALLOC_ERROR) != 0 {
            *status |= ignored & signal::MALLOC_ERROR;
            return rounded;
        }
        let tiny = Number::word(!up, 1, cx.etiny() - 1);
        let mut ignored = 0;
        let result = Number::add(&rounded, &tiny, &cx, &mut ignored);
        *status |= ignored & signal::MALLOC_ERROR;
        result
    }
    pub fn next_plus(&self, cx: &Settings, status: &mut u32) -> Number {
        self.next(true, cx, status)
    }
    pub fn next_minus(&self, cx: &Settings, status: &mut u32) -> Number {
        self.next(false, cx, status)
    }
    pub fn next_toward(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return nan;
        }
        let result = match Number::order(a, b) {
            Ordering::Equal => return a.with_sign_of(b),
            Ordering::Less => a.next(true, cx, status),
            Ordering::Greater => a.next(false, cx, status),
        };
        if result.is_infinite() {
            *status |= signal::OVERFLOW | signal::ROUNDED | signal::INEXACT;
        } else if result.is_finite() && result.adjusted() < cx.emin {
            *status |= signal::UNDERFLOW | signal::SUBNORMAL | signal::ROUNDED | signal::INEXACT;
            if result.coefficient.is_empty() {
                *status |= signal::CLAMPED;
            }
        }
        result
    }
}
