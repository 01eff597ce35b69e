//! Calls by machine code, with all that belongs to them.
//!
//! What is called may run Python code, wait for other threads, or raise.

use taipan_bytecode::Op;
use taipan_objects::code::{PyCode, Word};
use taipan_objects::conversion;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::native::{Intrinsic, MethodDef};
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::type_object::{PyType, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value};

use super::execute::Executor;
use super::runtime::{LEVEL, Moment, NO, NOTHING_DONE, PLACE_BITS, is_watched};
use crate::frame::{Frame, Kind};
use crate::interpreter::call::{self, Called};
use crate::interpreter::ops::{attribute, intrinsics, iteration};
use crate::interpreter::quick::known::{self, Known};
use crate::interpreter::quick::{self, Push};
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
    /// The frame of a Python function was pushed, which the interpreter is to execute.
    pub const PUSHED: u64 = 4;
    /// It is done, and execution goes on at the target of the instruction. What is greater is the entry of the machine code of a function whose frame was pushed.
    pub const JUMPED: u64 = 5;
    /// It is done, and nobody has changed variables of the frames meanwhile, nor what else was asked: see [`execute_and_look`].
    pub const QUIET: u64 = 6;
}

/// Executes an instruction as the interpreter does. The low bits of its place say of how many frames below the innermost one, too, it is looked whether they were written, and whether also if
/// shapes of objects were changed.
///
/// # Safety
/// As for an [`Executor`], in the innermost frame.
pub unsafe extern "C" fn execute_and_look(place: u64, executor: Executor, thread: &'static VmThread) -> u64 {
    let (fp, moment) = (thread.innermost(), Moment::if_asked(place));
    // SAFETY: says the caller.
    unsafe {
        match executor(thread, fp, place & !PLACE_BITS) {
            Outcome::DONE
                if is_watched(fp, place & LEVEL) == 0 && moment.is_none_or(|moment| !moment.is_over()) =>
            {
                Outcome::QUIET
            }
            outcome => outcome,
        }
    }
}

/// The result of the call instruction, and the registers that it consumes behind the callable's; nothing if it is no call of a native function that takes little to make.
fn call(regs: Regs, word: &Word, next: &Word) -> Option<(PyResult<Obj>, usize, usize)> {
    let (base, count) = (word.a() as usize, word.b() as usize);
    let callable = regs.value(base);
    let is_method = word.opcode() == Op::CallMethod as u16;
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
        } else if let Some(answer) = intrinsics::answer(function.def.intrinsic, arguments) {
            // SAFETY: a number, or what lives for ever.
            Ok(unsafe { Obj::from_value_unchecked(answer) })
        } else {
            function.def.call_positional(arguments)
        };
        return Some((result, base + 2, count));
    }
    if callable.same(types().range.as_obj().value()) {
        let range = iteration::range(arguments, word.c(), next.instr())?;
        return Some((Ok(range), base + 2, count));
    }
    if known::is(callable, Known::Class) && count == 1 {
        // SAFETY: the layout was checked; the register keeps it alive.
        let class: &PyType = unsafe { &*callable.ptr().cast() };
        return Some((of_one(class, &arguments[0])?, base + 2, 1));
    }
    None
}

/// Ends a call of a native function with its result: empties the registers that it consumes.
fn finish(
    thread: &VmThread,
    regs: Regs,
    word: &Word,
    result: PyResult<Obj>,
    first: usize,
    count: usize,
) -> u64 {
    // The result may be an uncounted part of what the arguments keep alive.
    let result = result.map_or(Value::EMPTY, |result| result.into_strong().into_value());
    // What is between the two, if anything is, is scratch.
    regs.clear_range(word.a() as usize, first + count);
    if result.is_empty() {
        return Outcome::RAISED;
    }
    done(thread, regs, word.c(), result)
}

/// Writes the result of a call that is over, which owns its reference.
fn done(thread: &VmThread, regs: Regs, to: u16, result: Value) -> u64 {
    regs.write_value(to as usize, result);
    if thread.threading.poll() != 0 { Outcome::WANTED } else { Outcome::DONE }
}

