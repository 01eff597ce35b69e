//! `_lzma`: compressors and decompressors of the .xz and .lzma formats and of raw streams. Streams and filter chains are in `_lzma/`.

mod filters;
mod stream;

use parking_lot::Mutex;
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::types::types;

use crate::decompressor::{self, Decompressor, Input, Refusal, with_state};
use crate::native_class;
use crate::native_class::class_argument;
use crate::new_exception::new_exception;
use filters::Chain;
use stream::{CHECK_UNKNOWN, Decoder, Stream};

const FORMAT_AUTO: i32 = 0;
const FORMAT_XZ: i32 = 1;
const FORMAT_ALONE: i32 = 2;
const FORMAT_RAW: i32 = 3;

native_class! {
    fn error_class() = new_exception("_lzma.LZMAError", &types().exception)
}

/// The exception of a code of the library.
#[cold]
fn failed(code: u32) -> Raised {
    let text = match code {
        liblzma_sys::LZMA_MEM_ERROR => return memory_error(),
        liblzma_sys::LZMA_UNSUPPORTED_CHECK => "Unsupported integrity check",
        liblzma_sys::LZMA_MEMLIMIT_ERROR => "Memory usage limit exceeded",
        liblzma_sys::LZMA_FORMAT_ERROR => "Input format not supported by decoder",
        liblzma_sys::LZMA_OPTIONS_ERROR => "Invalid or unsupported options",
        liblzma_sys::LZMA_DATA_ERROR => "Corrupt input data",
        liblzma_sys::LZMA_BUF_ERROR => "Insufficient buffer space",
        liblzma_sys::LZMA_PROG_ERROR => "Internal error",
        code => return raise_message(error_class(), format!("Unrecognized error from liblzma: {code}")),
    };
    raise_message(error_class(), text)
}

fn bad_preset(preset: u32) -> Raised {
    raise_message(error_class(), format!("Invalid compression preset: {preset}"))
}

fn bad_format(format: i32) -> Raised {
    value_error(format!("Invalid container format: {format}"))
}

/// An argument that is not `None`.
fn given(arg: Option<&Obj>) -> Option<&Obj> {
    arg.filter(|arg| !is_none(arg))
}

/// `_lzma.LZMACompressor`.
#[repr(C)]
pub struct PyLzmaCompressor {
    header: Header,
    state: Mutex<Compressor>,
}
layout!(PyLzmaCompressor, "_lzma.LZMACompressor");

struct Compressor {
    stream: Stream,
    flushed: bool,
}

/// `_lzma.LZMADecompressor`.
#[repr(C)]
pub struct PyLzmaDecompressor {
    header: Header,
    state: Mutex<Decompressor<Decoder>>,
}
layout!(PyLzmaDecompressor, "_lzma.LZMADecompressor");

native_class! {
    fn compressor_class() = TypeBuilder::new("_lzma.LZMACompressor", PyLzmaCompressor::ops())
        .slots(TypeSlots { new: Some(new_compressor), ..TypeSlots::EMPTY })
        .methods(PyLzmaCompressor::methods())
        .doc("Create a compressor object for compressing data incrementally.")
        .final_()
        .make()
}
native_class! {
    fn decompressor_class() = TypeBuilder::new("_lzma.LZMADecompressor", PyLzmaDecompressor::ops())
        .text_signature("(format=FORMAT_AUTO, memlimit=None, filters=None)")
        .slots(TypeSlots { new: Some(new_decompressor), ..TypeSlots::EMPTY })
        .methods(PyLzmaDecompressor::methods())
        .getset(PyLzmaDecompressor::getset())
        .doc("Create a decompressor object for decompressing data incrementally.")
        .final_()
        .make()
}

