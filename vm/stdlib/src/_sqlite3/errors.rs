//! The exceptions of `sqlite3`, and which of them a code of SQLite becomes.

use taipan_objects::exceptions::PyBaseException;
use taipan_objects::prelude::*;
use taipan_objects::str::from_wtf8;
use taipan_objects::type_object::TypeBuilder;

use super::constants::ERROR_NAMES;
use super::ffi::{Failure, error_text};
use crate::native_class;

macro_rules! classes {
    ($($function:ident $name:literal $base:expr;)*) => { $(
        native_class!(
            #[doc = concat!("`", $name, "`.")]
            pub fn $function() = TypeBuilder::new($name, PyBaseException::ops()).base($base).make()
        );
    )* };
}

classes! {
    warning "sqlite3.Warning" &types().exception;
    error "sqlite3.Error" &types().exception;
    interface_error "sqlite3.InterfaceError" error();
    database_error "sqlite3.DatabaseError" error();
    internal_error "sqlite3.InternalError" database_error();
    operational_error "sqlite3.OperationalError" database_error();
    programming_error "sqlite3.ProgrammingError" database_error();
    integrity_error "sqlite3.IntegrityError" database_error();
    data_error "sqlite3.DataError" database_error();
    not_supported_error "sqlite3.NotSupportedError" database_error();
}

/// Names and classes.
pub fn all() -> [(&'static str, &'static Py<PyType>); 10] {
    [
        ("Warning", warning()),
        ("Error", error()),
        ("InterfaceError", interface_error()),
        ("DatabaseError", database_error()),
        ("InternalError", internal_error()),
        ("OperationalError", operational_error()),
        ("ProgrammingError", programming_error()),
        ("IntegrityError", integrity_error()),
        ("DataError", data_error()),
        ("NotSupportedError", not_supported_error()),
    ]
}

#[cold]
pub fn programming(text: impl AsRef<str>) -> Raised {
    raise_message(programming_error(), text)
}

fn class_of_code(code: i32) -> &'static Py<PyType> {
    match code & 0xff {
        2 | 12 => internal_error(),
        7 => &types().memory_error,
        1 | 3 | 4 | 5 | 6 | 8 | 9 | 10 | 13 | 14 | 15 | 16 | 17 => operational_error(),
        18 => data_error(),
        19 | 20 => integrity_error(),
        21 | 25 => interface_error(),
        _ => database_error(),
    }
}

/// The exception of a failure. One that a callback raised goes first.
#[cold]
pub fn failed(failure: Failure) -> Raised {
    if is_raised() {
        return Raised;
    }
    let class = class_of_code(failure.code);
    if class.is(&types().memory_error) {
        return memory_error();
    }
    let error = PyBaseException::create(class, vec![from_wtf8(&failure.message)]);
    let name = ERROR_NAMES.iter().find(|(_, code)| *code == i64::from(failure.code));
    let name = name.map_or("unknown", |(name, _)| *name);
    let set = setattr(&error, &intern("sqlite_errorcode"), &int_obj(i64::from(failure.code)))
        .and_then(|()| setattr(&error, &intern("sqlite_errorname"), &str_obj(name)));
    match set {
        Ok(()) => raise(error),
        Err(raised) => raised,
    }
}

/// The exception of a code that has no text of its own.
#[cold]
pub fn failed_with(code: i32) -> Raised {
    failed(Failure { code, message: error_text(code) })
}
