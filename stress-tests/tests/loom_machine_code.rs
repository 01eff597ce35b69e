//! Machine code is asked for once, handed over, entered and given up again, while other threads execute the same instructions.
//!
//! `objects/src/code/machine.rs` and `vm/src/tier.rs` in small: the handlers of instructions are changed without order (they are only hints), so who sees that
//! an instruction is for machine code looks whether there is any, and interprets otherwise.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicBool, AtomicU8, AtomicU32};

/// Handlers of instructions.
const COUNT: u8 = 1;
const OWN: u8 = 2;
const ENTER: u8 = 3;
/// Turns after which the compiler is asked.
const HOT: u32 = 1;
/// What is in the memory of machine code.
const MACHINE: u32 = 7;

struct Code {
    handlers: [AtomicU8; 2],
    heat: AtomicU32,
    asked: AtomicBool,
    /// The cell's own state: whether it is filled.
    filled: AtomicBool,
    machine: UnsafeCell<u32>,
    /// How often somebody compiled.
    compiled: AtomicU32,
}

// SAFETY: that reads and writes of the machine code do not meet is what loom checks.
unsafe impl Sync for Code {}
// SAFETY: as above.
unsafe impl Send for Code {}

impl Code {
    fn new() -> Arc<Code> {
        Arc::new(Code {
            handlers: [AtomicU8::new(COUNT), AtomicU8::new(COUNT)],
            heat: AtomicU32::new(0),
            asked: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            machine: UnsafeCell::new(0),
            compiled: AtomicU32::new(0),
        })
    }
    /// `tier::count`.
    fn count(&self) {
        let heat = self.heat.load(Relaxed) + 1;
        self.heat.store(heat, Relaxed);
        if heat >= HOT && !self.asked.swap(true, Relaxed) {
            self.compiled.fetch_add(1, Relaxed);
            self.settle();
        }
    }
    /// `machine::settle`.
    fn settle(&self) {
        // SAFETY: loom checks.
        self.machine.with_mut(|machine| unsafe { *machine = MACHINE });
        self.filled.store(true, Release);
        for handler in &self.handlers {
            handler.store(ENTER, Relaxed);
        }
    }
    /// `tier::enter`: whether machine code executed it.
    fn enter(&self) -> bool {
        if !self.filled.load(Acquire) {
            return false;
        }
        // SAFETY: loom checks.
        assert_eq!(self.machine.with(|machine| unsafe { *machine }), MACHINE);
        true
    }
    /// Executes the instruction.
    fn execute(&self, pc: usize) {
        match self.handlers[pc].load(Relaxed) {
            COUNT => self.count(),
            ENTER => {
                self.enter();
            }
            _ => {}
        }
    }
    /// `tier::entered_in_vain`.
    fn give_up(&self, pc: usize) {
        if self.handlers[pc].load(Relaxed) == ENTER && self.enter() {
            self.handlers[pc].store(OWN, Relaxed);
        }
    }
}

#[test]
fn threads_count_at_once() {
    explore(3, || {
        let code = Code::new();
        let other = {
            let code = code.clone();
            thread::spawn(move || (0..2).for_each(|pc| code.execute(pc)))
        };
        (0..2).for_each(|pc| code.execute(pc));
        other.join().unwrap();
        assert_eq!(code.compiled.load(Relaxed), 1, "the compiler is asked once");
        assert!(code.enter());
        assert!(code.handlers.iter().all(|handler| handler.load(Relaxed) == ENTER), "no counting goes on");
    });
}

#[test]
fn a_place_is_given_up_while_code_is_handed_over() {
    explore(3, || {
        let code = Code::new();
        let other = {
            let code = code.clone();
            thread::spawn(move || {
                code.give_up(0);
                code.execute(1);
            })
        };
        code.execute(1);
        let given_up = code.handlers[0].load(Relaxed) == OWN;
        other.join().unwrap();
        assert!(!given_up || code.handlers[0].load(Relaxed) == OWN, "what is given up is not entered again");
    });
}
