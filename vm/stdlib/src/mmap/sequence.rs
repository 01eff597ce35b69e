//! `mmap` objects as sequences: indices give numbers, iteration gives `bytes` of length one.

use taipan_objects::buffer::{SliceRange, slice_range};
use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;
use taipan_objects::slice::PySlice;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::{PyMmap, bytes_argument, owned_bytes};
use crate::native_class;
use crate::native_class::{itself, receiver};

pub fn len(slf: &Obj) -> PyResult<usize> {
    receiver::<PyMmap>(slf)?.with(|_, mapping| Ok(mapping.len()))
}

/// What a subscript means.
enum Place {
    At(usize),
    Range(SliceRange),
}

/// `integers`: what the error says that indices must be.
fn place(this: &PyMmap, key: &Obj, integers: &str) -> PyResult<Place> {
    this.with(|_, _| Ok(()))?;
    // Indices may run Python code: before the memory is looked at.
    let key = if key.is_layout::<PySlice>() {
        key.clone()
    } else if has_index(key) {
        index(key)?
    } else {
        return Err(type_error(format!("mmap indices must be {integers}")));
    };
    let at = if key.is_layout::<PySlice>() { 0 } else { index_word_or(&key, &types().index_error)? };
    let len = this.with(|_, mapping| Ok(mapping.len()))?;
    match slice_range(&key, len)? {
        Some(range) => Ok(Place::Range(range)),
        None => taipan_objects::buffer::index_in(at, len)
            .map(Place::At)
            .ok_or_else(|| index_error("mmap index out of range")),
    }
}

pub fn getitem(slf: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyMmap>(slf)?;
    let place = place(this, key, "integers")?;
    this.with(|_, mapping| {
        mapping.with(|bytes| match &place {
            Place::At(at) => match bytes.get(*at) {
                Some(byte) => Ok(int_obj((*byte).into())),
                None => Err(index_error("mmap index out of range")),
            },
            Place::Range(range) if range.step == 1 => {
                Ok(owned_bytes(bytes.get(range.start..range.start + range.count).unwrap_or_default()))
            }
            Place::Range(range) => {
                let picked: Vec<u8> = range.positions().filter_map(|at| bytes.get(at).copied()).collect();
                Ok(owned_bytes(&picked))
            }
        })
    })
}

pub fn setitem(slf: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let this = receiver::<PyMmap>(slf)?;
    this.with_writable(|_, _| Ok(()))?;
    let place = place(this, key, "integer")?;
    let Some(value) = value else {
        return Err(type_error(match place {
            Place::At(_) => "mmap doesn't support item deletion",
            Place::Range(_) => "mmap object doesn't support slice deletion",
        }));
    };
    match place {
        Place::At(at) => {
            if !has_index(value) {
                return Err(type_error("mmap item value must be an int"));
            }
            let number = index(value)?;
            let byte = int_ref(&number).and_then(|i| i.to_i64()).and_then(|i| u8::try_from(i).ok());
            let Some(byte) = byte else {
                return Err(value_error("mmap item value must be in range(0, 256)"));
            };
            this.with_writable(|_, mapping| {
                if mapping.write(at, &[byte]) { Ok(()) } else { Err(index_error("mmap index out of range")) }
            })
        }
        Place::Range(range) => {
            let bytes = bytes_argument(value)?;
            if bytes.len() != range.count {
                return Err(index_error("mmap slice assignment is wrong size"));
            }
            this.with_writable(|_, mapping| {
                let done = if range.step == 1 {
                    mapping.write(range.start, &bytes)
                } else {
                    range.positions().zip(&bytes).all(|(at, byte)| mapping.write(at, &[*byte]))
                };
                if done { Ok(()) } else { Err(index_error("mmap slice assignment is wrong size")) }
            })
        }
    }
}

/// An iterator over the bytes.
#[repr(C)]
struct PyMmapIterator {
    header: Header,
    memory: Obj,
    next: AtomicUsize,
}
layout!(PyMmapIterator, "mmap_iterator", [memory]);

native_class!(
    fn iterator_class() = TypeBuilder::new("mmap.mmap_iterator", PyMmapIterator::ops())
        .slots(TypeSlots { iter: Some(itself), iternext: Some(next), ..TypeSlots::EMPTY })
        .no_instantiation()
        .make()
);

pub fn iter(slf: &Obj) -> PyResult<Obj> {
    let memory = slf.clone();
    let make = |header| PyMmapIterator { header, memory, next: AtomicUsize::new(0) };
    Ok(new_instance(iterator_class(), make).into_obj())
}

fn next(slf: &Obj) -> PyResult<Option<Obj>> {
    let this = receiver::<PyMmapIterator>(slf)?;
    // Relaxed: each number is handed out once, and says nothing about other memory.
    let at = this.next.fetch_add(1, Ordering::Relaxed);
    receiver::<PyMmap>(&this.memory)?
        .with(|_, mapping| Ok(mapping.with(|bytes| bytes.get(at).map(|byte| owned_bytes(&[*byte])))))
}
