//! Where a pickle is read from: bytes in memory, or a file read as far as needed.

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::int;
use taipan_objects::layout::TraceField;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;
use taipan_text::int_text;

use super::errors::{truncated, unpickling_error};

/// How far to look ahead in a file that can `peek`.
const PREFETCH: usize = 128 * 1024;

/// A source of bytes.
pub trait Input {
    /// The next `count` bytes.
    fn read(&mut self, count: usize) -> PyResult<&[u8]>;
    /// The next byte.
    #[inline]
    fn byte(&mut self) -> PyResult<u8> {
        match self.read(1)? {
            [byte, ..] => Ok(*byte),
            [] => Err(truncated()),
        }
    }
    /// The next four bytes, which are a number.
    #[inline]
    fn four(&mut self) -> PyResult<u32> {
        match self.read(4)?.first_chunk() {
            Some(bytes) => Ok(u32::from_le_bytes(*bytes)),
            None => Err(truncated()),
        }
    }
    /// The next line, with its end.
    fn line(&mut self) -> PyResult<&[u8]>;
    /// The next byte; `None` at the end.
    fn opcode(&mut self) -> PyResult<Option<u8>>;
    /// Makes sure that a frame is there, without going on.
    fn frame(&mut self, count: usize) -> PyResult<()>;
    /// After a whole pickle: leaves a file where the pickle ends.
    fn finish(&mut self) -> PyResult<()>;
}

/// Bytes in memory: what is left of the current frame, and what follows it. Without a frame, all is in `bytes`.
pub struct SliceInput<'a> {
    bytes: &'a [u8],
    rest: &'a [u8],
    framed: bool,
}

impl<'a> SliceInput<'a> {
    pub fn new(bytes: &'a [u8]) -> SliceInput<'a> {
        SliceInput { bytes, rest: &[], framed: false }
    }
    /// At the end of a frame, goes on after it.
    #[cold]
    fn leave_frame(&mut self) -> PyResult<()> {
        if !self.framed {
            return Err(truncated());
        }
        if !self.bytes.is_empty() {
            return Err(exhausted());
        }
        (self.bytes, self.framed) = (std::mem::take(&mut self.rest), false);
        Ok(())
    }
}

#[cold]
fn exhausted() -> Raised {
    unpickling_error("pickle exhausted before end of frame")
}

#[cold]
fn nested_frame() -> Raised {
    unpickling_error("beginning of a new frame before end of current frame")
}

impl Input for SliceInput<'_> {
    #[inline]
    fn read(&mut self, count: usize) -> PyResult<&[u8]> {
        loop {
            if let Some((head, rest)) = self.bytes.split_at_checked(count) {
                self.bytes = rest;
                return Ok(head);
            }
            if count > isize::MAX as usize - 16 {
                return Err(overflow());
            }
            self.leave_frame()?;
        }
    }
    fn line(&mut self) -> PyResult<&[u8]> {
        loop {
            match memchr::memchr(b'\n', self.bytes) {
                Some(end) => return self.read(end + 1),
                None => self.leave_frame()?,
            }
        }
    }
    #[inline]
    fn opcode(&mut self) -> PyResult<Option<u8>> {
        loop {
            if let Some((&first, rest)) = self.bytes.split_first() {
                self.bytes = rest;
                return Ok(Some(first));
            }
            if !self.framed {
                return Ok(None);
            }
            self.leave_frame()?;
        }
    }
    fn frame(&mut self, count: usize) -> PyResult<()> {
        if self.framed {
            if !self.bytes.is_empty() {
                return Err(nested_frame());
            }
            self.leave_frame()?;
        }
        if count > isize::MAX as usize - 16 {
            return Err(overflow());
        }
        let Some((frame, rest)) = self.bytes.split_at_checked(count) else { return Err(truncated()) };
        (self.bytes, self.rest, self.framed) = (frame, rest, true);
        Ok(())
    }
    fn finish(&mut self) -> PyResult<()> {
        Ok(())
    }
}

#[cold]
fn overflow() -> Raised {
    unpickling_error("read would overflow (invalid bytecode)")
}

/// A file. `data[at..]` has been read but not used; the first `peeked` bytes of `data` are still in the file, too.
#[derive(Clone)]
pub struct FileInput {
    read: Obj,
    readline: Obj,
    peek: Option<Obj>,
    data: Py<PyBytes>,
    at: usize,
    /// Whether `data` was peeked at and not read.
    peeked: bool,
    /// Where in `data` the current frame ends.
    frame_end: Option<usize>,
}

impl TraceField for FileInput {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.read.trace_field(tracer);
        self.readline.trace_field(tracer);
        self.peek.trace_field(tracer);
        self.data.trace_field(tracer);
    }
}

