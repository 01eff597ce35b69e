//! `_warnings`, and warnings that native code gives.
//!
//! The whole mechanism (filters, registries, contexts) is the library's `_py_warnings`; this module passes calls on to it. It is
//! imported by the first warning that is not ignored by default anyway.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Basic functions of warnings filtering.
#[pymodule(name = "_warnings")]
mod items {
    use super::*;

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        name = "warn",
        sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())"
    )]
    fn warn_(
        message: &Obj,
        category: Option<&Obj>,
        stacklevel: Option<&Obj>,
        source: Option<&Obj>,
        skip_file_prefixes: Option<&Obj>,
    ) -> PyResult<Obj> {
        let Some(function) = library("warn")? else { return Ok(none()) };
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (name, value) in [
            ("category", category),
            ("stacklevel", stacklevel),
            ("source", source),
            ("skip_file_prefixes", skip_file_prefixes),
        ] {
            if let Some(value) = value {
                names.push(intern(name).into_obj());
                values.push(value.clone());
            }
        }
        call_args(&function, &Args::with_keywords(std::slice::from_ref(message), &names, &values))
    }

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        name = "warn_explicit",
        sig = "(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn warn_explicit_(
        message: &Obj,
        category: &Obj,
        filename: &Obj,
        lineno: &Obj,
        module: Option<&Obj>,
        registry: Option<&Obj>,
        module_globals: Option<&Obj>,
        source: Option<&Obj>,
    ) -> PyResult<Obj> {
        let Some(function) = library("warn_explicit")? else { return Ok(none()) };
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (name, value) in [
            ("module", module),
            ("registry", registry),
            ("module_globals", module_globals),
            ("source", source),
        ] {
            if let Some(value) = value {
                names.push(intern(name).into_obj());
                values.push(value.clone());
            }
        }
        let positional = [message.clone(), category.clone(), filename.clone(), lineno.clone()];
        call_args(&function, &Args::with_keywords(&positional, &names, &values))
    }
}

/// A function of the library's module; `None` while that cannot be imported (start-up, shutdown).
fn library(name: &str) -> PyResult<Option<Obj>> {
    let module = match crate::sys::loaded("warnings") {
        Some(module) => module,
        None if !crate::init::is_initialized() => return Ok(None),
        None => crate::import::import_module("warnings")?,
    };
    getattr_opt(&module, &intern(name))
}

/// Whether the default filters ignore a category, nothing having been said about filters.
fn is_ignored_by_default(category: &Obj) -> bool {
    if crate::sys::loaded("warnings").is_some() || !crate::sys::config::settings().warn_options.is_empty() {
        return false;
    }
    let t = types();
    let Some(class) = category.downcast::<PyType>() else { return false };
    [&t.pending_deprecation_warning, &t.import_warning, &t.resource_warning]
        .iter()
        .any(|ignored| class.is_subtype(ignored))
}

/// `warnings.warn(message, category, stacklevel)`, called by native code.
pub fn warn(message: &str, category: &Obj, stacklevel: i64) -> PyResult<()> {
    if is_ignored_by_default(category) {
        return Ok(());
    }
    match library("warn")? {
        Some(function) => {
            call(&function, &[str_obj(message), category.clone(), int_obj(stacklevel)]).map(drop)
        }
        None => Ok(()),
    }
}

/// `warnings.warn_explicit(message, category, filename, lineno, module)`.
pub fn warn_explicit(
    category: &Obj,
    message: &Obj,
    filename: &str,
    line: i64,
    module: Option<&Obj>,
) -> PyResult<()> {
    match library("warn_explicit")? {
        Some(function) => call(
            &function,
            &[
                message.clone(),
                category.clone(),
                str_obj(filename),
                int_obj(line),
                module.cloned().unwrap_or_else(none),
            ],
        )
        .map(drop),
        None => Ok(()),
    }
}
