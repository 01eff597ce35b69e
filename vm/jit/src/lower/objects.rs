//! Moves, and what is done with objects.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_bytecode::Instr;
use taipan_objects::list::PyList;
use taipan_objects::type_object::PyType;
use taipan_vm::tier::runtime;
use taipan_vm::tier::samples::{self, Single};

use super::Lowering;
use crate::expect::Guess;
use crate::kinds::{self, Known};
use crate::plan::{Operand, Reg};

impl Lowering<'_, '_> {
    pub(super) fn constant(&mut self, to: Reg, bits: u64) {
        let word = self.word(bits);
        self.put(to, word);
        self.define(to, bits);
    }

    /// Has the number that a constant is in the machine register.
    pub(super) fn define(&mut self, to: Reg, bits: u64) {
        let value = taipan_objects::Value::from_bits(bits);
        if value.is_int() {
            let int = self.word(value.as_int() as u64);
            self.b.def_var(self.ints[to as usize], int);
        } else if value.is_float() {
            let float = self.b.ins().f64const(value.as_float());
            self.b.def_var(self.floats[to as usize], float);
        }
    }

    /// Lets a register have the number in a machine register that another one, of which this is known, has.
    pub(super) fn share(&mut self, to: Reg, from: Reg, known: Known) {
        match known {
            Known::Int => {
                let int = self.b.use_var(self.ints[from as usize]);
                self.b.def_var(self.ints[to as usize], int);
            }
            Known::Float => {
                let float = self.b.use_var(self.floats[from as usize]);
                self.b.def_var(self.floats[to as usize], float);
            }
            _ => {}
        }
    }

    pub(super) fn copy(&mut self, to: Reg, from: Reg) {
        let (word, known) = (self.load(from), self.state[from as usize]);
        if known.is_free() {
            self.put(to, word);
            return self.share(to, from, known);
        }
        let counted = self.is_counted(word);
        let (count, on) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(counted, count, &[], on, &[]);
        self.b.switch_to_block(count);
        let copied = self.call(runtime::copy_word as *const () as usize, &[word]);
        self.done(copied, runtime::NO);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
        // The count is in the object: the word is the same.
        self.put(to, word);
    }

    pub(super) fn move_(&mut self, to: Reg, from: Reg) {
        if to == from {
            return;
        }
        let word = self.load(from);
        self.store_word(from, 0);
        self.put(to, word);
        self.share(to, from, self.state[from as usize]);
    }

    pub(super) fn lend(&mut self, to: Reg, from: Reg) {
        let (word, known) = (self.load(from), self.state[from as usize]);
        if known.is_number() {
            self.put(to, word);
            return self.share(to, from, known);
        }
        let pointer = self.is_pointer(word);
        let marked = self.b.ins().bor_imm_s(word, 1);
        let lent = self.b.ins().select(pointer, marked, word);
        self.put(to, lent);
    }

    pub(super) fn clear(&mut self, register: Reg) {
        let empty = self.word(0);
        self.put(register, empty);
    }

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

    fn index(&mut self, index: Operand) -> Value {
        match index {
            Operand::Reg(register) => self.int(register),
            Operand::Int(int) => self.word(int as u64),
        }
    }

