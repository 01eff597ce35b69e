//! Lengths, subscripts, membership.

use taipan_gc::{Obj, Py};

use super::{IntoStrong, eq, getattr_opt, index, iter, next};
use crate::error::*;
use crate::generic_alias;
use crate::istr;
use crate::type_object::{PyType, class_of, type_flags};
use crate::types::types;

/// `len(obj)`.
pub fn len(obj: &Obj) -> PyResult<usize> {
    match class_of(obj).slots.len() {
        Some(len) => len(obj),
        None => Err(type_error(format!("object of type '{}' has no len()", class_of(obj).name()))),
    }
}

/// `obj[key]`.
pub fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    if let Some(getitem) = class_of(obj).slots.getitem() {
        return getitem(obj, key).map(super::IntoStrong::into_strong);
    }
    if let Some(class) = obj.downcast::<PyType>() {
        if class.is(&types().type_) {
            return Ok(generic_alias::new(obj, key));
        }
        if let Some(method) = getattr_opt(obj, &istr!("__class_getitem__"))?
            && !crate::singletons::is_none(&method)
        {
            return super::call1(&method, key);
        }
        return Err(type_error(format!("type '{}' is not subscriptable", class.name())));
    }
    Err(type_error(format!("'{}' object is not subscriptable", class_of(obj).name())))
}

/// `obj[key] = value`.
pub fn setitem(obj: &Obj, key: &Obj, value: &Obj) -> PyResult<()> {
    match class_of(obj).slots.setitem() {
        Some(set) => set(obj, key, Some(value)),
        None => {
            Err(type_error(format!("'{}' object does not support item assignment", class_of(obj).name())))
        }
    }
}

/// `del obj[key]`.
pub fn delitem(obj: &Obj, key: &Obj) -> PyResult<()> {
    match class_of(obj).slots.setitem() {
        Some(set) => set(obj, key, None),
        None => Err(no_deletion(obj, key)),
    }
}

/// CPython has two texts: one for sequences and indices, another for the rest.
#[cold]
fn no_deletion(obj: &Obj, key: &Obj) -> Raised {
    let class = class_of(obj);
    let slots = &class.slots;
    let sequence = class.has_flag(type_flags::HEAP) || slots.len().is_some() || slots.contains().is_some();
    let does_not = if sequence && super::has_index(key) { "doesn't" } else { "does not" };
    type_error(format!("'{}' object {does_not} support item deletion", class.name()))
}

/// `item in obj`.
pub fn contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    match class_of(obj).slots.contains() {
        Some(contains) => contains(obj, item),
        None => iter_contains(obj, item),
    }
}

/// Membership by iterating.
pub fn iter_contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    let class = class_of(obj);
    let refuse = || type_error(format!("argument of type '{}' is not a container or iterable", class.name()));
    if class.slots.iter().is_none() && class.slots.getitem().is_none() {
        return Err(refuse());
    }
    // Whatever TypeError says that there is no iterator, CPython says this.
    let iterator = iter(obj).or_else(|Raised| catch(&types().type_error).and_then(|_| Err(refuse())))?;
    while let Some(candidate) = next(&iterator)? {
        if eq(&candidate.into_strong(), item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether subscripts with integers make sense: has `__getitem__` and is not a dict (`PySequence_Check`).
pub fn is_sequence(obj: &Obj) -> bool {
    class_of(obj).slots.getitem().is_some()
        && !obj.is_layout::<crate::dict::PyDict>()
        && !obj.is_layout::<crate::union::PyUnion>()
}

/// An index object's value clamped to the machine word, as slices use it.
pub fn index_clamped(obj: &Obj) -> PyResult<isize> {
    let index = index(obj)?;
    match crate::int::int_ref(&index) {
        Some(i) => Ok(match i.to_i64() {
            Some(i) => i as isize,
            None if i.is_negative() => isize::MIN,
            None => isize::MAX,
        }),
        None => Err(type_error("an index is not an integer")),
    }
}

/// An index object's value; `IndexError` when it does not fit a machine word.
pub fn index_word(obj: &Obj) -> PyResult<isize> {
    index_word_or(obj, &types().index_error)
}

/// As [`index_word`] with the error class to raise on overflow.
pub fn index_word_or(obj: &Obj, class: &Py<PyType>) -> PyResult<isize> {
    if obj.value().is_int() {
        return Ok(obj.value().as_int() as isize);
    }
    let index = index(obj)?;
    match crate::int::int_ref(&index).and_then(|i| i.to_i64()) {
        Some(i) => Ok(i as isize),
        None => Err(raise_message(
            class,
            format!("cannot fit '{}' into an index-sized integer", class_of(obj).name()),
        )),
    }
}

/// `operator.length_hint(obj, default)`.
pub fn length_hint(obj: &Obj, default: usize) -> PyResult<usize> {
    if let Some(len) = class_of(obj).slots.len() {
        match len(obj) {
            Ok(n) => return Ok(n),
            Err(Raised) => drop(catch(&types().type_error)?),
        }
    }
    let Some(hint) =
        crate::type_object::trampolines::call_special(obj, istr!("__length_hint__").as_obj(), &[])
            .or_else(|_| catch(&types().type_error).map(|_| None))?
    else {
        return Ok(default);
    };
    if crate::singletons::is_not_implemented(&hint) {
        return Ok(default);
    }
    match crate::int::int_ref(&hint) {
        Some(i) => match i.to_i64() {
            Some(n) if n >= 0 => Ok(n as usize),
            Some(_) => Err(value_error("__length_hint__() should return >= 0")),
            None => Err(overflow_error("cannot fit 'int' into an index-sized integer")),
        },
        None => {
            Err(type_error(format!("__length_hint__ must be an integer, not {}", class_of(&hint).name())))
        }
    }
}
