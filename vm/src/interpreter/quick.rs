//! The quick tier: one small function for each frequent instruction, which ends by jumping to the next one's.
//!
//! A handler does what its instruction mostly comes to and *leaves* for the loop in [`super::dispatch`] with everything else, before it
//! has changed anything: the loop then executes the instruction from the start and comes back here. So what an instruction means
//! is written in the loop alone; a handler is an abbreviation of it.
//!
//! The state of execution (instruction, registers, frame, thread) is passed from handler to handler in machine registers. In optimized builds
//! the last call of a handler is compiled to a jump, because all handlers have one signature, their arguments fit in registers and none of them lends out
//! the address of a local of its own in front of that call; a handler must be written so. What its helpers return is a state to go on in, never an `Option<Exit>`: the compiler would look
//! at what the next handler returned. Unoptimized builds would need stack for each
//! instruction: there (`CHAINED`) a handler returns to [`run`] instead.
//!
//! A function that calls anything, on whatever path, begins by saving six registers on the machine stack and ends by restoring them. So the frequent handlers
//! call nothing: they do what takes a few instructions (the `at_once` functions) and *jump*, before they have changed anything, to a handler that is apart and does it all.
//!
//! Invariant: whatever may look at frames, run Python code or raise happens with the `pc` saved, as in the loop.

pub(crate) mod actions;
mod attributes;
mod branches;
mod calls;
mod consume;
mod generators;
pub(crate) mod iteration;
pub(crate) mod known;
mod known_calls;
pub(crate) mod lookups;
mod moves;
mod names;
mod numbers;
mod operators;
mod tier;
pub(crate) mod values;

pub(crate) use calls::{Push, push as push_call, push_plain};
pub(crate) use operators::{push as push_operator, read_number, write_number};
use taipan_bytecode::Op;
use taipan_objects::code::{PyCode, Word, machine};
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use crate::frame::Frame;
use crate::registers::Regs;
use crate::thread::VmThread;

/// Address of an instruction word.
type Ip = *const Word;

/// Why a handler returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// The instruction at the innermost frame's `pc` is for the loop.
    Leave,
    /// An exception is on its way from there.
    Raised,
    /// The loop is to return `thread.result` to its native caller: what a generator yielded or returned.
    Done,
    /// Not chained: the next instruction is there.
    Continue,
}

/// Whether handlers call each other; see the module.
const CHAINED: bool = !cfg!(debug_assertions);

