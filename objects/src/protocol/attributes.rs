//! Attribute access by name.

use taipan_gc::{Obj, Py};

use super::{IntoStrong, enter_native_while, is_true};
use crate::attribute;
use crate::error::*;
use crate::str::{PyStr, intern};
use crate::type_object::slots::BinaryFn;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// `getattr(obj, name)`.
#[inline]
pub fn getattr(obj: &Obj, name: &Py<PyStr>) -> PyResult<Obj> {
    getattr_obj(obj, name.as_obj())
}

/// `getattr(obj, name)`.
pub fn getattr_obj(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    match class_of(obj).slots.getattro() {
        Some(get) => get(obj, name),
        None => attribute::generic_getattr(obj, name),
    }
    .map(IntoStrong::into_strong)
}

/// `getattr(obj, name)` by text.
pub fn getattr_str(obj: &Obj, name: &str) -> PyResult<Obj> {
    getattr(obj, &intern(name))
}

/// `getattr(obj, name, None)`: no exception is made when a plain object lacks the attribute.
pub fn getattr_opt(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    Ok(getattr_opt_lent(obj, name)?.map(IntoStrong::into_strong))
}

fn getattr_opt_lent(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    let generic: BinaryFn = attribute::generic_getattr;
    let of_type: BinaryFn = attribute::type_getattr;
    let of_module: BinaryFn = crate::module::module_getattr;
    let made;
    // What runs Python code gets the name as it came.
    let interned = if name.is_interned() {
        name
    } else {
        made = crate::str::intern_obj(name.as_obj());
        &made
    };
    match class_of(obj).slots.getattro() {
        Some(get) if get as usize == generic as usize => {
            // A property may raise AttributeError of its own.
            match attribute::generic_getattr_interned(obj, interned) {
                Err(Raised) => catch(&types().attribute_error).map(|_| None),
                found => found,
            }
        }
        Some(get) if get as usize == of_type as usize => {
            match attribute::type_getattr_interned(obj, interned) {
                Err(Raised) => catch(&types().attribute_error).map(|_| None),
                found => found,
            }
        }
        Some(get) if get as usize == of_module as usize => {
            match crate::module::module_getattr_opt(obj, name.as_obj()) {
                Err(Raised) => catch(&types().attribute_error).map(|_| None),
                found => found,
            }
        }
        _ => absent_if(getattr(obj, name), &types().attribute_error),
    }
}

/// `hasattr(obj, name)`.
pub fn hasattr(obj: &Obj, name: &Py<PyStr>) -> PyResult<bool> {
    getattr_opt(obj, name).map(|v| v.is_some())
}

/// `setattr(obj, name, value)`.
pub fn setattr(obj: &Obj, name: &Py<PyStr>, value: &Obj) -> PyResult<()> {
    set_or_delete(obj, name.as_obj(), Some(value))
}

/// `delattr(obj, name)`.
pub fn delattr(obj: &Obj, name: &Py<PyStr>) -> PyResult<()> {
    set_or_delete(obj, name.as_obj(), None)
}

/// `setattr` or, without a value, `delattr`.
pub fn set_or_delete(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    match class_of(obj).slots.setattro() {
        Some(set) => set(obj, name, value),
        None => attribute::generic_setattr(obj, name, value),
    }
}

/// A special method looked up on the class and bound to `obj`; `None` if the class lacks it.
pub fn lookup_special(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    match class_of(obj).lookup(name) {
        Some(attribute) => bind(&attribute, obj).map(Some),
        None => Ok(None),
    }
}

/// Binds class attribute `attribute` to `obj` as the descriptor protocol says.
pub fn bind(attribute: &Obj, obj: &Obj) -> PyResult<Obj> {
    match class_of(attribute).slots.descr_get() {
        Some(get) => get(attribute, Some(obj), Some(&class_of(obj).to_obj())).map(IntoStrong::into_strong),
        None => Ok(attribute.clone()),
    }
}

/// `isinstance(obj, class)` for a real class, `__instancecheck__` ignored.
pub fn is_instance_of(obj: &Obj, class: &PyType) -> bool {
    class_of(obj).is_subtype(class)
}

