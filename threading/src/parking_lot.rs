//! Wait queues keyed by address, so that a lock can be one byte.
//!
//! Follows WebKit's ParkingLot (and PEP 703's use of it): the queues are in a fixed table of
//! buckets, each under its own small lock; a waiter is the sleeping thread's `Parker`. It is our own
//! rather than `parking_lot_core` for three reasons: a forked child must be able to empty it, a
//! waiter must be able to leave early when its poll word changes, and the loom models run this very code.
//!
//! Invariants: a waiter is in at most one queue; whoever removes it from the queue (itself on timeout
//! or interruption, or an unparker) alone decides how it wakes; `validate` and the unpark decision
//! run under the bucket's lock, hence a state change made in one is seen by the other.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::parker::{Parker, Token, Wake};
use crate::sync::{Duration, Instant, Mutex, MutexGuard};
use crate::{const_fn, facade_static, facade_thread_local};

/// After waiting this long a waiter is given the lock instead of a chance to compete for it.
pub const FAIR_AFTER: Duration = Duration::from_millis(1);

#[cfg(not(loom))]
const BUCKETS: usize = 256;
#[cfg(loom)]
const BUCKETS: usize = 1;

struct Waiter {
    key: usize,
    parker: &'static Parker,
    since: Instant,
}

#[repr(align(64))]
struct Bucket(Mutex<VecDeque<Waiter>>);

impl Bucket {
    const_fn! {
        const fn new() -> Bucket {
            Bucket(Mutex::new(VecDeque::new()))
        }
    }
}

struct ParkingLot([Bucket; BUCKETS]);

#[cfg(not(loom))]
const fn new_lot() -> ParkingLot {
    ParkingLot([const { Bucket::new() }; BUCKETS])
}
#[cfg(loom)]
fn new_lot() -> ParkingLot {
    ParkingLot(std::array::from_fn(|_| Bucket::new()))
}

facade_static! {
    /// One table for the process: keys are addresses.
    static LOT: ParkingLot = new_lot()
}

fn bucket(key: usize) -> &'static Mutex<VecDeque<Waiter>> {
    let hash = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    &LOT.0[hash as usize % BUCKETS].0
}

/// How `park` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Parked {
    /// Somebody dequeued this thread.
    Unparked(Token),
    /// `validate` said no; the thread did not wait.
    Invalid,
    /// The deadline passed first.
    TimedOut,
    /// `interrupted` became true first.
    Interrupted,
}

/// What an unparker learns under the bucket's lock before it decides.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Somebody waits for this key.
    pub waiting: bool,
    /// More than one waits.
    pub more: bool,
    /// The first has waited so long that it should get the lock.
    pub be_fair: bool,
}

/// How a thread waits.
pub struct Wait<'a> {
    /// The sleeping thread's mailbox.
    pub parker: &'static Parker,
    /// When it began to wait, earlier rounds included.
    pub since: Instant,
    /// When it gives up.
    pub deadline: Option<Instant>,
    /// Tested before each sleep.
    pub interrupted: &'a dyn Fn() -> bool,
}

/// Sleeps in the queue of `key` unless `validate()`, called under the queue's lock, is false.
pub fn park(key: usize, wait: &Wait<'_>, validate: impl FnOnce() -> bool) -> Parked {
    let bucket = bucket(key);
    {
        let mut queue = bucket.lock();
        if !validate() {
            return Parked::Invalid;
        }
        wait.parker.prepare();
        queue.push_back(Waiter { key, parker: wait.parker, since: wait.since });
    }
    let early = match wait.parker.wait(wait.deadline, wait.interrupted) {
        Wake::Token(token) => return Parked::Unparked(token),
        Wake::TimedOut => Parked::TimedOut,
        Wake::Interrupted => Parked::Interrupted,
    };
    {
        let mut queue = bucket.lock();
        if let Some(index) = queue.iter().position(|waiter| std::ptr::eq(waiter.parker, wait.parker)) {
            queue.remove(index);
            return early;
        }
    }
    // Dequeued just before: the token is there or on its way, and must not be lost.
    match wait.parker.wait(None, || false) {
        Wake::Token(token) => Parked::Unparked(token),
        Wake::TimedOut | Wake::Interrupted => unreachable!("neither deadline nor interruption was asked for"),
    }
}

/// Dequeues the first waiter of `key`. `decide` runs under the queue's lock, whether or not anybody
/// waits; it changes the lock's state and returns the token, or `None` to dequeue nobody.
pub fn unpark_one(key: usize, decide: impl FnOnce(Queue) -> Option<Token>) {
    let mut queue = bucket(key).lock();
    let first = queue.iter().position(|waiter| waiter.key == key);
    let more = first.is_some_and(|index| queue.iter().skip(index + 1).any(|waiter| waiter.key == key));
    let be_fair = first.is_some_and(|index| is_due(queue[index].since));
    let token = decide(Queue { waiting: first.is_some(), more, be_fair });
    if let (Some(index), Some(token)) = (first, token) {
        let waiter = queue.remove(index);
        drop(queue);
        if let Some(waiter) = waiter {
            waiter.parker.unpark(token);
        }
    }
}

/// Dequeues all waiters of `key`; `change` runs under the queue's lock first.
pub fn unpark_all(key: usize, change: impl FnOnce()) {
    let mut woken = Vec::new();
    let mut queue = bucket(key).lock();
    change();
    queue.retain(|waiter| {
        let other = waiter.key != key;
        if !other {
            woken.push(waiter.parker);
        }
        other
    });
    drop(queue);
    for parker in woken {
        parker.unpark(Token::Normal);
    }
}

#[cfg(not(loom))]
fn is_due(since: Instant) -> bool {
    since.elapsed() >= FAIR_AFTER
}

/// A model has no clock: it chooses for the whole run.
#[cfg(loom)]
fn is_due(_since: Instant) -> bool {
    MODEL_IS_FAIR.with(Cell::get)
}

#[cfg(loom)]
std::thread_local! {
    /// Whether waiters of the running model count as having waited long. A model runs in one OS
    /// thread; the choice is no part of it.
    pub static MODEL_IS_FAIR: Cell<bool> = const { Cell::new(false) };
}

/// All queues locked by the forking thread, so that no other thread is halfway through one.
pub(crate) struct AllQueues(Vec<MutexGuard<'static, VecDeque<Waiter>>>);

/// Locks every queue, in table order.
pub(crate) fn lock_all() -> AllQueues {
    AllQueues(LOT.0.iter().map(|bucket| bucket.0.lock()).collect())
}

impl AllQueues {
    /// In the child: the waiters do not exist any more.
    pub(crate) fn forget_waiters(&mut self) {
        for queue in &mut self.0 {
            queue.clear();
        }
    }
}

facade_thread_local! {
    static SPARE: Cell<Option<&'static Parker>> = Cell::new(None)
}

/// The mailbox of a thread that is not registered: made once per thread and never freed, because a
/// late waker may still touch it.
pub(crate) fn spare_parker() -> &'static Parker {
    SPARE.with(|spare| {
        spare.get().unwrap_or_else(|| {
            let parker: &'static Parker = Box::leak(Box::new(Parker::new()));
            spare.set(Some(parker));
            parker
        })
    })
}
