//! The operators of `Decimal`, in the current context.

use std::cmp::Ordering;
use std::sync::OnceLock;

use taipan_objects::complex::PyComplex;
use taipan_objects::float::float_value;
use taipan_objects::int::{self, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::CompareOp;

use super::construct::{Operand, of_float, of_int, operand};
use super::context::PyContext;
use super::current;
use super::decimal::{self, PyDecimal};
use super::number::multiply::multiply;
use super::number::{Kind, Number, Rounding, Settings, signal};
use crate::counted;
use crate::native_class::receiver;

pub type Binary = fn(&Number, &Number, &Settings, &mut u32) -> Number;
pub type Unary = fn(&Number, &Settings, &mut u32) -> Number;

pub const SLOTS: TypeSlots = TypeSlots {
    repr: Some(|obj| {
        let context = current::get()?;
        let text = receiver::<PyDecimal>(obj)?.number.to_text(false, context.has_capitals());
        Ok(str_obj(&format!("Decimal('{text}')")))
    }),
    str_: Some(|obj| {
        let context = current::get()?;
        let text = receiver::<PyDecimal>(obj)?.number.to_ascii(false, context.has_capitals());
        Ok(PyStr::from_ascii(&text).into_obj())
    }),
    hash: Some(|obj| PyDecimal::hash_of(obj, receiver(obj)?)),
    richcompare: Some(compare),
    bool_: Some(|obj| Ok(!receiver::<PyDecimal>(obj)?.number.is_zero())),
    neg: Some(|obj| unary(obj, Number::minus)),
    pos: Some(|obj| unary(obj, Number::plus)),
    abs: Some(|obj| unary(obj, Number::abs)),
    int: Some(|obj| to_int(&receiver::<PyDecimal>(obj)?.number, Rounding::Down)),
    float: Some(|obj| Ok(float_obj(to_f64(&receiver::<PyDecimal>(obj)?.number)?))),
    add: Some(|a, b| binary(a, b, Number::add)),
    sub: Some(|a, b| binary(a, b, Number::subtract)),
    mul: Some(|a, b| binary(a, b, Number::multiply)),
    truediv: Some(|a, b| binary(a, b, Number::divide)),
    floordiv: Some(|a, b| binary(a, b, Number::divide_integer)),
    mod_: Some(|a, b| binary(a, b, Number::remainder)),
    divmod: Some(divmod),
    pow: Some(power),
    ..TypeSlots::EMPTY
};

fn unary(obj: &Obj, operation: Unary) -> PyResult<Obj> {
    let context = current::known()?;
    let mut status = 0;
    let result = operation(&receiver::<PyDecimal>(obj)?.number, &context.settings, &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

#[inline(always)]
fn binary(a: &Obj, b: &Obj, operation: Binary) -> PyResult<Obj> {
    let (Some(a), Some(b)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
    let context = current::known()?;
    let mut status = 0;
    let result = operation(&a, &b, &context.settings, &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

fn divmod(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (Some(a), Some(b)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
    divmod_in(&a, &b, &*current::get()?)
}

pub fn divmod_in(a: &Number, b: &Number, context: &PyContext) -> PyResult<Obj> {
    let mut status = 0;
    let (quotient, rest) = Number::divmod(a, b, &context.settings(), &mut status);
    context.report(status)?;
    Ok(tuple_obj(vec![decimal::make(quotient), decimal::make(rest)]))
}

fn power(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    let (Some(a), Some(b)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
    let modulus = match is_none(modulus) {
        true => None,
        false => match operand(modulus) {
            Some(modulus) => Some(modulus),
            None => return Ok(not_implemented()),
        },
    };
    power_in(&a, &b, modulus.as_deref(), &*current::get()?)
}

pub fn power_in(a: &Number, b: &Number, modulus: Option<&Number>, context: &PyContext) -> PyResult<Obj> {
    let (cx, mut status) = (context.settings(), 0);
    let result = match modulus {
        None => Number::power(a, b, &cx, &mut status),
        Some(modulus) => Number::power_modulo(a, b, modulus, &cx, &mut status),
    };
    context.report(status)?;
    Ok(decimal::make(result))
}

/// An int, rounded.
pub fn to_int(number: &Number, rounding: Rounding) -> PyResult<Obj> {
    match number.kind {
        Kind::Infinite => return Err(overflow_error("cannot convert Infinity to integer")),
        Kind::Quiet | Kind::Signaling => return Err(value_error("cannot convert NaN to integer")),
        Kind::Finite => {}
    }
    if let Some(small) = number.to_i64() {
        return Ok(int_obj(small));
    }
    match number.to_bigint(rounding, &mut 0) {
        Some(value) => Ok(int::from_bigint(value)),
        None => Err(memory_error()),
    }
}

pub fn to_f64(number: &Number) -> PyResult<f64> {
    match number.kind {
        Kind::Signaling => Err(value_error("cannot convert signaling NaN to float")),
        Kind::Quiet if number.negative => Ok(-f64::NAN),
        Kind::Quiet => Ok(f64::NAN),
        _ => Ok(number.to_text(false, true).parse().unwrap_or(f64::NAN)),
    }
}

/// `numbers.Rational`
fn rational_class() -> PyResult<&'static Obj> {
    static CLASS: OnceLock<Obj> = OnceLock::new();
    if let Some(class) = CLASS.get() {
        return Ok(class);
    }
    let class = counted::getattr(&taipan_objects::hooks::import_module("numbers")?, "Rational")?;
    Ok(CLASS.get_or_init(|| class))
}

/// The operands of a comparison.
fn comparable<'a>(
    a: &'a PyDecimal,
    other: &'a Obj,
    op: CompareOp,
    context: &PyContext,
) -> PyResult<Option<(Operand<'a>, Operand<'a>)>> {
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let number = Operand::Lent(&a.number);
    let of_float = |value: f64| -> PyResult<Number> {
        match equality {
            true => context.flags().add(signal::FLOAT_OPERATION),
            false => context.report(signal::FLOAT_OPERATION)?,
        }
        Ok(of_float(value))
    };
    if let Some(value) = float_value(other) {
        return Ok(Some((number, Operand::Made(of_float(value)?))));
    }
    if let Some(complex) = other.downcast::<PyComplex>()
        && equality
    {
        let (real, imaginary) = (complex.real, complex.imag);
        return match imaginary == 0.0 {
            true => Ok(Some((number, Operand::Made(of_float(real)?)))),
            false => Ok(None),
        };
    }
    if !isinstance(other, rational_class()?)? {
        return Ok(None);
    }
    let part = |name: &str| -> PyResult<Number> {
        let value = counted::getattr(other, name)?;
        match int_ref(&value) {
            Some(value) => Ok(of_int(value)),
            None => Err(type_error("numerator and denominator of a Rational have to be ints")),
        }
    };
    let numerator = part("numerator")?;
    if !a.number.is_finite() {
        return Ok(Some((number, Operand::Made(numerator))));
    }
    let denominator = part("denominator")?;
    let scaled =
        Number { coefficient: multiply(&a.number.coefficient, &denominator.coefficient), ..a.number.clone() };
    Ok(Some((Operand::Made(scaled), Operand::Made(numerator))))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let this = receiver::<PyDecimal>(a)?;
    let pair = match operand(b) {
        Some(b) => Some((Operand::Lent(&this.number), b)),
        None => comparable(this, b, op, &*current::get()?)?,
    };
    let Some((x, y)) = pair else { return Ok(not_implemented()) };
    if x.is_nan() || y.is_nan() {
        // Only equality of quiet NaNs is quiet.
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        if !equality || x.is_signaling() || y.is_signaling() {
            current::get()?.report(signal::INVALID_OPERATION)?;
        }
        return Ok(bool_obj(op == CompareOp::Ne));
    }
    let order: Ordering = Number::order(&x, &y);
    Ok(bool_obj(op.holds(order)))
}
