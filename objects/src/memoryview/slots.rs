//! The slots of `memoryview`.

use taipan_gc::Obj;
use taipan_threading::sync::atomic::Ordering;

use super::{PyMemoryView, View, item};
use crate::buffer::{self, Buffer, has_buffer, request, slice_range};
use crate::construct::{bool_obj, not_implemented, str_obj};
use crate::error::*;
use crate::native::{NativeMethods, pyargs};
use crate::protocol;
use crate::slice::PySlice;
use crate::str::hash_bytes;
use crate::tuple::PyTuple;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::{Types, types};

fn value(obj: &Obj) -> PyResult<&PyMemoryView> {
    obj.downcast::<PyMemoryView>().ok_or_else(|| {
        type_error(format!(
            "descriptor requires a 'memoryview' object but received a '{}'",
            class_of(obj).name()
        ))
    })
}

#[pyargs(name = "memoryview", sig = "(object)")]
fn new(class: &Obj, object: &Obj) -> PyResult<Obj> {
    let _final_class = class;
    super::from_object(object)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let released = if value(obj)?.is_released() { "released " } else { "" };
    Ok(str_obj(&format!("<{released}memory at {:#x}>", obj.value().counted().bits())))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let this = value(obj)?;
    let known = this.hash.load(Ordering::Relaxed);
    if known != -1 {
        return Ok(known);
    }
    let view = this.get()?;
    if !view.readonly {
        return Err(value_error("cannot hash writable memoryview object"));
    }
    if !matches!(item::native_code(&view.format), Some((b'B' | b'b' | b'c', _))) {
        return Err(value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    // The exporter must be hashable, or its bytes are not constant. Its `__hash__` cannot release the view.
    let hold = export(obj, request::FULL_RO)?;
    protocol::hash(&view.base.owner)?;
    drop(hold);
    let hash = hash_bytes(&view.to_vec(false));
    this.hash.store(hash, Ordering::Relaxed);
    Ok(hash)
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let Some(this) = a.downcast::<PyMemoryView>() else { return Ok(not_implemented()) };
    let equal = if this.is_released() || b.downcast::<PyMemoryView>().is_some_and(PyMemoryView::is_released) {
        a.is(b)
    } else if !has_buffer(b) {
        return Ok(not_implemented());
    } else {
        let left = this.get()?;
        match super::from_object(b) {
            Ok(other) => equal_views(&left, &value(&other)?.get()?)?,
            Err(Raised) => {
                drop(catch(&types().buffer_error)?);
                return Ok(not_implemented());
            }
        }
    };
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn equal_views(a: &View, b: &View) -> PyResult<bool> {
    if a.shape != b.shape {
        return Ok(false);
    }
    let (Some((x, _)), Some((y, _))) = (item::native_code(&a.format), item::native_code(&b.format)) else {
        // Formats of the struct module: equal if written alike, as far as known here.
        return Ok(a.format == b.format && a.to_vec(false) == b.to_vec(false));
    };
    let (left, right) = (a.to_vec(false), b.to_vec(false));
    if x == y && !matches!(x, b'e' | b'f' | b'd' | b'F' | b'D' | b'?') {
        return Ok(left == right);
    }
    for (p, q) in left.chunks(a.itemsize.max(1)).zip(right.chunks(b.itemsize.max(1))) {
        let equal = protocol::rich_compare(&item::unpack(x, p)?, &item::unpack(y, q)?, CompareOp::Eq)?;
        if !protocol::is_true(&equal)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn len(obj: &Obj) -> PyResult<usize> {
    match value(obj)?.get()?.shape.first() {
        Some(&n) => Ok(n as usize),
        None => Err(type_error("0-dim memory has no length")),
    }
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    let view = value(obj)?.get()?;
    match view.ndim() {
        0 => Err(type_error("invalid indexing of 0-dim memory")),
        1 => {
            view.code()?;
            Ok(crate::iterators::memory_iter(obj.clone()))
        }
        _ => Err(not_implemented_error("multi-dimensional sub-views are not implemented")),
    }
}

/// Where the item that the key names lies.
enum Place {
    Item(isize),
    Slice(View),
}

fn locate(view: &View, key: &Obj) -> PyResult<Place> {
    let ndim = view.ndim();
    if ndim == 0 {
        if key.downcast::<PyTuple>().is_some_and(|t| t.as_slice().is_empty()) {
            return Ok(Place::Item(0));
        }
        if key.is(&crate::construct::ellipsis()) {
            return Ok(Place::Slice(view.clone()));
        }
        return Err(type_error("invalid indexing of 0-dim memory"));
    }
    if protocol::has_index(key) {
        let index = protocol::index_word(key)?;
        if ndim > 1 {
            return Err(not_implemented_error("multi-dimensional sub-views are not implemented"));
        }
        return Ok(Place::Item(view.offset(index, 0)?));
    }
    if let Some(range) = slice_range(key, view.shape[0] as usize)? {
        let mut part = view.clone();
        if range.count > 0 {
            // SAFETY: the first selected item lies in the exported memory.
            part.ptr = unsafe { view.ptr.offset(range.start as isize * view.strides[0]) };
        }
        part.shape[0] = range.count as isize;
        part.strides[0] = view.strides[0] * range.step;
        part.len = part.shape.iter().product::<isize>() as usize * part.itemsize;
        return Ok(Place::Slice(part));
    }
    if let Some(tuple) = key.downcast::<PyTuple>() {
        let keys = tuple.as_slice();
        if keys.iter().all(protocol::has_index) {
            if keys.len() < ndim {
                return Err(not_implemented_error("sub-views are not implemented"));
            }
            if keys.len() > ndim {
                return Err(type_error(format!(
                    "cannot index {ndim}-dimension view with {}-element tuple",
                    keys.len()
                )));
            }
            let mut offset = 0;
            for (dimension, key) in keys.iter().enumerate() {
                offset += view.offset(protocol::index_word(key)?, dimension)?;
            }
            return Ok(Place::Item(offset));
        }
        if keys.iter().all(|k| k.is_layout::<PySlice>()) {
            return Err(not_implemented_error("multi-dimensional slicing is not implemented"));
        }
    }
    Err(type_error("memoryview: invalid slice key"))
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = value(obj)?;
    if key.value().is_int()
        && let Some(item) = this.item_at(key.value().as_int() as isize)
    {
        return item;
    }
    let view = this.get()?;
    match locate(&view, key)? {
        Place::Item(offset) => {
            if crate::int::int_ref(key).is_none() {
                // The index may have run code that released this view.
                this.get()?;
            }
            view.item(offset)
        }
        Place::Slice(part) => {
            if this.restricted.load(Ordering::Relaxed) {
                this.get_shared()?;
            }
            Ok(PyMemoryView::new(part).into_obj())
        }
    }
}

fn setitem(obj: &Obj, key: &Obj, new: Option<&Obj>) -> PyResult<()> {
    let view = value(obj)?.get()?;
    if view.readonly {
        return Err(type_error("cannot modify read-only memory"));
    }
    let Some(new) = new else { return Err(type_error("cannot delete memory")) };
    let place = locate(&view, key)?;
    value(obj)?.get()?;
    match place {
        Place::Item(offset) => {
            let packed = item::pack(view.code()?, new)?;
            // Packing may have run code that released this view; the copy keeps the memory, but writing would surprise.
            value(obj)?.get()?;
            let _section = view.base.lock();
            view.write(offset, &packed);
            Ok(())
        }
        Place::Slice(part) if part.ndim() == 0 => {
            let packed = item::pack(view.code()?, new)?;
            let _section = view.base.lock();
            view.write(0, &packed);
            Ok(())
        }
        Place::Slice(part) => {
            if view.ndim() > 1 {
                return Err(not_implemented_error(
                    "memoryview slice assignments are currently restricted to ndim = 1",
                ));
            }
            let source = buffer::get(new, request::FULL_RO)?;
            let alike = item::native_code(&source.format) == item::native_code(&part.format)
                && (source.format == part.format || item::native_code(&part.format).is_some());
            if !alike || source.shape != part.shape {
                return Err(value_error(
                    "memoryview assignment: lvalue and rvalue have different structures",
                ));
            }
            let bytes = source.to_vec();
            let _section = part.base.lock();
            for (at, from) in bytes.chunks(part.itemsize.max(1)).enumerate() {
                part.write(at as isize * part.strides[0], from);
            }
            Ok(())
        }
    }
}

/// Ends an export of a view.
fn release(obj: &Obj) {
    if let Some(view) = obj.downcast::<PyMemoryView>() {
        view.exports.fetch_sub(1, Ordering::AcqRel);
    }
}

fn export(obj: &Obj, flags: i32) -> PyResult<Buffer> {
    let this = value(obj)?;
    let view = this.get_shared()?;
    let asks = |what: i32| flags & what == what;
    if asks(request::WRITABLE) && view.readonly {
        return Err(buffer_error("memoryview: underlying buffer is not writable"));
    }
    if asks(request::C_CONTIGUOUS) && !view.is_c_contiguous() {
        return Err(buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    if asks(request::F_CONTIGUOUS) && !view.is_f_contiguous() {
        return Err(buffer_error("memoryview: underlying buffer is not Fortran contiguous"));
    }
    if asks(request::ANY_CONTIGUOUS) && !view.is_c_contiguous() && !view.is_f_contiguous() {
        return Err(buffer_error("memoryview: underlying buffer is not contiguous"));
    }
    if !asks(request::STRIDES) && !view.is_c_contiguous() {
        return Err(buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    if !asks(request::ND) && asks(request::FORMAT) {
        return Err(buffer_error("memoryview: cannot cast to unsigned bytes if the format flag is present"));
    }
    this.exports.fetch_add(1, Ordering::AcqRel);
    let guard = view.base.guard().clone();
    // SAFETY: a view with exports is not released, so the memory stays; all items of the shape lie in it.
    let buffer = unsafe {
        Buffer::new(obj.clone(), view.ptr, view.len, view.readonly, Some(release))
            .with_items(view.itemsize, view.format.clone())
            .with_shape(view.shape.clone(), view.strides.clone())
    };
    Ok(buffer.guarded_by(guard))
}

static SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(new),
    iter: Some(iter),
    len: Some(len),
    getitem: Some(getitem),
    setitem: Some(setitem),
    buffer: Some(export),
    ..TypeSlots::EMPTY
};

/// Completes the class.
pub(crate) fn fill(types: &Types) {
    types.memoryview.slots.set_all(&SLOTS);
    types.memoryview.set_flag(type_flags::SEQUENCE, true);
    ready::add_methods(&types.memoryview, PyMemoryView::methods());
    ready::add_getset(&types.memoryview, PyMemoryView::getset());
    ready::set_doc(&types.memoryview, "Create a new memoryview object which references the given object.");
}
