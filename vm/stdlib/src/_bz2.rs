//! `_bz2`: the compressor and the decompressor of the bzip2 format. The stream is in `_bz2/stream.rs`.

mod stream;

use parking_lot::Mutex;
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use crate::decompressor::{self, Decompressor, Input, Refusal, with_state};
use crate::native_class;
use crate::native_class::class_argument;
use stream::{Action, Stream};

/// The exception of a code of the library.
#[cold]
fn failed(code: i32) -> Raised {
    match code {
        stream::PARAM_ERROR => value_error("Internal error - invalid parameters passed to libbzip2"),
        stream::MEM_ERROR => memory_error(),
        stream::DATA_ERROR | stream::DATA_ERROR_MAGIC => {
            raise_message(&types().os_error, "Invalid data stream")
        }
        stream::SEQUENCE_ERROR => {
            runtime_error("Internal error - Invalid sequence of commands sent to libbzip2")
        }
        code => raise_message(&types().os_error, format!("Unrecognized error from libbzip2: {code}")),
    }
}

/// `_bz2.BZ2Compressor`.
#[repr(C)]
pub struct PyBz2Compressor {
    header: Header,
    state: Mutex<Compressor>,
}
layout!(PyBz2Compressor, "_bz2.BZ2Compressor");

struct Compressor {
    stream: Stream,
    flushed: bool,
}

/// `_bz2.BZ2Decompressor`.
#[repr(C)]
pub struct PyBz2Decompressor {
    header: Header,
    state: Mutex<Decompressor<Stream>>,
}
layout!(PyBz2Decompressor, "_bz2.BZ2Decompressor");

native_class! {
    fn compressor_class() = TypeBuilder::new("_bz2.BZ2Compressor", PyBz2Compressor::ops())
        .text_signature("(compresslevel=9, /)")
        .slots(TypeSlots { new: Some(new_compressor), ..TypeSlots::EMPTY })
        .methods(PyBz2Compressor::methods())
        .doc("Create a compressor object for compressing data incrementally.")
        .final_()
        .make()
}
native_class! {
    fn decompressor_class() = TypeBuilder::new("_bz2.BZ2Decompressor", PyBz2Decompressor::ops())
        .text_signature("()")
        .slots(TypeSlots { new: Some(new_decompressor), ..TypeSlots::EMPTY })
        .methods(PyBz2Decompressor::methods())
        .getset(PyBz2Decompressor::getset())
        .doc("Create a decompressor object for decompressing data incrementally.")
        .final_()
        .make()
}

#[pyargs(name = "BZ2Compressor", sig = "(compresslevel=9, /)")]
fn new_compressor(class: &Obj, compresslevel: i32) -> PyResult<Obj> {
    let class = class_argument::<PyBz2Compressor>(class)?;
    if !(1..=9).contains(&compresslevel) {
        return Err(value_error("compresslevel must be between 1 and 9"));
    }
    let stream = Stream::compress(compresslevel).map_err(failed)?;
    let state = Mutex::new(Compressor { stream, flushed: false });
    Ok(new_instance(class, |header| PyBz2Compressor { header, state }).into_obj())
}

#[pyargs(name = "BZ2Decompressor", sig = "()")]
fn new_decompressor(class: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyBz2Decompressor>(class)?;
    let state = Decompressor::new(Stream::decompress().map_err(failed)?);
    Ok(new_instance(class, |header| PyBz2Decompressor { header, state }).into_obj())
}

#[pymethods(class = "_bz2.BZ2Compressor")]
impl PyBz2Compressor {
    /// Provide data to the compressor object.
    #[pymethod]
    fn compress(&self, data: &Obj) -> PyResult<Obj> {
        let data = Input::new(data)?;
        let result = with_state(&self.state, |state| {
            (!state.flushed).then(|| state.stream.compress_all(data.get(), Action::Run))
        });
        match result {
            Some(Ok(out)) => Ok(PyBytes::from_vec(out).into_obj()),
            Some(Err(code)) => Err(failed(code)),
            None => Err(value_error("Compressor has been flushed")),
        }
    }
    /// Finish the compression process.
    #[pymethod]
    fn flush(&self) -> PyResult<Obj> {
        let result = with_state(&self.state, |state| {
            let before = std::mem::replace(&mut state.flushed, true);
            (!before).then(|| state.stream.compress_all(&[], Action::Finish))
        });
        match result {
            Some(Ok(out)) => Ok(PyBytes::from_vec(out).into_obj()),
            Some(Err(code)) => Err(failed(code)),
            None => Err(value_error("Repeated call to flush()")),
        }
    }
}

#[pymethods(class = "_bz2.BZ2Decompressor")]
impl PyBz2Decompressor {
    /// Decompress *data*, returning uncompressed data as bytes.
    #[pymethod(sig = "(data, max_length=-1)")]
    fn decompress(&self, data: &Obj, max_length: isize) -> PyResult<Obj> {
        match decompressor::decompress(&self.state, data, max_length)? {
            Ok(out) => Ok(PyBytes::from_vec(out).into_obj()),
            Err(Refusal::AtEnd) => Err(eof_error("End of stream already reached")),
            Err(Refusal::Broken) => Err(value_error("Decompressor is unusable after a previous error")),
            Err(Refusal::Failed(code)) => Err(failed(code)),
        }
    }
    /// True if the end-of-stream marker has been reached.
    #[pygetset]
    fn eof(&self) -> bool {
        with_state(&self.state, |state| state.eof)
    }
    /// Data found after the end of the compressed stream.
    #[pygetset]
    fn unused_data(&self) -> Obj {
        PyBytes::from_vec(with_state(&self.state, |state| state.unused.clone())).into_obj()
    }
    /// True if more input is needed before more decompressed data can be produced.
    #[pygetset]
    fn needs_input(&self) -> bool {
        with_state(&self.state, |state| state.needs_input)
    }
}

#[pymodule(name = "_bz2", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    fn BZ2Compressor() -> Obj {
        compressor_class().as_obj().clone()
    }
    #[pyattr]
    fn BZ2Decompressor() -> Obj {
        decompressor_class().as_obj().clone()
    }
}
