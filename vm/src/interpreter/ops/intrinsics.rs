//! Built-in functions whose answer for common arguments takes a few instructions: no call is made for it.

use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::list::PyList;
use taipan_objects::native::Intrinsic;
use taipan_objects::set::PySet;
use taipan_objects::singletons::bool_obj;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Object, Value, istr};

use super::attribute::is_generic;
use crate::interpreter::quick::known::{self, Known};

/// What a function gives for these arguments, if that is known without calling it.
#[inline(always)]
pub fn answer(intrinsic: Intrinsic, arguments: &[Obj]) -> Option<Value> {
    match arguments {
        [container] if intrinsic == Intrinsic::Len => Value::from_int(len(container)? as i64),
        [object, class] if intrinsic == Intrinsic::IsInstance => {
            let is = if known::is(class.value(), Known::Tuple) {
                isinstance_of_any(object, class)
            } else {
                isinstance(object, class)
            };
            is.map(|is| bool_obj(is).into_value())
        }
        _ => None,
    }
}

/// The length of a built-in container.
#[inline(always)]
pub fn len(container: &Obj) -> Option<usize> {
    let value = container.value();
    // SAFETY: the layouts are checked.
    unsafe {
        if known::is(value, Known::List) {
            return Some((*value.ptr().cast::<PyList>()).len());
        }
        if known::is(value, Known::Tuple) {
            return Some((*value.ptr().cast::<PyTuple>()).len());
        }
        if known::is(value, Known::Dict) {
            return Some((*value.ptr().cast::<PyDict>()).len());
        }
        if known::is(value, Known::Str) {
            return Some((*value.ptr().cast::<PyStr>()).len());
        }
        if known::is(value, Known::Bytes) {
            return Some((*value.ptr().cast::<PyBytes>()).len());
        }
        if known::is(value, Known::Set) || known::is(value, Known::FrozenSet) {
            return Some((*value.ptr().cast::<PySet>()).len());
        }
    }
    None
}

/// The truth of a built-in container, a float, or an object whose class does not say anything about it.
#[inline(always)]
pub fn truth(obj: &Obj) -> Option<bool> {
    let value = obj.value();
    if value.is_float() {
        return Some(value.as_float() != 0.0);
    }
    if let Some(len) = len(obj) {
        return Some(len != 0);
    }
    let slots = &class_of(obj).slots;
    (slots.bool_().is_none() && slots.len().is_none()).then_some(true)
}

/// [`isinstance`] of a tuple of classes, if each is such a class as far as it matters.
#[inline(never)]
fn isinstance_of_any(object: &Obj, classes: &Obj) -> Option<bool> {
    for class in classes.downcast::<PyTuple>()?.as_slice() {
        if isinstance(object, class)? {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether the object is an instance of the class, if that is an ordinary one and the object's says the truth about itself.
#[inline(always)]
fn isinstance(object: &Obj, class: &Obj) -> Option<bool> {
    let header = class.header()?;
    if !std::ptr::eq(header.shape_entry().ops_ptr(), PyType::ops()) || !class_of(class).is(&types().type_) {
        return None;
    }
    // SAFETY: the layout was checked.
    let class: &PyType = unsafe { &*std::ptr::from_ref(header).cast() };
    let own = class_of(object);
    if own.is_subtype(class) {
        return Some(true);
    }
    // Classes written in Python may define `__class__`, and proxies do.
    let honest = if own.has_flag(type_flags::HEAP) {
        has_own_class(own)
    } else {
        !own.is(&types().weakproxy) && !own.is(&types().weakcallableproxy)
    };
    honest.then_some(false)
}

/// Whether the object is an instance of the class, if it is of a built-in class, or is; neither is empty.
#[inline(always)]
pub fn isinstance_at_once(object: &Obj, class: Value) -> Option<bool> {
    if !known::is(class, Known::Class) {
        return None;
    }
    // SAFETY: the layout was checked.
    let class: &PyType = unsafe { &*class.ptr().cast() };
    let own = class_of(object);
    if own.is_subtype(class) {
        return Some(true);
    }
    let honest =
        !own.has_flag(type_flags::HEAP) && !own.is(&types().weakproxy) && !own.is(&types().weakcallableproxy);
    honest.then_some(false)
}

/// Whether the attribute `__class__` of instances of the class is what `object` says.
#[inline(never)]
fn has_own_class(class: &PyType) -> bool {
    let name = istr!("__class__");
    is_generic(class)
        && class
            .lookup_lent(&name)
            .zip(types().object.lookup_lent(&name))
            .is_some_and(|(found, of_object)| found.is(&of_object))
}
