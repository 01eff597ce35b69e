//! `zlib`: compression and decompression. A stream is used under its object's mutex; no Python code runs meanwhile.

pub mod stream;

use std::sync::OnceLock;

use parking_lot::Mutex;
use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use crate::binascii::low_word;
use crate::decompressor::Input;
use crate::new_exception::new_exception;
use stream::{Stream, adler32};

/// First size of an output.
const CHUNK: usize = 16 * 1024;

fn error_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| new_exception("zlib.error", &types().exception))
}

/// `zlib.error` of a code.
#[cold]
fn failed(code: i32, doing: &str, stream: Option<&Stream>) -> Raised {
    if code == stream::MEM_ERROR {
        return memory_error();
    }
    let own = match code {
        stream::VERSION_ERROR => Some("library version mismatch".to_owned()),
        _ => stream.and_then(Stream::message),
    };
    let text = own.or_else(|| {
        let text = match code {
            stream::BUF_ERROR => "incomplete or truncated stream",
            stream::STREAM_ERROR => "inconsistent stream state",
            stream::DATA_ERROR => "invalid input data",
            _ => return None,
        };
        Some(text.to_owned())
    });
    raise_message(
        error_class(),
        match text {
            Some(text) => format!("Error {code} {doing}: {text}"),
            None => format!("Error {code} {doing}"),
        },
    )
}

fn bytes(data: Vec<u8>) -> Obj {
    PyBytes::from_vec(data).into_obj()
}

/// The preset dictionary of an argument.
fn dictionary(zdict: Option<&Obj>) -> PyResult<Option<Vec<u8>>> {
    match zdict {
        None => Ok(None),
        Some(zdict) if !buffer::has_buffer(zdict) => {
            Err(type_error("zdict argument must support the buffer protocol"))
        }
        Some(zdict) => Ok(Some(buffer::to_vec(zdict)?).filter(|d| !d.is_empty())),
    }
}

/// Compresses all input, with `flush` for the rest.
fn deflate_all(stream: &mut Stream, mut input: &[u8], flush: i32, out: &mut Vec<u8>) -> i32 {
    let mut room = CHUNK;
    loop {
        let flush = if input.len() > u32::MAX as usize { stream::NO_FLUSH } else { flush };
        let code = stream.step(&mut input, out, room, flush);
        if code == stream::STREAM_ERROR
            || code == stream::STREAM_END
            || (stream.had_room() && input.is_empty())
        {
            return code;
        }
        room = (room * 2).min(64 << 20);
    }
}

/// Decompresses until input, output or stream end. Gives the dictionary when it is asked for.
fn inflate_some(
    stream: &mut Stream,
    input: &mut &[u8],
    out: &mut Vec<u8>,
    limit: usize,
    first: usize,
    flush: i32,
    zdict: Option<&[u8]>,
) -> i32 {
    let mut room = first.max(1);
    loop {
        let code = stream.step(input, out, room.min(limit - out.len()), flush);
        match code {
            stream::NEED_DICT => match zdict {
                Some(zdict) => {
                    let code = stream.set_dictionary(zdict);
                    if code != stream::OK {
                        return code;
                    }
                    continue;
                }
                None => return code,
            },
            stream::OK | stream::BUF_ERROR => {}
            _ => return code,
        }
        if out.len() >= limit
            || (stream.had_room() && input.is_empty())
            || (code == stream::BUF_ERROR && stream.had_room())
        {
            return code;
        }
        room = (room * 2).min(64 << 20);
    }
}

/// `zlib.Compress`.
#[repr(C)]
pub struct PyCompress {
    header: Header,
    stream: Mutex<Stream>,
}
layout!(PyCompress, "zlib.Compress");

/// `zlib.Decompress`.
#[repr(C)]
pub struct PyDecompress {
    header: Header,
    state: Mutex<Decompress>,
}
layout!(PyDecompress, "zlib.Decompress");

/// `zlib._ZlibDecompressor`.
#[repr(C)]
pub struct PyZlibDecompressor {
    header: Header,
    state: Mutex<Decompress>,
}
layout!(PyZlibDecompressor, "zlib._ZlibDecompressor");

