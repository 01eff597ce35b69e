//! Functions that machine code calls. They do what takes a few instructions and runs no Python code, or give [`NO`] and have done nothing.
//!
//! Words that they are given stay the caller's, and are not empty unless that is said; words that they give own their reference, or need none. Instructions are
//! given by their cache word.

use std::mem::ManuallyDrop;

use taipan_objects::code::slot_caches;
use taipan_objects::construct::int_obj;
use taipan_objects::error::{Raised, try_take_raised};
use taipan_objects::frame::PyFrame;
use taipan_objects::function::PyFunction;
use taipan_objects::list::PyList;
use taipan_objects::object_type;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::PyType;
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use super::samples;
use crate::frame::Frame;
use crate::interpreter::ops::{arithmetic, attribute, build, intrinsics, iteration, name};
use crate::interpreter::quick;
use crate::interpreter::quick::iteration::lend_all;
use crate::interpreter::quick::known::{self, Known};
use crate::interpreter::quick::lookups;
use crate::registers::Regs;
use crate::thread::VmThread;

/// No word.
pub const NO: u64 = 0;
/// No answer, where an empty word is one.
pub const NOTHING_DONE: u64 = 2;

fn value(word: u64) -> Value {
    Value::from_bits(word)
}

/// The object of a word, which is not empty and stays the caller's.
fn borrowed(word: Value) -> ManuallyDrop<Obj> {
    // SAFETY: the caller's register, or its window's, keeps it alive; the reference is not given up.
    ManuallyDrop::new(unsafe { Obj::from_value_unchecked(word) })
}

fn given(object: Option<Obj>) -> u64 {
    object.map_or(NO, |object| object.into_value().bits())
}

/// Gives up what may be the last word there is of an object. The innermost frame stands at `ip`, the instruction that ends; or where it stood, if that is 0.
///
/// # Safety
/// `ip` is in that frame's code, and the word was moved out of its place and is counted.
pub unsafe extern "C" fn drop_slowly(word: u64, ip: u64, thread: &VmThread) {
    // SAFETY: says the caller.
    unsafe {
        if ip != 0 {
            (*thread.innermost()).ip = std::ptr::with_exposed_provenance(ip as usize);
        }
        Obj::drop_last(value(word));
    }
}

/// What tells whether what machine code knows of the shapes of objects is right still.
pub(super) struct Moment {
    shape_changes: u32,
    epoch: u32,
}

impl Moment {
    fn now() -> Moment {
        Moment { shape_changes: taipan_threading::shape_changes(), epoch: slot_caches::epoch() }
    }
    /// Now, if the low bits of a place say that it is asked.
    pub(super) fn if_asked(place: u64) -> Option<Moment> {
        (place & SHAPES != 0).then(Moment::now)
    }
    /// Whether this thread has changed a shape since, or caches of attributes were emptied.
    pub(super) fn is_over(&self) -> bool {
        let Moment { shape_changes, epoch } = Moment::now();
        shape_changes != self.shape_changes || epoch != self.epoch
    }
}

/// The same, and whether somebody has changed variables of the innermost frame meanwhile, or of one of so many below it as the low bits of the place say (see [`is_watched`]); if they
/// say that it is asked, also whether shapes of objects were changed.
///
/// # Safety
/// As there, and those frames are live.
pub unsafe extern "C" fn drop_and_look(word: u64, place: u64, thread: &VmThread) -> u64 {
    // SAFETY: says the caller.
    unsafe {
        let moment = Moment::if_asked(place);
        drop_slowly(word, place & !PLACE_BITS, thread);
        let is_over = moment.is_some_and(|moment| moment.is_over());
        u64::from(is_over || is_watched(thread.innermost(), place & LEVEL) != 0)
    }
}

/// The bits of a place, which is a multiple of 8: how many frames, and whether shapes of objects are to stay as they are.
pub const LEVEL: u64 = 3;
pub const SHAPES: u64 = 4;
pub(super) const PLACE_BITS: u64 = LEVEL | SHAPES;

