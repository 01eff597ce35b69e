//! Contexts of the Zstandard library in safe clothes, and its functions on frames and dictionaries.
//!
//! Invariant: a context keeps alive what it refers to: a digested dictionary, or the bytes of a prefix.
#![allow(unsafe_code)] // The library's interface is that of C.

use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;

use zstd_sys as z;

use crate::decompressor::{Engine, FIRST_ROOM, MOST_ROOM};

/// An error code of the library.
#[derive(Clone, Copy)]
pub struct Failure(usize);

impl Failure {
    /// A code by its number in the library's headers.
    pub const fn of(code: usize) -> Failure {
        Failure(0usize.wrapping_sub(code))
    }
    /// The library's words for it.
    pub fn text(self) -> String {
        // SAFETY: a constant string for every number.
        unsafe { CStr::from_ptr(z::ZSTD_getErrorName(self.0)) }.to_string_lossy().into_owned()
    }
}

const UNSUPPORTED_PARAMETER: Failure = Failure::of(40);
const OUT_OF_MEMORY: Failure = Failure::of(64);

fn checked(code: usize) -> Result<usize, Failure> {
    // SAFETY: a question about a number.
    if unsafe { z::ZSTD_isError(code) } == 0 { Ok(code) } else { Err(Failure(code)) }
}

/// How a dictionary is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Digested,
    Undigested,
    Prefix,
}

/// A dictionary digested for compression at one level.
pub struct Digest(NonNull<z::ZSTD_CDict>);

// SAFETY: a digested dictionary is only read once it is made; it may be used by several contexts at a time.
unsafe impl Send for Digest {}
// SAFETY: as above.
unsafe impl Sync for Digest {}

impl Digest {
    pub fn new(content: &[u8], level: i32) -> Result<Digest, Failure> {
        // SAFETY: a valid slice, which the library copies.
        let raw = unsafe { z::ZSTD_createCDict(content.as_ptr().cast(), content.len(), level) };
        NonNull::new(raw).map(Digest).ok_or(OUT_OF_MEMORY)
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed once.
        unsafe { z::ZSTD_freeCDict(self.0.as_ptr()) };
    }
}

/// When a compressor is to let out what it has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Continue,
    FlushBlock,
    FlushFrame,
}

/// What `compress` says of a size that is not known.
pub const UNKNOWN_SIZE: u64 = u64::MAX;

/// A compression context.
pub struct Encoder {
    raw: NonNull<z::ZSTD_CCtx>,
    prefix: Option<Arc<Vec<u8>>>,
    digest: Option<Arc<Digest>>,
    /// Whether threads of the library compress.
    threads: bool,
}

// SAFETY: the context owns or keeps alive all memory that it points to, but for input and output, which are borrowed only during a call.
unsafe impl Send for Encoder {}

