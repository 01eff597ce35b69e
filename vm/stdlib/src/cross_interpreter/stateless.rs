//! Functions that need nothing around them, and code that can be run as a script.

use taipan_bytecode::{Op, flags};
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::function::{PyFunction, builtins_of};
use taipan_objects::module::PyModule;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;

use super::errors::{not_shareable_error, raise_from};

fn uses_globals(code: &PyCode, globals: &Obj) -> bool {
    let defined =
        |name: &Py<PyStr>| globals.downcast::<PyDict>().is_some_and(|dict| dict.get_str(name).is_some());
    let builtin = |name: &Py<PyStr>| taipan_objects::hooks::builtin(&name.to_string_lossy()).is_ok();
    code.instrs().any(|instr| match instr.op() {
        Some(Op::LoadGlobal) => {
            let name = &code.names[instr.b() as usize];
            let fine = !defined(name) && builtin(name);
            if !fine {
                drop(try_take_raised());
            }
            !fine
        }
        Some(Op::LoadName) => true,
        _ => false,
    })
}

fn only_returns_none(code: &PyCode) -> bool {
    !code.is_generator_like()
        && code.instrs().all(|instr| match instr.op() {
            Some(Op::ReturnConst) => code.consts.get(instr.a() as usize).is_some_and(is_none),
            Some(Op::ReturnValue) => false,
            _ => true,
        })
}

/// Raises `ValueError` unless the code can be executed like a script.
pub fn check_script(code: &PyCode) -> PyResult<()> {
    if !code.unit.freevars.is_empty() {
        return Err(value_error("closures not supported"));
    }
    let unit = &code.unit;
    if unit.argcount + unit.kwonlyargcount > 0
        || unit.flags & (flags::CO_VARARGS | flags::CO_VARKEYWORDS) != 0
    {
        return Err(value_error("code with args not supported"));
    }
    if !only_returns_none(code) {
        return Err(value_error("code that returns a value is not a script"));
    }
    Ok(())
}

fn check_function(function: &PyFunction) -> PyResult<()> {
    let code = function.code();
    let has = |slot: &Slot| slot.load().is_some_and(|value| !is_none(&value));
    if !code.unit.freevars.is_empty() || has(&function.closure) {
        return Err(value_error("closures not supported"));
    }
    if has(&function.defaults) {
        return Err(value_error("function defaults not supported"));
    }
    if has(&function.kwdefaults) {
        return Err(value_error("keyword defaults not supported"));
    }
    if uses_globals(&code, &function.globals) {
        return Err(value_error("globals not supported"));
    }
    Ok(())
}

/// Raises `NotShareableError` unless the object is a function that needs nothing around it.
pub fn check_stateless(obj: &Obj) -> PyResult<()> {
    let Some(function) = obj.downcast::<PyFunction>() else {
        let text = format!("expected a function, got {}", repr_string(obj)?);
        return Err(raise_from(not_shareable_error(), &text, None));
    };
    check_function(function).map_err(|Raised| {
        let cause = try_take_raised();
        raise_from(not_shareable_error(), "only stateless functions are shareable", cause)
    })
}

/// The code of a stateless function.
pub fn code_of(obj: &Obj) -> Option<Py<PyCode>> {
    let function = obj.downcast::<PyFunction>()?;
    match check_function(function) {
        Ok(()) => Some(function.code().duplicate()),
        Err(Raised) => {
            drop(try_take_raised());
            None
        }
    }
}

/// A function of the current interpreter's `__main__`.
pub fn function_of(code: &Py<PyCode>) -> PyResult<Obj> {
    let main = taipan_vm::import::import_module("__main__")?;
    let Some(main) = main.downcast::<PyModule>() else { return Err(runtime_error("lost __main__")) };
    let globals = main.dict().into_obj();
    let builtins = builtins_of(&globals)?;
    Ok(PyFunction::new(&code.duplicate(), globals, builtins).into_obj())
}
