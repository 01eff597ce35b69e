//! What the tier above the interpreter keeps with a code object.
//!
//! The interpreter counts how often the code is called and its loops turn, by handlers that stand in for those of the first instruction and of the jumps back
//! ([`COUNT_CALLS`], [`COUNT_TURNS`]). When that is often, each instruction is *recorded* the next few times ([`RECORD`]): what the registers hold, what is called. When it is twice as
//! often the tier is asked. If it has made machine code, the instructions at which that can be entered get the handler [`ENTER`]. Machine code
//! that comes to instructions that were not recorded may have it all done again, a few times.
//!
//! | field | written | read |
//! | --- | --- | --- |
//! | `heat` | anyone, without counting exactly | anyone |
//! | `stage` | by who takes the code to the next stage, from the stage before | anyone |
//! | `codes` | each once, by who asked, before `current` says so and any instruction gets `ENTER` | anyone; absent for a moment to who sees `ENTER` before it |
//!
//! Handlers are hints: who finds the wrong one counts, records or interprets once more or once less.

mod record;

use std::any::Any;
use std::sync::OnceLock;

use taipan_gc::Obj;
use taipan_threading::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use super::{PyCode, slot_caches};
pub use record::{Record, RecordedSlot, forget_examples};

/// Handler of an instruction at which machine code can be entered.
pub const ENTER: u8 = 255;
/// Handler of a jump back whose turns are counted.
pub const COUNT_TURNS: u8 = 254;
/// Handler of a first instruction whose executions are counted.
pub const COUNT_CALLS: u8 = 253;
/// Handler of an instruction that is recorded.
pub const RECORD: u8 = 252;

/// How often machine code is made of a code object as long as that is because it finds something else.
const MOST_FOUND: usize = 3;
/// The same with the times at which it was stale.
const MOST: usize = 6;
/// Most pairs of instruction and register of code that is recorded.
const MOST_RECORDED: usize = 1 << 17;

/// Machine code for some of the instructions.
pub struct Machine {
    /// Address of its entry.
    pub entry: usize,
    /// Whether it can be entered at the first instruction, by the number [`Machine::START`].
    pub has_start: bool,
    /// The [`slot_caches::epoch`] for which it was made.
    pub epoch: u32,
    /// How often it was entered where what it expects was not so.
    pub vain: AtomicU32,
    /// How often it came to instructions that were not recorded, or that did not find what was recorded.
    pub unseen: AtomicU32,
    pub surprises: AtomicU32,
    /// By index of instruction: 0, or the number by which the entry gets there, which is not 0.
    pub places: Box<[u16]>,
    /// What the code has the addresses of.
    pub objects: Box<[Obj]>,
    /// Owns the memory.
    pub memory: Box<dyn Any + Send + Sync>,
}

impl Machine {
    /// The number of the place at which calls enter.
    pub const START: u16 = 1;
    /// Whether what it has of attributes may be wrong by now: then it leaves wherever it is entered.
    pub fn is_stale(&self) -> bool {
        self.epoch != slot_caches::epoch()
    }
}

/// How far a code object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Stage {
    /// Calls and turns are counted.
    Counting,
    /// And what is executed is recorded.
    Recording,
    /// Somebody takes it to the next stage.
    Between,
    /// The tier was asked.
    Settled,
}

/// See the module.
#[derive(Default)]
pub struct Tier {
    heat: AtomicU32,
    stage: AtomicU8,
    /// Which of the codes is the last; 0: none.
    current: AtomicU8,
    codes: [OnceLock<Box<Machine>>; MOST],
    /// Where the last code is entered at its start; 0: nowhere.
    entry: AtomicUsize,
    record: OnceLock<Box<Record>>,
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
        // Acquire: the code that it says is there.
        let current = self.current.load(Ordering::Acquire) as usize;
        self.codes.get(current.wrapping_sub(1))?.get().map(|machine| &**machine)
    }
    /// Whether machine code was made but once.
    pub fn is_first(&self) -> bool {
        self.current.load(Ordering::Relaxed) == 1
    }
    /// Whether machine code cannot be made again.
    pub fn is_last(&self) -> bool {
        let most = if self.code().is_some_and(Machine::is_stale) { MOST } else { MOST_FOUND };
        // Relaxed: `again` asks once more, when nobody else makes any.
        self.current.load(Ordering::Relaxed) as usize >= most
    }
    /// Whether machine code that is made now is the last that may be made because it finds something else.
    pub fn makes_last(&self) -> bool {
        self.current.load(Ordering::Relaxed) as usize + 1 >= MOST_FOUND
    }
    /// Where it is said where machine code is entered at its start, or 0, for machine code: as long as the code object lives.
    pub fn entry_address(&self) -> *const usize {
        self.entry.as_ptr()
    }
    /// Where a call enters machine code, or 0.
    #[inline]
    pub fn entry(&self) -> usize {
        // Acquire: the code that is there.
        self.entry.load(Ordering::Acquire)
    }
    /// Whether the tier was asked, and calls enter no machine code.
    pub fn is_refused(&self) -> bool {
        self.entry() == 0 && self.stage.load(Ordering::Relaxed) == Stage::Settled as u8
    }
    /// What was recorded.
    #[inline]
    pub fn record(&self) -> Option<&Record> {
        self.record.get().map(|record| &**record)
    }
    /// Takes the code from one stage to another. Whether the caller is who did.
    pub fn advance(&self, from: Stage, to: Stage) -> bool {
        self.stage.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
    /// All objects that are to be kept.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Obj> {
        self.codes.iter().filter_map(OnceLock::get).flat_map(|code| code.objects.iter())
    }
}

