//! Calling.

use taipan_gc::{Obj, Py};

use super::{enter_native, getattr};
use crate::argument::Args;
use crate::error::*;
use crate::native_function::PyNativeFunction;
use crate::str::{PyStr, intern};
use crate::type_object::class_of;

/// `callable(*args)`.
#[inline]
pub fn call(callable: &Obj, args: &[Obj]) -> PyResult<Obj> {
    call_args(callable, &Args::new(args))
}

/// `callable()`.
pub fn call0(callable: &Obj) -> PyResult<Obj> {
    call(callable, &[])
}

/// `callable(arg)`, borrowing the argument.
pub fn call1(callable: &Obj, arg: &Obj) -> PyResult<Obj> {
    if let Some(fast) = PyNativeFunction::fast1_of(callable) {
        enter_native()?;
        return fast(arg).map(super::IntoStrong::into_strong);
    }
    call(callable, std::slice::from_ref(arg))
}

/// `callable(*args, **keywords)`.
pub fn call_args(callable: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    match class_of(callable).slots.call() {
        Some(call) => {
            enter_native()?;
            call(callable, args).map(super::IntoStrong::into_strong)
        }
        None => Err(type_error(format!("'{}' object is not callable", class_of(callable).name()))),
    }
}

/// `obj.name(*args)`.
pub fn call_method(obj: &Obj, name: &Py<PyStr>, args: &[Obj]) -> PyResult<Obj> {
    // Plain functions found on the class are called with the receiver, without a bound method in between.
    let class = class_of(obj);
    let generic: crate::type_object::slots::BinaryFn = crate::attribute::generic_getattr;
    if class.slots.getattro().is_some_and(|f| f as usize == generic as usize)
        && let Some(found) = class.lookup(name)
    {
        let found_class = class_of(&found);
        let types = crate::types::types();
        if (found_class.is(&types.function) || found_class.is(&types.method_descriptor))
            && crate::shape::get_attribute(obj, name)?.is_none()
        {
            return Args::new(args).behind(obj, |args| call_args(&found, args));
        }
    }
    let method = getattr(obj, name)?;
    call(&method, args)
}

/// `obj.name(*args)` by text.
pub fn call_method_str(obj: &Obj, name: &str, args: &[Obj]) -> PyResult<Obj> {
    call_method(obj, &intern(name), args)
}

/// `callable(obj)`-ability.
pub fn is_callable(obj: &Obj) -> bool {
    class_of(obj).slots.call().is_some()
}
