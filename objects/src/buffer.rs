//! The buffer protocol (PEP 3118): what exporters hand out, and how native code reads bytes-like objects. Also the
//! resolution of indices and slices that `str`, `bytes`, `bytearray` and `memoryview` share.
//!
//! Memory that is exported neither moves nor disappears until the [`Buffer`] is dropped. Its bytes may be written by other threads
//! meanwhile; Python-level writers hold the owner's lock, as do the readers here, so that they exclude one another.

use std::borrow::Cow;

use smallvec::SmallVec;
use taipan_gc::Obj;
use taipan_threading::CriticalSection;

use crate::bytearray::PyByteArray;
use crate::bytes::PyBytes;
use crate::error::*;
use crate::istr;
use crate::memoryview::PyMemoryView;
use crate::protocol;
use crate::singletons::is_none;
use crate::slice::PySlice;
use crate::type_object::trampolines::call_special;
use crate::type_object::{PyType, class_of, type_flags};
use crate::types::types;

/// What a consumer asks for (`PyBUF_*`).
pub mod request {
    pub const SIMPLE: i32 = 0;
    pub const WRITABLE: i32 = 1;
    pub const FORMAT: i32 = 4;
    pub const ND: i32 = 8;
    pub const STRIDES: i32 = 0x10 | ND;
    pub const C_CONTIGUOUS: i32 = 0x20 | STRIDES;
    pub const F_CONTIGUOUS: i32 = 0x40 | STRIDES;
    pub const ANY_CONTIGUOUS: i32 = 0x80 | STRIDES;
    pub const INDIRECT: i32 = 0x100 | STRIDES;
    pub const FULL_RO: i32 = INDIRECT | FORMAT;
    pub const FULL: i32 = FULL_RO | WRITABLE;
}

/// Sizes or strides, one for each dimension.
pub type Dimensions = SmallVec<[isize; 2]>;

/// Strides, in bytes, of a C-contiguous array of this shape. A stride beyond the machine word is the largest one.
pub fn contiguous_strides(shape: &[isize], itemsize: usize) -> Dimensions {
    let mut stride = itemsize as isize;
    let mut strides: Dimensions = shape
        .iter()
        .rev()
        .map(|&n| {
            let own = stride;
            stride = stride.saturating_mul(n);
            own
        })
        .collect();
    strides.reverse();
    strides
}

/// An export of memory. Dropping it releases the export.
pub struct Buffer {
    /// The object that exports the memory.
    pub owner: Obj,
    /// The object whose lock guards the bytes, if that is another one: what a memoryview looks at.
    guard: Option<Obj>,
    ptr: *mut u8,
    /// Bytes in all items.
    pub len: usize,
    pub readonly: bool,
    pub itemsize: usize,
    /// As in the `struct` module; `"B"` for plain bytes.
    pub format: Cow<'static, str>,
    /// Number of items in each dimension; empty: a scalar.
    pub shape: Dimensions,
    /// Bytes from one item to the next in each dimension.
    pub strides: Dimensions,
    release: Release,
}

/// What ends an export.
enum Release {
    Nothing,
    Call(fn(&Obj)),
    /// The export of a class that defines `__buffer__`: the memoryview it returned, and the hold on that one's memory.
    Python(Obj, Option<Box<Buffer>>),
    /// The export of a native base, of a class that defines `__release_buffer__`: the base's own.
    Override(Box<Buffer>),
}

// SAFETY: the memory stays valid wherever the buffer is, and is read and written under the owner's lock.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Drop for Buffer {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.release, Release::Nothing) {
            Release::Nothing => {}
            Release::Call(release) => release(&self.owner),
            Release::Python(view, hold) => {
                drop(hold);
                release_python(&self.owner, &view);
            }
            Release::Override(inner) => {
                release_python(&self.owner, PyMemoryView::restricted(*inner).as_obj())
            }
        }
    }
}

