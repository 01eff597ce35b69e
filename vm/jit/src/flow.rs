//! Where blocks begin, and where machine code can be entered.

use std::collections::BTreeSet;

use taipan_objects::code::machine::Machine;

use crate::expect;
use crate::plan::Plan;
use crate::program::Program;

/// Instructions of the processor that are to be saved for machine code to be worth entering: several times what it takes to get in and out, since what was expected may not come.
const WORTH: i32 = 150;
/// Steps that are looked at for that.
const FARTHEST: u32 = 96;
/// Percent of what the interpreter needs that machine code is to save in a loop, elsewhere, and where machine code calls it: it has to make up for being read from memory besides the interpreter,
/// which is in the processor's cache.
const LOOP_PERCENT: i32 = 20;
const PERCENT: i32 = 35;
const CALLED_PERCENT: i32 = 12;

/// What is made machine code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// What is faster then.
    Worth,
    /// All that saves anything, for tests.
    All,
}

impl Choice {
    /// Whether a way saves more than it takes to get in and out, and that percentage of the whole.
    fn takes(self, way: Way) -> bool {
        let enough = if way.turns { way.saved > 0 } else { way.saved >= WORTH };
        enough && self.is_dense(way, if way.turns { LOOP_PERCENT } else { PERCENT })
    }
    fn is_dense(self, way: Way, percent: i32) -> bool {
        self == Choice::All || way.saved * 100 >= way.cost * percent
    }
}

/// The shape of the code.
pub struct Flow {
    /// Where jumps back lead.
    pub heads: Vec<usize>,
    /// Where machine code can be entered besides.
    pub entries: Vec<usize>,
    /// Where blocks begin.
    pub leaders: BTreeSet<usize>,
    /// Of the heads those at which it is entered.
    entered: Vec<usize>,
    /// Where calls enter it.
    pub start: Option<usize>,
    /// Whether it is worth it for the interpreter, too.
    is_start_worth: bool,
}

impl Flow {
    pub fn of(program: &Program, choice: Choice) -> Flow {
        let (plans, own) = (&program.plans[..], program.own());
        let mut heads = BTreeSet::new();
        let mut leaders = BTreeSet::new();
        let mut behind = BTreeSet::new();
        // What prepares a frame is part of it, and not worth being entered for by the interpreter.
        let start = 0;
        behind.insert(own.min(program.bodies[0].code.entry_index()));
        for (pc, plan) in plans.iter().enumerate() {
            match plan {
                // What is not called any more is not compiled.
                Plan::Back { target } if program.is_active(pc) => {
                    heads.insert(*target);
                }
                Plan::Jump { target } => {
                    leaders.insert(*target);
                }
                Plan::Branch { target, .. } => {
                    leaders.insert(*target);
                    leaders.insert(Plan::next(pc, plans));
                }
                Plan::For { target, .. } => {
                    leaders.insert(*target);
                    leaders.insert(Plan::next(pc, plans));
                    leaders.extend(program.behind_pair(pc));
                    behind.insert(*target);
                }
                Plan::Leave { goes_on: true } => {
                    behind.insert(Plan::next(pc, plans));
                    // The interpreter may have executed what takes its result apart, too.
                    behind.extend(program.behind_pair(pc));
                    // What is a jump for the interpreter leads there, too.
                    behind.extend(program.jump_target(pc));
                }
                Plan::Invoke { .. } | Plan::Execute { .. } => {
                    behind.insert(Plan::next(pc, plans));
                }
                Plan::Decide { target, .. } | Plan::Next { target, .. } => {
                    leaders.insert(*target);
                    leaders.insert(Plan::next(pc, plans));
                    behind.insert(*target);
                    behind.insert(Plan::next(pc, plans));
                    behind.extend(program.behind_pair(pc));
                }
                Plan::Enter { target, .. } | Plan::EnterLent { target, .. } => {
                    leaders.insert(*target);
                    leaders.insert(Plan::next(pc, plans));
                    // Where the callee was left it returns to the interpreter.
                    behind.insert(Plan::next(pc, plans));
                }
                _ => {}
            }
        }
        let worth = |pc: &usize| *pc < own && choice.takes(way(program, *pc, *pc, FARTHEST));
        let mut entries: Vec<usize> =
            behind.iter().copied().filter(|pc| worth(pc) && !heads.contains(pc)).collect();
        let entered = heads.iter().copied().filter(worth).collect();
        // Machine code that calls it enters it at its start anyway.
        let is_start_worth = start == program.bodies[0].code.entry_index() && worth(&start);
        // What saves nothing is not for callers in machine code either.
        let beginning = way(program, start, start, FARTHEST);
        let called = own > 0
            && beginning.saved > 0
            && choice.is_dense(beginning, CALLED_PERCENT)
            && !matches!(plans[0], Plan::Leave { .. } | Plan::Unseen);
        if called && !entries.contains(&start) && !heads.contains(&start) {
            entries.push(start);
        }
        leaders.extend(heads.iter().chain(&entries));
        leaders.retain(|pc| *pc < plans.len());
        let heads = heads.into_iter().collect();
        Flow { heads, entries, leaders, entered, start: called.then_some(start), is_start_worth }
    }