/// What `def` gives for so many arguments, which stay the caller's: a word that owns its reference or needs none, or [`NO`](super::runtime::NO) if it raised.
///
/// # Safety
/// The arguments are registers that are not empty, and the innermost frame stands at the call.
pub type Caller = unsafe extern "C" fn(def: &'static MethodDef, arguments: *const Obj, count: u64) -> u64;

macro_rules! callers {
    ($($name:ident: $def:ident $intrinsic:expr;)*) => { $(
        unsafe extern "C" fn $name($def: &'static MethodDef, arguments: *const Obj, count: u64) -> u64 {
            // SAFETY: says the caller: a register that is not empty has the form of a reference.
            let arguments = unsafe { std::slice::from_raw_parts(arguments, count as usize) };
            match intrinsics::answer($intrinsic, arguments) {
                Some(answer) => answer.bits(),
                None => given($def.call_positional(arguments)),
            }
        }
    )* };
}
callers! {
    call_len: def Intrinsic::Len;
    call_isinstance: def Intrinsic::IsInstance;
    call_definition: def def.intrinsic;
}

/// The [`Caller`] for a definition.
pub fn caller_of(def: &MethodDef) -> Caller {
    match def.intrinsic {
        Intrinsic::Len => call_len,
        Intrinsic::IsInstance => call_isinstance,
        _ => call_definition,
    }
}

/// What a function gives for arguments for which it calls nothing, as a [`Caller`] that needs no frame; [`NOTHING_DONE`](super::runtime::NOTHING_DONE) for others.
///
/// # Safety
/// The arguments are registers that are not empty.
pub unsafe extern "C" fn answer(def: &'static MethodDef, arguments: *const Obj, count: u64) -> u64 {
    // SAFETY: says the caller: a register that is not empty has the form of a reference.
    let arguments = unsafe { std::slice::from_raw_parts(arguments, count as usize) };
    intrinsics::answer(def.intrinsic, arguments).map_or(NOTHING_DONE, Value::bits)
}

/// Whether there are arguments for which [`answer`] has one.
pub fn may_answer(def: &MethodDef) -> bool {
    matches!(def.intrinsic, Intrinsic::Len | Intrinsic::IsInstance)
}

/// What a method gives, as a [`Caller`], whose receiver is the first argument; [`NOTHING_DONE`](super::runtime::NOTHING_DONE) if it takes another way to be called.
///
/// # Safety
/// As for a [`Caller`].
pub unsafe extern "C" fn call_descriptor(method: &PyMethodDescr, arguments: *const Obj, count: u64) -> u64 {
    // SAFETY: as above.
    let arguments = unsafe { std::slice::from_raw_parts(arguments, count as usize) };
    if !method.accepts(&arguments[0]) {
        return NOTHING_DONE;
    }
    method.def.call_fast(arguments).map_or(NOTHING_DONE, given)
}

/// The same of a class that is called with one argument.
///
/// # Safety
/// As for a [`Caller`].
pub unsafe extern "C" fn call_class(class: &PyType, arguments: *const Obj, _count: u64) -> u64 {
    // SAFETY: as above.
    of_one(class, unsafe { &*arguments }).map_or(NOTHING_DONE, given)
}

/// What `type`, or a class that converts, gives for its only argument.
fn of_one(class: &PyType, argument: &Obj) -> Option<PyResult<Obj>> {
    if class.is(&types().type_) {
        return Some(Ok(attribute::class_object(class_of(argument))));
    }
    let conversion = conversion::of_class(class)?;
    Some(protocol::enter_native().and_then(|()| conversion(argument)))
}

fn given(result: PyResult<Obj>) -> u64 {
    // The result may be an uncounted part of what the arguments keep alive.
    result.map_or(NO, |result| result.into_strong().into_value().bits())
}

/// Does the call instruction at `ip`, or pushes the frame that it takes: an [`Outcome`], or the entry of the callee's machine code.
///
/// # Safety
/// `fp` is the innermost frame of the calling thread, and `ip` a call in its code whose arguments are there.
pub unsafe extern "C" fn invoke(thread: &'static VmThread, fp: *mut Frame, ip: u64) -> u64 {
    let ip: *const Word = std::ptr::with_exposed_provenance(ip as usize);
    // SAFETY: says the caller.
    unsafe {
        (*fp).ip = ip;
        match quick::push_plain(thread, fp, ip, (*fp).regs) {
            Some(code) => match entry(code) {
                Outcome::PUSHED if code.machine.is_refused() => run(thread, fp, ip, code),
                outcome => outcome,
            },
            None => invoke_other(thread, fp, ip),
        }
    }
}

/// Has the interpreter execute a callee, whose frame was pushed, in a loop of its own, because it has no machine code and will have none: to leave machine code and enter it again would take longer.
///
/// # Safety
/// `fp` is the caller's frame, which stands at the call at `ip`.
#[inline(never)]
unsafe fn run(thread: &'static VmThread, fp: *mut Frame, ip: *const Word, code: &PyCode) -> u64 {
    if !protocol::has_room() {
        return Outcome::PUSHED;
    }
    // SAFETY: says the caller. No reference to a frame is kept.
    let (regs, ret) = unsafe {
        (*thread.innermost()).kind = Kind::Entry;
        ((*fp).regs, (*ip).c())
    };
    match crate::perf::run(thread, code) {
        Ok(result) => done(thread, regs, ret, result.into_strong().into_value()),
        Err(_) => Outcome::RAISED,
    }
}

/// [`invoke`] of what is no function that takes just the arguments: most of it is not in the way of what is.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn invoke_other(thread: &'static VmThread, fp: *mut Frame, ip: *const Word) -> u64 {
    // SAFETY: says the caller. No reference to the frame is kept: the call may look at it.
    let (regs, word) = unsafe { ((*fp).regs, &*ip) };
    let (base, count, ret) = (word.a() as usize, word.b() as usize, word.c());
    let mut has_receiver = word.opcode() == Op::CallMethod as u16;
    if matches!(word.instr().op(), Some(Op::Call | Op::CallMethod)) {
        match quick::push_call(thread, fp, ip, regs) {
            Push::Pushed(code) => return entry(code),
            Push::Unbound => has_receiver = true,
            Push::Not => {
                // SAFETY: a call is not the last instruction.
                let next = unsafe { &*ip.add(1) };
                if let Some((result, first, count)) = call(regs, word, next) {
                    return finish(thread, regs, word, result, first, count);
                }
            }
        }
    }
    let called = match word.instr().op() {
        _ if has_receiver => call::call_method(thread, regs, base, count, ret),
        Some(op @ (Op::CallKw | Op::CallMethodKw)) => {
            // SAFETY: the frame is live; the names are in the pseudo word behind.
            let (code, names) = unsafe { ((*fp).code(), (*ip.add(1)).arg32() as usize) };
            call::call_kw(thread, code, regs, base, count, names, op == Op::CallMethodKw, ret)
        }
        Some(Op::CallEx) => call::call_ex(thread, regs, base, ret),
        _ => call::call(thread, regs, base, count, ret),
    };
    match called {
        Ok(Called::Pushed) => {
            // SAFETY: the callee's frame is live.
            let frame = unsafe { &*thread.innermost() };
            if frame.pc() == 0 { entry(frame.code()) } else { Outcome::PUSHED }
        }
        Ok(Called::Value(result)) => done(thread, regs, ret, result.into_strong().into_value()),
        Err(_) => Outcome::RAISED,
    }
}