impl Encoder {
    pub fn new() -> Result<Encoder, Failure> {
        // SAFETY: no arguments.
        let raw = unsafe { z::ZSTD_createCCtx() };
        NonNull::new(raw)
            .map(|raw| Encoder { raw, prefix: None, digest: None, threads: false })
            .ok_or(OUT_OF_MEMORY)
    }
    pub fn set(&mut self, parameter: z::ZSTD_cParameter, value: i32) -> Result<(), Failure> {
        self.threads |= parameter == z::ZSTD_cParameter::ZSTD_c_nbWorkers && value != 0;
        // SAFETY: a live context.
        checked(unsafe { z::ZSTD_CCtx_setParameter(self.raw.as_ptr(), parameter, value) }).map(drop)
    }
    pub fn load(&mut self, content: &[u8]) -> Result<(), Failure> {
        // SAFETY: a live context, a valid slice, which the library copies.
        let code =
            unsafe { z::ZSTD_CCtx_loadDictionary(self.raw.as_ptr(), content.as_ptr().cast(), content.len()) };
        checked(code).map(drop)
    }
    pub fn refer_to_prefix(&mut self, content: Arc<Vec<u8>>) -> Result<(), Failure> {
        // SAFETY: a live context; the bytes are kept alive below.
        let code =
            unsafe { z::ZSTD_CCtx_refPrefix(self.raw.as_ptr(), content.as_ptr().cast(), content.len()) };
        self.prefix = Some(content);
        checked(code).map(drop)
    }
    pub fn refer_to_digest(&mut self, digest: Arc<Digest>) -> Result<(), Failure> {
        // SAFETY: a live context; the dictionary is kept alive below.
        let code = unsafe { z::ZSTD_CCtx_refCDict(self.raw.as_ptr(), digest.0.as_ptr()) };
        self.digest = Some(digest);
        checked(code).map(drop)
    }
    pub fn pledge(&mut self, size: u64) -> Result<(), Failure> {
        // SAFETY: a live context.
        checked(unsafe { z::ZSTD_CCtx_setPledgedSrcSize(self.raw.as_ptr(), size) }).map(drop)
    }
    /// Compresses all input. After a failure the context is ready for a new frame.
    pub fn compress(&mut self, input: &[u8], mode: Mode) -> Result<Vec<u8>, Failure> {
        let end = match mode {
            Mode::Continue => z::ZSTD_EndDirective::ZSTD_e_continue,
            Mode::FlushBlock => z::ZSTD_EndDirective::ZSTD_e_flush,
            Mode::FlushFrame => z::ZSTD_EndDirective::ZSTD_e_end,
        };
        let mut source = z::ZSTD_inBuffer { src: input.as_ptr().cast(), size: input.len(), pos: 0 };
        let mut out = Vec::new();
        let mut room = FIRST_ROOM;
        loop {
            let before = out.len();
            out.resize(before + room, 0u8);
            let mut target = z::ZSTD_outBuffer { dst: out[before..].as_mut_ptr().cast(), size: room, pos: 0 };
            // SAFETY: a live context; input and output are valid for their lengths during the call.
            let code = unsafe { z::ZSTD_compressStream2(self.raw.as_ptr(), &mut target, &mut source, end) };
            let full = target.pos == room;
            out.truncate(before + target.pos);
            let left = checked(code).inspect_err(|_| self.reset())?;
            let consumed = source.pos == source.size;
            if consumed && !full && (left == 0 || mode == Mode::Continue) {
                return Ok(out);
            }
            if full {
                room = (room * 2).min(MOST_ROOM);
            }
        }
    }
    fn reset(&mut self) {
        // SAFETY: a live context.
        unsafe { z::ZSTD_CCtx_reset(self.raw.as_ptr(), z::ZSTD_ResetDirective::ZSTD_reset_session_only) };
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if self.threads {
            // The library frees a context's dictionary while its threads may still read it: let them finish.
            taipan_threading::detached(|| drop(self.compress(&[], Mode::FlushBlock)));
        }
        // SAFETY: made by the library, freed once, before what it refers to.
        unsafe { z::ZSTD_freeCCtx(self.raw.as_ptr()) };
    }
}

/// A decompression context.
pub struct Decoder {
    raw: NonNull<z::ZSTD_DCtx>,
    prefix: Option<Arc<Vec<u8>>>,
}

// SAFETY: as for `Encoder`.
unsafe impl Send for Decoder {}

impl Decoder {
    pub fn new() -> Result<Decoder, Failure> {
        // SAFETY: no arguments.
        let raw = unsafe { z::ZSTD_createDCtx() };
        NonNull::new(raw).map(|raw| Decoder { raw, prefix: None }).ok_or(OUT_OF_MEMORY)
    }
    pub fn set(&mut self, parameter: z::ZSTD_dParameter, value: i32) -> Result<(), Failure> {
        // SAFETY: a live context.
        checked(unsafe { z::ZSTD_DCtx_setParameter(self.raw.as_ptr(), parameter, value) }).map(drop)
    }
    pub fn load(&mut self, content: &[u8]) -> Result<(), Failure> {
        // SAFETY: a live context, a valid slice, which the library copies.
        let code =
            unsafe { z::ZSTD_DCtx_loadDictionary(self.raw.as_ptr(), content.as_ptr().cast(), content.len()) };
        checked(code).map(drop)
    }
    pub fn refer_to_prefix(&mut self, content: Arc<Vec<u8>>) -> Result<(), Failure> {
        // SAFETY: a live context; the bytes are kept alive below.
        let code =
            unsafe { z::ZSTD_DCtx_refPrefix(self.raw.as_ptr(), content.as_ptr().cast(), content.len()) };
        self.prefix = Some(content);
        checked(code).map(drop)
    }
}

