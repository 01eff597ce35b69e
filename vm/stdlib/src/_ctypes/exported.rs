//! C functions that the `ctypes` package calls by their address: `string_at`, `cast` and the like. They are called attached, and their
//! `py_object` results are references given away, as words; 0: an exception is raised. And the few functions of the C API that programs call
//! through `ctypes.pythonapi`.

#![allow(unsafe_code)] // Functions with C's calling convention; buffers by address.

use taipan_objects::buffer::Buffer;
use taipan_objects::dict::exact_dict;
use taipan_objects::memoryview::PyMemoryView;
use taipan_objects::prelude::*;

use super::convert;
use super::data::{self, Origin, instance};
use super::info::{Kind, info_of};
use super::memory::{self, Address};

/// Names and addresses, as attributes of the module.
pub fn addresses() -> [(&'static str, Address); 6] {
    [
        ("_memmove_addr", (libc::memmove as *const ()).expose_provenance()),
        ("_memset_addr", (libc::memset as *const ()).expose_provenance()),
        ("_string_at_addr", (string_at as *const ()).expose_provenance()),
        ("_wstring_at_addr", (wstring_at as *const ()).expose_provenance()),
        ("_memoryview_at_addr", (memoryview_at as *const ()).expose_provenance()),
        ("_cast_addr", (cast as *const ()).expose_provenance()),
    ]
}

/// The function of the C API that has this name.
pub fn api(name: &std::ffi::CStr) -> Option<Address> {
    let function = match name.to_bytes() {
        b"PyThreadState_SetAsyncExc" => set_async_exc as *const (),
        b"PyGILState_Ensure" => gil_ensure as *const (),
        b"PyGILState_Release" => gil_release as *const (),
        b"PyGILState_Check" | b"Py_IsInitialized" => yes as *const (),
        b"Py_IsFinalizing" => is_finalizing as *const (),
        other => super::capsule::api(other)?,
    };
    Some(function.expose_provenance())
}

extern "C" fn set_async_exc(thread: u64, exception: u64) -> i32 {
    i32::from(taipan_vm::thread::raise_in(thread, convert::borrowed_object(exception)))
}

/// `PyGILState_LOCKED`: the caller is attached.
extern "C" fn gil_ensure() -> i32 {
    0
}

extern "C" fn gil_release(_state: i32) {}

extern "C" fn yes() -> i32 {
    1
}

extern "C" fn is_finalizing() -> i32 {
    i32::from(taipan_vm::sys::is_finalizing())
}

fn result(made: PyResult<Obj>) -> u64 {
    match made {
        Ok(made) => convert::give_object(made),
        Err(Raised) => 0,
    }
}

fn audited(event: &str, args: &[i64]) -> PyResult<()> {
    let args: Vec<Obj> = args.iter().map(|arg| int_obj(*arg)).collect();
    taipan_vm::sys::audit(event, &args)
}

extern "C" fn string_at(address: Address, size: i32) -> u64 {
    if let Err(raised) = audited("ctypes.string_at", &[address as i64, size.into()]) {
        return result(Err(raised));
    }
    let size = if size == -1 { memory::string_length(address) as i64 } else { i64::from(size) };
    result(match usize::try_from(size) {
        Ok(size) => Ok(bytes_obj(&memory::bytes(address, size))),
        Err(_) => Err(system_error("Negative size passed to PyBytes_FromStringAndSize")),
    })
}

extern "C" fn wstring_at(address: Address, size: i32) -> u64 {
    if let Err(raised) = audited("ctypes.wstring_at", &[address as i64, size.into()]) {
        return result(Err(raised));
    }
    result(match usize::try_from(size) {
        Ok(size) => {
            let codes: Vec<u32> = (0..size).map(|i| memory::read::<u32>(address + 4 * i)).collect();
            convert::wide_text(&codes)
        }
        Err(_) if size == -1 => convert::wide_text(&memory::wide(address, usize::MAX)),
        Err(_) => Err(system_error("Negative size passed to PyUnicode_FromWideChar")),
    })
}

extern "C" fn memoryview_at(address: Address, size: isize, readonly: i32) -> u64 {
    if let Err(raised) = audited("ctypes.memoryview_at", &[address as i64, size as i64, readonly.into()]) {
        return result(Err(raised));
    }
    let Ok(size) = usize::try_from(size) else {
        return result(Err(value_error("memoryview_at: size is negative (or overflowed)")));
    };
    let pointer = std::ptr::with_exposed_provenance_mut(address);
    // SAFETY: the memory is the Python program's to answer for.
    let buffer = unsafe { Buffer::new(none(), pointer, size, readonly != 0, None) };
    result(Ok(PyMemoryView::from_buffer(buffer).into_obj()))
}

/// Whether values of the type are addresses.
fn is_pointer_type(class: &PyType) -> bool {
    info_of(class).is_some_and(|info| match info.kind {
        Kind::Pointer | Kind::Function => true,
        Kind::Simple => matches!(info.code, b'P' | b'z' | b'Z' | b's' | b'O'),
        _ => false,
    })
}

extern "C" fn cast(address: Address, source: u64, ctype: u64) -> u64 {
    let (Some(source), Some(ctype)) = (convert::borrowed_object(source), convert::borrowed_object(ctype))
    else {
        return result(Err(system_error("null argument of cast")));
    };
    result(cast_to(address, &source, &ctype))
}

fn cast_to(address: Address, source: &Obj, ctype: &Obj) -> PyResult<Obj> {
    let class = match ctype.downcast::<PyType>() {
        Some(class) if is_pointer_type(class) => class,
        Some(class) => {
            return Err(type_error(format!(
                "cast() argument 2 must be a pointer, not {}",
                class.short_name()
            )));
        }
        None => {
            return Err(type_error(format!(
                "cast() argument 2 must be a pointer, not {}",
                class_of(ctype).name()
            )));
        }
    };
    let made = data::make(class, Origin::New, None)?;
    let Some(new) = instance(&made) else { return Err(type_error("abstract class")) };
    // The two share what they keep, the source itself among it.
    if let Some(old) = instance(source) {
        let kept = old.shared_objects();
        if let Some(dict) = exact_dict(&kept) {
            let identity = source.header().map_or(0, |header| std::ptr::from_ref(header).addr());
            dict.set(taipan_objects::int::from_usize(identity), source.clone())?;
        }
        new.objects.store(kept);
    }
    memory::write(new.address(), address);
    Ok(made)
}
