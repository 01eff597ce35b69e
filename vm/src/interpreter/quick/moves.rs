//! Moving values between registers, constants, and the building of tuples and lists.

use taipan_bytecode::Instr;
use taipan_objects::Value;
use taipan_objects::list::PyList;

use super::known::{self, Known};
use super::{Exit, handlers};
use crate::interpreter::ops::build;
use crate::registers::Regs;

// Apart, because their locals live in memory: see the module above.

#[inline(never)]
fn tuple(regs: Regs, first: u16, count: u16) -> Value {
    build::tuple(regs, first as usize, count as usize).into_value()
}

#[inline(never)]
fn list(regs: Regs, first: u16, count: u16) -> Value {
    build::list(regs, first as usize, count as usize).into_value()
}

handlers! {
    nop(s, _i) {
        s.next(1)
    }
    load_const(s, i) {
        s.write(i.a(), s.constant(), 1)
    }
    load_int(s, i) {
        s.write(i.a(), Value::from_int_wrapping(i.arg32() as i32 as i64), 1)
    }
    copy(s, i) {
        match s.regs.copy_at_once(i.b() as usize) {
            Some(value) => s.write(i.a(), value, 1),
            None => copy_foreign(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    copy_foreign(s, i) {
        let value = s.regs.copy_of(i.b() as usize);
        s.write(i.a(), value, 1)
    }
    move_(s, i) {
        let value = s.regs.take_value(i.b() as usize);
        s.write(i.a(), value, 1)
    }
    lend(s, i) {
        s.write(i.a(), s.value(i.b()).uncounted(), 1)
    }
    drop_(s, i) {
        s.write(i.a(), Value::EMPTY, 1)
    }
    check_local(s, i) {
        if s.value(i.a()).is_empty() {
            return s.leave();
        }
        s.next(1)
    }
    build_tuple(s, i) {
        s.write(i.a(), tuple(s.regs, i.b(), i.c()), 1)
    }
    build_list(s, i) {
        s.write(i.a(), list(s.regs, i.b(), i.c()), 1)
    }
    list_append(s, i) {
        let (register, take) = Instr::split_take(i.b());
        let (list, value) = (s.value(i.a()), s.value(register));
        if !list.is_empty() && !value.is_empty() && known::is(list, Known::List) {
            // SAFETY: the layout was checked.
            let list: &PyList = unsafe { &*list.ptr().cast() };
            if list.push_at_once(|| s.regs.stored_at_once(register as usize, take)) {
                if take {
                    s.regs.put(register as usize, Value::EMPTY);
                }
                return s.next(1);
            }
        }
        list_append_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    list_append_any(s, i) {
        let (register, take) = Instr::split_take(i.b());
        if s.value(register).is_empty() || s.value(i.a()).is_empty() {
            return s.leave();
        }
        s.save();
        let value = if take { s.regs.take(register as usize) } else { Some(s.regs.obj(register as usize).clone()) };
        if let Some(value) = value && build::list_append(s.regs.obj(i.a() as usize), value).is_err() {
            return Exit::Raised;
        }
        s.next(1)
    }
}
