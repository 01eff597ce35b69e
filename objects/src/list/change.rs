//! Changing the number or the order of a list's items in its middle. What is taken out is dropped after the section.

use taipan_gc::{Obj, Value, refcount};
use taipan_threading::sync::atomic::Ordering;

use super::storage::Storage;
use super::{PyList, growth};
use crate::protocol::IntoStrong;
use crate::singletons::none;

impl PyList {
    /// Removes and returns item `index`.
    pub fn remove(&self, index: usize) -> Option<Obj> {
        let _section = self.section();
        let len = self.len();
        if index >= len {
            return None;
        }
        let storage = self.storage();
        if index + 1 == len {
            self.len.store(index, Ordering::Release);
            return storage.slot(index).take();
        }
        if storage.capacity() > 16 && len - 1 < storage.capacity() / 2 {
            let mut removed = Vec::new();
            self.splice_locked(index, index + 1, &mut removed);
            return removed.pop();
        }
        let item = storage.get(index);
        self.len.store(len - 1, Ordering::Release);
        storage.shift(index + 1, index, len - 1 - index);
        storage.put(len - 1, Value::EMPTY);
        refcount::emptied_by_stores();
        // SAFETY: the list's own reference, which was overwritten.
        unsafe { Obj::from_value(item) }
    }
    /// Inserts before item `index` (at the end if there is none).
    pub fn insert(&self, index: usize, item: Obj) {
        let item = item.into_counted();
        let _section = self.section();
        let len = self.len();
        let index = index.min(len);
        if len == self.storage().capacity() {
            self.grow(growth(len + 1), !taipan_threading::multi_threaded());
        }
        let storage = self.storage();
        storage.shift(index, index + 1, len - index);
        storage.put(index, item);
        self.len.store(len + 1, Ordering::Release);
    }
    /// Appends items.
    pub fn extend(&self, items: Vec<Obj>) {
        self.extend_exact(items.into_iter().map(IntoStrong::into_strong));
    }
    /// Appends as many items as the iterator says that it has; it must not run Python code.
    pub fn extend_exact(&self, items: impl ExactSizeIterator<Item = Obj>) {
        let _section = self.section();
        let (len, count) = (self.len(), items.len());
        if count == 0 {
            return;
        }
        let wanted = len + count;
        if wanted > self.storage().capacity() {
            let capacity = if len == 0 { wanted } else { growth(wanted) };
            self.grow(capacity, !taipan_threading::multi_threaded());
        }
        let storage = self.storage();
        let mut end = len;
        for item in items.take(count) {
            storage.put(end, item.into_counted());
            end += 1;
        }
        self.len.store(end, Ordering::Release);
    }
    /// Replaces items `start..end` (clamped) by others.
    pub fn splice(&self, start: usize, end: usize, mut items: Vec<Obj>) {
        self.splice_from(start, end, &mut items);
    }
    /// [`PyList::splice`] with items where they are, in whose place there is anything afterwards.
    pub fn splice_from(&self, start: usize, end: usize, items: &mut Vec<Obj>) {
        let section = self.section();
        let start = start.min(self.len());
        let end = end.clamp(start, self.len());
        self.splice_locked(start, end, items);
        drop(section);
    }
    /// Replaces items `start..end`, which exist, by others and leaves the former ones in their place, to be dropped after the section.
    pub(super) fn splice_locked(&self, start: usize, end: usize, items: &mut Vec<Obj>) {
        let len = self.len();
        let storage = self.storage();
        let count = items.len();
        if count == end - start {
            for (index, item) in (start..).zip(items) {
                // A swap: the list takes over the one reference and gives the other.
                if let Some(former) = storage.slot(index).replace(Some(std::mem::replace(item, none()))) {
                    *item = former;
                }
            }
            return;
        }
        let new_len = len - (end - start) + count;
        let removed: Vec<Obj> = (start..end)
            // SAFETY: the list's own references, which the stores below or the new storage leave out.
            .filter_map(|index| unsafe { Obj::from_value(storage.get(index)) })
            .collect();
        let items = std::mem::replace(items, removed);
        let shrink = new_len < storage.capacity() / 2 && storage.capacity() > 8;
        if new_len <= storage.capacity() && !shrink {
            if new_len > len {
                storage.shift(end, start + count, len - end);
            } else if new_len < len {
                self.len.store(new_len, Ordering::Release);
            }
            for (index, item) in items.into_iter().enumerate() {
                storage.put(start + index, item.into_counted());
            }
            if new_len < len {
                storage.shift(end, start + count, len - end);
                for index in new_len..len {
                    storage.put(index, Value::EMPTY);
                }
            }
            refcount::emptied_by_stores();
            self.len.store(new_len, Ordering::Release);
        } else {
            let capacity = if new_len > storage.capacity() && len > 0 { growth(new_len) } else { new_len };
            let new = Storage::allocate(capacity);
            // SAFETY: just made, with room for `new_len` items.
            let to = unsafe { &*new };
            for index in 0..start {
                to.put(index, storage.get(index));
            }
            for (index, item) in items.into_iter().enumerate() {
                to.put(start + index, item.into_counted());
            }
            for index in end..len {
                to.put(index - end + start + count, storage.get(index));
            }
            if new_len < len {
                self.len.store(new_len, Ordering::Release);
            }
            self.publish(new);
            self.len.store(new_len, Ordering::Release);
        }
    }
    /// Replaces items `start`, `start + step`, …, as far as they exist.
    pub(super) fn assign_strided(&self, start: usize, step: isize, items: Vec<Obj>) {
        let section = self.section();
        let (storage, len) = (self.storage(), self.len());
        let mut removed = Vec::with_capacity(items.len());
        let mut index = start;
        for item in items {
            if index < len {
                removed.push(storage.slot(index).replace(Some(item)));
            } else {
                removed.push(Some(item));
            }
            index = index.wrapping_add_signed(step);
        }
        drop(section);
        drop(removed);
    }
    /// Deletes items `start`, `start + step`, …, as far as they exist; `count` > 0.
    pub(super) fn delete_strided(&self, start: usize, step: isize, count: usize) {
        let section = self.section();
        let (storage, len) = (self.storage(), self.len());
        let last = start.wrapping_add_signed(step.wrapping_mul(count as isize - 1));
        let (low, high, stride) = (start.min(last), start.max(last), step.unsigned_abs());
        let mut removed = Vec::with_capacity(count);
        let mut to = low;
        for from in low..len {
            let value = storage.get(from);
            if from <= high && (from - low) % stride == 0 {
                // SAFETY: the list's own reference, which is overwritten below before it is dropped.
                removed.extend(unsafe { Obj::from_value(value) });
            } else {
                storage.put(to, value);
                to += 1;
            }
        }
        if to < len {
            self.len.store(to, Ordering::Release);
            for index in to..len {
                storage.put(index, Value::EMPTY);
            }
            refcount::emptied_by_stores();
        }
        drop(section);
        drop(removed);
    }
}
