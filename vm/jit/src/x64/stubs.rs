//! Pieces of code that are called and overwrite nothing but the scratch registers, behind the function that calls them: what counting references takes, which is much code where it stands.
//!
//! The argument is in [`SECOND_SCRATCH`], and so is the result. The function keeps what they need of its own parameters under its frame pointer.

use cranelift_codegen::isa::CallConv;
use taipan_objects::Header;
use taipan_objects::str::PyStr;
use taipan_vm::tier::{calls, late, runtime, virtual_frames};

use super::allocate::{SCRATCH, SECOND_SCRATCH};
use super::assembler::{
    Alu, Assembler, Cond, Gpr, Label, Mem, R8, R9, RAX, RBP, RCX, RDI, RDX, RSI, RSP, Shift, Width, Xmm,
};

/// The convention by which such a call is known; its callee is the number of a piece.
pub const CONVENTION: CallConv = CallConv::Fast;

/// A piece of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stub {
    /// Drops a word that was moved out of its place, if that is a matter of a few instructions: 0 then, otherwise the word.
    Drop,
    /// Drops such a word in any case. The frame stands at an instruction.
    DropAnyhow,
    /// Drops such a word in any case: see [`runtime::drop_and_look`], which is given the second argument, too, and whose answer is the result.
    DropAndLook,
    /// Empties registers from the address that is the argument to that which is the second one, as [`Stub::DropAnyhow`] drops each word. There is at least one.
    Empty,
    /// Executes an instruction: see [`calls::execute_and_look`], of which these are the first two arguments, and the result.
    Execute,
    /// [`Stub::DropAndLook`] and [`Stub::Execute`] where the frame is not pushed: the site takes the place of the instruction. See [`virtual_frames`].
    DropAndLookVirtual,
    ExecuteVirtual,
    /// Pushes the frames of the site that is the argument; takes them away: see [`virtual_frames::pop`].
    Push,
    Pop,
    /// Empties registers from the address that is the argument to that which is the second one, which is behind it: whether none owned anything. Otherwise some are not empty.
    Clear,
    /// A word that is no number, as `Slot::load_at_once` gives it if it still is at the address that is the second argument; otherwise 0.
    Read,
    /// The same of the word that is at the address that is the argument, which may be a number.
    ReadAt,
    /// Whether two words are equal texts: 1 or 0; 2 if that is not told at once, or they are something else.
    SameText,
    /// Counts another reference to an object, as `refcount::try_incref_own`: whether that was done.
    Count,
    /// Writes numbers to registers of the window. It has no result; it is given the window, and registers and what is to be in them.
    Write,
}

impl Stub {
    pub const ALL: [Stub; 15] = [
        Stub::Drop,
        Stub::DropAnyhow,
        Stub::DropAndLook,
        Stub::Empty,
        Stub::Execute,
        Stub::DropAndLookVirtual,
        Stub::ExecuteVirtual,
        Stub::Push,
        Stub::Pop,
        Stub::Clear,
        Stub::Read,
        Stub::ReadAt,
        Stub::SameText,
        Stub::Count,
        Stub::Write,
    ];

    /// By its number.
    pub fn of(number: u64) -> Option<Stub> {
        Stub::ALL.get(usize::try_from(number).ok()?).copied()
    }

    pub fn number(self) -> u64 {
        self as u64
    }
}

/// What the function has under its frame pointer: by what number objects say that they belong to this thread, and the thread.
const OWN: Mem = Mem { base: RBP, index: None, offset: -8 };
const THREAD: Mem = Mem { base: RBP, index: None, offset: -16 };

/// Pushes that, an even number of words, at the beginning of a function, whose parameters are those of machine code.
pub fn prepare(code: &mut Assembler) {
    let (poll, thread) = (RSI, R8);
    code.load(Width::B2, SCRATCH, Mem::at(poll, taipan_threading::SLOT_FROM_POLL));
    code.push(SCRATCH);
    code.push(thread);
}

/// Registers that a function which is called may overwrite.
const OVERWRITTEN: [Gpr; 7] = [RAX, RCX, RDX, RSI, RDI, R8, R9];

