//! Watchers for Python code: objects that call a Python function.

use std::sync::Arc;

use parking_lot::Mutex;
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::function::PyFunction;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::types::obj_of;
use taipan_objects::watch::code::CodeWatcher;
use taipan_objects::watch::context::ContextWatcher;
use taipan_objects::watch::dict::{DictEvent, DictRegistration, DictWatcher};
use taipan_objects::watch::function::{FunctionEvent, FunctionWatcher};
use taipan_objects::watch::types::{TypeChange, TypeEvent, TypeRegistration, TypeWatcher};
use taipan_objects::watch::{self as hooks, Timing};

use crate::{counted, native_class};

/// A registration of any kind.
enum Registered {
    Dict(DictRegistration),
    Type(TypeRegistration),
    /// Of a kind that is told of everything.
    Other {
        _until_closed: Box<dyn Send + Sync>,
    },
}

/// A `taipan.Watch`: a callback that is registered until it is closed.
#[repr(C)]
pub struct PyWatch {
    header: Header,
    registered: Mutex<Option<Arc<Registered>>>,
}
layout!(PyWatch, "taipan.Watch");

native_class!(
    /// `taipan.Watch`.
    pub fn class() = TypeBuilder::new("taipan.Watch", PyWatch::ops())
        .final_()
        .no_instantiation()
        .flag(type_flags::HAS_WEAKREF)
        .methods(PyWatch::methods())
        .getset(PyWatch::getset())
        .doc("A callback that is told of changes until this is closed or gone.")
        .make()
);

fn new(registered: Registered) -> Obj {
    let registered = Mutex::new(Some(Arc::new(registered)));
    new_instance(class(), |header| PyWatch { header, registered }).into_obj()
}

fn other<W: ?Sized + Send + Sync + 'static>(registration: hooks::Registration<W>) -> Obj {
    new(Registered::Other { _until_closed: Box::new(registration) })
}

/// A Python function to be called.
struct Callback {
    function: Obj,
    timing: Timing,
}

impl Callback {
    fn new(function: &Obj, when: &str) -> PyResult<Arc<Callback>> {
        if !is_callable(function) {
            return Err(type_error(format!("'{}' object is not callable", class_of(function).name())));
        }
        let timing = match when {
            "before" => Timing::Before,
            "after" => Timing::After,
            _ => return Err(value_error("when must be 'before' or 'after'")),
        };
        Ok(Arc::new(Callback { function: function.clone(), timing }))
    }
    fn call(&self, args: &[Obj]) -> PyResult<()> {
        counted::call(&self.function, args).map(drop)
    }
}

fn address(address: usize) -> Obj {
    int_obj(address as i64)
}

impl DictWatcher for Callback {
    fn timing(&self) -> Timing {
        self.timing
    }
    fn changed(&self, dict: &PyDict, event: DictEvent<'_>) -> PyResult<()> {
        let (key, value) = match event {
            DictEvent::Added { key, value } | DictEvent::Modified { key, value, .. } => {
                (key.clone(), value.clone())
            }
            DictEvent::Deleted { key, .. } => (key.clone(), none()),
            DictEvent::Cloned { source } => (source.to_obj(), none()),
            DictEvent::Cleared => (none(), none()),
        };
        self.call(&[str_obj(&event.name().to_lowercase()), dict.to_obj(), key, value])
    }
    fn deallocated(&self, dict: usize) -> PyResult<()> {
        self.call(&[str_obj("deallocated"), address(dict), none(), none()])
    }
}

impl TypeWatcher for Callback {
    fn timing(&self) -> Timing {
        self.timing
    }
    fn modified(&self, event: TypeEvent<'_>) -> PyResult<()> {
        let (change, name, value) = match event.change {
            TypeChange::Set { name, value } => ("set", str_obj(name), value.clone()),
            TypeChange::Deleted { name } => ("deleted", str_obj(name), none()),
            TypeChange::Bases => ("bases", none(), none()),
            TypeChange::Other => ("other", none(), none()),
        };
        self.call(&[str_obj(change), event.class.to_obj(), event.origin.to_obj(), name, value])
    }
}

impl FunctionWatcher for Callback {
    fn timing(&self) -> Timing {
        self.timing
    }
    fn changed(&self, function: &PyFunction, event: FunctionEvent<'_>) -> PyResult<()> {
        let (event, value) = match event {
            FunctionEvent::Created => ("created", None),
            FunctionEvent::Code(value) => ("code", Some(value)),
            FunctionEvent::Defaults(value) => ("defaults", value),
            FunctionEvent::KwDefaults(value) => ("kwdefaults", value),
            FunctionEvent::Qualname(value) => ("qualname", Some(value)),
        };
        self.call(&[str_obj(event), obj_of(function), value.cloned().unwrap_or_else(none)])
    }
    fn destroyed(&self, function: usize) -> PyResult<()> {
        self.call(&[str_obj("destroyed"), address(function), none()])
    }
}

