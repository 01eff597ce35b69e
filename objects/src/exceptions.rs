//! (stub)
use taipan_gc::{Header, Obj, Py, Slot};
use crate::layout;
use crate::error::*;
use crate::type_object::PyType;
use crate::types::Types;
#[repr(C)] pub struct PyBaseException { header: Header, args: Slot }
layout!(PyBaseException, "BaseException", [args]);
impl PyBaseException {
    pub fn create(class: &Py<PyType>, args: Vec<Obj>) -> Obj {
        crate::type_object::new_instance(class, |header| PyBaseException { header, args: Slot::new(crate::construct::tuple_obj(args)) }).into_obj()
    }
    pub fn set_context_avoiding_cycle(&self, _c: Obj) {}
    pub fn set_field(&self, _i: usize, _v: Option<Obj>) {}
    pub fn add_note(&self, _s: &Obj, _n: &str) -> PyResult<()> { Ok(()) }
}
pub(crate) fn fill(_: &Types) {}
