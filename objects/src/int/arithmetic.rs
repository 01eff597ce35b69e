//! The operators of `int`, as functions on objects: the interpreter's slow paths and the class's slots alike.
//!
//! Each gives `NotImplemented` if an operand is no int.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};
use taipan_gc::Obj;
use taipan_text::math;

use super::{IntRef, division, from_bigint, from_f64, from_i64, from_i128, int_ref};
use crate::construct::{bool_obj, not_implemented, tuple_obj};
use crate::error::*;
use crate::singletons::is_none;
use crate::type_object::CompareOp;

/// More bits than this in a result raise `MemoryError` before they are computed.
const MAX_BITS: u64 = 1 << 36;

macro_rules! operands {
    ($a:expr, $b:expr) => {
        match (int_ref($a), int_ref($b)) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(not_implemented()),
        }
    };
}

/// `a + b`
pub fn add(a: &Obj, b: &Obj) -> PyResult<Obj> {
    Ok(match operands!(a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => match a.checked_add(b) {
            Some(sum) => from_i64(sum),
            None => from_i128(a as i128 + b as i128),
        },
        (IntRef::Big(a), IntRef::Big(b)) => from_bigint(a + b),
        (IntRef::Big(a), IntRef::Small(b)) | (IntRef::Small(b), IntRef::Big(a)) => from_bigint(a + b),
    })
}

/// `a - b`
pub fn sub(a: &Obj, b: &Obj) -> PyResult<Obj> {
    Ok(match operands!(a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => match a.checked_sub(b) {
            Some(difference) => from_i64(difference),
            None => from_i128(a as i128 - b as i128),
        },
        (IntRef::Big(a), IntRef::Big(b)) => from_bigint(a - b),
        (IntRef::Big(a), IntRef::Small(b)) => from_bigint(a - b),
        (IntRef::Small(a), IntRef::Big(b)) => from_bigint(a - b),
    })
}

/// `a * b`
pub fn mul(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if a.bits() + b.bits() > MAX_BITS {
        return Err(memory_error());
    }
    Ok(match (a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => from_i128(a as i128 * b as i128),
        (IntRef::Big(a), IntRef::Big(b)) => from_bigint(a * b),
        (IntRef::Big(a), IntRef::Small(b)) | (IntRef::Small(b), IntRef::Big(a)) => from_bigint(a * b),
    })
}

/// `a / b`
pub fn true_div(a: &Obj, b: &Obj) -> PyResult<Obj> {
    Ok(Obj::float(match operands!(a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => math::true_divide_i64(a, b)?,
        (a, b) => math::true_divide(&a.to_bigint(), &b.to_bigint())?,
    }))
}

fn division_by_zero() -> Raised {
    zero_division_error("division by zero")
}

