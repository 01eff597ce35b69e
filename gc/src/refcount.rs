//! Biased reference counting (PEP 703). (First form: see the functions' contracts.)

use taipan_threading::sync::atomic::Ordering;

use crate::header::{Header, HeaderFlags};
use crate::value::Value;

/// Local count of an immortal object.
pub const IMMORTAL: u32 = u32::MAX;

/// Adds a reference to the object of `value`, if it is one.
///
/// # Safety
/// The object is alive.
#[inline(always)]
pub unsafe fn incref(value: Value) {
    if !value.is_ptr() {
        return;
    }
    // SAFETY: alive, says the caller.
    let header = unsafe { &*value.ptr() };
    let local = header.local.load(Ordering::Relaxed);
    if local == IMMORTAL {
        return;
    }
    if header.owner() == taipan_threading::current_slot() {
        header.local.store(local + 1, Ordering::Relaxed);
    } else {
        header.shared.fetch_add(4, Ordering::Relaxed);
    }
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
            unsafe { local_zero_slow(ptr) };
        }
    } else {
        // SAFETY: passed on.
        unsafe { decref_shared_slow(ptr) };
    }
}

#[cold]
unsafe fn local_zero_slow(ptr: *mut Header) {
    // SAFETY: the owner still may read the header.
    let header = unsafe { &*ptr };
    if header.has_flag(HeaderFlags::DEFERRED) {
        return;
    }
    if header.shared.load(Ordering::Acquire) == 0 {
        // SAFETY: no reference is left.
        unsafe { crate::heap::dealloc(ptr) };
    }
}

#[cold]
unsafe fn decref_shared_slow(ptr: *mut Header) {
    // SAFETY: alive until this reference is given up.
    unsafe { (*ptr).shared.fetch_sub(4, Ordering::AcqRel) };
}

/// Makes `header`'s object immortal. Call before it is shared, or while the world is stopped.
pub fn immortalize(header: &Header) {
    header.local.store(IMMORTAL, Ordering::Relaxed);
}
