//! Operators whose special method is written in Python: its frame is pushed by the instruction ([`Kind::Operator`]), with the operands lent from their registers,
//! and what it returns is for the instruction to judge, which may have to ask the other operand.
//!
//! The method is remembered in the instruction's cache word, as for `LOAD_METHOD`.
//!
//! [`Kind::Operator`]: crate::frame::Kind::Operator

use taipan_bytecode::{BranchFlags, Instr, Op, OperandKind};
use taipan_objects::code::PyCode;
use taipan_objects::error::PyResult;
use taipan_objects::protocol::{self, BinaryOp};
use taipan_objects::shape::Shape;
use taipan_objects::singletons::{bool_obj, is_not_implemented, not_implemented};
use taipan_objects::str::PyStr;
use taipan_objects::type_object::trampolines::{first_comparison, first_operator};
use taipan_objects::type_object::{CompareOp, PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value, istr};

use super::arithmetic;
use super::attribute::install_method;
use crate::interpreter::dispatch::decode;
use crate::registers::Regs;

/// What an instruction does to its operands.
#[derive(Clone, Copy)]
enum Operator {
    Binary(BinaryOp, bool),
    Compare(CompareOp),
    /// A comparison that decides about a jump.
    Branch(CompareOp),
    GetItem,
    SetItem,
}

/// Where a frame goes on after an operator.
pub enum Next {
    /// So many words behind.
    Behind(usize),
    /// At this instruction.
    At(u32),
}

/// What an instruction of two operands does, and whether in place. `InplaceAdd` of strings has its own way in the loop.
pub fn operation(i: Instr) -> (BinaryOp, bool) {
    match decode(i) {
        Op::Add | Op::AddImm => (BinaryOp::Add, false),
        Op::Sub | Op::SubImm => (BinaryOp::Sub, false),
        Op::Mul | Op::MulImm => (BinaryOp::Mul, false),
        Op::TrueDiv => (BinaryOp::TrueDiv, false),
        Op::FloorDiv | Op::FloorDivImm => (BinaryOp::FloorDiv, false),
        Op::Mod | Op::ModImm => (BinaryOp::Mod, false),
        Op::Pow | Op::PowImm => (BinaryOp::Pow, false),
        Op::LShift | Op::LShiftImm => (BinaryOp::LShift, false),
        Op::RShift | Op::RShiftImm => (BinaryOp::RShift, false),
        Op::And | Op::AndImm => (BinaryOp::And, false),
        Op::Or => (BinaryOp::Or, false),
        Op::Xor => (BinaryOp::Xor, false),
        Op::MatMul => (BinaryOp::Matmul, false),
        Op::InplaceSub | Op::InplaceSubImm => (BinaryOp::Sub, true),
        Op::InplaceMul => (BinaryOp::Mul, true),
        Op::InplaceTrueDiv => (BinaryOp::TrueDiv, true),
        Op::InplaceFloorDiv => (BinaryOp::FloorDiv, true),
        Op::InplaceMod => (BinaryOp::Mod, true),
        Op::InplacePow => (BinaryOp::Pow, true),
        Op::InplaceLShift => (BinaryOp::LShift, true),
        Op::InplaceRShift => (BinaryOp::RShift, true),
        Op::InplaceAnd => (BinaryOp::And, true),
        Op::InplaceOr => (BinaryOp::Or, true),
        Op::InplaceXor => (BinaryOp::Xor, true),
        Op::InplaceMatMul => (BinaryOp::Matmul, true),
        _ => (BinaryOp::Add, true),
    }
}

/// The comparison of a `COMPARE` or `BRANCH` instruction.
pub fn comparison(i: Instr) -> CompareOp {
    match decode(i) {
        Op::Lt | Op::BranchLt | Op::BranchLtImm => CompareOp::Lt,
        Op::Le | Op::BranchLe | Op::BranchLeImm => CompareOp::Le,
        Op::Ne | Op::BranchNe | Op::BranchNeImm => CompareOp::Ne,
        Op::Gt | Op::BranchGt | Op::BranchGtImm => CompareOp::Gt,
        Op::Ge | Op::BranchGe | Op::BranchGeImm => CompareOp::Ge,
        _ => CompareOp::Eq,
    }
}

#[inline]
fn operator(i: Instr) -> Operator {
    use Op::*;
    match decode(i) {
        Lt | Le | Eq | Ne | Gt | Ge => Operator::Compare(comparison(i)),
        BranchLt | BranchLe | BranchEq | BranchNe | BranchGt | BranchGe | BranchLtImm | BranchLeImm
        | BranchEqImm | BranchNeImm | BranchGtImm | BranchGeImm => Operator::Branch(comparison(i)),
        // What a property gives is taken as it is, too.
        Subscr | SubscrImm | LoadAttr => Operator::GetItem,
        StoreSubscr => Operator::SetItem,
        _ => {
            let (op, inplace) = operation(i);
            Operator::Binary(op, inplace)
        }
    }
}

