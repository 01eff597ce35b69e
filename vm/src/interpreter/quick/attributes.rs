//! Attributes through their caches.

use taipan_bytecode::{Instr, SuperFlags};
use taipan_objects::code::Word;
use taipan_objects::{Obj, Slot, Value};
use taipan_threading::sync::atomic::AtomicU64;

use super::{Exit, State, actions, calls, drop_and_go, handlers};
use crate::interpreter::ops::attribute;
use crate::registers::Regs;

/// The getter of a property of what is in the register, or nothing.
#[inline(never)]
fn getter(cache: &AtomicU64, regs: Regs, register: u16) -> Value {
    attribute::quick_property(cache, regs.obj(register as usize)).map_or(Value::EMPTY, Obj::into_value)
}

/// Stores the operand of `STORE_ATTR` `i` in the slot, if that is a matter of a few instructions, and gives the word that was there, which the caller owns.
#[inline(always)]
fn store_in(s: State, i: &Word, slot: &Slot) -> Option<Value> {
    let (register, take) = Instr::split_take(i.b());
    if s.value(register).is_empty() {
        return None;
    }
    let value = s.regs.stored_at_once(register as usize, take)?;
    if take {
        s.regs.put(register as usize, Value::EMPTY);
    }
    Some(slot.replace_alone(value))
}

/// Goes on after `STORE_ATTR`, dropping the word that was there before.
#[inline(always)]
fn stored(s: State, old: Value) -> Exit {
    if old.is_counted() {
        return drop_and_go(s.ip.wrapping_add(1), s.regs, s.fp, s.thread, old);
    }
    s.next(1)
}

