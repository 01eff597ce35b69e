//! `bytes`: layout and construction. Parts: constructor, methods shared with `bytearray`, slots.
//!
//! The bytes are in the tail and behind the struct, or (if many, or for an instance of a subclass) a `Vec`'s, whose capacity
//! is then in the tail. Constant from construction on.
//!
//! Inline bytes have a zero behind them, as C code wants it. External ones get one when it is asked for: in the spare capacity, or else in a copy
//! that takes their place and remembers them, as others may be reading them; flag `COPIED` of the tail says so.

pub mod format;
pub mod methods;
pub mod new;
pub mod shared;
pub mod slots;

use std::sync::OnceLock;

use taipan_gc::{Header, Obj, Py};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};

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
    /// The capacity of external bytes, and whether they are a copy with a zero. Written under the object's lock.
    tail: AtomicU64,
    external: bool,
}
layout!(PyBytes, "bytes");

const NO_HASH: i64 = -1;
const MAX_INLINE: usize = 4096;
/// In `tail`: the bytes are followed by a zero, then by the address and capacity of the `Vec` they were copied from.
const COPIED: u64 = 1 << 63;
/// Bytes behind the content of such a copy.
const BEHIND: usize = 1 + 2 * size_of::<usize>();

impl Drop for PyBytes {
    fn drop(&mut self) {
        if !self.external {
            return;
        }
        let (mut data, mut capacity) = (self.data.load(Ordering::Relaxed), self.tail.load(Ordering::Relaxed));
        if capacity & COPIED != 0 {
            // SAFETY: `zero_ended` made the copy and put these parts behind it; nobody reads the object any more.
            unsafe {
                let behind = data.add(self.len + 1).cast::<usize>();
                let former = std::ptr::with_exposed_provenance_mut(behind.read_unaligned());
                capacity = behind.add(1).read_unaligned() as u64;
                drop(Vec::from_raw_parts(data, 0, self.len + BEHIND));
                data = former;
            }
        }
        // SAFETY: `external` took these parts from a `Vec<u8>`.
        drop(unsafe { Vec::from_raw_parts(data, self.len, capacity as usize) });
    }
}

impl PyBytes {
    #[inline]
    fn inline(bytes: &[u8]) -> Py<PyBytes> {
        Self::inline_parts(bytes, &[])
    }
    /// Two parts, if they are short together and not too short.
    pub(crate) fn joined(left: &[u8], right: &[u8]) -> Option<Py<PyBytes>> {
        let len = left.len() + right.len();
        (len > 1 && len <= MAX_INLINE).then(|| Self::inline_parts(left, right))
    }
    #[inline]
    fn inline_parts(left: &[u8], right: &[u8]) -> Py<PyBytes> {
        let len = left.len() + right.len();
        let object = Py::with_extra(
            PyBytes {
                header: Header::new(types().bytes.root_shape()),
                hash: AtomicI64::new(NO_HASH),
                len,
                data: AtomicPtr::new(std::ptr::null_mut()),
                tail: AtomicU64::new(0),
                external: false,
            },
            len + 1,
        );
        // SAFETY: `len + 1` extra bytes follow the struct.
        unsafe {
            let target = object.as_ptr().cast::<u8>().add(size_of::<PyBytes>());
            std::ptr::copy_nonoverlapping(left.as_ptr(), target, left.len());
            std::ptr::copy_nonoverlapping(right.as_ptr(), target.add(left.len()), right.len());
            target.add(len).write(0);
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
                tail: AtomicU64::new(bytes.capacity() as u64),
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
    /// The address of the bytes, with a zero behind them: C code may use it as long as the object is alive.
    pub fn zero_ended(&self) -> *const u8 {
        if self.external && self.tail.load(Ordering::Acquire) & COPIED == 0 {
            self.end_with_zero();
        }
        self.data.load(Ordering::Acquire)
    }
    #[cold]
    fn end_with_zero(&self) {
        let _section = CriticalSection::enter(self.header.lock());
        let (data, capacity) = (self.data.load(Ordering::Relaxed), self.tail.load(Ordering::Relaxed));
        if capacity & COPIED != 0 {
            return;
        }
        if capacity as usize > self.len {
            // SAFETY: spare capacity, which is written here alone, under the lock.
            unsafe { data.add(self.len).write(0) };
            return;
        }
        let mut copy = Vec::with_capacity(self.len + BEHIND);
        copy.extend_from_slice(self.as_slice());
        copy.push(0);
        copy.extend_from_slice(&data.expose_provenance().to_ne_bytes());
        copy.extend_from_slice(&(capacity as usize).to_ne_bytes());
        let copy = Box::leak(copy.into_boxed_slice());
        // Release pairs with the Acquire of `zero_ended`: who sees the copy sees its content. Other readers may go on with the former bytes,
        // which are the same and stay.
        self.data.store(copy.as_mut_ptr(), Ordering::Release);
        self.tail.store(capacity | COPIED, Ordering::Release);
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
