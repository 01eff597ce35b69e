//! `complex`.

pub mod methods;
pub mod new;

use taipan_gc::{Header, Obj, Py};
use taipan_text::{complex_text, hash};

use crate::construct::{bool_obj, not_implemented};
use crate::error::*;
use crate::float::float_value;
use crate::int::int_ref;
use crate::layout;
use crate::native::NativeMethods;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::type_object::{CompareOp, PyType, TypeSlots, new_instance, ready};
use crate::types::{Types, types};

/// A `complex` object.
#[repr(C)]
pub struct PyComplex {
    header: Header,
    pub real: f64,
    pub imag: f64,
}
layout!(PyComplex, "complex");

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    pub re: f64,
    pub im: f64,
}

/// A complex number object.
pub fn complex_obj(re: f64, im: f64) -> Obj {
    PyComplex::new(Complex { re, im }).into_obj()
}

/// [`complex_obj`].
pub fn from_parts(real: f64, imag: f64) -> Obj {
    complex_obj(real, imag)
}

impl PyComplex {
    pub fn new(value: Complex) -> Py<PyComplex> {
        Py::new(PyComplex {
            header: Header::new(types().complex.root_shape()),
            real: value.re,
            imag: value.im,
        })
    }
    pub fn new_of(class: &PyType, value: Complex) -> Py<PyComplex> {
        new_instance(class, |header| PyComplex { header, real: value.re, imag: value.im })
    }
    pub fn get(&self) -> Complex {
        Complex { re: self.real, im: self.imag }
    }
}

/// An operand: complex, or real (which mixed arithmetic treats apart).
#[derive(Clone, Copy)]
enum Operand {
    Real(f64),
    Complex(Complex),
}

impl Operand {
    fn complex(self) -> Complex {
        match self {
            Operand::Real(re) => Complex { re, im: 0.0 },
            Operand::Complex(c) => c,
        }
    }
}

