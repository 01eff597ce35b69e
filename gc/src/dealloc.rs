//! The end of an object: finalizer, weak references, fields, block, in this order.
//!
//! An object comes here once its counts are zero and `die` (or the sweep of limbo) has made it `DYING`. For its finalizer (PEP 442)
//! it lives again with one reference; if it is still alive afterwards it goes on living, `FINALIZED`. From the dropping of its fields on it
//! is invisible: `DYING`, merged, zero.
//! Dropping fields may end other objects: nesting is bounded, what lies deeper waits in the thread's `pending` list.

use taipan_threading::sync::atomic::Ordering;

use crate::header::{Header, HeaderFlags};
use crate::hooks;
use crate::refcount::protocol::{self, Death, Dropped};
use crate::reference::Obj;
use crate::shape_table::{ShapeEntry, shape_flags};
use crate::value::Value;
use crate::{heap, limbo, weakref};

/// Nesting of field drops before they are put off.
const DEPTH: u32 = 64;
/// Nesting of finalizers before they are put off.
const FINALIZERS: u32 = 16;

/// Ends an object of this thread whose local count has just become zero, the shared one being zero too; marked `DYING` unless there is only one thread.
///
/// # Safety
/// No reference to it is left and none can be made.
#[inline(always)]
pub(crate) unsafe fn destroy_local(ptr: *mut Header) {
    // SAFETY: still whole.
    let header = unsafe { &*ptr };
    let entry = header.shape_entry();
    if is_plain(header, entry) && !entry.ops().tracked {
        // As of strings: it refers to nothing, so no other object ends with it, none that waits included, and no code runs that could look at its header.
        // SAFETY: passed on.
        return unsafe { end_plain(ptr, entry) };
    }
    // SAFETY: passed on.
    unsafe { destroy_local_slow(ptr, entry) }
}

/// Whether nothing is to be run, cleared or dropped at its end but its own fields.
#[inline(always)]
fn is_plain(header: &Header, entry: &ShapeEntry) -> bool {
    entry.flags() & (shape_flags::FINALIZER | shape_flags::SLOTS) == 0
        && header.flags() & HeaderFlags::WEAKREFS == 0
}

/// Drops the fields of such an object, of which nothing nests, and frees the block.
///
/// # Safety
/// As for [`destroy_local`].
#[inline(always)]
unsafe fn end_plain(ptr: *mut Header, entry: &ShapeEntry) {
    // SAFETY: as in `finish`.
    unsafe {
        (entry.ops().drop)(ptr);
        heap::free(ptr);
    }
}

/// [`destroy_local`] for all other objects; apart, so that strings end without the registers that it saves.
#[inline(never)]
unsafe fn destroy_local_slow(ptr: *mut Header, entry: &'static ShapeEntry) {
    // SAFETY: still whole.
    let header = unsafe { &*ptr };
    // SAFETY: still in its page.
    if is_plain(header, entry) && !unsafe { heap::is_tracked(ptr) } {
        // As of a tuple of numbers and strings: nothing that ends with it nests any deeper, and who might look for it looks at other pages.
        // SAFETY: passed on.
        return unsafe { end_plain(ptr, entry) };
    }
    let flags = header.flags();
    header.owner.store(0, Ordering::Relaxed);
    header.shared.store(protocol::MERGED, Ordering::Relaxed);
    // Relaxed: either `die` did the same, or there is nobody else.
    header.flags_word().store(flags | HeaderFlags::DYING, Ordering::Relaxed);
    if entry.flags() & shape_flags::FINALIZER != 0 || flags & HeaderFlags::WEAKREFS != 0 {
        // SAFETY: passed on.
        unsafe { destroy(ptr) }
    } else {
        // SAFETY: passed on.
        unsafe { finish(ptr, entry) }
    }
}

