//! Calls and returns of Python functions without a detour; other calls through [`call`].

use taipan_objects::argument::Args;
use taipan_objects::code::{PyCode, Word};
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::error::{PyResult, system_error};
use taipan_objects::function::PyFunction;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::native::{Intrinsic, MethodDef};
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::{is_none, is_none_word, none};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value};

use super::known::{self, Known};
use super::{Exit, Handler, State, generators, handlers, known_calls, operators};
use crate::frame::{Kind, drop_value};
use crate::interpreter::call::{self, Called};
use crate::interpreter::ops::{attribute, intrinsics, iteration};
use crate::registers::Regs;
use crate::thread::VmThread;
use taipan_bytecode::Op;

/// Calls the function in `base` with the `nargs` arguments from `first`, if they are just its parameters; `otherwise` says what else there is to do.
#[inline(always)]
fn call_plain(s: State, i: &Word, base: usize, first: usize, nargs: usize, otherwise: Handler) -> Exit {
    // SAFETY: the layout was checked by the caller; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*s.regs.value(base).ptr().cast() };
    let code = call::function_code(function);
    if nargs as u32 != code.plain() || s.thread.threading.poll() != 0 {
        return otherwise(s.ip, s.regs, s.fp, s.thread);
    }
    // SAFETY: the frame is live.
    if unsafe { (*s.fp).is_generator() } {
        return call_from_generator(s.ip, s.regs, s.fp, s.thread);
    }
    let window = s.regs.at(first);
    if !push_at(s, i, base, function, window, nargs) {
        return otherwise(s.ip, s.regs, s.fp, s.thread);
    }
    s.save();
    State::of(code, 0, s.fp.wrapping_add(1), Regs::new(window), s.thread).go()
}

/// Pushes the frame of a call of the function in register `base`, which is emptied, with its window at `window`, where `filled` parameters are: if that is a matter of a few instructions. Otherwise
/// only words that own nothing were emptied.
#[inline(always)]
#[must_use]
fn push_at(
    s: State,
    i: &Word,
    base: usize,
    function: &PyFunction,
    window: *mut Value,
    filled: usize,
) -> bool {
    let (word, code) = (s.regs.value(base), call::function_code(function));
    // The reference by which the frame keeps the function: see [`call::own_callee`].
    let callee = if word.is_counted() {
        Some(word)
    } else if function.is_deferred() {
        Some(Value::EMPTY)
    } else {
        // A local, lent: it may be written in the course of the call.
        s.regs.counted_at_once(base)
    };
    let Some(callee) = callee else { return false };
    // Before the frame hides it: the stale words behind the arguments do not include it.
    let size = code.nregs as usize;
    if !call::push_frame_at_once(
        s.thread,
        s.fp,
        function,
        code,
        window,
        filled,
        size,
        i.c(),
        Kind::Call,
        callee,
    ) {
        if !word.is_counted() {
            // SAFETY: the register's own reference is a lent one, so this one was made; it is not the last.
            let _ = unsafe { Obj::drop_at_once(callee) };
        }
        return false;
    }
    s.regs.put(base, Value::EMPTY);
    true
}

/// [`call_plain`], which found the function and its parameters to fit, in the frame of a generator, whose window is its own: nothing can lie behind it.
#[inline(always)]
fn call_at_top(s: State, i: &Word, base: usize, first: usize, nargs: usize) -> Option<State> {
    // SAFETY: `call_plain` checked the layout.
    let function: &PyFunction = unsafe { &*s.regs.value(base).ptr().cast() };
    let code = call::function_code(function);
    let window = s.thread.top.get();
    if !push_at(s, i, base, function, window, nargs) {
        return None;
    }
    for at in 0..nargs {
        Regs::new(window).put(at, s.regs.take_value(first + at));
    }
    s.save();
    Some(State::of(code, 0, s.fp.wrapping_add(1), Regs::new(window), s.thread))
}

