//! Native modules: the table of those the program was built with, and making module objects of them.

use std::sync::OnceLock;

use taipan_objects::module::PyModule;
use taipan_objects::native::{ModuleDef, PyModuleBuilder};
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::prelude::*;

static MODULES: OnceLock<Vec<&'static ModuleDef>> = OnceLock::new();

/// Sets the table of native modules; the virtual machine's own are added. The first call wins.
pub fn install_modules(modules: &[&'static ModuleDef]) {
    let mut table: Vec<&'static ModuleDef> =
        vec![&super::IMP, &crate::warnings::MODULE, &crate::marshal::MODULE];
    for module in modules {
        if !table.iter().any(|m| m.name == module.name) {
            table.push(module);
        }
    }
    table.sort_by_key(|m| m.name);
    let _ = MODULES.set(table);
}

/// The native module of a name, `sys` and `builtins` excepted.
pub fn native_module(name: &str) -> Option<&'static ModuleDef> {
    let table = MODULES.get()?;
    table.binary_search_by_key(&name, |m| m.name).ok().map(|i| table[i])
}

/// The names of all native modules.
pub fn native_names() -> Vec<&'static str> {
    let mut names = vec!["builtins", "sys"];
    names.extend(MODULES.get().into_iter().flatten().map(|m| m.name));
    names.sort_unstable();
    names
}

/// A new module object of a table.
pub fn make_module(def: &'static ModuleDef) -> PyResult<Obj> {
    // As imported ones: see `find_and_load`.
    let module = PyModule::new(def.name).defer();
    let object = module.as_obj().clone();
    let dict = module.dict();
    if !def.doc.is_empty() {
        dict.set_str("__doc__", str_obj(def.doc));
    }
    let set = |name: &str, value: Obj| {
        dict.set_str(name, value);
        Ok(())
    };
    let builder = PyModuleBuilder::new(&object, def.name, &set);
    let name = intern(def.name).into_obj();
    def.fill(&builder, &|function| Ok(PyNativeFunction::new(function, Some(name.clone())).into_obj()))?;
    Ok(module.into_obj())
}
