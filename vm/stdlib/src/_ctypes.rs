//! `_ctypes`: foreign functions and C data, on libffi. The `ctypes` package is built on it.
//!
//! A C type is a class whose metaclass has described it ([`info`]). An instance ([`data`]) is memory; what is in it is read and written by the
//! description. Addresses that a Python program gives are believed, as in C; this is the one module by which Python code can break the memory.
//!
//! | part | holds |
//! | --- | --- |
//! | `memory`, `ffi` | raw memory; libffi and the dynamic loader: nearly all unsafe code |
//! | `info`, `meta` | descriptions; the metaclass of all C types |
//! | `data` | instances and what they keep alive |
//! | `simple`, `convert` | simple types and their values |
//! | `pointer`, `array`, `structure`, `field` | the other types |
//! | `function`, `call`, `function_argument`, `argument`, `parameter_flags` | foreign functions and calls |
//! | `callback` | C functions that call Python |
//! | `exported` | C functions that `ctypes` itself calls |

mod argument;
mod array;
mod call;
mod callback;
mod capsule;
mod convert;
mod data;
mod exported;
mod ffi;
mod field;
mod function;
mod function_argument;
mod info;
mod memory;
mod meta;
mod parameter_flags;
mod pointer;
mod simple;
mod structure;

use std::ffi::CString;
use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_vm::sys::audit;

use crate::new_exception::new_exception;
use info::{function_flags, info_of_instance, info_of_obj};

/// `_ctypes.ArgumentError`.
fn argument_error() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| new_exception("ctypes.ArgumentError", &types().exception))
}

/// Raises `class` with the text and the error on its way behind it.
fn explain(class: &Py<PyType>, text: &str) -> Raised {
    let error = take_raised();
    let name = class_of(&error).short_name();
    match str_string(&error) {
        Ok(message) => raise_message(class, format!("{text}{name}: {message}")),
        Err(Raised) => {
            drop(take_raised());
            raise_message(class, format!("{text}{name}: ???"))
        }
    }
}

/// The instance that a function of the module is about.
fn data_argument<'a>(obj: &'a Obj, message: &str) -> PyResult<&'a data::CData> {
    data::instance(obj).ok_or_else(|| type_error(message))
}

/// Create and manipulate C compatible data types in Python.
#[pymodule(name = "_ctypes")]
mod items {
    use super::*;

