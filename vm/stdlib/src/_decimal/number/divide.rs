//! Quotients and square roots of magnitudes: Knuth's algorithm D, recursive division (Brent and Zimmermann, "Modern Computer
//! Arithmetic", algorithm 1.8) for long operands, Newton's method for roots.

use std::cmp::Ordering;

use super::multiply::{multiply, square};
use super::words::{
    BASE, BY_BASE, Divisor, Words, add, add_to, compare, decrement, digits, divide_word, from_u128,
    from_word, increment, multiply_word, shift_left, shift_right, subtract, subtract_in_place, to_u128, trim,
    trimmed,
};

/// Quotients of fewer words are computed word by word.
const RECURSIVE: usize = 60;

/// Quotient and rest. The divisor is not zero.
pub fn divide(a: &[u64], b: &[u64]) -> (Words, Words) {
    if compare(a, b) == Ordering::Less {
        return (Words::new(), Words::from_slice(a));
    }
    if let [word] = b {
        let mut quotient = Words::from_slice(a);
        let rest = divide_word(&mut quotient, *word);
        return (quotient, from_word(rest));
    }
    // With the divisor's first word at least half the base, a quotient word estimated from it is nearly right.
    let factor = BASE / (b[b.len() - 1] + 1);
    let (mut dividend, mut divisor) = (Words::with_capacity(a.len() + 1), Words::from_slice(b));
    dividend.extend_from_slice(a);
    if factor > 1 {
        multiply_word(&mut dividend, factor);
        multiply_word(&mut divisor, factor);
    }
    let (quotient, mut rest) = if b.len() < RECURSIVE || a.len() - b.len() < RECURSIVE {
        word_by_word(dividend, &divisor)
    } else {
        in_blocks(&dividend, &divisor)
    };
    if factor > 1 {
        divide_word(&mut rest, factor);
    }
    (quotient, rest)
}

/// Algorithm D for a divisor of at least two words, the first of them at least half the base.
fn word_by_word(mut a: Words, b: &[u64]) -> (Words, Words) {
    let n = b.len();
    if a.len() < n {
        return (Words::new(), a);
    }
    a.push(0);
    let steps = a.len() - n;
    let (first, second) = (b[n - 1], b[n - 2]);
    let by_first = Divisor::new(first);
    let mut quotient: Words = smallvec::smallvec![0; steps];
    for j in (0..steps).rev() {
        let window = &mut a[j..=j + n];
        let top = u128::from(window[n]) * u128::from(BASE) + u128::from(window[n - 1]);
        let (mut estimate, mut rest) = if window[n] >= first {
            let estimate = BASE - 1;
            (estimate, top - u128::from(estimate) * u128::from(first))
        } else {
            let (estimate, rest) = by_first.divide(top);
            (estimate, rest.into())
        };
        while rest < u128::from(BASE)
            && u128::from(estimate) * u128::from(second) > rest * u128::from(BASE) + u128::from(window[n - 2])
        {
            estimate -= 1;
            rest += u128::from(first);
        }
        if estimate == 0 {
            continue;
        }
        let mut carry = 0;
        let mut borrow = 0;
        for (x, y) in window.iter_mut().zip(b) {
            let (high, low) = BY_BASE.divide(u128::from(*y) * u128::from(estimate) + u128::from(carry));
            carry = high;
            let difference = x.wrapping_sub(low).wrapping_sub(borrow);
            borrow = difference >> 63;
            *x = difference.wrapping_add(BASE & borrow.wrapping_neg());
        }
        let difference = window[n].wrapping_sub(carry).wrapping_sub(borrow);
        window[n] = difference;
        if difference >> 63 == 1 {
            estimate -= 1;
            let over = super::words::add_in_place(&mut window[..n], b);
            window[n] = difference.wrapping_add(over as u64);
        }
        quotient[j] = estimate;
    }
    a.truncate(n);
    trim(&mut a);
    trim(&mut quotient);
    (quotient, a)
}

