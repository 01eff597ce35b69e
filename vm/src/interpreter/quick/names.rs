//! Global and free variables.

use taipan_bytecode::Instr;
use taipan_objects::cell::PyCell;

use super::handlers;
use super::known::{self, Known};
use crate::interpreter::ops::name;

handlers! {
    load_global(s, i) {
        // SAFETY: the frame is live.
        match name::constant_at_once(s.cache(), unsafe { &*s.fp }) {
            Some(value) => s.write(i.a(), value, 1),
            None => load_variable(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    load_variable(s, i) {
        // SAFETY: the frame is live.
        match name::global_at_once(s.cache(), unsafe { &*s.fp }) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => load_counted_global(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    load_counted_global(s, i) {
        // SAFETY: the frame is live.
        match name::quick_global(s.cache(), unsafe { &*s.fp }) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => s.leave(),
        }
    }
    load_deref(s, i) {
        let cell = s.value(i.b());
        if !cell.is_empty() && known::is(cell, Known::Cell) {
            // SAFETY: the layout was checked.
            let cell: &PyCell = unsafe { &*cell.ptr().cast() };
            return match cell.value.load_at_once() {
                Some(value) => s.write_obj(i.a(), value, 1),
                None => load_foreign_deref(s.ip, s.regs, s.fp, s.thread),
            };
        }
        s.leave()
    }
    #[inline(never)]
    load_foreign_deref(s, i) {
        // SAFETY: `load_deref` checked the layout.
        let cell: &PyCell = unsafe { &*s.value(i.b()).ptr().cast() };
        match cell.value.load_uncounted() {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => s.leave(),
        }
    }
    store_deref(s, i) {
        let (register, take) = Instr::split_take(i.b());
        let cell = s.value(i.a());
        if s.value(register).is_empty() || cell.is_empty() || !known::is(cell, Known::Cell) {
            return s.leave();
        }
        s.save();
        let value = if take { s.regs.take(register as usize) } else { Some(s.regs.obj(register as usize).clone()) };
        // SAFETY: the layout was checked.
        let cell: &PyCell = unsafe { &*cell.ptr().cast() };
        drop(cell.value.replace(value));
        s.next(1)
    }
}