/// A decompressing stream, with the input that it has not used.
struct Decompress {
    stream: Stream,
    zdict: Option<Vec<u8>>,
    /// What follows the compressed data.
    unused: Vec<u8>,
    /// Input left over because the output was limited.
    pending: Vec<u8>,
    eof: bool,
    /// Flushed after the end: there is nothing to go on from.
    ended: bool,
    needs_input: bool,
}

impl Decompress {
    fn new(wbits: i32, zdict: Option<Vec<u8>>) -> PyResult<Decompress> {
        let mut stream = match Stream::inflate(wbits) {
            Ok(stream) => stream,
            Err(stream::STREAM_ERROR) => return Err(value_error("Invalid initialization option")),
            Err(code) => return Err(failed(code, "while creating decompression object", None)),
        };
        // Raw streams do not ask for their dictionary.
        if let (Some(zdict), true) = (&zdict, wbits < 0) {
            let code = stream.set_dictionary(zdict);
            if code != stream::OK {
                return Err(failed(code, "while setting zdict", Some(&stream)));
            }
        }
        Ok(Decompress {
            stream,
            zdict,
            unused: Vec::new(),
            pending: Vec::new(),
            eof: false,
            ended: false,
            needs_input: true,
        })
    }
}

fn compress_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("zlib.Compress", PyCompress::ops())
            .methods(PyCompress::methods())
            .final_()
            .no_instantiation()
            .make()
    })
}

fn decompress_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("zlib.Decompress", PyDecompress::ops())
            .methods(PyDecompress::methods())
            .getset(PyDecompress::getset())
            .final_()
            .no_instantiation()
            .make()
    })
}

fn decompressor_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("zlib._ZlibDecompressor", PyZlibDecompressor::ops())
            .text_signature("(wbits=MAX_WBITS, zdict=b'')")
            .slots(TypeSlots { new: Some(new_decompressor), ..TypeSlots::EMPTY })
            .methods(PyZlibDecompressor::methods())
            .getset(PyZlibDecompressor::getset())
            .doc("Create a decompressor object for decompressing data incrementally.")
            .final_()
            .make()
    })
}

#[pyargs(name = "_ZlibDecompressor", sig = "(wbits=15, zdict=<unrepresentable>)")]
fn new_decompressor(class: &Obj, wbits: i32, zdict: Option<&Obj>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    let state = Decompress::new(wbits, dictionary(zdict)?)?;
    Ok(new_instance(class, |header| PyZlibDecompressor { header, state: Mutex::new(state) }).into_obj())
}

#[pymethods(class = "zlib.Compress")]
impl PyCompress {
    /// Returns a bytes object containing compressed data.
    #[pymethod]
    fn compress(&self, data: &Obj) -> PyResult<Obj> {
        let data = Input::new(data)?;
        let mut out = Vec::new();
        let mut stream = self.stream.lock();
        let code = deflate_all(&mut stream, data.get(), stream::NO_FLUSH, &mut out);
        if code == stream::STREAM_ERROR {
            return Err(failed(code, "while compressing data", Some(&stream)));
        }
        Ok(bytes(out))
    }
    /// Return a bytes object containing any remaining compressed data.
    #[pymethod(sig = "(mode=zlib.Z_FINISH, /)")]
    fn flush(&self, mode: Option<i32>) -> PyResult<Obj> {
        let mode = mode.unwrap_or(stream::FINISH);
        let mut out = Vec::new();
        if mode == stream::NO_FLUSH {
            return Ok(bytes(out));
        }
        let mut stream = self.stream.lock();
        let code = deflate_all(&mut stream, &[], mode, &mut out);
        match code {
            stream::STREAM_ERROR => return Err(failed(code, "while flushing", Some(&stream))),
            stream::STREAM_END if mode == stream::FINISH => stream.end(),
            stream::OK | stream::BUF_ERROR | stream::STREAM_END => {}
            code => return Err(failed(code, "while flushing", Some(&stream))),
        }
        Ok(bytes(out))
    }
    /// Return a copy of the compression object.
    #[pymethod]
    fn copy(&self) -> PyResult<Obj> {
        let copy = self.stream.lock().copy();
        match copy {
            Ok(copy) => {
                Ok(new_instance(compress_class(), |header| PyCompress { header, stream: Mutex::new(copy) })
                    .into_obj())
            }
            Err(stream::STREAM_ERROR) => Err(value_error("Inconsistent stream state")),
            Err(code) => Err(failed(code, "while copying compression object", None)),
        }
    }
    #[pymethod]
    fn __copy__(&self) -> PyResult<Obj> {
        self.copy()
    }
    #[pymethod]
    fn __deepcopy__(&self, memo: &Obj) -> PyResult<Obj> {
        let _ = memo;
        self.copy()
    }
}