/// [`call_plain`] with the defaults of the parameters behind the arguments.
#[inline(always)]
fn call_with_defaults(s: State, i: &Word, base: usize, first: usize, nargs: usize) -> Option<State> {
    // SAFETY: the layout was checked by the caller; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*s.regs.value(base).ptr().cast() };
    let code = call::function_code(function);
    let window = s.regs.at(first);
    let count = code.nparams as usize;
    if !code.is_simple()
        || nargs >= count
        || window.wrapping_add(count) >= s.thread.limit()
        || s.thread.threading.poll() != 0
        // SAFETY: the frame is live.
        || unsafe { (*s.fp).is_generator() }
    {
        return None;
    }
    if add_defaults(s, function, first + nargs, count - nargs) && push_at(s, i, base, function, window, count)
    {
        s.save();
        return Some(State::of(code, 0, s.fp.wrapping_add(1), Regs::new(window), s.thread));
    }
    // The other way finds the registers empty, or with what an earlier instruction left.
    for at in first + nargs..first + count {
        let _ = s.regs.clear_at_once(at);
    }
    None
}

/// Calls the function in `base`, which takes a variable number of arguments, with the `nargs` from `first`, which are enough: the rest of them, and the keyword arguments, of which
/// there are none, get their tuple and dict.
#[inline(always)]
fn call_variable(s: State, i: &Word, base: usize, first: usize, nargs: usize) -> Option<State> {
    // SAFETY: the layout was checked by the caller; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*s.regs.value(base).ptr().cast() };
    let (code, window) = (call::function_code(function), s.regs.at(first));
    if !call::direct::is_variable(code, nargs)
        || !call::has_room(s.thread, code, window)
        // What would run code before the frame is pushed.
        || call::has_counted_behind(s.thread, code, window, nargs)
        || s.thread.threading.poll() != 0
        // SAFETY: the frame is live.
        || unsafe { (*s.fp).is_generator() }
    {
        return None;
    }
    s.save();
    pushed_variable(s, i, function, code, base, first, nargs);
    Some(State::of(code, 0, s.fp.wrapping_add(1), Regs::new(window), s.thread))
}

/// The work of [`call_variable`], apart because its locals live in memory.
#[inline(never)]
fn pushed_variable(
    s: State,
    i: &Word,
    function: &PyFunction,
    code: &PyCode,
    base: usize,
    first: usize,
    nargs: usize,
) {
    let State { regs, thread, .. } = s;
    let pushed =
        call::direct::push_variable(thread, function, code, regs, base, first, nargs, i.c(), Kind::Call);
    debug_assert!(pushed.is_ok(), "there is room, and nothing ran that could take it");
}

/// Lets a bound method of a Python function in `base` be as if it had just been looked up, if that is a matter of a few instructions.
#[inline(always)]
fn unbind(s: State, base: usize) -> bool {
    let word = s.regs.value(base);
    // SAFETY: the layout was checked by the caller; the register keeps it alive.
    let method: &PyBoundMethod = unsafe { &*word.ptr().cast() };
    let function = method.function.value();
    // A frame of a generator, whose window is its own, is for the other way, as is what may interrupt.
    // SAFETY: the layout was checked before the cast is used; the frame is live; the register owns its reference.
    let usual = known::is_function(function)
        && unsafe { &*function.ptr().cast::<PyFunction>() }.is_deferred()
        && s.thread.threading.poll() == 0
        && !unsafe { (*s.fp).is_generator() }
        && !s.regs.value(base + 1).is_counted()
        && unsafe { Obj::drops_at_once(word) };
    if usual && let Some(receiver) = method.receiver.lent_at_once() {
        s.regs.put(base + 1, receiver.into_value());
        s.regs.put(base, function.uncounted_ptr());
        // SAFETY: moved out of its register, and it drops at once.
        let _ = unsafe { Obj::drop_at_once(word) };
        return true;
    }
    false
}

/// What became of a call that was to push a frame.
pub(crate) enum Push<'a> {
    /// It pushed a frame of that code.
    Pushed(&'a PyCode),
    /// Nothing was done.
    Not,
    /// The method that was called lies there now as if it had just been looked up, with its receiver behind it; that is all.
    Unbound,
}

