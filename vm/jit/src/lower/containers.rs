//! Items of lists, tuples and arrays: reading and writing them, iterating, taking apart and building.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I8, I64};
use cranelift_codegen::ir::{Block, InstBuilder, InstructionData, MemFlagsData, Opcode, Value, ValueDef};
use taipan_bytecode::Instr;
use taipan_objects::iterators::PySequenceIter;
use taipan_objects::list::PyList;
use taipan_objects::str::{PyStr, latin1_chars};
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::number_items::{self, Doubles};
use taipan_vm::tier::runtime;
use taipan_vm::tier::samples::Kind;

use super::Lowering;
use super::counts::Storage;
use crate::expect::Guess;
use crate::kinds::{self, Known, State};
use crate::plan::{Operand, Parts, Plan, Reg};

impl Lowering<'_, '_> {
    /// The list in a register, which is tested to be one unless that is known; its address.
    pub(super) fn list(&mut self, register: Reg) -> Value {
        let word = self.load(register);
        if self.state[register as usize] == Known::List {
            return self.object(word);
        }
        self.pointer(word);
        let list = self.of_shape(word, runtime::shapes::LIST);
        self.state[register as usize] = Known::List;
        list
    }

    /// The constant that a value is.
    fn constant_of(&self, value: Value) -> Option<i64> {
        let dfg = &self.b.func.dfg;
        match dfg.value_def(dfg.resolve_aliases(value)) {
            ValueDef::Result(inst, _) => match dfg.insts[inst] {
                InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
                _ => None,
            },
            _ => None,
        }
    }

    fn index(&mut self, index: Operand) -> Value {
        match index {
            Operand::Reg(register) => self.int(register),
            Operand::Int(int) => self.word(int as u64),
        }
    }

