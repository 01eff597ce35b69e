//! Moves, and what is done with objects.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_bytecode::Instr;
use taipan_objects::code::slot_caches;
use taipan_objects::descriptor::PyProperty;
use taipan_objects::singletons::none;
use taipan_objects::type_object::PyType;
use taipan_vm::tier::Left;
use taipan_vm::tier::runtime::{self, layout, shapes};
use taipan_vm::tier::samples::{self, Kind, Single};

use super::Lowering;
use super::counts::Storage;
use crate::expect::Guess;
use crate::kinds::{self, Known};
use crate::plan::{Plan, Reg};
use crate::program::{ClassWith, StoredSlot};
use crate::x64::stubs::Stub;

impl Lowering<'_, '_> {
    pub(super) fn constant(&mut self, to: Reg, bits: u64) {
        let value = taipan_objects::Value::from_bits(bits);
        if !value.is_number() || !self.state[to as usize].is_bare() {
            let word = self.word(bits);
            self.put(to, word);
            self.know(to, word);
        }
        self.define(to, bits);
    }

    /// Has the number that a constant is in the machine register.
    pub(super) fn define(&mut self, to: Reg, bits: u64) {
        let value = taipan_objects::Value::from_bits(bits);
        if value.is_int() {
            let int = self.word(value.as_int() as u64);
            self.have(to, int);
        } else if value.is_float() {
            let float = self.b.ins().f64const(value.as_float());
            self.have(to, float);
        }
    }

    /// Lets a register have the number that another one has; false if that is not known to be one.
    pub(super) fn share(&mut self, to: Reg, from: Reg) -> bool {
        let number = self.number(from);
        if let Some(number) = number {
            self.put_number(to, number);
        }
        number.is_some()
    }

    pub(super) fn copy(&mut self, to: Reg, from: Reg) {
        if self.share(to, from) {
            return;
        }
        let word = self.load(from);
        if self.state[from as usize].is_free() {
            return self.put(to, word);
        }
        let counted = self.is_counted(word);
        let (count, on) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(counted, count, &[], on, &[]);
        self.b.switch_to_block(count);
        self.copied(word);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
        // The count is in the object: the word is the same.
        self.put(to, word);
    }

    pub(super) fn move_(&mut self, to: Reg, from: Reg) {
        if to == from {
            return;
        }
        let (number, word) = (self.number(from), self.load(from));
        self.store_word(from, 0);
        self.state[from as usize] = Known::Bare;
        match number {
            Some(number) => self.put_number(to, number),
            None => self.put(to, word),
        }
    }

    pub(super) fn lend(&mut self, to: Reg, from: Reg) {
        if self.share(to, from) {
            return;
        }
        let word = self.load(from);
        let lent = self.lent(word);
        self.put(to, lent);
        self.know(to, lent);
        self.know_same(word, lent);
    }

    /// A word for what another register keeps alive.
    pub(super) fn lent(&mut self, word: Value) -> Value {
        let pointer = self.is_pointer(word);
        let marked = self.b.ins().bor_imm_s(word, 1);
        self.b.ins().select(pointer, marked, word)
    }

    pub(super) fn clear(&mut self, register: Reg) {
        let empty = self.word(0);
        self.put(register, empty);
    }

    /// Drops a word that was in an object.
    pub(super) fn release_here(&mut self, old: Value) {
        let next = self.next();
        self.release(old, next);
    }

