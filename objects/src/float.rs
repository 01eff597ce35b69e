//! `float`: layout of subclass instances, operators, comparison, hashing. Plain floats are immediate values.

pub mod methods;
pub mod new;

use std::cmp::Ordering;

use taipan_gc::{Header, Obj};
use taipan_text::{float_repr, hash, math};

use crate::construct::{bool_obj, not_implemented, tuple_obj};
use crate::error::*;
use crate::int::{IntRef, int_ref};
use crate::layout;
use crate::native::NativeMethods;
use crate::object_type::identity_hash_of;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::type_object::{CompareOp, PyType, TypeSlots, new_instance, ready, type_flags};
use crate::types::{Types, types};

/// An instance of a subclass of `float`.
#[repr(C)]
pub struct PyFloat {
    header: Header,
    pub value: f64,
}
layout!(PyFloat, "float");

impl PyFloat {
    /// An instance of `class`, a subclass of `float`, or just a float.
    pub fn new_of(class: &PyType, value: f64) -> Obj {
        if class.is(&types().float) {
            return Obj::float(value);
        }
        new_instance(class, |header| PyFloat { header, value }).into_obj()
    }
}

/// The number of a float or of a subclass instance.
#[inline]
pub fn float_value(obj: &Obj) -> Option<f64> {
    let value = obj.value();
    if value.is_float() {
        return Some(value.as_float());
    }
    if value.is_int() {
        return None;
    }
    obj.downcast::<PyFloat>().map(|f| f.value)
}

/// An operand of float arithmetic: a float or an int. `None` for anything else.
#[inline]
fn operand(obj: &Obj) -> PyResult<Option<f64>> {
    if let Some(f) = float_value(obj) {
        return Ok(Some(f));
    }
    match int_ref(obj) {
        Some(i) => i.to_f64().map(Some),
        None => Ok(None),
    }
}

macro_rules! operands {
    ($a:expr, $b:expr) => {
        match operand($a)? {
            Some(a) => match operand($b)? {
                Some(b) => (a, b),
                None => return Ok(not_implemented()),
            },
            None => return Ok(not_implemented()),
        }
    };
}

fn division_by_zero() -> Raised {
    zero_division_error("division by zero")
}

/// `a + b`
pub fn add(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    Ok(Obj::float(a + b))
}

/// `a - b`
pub fn sub(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    Ok(Obj::float(a - b))
}

/// `a * b`
pub fn mul(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    Ok(Obj::float(a * b))
}

/// `a / b`
pub fn true_div(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b == 0.0 {
        return Err(division_by_zero());
    }
    Ok(Obj::float(a / b))
}

/// `a // b`
pub fn floor_div(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b == 0.0 {
        return Err(division_by_zero());
    }
    Ok(Obj::float(math::float_div_mod(a, b).0))
}

/// `a % b`
pub fn modulo(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b == 0.0 {
        return Err(division_by_zero());
    }
    Ok(Obj::float(math::float_mod(a, b)))
}

/// `divmod(a, b)`
pub fn div_mod(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if b == 0.0 {
        return Err(division_by_zero());
    }
    let (quotient, remainder) = math::float_div_mod(a, b);
    Ok(tuple_obj(vec![Obj::float(quotient), Obj::float(remainder)]))
}

/// `a ** b`
pub fn power(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    if !is_none(modulus) {
        return Err(type_error("pow() 3rd argument not allowed unless all arguments are integers"));
    }
    let (x, y) = operands!(a, b);
    if y == 0.0 || x == 1.0 {
        return Ok(Obj::float(1.0));
    }
    if x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(zero_division_error("zero to a negative power"));
    }
    if x < 0.0 && x.is_finite() && y.is_finite() && y != y.floor() {
        return crate::complex::power(&Obj::float(x), &Obj::float(y), modulus);
    }
    let result = x.powf(y);
    if result.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(raise_args(
            &types().overflow_error,
            vec![
                crate::int::from_i64(libc::ERANGE as i64),
                crate::construct::str_obj("Numerical result out of range"),
            ],
        ));
    }
    Ok(Obj::float(result))
}

fn compare_with_int(a: f64, b: IntRef<'_>) -> Option<Ordering> {
    match b {
        IntRef::Small(b) => math::compare_float_i64(a, b),
        IntRef::Big(b) => math::compare_float_bigint(a, b),
    }
}

/// `a <op> b`; `NotImplemented` unless both are real numbers.
pub fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let ordering = match (float_value(a), float_value(b)) {
        (Some(a), Some(b)) => a.partial_cmp(&b),
        (Some(a), None) => match int_ref(b) {
            Some(b) => compare_with_int(a, b),
            None => return Ok(not_implemented()),
        },
        (None, Some(b)) => match int_ref(a) {
            Some(a) => compare_with_int(b, a).map(Ordering::reverse),
            None => return Ok(not_implemented()),
        },
        (None, None) => return Ok(not_implemented()),
    };
    Ok(bool_obj(match ordering {
        Some(ordering) => op.holds(ordering),
        None => op == CompareOp::Ne,
    }))
}

/// The number as an exact float: a float itself (which matters for NaNs), or what an instance of a subclass holds.
pub(crate) fn exact(obj: &Obj) -> Obj {
    if obj.value().is_float() { obj.clone() } else { Obj::float(value_of(obj)) }
}

fn value_of(obj: &Obj) -> f64 {
    float_value(obj).unwrap_or(0.0)
}

/// `repr(f)`
pub fn repr(obj: &Obj) -> PyResult<Obj> {
    Ok(PyStr::from_string(float_repr::repr(value_of(obj))).into_obj())
}

/// `hash(f)`: that of the equal int if there is one.
pub fn hash_of(f: f64, obj: &Obj) -> i64 {
    // A NaN hashes by identity, which for an immediate is its bits.
    hash::hash_f64(f).unwrap_or_else(|| identity_hash_of(obj.value()))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    Ok(hash_of(value_of(obj), obj))
}

fn is_true(obj: &Obj) -> PyResult<bool> {
    Ok(value_of(obj) != 0.0)
}
fn negate(obj: &Obj) -> PyResult<Obj> {
    Ok(Obj::float(-value_of(obj)))
}
fn plain(obj: &Obj) -> PyResult<Obj> {
    Ok(exact(obj))
}
fn absolute(obj: &Obj) -> PyResult<Obj> {
    Ok(Obj::float(value_of(obj).abs()))
}
fn int(obj: &Obj) -> PyResult<Obj> {
    crate::int::from_f64(value_of(obj))
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(new::construct),
    bool_: Some(is_true),
    neg: Some(negate),
    pos: Some(plain),
    abs: Some(absolute),
    int: Some(int),
    float: Some(plain),
    add: Some(add),
    sub: Some(sub),
    mul: Some(mul),
    truediv: Some(true_div),
    floordiv: Some(floor_div),
    mod_: Some(modulo),
    divmod: Some(div_mod),
    pow: Some(power),
    ..TypeSlots::EMPTY
};

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.float.slots.set_all(&SLOTS);
    types.float.set_flag(type_flags::MATCH_SELF, true);
    ready::add_methods(&types.float, PyFloat::methods());
    ready::add_getset(&types.float, PyFloat::getset());
    ready::set_doc(&types.float, "Convert a string or number to a floating-point number, if possible.");
}
