//! `weakref.ProxyType` and `weakref.CallableProxyType`: every operation goes to the referent, or raises `ReferenceError`.

use taipan_gc::Obj;

use super::{PyWeakRef, describe, this};
use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::native::pymethods;
use crate::protocol::{self, BinaryOp};
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::{Types, types};

/// Whether `obj` is a proxy (and not a plain weak reference).
fn is_proxy(obj: &Obj) -> bool {
    let class = class_of(obj);
    class.is(&types().weakproxy) || class.is(&types().weakcallableproxy)
}

fn gone() -> Raised {
    reference_error("weakly-referenced object no longer exists")
}

/// The referent of a proxy.
fn target(obj: &Obj) -> PyResult<Obj> {
    this(obj)?.get().ok_or_else(gone)
}

/// The referent of a proxy, or the object itself.
fn operand(obj: &Obj) -> PyResult<Obj> {
    if is_proxy(obj) { target(obj) } else { Ok(obj.clone()) }
}

macro_rules! slots {
    ($($slot:ident: $f:expr),* $(,)?; $($bin:ident $inplace:ident $op:ident),* $(,)?) => {
        TypeSlots {
            $($slot: Some($f),)*
            $(
                $bin: Some(|a, b| protocol::binary_op(&operand(a)?, &operand(b)?, BinaryOp::$op)),
                $inplace: Some(|a, b| protocol::inplace_op(&operand(a)?, &operand(b)?, BinaryOp::$op)),
            )*
            ..TypeSlots::EMPTY
        }
    };
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    Ok(str_obj(&describe(obj, "weakproxy")?))
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    protocol::rich_compare(&operand(a)?, &operand(b)?, op)
}

fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    let target = target(obj)?;
    if class_of(&target).slots.iternext().is_none() {
        return Err(type_error(format!(
            "Weakref proxy referenced a non-iterator '{}' object",
            class_of(&target).name()
        )));
    }
    protocol::next(&target)
}

fn set_item(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let target = target(obj)?;
    match value {
        Some(value) => protocol::setitem(&target, key, value),
        None => protocol::delitem(&target, key),
    }
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    protocol::call_args(&target(obj)?, args)
}

fn convert(obj: &Obj, class: &Obj) -> PyResult<Obj> {
    protocol::call1(class, &target(obj)?)
}

static SLOTS: TypeSlots = slots! {
    repr: repr,
    str_: |o| protocol::str(&target(o)?).map(|s| s.into_obj()),
    getattro: |o, name| protocol::getattr_obj(&target(o)?, name),
    setattro: |o, name, value| protocol::set_or_delete(&target(o)?, name, value),
    richcompare: richcompare,
    hash: crate::object_type::hash_not_implemented,
    iter: |o| protocol::iter(&target(o)?),
    iternext: next,
    len: |o| protocol::len(&target(o)?),
    getitem: |o, key| protocol::getitem(&target(o)?, key),
    setitem: set_item,
    contains: |o, item| protocol::contains(&target(o)?, item),
    bool_: |o| protocol::is_true(&target(o)?),
    neg: |o| protocol::negative(&target(o)?),
    pos: |o| protocol::positive(&target(o)?),
    abs: |o| protocol::absolute(&target(o)?),
    invert: |o| protocol::invert(&target(o)?),
    int: |o| convert(o, types().int.as_obj()),
    float: |o| convert(o, types().float.as_obj()),
    index: |o| protocol::index(&target(o)?),
    divmod: |a, b| protocol::binary_op(&operand(a)?, &operand(b)?, BinaryOp::DivMod),
    pow: |a, b, modulus| protocol::power(&operand(a)?, &operand(b)?, &operand(modulus)?),
    ipow: |a, b| protocol::inplace_op(&operand(a)?, &operand(b)?, BinaryOp::Pow);
    add iadd Add, sub isub Sub, mul imul Mul, matmul imatmul Matmul, truediv itruediv TrueDiv, floordiv ifloordiv FloorDiv,
    mod_ imod Mod, lshift ilshift LShift, rshift irshift RShift, and iand And, or ior Or, xor ixor Xor,
};

#[pymethods(class = "weakref.ProxyType", part = "proxy")]
impl PyWeakRef {
    #[pymethod(name = "__bytes__", text = "")]
    fn proxy_bytes(slf: &Obj) -> PyResult<Obj> {
        protocol::call_method_str(&target(slf)?, "__bytes__", &[])
    }
    #[pymethod(name = "__reversed__", text = "")]
    fn proxy_reversed(slf: &Obj) -> PyResult<Obj> {
        protocol::call_method_str(&target(slf)?, "__reversed__", &[])
    }
}

pub(super) fn fill(types: &Types) {
    types.weakproxy.slots.set_all(&SLOTS);
    types.weakcallableproxy.slots.set_all(&SLOTS);
    types.weakcallableproxy.slots.set_call(Some(call));
    for class in [&types.weakproxy, &types.weakcallableproxy] {
        ready::add_methods(class, PyWeakRef::proxy_methods());
        ready::set_attr(class, "__hash__", none());
        class.set_flag(type_flags::NO_INSTANTIATION, true);
    }
}
