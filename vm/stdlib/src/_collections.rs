//! `_collections`: `deque`, `defaultdict`, `OrderedDict` and what `collections` needs beside them.

pub mod defaultdict;
pub mod deque;
pub mod ordered_dict;
pub mod tuplegetter;

use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_threading::CriticalSection;

use crate::counted;

/// Counts the items of `iterable` in a plain dict.
fn count_in_dict(dict: &PyDict, iterable: &Obj) -> PyResult<()> {
    let mut items = protocol::Items::of(iterable)?;
    while let Some(key) = items.next()? {
        count_one(dict, key)?;
    }
    Ok(())
}

fn count_one(dict: &PyDict, key: Obj) -> PyResult<()> {
    let hash = protocol::hash(&key)?;
    if !dict.count(&key, hash)? {
        let one = int_obj(1);
        // One section for reading and writing, so that threads that count into one dict lose nothing.
        let _section = CriticalSection::enter(dict.header().lock());
        let value = match dict.get_with_hash(&key, hash)? {
            Some(old) => counted::binary_op(&old.into_strong(), &one, BinaryOp::Add)?,
            None => one.clone(),
        };
        dict.set_with_hash(key, hash, value)?;
    }
    Ok(())
}

/// High performance data structures.
/// - deque:        ordered collection accessible from endpoints only
/// - defaultdict:  dict subclass with a default value factory
#[pymodule(name = "_collections")]
mod items {
    use super::*;

    #[pyattr(name = "deque")]
    fn deque_class() -> Obj {
        deque::class().as_obj().clone()
    }
    #[pyattr(name = "_deque_iterator")]
    fn deque_iterator() -> Obj {
        deque::iterator::class().as_obj().clone()
    }
    #[pyattr(name = "_deque_reverse_iterator")]
    fn deque_reverse_iterator() -> Obj {
        deque::iterator::reverse_class().as_obj().clone()
    }
    #[pyattr(name = "defaultdict")]
    fn defaultdict_class() -> Obj {
        defaultdict::class().as_obj().clone()
    }
    #[pyattr(name = "OrderedDict")]
    fn ordered_dict_class() -> Obj {
        ordered_dict::class().as_obj().clone()
    }
    #[pyattr(name = "_tuplegetter")]
    fn tuplegetter_class() -> Obj {
        tuplegetter::class().as_obj().clone()
    }
    /// Adds one to `mapping[item]` for every item of an iterable.
    #[pyfunction]
    fn _count_elements(mapping: &Obj, iterable: &Obj) -> PyResult<()> {
        let class = class_of(mapping);
        let plain = exact_dict(mapping).is_some()
            || mapping.is_layout::<PyDict>() && {
                // A subclass (`Counter`) that changes neither reading nor writing.
                let same = |name: &str| {
                    let own = class.lookup_name(name);
                    own.zip(types().dict.lookup_name(name)).is_some_and(|(a, b)| a.is(&b))
                };
                same("get") && same("__setitem__")
            };
        if plain && let Some(dict) = mapping.downcast::<PyDict>() {
            return count_in_dict(dict, iterable);
        }
        let one = int_obj(1);
        let get = counted::getattr(mapping, "get")?;
        let iterator = counted::iter(iterable)?;
        while let Some(key) = counted::next(&iterator)? {
            let old = counted::call(&get, &[key.clone(), int_obj(0)])?;
            let new = counted::binary_op(&old, &one, BinaryOp::Add)?;
            protocol::setitem(mapping, &key, &new)?;
        }
        Ok(())
    }
}
