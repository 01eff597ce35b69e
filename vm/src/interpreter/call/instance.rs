//! Calls of classes with a `__new__` that is written in Python: its frame, of kind [`Kind::New`], is pushed first, and `__init__` called when it returns.
//!
//! Until then the class and the arguments stay in the registers of the call instruction, at which the caller's frame stands. `__new__` is lent them.

use taipan_bytecode::Op;
use taipan_objects::argument::Args;
use taipan_objects::descriptor::PyClassMethod;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::object_type;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::slots::{CallFn, InitFn};
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value, istr};

use super::construct::initialize;
use super::direct::push_bound_here;
use super::{Called, clear_call, function_code, length_at, own_callee, push_frame};
use crate::frame::Kind;
use crate::registers::Regs;
use crate::thread::VmThread;

/// The `__new__` of instances of `type` that is written in Python.
pub(super) fn python_new(class: &PyType) -> Option<Obj> {
    let found = class.lookup_lent(&istr!("__new__"))?;
    if found.is_layout::<PyFunction>() {
        return Some(found.into_strong());
    }
    if !class_of(&found).is(&types().staticmethod) {
        return None;
    }
    found.downcast::<PyClassMethod>()?.function.load().filter(|function| function.is_layout::<PyFunction>())
}

/// `class(...)`, as for [`super::construct`]: pushes the frame of the class's `__new__`. `None`, with nothing changed, if that is not written in Python or its arguments
/// are left to the general way.
#[inline(never)]
pub(super) fn push_new(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    class: &PyType,
) -> Option<PyResult<Called>> {
    if class.has_flag(type_flags::NO_INSTANTIATION) {
        return None;
    }
    let new = python_new(class)?;
    let function = new.downcast::<PyFunction>()?;
    let code = function_code(function);
    // The function, the class, the arguments.
    let top = Regs::new(thread.top.get());
    let count = nargs + 2;
    if code.is_generator_like()
        || top.base().wrapping_add(count.max(code.nregs as usize + 1)) >= thread.limit()
    {
        return None;
    }
    top.put(1, regs.value(base).uncounted());
    for at in 2..count {
        top.put(at, regs.value(base + at).uncounted());
    }
    let pushed = if names.is_empty() && nargs + 1 == code.plain() as usize {
        let callee = own_callee(function);
        let window = top.at(1);
        let pushed =
            push_frame(thread, function, code, window, nargs + 1, ret, Kind::New, callee, Value::EMPTY);
        Some(pushed.map(|()| Called::Pushed))
    } else {
        top.put(0, own_callee(function));
        push_bound_here(thread, function, code, top, 0, 1, nargs + 1, names, ret, Kind::New)
    };
    if !matches!(pushed, Some(Ok(_))) {
        top.clear_range(0, count);
    }
    pushed
}

/// The innermost frame stands at the call of a class whose `__new__` returned `instance`: calls its `__init__`, if it is to be called.
#[inline(never)]
pub fn made(thread: &'static VmThread, instance: Obj, ret: u16) -> PyResult<Called> {
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &*thread.innermost() };
    let (regs, code, pc) = (frame.regs, frame.code(), frame.pc() as usize);
    let instr = code.instr(pc);
    let (base, nargs) = (instr.a() as usize, instr.b() as usize);
    if instr.opcode() == Op::CallEx as u16 {
        return super::spread::made(thread, instance, regs, base, ret);
    }
    let names =
        if length_at(instr) == 2 { code.consts.get(code.instr(pc + 1).arg32() as usize) } else { None };
    let names = names.and_then(|names| names.downcast::<PyTuple>()).map_or(&[][..], |names| names.as_slice());
    let Some(class) = regs.get(base).and_then(|class| class.downcast::<PyType>()) else {
        return Err(system_error("no class to make an instance of"));
    };
    if let Some(init) = init_of(class, &instance) {
        if let Some(found) = class_of(&instance).lookup_lent(&istr!("__init__"))
            && let Some(function) = found.downcast::<PyFunction>()
            && let code = function_code(function)
            && !code.is_generator_like()
        {
            return initialize(thread, regs, base, nargs, names, ret, function, code, instance);
        }
        protocol::enter_native()?;
        let arguments = regs.slice(base + 2, nargs);
        let positional = nargs - names.len();
        init(&instance, &Args::with_keywords(&arguments[..positional], names, &arguments[positional..]))?;
    }
    clear_call(regs, base, base + 2, nargs);
    Ok(Called::Value(instance))
}

/// What is to be called for an instance that a call of `class` made.
pub(super) fn init_of(class: &PyType, instance: &Obj) -> Option<InitFn> {
    let of = class_of(instance);
    if !of.is(class) && !of.is_subtype(class) {
        return None;
    }
    of.slots.init().filter(|init| !takes_anything(of, *init))
}

/// Whether it is `object.__init__`, which ignores arguments that a `__new__` took.
fn takes_anything(class: &PyType, init: InitFn) -> bool {
    let (object_init, object_new): (InitFn, CallFn) = (object_type::object_init, object_type::object_new);
    init as usize == object_init as usize
        && class.slots.new().is_some_and(|new| new as usize != object_new as usize)
}
