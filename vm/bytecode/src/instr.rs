//! One instruction: a 64-bit word.
//!
//! | bits | field |
//! | --- | --- |
//! | 0-15 | opcode |
//! | 16-31 | `a` |
//! | 32-47 | `b` |
//! | 48-63 | `c` |
//!
//! `b | c << 16` is one 32-bit operand for jump targets and pseudo words.

use crate::ops::Op;

/// Flag bit of a `T` operand: consume the register instead of reading it.
pub const TAKE: u16 = 0x8000;

/// An instruction word.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Instr(pub u64);

impl Instr {
    /// Packs an opcode and three operands.
    #[inline]
    pub const fn new(op: Op, a: u16, b: u16, c: u16) -> Self {
        Self(op as u64 | (a as u64) << 16 | (b as u64) << 32 | (c as u64) << 48)
    }

    /// Packs an opcode, `a` and one 32-bit operand in `b` and `c`.
    #[inline]
    pub const fn with_arg32(op: Op, a: u16, arg: u32) -> Self {
        Self(op as u64 | (a as u64) << 16 | (arg as u64) << 32)
    }

    /// The opcode number.
    #[inline]
    pub const fn opcode(self) -> u16 {
        self.0 as u16
    }

    /// The opcode, if the number is one of the table.
    #[inline]
    pub fn op(self) -> Option<Op> {
        Op::from_u16(self.opcode())
    }

    /// First operand.
    #[inline]
    pub const fn a(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Second operand.
    #[inline]
    pub const fn b(self) -> u16 {
        (self.0 >> 32) as u16
    }

    /// Third operand.
    #[inline]
    pub const fn c(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// `b` as a signed immediate.
    #[inline]
    pub const fn b_imm(self) -> i16 {
        self.b() as i16
    }

    /// `c` as a signed immediate.
    #[inline]
    pub const fn c_imm(self) -> i16 {
        self.c() as i16
    }

    /// The 32-bit operand in `b` and `c`: jump target, or index of a pseudo word.
    #[inline]
    pub const fn arg32(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The same operands under another opcode (specialisation in place).
    #[inline]
    pub const fn with_op(self, op: Op) -> Self {
        Self(self.0 & !0xffff | op as u64)
    }

    /// Splits a `T` operand into its register and whether to consume it.
    #[inline]
    pub const fn split_take(operand: u16) -> (u16, bool) {
        (operand & !TAKE, operand & TAKE != 0)
    }
}

impl std::fmt::Debug for Instr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.op() {
            Some(op) => write!(f, "{} {} {} {}", op.name(), self.a(), self.b(), self.c()),
            None => write!(f, "<{:#018x}>", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_packing() {
        let i = Instr::new(Op::Add, 1, 0xffff, 0x8002);
        assert_eq!((i.op(), i.a(), i.b(), i.c()), (Some(Op::Add), 1, 0xffff, 0x8002));
        assert_eq!(Instr::split_take(i.c()), (2, true));
        let j = Instr::with_arg32(Op::Jump, 3, 0x12_3456);
        assert_eq!((j.a(), j.arg32()), (3, 0x12_3456));
        assert_eq!(Instr::new(Op::AddImm, 0, 0, -5i16 as u16).c_imm(), -5);
    }
}
