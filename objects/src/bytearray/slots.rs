//! The slots of `bytearray`.

use taipan_gc::Obj;
use taipan_text::repr;

use super::{PyByteArray, cannot_resize, release};
use crate::buffer::{self, Buffer, SliceRange, has_buffer, index_in, with_bytes, with_stable_bytes};
use crate::bytes::new::{byte_of, collect_bytes};
use crate::bytes::{format, shared};
use crate::construct::{bool_obj, int_obj, not_implemented};
use crate::error::*;
use crate::native::NativeMethods;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::{Types, types};

fn value(obj: &Obj) -> PyResult<&PyByteArray> {
    obj.downcast::<PyByteArray>().ok_or_else(|| {
        type_error(format!(
            "descriptor requires a 'bytearray' object but received a '{}'",
            class_of(obj).name()
        ))
    })
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let name = class_of(obj).name();
    let text = value(obj)?.with(|bytes| repr::repr_bytearray(&name, bytes));
    Ok(PyStr::from_string(text).into_obj())
}

/// `a <op> b`; `NotImplemented` unless both are bytes-like.
fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !has_buffer(a) || !has_buffer(b) {
        return Ok(not_implemented());
    }
    let right = buffer::to_vec(b)?;
    Ok(bool_obj(with_bytes(a, |left| op.holds(left.cmp(&right)))?))
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(value(obj)?.len())
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    Ok(crate::iterators::bytearray_iter(obj.clone()))
}

fn not_an_index(key: &Obj) -> Raised {
    type_error(format!("bytearray indices must be integers or slices, not {}", class_of(key).name()))
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let array = value(obj)?;
    if key.is_layout::<crate::slice::PySlice>() {
        // The slice's indices may run code that changes the array: its length is taken afterwards.
        let parts = unpack(key)?;
        let bytes = array.with(|bytes| {
            let range = buffer::adjust(parts.0, parts.1, parts.2, bytes.len());
            if range.step == 1 {
                bytes[range.start..range.start + range.count].to_vec()
            } else {
                range.positions().map(|at| bytes[at]).collect()
            }
        });
        return Ok(PyByteArray::from_vec(bytes).into_obj());
    }
    if !protocol::has_index(key) {
        return Err(not_an_index(key));
    }
    let index = protocol::index_word(key)?;
    match array.with(|bytes| index_in(index, bytes.len()).map(|at| bytes[at])) {
        Some(byte) => Ok(int_obj(byte as i64)),
        None => Err(index_error("bytearray index out of range")),
    }
}

fn unpack(key: &Obj) -> PyResult<(isize, isize, isize)> {
    match key.downcast::<crate::slice::PySlice>() {
        Some(slice) => slice.unpack(),
        None => Err(not_an_index(key)),
    }
}

fn setitem(obj: &Obj, key: &Obj, item: Option<&Obj>) -> PyResult<()> {
    let array = value(obj)?;
    if key.is_layout::<crate::slice::PySlice>() {
        let parts = unpack(key)?;
        return match item {
            None => assign(array, parts, &[]),
            Some(item) if is_number(item) || item.is_layout::<PyStr>() => {
                Err(type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)"))
            }
            Some(item) if has_buffer(item) => with_stable_bytes(item, |bytes| assign(array, parts, bytes))?,
            Some(item) => assign(array, parts, &collect_bytes(item, "bytearray")?),
        };
    }
    if !protocol::has_index(key) {
        return Err(not_an_index(key));
    }
    let index = protocol::index_word(key)?;
    let out_of_range = || index_error("bytearray index out of range");
    match item {
        Some(item) => {
            let byte = byte_of(item, "byte")?;
            array.with_mut(|bytes| match index_in(index, bytes.len()) {
                Some(at) => {
                    bytes[at] = byte;
                    Ok(())
                }
                None => Err(out_of_range()),
            })
        }
        None => array.change(|storage, resizable| match index_in(index, storage.len()) {
            Some(at) if resizable => storage.splice(at..at + 1, &[]),
            Some(_) => Err(cannot_resize()),
            None => Err(out_of_range()),
        }),
    }
}

fn is_number(obj: &Obj) -> bool {
    let slots = &class_of(obj).slots;
    slots.index().is_some() || slots.int().is_some() || slots.float().is_some()
}

