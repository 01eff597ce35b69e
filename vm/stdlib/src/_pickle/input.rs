//! Where a pickle is read from: bytes in memory, or a file read as far as needed.

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::int::int_ref;
use taipan_objects::layout::TraceField;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;

use super::errors::truncated;

/// How far to look ahead in a file that can `peek`.
const PREFETCH: usize = 128 * 1024;

/// A source of bytes.
pub trait Input {
    /// The next `count` bytes.
    fn read(&mut self, count: usize) -> PyResult<&[u8]>;
    /// The next line, with its end.
    fn line(&mut self) -> PyResult<&[u8]>;
    /// The next byte; `None` at the end.
    fn opcode(&mut self) -> PyResult<Option<u8>>;
    /// Makes sure that a frame is there, without going on.
    fn frame(&mut self, count: usize) -> PyResult<()>;
    /// After a whole pickle: leaves a file where the pickle ends.
    fn finish(&mut self) -> PyResult<()>;
}

/// Bytes in memory.
pub struct SliceInput<'a> {
    bytes: &'a [u8],
}

impl<'a> SliceInput<'a> {
    pub fn new(bytes: &'a [u8]) -> SliceInput<'a> {
        SliceInput { bytes }
    }
}

impl Input for SliceInput<'_> {
    #[inline]
    fn read(&mut self, count: usize) -> PyResult<&[u8]> {
        let Some((head, rest)) = self.bytes.split_at_checked(count) else { return Err(truncated()) };
        self.bytes = rest;
        Ok(head)
    }
    fn line(&mut self) -> PyResult<&[u8]> {
        match memchr::memchr(b'\n', self.bytes) {
            Some(end) => self.read(end + 1),
            None => Err(truncated()),
        }
    }
    #[inline]
    fn opcode(&mut self) -> PyResult<Option<u8>> {
        let Some((&first, rest)) = self.bytes.split_first() else { return Ok(None) };
        self.bytes = rest;
        Ok(Some(first))
    }
    fn frame(&mut self, count: usize) -> PyResult<()> {
        if count > self.bytes.len() { Err(truncated()) } else { Ok(()) }
    }
    fn finish(&mut self) -> PyResult<()> {
        Ok(())
    }
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
            (Some(read), Some(readline)) => {
                Ok(FileInput { read, readline, peek, data: PyBytes::new(b""), at: 0, peeked: false })
            }
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
        if isize::try_from(count).is_err() {
            return Err(super::errors::unpickling_error("read would overflow (invalid bytecode)"));
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
    fn available(&self) -> usize {
        self.data.len() - self.at
    }
    #[inline]
    fn take(&mut self, count: usize) -> &[u8] {
        let start = self.at;
        self.at += count;
        &self.data.as_slice()[start..start + count]
    }
}

impl Input for FileInput {
    #[inline]
    fn read(&mut self, count: usize) -> PyResult<&[u8]> {
        if self.available() < count {
            self.fetch(count)?;
            if self.available() < count {
                return Err(truncated());
            }
        }
        Ok(self.take(count))
    }
    fn line(&mut self) -> PyResult<&[u8]> {
        if let Some(end) = memchr::memchr(b'\n', &self.data.as_slice()[self.at..]) {
            return Ok(self.take(end + 1));
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
            self.fetch(1)?;
            if self.available() == 0 {
                return Ok(None);
            }
        }
        Ok(self.take(1).first().copied())
    }
    fn frame(&mut self, count: usize) -> PyResult<()> {
        self.read(count)?;
        self.at -= count;
        Ok(())
    }
    fn finish(&mut self) -> PyResult<()> {
        if self.peeked { self.skip_used() } else { Ok(()) }
    }
}

/// The number in a line of digits.
pub fn parse_number(line: &[u8]) -> PyResult<Option<i64>> {
    let text = taipan_text::int_text::parse_int_bytes(line, 10, 0)?;
    let number = taipan_objects::int::from_parsed(text);
    Ok(int_ref(&number).and_then(|number| number.to_i64()))
}
