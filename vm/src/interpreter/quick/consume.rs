//! Loops that stand for a call with a generator expression: the choice of them, and sums and extremes of numbers.

use taipan_bytecode::{Consumer, Instr};
use taipan_objects::Value;
use taipan_objects::code::Word;
use taipan_objects::singletons::bool_obj;

use super::known::{self, Known};
use super::{State, handlers};
use crate::interpreter::ops::consume;

#[inline(always)]
fn is_known(s: State, i: &Word) -> bool {
    let (callable, receiver) = (s.value(i.b()), s.value(i.b() + 1));
    if callable.is_empty() || !consume::is_known(s.regs.obj(i.b() as usize), i.c()) {
        return false;
    }
    i.c() != Consumer::Join as u16 || !receiver.is_empty() && known::is(receiver, Known::Str)
}

handlers! {
    is_builtin(s, i) {
        if !is_known(s, i) {
            return s.leave();
        }
        s.write_obj(i.a(), bool_obj(true), 1)
    }
    fold(s, i) {
        let (register, take) = Instr::split_take(i.b());
        let (total, rest, value) = (s.value(i.a()), s.value(i.a() + 1), s.value(register));
        if value.is_empty() {
            return s.leave();
        }
        let Some((total, rest)) = consume::fold_words(total, rest, value, i.c()) else { return s.leave() };
        // Numbers all of them: nothing to drop.
        s.regs.write_value(i.a() as usize + 1, rest);
        if take {
            s.regs.write_value(register as usize, Value::EMPTY);
        }
        s.write(i.a(), total, 1)
    }
}
