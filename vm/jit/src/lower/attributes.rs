//! Reading and writing attributes.

use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_bytecode::Instr;
use taipan_vm::tier::Left;
use taipan_vm::tier::runtime::{self};
use taipan_vm::tier::samples::{self, Single};

use super::Lowering;
use crate::expect::{Guess, is_bound};
use crate::kinds::{self, Known};
use crate::plan::{Plan, Reg};
use crate::program::StoredSlot;

impl Lowering<'_, '_> {
    pub(super) fn load_attr(&mut self, to: Reg, subject: Reg, guess: &Guess) {
        let known = kinds::attribute_kind(guess);
        let (word, object) = self.subject(subject);
        let singles = samples::singles(self.program.cache(self.pc));
        if guess.trusts {
            return self.load_only(to, (word, object), &singles, known);
        }
        if !singles.is_empty() && singles.iter().all(|single| matches!(single, Single::Property { .. })) {
            self.execute();
            return self.test_behind(to, known);
        }
        if singles.iter().all(is_bound) {
            let (found, after) = self.attribute(word, true);
            self.put(to, found);
            self.come_to(after);
            return self.test_behind(to, known);
        }
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        if singles.iter().any(|single| {
            matches!(single, Single::Slot { .. } | Single::Plain { .. } | Single::OfType { .. })
        }) {
            self.as_assumed(other);
        }
        let found = self.shape(object);
        for single in singles {
            let another = match single {
                // The site has changed since.
                Single::Slot { .. } | Single::Member { .. } if known == Known::Free => continue,
                Single::Slot { shape, offset } => {
                    let another = self.if_shape(found, shape);
                    self.read_slot_as(object, offset, known, on, other);
                    another
                }
                Single::Plain { value, .. }
                | Single::OfType { value, .. }
                | Single::OfModule { value, .. }
                    if known == Known::Bool && !kinds::is_bool(value) =>
                {
                    continue;
                }
                Single::Plain { shape, class, version, value } => {
                    let another = self.if_shape(found, shape);
                    self.while_class(class, version, value, on, other);
                    another
                }
                Single::OfType { value, .. } | Single::OfModule { value, .. } => {
                    let another = self.b.create_block();
                    self.must_be_owner(object, single, another);
                    let word = self.word(value.bits());
                    self.b.ins().jump(on, &[word.into()]);
                    another
                }
                Single::Member { shape, class, version, offset } => {
                    let another = self.if_shape(found, shape);
                    let is = self.has_class_version(class, version);
                    self.refuse_unless(is, other);
                    self.read_slot_as(object, offset, known, on, other);
                    another
                }
                Single::Method { .. } | Single::Property { .. } | Single::Wrapped { .. } => continue,
            };
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        let (found, after) = self.attribute(word, false);
        self.give_as(to, found, known, on);
        self.b.switch_to_block(on);
        let (found, done) = (self.b.block_params(on)[0], self.b.create_block());
        self.put(to, found);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(after);
        self.test_behind(to, known);
        self.come_to(done);
    }

    /// Reads an attribute of which the site knows one case. Leaves if it is another one.
    fn load_only(&mut self, to: Reg, subject: (Value, Value), singles: &[Single], known: Known) {
        let (word, object) = subject;
        let &[single] = singles else { return self.leave_for_good() };
        if !matches!(single, Single::Member { .. } | Single::OfModule { .. }) {
            self.assume();
        }
        match single {
            Single::Slot { shape, offset } if known != Known::Free => {
                self.must_have_shape(word, object, shape);
                self.load_slot(to, word, object, offset, known);
            }
            Single::Member { shape, class, version, offset } if known != Known::Free => {
                self.must_have_shape(word, object, shape);
                let is = self.has_class_version(class, version);
                self.leave_unless(is);
                self.load_slot(to, word, object, offset, known);
            }
            Single::Plain { shape, class, version, value } => {
                self.must_have_shape(word, object, shape);
                self.load_constant(to, class, version, value, known);
            }
            Single::OfType { value, .. } | Single::OfModule { value, .. } => {
                let other = self.unexpected();
                self.must_be_owner(object, single, other);
                self.put_constant(to, value, known);
            }
            _ => self.leave_for_good(),
        }
    }

    /// Reads what is always the same, as long as the class has that version.
    fn load_constant(
        &mut self,
        to: Reg,
        class: usize,
        version: u32,
        value: taipan_objects::Value,
        known: Known,
    ) {
        let is = self.has_class_version(class, version);
        self.leave_unless(is);
        self.put_constant(to, value, known);
    }

    /// Writes what is always the same.
    fn put_constant(&mut self, to: Reg, value: taipan_objects::Value, known: Known) {
        let is_as_known = match known {
            Known::Bool => kinds::is_bool(value),
            // The site has changed since: it had a slot.
            Known::Int | Known::Float => false,
            _ => true,
        };
        if !is_as_known {
            return self.leave_for_good();
        }
        let word = self.word(value.bits());
        self.put(to, word);
        self.know(to, word);
    }

    /// Reads a slot of the subject `word`; another way if that is not done at once.
    fn load_slot(&mut self, to: Reg, word: Value, object: Value, offset: i32, known: Known) {
        let (other, on, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let is_number = matches!(known, Known::Int | Known::Float);
        if !is_number {
            self.b.append_block_param(done, I64);
        }
        self.read_slot_as(object, offset, known, on, other);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        let (before, seen) = (self.state.clone(), self.seen.clone());
        let (found, after) = self.attribute(word, false);
        self.give_as(to, found, known, on);
        self.b.switch_to_block(after);
        self.forget(to);
        self.test_behind(to, known);
        if is_number {
            self.b.ins().jump(done, &[]);
        } else {
            let found = self.read(self.window, i32::from(to) * 8);
            self.b.ins().jump(done, &[found.into()]);
        }
        (self.state, self.seen) = (before, seen);
        self.b.switch_to_block(on);
        let found = self.b.block_params(on)[0];
        if is_number {
            let number = if known == Known::Int { self.int_of(found) } else { self.float_of(found) };
            self.put_number(to, number);
            return self.come_to(done);
        }
        self.put(to, found);
        self.b.ins().jump(done, &[found.into()]);
        self.b.switch_to_block(done);
        let found = self.b.block_params(done)[0];
        self.know(to, found);
    }

    /// Reads a slot that is to be as known: if that is [`Known::Bool`], which the result is expected to be then, anything else is for `other`.
    fn read_slot_as(&mut self, object: Value, offset: i32, known: Known, on: Block, other: Block) {
        if !matches!(known, Known::Bool | Known::Int | Known::Float) {
            return self.read_slot(object, offset, on, other);
        }
        let word = self.read(object, offset);
        match known {
            Known::Bool => {
                self.if_expected_immortal(word, on);
                self.b.ins().jump(other, &[]);
            }
            _ => {
                self.number_or(word, known, other);
                self.b.ins().jump(on, &[word.into()]);
            }
        }
    }

    /// Goes to `on` with what the instruction reads in another way than is expected, if that is as known; otherwise writes it, and leaves behind the instruction.
    pub(super) fn give_as(&mut self, to: Reg, found: Value, known: Known, on: Block) {
        if known == Known::Nothing {
            self.b.ins().jump(on, &[found.into()]);
            return;
        }
        let odd = self.b.create_block();
        match known {
            Known::Bool => self.must_be_bool(found, odd),
            Known::Int | Known::Float => {
                self.number_or(found, known, odd);
            }
            _ => {
                let counted = self.is_counted(found);
                self.refuse_if(counted, odd);
            }
        }
        self.b.ins().jump(on, &[found.into()]);
        self.b.set_cold_block(odd);
        self.b.switch_to_block(odd);
        self.write_seldom();
        self.put(to, found);
        self.push_virtual();
        let next = self.next();
        self.give(next);
    }

    /// Leaves behind the instruction, by which the register was written, unless that is as known.
    pub(super) fn test_behind(&mut self, register: Reg, known: Known) {
        self.state[register as usize] = Known::Nothing;
        let next = Plan::next(self.pc, self.plans);
        // It is done: the other way of an instruction would do it once more.
        let (pc, slow) = (std::mem::replace(&mut self.pc, next), self.slow.take());
        self.test(register, known);
        (self.pc, self.slow) = (pc, slow);
    }

    /// The attribute, and the block behind the instruction, where it was executed in another way.
    fn attribute(&mut self, subject: Value, often: bool) -> (Value, Block) {
        let cache = self.cache();
        let found = self.call(runtime::load_attr as *const () as usize, &[cache, subject]);
        let after = self.or_execute(found, runtime::NO, often);
        (found, after)
    }

    pub(super) fn store_attr(&mut self, subject: Reg, operand: u16) {
        let (word, object) = self.subject(subject);
        let slots = self.program.slots_to_store(self.pc);
        if self.guesses[self.pc].trusts {
            return self.store_only(word, object, &slots, operand);
        }
        if slots.is_empty() {
            return self.store_attribute(word, operand, true);
        }
        let (other, on) = (self.b.create_block(), self.b.create_block());
        if slots.iter().any(|slot| slot.class.is_none()) {
            self.as_assumed(other);
        }
        let found = self.shape(object);
        for slot in slots {
            let another = self.if_shape(found, slot.shape);
            if let Some((class, version)) = slot.class {
                let is = self.has_class_version(class, version);
                self.refuse_unless(is, other);
            }
            self.store_in(object, &slot, operand, other, on);
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        self.store_attribute(word, operand, false);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// The same where the site knows one case. Leaves if it is another one.
    fn store_only(&mut self, word: Value, object: Value, slots: &[StoredSlot], operand: u16) {
        let [slot] = slots else { return self.leave_for_good() };
        if slot.class.is_none() {
            self.assume();
        }
        self.must_have_shape(word, object, slot.shape);
        if let Some((class, version)) = slot.class {
            let is = self.has_class_version(class, version);
            self.leave_unless(is);
        }
        let (other, on) = (self.b.create_block(), self.b.create_block());
        let before = self.state.clone();
        self.store_in(object, slot, operand, other, on);
        let seen = self.seen.clone();
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        self.state = before;
        self.store_attribute(word, operand, false);
        // It has the shape that is expected, or execution goes on elsewhere.
        let shape = slot.to.map_or(slot.shape, |to| to.0);
        let behind = Plan::next(self.pc, self.plans);
        let (register, take) = Instr::split_take(operand);
        if take {
            self.state[register as usize] = Known::Bare;
        }
        let left = self.exit(behind, Left::GO_ON);
        self.as_shape(object, shape, left);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
        self.seen = seen;
        if take {
            self.forget(register);
        }
        if slot.to.is_some() {
            self.change_shape(word, slot.shape, shape);
        }
    }

    /// Stores the content of an operand in a slot so many bytes from an address, and goes on in `on`; or in `other`, with nothing done.
    fn store_in(&mut self, object: Value, slot: &StoredSlot, operand: u16, other: Block, on: Block) {
        let offset = slot.offset;
        let (register, take) = Instr::split_take(operand);
        if let Some(to) = slot.to {
            self.refuse_unless_alone(other);
            let mut value = self.load(register);
            if !self.state[register as usize].is_number() {
                value = self.stored_word(value, take, other);
            }
            self.b.ins().store(MemFlagsData::trusted(), value, object, offset);
            let to = self.b.ins().iconst(I32, i64::from(to.0 as i32));
            self.b.ins().store(MemFlagsData::trusted(), to, object, taipan_objects::Header::SHAPE);
            self.note_shape_change();
            if take {
                self.store_word(register, 0);
            }
            self.b.ins().jump(on, &[]);
        } else if self.state[register as usize].is_number() {
            self.store_number((object, offset), slot.class.is_some(), operand, other, on);
        } else {
            self.refuse_unless_alone(other);
            let value = self.load(register);
            let value = self.stored_word(value, take, other);
            let old = self.read(object, offset);
            self.b.ins().store(MemFlagsData::trusted(), value, object, offset);
            if take {
                self.store_word(register, 0);
            }
            self.release_here(old);
            self.b.ins().jump(on, &[]);
        }
    }

    /// As [`taipan_threading::note_shape_change`].
    fn note_shape_change(&mut self) {
        let offset = taipan_threading::SHAPE_CHANGES_FROM_POLL;
        let changes = self.b.ins().load(I32, MemFlagsData::trusted(), self.poll, offset);
        let more = self.b.ins().iadd_imm_s(changes, 1);
        self.b.ins().store(MemFlagsData::trusted(), more, self.poll, offset);
    }

    fn store_attribute(&mut self, subject: Value, operand: u16, often: bool) {
        self.write_late(Instr::split_take(operand).0);
        let (cache, window, number) = (self.cache(), self.window, self.word(u64::from(operand)));
        let old = self.call(runtime::store_attr as *const () as usize, &[cache, subject, window, number]);
        let after = self.or_execute(old, runtime::NOTHING_DONE, often);
        self.release_here(old);
        self.come_to(after);
    }
}
