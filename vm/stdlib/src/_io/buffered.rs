//! `BufferedReader`, `BufferedWriter` and `BufferedRandom`: one layout, which of them an object is being in its `kind`.
//!
//! | state | meaning |
//! | --- | --- |
//! | `ahead[used..]` | read from the raw stream, not yet given out |
//! | `pending` | written, not yet given to the raw stream |
//! | `raw_position` | of the raw stream, if known |
//!
//! Invariant: not both `ahead[used..]` and `pending` are non-empty: a write gives up what was read ahead (by seeking back), a read flushes.
//! So the stream's own position is `raw_position - ahead left + pending`.

use taipan_objects::bytes::PyBytes;
use taipan_objects::prelude::*;
use taipan_objects::type_object::new_instance;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::base::{check_readable, check_seekable, check_writable, stream_class};
use super::lock::{StreamGuard, StreamLock};
use super::{DEFAULT_BUFFER_SIZE, class_argument, classes, raw, this};

#[path = "buffered_methods.rs"]
mod methods;

/// Which class an object is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Reader,
    Writer,
    Random,
}

const READABLE: u8 = 1;
const WRITABLE: u8 = 2;

/// What has happened to an object.
const NEW: u8 = 0;
const READY: u8 = 1;
const DETACHED: u8 = 2;

/// What the lock guards.
#[derive(Default)]
pub struct State {
    size: usize,
    ahead: Vec<u8>,
    used: usize,
    pending: Vec<u8>,
    raw_position: Option<i64>,
}

/// A buffered stream.
#[repr(C)]
pub struct PyBuffered {
    header: Header,
    raw: Slot,
    /// Bits of what the class can do.
    abilities: u8,
    phase: AtomicU8,
    finalizing: AtomicBool,
    /// A text stream reads and writes through it.
    pub(super) wrapped: AtomicBool,
    lock: StreamLock<State>,
}
layout!(PyBuffered, "Buffered", [raw]);

impl State {
    fn left(&self) -> &[u8] {
        &self.ahead[self.used..]
    }
    fn forget_ahead(&mut self) {
        self.ahead.clear();
        self.used = 0;
    }
    /// Takes up to `n` bytes of what was read ahead.
    fn take(&mut self, n: usize, out: &mut Vec<u8>) -> usize {
        let n = n.min(self.left().len());
        out.extend_from_slice(&self.ahead[self.used..self.used + n]);
        self.used += n;
        n
    }
    fn advance(&mut self, n: usize) {
        self.raw_position = self.raw_position.map(|at| at + n as i64);
    }
    /// Reads from the raw stream to the end of `out`.
    fn read_raw(&mut self, raw: &Obj, out: &mut Vec<u8>, room: usize) -> PyResult<Option<usize>> {
        let n = raw::read(raw, out, room)?;
        self.advance(n.unwrap_or(0));
        Ok(n)
    }
    /// Refills the empty buffer with one read; `Some(0)`: the end.
    fn fill(&mut self, raw: &Obj) -> PyResult<Option<usize>> {
        let mut ahead = std::mem::take(&mut self.ahead);
        ahead.clear();
        self.used = 0;
        let size = self.size;
        let result = self.read_raw(raw, &mut ahead, size);
        self.ahead = ahead;
        result
    }
    /// Gives everything pending to the raw stream. `BlockingIOError` if that does not take it all.
    fn flush_pending(&mut self, raw: &Obj) -> PyResult<()> {
        let mut done = 0;
        let result = loop {
            if done == self.pending.len() {
                break Ok(());
            }
            match raw::write(raw, &self.pending[done..]) {
                Ok(Some(n)) => {
                    done += n;
                    self.advance(n);
                }
                Ok(None) => break Err(would_block(0)),
                Err(raised) => break Err(raised),
            }
            // A partial write may have been interrupted.
            if done < self.pending.len() {
                taipan_objects::hooks::check_signals()?;
            }
        };
        self.pending.drain(..done);
        if self.pending.capacity() > 2 * self.size && self.pending.is_empty() {
            self.pending = Vec::new();
        }
        result
    }
    /// Seeks the raw stream back over what was read ahead.
    fn give_up_ahead(&mut self, raw: &Obj) -> PyResult<()> {
        let left = self.left().len();
        if left > 0 {
            self.raw_position = Some(raw::seek(raw, -(left as i64), libc::SEEK_CUR)?);
        }
        self.forget_ahead();
        Ok(())
    }
    /// The stream's own position.
    fn position(&mut self, raw: &Obj) -> PyResult<i64> {
        let at = match self.raw_position {
            Some(at) => at,
            None => {
                let at = raw::tell(raw)?;
                self.raw_position = Some(at);
                at
            }
        };
        // Devices of characters say that they are at 0 always.
        Ok((at - self.left().len() as i64 + self.pending.len() as i64).max(0))
    }
}

