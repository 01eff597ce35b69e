//! The tier above the interpreter: what a compiler to machine code is told, what it may count on, and how its code is entered and left.
//!
//! The interpreter counts (see [`taipan_objects::code::machine`]), records what instructions find ([`record`]), and asks the installed [`Tier`] for each code object that is executed often. Machine code
//! works on the same frame and the same registers as the interpreter. Its contract:
//!
//! - *It is entered* at an instruction that it has a place for, by [`Entry`], with the frame as the interpreter leaves it in front of that instruction.
//! - It may push frames of functions that it calls, and pop them: what the interpreter would do, too. It enters the machine code of a callee on top of itself; when that leaves, so does the
//!   caller, and the interpreter goes on in the innermost frame and comes to the others by their returns.
//! - At the end of a call it may pop its own frame and give the result ([`Left::RETURNED`]).
//! - *It leaves* in front of any instruction of the innermost frame, by returning that instruction's address and why ([`Left`]). At that moment the registers are as if all before had been
//!   interpreted. So there is nothing to be undone or rebuilt: what machine code cannot do, the interpreter does.
//! - It runs no Python code and raises nothing, but by way of calls ([`calls`]) and of what dies ([`runtime::drop_last`]). What might do so otherwise it leaves to the interpreter. The functions that it may call
//!   ([`runtime`]) do what takes a few instructions, or say that they did not and have done nothing.
//! - What runs meanwhile changes the frame's variables by way of the frame's object alone. So behind all that may run code it looks whether there is one, and leaves if so.
//! - Every jump back looks at the thread's poll word, and leaves in front of the jump if it is not zero. So a thread that executes machine code stops for others like
//!   any other, with everything that it refers to in its registers.
//!
//! Nobody changes the registers of a frame while machine code executes it, but that code: others wait until this thread stops.

pub mod calls;
pub mod execute;
pub mod late;
pub mod record;
pub mod runtime;
pub mod samples;
pub mod virtual_frames;

use std::sync::OnceLock;

use taipan_bytecode::Op;
use taipan_objects::code::machine::{self, Machine, Stage};
use taipan_objects::code::{PyCode, Word};
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::frame::Frame;
use crate::registers::Regs;
use crate::thread::VmThread;

/// Turns of loops that code makes until the tier is asked for it.
const HOT_TURNS: u32 = 16_000;
/// How often machine code comes to what was not recorded until it is made again.
const UNSEEN: u32 = 128;
/// How often it leaves because something is not as it was recorded until it is made again.
const SURPRISES: u32 = 400;
/// How often machine code is entered in vain until one of the places at which that happens is given up.
const VAIN: u32 = 256;
/// What a turn of a loop counts for.
pub(crate) const TURN: u32 = 1;
/// What a call counts for.
pub(crate) const CALL: u32 = 4;

/// What machine code is entered by: the window, the poll word, the number of the place ([`Machine::places`]), the frame, the thread.
pub type Entry = extern "C" fn(*mut Value, *const u32, u64, *mut Frame, &'static VmThread) -> Exit;

/// What machine code gives, in two registers.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Exit {
    /// Where it left, and why, as [`Left`] has it.
    pub word: u64,
    /// The result of its frame, which it popped; if it returned.
    pub value: u64,
}

/// Why machine code left, in the low bits of the address.
pub struct Left;

impl Left {
    /// The interpreter is to execute the instruction: it is not for machine code, or not as things are.
    pub const EXECUTE: u64 = 0;
    /// Execution goes on at the instruction, by whatever executes it.
    pub const GO_ON: u64 = 1;
    /// An exception is on its way from the instruction, at which the frame stands.
    pub const RAISED: u64 = 2;
    /// As `EXECUTE`, at the place where it was entered: what is expected there is not so.
    pub const VAIN: u64 = 3;
    /// The frame was popped: the whole word. The function that it owned, if it did, is to be dropped by who gets this: it may be all that keeps the machine code.
    pub const RETURNED: u64 = 4;
    /// All bits of a reason.
    pub const MASK: u64 = 7;
}

