//! `deque`'s methods.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::slice::clamped_index;
use taipan_objects::{generic_alias, protocol};

use super::{PyDeque, iterator};
use crate::native_class::receiver;

#[pymethods(class = "collections.deque")]
impl PyDeque {
    /// Adds an item to the right side.
    #[pymethod(sig = "(item, /)")]
    fn append(&self, item: &Obj) {
        self.push_back(item.clone());
    }
    /// Adds an item to the left side.
    #[pymethod(sig = "(item, /)")]
    fn appendleft(&self, item: &Obj) {
        self.push_front(item.clone());
    }
    /// Removes all items.
    #[pymethod]
    fn clear(&self) {
        self.clear_items();
    }
    /// A shallow copy.
    #[pymethod]
    fn copy(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyDeque>(slf)?.copied(slf)
    }
    /// A shallow copy.
    #[pymethod]
    fn __copy__(slf: &Obj) -> PyResult<Obj> {
        receiver::<PyDeque>(slf)?.copied(slf)
    }
    /// The number of items equal to a value.
    #[pymethod(sig = "(value, /)")]
    fn count(&self, value: &Obj) -> PyResult<usize> {
        let mut count = 0;
        self.scan(value, 0, usize::MAX, |_| {
            count += 1;
            true
        })?;
        Ok(count)
    }
    /// Adds the items of an iterable to the right side.
    #[pymethod(sig = "(iterable, /)")]
    fn extend(&self, iterable: &Obj) -> PyResult<()> {
        self.extend_back(iterable)
    }
    /// Adds the items of an iterable to the left side, one after the other.
    #[pymethod(sig = "(iterable, /)")]
    fn extendleft(&self, iterable: &Obj) -> PyResult<()> {
        self.extend_front(iterable)
    }
    /// The first index of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "(value, start=0, stop=sys.maxsize, /)", text = "")]
    fn index(&self, value: &Obj, start: Option<&Obj>, stop: Option<&Obj>) -> PyResult<usize> {
        let len = self.len();
        let start = clamped_index(start, 0, len)?;
        let stop = clamped_index(stop, len, len)?;
        match self.find(value, start, stop)? {
            Some(index) => Ok(index),
            None => Err(value_error("deque.index(x): x not in deque")),
        }
    }
    /// Inserts a value before an index.
    #[pymethod(sig = "(index, value, /)")]
    fn insert(&self, index: isize, value: &Obj) -> PyResult<()> {
        let value = value.clone();
        let mut items = self.items.lock();
        let len = items.list.len();
        if self.limit().is_some_and(|limit| len >= limit) {
            drop(items);
            return Err(index_error("deque already at its maximum size"));
        }
        let index = if index < 0 { index.saturating_add_unsigned(len).max(0) } else { index };
        items.version += 1;
        items.list.insert(index.unsigned_abs().min(len), value);
        Ok(())
    }
    /// Removes and returns the rightmost item.
    #[pymethod]
    fn pop(&self) -> PyResult<Obj> {
        let mut items = self.items.lock();
        let item = items.list.pop_back();
        items.version += u64::from(item.is_some());
        drop(items);
        item.ok_or_else(|| index_error("pop from an empty deque"))
    }
    /// Removes and returns the leftmost item.
    #[pymethod]
    fn popleft(&self) -> PyResult<Obj> {
        self.pop_front().ok_or_else(|| index_error("pop from an empty deque"))
    }
    /// Removes the first item equal to a value.
    #[pymethod(sig = "(value, /)")]
    fn remove(&self, value: &Obj) -> PyResult<()> {
        let version = self.version();
        for index in 0.. {
            let (item, now) = self.item(index);
            if now != version {
                return Err(index_error("deque mutated during iteration"));
            }
            let Some(item) = item else { break };
            if !protocol::eq(&item, value)? {
                continue;
            }
            let mut items = self.items.lock();
            if items.version != version {
                drop(items);
                return Err(index_error("deque mutated during iteration"));
            }
            items.version += 1;
            let removed = items.list.remove(index);
            drop(items);
            drop(removed);
            return Ok(());
        }
        Err(value_error("deque.remove(x): x not in deque"))
    }
    /// Reverses the order.
    #[pymethod]
    fn reverse(&self) {
        let mut items = self.items.lock();
        items.version += 1;
        items.list.make_contiguous().reverse();
    }
    /// Moves the last n items to the left side (if n is negative, the first -n to the right).
    #[pymethod(sig = "(n=1, /)")]
    fn rotate(&self, n: isize) {
        let mut items = self.items.lock();
        let len = items.list.len();
        if len > 1 {
            items.version += 1;
            let steps = n.rem_euclid(len as isize).unsigned_abs();
            items.list.rotate_right(steps);
        }
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyDeque>(slf)?;
        let state = protocol::call_method_str(slf, "__getstate__", &[])?.into_strong();
        let arguments = match this.limit() {
            Some(limit) => tuple_obj(vec![tuple_obj(vec![]), int_obj(limit as i64)]),
            None => tuple_obj(vec![]),
        };
        Ok(tuple_obj(vec![class_of(slf).to_obj(), arguments, state, protocol::iter(slf)?]))
    }
    /// An iterator from right to left.
    #[pymethod]
    fn __reversed__(slf: &Obj) -> Obj {
        iterator::reversed(slf)
    }
    /// The size in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        size_of::<PyDeque>() + self.items.lock().list.capacity() * size_of::<Obj>()
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
    /// maximum size of a deque or None if unbounded
    #[pygetset]
    fn maxlen(&self) -> Option<usize> {
        self.limit()
    }
}
