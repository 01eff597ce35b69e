//! Instructions that machine code has executed for it, one at a time, by what executes them in the interpreter.

use taipan_bytecode::{BranchFlags, Instr, Op, OperandKind, SuperFlags};
use taipan_objects::code::{PyCode, Word};
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::protocol;
use taipan_objects::singletons::bool_obj;
use taipan_objects::{Obj, Value};

use super::calls::{Outcome, entry};
use crate::frame::Frame;
use crate::interpreter::ops::operators::{self, Next};
use crate::interpreter::ops::{arithmetic, attribute, iteration, name};
use crate::interpreter::quick::iteration::{self as quick_iteration, Step};
use crate::interpreter::quick::{self, actions, lookups, values};
use crate::registers::Regs;
use crate::thread::VmThread;

/// What became of an instruction, but for errors.
enum Did {
    /// Execution goes on behind it.
    Next,
    /// It goes on at its target.
    Jump,
    /// It gave what belongs in its first register.
    Value(Obj),
    /// Another answer.
    Outcome(u64),
}

/// Executes the instruction at the address: an [`Outcome`], or the entry of the machine code of a method whose frame was pushed ([`conclude`] ends the instruction then).
///
/// # Safety
/// The frame is the innermost one of the calling thread, and the address that of an instruction in its code, of the opcode that the function is for.
pub type Executor = unsafe extern "C" fn(&'static VmThread, *mut Frame, u64) -> u64;

macro_rules! executors {
    ($($op:ident $name:literal ($($kind:ident)*) $(of $generic:ident)? $semantics:literal;)*) => {
        /// By opcode: what it does with operands and opcode is decided when the interpreter is compiled.
        static EXECUTORS: [Executor; Op::COUNT] = [$(execute::<{ Op::$op as u16 }>),*];
    };
}
taipan_bytecode::for_each_op!(executors);

/// What executes instructions of an opcode.
pub fn executor(op: Op) -> Executor {
    EXECUTORS[op as usize]
}

/// An [`Executor`].
unsafe extern "C" fn execute<const OP: u16>(thread: &'static VmThread, fp: *mut Frame, ip: u64) -> u64 {
    let Some(op) = Op::from_u16(OP).filter(|op| is_known(*op)) else { return Outcome::NOT };
    let ip: *const Word = std::ptr::with_exposed_provenance(ip as usize);
    // SAFETY: says the caller. No reference to the frame is kept: what runs may look at it.
    let (regs, word) = unsafe {
        (*fp).ip = ip;
        ((*fp).regs, &*ip)
    };
    let instr = word.instr();
    if !has_operands(op, instr, regs) {
        return Outcome::NOT;
    }
    end(regs, instr, instruction(thread, fp, ip, regs, word, op))
}

/// The [`Outcome`] of an instruction that did that.
#[inline(always)]
fn end(regs: Regs, instr: Instr, did: PyResult<Did>) -> u64 {
    match did {
        Ok(Did::Next) => Outcome::DONE,
        Ok(Did::Jump) => Outcome::JUMPED,
        Ok(Did::Value(value)) => {
            regs.write(instr.a() as usize, value);
            Outcome::DONE
        }
        Ok(Did::Outcome(outcome)) => outcome,
        Err(_) => Outcome::RAISED,
    }
}

/// Ends the operator at `ip` with what its method returned: an [`Outcome`].
///
/// # Safety
/// As [`Executor`]; `value` owns its reference.
pub unsafe extern "C" fn conclude(fp: *mut Frame, ip: u64, value: u64) -> u64 {
    let ip: *const Word = std::ptr::with_exposed_provenance(ip as usize);
    // SAFETY: says the caller; a branch is followed by its target, and no code ends with another operator.
    let (regs, word, behind, result) =
        unsafe { ((*fp).regs, &*ip, &*ip.add(1), Obj::from_value_unchecked(Value::from_bits(value))) };
    let instr = word.instr();
    let did = match operators::outcome(instr, result.value()) {
        operators::Outcome::Value => Ok(Did::Value(result)),
        operators::Outcome::Truth(truth) => Ok(branched(regs, instr, truth)),
        operators::Outcome::Stored | operators::Outcome::Other => {
            operators::conclude(regs, instr, behind.instr(), result).map(|next| match next {
                Next::Behind(_) => Did::Next,
                Next::At(_) => Did::Jump,
            })
        }
    };
    end(regs, instr, did)
}

/// Whether the registers that are read are not empty.
#[inline(always)]
fn has_operands(op: Op, instr: Instr, regs: Regs) -> bool {
    let operands = [instr.a(), instr.b(), instr.c()];
    op.info().operands.iter().zip(operands).all(|(kind, operand)| match kind {
        OperandKind::R | OperandKind::M => !regs.value(operand as usize).is_empty(),
        OperandKind::T => !regs.value(Instr::split_take(operand).0 as usize).is_empty(),
        _ => true,
    })
}

/// Whether an [`Executor`] does anything.
#[inline]
pub fn is_known(op: Op) -> bool {
    use Op::*;
    is_binary(op)
        || is_binary_with_number(op)
        || is_comparison(op)
        || is_branch(op)
        || matches!(
            op,
            Neg | Pos
                | Invert
                | Not
                | ToBool
                | In
                | NotIn
                | BranchIn
                | JumpIfFalse
                | JumpIfTrue
                | PopJumpIfFalse
                | PopJumpIfTrue
                | GetIter
                | ForIter
                | LoadAttr
                | StoreAttr
                | LoadMethod
                | LoadSuperAttr
                | LoadGlobal
                | StoreGlobal
                | StoreDeref
                | Subscr
                | SubscrImm
                | StoreSubscr
                | DeleteSubscr
                | BinarySlice
                | StoreSlice
                | BuildSet
                | BuildMap
                | BuildSlice
                | BuildString
                | BuildTupleSpread
                | SetAdd
                | MapAdd
                | ListExtend
                | SetUpdate
                | DictUpdate
                | ListToTuple
                | FormatSimple
                | FormatWithSpec
                | ConvertValue
                | MakeFunction
                | SetFunctionAttribute
                | NewCell
                | MakeCell
                | CopyFreeVars
                | GetLen
        )
}

/// Whether it may be a call of a method, or of the getter of a property.
#[inline]
pub fn may_enter(op: Op) -> bool {
    is_binary(op)
        || is_binary_with_number(op)
        || is_comparison(op)
        || is_branch(op)
        || matches!(op, Op::Subscr | Op::SubscrImm | Op::StoreSubscr | Op::LoadAttr)
}

#[inline]
fn is_binary(op: Op) -> bool {
    (Op::Add as u16..=Op::InplaceMatMul as u16).contains(&(op as u16))
}
#[inline]
fn is_binary_with_number(op: Op) -> bool {
    (Op::AddImm as u16..=Op::InplaceSubImm as u16).contains(&(op as u16))
}
#[inline]
fn is_comparison(op: Op) -> bool {
    (Op::Lt as u16..=Op::Ge as u16).contains(&(op as u16))
}
#[inline]
fn is_branch(op: Op) -> bool {
    (Op::BranchLt as u16..=Op::BranchGeImm as u16).contains(&(op as u16))
        && !matches!(op, Op::BranchIs | Op::BranchIn)
}

#[inline(always)]
fn instruction(
    thread: &'static VmThread,
    fp: *mut Frame,
    ip: *const Word,
    regs: Regs,
    word: &Word,
    op: Op,
) -> PyResult<Did> {
    let instr = word.instr();
    let (a, b, c) = (instr.a(), instr.b(), instr.c());
    let object = |register: u16| regs.obj(register as usize);
    let taken = |operand: u16| actions::taken(regs, operand);
    let frame = || values::frame(fp);
    let at = || (frame().code(), frame().pc() as usize);
    if may_enter(op)
        && let Some(code) = quick::push_operator(thread, fp, ip, regs, op)
    {
        return Ok(Did::Outcome(entry(code)));
    }
    if matches!(op, Op::Subscr | Op::SubscrImm | Op::StoreSubscr) {
        values::learn(fp, if op == Op::StoreSubscr { a } else { b }, regs, word);
    }
    if is_branch(op) {
        let with_number = op.info().operands[1] == OperandKind::I;
        let truth = if with_number {
            values::branch_imm_truth(fp, regs, word)?
        } else {
            values::branch_truth(fp, regs, word)?
        };
        return Ok(branched(regs, instr, truth));
    }
    Ok(match op {
        Op::InplaceAdd if a == b && b != c && arithmetic::is_exact_str(object(b)) => {
            arithmetic::grow(regs, a as usize, object(c))?;
            Did::Next
        }
        _ if is_binary(op) => Did::Value(values::apart::binary_any(fp, regs, word)?),
        _ if is_binary_with_number(op) => Did::Value(values::apart::binary_imm_any(fp, regs, word)?),
        _ if is_comparison(op) => Did::Value(values::apart::compare_any(fp, regs, word)?),
        Op::Neg => Did::Value(protocol::negative(object(b))?),
        Op::Pos => Did::Value(protocol::positive(object(b))?),
        Op::Invert => Did::Value(protocol::invert(object(b))?),
        Op::Not => done(actions::apart::not_any(fp, regs, word))?,
        Op::ToBool => done(actions::apart::to_bool(fp, regs, word))?,
        Op::In => Did::Value(bool_obj(contains(object(c), object(b))?)),
        Op::NotIn => Did::Value(bool_obj(!contains(object(c), object(b))?)),
        Op::BranchIn => branched(regs, instr, contains(object(b), object(a))?),
        Op::JumpIfFalse => jumped(!actions::truth_of(regs, a)?),
        Op::JumpIfTrue => jumped(actions::truth_of(regs, a)?),
        Op::PopJumpIfFalse | Op::PopJumpIfTrue => {
            let truth = actions::truth_of(regs, a)?;
            regs.clear(a as usize);
            jumped(truth == (op == Op::PopJumpIfTrue))
        }
        Op::GetIter => Did::Value(values::apart::get_iter(fp, regs, word)?),
        Op::ForIter => next(thread, fp, ip, regs, word)?,
        Op::LoadAttr => {
            let (code, pc) = at();
            // Getters in Python whose frames were not pushed are for the interpreter, which executes them without calling itself.
            if attribute::quick_property(&word.cache, object(b)).is_some() {
                return Ok(Did::Outcome(Outcome::NOT));
            }
            Did::Value(match attribute::load_cached(code, pc, object(b)) {
                Some(value) => value,
                None => attribute::load(code, pc, object(b), c as usize)?,
            })
        }
        Op::StoreAttr => {
            let ((code, pc), value) = (at(), taken(b));
            attribute::store(code, pc, object(a), c as usize, value)?;
            Did::Next
        }
        Op::LoadMethod => {
            let (code, pc) = at();
            attribute::load_method(code, pc, regs, a as usize, b as usize, c as usize)?;
            Did::Next
        }
        Op::LoadSuperAttr => {
            let [callable, class, receiver] = [b, b + 1, b + 2].map(|register| regs.get(register as usize));
            if a & SuperFlags::METHOD != 0
                && let (Some(callable), Some(class), Some(receiver)) = (callable, class, receiver)
                && let Some(found) = attribute::quick_super(&word.cache, callable, class, receiver)
            {
                found.place(regs, b as usize);
                return Ok(Did::Next);
            }
            let (code, pc) = at();
            attribute::load_super(code, pc, regs, a, b as usize, c as usize)?;
            Did::Next
        }
        Op::LoadGlobal => {
            let (code, pc) = at();
            Did::Value(match name::load_global_cached(code, pc, frame()) {
                Some(value) => value,
                None => name::load_global(code, pc, frame(), b as usize)?,
            })
        }
        Op::StoreGlobal => done(actions::apart::store_global(fp, regs, word))?,
        Op::StoreDeref => {
            let value = taken(b);
            name::store_cell(object(a), Some(value))?;
            Did::Next
        }
        Op::Subscr => Did::Value(match iteration::quick_subscript(object(b), object(c)) {
            Some(value) => value,
            None => protocol::getitem(object(b), object(c))?,
        }),
        Op::SubscrImm => {
            let key = arithmetic::immediate(i64::from(instr.c_imm()));
            Did::Value(match iteration::quick_subscript(object(b), &key) {
                Some(value) => value,
                None => protocol::getitem(object(b), &key)?,
            })
        }
        Op::StoreSubscr => {
            let (register, take) = Instr::split_take(c);
            iteration::store_subscript(object(a), object(b), object(register))?;
            if take {
                regs.clear(register as usize);
            }
            Did::Next
        }
        Op::DeleteSubscr => done(actions::apart::delete_subscr(fp, regs, word))?,
        Op::BinarySlice => Did::Value(values::apart::binary_slice(fp, regs, word)?),
        Op::StoreSlice => {
            let (register, take) = Instr::split_take(c);
            values::slice_stored(regs, word, register)?;
            if take {
                regs.clear(register as usize);
            }
            Did::Next
        }
        Op::BuildSet => Did::Value(values::apart::build_set(fp, regs, word)?),
        Op::BuildMap => Did::Value(values::apart::build_map(fp, regs, word)?),
        Op::BuildSlice => Did::Value(values::apart::build_slice(fp, regs, word)?),
        Op::BuildString => Did::Value(values::apart::build_string(fp, regs, word)?),
        Op::BuildTupleSpread => Did::Value(values::apart::build_tuple_spread(fp, regs, word)?),
        Op::SetAdd => done(actions::apart::set_add_any(fp, regs, word))?,
        Op::MapAdd => done(actions::apart::map_add_any(fp, regs, word))?,
        Op::ListExtend => done(actions::apart::list_extend(fp, regs, word))?,
        Op::SetUpdate => done(actions::apart::set_update(fp, regs, word))?,
        Op::DictUpdate => done(actions::apart::dict_update(fp, regs, word))?,
        Op::ListToTuple => done(actions::apart::list_to_tuple(fp, regs, word))?,
        Op::FormatSimple => Did::Value(values::apart::format_simple(fp, regs, word)?),
        Op::FormatWithSpec => Did::Value(values::apart::format_with_spec(fp, regs, word)?),
        Op::ConvertValue => done(actions::apart::convert_value(fp, regs, word))?,
        Op::MakeFunction => Did::Value(values::apart::make_function(fp, regs, word)?),
        Op::SetFunctionAttribute => done(actions::apart::set_function_attribute(fp, regs, word))?,
        Op::NewCell => Did::Value(values::apart::new_cell(fp, regs, word)?),
        Op::MakeCell => Did::Value(values::apart::make_cell(fp, regs, word)?),
        Op::CopyFreeVars => done(actions::apart::copy_free_vars(fp, regs, word))?,
        Op::GetLen => done(actions::apart::get_len(fp, regs, word))?,
        _ => Did::Outcome(Outcome::NOT),
    })
}

fn done(result: PyResult<()>) -> PyResult<Did> {
    result.map(|()| Did::Next)
}

fn contains(container: &Obj, element: &Obj) -> PyResult<bool> {
    let at_once = lookups::contains_at_once(container.value(), element.value());
    match at_once.or_else(|| lookups::contains_text(container.value(), element.value())) {
        Some(found) => Ok(found),
        None => protocol::contains(container, element),
    }
}

fn jumped(jumps: bool) -> Did {
    if jumps { Did::Jump } else { Did::Next }
}

/// Empties the operands of a `BRANCH` that it is to empty, and judges its truth.
fn branched(regs: Regs, instr: Instr, truth: bool) -> Did {
    let flags = instr.c();
    if flags & BranchFlags::DROP_A != 0 {
        regs.clear(instr.a() as usize);
    }
    if flags & BranchFlags::DROP_B != 0 {
        regs.clear(instr.b() as usize);
    }
    jumped(truth == (flags & BranchFlags::JUMP_IF_TRUE != 0))
}

/// Whether the `FOR_ITER` at `ip` is executed together with the instruction behind, which takes its item apart.
pub fn takes_pair(code: &PyCode, pc: usize) -> bool {
    code.words.get(pc + 2).is_some_and(|unpack| quick_iteration::takes_pair(unpack, code.words[pc + 1].a()))
}

/// The step of a `FOR_ITER`, and of what takes its item apart.
fn next(
    thread: &'static VmThread,
    fp: *mut Frame,
    ip: *const Word,
    regs: Regs,
    word: &Word,
) -> PyResult<Did> {
    // SAFETY: it is followed by its pseudo word, and no code ends there.
    let (target, unpack) = unsafe { ((*ip.add(1)).a(), &*ip.add(2)) };
    Ok(match quick_iteration::advance(thread, regs, word, target, unpack) {
        Step::Item if quick_iteration::takes_pair(unpack, target) => {
            // SAFETY: the frame is live.
            unsafe { (*fp).ip = ip.add(2) };
            let (first, source) = (unpack.a() as usize, target as usize);
            iteration::unpack_sequence(regs, first, regs.obj(source), 2, Some(source))?;
            Did::Next
        }
        Step::Item | Step::Pair => Did::Next,
        Step::End => Did::Jump,
        Step::Pushed => Did::Outcome(Outcome::PUSHED),
        Step::Raised => return Err(Raised),
    })
}
