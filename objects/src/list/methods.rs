//! `list`'s methods.

use taipan_gc::{Obj, Py};

use super::PyList;
use super::slots::{equal, position};
use crate::error::*;
use crate::generic_alias;
use crate::iterators;
use crate::native::*;
use crate::singletons::is_none;
use crate::slice::clamped_index;

#[pymethods(class = "list")]
impl PyList {
    /// Return self[index].
    #[pymethod]
    fn __getitem__(slf: &Obj, index: &Obj) -> PyResult<Obj> {
        super::slots::getitem(slf, index)
    }
    /// Return a reverse iterator over the list.
    #[pymethod]
    fn __reversed__(slf: &Obj) -> Obj {
        iterators::list_reverse_iter(slf.clone())
    }
    /// Return the size of the list in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        size_of::<PyList>() + self.storage_bytes()
    }
    /// Remove all items from list.
    #[pymethod(name = "clear")]
    fn clear_method(&self) {
        self.clear();
    }
    /// Return a shallow copy of the list.
    #[pymethod(name = "copy")]
    fn copy_method(&self) -> Py<PyList> {
        self.copy_range(0, usize::MAX)
    }
    /// Append object to the end of the list.
    #[pymethod(intrinsic = "ListAppend")]
    fn append(&self, object: &Obj) {
        self.push(object.clone());
    }
    /// Insert object before index.
    #[pymethod(name = "insert")]
    fn insert_method(&self, index: isize, object: &Obj) {
        let len = self.len();
        let index = if index < 0 { len.saturating_sub(index.unsigned_abs()) } else { index as usize };
        self.insert(index, object.clone());
    }
    /// Extend list by appending elements from the iterable.
    #[pymethod(name = "extend")]
    fn extend_method(&self, iterable: &Obj) -> PyResult<()> {
        self.extend_from(iterable)
    }
    /// Remove and return item at index (default last).
    ///
    /// Raises IndexError if list is empty or index is out of range.
    #[pymethod(name = "pop", sig = "(index=-1, /)")]
    fn pop_method(&self, index: isize) -> PyResult<Obj> {
        if index == -1
            && let Some(item) = self.pop()
        {
            return Ok(item);
        }
        if self.is_empty() {
            return Err(index_error("pop from empty list"));
        }
        position(index, self.len())
            .and_then(|index| self.remove(index))
            .ok_or_else(|| index_error("pop index out of range"))
    }
    /// Remove first occurrence of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(name = "remove")]
    fn remove_method(&self, value: &Obj) -> PyResult<()> {
        match self.find(value, 0, usize::MAX)? {
            Some(index) => {
                drop(self.remove(index));
                Ok(())
            }
            None => Err(value_error("list.remove(x): x not in list")),
        }
    }
    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "(value, start=0, stop=sys.maxsize, /)")]
    fn index(&self, value: &Obj, start: Option<&Obj>, stop: Option<&Obj>) -> PyResult<usize> {
        let len = self.len();
        let start = clamped_index(start, 0, len)?;
        let stop = match stop {
            Some(_) => clamped_index(stop, len, len)?,
            None => usize::MAX,
        };
        self.find(value, start, stop)?.ok_or_else(|| value_error("list.index(x): x not in list"))
    }
    /// Return number of occurrences of value.
    #[pymethod]
    fn count(&self, value: &Obj) -> PyResult<usize> {
        let (mut index, mut count) = (0, 0);
        while let Some(item) = self.get(index) {
            count += usize::from(equal(item, value)?);
            index += 1;
        }
        Ok(count)
    }
    /// Reverse *IN PLACE*.
    #[pymethod(name = "reverse")]
    fn reverse_method(&self) {
        self.reverse();
    }
    /// Sort the list in ascending order and return None.
    ///
    /// The sort is in-place (i.e. the list itself is modified) and stable
    /// (i.e. the order of two equal elements is maintained).
    ///
    /// If a key function is given, apply it once to each list item and sort
    /// them, ascending or descending, according to their function values.
    ///
    /// The reverse flag can be set to sort in descending order.
    #[pymethod(name = "sort", sig = "(*, key=None, reverse=False)")]
    fn sort_method(&self, key: Option<&Obj>, reverse: bool) -> PyResult<()> {
        self.sort(key.filter(|key| !is_none(key)), reverse)
    }
    /// lists are generic over the type of their contents
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
}