/// `array[start:stop:step] = bytes`
fn assign(array: &PyByteArray, (start, stop, step): (isize, isize, isize), with: &[u8]) -> PyResult<()> {
    array.change(|storage, resizable| {
        let range = buffer::adjust(start, stop, step, storage.len());
        let SliceRange { start, count, .. } = range;
        if step == 1 {
            if with.len() != count && !resizable {
                return Err(cannot_resize());
            }
            return if count == 0 && with.is_empty() {
                Ok(())
            } else {
                storage.splice(start..start + count, with)
            };
        }
        if with.is_empty() {
            if count == 0 {
                return Ok(());
            }
            if !resizable {
                return Err(cannot_resize());
            }
            let (first, width) = if step < 0 {
                ((start as isize + (count as isize - 1) * step) as usize, step.unsigned_abs())
            } else {
                (start, step as usize)
            };
            let mut at = 0;
            storage.vec().retain(|_| {
                let gone = at >= first && (at - first).is_multiple_of(width) && (at - first) / width < count;
                at += 1;
                !gone
            });
            return Ok(());
        }
        if with.len() != count {
            return Err(value_error(format!(
                "attempt to assign bytes of size {} to extended slice of size {count}",
                with.len()
            )));
        }
        let bytes = storage.bytes_mut();
        for (at, byte) in range.positions().zip(with) {
            bytes[at] = *byte;
        }
        Ok(())
    })
}

fn contains(obj: &Obj, item: &Obj) -> PyResult<bool> {
    value(obj)?.with_pinned(|bytes| shared::contains(bytes, item))
}

fn concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    if !has_buffer(b) {
        return Err(type_error(format!("can't concat {} to {}", class_of(b).name(), class_of(a).name())));
    }
    let mut out = buffer::to_vec(a)?;
    with_bytes(b, |right| {
        out.try_reserve(right.len()).map_err(|_| memory_error())?;
        out.extend_from_slice(right);
        Ok::<_, Raised>(())
    })??;
    Ok(PyByteArray::from_vec(out).into_obj())
}

fn inplace_concat(a: &Obj, b: &Obj) -> PyResult<Obj> {
    if !has_buffer(b) {
        return Err(type_error(format!("can't concat {} to {}", class_of(b).name(), class_of(a).name())));
    }
    let array = value(a)?;
    if a.is(b) && !array.is_empty() {
        // The array is exported to itself.
        return Err(cannot_resize());
    }
    with_stable_bytes(b, |bytes| append(array, bytes))??;
    Ok(a.clone())
}

/// Appends; an empty addition is allowed even while exported.
pub(super) fn append(array: &PyByteArray, bytes: &[u8]) -> PyResult<()> {
    insert_at(array, usize::MAX, bytes)
}

/// Inserts at `at`, or at the end if that is nearer.
pub(super) fn insert_at(array: &PyByteArray, at: usize, bytes: &[u8]) -> PyResult<()> {
    array.change(|storage, resizable| {
        if bytes.is_empty() {
            return Ok(());
        }
        if !resizable {
            return Err(cannot_resize());
        }
        let at = at.min(storage.len());
        storage.splice(at..at, bytes)
    })
}

fn times(count: &Obj) -> PyResult<usize> {
    Ok(protocol::index_word_or(count, &types().overflow_error)?.max(0) as usize)
}

fn repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let times = times(count)?;
    let repeated = value(obj)?.with(|bytes| shared::repeat(bytes, times))?;
    Ok(PyByteArray::from_vec(repeated).into_obj())
}

fn inplace_repeat(obj: &Obj, count: &Obj) -> PyResult<Obj> {
    let times = times(count)?;
    if times != 1 {
        value(obj)?.resize(|storage| {
            let repeated = shared::repeat(storage.bytes(), times)?;
            storage.set(repeated);
            Ok(())
        })?;
    }
    Ok(obj.clone())
}

fn modulo(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match a.downcast::<PyByteArray>() {
        Some(array) => {
            Ok(PyByteArray::from_vec(array.with_pinned(|template| format::percent(template, b))?).into_obj())
        }
        None => Ok(not_implemented()),
    }
}

fn export(obj: &Obj, _flags: i32) -> PyResult<Buffer> {
    let (ptr, len) = value(obj)?.export();
    // SAFETY: while exported the storage stays where it is; `release` ends the export.
    Ok(unsafe { Buffer::new(obj.clone(), ptr, len, false, Some(release)) })
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    str_: Some(repr),
    richcompare: Some(compare),
    new: Some(super::new::new),
    init: Some(super::new::init),
    iter: Some(iter),
    len: Some(len),
    getitem: Some(getitem),
    setitem: Some(setitem),
    contains: Some(contains),
    concat: Some(concat),
    repeat: Some(repeat),
    inplace_concat: Some(inplace_concat),
    inplace_repeat: Some(inplace_repeat),
    mod_: Some(modulo),
    buffer: Some(export),
    ..TypeSlots::EMPTY
};

const DOC: &str = "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\nbytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\nbytearray(int) -> bytes array of size given by the parameter initialized with null bytes\nbytearray() -> empty bytes array\n\nConstruct a mutable bytearray object from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - a bytes or a buffer object\n  - any object implementing the buffer API.\n  - an integer";

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.bytearray.slots.set_all(&SLOTS);
    types.bytearray.set_flag(type_flags::MATCH_SELF, true);
    ready::add_methods(&types.bytearray, PyByteArray::methods());
    ready::add_methods(&types.bytearray, PyByteArray::shared_methods());
    ready::set_doc(&types.bytearray, DOC);
}
