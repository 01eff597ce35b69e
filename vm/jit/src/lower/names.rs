//! Globals, and the cells of closures.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use taipan_vm::tier::runtime::{self, layout, shapes};
use taipan_vm::tier::samples;

use super::Lowering;
use super::counts::Storage;
use crate::expect::Guess;
use crate::kinds::{self, Known};
use crate::plan::Reg;

impl Lowering<'_, '_> {
    pub(super) fn load_global(&mut self, to: Reg, guess: &Guess) {
        if guess.trusts {
            let Some(constant) = self.program.constant(self.pc) else { return self.leave_for_good() };
            let exit = self.unexpected();
            self.as_constant(&constant, exit);
            let word = self.word(constant.word.uncounted().bits());
            self.put(to, word);
            return self.know(to, word);
        }
        let known = kinds::attribute_kind(guess);
        let (other, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        let body = self.program.body(self.pc);
        let globals = body.globals.value();
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
}
