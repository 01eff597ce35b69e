//! `int(...)`.

use taipan_gc::Obj;
use taipan_text::int_text;

use super::{PyInt, from_parsed, int_ref, max_str_digits};
use crate::argument::Args;
use crate::buffer;
use crate::error::*;
use crate::native::pyargs;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// The slot of `int.__new__`.
pub fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    check_positional("int", args, 2)?;
    bind(class, args)
}

/// The error that classes called without keywords have of their own.
pub fn check_positional(name: &str, args: &Args<'_>, most: usize) -> PyResult<()> {
    let given = args.positional.len();
    if given <= most || args.has_keywords() {
        return Ok(());
    }
    let plural = if most == 1 { "" } else { "s" };
    Err(type_error(format!("{name} expected at most {most} argument{plural}, got {given}")))
}

#[pyargs(name = "int", sig = "(x=<unrepresentable>, /, base=10)")]
fn bind(class: &Obj, x: Option<&Obj>, base: Option<&Obj>) -> PyResult<Obj> {
    let value = match (x, base) {
        (None, None) => super::from_i64(0),
        (None, Some(_)) => return Err(type_error("int() missing string argument")),
        (Some(x), None) => convert(x)?,
        (Some(x), Some(base)) => with_base(x, base)?,
    };
    match (class.downcast::<PyType>(), int_ref(&value)) {
        (Some(class), Some(number)) if !class.is(&types().int) => Ok(PyInt::new_of(class, number)),
        _ => Ok(value),
    }
}

/// `int(x)`: a plain int.
pub fn convert(x: &Obj) -> PyResult<Obj> {
    if protocol::is_exact_int(x) {
        return Ok(x.clone());
    }
    let class = class_of(x);
    if let Some(int) = class.slots.int() {
        let result = int(x)?;
        if int_ref(&result).is_none() {
            return Err(type_error(format!("__int__ returned non-int (type {})", class_of(&result).name())));
        }
        if !protocol::is_exact_int(&result) {
            crate::str::new::deprecated_subclass("__int__", "int", &result)?;
        }
        return super::plain(&result);
    }
    if class.slots.index().is_some() {
        return super::plain(&protocol::index(x)?);
    }
    if let Some(text) = x.downcast::<PyStr>() {
        return parse(text, 10);
    }
    if let Some(result) = parse_bytes(x, 10)? {
        return Ok(result);
    }
    Err(type_error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        class.name()
    )))
}

fn with_base(x: &Obj, base: &Obj) -> PyResult<Obj> {
    let base = int_text::check_base(protocol::index_clamped(base)? as i64)?;
    if let Some(text) = x.downcast::<PyStr>() {
        return parse(text, base);
    }
    if (x.is_layout::<crate::bytes::PyBytes>() || x.is_layout::<crate::bytearray::PyByteArray>())
        && let Some(result) = parse_bytes(x, base)?
    {
        return Ok(result);
    }
    Err(type_error("int() can't convert non-string with explicit base"))
}

/// `int(text, base)`.
pub fn parse(text: &PyStr, base: u32) -> PyResult<Obj> {
    match int_text::parse_int(text.units(), base, max_str_digits()) {
        Ok(value) => Ok(from_parsed(value)),
        Err(error) if error.message.starts_with("invalid literal") => {
            let message = PyStr::from_units(int_text::invalid_literal(text.units(), base));
            Err(crate::error::raise(crate::exceptions::PyBaseException::create(
                &types().value_error,
                vec![message.into_obj()],
            )))
        }
        Err(error) => Err(error.into()),
    }
}

fn parse_bytes(x: &Obj, base: u32) -> PyResult<Option<Obj>> {
    if !buffer::has_buffer(x) {
        return Ok(None);
    }
    let parsed = buffer::with_bytes(x, |bytes| int_text::parse_int_bytes(bytes, base, max_str_digits()))?;
    Ok(Some(from_parsed(parsed?)))
}
