//! The iterators over deques. One ends with an error when the deque has changed, and stays ended.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::PyDeque;
use crate::native_class;
use crate::native_class::{class_argument, itself, receiver};

/// An iterator; positions count from the end where it starts.
#[repr(C)]
pub struct PyDequeIter {
    header: Header,
    deque: Obj,
    position: AtomicUsize,
    version: AtomicU64,
    reversed: bool,
}
layout!(PyDequeIter, "deque_iterator", [deque]);

static SLOTS: TypeSlots =
    TypeSlots { new: Some(construct), iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY };

native_class!(
    /// `_collections._deque_iterator`.
    pub fn class() = TypeBuilder::new("_collections._deque_iterator", PyDequeIter::ops())
        .final_()
        .slots(SLOTS)
        .methods(PyDequeIter::methods())
        .make()
);
native_class!(
    /// `_collections._deque_reverse_iterator`.
    pub fn reverse_class() = TypeBuilder::new("_collections._deque_reverse_iterator", PyDequeIter::ops())
        .final_()
        .slots(SLOTS)
        .methods(PyDequeIter::methods())
        .make()
);

fn make(class: &PyType, deque: &Obj, position: usize, reversed: bool) -> Obj {
    let version = deque.downcast::<PyDeque>().map_or(0, PyDeque::version);
    let deque = deque.clone();
    new_instance(class, |header| PyDequeIter {
        header,
        deque,
        position: AtomicUsize::new(position),
        version: AtomicU64::new(version),
        reversed,
    })
    .into_obj()
}

/// `iter(deque)`.
pub fn new(deque: &Obj) -> Obj {
    make(class(), deque, 0, false)
}

/// `reversed(deque)`.
pub fn reversed(deque: &Obj) -> Obj {
    make(reverse_class(), deque, 0, true)
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    crate::native_class::check_count("_deque_iterator", args, 1, 2)?;
    let class = class_argument::<PyDequeIter>(class)?;
    let deque = &args.positional[0];
    let Some(this) = deque.downcast::<PyDeque>() else {
        return Err(type_error(format!(
            "argument 1 must be collections.deque, not {}",
            class_of(deque).name()
        )));
    };
    let position = match args.positional.get(1) {
        Some(index) => taipan_objects::protocol::index_word(index)?,
        None => 0,
    };
    Ok(make(class, deque, position.max(0).unsigned_abs().min(this.len()), class.is(reverse_class())))
}

fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyDequeIter>(obj)?;
    let deque = receiver::<PyDeque>(&this.deque)?;
    let version = this.version.load(Ordering::Relaxed);
    let items = deque.items.lock();
    let position = this.position.load(Ordering::Relaxed);
    if position == usize::MAX {
        return Ok(None);
    }
    if items.version != version {
        drop(items);
        this.position.store(usize::MAX, Ordering::Relaxed);
        return Err(runtime_error("deque mutated during iteration"));
    }
    let len = items.list.len();
    if position >= len {
        return Ok(None);
    }
    let item = items.list.get(if this.reversed { len - 1 - position } else { position }).cloned();
    // Under the deque's mutex, so that threads sharing the iterator get different items.
    this.position.store(position + 1, Ordering::Relaxed);
    Ok(item)
}

#[pymethods(class = "_collections._deque_iterator")]
impl PyDequeIter {
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> PyResult<usize> {
        let len = receiver::<PyDeque>(&self.deque)?.len();
        Ok(len.saturating_sub(self.position.load(Ordering::Relaxed)))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyDequeIter>(slf)?;
        let len = receiver::<PyDeque>(&this.deque)?.len();
        let position = this.position.load(Ordering::Relaxed).min(len);
        let arguments = tuple_obj(vec![this.deque.clone(), int_obj(position as i64)]);
        Ok(tuple_obj(vec![class_of(slf).to_obj(), arguments]))
    }
}