/// `BlockingIOError` after `written` bytes.
#[cold]
fn would_block(written: usize) -> Raised {
    raise_args(
        &types().blocking_io_error,
        vec![
            int_obj(libc::EAGAIN.into()),
            str_obj("write could not complete without blocking"),
            int_obj(written as i64),
        ],
    )
}

/// An object with its lock taken: what the methods work on.
struct Entered<'a> {
    raw: Obj,
    state: StreamGuard<'a, State>,
}

impl PyBuffered {
    fn can(&self, ability: u8) -> bool {
        self.abilities & ability != 0
    }
    /// The raw stream; `ValueError` if there is none (yet, or any more).
    fn raw(&self) -> PyResult<Obj> {
        match self.phase.load(Ordering::Acquire) {
            READY => self.raw.load().ok_or_else(|| value_error("raw stream has been detached")),
            DETACHED => Err(value_error("raw stream has been detached")),
            _ => Err(value_error("I/O operation on uninitialized object")),
        }
    }
    /// Whether the raw stream is closed.
    fn raw_is_closed(&self, raw: &Obj) -> PyResult<bool> {
        match raw::file_of(raw) {
            Some(file) => Ok(file.is_closed()),
            None => super::base::is_closed(raw),
        }
    }
    fn check_open(&self, raw: &Obj, message: &str) -> PyResult<()> {
        if self.raw_is_closed(raw)? { Err(value_error(message)) } else { Ok(()) }
    }
    fn enter<'a>(&'a self, slf: &Obj) -> PyResult<Entered<'a>> {
        let raw = self.raw()?;
        let state = self.lock.enter(slf)?;
        Ok(Entered { raw, state })
    }
    /// [`PyBuffered::enter`] for reading: open, and nothing pending.
    fn enter_to_read<'a>(&'a self, slf: &Obj, closed: &str) -> PyResult<Entered<'a>> {
        let raw = self.raw()?;
        self.check_open(&raw, closed)?;
        let mut state = self.lock.enter(slf)?;
        if !state.pending.is_empty() {
            state.flush_pending(&raw)?;
        }
        Ok(Entered { raw, state })
    }
    /// Reads up to `room` bytes with at most one read of the raw stream: for the text layer.
    pub fn read1_vec(&self, slf: &Obj, room: usize) -> PyResult<Vec<u8>> {
        let Entered { raw, mut state } = self.enter_to_read(slf, "read of closed file")?;
        let mut out = Vec::new();
        if state.left().is_empty() {
            if room >= state.size {
                state.forget_ahead();
                state.read_raw(&raw, &mut out, room)?;
                return Ok(out);
            }
            state.fill(&raw)?;
        }
        state.take(room, &mut out);
        Ok(out)
    }
    /// As `read1_vec`, for a target that is there: one read of the raw stream more if what was read ahead leaves much room.
    fn read1_into(&self, slf: &Obj, room: usize) -> PyResult<Vec<u8>> {
        let mut out = {
            let Entered { raw, mut state } = self.enter_to_read(slf, "read of closed file")?;
            let mut out = Vec::new();
            let taken = state.take(room, &mut out);
            if taken > 0 && room - taken > state.size {
                state.forget_ahead();
                state.read_raw(&raw, &mut out, room - taken)?;
            }
            out
        };
        if out.is_empty() {
            out = self.read1_vec(slf, room)?;
        }
        Ok(out)
    }
    /// Everything that is left; `None`: nothing yet.
    pub fn read_all(&self, slf: &Obj) -> PyResult<Option<Vec<u8>>> {
        let Entered { raw, mut state } = self.enter_to_read(slf, "read of closed file")?;
        let mut out = state.left().to_vec();
        state.forget_ahead();
        if let Some(file) = raw::file_of(&raw) {
            let rest = file.read_all()?;
            let Some(rest) = rest else { return Ok(if out.is_empty() { None } else { Some(out) }) };
            state.advance(rest.len());
            if out.is_empty() {
                return Ok(Some(rest));
            }
            out.extend_from_slice(&rest);
            return Ok(Some(out));
        }
        if let Some(readall) = getattr_opt(&raw, &taipan_objects::istr!("readall"))? {
            let rest = call0(&readall)?;
            if taipan_objects::singletons::is_none(&rest) {
                return Ok(if out.is_empty() { None } else { Some(out) });
            }
            let Some(rest) = rest.downcast::<PyBytes>() else {
                return Err(type_error("readall() should return bytes"));
            };
            state.advance(rest.len());
            out.extend_from_slice(rest.as_slice());
            return Ok(Some(out));
        }
        loop {
            let data = call_method_str(&raw, "read", &[])?;
            if taipan_objects::singletons::is_none(&data) {
                return Ok(if out.is_empty() { None } else { Some(out) });
            }
            let Some(data) = data.downcast::<PyBytes>() else {
                return Err(type_error("read() should return bytes"));
            };
            if data.is_empty() {
                return Ok(Some(out));
            }
            state.advance(data.len());
            out.extend_from_slice(data.as_slice());
        }
    }
    /// Reads until `n` bytes are there, the end, or (for streams that do not block) nothing is left; `None`: nothing at all yet.
    fn read_exactly(&self, slf: &Obj, n: usize) -> PyResult<Option<Vec<u8>>> {
        let Entered { raw, mut state } = self.enter_to_read(slf, "read of closed file")?;
        let mut out = Vec::new();
        out.try_reserve(n.min(1 << 20)).map_err(|_| memory_error())?;
        state.take(n, &mut out);
        while out.len() < n {
            let missing = n - out.len();
            let got = if missing >= state.size {
                state.forget_ahead();
                // Whole multiples of the buffer go past it.
                let room = missing - missing % state.size;
                state.read_raw(&raw, &mut out, room)?
            } else {
                let filled = state.fill(&raw)?;
                state.take(missing, &mut out);
                filled
            };
            match got {
                Some(0) => break,
                None if out.is_empty() => return Ok(None),
                None => break,
                Some(_) => {}
            }
        }
        Ok(Some(out))
    }
    /// The next line, of at most `limit` bytes.
    fn read_line(&self, slf: &Obj, limit: Option<usize>) -> PyResult<Obj> {
        let Entered { raw, mut state } = self.enter_to_read(slf, "readline of closed file")?;
        let most = |left: &[u8], have: usize| limit.map_or(left.len(), |limit| left.len().min(limit - have));
        // The common case: the line is in the buffer.
        let room = most(state.left(), 0);
        let first = &state.left()[..room];
        if let Some(at) = memchr::memchr(b'\n', first) {
            let line = bytes_obj(&first[..=at]);
            state.used += at + 1;
            return Ok(line);
        }
        let mut line = first.to_vec();
        state.used += room;
        loop {
            if limit.is_some_and(|limit| line.len() >= limit) {
                break;
            }
            match state.fill(&raw)? {
                None | Some(0) => break,
                Some(_) => {}
            }
            let room = most(state.left(), line.len());
            let found = memchr::memchr(b'\n', &state.left()[..room]);
            let n = found.map_or(room, |at| at + 1);
            state.take(n, &mut line);
            if found.is_some() {
                break;
            }
        }
        Ok(PyBytes::from_vec(line).into_obj())
    }
    /// Writes; returns the number of bytes taken, which are all unless the raw stream does not block.
    pub fn write_bytes(&self, slf: &Obj, bytes: &[u8]) -> PyResult<usize> {
        let raw = self.raw()?;
        let mut state = self.lock.enter(slf)?;
        // Under the lock: a stream that is being closed must not take any more.
        self.check_open(&raw, "write to closed file")?;
        if self.can(READABLE) {
            state.give_up_ahead(&raw)?;
        }
        if state.pending.len() + bytes.len() <= state.size {
            state.pending.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        if let Err(Raised) = state.flush_pending(&raw) {
            let error = catch(&types().blocking_io_error)?;
            // As much as fits is taken all the same.
            let room = state.size.saturating_sub(state.pending.len()).min(bytes.len());
            state.pending.extend_from_slice(&bytes[..room]);
            if room == bytes.len() {
                return Ok(room);
            }
            drop(error);
            return Err(would_block(room));
        }
        let mut done = 0;
        while bytes.len() - done > state.size {
            match raw::write(&raw, &bytes[done..])? {
                Some(n) => {
                    done += n;
                    state.advance(n);
                }
                None => {
                    let room = state.size.min(bytes.len() - done);
                    state.pending.extend_from_slice(&bytes[done..done + room]);
                    done += room;
                    if done < bytes.len() {
                        return Err(would_block(done));
                    }
                }
            }
            if bytes.len() - done > state.size {
                taipan_objects::hooks::check_signals()?;
            }
        }
        state.pending.extend_from_slice(&bytes[done..]);
        Ok(bytes.len())
    }
    /// Gives all that is pending to the raw stream; a stream that also reads seeks back to its own position.
    pub fn flush_all(&self, slf: &Obj) -> PyResult<()> {
        let raw = self.raw()?;
        self.check_open(&raw, "flush of closed file")?;
        let mut state = self.lock.enter(slf)?;
        state.flush_pending(&raw)?;
        if self.can(READABLE) && self.can(WRITABLE) {
            state.give_up_ahead(&raw)?;
        }
        Ok(())
    }
    /// The position in bytes.
    pub fn tell_position(&self, slf: &Obj) -> PyResult<i64> {
        let Entered { raw, mut state } = self.enter(slf)?;
        state.raw_position = Some(raw::tell(&raw)?);
        state.position(&raw)
    }
    /// Moves to a position.
    pub fn seek_position(&self, slf: &Obj, target: i64, whence: i32) -> PyResult<i64> {
        let raw = self.raw()?;
        self.check_open(&raw, "seek of closed file")?;
        match raw::file_of(&raw) {
            Some(file) if file.can_seek()? => {}
            _ => check_seekable(&raw)?,
        }
        let mut state = self.lock.enter(slf)?;
        // Within what was read ahead, nothing but the buffer's own position changes.
        if whence != libc::SEEK_END
            && self.can(READABLE)
            && state.pending.is_empty()
            && !state.ahead.is_empty()
        {
            let current = state.position(&raw)?;
            let offset = if whence == libc::SEEK_SET { target.saturating_sub(current) } else { target };
            let used = state.used as i64;
            if (-used..=state.left().len() as i64).contains(&offset) {
                state.used = (used + offset) as usize;
                return Ok(current + offset);
            }
        }
        state.flush_pending(&raw)?;
        let target = if whence == libc::SEEK_CUR { target - state.left().len() as i64 } else { target };
        let at = raw::seek(&raw, target, whence)?;
        state.raw_position = Some(at);
        state.forget_ahead();
        Ok(at)
    }
}

