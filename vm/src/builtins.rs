//! The `builtins` module: functions in the parts, types and exceptions from the object model.
//!
//! Its namespace is the last place that every name lookup tries; it is made once and never replaced.

pub mod build_class;
pub mod compile;
mod execute;
mod functions;
mod inspection;
mod iteration;
mod numbers;
mod print;
pub mod sums;

pub use execute::{caller, current_globals, current_locals};

use taipan_objects::module::PyModule;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::interpreters::PerInterpreter;

static BUILTINS: PerInterpreter<Py<PyModule>> = PerInterpreter::new();
/// The row that describes the built-in function `name`: a general one, or one that goes over an iterable.
pub fn row(name: &str) -> Option<&'static MethodDef> {
    [&functions::MODULE, &iteration::MODULE, &numbers::MODULE]
        .into_iter()
        .flat_map(|part| part.functions)
        .find(|row| row.name == name)
}

static DEBUG: AtomicBool = AtomicBool::new(true);

/// Built-in functions, types, exceptions, and other objects.
///
/// This module provides direct access to all 'built-in'
/// identifiers of Python; for example, builtins.len is
/// the full name for the built-in function len().
///
/// This module is not normally accessed explicitly by most
/// applications, but can be useful in modules that provide
/// objects with the same name as a builtin and need to
/// access the original.
#[pymodule(
    name = "builtins",
    include(
        functions::MODULE,
        numbers::MODULE,
        iteration::MODULE,
        inspection::MODULE,
        print::MODULE,
        execute::MODULE,
        compile::MODULE,
        build_class::MODULE
    )
)]
mod items {
    use super::*;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let t = types();
        for class in [
            &t.object,
            &t.type_,
            &t.int,
            &t.bool_,
            &t.float,
            &t.complex,
            &t.str,
            &t.bytes,
            &t.bytearray,
            &t.memoryview,
            &t.tuple,
            &t.list,
            &t.dict,
            &t.set,
            &t.frozenset,
            &t.range,
            &t.slice,
            &t.property,
            &t.classmethod,
            &t.staticmethod,
            &t.super_,
            &t.enumerate,
            &t.reversed,
            &t.map,
            &t.filter,
            &t.zip,
        ] {
            module.add(&class.name(), class.as_obj().clone())?;
        }
        for (name, class) in taipan_objects::exceptions::builtin_names() {
            module.add(name, class)?;
        }
        module.add("None", none())?;
        module.add("True", true)?;
        module.add("False", false)?;
        module.add("Ellipsis", ellipsis())?;
        module.add("NotImplemented", not_implemented())?;
        // Relaxed: set before the module is made.
        module.add("__debug__", DEBUG.load(Ordering::Relaxed))
    }
}

/// Makes the module. `optimize`: whether `__debug__` is false.
pub fn create(optimize: bool) -> PyResult<Obj> {
    DEBUG.store(!optimize, Ordering::Relaxed);
    let module = crate::import::make_module(&MODULE)?;
    if let Some(module) = module.to_py::<PyModule>() {
        let _ = BUILTINS.set(module);
    }
    Ok(module)
}

/// The module. `SystemError` before [`create`].
pub fn module() -> PyResult<&'static Py<PyModule>> {
    BUILTINS.get().ok_or_else(|| system_error("the interpreter is not initialized"))
}

/// An attribute of the module.
pub fn get(name: &str) -> PyResult<Obj> {
    if let Some(frame) = caller()
        && !frame.builtins().is(module()?.dict().as_obj())
    {
        // The running code has builtins of its own.
        let found = crate::interpreter::ops::name::lookup(frame.builtins(), &intern(name))?;
        return found.map(IntoStrong::into_strong).ok_or_else(|| attribute_error(name));
    }
    match module()?.dict_ref().get_name(name) {
        Some(value) => Ok(value.into_strong()),
        None => Err(attribute_error(format!("module 'builtins' has no attribute '{name}'"))),
    }
}