impl Buffer {
    /// An export of `len` plain bytes. `release` is called with the owner when it ends.
    ///
    /// # Safety
    /// The bytes stay where they are until `release`, and the owner keeps them alive.
    pub unsafe fn new(
        owner: Obj,
        ptr: *mut u8,
        len: usize,
        readonly: bool,
        release: Option<fn(&Obj)>,
    ) -> Buffer {
        Buffer {
            owner,
            guard: None,
            ptr,
            len,
            readonly,
            itemsize: 1,
            format: Cow::Borrowed("B"),
            shape: smallvec::smallvec![len as isize],
            strides: smallvec::smallvec![1],
            release: release.map_or(Release::Nothing, Release::Call),
        }
    }
    /// The same memory as items: C-contiguous, one dimension.
    pub fn with_items(mut self, itemsize: usize, format: impl Into<Cow<'static, str>>) -> Buffer {
        self.itemsize = itemsize;
        self.format = format.into();
        self.shape = smallvec::smallvec![(self.len / itemsize.max(1)) as isize];
        self.strides = smallvec::smallvec![itemsize as isize];
        self
    }
    /// The same memory with another shape and strides.
    ///
    /// # Safety
    /// All items of the shape lie in the exported memory.
    pub unsafe fn with_shape(mut self, shape: Dimensions, strides: Dimensions) -> Buffer {
        self.shape = shape;
        self.strides = strides;
        self
    }
    fn ending(mut self, release: impl FnOnce() -> Release) -> Buffer {
        self.release = release();
        self
    }
    /// The same memory, whose bytes another object's lock guards.
    pub fn guarded_by(mut self, guard: Obj) -> Buffer {
        self.guard = Some(guard);
        self
    }
    /// The object whose lock guards the bytes.
    pub fn guard(&self) -> &Obj {
        self.guard.as_ref().unwrap_or(&self.owner)
    }
    /// Enters a section on the lock that guards the bytes.
    pub fn lock(&self) -> Option<CriticalSection<'_>> {
        self.guard().header().map(|header| CriticalSection::enter(header.lock()))
    }
    /// Address of the first item.
    pub fn as_ptr(&self) -> *mut u8 {
        self.ptr
    }
    /// Whether the items lie one after the other in C order.
    pub fn is_contiguous(&self) -> bool {
        is_c_contiguous(&self.shape, &self.strides, self.itemsize)
    }
    /// Runs `f` on the bytes of a contiguous buffer, under the owner's lock.
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        let _section = self.lock();
        // SAFETY: exported memory, contiguous (consumers ask for that, or check).
        f(unsafe { slice_of(self.ptr, self.len) })
    }
    /// Runs `f` on the bytes of a contiguous writable buffer, under the owner's lock.
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> R {
        let _section = self.lock();
        if self.len == 0 || self.readonly {
            return f(&mut []);
        }
        // SAFETY: exported writable memory; other Python-level access waits for the lock.
        f(unsafe { std::slice::from_raw_parts_mut(self.ptr, self.len) })
    }
    /// A copy of the items in C order.
    pub fn to_vec(&self) -> Vec<u8> {
        if self.is_contiguous() {
            return self.with(<[u8]>::to_vec);
        }
        let _section = self.lock();
        let mut out = Vec::with_capacity(self.len);
        for_each_offset(&self.shape, &self.strides, |offset| {
            // SAFETY: every item of the shape lies in the exported memory.
            out.extend_from_slice(unsafe { slice_of(self.ptr.offset(offset), self.itemsize) });
        });
        out
    }
}

/// # Safety
/// `len` bytes at `ptr` are valid for reads while the slice lives.
unsafe fn slice_of<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: says the caller.
    unsafe { std::slice::from_raw_parts(ptr, len) }
}

/// Whether items lie one after the other in C order.
pub fn is_c_contiguous(shape: &[isize], strides: &[isize], itemsize: usize) -> bool {
    if shape.contains(&0) {
        return true;
    }
    let mut expected = itemsize as isize;
    shape.iter().zip(strides).rev().all(|(&n, &stride)| {
        let fits = n == 1 || stride == expected;
        expected = expected.saturating_mul(n);
        fits
    })
}

/// Whether items lie one after the other in Fortran order.
pub fn is_f_contiguous(shape: &[isize], strides: &[isize], itemsize: usize) -> bool {
    if shape.contains(&0) {
        return true;
    }
    let mut expected = itemsize as isize;
    shape.iter().zip(strides).all(|(&n, &stride)| {
        let fits = n == 1 || stride == expected;
        expected = expected.saturating_mul(n);
        fits
    })
}