handlers! {
    load_attr(s, i) {
        match attribute::inline_slot(s.cache(), s.value(i.b())) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None if attribute::knows_several(s.cache()) => load_attr_of_several(s.ip, s.regs, s.fp, s.thread),
            None => load_attr_of_class(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    load_attr_of_class(s, i) {
        match attribute::only_plain_or_member(s.cache(), s.value(i.b())) {
            Some(value) => s.write(i.a(), value, 1),
            None => load_attr_of_module(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    load_attr_of_module(s, i) {
        match attribute::only_of_module(s.cache(), s.value(i.b())) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => load_attr_in_dict(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// Of an instance that has a dict.
    #[inline(never)]
    load_attr_in_dict(s, i) {
        match attribute::only_in_dict(s.cache(), s.value(i.b())) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => load_attr_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    load_attr_of_several(s, i) {
        match attribute::slot_or_plain_of_several(s.cache(), s.value(i.b())) {
            Some(value) => s.write(i.a(), value, 1),
            None => load_attr_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    load_attr_any(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave();
        }
        match attribute::quick_load(s.cache(), s.regs.obj(i.b() as usize)) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => load_attr_native(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// A native attribute.
    #[inline(never)]
    load_attr_native(s, i) {
        let Some(def) = attribute::quick_native(s.cache(), s.regs.obj(i.b() as usize)) else {
            return load_attr_slow(s.ip, s.regs, s.fp, s.thread);
        };
        s.save();
        match (def.get)(s.regs.obj(i.b() as usize)) {
            Ok(value) => s.write_obj(i.a(), value, 1),
            Err(_) => Exit::Raised,
        }
    }
    #[inline(never)]
    load_attr_slow(s, i) {
        let getter = getter(s.cache(), s.regs, i.b());
        calls::call_lent(s, getter, s.value(i.b()), Value::EMPTY, i.a(), load_attr_last)
    }
    #[inline(never)]
    load_attr_last(s, i) {
        let pc = s.saved_pc();
        match attribute::load(s.code(), pc, s.regs.obj(i.b() as usize), i.c() as usize) {
            Ok(value) => s.write_obj(i.a(), value, 1),
            Err(_) => Exit::Raised,
        }
    }
    store_attr(s, i) {
        if let Some(slot) = attribute::inline_slot_to_store(s.cache(), s.value(i.a()))
            && let Some(old) = store_in(s, i, slot)
        {
            return stored(s, old);
        }
        if attribute::knows_record(s.cache()) {
            return store_attr_in_record(s.ip, s.regs, s.fp, s.thread);
        }
        add_attr(s.ip, s.regs, s.fp, s.thread)
    }
    /// Of an instance that has a dict, or `__slots__`.
    #[inline(never)]
    store_attr_in_record(s, i) {
        if let Some(slot) = attribute::slot_of_record_to_store(s.cache(), s.value(i.a()))
            && let Some(old) = store_in(s, i, slot)
        {
            return stored(s, old);
        }
        store_attr_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    store_attr_of_several(s, i) {
        if let Some(slot) = attribute::slot_to_store_of_several(s.cache(), s.value(i.a()))
            && let Some(old) = store_in(s, i, slot)
        {
            return stored(s, old);
        }
        store_attr_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    add_attr(s, i) {
        let (register, take) = Instr::split_take(i.b());
        let stored = || s.regs.stored_at_once(register as usize, take);
        if !s.value(register).is_empty() && attribute::add_at_once(s.cache(), s.value(i.a()), stored) {
            if take {
                // The slot has its reference, or a lent one owned none.
                s.regs.put(register as usize, Value::EMPTY);
            }
            return s.next(1);
        }
        store_attr_of_several(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    store_attr_any(s, i) {
        let (register, take) = Instr::split_take(i.b());
        if s.value(i.a()).is_empty() || s.value(register).is_empty() {
            return s.leave();
        }
        let pc = s.saved_pc();
        let value = if take { s.regs.take(register as usize) } else { Some(s.regs.obj(register as usize).clone()) };
        let Some(value) = value else { return s.leave() };
        match attribute::store(s.code(), pc, s.regs.obj(i.a() as usize), i.c() as usize, value) {
            Ok(()) => s.next(1),
            Err(_) => Exit::Raised,
        }
    }
    load_method(s, i) {
        let (a, b) = (i.a(), i.b());
        let receiver = s.value(b);
        // The two registers that are written own nothing; or the receiver is in the second, which keeps it.
        if !s.value(a).is_counted()
            && (b == a + 1 || !s.value(a + 1).is_counted())
            && let Some(function) = attribute::only_method(s.cache(), receiver)
        {
            if b != a + 1 {
                // A local, which is not written before the call: lent.
                s.regs.put(a as usize + 1, receiver.uncounted_ptr());
            }
            s.regs.put(a as usize, function);
            return s.next(1);
        }
        if attribute::knows_several(s.cache()) {
            return load_method_of_several(s.ip, s.regs, s.fp, s.thread);
        }
        load_method_last(s.ip, s.regs, s.fp, s.thread)
    }
    /// The receiver in the register of the function: it moves.
    #[inline(never)]
    load_method_last(s, i) {
        let (a, b) = (i.a(), i.b());
        let receiver = s.value(b);
        if a == b
            && !s.value(a + 1).is_counted()
            && let Some(function) = attribute::only_method(s.cache(), receiver)
        {
            s.regs.put(a as usize + 1, receiver);
            s.regs.put(a as usize, function);
            return s.next(1);
        }
        load_method_beside_dict(s.ip, s.regs, s.fp, s.thread)
    }
    /// A method of an instance that has a dict.
    #[inline(never)]
    load_method_beside_dict(s, i) {
        let (a, b) = (i.a(), i.b());
        let receiver = s.value(b);
        if (a == b || !s.value(a).is_counted())
            && (b == a + 1 || !s.value(a + 1).is_counted())
            && let Some(function) = attribute::only_method_beside_dict(s.cache(), receiver)
        {
            // As of a site that knows several shapes.
            let receiver = if a == b || b == a + 1 { receiver } else { receiver.uncounted_ptr() };
            s.regs.put(a as usize + 1, receiver);
            s.regs.put(a as usize, function);
            return s.next(1);
        }
        load_method_of_instance(s.ip, s.regs, s.fp, s.thread)
    }
    /// An attribute of the very instance or module, which is called as it is.
    #[inline(never)]
    load_method_of_instance(s, i) {
        let a = i.a();
        if !s.value(a + 1).is_counted() {
            let (cache, subject) = (s.cache(), s.value(i.b()));
            let value = match attribute::inline_slot(cache, subject).map(Obj::into_value) {
                None => attribute::only_of_module(cache, subject).map(Obj::into_value),
                found => found,
            };
            if let Some(value) = value {
                s.regs.put(a as usize + 1, Value::EMPTY);
                // Drops the receiver, if it was in the same register.
                return s.write(a, value, 1);
            }
        }
        load_method_any(s.ip, s.regs, s.fp, s.thread)
    }
    /// The method of a class for `with`. Unlike that of a call it is kept while other code runs, so its receiver is counted.
    #[inline(never)]
    load_special(s, i) {
        let (a, b) = (i.a(), i.b());
        let receiver = s.value(b);
        if !receiver.is_empty()
            && (a == b || !s.value(a).is_counted())
            && (b == a + 1 || !s.value(a + 1).is_counted())
            && let Some(function) = attribute::known_method(s.cache(), receiver)
        {
            let kept = if a == b || b == a + 1 { Some(receiver) } else { s.regs.stored_at_once(b as usize, false) };
            if let Some(kept) = kept {
                s.regs.put(a as usize + 1, kept);
                s.regs.put(a as usize, function);
                return s.next(1);
            }
        }
        actions::load_special(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    load_method_of_several(s, i) {
        let (a, b) = (i.a(), i.b());
        let receiver = s.value(b);
        if (a == b || !s.value(a).is_counted())
            && (b == a + 1 || !s.value(a + 1).is_counted())
            && let Some(function) = attribute::method_of_several(s.cache(), receiver)
        {
            // It moves, or stays, or is a local and lent.
            let receiver = if a == b || b == a + 1 { receiver } else { receiver.uncounted_ptr() };
            s.regs.put(a as usize + 1, receiver);
            s.regs.put(a as usize, function);
            return s.next(1);
        }
        load_method_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    load_method_any(s, i) {
        let receiver = s.value(i.b());
        if !receiver.is_empty()
            && let Some(function) = attribute::quick_method(s.cache(), s.regs.obj(i.b() as usize))
        {
            s.save();
            attribute::place_method(s.regs, i.a() as usize, i.b() as usize, function);
            return s.next(1);
        }
        load_method_slow(s.ip, s.regs, s.fp, s.thread)
    }
    load_super_attr(s, i) {
        let b = i.b();
        if i.a() & SuperFlags::METHOD == 0 || s.value(b).is_empty() || s.value(b + 1).is_empty() || s.value(b + 2).is_empty() {
            return s.leave();
        }
        let b = b as usize;
        let (callable, class, receiver) = (s.regs.obj(b), s.regs.obj(b + 1), s.regs.obj(b + 2));
        let Some(found) = attribute::quick_super(s.cache(), callable, class, receiver) else { return s.leave() };
        s.save();
        found.place(s.regs, b);
        s.next(1)
    }
    #[inline(never)]
    load_method_slow(s, i) {
        let pc = s.saved_pc();
        match attribute::load_method(s.code(), pc, s.regs, i.a() as usize, i.b() as usize, i.c() as usize) {
            Ok(()) => s.next(1),
            Err(_) => Exit::Raised,
        }
    }
}
