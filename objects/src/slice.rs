//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PySlice { header: Header }
layout!(PySlice, "slice", []);
impl PySlice { pub fn unpack(&self) -> PyResult<(isize, isize, isize)> { unimplemented!() }
 pub fn new(_: Obj, _: Obj, _: Obj) -> Py<PySlice> { unimplemented!() } }
pub(crate) fn fill(_: &Types) {}
