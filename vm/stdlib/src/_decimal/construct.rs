//! Making decimals from other objects: exactly, or rounded by a context.

use std::ops::Deref;

use taipan_objects::float::float_value;
use taipan_objects::int::{IntRef, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_text::unicode_data;

use super::context::PyContext;
use super::current;
use super::decimal::{self, PyDecimal};
use super::number::{Kind, Number, Settings, signal, text, words};
use crate::native_class::class_argument;

/// An operand: a decimal's number, or one made from an int.
pub enum Operand<'a> {
    Lent(&'a Number),
    Made(Number),
}

impl Deref for Operand<'_> {
    type Target = Number;
    #[inline]
    fn deref(&self) -> &Number {
        match self {
            Operand::Lent(number) => number,
            Operand::Made(number) => number,
        }
    }
}

pub fn of_int(value: IntRef<'_>) -> Number {
    match value {
        IntRef::Small(value) => Number::of_i64(value),
        IntRef::Big(value) => Number::of_bigint(value),
    }
}

/// The number of a decimal or an int.
#[inline]
pub fn operand(obj: &Obj) -> Option<Operand<'_>> {
    if let Some(decimal) = obj.downcast::<PyDecimal>() {
        return Some(Operand::Lent(&decimal.number));
    }
    int_ref(obj).map(|value| Operand::Made(of_int(value)))
}

#[cold]
fn not_convertible(obj: &Obj) -> Raised {
    type_error(format!("conversion from {} to Decimal is not supported", class_of(obj).name()))
}

/// The number of a decimal or an int; anything else is refused.
pub fn required(obj: &Obj) -> PyResult<Operand<'_>> {
    operand(obj).ok_or_else(|| not_convertible(obj))
}

/// A str in ASCII, with decimal digits of all scripts replaced; `lenient`: blanks around it and underscores are dropped.
/// An impossible character makes the result empty.
fn ascii(text: &PyStr, lenient: bool) -> Vec<u8> {
    let units = text.units();
    let mut codes: &mut dyn Iterator<Item = u32> = &mut (0..units.len()).map(|i| units.at(i));
    let mut trimmed;
    let (start, end) = match lenient {
        true => {
            let blank = |i: &usize| unicode_data::is_space(units.at(*i));
            let start = (0..units.len()).take_while(blank).count();
            let end = (start..units.len()).rev().find(|i| !blank(i)).map_or(start, |i| i + 1);
            (start, end)
        }
        false => (0, units.len()),
    };
    if end - start != units.len() {
        trimmed = (start..end).map(|i| units.at(i));
        codes = &mut trimmed;
    }
    let mut result = Vec::with_capacity(units.len());
    for code in codes {
        match code {
            0x5f if lenient => {}
            0..0x80 => result.push(code as u8),
            _ => match unicode_data::decimal(code) {
                Some(digit) => result.push(b'0' + digit as u8),
                None => return Vec::new(),
            },
        }
    }
    result
}

/// Checks that a number is representable with the greatest precision and exponents.
fn exactly(number: Number, status: &mut u32) -> Number {
    let mut own = 0;
    let result = number.finish(&Settings::MAX, &mut own);
    if own & (signal::INEXACT | signal::ROUNDED | signal::CLAMPED | signal::INVALID) != 0 {
        return Number::invalid(status, signal::INVALID_OPERATION);
    }
    result
}

/// Rounds to a context.
fn rounded(number: Number, cx: &Settings, status: &mut u32) -> Number {
    if number.is_nan() && words::digits(&number.coefficient) as i64 > cx.prec - cx.clamp as i64 {
        return Number::invalid(status, signal::CONVERSION_SYNTAX);
    }
    number.finish(cx, status)
}

fn of_text(text: &[u8], status: &mut u32) -> Number {
    text::parse(text).unwrap_or_else(|| Number::invalid(status, signal::CONVERSION_SYNTAX))
}