/// Writes a piece of code. Values of the function are in the first `floats` registers of floats at most.
pub fn write(code: &mut Assembler, stub: Stub, label: Label, floats: u8) {
    code.bind(label);
    match stub {
        Stub::Drop => drop_word(code),
        Stub::DropAnyhow => drop_anyhow(code, floats),
        Stub::DropAndLook => run(code, floats, runtime::drop_and_look as *const () as u64),
        Stub::Empty => empty(code, floats),
        Stub::Execute => run(code, floats, calls::execute_and_look as *const () as u64),
        Stub::DropAndLookVirtual => run(code, floats, virtual_frames::drop_and_look as *const () as u64),
        Stub::ExecuteVirtual => run(code, floats, virtual_frames::execute_and_look as *const () as u64),
        Stub::Push => run(code, floats, virtual_frames::push as *const () as u64),
        Stub::Pop => run(code, floats, virtual_frames::pop as *const () as u64),
        Stub::Clear => clear(code),
        Stub::Read => read(code, false),
        Stub::ReadAt => read(code, true),
        Stub::SameText => same_text(code),
        Stub::Count => count(code),
        Stub::Write => write_numbers(code),
    }
}

fn local(object: Gpr) -> Mem {
    Mem::at(object, Header::LOCAL)
}

/// Goes to `other` unless the object belongs to this thread.
fn unless_own(code: &mut Assembler, object: Gpr, spare: Gpr, other: Label) {
    code.load(Width::B2, spare, Mem::at(object, Header::OWNER));
    code.alu(Alu::Cmp, Width::B4, spare, OWN);
    code.jump_if(Cond::NotEqual, other);
}

/// Drops a word in a few instructions and goes on with `dropped`, or behind this, with nothing done.
fn drop_or_go_on(code: &mut Assembler, dropped: impl FnOnce(&mut Assembler)) {
    let (word, spare, nothing, special) = (SECOND_SCRATCH, SCRATCH, code.label(), code.label());
    // As `Lowering::is_counted`: a pointer without a mark.
    code.copy(spare, word);
    code.shift(Shift::RotateRight, Width::B8, spare, 1);
    code.shift(Shift::Right, Width::B8, spare, 47);
    code.jump_if(Cond::NotEqual, nothing);
    code.test(Width::B8, word);
    code.jump_if(Cond::Equal, nothing);
    // Neither the last one nor immortal: with a sign, the latter is -1.
    code.load(Width::B4, spare, local(word));
    code.alu_constant(Alu::Sub, Width::B4, spare, 1);
    code.jump_if(Cond::LessOrEqual, special);
    unless_own(code, word, spare, special);
    code.alu_constant(Alu::Sub, Width::B4, local(word), 1);
    code.bind(nothing);
    dropped(code);
    code.bind(special);
    // What functions return may be immortal without a mark: `True`, for example.
    code.alu_constant(Alu::Cmp, Width::B4, local(word), -1);
    code.jump_if(Cond::Equal, nothing);
}

/// Gives the function 0.
fn give_none(code: &mut Assembler) {
    code.clear(SECOND_SCRATCH);
    code.ret();
}

fn drop_word(code: &mut Assembler) {
    drop_or_go_on(code, give_none);
    code.ret();
}

fn drop_slowly(code: &mut Assembler, floats: u8) {
    code.constant(SCRATCH, 0);
    call_with_thread(code, floats, runtime::drop_slowly as *const () as u64);
}

fn drop_anyhow(code: &mut Assembler, floats: u8) {
    drop_or_go_on(code, give_none);
    drop_slowly(code, floats);
    code.ret();
}

fn empty(code: &mut Assembler, floats: u8) {
    let (at, end, word) = (RAX, RCX, SECOND_SCRATCH);
    let (turn, next) = (code.label(), code.label());
    code.push(at);
    code.push(end);
    code.copy(at, SECOND_SCRATCH);
    code.copy(end, SCRATCH);
    code.bind(turn);
    code.load(Width::B8, word, Mem::at(at, 0));
    // Empty before it is dropped: that may run anything.
    code.store_constant(Width::B8, Mem::at(at, 0), 0);
    drop_or_go_on(code, |code| {
        code.bind(next);
        code.alu_constant(Alu::Add, Width::B8, at, 8);
        code.alu(Alu::Cmp, Width::B8, at, end);
        code.jump_if(Cond::NotEqual, turn);
        code.pop(end);
        code.pop(at);
        give_none(code);
    });
    drop_slowly(code, floats);
    code.jump(next);
}