impl FileInput {
    pub fn new(file: &Obj) -> PyResult<FileInput> {
        let peek = getattr_opt(file, &istr!("peek"))?.filter(|peek| !is_none(peek));
        let read = getattr_opt(file, &istr!("read"))?;
        let readline = getattr_opt(file, &istr!("readline"))?;
        match (read, readline) {
            (Some(read), Some(readline)) => Ok(FileInput {
                read,
                readline,
                peek,
                data: PyBytes::new(b""),
                at: 0,
                peeked: false,
                frame_end: None,
            }),
            _ => Err(type_error("file must have 'read' and 'readline' attributes")),
        }
    }
    fn bytes_of(data: Obj) -> PyResult<Py<PyBytes>> {
        match data.into_strong().into_py::<PyBytes>() {
            Ok(bytes) => Ok(bytes),
            Err(other) => Ok(PyBytes::from_vec(buffer::to_vec(&other)?)),
        }
    }
    /// Takes out of the file what was used of the bytes peeked at.
    fn skip_used(&mut self) -> PyResult<()> {
        let used = std::mem::take(&mut self.at);
        self.data = PyBytes::new(b"");
        if std::mem::take(&mut self.peeked) && used > 0 {
            let read = self.read.clone();
            call1(&read, &int_obj(used as i64))?;
        }
        Ok(())
    }
    /// Fetches `count` more bytes; those left from before come first. Fewer are there at the end of the file.
    fn fetch(&mut self, count: usize) -> PyResult<()> {
        if count > isize::MAX as usize - 16 {
            return Err(overflow());
        }
        let left = if self.peeked { Vec::new() } else { self.data.as_slice()[self.at..].to_vec() };
        self.skip_used()?;
        if count < PREFETCH
            && left.is_empty()
            && let Some(peek) = self.peek.clone()
        {
            match call1(&peek, &int_obj(PREFETCH as i64)) {
                Ok(data) => {
                    let data = Self::bytes_of(data)?;
                    if data.len() >= count {
                        (self.data, self.peeked) = (data, true);
                        return Ok(());
                    }
                }
                Err(Raised) => {
                    catch(&types().not_implemented_error)?;
                    self.peek = None;
                }
            }
        }
        let missing = count - left.len().min(count);
        let read = self.read.clone();
        let data = Self::bytes_of(call1(&read, &int_obj(missing as i64))?)?;
        self.data = if left.is_empty() { data } else { PyBytes::from_vec([&left, data.as_slice()].concat()) };
        Ok(())
    }
    /// How many bytes are there, in the current frame if there is one.
    #[inline]
    fn available(&self) -> usize {
        self.frame_end.unwrap_or(self.data.len()) - self.at
    }
    #[inline]
    fn take(&mut self, count: usize) -> &[u8] {
        let start = self.at;
        self.at += count;
        &self.data.as_slice()[start..start + count]
    }
    /// At the end of a frame, goes on after it.
    fn leave_frame(&mut self) -> PyResult<()> {
        match self.frame_end {
            Some(end) if self.at < end => Err(exhausted()),
            _ => {
                self.frame_end = None;
                Ok(())
            }
        }
    }
}

impl Input for FileInput {
    #[inline]
    fn read(&mut self, count: usize) -> PyResult<&[u8]> {
        if self.available() < count {
            self.leave_frame()?;
            if self.available() < count {
                self.fetch(count)?;
                if self.available() < count {
                    return Err(truncated());
                }
            }
        }
        Ok(self.take(count))
    }
    fn line(&mut self) -> PyResult<&[u8]> {
        loop {
            let end = self.at + self.available();
            if let Some(end) = memchr::memchr(b'\n', &self.data.as_slice()[self.at..end]) {
                return Ok(self.take(end + 1));
            }
            if self.frame_end.is_none() {
                break;
            }
            self.leave_frame()?;
        }
        let left = if self.peeked { Vec::new() } else { self.data.as_slice()[self.at..].to_vec() };
        self.skip_used()?;
        let readline = self.readline.clone();
        let line = Self::bytes_of(call0(&readline)?)?;
        self.data = if left.is_empty() { line } else { PyBytes::from_vec([&left, line.as_slice()].concat()) };
        let len = self.data.len();
        if self.data.as_slice().last() != Some(&b'\n') {
            return Err(truncated());
        }
        Ok(self.take(len))
    }
    #[inline]
    fn opcode(&mut self) -> PyResult<Option<u8>> {
        if self.available() == 0 {
            self.leave_frame()?;
            if self.available() == 0 {
                self.fetch(1)?;
                if self.available() == 0 {
                    return Ok(None);
                }
            }
        }
        Ok(self.take(1).first().copied())
    }
    fn frame(&mut self, count: usize) -> PyResult<()> {
        if self.frame_end.is_some_and(|end| self.at < end) {
            return Err(nested_frame());
        }
        self.frame_end = None;
        self.read(count)?;
        self.at -= count;
        self.frame_end = Some(self.at + count);
        Ok(())
    }
    fn finish(&mut self) -> PyResult<()> {
        self.frame_end = None;
        if self.peeked { self.skip_used() } else { Ok(()) }
    }
}

/// The number in a line of decimal digits.
pub fn parse_int(line: &[u8]) -> PyResult<Obj> {
    let text = PyStr::from_latin1(line);
    Ok(int::from_parsed(int_text::parse_int(text.units(), 10, int::max_str_digits())?))
}
