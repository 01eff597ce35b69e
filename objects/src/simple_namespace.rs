//! `types.SimpleNamespace`: attributes and nothing else.

use taipan_gc::{Obj, Py};

use crate::argument::Args;
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::native::{Kwargs, MethodDef, pymethods};
use crate::object_type::{PyObject, plain_instance};
use crate::protocol;
use crate::shape;
use crate::str::{PyStr, intern_obj};
use crate::type_object::{CompareOp, PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// A `SimpleNamespace` with these attributes.
pub fn new(attributes: impl IntoIterator<Item = (&'static str, Obj)>) -> PyResult<Obj> {
    let namespace = plain_instance(&types().simple_namespace)?;
    for (name, value) in attributes {
        shape::set_attribute(&namespace, &crate::str::intern(name), value)?;
    }
    Ok(namespace)
}

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    match class.downcast::<PyType>() {
        Some(class) => plain_instance(class),
        None => Err(type_error("expected a type")),
    }
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    match args.positional {
        [] => {}
        [source] => {
            let dict = match source.downcast::<PyDict>() {
                Some(dict) if class_of(source).is(&types().dict) => Py::from_ref(dict),
                _ => protocol::call1(types().dict.as_obj(), source)?
                    .into_py::<PyDict>()
                    .unwrap_or_else(|_| PyDict::new()),
            };
            let pairs = dict.snapshot();
            if pairs.iter().any(|(name, _)| !name.is_layout::<PyStr>()) {
                return Err(type_error("keywords must be strings"));
            }
            for (name, value) in pairs {
                shape::set_attribute(obj, &intern_obj(&name), value)?;
            }
        }
        more => {
            return Err(type_error(format!(
                "SimpleNamespace expected at most 1 argument, got {}",
                more.len()
            )));
        }
    }
    for (name, value) in args.keywords() {
        shape::set_attribute(obj, &intern_obj(name), value.clone())?;
    }
    Ok(())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let class = class_of(obj);
    let name = if class.is(&types().simple_namespace) { "namespace".to_owned() } else { class.name() };
    let Some(_guard) = protocol::ReprGuard::enter(obj) else { return Ok(str_obj(&format!("{name}(...)"))) };
    let mut parts = Vec::new();
    for (key, value) in shape::attributes(obj)? {
        if let Some(key) = key.downcast::<PyStr>()
            && !key.is_empty()
        {
            parts.push(format!("{}={}", key.to_string_lossy(), protocol::repr_string(&value)?));
        }
    }
    Ok(str_obj(&format!("{name}({})", parts.join(", "))))
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let class = &types().simple_namespace;
    if !class_of(a).is_subtype(class) || !class_of(b).is_subtype(class) {
        return Ok(not_implemented());
    }
    protocol::rich_compare(shape::dict_of(a)?.as_obj(), shape::dict_of(b)?.as_obj(), op)
}

#[pymethods(class = "types.SimpleNamespace", part = "simple_namespace")]
impl PyObject {
    /// Support for pickle.
    #[pymethod(name = "__reduce__", text = "")]
    fn namespace_reduce(slf: &Obj) -> PyResult<Obj> {
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(vec![]), shape::dict_of(slf)?.into_obj()]))
    }
    /// A copy with some attributes replaced or added.
    #[pymethod(name = "__replace__", sig = "(**changes)")]
    fn namespace_replace(slf: &Obj, changes: Kwargs<'_>) -> PyResult<Obj> {
        let copy = protocol::call0(&class_of(slf).to_obj())?;
        if !class_of(&copy).is_subtype(&types().simple_namespace) {
            let (wanted, given) = (types().simple_namespace.full_name(), class_of(&copy).full_name());
            return Err(type_error(format!(
                "expect {wanted} type, but {}() returned '{given}' object",
                class_of(slf).full_name()
            )));
        }
        for (name, value) in shape::attributes(slf)? {
            shape::set_attribute(&copy, &intern_obj(&name), value)?;
        }
        for (name, value) in changes.iter() {
            shape::set_attribute(&copy, &intern_obj(name), value.clone())?;
        }
        Ok(copy)
    }
}

static SLOTS: TypeSlots = TypeSlots {
    new: Some(construct),
    init: Some(init),
    repr: Some(repr),
    richcompare: Some(richcompare),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    let class = &types.simple_namespace;
    class.slots.set_all(&SLOTS);
    let methods: &'static [MethodDef] = PyObject::simple_namespace_methods();
    ready::add_methods(class, methods);
    ready::add_getset(class, crate::object_type::DICT_GETSETS);
    ready::set_doc(class, "A namespace whose attributes are what it was made with.");
}
