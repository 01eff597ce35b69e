//! Where blocks begin, and where machine code can be entered.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::program::Program;

/// Instructions of the processor that are to be saved for machine code to be worth entering: several times what it takes to get in and out, since what was expected may not come.
const WORTH: u32 = 300;
/// Steps that are looked at for that.
const FARTHEST: u32 = 96;

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
}

impl Flow {
    pub fn of(program: &Program) -> Flow {
        let (plans, own) = (&program.plans[..], program.own());
        let mut heads = BTreeSet::new();
        let mut leaders = BTreeSet::new();
        let mut behind = BTreeSet::new();
        let start = own.min(program.bodies[0].code.entry_index());
        behind.insert(start);
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
                    behind.insert(*target);
                }
                Plan::Leave { goes_on: true } => {
                    behind.insert(Plan::next(pc, plans));
                    // What is a jump for the interpreter leads there, too.
                    behind.extend(program.jump_target(pc));
                }
                Plan::Enter { target, .. } => {
                    leaders.insert(*target);
                    leaders.insert(Plan::next(pc, plans));
                    // Where the callee was left it returns to the interpreter.
                    behind.insert(Plan::next(pc, plans));
                }
                _ => {}
            }
        }
        let worth = |pc: &usize| *pc < own && is_worth(plans, *pc);
        let entries: Vec<usize> =
            behind.iter().copied().filter(|pc| worth(pc) && !heads.contains(pc)).collect();
        let entered = heads.iter().copied().filter(worth).collect();
        leaders.extend(heads.iter().chain(&entries));
        leaders.retain(|pc| *pc < plans.len());
        Flow { heads: heads.into_iter().collect(), entries, leaders, entered }
    }

    /// The instructions at which machine code is entered, by number from 1.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.entered.iter().chain(&self.entries).enumerate().map(|(index, pc)| (index + 1, *pc))
    }

    /// Whether a jump back leads there.
    pub fn is_head(&self, pc: usize) -> bool {
        self.heads.binary_search(&pc).is_ok()
    }
}

/// Instructions of the processor that are saved by doing the step in machine code, about.
fn gain(plan: Plan) -> u32 {
    match plan {
        Plan::Leave { .. } | Plan::Call { .. } | Plan::Behind => 0,
        Plan::Nop
        | Plan::Const { .. }
        | Plan::Copy { .. }
        | Plan::Move { .. }
        | Plan::Lend { .. }
        | Plan::Drop { .. }
        | Plan::CheckLocal { .. }
        | Plan::LoadGlobal { .. }
        | Plan::Native { .. }
        | Plan::Build { .. } => 6,
        Plan::Jump { .. }
        | Plan::Back { .. }
        | Plan::LoadCell { .. }
        | Plan::Not { .. }
        | Plan::Is { .. } => 8,
        Plan::Append { .. } | Plan::Unpack { .. } => 10,
        Plan::LoadAttr { .. } | Plan::StoreAttr { .. } | Plan::LoadMethod { .. } => 8,
        Plan::Branch { .. } => 15,
        Plan::Get { .. } | Plan::In { .. } | Plan::Slice { .. } => 10,
        Plan::For { .. } | Plan::Item { .. } | Plan::StoreItem { .. } => 18,
        Plan::Power { .. }
        | Plan::Arith { .. }
        | Plan::Square { .. }
        | Plan::Neg { .. }
        | Plan::Compare { .. } => 22,
        Plan::Enter { .. } | Plan::Return { .. } => 40,
    }
}

/// Whether machine code saves more from there on than it takes to get in and out of it.
fn is_worth(plans: &[Plan], pc: usize) -> bool {
    saved(plans, pc, pc, FARTHEST) >= WORTH
}

/// What is saved from `pc` on until it leaves, or comes back to `start`.
fn saved(plans: &[Plan], start: usize, mut pc: usize, mut left: u32) -> u32 {
    let mut sum = 0;
    while left > 0 && sum < WORTH {
        left -= 1;
        let Some(plan) = plans.get(pc).copied() else { break };
        sum += gain(plan);
        let mut successors = plan.successors(pc, plans);
        match (successors.next(), successors.next()) {
            (None, _) => break,
            (Some(next), None) => pc = next,
            // The end of a loop is the less frequent way.
            (Some(next), Some(_)) if matches!(plan, Plan::For { .. }) => pc = next,
            (Some(one), Some(other)) => {
                let (one, other) = (saved(plans, start, one, left / 2), saved(plans, start, other, left / 2));
                return sum + one.midpoint(other);
            }
        }
        if pc == start {
            return WORTH;
        }
    }
    sum
}
