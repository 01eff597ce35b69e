//! The exception classes of operations between interpreters, the same ones in all interpreters.

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;

use crate::native_class;
use crate::new_exception::new_exception;

native_class!(
    /// `InterpreterError`.
    pub fn interpreter_error() =
        TypeBuilder::new("concurrent.interpreters.InterpreterError", PyBaseException::ops())
            .base(&types().exception)
            .doc("A cross-interpreter operation failed")
            .make()
);
native_class!(
    /// `InterpreterNotFoundError`.
    pub fn not_found_error() =
        TypeBuilder::new("concurrent.interpreters.InterpreterNotFoundError", PyBaseException::ops())
            .base(interpreter_error())
            .doc("An interpreter was not found")
            .make()
);
native_class!(
    /// `NotShareableError`.
    pub fn not_shareable_error() =
        new_exception("concurrent.interpreters.NotShareableError", &types().type_error)
);

/// Raises an exception of a class with a text and, if there is one, a cause.
pub fn raise_from(class: &Py<PyType>, text: &str, cause: Option<Obj>) -> Raised {
    let exception = PyBaseException::create(class, vec![str_obj(text)]);
    if let Some(e) = exception.downcast::<PyBaseException>()
        && cause.is_some()
    {
        e.set_cause(cause);
    }
    raise(exception)
}
