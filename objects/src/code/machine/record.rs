//! What instructions found when they were executed.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use taipan_gc::{Obj, ShapeId};
use taipan_threading::sync::atomic::{AtomicU8, AtomicU16, Ordering};

/// How often an instruction is recorded.
const TIMES: u8 = 12;
/// In the number of times: it was recorded before, and what was found then counts, too, …
const MORE: u8 = 1 << 6;
/// … or no longer when it is recorded once more.
const STALE: u8 = 1 << 7;

/// By index of instruction, kinds of what the registers held in front of it, and what it called. Kinds are bits whose meaning is the recorder's. Threads write at once, and something may get lost:
/// these are guesses.
pub struct Record {
    registers: usize,
    kinds: Box<[AtomicU16]>,
    times: Box<[AtomicU8]>,
    sites: Mutex<BTreeMap<usize, Site>>,
}

/// What was called, by the address of the record and the instruction: examples, which are forgotten when somebody asks for a collection.
static CALLEES: Mutex<BTreeMap<(usize, usize), Obj>> = Mutex::new(BTreeMap::new());

/// Forgets what was called.
pub fn forget_examples() {
    let callees = std::mem::take(&mut *CALLEES.lock());
    drop(callees);
}

/// What else is known of an instruction.
#[derive(Default)]
struct Site {
    /// Whether it called more than one.
    several: bool,
    /// By how many times what is remembered was called more often than others since it is.
    lead: u32,
    /// Whether it called functions in Python, and anything else.
    calls_python: bool,
    calls_other: bool,
    /// Whether it was recorded anew.
    again: bool,
    /// What its cache said when that led to a slot, and which.
    slots: Vec<(u64, RecordedSlot)>,
}

/// A slot that an instruction wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordedSlot {
    /// How many bytes from the header it is.
    pub offset: i32,
    /// The shape that the object got by that, if it is another one.
    pub to: Option<ShapeId>,
}

