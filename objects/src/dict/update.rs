//! Filling a dict from other objects: `dict(...)`, `update`, `|`, `fromkeys`.

use taipan_gc::{Obj, Py};

use super::{PyDict, exact_dict, hash_key, slots};
use crate::error::*;
use crate::exceptions::PyBaseException;
use crate::istr;
use crate::iterators::PyZip;
use crate::protocol::{self, IntoStrong, Items};
use crate::set::PySet;
use crate::tuple::exact_tuple;
use crate::type_object::class_of;
use crate::types::types;

/// Rewords the plain `TypeError` of an unhashable key: "cannot use 'list' as a dict key (unhashable type: 'list')".
#[cold]
pub(crate) fn unhashable(raised: Raised, key: &Obj, what: &str) -> Raised {
    let Raised = raised;
    let exception = take_raised();
    if !class_of(&exception).is(&types().type_error) {
        return set_raised(exception);
    }
    match protocol::str_string(&exception) {
        Ok(text) => type_error(format!("cannot use '{}' as {what} ({text})", class_of(key).full_name())),
        Err(raised) => raised,
    }
}

/// What to do with a key that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OnDuplicate {
    Replace,
    Keep,
    /// Raise `KeyError(key)`.
    Refuse,
}

/// `obj` if it is a dict that iterates over its own keys: what other methods a subclass has does not matter to who copies it.
pub fn plain_mapping(obj: &Obj) -> Option<&PyDict> {
    obj.downcast::<PyDict>().filter(|_| slots::has_own_iter(class_of(obj)))
}

impl PyDict {
    /// Adds the pairs of another dict, as they are at one moment.
    pub fn merge(&self, other: &PyDict, on_duplicate: OnDuplicate) -> PyResult<()> {
        if std::ptr::eq(self, other) {
            return Ok(());
        }
        if self.is_watched() && self.merge_watched(other) {
            return Ok(());
        }
        if self.is_empty()
            && !self.is_watched()
            && self.core.replace_content(self.header.lock(), other.core.copy(other.header.lock()), true)
        {
            return Ok(());
        }
        let entries = other.snapshot_with_hashes();
        if entries.len() > 8 {
            self.core.reserve(self.header.lock(), self.len() + entries.len());
        }
        let keys = other.core.changes();
        for (hash, key, value) in entries {
            self.add(key, hash, value, on_duplicate)?;
            // What other threads do to `other` meanwhile does not matter: its pairs were taken at one moment.
            if other.core.changes() != keys && !taipan_threading::multi_threaded() {
                return Err(runtime_error("dict mutated during update"));
            }
        }
        Ok(())
    }

    fn add(&self, key: Obj, hash: i64, value: Obj, on_duplicate: OnDuplicate) -> PyResult<()> {
        match on_duplicate {
            OnDuplicate::Replace => self.set_with_hash(key, hash, value),
            OnDuplicate::Keep => self.set_if_absent(key, hash, value).map(drop),
            OnDuplicate::Refuse => {
                if self.set_if_absent(key.clone(), hash, value)? {
                    Ok(())
                } else {
                    Err(key_error(key))
                }
            }
        }
    }

    /// `dict.update(other)`: a mapping (anything with `keys`) or an iterable of pairs.
    pub fn update_from(&self, other: &Obj) -> PyResult<()> {
        self.update_with(other, OnDuplicate::Replace)
    }

    /// [`PyDict::update_from`] with a choice.
    pub fn update_with(&self, other: &Obj, on_duplicate: OnDuplicate) -> PyResult<()> {
        if let Some(dict) = other.downcast::<PyDict>()
            && slots::has_own_iter(class_of(other))
        {
            return self.merge(dict, on_duplicate);
        }
        match protocol::getattr_opt(other, &istr!("keys"))? {
            Some(keys) => self.update_from_keys(other, &keys, on_duplicate),
            None => self.update_from_pairs(other, on_duplicate),
        }
    }

    /// Adds the items of a mapping that is no plain dict; `TypeError` if it has no `keys` (`**` in calls and displays).
    pub fn update_from_mapping(&self, other: &Obj, on_duplicate: OnDuplicate) -> PyResult<()> {
        if let Some(dict) = other.downcast::<PyDict>()
            && slots::has_own_iter(class_of(other))
        {
            return self.merge(dict, on_duplicate);
        }
        match protocol::getattr_opt(other, &istr!("keys"))? {
            Some(keys) => self.update_from_keys(other, &keys, on_duplicate),
            None => Err(type_error(format!("'{}' object is not a mapping", class_of(other).name()))),
        }
    }

