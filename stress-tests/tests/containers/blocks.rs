//! Blocks of the object heap in small, for the container models: an object's header, how it dies and how its block becomes
//! another object. Loads and deaths are the heap's own code (`gc/src/refcount/protocol.rs` over loom's atomics).

use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use taipan_threading::sync::atomic::{AtomicU8, AtomicU64};

mod atomic {
    pub use taipan_threading::sync::atomic::*;
    pub use taipan_threading::sync::between_seq_cst;
}
#[allow(dead_code)]
#[path = "../../../gc/src/refcount/protocol.rs"]
mod protocol;
use protocol::{Death, Look};

/// An object that the writer owns and the reader does not.
pub struct Block {
    flags: AtomicU8,
    /// Who the object is. Freeing and reuse write, use reads.
    name: UnsafeCell<u32>,
}

impl Block {
    pub fn new(name: u32) -> Block {
        Block { flags: AtomicU8::new(0), name: UnsafeCell::new(name) }
    }
    /// Uses the object: loom checks that it is not being freed.
    pub fn name(&self) -> u32 {
        // SAFETY: loom checks.
        self.name.with(|name| unsafe { *name })
    }
    /// The last reference goes; the block stays free, unless the object went to limbo. True if it is free.
    pub fn die(&self) -> bool {
        match protocol::die(&self.flags) {
            Death::Free => {
                // SAFETY: loom checks that nobody uses it.
                self.name.with_mut(|name| unsafe { *name = 0 });
                true
            }
            Death::Limbo => false,
            Death::Waiting => unreachable!("it dies once"),
        }
    }
    /// The last reference goes; the block becomes the next object, `name`, unless the object went to limbo. A third thread has a look at
    /// the new object.
    pub fn die_and_become(&self, name: u32) {
        if self.die() {
            // SAFETY: loom checks that nobody uses it.
            self.name.with_mut(|old| unsafe { *old = name });
            // A plain store in the heap; see `loom_limbo`.
            self.flags.swap(0, Release);
            self.flags.fetch_or(protocol::SEEN, AcqRel);
        }
    }
}

/// The word of block `index`.
pub const fn word(index: usize) -> u64 {
    index as u64 + 1
}

/// The storage was replaced.
pub struct Replaced;

/// `Slot::load_uncounted_in` of an object that another thread owns: the block, or nothing.
pub fn load_in<'a>(
    blocks: &'a [Block],
    slot: &AtomicU64,
    is_current: impl Fn() -> bool,
) -> Result<Option<&'a Block>, Replaced> {
    for turn in 0.. {
        let word = slot.load(Acquire);
        if word == 0 {
            return Ok(None);
        }
        let block = &blocks[word as usize - 1];
        if protocol::load_foreign(slot, word, &block.flags) == Look::Accept {
            return if is_current() { Ok(Some(block)) } else { Err(Replaced) };
        }
        if !is_current() {
            return Err(Replaced);
        }
        // The block dies, or the slot changes: let the others get on.
        if turn > 0 {
            loom::thread::yield_now();
        }
    }
    unreachable!()
}
