//! (stub)
#![allow(unused)]
use taipan_gc::{Header,Obj,Py,Slot};use crate::layout;use crate::types::Types;use crate::error::*;
#[repr(C)] pub struct PyInt { header: Header }
layout!(PyInt, "int", []);
use num_bigint::BigInt;
pub enum IntRef<'a> { Small(i64), Big(&'a BigInt) }
impl IntRef<'_> { pub fn python_hash(&self) -> i64 { 0 } pub fn is_negative(&self) -> bool { false } pub fn to_i64(&self) -> Option<i64> { None } pub fn to_u64(&self) -> Option<u64> { None } pub fn to_f64(&self) -> PyResult<f64> { Ok(0.0) } }
pub fn int_ref(_: &Obj) -> Option<IntRef<'_>> { None }
pub fn from_i64(_: i64) -> Obj { unimplemented!() }
pub fn from_hex(_: &str) -> Obj { unimplemented!() }
pub fn from_bigint(_: BigInt) -> Obj { unimplemented!() }
pub(crate) fn fill(_: &Types) {}