/// Pushes the frame of a call by `CALL` or `CALL_METHOD` at `ip` of a Python function whose parameters are just the arguments, if that is a matter of a few instructions.
#[inline(always)]
pub(crate) fn push_plain<'a>(
    thread: &'static VmThread,
    fp: *mut crate::frame::Frame,
    ip: *const Word,
    regs: Regs,
) -> Option<&'a PyCode> {
    let s = State { ip, regs, fp, thread };
    let i = s.word(0);
    let is_method = i.opcode() == Op::CallMethod as u16;
    if !is_method && i.opcode() != Op::Call as u16 {
        return None;
    }
    let base = i.a() as usize;
    let callable = regs.value(base);
    // SAFETY: the frame is live.
    let in_generator = unsafe { (*fp).is_generator() };
    if callable.is_empty() || !known::is_function(callable) || thread.threading.poll() != 0 || in_generator {
        return None;
    }
    // SAFETY: the layout was checked; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*callable.ptr().cast() };
    let code = call::function_code(function);
    let (first, nargs) = if is_method { arguments(s, i) } else { (base + 2, i.b() as usize) };
    let pushed = nargs as u32 == code.plain() && push_at(s, i, base, function, regs.at(first), nargs);
    pushed.then_some(code)
}

/// Pushes the frame of a call of a Python function, or of a bound method of one, by `CALL` or `CALL_METHOD` at `ip`, if its arguments are its parameters, but for those that have defaults, and the
/// variable ones.
pub(crate) fn push<'a>(
    thread: &'static VmThread,
    fp: *mut crate::frame::Frame,
    ip: *const Word,
    regs: Regs,
) -> Push<'a> {
    let s = State { ip, regs, fp, thread };
    let i = s.word(0);
    let base = i.a() as usize;
    let callable = s.regs.value(base);
    if callable.is_empty() || thread.threading.poll() != 0 {
        return Push::Not;
    }
    let (first, nargs) =
        if i.opcode() == Op::Call as u16 { (base + 2, i.b() as usize) } else { arguments(s, i) };
    if known::is_function(callable) {
        return push_function(s, i, base, first, nargs).map_or(Push::Not, Push::Pushed);
    }
    if first == base + 2 && known::is(callable, Known::Method) && unbind(s, base) {
        return push_function(s, i, base, base + 1, nargs + 1).map_or(Push::Unbound, Push::Pushed);
    }
    Push::Not
}

/// The same of the function in `base` with the `nargs` arguments from `first`.
#[inline(always)]
fn push_function<'a>(s: State, i: &Word, base: usize, first: usize, nargs: usize) -> Option<&'a PyCode> {
    // SAFETY: the layout was checked by the caller; the register, then the frame keeps it alive.
    let function: &PyFunction = unsafe { &*s.regs.value(base).ptr().cast() };
    let code = call::function_code(function);
    if nargs as u32 != code.plain() {
        return call_with_defaults(s, i, base, first, nargs)
            .or_else(|| call_variable(s, i, base, first, nargs))
            .map(|state| state.code());
    }
    // SAFETY: the frame is live.
    if unsafe { (*s.fp).is_generator() } {
        return call_at_top(s, i, base, first, nargs).map(|state| state.code());
    }
    push_at(s, i, base, function, s.regs.at(first), nargs).then_some(code)
}

/// Puts the last `count` defaults into registers from `first` on, if there are so many and that is a matter of a few instructions; otherwise some may be there.
#[inline(always)]
fn add_defaults(s: State, function: &PyFunction, first: usize, count: usize) -> bool {
    let Some(defaults) = function.defaults.borrow_at_once() else { return false };
    if !known::is(defaults, Known::Tuple) {
        return false;
    }
    // SAFETY: the layout was checked, and nothing is dropped.
    let items = unsafe { &*defaults.ptr().cast::<PyTuple>() }.as_slice();
    items.len() >= count && super::iteration::lend_all(s.regs, &items[items.len() - count..], first)
}

/// The first argument of `CALL_METHOD` `i`, and their number: a receiver in the second register is one of them.
#[inline(always)]
fn arguments(s: State, i: &Word) -> (usize, usize) {
    let (base, nargs) = (i.a() as usize, i.b() as usize);
    if s.regs.value(base + 1).is_empty() { (base + 2, nargs) } else { (base + 1, nargs + 1) }
}