#[pyargs(name = "LZMACompressor", sig = "(format=1, check=-1, preset=None, filters=None)")]
fn new_compressor(
    class: &Obj,
    format: i32,
    check: i32,
    preset: Option<&Obj>,
    filters: Option<&Obj>,
) -> PyResult<Obj> {
    let class = class_argument::<PyLzmaCompressor>(class)?;
    let (preset, filters) = (given(preset), given(filters));
    if preset.is_some() && filters.is_some() {
        return Err(value_error("Cannot specify both preset and filter chain"));
    }
    let preset = match preset {
        Some(preset) => filters::unsigned_32(preset)?,
        None => liblzma_sys::LZMA_PRESET_DEFAULT,
    };
    if format != FORMAT_XZ && check != -1 && check != 0 {
        return Err(value_error("Integrity checks are only supported by FORMAT_XZ"));
    }
    let chain = filters.map(Chain::from_python).transpose()?;
    let stream = match (format, &chain) {
        (FORMAT_XZ, chain) => {
            let check = if check == -1 { liblzma_sys::LZMA_CHECK_CRC64 } else { check as u32 };
            match chain {
                Some(chain) => Stream::xz_encoder_of(chain, check),
                None => Stream::xz_encoder(preset, check),
            }
        }
        (FORMAT_ALONE, None) => {
            let Some(chain) = Chain::of_preset(preset) else { return Err(bad_preset(preset)) };
            Stream::alone_encoder(&chain)
        }
        (FORMAT_ALONE, Some(chain)) if chain.is_one_lzma1() => Stream::alone_encoder(chain),
        (FORMAT_ALONE, Some(_)) => {
            let text = "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter";
            return Err(value_error(text));
        }
        (FORMAT_RAW, Some(chain)) => Stream::raw_encoder(chain),
        (FORMAT_RAW, None) => return Err(value_error("Must specify filters for FORMAT_RAW")),
        _ => return Err(bad_format(format)),
    };
    let state = Mutex::new(Compressor { stream: stream.map_err(failed)?, flushed: false });
    Ok(new_instance(class, |header| PyLzmaCompressor { header, state }).into_obj())
}

#[pyargs(name = "LZMADecompressor", sig = "(format=0, memlimit=None, filters=None)")]
fn new_decompressor(
    class: &Obj,
    format: i32,
    memlimit: Option<&Obj>,
    filters: Option<&Obj>,
) -> PyResult<Obj> {
    let class = class_argument::<PyLzmaDecompressor>(class)?;
    let filters = given(filters);
    let mut limit = u64::MAX;
    if let Some(memlimit) = given(memlimit) {
        if format == FORMAT_RAW {
            return Err(value_error("Cannot specify memory limit with FORMAT_RAW"));
        }
        limit = filters::unsigned(memlimit)?;
    }
    if format == FORMAT_RAW && filters.is_none() {
        return Err(value_error("Must specify filters for FORMAT_RAW"));
    }
    if format != FORMAT_RAW && filters.is_some() {
        return Err(value_error("Cannot specify filters except with FORMAT_RAW"));
    }
    let (stream, check) = match (format, filters) {
        (FORMAT_AUTO, _) => (Stream::auto_decoder(limit), CHECK_UNKNOWN),
        (FORMAT_XZ, _) => (Stream::xz_decoder(limit), CHECK_UNKNOWN),
        (FORMAT_ALONE, _) => (Stream::alone_decoder(limit), liblzma_sys::LZMA_CHECK_NONE),
        (FORMAT_RAW, Some(filters)) => {
            (Stream::raw_decoder(&Chain::from_python(filters)?), liblzma_sys::LZMA_CHECK_NONE)
        }
        _ => return Err(bad_format(format)),
    };
    let state = Decompressor::new(Decoder { stream: stream.map_err(failed)?, check });
    Ok(new_instance(class, |header| PyLzmaDecompressor { header, state }).into_obj())
}

#[pymethods(class = "_lzma.LZMACompressor")]
impl PyLzmaCompressor {
    /// Provide data to the compressor object.
    #[pymethod]
    fn compress(&self, data: &Obj) -> PyResult<Obj> {
        let data = Input::new(data)?;
        let result = with_state(&self.state, |state| {
            (!state.flushed).then(|| state.stream.compress_all(data.get(), false))
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
            (!before).then(|| state.stream.compress_all(&[], true))
        });
        match result {
            Some(Ok(out)) => Ok(PyBytes::from_vec(out).into_obj()),
            Some(Err(code)) => Err(failed(code)),
            None => Err(value_error("Repeated call to flush()")),
        }
    }
}

