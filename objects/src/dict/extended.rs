//! The layout of dict subclasses of native modules that keep one more reference, such as `defaultdict`.

use std::sync::OnceLock;

use taipan_gc::{Header, Object, Ops, Py, Slot, Tracer};

use super::{PyDict, STRIDE, hash_core::HashCore};
use crate::type_object::{PyType, new_instance};

/// A dict and one slot.
#[repr(C)]
pub struct PyExtendedDict {
    dict: PyDict,
    pub extra: Slot,
}

unsafe fn trace(header: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: called on this layout only.
    let this = unsafe { &*header.cast::<PyExtendedDict>() };
    this.dict.core.trace(tracer);
    this.extra.trace(tracer);
}

unsafe fn drop_fields(header: *mut Header) {
    // SAFETY: called on this layout only, once.
    unsafe { std::ptr::drop_in_place(header.cast::<PyExtendedDict>()) }
}

static OPS: OnceLock<Ops> = OnceLock::new();

// SAFETY: repr(C), starting with the struct of `Ops::base`; only `new` makes instances, of classes with these ops.
unsafe impl Object for PyExtendedDict {
    fn ops() -> &'static Ops {
        OPS.get_or_init(|| Ops {
            name: "dict",
            size: size_of::<PyExtendedDict>(),
            trace,
            drop: drop_fields,
            tracked: true,
            base: Some(PyDict::ops()),
        })
    }
}

impl PyExtendedDict {
    /// An empty instance of `class`, whose layout this is.
    pub fn new(class: &PyType) -> Py<PyExtendedDict> {
        new_instance(class, |header| PyExtendedDict {
            dict: PyDict { header, core: HashCore::new(STRIDE) },
            extra: Slot::empty(),
        })
    }
    /// The dict in it.
    pub fn dict(&self) -> &PyDict {
        &self.dict
    }
}
