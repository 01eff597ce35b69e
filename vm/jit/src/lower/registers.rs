//! Words, registers, and the numbers in them.

use std::ops::Range;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_vm::tier::Left;
use taipan_vm::tier::runtime::{self, layout};

use super::{FLOAT_OFFSET, INT_TAG, Lowering};
use crate::kinds::Known;
use crate::plan::{Plan, Reg};
use crate::x64::stubs::Stub;

/// A jump to `target` if `truth` is `when`, and to `next` if not.
#[derive(Clone, Copy)]
pub(super) struct Jump {
    pub truth: Value,
    pub when: bool,
    pub target: usize,
    pub next: usize,
}

impl Lowering<'_, '_> {
    /// A constant: one for the whole function, since it is only made where it is used.
    pub(super) fn word(&mut self, word: u64) -> Value {
        let (func, entry) = (&mut *self.b.func, self.entry);
        let make = || FuncCursor::new(func).at_first_insertion_point(entry).ins().iconst(I64, word as i64);
        *self.words.entry(word).or_insert_with(make)
    }
    /// Address of the instruction at `pc`.
    pub(super) fn address(&self, pc: usize) -> u64 {
        self.program.address(pc)
    }
    /// The same as a value.
    pub(super) fn place_of(&mut self, pc: usize) -> Value {
        let address = self.address(pc);
        self.word(address)
    }
    /// Where execution goes on behind the instruction being made, as machine code tells it that leaves.
    pub(super) fn next(&mut self) -> Value {
        self.going_on(Plan::next(self.pc, self.plans))
    }
    /// The same at the instruction at `pc`.
    pub(super) fn going_on(&mut self, pc: usize) -> Value {
        self.word(self.address(pc) | Left::GO_ON)
    }
    /// Address of the cache of the instruction being made.
    pub(super) fn cache(&mut self) -> Value {
        let address = std::ptr::from_ref(self.program.cache(self.pc)).expose_provenance() as u64;
        self.word(address)
    }
    /// The frame of the instruction being made.
    pub(super) fn frame(&mut self) -> Value {
        let level = self.program.body(self.pc).level;
        if level == 0 {
            return self.frame;
        }
        self.is_failed |= self.is_virtual();
        self.b.ins().iadd_imm_s(self.frame, i64::from(level) * i64::from(layout::FRAME))
    }
    pub(super) fn read(&mut self, address: Value, offset: i32) -> Value {
        self.b.ins().load(I64, MemFlagsData::trusted(), address, offset)
    }
    /// The word of a register.
    pub(super) fn load(&mut self, register: Reg) -> Value {
        match self.number(register) {
            Some(number) if self.state[register as usize].is_late() => self.boxed(number),
            _ => match self.seen_word(register) {
                Some(word) => word,
                None => self.read(self.window, register as i32 * 8),
            },
        }
    }
    /// The number of a register, if that is known to have one: an integer or a float.
    pub(super) fn number(&mut self, register: Reg) -> Option<Value> {
        let known = self.state[register as usize].number()?;
        let variables = if known == Known::Int { &self.ints } else { &self.floats };
        Some(self.b.use_var(variables[register as usize]))
    }
    /// Writes a register's number, if that is late. It counts as late still.
    pub(super) fn write_late(&mut self, register: Reg) {
        if self.state[register as usize].is_late() {
            let word = self.load(register);
            self.store(register, word);
        }
    }
    /// The same of all, where that is seldom executed.
    pub(super) fn write_seldom(&mut self) {
        let late = self.late();
        self.write_numbers(&late);
    }
    /// Writes the numbers of those registers that are late, which they are not any more.
    pub(super) fn settle(&mut self, registers: impl Iterator<Item = Reg>) {
        for register in registers {
            self.write_late(register);
            let known = &mut self.state[register as usize];
            *known = known.settled();
        }
    }
    /// The same of all: others will look at the registers.
    pub(super) fn settle_all(&mut self) {
        self.settle(0..self.state.len() as Reg);
    }
    /// The same of those that are not late any more in front of the instruction at `target`.
    pub(super) fn settle_for(&mut self, target: usize) {
        let Some(want) = &self.states[target] else { return };
        self.settle((0..want.len() as Reg).filter(|register| !want[*register as usize].is_late()));
    }
    /// Writes to a register that owns nothing.
    pub(super) fn store(&mut self, register: Reg, word: Value) {
        self.forget(register);
        self.b.ins().store(MemFlagsData::trusted(), word, self.window, register as i32 * 8);
    }
    pub(super) fn store_word(&mut self, register: Reg, word: u64) {
        let word = self.word(word);
        self.store(register, word);
    }
    /// Writes to a register, and drops what it owned.
    pub(super) fn put(&mut self, register: Reg, word: Value) {
        let next = self.next();
        self.put_before(register, word, next);
    }
    /// The same in an instruction behind which execution goes on as `next` says: see [`Self::next`].
    pub(super) fn put_before(&mut self, register: Reg, word: Value, next: Value) {
        self.put_at(register, word, self.here(), next);
    }
    /// The same of the caller's register when the frame of the instruction being made was popped: the caller's stands at its call.
    pub(super) fn put_for_caller(&mut self, register: Reg, word: Value, next: Value) {
        if self.is_virtual() {
            let body = self.program.places[self.pc].body;
            let call = self.program.caller_of(body).expect("a callee has a caller");
            let pc = std::mem::replace(&mut self.pc, call);
            self.put_before(register, word, next);
            self.pc = pc;
            return;
        }
        let level = u64::from(self.program.body(self.pc).level);
        self.put_at(register, word, level - 1, next);
    }
    /// The instruction being made, and how many frames below its own are the program's: see [`runtime::drop_and_look`].
    pub(super) fn here(&self) -> u64 {
        let asks = if self.keeps { runtime::SHAPES } else { 0 };
        self.address(self.pc) | u64::from(self.program.body(self.pc).level) | asks
    }
    /// The same while the innermost frame stands as `here` says.
    fn put_at(&mut self, register: Reg, word: Value, here: u64, next: Value) {
        if self.state[register as usize].is_free() {
            return self.store(register, word);
        }
        let old = self.load(register);
        self.store(register, word);
        self.release_at(old, here, |_| next);
    }
    /// Drops a word that was moved out of its place. If somebody got hold of the frame meanwhile, leaves behind it with `next`: see [`taipan_vm::tier`].
    pub(super) fn release(&mut self, old: Value, next: Value) {
        self.release_at(old, self.here(), |_| next);
    }
    /// The same in an instruction that jumps.
    pub(super) fn release_and_jump(&mut self, old: Value, jump: Jump) {
        self.release_at(old, self.here(), |this| this.jump_goes_on(jump));
    }
    /// Where execution goes on behind an instruction that jumps.
    fn jump_goes_on(&mut self, jump: Jump) -> Value {
        let Jump { truth, when, target, next } = jump;
        let (there, here) = (self.going_on(target), self.going_on(next));
        let (yes, no) = if when { (there, here) } else { (here, there) };
        self.b.ins().select(truth, yes, no)
    }
    /// [`Self::release_and_jump`] of two, the first one first. The common case is that neither is the last reference.
    pub(super) fn release_both(&mut self, [first, second]: [Value; 2], jump: Jump) {
        let (last, other, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let kept = self.call_stub(Stub::Drop, &[first]);
        self.b.ins().brif(kept, last, &[], other, &[]);
        self.b.set_cold_block(last);
        self.b.switch_to_block(last);
        if self.is_virtual() {
            self.write_seldom();
            self.push_virtual();
        } else {
            self.stand_here();
        }
        self.drop_quietly(first);
        self.drop_quietly(second);
        let left = self.b.create_block();
        if self.is_virtual() {
            self.b.ins().jump(left, &[]);
        } else {
            let seen = self.b.create_block();
            self.unless_watched(seen);
            self.b.ins().jump(left, &[]);
            self.b.switch_to_block(seen);
            self.recheck(left);
            self.b.ins().jump(on, &[]);
        }
        self.b.set_cold_block(left);
        self.b.switch_to_block(left);
        let next = self.jump_goes_on(jump);
        self.give(next);
        self.b.switch_to_block(other);
        self.release_and_jump(second, jump);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }
    /// The same while the innermost frame stands as `here` says.
    pub(super) fn release_at(&mut self, old: Value, here: u64, next: impl FnOnce(&mut Self) -> Value) {
        let (last, left) = (self.b.create_block(), self.b.create_block());
        let on = self.b.create_block();
        let kept = self.call_stub(Stub::Drop, &[old]);
        self.b.ins().brif(kept, last, &[], on, &[]);
        self.b.set_cold_block(last);
        self.b.switch_to_block(last);
        self.write_seldom();
        let watched = if self.is_virtual() {
            let site = self.site();
            self.call_stub(Stub::DropAndLookVirtual, &[old, site])
        } else {
            let here = self.word(here);
            self.call_stub(Stub::DropAndLook, &[old, here])
        };
        self.b.ins().brif(watched, left, &[], on, &[]);
        self.b.set_cold_block(left);
        self.b.switch_to_block(left);
        let next = next(self);
        self.give(next);
        self.b.switch_to_block(on);
    }
    /// Goes on in a block; but here, if code that ran meanwhile may have changed variables of the frame, or of one of those below that are part of the program, by way of its object.
    pub(super) fn unless_watched(&mut self, on: Block) {
        let level = self.program.body(self.pc).level;
        let mut any = self.read(self.frame, layout::OBJECT);
        for level in 1..=i32::from(level) {
            let object = self.read(self.frame, level * layout::FRAME + layout::OBJECT);
            any = self.b.ins().bor(any, object);
        }
        let seen = self.b.create_block();
        self.b.ins().brif(any, seen, &[], on, &[]);
        self.b.set_cold_block(seen);
        self.b.switch_to_block(seen);
        self.unless_written(on);
    }
    /// The same without a look at whether the frames have objects.
    fn unless_written(&mut self, on: Block) {
        let (level, left) = (self.program.body(self.pc).level, self.b.create_block());
        let (frame, below) = (self.frame(), self.word(u64::from(level)));
        let watched = self.call(runtime::is_watched as *const () as usize, &[frame, below]);
        self.b.ins().brif(watched, left, &[], on, &[]);
        self.b.set_cold_block(left);
        self.b.switch_to_block(left);
    }
    /// Drops a word where it is looked later whether the frame was written. The innermost frame stands at the instruction: see [`Self::stand_here`].
    pub(super) fn drop_quietly(&mut self, word: Value) {
        self.call_stub(Stub::DropAnyhow, &[word]);
    }
    /// Lets the frame stand at the instruction being made, for others to look at.
    pub(super) fn stand_here(&mut self) {
        self.write_seldom();
        let (frame, here) = (self.frame(), self.place_of(self.pc));
        self.write(here, frame, layout::IP);
    }
    /// Empties a register, likewise.
    pub(super) fn empty(&mut self, register: Reg) {
        let word = (!self.state[register as usize].is_free()).then(|| self.load(register));
        self.store_word(register, 0);
        let Some(word) = word else { return };
        let body = self.program.body(self.pc);
        if !(body.base..body.base + body.code.nparams).contains(&register) {
            return self.drop_quietly(word);
        }
        // Most arguments are lent.
        let (owned, on) = (self.b.create_block(), self.b.create_block());
        let marked = self.b.ins().band_imm_s(word, 1);
        self.b.ins().brif(marked, on, &[], owned, &[]);
        self.b.switch_to_block(owned);
        self.drop_quietly(word);
        self.come_to(on);
    }
    /// Empties registers, likewise.
    pub(super) fn empty_all(&mut self, registers: Range<Reg>) {
        // A piece of code for each takes 20 bytes more, and as many instructions.
        const FEW: usize = 3;
        let owned = registers.clone().filter(|register| !self.state[*register as usize].is_free()).count();
        if owned <= FEW {
            registers.for_each(|register| self.empty(register));
        } else {
            let first = self.b.ins().iadd_imm_s(self.window, i64::from(registers.start) * 8);
            let end = self.b.ins().iadd_imm_s(self.window, i64::from(registers.end) * 8);
            self.call_stub(Stub::Empty, &[first, end]);
        }
    }
    /// Whether dropping the word changes a count.
    pub(super) fn is_counted(&mut self, word: Value) -> Value {
        let rotated = self.b.ins().rotr_imm_s(word, 1);
        let less = self.b.ins().iadd_imm_s(rotated, -1);
        let limit = self.word((1 << 47) - 1);
        self.b.ins().icmp(IntCC::UnsignedLessThan, less, limit)
    }
    /// Leaves unless the word is a pointer.
    pub(super) fn pointer(&mut self, word: Value) {
        let is = self.is_pointer(word);
        self.leave_unless(is);
    }
    pub(super) fn is_pointer(&mut self, word: Value) -> Value {
        // Shorter than a comparison with what takes ten bytes. One bit less than words have for pointers, which user space does not have: the word of 0.0 is the first one behind those.
        let less = self.b.ins().iadd_imm_s(word, -1);
        let high = self.b.ins().ushr_imm_s(less, 47);
        self.b.ins().icmp_imm_s(IntCC::Equal, high, 0)
    }
    /// Address of the object that a pointer leads to.
    pub(super) fn object(&mut self, word: Value) -> Value {
        self.b.ins().band_imm_s(word, !1)
    }
    /// Leaves unless the pointer is to an object of that shape; gives its address.
    pub(super) fn of_shape(&mut self, word: Value, shape: u32) -> Value {
        let object = self.object(word);
        let exit = self.unexpected();
        self.as_shape(object, shape, exit);
        object
    }
    /// Goes on if an object has that shape, to `other` if not.
    pub(super) fn as_shape(&mut self, object: Value, shape: u32, other: Block) {
        let found = self.shape(object);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, i64::from(shape as i32));
        self.refuse_unless(is, other);
    }