/// The handler of an instruction of code that is counted.
pub(super) fn counting_handler(code: &[super::Word], pc: usize) -> Option<u8> {
    let prepares = |word: &super::Word| word.instr().op().is_some_and(taipan_bytecode::Op::prepares);
    if code[pc].opcode() == taipan_bytecode::Op::JumpBackward as u16 {
        return Some(COUNT_TURNS);
    }
    (!prepares(&code[pc]) && code[..pc].iter().all(prepares)).then_some(COUNT_CALLS)
}

/// Lets each instruction that was not recorded be it, and counts on. Whether that can be; the caller has taken the code to [`Stage::Between`].
pub fn start_recording(code: &PyCode) -> bool {
    if code.words.len() * code.nregs as usize > MOST_RECORDED {
        return false;
    }
    let record = code.machine.record.get_or_init(|| Box::new(Record::new(code.words.len(), code.nregs)));
    for (pc, word) in code.words.iter().enumerate() {
        word.set_dispatch(if record.is_complete(pc) {
            counting_handler(&code.words, pc)
        } else {
            Some(RECORD)
        });
    }
    true
}

/// Has an instruction been recorded often enough: its handler is another from now on.
pub fn end_recording(code: &PyCode, pc: usize) {
    code.words[pc].replace_dispatch(RECORD, counting_handler(&code.words, pc));
}

/// Lets what was not recorded be it, of code that is part of other machine code.
pub fn record_rest(code: &PyCode) {
    let Some(record) = code.machine.record() else { return };
    for pc in (0..code.words.len()).filter(|pc| !record.is_seen(*pc)) {
        code.words[pc].set_dispatch(Some(RECORD));
    }
}

/// Ends the counting of `code`, and enters `machine` from now on, if there is one. The caller has taken the code to [`Stage::Between`]. Whether there may be other machine code later.
pub fn settle(code: &PyCode, machine: Option<Machine>) {
    let tier = &code.machine;
    let current = tier.current.load(Ordering::Relaxed) as usize;
    if let Some(machine) = machine
        && let Some(place) = tier.codes.get(current)
        && place.set(Box::new(machine)).is_ok()
    {
        // Release: see `code`.
        tier.current.store(current as u8 + 1, Ordering::Release);
    }
    let entry = tier.code().filter(|machine| machine.has_start).map_or(0, |machine| machine.entry);
    tier.entry.store(entry, Ordering::Release);
    let places = tier.code().map(|machine| &machine.places);
    for (pc, word) in code.words.iter().enumerate() {
        let enters = places.is_some_and(|places| places.get(pc).is_some_and(|place| *place != 0));
        word.set_dispatch(enters.then_some(ENTER));
    }
    tier.advance(Stage::Between, Stage::Settled);
}

/// Enters machine code of `code` no more, if it is stale.
pub fn give_up_stale(code: &PyCode) {
    let tier = &code.machine;
    if !tier.advance(Stage::Settled, Stage::Between) {
        return;
    }
    if tier.code().is_some_and(Machine::is_stale) {
        tier.entry.store(0, Ordering::Relaxed);
        for word in code.words.iter() {
            word.set_dispatch(None);
        }
    }
    tier.advance(Stage::Between, Stage::Settled);
}

/// Counts on from `heat`, and records what was not recorded, or all of it `anew`, so that the tier is asked again. Whether that can be.
pub fn again(code: &PyCode, heat: u32, anew: bool) -> bool {
    let tier = &code.machine;
    if !tier.advance(Stage::Settled, Stage::Between) {
        return false;
    }
    // Exact: who made the last one took the code to the stage before.
    if tier.is_last() {
        tier.advance(Stage::Between, Stage::Settled);
        return false;
    }
    tier.heat.store(heat, Ordering::Relaxed);
    if let Some(record) = tier.record().filter(|_| anew) {
        record.restart_all(tier.is_first());
    }
    let recording = start_recording(code);
    if recording {
        // Machine code that calls it would go on entering it, and nothing would be recorded.
        tier.entry.store(0, Ordering::Relaxed);
    }
    tier.advance(Stage::Between, if recording { Stage::Recording } else { Stage::Settled });
    recording
}
