//! Pushing and popping frames.
//!
//! Above the top of the value stack every word is empty; below it, behind a frame's arguments, lie dead temporaries of the caller, which own their content.

use smallvec::{SmallVec, smallvec};
use taipan_objects::code::PyCode;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::singletons::none;
use taipan_objects::type_object::class_of;
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::Ordering;

use crate::frame::{Frame, Kind, drop_value};
use crate::registers::Regs;
use crate::thread::{self, VmThread};

#[cold]
pub(super) fn too_deep() -> Raised {
    recursion_error("maximum recursion depth exceeded")
}

/// The reference by which a frame keeps the function that it executes: none if the collector alone can end it.
#[inline(always)]
pub fn own_callee(function: &PyFunction) -> Value {
    if function.is_deferred() { Value::EMPTY } else { taipan_objects::types::obj_of(function).into_value() }
}

/// [`own_callee`] of the function in register `base`, which is emptied.
#[inline(always)]
pub fn take_callee(regs: Regs, base: usize, function: &PyFunction) -> Value {
    let word = regs.take_value(base);
    match (function.is_deferred(), word.is_counted()) {
        (true, false) => Value::EMPTY,
        (_, true) => word,
        (false, false) => taipan_objects::types::obj_of(function).into_value(),
    }
}

/// Whether there is room for a frame of `code` with its window there.
#[inline(always)]
pub fn has_room(thread: &VmThread, code: &PyCode, window: *mut Value) -> bool {
    thread.depth.get() < thread::recursion_limit()
        && window.wrapping_add(code.nregs as usize) < thread.limit()
}

/// The words of the window behind the arguments that may be stale, being the caller's: above the old top everything is empty.
#[inline(always)]
fn stale(thread: &VmThread, code: &PyCode, window: *mut Value, filled: usize) -> (*mut Value, *mut Value) {
    let end = window.wrapping_add(code.nregs as usize);
    (window.wrapping_add(filled), end.min(thread.top.get()))
}

/// Whether pushing a frame with its window there has to drop something behind the arguments.
#[inline(always)]
pub fn has_counted_behind(thread: &VmThread, code: &PyCode, window: *mut Value, filled: usize) -> bool {
    let (mut at, end) = stale(thread, code, window, filled);
    while at < end {
        // SAFETY: inside the value stack.
        if unsafe { *at }.is_counted() {
            return true;
        }
        at = at.wrapping_add(1);
    }
    false
}

/// Drops a stale word. What that runs may give the function other code, or forget the function, and collect: nothing but the frame to come
/// need refer to either any more.
#[inline(never)]
pub(super) fn drop_stale(function: &PyFunction, code: &PyCode, old: Value) {
    let _kept = (taipan_objects::types::obj_of(function), taipan_objects::types::obj_of(code));
    drop_value(old);
}

/// Pushes a frame for `function` whose window at `window` holds the parameters already (`nparams` words). The frame takes over `callee`
/// (see [`own_callee`]) and `subject`; if there is no room the former is dropped.
#[inline(always)]
pub fn push_frame(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    window: *mut Value,
    filled: usize,
    ret: u16,
    kind: Kind,
    callee: Value,
    subject: Value,
) -> PyResult<()> {
    if !has_room(thread, code, window) {
        drop_value(callee);
        return Err(too_deep());
    }
    let (mut at, stale_end) = stale(thread, code, window, filled);
    while at < stale_end {
        // SAFETY: inside the value stack; the caller's dead temporaries own their content.
        let old = unsafe { std::ptr::replace(at, Value::EMPTY) };
        if old.is_counted() {
            drop_stale(function, code, old);
        }
        at = at.wrapping_add(1);
    }
    write_frame(thread, function, code, window, ret, kind, callee, subject);
    Ok(())
}

