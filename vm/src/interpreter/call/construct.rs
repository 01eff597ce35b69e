//! Calls of classes: the instance is made here, and `__init__`, if it is written in Python, called in a frame of kind [`Kind::Init`].

use smallvec::SmallVec;
use taipan_objects::argument::Args;
use taipan_objects::code::PyCode;
use taipan_objects::construct::int_obj;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::object_type;
use taipan_objects::range::PyRange;
use taipan_objects::type_object::slots::{CallFn, InitFn};
use taipan_objects::type_object::{PyType, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, istr};

use super::direct::push_bound;
use super::{
    Called, bind_and_push, clear_call, function_code, has_room, move_to_top, own_callee, push_frame,
    take_args,
};
use crate::frame::{Kind, drop_value};
use crate::registers::Regs;
use crate::thread::VmThread;

/// `range(...)` of immediate integers.
#[inline(always)]
fn plain_range(arguments: &[Obj]) -> Option<PyResult<Obj>> {
    let (start, stop) = match arguments {
        [stop] if stop.value().is_int() => (None, stop),
        [start, stop] if start.value().is_int() && stop.value().is_int() => (Some(start), stop),
        _ => return None,
    };
    let start = start.map_or_else(|| int_obj(0), Obj::clone);
    Some(PyRange::new(start, stop.clone(), int_obj(1)).map(Py::into_obj))
}

/// Whether classes of this metaclass are called as those of `type` are.
#[inline(always)]
pub(super) fn calls_by_type(metaclass: &PyType) -> bool {
    let type_call: CallFn = taipan_objects::type_object::type_methods::type_call;
    metaclass.is(&types().type_) || metaclass.slots.call().is_some_and(|f| f as usize == type_call as usize)
}

/// Whether a call of the class makes an instance with `object.__new__`.
#[inline(always)]
pub fn is_plain(class: &PyType) -> bool {
    let object_new: CallFn = object_type::object_new;
    class.slots.new().is_some_and(|f| f as usize == object_new as usize)
        && !class.has_flag(type_flags::ABSTRACT | type_flags::NO_INSTANTIATION)
}

/// `class(...)`, the last of the `nargs` arguments named `names`, for a class with `object.__new__` and an `__init__` written in Python: pushes the frame of `__init__`.
/// For one with a `__new__` written in Python, pushes the frame of that. `None`, with nothing changed, for others.
#[inline(always)]
pub fn construct(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    class: &PyType,
) -> PyResult<Option<Called>> {
    let first = base + 2;
    if class.is(&types().range)
        && names.is_empty()
        && let Some(range) = plain_range(regs.slice(first, nargs))
    {
        clear_call(regs, base, first, nargs);
        return range.map(Called::Value).map(Some);
    }
    if !is_plain(class) {
        if !class.slots.new_is_trampoline() {
            return Ok(None);
        }
        return super::instance::push_new(thread, regs, base, nargs, names, ret, class).transpose();
    }
    let object_init: InitFn = object_type::object_init;
    if class.slots.init().is_some_and(|f| f as usize == object_init as usize) {
        if nargs != 0 {
            return Ok(None);
        }
        let instance = object_type::plain_instance(class)?;
        clear_call(regs, base, first, nargs);
        return Ok(Some(Called::Value(instance)));
    }
    let Some(init) = class.lookup_lent(&istr!("__init__")) else { return Ok(None) };
    let Some(function) = init.downcast::<PyFunction>() else { return Ok(None) };
    let code = function_code(function);
    if code.is_generator_like() {
        return Ok(None);
    }
    let instance = object_type::plain_instance(class)?;
    initialize(thread, regs, base, nargs, names, ret, function, code, instance).map(Some)
}

/// Calls `function`, an `__init__`, for `instance` with the `nargs` arguments behind register `base + 1`, the last of them named `names`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn initialize(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    function: &PyFunction,
    code: &PyCode,
    instance: Obj,
) -> PyResult<Called> {
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    if names.is_empty()
        && nargs + 1 == code.plain() as usize
        && (!in_generator || has_room(thread, code, thread.top.get()))
    {
        // `self` is lent: the frame's subject owns the instance.
        let subject = instance.into_value();
        regs.write_value(base + 1, subject.uncounted());
        let window =
            if in_generator { move_to_top(thread, regs, base + 1, nargs + 1) } else { regs.at(base + 1) };
        let callee = own_callee(function);
        if let Err(raised) =
            push_frame(thread, function, code, window, nargs + 1, ret, Kind::Init, callee, subject)
        {
            // Who takes the caller's registers over would count what is lent there.
            Regs::new(window).clear(0);
            drop_value(subject);
            return Err(raised);
        }
        regs.clear(base);
        return Ok(Called::Pushed);
    }
    initialize_bound(thread, regs, base, nargs, names, ret, function, code, instance)
}

/// [`initialize`] with arguments that have to be bound: in place if that can be done.
#[allow(clippy::too_many_arguments)]
fn initialize_bound(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    function: &PyFunction,
    code: &PyCode,
    instance: Obj,
) -> PyResult<Called> {
    let subject = instance.into_value();
    // As for a method: the function, `self` (which is lent: the frame's subject owns the instance), the arguments.
    let class = regs.take_value(base);
    regs.put(base, own_callee(function));
    regs.write_value(base + 1, subject.uncounted());
    let pushed = push_bound(thread, function, code, regs, base, base + 1, nargs + 1, names, ret, Kind::Init);
    let called = match pushed {
        Some(Ok(called)) => {
            // SAFETY: the frame just pushed.
            unsafe { (*thread.innermost()).subject = subject };
            Ok(called)
        }
        Some(Err(raised)) => Err(raised),
        None => {
            let mut arguments: SmallVec<[Obj; 8]> = SmallVec::with_capacity(nargs + 1);
            // SAFETY: `subject` owns it meanwhile.
            arguments.push(unsafe { Obj::from_borrowed(subject) });
            arguments.extend(take_args(regs, base + 2, nargs));
            let function_kept = regs.take(base);
            regs.clear(base + 1);
            // SAFETY: the innermost frame is live.
            let in_generator = unsafe { &*thread.innermost() }.is_generator();
            let window = if in_generator { thread.top.get() } else { regs.at(base + 1) };
            let positional = arguments.len() - names.len();
            let args = Args::with_keywords(&arguments[..positional], names, &arguments[positional..]);
            let bound = bind_and_push(thread, function, code, window, &args, ret, Kind::Init, subject);
            drop(function_kept);
            bound.map(|()| Called::Pushed)
        }
    };
    if called.is_err() {
        drop_value(subject);
    }
    drop_value(class);
    called
}
