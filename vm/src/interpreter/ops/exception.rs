//! Raising and matching.

use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::protocol;
use taipan_objects::singletons::{is_none, none};
use taipan_objects::traceback::PyTraceback;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Py};

use crate::frame::object_of;
use crate::registers::Regs;
use crate::thread;

/// The exception instance of a `raise` operand.
fn instance(value: Obj) -> PyResult<Obj> {
    if value.is_layout::<PyBaseException>() {
        return Ok(value);
    }
    if let Some(class) = value.downcast::<PyType>()
        && class.is_subtype(&types().base_exception)
    {
        if class_of(&value).is(&types().type_)
            && let Some(exception) = PyBaseException::create_plain(class, &[])
        {
            return Ok(exception);
        }
        let exception = protocol::call0(&value)?;
        if exception.is_layout::<PyBaseException>() {
            return Ok(exception);
        }
        return Err(type_error(format!(
            "calling {} should have returned an instance of BaseException, not {}",
            protocol::repr_string(&value)?,
            class_of(&exception).name()
        )));
    }
    Err(type_error("exceptions must derive from BaseException"))
}

/// `raise value`. Always leaves an exception raised.
pub fn raise(value: Obj) {
    if let Ok(exception) = instance(value) {
        let _ = taipan_objects::error::raise(exception);
    }
}

/// `raise value from cause`. Always leaves an exception raised.
pub fn raise_from(value: Obj, cause: Obj) {
    let Ok(exception) = instance(value) else { return };
    let cause = if is_none(&cause) {
        None
    } else if let Some(class) = cause.downcast::<PyType>()
        && class.is_subtype(&types().base_exception)
    {
        match instance(cause) {
            Ok(cause) => Some(cause),
            Err(Raised) => return,
        }
    } else if cause.is_layout::<PyBaseException>() {
        Some(cause)
    } else {
        let _ = type_error("exception causes must derive from BaseException");
        return;
    };
    if let Some(e) = exception.downcast::<PyBaseException>() {
        e.set_cause(cause);
    }
    let _ = taipan_objects::error::raise(exception);
}

/// Bare `raise`. Always leaves an exception raised; whether it is one that was handled, which gets no second traceback entry here.
pub fn reraise_current() -> bool {
    match handled() {
        Some(exception) => {
            let _ = set_raised(exception);
            true
        }
        None => {
            let _ = runtime_error("No active exception to reraise");
            false
        }
    }
}

/// Raises an exception again as it is.
pub fn reraise(exception: Option<Obj>) {
    match exception {
        Some(exception) => {
            let _ = set_raised(exception);
        }
        None => {
            let _ = system_error("nothing to reraise");
        }
    }
}

/// `PUSH_EXC_INFO`: (handled so far or `None`, the raised exception).
pub fn push_info() -> (Obj, Obj) {
    let exception = take_raised();
    let saved = replace_handled(Some(exception.clone()));
    (saved.unwrap_or_else(none), exception)
}

/// `POP_EXCEPT`.
pub fn pop_info(saved: Option<Obj>) {
    drop(replace_handled(saved.filter(|s| !is_none(s))));
}

/// `SET_EXC_INFO`.
pub fn set_info(exception: Obj) {
    drop(replace_handled(Some(exception)));
}

fn check_class(class: &Obj, message: &str) -> PyResult<()> {
    match class.downcast::<PyType>() {
        Some(class) if class.is_subtype(&types().base_exception) => Ok(()),
        _ => Err(type_error(message)),
    }
}

const NOT_ALLOWED: &str = "catching classes that do not inherit from BaseException is not allowed";

/// Whether an exception matches a class or a tuple of classes.
pub fn matches(exception: &Obj, pattern: &Obj) -> PyResult<bool> {
    let class = class_of(exception);
    if pattern.downcast::<PyType>().is_some_and(|pattern| class.is(pattern)) {
        // The class of an exception is one that may be caught.
        return Ok(true);
    }
    if let Some(tuple) = pattern.downcast::<PyTuple>() {
        for item in tuple.as_slice() {
            check_class(item, NOT_ALLOWED)?;
        }
        return Ok(tuple
            .as_slice()
            .iter()
            .any(|item| item.downcast::<PyType>().is_some_and(|c| class.is_subtype(c))));
    }
    check_class(pattern, NOT_ALLOWED)?;
    Ok(pattern.downcast::<PyType>().is_some_and(|c| class.is_subtype(c)))
}

/// `CHECK_EG_MATCH`: (matching part or `None`, rest or `None`).
pub fn group_matches(exception: &Obj, pattern: &Obj) -> PyResult<(Obj, Obj)> {
    taipan_objects::exceptions::group::check_star_classes(pattern)?;
    if is_none(exception) {
        return Ok((none(), none()));
    }
    let (matched, rest) = taipan_objects::exceptions::group::match_star(exception, pattern)?;
    if let Some(matched) = &matched {
        if !taipan_objects::exceptions::group::is_group(exception)
            && let Some(group) = matched.downcast::<PyBaseException>()
        {
            group.set_traceback(Some(here().into_obj()));
        }
        set_info(matched.clone());
    }
    Ok((matched.unwrap_or_else(none), rest.unwrap_or_else(none)))
}

/// A traceback that begins in the innermost frame, whose `pc` is up to date: the group that `except*` made of an exception comes from there.
fn here() -> Py<PyTraceback> {
    let innermost = thread::current().innermost();
    // SAFETY: the frame that executes the instruction.
    let frame = unsafe { &*innermost };
    let (pc, line) = (frame.pc() as i32, frame.line() as i32);
    PyTraceback::new(None, object_of(innermost).into_obj(), pc, line)
}

/// `WITH_EXCEPT_START`.
pub fn with_except_start(regs: Regs, a: usize, b: usize, exception: &Obj) {
    let exception = exception.clone();
    let function = regs.copy_of(b);
    regs.write_value(a, function);
    let receiver = regs.copy_of(b + 1);
    regs.write_value(a + 1, receiver);
    let traceback = exception.downcast::<PyBaseException>().and_then(|e| e.traceback()).unwrap_or_else(none);
    regs.write(a + 2, class_of(&exception).to_obj());
    regs.write(a + 3, exception);
    regs.write(a + 4, traceback);
}

/// `END_ASYNC_FOR`: whether the raised exception was `StopAsyncIteration`, which is dropped.
pub fn end_async_for() -> bool {
    if raised_is(&types().stop_async_iteration) {
        drop(take_raised());
        return true;
    }
    false
}
