//! The few services of the object model that argument binding and conversion need, in one place.

use std::borrow::Cow;

use num_traits::{Signed, ToPrimitive};
use taipan_gc::Obj;

use crate::error::PyResult;
use crate::str::PyStr;

pub use crate::construct::{big_int_obj, int_obj, list_obj, str_obj, tuple_obj};
pub use crate::singletons::{bool_obj, is_none, none};

/// The class's name, as error texts show it.
#[cold]
pub fn type_name(obj: &Obj) -> String {
    crate::type_object::class_of(obj).name()
}

/// Whether this is a `str`.
#[inline]
pub fn is_str(obj: &Obj) -> bool {
    obj.is_layout::<PyStr>()
}

/// Whether this is the `str` with that text.
#[inline]
pub fn str_equals(obj: &Obj, text: &str) -> bool {
    obj.downcast::<PyStr>().is_some_and(|s| s.eq_str(text))
}

/// The text of a `str`, lone surrogates replaced.
pub fn str_text(obj: &Obj) -> Option<String> {
    obj.downcast::<PyStr>().map(|s| s.to_string_lossy())
}

/// The text of a `str`; raises `UnicodeEncodeError` for lone surrogates.
pub fn utf8(obj: &Obj) -> PyResult<Cow<'_, str>> {
    match obj.downcast::<PyStr>() {
        Some(s) => s.utf8(),
        None => Err(crate::error::type_error(format!("must be str, not {}", type_name(obj)))),
    }
}

/// `bool(obj)`
#[inline]
pub fn truth(obj: &Obj) -> PyResult<bool> {
    crate::protocol::is_true(obj)
}

/// `operator.index(obj)`: an `int`.
pub fn index(obj: &Obj) -> PyResult<Obj> {
    crate::protocol::index(obj)
}

/// The value of a real number, by way of `__float__` or `__index__`.
pub fn to_f64(obj: &Obj) -> PyResult<f64> {
    crate::protocol::to_f64(obj)
}

/// The value of an `int`, if it fits, and whether it is negative.
pub fn int_to_i128(obj: &Obj) -> (Option<i128>, bool) {
    let value = obj.value();
    if value.is_int() {
        return (Some(value.as_int().into()), value.as_int() < 0);
    }
    match crate::int::big(obj) {
        Some(big) => (big.to_i128(), big.is_negative()),
        None => (None, false),
    }
}
