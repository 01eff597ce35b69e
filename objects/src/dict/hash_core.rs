//! The hash table inside of dicts and sets: lookups without a lock, changes under the object's lock.
//!
//! Vocabulary: the *current* table is the one that `table` points to; a table that was replaced is *frozen* (see [`super::table`]).
//!
//! **Reading.** Load the table, find the entry, load its value by the foreign-load protocol of [`taipan_gc::Slot`], then look whether
//! the table is still current. That protocol trusts a second look at the slot to prove that the block it reads is still the object
//! that the slot held; but the slots of a frozen table stay as they are while their objects die and their blocks become other
//! objects. Who reads the header of such a later object (Acquire) also sees everything that came before the former
//! one's end, the publication of the successor table included: the table is not current any more, and the reader starts over.
//! A reader that matched the key of an entry and then finds its value empty saw
//! a deletion: entries are never reused, so "absent" was true at some moment of the lookup.
//!
//! **Comparing.** Identity first; then, if the hashes agree, exact strings by their text, everything else with Python's `==`, on
//! counted references and outside of the lock. Afterwards a reader goes on if the table was not replaced meanwhile
//! (a replaced one may have been freed and its address reused: `changes` tells). A writer that found its key goes on if that entry is still
//! there, and one that did not, if the set of keys did not change at all.
//!
//! **Changing** happens in a [`ShortSection`]: first the caches are told (`keys_version`), then the table is changed in an
//! order that readers can bear (`Table`), or a new one is filled and published by one exchange.

mod fresh;
pub(crate) mod names;

use taipan_gc::{Obj, Object, Replaced, Tracer, Value};
use taipan_threading::ObjectLock;
use taipan_threading::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use super::at_once::AtOnce;
use super::table::{DUMMY, MIN_LOG2, Probe, Table, VACANT, log2_for};
use crate::error::PyResult;
use crate::protocol;
use crate::short_section::ShortSection;
use crate::str::{PyStr, is_exact_str};

/// See the module.
#[repr(C)]
pub(crate) struct HashCore {
    /// Written under the lock (Release), read by anyone (Acquire).
    table: AtomicPtr<Table>,
    /// Number of keys. Written under the lock.
    used: AtomicUsize,
    /// High half: how many tables were replaced; low half: how often keys came and went. Written under the lock, after the change.
    changes: AtomicU64,
    /// Nonzero: a number that no other set of keys in a table ever had. To 0 under the lock before any change of keys, and before a value
    /// that [`HashCore::is_remembered`] is replaced.
    keys_version: AtomicU32,
    stride: u8,
    /// How often a value that [`needs_no_count`] was replaced that may be remembered. Written under the lock.
    forgotten: AtomicU8,
    /// The entries whose values may be remembered although they are none that [`is_constant`], as bits of their numbers modulo 16. Written under the lock.
    remembered: AtomicU16,
}

static NEXT_KEYS_VERSION: AtomicU32 = AtomicU32::new(1);

const REPLACED: u64 = 1 << 32;

/// Values that need no count are not remembered any more after so many of them were replaced: some of this namespace's change.
const FORGOTTEN: u8 = 3;

/// Where a key is: valid in the section in which it was found.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    cell: usize,
    pub(crate) entry: usize,
}

/// A cell that a new key could take: where a lookup ended. Valid in the section in which it was found.
#[derive(Clone, Copy)]
pub(crate) struct Vacant {
    cell: usize,
}

enum Step {
    Found(usize),
    Absent,
    /// The table is not current any more.
    Replaced,
    /// The entry's key (counted) has the same hash; whether it is equal, Python code must say.
    Compare(usize, Obj),
}

/// Where a lookup under the lock stopped: `candidate` (counted) in `entry` has the same hash as the key.
struct Compare {
    probe: Probe,
    entry: usize,
    candidate: Obj,
    /// The number of changes then.
    changes: u64,
}

