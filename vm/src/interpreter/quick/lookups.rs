//! `in`, subscripts of dicts, and what comprehensions add to sets and dicts: what the very key object's first cells say; bytes stored into a bytearray. These handlers call nothing, but for the
//! search of text in text.

use taipan_bytecode::{BranchFlags, Instr};
use taipan_objects::bytearray::PyByteArray;
use taipan_objects::code::Word;
use taipan_objects::dict::PyDict;
use taipan_objects::dict::at_once::hash_at_once;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::set::PySet;
use taipan_objects::singletons::bool_obj;
use taipan_objects::str::PyStr;
use taipan_objects::{Obj, Value};

use super::known::{self, Known};
use super::{Exit, State, actions, branches, drop_and_go, handlers, iteration, operators, values};
use crate::registers::Regs;

/// `element in container` of a built-in dict or set, if that is a matter of a few instructions. Neither is empty.
#[inline(always)]
pub(crate) fn contains_at_once(container: Value, element: Value) -> Option<bool> {
    if known::is(container, Known::Dict) {
        // SAFETY: the layout was checked.
        return unsafe { &*container.ptr().cast::<PyDict>() }
            .contains_at_once(element, hash_at_once(element)?);
    }
    if known::is(container, Known::Set) || known::is(container, Known::FrozenSet) {
        // SAFETY: the layout was checked.
        return unsafe { &*container.ptr().cast::<PySet>() }
            .contains_at_once(element, hash_at_once(element)?);
    }
    None
}

/// The value of a built-in dict's key, or that there is none, if that is a matter of a few instructions. Neither is empty.
#[inline(always)]
pub(crate) fn get_at_once(container: Value, key: Value) -> Option<Option<Obj>> {
    if !known::is(container, Known::Dict) {
        return None;
    }
    // SAFETY: the layout was checked.
    unsafe { &*container.ptr().cast::<PyDict>() }.get_at_once(key, hash_at_once(key)?)
}

/// `element in container` of two exact strings (apart, because it calls).
#[inline(never)]
pub(crate) fn contains_text(container: Value, element: Value) -> Option<bool> {
    if !known::is(container, Known::Str) || !known::is(element, Known::Str) {
        return None;
    }
    // SAFETY: the layouts were checked.
    unsafe { Some((*container.ptr().cast::<PyStr>()).contains(&*element.ptr().cast())) }
}

/// Goes on behind `BRANCH_IN` `i`, whose element is not to be dropped.
#[inline(always)]
fn branch(s: State, i: &Word, found: bool) -> Exit {
    let flags = i.c();
    if flags & BranchFlags::DROP_A != 0 {
        s.regs.put(i.a() as usize, Value::EMPTY);
    }
    let next = branches::branch_to(s, found, i);
    if flags & BranchFlags::DROP_B != 0 { next.write(i.b(), Value::EMPTY, 0) } else { next.go() }
}

#[inline(always)]
fn answer(s: State, element: u16, container: u16) -> Option<bool> {
    let (element, container) = (s.value(element), s.value(container));
    if element.is_empty() || container.is_empty() { None } else { contains_at_once(container, element) }
}

/// The work of `store_dict_key`, apart because its locals live in memory; nothing if the container is no dict whose class leaves this to `dict`.
#[inline(never)]
fn set_in_dict(regs: Regs, i: &Word) -> Option<PyResult<()>> {
    let (register, take) = Instr::split_take(i.c());
    let (container, key) = (regs.obj(i.a() as usize), regs.obj(i.b() as usize));
    let dict = PyDict::stored_plainly(container)?;
    // Another operand's register is emptied at the end.
    let moved =
        if take && register != i.a() && register != i.b() { regs.take(register as usize) } else { None };
    let value = moved.unwrap_or_else(|| regs.obj(register as usize).clone());
    Some(dict.set(key.clone(), value).map(|()| {
        if take {
            regs.clear(register as usize);
        }
    }))
}

/// What became of what a comprehension adds.
enum Added {
    /// It takes more; nothing is changed.
    Not,
    /// It is there.
    Kept,
    /// It is there, and the register is not wanted any more.
    Spare(u16),
}

/// Adds an element to the set of a comprehension, which nobody else has seen. Apart, as what it finds would be locals in memory of a handler.
#[inline(never)]
fn add_element(regs: Regs, i: &Word) -> Added {
    let (register, take) = Instr::split_take(i.b());
    let (container, element) = (regs.value(i.a() as usize), regs.value(register as usize));
    if !known::is(container, Known::Set) || element.is_empty() {
        return Added::Not;
    }
    let Some(hash) = hash_at_once(element) else { return Added::Not };
    // SAFETY: the layout was checked.
    let set = unsafe { &*container.ptr().cast::<PySet>() };
    match set.add_alone_at_once(element, hash, || regs.stored_at_once(register as usize, take)) {
        Some(added) => {
            if !take {
                return Added::Kept;
            }
            if !added {
                return Added::Spare(register);
            }
            // The set has taken it over.
            regs.put(register as usize, Value::EMPTY);
            Added::Kept
        }
        None => Added::Not,
    }
}

/// Adds an item to the dict of a comprehension, likewise.
#[inline(never)]
fn add_item(regs: Regs, i: &Word) -> Added {
    let ((at, take_key), (register, take)) = (Instr::split_take(i.b()), Instr::split_take(i.c()));
    let (container, key) = (regs.value(i.a() as usize), regs.value(at as usize));
    if !known::is(container, Known::Dict) || key.is_empty() || regs.value(register as usize).is_empty() {
        return Added::Not;
    }
    let Some(hash) = hash_at_once(key) else { return Added::Not };
    // SAFETY: the layout was checked.
    let dict = unsafe { &*container.ptr().cast::<PyDict>() };
    if !dict.add_alone_at_once(key, hash, || regs.stored_at_once(register as usize, take)) {
        return Added::Not;
    }
    if take {
        regs.put(register as usize, Value::EMPTY);
    }
    if take_key { Added::Spare(at) } else { Added::Kept }
}

