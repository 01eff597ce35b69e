//! The abstract operations with results that may be kept: a native function's Rust variables are no registers, so whatever it holds
//! while Python code runs has to be counted.

use taipan_objects::prelude::*;
use taipan_objects::protocol;

/// The next item; `None` at the end.
#[inline]
pub fn next(iterator: &Obj) -> PyResult<Option<Obj>> {
    Ok(protocol::next_within(iterator)?.map(IntoStrong::into_strong))
}

/// `callable(*args)`.
#[inline]
pub fn call(callable: &Obj, args: &[Obj]) -> PyResult<Obj> {
    protocol::call(callable, args).map(IntoStrong::into_strong)
}

/// `callable(arg)`.
#[inline]
pub fn call1(callable: &Obj, arg: &Obj) -> PyResult<Obj> {
    call(callable, std::slice::from_ref(arg))
}

/// `obj.name(*args)`.
pub fn call_method(obj: &Obj, name: &str, args: &[Obj]) -> PyResult<Obj> {
    protocol::call_method_str(obj, name, args).map(IntoStrong::into_strong)
}

/// `getattr(obj, name)`.
pub fn getattr(obj: &Obj, name: &str) -> PyResult<Obj> {
    protocol::getattr_str(obj, name).map(IntoStrong::into_strong)
}

/// `getattr(obj, name, None)`.
pub fn getattr_opt(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    Ok(protocol::getattr_opt(obj, name)?.map(IntoStrong::into_strong))
}

/// `obj[key]`.
pub fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    protocol::getitem(obj, key).map(IntoStrong::into_strong)
}

/// `iter(obj)`.
#[inline]
pub fn iter(obj: &Obj) -> PyResult<Obj> {
    protocol::iter(obj).map(IntoStrong::into_strong)
}

/// `a <op> b`.
pub fn binary_op(a: &Obj, b: &Obj, op: BinaryOp) -> PyResult<Obj> {
    protocol::binary_op(a, b, op).map(IntoStrong::into_strong)
}
