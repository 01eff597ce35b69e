//! `BufferedRWPair`: a reader and a writer side by side. Both are buffered streams with locks of their own.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::new_instance;

use super::base::{both, check_readable, check_writable, stream_class};
use super::{DEFAULT_BUFFER_SIZE, buffered, class_argument, this};

/// A pair of streams.
#[repr(C)]
pub struct PyBufferedPair {
    header: Header,
    reader: Slot,
    writer: Slot,
}
layout!(PyBufferedPair, "BufferedRWPair", [reader, writer]);

impl PyBufferedPair {
    fn reader(&self) -> PyResult<Obj> {
        self.reader.load().ok_or_else(|| value_error("I/O operation on uninitialized object"))
    }
    fn writer(&self) -> PyResult<Obj> {
        self.writer.load().ok_or_else(|| value_error("I/O operation on uninitialized object"))
    }
}

#[pymethods(class = "_io.BufferedRWPair")]
impl PyBufferedPair {
    #[pymethod(sig = "(*args)", text = "")]
    fn read(&self, args: &[Obj]) -> PyResult<Obj> {
        call_method_str(&self.reader()?, "read", args)
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn peek(&self, args: &[Obj]) -> PyResult<Obj> {
        call_method_str(&self.reader()?, "peek", args)
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn read1(&self, args: &[Obj]) -> PyResult<Obj> {
        call_method_str(&self.reader()?, "read1", args)
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn readinto(&self, args: &[Obj]) -> PyResult<Obj> {
        call_method_str(&self.reader()?, "readinto", args)
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn readinto1(&self, args: &[Obj]) -> PyResult<Obj> {
        call_method_str(&self.reader()?, "readinto1", args)
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn write(&self, args: &[Obj]) -> PyResult<Obj> {
        call_method_str(&self.writer()?, "write", args)
    }
    #[pymethod]
    fn flush(&self) -> PyResult<Obj> {
        call_method_str(&self.writer()?, "flush", &[])
    }
    #[pymethod]
    fn readable(&self) -> PyResult<Obj> {
        call_method_str(&self.reader()?, "readable", &[])
    }
    #[pymethod]
    fn writable(&self) -> PyResult<Obj> {
        call_method_str(&self.writer()?, "writable", &[])
    }
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let (reader, writer) = (self.reader()?, self.writer()?);
        let closed = call_method_str(&writer, "close", &[]).map(drop);
        both(closed, || call_method_str(&reader, "close", &[]).map(drop))
    }
    #[pymethod]
    fn isatty(&self) -> PyResult<Obj> {
        let writer = call_method_str(&self.writer()?, "isatty", &[])?;
        if is_true(&writer)? { Ok(writer) } else { call_method_str(&self.reader()?, "isatty", &[]) }
    }
    #[pygetset]
    fn closed(&self) -> PyResult<Obj> {
        match self.writer.load() {
            Some(writer) => getattr_str(&writer, "closed"),
            None => Err(runtime_error("the BufferedRWPair object is being garbage-collected")),
        }
    }
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyBufferedPair>(class)?;
    Ok(new_instance(class, |header| PyBufferedPair { header, reader: Slot::empty(), writer: Slot::empty() })
        .into_obj())
}

#[pyargs(name = "BufferedRWPair", sig = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)")]
fn init(slf: &Obj, reader: &Obj, writer: &Obj, buffer_size: Option<isize>) -> PyResult<()> {
    let this = this::<PyBufferedPair>(slf)?;
    check_readable(reader)?;
    check_writable(writer)?;
    let size = buffer_size.unwrap_or(DEFAULT_BUFFER_SIZE as isize);
    let Some(size) = usize::try_from(size).ok().filter(|&size| size > 0) else {
        return Err(value_error("buffer size must be strictly positive"));
    };
    this.reader.store(buffered::create(buffered::Kind::Reader, reader, size)?);
    this.writer.store(buffered::create(buffered::Kind::Writer, writer, size)?);
    Ok(())
}

pub fn make_class(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io.BufferedRWPair", <PyBufferedPair as taipan_objects::Object>::ops())
        .base(base)
        .slots(TypeSlots { new: Some(new), init: Some(init), ..TypeSlots::EMPTY })
        .methods(PyBufferedPair::methods())
        .getset(PyBufferedPair::getset())
        .made_by_object()
        .text_signature("(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)")
        .doc("A buffered reader and writer object together.\n\nA buffered reader object and buffered writer object put together to\nform a sequential IO object that can read and write. This is typically\nused with a socket or two-way pipe.\n\nreader and writer are RawIOBase objects that are readable and\nwriteable respectively. If the buffer_size is omitted it defaults to\nDEFAULT_BUFFER_SIZE.")
        .make()
}
