//! Calls upward into the interpreter, declared here and filled once at start-up.

use std::sync::OnceLock;

use taipan_gc::{Obj, Py};

use crate::argument::Args;
use crate::code::PyCode;
use crate::error::*;
use crate::function::PyFunction;
use crate::str::{PyStr, intern};

/// What the object model needs from the interpreter.
pub struct Hooks {
    /// Calls a Python function.
    pub call_function: fn(&Obj, &Args<'_>) -> PyResult<Obj>,
    /// Calls a Python function with this code in the place of its own.
    pub call_code: fn(&PyFunction, &PyCode, &Args<'_>) -> PyResult<Obj>,
    /// Resumes a generator, coroutine or asynchronous generator. `Ok(None)`: it returned, the value is in the third argument's place.
    pub resume: fn(&Obj, Resume) -> PyResult<Resumed>,
    /// The iterator that a suspended generator delegates to.
    pub delegate: fn(&Obj) -> Option<Obj>,
    /// Lets a suspended generator's frame call `throw` or `close` of what it delegates to, and goes on with what came of that.
    pub delegating: fn(&Obj, &mut dyn FnMut() -> PyResult<Resumed>) -> PyResult<Resumed>,
    /// The frame object of a generator, `None` if closed.
    pub generator_frame: fn(&Obj) -> PyResult<Obj>,
    /// `sys.get_asyncgen_hooks()`: first iteration, finalizer.
    pub asyncgen_hooks: fn() -> (Option<Obj>, Option<Obj>),
    /// Imports an absolute module by name.
    pub import_module: fn(&str) -> PyResult<Obj>,
    /// The module that has this name in `sys.modules`, whether it was executed whole or not, or that is imported.
    pub known_module: fn(&Py<PyStr>) -> PyResult<Obj>,
    /// An attribute of the `builtins` module.
    pub builtin: fn(&str) -> PyResult<Obj>,
    /// `__name__` of the running frame's globals.
    pub current_module_name: fn() -> Option<Obj>,
    /// `(__class__, first argument)` of the running frame, for `super()`.
    pub super_arguments: fn() -> PyResult<(Obj, Obj)>,
    /// Reports the exception on its way through `sys.unraisablehook`: message, object.
    pub unraisable: fn(Option<&str>, Option<&Obj>),
    /// `warnings.warn(message, category, stacklevel)`.
    pub warn: fn(&str, &Obj, i64) -> PyResult<()>,
    /// The current frame object, `depth` frames up.
    pub current_frame: fn(usize) -> Option<Obj>,
    /// Handles pending requests of the calling thread (signals, stops); for long loops in native code.
    pub check_signals: fn() -> PyResult<()>,
    /// `codecs.encode(text, encoding, errors)` for encodings that are not built in.
    pub encode: fn(&Obj, &str, &str) -> PyResult<Obj>,
    /// `codecs.decode(bytes, encoding, errors)` for encodings that are not built in.
    pub decode: fn(&Obj, &str, &str) -> PyResult<Obj>,
    /// The error handler registered under a name.
    pub codec_error_handler: fn(&str) -> PyResult<Obj>,
    /// `sys.audit(event, *args)`.
    pub audit: fn(&str, &[Obj]) -> PyResult<()>,
}

/// How to resume a generator.
pub enum Resume {
    /// `send(value)`.
    Send(Obj),
    /// The exception on its way is thrown in.
    Throw,
}

/// What came of resuming a generator.
pub enum Resumed {
    Yielded(Obj),
    Returned(Obj),
}

static HOOKS: OnceLock<Hooks> = OnceLock::new();

/// Installs the hooks; the first call wins.
pub fn install(hooks: Hooks) {
    let _ = HOOKS.set(hooks);
}

/// The hooks; `SystemError` before the interpreter exists.
pub fn get() -> PyResult<&'static Hooks> {
    HOOKS.get().ok_or_else(|| system_error("the interpreter is not initialized"))
}

/// The iterator that a suspended generator delegates to.
pub fn delegate(generator: &Obj) -> Option<Obj> {
    HOOKS.get().and_then(|h| (h.delegate)(generator))
}

/// Runs `act`, which calls a generator's delegate, in the generator's frame, and goes on with what came of it.
pub fn delegating(generator: &Obj, act: &mut dyn FnMut() -> PyResult<Resumed>) -> PyResult<Resumed> {
    (get()?.delegating)(generator, act)
}

/// Tells the audit hooks of an attribute that is set or deleted without going through `__setattr__`.
pub fn audit_attribute(obj: &Obj, name: &str, value: Option<&Obj>) -> PyResult<()> {
    let Some(hooks) = HOOKS.get() else { return Ok(()) };
    let name = intern(name).into_obj();
    match value {
        Some(value) => (hooks.audit)("object.__setattr__", &[obj.clone(), name, value.clone()]),
        None => (hooks.audit)("object.__delattr__", &[obj.clone(), name]),
    }
}

/// The frame object of a generator, `None` if closed.
pub fn generator_frame(generator: &Obj) -> PyResult<Obj> {
    (get()?.generator_frame)(generator)
}

/// `sys.get_asyncgen_hooks()`.
pub fn asyncgen_hooks() -> (Option<Obj>, Option<Obj>) {
    HOOKS.get().map_or((None, None), |h| (h.asyncgen_hooks)())
}

/// Imports an absolute module by name.
pub fn import_module(name: &str) -> PyResult<Obj> {
    (get()?.import_module)(name)
}

/// The module that has this name in `sys.modules`, whether it was executed whole or not, or that is imported.
pub fn known_module(name: &Py<PyStr>) -> PyResult<Obj> {
    (get()?.known_module)(name)
}

/// An attribute of the `builtins` module.
pub fn builtin(name: &str) -> PyResult<Obj> {
    (get()?.builtin)(name)
}

/// An attribute of a module.
pub fn module_attribute(module: &str, name: &str) -> PyResult<Obj> {
    crate::protocol::getattr(&import_module(module)?, &intern(name))
}

/// `__name__` of the running frame's globals.
pub fn current_module_name() -> Option<Obj> {
    HOOKS.get().and_then(|h| (h.current_module_name)())
}

/// `(__class__, first argument)` of the running frame.
pub fn super_arguments() -> PyResult<(Obj, Obj)> {
    (get()?.super_arguments)()
}

/// Reports the exception on its way as unraisable.
pub fn unraisable(message: Option<&str>, object: Option<&Obj>) {
    match HOOKS.get() {
        Some(hooks) => (hooks.unraisable)(message, object),
        None => drop(try_take_raised()),
    }
}

/// Reports the exception on its way as unraisable; the message ends in what `object` shows as.
pub fn unraisable_about(text: &str, object: &Obj) {
    let Some(raised) = try_take_raised() else { return };
    let shown = crate::protocol::repr_string(object).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        "<object repr() failed>".to_owned()
    });
    let _ = set_raised(raised);
    unraisable(Some(&format!("{text} {shown}")), None);
}

/// `warnings.warn(message, category, stacklevel)`.
pub fn warn(message: &str, category: &Obj, stacklevel: i64) -> PyResult<()> {
    (get()?.warn)(message, category, stacklevel)
}

/// Handles pending requests of the calling thread.
pub fn check_signals() -> PyResult<()> {
    (get()?.check_signals)()
}
