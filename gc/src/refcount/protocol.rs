//! The state changes of the shared count and of the death flags, as functions of the bare atomic fields: the same code runs
//! in the heap and, over loom's atomics, in the models of `stress-tests`.
//!
//! `shared` is a signed count times four plus a state:
//!
//! | state | meaning | who enters it |
//! | --- | --- | --- |
//! | `DEFAULT` | owned; never queued | birth |
//! | `MAYBE_WEAKREF` | owned; `try_increment` may succeed | registration of a weak reference |
//! | `QUEUED` | owned; in the owner's merge queue, which holds one counted reference | the foreign drop that would have made the count negative, or [`request_merge`] |
//! | `MERGED` | no owner; the local count is folded in | the owner, or who keeps the owner detached, or who holds the lock of a vacant slot's queue, or a stopped world |
//!
//! States only grow. `owner` becomes 0 before `shared` becomes `MERGED`, so whoever wants to queue and reads owner 0 merges by itself.
//!
//! Death, once both counts are zero, is one compare-exchange of `flags` ([`die`]):
//!
//! | before | after | then |
//! | --- | --- | --- |
//! | neither `SEEN` nor `LIMBO` | `DYING` | nobody else has a reference or can still accept one: free at once |
//! | `SEEN` | `LIMBO` | registers of others may hold it: wait in limbo until the world was stopped |
//! | `LIMBO` | same | it waits already |
//!
//! A foreign load ([`load_foreign`]) accepts a pointer only if it read `SEEN` without `DYING` *before* it read the slot
//! again: that incarnation of the block will go through limbo, so its memory cannot become another object before
//! this thread's next safepoint, and the second read of the slot proves that it is the object that the slot held. A bit that a stale
//! reader sets on a block that is dying or free is never believed (`DYING` stays set until the block is initialized again).
//!
//! An owner that holds the one counted reference in a register may find that nobody else can reach the object ([`is_unshared`]) and then change it by plain
//! accesses. The reference may have been in a slot before: the owner empties the slot (or the storage that the slot is in is replaced), then looks at `SEEN`; a
//! reader sets `SEEN`, or finds it set, then looks at the slot (and the storage) again. One of the two must see what the other did, so all these accesses are
//! `SeqCst`; slots that are emptied by stores are followed by such a fence (`emptied_by_stores`).

use super::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, between_seq_cst};

/// The state bits of `shared`.
pub const STATE: i32 = 3;
pub const DEFAULT: i32 = 0;
pub const MAYBE_WEAKREF: i32 = 1;
pub const QUEUED: i32 = 2;
pub const MERGED: i32 = 3;
/// One reference in `shared`.
pub const ONE: i32 = 4;
/// From here on a count is never trusted again: it is put back to twice this when it changes (an immortal in effect).
pub const SATURATED: i32 = 1 << 29;

/// Flag bits this protocol uses; the same as `HeaderFlags`.
pub const SEEN: u8 = 1;
pub const DEFERRED: u8 = 2;
pub const WEAKREFS: u8 = 4;
pub const LIMBO: u8 = 16;
pub const DYING: u8 = 32;

/// What a foreign drop leads to.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Dropped {
    /// Other references are left.
    Alive,
    /// The reference was not given up but now belongs to the owner's queue: push it.
    Queue,
    /// Merged and zero.
    Zero,
}

/// What the end of the last reference leads to.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Death {
    /// Free at once.
    Free,
    /// Put into limbo.
    Limbo,
    /// In limbo already, or being freed.
    Waiting,
}

/// A thread that is not the owner adds a reference to a live object (or to one that its register holds uncounted).
#[inline]
pub fn add_shared(shared: &AtomicI32) {
    // Relaxed: the caller's reference, or the stop that limbo waits for, orders the object's death after this.
    let old = shared.fetch_add(ONE, Ordering::Relaxed);
    if old >= SATURATED {
        shared.store((SATURATED + (SATURATED >> 1)) | old & STATE, Ordering::Relaxed);
    }
}

/// [`add_shared`] for `number` references at once, which may have been added long ago (`refcount::pending`).
pub fn add_many_shared(shared: &AtomicI32, number: i32) {
    // Relaxed: as above; the object waits for a stop.
    let old = shared.fetch_add(number.saturating_mul(ONE).min(SATURATED), Ordering::Relaxed);
    if old >= SATURATED {
        shared.store((SATURATED + (SATURATED >> 1)) | old & STATE, Ordering::Relaxed);
    }
}

/// A thread that is not the owner gives up a reference.
#[inline]
pub fn drop_shared(shared: &AtomicI32) -> Dropped {
    let mut old = shared.load(Ordering::Relaxed);
    loop {
        if old >= SATURATED {
            return Dropped::Alive;
        }
        let queue = old == DEFAULT || old == MAYBE_WEAKREF;
        let new = if queue { QUEUED } else { old - ONE };
        // Release: our use of the object comes before its end; Acquire: if we are the end, the others' use came before.
        match shared.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) if queue => return Dropped::Queue,
            Ok(_) if new == MERGED => return Dropped::Zero,
            Ok(_) => return Dropped::Alive,
            Err(now) => old = now,
        }
    }
}

/// A thread that is not the owner, and holds a reference, wants the local count folded in although nobody gives up a reference. True if the state allows it:
/// then a reference was added, which belongs to the owner's queue. Push it.
pub fn request_merge(shared: &AtomicI32) -> bool {
    let mut old = shared.load(Ordering::Relaxed);
    while old & STATE < QUEUED && old < SATURATED {
        // As in `drop_shared`, with the queue's reference on top of those that are counted.
        match shared.compare_exchange_weak(
            old,
            (old & !STATE) + ONE + QUEUED,
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            Ok(_) => return true,
            Err(now) => old = now,
        }
    }
    false
}

