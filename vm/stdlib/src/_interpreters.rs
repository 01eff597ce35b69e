//! `_interpreters`: primitive operations on interpreters (PEP 734).

pub(crate) mod configuration;
mod excinfo;
mod run;

use std::sync::Arc;

use taipan_objects::dict::PyDict;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_vm::interpreters::{self, Closing, Interpreter, InterpreterConfig, Whence};

use crate::cross_interpreter::{self, interpreter_error, not_found_error, not_shareable_error};
use crate::native_class;
use excinfo::ExcInfo;
use run::Script;

native_class!(
    /// `CrossInterpreterBufferView`.
    fn buffer_view_class() = taipan_objects::type_object::TypeBuilder::new(
        "_interpreters.CrossInterpreterBufferView",
        taipan_objects::memoryview::PyMemoryView::ops(),
    )
    .no_instantiation()
    .make()
);

fn failed(text: &str) -> Raised {
    raise_args(interpreter_error(), vec![str_obj(text)])
}

pub(crate) fn not_found(id: i64) -> Raised {
    raise_args(not_found_error(), vec![str_obj(&format!("unrecognized interpreter ID {id}"))])
}

/// A number that names an interpreter.
fn id_of(id: &Obj) -> PyResult<i64> {
    if class_of(id).slots.index().is_none() {
        return Err(type_error(format!("interpreter ID must be an int, got {}", class_of(id).name())));
    }
    let number = taipan_objects::protocol::index(id)?;
    match taipan_objects::int::int_ref(&number).and_then(|n| n.to_i64()) {
        None => Err(overflow_error("int too big to convert")),
        Some(number) if number < 0 => {
            Err(value_error(format!("interpreter ID must be a non-negative int, got {}", repr_string(id)?)))
        }
        Some(number) => Ok(number),
    }
}

pub(crate) fn look_up(id: &Obj) -> PyResult<Arc<Interpreter>> {
    let number = id_of(id)?;
    interpreters::find(number).ok_or_else(|| not_found(number))
}

/// The interpreter of an id, for an operation; `restrict`: only one that this module made.
fn resolve(id: &Obj, restrict: bool, ready: bool, operation: &str) -> PyResult<Arc<Interpreter>> {
    let interpreter = look_up(id)?;
    if ready && !interpreter.is_ready() {
        return Err(failed(&format!("cannot {operation} interpreter {} (not ready)", repr_string(id)?)));
    }
    if restrict && interpreter.whence() != Whence::Stdlib {
        return Err(failed(&format!("cannot {operation} unrecognized interpreter {}", repr_string(id)?)));
    }
    Ok(interpreter)
}

fn wrong_argument(function: &str, position: usize, expected: &str, given: &Obj) -> Raised {
    let given = class_of(given).name();
    type_error(format!("_interpreters.{function}() argument {position} must be {expected}, not {given}"))
}

/// An optional dict of values to share.
fn shared_argument<'a>(function: &str, shared: Option<&'a Obj>) -> PyResult<Option<&'a PyDict>> {
    let Some(shared) = shared else { return Ok(None) };
    match shared.downcast::<PyDict>() {
        Some(dict) => Ok(Some(dict)),
        None => Err(wrong_argument(function, 3, "dict", shared)),
    }
}

fn pair(interpreter: &Interpreter) -> Obj {
    tuple_obj(vec![int_obj(interpreter.id()), int_obj(interpreter.whence() as i64)])
}

fn shown(result: Option<ExcInfo>) -> PyResult<Obj> {
    result.map_or_else(|| Ok(none()), |info| info.to_obj())
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule(name = "_interpreters")]
mod items {
    use super::*;

