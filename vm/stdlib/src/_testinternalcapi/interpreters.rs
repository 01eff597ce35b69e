//! Interpreters made and used as an embedding program does: of any origin, and without claiming their `__main__` unless asked to.

use std::sync::Arc;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_vm::interpreters::{self, Interpreter, InterpreterConfig, Whence};
use taipan_vm::run;

use crate::_interpreters::{configuration, look_up, not_found};
use crate::cross_interpreter::{interpreter_error, raise_from};

/// The configuration of an argument that may be left out.
fn configuration_of(config: Option<&Obj>) -> PyResult<Option<InterpreterConfig>> {
    config.filter(|config| !is_none(config)).map(configuration::from_obj).transpose()
}

/// An interpreter that runs nothing yet; the reason why there is none becomes the cause of an `InterpreterError`.
fn start(whence: Whence, config: InterpreterConfig) -> PyResult<Arc<Interpreter>> {
    interpreters::create(whence, config).map_err(|Raised| {
        let cause = take_raised();
        raise_from(interpreter_error(), "sub-interpreter creation failed", Some(cause))
    })
}

/// Runs a text as the interpreter's code, without a claim to its `__main__`, and ends it.
pub fn run_once(text: &str, whence: Whence, config: InterpreterConfig) -> PyResult<i32> {
    let interpreter = start(whence, config)?;
    let status = interpreter.run(|| run::simple_text(text));
    match interpreters::destroy(&interpreter) {
        Ok(()) => Ok(status),
        Err(interpreters::Closing::Gone) => Err(not_found(interpreter.id())),
    }
}

#[pymodule(name = "_testinternalcapi")]
mod items {
    use super::*;

    #[pyfunction]
    fn next_interpreter_id() -> i64 {
        interpreters::next_id()
    }
    #[pyfunction(sig = "(config=None, *, whence=2)")]
    fn create_interpreter(config: Option<&Obj>, whence: i64) -> PyResult<i64> {
        let config = configuration_of(config)?;
        let interpreter = match whence {
            0 => interpreters::create_idle(),
            2 => start(Whence::LegacyCapi, InterpreterConfig::LEGACY)?,
            3 => start(Whence::Capi, config.unwrap_or(InterpreterConfig::LEGACY))?,
            4 => start(Whence::CrossInterpreter, config.unwrap_or(InterpreterConfig::ISOLATED))?,
            _ => return Err(value_error(format!("unsupported whence {whence}"))),
        };
        Ok(interpreter.id())
    }
    #[pyfunction(sig = "(id, *, basic=False)")]
    fn destroy_interpreter(id: &Obj, basic: bool) -> PyResult<()> {
        let _ = basic;
        let interpreter = look_up(id)?;
        match interpreters::destroy(&interpreter) {
            Ok(()) => Ok(()),
            Err(interpreters::Closing::Gone) => Err(not_found(interpreter.id())),
        }
    }
    #[pyfunction(sig = "(id, code, *, main=False)")]
    fn exec_interpreter(id: &Obj, code: &str, main: bool) -> PyResult<i64> {
        let interpreter = look_up(id)?;
        if main && !interpreter.start_running() {
            return Err(raise_from(interpreter_error(), "interpreter already running", None));
        }
        let status = interpreter.run(|| run::simple_text(code));
        if main {
            interpreter.stop_running();
        }
        Ok(i64::from(status))
    }
    #[pyfunction(sig = "(code, config, *, xi=False)")]
    fn run_in_subinterp_with_config(code: &str, config: &Obj, xi: bool) -> PyResult<i64> {
        let whence = if xi { Whence::CrossInterpreter } else { Whence::Capi };
        run_once(code, whence, configuration::from_obj(config)?).map(i64::from)
    }
}
