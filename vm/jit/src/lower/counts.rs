//! Reference counts of the thread's own objects, and reading and writing the slots of objects: what `taipan_gc` does in a few instructions. Everything else is for functions of
//! [`taipan_vm::tier::runtime`].

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_objects::Header;
use taipan_vm::tier::runtime;

use super::Lowering;

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
    fn local_count(&mut self, object: Value) -> Value {
        self.b.ins().load(I32, MemFlagsData::trusted(), object, Header::LOCAL)
    }
    fn is_immortal(&mut self, local: Value) -> Value {
        self.b.ins().icmp_imm_s(IntCC::Equal, local, -1)
    }
    /// Whether the object belongs to this thread.
    fn is_own(&mut self, object: Value) -> Value {
        let owner = self.b.ins().load(I16, MemFlagsData::trusted(), object, Header::OWNER);
        let slot = taipan_threading::SLOT_FROM_POLL;
        let mine = self.b.ins().load(I16, MemFlagsData::trusted(), self.poll, slot);
        self.b.ins().icmp(IntCC::Equal, owner, mine)
    }
    fn set_local_count(&mut self, object: Value, local: Value) {
        self.b.ins().store(MemFlagsData::trusted(), local, object, Header::LOCAL);
    }

    /// Another reference to a live object: as `refcount::try_incref_own`. Goes on here, or in `other` with nothing done.
    pub(super) fn add_reference(&mut self, object: Value, other: Block) {
        let local = self.local_count(object);
        let (mortal, mine, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let immortal = self.is_immortal(local);
        self.b.ins().brif(immortal, on, &[], mortal, &[]);
        self.b.switch_to_block(mortal);
        let own = self.is_own(object);
        self.b.ins().brif(own, mine, &[], other, &[]);
        self.b.switch_to_block(mine);
        let more = self.b.ins().iadd_imm_s(local, 1);
        self.set_local_count(object, more);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// Gives up a reference if that is not the last one and the object this thread's: as `refcount::try_decref_own`. Goes to one of the blocks.
    pub(super) fn drop_reference(&mut self, object: Value, done: Block, other: Block) {
        let local = self.local_count(object);
        let mine = self.b.create_block();
        // Neither the last one nor immortal.
        let less = self.b.ins().iadd_imm_s(local, -2);
        let several = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, less, u32::MAX as i64 - 2);
        let own = self.is_own(object);
        let both = self.b.ins().band(several, own);
        self.b.ins().brif(both, mine, &[], other, &[]);
        self.b.switch_to_block(mine);
        let less = self.b.ins().iadd_imm_s(local, -1);
        self.set_local_count(object, less);
        self.b.ins().jump(done, &[]);
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
        let word = self.read(object, offset);
        let (pointer, there, mortal, own, counted, last, lasting) = (
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        let number = self.is_number(word);
        if storage.is_some_and(|storage| storage.version.is_some()) {
            let current = self.b.create_block();
            self.b.ins().brif(number, current, &[], pointer, &[]);
            self.b.switch_to_block(current);
            let same = self.is_current(storage, number);
            self.b.ins().brif(same, on, &[word.into()], other, &[]);
        } else {
            self.b.ins().brif(number, on, &[word.into()], pointer, &[]);
        }
        self.b.switch_to_block(pointer);
        self.b.ins().brif(word, there, &[], other, &[]);
        self.b.switch_to_block(there);
        let content = self.object(word);
        let flags = self.b.ins().load(I8, MemFlagsData::trusted(), content, Header::FLAGS);
        let local = self.local_count(content);
        let immortal = self.is_immortal(local);
        self.b.ins().brif(immortal, lasting, &[], mortal, &[]);
        self.b.switch_to_block(mortal);
        let deferred = self.b.ins().band_imm_u(flags, (Header::DEFERRED | Header::DYING) as i64);
        self.b.ins().brif(deferred, last, &[], own, &[]);
        self.b.switch_to_block(own);
        let mine = self.is_own(content);
        let same = self.still_holds(object, offset, word);
        let same = self.is_current(storage, same);
        let both = self.b.ins().band(mine, same);
        self.b.ins().brif(both, counted, &[], other, &[]);
        self.b.switch_to_block(counted);
        let more = self.b.ins().iadd_imm_s(local, 1);
        self.set_local_count(content, more);
        self.b.ins().jump(on, &[word.into()]);
        self.b.switch_to_block(last);
        let alive = self.b.ins().icmp_imm_s(IntCC::Equal, deferred, Header::DEFERRED as i64);
        self.b.ins().brif(alive, lasting, &[], other, &[]);
        self.b.switch_to_block(lasting);
        let same = self.still_holds(object, offset, word);
        let same = self.is_current(storage, same);
        let marked = self.b.ins().bor_imm_s(word, 1);
        self.b.ins().brif(same, on, &[marked.into()], other, &[]);
    }

    /// Whether the storage is still the one in use, and `same`.
    fn is_current(&mut self, storage: Option<Storage>, same: Value) -> Value {
        let Some(Storage { owner, offset, address, version }) = storage else { return same };
        let current = self.still_holds(owner, offset, address);
        let same = self.b.ins().band(same, current);
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
