//! `FileIO`: a descriptor as a raw stream. Every method is one system call or a few, so the object needs no lock: its fields are atomic,
//! and the kernel keeps the position.

use std::ffi::CString;

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::new_instance;
use taipan_objects::{buffer, hooks, int, istr};
use taipan_threading::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering};

use super::base::{both, stream_class};
use super::{Size, class_argument, this, unsupported};
use crate::file_path;
use crate::os_error::{after_write, blocking, interruptible, os_error, os_error_for};
use crate::sys_calls::{self, SysResult};

const CREATED: u32 = 1;
const READABLE: u32 = 2;
const WRITABLE: u32 = 4;
const APPENDING: u32 = 8;
const CLOSEFD: u32 = 16;
const SEEKABLE: u32 = 32;
const NOT_SEEKABLE: u32 = 64;
const FINALIZING: u32 = 128;
const CHARACTER_DEVICE: u32 = 256;
/// Another stream reads and writes through it.
const WRAPPED: u32 = 512;

/// An open file.
#[repr(C)]
pub struct PyFileIO {
    header: Header,
    /// -1: closed.
    fd: AtomicI32,
    /// The constants above.
    bits: AtomicU32,
    block_size: AtomicU32,
    /// How large the file was when it was opened, for the first to read all of it; -1: not known any more.
    size: AtomicI64,
}
layout!(PyFileIO, "FileIO");

impl PyFileIO {
    fn has(&self, bit: u32) -> bool {
        self.bits.load(Ordering::Relaxed) & bit != 0 // Relaxed: bits say nothing about other memory.
    }
    fn set(&self, bits: u32) {
        self.bits.fetch_or(bits, Ordering::Relaxed);
    }
    pub(super) fn is_wrapped(&self) -> bool {
        self.has(WRAPPED)
    }
    pub(super) fn note_wrapped(&self, is_wrapped: bool) {
        if is_wrapped {
            self.set(WRAPPED);
        } else {
            self.bits.fetch_and(!WRAPPED, Ordering::Relaxed);
        }
    }
    fn clear(&self, bits: u32) {
        self.bits.fetch_and(!bits, Ordering::Relaxed);
    }
    /// The descriptor; `ValueError` when closed.
    #[inline]
    pub fn descriptor(&self) -> PyResult<i32> {
        match self.fd.load(Ordering::Relaxed) {
            ..0 => Err(value_error("I/O operation on closed file")),
            fd => Ok(fd),
        }
    }
    pub fn is_closed(&self) -> bool {
        self.fd.load(Ordering::Relaxed) < 0
    }
    fn for_reading(&self) -> PyResult<i32> {
        let fd = self.descriptor()?;
        if self.has(READABLE) { Ok(fd) } else { Err(unsupported("File not open for reading")) }
    }
    fn for_writing(&self) -> PyResult<i32> {
        let fd = self.descriptor()?;
        if self.has(WRITABLE) { Ok(fd) } else { Err(unsupported("File not open for writing")) }
    }
    /// Reads at most `room` bytes to the end of `out`; `None`: none there yet.
    pub fn read_append(&self, out: &mut Vec<u8>, room: usize) -> PyResult<Option<usize>> {
        let fd = self.for_reading()?;
        out.try_reserve(room).map_err(|_| memory_error())?;
        unless_would_block(interruptible(|| sys_calls::read_append(fd, out, room))?)
    }
    /// Writes some of the bytes; `None`: none can be written yet.
    pub fn write_some(&self, bytes: &[u8]) -> PyResult<Option<usize>> {
        let fd = self.for_writing()?;
        unless_would_block(interruptible(|| sys_calls::write(fd, &bytes[..bytes.len().min(MAX_TRANSFER)]))?)
    }
    /// Moves the position.
    pub fn seek_to(&self, offset: i64, whence: i32) -> PyResult<i64> {
        let fd = self.descriptor()?;
        let result = interruptible(|| sys_calls::lseek(fd, offset, whence))?;
        self.note_seekable(result.is_ok());
        result.map_err(os_error)
    }
    fn note_seekable(&self, can: bool) {
        if !self.has(SEEKABLE | NOT_SEEKABLE) {
            self.set(if can { SEEKABLE } else { NOT_SEEKABLE });
        }
    }
    pub fn can_seek(&self) -> PyResult<bool> {
        let fd = self.descriptor()?;
        if !self.has(SEEKABLE | NOT_SEEKABLE) {
            self.note_seekable(sys_calls::lseek(fd, 0, libc::SEEK_CUR).is_ok());
        }
        Ok(self.has(SEEKABLE))
    }
    /// A good size for buffers.
    pub fn block_size(&self) -> usize {
        self.block_size.load(Ordering::Relaxed) as usize
    }
    /// Whether this is a terminal, as `open` wants to know: only character devices are asked.
    pub fn is_terminal_at_open(&self) -> bool {
        self.has(CHARACTER_DEVICE) && sys_calls::isatty(self.fd.load(Ordering::Relaxed))
    }
    /// Everything that is left.
    pub fn read_all(&self) -> PyResult<Option<Vec<u8>>> {
        let fd = self.for_reading()?;
        let mut all = Vec::new();
        let size = match self.size.swap(-1, Ordering::Relaxed) {
            ..0 => sys_calls::fstat(fd).map(|stat| stat.st_size),
            size => Ok(size),
        };
        if let (Ok(size), Ok(at)) = (size, sys_calls::lseek(fd, 0, libc::SEEK_CUR)) {
            let left = size.saturating_sub(at).clamp(0, 1 << 40) as usize;
            // One byte more than is left, so that the last read finds the end.
            all.try_reserve_exact(left + 1).map_err(|_| memory_error())?;
        }
        loop {
            let spare = all.capacity() - all.len();
            let room = if spare > 0 { spare } else { all.len().clamp(super::DEFAULT_BUFFER_SIZE, 1 << 28) };
            match self.read_append(&mut all, room)? {
                None if all.is_empty() => return Ok(None),
                None | Some(0) => return Ok(Some(all)),
                Some(_) => {}
            }
        }
    }
    fn mode_text(&self) -> &'static str {
        match (self.has(CREATED), self.has(APPENDING), self.has(READABLE), self.has(WRITABLE)) {
            (true, _, true, _) => "xb+",
            (true, ..) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, ..) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, _) => "rb",
            _ => "wb",
        }
    }
    /// Closes the descriptor.
    fn close_descriptor(&self) -> PyResult<()> {
        let fd = self.fd.swap(-1, Ordering::AcqRel);
        if fd < 0 || !self.has(CLOSEFD) {
            return Ok(());
        }
        // An interrupted close is not repeated: the descriptor is gone, and may be somebody else's already.
        match taipan_threading::detached(|| sys_calls::close(fd)) {
            Err(errno) if errno != libc::EINTR => Err(os_error(errno)),
            _ => Ok(()),
        }
    }
}

