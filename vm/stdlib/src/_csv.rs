//! `_csv`: reading and writing tables as comma-separated values.

mod dialect;
mod reader;
mod writer;

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::new_exception::new_exception;

fn error_class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| new_exception("_csv.Error", &types().exception))
}

#[cold]
fn csv_error(text: &str) -> Raised {
    raise_message(error_class(), text)
}

/// The longest field that a reader accepts.
static LIMIT: AtomicUsize = AtomicUsize::new(128 * 1024);

fn field_limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// CSV parsing and writing.
#[pymodule(name = "_csv")]
mod items {
    use super::*;

    #[pyattr]
    const QUOTE_MINIMAL: i64 = 0;
    #[pyattr]
    const QUOTE_ALL: i64 = 1;
    #[pyattr]
    const QUOTE_NONNUMERIC: i64 = 2;
    #[pyattr]
    const QUOTE_NONE: i64 = 3;
    #[pyattr]
    const QUOTE_STRINGS: i64 = 4;
    #[pyattr]
    const QUOTE_NOTNULL: i64 = 5;
    #[pyattr(name = "Error")]
    fn error() -> Obj {
        error_class().as_obj().clone()
    }
    #[pyattr(name = "Dialect")]
    fn dialect_class() -> Obj {
        dialect::class().as_obj().clone()
    }
    #[pyattr(name = "Reader")]
    fn reader_class() -> Obj {
        reader::class().as_obj().clone()
    }
    #[pyattr(name = "Writer")]
    fn writer_class() -> Obj {
        writer::class().as_obj().clone()
    }
    #[pyattr]
    fn _dialects() -> Obj {
        dialect::registry().as_obj().clone()
    }

    /// Return a reader object, an iterator over the records of the given lines, lists of strings.
    #[pyfunction(
        sig = "(iterable, dialect=<unrepresentable>, /, **fmtparams)",
        text = "($module, iterable, /, dialect='excel', **fmtparams)"
    )]
    fn reader(iterable: &Obj, dialect: Option<&Obj>, fmtparams: Kwargs<'_>) -> PyResult<Obj> {
        let lines = iter(iterable)?;
        let made = dialect::of_arguments(dialect, &fmtparams)?;
        Ok(super::reader::make(lines, made))
    }
    /// Return a writer object, which writes records to the given file.
    #[pyfunction(
        sig = "(fileobj, dialect=<unrepresentable>, /, **fmtparams)",
        text = "($module, fileobj, /, dialect='excel', **fmtparams)"
    )]
    fn writer(fileobj: &Obj, dialect: Option<&Obj>, fmtparams: Kwargs<'_>) -> PyResult<Obj> {
        let made = dialect::of_arguments(dialect, &fmtparams)?;
        super::writer::make(fileobj, made)
    }
    /// Return a list of all known dialect names.
    #[pyfunction]
    fn list_dialects() -> Obj {
        list_obj(dialect::registry().keys())
    }
    /// Create a mapping from a string name to a dialect class.
    #[pyfunction(
        sig = "(name, dialect=<unrepresentable>, /, **fmtparams)",
        text = "($module, name, /, dialect='excel', **fmtparams)"
    )]
    fn register_dialect(name: &Obj, dialect: Option<&Obj>, fmtparams: Kwargs<'_>) -> PyResult<()> {
        if !name.is_layout::<PyStr>() {
            return Err(type_error("dialect name must be a string"));
        }
        let made = dialect::of_arguments(dialect, &fmtparams)?;
        dialect::registry().set(name.clone(), made.into_obj())
    }
    /// Delete the name/dialect mapping associated with a string name.
    #[pyfunction(sig = "(name)")]
    fn unregister_dialect(name: &Obj) -> PyResult<()> {
        if dialect::registry().delete(name)? { Ok(()) } else { Err(csv_error("unknown dialect")) }
    }
    /// Return the dialect instance associated with name.
    #[pyfunction(sig = "(name)")]
    fn get_dialect(name: &Obj) -> PyResult<Obj> {
        dialect::get(name)
    }
    /// Sets an upper limit on parsed fields; returns the old one.
    #[pyfunction(sig = "(new_limit=<unrepresentable>)")]
    fn field_size_limit(new_limit: Option<&Obj>) -> PyResult<usize> {
        let old = field_limit();
        if let Some(limit) = new_limit {
            if !is_exact_int(limit) {
                return Err(type_error("limit must be an integer"));
            }
            LIMIT.store(isize::from_arg(limit)?.max(0) as usize, Ordering::Relaxed);
        }
        Ok(old)
    }
}
