//! The abstract classes `_IOBase`, `_RawIOBase`, `_BufferedIOBase` and `_TextIOBase`.
//!
//! Their instances have the plain object layout: what they remember (`__IOBase_closed`) is an attribute.

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, type_flags};
use taipan_objects::{Object, buffer, hooks, istr};
use taipan_threading::sync::atomic::Ordering;

use super::{Size, closed_file, unsupported};

/// Carries the methods of `_IOBase`.
pub struct IoBase;
/// Carries the methods of `_RawIOBase`.
pub struct RawIoBase;
/// Carries the methods of `_BufferedIOBase`.
pub struct BufferedIoBase;
/// Carries the methods of `_TextIOBase`.
pub struct TextIoBase;

/// A builder of a stream class.
pub fn stream_class(name: &'static str, ops: &'static taipan_objects::Ops) -> TypeBuilder {
    TypeBuilder::new(name, ops).dict().flag(type_flags::HAS_WEAKREF | type_flags::SHOWN_AS_HEAP)
}

/// `stream.closed`, as a truth value.
pub fn is_closed(stream: &Obj) -> PyResult<bool> {
    is_true(&getattr(stream, &istr!("closed"))?)
}

pub fn check_closed(stream: &Obj) -> PyResult<()> {
    if is_closed(stream)? { Err(closed_file()) } else { Ok(()) }
}

fn check_ability(stream: &Obj, method: &'static str, message: &str) -> PyResult<()> {
    if is_true(&call_method_str(stream, method, &[])?)? { Ok(()) } else { Err(unsupported(message)) }
}

/// `UnsupportedOperation` unless the stream is readable.
pub fn check_readable(stream: &Obj) -> PyResult<()> {
    check_ability(stream, "readable", "File or stream is not readable.")
}
/// `UnsupportedOperation` unless the stream is writable.
pub fn check_writable(stream: &Obj) -> PyResult<()> {
    check_ability(stream, "writable", "File or stream is not writable.")
}
/// `UnsupportedOperation` unless the stream is seekable.
pub fn check_seekable(stream: &Obj) -> PyResult<()> {
    check_ability(stream, "seekable", "File or stream is not seekable.")
}

/// Runs `second` after `first` whatever comes of it; the first error wins, the second has it as its context otherwise.
pub fn both<T>(first: PyResult<T>, second: impl FnOnce() -> PyResult<()>) -> PyResult<T> {
    match first {
        Ok(value) => second().map(|()| value),
        Err(Raised) => {
            let error = take_raised();
            match second() {
                Ok(()) => Err(set_raised(error)),
                Err(Raised) => {
                    let later = take_raised();
                    if let Some(e) = later.downcast::<taipan_objects::exceptions::PyBaseException>() {
                        e.set_context_avoiding_cycle(error);
                    }
                    Err(set_raised(later))
                }
            }
        }
    }
}

