//! Exception classes of native modules: plain subclasses of a built-in one.

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, type_flags};

/// Makes the exception class `name` (with its module in front).
pub fn new_exception(name: &'static str, base: &Py<PyType>) -> Py<PyType> {
    TypeBuilder::new(name, PyBaseException::ops()).base(base).flag(type_flags::HAS_WEAKREF).make()
}
