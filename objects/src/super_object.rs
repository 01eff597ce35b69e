//! (stub)
use taipan_gc::{Header, Obj, Py}; use crate::layout; use crate::types::Types; use crate::type_object::PyType;
#[repr(C)] pub struct PySuper { header: Header }
layout!(PySuper, "super", []);
impl PySuper { pub fn new(_c: &Py<PyType>, _o: &Obj) -> Py<PySuper> { Py::new(PySuper { header: Header::new(crate::types::types().super_.root_shape()) }) } }
pub(crate) fn fill(_: &Types) {}
