//! A verifier for compiled code: on no path may an instruction read a register that is empty. It follows the table's
//! operand kinds and, for instructions that touch ranges, their documented effect.

use taipan_bytecode::{CodeUnit, Instr, Op, OperandKind, SuperFlags, TAKE};

/// Reads, then registers emptied, then registers filled.
#[derive(Default)]
struct Effect {
    reads: Vec<u16>,
    empties: Vec<u16>,
    fills: Vec<u16>,
}

fn range(first: u16, count: u16) -> impl Iterator<Item = u16> {
    first..first + count
}

fn effect(code: &CodeUnit, pc: usize) -> Effect {
    let i = code.instrs[pc];
    let mut e = Effect::default();
    let Some(op) = i.op() else { return e };
    let (a, b, c) = (i.a(), i.b(), i.c());
    let take = |e: &mut Effect, operand: u16| {
        let (register, taken) = Instr::split_take(operand);
        e.reads.push(register);
        if taken {
            e.empties.push(register);
        }
    };
    match op {
        Op::BuildTuple | Op::BuildList | Op::BuildSet | Op::BuildSlice | Op::BuildString => {
            e.reads.extend(range(b, c));
            e.empties.extend(range(b, c));
            e.fills.push(a);
        }
        Op::BuildTupleSpread => {
            e.reads.extend(range(b, c + 1));
            e.empties.extend(range(b, c + 1));
            e.fills.push(a);
        }
        Op::BuildMap => {
            e.reads.extend(range(b, 2 * c));
            e.empties.extend(range(b, 2 * c));
            e.fills.push(a);
        }
        Op::BuildInterpolation => {
            let count = if c & 4 != 0 { 3 } else { 2 };
            e.reads.extend(range(b, count));
            e.empties.extend(range(b, count));
            e.fills.push(a);
        }
        Op::Call | Op::CallKw => {
            e.reads.push(a);
            e.reads.extend(range(a + 2, b));
            e.empties.extend(range(a, b + 2));
            e.fills.push(c);
        }
        Op::CallMethod | Op::CallMethodKw => {
            e.reads.push(a);
            e.reads.extend(range(a + 2, b));
            e.empties.extend(range(a, b + 2));
            e.fills.push(c);
        }
        Op::CallEx => {
            e.reads.extend([a, a + 2]);
            e.empties.extend(range(a, 4));
            e.fills.push(c);
        }
        Op::CallIntrinsic2 => {
            e.reads.extend([b, b + 1]);
            e.empties.extend([b, b + 1]);
            e.fills.push(a);
        }
        Op::UnpackSequence => {
            take(&mut e, b);
            e.fills.extend(range(a, c));
        }
        Op::UnpackEx => {
            take(&mut e, b);
            e.fills.extend(range(a, (c & 0xff) + (c >> 8) + 1));
        }
        Op::LoadMethod | Op::LoadSpecial | Op::WithExceptStart => {
            e.reads.push(b);
            if op == Op::WithExceptStart {
                e.reads.push(c);
                e.fills.extend(range(a, 5));
            } else {
                e.fills.push(a);
                // The self slot may be empty, but is as good as filled for its call.
                e.fills.push(a + 1);
            }
        }
        Op::LoadSuperAttr => {
            e.reads.extend(range(b, 3));
            e.empties.extend(range(b, 3));
            e.fills.push(b);
            if a as u16 & SuperFlags::METHOD != 0 {
                e.fills.push(b + 1);
            }
        }
        Op::BinarySlice => {
            e.reads.extend([b, c, c + 1]);
            e.empties.extend([c, c + 1]);
            e.fills.push(a);
        }
        Op::StoreSlice => {
            e.reads.extend([a, b, b + 1]);
            e.empties.extend([b, b + 1]);
            take(&mut e, c);
        }
        Op::GetYieldFromIter | Op::GetAwaitable | Op::GetANext => {
            e.reads.push(b);
            e.fills.extend([a, a + 1]);
        }
        Op::YieldFrom => {
            e.reads.extend([a, a + 1]);
            e.empties.extend([a, a + 1]);
            e.fills.push(b);
        }
        Op::CheckEgMatch => {
            e.reads.extend([b, c]);
            e.fills.extend([a, a + 1]);
        }
        Op::CopyFreeVars => e.fills.extend(range(a, b)),
        Op::MakeCell => {
            e.empties.push(b);
            e.fills.push(a);
        }
        // The state of a minimum or maximum begins with nothing.
        Op::Fold => take(&mut e, b),
        Op::FoldEnd => e.fills.push(a),
        Op::Drop => e.empties.push(a),
        // The only mapping needs no dict to go into.
        Op::DictMerge => {
            e.reads.extend([b, c]);
            e.fills.push(a);
        }
        Op::CheckLocal => e.fills.push(a),
        Op::BranchLt
        | Op::BranchLe
        | Op::BranchEq
        | Op::BranchNe
        | Op::BranchGt
        | Op::BranchGe
        | Op::BranchIs
        | Op::BranchIn => e.reads.extend([a, b]),
        _ => {
            for (kind, operand) in op.info().operands.iter().zip([a, b, c]) {
                match kind {
                    OperandKind::R | OperandKind::M => e.reads.push(operand),
                    OperandKind::X => {
                        e.reads.push(operand);
                        e.empties.push(operand);
                    }
                    OperandKind::T => take(&mut e, operand),
                    OperandKind::W => e.fills.push(operand),
                    _ => {}
                }
            }
        }
    }
    debug_assert!(e.reads.iter().all(|r| r & TAKE == 0));
    e
}

