//! `for`, subscripts, unpacking.

use std::mem::ManuallyDrop;

use taipan_bytecode::{Instr, Op};
use taipan_objects::code::Word;
use taipan_objects::dict::PyDict;
use taipan_objects::dict::views::PyDictIter;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::iterators::PySequenceIter;
use taipan_objects::list::{Place, PyList};
use taipan_objects::protocol;
use taipan_objects::range::PyRangeIter;
use taipan_objects::set::PySetIter;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Object, Value};

use super::known::{self, ByShape, Known};
use super::{
    Exit, Handler, Ip, State, calls, generators, handlers, leave, lookups, operators, result, values,
};
use crate::frame::{Frame, Kind};
use crate::interpreter::generators as resume;
use crate::interpreter::ops::iteration;
use crate::registers::Regs;
use crate::thread::VmThread;

/// What a step of a `for` loop came to.
pub(crate) enum Step {
    /// The item is in its register.
    Item,
    /// Both items of the pair are in theirs: the instruction that would unpack it is done.
    Pair,
    End,
    /// A generator's frame was pushed.
    Pushed,
    Raised,
}

/// Whether the instruction takes a pair in register `target` apart and leaves that empty.
#[inline(always)]
pub(crate) fn takes_pair(unpack: &Word, target: u16) -> bool {
    unpack.opcode() == Op::UnpackSequence as u16
        && unpack.c() == 2
        && Instr::split_take(unpack.b()) == (target, true)
}

/// The step of `FOR_ITER` `i` (apart, because its locals live in memory: see the module above), whose item goes to register `target`; `unpack` is the instruction behind.
#[inline(never)]
pub(crate) fn advance(thread: &'static VmThread, regs: Regs, i: &Word, target: u16, unpack: &Word) -> Step {
    let iterator = regs.obj(i.a() as usize);
    match resume::push_idle(thread, iterator, Kind::GeneratorFor, &mut None, target) {
        Ok(true) => return Step::Pushed,
        Ok(false) => {}
        Err(Raised) => return Step::Raised,
    }
    // A tuple that is only made to be taken apart by the instruction behind is not made.
    if takes_pair(unpack, target)
        && let Some(found) = iteration::next_pair(iterator)
    {
        return pair(regs, i, unpack.a() as usize, found);
    }
    match iteration::next(iterator) {
        Ok(Some(item)) => {
            regs.write(target as usize, item);
            Step::Item
        }
        Ok(None) => {
            regs.clear(i.a() as usize);
            Step::End
        }
        Err(Raised) => Step::Raised,
    }
}

/// What a pair for registers from `first` on comes to.
fn pair(regs: Regs, i: &Word, first: usize, found: PyResult<Option<(Obj, Obj)>>) -> Step {
    match found {
        Ok(Some((one, two))) => {
            regs.write(first, one);
            regs.write(first + 1, two);
            Step::Pair
        }
        Ok(None) => {
            regs.clear(i.a() as usize);
            Step::End
        }
        Err(Raised) => Step::Raised,
    }
}

#[inline(never)]
fn item_at(regs: Regs, i: &Word) -> Option<Obj> {
    iteration::quick_subscript_at(regs.obj(i.b() as usize), i.c_imm() as i64)
}

/// What is at the key of a built-in container, if it takes no Python code to find it.
#[inline(never)]
fn item(regs: Regs, i: &Word) -> Option<Obj> {
    iteration::quick_subscript(regs.obj(i.b() as usize), regs.obj(i.c() as usize))
}

/// What is at any key of anything.
#[inline(never)]
fn any_item(regs: Regs, i: &Word) -> PyResult<Obj> {
    protocol::getitem(regs.obj(i.b() as usize), regs.obj(i.c() as usize))
}

/// What is at the key of a dict whose class leaves subscripts to `dict`; nothing if the container is something else.
#[inline(never)]
fn dict_item(regs: Regs, i: &Word) -> Option<PyResult<Obj>> {
    let dict = PyDict::subscripted_plainly(regs.obj(i.b() as usize))?;
    Some(dict.subscript_lent(regs.obj(i.c() as usize)))
}

/// What a subscript of anything came to.
enum Subscript {
    /// The item is in `thread.result`.
    Item,
    /// The class has a `__getitem__` in Python, in `thread.result`.
    Python,
    Raised,
}

