//! Biased reference counting (PEP 703).
//!
//! The owner changes `local` with plain loads and stores; everybody else changes `shared` atomically; the state table and the
//! transitions are in [`protocol`], the objects that wait for their owner in [`queue`]. The number of counted references is always
//! `local + (shared >> 2)` plus what is [`pending`], where an object in a queue counts the queue's reference. `local` reaches zero only together with the merge.
//! A `local` of all ones is immortal: neither field is written again. A shared count beyond 2^27 saturates and is never freed.

use taipan_threading::sync::atomic::{Ordering, fence};

use crate::dealloc;
use crate::header::{Header, HeaderFlags};
use crate::reference::Obj;
use crate::value::Value;

/// What protocols that the models compile over loom's atomics are built on.
pub(crate) mod atomic {
    pub use taipan_threading::sync::atomic::*;
    pub use taipan_threading::sync::between_seq_cst;
}
pub(crate) mod pending;
pub mod protocol;
pub mod queue;

use protocol::{Death, Dropped};

/// Local count of an immortal object.
pub const IMMORTAL: u32 = u32::MAX;

/// Adds a reference to the object of `value`, if it is one.
///
/// # Safety
/// The object is alive.
#[inline(always)]
pub unsafe fn incref(value: Value) {
    if value.is_ptr() {
        // SAFETY: alive, says the caller.
        unsafe { incref_object(value.ptr()) }
    }
}

/// Adds a reference.
///
/// # Safety
/// The object is alive.
#[inline(always)]
pub unsafe fn incref_object(ptr: *mut Header) {
    // SAFETY: alive, says the caller.
    let header = unsafe { &*ptr };
    // Relaxed: our own field, or a constant.
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return;
    }
    if header.owner() == taipan_threading::current_slot() {
        header.local.store(local + 1, Ordering::Relaxed);
    } else {
        // SAFETY: passed on.
        unsafe { pending::add(ptr) }
    }
}

/// [`incref_object`] if nothing but this thread's own field is concerned. False, with nothing done, for another thread's object.
///
/// # Safety
/// The object is alive.
#[inline(always)]
#[must_use]
pub(crate) unsafe fn try_incref_own(ptr: *mut Header) -> bool {
    // SAFETY: alive, says the caller.
    let header = unsafe { &*ptr };
    // Relaxed: our own field, or a constant.
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return true;
    }
    let own = header.owner() == taipan_threading::current_slot();
    if own {
        header.local.store(local + 1, Ordering::Relaxed);
    }
    own
}

/// [`decref`] if nothing but this thread's own field is concerned and another of its references is left. False, with nothing done, otherwise.
///
/// # Safety
/// The caller owned a counted reference, and still does if the result is false.
#[inline(always)]
#[must_use]
pub(crate) unsafe fn try_decref_own(ptr: *mut Header) -> bool {
    // SAFETY: alive until this reference is given up.
    let header = unsafe { &*ptr };
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return true;
    }
    let one_of_more = local > 1 && header.owner() == taipan_threading::current_slot();
    if one_of_more {
        header.local.store(local - 1, Ordering::Relaxed);
    }
    one_of_more
}

/// Whether [`try_decref_own`] will succeed.
///
/// # Safety
/// The caller owns a counted reference.
#[inline(always)]
pub(crate) unsafe fn is_spare(ptr: *mut Header) -> bool {
    // SAFETY: alive, says the caller.
    let header = unsafe { &*ptr };
    let local = header.local.load(Ordering::Relaxed);
    local == IMMORTAL || local > 1 && header.owner() == taipan_threading::current_slot()
}

