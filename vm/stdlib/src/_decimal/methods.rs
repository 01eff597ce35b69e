//! Methods of `Decimal` that look at a number or convert it.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Pow;
use taipan_objects::float::float_value;
use taipan_objects::int::{self, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use super::construct::{self, of_int};
use super::decimal::{self, PyDecimal};
use super::number::convert::to_biguint;
use super::number::{Kind, Number, Rounding};
use super::operators::{to_f64, to_int};
use super::{decimal_tuple, format};
use crate::counted;
use crate::native_class::receiver;

/// An argument that has to be a decimal.
pub fn decimal_required(x: &Obj) -> PyResult<&PyDecimal> {
    x.downcast().ok_or_else(|| type_error("argument must be a Decimal"))
}

/// The exact value of a float or an int.
pub fn float_or_int(value: &Obj) -> PyResult<Number> {
    if let Some(int) = int_ref(value) {
        return Ok(of_int(int));
    }
    match float_value(value) {
        Some(float) => Ok(construct::of_float(float)),
        None => Err(type_error("argument must be int or float")),
    }
}

/// An instance of the class that a class method was called on.
fn of_receiver(class: &Obj, number: Number) -> PyResult<Obj> {
    let result = decimal::make(number);
    match class.is(decimal::class().as_obj()) {
        true => Ok(result),
        false => counted::call1(class, &result),
    }
}

#[pymethods(class = "decimal.Decimal")]
impl PyDecimal {
    /// Class method that converts a float to a decimal number, exactly.
    #[pyclassmethod(sig = "(f, /)")]
    fn from_float(cls: &Obj, f: &Obj) -> PyResult<Obj> {
        of_receiver(cls, float_or_int(f)?)
    }
    /// Class method that converts a real number to a decimal number, exactly.
    #[pyclassmethod(sig = "(number, /)")]
    fn from_number(cls: &Obj, number: &Obj) -> PyResult<Obj> {
        if let Some(float) = float_value(number) {
            return of_receiver(cls, construct::of_float(float));
        }
        if number.is_layout::<PyDecimal>() && class_of(number).to_obj().is(cls) {
            return Ok(number.clone());
        }
        let exact = (*construct::required(number)?).clone();
        of_receiver(cls, exact)
    }
    /// Return the adjusted exponent of the number.  Defined as exp + digits - 1.
    #[pymethod]
    fn adjusted(&self) -> i64 {
        if self.number.is_finite() { self.number.adjusted() } else { 0 }
    }
    /// Return the canonical encoding of the argument.
    #[pymethod]
    fn canonical(slf: &Obj) -> Obj {
        slf.clone()
    }
    /// Return self.
    #[pymethod]
    fn conjugate(slf: &Obj) -> Obj {
        slf.clone()
    }
    /// Return Decimal(10), the radix (base) in which the Decimal class does
    /// all its arithmetic.
    #[pymethod]
    fn radix(&self) -> Obj {
        decimal::of_i64(10)
    }
    /// Return the absolute value of the argument.
    #[pymethod]
    fn copy_abs(&self) -> Obj {
        decimal::make(self.number.absolute())
    }
    /// Return the negation of the argument.
    #[pymethod]
    fn copy_negate(&self) -> Obj {
        decimal::make(self.number.negated())
    }
    /// Return True if the argument is canonical and False otherwise.
    #[pymethod]
    fn is_canonical(&self) -> bool {
        true
    }
    /// Return True if the argument is a finite number, and False otherwise.
    #[pymethod]
    fn is_finite(&self) -> bool {
        self.number.is_finite()
    }
    /// Return True if the argument is an infinity, and False otherwise.
    #[pymethod]
    fn is_infinite(&self) -> bool {
        self.number.is_infinite()
    }
    /// Return True if the argument is a NaN, and False otherwise.
    #[pymethod]
    fn is_nan(&self) -> bool {
        self.number.is_nan()
    }
    /// Return True if the argument is a zero, and False otherwise.
    #[pymethod]
    fn is_zero(&self) -> bool {
        self.number.is_zero()
    }
    /// Return True if the argument is a signaling NaN, and False otherwise.
    #[pymethod]
    fn is_snan(&self) -> bool {
        self.number.is_signaling()
    }
    /// Return True if the argument is a quiet NaN, and False otherwise.
    #[pymethod]
    fn is_qnan(&self) -> bool {
        self.number.kind == Kind::Quiet
    }
    /// Return True if the argument has a negative sign and False otherwise.
    #[pymethod]
    fn is_signed(&self) -> bool {
        self.number.negative
    }
    #[pygetset]
    fn real(slf: &Obj) -> Obj {
        slf.clone()
    }
    #[pygetset]
    fn imag(&self) -> Obj {
        decimal::of_i64(0)
    }
    /// Return a tuple representation of the number.
    #[pymethod]
    fn as_tuple(&self) -> PyResult<Obj> {
        let number = &self.number;
        let digits = match number.kind {
            Kind::Infinite => vec![int_obj(0)],
            Kind::Quiet | Kind::Signaling if number.coefficient.is_empty() => vec![],
            _ => number.digit_text().iter().map(|digit| int_obj(i64::from(digit - b'0'))).collect(),
        };
        let exponent = match number.kind {
            Kind::Finite => int_obj(number.exponent),
            Kind::Infinite => str_obj("F"),
            Kind::Quiet => str_obj("n"),
            Kind::Signaling => str_obj("N"),
        };
        let sign = int_obj(number.negative as i64);
        counted::call(decimal_tuple()?, &[sign, tuple_obj(digits), exponent])
    }
    /// Decimal.as_integer_ratio() -> (int, int)
    ///
    /// Return a pair of integers, whose ratio is exactly equal to the original
    /// Decimal and with a positive denominator. The ratio is in lowest terms.
    /// Raise OverflowError on infinities and a ValueError on NaNs.
    #[pymethod]
    fn as_integer_ratio(&self) -> PyResult<(Obj, Obj)> {
        let number = &self.number;
        if number.is_infinite() {
            return Err(overflow_error("cannot convert Infinity to integer ratio"));
        }
        if number.is_nan() {
            return Err(value_error("cannot convert NaN to integer ratio"));
        }
        if number.exponent >= 0 || number.coefficient.is_empty() {
            let numerator = number.to_bigint(Rounding::Down, &mut 0).ok_or_else(memory_error)?;
            return Ok((int::from_bigint(numerator), int_obj(1)));
        }
        let places = u32::try_from(-number.exponent).map_err(|_| memory_error())?;
        if places > 1 << 30 {
            return Err(memory_error());
        }
        let numerator = BigInt::from(to_biguint(&number.coefficient));
        let denominator = BigInt::from(10).pow(places);
        let common = numerator.gcd(&denominator);
        let numerator = numerator / &common;
        let numerator = if number.negative { -numerator } else { numerator };
        Ok((int::from_bigint(numerator), int::from_bigint(denominator / common)))
    }
    #[pymethod]
    fn __complex__(&self) -> PyResult<Obj> {
        counted::call1(types().complex.as_obj(), &float_obj(to_f64(&self.number)?))
    }
    #[pymethod]
    fn __copy__(slf: &Obj) -> Obj {
        slf.clone()
    }
    #[pymethod]
    fn __deepcopy__(slf: &Obj, memo: &Obj) -> Obj {
        let _ = memo;
        slf.clone()
    }
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let text = counted::call1(types().str.as_obj(), slf)?;
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(vec![text])]))
    }
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        let coefficient = &self.number.coefficient;
        size_of::<PyDecimal>() + if coefficient.spilled() { coefficient.len() * 8 } else { 0 }
    }
    #[pymethod]
    fn __trunc__(&self) -> PyResult<Obj> {
        to_int(&self.number, Rounding::Down)
    }
    #[pymethod]
    fn __ceil__(&self) -> PyResult<Obj> {
        to_int(&self.number, Rounding::Ceiling)
    }
    #[pymethod]
    fn __floor__(&self) -> PyResult<Obj> {
        to_int(&self.number, Rounding::Floor)
    }
    #[pymethod(sig = "(fmt, override=<unrepresentable>, /)", text = "")]
    fn __format__(slf: &Obj, fmt: &Obj, replacements: Option<&Obj>) -> PyResult<Obj> {
        format::format(&receiver::<PyDecimal>(slf)?.number, fmt, replacements)
    }
}
