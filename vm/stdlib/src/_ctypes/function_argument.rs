//! From Python objects to arguments of a foreign call.

use taipan_objects::bytes::PyBytes;
use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;

use super::argument::CArgument;
use super::data::{CData, instance};
use super::ffi::{FfiType, Scalar};
use super::info::{Kind, info_of_instance};
use super::memory::{self, Address};
use super::meta::as_parameter;
use super::simple::text_argument;

/// `byref(instance, offset)`.
pub fn byref(object: &Obj, offset: isize) -> PyResult<Obj> {
    let Some(data) = instance(object) else {
        return Err(type_error(format!(
            "byref() argument must be a ctypes instance, not '{}'",
            class_of(object).name()
        )));
    };
    let argument = CArgument::new(b'P', FfiType::Scalar(Scalar::Pointer));
    memory::write(argument.address(), data.address().wrapping_add_signed(offset));
    argument.object.store(object.clone());
    Ok(argument.into_obj())
}

/// An argument of a call: its type, and where the value is as long as `_kept` is.
pub struct Argument {
    pub ffi: FfiType,
    place: Place,
    _kept: Obj,
}

enum Place {
    /// In the memory of the object.
    There(Address),
    Here([u64; 2]),
}

impl Argument {
    /// Where the value is. The argument must not move while the address is in use.
    pub fn address(&self) -> Address {
        match &self.place {
            Place::There(address) => *address,
            Place::Here(value) => value.as_ptr().expose_provenance(),
        }
    }
    fn word(scalar: Scalar, value: u64, kept: Obj) -> Argument {
        Argument { ffi: FfiType::Scalar(scalar), place: Place::Here([value, 0]), _kept: kept }
    }
}

/// The argument that an object stands for: number `index` of the call.
pub fn convert(object: &Obj, index: usize) -> PyResult<Argument> {
    if let Some(data) = instance(object) {
        return of_instance(object, data);
    }
    if let Some(argument) = object.downcast::<CArgument>() {
        return Ok(Argument {
            ffi: argument.ffi.clone(),
            place: Place::There(argument.address()),
            _kept: object.clone(),
        });
    }
    if is_none(object) {
        return Ok(Argument::word(Scalar::Pointer, 0, none()));
    }
    if let Some(int) = int_ref(object) {
        if int.to_i64().is_none() && int.to_u64().is_none() {
            return Err(overflow_error("int too long to convert"));
        }
        // Of type `int`, but all of it is there: the function may know better.
        return Ok(Argument::word(Scalar::I32, int.wrapping_u64(), none()));
    }
    if object.is_layout::<PyBytes>() {
        return convert(&text_argument(b'z', object)?, index);
    }
    if object.is_layout::<PyStr>() {
        return convert(&text_argument(b'Z', object)?, index);
    }
    if let Some(parameter) = as_parameter(object)? {
        enter_native()?;
        return convert(&parameter, index);
    }
    Err(type_error(format!("Don't know how to convert parameter {index}")))
}

fn of_instance(object: &Obj, data: &CData) -> PyResult<Argument> {
    let info = info_of_instance(object)?;
    Ok(match info.kind {
        // An array is passed as the address of its first item.
        Kind::Array => Argument::word(Scalar::Pointer, data.address() as u64, object.clone()),
        _ => Argument { ffi: info.ffi.clone(), place: Place::There(data.address()), _kept: object.clone() },
    })
}
