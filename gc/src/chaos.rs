//! Chaos mode (feature `chaos`): what may happen at a safepoint happens at random ones, much more often than on its own.
//!
//! The poll bit `CHAOS` is set for every thread and never cleared. `TAIPAN_CHAOS` seeds the choices; 0 turns them off.

use std::cell::Cell;
use std::sync::OnceLock;

use taipan_threading::safepoint::CHAOS;
use taipan_threading::{ThreadState, detached};

use crate::refcount::queue;
use crate::{collector, limbo};

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| std::env::var("TAIPAN_CHAOS").ok().and_then(|text| text.parse().ok()).unwrap_or(1))
}

/// The calling thread takes part from now on.
pub(crate) fn enter(thread: &ThreadState) {
    if seed() != 0 {
        STATE.set(seed().wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(thread.slot()) << 32 | 1);
        thread.request(CHAOS);
    }
}

/// Does something, perhaps. A safepoint.
pub(crate) fn stir() {
    let mut state = STATE.get();
    if state == 0 {
        return;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    STATE.set(state);
    let die = (state >> 20) % 16384;
    match die {
        0 => drop(collector::collect(0)),
        1 => collector::collect_shared(0),
        2..8 => drop(limbo::sweep()),
        8..72 => queue::drain(),
        72..80 => detached(|| std::thread::sleep(std::time::Duration::from_micros(100))),
        80..208 => detached(std::thread::yield_now),
        208..464 => std::thread::yield_now(),
        _ => {}
    }
}