impl PyDecompress {
    fn run(
        state: &mut Decompress,
        data: &[u8],
        limit: usize,
        first: usize,
        flush: i32,
    ) -> Result<Vec<u8>, i32> {
        let mut out = Vec::new();
        let mut rest = data;
        let zdict = state.zdict.take();
        let code =
            inflate_some(&mut state.stream, &mut rest, &mut out, limit, first, flush, zdict.as_deref());
        state.zdict = zdict;
        match code {
            stream::STREAM_END => {
                state.eof = true;
                state.unused.extend_from_slice(rest);
                state.pending.clear();
            }
            stream::OK | stream::BUF_ERROR => {
                state.pending.clear();
                state.pending.extend_from_slice(rest);
            }
            code => return Err(code),
        }
        Ok(out)
    }
}

#[pymethods(class = "zlib.Decompress")]
impl PyDecompress {
    /// Return a bytes object containing the decompressed version of the data; at most max_length bytes if that is not 0.
    #[pymethod(sig = "(data, /, max_length=0)")]
    fn decompress(&self, data: &Obj, max_length: isize) -> PyResult<Obj> {
        if max_length < 0 {
            return Err(value_error("max_length must be non-negative"));
        }
        let data = Input::new(data)?;
        let mut state = self.state.lock();
        if state.eof {
            state.unused.extend_from_slice(data.get());
            return Ok(bytes(Vec::new()));
        }
        let limit = if max_length == 0 { usize::MAX } else { max_length as usize };
        match Self::run(&mut state, data.get(), limit, CHUNK, stream::SYNC_FLUSH) {
            Ok(out) => Ok(bytes(out)),
            Err(code) => Err(failed(code, "while decompressing data", Some(&state.stream))),
        }
    }
    /// Return a bytes object containing any remaining decompressed data.
    #[pymethod(sig = "(length=zlib.DEF_BUF_SIZE, /)")]
    fn flush(&self, length: Option<isize>) -> PyResult<Obj> {
        let length = length.unwrap_or(CHUNK as isize);
        if length <= 0 {
            return Err(value_error("length must be greater than zero"));
        }
        let mut state = self.state.lock();
        if state.eof {
            state.ended = true;
            return Ok(bytes(Vec::new()));
        }
        let data = std::mem::take(&mut state.pending);
        match Self::run(&mut state, &data, usize::MAX, length as usize, stream::FINISH) {
            Ok(out) => Ok(bytes(out)),
            Err(code) => Err(failed(code, "while decompressing data", Some(&state.stream))),
        }
    }
    /// Return a copy of the decompression object.
    #[pymethod]
    fn copy(&self) -> PyResult<Obj> {
        let mut state = self.state.lock();
        if state.ended {
            return Err(value_error("Inconsistent stream state"));
        }
        let stream = match state.stream.copy() {
            Ok(stream) => stream,
            Err(stream::STREAM_ERROR) => return Err(value_error("Inconsistent stream state")),
            Err(code) => return Err(failed(code, "while copying decompression object", None)),
        };
        let copy = Decompress {
            stream,
            zdict: state.zdict.clone(),
            unused: state.unused.clone(),
            pending: state.pending.clone(),
            eof: state.eof,
            ended: false,
            needs_input: state.needs_input,
        };
        drop(state);
        Ok(new_instance(decompress_class(), |header| PyDecompress { header, state: Mutex::new(copy) })
            .into_obj())
    }
    #[pymethod]
    fn __copy__(&self) -> PyResult<Obj> {
        self.copy()
    }
    #[pymethod]
    fn __deepcopy__(&self, memo: &Obj) -> PyResult<Obj> {
        let _ = memo;
        self.copy()
    }
    #[pygetset]
    fn unused_data(&self) -> Obj {
        let unused = self.state.lock().unused.clone();
        bytes(unused)
    }
    #[pygetset]
    fn unconsumed_tail(&self) -> Obj {
        let tail = self.state.lock().pending.clone();
        bytes(tail)
    }
    #[pygetset]
    fn eof(&self) -> bool {
        self.state.lock().eof
    }
}

