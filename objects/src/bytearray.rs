//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyByteArray { header: Header }
layout!(PyByteArray, "bytearray", []);
pub(crate) fn fill(_: &Types) {}
