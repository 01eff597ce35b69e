//! Methods of `Context` that compute something.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use super::construct::{self, required};
use super::context::PyContext;
use super::decimal::{self, PyDecimal};
use super::methods;
use super::number::{Number, Settings};
use super::operators::{Binary, Unary, divmod_in, power_in};

fn unary(context: &PyContext, x: &Obj, operation: Unary) -> PyResult<Obj> {
    let mut status = 0;
    let result = operation(&*required(x)?, &context.settings(), &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

fn binary(context: &PyContext, x: &Obj, y: &Obj, operation: Binary) -> PyResult<Obj> {
    let (x, y) = (required(x)?, required(y)?);
    let mut status = 0;
    let result = operation(&x, &y, &context.settings(), &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

fn to_integral(number: &Number, cx: &Settings, status: &mut u32) -> Number {
    number.to_integral(cx, false, status)
}

/// A decimal as it is; an int exactly.
fn plain_copy(x: &Obj) -> PyResult<Obj> {
    if x.is_layout::<PyDecimal>() {
        return Ok(x.clone());
    }
    Ok(decimal::make((*required(x)?).clone()))
}

#[pymethods(class = "decimal.Context", part = "arithmetic")]
impl PyContext {
    /// Return the value of the (natural) exponential function e**x at the given
    /// number.
    #[pymethod]
    fn exp(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::exp)
    }
    /// Return the natural (base e) logarithm of the operand.
    #[pymethod]
    fn ln(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::ln)
    }
    /// Return the base ten logarithm of the operand.
    #[pymethod]
    fn log10(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::log10)
    }
    /// Return the adjusted exponent of the operand as a Decimal.
    #[pymethod]
    fn logb(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::logb)
    }
    /// Return the digit-wise inversion of the (logical) operand.
    #[pymethod]
    fn logical_invert(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::invert)
    }
    /// Return the largest number representable that is smaller than the operand.
    #[pymethod]
    fn next_minus(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::next_minus)
    }
    /// Return the smallest number representable that is larger than the operand.
    #[pymethod]
    fn next_plus(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::next_plus)
    }
    /// Normalize the number by stripping trailing 0s.
    #[pymethod]
    fn normalize(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::reduce)
    }
    /// Return the square root of the argument to full precision.
    #[pymethod]
    fn sqrt(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::sqrt)
    }
    /// Return the absolute value of x.
    #[pymethod]
    fn abs(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::abs)
    }
    /// Minus corresponds to the unary prefix minus operator in Python, but applies
    /// the context to the result.
    #[pymethod]
    fn minus(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::minus)
    }
    /// Plus corresponds to the unary prefix plus operator in Python, but applies
    /// the context to the result.
    #[pymethod]
    fn plus(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, Number::plus)
    }
    /// Identical to to_integral_value(x).
    #[pymethod]
    fn to_integral(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, to_integral)
    }
    /// Round to an integer.
    #[pymethod]
    fn to_integral_value(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, to_integral)
    }
    /// Round to an integer. Signal if the result is rounded or inexact.
    #[pymethod]
    fn to_integral_exact(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, |n, cx, s| n.to_integral(cx, true, s))
    }
    /// Return a copy of x with the sign set to 0.
    #[pymethod]
    fn copy_abs(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, |n, _, _| n.absolute())
    }
    /// Return a copy of x with the sign inverted.
    #[pymethod]
    fn copy_negate(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, |n, _, _| n.negated())
    }
    /// Compare x to y.
    #[pymethod]
    fn compare(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::compare)
    }
    /// Identical to compare, except that all NaNs signal.
    #[pymethod]
    fn compare_signal(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::compare_signal)
    }
    /// Return the digit-wise 'and' of the two (logical) operands.
    #[pymethod]
    fn logical_and(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::logical(a, b, |x, y| x & y, cx, s))
    }
    /// Return the digit-wise 'or' of the two (logical) operands.
    #[pymethod]
    fn logical_or(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::logical(a, b, |x, y| x | y, cx, s))
    }
    /// Return the digit-wise 'exclusive or' of the two (logical) operands.
    #[pymethod]
    fn logical_xor(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::logical(a, b, |x, y| x ^ y, cx, s))
    }
    /// Maximum of x and y.
    #[pymethod]
    fn max(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::extreme(a, b, true, false, cx, s))
    }
    /// As the max() method, but the comparison is done using the absolute values of
    /// the operands.
    #[pymethod]
    fn max_mag(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::extreme(a, b, true, true, cx, s))
    }
    /// Minimum of x and y.
    #[pymethod]
    fn min(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::extreme(a, b, false, false, cx, s))
    }
    /// As the min() method, but the comparison is done using the absolute values of
    /// the operands.
    #[pymethod]
    fn min_mag(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, cx, s| Number::extreme(a, b, false, true, cx, s))
    }
    /// Returns the number closest to x, in the direction towards y.
    #[pymethod]
    fn next_toward(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::next_toward)
    }
    /// Return the remainder from dividing x by y.
    #[pymethod]
    fn remainder_near(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::remainder_near)
    }
    /// Returns a rotated copy of x's digits, value-of-y times.
    #[pymethod]
    fn rotate(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::rotate)
    }
    /// Return the first operand with the exponent adjusted the second.
    #[pymethod]
    fn scaleb(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::scaleb)
    }
    /// Returns a shifted copy of x's digits, value-of-y times.
    #[pymethod]
    fn shift(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::shift)
    }
    /// Compare two operands using their abstract representation.
    #[pymethod]
    fn compare_total(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, _, _| Number::compare_total(a, b))
    }
    /// As compare_total(), but ignores the sign of each operand.
    #[pymethod]
    fn compare_total_mag(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, _, _| Number::compare_total_mag(a, b))
    }
    /// Return a copy of x with the sign of y.
    #[pymethod]
    fn copy_sign(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, |a, b, _, _| a.with_sign_of(b))
    }
    /// Return the sum of x and y.
    #[pymethod]
    fn add(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::add)
    }
    /// Return the difference between x and y.
    #[pymethod]
    fn subtract(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::subtract)
    }
    /// Return the product of x and y.
    #[pymethod]
    fn multiply(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::multiply)
    }
    /// Return x divided by y.
    #[pymethod]
    fn divide(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::divide)
    }
    /// Return x divided by y, truncated to an integer.
    #[pymethod]
    fn divide_int(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::divide_integer)
    }
    /// Return the remainder from dividing x by y.
    #[pymethod]
    fn remainder(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::remainder)
    }
    /// Return a value equal to x (rounded), having the exponent of y.
    #[pymethod]
    fn quantize(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        binary(self, x, y, Number::quantize)
    }
    /// Return True if x is a finite number, False otherwise.
    #[pymethod]
    fn is_finite(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_finite())
    }
    /// Return True if x is an infinity, False otherwise.
    #[pymethod]
    fn is_infinite(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_infinite())
    }
    /// Return True if x is a NaN, False otherwise.
    #[pymethod]
    fn is_nan(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_nan())
    }
    /// Return True if x is a zero, False otherwise.
    #[pymethod]
    fn is_zero(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_zero())
    }
    /// Return True if x is a signaling NaN, False otherwise.
    #[pymethod]
    fn is_snan(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_signaling())
    }
    /// Return True if x is a quiet NaN, False otherwise.
    #[pymethod]
    fn is_qnan(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_nan() && !x.is_signaling())
    }
    /// Return True if x is negative, False otherwise.
    #[pymethod]
    fn is_signed(&self, x: &Obj) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.negative)
    }
    /// Return True if x is normal, False otherwise.
    #[pymethod]
    fn is_normal(&self, x: &Obj) -> PyResult<bool> {
        Ok(required(x)?.is_normal(&self.settings()))
    }
    /// Return True if x is subnormal, False otherwise.
    #[pymethod]
    fn is_subnormal(&self, x: &Obj) -> PyResult<bool> {
        Ok(required(x)?.is_subnormal(&self.settings()))
    }
    /// Return True if x is canonical, False otherwise.
    #[pymethod]
    fn is_canonical(&self, x: &Obj) -> PyResult<bool> {
        methods::decimal_required(x).map(|_| true)
    }
    /// Return a new instance of x.
    #[pymethod]
    fn canonical(&self, x: &Obj) -> PyResult<Obj> {
        methods::decimal_required(x).map(|_| x.clone())
    }
    /// Return a copy of Decimal x.
    #[pymethod]
    fn copy_decimal(&self, x: &Obj) -> PyResult<Obj> {
        plain_copy(x)
    }
    #[pymethod]
    fn _apply(&self, x: &Obj) -> PyResult<Obj> {
        unary(self, x, |n, cx, s| n.clone().finish(cx, s))
    }
    /// Return an indication of the class of x.
    #[pymethod]
    fn number_class(&self, x: &Obj) -> PyResult<&'static str> {
        Ok(required(x)?.class_name(&self.settings()))
    }
    /// Return True if the two operands have the same exponent.
    #[pymethod]
    fn same_quantum(&self, x: &Obj, y: &Obj) -> PyResult<bool> {
        Ok(Number::same_quantum(&*required(x)?, &*required(y)?))
    }
    /// Return quotient and remainder of the division x / y.
    #[pymethod]
    fn divmod(&self, x: &Obj, y: &Obj) -> PyResult<Obj> {
        divmod_in(&*required(x)?, &*required(y)?, self)
    }
    /// Return x multiplied by y, plus z.
    #[pymethod]
    fn fma(&self, x: &Obj, y: &Obj, z: &Obj) -> PyResult<Obj> {
        let (x, y, z) = (required(x)?, required(y)?, required(z)?);
        let mut status = 0;
        let result = Number::fused(&x, &y, &z, &self.settings(), &mut status);
        self.report(status)?;
        Ok(decimal::make(result))
    }
    /// Compute a**b. If 'a' is negative, then 'b' must be integral. The result
    /// will be inexact unless 'a' is integral and the result is finite and can
    /// be expressed exactly in 'precision' digits.
    #[pymethod(sig = "(a, b, modulo=None)")]
    fn power(&self, a: &Obj, b: &Obj, modulo: Option<&Obj>) -> PyResult<Obj> {
        let (a, b) = (required(a)?, required(b)?);
        let modulo = match modulo.filter(|m| !is_none(m)) {
            Some(modulo) => Some(required(modulo)?),
            None => None,
        };
        power_in(&a, &b, modulo.as_deref(), self)
    }
    /// Convert a number to a string using scientific notation.
    #[pymethod]
    fn to_sci_string(&self, x: &Obj) -> PyResult<String> {
        Ok(required(x)?.to_text(false, self.has_capitals()))
    }
    /// Convert a number to a string, using engineering notation.
    #[pymethod]
    fn to_eng_string(&self, x: &Obj) -> PyResult<String> {
        Ok(required(x)?.to_text(true, self.has_capitals()))
    }
    /// Create a new Decimal instance from num, using self as the context.
    #[pymethod(sig = "(num='0', /)")]
    fn create_decimal(&self, num: Option<&Obj>) -> PyResult<Obj> {
        match num {
            Some(num) => construct::in_context(num, self),
            None => Ok(decimal::of_i64(0)),
        }
    }
    /// Create a new Decimal instance from float f.
    #[pymethod]
    fn create_decimal_from_float(&self, f: &Obj) -> PyResult<Obj> {
        let number = methods::float_or_int(f)?;
        let mut status = 0;
        let result = number.finish(&self.settings(), &mut status);
        self.report(status)?;
        Ok(decimal::make(result))
    }
}
