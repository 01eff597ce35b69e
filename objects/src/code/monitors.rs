//! What monitoring (PEP 669) keeps beside a code object: the events that tools want of this code alone, and the places where a tool
//! switched an event off. Made when the first of either is asked for; all of it is atomic, and a reader that comes a little early or
//! late delivers one event more or less.

use taipan_threading::sync::atomic::{AtomicU64, Ordering};

/// Tools, the interpreter's own two (profile and trace functions) not included.
pub const TOOLS: usize = 6;

/// See the module.
pub struct CodeMonitors {
    /// For each tool the version of the tool (high half) that set the events (low half).
    local: [AtomicU64; TOOLS],
    /// For each instruction eight groups of events, a bit for each tool that wants none of the group here any more.
    off: Box<[AtomicU64]>,
    /// The round of `restart_events` in which `off` was last emptied.
    round: AtomicU64,
}

impl CodeMonitors {
    /// For code of `instructions` instructions.
    pub fn new(instructions: usize) -> Box<CodeMonitors> {
        Box::new(CodeMonitors {
            local: [const { AtomicU64::new(0) }; TOOLS],
            off: (0..instructions).map(|_| AtomicU64::new(0)).collect(),
            round: AtomicU64::new(0),
        })
    }
    /// The events that version `version` of tool `tool` wants here.
    pub fn local(&self, tool: usize, version: u32) -> u32 {
        let word = self.local[tool].load(Ordering::Relaxed);
        if (word >> 32) as u32 == version { word as u32 } else { 0 }
    }
    /// Sets them.
    pub fn set_local(&self, tool: usize, version: u32, events: u32) {
        self.local[tool].store((version as u64) << 32 | events as u64, Ordering::Relaxed);
    }
    /// Forgets what was switched off before round `round`.
    fn start_round(&self, round: u64) {
        if self.round.load(Ordering::Relaxed) != round {
            for word in &self.off {
                word.store(0, Ordering::Relaxed);
            }
            self.round.store(round, Ordering::Relaxed);
        }
    }
    /// Whether `tool` switched `group` off at instruction `pc` since round `round` began.
    pub fn is_off(&self, tool: usize, group: u32, pc: usize, round: u64) -> bool {
        self.start_round(round);
        let word = self.off.get(pc).map_or(0, |word| word.load(Ordering::Relaxed));
        word & bit(tool, group) != 0
    }
    /// Switches it off.
    pub fn switch_off(&self, tool: usize, group: u32, pc: usize, round: u64) {
        self.start_round(round);
        if let Some(word) = self.off.get(pc) {
            word.fetch_or(bit(tool, group), Ordering::Relaxed);
        }
    }
    /// Switches everything on again for `tool`.
    pub fn switch_on(&self, tool: usize) {
        let all = (0..8).fold(0, |bits, group| bits | bit(tool, group));
        for word in &self.off {
            word.fetch_and(!all, Ordering::Relaxed);
        }
    }
}

fn bit(tool: usize, group: u32) -> u64 {
    1 << (tool as u32 + group * 8)
}
