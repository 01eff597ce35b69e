//! NaNs with an identity. Python programs can tell two NaNs apart: `x in [x]` holds for the very same object only, and a dict
//! may have several of them as keys. Immediate floats have no address, so the identity is in the payload.
//!
//! | bits 62..49 of the IEEE word            | what it is                                        |
//! | --------------------------------------- | ------------------------------------------------- |
//! | `0x7FF` exponent, bits 51 and 50, not 49 | a NaN made by Taipan; bits 48..0 are its identity |
//! | any other NaN                           | came with a payload from outside, which it keeps  |
//!
//! Invariant: a NaN without payload never becomes a value; arithmetic, whose results carry an operand's payload, always gives a
//! new identity. [`plain`] takes the identity off where a float leaves as bytes. The sign is kept throughout.

use std::cell::Cell;

use taipan_threading::sync::atomic::{AtomicU64, Ordering};

const SIGN: u64 = 1 << 63;
const QUIET: u64 = 0x7FF8 << 48;
const MARK: u64 = 0x7FFC << 48;
const MARK_BITS: u64 = 0x7FFE << 48;
const IDENTITY: u64 = (1 << 49) - 1;
/// How many identities a thread takes from the common stock at a time.
const BATCH: u64 = 1 << 20;

/// The first identity that no thread has taken. Relaxed: only that no two threads get the same matters.
static STOCK: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

fn fresh() -> u64 {
    // A thread that is ending may have no cell any more: it takes a batch for one.
    NEXT.try_with(|next| {
        if next.get() % BATCH == 0 {
            next.set(STOCK.fetch_add(BATCH, Ordering::Relaxed));
        }
        let identity = next.get();
        next.set(identity + 1);
        identity
    })
    .unwrap_or_else(|_| STOCK.fetch_add(BATCH, Ordering::Relaxed))
}

/// Whether the word is a NaN with an identity.
const fn is_marked(bits: u64) -> bool {
    bits & MARK_BITS == MARK
}

/// The IEEE bits with which the NaN `f` becomes a value. They are below `0xFFFE << 48`.
#[cold]
#[inline(never)]
pub(crate) fn identify(f: f64) -> u64 {
    let bits = f.to_bits();
    if bits & !SIGN == QUIET || is_marked(bits) || bits >= 0xFFFE << 48 {
        bits & SIGN | MARK | fresh() & IDENTITY
    } else {
        bits
    }
}

/// `f` as programs outside may see its bits: a NaN of Taipan's own becomes the plain one of its sign.
#[inline]
pub fn plain(f: f64) -> f64 {
    if f.is_nan() && is_marked(f.to_bits()) { f64::from_bits(f.to_bits() & SIGN | QUIET) } else { f }
}
