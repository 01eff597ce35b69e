//! `dict`: compact, in order of insertion, read without a lock.
//!
//! The rules of the table are in [`hash_core`] (readers and writers) and [`table`] (memory). Here: the Rust interface. Parts:
//! `slots` and `methods` (what Python sees), `update` (building from other things), `views` (keys, values, items, iterators), `watched` (changes
//! that somebody wants to be told of).
//!
//! Results of the `get` family may be *uncounted*: good in a register or for a look without a safepoint; clone them to keep them.

pub mod at_once;
pub mod extended;
pub(crate) mod hash_core;
mod methods;
mod slots;
pub(crate) mod table;
mod update;
pub mod views;
mod watched;

use taipan_gc::{Header, Obj, Py, Value};

use crate::error::*;
use crate::layout;
use crate::protocol::{self, IntoStrong};
use crate::short_section::ShortSection;
use crate::str::{PyStr, intern, is_exact_str};
use crate::type_object::{PyType, SlotId, class_of, new_instance};
use crate::types::{Types, types};
use crate::watch::WATCHED;
use hash_core::HashCore;

pub(crate) use hash_core::names::NameTable;
pub(crate) use update::unhashable;
pub use update::{OnDuplicate, iter_of_keys, plain_mapping};

/// Words of an entry: hash, key, value.
const STRIDE: u8 = 3;

/// Where a value is, for machine code, which reads it as [`PyDict::cached_at_once`] does: while the set of keys has the version that it had when this was asked for, and the table is the
/// same, the value is in it there.
pub struct ValueAddress {
    /// Where the dict has the address of its table.
    pub holder: *const u8,
    pub table: *const u8,
    /// Bytes from the table's address.
    pub offset: i32,
}

