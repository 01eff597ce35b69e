//! Taipan's bytecode: the instruction table and the plain data that the compiler hands to the
//! interpreter. Nothing here depends on any object model.
//!
//! # The machine
//!
//! A frame is a window of registers `r[0..nregs]` in the thread's value stack:
//!
//! | registers | hold |
//! | --- | --- |
//! | `0..nparams` | parameters: positional-only, positional-or-keyword, keyword-only, `*args`, `**kwargs` |
//! | `nparams..nlocals` | the other locals, in order of first appearance (`varnames` names `0..nlocals`) |
//! | `nlocals..first_temp` | cell registers, then free-variable registers: each holds a *cell object* |
//! | `first_temp..nregs` | temporaries, used as a stack |
//!
//! An *empty* register holds no value (unbound local). At frame entry the parameters are filled and
//! **every other register must read as empty**. `nregs` includes the room for outgoing arguments.
//!
//! # Ownership of registers
//!
//! * *Writing* a register drops what it held before (after the new value has been computed, so that
//!   the destination may also be an operand). "Dropping" an empty register does nothing.
//! * *Reading* an operand leaves it alone.
//! * *Consuming* an operand moves its value out and leaves the register empty (kind `X` in the table).
//! * A `T` operand is read normally, or consumed if bit 15 ([`TAKE`]) of the operand is set; the
//!   register is the low 15 bits. Registers never exceed `0x7fff`.
//! * Temporaries that hold possibly heap-allocated results (calls, attributes, subscripts, containers)
//!   are dropped by [`Op::Drop`] directly behind the instruction that used them last, unless that
//!   instruction consumes or overwrites them. Results of arithmetic, comparisons and constants are left
//!   stale in their temporary until it is overwritten.
//!   So **a temporary above the live ones may hold a stale value**, also at a call: registers from
//!   `base + 2 + nargs` up may be stale, and become the callee's; whoever prepares the callee's
//!   window drops and empties what is not an argument. A specialised arithmetic instruction whose
//!   operands turned out to be immediates may skip the `DROP`s behind it.
//! * When a frame is left, all its registers are dropped.
//! * [`Op::Lend`] copies a local into an outgoing argument (or callee) register; the compiler guarantees
//!   that the local is not rebound before the call instruction consumes the copy, so the
//!   copy need not own its value. (Writes through `frame.f_locals` and the like must keep the
//!   former value alive as long as the frame is in a call.)
//!
//! The compiler proves locals bound or emits [`Op::CheckLocal`] in front of the use; an instruction that meets
//! an empty operand all the same should raise, not crash.
//!
//! # Instructions
//!
//! 64 bits: `op | a << 16 | b << 32 | c << 48`, see [`Instr`]. Jump targets are absolute instruction
//! indices in `b | c << 16` ([`Instr::arg32`]). If an operand that is an index or a count does not fit
//! 16 bits, an [`Op::ExtendedArg`] in front supplies the high halves of `a`, `b`, `c` (never used on registers, on jumps
//! or in front of a pseudo word). Jumps to an instruction with a prefix go to the prefix.
//!
//! Some instructions own the word behind them (a *pseudo word*: [`Op::KwNames`], [`Op::ForTarget`],
//! [`Op::Target`]); it is never executed, and the owner continues at `pc + 2`.
//!
//! # Calls
//!
//! Consecutive registers: `base` callable, `base+1` self slot, `base+2..base+2+nargs` arguments. Nothing
//! live is above them, so the callee's window can begin at `base+2`, or at `base+1` if
//! a self is passed. All of them are empty after the call; the result is in `c` (which may be one of them).
//! With `CALL`, `CALL_KW` and `CALL_EX` the self slot is scratch: it may hold a stale value, to be dropped, and a bound
//! method's `__self__` may be put there. With `CALL_METHOD` and `CALL_METHOD_KW` it holds self, or is empty.
//!
//! # Exceptions
//!
//! Zero cost: [`CodeUnit::exception_table`], innermost entry first: the first entry with
//! `start <= pc < end` wins. Unwinding drops all registers `>= depth`, leaves the exception in
//! the thread's *raised* state and continues at `handler`, which begins with `PUSH_EXC_INFO`
//! (or `END_ASYNC_FOR`). The thread's *handled* exception is what `sys.exception()` and a bare
//! `raise` see; a new raise takes it as `__context__`. A `StopIteration` leaving
//! a generator frame becomes `RuntimeError` by the interpreter's doing (PEP 479), there is no handler for it.
//!
//! # Generators
//!
//! In code with `CO_GENERATOR`, `CO_COROUTINE` or `CO_ASYNC_GENERATOR`, instruction 0 is `RETURN_GENERATOR`. A frame suspended at
//! `YIELD_FROM` delegates: `throw()` and `close()` go to the register `a` of that instruction (see there).
//!
//! # Names in messages
//!
//! `CHECK_LOCAL` carries its name. For `LOAD_DEREF`, `DELETE_DEREF` and `LOAD_FROM_DICT_OR_DEREF` it is
//! [`CodeUnit::cell_name`] of the register.
#![forbid(unsafe_code)]

mod code_unit;
mod disassemble;
mod exception_table;
pub mod extension;
mod instr;
mod leb128;
pub mod ops;
mod positions;
pub mod serialize;
pub mod verify;

pub use code_unit::{CodeUnit, Const, Position, Variables, cell_name, flags};
pub use disassemble::{disassemble, disassemble_one};
pub use exception_table::{ExceptionEntry, find_handler};
pub use instr::{Instr, TAKE};
pub use ops::{
    BranchFlags, CommonConstant, Consumer, Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Op, OpInfo,
    OperandKind, Special, SuperFlags,
};
pub use positions::Positions;
pub use serialize::{deserialize, deserialize_static, serialize};
