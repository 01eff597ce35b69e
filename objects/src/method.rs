//! `method`: a function bound to an instance.

use taipan_gc::{Header, Obj, Py};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::GetSetDef;
use crate::protocol;
use crate::type_object::{CompareOp, TypeSlots};
use crate::types::{Types, types};

/// A bound method.
#[repr(C)]
pub struct PyBoundMethod {
    header: Header,
    pub function: Obj,
    pub receiver: Obj,
}
layout!(PyBoundMethod, "method", [function, receiver]);

impl PyBoundMethod {
    pub fn new(function: Obj, receiver: Obj) -> Py<PyBoundMethod> {
        use crate::protocol::IntoStrong;
        Py::new(PyBoundMethod {
            header: Header::new(types().method.root_shape()),
            function: function.into_strong(),
            receiver: receiver.into_strong(),
        })
    }
}

fn this(obj: &Obj) -> PyResult<&PyBoundMethod> {
    obj.downcast::<PyBoundMethod>().ok_or_else(|| system_error("not a bound method"))
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let method = this(obj)?;
    args.behind(&method.receiver, |args| protocol::call_args(&method.function, args))
}

fn getattro(obj: &Obj, name: &Obj) -> PyResult<Obj> {
    if let Some(value) = crate::attribute::generic_getattr_opt(obj, name)? {
        return Ok(value);
    }
    protocol::getattr_obj(&this(obj)?.function, name)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let method = this(obj)?;
    let name = match protocol::getattr_opt(&method.function, &crate::istr!("__qualname__"))? {
        Some(name) => name,
        None => protocol::getattr_opt(&method.function, &crate::istr!("__name__"))?
            .unwrap_or_else(|| str_obj("?")),
    };
    let name = name.downcast::<crate::str::PyStr>().map_or("?".into(), |s| s.to_string_lossy().into_owned());
    Ok(str_obj(&format!("<bound method {name} of {}>", protocol::repr_string(&method.receiver)?)))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let method = this(obj)?;
    let receiver = (method.receiver.value().counted().bits() >> 4) as i64;
    Ok(receiver ^ protocol::hash(&method.function)?)
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyBoundMethod>(), b.downcast::<PyBoundMethod>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let equal = x.receiver.is(&y.receiver) && protocol::eq(&x.function, &y.function)?;
    Ok(bool_obj(equal == (op == CompareOp::Eq)))
}

fn descr_get(descr: &Obj, _instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    Ok(descr.clone())
}

fn new(_class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.has_keywords() {
        return Err(type_error("method() takes no keyword arguments"));
    }
    let [function, receiver] = args.positional else {
        return Err(type_error(format!("method expected 2 arguments, got {}", args.positional.len())));
    };
    if !protocol::is_callable(function) {
        return Err(type_error("first argument must be callable"));
    }
    if crate::singletons::is_none(receiver) {
        return Err(type_error("instance must not be None"));
    }
    Ok(PyBoundMethod::new(function.clone(), receiver.clone()).into_obj())
}

static SLOTS: TypeSlots = TypeSlots {
    call: Some(call),
    getattro: Some(getattro),
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(richcompare),
    descr_get: Some(descr_get),
    new: Some(new),
    ..TypeSlots::EMPTY
};

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__func__",
        get: |o| Ok(this(o)?.function.clone()),
        set: None,
        doc: "the function (or other callable) implementing a method",
    },
    GetSetDef {
        name: "__self__",
        get: |o| Ok(this(o)?.receiver.clone()),
        set: None,
        doc: "the instance to which a method is bound",
    },
    GetSetDef {
        name: "__doc__",
        get: |o| protocol::getattr(&this(o)?.function, &crate::istr!("__doc__")),
        set: None,
        doc: "",
    },
];

#[crate::native::pymethods(class = "method")]
impl PyBoundMethod {
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        let name = protocol::getattr(&self.function, &crate::istr!("__name__"))?;
        let getattr = crate::hooks::builtin("getattr")?;
        Ok(tuple_obj(vec![getattr, tuple_obj(vec![self.receiver.clone(), name])]))
    }
}

pub(crate) fn fill(types: &Types) {
    types.method.slots.set_all(&SLOTS);
    crate::type_object::ready::add_getset(&types.method, GETSET);
    crate::type_object::ready::add_methods(
        &types.method,
        <PyBoundMethod as crate::native::NativeMethods>::methods(),
    );
}
