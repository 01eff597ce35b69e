//! (stub)
use taipan_gc::Header; use crate::layout; use crate::types::Types;
#[repr(C)] pub struct PyTraceback { header: Header }
layout!(PyTraceback, "traceback", []);
pub(crate) fn fill(_: &Types) {}
