//! (stub)
use taipan_gc::{Header, Obj}; use crate::layout; use crate::types::Types;
#[repr(C)] pub struct PyGenericAlias { header: Header }
layout!(PyGenericAlias, "GenericAlias", []);
pub fn new(_origin: &Obj, _key: &Obj) -> Obj { crate::singletons::none() }
pub(crate) fn fill(_: &Types) {}
