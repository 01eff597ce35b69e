//! What the decompressor objects of all formats have in common: input that waits because the output was limited, what follows the
//! compressed data, and whether its end was reached; and the bytes of arguments.
//!
//! The work is done detached, under the object's mutex: no Python code runs meanwhile, and errors become exceptions afterwards.

use parking_lot::Mutex;
use taipan_objects::buffer;
use taipan_objects::bytes::bytes_value;
use taipan_objects::prelude::*;

/// First size of an output.
pub const FIRST_ROOM: usize = 32 * 1024;
/// Most that an output grows by at a time.
pub const MOST_ROOM: usize = 64 << 20;

/// Bytes of an argument that stay the same: bytes in place, others copied.
pub enum Input<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl<'a> Input<'a> {
    pub fn new(data: &'a Obj) -> PyResult<Input<'a>> {
        match bytes_value(data) {
            Some(bytes) => Ok(Input::Borrowed(bytes)),
            None => Ok(Input::Owned(buffer::to_vec(data)?)),
        }
    }
    pub fn get(&self) -> &[u8] {
        match self {
            Input::Borrowed(bytes) => bytes,
            Input::Owned(bytes) => bytes,
        }
    }
}

/// A format's stream.
pub trait Engine: Send {
    /// What it fails with; no Python object.
    type Error: Send;
    /// Whether output that fills its limit to the last byte may hide more output.
    const HIDES_OUTPUT: bool;
    /// Whether a stream is of no use after an error.
    const BREAKS: bool = false;
    /// One step: takes from the front of `input`, appends to `out` at most `room` bytes. Returns whether the data has ended.
    fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<bool, Self::Error>;
}

/// A decompressor's state.
pub struct Decompressor<E> {
    pub engine: E,
    pub eof: bool,
    pub needs_input: bool,
    /// What follows the compressed data.
    pub unused: Vec<u8>,
    pending: Vec<u8>,
    broken: bool,
}

/// Why nothing was decompressed.
pub enum Refusal<T> {
    /// The end was reached before.
    AtEnd,
    /// It failed before, and has broken.
    Broken,
    Failed(T),
}

impl<E: Engine> Decompressor<E> {
    pub fn new(engine: E) -> Mutex<Decompressor<E>> {
        Mutex::new(Decompressor {
            engine,
            eof: false,
            needs_input: true,
            unused: Vec::new(),
            pending: Vec::new(),
            broken: false,
        })
    }
    fn run(&mut self, data: &[u8], max_length: isize) -> Result<Vec<u8>, Refusal<E::Error>> {
        if self.eof {
            return Err(Refusal::AtEnd);
        }
        if self.broken {
            return Err(Refusal::Broken);
        }
        let waiting = std::mem::take(&mut self.pending);
        let joined = if waiting.is_empty() { waiting } else { [&waiting, data].concat() };
        let mut input = if joined.is_empty() { data } else { &joined };
        let limit = usize::try_from(max_length).unwrap_or(usize::MAX);
        let mut out = Vec::new();
        let mut room = FIRST_ROOM;
        let mut idle = 0;
        loop {
            let now = room.min(limit - out.len());
            let before = (input.len(), out.len());
            match self.engine.step(&mut input, &mut out, now) {
                Ok(ended) => self.eof = ended,
                Err(error) => {
                    self.broken = E::BREAKS;
                    self.needs_input &= !E::BREAKS;
                    return Err(Refusal::Failed(error));
                }
            }
            let filled = out.len() - before.1 == now;
            if self.eof || out.len() >= limit || (input.is_empty() && !filled) {
                break;
            }
            // A step may tell something about the stream instead of going on, but not for ever.
            idle = if before == (input.len(), out.len()) { idle + 1 } else { 0 };
            if idle > 3 {
                break;
            }
            if filled {
                room = (room * 2).min(MOST_ROOM);
            }
        }
        let full = E::HIDES_OUTPUT && out.len() >= limit;
        self.needs_input = !self.eof && input.is_empty() && !full;
        if self.eof {
            self.unused = input.to_vec();
        } else {
            self.pending = input.to_vec();
        }
        Ok(out)
    }
}

/// Decompresses `data` after what waits, at most `max_length` bytes unless that is negative.
pub fn decompress<E: Engine>(
    state: &Mutex<Decompressor<E>>,
    data: &Obj,
    max_length: isize,
) -> PyResult<Result<Vec<u8>, Refusal<E::Error>>> {
    let data = Input::new(data)?;
    Ok(taipan_threading::detached(|| state.lock().run(data.get(), max_length)))
}

/// Runs `f` on a state behind a mutex, detached.
pub fn with_state<T, R>(state: &Mutex<T>, f: impl FnOnce(&mut T) -> R) -> R {
    taipan_threading::detached(|| f(&mut state.lock()))
}
