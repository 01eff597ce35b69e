//! Objects that pass pickled. What belongs to the sender's `__main__` is looked up in a copy of that module, made by running its file.

use taipan_objects::dict::PyDict;
use taipan_objects::module::PyModule;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;

use super::errors::{not_shareable_error, raise_from};
use super::imported;

/// Name of the copy of another interpreter's `__main__`.
const COPY: &str = "<fake __main__>";

/// A pickled object.
pub struct Pickle {
    data: Vec<u8>,
    /// The file of the sender's `__main__`, if the pickle refers to that module.
    main_file: Option<String>,
}

impl Pickle {
    /// Pickles an object.
    pub fn of(obj: &Obj) -> PyResult<Pickle> {
        let data = call(&imported("pickle", "dumps")?, std::slice::from_ref(obj))?;
        let data = taipan_objects::buffer::with_bytes(&data, <[u8]>::to_vec)?;
        let names_main = data.windows(8).any(|part| part == b"__main__");
        let main_file = if names_main { main_file() } else { None };
        Ok(Pickle { data, main_file })
    }
    /// The object, made anew.
    pub fn load(&self) -> PyResult<Obj> {
        self.load_here().map_err(|Raised| {
            let cause = try_take_raised();
            raise_from(not_shareable_error(), "object could not be unpickled", cause)
        })
    }
    fn load_here(&self) -> PyResult<Obj> {
        let loads = imported("pickle", "loads")?;
        let data = [bytes_obj(&self.data)];
        let Some(file) = &self.main_file else { return call(&loads, &data) };
        if main_file().as_deref() == Some(file) {
            return call(&loads, &data);
        }
        match call(&loads, &data) {
            Err(Raised) => drop(catch(&types().attribute_error)?),
            found => return found,
        }
        let modules = taipan_vm::sys::modules()?;
        let (main, copy) = (str_obj("__main__"), copy_of_main(file, &modules)?);
        let own = getitem(&modules, &main)?;
        setitem(&modules, &main, &copy)?;
        let result = call(&loads, &data);
        let pending = if result.is_err() { try_take_raised() } else { None };
        setitem(&modules, &main, &own)?;
        match pending {
            Some(exception) => Err(set_raised(exception)),
            None => result,
        }
    }
}

/// `__main__.__file__`.
fn main_file() -> Option<String> {
    let main = taipan_vm::sys::loaded("__main__")?;
    let file = getattr_opt(&main, &intern("__file__")).unwrap_or_else(|Raised| {
        drop(try_take_raised());
        None
    })?;
    (!is_none(&file)).then(|| file.downcast::<PyStr>().map(|f| f.to_string_lossy().into_owned())).flatten()
}

/// The module that the file makes, once per interpreter.
fn copy_of_main(file: &str, modules: &Obj) -> PyResult<Obj> {
    if let Some(copy) = taipan_vm::sys::loaded(COPY) {
        return Ok(copy);
    }
    let run = imported("runpy", "run_path")?;
    let namespace =
        call_args(&run, &Args::with_keywords(&[str_obj(file)], &[str_obj("run_name")], &[str_obj(COPY)]))?;
    let module = PyModule::new(COPY);
    if let Some(namespace) = namespace.downcast::<PyDict>() {
        for (name, value) in namespace.snapshot() {
            module.dict().set(name, value)?;
        }
    }
    setitem(modules, &str_obj(COPY), module.as_obj())?;
    Ok(module.into_obj())
}
