//! Entries of functions for Python code.

use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::code::PyCode;
use taipan_objects::function::PyFunction;
use taipan_objects::function::entry::{EntryCall, EntryGuard, FunctionEntry};
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::types::obj_of;

use crate::native_class;
use crate::native_class::receiver;

/// A `taipan.Entry`: a function that was taken over.
#[repr(C)]
pub struct PyEntry {
    header: Header,
    guard: Mutex<Option<EntryGuard>>,
}
layout!(PyEntry, "taipan.Entry");

native_class!(
    /// `taipan.Entry`.
    pub fn class() = TypeBuilder::new("taipan.Entry", PyEntry::ops())
        .final_()
        .no_instantiation()
        .methods(PyEntry::methods())
        .doc("A function whose calls go elsewhere until this is closed or gone.")
        .make()
);

/// What an entry's callback calls to go on.
#[repr(C)]
struct PyProceed {
    header: Header,
    function: Obj,
    code: Obj,
}
layout!(PyProceed, "taipan.Proceed", [function, code]);

native_class!(
    fn proceed_class() = TypeBuilder::new("taipan.Proceed", PyProceed::ops())
        .final_()
        .no_instantiation()
        .slots(TypeSlots { call: Some(proceed), ..TypeSlots::EMPTY })
        .doc("Calls a function that was taken over as if it was not.")
        .make()
);

fn proceed(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = receiver::<PyProceed>(obj)?;
    match (this.function.downcast::<PyFunction>(), this.code.downcast::<PyCode>()) {
        (Some(function), Some(code)) => (hooks::get()?.call_code)(function, code, args),
        _ => Err(system_error("not a function and code")),
    }
}

/// Calls a Python function instead.
struct Callback(Obj);

impl FunctionEntry for Callback {
    fn call(&self, call: &EntryCall<'_>) -> PyResult<Obj> {
        let (function, code) = (obj_of(call.function()), call.beneath()?.into_obj());
        let proceed = new_instance(proceed_class(), |header| PyProceed { header, function, code });
        let args = call.args();
        let mut positional = vec![proceed.into_obj()];
        positional.extend(args.positional.iter().cloned());
        let args = Args::with_keywords(&positional, args.keyword_names, args.keyword_values);
        call_args(&self.0, &args).map(IntoStrong::into_strong)
    }
}

#[pymethods(class = "Entry")]
impl PyEntry {
    /// Put back what the function was before; entries set later stay.
    #[pymethod]
    fn close(&self) {
        let guard = self.guard.lock().take();
        drop(guard);
    }
    /// The entry itself.
    #[pymethod]
    fn __enter__(slf: &Obj) -> Obj {
        slf.clone()
    }
    /// Close the entry.
    #[pymethod(sig = "(type, value, traceback, /)")]
    fn __exit__(&self, class: &Obj, value: &Obj, traceback: &Obj) {
        let _ = (class, value, traceback);
        self.close();
    }
}

#[pymodule(name = "taipan")]
mod items {
    use super::*;

    /// Have callback(proceed, *args, **kwargs) called instead of the function, until the returned entry is closed.
    ///
    /// proceed(*args, **kwargs) calls what the function was before.
    #[pyfunction]
    fn set_entry(function: &Obj, callback: &Obj) -> PyResult<Obj> {
        let Some(function) = function.downcast::<PyFunction>() else {
            return Err(type_error(format!("a function is required, not {}", class_of(function).name())));
        };
        if !is_callable(callback) {
            return Err(type_error(format!("'{}' object is not callable", class_of(callback).name())));
        }
        let guard = Mutex::new(Some(function.set_entry(Arc::new(Callback(callback.clone())))));
        Ok(new_instance(class(), |header| PyEntry { header, guard }).into_obj())
    }

    #[pyattr]
    fn Entry() -> Obj {
        class().as_obj().clone()
    }
}
