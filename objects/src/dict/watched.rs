//! Changes of watched dicts: told of, then made. See [`crate::watch`].
//!
//! All in a critical section on the dict. Watchers run in it; if one gives it up for a while, the change that was told of may not be the one
//! that is to be made any more: then the new one is told of, too.

use taipan_gc::Obj;
use taipan_threading::CriticalSection;

use super::PyDict;
use crate::error::PyResult;
use crate::protocol::IntoStrong;
use crate::watch::Timing;
use crate::watch::dict::{DictEvent, told, watchers};

/// What is to be done with a key.
#[derive(Clone, Copy)]
enum Change<'a> {
    /// Set; the flag says whether it is told of if the value is the same.
    Set(&'a Obj, bool),
    /// Set if absent.
    Add(&'a Obj),
    Delete,
}

impl Change<'_> {
    /// What the change is, if the key has the value `old`; `None` if it is none.
    fn event<'e>(&'e self, key: &'e Obj, old: &'e Option<Obj>) -> Option<DictEvent<'e>> {
        Some(match (*self, old) {
            (Change::Set(value, always), Some(old)) if always || !old.value().same(value.value()) => {
                DictEvent::Modified { key, old, value }
            }
            (Change::Set(value, _) | Change::Add(value), None) => DictEvent::Added { key, value },
            (Change::Delete, Some(old)) => DictEvent::Deleted { key, old },
            _ => return None,
        })
    }
}

impl PyDict {
    /// Makes the change, if it is one; gives the former value.
    fn change_watched(&self, key: &Obj, hash: i64, change: Change<'_>) -> PyResult<Option<Obj>> {
        let _section = CriticalSection::enter(self.header.lock());
        loop {
            let old = self.core.get(key, hash)?.map(IntoStrong::into_strong);
            let Some(event) = change.event(key, &old) else { return Ok(old) };
            let watchers = watchers(self);
            told(&watchers, Timing::Before, self, event);
            let done = self.core.locate(self.header.lock(), key, hash, |core, place| {
                if place.is_ok() != old.is_some() {
                    return None;
                }
                Some(match (change, place) {
                    (Change::Set(value, _), Ok(place)) => {
                        (None, core.replace_value(place.entry, value.clone()))
                    }
                    (Change::Delete, Ok(place)) => core.remove_at(place),
                    (Change::Set(value, _) | Change::Add(value), Err(vacant)) => {
                        core.insert_absent(
                            vacant,
                            hash,
                            key.clone().into_value(),
                            value.clone().into_value(),
                        );
                        (None, None)
                    }
                    (Change::Add(_), Ok(_)) | (Change::Delete, Err(_)) => (None, None),
                })
            })?;
            if let Some((removed_key, removed)) = done {
                told(&watchers, Timing::After, self, event);
                drop(removed_key);
                return Ok(removed);
            }
        }
    }

    #[cold]
    pub(super) fn set_watched(&self, key: &Obj, hash: i64, value: &Obj) -> PyResult<()> {
        self.change_watched(key, hash, Change::Set(value, false)).map(drop)
    }
    /// Sets `key` unless it is there; gives the value that it has then.
    #[cold]
    pub(super) fn add_watched(&self, key: &Obj, hash: i64, value: &Obj) -> PyResult<Option<Obj>> {
        self.change_watched(key, hash, Change::Add(value))
    }
    #[cold]
    pub(super) fn pop_watched(&self, key: &Obj, hash: i64) -> PyResult<Option<Obj>> {
        self.change_watched(key, hash, Change::Delete)
    }

    /// Removes the newest or the oldest pair.
    #[cold]
    pub(super) fn pop_end_watched(&self, newest: bool) -> Option<(Obj, Obj)> {
        let _section = CriticalSection::enter(self.header.lock());
        loop {
            let entry = if newest {
                let mut position = self.core.end();
                self.core.previous_entry(&mut position)
            } else {
                self.core.next_entry(&mut 0)
            };
            let (hash, key, _) = entry?;
            let key = key.into_strong();
            // The key is found by identity: no Python code runs that could raise.
            match self.change_watched(&key, hash, Change::Delete) {
                Ok(Some(value)) => return Some((key, value)),
                Ok(None) => {}
                Err(crate::error::Raised) => drop(crate::error::try_take_raised()),
            }
        }
    }

    #[cold]
    pub(super) fn clear_watched(&self) {
        let _section = CriticalSection::enter(self.header.lock());
        if self.is_empty() {
            return;
        }
        let watchers = watchers(self);
        told(&watchers, Timing::Before, self, DictEvent::Cleared);
        self.core.clear(self.header.lock());
        told(&watchers, Timing::After, self, DictEvent::Cleared);
    }

    /// Takes all pairs of `other`, if the dict is empty and these are not.
    #[cold]
    pub(super) fn merge_watched(&self, other: &PyDict) -> bool {
        let _section = CriticalSection::enter(self.header.lock());
        if !self.is_empty() || other.is_empty() {
            return false;
        }
        let watchers = watchers(self);
        told(&watchers, Timing::Before, self, DictEvent::Cloned { source: other });
        let done = self.core.replace_content(self.header.lock(), other.core.copy(other.header.lock()), true);
        if done {
            told(&watchers, Timing::After, self, DictEvent::Cloned { source: other });
        }
        done
    }

    /// [`PyDict::set`] for an instance's attribute: a watcher is told although the value is the same.
    pub(crate) fn set_attribute(&self, name: Obj, value: Obj) -> PyResult<()> {
        if !self.is_watched() {
            return self.set(name, value);
        }
        let (name, value) = (name.into_strong(), value.into_strong());
        let hash = super::hash_key(&name)?;
        self.change_watched(&name, hash, Change::Set(&value, true)).map(drop)
    }
}
