//! Attributes of instances that have a real `dict`: those whose shape is their class's *dict shape*.
//!
//! The overflow word is the slot of the dict then. It is read without a lock, as any slot; who finds no dict in it sees a conversion that
//! is under way, or a class whose instances begin without, and looks again under the object's lock. Whether the dict is still the instance's when it is read or
//! changed does not matter: it was when the slot was read.
//!
//! *Places.* Inline caches remember in which entry of its dict an instance had an attribute, and ask the dict of another one for that entry. A table has a key once at most, and an entry
//! is never reused for another key, so an entry with the very name is the one that a lookup in that table would find, whatever dict it is; the value is read and changed by the rules of
//! lookups ([`crate::dict`]). So the place is a hint, not something that has to be invalidated.

use taipan_gc::{Header, Obj, Py, Slot, Value};
use taipan_threading::CriticalSection;
use taipan_threading::sync::atomic::{Ordering, fence};

use super::{Extension, Shape, class_ref, extension, retire_word};
use crate::dict::{NameTable, PyDict};
use crate::error::PyResult;
use crate::protocol::IntoStrong;
use crate::str::PyStr;

/// The instance's dict if it has one already (dict shape), counted.
pub(super) fn instance_dict(obj: &Obj) -> Option<Py<PyDict>> {
    let (shape, ext, header) = extension(obj)?;
    if !shape.is_dict {
        return None;
    }
    if ext.dict_slot().is_none() {
        // Waits for the end of the conversion.
        drop(taipan_threading::multi_threaded().then(|| CriticalSection::enter(header.lock())));
    }
    ext.dict_slot()?.load()?.into_py().ok()
}

/// The instance's dict if it has one already and nobody is just making it.
#[inline]
fn present(obj: &Obj) -> Option<Obj> {
    let (shape, ext, _) = extension(obj)?;
    if !shape.is_dict {
        return None;
    }
    ext.dict_slot()?.load()
}

/// The attribute `name` of an instance of a dict shape, not looking at the class.
pub(super) fn get_attribute(obj: &Obj, name: &Py<PyStr>) -> PyResult<Option<Obj>> {
    // Uncounted: comparing words runs no code.
    if let Some((_, ext, _)) = extension(obj)
        && let Some(dict) = ext.dict_slot().and_then(Slot::load_uncounted)
        && let Some(dict) = dict.downcast::<PyDict>()
        && let Some(found) = dict.get_by_word(name.as_obj().value(), name.python_hash())
    {
        return Ok(found);
    }
    match instance_dict(obj) {
        Some(dict) => dict.get(name.as_obj()),
        None => Ok(None),
    }
}

/// Stores the attribute in the dict that the instance has, or that is made.
pub(super) fn set_attribute(obj: &Obj, name: &Py<PyStr>, value: Obj) -> PyResult<()> {
    dict_of(obj)?.set_attribute(name.as_obj().clone(), value)
}

/// The slots were (or are being) moved to a dict, and somebody stored into one behind that: moves what is there.
#[cold]
pub(super) fn move_parked(
    obj: &Obj,
    ext: Extension,
    header: &Header,
    slot: &Slot,
    name: &Py<PyStr>,
) -> PyResult<()> {
    loop {
        // Waits for the end of the conversion.
        let dict = dict_of(obj)?;
        // Both locks: while a thread carried the value from one to the other, its writer could not see it.
        let _sections = CriticalSection::enter2(header.lock(), dict.header().lock());
        if !ext.dict_slot().is_some_and(|now| now.peek().same(dict.as_obj().value())) {
            // `__dict__` was assigned meanwhile.
            continue;
        }
        return match slot.take() {
            Some(value) => dict.set(name.as_obj().clone(), value),
            None => Ok(()),
        };
    }
}

/// The instance's `__dict__` as a real dict, made from its slots if necessary. The class must allow attributes.
pub fn dict_of(obj: &Obj) -> PyResult<Py<PyDict>> {
    if let Some(dict) = instance_dict(obj) {
        return Ok(dict);
    }
    let Some((_, ext, header)) = extension(obj) else {
        return Err(crate::error::attribute_error("object has no attribute '__dict__'"));
    };
    // While there is one thread nothing happens in between: no code runs.
    let section = taipan_threading::multi_threaded().then(|| CriticalSection::enter(header.lock()));
    let shape = Shape::of(header);
    if shape.is_dict {
        drop(section);
        return match instance_dict(obj) {
            Some(dict) => Ok(dict),
            None => {
                let dict = PyDict::new();
                set_dict(obj, dict.clone()).map(|()| dict)
            }
        };
    }
    let class = class_ref(shape, header);
    let target = class.dict_shape(shape.inline_cap)?;
    header.set_shape(target.id);
    fence(Ordering::SeqCst);
    let overflow = ext.overflow();
    let names = shape.name_table.get_or_init(|| {
        // SAFETY: interned names are immortal.
        NameTable::new(shape.names().into_iter().map(|name| unsafe { &*name }))
    });
    let (dict, is_complete) = PyDict::of_table(names, |at| {
        let index = shape.fixed + at as u32;
        match index.checked_sub(shape.inline_cap) {
            // SAFETY: in bounds; alive.
            None => unsafe { ext.slot(index) }.take(),
            Some(beyond) => overflow.and_then(|o| o.slots.get(beyond as usize)?.take()),
        }
    });
    debug_assert!(is_complete, "an attribute of the shape without a value");
    let word = dict.clone().into_obj().into_counted().bits();
    let old = ext.word().swap(word, Ordering::SeqCst);
    drop(section);
    retire_word(old);
    Ok(dict)
}

