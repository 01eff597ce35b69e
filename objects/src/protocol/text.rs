//! `repr`, `str`, `format`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use taipan_gc::{Obj, Py};
use taipan_text::TextBuf;

use super::enter_native_while;
use crate::error::*;
use crate::float::float_value;
use crate::int::int_ref;
use crate::istr;
use crate::str::{PyStr, exact_str};
use crate::type_object::class_of;
use crate::types::types;

/// `repr(obj)`.
pub fn repr(obj: &Obj) -> PyResult<Py<PyStr>> {
    enter_native_while(" while getting the repr of an object")?;
    let result = match class_of(obj).slots.repr() {
        Some(repr) => repr(obj)?,
        None => crate::object_type::object_repr(obj)?,
    };
    result.into_py::<PyStr>().map_err(|other| {
        type_error(format!("__repr__ returned non-string (type {})", class_of(&other).name()))
    })
}

/// Appends `repr(obj)`; numbers and strings of the built-in classes without an object for it.
pub(crate) fn push_repr(out: &mut TextBuf, obj: &Obj) -> PyResult<()> {
    if obj.value().is_int() {
        let (buffer, start) = crate::str::decimal(obj.value().as_int());
        out.push_latin1(&buffer[start..]);
        return Ok(());
    }
    if let Some(text) = exact_str(obj) {
        taipan_text::repr::push_repr(out, text.units());
        return Ok(());
    }
    out.push_units(repr(obj)?.units());
    Ok(())
}

/// `str(obj)`.
pub fn str(obj: &Obj) -> PyResult<Py<PyStr>> {
    if class_of(obj).is(&types().str)
        && let Some(text) = obj.to_py::<PyStr>()
    {
        return Ok(text);
    }
    enter_native_while(" while getting the str of an object")?;
    let result = match class_of(obj).slots.str_() {
        Some(str) => str(obj)?,
        None => return repr(obj),
    };
    result.into_py::<PyStr>().map_err(|other| {
        type_error(format!("__str__ returned non-string (type {})", class_of(&other).name()))
    })
}

/// `repr(obj)` as Rust text (lone surrogates replaced).
pub fn repr_string(obj: &Obj) -> PyResult<String> {
    Ok(repr(obj)?.to_string_lossy().into_owned())
}

/// `str(obj)` as Rust text (lone surrogates replaced).
pub fn str_string(obj: &Obj) -> PyResult<String> {
    Ok(str(obj)?.to_string_lossy().into_owned())
}

/// `format(obj, spec)`.
pub fn format(obj: &Obj, spec: &Obj) -> PyResult<Obj> {
    if let Some(spec) = spec.downcast::<PyStr>()
        && spec.len() == 0
    {
        let class = class_of(obj);
        if class.is(&types().str) {
            return Ok(obj.clone());
        }
        if class.is(&types().int) || class.is(&types().float) {
            return str(obj).map(Py::into_obj);
        }
    }
    // These classes never change.
    if let Some(spec) = spec.downcast::<PyStr>() {
        let class = class_of(obj);
        if class.is(&types().int)
            && let Some(number) = int_ref(obj)
        {
            return crate::str::format::format_int(obj, number, spec);
        }
        if class.is(&types().float)
            && let Some(number) = float_value(obj)
        {
            return crate::str::format::format_float(obj, number, spec);
        }
        if class.is(&types().str)
            && let Some(text) = obj.to_py::<PyStr>()
        {
            return crate::str::format::format_text(&text, spec);
        }
    }
    let Some(result) =
        crate::type_object::trampolines::call_special(obj, istr!("__format__").as_obj(), &[spec])?
    else {
        return Err(type_error(format!("Type {} doesn't define __format__", class_of(obj).name())));
    };
    if result.is_layout::<PyStr>() {
        return Ok(result);
    }
    Err(type_error(format!("__format__ must return a str, not {}", class_of(&result).name())))
}

thread_local! {
    static IN_REPR: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// Marks an object as being shown, so that a container within itself shows as `[...]`.
pub struct ReprGuard(usize);

impl ReprGuard {
    /// `None` if this thread is showing `obj` already.
    pub fn enter(obj: &Obj) -> Option<ReprGuard> {
        let address = obj.value().counted().bits() as usize;
        // A set, as deep nesting would make a list quadratic. A guard is made only by who put the mark there, as dropping it takes it away.
        IN_REPR.with_borrow_mut(|shown| shown.insert(address)).then(|| ReprGuard(address))
    }
}

impl Drop for ReprGuard {
    fn drop(&mut self) {
        IN_REPR.with_borrow_mut(|shown| shown.remove(&self.0));
    }
}