handlers! {
    contains(s, i) {
        match answer(s, i.b(), i.c()) {
            Some(found) => s.write_obj(i.a(), bool_obj(found), 1),
            None => values::contains_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    contains_not(s, i) {
        match answer(s, i.b(), i.c()) {
            Some(found) => s.write_obj(i.a(), bool_obj(!found), 1),
            None => values::contains_not_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    branch_in(s, i) {
        // An element that is to be dropped is for the other way.
        if (i.c() & BranchFlags::DROP_A == 0 || !s.value(i.a()).is_counted())
            && let Some(found) = answer(s, i.a(), i.b())
        {
            return branch(s, i, found);
        }
        branch_in_text(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    branch_in_text(s, i) {
        let (element, container) = (s.value(i.a()), s.value(i.b()));
        if (i.c() & BranchFlags::DROP_A == 0 || !element.is_counted())
            && !element.is_empty()
            && !container.is_empty()
            && let Some(found) = contains_text(container, element)
        {
            return branch(s, i, found);
        }
        branches::branch_in_any(s.ip, s.regs, s.fp, s.thread)
    }
    /// `container[key] = value` of anything but a sequence.
    #[inline(never)]
    store_subscr_key(s, i) {
        let (register, take) = Instr::split_take(i.c());
        let (container, key) = (s.value(i.a()), s.value(i.b()));
        if known::is(container, Known::Dict) && let Some(hash) = hash_at_once(key) {
            // SAFETY: the layout was checked.
            let dict = unsafe { &*container.ptr().cast::<PyDict>() };
            if let Some(slot) = dict.slot_alone_at_once(key, hash)
                && let Some(word) = s.regs.stored_at_once(register as usize, take)
            {
                let old = slot.replace_alone(word);
                if take {
                    s.regs.put(register as usize, Value::EMPTY);
                }
                if old.is_counted() {
                    return drop_and_go(s.ip.wrapping_add(1), s.regs, s.fp, s.thread, old);
                }
                return s.next(1);
            }
            return store_plain_key(s.ip, s.regs, s.fp, s.thread);
        }
        if known::is(container, Known::ByteArray) {
            return store_byte(s.ip, s.regs, s.fp, s.thread);
        }
        if known::is_dict(container) {
            return store_dict_key(s.ip, s.regs, s.fp, s.thread);
        }
        operators::store_subscr(s.ip, s.regs, s.fp, s.thread)
    }
    /// `bytearray[index] = byte`.
    #[inline(never)]
    store_byte(s, i) {
        let (register, take) = Instr::split_take(i.c());
        let (key, value) = (s.value(i.b()), s.value(register));
        // SAFETY: `store_subscr_key` checked the layout.
        let array = unsafe { &*s.value(i.a()).ptr().cast::<PyByteArray>() };
        if key.is_int() && value.is_int() && array.set_at_once(key.as_int(), value.as_int()) {
            if take {
                s.regs.put(register as usize, Value::EMPTY);
            }
            return s.next(1);
        }
        iteration::store_subscr_any(s.ip, s.regs, s.fp, s.thread)
    }
    /// `dict[key] = value` of a dict and a key that is usually told from others by its word.
    #[inline(never)]
    store_plain_key(s, i) {
        let (register, take) = Instr::split_take(i.c());
        let key = s.value(i.b());
        // SAFETY: `store_subscr_key` checked the layout.
        let dict = unsafe { &*s.value(i.a()).ptr().cast::<PyDict>() };
        if let Some(hash) = hash_at_once(key)
            && dict.add_alone_at_once(key, hash, || s.regs.stored_at_once(register as usize, take))
        {
            if take {
                s.regs.put(register as usize, Value::EMPTY);
            }
            return s.next(1);
        }
        store_dict_key(s.ip, s.regs, s.fp, s.thread)
    }
    /// `dict[key] = value` of any other dict and key.
    #[inline(never)]
    store_dict_key(s, i) {
        s.save();
        match set_in_dict(s.regs, i) {
            Some(Ok(())) => s.next(1),
            Some(Err(Raised)) => Exit::Raised,
            None => operators::store_subscr(s.ip, s.regs, s.fp, s.thread),
        }
    }
    set_add(s, i) {
        match add_element(s.regs, i) {
            Added::Kept => s.next(1),
            Added::Spare(register) => s.write(register, Value::EMPTY, 1),
            Added::Not => actions::set_add_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    map_add(s, i) {
        match add_item(s.regs, i) {
            Added::Kept => s.next(1),
            Added::Spare(register) => s.write(register, Value::EMPTY, 1),
            Added::Not => actions::map_add_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// A subscript of anything but a sequence with a number.
    #[inline(never)]
    subscr_key(s, i) {
        let (container, key) = (s.value(i.b()), s.value(i.c()));
        if let Some(Some(value)) = get_at_once(container, key) {
            return s.write_obj(i.a(), value, 1);
        }
        if known::is(key, Known::Slice) {
            return iteration::subscr_any(s.ip, s.regs, s.fp, s.thread);
        }
        operators::subscr(s.ip, s.regs, s.fp, s.thread)
    }
}