fn floor_div_i64(a: i64, b: i64) -> i128 {
    // Only the least number over -1 is beyond 64 bits.
    let Some(quotient) = a.checked_div(b) else { return -(a as i128) };
    i128::from(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

fn floor_mod_i64(a: i64, b: i64) -> i64 {
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

/// `a // b`
pub fn floor_div(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b.is_zero() {
        return Err(division_by_zero());
    }
    Ok(match (a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => from_i128(floor_div_i64(a, b)),
        (a, b) => from_bigint(division::div_floor(&a.to_bigint(), &b.to_bigint())),
    })
}

/// `a % b`
pub fn modulo(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b.is_zero() {
        return Err(division_by_zero());
    }
    Ok(match (a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => from_i64(floor_mod_i64(a, b)),
        (a, b) => from_bigint(division::mod_floor(&a.to_bigint(), &b.to_bigint())),
    })
}

/// `divmod(a, b)`
pub fn div_mod(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b.is_zero() {
        return Err(division_by_zero());
    }
    let (quotient, remainder) = match (a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => {
            (from_i128(floor_div_i64(a, b)), from_i64(floor_mod_i64(a, b)))
        }
        (a, b) => {
            let (quotient, remainder) = division::div_mod_floor(&a.to_bigint(), &b.to_bigint());
            (from_bigint(quotient), from_bigint(remainder))
        }
    };
    Ok(tuple_obj(vec![quotient, remainder]))
}

/// `a ** b`, or `pow(a, b, modulus)` if that is not `None`.
pub fn power(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    let (base, exponent) = operands!(a, b);
    if !is_none(modulus) {
        let Some(modulus) = int_ref(modulus) else { return Ok(not_implemented()) };
        return power_mod(base, exponent, modulus);
    }
    if exponent.is_negative() {
        return crate::float::power(&Obj::float(base.to_f64()?), &Obj::float(exponent.to_f64()?), modulus);
    }
    match base {
        IntRef::Small(0) => return Ok(from_i64(exponent.is_zero() as i64)),
        IntRef::Small(1) => return Ok(from_i64(1)),
        IntRef::Small(-1) => return Ok(from_i64(if exponent.wrapping_u64() & 1 == 0 { 1 } else { -1 })),
        _ => {}
    }
    let Some(n) = exponent.to_i64().and_then(|n| u32::try_from(n).ok()) else { return Err(memory_error()) };
    if let IntRef::Small(base) = base
        && let Some(result) = (base as i128).checked_pow(n)
    {
        return Ok(from_i128(result));
    }
    if (base.bits() - 1).saturating_mul(n as u64) > MAX_BITS {
        return Err(memory_error());
    }
    if let IntRef::Small(base) = base
        && base.unsigned_abs().is_power_of_two()
    {
        let size = BigInt::from(1) << (base.unsigned_abs().trailing_zeros() as u64 * n as u64);
        return Ok(from_bigint(if base < 0 && n & 1 == 1 { -size } else { size }));
    }
    Ok(from_bigint(base.to_bigint().pow(n)))
}

fn power_mod(base: IntRef<'_>, exponent: IntRef<'_>, modulus: IntRef<'_>) -> PyResult<Obj> {
    if let (IntRef::Small(base), IntRef::Small(exponent), IntRef::Small(modulus)) = (base, exponent, modulus)
        && exponent >= 0
        && modulus > 0
    {
        let size = modulus as u128;
        let mut square = (base as i128).rem_euclid(modulus as i128) as u128;
        let (mut result, mut left) = (1 % size, exponent as u64);
        while left != 0 {
            if left & 1 == 1 {
                result = result * square % size;
            }
            square = square * square % size;
            left >>= 1;
        }
        return Ok(from_i64(result as i64));
    }
    Ok(from_bigint(math::pow_mod(&base.to_bigint(), &exponent.to_bigint(), &modulus.to_bigint())?))
}

/// `a << b`
pub fn lshift(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b.is_negative() {
        return Err(value_error("negative shift count"));
    }
    if a.is_zero() {
        return Ok(from_i64(0));
    }
    let count = match b {
        IntRef::Small(count) => count as u64,
        IntRef::Big(_) => return Err(overflow_error("too many digits in integer")),
    };
    if let IntRef::Small(a) = a
        && count < 64
    {
        return Ok(from_i128((a as i128) << count));
    }
    if a.bits().saturating_add(count) > MAX_BITS {
        return Err(memory_error());
    }
    Ok(from_bigint(match a {
        IntRef::Small(a) => BigInt::from(a) << count,
        IntRef::Big(a) => a << count,
    }))
}

/// `a >> b`
pub fn rshift(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b.is_negative() {
        return Err(value_error("negative shift count"));
    }
    let count = b.to_i64().unwrap_or(i64::MAX) as u64;
    Ok(match a {
        IntRef::Small(a) => from_i64(a >> count.min(63)),
        IntRef::Big(a) if count > a.bits() => from_i64(if a.is_negative() { -1 } else { 0 }),
        IntRef::Big(a) => from_bigint(a >> count),
    })
}

macro_rules! bitwise {
    ($($(#[$doc:meta])* $name:ident $op:tt;)*) => { $(
        $(#[$doc])*
        pub fn $name(a: &Obj, b: &Obj) -> PyResult<Obj> {
            Ok(match operands!(a, b) {
                (IntRef::Small(a), IntRef::Small(b)) => from_i64(a $op b),
                (a, b) => from_bigint(&*a.to_bigint() $op &*b.to_bigint()),
            })
        }
    )* };
}

bitwise! {
    /// `a & b`
    and &;
    /// `a | b`
    or |;
    /// `a ^ b`
    xor ^;
}

/// `-a`
pub fn negate(a: &Obj) -> PyResult<Obj> {
    Ok(match int_ref(a) {
        Some(IntRef::Small(i)) => from_i128(-(i as i128)),
        Some(IntRef::Big(b)) => from_bigint(-b),
        None => not_implemented(),
    })
}

/// `+a`, `int(a)`, `a.__index__()`: a plain int.
pub fn plain(a: &Obj) -> PyResult<Obj> {
    if crate::protocol::is_exact_int(a) {
        return Ok(a.clone());
    }
    Ok(int_ref(a).map_or_else(not_implemented, IntRef::to_obj))
}

/// `abs(a)`
pub fn absolute(a: &Obj) -> PyResult<Obj> {
    match int_ref(a) {
        Some(i) if i.is_negative() => negate(a),
        _ => plain(a),
    }
}

/// `~a`
pub fn invert(a: &Obj) -> PyResult<Obj> {
    Ok(match int_ref(a) {
        Some(IntRef::Small(i)) => from_i64(!i),
        Some(IntRef::Big(b)) => from_bigint(!b),
        None => not_implemented(),
    })
}

/// `a <op> b`; `NotImplemented` unless both are ints.
pub fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    Ok(bool_obj(op.holds(a.compare(b))))
}

/// `round(a, ndigits)`: to the nearest multiple of a power of ten, half to even.
pub fn round(a: &Obj, ndigits: &Obj) -> PyResult<Obj> {
    let ndigits = crate::protocol::index(ndigits)?;
    let (Some(value), Some(ndigits)) = (int_ref(a), int_ref(&ndigits)) else { return plain(a) };
    if !ndigits.is_negative() {
        return plain(a);
    }
    // With more digits than the number has twice over, everything rounds to zero.
    let digits = ndigits.to_i64().unwrap_or(i64::MIN).unsigned_abs();
    if digits > value.bits() {
        return Ok(from_i64(0));
    }
    let unit = BigInt::from(10).pow(digits as u32);
    let (mut quotient, remainder) = value.to_bigint().div_mod_floor(&unit);
    match BigInt::cmp(&(&remainder * 2), &unit) {
        Ordering::Greater => quotient += 1,
        Ordering::Equal if quotient.is_odd() => quotient += 1,
        _ => {}
    }
    Ok(from_bigint(quotient * unit))
}

/// The value of `trunc`, `floor`, `ceil` of a finite float.
pub fn of_float(f: f64) -> PyResult<Obj> {
    from_f64(f)
}

/// Greatest common divisor, not negative.
pub fn gcd(a: IntRef<'_>, b: IntRef<'_>) -> Obj {
    match (a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => {
            let (a, b) = (a.unsigned_abs(), b.unsigned_abs());
            super::from_u64(a.gcd(&b))
        }
        (a, b) => from_bigint(a.to_bigint().gcd(&b.to_bigint())),
    }
}

/// Integer square root, rounded down; `value` is not negative.
pub fn isqrt(value: IntRef<'_>) -> Obj {
    match value {
        IntRef::Small(i) => from_i64(i.max(0).isqrt()),
        IntRef::Big(b) => from_bigint(b.sqrt()),
    }
}

/// Whether an exponent is odd, for signs of powers.
pub fn is_odd(value: IntRef<'_>) -> bool {
    value.wrapping_u64() & 1 == 1
}

/// Number of one bits of the absolute value.
pub fn bit_count(value: IntRef<'_>) -> u64 {
    match value {
        IntRef::Small(i) => i.unsigned_abs().count_ones() as u64,
        IntRef::Big(b) => b.magnitude().count_ones(),
    }
}

/// As `usize`, if it fits.
pub fn to_usize(value: IntRef<'_>) -> Option<usize> {
    match value {
        IntRef::Small(i) => usize::try_from(i).ok(),
        IntRef::Big(b) => b.to_usize(),
    }
}
