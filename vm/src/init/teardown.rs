//! The end of the modules: their names go, so that finalizers run while there still is an interpreter for them.
//!
//! The order is CPython's: what `sys` keeps for the user; the modules, and what programs have put into `builtins`, and with them all that only they
//! reach, cycles included; then, of modules that something still refers to, latest first, the private names, then the others; last `sys` and
//! `builtins`. Of native modules, which the interpreter goes on using, only what programs have added goes. Threads that still run are stopped for
//! good before.

use taipan_objects::dict::PyDict;
use taipan_objects::module::PyModule;
use taipan_objects::prelude::*;
use taipan_objects::singletons::none;
use taipan_objects::type_object::type_flags;
use taipan_objects::weakref::{self, PyWeakRef};

use crate::import;
use crate::interpreters::PerInterpreter;

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
fn clear(dict: &PyDict, wanted: impl Fn(&str, &Obj) -> bool) {
    for (key, value) in dict.snapshot() {
        if let Some(name) = key.downcast::<PyStr>().map(|name| name.to_string_lossy().into_owned())
            && wanted(&name, &value)
            && !value.is(&none())
            && dict.set(key, none()).is_err()
        {
            drop(try_take_raised());
        }
        drop(value);
    }
}

fn clear_special() {
    if let Ok(builtins) = crate::builtins::module()
        && builtins.dict_ref().get_name("_").is_some()
    {
        builtins.dict().set_str("_", none());
    }
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

/// What `builtins` held when the interpreter began, by name.
static BUILTINS: PerInterpreter<Vec<(Obj, Obj)>> = PerInterpreter::new();

/// Notes what belongs to `builtins`.
pub(super) fn remember_builtins() {
    if let Ok(module) = crate::builtins::module() {
        let _ = BUILTINS.set(module.dict().snapshot());
    }
}

/// Gives `builtins` what it had at first, and nothing else.
fn restore_builtins() {
    let (Ok(module), Some(first)) = (crate::builtins::module(), BUILTINS.get()) else { return };
    let dict = module.dict();
    let present = dict.snapshot();
    for (name, value) in first {
        if dict.set(name.clone(), value.clone()).is_err() {
            drop(try_take_raised());
        }
    }
    for (name, value) in present {
        let belongs = first.iter().any(|(known, _)| name.is(known));
        if !belongs && dict.delete(&name).is_err() {
            drop(try_take_raised());
        }
        drop(value);
    }
}

/// Of a native module: instances of classes that programs define.
fn clear_additions(dict: &PyDict) {
    clear(dict, |_, value| class_of(value).has_flag(type_flags::HEAP));
}

fn clear_in_two_steps(dict: &PyDict) {
    clear(dict, |name, _| name.starts_with('_') && !name.starts_with("__"));
    clear(dict, |name, _| !name.starts_with('_') || name.starts_with("__") && name != "__builtins__");
}

/// Takes the modules down. Runs finalizers.
pub(super) fn tear_down() {
    clear_special();
    let Ok(table) = crate::sys::modules() else { return };
    let Some(table) = table.downcast::<PyDict>() else { return };
    let mut references = Vec::new();
    for (name, module) in table.snapshot() {
        let keep = name.downcast::<PyStr>().is_some_and(|name| {
            let name = name.to_string_lossy();
            matches!(&*name, "sys" | "builtins") || import::native_module(&name).is_some()
        });
        if module.is_layout::<PyModule>() {
            match weakref::new_ref(&module, None) {
                Ok(reference) => references.push((reference, keep)),
                Err(Raised) => drop(try_take_raised()),
            }
        }
        if !keep && table.set(name, none()).is_err() {
            drop(try_take_raised());
        }
    }
    restore_builtins();
    let _ = taipan_gc::collector::collect_after_others(2);
    while let Some((reference, kept)) = references.pop() {
        let module = reference.downcast::<PyWeakRef>().and_then(PyWeakRef::get);
        if let Some(dict) =
            module.as_ref().and_then(|module| module.downcast::<PyModule>()).map(PyModule::dict)
        {
            if let (Some(module), Ok(sys)) = (&module, crate::sys::module())
                && module.is(sys.as_obj())
            {
                // What finalizers raise from here on is told nobody.
                dict.set_str("stderr", none());
            }
            drop(module);
            if kept { clear_additions(&dict) } else { clear_in_two_steps(&dict) }
        }
    }
    let _ = taipan_gc::collector::collect_after_others(2);
}
