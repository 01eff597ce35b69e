//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
pub mod views { use super::*; #[repr(C)] pub struct PyDictView { header: Header }
layout!(PyDictView, "v", []);
#[repr(C)] pub struct PyDictIter { header: Header }
layout!(PyDictIter, "i", []);
}
#[repr(C)] pub struct PyDict { header: Header }
layout!(PyDict, "dict", []);
impl PyDict {
 pub fn new() -> Py<PyDict> { unimplemented!() }
 pub fn get(&self, _: &Obj) -> PyResult<Option<Obj>> { unimplemented!() }
 pub fn get_str(&self, _: &Py<crate::str::PyStr>) -> Option<Obj> { unimplemented!() }
 pub fn get_str_ref(&self, _: &crate::str::PyStr) -> Option<Obj> { unimplemented!() }
 pub fn set(&self, _: Obj, _: Obj) -> PyResult<()> { unimplemented!() }
 pub fn set_str(&self, _: &str, _: Obj) { unimplemented!() }
 pub fn delete(&self, _: &Obj) -> PyResult<bool> { unimplemented!() }
 pub fn contains_str(&self, _: &str) -> bool { unimplemented!() }
 pub fn len(&self) -> usize { 0 }
 pub fn snapshot(&self) -> Vec<(Obj, Obj)> { unimplemented!() }
 pub fn keys(&self) -> Vec<Obj> { unimplemented!() }
 pub fn copy(&self) -> Py<PyDict> { unimplemented!() }
 pub fn update_from(&self, _: &Obj) -> PyResult<()> { unimplemented!() }
}
pub(crate) fn fill(_: &Types) {}
