//! libffi: descriptions of C types, calls, closures.
//!
//! Descriptions are never written after they were made (their sizes are set, so libffi computes none), and may be used by all threads.
//! Aggregates are described by their scalars, whatever they consist of: a function's call sequence depends on these alone.

#![allow(unsafe_code)] // Foreign functions.

use std::ffi::c_void;
use std::ptr::{addr_of_mut, null_mut};
use std::sync::Arc;

use libffi_sys as sys;

use super::memory::Address;

/// A scalar type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    Void,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    LongDouble,
    ComplexF32,
    ComplexF64,
    ComplexLongDouble,
    Pointer,
}

impl Scalar {
    pub fn size(self) -> usize {
        match self {
            Scalar::Void => 0,
            Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::F64 | Scalar::Pointer | Scalar::ComplexF32 => 8,
            Scalar::LongDouble | Scalar::ComplexF64 => 16,
            Scalar::ComplexLongDouble => 32,
        }
    }
    pub fn align(self) -> usize {
        match self {
            Scalar::ComplexF32 => 4,
            Scalar::ComplexF64 => 8,
            Scalar::ComplexLongDouble => 16,
            other => other.size(),
        }
    }
    /// Whether it travels in floating-point registers.
    fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }
    /// The parts of a complex number, which count by themselves in an aggregate.
    fn parts(self) -> (Scalar, usize) {
        match self {
            Scalar::ComplexF32 => (Scalar::F32, 2),
            Scalar::ComplexF64 => (Scalar::F64, 2),
            Scalar::ComplexLongDouble => (Scalar::LongDouble, 2),
            other => (other, 1),
        }
    }
    fn description(self) -> *mut sys::ffi_type {
        // The addresses of libffi's constants; nothing is read.
        match self {
            Scalar::Void => addr_of_mut!(sys::ffi_type_void),
            Scalar::I8 => addr_of_mut!(sys::ffi_type_sint8),
            Scalar::U8 => addr_of_mut!(sys::ffi_type_uint8),
            Scalar::I16 => addr_of_mut!(sys::ffi_type_sint16),
            Scalar::U16 => addr_of_mut!(sys::ffi_type_uint16),
            Scalar::I32 => addr_of_mut!(sys::ffi_type_sint32),
            Scalar::U32 => addr_of_mut!(sys::ffi_type_uint32),
            Scalar::I64 => addr_of_mut!(sys::ffi_type_sint64),
            Scalar::U64 => addr_of_mut!(sys::ffi_type_uint64),
            Scalar::F32 => addr_of_mut!(sys::ffi_type_float),
            Scalar::F64 => addr_of_mut!(sys::ffi_type_double),
            Scalar::LongDouble => addr_of_mut!(sys::ffi_type_longdouble),
            Scalar::ComplexF32 => addr_of_mut!(sys::ffi_type_complex_float),
            Scalar::ComplexF64 => addr_of_mut!(sys::ffi_type_complex_double),
            Scalar::ComplexLongDouble => addr_of_mut!(sys::ffi_type_complex_longdouble),
            Scalar::Pointer => addr_of_mut!(sys::ffi_type_pointer),
        }
    }
}

/// A scalar and its place in an aggregate.
pub type Placed = (usize, Scalar);

/// What libffi knows of an aggregate.
pub struct Aggregate {
    description: sys::ffi_type,
    /// Ends with a null pointer.
    _elements: Box<[*mut sys::ffi_type]>,
}

// SAFETY: never written after `FfiType::aggregate` made it; the pointers go to libffi's constants and to `_elements`.
unsafe impl Send for Aggregate {}
// SAFETY: as above.
unsafe impl Sync for Aggregate {}

/// A type as libffi knows it.
#[derive(Clone)]
pub enum FfiType {
    Scalar(Scalar),
    Aggregate(Arc<Aggregate>),
}

/// Larger aggregates are passed in memory by every calling convention, whatever they consist of.
const IN_REGISTERS: usize = 64;

impl FfiType {
    /// An aggregate of that size and alignment, whose scalars are `scalars` (in any order, possibly overlapping).
    pub fn aggregate(size: usize, align: usize, scalars: &[Placed]) -> FfiType {
        let mut elements: Vec<*mut sys::ffi_type> =
            elements(size, scalars).into_iter().map(Scalar::description).collect();
        elements.push(null_mut());
        let mut elements = elements.into_boxed_slice();
        let description = sys::ffi_type {
            size: size.max(1),
            alignment: align.clamp(1, 1 << 15) as u16,
            type_: sys::FFI_TYPE_STRUCT,
            elements: elements.as_mut_ptr(),
        };
        FfiType::Aggregate(Arc::new(Aggregate { description, _elements: elements }))
    }
    fn as_ptr(&self) -> *mut sys::ffi_type {
        match self {
            FfiType::Scalar(scalar) => scalar.description(),
            FfiType::Aggregate(aggregate) => std::ptr::from_ref(&aggregate.description).cast_mut(),
        }
    }
    pub fn size(&self) -> usize {
        match self {
            FfiType::Scalar(scalar) => scalar.size(),
            FfiType::Aggregate(aggregate) => aggregate.description.size,
        }
    }
}

