//! Jumps, and comparisons that decide about one.

use taipan_bytecode::BranchFlags;
use taipan_objects::Value;
use taipan_objects::code::Word;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;

use super::numbers::high;
use super::{Exit, State, actions, handlers, operators};
use crate::interpreter::ops::{arithmetic, intrinsics};

/// Where a `BRANCH` instruction continues.
#[inline(always)]
pub(super) fn branch_to(s: State, truth: bool, i: &Word) -> State {
    let jumps = truth == (i.c() & BranchFlags::JUMP_IF_TRUE != 0);
    if jumps { s.at_target(1) } else { State { ip: s.ip.wrapping_add(2), ..s } }
}

/// Continues where a `BRANCH` instruction does.
#[inline(always)]
pub(super) fn branch_on(s: State, truth: bool, i: &Word) -> Exit {
    branch_to(s, truth, i).go()
}

/// Empties the operands of a `BRANCH` instruction that are used for the last time, if nothing is dropped by that, and continues where it does.
#[inline(always)]
pub(super) fn branch_lightly(s: State, truth: bool, i: &Word) -> Option<State> {
    let flags = i.c();
    if (flags & BranchFlags::DROP_A != 0 && s.value(i.a()).is_counted())
        || (flags & BranchFlags::DROP_B != 0 && s.value(i.b()).is_counted())
    {
        return None;
    }
    if flags & BranchFlags::DROP_A != 0 {
        s.regs.put(i.a() as usize, Value::EMPTY);
    }
    if flags & BranchFlags::DROP_B != 0 {
        s.regs.put(i.b() as usize, Value::EMPTY);
    }
    Some(branch_to(s, truth, i))
}

/// Empties the operands of a `BRANCH` instruction that are used for the last time; the instruction is saved.
#[inline(always)]
pub(super) fn drop_operands(s: State, i: &Word) {
    if i.c() & BranchFlags::DROP_A != 0 {
        s.regs.clear(i.a() as usize);
    }
    if i.c() & BranchFlags::DROP_B != 0 {
        s.regs.clear(i.b() as usize);
    }
}

/// The truth of what needs no code to decide it.
#[inline(always)]
fn truth(s: State, register: u16) -> Option<bool> {
    if s.value(register).is_empty() { None } else { arithmetic::quick_truth(s.regs.obj(register as usize)) }
}

/// The truth of what decides it in a few instructions.
#[inline(always)]
fn truth_of_object(s: State, register: u16) -> Option<bool> {
    if s.value(register).is_empty() { None } else { intrinsics::truth(s.regs.obj(register as usize)) }
}

macro_rules! branches {
    ($($name:ident or $asked:ident, $imm:ident: $cmp:tt;)*) => {
        handlers! {
            $(
                $name(s, i) {
                    let (v, w) = (s.value(i.a()), s.value(i.b()));
                    if v.both_int(w) {
                        return branch_on(s, high(v) $cmp high(w), i);
                    }
                    if v.is_float() && w.is_float() {
                        return branch_on(s, v.as_float() $cmp w.as_float(), i);
                    }
                    operators::$asked(s.ip, s.regs, s.fp, s.thread)
                }
                $imm(s, i) {
                    let v = s.value(i.a());
                    if v.is_int() {
                        return branch_on(s, v.as_int() $cmp (i.b_imm() as i64), i);
                    }
                    if v.is_float() {
                        return branch_on(s, v.as_float() $cmp (i.b_imm() as f64), i);
                    }
                    operators::branch_imm(s.ip, s.regs, s.fp, s.thread)
                }
            )*
        }
    };
}

branches! {
    branch_lt or branch, branch_lt_imm: <;
    branch_le or branch, branch_le_imm: <=;
    branch_eq or branch_equal, branch_eq_imm: ==;
    branch_ne or branch_equal, branch_ne_imm: !=;
    branch_gt or branch, branch_gt_imm: >;
    branch_ge or branch, branch_ge_imm: >=;
}

macro_rules! jumps_on_truth {
    ($($name:ident or $asked:ident or $any:ident, $pop:ident or $pop_asked:ident or $pop_any:ident: $when:expr;)*) => {
        handlers! {
            $(
                $name(s, i) {
                    match truth(s, i.a()) {
                        Some(truth) if truth == $when => s.jump(),
                        Some(_) => s.next(1),
                        None => $asked(s.ip, s.regs, s.fp, s.thread),
                    }
                }
                #[inline(never)]
                $asked(s, i) {
                    match truth_of_object(s, i.a()) {
                        Some(truth) if truth == $when => s.jump(),
                        Some(_) => s.next(1),
                        None => actions::$any(s.ip, s.regs, s.fp, s.thread),
                    }
                }
                $pop(s, i) {
                    match truth(s, i.a()) {
                        Some(truth) if truth == $when => s.clear_and_jump(i.a()),
                        Some(_) => s.write(i.a(), Value::EMPTY, 1),
                        None => $pop_asked(s.ip, s.regs, s.fp, s.thread),
                    }
                }
                #[inline(never)]
                $pop_asked(s, i) {
                    match truth_of_object(s, i.a()) {
                        Some(truth) if truth == $when => s.clear_and_jump(i.a()),
                        Some(_) => s.write(i.a(), Value::EMPTY, 1),
                        None => actions::$pop_any(s.ip, s.regs, s.fp, s.thread),
                    }
                }
            )*
        }
    };
}

jumps_on_truth! {
    jump_if_false or jump_if_object_false or jump_if_false_any, pop_jump_if_false or pop_jump_if_object_false or pop_jump_if_false_any: false;
    jump_if_true or jump_if_object_true or jump_if_true_any, pop_jump_if_true or pop_jump_if_object_true or pop_jump_if_true_any: true;
}

macro_rules! jumps_on_none {
    ($($name:ident $pop:ident $when:expr;)*) => {
        handlers! {
            $(
                $name(s, i) {
                    if s.value(i.a()).is_empty() {
                        return s.leave();
                    }
                    if is_none(s.regs.obj(i.a() as usize)) == $when { s.jump() } else { s.next(1) }
                }
                $pop(s, i) {
                    if s.value(i.a()).is_empty() {
                        return s.leave();
                    }
                    if is_none(s.regs.obj(i.a() as usize)) == $when {
                        s.clear_and_jump(i.a())
                    } else {
                        s.write(i.a(), Value::EMPTY, 1)
                    }
                }
            )*
        }
    };
}

jumps_on_none! {
    jump_if_none pop_jump_if_none true;
    jump_if_not_none pop_jump_if_not_none false;
}

handlers! {
    jump(s, _i) {
        s.jump()
    }
    jump_backward(s, _i) {
        if s.thread.threading.poll() != 0 {
            return s.leave();
        }
        s.jump()
    }
    branch_is(s, i) {
        let same = s.value(i.a()).same(s.value(i.b()));
        match branch_lightly(s, same, i) {
            Some(state) => state.go(),
            None => branch_is_last(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    branch_is_last(s, i) {
        let same = s.value(i.a()).same(s.value(i.b()));
        s.save();
        drop_operands(s, i);
        branch_on(s, same, i)
    }
    #[inline(never)]
    branch_in_any(s, i) {
        if s.value(i.a()).is_empty() || s.value(i.b()).is_empty() {
            return s.leave();
        }
        s.save();
        let Ok(found) = protocol::contains(s.regs.obj(i.b() as usize), s.regs.obj(i.a() as usize)) else {
            return Exit::Raised;
        };
        drop_operands(s, i);
        branch_on(s, found, i)
    }
}