/// `isinstance(obj, classinfo)` in full.
pub fn isinstance(obj: &Obj, classinfo: &Obj) -> PyResult<bool> {
    if let Some(class) = classinfo.downcast::<PyType>()
        && class_of(classinfo).is(&types().type_)
    {
        return real_isinstance(obj, class);
    }
    if let Some(tuple) = classinfo.downcast::<crate::tuple::PyTuple>()
        && class_of(classinfo).is(&types().tuple)
    {
        enter_native_while(" in __instancecheck__")?;
        for class in tuple.as_slice() {
            if isinstance(obj, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if class_of(obj).to_obj().is(classinfo) {
        return Ok(true);
    }
    enter_native_while(" in __instancecheck__")?;
    if let Some(result) = crate::type_object::trampolines::call_special(
        classinfo,
        crate::istr!("__instancecheck__").as_obj(),
        &[obj],
    )? {
        return is_true(&result);
    }
    recursive_isinstance(obj, classinfo)
}

/// Whether the `__class__` of instances is surely their class: `object`'s, found in the usual way.
fn claims_nothing(class: &PyType) -> bool {
    let generic: crate::type_object::slots::BinaryFn = crate::attribute::generic_getattr;
    class.slots.getattro().is_some_and(|f| f as usize == generic as usize)
        && match (
            class.lookup_lent(&crate::istr!("__class__")),
            types().object.lookup_lent(&crate::istr!("__class__")),
        ) {
            (Some(found), Some(own)) => found.is(&own),
            _ => false,
        }
}

fn real_isinstance(obj: &Obj, class: &PyType) -> PyResult<bool> {
    if class_of(obj).is_subtype(class) {
        return Ok(true);
    }
    // `__class__` may claim otherwise (proxies, mocks).
    let own = class_of(obj);
    if own.has_flag(crate::type_object::type_flags::HEAP) && !claims_nothing(own)
        || own.is(&types().weakproxy)
        || own.is(&types().weakcallableproxy)
    {
        if let Some(claimed) = getattr_opt(obj, &crate::istr!("__class__"))?
            && let Some(claimed) = claimed.downcast::<PyType>()
            && !claimed.is(own)
        {
            return Ok(claimed.is_subtype(class));
        }
    }
    Ok(false)
}

/// `type.__instancecheck__`.
pub fn recursive_isinstance(obj: &Obj, classinfo: &Obj) -> PyResult<bool> {
    if let Some(class) = classinfo.downcast::<PyType>() {
        return real_isinstance(obj, class);
    }
    check_class(classinfo, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
    match getattr_opt(obj, &crate::istr!("__class__"))? {
        Some(class) => abstract_issubclass(&class, classinfo),
        None => Ok(false),
    }
}

/// `issubclass(derived, classinfo)` in full.
pub fn issubclass(derived: &Obj, classinfo: &Obj) -> PyResult<bool> {
    if let Some(class) = classinfo.downcast::<PyType>()
        && class_of(classinfo).is(&types().type_)
    {
        if let Some(derived) = derived.downcast::<PyType>() {
            return Ok(derived.is_subtype(class));
        }
        return recursive_issubclass(derived, classinfo);
    }
    if let Some(tuple) = classinfo.downcast::<crate::tuple::PyTuple>()
        && class_of(classinfo).is(&types().tuple)
    {
        enter_native_while(" in __subclasscheck__")?;
        for class in tuple.as_slice() {
            if issubclass(derived, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    enter_native_while(" in __subclasscheck__")?;
    if let Some(result) = crate::type_object::trampolines::call_special(
        classinfo,
        crate::istr!("__subclasscheck__").as_obj(),
        &[derived],
    )? {
        return is_true(&result);
    }
    recursive_issubclass(derived, classinfo)
}

/// `type.__subclasscheck__`.
pub fn recursive_issubclass(derived: &Obj, classinfo: &Obj) -> PyResult<bool> {
    if let (Some(derived), Some(class)) = (derived.downcast::<PyType>(), classinfo.downcast::<PyType>()) {
        return Ok(derived.is_subtype(class));
    }
    check_class(derived, "issubclass() arg 1 must be a class")?;
    check_class(classinfo, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
    abstract_issubclass(derived, classinfo)
}

fn abstract_bases(class: &Obj) -> PyResult<Option<Obj>> {
    Ok(getattr_opt(class, &crate::istr!("__bases__"))?.filter(|b| b.is_layout::<crate::tuple::PyTuple>()))
}

fn check_class(class: &Obj, message: &str) -> PyResult<()> {
    if class.is_layout::<PyType>() || abstract_bases(class)?.is_some() {
        Ok(())
    } else {
        Err(type_error(message))
    }
}

fn abstract_issubclass(derived: &Obj, class: &Obj) -> PyResult<bool> {
    if derived.is(class) {
        return Ok(true);
    }
    if let (Some(derived), Some(class)) = (derived.downcast::<PyType>(), class.downcast::<PyType>()) {
        return Ok(derived.is_subtype(class));
    }
    enter_native_while(" in __issubclass__")?;
    let Some(bases) = abstract_bases(derived)? else { return Ok(false) };
    if let Some(bases) = bases.downcast::<crate::tuple::PyTuple>() {
        for base in bases.as_slice() {
            if abstract_issubclass(base, class)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
