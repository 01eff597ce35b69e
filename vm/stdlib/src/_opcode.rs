//! `_opcode`: what the library's `opcode` and `dis` ask about the instructions: the table of `taipan_bytecode`, read for Python.
//!
//! Instructions name registers and leave no stack behind, so that no instruction has a stack effect.

use taipan_bytecode::{Intrinsic1, Intrinsic2, Op, OpInfo, OperandKind};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

/// Names and signs of the binary operations, in CPython's order.
const OPERATIONS: [(&str, &str); 26] = [
    ("NB_ADD", "+"),
    ("NB_AND", "&"),
    ("NB_FLOOR_DIVIDE", "//"),
    ("NB_LSHIFT", "<<"),
    ("NB_MATRIX_MULTIPLY", "@"),
    ("NB_MULTIPLY", "*"),
    ("NB_REMAINDER", "%"),
    ("NB_OR", "|"),
    ("NB_POWER", "**"),
    ("NB_RSHIFT", ">>"),
    ("NB_SUBTRACT", "-"),
    ("NB_TRUE_DIVIDE", "/"),
    ("NB_XOR", "^"),
    ("NB_INPLACE_ADD", "+="),
    ("NB_INPLACE_AND", "&="),
    ("NB_INPLACE_FLOOR_DIVIDE", "//="),
    ("NB_INPLACE_LSHIFT", "<<="),
    ("NB_INPLACE_MATRIX_MULTIPLY", "@="),
    ("NB_INPLACE_MULTIPLY", "*="),
    ("NB_INPLACE_REMAINDER", "%="),
    ("NB_INPLACE_OR", "|="),
    ("NB_INPLACE_POWER", "**="),
    ("NB_INPLACE_RSHIFT", ">>="),
    ("NB_INPLACE_SUBTRACT", "-="),
    ("NB_INPLACE_TRUE_DIVIDE", "/="),
    ("NB_INPLACE_XOR", "^="),
];

fn row(opcode: i64) -> Option<&'static OpInfo> {
    u16::try_from(opcode).ok().and_then(Op::from_u16).map(Op::info)
}

fn has_operand(opcode: i64, holds: impl Fn(OperandKind) -> bool) -> bool {
    row(opcode).is_some_and(|info| info.operands.into_iter().any(holds))
}

fn is(opcode: i64, ops: &[Op]) -> bool {
    row(opcode).is_some_and(|info| ops.contains(&info.op.generic()))
}

/// Names by number from 0, as far as there are any.
fn described(name: impl Fn(u16) -> Option<String>) -> Vec<String> {
    let last = (0..64).rev().find(|number| name(*number).is_some()).unwrap_or(0);
    (0..=last).map(|number| name(number).unwrap_or_else(|| "INVALID".to_owned())).collect()
}

/// Opcode support module.
#[pymodule(name = "_opcode")]
mod items {
    use super::*;

    #[pyattr]
    const ENABLE_SPECIALIZATION: bool = true;
    #[pyattr]
    const ENABLE_SPECIALIZATION_FT: bool = true;

    #[pyfunction(sig = "(opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(opcode: i64, oparg: Option<&Obj>, jump: Option<&Obj>) -> PyResult<i64> {
        if let Some(oparg) = oparg.filter(|o| !is_none(o)) {
            taipan_objects::protocol::index_word(oparg)?;
        }
        if jump.is_some_and(|j| !is_none(j) && !j.is(&bool_obj(true)) && !j.is(&bool_obj(false))) {
            return Err(value_error("stack_effect: jump must be False, True or None"));
        }
        if row(opcode).is_none() {
            return Err(value_error("invalid opcode or oparg"));
        }
        Ok(0)
    }
    #[pyfunction(sig = "(opcode)")]
    fn is_valid(opcode: i64) -> bool {
        row(opcode).is_some()
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_arg(opcode: i64) -> bool {
        has_operand(opcode, |kind| kind != OperandKind::O)
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_const(opcode: i64) -> bool {
        has_operand(opcode, |kind| kind == OperandKind::K) || is(opcode, &[Op::KwNames])
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_name(opcode: i64) -> bool {
        has_operand(opcode, |kind| kind == OperandKind::N)
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_jump(opcode: i64) -> bool {
        has_operand(opcode, |kind| kind == OperandKind::J)
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_free(opcode: i64) -> bool {
        let cells = [
            Op::NewCell,
            Op::MakeCell,
            Op::CopyFreeVars,
            Op::LoadDeref,
            Op::StoreDeref,
            Op::DeleteDeref,
            Op::LoadFromDictOrDeref,
        ];
        is(opcode, &cells)
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_local(opcode: i64) -> bool {
        let register = |kind| {
            matches!(kind, OperandKind::W | OperandKind::R | OperandKind::M | OperandKind::X | OperandKind::T)
        };
        has_operand(opcode, register)
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_exc(opcode: i64) -> bool {
        // Handlers are found through a table, not set up.
        let _ = opcode;
        false
    }
    /// Return name, kinds of the three operands and meaning of each instruction.
    #[pyfunction]
    fn get_instruction_table() -> Vec<(&'static str, String, &'static str)> {
        let kinds = |info: &OpInfo| info.operands.iter().map(|kind| format!("{kind:?}")).collect();
        Op::TABLE.iter().map(|info| (info.name, kinds(info), info.semantics)).collect()
    }
    /// Return the instructions that own the word behind them.
    #[pyfunction]
    fn get_two_word_instructions() -> Vec<i64> {
        Op::TABLE.iter().filter(|info| info.op.has_pseudo_word()).map(|info| info.op as i64).collect()
    }
    #[pyfunction]
    fn get_specialization_stats() -> Obj {
        none()
    }
    #[pyfunction]
    fn get_nb_ops() -> Vec<(&'static str, &'static str)> {
        OPERATIONS.to_vec()
    }
    #[pyfunction]
    fn get_intrinsic1_descs() -> Vec<String> {
        described(|number| Intrinsic1::from_u16(number).map(|intrinsic| format!("{intrinsic:?}")))
    }
    #[pyfunction]
    fn get_intrinsic2_descs() -> Vec<String> {
        described(|number| Intrinsic2::from_u16(number).map(|intrinsic| format!("{intrinsic:?}")))
    }
    #[pyfunction]
    fn get_special_method_names() -> Vec<&'static str> {
        vec!["__enter__", "__exit__", "__aenter__", "__aexit__"]
    }
    #[pyfunction(sig = "(*, code, offset)")]
    fn get_executor(code: &Obj, offset: &Obj) -> Obj {
        let _ = (code, offset);
        none()
    }
}