/// `obj` as a buffered stream of exactly one of the classes here.
#[inline]
pub fn buffered_of(obj: &Obj) -> Option<&PyBuffered> {
    let class = class_of(obj);
    let c = classes();
    if class.is(&c.buffered_reader) || class.is(&c.buffered_writer) || class.is(&c.buffered_random) {
        obj.downcast::<PyBuffered>()
    } else {
        None
    }
}

fn new_of(class: &Obj, abilities: u8) -> PyResult<Obj> {
    let class = class_argument::<PyBuffered>(class)?;
    let stream = new_instance(class, |header| PyBuffered {
        header,
        raw: Slot::empty(),
        abilities,
        phase: AtomicU8::new(NEW),
        finalizing: AtomicBool::new(false),
        wrapped: AtomicBool::new(false),
        lock: StreamLock::new(State::default()),
    });
    Ok(stream.into_obj())
}

fn new_reader(class: &Obj, _args: &taipan_objects::native::Args<'_>) -> PyResult<Obj> {
    new_of(class, READABLE)
}
fn new_writer(class: &Obj, _args: &taipan_objects::native::Args<'_>) -> PyResult<Obj> {
    new_of(class, WRITABLE)
}
fn new_random(class: &Obj, _args: &taipan_objects::native::Args<'_>) -> PyResult<Obj> {
    new_of(class, READABLE | WRITABLE)
}