/// Empties so many registers of the window: the arguments of a call that raised. The frame stands at the call.
pub extern "C" fn clear_registers(window: *mut Value, first: u64, count: u64) {
    Regs::new(window).clear_range(first as usize, (first + count) as usize);
}

/// Whether somebody has changed variables of the frame, or of one of so many below it, by way of its object.
///
/// # Safety
/// The frames are live.
pub unsafe extern "C" fn is_watched(fp: *mut Frame, below: u64) -> u64 {
    let watched = |level: usize| {
        // SAFETY: says the caller. A word that is not empty has the form of a reference, which stays the frame's.
        let object = unsafe { (*fp.wrapping_sub(level)).object };
        !object.is_empty()
            && borrowed(object)
                .downcast::<PyFrame>()
                .is_some_and(|object| object.written.load(Ordering::Relaxed))
    };
    u64::from((0..=below as usize).any(watched))
}

/// A word for another register that owns its reference.
pub extern "C" fn copy_word(word: u64) -> u64 {
    // SAFETY: the register keeps the object alive.
    given(unsafe { Obj::from_borrowed_at_once(value(word)) })
}

/// `container[index]` of an exact list or tuple, or of a string.
pub extern "C" fn item_at(container: u64, index: i64) -> u64 {
    let container = value(container);
    if known::is(container, Known::List) {
        // SAFETY: the layout was checked.
        let list: &PyList = unsafe { &*container.ptr().cast() };
        return given(list.place_at_once(index).and_then(|place| match place.number() {
            // SAFETY: a number.
            Some(number) => unsafe { Obj::from_value(number) },
            None => list.load_at_once(place),
        }));
    }
    if let Some(item) = iteration::item_of_tuple_at_once(container, index) {
        return item.into_value().bits();
    }
    if known::is(container, Known::Str) {
        return iteration::character_at_once(container, index).map_or(NO, Value::bits);
    }
    if let Some(number) = quick::read_number(container, index) {
        return number.bits();
    }
    let container = borrowed(container);
    if !samples::is_sequence(&container) {
        return NO;
    }
    match protocol::getitem(&container, &int_obj(index)) {
        Ok(item) => item.into_strong().into_value().bits(),
        // The interpreter will raise it again.
        Err(Raised) => {
            drop(try_take_raised());
            NO
        }
    }
}

/// `container[key]` of an exact dict, if the first look finds the very key.
pub extern "C" fn item_of_key(container: u64, key: u64) -> u64 {
    match lookups::get_at_once(value(container), value(key)) {
        Some(found) => given(found),
        None => NO,
    }
}

/// Whether two words that are not both numbers are equal, if that takes no code to tell: 0, 1, or [`NOTHING_DONE`]. They may be empty.
pub extern "C" fn equal(left: u64, right: u64) -> u64 {
    if value(left).is_empty() || value(right).is_empty() {
        return NOTHING_DONE;
    }
    let both = same_text(left, right);
    if both != NOTHING_DONE {
        return both;
    }
    let (left, right) = (borrowed(value(left)), borrowed(value(right)));
    protocol::equal_by_identity(&left, &right)
        .or_else(|| protocol::texts_or_tuples_equal(&left, &right))
        .map_or(NOTHING_DONE, u64::from)
}

/// An instance of a class of which [`samples::constructor`](super::samples::constructor) knows how it is made.
pub extern "C" fn new_instance(class: &PyType) -> u64 {
    object_type::plain_instance(class).map_or(NO, |instance| instance.into_value().bits())
}

/// Whether a word, which is not `None`, is surely not equal to that: 1, or 0 if code may have to tell.
pub extern "C" fn differs_from_none(word: u64) -> u64 {
    let word = value(word);
    u64::from(!word.is_empty() && protocol::differs_from_none(&borrowed(word)))
}

