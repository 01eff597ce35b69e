//! Finding methods, and what classes have.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_objects::descriptor::{PyClassMethod, PyProperty};
use taipan_objects::dict::PyDict;
use taipan_objects::module::PyModule;
use taipan_objects::type_object::PyType;
use taipan_objects::types::Number;
use taipan_vm::tier::runtime;
use taipan_vm::tier::samples::{self, Single};

use super::Lowering;
use crate::expect::is_called_as_it_is;
use crate::plan::Reg;
use crate::program::ClassWith;

impl Lowering<'_, '_> {
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
        let is_callable =
            |single: &Single| matches!(single, Single::Slot { .. }) || is_called_as_it_is(single);
        if singles.iter().any(is_callable) {
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
        let lends = self.guesses[self.pc].lends;
        let (shape, class, version, function) = match *singles {
            [Single::Method { shape, class, version, function }] if !lends => {
                (shape, class, version, function)
            }
            [single] if lends => return self.load_only_callable(to, from, object, single),
            // The site has changed since.
            _ => return self.leave_for_good(),
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

    /// The same of what is called as it is.
    fn load_only_callable(&mut self, to: Reg, from: Reg, object: Value, single: Single) {
        let other = self.unexpected();
        self.assume();
        let Some((function, receiver)) = self.callable(object, single, other) else {
            return self.leave_for_good();
        };
        self.place_callable(to, from, function, receiver);
        self.know(to, function);
    }

    /// What a class or module has that is called as it is, and with what in front of the arguments (0: nothing). To `other` if the object is another one, or that has changed.
    fn callable(&mut self, object: Value, single: Single, other: Block) -> Option<(Value, Value)> {
        let (function, receiver) = match single {
            Single::OfModule { value, .. } | Single::OfType { value, .. } => (value, 0),
            Single::Wrapped { function, receiver, .. } => (function, receiver.bits()),
            _ => return None,
        };
        self.must_be_owner(object, single, other);
        Some((self.word(function.bits()), self.word(receiver)))
    }

    /// Writes what is called as it is, and its receiver or nothing, of a subject in register `from`.
    fn place_callable(&mut self, to: Reg, from: Reg, function: Value, receiver: Value) {
        if from == to + 1 {
            self.put(from, receiver);
        } else {
            self.store(to + 1, receiver);
        }
        // Drops the subject, if it was in the same register.
        self.put(to, function);
    }

    /// Goes on if an object is the class or module of which the site knows something that does not depend on instances, and has that still; to `other` if not.
    pub(super) fn must_be_owner(&mut self, object: Value, single: Single, other: Block) {
        match single {
            Single::OfModule { version, .. } => self.must_be_module(object, version, other),
            Single::OfType { class, version, .. } | Single::Wrapped { class, version, .. } => {
                let expected = self.word(class as u64);
                let is = self.b.ins().icmp(IntCC::Equal, object, expected);
                self.refuse_unless(is, other);
                let is = self.has_class_version(class, version);
                self.refuse_unless(is, other);
            }
            _ => self.leave_to(other),
        }
        if let Single::Wrapped { wrapper, function, .. } = single {
            let wrapper = self.word(wrapper.counted().bits());
            let now = self.read(wrapper, PyClassMethod::FUNCTION);
            let now = self.object(now);
            let is = self.b.ins().icmp_imm_s(IntCC::Equal, now, function.counted().bits() as i64);
            self.refuse_unless(is, other);
        }
    }

    /// Goes on if an object is the module whose namespace has that version, which no other one has; to `other` if not.
    fn must_be_module(&mut self, object: Value, version: u32, other: Block) {
        let found = self.shape(object);
        let module = i64::from(Number::module.root_shape().0);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, module);
        self.refuse_unless(is, other);
        let namespace = self.read(object, PyModule::DICT);
        let now = self.b.ins().load(I32, MemFlagsData::trusted(), namespace, PyDict::KEYS_VERSION);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, now, i64::from(version as i32));
        self.refuse_unless(is, other);
    }

    /// What the subject has in a slot, or as a class or module, which is called as it is.
    fn load_callable(&mut self, singles: &[Single], subject: Value, to: Reg, from: Reg) {
        let (other, on, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        self.b.append_block_param(on, I64);
        self.as_assumed(other);
        let object = self.object(subject);
        let found = self.shape(object);
        for &single in singles {
            let another = if let Single::Slot { shape, offset } = single {
                let (another, read) = (self.if_shape(found, shape), self.b.create_block());
                self.b.append_block_param(read, I64);
                self.read_slot(object, offset, read, other);
                self.b.switch_to_block(read);
                let (function, none) = (self.b.block_params(read)[0], self.word(0));
                self.b.ins().jump(on, &[function.into(), none.into()]);
                another
            } else {
                let another = self.b.create_block();
                match self.callable(object, single, another) {
                    Some((function, receiver)) => {
                        self.b.ins().jump(on, &[function.into(), receiver.into()]);
                    }
                    None => {
                        self.b.ins().jump(another, &[]);
                    }
                }
                another
            };
            self.b.switch_to_block(another);
        }
        self.b.ins().jump(other, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        self.execute_to(done, None);
        self.b.switch_to_block(on);
        let (found, receiver) = (self.b.block_params(on)[0], self.b.block_params(on)[1]);
        self.place_callable(to, from, found, receiver);
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
}
