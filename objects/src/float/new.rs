//! `float(...)`.

use taipan_gc::Obj;
use taipan_text::float_parse;

use super::{PyFloat, float_value};
use crate::buffer;
use crate::error::*;
use crate::native::pyargs;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// The slot of `float.__new__`.
#[pyargs(name = "float", sig = "(x=0, /)")]
pub fn new(class: &Obj, x: Option<&Obj>) -> PyResult<Obj> {
    let value = match x {
        Some(x)
            if x.value().is_float() && class.downcast::<PyType>().is_some_and(|c| c.is(&types().float)) =>
        {
            return Ok(x.clone());
        }
        Some(x) => convert(x)?,
        None => 0.0,
    };
    Ok(match class.downcast::<PyType>() {
        Some(class) => PyFloat::new_of(class, value),
        None => Obj::float(value),
    })
}

/// `float(text)`.
pub fn parse(text: &PyStr) -> PyResult<f64> {
    Ok(float_parse::parse_float(text.units())?)
}

/// The number that `float(x)` gives.
pub fn convert(x: &Obj) -> PyResult<f64> {
    if let Some(value) = float_value(x)
        && (x.value().is_float() || class_of(x).slots.float() == types().float.slots.float())
    {
        return Ok(taipan_gc::nan::plain(value));
    }
    if let Some(text) = x.downcast::<PyStr>() {
        return parse(text);
    }
    let slots = &class_of(x).slots;
    if slots.float().is_some() || slots.index().is_some() {
        return protocol::as_f64(x);
    }
    if buffer::has_buffer(x) {
        return Ok(buffer::with_bytes(x, float_parse::parse_float_bytes)??);
    }
    Err(type_error(format!(
        "float() argument must be a string or a real number, not '{}'",
        class_of(x).name()
    )))
}
