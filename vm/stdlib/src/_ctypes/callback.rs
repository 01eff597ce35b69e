//! C functions that call Python: closures for callables.
//!
//! A thread that comes from C code attaches for the call; one that Python does not know becomes a Python thread of the main interpreter for
//! that long. What the callable raises has nowhere to go and is reported.

#![allow(unsafe_code)] // The closure has its Python object's address.

use std::sync::OnceLock;

use taipan_objects::hooks;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::TypeBuilder;
use taipan_vm::interpreters;
use taipan_vm::thread::{self, VmThread};

use super::data::{self, Origin, instance};
use super::ffi::{Closure, FfiType, Scalar};
use super::info::{Kind, function_flags, info_of, info_of_obj};
use super::memory::{self, Address};
use super::{call, convert, meta};
use crate::native_class;

/// A callable's C function.
#[repr(C)]
pub struct Thunk {
    header: Header,
    /// Made after the object, whose address it has.
    closure: OnceLock<Closure>,
    callable: Obj,
    argtypes: Vec<Obj>,
    restype: Option<Obj>,
    /// How many bytes the result has; 0: none.
    result_size: usize,
    flags: i64,
}
layout!(Thunk, "_ctypes.CThunkObject", [callable, argtypes, restype]);

native_class!(
    /// `_ctypes.CThunkObject`.
    fn class() = TypeBuilder::new("_ctypes.CThunkObject", Thunk::ops())
        .no_instantiation()
        .doc("CThunkObject")
        .make()
);

impl Thunk {
    /// Makes the C function that calls `callable`.
    pub fn make(callable: &Obj, argtypes: &Obj, restype: Option<Obj>, flags: i64) -> PyResult<Obj> {
        let types = argtypes.downcast::<PyTuple>().map(PyTuple::to_vec).unwrap_or_default();
        let mut args = Vec::with_capacity(types.len());
        for ctype in &types {
            let Some(info) = info_of_obj(ctype) else {
                return Err(type_error(format!(
                    "invalid argument type for callback function: {}",
                    repr_string(ctype)?
                )));
            };
            args.push(if info.kind == Kind::Array {
                FfiType::Scalar(Scalar::Pointer)
            } else {
                info.ffi.clone()
            });
        }
        let restype = restype.filter(|restype| !is_none(restype));
        let result = match &restype {
            None => FfiType::Scalar(Scalar::Void),
            Some(restype) => match info_of_obj(restype) {
                Some(info) if info.kind == Kind::Simple => info.ffi.clone(),
                _ => return Err(type_error("invalid result type for callback function")),
            },
        };
        // C code may call from threads of its own.
        taipan_threading::prepare_thread_start();
        let header = class().instance_header().0;
        let thunk = Py::new(Thunk {
            header,
            closure: OnceLock::new(),
            callable: callable.clone(),
            argtypes: types,
            restype,
            result_size: result.size(),
            flags,
        });
        let address = thunk.as_ptr().expose_provenance();
        let Some(closure) = Closure::new(args, result, enter, address) else {
            return Err(runtime_error("ffi_prep_closure failed"));
        };
        drop(thunk.closure.set(closure));
        Ok(thunk.into_obj())
    }
    /// The address of the C function.
    pub fn code(&self) -> Address {
        self.closure.get().map_or(0, Closure::code)
    }
    /// Calls the callable; the thread is attached.
    fn run(&self, args: &[Address], result: Address) {
        let result_size = self.result_size;
        if result_size > 0 && result_size <= 8 {
            memory::write(result, 0u64);
        }
        let swap = self.flags & function_flags::USE_ERRNO != 0;
        let Some(arguments) = self.arguments(args) else { return };
        if swap {
            call::exchange_errno();
        }
        let value = call(&self.callable, &arguments);
        if swap {
            call::exchange_errno();
        }
        let Ok(value) = value else { return self.report("calling") };
        let Some(restype) = &self.restype else { return };
        self.give(restype, &value, result);
    }
    fn report(&self, what: &str) {
        let error = take_raised();
        let shown = repr_string(&self.callable).unwrap_or_else(|Raised| {
            drop(take_raised());
            "<unprintable>".to_owned()
        });
        let Raised = set_raised(error);
        let what = if what == "calling" { "calling" } else { "converting result of" };
        let text = format!("Exception ignored while {what} ctypes callback function {shown}");
        hooks::unraisable(Some(&text), None);
    }
    fn arguments(&self, args: &[Address]) -> Option<Vec<Obj>> {
        let made = args.iter().zip(&self.argtypes).map(|(&address, ctype)| argument(ctype, address));
        match made.collect::<PyResult<Vec<Obj>>>() {
            Ok(made) => Some(made),
            Err(Raised) => {
                self.report("calling");
                None
            }
        }
    }
    /// Converts the result and puts it where C code finds it.
    fn give(&self, restype: &Obj, value: &Obj, result: Address) {
        let Some(info) = info_of_obj(restype) else { return };
        let stored = match instance(value) {
            Some(data) if info_of(class_of(value)).is_some_and(|i| i.code == info.code) => {
                memory::copy(data.address(), result, info.size);
                Ok(none())
            }
            _ => convert::store_value(info.code, info.swapped, result, value),
        };
        match stored {
            Ok(kept) if is_none(&kept) => {}
            Ok(_) if info.code == b'O' => drop(convert::give_object(value.clone())),
            Ok(kept) => {
                // Nobody knows how long C code needs it.
                std::mem::forget(kept);
                let text = "memory leak in callback function.";
                if hooks::warn(text, types().runtime_warning.as_obj(), 1).is_err() {
                    self.report("converting");
                }
            }
            Err(Raised) => self.report("converting"),
        }
    }
}

/// An argument that C code passes.
fn argument(ctype: &Obj, address: Address) -> PyResult<Obj> {
    let class = meta::this(ctype)?;
    let Some(info) = info_of_obj(ctype) else { return Err(type_error("abstract class")) };
    if let Some(code) = meta::plain_code(class, &info) {
        return convert::load(code, info.swapped, address);
    }
    if info.kind == Kind::Array {
        return data::make(class, Origin::At(memory::read::<usize>(address)), None);
    }
    let made = call0(ctype)?;
    match instance(&made) {
        Some(data) => memory::copy(address, data.address(), info.size),
        None => return Err(type_error("unexpected result of create argument")),
    }
    Ok(made)
}

/// What the closure calls, in whatever thread.
fn enter(data: Address, args: &[Address], result: Address) {
    // SAFETY: the closure lives in the thunk at that address. The caller's function pointer keeps it alive, as Python programs are told.
    let thunk = unsafe { &*std::ptr::with_exposed_provenance::<Thunk>(data) };
    if thread::try_current().is_some() {
        if taipan_threading::current().is_some_and(|thread| thread.is_attached()) {
            let _alive = Py::from_ref(thunk);
            thunk.run(args, result);
            return;
        }
        taipan_threading::attach();
        {
            let _alive = Py::from_ref(thunk);
            thunk.run(args, result);
        }
        taipan_threading::detach();
        return;
    }
    if taipan_vm::sys::is_finalizing() {
        // There is no Python any more, and nothing to return to C code.
        loop {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
    VmThread::enter(interpreters::main().clone());
    {
        let _alive = Py::from_ref(thunk);
        thunk.run(args, result);
    }
    drop(replace_handled(None));
    crate::_thread::local::thread_ends();
    VmThread::leave();
}
