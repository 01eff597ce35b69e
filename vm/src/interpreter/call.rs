//! Calls: argument binding, pushing and popping frames.
//!
//! A Python function's window begins at its first argument, in the caller's window, so that a plain call copies nothing.
//! Generator frames keep their window in the generator; their callees' arguments are moved to the top of the value stack.

mod bind;
mod construct;
pub(super) mod direct;
mod frames;
mod instance;
mod native;
mod spread;

use construct::calls_by_type;
pub use construct::{construct, is_plain};
pub use frames::{
    bad_init_result, has_counted_behind, has_room, leave_object, own_callee, pop, pop_frame,
    pop_frame_at_once, pop_init, push_frame, push_frame_at_once, push_virtual, take_callee,
};
use frames::{drop_stale, too_deep};
pub use instance::made;
pub use native::{call_code_from_native, call_from_native, run_class_body, run_code};
pub use spread::{call_ex, call_ex_at_once};

use smallvec::SmallVec;
use taipan_bytecode::{Instr, Op};
use taipan_gc::HeaderFlags;
use taipan_objects::argument::Args;
use taipan_objects::code::PyCode;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::generator::PyGenerator;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::types::types;
use taipan_objects::{Obj, Object, Value, istr};

use crate::frame::Kind;
use crate::registers::Regs;
use crate::thread::VmThread;

/// What came of a call instruction.
pub enum Called {
    /// Done: the result.
    Value(Obj),
    /// A frame was pushed; its return delivers the result.
    Pushed,
}

/// Words from a call instruction to the next one.
#[inline(always)]
pub fn length_at(instr: Instr) -> usize {
    if instr.opcode() == Op::CallKw as u16 || instr.opcode() == Op::CallMethodKw as u16 { 2 } else { 1 }
}

/// Where the window of a callee with arguments at register `first` goes: in place, or for a generator's frame at the top of the stack.
#[inline(always)]
fn callee_window(thread: &VmThread, regs: Regs, first: usize, nargs: usize) -> *mut Value {
    // SAFETY: the innermost frame is live.
    if unsafe { &*thread.innermost() }.is_generator() {
        return move_to_top(thread, regs, first, nargs);
    }
    regs.at(first)
}

pub(super) fn move_to_top(thread: &VmThread, regs: Regs, first: usize, nargs: usize) -> *mut Value {
    let window = thread.top.get();
    let target = Regs::new(window);
    for i in 0..nargs {
        target.put(i, regs.take_value(first + i));
    }
    window
}

/// `CALL`: the callable in `base`, arguments from `base + 2`.
#[inline(always)]
pub fn call(thread: &'static VmThread, regs: Regs, base: usize, nargs: usize, ret: u16) -> PyResult<Called> {
    let Some(callable) = regs.get(base) else { return Err(system_error("nothing to call")) };
    if let Some(header) = callable.header()
        && std::ptr::eq(header.shape_entry().ops_ptr(), PyFunction::ops())
    {
        return call_function(thread, regs, base, base + 2, nargs, ret);
    }
    regs.clear(base + 1);
    call_other(thread, regs, base, base + 2, nargs, ret)
}

/// `CALL_METHOD`: self in `base + 1`, or empty.
#[inline(always)]
pub fn call_method(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    nargs: usize,
    ret: u16,
) -> PyResult<Called> {
    let Some(callable) = regs.get(base) else { return Err(system_error("nothing to call")) };
    let (first, nargs) =
        if regs.value(base + 1).is_empty() { (base + 2, nargs) } else { (base + 1, nargs + 1) };
    if let Some(header) = callable.header()
        && std::ptr::eq(header.shape_entry().ops_ptr(), PyFunction::ops())
    {
        return call_function(thread, regs, base, first, nargs, ret);
    }
    call_other(thread, regs, base, first, nargs, ret)
}

/// A Python function in `base` with arguments from `first`.
#[inline(always)]
fn call_function(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    ret: u16,
) -> PyResult<Called> {
    if thread.threading.poll() != 0 {
        crate::trace::safepoint(thread, Some((regs, base, first)))?;
    }
    let callable = regs.obj(base);
    // SAFETY: the layout was checked by the caller; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*callable.value().ptr().cast() };
    let code = function_code(function);
    if nargs == code.plain() as usize {
        let window = callee_window(thread, regs, first, nargs);
        let callee = take_callee(regs, base, function);
        push_frame(thread, function, code, window, nargs, ret, Kind::Call, callee, Value::EMPTY)?;
        return Ok(Called::Pushed);
    }
    let place = super::eager::wanted(thread, code, ret);
    if let Some(place) = place
        && let Some(called) = if takes_just(code, nargs) {
            super::eager::push(thread, function, code, regs, base, first, nargs, place)
        } else {
            super::eager::push_bound(thread, function, code, regs, base, first, nargs, &[], place)
        }
    {
        return called;
    }
    if let Some(generator) = generator_at(function, code, regs, first, nargs) {
        regs.clear(base);
        return Ok(Called::Value(generator));
    }
    if let Some(called) =
        direct::push_bound(thread, function, code, regs, base, first, nargs, &[], ret, Kind::Call)
    {
        return called;
    }
    call_function_slow(thread, regs, base, first, nargs, &[], ret)
}