    // --- numbers ---

    /// The integer in a register, which is tested to be one unless that is known.
    pub(super) fn int(&mut self, register: Reg) -> Value {
        let variable = self.ints[register as usize];
        if self.state[register as usize].number() == Some(Known::Int) {
            return self.b.use_var(variable);
        }
        let word = self.load(register);
        let is = self.is_int(word);
        self.leave_unless(is);
        let int = self.int_of(word);
        self.b.def_var(variable, int);
        self.state[register as usize] = Known::Int;
        int
    }
    /// The float in a register, likewise.
    pub(super) fn float(&mut self, register: Reg) -> Value {
        let variable = self.floats[register as usize];
        if self.state[register as usize].number() == Some(Known::Float) {
            return self.b.use_var(variable);
        }
        let word = self.load(register);
        let float = self.float_or_leave(word);
        self.b.def_var(variable, float);
        self.state[register as usize] = Known::Float;
        float
    }
    pub(super) fn is_number(&mut self, word: Value) -> Value {
        let least = self.word(FLOAT_OFFSET);
        self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, word, least)
    }
    pub(super) fn is_int(&mut self, word: Value) -> Value {
        let tag = self.word(INT_TAG);
        self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, word, tag)
    }
    pub(super) fn int_of(&mut self, word: Value) -> Value {
        let high = self.b.ins().ishl_imm_s(word, 16);
        self.b.ins().sshr_imm_s(high, 16)
    }
    /// The float that a word is known to be.
    pub(super) fn float_of(&mut self, word: Value) -> Value {
        let offset = self.word(FLOAT_OFFSET);
        let bits = self.b.ins().isub(word, offset);
        self.b.ins().bitcast(F64, cranelift_codegen::ir::MemFlagsData::new(), bits)
    }
    /// The float that a word is; leaves if it is none.
    pub(super) fn float_or_leave(&mut self, word: Value) -> Value {
        let exit = self.unexpected();
        self.float_or(word, exit)
    }
    /// The float that a word is; goes to `other` if it is none.
    pub(super) fn float_or(&mut self, word: Value, other: Block) -> Value {
        let offset = self.word(FLOAT_OFFSET);
        let bits = self.b.ins().isub(word, offset);
        let limit = self.word(INT_TAG - FLOAT_OFFSET);
        let is = self.b.ins().icmp(IntCC::UnsignedLessThan, bits, limit);
        self.refuse_unless(is, other);
        self.b.ins().bitcast(F64, cranelift_codegen::ir::MemFlagsData::new(), bits)
    }
    pub(super) fn boxed_int(&mut self, int: Value) -> Value {
        let high = self.b.ins().ishl_imm_s(int, 16);
        let low = self.b.ins().ushr_imm_s(high, 16);
        let tag = self.word(INT_TAG);
        self.b.ins().bor(low, tag)
    }
    pub(super) fn boxed_float(&mut self, float: Value) -> Value {
        let bits = self.b.ins().bitcast(I64, cranelift_codegen::ir::MemFlagsData::new(), float);
        let offset = self.word(FLOAT_OFFSET);
        self.b.ins().iadd(bits, offset)
    }
    pub(super) fn boxed(&mut self, number: Value) -> Value {
        if self.is_float(number) { self.boxed_float(number) } else { self.boxed_int(number) }
    }
    fn is_float(&self, number: Value) -> bool {
        self.b.func.dfg.value_type(number) == F64
    }
    /// Lets a register have an integer of 48 bits, or a float that is a number.
    pub(super) fn put_number(&mut self, to: Reg, number: Value) {
        if !self.state[to as usize].is_bare() {
            let word = self.boxed(number);
            self.put(to, word);
        }
        self.have(to, number);
    }
    /// The same of the machine register alone.
    pub(super) fn have(&mut self, to: Reg, number: Value) {
        self.forget(to);
        let variables = if self.is_float(number) { &self.floats } else { &self.ints };
        self.b.def_var(variables[to as usize], number);
    }
    /// Lets a register have a float; leaves if that is no number.
    pub(super) fn put_float(&mut self, to: Reg, float: Value) {
        let none = self.b.ins().fcmp(FloatCC::Unordered, float, float);
        self.leave_if(none);
        self.put_number(to, float);
    }
}