#[pymethods(class = "_io._IOBase", part = "io_base")]
impl IoBase {
    /// Change the stream position to the given byte offset.
    #[pymethod(sig = "(offset, whence=0, /)", text = "($self, offset, whence=os.SEEK_SET, /)")]
    fn seek(slf: &Obj, offset: &Obj, whence: Option<i32>) -> PyResult<Obj> {
        let _ = (slf, offset, whence);
        Err(unsupported("seek"))
    }
    /// Return current stream position.
    #[pymethod]
    fn tell(slf: &Obj) -> PyResult<Obj> {
        call_method_str(slf, "seek", &[int_obj(0), int_obj(1)])
    }
    /// Truncate file to size bytes.
    #[pymethod(sig = "(size=None, /)")]
    fn truncate(slf: &Obj, size: Option<&Obj>) -> PyResult<Obj> {
        let _ = (slf, size);
        Err(unsupported("truncate"))
    }
    /// Flush write buffers, if applicable.
    #[pymethod]
    fn flush(slf: &Obj) -> PyResult<()> {
        if has_closed_mark(slf)? { Err(closed_file()) } else { Ok(()) }
    }
    /// Flush and close the IO object.
    #[pymethod]
    fn close(slf: &Obj) -> PyResult<()> {
        if has_closed_mark(slf)? {
            return Ok(());
        }
        let flushed = call_method_str(slf, "flush", &[]).map(drop);
        both(flushed, || setattr(slf, &istr!("__IOBase_closed"), &bool_obj(true)))
    }
    /// Return whether object supports random access.
    #[pymethod]
    fn seekable(slf: &Obj) -> bool {
        let _ = slf;
        false
    }
    /// Return whether object was opened for reading.
    #[pymethod]
    fn readable(slf: &Obj) -> bool {
        let _ = slf;
        false
    }
    /// Return whether object was opened for writing.
    #[pymethod]
    fn writable(slf: &Obj) -> bool {
        let _ = slf;
        false
    }
    #[pymethod]
    fn _checkClosed(slf: &Obj) -> PyResult<()> {
        check_closed(slf)
    }
    #[pymethod]
    fn _checkSeekable(slf: &Obj) -> PyResult<bool> {
        check_seekable(slf).map(|()| true)
    }
    #[pymethod]
    fn _checkReadable(slf: &Obj) -> PyResult<bool> {
        check_readable(slf).map(|()| true)
    }
    #[pymethod]
    fn _checkWritable(slf: &Obj) -> PyResult<bool> {
        check_writable(slf).map(|()| true)
    }
    /// Return underlying file descriptor if one exists.
    #[pymethod]
    fn fileno(slf: &Obj) -> PyResult<Obj> {
        let _ = slf;
        Err(unsupported("fileno"))
    }
    /// Return whether this is an 'interactive' stream.
    #[pymethod]
    fn isatty(slf: &Obj) -> PyResult<bool> {
        check_closed(slf).map(|()| false)
    }
    #[pymethod]
    fn __enter__(slf: &Obj) -> PyResult<Obj> {
        check_closed(slf)?;
        Ok(slf.clone())
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn __exit__(slf: &Obj, args: &[Obj]) -> PyResult<Obj> {
        let _ = args;
        call_method_str(slf, "close", &[])
    }
    /// Read and return a line from the stream.
    #[pymethod(sig = "(size=-1, /)")]
    fn readline(slf: &Obj, size: Option<Size>) -> PyResult<Obj> {
        let limit = usize::try_from(size.map_or(-1, |s| s.0)).ok();
        let peek = getattr_opt(slf, &istr!("peek"))?;
        let mut line = Vec::new();
        while limit.is_none_or(|limit| line.len() < limit) {
            let mut wanted = 1;
            if let Some(peek) = &peek {
                let ahead = call1(peek, &int_obj(1))?;
                let Some(ahead) = ahead.downcast::<PyBytes>() else {
                    return Err(raise_message(
                        &types().os_error,
                        format!(
                            "peek() should have returned a bytes object, not '{}'",
                            class_of(&ahead).name()
                        ),
                    ));
                };
                let ahead = ahead.as_slice();
                let most = limit.map_or(ahead.len(), |limit| ahead.len().min(limit - line.len()));
                wanted = memchr::memchr(b'\n', &ahead[..most]).map_or(most, |at| at + 1).max(1);
            }
            let bytes = call_method_str(slf, "read", &[int_obj(wanted as i64)])?;
            let Some(bytes) = bytes.downcast::<PyBytes>() else {
                return Err(raise_message(
                    &types().os_error,
                    format!("read() should have returned a bytes object, not '{}'", class_of(&bytes).name()),
                ));
            };
            if bytes.is_empty() {
                break;
            }
            line.extend_from_slice(bytes.as_slice());
            if line.last() == Some(&b'\n') {
                break;
            }
        }
        Ok(bytes_obj(&line))
    }
    /// Return a list of lines from the stream.
    #[pymethod(sig = "(hint=-1, /)")]
    fn readlines(slf: &Obj, hint: Option<Size>) -> PyResult<Obj> {
        let hint = hint.map_or(-1, |h| h.0);
        let mut lines = Vec::new();
        let mut length = 0;
        let iterator = iter(slf)?;
        while let Some(line) = next(&iterator)? {
            let line = line.into_strong();
            if hint > 0 {
                length += len(&line)? as isize;
            }
            lines.push(line);
            if hint > 0 && length >= hint {
                break;
            }
        }
        Ok(list_obj(lines))
    }
    /// Write a list of lines to stream.
    #[pymethod]
    fn writelines(slf: &Obj, lines: &Obj) -> PyResult<()> {
        check_closed(slf)?;
        let write = istr!("write");
        for_each(lines, |line| call_method(slf, &write, &[line]).map(drop))
    }
    #[pygetset]
    fn closed(slf: &Obj) -> PyResult<bool> {
        has_closed_mark(slf)
    }
}

fn has_closed_mark(stream: &Obj) -> PyResult<bool> {
    hasattr(stream, &istr!("__IOBase_closed"))
}

fn io_base_iter(stream: &Obj) -> PyResult<Obj> {
    check_closed(stream)?;
    Ok(stream.clone())
}

fn io_base_next(stream: &Obj) -> PyResult<Option<Obj>> {
    let line = call_method_str(stream, "readline", &[])?;
    Ok(if len(&line)? == 0 { None } else { Some(line) })
}

/// Notes whether another stream reads and writes through this one.
pub(super) fn note_wrapped(stream: &Obj, is_wrapped: bool) {
    if let Some(file) = stream.downcast::<super::file_io::PyFileIO>() {
        file.note_wrapped(is_wrapped);
    } else if let Some(buffered) = super::buffered::buffered_of(stream) {
        buffered.wrapped.store(is_wrapped, Ordering::Relaxed);
    }
}

fn is_wrapped(stream: &Obj) -> bool {
    match stream.downcast::<super::file_io::PyFileIO>() {
        Some(file) => file.is_wrapped(),
        // Relaxed: nobody but the collector is left.
        None => super::buffered::buffered_of(stream).is_some_and(|b| b.wrapped.load(Ordering::Relaxed)),
    }
}

/// The finalizer: closes the stream. Errors are reported, not raised.
///
/// In garbage that refers to itself a stream may come before the one around it. That one closes both, after it has written what it
/// still holds.
pub fn finalize(stream: &Obj) -> PyResult<()> {
    if is_wrapped(stream) {
        return Ok(());
    }
    let interrupted = try_take_raised();
    let closed = match getattr_opt(stream, &istr!("closed")) {
        Ok(Some(closed)) => is_true(&closed).unwrap_or(true),
        Ok(None) => true,
        Err(Raised) => {
            drop(take_raised());
            true
        }
    };
    if !closed {
        if setattr(stream, &istr!("_finalizing"), &bool_obj(true)).is_err() {
            drop(take_raised());
        }
        if call_method_str(stream, "close", &[]).is_err() {
            hooks::unraisable(Some("Exception ignored while finalizing file"), Some(stream));
        }
    }
    if let Some(interrupted) = interrupted {
        let _raised = set_raised(interrupted);
    }
    Ok(())
}

#[pymethods(class = "_io._RawIOBase", part = "raw_io_base")]
impl RawIoBase {
    #[pymethod(sig = "(size=-1, /)")]
    fn read(slf: &Obj, size: Option<isize>) -> PyResult<Obj> {
        let size = size.unwrap_or(-1);
        let Ok(size) = usize::try_from(size) else { return call_method_str(slf, "readall", &[]) };
        let mut zeros = taipan_objects::str::concat::try_vec(size)?;
        zeros.resize(size, 0);
        let target = taipan_objects::bytearray::PyByteArray::from_vec(zeros);
        let n = call_method_str(slf, "readinto", &[target.clone().into_obj()])?;
        if is_none(&n) {
            return Ok(n);
        }
        let n = index_word_or(&n, &types().value_error)?;
        target.with(|bytes| match usize::try_from(n) {
            Ok(n) if n <= bytes.len() => Ok(bytes_obj(&bytes[..n])),
            _ => Err(value_error(format!("readinto returned {n} outside buffer size {}", bytes.len()))),
        })
    }
    /// Read until EOF, using multiple read() call.
    #[pymethod]
    fn readall(slf: &Obj) -> PyResult<Obj> {
        let mut all = Vec::new();
        loop {
            let data = call_method_str(slf, "read", &[int_obj(super::DEFAULT_BUFFER_SIZE as i64)])?;
            if is_none(&data) {
                if all.is_empty() {
                    return Ok(data);
                }
                break;
            }
            let Some(bytes) = data.downcast::<PyBytes>() else {
                return Err(type_error("read() should return bytes"));
            };
            if bytes.is_empty() {
                break;
            }
            all.extend_from_slice(bytes.as_slice());
        }
        Ok(PyBytes::from_vec(all).into_obj())
    }
    #[pymethod(sig = "(buffer, /)", text = "")]
    fn readinto(slf: &Obj, buffer: &Obj) -> PyResult<Obj> {
        let _ = (slf, buffer);
        Err(not_implemented_error(""))
    }
    #[pymethod(sig = "(b, /)", text = "")]
    fn write(slf: &Obj, b: &Obj) -> PyResult<Obj> {
        let _ = (slf, b);
        Err(not_implemented_error(""))
    }
}

fn readinto_with(stream: &Obj, target: &Obj, method: &'static str) -> PyResult<usize> {
    let Some(target) = buffer::get_writable(target)? else {
        return Err(type_error(format!(
            "{}() argument must be read-write bytes-like object, not {}",
            if method == "read" { "readinto" } else { "readinto1" },
            class_of(target).name()
        )));
    };
    let data = call_method_str(stream, method, &[int_obj(target.len as i64)])?;
    let Some(data) = data.downcast::<PyBytes>() else { return Err(type_error("read() should return bytes")) };
    let data = data.as_slice();
    if data.len() > target.len {
        return Err(value_error(format!(
            "read() returned too much data: {} bytes requested, {} returned",
            target.len,
            data.len()
        )));
    }
    target.with_mut(|bytes| bytes[..data.len()].copy_from_slice(data));
    Ok(data.len())
}

#[pymethods(class = "_io._BufferedIOBase", part = "buffered_io_base")]
impl BufferedIoBase {
    /// Disconnect this buffer from its underlying raw stream and return it.
    #[pymethod]
    fn detach(slf: &Obj) -> PyResult<Obj> {
        let _ = slf;
        Err(unsupported("detach"))
    }
    /// Read and return up to n bytes.
    #[pymethod(sig = "(size=-1, /)")]
    fn read(slf: &Obj, size: Option<&Obj>) -> PyResult<Obj> {
        let _ = (slf, size);
        Err(unsupported("read"))
    }
    /// Read and return up to size bytes, with at most one read() call to the underlying raw stream.
    #[pymethod(sig = "(size=-1, /)")]
    fn read1(slf: &Obj, size: Option<&Obj>) -> PyResult<Obj> {
        let _ = (slf, size);
        Err(unsupported("read1"))
    }
    #[pymethod]
    fn readinto(slf: &Obj, buffer: &Obj) -> PyResult<usize> {
        readinto_with(slf, buffer, "read")
    }
    #[pymethod]
    fn readinto1(slf: &Obj, buffer: &Obj) -> PyResult<usize> {
        readinto_with(slf, buffer, "read1")
    }
    /// Write buffer b to the IO stream.
    #[pymethod]
    fn write(slf: &Obj, b: &Obj) -> PyResult<Obj> {
        let _ = (slf, b);
        Err(unsupported("write"))
    }
}

#[pymethods(class = "_io._TextIOBase", part = "text_io_base")]
impl TextIoBase {
    /// Separate the underlying buffer from the TextIOBase and return it.
    #[pymethod]
    fn detach(slf: &Obj) -> PyResult<Obj> {
        let _ = slf;
        Err(unsupported("detach"))
    }
    /// Read at most size characters from stream.
    #[pymethod(sig = "(size=-1, /)")]
    fn read(slf: &Obj, size: Option<&Obj>) -> PyResult<Obj> {
        let _ = (slf, size);
        Err(unsupported("read"))
    }
    /// Read until newline or EOF.
    #[pymethod(sig = "(size=-1, /)")]
    fn readline(slf: &Obj, size: Option<&Obj>) -> PyResult<Obj> {
        let _ = (slf, size);
        Err(unsupported("readline"))
    }
    /// Write string s to stream.
    #[pymethod]
    fn write(slf: &Obj, s: &Obj) -> PyResult<Obj> {
        let _ = (slf, s);
        Err(unsupported("write"))
    }
    /// Encoding of the text stream.
    #[pygetset]
    fn encoding(slf: &Obj) -> Obj {
        let _ = slf;
        none()
    }
    /// Line endings translated so far.
    #[pygetset]
    fn newlines(slf: &Obj) -> Obj {
        let _ = slf;
        none()
    }
    /// The error setting of the decoder or encoder.
    #[pygetset]
    fn errors(slf: &Obj) -> Obj {
        let _ = slf;
        none()
    }
}

fn plain() -> &'static taipan_objects::Ops {
    taipan_objects::object_type::PyObject::ops()
}

