//! Python objects as values of SQLite and back.

use taipan_objects::bytes::PyBytes;
use taipan_objects::float::float_value;
use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::{buffer, hooks};

use super::errors::programming;
use super::ffi::Cell;
use crate::counted;

/// A value of one of the types that SQLite has; `None`: it is of no such type.
pub fn cell_or_none(obj: &Obj) -> PyResult<Option<Cell>> {
    if is_none(obj) {
        return Ok(Some(Cell::Null));
    }
    if let Some(i) = int_ref(obj) {
        return match i.to_i64() {
            Some(i) => Ok(Some(Cell::Int(i))),
            None => Err(overflow_error("Python int too large to convert to SQLite INTEGER")),
        };
    }
    if let Some(f) = float_value(obj) {
        return Ok(Some(Cell::Real(f)));
    }
    if let Some(text) = obj.downcast::<PyStr>() {
        let text = text.to_utf8()?;
        if text.len() > i32::MAX as usize {
            return Err(overflow_error("string longer than INT_MAX bytes"));
        }
        return Ok(Some(Cell::Text(text.as_bytes().to_vec())));
    }
    if buffer::has_buffer(obj) {
        let view = buffer::get(obj, 0)?;
        if view.len > i32::MAX as usize {
            return Err(overflow_error("BLOB longer than INT_MAX bytes"));
        }
        return Ok(Some(Cell::Blob(view.to_vec())));
    }
    Ok(None)
}

/// A function's result as a value.
pub fn cell_of(obj: &Obj) -> PyResult<Cell> {
    match cell_or_none(obj)? {
        Some(cell) => Ok(cell),
        None => Err(programming(format!("type '{}' is not supported", class_of(obj).name()))),
    }
}

/// A function's argument.
pub fn object_of_argument(cell: Cell) -> PyResult<Obj> {
    Ok(match cell {
        Cell::Null => none(),
        Cell::Int(i) => int_obj(i),
        Cell::Real(f) => float_obj(f),
        Cell::Text(text) => text_of(text)?,
        Cell::Blob(blob) => PyBytes::from_vec(blob).into_obj(),
    })
}

/// Text in UTF-8 as `str`.
pub fn text_of(text: Vec<u8>) -> PyResult<Obj> {
    match String::from_utf8(text) {
        Ok(text) => Ok(PyStr::from_string(text).into_obj()),
        Err(wrong) => {
            let bytes = PyBytes::from_vec(wrong.into_bytes()).into_obj();
            counted::call_method(&bytes, "decode", &[])
        }
    }
}

/// `PrepareProtocol`, the adapters and the converters: dicts that Python code sees.
pub fn registry(name: &str) -> PyResult<Obj> {
    hooks::module_attribute("_sqlite3", name)
}

/// Whether values of the plain types may have adapters, too.
pub static PLAIN_ADAPTED: taipan_threading::sync::atomic::AtomicBool =
    taipan_threading::sync::atomic::AtomicBool::new(false);

fn is_plain(obj: &Obj) -> bool {
    let class = class_of(obj);
    let t = types();
    [&t.int, &t.float, &t.str].into_iter().any(|plain| class.is(plain))
        || class.name() == "bytearray"
        || is_none(obj)
}

/// What is bound in place of a parameter.
pub fn adapted_parameter(obj: &Obj) -> PyResult<Obj> {
    if !PLAIN_ADAPTED.load(taipan_threading::sync::atomic::Ordering::Relaxed) && is_plain(obj) {
        return Ok(obj.clone());
    }
    adapt(obj, super::prepare_protocol().as_obj(), Some(obj))
}

/// `adapt()`: by the registered adapter, by `proto.__adapt__`, by `obj.__conform__`.
pub fn adapt(obj: &Obj, protocol: &Obj, otherwise: Option<&Obj>) -> PyResult<Obj> {
    let adapters = registry("adapters")?;
    let key = tuple_obj(vec![class_of(obj).to_obj(), protocol.clone()]);
    if let Some(adapters) = adapters.downcast::<taipan_objects::dict::PyDict>()
        && let Some(adapter) = adapters.get(&key)?
    {
        return counted::call1(&adapter, obj);
    }
    for (owner, name, argument) in [(protocol, "__adapt__", obj), (obj, "__conform__", protocol)] {
        let Some(method) = counted::getattr_opt(owner, &intern(name))? else { continue };
        match counted::call1(&method, argument) {
            Ok(adapted) if is_none(&adapted) => {}
            Ok(adapted) => return Ok(adapted),
            Err(Raised) => drop(catch(&types().type_error)?),
        }
    }
    match otherwise {
        Some(otherwise) => Ok(otherwise.clone()),
        None => Err(programming("can't adapt")),
    }
}
