//! `_zstd`: what `compression.zstd` builds on. Contexts are in `_zstd/context.rs`, parameters in `_zstd/parameters.rs`, dictionaries
//! in `_zstd/dictionary.rs`, compressors and decompressors in `_zstd/objects.rs`.

mod context;
mod dictionary;
mod objects;
mod parameters;

use taipan_objects::bytes::PyBytes;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::types::types;

use crate::decompressor::Input;
use crate::native_class;
use crate::new_exception::new_exception;
use context::Failure;

native_class! {
    fn error_class() = new_exception("compression.zstd.ZstdError", &types().exception)
}

/// `ZstdError`: what was tried, and the library's words.
#[cold]
fn failed(trying: &str, failure: Failure) -> Raised {
    raise_message(error_class(), format!("Unable to {trying}: {}", failure.text()))
}

/// Samples for a dictionary: the sizes of the parts of `samples`.
fn sample_sizes(samples: &[u8], sizes: &PyTuple, dict_size: isize) -> PyResult<(Vec<usize>, usize)> {
    let dict_size = match usize::try_from(dict_size) {
        Ok(size @ 1..) => size,
        _ => return Err(value_error("dict_size argument should be positive number.")),
    };
    let mut out = Vec::with_capacity(sizes.len());
    for size in sizes.as_slice() {
        let Some(size) = int::int_ref(size) else { return Err(type_error("an integer is required")) };
        // No sample is that large: the sum will not fit.
        out.push(size.to_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX));
    }
    let total = out.iter().try_fold(0usize, |sum, size| sum.checked_add(*size));
    if total != Some(samples.len()) || u32::try_from(out.len()).is_err() {
        return Err(value_error("The samples size tuple doesn't match the concatenation's size."));
    }
    Ok((out, dict_size))
}

/// Implementation module for Zstandard compression.
#[pymodule(name = "_zstd")]
mod items {
    use super::*;

    #[pyattr]
    fn zstd_version() -> String {
        context::version()
    }
    #[pyattr]
    fn zstd_version_number() -> u32 {
        context::version_number()
    }
    #[pyattr]
    fn ZstdError() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr]
    fn ZstdDict() -> Obj {
        dictionary::class().as_obj().clone()
    }
    #[pyattr]
    fn ZstdCompressor() -> Obj {
        objects::compressor_class().as_obj().clone()
    }
    #[pyattr]
    fn ZstdDecompressor() -> Obj {
        objects::decompressor_class().as_obj().clone()
    }
    /// Train a Zstandard dictionary on sample data.
    #[pyfunction]
    fn train_dict(samples_bytes: &PyBytes, samples_sizes: &PyTuple, dict_size: isize) -> PyResult<Obj> {
        let samples = samples_bytes.as_slice();
        let (sizes, size) = sample_sizes(samples, samples_sizes, dict_size)?;
        let made = taipan_threading::detached(|| context::train(samples, &sizes, size));
        let made = made.map_err(|failure| failed("train the Zstandard dictionary", failure))?;
        Ok(PyBytes::from_vec(made).into_obj())
    }
    /// Finalize a Zstandard dictionary.
    #[pyfunction]
    fn finalize_dict(
        custom_dict_bytes: &PyBytes,
        samples_bytes: &PyBytes,
        samples_sizes: &PyTuple,
        dict_size: isize,
        compression_level: i32,
    ) -> PyResult<Obj> {
        let (content, samples) = (custom_dict_bytes.as_slice(), samples_bytes.as_slice());
        let (sizes, size) = sample_sizes(samples, samples_sizes, dict_size)?;
        let made = taipan_threading::detached(|| {
            context::finalize(content, samples, &sizes, size, compression_level)
        });
        let made = made.map_err(|failure| failed("finalize the Zstandard dictionary", failure))?;
        Ok(PyBytes::from_vec(made).into_obj())
    }
    /// Get CompressionParameter/DecompressionParameter bounds.
    #[pyfunction(sig = "(parameter, is_compress)")]
    fn get_param_bounds(parameter: i32, is_compress: bool) -> PyResult<(i32, i32)> {
        let kind = if is_compress { "compression" } else { "decompression" };
        parameters::bounds(parameter, is_compress)
            .map_err(|failure| failed(&format!("get zstd {kind} parameter bounds"), failure))
    }
    /// Get the size of a Zstandard frame, including the header and optional checksum.
    #[pyfunction(sig = "(frame_buffer)")]
    fn get_frame_size(frame_buffer: &Obj) -> PyResult<usize> {
        let data = Input::new(frame_buffer)?;
        context::frame_size(data.get()).map_err(|failure| {
            let text = failure.text();
            raise_message(
                error_class(),
                format!(
                    "Error when finding the compressed size of a Zstandard frame. Ensure the frame_buffer argument starts from the beginning of a frame, and its length is not less than this complete frame. Zstd error message: {text}."
                ),
            )
        })
    }
    /// Get Zstandard frame infomation from a frame header.
    #[pyfunction(sig = "(frame_buffer)")]
    fn get_frame_info(frame_buffer: &Obj) -> PyResult<(Option<u64>, u32)> {
        let data = Input::new(frame_buffer)?;
        match context::frame_info(data.get()) {
            Some(info) => Ok(info),
            None => Err(raise_message(
                error_class(),
                "Error when getting information from the header of a Zstandard frame. Ensure the frame_buffer argument starts from the beginning of a frame, and its length is not less than the frame header (6~18 bytes).",
            )),
        }
    }
    /// Set CompressionParameter and DecompressionParameter types for validity check.
    #[pyfunction(sig = "(c_parameter_type, d_parameter_type)")]
    fn set_parameter_types(c_parameter_type: &Obj, d_parameter_type: &Obj) -> PyResult<()> {
        for (name, given) in [("c", c_parameter_type), ("d", d_parameter_type)] {
            if given.downcast::<PyType>().is_none() {
                let class = class_of(given).name();
                return Err(type_error(format!(
                    "set_parameter_types() argument '{name}_parameter_type' must be type, not {class}"
                )));
            }
        }
        parameters::set_types(c_parameter_type, d_parameter_type)
    }
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        parameters::CONSTANTS.iter().try_for_each(|(name, value)| module.add(name, *value))
    }
}
