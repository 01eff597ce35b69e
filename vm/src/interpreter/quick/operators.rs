//! Operators of classes that define them in Python: the frame of the method that the instruction knows is pushed at once. See [`crate::interpreter::ops::operators`].

use taipan_bytecode::{BranchFlags, Instr};
use taipan_objects::code::Word;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::function::PyFunction;
use taipan_objects::{Obj, Value};

use super::known;
use super::{Exit, State, branches, handlers, iteration, values};
use crate::frame::Kind;
use crate::interpreter::call;
use crate::interpreter::ops::attribute;
use crate::interpreter::ops::operators::{self, Next, Outcome};
use crate::registers::Regs;

/// Calls the method that the instruction knows for the first of the arguments, which stay in their registers, in a frame of the kind at the top of the stack.
#[inline(always)]
fn enter<const N: usize>(s: State, arguments: [Value; N], kind: Kind, ret: u16) -> Option<State> {
    let first = arguments[0];
    if arguments.iter().any(|argument| argument.is_empty()) {
        return None;
    }
    let method = attribute::known_method(s.cache(), first)?;
    if !known::is_function(method) {
        return None;
    }
    // SAFETY: the layout was checked; the class keeps the function alive, or limbo until the next safepoint, then the frame.
    let function: &PyFunction = unsafe { &*method.ptr().cast() };
    let code = call::function_code(function);
    if code.plain() != N as u32 || !function.is_deferred() || s.thread.threading.poll() != 0 {
        return None;
    }
    let window = s.thread.top.get();
    if !call::push_frame_at_once(s.thread, s.fp, function, code, window, N, ret, kind, Value::EMPTY) {
        return None;
    }
    let regs = Regs::new(window);
    for (at, argument) in arguments.into_iter().enumerate() {
        regs.put(at, argument.uncounted());
    }
    s.save();
    Some(State::of(code, 0, s.fp.wrapping_add(1), regs, s.thread))
}

/// [`enter`] for an operator that both operands may know.
#[inline(always)]
fn operate(s: State, first: Value, second: Value, ret: u16) -> Option<State> {
    if first.is_empty() || second.is_empty() || !operators::is_first(first, second) {
        return None;
    }
    enter(s, [first, second], Kind::Operator, ret)
}

/// Goes on at the instruction of `s` with what its method returned.
#[inline(always)]
pub(super) fn conclude(s: State, value: Value) -> Exit {
    let i = s.word(0);
    match operators::outcome(i.instr(), value) {
        Outcome::Value => return s.write(i.a(), value, 1),
        Outcome::Truth(truth) => {
            if let Some(state) = branches::branch_lightly(s, truth, i) {
                return state.go();
            }
        }
        Outcome::Stored => {
            let (register, take) = Instr::split_take(i.c());
            return if take { s.write(register, Value::EMPTY, 1) } else { s.next(1) };
        }
        Outcome::Other => {}
    }
    s.thread.result.set(value);
    judge(s.ip, s.regs, s.fp, s.thread)
}

/// The work of [`judge`], apart because its locals live in memory.
#[inline(never)]
fn judged(regs: Regs, i: &Word, behind: &Word, value: Value) -> PyResult<Next> {
    // SAFETY: moved out of the frame that returned it.
    let value = unsafe { Obj::from_value_unchecked(value) };
    operators::conclude(regs, i.instr(), behind.instr(), value)
}

handlers! {
    #[inline(never)]
    judge(s, i) {
        match judged(s.regs, i, s.word(1), super::result(s.thread)) {
            Ok(Next::Behind(words)) => s.next(words),
            Ok(Next::At(target)) => s.jump_to(target),
            Err(Raised) => Exit::Raised,
        }
    }
    #[inline(never)]
    binary(s, i) {
        match operate(s, s.value(i.b()), s.value(i.c()), i.a()) {
            Some(state) => state.go(),
            None => values::binary_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    binary_imm(s, i) {
        match operate(s, s.value(i.b()), Value::from_int_wrapping(i.c_imm() as i64), i.a()) {
            Some(state) => state.go(),
            None => values::binary_imm_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    compare(s, i) {
        match operate(s, s.value(i.b()), s.value(i.c()), i.a()) {
            Some(state) => state.go(),
            None => values::compare_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    branch(s, i) {
        match operate(s, s.value(i.a()), s.value(i.b()), 0) {
            Some(state) => state.go(),
            None => values::branch_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    branch_imm(s, i) {
        if i.c() & BranchFlags::MIRRORED == 0
            && let Some(state) = operate(s, s.value(i.a()), Value::from_int_wrapping(i.b_imm() as i64), 0)
        {
            return state.go();
        }
        values::branch_imm_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    subscr(s, i) {
        match enter(s, [s.value(i.b()), s.value(i.c())], Kind::Call, i.a()) {
            Some(state) => state.go(),
            None => iteration::subscr_class(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    subscr_imm(s, i) {
        let key = Value::from_int_wrapping(i.c_imm() as i64);
        match enter(s, [s.value(i.b()), key], Kind::Call, i.a()) {
            Some(state) => state.go(),
            None => iteration::subscr_imm_other(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    store_subscr(s, i) {
        let (register, _) = Instr::split_take(i.c());
        match enter(s, [s.value(i.a()), s.value(i.b()), s.value(register)], Kind::Operator, 0) {
            Some(state) => state.go(),
            None => iteration::store_subscr_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
}
