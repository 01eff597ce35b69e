//! Filter chains: made from Python's filter specifiers, and their properties in encoded form.
//!
//! Invariant: a chain owns the options that its entries point to, and ends with the library's terminator.
#![allow(unsafe_code)] // The library takes chains as C arrays.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use liblzma_sys as lzma;
use taipan_objects::dict::PyDict;
use taipan_objects::int;
use taipan_objects::prelude::*;

use super::bad_preset;

const MOST: usize = 4;

/// The library's options of the delta filter.
#[repr(C)]
struct DeltaOptions {
    kind: u32,
    dist: u32,
    reserved: [u32; 4],
    reserved_pointers: [*mut c_void; 2],
}

enum Options {
    Lzma(Box<lzma::lzma_options_lzma>),
    Delta(Box<DeltaOptions>),
    Bcj(Box<lzma::lzma_options_bcj>),
}

/// A filter chain.
pub struct Chain {
    filters: Vec<(u64, Options)>,
    raw: Vec<lzma::lzma_filter>,
}

/// `int(obj)` of an unsigned number.
pub fn unsigned(obj: &Obj) -> PyResult<u64> {
    let number = index(obj)?;
    let Some(number) = int::int_ref(&number) else { return Err(type_error("an integer is required")) };
    match number.to_u64() {
        Some(number) => Ok(number),
        None if number.is_negative() => Err(value_error("Cannot convert negative int")),
        None => Err(overflow_error("Python int too large for C uint64_t")),
    }
}

/// The same in 32 bits.
pub fn unsigned_32(obj: &Obj) -> PyResult<u32> {
    let too_large = || overflow_error("Python int too large for C uint32_t");
    let number = index(obj)?;
    match int::int_ref(&number) {
        Some(number) if number.is_negative() => Err(value_error("Cannot convert negative int")),
        Some(number) => number.to_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(too_large),
        None => Err(type_error("an integer is required")),
    }
}

fn lzma_options(preset: u32) -> Option<Box<lzma::lzma_options_lzma>> {
    let mut options = Box::new(MaybeUninit::<lzma::lzma_options_lzma>::zeroed());
    // SAFETY: numbers and pointers, all of which may be zero.
    let refused = unsafe { lzma::lzma_lzma_preset(options.as_mut_ptr(), preset) } != 0;
    // SAFETY: as above.
    (!refused).then(|| unsafe { options.assume_init() })
}

/// The entries of a specifier but for its `id`.
fn entries(spec: &Obj) -> PyResult<Vec<(String, Obj)>> {
    let pairs = match spec.downcast::<PyDict>() {
        Some(dict) => dict.snapshot(),
        None => {
            let keys = collect(&call_method_str(spec, "keys", &[])?)?;
            keys.into_iter().map(|key| Ok((key.clone(), getitem(spec, &key)?))).collect::<PyResult<_>>()?
        }
    };
    let named = pairs.into_iter().map(|(key, value)| Ok((str_string(&key)?, value)));
    Ok(named.collect::<PyResult<Vec<_>>>()?.into_iter().filter(|(name, _)| name != "id").collect())
}

/// Sets options by name; everything that is wrong is one error, in words of the kind of filter.
fn set_all(spec: &Obj, kind: &str, mut set: impl FnMut(&str, u32) -> bool) -> PyResult<()> {
    let done = entries(spec).and_then(|entries| {
        for (name, value) in entries {
            if !set(&name, unsigned_32(&value)?) {
                return Err(type_error("unknown option"));
            }
        }
        Ok(())
    });
    done.map_err(|Raised| {
        drop(take_raised());
        value_error(format!("Invalid filter specifier for {kind} filter"))
    })
}

fn filter(spec: &Obj) -> PyResult<(u64, Options)> {
    if !hasattr(spec, &intern("keys"))? && spec.downcast::<PyDict>().is_none() {
        return Err(type_error("Filter specifier must be a dict or dict-like object"));
    }
    let item = |name: &str| absent_if(getitem(spec, &str_obj(name)), &types().key_error);
    let Some(id) = item("id")? else {
        return Err(value_error("Filter specifier must have an \"id\" entry"));
    };
    let id = unsigned(&id)?;
    let options = match id {
        lzma::LZMA_FILTER_LZMA1 | lzma::LZMA_FILTER_LZMA2 => {
            let preset = match item("preset")? {
                Some(preset) => unsigned_32(&preset)?,
                None => lzma::LZMA_PRESET_DEFAULT,
            };
            let Some(mut options) = lzma_options(preset) else { return Err(bad_preset(preset)) };
            set_all(spec, "LZMA", |name, value| {
                let place = match name {
                    "preset" => return true,
                    "dict_size" => &mut options.dict_size,
                    "lc" => &mut options.lc,
                    "lp" => &mut options.lp,
                    "pb" => &mut options.pb,
                    "mode" => &mut options.mode,
                    "nice_len" => &mut options.nice_len,
                    "mf" => &mut options.mf,
                    "depth" => &mut options.depth,
                    _ => return false,
                };
                *place = value;
                true
            })?;
            Options::Lzma(options)
        }
        lzma::LZMA_FILTER_DELTA => {
            let mut options =
                DeltaOptions { kind: 0, dist: 1, reserved: [0; 4], reserved_pointers: [null_mut(); 2] };
            set_all(spec, "delta", |name, value| {
                options.dist = value;
                name == "dist"
            })?;
            Options::Delta(Box::new(options))
        }
        lzma::LZMA_FILTER_X86..=lzma::LZMA_FILTER_SPARC => {
            let mut options = lzma::lzma_options_bcj { start_offset: 0 };
            set_all(spec, "BCJ", |name, value| {
                options.start_offset = value;
                name == "start_offset"
            })?;
            Options::Bcj(Box::new(options))
        }
        _ => return Err(value_error(format!("Invalid filter ID: {id}"))),
    };
    Ok((id, options))
}