/// [`push_frame`] on top of the `innermost` one for an ordinary call, if there is room and nothing stale to drop: for code that must not call. Otherwise false; only
/// words that own nothing were emptied. `size`: words of the window that are to be empty behind the `filled` ones, and below the top; the code's registers at least.
#[inline(always)]
#[must_use]
#[allow(clippy::too_many_arguments)]
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "frames are only reached through their thread's own stack"
)]
pub fn push_frame_at_once(
    thread: &VmThread,
    innermost: *mut Frame,
    function: &PyFunction,
    code: &PyCode,
    window: *mut Value,
    filled: usize,
    size: usize,
    ret: u16,
    kind: Kind,
    callee: Value,
) -> bool {
    let depth = thread.depth.get();
    let end = window.wrapping_add(size);
    if depth >= thread::recursion_limit() || end >= thread.limit() {
        return false;
    }
    let top = thread.top.get();
    let mut at = window.wrapping_add(filled);
    if end > top {
        thread.top.set(end);
    }
    let stale_end = end.min(top);
    while at < stale_end {
        // SAFETY: inside the value stack.
        unsafe {
            if (*at).is_counted() {
                thread.top.set(top);
                return false;
            }
            at.write(Value::EMPTY);
        }
        at = at.wrapping_add(1);
    }
    thread.depth.set(depth + 1);
    // SAFETY: frames are next to each other; the slot is above all live ones, and plain writes initialize it.
    unsafe {
        innermost
            .add(1)
            .write(Frame { callee, ..Frame::new(function, code, Regs::new(window), ret, kind, top) });
    }
    true
}

/// Makes the window and the frame the innermost ones. There is room; behind the arguments the window is empty.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn write_frame(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    window: *mut Value,
    ret: u16,
    kind: Kind,
    callee: Value,
    subject: Value,
) {
    let depth = thread.depth.get();
    let end = window.wrapping_add(code.nregs as usize);
    let saved_top = thread.top.get();
    if end > saved_top {
        thread.top.set(end);
    }
    // SAFETY: the slot is above all live frames; plain writes initialize it.
    unsafe {
        thread.frame(depth).write(Frame {
            callee,
            subject,
            ..Frame::new(function, code, Regs::new(window), ret, kind, saved_top)
        });
    }
    thread.depth.set(depth + 1);
}

/// Pushes the frame of a call whose registers machine code uses already, of a class's `__init__` if there is an instance: see [`crate::tier::virtual_frames`].
pub fn push_virtual(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    window: *mut Value,
    ret: u16,
    instance: Option<Value>,
) {
    let kind = if instance.is_some() { Kind::Init } else { Kind::Call };
    let subject = instance.unwrap_or(Value::EMPTY);
    write_frame(thread, function, code, window, ret, kind, Value::EMPTY, subject);
}

/// Pops the innermost frame, dropping its registers (or leaving them to its frame object).
#[inline(always)]
pub fn pop(thread: &VmThread) {
    // SAFETY: the innermost frame is live.
    pop_frame(thread, unsafe { &mut *thread.innermost() });
}

/// [`pop`] for who has the innermost frame at hand.
#[inline(always)]
pub fn pop_frame(thread: &VmThread, frame: &mut Frame) {
    if !frame.object.is_empty() {
        leave_temporaries(frame);
        leave(thread, frame);
    }
    let count = frame.code().nregs as usize;
    let regs = frame.regs;
    for i in 0..count {
        let value = regs.value(i);
        if !value.is_empty() {
            regs.put(i, Value::EMPTY);
            if value.is_counted() {
                drop_value(value);
            }
        }
    }
    // A finalizer that ran just now may have asked for this frame.
    while !frame.object.is_empty() {
        leave(thread, frame);
    }
    let namespaces = (!frame.locals.is_empty()).then(|| [frame.locals, frame.globals, frame.builtins]);
    let callee = frame.callee;
    thread.top.set(frame.saved_top);
    thread.depth.set(thread.depth.get() - 1);
    if !callee.is_empty() {
        drop_value(callee);
    }
    if let Some(namespaces) = namespaces {
        // Owned, and dropped when the frame cannot be seen any more.
        for namespace in namespaces {
            drop_value(namespace);
        }
    }
}

