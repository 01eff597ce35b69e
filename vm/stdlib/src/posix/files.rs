//! Functions that take descriptors.

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use crate::file_path::{self, Accept, FilePath, dir_fd};
use crate::os_error::{after_write, blocking, blocking_for, interruptible, os_error};
use crate::sys_calls;

/// Memory to read into, one for each descriptor of the vector calls.
fn writable(obj: &Obj) -> PyResult<buffer::Buffer> {
    match buffer::get_writable(obj)? {
        Some(buffer) => Ok(buffer),
        None => Err(type_error(format!(
            "a read-write bytes-like object is required, not '{}'",
            class_of(obj).name()
        ))),
    }
}

/// What the system reads at most at once.
pub const MAX_TRANSFER: usize = 0x7fff_f000;

fn room(length: isize) -> PyResult<usize> {
    usize::try_from(length).map_err(|_| os_error(libc::EINVAL))
}

#[pymodule(name = "posix_files", doc = "")]
mod items {
    use super::*;

    /// Open a file for low level IO.  Returns a file descriptor (integer).
    #[pyfunction(name = "open", sig = "(path, flags, mode=511, *, dir_fd=None)")]
    fn open_(path: &Obj, flags: i32, mode: Option<i32>, dir_fd: Option<&Obj>) -> PyResult<i32> {
        let path: FilePath = file_path::path("open", "path", Some(path), Accept::Name)?;
        let dir = super::dir_fd(dir_fd)?;
        let mode = mode.unwrap_or(0o777) as u32;
        if taipan_vm::sys::is_audited() {
            let told = int_obj((flags | libc::O_CLOEXEC).into());
            taipan_vm::sys::audit("open", &[path.object.clone(), none(), told])?;
        }
        blocking_for(&path.object, || sys_calls::openat(dir, &path.name, flags | libc::O_CLOEXEC, mode))
    }
    /// Close a file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn close(fd: i32) -> PyResult<()> {
        match taipan_threading::detached(|| sys_calls::close(fd)) {
            Err(errno) if errno != libc::EINTR => Err(os_error(errno)),
            _ => Ok(()),
        }
    }
    /// Closes all file descriptors in [fd_low, fd_high), ignoring errors.
    #[pyfunction(sig = "(fd_low, fd_high, /)")]
    fn closerange(fd_low: i32, fd_high: i32) {
        taipan_threading::detached(|| {
            for fd in fd_low.max(0)..fd_high {
                let _ = sys_calls::close(fd);
            }
        });
    }
    /// Read from a file descriptor.  Returns a bytes object.
    #[pyfunction(sig = "(fd, length, /)")]
    fn read(fd: i32, length: isize) -> PyResult<Obj> {
        let room = room(length)?.min(MAX_TRANSFER);
        let mut out = Vec::new();
        blocking(|| sys_calls::read_append(fd, &mut out, room))?;
        Ok(PyBytes::from_vec(out).into_obj())
    }
    /// Read into a buffer object from a file descriptor.
    #[pyfunction(sig = "(fd, buffer, /)")]
    fn readinto(fd: i32, buffer: &Obj) -> PyResult<usize> {
        let target = writable(buffer)?;
        let mut data = Vec::new();
        let n = blocking(|| sys_calls::read_append(fd, &mut data, target.len))?;
        target.with_mut(|bytes| bytes[..n].copy_from_slice(&data));
        Ok(n)
    }
    /// Write a bytes object to a file descriptor.
    #[pyfunction(sig = "(fd, data, /)")]
    fn write(fd: i32, data: &Obj) -> PyResult<usize> {
        let (written, given) = buffer::with_bytes(data, |bytes| {
            let written = blocking(|| sys_calls::write(fd, &bytes[..bytes.len().min(0x7fff_f000)]));
            (written, bytes.len())
        })?;
        let written = written?;
        after_write(written, given)?;
        Ok(written)
    }
    /// Read a number of bytes from a file descriptor starting at a particular offset.
    #[pyfunction(sig = "(fd, length, offset, /)")]
    fn pread(fd: i32, length: isize, offset: i64) -> PyResult<Obj> {
        let mut out = vec![0; room(length)?.min(MAX_TRANSFER)];
        let n = blocking(|| sys_calls::pread(fd, &mut out, offset))?;
        out.truncate(n);
        Ok(PyBytes::from_vec(out).into_obj())
    }
    /// Write bytes to a file descriptor starting at a particular offset.
    #[pyfunction(sig = "(fd, buffer, offset, /)")]
    fn pwrite(fd: i32, buffer: &Obj, offset: i64) -> PyResult<usize> {
        buffer::with_bytes(buffer, |bytes| blocking(|| sys_calls::pwrite(fd, bytes, offset)))?
    }
    /// Read from a file descriptor fd into an iterable of buffers.
    #[pyfunction(sig = "(fd, buffers, /)")]
    fn readv(fd: i32, buffers: &Obj) -> PyResult<usize> {
        let targets = collect(buffers)?.iter().map(writable).collect::<PyResult<Vec<_>>>()?;
        let total = targets.iter().map(|t| t.len).sum();
        let mut data = Vec::new();
        let n = blocking(|| sys_calls::read_append(fd, &mut data, total))?;
        let mut left = data.as_slice();
        for target in &targets {
            let (part, rest) = left.split_at(left.len().min(target.len));
            target.with_mut(|bytes| bytes[..part.len()].copy_from_slice(part));
            left = rest;
        }
        Ok(n)
    }
    /// Iterate over buffers, and write the contents of each to a file descriptor.
    #[pyfunction(sig = "(fd, buffers, /)")]
    fn writev(fd: i32, buffers: &Obj) -> PyResult<usize> {
        let mut all = Vec::new();
        for part in collect(buffers)? {
            all.extend(buffer::to_vec(&part)?);
        }
        blocking(|| sys_calls::write(fd, &all))
    }
    /// Set the position of a file descriptor.  Return the new position.
    #[pyfunction(sig = "(fd, position, whence, /)")]
    fn lseek(fd: i32, position: i64, whence: i32) -> PyResult<i64> {
        blocking(|| sys_calls::lseek(fd, position, whence))
    }
    /// Truncate a file, specified by file descriptor, to a specific length.
    #[pyfunction(sig = "(fd, length, /)")]
    fn ftruncate(fd: &Obj, length: i64) -> PyResult<()> {
        let fd = file_path::descriptor(fd)?;
        blocking(|| sys_calls::ftruncate(fd, length))
    }
    /// Truncate a file, specified by path, to a specific length.
    #[pyfunction(sig = "(path, length)")]
    fn truncate(path: &Obj, length: i64) -> PyResult<()> {
        let path = file_path::path("truncate", "path", Some(path), Accept::NameOrFd)?;
        match path.fd {
            Some(fd) => blocking(|| sys_calls::ftruncate(fd, length)),
            None => blocking_for(&path.object, || sys_calls::truncate(&path.name, length)),
        }
    }
    /// Force write of fd to disk.
    #[pyfunction(sig = "(fd)")]
    fn fsync(fd: &Obj) -> PyResult<()> {
        let fd = file_path::fileno_of(fd)?;
        blocking(|| sys_calls::fsync(fd))
    }
    /// Force write of fd to disk without forcing update of metadata.
    #[pyfunction(sig = "(fd)")]
    fn fdatasync(fd: &Obj) -> PyResult<()> {
        let fd = file_path::fileno_of(fd)?;
        blocking(|| sys_calls::fdatasync(fd))
    }
    /// Force write of everything to disk.
    #[pyfunction]
    fn sync() {
        taipan_threading::detached(sys_calls::sync);
    }
    /// Return True if the fd is connected to a terminal.
    #[pyfunction(sig = "(fd, /)")]
    fn isatty(fd: i32) -> bool {
        sys_calls::isatty(fd)
    }
    /// Return a duplicate of a file descriptor.
    #[pyfunction(sig = "(fd, /)")]
    fn dup(fd: i32) -> PyResult<i32> {
        sys_calls::dup(fd).map_err(os_error)
    }
    /// Duplicate file descriptor.
    #[pyfunction(sig = "(fd, fd2, inheritable=True)")]
    fn dup2(fd: i32, fd2: i32, inheritable: Option<bool>) -> PyResult<i32> {
        if fd < 0 || fd2 < 0 {
            return Err(os_error(libc::EBADF));
        }
        let flags = if inheritable.unwrap_or(true) { 0 } else { libc::O_CLOEXEC };
        blocking(|| sys_calls::dup3(fd, fd2, flags))
    }
    /// Create a pipe.
    #[pyfunction]
    fn pipe() -> PyResult<(i32, i32)> {
        sys_calls::pipe2(libc::O_CLOEXEC).map_err(os_error)
    }
    /// Create a pipe with flags set atomically.
    #[pyfunction(sig = "(flags, /)")]
    fn pipe2(flags: i32) -> PyResult<(i32, i32)> {
        sys_calls::pipe2(flags).map_err(os_error)
    }
    /// Get the close-on-exe flag of the specified file descriptor.
    #[pyfunction(sig = "(fd, /)")]
    fn get_inheritable(fd: i32) -> PyResult<bool> {
        let flags = sys_calls::fcntl(fd, libc::F_GETFD, 0).map_err(os_error)?;
        Ok(flags & libc::FD_CLOEXEC == 0)
    }
    /// Set the inheritable flag of the specified file descriptor.
    #[pyfunction(sig = "(fd, inheritable, /)")]
    fn set_inheritable(fd: i32, inheritable: i32) -> PyResult<()> {
        let flags = sys_calls::fcntl(fd, libc::F_GETFD, 0).map_err(os_error)?;
        let flags = if inheritable != 0 { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
        sys_calls::fcntl(fd, libc::F_SETFD, flags.into()).map(drop).map_err(os_error)
    }
    /// Get the blocking mode of the file descriptor.
    #[pyfunction(sig = "(fd, /)")]
    fn get_blocking(fd: i32) -> PyResult<bool> {
        let flags = sys_calls::fcntl(fd, libc::F_GETFL, 0).map_err(os_error)?;
        Ok(flags & libc::O_NONBLOCK == 0)
    }
    /// Set the blocking mode of the specified file descriptor.
    #[pyfunction(sig = "(fd, blocking, /)")]
    fn set_blocking(fd: i32, blocking: bool) -> PyResult<()> {
        let flags = sys_calls::fcntl(fd, libc::F_GETFL, 0).map_err(os_error)?;
        let flags = if blocking { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
        sys_calls::fcntl(fd, libc::F_SETFL, flags.into()).map(drop).map_err(os_error)
    }
    /// Apply, test or remove a POSIX lock on an open file descriptor.
    #[pyfunction(sig = "(fd, command, length, /)")]
    fn lockf(fd: i32, command: i32, length: i64) -> PyResult<()> {
        blocking(|| sys_calls::lockf(fd, command, length))
    }
    /// Ensure a file has allocated at least a particular number of bytes on disk.
    #[pyfunction(sig = "(fd, offset, length, /)")]
    fn posix_fallocate(fd: i32, offset: i64, length: i64) -> PyResult<()> {
        blocking(|| sys_calls::posix_fallocate(fd, offset, length))
    }
    /// Announce an intention to access data in a specific pattern.
    #[pyfunction(sig = "(fd, offset, length, advice, /)")]
    fn posix_fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> PyResult<()> {
        blocking(|| sys_calls::posix_fadvise(fd, offset, length, advice))
    }
    /// Copy count bytes from file descriptor in_fd to file descriptor out_fd.
    #[pyfunction(sig = "(out_fd, in_fd, offset, count)")]
    fn sendfile(out_fd: i32, in_fd: i32, offset: &Obj, count: usize) -> PyResult<usize> {
        let offset = if is_none(offset) { None } else { Some(i64::from_arg(offset)?) };
        blocking(|| sys_calls::sendfile(out_fd, in_fd, offset, count))
    }
    /// Copy count bytes from one file descriptor to another.
    #[pyfunction(sig = "(src, dst, count, offset_src=None, offset_dst=None)")]
    fn copy_file_range(
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<i64>,
        offset_dst: Option<i64>,
    ) -> PyResult<usize> {
        let Ok(count) = usize::try_from(count) else {
            return Err(value_error("negative value for 'count' not allowed"));
        };
        blocking(|| sys_calls::copy_file_range(src, dst, count, offset_src, offset_dst))
    }
    /// Creates and returns an event notification file descriptor.
    #[pyfunction(sig = "(initval, flags=EFD_CLOEXEC)")]
    fn eventfd(initval: u32, flags: Option<i32>) -> PyResult<i32> {
        sys_calls::eventfd(initval, flags.unwrap_or(libc::EFD_CLOEXEC)).map_err(os_error)
    }
    /// Read eventfd value
    #[pyfunction(sig = "(fd)")]
    fn eventfd_read(fd: i32) -> PyResult<u64> {
        let mut value = [0u8; 8];
        blocking(|| sys_calls::read(fd, &mut value))?;
        Ok(u64::from_ne_bytes(value))
    }
    /// Write eventfd value.
    #[pyfunction(sig = "(fd, value)")]
    fn eventfd_write(fd: i32, value: u64) -> PyResult<()> {
        blocking(|| sys_calls::write(fd, &value.to_ne_bytes())).map(drop)
    }
    #[pyfunction(sig = "(name, flags=MFD_CLOEXEC)")]
    fn memfd_create(name: &Obj, flags: Option<u32>) -> PyResult<i32> {
        let name = file_path::c_name(name)?;
        interruptible(|| sys_calls::memfd_create(&name, flags.unwrap_or(libc::MFD_CLOEXEC)))?
            .map_err(os_error)
    }
}
