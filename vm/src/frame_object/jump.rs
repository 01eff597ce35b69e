//! Assigning to `f_lineno`: a trace function that is told of a line makes its frame continue in another one.
//!
//! The temporaries of the place where the frame is and of the place where it goes must fit: what loops, `with` statements and
//! exception handlers around the target keep in registers must be there. [`states`] finds out what that is, by following the code once.
//! What is left over of the statements jumped out of is dropped. Other temporaries are values of unfinished expressions; instructions that
//! miss them raise.

use taipan_bytecode::{Instr, Op, OperandKind};
use taipan_objects::code::PyCode;
use taipan_objects::error::*;
use taipan_objects::frame::PyFrame;
use taipan_objects::singletons::{is_none, none};
use taipan_objects::type_object::class_of;
use taipan_objects::types::types;
use taipan_objects::{Obj, Value, protocol};

use crate::frame::Frame;
use crate::trace::event::Event;

/// What a statement keeps in a register while its body runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kept {
    Iterator,
    /// The exit method of a `with` statement.
    Exit,
    /// The exception that was handled before.
    Handled,
    /// The exception that is being handled.
    Exception,
}

/// The registers that are kept, in order.
type State = Vec<(u16, Kept)>;

fn set(state: &mut State, register: u16, kept: Option<Kept>) {
    state.retain(|(r, _)| *r != register);
    if let Some(kept) = kept {
        let at = state.partition_point(|(r, _)| *r < register);
        state.insert(at, (register, kept));
    }
}

/// For each instruction what is kept in front of it; `None` where the code does not come by.
fn states(code: &PyCode) -> Vec<Option<State>> {
    let instrs: Vec<Instr> = code.instrs().collect();
    let mut states: Vec<Option<State>> = vec![None; instrs.len()];
    let mut work = vec![(0, State::new())];
    while let Some((mut pc, mut state)) = work.pop() {
        while pc < instrs.len() && states[pc].is_none() {
            for entry in code.unit.exception_table.iter().filter(|e| e.start as usize == pc) {
                let kept = state.iter().copied().filter(|(register, _)| *register < entry.depth).collect();
                work.push((entry.handler as usize, kept));
            }
            states[pc] = Some(state.clone());
            let instr = instrs[pc];
            let Some(op) = instr.op() else { break };
            let next = pc + 1 + op.has_pseudo_word() as usize;
            let word = instrs.get(pc + 1).copied().unwrap_or(instr);
            if let Some(target) = target(instr, op, word) {
                let mut there = state.clone();
                if op == Op::ForIter {
                    set(&mut there, instr.a(), None);
                }
                work.push((target, there));
            }
            if is_final(op) {
                break;
            }
            step(&mut state, instr, op);
            pc = next;
        }
    }
    states
}

/// What an instruction changes in what is kept.
fn step(state: &mut State, instr: Instr, op: Op) {
    let operands = [instr.a(), instr.b(), instr.c()];
    for (kind, register) in op.info().operands.iter().zip(operands) {
        if matches!(kind, OperandKind::W | OperandKind::X) {
            set(state, register, None);
        }
    }
    match op {
        Op::GetIter => set(state, instr.a(), Some(Kept::Iterator)),
        Op::GetAIter => set(state, instr.a(), Some(Kept::Iterator)),
        Op::LoadSpecial => set(state, instr.a(), Some(Kept::Exit)),
        Op::PushExcInfo => {
            set(state, instr.a(), Some(Kept::Handled));
            set(state, instr.b(), Some(Kept::Exception));
        }
        _ => {}
    }
}

fn is_final(op: Op) -> bool {
    matches!(
        op,
        Op::Jump
            | Op::JumpBackward
            | Op::ReturnValue
            | Op::ReturnConst
            | Op::Raise
            | Op::RaiseFrom
            | Op::RaiseCurrent
            | Op::Reraise
    )
}

/// Where an instruction may jump to; `word` is the one behind it.
fn target(instr: Instr, op: Op, word: Instr) -> Option<usize> {
    if op.info().operands[1] == OperandKind::J {
        return Some(instr.arg32() as usize);
    }
    (op.has_pseudo_word() && word.op() == Some(Op::Target)).then(|| word.arg32() as usize)
}

