//! `int`: the layouts behind it, conversions from and to Rust. Parts: arithmetic, constructor, methods, formatting.
//!
//! An int is an immediate (48 bits), a heap [`PyInt`] beyond that, an instance of a subclass (a `PyInt` of any magnitude), or a bool.
//! Invariant: [`IntRef::Big`] and [`IntValue::Big`] never hold what fits an `i64`.

pub mod arithmetic;
mod division;
pub mod methods;
pub mod new;
pub mod slots;

use std::borrow::Cow;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use taipan_gc::{Header, Obj, Py};
use taipan_text::int_text::{self, ParsedInt};
use taipan_text::{hash, math};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::error::*;
use crate::layout;
use crate::singletons::PyBool;
use crate::type_object::{PyType, new_instance};
use crate::types::types;

pub use arithmetic::*;
pub(crate) use slots::fill;

/// The number in a heap integer.
#[derive(Clone, Debug)]
pub enum IntValue {
    Small(i64),
    Big(BigInt),
}

/// A heap `int`: one beyond 48 bits, or an instance of a subclass.
#[repr(C)]
pub struct PyInt {
    header: Header,
    value: IntValue,
}
layout!(PyInt, "int");

/// The number that an int object stands for.
#[derive(Clone, Copy, Debug)]
pub enum IntRef<'a> {
    Small(i64),
    Big(&'a BigInt),
}

/// The number of an int (or bool, or subclass instance); `None` for anything else.
#[inline]
pub fn int_ref(obj: &Obj) -> Option<IntRef<'_>> {
    let value = obj.value();
    if value.is_int() {
        return Some(IntRef::Small(value.as_int()));
    }
    if !value.is_ptr() {
        return None;
    }
    int_ref_slow(obj)
}

fn int_ref_slow(obj: &Obj) -> Option<IntRef<'_>> {
    if let Some(int) = obj.downcast::<PyInt>() {
        return Some(int.get());
    }
    obj.downcast::<PyBool>().map(|b| IntRef::Small(b.value as i64))
}

impl PyInt {
    /// The number.
    #[inline]
    pub fn get(&self) -> IntRef<'_> {
        match &self.value {
            IntValue::Small(i) => IntRef::Small(*i),
            IntValue::Big(b) => IntRef::Big(b),
        }
    }
    /// An instance of `class`, a subclass of `int`, or just an int.
    pub fn new_of(class: &PyType, value: IntRef<'_>) -> Obj {
        if class.is(&types().int) {
            return value.to_obj();
        }
        let value = value.to_value();
        new_instance(class, |header| PyInt { header, value }).into_obj()
    }
}

impl<'a> IntRef<'a> {
    /// `hash(i)`.
    #[inline]
    pub fn python_hash(self) -> i64 {
        match self {
            IntRef::Small(i) => hash::hash_i64(i),
            IntRef::Big(b) => hash::hash_bigint(b),
        }
    }
    #[inline]
    pub fn is_negative(self) -> bool {
        match self {
            IntRef::Small(i) => i < 0,
            IntRef::Big(b) => b.is_negative(),
        }
    }
    #[inline]
    pub fn is_zero(self) -> bool {
        matches!(self, IntRef::Small(0))
    }
    /// As a machine word, if it fits.
    #[inline]
    pub fn to_i64(self) -> Option<i64> {
        match self {
            IntRef::Small(i) => Some(i),
            IntRef::Big(_) => None,
        }
    }
    /// As an unsigned machine word, if it fits.
    pub fn to_u64(self) -> Option<u64> {
        match self {
            IntRef::Small(i) => u64::try_from(i).ok(),
            IntRef::Big(b) => b.to_u64(),
        }
    }
    /// The low 64 bits of the two's complement.
    pub fn wrapping_u64(self) -> u64 {
        match self {
            IntRef::Small(i) => i as u64,
            IntRef::Big(b) => {
                let low = b.magnitude().iter_u64_digits().next().unwrap_or(0);
                if b.is_negative() { low.wrapping_neg() } else { low }
            }
        }
    }
    pub fn to_bigint(self) -> Cow<'a, BigInt> {
        match self {
            IntRef::Small(i) => Cow::Owned(BigInt::from(i)),
            IntRef::Big(b) => Cow::Borrowed(b),
        }
    }
    /// The nearest float; raises `OverflowError` beyond the range.
    pub fn to_f64(self) -> PyResult<f64> {
        match self {
            IntRef::Small(i) => Ok(i as f64),
            IntRef::Big(b) => Ok(math::int_to_float(b)?),
        }
    }
    /// Number of bits of the absolute value.
    pub fn bits(self) -> u64 {
        match self {
            IntRef::Small(i) => 64 - i.unsigned_abs().leading_zeros() as u64,
            IntRef::Big(b) => b.bits(),
        }
    }
    pub fn to_value(self) -> IntValue {
        match self {
            IntRef::Small(i) => IntValue::Small(i),
            IntRef::Big(b) => IntValue::Big(b.clone()),
        }
    }
    /// A new plain int.
    pub fn to_obj(self) -> Obj {
        match self {
            IntRef::Small(i) => from_i64(i),
            IntRef::Big(b) => from_bigint(b.clone()),
        }
    }
    /// As the text algorithms take it.
    pub fn text(self) -> int_text::IntRef<'a> {
        match self {
            IntRef::Small(i) => int_text::IntRef::Small(i),
            IntRef::Big(b) => int_text::IntRef::Big(b),
        }
    }
    pub fn compare(self, other: IntRef<'_>) -> std::cmp::Ordering {
        match (self, other) {
            (IntRef::Small(a), IntRef::Small(b)) => a.cmp(&b),
            (IntRef::Big(a), IntRef::Big(b)) => a.cmp(b),
            (IntRef::Big(a), IntRef::Small(_)) => a.sign().cmp(&num_bigint::Sign::NoSign),
            (IntRef::Small(_), IntRef::Big(b)) => num_bigint::Sign::NoSign.cmp(&b.sign()),
        }
    }
}

