//! `_sqlite3`: databases of SQLite, which is compiled in. The C interface is in `_sqlite3/ffi.rs` and `_sqlite3/callbacks.rs`.
//!
//! SQLite runs detached, so that statements of several threads, on one connection or several, do not keep the others waiting.

mod blob;
mod callbacks;
mod connection;
mod constants;
mod cursor;
mod errors;
mod ffi;
mod row;
mod statement;
mod values;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::Ordering;

use crate::native_class::class_argument;
use crate::{counted, native_class};

/// `sqlite3.PrepareProtocol`.
#[repr(C)]
struct PyPrepareProtocol {
    header: Header,
}
layout!(PyPrepareProtocol, "sqlite3.PrepareProtocol");

native_class!(
    fn prepare_protocol() = TypeBuilder::new("sqlite3.PrepareProtocol", PyPrepareProtocol::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots {
            new: Some(|class, _| {
                let class = class_argument::<PyPrepareProtocol>(class)?;
                Ok(new_instance(class, |header| PyPrepareProtocol { header }).into_obj())
            }),
            ..TypeSlots::EMPTY
        })
        .doc("PEP 246 style object adaption protocol type.")
        .make()
);

#[pymodule(name = "_sqlite3", doc = "")]
mod items {
    use super::*;

    #[pyattr]
    const threadsafety: i64 = 3;
    #[pyattr]
    fn sqlite_version() -> Obj {
        str_obj(&String::from_utf8_lossy(libsqlite3_sys::SQLITE_VERSION.to_bytes()))
    }
    #[pyattr]
    fn Connection() -> Obj {
        connection::class().as_obj().clone()
    }
    #[pyattr]
    fn Cursor() -> Obj {
        cursor::class().as_obj().clone()
    }
    #[pyattr]
    fn Row() -> Obj {
        row::class().as_obj().clone()
    }
    #[pyattr]
    fn Blob() -> Obj {
        blob::class().as_obj().clone()
    }
    #[pyattr]
    fn PrepareProtocol() -> Obj {
        prepare_protocol().as_obj().clone()
    }
    #[pyattr]
    fn adapters() -> Obj {
        dict_obj().into_obj()
    }
    #[pyattr]
    fn converters() -> Obj {
        dict_obj().into_obj()
    }
    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, number) in constants::ERROR_NAMES.iter().chain(constants::OTHERS) {
            module.add(name, *number)?;
        }
        for (name, class) in errors::all() {
            module.add(name, class.as_obj())?;
        }
        Ok(())
    }

    /// Open a connection to the SQLite database file 'database'.
    ///
    /// You can use ":memory:" to open a database connection to a database that
    /// resides in RAM instead of on disk.
    #[pyfunction(sig = "(*args, **kwargs)", text = "")]
    fn connect(args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<Obj> {
        if args.len() > 1 {
            let text = format!(
                "Passing more than 1 positional argument to sqlite3.connect() is deprecated. {}",
                connection::POSITIONAL
            );
            taipan_objects::hooks::warn(&text, types().deprecation_warning.as_obj(), 1)?;
        }
        let factory = args.get(5).or_else(|| kwargs.get("factory"));
        let factory = factory.cloned().unwrap_or_else(|| connection::class().as_obj().clone());
        let (names, values): (Vec<Obj>, Vec<Obj>) =
            kwargs.iter().map(|(n, v)| (n.clone(), v.clone())).unzip();
        Ok(call_args(&factory, &Args::with_keywords(args, &names, &values))?.into_strong())
    }
    /// Checks if a string contains a complete SQL statement.
    #[pyfunction(sig = "(statement)")]
    fn complete_statement(statement: &str) -> PyResult<bool> {
        match ffi::c_string(statement) {
            Some(text) => Ok(ffi::is_complete(&text)),
            None => Err(value_error("embedded null character")),
        }
    }
    /// Enable or disable callback functions throwing errors to stderr.
    #[pyfunction(sig = "(enable, /)")]
    fn enable_callback_tracebacks(enable: bool) {
        callbacks::TRACEBACKS.store(enable, Ordering::Relaxed);
    }
    /// Register a function to adapt Python objects to SQLite values.
    #[pyfunction(sig = "(type, adapter, /)")]
    fn register_adapter(r#type: &Obj, adapter: &Obj) -> PyResult<()> {
        let Some(class) = r#type.downcast::<PyType>() else {
            return Err(type_error(format!(
                "register_adapter() argument 1 must be type, not {}",
                class_of(r#type).name()
            )));
        };
        let t = types();
        if [&t.int, &t.float, &t.str].into_iter().any(|plain| class.is(plain)) || class.name() == "bytearray"
        {
            values::PLAIN_ADAPTED.store(true, Ordering::Relaxed);
        }
        let key = tuple_obj(vec![r#type.clone(), prepare_protocol().as_obj().clone()]);
        setitem(&values::registry("adapters")?, &key, adapter)
    }
    /// Register a function to convert SQLite values to Python objects.
    #[pyfunction(sig = "(typename, converter, /)")]
    fn register_converter(typename: &Obj, converter: &Obj) -> PyResult<()> {
        let name = counted::call_method(typename, "upper", &[])?;
        setitem(&values::registry("converters")?, &name, converter)
    }
    /// Adapt given object to given protocol.
    #[pyfunction(sig = "(obj, proto=<unrepresentable>, alt=<unrepresentable>, /)", text = "")]
    fn adapt(obj: &Obj, proto: Option<&Obj>, alt: Option<&Obj>) -> PyResult<Obj> {
        values::adapt(obj, proto.unwrap_or(prepare_protocol().as_obj()), alt)
    }
}
