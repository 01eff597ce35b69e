//! `sqlite3.Row`: a tuple of a row's values that knows the columns' names.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};

use super::cursor::PyCursor;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A `Row`.
#[repr(C)]
pub struct PyRow {
    header: Header,
    data: Py<PyTuple>,
    /// The cursor's description, or None.
    description: Obj,
}
layout!(PyRow, "sqlite3.Row", [data, description]);

native_class!(
    /// `sqlite3.Row`.
    pub fn class() = TypeBuilder::new("sqlite3.Row", PyRow::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots {
            new: Some(construct),
            len: Some(|obj| Ok(receiver::<PyRow>(obj)?.data.len())),
            getitem: Some(get),
            hash: Some(|obj| {
                let this = receiver::<PyRow>(obj)?;
                Ok(hash(&this.description)? ^ hash(this.data.as_obj())?)
            }),
            iter: Some(|obj| iter(receiver::<PyRow>(obj)?.data.as_obj())),
            richcompare: Some(compare),
            ..TypeSlots::EMPTY
        })
        .methods(PyRow::methods())
        .make()
);

#[pyargs(name = "Row", sig = "(cursor, data, /)")]
fn construct(class: &Obj, cursor: &Obj, data: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyRow>(class)?;
    let Some(cursor) = cursor.downcast::<PyCursor>() else {
        return Err(type_error(format!(
            "Row() argument 1 must be sqlite3.Cursor, not {}",
            class_of(cursor).name()
        )));
    };
    let Some(data) = data.to_py::<PyTuple>() else {
        return Err(type_error(format!("Row() argument 2 must be tuple, not {}", class_of(data).name())));
    };
    let description = cursor.description.load().unwrap_or_else(none);
    Ok(new_instance(class, |header| PyRow { header, data, description }).into_obj())
}

impl PyRow {
    fn names(&self) -> Vec<Obj> {
        let columns = self.description.downcast::<PyTuple>().map(PyTuple::to_vec).unwrap_or_default();
        columns.iter().filter_map(|c| c.downcast::<PyTuple>().and_then(|c| c.get(0).cloned())).collect()
    }
}

fn get(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyRow>(obj)?;
    if let Some(wanted) = key.downcast::<PyStr>() {
        let fold = |text: &PyStr| text.to_string_lossy().to_ascii_lowercase();
        let folded = fold(wanted);
        for (i, name) in this.names().iter().enumerate() {
            if name.downcast::<PyStr>().is_some_and(|name| name.equals(wanted) || fold(name) == folded) {
                return this.data.get(i).cloned().ok_or_else(|| index_error("No item with that key"));
            }
        }
        if is_none(&this.description) {
            let key = taipan_objects::protocol::repr_string(key)?;
            return Err(index_error(format!("No item with key {key}")));
        }
        return Err(index_error("No item with that key"));
    }
    if is_exact_int(key)
        || taipan_objects::int::int_ref(key).is_some()
        || key.is_layout::<taipan_objects::slice::PySlice>()
    {
        return getitem(this.data.as_obj(), key);
    }
    Err(index_error("Index must be int or string"))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyRow>(), b.downcast::<PyRow>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let same = eq(&x.description, &y.description)? && eq(x.data.as_obj(), y.data.as_obj())?;
    Ok(bool_obj(same == (op == CompareOp::Eq)))
}

#[pymethods(class = "sqlite3.Row")]
impl PyRow {
    /// Returns the keys of the row.
    #[pymethod]
    fn keys(&self) -> Obj {
        list_obj(self.names())
    }
}
