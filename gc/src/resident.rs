//! Memory of the program file itself.

use std::sync::OnceLock;

use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

/// Constant data of which parts are read now and then.
static READ_IN_PARTS: OnceLock<&'static [u8]> = OnceLock::new();
static PARTS: AtomicUsize = AtomicUsize::new(0);

/// Parts after which the pages are forgotten: at 64 KiB each a megabyte at most, and a system call that costs as much as reading a part is seldom made.
const SOME: usize = 16;

/// Says what [`was_read`] is about; the first time.
///
/// # Safety
/// `data` lies in the program file.
pub unsafe fn is_read_in_parts(data: &'static [u8]) {
    let _ = READ_IN_PARTS.set(data);
}

/// A part of that was read: forgets it soon.
pub fn was_read() {
    // Relaxed: a counter.
    if PARTS.fetch_add(1, Ordering::Relaxed) % SOME == SOME - 1
        && let Some(data) = READ_IN_PARTS.get()
    {
        // SAFETY: says who called `is_read_in_parts`.
        unsafe { forget_pages(data) };
    }
}

/// Lets the system forget the pages of constant data that the program was reading; who reads it again gets them from the file. The system brings in
/// pages by the dozen around each that is read, so data read here and there is soon in memory as a whole.
///
/// # Safety
/// `data` lies in the program file: what the program made in memory would be lost.
unsafe fn forget_pages(data: &'static [u8]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let skipped = data.as_ptr().align_offset(PAGE);
        let len = data.len().saturating_sub(skipped) & !(PAGE - 1);
        if len > 0 {
            // SAFETY: whole pages within `data`, which says the caller are as they are in the file, and which nobody writes to. If the call fails they stay.
            unsafe {
                libc::madvise(data.as_ptr().wrapping_add(skipped).cast_mut().cast(), len, libc::MADV_DONTNEED)
            };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = data;
}