/// An int.
#[inline]
pub fn from_i64(i: i64) -> Obj {
    match Obj::small_int(i) {
        Some(obj) => obj,
        None => from_value(IntValue::Small(i)),
    }
}

#[cold]
fn from_value(value: IntValue) -> Obj {
    Py::new(PyInt { header: Header::new(types().int.root_shape()), value }).into_obj()
}

/// An int.
pub fn from_u64(u: u64) -> Obj {
    match i64::try_from(u) {
        Ok(i) => from_i64(i),
        Err(_) => from_value(IntValue::Big(BigInt::from(u))),
    }
}

/// An int.
pub fn from_usize(u: usize) -> Obj {
    from_u64(u as u64)
}

/// An int.
pub fn from_i128(i: i128) -> Obj {
    match i64::try_from(i) {
        Ok(i) => from_i64(i),
        Err(_) => from_value(IntValue::Big(BigInt::from(i))),
    }
}

/// An int, immediate if it fits.
pub fn from_bigint(value: BigInt) -> Obj {
    match value.to_i64() {
        Some(i) => from_i64(i),
        None => from_value(IntValue::Big(value)),
    }
}

/// An int that was parsed.
pub fn from_parsed(value: ParsedInt) -> Obj {
    match value {
        ParsedInt::Small(i) => from_i64(i),
        ParsedInt::Big(b) => from_bigint(b),
    }
}

/// The integer part of a float; raises for infinities and NaN.
pub fn from_f64(f: f64) -> PyResult<Obj> {
    // Both bounds are exact floats.
    if (-9.2e18..9.2e18).contains(&f) {
        return Ok(from_i64(f as i64));
    }
    Ok(from_bigint(math::float_to_int(f)?))
}

/// An int from hexadecimal digits, with a sign perhaps; 0 if they are none.
pub fn from_hex(digits: &str) -> Obj {
    from_bigint(BigInt::parse_bytes(digits.as_bytes(), 16).unwrap_or_default())
}

static MAX_STR_DIGITS: AtomicUsize = AtomicUsize::new(int_text::DEFAULT_MAX_STR_DIGITS);

/// The limit on decimal digits in conversions from and to text; 0: none.
pub fn max_str_digits() -> usize {
    MAX_STR_DIGITS.load(Ordering::Relaxed)
}

/// `sys.set_int_max_str_digits`.
pub fn set_int_max_str_digits(limit: usize) -> PyResult<()> {
    if limit != 0 && limit < int_text::MAX_STR_DIGITS_THRESHOLD {
        return Err(value_error(format!(
            "maxdigits must be >= {} or 0 for unlimited",
            int_text::MAX_STR_DIGITS_THRESHOLD
        )));
    }
    MAX_STR_DIGITS.store(limit, Ordering::Relaxed);
    Ok(())
}

/// The decimal text of an int.
pub fn to_decimal(value: IntRef<'_>) -> PyResult<String> {
    Ok(int_text::to_decimal(value.text(), max_str_digits())?)
}
