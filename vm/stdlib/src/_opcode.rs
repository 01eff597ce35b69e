//! `_opcode`: what the library's `opcode` and `dis` ask about CPython's instructions. The interpreter has other instructions, so no
//! property holds for any of these.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

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

/// Opcode support module.
#[pymodule(name = "_opcode")]
mod items {
    use super::*;

    #[pyattr]
    const ENABLE_SPECIALIZATION: bool = true;
    #[pyattr]
    const ENABLE_SPECIALIZATION_FT: bool = true;

    #[pyfunction(sig = "(opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(opcode: i32, oparg: Option<&Obj>, jump: Option<&Obj>) -> PyResult<()> {
        let _ = (opcode, oparg, jump);
        Err(not_implemented_error(
            "stack effects are those of CPython's instructions, which this interpreter does not have",
        ))
    }
    #[pyfunction(sig = "(opcode)")]
    fn is_valid(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_arg(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_const(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_name(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_jump(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_free(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_local(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[pyfunction(sig = "(opcode)")]
    fn has_exc(opcode: i32) -> bool {
        let _ = opcode;
        false
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
    fn get_intrinsic1_descs() -> Vec<&'static str> {
        Vec::new()
    }
    #[pyfunction]
    fn get_intrinsic2_descs() -> Vec<&'static str> {
        Vec::new()
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
