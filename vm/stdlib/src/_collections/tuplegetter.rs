//! `_tuplegetter`: the attributes of named tuples.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::protocol;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// Reads one item of a tuple.
#[repr(C)]
pub struct PyTupleGetter {
    header: Header,
    index: isize,
    doc: Slot,
}
layout!(PyTupleGetter, "_tuplegetter", [doc]);

native_class!(
    /// `_collections._tuplegetter`.
    pub fn class() = TypeBuilder::new("_collections._tuplegetter", PyTupleGetter::ops())
        .final_()
        .slots(TypeSlots {
            new: Some(new),
            descr_get: Some(get),
            descr_set: Some(|_, _, value| {
                Err(attribute_error(if value.is_some() { "can't set attribute" } else { "can't delete attribute" }))
            }),
            repr: Some(repr),
            ..TypeSlots::EMPTY
        })
        .methods(PyTupleGetter::methods())
        .getset(PyTupleGetter::getset())
        .make()
);

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    crate::native_class::check_count("_tuplegetter", args, 2, 2)?;
    let class = class_argument::<PyTupleGetter>(class)?;
    let index = protocol::index_word(&args.positional[0])?;
    let doc = Slot::new(args.positional[1].clone());
    Ok(new_instance(class, |header| PyTupleGetter { header, index, doc }).into_obj())
}

fn get(descriptor: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    let this = receiver::<PyTupleGetter>(descriptor)?;
    let Some(instance) = instance else { return Ok(descriptor.clone()) };
    let Some(tuple) = instance.downcast::<PyTuple>() else {
        if taipan_objects::singletons::is_none(instance) {
            return Ok(descriptor.clone());
        }
        return Err(type_error(format!(
            "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
            this.index,
            class_of(instance).name()
        )));
    };
    let item = usize::try_from(this.index).ok().and_then(|index| tuple.get(index));
    item.cloned().ok_or_else(|| index_error("tuple index out of range"))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyTupleGetter>(obj)?;
    let doc = protocol::repr_string(&this.doc.load().unwrap_or_else(none))?;
    Ok(str_obj(&format!("_tuplegetter({}, {doc})", this.index)))
}

#[pymethods(class = "_collections._tuplegetter")]
impl PyTupleGetter {
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyTupleGetter>(slf)?;
        let arguments = tuple_obj(vec![int_obj(this.index as i64), this.doc.load().unwrap_or_else(none)]);
        Ok(tuple_obj(vec![class_of(slf).to_obj(), arguments]))
    }
    #[pygetset]
    fn __doc__(&self) -> Obj {
        self.doc.load().unwrap_or_else(none)
    }
    #[pygetset(setter = "__doc__")]
    fn set_doc(&self, value: Option<&Obj>) -> PyResult<()> {
        drop(self.doc.replace(value.cloned()));
        Ok(())
    }
}
