//! `bytearray(...)`.

use taipan_gc::Obj;

use super::PyByteArray;
use super::slots::append;
use crate::buffer::has_buffer;
use crate::bytes::new::{byte_of, source_bytes};
use crate::error::*;
use crate::list::PyList;
use crate::native::{Args, pyargs};
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{PyType, class_of};

/// The slot of `bytearray.__new__`: an empty array, whatever the arguments.
pub fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    match class.downcast::<PyType>() {
        Some(class) => Ok(PyByteArray::new_of(class, Vec::new()).into_obj()),
        None => Err(type_error("bytearray.__new__(X): X is not a type object")),
    }
}

/// The slot of `bytearray.__init__`.
#[pyargs(name = "bytearray", sig = "(source=b'', encoding='utf-8', errors='strict')")]
pub fn init(this: &Obj, source: Option<&Obj>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<()> {
    let Some(array) = this.downcast::<PyByteArray>() else {
        return Err(type_error("a bytearray object is required"));
    };
    // A failure leaves nothing of the former content.
    if !array.is_empty() {
        array.resize(|storage| {
            storage.set(Vec::new());
            Ok(())
        })?;
    }
    if encoding.is_none()
        && errors.is_none()
        && let Some(source) = source
        && is_plain_iterable(source)
    {
        // Its code may look at what was added so far.
        return protocol::for_each(source, |item| append(array, &[byte_of(&item, "byte")?]));
    }
    let bytes = source_bytes(source, encoding, errors, "bytearray")?;
    array.resize(|storage| {
        storage.set(bytes);
        Ok(())
    })
}

/// Whether `source` is taken item by item, and asking for the items may run Python code.
fn is_plain_iterable(source: &Obj) -> bool {
    let slots = &class_of(source).slots;
    !source.is_layout::<PyStr>()
        && !source.is_layout::<PyList>()
        && !source.is_layout::<PyTuple>()
        && !has_buffer(source)
        && !protocol::has_index(source)
        && crate::int::int_ref(source).is_none()
        && (slots.iter().is_some() || slots.getitem().is_some())
}
