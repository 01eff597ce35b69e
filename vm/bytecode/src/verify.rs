//! Checks that a code unit only names what it has: registers below `nregs`, constants, names and jump targets in range,
//! pseudo words where their owners expect them, a last instruction that does not fall off the end.
//!
//! The interpreter relies on this for memory safety; units read from files are checked, those of the compiler in debug builds.

use crate::code_unit::{CodeUnit, Const};
use crate::instr::{Instr, TAKE};
use crate::ops::{Op, OperandKind};

/// What is wrong with a unit: the instruction's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub instruction: usize,
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid instruction {}", self.instruction)
    }
}
impl std::error::Error for Invalid {}

/// Checks a unit and, recursively, the code among its constants.
pub fn verify(unit: &CodeUnit) -> Result<(), Invalid> {
    let instrs = &unit.instrs;
    let at = |instruction: usize| Invalid { instruction };
    // Code can be made without a line table.
    if !(unit.positions.is_empty() || unit.positions.len() == instrs.len())
        || unit.nparams() > unit.nregs as u32
        || unit.nlocals > unit.first_temp
        || unit.first_temp > unit.nregs
        || unit.varnames.len() != unit.nlocals as usize
        || unit.cellvars.len() != unit.cell_registers.len()
        || unit.freevars.len() != unit.free_registers.len()
    {
        return Err(at(0));
    }
    let registers = unit.cell_registers.iter().chain(&unit.free_registers);
    if registers.clone().any(|r| *r >= unit.nregs) || unit.nregs > TAKE {
        return Err(at(0));
    }
    let mut pc = 0;
    let mut high = None;
    let mut falls_through = true;
    while pc < instrs.len() {
        let instr = instrs[pc];
        let op = instr.op().ok_or(at(pc))?;
        if op == Op::ExtendedArg {
            high = Some(instr);
            pc += 1;
            continue;
        }
        check(unit, instr, op, high.take()).ok_or(at(pc))?;
        if op.has_pseudo_word() {
            let word = instrs.get(pc + 1).copied().ok_or(at(pc))?;
            check_pseudo(unit, op, word).ok_or(at(pc))?;
            pc += 1;
        }
        falls_through = !matches!(
            op,
            Op::ReturnValue
                | Op::ReturnConst
                | Op::Jump
                | Op::JumpBackward
                | Op::Raise
                | Op::RaiseFrom
                | Op::RaiseCurrent
                | Op::Reraise
                | Op::Unknown
        );
        pc += 1;
    }
    if falls_through || high.is_some() {
        return Err(at(instrs.len()));
    }
    for entry in &unit.exception_table {
        if entry.handler as usize >= instrs.len() || entry.depth > unit.nregs {
            return Err(at(entry.handler as usize));
        }
    }
    for constant in &unit.consts {
        if let Const::Code(inner) = constant {
            verify(inner)?;
        }
    }
    Ok(())
}

/// Number of consecutive registers behind operand `a` and `b` that an instruction touches, where that is more than one.
fn spans(op: Op, instr: Instr, c: usize) -> [usize; 2] {
    let b = instr.b() as usize;
    match op.generic() {
        Op::Call | Op::CallMethod | Op::CallKw | Op::CallMethodKw => [2 + b, 1],
        Op::CallEx => [4, 1],
        Op::BuildTuple | Op::BuildList | Op::BuildSet | Op::BuildSlice | Op::BuildString => [1, c],
        Op::BuildTupleSpread => [1, c + 1],
        Op::BuildMap => [1, 2 * c],
        // The format spec is there if a flag says so.
        Op::BuildInterpolation => [1, 2 + (c >> 2 & 1)],
        Op::UnpackSequence => [c, 1],
        Op::UnpackEx => [(c & 0xff) + (c >> 8) + 1, 1],
        Op::LoadMethod
        | Op::LoadSpecial
        | Op::CheckEgMatch
        | Op::GetYieldFromIter
        | Op::GetAwaitable
        | Op::GetANext => [2, 1],
        Op::LoadSuperAttr => [1, 3],
        Op::WithExceptStart => [5, 2],
        Op::YieldFrom => [2, 1],
        Op::StoreSlice => [1, 2],
        Op::CallIntrinsic2 => [1, 2],
        Op::CopyFreeVars => [b, 1],
        Op::Extension => [c.max(1), 1],
        Op::IsBuiltin => [1, 2],
        Op::Fold | Op::FoldEnd => [2, 1],
        _ => [1, 1],
    }
}

fn check(unit: &CodeUnit, instr: Instr, op: Op, high: Option<Instr>) -> Option<()> {
    let nregs = unit.nregs as usize;
    let wide = |low: u16, high: u16| low as usize | (high as usize) << 16;
    let high = high.unwrap_or(Instr::from_bits(0));
    let values = [wide(instr.a(), high.a()), wide(instr.b(), high.b()), wide(instr.c(), high.c())];
    let spans = spans(op, instr, values[2]);
    for (i, kind) in op.info().operands.into_iter().enumerate() {
        let span = spans.get(i).copied().unwrap_or(if op.generic() == Op::BinarySlice { 2 } else { 1 });
        let register = |value: usize| (value < nregs || span == 0) && value + span <= nregs;
        let fine = match kind {
            OperandKind::W | OperandKind::R | OperandKind::M | OperandKind::X => register(values[i]),
            OperandKind::T => register(values[i] & !(TAKE as usize)),
            OperandKind::N => values[i] < unit.names.len(),
            OperandKind::K => values[i] < unit.consts.len(),
            OperandKind::J => (instr.arg32() as usize) < unit.instrs.len(),
            OperandKind::O | OperandKind::U | OperandKind::I | OperandKind::V => true,
        };
        if !fine {
            return None;
        }
    }
    Some(())
}

fn check_pseudo(unit: &CodeUnit, owner: Op, word: Instr) -> Option<()> {
    match (owner.generic(), word.op()?) {
        (Op::ForIter, Op::ForTarget) => (word.a() < unit.nregs).then_some(()),
        (Op::CallKw | Op::CallMethodKw | Op::MatchClass, Op::KwNames) => {
            ((word.arg32() as usize) < unit.consts.len()).then_some(())
        }
        (_, Op::Target)
            if !matches!(owner.generic(), Op::ForIter | Op::CallKw | Op::CallMethodKw | Op::MatchClass) =>
        {
            ((word.arg32() as usize) < unit.instrs.len()).then_some(())
        }
        _ => None,
    }
}