/// Lends the first cells of a function's closure to registers: 1, or 0 with nothing done if there are fewer. They own nothing.
///
/// # Safety
/// The function lives as long as the registers are used.
pub unsafe extern "C" fn copy_free_vars(
    function: *const PyFunction,
    registers: *mut Value,
    count: u64,
) -> u64 {
    // SAFETY: says the caller.
    let cells = unsafe { function.as_ref() }.map_or(&[][..], PyFunction::cells);
    let (Some(cells), regs) = (cells.get(..count as usize), Regs::new(registers)) else { return 0 };
    for (at, cell) in cells.iter().enumerate() {
        regs.put(at, cell.value().uncounted());
    }
    1
}

/// Whether two exact strings are equal: 0, 1, or [`NOTHING_DONE`]. The words may be empty.
pub extern "C" fn same_text(left: u64, right: u64) -> u64 {
    let (left, right) = (value(left), value(right));
    if left.is_empty() || right.is_empty() {
        return NOTHING_DONE;
    }
    if !known::is(left, Known::Str) || !known::is(right, Known::Str) {
        return NOTHING_DONE;
    }
    // SAFETY: the layouts were checked.
    unsafe { u64::from((*left.ptr().cast::<PyStr>()).equals(&*right.ptr().cast())) }
}

/// `base ** exponent`, if the base is positive and the result a number beyond which there are others; otherwise NaN.
pub extern "C" fn power(base: f64, exponent: f64) -> f64 {
    let result = base.powf(exponent);
    if base > 0.0 && result.is_finite() { result } else { f64::NAN }
}

/// `container[start:stop]` of a built-in sequence, from two registers of the window, which are emptied.
pub extern "C" fn slice(container: u64, registers: *mut Value) -> u64 {
    let regs = Regs::new(registers);
    let (Some(start), Some(stop)) = (regs.get(0), regs.get(1)) else { return NO };
    if !bound(start) || !bound(stop) {
        return NO;
    }
    let container = borrowed(value(container));
    let Some(part) = iteration::quick_slice(&container, start, stop) else { return NO };
    regs.put(0, Value::EMPTY);
    regs.put(1, Value::EMPTY);
    part.into_strong().into_value().bits()
}

/// Whether the bound of a slice is a number or `None`, and its register owns nothing.
fn bound(bound: &Obj) -> bool {
    !bound.value().is_counted()
}

/// What a `T` operand gives for a heap slot.
#[derive(Clone, Copy)]
struct Operand {
    regs: Regs,
    register: usize,
    take: bool,
}

impl Operand {
    fn new(window: *mut Value, operand: u64) -> Operand {
        let (register, take) = taipan_bytecode::Instr::split_take(operand as u16);
        Operand { regs: Regs::new(window), register: register as usize, take }
    }
    /// The word with its reference, if there is one at once.
    fn word(self) -> Option<Value> {
        if self.regs.value(self.register).is_empty() {
            None
        } else {
            self.regs.stored_at_once(self.register, self.take)
        }
    }
    /// The word is stored.
    fn done(self) {
        if self.take {
            self.regs.put(self.register, Value::EMPTY);
        }
    }
}

/// `container[index] = value` of an exact list, with a `T` operand of the window: the word that was there, which is the caller's, or [`NOTHING_DONE`].
pub extern "C" fn store_item(container: u64, index: i64, window: *mut Value, operand: u64) -> u64 {
    let operand = Operand::new(window, operand);
    if let Some(old) = iteration::replace_at_once(value(container), index, || operand.word()) {
        operand.done();
        return old.bits();
    }
    let word = operand.regs.value(operand.register);
    if !word.is_number() {
        return NOTHING_DONE;
    }
    if quick::write_number(value(container), index, word) {
        operand.done();
        return NO;
    }
    let (container, stored) = (borrowed(value(container)), borrowed(word));
    if !samples::is_sequence(&container) {
        return NOTHING_DONE;
    }
    let index = int_obj(index);
    // What is replaced is a number, too: nothing dies.
    let plain = !known::is(container.value(), Known::List)
        && protocol::getitem(&container, &index).is_ok_and(|old| old.value().is_number());
    if !plain || protocol::setitem(&container, &index, &stored).is_err() {
        drop(try_take_raised());
        return NOTHING_DONE;
    }
    operand.done();
    NO
}