/// What a compiler is asked for. What the code's instructions found is recorded ([`Tier::record`](machine::Tier::record)).
pub struct Request<'a> {
    pub code: &'a PyCode,
    /// The namespaces of the frame.
    pub globals: Obj,
    pub builtins: Obj,
}

/// A compiler to machine code.
pub trait Tier: Sync {
    /// Machine code for some of the instructions, if that is worth it.
    fn compile(&self, request: &Request<'_>) -> Option<Machine>;
}

static TIER: OnceLock<&'static dyn Tier> = OnceLock::new();
static AVAILABLE: AtomicBool = AtomicBool::new(false);
static HOT: AtomicU32 = AtomicU32::new(HOT_TURNS);

/// How the compiler is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    Never,
    /// For code that is executed often.
    Often,
    /// For all code that is executed more than once or twice: for tests.
    Eagerly,
}

/// Installs the compiler, before any code is made. The first one stays.
pub fn install(tier: &'static dyn Tier, how: Use) {
    AVAILABLE.store(true, Ordering::Relaxed);
    if how == Use::Eagerly {
        HOT.store(2 * CALL, Ordering::Relaxed);
    }
    if how != Use::Never && TIER.set(tier).is_ok() {
        machine::count();
    }
}

/// Whether there is a compiler.
pub fn is_available() -> bool {
    AVAILABLE.load(Ordering::Relaxed)
}

/// Whether it is asked.
pub fn is_enabled() -> bool {
    TIER.get().is_some()
}

/// Instructions of code whose compilation takes so much memory for a moment that it is given back.
const LARGE: usize = 32;

/// Counts [`TURN`] or [`CALL`], records when that is often, and asks the tier when it is time.
#[inline]
pub(crate) fn count(by: u32, frame: &Frame) {
    let heat = frame.code().machine.heat(by);
    if heat >= HOT.load(Ordering::Relaxed) / 2 {
        is_hot(frame, heat);
    }
}

#[cold]
#[inline(never)]
fn is_hot(frame: &Frame, heat: u32) {
    let code = frame.code();
    if code.machine.advance(Stage::Counting, Stage::Between) {
        if machine::start_recording(code) {
            code.machine.advance(Stage::Between, Stage::Recording);
        } else {
            machine::settle(code, None);
        }
    } else if heat >= HOT.load(Ordering::Relaxed) && code.machine.advance(Stage::Recording, Stage::Between) {
        let (globals, builtins) = (frame.globals().clone(), frame.builtins().clone());
        let request = Request { code, globals, builtins };
        let machine = TIER.get().and_then(|tier| tier.compile(&request));
        if machine.as_ref().is_some_and(|machine| machine.places.len() >= LARGE) {
            taipan_gc::malloc::give_back();
        }
        machine::settle(code, machine);
    }
}

/// Machine code of `code` is at an instruction of `part`, itself or a function that is part of it, that was not recorded. When that is often it is recorded, and machine code made again.
///
/// # Safety
/// Both are code objects that live as long as the machine code.
pub unsafe extern "C" fn at_unseen(code: *const PyCode, part: *const PyCode) {
    // SAFETY: says the caller.
    let (code, part) = unsafe { (&*code, &*part) };
    let Some(machine) = code.machine.code() else { return };
    let often = if HOT.load(Ordering::Relaxed) < HOT_TURNS { 2 } else { UNSEEN };
    // Behind that nothing is counted: threads would wait for each other's writes.
    if machine.unseen.load(Ordering::Relaxed) <= often
        && machine.unseen.fetch_add(1, Ordering::Relaxed) == often
        && machine::again(code, HOT.load(Ordering::Relaxed) / 2, false)
        && !std::ptr::eq(code, part)
    {
        machine::record_rest(part);
    }
}