/// What executes the instruction at the first argument.
type Handler = fn(Ip, Regs, *mut Frame, &'static VmThread) -> Exit;

/// A handler for each opcode. Each thread has the table in its own state, whose address the handlers have in a machine register anyway.
pub type Table = [Handler; 256];

/// See [`Table`].
pub const HANDLERS: Table = {
    let mut table: Table = [leave; 256];
    macro_rules! fill {
        ($($family:ident: $($op:ident $handler:ident),*;)*) => { $($(table[Op::$op as usize] = $family::$handler;)*)* };
    }
    fill! {
        moves: Nop nop, Resume nop, LoadConst load_const, LoadInt load_int, Copy copy, Move move_, Lend lend, Drop drop_, CheckLocal check_local,
            BuildTuple build_tuple, BuildList build_list, ListAppend list_append;
        names: LoadGlobal load_global, LoadDeref load_deref, StoreDeref store_deref;
        numbers: Add add, Sub sub, Mul mul, TrueDiv true_div, FloorDiv floor_div, Mod modulo, LShift lshift, RShift rshift, And and, Or or, Xor xor,
            InplaceAdd add, InplaceSub sub, InplaceMul mul, InplaceTrueDiv true_div, InplaceFloorDiv floor_div, InplaceMod modulo,
            InplaceLShift lshift, InplaceRShift rshift, InplaceAnd and, InplaceOr or, InplaceXor xor,
            AddImm add_imm, SubImm sub_imm, MulImm mul_imm, FloorDivImm floor_div_imm, ModImm modulo_imm, LShiftImm lshift_imm, RShiftImm rshift_imm,
            AndImm and_imm, InplaceAddImm add_imm, InplaceSubImm sub_imm, Neg neg, Lt lt, Le le, Eq eq, Ne ne, Gt gt, Ge ge, PowImm pow_imm, Is is, IsNot is_not, Not not;
        branches: Jump jump, JumpBackward jump_backward, JumpIfFalse jump_if_false, JumpIfTrue jump_if_true, PopJumpIfFalse pop_jump_if_false,
            PopJumpIfTrue pop_jump_if_true, JumpIfNone jump_if_none, JumpIfNotNone jump_if_not_none, PopJumpIfNone pop_jump_if_none,
            PopJumpIfNotNone pop_jump_if_not_none, BranchLt branch_lt, BranchLe branch_le, BranchEq branch_eq, BranchNe branch_ne,
            BranchGt branch_gt, BranchGe branch_ge, BranchIs branch_is, BranchLtImm branch_lt_imm, BranchLeImm branch_le_imm,
            BranchEqImm branch_eq_imm, BranchNeImm branch_ne_imm, BranchGtImm branch_gt_imm, BranchGeImm branch_ge_imm;
        lookups: In contains, NotIn contains_not, BranchIn branch_in, SetAdd set_add, MapAdd map_add;
        iteration: ForIter for_iter, Subscr subscr, SubscrImm subscr_imm, StoreSubscr store_subscr, UnpackSequence unpack_sequence;
        values: GetIter get_iter, BuildMap build_map, BuildSet build_set, BuildSlice build_slice, BuildString build_string, BuildTupleSpread build_tuple_spread, BinarySlice binary_slice,
            FormatSimple format_simple, FormatWithSpec format_with_spec, MakeFunction make_function, NewCell new_cell,
            MakeCell make_cell, Pow binary_any, InplacePow binary_any, MatMul binary_any, InplaceMatMul binary_any,
            StoreSlice store_slice, GetAIter get_aiter, AsyncGenWrap async_gen_wrap;
        generators: YieldValue yield_value, YieldFrom yield_from, GetAwaitable get_awaitable, GetYieldFromIter get_yield_from_iter,
            GetANext get_anext;
        actions: ListExtend list_extend, DeleteSubscr delete_subscr, SetUpdate set_update, DictUpdate dict_update, DictMerge dict_merge, ListToTuple list_to_tuple,
            ConvertValue convert_value, Invert invert, GetLen get_len, ToBool to_bool, CopyFreeVars copy_free_vars, CallEx call_ex,
            SetFunctionAttribute set_function_attribute, StoreGlobal store_global, LoadName load_name, StoreName store_name, UnpackEx unpack_ex,
            PushExcInfo push_exc_info, PopExcept pop_except, CheckExcMatch check_exc_match, Raise raise,
            ImportName import_name, ImportFrom import_from;
        consume: IsBuiltin is_builtin, Fold fold;
        attributes: LoadAttr load_attr, StoreAttr store_attr, LoadMethod load_method, LoadSuperAttr load_super_attr, LoadSpecial load_special;
        calls: Call call, CallMethod call_method, CallKw call_kw, CallMethodKw call_method_kw, ReturnValue return_value, ReturnConst return_const;
    }
    table[machine::ENTER as usize] = tier::enter;
    table[machine::COUNT_TURNS as usize] = tier::count_turns;
    table[machine::COUNT_CALLS as usize] = tier::count_calls;
    table[machine::RECORD as usize] = tier::record;
    table
};

/// Executes instructions of the innermost frame, and of those that it calls and that return to it, until there is one for the loop.
#[inline(always)]
pub fn run(thread: &'static VmThread, fp: *mut Frame, regs: Regs, ip: Ip) -> Exit {
    go_on(thread, State { ip, regs, fp, thread }.go())
}

/// [`run`] of a frame that native code pushed, at its start: in machine code, if there is some.
#[inline(always)]
pub fn run_start(thread: &'static VmThread, fp: *mut Frame, regs: Regs, ip: Ip) -> Exit {
    go_on(thread, tier::enter_start(ip, regs, fp, thread))
}

/// Goes on where handlers do not call each other.
#[inline(always)]
fn go_on(thread: &'static VmThread, mut exit: Exit) -> Exit {
    while exit == Exit::Continue {
        let fp = thread.innermost();
        let state = State::at(fp, thread);
        exit = state.handler()(state.ip, state.regs, state.fp, state.thread);
    }
    exit
}

/// An instruction for the loop.
#[cold]
#[inline(never)]
fn leave(ip: Ip, _regs: Regs, fp: *mut Frame, _thread: &'static VmThread) -> Exit {
    save(ip, fp);
    // Hidden from the compiler: knowing the result it would turn jumps here into calls.
    std::hint::black_box(Exit::Leave)
}

#[inline(always)]
fn save(ip: Ip, fp: *mut Frame) {
    // SAFETY: `fp` is the innermost frame of the calling thread, and `ip` in its code.
    unsafe { (*fp).ip = ip };
}

/// The word left in `thread.result`.
#[inline(always)]
fn result(thread: &VmThread) -> Value {
    thread.result.replace(Value::EMPTY)
}

/// Drops what a register held before the instruction that ended here, and goes on.
#[inline(never)]
fn drop_and_go(ip: Ip, regs: Regs, fp: *mut Frame, thread: &'static VmThread, old: Value) -> Exit {
    // SAFETY: moved out of its register.
    if unsafe { Obj::drop_at_once(old) } {
        return State { ip, regs, fp, thread }.go();
    }
    drop_last_and_go(ip, regs, fp, thread, old)
}

/// [`drop_and_go`] of what may be the last reference.
#[inline(never)]
fn drop_last_and_go(ip: Ip, regs: Regs, fp: *mut Frame, thread: &'static VmThread, old: Value) -> Exit {
    // Whoever looks meanwhile sees the instruction that ended.
    save(ip.wrapping_sub(1), fp);
    // SAFETY: moved out of its register, and declined by `drop_at_once`: it is counted.
    unsafe { Obj::drop_last(old) };
    State { ip, regs, fp, thread }.go()
}

/// What handlers pass on: `ip` is of the instruction being executed.
#[derive(Clone, Copy)]
struct State {
    ip: Ip,
    regs: Regs,
    fp: *mut Frame,
    thread: &'static VmThread,
}

impl State {
    /// At instruction `pc` of `code`, which `fp` executes.
    #[inline(always)]
    fn of(code: &PyCode, pc: usize, fp: *mut Frame, regs: Regs, thread: &'static VmThread) -> State {
        State { ip: code.at(pc), regs, fp, thread }
    }
    /// What executes the instruction at `ip`.
    #[inline(always)]
    fn handler(self) -> Handler {
        self.thread.handlers[self.word(0).handler()]
    }
    /// What executes the instruction at `ip` in the interpreter.
    #[inline(always)]
    fn own_handler(self) -> Handler {
        self.thread.handlers[self.word(0).opcode() as u8 as usize]
    }
    /// The word `n` behind the instruction's.
    #[inline(always)]
    fn word<'a>(self, n: usize) -> &'a Word {
        // SAFETY: the compiler ends every block with a return or jump, and all targets are in range (`verify`). The code outlives the handler.
        unsafe { &*self.ip.add(n) }
    }
    /// Executes the instruction at `ip`.
    #[inline(always)]
    fn go(self) -> Exit {
        if CHAINED {
            self.handler()(self.ip, self.regs, self.fp, self.thread)
        } else {
            save(self.ip, self.fp);
            Exit::Continue
        }
    }
    /// Goes on `n` words behind.
    #[inline(always)]
    fn next(self, n: usize) -> Exit {
        State { ip: self.ip.wrapping_add(n), ..self }.go()
    }
    /// Goes on at instruction `target`.
    #[inline(always)]
    fn jump_to(self, target: u32) -> Exit {
        State { ip: self.code().at(target as usize), ..self }.go()
    }
    /// Where the target of the instruction is whose jump is in word `n`.
    #[inline(always)]
    fn at_target(self, n: usize) -> State {
        // SAFETY: as for `word`.
        let distance = unsafe { &(*self.ip.add(n)).cache }.load(Ordering::Relaxed);
        State { ip: self.ip.wrapping_byte_offset(distance as isize), ..self }
    }
    /// Goes on at the target of the instruction.
    #[inline(always)]
    fn jump(self) -> Exit {
        self.at_target(0).go()
    }
    /// The constant of the instruction, which it has in its cache.
    #[inline(always)]
    fn constant(self) -> Value {
        Value::from_bits(self.cache().load(Ordering::Relaxed))
    }
    /// Leaves the instruction to the loop.
    #[inline(always)]
    fn leave(self) -> Exit {
        leave(self.ip, self.regs, self.fp, self.thread)
    }
    /// Writes a word that owns its reference (or needs none) and goes on `n` words behind.
    #[inline(always)]
    fn write(self, register: u16, value: Value, n: usize) -> Exit {
        // SAFETY: in the window (see `Regs`).
        let old = unsafe { std::ptr::replace(self.regs.at(register as usize), value) };
        if old.is_counted() {
            return drop_and_go(self.ip.wrapping_add(n), self.regs, self.fp, self.thread, old);
        }
        self.next(n)
    }
    #[inline(always)]
    fn write_obj(self, register: u16, value: Obj, n: usize) -> Exit {
        self.write(register, value.into_value(), n)
    }
    /// Empties a register and goes on at the target of the instruction.
    #[inline(always)]
    fn clear_and_jump(self, register: u16) -> Exit {
        self.at_target(0).write(register, Value::EMPTY, 0)
    }
    #[inline(always)]
    fn value(self, register: u16) -> Value {
        self.regs.value(register as usize)
    }
    #[inline(always)]
    fn code<'a>(self) -> &'a PyCode {
        // SAFETY: the frame is live.
        unsafe { (*self.fp).code() }
    }
    /// The cache word of the instruction.
    #[inline(always)]
    fn cache<'a>(self) -> &'a AtomicU64 {
        // SAFETY: `ip` is in the frame's code.
        unsafe { &(*self.ip).cache }
    }
    /// Saves the instruction's address.
    #[inline(always)]
    fn save(self) {
        save(self.ip, self.fp);
    }
    /// Saves and gives the instruction's index.
    #[inline(always)]
    fn saved_pc(self) -> usize {
        save(self.ip, self.fp);
        self.code().index_of(self.ip)
    }
    /// Where the innermost frame stands.
    #[inline(always)]
    fn innermost(thread: &'static VmThread) -> State {
        State::at(thread.innermost(), thread)
    }
    /// Where `fp`, the innermost frame, stands.
    #[inline(always)]
    fn at(fp: *mut Frame, thread: &'static VmThread) -> State {
        // SAFETY: the innermost frame is live.
        let frame = unsafe { &*fp };
        State { ip: frame.ip, regs: frame.regs, fp, thread }
    }
    /// Goes on where the innermost frame stands.
    #[inline(always)]
    fn reload(thread: &'static VmThread) -> Exit {
        State::innermost(thread).go()
    }
}

/// Defines handlers: `name(state, instruction) { … }`.
macro_rules! handlers {
    ($($(#[$meta:meta])* $name:ident($s:ident, $i:ident) $body:block)*) => {
        $(
            $(#[$meta])*
            pub(super) fn $name(
                ip: super::Ip,
                regs: crate::registers::Regs,
                fp: *mut crate::frame::Frame,
                thread: &'static crate::thread::VmThread,
            ) -> super::Exit {
                let $s = super::State { ip, regs, fp, thread };
                let $i = $s.word(0);
                $body
            }
        )*
    };
}
use handlers;
