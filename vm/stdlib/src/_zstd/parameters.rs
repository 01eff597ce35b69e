//! The advanced parameters: their names and bounds, and options given as dictionaries.

use parking_lot::Mutex;
use taipan_objects::dict::PyDict;
use taipan_objects::int;
use taipan_objects::prelude::*;
use taipan_vm::interpreters::PerInterpreter;
use zstd_sys::{ZSTD_cParameter as C, ZSTD_dParameter as D};

use super::context::{Decoder, Encoder, Failure, decoder_bounds, encoder_bounds, levels};

const COMPRESSION: [(&str, C); 20] = [
    ("compression_level", C::ZSTD_c_compressionLevel),
    ("window_log", C::ZSTD_c_windowLog),
    ("hash_log", C::ZSTD_c_hashLog),
    ("chain_log", C::ZSTD_c_chainLog),
    ("search_log", C::ZSTD_c_searchLog),
    ("min_match", C::ZSTD_c_minMatch),
    ("target_length", C::ZSTD_c_targetLength),
    ("strategy", C::ZSTD_c_strategy),
    ("target_c_block_size", C::ZSTD_c_targetCBlockSize),
    ("enable_long_distance_matching", C::ZSTD_c_enableLongDistanceMatching),
    ("ldm_hash_log", C::ZSTD_c_ldmHashLog),
    ("ldm_min_match", C::ZSTD_c_ldmMinMatch),
    ("ldm_bucket_size_log", C::ZSTD_c_ldmBucketSizeLog),
    ("ldm_hash_rate_log", C::ZSTD_c_ldmHashRateLog),
    ("content_size_flag", C::ZSTD_c_contentSizeFlag),
    ("checksum_flag", C::ZSTD_c_checksumFlag),
    ("dict_id_flag", C::ZSTD_c_dictIDFlag),
    ("nb_workers", C::ZSTD_c_nbWorkers),
    ("job_size", C::ZSTD_c_jobSize),
    ("overlap_log", C::ZSTD_c_overlapLog),
];

/// The module's numbers.
pub const CONSTANTS: [(&str, i64); 31] = [
    ("ZSTD_c_compressionLevel", 100),
    ("ZSTD_c_windowLog", 101),
    ("ZSTD_c_hashLog", 102),
    ("ZSTD_c_chainLog", 103),
    ("ZSTD_c_searchLog", 104),
    ("ZSTD_c_minMatch", 105),
    ("ZSTD_c_targetLength", 106),
    ("ZSTD_c_strategy", 107),
    ("ZSTD_c_enableLongDistanceMatching", 160),
    ("ZSTD_c_ldmHashLog", 161),
    ("ZSTD_c_ldmMinMatch", 162),
    ("ZSTD_c_ldmBucketSizeLog", 163),
    ("ZSTD_c_ldmHashRateLog", 164),
    ("ZSTD_c_contentSizeFlag", 200),
    ("ZSTD_c_checksumFlag", 201),
    ("ZSTD_c_dictIDFlag", 202),
    ("ZSTD_c_nbWorkers", 400),
    ("ZSTD_c_jobSize", 401),
    ("ZSTD_c_overlapLog", 402),
    ("ZSTD_d_windowLogMax", 100),
    ("ZSTD_CLEVEL_DEFAULT", 3),
    ("ZSTD_DStreamOutSize", 131_072),
    ("ZSTD_fast", 1),
    ("ZSTD_dfast", 2),
    ("ZSTD_greedy", 3),
    ("ZSTD_lazy", 4),
    ("ZSTD_lazy2", 5),
    ("ZSTD_btlazy2", 6),
    ("ZSTD_btopt", 7),
    ("ZSTD_btultra", 8),
    ("ZSTD_btultra2", 9),
];

/// The classes of the keys: those of compression, those of decompression.
static KEY_TYPES: PerInterpreter<Mutex<Option<[Obj; 2]>>> = PerInterpreter::new();

pub fn set_types(compression: &Obj, decompression: &Obj) -> PyResult<()> {
    let new = Some([compression.clone(), decompression.clone()]);
    let old = std::mem::replace(&mut *KEY_TYPES.get_or_default().lock(), new);
    drop(old);
    Ok(())
}

