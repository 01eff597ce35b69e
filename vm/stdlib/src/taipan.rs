//! `taipan`: what this interpreter offers beyond CPython: immortal objects, watchers, entries of functions, the heap, perf maps, checking
//! of overrides. The Rust interface beneath is in `taipan_objects::watch`, `taipan_objects::function::entry`, `taipan_gc::collector` and
//! `taipan_vm::perf`; `docs/hooks.md` shows both.

pub mod entry;
pub mod watch;

use std::ops::ControlFlow;

use taipan_gc::collector;
use taipan_objects::code::PyCode;
use taipan_objects::frame::PyFrame;
use taipan_objects::function::PyFunction;
use taipan_objects::module::PyModule;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::overrides;
use taipan_vm::perf;

use crate::counted;

/// Whether what the object refers to belongs to it, rather than to the program as a whole.
fn is_content(header: &Header) -> bool {
    let ops = header.ops();
    let whole = [PyModule::ops(), PyType::ops(), PyFunction::ops(), PyCode::ops(), PyFrame::ops()];
    whole.iter().all(|other| !std::ptr::eq(ops, *other))
}

/// Has an object compute what it would store in itself when first asked.
fn prepare(object: &Obj) {
    if let Some(text) = object.downcast::<PyStr>() {
        let _ = text.python_hash();
    } else if let Some(class) = object.downcast::<PyType>() {
        let _ = class.version();
    }
}

/// Classes with stale marks: (class, name of the method).
fn stale(target: &Obj) -> PyResult<Vec<(Obj, Obj)>> {
    let classes: Vec<Obj> = match (target.downcast::<PyType>(), target.downcast::<PyModule>()) {
        (Some(_), _) => vec![target.clone()],
        (_, Some(module)) => {
            let dict = module.dict();
            let own = dict.get_name("__name__").map(IntoStrong::into_strong);
            let belongs = |value: &Obj| {
                let module = value.downcast::<PyType>().and_then(PyType::module_name);
                matches!((&own, module), (Some(own), Some(module)) if eq(own, &module).unwrap_or(false))
            };
            dict.values().into_iter().filter(belongs).collect()
        }
        _ => {
            return Err(type_error(format!(
                "check_overrides() argument must be a class or a module, not {}",
                class_of(target).name()
            )));
        }
    };
    let mut found = Vec::new();
    for class in classes {
        if let Some(own) = class.downcast::<PyType>() {
            found.extend(overrides::stale(own)?.into_iter().map(|name| (class.clone(), name)));
        }
    }
    Ok(found)
}

/// What this interpreter offers beyond CPython.
#[pymodule(name = "taipan", include(super::watch::MODULE, super::entry::MODULE))]
mod items {
    use super::*;

    /// Make an object immortal: it is not counted and not freed any more, for good.
    ///
    /// With deep, everything that it leads to becomes immortal, too, but for what modules,
    /// classes, functions and frames refer to. Returns the number of objects.
    #[pyfunction(sig = "(object, /, *, deep=False)")]
    fn immortalize(object: &Obj, deep: bool) -> usize {
        let enter = |header: &Header| deep && is_content(header);
        collector::immortalize(std::slice::from_ref(object), enter)
    }

    /// Collect garbage, then make all objects immortal, so that forked children share their memory.
    ///
    /// Returns the number of objects.
    #[pyfunction]
    fn immortalize_heap() -> usize {
        collector::collect(2);
        collector::immortalize_heap(prepare)
    }

    /// Whether an object is immortal.
    #[pyfunction]
    fn is_immortal(object: &Obj) -> bool {
        object.header().is_none_or(Header::is_immortal)
    }

    /// Call a function with each object that the collector knows, as they are at one moment, until it returns False.
    ///
    /// Returns whether it was called with all of them.
    #[pyfunction]
    fn visit_heap(callback: &Obj) -> PyResult<bool> {
        let mut result = Ok(true);
        collector::visit_objects(|object| {
            result = counted::call1(callback, object).map(|answer| !answer.is(&bool_obj(false)));
            if matches!(result, Ok(true)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        result
    }

    /// The methods of a class, or of the classes of a module, that are marked by typing.override but override nothing.
    ///
    /// Returns a list of pairs: class, name.
    #[pyfunction]
    fn check_overrides(target: &Obj) -> PyResult<Vec<(Obj, Obj)>> {
        stale(target)
    }

    /// Add a line to this process's perf map.
    #[pyfunction]
    fn write_perf_map_entry(address: usize, size: usize, name: &str) -> PyResult<()> {
        perf::write_entry(address, size, name).map_err(crate::os_error::raise_io)
    }
}
