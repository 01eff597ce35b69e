//! Sleeping on the word itself with futex(2).

use crate::sync::Duration;
use crate::sync::atomic::AtomicU32;

/// Nothing to keep: the kernel finds waiters by address.
pub struct Sleep;

impl Sleep {
    pub const fn new() -> Sleep {
        Sleep
    }

    /// Sleeps while `word` is `expected`; may return early for any reason (a signal included).
    pub fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
        let spec = timeout.map(|left| libc::timespec {
            tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: left.subsec_nanos() as _,
        });
        let spec = spec.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the word and the time outlive the call; the kernel only reads them.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                spec,
            );
        }
    }

    /// Wakes the thread sleeping on `word`.
    pub fn wake(&self, word: &AtomicU32) {
        // SAFETY: FUTEX_WAKE does not access the memory.
        unsafe {
            libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1);
        }
    }
}
