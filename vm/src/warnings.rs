//! `_warnings`, and warnings that native code gives.
//!
//! Which filter applies, what was shown before and where a warning comes from is decided here; formatting and showing is the library's
//! `warnings` module, imported by the first warning that is shown. As far as that module has them, its own `filters`, `defaultaction`
//! and `onceregistry` count. All decisions are made under one recursive lock, which the library takes, too.

mod explicit;
mod origin;

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_threading::sync::atomic::{AtomicI64, Ordering};

use crate::interpreters::PerInterpreter;

/// What all importers of `_warnings` share.
struct State {
    filters: Obj,
    default_action: Obj,
    once_registry: Obj,
    /// A `ContextVar` with the filters of `catch_warnings`; none in a program without that module.
    context: Option<Obj>,
    /// A `_thread.RLock`.
    lock: Option<Obj>,
}

/// Counts changes of filters: registries of another version are out of date. Changed under the lock.
static VERSION: PerInterpreter<AtomicI64> = PerInterpreter::new();
static STATE: PerInterpreter<State> = PerInterpreter::new();

fn version() -> &'static AtomicI64 {
    VERSION.get_or_init(|| AtomicI64::new(0))
}

fn state() -> PyResult<&'static State> {
    if let Some(state) = STATE.get() {
        return Ok(state);
    }
    let t = types();
    let filter = |action: &str, category: &Py<PyType>, module: Obj| {
        tuple_obj(vec![intern(action).into_obj(), none(), category.as_obj().clone(), module, int_obj(0)])
    };
    let filters = list_obj(vec![
        filter("default", &t.deprecation_warning, intern("__main__").into_obj()),
        filter("ignore", &t.deprecation_warning, none()),
        filter("ignore", &t.pending_deprecation_warning, none()),
        filter("ignore", &t.import_warning, none()),
        filter("ignore", &t.resource_warning, none()),
    ]);
    let native = |module: &str, class: &str, args: &[Obj]| -> PyResult<Option<Obj>> {
        // The import system itself imports `_warnings`: these cannot be imported yet.
        let Some(def) = crate::import::native_module(module) else { return Ok(None) };
        let class = getattr_str(&crate::import::make_module(def)?, class)?;
        Ok(Some(call(&class, args)?))
    };
    let made = State {
        filters,
        default_action: intern("default").into_obj(),
        once_registry: PyDict::new().into_obj(),
        context: native("_contextvars", "ContextVar", &[intern("warnings_context").into_obj()])?,
        lock: native("_thread", "RLock", &[])?,
    };
    Ok(STATE.get_or_init(|| made))
}

/// Runs `f` with the lock.
fn locked<R>(f: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    let Some(lock) = &state()?.lock else { return f() };
    drop(call_method_str(lock, "acquire", &[])?);
    let result = f();
    let exception = if result.is_err() { Some(take_raised()) } else { None };
    let released = call_method_str(lock, "release", &[]);
    match exception {
        Some(exception) => Err(set_raised(exception)),
        None => released.and(result),
    }
}

/// An attribute of the library's module, if that is loaded (or can be, `import`).
fn library(name: &str, import: bool) -> PyResult<Option<Obj>> {
    let module = match crate::sys::loaded("warnings") {
        Some(module) => module,
        None if !import || !crate::init::is_initialized() => return Ok(None),
        // The library is being taken down.
        None if crate::interpreters::current().is_finalizing() => return Ok(None),
        None => crate::import::import_module("warnings")?,
    };
    getattr_opt(&module, &intern(name))
}

/// Basic functions of warnings filtering.
#[pymodule(name = "_warnings")]
mod items {
    use super::*;

