//! `BytesIO`: a file in memory.
//!
//! The bytes are those of the `bytes` object that it was made of until somebody wants to write; then those of a `bytearray` that nobody else has, except through the memory views of
//! `getbuffer`, while which exist its size cannot change. Methods hold the locks of both objects at once, so position and bytes fit together.

use taipan_objects::bytearray::PyByteArray;
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::new_instance;
use taipan_objects::{buffer, memoryview, shape};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};
use taipan_threading::{CriticalSection, multi_threaded};

use super::base::stream_class;
use super::{Size, class_argument, closed_file, this};

/// A file in memory.
#[repr(C)]
pub struct PyBytesIO {
    header: Header,
    /// A `bytes` object that may be others', too, or a `bytearray` of its own; nothing: closed.
    contents: Slot,
    /// May lie beyond the end. Changed under the lock.
    position: AtomicUsize,
}
layout!(PyBytesIO, "BytesIO", [contents]);

impl PyBytesIO {
    fn contents(&self) -> PyResult<Obj> {
        self.contents.load().ok_or_else(closed_file)
    }
    /// The contents where they can be written.
    fn own(&self) -> PyResult<Py<PyByteArray>> {
        loop {
            let contents = match self.contents()?.into_py::<PyByteArray>() {
                Ok(own) => return Ok(own),
                Err(shared) => shared,
            };
            let own = PyByteArray::from_vec(bytes_of(&contents, <[u8]>::to_vec)?);
            let _section = multi_threaded().then(|| CriticalSection::enter(self.header.lock()));
            // Others may have been faster.
            if self.contents()?.is(&contents) {
                self.contents.store(own.clone().into_obj());
                return Ok(own);
            }
        }
    }
    /// Runs `f` with both locks.
    fn locked<R>(&self, f: impl FnOnce(&PyByteArray, usize) -> PyResult<R>) -> PyResult<R> {
        let contents = self.own()?;
        // No Python code runs and no safepoint is reached in `f`: one thread has nobody to exclude.
        let _section =
            multi_threaded().then(|| CriticalSection::enter2(self.header.lock(), contents.header().lock()));
        f(&contents, self.position.load(Ordering::Relaxed))
    }
    /// Runs `f` with the bytes and the position, and both locks. It reaches no safepoint.
    fn reading<R>(&self, f: impl FnOnce(&[u8], usize) -> R) -> PyResult<R> {
        let at = || self.position.load(Ordering::Relaxed);
        // As in `locked`; what reaches no safepoint need not count, either.
        if !multi_threaded()
            && let Some(contents) = self.contents.load_uncounted()
        {
            return bytes_of(&contents, |bytes| f(bytes, at()));
        }
        loop {
            let contents = self.contents()?;
            let is_shared = contents.downcast::<PyBytes>().is_some();
            let _section = multi_threaded().then(|| match contents.header().filter(|_| !is_shared) {
                Some(own) => CriticalSection::enter2(self.header.lock(), own.lock()),
                None => CriticalSection::enter(self.header.lock()),
            });
            // Somebody may just have wanted to write.
            if !is_shared || self.contents()?.is(&contents) {
                return bytes_of(&contents, |bytes| f(bytes, at()));
            }
        }
    }
    /// Memory views of the contents forbid replacing them.
    fn check_no_views(&self) -> PyResult<()> {
        self.contents()?.downcast::<PyByteArray>().map_or(Ok(()), |own| own.edit(|_| Ok(())))
    }
    fn move_to(&self, position: usize) {
        self.position.store(position, Ordering::Relaxed);
    }
    /// Takes up to `size` bytes, or all that are left, as what `make` makes of them.
    fn take<R>(&self, size: isize, make: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
        self.reading(|bytes, at| {
            let left = bytes.get(at..).unwrap_or(&[]);
            let data = &left[..usize::try_from(size).map_or(left.len(), |n| n.min(left.len()))];
            self.move_to(at + data.len());
            make(data)
        })
    }
    fn take_line(&self, size: isize) -> PyResult<Vec<u8>> {
        self.reading(|bytes, at| {
            let left = bytes.get(at..).unwrap_or(&[]);
            let left = &left[..usize::try_from(size).map_or(left.len(), |n| n.min(left.len()))];
            let line = memchr::memchr(b'\n', left).map_or(left, |end| &left[..=end]).to_vec();
            self.move_to(at + line.len());
            line
        })
    }
    fn put(&self, data: &[u8]) -> PyResult<usize> {
        self.locked(|contents, at| {
            contents.edit(|bytes| {
                let end = at.checked_add(data.len()).filter(|end| *end <= isize::MAX as usize);
                let end = end.ok_or_else(|| overflow_error("new position too large"))?;
                if data.is_empty() {
                    return Ok(());
                }
                if end > bytes.len() {
                    bytes.try_reserve(end - bytes.len()).map_err(|_| memory_error())?;
                }
                if at > bytes.len() {
                    bytes.resize(at, 0);
                }
                let inside = data.len().min(bytes.len() - at);
                bytes[at..at + inside].copy_from_slice(&data[..inside]);
                bytes.extend_from_slice(&data[inside..]);
                Ok(())
            })?;
            self.move_to(at + data.len());
            Ok(data.len())
        })
    }
}