    /// The address of the place of an item in the list's storage, less the offset of the words, and the storage; leaves if there is none.
    fn place(&mut self, list: Value, index: Value, constant: Option<i64>) -> (Value, Value) {
        let length = self.read(list, PyList::LEN);
        let index = match constant.or_else(|| self.constant_of(index)) {
            Some(constant) if constant >= 0 => index,
            Some(_) => self.b.ins().iadd(index, length),
            None => {
                let from_end = self.b.ins().iadd(index, length);
                let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, index, 0);
                self.b.ins().select(negative, from_end, index)
            }
        };
        let storage = self.read(list, PyList::STORAGE);
        let there = self.b.ins().icmp(IntCC::UnsignedLessThan, index, length);
        self.leave_unless(there);
        let capacity = self.read(storage, PyList::CAPACITY);
        let there = self.b.ins().icmp(IntCC::UnsignedLessThan, index, capacity);
        self.leave_unless(there);
        let offset = self.b.ins().ishl_imm_s(index, 3);
        (self.b.ins().iadd(storage, offset), storage)
    }

    pub(super) fn item(&mut self, to: Reg, container: Reg, index: Operand, guess: &Guess) {
        let constant = match index {
            Operand::Int(int) => Some(int),
            Operand::Reg(_) => None,
        };
        let accessed = kinds::accessed(&self.state, container, index, guess);
        if accessed == Some(Known::Doubles) {
            return self.item_of_doubles(to, container, index);
        }
        let of_list = accessed == Some(Known::List);
        if of_list && let Some(kind) = kinds::item_kind(guess) {
            let list = self.list(container);
            let at = self.index(index);
            let (place, _) = self.place(list, at, constant);
            // A number that was an item when the list had that storage: see `Place::number`.
            let word = self.read(place, PyList::WORDS);
            let exit = self.unexpected();
            let number = self.number_or(word, kind, exit);
            return self.put_number(to, number);
        }
        if of_list {
            let list = self.list(container);
            let at = self.index(index);
            let (other, on) = (self.b.create_block(), self.b.create_block());
            self.b.append_block_param(on, I64);
            let (place, storage) = self.place(list, at, constant);
            let storage = Storage { owner: list, offset: PyList::STORAGE, address: storage, version: None };
            self.read_slot_in(place, PyList::WORDS, Some(storage), on, other);
            self.b.set_cold_block(other);
            self.b.switch_to_block(other);
            let word = self.load(container);
            let found = self.call(runtime::item_at as *const () as usize, &[word, at]);
            let after = self.or_execute(found, runtime::NO, false);
            self.b.ins().jump(on, &[found.into()]);
            self.b.switch_to_block(on);
            let found = self.b.block_params(on)[0];
            self.put(to, found);
            return self.come_to(after);
        }
        let word = self.load(container);
        self.pointer(word);
        let at = self.index(index);
        if guess.left == Some(Kind::Str) {
            return self.character(to, word, at);
        }
        let found = self.call(runtime::item_at as *const () as usize, &[word, at]);
        let after = self.or_execute(found, runtime::NO, false);
        self.put(to, found);
        self.come_to(after);
    }

    /// A character of a text: as `latin1_char_at_once`, or in another way.
    fn character(&mut self, to: Reg, word: Value, at: Value) {
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let text = self.object(word);
        self.as_shape(text, runtime::shapes::STR, other);
        let meta = self.read(text, PyStr::META);
        let width = self.b.ins().band_imm_s(meta, PyStr::WIDTH as i64);
        self.refuse_if(width, other);
        let length = self.b.ins().ushr_imm_s(meta, i64::from(PyStr::LENGTH_SHIFT));
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, at, length);
        self.refuse_unless(inside, other);
        let data = self.read(text, PyStr::DATA);
        let place = self.b.ins().iadd(data, at);
        let byte = self.b.ins().load(I8, MemFlagsData::trusted(), place, 0);
        let number = self.b.ins().uextend(I64, byte);
        let distance = self.b.ins().ishl_imm_s(number, 3);
        let table = self.word(latin1_chars().expose_provenance() as u64);
        let place = self.b.ins().iadd(table, distance);
        let found = self.read(place, 0);
        let lent = self.b.ins().bor_imm_s(found, 1);
        self.b.ins().jump(on, &[lent.into()]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        let found = self.call(runtime::item_at as *const () as usize, &[word, at]);
        let after = self.or_execute(found, runtime::NO, false);
        self.b.ins().jump(on, &[found.into()]);
        self.b.switch_to_block(on);
        let found = self.b.block_params(on)[0];
        self.put(to, found);
        self.come_to(after);
    }

    pub(super) fn store_item(&mut self, container: Reg, index: Reg, operand: u16, guess: &Guess) {
        let number = self.state[Instr::split_take(operand).0 as usize].is_number();
        let accessed = kinds::accessed(&self.state, container, Operand::Reg(index), guess);
        if accessed == Some(Known::Doubles) && number {
            return self.store_double(container, index, operand);
        }
        let at = self.int(index);
        if accessed != Some(Known::List) || !number {
            let word = self.load(container);
            match accessed {
                Some(known) => self.test(container, known),
                None => self.pointer(word),
            }
            return self.store_by_call(word, at, operand);
        }
        let list = self.list(container);
        let (place, _) = self.place(list, at, None);
        let (shared, on) = (self.b.create_block(), self.b.create_block());
        self.store_number((place, PyList::WORDS), false, operand, shared, on);
        self.b.switch_to_block(shared);
        let container = self.load(container);
        self.store_by_call(container, at, operand);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// Stores an operand that is a number in place of one, or in an empty place if that may be, and goes on in `on`; in `other` if there are other threads, or there is something else.
    pub(super) fn store_number(
        &mut self,
        (address, offset): (Value, i32),
        may_be_empty: bool,
        operand: u16,
        other: Block,
        on: Block,
    ) {
        let (register, take) = Instr::split_take(operand);
        self.refuse_unless_alone(other);
        let old = self.read(address, offset);
        let was_plain = if may_be_empty {
            let pointer = self.is_pointer(old);
            self.b.ins().bxor_imm_s(pointer, 1)
        } else {
            self.is_number(old)
        };
        self.refuse_unless(was_plain, other);
        let word = self.load(register);
        self.b.ins().store(MemFlagsData::trusted(), word, address, offset);
        if take {
            self.store_word(register, 0);
        }
        self.b.ins().jump(on, &[]);
    }

    fn store_by_call(&mut self, container: Value, index: Value, operand: u16) {
        self.write_late(Instr::split_take(operand).0);
        self.forget(Instr::split_take(operand).0);
        let (window, number) = (self.window, self.word(u64::from(operand)));
        let old = self.call(runtime::store_item as *const () as usize, &[container, index, window, number]);
        let after = self.or_execute(old, runtime::NOTHING_DONE, false);
        self.release_here(old);
        self.come_to(after);
    }

    pub(super) fn append(&mut self, list: Reg, operand: u16) {
        let word = self.load(list);
        self.pointer(word);
        self.write_late(Instr::split_take(operand).0);
        self.forget(Instr::split_take(operand).0);
        let (window, number) = (self.window, self.word(u64::from(operand)));
        let done = self.call(runtime::append as *const () as usize, &[word, window, number]);
        self.done(done, 0);
    }

    /// Puts the parts of a tuple or list into registers.
    pub(super) fn unpack(&mut self, first: Reg, operand: u16, count: u16, parts: Parts) {
        let (register, take) = Instr::split_take(operand);
        let registers = first..first + count;
        let word = self.load(register);
        self.pointer(word);
        if registers.contains(&register) {
            return self.leave_for_good();
        }
        // What gets an object is not to be overwritten by the number that was there.
        let objects = (0..count).filter(|index| parts.number(*index).is_none());
        self.settle(objects.map(|index| first + index));
        let (slow, on) = (self.b.create_block(), self.b.create_block());
        let before = self.state.clone();
        let plain = registers.clone().all(|register| self.state[register as usize].is_free());
        if parts.source.is_some() && plain {
            self.b.set_cold_block(slow);
            self.unpack_in_line(first, word, count, parts, slow);
            if take {
                self.clear(register);
            }
            self.b.ins().jump(on, &[]);
        } else {
            self.b.ins().jump(slow, &[]);
        }
        self.b.switch_to_block(slow);
        self.state = before;
        // Nor is what is done there.
        self.settle(registers.clone());
        let at = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let items = self.word(u64::from(count));
        let done = self.call(runtime::unpack as *const () as usize, &[word, at, items]);
        self.done(done, 0);
        self.state[first as usize..(first + count) as usize].fill(Known::Nothing);
        if take {
            self.clear(register);
            self.state[register as usize] = Known::Bare;
        }
        // It is done: if there is something else, the next one finds that.
        let (pc, next) = (self.pc, Plan::next(self.pc, self.plans));
        self.pc = next;
        let slow = self.slow.take();
        for (index, register) in registers.enumerate() {
            if let Some(number) = parts.number(index as u16) {
                self.test(register, number);
            }
        }
        (self.pc, self.slow) = (pc, slow);
        self.come_to(on);
    }

    /// The same of one that is as expected, into registers that own nothing; goes to `other` if it is not so. Some of them may be written then.
    fn unpack_in_line(&mut self, first: Reg, word: Value, count: u16, parts: Parts, other: Block) {
        let object = self.object(word);
        let of_list = parts.source == Some(Kind::List);
        self.as_shape(object, if of_list { runtime::shapes::LIST } else { runtime::shapes::TUPLE }, other);
        if of_list {
            self.refuse_unless_alone(other);
        }
        let (length, items, offset) = if of_list {
            (PyList::LEN, PyList::STORAGE, PyList::WORDS)
        } else {
            (PyTuple::LEN, PyTuple::ITEMS, 0)
        };
        let length = self.read(object, length);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, length, i64::from(count));
        self.refuse_unless(is, other);
        let items = self.read(object, items);
        let place = |index: u16| offset + i32::from(index) * 8;
        for index in 0..count {
            let (to, number) = (first + index, parts.number(index));
            match number {
                Some(number) => {
                    let word = self.read(items, place(index));
                    let value = self.number_or(word, number, other);
                    self.put_number(to, value);
                    self.state[to as usize] = self.state[to as usize].given(number);
                }
                None => {
                    let on = self.b.create_block();
                    self.b.append_block_param(on, I64);
                    self.read_slot(items, place(index), on, other);
                    self.b.switch_to_block(on);
                    let word = self.b.block_params(on)[0];
                    self.store(to, word);
                    self.state[to as usize] = Known::Nothing;
                }
            }
        }
    }

    /// The number of that kind that the word is; goes to `other` if it is none.
    pub(super) fn number_or(&mut self, word: Value, number: Known, other: Block) -> Value {
        if number == Known::Int {
            let is = self.is_int(word);
            self.refuse_unless(is, other);
            self.int_of(word)
        } else {
            self.float_or(word, other)
        }
    }

    /// Goes on while there is one thread, to `other` if there are more.
    pub(super) fn refuse_unless_alone(&mut self, other: Block) {
        let flag = self.word(taipan_threading::multi_threaded_address().expose_provenance() as u64);
        let threads = self.b.ins().load(I8, MemFlagsData::trusted(), flag, 0);
        let one = self.b.ins().icmp_imm_s(IntCC::Equal, threads, 0);
        self.refuse_unless(one, other);
    }

    /// A turn of a loop over a list or tuple, as `PySequenceIter` has it.
    pub(super) fn for_sequence(
        &mut self,
        iterator: Reg,
        item: Reg,
        target: usize,
        guess: &Guess,
        after: State,
    ) {
        let next = Plan::next(self.pc, self.plans);
        let before = self.state.clone();
        let word = self.load(iterator);
        self.pointer(word);
        let (slow, have) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        self.b.append_block_param(have, I64);
        let of_list = guess.left == Some(Kind::ListIterator);
        let (iterators, shape) = if of_list {
            (runtime::shapes::LIST_ITERATOR, runtime::shapes::LIST)
        } else {
            (runtime::shapes::TUPLE_ITERATOR, runtime::shapes::TUPLE)
        };
        let iterator_object = self.object(word);
        self.as_shape(iterator_object, iterators, slow);
        let sequence = self.read(iterator_object, PySequenceIter::SEQUENCE);
        let sequence = self.object(sequence);
        self.as_shape(sequence, shape, slow);
        let index = self.read(iterator_object, PySequenceIter::INDEX);
        let length = self.read(sequence, if of_list { PyList::LEN } else { PyTuple::LEN });
        let there = self.b.ins().icmp(IntCC::UnsignedLessThan, index, length);
        self.refuse_unless(there, slow);
        let items = self.read(sequence, if of_list { PyList::STORAGE } else { PyTuple::ITEMS });
        let (offset, storage) = if of_list {
            let capacity = self.read(items, PyList::CAPACITY);
            let there = self.b.ins().icmp(IntCC::UnsignedLessThan, index, capacity);
            self.refuse_unless(there, slow);
            let storage = Storage { owner: sequence, offset: PyList::STORAGE, address: items, version: None };
            (PyList::WORDS, Some(storage))
        } else {
            (0, None)
        };
        let distance = self.b.ins().ishl_imm_s(index, 3);
        let place = self.b.ins().iadd(items, distance);
        let number = kinds::item_kind(guess).filter(|_| item != iterator);
        let skip = |this: &mut Self| {
            let skipped = this.b.ins().iadd_imm_s(index, 1);
            this.b.ins().store(MemFlagsData::trusted(), skipped, iterator_object, PySequenceIter::INDEX);
        };
        match number {
            Some(number) => {
                let word = self.read(place, offset);
                let number = self.number_or(word, number, slow);
                skip(self);
                self.put_number(item, number);
            }
            None => {
                self.read_slot_in(place, offset, storage, have, slow);
                self.b.switch_to_block(have);
                skip(self);
                let found = self.b.block_params(have)[0];
                self.put(item, found);
            }
        }
        self.state = after;
        self.go(next);
        self.b.switch_to_block(slow);
        self.state = before;
        let ended = self.ended(iterator);
        let mut behind = self.state.clone();
        behind[item as usize] = Known::Nothing;
        let on = self.execute_or_jump_to(target, ended);
        self.b.switch_to_block(on);
        self.state = behind;
        // Where there are two in one, both were executed.
        let behind = self.behind();
        if let Plan::Unpack { first, count, .. } = self.plans[next]
            && behind != next
        {
            self.state[first as usize..(first + count) as usize].fill(Known::Nothing);
        }
        self.go(behind);
    }

    /// What has doubles where machine code finds them, in a register, which is tested to be of that class unless that is known; its address.
    pub(super) fn doubles(&mut self, register: Reg) -> Value {
        let word = self.load(register);
        if self.state[register as usize] == Known::Doubles {
            return self.object(word);
        }
        self.pointer(word);
        let shape = number_items::shape_with_doubles().map_or(u32::MAX, |shape| shape.0);
        let object = self.of_shape(word, shape);
        self.state[register as usize] = Known::Doubles;
        object
    }

    /// The address of a double while there is one thread; goes to `other` if there are more, or it is not there.
    fn double(&mut self, object: Value, index: Value, other: Block) -> Value {
        self.refuse_unless_alone(other);
        let count = self.read(object, Doubles::COUNT);
        let there = self.b.ins().icmp(IntCC::UnsignedLessThan, index, count);
        self.refuse_unless(there, other);
        let first = self.read(object, Doubles::FIRST);
        let distance = self.b.ins().ishl_imm_s(index, 3);
        self.b.ins().iadd(first, distance)
    }

    fn item_of_doubles(&mut self, to: Reg, container: Reg, index: Operand) {
        let object = self.doubles(container);
        let at = self.index(index);
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(other);
        self.b.append_block_param(on, F64);
        let place = self.double(object, at, other);
        let double = self.b.ins().load(F64, MemFlagsData::trusted(), place, 0);
        let none = self.b.ins().fcmp(FloatCC::Unordered, double, double);
        self.b.ins().brif(none, other, &[], on, &[double.into()]);
        self.b.switch_to_block(other);
        let word = self.load(container);
        let found = self.call(runtime::item_at as *const () as usize, &[word, at]);
        let double = self.float_or_leave(found);
        self.b.ins().jump(on, &[double.into()]);
        self.b.switch_to_block(on);
        let double = self.b.block_params(on)[0];
        self.put_number(to, double);
    }

    fn store_double(&mut self, container: Reg, index: Reg, operand: u16) {
        let (register, take) = Instr::split_take(operand);
        let object = self.doubles(container);
        let at = self.int(index);
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(other);
        let place = self.double(object, at, other);
        let double = match self.state[register as usize].number() {
            Some(Known::Int) => {
                let int = self.int(register);
                self.b.ins().fcvt_from_sint(F64, int)
            }
            _ => self.float(register),
        };
        self.b.ins().store(MemFlagsData::trusted(), double, place, 0);
        if take {
            self.store_word(register, 0);
        }
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(other);
        let container = self.load(container);
        self.store_by_call(container, at, operand);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// A tuple or list of registers.
    pub(super) fn build(&mut self, to: Reg, first: Reg, count: u16, list: bool) {
        for register in first..first + count {
            self.write_late(register);
            self.state[register as usize] = Known::Bare;
        }
        self.forget_all(first..first + count);
        let (window, first, count) =
            (self.window, self.word(u64::from(first)), self.word(u64::from(count) | u64::from(list) << 32));
        let made = self.call(runtime::build as *const () as usize, &[window, first, count]);
        self.put(to, made);
    }
}