#[pymethods(class = "zlib._ZlibDecompressor")]
impl PyZlibDecompressor {
    /// Decompress data, returning uncompressed data as bytes; at most max_length bytes unless that is negative.
    #[pymethod(sig = "(data, max_length=-1)")]
    fn decompress(&self, data: &Obj, max_length: isize) -> PyResult<Obj> {
        let data = Input::new(data)?;
        let mut state = self.state.lock();
        if state.eof {
            drop(state);
            return Err(eof_error("End of stream already reached"));
        }
        let mut input = std::mem::take(&mut state.pending);
        input.extend_from_slice(data.get());
        let limit = usize::try_from(max_length).unwrap_or(usize::MAX);
        match PyDecompress::run(&mut state, &input, limit, CHUNK, stream::SYNC_FLUSH) {
            Ok(out) => {
                state.needs_input = !state.eof && state.pending.is_empty() && out.len() < limit;
                Ok(bytes(out))
            }
            Err(code) => Err(failed(code, "while decompressing data", Some(&state.stream))),
        }
    }
    #[pygetset]
    fn unused_data(&self) -> Obj {
        let unused = self.state.lock().unused.clone();
        bytes(unused)
    }
    #[pygetset]
    fn eof(&self) -> bool {
        self.state.lock().eof
    }
    #[pygetset]
    fn needs_input(&self) -> bool {
        self.state.lock().needs_input
    }
}

/// The functions in this module allow compression and decompression with zlib.
#[pymodule(name = "zlib")]
#[allow(non_snake_case)]
mod items {
    use super::*;