    /// The instructions at which machine code is entered, by number: [`Machine::START`] is the start, others follow.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let others = self.entered.iter().chain(&self.entries).filter(|pc| Some(**pc) != self.start);
        let start = self.start.map(|pc| (Machine::START as usize, pc));
        start
            .into_iter()
            .chain(others.enumerate().map(|(index, pc)| (index + 1 + Machine::START as usize, *pc)))
    }

    /// Those of them at which the interpreter enters it.
    pub fn entered_places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.places().filter(|(_, pc)| Some(*pc) != self.start || self.is_start_worth)
    }
}

/// Instructions of the processor, about, that are saved by doing the step in machine code, and that the interpreter needs for it. What is done by functions costs more than what the interpreter does itself.
fn estimate(plan: Plan) -> (i32, i32) {
    match plan {
        Plan::Leave { .. } | Plan::Unseen | Plan::Call { .. } | Plan::Behind => (0, 0),
        Plan::Nop
        | Plan::Const { .. }
        | Plan::Copy { .. }
        | Plan::Move { .. }
        | Plan::Lend { .. }
        | Plan::Drop { .. }
        | Plan::CheckLocal { .. } => (8, 12),
        Plan::Jump { .. } | Plan::Not { .. } | Plan::Is { .. } => (10, 12),
        Plan::Back { .. } => (10, 20),
        Plan::Branch { .. } => (15, 20),
        Plan::LoadGlobal { .. } => (12, 28),
        Plan::Equal { .. } => (40, 90),
        Plan::LoadCell { .. } => (12, 28),
        Plan::CopyFree { .. } => (20, 50),
        Plan::LoadAttr { .. } | Plan::LoadMethod { .. } => (12, 35),
        Plan::StoreAttr { .. } => (12, 45),
        Plan::For { .. } | Plan::Item { .. } | Plan::StoreItem { .. } => (18, 45),
        Plan::Power { .. }
        | Plan::Arith { .. }
        | Plan::Square { .. }
        | Plan::Neg { .. }
        | Plan::Compare { .. } => (22, 28),
        Plan::Append { .. } => (0, 40),
        Plan::Unpack { .. } => (0, 60),
        Plan::Get { .. } => (-5, 60),
        Plan::Build { .. } => (-5, 80),
        Plan::Slice { .. } => (-5, 150),
        Plan::Native { .. } => (-10, 95),
        Plan::IsNumber { .. } | Plan::Length { .. } | Plan::Enter { .. } | Plan::EnterLent { .. } => (60, 95),
        Plan::Return { .. } => (60, 80),
        Plan::End { .. } => (40, 80),
        Plan::Invoke { callee: Some(_), .. } => (80, 130),
        Plan::Invoke { .. } => (-40, 130),
        Plan::Execute { .. } | Plan::Decide { .. } => (-10, 70),
        Plan::Next { .. } => (-20, 70),
    }
}

/// What is saved on a way, and what the interpreter needs for it.
#[derive(Clone, Copy, Default)]
struct Way {
    saved: i32,
    cost: i32,
    /// Whether it comes back to where it begins.
    turns: bool,
}

/// The way from `pc` until it leaves, or comes to `start` again.
fn way(program: &Program, start: usize, mut pc: usize, mut left: u32) -> Way {
    let plans = &program.plans[..];
    let mut way = Way::default();
    while left > 0 {
        left -= 1;
        let Some(plan) = plans.get(pc).copied() else { break };
        let (saved, cost) = match plan {
            // They have machine code, too, as a rule: then it is entered from here without the interpreter.
            Plan::Invoke { callee: None, .. } if expect::calls_python(program, pc) => (0, 130),
            Plan::Enter { callee, .. } if program.bodies[callee as usize].class.is_some() => (150, 330),
            _ => estimate(plan),
        };
        way.saved += saved;
        way.cost += cost;
        let mut successors = plan.successors(pc, plans);
        match (successors.next(), successors.next()) {
            (None, _) => break,
            (Some(next), None) => pc = next,
            // The end of a loop is the less frequent way.
            (Some(next), Some(_)) if matches!(plan, Plan::For { .. } | Plan::Next { .. }) => pc = next,
            (Some(one), Some(other)) => {
                let (one, other) =
                    (self::way(program, start, one, left / 2), self::way(program, start, other, left / 2));
                way.saved += one.saved.midpoint(other.saved);
                way.cost += one.cost.midpoint(other.cost);
                way.turns = one.turns || other.turns;
                return way;
            }
        }
        if pc == start {
            way.turns = true;
            return way;
        }
    }
    way
}
