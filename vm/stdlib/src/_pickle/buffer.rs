//! `PickleBuffer`: a bytes-like object that may be serialized out of band.

use parking_lot::Mutex;
use taipan_objects::buffer::{self, Buffer, is_c_contiguous, is_f_contiguous, request};
use taipan_objects::layout::TraceField;
use taipan_objects::memoryview::PyMemoryView;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};

use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A `PickleBuffer` object.
#[repr(C)]
pub struct PyPickleBuffer {
    header: Header,
    /// The hold on the memory; `None` once released.
    hold: Mutex<Option<Buffer>>,
}
layout!(
    PyPickleBuffer,
    "PickleBuffer",
    trace = |this, tracer| {
        // As for all such mutexes: no thread stops while it holds it.
        if let Some(hold) = this.hold.try_lock()
            && let Some(hold) = &*hold
        {
            hold.owner.trace_field(tracer);
            if !hold.guard().is(&hold.owner) {
                hold.guard().trace_field(tracer);
            }
        }
    }
);

native_class!(
    /// `PickleBuffer`.
    pub fn class() = TypeBuilder::new("pickle.PickleBuffer", PyPickleBuffer::ops())
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(new), buffer: Some(export), ..TypeSlots::EMPTY })
        .methods(PyPickleBuffer::methods())
        .doc("Wrapper for potentially out-of-band buffers")
        .final_()
        .make()
);

#[pyargs(name = "PickleBuffer", sig = "(object, /)")]
fn new(class: &Obj, object: &Obj) -> PyResult<Obj> {
    let class = class_argument::<PyPickleBuffer>(class)?;
    let hold = Mutex::new(Some(buffer::get(object, request::FULL_RO)?));
    Ok(new_instance(class, |header| PyPickleBuffer { header, hold }).into_obj())
}

fn export(obj: &Obj, flags: i32) -> PyResult<Buffer> {
    buffer::get(&receiver::<PyPickleBuffer>(obj)?.owner()?, flags)
}

impl PyPickleBuffer {
    fn owner(&self) -> PyResult<Obj> {
        match &*self.hold.lock() {
            Some(hold) => Ok(hold.owner.clone()),
            None => Err(value_error("operation forbidden on released PickleBuffer object")),
        }
    }
    /// Another hold on the memory, as plain bytes in the order in which they lie; `None` unless they lie one after the other.
    pub fn plain(&self) -> PyResult<Option<Buffer>> {
        let hold = buffer::get(&self.owner()?, request::FULL_RO)?;
        let contiguous = is_c_contiguous(&hold.shape, &hold.strides, hold.itemsize)
            || is_f_contiguous(&hold.shape, &hold.strides, hold.itemsize);
        Ok(contiguous.then(|| hold.with_items(1, "B")))
    }
}

#[pymethods(class = "PickleBuffer")]
impl PyPickleBuffer {
    /// Return a memoryview of the raw memory underlying this buffer.
    #[pymethod]
    fn raw(&self) -> PyResult<Obj> {
        match self.plain()? {
            Some(plain) => Ok(PyMemoryView::from_buffer(plain).into_obj()),
            None => Err(buffer_error("cannot extract raw buffer from non-contiguous buffer")),
        }
    }
    /// Release the underlying buffer exposed by the PickleBuffer object.
    #[pymethod]
    fn release(&self) {
        let hold = self.hold.lock().take();
        drop(hold);
    }
}
