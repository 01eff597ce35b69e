//! Memory from the system itself, past the allocator.

use std::ops::Range;
use std::ptr::NonNull;

/// Addresses that are mostly free and fit into the constants of 32 bits, with a sign, of machine code: that of x86-64 needs half as many bytes to refer to objects there. Programs that are not relocated
/// lie below.
const LOW: Range<usize> = 1 << 30..7 << 28;

/// The parts of [`LOW`], of one size, that were not asked for yet.
pub(crate) struct Low {
    /// The next one; 0: none was asked for.
    next: usize,
    left: usize,
}

impl Low {
    pub(crate) const fn new() -> Low {
        Low { next: 0, left: 0 }
    }

    /// New memory as [`map`] gives it, but in a part of so many bytes of [`LOW`], whose address is a multiple of that; nothing if there is no more.
    pub(crate) fn map(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        if self.next == 0 {
            self.left = (LOW.end - LOW.start) / bytes;
            // Where it begins is hard to guess, as where other memory is.
            self.next = LOW.start + random() % self.left * bytes;
        }
        while self.left != 0 {
            let place = self.next;
            self.left -= 1;
            self.next = if place + 2 * bytes > LOW.end { LOW.start } else { place + bytes };
            let flags = libc::MAP_FIXED_NOREPLACE;
            let Some(mapped) = map_at(std::ptr::with_exposed_provenance_mut(place), bytes, flags) else {
                continue;
            };
            if mapped.addr().get() == place {
                return Some(mapped);
            }
            // Of a system that takes the address for a wish.
            // SAFETY: the new mapping.
            unsafe { libc::munmap(mapped.as_ptr().cast(), bytes) };
            self.left = 0;
        }
        None
    }
}

/// A number that nobody knows; 0 if the system has none at hand.
fn random() -> usize {
    let mut bytes = [0; size_of::<usize>()];
    let _no_source = getrandom::fill(&mut bytes);
    usize::from_ne_bytes(bytes)
}

/// New memory of whole pages, which is zeroed, at a place of the system's choice; nothing if the system has no more. `flags` are added to those of `mmap`.
pub(crate) fn map(bytes: usize, flags: libc::c_int) -> Option<NonNull<u8>> {
    map_at(std::ptr::null_mut(), bytes, flags)
}

/// The same, at a place that is asked for.
fn map_at(place: *mut libc::c_void, bytes: usize, flags: libc::c_int) -> Option<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, where there was none.
    let start = unsafe { libc::mmap(place, bytes, access, kind | flags, -1, 0) };
    if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) }
}
