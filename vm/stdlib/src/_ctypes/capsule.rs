//! Capsules: an address under a name, as the C API hands them from one extension to another. Programs make them through
//! `ctypes.pythonapi`; a destructor is kept for who asks for it, and never called.

use taipan_objects::prelude::*;
use taipan_objects::type_object::new_instance;
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::convert;
use super::memory::{self, Address};
use crate::_types::{PyCapsule, capsule_class};

/// The functions of the C API that have to do with capsules.
pub fn api(name: &[u8]) -> Option<*const ()> {
    Some(match name {
        b"PyCapsule_New" => new as *const (),
        b"PyCapsule_IsValid" => is_valid as *const (),
        b"PyCapsule_GetPointer" => pointer as *const (),
        b"PyCapsule_GetName" => name_of as *const (),
        b"PyCapsule_GetContext" => context as *const (),
        b"PyCapsule_GetDestructor" => destructor as *const (),
        b"PyCapsule_SetPointer" => set_pointer as *const (),
        b"PyCapsule_SetName" => set_name as *const (),
        b"PyCapsule_SetContext" => set_context as *const (),
        b"PyCapsule_SetDestructor" => set_destructor as *const (),
        _ => return None,
    })
}

fn same_name(one: Address, other: Address) -> bool {
    let text = |name: Address| memory::bytes(name, memory::string_length(name));
    one == other || (one != 0 && other != 0 && text(one) == text(other))
}

extern "C" fn new(pointer: Address, name: Address, destructor: Address) -> u64 {
    if pointer == 0 {
        let _ = value_error("PyCapsule_New called with null pointer");
        return 0;
    }
    let capsule = new_instance(capsule_class(), |header| PyCapsule {
        header,
        pointer: AtomicUsize::new(pointer),
        name: AtomicUsize::new(name),
        context: AtomicUsize::new(0),
        destructor: AtomicUsize::new(destructor),
    });
    convert::give_object(capsule.into_obj())
}

/// What `f` makes of the capsule; `None`, with an exception raised, if the object is none.
fn with<R>(capsule: u64, function: &str, f: impl FnOnce(&PyCapsule) -> R) -> Option<R> {
    let object = convert::borrowed_object(capsule);
    match object.as_ref().and_then(|object| object.downcast::<PyCapsule>()) {
        Some(capsule) => Some(f(capsule)),
        None => {
            let _ = value_error(format!("{function} called with invalid PyCapsule object"));
            None
        }
    }
}

extern "C" fn is_valid(capsule: u64, name: Address) -> i32 {
    let object = convert::borrowed_object(capsule);
    let capsule = object.as_ref().and_then(|object| object.downcast::<PyCapsule>());
    i32::from(capsule.is_some_and(|capsule| same_name(capsule.name.load(Ordering::Relaxed), name)))
}

extern "C" fn pointer(capsule: u64, name: Address) -> Address {
    let found = with(capsule, "PyCapsule_GetPointer", |capsule| {
        same_name(capsule.name.load(Ordering::Relaxed), name).then(|| capsule.pointer.load(Ordering::Relaxed))
    });
    match found {
        Some(Some(pointer)) => pointer,
        Some(None) => {
            let _ = value_error("PyCapsule_GetPointer called with incorrect name");
            0
        }
        None => 0,
    }
}

macro_rules! fields {
    ($($get:ident $got:literal, $set:ident $given:literal: $field:ident;)*) => { $(
        extern "C" fn $get(capsule: u64) -> Address {
            with(capsule, $got, |capsule| capsule.$field.load(Ordering::Relaxed)).unwrap_or(0)
        }
        extern "C" fn $set(capsule: u64, value: Address) -> i32 {
            match with(capsule, $given, |capsule| capsule.$field.store(value, Ordering::Relaxed)) {
                Some(()) => 0,
                None => -1,
            }
        }
    )* };
}

fields! {
    name_of "PyCapsule_GetName", set_name "PyCapsule_SetName": name;
    context "PyCapsule_GetContext", set_context "PyCapsule_SetContext": context;
    destructor "PyCapsule_GetDestructor", set_destructor "PyCapsule_SetDestructor": destructor;
}

extern "C" fn set_pointer(capsule: u64, value: Address) -> i32 {
    if value == 0 {
        let _ = value_error("PyCapsule_SetPointer called with null pointer");
        return -1;
    }
    match with(capsule, "PyCapsule_SetPointer", |capsule| capsule.pointer.store(value, Ordering::Relaxed)) {
        Some(()) => 0,
        None => -1,
    }
}
