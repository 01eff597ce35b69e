//! A one-shot event: set once, waited for by any number of threads. Used to join threads.
//!
//! | value | meaning                          |
//! | ----- | -------------------------------- |
//! | 0     | not set, nobody sleeps           |
//! | 1     | not set, somebody sleeps or is about to |
//! | 2     | set; never changes again         |

use crate::const_fn;
use crate::object_lock::Acquisition;
use crate::parking_lot::{self, Parked, Wait};
use crate::sync::atomic::AtomicU8;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::sync::{Duration, Instant};
use crate::thread_state::{self, ThreadState};

const WAITED_FOR: u8 = 1;
const SET: u8 = 2;

/// See the module.
#[derive(Debug)]
pub struct Event(AtomicU8);

impl Event {
    const_fn! {
        /// An event that is not set.
        pub const fn new() -> Event {
            Event(AtomicU8::new(0))
        }
    }

    /// Whether the event is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.load(Acquire) == SET // Pairs with `set`.
    }

    /// Sets the event and wakes everybody.
    pub fn set(&self) {
        // Release pairs with the Acquire of those who see it set.
        if self.0.swap(SET, AcqRel) == WAITED_FOR {
            parking_lot::unpark_all(self.key(), || {});
        }
    }

    /// Waits, detached, until the event is set.
    pub fn wait(&self, timeout: Option<Duration>, interruptible: bool) -> Acquisition {
        let me = thread_state::current();
        let since = Instant::now();
        let deadline = timeout.and_then(|timeout| since.checked_add(timeout));
        loop {
            // Acquire pairs with `set`, on either outcome.
            match self.0.compare_exchange(0, WAITED_FOR, Acquire, Acquire) {
                Err(SET) => return Acquisition::Acquired,
                _ if timeout.is_some_and(|timeout| timeout.is_zero()) => return Acquisition::TimedOut,
                _ => {}
            }
            let interrupted = || interruptible && me.is_some_and(ThreadState::is_interrupted);
            let wait = Wait {
                parker: me.map_or_else(parking_lot::spare_parker, ThreadState::parker),
                since,
                deadline,
                interrupted: &interrupted,
            };
            // Relaxed: SET is stored before the setter takes the queue's lock.
            let park = || parking_lot::park(self.key(), &wait, || self.0.load(Relaxed) != SET);
            match thread_state::detached(park) {
                Parked::Unparked(_) | Parked::Invalid => {}
                Parked::TimedOut => return Acquisition::TimedOut,
                Parked::Interrupted => return Acquisition::Interrupted,
            }
        }
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Default for Event {
    fn default() -> Self {
        Event::new()
    }
}
