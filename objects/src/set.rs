//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PySet { header: Header }
layout!(PySet, "set", []);
#[repr(C)] pub struct PySetIter { header: Header }
layout!(PySetIter, "seti", []);
impl PySet { pub fn frozen(_: Vec<Obj>) -> Obj { unimplemented!() } }
pub(crate) fn fill(_: &Types) {}