/// Puts `raw` under the stream.
fn initialize(slf: &Obj, raw: &Obj, size: isize, kind: Kind) -> PyResult<()> {
    let this = this::<PyBuffered>(slf)?;
    this.phase.store(NEW, Ordering::Release);
    if kind == Kind::Random {
        check_seekable(raw)?;
    }
    if kind != Kind::Writer {
        check_readable(raw)?;
    }
    if kind != Kind::Reader {
        check_writable(raw)?;
    }
    if size <= 0 {
        return Err(value_error("buffer size must be strictly positive"));
    }
    let mut state = this.lock.enter(slf)?;
    *state = State { size: size as usize, ..State::default() };
    this.raw.store(raw.clone());
    super::base::note_wrapped(raw, true);
    this.phase.store(READY, Ordering::Release);
    Ok(())
}

/// A new stream over `raw`, for `open`.
pub fn create(kind: Kind, raw: &Obj, size: usize) -> PyResult<Obj> {
    let c = classes();
    let (class, abilities) = match kind {
        Kind::Reader => (&c.buffered_reader, READABLE),
        Kind::Writer => (&c.buffered_writer, WRITABLE),
        Kind::Random => (&c.buffered_random, READABLE | WRITABLE),
    };
    let stream = new_of(class.as_obj(), abilities)?;
    initialize(&stream, raw, size as isize, kind)?;
    Ok(stream)
}

