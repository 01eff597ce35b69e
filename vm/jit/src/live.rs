//! Which registers are worth knowing something of: those that are used as numbers or lists before they are written, on some way that machine code goes.

use taipan_bytecode::Instr;

use crate::plan::{Operand, Plan, Reg, Result, Test};
use crate::program::Program;

/// A set of registers.
#[derive(Clone, PartialEq)]
pub struct Registers(Vec<u64>);

impl Registers {
    fn none(count: usize) -> Registers {
        Registers(vec![0; count.div_ceil(64)])
    }
    fn add(&mut self, register: Reg) {
        self.0[register as usize / 64] |= 1 << (register % 64);
    }
    fn remove(&mut self, register: Reg) {
        self.0[register as usize / 64] &= !(1 << (register % 64));
    }
    fn add_all(&mut self, other: &Registers) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
    /// Whether it has the register.
    pub fn has(&self, register: usize) -> bool {
        self.0[register / 64] >> (register % 64) & 1 != 0
    }
}

/// The sets in front of the steps.
pub fn live(program: &Program) -> Vec<Registers> {
    let plans = &program.plans[..];
    let mut sets = vec![Registers::none(program.registers); plans.len()];
    loop {
        let mut changed = false;
        for step in (0..plans.len()).rev() {
            let mut set = Registers::none(program.registers);
            for next in plans[step].successors(step, plans) {
                set.add_all(&sets[next]);
            }
            before(program, plans[step], &mut set);
            if set != sets[step] {
                sets[step] = set;
                changed = true;
            }
        }
        if !changed {
            return sets;
        }
    }
}

/// From the set behind a step that in front of it.
fn before(program: &Program, plan: Plan, set: &mut Registers) {
    let taken = |operand: u16| Instr::split_take(operand).0;
    match plan {
        Plan::Leave { .. }
        | Plan::Unseen
        | Plan::Call { .. }
        | Plan::Behind
        | Plan::End { .. }
        | Plan::Nop
        | Plan::Jump { .. }
        | Plan::Back { .. } => {}
        Plan::Drop { register } | Plan::CheckLocal { register } => set.remove(register),
        Plan::Const { to, .. }
        | Plan::LoadGlobal { to, .. }
        | Plan::LoadAttr { to, .. }
        | Plan::LoadCell { to, .. }
        | Plan::Get { to, .. }
        | Plan::Slice { to, .. }
        | Plan::Build { to, .. }
        | Plan::Not { to, .. }
        | Plan::Is { to, .. }
        | Plan::Equal { to, .. } => set.remove(to),
        Plan::LoadMethod { to, .. } => {
            set.remove(to);
            set.remove(to + 1);
        }
        Plan::Copy { to, from } | Plan::Move { to, from } | Plan::Lend { to, from } => {
            let wanted = set.has(to as usize);
            set.remove(to);
            if wanted {
                set.add(from);
            }
        }
        Plan::Arith { to, left, right, .. } | Plan::Compare { to, left, right, .. } => {
            set.remove(to);
            set.add(left);
            if let Operand::Reg(right) = right {
                set.add(right);
            }
        }
        Plan::Power { to, left, right } => {
            set.remove(to);
            set.add(left);
            set.add(right);
        }
        Plan::Square { to, from } | Plan::Neg { to, from } => {
            set.remove(to);
            set.add(from);
        }
        Plan::Branch { test, .. } => {
            if let Test::Compare { left, right, .. } = test {
                set.add(left);
                if let Operand::Reg(right) = right {
                    set.add(right);
                }
            }
        }
        Plan::For { item, .. } => set.remove(item),
        Plan::Next { item, pair, .. } => {
            set.remove(item);
            if let Some(first) = pair {
                set.remove(first);
                set.remove(first + 1);
            }
        }
        Plan::Execute { effects } => {
            for (first, count) in [effects.written, effects.emptied] {
                (first..first + count).for_each(|register| set.remove(register));
            }
            effects.taken.into_iter().flatten().for_each(|register| set.remove(register));
        }
        Plan::Decide { drops, .. } => {
            drops.into_iter().flatten().for_each(|register| set.remove(register));
        }
        Plan::Item { to, container, index } => {
            set.remove(to);
            set.add(container);
            if let Operand::Reg(index) = index {
                set.add(index);
            }
        }
        Plan::StoreItem { container, index, operand } => {
            set.add(container);
            set.add(index);
            set.add(taken(operand));
        }
        Plan::StoreAttr { operand, .. } => set.add(taken(operand)),
        Plan::Append { .. } => {}
        Plan::CopyFree { first, count } | Plan::Unpack { first, count, .. } => {
            (first..first + count).for_each(|register| set.remove(register))
        }
        Plan::IsNumber { base, to, .. } => {
            set.remove(to);
            (base..base + 4).for_each(|register| set.remove(register));
            set.add(base + 2);
        }
        Plan::Length { base, to, .. } => {
            set.remove(to);
            (base..base + 3).for_each(|register| set.remove(register));
        }
        Plan::Native { base, count, to, .. } | Plan::Invoke { base, count, to, .. } => {
            set.remove(to);
            (base..base + 2 + count).for_each(|register| set.remove(register));
        }
        Plan::EnterLent { argument, first, callee, .. } => {
            let wanted = argument.is_some() && set.has(first as usize + 1);
            let end = first + program.bodies[callee as usize].code.nregs;
            (first..end).for_each(|register| set.remove(register));
            if let (true, Some(Operand::Reg(argument))) = (wanted, argument) {
                set.add(argument);
            }
        }
        Plan::Enter { first, count, callee, .. } => {
            let end = first + program.bodies[callee as usize].code.nregs;
            (first + count..end).for_each(|register| set.remove(register));
        }
        Plan::Return { from, callee, first, to, .. } => {
            let wanted = set.has(to as usize);
            let end = first + program.bodies[callee as usize].code.nregs;
            set.remove(to);
            (first..end).for_each(|register| set.remove(register));
            if let (true, Result::Reg(from)) = (wanted, from) {
                set.add(from);
            }
        }
    }
}