/// [`pop_frame`] if all that is to be dropped is a matter of a few instructions: for code that must not call. Otherwise false, and what is left
/// of the frame is to be popped by [`pop_frame`].
#[inline(always)]
#[must_use]
pub fn pop_frame_at_once(thread: &VmThread, frame: &mut Frame) -> bool {
    if !frame.object.is_empty() || !frame.locals.is_empty() {
        return false;
    }
    let regs = frame.regs;
    for i in 0..frame.code().nregs as usize {
        if !regs.clear_at_once(i) {
            return false;
        }
    }
    // SAFETY: the frame owns the word, until it is emptied.
    if !unsafe { Obj::drop_at_once(frame.callee) } {
        return false;
    }
    frame.callee = Value::EMPTY;
    thread.top.set(frame.saved_top);
    thread.depth.set(thread.depth.get() - 1);
    true
}

/// Pops the frame of an `__init__` and gives the instance.
pub fn pop_init(thread: &VmThread) -> Obj {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &mut *thread.innermost() };
    let subject = std::mem::replace(&mut frame.subject, Value::EMPTY);
    pop(thread);
    // SAFETY: the frame owned the instance.
    unsafe { Obj::from_value(subject) }.unwrap_or_else(none)
}

#[cold]
pub fn bad_init_result(result: &Obj) {
    let _ = type_error(format!("__init__() should return None, not '{}'", class_of(result).name()));
}

/// Drops what is left of expressions: an exception that was handled may be the last to refer to the frame object, by its traceback, which then need not
/// outlive the call, nor need the objects of the frames below be made.
#[cold]
#[inline(never)]
fn leave_temporaries(frame: &Frame) {
    let code = frame.code();
    frame.regs.clear_range(code.unit.first_temp as usize, code.nregs as usize);
}

/// As [`leave_object`], for frames whose leavings may go at once.
#[cold]
#[inline(never)]
pub fn leave(thread: &VmThread, frame: &mut Frame) {
    drop(leave_object(thread, frame));
}

/// What a frame leaves behind that its object did not take over. To be dropped where that may run code.
pub type Leavings = SmallVec<[Obj; 2]>;

/// The frame object outlives the call: it takes the registers over.
#[cold]
#[must_use]
pub fn leave_object(thread: &VmThread, frame: &mut Frame) -> Leavings {
    let value = std::mem::replace(&mut frame.object, Value::EMPTY);
    // SAFETY: the frame owned the object.
    let Some(object) = (unsafe { Obj::from_value(value) }) else { return Leavings::new() };
    let Some(frame_object) = object.downcast::<taipan_objects::frame::PyFrame>() else {
        return Leavings::new();
    };
    if taipan_gc::refcount::is_unique(&object) {
        // Nobody else knows it: it need not outlive the call.
        return smallvec![object];
    }
    frame_object.lasti.store(frame.pc(), Ordering::Relaxed);
    let mut leavings = Leavings::new();
    if frame.is_generator() || frame.kind == Kind::Eager {
        leavings.extend(frame_object.generator.take());
        leavings.extend(frame_object.back.take());
    } else if frame_object.back.is_empty() && thread.depth.get() >= thread.floor.get() + 2 {
        let below = thread.frame(thread.depth.get() - 2);
        frame_object.back.store(crate::frame::object_of(below).into_obj());
    }
    let code = frame.code();
    let (count, variables) = (code.nregs as usize, code.unit.first_temp as usize);
    let mut slots = Vec::with_capacity(variables);
    for i in 0..variables {
        slots.push(taipan_objects::Slot::from_option(frame.regs.take(i).map(Obj::into_strong)));
    }
    for i in variables..count {
        // Of no use to anybody any more; a handled exception among them would make a cycle through its traceback.
        if let Some(value) = frame.regs.take(i) {
            leavings.push(value.into_strong());
        }
    }
    *frame_object.registers.lock() = slots;
    frame_object.live.store(std::ptr::null_mut(), Ordering::Release);
    let replaced = std::mem::take(&mut *frame_object.replaced.lock());
    if !replaced.is_empty() {
        leavings.extend(replaced);
    }
    leavings.push(object);
    leavings
}
