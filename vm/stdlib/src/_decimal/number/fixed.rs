//! Fixed-point arithmetic for elementary functions: a magnitude `x` and a number of words `k` mean `x / base^k`.
//!
//! Functions are right to within a word: an error of less than `base` in units of the last place.

use std::cell::RefCell;

use super::divide::divide;
use super::multiply::{multiply, square};
use super::words::{
    DIGITS, Words, add, add_to, compare, divide_word, from_u128, subtract, subtract_in_place, trim,
};
use super::{Number, words};

/// The magnitude without its last `k` words.
pub fn drop_words(a: &[u64], k: usize) -> Words {
    Words::from_slice(a.get(k..).unwrap_or_default())
}

/// The magnitude with `k` zero words behind.
pub fn add_words(a: &[u64], k: usize) -> Words {
    if a.is_empty() {
        return Words::new();
    }
    let mut result: Words = smallvec::smallvec![0; k];
    result.extend_from_slice(a);
    result
}

fn one(k: usize) -> Words {
    add_words(&[1], k)
}

/// The magnitude of a finite number as fixed-point number, cut off. The caller sees to a sensible size.
pub fn of_number(n: &Number, k: usize) -> Words {
    let shift = n.exponent + (k * DIGITS) as i64;
    match shift >= 0 {
        true => words::shift_left(&n.coefficient, shift as usize),
        false => words::shift_right(&n.coefficient, -shift as usize),
    }
}

/// `e^x`, for `x` less than 3.
pub fn exp(x: &[u64], k: usize) -> Words {
    // e^x = (e^(x / 2^j))^(2^j), and a short series for a small argument. Each squaring doubles the error.
    let bits = (k * 60) as f64;
    let j = ((1.2 * bits).sqrt() as usize).max(4);
    let guard = j / 50 + 1;
    let k = k + guard;
    let mut r = add_words(x, guard);
    let mut left = j;
    while left > 0 {
        let step = left.min(50);
        divide_word(&mut r, 1 << step);
        left -= step;
    }
    let mut sum = one(k);
    let mut term = r.clone();
    let mut i = 1;
    while !term.is_empty() {
        add_to(&mut sum, &term);
        i += 1;
        term = drop_words(&multiply(&term, &r), k);
        divide_word(&mut term, i);
    }
    for _ in 0..j {
        sum = drop_words(&square(&sum), k);
    }
    drop_words(&sum, guard)
}

/// The inverse hyperbolic tangent of `1 / n`, times `factor`.
fn atanh_of_inverse(n: u64, factor: u64, k: usize) -> Words {
    let mut term = one(k);
    words::multiply_word(&mut term, factor);
    divide_word(&mut term, n);
    let mut sum = Words::new();
    let mut i = 1;
    while !term.is_empty() {
        let mut part = term.clone();
        divide_word(&mut part, i);
        add_to(&mut sum, &part);
        divide_word(&mut term, n * n);
        i += 2;
    }
    sum
}

thread_local! {
    /// The longest natural logarithm of ten so far, and its `k`.
    static LN10: RefCell<(usize, Words)> = const { RefCell::new((0, Words::new_const())) };
}

/// The natural logarithm of ten.
pub fn ln10(k: usize) -> Words {
    LN10.with_borrow_mut(|(known, value)| {
        if *known < k {
            let more = k + 1;
            let mut sum = atanh_of_inverse(31, 46, more);
            add_to(&mut sum, &atanh_of_inverse(49, 34, more));
            add_to(&mut sum, &atanh_of_inverse(161, 20, more));
            (*known, *value) = (k, drop_words(&sum, 1));
        }
        drop_words(value, *known - k)
    })
}

/// The natural logarithm of `t`, from 1 to 10, to so many digits behind the point (or a word less than `k` words).
pub fn ln(t: &Number, digits: usize, k: usize) -> Words {
    let start = match digits <= 43 {
        true => {
            let text = t.to_text(false, true);
            let value = text.parse::<f64>().unwrap_or(1.0);
            let scaled = from_u128((value.ln().max(0.0) * 1e17) as u128);
            of_number(&Number::finite(false, scaled, -17), k)
        }
        false => {
            let fewer = digits / 3 + 3;
            let fewer_words = (fewer / DIGITS + 2).min(k);
            add_words(&ln(t, fewer, fewer_words), k - fewer_words)
        }
    };
    // Halley's step for e^y = t: y + 2 (t - e^y) / (t + e^y), which makes of n right digits 3n.
    let power = exp(&start, k);
    let t = of_number(t, k);
    let sum = add(&t, &power);
    let (above, mut difference) = match compare(&t, &power).is_ge() {
        true => (true, subtract(&t, &power)),
        false => (false, subtract(&power, &t)),
    };
    words::multiply_word(&mut difference, 2);
    let step = divide(&add_words(&difference, k), &sum).0;
    if above {
        return add(&start, &step);
    }
    let mut result = start;
    if compare(&result, &step).is_lt() {
        return Words::new();
    }
    subtract_in_place(&mut result, &step);
    trim(&mut result);
    result
}
