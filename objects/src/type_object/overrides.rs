//! `typing.override` at run time: which methods of a class are marked but override nothing.

use taipan_gc::Obj;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::{PyType, class_of};
use crate::error::*;
use crate::function::PyFunction;
use crate::istr;
use crate::protocol;
use crate::str::{PyStr, intern};
use crate::types::types;

/// `-X override=error`. Written at start-up, before any class of the program is made.
static CHECKED: AtomicBool = AtomicBool::new(false);

/// From now on a class with a stale mark cannot be made.
pub fn check_from_now_on() {
    CHECKED.store(true, Ordering::Relaxed);
}

/// Whether the attribute, or a function in it, has `__override__`.
fn is_marked(value: &Obj) -> PyResult<bool> {
    let marked = |value: &Obj| match protocol::getattr_opt(value, &istr!("__override__"))? {
        Some(mark) => protocol::is_true(&mark),
        None => Ok(false),
    };
    let t = types();
    let class = class_of(value);
    // Of other objects, attributes may be anything.
    let parts: &[&str] = if value.is_layout::<PyFunction>() {
        &[]
    } else if class.is_subtype(&t.classmethod) || class.is_subtype(&t.staticmethod) {
        &["__func__"]
    } else if class.is_subtype(&t.property) {
        &["fget", "fset", "fdel"]
    } else {
        return Ok(false);
    };
    if marked(value)? {
        return Ok(true);
    }
    for part in parts {
        if let Some(function) = protocol::getattr_opt(value, &intern(part))?
            && function.is_layout::<PyFunction>()
            && marked(&function)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the class's own attributes that are marked as overriding, but that no base has.
pub fn stale(class: &PyType) -> PyResult<Vec<Obj>> {
    let mut names = Vec::new();
    for (name, value) in class.dict().snapshot() {
        let Some(text) = name.downcast::<PyStr>() else { continue };
        if !is_marked(&value)? {
            continue;
        }
        let text = intern(&text.to_string_lossy());
        if class.mro_iter().skip(1).all(|base| base.dict().get_str(&text).is_none()) {
            names.push(name);
        }
    }
    Ok(names)
}

/// `TypeError` for a new class with a stale mark, if that is asked for.
#[inline]
pub(super) fn check(class: &PyType) -> PyResult<()> {
    if CHECKED.load(Ordering::Relaxed) { check_slow(class) } else { Ok(()) }
}

#[cold]
fn check_slow(class: &PyType) -> PyResult<()> {
    match stale(class)?.first() {
        None => Ok(()),
        Some(name) => Err(type_error(format!(
            "{}.{} is marked as overriding but no base has it",
            class.full_name(),
            protocol::str_string(name)?
        ))),
    }
}
