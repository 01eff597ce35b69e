//! `wrapper_descriptor` and `method-wrapper`: native slot functions as special methods.

use taipan_gc::{Header, Obj, Py};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::{GetSetDef, NativeMethods};
use crate::type_object::slot_defs::{SlotDef, call_wrapped};
use crate::type_object::{CompareOp, PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// A special method of a native class.
#[repr(C)]
pub struct PyWrapperDescr {
    header: Header,
    pub def: &'static SlotDef,
    /// The slot function, of the type of slot `def.id`.
    pub(crate) word: *mut (),
    class: Py<PyType>,
}
layout!(PyWrapperDescr, "wrapper_descriptor", [class]);

// SAFETY: `word` is a function pointer.
unsafe impl Send for PyWrapperDescr {}
// SAFETY: as above.
unsafe impl Sync for PyWrapperDescr {}

impl PyWrapperDescr {
    /// `word` must be the class's own (non-null) slot function for `def.id`.
    pub(crate) fn new(def: &'static SlotDef, word: *mut (), class: &Py<PyType>) -> Py<PyWrapperDescr> {
        let header = Header::new(types().wrapper_descriptor.root_shape());
        Py::new(PyWrapperDescr { header, def, word, class: class.clone() }).defer()
    }
    pub fn class(&self) -> Py<PyType> {
        self.class.clone()
    }
    /// Calls it; `positional[0]` is the receiver.
    pub fn call(&self, args: &Args<'_>) -> PyResult<Obj> {
        match args.positional.first() {
            Some(receiver) => self.call_of(receiver, &args.skip_first()),
            None => Err(type_error(format!(
                "descriptor '{}' of '{}' object needs an argument",
                self.def.name,
                self.class.name()
            ))),
        }
    }
    /// Calls it with a receiver and other arguments.
    fn call_of(&self, receiver: &Obj, args: &Args<'_>) -> PyResult<Obj> {
        if !class_of(receiver).is_subtype(&self.class) {
            return Err(type_error(format!(
                "descriptor '{}' requires a '{}' object but received a '{}'",
                self.def.name,
                self.class.name(),
                class_of(receiver).name()
            )));
        }
        // SAFETY: `word` came from the class's slot `def.id`, and the receiver is an instance.
        unsafe { call_wrapped(self.def, self.word, receiver, args) }
    }
}

fn descr(obj: &Obj) -> PyResult<&PyWrapperDescr> {
    obj.downcast::<PyWrapperDescr>().ok_or_else(|| system_error("not a wrapper descriptor"))
}

fn descr_call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    descr(obj)?.call(args)
}

fn descr_get(obj: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let Some(instance) = instance else { return Ok(obj.clone()) };
    let this = descr(obj)?;
    if !class_of(instance).is_subtype(&this.class) {
        return Err(type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            this.def.name,
            this.class.name(),
            class_of(instance).name()
        )));
    }
    Ok(Py::new(PyMethodWrapper {
        header: Header::new(types().method_wrapper.root_shape()),
        descr: Py::from_ref(this),
        receiver: instance.clone(),
    })
    .into_obj())
}

fn descr_repr(obj: &Obj) -> PyResult<Obj> {
    let this = descr(obj)?;
    Ok(str_obj(&format!("<slot wrapper '{}' of '{}' objects>", this.def.name, this.class.name())))
}

/// A special method of a native class, bound to an instance.
#[repr(C)]
pub struct PyMethodWrapper {
    header: Header,
    descr: Py<PyWrapperDescr>,
    receiver: Obj,
}
layout!(PyMethodWrapper, "method-wrapper", [descr, receiver]);

fn wrapper(obj: &Obj) -> PyResult<&PyMethodWrapper> {
    obj.downcast::<PyMethodWrapper>().ok_or_else(|| system_error("not a method-wrapper"))
}

fn wrapper_call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = wrapper(obj)?;
    this.descr.call_of(&this.receiver, args)
}

fn wrapper_repr(obj: &Obj) -> PyResult<Obj> {
    let this = wrapper(obj)?;
    Ok(str_obj(&format!(
        "<method-wrapper '{}' of {} object at {:#x}>",
        this.descr.def.name,
        class_of(&this.receiver).name(),
        this.receiver.value().counted().bits()
    )))
}

fn wrapper_hash(obj: &Obj) -> PyResult<i64> {
    let this = wrapper(obj)?;
    Ok((this.receiver.value().counted().bits() as i64 >> 4) ^ (this.descr.as_ptr().addr() as i64 >> 4))
}

fn wrapper_compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyMethodWrapper>(), b.downcast::<PyMethodWrapper>()) else {
        return Ok(not_implemented());
    };
    let equal = x.receiver.is(&y.receiver) && x.descr.as_ptr() == y.descr.as_ptr();
    Ok(match op {
        CompareOp::Eq => bool_obj(equal),
        CompareOp::Ne => bool_obj(!equal),
        _ => not_implemented(),
    })
}