impl Chain {
    fn new(mut filters: Vec<(u64, Options)>) -> Chain {
        let entry = |(id, options): &mut (u64, Options)| {
            let options: *mut c_void = match options {
                Options::Lzma(options) => std::ptr::from_mut(&mut **options).cast(),
                Options::Delta(options) => std::ptr::from_mut(&mut **options).cast(),
                Options::Bcj(options) => std::ptr::from_mut(&mut **options).cast(),
            };
            lzma::lzma_filter { id: *id, options }
        };
        let mut raw: Vec<_> = filters.iter_mut().map(entry).collect();
        raw.push(lzma::lzma_filter { id: lzma::LZMA_VLI_UNKNOWN, options: null_mut() });
        Chain { filters, raw }
    }
    /// Of a sequence of filter specifiers.
    pub fn from_python(specs: &Obj) -> PyResult<Chain> {
        let count = len(specs)?;
        if !is_sequence(specs) {
            return Err(type_error(format!("{} is not a sequence", class_of(specs).name())));
        }
        if count > MOST {
            let text = format!("Too many filters - liblzma supports a maximum of {MOST}");
            return Err(value_error(text));
        }
        let filters = (0..count).map(|at| filter(&getitem(specs, &int_obj(at as i64))?));
        Ok(Chain::new(filters.collect::<PyResult<_>>()?))
    }
    /// Of one filter specifier.
    pub fn of_one(spec: &Obj) -> PyResult<Chain> {
        Ok(Chain::new(vec![filter(spec)?]))
    }
    /// The LZMA1 filter of a preset, if there is such a preset.
    pub fn of_preset(preset: u32) -> Option<Chain> {
        Some(Chain::new(vec![(lzma::LZMA_FILTER_LZMA1, Options::Lzma(lzma_options(preset)?))]))
    }
    pub fn is_one_lzma1(&self) -> bool {
        matches!(self.filters.as_slice(), [(lzma::LZMA_FILTER_LZMA1, _)])
    }
    /// The options of the first filter, if it is one of LZMA.
    pub fn lzma_options(&self) -> Option<&lzma::lzma_options_lzma> {
        match self.filters.first() {
            Some((_, Options::Lzma(options))) => Some(options),
            _ => None,
        }
    }
    /// The library's form, valid as long as the chain.
    pub fn as_ptr(&self) -> *const lzma::lzma_filter {
        self.raw.as_ptr()
    }
}

/// The encoded properties of the chain's first filter.
pub fn encode_properties(chain: &Chain) -> Result<Vec<u8>, u32> {
    let mut size = 0;
    // SAFETY: a chain has an entry, whose options are those of its kind.
    let code = unsafe { lzma::lzma_properties_size(&mut size, chain.as_ptr()) };
    if code != lzma::LZMA_OK {
        return Err(code);
    }
    let mut out = vec![0; size as usize];
    // SAFETY: as above; the output has the size that was asked for.
    match unsafe { lzma::lzma_properties_encode(chain.as_ptr(), out.as_mut_ptr()) } {
        lzma::LZMA_OK => Ok(out),
        code => Err(code),
    }
}

/// What encoded properties say, in CPython's order.
pub fn decode_properties(id: u64, props: &[u8]) -> Result<Vec<(&'static str, u32)>, u32> {
    let mut filter = lzma::lzma_filter { id, options: null_mut() };
    // SAFETY: a valid slice; no allocator means malloc.
    let code =
        unsafe { lzma::lzma_properties_decode(&mut filter, std::ptr::null(), props.as_ptr(), props.len()) };
    if code != lzma::LZMA_OK {
        return Err(code);
    }
    let options = filter.options;
    let out = if options.is_null() {
        Vec::new()
    } else {
        // SAFETY: the library made the options of the filter's kind.
        unsafe {
            match id {
                lzma::LZMA_FILTER_LZMA1 => {
                    let options = &*options.cast::<lzma::lzma_options_lzma>();
                    vec![
                        ("lc", options.lc),
                        ("lp", options.lp),
                        ("pb", options.pb),
                        ("dict_size", options.dict_size),
                    ]
                }
                lzma::LZMA_FILTER_LZMA2 => {
                    vec![("dict_size", (*options.cast::<lzma::lzma_options_lzma>()).dict_size)]
                }
                lzma::LZMA_FILTER_DELTA => vec![("dist", (*options.cast::<DeltaOptions>()).dist)],
                _ => vec![("start_offset", (*options.cast::<lzma::lzma_options_bcj>()).start_offset)],
            }
        }
    };
    // SAFETY: allocated by malloc, freed once.
    unsafe { libc::free(options) };
    Ok(out)
}