/// Where the machine code of a callee is entered, if it has any and there is room on the machine stack; or else [`Outcome::PUSHED`].
#[inline]
pub(super) fn entry(code: &PyCode) -> u64 {
    let entry = code.machine.entry();
    if entry != 0 && protocol::has_room() { entry as u64 } else { Outcome::PUSHED }
}

/// A call in machine code of a function that was expected to be called.
pub struct Callee {
    /// The function, which the machine code keeps alive, and the code that it has.
    pub function: *const PyFunction,
    pub code: *const PyCode,
    /// The instruction that calls it.
    pub ip: *const Word,
    /// How many words in front of its window the callable is, which the call consumes; 0: nowhere.
    pub callable: usize,
    /// Parameters that are in the window.
    pub filled: usize,
    /// Words of the window, and behind it of what the callee executes without frames.
    pub size: usize,
    /// The caller's register for the result.
    pub ret: u16,
}

/// Pushes the frame of a call, as `push_call` does in a few instructions: 1. Or 0, with nothing done, if the function has other code by now, something is wanted of the thread, or there is more to do.
///
/// # Safety
/// `caller` is the innermost frame of the calling thread, `window` lies in its window or behind it; what the callee points to is alive.
pub unsafe extern "C" fn push_callee(
    thread: &'static VmThread,
    caller: *mut Frame,
    window: *mut Value,
    callee: &Callee,
) -> u64 {
    // SAFETY: says the caller.
    let (function, code) = unsafe { (&*callee.function, &*callee.code) };
    if !std::ptr::eq(call::function_code(function), code) || thread.threading.poll() != 0 {
        return 0;
    }
    let (filled, ret) = (callee.filled, callee.ret);
    if !call::push_frame_at_once(
        thread,
        caller,
        function,
        code,
        window,
        filled,
        callee.size,
        ret,
        Kind::Call,
        Value::EMPTY,
    ) {
        return 0;
    }
    // SAFETY: as above. What is in the callable's register is deferred, and so not counted.
    unsafe {
        (*caller).ip = callee.ip;
        if callee.callable != 0 {
            window.sub(callee.callable).write(Value::EMPTY);
        }
    }
    1
}

/// Drops the function of a frame that ended, which owned it and was popped.
///
/// # Safety
/// `fp` is where the frame was, and nothing was pushed since.
pub unsafe extern "C" fn drop_callee(fp: *mut Frame) {
    // SAFETY: says the caller.
    let callee = unsafe { std::mem::replace(&mut (*fp).callee, Value::EMPTY) };
    crate::frame::drop_value(callee);
}