/// What Linux transfers at most with one call.
const MAX_TRANSFER: usize = 0x7fff_f000;

fn unless_would_block(result: SysResult<usize>) -> PyResult<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(libc::EAGAIN) => Ok(None),
        Err(errno) => Err(os_error(errno)),
    }
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyFileIO>(class)?;
    let file = new_instance(class, |header| PyFileIO {
        header,
        fd: AtomicI32::new(-1),
        bits: AtomicU32::new(CLOSEFD),
        block_size: AtomicU32::new(0),
        size: AtomicI64::new(-1),
    });
    Ok(file.into_obj())
}

/// Access bits and flags for `open(2)`.
fn parse_mode(mode: &str) -> PyResult<(u32, i32)> {
    let wrong = || value_error("Must have exactly one of create/read/write/append mode and at most one plus");
    let (mut bits, mut flags) = (0, 0);
    let (mut letters, mut plus) = (0, false);
    for c in mode.chars() {
        match c {
            'x' => {
                bits |= CREATED | WRITABLE;
                flags |= libc::O_EXCL | libc::O_CREAT;
            }
            'r' => bits |= READABLE,
            'w' => {
                bits |= WRITABLE;
                flags |= libc::O_CREAT | libc::O_TRUNC;
            }
            'a' => {
                bits |= WRITABLE | APPENDING;
                flags |= libc::O_APPEND | libc::O_CREAT;
            }
            'b' => continue,
            '+' => {
                if plus {
                    return Err(wrong());
                }
                plus = true;
                continue;
            }
            _ => return Err(value_error(format!("invalid mode: {mode}"))),
        }
        letters += 1;
        if letters > 1 {
            return Err(wrong());
        }
    }
    if letters == 0 {
        return Err(wrong());
    }
    if plus {
        bits |= READABLE | WRITABLE;
    }
    flags |= match (bits & READABLE != 0, bits & WRITABLE != 0) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    Ok((bits, flags | libc::O_CLOEXEC))
}

