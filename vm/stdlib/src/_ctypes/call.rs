//! Calling foreign functions.
//!
//! A call runs detached, as a blocking operation does, unless the function works with Python objects (`FUNCFLAG_PYTHONAPI`). `errno` is
//! exchanged with the calling thread's private copy around calls that ask for it.

use std::cell::Cell;

use smallvec::SmallVec;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_vm::sys::audit;

use super::convert;
use super::data::{self};
use super::ffi::{self, FfiType, Scalar, swap_errno};
use super::function::this;
use super::function_argument::{self, Argument};
use super::info::{function_flags, info_of_instance, info_of_obj};
use super::memory::{self, Address, Block};
use super::{argument_error, explain, meta, parameter_flags};

/// How many arguments a call may have.
pub const MOST_ARGUMENTS: usize = 1024;

/// "too many arguments".
pub fn too_many(count: usize) -> Raised {
    raise_message(argument_error(), format!("too many arguments ({count}), maximum is {MOST_ARGUMENTS}"))
}

thread_local! {
    static ERRNO: Cell<i32> = const { Cell::new(0) };
}

/// The calling thread's private copy of `errno`, exchanged.
pub fn set_errno(new: i32) -> i32 {
    ERRNO.replace(new)
}

/// The calling thread's private copy of `errno`.
pub fn errno() -> i32 {
    ERRNO.get()
}

/// Exchanges `errno` with the private copy.
pub fn exchange_errno() {
    ERRNO.set(swap_errno(ERRNO.get()));
}

/// `function(*args)`.
pub fn call_function(slf: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let (data, function) = this(slf)?;
    let info = info_of_instance(slf)?;
    let address = data.pointer();
    let restype = function.restype.load().or_else(|| info.restype.load());
    let checker =
        if function.restype.load().is_some() { function.checker.load() } else { info.checker.load() };
    let converters = function.converters.load().or_else(|| info.converters.load());
    let argtypes = function.argtypes.load().or_else(|| info.argtypes.load());
    let flags = function.paramflags.load();
    let built = match &flags {
        Some(flags) => Some(parameter_flags::build(flags, argtypes.as_ref(), args)?),
        None => None,
    };
    let given: &[Obj] = built.as_ref().map_or(args.positional, |built| &built.arguments);
    let converters = converters.as_ref().and_then(|c| c.downcast::<PyTuple>()).map(PyTuple::as_slice);
    if let Some(converters) = converters {
        let (needed, actual) = (converters.len(), given.len());
        if needed > actual {
            let plural = if needed == 1 { "" } else { "s" };
            return Err(type_error(format!(
                "this function takes at least {needed} argument{plural} ({actual} given)"
            )));
        }
    }
    let result = call_address(address, given, info.flags, converters, restype.as_ref(), checker.as_ref())?;
    let result = match function.errcheck.load() {
        None => result,
        Some(errcheck) => {
            let arguments = tuple_obj(given.to_vec());
            let checked = call(&errcheck, &[result, slf.clone(), arguments.clone()])?;
            // Its result counts, unless it gives back the arguments: then what they say counts, if there are any to give back.
            if !checked.is(&arguments) {
                return Ok(checked);
            }
            checked
        }
    };
    match built {
        Some(built) => built.result(result),
        None => Ok(result),
    }
}

/// Calls the function at an address.
pub fn call_address(
    address: Address,
    args: &[Obj],
    flags: i64,
    converters: Option<&[Obj]>,
    restype: Option<&Obj>,
    checker: Option<&Obj>,
) -> PyResult<Obj> {
    if args.len() > MOST_ARGUMENTS {
        return Err(too_many(args.len()));
    }
    let event = [taipan_objects::int::from_usize(address), tuple_obj(args.to_vec())];
    audit("ctypes.call_function", &event)?;
    let mut ready: SmallVec<[Argument; 6]> = SmallVec::with_capacity(args.len());
    for (i, arg) in args.iter().enumerate() {
        let made = match converters.and_then(|converters| converters.get(i)) {
            Some(converter) => {
                call1(converter, arg).and_then(|converted| function_argument::convert(&converted, i + 1))
            }
            None => function_argument::convert(arg, i + 1),
        };
        match made {
            Ok(argument) => ready.push(argument),
            Err(Raised) => return Err(explain(argument_error(), &format!("argument {}: ", i + 1))),
        }
    }
    let result_type = result_type(restype);
    let room = result_type.size();
    let mut inline = [0u64; 4];
    let block =
        if room > size_of_val(&inline) { Some(Block::new(room, 16).ok_or_else(memory_error)?) } else { None };
    let result = block.as_ref().map_or_else(|| inline.as_mut_ptr().expose_provenance(), Block::address);
    let values: SmallVec<[(&FfiType, Address); 6]> =
        ready.iter().map(|arg| (&arg.ffi, arg.address())).collect();
    let fixed = converters.map(<[Obj]>::len).filter(|&fixed| fixed > 0);
    let is_api = flags & function_flags::PYTHONAPI != 0;
    let called = ffi::call(address, &values, fixed, &result_type, result, |call| {
        let mut run = || {
            if flags & function_flags::USE_ERRNO != 0 {
                exchange_errno();
                call();
                exchange_errno();
            } else {
                call();
            }
        };
        if is_api { run() } else { taipan_threading::detached(run) }
    });
    if !called {
        return Err(runtime_error("ffi_prep_cif failed"));
    }
    if is_api && is_raised() {
        return Err(Raised);
    }
    convert_result(restype, result, checker)
}

/// How libffi sees the result.
fn result_type(restype: Option<&Obj>) -> FfiType {
    match restype {
        None => FfiType::Scalar(Scalar::I32),
        Some(restype) if is_none(restype) => FfiType::Scalar(Scalar::Void),
        Some(restype) => info_of_obj(restype).map_or(FfiType::Scalar(Scalar::I32), |info| info.ffi.clone()),
    }
}

fn convert_result(restype: Option<&Obj>, at: Address, checker: Option<&Obj>) -> PyResult<Obj> {
    let Some(restype) = restype else { return Ok(int_obj(i64::from(memory::read::<i32>(at)))) };
    if is_none(restype) {
        return Ok(none());
    }
    let Some(info) = info_of_obj(restype) else {
        return call1(restype, &int_obj(i64::from(memory::read::<i32>(at))));
    };
    let class = meta::this(restype)?;
    let result = match meta::plain_code(class, &info) {
        // The function gives its reference away.
        Some(b'O') => {
            convert::take_object(memory::read::<u64>(at)).ok_or_else(|| value_error("PyObject is NULL"))?
        }
        Some(code) => convert::load(code, info.swapped, at)?,
        None => data::make_copy(class, at)?,
    };
    match checker {
        Some(checker) => call1(checker, &result),
        None => Ok(result),
    }
}

/// `call_function(address, arguments)` of the module.
pub fn call_by_number(address: &Obj, arguments: &Obj, flags: i64) -> PyResult<Obj> {
    let Some(int) = int_ref(address) else { return Err(type_error("an integer is required")) };
    let Some(tuple) = arguments.downcast::<PyTuple>() else {
        return Err(type_error(format!("argument 2 must be tuple, not {}", class_of(arguments).name())));
    };
    call_address(int.wrapping_u64() as Address, tuple.as_slice(), flags, None, None, None)
}
