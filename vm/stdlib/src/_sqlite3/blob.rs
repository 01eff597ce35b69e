//! `sqlite3.Blob`: a value that is read and written in place.

use taipan_objects::buffer;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::detached;
use taipan_threading::sync::atomic::{AtomicI32, Ordering};

use super::connection::PyConnection;
use super::errors::{failed, programming};
use super::ffi::RawBlob;
use crate::native_class;
use crate::native_class::receiver;

/// A `Blob`.
#[repr(C)]
pub struct PyBlob {
    header: Header,
    connection: Obj,
    raw: RawBlob,
    offset: AtomicI32,
}
layout!(PyBlob, "sqlite3.Blob", [connection]);

native_class!(
    /// `sqlite3.Blob`.
    pub fn class() = TypeBuilder::new("sqlite3.Blob", PyBlob::ops())
        .flag(type_flags::HAS_WEAKREF)
        .no_instantiation()
        .slots(TypeSlots {
            len: Some(|obj| {
                let this = receiver::<PyBlob>(obj)?;
                this.check()?;
                Ok(this.len() as usize)
            }),
            getitem: Some(get),
            setitem: Some(set),
            // Parts of a blob are read by index only.
            iter: Some(|obj| {
                Err(type_error(format!("'{}' object is not iterable", class_of(obj).name())))
            }),
            ..TypeSlots::EMPTY
        })
        .methods(PyBlob::methods())
        .make()
);

pub fn make(connection: &Obj, raw: RawBlob) -> Obj {
    let connection = connection.clone();
    new_instance(class(), |header| PyBlob { header, connection, raw, offset: AtomicI32::new(0) }).into_obj()
}

impl PyBlob {
    pub fn end(&self) {
        detached(|| self.raw.close());
    }
    fn len(&self) -> i32 {
        detached(|| self.raw.len())
    }
    fn check(&self) -> PyResult<()> {
        if let Some(connection) = self.connection.downcast::<PyConnection>() {
            connection.check()?;
        }
        if detached(|| self.raw.is_closed()) {
            Err(programming("Cannot operate on a closed blob."))
        } else {
            Ok(())
        }
    }
    fn read_at(&self, offset: i32, len: i32) -> PyResult<Vec<u8>> {
        detached(|| self.raw.read(offset, len)).map_err(failed)
    }
    fn write_at(&self, offset: i32, data: &[u8]) -> PyResult<()> {
        detached(|| self.raw.write(offset, data)).map_err(failed)
    }
    fn index(&self, key: &Obj) -> PyResult<i32> {
        let at = taipan_objects::protocol::index_word_or(key, &types().index_error)?;
        let len = self.len() as isize;
        let at = if at < 0 { at + len } else { at };
        if (0..len).contains(&at) { Ok(at as i32) } else { Err(index_error("Blob index out of range")) }
    }
}

fn forward(step: isize) -> PyResult<()> {
    if step < 0 { Err(value_error("Blob slices cannot have a negative step")) } else { Ok(()) }
}

fn get(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyBlob>(obj)?;
    this.check()?;
    if let Some(range) = buffer::slice_range(key, this.len() as usize)? {
        let all: Vec<usize> = range.positions().collect();
        let (Some(least), Some(most)) = (all.iter().min(), all.iter().max()) else {
            return Ok(bytes_obj(b""));
        };
        forward(range.step)?;
        let span = this.read_at(*least as i32, (most - least + 1) as i32)?;
        return Ok(bytes_obj(&all.iter().map(|at| span[at - least]).collect::<Vec<u8>>()));
    }
    if !taipan_objects::protocol::has_index(key) {
        return Err(type_error("Blob indices must be integers"));
    }
    let at = this.index(key)?;
    Ok(int_obj(i64::from(this.read_at(at, 1)?[0])))
}