const DEFAULT_SIZE: isize = DEFAULT_BUFFER_SIZE as isize;

#[taipan_objects::native::pyargs(name = "BufferedReader", sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)")]
fn init_reader(slf: &Obj, raw: &Obj, buffer_size: Option<isize>) -> PyResult<()> {
    initialize(slf, raw, buffer_size.unwrap_or(DEFAULT_SIZE), Kind::Reader)
}
#[taipan_objects::native::pyargs(name = "BufferedWriter", sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)")]
fn init_writer(slf: &Obj, raw: &Obj, buffer_size: Option<isize>) -> PyResult<()> {
    initialize(slf, raw, buffer_size.unwrap_or(DEFAULT_SIZE), Kind::Writer)
}
#[taipan_objects::native::pyargs(name = "BufferedRandom", sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)")]
fn init_random(slf: &Obj, raw: &Obj, buffer_size: Option<isize>) -> PyResult<()> {
    initialize(slf, raw, buffer_size.unwrap_or(DEFAULT_SIZE), Kind::Random)
}

fn next_line(obj: &Obj) -> PyResult<Option<Obj>> {
    let line = match buffered_of(obj) {
        Some(this) => this.read_line(obj, None)?,
        None => {
            let line = call_method_str(obj, "readline", &[])?;
            if !line.is_layout::<PyBytes>() {
                return Err(raise_message(
                    &types().os_error,
                    format!(
                        "readline() should have returned a bytes object, not '{}'",
                        class_of(&line).name()
                    ),
                ));
            }
            line
        }
    };
    Ok(if len(&line)? == 0 { None } else { Some(line) })
}