/// Calls `then` with both operands of the instruction, one of which may be a number in the instruction itself.
fn with_operands<T>(regs: Regs, i: Instr, then: impl FnOnce(&Obj, &Obj) -> T) -> T {
    let obj = |register: u16| regs.obj(register as usize);
    let operands = decode(i).info().operands;
    match operator(i) {
        Operator::Branch(_) if operands[1] == OperandKind::I => {
            then(obj(i.a()), &arithmetic::immediate(i.b_imm() as i64))
        }
        Operator::Branch(_) | Operator::SetItem => then(obj(i.a()), obj(i.b())),
        _ if operands[2] == OperandKind::I => then(obj(i.b()), &arithmetic::immediate(i.c_imm() as i64)),
        _ => then(obj(i.b()), obj(i.c())),
    }
}

/// The method that the instruction calls first, if it is of the first operand's class and written in Python.
fn first_method(class_a: &PyType, b: &Obj, operator: Operator) -> Option<Py<PyStr>> {
    match operator {
        Operator::Binary(op, inplace) => first_operator(class_a, class_of(b), op, inplace).cloned(),
        Operator::Compare(op) | Operator::Branch(op) => first_comparison(class_a, class_of(b), op).cloned(),
        Operator::GetItem => class_a.slots.getitem_is_trampoline().then(|| istr!("__getitem__")),
        Operator::SetItem => class_a.slots.setitem_is_trampoline().then(|| istr!("__setitem__")),
    }
}

/// Lets the instruction, which is to be executed in another way this time, know the method that its operands' classes have.
#[inline(always)]
pub fn learn(code: &PyCode, pc: usize, first: &Obj, regs: Regs, i: Instr) {
    if class_of(first).has_flag(type_flags::HEAP) {
        learn_of(code, pc, first, regs, i);
    }
}

#[inline(never)]
fn learn_of(code: &PyCode, pc: usize, first: &Obj, regs: Regs, i: Instr) {
    let class = class_of(first);
    let Some(name) = with_operands(regs, i, |_, b| first_method(class, b, operator(i))) else { return };
    let version = class.version();
    if let Some(found) = class.lookup_lent(&name)
        && class_of(&found).is(&types().function)
        && version != 0
        && let Some(header) = first.header()
    {
        install_method(code, pc, Shape::of(header), version, &found);
    }
}

/// What an instruction comes to with what its method returned, if that takes a few instructions to tell.
pub enum Outcome {
    /// The result is the value.
    Value,
    /// A branch, by this truth.
    Truth(bool),
    /// An item is stored; the result does not matter and needs no dropping.
    Stored,
    /// What [`conclude`] says.
    Other,
}

/// See [`Outcome`].
#[inline(always)]
pub fn outcome(i: Instr, result: Value) -> Outcome {
    match operator(i) {
        _ if result.same(not_implemented().value()) => Outcome::Other,
        Operator::Branch(_) if result.same(bool_obj(true).value()) => Outcome::Truth(true),
        Operator::Branch(_) if result.same(bool_obj(false).value()) => Outcome::Truth(false),
        Operator::SetItem if !result.is_counted() => Outcome::Stored,
        Operator::Branch(_) | Operator::SetItem => Outcome::Other,
        Operator::Binary(..) | Operator::Compare(_) | Operator::GetItem => Outcome::Value,
    }
}

/// Ends the instruction `i` with the `result` of its method.
///
/// `target` is the word behind it.
pub fn conclude(regs: Regs, i: Instr, target: Instr, result: Obj) -> PyResult<Next> {
    let declined = is_not_implemented(&result);
    let result = match operator(i) {
        Operator::Binary(op, inplace) if declined => {
            with_operands(regs, i, |a, b| protocol::binary_op_declined(a, b, op, inplace))?
        }
        Operator::Compare(op) | Operator::Branch(op) if declined => {
            with_operands(regs, i, |a, b| protocol::compare_declined(a, b, op))?
        }
        _ => result,
    };
    match operator(i) {
        Operator::Branch(_) => {
            let truth = match arithmetic::quick_truth(&result) {
                Some(truth) => truth,
                None => protocol::is_true(&result)?,
            };
            drop(result);
            let flags = i.c();
            if flags & BranchFlags::DROP_A != 0 {
                regs.clear(i.a() as usize);
            }
            if flags & BranchFlags::DROP_B != 0 {
                regs.clear(i.b() as usize);
            }
            if truth == (flags & BranchFlags::JUMP_IF_TRUE != 0) {
                return Ok(Next::At(target.arg32()));
            }
            Ok(Next::Behind(2))
        }
        Operator::SetItem => {
            drop(result);
            let (register, take) = Instr::split_take(i.c());
            if take {
                regs.clear(register as usize);
            }
            Ok(Next::Behind(1))
        }
        Operator::Binary(..) | Operator::Compare(_) | Operator::GetItem => {
            regs.write(i.a() as usize, result);
            Ok(Next::Behind(1))
        }
    }
}

/// Whether the method of the first operand's class comes before one of the second's.
#[inline(always)]
pub fn is_first(first: Value, second: Value) -> bool {
    if !first.is_ptr() || !second.is_ptr() {
        return first.is_ptr();
    }
    // SAFETY: registers keep their objects alive.
    let (one, other) = unsafe { (&*first.ptr(), &*second.ptr()) };
    if one.shape().0 == other.shape().0 {
        return true;
    }
    let (one, other) = (Shape::of(one).class(), Shape::of(other).class());
    // SAFETY: instances keep their classes alive.
    std::ptr::eq(one, other) || !unsafe { (*other).is_subtype(&*one) }
}
