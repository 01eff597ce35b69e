//! The end of the modules: their names go, so that finalizers run while there still is an interpreter for them.
//!
//! The order is CPython's: what `sys` keeps for the user; the modules, and with them all that only they reach, cycles included; then, of modules
//! that something still refers to, latest first, the private names, then the others. Native modules stay. Threads that still run are
//! stopped for good before.

use taipan_objects::dict::PyDict;
use taipan_objects::module::PyModule;
use taipan_objects::prelude::*;
use taipan_objects::singletons::none;
use taipan_objects::weakref::{self, PyWeakRef};

use crate::import;

/// What `sys` refers to on behalf of programs.
const SYS_NAMES: &[&str] = &[
    "path",
    "argv",
    "ps1",
    "ps2",
    "last_exc",
    "last_type",
    "last_value",
    "last_traceback",
    "path_importer_cache",
    "path_hooks",
    "meta_path",
    "__interactivehook__",
];

/// Sets names of a namespace to `None`.
fn clear(dict: &PyDict, wanted: impl Fn(&str) -> bool) {
    for (key, value) in dict.snapshot() {
        if let Some(name) = key.downcast::<PyStr>().map(|name| name.to_string_lossy().into_owned())
            && wanted(&name)
            && !value.is(&none())
            && dict.set(key, none()).is_err()
        {
            drop(try_take_raised());
        }
        drop(value);
    }
}

fn clear_sys() {
    let Ok(sys) = crate::sys::module() else { return };
    let dict = sys.dict();
    for name in SYS_NAMES {
        if dict.get_name(name).is_some() {
            dict.set_str(name, none());
        }
    }
    for (name, original) in [("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__")] {
        if let Some(file) = dict.get_name(original).map(IntoStrong::into_strong) {
            dict.set_str(name, file);
        }
    }
}

/// Takes the modules down. Runs finalizers.
pub(super) fn tear_down() {
    clear_sys();
    let Ok(table) = crate::sys::modules() else { return };
    let Some(table) = table.downcast::<PyDict>() else { return };
    let mut references = Vec::new();
    for (name, module) in table.snapshot() {
        // The interpreter itself goes on using native modules.
        let keep = name.downcast::<PyStr>().is_some_and(|name| {
            let name = name.to_string_lossy();
            matches!(&*name, "sys" | "builtins") || import::native_module(&name).is_some()
        });
        if !keep && module.is_layout::<PyModule>() {
            match weakref::new_ref(&module, None) {
                Ok(reference) => references.push(reference),
                Err(Raised) => drop(try_take_raised()),
            }
        }
        if !keep && table.set(name, none()).is_err() {
            drop(try_take_raised());
        }
    }
    let _ = taipan_gc::collector::collect_after_others(2);
    while let Some(reference) = references.pop() {
        let module = reference.downcast::<PyWeakRef>().and_then(PyWeakRef::get);
        if let Some(dict) =
            module.as_ref().and_then(|module| module.downcast::<PyModule>()).map(PyModule::dict)
        {
            drop(module);
            clear(&dict, |name| name.starts_with('_') && !name.starts_with("__"));
            clear(&dict, |name| !name.starts_with('_') || name.starts_with("__") && name != "__builtins__");
        }
    }
    let _ = taipan_gc::collector::collect_after_others(2);
}