fn set(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let this = receiver::<PyBlob>(obj)?;
    this.check()?;
    let Some(value) = value else {
        let what = if taipan_objects::protocol::has_index(key) { "item" } else { "slice" };
        return Err(type_error(format!("Blob doesn't support {what} deletion")));
    };
    if let Some(range) = buffer::slice_range(key, this.len() as usize)? {
        let data = buffer::get(value, 0)?.to_vec();
        let all: Vec<usize> = range.positions().collect();
        if data.len() != all.len() {
            return Err(index_error("Blob slice assignment is wrong size"));
        }
        let (Some(least), Some(most)) = (all.iter().min(), all.iter().max()) else { return Ok(()) };
        forward(range.step)?;
        if most - least + 1 == all.len() && range.step == 1 {
            return this.write_at(*least as i32, &data);
        }
        let mut span = this.read_at(*least as i32, (most - least + 1) as i32)?;
        for (at, byte) in all.iter().zip(&data) {
            span[at - least] = *byte;
        }
        return this.write_at(*least as i32, &span);
    }
    if !taipan_objects::protocol::has_index(key) {
        return Err(type_error("Blob indices must be integers"));
    }
    let at = this.index(key)?;
    if taipan_objects::int::int_ref(value).is_none() {
        return Err(type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            class_of(value).name()
        )));
    }
    let byte =
        taipan_objects::int::int_ref(value).and_then(|i| i.to_i64()).and_then(|i| u8::try_from(i).ok());
    let Some(byte) = byte else { return Err(value_error("byte must be in range(0, 256)")) };
    this.write_at(at, &[byte])
}

#[pymethods(class = "sqlite3.Blob")]
impl PyBlob {
    /// Read data at the current offset position.
    #[pymethod(sig = "(length=-1, /)")]
    fn read(&self, length: i32) -> PyResult<Obj> {
        self.check()?;
        let offset = self.offset.load(Ordering::Relaxed);
        let rest = self.len() - offset;
        let length = if length < 0 || length > rest { rest } else { length };
        if length <= 0 {
            return Ok(bytes_obj(b""));
        }
        let bytes = self.read_at(offset, length)?;
        self.offset.store(offset + length, Ordering::Relaxed);
        Ok(bytes_obj(&bytes))
    }
    /// Write data at the current offset.
    #[pymethod]
    fn write(&self, data: &Obj) -> PyResult<()> {
        self.check()?;
        let data = buffer::get(data, 0)?.to_vec();
        let offset = self.offset.load(Ordering::Relaxed);
        if data.len() as i64 > i64::from(self.len() - offset) {
            return Err(value_error("data longer than blob length"));
        }
        self.write_at(offset, &data)?;
        self.offset.store(offset + data.len() as i32, Ordering::Relaxed);
        Ok(())
    }
    /// Set the current access position to offset.
    #[pymethod(sig = "(offset, origin=0, /)")]
    fn seek(&self, offset: i32, origin: i32) -> PyResult<()> {
        self.check()?;
        let len = self.len();
        let base = match origin {
            0 => 0,
            1 => self.offset.load(Ordering::Relaxed),
            2 => len,
            _ => return Err(value_error("'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END")),
        };
        let Some(at) = base.checked_add(offset) else {
            return Err(overflow_error("seek offset results in overflow"));
        };
        if !(0..=len).contains(&at) {
            return Err(value_error("offset out of blob range"));
        }
        self.offset.store(at, Ordering::Relaxed);
        Ok(())
    }
    /// Return the current access position for the blob.
    #[pymethod]
    fn tell(&self) -> PyResult<i64> {
        self.check()?;
        Ok(i64::from(self.offset.load(Ordering::Relaxed)))
    }
    /// Close the blob.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if let Some(connection) = self.connection.downcast::<PyConnection>() {
            connection.check()?;
        }
        self.end();
        Ok(())
    }
    /// Blob context manager enter.
    #[pymethod]
    fn __enter__(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyBlob>(slf)?.check()?;
        Ok(slf.clone())
    }
    /// Blob context manager exit.
    #[pymethod(sig = "(type, val, tb, /)")]
    fn __exit__(&self, r#type: &Obj, val: &Obj, tb: &Obj) -> PyResult<bool> {
        let _ = (r#type, val, tb);
        self.check()?;
        self.end();
        Ok(false)
    }
}
