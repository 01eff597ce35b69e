//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyStr { header: Header }
layout!(PyStr, "str", []);
use std::borrow::Cow;
impl PyStr { pub fn bootstrap(_: &'static str) -> Obj { unimplemented!() } pub fn new(_: &str) -> Py<PyStr> { unimplemented!() }
 pub fn eq_str(&self, _: &str) -> bool { false } pub fn is_interned(&self) -> bool { false } pub fn to_string_lossy(&self) -> Cow<'_, str> { unimplemented!() } pub fn len(&self)->usize {0} pub fn utf8(&self)->PyResult<Cow<'_, str>> {unimplemented!()} }
pub fn intern(_: &str) -> Py<PyStr> { unimplemented!() }
pub fn intern_obj(_: &Obj) -> Py<PyStr> { unimplemented!() }
pub fn from_wtf8(_: &[u8]) -> Obj { unimplemented!() }
#[macro_export] macro_rules! istr { ($s:literal) => { $crate::str::intern($s) }; }
pub(crate) fn fill(_: &Types) {}
