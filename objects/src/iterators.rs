//! Iterators that belong to no container in particular: over sequences by index, `iter(callable, sentinel)`, and (in the parts) `enumerate`, `map`,
//! `filter`, `zip`.
//!
//! An iterator keeps what it walks over until it dies, exhausted or not, so that its fields are constant but for a position. The position is a plain atomic:
//! threads that share an iterator may get an item twice or miss one, nothing worse.
//!
//! What `next` returns may be *uncounted*: count it (`into_strong`) before anything that may reach a safepoint.

mod adaptors;
mod sequence;

use taipan_gc::{Header, Obj, Py};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::construct::list_obj;
use crate::error::*;
use crate::hooks;
use crate::layout;
use crate::native::*;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::{TypeSlots, ready, type_flags};
use crate::types::{Types, types};

pub use adaptors::{PyEnumerate, PyFilter, PyMap, PyZip};
pub use sequence::{
    PySequenceIter, bytearray_iter, bytes_iter, list_iter, list_reverse_iter, memory_iter, plain_iter,
    sequence_iter, str_iter, tuple_iter,
};

/// An iterator that calls a function until it returns a certain value.
#[repr(C)]
pub struct PyCallableIter {
    header: Header,
    callable: Obj,
    sentinel: Obj,
    done: AtomicBool,
}
layout!(PyCallableIter, "callable_iterator", [callable, sentinel]);

pub(crate) fn fill(types: &Types) {
    sequence::fill(types);
    adaptors::fill(types);
    types.callable_iterator.slots.set_all(&TypeSlots {
        iter: Some(itself),
        iternext: Some(callable_next),
        ..TypeSlots::EMPTY
    });
    types.callable_iterator.set_flag(type_flags::NO_INSTANTIATION, true);
    ready::add_methods(&types.callable_iterator, PyCallableIter::methods());
}

/// `iter(iterator)`.
pub fn itself(obj: &Obj) -> PyResult<Obj> {
    Ok(obj.clone())
}

/// `iter(callable, sentinel)`.
pub fn callable_iter(callable: Obj, sentinel: Obj) -> Obj {
    let header = Header::new(types().callable_iterator.root_shape());
    let strong = protocol::IntoStrong::into_strong;
    Py::new(PyCallableIter {
        header,
        callable: strong(callable),
        sentinel: strong(sentinel),
        done: AtomicBool::new(false),
    })
    .into_obj()
}

fn callable_next(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(iterator) = obj.downcast::<PyCallableIter>() else {
        return Err(type_error("a callable iterator is required"));
    };
    if iterator.done.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let result = match protocol::call0(&iterator.callable) {
        Ok(result) => protocol::IntoStrong::into_strong(result),
        Err(Raised) => {
            drop(catch(&types().stop_iteration)?);
            iterator.done.store(true, Ordering::Relaxed);
            return Ok(None);
        }
    };
    // The call may have used the iterator up.
    if iterator.done.load(Ordering::Relaxed) {
        return Ok(None);
    }
    if protocol::eq(&iterator.sentinel, &result)? {
        iterator.done.store(true, Ordering::Relaxed);
        return Ok(None);
    }
    Ok(Some(result))
}

#[pymethods(class = "callable_iterator")]
impl PyCallableIter {
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        // First of all: looking it up may run code that exhausts the iterator.
        let maker = hooks::builtin("iter")?;
        let arguments = if self.done.load(Ordering::Relaxed) {
            PyTuple::from_array([PyTuple::empty().into_obj()]).into_obj()
        } else {
            PyTuple::from_array([self.callable.clone(), self.sentinel.clone()]).into_obj()
        };
        Ok(PyTuple::from_array([maker, arguments]).into_obj())
    }
}

/// `(iter, ([items],))`: how iterators over unordered or changing things are pickled.
pub(crate) fn reduce_to_list(items: Vec<Obj>) -> PyResult<Obj> {
    let arguments = PyTuple::from_array([list_obj(items)]);
    Ok(PyTuple::from_array([hooks::builtin("iter")?, arguments.into_obj()]).into_obj())
}
