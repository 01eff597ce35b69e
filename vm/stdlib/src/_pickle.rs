//! `_pickle`: serializing objects, protocols 0 to 5, byte for byte as CPython writes them.
//!
//! A [`save::Saver`] or [`load::Loader`] is one run; it belongs to one thread. Pickler and Unpickler objects keep what outlives a run: the
//! settings in slots, the memo behind a mutex. A second run of the same object at the same time is refused.

mod buffer;
mod errors;
mod input;
mod load;
mod load_build;
mod lookup;
mod memo;
mod memo_proxy;
mod opcode;
mod output;
mod pickler;
mod save;
mod save_containers;
mod save_global;
mod save_reduce;
mod unpickler;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Optimized C implementation for the Python pickle module.
#[pymodule(name = "_pickle")]
mod items {
    use super::*;

    #[pyattr(name = "PickleBuffer")]
    fn pickle_buffer() -> Obj {
        buffer::class().as_obj().clone()
    }
    #[pyattr(name = "PickleError")]
    fn pickle_error() -> Obj {
        errors::pickle_class().as_obj().clone()
    }
    #[pyattr(name = "PicklingError")]
    fn pickling_error() -> Obj {
        errors::pickling_class().as_obj().clone()
    }
    #[pyattr(name = "UnpicklingError")]
    fn unpickling_error() -> Obj {
        errors::unpickling_class().as_obj().clone()
    }
    #[pyattr(name = "Pickler")]
    fn pickler_class() -> Obj {
        pickler::class().as_obj().clone()
    }
    #[pyattr(name = "Unpickler")]
    fn unpickler_class() -> Obj {
        unpickler::class().as_obj().clone()
    }

    /// Write a pickled representation of obj to the open file object file.
    #[pyfunction(sig = "(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)")]
    fn dump(
        obj: &Obj,
        file: &Obj,
        protocol: Option<&Obj>,
        fix_imports: bool,
        buffer_callback: Option<&Obj>,
    ) -> PyResult<()> {
        let settings = save::Settings::new(protocol, fix_imports, buffer_callback)?;
        let write = pickler::write_method(file)?;
        let mut saver = save::Saver::new(settings, Some(write));
        saver.dump(obj)?;
        saver.finish()
    }
    /// Return the pickled representation of the object as a bytes object.
    #[pyfunction(sig = "(obj, protocol=None, *, fix_imports=True, buffer_callback=None)")]
    fn dumps(
        obj: &Obj,
        protocol: Option<&Obj>,
        fix_imports: bool,
        buffer_callback: Option<&Obj>,
    ) -> PyResult<Obj> {
        let settings = save::Settings::new(protocol, fix_imports, buffer_callback)?;
        let mut saver = save::Saver::new(settings, None);
        saver.dump(obj)?;
        Ok(saver.into_bytes())
    }
    /// Read and return an object from the pickle data stored in a file.
    #[pyfunction(
        sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=<unrepresentable>)",
        text = "($module, file, *, fix_imports=True, encoding='ASCII', errors='strict',\n     buffers=())"
    )]
    fn load(
        file: &Obj,
        fix_imports: bool,
        encoding: &str,
        errors: &str,
        buffers: Option<&Obj>,
    ) -> PyResult<Obj> {
        let buffers = unpickler::buffer_iterator(buffers)?;
        let input = input::FileInput::new(file)?;
        let settings =
            load::Settings { fix_imports, encoding: encoding.into(), errors: errors.into(), buffers };
        load::Loader::new(input, settings).load()
    }
    /// Read and return an object from the given pickle data.
    #[pyfunction(
        sig = "(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=<unrepresentable>)",
        text = "($module, data, /, *, fix_imports=True, encoding='ASCII', errors='strict',\n      buffers=())"
    )]
    fn loads(
        data: &Obj,
        fix_imports: bool,
        encoding: &str,
        errors: &str,
        buffers: Option<&Obj>,
    ) -> PyResult<Obj> {
        let buffers = unpickler::buffer_iterator(buffers)?;
        let settings =
            load::Settings { fix_imports, encoding: encoding.into(), errors: errors.into(), buffers };
        let data = data.clone();
        if let Some(bytes) = data.downcast::<taipan_objects::bytes::PyBytes>() {
            return load::Loader::new(input::SliceInput::new(bytes.as_slice()), settings).load();
        }
        let copy = taipan_objects::buffer::to_vec(&data)?;
        load::Loader::new(input::SliceInput::new(&copy), settings).load()
    }

    #[pyinit]
    fn init(_module: &PyModuleBuilder<'_>) -> PyResult<()> {
        lookup::registry().map(drop)
    }
}
