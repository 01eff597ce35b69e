//! Moves, and what is done with objects.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_objects::code::slot_caches;
use taipan_objects::singletons::none;
use taipan_vm::tier::runtime::{self};
use taipan_vm::tier::samples::Kind;

use super::Lowering;
use crate::kinds::Known;
use crate::plan::Reg;
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
    pub(super) fn if_so(&mut self, condition: Value) -> Block {
        let another = self.b.create_block();
        self.refuse_unless(condition, another);
        another
    }
    /// Goes on here if an object has the shape; otherwise in the block that is given.
    pub(super) fn if_shape(&mut self, found: Value, shape: u32) -> Block {
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, i64::from(shape as i32));
        self.if_so(is)
    }
    /// Goes on in `on` with a word that needs no count if the class, which is alive because the subject is it or an instance, has that version; otherwise in `other`.
    pub(super) fn while_class(
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

    /// Leaves if the register owns something.
    pub(super) fn must_be_free(&mut self, register: Reg) {
        if !self.state[register as usize].is_free() {
            let word = self.load(register);
            let counted = self.is_counted(word);
            self.leave_if(counted);
        }
    }

    /// Goes to a block, and lets what follows be code that is not reached.
    pub(super) fn leave_to(&mut self, other: Block) {
        self.b.ins().jump(other, &[]);
        let unreached = self.b.create_block();
        self.b.switch_to_block(unreached);
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

    /// Leaves, and lets what follows be code that is not reached.
    pub(super) fn leave_for_good(&mut self) {
        let exit = self.unexpected();
        self.leave_to(exit);
    }
}