/// What was given as the file.
enum Target {
    Fd(i32),
    Name(CString),
}

fn target_of(file: &Obj) -> PyResult<Target> {
    if has_index(file) {
        if class_of(file).is(&types().bool_) {
            let category = types().runtime_warning.as_obj();
            taipan_objects::hooks::warn("bool is used as a file descriptor", category, 1)?;
        }
        let fd = <i32 as FromArg>::from_arg(file)?;
        return if fd < 0 { Err(value_error("negative file descriptor")) } else { Ok(Target::Fd(fd)) };
    }
    file_path::c_name(file).map(Target::Name)
}

#[pyargs(name = "FileIO", sig = "(file, mode='r', closefd=True, opener=None)")]
fn init_file(slf: &Obj, file: &Obj, mode: &str, closefd: bool, opener: Option<&Obj>) -> PyResult<()> {
    let this = this::<PyFileIO>(slf)?;
    if !this.is_closed() {
        // Initialized a second time: what was open is closed, if it is ours.
        this.close_descriptor()?;
    }
    let target = target_of(file)?;
    let (bits, flags) = parse_mode(mode)?;
    this.bits.store(bits | if closefd { CLOSEFD } else { 0 }, Ordering::Relaxed);
    if taipan_vm::sys::is_audited() {
        // The mode is told without what concerns text.
        let letters: String = mode.chars().filter(|letter| *letter != 'b').collect();
        taipan_vm::sys::audit("open", &[file.clone(), str_obj(&letters), int_obj(flags.into())])?;
    }
    let opener = opener.filter(|o| !is_none(o));
    let (fd, ours) = match &target {
        Target::Fd(fd) => (*fd, false),
        Target::Name(_) if !closefd => return Err(value_error("Cannot use closefd=False with file name")),
        Target::Name(name) => match opener {
            None => {
                let opened = interruptible(|| sys_calls::openat(libc::AT_FDCWD, name, flags, 0o666))?;
                (opened.map_err(|errno| os_error_for(errno, file))?, true)
            }
            Some(opener) => {
                let result = call(opener, &[file.clone(), int_obj(flags.into())])?;
                if int::int_ref(&result).is_none() {
                    return Err(type_error("expected integer from opener"));
                }
                let fd = <i32 as FromArg>::from_arg(&result)?;
                if fd < 0 {
                    return Err(value_error(format!("opener returned {fd}")));
                }
                sys_calls::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC.into()).map_err(os_error)?;
                (fd, true)
            }
        },
    };
    this.fd.store(fd, Ordering::Release);
    let done = examine(this, slf, file, fd);
    if done.is_err() {
        // A descriptor that was given stays the giver's when the construction fails.
        if ours {
            return both(done, || this.close_descriptor());
        }
        this.fd.store(-1, Ordering::Release);
    }
    done
}

/// Looks at the file that was opened: no directories, block size, position for appending.
fn examine(this: &PyFileIO, slf: &Obj, file: &Obj, fd: i32) -> PyResult<()> {
    let stat = blocking(|| sys_calls::fstat(fd))?;
    match stat.st_mode & libc::S_IFMT {
        libc::S_IFDIR => return Err(os_error_for(libc::EISDIR, file)),
        libc::S_IFCHR => this.set(CHARACTER_DEVICE),
        libc::S_IFREG => this.set(SEEKABLE),
        _ => {}
    }
    let block = if stat.st_blksize > 1 { stat.st_blksize as usize } else { super::DEFAULT_BUFFER_SIZE };
    this.block_size.store(block.min(8 << 20) as u32, Ordering::Relaxed);
    // Who writes makes it larger.
    this.size.store(if this.has(WRITABLE) { -1 } else { stat.st_size }, Ordering::Relaxed);
    setattr(slf, &istr!("name"), file)?;
    if this.has(APPENDING) {
        match interruptible(|| sys_calls::lseek(fd, 0, libc::SEEK_END))? {
            Ok(_) => {}
            Err(libc::ESPIPE) => this.note_seekable(false),
            Err(errno) => return Err(os_error(errno)),
        }
    }
    Ok(())
}