    /// new_config(name='isolated', /, **overrides) -> type.SimpleNamespace
    ///
    /// Return a representation of a new PyInterpreterConfig.
    #[pyfunction(sig = "(name=None, /, **overrides)", text = "")]
    fn new_config(name: Option<&Obj>, overrides: Kwargs<'_>) -> PyResult<Obj> {
        let name = match name {
            None => "isolated".to_owned(),
            Some(name) => match name.downcast::<PyStr>() {
                Some(name) => name.utf8()?.into_owned(),
                None => return Err(wrong_argument("new_config", 1, "str", name)),
            },
        };
        let mut config = configuration::named(&name)?;
        configuration::override_with(&mut config, overrides)?;
        configuration::to_obj(&config)
    }
    /// create([config], *, reqrefs=False) -> ID
    ///
    /// Create a new interpreter and return a unique generated ID.
    #[pyfunction(sig = "(config=None, *, reqrefs=False)", text = "")]
    fn create(config: Option<&Obj>, reqrefs: bool) -> PyResult<i64> {
        let config = match config.filter(|c| !is_none(c)) {
            Some(config) => configuration::from_obj(config)?,
            None => InterpreterConfig::ISOLATED,
        };
        match interpreters::create(Whence::Stdlib, config) {
            Ok(interpreter) => {
                if reqrefs {
                    interpreter.own();
                }
                Ok(interpreter.id())
            }
            Err(Raised) => {
                let cause = take_raised();
                let error = PyBaseException::create(
                    interpreter_error(),
                    vec![str_obj("interpreter creation failed")],
                );
                if let Some(e) = error.downcast::<PyBaseException>() {
                    e.set_cause(Some(cause));
                }
                Err(raise(error))
            }
        }
    }
    /// destroy(id, *, restrict=False)
    ///
    /// Destroy the identified interpreter.
    #[pyfunction(sig = "(id, *, restrict=False)", text = "")]
    fn destroy(id: &Obj, restrict: bool) -> PyResult<()> {
        let interpreter = resolve(id, restrict, false, "destroy")?;
        if interpreter.is_current() {
            return Err(failed("cannot destroy the current interpreter"));
        }
        if interpreter.is_main() || interpreter.is_running() {
            return Err(failed("interpreter running"));
        }
        match interpreters::destroy(&interpreter) {
            Ok(()) => Ok(()),
            Err(Closing::Gone) => Err(not_found(interpreter.id())),
        }
    }
    /// list_all() -> [(ID, whence)]
    ///
    /// Return a list containing the ID of every existing interpreter.
    #[pyfunction(sig = "(*, require_ready=False)", text = "")]
    fn list_all(require_ready: bool) -> Obj {
        let all = interpreters::all();
        list_obj(all.iter().filter(|i| i.is_ready() || !require_ready).map(|i| pair(i)).collect())
    }
    /// get_current() -> (ID, whence)
    ///
    /// Return the ID of current interpreter.
    #[pyfunction]
    fn get_current() -> Obj {
        pair(interpreters::current())
    }
    /// get_main() -> (ID, whence)
    ///
    /// Return the ID of main interpreter.
    #[pyfunction]
    fn get_main() -> Obj {
        pair(interpreters::main())
    }
    /// set___main___attrs(id, ns, *, restrict=False)
    ///
    /// Bind the given attributes in the interpreter's __main__ module.
    #[pyfunction(sig = "(id, updates, *, restrict=False)", text = "")]
    fn set___main___attrs(id: &Obj, updates: &Obj, restrict: bool) -> PyResult<()> {
        let interpreter = resolve(id, restrict, true, "update __main__ for")?;
        let Some(updates) = updates.downcast::<PyDict>() else {
            return Err(wrong_argument("set___main___attrs", 2, "dict", updates));
        };
        if updates.is_empty() {
            return Err(value_error("arg 2 must be a non-empty dict"));
        }
        run::bind(&interpreter, updates)
    }
    /// exec(id, code, shared=<unrepresentable>, *, restrict=False)
    ///
    /// Execute the provided code in the identified interpreter.
    #[pyfunction(sig = "(id, code, shared=<unrepresentable>, *, restrict=False)", text = "")]
    fn exec(id: &Obj, code: &Obj, shared: Option<&Obj>, restrict: bool) -> PyResult<Obj> {
        let interpreter = resolve(id, restrict, true, "exec code for")?;
        let shared = shared_argument("exec", shared)?;
        shown(run::execute(&interpreter, &Script::of(code)?, shared)?)
    }
    /// run_string(id, script, shared=<unrepresentable>, *, restrict=False)
    ///
    /// Execute the provided string in the identified interpreter.
    #[pyfunction(sig = "(id, script, shared=<unrepresentable>, *, restrict=False)", text = "")]
    fn run_string(id: &Obj, script: &Obj, shared: Option<&Obj>, restrict: bool) -> PyResult<Obj> {
        let interpreter = resolve(id, restrict, true, "run a string in")?;
        let shared = shared_argument("run_string", shared)?;
        if !script.is_layout::<PyStr>() {
            return Err(wrong_argument("run_string", 2, "str", script));
        }
        shown(run::execute(&interpreter, &Script::of(script)?, shared)?)
    }
    /// run_func(id, func, shared=<unrepresentable>, *, restrict=False)
    ///
    /// Execute the body of the provided function in the identified interpreter.
    #[pyfunction(sig = "(id, func, shared=<unrepresentable>, *, restrict=False)", text = "")]
    fn run_func(id: &Obj, func: &Obj, shared: Option<&Obj>, restrict: bool) -> PyResult<Obj> {
        let interpreter = resolve(id, restrict, true, "run a function in")?;
        let shared = shared_argument("run_func", shared)?;
        if !Script::is_code(func) {
            return Err(wrong_argument("run_func", 2, "a function", func));
        }
        shown(run::execute(&interpreter, &Script::of(func)?, shared)?)
    }
    /// call(id, callable, args=None, kwargs=None, *, restrict=False)
    ///
    /// Call the provided object in the identified interpreter.
    #[pyfunction(sig = "(id, callable, args=None, kwargs=None, *, restrict=False)", text = "")]
    fn call(
        id: &Obj,
        callable: &Obj,
        args: Option<&Obj>,
        kwargs: Option<&Obj>,
        restrict: bool,
    ) -> PyResult<Obj> {
        let interpreter = resolve(id, restrict, true, "make a call in")?;
        let args = match args.filter(|a| !is_none(a)) {
            None => None,
            Some(args) if args.is_layout::<PyTuple>() => Some(args),
            Some(args) => return Err(wrong_argument("call", 3, "tuple", args)),
        };
        let kwargs = match kwargs.filter(|k| !is_none(k)) {
            None => None,
            Some(kwargs) if kwargs.is_layout::<PyDict>() => Some(kwargs),
            Some(kwargs) => return Err(wrong_argument("call", 4, "dict", kwargs)),
        };
        let (result, info) = run::call(&interpreter, callable, args, kwargs)?;
        Ok(tuple_obj(vec![result.unwrap_or_else(none), shown(info)?]))
    }
    /// is_shareable(obj) -> bool
    ///
    /// Return True if the object's data may be shared between interpreters and
    /// False otherwise.
    #[pyfunction(sig = "(obj)", text = "")]
    fn is_shareable(obj: &Obj) -> bool {
        cross_interpreter::is_shareable(obj)
    }
    /// is_running(id, *, restrict=False) -> bool
    ///
    /// Return whether or not the identified interpreter is running.
    #[pyfunction(sig = "(id, *, restrict=False)", text = "")]
    fn is_running(id: &Obj, restrict: bool) -> PyResult<bool> {
        Ok(resolve(id, restrict, true, "check if running for")?.is_running())
    }
    /// get_config(id, *, restrict=False) -> types.SimpleNamespace
    ///
    /// Return a representation of the config used to initialize the interpreter.
    #[pyfunction(sig = "(id, *, restrict=False)", text = "")]
    fn get_config(id: &Obj, restrict: bool) -> PyResult<Obj> {
        configuration::to_obj(resolve(id, restrict, false, "get the config of")?.config())
    }
    /// whence(id) -> int
    ///
    /// Return an identifier for where the interpreter was created.
    #[pyfunction(sig = "(id)", text = "")]
    fn whence(id: &Obj) -> PyResult<i64> {
        Ok(look_up(id)?.whence() as i64)
    }
    #[pyfunction(sig = "(id, *, implieslink=False, restrict=False)", text = "")]
    fn incref(id: &Obj, implieslink: bool, restrict: bool) -> PyResult<()> {
        let interpreter = resolve(id, restrict, true, "incref")?;
        if implieslink {
            interpreter.own();
        }
        interpreter.incref();
        Ok(())
    }
    #[pyfunction(sig = "(id, *, restrict=False)", text = "")]
    fn decref(id: &Obj, restrict: bool) -> PyResult<()> {
        let interpreter = resolve(id, restrict, true, "decref")?;
        if interpreter.decref() && !interpreter.is_current() && !interpreter.is_running() {
            let _ = interpreters::destroy(&interpreter);
        }
        Ok(())
    }
    /// capture_exception(exc=None) -> types.SimpleNamespace
    ///
    /// Return a snapshot of an exception.
    #[pyfunction(sig = "(exc=None)", text = "")]
    fn capture_exception(exc: Option<&Obj>) -> PyResult<Obj> {
        let exception = match exc.filter(|e| !is_none(e)) {
            None => match handled() {
                Some(exception) => exception,
                None => return Ok(none()),
            },
            Some(exc) if is_instance_of(exc, &types().base_exception) => exc.clone(),
            Some(exc) => return Err(type_error(format!("expected exception, got {}", repr_string(exc)?))),
        };
        ExcInfo::of(&exception).to_obj()
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, whence) in [
            ("WHENCE_UNKNOWN", Whence::Unknown),
            ("WHENCE_RUNTIME", Whence::Runtime),
            ("WHENCE_LEGACY_CAPI", Whence::LegacyCapi),
            ("WHENCE_CAPI", Whence::Capi),
            ("WHENCE_XI", Whence::CrossInterpreter),
            ("WHENCE_STDLIB", Whence::Stdlib),
        ] {
            module.add(name, whence as i64)?;
        }
        module.add("InterpreterError", interpreter_error().as_obj().clone())?;
        module.add("InterpreterNotFoundError", not_found_error().as_obj().clone())?;
        module.add("NotShareableError", not_shareable_error().as_obj().clone())?;
        module.add("CrossInterpreterBufferView", buffer_view_class().as_obj().clone())
    }
}