fn is_key_of(key: &Obj, which: usize) -> bool {
    let class = KEY_TYPES.get_or_default().lock().as_ref().map(|types| types[which].clone());
    class.is_some_and(|class| class.is(&class_of(key).to_obj()))
}

fn encoding(key: i32) -> Option<(&'static str, C)> {
    COMPRESSION.into_iter().find(|(_, parameter)| *parameter as i32 == key)
}

fn decoding(key: i32) -> Option<(&'static str, D)> {
    (key == D::ZSTD_d_windowLogMax as i32).then_some(("window_log_max", D::ZSTD_d_windowLogMax))
}

/// The least and the greatest value of a parameter.
pub fn bounds(key: i32, compression: bool) -> Result<(i32, i32), Failure> {
    if compression {
        encoder_bounds(encoding(key).map(|(_, parameter)| parameter))
    } else {
        decoder_bounds(decoding(key).map(|(_, parameter)| parameter))
    }
}

/// The exception of a parameter that was refused.
fn refused(key: i32, value: i32, name: Option<&str>, compression: bool) -> Raised {
    let kind = if compression { "compression" } else { "decompression" };
    let name = match name {
        Some(name) => name.to_owned(),
        None => format!("unknown parameter (key {key})"),
    };
    match bounds(key, compression) {
        Ok((low, high)) => value_error(format!(
            "{kind} parameter '{name}' received an illegal value {value}; the valid range is [{low}, {high}]"
        )),
        Err(_) => value_error(format!("invalid {kind} parameter '{name}'")),
    }
}

fn c_int(obj: &Obj) -> PyResult<i32> {
    let number = index(obj)?;
    int::int_ref(&number)
        .and_then(|number| number.to_i64())
        .and_then(|number| i32::try_from(number).ok())
        .ok_or_else(|| overflow_error("Python int too large to convert to C int"))
}

/// Sets the compression level.
pub fn set_level(encoder: &mut Encoder, level: i32) -> PyResult<()> {
    let (low, high) = levels();
    if !(low..=high).contains(&level) || encoder.set(C::ZSTD_c_compressionLevel, level).is_err() {
        return Err(value_error(format!(
            "illegal compression level {level}; the valid range is [{low}, {high}]"
        )));
    }
    Ok(())
}

/// A level given as an argument.
pub fn level_of(level: &Obj) -> PyResult<i32> {
    let Some(level) = int::int_ref(level) else {
        return Err(type_error("invalid type for level, expected int"));
    };
    level.to_i64().and_then(|level| i32::try_from(level).ok()).ok_or_else(|| {
        let (low, high) = levels();
        value_error(format!("illegal compression level; the valid range is [{low}, {high}]"))
    })
}

/// Sets a compressor's options; the level among them, if there is one.
pub fn set_encoder(encoder: &mut Encoder, options: &PyDict) -> PyResult<Option<i32>> {
    let mut level = None;
    for (key, value) in options.snapshot() {
        if is_key_of(&key, 1) {
            let text = "compression options dictionary key must not be a DecompressionParameter attribute";
            return Err(type_error(text));
        }
        let (key, value) = (c_int(&key)?, c_int(&value)?);
        let known = encoding(key);
        if key == C::ZSTD_c_compressionLevel as i32 {
            set_level(encoder, value)?;
            level = Some(value);
            continue;
        }
        if known.is_none_or(|(_, parameter)| encoder.set(parameter, value).is_err()) {
            return Err(refused(key, value, known.map(|(name, _)| name), true));
        }
    }
    Ok(level)
}

/// Sets a decompressor's options.
pub fn set_decoder(decoder: &mut Decoder, options: &PyDict) -> PyResult<()> {
    for (key, value) in options.snapshot() {
        if is_key_of(&key, 0) {
            let text = "decompression options dictionary key must not be a CompressionParameter attribute";
            return Err(type_error(text));
        }
        let (key, value) = (c_int(&key)?, c_int(&value)?);
        let known = decoding(key);
        if known.is_none_or(|(_, parameter)| decoder.set(parameter, value).is_err()) {
            return Err(refused(key, value, known.map(|(name, _)| name), false));
        }
    }
    Ok(())
}