/// The scalars one after the other that make libffi place an aggregate as it places the true one.
fn elements(size: usize, scalars: &[Placed]) -> Vec<Scalar> {
    if size > IN_REGISTERS || scalars.is_empty() {
        return vec![Scalar::U8];
    }
    let mut flat: Vec<Placed> = Vec::new();
    for &(offset, scalar) in scalars {
        let (part, count) = scalar.parts();
        flat.extend((0..count).map(|i| (offset + i * part.size(), part)));
    }
    flat.sort_by_key(|&(offset, _)| offset);
    let mut end = 0;
    let natural = flat.iter().all(|&(offset, scalar)| {
        let fits = offset == end.next_multiple_of(&scalar.align());
        end = offset + scalar.size();
        fits
    });
    if natural {
        return flat.into_iter().map(|(_, scalar)| scalar).collect();
    }
    // Unions, bit fields, packed structures: one element for each eight bytes, an integer one if there is any integer in them.
    (0..size.div_ceil(8))
        .flat_map(|word| {
            let (start, rest) = (word * 8, (size - word * 8).min(8));
            let mut inside = flat.iter().filter(|(o, s)| *o < start + 8 && o + s.size() > start).peekable();
            let float = inside.peek().is_some() && inside.clone().all(|(_, s)| s.is_float());
            let double = inside.any(|(_, s)| *s == Scalar::F64);
            match (float, double, rest) {
                (true, true, _) => vec![Scalar::F64],
                (true, false, 8) => vec![Scalar::F32; 2],
                (true, false, _) => vec![Scalar::F32],
                (false, _, 8) => vec![Scalar::U64],
                (false, _, rest) => vec![Scalar::U8; rest],
            }
        })
        .collect()
}

trait NextMultiple {
    fn next_multiple_of(&self, of: &usize) -> usize;
}

impl NextMultiple for usize {
    fn next_multiple_of(&self, of: &usize) -> usize {
        usize::next_multiple_of(*self, (*of).max(1))
    }
}

/// A function's parameters and result.
struct Interface {
    cif: sys::ffi_cif,
    _types: Vec<*mut sys::ffi_type>,
}

/// `fixed`: how many parameters come before the `...` of a function that takes any number.
fn interface(args: &[&FfiType], fixed: Option<usize>, result: &FfiType) -> Option<Interface> {
    let mut types: Vec<*mut sys::ffi_type> = args.iter().map(|arg| arg.as_ptr()).collect();
    let mut cif = sys::ffi_cif::default();
    let (abi, count) = (sys::ffi_abi_FFI_DEFAULT_ABI, types.len() as u32);
    // SAFETY: the descriptions are complete and outlive the interface, whose owner keeps them.
    let status = unsafe {
        match fixed {
            Some(fixed) if fixed < types.len() => {
                sys::ffi_prep_cif_var(&mut cif, abi, fixed as u32, count, result.as_ptr(), types.as_mut_ptr())
            }
            _ => sys::ffi_prep_cif(&mut cif, abi, count, result.as_ptr(), types.as_mut_ptr()),
        }
    };
    (status == sys::ffi_status_FFI_OK).then_some(Interface { cif, _types: types })
}

/// Calls the function at `function`. `args` are types and the addresses of the values. The result goes to `result`, which has room for it and
/// for at least a machine word. False: libffi does not know such functions.
pub fn call(
    function: Address,
    args: &[(&FfiType, Address)],
    fixed: Option<usize>,
    result_type: &FfiType,
    result: Address,
    run: impl FnOnce(&mut dyn FnMut()),
) -> bool {
    let types: Vec<&FfiType> = args.iter().map(|(ty, _)| *ty).collect();
    let Some(mut interface) = interface(&types, fixed, result_type) else { return false };
    let mut values: Vec<*mut c_void> =
        args.iter().map(|&(_, address)| std::ptr::with_exposed_provenance_mut(address)).collect();
    let function = std::ptr::with_exposed_provenance::<c_void>(function);
    run(&mut || {
        // SAFETY: values and result are as the interface describes them. That the function is one of that kind is the Python
        // program's duty.
        unsafe {
            let function: unsafe extern "C" fn() = std::mem::transmute(function);
            sys::ffi_call(
                &mut interface.cif,
                Some(function),
                std::ptr::with_exposed_provenance_mut(result),
                values.as_mut_ptr(),
            );
        }
    });
    true
}

/// What a closure calls: its data, where the arguments are, where the result goes.
pub type Entry = fn(data: Address, args: &[Address], result: Address);

struct Target {
    entry: Entry,
    data: Address,
    interface: Interface,
}

