//! The tables of native modules, and the way they fill a module object.

use taipan_gc::Obj;

use super::{IntoPy, MethodDef};
use crate::error::PyResult;

/// A native module, as `#[pymodule]` writes it.
pub struct ModuleDef {
    pub name: &'static str,
    pub doc: &'static str,
    pub functions: &'static [MethodDef],
    pub attributes: &'static [AttributeDef],
    /// Adds the rest, after functions and attributes.
    pub init: Option<fn(&PyModuleBuilder<'_>) -> PyResult<()>>,
    /// Tables whose content belongs to this module, too.
    pub includes: &'static [&'static ModuleDef],
}

/// An attribute whose value is computed when the module is made.
pub struct AttributeDef {
    pub name: &'static str,
    pub value: fn() -> PyResult<Obj>,
}

/// A module object that is being filled.
pub struct PyModuleBuilder<'a> {
    /// The module object.
    pub module: &'a Obj,
    /// The module's name.
    pub name: &'static str,
    set: &'a dyn Fn(&str, Obj) -> PyResult<()>,
}

impl<'a> PyModuleBuilder<'a> {
    /// A builder that stores attributes through `set`.
    pub fn new(module: &'a Obj, name: &'static str, set: &'a dyn Fn(&str, Obj) -> PyResult<()>) -> Self {
        PyModuleBuilder { module, name, set }
    }
    /// Sets an attribute of the module.
    pub fn add(&self, name: &str, value: impl IntoPy) -> PyResult<()> {
        (self.set)(name, value.into_py()?)
    }
}

impl ModuleDef {
    /// Adds everything to the module of `builder`; `function` makes the function objects.
    pub fn fill(
        &'static self,
        builder: &PyModuleBuilder<'_>,
        function: &dyn Fn(&'static MethodDef) -> PyResult<Obj>,
    ) -> PyResult<()> {
        for part in self.includes {
            part.fill(builder, function)?;
        }
        for def in self.functions {
            builder.add(def.name, function(def)?)?;
        }
        for def in self.attributes {
            builder.add(def.name, (def.value)()?)?;
        }
        match self.init {
            Some(init) => init(builder),
            None => Ok(()),
        }
    }
}