    /// The address of the place of an item in the list's storage, less the offset of the words; leaves if there is none.
    fn place(&mut self, list: Value, index: Value, constant: Option<i64>) -> Value {
        let length = self.read(list, PyList::LEN);
        let index = match constant {
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
        self.b.ins().iadd(storage, offset)
    }

    pub(super) fn item(&mut self, to: Reg, container: Reg, index: Operand, guess: &Guess) {
        let constant = match index {
            Operand::Int(int) => Some(int),
            Operand::Reg(_) => None,
        };
        let of_list = kinds::is_list_access(&self.state, container, index, guess);
        if of_list && let Some(kind) = kinds::item_kind(guess) {
            let list = self.list(container);
            let at = self.index(index);
            let place = self.place(list, at, constant);
            // A number that was an item when the list had that storage: see `Place::number`.
            let word = self.read(place, PyList::WORDS);
            if kind == Known::Int {
                let is = self.is_int(word);
                self.leave_unless(is);
                let int = self.int_of(word);
                self.put(to, word);
                self.b.def_var(self.ints[to as usize], int);
            } else {
                let float = self.float_or_leave(word);
                self.put(to, word);
                self.b.def_var(self.floats[to as usize], float);
            }
            return;
        }
        if of_list {
            self.list(container);
        }
        let word = self.load(container);
        if !of_list {
            self.pointer(word);
        }
        let at = self.index(index);
        let found = self.call(runtime::item_at as *const () as usize, &[word, at]);
        self.done(found, runtime::NO);
        self.put(to, found);
    }

    pub(super) fn store_item(&mut self, container: Reg, index: Reg, operand: u16, guess: &Guess) {
        let number = self.state[Instr::split_take(operand).0 as usize].is_number();
        let of_list = kinds::is_list_access(&self.state, container, Operand::Reg(index), guess);
        let at = self.int(index);
        if !of_list || !number {
            let word = self.load(container);
            if of_list {
                self.list(container);
            } else {
                self.pointer(word);
            }
            return self.store_by_call(word, at, operand);
        }
        let list = self.list(container);
        let place = self.place(list, at, None);
        let (shared, on) = (self.b.create_block(), self.b.create_block());
        self.store_number((place, PyList::WORDS), operand, shared, on);
        self.b.switch_to_block(shared);
        let container = self.load(container);
        self.store_by_call(container, at, operand);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// Stores an operand that is a number in place of one, and goes on in `on`; in `other` if there are other threads, or there is something else.
    fn store_number(&mut self, (address, offset): (Value, i32), operand: u16, other: Block, on: Block) {
        let (register, take) = Instr::split_take(operand);
        let flag = self.word(taipan_threading::multi_threaded_address().expose_provenance() as u64);
        let threads = self.b.ins().load(I8, MemFlagsData::trusted(), flag, 0);
        let one = self.b.ins().icmp_imm_s(IntCC::Equal, threads, 0);
        let old = self.read(address, offset);
        let was_number = self.is_number(old);
        let plain = self.b.ins().band(one, was_number);
        let alone = self.b.create_block();
        self.b.ins().brif(plain, alone, &[], other, &[]);
        self.b.switch_to_block(alone);
        let word = self.load(register);
        self.b.ins().store(MemFlagsData::trusted(), word, address, offset);
        if take {
            self.store_word(register, 0);
        }
        self.b.ins().jump(on, &[]);
    }

    fn store_by_call(&mut self, container: Value, index: Value, operand: u16) {
        let (window, number) = (self.window, self.word(u64::from(operand)));
        let old = self.call(runtime::store_item as *const () as usize, &[container, index, window, number]);
        self.done(old, runtime::NOTHING_DONE);
        self.release_here(old);
    }

    /// Drops a word that was in an object.
    fn release_here(&mut self, old: Value) {
        let next = self.next();
        self.release(old, next);
    }

    /// Goes on in a block if the site still knows what it did when this was made, and the object, a pointer's, has the shape; to `other` if not. Gives the object's address.
    fn as_known(&mut self, object: Value, word: u64, shape: u32, other: Block) {
        let (of_shape, same) = (self.b.create_block(), self.b.create_block());
        let found = self.b.ins().load(I32, MemFlagsData::trusted(), object, taipan_objects::Header::SHAPE);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, i64::from(shape as i32));
        self.b.ins().brif(is, of_shape, &[], other, &[]);
        self.b.switch_to_block(of_shape);
        let cache = self.cache();
        let known = self.read(cache, 0);
        let expected = self.word(word);
        let is = self.b.ins().icmp(IntCC::Equal, known, expected);
        self.b.ins().brif(is, same, &[], other, &[]);
        self.b.switch_to_block(same);
    }

    pub(super) fn load_attr(&mut self, to: Reg, subject: Reg) {
        let word = self.load(subject);
        self.pointer(word);
        let Some(Single::Slot { word: known, shape, offset }) = samples::single(self.program.cache(self.pc))
        else {
            let found = self.attribute(word);
            return self.put(to, found);
        };
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let object = self.object(word);
        self.as_known(object, known, shape, other);
        let slot = self.read(object, offset);
        let number = self.is_number(slot);
        self.b.ins().brif(number, on, &[slot.into()], other, &[]);
        self.b.switch_to_block(other);
        let found = self.attribute(word);
        self.b.ins().jump(on, &[found.into()]);
        self.b.switch_to_block(on);
        let found = self.b.block_params(on)[0];
        self.put(to, found);
    }

    fn attribute(&mut self, subject: Value) -> Value {
        let cache = self.cache();
        let found = self.call(runtime::load_attr as *const () as usize, &[cache, subject]);
        self.done(found, runtime::NO);
        found
    }

    pub(super) fn store_attr(&mut self, subject: Reg, operand: u16) {
        let word = self.load(subject);
        self.pointer(word);
        let number = self.state[Instr::split_take(operand).0 as usize].is_number();
        let sample = self.expected.sample_at(self.pc, subject);
        let single = sample.and_then(|sample| samples::single_to_store(self.program.cache(self.pc), sample));
        let Some(Single::Slot { word: known, shape, offset }) = single.filter(|_| number) else {
            return self.store_attribute(word, operand);
        };
        let (other, on) = (self.b.create_block(), self.b.create_block());
        let object = self.object(word);
        self.as_known(object, known, shape, other);
        self.store_number((object, offset), operand, other, on);
        self.b.switch_to_block(other);
        self.store_attribute(word, operand);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    fn store_attribute(&mut self, subject: Value, operand: u16) {
        let (cache, window, number) = (self.cache(), self.window, self.word(u64::from(operand)));
        let old = self.call(runtime::store_attr as *const () as usize, &[cache, subject, window, number]);
        self.done(old, runtime::NOTHING_DONE);
        self.release_here(old);
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
        let word = self.load(subject);
        self.pointer(word);
        for register in [to, to + 1] {
            if register != subject {
                self.must_be_free(register);
            }
        }
        let function = self.method(word);
        // The receiver moves, or stays, or is a local and lent.
        let receiver =
            if subject == to || subject == to + 1 { word } else { self.b.ins().bor_imm_s(word, 1) };
        self.store(to + 1, receiver);
        self.store(to, function);
    }

    /// The function of a method of the subject.
    fn method(&mut self, subject: Value) -> Value {
        let single = samples::single(self.program.cache(self.pc));
        let Some(Single::Method { word, shape, class, version, function }) = single else {
            return self.any_method(subject);
        };
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let object = self.object(subject);
        // There is an instance of the shape: its class is alive.
        self.as_known(object, word, shape, other);
        let class = self.word(class as u64);
        let now = self.b.ins().load(I32, MemFlagsData::trusted(), class, PyType::VERSION);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, now, i64::from(version as i32));
        let function = self.word(function.bits());
        self.b.ins().brif(is, on, &[function.into()], other, &[]);
        self.b.switch_to_block(other);
        let found = self.any_method(subject);
        self.b.ins().jump(on, &[found.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }

    fn any_method(&mut self, subject: Value) -> Value {
        let cache = self.cache();
        let function = self.call(runtime::load_method as *const () as usize, &[cache, subject]);
        self.done(function, runtime::NO);
        function
    }

    pub(super) fn get(&mut self, to: Reg, container: Reg, key: Reg) {
        let (dict, word) = (self.load(container), self.load(key));
        self.pointer(dict);
        let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
        self.leave_if(empty);
        let found = self.call(runtime::item_of_key as *const () as usize, &[dict, word]);
        self.done(found, runtime::NO);
        self.put(to, found);
    }

    /// Whether the element is in the container; leaves if code has to decide.
    pub(super) fn contains(&mut self, element: Reg, container: Reg) -> Value {
        let (there, word) = (self.load(container), self.load(element));
        self.pointer(there);
        let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
        self.leave_if(empty);
        let answer = self.call(runtime::contains as *const () as usize, &[there, word]);
        self.done(answer, runtime::NOTHING_DONE);
        self.b.ins().icmp_imm_s(IntCC::NotEqual, answer, 0)
    }

    /// Whether two strings are equal; leaves if they are not both strings.
    pub(super) fn same_text(&mut self, left: Reg, right: Reg) -> Value {
        let (x, y) = (self.load(left), self.load(right));
        self.pointer(x);
        self.pointer(y);
        let answer = self.call(runtime::same_text as *const () as usize, &[x, y]);
        self.done(answer, runtime::NOTHING_DONE);
        self.b.ins().icmp_imm_s(IntCC::NotEqual, answer, 0)
    }

    pub(super) fn slice(&mut self, to: Reg, container: Reg, bounds: Reg) {
        let word = self.load(container);
        self.pointer(word);
        let at = self.b.ins().iadd_imm_s(self.window, i64::from(bounds) * 8);
        let part = self.call(runtime::slice as *const () as usize, &[word, at]);
        self.done(part, runtime::NO);
        for register in [bounds, bounds + 1] {
            self.state[register as usize] = Known::Free;
        }
        self.put(to, part);
    }

    pub(super) fn load_global(&mut self, to: Reg) {
        let (cache, frame) = (self.cache(), self.frame());
        let found = self.call(runtime::load_global as *const () as usize, &[cache, frame]);
        self.done(found, runtime::NO);
        self.put(to, found);
    }

    pub(super) fn load_cell(&mut self, to: Reg, cell: Reg) {
        let word = self.load(cell);
        self.pointer(word);
        let found = self.call(runtime::load_cell as *const () as usize, &[word]);
        self.done(found, runtime::NO);
        self.put(to, found);
    }

    pub(super) fn append(&mut self, list: Reg, operand: u16) {
        let word = self.load(list);
        self.pointer(word);
        let (window, number) = (self.window, self.word(u64::from(operand)));
        let done = self.call(runtime::append as *const () as usize, &[word, window, number]);
        self.done(done, 0);
    }

    pub(super) fn unpack(&mut self, first: Reg, operand: u16, count: u16) {
        let (register, take) = Instr::split_take(operand);
        let word = self.load(register);
        self.pointer(word);
        if (first..first + count).contains(&register) {
            return self.leave_for_good();
        }
        let at = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let items = self.word(u64::from(count));
        let done = self.call(runtime::unpack as *const () as usize, &[word, at, items]);
        self.done(done, 0);
        if take {
            self.clear(register);
        }
    }

    /// Leaves, and lets what follows be code that is not reached.
    fn leave_for_good(&mut self) {
        self.leave();
        let unreached = self.b.create_block();
        self.b.switch_to_block(unreached);
    }

    pub(super) fn build(&mut self, to: Reg, first: Reg, count: u16, list: bool) {
        let (window, first, count) =
            (self.window, self.word(u64::from(first)), self.word(u64::from(count) | u64::from(list) << 32));
        let made = self.call(runtime::build as *const () as usize, &[window, first, count]);
        self.put(to, made);
    }
}
