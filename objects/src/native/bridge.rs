//! The few services of the object model that argument binding and conversion need, in one place.

use std::borrow::Cow;

use taipan_gc::Obj;

use crate::error::PyResult;
use crate::str::PyStr;

pub use crate::construct::{int_obj, list_obj, str_obj, tuple_obj};
pub use crate::int::from_bigint as big_int_obj;
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
    obj.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned())
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
    crate::protocol::as_f64(obj)
}

/// The value of an `int` beyond `i64`, if it fits `u64`, and whether it is negative.
pub fn int_parts(obj: &Obj) -> (Option<i64>, Option<u64>, bool) {
    match crate::int::int_ref(obj) {
        Some(int) => (int.to_i64(), int.to_u64(), int.is_negative()),
        None => (None, None, false),
    }
}
