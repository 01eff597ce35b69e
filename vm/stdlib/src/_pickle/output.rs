//! Where a pickle is written: a buffer, cut into frames from protocol 4 on, and emptied into a file between frames.
//!
//! Invariant: `frame` is `Some` only while framing; the bytes from there on are one open frame that begins with room for its header.

use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;

use super::opcode::FRAME;

/// A frame is closed at the next object once it is this long; data of this length stays out of frames.
pub const FRAME_SIZE_TARGET: usize = 64 * 1024;
/// Shorter frames are not worth a header.
const FRAME_SIZE_MIN: usize = 4;
const FRAME_HEADER_SIZE: usize = 9;

/// The bytes written so far.
pub struct Output {
    bytes: Vec<u8>,
    framing: bool,
    /// Where the open frame begins.
    frame: Option<usize>,
    /// The file's `write`; without one all bytes stay here.
    write: Option<Obj>,
}

impl Output {
    pub fn new(write: Option<Obj>) -> Output {
        Output { bytes: Vec::with_capacity(128), framing: false, frame: None, write }
    }
    /// From now on in frames.
    pub fn start_framing(&mut self) {
        self.framing = true;
    }
    #[inline(always)]
    fn begin(&mut self) {
        if self.framing && self.frame.is_none() {
            self.begin_frame();
        }
    }
    #[cold]
    fn begin_frame(&mut self) {
        self.frame = Some(self.bytes.len());
        self.bytes.extend_from_slice(&[0xfe; FRAME_HEADER_SIZE]);
    }
    /// One byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.begin();
        self.bytes.push(byte);
    }
    /// Bytes that belong together.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.begin();
        self.bytes.extend_from_slice(bytes);
    }
    /// An instruction with an argument of at most eight bytes.
    #[inline]
    pub fn op<const N: usize>(&mut self, code: u8, argument: &[u8; N]) {
        self.begin();
        self.bytes.reserve(1 + N);
        // SAFETY: there is room for that.
        unsafe {
            let end = self.bytes.as_mut_ptr().add(self.bytes.len());
            end.write(code);
            end.add(1).cast::<[u8; N]>().write(*argument);
            self.bytes.set_len(self.bytes.len() + 1 + N);
        }
    }
    /// An instruction with a length of one byte, that many bytes, and another instruction.
    #[inline]
    pub fn short(&mut self, code: u8, data: &[u8], then: Option<u8>) {
        self.begin();
        self.bytes.reserve(data.len() + 3);
        // SAFETY: there is room for that.
        unsafe {
            let end = self.bytes.as_mut_ptr().add(self.bytes.len());
            end.write(code);
            end.add(1).write(data.len() as u8);
            end.add(2).copy_from_nonoverlapping(data.as_ptr(), data.len());
            // Beyond what counts, if there is none.
            end.add(2 + data.len()).write(then.unwrap_or(0));
            self.bytes.set_len(self.bytes.len() + 2 + data.len() + usize::from(then.is_some()));
        }
    }
    /// Whether [`Output::boundary`] has nothing to do.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.frame.is_none_or(|start| self.bytes.len() - start < FRAME_HEADER_SIZE + FRAME_SIZE_TARGET)
    }
    /// Closes the open frame.
    pub fn close_frame(&mut self) {
        let Some(start) = self.frame.take() else { return };
        let body = start + FRAME_HEADER_SIZE;
        let len = self.bytes.len() - body;
        if len >= FRAME_SIZE_MIN {
            self.bytes[start] = FRAME;
            self.bytes[start + 1..body].copy_from_slice(&(len as u64).to_le_bytes());
        } else {
            self.bytes.drain(start..body);
        }
    }
    /// Between two objects: closes a frame that is long enough and lets the file have it.
    #[inline]
    pub fn boundary(&mut self) -> PyResult<()> {
        match self.frame {
            Some(start) if self.bytes.len() - start - FRAME_HEADER_SIZE >= FRAME_SIZE_TARGET => {
                self.close_frame();
                self.flush()
            }
            _ => Ok(()),
        }
    }
    /// Gives all bytes to the file, if there is one.
    pub fn flush(&mut self) -> PyResult<()> {
        let Some(write) = &self.write else { return Ok(()) };
        let bytes = PyBytes::from_vec(std::mem::take(&mut self.bytes)).into_obj();
        call1(write, &bytes).map(drop)
    }
    /// An instruction with long data: outside of frames, and straight to the file.
    pub fn data(&mut self, header: &[u8], data: &[u8], object: Option<&Obj>) -> PyResult<()> {
        if data.len() < FRAME_SIZE_TARGET {
            self.begin();
            self.bytes.extend_from_slice(header);
            self.bytes.extend_from_slice(data);
            return Ok(());
        }
        self.close_frame();
        self.bytes.extend_from_slice(header);
        match &self.write {
            Some(write) => {
                let write = write.clone();
                self.flush()?;
                match object {
                    Some(object) => call1(&write, object)?,
                    None => call1(&write, &bytes_obj(data))?,
                };
            }
            None => self.bytes.extend_from_slice(data),
        }
        Ok(())
    }
    /// All bytes, the last frame closed.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.close_frame();
        self.bytes
    }
}
