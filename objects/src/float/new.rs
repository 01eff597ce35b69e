//! `float(...)`.

use taipan_gc::Obj;
use taipan_text::float_parse;

use super::{PyFloat, float_value};
use crate::buffer;
use crate::conversion;
use crate::error::*;
use crate::native::{Args, pyargs};
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{PyType, SlotId, class_of};
use crate::types::types;

/// The slot of `float.__new__`.
pub fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let shares_init = class.downcast::<PyType>().is_none_or(|class| class.shares_init(&types().float));
    // An `__init__` of the class's own may take keywords.
    if shares_init { new(class, args) } else { new(class, &Args::new(args.positional)) }
}

#[pyargs(name = "float", sig = "(x=0, /)")]
fn new(class: &Obj, x: Option<&Obj>) -> PyResult<Obj> {
    let value = match x {
        Some(x) if class.is(types().float.as_obj()) => return conversion::float(x),
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
    if let Some(value) = float_value(x) {
        let class = class_of(x);
        let own = class.slots.raw(SlotId::Float);
        if x.value().is_float() || std::ptr::eq(own, types().float.slots.raw(SlotId::Float)) {
            return Ok(taipan_gc::nan::plain(value));
        }
        // A subclass that says what it is worth.
        let result = match class.slots.float() {
            Some(float) => float(x)?,
            None => return Ok(value),
        };
        let Some(value) = float_value(&result) else {
            return Err(type_error(format!(
                "{}.__float__ returned non-float (type {})",
                class.name(),
                class_of(&result).name()
            )));
        };
        if !result.value().is_float() && !class_of(&result).is(&types().float) {
            let method = format!("{}.__float__", class.name());
            crate::str::new::deprecated_subclass(&method, "float", &result)?;
        }
        return Ok(taipan_gc::nan::plain(value));
    }
    let slots = &class_of(x).slots;
    if slots.float().is_some() || slots.index().is_some() {
        return protocol::as_f64(x);
    }
    if let Some(text) = x.downcast::<PyStr>() {
        return parse(text);
    }
    if buffer::has_buffer(x) {
        if let Some(value) = buffer::with_bytes(x, |bytes| float_parse::parse_float_bytes(bytes).ok())? {
            return Ok(value);
        }
        let text = protocol::repr_string(x)?;
        return Err(value_error(format!("could not convert string to float: {text}")));
    }
    Err(type_error(format!(
        "float() argument must be a string or a real number, not '{}'",
        class_of(x).name()
    )))
}
