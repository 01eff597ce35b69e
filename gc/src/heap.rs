//! The object heap. (First form.)

use std::ptr::NonNull;

use crate::header::Header;
use crate::reference::Object;

/// Moves `value` into a new block with `extra` zeroed bytes behind it.
pub fn place<T: Object>(value: T, extra: usize) -> NonNull<T> {
    let size = size_of::<T>() + extra;
    // SAFETY: size is not zero.
    unsafe {
        let block = libmimalloc_sys::mi_zalloc(size).cast::<T>();
        let block = NonNull::new(block).unwrap_or_else(|| std::alloc::handle_alloc_error(std::alloc::Layout::new::<T>()));
        block.write(value);
        block
    }
}

/// Finalizes and frees an object whose counts are zero.
///
/// # Safety
/// No reference to the object is left.
pub unsafe fn dealloc(ptr: *mut Header) {
    // SAFETY: the object is whole until its fields are dropped.
    unsafe {
        ((*ptr).ops().drop)(ptr);
        libmimalloc_sys::mi_free(ptr.cast());
    }
}
