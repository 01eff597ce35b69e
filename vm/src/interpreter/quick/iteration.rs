//! `for`, subscripts, unpacking.

use taipan_bytecode::{Instr, Op};
use taipan_objects::dict::views::PyDictIter;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::iterators::PySequenceIter;
use taipan_objects::list::PyList;
use taipan_objects::protocol;
use taipan_objects::range::PyRangeIter;
use taipan_objects::set::PySetIter;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Value};

use super::known::{self, Known};
use super::{Exit, State, calls, handlers, lookups};
use crate::frame::Kind;
use crate::interpreter::generators;
use crate::interpreter::ops::iteration;
use crate::registers::Regs;
use crate::thread::VmThread;

/// What a step of a `for` loop came to.
enum Step {
    /// The item is in its register.
    Item,
    /// Both items of the pair are in theirs: the instruction that would unpack it is done.
    Pair,
    End,
    /// A generator's frame was pushed.
    Pushed,
    Raised,
}

/// The step of `FOR_ITER` `i` (apart, because its locals live in memory: see the module above), whose item goes to register `target`; `unpack` is the instruction behind.
#[inline(never)]
fn advance(thread: &'static VmThread, regs: Regs, i: Instr, target: u16, unpack: Instr) -> Step {
    let iterator = regs.obj(i.a() as usize);
    if generators::is_idle_generator(iterator) {
        return match generators::push(thread, iterator, Kind::GeneratorFor, None, target) {
            Ok(()) => Step::Pushed,
            Err(Raised) => Step::Raised,
        };
    }
    // A tuple that is only made to be taken apart by the instruction behind is not made.
    let found = if unpack.opcode() == Op::UnpackSequence as u16
        && unpack.c() == 2
        && Instr::split_take(unpack.b()) == (target, true)
        && let Some(pair) = iteration::next_pair(iterator)
    {
        pair.map(|pair| {
            pair.map(|(one, two)| {
                regs.write(unpack.a() as usize, one);
                regs.write(unpack.a() as usize + 1, two);
                Step::Pair
            })
        })
    } else {
        iteration::next(iterator).map(|item| {
            item.map(|item| {
                regs.write(target as usize, item);
                Step::Item
            })
        })
    };
    match found {
        Ok(Some(step)) => step,
        Ok(None) => {
            regs.clear(i.a() as usize);
            Step::End
        }
        Err(Raised) => Step::Raised,
    }
}

#[inline(never)]
fn item_at(regs: Regs, i: Instr) -> Option<Obj> {
    iteration::quick_subscript_at(regs.obj(i.b() as usize), i.c_imm() as i64)
}

/// What is at the key of a built-in container, if it takes no Python code to find it.
#[inline(never)]
fn item(regs: Regs, i: Instr) -> Option<Obj> {
    iteration::quick_subscript(regs.obj(i.b() as usize), regs.obj(i.c() as usize))
}

/// What is at any key of anything.
#[inline(never)]
fn any_item(regs: Regs, i: Instr) -> PyResult<Obj> {
    protocol::getitem(regs.obj(i.b() as usize), regs.obj(i.c() as usize))
}

/// The `__getitem__` in Python of what is in the register, or nothing.
#[inline(never)]
fn getitem(regs: Regs, register: u16) -> Value {
    iteration::python_getitem(regs.obj(register as usize)).map_or(Value::EMPTY, Obj::into_value)
}

/// Puts the items of a tuple into registers from `first` on, if that is a matter of a few instructions for all of them; otherwise some of them may be there, and others
/// be empty.
#[inline(always)]
pub(super) fn lend_all(s: State, items: &[Obj], first: usize) -> bool {
    for (offset, item) in items.iter().enumerate() {
        if !s.regs.clear_at_once(first + offset) {
            return false;
        }
        let Some(item) = item.lent_at_once() else { return false };
        s.regs.put(first + offset, item.into_value());
    }
    true
}

