//! Code is counted, recorded, compiled by one thread, entered, given up and compiled again, while other threads execute the same instructions.
//!
//! `objects/src/code/machine.rs` and `vm/src/tier.rs` in small: the handlers of instructions are changed without order (they are only hints), so who sees that
//! an instruction is for machine code looks whether there is any, and interprets otherwise; only who takes the code from one stage to the next changes
//! the handlers of all instructions.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use taipan_stress::model::explore;
use taipan_threading::sync::UnsafeCell;
use taipan_threading::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use taipan_threading::sync::atomic::{AtomicU8, AtomicU32};

/// Handlers of instructions.
const COUNT: u8 = 1;
const OWN: u8 = 2;
const ENTER: u8 = 3;
const RECORD: u8 = 4;
/// Stages.
const COUNTING: u8 = 0;
const RECORDING: u8 = 1;
const BETWEEN: u8 = 2;
const SETTLED: u8 = 3;
/// Executions after which it is recorded, and compiled.
const WARM: u32 = 1;
const HOT: u32 = 2;
/// What is in the memory of machine code.
const MACHINE: u32 = 7;

struct Code {
    handlers: [AtomicU8; 2],
    heat: AtomicU32,
    stage: AtomicU8,
    /// How many of the machine codes are there.
    current: AtomicU8,
    machines: [UnsafeCell<u32>; 2],
    /// How often somebody compiled.
    compiled: AtomicU32,
}

// SAFETY: that reads and writes of the machine code do not meet is what loom checks.
unsafe impl Sync for Code {}
// SAFETY: as above.
unsafe impl Send for Code {}

impl Code {
    fn new(stage: u8, handler: u8) -> Arc<Code> {
        Arc::new(Code {
            handlers: [AtomicU8::new(handler), AtomicU8::new(handler)],
            heat: AtomicU32::new(0),
            stage: AtomicU8::new(stage),
            current: AtomicU8::new(0),
            machines: [UnsafeCell::new(0), UnsafeCell::new(0)],
            compiled: AtomicU32::new(0),
        })
    }
    fn set_all(&self, handler: u8) {
        for place in &self.handlers {
            // A plain store in the original. Loom lets a `compare_exchange` look past one, which no modification order allows.
            place.swap(handler, Relaxed);
        }
    }
    /// `Tier::advance`.
    fn advance(&self, from: u8, to: u8) -> bool {
        self.stage.compare_exchange(from, to, AcqRel, Relaxed).is_ok()
    }
    /// `tier::count` and `is_hot`.
    fn count(&self) {
        let heat = self.heat.load(Relaxed) + 1;
        self.heat.store(heat, Relaxed);
        if heat >= WARM && self.advance(COUNTING, BETWEEN) {
            self.set_all(RECORD);
            self.advance(BETWEEN, RECORDING);
        } else if heat >= HOT && self.advance(RECORDING, BETWEEN) {
            self.settle();
        }
    }
    /// `machine::settle`.
    fn settle(&self) {
        self.compiled.fetch_add(1, Relaxed);
        let current = self.current.load(Relaxed);
        if let Some(place) = self.machines.get(current as usize) {
            // SAFETY: loom checks.
            place.with_mut(|machine| unsafe { *machine = MACHINE });
            self.current.store(current + 1, Release);
        }
        self.set_all(ENTER);
        self.advance(BETWEEN, SETTLED);
    }
    /// `machine::end_recording`.
    fn end_recording(&self, pc: usize) {
        let _ = self.handlers[pc].compare_exchange(RECORD, COUNT, Relaxed, Relaxed);
    }
    /// `machine::again`.
    fn again(&self) {
        if !self.advance(SETTLED, BETWEEN) {
            return;
        }
        if self.current.load(Relaxed) as usize >= self.machines.len() {
            self.advance(BETWEEN, SETTLED);
            return;
        }
        self.heat.store(WARM, Relaxed);
        self.set_all(RECORD);
        self.advance(BETWEEN, RECORDING);
    }
    /// `tier::enter`: whether machine code executed it.
    fn enter(&self) -> bool {
        let current = self.current.load(Acquire);
        if current == 0 {
            return false;
        }
        // SAFETY: loom checks.
        let machine = self.machines[current as usize - 1].with(|machine| unsafe { *machine });
        assert_eq!(machine, MACHINE);
        true
    }
    /// Executes the instruction.
    fn execute(&self, pc: usize) {
        match self.handlers[pc].load(Relaxed) {
            COUNT => self.count(),
            RECORD => {
                self.end_recording(pc);
                self.count();
            }
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
        let code = Code::new(COUNTING, COUNT);
        let other = {
            let code = code.clone();
            thread::spawn(move || (0..2).for_each(|pc| code.execute(pc)))
        };
        (0..2).for_each(|pc| code.execute(pc));
        other.join().unwrap();
        // Counts of two threads at once may be one.
        while code.compiled.load(Relaxed) == 0 {
            code.execute(0);
        }
        assert_eq!(code.compiled.load(Relaxed), 1, "the compiler is asked once");
        assert!(code.enter());
    });
}

#[test]
fn the_end_of_recording_takes_no_entry_away() {
    explore(3, || {
        let code = Code::new(RECORDING, RECORD);
        code.heat.store(WARM, Relaxed);
        let other = {
            let code = code.clone();
            thread::spawn(move || code.execute(1))
        };
        code.execute(0);
        other.join().unwrap();
        assert_eq!(code.compiled.load(Relaxed), 1);
        let handlers = [0, 1].map(|pc: usize| code.handlers[pc].load(Relaxed));
        assert_eq!(handlers, [ENTER, ENTER], "what is recorded no more is counted no more either");
    });
}

#[test]
fn code_is_made_again_while_it_is_entered() {
    explore(3, || {
        let code = Code::new(BETWEEN, COUNT);
        code.settle();
        let other = {
            let code = code.clone();
            thread::spawn(move || {
                code.again();
                code.execute(0);
            })
        };
        code.again();
        code.execute(1);
        assert!(code.enter());
        other.join().unwrap();
        assert!(code.compiled.load(Relaxed) <= 2);
        assert!(code.enter());
    });
}

#[test]
fn a_place_is_given_up_while_code_is_handed_over() {
    explore(3, || {
        let code = Code::new(RECORDING, RECORD);
        code.heat.store(WARM, Relaxed);
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
