//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyBytes { header: Header }
layout!(PyBytes, "bytes", []);
impl PyBytes { pub fn new(_: &[u8]) -> Py<PyBytes> { unimplemented!() } }
pub(crate) fn fill(_: &Types) {}
