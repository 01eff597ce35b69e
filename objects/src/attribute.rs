//! Generic attribute access (`object.__getattribute__`, `__setattr__`) and the one for classes.

use taipan_gc::{Obj, Py};

use crate::error::*;
use crate::istr;
use crate::protocol::IntoStrong;
use crate::shape;
use crate::str::{PyStr, intern_obj};
use crate::type_object::{PyType, class_of, type_flags};
use crate::types::types;
use crate::watch::{self, types::TypeChange};

/// The attribute name as an interned string.
pub fn name_of(name: &Obj) -> PyResult<Py<PyStr>> {
    match name.downcast::<PyStr>() {
        Some(_) => Ok(intern_obj(name)),
        None => Err(type_error(format!("attribute name must be string, not '{}'", class_of(name).name()))),
    }
}

/// `object.__getattribute__`.
pub fn generic_getattr(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    match generic_getattr_opt(obj, name)? {
        Some(value) => Ok(value),
        None => Err(no_attribute(obj, name)),
    }
}

/// Raises the `AttributeError` for a missing attribute, with `name` and `obj` set.
#[cold]
pub fn no_attribute(obj: &Obj, name: &Obj) -> Raised {
    let text = name.downcast::<PyStr>().map(PyStr::to_string_lossy).unwrap_or_default();
    // Programs try attributes, so this is put together without formatting.
    let message = match obj.downcast::<PyType>() {
        Some(class) => ["type object '", &class.name(), "' has no attribute '", &text, "'"].concat(),
        None => ["'", &class_of(obj).name(), "' object has no attribute '", &text, "'"].concat(),
    };
    attribute_error_for(message, obj, name)
}

/// Raises `AttributeError(message, name=name, obj=obj)`.
#[cold]
pub fn attribute_error_for(message: String, obj: &Obj, name: &Obj) -> Raised {
    let message = crate::construct::str_obj(&message);
    raise(crate::exceptions::PyBaseException::create_attribute_error(message, obj, name))
}

/// `object.__getattribute__` without making an exception on a miss.
pub fn generic_getattr_opt(obj: &Obj, name: &Obj) -> PyResult<Option<Obj>> {
    generic_getattr_interned(obj, &name_of(name)?)
}

/// [`generic_getattr_opt`] of an interned name.
pub(crate) fn generic_getattr_interned(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    let class = class_of(obj);
    let found = class.lookup_lent(name).map(protected);
    if let Some(attribute) = &found {
        let descr_class = class_of(attribute);
        if let Some(get) = descr_class.slots.descr_get()
            && descr_class.slots.descr_set().is_some()
        {
            return descriptor_result(get(attribute, Some(obj), Some(&class.to_obj())));
        }
    }
    if let Some(value) = shape::get_attribute(obj, name)? {
        return Ok(Some(value));
    }
    if let Some(attribute) = found {
        return match class_of(&attribute).slots.descr_get() {
            Some(get) => descriptor_result(get(&attribute, Some(obj), Some(&class.to_obj()))),
            None => Ok(Some(attribute)),
        };
    }
    Ok(None)
}

/// Counts a class attribute unless its class holds what it needs while it runs: functions and native descriptors are deferred, and a
/// property is not looked at again after it called its getter. So threads that share a class do not write its attributes' counts.
pub fn protected(attribute: Obj) -> Obj {
    let class = class_of(&attribute);
    let t = types();
    let lendable = [
        &t.function,
        &t.method_descriptor,
        &t.getset_descriptor,
        &t.wrapper_descriptor,
        &t.member_descriptor,
        &t.property,
    ];
    if lendable.iter().any(|c| class.is(c)) { attribute } else { attribute.into_strong() }
}

/// A descriptor's own exceptions are the caller's to see, `AttributeError` included (its message matters).
fn descriptor_result(result: PyResult<Obj>) -> PyResult<Option<Obj>> {
    result.map(Some)
}

/// `object.__setattr__` and `__delattr__`.
pub fn generic_setattr(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let name = name_of(name)?;
    let class = class_of(obj);
    let found = class.lookup(&name);
    if let Some(attribute) = &found
        && let Some(set) = class_of(attribute).slots.descr_set()
    {
        return set(attribute, obj, value);
    }
    if class.has_dict() {
        return match value {
            Some(value) => shape::set_attribute(obj, &name, value.clone()),
            None if shape::delete_attribute(obj, &name)? => Ok(()),
            None => Err(no_attribute(obj, name.as_obj())),
        };
    }
    let text = name.to_string_lossy();
    if found.is_some() {
        // Without name and object: there is nothing to suggest.
        return Err(attribute_error(format!("'{}' object attribute '{text}' is read-only", class.name())));
    }
    Err(attribute_error_for(
        format!(
            "'{}' object has no attribute '{text}' and no __dict__ for setting new attributes",
            class.name()
        ),
        obj,
        name.as_obj(),
    ))
}

