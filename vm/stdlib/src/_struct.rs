//! `_struct`: conversion between Python values and C structs as bytes.
//!
//! Values are packed into memory of our own first: converting them may run Python code, which must not happen while the
//! destination is locked.

mod format;

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use taipan_objects::buffer;
use taipan_objects::bytes::{PyBytes, bytes_value};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

pub use format::{Format, half_bits, half_value, single};

use crate::new_exception::new_exception;

fn error_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| new_exception("struct.error", &types().exception))
}

#[cold]
fn struct_error(text: &str) -> Raised {
    raise_message(error_class(), text)
}

/// The bytes of a format given as str or bytes.
fn format_text(format: &Obj) -> PyResult<Vec<u8>> {
    if let Some(text) = format.downcast::<PyStr>() {
        if let Some(text) = text.as_utf8() {
            return Ok(text.as_bytes().to_vec());
        }
        let bytes = taipan_objects::str::codecs::encode(text, "ascii", "strict")?;
        return Ok(bytes_value(&bytes).unwrap_or_default().to_vec());
    }
    match bytes_value(format) {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(type_error(format!(
            "Struct() argument 1 must be a str or bytes object, not {}",
            class_of(format).name()
        ))),
    }
}

thread_local! {
    static CACHE: RefCell<FxHashMap<Vec<u8>, Arc<Format>>> = RefCell::default();
}

/// Parsed formats that one thread remembers.
const CACHED: usize = 100;

/// The parsed format of a module function's argument.
fn cached(format: &Obj) -> PyResult<Arc<Format>> {
    let known = |text: &[u8]| CACHE.with_borrow(|cache| cache.get(text).cloned());
    let hit = match format.downcast::<PyStr>().and_then(PyStr::as_utf8) {
        Some(text) => known(text.as_bytes()),
        None => bytes_value(format).and_then(known),
    };
    if let Some(hit) = hit {
        return Ok(hit);
    }
    let text = format_text(format)?;
    let parsed = Arc::new(Format::parse(&text)?);
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(text, parsed.clone());
    });
    Ok(parsed)
}

/// `struct.Struct`. Vacant until `__init__` has run.
#[repr(C)]
pub struct PyStruct {
    header: Header,
    format: ShortMutex<Option<Arc<Format>>>,
}
layout!(PyStruct, "Struct");

/// The iterator of `iter_unpack`, over the bytes in `data`.
#[repr(C)]
pub struct PyUnpackIter {
    header: Header,
    format: Arc<Format>,
    data: Obj,
    at: AtomicUsize,
}
layout!(PyUnpackIter, "unpack_iterator", [data]);

fn struct_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_struct.Struct", PyStruct::ops())
            .slots(TypeSlots { new: Some(new), init: Some(init), repr: Some(repr_of), ..TypeSlots::EMPTY })
            .methods(PyStruct::methods())
            .getset(PyStruct::getset())
            .doc("Struct(fmt) --> compiled struct object")
            .make()
    })
}

fn iterator_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_struct.unpack_iterator", PyUnpackIter::ops())
            .slots(TypeSlots { iter: Some(|i| Ok(i.clone())), iternext: Some(iter_next), ..TypeSlots::EMPTY })
            .methods(PyUnpackIter::methods())
            .final_()
            .no_instantiation()
            .make()
    })
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    match class.downcast::<PyType>() {
        Some(class) => {
            Ok(new_instance(class, |header| PyStruct { header, format: ShortMutex::new(None) }).into_obj())
        }
        None => Err(type_error("expected a type")),
    }
}

#[pyargs(name = "Struct", sig = "(format)")]
fn parse_init(obj: &Obj, format: &Obj) -> PyResult<Obj> {
    let parsed = Arc::new(Format::parse(&format_text(format)?)?);
    if let Some(this) = obj.downcast::<PyStruct>() {
        *this.format.lock() = Some(parsed);
    }
    Ok(none())
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    parse_init(obj, args).map(drop)
}

fn repr_of(obj: &Obj) -> PyResult<Obj> {
    let format = this(obj)?.parsed()?;
    let text = String::from_utf8_lossy(&format.text).into_owned();
    Ok(str_obj(&format!("{}({})", class_of(obj).short_name(), repr_string(&str_obj(&text))?)))
}

fn this(obj: &Obj) -> PyResult<&PyStruct> {
    obj.downcast().ok_or_else(|| type_error("expected a Struct object"))
}