/// `subject.name`, for an attribute instruction with that cache.
pub extern "C" fn load_attr(cache: &AtomicU64, subject: u64) -> u64 {
    let subject = value(subject);
    if let Some(found) = attribute::inline_slot(cache, subject) {
        return found.into_value().bits();
    }
    if attribute::knows_several(cache) {
        return attribute::slot_or_plain_of_several(cache, subject).map_or(NO, Value::bits);
    }
    attribute::only_plain_or_member(cache, subject)
        .or_else(|| attribute::only_of_module(cache, subject).map(Obj::into_value))
        .or_else(|| attribute::only_in_dict(cache, subject).map(Obj::into_value))
        .map_or(NO, Value::bits)
}

/// `subject.name = value`, with a `T` operand of the window: the word that was there, which is the caller's, or [`NOTHING_DONE`].
pub extern "C" fn store_attr(cache: &AtomicU64, subject: u64, window: *mut Value, operand: u64) -> u64 {
    let (subject, operand) = (value(subject), Operand::new(window, operand));
    let slot = attribute::inline_slot_to_store(cache, subject).or_else(|| {
        if attribute::knows_record(cache) {
            attribute::slot_of_record_to_store(cache, subject)
        } else {
            attribute::slot_to_store_of_several(cache, subject)
        }
    });
    let old = match slot {
        Some(slot) => operand.word().map(|word| slot.replace_alone(word)),
        None => attribute::add_at_once(cache, subject, || operand.word()).then_some(Value::EMPTY),
    };
    match old {
        Some(old) => {
            operand.done();
            old.bits()
        }
        None => NOTHING_DONE,
    }
}

/// The function of `subject.name(…)`, which is found on the class.
pub extern "C" fn load_method(cache: &AtomicU64, subject: u64) -> u64 {
    let subject = value(subject);
    let found = match attribute::known_method(cache, subject) {
        None => attribute::only_method_beside_dict(cache, subject),
        found => found,
    };
    found.map_or(NO, Value::bits)
}

/// A global.
///
/// # Safety
/// `fp` is a live frame.
pub unsafe extern "C" fn load_global(cache: &AtomicU64, fp: *mut Frame) -> u64 {
    // SAFETY: says the caller.
    let frame = unsafe { &*fp };
    match name::constant_at_once(cache, frame) {
        Some(word) => word.bits(),
        None => given(name::global_at_once(cache, frame)),
    }
}

/// Whether a word is true: 0, 1, or [`NOTHING_DONE`].
pub extern "C" fn truth(word: u64) -> u64 {
    let object = borrowed(value(word));
    arithmetic::quick_truth(&object).or_else(|| intrinsics::truth(&object)).map_or(NOTHING_DONE, u64::from)
}

/// Appends a `T` operand of the window to an exact list: 1, or 0.
pub extern "C" fn append(list: u64, window: *mut Value, operand: u64) -> u64 {
    let (list, operand) = (value(list), Operand::new(window, operand));
    if !known::is(list, Known::List) {
        return 0;
    }
    // SAFETY: the layout was checked.
    let list: &PyList = unsafe { &*list.ptr().cast() };
    if list.push_at_once(|| operand.word()) {
        operand.done();
        return 1;
    }
    let regs = operand.regs;
    // The list grows, or another thread counts the item.
    let item = if operand.take { regs.take(operand.register) } else { regs.get(operand.register).cloned() };
    match item {
        Some(item) => {
            list.push_held(item.into_strong());
            1
        }
        None => 0,
    }
}

/// Puts the items of a tuple or list of `count` items into registers: 1; or 0, and some of them may be there, and others be empty. The registers are not that of the source.
pub extern "C" fn unpack(source: u64, registers: *mut Value, count: u64) -> u64 {
    let (source, regs) = (value(source), Regs::new(registers));
    let items = if known::is(source, Known::Tuple) {
        // SAFETY: the layout was checked.
        Some(unsafe { &*source.ptr().cast::<PyTuple>() }.as_slice())
    } else if known::is(source, Known::List) {
        // SAFETY: the layout was checked.
        unsafe { &*source.ptr().cast::<PyList>() }.items_alone()
    } else {
        None
    };
    let Some(items) = items.filter(|items| items.len() as u64 == count) else { return 0 };
    u64::from(lend_all(regs, items, 0))
}