/// Gives what a function gives for the two arguments and the thread.
fn run(code: &mut Assembler, floats: u8, function: u64) {
    call_with_thread(code, floats, function);
    code.ret();
}

fn clear(code: &mut Assembler) {
    let (at, end, word) = (SECOND_SCRATCH, SCRATCH, RCX);
    let (turn, next, owned) = (code.label(), code.label(), code.label());
    code.push(word);
    code.bind(turn);
    code.load(Width::B8, word, Mem::at(at, 0));
    code.test(Width::B8, word);
    code.jump_if(Cond::Equal, next);
    // As `Lowering::is_counted`.
    code.shift(Shift::RotateRight, Width::B8, word, 1);
    code.shift(Shift::Right, Width::B8, word, 47);
    code.jump_if(Cond::Equal, owned);
    code.store_constant(Width::B8, Mem::at(at, 0), 0);
    code.bind(next);
    code.alu_constant(Alu::Add, Width::B8, at, 8);
    code.alu(Alu::Cmp, Width::B8, at, end);
    code.jump_if(Cond::NotEqual, turn);
    // It is done: an address is not 0.
    code.pop(word);
    code.ret();
    code.bind(owned);
    code.pop(word);
    give_none(code);
}

/// Saves the first registers of floats in so many bytes of the stack.
fn push_floats(code: &mut Assembler, floats: u8, bytes: i32) {
    if bytes > 0 {
        code.alu_constant(Alu::Sub, Width::B8, RSP, bytes);
    }
    for float in 0..floats {
        code.store_float(Mem::at(RSP, i32::from(float) * 8), Xmm(float));
    }
}

fn pop_floats(code: &mut Assembler, floats: u8, bytes: i32) {
    for float in 0..floats {
        code.load_float(Xmm(float), Mem::at(RSP, i32::from(float) * 8));
    }
    if bytes > 0 {
        code.alu_constant(Alu::Add, Width::B8, RSP, bytes);
    }
}

/// Calls a function with what is in the second and the first scratch register and the thread; its answer is in the second one. Other registers stay.
fn call_with_thread(code: &mut Assembler, floats: u8, function: u64) {
    for register in OVERWRITTEN {
        code.push(register);
    }
    // As the return address and the registers take, a multiple of 16.
    let bytes = i32::from(floats.next_multiple_of(2)) * 8;
    push_floats(code, floats, bytes);
    code.copy(RDI, SECOND_SCRATCH);
    code.copy(RSI, SCRATCH);
    code.load(Width::B8, RDX, THREAD);
    code.constant(SCRATCH, function);
    code.call(SCRATCH);
    code.copy(SECOND_SCRATCH, RAX);
    pop_floats(code, floats, bytes);
    for register in OVERWRITTEN.into_iter().rev() {
        code.pop(register);
    }
}

fn count(code: &mut Assembler) {
    let (object, spare) = (SECOND_SCRATCH, SCRATCH);
    let (yes, no) = (code.label(), code.label());
    code.alu_constant(Alu::Cmp, Width::B4, local(object), -1);
    code.jump_if(Cond::Equal, yes);
    unless_own(code, object, spare, no);
    code.alu_constant(Alu::Add, Width::B4, local(object), 1);
    // It is done: the object's address is not 0.
    code.bind(yes);
    code.ret();
    code.bind(no);
    code.clear(object);
    code.ret();
}

/// The list of [`late`] is in the second scratch register.
fn write_numbers(code: &mut Assembler) {
    const FLOATS: u8 = late::FLOATS as u8;
    const BYTES: i32 = FLOATS as i32 * 8;
    for register in (0..late::INTS as u8).rev() {
        code.push(Gpr(register));
    }
    push_floats(code, FLOATS, BYTES);
    code.copy(RDI, RSP);
    code.copy(RSI, SECOND_SCRATCH);
    code.constant(SCRATCH, late::write_numbers as *const () as u64);
    code.call(SCRATCH);
    pop_floats(code, FLOATS, BYTES);
    for register in (0..late::INTS as u8).map(Gpr) {
        // Its own it has without that.
        code.pop(if register == RSP { SCRATCH } else { register });
    }
    code.ret();
}

