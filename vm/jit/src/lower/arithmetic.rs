//! Numbers: arithmetic and comparisons.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I8, I64};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, Value};
use taipan_objects::type_object::CompareOp;
use taipan_vm::tier::runtime;

use super::Lowering;
use crate::expect::Guess;
use crate::kinds::{self, Known, Mode};
use crate::plan::{Arith, Operand, Reg};

fn of_ints(compare: CompareOp) -> IntCC {
    match compare {
        CompareOp::Lt => IntCC::SignedLessThan,
        CompareOp::Le => IntCC::SignedLessThanOrEqual,
        CompareOp::Eq => IntCC::Equal,
        CompareOp::Ne => IntCC::NotEqual,
        CompareOp::Gt => IntCC::SignedGreaterThan,
        CompareOp::Ge => IntCC::SignedGreaterThanOrEqual,
    }
}

fn of_floats(compare: CompareOp) -> FloatCC {
    match compare {
        CompareOp::Lt => FloatCC::LessThan,
        CompareOp::Le => FloatCC::LessThanOrEqual,
        CompareOp::Eq => FloatCC::Equal,
        CompareOp::Ne => FloatCC::NotEqual,
        CompareOp::Gt => FloatCC::GreaterThan,
        CompareOp::Ge => FloatCC::GreaterThanOrEqual,
    }
}

impl Lowering<'_, '_> {
    /// False if the operation is left to the interpreter.
    pub(super) fn arithmetic(
        &mut self,
        op: Arith,
        to: Reg,
        left: Reg,
        right: Operand,
        guess: &Guess,
    ) -> bool {
        match kinds::arithmetic_mode(op, &self.state, left, right, guess) {
            Mode::Never => {
                self.leave();
                return false;
            }
            Mode::Ints => {
                let (x, y) = (self.int(left), self.int_operand(right));
                if op == Arith::TrueDiv {
                    let quotient = self.int_quotient(x, y);
                    self.put_float(to, quotient);
                } else {
                    let result = self.ints(op, x, y, right);
                    self.put_number(to, result);
                }
            }
            Mode::Floats => {
                let x = self.float_operand(Operand::Reg(left), guess.left);
                let y = self.float_operand(right, guess.right);
                let result = self.floats(op, x, y);
                self.put_float(to, result);
            }
            Mode::Either => {
                let result = self.either(op, left, right);
                self.put(to, result);
            }
        }
        true
    }

    fn int_operand(&mut self, operand: Operand) -> Value {
        match operand {
            Operand::Reg(register) => self.int(register),
            Operand::Int(int) => self.b.ins().iconst(I64, int),
        }
    }

    /// An operand as a float: an integer is converted.
    fn float_operand(&mut self, operand: Operand, guess: Option<taipan_vm::tier::samples::Kind>) -> Value {
        match operand {
            Operand::Int(int) => self.b.ins().f64const(int as f64),
            Operand::Reg(register) => match kinds::floats_operand(self.state[register as usize], guess) {
                Known::Int => {
                    let int = self.int(register);
                    self.b.ins().fcvt_from_sint(F64, int)
                }
                Known::Float => self.float(register),
                _ => {
                    let word = self.load(register);
                    self.number_as_float(word)
                }
            },
        }
    }

