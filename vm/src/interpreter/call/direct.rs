//! `f(*arguments)` for an ordinary function that takes just that many: the items go straight into its window.

use taipan_objects::code::PyCode;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::{Obj, Value};

use super::{Kind, VmThread, own_callee, push_frame, put};
use crate::registers::Regs;

/// Calls the Python function with the items of `arguments`, its window beginning at register `first`; `None` if that does not just fit.
pub(super) fn push_items(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    first: usize,
    arguments: &[Obj],
    ret: u16,
) -> Option<PyResult<()>> {
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    if !code.simple
        || arguments.len() != code.nparams as usize
        || in_generator
        || regs.at(first).wrapping_add(code.nregs as usize) >= thread.limit()
    {
        return None;
    }
    for (i, argument) in arguments.iter().enumerate() {
        put(thread, regs, first + i, Some(argument.clone().into_strong()));
    }
    let filled = arguments.len();
    let window = regs.at(first);
    let result = push_frame(
        thread,
        function,
        code,
        window,
        filled,
        ret,
        Kind::Call,
        own_callee(function),
        Value::EMPTY,
    );
    if result.is_err() {
        regs.clear_range(first, first + filled);
    }
    Some(result)
}
