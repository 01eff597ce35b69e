//! Interned strings: one object a text for the whole process, immortal.
//!
//! Invariant: a string in the table has the flag `LAYOUT_A`, is exactly a `str`, and is never freed; so identity decides equality
//! among interned strings, and references to them cost no count.

use std::borrow::Borrow;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::OnceLock;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rustc_hash::FxHasher;
use taipan_gc::{HeaderFlags, Obj, Py, ShapeId};
use taipan_text::units::{OwnedUnits, Units};

use super::{PyStr, hash_units};

struct Key(Py<PyStr>);

/// What keys and looked-up texts have in common.
trait Content {
    fn content_hash(&self) -> i64;
    fn content(&self) -> Units<'_>;
}

impl Content for Key {
    fn content_hash(&self) -> i64 {
        self.0.python_hash()
    }
    fn content(&self) -> Units<'_> {
        self.0.units()
    }
}

struct Wanted<'a>(Units<'a>, i64);

impl Content for Wanted<'_> {
    fn content_hash(&self) -> i64 {
        self.1
    }
    fn content(&self) -> Units<'_> {
        self.0
    }
}

impl Hash for dyn Content + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i64(self.content_hash());
    }
}
impl PartialEq for dyn Content + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.content() == other.content()
    }
}
impl Eq for dyn Content + '_ {}
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i64(self.content_hash());
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&other.0)
    }
}
impl Eq for Key {}
impl<'a> Borrow<dyn Content + 'a> for Key {
    fn borrow(&self) -> &(dyn Content + 'a) {
        self
    }
}

type Table = DashMap<Key, (), BuildHasherDefault<FxHasher>>;

static TABLE: OnceLock<Table> = OnceLock::new();

fn table() -> &'static Table {
    TABLE.get_or_init(|| DashMap::with_capacity_and_hasher(4096, BuildHasherDefault::default()))
}

/// Whether any string was interned yet.
pub fn is_intern_ready() -> bool {
    TABLE.get().is_some()
}

fn find(units: Units<'_>, hash: i64) -> Option<Py<PyStr>> {
    let wanted = Wanted(units, hash);
    table().get(&wanted as &dyn Content).map(|entry| entry.key().0.clone())
}

/// Puts a string into the table unless an equal one is there; `fresh` is not shared, or owned by this thread.
fn insert(fresh: Py<PyStr>) -> Py<PyStr> {
    match table().entry(Key(fresh.clone())) {
        Entry::Occupied(entry) => entry.key().0.clone(),
        Entry::Vacant(entry) => {
            fresh.immortalize();
            fresh.header().set_flag(HeaderFlags::LAYOUT_A);
            entry.insert(());
            fresh
        }
    }
}

/// Number of interned strings.
pub fn count() -> usize {
    TABLE.get().map_or(0, DashMap::len)
}

/// The interned string of a text at its narrowest width.
pub fn intern_units(units: Units<'_>) -> Py<PyStr> {
    let hash = hash_units(units);
    match find(units, hash) {
        Some(found) => found,
        // Not `from_slice`: short texts come from here.
        None => insert(PyStr::inline_or_external(units)),
    }
}

/// The interned string `text`.
pub fn intern(text: &str) -> Py<PyStr> {
    if text.is_ascii() {
        intern_units(Units::Latin1(text.as_bytes()))
    } else {
        intern_units(OwnedUnits::from(text).as_units())
    }
}

/// The string in the cell of [`istr!`](crate::istr), put there at first use.
#[inline]
pub fn literal(cell: &'static OnceLock<Py<PyStr>>, text: &'static str) -> Py<PyStr> {
    cell.get_or_init(|| intern(text)).clone()
}

/// The interned string equal to `obj`, a `str` (anything else: the empty string). Becomes `obj` itself if it can.
pub fn intern_obj(obj: &Obj) -> Py<PyStr> {
    let Some(string) = obj.downcast::<PyStr>() else { return super::empty() };
    if string.is_interned() {
        return Py::from_ref(string);
    }
    intern_str(string)
}

#[cold]
fn intern_str(string: &PyStr) -> Py<PyStr> {
    if let Some(found) = find(string.units(), string.python_hash()) {
        return found;
    }
    // Only the owner may turn an object that others may know immortal: it alone writes the local count.
    if string.is_exact() && string.header.owner() == taipan_threading::current_slot() {
        return insert(Py::from_ref(string));
    }
    insert(PyStr::inline_or_external(string.units()))
}

/// Gives all strings their shape, at start-up.
pub(super) fn set_shapes(shape: ShapeId) {
    for entry in table().iter() {
        entry.key().0.header().set_shape(shape);
    }
}

impl PyStr {
    /// A new exact string even for texts that are cached.
    fn inline_or_external(units: Units<'_>) -> Py<PyStr> {
        if units.len() * units.width() <= super::MAX_INLINE {
            PyStr::inline(super::str_header(), 0, units)
        } else {
            PyStr::external(super::str_header(), 0, units.to_buf())
        }
    }
}

/// The interned string of a literal: looked up once, then a load (interned strings are immortal).
#[macro_export]
macro_rules! istr {
    ($text:expr) => {
        $crate::str::literal(
            {
                static STRING: ::std::sync::OnceLock<$crate::Py<$crate::str::PyStr>> =
                    ::std::sync::OnceLock::new();
                &STRING
            },
            $text,
        )
    };
}
