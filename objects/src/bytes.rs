//! `bytes`: layout and construction. Parts: constructor, methods shared with `bytearray`, slots.
//!
//! The bytes are in the tail and behind the struct, or (if many, or for an instance of a subclass) a `Vec`'s, whose capacity
//! is then in the tail. Constant from construction on.

pub mod format;
pub mod methods;
pub mod new;
pub mod shared;
pub mod slots;

use std::sync::OnceLock;

use taipan_gc::{Header, Obj, Py};
use taipan_threading::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

use crate::layout;
use crate::str::hash_bytes;
use crate::type_object::PyType;
use crate::types::types;

pub(crate) use slots::fill;

/// A `bytes` object; see the module.
#[repr(C)]
pub struct PyBytes {
    header: Header,
    hash: AtomicI64,
    len: usize,
    data: AtomicPtr<u8>,
    /// First inline bytes; the capacity (not zero) of external ones.
    tail: u64,
    external: bool,
}
layout!(PyBytes, "bytes");

const NO_HASH: i64 = -1;
const MAX_INLINE: usize = 4096;

impl Drop for PyBytes {
    fn drop(&mut self) {
        if self.external {
            // SAFETY: `external` took these parts from a `Vec<u8>`.
            drop(unsafe {
                Vec::from_raw_parts(self.data.load(Ordering::Relaxed), self.len, self.tail as usize)
            });
        }
    }
}

impl PyBytes {
    fn inline(bytes: &[u8]) -> Py<PyBytes> {
        let object = Py::with_extra(
            PyBytes {
                header: Header::new(types().bytes.root_shape()),
                hash: AtomicI64::new(NO_HASH),
                len: bytes.len(),
                data: AtomicPtr::new(std::ptr::null_mut()),
                tail: 0,
                external: false,
            },
            bytes.len(),
        );
        // SAFETY: `bytes.len()` extra bytes follow the struct.
        unsafe {
            let target = object.as_ptr().cast::<u8>().add(size_of::<PyBytes>());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
            object.data.store(target, Ordering::Relaxed);
        }
        object
    }
    fn external(header: Header, extra: usize, bytes: Vec<u8>) -> Py<PyBytes> {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Py::with_extra(
            PyBytes {
                header,
                hash: AtomicI64::new(NO_HASH),
                len: bytes.len(),
                data: AtomicPtr::new(bytes.as_mut_ptr()),
                tail: bytes.capacity() as u64,
                external: true,
            },
            extra,
        )
    }
    /// A copy of the bytes.
    pub fn new(bytes: &[u8]) -> Py<PyBytes> {
        match bytes {
            [] => small()[256].clone(),
            [byte] => small()[*byte as usize].clone(),
            _ if bytes.len() <= MAX_INLINE => Self::inline(bytes),
            _ => Self::from_vec(bytes.to_vec()),
        }
    }
    /// Takes over the bytes.
    pub fn from_vec(bytes: Vec<u8>) -> Py<PyBytes> {
        if bytes.len() <= MAX_INLINE {
            return Self::new(&bytes);
        }
        Self::external(Header::new(types().bytes.root_shape()), 0, bytes)
    }
    /// An instance of `class`, a subclass of `bytes` or `bytes` itself.
    pub fn new_of(class: &PyType, bytes: Vec<u8>) -> Py<PyBytes> {
        if class.is(&types().bytes) {
            return Self::from_vec(bytes);
        }
        let (header, extra) = class.instance_header();
        Self::external(header, extra, bytes)
    }
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `data` holds `len` bytes, constant while there is a reference to the object.
        unsafe { std::slice::from_raw_parts(self.data.load(Ordering::Relaxed), self.len) }
    }
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// `hash(b)`
    pub fn python_hash(&self) -> i64 {
        match self.hash.load(Ordering::Relaxed) {
            NO_HASH => {
                let hash = hash_bytes(self.as_slice());
                self.hash.store(hash, Ordering::Relaxed);
                hash
            }
            hash => hash,
        }
    }
    /// Whether the class is `bytes` itself.
    pub fn is_exact(&self) -> bool {
        self.header.shape() == types().bytes.root_shape()
    }
    /// `self` if its class is exactly `bytes`, else a copy.
    pub fn to_exact(&self) -> Py<PyBytes> {
        if self.is_exact() { Py::from_ref(self) } else { Self::new(self.as_slice()) }
    }
}

/// The objects of one byte and the empty one, immortal.
fn small() -> &'static [Py<PyBytes>] {
    static SMALL: OnceLock<Vec<Py<PyBytes>>> = OnceLock::new();
    SMALL.get_or_init(|| {
        let mut all: Vec<Py<PyBytes>> = (0..=255u8).map(|byte| PyBytes::inline(&[byte])).collect();
        all.push(PyBytes::inline(&[]));
        all.iter().for_each(Py::immortalize);
        all
    })
}

/// The bytes of a `bytes` object.
pub fn bytes_value(obj: &Obj) -> Option<&[u8]> {
    obj.downcast::<PyBytes>().map(PyBytes::as_slice)
}
