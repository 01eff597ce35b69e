//! Guard against overflowing the native stack.

use std::cell::Cell;

use crate::error::{PyResult, Raised, recursion_error};

thread_local! {
    static LIMIT: Cell<usize> = const { Cell::new(0) };
    /// Where the stack begins: its highest address.
    static TOP: Cell<usize> = const { Cell::new(0) };
}

/// Room that native code below a check may use.
const RESERVE: usize = 256 * 1024;

/// Learns the bounds of the calling thread's stack.
#[cold]
fn learn_limit() -> usize {
    // SAFETY: plain libc queries about the calling thread; the attribute object is initialized by the first call and destroyed by the last.
    let (low, top) = unsafe {
        let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return 1;
        }
        let mut address = std::ptr::null_mut();
        let mut size = 0;
        libc::pthread_attr_getstack(attributes.as_ptr(), &mut address, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        // The main thread's stack grows up to the resource limit, which may be unlimited: assume 8 MB then.
        let top = address.addr() + size;
        (if size > 64 << 20 { top - (8 << 20) } else { address.addr() }, top)
    };
    let limit = low + RESERVE;
    LIMIT.set(limit);
    TOP.set(top);
    limit
}

/// Says how much stack the calling thread has below the caller, when it runs on one that the system does not know of.
pub fn set_stack_room(room: usize) {
    let here = 0u8;
    let here = std::ptr::from_ref(&here).addr();
    LIMIT.set(here.saturating_sub(room) + RESERVE);
    TOP.set(here);
}

#[cold]
fn overflow(here: usize, what: &str) -> Raised {
    let used = TOP.get().saturating_sub(here) / 1024;
    recursion_error(format!("Stack overflow (used {used} kB){what}"))
}

/// `RecursionError` when the native stack is nearly used up. Call before native code calls back into Python.
#[inline]
pub fn enter_native() -> PyResult<()> {
    enter_native_while("")
}

/// The address down to which the calling thread's machine stack may be used by who then calls native code.
#[inline]
pub fn stack_limit() -> usize {
    let limit = LIMIT.get();
    if limit == 0 { learn_limit() } else { limit }
}

/// Whether there is room for more on the machine stack.
#[inline]
pub fn has_room() -> bool {
    let here = 0u8;
    std::ptr::from_ref(&here).addr() >= stack_limit()
}

/// [`enter_native`] with a text behind the message that says what was going on.
#[inline]
pub fn enter_native_while(what: &str) -> PyResult<()> {
    let here = 0u8;
    let here = std::ptr::from_ref(&here).addr();
    if here < stack_limit() { Err(overflow(here, what)) } else { Ok(()) }
}
