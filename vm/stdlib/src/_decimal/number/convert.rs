//! To and from binary integers and floats; hashes.

use num_bigint::{BigInt, BigUint, Sign};

use super::multiply::multiply;
use super::words::{self, BASE, Words};
use super::{Number, Rounding};

/// A magnitude from a binary one. Splits large ones so that the work is that of multiplication.
pub fn from_biguint(value: &BigUint) -> Words {
    const LIMBS: usize = 32;
    fn join(limbs: &[u64], powers: &[Words]) -> Words {
        if limbs.len() <= LIMBS {
            let mut result = Words::new();
            for &limb in limbs.iter().rev() {
                // The base of the binary number is 2^64; in two halves, as factors are words.
                words::multiply_word(&mut result, 1 << 32);
                words::multiply_word(&mut result, 1 << 32);
                words::add_to(&mut result, &words::from_word(limb));
            }
            return result;
        }
        let mut level = 0;
        while LIMBS << (level + 1) < limbs.len() {
            level += 1;
        }
        let (low, high) = limbs.split_at(LIMBS << level);
        let mut result = multiply(&join(high, powers), &powers[level]);
        words::add_to(&mut result, &join(low, powers));
        result
    }
    let limbs: Vec<u64> = value.iter_u64_digits().collect();
    let mut powers: Vec<Words> = Vec::new();
    while LIMBS << powers.len() < limbs.len() {
        let next = match powers.last() {
            Some(last) => multiply(last, last),
            None => {
                let mut power = words::from_word(1);
                for _ in 0..2 * LIMBS {
                    words::multiply_word(&mut power, 1 << 32);
                }
                power
            }
        };
        powers.push(next);
    }
    join(&limbs, &powers)
}

/// A binary number from a magnitude.
pub fn to_biguint(a: &[u64]) -> BigUint {
    const WORDS: usize = 16;
    fn join(a: &[u64], powers: &[BigUint]) -> BigUint {
        if a.len() <= WORDS {
            return a.iter().rev().fold(BigUint::ZERO, |result, &word| result * BASE + word);
        }
        let mut level = 0;
        while WORDS << (level + 1) < a.len() {
            level += 1;
        }
        let (low, high) = a.split_at(WORDS << level);
        join(high, powers) * &powers[level] + join(low, powers)
    }
    if let Some(small) = words::to_u128(a) {
        return small.into();
    }
    let mut powers: Vec<BigUint> = Vec::new();
    while WORDS << powers.len() < a.len() {
        let next = match powers.last() {
            Some(last) => last * last,
            None => BigUint::from(BASE).pow(WORDS as u32),
        };
        powers.push(next);
    }
    join(a, &powers)
}

impl Number {
    pub fn of_bigint(value: &BigInt) -> Number {
        Number::finite(value.sign() == Sign::Minus, from_biguint(value.magnitude()), 0)
    }

    /// The exact value of a finite float, an infinity or a NaN.
    pub fn of_f64(value: f64) -> Number {
        let negative = value.is_sign_negative();
        if value.is_nan() {
            return Number { negative, ..Number::nan() };
        }
        if value.is_infinite() {
            return Number::infinity(negative);
        }
        let bits = value.to_bits();
        let (mut mantissa, field) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i64);
        if field != 0 {
            mantissa |= 1 << 52;
        }
        if mantissa == 0 {
            return Number::zero(negative, 0);
        }
        let mut exponent = field.max(1) - 1075;
        let zeros = i64::from(mantissa.trailing_zeros());
        mantissa >>= zeros;
        exponent += zeros;
        let mut coefficient = words::from_word(mantissa);
        // m * 2^-n = m * 5^n * 10^-n
        let (factor, mut count) = if exponent >= 0 { (2u64, exponent) } else { (5, -exponent) };
        while count > 0 {
            let step = count.min(25);
            words::multiply_word(&mut coefficient, factor.pow(step as u32));
            count -= step;
        }
        Number::finite(negative, coefficient, exponent.min(0))
    }

    /// The integer part, for a finite number of sensible size.
    pub fn to_bigint(&self, rounding: Rounding, status: &mut u32) -> Option<BigInt> {
        let magnitude = to_biguint(&self.integer_part(rounding, status)?);
        let sign = if self.negative { Sign::Minus } else { Sign::Plus };
        Some(BigInt::from_biguint(sign, magnitude))
    }

    /// Python's hash of a number: the value modulo 2^61 - 1.
    pub fn hash(&self) -> i64 {
        const PRIME: u64 = (1 << 61) - 1;
        fn multiply(a: u64, b: u64) -> u64 {
            let product = u128::from(a) * u128::from(b);
            let sum = (product as u64 & PRIME) + (product >> 61) as u64;
            if sum >= PRIME { sum - PRIME } else { sum }
        }
        let mut hash = 0;
        for &word in self.coefficient.iter().rev() {
            hash = (multiply(hash, BASE % PRIME) + word) % PRIME;
        }
        // The inverse of 10 modulo the prime.
        let mut base = if self.exponent >= 0 { 10 } else { 2_075_258_708_292_324_556 };
        let mut exponent = self.exponent.unsigned_abs();
        while exponent != 0 && hash != 0 {
            if exponent & 1 == 1 {
                hash = multiply(hash, base);
            }
            base = multiply(base, base);
            exponent >>= 1;
        }
        let hash = if self.negative { -(hash as i64) } else { hash as i64 };
        if hash == -1 { -2 } else { hash }
    }
}
