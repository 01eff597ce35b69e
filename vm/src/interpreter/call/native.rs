//! Calls by native code, and code that is run in namespaces: each in a loop of its own.

use taipan_objects::argument::Args;
use taipan_objects::code::PyCode;
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::generator::PyGenerator;
use taipan_objects::protocol;
use taipan_objects::{Obj, Py, Value};

use super::frames::{too_deep, write_frame};
use super::{bind_and_push, fits, function_code, has_room, make_generator, own_callee, push_frame};
use crate::frame::Kind;
use crate::registers::Regs;
use crate::thread::{self, VmThread};

/// The `call_function` hook: a Python function called by native code.
pub fn call_from_native(callable: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(function) = callable.downcast::<PyFunction>() else {
        return Err(system_error("not a function"));
    };
    call_code_from_native(function, function_code(function), args)
}

/// The `call_code` hook: the same with other code than the function's own.
pub fn call_code_from_native(function: &PyFunction, code: &PyCode, args: &Args<'_>) -> PyResult<Obj> {
    let thread = thread::current();
    if code.is_generator_like() {
        return make_generator(function, code, args);
    }
    // At a safepoint the collector may run, for which an uncounted function is nobody's before it has a frame.
    let kept = (thread.threading.poll() != 0).then(|| taipan_objects::types::obj_of(function));
    if kept.is_some() {
        crate::safepoint::handle(thread)?;
    }
    if fits(code, args) {
        push_entry(thread, function, code, args.positional)?;
    } else {
        bind_and_push(thread, function, code, thread.top.get(), args, 0, Kind::Entry, Value::EMPTY)?;
    }
    drop(kept);
    crate::perf::run(thread, code)
}

/// Pushes the frame of a function whose parameters are just `arguments`, at the top of the stack, where nothing stale lies. They are lent: the native caller has them
/// until the call is over.
fn push_entry(thread: &VmThread, function: &PyFunction, code: &PyCode, arguments: &[Obj]) -> PyResult<()> {
    let window = thread.top.get();
    if !has_room(thread, code, window) {
        return Err(too_deep());
    }
    let regs = Regs::new(window);
    for (at, argument) in arguments.iter().enumerate() {
        regs.put(at, argument.value().uncounted());
    }
    write_frame(thread, function, code, window, 0, Kind::Entry, own_callee(function), Value::EMPTY);
    Ok(())
}

/// Runs module, class-body or `exec` code in namespaces.
pub fn run_code(code: &Py<PyCode>, globals: &Obj, locals: &Obj, closure: Option<&Obj>) -> PyResult<Obj> {
    let thread = thread::current();
    protocol::enter_native()?;
    let builtins = taipan_objects::function::builtins_of(globals)?;
    let function = PyFunction::new(code, globals.clone(), builtins.clone());
    if let Some(closure) = closure {
        function.closure.store(closure.clone());
    }
    if code.is_generator_like() {
        let generator = make_generator(&function, code, &Args::new(&[]))?;
        if let Some(generator) = generator.downcast::<PyGenerator>() {
            generator.locals.store(locals.clone());
        }
        return Ok(generator);
    }
    let callee = own_callee(&function);
    code.load();
    push_frame(thread, &function, code, thread.top.get(), 0, 0, Kind::Entry, callee, Value::EMPTY)?;
    // SAFETY: just pushed.
    let frame = unsafe { &mut *thread.innermost() };
    frame.globals = globals.clone().into_counted();
    frame.builtins = builtins.into_counted();
    frame.locals = locals.clone().into_counted();
    crate::perf::run(thread, code)
}

/// Runs a class body: `function` in the namespace `locals`.
pub fn run_class_body(function: &PyFunction, locals: &Obj) -> PyResult<Obj> {
    let thread = thread::current();
    protocol::enter_native()?;
    let code = function_code(function);
    code.load();
    let callee = own_callee(function);
    push_frame(thread, function, code, thread.top.get(), 0, 0, Kind::Entry, callee, Value::EMPTY)?;
    // SAFETY: just pushed.
    let frame = unsafe { &mut *thread.innermost() };
    frame.globals = function.globals.clone().into_counted();
    frame.builtins = function.builtins.clone().into_counted();
    frame.locals = locals.clone().into_counted();
    crate::interpreter::run(thread)
}