    #[pyattr]
    const FUNCFLAG_CDECL: i64 = function_flags::CDECL;
    #[pyattr]
    const FUNCFLAG_PYTHONAPI: i64 = function_flags::PYTHONAPI;
    #[pyattr]
    const FUNCFLAG_USE_ERRNO: i64 = function_flags::USE_ERRNO;
    #[pyattr]
    const FUNCFLAG_USE_LASTERROR: i64 = function_flags::USE_LASTERROR;
    #[pyattr]
    const CTYPES_MAX_ARGCOUNT: i64 = call::MOST_ARGUMENTS as i64;
    #[pyattr]
    const TYPEFLAG_ISPOINTER: i64 = 0x100;
    #[pyattr]
    const TYPEFLAG_HASPOINTER: i64 = 0x200;
    #[pyattr]
    const SIZEOF_TIME_T: i64 = size_of::<libc::time_t>() as i64;
    #[pyattr]
    const RTLD_LOCAL: i64 = libc::RTLD_LOCAL as i64;
    #[pyattr]
    const RTLD_GLOBAL: i64 = libc::RTLD_GLOBAL as i64;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        module.add("__version__", "1.1.0")?;
        module.add("ArgumentError", argument_error().to_obj())?;
        module.add("CType_Type", meta::class().to_obj())?;
        module.add("_SimpleCData", simple::class().to_obj())?;
        module.add("_Pointer", pointer::class().to_obj())?;
        module.add("Array", array::class().to_obj())?;
        module.add("Structure", structure::structure().to_obj())?;
        module.add("Union", structure::union().to_obj())?;
        module.add("CFuncPtr", function::class().to_obj())?;
        module.add("CField", field::class().to_obj())?;
        for (name, address) in exported::addresses() {
            module.add(name, address)?;
        }
        Ok(())
    }

    /// sizeof(C type) -> integer
    /// sizeof(C instance) -> integer
    /// Return the size in bytes of a C instance
    #[pyfunction]
    fn sizeof(obj: &Obj) -> PyResult<usize> {
        if let Some(info) = info_of_obj(obj) {
            return Ok(info.size);
        }
        match data::instance(obj) {
            Some(data) => Ok(data.size()),
            None => Err(type_error("this type has no size")),
        }
    }
    /// alignment(C type) -> integer
    /// alignment(C instance) -> integer
    /// Return the alignment requirements of a C instance
    #[pyfunction]
    fn alignment(obj: &Obj) -> PyResult<usize> {
        if let Some(info) = info_of_obj(obj) {
            return Ok(info.align);
        }
        match data::instance(obj) {
            Some(_) => Ok(info_of_instance(obj)?.align),
            None => Err(type_error("no alignment info")),
        }
    }
    /// Return a pointer lookalike to a C instance, only usable as function argument.
    #[pyfunction(sig = "(obj, offset=0, /)")]
    fn byref(obj: &Obj, offset: Option<isize>) -> PyResult<Obj> {
        function_argument::byref(obj, offset.unwrap_or(0))
    }
    /// Return the address of the C instance internal buffer
    #[pyfunction]
    fn addressof(obj: &Obj) -> PyResult<usize> {
        let data = data_argument(obj, "invalid type")?;
        audit("ctypes.addressof", std::slice::from_ref(obj))?;
        Ok(data.address())
    }
    /// Resize the memory buffer of a ctypes instance
    #[pyfunction(sig = "(obj, size, /)")]
    fn resize(obj: &Obj, size: isize) -> PyResult<()> {
        let data = data_argument(obj, "excepted ctypes instance")?;
        let info = info_of_instance(obj)?;
        let Ok(size) = usize::try_from(size) else {
            return Err(value_error(format!("minimum size is {}", info.size)));
        };
        data.resize(size, &info)
    }
    /// Return buffer interface information
    #[pyfunction]
    fn buffer_info(obj: &Obj) -> PyResult<Obj> {
        let info = match info_of_obj(obj) {
            Some(info) => info,
            None if data::instance(obj).is_some() => info_of_instance(obj)?,
            None => return Err(type_error("not a ctypes type or object")),
        };
        let shape: Vec<Obj> = info.dimensions().into_iter().map(taipan_objects::int::from_usize).collect();
        let format = info.format().map_or_else(none, |format| str_obj(&format));
        Ok(tuple_obj(vec![format, int_obj(shape.len() as i64), tuple_obj(shape)]))
    }
    /// Return the calling thread's copy of errno.
    #[pyfunction]
    fn get_errno() -> PyResult<i32> {
        audit("ctypes.get_errno", &[])?;
        Ok(call::errno())
    }
    /// Set the calling thread's copy of errno and return the former one.
    #[pyfunction]
    fn set_errno(value: i32) -> PyResult<i32> {
        audit("ctypes.set_errno", &[int_obj(i64::from(value))])?;
        Ok(call::set_errno(value))
    }
    /// dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library
    #[pyfunction(sig = "(name, flag=RTLD_NOW, /)")]
    fn dlopen(name: &Obj, flag: Option<i32>) -> PyResult<usize> {
        let mode = flag.unwrap_or(libc::RTLD_NOW) | libc::RTLD_NOW;
        let path = if is_none(name) { None } else { Some(library_name(name)?) };
        audit("ctypes.dlopen", std::slice::from_ref(name))?;
        let path = match path.map(CString::new) {
            None => None,
            Some(Ok(path)) => Some(path),
            Some(Err(_)) => return Err(value_error("embedded null byte")),
        };
        ffi::dlopen(path.as_deref(), mode).map_err(loader_failed)
    }
    /// dlclose a library
    #[pyfunction]
    fn dlclose(handle: &Obj) -> PyResult<()> {
        ffi::dlclose(meta::address_argument(handle, "integer expected")?).map_err(loader_failed)
    }
    /// find symbol in shared library
    #[pyfunction(sig = "(handle, name, /)")]
    fn dlsym(handle: &Obj, name: &str) -> PyResult<usize> {
        audit("ctypes.dlsym/handle", &[handle.clone(), str_obj(name)])?;
        let handle = meta::address_argument(handle, "integer expected")?;
        let Ok(symbol) = CString::new(name) else { return Err(value_error("embedded null character")) };
        match ffi::dlsym(handle, &symbol) {
            Ok(address) => Ok(address),
            Err(message) if message.is_empty() => Err(loader_failed(format!("symbol '{name}' not found"))),
            Err(message) => Err(loader_failed(message)),
        }
    }
    #[pyfunction(sig = "(address, arguments, /)")]
    fn call_function(address: &Obj, arguments: &Obj) -> PyResult<Obj> {
        call::call_by_number(address, arguments, 0)
    }
    #[pyfunction(sig = "(address, arguments, /)")]
    fn call_cdeclfunction(address: &Obj, arguments: &Obj) -> PyResult<Obj> {
        call::call_by_number(address, arguments, function_flags::CDECL)
    }
    #[pyfunction]
    fn PyObj_FromPtr(address: &Obj) -> PyResult<Obj> {
        let word = meta::address_argument(address, "integer expected")? as u64;
        audit("ctypes.PyObj_FromPtr", &[address.clone()])?;
        convert::borrowed_object(word).ok_or_else(|| value_error("PyObject is NULL"))
    }
    #[pyfunction(name = "Py_INCREF")]
    fn incref(obj: &Obj) -> Obj {
        convert::give_object(obj.clone());
        obj.clone()
    }
    #[pyfunction(name = "Py_DECREF")]
    fn decref(obj: &Obj) -> Obj {
        drop(convert::take_object(convert::object_word(obj)));
        obj.clone()
    }
    #[pyfunction(sig = "(type, state, /)")]
    fn _unpickle(r#type: &Obj, state: &Obj) -> PyResult<Obj> {
        let made = call_method_str(r#type, "__new__", std::slice::from_ref(r#type))?;
        let state = state.downcast::<PyTuple>().map(PyTuple::to_vec).unwrap_or_default();
        drop(call_method_str(&made, "__setstate__", &state)?);
        Ok(made)
    }
}

/// The bytes of a file name.
fn library_name(name: &Obj) -> PyResult<Vec<u8>> {
    let path = call1(&taipan_objects::hooks::module_attribute("os", "fspath")?, name)?;
    match crate::file_path::name_bytes(&path)? {
        Some(name) => Ok(name),
        None => Err(type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            class_of(name).name()
        ))),
    }
}

fn loader_failed(message: String) -> Raised {
    raise_message(&types().os_error, message)
}
