//! System calls as safe functions: plain values in, `Err(errno)` out. The unsafe code of the system modules is here.
//!
//! Invariant: every pointer given to the system comes from a reference or slice of the same expression, with its length; nothing here
//! touches Python objects, so that callers may run it detached.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int};

/// A system call's result, or the error number.
pub type SysResult<T> = Result<T, i32>;

/// The calling thread's error number.
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

macro_rules! call {
    ($call:expr) => {{
        // SAFETY: the arguments are plain numbers, or pointers to NUL-terminated strings, buffers (with their lengths) and structs
        // that are borrowed by this expression.
        let result = unsafe { $call };
        if result == -1 { Err(errno()) } else { Ok(result) }
    }};
}

macro_rules! read_struct {
    ($ty:ty, $slot:ident => $call:expr) => {{
        let mut value = MaybeUninit::<$ty>::zeroed();
        let $slot = value.as_mut_ptr();
        call!($call)?;
        // SAFETY: all zero is a value of these C structs, and the call has filled it.
        SysResult::Ok(unsafe { value.assume_init() })
    }};
}

mod databases;
mod mapping;
mod messages;
mod names;
mod posix_spawn;
mod process;
mod resources;
mod semaphores;
mod signals;
mod sockets;
mod spawn;
mod terminal;
mod time;
mod timers;

pub use databases::*;
pub use mapping::*;
pub use messages::*;
pub use names::*;
pub use posix_spawn::*;
pub use process::*;
pub use resources::*;
pub use semaphores::*;
pub use signals::*;
pub use sockets::*;
pub use spawn::{ChildSetup, spawn};
pub use terminal::*;
pub use time::*;
pub use timers::*;

/// The system's text for an error number.
pub fn strerror(errno: i32) -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: a buffer with its length; the result is NUL-terminated.
    let text = unsafe {
        libc::strerror_r(errno, buffer.as_mut_ptr().cast(), buffer.len());
        CStr::from_ptr(buffer.as_ptr().cast())
    };
    text.to_string_lossy().into_owned()
}

// Descriptors.