impl HashCore {
    pub(crate) fn new(stride: u8) -> HashCore {
        HashCore {
            table: AtomicPtr::new(Table::empty()),
            used: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            keys_version: AtomicU32::new(0),
            stride,
            forgotten: AtomicU8::new(0),
            remembered: AtomicU16::new(0),
        }
    }
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }
    #[inline(always)]
    fn table_ptr(&self) -> *mut Table {
        self.table.load(Ordering::Acquire)
    }
    /// The current table. It stays readable until this thread's next safepoint (or while this thread holds the lock).
    #[inline(always)]
    pub(crate) fn table(&self) -> &Table {
        // SAFETY: replaced tables are freed through QSBR.
        unsafe { &*self.table_ptr() }
    }
    /// Whether `table` is still current: see the module.
    #[inline(always)]
    pub(crate) fn is_current(&self, table: &Table) -> bool {
        std::ptr::eq(self.table.load(Ordering::SeqCst), table)
    }
    /// How often the set of keys changed; see the field.
    #[inline(always)]
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
    /// Bytes of the table.
    pub(crate) fn table_bytes(&self) -> usize {
        self.table().bytes()
    }

    /// Goes on looking for `key` from `probe`. `LOCKED`: the caller holds the lock, so nothing can be replaced or removed.
    #[inline]
    fn find<const LOCKED: bool>(
        &self,
        table: &Table,
        key: &Obj,
        key_is_str: bool,
        hash: i64,
        probe: &mut Probe,
    ) -> Step {
        let wanted = key.value();
        loop {
            let entry = match table.cell(probe.at) {
                VACANT => return Step::Absent,
                DUMMY => {
                    probe.pass_deleted(table);
                    continue;
                }
                entry => entry as usize,
            };
            let slot = table.key(entry);
            let found = slot.peek();
            if found.same(wanted) {
                return Step::Found(entry);
            }
            if table.hash(entry) == hash && !found.is_empty() && !found.both_int(wanted) {
                let candidate = if LOCKED {
                    Table::borrow(slot)
                } else {
                    match slot.load_uncounted_in(|| self.is_current(table)) {
                        Ok(candidate) => candidate,
                        Err(Replaced) => return Step::Replaced,
                    }
                };
                // Empty: deleted just now, so the key (if this was it) was absent for a moment.
                if let Some(candidate) = candidate {
                    if key_is_str && is_exact_str(&candidate) {
                        if text_equal(&candidate, key) {
                            return Step::Found(entry);
                        }
                    } else {
                        match protocol::equal_quickly(&candidate, key) {
                            Some(true) => return Step::Found(entry),
                            Some(false) => {}
                            None => {
                                return Step::Compare(entry, protocol::IntoStrong::into_strong(candidate));
                            }
                        }
                    }
                }
            }
            probe.advance(table);
        }
    }

    /// The entry's value, or nothing if it was deleted; `Err` if the table was replaced.
    #[inline(always)]
    fn read_value(&self, table: &Table, entry: usize) -> Result<Option<Obj>, Replaced> {
        table.value(entry).load_uncounted_in(|| self.is_current(table))
    }

    /// The entry's key and value, as far as they are not deleted.
    #[inline(always)]
    fn read_entry(&self, table: &Table, entry: usize) -> Result<(Option<Obj>, Option<Obj>), Replaced> {
        let key = table.key(entry).load_uncounted_in(|| self.is_current(table))?;
        let value = if table.has_values() { self.read_value(table, entry)? } else { None };
        Ok((key, value))
    }

    /// The value of `key`, without a lock. May be uncounted.
    #[inline]
    pub(crate) fn get(&self, key: &Obj, hash: i64) -> PyResult<Option<Obj>> {
        self.look_up(key, hash, |table, entry| self.read_value(table, entry)).map(Option::flatten)
    }
    /// Whether `key` is there, without a lock.
    #[inline]
    pub(crate) fn contains(&self, key: &Obj, hash: i64) -> PyResult<bool> {
        self.look_up(key, hash, |_, _| Ok(())).map(|found| found.is_some())
    }

    #[inline]
    fn look_up<R>(
        &self,
        key: &Obj,
        hash: i64,
        read: impl Fn(&Table, usize) -> Result<R, Replaced>,
    ) -> PyResult<Option<R>> {
        let key_is_str = is_exact_str(key);
        'again: loop {
            // Before the table: a replacement in between shows.
            let replaced = self.changes() / REPLACED;
            let mut table = self.table();
            let mut probe = Probe::new(table, hash);
            loop {
                let entry = match self.find::<false>(table, key, key_is_str, hash, &mut probe) {
                    Step::Found(entry) => entry,
                    Step::Absent => return Ok(None),
                    Step::Replaced => continue 'again,
                    Step::Compare(entry, candidate) => {
                        let address = std::ptr::from_ref(table);
                        let equal = protocol::eq(&candidate, key)?;
                        // Python code ran: `table` may be gone. Neither pointer nor number changed: it is the same one.
                        table = self.table();
                        if self.changes() / REPLACED != replaced || !std::ptr::eq(table, address) {
                            continue 'again;
                        }
                        if !equal {
                            probe.advance(table);
                            continue;
                        }
                        entry
                    }
                };
                match read(table, entry) {
                    Ok(result) => return Ok(Some(result)),
                    Err(Replaced) => continue 'again,
                }
            }
        }
    }

    /// The value of a tuple of these items, which need not exist, without a lock and without running code. `None`: there is a key that cannot be compared with it so.
    pub(crate) fn get_tuple(&self, items: &[Obj], hash: i64) -> Option<Option<Obj>> {
        'again: loop {
            let table = self.table();
            let mut probe = Probe::new(table, hash);
            loop {
                let entry = match table.cell(probe.at) {
                    VACANT => return Some(None),
                    DUMMY => {
                        probe.pass_deleted(table);
                        continue;
                    }
                    entry => entry as usize,
                };
                if table.hash(entry) == hash {
                    let Ok(key) = table.key(entry).load_uncounted_in(|| self.is_current(table)) else {
                        continue 'again;
                    };
                    // Empty: deleted just now.
                    if let Some(key) = key
                        && protocol::equals_tuple(&key, items)?
                    {
                        match self.read_value(table, entry) {
                            Ok(value) => return Some(value),
                            Err(Replaced) => continue 'again,
                        }
                    }
                }
                probe.advance(table);
            }
        }
    }

    /// The value of an exact string, without a lock; no Python code runs unless keys that are no exact strings have the same hash.
    #[inline]
    pub(crate) fn get_str(&self, key: &PyStr) -> Option<Obj> {
        let hash = key.python_hash();
        // Mostly it is the very key, or there is none.
        let table = self.table();
        match Self::find_at_once(table, Value::from_ptr(std::ptr::from_ref(key).cast()), hash) {
            AtOnce::Absent(_) => return None,
            AtOnce::Found(entry) => {
                if let Ok(value) = self.read_value(table, entry) {
                    return value;
                }
            }
            AtOnce::Unknown => {}
        }
        // SAFETY: uncounted, and `key` is alive during the call.
        let key =
            unsafe { Obj::from_value_unchecked(Value::from_ptr(std::ptr::from_ref(key).cast()).uncounted()) };
        loop {
            let table = self.table();
            let mut probe = Probe::new(table, hash);
            let entry = match self.find::<false>(table, &key, true, hash, &mut probe) {
                Step::Found(entry) => entry,
                Step::Absent => return None,
                Step::Replaced => continue,
                Step::Compare(..) => {
                    let key = protocol::IntoStrong::into_strong(key);
                    return self.get(&key, hash).unwrap_or_else(|_| {
                        drop(crate::error::try_take_raised());
                        None
                    });
                }
            };
            if let Ok(value) = self.read_value(table, entry) {
                return value;
            }
        }
    }
    /// The entry number of an exact string, for inline caches.
    pub(crate) fn entry_of_str(&self, key: &PyStr) -> Option<u32> {
        let hash = key.python_hash();
        // SAFETY: uncounted, and `key` is alive during the call.
        let key =
            unsafe { Obj::from_value_unchecked(Value::from_ptr(std::ptr::from_ref(key).cast()).uncounted()) };
        loop {
            let table = self.table();
            let mut probe = Probe::new(table, hash);
            match self.find::<false>(table, &key, true, hash, &mut probe) {
                Step::Found(entry) => return u32::try_from(entry).ok(),
                Step::Absent | Step::Compare(..) => return None,
                Step::Replaced => {}
            }
        }
    }
    /// The value in entry `entry` of the current table, if there is such an entry. May be uncounted.
    #[inline(always)]
    pub(crate) fn value_at(&self, entry: u32) -> Option<Obj> {
        loop {
            let table = self.table();
            if entry as usize >= table.capacity {
                return None;
            }
            if let Ok(value) = self.read_value(table, entry as usize) {
                return value;
            }
        }
    }
    /// [`HashCore::value_at`] if that is a matter of a few instructions and the set of keys has this version: for code that must not call.
    #[inline(always)]
    pub(crate) fn value_at_once(&self, entry: u32, version: u32) -> Option<Obj> {
        let table = self.table();
        if entry as usize >= table.capacity {
            return None;
        }
        // The version is asked after the value was read: a table with other keys is published after the version went to 0.
        table
            .value(entry as usize)
            .load_at_once_in(|| self.is_current(table) && self.keys_version_now() == version)
    }
    /// The number of the current set of keys; 0 if there are no numbers left.
    pub(crate) fn keys_version(&self, lock: &ObjectLock) -> u32 {
        let version = self.keys_version.load(Ordering::Acquire);
        if version != 0 {
            return version;
        }
        let _section = ShortSection::enter(lock);
        let version = self.keys_version.load(Ordering::Relaxed);
        if version != 0 {
            return version;
        }
        let fresh = NEXT_KEYS_VERSION.fetch_add(1, Ordering::Relaxed);
        if fresh >= u32::MAX - 1024 {
            NEXT_KEYS_VERSION.store(u32::MAX - 1024, Ordering::Relaxed);
            return 0;
        }
        self.keys_version.store(fresh, Ordering::Release);
        fresh
    }
    /// The number if one is assigned: one load.
    #[inline(always)]
    pub(crate) fn keys_version_now(&self) -> u32 {
        self.keys_version.load(Ordering::Acquire)
    }
    /// Where the address of the current table is, and that.
    pub(crate) fn table_address(&self) -> (*const u8, *const u8) {
        (self.table.as_ptr().cast_const().cast(), self.table_ptr().cast_const().cast())
    }
    pub(crate) const KEYS_VERSION: usize = std::mem::offset_of!(HashCore, keys_version);

    /// See [`crate::dict::PyDict::keys_version_address`].
    pub(crate) fn keys_version_address(&self) -> *const u32 {
        self.keys_version.as_ptr()
    }

    // Changing: all under the lock.

    /// Finds `key` and, in the same section, calls `act` with its place. `act` must not run Python code.
    #[inline]
    pub(crate) fn locate<R>(
        &self,
        lock: &ObjectLock,
        key: &Obj,
        hash: i64,
        act: impl FnOnce(&HashCore, Result<Place, Vacant>) -> R,
    ) -> PyResult<R> {
        let key_is_str = is_exact_str(key);
        let section = ShortSection::enter(lock);
        let table = self.table();
        let mut probe = Probe::new(table, hash);
        let place = match self.find::<true>(table, key, key_is_str, hash, &mut probe) {
            Step::Found(entry) => Ok(Place { cell: probe.at, entry }),
            Step::Absent => Err(Vacant { cell: probe.free_cell() }),
            Step::Replaced => unreachable!("no table is replaced under the lock"),
            Step::Compare(entry, candidate) => {
                let changes = self.changes();
                drop(section);
                let compare = Compare { probe, entry, candidate, changes };
                return self.locate_comparing(lock, key, hash, compare, act);
            }
        };
        let result = act(self, place);
        drop(section);
        Ok(result)
    }

    /// [`HashCore::locate`] inside of a section of the caller's, without a look at keys' content; nothing: that takes more.
    #[inline(always)]
    pub(crate) fn locate_at_once(&self, key: Value, hash: i64) -> Option<Result<Place, Vacant>> {
        let table = self.table();
        let mut probe = Probe::new(table, hash);
        loop {
            let cell = table.cell(probe.at);
            if cell >= 0 {
                let entry = cell as usize;
                let found = table.key(entry).peek();
                if found.same(key) {
                    return Some(Ok(Place { cell: probe.at, entry }));
                }
                if table.hash(entry) == hash && !found.both_int(key) {
                    return None;
                }
                probe.advance(table);
            } else if cell == VACANT {
                return Some(Err(Vacant { cell: probe.free_cell() }));
            } else {
                probe.pass_deleted(table);
            }
        }
    }

    /// Goes on where Python code has to say whether keys are equal.
    #[inline(never)]
    fn locate_comparing<R>(
        &self,
        lock: &ObjectLock,
        key: &Obj,
        hash: i64,
        mut compare: Compare,
        act: impl FnOnce(&HashCore, Result<Place, Vacant>) -> R,
    ) -> PyResult<R> {
        let key_is_str = is_exact_str(key);
        loop {
            let Compare { probe, entry, candidate, changes } = &mut compare;
            let equal = protocol::eq(candidate, key)?;
            // Ends before the candidate, which also keeps the word in the slot from meaning another object.
            let section = ShortSection::enter(lock);
            let table = self.table();
            if equal
                && self.changes() / REPLACED == *changes / REPLACED
                && table.key(*entry).peek().same(candidate.value())
            {
                let result = act(self, Ok(Place { cell: probe.at, entry: *entry }));
                drop(section);
                return Ok(result);
            }
            if equal || self.changes() != *changes {
                *probe = Probe::new(table, hash);
            } else {
                probe.advance(table);
            }
            let place = match self.find::<true>(table, key, key_is_str, hash, probe) {
                Step::Found(entry) => Ok(Place { cell: probe.at, entry }),
                Step::Absent => Err(Vacant { cell: probe.free_cell() }),
                Step::Replaced => unreachable!("no table is replaced under the lock"),
                Step::Compare(next, other) => {
                    (*entry, *changes) = (next, self.changes());
                    drop(section);
                    *candidate = other;
                    continue;
                }
            };
            let result = act(self, place);
            drop(section);
            return Ok(result);
        }
    }

    /// Before keys come or go: caches of this set of keys become invalid. Whoever sees a new table (Acquire) sees this.
    #[inline(always)]
    fn begin_change(&self) {
        if self.keys_version.load(Ordering::Relaxed) != 0 {
            self.keys_version.store(0, Ordering::Relaxed);
        }
    }
    #[inline(always)]
    fn end_change(&self, by: u64) {
        self.changes.store(self.changes.load(Ordering::Relaxed).wrapping_add(by), Ordering::Release);
    }
    /// Replaces the value at `place`, found in this section; gives the former one. A value that lasts may be remembered without its place, so
    /// the caches are told that it is not there any more.
    #[inline]
    pub(crate) fn replace_value(&self, entry: usize, value: Obj) -> Option<Obj> {
        let slot = self.table().value(entry);
        let old = slot.peek();
        if self.keys_version.load(Ordering::Relaxed) != 0 && self.is_remembered(entry, old) {
            if !is_constant(old) {
                let forgotten = self.forgotten.load(Ordering::Relaxed) + 1;
                self.forgotten.store(forgotten, Ordering::Relaxed);
                if forgotten == FORGOTTEN {
                    self.remembered.store(0, Ordering::Relaxed);
                }
            }
            self.keys_version.store(0, Ordering::Relaxed);
        }
        slot.replace(Some(value))
    }
    /// Whether somebody may remember the value of an entry as such, while the version stays the same.
    #[inline(always)]
    pub(crate) fn is_remembered(&self, entry: usize, value: Value) -> bool {
        let bits = self.remembered.load(Ordering::Relaxed);
        is_constant(value) || bits >> (entry % 16) & 1 != 0 && needs_no_count(value)
    }
    /// The value at a place, if the set of keys has this version and the value can be remembered with that alone. The word is not counted.
    pub(crate) fn remember(&self, entry: u32, version: u32, lock: &ObjectLock) -> Option<Value> {
        let mut word = self.value_at(entry)?.value();
        if !is_constant(word) {
            if !needs_no_count(word) {
                return None;
            }
            let _section = ShortSection::enter(lock);
            if self.forgotten.load(Ordering::Relaxed) >= FORGOTTEN {
                return None;
            }
            let bits = self.remembered.load(Ordering::Relaxed);
            self.remembered.store(bits | 1 << (entry % 16), Ordering::Relaxed);
            // From here on the version goes to 0 before the value is replaced.
            word = self.value_at(entry)?.value();
            if !needs_no_count(word) {
                return None;
            }
        }
        // After the value: the version goes to 0 before it is replaced.
        (self.keys_version_now() == version).then(|| word.uncounted())
    }
    /// Makes `new` current and returns the frozen table.
    fn replace_table(&self, new: *mut Table) -> *mut Table {
        let old = if taipan_threading::multi_threaded() {
            self.table.swap(new, Ordering::SeqCst)
        } else {
            let old = self.table.load(Ordering::Relaxed);
            self.table.store(new, Ordering::Relaxed);
            old
        };
        self.end_change(REPLACED);
        old
    }

    /// Adds a key that [`HashCore::locate`] just found to be absent, in the same section. Takes over both references (counted words).
    #[inline]
    pub(crate) fn insert_absent(&self, vacant: Vacant, hash: i64, key: Value, value: Value) {
        // Before the keys are in another table.
        self.begin_change();
        let mut table = self.table();
        let mut cell = vacant.cell;
        if table.filled() == table.capacity {
            self.grow();
            table = self.table();
            cell = table.free_cell(hash);
        }
        self.append_in_cell(table, cell, hash, key, value);
    }
    /// The same where there is room, for a cell of the current table.
    #[inline(always)]
    pub(super) fn append_in_cell(&self, table: &Table, cell: usize, hash: i64, key: Value, value: Value) {
        self.begin_change();
        let entry = table.append(hash, key, value);
        table.set_cell(cell, entry as isize);
        self.used.store(self.used.load(Ordering::Relaxed) + 1, Ordering::Release);
        self.end_change(1);
    }
    /// Makes room for more keys: as much as CPython does.
    #[cold]
    fn grow(&self) {
        let used = self.len();
        let factor = if self.stride == 3 || used > 50_000 { 3 } else { 4 };
        self.resize(used * factor);
    }
    /// Moves the entries to a new table whose index has at least `cells` cells.
    fn resize(&self, cells: usize) {
        let mut log2 = MIN_LOG2;
        while 1usize << log2 < cells {
            log2 += 1;
        }
        let old = self.table();
        let new = Table::allocate(log2, self.stride);
        // SAFETY: just made, and nobody else's.
        let to = unsafe { &*new };
        if old.filled() == self.len() {
            // SAFETY: the references change their owner; under the lock.
            unsafe { to.take_words(old, old.filled()) };
        } else {
            for entry in 0..old.filled() {
                let key = old.key(entry).peek();
                if key.is_empty() {
                    continue;
                }
                let value =
                    if old.has_values() && self.stride == 3 { old.value(entry).peek() } else { Value::EMPTY };
                to.append(old.hash(entry), key, value);
            }
        }
        to.index_entries();
        let frozen = self.replace_table(new);
        // SAFETY: unpublished; its references belong to the new table now.
        unsafe { Table::retire(frozen) }
    }
    /// Removes the key at `place`; returns key and value, to be dropped after the section.
    #[inline]
    pub(crate) fn remove_at(&self, place: Place) -> (Option<Obj>, Option<Obj>) {
        self.begin_change();
        let table = self.table();
        table.set_cell(place.cell, DUMMY);
        // The value first: a reader that still sees the key finds no value.
        let value = if self.stride == 3 { table.value(place.entry).take() } else { None };
        let key = table.key(place.entry).take();
        self.used.store(self.used.load(Ordering::Relaxed) - 1, Ordering::Release);
        self.end_change(1);
        (key, value)
    }
    /// Makes the key at `place` the newest one.
    pub(crate) fn move_to_end(&self, place: Place, hash: i64) {
        if place.entry + 1 == self.table().live_end() {
            return;
        }
        if let (Some(key), value) = self.remove_at(place) {
            let value = value.map_or(Value::EMPTY, Obj::into_counted);
            self.insert_absent(Vacant { cell: place.cell }, hash, key.into_counted(), value);
        }
    }
    /// Removes and returns the newest key and its value.
    pub(crate) fn pop_last(&self, lock: &ObjectLock) -> Option<(Obj, Option<Obj>)> {
        let _section = ShortSection::enter(lock);
        let table = self.table();
        let mut end = table.live_end();
        while end > 0 {
            let entry = end - 1;
            if !table.key(entry).is_empty() {
                let hash = table.hash(entry);
                let mut probe = Probe::new(table, hash);
                while table.cell(probe.at) != entry as isize {
                    probe.advance(table);
                }
                let (key, value) = self.remove_at(Place { cell: probe.at, entry });
                table.set_live_end(entry);
                return key.map(|key| (key, value));
            }
            end = entry;
        }
        None
    }
    /// Removes and returns the oldest key and its value.
    pub(crate) fn pop_first(&self, lock: &ObjectLock) -> Option<(Obj, Option<Obj>)> {
        let _section = ShortSection::enter(lock);
        let table = self.table();
        for entry in table.live_start()..table.live_end() {
            if table.key(entry).is_empty() {
                continue;
            }
            let hash = table.hash(entry);
            let mut probe = Probe::new(table, hash);
            while table.cell(probe.at) != entry as isize {
                probe.advance(table);
            }
            let (key, value) = self.remove_at(Place { cell: probe.at, entry });
            table.set_live_start(entry + 1);
            return key.map(|key| (key, value));
        }
        None
    }
    /// Makes room for `entries` keys in all.
    pub(crate) fn reserve(&self, lock: &ObjectLock, entries: usize) {
        let _section = ShortSection::enter(lock);
        if entries > self.table().capacity {
            self.begin_change();
            self.resize(1 << log2_for(entries));
        }
    }
    /// Replaces the content by that of `fresh`, which nobody else knows; drops the former content after the section. With
    /// `if_empty`, only if there is nothing to lose; returns whether it did.
    pub(crate) fn replace_content(&self, lock: &ObjectLock, fresh: HashCore, if_empty: bool) -> bool {
        let section = ShortSection::enter(lock);
        if if_empty && self.len() > 0 {
            return false;
        }
        self.begin_change();
        let old = self.replace_table(fresh.table.swap(Table::empty(), Ordering::Relaxed));
        self.used.store(fresh.used.load(Ordering::Relaxed), Ordering::Release);
        drop(section);
        // SAFETY: unpublished under the lock.
        unsafe {
            (*old).drop_references();
            Table::retire(old);
        }
        true
    }
    /// Removes everything.
    pub(crate) fn clear(&self, lock: &ObjectLock) {
        if !self.table().is_empty_table() {
            self.replace_content(lock, HashCore::new(self.stride), false);
        }
    }

    /// A copy, made under the lock: a snapshot.
    pub(crate) fn copy(&self, lock: &ObjectLock) -> HashCore {
        let _section = ShortSection::enter(lock);
        let from = self.table();
        if from.filled() == 0 {
            // Not even the empty table that all share is written to.
            return HashCore::new(self.stride);
        }
        if let Some(table) = from.duplicate(self.len()) {
            let copy = HashCore::new(self.stride);
            copy.table.store(table, Ordering::Relaxed);
            copy.used.store(self.len(), Ordering::Relaxed);
            return copy;
        }
        let copy = HashCore::with_capacity(self.stride, self.len());
        let to = copy.table();
        if from.filled() == self.len() {
            // SAFETY: they are counted next, while the lock keeps `from` as it is.
            unsafe { to.take_words(from, from.filled()) };
            to.count_references();
            to.index_entries();
            copy.used.store(self.len(), Ordering::Relaxed);
            return copy;
        }
        for entry in 0..from.filled() {
            let Some(key) = Table::borrow(from.key(entry)) else { continue };
            let value = if self.stride == 3 { Table::borrow(from.value(entry)) } else { None };
            to.append(from.hash(entry), key.into_counted(), value.map_or(Value::EMPTY, Obj::into_counted));
        }
        to.index_entries();
        copy.used.store(self.len(), Ordering::Relaxed);
        copy
    }
    /// Calls `f` with hash, key and value (both borrowed as uncounted references) of every entry, in order and under the lock.
    /// `f` must not run Python code.
    pub(crate) fn for_each_locked(&self, lock: &ObjectLock, mut f: impl FnMut(i64, Obj, Option<Obj>)) {
        let _section = ShortSection::enter(lock);
        let table = self.table();
        for entry in 0..table.filled() {
            if let Some(key) = Table::borrow(table.key(entry)) {
                let value = if table.has_values() { Table::borrow(table.value(entry)) } else { None };
                f(table.hash(entry), key, value);
            }
        }
    }
    /// See [`PyDict::walk`](super::PyDict::walk).
    pub(crate) fn walk_locked(
        &self,
        lock: &ObjectLock,
        position: &mut usize,
        mut work: impl FnMut(&Obj, &Obj) -> bool,
    ) {
        let _section = ShortSection::enter(lock);
        let table = self.table();
        while *position < table.filled() {
            if let Some(key) = Table::borrow(table.key(*position))
                && let Some(value) = Table::borrow(table.value(*position))
                && !work(&key, &value)
            {
                return;
            }
            *position += 1;
        }
    }
    /// The next entry from `position` on, without a lock. Both may be uncounted. Without values, the value is absent.
    #[inline]
    pub(crate) fn next_entry(&self, position: &mut usize) -> Option<(i64, Obj, Option<Obj>)> {
        'again: loop {
            let table = self.table();
            let filled = table.filled();
            while *position < filled {
                let entry = *position;
                let Ok((key, value)) = self.read_entry(table, entry) else { continue 'again };
                let hash = table.hash(entry);
                *position += 1;
                if let Some(key) = key
                    && (value.is_some() || !table.has_values())
                {
                    return Some((hash, key, value));
                }
            }
            return None;
        }
    }
    /// Key and value of the entry at `position`, words that the caller owns, as [`HashCore::key_at_once`]; both from one table, which still is the current one when both were
    /// read: in another one the place may be another key's.
    #[inline(always)]
    pub(crate) fn entry_at_once(&self, position: usize) -> Option<(Value, Value)> {
        let table = self.table();
        if position >= table.filled() || !table.has_values() {
            return None;
        }
        let key = table.key(position).load_at_once_in(|| self.is_current(table))?.into_value();
        let Some(value) = table.value(position).load_at_once_in(|| self.is_current(table)) else {
            // SAFETY: owned, and not the last reference, if it was counted just now.
            let _ = unsafe { Obj::drop_at_once(key) };
            return None;
        };
        Some((key, value.into_value()))
    }
    /// The value of the entry at `position`, as [`HashCore::key_at_once`].
    #[inline(always)]
    pub(crate) fn value_of_entry_at_once(&self, position: usize) -> Option<Obj> {
        let table = self.table();
        if position >= table.filled() || !table.has_values() {
            return None;
        }
        table.value(position).load_at_once_in(|| self.is_current(table))
    }
    /// The key of the entry at `position`, if there is one and that is a matter of a few instructions: for code that must not call. May be uncounted.
    #[inline(always)]
    pub(crate) fn key_at_once(&self, position: usize) -> Option<Obj> {
        let table = self.table();
        if position >= table.filled() {
            return None;
        }
        let key = table.key(position).load_at_once_in(|| self.is_current(table))?;
        // Deleting empties the value first.
        if table.has_values() && table.value(position).is_empty() { None } else { Some(key) }
    }
    /// The entry before `position`, for walking backwards. As [`HashCore::next_entry`].
    pub(crate) fn previous_entry(&self, position: &mut usize) -> Option<(i64, Obj, Option<Obj>)> {
        'again: loop {
            let table = self.table();
            *position = (*position).min(table.filled());
            while *position > 0 {
                let entry = *position - 1;
                let Ok((key, value)) = self.read_entry(table, entry) else { continue 'again };
                let hash = table.hash(entry);
                *position = entry;
                if let Some(key) = key
                    && (value.is_some() || !table.has_values())
                {
                    return Some((hash, key, value));
                }
            }
            return None;
        }
    }
    /// One past the last entry.
    pub(crate) fn end(&self) -> usize {
        self.table().filled()
    }
    pub(crate) fn trace(&self, tracer: &mut Tracer<'_>) {
        self.table().trace(tracer);
    }
}

