//! Running code in another interpreter's `__main__`, in the calling thread.
//!
//! An exception of that code stays there; a snapshot comes back. Errors about what passes in or out are raised in the caller.

use std::sync::Arc;

use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::function::PyFunction;
use taipan_objects::module::PyModule;
use taipan_objects::prelude::*;
use taipan_objects::protocol::is_callable;
use taipan_objects::tuple::PyTuple;
use taipan_vm::builtins::compile::{self, Mode};
use taipan_vm::interpreters::{self, Interpreter};

use super::excinfo::ExcInfo;
use super::failed;
use crate::_asyncio::running;
use crate::cross_interpreter::{Passage, Way, check_script, not_shareable_error};

/// Code to be executed.
pub struct Script(Py<PyCode>);

fn code_of(obj: &Obj) -> Option<Py<PyCode>> {
    match obj.downcast::<PyFunction>() {
        Some(function) => Some(function.code()),
        None => obj.to_py::<PyCode>(),
    }
}

impl Script {
    /// Whether the object is a function or code.
    pub fn is_code(obj: &Obj) -> bool {
        code_of(obj).is_some()
    }
    /// The code of a text, a function or a code object.
    pub fn of(obj: &Obj) -> PyResult<Script> {
        if let Some(code) = code_of(obj) {
            check_script(&code)?;
            return Ok(Script(code.duplicate()));
        }
        let is_text = obj.is_layout::<PyStr>() || obj.is_layout::<taipan_objects::bytes::PyBytes>();
        if !is_text {
            return Err(type_error(format!("unsupported script {}", repr_string(obj)?)));
        }
        let source = compile::source_argument(obj, "exec() arg must be a string, bytes or code object")?;
        source.compile("<script>", Mode::Exec, compile::default_options()).map(Script)
    }
}

/// What goes wrong inside.
enum Failure {
    /// The code raised: for the caller to look at.
    Uncaught(ExcInfo),
    /// Something does not pass: raised in the caller, with the text of its reason.
    NotShareable(String, ExcInfo),
}

fn uncaught(_: Raised) -> Failure {
    let exception = take_raised();
    Failure::Uncaught(ExcInfo::of(&exception))
}

fn not_shareable(text: &str) -> Failure {
    let exception = take_raised();
    Failure::NotShareable(text.to_owned(), ExcInfo::of(&exception))
}

/// Runs `work` on the interpreter's `__main__`, alone.
fn in_main<R>(
    interpreter: &Arc<Interpreter>,
    work: impl FnOnce(&Py<PyDict>) -> Result<R, Failure>,
) -> PyResult<Result<R, ExcInfo>> {
    if !interpreter.start_running() {
        return Err(failed("interpreter already running"));
    }
    let work = || match taipan_vm::import::import_module("__main__") {
        Ok(main) => match main.downcast::<PyModule>() {
            Some(main) => work(&main.dict()),
            None => Err(uncaught(runtime_error("lost __main__"))),
        },
        Err(raised) => Err(uncaught(raised)),
    };
    let result = if interpreter.is_current() {
        work()
    } else {
        let event_loop = running::suspend();
        let result = interpreter.run(work);
        running::resume(event_loop);
        result
    };
    interpreter.stop_running();
    if interpreter.is_abandoned() && !interpreter.is_current() {
        let _ = interpreters::destroy(interpreter);
    }
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Uncaught(info)) => Ok(Err(info)),
        Err(Failure::NotShareable(text, info)) => {
            let cause = raise_args(&types().exception, vec![str_obj(&info.summary())]);
            let Raised = cause;
            let cause = take_raised();
            let error = taipan_objects::exceptions::PyBaseException::create(
                not_shareable_error(),
                vec![str_obj(&text)],
            );
            if let Some(e) = error.downcast::<taipan_objects::exceptions::PyBaseException>() {
                e.set_cause(Some(cause));
            }
            Err(raise(error))
        }
    }
}