/// Assigns `__dict__`.
pub fn set_dict(obj: &Obj, dict: Py<PyDict>) -> PyResult<()> {
    let Some((shape, ext, header)) = extension(obj) else {
        return Err(crate::error::attribute_error("object has no attribute '__dict__'"));
    };
    if !shape.is_dict {
        let _ = dict_of(obj)?;
    }
    let section = CriticalSection::enter(header.lock());
    // SeqCst: as slots are exchanged.
    let old = ext.word().swap(dict.into_obj().into_counted().bits(), Ordering::SeqCst);
    drop(section);
    retire_word(old);
    Ok(())
}

/// Words from the header of an instance of `shape` to the slot of its dict.
#[inline]
pub fn distance(shape: &Shape) -> u32 {
    shape.ext_offset / 8
}

/// The dict of an instance, which is `distance` words behind the header, while nobody but this thread can exchange it.
///
/// # Safety
/// The distance is that of the instance's shape, a dict shape.
#[inline(always)]
unsafe fn dict_alone(header: &Header, distance: u32) -> Option<&PyDict> {
    if !taipan_gc::refcount::is_alone(header) {
        return None;
    }
    // SAFETY: says the caller.
    let slot = unsafe { &*std::ptr::from_ref(header).cast::<Slot>().add(distance as usize) };
    let word = slot.peek();
    if word.is_empty() {
        return None;
    }
    // SAFETY: nothing but a dict is ever there, and it stays while the caller reaches no safepoint and runs no code.
    Some(unsafe { &*word.ptr().cast::<PyDict>() })
}

/// The attribute `name` (interned) of an instance of a dict shape, whose dict is `distance` words behind the header, if it is in entry `place` of it and that is a matter of a few
/// instructions. May be uncounted.
///
/// # Safety
/// The distance is that of the instance's shape, a dict shape.
#[inline(always)]
pub unsafe fn value_at_once(header: &Header, distance: u32, name: Value, place: u32) -> Option<Obj> {
    // SAFETY: says the caller.
    unsafe { dict_alone(header, distance) }?.value_at_place(name, place)
}

/// The attribute `name` (interned) of such an instance, or that its dict has none; nothing: that takes more. May be uncounted.
///
/// # Safety
/// As for [`value_at_once`].
#[inline]
pub unsafe fn look_at_once(header: &Header, distance: u32, name: Value) -> Option<Option<Obj>> {
    // SAFETY: an interned string.
    let hash = unsafe { &*name.ptr().cast::<PyStr>() }.hash_at_once()?;
    // SAFETY: says the caller.
    unsafe { dict_alone(header, distance) }?.get_by_word(name, hash)
}

/// The slot of the value of the attribute `name` in the dict of such an instance, if that is in entry `place` and no other thread can be at either: the caller may exchange it by
/// [`Slot::replace_alone`].
///
/// # Safety
/// As for [`value_at_once`].
#[inline(always)]
pub unsafe fn slot_at_once(header: &Header, distance: u32, name: Value, place: u32) -> Option<&Slot> {
    // SAFETY: says the caller.
    unsafe { dict_alone(header, distance) }?.slot_at_place_alone(name, place)
}

/// Stores the attribute `name` in the dict of an instance of a dict shape, if it has it in entry `place`. Gives the value back otherwise.
#[inline]
pub fn set_at_place(obj: &Obj, name: &Py<PyStr>, place: u32, value: Obj) -> Result<(), Obj> {
    match instance_dict(obj) {
        // Counted: waiting for the lock may be a safepoint.
        Some(dict) => dict.set_at_place(name.as_obj().value(), place, value.into_strong()),
        None => Err(value),
    }
}

/// The entry of its dict in which an instance of a dict shape has the attribute, if there is a dict. This reaches no safepoint.
pub fn place_of(obj: &Obj, name: &PyStr) -> Option<u32> {
    present(obj)?.downcast::<PyDict>()?.entry_index(name)
}
