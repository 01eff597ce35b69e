//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyComplex { header: Header }
layout!(PyComplex, "complex", []);
pub fn from_parts(_: f64, _: f64) -> Obj { unimplemented!() }
pub(crate) fn fill(_: &Types) {}
