//! Union, intersection, difference, symmetric difference, and the order of sets by inclusion.
//! Another set is taken as it is at one moment.

use taipan_gc::{Obj, Py};

use super::{PySet, hash_element};
use crate::dict::hash_core::HashCore;
use crate::dict::{PyDict, exact_dict};
use crate::error::*;
use crate::protocol::{self, IntoStrong};
use crate::str::is_exact_str;
use crate::type_object::PyType;
use crate::types::types;

/// Elements with their hashes.
fn elements_of(other: &Obj) -> PyResult<Vec<(i64, Obj)>> {
    if let Some(set) = other.downcast::<PySet>() {
        return Ok(set.snapshot_with_hashes());
    }
    if let Some(dict) = exact_dict(other) {
        return Ok(dict.snapshot_with_hashes().into_iter().map(|(hash, key, _)| (hash, key)).collect());
    }
    let mut elements = Vec::new();
    protocol::for_each(other, |element| {
        elements.push((hash_element(&element)?, element));
        Ok(())
    })?;
    Ok(elements)
}

/// Things whose members are found by hash.
enum Lookup<'a> {
    Set(&'a PySet),
    Dict(&'a PyDict),
}

impl Lookup<'_> {
    fn of(other: &Obj) -> Option<Lookup<'_>> {
        match other.downcast::<PySet>() {
            Some(set) => Some(Lookup::Set(set)),
            None => exact_dict(other).map(Lookup::Dict),
        }
    }
    fn has(&self, element: &Obj, hash: i64) -> PyResult<bool> {
        match self {
            Lookup::Set(set) => set.core.contains(element, hash),
            Lookup::Dict(dict) => dict.core.contains(element, hash),
        }
    }
}

