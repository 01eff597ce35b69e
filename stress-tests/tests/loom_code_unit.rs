//! The parts of a code object are read when somebody needs them first: by several threads at once, of which one publishes.
//!
//! `objects/src/code/unit.rs` in small: `parts` is won by exchange, then the lists are filled in by plain writes, then `facts` and `plain` are stored.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicU32, AtomicUsize};

const NOT_PLAIN: u32 = 9;
/// What the list leads to once it is filled in.
const WORDS: u32 = 7;

struct Unit {
    /// Who won, plus one; 0: nobody.
    parts: AtomicUsize,
    words: UnsafeCell<u32>,
    facts: AtomicUsize,
    plain: AtomicU32,
}

// SAFETY: that reads and writes of the list do not meet is what loom checks.
unsafe impl Sync for Unit {}
// SAFETY: as above.
unsafe impl Send for Unit {}

impl Unit {
    fn new() -> Arc<Unit> {
        Arc::new(Unit {
            parts: AtomicUsize::new(0),
            words: UnsafeCell::new(0),
            facts: AtomicUsize::new(0),
            plain: AtomicU32::new(NOT_PLAIN),
        })
    }
    fn publish(&self, who: usize) {
        if self.parts.compare_exchange(0, who, Release, Relaxed).is_err() {
            return;
        }
        // SAFETY: loom checks.
        self.words.with_mut(|words| unsafe { *words = WORDS });
        self.facts.store(who, Release);
        self.plain.store(1, Release);
    }
    /// `Unit::deref`: loads the unit if nobody has; who did.
    fn facts(&self, who: usize) -> usize {
        let facts = self.facts.load(Acquire);
        if facts != 0 {
            return facts;
        }
        if self.parts.load(Acquire) == 0 {
            self.publish(who);
        }
        loop {
            let facts = self.facts.load(Acquire);
            if facts != 0 {
                return facts;
            }
            thread::yield_now();
        }
    }
    /// What an instruction's address is computed from.
    fn words(&self) -> u32 {
        // SAFETY: loom checks.
        self.words.with(|words| unsafe { *words })
    }
    /// A call with as many arguments as there are plain parameters looks no further.
    fn call(&self) -> Option<u32> {
        (self.plain.load(Acquire) != NOT_PLAIN).then(|| self.words())
    }
}

#[test]
fn two_threads_need_it_first() {
    explore(3, || {
        let unit = Unit::new();
        let other = {
            let unit = unit.clone();
            thread::spawn(move || {
                let facts = unit.facts(2);
                assert_eq!(unit.words(), WORDS);
                facts
            })
        };
        let facts = unit.facts(1);
        assert_eq!(unit.words(), WORDS);
        assert_eq!(other.join().unwrap(), facts);
    });
}

#[test]
fn a_plain_call_against_the_publication() {
    explore(3, || {
        let unit = Unit::new();
        let caller = {
            let unit = unit.clone();
            thread::spawn(move || assert!(matches!(unit.call(), None | Some(WORDS))))
        };
        unit.facts(1);
        caller.join().unwrap();
    });
}
