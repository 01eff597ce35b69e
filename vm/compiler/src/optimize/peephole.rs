//! Peephole pass over finished code: threads jumps, drops what a return drops anyway, and removes
//! jumps to the next instruction. Positions and the exception table are kept in step.

use taipan_bytecode::{ExceptionEntry, Instr, Op, Position};

use crate::assemble::has_target;

/// Runs the pass.
pub(crate) fn run(
    instrs: &mut Vec<Instr>,
    positions: &mut Vec<Position>,
    exceptions: &mut Vec<ExceptionEntry>,
) {
    thread_jumps(instrs);
    let mut targets = vec![false; instrs.len() + 1];
    for instr in instrs.iter().filter(|i| has_target(**i)) {
        targets[instr.arg32() as usize] = true;
    }
    for e in exceptions.iter() {
        targets[e.handler as usize] = true;
    }
    let mut remove = vec![false; instrs.len()];
    let mut any = false;
    let mut reachable = true;
    for i in 0..instrs.len() {
        let instr = instrs[i];
        reachable |= targets[i];
        let useless = !reachable
            || match instr.op() {
                // A return drops all registers.
                Some(Op::Drop) => {
                    let mut next = i + 1;
                    while instrs.get(next).is_some_and(|n| n.op() == Some(Op::Drop)) {
                        next += 1;
                    }
                    match instrs.get(next).and_then(|n| n.op()) {
                        Some(Op::ReturnConst) => true,
                        Some(Op::ReturnValue) => instrs[next].a() != instr.a(),
                        _ => false,
                    }
                }
                Some(Op::Jump) => instr.arg32() as usize == i + 1,
                Some(Op::Nop) => true,
                Some(Op::Copy | Op::Move) => instr.a() == instr.b(),
                _ => false,
            };
        if is_final(instr) {
            reachable = false;
        }
        if useless {
            remove[i] = true;
            any = true;
        }
    }
    if any {
        compact(instrs, positions, exceptions, &remove);
    }
}

/// A jump to an unconditional forward jump goes straight on; a jump to a return becomes one.
fn thread_jumps(instrs: &mut [Instr]) {
    for i in 0..instrs.len() {
        let instr = instrs[i];
        if !has_target(instr) {
            continue;
        }
        let forward = instr.op() != Some(Op::JumpBackward);
        let mut target = instr.arg32();
        for _ in 0..16 {
            match instrs.get(target as usize) {
                Some(next) if next.op() == Some(Op::Jump) && forward && next.arg32() > i as u32 => {
                    target = next.arg32();
                }
                _ => break,
            }
        }
        let destination = instrs.get(target as usize).copied();
        if instr.op() == Some(Op::Jump)
            && let Some(destination) = destination
            && matches!(destination.op(), Some(Op::ReturnConst | Op::ReturnValue))
        {
            instrs[i] = destination;
        } else if instr.op() == Some(Op::Jump)
            && destination.is_some_and(|d| d.op() == Some(Op::JumpBackward))
        {
            instrs[i] = instrs[target as usize];
        } else {
            instrs[i] = Instr(instr.0 & 0xffff_ffff | (target as u64) << 32);
        }
    }
}

/// Whether the next instruction is not reached from this one.
fn is_final(instr: Instr) -> bool {
    matches!(
        instr.op(),
        Some(
            Op::Jump
                | Op::JumpBackward
                | Op::ReturnValue
                | Op::ReturnConst
                | Op::Raise
                | Op::RaiseFrom
                | Op::RaiseCurrent
                | Op::Reraise
        )
    )
}

/// Removes the marked instructions.
fn compact(
    instrs: &mut Vec<Instr>,
    positions: &mut Vec<Position>,
    exceptions: &mut Vec<ExceptionEntry>,
    remove: &[bool],
) {
    let mut new_index = Vec::with_capacity(instrs.len() + 1);
    let mut count = 0u32;
    for removed in remove {
        new_index.push(count);
        count += !removed as u32;
    }
    new_index.push(count);
    let mut keep = remove.iter().map(|r| !r);
    instrs.retain(|_| keep.next().unwrap_or(true));
    let mut keep = remove.iter().map(|r| !r);
    positions.retain(|_| keep.next().unwrap_or(true));
    for instr in instrs.iter_mut().filter(|i| has_target(**i)) {
        let target = new_index[instr.arg32() as usize];
        *instr = Instr(instr.0 & 0xffff_ffff | (target as u64) << 32);
    }
    for e in exceptions.iter_mut() {
        e.start = new_index[e.start as usize];
        e.end = new_index[e.end as usize];
        e.handler = new_index[e.handler as usize];
    }
    exceptions.retain(|e| e.start < e.end);
}
