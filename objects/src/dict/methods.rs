//! `dict`'s methods.

use taipan_gc::{Obj, Py};

use super::{PyDict, slots, views};
use crate::argument::Args;
use crate::error::*;
use crate::generic_alias;
use crate::native::*;
use crate::singletons::none;
use crate::tuple::PyTuple;

#[pymethods(class = "dict")]
impl PyDict {
    /// Return the size of the dict in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        size_of::<PyDict>() + self.core.table_bytes()
    }
    /// True if the dictionary has the specified key, else False.
    #[pymethod]
    fn __contains__(&self, key: &Obj) -> PyResult<bool> {
        self.contains(key)
    }
    /// Return self[key].
    #[pymethod]
    fn __getitem__(slf: &Obj, key: &Obj) -> PyResult<Obj> {
        slots::getitem(slf, key)
    }
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(name = "get", sig = "(key, default=None, /)", intrinsic = "DictGet")]
    fn get_or(&self, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        Ok(match self.get_lent(key)? {
            Some(value) => value,
            None => default.cloned().unwrap_or_else(none),
        })
    }
    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(name = "setdefault", sig = "(key, default=None, /)")]
    fn setdefault_method(&self, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        match default {
            Some(default) => self.setdefault(key, default),
            None => self.setdefault(key, &none()),
        }
    }
    /// D.pop(k[,d]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[pymethod(name = "pop", sig = "(key, default=<unrepresentable>, /)")]
    fn pop_method(&self, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        // An empty dict does not ask for the hash.
        let found = if self.is_empty() { None } else { self.pop(key)? };
        match (found, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(key_error(key.clone())),
        }
    }
    /// Remove and return a (key, value) pair as a 2-tuple.
    ///
    /// Pairs are returned in LIFO (last-in, first-out) order.
    /// Raises KeyError if the dict is empty.
    #[pymethod]
    fn popitem(&self) -> PyResult<Py<PyTuple>> {
        match self.pop_item() {
            Some((key, value)) => Ok(PyTuple::from_array([key, value])),
            None => Err(key_error(crate::construct::str_obj("popitem(): dictionary is empty"))),
        }
    }
    /// Return a set-like object providing a view on the dict's keys.
    #[pymethod(name = "keys")]
    fn keys_method(&self) -> Obj {
        views::keys_view(self)
    }
    /// Return a set-like object providing a view on the dict's items.
    #[pymethod]
    fn items(&self) -> Obj {
        views::items_view(self)
    }
    /// Return an object providing a view on the dict's values.
    #[pymethod(name = "values")]
    fn values_method(&self) -> Obj {
        views::values_view(self)
    }
    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    /// If E is present and has a .keys() method, then does:  for k in E.keys(): D[k] = E[k]
    /// If E is present and lacks a .keys() method, then does:  for k, v in E: D[k] = v
    /// In either case, this is followed by: for k in F:  D[k] = F[k]
    #[pymethod(sig = "(*args, **kwargs)", text = "")]
    fn update(&self, args: &[Obj], kwargs: Kwargs<'_>) -> PyResult<()> {
        slots::fill_from(self, &Args::new(args), "update")?;
        for (key, value) in kwargs.iter() {
            self.set(key.clone(), value.clone())?;
        }
        Ok(())
    }
    /// Create a new dictionary with keys from iterable and values set to value.
    #[pyclassmethod(sig = "(iterable, value=None, /)")]
    fn fromkeys(cls: &Obj, iterable: &Obj, value: Option<&Obj>) -> PyResult<Obj> {
        PyDict::from_keys(cls, iterable, &value.cloned().unwrap_or_else(none))
    }
    /// Remove all items from the dict.
    #[pymethod(name = "clear")]
    fn clear_method(&self) {
        self.clear();
    }
    /// Return a shallow copy of the dict.
    #[pymethod(name = "copy")]
    fn copy_method(&self) -> Py<PyDict> {
        self.copy()
    }
    /// Return a reverse iterator over the dict keys.
    #[pymethod]
    fn __reversed__(&self) -> Obj {
        views::reverse_key_iter(self)
    }
    /// dicts are generic over two types, signifying (respectively) the types of their keys and values
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
}
