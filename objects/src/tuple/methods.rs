//! `tuple`'s methods.

use taipan_gc::{Obj, Py};

use super::PyTuple;
use crate::error::*;
use crate::generic_alias;
use crate::native::*;
use crate::protocol;
use crate::slice::clamped_index;

#[pymethods(class = "tuple")]
impl PyTuple {
    #[pymethod]
    fn __getnewargs__(&self) -> Py<PyTuple> {
        PyTuple::from_array([PyTuple::from_slice(self.as_slice()).into_obj()])
    }
    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "(value, start=0, stop=sys.maxsize, /)")]
    fn index(&self, value: &Obj, start: Option<&Obj>, stop: Option<&Obj>) -> PyResult<usize> {
        let len = self.len();
        let start = clamped_index(start, 0, len)?;
        let stop = clamped_index(stop, len, len)?.min(len);
        for (index, item) in self.as_slice().iter().enumerate().take(stop).skip(start) {
            if protocol::eq(item, value)? {
                return Ok(index);
            }
        }
        Err(value_error("tuple.index(x): x not in tuple"))
    }
    /// Return number of occurrences of value.
    #[pymethod]
    fn count(&self, value: &Obj) -> PyResult<usize> {
        let mut count = 0;
        for item in self.as_slice() {
            count += usize::from(protocol::eq(item, value)?);
        }
        Ok(count)
    }
    /// Tuples are generic over the types of their contents.
    ///
    /// For example, use ``tuple[int, str]`` for a pair whose first element
    /// is an int and second element is a string.
    ///
    /// Tuples also support the form ``tuple[T, ...]`` to indicate
    /// an arbitrary length tuple of elements of type T.
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
}
