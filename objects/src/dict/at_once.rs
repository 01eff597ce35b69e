//! Lookups that are a matter of a few instructions and call nothing: of the very key object, in the first cells of its hash.
//!
//! They follow the rules of [`hash_core`](super::hash_core), and say nothing where more is to be done: a key that only has the same hash, a cell
//! whose entry was deleted, a hash that is not known yet.

use taipan_gc::{Obj, Object, Slot, Value, refcount};

use super::PyDict;
use super::hash_core::HashCore;
use super::table::{DUMMY, Probe, Table, VACANT};
use crate::object_type::identity_hash_of;
use crate::set::PySet;
use crate::str::{PyStr, is_exact_str_shape};
use crate::type_object::PyType;
use crate::types::types;

/// Cells that are looked at.
const CELLS: usize = 3;

pub(super) enum AtOnce {
    Found(usize),
    /// The search ended at this vacant cell.
    Absent(usize),
    Unknown,
}

/// `hash(key)` of a small integer, an exact string whose hash was asked for before, or a class that has no metaclass of its own.
#[inline(always)]
pub fn hash_at_once(key: Value) -> Option<i64> {
    if key.is_int() {
        // Smaller than the modulus. -1 is no hash.
        let number = key.as_int();
        return Some(if number == -1 { -2 } else { number });
    }
    if !key.is_ptr() {
        return None;
    }
    // SAFETY: the caller's key is alive.
    let header = unsafe { &*key.ptr() };
    if is_exact_str_shape(header.shape()) {
        // SAFETY: that shape is of objects with this layout only.
        return unsafe { &*key.ptr().cast::<PyStr>() }.hash_at_once();
    }
    let entry = header.shape_entry();
    let is_class = std::ptr::eq(entry.ops_ptr(), PyType::ops())
        && std::ptr::eq(entry.class(), types().type_.as_ptr().cast());
    is_class.then(|| identity_hash_of(key))
}

impl HashCore {
    #[inline(always)]
    pub(super) fn find_at_once(table: &Table, key: Value, hash: i64) -> AtOnce {
        let mut probe = Probe::new(table, hash);
        for _ in 0..CELLS {
            let entry = match table.cell(probe.at) {
                VACANT => return AtOnce::Absent(probe.at),
                DUMMY => return AtOnce::Unknown,
                entry => entry as usize,
            };
            if table.key(entry).peek().same(key) {
                return AtOnce::Found(entry);
            }
            if table.hash(entry) == hash {
                return AtOnce::Unknown;
            }
            probe.advance(table);
        }
        AtOnce::Unknown
    }
    /// Whether `key` is there; nothing: that takes more.
    #[inline(always)]
    pub(crate) fn contains_at_once(&self, key: Value, hash: i64) -> Option<bool> {
        match Self::find_at_once(self.table(), key, hash) {
            AtOnce::Found(_) => Some(true),
            AtOnce::Absent(_) => Some(false),
            AtOnce::Unknown => None,
        }
    }
    /// [`HashCore::get_at_once`] without a bound on the cells: for code that may loop.
    #[inline]
    fn get_by_word(&self, key: Value, hash: i64) -> Option<Option<Obj>> {
        let table = self.table();
        let mut probe = Probe::new(table, hash);
        loop {
            match table.cell(probe.at) {
                VACANT => return Some(None),
                DUMMY => {}
                entry => {
                    let entry = entry as usize;
                    if table.key(entry).peek().same(key) {
                        return table.value(entry).load_at_once_in(|| self.is_current(table)).map(Some);
                    }
                    if table.hash(entry) == hash {
                        return None;
                    }
                }
            }
            probe.advance(table);
        }
    }
    /// Whether entry `place` is that of `key`, a word that no other object will have.
    #[inline(always)]
    fn is_place_of(table: &Table, place: u32, key: Value) -> bool {
        (place as usize) < table.capacity && table.key(place as usize).peek().same(key)
    }
    /// Under the lock: whether entry `place` is that of `key`, a word that no other object will have.
    #[inline(always)]
    pub(super) fn has_at_place(&self, key: Value, place: u32) -> bool {
        let table = self.table();
        Self::is_place_of(table, place, key) && !table.value(place as usize).is_empty()
    }
    /// The value of `key`, a word that no other object will have, if it is in entry `place`: the one that a lookup would find, as an entry is never another key's. May be uncounted.
    #[inline(always)]
    fn value_at_place(&self, key: Value, place: u32) -> Option<Obj> {
        let table = self.table();
        if !Self::is_place_of(table, place, key) {
            return None;
        }
        table.value(place as usize).load_at_once_in(|| self.is_current(table))
    }
    /// The value of `key`, which may be uncounted, or that there is none; nothing: that takes more.
    #[inline(always)]
    fn get_at_once(&self, key: Value, hash: i64) -> Option<Option<Obj>> {
        let table = self.table();
        match Self::find_at_once(table, key, hash) {
            AtOnce::Found(entry) => table.value(entry).load_at_once_in(|| self.is_current(table)).map(Some),
            AtOnce::Absent(_) => Some(None),
            AtOnce::Unknown => None,
        }
    }
}

