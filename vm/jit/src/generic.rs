//! What machine code has executed for it, because it is for the interpreter but no reason to leave.

use taipan_bytecode::{BranchFlags, Instr, Op, OperandKind};
use taipan_vm::tier::execute;

use crate::plan::{Effects, Plan, Reg};
use crate::program::Program;

/// The plan of a step that is to be executed as the interpreter does, if machine code may go on behind it.
pub fn plan(program: &Program, step: usize) -> Option<Plan> {
    let body = program.body(step);
    let instr = program.instr(step);
    let op = instr.op()?;
    let base = body.base;
    let [a, b, c] = [instr.a(), instr.b(), instr.c()];
    if matches!(op, Op::CallKw | Op::CallMethodKw | Op::CallEx) {
        let end = program.end(step) as Reg;
        // Of `CALL_EX` the arguments are in two registers.
        let count = if op == Op::CallEx { 2 } else { b };
        return Some(Plan::Invoke {
            base: a + base,
            count,
            to: c + base,
            method: op == Op::CallMethodKw,
            end,
            callee: None,
        });
    }
    if !execute::is_known(op) {
        return None;
    }
    if let Some(target) = program.jump_target(step) {
        if op == Op::ForIter {
            let (code, pc) = (program.code(step), program.places[step].pc);
            let item = code.instr(pc + 1).a() + base;
            let pair = execute::takes_pair(code, pc).then(|| code.instr(pc + 2).a() + base);
            return Some(Plan::Next { iterator: a + base, item, pair, target });
        }
        let flags = if op.branch_length() == Some(2) { c } else { 0 };
        let dropped = |register: Reg, flag: u16| (flags & flag != 0).then_some(register + base);
        let popped = matches!(op, Op::PopJumpIfFalse | Op::PopJumpIfTrue).then_some(a + base);
        let drops = [dropped(a, BranchFlags::DROP_A).or(popped), dropped(b, BranchFlags::DROP_B)];
        return Some(Plan::Decide { drops, target });
    }
    let mut effects = Effects::default();
    let kinds = op.info().operands;
    if kinds[0] == OperandKind::W {
        effects.written = (a + base, if op == Op::LoadMethod { 2 } else { 1 });
    }
    match op {
        Op::LoadSuperAttr => effects.written = (b + base, 3),
        Op::MakeCell => effects.emptied = (b + base, 1),
        Op::CopyFreeVars => effects.written = (a + base, b),
        Op::BinarySlice => effects.emptied = (c + base, 2),
        Op::StoreSlice => effects.emptied = (b + base, 2),
        Op::BuildMap => effects.emptied = (b + base, 2 * c),
        Op::BuildTupleSpread => effects.emptied = (b + base, c + 1),
        Op::BuildSet | Op::BuildSlice | Op::BuildString => effects.emptied = (b + base, c),
        _ => {}
    }
    let taken = kinds.iter().zip([a, b, c]).filter(|(kind, _)| **kind == OperandKind::T);
    let taken = taken.map(|(_, operand)| Instr::split_take(operand)).filter(|(_, take)| *take);
    for (place, (register, _)) in effects.taken.iter_mut().zip(taken) {
        *place = Some(register + base);
    }
    Some(Plan::Execute { effects })
}