impl PySet {
    /// `self |= other`.
    pub fn update_with(&self, other: &Obj) -> PyResult<()> {
        if let Some(set) = other.downcast::<PySet>() {
            if std::ptr::eq(self, set) {
                return Ok(());
            }
            if self.is_empty()
                && self.core.replace_content(self.header.lock(), set.core.copy(set.header.lock()), true)
            {
                return Ok(());
            }
        } else if exact_dict(other).is_none() {
            // One by one: an infinite iterable fills the set, and what was added before an error stays.
            return protocol::for_each(other, |element| self.add(element).map(drop));
        }
        if let Some(set) = other.downcast::<PySet>() {
            set.walk(|hash, element| self.add_with_hash(element, hash).map(|_| true))?;
            return Ok(());
        }
        for (hash, element) in elements_of(other)? {
            self.add_with_hash(element, hash)?;
        }
        Ok(())
    }
    /// `self -= other`.
    pub fn difference_update_with(&self, other: &Obj) -> PyResult<()> {
        if let Some(set) = other.downcast::<PySet>()
            && std::ptr::eq(self, set)
        {
            self.clear();
            return Ok(());
        }
        for (hash, element) in elements_of(other)? {
            self.remove_with_hash(&element, hash)?;
        }
        Ok(())
    }
    /// `self &= other`.
    pub fn intersection_update_with(&self, other: &Obj) -> PyResult<()> {
        let result = self.intersection_with(other)?;
        self.keep_only(&result)
    }
    /// Removes what is not in `other`. What another thread adds meanwhile stays: it came later.
    pub(super) fn keep_only(&self, other: &PySet) -> PyResult<()> {
        for (hash, element) in self.snapshot_with_hashes() {
            if !other.core.contains(&element, hash)? {
                self.remove_with_hash(&element, hash)?;
            }
        }
        Ok(())
    }
    /// `self ^= other`.
    pub fn symmetric_difference_update_with(&self, other: &Obj) -> PyResult<()> {
        if let Some(set) = other.downcast::<PySet>()
            && std::ptr::eq(self, set)
        {
            self.clear();
            return Ok(());
        }
        // Duplicates in an iterable count once.
        let once = PySet::empty(&types().set);
        for (hash, element) in elements_of(other)? {
            once.add_with_hash(element, hash)?;
        }
        for (hash, element) in once.snapshot_with_hashes() {
            if !self.remove_with_hash(&element, hash)? {
                self.add_with_hash(element, hash)?;
            }
        }
        Ok(())
    }
    /// A set of elements that one set had, which is `unchanged` since. Otherwise comparing may have changed it in between, so that one came twice: then they are added
    /// one by one.
    fn of_distinct(&self, elements: Vec<(i64, Obj)>, unchanged: bool) -> PyResult<Py<PySet>> {
        let class = self.base_class();
        let plain = |element: &Obj| !element.value().is_ptr() || is_exact_str(element);
        if unchanged && elements.iter().all(|(_, element)| plain(element)) {
            return Ok(PySet::make(class, HashCore::of_distinct(elements)));
        }
        let result = PySet::empty(class);
        for (hash, element) in elements {
            result.add_with_hash(element, hash)?;
        }
        Ok(result)
    }
    /// `self | other`, of class `set` or `frozenset`.
    pub(super) fn union_with(&self, other: &Obj) -> PyResult<Py<PySet>> {
        if let Some(set) = other.downcast::<PySet>()
            && let Some(union) = self.united_at_once(set)
        {
            return Ok(PySet::make(self.base_class(), union));
        }
        let result = self.copy();
        result.update_with(other)?;
        Ok(result)
    }
    /// `self & other`, of class `set` or `frozenset`.
    pub fn intersection_with(&self, other: &Obj) -> PyResult<Py<PySet>> {
        if let Some(set) = other.downcast::<PySet>() {
            let (walked, looked_up) = if set.len() > self.len() { (self, set) } else { (set, self) };
            if let Some(common) = walked.chosen_at_once(looked_up, true) {
                return Ok(PySet::make(self.base_class(), common));
            }
            let mut common = Vec::new();
            let before = walked.core.changes();
            walked.walk(|hash, element| {
                if looked_up.core.contains(&element, hash)? {
                    common.push((hash, element));
                }
                Ok(true)
            })?;
            return self.of_distinct(common, walked.core.changes() == before);
        }
        let result = PySet::empty(self.base_class());
        protocol::for_each(other, |element| {
            let hash = hash_element(&element)?;
            if self.core.contains(&element, hash)? {
                result.add_with_hash(element, hash)?;
            }
            Ok(())
        })?;
        Ok(result)
    }
    /// `self - other`, of class `set` or `frozenset`.
    pub fn difference_with(&self, other: &Obj) -> PyResult<Py<PySet>> {
        if let Some(lookup) = Lookup::of(other) {
            if let Lookup::Set(set) = lookup
                && let Some(rest) = self.chosen_at_once(set, false)
            {
                return Ok(PySet::make(self.base_class(), rest));
            }
            let mut rest = Vec::new();
            let before = self.core.changes();
            self.walk(|hash, element| {
                if !lookup.has(&element, hash)? {
                    rest.push((hash, element));
                }
                Ok(true)
            })?;
            return self.of_distinct(rest, self.core.changes() == before);
        }
        let result = self.copy();
        result.difference_update_with(other)?;
        Ok(result)
    }
    /// `self <= other` for sets.
    pub fn is_subset(&self, other: &PySet) -> PyResult<bool> {
        if self.len() > other.len() {
            return Ok(false);
        }
        if let Some(all) = self.all_at_once(other, true) {
            return Ok(all);
        }
        self.walk(|hash, element| other.core.contains(&element, hash))
    }
    /// `self.issubset(other)`.
    pub(super) fn is_subset_of(&self, other: &Obj) -> PyResult<bool> {
        match other.downcast::<PySet>() {
            Some(set) => self.is_subset(set),
            None => match exact_dict(other) {
                // Its keys are found by their hashes.
                Some(dict) => self.walk(|hash, element| dict.core.contains(&element, hash)),
                None => Ok(self.intersection_with(other)?.len() == self.len()),
            },
        }
    }
    /// `self.issuperset(other)`.
    pub(super) fn is_superset_of(&self, other: &Obj) -> PyResult<bool> {
        if let Some(set) = other.downcast::<PySet>() {
            return set.is_subset(self);
        }
        let iterator = protocol::iter(other)?;
        while let Some(element) = protocol::next(&iterator)? {
            let element = element.into_strong();
            if !self.core.contains(&element, hash_element(&element)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// `self == other` for sets.
    pub(super) fn equals(&self, other: &PySet) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let (a, b) = (self.hash.load(super::Ordering::Relaxed), other.hash.load(super::Ordering::Relaxed));
        if a != -1 && b != -1 && a != b {
            return Ok(false);
        }
        self.is_subset(other)
    }
    /// `self.isdisjoint(other)`.
    pub(super) fn is_disjoint_from(&self, other: &Obj) -> PyResult<bool> {
        if let Some(set) = other.downcast::<PySet>() {
            if std::ptr::eq(self, set) {
                return Ok(self.is_empty());
            }
            let (walked, looked_up) = if set.len() > self.len() { (self, set) } else { (set, self) };
            if let Some(none) = walked.all_at_once(looked_up, false) {
                return Ok(none);
            }
            return walked.walk(|hash, element| Ok(!looked_up.core.contains(&element, hash)?));
        }
        let iterator = protocol::iter(other)?;
        while let Some(element) = protocol::next(&iterator)? {
            let element = element.into_strong();
            if self.core.contains(&element, hash_element(&element)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// A new set of a class, filled from an iterable.
    pub(crate) fn from_iterable(class: &PyType, iterable: &Obj) -> PyResult<Py<PySet>> {
        let set = PySet::empty(class);
        set.update_with(iterable)?;
        Ok(set)
    }
}
