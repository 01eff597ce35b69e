//! Jumps, branches and loops.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{I8, I32};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_objects::range::PyRangeIter;
use taipan_objects::singletons::{bool_obj, none};
use taipan_vm::tier::runtime;
use taipan_vm::tier::samples::Kind;

use super::Lowering;
use super::registers::Jump;
use crate::expect::Guess;
use crate::kinds::{Known, State};
use crate::plan::{Plan, Reg, Test};

/// The address of an object that lives for ever.
fn lasting(object: &taipan_objects::Obj) -> u64 {
    object.value().counted().bits()
}

impl Lowering<'_, '_> {
    /// Looks at the poll word, and leaves the jump to the interpreter if something is wanted.
    pub(super) fn jump_back(&mut self, target: usize) {
        // An atomic load is one that the compiler does not take out of the loop.
        let poll = self.b.ins().atomic_load(I32, MemFlagsData::trusted(), self.poll);
        let wanted = self.b.ins().icmp_imm_s(IntCC::NotEqual, poll, 0);
        self.leave_if(wanted);
        self.go(target);
    }

    pub(super) fn put_bool(&mut self, to: Reg, truth: Value) {
        let yes = self.word(bool_obj(true).into_value().bits());
        let no = self.word(bool_obj(false).into_value().bits());
        let word = self.b.ins().select(truth, yes, no);
        self.put(to, word);
    }

    /// Goes on if the word is `True` or `False`, to `other` if not.
    pub(super) fn must_be_bool(&mut self, word: Value, other: Block) {
        let (object, on) = (self.object(word), self.b.create_block());
        for truth in [true, false] {
            let expected = self.word(lasting(&bool_obj(truth)));
            let is = self.b.ins().icmp(IntCC::Equal, object, expected);
            let another = self.b.create_block();
            self.b.ins().brif(is, on, &[], another, &[]);
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.switch_to_block(on);
    }

    /// Whether what is in the register is true; leaves if code has to decide.
    pub(super) fn truth(&mut self, register: Reg) -> Value {
        match self.state[register as usize].settled() {
            Known::Int => {
                let int = self.int(register);
                return self.b.ins().icmp_imm_s(IntCC::NotEqual, int, 0);
            }
            Known::Float => {
                let float = self.float(register);
                let zero = self.b.ins().f64const(0.0);
                return self.b.ins().fcmp(FloatCC::NotEqual, float, zero);
            }
            _ => {}
        }
        let word = self.load(register);
        let object = self.object(word);
        let yes = self.word(lasting(&bool_obj(true)));
        let is_true = self.b.ins().icmp(IntCC::Equal, object, yes);
        if self.state[register as usize] == Known::Bool {
            return is_true;
        }
        let (maybe, other, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I8);
        self.b.ins().brif(is_true, on, &[is_true.into()], maybe, &[]);
        self.b.switch_to_block(maybe);
        let no = self.word(lasting(&bool_obj(false)));
        let is_false = self.b.ins().icmp(IntCC::Equal, object, no);
        self.b.set_cold_block(other);
        self.b.ins().brif(is_false, on, &[is_true.into()], other, &[]);
        self.b.switch_to_block(other);
        let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
        self.leave_if(empty);
        let answer = self.call(runtime::truth as *const () as usize, &[word]);
        self.done(answer, runtime::NOTHING_DONE);
        let truth = self.b.ins().icmp_imm_s(IntCC::NotEqual, answer, 0);
        self.b.ins().jump(on, &[truth.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }

    /// Python's `is`: see [`taipan_objects::Value::same`].
    pub(super) fn same(&mut self, left: Reg, right: Reg) -> Value {
        let (x, y) = (self.load(left), self.load(right));
        let difference = self.b.ins().bxor(x, y);
        let equal = self.b.ins().icmp_imm_s(IntCC::Equal, difference, 0);
        let marked = self.b.ins().icmp_imm_s(IntCC::Equal, difference, 1);
        let pointer = self.is_pointer(x);
        let both = self.b.ins().band(marked, pointer);
        self.b.ins().bor(equal, both)
    }

    fn is_none(&mut self, register: Reg) -> Value {
        let word = self.load(register);
        let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
        self.leave_if(empty);
        let object = self.object(word);
        let none = self.word(lasting(&none()));
        self.b.ins().icmp(IntCC::Equal, object, none)
    }

    pub(super) fn branch(
        &mut self,
        test: Test,
        drops: [Option<Reg>; 2],
        target: usize,
        guess: &Guess,
        after: State,
    ) {
        let (truth, when) = match test {
            Test::Truth { register, when } => (self.truth(register), when),
            Test::None { register, when } => (self.is_none(register), when),
            Test::Is { left, right, when } => (self.same(left, right), when),
            Test::SameText { left, right, when } => (self.same_text(left, right), when),
            Test::Equal { left, right, when } => (self.equal(left, right), when),
            Test::Compare { compare, left, right, when } => {
                let Some(truth) = self.compare(compare, left, right, guess) else { return };
                (truth, when)
            }
        };
        let next = Plan::next(self.pc, self.plans);
        let mut owning: Vec<Reg> =
            drops.into_iter().flatten().filter(|r| !self.state[*r as usize].is_free()).collect();
        // Both operands may be one register.
        owning.dedup();
        let words: Vec<Value> = owning.iter().map(|register| self.load(*register)).collect();
        // Empty before they are dropped: that may run anything.
        for register in drops.into_iter().flatten() {
            self.store_word(register, 0);
        }
        let jump = Jump { truth, when, target, next };
        match words[..] {
            [first, second] => self.release_both([first, second], jump),
            _ => words.into_iter().for_each(|word| self.release_and_jump(word, jump)),
        }
        self.state = after;
        let (jump, fall) = (self.way(target), self.way(next));
        if when {
            self.b.ins().brif(truth, jump, &[], fall, &[]);
        } else {
            self.b.ins().brif(truth, fall, &[], jump, &[]);
        }
    }

    pub(super) fn for_loop(&mut self, iterator: Reg, item: Reg, target: usize, guess: &Guess, after: State) {
        let next = Plan::next(self.pc, self.plans);
        if guess.left != Some(Kind::RangeIterator) {
            return self.for_sequence(iterator, item, target, guess, after);
        }
        let word = self.load(iterator);
        self.pointer(word);
        let range = self.of_shape(word, runtime::shapes::RANGE_ITERATOR);
        let index = self.read(range, PyRangeIter::INDEX);
        let length = self.read(range, PyRangeIter::LENGTH);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, index, length);
        let (turn, end) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(more, turn, &[], end, &[]);
        self.b.switch_to_block(end);
        let before = self.state.clone();
        self.end_range(iterator, word);
        self.state[iterator as usize] = Known::Bare;
        self.go(target);
        self.state = before;
        self.b.switch_to_block(turn);
        let start = self.read(range, PyRangeIter::START);
        let step = self.read(range, PyRangeIter::STEP);
        let distance = self.b.ins().imul(step, index);
        let number = self.b.ins().iadd(start, distance);
        let number = self.fitting(number);
        let skipped = self.b.ins().iadd_imm_s(index, 1);
        self.b.ins().store(MemFlagsData::trusted(), skipped, range, PyRangeIter::INDEX);
        self.put_number(item, number);
        self.state = after;
        self.go(next);
    }

    /// Empties the register of a range's iterator that is at its end. Nothing runs when that dies.
    fn end_range(&mut self, register: Reg, word: Value) {
        self.store_word(register, 0);
        self.drop_quietly(word);
    }
}
