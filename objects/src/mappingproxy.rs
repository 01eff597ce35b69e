//! `mappingproxy`: a read-only view of a mapping.

use taipan_gc::{Header, Obj, Py};
use taipan_text::TextBuf;

use crate::construct::not_implemented;
use crate::error::*;
use crate::generic_alias;
use crate::istr;
use crate::layout;
use crate::native::*;
use crate::protocol::{self, BinaryOp};
use crate::singletons::none;
use crate::str::PyStr;
use crate::type_object::{CompareOp, TypeSlots, class_of, ready, type_flags};
use crate::types::{Types, types};

/// A `mappingproxy` object: constant.
#[repr(C)]
pub struct PyMappingProxy {
    header: Header,
    pub mapping: Obj,
}
layout!(PyMappingProxy, "mappingproxy", [mapping]);

const SLOTS: TypeSlots = TypeSlots {
    repr: Some(repr),
    str_: Some(str),
    hash: Some(hash),
    richcompare: Some(compare),
    iter: Some(iter),
    new: Some(new),
    len: Some(len),
    getitem: Some(getitem),
    contains: Some(contains),
    or: Some(or),
    ior: Some(ior),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    types.mappingproxy.slots.set_all(&SLOTS);
    types.mappingproxy.set_flag(type_flags::MAPPING, true);
    ready::add_methods(&types.mappingproxy, PyMappingProxy::methods());
    ready::add_getset(&types.mappingproxy, PyMappingProxy::getset());
    ready::set_doc(&types.mappingproxy, "Read-only proxy of a mapping.");
}

impl PyMappingProxy {
    pub fn new(mapping: Obj) -> Py<PyMappingProxy> {
        let mapping = protocol::IntoStrong::into_strong(mapping);
        Py::new(PyMappingProxy { header: Header::new(types().mappingproxy.root_shape()), mapping })
    }
}

#[pyargs(name = "mappingproxy", sig = "(mapping)")]
fn new(_class: &Obj, mapping: &Obj) -> PyResult<Obj> {
    let is_mapping = class_of(mapping).slots.getitem().is_some()
        && !class_of(mapping).is_subtype(&types().list)
        && !class_of(mapping).is_subtype(&types().tuple);
    if !is_mapping {
        return Err(type_error(format!(
            "mappingproxy() argument must be a mapping, not {}",
            class_of(mapping).name()
        )));
    }
    Ok(PyMappingProxy::new(mapping.clone()).into_obj())
}

/// The mapping behind the receiver.
fn mapping(obj: &Obj) -> PyResult<&Obj> {
    match obj.downcast::<PyMappingProxy>() {
        Some(proxy) => Ok(&proxy.mapping),
        None => Err(type_error("a mappingproxy is required")),
    }
}

/// What an operator sees of an operand: the mapping, if it is a proxy.
fn behind(obj: &Obj) -> &Obj {
    obj.downcast::<PyMappingProxy>().map_or(obj, |proxy| &proxy.mapping)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let mut text = TextBuf::from("mappingproxy(");
    text.push_units(protocol::repr(mapping(obj)?)?.units());
    text.push_str(")");
    Ok(PyStr::from_units(text).into_obj())
}
fn str(obj: &Obj) -> PyResult<Obj> {
    protocol::str(mapping(obj)?).map(Py::into_obj)
}
fn hash(obj: &Obj) -> PyResult<i64> {
    protocol::hash(mapping(obj)?)
}
fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    protocol::rich_compare(mapping(a)?, b, op)
}
fn iter(obj: &Obj) -> PyResult<Obj> {
    protocol::iter(mapping(obj)?)
}
fn len(obj: &Obj) -> PyResult<usize> {
    protocol::len(mapping(obj)?)
}
fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    protocol::getitem(mapping(obj)?, key)
}
fn contains(obj: &Obj, key: &Obj) -> PyResult<bool> {
    protocol::contains(mapping(obj)?, key)
}
fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    if !a.is_layout::<PyMappingProxy>() && !b.is_layout::<PyMappingProxy>() {
        return Ok(not_implemented());
    }
    protocol::binary_op(behind(a), behind(b), BinaryOp::Or)
}
fn ior(a: &Obj, _b: &Obj) -> PyResult<Obj> {
    Err(type_error(format!("'|=' is not supported by {}; use '|' instead", class_of(a).name())))
}

#[pymethods(class = "mappingproxy")]
impl PyMappingProxy {
    /// Return the value for key if key is in the mapping, else default.
    #[pymethod(sig = "(key, default=None, /)")]
    fn get(&self, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let default = default.cloned().unwrap_or_else(none);
        protocol::call_method(&self.mapping, &istr!("get"), &[key.clone(), default])
    }
    /// D.keys() -> a set-like object providing a view on D's keys
    #[pymethod]
    fn keys(&self) -> PyResult<Obj> {
        protocol::call_method(&self.mapping, &istr!("keys"), &[])
    }
    /// D.values() -> an object providing a view on D's values
    #[pymethod]
    fn values(&self) -> PyResult<Obj> {
        protocol::call_method(&self.mapping, &istr!("values"), &[])
    }
    /// D.items() -> a set-like object providing a view on D's items
    #[pymethod]
    fn items(&self) -> PyResult<Obj> {
        protocol::call_method(&self.mapping, &istr!("items"), &[])
    }
    /// D.copy() -> a shallow copy of D
    #[pymethod]
    fn copy(&self) -> PyResult<Obj> {
        protocol::call_method(&self.mapping, &istr!("copy"), &[])
    }
    /// mappingproxy objects are generic over two types, signifying (respectively) the types of their keys and values
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> PyResult<Obj> {
        Ok(generic_alias::new(cls, object))
    }
    /// D.__reversed__() -> reverse iterator
    #[pymethod]
    fn __reversed__(&self) -> PyResult<Obj> {
        protocol::call_method(&self.mapping, &istr!("__reversed__"), &[])
    }
}
