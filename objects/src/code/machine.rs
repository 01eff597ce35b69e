//! What the tier above the interpreter keeps with a code object.
//!
//! The interpreter counts how often the code is called and its loops turn, by handlers that stand in for those of the first instruction and of the jumps back
//! ([`COUNT_CALLS`], [`COUNT_TURNS`]). When that is often enough the tier is asked once. If it has made machine code, the instructions at which that can be
//! entered get the handler [`ENTER`].
//!
//! | field | written | read |
//! | --- | --- | --- |
//! | `heat` | anyone, without counting exactly | anyone |
//! | `asked` | by who asks the tier, once | anyone |
//! | `code` | by who asked, before any instruction gets `ENTER` | anyone; absent for a moment to who sees `ENTER` before it |

use std::any::Any;
use std::sync::OnceLock;

use taipan_threading::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::PyCode;
use taipan_gc::Obj;

/// Handler of an instruction at which machine code can be entered.
pub const ENTER: u8 = 255;
/// Handler of a jump back whose turns are counted.
pub const COUNT_TURNS: u8 = 254;
/// Handler of a first instruction whose executions are counted.
pub const COUNT_CALLS: u8 = 253;

/// Machine code for some of the instructions.
pub struct Machine {
    /// Address of its entry.
    pub entry: usize,
    /// How often it was entered where what it expects was not so.
    pub vain: AtomicU32,
    /// By index of instruction: 0, or the number by which the entry gets there, which is not 0.
    pub places: Box<[u16]>,
    /// What the code has the addresses of.
    pub objects: Box<[Obj]>,
    /// Owns the memory.
    pub memory: Box<dyn Any + Send + Sync>,
}

/// See the module.
#[derive(Default)]
pub struct Tier {
    heat: AtomicU32,
    asked: AtomicBool,
    code: OnceLock<Box<Machine>>,
}

static COUNTING: AtomicBool = AtomicBool::new(false);

/// Lets code that is made from now on count its calls and turns.
pub fn count() {
    COUNTING.store(true, Ordering::Relaxed);
}

/// Whether code counts.
pub(super) fn counts() -> bool {
    COUNTING.load(Ordering::Relaxed)
}

impl Tier {
    /// Adds to what was counted, and gives it.
    #[inline]
    pub fn heat(&self, by: u32) -> u32 {
        let heat = self.heat.load(Ordering::Relaxed).saturating_add(by);
        self.heat.store(heat, Ordering::Relaxed);
        heat
    }
    /// The machine code.
    #[inline(always)]
    pub fn code(&self) -> Option<&Machine> {
        self.code.get().map(|machine| &**machine)
    }
    /// Whether the caller is the one to ask the tier.
    pub fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::Relaxed)
    }
}

/// Ends the counting of `code`, and enters `machine` from now on, if there is one.
pub fn settle(code: &PyCode, machine: Option<Machine>) {
    let places = machine.and_then(|machine| {
        code.machine.code.set(Box::new(machine)).ok()?;
        code.machine.code().map(|machine| &machine.places)
    });
    for (pc, word) in code.words.iter().enumerate() {
        let enters = places.is_some_and(|places| places.get(pc).is_some_and(|place| *place != 0));
        word.set_dispatch(enters.then_some(ENTER));
    }
}