/// A C function made at run time.
pub struct Closure {
    closure: *mut sys::ffi_closure,
    code: Address,
    target: *mut Target,
    /// Described to libffi by address.
    _types: Vec<FfiType>,
}

// SAFETY: written by `new` only; C code calls it from any thread, which reads the target alone.
unsafe impl Send for Closure {}
// SAFETY: as above.
unsafe impl Sync for Closure {}

impl Closure {
    /// A C function that calls `entry` with `data`. `None`: libffi cannot make such a one.
    pub fn new(args: Vec<FfiType>, result: FfiType, entry: Entry, data: Address) -> Option<Closure> {
        let described: Vec<&FfiType> = args.iter().collect();
        let interface = interface(&described, None, &result)?;
        let mut types = args;
        types.push(result);
        let mut code = null_mut();
        // SAFETY: the memory is checked before its use; `target` is freed in `drop`, after the closure.
        unsafe {
            let closure: *mut sys::ffi_closure =
                sys::ffi_closure_alloc(size_of::<sys::ffi_closure>(), &mut code).cast();
            if closure.is_null() {
                return None;
            }
            let target = Box::into_raw(Box::new(Target { entry, data, interface }));
            let cif = addr_of_mut!((*target).interface.cif);
            let status = sys::ffi_prep_closure_loc(closure, cif, Some(enter), target.cast(), code);
            let made = Closure { closure, code: code.expose_provenance(), target, _types: types };
            (status == sys::ffi_status_FFI_OK).then_some(made)
        }
    }
    /// The address of the function.
    pub fn code(&self) -> Address {
        self.code
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        // SAFETY: made in `new`; C code that still calls the function breaks the rule that Python programs are told.
        unsafe {
            sys::ffi_closure_free(self.closure.cast());
            drop(Box::from_raw(self.target));
        }
    }
}

/// # Safety
/// Called by libffi for a closure that [`Closure::new`] prepared.
unsafe extern "C" fn enter(
    cif: *mut sys::ffi_cif,
    result: *mut c_void,
    args: *mut *mut c_void,
    target: *mut c_void,
) {
    // SAFETY: libffi gives what the closure was prepared with, and as many arguments as its interface has.
    let (target, addresses) = unsafe {
        let args: Vec<Address> =
            (0..(*cif).nargs as usize).map(|i| (*args.add(i)).expose_provenance()).collect();
        (&*target.cast::<Target>(), args)
    };
    (target.entry)(target.data, &addresses, result.expose_provenance());
}

/// `dlopen`; the loader's message if it fails.
pub fn dlopen(path: Option<&std::ffi::CStr>, mode: i32) -> Result<Address, String> {
    // SAFETY: a null or zero-ended path. What the library's initializers do is the Python program's business.
    let handle = taipan_threading::detached(|| unsafe {
        libc::dlopen(path.map_or(std::ptr::null(), |p| p.as_ptr()), mode)
    });
    if handle.is_null() { Err(loader_error()) } else { Ok(handle.expose_provenance()) }
}

/// `dlclose`.
pub fn dlclose(handle: Address) -> Result<(), String> {
    // SAFETY: the handle is the Python program's to answer for.
    let status = taipan_threading::detached(|| unsafe {
        libc::dlclose(std::ptr::with_exposed_provenance_mut(handle))
    });
    if status == 0 { Ok(()) } else { Err(loader_error()) }
}

/// `dlsym`; an empty message: the symbol is there, and null.
pub fn dlsym(handle: Address, name: &std::ffi::CStr) -> Result<Address, String> {
    // SAFETY: as in `dlclose`; the name ends with a zero.
    let address = unsafe {
        libc::dlerror();
        libc::dlsym(std::ptr::with_exposed_provenance_mut(handle), name.as_ptr())
    };
    if !address.is_null() {
        return Ok(address.expose_provenance());
    }
    let error = loader_error();
    // The program itself exports nothing that the loader would know.
    let is_program = || dlopen_program() == handle;
    super::exported::api(name).filter(|_| is_program()).ok_or(error)
}

/// The handle of the running program.
fn dlopen_program() -> Address {
    // SAFETY: the program is loaded; its handle stays good when it is closed as often as it was opened.
    unsafe {
        let handle = libc::dlopen(std::ptr::null(), libc::RTLD_NOW);
        libc::dlclose(handle);
        handle.expose_provenance()
    }
}

fn loader_error() -> String {
    // SAFETY: the message belongs to the calling thread until its next call to the loader.
    unsafe {
        let message = libc::dlerror();
        if message.is_null() {
            return String::new();
        }
        std::ffi::CStr::from_ptr(message).to_string_lossy().into_owned()
    }
}

/// C's `errno` of the calling thread, exchanged.
pub fn swap_errno(new: i32) -> i32 {
    // SAFETY: the place of the calling thread's `errno`.
    unsafe { std::mem::replace(&mut *libc::__errno_location(), new) }
}