    fn update_from_keys(&self, other: &Obj, keys: &Obj, on_duplicate: OnDuplicate) -> PyResult<()> {
        let keys = protocol::call0(&keys.clone())?;
        let iterator = iter_of_keys(other, &keys)?;
        while let Some(key) = protocol::next(&iterator)? {
            let key = protocol::IntoStrong::into_strong(key);
            let hash = hash_key(&key)?;
            if on_duplicate != OnDuplicate::Replace && self.core.contains(&key, hash)? {
                if on_duplicate == OnDuplicate::Refuse {
                    return Err(key_error(key));
                }
                continue;
            }
            let value = protocol::getitem(other, &key)?;
            self.add(key, hash, value, on_duplicate)?;
        }
        Ok(())
    }

    fn update_from_pairs(&self, other: &Obj, on_duplicate: OnDuplicate) -> PyResult<()> {
        if let Some(zip) = other.downcast::<PyZip>()
            && class_of(other).is(&types().zip)
        {
            // Its pairs without tuples, as long as it has pairs.
            while let Some(pair) = zip.next_pair() {
                let Some((key, value)) = pair? else { return Ok(()) };
                let (key, value) = (key.into_strong(), value.into_strong());
                let hash = hash_key(&key)?;
                self.add(key, hash, value, on_duplicate)?;
            }
        }
        let mut items = Items::of(other)?;
        let mut number = 0usize;
        while let Some(item) = items.next()? {
            if let Some(pair) = exact_tuple(&item)
                && let [key, value] = pair.as_slice()
            {
                self.add(key.clone(), hash_key(key)?, value.clone(), on_duplicate)?;
                number += 1;
                continue;
            }
            let mut pair = pair_of(&item, number)?;
            if pair.len() != 2 {
                return Err(value_error(format!(
                    "dictionary update sequence element #{number} has length {}; 2 is required",
                    pair.len()
                )));
            }
            let value = pair.swap_remove(1);
            let key = pair.swap_remove(0);
            let hash = hash_key(&key)?;
            self.add(key, hash, value, on_duplicate)?;
            number += 1;
        }
        Ok(())
    }

    /// `cls.fromkeys(iterable, value)`.
    pub(super) fn from_keys(class: &Obj, iterable: &Obj, value: &Obj) -> PyResult<Obj> {
        let made = protocol::call0(class)?;
        if let Some(dict) = exact_dict(&made) {
            if let Some(other) = exact_dict(iterable) {
                dict.core.reserve(dict.header.lock(), other.len());
                for (hash, key, _) in other.snapshot_with_hashes() {
                    dict.set_with_hash(key, hash, value.clone())?;
                }
                return Ok(made);
            }
            if let Some(set) = iterable.downcast::<PySet>()
                && PySet::is_exact_class(class_of(iterable))
            {
                dict.core.reserve(dict.header.lock(), set.len());
                for (hash, key) in set.snapshot_with_hashes() {
                    dict.set_with_hash(key, hash, value.clone())?;
                }
                return Ok(made);
            }
            let mut keys = Items::of(iterable)?;
            while let Some(key) = keys.next()? {
                dict.set(key, value.clone())?;
            }
            return Ok(made);
        }
        let iterator = protocol::iter(iterable)?;
        while let Some(key) = protocol::next(&iterator)? {
            protocol::setitem(&made, &protocol::IntoStrong::into_strong(key), value)?;
        }
        Ok(made)
    }

    /// `self == other` for dicts.
    pub(super) fn equals(&self, other: &PyDict) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let mut position = 0;
        while let Some((hash, key, value)) = self.next_entry_with_hash(&mut position) {
            let Some(theirs) = other.core.get(&key, hash)? else { return Ok(false) };
            let theirs = protocol::IntoStrong::into_strong(theirs);
            if !protocol::eq(&value, &theirs)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The items of element `number` of a sequence of pairs; a note says which one it was that has none.
fn pair_of(item: &Obj, number: usize) -> PyResult<Vec<Obj>> {
    let slots = &class_of(item).slots;
    let collected = if slots.iter().is_none() && slots.getitem().is_none() {
        Err(type_error("object is not iterable"))
    } else {
        protocol::collect(item)
    };
    if collected.is_ok() || !raised_is(&types().type_error) {
        return collected;
    }
    let exception = take_raised();
    if let Some(e) = exception.downcast::<PyBaseException>() {
        let note = format!("Cannot convert dictionary update sequence element #{number} to a sequence");
        e.add_note(&exception, &note)?;
    }
    Err(set_raised(exception))
}

/// A new `dict` with the pairs of `a`, then those of `b`.
pub(super) fn union(a: &PyDict, b: &Obj) -> PyResult<Py<PyDict>> {
    let result = a.copy();
    result.update_from(b)?;
    Ok(result)
}

/// An iterator over what the `keys` of a mapping returned.
pub fn iter_of_keys(mapping: &Obj, keys: &Obj) -> PyResult<Obj> {
    protocol::iter(keys).or_else(|Raised| {
        drop(catch(&types().type_error)?);
        let (mapping, keys) = (class_of(mapping).name(), class_of(keys).name());
        Err(type_error(format!("{mapping}.keys() returned a non-iterable (type {keys})")))
    })
}
