//! The exception classes of `_pickle`, and the ways to raise them.

use taipan_objects::exceptions::{PyBaseException, add_note};
use taipan_objects::prelude::*;

use crate::native_class;
use crate::new_exception::new_exception;

native_class!(
    /// `_pickle.PickleError`.
    pub fn pickle_class() = new_exception("_pickle.PickleError", &types().exception)
);
native_class!(
    /// `_pickle.PicklingError`.
    pub fn pickling_class() = new_exception("_pickle.PicklingError", pickle_class())
);
native_class!(
    /// `_pickle.UnpicklingError`.
    pub fn unpickling_class() = new_exception("_pickle.UnpicklingError", pickle_class())
);

#[cold]
pub fn pickling_error(text: impl AsRef<str>) -> Raised {
    raise_message(pickling_class(), text)
}

#[cold]
pub fn unpickling_error(text: impl AsRef<str>) -> Raised {
    raise_message(unpickling_class(), text)
}

/// The data ends too early.
#[cold]
pub fn truncated() -> Raised {
    unpickling_error("pickle data was truncated")
}

/// Raises with `make` while `context` is being handled.
#[cold]
pub fn while_handling(context: Obj, make: impl FnOnce() -> Raised) -> Raised {
    let Raised = make();
    let exception = take_raised();
    if let Some(base) = exception.downcast::<PyBaseException>() {
        base.set_context_avoiding_cycle(context);
    }
    set_raised(exception)
}

/// Adds a note to the exception on its way: what was being serialized.
#[cold]
pub fn noted(note: impl FnOnce() -> String) -> Raised {
    let exception = take_raised();
    let note = note();
    if add_note(&exception, &str_obj(&note)).is_err() {
        drop(take_raised());
    }
    set_raised(exception)
}

/// The name of an object's class as texts give it.
pub fn class_name(obj: &Obj) -> String {
    class_of(obj).full_name()
}

/// `repr(obj)` for a note or text that has to be made in any case.
pub fn shown(obj: &Obj) -> String {
    repr_string(obj).unwrap_or_else(|Raised| {
        drop(take_raised());
        format!("<{} object>", class_name(obj))
    })
}
