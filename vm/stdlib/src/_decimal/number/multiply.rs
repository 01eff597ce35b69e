//! Products of magnitudes: by columns, after Karatsuba, and by a number-theoretic transform for thousands of digits.
//!
//! The transform works modulo the prime 2^64 - 2^32 + 1 on limbs of six digits: the sums of up to 1.8 * 10^7 products of limbs are
//! less than the prime. Longer operands are split by Karatsuba's method first.

use super::words::{BASE, BY_BASE, Words, add_in_place, add_to, from_u128, subtract_in_place, trim, trimmed};

const KARATSUBA: usize = 36;
const TRANSFORM: usize = 400;
/// In words.
const LONGEST_TRANSFORM: usize = 4_000_000;

/// `a * b`
pub fn multiply(a: &[u64], b: &[u64]) -> Words {
    if let ([x], [y]) = (a, b) {
        return from_u128(u128::from(*x) * u128::from(*y));
    }
    if a.is_empty() || b.is_empty() {
        return Words::new();
    }
    if let ([a0, a1], [b0, b1]) = (a, b) {
        // The usual precision.
        let product = |x: &u64, y: &u64| u128::from(*x) * u128::from(*y);
        let (carry, r0) = BY_BASE.divide(product(a0, b0));
        let (carry, r1) = BY_BASE.divide(product(a0, b1) + product(a1, b0) + u128::from(carry));
        let (r3, r2) = BY_BASE.divide(product(a1, b1) + u128::from(carry));
        return Words::from_buf_and_len([r0, r1, r2, r3], if r3 == 0 { 3 } else { 4 });
    }
    let mut result: Words = smallvec::smallvec![0; a.len() + b.len()];
    multiply_into(a, b, &mut result);
    trim(&mut result);
    result
}

/// `a * a`
pub fn square(a: &[u64]) -> Words {
    multiply(a, a)
}

/// The product, in a slice of just the sum of the lengths.
fn multiply_into(a: &[u64], b: &[u64], out: &mut [u64]) {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let n = short.len();
    if n < KARATSUBA {
        return by_columns(long, short, out);
    }
    if n >= TRANSFORM && n <= LONGEST_TRANSFORM && long.len() <= 2 * LONGEST_TRANSFORM && long.len() / 3 <= n
    {
        return by_transform(long, short, out);
    }
    if long.len() > n + n / 2 {
        out.fill(0);
        let mut product = vec![0; 2 * n];
        for (i, chunk) in long.chunks(n).enumerate() {
            let product = &mut product[..chunk.len() + n];
            multiply_into(chunk, short, product);
            add_in_place(&mut out[i * n..], product);
        }
        return;
    }
    karatsuba(long, short, out);
}

fn by_columns(a: &[u64], b: &[u64], out: &mut [u64]) {
    // When a sum gets as large as this, so much is moved to the next column's carry.
    const FULL: u128 = 15 * (BASE as u128) * (BASE as u128);
    let mut carry = 0;
    for (k, out) in out.iter_mut().enumerate() {
        let from = (k + 1).saturating_sub(b.len());
        let to = a.len().min(k + 1);
        let mut sum: u128 = carry;
        carry = 0;
        if from < to {
            for (x, y) in a[from..to].iter().zip(b[k + 1 - to..=k - from].iter().rev()) {
                sum += u128::from(*x) * u128::from(*y);
                if sum >= FULL {
                    sum -= FULL;
                    carry += FULL / u128::from(BASE);
                }
            }
        }
        let (high, low) = BY_BASE.divide(sum);
        *out = low;
        carry += u128::from(high);
    }
}

fn karatsuba(a: &[u64], b: &[u64], out: &mut [u64]) {
    let half = a.len().div_ceil(2);
    let (a0, a1) = a.split_at(half);
    let (b0, b1) = b.split_at(half.min(b.len()));
    let (low, high) = out.split_at_mut(half + b0.len());
    multiply_into(a0, b0, low);
    multiply_into(a1, b1, high);
    let mut sum_a = Words::from_slice(a0);
    add_to(&mut sum_a, a1);
    let mut sum_b = Words::from_slice(b0);
    add_to(&mut sum_b, b1);
    let mut middle = vec![0; sum_a.len() + sum_b.len()];
    multiply_into(&sum_a, &sum_b, &mut middle);
    subtract_in_place(&mut middle, trimmed(low));
    subtract_in_place(&mut middle, trimmed(high));
    let middle = trimmed(&middle);
    add_in_place(&mut out[half..], middle);
}

const PRIME: u64 = 0xffff_ffff_0000_0001;
const LIMB: u64 = 1_000_000;