impl PyDict {
    /// Whether no other thread can see the dict, which the caller holds in a register, and nobody watches it.
    #[inline(always)]
    fn changes_unseen(&self) -> bool {
        !self.is_watched() && refcount::is_alone(self.header())
    }
    /// The slot of the value in an entry, unless something remembers the value.
    #[inline(always)]
    fn slot_not_remembered(&self, entry: usize) -> Option<&Slot> {
        let slot = self.core.table().value(entry);
        if self.core.keys_version_now() != 0 && self.core.is_remembered(entry, slot.peek()) {
            None
        } else {
            Some(slot)
        }
    }
    /// Adds `key`, whose hash is given, with the counted word that `value` gives, if it is absent, there is room, no other thread can see the dict, which the caller holds in a register,
    /// and nobody watches it. Otherwise false, with nothing changed.
    #[inline(always)]
    #[must_use]
    pub fn add_alone_at_once(&self, key: Value, hash: i64, value: impl FnOnce() -> Option<Value>) -> bool {
        if !self.changes_unseen() {
            return false;
        }
        let table = self.core.table();
        if table.filled() >= table.capacity {
            return false;
        }
        let AtOnce::Absent(cell) = HashCore::find_at_once(table, key, hash) else { return false };
        // SAFETY: the caller's key is alive.
        let Some(key) = (unsafe { Obj::from_borrowed_at_once(key) }) else { return false };
        let key = key.into_value();
        let Some(value) = value() else {
            // SAFETY: the reference just made; there is another.
            let dropped = unsafe { Obj::drop_at_once(key) };
            debug_assert!(dropped);
            return false;
        };
        self.core.append_in_cell(table, cell, hash, key, value);
        true
    }
    /// The slot of the value of `key`, whose hash is given, if it is there, no other thread can see the dict, which the caller holds in a register, nobody watches it
    /// and nothing remembers the value: the caller may exchange it by [`Slot::replace_alone`].
    #[inline(always)]
    pub fn slot_alone_at_once(&self, key: Value, hash: i64) -> Option<&Slot> {
        if !self.changes_unseen() {
            return None;
        }
        match HashCore::find_at_once(self.core.table(), key, hash) {
            AtOnce::Found(entry) => self.slot_not_remembered(entry),
            _ => None,
        }
    }
    /// Whether `key`, whose hash is given, is there; nothing: that takes more.
    #[inline(always)]
    pub fn contains_at_once(&self, key: Value, hash: i64) -> Option<bool> {
        self.core.contains_at_once(key, hash)
    }
    /// [`PyDict::get_at_once`] however many cells there are to look at.
    #[inline]
    pub(crate) fn get_by_word(&self, key: Value, hash: i64) -> Option<Option<Obj>> {
        self.core.get_by_word(key, hash)
    }
    /// The slot of the value of `name`, an interned string, if it is in entry `place`, as [`PyDict::slot_alone_at_once`] gives it.
    #[inline(always)]
    pub(crate) fn slot_at_place_alone(&self, name: Value, place: u32) -> Option<&Slot> {
        if !self.changes_unseen() || !self.core.has_at_place(name, place) {
            return None;
        }
        self.slot_not_remembered(place as usize)
    }
    /// The value of `name`, an interned string, if it is in entry `place` and that is a matter of a few instructions. It may be uncounted.
    #[inline(always)]
    pub(crate) fn value_at_place(&self, name: Value, place: u32) -> Option<Obj> {
        self.core.value_at_place(name, place)
    }
    /// The value of `key`, whose hash is given, or that there is none; nothing: that takes more. It may be uncounted.
    #[inline(always)]
    pub fn get_at_once(&self, key: Value, hash: i64) -> Option<Option<Obj>> {
        self.core.get_at_once(key, hash)
    }
}

impl PySet {
    /// Adds the counted word that `stored` gives for `element`, whose hash is given, if that is absent; whether it was. Nothing, with nothing changed: that takes more, or another thread
    /// can see the set, which the caller holds in a register.
    #[inline(always)]
    pub fn add_alone_at_once(
        &self,
        element: Value,
        hash: i64,
        stored: impl FnOnce() -> Option<Value>,
    ) -> Option<bool> {
        if !refcount::is_alone(self.header()) {
            return None;
        }
        let table = self.core.table();
        let cell = match HashCore::find_at_once(table, element, hash) {
            AtOnce::Found(_) => return Some(false),
            AtOnce::Absent(cell) if table.filled() < table.capacity => cell,
            _ => return None,
        };
        self.core.append_in_cell(table, cell, hash, stored()?, Value::EMPTY);
        Some(true)
    }
    /// Whether `element`, whose hash is given, is there; nothing: that takes more.
    #[inline(always)]
    pub fn contains_at_once(&self, element: Value, hash: i64) -> Option<bool> {
        self.core.contains_at_once(element, hash)
    }
}
