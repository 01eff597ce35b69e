//! Size classes: 16-byte steps to 512, then coarser, then a few blocks per page.
//!
//! Invariant: every class is a multiple of 16 bytes, and `class(size)` is the smallest one that holds `size`.

/// Bytes of a page, which is aligned to as many.
pub const PAGE_SIZE: usize = 64 * 1024;
/// Bytes of a page's own header.
pub const PAGE_HEADER: usize = 128;
/// Block sizes above 512.
const COARSE: [u32; 18] = [
    640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2720, 3264, 4080, 5440, 6528, 8160, 9344, 10896, 13072,
    16352,
];
/// Number of classes.
pub const CLASSES: usize = 32 + COARSE.len();
/// Largest size that shares a page with others.
pub const MAX_SMALL: usize = 16352;

/// Class of `size >> 4` rounded up, for sizes above 512.
static COARSE_CLASS: [u8; MAX_SMALL / 16 + 1] = {
    let mut table = [0; MAX_SMALL / 16 + 1];
    let mut units = 0;
    while units < table.len() {
        let mut class = 0;
        while (COARSE[class] as usize) < units * 16 {
            class += 1;
        }
        table[units] = 32 + class as u8;
        units += 1;
    }
    table
};

/// The class for `size` bytes, at most [`MAX_SMALL`].
#[inline(always)]
pub fn class(size: usize) -> usize {
    if size <= 512 { size.wrapping_sub(1) >> 4 & 31 } else { usize::from(COARSE_CLASS[size.div_ceil(16)]) }
}

/// The block size of `class`.
pub const fn block_size(class: usize) -> u32 {
    if class < 32 { (class as u32 + 1) * 16 } else { COARSE[class - 32] }
}

const _: () = {
    assert!(MAX_SMALL == COARSE[COARSE.len() - 1] as usize);
    let mut class = 0;
    while class < CLASSES {
        assert!(block_size(class).is_multiple_of(16));
        class += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_tight() {
        for size in 1..=MAX_SMALL {
            let class = class(size);
            assert!(block_size(class) as usize >= size, "{size}");
            assert!(class == 0 || (block_size(class - 1) as usize) < size, "{size}");
        }
    }
}
