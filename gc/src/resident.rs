//! Memory of the program file itself.

/// Lets the system forget the pages of constant data that the program was reading; who reads it again gets them from the file. The system brings in
/// pages by the dozen around each that is read, so data read here and there is soon in memory as a whole.
///
/// # Safety
/// `data` lies in the program file: what the program made in memory would be lost.
pub unsafe fn forget_pages(data: &'static [u8]) {
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