    /// Issue a warning, or maybe ignore it or raise an exception.
    ///
    ///   message
    ///     Text of the warning message.
    ///   category
    ///     The Warning category subclass. Defaults to UserWarning.
    ///   stacklevel
    ///     How far up the call stack to make this warning appear. A value of 2 for
    ///     example attributes the warning to the caller of the code calling warn().
    ///   source
    ///     If supplied, the destroyed object which emitted a ResourceWarning
    ///   skip_file_prefixes
    ///     An optional tuple of module filename prefixes indicating frames to skip
    ///     during stacklevel computations for stack frame attribution.
    #[pyfunction(
        name = "warn",
        sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())"
    )]
    fn warn_(
        message: &Obj,
        category: Option<&Obj>,
        stacklevel: isize,
        source: Option<&Obj>,
        skip_file_prefixes: Option<&Obj>,
    ) -> PyResult<()> {
        let mut level = stacklevel;
        let mut skip = &[][..];
        if let Some(prefixes) = skip_file_prefixes {
            let Some(tuple) = prefixes.downcast::<PyTuple>() else {
                return Err(type_error(format!(
                    "warn() argument 'skip_file_prefixes' must be tuple, not {}",
                    class_of(prefixes).name()
                )));
            };
            skip = tuple.as_slice();
            if let Some(wrong) = skip.iter().find(|p| !p.is_layout::<PyStr>()) {
                return Err(type_error(format!(
                    "Found non-str '{}' in skip_file_prefixes.",
                    class_of(wrong).name()
                )));
            }
            if !skip.is_empty() {
                level = level.max(2);
            }
        }
        warn_from(message, category, level, source.filter(|s| !is_none(s)), skip)
    }

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        name = "warn_explicit",
        sig = "(message, category, filename, lineno, module=<unrepresentable>, registry=None, module_globals=None, source=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn warn_explicit_(
        message: &Obj,
        category: &Obj,
        filename: Py<PyStr>,
        lineno: i32,
        module: Option<&Obj>,
        registry: Option<&Obj>,
        module_globals: Option<&Obj>,
        source: Option<&Obj>,
    ) -> PyResult<()> {
        let line = match module_globals.filter(|g| !is_none(g)) {
            None => None,
            Some(globals) if globals.is_layout::<PyDict>() => explicit::source_line(globals, lineno)?,
            Some(globals) => {
                return Err(type_error(format!(
                    "module_globals must be a dict, not '{}'",
                    class_of(globals).name()
                )));
            }
        };
        explicit::warn(&explicit::Warning {
            message,
            category,
            filename: filename.as_obj(),
            lineno: lineno.into(),
            module,
            registry: registry.filter(|r| !is_none(r)),
            line: line.as_ref(),
            source: source.filter(|s| !is_none(s)),
        })
    }

    #[pyfunction]
    fn _acquire_lock() -> PyResult<()> {
        match &state()?.lock {
            Some(lock) => call_method_str(lock, "acquire", &[]).map(drop),
            None => Ok(()),
        }
    }

    #[pyfunction]
    fn _release_lock() -> PyResult<()> {
        match &state()?.lock {
            Some(lock) => call_method_str(lock, "release", &[]).map(drop),
            None => Ok(()),
        }
    }

    #[pyfunction]
    fn _filters_mutated_lock_held() -> PyResult<()> {
        if let Some(lock) = &state()?.lock
            && !protocol::is_true(&call_method_str(lock, "_is_owned", &[])?)?
        {
            return Err(runtime_error("warnings._lock is not held"));
        }
        version().fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let state = state()?;
        module.add("filters", state.filters.clone())?;
        module.add("_defaultaction", state.default_action.clone())?;
        module.add("_onceregistry", state.once_registry.clone())?;
        module.add("_warnings_context", state.context.clone().unwrap_or_else(none))
    }
}

fn warn_from(
    message: &Obj,
    category: Option<&Obj>,
    level: isize,
    source: Option<&Obj>,
    skip: &[Obj],
) -> PyResult<()> {
    let t = types();
    let category = if protocol::isinstance(message, t.warning.as_obj())? {
        class_of(message).to_obj()
    } else {
        match category.filter(|c| !is_none(c)) {
            None => t.user_warning.as_obj().clone(),
            Some(category) => {
                if !category.downcast::<PyType>().is_some_and(|c| c.is_subtype(&t.warning)) {
                    return Err(type_error(format!(
                        "category must be a Warning subclass, not '{}'",
                        class_of(category).name()
                    )));
                }
                category.clone()
            }
        }
    };
    let origin = origin::find(level, skip)?;
    explicit::warn(&explicit::Warning {
        message,
        category: &category,
        filename: &origin.filename,
        lineno: origin.lineno,
        module: Some(&origin.module),
        registry: Some(&origin.registry),
        line: None,
        source,
    })
}

/// `warnings.warn(message, category, stacklevel)`, called by native code.
pub fn warn(message: &str, category: &Obj, stacklevel: i64) -> PyResult<()> {
    warn_from(&str_obj(message), Some(category), stacklevel as isize, None, &[])
}

/// A `ResourceWarning` about an object that was left open, for its finalizer.
pub fn warn_of_resource(message: &str, source: &Obj) -> PyResult<()> {
    warn_from(&str_obj(message), Some(types().resource_warning.as_obj()), 1, Some(source), &[])
}

/// `warnings.warn_explicit(message, category, filename, lineno, module)`.
pub fn warn_explicit(
    category: &Obj,
    message: &Obj,
    filename: &str,
    line: i64,
    module: Option<&Obj>,
) -> PyResult<()> {
    explicit::warn(&explicit::Warning {
        message,
        category,
        filename: &str_obj(filename),
        lineno: line,
        module,
        registry: None,
        line: None,
        source: None,
    })
}
