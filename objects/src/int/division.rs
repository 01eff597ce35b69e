//! Floor division of integers of many digits. Where the quotient is short, as it is in programs that reduce large numbers step by step, the
//! leading bits of both say what it is; the general division goes through all digits, and for long numbers through several copies of them.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;

/// Quotients may be short up to this number of bits.
const SHORT: u64 = 62;

/// `value >> shift`, which has at most 128 bits.
fn leading(value: &BigUint, shift: u64) -> u128 {
    let mut digits = value.iter_u64_digits();
    let skipped = (shift / 64) as usize;
    let mut window = [0u64; 3];
    for at in (skipped..digits.len()).rev() {
        window[at - skipped] = digits.next_back().unwrap_or(0);
    }
    let low = u128::from(window[0]) | u128::from(window[1]) << 64;
    match shift % 64 {
        0 => low,
        bits => low >> bits | u128::from(window[2]) << (128 - bits),
    }
}

/// `a / b`, rounded down, if it is short and the leading bits leave no doubt.
fn short_quotient(a: &BigUint, b: &BigUint) -> Option<u64> {
    let (a_bits, b_bits) = (a.bits(), b.bits());
    if a_bits < b_bits {
        return Some(0);
    }
    if b_bits <= 64 || a_bits - b_bits >= SHORT {
        return None;
    }
    let shift = b_bits - 64;
    let (a, b) = (leading(a, shift), leading(b, shift));
    // What was cut off adds less than one to either.
    let (least, most) = (a / (b + 1), a / b);
    if least == most { u64::try_from(least).ok() } else { None }
}

/// `|a| - quotient * |b|`
fn remainder(a: &BigInt, b: &BigInt, quotient: u64) -> BigUint {
    match quotient {
        0 => a.magnitude().clone(),
        _ => a.magnitude() - b.magnitude() * quotient,
    }
}

/// `a // b`; `b` is not zero.
pub fn div_floor(a: &BigInt, b: &BigInt) -> BigInt {
    let Some(quotient) = short_quotient(a.magnitude(), b.magnitude()) else { return a.div_floor(b) };
    if a.sign() == b.sign() || a.sign() == Sign::NoSign {
        return BigInt::from(quotient);
    }
    let exact = quotient != 0 && b.magnitude() * quotient == *a.magnitude();
    BigInt::from(-i128::from(quotient) - i128::from(!exact))
}

/// `divmod(a, b)`; `b` is not zero.
pub fn div_mod_floor(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let Some(quotient) = short_quotient(a.magnitude(), b.magnitude()) else { return a.div_mod_floor(b) };
    let rest = remainder(a, b, quotient);
    if a.sign() == b.sign() || a.sign() == Sign::NoSign {
        return (BigInt::from(quotient), BigInt::from_biguint(b.sign(), rest));
    }
    let quotient = -i128::from(quotient);
    if rest == BigUint::ZERO {
        return (BigInt::from(quotient), BigInt::ZERO);
    }
    (BigInt::from(quotient - 1), BigInt::from_biguint(b.sign(), b.magnitude() - rest))
}

/// `a % b`; `b` is not zero.
pub fn mod_floor(a: &BigInt, b: &BigInt) -> BigInt {
    let Some(quotient) = short_quotient(a.magnitude(), b.magnitude()) else { return a.mod_floor(b) };
    let rest = remainder(a, b, quotient);
    if a.sign() == b.sign() || a.sign() == Sign::NoSign || rest == BigUint::ZERO {
        return BigInt::from_biguint(b.sign(), rest);
    }
    BigInt::from_biguint(b.sign(), b.magnitude() - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_quotients_are_those_of_the_general_division() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 16
        };
        for round in 0..4000 {
            let digits = |count: u64, next: &mut dyn FnMut() -> u64| {
                (0..count).fold(BigInt::ZERO, |sum, _| (sum << 48u32) + next())
            };
            let b: BigInt = digits(1 + round % 9, &mut next) + 1;
            let factor = BigInt::from(next() >> (round % 48));
            // Remainders next to the ends are where a guess would be wrong.
            let rest = match round % 4 {
                0 => BigInt::ZERO,
                1 => BigInt::from(1),
                2 => &b - 1,
                _ => digits(1 + round % 7, &mut next),
            };
            let a: BigInt = &b * factor + rest;
            for (a, b) in [(a.clone(), b.clone()), (-a.clone(), b.clone()), (a.clone(), -b.clone()), (-a, -b)]
            {
                assert_eq!(div_floor(&a, &b), a.div_floor(&b), "{a} // {b}");
                assert_eq!(mod_floor(&a, &b), a.mod_floor(&b), "{a} % {b}");
                assert_eq!(div_mod_floor(&a, &b), a.div_mod_floor(&b), "divmod({a}, {b})");
            }
        }
    }
}