/// Machine code of `code` leaves an instruction of `part` (see [`at_unseen`]) to the interpreter, because what it finds is not what was recorded. When that is often it is recorded anew, and machine code
/// made again.
///
/// # Safety
/// As [`at_unseen`]; `ip` is the address of an instruction of `part`.
pub unsafe extern "C" fn at_surprise(code: *const PyCode, part: *const PyCode, ip: u64) {
    // SAFETY: says the caller.
    let (code, part) = unsafe { (&*code, &*part) };
    let Some(machine) = code.machine.code() else { return };
    // As above.
    if code.machine.is_last() {
        if machine.is_stale() {
            machine::give_up_stale(code);
        }
        return;
    }
    // Other code of which the function is part counts on what is recorded of it.
    let Some(record) = part.machine.record() else { return };
    let ip: *const Word = std::ptr::with_exposed_provenance(ip as usize);
    let at = part.index_of(ip);
    record.restart(at, code.machine.is_first());
    // SAFETY: the innermost frame is live.
    let frame = unsafe { &*crate::thread::current().innermost() };
    // Each time: there may be others like it, and machine code of the function's own may execute it from now on, which records nothing.
    if std::ptr::eq(frame.code, part) {
        record::note(part, ip, frame.regs);
    }
    // It may have been the kind of the result, which is in its register in front of the next instruction.
    let next = at + 1 + usize::from(part.instr(at).op().is_some_and(Op::has_pseudo_word));
    if next < part.words.len() && record.is_seen(next) {
        record.record_more(next);
        part.words[next].set_dispatch(Some(machine::RECORD));
    }
    let often = if HOT.load(Ordering::Relaxed) < HOT_TURNS { 2 } else { SURPRISES };
    if machine.surprises.fetch_add(1, Ordering::Relaxed) % often != often - 1 && !machine.is_stale() {
        return;
    }
    if machine::again(code, HOT.load(Ordering::Relaxed) / 2, true) && !std::ptr::eq(code, part) {
        machine::record_rest(part);
    }
}

/// Enters the machine code of the frame's code at `ip`, if it has a place there, and gives where it left.
#[inline(always)]
pub(crate) fn enter(ip: *const Word, regs: Regs, fp: *mut Frame, thread: &'static VmThread) -> Option<Exit> {
    // SAFETY: the frame is live.
    let code = unsafe { (*fp).code() };
    let machine = code.machine.code()?;
    let place = *machine.places.get(code.index_of(ip))?;
    if place == 0 {
        return None;
    }
    enter_place(machine, place, ip, regs, fp, thread)
}

/// Enters the machine code of the frame's code at its start, `ip`, if calls may.
#[inline(always)]
pub(crate) fn enter_start(
    ip: *const Word,
    regs: Regs,
    fp: *mut Frame,
    thread: &'static VmThread,
) -> Option<Exit> {
    // SAFETY: the frame is live.
    let tier = unsafe { &(*fp).code().machine };
    if tier.entry() == 0 {
        return None;
    }
    enter_place(tier.code()?, Machine::START, ip, regs, fp, thread)
}

#[inline(always)]
fn enter_place(
    machine: &Machine,
    place: u16,
    ip: *const Word,
    regs: Regs,
    fp: *mut Frame,
    thread: &'static VmThread,
) -> Option<Exit> {
    let entry = std::ptr::with_exposed_provenance::<()>(machine.entry);
    // SAFETY: the address of what the tier made, which has that signature and lives as long as the code.
    let entry = unsafe { std::mem::transmute::<*const (), Entry>(entry) };
    thread.stack_limit.set(taipan_objects::protocol::stack_limit());
    let left = entry(regs.base(), thread.threading.poll_address(), place as u64, fp, thread);
    if left.word & Left::MASK == Left::VAIN {
        // SAFETY: the frame, of which nothing was executed, is live.
        entered_in_vain(unsafe { (*fp).code() }, machine, ip);
        return None;
    }
    Some(left)
}

/// Machine code was entered at `ip` and did nothing. When that is often the interpreter executes the instruction from then on.
#[cold]
#[inline(never)]
fn entered_in_vain(code: &PyCode, machine: &Machine, ip: *const Word) {
    if machine.is_stale() {
        if !machine::again(code, HOT.load(Ordering::Relaxed) / 2, false) {
            machine::give_up_stale(code);
        }
        return;
    }
    if machine.vain.fetch_add(1, Ordering::Relaxed) % VAIN == VAIN - 1 {
        // SAFETY: an instruction of the code that the caller executes.
        unsafe { &*ip }.set_dispatch(None);
    }
}
