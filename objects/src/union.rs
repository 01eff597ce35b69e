//! (stub)
use taipan_gc::{Header, Obj}; use crate::layout; use crate::types::Types; use crate::error::*;
#[repr(C)] pub struct PyUnion { header: Header }
layout!(PyUnion, "Union", []);
pub fn or(_a: &Obj, _b: &Obj) -> PyResult<Obj> { Ok(crate::singletons::not_implemented()) }
pub(crate) fn fill(_: &Types) {}
