//! CPython's hashes of numbers and tuples.
//!
//! Invariant: numbers that are equal hash alike, whatever their types: all hash as if reduced modulo the
//! prime 2**61 - 1. No hash is -1.

use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, ToPrimitive};

/// The modulus, `sys.hash_info.modulus`.
pub const MODULUS: u64 = (1 << BITS) - 1;
/// The hash of infinity, `sys.hash_info.inf`.
pub const INFINITY: i64 = 314159;
/// What the hash of an imaginary part is multiplied with, `sys.hash_info.imag`.
pub const IMAGINARY: u64 = 1_000_003;

const BITS: u32 = 61;

#[inline]
fn not_minus_one(hash: i64) -> i64 {
    if hash == -1 { -2 } else { hash }
}

/// `hash(int)` of a machine word.
#[inline]
pub fn hash_i64(n: i64) -> i64 {
    let residue = (n.unsigned_abs() % MODULUS) as i64;
    not_minus_one(if n < 0 { -residue } else { residue })
}

/// `hash(int)` of a big one.
pub fn hash_bigint(n: &BigInt) -> i64 {
    let residue = residue(n.magnitude()) as i64;
    not_minus_one(if n.is_negative() { -residue } else { residue })
}

fn residue(n: &BigUint) -> u64 {
    // 2**64 is 8 modulo 2**61 - 1.
    let fold =
        |hash: u64, digit: u64| ((u128::from(hash) * 8 + u128::from(digit)) % u128::from(MODULUS)) as u64;
    n.iter_u64_digits().rev().fold(0, fold)
}

/// `hash(float)`; `None` of NaN, which hashes by identity.
#[inline]
pub fn hash_f64(x: f64) -> Option<i64> {
    let whole = x as i64;
    if whole as f64 == x && whole != i64::MAX {
        return Some(hash_i64(whole));
    }
    hash_f64_slow(x)
}

fn hash_f64_slow(x: f64) -> Option<i64> {
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { INFINITY } else { -INFINITY });
    }
    let (mantissa, exponent) = crate::math::decompose(x);
    let size = mantissa.unsigned_abs(); // Below 2**53, so it is its own residue.
    let rotation = exponent.rem_euclid(BITS as i32) as u32;
    let residue = ((size << rotation) & MODULUS) | (size >> (BITS - rotation));
    let residue = (residue % MODULUS) as i64;
    Some(not_minus_one(if x < 0.0 { -residue } else { residue }))
}

/// `hash(complex)` from the hashes of its parts.
pub fn combine_complex(real: i64, imaginary: i64) -> i64 {
    not_minus_one((real as u64).wrapping_add(IMAGINARY.wrapping_mul(imaginary as u64)) as i64)
}

/// `hash(Fraction)` and the like: numerator over denominator, modulo the prime.
pub fn hash_fraction(numerator: &BigInt, denominator: &BigInt) -> i64 {
    let modulus = BigUint::from(MODULUS);
    let inverse = denominator.magnitude().modpow(&BigUint::from(MODULUS - 2), &modulus);
    let residue = if inverse.bits() == 0 {
        INFINITY
    } else {
        (numerator.magnitude() * inverse % modulus).to_i64().unwrap_or(0)
    };
    not_minus_one(if numerator.is_negative() { -residue } else { residue })
}

/// `hash(tuple)`, item by item (xxHash with a lane for each item).
#[derive(Clone, Copy, Debug)]
pub struct TupleHasher {
    state: u64,
}

const PRIME_1: u64 = 11_400_714_785_074_694_791;
const PRIME_2: u64 = 14_029_467_366_897_019_727;
const PRIME_5: u64 = 2_870_177_450_012_600_261;

impl Default for TupleHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl TupleHasher {
    /// Of an empty tuple so far.
    #[inline]
    pub fn new() -> Self {
        Self { state: PRIME_5 }
    }

    /// Adds the hash of the next item.
    #[inline]
    pub fn add(&mut self, hash: i64) {
        self.state = self.state.wrapping_add((hash as u64).wrapping_mul(PRIME_2));
        self.state = self.state.rotate_left(31).wrapping_mul(PRIME_1);
    }

    /// The hash of a tuple of this many items.
    #[inline]
    pub fn finish(self, len: usize) -> i64 {
        let hash = self.state.wrapping_add(len as u64 ^ (PRIME_5 ^ 3_527_539));
        if hash == u64::MAX { 1_546_275_796 } else { hash as i64 }
    }
}

/// `hash(frozenset)`, element by element in any order.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetHasher {
    state: u64,
}

impl SetHasher {
    /// Adds the hash of an element.
    #[inline]
    pub fn add(&mut self, hash: i64) {
        let hash = hash as u64;
        self.state ^= (hash ^ 89_869_747 ^ (hash << 16)).wrapping_mul(3_644_798_167);
    }

    /// The hash of a set of this many elements.
    pub fn finish(self, len: usize) -> i64 {
        let mut hash = self.state ^ (len as u64 + 1).wrapping_mul(1_927_868_237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69069).wrapping_add(907_133_923);
        if hash == u64::MAX { 590_923_713 } else { hash as i64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!((hash_i64(-1), hash_i64(0), hash_i64(1 << 61)), (-2, 0, 1));
        assert_eq!(hash_f64(1.0), Some(1));
        assert_eq!(hash_f64(-1.0), Some(-2));
        assert_eq!(hash_f64(0.5), Some(1152921504606846976));
        assert_eq!(hash_f64(-0.1), Some(-230584300921369408));
        assert_eq!(hash_f64(1e300), Some(hash_bigint(&crate::math::float_to_bigint(1e300).unwrap())));
        assert_eq!(hash_f64(5e-324), Some(16777216));
        assert_eq!(hash_f64(f64::NEG_INFINITY), Some(-314159));
        assert_eq!(hash_f64(f64::NAN), None);
        assert_eq!(hash_bigint(&BigInt::from(10).pow(100)), 910685213754167845);
    }

    #[test]
    fn collections() {
        assert_eq!(TupleHasher::new().finish(0), 5740354900026072187);
        let mut hasher = TupleHasher::new();
        [1, 2, 3].iter().for_each(|&n| hasher.add(n));
        assert_eq!(hasher.finish(3), 529344067295497451);
        let mut hasher = SetHasher::default();
        [1, 2, 3].iter().for_each(|&n| hasher.add(n));
        assert_eq!(hasher.finish(3), -272375401224217160);
        assert_eq!(SetHasher::default().finish(0), 133146708735736);
    }
}