/// Calls `f` with the byte offset of every item in C order.
pub fn for_each_offset(shape: &[isize], strides: &[isize], mut f: impl FnMut(isize)) {
    fn walk(shape: &[isize], strides: &[isize], base: isize, f: &mut impl FnMut(isize)) {
        match (shape.split_first(), strides.split_first()) {
            (Some((&n, shape)), Some((&stride, strides))) => {
                for i in 0..n {
                    walk(shape, strides, base + i * stride, f);
                }
            }
            _ => f(base),
        }
    }
    walk(shape, strides, 0, &mut f);
}

/// The buffer slot of classes that define `__buffer__` (PEP 688).
pub(crate) fn from_python(obj: &Obj, flags: i32) -> PyResult<Buffer> {
    let flags_obj = crate::int::from_i64(flags as i64);
    let Some(view) = call_special(obj, istr!("__buffer__").as_obj(), &[&flags_obj])? else {
        return Err(not_bytes_like(obj));
    };
    if !view.is_layout::<PyMemoryView>() {
        return Err(type_error("__buffer__ returned non-memoryview object"));
    }
    let hold = get(&view, flags)?;
    Ok(like(&hold, obj).ending(|| Release::Python(view, Some(Box::new(hold)))))
}

/// Another export of the same memory, by `owner`, that ends as [`Buffer::ending`] is told: with `hold`, which keeps the memory.
fn like(hold: &Buffer, owner: &Obj) -> Buffer {
    // SAFETY: the callers, above and below, put `hold` into the new buffer.
    let mut buffer = unsafe { Buffer::new(owner.clone(), hold.ptr, hold.len, hold.readonly, None) };
    buffer.guard = Some(hold.guard().clone());
    buffer.itemsize = hold.itemsize;
    buffer.format = hold.format.clone();
    buffer.shape = hold.shape.clone();
    buffer.strides = hold.strides.clone();
    buffer
}

/// Whether a class exports as its native base does, but wants to be told of the end.
#[cold]
fn overrides_release(class: &PyType) -> bool {
    class.lookup(&istr!("__release_buffer__")).is_some_and(|found| class_of(&found).is(&types().function))
}

/// Tells the exporter, keeping what is being raised meanwhile.
#[cold]
fn release_python(owner: &Obj, view: &Obj) {
    let pending = try_take_raised();
    if call_special(owner, istr!("__release_buffer__").as_obj(), &[view]).is_err() {
        crate::hooks::unraisable(None, Some(owner));
    }
    // What the class has from a native base ends in any case.
    if let Some(view) = view.downcast::<PyMemoryView>()
        && view.is_of(owner)
        && view.release().is_err()
    {
        drop(try_take_raised());
    }
    if let Some(pending) = pending {
        let Raised = set_raised(pending);
    }
}

/// Whether the object exports memory.
#[inline]
pub fn has_buffer(obj: &Obj) -> bool {
    class_of(obj).slots.buffer().is_some()
}

/// "a bytes-like object is required, not 'X'".
#[cold]
pub fn not_bytes_like(obj: &Obj) -> Raised {
    type_error(format!("a bytes-like object is required, not '{}'", class_of(obj).name()))
}

/// Asks the object for its memory.
pub fn get(obj: &Obj, flags: i32) -> PyResult<Buffer> {
    match class_of(obj).slots.buffer() {
        Some(buffer) => {
            let made = buffer(obj, flags)?;
            let class = class_of(obj);
            if class.has_flag(type_flags::HEAP)
                && !matches!(made.release, Release::Python(..))
                && overrides_release(class)
            {
                return Ok(like(&made, obj).ending(|| Release::Override(Box::new(made))));
            }
            Ok(made)
        }
        None => Err(not_bytes_like(obj)),
    }
}

/// Asks the object for contiguous memory to write to; `None` if it has none of that kind.
pub fn get_writable(obj: &Obj) -> PyResult<Option<Buffer>> {
    if !has_buffer(obj) {
        return Ok(None);
    }
    match get(obj, request::WRITABLE) {
        Ok(buffer) => Ok(Some(buffer)),
        Err(Raised) => catch(&crate::types::types().buffer_error).map(|_| None),
    }
}