/// Calls `function` (dropped if it is counted), if it is in Python and has just one or two parameters, in a frame at the top of the stack. The words, the second
/// of which may be empty, stay in the caller's registers until it returns to register `ret`. `otherwise` goes on without a frame.
#[inline(always)]
pub(super) fn call_lent(
    s: State,
    function: Value,
    first: Value,
    second: Value,
    ret: u16,
    otherwise: Handler,
) -> Exit {
    if function.is_empty() || !known::is_function(function) {
        drop_value(function);
        return otherwise(s.ip, s.regs, s.fp, s.thread);
    }
    // SAFETY: the layout was checked; the reference, then the frame keeps the function alive.
    let callee: &PyFunction = unsafe { &*function.ptr().cast() };
    let code = call::function_code(callee);
    let window = s.thread.top.get();
    let count = 1 + !second.is_empty() as usize;
    if count != code.plain() as usize
        || s.thread.threading.poll() != 0
        || window.wrapping_add(code.nregs as usize) >= s.thread.limit()
    {
        drop_value(function);
        return otherwise(s.ip, s.regs, s.fp, s.thread);
    }
    s.save();
    let regs = Regs::new(window);
    regs.put(0, first.uncounted());
    if count == 2 {
        regs.put(1, second.uncounted());
    }
    let owned = call::own_callee(callee);
    drop_value(function);
    if call::push_frame(s.thread, callee, code, window, count, ret, Kind::Call, owned, Value::EMPTY).is_err()
    {
        regs.clear_range(0, count);
        return Exit::Raised;
    }
    State::of(code, 0, s.fp.wrapping_add(1), regs, s.thread).go()
}

// Apart, because their locals live in memory: see the module above.

/// The entry of a native function that takes any call.
#[inline(never)]
fn whole(def: &'static MethodDef, arguments: &[Obj]) -> PyResult<Obj> {
    (def.call)(&Args::new(arguments))
}

#[inline(never)]
fn any(thread: &'static VmThread, regs: Regs, i: &Word) -> PyResult<Called> {
    call::call(thread, regs, i.a() as usize, i.b() as usize, i.c())
}

/// `range(...)` of words. Apart from the handler, whose locals are to be in registers.
#[inline(never)]
fn range(regs: Regs, i: &Word, next: &Word) -> Option<Obj> {
    iteration::range(regs.slice(i.a() as usize + 2, i.b() as usize), i.c(), next.instr())
}

#[inline(never)]
fn construct(thread: &'static VmThread, regs: Regs, i: &Word) -> PyResult<Option<Called>> {
    let base = i.a() as usize;
    // SAFETY: the layout was checked by the caller; the register keeps the class alive.
    let class: &PyType = unsafe { &*regs.value(base).ptr().cast() };
    call::construct(thread, regs, base, i.b() as usize, &[], i.c(), class)
}

/// `class(*arguments)` of a class without a metaclass of its own.
#[inline(never)]
fn instance(class: &Obj, arguments: &[Obj]) -> PyResult<Obj> {
    protocol::enter_native()?;
    taipan_objects::type_object::type_methods::type_call(class, &Args::new(arguments))
}

/// `class(argument)` of a class of [`conversion`].
#[inline(never)]
fn converted(class: &Obj, argument: &Obj) -> PyResult<Obj> {
    protocol::enter_native()?;
    let conversion = class.downcast::<PyType>().and_then(conversion::of_class);
    conversion.ok_or_else(|| system_error("a class of its own"))?(argument)
}

#[inline(never)]
fn any_method(thread: &'static VmThread, regs: Regs, i: &Word) -> PyResult<Called> {
    call::call_method(thread, regs, i.a() as usize, i.b() as usize, i.c())
}

/// Pops the frame of a `__new__`, which returns the content of a register, and goes on with its class call.
#[inline(never)]
fn made(thread: &'static VmThread, regs: Regs, register: u16, ret: u16) -> PyResult<Called> {
    let instance = regs.take(register as usize).map_or_else(none, Obj::into_strong);
    call::pop(thread);
    call::made(thread, instance, ret)
}

/// `CALL` by callable, a function apart.
static CALL: known::ByShape = known::by_shape(
    call_any,
    &[
        (Known::NativeFunction, known_calls::call_known_native),
        (Known::Class, known_calls::call_known_class),
        (Known::Method, call_bound_method),
    ],
);

