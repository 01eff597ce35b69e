//! Making Python values from Rust ones.

use taipan_gc::{Obj, Py};

pub use crate::singletons::{bool_obj, ellipsis, none, not_implemented};

use crate::dict::PyDict;
use crate::list::PyList;
use crate::str::PyStr;
use crate::tuple::PyTuple;

/// An `int`.
#[inline]
pub fn int_obj(i: i64) -> Obj {
    Obj::small_int(i).unwrap_or_else(|| crate::int::from_i64(i))
}
/// A `float`.
#[inline]
pub fn float_obj(f: f64) -> Obj {
    Obj::float(f)
}
/// A `str`.
pub fn str_obj(s: &str) -> Obj {
    PyStr::new(s).into_obj()
}
/// A `list`.
pub fn list_obj(items: Vec<Obj>) -> Obj {
    PyList::new(items).into_obj()
}
/// A `tuple`.
pub fn tuple_obj(items: Vec<Obj>) -> Obj {
    PyTuple::new(items).into_obj()
}
/// A `bytes`.
pub fn bytes_obj(bytes: &[u8]) -> Obj {
    crate::bytes::PyBytes::new(bytes).into_obj()
}
/// An empty `dict`.
pub fn dict_obj() -> Py<PyDict> {
    PyDict::new()
}
