//! The slots of `str`.

use taipan_gc::{Obj, Py};
use taipan_text::repr;
use taipan_text::units::{OwnedUnits, Unit, Units};

use super::{PyStr, concat};
use crate::buffer::{SliceRange, index_in, slice_range};
use crate::construct::{bool_obj, not_implemented};
use crate::error::*;
use crate::native::NativeMethods;
use crate::protocol;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::Types;

fn text(obj: &Obj) -> PyResult<&PyStr> {
    obj.downcast::<PyStr>().ok_or_else(|| {
        type_error(format!("descriptor requires a 'str' object but received a '{}'", class_of(obj).name()))
    })
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    Ok(PyStr::from_units(repr::repr_text(text(obj)?.units())).into_obj())
}

fn str_(obj: &Obj) -> PyResult<Obj> {
    Ok(text(obj)?.to_exact().into_obj())
}

fn hash(obj: &Obj) -> PyResult<i64> {
    Ok(text(obj)?.python_hash())
}

/// `a <op> b`; `NotImplemented` unless both are strings.
pub fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(a), Some(b)) = (a.downcast::<PyStr>(), b.downcast::<PyStr>()) else {
        return Ok(not_implemented());
    };
    Ok(bool_obj(match op {
        CompareOp::Eq => a.equals(b),
        CompareOp::Ne => !a.equals(b),
        _ => op.holds(a.units().cmp(&b.units())),
    }))
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(text(obj)?.len())
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(crate::iterators::str_iter(obj.clone()))
}

/// The character at `index` below the length.
#[inline]
pub fn char_at(string: &PyStr, index: usize) -> Option<Py<PyStr>> {
    string.units().get(index).map(PyStr::from_code_point)
}

/// `s[key]`
pub fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let string = text(obj)?;
    let len = string.len();
    if let Some(range) = slice_range(key, len)? {
        return Ok(slice(string, range).into_obj());
    }
    if !protocol::has_index(key) {
        return Err(type_error(format!("string indices must be integers, not '{}'", class_of(key).name())));
    }
    let found = index_in(protocol::index_word(key)?, len).and_then(|at| char_at(string, at));
    match found {
        Some(character) => Ok(character.into_obj()),
        None => Err(index_error("string index out of range")),
    }
}

fn slice(string: &PyStr, range: SliceRange) -> Py<PyStr> {
    if range.step == 1 {
        if range.count == string.len() {
            return string.to_exact();
        }
        return PyStr::from_slice(string.units().slice(range.start..range.start + range.count));
    }
    fn pick<U: Unit>(units: &[U], range: SliceRange) -> OwnedUnits {
        let picked: Vec<U> = range.positions().map(|at| units[at]).collect();
        U::wrap(&picked).to_buf()
    }
    PyStr::from_units(match string.units() {
        Units::Latin1(s) => pick(s, range),
        Units::Ucs2(s) => pick(s, range),
        Units::Ucs4(s) => pick(s, range),
    })
}

fn contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    let string = text(obj)?;
    match item.downcast::<PyStr>() {
        Some(item) => Ok(string.contains(item)),
        None => Err(type_error(format!(
            "'in <string>' requires string as left operand, not {}",
            class_of(item).name()
        ))),
    }
}

fn repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let times = protocol::index_word_or(count, &crate::types::types().overflow_error)?;
    Ok(concat::repeat(text(obj)?, times.max(0) as usize)?.into_obj())
}

fn modulo(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match a.downcast::<PyStr>() {
        Some(format) => super::format::percent(format, b),
        None => Ok(not_implemented()),
    }
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    str_: Some(str_),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(super::new::new),
    iter: Some(iter),
    len: Some(len),
    getitem: Some(getitem),
    contains: Some(contains),
    concat: Some(concat::concat_slot),
    repeat: Some(repeat),
    mod_: Some(modulo),
    ..TypeSlots::EMPTY
};

const DOC: &str = "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nCreate a new string object from the given object. If encoding or\nerrors is specified, then the object must expose a data buffer\nthat will be decoded using the given encoding and error handler.\nOtherwise, returns the result of object.__str__() (if defined)\nor repr(object).\nencoding defaults to 'utf-8'.\nerrors defaults to 'strict'.";

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.str.slots.set_all(&SLOTS);
    types.str.set_flag(type_flags::MATCH_SELF, true);
    ready::add_methods(&types.str, PyStr::methods());
    ready::add_methods(&types.str, PyStr::split_methods());
    ready::set_doc(&types.str, DOC);
}