    #[pyattr]
    const MAX_WBITS: i64 = 15;
    #[pyattr]
    const DEFLATED: i64 = 8;
    #[pyattr]
    const DEF_MEM_LEVEL: i64 = 8;
    #[pyattr]
    const DEF_BUF_SIZE: i64 = 16384;
    #[pyattr]
    const Z_NO_COMPRESSION: i64 = 0;
    #[pyattr]
    const Z_BEST_SPEED: i64 = 1;
    #[pyattr]
    const Z_BEST_COMPRESSION: i64 = 9;
    #[pyattr]
    const Z_DEFAULT_COMPRESSION: i64 = -1;
    #[pyattr]
    const Z_FILTERED: i64 = 1;
    #[pyattr]
    const Z_HUFFMAN_ONLY: i64 = 2;
    #[pyattr]
    const Z_RLE: i64 = 3;
    #[pyattr]
    const Z_FIXED: i64 = 4;
    #[pyattr]
    const Z_DEFAULT_STRATEGY: i64 = 0;
    #[pyattr]
    const Z_NO_FLUSH: i64 = 0;
    #[pyattr]
    const Z_PARTIAL_FLUSH: i64 = 1;
    #[pyattr]
    const Z_SYNC_FLUSH: i64 = 2;
    #[pyattr]
    const Z_FULL_FLUSH: i64 = 3;
    #[pyattr]
    const Z_FINISH: i64 = 4;
    #[pyattr]
    const Z_BLOCK: i64 = 5;
    #[pyattr]
    const Z_TREES: i64 = 6;
    #[pyattr]
    const __version__: &str = "1.0";
    #[pyattr]
    fn ZLIB_VERSION() -> String {
        stream::version()
    }
    #[pyattr]
    fn ZLIB_RUNTIME_VERSION() -> String {
        stream::version()
    }
    #[pyattr]
    fn error() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr(name = "_ZlibDecompressor")]
    fn zlib_decompressor() -> Obj {
        decompressor_class().as_obj().clone()
    }

    /// Compute an Adler-32 checksum of data.
    #[pyfunction(sig = "(data, value=1, /)")]
    fn adler32(data: &Obj, value: Option<&Obj>) -> PyResult<u32> {
        let start = match value {
            Some(value) => low_word(value)?,
            None => 1,
        };
        buffer::with_bytes(data, |data| super::adler32(start, data))
    }
    /// Compute a CRC-32 checksum of data.
    #[pyfunction(sig = "(data, value=0, /)")]
    fn crc32(data: &Obj, value: Option<&Obj>) -> PyResult<u32> {
        let start = match value {
            Some(value) => low_word(value)?,
            None => 0,
        };
        buffer::with_bytes(data, |data| {
            let mut hasher = crc32fast::Hasher::new_with_initial(start);
            hasher.update(data);
            hasher.finalize()
        })
    }
    /// Returns a bytes object containing compressed data.
    #[pyfunction(sig = "(data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)")]
    fn compress(data: &Obj, level: Option<i32>, wbits: Option<i32>) -> PyResult<Obj> {
        let data = Input::new(data)?;
        let mut stream = match Stream::deflate(level.unwrap_or(-1), 8, wbits.unwrap_or(15), 8, 0) {
            Ok(stream) => stream,
            Err(stream::STREAM_ERROR) => return Err(raise_message(error_class(), "Bad compression level")),
            Err(code) => return Err(failed(code, "while compressing data", None)),
        };
        let mut out = Vec::new();
        match deflate_all(&mut stream, data.get(), stream::FINISH, &mut out) {
            stream::STREAM_END => Ok(bytes(out)),
            code => Err(failed(code, "while compressing data", Some(&stream))),
        }
    }
    /// Returns a bytes object containing the uncompressed data.
    #[pyfunction(sig = "(data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)")]
    fn decompress(data: &Obj, wbits: Option<i32>, bufsize: Option<isize>) -> PyResult<Obj> {
        let bufsize = bufsize.unwrap_or(CHUNK as isize);
        if bufsize < 0 {
            return Err(value_error("bufsize must be non-negative"));
        }
        let data = Input::new(data)?;
        let mut stream = match Stream::inflate(wbits.unwrap_or(15)) {
            Ok(stream) => stream,
            Err(code) => return Err(failed(code, "while preparing to decompress data", None)),
        };
        let mut out = Vec::new();
        let mut input = data.get();
        match inflate_some(
            &mut stream,
            &mut input,
            &mut out,
            usize::MAX,
            bufsize as usize,
            stream::SYNC_FLUSH,
            None,
        ) {
            stream::STREAM_END => Ok(bytes(out)),
            stream::OK | stream::BUF_ERROR => {
                Err(failed(stream::BUF_ERROR, "while decompressing data", None))
            }
            code => Err(failed(code, "while decompressing data", Some(&stream))),
        }
    }
    /// Return a compressor object.
    #[pyfunction(
        sig = "(level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)"
    )]
    fn compressobj(
        level: Option<i32>,
        method: Option<i32>,
        wbits: Option<i32>,
        memLevel: Option<i32>,
        strategy: Option<i32>,
        zdict: Option<&Obj>,
    ) -> PyResult<Obj> {
        let zdict = dictionary(zdict)?;
        let made = Stream::deflate(
            level.unwrap_or(-1),
            method.unwrap_or(8),
            wbits.unwrap_or(15),
            memLevel.unwrap_or(8),
            strategy.unwrap_or(0),
        );
        let mut stream = match made {
            Ok(stream) => stream,
            Err(stream::STREAM_ERROR) => return Err(value_error("Invalid initialization option")),
            Err(code) => return Err(failed(code, "while creating compression object", None)),
        };
        if let Some(zdict) = zdict {
            match stream.set_dictionary(&zdict) {
                stream::OK => {}
                stream::STREAM_ERROR => return Err(value_error("Invalid dictionary")),
                _ => return Err(value_error("deflateSetDictionary()")),
            }
        }
        Ok(new_instance(compress_class(), |header| PyCompress { header, stream: Mutex::new(stream) })
            .into_obj())
    }
    /// Return a decompressor object.
    #[pyfunction(
        sig = "(wbits=MAX_WBITS, zdict=<unrepresentable>)",
        text = "($module, /, wbits=MAX_WBITS, zdict=b'')"
    )]
    fn decompressobj(wbits: Option<i32>, zdict: Option<&Obj>) -> PyResult<Obj> {
        let state = Decompress::new(wbits.unwrap_or(15), dictionary(zdict)?)?;
        Ok(new_instance(decompress_class(), |header| PyDecompress { header, state: Mutex::new(state) })
            .into_obj())
    }
}
