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
///
/// Its fields stand in memory one by one, so that who has a reference reads each operand by one load of its size.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C, align(8))]
pub struct Instr {
    opcode: u16,
    a: u16,
    b: u16,
    c: u16,
}

impl Instr {
    /// Packs an opcode and three operands.
    #[inline]
    pub const fn new(op: Op, a: u16, b: u16, c: u16) -> Self {
        Self { opcode: op as u16, a, b, c }
    }

    /// Packs an opcode, `a` and one 32-bit operand in `b` and `c`.
    #[inline]
    pub const fn with_arg32(op: Op, a: u16, arg: u32) -> Self {
        Self::new(op, a, arg as u16, (arg >> 16) as u16)
    }

    /// The instruction of a word of 64 bits, as the table above has it.
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self { opcode: bits as u16, a: (bits >> 16) as u16, b: (bits >> 32) as u16, c: (bits >> 48) as u16 }
    }

    /// The word of 64 bits.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.opcode as u64 | (self.a as u64) << 16 | (self.b as u64) << 32 | (self.c as u64) << 48
    }

    /// The same instruction with another 32-bit operand.
    #[inline]
    pub const fn with_target(self, arg: u32) -> Self {
        Self { b: arg as u16, c: (arg >> 16) as u16, ..self }
    }

    /// The opcode number.
    #[inline]
    pub const fn opcode(&self) -> u16 {
        self.opcode
    }

    /// The opcode, if the number is one of the table.
    #[inline]
    pub fn op(self) -> Option<Op> {
        Op::from_u16(self.opcode())
    }

    /// First operand.
    #[inline]
    pub const fn a(&self) -> u16 {
        self.a
    }

    /// Second operand.
    #[inline]
    pub const fn b(&self) -> u16 {
        self.b
    }

    /// Third operand.
    #[inline]
    pub const fn c(&self) -> u16 {
        self.c
    }

    /// `b` as a signed immediate.
    #[inline]
    pub const fn b_imm(&self) -> i16 {
        self.b() as i16
    }

    /// `c` as a signed immediate.
    #[inline]
    pub const fn c_imm(&self) -> i16 {
        self.c() as i16
    }

    /// The 32-bit operand in `b` and `c`: jump target, or index of a pseudo word.
    #[inline]
    pub const fn arg32(&self) -> u32 {
        self.b as u32 | (self.c as u32) << 16
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
            None => write!(f, "<{:#018x}>", self.bits()),
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