/// A `dict` object.
#[repr(C)]
pub struct PyDict {
    header: Header,
    pub(crate) core: HashCore,
}
layout!(PyDict, "dict", trace = |this: &PyDict, tracer: &mut crate::Tracer<'_>| this.core.trace(tracer));

/// Fills the classes of this module.
pub(crate) fn fill(types: &Types) {
    slots::fill(types);
    views::fill(types);
}

/// The hash of a dict key; the error for unhashable ones names the use.
#[inline]
pub(crate) fn hash_key(key: &Obj) -> PyResult<i64> {
    let value = key.value();
    if value.is_ptr()
        && is_exact_str(key)
        && let Some(text) = key.downcast::<PyStr>()
    {
        return Ok(text.python_hash());
    }
    protocol::hash(key).map_err(|raised| unhashable(raised, key, "a dict key"))
}

impl PyDict {
    fn exact(core: HashCore) -> Py<PyDict> {
        Py::new(PyDict { header: Header::new(types().dict.root_shape()), core })
    }
    /// An empty `dict`.
    pub fn new() -> Py<PyDict> {
        Self::exact(HashCore::new(STRIDE))
    }
    /// An empty `dict` with room for `entries` keys.
    pub fn with_capacity(entries: usize) -> Py<PyDict> {
        Self::exact(HashCore::with_capacity(STRIDE, entries))
    }
    /// An empty instance of `class`, `dict` or a subclass.
    pub fn with_class(class: &PyType) -> Py<PyDict> {
        new_instance(class, |header| PyDict { header, core: HashCore::new(STRIDE) })
    }
    /// A `dict` of pairs; later ones win.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (Obj, Obj)>) -> PyResult<Py<PyDict>> {
        let dict = PyDict::new();
        for (key, value) in pairs {
            dict.set(key, value)?;
        }
        Ok(dict)
    }
    /// A `dict` of `count` interned strings, no two of them the same, with their values.
    pub fn of_names<'a>(count: usize, pairs: impl Iterator<Item = (&'a Obj, Obj)>) -> Py<PyDict> {
        if count == 0 {
            return Self::new();
        }
        Self::exact(HashCore::of_names(count, pairs))
    }
    /// A `dict` of the names of a table with the values that `value` gives by their numbers; and whether it gave all.
    pub(crate) fn of_table(names: &NameTable, value: impl FnMut(usize) -> Option<Obj>) -> (Py<PyDict>, bool) {
        let (core, is_complete) = names.with_values(value);
        (Self::exact(core), is_complete)
    }
    pub fn header(&self) -> &Header {
        &self.header
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.core.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The value of `key`.
    #[inline]
    pub fn get(&self, key: &Obj) -> PyResult<Option<Obj>> {
        Ok(self.get_lent(key)?.map(IntoStrong::into_strong))
    }
    /// The value of `key`. May be uncounted: it must go into a register, or be cloned, before anything that may run Python code.
    #[inline]
    pub fn get_lent(&self, key: &Obj) -> PyResult<Option<Obj>> {
        self.core.get(key, hash_key(key)?)
    }
    /// The dict that `obj` is, if its class leaves subscripts to `dict` (`__missing__` may be its own).
    #[inline]
    pub fn subscripted_plainly(obj: &Obj) -> Option<&PyDict> {
        Self::with_slot_of_dict(obj, SlotId::Getitem)
    }
    /// The dict that `obj` is, if its class leaves storing and deleting by key to `dict`.
    #[inline]
    pub fn stored_plainly(obj: &Obj) -> Option<&PyDict> {
        Self::with_slot_of_dict(obj, SlotId::Setitem)
    }
    #[inline]
    fn with_slot_of_dict(obj: &Obj, slot: SlotId) -> Option<&PyDict> {
        let dict = obj.downcast::<PyDict>()?;
        let is_plain =
            dict.is_exact() || std::ptr::eq(class_of(obj).slots.raw(slot), types().dict.slots.raw(slot));
        is_plain.then_some(dict)
    }
    /// `dict[key]` of such a dict: what is there, or what `__missing__` says. May be uncounted: see [`PyDict::get_lent`].
    #[inline]
    pub fn subscript_lent(&self, key: &Obj) -> PyResult<Obj> {
        match self.get_lent(key)? {
            Some(value) => Ok(value),
            None => slots::missing(self, key),
        }
    }
    /// The value of `key`, whose hash is known.
    #[inline]
    pub fn get_with_hash(&self, key: &Obj, hash: i64) -> PyResult<Option<Obj>> {
        Ok(self.core.get(key, hash)?.map(IntoStrong::into_strong))
    }
    /// The value of `key`, whose hash is known. May be uncounted: see [`PyDict::get_lent`].
    #[inline]
    pub fn get_with_hash_lent(&self, key: &Obj, hash: i64) -> PyResult<Option<Obj>> {
        self.core.get(key, hash)
    }
    /// The value of a tuple of these items, which need not exist, if that can be had without running code. May be uncounted: see [`PyDict::get_lent`].
    #[inline]
    pub fn get_tuple_lent(&self, items: &[Obj], hash: i64) -> Option<Option<Obj>> {
        self.core.get_tuple(items, hash)
    }
    /// The value of an exact string.
    #[inline]
    pub fn get_str(&self, key: &Py<PyStr>) -> Option<Obj> {
        self.core.get_str(key).map(IntoStrong::into_strong)
    }
    /// The value of an exact string. May be uncounted: see [`PyDict::get_lent`].
    #[inline]
    pub fn get_str_lent(&self, key: &PyStr) -> Option<Obj> {
        self.core.get_str(key)
    }
    /// As [`PyDict::get_str`].
    #[inline]
    pub fn get_str_ref(&self, key: &PyStr) -> Option<Obj> {
        self.core.get_str(key).map(IntoStrong::into_strong)
    }
    /// The value of a key given as text.
    pub fn get_name(&self, key: &str) -> Option<Obj> {
        self.core.get_str(&intern(key)).map(IntoStrong::into_strong)
    }
    #[inline]
    pub fn contains(&self, key: &Obj) -> PyResult<bool> {
        self.core.contains(key, hash_key(key)?)
    }
    pub fn contains_str(&self, key: &str) -> bool {
        self.get_name(key).is_some()
    }
    /// `dict[key] = value`.
    #[inline]
    pub fn set(&self, key: Obj, value: Obj) -> PyResult<()> {
        let (key, value) = (key.into_strong(), value.into_strong());
        if let Some(hash) = at_once::hash_at_once(key.value()) {
            return self.set_plain(key, hash, value);
        }
        let hash = hash_key(&key)?;
        self.set_counted(key, hash, value)
    }
    /// [`PyDict::set_counted`] of a key that is usually told from others by a look at its word.
    #[inline]
    fn set_plain(&self, key: Obj, hash: i64, value: Obj) -> PyResult<()> {
        let section = ShortSection::enter(self.header.lock());
        let place = if self.is_watched() { None } else { self.core.locate_at_once(key.value(), hash) };
        match place {
            Some(Ok(place)) => {
                let old = self.core.replace_value(place.entry, value);
                drop(section);
                drop(old);
                Ok(())
            }
            Some(Err(vacant)) => {
                self.core.insert_absent(vacant, hash, key.into_counted(), value.into_counted());
                Ok(())
            }
            None => {
                drop(section);
                self.set_general(key, hash, value)
            }
        }
    }
    #[inline(never)]
    fn set_general(&self, key: Obj, hash: i64, value: Obj) -> PyResult<()> {
        self.set_counted(key, hash, value)
    }
    /// `dict[key] = value`, the hash being known.
    #[inline]
    pub fn set_with_hash(&self, key: Obj, hash: i64, value: Obj) -> PyResult<()> {
        // Counted before the lock is waited for, or an `__eq__` runs.
        self.set_counted(key.into_strong(), hash, value.into_strong())
    }
    /// The same for counted references.
    #[inline(always)]
    fn set_counted(&self, key: Obj, hash: i64, value: Obj) -> PyResult<()> {
        let lock = self.header.lock();
        let done = self.core.locate(lock, &key, hash, |core, place| {
            if self.is_watched() {
                return Err(value);
            }
            Ok(match place {
                Ok(place) => core.replace_value(place.entry, value),
                Err(vacant) => {
                    core.insert_absent(vacant, hash, key.clone().into_value(), value.into_counted());
                    None
                }
            })
        })?;
        match done {
            Ok(old) => {
                drop(old);
                Ok(())
            }
            Err(value) => self.set_watched(&key, hash, &value),
        }
    }
    /// Adds one to the small integer that is the value of `key`, 0 if there is none; false, and nothing done, if it is something else.
    pub fn count(&self, key: &Obj, hash: i64) -> PyResult<bool> {
        self.core.locate(self.header.lock(), key, hash, |core, place| {
            if self.is_watched() {
                return false;
            }
            let place = match place {
                Ok(place) => place,
                Err(vacant) => {
                    core.insert_absent(vacant, hash, key.clone().into_counted(), Value::from_int_wrapping(1));
                    return true;
                }
            };
            let slot = core.table().value(place.entry);
            let old = slot.peek();
            let Some(new) = old.is_int().then(|| Obj::small_int(old.as_int() + 1)).flatten() else {
                return false;
            };
            // What was there is a small integer: nothing to drop.
            drop(slot.replace(Some(new)));
            true
        })
    }
    /// Makes room for `entries` keys in all.
    pub fn reserve(&self, entries: usize) {
        self.core.reserve(self.header.lock(), entries);
    }
    /// Sets a key given as text. What a strange key's `__eq__` raises is dropped.
    pub fn set_str(&self, key: &str, value: Obj) {
        if self.set(intern(key).into_obj(), value).is_err() {
            drop(try_take_raised());
        }
    }
    /// Deletes `key`; returns whether it was there.
    pub fn delete(&self, key: &Obj) -> PyResult<bool> {
        Ok(self.pop(key)?.is_some())
    }
    /// Deletes a key given as text.
    pub fn delete_str(&self, key: &str) -> bool {
        self.delete(intern(key).as_obj()).unwrap_or_else(|_| {
            drop(try_take_raised());
            false
        })
    }
    /// Removes `key` and returns its value.
    pub fn pop(&self, key: &Obj) -> PyResult<Option<Obj>> {
        let hash = hash_key(key)?;
        self.pop_with_hash(key, hash)
    }
    pub fn pop_with_hash(&self, key: &Obj, hash: i64) -> PyResult<Option<Obj>> {
        let mut is_watched = false;
        let removed = self.core.locate(self.header.lock(), key, hash, |core, place| {
            is_watched = self.is_watched();
            if is_watched { None } else { place.ok().map(|place| core.remove_at(place)) }
        })?;
        if is_watched {
            return self.pop_watched(key, hash);
        }
        Ok(removed.and_then(|(key, value)| {
            drop(key);
            value
        }))
    }
    /// Removes and returns the newest pair.
    pub fn pop_item(&self) -> Option<(Obj, Obj)> {
        if self.is_watched() {
            return self.pop_end_watched(true);
        }
        self.core.pop_last(self.header.lock()).and_then(|(key, value)| Some((key, value?)))
    }
    /// The value of `key`, which is set to `default` if absent.
    pub fn setdefault(&self, key: &Obj, default: &Obj) -> PyResult<Obj> {
        let hash = hash_key(key)?;
        self.setdefault_with_hash(key, hash, default)
    }
    pub fn setdefault_with_hash(&self, key: &Obj, hash: i64, default: &Obj) -> PyResult<Obj> {
        // Only keys that compare by themselves are looked for without the lock first: others' `__eq__` is to be called once.
        if is_exact_str(key)
            && let Some(found) = self.core.get(key, hash)?
        {
            return Ok(found);
        }
        let found = self.core.locate(self.header.lock(), key, hash, |core, place| match place {
            Ok(place) => core.table().value(place.entry).load(),
            Err(_) if self.is_watched() => None,
            Err(vacant) => {
                let value = default.clone();
                core.insert_absent(vacant, hash, key.clone().into_value(), value.clone().into_value());
                Some(value)
            }
        })?;
        match found {
            Some(found) => Ok(found),
            None => Ok(self.add_watched(key, hash, default)?.unwrap_or_else(|| default.clone())),
        }
    }
    /// Sets `key` unless it is there; returns whether it was added.
    pub fn set_if_absent(&self, key: Obj, hash: i64, value: Obj) -> PyResult<bool> {
        let (key, value) = (key.into_strong(), value.into_strong());
        let added = self.core.locate(self.header.lock(), &key, hash, |core, place| {
            if let Err(vacant) = place {
                if self.is_watched() {
                    return None;
                }
                core.insert_absent(vacant, hash, key.clone().into_value(), value.clone().into_value());
            }
            Some(place.is_err())
        })?;
        match added {
            Some(added) => Ok(added),
            None => Ok(self.add_watched(&key, hash, &value)?.is_none()),
        }
    }
    /// Moves `key` to the end or to the beginning of the order; false if it is not there.
    pub fn move_key(&self, key: &Obj, to_end: bool) -> PyResult<bool> {
        let hash = hash_key(key)?;
        if to_end {
            // Nothing to tell a watcher: what the dict maps to what stays the same.
            return self.core.locate(self.header.lock(), key, hash, |core, place| match place {
                Ok(place) => {
                    core.move_to_end(place, hash);
                    true
                }
                Err(_) => false,
            });
        }
        // Waiting for the lock gives the section up, which matters to the order alone.
        let _section = taipan_threading::CriticalSection::enter(self.header.lock());
        let Some(value) = self.core.get(key, hash)?.map(IntoStrong::into_strong) else { return Ok(false) };
        let fresh = HashCore::with_capacity(STRIDE, self.len());
        let lonely = Self::exact(fresh);
        lonely.set_with_hash(key.clone(), hash, value)?;
        for (hash, key, value) in self.snapshot_with_hashes() {
            lonely.set_if_absent(key, hash, value)?;
        }
        self.core.replace_content(self.header.lock(), lonely.core.copy(lonely.header.lock()), false);
        Ok(true)
    }
    /// Removes and returns the oldest pair.
    pub fn pop_first(&self) -> Option<(Obj, Obj)> {
        if self.is_watched() {
            return self.pop_end_watched(false);
        }
        self.core.pop_first(self.header.lock()).and_then(|(key, value)| Some((key, value?)))
    }
    pub fn clear(&self) {
        if self.is_watched() {
            return self.clear_watched();
        }
        self.core.clear(self.header.lock());
    }
    /// A copy, always an exact `dict`.
    pub fn copy(&self) -> Py<PyDict> {
        Self::exact(self.core.copy(self.header.lock()))
    }
    /// All pairs at one moment.
    pub fn snapshot(&self) -> Vec<(Obj, Obj)> {
        let mut pairs = Vec::with_capacity(self.len());
        self.core.for_each_locked(self.header.lock(), |_, key, value| {
            if let Some(value) = value {
                pairs.push((key.into_strong(), value.into_strong()));
            }
        });
        pairs
    }
    /// Calls `f`, which runs no code of anybody's, with all pairs at one moment. They are uncounted, and good until it returns.
    #[inline]
    pub fn for_each_at_once(&self, mut f: impl FnMut(Obj, Obj)) {
        self.core.for_each_locked(self.header.lock(), |_, key, value| {
            if let Some(value) = value {
                f(key, value);
            }
        });
    }
    /// All pairs with the keys' hashes at one moment.
    pub(crate) fn snapshot_with_hashes(&self) -> Vec<(i64, Obj, Obj)> {
        let mut entries = Vec::with_capacity(self.len());
        self.core.for_each_locked(self.header.lock(), |hash, key, value| {
            if let Some(value) = value {
                entries.push((hash, key.into_strong(), value.into_strong()));
            }
        });
        entries
    }
    /// All keys at one moment.
    pub fn keys(&self) -> Vec<Obj> {
        let mut keys = Vec::with_capacity(self.len());
        self.core.for_each_locked(self.header.lock(), |_, key, _| keys.push(key.into_strong()));
        keys
    }
    /// All values at one moment.
    pub fn values(&self) -> Vec<Obj> {
        let mut values = Vec::with_capacity(self.len());
        self.core.for_each_locked(self.header.lock(), |_, _, value| {
            values.extend(value.map(IntoStrong::into_strong))
        });
        values
    }
    /// Calls `work` with the pairs from `position` (first 0) on, under the lock, until it returns false; `position` is then that of this pair. `work` must neither
    /// run Python code nor drop an object.
    pub fn walk(&self, position: &mut usize, work: impl FnMut(&Obj, &Obj) -> bool) {
        self.core.walk_locked(self.header.lock(), position, work);
    }
    /// The next pair from `position` (first 0) on, counted. Changes meanwhile are tolerated.
    pub fn next_entry(&self, position: &mut usize) -> Option<(Obj, Obj)> {
        let (_, key, value) = self.core.next_entry(position)?;
        Some((key.into_strong(), value?.into_strong()))
    }
    /// [`PyDict::next_entry`] with the key's hash.
    pub(crate) fn next_entry_with_hash(&self, position: &mut usize) -> Option<(i64, Obj, Obj)> {
        let (hash, key, value) = self.core.next_entry(position)?;
        Some((hash, key.into_strong(), value?.into_strong()))
    }

    // For inline caches.

    /// A number for the current set of keys and their places, assigned on demand; 0: none left. No other set of keys has it; it
    /// goes to 0 when a key comes or goes, not when a value changes.
    #[inline]
    pub fn keys_version(&self) -> u32 {
        self.core.keys_version(self.header.lock())
    }
    /// The number if there is one: one load.
    #[inline(always)]
    pub fn keys_version_now(&self) -> u32 {
        self.core.keys_version_now()
    }
    /// Where that number is, in bytes, for machine code.
    pub const KEYS_VERSION: i32 = (std::mem::offset_of!(PyDict, core) + HashCore::KEYS_VERSION) as i32;
    /// The same, as an address: as long as the dict lives.
    pub fn keys_version_address(&self) -> *const u32 {
        self.core.keys_version_address()
    }
    /// The place of an exact string's value, valid while [`PyDict::keys_version`] (asked *before*) stays the same.
    pub fn entry_index(&self, key: &PyStr) -> Option<u32> {
        self.core.entry_of_str(key)
    }
    /// The value at a place. May be uncounted. Only [`PyDict::cached_value`] makes sure that the place is still the key's.
    #[inline]
    pub fn value_at(&self, index: u32) -> Option<Obj> {
        self.core.value_at(index)
    }
    /// The value at the place that [`PyDict::entry_index`] gave, if the set of keys still has this version. May be uncounted.
    #[inline(always)]
    pub fn cached_value(&self, version: u32, index: u32) -> Option<Obj> {
        let value = self.core.value_at(index)?;
        // After the value: a table with other keys is published after the version went to 0.
        if self.core.keys_version_now() == version { Some(value) } else { None }
    }
    /// The value at the place that [`PyDict::entry_index`] gave, if the set of keys has this version and the value is one that lasts as long as
    /// that: it may be remembered with the version alone. The word is not counted.
    pub fn constant_at(&self, version: u32, index: u32) -> Option<Value> {
        self.core.remember(index, version, self.header.lock())
    }
    /// [`PyDict::cached_value`] if that is a matter of a few instructions: for code that must not call.
    #[inline(always)]
    pub fn cached_at_once(&self, version: u32, index: u32) -> Option<Obj> {
        self.core.value_at_once(index, version)
    }
    /// Where the value is that the place stands for which [`PyDict::entry_index`] gave; `None` if there is no such place.
    pub fn value_address(&self, index: u32) -> Option<ValueAddress> {
        let (holder, table) = self.core.table_address();
        let current = self.core.table();
        if !std::ptr::eq(std::ptr::from_ref(current).cast(), table) || index as usize >= current.capacity {
            return None;
        }
        let slot = std::ptr::from_ref(current.value(index as usize)).cast::<u8>();
        Some(ValueAddress { holder, table, offset: (slot.addr() - table.addr()) as i32 })
    }
    /// Replaces the value in entry `place`, if that is the one of `name`, a string without equals; gives it back otherwise. The value is counted. Under the lock.
    #[inline]
    pub(crate) fn set_at_place(&self, name: Value, place: u32, value: Obj) -> Result<(), Obj> {
        let section = crate::short_section::ShortSection::enter(self.header.lock());
        if self.is_watched() || !self.core.has_at_place(name, place) {
            return Err(value);
        }
        let old = self.core.replace_value(place as usize, value);
        drop(section);
        drop(old);
        Ok(())
    }
    /// Replaces the value at a place, if the set of keys still has this version; gives it back otherwise. Under the lock.
    pub fn set_cached_value(&self, version: u32, index: u32, value: Obj) -> Result<(), Obj> {
        let value = value.into_strong();
        let section = crate::short_section::ShortSection::enter(self.header.lock());
        if version == 0
            || self.is_watched()
            || self.core.keys_version_now() != version
            || self.core.table().value(index as usize).is_empty()
        {
            return Err(value);
        }
        let old = self.core.replace_value(index as usize, value);
        drop(section);
        drop(old);
        Ok(())
    }

    /// A receiver of Rust type `&PyDict` as an object.
    pub fn to_obj(&self) -> Obj {
        Py::from_ref(self).into_obj()
    }
    /// Whether somebody wants to be told of changes; asked under the lock, so that none escapes.
    #[inline(always)]
    pub fn is_watched(&self) -> bool {
        self.header.has_flag(WATCHED)
    }
    /// Whether the class is `dict` itself.
    #[inline]
    pub fn is_exact(&self) -> bool {
        self.header.shape() == types().dict.root_shape()
    }
}

impl Drop for PyDict {
    #[inline]
    fn drop(&mut self) {
        if self.is_watched() {
            crate::watch::dict::deallocated(std::ptr::from_ref(self).addr());
        }
    }
}

/// `obj` as a `dict` if its class is exactly that.
#[inline]
pub fn exact_dict(obj: &Obj) -> Option<&PyDict> {
    if class_of(obj).is(&types().dict) { obj.downcast::<PyDict>() } else { None }
}
