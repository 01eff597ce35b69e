//! The tier above the interpreter: what a compiler to machine code is told, what it may count on, and how its code is entered and left.
//!
//! The interpreter counts (see [`taipan_objects::code::machine`]) and asks the installed [`Tier`] once for each code object that is executed often. Machine code
//! works on the same frame and the same registers as the interpreter. Its contract:
//!
//! - *It is entered* at an instruction that it has a place for, by [`Entry`], with the frame as the interpreter leaves it in front of that instruction.
//! - It may push frames of functions that it calls, and pop them, by functions of [`runtime`]: what the interpreter would do, too.
//! - *It leaves* in front of any instruction of the innermost frame, by returning that instruction's address and why ([`Left`]). At that moment the registers are as if all before had been
//!   interpreted. So there is nothing to be undone or rebuilt: what machine code cannot do, the interpreter does.
//! - It runs no Python code and raises nothing, but by way of native functions ([`calls`]). What might do so otherwise it leaves to the interpreter. The functions that it may call ([`runtime`]) do what takes a few
//!   instructions, or say that they did not and have done nothing. The exception is [`runtime::drop_last`]: behind it the code leaves, since a destructor may have
//!   changed the frame's variables.
//! - Every jump back looks at the thread's poll word, and leaves in front of the jump if it is not zero. So a thread that executes machine code stops for others like
//!   any other, with everything that it refers to in its registers.
//!
//! Nobody changes the registers of a frame while machine code executes it, but that code: others wait until this thread stops.

pub mod calls;
pub mod runtime;
pub mod samples;

use std::sync::OnceLock;

use taipan_objects::code::machine::{self, Machine};
use taipan_objects::code::{PyCode, Word};
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::frame::Frame;
use crate::registers::Regs;
use crate::thread::VmThread;

/// Turns of loops that code makes until the tier is asked for it.
const HOT_TURNS: u32 = 16_000;
/// How often machine code is entered in vain until one of the places at which that happens is given up.
const VAIN: u32 = 256;
/// What a turn of a loop counts for.
pub(crate) const TURN: u32 = 1;
/// What a call counts for.
pub(crate) const CALL: u32 = 4;

/// What machine code is entered by: the window, the poll word, the number of the place ([`Machine::places`]), the frame, the thread. Gives where it left, and why, as [`Left`] has it.
pub type Entry = extern "C" fn(*mut Value, *const u32, u64, *mut Frame, &'static VmThread) -> u64;

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
    /// All bits of a reason.
    pub const MASK: u64 = 7;
}

/// What a compiler is asked for.
pub struct Request<'a> {
    pub code: &'a PyCode,
    /// The instruction that the asking thread stands at.
    pub at: usize,
    /// What the registers hold there.
    pub samples: Vec<Option<Obj>>,
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

/// Counts [`TURN`] or [`CALL`], and asks the tier when it is time. The frame stands at `ip`.
#[inline]
pub(crate) fn count(by: u32, frame: &Frame, ip: *const Word, regs: Regs) {
    if frame.code().machine.heat(by) >= HOT.load(Ordering::Relaxed) {
        ask(frame, ip, regs);
    }
}

#[cold]
#[inline(never)]
fn ask(frame: &Frame, ip: *const Word, regs: Regs) {
    let code = frame.code();
    if !code.machine.ask() {
        return;
    }
    let samples = (0..code.nregs as usize).map(|register| regs.get(register).cloned()).collect();
    let (globals, builtins) = (frame.globals().clone(), frame.builtins().clone());
    let request = Request { code, at: code.index_of(ip), samples, globals, builtins };
    let machine = TIER.get().and_then(|tier| tier.compile(&request));
    machine::settle(code, machine);
}

/// Enters the machine code of the frame's code at `ip`, if it has a place there, and gives where it left.
#[inline(always)]
pub(crate) fn enter(ip: *const Word, regs: Regs, fp: *mut Frame, thread: &'static VmThread) -> Option<u64> {
    // SAFETY: the frame is live.
    let code = unsafe { (*fp).code() };
    let machine = code.machine.code()?;
    let place = *machine.places.get(code.index_of(ip))?;
    if place == 0 {
        return None;
    }
    let entry = std::ptr::with_exposed_provenance::<()>(machine.entry);
    // SAFETY: the address of what the tier made, which has that signature and lives as long as the code.
    let entry = unsafe { std::mem::transmute::<*const (), Entry>(entry) };
    let left = entry(regs.base(), thread.threading.poll_address(), place as u64, fp, thread);
    if left & Left::MASK == Left::VAIN {
        entered_in_vain(machine, ip);
        return None;
    }
    Some(left)
}

/// Machine code was entered at `ip` and did nothing. When that is often the interpreter executes the instruction from then on.
#[cold]
#[inline(never)]
fn entered_in_vain(machine: &Machine, ip: *const Word) {
    if machine.vain.fetch_add(1, Ordering::Relaxed) % VAIN == VAIN - 1 {
        // SAFETY: an instruction of the code that the caller executes.
        unsafe { &*ip }.set_dispatch(None);
    }
}
