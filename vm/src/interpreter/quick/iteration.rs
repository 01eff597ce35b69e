//! `for`, subscripts, unpacking.

use taipan_bytecode::Instr;
use taipan_objects::Value;
use taipan_objects::range::PyRangeIter;

use super::known::{self, Known};
use super::{Exit, State, handlers};
use crate::frame::Kind;
use crate::interpreter::generators;
use crate::interpreter::ops::iteration;

handlers! {
    for_iter(s, i) {
        let iterator = s.value(i.a());
        if iterator.is_empty() {
            return s.leave(i);
        }
        if known::is(iterator, Known::RangeIterator) {
            // SAFETY: the layout was checked.
            let range: &PyRangeIter = unsafe { &*iterator.ptr().cast() };
            return match range.step_word() {
                Some(number) => match Value::from_int(number) {
                    Some(value) => s.write(s.word(1).a(), value, 2),
                    None => s.write_obj(s.word(1).a(), taipan_objects::construct::int_obj(number), 2),
                },
                None => s.clear_and_jump(i.a(), i.arg32()),
            };
        }
        for_other(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    for_other(s, i) {
        s.save();
        let iterator = s.regs.obj(i.a() as usize);
        if generators::is_idle_generator(iterator) {
            let target = s.word(1).a();
            return match generators::push(s.thread, iterator, Kind::GeneratorFor, None, target) {
                Ok(()) => State::reload(s.thread),
                Err(_) => Exit::Raised,
            };
        }
        match iteration::next(iterator) {
            Ok(Some(item)) => s.write_obj(s.word(1).a(), item, 2),
            Ok(None) => s.clear_and_jump(i.a(), i.arg32()),
            Err(_) => Exit::Raised,
        }
    }
    subscr(s, i) {
        if s.value(i.b()).is_empty() || s.value(i.c()).is_empty() {
            return s.leave(i);
        }
        match iteration::quick_subscript(s.regs.obj(i.b() as usize), s.regs.obj(i.c() as usize)) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => s.leave(i),
        }
    }
    subscr_imm(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave(i);
        }
        match iteration::quick_subscript_at(s.regs.obj(i.b() as usize), i.c_imm() as i64) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => s.leave(i),
        }
    }
    store_subscr(s, i) {
        let (register, take) = Instr::split_take(i.c());
        if s.value(i.a()).is_empty() || s.value(i.b()).is_empty() || s.value(register).is_empty() {
            return s.leave(i);
        }
        s.save();
        let (container, key) = (s.regs.obj(i.a() as usize), s.regs.obj(i.b() as usize));
        if iteration::store_subscript(container, key, s.regs.obj(register as usize)).is_err() {
            return Exit::Raised;
        }
        if take {
            return s.write(register, Value::EMPTY, 1);
        }
        s.next(1)
    }
    unpack_sequence(s, i) {
        let (register, take) = Instr::split_take(i.b());
        if s.value(register).is_empty() {
            return s.leave(i);
        }
        s.save();
        let consume = take.then_some(register as usize);
        match iteration::unpack_sequence(s.regs, i.a() as usize, s.regs.obj(register as usize), i.c() as usize, consume) {
            Ok(()) => s.next(1),
            Err(_) => Exit::Raised,
        }
    }
}