#[pymethods(class = "_lzma.LZMADecompressor")]
impl PyLzmaDecompressor {
    /// Decompress *data*, returning uncompressed data as bytes.
    #[pymethod(sig = "(data, max_length=-1)")]
    fn decompress(&self, data: &Obj, max_length: isize) -> PyResult<Obj> {
        match decompressor::decompress(&self.state, data, max_length)? {
            Ok(out) => Ok(PyBytes::from_vec(out).into_obj()),
            Err(Refusal::AtEnd | Refusal::Broken) => Err(eof_error("Already at end of stream")),
            Err(Refusal::Failed(code)) => Err(failed(code)),
        }
    }
    /// ID of the integrity check used by the input stream.
    #[pygetset]
    fn check(&self) -> u32 {
        with_state(&self.state, |state| state.engine.check)
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

const CONSTANTS: [(&str, i64); 28] = [
    ("FORMAT_AUTO", FORMAT_AUTO as i64),
    ("FORMAT_XZ", FORMAT_XZ as i64),
    ("FORMAT_ALONE", FORMAT_ALONE as i64),
    ("FORMAT_RAW", FORMAT_RAW as i64),
    ("CHECK_NONE", 0),
    ("CHECK_CRC32", 1),
    ("CHECK_CRC64", 4),
    ("CHECK_SHA256", 10),
    ("CHECK_ID_MAX", 15),
    ("CHECK_UNKNOWN", CHECK_UNKNOWN as i64),
    ("FILTER_LZMA1", 0x4000_0000_0000_0001),
    ("FILTER_LZMA2", 0x21),
    ("FILTER_DELTA", 3),
    ("FILTER_X86", 4),
    ("FILTER_POWERPC", 5),
    ("FILTER_IA64", 6),
    ("FILTER_ARM", 7),
    ("FILTER_ARMTHUMB", 8),
    ("FILTER_SPARC", 9),
    ("MF_HC3", 3),
    ("MF_HC4", 4),
    ("MF_BT2", 0x12),
    ("MF_BT3", 0x13),
    ("MF_BT4", 0x14),
    ("MODE_FAST", 1),
    ("MODE_NORMAL", 2),
    ("PRESET_DEFAULT", 6),
    ("PRESET_EXTREME", 1 << 31),
];

#[pymodule(name = "_lzma", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    fn LZMAError() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr]
    fn LZMACompressor() -> Obj {
        compressor_class().as_obj().clone()
    }
    #[pyattr]
    fn LZMADecompressor() -> Obj {
        decompressor_class().as_obj().clone()
    }
    /// Test whether the given integrity check is supported.
    #[pyfunction]
    fn is_check_supported(check_id: i32) -> bool {
        stream::check_is_supported(check_id as u32)
    }
    /// Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict).
    #[pyfunction]
    fn _encode_filter_properties(filter: &Obj) -> PyResult<Obj> {
        let chain = Chain::of_one(filter)?;
        Ok(PyBytes::from_vec(filters::encode_properties(&chain).map_err(failed)?).into_obj())
    }
    /// Return a dict describing a filter with ID *filter_id*, and options (properties) encoded in the bytes object *encoded_props*.
    #[pyfunction]
    fn _decode_filter_properties(filter_id: &Obj, encoded_props: &Obj) -> PyResult<Obj> {
        let id = filters::unsigned(filter_id)?;
        let props = Input::new(encoded_props)?;
        let entries = filters::decode_properties(id, props.get()).map_err(failed)?;
        let spec = dict_obj();
        spec.set_str("id", taipan_objects::int::from_u64(id));
        for (name, value) in entries {
            spec.set_str(name, int_obj(value.into()));
        }
        Ok(spec.into_obj())
    }
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        CONSTANTS.iter().try_for_each(|(name, value)| module.add(name, *value))
    }
}
