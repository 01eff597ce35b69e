//! `ZstdCompressor` and `ZstdDecompressor`.

use parking_lot::Mutex;
use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use super::context::{Decoder, Encoder, Mode, UNKNOWN_SIZE, Use};
use super::{dictionary, failed, parameters};
use crate::decompressor::{self, Decompressor, Input, Refusal, with_state};
use crate::native_class;
use crate::native_class::class_argument;

/// `ZstdCompressor`.
#[repr(C)]
pub struct PyZstdCompressor {
    header: Header,
    state: Mutex<Compressor>,
}
layout!(PyZstdCompressor, "compression.zstd.ZstdCompressor");

struct Compressor {
    encoder: Encoder,
    last_mode: Mode,
}

/// `ZstdDecompressor`.
#[repr(C)]
pub struct PyZstdDecompressor {
    header: Header,
    state: Mutex<Decompressor<Decoder>>,
}
layout!(PyZstdDecompressor, "compression.zstd.ZstdDecompressor");

native_class! {
    pub fn compressor_class() = TypeBuilder::new("compression.zstd.ZstdCompressor", PyZstdCompressor::ops())
        .text_signature("(level=None, options=None, zstd_dict=None)")
        .slots(TypeSlots { new: Some(new_compressor), ..TypeSlots::EMPTY })
        .methods(PyZstdCompressor::methods())
        .getset(PyZstdCompressor::getset())
        .attr("CONTINUE", int_obj(0))
        .attr("FLUSH_BLOCK", int_obj(1))
        .attr("FLUSH_FRAME", int_obj(2))
        .doc("Create a compressor object for compressing data incrementally.")
        .final_()
        .make()
}
native_class! {
    pub fn decompressor_class() = TypeBuilder::new("compression.zstd.ZstdDecompressor", PyZstdDecompressor::ops())
        .text_signature("(zstd_dict=None, options=None)")
        .slots(TypeSlots { new: Some(new_decompressor), ..TypeSlots::EMPTY })
        .methods(PyZstdDecompressor::methods())
        .getset(PyZstdDecompressor::getset())
        .doc("Create a decompressor object for decompressing data incrementally.")
        .final_()
        .make()
}

/// An argument that is not `None`.
fn given(arg: Option<&Obj>) -> Option<&Obj> {
    arg.filter(|arg| !is_none(arg))
}

/// The exception of a dictionary that cannot be digested.
fn no_instance(what: &str) -> Raised {
    let text = format!("Failed to create a {what} instance from Zstandard dictionary content.");
    raise_message(super::error_class(), text)
}

fn options_of<'a>(function: &str, options: &'a Obj) -> PyResult<&'a PyDict> {
    options.downcast::<PyDict>().ok_or_else(|| {
        let class = class_of(options).name();
        type_error(format!("{function}() argument 'options' must be dict, not {class}"))
    })
}

#[pyargs(name = "ZstdCompressor", sig = "(level=None, options=None, zstd_dict=None)")]
fn new_compressor(
    class: &Obj,
    level: Option<&Obj>,
    options: Option<&Obj>,
    zstd_dict: Option<&Obj>,
) -> PyResult<Obj> {
    let class = class_argument::<PyZstdCompressor>(class)?;
    if given(level).is_some() && given(options).is_some() {
        return Err(type_error("Only one of level or options should be used."));
    }
    let cannot_create = |failure| failed("create ZSTD_CCtx instance", failure);
    let mut encoder = Encoder::new().map_err(cannot_create)?;
    let mut chosen = None;
    if let Some(level) = given(level) {
        let level = parameters::level_of(level)?;
        parameters::set_level(&mut encoder, level)?;
        chosen = Some(level);
    }
    if let Some(options) = given(options) {
        chosen = parameters::set_encoder(&mut encoder, options_of("ZstdCompressor", options)?)?;
    }
    if let Some(arg) = given(zstd_dict) {
        let (dictionary, usage) = dictionary::argument(arg, Use::Undigested)?;
        let loaded = match usage {
            Use::Digested => {
                let digest = dictionary.digest(chosen.unwrap_or(3)).map_err(|_| no_instance("ZSTD_CDict"))?;
                encoder.refer_to_digest(digest)
            }
            Use::Undigested => encoder.load(dictionary.content()),
            Use::Prefix => encoder.refer_to_prefix(dictionary.content().clone()),
        };
        let trying = "load Zstandard dictionary or prefix for compression";
        loaded.map_err(|failure| failed(trying, failure))?;
    }
    let state = Mutex::new(Compressor { encoder, last_mode: Mode::FlushFrame });
    Ok(new_instance(class, |header| PyZstdCompressor { header, state }).into_obj())
}

