//! The slots of `bytes`.

use taipan_gc::Obj;
use taipan_text::repr;

use super::{PyBytes, format, shared};
use crate::buffer::{self, Buffer, index_in, request, slice_range, with_bytes};
use crate::construct::{bool_obj, int_obj, not_implemented};
use crate::error::*;
use crate::native::NativeMethods;
use crate::protocol;
use crate::str::PyStr;
use crate::str::concat::try_vec;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::Types;

fn value(obj: &Obj) -> PyResult<&PyBytes> {
    obj.downcast::<PyBytes>().ok_or_else(|| {
        type_error(format!("descriptor requires a 'bytes' object but received a '{}'", class_of(obj).name()))
    })
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    Ok(PyStr::from_string(repr::repr_bytes(value(obj)?.as_slice())).into_obj())
}

fn hash(obj: &Obj) -> PyResult<i64> {
    Ok(value(obj)?.python_hash())
}

/// `a <op> b`; `NotImplemented` unless both are bytes-like.
fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let Some(left) = a.downcast::<PyBytes>() else { return Ok(not_implemented()) };
    match b.downcast::<PyBytes>() {
        Some(right) => Ok(bool_obj(op.holds(left.as_slice().cmp(right.as_slice())))),
        None => Ok(not_implemented()),
    }
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(value(obj)?.len())
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(crate::iterators::bytes_iter(obj.clone()))
}

fn item(slice: &[u8], index: isize) -> PyResult<Obj> {
    match index_in(index, slice.len()) {
        Some(at) => Ok(int_obj(slice[at] as i64)),
        None => Err(index_error("index out of range")),
    }
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let bytes = value(obj)?;
    let slice = bytes.as_slice();
    if key.value().is_int() {
        return item(slice, key.value().as_int() as isize);
    }
    if let Some(range) = slice_range(key, slice.len())? {
        if range.step == 1 {
            if range.count == slice.len() {
                return Ok(bytes.to_exact().into_obj());
            }
            return Ok(PyBytes::new(&slice[range.start..range.start + range.count]).into_obj());
        }
        return Ok(PyBytes::from_vec(range.positions().map(|at| slice[at]).collect()).into_obj());
    }
    if !protocol::has_index(key) {
        return Err(type_error(format!(
            "byte indices must be integers or slices, not {}",
            class_of(key).name()
        )));
    }
    item(slice, protocol::index_word(key)?)
}

fn contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    shared::contains(value(obj)?.as_slice(), item)
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let left = value(a)?;
    if !buffer::has_buffer(b) {
        return Err(type_error(format!("can't concat {} to {}", class_of(b).name(), class_of(a).name())));
    }
    if left.is_empty() && b.downcast::<PyBytes>().is_some_and(PyBytes::is_exact) {
        return Ok(b.clone());
    }
    if let Some(right) = b.downcast::<PyBytes>()
        && let Some(joined) = PyBytes::joined(left.as_slice(), right.as_slice())
    {
        return Ok(joined.into_obj());
    }
    let joined = with_bytes(b, |right| {
        let mut out = try_vec(left.len() + right.len())?;
        out.extend_from_slice(left.as_slice());
        out.extend_from_slice(right);
        Ok::<_, Raised>(out)
    })??;
    Ok(PyBytes::from_vec(joined).into_obj())
}

fn repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let times = protocol::index_word_or(count, &crate::types::types().overflow_error)?.max(0) as usize;
    let bytes = value(obj)?;
    if times == 1 {
        return Ok(bytes.to_exact().into_obj());
    }
    Ok(PyBytes::from_vec(shared::repeat(bytes.as_slice(), times)?).into_obj())
}

fn modulo(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match a.downcast::<PyBytes>() {
        Some(template) => Ok(PyBytes::from_vec(format::percent(template.as_slice(), b)?).into_obj()),
        None => Ok(not_implemented()),
    }
}

fn export(obj: &Obj, flags: i32) -> PyResult<Buffer> {
    let bytes = value(obj)?;
    if flags & request::WRITABLE != 0 {
        return Err(buffer_error("Object is not writable."));
    }
    let slice = bytes.as_slice();
    // SAFETY: the bytes stay where they are while the object lives.
    Ok(unsafe { Buffer::new(obj.clone(), slice.as_ptr().cast_mut(), slice.len(), true, None) })
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(super::new::new),
    iter: Some(iter),
    len: Some(len),
    getitem: Some(getitem),
    contains: Some(contains),
    concat: Some(concat),
    repeat: Some(repeat),
    mod_: Some(modulo),
    buffer: Some(export),
    ..TypeSlots::EMPTY
};

const DOC: &str = "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\nbytes(int) -> bytes object of size given by the parameter initialized with null bytes\nbytes() -> empty bytes object\n\nConstruct an immutable array of bytes from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - any object implementing the buffer API.\n  - an integer";

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.bytes.slots.set_all(&SLOTS);
    types.bytes.set_flag(type_flags::MATCH_SELF, true);
    ready::add_methods(&types.bytes, PyBytes::methods());
    ready::add_methods(&types.bytes, PyBytes::shared_methods());
    ready::set_doc(&types.bytes, DOC);
}