pub fn openat(dir: i32, path: &CStr, flags: i32, mode: u32) -> SysResult<i32> {
    call!(libc::openat(dir, path.as_ptr(), flags, mode))
}
pub fn read(fd: i32, buffer: &mut [u8]) -> SysResult<usize> {
    call!(libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len())).map(|n| n as usize)
}
/// Reads at most `room` bytes to the end of `out`.
pub fn read_append(fd: i32, out: &mut Vec<u8>, room: usize) -> SysResult<usize> {
    out.try_reserve(room).map_err(|_| libc::ENOMEM)?;
    let spare = out.spare_capacity_mut();
    let n = call!(libc::read(fd, spare.as_mut_ptr().cast(), room.min(spare.len())))? as usize;
    // SAFETY: the system has filled `n` bytes of the spare capacity.
    unsafe { out.set_len(out.len() + n) };
    Ok(n)
}
pub fn write(fd: i32, bytes: &[u8]) -> SysResult<usize> {
    call!(libc::write(fd, bytes.as_ptr().cast(), bytes.len())).map(|n| n as usize)
}
pub fn pread(fd: i32, buffer: &mut [u8], offset: i64) -> SysResult<usize> {
    call!(libc::pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), offset)).map(|n| n as usize)
}
pub fn pwrite(fd: i32, bytes: &[u8], offset: i64) -> SysResult<usize> {
    call!(libc::pwrite(fd, bytes.as_ptr().cast(), bytes.len(), offset)).map(|n| n as usize)
}
pub fn close(fd: i32) -> SysResult<()> {
    call!(libc::close(fd)).map(drop)
}
pub fn lseek(fd: i32, offset: i64, whence: i32) -> SysResult<i64> {
    call!(libc::lseek(fd, offset, whence))
}
pub fn fstat(fd: i32) -> SysResult<libc::stat> {
    read_struct!(libc::stat, slot => libc::fstat(fd, slot))
}
pub fn fstatat(dir: i32, path: &CStr, flags: i32) -> SysResult<libc::stat> {
    read_struct!(libc::stat, slot => libc::fstatat(dir, path.as_ptr(), slot, flags))
}
pub fn statvfs(path: &CStr) -> SysResult<libc::statvfs> {
    read_struct!(libc::statvfs, slot => libc::statvfs(path.as_ptr(), slot))
}
pub fn fstatvfs(fd: i32) -> SysResult<libc::statvfs> {
    read_struct!(libc::statvfs, slot => libc::fstatvfs(fd, slot))
}
pub fn ftruncate(fd: i32, length: i64) -> SysResult<()> {
    call!(libc::ftruncate(fd, length)).map(drop)
}
pub fn truncate(path: &CStr, length: i64) -> SysResult<()> {
    call!(libc::truncate(path.as_ptr(), length)).map(drop)
}
pub fn isatty(fd: i32) -> bool {
    // SAFETY: a plain number.
    unsafe { libc::isatty(fd) == 1 }
}
pub fn dup(fd: i32) -> SysResult<i32> {
    fcntl(fd, libc::F_DUPFD_CLOEXEC, 0)
}
pub fn dup3(fd: i32, fd2: i32, flags: i32) -> SysResult<i32> {
    if fd == fd2 {
        return call!(libc::dup2(fd, fd2));
    }
    call!(libc::dup3(fd, fd2, flags))
}
pub fn pipe2(flags: i32) -> SysResult<(i32, i32)> {
    let mut fds = [0; 2];
    call!(libc::pipe2(fds.as_mut_ptr(), flags))?;
    Ok((fds[0], fds[1]))
}
pub fn fsync(fd: i32) -> SysResult<()> {
    call!(libc::fsync(fd)).map(drop)
}
pub fn fdatasync(fd: i32) -> SysResult<()> {
    call!(libc::fdatasync(fd)).map(drop)
}
pub fn sync() {
    // SAFETY: no arguments.
    unsafe { libc::sync() }
}
pub fn fcntl(fd: i32, command: i32, argument: i64) -> SysResult<i32> {
    call!(libc::fcntl(fd, command, argument))
}
/// `fcntl` with a pointer to `buffer`, which the system may change; it must be as long as the command wants (callers pass 1024 bytes).
pub fn fcntl_buffer(fd: i32, command: i32, buffer: &mut [u8; 1024]) -> SysResult<i32> {
    call!(libc::fcntl(fd, command, buffer.as_mut_ptr()))
}
pub fn ioctl(fd: i32, request: u64, argument: i64) -> SysResult<i32> {
    call!(libc::ioctl(fd, request, argument))
}
/// As [`fcntl_buffer`].
pub fn ioctl_buffer(fd: i32, request: u64, buffer: &mut [u8; 1024]) -> SysResult<i32> {
    call!(libc::ioctl(fd, request, buffer.as_mut_ptr()))
}
pub fn flock(fd: i32, operation: i32) -> SysResult<()> {
    call!(libc::flock(fd, operation)).map(drop)
}
pub fn fcntl_lock(fd: i32, command: i32, lock: &mut libc::flock) -> SysResult<()> {
    call!(libc::fcntl(fd, command, std::ptr::from_mut(lock))).map(drop)
}
/// A record lock.
pub fn file_lock(kind: i16, whence: i16, start: i64, len: i64) -> libc::flock {
    libc::flock { l_type: kind, l_whence: whence, l_start: start, l_len: len, l_pid: 0 }
}
pub fn lockf(fd: i32, command: i32, length: i64) -> SysResult<()> {
    call!(libc::lockf(fd, command, length)).map(drop)
}
pub fn posix_fallocate(fd: i32, offset: i64, length: i64) -> SysResult<()> {
    // SAFETY: plain numbers.
    match unsafe { libc::posix_fallocate(fd, offset, length) } {
        0 => Ok(()),
        errno => Err(errno),
    }
}
pub fn posix_fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> SysResult<()> {
    // SAFETY: plain numbers.
    match unsafe { libc::posix_fadvise(fd, offset, length, advice) } {
        0 => Ok(()),
        errno => Err(errno),
    }
}
pub fn sendfile(out: i32, from: i32, offset: Option<i64>, count: usize) -> SysResult<usize> {
    let mut at = offset.unwrap_or(0);
    let at = if offset.is_some() { std::ptr::from_mut(&mut at) } else { std::ptr::null_mut() };
    call!(libc::sendfile(out, from, at, count)).map(|n| n as usize)
}
pub fn copy_file_range(
    from: i32,
    to: i32,
    count: usize,
    from_at: Option<i64>,
    to_at: Option<i64>,
) -> SysResult<usize> {
    let (mut a, mut b) = (from_at.unwrap_or(0), to_at.unwrap_or(0));
    let a = if from_at.is_some() { std::ptr::from_mut(&mut a) } else { std::ptr::null_mut() };
    let b = if to_at.is_some() { std::ptr::from_mut(&mut b) } else { std::ptr::null_mut() };
    call!(libc::copy_file_range(from, a, to, b, count, 0)).map(|n| n as usize)
}
/// Reads at a position, without moving the file's own.
pub fn preadv(fd: i32, buffer: &mut [u8], offset: i64, flags: i32) -> SysResult<usize> {
    let vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    call!(libc::preadv2(fd, &vector, 1, offset, flags)).map(|n| n as usize)
}
/// Writes at a position, without moving the file's own.
pub fn pwritev(fd: i32, buffers: &[std::io::IoSlice<'_>], offset: i64, flags: i32) -> SysResult<usize> {
    // `IoSlice` has the layout of `iovec`, says its documentation.
    call!(libc::pwritev2(fd, buffers.as_ptr().cast(), buffers.len() as c_int, offset, flags))
        .map(|n| n as usize)
}
pub fn splice(
    from: i32,
    from_at: Option<i64>,
    to: i32,
    to_at: Option<i64>,
    count: usize,
    flags: u32,
) -> SysResult<usize> {
    let (mut a, mut b) = (from_at.unwrap_or(0), to_at.unwrap_or(0));
    let a = if from_at.is_some() { std::ptr::from_mut(&mut a) } else { std::ptr::null_mut() };
    let b = if to_at.is_some() { std::ptr::from_mut(&mut b) } else { std::ptr::null_mut() };
    call!(libc::splice(from, a, to, b, count, flags)).map(|n| n as usize)
}
pub fn eventfd(value: u32, flags: i32) -> SysResult<i32> {
    call!(libc::eventfd(value, flags))
}
pub fn memfd_create(name: &CStr, flags: u32) -> SysResult<i32> {
    call!(libc::memfd_create(name.as_ptr(), flags))
}
pub fn getrandom(buffer: &mut [u8], flags: u32) -> SysResult<usize> {
    call!(libc::getrandom(buffer.as_mut_ptr().cast(), buffer.len(), flags)).map(|n| n as usize)
}
/// Columns and lines of a terminal.
pub fn terminal_size(fd: i32) -> SysResult<(u16, u16)> {
    let size: libc::winsize = read_struct!(libc::winsize, slot => libc::ioctl(fd, libc::TIOCGWINSZ, slot))?;
    Ok((size.ws_col, size.ws_row))
}
pub fn ttyname(fd: i32) -> SysResult<Vec<u8>> {
    let mut buffer = [0u8; 4096];
    // SAFETY: a buffer with its length.
    match unsafe { libc::ttyname_r(fd, buffer.as_mut_ptr().cast(), buffer.len()) } {
        0 => Ok(until_nul(&buffer)),
        errno => Err(errno),
    }
}
pub fn openpty() -> SysResult<(i32, i32)> {
    let (mut leader, mut follower) = (-1, -1);
    let nothing = std::ptr::null_mut();
    call!(libc::openpty(&mut leader, &mut follower, nothing, std::ptr::null_mut(), std::ptr::null_mut()))?;
    Ok((leader, follower))
}
pub fn tcgetpgrp(fd: i32) -> SysResult<i32> {
    call!(libc::tcgetpgrp(fd))
}
pub fn tcsetpgrp(fd: i32, group: i32) -> SysResult<()> {
    call!(libc::tcsetpgrp(fd, group)).map(drop)
}

fn until_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take_while(|&b| b != 0).collect()
}