#[pyargs(name = "ZstdDecompressor", sig = "(zstd_dict=None, options=None)")]
fn new_decompressor(class: &Obj, zstd_dict: Option<&Obj>, options: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyZstdDecompressor>(class)?;
    let mut decoder = Decoder::new().map_err(|failure| failed("create ZSTD_DCtx instance", failure))?;
    if let Some(arg) = given(zstd_dict) {
        let (dictionary, usage) = dictionary::argument(arg, Use::Digested)?;
        let loaded = match usage {
            Use::Digested => Ok(decoder.load(dictionary.content()).map_err(|_| no_instance("ZSTD_DDict"))?),
            Use::Undigested => decoder.load(dictionary.content()),
            Use::Prefix => decoder.refer_to_prefix(dictionary.content().clone()),
        };
        let trying = "load Zstandard dictionary or prefix for decompression";
        loaded.map_err(|failure| failed(trying, failure))?;
    }
    if let Some(options) = given(options) {
        parameters::set_decoder(&mut decoder, options_of("ZstdDecompressor", options)?)?;
    }
    let state = Decompressor::new(decoder);
    Ok(new_instance(class, |header| PyZstdDecompressor { header, state }).into_obj())
}

impl PyZstdCompressor {
    fn run(&self, data: &[u8], mode: Mode) -> PyResult<Obj> {
        let result = with_state(&self.state, |state| {
            let result = state.encoder.compress(data, mode);
            // After a failure the next call begins a frame.
            state.last_mode = if result.is_ok() { mode } else { Mode::FlushFrame };
            result
        });
        match result {
            Ok(out) => Ok(PyBytes::from_vec(out).into_obj()),
            Err(failure) => Err(failed("compress Zstandard data", failure)),
        }
    }
}

#[pymethods(class = "compression.zstd.ZstdCompressor")]
impl PyZstdCompressor {
    /// Provide data to the compressor object.
    #[pymethod(sig = "(data, mode=0)", text = "($self, /, data, mode=ZstdCompressor.CONTINUE)")]
    fn compress(&self, data: &Obj, mode: i32) -> PyResult<Obj> {
        let data = Input::new(data)?;
        let mode = match mode {
            0 => Mode::Continue,
            1 => Mode::FlushBlock,
            2 => Mode::FlushFrame,
            _ => {
                return Err(value_error(
                    "mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME.",
                ));
            }
        };
        self.run(data.get(), mode)
    }
    /// Finish the compression process.
    #[pymethod(sig = "(mode=2)", text = "($self, /, mode=ZstdCompressor.FLUSH_FRAME)")]
    fn flush(&self, mode: i32) -> PyResult<Obj> {
        let mode = match mode {
            1 => Mode::FlushBlock,
            2 => Mode::FlushFrame,
            _ => {
                return Err(value_error(
                    "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or ZstdCompressor.FLUSH_BLOCK.",
                ));
            }
        };
        self.run(&[], mode)
    }
    /// Set the uncompressed content size to be written into the frame header.
    #[pymethod]
    fn set_pledged_input_size(&self, size: &Obj) -> PyResult<()> {
        let size = if is_none(size) {
            UNKNOWN_SIZE
        } else {
            let Some(size) = int::int_ref(size) else { return Err(type_error("an integer is required")) };
            match size.to_u64() {
                Some(size) if size < UNKNOWN_SIZE - 1 => size,
                _ => {
                    return Err(value_error(
                        "size argument should be a positive int less than 18446744073709551614",
                    ));
                }
            }
        };
        let result = with_state(&self.state, |state| {
            (state.last_mode == Mode::FlushFrame).then(|| state.encoder.pledge(size))
        });
        match result {
            Some(Ok(())) => Ok(()),
            Some(Err(failure)) => Err(failed("set pledged uncompressed content size", failure)),
            None => Err(value_error(
                "set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME",
            )),
        }
    }
    /// The last mode used to this compressor object, its value can be .CONTINUE, .FLUSH_BLOCK, or .FLUSH_FRAME.
    #[pygetset]
    fn last_mode(&self) -> i64 {
        with_state(&self.state, |state| state.last_mode as i64)
    }
}

#[pymethods(class = "compression.zstd.ZstdDecompressor")]
impl PyZstdDecompressor {
    /// Decompress *data*, returning uncompressed bytes if possible, or b'' otherwise.
    #[pymethod(sig = "(data, max_length=-1)")]
    fn decompress(&self, data: &Obj, max_length: isize) -> PyResult<Obj> {
        match decompressor::decompress(&self.state, data, max_length)? {
            Ok(out) => Ok(PyBytes::from_vec(out).into_obj()),
            Err(Refusal::AtEnd | Refusal::Broken) => {
                Err(eof_error("Already at the end of a Zstandard frame."))
            }
            Err(Refusal::Failed(failure)) => Err(failed("decompress Zstandard data", failure)),
        }
    }
    /// True means the end of the first frame has been reached.
    #[pygetset]
    fn eof(&self) -> bool {
        with_state(&self.state, |state| state.eof)
    }
    /// A bytes object of un-consumed input data.
    #[pygetset]
    fn unused_data(&self) -> Obj {
        PyBytes::from_vec(with_state(&self.state, |state| state.unused.clone())).into_obj()
    }
    /// False if a decompressor that was given a max_length may have more output without more input.
    #[pygetset]
    fn needs_input(&self) -> bool {
        with_state(&self.state, |state| state.needs_input)
    }
}
