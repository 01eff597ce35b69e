//! `FrameLocalsProxy` (PEP 667): a mapping whose reads and writes go to the variables of a frame.
//!
//! Invariant: it holds no state but the frame object; every operation looks at the frame anew.

use std::sync::OnceLock;

use taipan_objects::argument::Args;
use taipan_objects::construct::*;
use taipan_objects::dict::PyDict;
use taipan_objects::error::*;
use taipan_objects::frame::PyFrame;
use taipan_objects::native::{NativeMethods, pymethods};
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::type_object::{CompareOp, PyType, TypeBuilder, TypeSlots, class_of, type_flags};
use taipan_objects::{Header, Obj, Object, Py, layout};

use super::{contents, extra, extra_made, find, items, value_of, write};

/// The proxy.
#[repr(C)]
pub struct PyFrameLocalsProxy {
    header: Header,
    frame: Obj,
}
layout!(PyFrameLocalsProxy, "FrameLocalsProxy", [frame]);

const SLOTS: TypeSlots = TypeSlots {
    new: Some(construct),
    repr: Some(repr),
    richcompare: Some(compare),
    len: Some(len),
    getitem: Some(getitem),
    setitem: Some(setitem),
    contains: Some(contains),
    iter: Some(iter),
    or: Some(or),
    ior: Some(ior),
    ..TypeSlots::EMPTY
};

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("FrameLocalsProxy", PyFrameLocalsProxy::ops())
            .final_()
            .flag(type_flags::MAPPING)
            .slots(SLOTS)
            .methods(PyFrameLocalsProxy::methods())
            .make()
    })
}

impl PyFrameLocalsProxy {
    /// A proxy of the variables of `frame`, a frame object.
    pub fn new(frame: Obj) -> Obj {
        Py::new(PyFrameLocalsProxy { header: Header::new(class().root_shape()), frame: frame.into_strong() })
            .into_obj()
    }
}

fn frame(obj: &Obj) -> PyResult<&PyFrame> {
    obj.downcast::<PyFrameLocalsProxy>()
        .and_then(|proxy| proxy.frame.downcast::<PyFrame>())
        .ok_or_else(|| type_error("a FrameLocalsProxy is required"))
}

fn is_proxy(obj: &Obj) -> bool {
    obj.is_layout::<PyFrameLocalsProxy>()
}

fn construct(_class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    match args.positional {
        [frame] if frame.is_layout::<PyFrame>() => {
            if args.has_keywords() {
                return Err(type_error("FrameLocalsProxy takes no keyword arguments"));
            }
            Ok(PyFrameLocalsProxy::new(frame.clone()))
        }
        [other] => Err(type_error(format!("expect frame, not {}", class_of(other).name()))),
        others => Err(type_error(format!("FrameLocalsProxy expected 1 argument, got {}", others.len()))),
    }
}

/// The variables as a new dict.
fn snapshot(obj: &Obj) -> PyResult<Py<PyDict>> {
    PyDict::from_pairs(items(frame(obj)?))
}

fn lookup(obj: &Obj, key: &Obj) -> PyResult<Option<Obj>> {
    let frame = frame(obj)?;
    if let Some(variable) = find(&frame.code, key)? {
        return Ok(value_of(&variable, &contents(frame)));
    }
    match extra(frame) {
        Some(extra) => Ok(extra.get(key)?.map(Obj::into_strong)),
        None => protocol::hash(key).map(|_| None),
    }
}

fn cannot_remove() -> Raised {
    value_error("cannot remove local variables from FrameLocalsProxy")
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let Some(_guard) = protocol::ReprGuard::enter(obj) else { return Ok(str_obj("{...}")) };
    protocol::repr(snapshot(obj)?.as_obj()).map(Py::into_obj)
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    if is_proxy(b) {
        let same = std::ptr::eq(frame(a)?, frame(b)?);
        return Ok(bool_obj(same == (op == CompareOp::Eq)));
    }
    if b.is_layout::<PyDict>() {
        return protocol::rich_compare(snapshot(a)?.as_obj(), b, op);
    }
    Ok(not_implemented())
}

fn len(obj: &Obj) -> PyResult<usize> {
    Ok(items(frame(obj)?).len())
}

fn getitem(obj: &Obj, key: &Obj) -> PyResult<Obj> {
    match lookup(obj, key)? {
        Some(value) => Ok(value),
        None => {
            let key = protocol::repr_string(key)?;
            Err(key_error(str_obj(&format!("local variable '{key}' is not defined"))))
        }
    }
}

