//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyRange { header: Header }
layout!(PyRange, "range", []);
#[repr(C)] pub struct PyRangeIter { header: Header }
layout!(PyRangeIter, "ri", []);
#[repr(C)] pub struct PyLongRangeIter { header: Header }
layout!(PyLongRangeIter, "lri", []);
pub(crate) fn fill(_: &Types) {}
