//! `cell`: a variable shared between a function and those defined inside of it.

use taipan_gc::{Header, Obj, Py, Slot};

use crate::argument::Args;
use crate::construct::{bool_obj, not_implemented, str_obj};
use crate::error::*;
use crate::layout;
use crate::native::*;
use crate::protocol::{self, IntoStrong};
use crate::type_object::{CompareOp, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// A `cell` object. `value` is read without a lock and written by exchange; empty: unbound.
#[repr(C)]
pub struct PyCell {
    header: Header,
    pub value: Slot,
}
layout!(PyCell, "cell", [value]);

const SLOTS: TypeSlots =
    TypeSlots { repr: Some(repr), richcompare: Some(compare), new: Some(new), ..TypeSlots::EMPTY };

pub(crate) fn fill(types: &Types) {
    types.cell.slots.set_all(&SLOTS);
    ready::add_methods(&types.cell, PyCell::methods());
    ready::add_getset(&types.cell, PyCell::getset());
    ready::set_doc(
        &types.cell,
        "Create a new cell object.\n\n  contents\n    the contents of the cell. If not specified, the cell will be empty,\n    and further attempts to access its cell_contents attribute will\n    raise a ValueError.",
    );
}

impl PyCell {
    pub fn new(value: Option<Obj>) -> Py<PyCell> {
        Py::new(PyCell { header: Header::new(types().cell.root_shape()), value: Slot::from_option(value) })
    }
    /// The content. May be uncounted.
    #[inline]
    pub fn get(&self) -> Option<Obj> {
        self.value.load_uncounted()
    }
    #[inline]
    pub fn set(&self, value: Option<Obj>) {
        drop(self.value.replace(value));
    }
}

fn new(_class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("cell() takes no keyword arguments"));
    }
    match args.positional {
        [] => Ok(PyCell::new(None).into_obj()),
        [value] => Ok(PyCell::new(Some(value.clone())).into_obj()),
        more => Err(type_error(format!("cell expected at most 1 argument, got {}", more.len()))),
    }
}

fn this(obj: &Obj) -> PyResult<&PyCell> {
    obj.downcast::<PyCell>().ok_or_else(|| type_error("a cell is required"))
}

fn address(obj: &Obj) -> u64 {
    obj.value().counted().bits()
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let at = address(obj);
    Ok(str_obj(&match this(obj)?.value.load() {
        Some(value) => {
            format!("<cell at {at:#x}: {} object at {:#x}>", class_of(&value).full_name(), address(&value))
        }
        None => format!("<cell at {at:#x}: empty>"),
    }))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyCell>(), b.downcast::<PyCell>()) else {
        return Ok(not_implemented());
    };
    match (x.value.load(), y.value.load()) {
        (Some(x), Some(y)) => protocol::rich_compare(&x, &y, op),
        // Empty cells come first.
        (x, y) => Ok(bool_obj(op.holds(x.is_some().cmp(&y.is_some())))),
    }
}

#[pymethods(class = "cell")]
impl PyCell {
    #[pygetset]
    fn cell_contents(&self) -> PyResult<Obj> {
        self.value.load().map(IntoStrong::into_strong).ok_or_else(|| value_error("cell is empty"))
    }
    #[pygetset(setter = "cell_contents")]
    fn set_cell_contents(&self, value: Option<&Obj>) -> PyResult<()> {
        self.set(value.cloned());
        Ok(())
    }
}
