//! (stub)
use taipan_gc::Header; use crate::layout; use crate::types::Types; use crate::native::GetSetDef;
#[repr(C)] pub struct PyWeakRef { header: Header }
layout!(PyWeakRef, "weakref", []);
pub static WEAKREF_GETSETS: &[GetSetDef] = &[];
pub(crate) fn fill(_: &Types) {}
