//! The classes that derive from a class directly.
//!
//! Invariant: each class is in the list once, in the order in which they came, from its linearization to its end. Many short-lived classes
//! below one base (mocks have one each) come and go in constant time: long lists have an index, and leave gaps.

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::PyType;

/// Lists up to this length are searched.
const SHORT: usize = 16;

/// What is in [`PyType::subclasses`].
pub(crate) struct Subclasses {
    /// Null where a class was that is gone; short lists have no gaps.
    list: Vec<*const PyType>,
    /// Where the classes of a long list are, by address.
    places: FxHashMap<usize, usize>,
}

impl Subclasses {
    pub(super) const fn new() -> Subclasses {
        Subclasses { list: Vec::new(), places: FxHashMap::with_hasher(FxBuildHasher) }
    }
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    pub(super) fn iter(&self) -> impl Iterator<Item = *const PyType> {
        self.list.iter().copied().filter(|class| !class.is_null())
    }
    fn is_long(&self) -> bool {
        !self.places.is_empty()
    }
    /// Adds a class at the end unless it is in the list.
    pub(super) fn add(&mut self, class: *const PyType) {
        let known =
            if self.is_long() { self.places.contains_key(&class.addr()) } else { self.list.contains(&class) };
        if known {
            return;
        }
        if self.is_long() {
            self.places.insert(class.addr(), self.list.len());
        }
        self.list.push(class);
        if !self.is_long() && self.list.len() > SHORT {
            self.index();
        }
    }
    /// Takes a class out, if it is in the list.
    pub(super) fn remove(&mut self, class: *const PyType) {
        if !self.is_long() {
            self.list.retain(|c| !std::ptr::eq(*c, class));
            return;
        }
        let Some(place) = self.places.remove(&class.addr()) else { return };
        self.list[place] = std::ptr::null();
        if self.places.len() <= self.list.len() / 2 {
            self.list.retain(|c| !c.is_null());
            self.places.clear();
            if self.list.len() > SHORT {
                self.index();
            } else {
                self.places = FxHashMap::default();
            }
        }
    }
    fn index(&mut self) {
        self.places.extend(self.list.iter().enumerate().map(|(place, class)| (class.addr(), place)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(number: usize) -> *const PyType {
        std::ptr::without_provenance(number * 16)
    }

    #[test]
    fn order_is_kept_with_gaps_and_without() {
        let mut subclasses = Subclasses::new();
        for number in 1..=40 {
            subclasses.add(class(number));
            subclasses.add(class(number));
        }
        for number in (1..=40).filter(|n| n % 3 != 0) {
            subclasses.remove(class(number));
            subclasses.remove(class(number));
        }
        let left: Vec<usize> = subclasses.iter().map(|c| c.addr() / 16).collect();
        assert_eq!(left, (1..=13).map(|n| n * 3).collect::<Vec<_>>());
        subclasses.add(class(1));
        assert_eq!(subclasses.iter().last(), Some(class(1)));
        (1..=40).for_each(|number| subclasses.remove(class(number)));
        assert!(subclasses.is_empty());
    }
}
