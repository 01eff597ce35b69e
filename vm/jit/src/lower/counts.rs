//! Reference counts of the thread's own objects, and reading and writing the slots of objects: what `taipan_gc` does in a few instructions. Everything else is for functions of
//! [`taipan_vm::tier::runtime`].

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_objects::Obj;
use taipan_objects::singletons::{bool_obj, none};
use taipan_vm::tier::runtime;
use taipan_vm::tier::samples::Kind;

use super::Lowering;
use crate::x64::stubs::Stub;

/// Storage that writers replace, in which a slot is read.
#[derive(Clone, Copy)]
pub(super) struct Storage {
    /// What has its address, so many bytes from there.
    pub owner: Value,
    pub offset: i32,
    pub address: Value,
    /// Where the number is by which it is known whether a place in it is still the same thing's, and that number.
    pub version: Option<(Value, u32)>,
}

impl Lowering<'_, '_> {
    /// Another reference to a live object. Goes on here, or in `other` with nothing done.
    pub(super) fn add_reference(&mut self, object: Value, other: Block) {
        let done = self.call_stub(Stub::Count, &[object]);
        self.refuse_unless(done, other);
    }

    /// Reads the slot so many bytes from an address: as `Slot::load_at_once`. Goes to `on` with a word that owns its reference or needs none, or to `other` with nothing done.
    pub(super) fn read_slot(&mut self, object: Value, offset: i32, on: Block, other: Block) {
        self.read_slot_in(object, offset, None, on, other);
    }

    /// The same in storage that may be replaced: as `Slot::load_at_once_in`.
    pub(super) fn read_slot_in(
        &mut self,
        object: Value,
        offset: i32,
        storage: Option<Storage>,
        on: Block,
        other: Block,
    ) {
        let expected = self.guesses[self.pc].result;
        let is_object = |kind| !matches!(kind, Kind::Int | Kind::Float | Kind::Bool | Kind::None);
        if storage.is_none() && expected.is_some_and(is_object) {
            let place = self.b.ins().iadd_imm_s(object, i64::from(offset));
            let found = self.call_stub(Stub::ReadAt, &[place]);
            self.b.ins().brif(found, on, &[found.into()], other, &[]);
            return;
        }
        let word = self.read(object, offset);
        let pointer = self.b.create_block();
        let number = self.is_number(word);
        if let Some(storage) = storage.filter(|storage| storage.version.is_some()) {
            let current = self.b.create_block();
            self.b.ins().brif(number, current, &[], pointer, &[]);
            self.b.switch_to_block(current);
            let same = self.is_current(storage);
            self.b.ins().brif(same, on, &[word.into()], other, &[]);
        } else {
            self.b.ins().brif(number, on, &[word.into()], pointer, &[]);
        }
        self.b.switch_to_block(pointer);
        if storage.is_none() {
            self.if_expected_immortal(word, on);
        }
        let place = self.b.ins().iadd_imm_s(object, i64::from(offset));
        let found = self.call_stub(Stub::Read, &[word, place]);
        let Some(storage) = storage else {
            self.b.ins().brif(found, on, &[found.into()], other, &[]);
            return;
        };
        let (there, stale) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(found, there, &[], other, &[]);
        self.b.switch_to_block(there);
        let same = self.is_current(storage);
        self.b.ins().brif(same, on, &[found.into()], stale, &[]);
        // What was counted belongs to this thread, so it did not end before: this takes the count back.
        self.b.set_cold_block(stale);
        self.b.switch_to_block(stale);
        if self.is_virtual() {
            let here = self.here();
            self.release_at(found, here, |this| this.place_of(this.pc));
        } else {
            self.stand_here();
            self.drop_quietly(found);
        }
        self.b.ins().jump(other, &[]);
    }

    /// Goes to `on` if a word that was read is of an immortal object that is expected to be the result, and goes on here otherwise: there is nothing to be counted, nor to be looked at again.
    pub(super) fn if_expected_immortal(&mut self, word: Value, on: Block) {
        let expected: &[Obj] = match self.guesses[self.pc].result {
            Some(Kind::Bool) => &[bool_obj(true), bool_obj(false)],
            Some(Kind::None) => &[none()],
            _ => &[],
        };
        for object in expected {
            let value = object.value();
            let is = self.b.ins().icmp_imm_s(IntCC::Equal, word, value.counted().bits() as i64);
            let (lasting, another) = (self.word(value.uncounted().bits()), self.b.create_block());
            self.b.ins().brif(is, on, &[lasting.into()], another, &[]);
            self.b.switch_to_block(another);
        }
    }

    /// Whether the storage is still the one in use.
    fn is_current(&mut self, storage: Storage) -> Value {
        let Storage { owner, offset, address, version } = storage;
        let same = self.still_holds(owner, offset, address);
        let Some(version) = version else { return same };
        let current = self.has_version(version);
        self.b.ins().band(same, current)
    }

    /// Whether that number is at that address.
    pub(super) fn has_version(&mut self, (address, version): (Value, u32)) -> Value {
        let now = self.b.ins().atomic_load(I32, MemFlagsData::trusted(), address);
        self.b.ins().icmp_imm_s(IntCC::Equal, now, i64::from(version as i32))
    }

    /// Whether a slot has the word still. An atomic load is one that is done again.
    fn still_holds(&mut self, object: Value, offset: i32, word: Value) -> Value {
        let place = self.b.ins().iadd_imm_s(object, i64::from(offset));
        let again = self.b.ins().atomic_load(I64, MemFlagsData::trusted(), place);
        self.b.ins().icmp(IntCC::Equal, again, word)
    }

    /// The word for a slot that a `T` operand gives: as `Regs::stored_at_once`. Goes to `other`, with nothing done, if there is none at once.
    pub(super) fn stored_word(&mut self, word: Value, take: bool, other: Block) -> Value {
        let on = self.b.create_block();
        self.b.append_block_param(on, I64);
        let (pointer, there, count) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let number = self.is_number(word);
        self.b.ins().brif(number, on, &[word.into()], pointer, &[]);
        self.b.switch_to_block(pointer);
        self.b.ins().brif(word, there, &[], other, &[]);
        self.b.switch_to_block(there);
        if take {
            let lent = self.b.ins().band_imm_s(word, 1);
            self.b.ins().brif(lent, count, &[], on, &[word.into()]);
        } else {
            self.b.ins().jump(count, &[]);
        }
        self.b.switch_to_block(count);
        let object = self.object(word);
        self.add_reference(object, other);
        self.b.ins().jump(on, &[object.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }

    /// A word for another register that owns its reference; leaves if that is not done at once.
    pub(super) fn copied(&mut self, word: Value) {
        let (other, on) = (self.b.create_block(), self.b.create_block());
        let object = self.object(word);
        self.add_reference(object, other);
        self.b.ins().jump(on, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        let copied = self.call(runtime::copy_word as *const () as usize, &[word]);
        self.done(copied, runtime::NO);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }
}
