//! Splitting and stripping ASCII strings, whose characters are their bytes.

use smallvec::SmallVec;
use taipan_gc::Obj;
use taipan_text::split::Ends;

use super::PyStr;
use crate::list::PyList;

/// Most parts whose places are kept without memory of their own.
const FEW: usize = 24;

/// Whether an ASCII character is white: \t to \r, four separators, and the blank. Most are told by the first comparison.
#[inline(always)]
fn is_space(byte: u8) -> bool {
    byte <= 32 && matches!(byte, 9..=13 | 28..=32)
}

/// The place of the first white character from `at` on, or the end; eight characters at a time.
#[inline(always)]
fn end_of_word(bytes: &[u8], mut at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    while let Some(eight) = bytes.get(at..).and_then(|left| left.first_chunk::<8>()) {
        // ASCII leaves the highest bit of a byte free; the lowest one that borrows it is of a character up to 32.
        let low = u64::from_le_bytes(*eight).wrapping_sub(EACH * 33) & (EACH * 0x80);
        if low == 0 {
            at += 8;
            continue;
        }
        at += low.trailing_zeros() as usize / 8;
        if is_space(bytes[at]) {
            return at;
        }
        at += 1;
    }
    while at < bytes.len() && !is_space(bytes[at]) {
        at += 1;
    }
    at.min(bytes.len())
}

/// The parts of an ASCII string between white space or single characters.
pub(super) fn split_ascii(this: &PyStr, sep: Option<u8>, max: usize) -> Option<Obj> {
    let bytes = this.as_utf8()?.as_bytes();
    let mut ranges: SmallVec<[(usize, usize); FEW]> = SmallVec::new();
    match sep {
        Some(sep) => {
            let mut start = 0;
            while ranges.len() < max
                && let Some(at) = memchr::memchr(sep, &bytes[start..])
            {
                ranges.push((start, start + at));
                start += at + 1;
            }
            ranges.push((start, bytes.len()));
        }
        None => {
            if max != usize::MAX {
                return None;
            }
            let mut at = 0;
            while at < bytes.len() {
                if is_space(bytes[at]) {
                    at += 1;
                    continue;
                }
                let end = end_of_word(bytes, at + 1);
                ranges.push((at, end));
                at = end + 1;
            }
        }
    }
    let part = |(start, end): (usize, usize)| {
        if end - start == bytes.len() { this.to_exact() } else { PyStr::from_ascii(&bytes[start..end]) }
            .into_obj()
    };
    Some(PyList::from_exact(ranges.into_iter().map(part)).into_obj())
}

/// The place of what is left of an ASCII string without the characters at its ends that are in `chars`, or white.
pub(super) fn strip_ascii(this: &PyStr, chars: Option<&[u8]>, ends: Ends) -> Option<std::ops::Range<usize>> {
    let bytes = this.as_utf8()?.as_bytes();
    Some(match chars {
        None => trimmed(bytes, ends, is_space),
        Some([one]) => trimmed(bytes, ends, |byte| byte == *one),
        // To make the set takes longer than to compare with each of them.
        Some(few) if few.len() <= 4 => trimmed(bytes, ends, |byte| few.iter().any(|one| *one == byte)),
        Some(chars) => {
            // A bit for each byte.
            let mut set = [0u64; 4];
            for byte in chars {
                set[usize::from(byte >> 6)] |= 1 << (byte & 63);
            }
            trimmed(bytes, ends, |byte| set[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0)
        }
    })
}

/// The place of what is left without the bytes at the ends that go.
#[inline(always)]
fn trimmed(bytes: &[u8], ends: Ends, goes: impl Fn(u8) -> bool) -> std::ops::Range<usize> {
    let (mut start, mut end) = (0, bytes.len());
    if !matches!(ends, Ends::Right) {
        while start < end && goes(bytes[start]) {
            start += 1;
        }
    }
    if !matches!(ends, Ends::Left) {
        while end > start && goes(bytes[end - 1]) {
            end -= 1;
        }
    }
    start..end
}
