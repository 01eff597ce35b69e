//! Operations on two sets as a whole, as long as no Python code has to say whether elements are equal. Otherwise they say nothing, and the general way of
//! [`algebra`](super::algebra) begins anew.
//!
//! The set whose elements are walked over is locked, if it can change at all, so that each element comes once. The one in which they are looked for need not be:
//! if others may change it, words are compared, but no object is touched that may be gone.

use taipan_gc::{Obj, Value, refcount};
use taipan_threading::multi_threaded;

use super::{PySet, STRIDE};
use crate::dict::hash_core::HashCore;
use crate::dict::table::{Probe, Table, VACANT};
use crate::protocol;
use crate::short_section::ShortSection;

/// The word `key` of a table that cannot change now, with a count of its own.
#[inline(always)]
fn counted(key: Value) -> Value {
    if key.is_ptr() {
        // SAFETY: the table's reference keeps the object alive.
        unsafe { refcount::incref(key) };
        return key.counted();
    }
    key
}

/// Whether two elements with one hash are equal, if that is known without Python code. Both are alive.
#[inline(never)]
fn equal(found: Value, key: Value) -> Option<bool> {
    // SAFETY: the caller's tables own the references and cannot change now; these are not counted.
    unsafe {
        let (Some(found), Some(key)) = (Obj::from_value(found.uncounted()), Obj::from_value(key.uncounted()))
        else {
            return None;
        };
        protocol::equal_quickly(&found, &key)
    }
}

impl HashCore {
    /// Whether the element `key`, which is alive, is there; nothing: that takes more. `STILL`: the table cannot change now.
    #[inline(always)]
    fn holds<const STILL: bool>(&self, key: Value, hash: i64) -> Option<bool> {
        let table = self.table();
        let mut probe = Probe::new(table, hash);
        loop {
            let cell = table.cell(probe.at);
            if cell >= 0 {
                let found = table.key(cell as usize).peek();
                if found.same(key) {
                    return Some(true);
                }
                if table.hash(cell as usize) == hash && !found.both_int(key) && !found.is_empty() {
                    if !STILL {
                        return None;
                    }
                    if equal(found, key)? {
                        return Some(true);
                    }
                }
            } else if cell == VACANT {
                return Some(false);
            }
            probe.advance(table);
        }
    }
}

/// Calls `f` with hash and key of the entries as long as it says yes; gives what it said last.
#[inline(always)]
fn all(table: &Table, mut f: impl FnMut(i64, Value) -> Option<bool>) -> Option<bool> {
    for entry in 0..table.filled() {
        let key = table.key(entry).peek();
        if !key.is_empty() && !f(table.hash(entry), key)? {
            return Some(false);
        }
    }
    Some(true)
}

#[inline(always)]
fn chosen_by(
    table: &Table,
    most: usize,
    has: impl Fn(Value, i64) -> Option<bool>,
    wanted: bool,
) -> Option<HashCore> {
    let chosen = HashCore::new(STRIDE);
    all(table, |hash, key| {
        if has(key, hash)? == wanted {
            chosen.append_distinct(most, hash, counted(key));
        }
        Some(true)
    })?;
    chosen.end_distinct();
    Some(chosen)
}

impl PySet {
    /// Whether nobody can change the set before this thread's next safepoint.
    #[inline(always)]
    fn is_still(&self) -> bool {
        !multi_threaded() || self.is_frozen()
    }
    /// The element at `place` of a set that never changes, or the next one behind it; moves `place` behind that.
    pub(crate) fn frozen_element(&self, place: &mut usize) -> Option<Obj> {
        let table = self.core.table();
        while *place < table.filled() {
            let key = table.key(*place).peek();
            *place += 1;
            if !key.is_empty() {
                // SAFETY: the count just made, if it is an object.
                return unsafe { Obj::from_value(counted(key)) };
            }
        }
        None
    }
    /// Keeps others from changing the set.
    #[inline(always)]
    fn hold_still(&self) -> Option<ShortSection<'_>> {
        (!self.is_still()).then(|| ShortSection::enter(self.header.lock()))
    }
    /// The elements of this set that `other` has, or has not.
    #[inline(never)]
    pub(super) fn chosen_at_once(&self, other: &PySet, wanted: bool) -> Option<HashCore> {
        // Entering may be a safepoint, so the tables are looked at behind it.
        let _section = self.hold_still();
        let (table, other, other_still, most) =
            (self.core.table(), &other.core, other.is_still(), self.len());
        if other_still {
            chosen_by(table, most, |key, hash| other.holds::<true>(key, hash), wanted)
        } else {
            chosen_by(table, most, |key, hash| other.holds::<false>(key, hash), wanted)
        }
    }
    /// Whether `other` has all elements of this set, or none of them.
    #[inline(never)]
    pub(super) fn all_at_once(&self, other: &PySet, wanted: bool) -> Option<bool> {
        let _section = self.hold_still();
        let table = self.core.table();
        if other.is_still() {
            all(table, |hash, key| Some(other.core.holds::<true>(key, hash)? == wanted))
        } else {
            all(table, |hash, key| Some(other.core.holds::<false>(key, hash)? == wanted))
        }
    }
    /// The elements of both sets.
    #[inline(never)]
    pub(super) fn united_at_once(&self, other: &PySet) -> Option<HashCore> {
        let union = self.core.copy(self.header.lock());
        let _section = other.hold_still();
        union.make_room(other.len());
        all(other.core.table(), |hash, key| {
            if !union.holds::<true>(key, hash)? {
                union.append_absent(hash, counted(key));
            }
            Some(true)
        })?;
        Some(union)
    }
}