fn check_count(function: &str, format: &Format, given: usize) -> PyResult<()> {
    if format.values == given {
        return Ok(());
    }
    Err(struct_error(&format!("{function} expected {} items for packing (got {given})", format.values)))
}

fn pack(format: &Format, values: &[Obj]) -> PyResult<Obj> {
    check_count("pack", format, values.len())?;
    format.pack(values, |bytes| PyBytes::new(bytes).into_obj())
}

fn pack_into(format: &Format, args: &[Obj]) -> PyResult<()> {
    let [target, offset, values @ ..] = args else {
        return Err(struct_error(if args.is_empty() {
            "pack_into expected buffer argument"
        } else {
            "pack_into expected offset argument"
        }));
    };
    check_count("pack_into", format, values.len())?;
    let Some(buffer) = buffer::get_writable(target)? else {
        return Err(type_error(format!(
            "argument must be read-write bytes-like object, not {}",
            class_of(target).name()
        )));
    };
    let offset = index_word(offset)?;
    let size = format.size;
    let len = buffer.len as isize;
    let at = if offset < 0 {
        if offset + size as isize > 0 {
            return Err(struct_error(&format!("no space to pack {size} bytes at offset {offset}")));
        }
        if offset + len < 0 {
            return Err(struct_error(&format!("offset {offset} out of range for {len}-byte buffer")));
        }
        offset + len
    } else {
        offset
    };
    if len - at < size as isize {
        let wanted = size as u128 + at as u128;
        return Err(struct_error(&format!(
            "pack_into requires a buffer of at least {wanted} bytes for packing {size} bytes at offset {at} (actual buffer size is {len})"
        )));
    }
    format.pack(values, |bytes| {
        buffer.with_mut(|out| {
            if let Some(out) = out.get_mut(at as usize..at as usize + size) {
                out.copy_from_slice(bytes);
            }
        });
    })
}

fn unpack(format: &Format, data: &Obj) -> PyResult<Obj> {
    let values =
        buffer::with_bytes(data, |bytes| (bytes.len() == format.size).then(|| format.unpack(bytes)))?;
    match values {
        Some(values) => Ok(values),
        None => Err(struct_error(&format!("unpack requires a buffer of {} bytes", format.size))),
    }
}

fn unpack_from(format: &Format, data: &Obj, offset: isize) -> PyResult<Obj> {
    let size = format.size;
    let result = buffer::with_bytes(data, |bytes| {
        let len = bytes.len() as isize;
        let at = if offset < 0 {
            if offset + size as isize > 0 {
                return Err(format!("not enough data to unpack {size} bytes at offset {offset}"));
            }
            if offset + len < 0 {
                return Err(format!("offset {offset} out of range for {len}-byte buffer"));
            }
            offset + len
        } else {
            offset
        };
        if len - at < size as isize {
            let wanted = size as u128 + at as u128;
            return Err(format!(
                "unpack_from requires a buffer of at least {wanted} bytes for unpacking {size} bytes at offset {at} (actual buffer size is {len})"
            ));
        }
        Ok(format.unpack(&bytes[at as usize..at as usize + size]))
    })?;
    match result {
        Ok(values) => Ok(values),
        Err(text) => Err(struct_error(&text)),
    }
}

fn iter_unpack(format: Arc<Format>, data: &Obj) -> PyResult<Obj> {
    if format.size == 0 {
        return Err(struct_error("cannot iteratively unpack with a struct of length 0"));
    }
    let data = match data.downcast::<PyBytes>() {
        Some(_) => data.clone(),
        None => PyBytes::from_vec(buffer::to_vec(data)?).into_obj(),
    };
    if bytes_value(&data).map_or(0, <[u8]>::len) % format.size != 0 {
        return Err(struct_error(&format!(
            "iterative unpacking requires a buffer of a multiple of {} bytes",
            format.size
        )));
    }
    Ok(new_instance(iterator_class(), |header| PyUnpackIter {
        header,
        format,
        data,
        at: AtomicUsize::new(0),
    })
    .into_obj())
}

fn iter_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(this) = obj.downcast::<PyUnpackIter>() else {
        return Err(type_error("expected an unpack_iterator"));
    };
    let bytes = bytes_value(&this.data).unwrap_or_default();
    let size = this.format.size;
    let at = this
        .at
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| (at < bytes.len()).then_some(at + size));
    Ok(at.ok().map(|at| this.format.unpack(&bytes[at..at + size])))
}