static DESCR_GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(str_obj(descr(o)?.def.name)), set: None, doc: "" },
    GetSetDef {
        name: "__qualname__",
        get: |o| Ok(str_obj(&format!("{}.{}", descr(o)?.class.qualified_name(), descr(o)?.def.name))),
        set: None,
        doc: "",
    },
    GetSetDef { name: "__doc__", get: |o| Ok(str_obj(descr(o)?.def.doc)), set: None, doc: "" },
    GetSetDef { name: "__objclass__", get: |o| Ok(descr(o)?.class.as_obj().clone()), set: None, doc: "" },
    GetSetDef { name: "__text_signature__", get: |o| Ok(signature(descr(o)?.def)), set: None, doc: "" },
];

fn signature(def: &SlotDef) -> Obj {
    use crate::type_object::{SlotId, slot_defs::Wrap};
    str_obj(match def.wrap {
        Wrap::Unary | Wrap::Next | Wrap::Hash | Wrap::Len | Wrap::Bool | Wrap::Del => "($self, /)",
        Wrap::Binary if def.id == SlotId::Getitem => "($self, key, /)",
        Wrap::Binary | Wrap::BinaryRight | Wrap::Compare(_) => "($self, value, /)",
        Wrap::Pow | Wrap::PowRight => "($self, value, mod=None, /)",
        Wrap::Contains | Wrap::DelItem => "($self, key, /)",
        Wrap::SetItem => "($self, key, value, /)",
        Wrap::GetAttr | Wrap::DelAttr => "($self, name, /)",
        Wrap::SetAttr => "($self, name, value, /)",
        Wrap::DescrGet => "($self, instance, owner=None, /)",
        Wrap::DescrSet => "($self, instance, value, /)",
        Wrap::DescrDelete => "($self, instance, /)",
        Wrap::Buffer => "($self, flags, /)",
        Wrap::Call | Wrap::Init | Wrap::New => "($self, /, *args, **kwargs)",
    })
}

static WRAPPER_GETSET: &[GetSetDef] = &[
    GetSetDef { name: "__name__", get: |o| Ok(str_obj(wrapper(o)?.descr.def.name)), set: None, doc: "" },
    GetSetDef {
        name: "__qualname__",
        get: |o| {
            Ok(str_obj(&format!(
                "{}.{}",
                wrapper(o)?.descr.class.qualified_name(),
                wrapper(o)?.descr.def.name
            )))
        },
        set: None,
        doc: "",
    },
    GetSetDef { name: "__doc__", get: |o| Ok(str_obj(wrapper(o)?.descr.def.doc)), set: None, doc: "" },
    GetSetDef { name: "__self__", get: |o| Ok(wrapper(o)?.receiver.clone()), set: None, doc: "" },
    GetSetDef {
        name: "__objclass__",
        get: |o| Ok(wrapper(o)?.descr.class.as_obj().clone()),
        set: None,
        doc: "",
    },
    GetSetDef {
        name: "__text_signature__",
        get: |o| Ok(signature(wrapper(o)?.descr.def)),
        set: None,
        doc: "",
    },
];

/// `getattr(obj, name)` as a reduction.
fn reduction(obj: &Obj, name: &str) -> PyResult<Obj> {
    let getattr = crate::hooks::builtin("getattr")?;
    Ok(tuple_obj(vec![getattr, tuple_obj(vec![obj.clone(), str_obj(name)])]))
}

#[crate::native::pymethods(class = "wrapper_descriptor")]
impl PyWrapperDescr {
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        reduction(self.class.as_obj(), self.def.name)
    }
}

#[crate::native::pymethods(class = "method-wrapper")]
impl PyMethodWrapper {
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Obj> {
        reduction(&self.receiver, self.descr.def.name)
    }
}

pub(super) fn fill(types: &Types) {
    ready::add_methods(&types.wrapper_descriptor, PyWrapperDescr::methods());
    ready::add_methods(&types.method_wrapper, PyMethodWrapper::methods());
    types.wrapper_descriptor.slots.set_all(&TypeSlots {
        call: Some(descr_call),
        descr_get: Some(descr_get),
        repr: Some(descr_repr),
        ..TypeSlots::EMPTY
    });
    types.method_wrapper.slots.set_all(&TypeSlots {
        call: Some(wrapper_call),
        repr: Some(wrapper_repr),
        hash: Some(wrapper_hash),
        richcompare: Some(wrapper_compare),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(&types.wrapper_descriptor, DESCR_GETSET);
    ready::add_getset(&types.method_wrapper, WRAPPER_GETSET);
}