fn read(code: &mut Assembler, loads: bool) {
    let (word, place, spare) = (SECOND_SCRATCH, SCRATCH, RCX);
    let (flagged, lasting, none, done) = (code.label(), code.label(), code.label(), code.label());
    let flags = Mem::at(word, Header::FLAGS);
    code.push(spare);
    if loads {
        code.copy(place, word);
        code.load(Width::B8, word, Mem::at(place, 0));
        // As `Lowering::is_number`.
        code.copy(spare, word);
        code.shift(Shift::Right, Width::B8, spare, 48);
        code.jump_if(Cond::NotEqual, done);
    }
    // Slots own what they hold: there is no mark.
    code.test(Width::B8, word);
    code.jump_if(Cond::Equal, done);
    code.test_byte(flags, Header::DEFERRED | Header::DYING);
    code.jump_if(Cond::NotEqual, flagged);
    code.alu_constant(Alu::Cmp, Width::B4, local(word), -1);
    code.jump_if(Cond::Equal, lasting);
    unless_own(code, word, spare, none);
    // Whether the slot has the word still.
    code.alu(Alu::Cmp, Width::B8, word, Mem::at(place, 0));
    code.jump_if(Cond::NotEqual, none);
    code.alu_constant(Alu::Add, Width::B4, local(word), 1);
    code.bind(done);
    code.pop(spare);
    code.ret();
    // Only what is deferred and not dying, or immortal, needs no count.
    code.bind(flagged);
    code.alu_constant(Alu::Cmp, Width::B4, local(word), -1);
    code.jump_if(Cond::Equal, lasting);
    code.test_byte(flags, Header::DYING);
    code.jump_if(Cond::NotEqual, none);
    code.bind(lasting);
    code.alu(Alu::Cmp, Width::B8, word, Mem::at(place, 0));
    code.jump_if(Cond::NotEqual, none);
    code.alu_constant(Alu::Or, Width::B8, word, 1);
    code.jump(done);
    code.bind(none);
    code.clear(word);
    code.jump(done);
}

/// As `PyStr::equals`, of texts that are the same, or of other lengths, or begin with other bytes, or are of one byte.
fn same_text(code: &mut Assembler) {
    let (left, right, spare) = (SECOND_SCRATCH, SCRATCH, RCX);
    let (yes, no, open) = (code.label(), code.label(), code.label());
    code.push(spare);
    for text in [left, right] {
        // As `Lowering::is_pointer`.
        code.lea(spare, Mem::at(text, -1));
        code.shift(Shift::Right, Width::B8, spare, 47);
        code.jump_if(Cond::NotEqual, open);
        code.alu_constant(Alu::And, Width::B8, text, !1);
        code.alu_constant(Alu::Cmp, Width::B4, Mem::at(text, Header::SHAPE), runtime::shapes::STR as i32);
        code.jump_if(Cond::NotEqual, open);
    }
    code.alu(Alu::Cmp, Width::B8, left, right);
    code.jump_if(Cond::Equal, yes);
    code.load(Width::B8, spare, Mem::at(left, PyStr::META));
    code.alu(Alu::Xor, Width::B8, spare, Mem::at(right, PyStr::META));
    code.alu_constant(Alu::And, Width::B8, spare, !(PyStr::EXTERNAL as i32));
    code.jump_if(Cond::NotEqual, no);
    code.load(Width::B8, spare, Mem::at(left, PyStr::META));
    code.shift(Shift::Right, Width::B8, spare, PyStr::LENGTH_SHIFT as u8);
    code.jump_if(Cond::Equal, yes);
    code.load(Width::B8, left, Mem::at(left, PyStr::DATA));
    code.load(Width::B8, right, Mem::at(right, PyStr::DATA));
    code.load(Width::B1, left, Mem::at(left, 0));
    code.load(Width::B1, right, Mem::at(right, 0));
    code.alu(Alu::Cmp, Width::B4, left, right);
    code.jump_if(Cond::NotEqual, no);
    // The width of a text of more than one byte a unit is not told by the length.
    code.bind(open);
    for (label, answer) in [(None, 2), (Some(no), 0), (Some(yes), 1)] {
        if let Some(label) = label {
            code.bind(label);
        }
        code.constant(left, answer);
        code.pop(spare);
        code.ret();
    }
}