/// `type.__getattribute__`.
pub fn type_getattr(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    match type_getattr_opt(obj, name)? {
        Some(value) => Ok(value),
        None => Err(no_attribute(obj, name)),
    }
}

/// `type.__getattribute__` without making an exception on a miss.
pub fn type_getattr_opt(obj: &Obj, name: &Obj) -> PyResult<Option<Obj>> {
    type_getattr_interned(obj, &name_of(name)?)
}

/// [`type_getattr_opt`] of an interned name.
pub(crate) fn type_getattr_interned(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    let Some(class) = obj.downcast::<PyType>() else { return generic_getattr_interned(obj, name) };
    let metaclass = class_of(obj);
    let meta_attribute = metaclass.lookup_lent(name).map(protected);
    if let Some(attribute) = &meta_attribute {
        let descr_class = class_of(attribute);
        if let Some(get) = descr_class.slots.descr_get()
            && descr_class.slots.descr_set().is_some()
        {
            return get(attribute, Some(obj), Some(&metaclass.to_obj())).map(Some);
        }
    }
    if let Some(attribute) = class.lookup(name) {
        return match class_of(&attribute).slots.descr_get() {
            Some(get) => get(&attribute, None, Some(obj)).map(Some),
            None => Ok(Some(attribute)),
        };
    }
    if let Some(attribute) = meta_attribute {
        return match class_of(&attribute).slots.descr_get() {
            Some(get) => get(&attribute, Some(obj), Some(&metaclass.to_obj())).map(Some),
            None => Ok(Some(attribute)),
        };
    }
    Ok(None)
}

/// `type.__setattr__` and `__delattr__`.
pub fn type_setattr(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let name = name_of(name)?;
    let Some(class) = obj.downcast::<PyType>() else { return generic_setattr(obj, name.as_obj(), value) };
    let text = name.to_string_lossy();
    if class.has_flag(type_flags::IMMUTABLE) {
        return Err(type_error(format!(
            "cannot set '{text}' attribute of immutable type '{}'",
            class.name()
        )));
    }
    if let Some(attribute) = class_of(obj).lookup_lent(&name).map(protected)
        && let Some(set) = class_of(&attribute).slots.descr_set()
    {
        let begun = watch::types::begin(class, change_of(&text, value));
        set(&attribute, obj, value)?;
        class.attribute_changed(&name, None);
        begun.end();
        return Ok(());
    }
    let dict = class.dict();
    if value.is_none() && !dict.contains(name.as_obj())? {
        return Err(no_attribute(obj, name.as_obj()));
    }
    let begun = watch::types::begin(class, change_of(&text, value));
    match value {
        Some(value) => {
            dict.set(name.as_obj().clone(), value.clone())?;
        }
        None => {
            if !dict.delete(name.as_obj())? {
                return Err(no_attribute(obj, name.as_obj()));
            }
        }
    }
    class.attribute_changed(&name, value);
    // Once lookups find it, so that what is remembered from now on knows of it.
    let is_data = |attribute: &Obj| class_of(attribute).slots.descr_set().is_some();
    let comes_first = match value {
        Some(value) => is_data(value),
        None => class.hierarchy().iter().any(|below| below.lookup_lent(&name).as_ref().is_some_and(is_data)),
    };
    if comes_first {
        crate::code::slot_caches::data_descriptor_added(class, &name);
    }
    begun.end();
    Ok(())
}

/// What is told of the setting or deleting of a class's attribute.
pub(crate) fn change_of<'a>(name: &'a str, value: Option<&'a Obj>) -> TypeChange<'a> {
    match value {
        Some(value) => TypeChange::Set { name, value },
        None => TypeChange::Deleted { name },
    }
}

/// `__dict__` of an instance.
pub fn get_dict(obj: &Obj) -> PyResult<Obj> {
    if !class_of(obj).has_dict() {
        return Err(no_attribute(obj, istr!("__dict__").as_obj()));
    }
    Ok(shape::dict_of(obj)?.into_obj())
}