#[pymethods(class = "unpack_iterator")]
impl PyUnpackIter {
    #[pymethod]
    fn __length_hint__(&self) -> usize {
        let len = bytes_value(&self.data).map_or(0, <[u8]>::len);
        len.saturating_sub(self.at.load(Ordering::Relaxed)) / self.format.size
    }
}

impl PyStruct {
    fn parsed(&self) -> PyResult<Arc<Format>> {
        self.format.lock().clone().ok_or_else(|| runtime_error("Struct object is not initialized"))
    }
}

#[pymethods(class = "Struct")]
impl PyStruct {
    /// Return a bytes object with the values packed according to the format.
    #[pymethod(sig = "(*values)", text = "")]
    fn pack(&self, values: &[Obj]) -> PyResult<Obj> {
        pack(&*self.parsed()?, values)
    }
    /// Pack the values and write the bytes into a writable buffer, starting at offset.
    #[pymethod(sig = "(*args)", text = "")]
    fn pack_into(&self, args: &[Obj]) -> PyResult<()> {
        pack_into(&*self.parsed()?, args)
    }
    /// Return a tuple of the values in the buffer, whose size must be that of the struct.
    #[pymethod]
    fn unpack(&self, buffer: &Obj) -> PyResult<Obj> {
        unpack(&*self.parsed()?, buffer)
    }
    /// Return a tuple of the values in the buffer from offset on.
    #[pymethod(sig = "(buffer, offset=0)")]
    fn unpack_from(&self, buffer: &Obj, offset: isize) -> PyResult<Obj> {
        unpack_from(&*self.parsed()?, buffer, offset)
    }
    /// Return an iterator over the structs in the buffer, each a tuple.
    #[pymethod]
    fn iter_unpack(&self, buffer: &Obj) -> PyResult<Obj> {
        iter_unpack(self.parsed()?, buffer)
    }
    #[pymethod]
    fn __sizeof__(&self) -> PyResult<usize> {
        let format = self.parsed()?;
        Ok(size_of::<PyStruct>() + format.text.len() + 32 * format.values.min(64))
    }
    /// struct format string
    #[pygetset]
    fn format(&self) -> PyResult<String> {
        Ok(String::from_utf8_lossy(&self.parsed()?.text).into_owned())
    }
    /// struct size in bytes
    #[pygetset]
    fn size(&self) -> i64 {
        self.format.lock().as_ref().map_or(-1, |f| f.size as i64)
    }
}

/// Functions to convert between Python values and C structs represented as bytes.
#[pymodule(name = "_struct")]
mod items {
    use super::*;

    #[pyattr]
    fn error() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr(name = "Struct")]
    fn struct_() -> Obj {
        struct_class().as_obj().clone()
    }

    /// Clear the internal cache.
    #[pyfunction]
    fn _clearcache() {
        CACHE.with_borrow_mut(FxHashMap::clear);
    }
    /// Return size in bytes of the struct that the format describes.
    #[pyfunction]
    fn calcsize(format: &Obj) -> PyResult<usize> {
        Ok(cached(format)?.size)
    }
    /// pack(format, v1, v2, ...) -> bytes with the values packed according to the format.
    #[pyfunction(sig = "(*args)", text = "")]
    fn pack(args: &[Obj]) -> PyResult<Obj> {
        match args.split_first() {
            Some((format, values)) => super::pack(&*cached(format)?, values),
            None => Err(type_error("missing format argument")),
        }
    }
    /// pack_into(format, buffer, offset, v1, v2, ...): pack the values and write them into the writable buffer.
    #[pyfunction(sig = "(*args)", text = "")]
    fn pack_into(args: &[Obj]) -> PyResult<()> {
        match args.split_first() {
            Some((format, rest)) => super::pack_into(&*cached(format)?, rest),
            None => Err(type_error("missing format argument")),
        }
    }
    /// Return a tuple of the values in the buffer, whose size must be that of the struct.
    #[pyfunction]
    fn unpack(format: &Obj, buffer: &Obj) -> PyResult<Obj> {
        super::unpack(&*cached(format)?, buffer)
    }
    /// Return a tuple of the values in the buffer from offset on.
    #[pyfunction(sig = "(format, /, buffer, offset=0)")]
    fn unpack_from(format: &Obj, buffer: &Obj, offset: isize) -> PyResult<Obj> {
        super::unpack_from(&*cached(format)?, buffer, offset)
    }
    /// Return an iterator over the structs in the buffer, each a tuple.
    #[pyfunction]
    fn iter_unpack(format: &Obj, buffer: &Obj) -> PyResult<Obj> {
        super::iter_unpack(cached(format)?, buffer)
    }
}
