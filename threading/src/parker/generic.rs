//! Sleeping with a mutex and a condition variable: what a futex does, in portable parts. Used by
//! the loom models and on systems without a futex.

use crate::const_fn;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::{Condvar, Duration, Mutex};

/// The lock makes "compare and sleep" one step for `wake`.
pub struct Sleep {
    lock: Mutex<()>,
    condition: Condvar,
}

impl Sleep {
    const_fn! {
        pub const fn new() -> Sleep {
            Sleep { lock: Mutex::new(()), condition: Condvar::new() }
        }
    }

    /// Sleeps while `word` is `expected`; may return early.
    pub fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
        let mut guard = self.lock.lock();
        // Relaxed: a waker changes the word before it takes the lock.
        if word.load(Relaxed) == expected {
            match timeout {
                Some(timeout) => {
                    self.condition.wait_for(&mut guard, timeout);
                }
                None => self.condition.wait(&mut guard),
            }
        }
    }

    /// Wakes the thread sleeping on `word`.
    pub fn wake(&self, _word: &AtomicU32) {
        let _guard = self.lock.lock();
        self.condition.notify_all();
    }
}