type Values = Vec<(Py<PyStr>, Passage)>;

fn values_of(dict: &PyDict) -> PyResult<Values> {
    let mut values = Vec::new();
    for (name, value) in dict.snapshot() {
        let Some(name) = name.to_py::<PyStr>() else {
            return Err(type_error("bad argument type for built-in operation"));
        };
        if name.utf8()?.contains('\0') {
            return Err(value_error("found embedded NULL character"));
        }
        values.push((name, Passage::of(&value, Way::Shared)?));
    }
    Ok(values)
}

fn bind_all(main: &PyDict, values: &Values) -> Result<(), Failure> {
    for (name, value) in values {
        let value = value.arrive().map_err(uncaught)?;
        main.set(name.as_obj().clone(), value).map_err(uncaught)?;
    }
    Ok(())
}

/// Binds values in `__main__`.
pub fn bind(interpreter: &Arc<Interpreter>, updates: &PyDict) -> PyResult<()> {
    let values = values_of(updates)?;
    match in_main(interpreter, |main| bind_all(main, &values))? {
        Ok(()) => Ok(()),
        Err(info) => Err(failed(&info.formatted())),
    }
}

/// Executes a script, after binding `shared`. Gives the snapshot of what it raised.
pub fn execute(
    interpreter: &Arc<Interpreter>,
    script: &Script,
    shared: Option<&PyDict>,
) -> PyResult<Option<ExcInfo>> {
    let values = shared.map(values_of).transpose()?.unwrap_or_default();
    let result = in_main(interpreter, |main| {
        bind_all(main, &values)?;
        let namespace = main.clone().into_obj();
        taipan_vm::interpreter::call::run_code(&script.0, &namespace, &namespace, None)
            .map(drop)
            .map_err(uncaught)
    })?;
    Ok(result.err())
}

/// Calls an object there: the result, or the snapshot of what it raised.
pub fn call(
    interpreter: &Arc<Interpreter>,
    callable: &Obj,
    args: Option<&Obj>,
    kwargs: Option<&Obj>,
) -> PyResult<(Option<Obj>, Option<ExcInfo>)> {
    if !is_callable(callable) {
        return Err(type_error(format!("expected a callable, got {}", repr_string(callable)?)));
    }
    let function = Passage::of_callable(callable)?;
    let args = args.map(|args| Passage::of(args, Way::Full)).transpose()?;
    let kwargs = match kwargs.filter(|k| k.downcast::<PyDict>().is_some_and(|k| !k.is_empty())) {
        Some(kwargs) => Some(Passage::of(kwargs, Way::Full)?),
        None => None,
    };
    let result = in_main(interpreter, |_| {
        let function = function.arrive().map_err(|Raised| not_shareable("func not shareable"))?;
        let arrived = |passage: &Option<Passage>, text| match passage {
            Some(passage) => passage.arrive().map(Some).map_err(|Raised| not_shareable(text)),
            None => Ok(None),
        };
        let args = arrived(&args, "args not shareable")?;
        let kwargs = arrived(&kwargs, "kwargs not shareable")?;
        let positional =
            args.as_ref().and_then(|a| a.downcast::<PyTuple>()).map(PyTuple::to_vec).unwrap_or_default();
        let named = kwargs.as_ref().and_then(|k| k.downcast::<PyDict>()).map(PyDict::snapshot);
        let (names, values): (Vec<Obj>, Vec<Obj>) = named.unwrap_or_default().into_iter().unzip();
        let result =
            call_args(&function, &Args::with_keywords(&positional, &names, &values)).map_err(uncaught)?;
        Passage::of(&result, Way::Full)
            .map_err(|Raised| not_shareable("object does not support cross-interpreter data"))
    })?;
    match result {
        Ok(passage) => Ok((Some(passage.arrive()?), None)),
        Err(info) => Ok((None, Some(info))),
    }
}
