//! `bytearray(...)`.

use taipan_gc::Obj;

use super::PyByteArray;
use crate::bytes::new::source_bytes;
use crate::error::*;
use crate::native::{Args, pyargs};
use crate::type_object::PyType;

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
    let bytes = source_bytes(source, encoding, errors, "bytearray")?;
    array.resize(|storage| {
        storage.set(bytes);
        Ok(())
    })
}
