//! `ssl.MemoryBIO`: bytes on their way between a program and TLS.

use std::collections::VecDeque;

use parking_lot::Mutex;
use taipan_objects::buffer;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use super::errors;
use crate::native_class;
use crate::native_class::class_argument;

#[derive(Default)]
pub struct Bytes {
    pub waiting: VecDeque<u8>,
    pub ended: bool,
}

/// A `MemoryBIO`.
#[repr(C)]
pub struct PyMemoryBio {
    header: Header,
    pub bytes: Mutex<Bytes>,
}
layout!(PyMemoryBio, "_ssl.MemoryBIO");

native_class!(
    pub fn class() = TypeBuilder::new("_ssl.MemoryBIO", PyMemoryBio::ops())
        .final_()
        .slots(TypeSlots { new: Some(construct), ..TypeSlots::EMPTY })
        .methods(PyMemoryBio::methods())
        .getset(PyMemoryBio::getset())
        .make()
);

#[pyargs(name = "MemoryBIO", sig = "()")]
fn construct(class: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyMemoryBio>(class)?;
    Ok(new_instance(class, |header| PyMemoryBio { header, bytes: Mutex::default() }).into_obj())
}

#[pymethods(class = "MemoryBIO")]
impl PyMemoryBio {
    /// Read up to size bytes from the memory BIO.
    ///
    /// If size is not specified, read the entire buffer.
    #[pymethod(sig = "(size=-1, /)")]
    fn read(&self, size: isize) -> Obj {
        let mut bytes = self.bytes.lock();
        let most = bytes.waiting.len();
        let count = usize::try_from(size).map_or(most, |size| size.min(most));
        let taken: Vec<u8> = bytes.waiting.drain(..count).collect();
        drop(bytes);
        bytes_obj(&taken)
    }
    /// Writes the bytes b into the memory BIO.
    ///
    /// Returns the number of bytes written.
    #[pymethod(sig = "(b, /)")]
    fn write(&self, b: &Obj) -> PyResult<usize> {
        let data = buffer::get(b, 0)?.to_vec();
        let mut bytes = self.bytes.lock();
        if bytes.ended {
            drop(bytes);
            return Err(errors::plain(errors::error(), 1, "cannot write() after write_eof()"));
        }
        bytes.waiting.extend(&data);
        Ok(data.len())
    }
    /// Write an EOF marker to the memory BIO.
    ///
    /// When all data has been read, the "eof" property will be True.
    #[pymethod]
    fn write_eof(&self) {
        self.bytes.lock().ended = true;
    }
    /// The number of bytes pending in the memory BIO.
    #[pygetset]
    fn pending(&self) -> usize {
        self.bytes.lock().waiting.len()
    }
    /// Whether the memory BIO is at EOF.
    #[pygetset]
    fn eof(&self) -> bool {
        let bytes = self.bytes.lock();
        bytes.ended && bytes.waiting.is_empty()
    }
}
