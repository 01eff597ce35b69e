//! Memory mapped from files.
//!
//! Invariant: a [`Mapping`]'s memory is mapped from its making to its dropping, `len` bytes; positions are checked here. Other processes may
//! change the bytes at any time, so they are copied in and out and never seen as a Rust slice that somebody writes to.

use std::ptr::NonNull;

use super::{SysResult, errno};

/// Mapped memory.
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
    protection: i32,
}

// SAFETY: memory that belongs to no thread; its users exclude each other.
unsafe impl Send for Mapping {}

impl Mapping {
    pub fn new(len: usize, protection: i32, flags: i32, fd: i32, offset: i64) -> SysResult<Mapping> {
        // SAFETY: the system chooses the place (callers do not pass `MAP_FIXED`).
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), len, protection, flags & !libc::MAP_FIXED, fd, offset)
        };
        if start == libc::MAP_FAILED {
            return Err(errno());
        }
        NonNull::new(start.cast()).map(|start| Mapping { start, len, protection }).ok_or(libc::EINVAL)
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }
    /// Whether the bytes can be read without a fault.
    pub fn is_readable(&self) -> bool {
        self.protection & (libc::PROT_READ | libc::PROT_WRITE) != 0
    }
    /// Whether they can be written.
    pub fn is_writable(&self) -> bool {
        self.protection & libc::PROT_WRITE != 0
    }
    /// Runs `f` on the bytes; on none if they cannot be read.
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        if !self.is_readable() {
            return f(&[]);
        }
        // SAFETY: mapped and readable.
        f(unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) })
    }
    /// Copies bytes to a position; `false`: they do not fit, or the memory is not writable.
    pub fn write(&self, at: usize, bytes: &[u8]) -> bool {
        if !self.is_writable() || at > self.len || bytes.len() > self.len - at {
            return false;
        }
        // SAFETY: checked; `copy` allows that `bytes` come from this memory.
        unsafe { std::ptr::copy(bytes.as_ptr(), self.start.as_ptr().add(at), bytes.len()) };
        true
    }
    /// Moves bytes inside of the memory; `false` as for [`Mapping::write`].
    pub fn move_within(&self, to: usize, from: usize, count: usize) -> bool {
        let inside = |at: usize| at <= self.len && count <= self.len - at;
        if !self.is_writable() || !inside(to) || !inside(from) {
            return false;
        }
        // SAFETY: checked.
        unsafe { std::ptr::copy(self.start.as_ptr().add(from), self.start.as_ptr().add(to), count) };
        true
    }
    /// Changes the length; the memory may move.
    pub fn resize(&mut self, len: usize) -> SysResult<()> {
        // SAFETY: our mapping; nobody has its address (callers see to it).
        let start = unsafe { libc::mremap(self.start.as_ptr().cast(), self.len, len, libc::MREMAP_MAYMOVE) };
        if start == libc::MAP_FAILED {
            return Err(errno());
        }
        self.start = NonNull::new(start.cast()).ok_or(libc::EINVAL)?;
        self.len = len;
        Ok(())
    }
    /// Writes changes back; the range lies inside of the memory.
    pub fn flush(&self, start: usize, len: usize) -> SysResult<()> {
        let address = self.start.as_ptr().wrapping_add(start.min(self.len));
        call!(libc::msync(address.cast(), len.min(self.len), libc::MS_SYNC)).map(drop)
    }
    pub fn advise(&self, start: usize, len: usize, advice: i32) -> SysResult<()> {
        let start = start.min(self.len);
        let address = self.start.as_ptr().wrapping_add(start);
        call!(libc::madvise(address.cast(), len.min(self.len - start), advice)).map(drop)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: our mapping, unmapped once.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
