//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyMemoryView { header: Header }
layout!(PyMemoryView, "memoryview", []);
pub fn from_object(_: &Obj) -> PyResult<Obj> { unimplemented!() }
pub(crate) fn fill(_: &Types) {}
