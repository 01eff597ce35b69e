//! `_weakref`: the functions around weak references; the classes are built in.

use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::weakref::{self, PyWeakRef};
use taipan_threading::CriticalSection;

/// Weak-reference support module.
#[pymodule(name = "_weakref")]
mod items {
    use super::*;

    #[pyattr(name = "ref")]
    fn ref_() -> Obj {
        types().weakref.as_obj().clone()
    }
    #[pyattr(name = "ReferenceType")]
    fn reference_type() -> Obj {
        types().weakref.as_obj().clone()
    }
    #[pyattr(name = "ProxyType")]
    fn proxy_type() -> Obj {
        types().weakproxy.as_obj().clone()
    }
    #[pyattr(name = "CallableProxyType")]
    fn callable_proxy_type() -> Obj {
        types().weakcallableproxy.as_obj().clone()
    }
    /// The number of weak references to an object.
    #[pyfunction]
    fn getweakrefcount(object: &Obj) -> usize {
        weakref::count(object)
    }
    /// The weak references to an object, as a list.
    #[pyfunction]
    fn getweakrefs(object: &Obj) -> Vec<Obj> {
        weakref::list(object)
    }
    /// Makes a proxy that refers weakly to an object.
    #[pyfunction(sig = "(object, callback=None, /)")]
    fn proxy(object: &Obj, callback: Option<&Obj>) -> PyResult<Obj> {
        weakref::new_proxy(object, callback)
    }
    /// Deletes an item of a dict if its value is a dead weak reference.
    #[pyfunction]
    fn _remove_dead_weakref(dct: &PyDict, key: &Obj) -> PyResult<()> {
        // One section for the look and the deletion: another thread may store a live reference under the key.
        let _section = CriticalSection::enter(dct.header().lock());
        let Some(found) = dct.get(key)?.map(IntoStrong::into_strong) else { return Ok(()) };
        let Some(weak) = found.downcast::<PyWeakRef>() else { return Err(type_error("not a weakref")) };
        if weak.is_dead() {
            dct.delete(key)?;
        }
        Ok(())
    }
}
