//! Arithmetic with intervals. Rounds half to even.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};
use taipan_objects::float::float_value;
use taipan_objects::int::{self, int_ref};
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::CompareOp;

use super::delta::{PyDelta, of_big, of_micros};

fn delta(obj: &Obj) -> Option<&PyDelta> {
    obj.downcast::<PyDelta>()
}

fn big(delta: &PyDelta) -> BigInt {
    BigInt::from(delta.total())
}

#[cold]
fn by_zero() -> Raised {
    zero_division_error("division by zero")
}

/// `a / b` rounded half to even.
fn divide_nearest(a: &BigInt, b: &BigInt) -> PyResult<BigInt> {
    if b.is_zero() {
        return Err(by_zero());
    }
    let (quotient, rest) = a.div_mod_floor(b);
    let twice: BigInt = rest.abs() * 2;
    let up = match twice.cmp(&b.abs()) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient.is_odd(),
        std::cmp::Ordering::Less => false,
    };
    Ok(if up { quotient + 1 } else { quotient })
}

pub fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    match (delta(a), delta(b)) {
        (Some(a), Some(b)) => Ok(bool_obj(op.holds(a.total().cmp(&b.total())))),
        _ => Ok(not_implemented()),
    }
}

pub fn add(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match (delta(a), delta(b)) {
        (Some(a), Some(b)) => of_micros(a.total() + b.total()),
        _ => Ok(not_implemented()),
    }
}

pub fn subtract(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match (delta(a), delta(b)) {
        (Some(a), Some(b)) => of_micros(a.total() - b.total()),
        _ => Ok(not_implemented()),
    }
}

/// `number.as_integer_ratio()`, which a subclass of float may override.
fn ratio(number: &Obj, value: f64) -> PyResult<(BigInt, BigInt)> {
    if class_of(number).is(&types().float) {
        return Ok(taipan_text::float_parse::as_integer_ratio(value)?);
    }
    let pair = call_method_str(number, "as_integer_ratio", &[])?;
    let Some(pair) = pair.downcast::<PyTuple>() else {
        return Err(type_error(format!(
            "unexpected return type from as_integer_ratio(): expected tuple, not '{}'",
            class_of(&pair).name()
        )));
    };
    let [numerator, denominator] = pair.as_slice() else {
        return Err(value_error("as_integer_ratio() must return a 2-tuple"));
    };
    match (int_ref(numerator), int_ref(denominator)) {
        (Some(numerator), Some(denominator)) => {
            Ok((numerator.to_bigint().into_owned(), denominator.to_bigint().into_owned()))
        }
        _ => Err(type_error("as_integer_ratio() must return integers")),
    }
}

/// `delta * numerator / denominator`
fn scale(delta: &PyDelta, numerator: &BigInt, denominator: &BigInt) -> PyResult<Obj> {
    of_big(&divide_nearest(&(big(delta) * numerator), denominator)?)
}

pub fn multiply(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (interval, number) = match (delta(a), delta(b)) {
        (Some(a), None) => (a, b),
        (None, Some(b)) => (b, a),
        _ => return Ok(not_implemented()),
    };
    if let Some(factor) = int_ref(number) {
        return of_big(&(big(interval) * &*factor.to_bigint()));
    }
    match float_value(number) {
        Some(factor) => {
            let (numerator, denominator) = ratio(number, factor)?;
            scale(interval, &numerator, &denominator)
        }
        None => Ok(not_implemented()),
    }
}

pub fn true_divide(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(interval) = delta(a) else { return Ok(not_implemented()) };
    if let Some(other) = delta(b) {
        if other.total() == 0 {
            return Err(by_zero());
        }
        return Ok(float_obj(taipan_text::math::true_divide(&big(interval), &big(other))?));
    }
    if let Some(divisor) = int_ref(b) {
        return of_big(&divide_nearest(&big(interval), &divisor.to_bigint())?);
    }
    match float_value(b) {
        Some(divisor) => {
            let (numerator, denominator) = ratio(b, divisor)?;
            scale(interval, &denominator, &numerator)
        }
        None => Ok(not_implemented()),
    }
}

pub fn floor_divide(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(interval) = delta(a) else { return Ok(not_implemented()) };
    if let Some(other) = delta(b) {
        if other.total() == 0 {
            return Err(by_zero());
        }
        return Ok(int::from_bigint(big(interval).div_floor(&big(other))));
    }
    match int_ref(b) {
        Some(divisor) if divisor.is_zero() => Err(by_zero()),
        Some(divisor) => of_big(&big(interval).div_floor(&*divisor.to_bigint())),
        None => Ok(not_implemented()),
    }
}

pub fn remainder(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match (delta(a), delta(b)) {
        (Some(_), Some(b)) if b.total() == 0 => Err(by_zero()),
        (Some(a), Some(b)) => of_micros(a.total().mod_floor(&b.total())),
        _ => Ok(not_implemented()),
    }
}

pub fn divmod(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match (delta(a), delta(b)) {
        (Some(_), Some(b)) if b.total() == 0 => Err(by_zero()),
        (Some(a), Some(b)) => {
            let (quotient, rest) = a.total().div_mod_floor(&b.total());
            Ok(tuple_obj(vec![int::from_i128(quotient), of_micros(rest)?]))
        }
        _ => Ok(not_implemented()),
    }
}
