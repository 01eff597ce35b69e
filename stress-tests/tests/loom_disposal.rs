//! Garbage is disposed of in shares: by the threads in whose heaps it lies, or by the one that collects if they do not come to it.
//!
//! The claims are the collector's own code (`gc/src/collector/shares.rs` over loom's atomics).
#![cfg(loom)]

use loom::sync::{Arc, Mutex};
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::AtomicUsize;
use taipan_threading::sync::atomic::Ordering::Relaxed;

mod atomic {
    pub use taipan_threading::sync::atomic::*;
}
#[path = "../../gc/src/collector/shares.rs"]
mod shares;
use shares::Shares;

/// `collector::disposal::Disposal` in small: of each part the number of times that it was dropped.
struct Disposal {
    shares: Shares,
    dropped: [UnsafeCell<u32>; 2],
    completed: AtomicUsize,
}

// SAFETY: that nobody touches a part without having claimed it is what loom checks.
unsafe impl Sync for Disposal {}
// SAFETY: as above.
unsafe impl Send for Disposal {}

type Current = Arc<Mutex<Option<Arc<Disposal>>>>;

impl Disposal {
    fn publish(current: &Current) -> Arc<Disposal> {
        let disposal = Arc::new(Disposal {
            shares: Shares::new(2),
            dropped: [UnsafeCell::new(0), UnsafeCell::new(0)],
            completed: AtomicUsize::new(0),
        });
        *current.lock().unwrap() = Some(disposal.clone());
        disposal
    }
    fn take(&self, share: usize, current: &Current) {
        if !self.shares.claim(share) {
            return;
        }
        // SAFETY: claimed; loom checks it.
        self.dropped[share].with_mut(|dropped| unsafe { *dropped += 1 });
        if self.shares.finish() {
            *current.lock().unwrap() = None;
            for dropped in &self.dropped {
                // SAFETY: all shares are done; loom checks it.
                assert_eq!(dropped.with(|dropped| unsafe { *dropped }), 1);
            }
            self.completed.fetch_add(1, Relaxed);
        }
    }
}

/// The poll handler of a thread to which the second part belongs.
fn poll(current: &Current) {
    let disposal = current.lock().unwrap().clone();
    if let Some(disposal) = disposal {
        disposal.take(1, current);
    }
}

#[test]
fn the_owner_comes_or_not() {
    explore(3, || {
        let current: Current = Arc::new(Mutex::new(None));
        let owner = {
            let current = current.clone();
            thread::spawn(move || poll(&current))
        };
        let disposal = Disposal::publish(&current);
        disposal.take(0, &current);
        disposal.take(1, &current);
        owner.join().unwrap();
        assert_eq!(disposal.completed.load(Relaxed), 1);
        assert!(current.lock().unwrap().is_none());
    });
}

#[test]
fn two_threads_of_one_slot() {
    // A thread ends, and the next one of its slot claims the same part.
    explore(3, || {
        let current: Current = Arc::new(Mutex::new(None));
        let disposal = Disposal::publish(&current);
        let threads = [(); 2].map(|()| {
            let current = current.clone();
            thread::spawn(move || poll(&current))
        });
        disposal.take(0, &current);
        threads.map(|thread| thread.join().unwrap());
        disposal.take(1, &current);
        assert_eq!(disposal.completed.load(Relaxed), 1);
    });
}