/// The code of a function; borrowed from its slot: code is deferred.
#[inline(always)]
pub fn function_code<'a>(function: &PyFunction) -> &'a PyCode {
    let value = function.code.peek();
    // SAFETY: the slot always holds code, which is freed by the collector only; frames trace it.
    unsafe { &*value.ptr().cast() }
}

fn take_args(regs: Regs, first: usize, count: usize) -> SmallVec<[Obj; 8]> {
    (first..first + count).map(|i| regs.take(i).unwrap_or_else(none)).collect()
}

/// Any arguments: binds them to the parameters.
#[cold]
fn call_function_slow(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
) -> PyResult<Called> {
    let callable = regs.take(base).unwrap_or_else(none);
    let arguments = take_args(regs, first, nargs);
    let positional = arguments.len() - names.len();
    let args = Args::with_keywords(&arguments[..positional], names, &arguments[positional..]);
    let Some(function) = callable.downcast::<PyFunction>() else {
        return Err(system_error("not a function"));
    };
    let code = function_code(function);
    if code.is_generator_like() {
        return make_generator(function, code, &args).map(Called::Value);
    }
    bind_at(thread, function, code, regs, first, &args, ret)
}

/// Calls with `args`, the window beginning at register `first` (a generator's frame has none to give: at the top of the stack).
fn bind_at(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    first: usize,
    args: &Args<'_>,
    ret: u16,
) -> PyResult<Called> {
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    let window = if in_generator { thread.top.get() } else { regs.at(first) };
    bind_and_push(thread, function, code, window, args, ret, Kind::Call, Value::EMPTY)?;
    Ok(Called::Pushed)
}

/// Stores an argument: below the top of the stack there may be something to drop, above it is empty. Dropping may run Python code in frames above
/// the top, so what lies higher comes later.
#[inline(always)]
fn put(thread: &VmThread, regs: Regs, at: usize, value: Option<Obj>) {
    let word = value.map_or(Value::EMPTY, Obj::into_value);
    if regs.at(at) < thread.top.get() {
        regs.write_value(at, word);
    } else {
        regs.put(at, word);
    }
}

/// Whether the arguments are just the parameters: nothing needs to be bound.
#[inline(always)]
fn fits(code: &PyCode, args: &Args<'_>) -> bool {
    !args.has_keywords() && args.positional.len() == code.plain() as usize
}

/// Binds `args` into the window at `window` (emptied first) and pushes the frame.
#[allow(clippy::too_many_arguments)]
fn bind_and_push(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    window: *mut Value,
    args: &Args<'_>,
    ret: u16,
    kind: Kind,
    subject: Value,
) -> PyResult<()> {
    let nparams = code.nparams as usize;
    if window.wrapping_add(code.nregs as usize) >= thread.limit() {
        return Err(too_deep());
    }
    let target = Regs::new(window);
    if fits(code, args) {
        for (i, argument) in args.positional.iter().enumerate() {
            put(thread, target, i, Some(argument.clone().into_strong()));
        }
    } else {
        let mut bound: SmallVec<[Option<Obj>; 12]> = SmallVec::new();
        bound.resize_with(nparams, || None);
        bind::bind(function, code, args, &mut bound)?;
        for (i, value) in bound.into_iter().enumerate() {
            put(thread, target, i, value);
        }
    }
    let result =
        push_frame(thread, function, code, window, nparams, ret, kind, own_callee(function), subject);
    if result.is_err() {
        target.clear_range(0, nparams);
    }
    result
}

/// Whether the parameters are just that many positional arguments.
#[inline(always)]
fn takes_just(code: &PyCode, nargs: usize) -> bool {
    use taipan_bytecode::flags;
    nargs == code.nparams as usize
        && code.flags & (flags::CO_VARARGS | flags::CO_VARKEYWORDS) == 0
        && code.unit.kwonlyargcount == 0
}

