//! (stub)
use taipan_objects::error::*;
use taipan_objects::str::PyStr;
use taipan_objects::{Obj, Py};
pub fn is_builtin_import(_: &Obj) -> bool { true }
pub fn import_name(_: &Py<PyStr>, _: &Obj, _: Option<&Obj>, _: &Obj, _: i64) -> PyResult<Obj> { Err(import_error("not yet")) }
pub fn import_from(_: &Obj, _: &Py<PyStr>) -> PyResult<Obj> { Err(import_error("not yet")) }
pub fn import_star(_: &Obj, _: &Obj) -> PyResult<()> { Err(import_error("not yet")) }
