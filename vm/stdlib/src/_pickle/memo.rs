//! What a run remembers: a pickler's numbers of objects, an unpickler's objects by number.

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use taipan_objects::layout::TraceField;
use taipan_objects::prelude::*;

/// A memo in use: one of a run without an object, or that of a Pickler or Unpickler, which others may look at meanwhile.
pub enum Place<'a, M> {
    Own(M),
    Shared(&'a Mutex<M>),
}

impl<M> Place<'_, M> {
    /// Runs `f` on the memo. `f` runs no Python code and drops no object.
    #[inline]
    pub fn with<R>(&mut self, f: impl FnOnce(&mut M) -> R) -> R {
        match self {
            Place::Own(memo) => f(memo),
            Place::Shared(memo) => f(&mut memo.lock()),
        }
    }
}

/// A pickler's memo: the number of each object written, and the object, so that its address stays its own. It is asked for nearly every object, so it is
/// a plain table: by address, places one behind the other are tried until one is vacant, at least half of them are, and nothing is removed.
#[derive(Default)]
pub struct Saved {
    /// As many as a power of two, or none.
    places: Vec<Option<(Obj, usize)>>,
    used: usize,
}

/// Places of the first table.
const FIRST_PLACES: usize = 64;

impl TraceField for Saved {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.places.iter().flatten().for_each(|(obj, _)| obj.trace_field(tracer));
    }
}

fn key(obj: &Obj) -> u64 {
    obj.value().counted().bits()
}

impl Saved {
    /// The place of the object with this key, or the vacant one where it belongs. There are places.
    #[inline(always)]
    fn place(places: &[Option<(Obj, usize)>], key: u64) -> usize {
        let mask = places.len() - 1;
        // Upper bits of the product depend on all bits of the address.
        let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while let Some((obj, _)) = &places[at & mask]
            && self::key(obj) != key
        {
            at += 1;
        }
        at & mask
    }
    #[inline]
    pub fn get(&self, obj: &Obj) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        self.places[Self::place(&self.places, key(obj))].as_ref().map(|(_, number)| *number)
    }
    /// Remembers an object that is not in the memo, under the next number.
    #[inline]
    pub fn add(&mut self, obj: &Obj) -> usize {
        let number = self.used;
        let _was_absent = self.set(obj.clone(), number);
        number
    }
    /// Remembers an object under a number of the caller's choice; what was there before, to be dropped.
    #[inline]
    pub fn set(&mut self, obj: Obj, number: usize) -> Option<(Obj, usize)> {
        if 2 * self.used >= self.places.len() {
            self.grow();
        }
        let at = Self::place(&self.places, key(&obj));
        let old = self.places[at].replace((obj, number));
        self.used += usize::from(old.is_none());
        old
    }
    #[cold]
    fn grow(&mut self) {
        let mut places = Vec::new();
        places.resize_with((4 * self.places.len()).max(FIRST_PLACES), || None);
        for entry in std::mem::take(&mut self.places).into_iter().flatten() {
            let at = Self::place(&places, key(&entry.0));
            places[at] = Some(entry);
        }
        self.places = places;
    }
    /// All objects with their numbers.
    pub fn entries(&self) -> Vec<(usize, Obj)> {
        self.places.iter().flatten().map(|(obj, number)| (*number, obj.clone())).collect()
    }
}

/// An unpickler's memo.
#[derive(Default)]
pub struct Loaded {
    /// Numbers as picklers give them: 0, 1, 2, …
    dense: Vec<Option<Obj>>,
    /// Numbers far beyond, in data that no pickler wrote.
    sparse: FxHashMap<usize, Obj>,
    count: usize,
}

impl TraceField for Loaded {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.dense.trace_field(tracer);
        self.sparse.values().for_each(|obj| obj.trace_field(tracer));
    }
}

impl Loaded {
    #[inline]
    pub fn get(&self, number: usize) -> Option<&Obj> {
        match self.dense.get(number) {
            Some(entry) => entry.as_ref(),
            None => self.sparse.get(&number),
        }
    }
    /// Remembers `obj`; what was there before, to be dropped.
    pub fn set(&mut self, number: usize, obj: Obj) -> Option<Obj> {
        if number == self.dense.len() {
            self.dense.push(Some(obj));
            self.count += 1;
            return None;
        }
        let old = if number < self.dense.len() + 1024 {
            if number >= self.dense.len() {
                self.dense.resize_with(number + 1, || None);
            }
            self.dense[number].replace(obj)
        } else {
            self.sparse.insert(number, obj)
        };
        self.count += usize::from(old.is_none());
        old
    }
    /// How many numbers are taken: the next one for `MEMOIZE`.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }
    /// All objects with their numbers.
    pub fn entries(&self) -> Vec<(usize, Obj)> {
        let dense = self.dense.iter().enumerate().filter_map(|(i, obj)| obj.clone().map(|obj| (i, obj)));
        dense.chain(self.sparse.iter().map(|(i, obj)| (*i, obj.clone()))).collect()
    }
}
