//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyCell { header: Header, pub value: Slot }
layout!(PyCell, "cell", [value]);
pub(crate) fn fill(_: &Types) {}
