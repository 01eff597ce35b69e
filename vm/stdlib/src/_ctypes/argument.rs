//! `CArgObject`: a C value on its way into a call, with what must stay alive for it. `byref` and `from_param` make them.

#![allow(unsafe_code)] // The value is used by address.

use std::cell::UnsafeCell;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;

use super::convert;
use super::ffi::FfiType;
use super::memory::{self, Address};
use crate::native_class;

/// An argument of a foreign call.
#[repr(C)]
pub struct CArgument {
    header: Header,
    /// The type code; `b'V'`: an aggregate.
    pub tag: u8,
    pub ffi: FfiType,
    /// Written when the argument is made, read by calls, by address.
    value: UnsafeCell<[u64; 4]>,
    /// What it refers to, or what keeps its memory.
    pub object: Slot,
}
layout!(CArgument, "_ctypes.CArgObject", [object]);

// SAFETY: `value` is written before the object is published.
unsafe impl Sync for CArgument {}

native_class!(
    /// `_ctypes.CArgObject`.
    pub fn class() = TypeBuilder::new("_ctypes.CArgObject", CArgument::ops())
        .slots(TypeSlots { repr: Some(represent), ..TypeSlots::EMPTY })
        .getset(CArgument::getset())
        .no_instantiation()
        .make()
);

impl CArgument {
    /// An argument whose value is still zero.
    pub fn new(tag: u8, ffi: FfiType) -> Py<CArgument> {
        let header = class().instance_header().0;
        Py::new(CArgument { header, tag, ffi, value: UnsafeCell::new([0; 4]), object: Slot::empty() })
    }
    /// Where the value is.
    pub fn address(&self) -> Address {
        self.value.get().expose_provenance()
    }
}

#[pymethods(class = "_ctypes.CArgObject")]
impl CArgument {
    /// the wrapped object
    #[pygetset]
    fn _obj(&self) -> Obj {
        self.object.load().unwrap_or_else(none)
    }
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let Some(this) = slf.downcast::<CArgument>() else { return Err(type_error("a CArgObject is required")) };
    let tag = this.tag as char;
    let text = match this.tag {
        b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'f' | b'd' => {
            format!("<cparam '{tag}' ({})>", repr_string(&convert::load(this.tag, false, this.address())?)?)
        }
        b'c' => {
            let byte = memory::read::<u8>(this.address());
            match byte {
                b'\\' | b'\'' => format!("<cparam 'c' ('\\{}')>", byte as char),
                32..127 => format!("<cparam 'c' ('{}')>", byte as char),
                _ => format!("<cparam 'c' ('\\x{byte:02x}')>"),
            }
        }
        b'z' | b'Z' | b'P' => format!("<cparam '{tag}' ({:#x})>", memory::read::<usize>(this.address())),
        _ => {
            let at = std::ptr::from_ref(this).addr();
            if tag.is_ascii_graphic() || tag == ' ' {
                format!("<cparam '{tag}' at {at:#x}>")
            } else {
                format!("<cparam {:#04x} at {at:#x}>", this.tag)
            }
        }
    };
    Ok(str_obj(&text))
}
