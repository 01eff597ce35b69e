//! (stub)
use taipan_gc::{Header, Obj, Py}; use crate::layout; use crate::types::Types; use crate::error::*; use crate::dict::PyDict;
#[repr(C)] pub struct PyModule { header: Header, dict: Py<PyDict> }
layout!(PyModule, "module", [dict]);
impl PyModule { pub fn dict(&self) -> Py<PyDict> { self.dict.clone() } }
pub fn module_getattr(obj: &Obj, name: &Obj) -> PyResult<Obj> { crate::attribute::generic_getattr(obj, name) }
pub fn module_getattr_opt(obj: &Obj, name: &Obj) -> PyResult<Option<Obj>> { crate::attribute::generic_getattr_opt(obj, name) }
pub(crate) fn fill(_: &Types) {}
