//! Conversion of arguments to Rust values, with CPython's error texts.

use std::borrow::Cow;

use taipan_gc::{Obj, Object, Py};

use super::{Place, bridge};
use crate::error::{PyResult, Raised, overflow_error, type_error, value_error};

/// A Rust type that an argument can be converted to.
pub trait FromArg<'a>: Sized {
    /// Converts, or raises.
    fn from_arg(obj: &'a Obj) -> PyResult<Self>;
    /// Converts an argument whose place is known; only conversions that name it in their error differ from [`FromArg::from_arg`].
    #[inline(always)]
    fn from_arg_at(obj: &'a Obj, place: Place) -> PyResult<Self> {
        let _ = place;
        Self::from_arg(obj)
    }
}

impl<'a> FromArg<'a> for &'a Obj {
    #[inline(always)]
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        Ok(obj)
    }
}

impl<'a> FromArg<'a> for Obj {
    #[inline(always)]
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        Ok(obj.clone())
    }
}

impl<'a> FromArg<'a> for bool {
    #[inline]
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        bridge::truth(obj)
    }
}

impl<'a> FromArg<'a> for f64 {
    #[inline]
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        let value = obj.value();
        if value.is_float() { Ok(value.as_float()) } else { bridge::to_f64(obj) }
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    #[inline]
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        if bridge::is_none(obj) { Ok(None) } else { T::from_arg(obj).map(Some) }
    }
    #[inline]
    fn from_arg_at(obj: &'a Obj, place: Place) -> PyResult<Self> {
        if bridge::is_none(obj) { Ok(None) } else { T::from_arg_at(obj, place).map(Some) }
    }
}

impl<'a, T: Object> FromArg<'a> for Py<T> {
    #[inline]
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        obj.to_py().ok_or_else(|| refuse(T::ops().name, obj))
    }
    #[inline]
    fn from_arg_at(obj: &'a Obj, place: Place) -> PyResult<Self> {
        obj.to_py().ok_or_else(|| place.refuse(T::ops().name, obj))
    }
}

/// A `&T` argument for a layout `T`.
#[inline]
pub fn layout_argument<T: Object>(obj: &Obj, place: Place) -> PyResult<&T> {
    obj.downcast().ok_or_else(|| place.refuse(T::ops().name, obj))
}

/// A `&str` argument. Lone surrogates raise `UnicodeEncodeError`.
#[inline]
pub fn text_argument(obj: &Obj, place: Place) -> PyResult<Cow<'_, str>> {
    if bridge::is_str(obj) { bridge::utf8(obj) } else { Err(place.refuse("str", obj)) }
}

/// As [`text_argument`] for a parameter for which also `None` may be given, which `obj` is not.
#[inline]
pub fn text_or_none_argument(obj: &Obj, place: Place) -> PyResult<Cow<'_, str>> {
    if bridge::is_str(obj) { bridge::utf8(obj) } else { Err(place.refuse("str or None", obj)) }
}

impl<'a> FromArg<'a> for Cow<'a, str> {
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        if bridge::is_str(obj) { bridge::utf8(obj) } else { Err(refuse("str", obj)) }
    }
    fn from_arg_at(obj: &'a Obj, place: Place) -> PyResult<Self> {
        text_argument(obj, place)
    }
}

impl<'a> FromArg<'a> for String {
    fn from_arg(obj: &'a Obj) -> PyResult<Self> {
        Cow::from_arg(obj).map(Cow::into_owned)
    }
    fn from_arg_at(obj: &'a Obj, place: Place) -> PyResult<Self> {
        text_argument(obj, place).map(Cow::into_owned)
    }
}

#[cold]
fn refuse(expected: &str, given: &Obj) -> Raised {
    type_error(format!("must be {expected}, not {}", bridge::type_name(given)))
}

/// An integer argument's value: within `i64`, or only its sign.
enum Wide {
    Small(i64),
    /// Beyond `i64`; the unsigned value if it fits 64 bits.
    Positive(Option<u64>),
    Negative,
}

#[inline]
fn wide(obj: &Obj) -> PyResult<Wide> {
    let value = obj.value();
    if value.is_int() {
        return Ok(Wide::Small(value.as_int()));
    }
    wide_slow(obj)
}

#[cold]
fn wide_slow(obj: &Obj) -> PyResult<Wide> {
    let int = bridge::index(obj)?;
    Ok(match bridge::int_parts(&int) {
        (Some(small), _, _) => Wide::Small(small),
        (None, _, true) => Wide::Negative,
        (None, unsigned, false) => Wide::Positive(unsigned),
    })
}

macro_rules! signed {
    ($($ty:ty => $text:literal;)*) => { $(
        impl<'a> FromArg<'a> for $ty {
            #[inline]
            fn from_arg(obj: &'a Obj) -> PyResult<Self> {
                if let Wide::Small(value) = wide(obj)? && let Ok(value) = <$ty>::try_from(value) {
                    return Ok(value);
                }
                Err(overflow_error($text))
            }
        }
    )* };
}

signed! {
    i32 => "Python int too large to convert to C int";
    i64 => "Python int too large to convert to C long";
    isize => "Python int too large to convert to C ssize_t";
}

macro_rules! short {
    ($($ty:ty => $text:literal;)*) => { $(
        impl<'a> FromArg<'a> for $ty {
            #[inline]
            fn from_arg(obj: &'a Obj) -> PyResult<Self> {
                let value = match wide(obj)? {
                    Wide::Small(value) => value,
                    _ => return Err(overflow_error("Python int too large to convert to C long")),
                };
                <$ty>::try_from(value).map_err(|_| {
                    let side = if value < <$ty>::MIN as i64 { "less than minimum" } else { "greater than maximum" };
                    overflow_error(format!(concat!($text, " is {}"), side))
                })
            }
        }
    )* };
}

short! {
    i8 => "signed byte integer";
    i16 => "signed short integer";
    u8 => "unsigned byte integer";
}

macro_rules! unsigned {
    ($($ty:ty => $text:literal, $negative:literal;)*) => { $(
        impl<'a> FromArg<'a> for $ty {
            #[inline]
            fn from_arg(obj: &'a Obj) -> PyResult<Self> {
                let value = match wide(obj)? {
                    Wide::Small(value) if value >= 0 => <$ty>::try_from(value).ok(),
                    Wide::Positive(Some(value)) => <$ty>::try_from(value).ok(),
                    Wide::Positive(None) => None,
                    _ => return Err(value_error($negative)),
                };
                value.ok_or_else(|| overflow_error($text))
            }
        }
    )* };
}

unsigned! {
    u16 => "Python int too large for C uint16_t", "Cannot convert negative int";
    u32 => "Python int too large for C uint32_t", "Cannot convert negative int";
    u64 => "Python int too large for C uint64_t", "Cannot convert negative int";
    usize => "Python int too large to convert to C size_t", "value must be positive";
}
