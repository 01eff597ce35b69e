//! The units of short strings, which lie in the object: copied and mapped by words, because a call would take longer than what it does.
//!
//! Invariant: all bytes of a word that has one of the units are written.

use taipan_gc::{Header, Py};
use taipan_threading::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};

use super::{ASCII, LENGTH_SHIFT, MAX_INLINE, NO_HASH, PyStr, TAIL, str_header};

/// Copies bytes, few ones without a call.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes; they do not overlap.
#[inline(always)]
unsafe fn copy_few(from: *const u8, to: *mut u8, len: usize) {
    /// The first and the last word, which may overlap.
    ///
    /// # Safety
    /// As for [`copy_few`]; there is at least one word.
    #[inline(always)]
    unsafe fn ends<W>(from: *const u8, to: *mut u8, len: usize) {
        let last = len - size_of::<W>();
        // SAFETY: both are within the `len` bytes.
        unsafe {
            let first_word = from.cast::<W>().read_unaligned();
            let last_word = from.add(last).cast::<W>().read_unaligned();
            to.cast::<W>().write_unaligned(first_word);
            to.add(last).cast::<W>().write_unaligned(last_word);
        }
    }
    // SAFETY: the lengths were looked at.
    unsafe {
        match len {
            0 => {}
            1 => *to = *from,
            2..4 => ends::<u16>(from, to, len),
            4..8 => ends::<u32>(from, to, len),
            8..16 => ends::<u64>(from, to, len),
            16..=32 => ends::<[u64; 2]>(from, to, len),
            _ => std::ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// A string for `size` bytes of units, in whole words, of which the last is 0 and the others are anything: the caller writes them before others see it. What
/// does not fit the tail needs `extra` to be 0; otherwise that many zeroed bytes follow.
#[inline(always)]
pub(super) fn room(header: Header, extra: usize, size: usize, meta: u64) -> Py<PyStr> {
    let behind = size.saturating_sub(TAIL).next_multiple_of(8);
    debug_assert!(extra == 0 || behind == 0);
    // Made where it is used: one that goes to a function would be in memory before it is copied to where it belongs.
    let empty = || PyStr {
        header,
        hash: AtomicI64::new(NO_HASH),
        meta: AtomicU64::new(meta),
        data: AtomicPtr::new(std::ptr::null_mut()),
        tail: AtomicU64::new(0),
    };
    let object = if extra == 0 {
        // SAFETY: the last word is written here, the others by the caller.
        unsafe { Py::with_unfilled_extra_here(empty(), behind, false) }
    } else {
        Py::with_extra(empty(), extra)
    };
    let target = object.as_ptr().cast::<u8>().wrapping_add(std::mem::offset_of!(PyStr, tail));
    if behind > 0 {
        // SAFETY: of the words from the tail on, the last, which lies behind the struct.
        unsafe { target.add(behind).cast::<u64>().write(0) };
    }
    object.data.store(target, Ordering::Relaxed);
    object
}

/// Puts its units into a string that was made with [`room`] for them.
#[inline(always)]
pub(super) fn fill(object: &Py<PyStr>, bytes: &[u8]) {
    // SAFETY: the room is for all of `bytes`, and new.
    unsafe { copy_few(bytes.as_ptr(), object.data.load(Ordering::Relaxed), bytes.len()) };
}

/// Less than eight bytes as a word, whose upper ones are 0.
#[inline(always)]
fn partial_word(bytes: &[u8]) -> u64 {
    let shift = |places: usize| 8 * places as u32;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first))
            | u64::from(u32::from_le_bytes(*last)) << shift(bytes.len() - 4);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<2>(), bytes.last_chunk::<2>()) {
        return u64::from(u16::from_le_bytes(*first))
            | u64::from(u16::from_le_bytes(*last)) << shift(bytes.len() - 2);
    }
    bytes.first().map_or(0, |&byte| byte.into())
}

/// The string of ASCII characters that `map` makes, eight at a time, of others; for what is long enough to be an object of its own and lies in it.
#[inline(always)]
pub(super) fn ascii_by_words(bytes: &[u8], map: impl Fn(u64) -> u64) -> Option<Py<PyStr>> {
    if bytes.len() < 2 || bytes.len() > MAX_INLINE {
        return None;
    }
    let meta = ASCII | (bytes.len() as u64) << LENGTH_SHIFT;
    let (eights, rest) = bytes.as_chunks::<8>();
    let object = room(str_header(), 0, bytes.len(), meta);
    let target = object.data.load(Ordering::Relaxed).cast::<u64>();
    for (at, eight) in eights.iter().enumerate() {
        // SAFETY: the room is for all of `bytes` and whole words.
        unsafe { target.add(at).write(map(u64::from_le_bytes(*eight)).to_le()) };
    }
    if !rest.is_empty() {
        // SAFETY: as above.
        unsafe { target.add(eights.len()).write(map(partial_word(rest)).to_le()) };
    }
    Some(object)
}

/// ASCII letters `first` to `last` of a word in the other case.
#[inline(always)]
pub(super) fn in_other_case(word: u64, first: u8, last: u8) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // The highest bit of a byte, which ASCII leaves free, says whether it is at least that.
    let at_least = |least: u8| word + EACH * u64::from(0x80 - least);
    let letters = at_least(first) & !at_least(last + 1) & (EACH * 0x80);
    word ^ letters >> 2
}
