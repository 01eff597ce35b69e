//! A bzip2 stream: the C interface of `libbz2-rs` in safe clothes.
#![allow(unsafe_code)] // The streaming interface is that of C.

use std::ptr::{null, null_mut};

use libbz2_rs_sys as bz;

use crate::decompressor::{Engine, FIRST_ROOM, MOST_ROOM};

const STREAM_END: i32 = 4;
pub const SEQUENCE_ERROR: i32 = -1;
pub const PARAM_ERROR: i32 = -2;
pub const MEM_ERROR: i32 = -3;
pub const DATA_ERROR: i32 = -4;
pub const DATA_ERROR_MAGIC: i32 = -5;

/// What a compressor is to do with its input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Run = 0,
    Finish = 2,
}

/// A compressing or decompressing stream.
pub struct Stream {
    raw: Box<bz::bz_stream>,
    compresses: bool,
}

// SAFETY: the stream owns all memory that it points to, but for input and output, which are borrowed only during a call.
unsafe impl Send for Stream {}

fn empty() -> Box<bz::bz_stream> {
    Box::new(bz::bz_stream {
        next_in: null(),
        avail_in: 0,
        total_in_lo32: 0,
        total_in_hi32: 0,
        next_out: null_mut(),
        avail_out: 0,
        total_out_lo32: 0,
        total_out_hi32: 0,
        state: null_mut(),
        bzalloc: None,
        bzfree: None,
        opaque: null_mut(),
    })
}

impl Stream {
    /// A compressor of a level from 1 to 9.
    pub fn compress(level: i32) -> Result<Stream, i32> {
        let mut raw = empty();
        // SAFETY: a fresh stream.
        match unsafe { bz::BZ2_bzCompressInit(&mut *raw, level, 0, 0) } {
            0 => Ok(Stream { raw, compresses: true }),
            code => Err(code),
        }
    }
    /// A decompressor.
    pub fn decompress() -> Result<Stream, i32> {
        let mut raw = empty();
        // SAFETY: a fresh stream.
        match unsafe { bz::BZ2_bzDecompressInit(&mut *raw, 0, 0) } {
            0 => Ok(Stream { raw, compresses: false }),
            code => Err(code),
        }
    }
    /// One call of the library: its code, and whether it left room in the output.
    fn call(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize, action: Action) -> (i32, bool) {
        let before = out.len();
        let room = room.min(u32::MAX as usize);
        let given = input.len().min(u32::MAX as usize);
        out.resize(before + room, 0);
        self.raw.next_in = input.as_ptr().cast();
        self.raw.avail_in = given as u32;
        self.raw.next_out = out[before..].as_mut_ptr().cast();
        self.raw.avail_out = room as u32;
        // SAFETY: an initialized stream; input and output are valid for their lengths during the call.
        let code = unsafe {
            if self.compresses {
                bz::BZ2_bzCompress(&mut *self.raw, action as i32)
            } else {
                bz::BZ2_bzDecompress(&mut *self.raw)
            }
        };
        *input = &input[given - self.raw.avail_in as usize..];
        out.truncate(before + room - self.raw.avail_out as usize);
        let left = self.raw.avail_out > 0;
        (self.raw.next_in, self.raw.avail_in) = (null(), 0);
        (self.raw.next_out, self.raw.avail_out) = (null_mut(), 0);
        (code, left)
    }
    /// Compresses all input; to the end of the stream if `action` says so.
    pub fn compress_all(&mut self, mut input: &[u8], action: Action) -> Result<Vec<u8>, i32> {
        let mut out = Vec::new();
        let mut room = FIRST_ROOM;
        while action == Action::Finish || !input.is_empty() {
            match self.call(&mut input, &mut out, room, action) {
                (code @ ..0, _) => return Err(code),
                (STREAM_END, _) => break,
                (_, true) => {}
                (_, false) => room = (room * 2).min(MOST_ROOM),
            }
        }
        Ok(out)
    }
}

impl Engine for Stream {
    type Error = i32;
    const HIDES_OUTPUT: bool = false;
    const BREAKS: bool = true;
    fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<bool, i32> {
        match self.call(input, out, room, Action::Run).0 {
            code @ ..0 => Err(code),
            code => Ok(code == STREAM_END),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: an initialized stream, ended once.
        unsafe {
            if self.compresses {
                bz::BZ2_bzCompressEnd(&mut *self.raw);
            } else {
                bz::BZ2_bzDecompressEnd(&mut *self.raw);
            }
        }
    }
}