/// Adds a reference to an object that the calling thread owns and that is not immortal.
///
/// # Safety
/// The object is alive.
#[inline(always)]
pub(crate) unsafe fn incref_own(ptr: *mut Header) {
    // SAFETY: alive, says the caller.
    let local = unsafe { &(*ptr).local };
    // Relaxed: our own field.
    local.store(local.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Gives up one reference.
///
/// # Safety
/// The caller owned a counted reference.
#[inline(always)]
pub unsafe fn decref(ptr: *mut Header) {
    // SAFETY: alive until this reference is given up.
    let header = unsafe { &*ptr };
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return;
    }
    if header.owner() == taipan_threading::current_slot() {
        header.local.store(local - 1, Ordering::Relaxed);
        if local == 1 {
            // SAFETY: the local count reached zero.
            unsafe { local_zero(ptr) };
        }
    } else {
        // SAFETY: passed on.
        unsafe { decref_shared_slow(ptr) };
    }
}

/// [`decref`] of what most likely has no other reference, in one function with the end of the object.
///
/// # Safety
/// As for [`decref`].
#[inline(never)]
pub(crate) unsafe fn release(ptr: *mut Header) {
    // SAFETY: alive until this reference is given up.
    let header = unsafe { &*ptr };
    // Relaxed: our own field, if it is.
    let local = header.local.load(Ordering::Relaxed);
    if local == 1 && header.owner() == taipan_threading::current_slot() {
        header.local.store(0, Ordering::Relaxed);
        // SAFETY: the local count reached zero.
        unsafe { end_local(ptr) }
    } else {
        // SAFETY: passed on.
        unsafe { decref(ptr) }
    }
}

/// The owner gave up its last reference.
#[inline(never)]
unsafe fn local_zero(ptr: *mut Header) {
    // SAFETY: passed on.
    unsafe { end_local(ptr) }
}

/// [`local_zero`], as part of the caller.
#[inline(always)]
unsafe fn end_local(ptr: *mut Header) {
    // SAFETY: the owner still may read the header.
    let header = unsafe { &*ptr };
    let shared = header.shared.load(Ordering::Acquire);
    if shared == protocol::DEFAULT {
        let flags = header.flags();
        if flags & (HeaderFlags::SEEN | HeaderFlags::DEFERRED | HeaderFlags::LIMBO) == 0 {
            if !taipan_threading::multi_threaded() {
                // SAFETY: no reference is left, and there is no other thread.
                return unsafe { dealloc::destroy_local(ptr) };
            }
            // Nobody else ever had a reference that is still counted; `die` excludes the uncounted ones.
            match protocol::die(header.flags_word()) {
                // SAFETY: no reference is left and none can be made.
                Death::Free => return unsafe { dealloc::destroy_local(ptr) },
                Death::Limbo => {
                    let _zero = protocol::merge_zero_local(&header.owner, &header.shared);
                    // Counted up again meanwhile or not: the sweep will see.
                    return crate::limbo::push(ptr);
                }
                Death::Waiting => {}
            }
        }
    }
    if protocol::merge_zero_local(&header.owner, &header.shared) {
        // SAFETY: merged and zero.
        unsafe { zero(ptr) }
    }
}

#[inline(never)]
unsafe fn decref_shared_slow(ptr: *mut Header) {
    if pending::cancel(ptr) {
        return;
    }
    // SAFETY: alive until this reference is given up.
    let header = unsafe { &*ptr };
    // Before the drop: afterwards the owner may have merged.
    let owner = header.owner();
    match protocol::drop_shared(&header.shared) {
        Dropped::Alive => {}
        // SAFETY: merged and zero.
        Dropped::Zero => unsafe { zero(ptr) },
        Dropped::Queue => queue::push(owner, ptr),
    }
}

/// An object is merged and its count is zero.
///
/// # Safety
/// The caller brought the count to zero.
pub(crate) unsafe fn zero(ptr: *mut Header) {
    // SAFETY: passed on; no reference is left and none can be made.
    unsafe {
        if dies(ptr) {
            dealloc::destroy(ptr);
        }
    }
}

/// [`zero`], but for the end itself: true if the caller has to [`dealloc::destroy`] the object, which is `DYING` now.
///
/// # Safety
/// As for [`zero`], and no safepoint has passed since: a collection must not find such an object.
pub(crate) unsafe fn dies(ptr: *mut Header) -> bool {
    // SAFETY: nobody frees it before `die` said so.
    let header = unsafe { &*ptr };
    if header.has_flag(HeaderFlags::DEFERRED) {
        return false;
    }
    match protocol::die(header.flags_word()) {
        Death::Free => return true,
        Death::Limbo => crate::limbo::push(ptr),
        Death::Waiting => {}
    }
    false
}

/// Makes `header`'s object immortal. Call before it is shared, or while the world is stopped.
pub fn immortalize(header: &Header) {
    // Release pairs with the fence of a load from a slot.
    header.local.store(IMMORTAL, Ordering::Release);
}

/// Adds a reference if the object is alive or waits in limbo. For pointers that are not backed by a count but whose block
/// cannot have been freed since this thread's last safepoint. Objects that other threads may try must have been marked
/// by [`set_maybe_weakref`].
///
/// # Safety
/// `ptr` is a block of the object heap, perhaps a free one.
#[inline]
#[must_use]
pub unsafe fn try_incref(ptr: *mut Header) -> bool {
    // SAFETY: block headers stay readable until the world was stopped.
    let header = unsafe { &*ptr };
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return true;
    }
    if header.owner() == taipan_threading::current_slot() {
        header.local.store(local + 1, Ordering::Relaxed);
        return true;
    }
    protocol::try_increment(&header.shared, header.flags_word())
}

/// Lets other threads [`try_incref`] the object.
pub fn set_maybe_weakref(header: &Header) {
    if !header.is_immortal() {
        protocol::set_maybe_weakref(&header.shared);
    }
}

/// Number of counted references; `u32::MAX` for immortal objects (`sys.getrefcount`).
pub fn getrefcount(header: &Header) -> u32 {
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return IMMORTAL;
    }
    pending::flush();
    count(header).clamp(0, i64::from(u32::MAX - 1)) as u32
}

/// Number of written references: exact after [`pending::flush_all`], or when called by the only holder.
#[inline(always)]
pub(crate) fn count(header: &Header) -> i64 {
    i64::from(header.local.load(Ordering::Relaxed)) + i64::from(header.shared.load(Ordering::Acquire) >> 2)
}

/// Whether no other thread can reach the object: its one counted reference belongs to this thread, and no weak one leads to it. The caller holds it in a
/// register, perhaps uncounted (then the count is that of the register it is lent from).
#[inline(always)]
pub fn is_unshared(header: &Header) -> bool {
    header.owner() == taipan_threading::current_slot()
        && protocol::is_unshared(&header.local, &header.shared, header.flags_word())
}

/// Whether the caller may change the object, which it holds in a register, by plain accesses: there is no other thread, or none can reach it.
#[inline(always)]
pub fn is_alone(header: &Header) -> bool {
    !taipan_threading::multi_threaded() || is_unshared(header)
}

/// Between emptying slots that others may read by stores instead of exchanges, and handing out what they held: see `protocol::is_unshared`.
#[inline]
pub fn emptied_by_stores() {
    if taipan_threading::multi_threaded() {
        fence(Ordering::SeqCst);
    }
}

/// Whether `object` is the only reference there is, counted and owned by this thread: then it may be changed in place.
#[inline]
pub fn is_unique(object: &Obj) -> bool {
    let value = object.value();
    if !value.is_counted() {
        return false;
    }
    // SAFETY: a reference keeps its object alive.
    is_unshared(unsafe { &*value.ptr() })
}
