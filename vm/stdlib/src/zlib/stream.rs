//! A zlib stream: the C interface of `zlib-rs` in safe clothes.
#![allow(unsafe_code)] // The streaming interface with all of zlib's parameters is that of C.

use std::ffi::{CStr, c_int};

use libz_rs_sys as z;

pub const OK: i32 = 0;
pub const STREAM_END: i32 = 1;
pub const NEED_DICT: i32 = 2;
pub const STREAM_ERROR: i32 = -2;
pub const DATA_ERROR: i32 = -3;
pub const MEM_ERROR: i32 = -4;
pub const BUF_ERROR: i32 = -5;
pub const VERSION_ERROR: i32 = -6;

pub const NO_FLUSH: i32 = 0;
pub const SYNC_FLUSH: i32 = 2;
pub const FINISH: i32 = 4;

/// A compressing or decompressing stream.
pub struct Stream {
    raw: Box<z::z_stream>,
    deflate: bool,
    live: bool,
}

// SAFETY: the stream owns all memory that it points to, but for input and output, which are borrowed only during a call.
unsafe impl Send for Stream {}

/// The dictionary or the input and output lengths of zlib are 32 bits wide.
fn clipped(len: usize) -> u32 {
    len.min(u32::MAX as usize) as u32
}

impl Stream {
    /// A compressor; an error code if the parameters are refused.
    pub fn deflate(
        level: i32,
        method: i32,
        wbits: i32,
        mem_level: i32,
        strategy: i32,
    ) -> Result<Stream, i32> {
        let mut raw = Box::<z::z_stream>::default();
        let size = size_of::<z::z_stream>() as c_int;
        // SAFETY: a fresh stream, the library's own version and size.
        let code = unsafe {
            z::deflateInit2_(&mut *raw, level, method, wbits, mem_level, strategy, z::zlibVersion(), size)
        };
        if code == OK { Ok(Stream { raw, deflate: true, live: true }) } else { Err(code) }
    }
    /// A decompressor; an error code if the parameters are refused.
    pub fn inflate(wbits: i32) -> Result<Stream, i32> {
        let mut raw = Box::<z::z_stream>::default();
        let size = size_of::<z::z_stream>() as c_int;
        // SAFETY: as above.
        let code = unsafe { z::inflateInit2_(&mut *raw, wbits, z::zlibVersion(), size) };
        if code == OK { Ok(Stream { raw, deflate: false, live: true }) } else { Err(code) }
    }
    /// Gives the preset dictionary.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> i32 {
        let (ptr, len) = (dictionary.as_ptr(), clipped(dictionary.len()));
        // SAFETY: an initialized stream, and a slice that is only read during the call.
        unsafe {
            if self.deflate {
                z::deflateSetDictionary(&mut *self.raw, ptr, len)
            } else {
                z::inflateSetDictionary(&mut *self.raw, ptr, len)
            }
        }
    }
    /// One step: takes from the front of `input`, appends to `out` at most `room` bytes. Returns zlib's code.
    pub fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize, flush: i32) -> i32 {
        if !self.live {
            return STREAM_ERROR;
        }
        let room = room.min(u32::MAX as usize);
        let before = out.len();
        out.resize(before + room, 0);
        let given = clipped(input.len());
        self.raw.next_in = input.as_ptr();
        self.raw.avail_in = given;
        self.raw.next_out = out[before..].as_mut_ptr();
        self.raw.avail_out = room as u32;
        // SAFETY: an initialized stream; input and output are valid for their lengths during the call.
        let code = unsafe {
            if self.deflate { z::deflate(&mut *self.raw, flush) } else { z::inflate(&mut *self.raw, flush) }
        };
        let used = (given - self.raw.avail_in) as usize;
        *input = &input[used..];
        out.truncate(before + room - self.raw.avail_out as usize);
        self.raw.next_in = std::ptr::null();
        self.raw.avail_in = 0;
        self.raw.next_out = std::ptr::null_mut();
        // `avail_out` stays for the callers, who look whether the room was used up.
        code
    }
    /// Whether the last step left room in the output.
    pub fn had_room(&self) -> bool {
        self.raw.avail_out > 0
    }
    /// zlib's text about the last error.
    pub fn message(&self) -> Option<String> {
        if self.raw.msg.is_null() {
            return None;
        }
        // SAFETY: zlib's messages are constant strings.
        Some(unsafe { CStr::from_ptr(self.raw.msg) }.to_string_lossy().into_owned())
    }
    /// A copy of the stream with its state.
    pub fn copy(&mut self) -> Result<Stream, i32> {
        if !self.live {
            return Err(STREAM_ERROR);
        }
        let mut raw = Box::<z::z_stream>::default();
        // The library wants to see an output; nothing is written there.
        let mut room = 0u8;
        self.raw.next_out = &raw mut room;
        // SAFETY: an initialized source and a fresh destination.
        let code = unsafe {
            if self.deflate {
                z::deflateCopy(&mut *raw, &mut *self.raw)
            } else {
                z::inflateCopy(&mut *raw, &*self.raw)
            }
        };
        self.raw.next_out = std::ptr::null_mut();
        raw.next_out = std::ptr::null_mut();
        if code == OK { Ok(Stream { raw, deflate: self.deflate, live: true }) } else { Err(code) }
    }
    /// Ends the stream: every later step fails.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.live) {
            // SAFETY: an initialized stream, ended once.
            unsafe {
                if self.deflate {
                    z::deflateEnd(&mut *self.raw);
                } else {
                    z::inflateEnd(&mut *self.raw);
                }
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end();
    }
}

/// The Adler-32 checksum, continued.
pub fn adler32(start: u32, data: &[u8]) -> u32 {
    data.chunks(u32::MAX as usize).fold(start, |sum, part| {
        // SAFETY: a valid slice.
        unsafe { z::adler32(sum.into(), part.as_ptr(), part.len() as u32) as u32 }
    })
}

/// The version of zlib whose behavior the library has.
pub fn version() -> String {
    // SAFETY: a constant string.
    unsafe { CStr::from_ptr(z::zlibVersion()) }.to_string_lossy().into_owned()
}
