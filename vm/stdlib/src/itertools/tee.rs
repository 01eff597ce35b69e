//! `tee`: iterators that share what one of them has already asked the source for.
//!
//! The items are in a chain of blocks; each iterator holds the block where it stands, so blocks that all have passed die. Long chains die
//! one block at a time.

use parking_lot::Mutex;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};

use crate::native_class::{check_count, class_argument, itself, receiver};
use crate::{counted, native_class};

/// Items in a block.
const BLOCK: usize = 57;

struct Block {
    items: Vec<Obj>,
    next: Option<Obj>,
    /// Somebody is asking the source.
    busy: bool,
}

impl TraceField for Block {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.items.trace_field(tracer);
        self.next.trace_field(tracer);
    }
}

/// A block.
#[repr(C)]
pub struct PyTeeData {
    header: Header,
    source: Obj,
    block: Mutex<Block>,
}
layout!(PyTeeData, "itertools._tee_dataobject", [source, block]);

/// One of the iterators.
#[repr(C)]
pub struct PyTee {
    header: Header,
    /// Block and index in it.
    place: Mutex<Place>,
}
layout!(PyTee, "itertools._tee", [place]);

#[derive(Clone)]
struct Place {
    data: Obj,
    index: usize,
}

impl TraceField for Place {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.data.trace_field(tracer);
    }
}

native_class!(
    /// `itertools._tee_dataobject`.
    pub fn data_class() = TypeBuilder::new("itertools._tee_dataobject", PyTeeData::ops())
        .final_()
        .no_instantiation()
        .doc("Data container common to multiple tee objects.")
        .make()
);
native_class!(
    /// `itertools._tee`.
    pub fn class() = TypeBuilder::new("itertools._tee", PyTee::ops())
        .text_signature("(iterable, /)")
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(new), iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY })
        .methods(PyTee::methods())
        .doc("Iterator wrapped to make it copyable.")
        .make()
);

fn new_data(source: Obj) -> Obj {
    let block = Mutex::new(Block { items: Vec::new(), next: None, busy: false });
    new_instance(data_class(), |header| PyTeeData { header, source, block }).into_obj()
}

fn make(place: Place) -> Obj {
    new_instance(class(), |header| PyTee { header, place: Mutex::new(place) }).into_obj()
}

fn from_iterable(iterable: &Obj) -> PyResult<Obj> {
    let iterator = counted::iter(iterable)?;
    Ok(match iterator.downcast::<PyTee>() {
        Some(tee) => make(tee.place.lock().clone()),
        None => make(Place { data: new_data(iterator), index: 0 }),
    })
}

/// `tee(iterable, n)`.
pub fn split(iterable: &Obj, n: isize) -> PyResult<Obj> {
    let Ok(n) = usize::try_from(n) else { return Err(value_error("n must be >= 0")) };
    if n == 0 {
        return Ok(tuple_obj(vec![]));
    }
    if n > isize::MAX as usize / 64 {
        return Err(memory_error());
    }
    let first = from_iterable(iterable)?;
    let place = receiver::<PyTee>(&first)?.place.lock().clone();
    let mut all = Vec::new();
    all.try_reserve_exact(n).map_err(|_| memory_error())?;
    all.push(first);
    all.extend((1..n).map(|_| make(place.clone())));
    Ok(tuple_obj(all))
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    class_argument::<PyTee>(class)?;
    check_count("tee", args, 1, 1)?;
    from_iterable(&args.positional[0])
}

fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyTee>(obj)?;
    let mut place = this.place.lock().clone();
    if place.index >= BLOCK {
        let data = receiver::<PyTeeData>(&place.data)?;
        let known = data.block.lock().next.clone();
        let following = match known {
            Some(following) => following,
            None => {
                let fresh = new_data(data.source.clone());
                data.block.lock().next.get_or_insert(fresh.clone()).clone()
            }
        };
        place = Place { data: following, index: 0 };
    }
    let data = receiver::<PyTeeData>(&place.data)?;
    let item = data.item(place.index)?;
    if item.is_some() {
        place.index += 1;
        let old = std::mem::replace(&mut *this.place.lock(), place);
        drop(old);
    }
    Ok(item)
}

impl PyTeeData {
    fn item(&self, index: usize) -> PyResult<Option<Obj>> {
        {
            let mut block = self.block.lock();
            if let Some(item) = block.items.get(index) {
                return Ok(Some(item.clone()));
            }
            if std::mem::replace(&mut block.busy, true) {
                drop(block);
                return Err(runtime_error("cannot re-enter the tee iterator"));
            }
        }
        let item = counted::next(&self.source);
        let mut block = self.block.lock();
        block.busy = false;
        let item = item?;
        if let Some(item) = &item {
            block.items.push(item.clone());
        }
        Ok(item)
    }
}

impl Drop for PyTeeData {
    fn drop(&mut self) {
        // A long chain of blocks that nobody else holds would be dropped recursively.
        let mut next = self.block.get_mut().next.take();
        while let Some(block) = next {
            next = match block.downcast::<PyTeeData>() {
                // Only a block that dies with this one gives up its successor: its items are still wanted otherwise.
                Some(data) if taipan_gc::refcount::is_unique(&block) => data.block.lock().next.take(),
                _ => None,
            };
        }
    }
}

#[pymethods(class = "itertools._tee")]
impl PyTee {
    /// Returns an independent iterator.
    #[pymethod]
    fn __copy__(&self) -> Obj {
        make(self.place.lock().clone())
    }
}
