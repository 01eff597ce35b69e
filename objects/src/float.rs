//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyFloat { header: Header, pub value: f64 }
layout!(PyFloat, "float");
pub(crate) fn fill(_: &Types) {}