/// Runs `f` on the bytes of a bytes-like object. They stay in place even if `f` runs Python code.
#[inline]
pub fn with_bytes<R>(obj: &Obj, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    if let Some(bytes) = obj.downcast::<PyBytes>() {
        return Ok(f(bytes.as_slice()));
    }
    with_bytes_slow(obj, f)
}

fn with_bytes_slow<R>(obj: &Obj, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    if let Some(array) = obj.downcast::<PyByteArray>() {
        return Ok(array.with_pinned(f));
    }
    let buffer = get(obj, request::SIMPLE)?;
    Ok(buffer.with(f))
}

/// As [`with_bytes`] for an operation that changes another object: the bytes of a mutable object are copied first.
pub fn with_stable_bytes<R>(obj: &Obj, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    match obj.downcast::<PyBytes>() {
        Some(bytes) => Ok(f(bytes.as_slice())),
        None => Ok(f(&to_vec(obj)?)),
    }
}

/// A copy of the bytes of a bytes-like object.
pub fn to_vec(obj: &Obj) -> PyResult<Vec<u8>> {
    if let Some(bytes) = obj.downcast::<PyBytes>() {
        return Ok(bytes.as_slice().to_vec());
    }
    if let Some(array) = obj.downcast::<PyByteArray>() {
        return Ok(array.with(<[u8]>::to_vec));
    }
    Ok(get(obj, request::FULL_RO)?.to_vec())
}

/// What a slice selects from a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceRange {
    /// The first position; where to insert if there is none.
    pub start: usize,
    pub step: isize,
    pub count: usize,
}

impl SliceRange {
    /// The selected positions.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        (0..self.count as isize).map(move |i| (self.start as isize + i * self.step) as usize)
    }
}

/// The range of a slice object; `None` if `key` is none.
#[inline]
pub fn slice_range(key: &Obj, len: usize) -> PyResult<Option<SliceRange>> {
    match key.downcast::<PySlice>() {
        Some(slice) => {
            let (start, stop, step) = slice.unpack()?;
            Ok(Some(adjust(start, stop, step, len)))
        }
        None => Ok(None),
    }
}

/// Fits an unpacked slice to a length.
pub fn adjust(start: isize, stop: isize, step: isize, len: usize) -> SliceRange {
    let len = len as isize;
    let clip = |at: isize| {
        let at = if at < 0 { at.saturating_add(len) } else { at };
        if step < 0 { at.clamp(-1, len - 1) } else { at.clamp(0, len) }
    };
    let (start, stop) = (clip(start), clip(stop));
    let count = if step > 0 && start < stop {
        (stop - start - 1) / step + 1
    } else if step < 0 && stop < start {
        (start - stop - 1) / -step + 1
    } else {
        0
    };
    SliceRange { start: start.max(0) as usize, step, count: count as usize }
}

/// An index in a slice or a bound of a search.
pub fn slice_index(obj: &Obj) -> PyResult<isize> {
    if obj.value().is_int() {
        return Ok(obj.value().as_int() as isize);
    }
    if !protocol::has_index(obj) {
        return Err(type_error("slice indices must be integers or None or have an __index__ method"));
    }
    protocol::index_clamped(obj)
}

/// The range that the optional bounds of `find` and the like select; `None` if it begins beyond the end.
#[inline]
pub fn bounds(start: Option<&Obj>, end: Option<&Obj>, len: usize) -> PyResult<Option<(usize, usize)>> {
    if start.is_none() && end.is_none() {
        return Ok(Some((0, len)));
    }
    let bound = |obj: Option<&Obj>, default: isize| match obj {
        Some(obj) if !is_none(obj) => slice_index(obj),
        _ => Ok(default),
    };
    let start = bound(start, 0)?;
    let end = bound(end, isize::MAX)?;
    Ok(taipan_text::search::adjust_bounds(start, end, len))
}

/// The position that a possibly negative index means.
#[inline]
pub fn index_in(index: isize, len: usize) -> Option<usize> {
    let at = if index < 0 { index + len as isize } else { index };
    if at >= 0 && (at as usize) < len { Some(at as usize) } else { None }
}