/// Asks the class of what is in the register for the item at a key.
#[inline(never)]
fn class_item(thread: &'static VmThread, regs: Regs, i: &Word, key: Value) -> Subscript {
    let register = i.b();
    let container = regs.obj(register as usize);
    if let Some(function) = iteration::python_getitem(container) {
        values::learn(thread.innermost(), register, regs, i);
        thread.result.set(function.into_value());
        return Subscript::Python;
    }
    // SAFETY: the key is a register's or a number: nothing is counted.
    let key = ManuallyDrop::new(unsafe { Obj::from_value_unchecked(key) });
    match protocol::getitem(container, &key) {
        Ok(item) => {
            thread.result.set(item.into_value());
            Subscript::Item
        }
        Err(Raised) => Subscript::Raised,
    }
}

/// Puts the items of a tuple into registers from `first` on, if that is a matter of a few instructions for all of them; otherwise some of them may be there, and others
/// be empty.
#[inline(always)]
pub(crate) fn lend_all(regs: Regs, items: &[Obj], first: usize) -> bool {
    for (offset, item) in items.iter().enumerate() {
        if !regs.clear_at_once(first + offset) {
            return false;
        }
        let Some(item) = item.lent_at_once() else { return false };
        regs.put(first + offset, item.into_value());
    }
    true
}

/// The iterator of `FOR_ITER` `i`, which a handler for objects of layout `T` was chosen for by its shape.
#[inline(always)]
fn iterator<'a, T: Object>(s: State, i: &Word) -> &'a T {
    // SAFETY: the layout is that by the shape.
    unsafe { &*s.value(i.a()).ptr().cast() }
}

/// Ends a turn with the object in a place of the list that is iterated over, if it still is there.
#[inline(never)]
fn for_object_of_list(
    ip: Ip,
    regs: Regs,
    fp: *mut Frame,
    thread: &'static VmThread,
    place: Place<'_>,
) -> Exit {
    let s = State { ip, regs, fp, thread };
    let items = iterator::<PySequenceIter>(s, s.word(0));
    match items.load_next_in_list(place) {
        Some(item) => {
            items.skip();
            s.write_obj(s.word(1).a(), item, 2)
        }
        None => for_other(ip, regs, fp, thread),
    }
}

/// Ends a turn of `FOR_ITER` `i` with the item, if there was one at once.
#[inline(always)]
fn turn(s: State, item: Option<Obj>) -> Exit {
    match item {
        Some(item) => s.write_obj(s.word(1).a(), item, 2),
        None => for_other(s.ip, s.regs, s.fp, s.thread),
    }
}

/// Whether the word is of an exact list.
#[inline(always)]
fn is_list(word: Value) -> bool {
    !word.is_empty() && known::is(word, Known::List)
}

/// `list[index]` for instruction `i`: a number at once; an object's reference is counted by [`counted_item`], because what that takes would otherwise cost numbers, too.
#[inline(always)]
fn list_item(s: State, i: &Word, list: Value, index: i64, otherwise: Handler) -> Exit {
    // SAFETY: the layout was checked.
    let list: &PyList = unsafe { &*list.ptr().cast() };
    let Some(place) = list.place_at_once(index) else { return otherwise(s.ip, s.regs, s.fp, s.thread) };
    match place.number() {
        Some(number) => s.write(i.a(), number, 1),
        None => counted_item(s.ip, s.regs, s.fp, s.thread, place),
    }
}

/// Ends a subscript of a list with the object in a place of it, if it still is there.
#[inline(never)]
fn counted_item(ip: Ip, regs: Regs, fp: *mut Frame, thread: &'static VmThread, place: Place<'_>) -> Exit {
    let s = State { ip, regs, fp, thread };
    let i = s.word(0);
    // SAFETY: `list_item` checked the layout.
    let list: &PyList = unsafe { &*s.value(i.b()).ptr().cast() };
    match list.load_at_once(place) {
        Some(item) => s.write_obj(i.a(), item, 1),
        None if i.opcode() == Op::Subscr as u16 => subscr_object(ip, regs, fp, thread),
        None => subscr_imm_object(ip, regs, fp, thread),
    }
}

/// A subscript `i` that the class of the container has to answer; `otherwise` if it has a `__getitem__` whose frame cannot be pushed here.
#[inline(always)]
fn ask_class(s: State, i: &Word, key: Value, otherwise: Handler) -> Exit {
    s.save();
    match class_item(s.thread, s.regs, i, key) {
        Subscript::Item => s.write(i.a(), result(s.thread), 1),
        Subscript::Python => calls::call_lent(s, result(s.thread), s.value(i.b()), key, i.a(), otherwise),
        Subscript::Raised => Exit::Raised,
    }
}