handlers! {
    call(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        let callable = s.regs.value(base);
        if !callable.is_empty()
            && known::is_function(callable)
        {
            return call_plain(s, i, base, base + 2, nargs, call_short);
        }
        if callable.is_empty() {
            return call_any(s.ip, s.regs, s.fp, s.thread);
        }
        known::choose(callable, &CALL, call_any)(s.ip, s.regs, s.fp, s.thread)
    }
    /// A bound method of a Python function: as if the method had just been looked up.
    #[inline(never)]
    call_bound_method(s, i) {
        let base = i.a() as usize;
        if unbind(s, base) {
            return call_plain(s, i, base, base + 1, i.b() as usize + 1, call_short_method);
        }
        call_any(s.ip, s.regs, s.fp, s.thread)
    }
    /// A native function of a module, with a fast entry for the arguments.
    #[inline(never)]
    call_native(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let function: &PyNativeFunction = unsafe { &*s.regs.value(base).ptr().cast() };
        if function.is_unbound() && let Some(answer) = intrinsics::answer(function.def.intrinsic, s.regs.slice(base + 2, nargs)) {
            s.save();
            s.regs.clear(base);
            s.regs.clear_range(base + 2, base + 2 + nargs);
            return s.write(i.c(), answer, 1);
        }
        s.save();
        if !function.is_unbound() {
            return call_bound_native(s.ip, s.regs, s.fp, s.thread);
        }
        let arguments = s.regs.slice(base + 2, nargs);
        let result = match function.def.call_fast(arguments) {
            Some(result) => result,
            None => whole(function.def, arguments),
        };
        finish_native(s, i, base + 2, nargs, result)
    }
    /// A native method that is bound to its receiver already.
    #[inline(never)]
    call_bound_native(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let function: &PyNativeFunction = unsafe { &*s.regs.value(base).ptr().cast() };
        match call::call_bound(function, s.regs.slice(base + 2, nargs)) {
            Some(result) => finish_native(s, i, base + 2, nargs, result),
            None => call_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// A class: an instance is made, and the frame of its `__init__` pushed.
    #[inline(never)]
    call_class(s, i) {
        s.save();
        if i.b() == 1 && s.value(i.a()).same(types().type_.as_obj().value()) {
            // A register holds it while the argument is dropped, which may run code.
            let base = i.a() as usize;
            s.regs.write(base, attribute::class_object(class_of(s.regs.obj(base + 2))));
            s.regs.clear(base + 2);
            let class = s.regs.take_value(base);
            return s.write(i.c(), class, 1);
        }
        if s.value(i.a()).same(types().range.as_obj().value()) {
            return call_range(s.ip, s.regs, s.fp, s.thread);
        }
        construct_instance(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    call_range(s, i) {
        let base = i.a() as usize;
        match range(s.regs, i, s.word(1)) {
            Some(range) => {
                s.regs.clear_range(base, base + 2 + i.b() as usize);
                s.write_obj(i.c(), range, 1)
            }
            None => construct_instance(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    construct_instance(s, i) {
        match construct(s.thread, s.regs, i) {
            Ok(Some(outcome)) => called(s, Ok(outcome), i.c(), 1),
            Ok(None) => call_native_class(s.ip, s.regs, s.fp, s.thread),
            Err(_) => Exit::Raised,
        }
    }
    /// Of a Python function with fewer arguments than parameters, perhaps.
    #[inline(never)]
    call_short(s, i) {
        let base = i.a() as usize;
        match call_with_defaults(s, i, base, base + 2, i.b() as usize) {
            Some(state) => state.go(),
            None => call_with_rest(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// Of a Python function with more arguments than parameters that have names, perhaps.
    #[inline(never)]
    call_with_rest(s, i) {
        let base = i.a() as usize;
        match call_variable(s, i, base, base + 2, i.b() as usize) {
            Some(state) => state.go(),
            None => call_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    call_short_method(s, i) {
        let (first, nargs) = arguments(s, i);
        match call_with_defaults(s, i, i.a() as usize, first, nargs) {
            Some(state) => state.go(),
            None => call_method_with_rest(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    call_method_with_rest(s, i) {
        let base = i.a() as usize;
        // That of a bound method has its receiver there, too.
        let (first, nargs) = arguments(s, i);
        match call_variable(s, i, base, first, nargs) {
            Some(state) => state.go(),
            None => call_any_method(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// Of a Python function, by either instruction.
    #[inline(never)]
    call_from_generator(s, i) {
        let base = i.a() as usize;
        if i.opcode() == Op::Call as u16 {
            return match call_at_top(s, i, base, base + 2, i.b() as usize) {
                Some(state) => state.go(),
                None => call_any(s.ip, s.regs, s.fp, s.thread),
            };
        }
        let (first, nargs) = arguments(s, i);
        match call_at_top(s, i, base, first, nargs) {
            Some(state) => state.go(),
            None => call_any_method(s.ip, s.regs, s.fp, s.thread),
        }
    }
    /// A class whose instances native code makes, or that binds the arguments of its `__init__` itself.
    #[inline(never)]
    call_native_class(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        let result = instance(s.regs.obj(base), s.regs.slice(base + 2, nargs));
        finish_native(s, i, base + 2, nargs, result)
    }
    /// A built-in class that makes its instance of one argument without a detour.
    #[inline(never)]
    convert(s, i) {
        let base = i.a() as usize;
        s.save();
        let result = converted(s.regs.obj(base), s.regs.obj(base + 2));
        finish_native(s, i, base + 2, 1, result)
    }
    call_method(s, i) {
        let base = i.a() as usize;
        let callable = s.regs.value(base);
        if !callable.is_empty() {
            if known::is(callable, Known::Function) {
                return call_function_method(s.ip, s.regs, s.fp, s.thread);
            }
            if known::is(callable, Known::MethodDescriptor) && !s.regs.value(base + 1).is_empty() {
                // SAFETY: the layout was checked.
                let descriptor: &PyMethodDescr = unsafe { &*callable.ptr().cast() };
                if descriptor.def.intrinsic == Intrinsic::None {
                    return call_descriptor(s.ip, s.regs, s.fp, s.thread);
                }
                return known_calls::call_known_method(s.ip, s.regs, s.fp, s.thread);
            }
        }
        call_method_last(s.ip, s.regs, s.fp, s.thread)
    }
    /// A Python function. Apart, because pushing a frame takes more machine registers than are free.
    #[inline(never)]
    call_function_method(s, i) {
        let (first, nargs) = arguments(s, i);
        call_plain(s, i, i.a() as usize, first, nargs, call_short_method)
    }
    #[inline(never)]
    call_method_last(s, i) {
        let base = i.a() as usize;
        let callable = s.regs.value(base);
        if callable.is_empty() {
            return call_any_method(s.ip, s.regs, s.fp, s.thread);
        }
        if known::is_function(callable) {
            return call_function_method(s.ip, s.regs, s.fp, s.thread);
        }
        if s.regs.value(base + 1).is_empty() {
            // An attribute of a module, for example: nothing was bound, so the call is like any other.
            return call(s.ip, s.regs, s.fp, s.thread);
        }
        call_any_method(s.ip, s.regs, s.fp, s.thread)
    }
    /// A native method of the receiver's class, with a fast entry for the arguments.
    #[inline(never)]
    call_descriptor(s, i) {
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        // SAFETY: the layout was checked.
        let descriptor: &PyMethodDescr = unsafe { &*s.regs.value(base).ptr().cast() };
        s.save();
        let (def, first) = (descriptor.def, base + 1);
        if descriptor.accepts(s.regs.obj(first)) {
            // One by one, so that how many registers are emptied is known in each.
            match (nargs, def.fast1, def.fast2) {
                (0, Some(fast), _) => return finish_native(s, i, first, 1, fast(s.regs.obj(first))),
                (1, _, Some(fast)) => {
                    let result = fast(s.regs.obj(first), s.regs.obj(first + 1));
                    return finish_native(s, i, first, 2, result);
                }
                _ => {}
            }
            if let Some(result) = def.call_fast(s.regs.slice(first, nargs + 1)) {
                return finish_native(s, i, first, nargs + 1, result);
            }
        }
        call_any_method(s.ip, s.regs, s.fp, s.thread)
    }
    call_kw(s, i) {
        s.save();
        let names = s.word(1).arg32() as usize;
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        called(s, call::call_kw(s.thread, s.code(), s.regs, base, nargs, names, false, i.c()), i.c(), 2)
    }
    call_method_kw(s, i) {
        s.save();
        let names = s.word(1).arg32() as usize;
        let (base, nargs) = (i.a() as usize, i.b() as usize);
        called(s, call::call_kw(s.thread, s.code(), s.regs, base, nargs, names, true, i.c()), i.c(), 2)
    }
    #[inline(never)]
    call_any(s, i) {
        s.save();
        called(s, any(s.thread, s.regs, i), i.c(), 1)
    }
    #[inline(never)]
    call_any_method(s, i) {
        s.save();
        called(s, any_method(s.thread, s.regs, i), i.c(), 1)
    }
    return_value(s, i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &mut *s.fp };
        let word = s.value(i.a());
        if frame.kind == Kind::Call && !word.is_empty() {
            // What is lent may be kept alive by another register of this frame.
            let value = if word.is_lent() { s.regs.counted_at_once(i.a() as usize) } else { Some(word) };
            let ret = frame.ret;
            if let Some(value) = value {
                // Not dropped with the others.
                s.regs.put(i.a() as usize, Value::EMPTY);
                if call::pop_frame_at_once(s.thread, frame) {
                    return deliver(s, ret, value);
                }
                s.regs.put(i.a() as usize, value);
            }
        }
        return_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    return_any(s, i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &*s.fp };
        if s.value(i.a()).is_empty() {
            return s.leave();
        }
        if frame.kind == Kind::Init && is_none(s.regs.obj(i.a() as usize)) {
            return finish_init(s);
        }
        if frame.is_generator() || frame.kind == Kind::Eager {
            return generators::return_from_generator(s.ip, s.regs, s.fp, s.thread);
        }
        if frame.kind == Kind::Operator {
            return return_from_operator(s.ip, s.regs, s.fp, s.thread);
        }
        if frame.kind == Kind::New {
            return return_new(s.ip, s.regs, s.fp, s.thread);
        }
        if frame.kind == Kind::Entry {
            let value = s.regs.take(i.a() as usize).map_or(Value::EMPTY, |value| value.into_strong().into_value());
            return return_to_native(s, value);
        }
        if frame.kind != Kind::Call {
            return s.leave();
        }
        let value = s.regs.take(i.a() as usize).map_or(Value::EMPTY, |value| value.into_strong().into_value());
        finish(s, value)
    }
    /// A `__new__` returns what a class call made.
    #[inline(never)]
    return_new(s, i) {
        s.save();
        // SAFETY: the frame is live.
        let ret = unsafe { (*s.fp).ret };
        let outcome = made(s.thread, s.regs, i.a(), ret);
        let caller = below(s, 0);
        called(caller, outcome, ret, call::length_at(caller.word(0).instr()))
    }
    /// The special method of an operator.
    #[inline(never)]
    return_from_operator(s, i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &mut *s.fp };
        let value = if i.opcode() == Op::ReturnConst as u16 {
            s.constant()
        } else {
            let word = s.value(i.a());
            let counted = if word.is_lent() { s.regs.counted_at_once(i.a() as usize) } else { Some(word) };
            match counted {
                Some(value) => {
                    s.regs.put(i.a() as usize, Value::EMPTY);
                    value
                }
                None => strong(s.regs.take_value(i.a() as usize)),
            }
        };
        if !call::pop_frame_at_once(s.thread, frame) {
            s.save();
            call::pop_frame(s.thread, frame);
        }
        operators::conclude(below(s, 0), value)
    }
    return_const(s, _i) {
        // SAFETY: the frame is live.
        let frame = unsafe { &mut *s.fp };
        let constant = s.constant();
        let (ret, subject) = (frame.ret, frame.subject);
        // Immortal, or code, which the collector alone frees; or the instance that `__init__` was called for, which the frame owns.
        let value = match frame.kind {
            Kind::Call => constant,
            Kind::Operator => return return_from_operator(s.ip, s.regs, s.fp, s.thread),
            Kind::Init if is_none_word(constant) => subject,
            Kind::GeneratorEntry
            | Kind::GeneratorFor
            | Kind::GeneratorSend
            | Kind::GeneratorAsend
            | Kind::Eager => {
                return generators::return_const_from_generator(s.ip, s.regs, s.fp, s.thread);
            }
            Kind::Entry => return return_const_any(s.ip, s.regs, s.fp, s.thread),
            _ => return s.leave(),
        };
        if call::pop_frame_at_once(s.thread, frame) {
            return deliver(s, ret, value);
        }
        return_const_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    return_const_any(s, _i) {
        // SAFETY: the frame is live.
        match unsafe { (*s.fp).kind } {
            Kind::Init => finish_init(s),
            Kind::Entry => return_to_native(s, s.constant()),
            _ => finish(s, s.constant()),
        }
    }
}

/// [`IntoStrong`] for a word that is lent.
#[inline(never)]
pub(super) fn strong(word: Value) -> Value {
    // SAFETY: what a native function returned.
    unsafe { Obj::from_value(word) }.map_or(Value::EMPTY, |value| value.into_strong().into_value())
}

/// Empties the registers of call `i` of a native function with `count` arguments from register `first`, and goes on with its result.
#[inline(always)]
fn finish_native(s: State, i: &Word, first: usize, count: usize, result: PyResult<Obj>) -> Exit {
    let mut word = result.map_or(Value::EMPTY, Obj::into_value);
    // The result may be an uncounted part of what the arguments keep alive.
    if word.is_lent() {
        word = strong(word);
    }
    let base = i.a() as usize;
    let clear = |at: usize| {
        let old = s.regs.take_value(at);
        // SAFETY: moved out of its register.
        if old.is_counted() && !unsafe { Obj::drop_at_once(old) } {
            // SAFETY: it was declined.
            unsafe { Obj::drop_last(old) };
        }
    };
    clear(base);
    for at in first..first + count {
        clear(at);
    }
    if word.is_empty() { Exit::Raised } else { s.write(i.c(), word, 1) }
}

/// Goes on after what a call instruction of `length` words with its result in register `ret` came to.
#[inline(always)]
pub(super) fn called(s: State, outcome: PyResult<Called>, ret: u16, length: usize) -> Exit {
    match outcome {
        Ok(Called::Value(value)) => s.write_obj(ret, value, length),
        Ok(Called::Pushed) => State::reload(s.thread),
        Err(_) => Exit::Raised,
    }
}

/// The frame below `s`'s, which was popped or suspended, `skip` words behind its instruction.
#[inline(always)]
pub(super) fn below(s: State, skip: usize) -> State {
    // Frames are next to each other.
    let fp = s.fp.wrapping_sub(1);
    // SAFETY: the frame below is live.
    let frame = unsafe { &*fp };
    State { ip: frame.ip.wrapping_add(skip), regs: frame.regs, fp, thread: s.thread }
}

/// Delivers the result of the call, whose frame was popped, to register `ret` of the frame below.
#[inline(always)]
pub(super) fn deliver(s: State, ret: u16, value: Value) -> Exit {
    let caller = below(s, 0);
    caller.write(ret, value, call::length_at(caller.word(0).instr()))
}

/// Pops the frame, of kind `Call`, and delivers its result.
#[inline(always)]
fn finish(s: State, value: Value) -> Exit {
    s.save();
    // SAFETY: the frame is live.
    let frame = unsafe { &mut *s.fp };
    let ret = frame.ret;
    call::pop_frame(s.thread, frame);
    deliver(s, ret, value)
}

/// Pops the frame, of kind `Entry`, for whose result native code waits. Apart: what it does before it ends is no part of other returns.
#[inline(never)]
fn return_to_native(s: State, value: Value) -> Exit {
    s.save();
    // SAFETY: the frame is live.
    call::pop_frame(s.thread, unsafe { &mut *s.fp });
    // Last, because dropping the registers may run other loops.
    s.thread.result.set(value);
    Exit::Done
}

/// Pops the frame of an `__init__` and delivers the instance.
#[inline(always)]
fn finish_init(s: State) -> Exit {
    s.save();
    // SAFETY: the frame is live.
    let ret = unsafe { (*s.fp).ret };
    let instance = call::pop_init(s.thread).into_value();
    deliver(s, ret, instance)
}
