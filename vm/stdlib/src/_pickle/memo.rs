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

/// A pickler's memo: the number of each object written, and the object, so that its address stays its own.
#[derive(Default)]
pub struct Saved {
    numbers: FxHashMap<u64, (usize, Obj)>,
}

impl TraceField for Saved {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.numbers.values().for_each(|(_, obj)| obj.trace_field(tracer));
    }
}

fn key(obj: &Obj) -> u64 {
    obj.value().counted().bits()
}

impl Saved {
    #[inline]
    pub fn get(&self, obj: &Obj) -> Option<usize> {
        self.numbers.get(&key(obj)).map(|(number, _)| *number)
    }
    /// Remembers an object that is not in the memo, under the next number.
    #[inline]
    pub fn add(&mut self, obj: &Obj) -> usize {
        let number = self.numbers.len();
        self.numbers.insert(key(obj), (number, obj.clone()));
        number
    }
    /// Remembers an object under a number of the caller's choice; what was there before, to be dropped.
    pub fn set(&mut self, obj: Obj, number: usize) -> Option<(usize, Obj)> {
        self.numbers.insert(key(&obj), (number, obj))
    }
    /// All objects with their numbers.
    pub fn entries(&self) -> Vec<(usize, Obj)> {
        self.numbers.values().cloned().collect()
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
