//! Semaphores and memory that processes share.

use std::ffi::CStr;

use super::{SysResult, errno};

/// An open named semaphore; closed when dropped.
pub struct Semaphore(std::ptr::NonNull<libc::sem_t>);

// SAFETY: the system's semaphores are made for threads and processes to share.
unsafe impl Send for Semaphore {}
// SAFETY: as above.
unsafe impl Sync for Semaphore {}

impl Semaphore {
    fn opened(semaphore: *mut libc::sem_t) -> SysResult<Semaphore> {
        if semaphore == libc::SEM_FAILED {
            return Err(errno());
        }
        std::ptr::NonNull::new(semaphore).map(Semaphore).ok_or(libc::EINVAL)
    }
    /// Makes a semaphore that must not exist yet.
    pub fn create(name: &CStr, value: u32) -> SysResult<Semaphore> {
        // SAFETY: a string and numbers.
        Semaphore::opened(unsafe {
            libc::sem_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL, 0o600 as libc::mode_t, value)
        })
    }
    /// Opens one that exists.
    pub fn open(name: &CStr) -> SysResult<Semaphore> {
        // SAFETY: a string and a number.
        Semaphore::opened(unsafe { libc::sem_open(name.as_ptr(), 0) })
    }
    /// Its address, which is the same in a forked process.
    pub fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }
    pub fn try_wait(&self) -> SysResult<()> {
        call!(libc::sem_trywait(self.0.as_ptr())).map(drop)
    }
    pub fn wait(&self) -> SysResult<()> {
        call!(libc::sem_wait(self.0.as_ptr())).map(drop)
    }
    /// Waits until a time of `CLOCK_REALTIME`.
    pub fn wait_until(&self, deadline: &libc::timespec) -> SysResult<()> {
        call!(libc::sem_timedwait(self.0.as_ptr(), deadline)).map(drop)
    }
    pub fn post(&self) -> SysResult<()> {
        call!(libc::sem_post(self.0.as_ptr())).map(drop)
    }
    pub fn value(&self) -> SysResult<i32> {
        let mut value = 0;
        call!(libc::sem_getvalue(self.0.as_ptr(), &mut value))?;
        Ok(value)
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        // SAFETY: an open semaphore, closed once.
        unsafe { libc::sem_close(self.0.as_ptr()) };
    }
}

pub fn sem_unlink(name: &CStr) -> SysResult<()> {
    call!(libc::sem_unlink(name.as_ptr())).map(drop)
}
pub fn shm_open(name: &CStr, flags: i32, mode: u32) -> SysResult<i32> {
    call!(libc::shm_open(name.as_ptr(), flags, mode as libc::mode_t))
}
pub fn shm_unlink(name: &CStr) -> SysResult<()> {
    call!(libc::shm_unlink(name.as_ptr())).map(drop)
}