pub fn make_io_base() -> Py<PyType> {
    stream_class("_io._IOBase", plain())
        .slots(TypeSlots {
            iter: Some(io_base_iter),
            iternext: Some(io_base_next),
            del: Some(finalize),
            ..TypeSlots::EMPTY
        })
        .methods(IoBase::io_base_methods())
        .getset(IoBase::io_base_getset())
        .getset(taipan_objects::object_type::DICT_GETSETS)
        .doc("The abstract base class for all I/O classes.")
        .make()
}

pub fn make_raw_io_base(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io._RawIOBase", plain())
        .base(base)
        .methods(RawIoBase::raw_io_base_methods())
        .doc("Base class for raw binary I/O.")
        .make()
}

pub fn make_buffered_io_base(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io._BufferedIOBase", plain())
        .base(base)
        .methods(BufferedIoBase::buffered_io_base_methods())
        .doc("Base class for buffered IO objects.")
        .make()
}

pub fn make_text_io_base(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io._TextIOBase", plain())
        .base(base)
        .methods(TextIoBase::text_io_base_methods())
        .getset(TextIoBase::text_io_base_getset())
        .doc("Base class for text I/O.\n\nThis class provides a character and line based interface to stream\nI/O. There is no readinto method because Python's character strings\nare immutable.")
        .make()
}