fn c_text(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: not null; the system's strings are NUL-terminated.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

// Paths.

pub fn mkdirat(dir: i32, path: &CStr, mode: u32) -> SysResult<()> {
    call!(libc::mkdirat(dir, path.as_ptr(), mode)).map(drop)
}
pub fn unlinkat(dir: i32, path: &CStr, flags: i32) -> SysResult<()> {
    call!(libc::unlinkat(dir, path.as_ptr(), flags)).map(drop)
}
pub fn renameat(from_dir: i32, from: &CStr, to_dir: i32, to: &CStr) -> SysResult<()> {
    call!(libc::renameat(from_dir, from.as_ptr(), to_dir, to.as_ptr())).map(drop)
}
pub fn linkat(from_dir: i32, from: &CStr, to_dir: i32, to: &CStr, flags: i32) -> SysResult<()> {
    call!(libc::linkat(from_dir, from.as_ptr(), to_dir, to.as_ptr(), flags)).map(drop)
}
pub fn symlinkat(target: &CStr, dir: i32, path: &CStr) -> SysResult<()> {
    call!(libc::symlinkat(target.as_ptr(), dir, path.as_ptr())).map(drop)
}
pub fn readlinkat(dir: i32, path: &CStr) -> SysResult<Vec<u8>> {
    let mut buffer = vec![0u8; 4096];
    let n = call!(libc::readlinkat(dir, path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()))?;
    buffer.truncate(n as usize);
    Ok(buffer)
}
pub fn fchmodat(dir: i32, path: &CStr, mode: u32, flags: i32) -> SysResult<()> {
    call!(libc::fchmodat(dir, path.as_ptr(), mode, flags)).map(drop)
}
pub fn fchmod(fd: i32, mode: u32) -> SysResult<()> {
    call!(libc::fchmod(fd, mode)).map(drop)
}
pub fn fchownat(dir: i32, path: &CStr, user: u32, group: u32, flags: i32) -> SysResult<()> {
    call!(libc::fchownat(dir, path.as_ptr(), user, group, flags)).map(drop)
}
pub fn fchown(fd: i32, user: u32, group: u32) -> SysResult<()> {
    call!(libc::fchown(fd, user, group)).map(drop)
}
pub fn faccessat(dir: i32, path: &CStr, mode: i32, flags: i32) -> SysResult<()> {
    call!(libc::faccessat(dir, path.as_ptr(), mode, flags)).map(drop)
}
pub fn utimensat(dir: i32, path: &CStr, times: Option<&[libc::timespec; 2]>, flags: i32) -> SysResult<()> {
    let times = times.map_or(std::ptr::null(), |t| t.as_ptr());
    call!(libc::utimensat(dir, path.as_ptr(), times, flags)).map(drop)
}
pub fn futimens(fd: i32, times: Option<&[libc::timespec; 2]>) -> SysResult<()> {
    let times = times.map_or(std::ptr::null(), |t| t.as_ptr());
    call!(libc::futimens(fd, times)).map(drop)
}
pub fn mkfifoat(dir: i32, path: &CStr, mode: u32) -> SysResult<()> {
    call!(libc::mkfifoat(dir, path.as_ptr(), mode)).map(drop)
}
pub fn mknodat(dir: i32, path: &CStr, mode: u32, device: u64) -> SysResult<()> {
    call!(libc::mknodat(dir, path.as_ptr(), mode, device)).map(drop)
}
pub fn getcwd() -> SysResult<Vec<u8>> {
    let mut buffer = vec![0u8; 1024];
    loop {
        // SAFETY: a buffer with its length.
        let result = unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) };
        if !result.is_null() {
            return Ok(until_nul(&buffer));
        }
        match errno() {
            libc::ERANGE if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 2, 0),
            errno => return Err(errno),
        }
    }
}
pub fn chdir(path: &CStr) -> SysResult<()> {
    call!(libc::chdir(path.as_ptr())).map(drop)
}
pub fn fchdir(fd: i32) -> SysResult<()> {
    call!(libc::fchdir(fd)).map(drop)
}
pub fn chroot(path: &CStr) -> SysResult<()> {
    call!(libc::chroot(path.as_ptr())).map(drop)
}
pub fn umask(mask: u32) -> u32 {
    // SAFETY: a plain number.
    unsafe { libc::umask(mask) }
}
/// What extended attributes belong to: a path (followed or not), or a descriptor.
#[derive(Clone, Copy)]
pub enum Attributed<'a> {
    Path(&'a CStr, bool),
    Fd(i32),
}