/// The owner's local count reached zero: gives up ownership. True if no written reference is left: the count is zero, or below because of pending increments.
pub fn merge_zero_local(owner: &AtomicU16, shared: &AtomicI32) -> bool {
    // Before the state: see the module.
    owner.store(0, Ordering::Relaxed);
    let mut old = shared.load(Ordering::Relaxed);
    loop {
        let new = old & !STATE | MERGED;
        match shared.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return new <= MERGED,
            Err(now) => old = now,
        }
    }
}

/// Folds the local count into the shared one, plus `extra`; true if no written reference is left (as above). The caller is the owner, or keeps
/// it detached (`while_detached`), or holds the queue lock of the owner's vacant slot, or has stopped the world, or knows that the object is merged (then `local` is 0).
pub fn merge(local: &AtomicU32, owner: &AtomicU16, shared: &AtomicI32, extra: i64) -> bool {
    owner.store(0, Ordering::Relaxed);
    let mine = i64::from(local.load(Ordering::Relaxed));
    local.store(0, Ordering::Relaxed);
    let mut old = shared.load(Ordering::Relaxed);
    loop {
        let count = (i64::from(old >> 2) + mine + extra).min(i64::from((SATURATED + (SATURATED >> 1)) >> 2));
        let new = (count as i32) << 2 | MERGED;
        match shared.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return new <= MERGED,
            Err(now) => old = now,
        }
    }
}

/// Merges and adds one reference. The world is stopped, and the count far from [`SATURATED`]: it equals the references from other objects.
pub fn hold_while_stopped(local: &AtomicU32, owner: &AtomicU16, shared: &AtomicI32) {
    let count = (shared.load(Ordering::Relaxed) >> 2) + local.load(Ordering::Relaxed) as i32 + 1;
    owner.store(0, Ordering::Relaxed);
    local.store(0, Ordering::Relaxed);
    // Release: as in `merge`; the end of the stop orders it before everything that others do.
    shared.store(count << 2 | MERGED, Ordering::Release);
}

/// A thread that is not the owner adds a reference if there is one already, or if the object waits in limbo. Never succeeds on a
/// free block. In state `DEFAULT` with count zero the outcome is false although the owner may hold references.
pub fn try_increment(shared: &AtomicI32, flags: &AtomicU8) -> bool {
    let mut old = shared.load(Ordering::Relaxed);
    loop {
        if old == DEFAULT {
            return false;
        }
        // A zero that waits in limbo, or is deferred, is ended only by a stopped world, and this thread is running.
        if old == MERGED {
            let bits = flags.load(Ordering::Acquire);
            if bits & DYING != 0 || bits & (LIMBO | DEFERRED) == 0 {
                return false;
            }
        }
        if old >= SATURATED {
            return true;
        }
        match shared.compare_exchange_weak(old, old + ONE, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => old = now,
        }
    }
}

/// Makes `try_increment` by other threads possible. The caller holds a reference.
pub fn set_maybe_weakref(shared: &AtomicI32) {
    let mut old = shared.load(Ordering::Relaxed);
    while old & STATE == DEFAULT {
        match shared.compare_exchange_weak(old, old | MAYBE_WEAKREF, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => old = now,
        }
    }
}

/// Decides how an object whose counts are zero ends.
pub fn die(flags: &AtomicU8) -> Death {
    let mut old = flags.load(Ordering::Relaxed);
    loop {
        if old & (LIMBO | DYING) != 0 {
            return Death::Waiting;
        }
        let seen = old & SEEN != 0;
        let new = old | if seen { LIMBO } else { DYING };
        // Release: the emptying of the last slot comes before; a reader that reads DYING from this finds the slot emptied.
        match flags.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return if seen { Death::Limbo } else { Death::Free },
            Err(now) => old = now,
        }
    }
}

/// What a look at an object that another thread owns leads to.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Look {
    /// The word may be kept, uncounted, until the next safepoint.
    Accept,
    /// Read the slot again.
    Retry,
}

/// One turn of a foreign load: `word` was read (Acquire) from `slot`, and `flags` belong to the block it points to.
#[inline]
pub fn load_foreign(slot: &AtomicU64, word: u64, flags: &AtomicU8) -> Look {
    // Acquires: reads from the block's initialization (Release) or a later change, so the slot's emptying for an earlier
    // incarnation of the block is visible to the second read. SeqCst: see `is_unshared`.
    let bits = flags.load(Ordering::SeqCst);
    if bits & DYING == 0 && bits & (SEEN | DEFERRED) != 0 {
        between_seq_cst();
        return if slot.load(Ordering::SeqCst) == word { Look::Accept } else { Look::Retry };
    }
    if bits & DYING == 0 {
        // Once in the object's life. AcqRel: see `die`.
        flags.fetch_or(SEEN, Ordering::SeqCst);
    }
    Look::Retry
}

/// Whether no other thread can reach an object that the caller owns and holds in a register: its one counted reference is that of the register, or of the one
/// that it is lent from, no weak one leads to it, and nobody has seen it. See the module.
#[inline(always)]
pub fn is_unshared(local: &AtomicU32, shared: &AtomicI32, flags: &AtomicU8) -> bool {
    // Relaxed: the caller's own. Acquire: who held a reference had done with the object.
    local.load(Ordering::Relaxed) == 1
        && shared.load(Ordering::Acquire) == DEFAULT
        && flags.load(Ordering::SeqCst) & (SEEN | DEFERRED | WEAKREFS) == 0
}
