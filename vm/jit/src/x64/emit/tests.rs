//! Comparisons, and what depends on them.

use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::types::F64;
use cranelift_codegen::ir::{Inst, InstructionData, Value};

use super::super::allocate::{FLOAT_SCRATCH, Place, SCRATCH, SECOND_FLOAT_SCRATCH, SECOND_SCRATCH};
use super::super::assembler::{Alu, Cond, Shift, Width};
use super::super::facts::{Kind, width};
use super::super::moves::Source;
use super::Emit;

/// What flags are to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    One(Cond),
    /// Both of floats that can be ordered: equal.
    Equal,
    /// The opposite.
    NotEqual,
}

impl Emit<'_> {
    /// Makes flags of a value that is asked whether it is zero.
    pub(super) fn test(&mut self, value: Value) -> Option<Test> {
        let value = self.facts.resolve(value);
        if let Some(compare) = self.facts.asked(value) {
            return self.compare(compare);
        }
        if self.facts.kind(value) == Kind::Given {
            self.code.test(Width::B8, SECOND_SCRATCH);
            return Some(Test::One(Cond::NotEqual));
        }
        if let Some(memory) = self.memory(value, SCRATCH) {
            let width = width(self.kind(value))?;
            self.code.alu_constant(Alu::Cmp, width, memory, 0);
            return Some(Test::One(Cond::NotEqual));
        }
        match self.source(value) {
            Source::Place(Place::Slot(number)) => {
                self.code.alu_constant(Alu::Cmp, Width::B8, super::slot(number), 0);
            }
            _ => {
                let register = self.int(value, SCRATCH);
                self.code.test(Width::B8, register);
            }
        }
        Some(Test::One(Cond::NotEqual))
    }

    fn compare(&mut self, inst: Inst) -> Option<Test> {
        match self.facts.function.dfg.insts[inst] {
            InstructionData::IntCompare { args, cond, .. } => self.compare_ints(args, cond),
            InstructionData::FloatCompare { args, cond, .. } => self.compare_floats(args, cond),
            _ => None,
        }
    }

    fn compare_ints(&mut self, [mut left, mut right]: [Value; 2], mut cond: IntCC) -> Option<Test> {
        let kind = self.kind(left);
        let mut width = width(kind)?;
        if matches!(width, Width::B1 | Width::B2) {
            if cond != cond.unsigned() {
                return None;
            }
            // Zeros are above.
            width = Width::B4;
        }
        let is_read = |value: Value| self.facts.kind(self.facts.resolve(value)) == Kind::Read;
        // What is in memory is compared with a constant, or a register with it.
        if self.constant(left).is_some() || is_read(left) && self.immediate(right, width).is_none() {
            std::mem::swap(&mut left, &mut right);
            cond = cond.swap_args();
        }
        if let Some((bits, cond)) = self.bits_above(right, cond) {
            self.bring(left, Place::Gpr(SCRATCH));
            self.code.shift(Shift::Right, Width::B8, SCRATCH, bits);
            return Some(Test::One(cond));
        }
        let test = Test::One(condition(cond));
        if let Some(memory) = self.memory(left, SCRATCH) {
            self.code.alu_constant(Alu::Cmp, width, memory, self.immediate(right, width)?);
            return Some(test);
        }
        if let Some(memory) = self.memory(right, SECOND_SCRATCH) {
            let left = self.int(left, SCRATCH);
            self.code.alu(Alu::Cmp, width, left, memory);
            return Some(test);
        }
        match self.immediate(right, width) {
            Some(0)
                if matches!(cond, IntCC::Equal | IntCC::NotEqual)
                    && !matches!(self.source(left), Source::Place(Place::Slot(_))) =>
            {
                let left = self.int(left, SCRATCH);
                self.code.test(width, left);
            }
            Some(constant) => {
                let left = self.int_operand(left, SCRATCH);
                self.code.alu_constant(Alu::Cmp, width, left, constant);
            }
            None => {
                let left = self.int(left, SCRATCH);
                let right = self.int_operand(right, SECOND_SCRATCH);
                self.code.alu(Alu::Cmp, width, left, right);
            }
        }
        Some(test)
    }

    /// Of a comparison with a power of two that is no operand: above how many bits there is to be nothing, or something. To ask that takes half as much code as to make the constant.
    fn bits_above(&self, limit: Value, cond: IntCC) -> Option<(u8, Cond)> {
        let limit = self.constant(limit)?;
        let cond = match cond {
            IntCC::UnsignedLessThan => Cond::Equal,
            IntCC::UnsignedGreaterThanOrEqual => Cond::NotEqual,
            _ => return None,
        };
        (limit.is_power_of_two() && limit > u64::from(u32::MAX)).then(|| (limit.trailing_zeros() as u8, cond))
    }

    fn compare_floats(&mut self, [mut left, mut right]: [Value; 2], cond: FloatCC) -> Option<Test> {
        let (test, swap) = match cond {
            FloatCC::Equal => (Test::Equal, false),
            FloatCC::NotEqual => (Test::NotEqual, false),
            FloatCC::Unordered => (Test::One(Cond::Parity), false),
            FloatCC::Ordered => (Test::One(Cond::NoParity), false),
            FloatCC::GreaterThan => (Test::One(Cond::Above), false),
            FloatCC::GreaterThanOrEqual => (Test::One(Cond::AboveOrEqual), false),
            // The flags of what cannot be ordered are those of less: so it is asked the other way.
            FloatCC::LessThan => (Test::One(Cond::Above), true),
            FloatCC::LessThanOrEqual => (Test::One(Cond::AboveOrEqual), true),
            _ => return None,
        };
        if swap {
            std::mem::swap(&mut left, &mut right);
        }
        let left = self.float(left, FLOAT_SCRATCH);
        let right = self.float_operand(right, SECOND_FLOAT_SCRATCH);
        self.code.compare_floats(left, right);
        Some(test)
    }

    /// A comparison as a value.
    pub(super) fn compare_value(&mut self, inst: Inst) -> Option<()> {
        let test = self.compare(inst)?;
        let result = self.result(inst);
        let to = self.target(result);
        match test {
            Test::One(cond) => self.code.set(cond, to),
            Test::Equal => {
                self.code.set(Cond::NoParity, SECOND_SCRATCH);
                self.code.set(Cond::Equal, to);
                self.code.alu(Alu::And, Width::B4, to, SECOND_SCRATCH);
            }
            Test::NotEqual => {
                self.code.set(Cond::Parity, SECOND_SCRATCH);
                self.code.set(Cond::NotEqual, to);
                self.code.alu(Alu::Or, Width::B4, to, SECOND_SCRATCH);
            }
        }
        self.code.extend_byte(to, to);
        self.put(result, to);
        Some(())
    }

    pub(super) fn select(&mut self, inst: Inst, [asked, yes, no]: [Value; 3]) -> Option<()> {
        let result = self.result(inst);
        let Test::One(cond) = self.test(asked)? else { return None };
        // Moves leave the flags as they are.
        if self.kind(result) == F64 {
            let place = self.place(result);
            let (other, on) = (self.code.label(), self.code.label());
            self.code.jump_if(cond.not(), other);
            self.bring(yes, place);
            self.code.jump(on);
            self.code.bind(other);
            self.bring(no, place);
            self.code.bind(on);
            return Some(());
        }
        let to = self.target(result);
        if self.place(yes) == Place::Gpr(to) {
            let no = self.int_operand(no, SECOND_SCRATCH);
            self.code.move_if(cond.not(), to, no);
        } else {
            let yes = self.int_operand(yes, SECOND_SCRATCH);
            self.bring(no, Place::Gpr(to));
            self.code.move_if(cond, to, yes);
        }
        self.put(result, to);
        Some(())
    }
}

fn condition(cond: IntCC) -> Cond {
    match cond {
        IntCC::Equal => Cond::Equal,
        IntCC::NotEqual => Cond::NotEqual,
        IntCC::SignedLessThan => Cond::Less,
        IntCC::SignedGreaterThanOrEqual => Cond::GreaterOrEqual,
        IntCC::SignedGreaterThan => Cond::Greater,
        IntCC::SignedLessThanOrEqual => Cond::LessOrEqual,
        IntCC::UnsignedLessThan => Cond::Below,
        IntCC::UnsignedGreaterThanOrEqual => Cond::AboveOrEqual,
        IntCC::UnsignedGreaterThan => Cond::Above,
        IntCC::UnsignedLessThanOrEqual => Cond::BelowOrEqual,
    }
}
