//! `memoryview`: looking at memory that another object exports.
//!
//! All views of one export share it; it ends when the last of them is released or gone. An operation takes its own copy of the
//! view's description, so that a concurrent `release` cannot pull the memory away under it. Items are read and written
//! under the lock of the object that owns the memory.

pub mod item;
pub mod methods;
pub mod slots;

use std::borrow::Cow;
use std::cell::UnsafeCell;
use std::sync::Arc;

use taipan_gc::{Header, Obj, Py};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use crate::buffer::{self, Buffer, Dimensions, request};
use crate::error::*;
use crate::layout;
use crate::layout::TraceField;
use crate::short_section::ShortSection;
use crate::type_object::class_of;
use crate::type_object::slots::BufferFn;
use crate::types::types;

pub(crate) use slots::fill;

/// What a view looks at.
#[derive(Clone)]
pub(crate) struct View {
    pub base: Arc<Buffer>,
    pub ptr: *mut u8,
    /// Bytes in all items.
    pub len: usize,
    pub readonly: bool,
    pub itemsize: usize,
    pub format: Cow<'static, str>,
    pub shape: Dimensions,
    pub strides: Dimensions,
}

/// A `memoryview` object.
#[repr(C)]
pub struct PyMemoryView {
    header: Header,
    /// `None` once released. Touched under the object's lock only.
    view: UnsafeCell<Option<View>>,
    exports: AtomicUsize,
    hash: AtomicI64,
    /// No views of it can be made: it is what `__release_buffer__` is told about. Set before anybody else knows it.
    restricted: AtomicBool,
}
layout!(
    PyMemoryView,
    "memoryview",
    trace = |this, tracer| {
        // SAFETY: the world is stopped, or this is the only owner.
        if let Some(view) = unsafe { &*this.view.get() }
            && Arc::strong_count(&view.base) == 1
        {
            view.base.owner.trace_field(tracer);
            if !view.base.guard().is(&view.base.owner) {
                view.base.guard().trace_field(tracer);
            }
        }
    }
);

// SAFETY: `view` is only touched under the object's lock; the memory it points to is exported.
unsafe impl Sync for PyMemoryView {}

impl PyMemoryView {
    pub(crate) fn new(view: View) -> Py<PyMemoryView> {
        Py::new(PyMemoryView {
            header: Header::new(types().memoryview.root_shape()),
            view: UnsafeCell::new(Some(view)),
            exports: AtomicUsize::new(0),
            hash: AtomicI64::new(-1),
            restricted: AtomicBool::new(false),
        })
    }
    /// A view of an export that is about to end.
    pub(crate) fn restricted(buffer: Buffer) -> Py<PyMemoryView> {
        let view = Self::from_buffer(buffer);
        view.restricted.store(true, Ordering::Relaxed);
        view
    }
    /// The description for another view.
    pub(crate) fn get_shared(&self) -> PyResult<View> {
        if self.restricted.load(Ordering::Relaxed) {
            return Err(value_error("cannot create new view on restricted memoryview"));
        }
        self.get()
    }
    /// A view of an export.
    pub fn from_buffer(buffer: Buffer) -> Py<PyMemoryView> {
        Self::new(View {
            ptr: buffer.as_ptr(),
            len: buffer.len,
            readonly: buffer.readonly,
            itemsize: buffer.itemsize,
            format: buffer.format.clone(),
            shape: buffer.shape.clone(),
            strides: buffer.strides.clone(),
            base: Arc::new(buffer),
        })
    }
    /// Whether `release` was called.
    pub fn is_released(&self) -> bool {
        let _section = CriticalSection::enter(self.header.lock());
        // SAFETY: under the lock.
        unsafe { &*self.view.get() }.is_none()
    }
    /// Whether it looks, not released, at what `owner` exports.
    pub(crate) fn is_of(&self, owner: &Obj) -> bool {
        let _section = CriticalSection::enter(self.header.lock());
        // SAFETY: under the lock.
        unsafe { &*self.view.get() }.as_ref().is_some_and(|view| view.base.owner.is(owner))
    }
    /// The description; `ValueError` once released.
    pub(crate) fn get(&self) -> PyResult<View> {
        let _section = ShortSection::enter(self.header.lock());
        // SAFETY: under the lock.
        match unsafe { &*self.view.get() } {
            Some(view) => Ok(view.clone()),
            None => Err(value_error("operation forbidden on released memoryview object")),
        }
    }
    /// Item `index` of a view with one dimension and a native format, if there is such an item.
    pub(crate) fn item_at(&self, index: isize) -> Option<PyResult<Obj>> {
        let section = ShortSection::enter(self.header.lock());
        // SAFETY: under the lock.
        let view = unsafe { &*self.view.get() }.as_ref()?;
        let ([len], [stride]) = (&view.shape[..], &view.strides[..]) else { return None };
        let (code, size) = item::native_code(&view.format)?;
        let offset = buffer::index_in(index, (*len).max(0) as usize)? as isize * stride;
        if size != view.itemsize {
            return None;
        }
        let ptr = view.ptr.wrapping_offset(offset);
        let base = view.base.clone();
        drop(section);
        let mut bytes = [0u8; 16];
        let bytes = &mut bytes[..size.min(16)];
        {
            let _section = base.guard().header().map(|header| ShortSection::enter(header.lock()));
            // SAFETY: the index was checked against the shape, all items of which lie in the memory that `base` keeps exported.
            unsafe { std::ptr::copy_nonoverlapping(ptr, bytes.as_mut_ptr(), bytes.len()) };
        }
        Some(item::unpack(code, bytes))
    }
    /// `m.release()`
    pub fn release(&self) -> PyResult<()> {
        let view = {
            let _section = CriticalSection::enter(self.header.lock());
            let exports = self.exports.load(Ordering::Acquire);
            if exports > 0 {
                return Err(buffer_error(format!(
                    "memoryview has {exports} exported buffer{}",
                    if exports == 1 { "" } else { "s" }
                )));
            }
            // SAFETY: under the lock.
            unsafe { &mut *self.view.get() }.take()
        };
        // Ending the export may run code: after the lock is gone.
        drop(view);
        Ok(())
    }
}