/// Reports reads of registers that may be empty.
pub fn verify(code: &CodeUnit, fail: &mut dyn FnMut(usize, String)) {
    let len = code.instrs.len();
    let size = code.nregs as usize + 8;
    let mut states: Vec<Option<Vec<bool>>> = vec![None; len + 1];
    let mut entry = vec![false; size];
    for parameter in 0..code.nparams() as usize {
        entry[parameter] = true;
    }
    states[0] = Some(entry);
    let mut work = vec![0usize];
    let mut reported = vec![false; len];
    while let Some(pc) = work.pop() {
        let Some(state) = states[pc].clone() else { continue };
        let instr = code.instrs[pc];
        let Some(op) = instr.op() else { continue };
        let e = effect(code, pc);
        for register in &e.reads {
            if !state[*register as usize] && !reported[pc] {
                reported[pc] = true;
                let text = taipan_bytecode::disassemble_one(code, pc);
                fail(pc, format!("register {register} may be empty in {text}"));
            }
        }
        let mut after = state.clone();
        for register in &e.empties {
            after[*register as usize] = false;
        }
        let emptied = after.clone();
        for register in &e.fills {
            after[*register as usize] = true;
        }
        let mut flow = |target: usize, state: &[bool]| {
            let changed = match &mut states[target] {
                Some(old) => {
                    let mut changed = false;
                    for (o, n) in old.iter_mut().zip(state) {
                        if *o && !n {
                            *o = false;
                            changed = true;
                        }
                    }
                    changed
                }
                none => {
                    *none = Some(state.to_vec());
                    true
                }
            };
            if changed {
                work.push(target);
            }
        };
        if let Some(handler) = taipan_bytecode::find_handler(&code.exception_table, pc as u32)
            && can_raise(op)
        {
            // Whether the operands were consumed when it raised is not to be relied on.
            for before in [&state, &emptied] {
                let mut state = before.clone();
                state[handler.depth as usize..].fill(false);
                flow(handler.handler as usize, &state);
            }
        }
        match op {
            Op::ReturnValue
            | Op::ReturnConst
            | Op::Raise
            | Op::RaiseFrom
            | Op::RaiseCurrent
            | Op::Reraise => {}
            Op::Jump | Op::JumpBackward => flow(instr.arg32() as usize, &after),
            Op::ForIter => {
                let mut exhausted = after.clone();
                exhausted[instr.a() as usize] = false;
                flow(instr.arg32() as usize, &exhausted);
                flow(pc + 1, &after);
            }
            _ if op.info().operands[1] == OperandKind::J => {
                flow(instr.arg32() as usize, &after);
                flow(pc + 1, &after);
            }
            _ => flow(pc + 1, &after),
        }
    }
}

fn can_raise(op: Op) -> bool {
    !matches!(
        op,
        Op::Nop
            | Op::LoadConst
            | Op::LoadInt
            | Op::Copy
            | Op::Move
            | Op::Lend
            | Op::Drop
            | Op::Jump
            | Op::JumpBackward
            | Op::NewCell
            | Op::StoreDeref
            | Op::PushExcInfo
            | Op::PopExcept
            | Op::JumpIfNone
            | Op::JumpIfNotNone
            | Op::PopJumpIfNone
            | Op::PopJumpIfNotNone
            | Op::ReturnValue
            | Op::ReturnConst
    )
}