/// Ends an object that is merged, zero and `DYING`.
///
/// # Safety
/// No reference to it is left and none can be made.
pub(crate) unsafe fn destroy(ptr: *mut Header) {
    // SAFETY: still whole.
    let header = unsafe { &*ptr };
    let entry = header.shape_entry();
    let flags = header.flags();
    if entry.flags() & shape_flags::FINALIZER != 0
        && flags & HeaderFlags::FINALIZED == 0
        && !hooks::get().is_some_and(|hooks| (hooks.is_finished)(header))
    {
        let here = heap::this();
        if here.finalizers.get() >= FINALIZERS {
            // SAFETY: our own list.
            unsafe { (*here.pending.get()).push(ptr) };
            return;
        }
        // SAFETY: passed on.
        if !unsafe { finalize(ptr) } {
            return;
        }
    }
    if header.has_flag(HeaderFlags::WEAKREFS) {
        weakref::run_callbacks(weakref::clear(ptr));
    }
    // SAFETY: passed on.
    unsafe { finish(ptr, entry) }
}

/// Runs the finalizer; true if the object is dead (`DYING`) afterwards.
unsafe fn finalize(ptr: *mut Header) -> bool {
    // SAFETY: still whole.
    let header = unsafe { &*ptr };
    header.set_flag(HeaderFlags::FINALIZED);
    protocol::add_shared(&header.shared);
    header.clear_flag(HeaderFlags::DYING);
    // SAFETY: the reference just added.
    let object = unsafe { Obj::from_value_unchecked(Value::from_ptr(ptr)) };
    call_finalizer(&object);
    let _ = object.into_value();
    match protocol::drop_shared(&header.shared) {
        Dropped::Zero => {}
        Dropped::Alive => return false,
        Dropped::Queue => unreachable!("a merged object is not queued"),
    }
    match protocol::die(header.flags_word()) {
        Death::Free => true,
        Death::Limbo => {
            limbo::push(ptr);
            false
        }
        Death::Waiting => false,
    }
}

/// Calls the hook with a nesting of its own.
pub(crate) fn call_finalizer(object: &Obj) {
    let Some(hooks) = hooks::get() else { return };
    let here = heap::this();
    let depth = here.depth.replace(0);
    here.finalizers.set(here.finalizers.get() + 1);
    (hooks.finalize)(object);
    here.finalizers.set(here.finalizers.get() - 1);
    here.depth.set(depth);
}

/// Drops the fields and frees the block.
#[inline(always)]
unsafe fn finish(ptr: *mut Header, entry: &'static ShapeEntry) {
    let here = heap::this();
    let depth = here.depth.get();
    if depth >= DEPTH {
        return put_off(ptr);
    }
    here.depth.set(depth + 1);
    // SAFETY: the fields are dropped once, nobody sees them any more.
    unsafe {
        drop_fields(ptr, entry);
        heap::free(ptr);
    }
    // SAFETY: our own list.
    if depth == 0 && here.finalizers.get() < FINALIZERS && !unsafe { &*here.pending.get() }.is_empty() {
        drain_pending();
    }
    here.depth.set(depth);
}

#[cold]
#[inline(never)]
fn put_off(ptr: *mut Header) {
    // SAFETY: our own list.
    unsafe { (*heap::this().pending.get()).push(ptr) };
}

/// Drops slots and fields, not the block.
///
/// # Safety
/// Once per object; nobody looks at the fields afterwards.
pub(crate) unsafe fn drop_fields(ptr: *mut Header, entry: &'static ShapeEntry) {
    // SAFETY: says the caller.
    unsafe {
        if entry.flags() & shape_flags::SLOTS != 0
            && let Some(hooks) = hooks::get()
        {
            (hooks.drop_slots)(ptr);
        }
        (entry.ops().drop)(ptr);
    }
}

#[cold]
#[inline(never)]
fn drain_pending() {
    let here = heap::this();
    loop {
        // SAFETY: our own list; the borrow ends before anything else runs.
        let Some(ptr) = (unsafe { (*here.pending.get()).pop() }) else { return };
        // SAFETY: put off by `finish` or `destroy`: dead, whole. Its shape's flags say again whether it wants its finalizer.
        unsafe { destroy(ptr) }
    }
}
