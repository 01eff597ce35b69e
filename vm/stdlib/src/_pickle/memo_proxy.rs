//! `pickler.memo` and `unpickler.memo`: looking at a memo from outside.

use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::TypeBuilder;

use super::memo::{Loaded, Saved};
use super::pickler::PyPickler;
use super::unpickler::PyUnpickler;
use crate::native_class;

/// `pickler.memo`.
#[repr(C)]
pub struct PyPicklerMemo {
    header: Header,
    pickler: Py<PyPickler>,
}
layout!(PyPicklerMemo, "PicklerMemoProxy", [pickler]);

/// `unpickler.memo`.
#[repr(C)]
pub struct PyUnpicklerMemo {
    header: Header,
    unpickler: Py<PyUnpickler>,
}
layout!(PyUnpicklerMemo, "UnpicklerMemoProxy", [unpickler]);

native_class!(
    fn pickler_memo_class() = TypeBuilder::new("_pickle.PicklerMemoProxy", PyPicklerMemo::ops())
        .methods(PyPicklerMemo::methods())
        .no_instantiation()
        .final_()
        .make()
);
native_class!(
    fn unpickler_memo_class() = TypeBuilder::new("_pickle.UnpicklerMemoProxy", PyUnpicklerMemo::ops())
        .methods(PyUnpicklerMemo::methods())
        .no_instantiation()
        .final_()
        .make()
);

pub fn of_pickler(pickler: Py<PyPickler>) -> Obj {
    let header = Header::new(pickler_memo_class().root_shape());
    Py::new(PyPicklerMemo { header, pickler }).into_obj()
}
pub fn of_unpickler(unpickler: Py<PyUnpickler>) -> Obj {
    let header = Header::new(unpickler_memo_class().root_shape());
    Py::new(PyUnpicklerMemo { header, unpickler }).into_obj()
}

fn reduced(copy: PyResult<Obj>) -> PyResult<(Obj, (Obj,))> {
    Ok((types().dict.as_obj().clone(), (copy?,)))
}

#[pymethods(class = "PicklerMemoProxy")]
impl PyPicklerMemo {
    /// Remove all items from memo.
    #[pymethod]
    fn clear(&self) {
        self.pickler.replace_memo(Saved::default());
    }
    /// Copy the memo to a new object.
    #[pymethod]
    fn copy(&self) -> PyResult<Obj> {
        let copy = PyDict::new();
        for (number, obj) in self.pickler.memo_entries() {
            let id = taipan_objects::int::from_u64(obj.value().counted().bits());
            copy.set(id, tuple_obj(vec![int_obj(number as i64), obj]))?;
        }
        Ok(copy.into_obj())
    }
    /// Implement pickle support.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<(Obj, (Obj,))> {
        reduced(self.copy())
    }
}

#[pymethods(class = "UnpicklerMemoProxy")]
impl PyUnpicklerMemo {
    /// Remove all items from memo.
    #[pymethod]
    fn clear(&self) {
        self.unpickler.replace_memo(Loaded::default());
    }
    /// Copy the memo to a new object.
    #[pymethod]
    fn copy(&self) -> PyResult<Obj> {
        let copy = PyDict::new();
        for (number, obj) in self.unpickler.memo_entries() {
            copy.set(int_obj(number as i64), obj)?;
        }
        Ok(copy.into_obj())
    }
    /// Implement pickle support.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<(Obj, (Obj,))> {
        reduced(self.copy())
    }
}

/// The memo that an assignment to `pickler.memo` asks for.
pub fn pickler_memo(value: Option<&Obj>) -> PyResult<Saved> {
    let Some(value) = value else { return Err(type_error("attribute deletion is not supported")) };
    let mut memo = Saved::default();
    if let Some(proxy) = value.downcast::<PyPicklerMemo>() {
        for (number, obj) in proxy.pickler.memo_entries() {
            drop(memo.set(obj, number));
        }
        return Ok(memo);
    }
    let Some(dict) = exact_dict(value) else {
        return Err(type_error(format!(
            "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
            class_of(value).full_name()
        )));
    };
    for (_, entry) in dict.snapshot() {
        let Some([number, obj]) = entry.downcast::<PyTuple>().map(PyTuple::as_slice) else {
            return Err(type_error("'memo' values must be 2-item tuples"));
        };
        drop(memo.set(obj.clone(), usize::from_arg(number)?));
    }
    Ok(memo)
}

/// The memo that an assignment to `unpickler.memo` asks for.
pub fn unpickler_memo(value: Option<&Obj>) -> PyResult<Loaded> {
    let Some(value) = value else { return Err(type_error("attribute deletion is not supported")) };
    let mut memo = Loaded::default();
    if let Some(proxy) = value.downcast::<PyUnpicklerMemo>() {
        for (number, obj) in proxy.unpickler.memo_entries() {
            drop(memo.set(number, obj));
        }
        return Ok(memo);
    }
    let Some(dict) = exact_dict(value) else {
        return Err(type_error(format!(
            "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
            class_of(value).full_name()
        )));
    };
    for (key, obj) in dict.snapshot() {
        let Some(number) = int_ref(&key) else { return Err(type_error("memo key must be integers")) };
        if number.is_negative() {
            return Err(value_error("memo key must be positive integers."));
        }
        let Some(number) = number.to_i64() else {
            return Err(overflow_error("Python int too large to convert to C ssize_t"));
        };
        drop(memo.set(number as usize, obj));
    }
    Ok(memo)
}