pub fn getxattr(of: Attributed<'_>, name: &CStr) -> SysResult<Vec<u8>> {
    let mut buffer = vec![0u8; 65536];
    let (name, room, len) = (name.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len());
    let n = match of {
        Attributed::Path(path, true) => call!(libc::getxattr(path.as_ptr(), name, room, len)),
        Attributed::Path(path, false) => call!(libc::lgetxattr(path.as_ptr(), name, room, len)),
        Attributed::Fd(fd) => call!(libc::fgetxattr(fd, name, room, len)),
    }?;
    buffer.truncate(n as usize);
    Ok(buffer)
}
pub fn setxattr(of: Attributed<'_>, name: &CStr, value: &[u8], flags: i32) -> SysResult<()> {
    let (name, bytes, len) = (name.as_ptr(), value.as_ptr().cast(), value.len());
    match of {
        Attributed::Path(path, true) => call!(libc::setxattr(path.as_ptr(), name, bytes, len, flags)),
        Attributed::Path(path, false) => call!(libc::lsetxattr(path.as_ptr(), name, bytes, len, flags)),
        Attributed::Fd(fd) => call!(libc::fsetxattr(fd, name, bytes, len, flags)),
    }
    .map(drop)
}
pub fn removexattr(of: Attributed<'_>, name: &CStr) -> SysResult<()> {
    match of {
        Attributed::Path(path, true) => call!(libc::removexattr(path.as_ptr(), name.as_ptr())),
        Attributed::Path(path, false) => call!(libc::lremovexattr(path.as_ptr(), name.as_ptr())),
        Attributed::Fd(fd) => call!(libc::fremovexattr(fd, name.as_ptr())),
    }
    .map(drop)
}
pub fn listxattr(of: Attributed<'_>) -> SysResult<Vec<u8>> {
    let mut buffer = vec![0u8; 65536];
    let (room, len) = (buffer.as_mut_ptr().cast(), buffer.len());
    let n = match of {
        Attributed::Path(path, true) => call!(libc::listxattr(path.as_ptr(), room, len)),
        Attributed::Path(path, false) => call!(libc::llistxattr(path.as_ptr(), room, len)),
        Attributed::Fd(fd) => call!(libc::flistxattr(fd, room, len)),
    }?;
    buffer.truncate(n as usize);
    Ok(buffer)
}
/// `pathconf` and `fpathconf`, `sysconf`: -1 without an error number means "no limit".
fn configuration(call: impl FnOnce() -> i64) -> SysResult<i64> {
    // SAFETY: the calling thread's error number.
    unsafe { *libc::__errno_location() = 0 };
    match call() {
        -1 if errno() != 0 => Err(errno()),
        value => Ok(value),
    }
}
pub fn sysconf(name: i32) -> SysResult<i64> {
    // SAFETY: a plain number.
    configuration(|| unsafe { libc::sysconf(name) })
}
pub fn pathconf(path: &CStr, name: i32) -> SysResult<i64> {
    // SAFETY: a string and a number.
    configuration(|| unsafe { libc::pathconf(path.as_ptr(), name) })
}
pub fn fpathconf(fd: i32, name: i32) -> SysResult<i64> {
    // SAFETY: plain numbers.
    configuration(|| unsafe { libc::fpathconf(fd, name) })
}
pub fn confstr(name: i32) -> SysResult<Option<Vec<u8>>> {
    let mut buffer = vec![0u8; 4096];
    // SAFETY: a buffer with its length.
    let n = unsafe { libc::confstr(name, buffer.as_mut_ptr().cast(), buffer.len()) };
    if n == 0 { Ok(None) } else { Ok(Some(until_nul(&buffer))) }
}