    /// Goes on here if what the caches of attributes said when this was made is right still, in `other` if not.
    pub(super) fn as_assumed(&mut self, other: Block) {
        let place = self.word(slot_caches::epoch_address().expose_provenance() as u64);
        let now = self.b.ins().load(I32, MemFlagsData::trusted(), place, 0);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, now, i64::from(self.program.epoch as i32));
        self.refuse_unless(is, other);
    }
    /// Goes on here if it is so; otherwise in the block that is given.
    fn if_so(&mut self, condition: Value) -> Block {
        let another = self.b.create_block();
        self.refuse_unless(condition, another);
        another
    }
    /// Goes on here if an object has the shape; otherwise in the block that is given.
    fn if_shape(&mut self, found: Value, shape: u32) -> Block {
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, i64::from(shape as i32));
        self.if_so(is)
    }
    /// Goes on in `on` with a word that needs no count if the class, which is alive because the subject is it or an instance, has that version; otherwise in `other`.
    fn while_class(
        &mut self,
        class: usize,
        version: u32,
        value: taipan_objects::Value,
        on: Block,
        other: Block,
    ) {
        let is = self.has_class_version(class, version);
        let value = self.word(value.bits());
        self.b.ins().brif(is, on, &[value.into()], other, &[]);
    }
    pub(super) fn shape(&mut self, object: Value) -> Value {
        self.b.ins().load(I32, MemFlagsData::trusted(), object, taipan_objects::Header::SHAPE)
    }

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
        if singles.iter().all(|single| matches!(single, Single::Method { .. } | Single::Property { .. })) {
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
                Single::Plain { value, .. } | Single::OfType { value, .. }
                    if known == Known::Bool && !kinds::is_bool(value) =>
                {
                    continue;
                }
                Single::Plain { shape, class, version, value } => {
                    let another = self.if_shape(found, shape);
                    self.while_class(class, version, value, on, other);
                    another
                }
                Single::OfType { class, version, value } => {
                    let expected = self.word(class as u64);
                    let is = self.b.ins().icmp(IntCC::Equal, object, expected);
                    let another = self.if_so(is);
                    self.while_class(class, version, value, on, other);
                    another
                }
                Single::Member { shape, class, version, offset } => {
                    let another = self.if_shape(found, shape);
                    let is = self.has_class_version(class, version);
                    self.refuse_unless(is, other);
                    self.read_slot_as(object, offset, known, on, other);
                    another
                }
                Single::Method { .. } | Single::Property { .. } => continue,
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
        if !matches!(single, Single::Member { .. }) {
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
            Single::OfType { class, version, value } => {
                let expected = self.word(class as u64);
                let is = self.b.ins().icmp(IntCC::Equal, object, expected);
                self.leave_unless(is);
                self.load_constant(to, class, version, value, known);
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
        let is_as_known = match known {
            Known::Bool => kinds::is_bool(value),
            Known::Int => value.is_int(),
            Known::Float => value.is_float(),
            _ => true,
        };
        if !is_as_known {
            return self.leave_for_good();
        }
        let is = self.has_class_version(class, version);
        self.leave_unless(is);
        if matches!(known, Known::Int | Known::Float) {
            return self.constant(to, value.bits());
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
            Known::Int => {
                let is = self.is_int(word);
                self.b.ins().brif(is, on, &[word.into()], other, &[]);
            }
            _ => {
                self.float_or(word, other);
                self.b.ins().jump(on, &[word.into()]);
            }
        }
    }

    /// Goes to `on` with what the instruction reads in another way than is expected, if that is as known; otherwise writes it, and leaves behind the instruction.
    fn give_as(&mut self, to: Reg, found: Value, known: Known, on: Block) {
        if known == Known::Nothing {
            self.b.ins().jump(on, &[found.into()]);
            return;
        }
        let odd = self.b.create_block();
        match known {
            Known::Bool => self.must_be_bool(found, odd),
            Known::Int => {
                let is = self.is_int(found);
                self.refuse_unless(is, odd);
            }
            Known::Float => {
                self.float_or(found, odd);
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
    fn test_behind(&mut self, register: Reg, known: Known) {
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

    /// Leaves if the register owns something.
    pub(super) fn must_be_free(&mut self, register: Reg) {
        if !self.state[register as usize].is_free() {
            let word = self.load(register);
            let counted = self.is_counted(word);
            self.leave_if(counted);
        }
    }

    pub(super) fn load_method(&mut self, to: Reg, subject: Reg) {
        let (word, object) = self.subject(subject);
        for register in [to, to + 1] {
            if register != subject {
                self.must_be_free(register);
            }
        }
        let singles = samples::singles(self.program.cache(self.pc));
        if self.guesses[self.pc].trusts {
            return self.load_only_method(to, subject, (word, object), &singles);
        }
        if singles.iter().any(|single| matches!(single, Single::Slot { .. })) {
            return self.load_callable(&singles, word, to, subject);
        }
        let (function, after) = self.method(&singles, word);
        // The receiver moves, or stays, or is a local and lent.
        let receiver =
            if subject == to || subject == to + 1 { word } else { self.b.ins().bor_imm_s(word, 1) };
        self.store(to + 1, receiver);
        self.store(to, function);
        self.come_to(after);
    }

    /// The method of which the site knows one case. Leaves if it is another one.
    fn load_only_method(&mut self, to: Reg, from: Reg, subject: (Value, Value), singles: &[Single]) {
        let (word, object) = subject;
        let &[Single::Method { shape, class, version, function }] = singles else {
            return self.leave_for_good();
        };
        self.must_have_shape(word, object, shape);
        let is = self.has_class_version(class, version);
        self.leave_unless(is);
        let moves = from == to || from == to + 1;
        let receiver = if moves { word } else { self.b.ins().bor_imm_s(word, 1) };
        if from != to + 1 {
            self.store(to + 1, receiver);
            self.know(to + 1, receiver);
        }
        if !moves {
            self.know_same(word, receiver);
        }
        let function = self.word(function.bits());
        self.store(to, function);
        self.know(to, function);
    }

    /// What the subject has in a slot, which is called as it is: the register behind it is empty.
    fn load_callable(&mut self, singles: &[Single], subject: Value, to: Reg, from: Reg) {
        let (other, on, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        self.as_assumed(other);
        let object = self.object(subject);
        let found = self.shape(object);
        for single in singles {
            let &Single::Slot { shape, offset } = single else { continue };
            let another = self.if_shape(found, shape);
            self.read_slot(object, offset, on, other);
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        self.execute_to(done, None);
        self.b.switch_to_block(on);
        let found = self.b.block_params(on)[0];
        if from == to + 1 {
            self.clear(from);
        } else {
            self.store_word(to + 1, 0);
        }
        // Drops the subject, if it was in the same register.
        self.put(to, found);
        self.come_to(done);
    }

    /// The function of a method of the subject, and the block behind the instruction.
    fn method(&mut self, singles: &[Single], subject: Value) -> (Value, Block) {
        let methods = singles.iter().filter_map(|single| match *single {
            Single::Method { shape, class, version, function } => Some((shape, class, version, function)),
            _ => None,
        });
        let methods: Vec<_> = methods.collect();
        if methods.is_empty() {
            return self.any_method(subject);
        }
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let object = self.object(subject);
        let found = self.shape(object);
        for (shape, class, version, function) in methods {
            let another = self.if_shape(found, shape);
            self.while_class(class, version, function, on, other);
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        let (found, after) = self.any_method(subject);
        self.b.ins().jump(on, &[found.into()]);
        self.b.switch_to_block(on);
        (self.b.block_params(on)[0], after)
    }

    /// Goes on while the site knows that function as the method of the subject's class, or as the getter of its property; to `other` if not.
    pub(super) fn while_method(&mut self, subject: Value, function: taipan_objects::Value, other: Block) {
        let Some(classes) = self.program.classes_with(self.pc, function) else {
            return self.leave_to(other);
        };
        let object = self.object(subject);
        let found = self.shape(object);
        let on = self.b.create_block();
        for ClassWith { shape, class, version, property } in classes {
            let another = self.if_shape(found, shape);
            let is = self.has_class_version(class, version);
            self.refuse_unless(is, other);
            if let Some(property) = property {
                // The class has it still.
                let property = self.word(property.counted().bits());
                let getter = self.read(property, PyProperty::GET);
                let getter = self.object(getter);
                let is = self.b.ins().icmp_imm_s(IntCC::Equal, getter, function.counted().bits() as i64);
                self.refuse_unless(is, other);
            }
            self.b.ins().jump(on, &[]);
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.switch_to_block(on);
    }

    /// Goes to a block, and lets what follows be code that is not reached.
    pub(super) fn leave_to(&mut self, other: Block) {
        self.b.ins().jump(other, &[]);
        let unreached = self.b.create_block();
        self.b.switch_to_block(unreached);
    }

    pub(super) fn has_class_version(&mut self, class: usize, version: u32) -> Value {
        let class = self.word(class as u64);
        let now = self.b.ins().load(I32, MemFlagsData::trusted(), class, PyType::VERSION);
        self.b.ins().icmp_imm_s(IntCC::Equal, now, i64::from(version as i32))
    }

    fn any_method(&mut self, subject: Value) -> (Value, Block) {
        let cache = self.cache();
        let function = self.call(runtime::load_method as *const () as usize, &[cache, subject]);
        let after = self.or_execute(function, runtime::NO, false);
        (function, after)
    }

    pub(super) fn get(&mut self, to: Reg, container: Reg, key: Reg) {
        let (dict, word) = (self.load(container), self.load(key));
        self.pointer(dict);
        let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
        self.leave_if(empty);
        let found = self.call(runtime::item_of_key as *const () as usize, &[dict, word]);
        let after = self.or_execute(found, runtime::NO, false);
        self.put(to, found);
        self.come_to(after);
    }

    /// Whether two strings are equal; leaves if they are not both strings.
    pub(super) fn same_text(&mut self, left: Reg, right: Reg) -> Value {
        let (x, y) = (self.load(left), self.load(right));
        self.told_of_texts(runtime::same_text as *const () as usize, x, y)
    }

    /// The answer for two words of which a piece of code tells most if they are texts, or else a function, which leaves it open if they are not pointers to what it knows.
    fn told_of_texts(&mut self, function: usize, x: Value, y: Value) -> Value {
        let (open, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let found = self.call_stub(Stub::SameText, &[x, y]);
        let is_told = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, found, runtime::NOTHING_DONE as i64);
        self.b.ins().brif(is_told, on, &[found.into()], open, &[]);
        self.b.switch_to_block(open);
        let answer = self.call(function, &[x, y]);
        self.done(answer, runtime::NOTHING_DONE);
        self.b.ins().jump(on, &[answer.into()]);
        self.b.switch_to_block(on);
        let found = self.b.block_params(on)[0];
        self.b.ins().icmp_imm_s(IntCC::NotEqual, found, 0)
    }

    /// Whether two objects are equal, as [`runtime::equal`] knows it.
    pub(super) fn equal(&mut self, left: Reg, right: Reg) -> Value {
        let (x, y) = (self.load(left), self.load(right));
        let guess = self.guesses[self.pc];
        match (guess.left, guess.right) {
            (Some(Kind::None), _) => self.equal_to_none(x, y),
            (_, Some(Kind::None)) => self.equal_to_none(y, x),
            _ => self.equal_words(x, y),
        }
    }

    /// Whether two words are equal, the first of which is expected to be `None`.
    fn equal_to_none(&mut self, expected: Value, word: Value) -> Value {
        let (general, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I8);
        let none = self.word(none().value().counted().bits());
        let object = self.object(expected);
        let is = self.b.ins().icmp(IntCC::Equal, object, none);
        self.refuse_unless(is, general);
        let object = self.object(word);
        let is = self.b.ins().icmp(IntCC::Equal, object, none);
        let other = self.b.create_block();
        self.b.ins().brif(is, on, &[is.into()], other, &[]);
        self.b.switch_to_block(other);
        let differs = self.call(runtime::differs_from_none as *const () as usize, &[word]);
        self.b.ins().brif(differs, on, &[is.into()], general, &[]);
        self.b.set_cold_block(general);
        self.b.switch_to_block(general);
        let equal = self.equal_words(expected, word);
        self.b.ins().jump(on, &[equal.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }

    /// The same of words that are not both numbers.
    pub(super) fn equal_words(&mut self, x: Value, y: Value) -> Value {
        self.told_of_texts(runtime::equal as *const () as usize, x, y)
    }

    pub(super) fn slice(&mut self, to: Reg, container: Reg, bounds: Reg) {
        let word = self.load(container);
        self.pointer(word);
        self.write_late(bounds);
        self.write_late(bounds + 1);
        let at = self.b.ins().iadd_imm_s(self.window, i64::from(bounds) * 8);
        let part = self.call(runtime::slice as *const () as usize, &[word, at]);
        self.done(part, runtime::NO);
        for register in [bounds, bounds + 1] {
            self.state[register as usize] = Known::Bare;
        }
        self.put(to, part);
    }

    pub(super) fn load_global(&mut self, to: Reg, guess: &Guess) {
        let known = kinds::attribute_kind(guess);
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let body = self.program.body(self.pc);
        let globals = body.globals.value();
        if guess.trusts {
            let Some(constant) = self.program.constant(self.pc) else { return self.leave_for_good() };
            let exit = self.unexpected();
            self.as_constant(&constant, exit);
            let word = self.word(constant.word.uncounted().bits());
            self.put(to, word);
            return self.know(to, word);
        }
        if let Some(constant) = self.program.constant(self.pc) {
            self.as_constant(&constant, other);
            let word = self.word(constant.word.uncounted().bits());
            self.b.ins().jump(on, &[word.into()]);
            self.b.set_cold_block(other);
        } else if let Some(variable) =
            samples::variable(self.program.cache(self.pc), globals).filter(|_| known == Known::Nothing)
        {
            if body.level == 0 {
                self.as_namespace(layout::GLOBALS, globals, other);
            }
            // With the same keys the table is the one for which the distance was found, or another one of the same address and size.
            let version = self.if_version(variable.version, other);
            let owner = self.word(variable.value.holder.expose_provenance() as u64);
            let address = self.word(variable.value.table.expose_provenance() as u64);
            let now = self.read(owner, 0);
            let same = self.b.ins().icmp(IntCC::Equal, now, address);
            self.refuse_unless(same, other);
            let storage = Storage { owner, offset: 0, address, version: Some(version) };
            self.read_slot_in(address, variable.value.offset, Some(storage), on, other);
            self.b.set_cold_block(other);
        } else {
            self.b.ins().jump(other, &[]);
        }
        self.b.switch_to_block(other);
        let after = if self.is_virtual() {
            self.leave();
            None
        } else {
            let (cache, frame) = (self.cache(), self.frame());
            let found = self.call(runtime::load_global as *const () as usize, &[cache, frame]);
            let after = self.or_execute(found, runtime::NO, false);
            self.give_as(to, found, known, on);
            Some(after)
        };
        self.b.switch_to_block(on);
        let (found, done) = (self.b.block_params(on)[0], self.b.create_block());
        self.put(to, found);
        self.b.ins().jump(done, &[]);
        if let Some(after) = after {
            self.b.switch_to_block(after);
            self.test_behind(to, known);
            self.come_to(done);
        } else {
            self.b.switch_to_block(done);
        }
    }

    /// Goes on if the global that is read is the constant still, to `other` if not.
    fn as_constant(&mut self, constant: &samples::Constant, other: Block) {
        let body = self.program.body(self.pc);
        // Those of a callee are those of its function.
        if body.level == 0 {
            self.as_namespace(layout::GLOBALS, body.globals.value(), other);
            if constant.builtins.is_some() {
                self.as_namespace(layout::BUILTINS, body.builtins.value(), other);
            }
        }
        for version in [constant.globals].into_iter().chain(constant.builtins) {
            self.if_version(version, other);
        }
    }

    /// A global that is expected to be that number; leaves if it is not.
    pub(super) fn load_number(&mut self, to: Reg, number: u64) {
        match self.program.constant(self.pc).filter(|constant| constant.word.bits() == number) {
            Some(constant) => {
                let other = self.unexpected();
                self.as_constant(&constant, other);
            }
            // It changed just now.
            None => self.leave_for_good(),
        }
        self.constant(to, number);
    }

    /// Goes on if that number is at that address, to `other` if not.
    fn if_version(&mut self, (address, version): (*const u32, u32), other: Block) -> (Value, u32) {
        let address = self.word(address.expose_provenance() as u64);
        let same = self.has_version((address, version));
        self.refuse_unless(same, other);
        (address, version)
    }

    /// Goes on if that namespace of the frame is `expected`, to `other` if not.
    fn as_namespace(&mut self, offset: i32, expected: taipan_objects::Value, other: Block) {
        let frame = self.frame();
        let word = self.read(frame, offset);
        let found = self.object(word);
        let same = self.b.ins().icmp_imm_s(IntCC::Equal, found, expected.counted().bits() as i64);
        self.refuse_unless(same, other);
    }

    /// Lends the function's cells to registers.
    pub(super) fn copy_free(&mut self, first: Reg, count: u16) {
        for register in first..first + count {
            self.must_be_free(register);
        }
        let function = match &self.program.body(self.pc).function {
            Some(function) => self.word(function.value().counted().bits()),
            None => self.read(self.frame, layout::FUNCTION),
        };
        let registers = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let number = self.word(u64::from(count));
        self.forget_all(first..first + count);
        let done = self.call(runtime::copy_free_vars as *const () as usize, &[function, registers, number]);
        self.leave_unless(done);
    }

    pub(super) fn load_cell(&mut self, to: Reg, cell: Reg) {
        let word = self.load(cell);
        self.pointer(word);
        let object = self.of_shape(word, shapes::CELL);
        let (on, other) = (self.b.create_block(), self.unexpected());
        self.b.append_block_param(on, I64);
        self.read_slot(object, layout::CELL_VALUE, on, other);
        self.b.switch_to_block(on);
        let found = self.b.block_params(on)[0];
        self.put(to, found);
    }

    /// Leaves, and lets what follows be code that is not reached.
    pub(super) fn leave_for_good(&mut self) {
        let exit = self.unexpected();
        self.leave_to(exit);
    }
}
