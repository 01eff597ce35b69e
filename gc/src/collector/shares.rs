//! Work cut into shares: each is done once, by whoever claims it first, and whoever is the last to finish one knows that all are done.
//!
//! Invariant: what the doers of all shares wrote happens before [`Shares::finish`] returns true, which it does once.

use super::atomic::{AtomicBool, AtomicUsize, Ordering};

/// See the module.
pub struct Shares {
    claimed: Box<[AtomicBool]>,
    left: AtomicUsize,
}

impl Shares {
    /// `number` unclaimed shares, one at least.
    pub fn new(number: usize) -> Shares {
        let claimed = (0..number).map(|_| AtomicBool::new(false)).collect();
        Shares { claimed, left: AtomicUsize::new(number) }
    }

    /// Whether the caller is to do the share.
    pub fn claim(&self, share: usize) -> bool {
        // Relaxed: the shares were published before, and claimants tell each other nothing.
        !self.claimed[share].swap(true, Ordering::Relaxed)
    }

    /// The caller has done a share that it had claimed: whether it was the last one.
    pub fn finish(&self) -> bool {
        // Release: the last one to finish sees what was done for this share. Acquire: it is this one.
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }
}