impl Engine for Decoder {
    type Error = Failure;
    const HIDES_OUTPUT: bool = true;
    fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<bool, Failure> {
        let before = out.len();
        out.resize(before + room, 0);
        let mut source = z::ZSTD_inBuffer { src: input.as_ptr().cast(), size: input.len(), pos: 0 };
        let mut target = z::ZSTD_outBuffer { dst: out[before..].as_mut_ptr().cast(), size: room, pos: 0 };
        // SAFETY: a live context; input and output are valid for their lengths during the call.
        let code = unsafe { z::ZSTD_decompressStream(self.raw.as_ptr(), &mut target, &mut source) };
        out.truncate(before + target.pos);
        *input = &input[source.pos..];
        match checked(code) {
            Ok(left) => Ok(left == 0),
            Err(failure) => {
                // SAFETY: a live context.
                unsafe {
                    z::ZSTD_DCtx_reset(self.raw.as_ptr(), z::ZSTD_ResetDirective::ZSTD_reset_session_only)
                };
                Err(failure)
            }
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed once, before what it refers to.
        unsafe { z::ZSTD_freeDCtx(self.raw.as_ptr()) };
    }
}

pub fn version() -> String {
    // SAFETY: a constant string.
    unsafe { CStr::from_ptr(z::ZSTD_versionString()) }.to_string_lossy().into_owned()
}

pub fn version_number() -> u32 {
    // SAFETY: no arguments.
    unsafe { z::ZSTD_versionNumber() }
}

/// The lowest and the highest compression level.
pub fn levels() -> (i32, i32) {
    // SAFETY: no arguments.
    unsafe { (z::ZSTD_minCLevel(), z::ZSTD_maxCLevel()) }
}

fn range(bounds: z::ZSTD_bounds) -> Result<(i32, i32), Failure> {
    checked(bounds.error).map(|_| (bounds.lowerBound, bounds.upperBound))
}

/// The bounds of a parameter, if it is known.
pub fn encoder_bounds(parameter: Option<z::ZSTD_cParameter>) -> Result<(i32, i32), Failure> {
    let parameter = parameter.ok_or(UNSUPPORTED_PARAMETER)?;
    // SAFETY: a question about a number.
    range(unsafe { z::ZSTD_cParam_getBounds(parameter) })
}

/// The same for decompression.
pub fn decoder_bounds(parameter: Option<z::ZSTD_dParameter>) -> Result<(i32, i32), Failure> {
    let parameter = parameter.ok_or(UNSUPPORTED_PARAMETER)?;
    // SAFETY: a question about a number.
    range(unsafe { z::ZSTD_dParam_getBounds(parameter) })
}

/// The number of a dictionary; 0 if it is not in the library's format.
pub fn dictionary_id(content: &[u8]) -> u32 {
    // SAFETY: a valid slice.
    unsafe { z::ZSTD_getDictID_fromDict(content.as_ptr().cast(), content.len()) }
}

pub fn frame_size(frame: &[u8]) -> Result<usize, Failure> {
    // SAFETY: a valid slice.
    checked(unsafe { z::ZSTD_findFrameCompressedSize(frame.as_ptr().cast(), frame.len()) })
}

/// The decompressed size, if the header tells it, and the dictionary's number; `None`: no frame.
pub fn frame_info(frame: &[u8]) -> Option<(Option<u64>, u32)> {
    // SAFETY: a valid slice.
    let size = unsafe { z::ZSTD_getFrameContentSize(frame.as_ptr().cast(), frame.len()) };
    // SAFETY: as above.
    let id = unsafe { z::ZSTD_getDictID_fromFrame(frame.as_ptr().cast(), frame.len()) };
    match size {
        UNKNOWN_SIZE => Some((None, id)),
        size if size == UNKNOWN_SIZE - 1 => None,
        size => Some((Some(size), id)),
    }
}

/// Makes a dictionary out of samples.
pub fn train(samples: &[u8], sizes: &[usize], size: usize) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0u8; size];
    // SAFETY: valid slices; the sizes add up to the samples' length.
    let code = unsafe {
        z::ZDICT_trainFromBuffer(
            out.as_mut_ptr().cast(),
            size,
            samples.as_ptr().cast(),
            sizes.as_ptr(),
            sizes.len() as u32,
        )
    };
    out.truncate(checked(code)?);
    Ok(out)
}

/// Makes a dictionary out of given content and samples.
pub fn finalize(
    content: &[u8],
    samples: &[u8],
    sizes: &[usize],
    size: usize,
    level: i32,
) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0u8; size];
    let parameters = z::ZDICT_params_t { compressionLevel: level, notificationLevel: 0, dictID: 0 };
    // SAFETY: valid slices; the sizes add up to the samples' length.
    let code = unsafe {
        z::ZDICT_finalizeDictionary(
            out.as_mut_ptr().cast(),
            size,
            content.as_ptr().cast(),
            content.len(),
            samples.as_ptr().cast(),
            sizes.as_ptr(),
            sizes.len() as u32,
            parameters,
        )
    };
    out.truncate(checked(code)?);
    Ok(out)
}
