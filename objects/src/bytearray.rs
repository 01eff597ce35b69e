//! `bytearray`: a mutable array of bytes.
//!
//! Every access to the storage happens under the object's lock. While there are exports (of the buffer protocol) or pins (readers
//! that may run Python code), the storage neither moves nor changes its size: resizing raises `BufferError`.

pub mod methods;
pub mod new;
pub mod slots;

use std::cell::UnsafeCell;

use taipan_gc::{Header, Obj, Py};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::error::*;
use crate::layout;
use crate::short_section::ShortSection;
use crate::type_object::{PyType, new_instance};
use crate::types::types;

pub(crate) use slots::fill;

/// A `bytearray` object; see the module.
#[repr(C)]
pub struct PyByteArray {
    header: Header,
    /// Exports and pins. Changed under the lock, or decremented without it.
    exports: AtomicUsize,
    storage: UnsafeCell<Storage>,
}
layout!(PyByteArray, "bytearray");

// SAFETY: `storage` is only touched under the object's lock (or pinned, for reading).
unsafe impl Sync for PyByteArray {}

/// The bytes; `start` of them at the front are gone already, so that removing from the front is cheap.
#[derive(Default)]
pub(crate) struct Storage {
    vec: Vec<u8>,
    start: usize,
}

impl Storage {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.vec[self.start..]
    }
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.vec[self.start..]
    }
    pub(crate) fn len(&self) -> usize {
        self.vec.len() - self.start
    }
    /// Replaces the bytes at `range` by `with`.
    pub(crate) fn splice(&mut self, range: std::ops::Range<usize>, with: &[u8]) -> PyResult<()> {
        if range.start == 0 && with.is_empty() {
            self.start += range.end;
            if self.start > self.vec.len() / 2 {
                self.vec.drain(..self.start);
                self.start = 0;
                if self.vec.capacity() > 4 * self.vec.len() + 64 {
                    self.vec.shrink_to_fit();
                }
            }
            return Ok(());
        }
        let more = with.len().saturating_sub(range.len());
        self.vec.try_reserve(more).map_err(|_| memory_error())?;
        let (from, to) = (self.start + range.start, self.start + range.end);
        if from == self.vec.len() {
            self.vec.extend_from_slice(with);
        } else if range.len() == with.len() {
            self.vec[from..to].copy_from_slice(with);
        } else {
            self.vec.splice(from..to, with.iter().copied());
        }
        Ok(())
    }
    pub(crate) fn set(&mut self, bytes: Vec<u8>) {
        *self = Storage { vec: bytes, start: 0 };
    }
    pub(crate) fn vec(&mut self) -> &mut Vec<u8> {
        if self.start != 0 {
            self.vec.drain(..self.start);
            self.start = 0;
        }
        &mut self.vec
    }
}

impl PyByteArray {
    /// A new array.
    pub fn from_vec(bytes: Vec<u8>) -> Py<PyByteArray> {
        Self::new_of(&types().bytearray, bytes)
    }
    /// An instance of `class`, a subclass of `bytearray` or `bytearray` itself.
    pub fn new_of(class: &PyType, bytes: Vec<u8>) -> Py<PyByteArray> {
        new_instance(class, |header| PyByteArray {
            header,
            exports: AtomicUsize::new(0),
            storage: UnsafeCell::new(Storage { vec: bytes, start: 0 }),
        })
    }
    /// Runs `f` on the bytes under the lock. `f` must not run Python code (see [`PyByteArray::with_pinned`]).
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        let _section = ShortSection::enter(self.header.lock());
        // SAFETY: under the lock, which lasts until `f` is done.
        f(unsafe { &*self.storage.get() }.bytes())
    }
    /// Runs `f` on the bytes, which stay in place even if `f` runs Python code: resizing fails meanwhile.
    pub fn with_pinned<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        struct Pin<'a>(&'a AtomicUsize);
        impl Drop for Pin<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::AcqRel);
            }
        }
        let _section = CriticalSection::enter(self.header.lock());
        self.exports.fetch_add(1, Ordering::AcqRel);
        let _pin = Pin(&self.exports);
        // SAFETY: under the lock; should it be suspended, the pin keeps the storage where it is.
        f(unsafe { &*self.storage.get() }.bytes())
    }
    /// Runs `f` on the bytes to change them in place, under the lock. `f` must not run Python code.
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> R {
        let _section = ShortSection::enter(self.header.lock());
        // SAFETY: under the lock, which lasts until `f` is done.
        f(unsafe { &mut *self.storage.get() }.bytes_mut())
    }
    /// Stores a byte in place, if no other thread can see the array, which the caller holds in a register; index and byte are in range, and nothing is wrong: for
    /// code that must not call.
    #[inline(always)]
    #[must_use]
    pub fn set_at_once(&self, index: i64, byte: i64) -> bool {
        if !taipan_gc::refcount::is_alone(&self.header) {
            return false;
        }
        // SAFETY: nobody else has it, and nothing else happens meanwhile.
        let storage = unsafe { &mut *self.storage.get() };
        let at = if index < 0 { index + storage.len() as i64 } else { index };
        let (Ok(at), Ok(byte)) = (usize::try_from(at), u8::try_from(byte)) else { return false };
        match storage.vec.get_mut(storage.start + at) {
            Some(place) => *place = byte,
            None => return false,
        }
        true
    }
    /// Runs `f` to resize, under the lock; `BufferError` while exported. `f` must not run Python code.
    pub(crate) fn resize<R>(&self, f: impl FnOnce(&mut Storage) -> PyResult<R>) -> PyResult<R> {
        let _section = ShortSection::enter(self.header.lock());
        if self.exports.load(Ordering::Acquire) != 0 {
            return Err(buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        // SAFETY: under the lock, not exported.
        f(unsafe { &mut *self.storage.get() })
    }
    /// Runs `f` to change bytes and perhaps the size: `f` is told whether resizing is allowed.
    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut Storage, bool) -> PyResult<R>) -> PyResult<R> {
        let _section = ShortSection::enter(self.header.lock());
        let resizable = self.exports.load(Ordering::Acquire) == 0;
        // SAFETY: under the lock; `f` keeps the size if it is not resizable.
        f(unsafe { &mut *self.storage.get() }, resizable)
    }
    /// Runs `f` on the bytes as a `Vec` to change them at will, under the lock; `BufferError` while exported. `f` must not run Python code.
    pub fn edit<R>(&self, f: impl FnOnce(&mut Vec<u8>) -> PyResult<R>) -> PyResult<R> {
        self.resize(|storage| f(storage.vec()))
    }
    pub fn len(&self) -> usize {
        self.with(<[u8]>::len)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Begins an export: address and size.
    fn export(&self) -> (*mut u8, usize) {
        let _section = ShortSection::enter(self.header.lock());
        self.exports.fetch_add(1, Ordering::AcqRel);
        // SAFETY: under the lock.
        let bytes = unsafe { &mut *self.storage.get() }.bytes_mut();
        (bytes.as_mut_ptr(), bytes.len())
    }
}

/// Ends an export of a `bytearray`.
fn release(obj: &Obj) {
    if let Some(array) = obj.downcast::<PyByteArray>() {
        array.exports.fetch_sub(1, Ordering::AcqRel);
    }
}

/// "Existing exports of data: object cannot be re-sized"
pub(crate) fn cannot_resize() -> Raised {
    buffer_error("Existing exports of data: object cannot be re-sized")
}
