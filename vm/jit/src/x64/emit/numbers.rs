//! Arithmetic.

use cranelift_codegen::ir::types::{F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{Inst, Opcode, Value};

use super::super::allocate::{FLOAT_SCRATCH, Place, SCRATCH, SECOND_FLOAT_SCRATCH, SECOND_SCRATCH};
use super::super::assembler::{Alu, Cond, Gpr, Mem, RAX, RCX, RDX, Rm, Shift, Sse, Width};
use super::super::facts::width;
use super::Emit;

impl Emit<'_> {
    pub(super) fn alu(&mut self, inst: Inst, op: Alu, [mut left, mut right]: [Value; 2]) -> Option<()> {
        let result = self.result(inst);
        let width = match width(self.kind(result))? {
            // What is above the bits of such stays zero.
            Width::B1 | Width::B2 if matches!(op, Alu::And | Alu::Or | Alu::Xor) => Width::B4,
            width @ (Width::B4 | Width::B8) => width,
            _ => return None,
        };
        let to = self.target(result);
        let commutes = op != Alu::Sub;
        if commutes && (self.constant(left).is_some() || self.place(right) == Place::Gpr(to)) {
            std::mem::swap(&mut left, &mut right);
        }
        let immediate = self.immediate(right, width);
        if op == Alu::Add && width == Width::B8 {
            if let (Place::Gpr(from), Some(offset)) = (self.place(left), immediate)
                && from != to
            {
                self.code.lea(to, Mem::at(from, offset));
                self.put(result, to);
                return Some(());
            }
        }
        if let Some(constant) = immediate {
            self.bring(left, Place::Gpr(to));
            self.code.alu_constant(op, width, to, constant);
        } else {
            // Read before the result is begun, if that is where it is.
            let right = if self.place(right) == Place::Gpr(to) && self.place(left) != Place::Gpr(to) {
                self.code.copy(SECOND_SCRATCH, to);
                Rm::from(SECOND_SCRATCH)
            } else {
                self.int_operand(right, SECOND_SCRATCH)
            };
            self.bring(left, Place::Gpr(to));
            self.code.alu(op, width, to, right);
        }
        self.put(result, to);
        Some(())
    }

    pub(super) fn sse(&mut self, inst: Inst, op: Sse, [mut left, mut right]: [Value; 2]) {
        let result = self.result(inst);
        let to = self.float_target(result);
        if matches!(op, Sse::Add | Sse::Mul) && self.place(right) == Place::Xmm(to) {
            std::mem::swap(&mut left, &mut right);
        }
        let right = if self.place(right) == Place::Xmm(to) && self.place(left) != Place::Xmm(to) {
            self.code.copy_float(SECOND_FLOAT_SCRATCH, to);
            Rm::from(SECOND_FLOAT_SCRATCH)
        } else {
            self.float_operand(right, SECOND_FLOAT_SCRATCH)
        };
        self.bring(left, Place::Xmm(to));
        self.code.sse(op, to, right);
        self.put_float(result, to);
    }

    pub(super) fn other_binary(&mut self, inst: Inst, opcode: Opcode, args: [Value; 2]) -> Option<()> {
        let result = self.result(inst);
        match opcode {
            Opcode::Ishl => self.shift(result, Shift::Left, args),
            Opcode::Ushr => self.shift(result, Shift::Right, args),
            Opcode::Sshr => self.shift(result, Shift::SignedRight, args),
            Opcode::Rotr => self.shift(result, Shift::RotateRight, args),
            Opcode::Umin | Opcode::Umax if self.kind(result) == I64 => {
                let cond = if opcode == Opcode::Umin { Cond::Above } else { Cond::Below };
                self.bring(args[0], Place::Gpr(SCRATCH));
                let other = self.int_operand(args[1], SECOND_SCRATCH);
                self.code.alu(Alu::Cmp, Width::B8, SCRATCH, other);
                self.code.move_if(cond, SCRATCH, other);
                self.put(result, SCRATCH);
                Some(())
            }
            Opcode::Imul if matches!(self.kind(result), I64 | I32) => {
                self.multiply(width(self.kind(result))?, args);
                self.put(result, SCRATCH);
                Some(())
            }
            Opcode::SmulOverflow if self.kind(result) == I64 => {
                self.multiply(Width::B8, args);
                self.code.set(Cond::Overflow, SECOND_SCRATCH);
                self.code.extend_byte(SECOND_SCRATCH, SECOND_SCRATCH);
                self.put(result, SCRATCH);
                let overflow = self.facts.function.dfg.inst_results(inst)[1];
                self.put(overflow, SECOND_SCRATCH);
                Some(())
            }
            Opcode::Sdiv if self.kind(result) == I64 => {
                self.divide(result, args);
                Some(())
            }
            _ => None,
        }
    }

    /// Leaves the product in the scratch register.
    fn multiply(&mut self, width: Width, [left, right]: [Value; 2]) {
        self.bring(left, Place::Gpr(SCRATCH));
        let right = self.int_operand(right, SECOND_SCRATCH);
        self.code.multiply(width, SCRATCH, right);
    }

    fn shift(&mut self, result: Value, op: Shift, [value, by]: [Value; 2]) -> Option<()> {
        let width = match width(self.kind(result))? {
            width @ (Width::B4 | Width::B8) => width,
            _ => return None,
        };
        if let Some(by) = self.constant(by) {
            let to = self.target(result);
            self.bring(value, Place::Gpr(to));
            self.code.shift(op, width, to, by as u8 & if width == Width::B8 { 63 } else { 31 });
            self.put(result, to);
            return Some(());
        }
        self.bring(value, Place::Gpr(SCRATCH));
        self.with(&[RCX], result, |this| {
            this.bring(by, Place::Gpr(RCX));
            this.code.shift_by_rcx(op, width, SCRATCH);
        });
        Some(())
    }

    fn divide(&mut self, result: Value, [left, right]: [Value; 2]) {
        self.bring(right, Place::Gpr(SCRATCH));
        self.with(&[RAX, RDX], result, |this| {
            this.bring(left, Place::Gpr(RAX));
            this.code.divide(SCRATCH);
            this.code.copy(SCRATCH, RAX);
        });
    }

    /// Uses registers that may be others', and then puts what is in the scratch register where the result is to be. Meanwhile others' values are where they were until a register of these is written.
    fn with(&mut self, registers: &[Gpr], result: Value, make: impl FnOnce(&mut Self)) {
        let kept = [FLOAT_SCRATCH, SECOND_FLOAT_SCRATCH];
        for (register, kept) in registers.iter().zip(kept) {
            self.code.bits_to_float(kept, *register);
        }
        make(self);
        for (register, kept) in registers.iter().zip(kept) {
            self.code.bits_of_float(*register, kept);
        }
        self.put(result, SCRATCH);
    }

    pub(super) fn unary(&mut self, inst: Inst, opcode: Opcode, arg: Value) -> Option<()> {
        let result = self.result(inst);
        match (opcode, self.kind(result), self.kind(arg)) {
            (Opcode::Ineg, kind @ (I64 | I32), _) => {
                let to = self.target(result);
                self.bring(arg, Place::Gpr(to));
                self.code.negate(width(kind)?, to);
                self.put(result, to);
            }
            (Opcode::Fneg, F64, _) => {
                self.code.constant(SCRATCH, 1 << 63);
                self.code.bits_to_float(SECOND_FLOAT_SCRATCH, SCRATCH);
                let to = self.float_target(result);
                self.bring(arg, Place::Xmm(to));
                self.code.xor_floats(to, SECOND_FLOAT_SCRATCH);
                self.put_float(result, to);
            }
            (Opcode::FcvtFromSint, F64, I64) => {
                let from = self.int_operand(arg, SCRATCH);
                let to = self.float_target(result);
                // Else it would wait for what was there before.
                self.code.xor_floats(to, to);
                self.code.int_to_float(to, from);
                self.put_float(result, to);
            }
            (Opcode::Ireduce, I32, I64) => {
                let from = self.int_operand(arg, SCRATCH);
                let to = self.target(result);
                self.code.mov(Width::B4, to, from);
                self.put(result, to);
            }
            (Opcode::Ireduce, kind @ (I8 | I16), _) => {
                let to = self.target(result);
                self.bring(arg, Place::Gpr(to));
                self.code.alu_constant(Alu::And, Width::B4, to, (1 << kind.bits()) - 1);
                self.put(result, to);
            }
            (Opcode::Uextend, _, _) => {
                // Zeros are above.
                let to = self.place(result);
                self.bring(arg, to);
            }
            (Opcode::Sextend, I64, I32) => {
                let from = self.int_operand(arg, SCRATCH);
                let to = self.target(result);
                self.code.extend_signed(to, from);
                self.put(result, to);
            }
            _ => return None,
        }
        Some(())
    }
}