/// Whether a value of a namespace is remembered as such, not by its place: what only the collector ends (functions, classes), and built-in functions and classes.
/// Its reference needs no count, and it lasts as long as the namespace's `keys_version`.
pub(crate) fn is_constant(value: Value) -> bool {
    if !value.is_ptr() {
        return false;
    }
    // SAFETY: a header is readable as long as this thread does not pass a safepoint, whatever became of the object.
    let header = unsafe { &*value.ptr() };
    header.has_flag(taipan_gc::HeaderFlags::DEFERRED)
        || header.is_immortal() && {
            let ops = header.shape_entry().ops_ptr();
            std::ptr::eq(ops, crate::native_function::PyNativeFunction::ops())
                || std::ptr::eq(ops, crate::type_object::PyType::ops())
        }
}

/// Whether the value is a number, or what is never freed.
#[inline(always)]
fn needs_no_count(value: Value) -> bool {
    // SAFETY: as above.
    value.is_number() || value.is_ptr() && unsafe { &*value.ptr() }.is_immortal()
}

/// Texts of two exact strings.
#[inline]
fn text_equal(a: &Obj, b: &Obj) -> bool {
    match (a.downcast::<PyStr>(), b.downcast::<PyStr>()) {
        (Some(a), Some(b)) => a.equals(b),
        _ => false,
    }
}

impl Drop for HashCore {
    #[inline]
    fn drop(&mut self) {
        let table = self.table.load(Ordering::Relaxed);
        // SAFETY: the object is dead (or was never published): nobody can reach or read the table.
        unsafe {
            if !(*table).is_empty_table() {
                (*table).drop_references();
                Table::free(table);
            }
        }
    }
}