/// A tuple of registers of the window, which are emptied; or a list, if bit 32 of the count is set. Always does it.
pub extern "C" fn build(window: *mut Value, first: u64, count: u64) -> u64 {
    let (regs, first, list) = (Regs::new(window), first as usize, count >> 32 != 0);
    let count = count as u32 as usize;
    let made = if list { build::list(regs, first, count) } else { build::tuple(regs, first, count) };
    made.into_value().bits()
}

/// Where the parts of frames and threads are, in bytes, for machine code that pushes and pops frames of calls as [`crate::interpreter::call`] does.
pub mod layout {
    use std::mem::offset_of;

    use taipan_objects::cell::PyCell;
    use taipan_objects::function::PyFunction;

    use crate::frame::{Frame, Kind};
    pub use crate::thread::layout::*;

    /// Of a frame: those of calls are next to each other.
    pub const FRAME: i32 = size_of::<Frame>() as i32;
    pub const CODE: i32 = offset_of!(Frame, code) as i32;
    pub const FUNCTION: i32 = offset_of!(Frame, function) as i32;
    pub const GLOBALS: i32 = offset_of!(Frame, globals) as i32;
    pub const BUILTINS: i32 = offset_of!(Frame, builtins) as i32;
    /// Those that are empty in a new frame.
    pub const EMPTY: [i32; 5] = [
        offset_of!(Frame, locals) as i32,
        offset_of!(Frame, subject) as i32,
        offset_of!(Frame, handled) as i32,
        offset_of!(Frame, object) as i32,
        offset_of!(Frame, callee) as i32,
    ];
    pub const REGS: i32 = offset_of!(Frame, regs) as i32;
    pub const IP: i32 = offset_of!(Frame, ip) as i32;
    /// 16 bits.
    pub const RET: i32 = offset_of!(Frame, ret) as i32;
    /// 8 bits.
    pub const KIND: i32 = offset_of!(Frame, kind) as i32;
    pub const KIND_CALL: u8 = Kind::Call as u8;
    /// The last of the kinds whose result machine code gives as it is to who entered it; [`KIND_CALL`] is the first of all.
    pub const KIND_ENTRY: u8 = Kind::Entry as u8;
    /// The next one.
    pub const KIND_INIT: u8 = Kind::Init as u8;
    const _: () = assert!(KIND_CALL == 0 && KIND_INIT == KIND_ENTRY + 1);
    pub const CALLEE: i32 = offset_of!(Frame, callee) as i32;
    pub const LOCALS: i32 = offset_of!(Frame, locals) as i32;
    pub const SUBJECT: i32 = offset_of!(Frame, subject) as i32;
    pub const SAVED_TOP: i32 = offset_of!(Frame, saved_top) as i32;
    pub const OBJECT: i32 = offset_of!(Frame, object) as i32;
    /// Of the slot in a function in which its code is.
    pub const FUNCTION_CODE: i32 = offset_of!(PyFunction, code) as i32;
    /// Of that in which its defaults are.
    pub const FUNCTION_DEFAULTS: i32 = offset_of!(PyFunction, defaults) as i32;
    /// The slot of a cell's content.
    pub const CELL_VALUE: i32 = offset_of!(PyCell, value) as i32;
}

/// Shapes of objects whose parts machine code looks at itself.
pub mod shapes {
    use super::Known;

    pub const LIST: u32 = Known::List as u32;
    pub const TUPLE: u32 = Known::Tuple as u32;
    pub const STR: u32 = Known::Str as u32;
    pub const CELL: u32 = Known::Cell as u32;
    pub const RANGE_ITERATOR: u32 = Known::RangeIterator as u32;
    pub const LIST_ITERATOR: u32 = Known::ListIterator as u32;
    pub const TUPLE_ITERATOR: u32 = Known::TupleIterator as u32;
}