/// Divides by parts as long as the divisor, from the top.
fn in_blocks(a: &[u64], b: &[u64]) -> (Words, Words) {
    let n = b.len();
    let mut quotient: Words = smallvec::smallvec![0; a.len()];
    let mut rest = Words::new();
    let mut end = a.len();
    while end > 0 {
        let start = end.saturating_sub(n);
        let part = joined(&a[start..end], &rest);
        let (q, r) = recursive(&part, b);
        quotient[start..start + q.len()].copy_from_slice(&q);
        rest = r;
        end = start;
    }
    trim(&mut quotient);
    (quotient, rest)
}

/// `high * base^low.len() + low`
fn joined(low: &[u64], high: &[u64]) -> Words {
    let mut result = Words::with_capacity(low.len() + high.len());
    result.extend_from_slice(low);
    result.extend_from_slice(high);
    trim(&mut result);
    result
}

/// The quotient has no more words than the divisor.
fn recursive(a: &[u64], b: &[u64]) -> (Words, Words) {
    if compare(a, b) == Ordering::Less {
        return (Words::new(), Words::from_slice(a));
    }
    let m = a.len() - b.len();
    if m < RECURSIVE {
        return word_by_word(Words::from_slice(a), b);
    }
    let k = m / 2;
    let (low, high) = (trimmed(&b[..k]), &b[k..]);
    let (mut q1, r1) = recursive(&a[2 * k..], high);
    let rest = joined(&a[k..2 * k], &r1);
    let rest = take_product(rest, &mut q1, low, b);
    let (mut q0, r0) = recursive(&rest, high);
    let rest = joined(&a[..k], &r0);
    let rest = take_product(rest, &mut q0, low, b);
    let mut quotient: Words = smallvec::smallvec![0; k];
    quotient.extend_from_slice(&q1);
    add_to(&mut quotient, &q0);
    trim(&mut quotient);
    (quotient, rest)
}

/// `rest - quotient * low`, made positive by lowering the quotient.
fn take_product(mut rest: Words, quotient: &mut Words, low: &[u64], b: &[u64]) -> Words {
    let product = multiply(quotient, low);
    while compare(&rest, &product) == Ordering::Less {
        decrement(quotient);
        add_to(&mut rest, b);
    }
    subtract_in_place(&mut rest, &product);
    trim(&mut rest);
    rest
}

/// The integer part of the square root.
pub fn square_root(a: &[u64]) -> Words {
    if let Some(small) = to_u128(a) {
        return from_u128(small.isqrt());
    }
    let mut root = if a.len() <= 8 {
        // From the leading digits: about 15 are right, and each step doubles them.
        let n = digits(a);
        let cut = (n - 35) & !1;
        let leading = to_u128(&shift_right(a, cut)).unwrap_or(0);
        let mut root = shift_left(&from_u128((leading as f64).sqrt() as u128), cut / 2);
        let mut right = 15;
        while right * 2 < n.div_ceil(2) {
            root = step(a, &root);
            right = right * 2 - 1;
        }
        root
    } else {
        let k = (a.len() - 2) / 4;
        joined_zeros(&square_root(&a[2 * k..]), k)
    };
    root = step(a, &root);
    while compare(&square(&root), a) == Ordering::Greater {
        decrement(&mut root);
    }
    loop {
        // (r + 1)^2 = r^2 + 2r + 1
        let mut next = root.clone();
        increment(&mut next);
        if compare(&square(&next), a) == Ordering::Greater {
            return root;
        }
        root = next;
    }
}

fn joined_zeros(a: &[u64], k: usize) -> Words {
    let mut result: Words = smallvec::smallvec![0; k];
    result.extend_from_slice(a);
    result
}

/// One step of Newton's method.
fn step(a: &[u64], root: &[u64]) -> Words {
    let mut sum = add(&divide(a, root).0, root);
    divide_word(&mut sum, 2);
    sum
}

/// The rest of a square root: whether it was exact.
pub fn is_square_of(a: &[u64], root: &[u64]) -> bool {
    subtract(a, &square(root)).is_empty()
}
