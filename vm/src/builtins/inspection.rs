//! `dir`, `vars`, `globals`, `locals`.

use taipan_objects::list::PyList;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

#[pymodule(name = "builtins")]
mod items {
    use super::*;

    /// dir([object]) -> list of strings
    ///
    /// If called without an argument, return the names in the current scope.
    /// Else, return an alphabetized list of names comprising (some of) the attributes
    /// of the given object, and of attributes reachable from it.
    /// If the object supplies a method named __dir__, it will be used; otherwise
    /// the default dir() logic is used and returns:
    ///   for a module object: the module's attributes.
    ///   for a class object:  its attributes, and recursively the attributes
    ///     of its bases.
    ///   for any other object: its attributes, its class's attributes, and
    ///     recursively the attributes of its class's base classes.
    #[pyfunction(sig = "(object=<unrepresentable>, /)", text = "")]
    fn dir(object: Option<&Obj>) -> PyResult<Obj> {
        let names = match object {
            None => {
                let locals = crate::builtins::current_locals()?;
                call_method(&locals, &istr!("keys"), &[])?
            }
            Some(object) => match lookup_special(object, &istr!("__dir__"))? {
                Some(method) => call0(&method)?,
                None => return Err(type_error("object does not provide __dir__")),
            },
        };
        let list = PyList::new(collect(&names)?);
        list.sort(None, false)?;
        Ok(list.into_obj())
    }

    /// vars([object]) -> dictionary
    ///
    /// Without arguments, equivalent to locals().
    /// With an argument, equivalent to object.__dict__.
    #[pyfunction(sig = "(object=<unrepresentable>, /)", text = "")]
    fn vars(object: Option<&Obj>) -> PyResult<Obj> {
        match object {
            None => crate::builtins::current_locals(),
            Some(object) => match getattr_opt(object, &istr!("__dict__"))? {
                Some(dict) => Ok(dict),
                None => Err(type_error("vars() argument must have __dict__ attribute")),
            },
        }
    }

    /// Return the dictionary containing the current scope's global variables.
    ///
    /// NOTE: Updates to this dictionary *will* affect name lookups in the current
    /// global scope and vice-versa.
    #[pyfunction]
    fn globals() -> PyResult<Obj> {
        match crate::builtins::current_globals() {
            Some(globals) => Ok(globals),
            None => Err(system_error("globals() without a frame")),
        }
    }

    /// Return a dictionary containing the current scope's local variables.
    ///
    /// NOTE: Whether or not updates to this dictionary will affect name lookups in
    /// the local scope and vice-versa is *implementation dependent* and not
    /// covered by any backwards compatibility guarantees.
    #[pyfunction]
    fn locals() -> PyResult<Obj> {
        crate::builtins::current_locals()
    }
}
