//! `functools.cmp_to_key`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance};

use crate::native_class::receiver;
use crate::{counted, native_class};

/// The key function (without an object), or the key of an object.
#[repr(C)]
pub struct PyCmpKey {
    header: Header,
    function: Obj,
    object: Slot,
}
layout!(PyCmpKey, "KeyWrapper", [function, object]);

native_class!(
    fn class() = TypeBuilder::new("functools.KeyWrapper", PyCmpKey::ops())
        .final_()
        .no_instantiation()
        .slots(TypeSlots { call: Some(call), richcompare: Some(compare), ..TypeSlots::EMPTY })
        .getset(PyCmpKey::getset())
        .make()
);

fn make(function: &Obj, object: Option<Obj>) -> Obj {
    let (function, object) = (function.clone(), Slot::from_option(object));
    new_instance(class(), |header| PyCmpKey { header, function, object }).into_obj()
}

/// `cmp_to_key(function)`.
pub fn new(function: &Obj) -> Obj {
    make(function, None)
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    wrap(receiver::<PyCmpKey>(obj)?, args)
}

#[pyargs(name = "K", sig = "(obj)")]
fn wrap(this: &PyCmpKey, obj: &Obj) -> PyResult<Obj> {
    Ok(make(&this.function, Some(obj.clone())))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let this = receiver::<PyCmpKey>(a)?;
    let Some(other) = b.downcast::<PyCmpKey>() else {
        return Err(type_error("other argument must be K instance"));
    };
    let (Some(x), Some(y)) = (this.object.load(), other.object.load()) else {
        return Err(attribute_error("object"));
    };
    let order = counted::call(&this.function, &[x, y])?;
    protocol::rich_compare(&order, &int_obj(0), op)
}

#[pymethods(class = "functools.KeyWrapper")]
impl PyCmpKey {
    /// Of the instance, which is called with an object.
    #[pygetset]
    fn __text_signature__(&self) -> &str {
        "(obj)"
    }
    /// Value wrapped by a key function.
    #[pygetset]
    fn obj(&self) -> PyResult<Obj> {
        self.object.load().ok_or_else(|| attribute_error("object"))
    }
    #[pygetset(setter = "obj")]
    fn set_obj(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.object.replace(value.cloned()));
        Ok(())
    }
}