/// One entry of a directory.
pub struct DirectoryEntry {
    pub name: Vec<u8>,
    pub inode: u64,
    pub kind: u8,
}

/// An open directory.
pub struct Directory(std::ptr::NonNull<libc::DIR>);

// SAFETY: the stream is used through `&mut` only.
unsafe impl Send for Directory {}

impl Directory {
    pub fn open(path: &CStr) -> SysResult<Directory> {
        // SAFETY: a NUL-terminated string.
        let stream = unsafe { libc::opendir(path.as_ptr()) };
        std::ptr::NonNull::new(stream).map(Directory).ok_or_else(errno)
    }
    /// From a descriptor, of which a duplicate is used.
    pub fn from_fd(fd: i32) -> SysResult<Directory> {
        let own = dup(fd)?;
        // SAFETY: a plain number.
        let stream = unsafe { libc::fdopendir(own) };
        match std::ptr::NonNull::new(stream) {
            // SAFETY: an open stream. The position is shared with the given descriptor: begin at the start.
            Some(stream) => {
                // SAFETY: as above.
                unsafe { libc::rewinddir(stream.as_ptr()) };
                Ok(Directory(stream))
            }
            None => {
                let error = errno();
                let _ = close(own);
                Err(error)
            }
        }
    }
    /// The next entry except `.` and `..`.
    pub fn next(&mut self) -> SysResult<Option<DirectoryEntry>> {
        loop {
            // SAFETY: an open stream; the entry is copied before the next call.
            let (name, inode, kind) = unsafe {
                *libc::__errno_location() = 0;
                let entry = libc::readdir64(self.0.as_ptr());
                if entry.is_null() {
                    return match errno() {
                        0 => Ok(None),
                        errno => Err(errno),
                    };
                }
                let name = CStr::from_ptr(std::ptr::addr_of!((*entry).d_name).cast());
                (name.to_bytes().to_vec(), (*entry).d_ino, (*entry).d_type)
            };
            if name != b"." && name != b".." {
                return Ok(Some(DirectoryEntry { name, inode, kind }));
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: an open stream, closed once.
        unsafe { libc::closedir(self.0.as_ptr()) };
    }
}

// Waiting for descriptors.

pub fn poll(fds: &mut [libc::pollfd], milliseconds: i32) -> SysResult<usize> {
    call!(libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, milliseconds)).map(|n| n as usize)
}
pub fn epoll_create(flags: i32) -> SysResult<i32> {
    call!(libc::epoll_create1(flags))
}
pub fn epoll_ctl(epoll: i32, operation: i32, fd: i32, events: u32) -> SysResult<()> {
    let mut event = libc::epoll_event { events, u64: fd as u64 };
    call!(libc::epoll_ctl(epoll, operation, fd, &mut event)).map(drop)
}
pub fn epoll_wait(epoll: i32, room: usize, milliseconds: i32) -> SysResult<Vec<(i32, u32)>> {
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; room];
    let n = call!(libc::epoll_wait(epoll, events.as_mut_ptr(), room as c_int, milliseconds))?;
    Ok(events[..n as usize].iter().map(|e| (e.u64 as i32, e.events)).collect())
}