/// `FOR_ITER` by iterator.
static FOR: ByShape = known::by_shape(
    for_other,
    &[
        (Known::ListIterator, for_list),
        (Known::TupleIterator, for_tuple),
        (Known::ListReverseIterator, for_reversed),
        (Known::StrIterator, for_characters),
        (Known::DictValueIterator, for_values),
        (Known::DictItemIterator, for_items),
        (Known::SetIterator, for_elements),
        (Known::DictKeyIterator, for_keys),
        (Known::Generator, generators::for_generator),
    ],
);

/// A subscript with a number, by container.
static ITEM: ByShape = known::by_shape(
    operators::subscr,
    &[
        (Known::List, subscr_any),
        (Known::Tuple, subscr_any),
        (Known::Str, character),
        (Known::Bytes, character),
        (Known::Dict, lookups::subscr_key),
    ],
);

/// The same with a number in the instruction.
static ITEM_IMM: ByShape = known::by_shape(
    operators::subscr_imm,
    &[
        (Known::List, subscr_imm_any),
        (Known::Tuple, subscr_imm_any),
        (Known::Str, character_imm),
        (Known::Bytes, character_imm),
    ],
);

handlers! {
    for_iter(s, i) {
        let iterator = s.value(i.a());
        if iterator.is_empty() {
            return s.leave();
        }
        if known::is(iterator, Known::RangeIterator) {
            // SAFETY: the layout was checked.
            let range: &PyRangeIter = unsafe { &*iterator.ptr().cast() };
            let Some(number) = range.peek_word() else { return s.clear_and_jump(i.a()) };
            if let Some(number) = Value::from_int(number) {
                range.skip_word();
                return s.write(s.word(1).a(), number, 2);
            }
            return for_other(s.ip, s.regs, s.fp, s.thread);
        }
        known::choose(iterator, &FOR, for_other)(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    for_list(s, i) {
        let items = iterator::<PySequenceIter>(s, i);
        let Some(place) = items.place_in_list() else { return for_other(s.ip, s.regs, s.fp, s.thread) };
        match place.number() {
            Some(number) => {
                items.skip();
                s.write(s.word(1).a(), number, 2)
            }
            None => for_object_of_list(s.ip, s.regs, s.fp, s.thread, place),
        }
    }
    #[inline(never)]
    for_tuple(s, i) {
        let items = iterator::<PySequenceIter>(s, i);
        let Some(item) = items.peek_in_tuple() else { return for_other(s.ip, s.regs, s.fp, s.thread) };
        // SAFETY: the tuple keeps the item alive.
        match unsafe { Obj::word_at_once(item.value()) } {
            Some(word) => {
                items.skip();
                s.write(s.word(1).a(), word, 2)
            }
            None => for_foreign_of_tuple(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// An item that another thread counts.
    #[inline(never)]
    for_foreign_of_tuple(s, i) {
        turn(s, iterator::<PySequenceIter>(s, i).next_of_tuple_at_once())
    }
    #[inline(never)]
    for_reversed(s, i) {
        turn(s, iterator::<PySequenceIter>(s, i).previous_at_once())
    }
    #[inline(never)]
    for_characters(s, i) {
        match iterator::<PySequenceIter>(s, i).next_character_at_once() {
            Some(character) => s.write(s.word(1).a(), character, 2),
            None => for_other(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    for_values(s, i) {
        turn(s, iterator::<PyDictIter>(s, i).next_value_at_once())
    }
    /// Items of a dict that the instruction behind takes apart.
    #[inline(never)]
    for_items(s, i) {
        let items: &PyDictIter = iterator(s, i);
        let unpack = s.word(2);
        if takes_pair(unpack, s.word(1).a()) {
            // Only now is it known that the operand is a register.
            let first = unpack.a();
            // SAFETY: the register owns its reference.
            let is_spare = unsafe { Obj::drops_at_once(s.value(first)) };
            if is_spare && let Some((key, value)) = items.next_pair_at_once() {
                let _ = s.regs.clear_at_once(first as usize);
                s.regs.put(first as usize, key);
                return s.write(first + 1, value, 3);
            }
        }
        for_other(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    for_elements(s, i) {
        turn(s, iterator::<PySetIter>(s, i).next_at_once())
    }
    #[inline(never)]
    for_keys(s, i) {
        turn(s, iterator::<PyDictIter>(s, i).next_key_at_once())
    }
    #[inline(never)]
    for_other(s, i) {
        s.save();
        match advance(s.thread, s.regs, i, s.word(1).a(), s.word(2)) {
            Step::Item => s.next(2),
            Step::Pair => s.next(3),
            Step::End => s.jump(),
            Step::Pushed => State::reload(s.thread),
            Step::Raised => Exit::Raised,
        }
    }
    subscr(s, i) {
        let (container, key) = (s.value(i.b()), s.value(i.c()));
        if key.is_int() && is_list(container) {
            return list_item(s, i, container, key.as_int(), subscr_object);
        }
        subscr_object(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    subscr_object(s, i) {
        if s.value(i.b()).is_empty() || s.value(i.c()).is_empty() {
            return s.leave();
        }
        let key = s.value(i.c());
        if !key.is_int() {
            return lookups::subscr_key(s.ip, s.regs, s.fp, s.thread);
        }
        if let Some(value) = iteration::item_of_tuple_at_once(s.value(i.b()), key.as_int()) {
            return s.write_obj(i.a(), value, 1);
        }
        known::choose(s.value(i.b()), &ITEM, operators::subscr)(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    character(s, i) {
        match iteration::character_at_once(s.value(i.b()), s.value(i.c()).as_int()) {
            Some(value) => s.write(i.a(), value, 1),
            None => subscr_class(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    subscr_any(s, i) {
        match item(s.regs, i) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => subscr_class(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// What a dict has at a key that is not told from others by its word.
    #[inline(never)]
    subscr_dict(s, i) {
        s.save();
        match dict_item(s.regs, i) {
            Some(Ok(value)) => s.write_obj(i.a(), value, 1),
            Some(Err(Raised)) => Exit::Raised,
            None => operators::subscr_python(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// The class has to say what is there.
    #[inline(never)]
    subscr_class(s, i) {
        ask_class(s, i, s.value(i.c()), subscr_other)
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
        let container = s.value(i.b());
        if is_list(container) {
            return list_item(s, i, container, i.c_imm() as i64, subscr_imm_object);
        }
        subscr_imm_object(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    subscr_imm_object(s, i) {
        if s.value(i.b()).is_empty() {
            return s.leave();
        }
        match iteration::item_of_tuple_at_once(s.value(i.b()), i.c_imm() as i64) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => known::choose(s.value(i.b()), &ITEM_IMM, operators::subscr_imm)(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    character_imm(s, i) {
        match iteration::character_at_once(s.value(i.b()), i.c_imm() as i64) {
            Some(value) => s.write(i.a(), value, 1),
            None => subscr_imm_other(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    subscr_imm_any(s, i) {
        match item_at(s.regs, i) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => subscr_imm_other(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// The number of a dict's key, or of anything that says what it is.
    #[inline(never)]
    subscr_imm_other(s, i) {
        let (container, key) = (s.value(i.b()), Value::from_int_wrapping(i.c_imm() as i64));
        if let Some(Some(value)) = lookups::get_at_once(container, key) {
            return s.write_obj(i.a(), value, 1);
        }
        if known::is(container, Known::Dict) {
            return s.leave();
        }
        ask_class(s, i, key, leave)
    }
    store_subscr(s, i) {
        let (register, take) = Instr::split_take(i.c());
        if s.value(i.a()).is_empty() || s.value(i.b()).is_empty() || s.value(register).is_empty() {
            return s.leave();
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
        lookups::store_subscr_key(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    store_subscr_any(s, i) {
        let (register, take) = Instr::split_take(i.c());
        s.save();
        values::learn(s.fp, i.a(), s.regs, i);
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
            return s.leave();
        }
        if known::is(source, Known::Tuple) && !(first..first + count).contains(&register) {
            // SAFETY: the layout was checked.
            let items = unsafe { &*source.ptr().cast::<PyTuple>() }.as_slice();
            if items.len() == count as usize && lend_all(s.regs, items, first as usize) {
                return if take { s.write(register, Value::EMPTY, 1) } else { s.next(1) };
            }
        }
        unpack_list(s.ip, s.regs, s.fp, s.thread)
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
                && lend_all(s.regs, items, first as usize)
            {
                return if take { s.write(register, Value::EMPTY, 1) } else { s.next(1) };
            }
        }
        unpack_any(s.ip, s.regs, s.fp, s.thread)
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