/// A new generator, coroutine or asynchronous generator whose parameters are just the arguments in the registers, which are emptied; `None` if that is not all.
#[inline(always)]
fn generator_at(function: &PyFunction, code: &PyCode, regs: Regs, first: usize, nargs: usize) -> Option<Obj> {
    if !code.is_generator_like() || !takes_just(code, nargs) || code.is_shadow() {
        return None;
    }
    let mut window = vec![Value::EMPTY; code.nregs as usize].into_boxed_slice();
    for (at, place) in window.iter_mut().enumerate().take(nargs) {
        *place = regs.take(first + at).map_or(Value::EMPTY, Obj::into_counted);
    }
    Some(suspended(function, code, window))
}

/// A new generator, coroutine or asynchronous generator; or what a function that was taken over answers.
fn make_generator(function: &PyFunction, code: &PyCode, args: &Args<'_>) -> PyResult<Obj> {
    if let Some(result) = taipan_objects::function::entry::call(function, code, args) {
        return result.map(IntoStrong::into_strong);
    }
    let mut window = vec![Value::EMPTY; code.nregs as usize].into_boxed_slice();
    if takes_just(code, args.positional.len()) && !args.has_keywords() {
        for (place, value) in window.iter_mut().zip(args.positional) {
            *place = value.clone().into_counted();
        }
        return Ok(suspended(function, code, window));
    }
    let nparams = code.nparams as usize;
    let mut bound: SmallVec<[Option<Obj>; 12]> = SmallVec::new();
    bound.resize_with(nparams, || None);
    bind::bind(function, code, args, &mut bound)?;
    for (place, value) in window.iter_mut().zip(bound) {
        *place = value.map_or(Value::EMPTY, Obj::into_counted);
    }
    Ok(suspended(function, code, window))
}

/// What `iter(obj)` makes if the class has a generator function as `__iter__`: without the way through the slot.
#[inline]
pub fn iterating_generator(obj: &Obj) -> Option<PyResult<Obj>> {
    let class = class_of(obj);
    if !class.has_flag(type_flags::HEAP) {
        return None;
    }
    let method = class.lookup_lent(&istr!("__iter__"))?;
    let function = method.downcast::<PyFunction>()?;
    let code = function_code(function);
    if code.flags & taipan_bytecode::flags::CO_GENERATOR == 0 {
        return None;
    }
    Some(make_generator(function, code, &Args::new(std::slice::from_ref(obj))))
}

/// The generator that has not started, with its parameters in `window`.
fn suspended(function: &PyFunction, code: &PyCode, window: Box<[Value]>) -> Obj {
    let generator = PyGenerator::new(function, code, window);
    if code.flags & taipan_bytecode::flags::CO_COROUTINE != 0
        && let Some(origin) = super::generators::coroutine_origin()
    {
        generator.extra.store(origin);
    }
    generator.into_obj()
}

/// Everything that is not a Python function.
fn call_other(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    ret: u16,
) -> PyResult<Called> {
    let callable = regs.obj(base);
    let class = class_of(callable);
    let t = types();
    if class.is(&t.builtin_function_or_method)
        && let Some(function) = callable.downcast::<PyNativeFunction>()
    {
        let arguments = regs.slice(first, nargs);
        let result = if function.is_unbound() {
            Some(function.def.call_positional(arguments))
        } else {
            call_bound(function, arguments)
        };
        if let Some(result) = result {
            return finish_native(regs, base, first, nargs, result);
        }
    }
    if class.is(&t.method_descriptor)
        && let Some(descr) = callable.downcast::<PyMethodDescr>()
    {
        let arguments = regs.slice(first, nargs);
        if let Some(receiver) = arguments.first()
            && descr.accepts(receiver)
        {
            let result = descr.def.call_positional(arguments);
            return finish_native(regs, base, first, nargs, result);
        }
    }
    if class.is(&t.method) && first == base + 2 && receive_bound(regs, base) {
        return call_method(thread, regs, base, nargs, ret);
    }
    if first == base + 2
        && let Some(target) = callable.downcast::<PyType>()
        && calls_by_type(class)
        && let Some(called) = construct(thread, regs, base, nargs, &[], ret, target)?
    {
        return Ok(called);
    }
    if first == base + 2 && receive_call(regs, base) {
        return call_method(thread, regs, base, nargs, ret);
    }
    let Some(call) = class.slots.call() else {
        let error = type_error(format!("'{}' object is not callable", class.name()));
        clear_call(regs, base, first, nargs);
        return Err(error);
    };
    let result = protocol::enter_native().and_then(|()| call(callable, &Args::new(regs.slice(first, nargs))));
    finish_native(regs, base, first, nargs, result)
}