fn builder(name: &'static str, base: &Py<PyType>) -> taipan_objects::type_object::TypeBuilder {
    stream_class(name, <PyBuffered as taipan_objects::Object>::ops())
        .base(base)
        .methods(PyBuffered::shared_methods())
        .getset(PyBuffered::shared_getset())
}

pub fn make_reader(base: &Py<PyType>) -> Py<PyType> {
    let slots = TypeSlots {
        new: Some(new_reader),
        init: Some(init_reader),
        repr: Some(methods::repr),
        iternext: Some(next_line),
        ..TypeSlots::EMPTY
    };
    builder("_io.BufferedReader", base)
        .slots(slots)
        .methods(PyBuffered::reading_methods())
        .made_by_object()
        .text_signature("(raw, buffer_size=DEFAULT_BUFFER_SIZE)")
        .doc("Create a new buffered reader using the given readable raw IO object.")
        .make()
}

pub fn make_writer(base: &Py<PyType>) -> Py<PyType> {
    let slots = TypeSlots {
        new: Some(new_writer),
        init: Some(init_writer),
        repr: Some(methods::repr),
        ..TypeSlots::EMPTY
    };
    builder("_io.BufferedWriter", base)
        .slots(slots)
        .methods(PyBuffered::writing_methods())
        .made_by_object()
        .text_signature("(raw, buffer_size=DEFAULT_BUFFER_SIZE)")
        .doc("A buffer for a writeable sequential RawIO object.\n\nThe constructor creates a BufferedWriter for the given writeable raw\nstream. If the buffer_size is not given, it defaults to\nDEFAULT_BUFFER_SIZE.")
        .make()
}

pub fn make_random(base: &Py<PyType>) -> Py<PyType> {
    let slots = TypeSlots {
        new: Some(new_random),
        init: Some(init_random),
        repr: Some(methods::repr),
        iternext: Some(next_line),
        ..TypeSlots::EMPTY
    };
    builder("_io.BufferedRandom", base)
        .slots(slots)
        .methods(PyBuffered::reading_methods())
        .methods(PyBuffered::writing_methods())
        .made_by_object()
        .text_signature("(raw, buffer_size=DEFAULT_BUFFER_SIZE)")
        .doc("A buffered interface to random access streams.\n\nThe constructor creates a reader and writer for a seekable stream,\nraw, given in the first argument. If the buffer_size is omitted it\ndefaults to DEFAULT_BUFFER_SIZE.")
        .make()
}

impl PyBuffered {
    /// Whether the raw file is closed, if that can be told without Python code.
    #[inline]
    pub fn closed_quickly(&self) -> Option<bool> {
        if self.phase.load(Ordering::Acquire) != READY {
            return None;
        }
        let is_closed = |raw: &Obj| raw::file_of(raw).map(super::file_io::PyFileIO::is_closed);
        // SAFETY: a look at its descriptor.
        match unsafe { self.raw.lend_alone() } {
            Some(raw) => is_closed(&raw),
            None => is_closed(&self.raw.load_uncounted()?),
        }
    }
    pub fn is_reading(&self) -> bool {
        self.can(READABLE)
    }
    /// `flush()`.
    pub fn flush(&self, slf: &Obj) -> PyResult<()> {
        if self.can(WRITABLE) {
            self.flush_all(slf)
        } else {
            call_method_str(&self.raw()?, "flush", &[]).map(drop)
        }
    }
}
