//! Conversions between floats and big integers, and integer arithmetic that `num-bigint` lacks or does otherwise.
//!
//! Invariant: every float result is correctly rounded (half to even). The functions of the `math` and `cmath`
//! modules proper (`gamma`, `fsum`, `comb` ...) come from [`pymath`], which agrees with CPython bit for bit.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use crate::error::{Result, TextError};

pub use pymath;

/// `x * 2**exponent`, rounded once; infinite if it is too large.
pub fn ldexp(x: f64, exponent: i64) -> f64 {
    libm::ldexp(x, exponent.clamp(-5000, 5000) as i32)
}

/// A fraction in [0.5, 1) and a power of two; zeros, infinities and NaN come back with 0.
pub fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() { (x, 0) } else { libm::frexp(x) }
}

/// A finite float as `mantissa * 2**exponent`.
pub fn decompose(x: f64) -> (i64, i32) {
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let (mantissa, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    (if x.is_sign_negative() { -mantissa } else { mantissa }, exponent)
}

/// The integer part; `None` of infinities and NaN.
pub fn float_to_bigint(x: f64) -> Option<BigInt> {
    if !x.is_finite() {
        return None;
    }
    if x.abs() < 9.2e18 {
        return Some(BigInt::from(x as i64));
    }
    let (mantissa, exponent) = decompose(x);
    Some(BigInt::from(mantissa) << exponent) // It is at least 2**62, so the exponent is positive.
}

/// `int(float)`: truncates.
pub fn float_to_int(x: f64) -> Result<BigInt> {
    float_to_bigint(x).ok_or_else(|| {
        if x.is_nan() {
            TextError::value("cannot convert float NaN to integer")
        } else {
            TextError::overflow("cannot convert float infinity to integer")
        }
    })
}

/// The first 64 bits of a number of more than 64, the last of them set if anything follows; and the bits left off.
fn leading_bits(n: &BigUint) -> (u64, u64) {
    let shift = n.bits() - 64;
    let mut top = (n >> shift).to_u64().unwrap_or(u64::MAX);
    if n.trailing_zeros().is_some_and(|zeros| zeros < shift) {
        top |= 1;
    }
    (top, shift)
}

/// The nearest float; `None` if it is out of range.
pub fn bigint_to_float(n: &BigInt) -> Option<f64> {
    let size = n.magnitude();
    let x = match size.to_u64() {
        Some(small) => small as f64,
        None if size.bits() > 1024 => return None,
        None => {
            let (top, shift) = leading_bits(size);
            ldexp(top as f64, shift as i64)
        }
    };
    x.is_finite().then_some(if n.is_negative() { -x } else { x })
}

/// `float(int)` of a big one.
pub fn int_to_float(n: &BigInt) -> Result<f64> {
    bigint_to_float(n).ok_or_else(|| TextError::overflow("int too large to convert to float"))
}

/// A float in [0.5, 1) and a power of two whose product is nearest to the number (for `math.log` and the like).
pub fn bigint_frexp(n: &BigInt) -> (f64, i64) {
    let size = n.magnitude();
    let (x, shift) = match size.to_u64() {
        Some(small) => (small as f64, 0),
        None => {
            let (top, shift) = leading_bits(size);
            (top as f64, shift as i64)
        }
    };
    let (fraction, exponent) = frexp(x);
    (if n.is_negative() { -fraction } else { fraction }, i64::from(exponent) + shift)
}

/// `a / b` of machine integers.
pub fn true_divide_i64(a: i64, b: i64) -> Result<f64> {
    const EXACT: u64 = 1 << 53;
    if b == 0 {
        return Err(TextError::zero_division("division by zero"));
    }
    if a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT {
        return Ok(a as f64 / b as f64);
    }
    true_divide(&BigInt::from(a), &BigInt::from(b))
}

/// `a / b`, correctly rounded.
pub fn true_divide(a: &BigInt, b: &BigInt) -> Result<f64> {
    if b.is_zero() {
        return Err(TextError::zero_division("division by zero"));
    }
    if a.is_zero() {
        return Ok(if b.is_negative() { -0.0 } else { 0.0 });
    }
    let too_large = || TextError::overflow("integer division result too large for a float");
    let negative = a.is_negative() != b.is_negative();
    let (a, b) = (a.magnitude(), b.magnitude());
    let difference = a.bits() as i64 - b.bits() as i64;
    if difference > 1024 {
        return Err(too_large());
    }
    if difference < -1076 {
        return Ok(if negative { -0.0 } else { 0.0 });
    }
    // The quotient gets at least 55 bits, or as many as a subnormal result can use and two more.
    let shift = difference.max(-1021) - 55;
    let (quotient, remainder) =
        if shift <= 0 { (a << shift.unsigned_abs()).div_rem(b) } else { a.div_rem(&(b << shift as u64)) };
    let mut quotient = quotient.to_u64().unwrap_or(u64::MAX);
    let bits = i64::from(64 - quotient.leading_zeros());
    let extra = bits.max(-1021 - shift) - 53;
    let sticky = !remainder.is_zero();
    let mut exponent = shift;
    if extra > 0 {
        let lost = quotient & ((1 << extra) - 1);
        let half = 1u64 << (extra - 1);
        quotient >>= extra;
        exponent += extra;
        if lost > half || (lost == half && (sticky || quotient & 1 == 1)) {
            quotient += 1;
        }
    }
    let x = ldexp(quotient as f64, exponent);
    if x.is_infinite() {
        return Err(too_large());
    }
    Ok(if negative { -x } else { x })
}

/// `divmod(a, b)` of big ints: the quotient is floored.
pub fn floor_div_mod(a: &BigInt, b: &BigInt) -> Result<(BigInt, BigInt)> {
    if b.is_zero() {
        return Err(TextError::zero_division("division by zero"));
    }
    Ok(a.div_mod_floor(b))
}

/// `a << b`; `b` is beyond what memory holds if it does not fit.
pub fn shift_left(a: &BigInt, b: &BigInt) -> Result<BigInt> {
    if b.is_negative() {
        return Err(TextError::value("negative shift count"));
    }
    if a.is_zero() {
        return Ok(BigInt::ZERO);
    }
    match b.to_u64().filter(|&bits| bits < 1 << 40) {
        Some(bits) => Ok(a << bits),
        None => Err(TextError::overflow("too many digits in integer")),
    }
}

/// `a >> b`, floored.
pub fn shift_right(a: &BigInt, b: &BigInt) -> Result<BigInt> {
    if b.is_negative() {
        return Err(TextError::value("negative shift count"));
    }
    Ok(match b.to_u64().filter(|&bits| bits <= a.bits()) {
        Some(bits) => a >> bits,
        None if a.is_negative() => BigInt::from(-1),
        None => BigInt::ZERO,
    })
}

/// `pow(base, exponent, modulus)`: the result has the sign of the modulus.
pub fn pow_mod(base: &BigInt, exponent: &BigInt, modulus: &BigInt) -> Result<BigInt> {
    if modulus.is_zero() {
        return Err(TextError::value("pow() 3rd argument cannot be 0"));
    }
    let size = modulus.abs();
    let result = if exponent.is_negative() {
        let inverse = mod_inverse(base, &size)?;
        inverse.modpow(&-exponent, &size)
    } else {
        base.mod_floor(&size).modpow(exponent, &size)
    };
    Ok(result.mod_floor(modulus))
}

fn mod_inverse(base: &BigInt, modulus: &BigInt) -> Result<BigInt> {
    let found = base.mod_floor(modulus).extended_gcd(modulus);
    if found.gcd.is_one() {
        Ok(found.x.mod_floor(modulus))
    } else {
        Err(TextError::value("base is not invertible for the given modulus"))
    }
}

/// `x % y` of floats: the result has the sign of `y`.
pub fn float_mod(x: f64, y: f64) -> f64 {
    let remainder = x % y;
    if remainder == 0.0 {
        0.0f64.copysign(y)
    } else if (y < 0.0) != (remainder < 0.0) {
        remainder + y
    } else {
        remainder
    }
}

/// `divmod(x, y)` of floats with `y` not zero.
pub fn float_div_mod(x: f64, y: f64) -> (f64, f64) {
    let mut remainder = x % y;
    let mut quotient = (x - remainder) / y;
    if remainder == 0.0 {
        remainder = 0.0f64.copysign(y);
    } else if (y < 0.0) != (remainder < 0.0) {
        remainder += y;
        quotient -= 1.0;
    }
    let floored = if quotient == 0.0 {
        0.0f64.copysign(x / y)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    (floored, remainder)
}

/// Compares a float with a big int exactly; `None` if the float is NaN.
pub fn compare_float_bigint(x: f64, n: &BigInt) -> Option<std::cmp::Ordering> {
    use std::cmp::Ordering;
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let whole = float_to_bigint(x)?;
    Some(whole.cmp(n).then_with(|| x.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal)))
}

/// Compares a float with a machine integer exactly; `None` if the float is NaN.
pub fn compare_float_i64(x: f64, n: i64) -> Option<std::cmp::Ordering> {
    const EXACT: u64 = 1 << 53;
    if n.unsigned_abs() <= EXACT {
        x.partial_cmp(&(n as f64))
    } else {
        compare_float_bigint(x, &BigInt::from(n))
    }
}

/// The sum of floats as the builtin `sum` computes it, with the lost parts kept aside (Neumaier).
#[derive(Clone, Copy, Debug, Default)]
pub struct CompensatedSum {
    high: f64,
    low: f64,
}

impl CompensatedSum {
    /// Starts at a value.
    pub fn new(start: f64) -> Self {
        Self { high: start, low: 0.0 }
    }

    /// Adds one more.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let total = self.high + x;
        if self.high.abs() >= x.abs() {
            self.low += (self.high - total) + x;
        } else {
            self.low += (x - total) + self.high;
        }
        self.high = total;
    }

    /// The sum.
    #[inline]
    pub fn result(self) -> f64 {
        // The lost parts are infinite or NaN if the sum is: then the plain sum is right.
        if self.low != 0.0 && self.low.is_finite() { self.high + self.low } else { self.high }
    }
}

