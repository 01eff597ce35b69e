//! Calls of native functions by machine code, with all that belongs to such a call.
//!
//! A native function may run Python code, wait for other threads, or raise. Machine code expects nothing of its registers afterwards: it reads and tests them anew.

use taipan_objects::code::Word;
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::error::PyResult;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::type_object::PyType;
use taipan_objects::{Obj, Value};

use crate::frame::Frame;
use crate::interpreter::call;
use crate::interpreter::ops::intrinsics;
use crate::interpreter::quick::known::{self, Known};
use crate::registers::Regs;
use crate::thread::VmThread;

/// What became of a call.
pub struct Outcome;

impl Outcome {
    /// Nothing was done.
    pub const NOT: u64 = 0;
    /// It is done.
    pub const DONE: u64 = 1;
    /// An exception is on its way from the instruction.
    pub const RAISED: u64 = 2;
    /// It is done, and something is wanted of the thread.
    pub const WANTED: u64 = 3;
}

/// The result of the call instruction, and the registers that it consumes behind the callable's; nothing if it is no call of a native function that takes little to make.
fn call(regs: Regs, word: &Word) -> Option<(PyResult<Obj>, usize, usize)> {
    let (base, count) = (word.a() as usize, word.b() as usize);
    let callable = regs.value(base);
    let is_method = word.opcode() == taipan_bytecode::Op::CallMethod as u16;
    if callable.is_empty() {
        return None;
    }
    if is_method && !regs.value(base + 1).is_empty() {
        if !known::is(callable, Known::MethodDescriptor) {
            return None;
        }
        // SAFETY: the layout was checked; the register keeps it alive.
        let descriptor: &PyMethodDescr = unsafe { &*callable.ptr().cast() };
        if !descriptor.accepts(regs.obj(base + 1)) {
            return None;
        }
        let result = descriptor.def.call_fast(regs.slice(base + 1, count + 1))?;
        return Some((result, base + 1, count + 1));
    }
    let arguments = regs.slice(base + 2, count);
    if known::is(callable, Known::NativeFunction) {
        // SAFETY: the layout was checked; the register keeps it alive.
        let function: &PyNativeFunction = unsafe { &*callable.ptr().cast() };
        let result = if !function.is_unbound() {
            call::call_bound(function, arguments)?
        } else if let Some(answer) = intrinsics::answer(function.def, arguments) {
            // SAFETY: a number, or what lives for ever.
            Ok(unsafe { Obj::from_value_unchecked(answer) })
        } else {
            function.def.call_positional(arguments)
        };
        return Some((result, base + 2, count));
    }
    if known::is(callable, Known::Class) && count == 1 {
        // SAFETY: the layout was checked; the register keeps it alive.
        let class: &PyType = unsafe { &*callable.ptr().cast() };
        let conversion = conversion::of_class(class)?;
        let result = protocol::enter_native().and_then(|()| conversion(&arguments[0]));
        return Some((result, base + 2, 1));
    }
    None
}

/// Does the call instruction at `ip`, if it is of a native function: an [`Outcome`].
///
/// # Safety
/// `fp` is the innermost frame of the calling thread, and `ip` a call in its code whose arguments are there.
pub unsafe extern "C" fn call_native(thread: &'static VmThread, fp: *mut Frame, ip: u64) -> u64 {
    let ip: *const Word = std::ptr::with_exposed_provenance(ip as usize);
    // SAFETY: says the caller. No reference to the frame is kept: the call may look at it.
    let (regs, word) = unsafe {
        (*fp).ip = ip;
        ((*fp).regs, &*ip)
    };
    let Some((result, first, count)) = call(regs, word) else { return Outcome::NOT };
    // The result may be an uncounted part of what the arguments keep alive.
    let result = result.map_or(Value::EMPTY, |result| result.into_strong().into_value());
    regs.clear(word.a() as usize);
    regs.clear_range(first, first + count);
    if result.is_empty() {
        return Outcome::RAISED;
    }
    regs.write_value(word.c() as usize, result);
    if thread.threading.poll() != 0 { Outcome::WANTED } else { Outcome::DONE }
}
