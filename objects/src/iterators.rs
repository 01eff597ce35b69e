//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PySequenceIter { header: Header }
layout!(PySequenceIter, "PySequenceIter", []);
#[repr(C)] pub struct PyCallableIter { header: Header }
layout!(PyCallableIter, "PyCallableIter", []);
#[repr(C)] pub struct PyEnumerate { header: Header }
layout!(PyEnumerate, "PyEnumerate", []);
#[repr(C)] pub struct PyMap { header: Header }
layout!(PyMap, "PyMap", []);
#[repr(C)] pub struct PyFilter { header: Header }
layout!(PyFilter, "PyFilter", []);
#[repr(C)] pub struct PyZip { header: Header }
layout!(PyZip, "PyZip", []);
pub fn sequence_iter(_: Obj) -> Obj { unimplemented!() }
pub(crate) fn fill(_: &Types) {}