#[inline(always)]
fn add_mod(a: u64, b: u64) -> u64 {
    let (sum, over) = a.overflowing_add(b);
    if over || sum >= PRIME { sum.wrapping_sub(PRIME) } else { sum }
}

#[inline(always)]
fn subtract_mod(a: u64, b: u64) -> u64 {
    let (difference, under) = a.overflowing_sub(b);
    if under { difference.wrapping_add(PRIME) } else { difference }
}

/// The prime's form makes 2^64 = 2^32 - 1 and 2^96 = -1.
#[inline(always)]
fn multiply_mod(a: u64, b: u64) -> u64 {
    const LOW: u64 = 0xffff_ffff;
    let product = u128::from(a) * u128::from(b);
    let (high, low) = ((product >> 64) as u64, product as u64);
    let (difference, under) = low.overflowing_sub(high >> 32);
    let difference = if under { difference.wrapping_sub(LOW) } else { difference };
    let (sum, over) = difference.overflowing_add((high & LOW) * LOW);
    let sum = if over { sum.wrapping_add(LOW) } else { sum };
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn power_mod(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent != 0 {
        if exponent & 1 == 1 {
            result = multiply_mod(result, base);
        }
        base = multiply_mod(base, base);
        exponent >>= 1;
    }
    result
}

/// The powers of a root of unity of order `n` below its half; smaller orders use every second one, and so on.
fn roots(n: usize, inverse: bool) -> Vec<u64> {
    // 7 generates the multiplicative group.
    let mut root = power_mod(7, (PRIME - 1) / n as u64);
    if inverse {
        root = power_mod(root, PRIME - 2);
    }
    let mut power = 1;
    (0..n / 2)
        .map(|_| {
            let this = power;
            power = multiply_mod(power, root);
            this
        })
        .collect()
}

/// The roots of each level one after the other, so that each level reads them in order.
fn level_roots(n: usize, inverse: bool) -> Vec<Vec<u64>> {
    let mut levels = vec![roots(n, inverse)];
    while let Some(last) = levels.last()
        && last.len() > 1
    {
        let next = last.iter().step_by(2).copied().collect();
        levels.push(next);
    }
    levels
}

/// Decimation in frequency: natural order in, bit-reversed order out. Recursive, so that halves fit in the cache.
fn forward(a: &mut [u64], levels: &[Vec<u64>]) {
    let [roots, rest @ ..] = levels else { return };
    let (low, high) = a.split_at_mut(roots.len());
    for ((x, y), &root) in low.iter_mut().zip(high.iter_mut()).zip(roots) {
        let (sum, difference) = (add_mod(*x, *y), subtract_mod(*x, *y));
        *x = sum;
        *y = multiply_mod(difference, root);
    }
    forward(low, rest);
    forward(high, rest);
}

/// Decimation in time: bit-reversed order in, natural order out.
fn backward(a: &mut [u64], levels: &[Vec<u64>]) {
    let [roots, rest @ ..] = levels else { return };
    let (low, high) = a.split_at_mut(roots.len());
    backward(low, rest);
    backward(high, rest);
    for ((x, y), &root) in low.iter_mut().zip(high.iter_mut()).zip(roots) {
        let product = multiply_mod(*y, root);
        (*x, *y) = (add_mod(*x, product), subtract_mod(*x, product));
    }
}

fn limbs(a: &[u64], n: usize) -> Vec<u64> {
    let mut result = Vec::with_capacity(n);
    for &word in a {
        result.extend([word % LIMB, word / LIMB % LIMB, word / (LIMB * LIMB)]);
    }
    result.resize(n, 0);
    result
}

fn by_transform(a: &[u64], b: &[u64], out: &mut [u64]) {
    let n = (3 * (a.len() + b.len())).next_power_of_two();
    let levels = level_roots(n, false);
    let mut x = limbs(a, n);
    forward(&mut x, &levels);
    if std::ptr::eq(a, b) {
        for x in &mut x {
            *x = multiply_mod(*x, *x);
        }
    } else {
        let mut y = limbs(b, n);
        forward(&mut y, &levels);
        for (x, y) in x.iter_mut().zip(y) {
            *x = multiply_mod(*x, y);
        }
    }
    drop(levels);
    backward(&mut x, &level_roots(n, true));
    let scale = power_mod(n as u64, PRIME - 2);
    let mut carry: u128 = 0;
    for (out, limbs) in out.iter_mut().zip(x.chunks_exact(3)) {
        let limb = |i: usize| u128::from(multiply_mod(limbs[i], scale));
        let sum = carry + limb(0) + limb(1) * u128::from(LIMB) + limb(2) * u128::from(LIMB * LIMB);
        let (high, low) = BY_BASE.divide(sum);
        *out = low;
        carry = high.into();
    }
}