impl View {
    pub(crate) fn ndim(&self) -> usize {
        self.shape.len()
    }
    pub(crate) fn is_c_contiguous(&self) -> bool {
        buffer::is_c_contiguous(&self.shape, &self.strides, self.itemsize)
    }
    pub(crate) fn is_f_contiguous(&self) -> bool {
        buffer::is_f_contiguous(&self.shape, &self.strides, self.itemsize)
    }
    /// Copies the item at a byte offset. The caller holds the lock of [`Buffer::lock`].
    pub(crate) fn read(&self, offset: isize, to: &mut [u8]) {
        debug_assert!(to.len() <= self.itemsize);
        // SAFETY: offsets come from indices checked against the shape, all items of which lie in the exported memory.
        unsafe { std::ptr::copy_nonoverlapping(self.ptr.offset(offset), to.as_mut_ptr(), to.len()) }
    }
    /// Overwrites the item at a byte offset of a writable view. The caller holds the lock.
    pub(crate) fn write(&self, offset: isize, from: &[u8]) {
        debug_assert!(from.len() <= self.itemsize && !self.readonly);
        // SAFETY: as in `read`; the memory is writable.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), self.ptr.offset(offset), from.len()) }
    }
    /// All items in C order (or, with `fortran`, the first index changing fastest).
    pub(crate) fn to_vec(&self, fortran: bool) -> Vec<u8> {
        let _section = self.base.lock();
        let mut out = vec![0; self.len];
        let plain = if fortran { self.is_f_contiguous() } else { self.is_c_contiguous() };
        if plain && self.len > 0 {
            // SAFETY: contiguous: `len` bytes from the first item on are exported memory.
            unsafe { std::ptr::copy_nonoverlapping(self.ptr, out.as_mut_ptr(), self.len) };
            return out;
        }
        let mut at = 0;
        let mut copy = |offset: isize| {
            if let Some(to) = out.get_mut(at..at + self.itemsize) {
                self.read(offset, to);
            }
            at += self.itemsize;
        };
        if fortran {
            let shape: Dimensions = self.shape.iter().rev().copied().collect();
            let strides: Dimensions = self.strides.iter().rev().copied().collect();
            buffer::for_each_offset(&shape, &strides, &mut copy);
        } else {
            buffer::for_each_offset(&self.shape, &self.strides, &mut copy);
        }
        out
    }
    /// The item at a byte offset as an object.
    pub(crate) fn item(&self, offset: isize) -> PyResult<Obj> {
        let code = self.code()?;
        let mut bytes = [0u8; 16];
        let bytes = &mut bytes[..self.itemsize.min(16)];
        {
            let _section = self.base.lock();
            self.read(offset, bytes);
        }
        item::unpack(code, bytes)
    }
    /// The format's one character.
    pub(crate) fn code(&self) -> PyResult<u8> {
        item::native_code(&self.format)
            .filter(|&(_, size)| size == self.itemsize)
            .map(|(code, _)| code)
            .ok_or_else(|| not_implemented_error(format!("memoryview: format {} not supported", self.format)))
    }
    /// The byte offset of item `index` of dimension `dimension`.
    pub(crate) fn offset(&self, index: isize, dimension: usize) -> PyResult<isize> {
        match buffer::index_in(index, self.shape[dimension].max(0) as usize) {
            Some(at) => Ok(at as isize * self.strides[dimension]),
            None => Err(index_error(format!("index out of bounds on dimension {}", dimension + 1))),
        }
    }
}

/// `memoryview(obj)`
pub fn from_object(obj: &Obj) -> PyResult<Obj> {
    from_object_with(obj, request::FULL_RO)
}

/// `obj.__buffer__(flags)` of a native class, whose slot is `export`.
pub(crate) fn from_request(obj: &Obj, flags: &Obj, export: BufferFn) -> PyResult<Obj> {
    let flags = crate::protocol::index_word_or(flags, &types().overflow_error)?;
    match i32::try_from(flags) {
        Ok(flags) => Ok(PyMemoryView::from_buffer(export(obj, flags)?).into_obj()),
        Err(_) => Err(overflow_error("buffer flags out of range")),
    }
}

/// Ends the use of a view that `__buffer__` of a native class returned.
pub(crate) fn release_request(obj: &Obj, view: &Obj) -> PyResult<()> {
    let Some(this) = view.downcast::<PyMemoryView>() else {
        return Err(type_error("expected a memoryview object"));
    };
    if !this.is_released() && !this.get()?.base.owner.is(obj) {
        return Err(value_error("memoryview's buffer is not this object"));
    }
    this.release()
}

/// `memoryview._from_flags(obj, flags)`
pub(crate) fn from_object_with(obj: &Obj, flags: i32) -> PyResult<Obj> {
    if let Some(view) = obj.downcast::<PyMemoryView>() {
        return Ok(PyMemoryView::new(view.get_shared()?).into_obj());
    }
    if !buffer::has_buffer(obj) {
        return Err(type_error(format!(
            "memoryview: a bytes-like object is required, not '{}'",
            class_of(obj).name()
        )));
    }
    Ok(PyMemoryView::from_buffer(buffer::get(obj, flags)?).into_obj())
}
