//! The `sys` module: state in the parts, attributes computed from the settings at start-up.
//!
//! The interpreter itself reads a few of the attributes (`stdout`, `excepthook`, …) at the moment of use: programs replace them.

pub mod config;
mod frames;
mod functions;
mod hooks;
mod info;
mod jit;
mod monitoring;
pub(crate) mod places;
mod taipan;

pub use functions::{
    asyncgen_hooks, coroutine_origin_depth, is_finalizing, restore_thread_hooks, take_thread_hooks,
};
pub use hooks::{audit, is_audited, print_unraisable};

pub use info::version_text as version;

use taipan_objects::dict::PyDict;
use taipan_objects::module::PyModule;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use crate::interpreters::PerInterpreter;

static SYS: PerInterpreter<Py<PyModule>> = PerInterpreter::new();
static MODULES: PerInterpreter<Py<PyDict>> = PerInterpreter::new();

/// This module provides access to some objects used or maintained by the
/// interpreter and to functions that interact strongly with the interpreter.
#[pymodule(
    name = "sys",
    include(
        functions::MODULE,
        frames::MODULE,
        hooks::MODULE,
        info::MODULE,
        jit::MODULE,
        monitoring::MODULE,
        taipan::MODULE
    )
)]
mod items {
    use super::*;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        let modules = MODULES.get_or_init(PyDict::new);
        module.add("modules", modules.as_obj().clone())?;
        for name in ["displayhook", "excepthook", "unraisablehook", "breakpointhook"] {
            let hook = getattr_str(module.module, name)?;
            module.add(&format!("__{name}__"), hook)?;
        }
        Ok(())
    }
}

/// Makes the module.
pub fn create() -> PyResult<Obj> {
    let module = crate::import::make_module(&MODULE)?;
    if let Some(module) = module.to_py::<PyModule>() {
        let _ = SYS.set(module);
    }
    Ok(module)
}

/// The module. `SystemError` before [`create`].
pub fn module() -> PyResult<&'static Py<PyModule>> {
    SYS.get().ok_or_else(|| system_error("the interpreter is not initialized"))
}

/// An attribute of the module, if it is there.
pub fn get(name: &str) -> PyResult<Option<Obj>> {
    Ok(module()?.dict_ref().get_name(name).map(IntoStrong::into_strong))
}

/// Sets an attribute of the module.
pub fn set(name: &str, value: Obj) -> PyResult<()> {
    module()?.dict_ref().set_str(name, value);
    Ok(())
}

/// `sys.modules`, as the program has it now.
pub fn modules() -> PyResult<Obj> {
    match module()?.dict_ref().get_str(&istr!("modules")) {
        Some(modules) => Ok(modules),
        None => Err(runtime_error("unable to get sys.modules")),
    }
}

/// A module of `sys.modules`, if it is loaded.
pub fn loaded(name: &str) -> Option<Obj> {
    crate::import::loaded(intern(name).as_obj()).unwrap_or_else(|Raised| {
        drop(take_raised());
        None
    })
}