fn operand(obj: &Obj) -> PyResult<Option<Operand>> {
    if let Some(c) = obj.downcast::<PyComplex>() {
        return Ok(Some(Operand::Complex(c.get())));
    }
    if let Some(f) = float_value(obj) {
        return Ok(Some(Operand::Real(f)));
    }
    match int_ref(obj) {
        Some(i) => Ok(Some(Operand::Real(i.to_f64()?))),
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

fn obj(re: f64, im: f64) -> PyResult<Obj> {
    Ok(complex_obj(re, im))
}

/// `a + b`
pub fn add(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match operands!(a, b) {
        (Operand::Complex(a), Operand::Complex(b)) => obj(a.re + b.re, a.im + b.im),
        (Operand::Complex(a), Operand::Real(b)) => obj(a.re + b, a.im),
        (Operand::Real(a), Operand::Complex(b)) => obj(a + b.re, b.im),
        (Operand::Real(_), Operand::Real(_)) => Ok(not_implemented()),
    }
}

/// `a - b`
pub fn sub(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match operands!(a, b) {
        (Operand::Complex(a), Operand::Complex(b)) => obj(a.re - b.re, a.im - b.im),
        (Operand::Complex(a), Operand::Real(b)) => obj(a.re - b, a.im),
        (Operand::Real(a), Operand::Complex(b)) => obj(a - b.re, -b.im),
        (Operand::Real(_), Operand::Real(_)) => Ok(not_implemented()),
    }
}

/// The product as C99 (annex G) defines it: infinities are not lost in NaNs.
fn product(z: Complex, w: Complex) -> Complex {
    let (mut a, mut b, mut c, mut d) = (z.re, z.im, w.re, w.im);
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let mut result = Complex { re: ac - bd, im: ad + bc };
    if !(result.re.is_nan() && result.im.is_nan()) {
        return result;
    }
    let boxed = |x: f64| (if x.is_infinite() { 1.0f64 } else { 0.0 }).copysign(x);
    let zeroed = |x: f64| if x.is_nan() { 0.0f64.copysign(x) } else { x };
    let mut recalculate = false;
    if a.is_infinite() || b.is_infinite() {
        (a, b) = (boxed(a), boxed(b));
        (c, d) = (zeroed(c), zeroed(d));
        recalculate = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (c, d) = (boxed(c), boxed(d));
        (a, b) = (zeroed(a), zeroed(b));
        recalculate = true;
    }
    if !recalculate && (ac.is_infinite() || bd.is_infinite() || ad.is_infinite() || bc.is_infinite()) {
        (a, b, c, d) = (zeroed(a), zeroed(b), zeroed(c), zeroed(d));
        recalculate = true;
    }
    if recalculate {
        result = Complex { re: f64::INFINITY * (a * c - b * d), im: f64::INFINITY * (a * d + b * c) };
    }
    result
}

/// `a * b`
pub fn mul(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match operands!(a, b) {
        (Operand::Complex(a), Operand::Complex(b)) => {
            let c = product(a, b);
            obj(c.re, c.im)
        }
        (Operand::Complex(a), Operand::Real(b)) | (Operand::Real(b), Operand::Complex(a)) => {
            obj(a.re * b, a.im * b)
        }
        (Operand::Real(_), Operand::Real(_)) => Ok(not_implemented()),
    }
}

/// The quotient; `None` for division by zero. Smith's method, with the infinities of C99's annex G.
fn quotient(a: Complex, b: Complex) -> Option<Complex> {
    let (abs_re, abs_im) = (b.re.abs(), b.im.abs());
    let mut result = if abs_re >= abs_im {
        if abs_re == 0.0 {
            return None;
        }
        let ratio = b.im / b.re;
        let denominator = b.re + b.im * ratio;
        Complex { re: (a.re + a.im * ratio) / denominator, im: (a.im - a.re * ratio) / denominator }
    } else if abs_im >= abs_re {
        let ratio = b.re / b.im;
        let denominator = b.re * ratio + b.im;
        Complex { re: (a.re * ratio + a.im) / denominator, im: (a.im * ratio - a.re) / denominator }
    } else {
        Complex { re: f64::NAN, im: f64::NAN }
    };
    if result.re.is_nan() && result.im.is_nan() {
        let boxed = |x: f64| (if x.is_infinite() { 1.0f64 } else { 0.0 }).copysign(x);
        if (a.re.is_infinite() || a.im.is_infinite()) && b.re.is_finite() && b.im.is_finite() {
            let (x, y) = (boxed(a.re), boxed(a.im));
            result.re = f64::INFINITY * (x * b.re + y * b.im);
            result.im = f64::INFINITY * (y * b.re - x * b.im);
        } else if (abs_re.is_infinite() || abs_im.is_infinite()) && a.re.is_finite() && a.im.is_finite() {
            let (x, y) = (boxed(b.re), boxed(b.im));
            result.re = 0.0 * (a.re * x + a.im * y);
            result.im = 0.0 * (a.im * x - a.re * y);
        }
    }
    Some(result)
}

/// The quotient of a real number, whose missing imaginary part is no zero to be multiplied.
fn real_quotient(a: f64, b: Complex) -> Option<Complex> {
    let (abs_re, abs_im) = (b.re.abs(), b.im.abs());
    let mut result = if abs_re >= abs_im {
        if abs_re == 0.0 {
            return None;
        }
        let ratio = b.im / b.re;
        let denominator = b.re + b.im * ratio;
        Complex { re: a / denominator, im: -a * ratio / denominator }
    } else if abs_im >= abs_re {
        let ratio = b.re / b.im;
        let denominator = b.re * ratio + b.im;
        Complex { re: a * ratio / denominator, im: -a / denominator }
    } else {
        Complex { re: f64::NAN, im: f64::NAN }
    };
    let infinite = abs_re.is_infinite() || abs_im.is_infinite();
    if result.re.is_nan() && result.im.is_nan() && a.is_finite() && infinite {
        let boxed = |x: f64| (if x.is_infinite() { 1.0f64 } else { 0.0 }).copysign(x);
        result.re = 0.0 * (a * boxed(b.re));
        result.im = 0.0 * (-a * boxed(b.im));
    }
    Some(result)
}

/// `a / b`
pub fn true_div(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let zero = || zero_division_error("division by zero");
    match operands!(a, b) {
        (Operand::Complex(a), Operand::Real(b)) => {
            if b == 0.0 {
                return Err(zero());
            }
            obj(a.re / b, a.im / b)
        }
        (a, Operand::Complex(b)) => {
            let c = match a {
                Operand::Real(a) => real_quotient(a, b),
                Operand::Complex(a) => quotient(a, b),
            };
            let c = c.ok_or_else(zero)?;
            obj(c.re, c.im)
        }
        (Operand::Real(_), Operand::Real(_)) => Ok(not_implemented()),
    }
}

/// As CPython multiplies: from one on, so that what is not finite stays so in both parts.
fn multiply_up(base: Complex, exponent: u32) -> Complex {
    let (mut result, mut square, mut mask) = (Complex { re: 1.0, im: 0.0 }, base, 1u32);
    while mask > 0 && exponent >= mask {
        if exponent & mask != 0 {
            result = product(result, square);
        }
        mask <<= 1;
        square = product(square, square);
    }
    result
}

/// `a ** b`, at least one of them complex, or both real with a complex result.
pub fn power(a: &Obj, b: &Obj, modulus: &Obj) -> PyResult<Obj> {
    let (a, b) = operands!(a, b);
    if !is_none(modulus) {
        return Err(value_error("complex modulo"));
    }
    let (a, b) = (a.complex(), b.complex());
    let result = if b.im == 0.0 && b.re == b.re.floor() && b.re.abs() <= 100.0 {
        let n = b.re as i32;
        if n >= 0 {
            multiply_up(a, n as u32)
        } else {
            let up = multiply_up(a, n.unsigned_abs());
            quotient(Complex { re: 1.0, im: 0.0 }, up)
                .ok_or_else(|| zero_division_error("zero to a negative or complex power"))?
        }
    } else {
        general_power(a, b)?
    };
    if result.re.is_infinite() || result.im.is_infinite() {
        return Err(overflow_error("complex exponentiation"));
    }
    obj(result.re, result.im)
}

fn general_power(a: Complex, b: Complex) -> PyResult<Complex> {
    if b.re == 0.0 && b.im == 0.0 {
        return Ok(Complex { re: 1.0, im: 0.0 });
    }
    if a.re == 0.0 && a.im == 0.0 {
        if b.im != 0.0 || b.re < 0.0 {
            return Err(zero_division_error("zero to a negative or complex power"));
        }
        return Ok(Complex { re: 0.0, im: 0.0 });
    }
    let size = a.re.hypot(a.im);
    let mut length = size.powf(b.re);
    let angle = a.im.atan2(a.re);
    let mut phase = angle * b.re;
    if b.im != 0.0 {
        length *= (-angle * b.im).exp();
        phase += b.im * size.ln();
    }
    // C's sine of an infinity is a domain error.
    if phase.is_infinite() {
        return Err(zero_division_error("zero to a negative or complex power"));
    }
    Ok(Complex { re: length * phase.cos(), im: length * phase.sin() })
}

fn value_of(obj: &Obj) -> Complex {
    obj.downcast::<PyComplex>().map_or(Complex { re: 0.0, im: 0.0 }, PyComplex::get)
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let Some(z) = a.downcast::<PyComplex>() else { return Ok(not_implemented()) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let equal = if let Some(w) = b.downcast::<PyComplex>() {
        z.get() == w.get()
    } else if float_value(b).is_some() || int_ref(b).is_some() {
        z.imag == 0.0
            && crate::singletons::is_true(&crate::float::compare(&Obj::float(z.real), b, CompareOp::Eq)?)
    } else {
        return Ok(not_implemented());
    };
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let value = value_of(obj);
    Ok(PyStr::from_string(complex_text::repr(value.re, value.im)).into_obj())
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let value = value_of(obj);
    Ok(hash::combine_complex(crate::float::hash_of(value.re, obj), crate::float::hash_of(value.im, obj)))
}

fn is_true(obj: &Obj) -> PyResult<bool> {
    let value = value_of(obj);
    Ok(value.re != 0.0 || value.im != 0.0)
}

fn negate(a: &Obj) -> PyResult<Obj> {
    let value = value_of(a);
    obj(-value.re, -value.im)
}

fn plain(a: &Obj) -> PyResult<Obj> {
    if crate::type_object::class_of(a).is(&types().complex) {
        return Ok(a.clone());
    }
    let value = value_of(a);
    obj(value.re, value.im)
}

fn absolute(a: &Obj) -> PyResult<Obj> {
    let value = value_of(a);
    let size = value.re.hypot(value.im);
    if size.is_infinite() && value.re.is_finite() && value.im.is_finite() {
        return Err(overflow_error("absolute value too large"));
    }
    Ok(Obj::float(size))
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(new::new),
    bool_: Some(is_true),
    neg: Some(negate),
    pos: Some(plain),
    abs: Some(absolute),
    add: Some(add),
    sub: Some(sub),
    mul: Some(mul),
    truediv: Some(true_div),
    pow: Some(power),
    ..TypeSlots::EMPTY
};

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.complex.slots.set_all(&SLOTS);
    ready::add_methods(&types.complex, PyComplex::methods());
    ready::add_getset(&types.complex, PyComplex::getset());
    ready::set_doc(
        &types.complex,
        "Create a complex number from a string or numbers.\n\nIf a string is given, parse it as a complex number.\nIf a single number is given, convert it to a complex number.\nIf the 'real' or 'imag' arguments are given, create a complex number\nwith the specified real and imaginary components.",
    );
}