/// `int.to_bytes`, little endian; `None` if it does not fit.
pub fn to_bytes_le(n: &BigInt, len: usize, signed: bool) -> Option<Vec<u8>> {
    if !signed && n.is_negative() {
        return None;
    }
    let mut bytes = if n.is_zero() {
        Vec::new()
    } else if signed {
        n.to_signed_bytes_le()
    } else {
        n.magnitude().to_bytes_le()
    };
    if bytes.len() > len {
        return None;
    }
    bytes.resize(len, if n.is_negative() { 0xff } else { 0 });
    Some(bytes)
}

/// `int.from_bytes`, little endian.
pub fn from_bytes_le(bytes: &[u8], signed: bool) -> BigInt {
    if signed { BigInt::from_signed_bytes_le(bytes) } else { BigInt::from_bytes_le(Sign::Plus, bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(text: &str) -> BigInt {
        text.parse().unwrap()
    }

    #[test]
    fn division_rounds_once() {
        assert_eq!(true_divide_i64(1, 3), Ok(1.0 / 3.0));
        assert_eq!(true_divide_i64(i64::MAX, 3), Ok(3.0744573456182584e18));
        assert_eq!(true_divide(&(BigInt::one() << 2000), &(BigInt::one() << 1999)), Ok(2.0));
        assert_eq!(true_divide(&BigInt::one(), &(BigInt::one() << 1074)), Ok(5e-324));
        assert_eq!(true_divide(&BigInt::one(), &(BigInt::one() << 1075)), Ok(0.0));
        assert_eq!(true_divide(&BigInt::from(3), &(BigInt::one() << 1075)), Ok(1e-323));
        assert!(true_divide(&(BigInt::one() << 1024), &BigInt::one()).is_err());
        assert_eq!(true_divide(&big("9007199254740993"), &BigInt::one()), Ok(9007199254740992.0));
        assert_eq!(true_divide(&big("9007199254740995"), &BigInt::one()), Ok(9007199254740996.0));
    }

    #[test]
    fn int_to_float_and_back() {
        assert_eq!(bigint_to_float(&big("9007199254740993")), Some(9007199254740992.0));
        assert_eq!(bigint_to_float(&((BigInt::one() << 1024) - (BigInt::one() << 970))), None);
        assert_eq!(bigint_to_float(&((BigInt::one() << 1024) - (BigInt::one() << 970) - 1)), Some(f64::MAX));
        assert_eq!(float_to_bigint(-1e22), Some(big("-10000000000000000000000")));
        assert_eq!(float_to_int(f64::NAN).unwrap_err().message, "cannot convert float NaN to integer");
    }

    #[test]
    fn modular_power() {
        let pow =
            |a: i64, b: i64, c: i64| pow_mod(&a.into(), &b.into(), &c.into()).map(|n| n.to_i64().unwrap());
        assert_eq!(pow(3, 200, 13), Ok(9));
        assert_eq!(pow(3, -1, 7), Ok(5));
        assert_eq!(pow(-3, 3, -7), Ok(-6));
        assert_eq!(pow(2, 0, 1), Ok(0));
        assert_eq!(pow(2, -1, 4).unwrap_err().message, "base is not invertible for the given modulus");
    }

    #[test]
    fn float_floor_division() {
        assert_eq!(float_div_mod(-7.0, 2.0), (-4.0, 1.0));
        assert_eq!(float_div_mod(1.0, 0.1), (9.0, 0.09999999999999995));
        assert_eq!(float_mod(-1.0, 3.0), 2.0);
        assert_eq!(float_mod(-4.0, 2.0).to_bits(), 0.0f64.to_bits());
    }

    #[test]
    fn comparing_with_floats() {
        use std::cmp::Ordering::*;
        assert_eq!(compare_float_i64(9007199254740992.0, 9007199254740993), Some(Less));
        assert_eq!(compare_float_i64(-1.5, -1), Some(Less));
        assert_eq!(compare_float_bigint(f64::NAN, &BigInt::one()), None);
    }

    #[test]
    fn bytes_of_ints() {
        assert_eq!(to_bytes_le(&big("-1"), 2, true), Some(vec![255, 255]));
        assert_eq!(to_bytes_le(&big("128"), 1, true), None);
        assert_eq!(to_bytes_le(&big("128"), 1, false), Some(vec![128]));
        assert_eq!(to_bytes_le(&big("0"), 0, false), Some(vec![]));
        assert_eq!(from_bytes_le(&[0, 255], true), big("-256"));
    }
}