fn setitem(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let frame = frame(obj)?;
    match (find(&frame.code, key)?, value) {
        (Some(_), None) => Err(cannot_remove()),
        (Some(variable), Some(value)) => {
            write(frame, &variable, value);
            Ok(())
        }
        (None, Some(value)) => extra_made(frame).set(key.clone(), value.clone()),
        (None, None) => {
            let deleted = match extra(frame) {
                Some(extra) => extra.delete(key)?,
                None => false,
            };
            if deleted { Ok(()) } else { Err(key_error(key.clone())) }
        }
    }
}

fn contains(obj: &Obj, key: &Obj) -> PyResult<bool> {
    lookup(obj, key).map(|found| found.is_some())
}

fn names(obj: &Obj) -> PyResult<Vec<Obj>> {
    Ok(items(frame(obj)?).into_iter().map(|(name, _)| name).collect())
}

fn iter(obj: &Obj) -> PyResult<Obj> {
    protocol::iter(&list_obj(names(obj)?))
}

fn or(a: &Obj, b: &Obj) -> PyResult<Obj> {
    if !is_proxy(b) && !b.is_layout::<PyDict>() {
        return Ok(not_implemented());
    }
    let result = PyDict::new();
    for operand in [a, b] {
        if is_proxy(operand) {
            merge_pairs(&result, items(frame(operand)?))?
        } else {
            result.update_from(operand)?
        }
    }
    Ok(result.into_obj())
}

fn merge_pairs(dict: &PyDict, pairs: Vec<(Obj, Obj)>) -> PyResult<()> {
    pairs.into_iter().try_for_each(|(key, value)| dict.set(key, value))
}

/// Writes all of `other`, a dict or a proxy; false if it is neither.
fn merge(obj: &Obj, other: &Obj) -> PyResult<bool> {
    let pairs = match other.downcast::<PyDict>() {
        Some(dict) => dict.snapshot(),
        None if is_proxy(other) => items(frame(other)?),
        None => return Ok(false),
    };
    for (key, value) in pairs {
        setitem(obj, &key, Some(&value))?;
    }
    Ok(true)
}

fn ior(a: &Obj, b: &Obj) -> PyResult<Obj> {
    Ok(if merge(a, b)? { a.clone() } else { not_implemented() })
}

#[pymethods(class = "FrameLocalsProxy")]
impl PyFrameLocalsProxy {
    #[pymethod]
    fn keys(slf: &Obj) -> PyResult<Obj> {
        Ok(list_obj(names(slf)?))
    }
    #[pymethod]
    fn values(slf: &Obj) -> PyResult<Obj> {
        Ok(list_obj(items(frame(slf)?).into_iter().map(|(_, value)| value).collect()))
    }
    #[pymethod]
    fn items(slf: &Obj) -> PyResult<Obj> {
        Ok(list_obj(
            items(frame(slf)?).into_iter().map(|(name, value)| tuple_obj(vec![name, value])).collect(),
        ))
    }
    #[pymethod]
    fn copy(slf: &Obj) -> PyResult<Obj> {
        Ok(snapshot(slf)?.into_obj())
    }
    #[pymethod]
    fn __reversed__(slf: &Obj) -> PyResult<Obj> {
        let mut names = names(slf)?;
        names.reverse();
        Ok(list_obj(names))
    }
    #[pymethod]
    fn update(slf: &Obj, object: &Obj) -> PyResult<()> {
        if merge(slf, object)? {
            return Ok(());
        }
        Err(type_error("update() argument must be dict or another FrameLocalsProxy"))
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn get(slf: &Obj, args: &[Obj]) -> PyResult<Obj> {
        let ([key] | [key, _]) = args else { return Err(type_error("get expected 1 or 2 arguments")) };
        Ok(lookup(slf, key)?.or_else(|| args.get(1).cloned()).unwrap_or_else(none))
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn setdefault(slf: &Obj, args: &[Obj]) -> PyResult<Obj> {
        let ([key] | [key, _]) = args else { return Err(type_error("setdefault expected 1 or 2 arguments")) };
        if let Some(value) = lookup(slf, key)? {
            return Ok(value);
        }
        let default = args.get(1).cloned().unwrap_or_else(none);
        setitem(slf, key, Some(&default))?;
        Ok(default)
    }
    #[pymethod(sig = "(key, default=None, /)", text = "")]
    fn pop(slf: &Obj, key: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let frame = frame(slf)?;
        if find(&frame.code, key)?.is_some() {
            return Err(cannot_remove());
        }
        let popped = match extra(frame) {
            Some(extra) => extra.pop(key)?,
            None => None,
        };
        match popped.or_else(|| default.cloned()) {
            Some(value) => Ok(value),
            None => Err(key_error(key.clone())),
        }
    }
}