    /// The number that a word is as a float; leaves if it is none.
    fn number_as_float(&mut self, word: Value) -> Value {
        let (int, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, F64);
        let float = self.float_or(word, int);
        self.b.ins().jump(on, &[float.into()]);
        self.b.switch_to_block(int);
        let is_int = self.is_int(word);
        self.leave_unless(is_int);
        let int = self.int_of(word);
        let converted = self.b.ins().fcvt_from_sint(F64, int);
        self.b.ins().jump(on, &[converted.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }

    /// An operation on two numbers of kinds that are not known; the word.
    fn either(&mut self, op: Arith, left: Reg, right: Operand) -> Value {
        let (x, y) = (self.load(left), self.operand_word(right));
        let both = self.b.ins().band(x, y);
        let ints = self.is_int(both);
        let (int, float, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        self.b.ins().brif(ints, int, &[], float, &[]);
        self.b.switch_to_block(int);
        let (i, j) = (self.int_of(x), self.int_of(y));
        let word = if op == Arith::TrueDiv {
            let quotient = self.int_quotient(i, j);
            self.boxed_float(quotient)
        } else {
            let result = self.ints(op, i, j, right);
            self.boxed_int(result)
        };
        self.b.ins().jump(on, &[word.into()]);
        self.b.switch_to_block(float);
        if op.has_floats() {
            let f = self.number_as_float(x);
            let g = match right {
                Operand::Int(int) => self.b.ins().f64const(int as f64),
                Operand::Reg(_) => self.number_as_float(y),
            };
            let result = self.floats(op, f, g);
            let none = self.b.ins().fcmp(FloatCC::Unordered, result, result);
            self.leave_if(none);
            let word = self.boxed_float(result);
            self.b.ins().jump(on, &[word.into()]);
        } else {
            self.leave();
        }
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }

    fn operand_word(&mut self, operand: Operand) -> Value {
        match operand {
            Operand::Reg(register) => self.load(register),
            Operand::Int(int) => self.word(taipan_objects::Value::from_int_wrapping(int).bits()),
        }
    }

    /// Leaves if an operation on 64 bits overflowed, of which the upper 48 are the number's.
    fn from_high(&mut self, (high, overflow): (Value, Value)) -> Value {
        self.leave_if(overflow);
        self.b.ins().sshr_imm_s(high, 16)
    }

    fn ints(&mut self, op: Arith, x: Value, y: Value, right: Operand) -> Value {
        let constant = match right {
            Operand::Int(int) => Some(int),
            Operand::Reg(_) => None,
        };
        match op {
            Arith::Add | Arith::Sub => {
                let sum = if op == Arith::Add { self.b.ins().iadd(x, y) } else { self.b.ins().isub(x, y) };
                self.fitting(sum)
            }
            Arith::Mul => {
                let high = self.b.ins().ishl_imm_s(x, 16);
                let product = self.b.ins().smul_overflow(high, y);
                self.from_high(product)
            }
            Arith::FloorDiv | Arith::Mod => match constant {
                Some(divisor) if divisor > 0 && divisor & (divisor - 1) == 0 => {
                    if op == Arith::FloorDiv {
                        self.b.ins().sshr_imm_s(x, i64::from(divisor.trailing_zeros()))
                    } else {
                        self.b.ins().band_imm_s(x, divisor - 1)
                    }
                }
                _ => self.floor_division(op, x, y),
            },
            Arith::LShift => {
                self.leave_unless_below(y, 48);
                let high = self.b.ins().ishl_imm_s(x, 16);
                let shifted = self.b.ins().ishl(high, y);
                let back = self.b.ins().sshr(shifted, y);
                let lost = self.b.ins().icmp(IntCC::NotEqual, back, high);
                self.leave_if(lost);
                self.b.ins().sshr_imm_s(shifted, 16)
            }
            Arith::RShift => {
                let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, y, 0);
                self.leave_if(negative);
                let most = self.word(63);
                let count = self.b.ins().umin(y, most);
                self.b.ins().sshr(x, count)
            }
            Arith::And => self.b.ins().band(x, y),
            Arith::Or => self.b.ins().bor(x, y),
            Arith::Xor => self.b.ins().bxor(x, y),
            Arith::TrueDiv => unreachable!("gives a float"),
        }
    }

    /// Leaves unless the integer has 48 bits.
    pub(super) fn fitting(&mut self, int: Value) -> Value {
        let high = self.b.ins().ishl_imm_s(int, 16);
        let back = self.b.ins().sshr_imm_s(high, 16);
        let fits = self.b.ins().icmp(IntCC::Equal, back, int);
        self.leave_unless(fits);
        int
    }

    fn leave_unless_below(&mut self, int: Value, limit: i64) {
        let below = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, int, limit);
        self.leave_unless(below);
    }

    fn floor_division(&mut self, op: Arith, x: Value, y: Value) -> Value {
        let zero = self.b.ins().icmp_imm_s(IntCC::Equal, y, 0);
        self.leave_if(zero);
        let quotient = self.b.ins().sdiv(x, y);
        let product = self.b.ins().imul(quotient, y);
        let rest = self.b.ins().isub(x, product);
        // The rest has the sign of the divisor in Python: where it has not, the quotient is one less.
        let inexact = self.b.ins().icmp_imm_s(IntCC::NotEqual, rest, 0);
        let signs = self.b.ins().bxor(rest, y);
        let differ = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
        let corrects = self.b.ins().band(inexact, differ);
        if op == Arith::FloorDiv {
            let less = self.b.ins().iadd_imm_s(quotient, -1);
            let result = self.b.ins().select(corrects, less, quotient);
            // The least number by -1.
            return self.fitting(result);
        }
        let more = self.b.ins().iadd(rest, y);
        self.b.ins().select(corrects, more, rest)
    }

    /// `x / y`: integers of 48 bits are exact floats, so that theirs is the quotient that is nearest.
    fn int_quotient(&mut self, x: Value, y: Value) -> Value {
        let zero = self.b.ins().icmp_imm_s(IntCC::Equal, y, 0);
        self.leave_if(zero);
        let (f, g) = (self.b.ins().fcvt_from_sint(F64, x), self.b.ins().fcvt_from_sint(F64, y));
        self.b.ins().fdiv(f, g)
    }

    fn floats(&mut self, op: Arith, f: Value, g: Value) -> Value {
        match op {
            Arith::Add => self.b.ins().fadd(f, g),
            Arith::Sub => self.b.ins().fsub(f, g),
            Arith::Mul => self.b.ins().fmul(f, g),
            _ => {
                let zero = self.b.ins().f64const(0.0);
                let none = self.b.ins().fcmp(FloatCC::Equal, g, zero);
                self.leave_if(none);
                self.b.ins().fdiv(f, g)
            }
        }
    }

    pub(super) fn square(&mut self, to: Reg, from: Reg, guess: &Guess) -> bool {
        match kinds::number(self.state[from as usize], guess.left) {
            Some(Known::Int) => {
                let x = self.int(from);
                let square = self.ints(Arith::Mul, x, x, Operand::Reg(from));
                self.put_number(to, square);
            }
            Some(_) => {
                let f = self.float(from);
                let square = self.b.ins().fmul(f, f);
                // Beyond all floats is an error.
                let difference = self.b.ins().fsub(square, square);
                let infinite = self.b.ins().fcmp(FloatCC::Unordered, difference, difference);
                self.leave_if(infinite);
                self.put_float(to, square);
            }
            None => {
                self.leave();
                return false;
            }
        }
        true
    }

    pub(super) fn power(&mut self, to: Reg, left: Reg, right: Reg, guess: &Guess) {
        let x = self.float_operand(Operand::Reg(left), guess.left);
        let y = self.float_operand(Operand::Reg(right), guess.right);
        let mut signature = Signature::new(self.call_conv);
        signature.params.extend([AbiParam::new(F64); 2]);
        signature.returns.push(AbiParam::new(F64));
        let signature = self.b.import_signature(signature);
        let function = self.word(runtime::power as *const () as u64);
        let call = self.b.ins().call_indirect(signature, function, &[x, y]);
        let result = self.b.inst_results(call)[0];
        self.put_float(to, result);
    }

    pub(super) fn negate(&mut self, to: Reg, from: Reg, guess: &Guess) -> bool {
        match kinds::number(self.state[from as usize], guess.left) {
            Some(Known::Int) => {
                let x = self.int(from);
                let negative = self.b.ins().ineg(x);
                let negative = self.fitting(negative);
                self.put_number(to, negative);
            }
            Some(_) => {
                let f = self.float(from);
                let negative = self.b.ins().fneg(f);
                self.put_float(to, negative);
            }
            None => {
                self.leave();
                return false;
            }
        }
        true
    }

    /// Whether the comparison holds; nothing if it is left to the interpreter.
    pub(super) fn compare(
        &mut self,
        compare: CompareOp,
        left: Reg,
        right: Operand,
        guess: &Guess,
    ) -> Option<Value> {
        match kinds::of_operands(&self.state, left, right, guess) {
            Mode::Never => {
                self.leave();
                None
            }
            Mode::Ints => {
                let (x, y) = (self.int(left), self.int_operand(right));
                Some(self.b.ins().icmp(of_ints(compare), x, y))
            }
            Mode::Floats => {
                let x = self.float_operand(Operand::Reg(left), guess.left);
                let y = self.float_operand(right, guess.right);
                Some(self.b.ins().fcmp(of_floats(compare), x, y))
            }
            Mode::Either => Some(self.compare_either(compare, left, right)),
        }
    }

    fn compare_either(&mut self, compare: CompareOp, left: Reg, right: Operand) -> Value {
        let (x, y) = (self.load(left), self.operand_word(right));
        let both = self.b.ins().band(x, y);
        let ints = self.is_int(both);
        let (int, other, float, on) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I8);
        self.b.ins().brif(ints, int, &[], other, &[]);
        self.b.switch_to_block(int);
        let (i, j) = (self.int_of(x), self.int_of(y));
        let truth = self.b.ins().icmp(of_ints(compare), i, j);
        self.b.ins().jump(on, &[truth.into()]);
        self.b.switch_to_block(other);
        if matches!((compare, right), (CompareOp::Eq | CompareOp::Ne, Operand::Reg(_))) {
            let text = self.b.create_block();
            let number = self.is_number(x);
            self.b.ins().brif(number, float, &[], text, &[]);
            self.b.switch_to_block(text);
            let equal = self.equal_words(x, y);
            let truth = if compare == CompareOp::Eq { equal } else { self.b.ins().bxor_imm_s(equal, 1) };
            self.b.ins().jump(on, &[truth.into()]);
        } else {
            self.b.ins().jump(float, &[]);
        }
        self.b.switch_to_block(float);
        let f = self.number_as_float(x);
        let g = match right {
            Operand::Int(int) => self.b.ins().f64const(int as f64),
            Operand::Reg(_) => self.number_as_float(y),
        };
        let truth = self.b.ins().fcmp(of_floats(compare), f, g);
        self.b.ins().jump(on, &[truth.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }
}