/// "unclosed file" for a stream that was left open.
fn warn_unclosed(this: &PyFileIO, source: &Obj) -> PyResult<()> {
    if this.is_closed() || !this.has(CLOSEFD) {
        return Ok(());
    }
    let text = format!("unclosed file {}", repr_string(source)?);
    if taipan_vm::warnings::warn_of_resource(&text, source).is_err() {
        // Raised by a warning filter: there is nobody to catch it here.
        hooks::unraisable(None, Some(source));
    }
    Ok(())
}

#[pymethods(class = "_io.FileIO")]
impl PyFileIO {
    /// Read at most size bytes, returned as bytes.
    #[pymethod(sig = "(size=-1, /)")]
    fn read(slf: &Obj, size: Option<Size>) -> PyResult<Obj> {
        let this = this::<PyFileIO>(slf)?;
        this.for_reading()?;
        let Ok(size) = usize::try_from(size.map_or(-1, |s| s.0)) else {
            return call_method_str(slf, "readall", &[]);
        };
        let mut out = Vec::new();
        let size = size.min(MAX_TRANSFER);
        out.try_reserve_exact(size).map_err(|_| memory_error())?;
        Ok(match this.read_append(&mut out, size)? {
            Some(_) => PyBytes::from_vec(out).into_obj(),
            None => none(),
        })
    }
    /// Read all data from the file, returned as bytes.
    #[pymethod]
    fn readall(&self) -> PyResult<Obj> {
        Ok(self.read_all()?.map_or_else(none, |all| PyBytes::from_vec(all).into_obj()))
    }
    /// Same as RawIOBase.readinto().
    #[pymethod]
    fn readinto(&self, buffer: &Obj) -> PyResult<Option<usize>> {
        let fd = self.for_reading()?;
        let Some(target) = buffer::get_writable(buffer)? else {
            return Err(type_error(format!(
                "readinto() argument must be read-write bytes-like object, not {}",
                class_of(buffer).name()
            )));
        };
        // Into memory of our own first: the target's lock is not held while the thread is detached.
        let mut data = Vec::new();
        let room = target.len.min(MAX_TRANSFER);
        let n = unless_would_block(interruptible(|| sys_calls::read_append(fd, &mut data, room))?)?;
        target.with_mut(|bytes| bytes[..data.len()].copy_from_slice(&data));
        Ok(n)
    }
    /// Write buffer b to file, return number of bytes written.
    #[pymethod]
    fn write(&self, b: &Obj) -> PyResult<Option<usize>> {
        self.for_writing()?;
        let (written, given) = buffer::with_bytes(b, |bytes| (self.write_some(bytes), bytes.len()))?;
        let written = written?;
        if let Some(written) = written {
            after_write(written, given)?;
        }
        Ok(written)
    }
    /// Move to new file position and return the file position.
    #[pymethod(sig = "(pos, whence=0, /)")]
    fn seek(&self, pos: &Obj, whence: Option<i32>) -> PyResult<i64> {
        self.descriptor()?;
        self.seek_to(<i64 as FromArg>::from_arg(pos)?, whence.unwrap_or(0))
    }
    /// Current file position.
    #[pymethod]
    fn tell(&self) -> PyResult<i64> {
        self.seek_to(0, libc::SEEK_CUR)
    }
    /// Truncate the file to at most size bytes and return the truncated size.
    #[pymethod(sig = "(size=None, /)")]
    fn truncate(&self, size: Option<&Obj>) -> PyResult<i64> {
        let fd = self.for_writing()?;
        let size = match size.filter(|s| !is_none(s)) {
            Some(size) => <i64 as FromArg>::from_arg(size)?,
            None => self.seek_to(0, libc::SEEK_CUR)?,
        };
        blocking(|| sys_calls::ftruncate(fd, size))?;
        Ok(size)
    }
    /// Close the file.
    #[pymethod]
    fn close(slf: &Obj) -> PyResult<()> {
        let this = this::<PyFileIO>(slf)?;
        let base = super::classes().raw_io_base.as_obj();
        let flushed = call_method_str(base, "close", &[slf.clone()]).map(drop);
        if this.has(FINALIZING) {
            warn_unclosed(this, slf)?;
        }
        both(flushed, || this.close_descriptor())
    }
    /// True if file supports random-access.
    #[pymethod]
    fn seekable(&self) -> PyResult<bool> {
        self.can_seek()
    }
    /// True if file was opened in a read mode.
    #[pymethod]
    fn readable(&self) -> PyResult<bool> {
        self.descriptor().map(|_| self.has(READABLE))
    }
    /// True if file was opened in a write mode.
    #[pymethod]
    fn writable(&self) -> PyResult<bool> {
        self.descriptor().map(|_| self.has(WRITABLE))
    }
    /// Return the underlying file descriptor (an integer).
    #[pymethod]
    fn fileno(&self) -> PyResult<i32> {
        self.descriptor()
    }
    /// True if the file is connected to a TTY device.
    #[pymethod]
    fn isatty(&self) -> PyResult<bool> {
        self.descriptor().map(sys_calls::isatty)
    }
    #[pymethod]
    fn _isatty_open_only(&self) -> PyResult<bool> {
        self.descriptor().map(|_| self.is_terminal_at_open())
    }
    #[pymethod]
    fn _dealloc_warn(&self, object: &Obj) -> PyResult<()> {
        warn_unclosed(self, object)
    }
    #[pymethod]
    fn __getstate__(slf: &Obj) -> PyResult<Obj> {
        Err(type_error(format!("cannot pickle '{}' instances", class_of(slf).short_name())))
    }
    /// True if the file is closed
    #[pygetset]
    fn closed(&self) -> bool {
        self.is_closed()
    }
    /// True if the file descriptor will be closed by close().
    #[pygetset]
    fn closefd(&self) -> bool {
        self.has(CLOSEFD)
    }
    /// String giving the file mode
    #[pygetset]
    fn mode(&self) -> &'static str {
        self.mode_text()
    }
    #[pygetset]
    fn _blksize(&self) -> usize {
        self.block_size()
    }
    #[pygetset]
    fn _finalizing(&self) -> bool {
        self.has(FINALIZING)
    }
    #[pygetset(setter = "_finalizing")]
    fn set_finalizing(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(type_error("can't delete numeric/char attribute")) };
        if !class_of(value).is(&types().bool_) {
            return Err(type_error("attribute value type must be bool"));
        }
        if is_true(value)? {
            self.set(FINALIZING);
        } else {
            self.clear(FINALIZING);
        }
        Ok(())
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = this::<PyFileIO>(obj)?;
    let class = class_of(obj).full_name();
    let fd = this.fd.load(Ordering::Relaxed);
    if fd < 0 {
        return Ok(str_obj(&format!("<{class} [closed]>")));
    }
    let rest =
        format!("mode='{}' closefd={}", this.mode_text(), if this.has(CLOSEFD) { "True" } else { "False" });
    Ok(str_obj(&match getattr_opt(obj, &istr!("name"))? {
        None => format!("<{class} fd={fd} {rest}>"),
        Some(name) => match ReprGuard::enter(obj) {
            Some(_guard) => format!("<{class} name={} {rest}>", repr_string(&name)?),
            None => return Err(runtime_error(format!("reentrant call inside {class}.__repr__"))),
        },
    }))
}

pub fn make_class(base: &Py<PyType>) -> Py<PyType> {
    stream_class("_io.FileIO", <PyFileIO as taipan_objects::Object>::ops())
        .base(base)
        .slots(TypeSlots { new: Some(new), init: Some(init_file), repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(PyFileIO::methods())
        .getset(PyFileIO::getset())
        .text_signature("(file, mode='r', closefd=True, opener=None)")
        .doc("Open a file.\n\nThe mode can be 'r' (default), 'w', 'x' or 'a' for reading,\nwriting, exclusive creation or appending.  The file will be created if it\ndoesn't exist when opened for writing or appending; it will be truncated\nwhen opened for writing.  A FileExistsError will be raised if it already\nexists when opened for creating. Opening a file for creating implies\nwriting so this mode behaves in a similar way to 'w'.Add a '+' to the mode\nto allow simultaneous reading and writing. A custom opener can be used by\npassing a callable as *opener*. The underlying file descriptor for the file\nobject is then obtained by calling opener with (*name*, *flags*).\n*opener* must return an open file descriptor (passing os.open as *opener*\nresults in functionality similar to passing None).")
        .make()
}