impl CodeWatcher for Callback {
    fn created(&self, code: &PyCode) -> PyResult<()> {
        self.call(&[str_obj("created"), obj_of(code)])
    }
    fn destroyed(&self, code: usize) -> PyResult<()> {
        self.call(&[str_obj("destroyed"), address(code)])
    }
}

impl ContextWatcher for Callback {
    fn switched(&self, context: Option<&Obj>) -> PyResult<()> {
        self.call(&[context.cloned().unwrap_or_else(none)])
    }
}

fn dict_argument(subject: &Obj) -> PyResult<&PyDict> {
    subject
        .downcast()
        .ok_or_else(|| type_error(format!("a dict is required, not {}", class_of(subject).name())))
}

fn type_argument(subject: &Obj) -> PyResult<&PyType> {
    subject
        .downcast()
        .ok_or_else(|| type_error(format!("a class is required, not {}", class_of(subject).name())))
}

#[pymethods(class = "Watch")]
impl PyWatch {
    fn registered(&self) -> PyResult<Arc<Registered>> {
        self.registered.lock().clone().ok_or_else(|| value_error("the watch is closed"))
    }
    /// Watch one more dict or class.
    #[pymethod]
    fn add(&self, subject: &Obj) -> PyResult<()> {
        match &*self.registered()? {
            Registered::Dict(watcher) => watcher.watch(dict_argument(subject)?),
            Registered::Type(watcher) => watcher.watch(type_argument(subject)?),
            _ => return Err(type_error("this watch is told of everything of its kind")),
        }
        Ok(())
    }
    /// Stop watching a dict or class.
    #[pymethod]
    fn discard(&self, subject: &Obj) -> PyResult<()> {
        match &*self.registered()? {
            Registered::Dict(watcher) => watcher.unwatch(dict_argument(subject)?),
            Registered::Type(watcher) => watcher.unwatch(type_argument(subject)?),
            _ => return Err(type_error("this watch is told of everything of its kind")),
        }
        Ok(())
    }
    /// Whether the watch is closed.
    #[pygetset]
    fn closed(&self) -> bool {
        self.registered.lock().is_none()
    }
    /// End it: the callback is not called any more.
    #[pymethod]
    fn close(&self) {
        let registered = self.registered.lock().take();
        drop(registered);
    }
    /// The watch itself.
    #[pymethod]
    fn __enter__(slf: &Obj) -> Obj {
        slf.clone()
    }
    /// Close the watch.
    #[pymethod(sig = "(type, value, traceback, /)")]
    fn __exit__(&self, class: &Obj, value: &Obj, traceback: &Obj) {
        let _ = (class, value, traceback);
        self.close();
    }
}

#[pymodule(name = "taipan")]
mod items {
    use super::*;

    /// Have callback(event, dict, key, value) called when one of the dicts changes.
    #[pyfunction(sig = "(callback, /, *dicts, when='before')")]
    fn watch_dicts(callback: &Obj, dicts: &[Obj], when: &str) -> PyResult<Obj> {
        let watcher = hooks::dict::register(Callback::new(callback, when)?);
        for dict in dicts {
            watcher.watch(dict_argument(dict)?);
        }
        Ok(new(Registered::Dict(watcher)))
    }

    /// Have callback(change, class, origin, name, value) called when one of the classes, or a base of it, changes.
    #[pyfunction(sig = "(callback, /, *classes, when='before')")]
    fn watch_types(callback: &Obj, classes: &[Obj], when: &str) -> PyResult<Obj> {
        let watcher = hooks::types::register(Callback::new(callback, when)?);
        for class in classes {
            watcher.watch(type_argument(class)?);
        }
        Ok(new(Registered::Type(watcher)))
    }

    /// Have callback(event, function, value) called when any function is made, changed or gone.
    #[pyfunction(sig = "(callback, /, *, when='before')")]
    fn watch_functions(callback: &Obj, when: &str) -> PyResult<Obj> {
        let callback = Callback::new(callback, when)?;
        Ok(other(hooks::function::register(callback)))
    }

    /// Have callback(event, code) called when any code object is made or gone.
    #[pyfunction]
    fn watch_code(callback: &Obj) -> PyResult<Obj> {
        Ok(other(hooks::code::register(Callback::new(callback, "after")?)))
    }

    /// Have callback(context) called when a thread goes on in another context.
    #[pyfunction]
    fn watch_contexts(callback: &Obj) -> PyResult<Obj> {
        Ok(other(hooks::context::register(Callback::new(callback, "after")?)))
    }

    #[pyattr]
    fn Watch() -> Obj {
        class().as_obj().clone()
    }
}
