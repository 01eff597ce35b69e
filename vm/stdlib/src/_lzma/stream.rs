//! A stream of liblzma in safe clothes.
#![allow(unsafe_code)] // The streaming interface is that of C.

use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use liblzma_sys as lzma;

use super::filters::Chain;
use crate::decompressor::{Engine, FIRST_ROOM, MOST_ROOM};

/// What a decompressor says about the integrity check before it has read of it.
pub const CHECK_UNKNOWN: u32 = 16;
/// Stop at the header to tell which integrity check there is.
const FLAGS: u32 = lzma::LZMA_TELL_ANY_CHECK | lzma::LZMA_TELL_NO_CHECK;

/// A compressing or decompressing stream.
pub struct Stream(Box<lzma::lzma_stream>);

// SAFETY: the stream owns all memory that it points to, but for input and output, which are borrowed only during a call.
unsafe impl Send for Stream {}

impl Stream {
    fn new(start: impl FnOnce(*mut lzma::lzma_stream) -> u32) -> Result<Stream, u32> {
        // SAFETY: numbers and pointers, all of which are zero in a fresh stream.
        let raw = Box::new(unsafe { MaybeUninit::<lzma::lzma_stream>::zeroed().assume_init() });
        let mut stream = Stream(raw);
        match start(&mut *stream.0) {
            lzma::LZMA_OK => Ok(stream),
            code => Err(code),
        }
    }
    pub fn xz_encoder(preset: u32, check: u32) -> Result<Stream, u32> {
        // SAFETY: a fresh stream.
        Stream::new(|raw| unsafe { lzma::lzma_easy_encoder(raw, preset, check) })
    }
    pub fn xz_encoder_of(chain: &Chain, check: u32) -> Result<Stream, u32> {
        // SAFETY: a fresh stream; the library copies what it needs of the chain.
        Stream::new(|raw| unsafe { lzma::lzma_stream_encoder(raw, chain.as_ptr(), check) })
    }
    pub fn alone_encoder(chain: &Chain) -> Result<Stream, u32> {
        let Some(options) = chain.lzma_options() else { return Err(lzma::LZMA_PROG_ERROR) };
        // SAFETY: as above.
        Stream::new(|raw| unsafe { lzma::lzma_alone_encoder(raw, options) })
    }
    pub fn raw_encoder(chain: &Chain) -> Result<Stream, u32> {
        // SAFETY: as above.
        Stream::new(|raw| unsafe { lzma::lzma_raw_encoder(raw, chain.as_ptr()) })
    }
    pub fn auto_decoder(limit: u64) -> Result<Stream, u32> {
        // SAFETY: a fresh stream.
        Stream::new(|raw| unsafe { lzma::lzma_auto_decoder(raw, limit, FLAGS) })
    }
    pub fn xz_decoder(limit: u64) -> Result<Stream, u32> {
        // SAFETY: a fresh stream.
        Stream::new(|raw| unsafe { lzma::lzma_stream_decoder(raw, limit, FLAGS) })
    }
    pub fn alone_decoder(limit: u64) -> Result<Stream, u32> {
        // SAFETY: a fresh stream.
        Stream::new(|raw| unsafe { lzma::lzma_alone_decoder(raw, limit) })
    }
    pub fn raw_decoder(chain: &Chain) -> Result<Stream, u32> {
        // SAFETY: a fresh stream; the library copies what it needs of the chain.
        Stream::new(|raw| unsafe { lzma::lzma_raw_decoder(raw, chain.as_ptr()) })
    }
    /// One call of the library: its code, and whether it left room in the output.
    fn call(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize, finish: bool) -> (u32, bool) {
        let before = out.len();
        out.resize(before + room, 0);
        self.0.next_in = input.as_ptr();
        self.0.avail_in = input.len();
        self.0.next_out = out[before..].as_mut_ptr();
        self.0.avail_out = room;
        let action = if finish { lzma::LZMA_FINISH } else { lzma::LZMA_RUN };
        // SAFETY: an initialized stream; input and output are valid for their lengths during the call.
        let code = unsafe { lzma::lzma_code(&mut *self.0, action) };
        *input = &input[input.len() - self.0.avail_in..];
        out.truncate(before + room - self.0.avail_out);
        let left = self.0.avail_out > 0;
        (self.0.next_in, self.0.avail_in) = (null(), 0);
        (self.0.next_out, self.0.avail_out) = (null_mut(), 0);
        (code, left)
    }
    /// Compresses all input, and to the end of the stream if that is wanted.
    pub fn compress_all(&mut self, mut input: &[u8], finish: bool) -> Result<Vec<u8>, u32> {
        let mut out = Vec::new();
        let mut room = FIRST_ROOM;
        while finish || !input.is_empty() {
            match self.call(&mut input, &mut out, room, finish) {
                (lzma::LZMA_STREAM_END, _) => break,
                (lzma::LZMA_OK, true) => {}
                (lzma::LZMA_OK, false) => room = (room * 2).min(MOST_ROOM),
                (code, _) => return Err(code),
            }
        }
        Ok(out)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: a stream, initialized or fresh, that is ended once.
        unsafe { lzma::lzma_end(&mut *self.0) };
    }
}

/// A decompressing stream that remembers which integrity check it has met.
pub struct Decoder {
    pub stream: Stream,
    pub check: u32,
}

impl Engine for Decoder {
    type Error = u32;
    const HIDES_OUTPUT: bool = true;
    fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<bool, u32> {
        let code = self.stream.call(input, out, room, false).0;
        match code {
            lzma::LZMA_GET_CHECK | lzma::LZMA_NO_CHECK => {
                // SAFETY: an initialized stream that has just told of its check.
                self.check = unsafe { lzma::lzma_get_check(&*self.stream.0) };
                Ok(false)
            }
            // Nothing could be done: more input is needed.
            lzma::LZMA_OK | lzma::LZMA_BUF_ERROR => Ok(false),
            lzma::LZMA_STREAM_END => Ok(true),
            code => Err(code),
        }
    }
}

/// Whether the library can do an integrity check.
pub fn check_is_supported(check: u32) -> bool {
    // SAFETY: a question about a number.
    unsafe { lzma::lzma_check_is_supported(check) != 0 }
}