/// Why a frame cannot continue where `target` is kept.
fn why_not(target: &Option<State>) -> &'static str {
    let Some(target) = target else {
        return "can't jump into an exception handler, or code may be unreachable";
    };
    match target.last() {
        Some((_, Kept::Iterator)) => "can't jump into the body of a for loop",
        Some((_, Kept::Handled | Kept::Exception)) => {
            "can't jump into an 'except' block as there's no exception"
        }
        _ => "incompatible stacks",
    }
}

/// The `jump` hook.
pub fn jump(obj: &Obj, line: &Obj) -> PyResult<()> {
    let Some(object) = obj.downcast::<PyFrame>() else { return Err(system_error("not a frame")) };
    if !class_of(line).is_subtype(&types().int) {
        return Err(value_error("lineno must be an integer"));
    }
    let line = protocol::index_word(line)? as i64;
    let outside = || value_error("f_lineno can only be set in a trace function");
    let Some((thread, index)) = super::live_here(object) else { return Err(outside()) };
    match thread.tracing.event() {
        None => return Err(outside()),
        Some(Event::Line | Event::Instruction | Event::Jump | Event::BranchLeft | Event::BranchRight)
            if thread.tracing.frame() == Some(index) => {}
        Some(Event::PyStart | Event::PyResume) => {
            return Err(value_error("can't jump from the 'call' trace event of a new frame"));
        }
        Some(Event::Call | Event::CReturn) => return Err(value_error("can't jump during a call")),
        Some(_) => return Err(value_error("can only jump from a 'line' trace event")),
    }
    // SAFETY: a live frame of the calling thread.
    let frame = unsafe { &mut *thread.frame(index) };
    let code = frame.code();
    let states = states(code);
    let target = find(code, &states, frame.pc() as usize, line)?;
    let unbound: Vec<usize> = (0..code.unit.nlocals as usize)
        .filter(|register| frame.regs.value(*register).is_empty())
        .filter(|register| !code.unit.variables().is_hidden_local(*register))
        .collect();
    if !unbound.is_empty() {
        let plural = if unbound.len() == 1 { "" } else { "s" };
        let text = format!("assigning None to {} unbound local{plural}", unbound.len());
        crate::warnings::warn(&text, &types().runtime_warning.to_obj(), 0)?;
    }
    let kept = states[target].clone().unwrap_or_default();
    let had = states[frame.pc() as usize].clone().unwrap_or_default();
    leave(frame, &had, &kept);
    for register in unbound {
        frame.regs.write(register, none());
    }
    frame.set_pc(target as u32);
    Ok(())
}

/// The instruction at which line `line`, or the first code behind it, begins so that the frame can go there.
fn find(code: &PyCode, states: &[Option<State>], from: usize, line: i64) -> PyResult<usize> {
    if line < code.unit.first_line as i64 {
        return Err(value_error(format!("line {line} comes before the current code block")));
    }
    let positions = &code.unit.positions;
    let begins =
        |pc: &usize| positions[*pc].line != 0 && (*pc == 0 || positions[*pc - 1].line != positions[*pc].line);
    let starts: Vec<usize> = (0..positions.len()).filter(begins).collect();
    let lines = starts.iter().map(|pc| positions[*pc].line as i64);
    let Some(line) = lines.filter(|l| *l >= line).min() else {
        return Err(value_error(format!("line {line} comes after the current code block")));
    };
    let Some(here) = &states[from] else {
        return Err(value_error("can't jump from unreachable code"));
    };
    let mut best: Option<usize> = None;
    let mut why = "";
    for pc in starts.into_iter().filter(|pc| positions[*pc].line as i64 == line) {
        let fits = states[pc].as_ref().is_some_and(|there| there.iter().all(|kept| here.contains(kept)));
        if !fits {
            why = why_not(&states[pc]);
            continue;
        }
        let depth = |pc: usize| states[pc].as_ref().map_or(0, Vec::len);
        if best.is_none_or(|best| depth(pc) > depth(best)) {
            best = Some(pc);
        }
    }
    best.ok_or_else(|| value_error(why))
}

/// Gives up what is kept but not wanted at the target, the innermost first.
fn leave(frame: &mut Frame, had: &State, kept: &State) {
    for (register, what) in had.iter().rev().filter(|entry| !kept.contains(entry)) {
        let value = frame.regs.take(*register as usize);
        match what {
            Kept::Handled => drop(replace_handled(value.filter(|v| !is_none(v)))),
            Kept::Exit => {
                // The method's receiver is in the next register.
                frame.regs.write_value(*register as usize + 1, Value::EMPTY);
            }
            Kept::Iterator | Kept::Exception => drop(value),
        }
    }
}
