//! OS sleep and wake for one thread: a one-word mailbox.
//!
//! A thread sleeps on its own `Parker` until somebody leaves a *token* (it was taken off a wait
//! queue) or *pokes* it (look at your poll word). The word:
//!
//! | bit      | set by            | cleared by          | meaning                                   |
//! | -------- | ----------------- | ------------------- | ----------------------------------------- |
//! | TOKEN    | `unpark`          | owner (`prepare`)   | the waiter was dequeued                   |
//! | HANDOFF  | `unpark`          | owner (`prepare`)   | with TOKEN: the lock is already yours     |
//! | POKED    | `poke`            | owner               | the poll word changed: look again         |
//! | SLEEPING | owner             | owner (`prepare`)   | owner is, or is about to be, in the OS wait |
//!
//! Invariant: the owner goes to sleep only while the word is exactly SLEEPING, compared by the OS
//! wait itself, so neither a token nor a poke can fall between the last look and the sleep.
//! `poke` is an atomic operation and at most one system call: it may run in a signal handler.
//! A parker is never freed, so a late wake-up is merely spurious.

use crate::const_fn;
use crate::sync::Instant;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

#[cfg(any(loom, not(target_os = "linux")))]
#[path = "parker/generic.rs"]
mod os;
#[cfg(all(not(loom), target_os = "linux"))]
#[path = "parker/linux.rs"]
mod os;

const TOKEN: u32 = 1;
const HANDOFF: u32 = 2;
const POKED: u32 = 4;
const SLEEPING: u32 = 8;

/// What a waiter is told by the thread that dequeues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Try again.
    Normal,
    /// The lock stays locked and is now yours.
    Handoff,
}

/// Why `Parker::wait` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Wake {
    /// Dequeued with this token.
    Token(Token),
    /// The deadline passed.
    TimedOut,
    /// The `interrupted` test was true.
    Interrupted,
}

/// One thread's mailbox; see the module's table.
pub struct Parker {
    word: AtomicU32,
    os: os::Sleep,
}

impl Parker {
    const_fn! {
        /// An empty mailbox.
        pub const fn new() -> Parker {
            Parker { word: AtomicU32::new(0), os: os::Sleep::new() }
        }
    }

    /// Empties the mailbox before the owner is enqueued. A swap, not a store: reading a POKED that
    /// it erases (Acquire, pairs with `poke`) makes the poll bit behind the poke visible to the
    /// `interrupted` test that follows.
    pub fn prepare(&self) {
        self.word.swap(0, AcqRel);
    }

    /// Sleeps until a token, the deadline, or `interrupted()`, which is tested before each sleep.
    pub fn wait(&self, deadline: Option<Instant>, interrupted: impl Fn() -> bool) -> Wake {
        loop {
            // Acquire pairs with the release in `unpark` and `poke`.
            let word = self.word.load(Acquire);
            if word & TOKEN != 0 {
                let handoff = word & HANDOFF != 0;
                return Wake::Token(if handoff { Token::Handoff } else { Token::Normal });
            }
            if word & POKED != 0 {
                // Acquire: see the poll bits of a poke that came after the load.
                self.word.fetch_and(!POKED, AcqRel);
            }
            if interrupted() {
                return Wake::Interrupted;
            }
            let remaining = match deadline {
                None => None,
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => Some(left),
                    _ => return Wake::TimedOut,
                },
            };
            if word & SLEEPING == 0 {
                // Relaxed: SLEEPING only tells wakers to make the system call; the OS wait compares
                // the whole word again.
                self.word.fetch_or(SLEEPING, Relaxed);
            }
            self.os.wait(&self.word, SLEEPING, remaining);
        }
    }

    /// Leaves a token and wakes the owner. Called once per dequeued waiter.
    pub fn unpark(&self, token: Token) {
        let bits = if token == Token::Handoff { TOKEN | HANDOFF } else { TOKEN };
        // Release pairs with the load in `wait`.
        if self.word.fetch_or(bits, AcqRel) & SLEEPING != 0 {
            self.os.wake(&self.word);
        }
    }

    /// Whether the last token handed over a lock. Only in a forked child, for a thread that does not exist.
    pub(crate) fn was_handed_a_lock(&self) -> bool {
        self.word.load(Acquire) & HANDOFF != 0 // Nobody is left to pair with.
    }

    /// Makes a sleeping owner test `interrupted` again. Async-signal-safe on Linux.
    pub fn poke(&self) {
        // Release pairs with the Acquire side of `prepare` and `wait`: the caller's poll bit is seen.
        if self.word.fetch_or(POKED, AcqRel) & SLEEPING != 0 {
            self.os.wake(&self.word);
        }
    }
}

impl Default for Parker {
    fn default() -> Self {
        Parker::new()
    }
}
