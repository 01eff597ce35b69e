//! The class `Decimal`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicI64, Ordering};

use super::number::{Kind, Number};
use super::{construct, operators};
use crate::native_class;

/// A `Decimal`: immutable.
#[repr(C)]
pub struct PyDecimal {
    header: Header,
    pub number: Number,
    /// -1 until it is computed; any thread may compute it.
    hash: AtomicI64,
}
layout!(PyDecimal, "decimal.Decimal");

native_class!(
    /// `Decimal`.
    pub fn class() = TypeBuilder::new("decimal.Decimal", PyDecimal::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots { new: Some(construct::new), ..operators::SLOTS })
        .methods(PyDecimal::methods())
        .getset(PyDecimal::getset())
        .methods(PyDecimal::arithmetic_methods())
        .text_signature("(value='0', context=None)")
        .doc("Construct a new Decimal object. 'value' can be an integer, string, tuple,\nor another Decimal object. If no value is given, return Decimal('0'). The\ncontext does not affect the conversion and is only passed to determine if\nthe InvalidOperation trap is active.")
        .make()
);

/// An instance of a class that has the layout.
#[inline]
pub fn of_class(class: &PyType, number: Number) -> Obj {
    new_instance(class, |header| PyDecimal { header, number, hash: AtomicI64::new(-1) }).into_obj()
}

#[inline]
pub fn make(number: Number) -> Obj {
    // Instances of the class itself have nothing behind their fields.
    debug_assert_eq!(class().instance_header().1, 0);
    let header = Header::new(class().root_shape());
    Py::new(PyDecimal { header, number, hash: AtomicI64::new(-1) }).into_obj()
}

pub fn of_i64(value: i64) -> Obj {
    make(Number::of_i64(value))
}

impl PyDecimal {
    pub fn hash_of(obj: &Obj, this: &PyDecimal) -> PyResult<i64> {
        let known = this.hash.load(Ordering::Relaxed);
        if known != -1 {
            return Ok(known);
        }
        let hash = match this.number.kind {
            Kind::Finite => this.number.hash(),
            Kind::Infinite => {
                if this.number.negative {
                    -314_159
                } else {
                    314_159
                }
            }
            Kind::Quiet => return taipan_objects::object_type::identity_hash(obj),
            Kind::Signaling => return Err(type_error("Cannot hash a signaling NaN value")),
        };
        this.hash.store(hash, Ordering::Relaxed);
        Ok(hash)
    }
}