/// Runs `f` with the bytes of what a stream has for its contents.
#[inline(always)]
fn bytes_of<R>(contents: &Obj, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    if let Some(shared) = contents.downcast::<PyBytes>() {
        return Ok(f(shared.as_slice()));
    }
    match contents.downcast::<PyByteArray>() {
        Some(own) => Ok(own.with(|bytes| f(bytes))),
        None => Err(closed_file()),
    }
}

/// What a stream with the bytes of an object has for its contents.
fn contents_of(bytes: &Obj) -> PyResult<Obj> {
    if class_of(bytes).is(&types().bytes) {
        return Ok(bytes.clone());
    }
    Ok(PyByteArray::from_vec(buffer::to_vec(bytes)?).into_obj())
}

/// Whether `obj`, if it is of exactly this class, is closed.
pub fn closed_quickly(obj: &Obj) -> Option<bool> {
    if !class_of(obj).is(&super::classes().bytes_io) {
        return None;
    }
    obj.downcast::<PyBytesIO>().map(|stream| stream.contents.is_empty())
}

fn size_of_argument(size: Option<Size>) -> isize {
    size.map_or(-1, |s| s.0)
}

#[pymethods(class = "_io.BytesIO")]
impl PyBytesIO {
    /// Returns True if the IO object can be read.
    #[pymethod]
    fn readable(&self) -> PyResult<bool> {
        self.contents().map(|_| true)
    }
    /// Returns True if the IO object can be written.
    #[pymethod]
    fn writable(&self) -> PyResult<bool> {
        self.contents().map(|_| true)
    }
    /// Returns True if the IO object can be seeked.
    #[pymethod]
    fn seekable(&self) -> PyResult<bool> {
        self.contents().map(|_| true)
    }
    /// Does nothing.
    #[pymethod]
    fn flush(&self) -> PyResult<()> {
        self.contents().map(drop)
    }
    /// Always returns False.
    #[pymethod]
    fn isatty(&self) -> PyResult<bool> {
        self.contents().map(|_| false)
    }
    /// Current file position, an integer.
    #[pymethod]
    fn tell(&self) -> PyResult<usize> {
        self.reading(|_, at| at)
    }
    /// Read at most size bytes, returned as a bytes object.
    #[pymethod(sig = "(size=-1, /)")]
    fn read(&self, size: Option<Size>) -> PyResult<Obj> {
        self.take(size_of_argument(size), bytes_obj)
    }
    /// Read at most size bytes, returned as a bytes object.
    #[pymethod(sig = "(size=-1, /)")]
    fn read1(&self, size: Option<Size>) -> PyResult<Obj> {
        self.take(size_of_argument(size), bytes_obj)
    }
    /// Next line from the file, as a bytes object.
    #[pymethod(sig = "(size=-1, /)")]
    fn readline(&self, size: Option<Size>) -> PyResult<Obj> {
        Ok(PyBytes::from_vec(self.take_line(size_of_argument(size))?).into_obj())
    }
    /// List of bytes objects, each a line from the file.
    #[pymethod(sig = "(size=None, /)")]
    fn readlines(&self, size: Option<&Obj>) -> PyResult<Obj> {
        let most = match size.filter(|s| !is_none(s)) {
            Some(size) => match usize::try_from(Size::from_arg(size)?.0) {
                Ok(most) if most > 0 => most,
                _ => usize::MAX,
            },
            None => usize::MAX,
        };
        let (mut lines, mut total) = (Vec::new(), 0);
        loop {
            let line = self.take_line(-1)?;
            total += line.len();
            if line.is_empty() {
                break;
            }
            lines.push(PyBytes::from_vec(line).into_obj());
            if total >= most {
                break;
            }
        }
        Ok(list_obj(lines))
    }
    /// Read bytes into buffer.
    #[pymethod]
    fn readinto(&self, buffer: &Obj) -> PyResult<usize> {
        self.contents()?;
        let Some(target) = buffer::get_writable(buffer)? else {
            let name = class_of(buffer).name();
            return Err(type_error(format!(
                "readinto() argument must be read-write bytes-like object, not {name}"
            )));
        };
        let data = self.take(target.len as isize, <[u8]>::to_vec)?;
        target.with_mut(|bytes| bytes[..data.len()].copy_from_slice(&data));
        Ok(data.len())
    }
    /// Write bytes to file.
    #[pymethod]
    fn write(&self, b: &Obj) -> PyResult<usize> {
        self.contents()?;
        buffer::with_stable_bytes(b, |bytes| self.put(bytes))?
    }
    /// Write lines to the file.
    #[pymethod]
    fn writelines(slf: &Obj, lines: &Obj) -> PyResult<()> {
        let this = this::<PyBytesIO>(slf)?;
        this.contents()?;
        for_each(lines, |line| buffer::with_stable_bytes(&line, |bytes| this.put(bytes))?.map(drop))
    }
    /// Change stream position.
    #[pymethod(sig = "(pos, whence=0, /)")]
    fn seek(&self, pos: isize, whence: Option<i32>) -> PyResult<usize> {
        let whence = whence.unwrap_or(0);
        self.reading(|bytes, at| {
            let base = match whence {
                0 if pos < 0 => return Err(value_error(format!("negative seek value {pos}"))),
                0 => 0,
                1 => at,
                2 => bytes.len(),
                _ => return Err(value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
            };
            let Some(target) = (base as isize).checked_add(pos) else {
                return Err(overflow_error("new position too large"));
            };
            self.move_to(target.max(0) as usize);
            Ok(target.max(0) as usize)
        })?
    }
    /// Truncate the file to at most size bytes.
    #[pymethod(sig = "(size=None, /)")]
    fn truncate(&self, size: Option<&Obj>) -> PyResult<usize> {
        self.contents()?;
        let size = match size.filter(|s| !is_none(s)) {
            Some(size) => Some(Size::from_arg(size)?.0),
            None => None,
        };
        self.locked(|contents, at| {
            let size = match size {
                Some(size) => {
                    usize::try_from(size).map_err(|_| value_error(format!("negative size value {size}")))?
                }
                None => at,
            };
            contents.edit(|bytes| {
                bytes.truncate(size);
                Ok(())
            })?;
            Ok(size)
        })
    }
    /// Retrieve the entire contents of the BytesIO object.
    #[pymethod]
    fn getvalue(&self) -> PyResult<Obj> {
        let contents = self.contents()?;
        if contents.downcast::<PyBytes>().is_some() {
            return Ok(contents);
        }
        self.reading(|bytes, _| bytes_obj(bytes))
    }
    /// Get a read-write view over the contents of the BytesIO object.
    #[pymethod]
    fn getbuffer(&self) -> PyResult<Obj> {
        memoryview::from_object(self.own()?.as_obj())
    }
    /// Disable all I/O operations.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if let Some(own) = self.contents.load().and_then(|contents| contents.into_py::<PyByteArray>().ok()) {
            // Fails while there are views.
            own.edit(|bytes| {
                *bytes = Vec::new();
                Ok(())
            })?;
        }
        drop(self.contents.take());
        Ok(())
    }
    #[pymethod]
    fn __getstate__(slf: &Obj) -> PyResult<Obj> {
        let this = this::<PyBytesIO>(slf)?;
        let (value, at) = this.reading(|bytes, at| (bytes_obj(bytes), at))?;
        let attributes = shape::attributes(slf)?;
        let dict = if attributes.is_empty() { none() } else { shape::dict_of(slf)?.copy().into_obj() };
        Ok(tuple_obj(vec![value, int_obj(at as i64), dict]))
    }
    #[pymethod(name = "__setstate__")]
    fn setstate(slf: &Obj, object: &Obj) -> PyResult<()> {
        let this = this::<PyBytesIO>(slf)?;
        let wrong = || {
            let (class, got) = (class_of(slf).full_name(), class_of(object).full_name());
            type_error(format!("{class}.__setstate__ argument should be 3-tuple, got {got}"))
        };
        let items = object.downcast::<taipan_objects::tuple::PyTuple>().ok_or_else(wrong)?;
        let [value, position, dict] = items.as_slice() else { return Err(wrong()) };
        this.check_no_views()?;
        this.contents.store(contents_of(value)?);
        match usize::try_from(index_word_or(position, &types().overflow_error)?) {
            Ok(position) => this.move_to(position),
            Err(_) => return Err(value_error("position value cannot be negative")),
        }
        if !is_none(dict) {
            shape::dict_of(slf)?.update_from(dict)?;
        }
        Ok(())
    }
    #[pymethod]
    fn __sizeof__(&self) -> PyResult<usize> {
        Ok(size_of::<PyBytesIO>() + self.reading(|bytes, _| bytes.len())?)
    }
    /// True if the file is closed.
    #[pygetset]
    fn closed(&self) -> bool {
        self.contents.is_empty()
    }
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    this::<PyBytesIO>(obj)?.contents()?;
    Ok(obj.clone())
}

fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    let line = this::<PyBytesIO>(obj)?.take_line(-1)?;
    Ok(if line.is_empty() { None } else { Some(PyBytes::from_vec(line).into_obj()) })
}

/// Only subclasses may have a `close` that matters. While there are views, which need the bytes only, it would fail.
fn finalize(obj: &Obj) -> PyResult<()> {
    let exact = class_of(obj).is(&super::classes().bytes_io);
    let this = this::<PyBytesIO>(obj)?;
    if exact || this.check_no_views().is_ok() {
        return if exact { Ok(()) } else { super::base::finalize(obj) };
    }
    drop(try_take_raised());
    Ok(())
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyBytesIO>(class)?;
    let contents = PyByteArray::from_vec(Vec::new()).into_obj();
    let make = |header| PyBytesIO { header, contents: Slot::new(contents), position: AtomicUsize::new(0) };
    Ok(new_instance(class, make).into_obj())
}

#[pyargs(name = "BytesIO", sig = "(initial_bytes=b'')")]
fn init(slf: &Obj, initial_bytes: Option<&Obj>) -> PyResult<()> {
    let this = this::<PyBytesIO>(slf)?;
    let contents = match initial_bytes.filter(|b| !is_none(b)) {
        Some(bytes) => contents_of(bytes)?,
        None => PyByteArray::from_vec(Vec::new()).into_obj(),
    };
    if !this.contents.is_empty() {
        this.check_no_views()?;
    }
    this.contents.store(contents);
    this.move_to(0);
    Ok(())
}

pub fn make_class(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io.BytesIO", <PyBytesIO as taipan_objects::Object>::ops())
        .base(base)
        .slots(TypeSlots {
            new: Some(new),
            init: Some(init),
            iter: Some(iter),
            iternext: Some(next),
            del: Some(finalize),
            ..TypeSlots::EMPTY
        })
        .methods(PyBytesIO::methods())
        .getset(PyBytesIO::getset())
        .text_signature("(initial_bytes=b'')")
        .doc("Buffered I/O implementation using an in-memory bytes buffer.")
        .make()
}
