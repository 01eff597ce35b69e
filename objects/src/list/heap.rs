//! A list as a heap, as far as comparisons run no Python code: pushing, popping and sifting in one short section.
//!
//! While an item is sifted its word is in no slot, and the word of the item that was moved last is in two; no reference is
//! gained or lost, and whoever reads meanwhile gets an item of the list. Which items are compared, and in what order, is as in CPython's `_heapq`.

use taipan_gc::{Obj, Value};

use super::{PyList, Storage, growth};
use crate::protocol::less_quickly;

/// What is left to do where a comparison needs Python code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsifted {
    /// Nothing: the heap is in order.
    Nothing,
    /// The item at this place is to go down to a leaf, and then up.
    Sink(usize),
    /// The item at this place is to go up.
    Rise(usize),
}

/// An array under its list's lock.
struct Locked<'a> {
    storage: &'a Storage,
    len: usize,
    largest_first: bool,
}

impl Locked<'_> {
    #[inline(always)]
    fn before(&self, a: Value, b: Value) -> Option<bool> {
        let (a, b) = if self.largest_first { (b, a) } else { (a, b) };
        if a.both_int(b) {
            return Some(a.as_int() < b.as_int());
        }
        // SAFETY: uncounted, and the list or its caller keeps both alive for the section.
        let (a, b) =
            unsafe { (Obj::from_value_unchecked(a.uncounted()), Obj::from_value_unchecked(b.uncounted())) };
        less_quickly(&a, &b)
    }
    fn rise(&self, top: usize, mut place: usize) -> Unsifted {
        let item = self.storage.get(place);
        let mut left = Unsifted::Nothing;
        while place > top {
            let parent_place = (place - 1) / 2;
            let parent = self.storage.get(parent_place);
            match self.before(item, parent) {
                Some(true) => {}
                Some(false) => break,
                None => {
                    left = Unsifted::Rise(place);
                    break;
                }
            }
            self.storage.put(place, parent);
            place = parent_place;
        }
        self.storage.put(place, item);
        left
    }
    fn sink(&self, start: usize) -> Unsifted {
        let item = self.storage.get(start);
        let mut place = start;
        while place < self.len / 2 {
            let mut child = 2 * place + 1;
            let mut word = self.storage.get(child);
            if child + 1 < self.len {
                let right = self.storage.get(child + 1);
                match self.before(word, right) {
                    Some(true) => {}
                    Some(false) => (child, word) = (child + 1, right),
                    None => {
                        self.storage.put(place, item);
                        return Unsifted::Sink(place);
                    }
                }
            }
            self.storage.put(place, word);
            place = child;
        }
        self.storage.put(place, item);
        self.rise(start, place)
    }
}

impl PyList {
    fn locked(&self, largest_first: bool) -> Locked<'_> {
        Locked { storage: self.storage(), len: self.len(), largest_first }
    }
    /// Appends an item and lets it rise.
    pub fn heap_push(&self, item: Obj, largest_first: bool) -> Unsifted {
        let item = item.into_counted();
        let _section = self.section();
        let len = self.len();
        if len == self.storage().capacity() {
            self.grow(growth(len + 1), !taipan_threading::multi_threaded());
        }
        self.storage().put(len, item);
        self.len.store(len + 1, taipan_threading::sync::atomic::Ordering::Release);
        self.locked(largest_first).rise(0, len)
    }
    /// Takes the first item out, with the last one in its place sinking; `None` if there are no items.
    pub fn heap_pop(&self, largest_first: bool) -> Option<(Obj, Unsifted)> {
        let _section = self.section();
        let last_place = self.len().checked_sub(1)?;
        self.len.store(last_place, taipan_threading::sync::atomic::Ordering::Release);
        let last = self.storage().slot(last_place).take()?;
        if last_place == 0 {
            return Some((last, Unsifted::Nothing));
        }
        let top = self.storage().slot(0).replace(Some(last))?;
        Some((top, self.locked(largest_first).sink(0)))
    }
    /// Lets the item at `place` sink.
    pub fn heap_sink(&self, place: usize, largest_first: bool) -> Unsifted {
        let _section = self.section();
        if place < self.len() { self.locked(largest_first).sink(place) } else { Unsifted::Nothing }
    }
    /// Lets the item at `place` rise, to `top` at most.
    pub fn heap_rise(&self, top: usize, place: usize, largest_first: bool) -> Unsifted {
        let _section = self.section();
        if place < self.len() { self.locked(largest_first).rise(top, place) } else { Unsifted::Nothing }
    }
}
