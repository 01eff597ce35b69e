//! `exec` and `eval`, and the namespaces of the calling frame.

use taipan_objects::cell::PyCell;
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use super::compile::{self, Mode};
use crate::frame::Frame;
use crate::thread;

/// The innermost frame of the calling thread.
pub fn caller<'a>() -> Option<&'a Frame> {
    let thread = thread::try_current()?;
    // SAFETY: the innermost frame is live while native code that it called runs.
    unsafe { thread.frame(thread.visible(0)?).as_ref() }
}

/// The global namespace of the calling frame.
pub fn current_globals() -> Option<Obj> {
    caller().map(|frame| frame.globals().clone()).or_else(main_namespace)
}

/// The namespace of `__main__`, for what is called from another interpreter: there is no frame below.
fn main_namespace() -> Option<Obj> {
    if thread::try_current()?.floor.get() == 0 {
        return None;
    }
    let main = crate::sys::loaded("__main__")?;
    Some(main.downcast::<taipan_objects::module::PyModule>()?.dict().into_obj())
}

/// `locals()` of the calling frame: the namespace itself, or for a function a snapshot.
pub fn current_locals() -> PyResult<Obj> {
    if caller().is_none()
        && let Some(namespace) = main_namespace()
    {
        return Ok(namespace);
    }
    crate::frame_object::locals_snapshot(thread::current())
}

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// Evaluate the given source in the context of globals and locals.
    ///
    /// The source may be a string representing a Python expression
    /// or a code object as returned by compile().
    /// The globals must be a dictionary and locals can be any mapping,
    /// defaulting to the current globals and locals.
    /// If only globals is given, locals defaults to it.
    #[pyfunction(sig = "(source, /, globals=None, locals=None)")]
    fn eval(source: &Obj, globals: Option<&Obj>, locals: Option<&Obj>) -> PyResult<Obj> {
        if let Some(locals) = given(locals)
            && class_of(locals).slots.getitem().is_none()
        {
            return Err(type_error("locals must be a mapping"));
        }
        if let Some(globals) = given(globals)
            && !globals.is_layout::<PyDict>()
        {
            return Err(type_error(if class_of(globals).slots.getitem().is_some() {
                "globals must be a real dict; try eval(code, {}, mapping)"
            } else {
                "globals must be a dict"
            }));
        }
        let (globals, locals) = namespaces(globals, locals)?;
        if let Some(code) = source.to_py::<PyCode>() {
            crate::sys::audit("exec", std::slice::from_ref(source))?;
            if !code.unit.freevars.is_empty() {
                return Err(type_error("code object passed to eval() may not contain free variables"));
            }
            return crate::interpreter::call::run_code(&code, &globals, &locals, None);
        }
        let refusal = "eval() arg 1 must be a string, bytes or code object";
        let code = compile_audited(source, refusal, Mode::Eval)?;
        crate::interpreter::call::run_code(&code, &globals, &locals, None)
    }

    /// Execute the given source in the context of globals and locals.
    ///
    /// The source may be a string representing one or more Python statements
    /// or a code object as returned by compile().
    /// The globals must be a dictionary and locals can be any mapping,
    /// defaulting to the current globals and locals.
    /// If only globals is given, locals defaults to it.
    /// The closure must be a tuple of cellvars, and can only be used
    /// when source is a code object requiring exactly that many cellvars.
    #[pyfunction(sig = "(source, /, globals=None, locals=None, *, closure=None)")]
    fn exec(
        source: &Obj,
        globals: Option<&Obj>,
        locals: Option<&Obj>,
        closure: Option<&Obj>,
    ) -> PyResult<()> {
        if let Some(globals) = given(globals)
            && !globals.is_layout::<PyDict>()
        {
            return Err(type_error(format!(
                "exec() globals must be a dict, not {}",
                class_of(globals).name()
            )));
        }
        if let Some(locals) = given(locals)
            && class_of(locals).slots.getitem().is_none()
        {
            return Err(type_error(format!(
                "locals must be a mapping or None, not {}",
                class_of(locals).name()
            )));
        }
        let (globals, locals) = namespaces(globals, locals)?;
        let closure = given(closure);
        if let Some(code) = source.to_py::<PyCode>() {
            check_closure(&code, closure)?;
            crate::sys::audit("exec", std::slice::from_ref(source))?;
            drop(crate::interpreter::call::run_code(&code, &globals, &locals, closure)?);
            return Ok(());
        }
        if closure.is_some() {
            return Err(type_error("closure can only be used when source is a code object"));
        }
        let refusal = "exec() arg 1 must be a string, bytes or code object";
        let code = compile_audited(source, refusal, Mode::Exec)?;
        drop(crate::interpreter::call::run_code(&code, &globals, &locals, None)?);
        Ok(())
    }
}

/// Compiles what `eval` or `exec` got, and tells audit hooks of it and of the execution to come.
fn compile_audited(source: &Obj, refusal: &str, mode: Mode) -> PyResult<Py<PyCode>> {
    let source = compile::source_argument(source, refusal)?;
    source.audit("<string>")?;
    let code = source.compile("<string>", mode, compile::inherited_options())?;
    crate::sys::audit("exec", std::slice::from_ref(code.as_obj()))?;
    Ok(code)
}

fn given(value: Option<&Obj>) -> Option<&Obj> {
    value.filter(|v| !is_none(v))
}

fn check_closure(code: &PyCode, closure: Option<&Obj>) -> PyResult<()> {
    let free = code.unit.freevars.len();
    match closure {
        None if free == 0 => Ok(()),
        Some(_) if free == 0 => Err(type_error("cannot use a closure with this code object")),
        closure => {
            let fits = closure.and_then(|c| c.downcast::<PyTuple>()).is_some_and(|cells| {
                cells.len() == free && cells.as_slice().iter().all(|c| c.is_layout::<PyCell>())
            });
            if fits {
                Ok(())
            } else {
                Err(type_error(format!("code object requires a closure of exactly length {free}")))
            }
        }
    }
}

/// The namespaces to run in; puts `__builtins__` into the globals.
fn namespaces(globals: Option<&Obj>, locals: Option<&Obj>) -> PyResult<(Obj, Obj)> {
    let (globals, locals) = match (given(globals), given(locals)) {
        (Some(globals), Some(locals)) => (globals.clone(), locals.clone()),
        (Some(globals), None) => (globals.clone(), globals.clone()),
        (None, locals) => {
            let Some(own) = current_globals() else {
                return Err(system_error("globals and locals cannot be NULL"));
            };
            let locals = match locals {
                Some(locals) => locals.clone(),
                None => current_locals()?,
            };
            (own, locals)
        }
    };
    if let Some(dict) = globals.downcast::<PyDict>() {
        let builtins = match caller() {
            Some(frame) => frame.builtins().clone(),
            None => super::module()?.dict().into_obj(),
        };
        let name = istr!("__builtins__");
        let hash = hash(name.as_obj())?;
        dict.set_if_absent(name.as_obj().clone(), hash, builtins)?;
    }
    Ok((globals, locals))
}
