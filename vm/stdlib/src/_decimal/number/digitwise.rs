//! Operations on the coefficient's digits: logical ones on zeros and ones, shift, rotate.

use super::words::{self, Words};
use super::{MOST_DIGITS, Number, Settings, signal};

/// The last digits of a logical operand, up to the precision.
fn logical(n: &Number, cx: &Settings) -> Option<Vec<u8>> {
    if !n.is_finite() || n.negative || n.exponent != 0 {
        return None;
    }
    let mut text = Vec::new();
    words::write(&n.coefficient, &mut text);
    if text.iter().any(|digit| *digit > b'1') || text.len() as i64 > cx.prec && cx.prec > MOST_DIGITS {
        return None;
    }
    let surplus = (text.len() as i64 - cx.prec).max(0) as usize;
    Some(text.split_off(surplus))
}

fn of_bits(bits: impl Iterator<Item = bool>) -> Number {
    let text: Vec<u8> = bits.map(|bit| b'0' + bit as u8).collect();
    Number::finite(false, words::parse(&text), 0)
}

impl Number {
    pub fn logical(
        a: &Number,
        b: &Number,
        operation: fn(bool, bool) -> bool,
        cx: &Settings,
        status: &mut u32,
    ) -> Number {
        let (Some(a), Some(b)) = (logical(a, cx), logical(b, cx)) else {
            return Number::invalid(status, signal::INVALID_OPERATION);
        };
        let n = a.len().max(b.len());
        let bit =
            |digits: &[u8], i: usize| (i + digits.len()).checked_sub(n).is_some_and(|i| digits[i] == b'1');
        of_bits((0..n).map(|i| operation(bit(&a, i), bit(&b, i))))
    }

    pub fn invert(&self, cx: &Settings, status: &mut u32) -> Number {
        let Some(digits) = logical(self, cx) else {
            return Number::invalid(status, signal::INVALID_OPERATION);
        };
        if cx.prec > MOST_DIGITS {
            return Number::invalid(status, signal::MALLOC_ERROR);
        }
        let missing = cx.prec as usize - digits.len();
        of_bits(std::iter::repeat_n(true, missing).chain(digits.iter().map(|digit| *digit == b'0')))
    }

    /// The number of places to move digits by.
    fn places(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Result<i64, Number> {
        if let Some(nan) = Number::nan_of(a, Some(b), cx, status) {
            return Err(nan);
        }
        let places = match b.is_finite() && b.exponent == 0 {
            true => b.to_i64().filter(|n| n.abs() <= cx.prec),
            false => None,
        };
        let Some(places) = places else {
            return Err(Number::invalid(status, signal::INVALID_OPERATION));
        };
        if a.is_infinite() {
            return Err(a.clone());
        }
        Ok(places)
    }

    /// The last digits, as many as the precision.
    fn within(coefficient: &Words, cx: &Settings) -> Words {
        match cx.prec < words::digits(coefficient) as i64 {
            true => words::low_digits(coefficient, cx.prec as usize),
            false => coefficient.clone(),
        }
    }

    pub fn shift(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        let places = match Number::places(a, b, cx, status) {
            Ok(places) => places,
            Err(result) => return result,
        };
        let coefficient = Number::within(&a.coefficient, cx);
        let moved = if places < 0 {
            words::shift_right(&coefficient, -places as usize)
        } else {
            // Digits that would be pushed out need not be moved.
            let kept = (cx.prec - places) as usize;
            let kept = words::low_digits(&coefficient, kept);
            let Some(moved) = super::shifted(&kept, places, status) else { return Number::nan() };
            moved
        };
        Number::finite(a.negative, moved, a.exponent)
    }

    pub fn rotate(a: &Number, b: &Number, cx: &Settings, status: &mut u32) -> Number {
        let places = match Number::places(a, b, cx, status) {
            Ok(places) => places,
            Err(result) => return result,
        };
        let coefficient = Number::within(&a.coefficient, cx);
        let left = if places < 0 { cx.prec + places } else { places };
        // The first digits come to the end, the others move up.
        let stay = (cx.prec - left) as usize;
        let high = words::shift_right(&coefficient, stay);
        let low = words::low_digits(&coefficient, stay);
        let Some(low) = super::shifted(&low, left, status) else { return Number::nan() };
        Number::finite(a.negative, words::add(&low, &high), a.exponent)
    }
}