/// From `(sign, digits, exponent)`.
fn of_triple(value: &Obj) -> PyResult<Number> {
    let shape = || value_error("argument must be a sequence of length 3");
    let items = collect(value)?;
    let [sign, digits, exponent] = items.as_slice() else { return Err(shape()) };
    let (kind, exponent) = match exponent.downcast::<PyStr>() {
        Some(text) if text.eq_str("F") => (Kind::Infinite, 0),
        Some(text) if text.eq_str("n") => (Kind::Quiet, 0),
        Some(text) if text.eq_str("N") => (Kind::Signaling, 0),
        Some(_) => {
            return Err(value_error("string argument in the third position must be 'F', 'n' or 'N'"));
        }
        None => match int_ref(exponent) {
            Some(exponent) => match exponent.to_i64() {
                Some(exponent) => (Kind::Finite, exponent.clamp(-text::EXPONENT_LIMIT, text::EXPONENT_LIMIT)),
                None => return Err(overflow_error("Python int too large to convert to C ssize_t")),
            },
            None => return Err(value_error("exponent must be an integer")),
        },
    };
    let sign = int_ref(sign).and_then(IntRef::to_i64);
    let Some(sign @ (0 | 1)) = sign else {
        return Err(value_error("sign must be an integer with the value 0 or 1"));
    };
    let bad = || value_error("coefficient must be a tuple of digits");
    let mut text = Vec::new();
    if kind != Kind::Infinite {
        if !digits.is_layout::<PyTuple>() && !is_instance_of(digits, &types().list) {
            return Err(bad());
        }
        for digit in collect(digits)? {
            match int_ref(&digit).and_then(IntRef::to_i64) {
                Some(digit @ 0..=9) => text.push(b'0' + digit as u8),
                _ => return Err(bad()),
            }
        }
    }
    Ok(Number { negative: sign == 1, kind, exponent, coefficient: words::parse(&text) })
}

fn is_sequence_argument(value: &Obj) -> bool {
    is_instance_of(value, &types().list) || is_instance_of(value, &types().tuple)
}

/// Whether a float is welcome: signals otherwise.
pub fn accept_float(context: &PyContext) -> PyResult<()> {
    context.report(signal::FLOAT_OPERATION)
}

/// `as_integer_ratio` of a float or a subclass's instance; infinities and NaNs are as they are.
pub fn of_float(value: f64) -> Number {
    Number::of_f64(value)
}

/// The exact value of an object.
pub fn exact(class: &PyType, value: &Obj, context: &PyContext) -> PyResult<Obj> {
    let mut status = 0;
    let number = if let Some(decimal) = value.downcast::<PyDecimal>() {
        if class.is(decimal::class()) && class_of(value).is(decimal::class()) {
            return Ok(value.clone());
        }
        decimal.number.clone()
    } else if let Some(text) = value.downcast::<PyStr>() {
        let number = of_text(&ascii(text, true), &mut status);
        exactly(number, &mut status)
    } else if let Some(int) = int_ref(value) {
        of_int(int)
    } else if is_sequence_argument(value) {
        exactly(of_triple(value)?, &mut status)
    } else if let Some(float) = float_value(value) {
        accept_float(context)?;
        of_float(float)
    } else {
        return Err(not_convertible(value));
    };
    context.report(status)?;
    Ok(decimal::of_class(class, number))
}

/// The value of an object, rounded by a context.
pub fn in_context(value: &Obj, context: &PyContext) -> PyResult<Obj> {
    let cx = context.settings();
    let mut status = 0;
    let number = if let Some(decimal) = value.downcast::<PyDecimal>() {
        let number = &decimal.number;
        let room = cx.prec - cx.clamp as i64;
        match number.is_nan() && words::digits(&number.coefficient) as i64 > room {
            true => Number::invalid(&mut status, signal::CONVERSION_SYNTAX),
            false => number.clone().finish(&cx, &mut status),
        }
    } else if let Some(text) = value.downcast::<PyStr>() {
        let number = of_text(&ascii(text, false), &mut status);
        rounded(number, &cx, &mut status)
    } else if let Some(int) = int_ref(value) {
        of_int(int).finish(&cx, &mut status)
    } else if is_sequence_argument(value) {
        rounded(of_triple(value)?, &cx, &mut status)
    } else if let Some(float) = float_value(value) {
        accept_float(context)?;
        of_float(float).finish(&cx, &mut status)
    } else {
        return Err(not_convertible(value));
    };
    context.report(status)?;
    Ok(decimal::make(number))
}

pub fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    // The usual call, without asking for the context.
    if let ([value], false) = (args.positional, args.has_keywords())
        && class.is(decimal::class().as_obj())
    {
        if let Some(int) = int_ref(value) {
            return Ok(decimal::make(of_int(int)));
        }
        if value.is_layout::<PyDecimal>() && class_of(value).is(decimal::class()) {
            return Ok(value.clone());
        }
    }
    construct(class, args)
}

#[pyargs(name = "Decimal", sig = "(value=<unrepresentable>, context=None)")]
fn construct(class: &Obj, value: Option<&Obj>, context: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyDecimal>(class)?;
    let context = current::given(context)?;
    match value {
        Some(value) => exact(class, value, &context),
        None => Ok(decimal::of_class(class, Number::zero(false, 0))),
    }
}
