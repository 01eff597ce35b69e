//! Peephole pass over finished code: threads jumps, drops what a return drops anyway, and removes
//! jumps to the next instruction, unless a line would be executed without being seen (by `sys.settrace` and its like). Positions and the exception table are kept in step.

use taipan_bytecode::{ExceptionEntry, Instr, Op, Position};

use crate::assemble::has_target;
use crate::unit::Unit;

/// Runs the pass.
pub(crate) fn run(
    instrs: &mut Vec<Instr>,
    positions: &mut Vec<Position>,
    exceptions: &mut Vec<ExceptionEntry>,
    first_temp: u16,
    tail: Option<usize>,
) {
    thread_jumps(instrs, positions);
    place_ends(instrs, positions, exceptions, tail);
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
    // The line of the kept instruction that always comes before; 0: there is none.
    let mut line = 0;
    for i in 0..instrs.len() {
        let instr = instrs[i];
        reachable |= targets[i];
        if targets[i] {
            line = 0;
        }
        let useless = !reachable
            || match instr.op() {
                // A return drops all registers; a frame object that outlives the call keeps the variables, but not the others.
                Some(Op::Drop) if instr.a() >= first_temp => {
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
                Some(Op::Nop) => u32::from(instr.a()) != Unit::KEPT,
                Some(Op::Copy | Op::Move) => instr.a() == instr.b(),
                _ => false,
            };
        let own = positions[i].line;
        let seen = own == 0 || own == line || positions.get(i + 1).is_some_and(|next| next.line == own);
        if useless && (seen || !reachable) {
            remove[i] = true;
            any = true;
        } else {
            line = own;
            if useless && instr.op() == Some(Op::Jump) {
                instrs[i] = Instr::new(Op::Nop, 0, 0, 0);
            }
        }
        if is_final(instrs[i]) {
            reachable = false;
            line = 0;
        }
    }
    if any {
        compact(instrs, positions, exceptions, &remove);
    }
}

/// A jump to an unconditional forward jump goes straight on; a jump to a return becomes one.
///
/// Not where a jump in between, or the jump itself, is all there is of a line: `break` and `continue`.
fn thread_jumps(instrs: &mut [Instr], positions: &mut [Position]) {
    for i in 0..instrs.len() {
        let instr = instrs[i];
        if !has_target(instr) {
            continue;
        }
        let forward = instr.op() != Some(Op::JumpBackward);
        let mut target = instr.arg32();
        for _ in 0..16 {
            match instrs.get(target as usize) {
                Some(next)
                    if next.op() == Some(Op::Jump)
                        && forward
                        && next.arg32() > i as u32
                        && hides(positions[target as usize], positions[i]) =>
                {
                    target = next.arg32();
                }
                _ => break,
            }
        }
        let destination = instrs.get(target as usize).copied();
        let hidden = |positions: &[Position]| {
            let before = i > 0 && positions[i - 1].line == positions[i].line;
            before || positions.get(target as usize).is_some_and(|there| hides(positions[i], *there))
        };
        if instr.op() == Some(Op::Jump)
            && let Some(destination) = destination
            && matches!(destination.op(), Some(Op::ReturnConst | Op::ReturnValue))
            && hidden(positions)
        {
            instrs[i] = destination;
            positions[i] = positions[target as usize];
        } else if instr.op() == Some(Op::Jump)
            && destination.is_some_and(|d| d.op() == Some(Op::JumpBackward))
            && hidden(positions)
        {
            instrs[i] = instrs[target as usize];
            positions[i] = positions[target as usize];
        } else {
            instrs[i] = instr.with_target(target as u32);
        }
    }
}

/// An end that has no line of its own (the return of a function, the `tail` of a class body, the jump at the end of a loop's body) is in the
/// line that it is reached from. Jumps to it get ends of their own.
fn place_ends(
    instrs: &mut Vec<Instr>,
    positions: &mut Vec<Position>,
    exceptions: &mut Vec<ExceptionEntry>,
    tail: Option<usize>,
) {
    let count = instrs.len();
    let before =
        |positions: &[Position], i: usize| positions[..i].iter().rev().find(|p| p.line != 0).copied();
    // The index behind the end that begins at an instruction.
    let end_of = |instrs: &[Instr], positions: &[Position], start: usize| {
        let is_return = |i: usize| {
            matches!(instrs[i].op(), Some(Op::ReturnConst | Op::ReturnValue)) && positions[i].line == 0
        };
        if start < count && (is_return(start) || is_again(instrs, positions, start)) {
            return Some(start + 1);
        }
        if tail != Some(start) {
            return None;
        }
        let length =
            (start..count).position(|i| positions[i].line != 0 || has_target(instrs[i]) || is_return(i))?;
        is_return(start + length).then_some(start + length + 1)
    };
    // Where the jump at the end of a loop's body got a copy for a line.
    let mut copies: Vec<(usize, u32, usize)> = Vec::new();
    let ends: Vec<Option<usize>> = (0..count).map(|i| end_of(instrs, positions, i)).collect();
    let again: Vec<bool> = (0..count).map(|i| is_again(instrs, positions, i)).collect();
    for i in 0..count {
        if let Some(end) = ends[i] {
            if let Some(before) = before(positions, i) {
                positions[i..end].fill(before);
            }
            continue;
        }
        let target = instrs[i].arg32() as usize;
        let Some(end) = ends.get(target).copied().flatten().filter(|_| has_target(instrs[i])) else {
            continue;
        };
        if positions[i].line == 0
            && tail == Some(target)
            && let Some(before) = before(positions, i)
        {
            positions[i] = before;
        }
        let line = positions[i].line;
        if line == 0 {
            continue;
        }
        if again[target] {
            if instrs[i].op() == Some(Op::Jump) {
                instrs[i] = instrs[target];
                continue;
            }
            let made = copies.iter().find(|(of, in_line, _)| (*of, *in_line) == (target, line));
            let copy = made.map_or(instrs.len(), |(_, _, copy)| *copy);
            instrs[i] = instrs[i].with_target(copy as u32);
            if copy == instrs.len() {
                copies.push((target, line, copy));
                instrs.push(instrs[target]);
                positions.push(positions[i]);
                protect_as(exceptions, target, copy);
            }
            continue;
        }
        instrs[i] = instrs[i].with_target(instrs.len() as u32);
        for at in target..end {
            instrs.push(instrs[at]);
            positions.push(positions[i]);
        }
    }
}

/// Whether the jump at the end of a loop's body is at `at`.
fn is_again(instrs: &[Instr], positions: &[Position], at: usize) -> bool {
    instrs[at].op() == Some(Op::JumpBackward) && positions[at].line == 0
}

/// The instruction at `copy` has the handlers of the one at `original`: it is a safepoint, where anything may be raised.
fn protect_as(exceptions: &mut Vec<ExceptionEntry>, original: usize, copy: usize) {
    let (original, copy) = (original as u32, copy as u32);
    for i in 0..exceptions.len() {
        if (exceptions[i].start..exceptions[i].end).contains(&original) {
            let entry = ExceptionEntry { start: copy, end: copy + 1, ..exceptions[i] };
            exceptions.push(entry);
        }
    }
}

/// Whether nobody misses the line of a jump at `jump` when `other` is executed in its place.
fn hides(jump: Position, other: Position) -> bool {
    jump.line == 0 || jump.line == other.line
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
        *instr = instr.with_target(target as u32);
    }
    for e in exceptions.iter_mut() {
        e.start = new_index[e.start as usize];
        e.end = new_index[e.end as usize];
        e.handler = new_index[e.handler as usize];
    }
    exceptions.retain(|e| e.start < e.end);
}
