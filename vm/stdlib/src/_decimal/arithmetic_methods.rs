//! Methods of `Decimal` that compute something in a context.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

use super::construct::required;
use super::current;
use super::decimal::{self, PyDecimal};
use super::number::{Number, Rounding, Settings};
use super::operators::{Binary, Unary};
use super::rounding;

fn unary(number: &Number, context: Option<&Obj>, operation: Unary) -> PyResult<Obj> {
    let context = current::known_given(context)?;
    let mut status = 0;
    let result = operation(number, &context.settings, &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

fn binary(number: &Number, other: &Obj, context: Option<&Obj>, operation: Binary) -> PyResult<Obj> {
    let context = current::known_given(context)?;
    let other = required(other)?;
    let mut status = 0;
    let result = operation(number, &other, &context.settings, &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

/// The settings with the rounding of an argument.
fn with_rounding(settings: Settings, mode: Option<&Obj>) -> PyResult<Settings> {
    match mode.filter(|mode| !is_none(mode)) {
        Some(mode) => Ok(settings.rounding(rounding::parse(mode)?)),
        None => Ok(settings),
    }
}

fn to_integral(number: &Number, mode: Option<&Obj>, context: Option<&Obj>, exact: bool) -> PyResult<Obj> {
    let context = current::known_given(context)?;
    let settings = with_rounding(context.settings, mode)?;
    let mut status = 0;
    let result = number.to_integral(&settings, exact, &mut status);
    context.report(status)?;
    Ok(decimal::make(result))
}

#[pymethods(class = "decimal.Decimal", part = "arithmetic")]
impl PyDecimal {
    /// Return the value of the (natural) exponential function e**x at the given
    /// number.
    #[pymethod(sig = "(context=None)")]
    fn exp(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::exp)
    }
    /// Return the natural (base e) logarithm of the operand.
    #[pymethod(sig = "(context=None)")]
    fn ln(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::ln)
    }
    /// Return the base ten logarithm of the operand.
    #[pymethod(sig = "(context=None)")]
    fn log10(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::log10)
    }
    /// Return the adjusted exponent of the operand as a Decimal.
    #[pymethod(sig = "(context=None)")]
    fn logb(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::logb)
    }
    /// Return the digit-wise inversion of the (logical) operand.
    #[pymethod(sig = "(context=None)")]
    fn logical_invert(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::invert)
    }
    /// Return the largest number representable that is smaller than the operand.
    #[pymethod(sig = "(context=None)")]
    fn next_minus(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::next_minus)
    }
    /// Return the smallest number representable that is larger than the operand.
    #[pymethod(sig = "(context=None)")]
    fn next_plus(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::next_plus)
    }
    /// Normalize the number by stripping trailing 0s.
    #[pymethod(sig = "(context=None)")]
    fn normalize(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::reduce)
    }
    /// Return the square root of the argument to full precision.
    #[pymethod(sig = "(context=None)")]
    fn sqrt(&self, context: Option<&Obj>) -> PyResult<Obj> {
        unary(&self.number, context, Number::sqrt)
    }
    /// Compare self to other.
    #[pymethod(sig = "(other, context=None)")]
    fn compare(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::compare)
    }
    /// Identical to compare, except that all NaNs signal.
    #[pymethod(sig = "(other, context=None)")]
    fn compare_signal(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::compare_signal)
    }
    /// Return the digit-wise 'and' of the two (logical) operands.
    #[pymethod(sig = "(other, context=None)")]
    fn logical_and(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::logical(a, b, |x, y| x & y, cx, s))
    }
    /// Return the digit-wise 'or' of the two (logical) operands.
    #[pymethod(sig = "(other, context=None)")]
    fn logical_or(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::logical(a, b, |x, y| x | y, cx, s))
    }
    /// Return the digit-wise 'exclusive or' of the two (logical) operands.
    #[pymethod(sig = "(other, context=None)")]
    fn logical_xor(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::logical(a, b, |x, y| x ^ y, cx, s))
    }
    /// Maximum of self and other.
    #[pymethod(sig = "(other, context=None)")]
    fn max(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::extreme(a, b, true, false, cx, s))
    }
    /// As the max() method, but the comparison is done using the absolute values of
    /// the operands.
    #[pymethod(sig = "(other, context=None)")]
    fn max_mag(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::extreme(a, b, true, true, cx, s))
    }
    /// Minimum of self and other.
    #[pymethod(sig = "(other, context=None)")]
    fn min(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::extreme(a, b, false, false, cx, s))
    }
    /// As the min() method, but the comparison is done using the absolute values of
    /// the operands.
    #[pymethod(sig = "(other, context=None)")]
    fn min_mag(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, cx, s| Number::extreme(a, b, false, true, cx, s))
    }
    /// Returns the number closest to self, in the direction towards other.
    #[pymethod(sig = "(other, context=None)")]
    fn next_toward(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::next_toward)
    }
    /// Return the remainder from dividing self by other.
    #[pymethod(sig = "(other, context=None)")]
    fn remainder_near(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::remainder_near)
    }
    /// Returns a rotated copy of self's digits, value-of-other times.
    #[pymethod(sig = "(other, context=None)")]
    fn rotate(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::rotate)
    }
    /// Return the first operand with the exponent adjusted the second.
    #[pymethod(sig = "(other, context=None)")]
    fn scaleb(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::scaleb)
    }
    /// Returns a shifted copy of self's digits, value-of-other times.
    #[pymethod(sig = "(other, context=None)")]
    fn shift(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, Number::shift)
    }
    /// Compare two operands using their abstract representation.
    ///
    ///     >>> Decimal('5.00').compare_total(Decimal('5.0'))
    ///     Decimal('-1')
    #[pymethod(sig = "(other, context=None)")]
    fn compare_total(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, _, _| Number::compare_total(a, b))
    }
    /// As compare_total(), but ignores the sign of each operand.
    #[pymethod(sig = "(other, context=None)")]
    fn compare_total_mag(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, _, _| Number::compare_total_mag(a, b))
    }
    /// Return a copy of self with the sign of other.
    ///
    ///     >>> Decimal('8').copy_sign(Decimal('-0'))
    ///     Decimal('-8')
    #[pymethod(sig = "(other, context=None)")]
    fn copy_sign(&self, other: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        binary(&self.number, other, context, |a, b, _, _| a.with_sign_of(b))
    }
    /// Return True if self has the same exponent as other.
    #[pymethod(sig = "(other, context=None)")]
    fn same_quantum(&self, other: &Obj, context: Option<&Obj>) -> PyResult<bool> {
        current::given(context)?;
        Ok(Number::same_quantum(&self.number, &*required(other)?))
    }
    /// Fused multiply-add.  Return self*other+third with no rounding of the
    /// intermediate product.
    ///
    ///     >>> Decimal('1.5').fma(3, -2)
    ///     Decimal('2.5')
    #[pymethod(sig = "(other, third, context=None)")]
    fn fma(&self, other: &Obj, third: &Obj, context: Option<&Obj>) -> PyResult<Obj> {
        let context = current::known_given(context)?;
        let (other, third) = (required(other)?, required(third)?);
        let mut status = 0;
        let result = Number::fused(&self.number, &other, &third, &context.settings, &mut status);
        context.report(status)?;
        Ok(decimal::make(result))
    }
    /// Return a value equal to the first operand after rounding and having the
    /// exponent of the second operand.
    ///
    ///     >>> Decimal('2.71828').quantize(Decimal('0.01'))
    ///     Decimal('2.72')
    #[pymethod(sig = "(exp, rounding=None, context=None)")]
    fn quantize(&self, exp: &Obj, rounding: Option<&Obj>, context: Option<&Obj>) -> PyResult<Obj> {
        let context = current::known_given(context)?;
        let settings = with_rounding(context.settings, rounding)?;
        let exp = required(exp)?;
        let mut status = 0;
        let result = Number::quantize(&self.number, &exp, &settings, &mut status);
        context.report(status)?;
        Ok(decimal::make(result))
    }
    /// Round to the nearest integer without signaling either Inexact or Rounded.
    #[pymethod(sig = "(rounding=None, context=None)")]
    fn to_integral_value(&self, rounding: Option<&Obj>, context: Option<&Obj>) -> PyResult<Obj> {
        to_integral(&self.number, rounding, context, false)
    }
    /// Identical to the to_integral_value() method.
    #[pymethod(sig = "(rounding=None, context=None)")]
    fn to_integral(&self, rounding: Option<&Obj>, context: Option<&Obj>) -> PyResult<Obj> {
        to_integral(&self.number, rounding, context, false)
    }
    /// Round to the nearest integer, signaling if rounding occurs.
    #[pymethod(sig = "(rounding=None, context=None)")]
    fn to_integral_exact(&self, rounding: Option<&Obj>, context: Option<&Obj>) -> PyResult<Obj> {
        to_integral(&self.number, rounding, context, true)
    }
    /// Convert to an engineering-type string.
    #[pymethod(sig = "(context=None)")]
    fn to_eng_string(&self, context: Option<&Obj>) -> PyResult<String> {
        Ok(self.number.to_text(true, current::given(context)?.has_capitals()))
    }
    /// Return a string describing the class of the operand.
    #[pymethod(sig = "(context=None)")]
    fn number_class(&self, context: Option<&Obj>) -> PyResult<&'static str> {
        Ok(self.number.class_name(&current::given(context)?.settings()))
    }
    /// Return True if the argument is a normal finite non-zero number.
    #[pymethod(sig = "(context=None)")]
    fn is_normal(&self, context: Option<&Obj>) -> PyResult<bool> {
        Ok(self.number.is_normal(&current::given(context)?.settings()))
    }
    /// Return True if the argument is subnormal, and False otherwise.
    #[pymethod(sig = "(context=None)")]
    fn is_subnormal(&self, context: Option<&Obj>) -> PyResult<bool> {
        Ok(self.number.is_subnormal(&current::given(context)?.settings()))
    }
    #[pymethod(sig = "(ndigits=<unrepresentable>, /)", text = "")]
    fn __round__(&self, ndigits: Option<&Obj>) -> PyResult<Obj> {
        let Some(ndigits) = ndigits.filter(|n| !is_none(n)) else {
            return super::operators::to_int(&self.number, Rounding::HalfEven);
        };
        let Some(places) = taipan_objects::int::int_ref(ndigits) else {
            return Err(type_error("optional arg must be an integer"));
        };
        let places =
            places.to_i64().ok_or_else(|| overflow_error("Python int too large to convert to C ssize_t"))?;
        let context = current::known()?;
        let mut status = 0;
        let unit = Number::word(false, 1, places.saturating_neg());
        let result = Number::quantize(&self.number, &unit, &context.settings, &mut status);
        context.report(status)?;
        Ok(decimal::make(result))
    }
}