impl Record {
    /// Of so many instructions and registers.
    pub fn new(instructions: usize, registers: u16) -> Record {
        let registers = registers as usize;
        Record {
            registers,
            kinds: (0..instructions * registers).map(|_| AtomicU16::new(0)).collect(),
            times: (0..instructions).map(|_| AtomicU8::new(0)).collect(),
            sites: Mutex::default(),
        }
    }
    /// Says that the instruction is executed once more. Whether that was often enough.
    pub fn count(&self, pc: usize) -> bool {
        let times = self.times[pc].load(Ordering::Relaxed);
        if times & !MORE < TIMES {
            self.times[pc].store(times + 1, Ordering::Relaxed);
        }
        self.is_complete(pc)
    }
    /// Whether the instruction was executed.
    pub fn is_seen(&self, pc: usize) -> bool {
        self.times[pc].load(Ordering::Relaxed) > 0
    }
    /// Whether it was executed often enough.
    pub fn is_complete(&self, pc: usize) -> bool {
        let times = self.times[pc].load(Ordering::Relaxed);
        times & STALE == 0 && times & !MORE >= TIMES
    }
    /// The instruction is about to be recorded.
    pub fn begin(&self, pc: usize) {
        if self.times[pc].load(Ordering::Relaxed) & STALE != 0 {
            self.forget(pc);
            self.times[pc].store(0, Ordering::Relaxed);
        }
    }
    fn forget(&self, pc: usize) {
        for kinds in &self.kinds[pc * self.registers..(pc + 1) * self.registers] {
            kinds.store(0, Ordering::Relaxed);
        }
    }
    /// A register held that kind in front of the instruction.
    pub fn add(&self, pc: usize, register: usize, kind: u16) {
        let place = &self.kinds[pc * self.registers + register];
        let known = place.load(Ordering::Relaxed);
        if known | kind != known {
            place.fetch_or(kind, Ordering::Relaxed);
        }
    }
    /// Lets the instruction be recorded anew, because it found something else later. The second time what was found before counts, too; the first time unless it `forgets` that.
    pub fn restart(&self, pc: usize, forgets: bool) {
        if !std::mem::replace(&mut self.sites.lock().entry(pc).or_default().again, true) && forgets {
            self.forget(pc);
        }
        self.times[pc].store(0, Ordering::Relaxed);
    }
    /// Lets the instruction be recorded a few times more: what is found counts beside what was found before.
    pub fn record_more(&self, pc: usize) {
        self.times[pc].store(MORE, Ordering::Relaxed);
    }
    /// Lets all instructions be recorded anew, because some found something else later. What was found before counts, too, unless this `forgets` it: then it does where there is nothing newer, and
    /// where that is what was found instead of something else.
    pub fn restart_all(&self, forgets: bool) {
        let sites = self.sites.lock();
        for (pc, times) in self.times.iter().enumerate() {
            let forgets = forgets && !sites.get(&pc).is_some_and(|site| site.again);
            if times.load(Ordering::Relaxed) != 0 {
                times.store(if forgets { STALE } else { MORE }, Ordering::Relaxed);
            }
        }
    }
    /// All kinds that a register held in front of the instruction.
    pub fn kinds(&self, pc: usize, register: usize) -> u16 {
        if register >= self.registers {
            return 0;
        }
        self.kinds.get(pc * self.registers + register).map_or(0, |kinds| kinds.load(Ordering::Relaxed))
    }
    fn key(&self, pc: usize) -> (usize, usize) {
        (std::ptr::from_ref(self).addr(), pc)
    }
    /// The instruction called a function in Python, or something else.
    pub fn add_call(&self, pc: usize, is_python: bool) {
        let mut sites = self.sites.lock();
        let site = sites.entry(pc).or_default();
        *(if is_python { &mut site.calls_python } else { &mut site.calls_other }) = true;
    }
    /// Whether the instruction called functions in Python, and nothing else.
    pub fn calls_python(&self, pc: usize) -> bool {
        self.sites.lock().get(&pc).is_some_and(|site| site.calls_python && !site.calls_other)
    }
    /// The instruction called that.
    pub fn add_callee(&self, pc: usize, callee: &Obj) {
        let mut callees = CALLEES.lock();
        let mut sites = self.sites.lock();
        let site = sites.entry(pc).or_default();
        let remembered = callees.entry(self.key(pc)).or_insert_with(|| callee.clone());
        if remembered.value().same(callee.value()) {
            site.lead += 1;
            return;
        }
        // The majority vote of Boyer and Moore.
        site.several = true;
        match site.lead.checked_sub(1) {
            Some(lead) => site.lead = lead,
            None => {
                let former = std::mem::replace(remembered, callee.clone());
                site.lead = 1;
                drop((sites, callees));
                drop(former);
            }
        }
    }
    /// What the instruction called, if that was always the same.
    pub fn callee(&self, pc: usize) -> Option<Obj> {
        let several = self.sites.lock().get(&pc).is_some_and(|site| site.several);
        if several { None } else { CALLEES.lock().get(&self.key(pc)).cloned() }
    }
    /// What the instruction called more often than all else, if it called several.
    pub fn usual_callee(&self, pc: usize) -> Option<Obj> {
        let leads = self.sites.lock().get(&pc).is_some_and(|site| site.several && site.lead > 0);
        if leads { CALLEES.lock().get(&self.key(pc)).cloned() } else { None }
    }
    /// The instruction wrote to a slot because its cache said `word`.
    pub fn add_slot(&self, pc: usize, word: u64, slot: RecordedSlot) {
        let mut sites = self.sites.lock();
        let slots = &mut sites.entry(pc).or_default().slots;
        if !slots.contains(&(word, slot)) {
            slots.push((word, slot));
        }
    }
    /// The slot to which the instruction writes if its cache says `word`.
    pub fn slot(&self, pc: usize, word: u64) -> Option<RecordedSlot> {
        let sites = self.sites.lock();
        sites.get(&pc)?.slots.iter().find(|slot| slot.0 == word).map(|slot| slot.1)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let mut callees = CALLEES.lock();
        let keys: Vec<_> = callees.range(self.key(0)..=self.key(usize::MAX)).map(|(key, _)| *key).collect();
        let gone: Vec<_> = keys.into_iter().filter_map(|key| callees.remove(&key)).collect();
        drop(callees);
        drop(gone);
    }
}
