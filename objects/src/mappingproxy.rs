//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyMappingProxy { header: Header }
layout!(PyMappingProxy, "mappingproxy", []);
impl PyMappingProxy { pub fn new(_: Obj) -> Py<PyMappingProxy> { unimplemented!() } }
pub(crate) fn fill(_: &Types) {}