handlers! {
    for_iter(s, i) {
        let iterator = s.value(i.a());
        if !iterator.is_empty() && known::is(iterator, Known::RangeIterator) {
            // SAFETY: the layout was checked.
            let range: &PyRangeIter = unsafe { &*iterator.ptr().cast() };
            let Some(number) = range.peek_word() else { return s.clear_and_jump(i.a(), i.arg32()) };
            if let Some(number) = Value::from_int(number) {
                range.skip_word();
                return s.write(s.word(1).a(), number, 2);
            }
        }
        for_list(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    for_list(s, i) {
        let iterator = s.value(i.a());
        if iterator.is_empty() {
            return s.leave(i);
        }
        if known::is(iterator, Known::ListIterator) {
            // SAFETY: the layout was checked.
            let items: &PySequenceIter = unsafe { &*iterator.ptr().cast() };
            if let Some(item) = items.next_of_list_at_once() {
                return s.write_obj(s.word(1).a(), item, 2);
            }
            return for_other(s.ip, s.regs, s.fp, s.thread, i);
        }
        for_tuple(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    for_tuple(s, i) {
        let iterator = s.value(i.a());
        if known::is(iterator, Known::TupleIterator) {
            // SAFETY: the layout was checked.
            let items: &PySequenceIter = unsafe { &*iterator.ptr().cast() };
            if let Some(item) = items.next_of_tuple_at_once() {
                return s.write_obj(s.word(1).a(), item, 2);
            }
        } else if known::is(iterator, Known::Generator) {
            return super::generators::for_generator(s.ip, s.regs, s.fp, s.thread, i);
        }
        for_keys(s.ip, s.regs, s.fp, s.thread, i)
    }
    /// The elements of a set, the keys of a dict.
    #[inline(never)]
    for_keys(s, i) {
        let iterator = s.value(i.a());
        let key = if known::is(iterator, Known::SetIterator) {
            // SAFETY: the layout was checked.
            unsafe { &*iterator.ptr().cast::<PySetIter>() }.next_at_once()
        } else if known::is(iterator, Known::DictKeyIterator) {
            // SAFETY: the layout was checked.
            unsafe { &*iterator.ptr().cast::<PyDictIter>() }.next_key_at_once()
        } else {
            None
        };
        match key {
            Some(key) => s.write_obj(s.word(1).a(), key, 2),
            None => for_other(s.ip, s.regs, s.fp, s.thread, i),
        }
    }
    #[inline(never)]
    for_other(s, i) {
        s.save();
        match advance(s.thread, s.regs, i, s.word(1).a(), s.word(2)) {
            Step::Item => s.next(2),
            Step::Pair => s.next(3),
            Step::End => s.jump(i.arg32()),
            Step::Pushed => State::reload(s.thread),
            Step::Raised => Exit::Raised,
        }
    }
    subscr(s, i) {
        if s.value(i.b()).is_empty() || s.value(i.c()).is_empty() {
            return s.leave(i);
        }
        let key = s.value(i.c());
        if !key.is_int() {
            return lookups::subscr_key(s.ip, s.regs, s.fp, s.thread, i);
        }
        if let Some(value) = iteration::item_at_once(s.value(i.b()), key.as_int()) {
            return s.write_obj(i.a(), value, 1);
        }
        character(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    character(s, i) {
        let key = s.value(i.c());
        if let Some(value) = iteration::character_at_once(s.value(i.b()), key.as_int()) {
            return s.write(i.a(), value, 1);
        }
        lookups::subscr_key(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    subscr_any(s, i) {
        match item(s.regs, i) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None if known::is(s.value(i.b()), Known::Dict) => subscr_other(s.ip, s.regs, s.fp, s.thread, i),
            None => subscr_python(s.ip, s.regs, s.fp, s.thread, i),
        }
    }
    /// A `__getitem__` in Python.
    #[inline(never)]
    subscr_python(s, i) {
        let function = getitem(s.regs, i.b());
        match calls::call_lent(s, function, s.value(i.b()), s.value(i.c()), i.a()) {
            Some(exit) => exit,
            None => subscr_other(s.ip, s.regs, s.fp, s.thread, i),
        }
    }
    #[inline(never)]
    subscr_other(s, i) {
        s.save();
        match any_item(s.regs, i) {
            Ok(value) => s.write_obj(i.a(), value, 1),
            Err(Raised) => Exit::Raised,
        }
    }
    subscr_imm(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave(i);
        }
        match iteration::item_at_once(s.value(i.b()), i.c_imm() as i64) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => character_imm(s.ip, s.regs, s.fp, s.thread, i),
        }
    }
    #[inline(never)]
    character_imm(s, i) {
        match iteration::character_at_once(s.value(i.b()), i.c_imm() as i64) {
            Some(value) => s.write(i.a(), value, 1),
            None => subscr_imm_any(s.ip, s.regs, s.fp, s.thread, i),
        }
    }
    #[inline(never)]
    subscr_imm_any(s, i) {
        match item_at(s.regs, i) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => subscr_imm_other(s.ip, s.regs, s.fp, s.thread, i),
        }
    }
    /// The number of a dict's key, or of anything that says what it is.
    #[inline(never)]
    subscr_imm_other(s, i) {
        let (container, key) = (s.value(i.b()), Value::from_int_wrapping(i.c_imm() as i64));
        if let Some(Some(value)) = lookups::get_at_once(container, key) {
            return s.write_obj(i.a(), value, 1);
        }
        let function = if known::is(container, Known::Dict) { Value::EMPTY } else { getitem(s.regs, i.b()) };
        match calls::call_lent(s, function, container, key, i.a()) {
            Some(exit) => exit,
            None => s.leave(i),
        }
    }
    store_subscr(s, i) {
        let (register, take) = Instr::split_take(i.c());
        if s.value(i.a()).is_empty() || s.value(i.b()).is_empty() || s.value(register).is_empty() {
            return s.leave(i);
        }
        let key = s.value(i.b());
        let stored = || s.regs.stored_at_once(register as usize, take);
        if key.is_int() && let Some(old) = iteration::replace_at_once(s.value(i.a()), key.as_int(), stored) {
            if take {
                s.regs.put(register as usize, Value::EMPTY);
            }
            if old.is_counted() {
                return super::drop_and_go(s.ip.wrapping_add(1), s.regs, s.fp, s.thread, old);
            }
            return s.next(1);
        }
        lookups::store_subscr_key(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    store_subscr_any(s, i) {
        let (register, take) = Instr::split_take(i.c());
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
        let (source, first, count) = (s.value(register), i.a(), i.c());
        if source.is_empty() {
            return s.leave(i);
        }
        if known::is(source, Known::Tuple) && !(first..first + count).contains(&register) {
            // SAFETY: the layout was checked.
            let items = unsafe { &*source.ptr().cast::<PyTuple>() }.as_slice();
            if items.len() == count as usize && lend_all(s, items, first as usize) {
                return if take { s.write(register, Value::EMPTY, 1) } else { s.next(1) };
            }
        }
        unpack_list(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    unpack_list(s, i) {
        let (register, take) = Instr::split_take(i.b());
        let (source, first, count) = (s.value(register), i.a(), i.c());
        if known::is(source, Known::List) && !(first..first + count).contains(&register) {
            // SAFETY: the layout was checked.
            let list = unsafe { &*source.ptr().cast::<PyList>() };
            if let Some(items) = list.items_alone()
                && items.len() == count as usize
                && lend_all(s, items, first as usize)
            {
                return if take { s.write(register, Value::EMPTY, 1) } else { s.next(1) };
            }
        }
        unpack_any(s.ip, s.regs, s.fp, s.thread, i)
    }
    #[inline(never)]
    unpack_any(s, i) {
        let (register, take) = Instr::split_take(i.b());
        s.save();
        let consume = take.then_some(register as usize);
        match iteration::unpack_sequence(s.regs, i.a() as usize, s.regs.obj(register as usize), i.c() as usize, consume) {
            Ok(()) => s.next(1),
            Err(_) => Exit::Raised,
        }
    }
}