/// Calls a native method with the receiver that it is bound to, if it has a fast entry for the arguments. The callable in its register keeps the receiver.
#[inline(never)]
pub fn call_bound(function: &PyNativeFunction, arguments: &[Obj]) -> Option<PyResult<Obj>> {
    if function.is_constructor() { None } else { function.call_bound(arguments) }
}

#[inline(always)]
fn clear_call(regs: Regs, base: usize, first: usize, nargs: usize) {
    regs.clear(base);
    regs.clear_range(first, first + nargs);
}

/// Empties the registers of a native call and gives its result.
#[inline(always)]
pub fn finish_native(
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    result: PyResult<Obj>,
) -> PyResult<Called> {
    // The result may be an uncounted part of what the arguments keep alive.
    let result = result.map(Obj::into_strong);
    clear_call(regs, base, first, nargs);
    result.map(Called::Value)
}

/// A function for a register: uncounted if the collector alone can end it.
#[inline(always)]
fn for_register(function: &Obj) -> Obj {
    if function.header().is_some_and(|header| header.has_flag(HeaderFlags::DEFERRED)) {
        // SAFETY: a deferred object in a register needs no count.
        return unsafe { Obj::from_value_unchecked(function.value().uncounted()) };
    }
    function.clone().into_strong()
}

/// If the callable in `base` is a bound method: its function and its receiver are in the first two registers afterwards.
#[inline(always)]
fn receive_bound(regs: Regs, base: usize) -> bool {
    let Some(method) = regs.get(base).and_then(|callable| callable.downcast::<PyBoundMethod>()) else {
        return false;
    };
    let (function, receiver) = (for_register(&method.function), method.receiver.clone());
    regs.write(base + 1, receiver);
    regs.write(base, function);
    true
}

/// If the class of the callable in `base` has a Python function as its `__call__`: that and the callable as its receiver are in the first two registers
/// afterwards, as if the method had just been looked up.
fn receive_call(regs: Regs, base: usize) -> bool {
    let class = class_of(regs.obj(base));
    if !class.has_flag(type_flags::HEAP) {
        return false;
    }
    match class.lookup_lent(&istr!("__call__")) {
        Some(function) if function.is_layout::<PyFunction>() => {
            let function = for_register(&function);
            let receiver = regs.take_value(base);
            regs.write_value(base + 1, receiver);
            regs.write(base, function);
            true
        }
        _ => false,
    }
}

/// `CALL_KW` and `CALL_METHOD_KW`.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
pub fn call_kw(
    thread: &'static VmThread,
    code: &PyCode,
    regs: Regs,
    base: usize,
    nargs: usize,
    names: usize,
    method: bool,
    ret: u16,
) -> PyResult<Called> {
    let names = code.consts.get(names).and_then(|c| c.downcast::<PyTuple>());
    let names = names.map_or(&[][..], |n| n.as_slice());
    if !method {
        regs.clear(base + 1);
        if !receive_bound(regs, base)
            && regs.get(base).is_some_and(|callable| !callable.is_layout::<PyFunction>())
        {
            receive_call(regs, base);
        }
    }
    let (first, nargs) =
        if regs.value(base + 1).is_empty() { (base + 2, nargs) } else { (base + 1, nargs + 1) };
    let Some(callable) = regs.get(base) else { return Err(system_error("nothing to call")) };
    if callable.is_layout::<PyFunction>() {
        if thread.threading.poll() != 0 {
            crate::trace::safepoint(thread, Some((regs, base, first)))?;
        }
        // SAFETY: the layout was checked; the register, then the frame keeps it alive.
        let function: &PyFunction = unsafe { &*regs.value(base).ptr().cast() };
        let code = function_code(function);
        if let Some(place) = super::eager::wanted(thread, code, ret)
            && let Some(called) =
                super::eager::push_bound(thread, function, code, regs, base, first, nargs, names, place)
        {
            return called;
        }
        if let Some(called) =
            direct::push_bound(thread, function, code, regs, base, first, nargs, names, ret, Kind::Call)
        {
            return called;
        }
        return call_function_slow(thread, regs, base, first, nargs, names, ret);
    }
    if first == base + 2
        && let Some(class) = callable.downcast::<PyType>()
        && calls_by_type(class_of(callable))
        && let Some(called) = construct(thread, regs, base, nargs, names, ret, class)?
    {
        return Ok(called);
    }
    let arguments = regs.slice(first, nargs);
    let positional = nargs - names.len();
    let result = protocol::call_args(
        callable,
        &Args::with_keywords(&arguments[..positional], names, &arguments[positional..]),
    );
    finish_native(regs, base, first, nargs, result)
}
