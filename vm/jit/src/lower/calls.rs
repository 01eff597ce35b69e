//! Calls whose callee is part of the program: pushing and popping frames.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use taipan_objects::function::PyFunction;
use taipan_vm::tier::Left;
use taipan_vm::tier::calls::{self, Outcome};
use taipan_vm::tier::runtime::{self, layout};

use super::Lowering;
use crate::kinds::Known;
use crate::plan::{Plan, Reg, Result};

impl Lowering<'_, '_> {
    fn write(&mut self, word: Value, address: Value, offset: i32) {
        self.b.ins().store(MemFlagsData::trusted(), word, address, offset);
    }
    fn write_word(&mut self, word: u64, address: Value, offset: i32) {
        let word = self.word(word);
        self.write(word, address, offset);
    }

    /// Tests that the callable is the function, and pushes its frame: as `call::push_frame_at_once`.
    pub(super) fn enter_callee(&mut self, base: Reg, first: Reg, count: u16, to: Reg, callee: u16) {
        let program = self.program;
        let body = &program.bodies[callee as usize];
        let Some(function) = &body.function else { return self.leave() };
        let Some(callee) = function.downcast::<PyFunction>() else { return self.leave() };
        let address = function.value().counted().bits();
        let code = std::ptr::from_ref(&*body.code).expose_provenance() as u64;
        let end = first + body.code.nregs;
        let word = self.load(base);
        // Deferred, so it is not counted; what is, or another function, is for the interpreter.
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, word, (address | 1) as i64);
        self.leave_unless(is);
        if first == base + 1 {
            // A receiver is there.
            let receiver = self.load(first);
            let none = self.b.ins().icmp_imm_s(IntCC::Equal, receiver, 0);
            self.leave_if(none);
        } else if self.has_receiver_slot() {
            let receiver = self.load(base + 1);
            let some = self.b.ins().icmp_imm_s(IntCC::NotEqual, receiver, 0);
            self.leave_if(some);
        }
        let function = self.word(address);
        let executed = self.read(function, layout::FUNCTION_CODE);
        let executed = self.object(executed);
        let code = self.word(code);
        let same = self.b.ins().icmp(IntCC::Equal, executed, code);
        self.leave_unless(same);
        let poll = self.b.ins().atomic_load(I32, MemFlagsData::trusted(), self.poll);
        let wanted = self.b.ins().icmp_imm_s(IntCC::NotEqual, poll, 0);
        self.leave_if(wanted);
        for register in first + count..end {
            self.must_be_free(register);
        }
        let (thread, caller) = (self.thread, self.frame());
        let depth = self.read(thread, layout::DEPTH);
        let limit = self.word(layout::recursion_limit().expose_provenance() as u64);
        let limit = self.read(limit, 0);
        let too_deep = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, depth, limit);
        self.leave_if(too_deep);
        let window = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let window_end = self.b.ins().iadd_imm_s(self.window, i64::from(end) * 8);
        let stack_end = self.read(thread, layout::LIMIT);
        let no_room = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, window_end, stack_end);
        self.leave_if(no_room);
        // From here on it is done.
        let top = self.read(thread, layout::TOP);
        let new_top = self.b.ins().umax(top, window_end);
        self.write(new_top, thread, layout::TOP);
        for register in first + count..end {
            self.store_word(register, 0);
        }
        self.store_word(base, 0);
        let deeper = self.b.ins().iadd_imm_s(depth, 1);
        self.write(deeper, thread, layout::DEPTH);
        let here = self.address(self.pc);
        self.write_word(here, caller, layout::IP);
        let frame = self.b.ins().iadd_imm_s(caller, i64::from(layout::FRAME));
        self.write(code, frame, layout::CODE);
        self.write(function, frame, layout::FUNCTION);
        self.write_word(callee.globals.value().uncounted().bits(), frame, layout::GLOBALS);
        self.write_word(callee.builtins.value().uncounted().bits(), frame, layout::BUILTINS);
        for offset in layout::EMPTY {
            self.write_word(0, frame, offset);
        }
        self.write(window, frame, layout::REGS);
        let start = self.program.address(body.start);
        self.write_word(start, frame, layout::IP);
        let ret = self.b.ins().iconst(I16, i64::from(to - self.program.body(self.pc).base));
        self.write(ret, frame, layout::RET);
        let kind = self.b.ins().iconst(I8, i64::from(layout::KIND_CALL));
        self.write(kind, frame, layout::KIND);
        self.write(top, frame, layout::SAVED_TOP);
    }

    /// Calls a native function.
    pub(super) fn call_native(&mut self) {
        let (thread, frame, here) = (self.thread, self.frame(), self.address(self.pc));
        let place = self.word(here);
        let outcome = self.call(calls::call_native as *const () as usize, &[thread, frame, place]);
        let (other, on, left) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let done = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::DONE as i64);
        self.b.ins().brif(done, on, &[], other, &[]);
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        let exit = self.exit(self.pc, Left::EXECUTE);
        let not = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::NOT as i64);
        self.b.ins().brif(not, exit, &[], left, &[]);
        self.b.set_cold_block(left);
        self.b.switch_to_block(left);
        let raised = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::RAISED as i64);
        let (here, next) =
            (self.word(here | Left::RAISED), self.address(Plan::next(self.pc, self.plans)) | Left::GO_ON);
        let next = self.word(next);
        let word = self.b.ins().select(raised, here, next);
        self.b.ins().return_(&[word]);
        self.b.switch_to_block(on);
    }

    /// Whether the call being made is one whose second register says if there is a receiver.
    fn has_receiver_slot(&self) -> bool {
        let place = &self.program.places[self.pc];
        self.program.code(self.pc).instr(place.pc).op() == Some(taipan_bytecode::Op::CallMethod)
    }

    /// Pops the callee's frame, and writes the result to the caller's register: as `call::pop_frame_at_once`.
    pub(super) fn return_(&mut self, from: Result, callee: u16, first: Reg, to: Reg, target: usize) {
        let end = first + self.program.bodies[callee as usize].code.nregs;
        let (thread, frame) = (self.thread, self.frame());
        // A native function that the callee called may have asked for its frame's object.
        let object = self.read(frame, layout::OBJECT);
        let asked = self.b.ins().icmp_imm_s(IntCC::NotEqual, object, 0);
        self.leave_if(asked);
        let returned = match from {
            Result::Reg(register) => Some(register),
            Result::Const(_) => None,
        };
        for register in first..end {
            if Some(register) == returned {
                continue;
            }
            if !self.state[register as usize].is_free() {
                let word = self.load(register);
                let on = self.drop_or_go_on(word);
                self.leave();
                self.b.switch_to_block(on);
            }
            self.store_word(register, 0);
        }
        let word = match from {
            Result::Const(word) => self.word(word),
            Result::Reg(register) => {
                let word = self.load(register);
                let word = if self.state[register as usize].is_number() { word } else { self.strong(word) };
                self.store_word(register, 0);
                word
            }
        };
        let top = self.read(frame, layout::SAVED_TOP);
        self.write(top, thread, layout::TOP);
        let depth = self.read(thread, layout::DEPTH);
        let less = self.b.ins().iadd_imm_s(depth, -1);
        self.write(less, thread, layout::DEPTH);
        let known = returned.map_or(Known::Nothing, |register| self.state[register as usize]);
        // The registers of the window are empty now.
        for register in first..end {
            self.state[register as usize] = Known::Free;
        }
        // The caller's call is what ends here.
        let next = self.place_of(target);
        self.put_before(to, word, next);
        match from {
            Result::Const(word) => self.define(to, word),
            Result::Reg(register) => self.share(to, register, known),
        }
    }

    /// The word with a reference of its own: what is lent may be kept alive by another register of the frame that ends. Leaves if there is no word, or counting takes more.
    fn strong(&mut self, word: Value) -> Value {
        let none = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
        self.leave_if(none);
        let pointer = self.is_pointer(word);
        let low = self.b.ins().band_imm_s(word, 1);
        let marked = self.b.ins().icmp_imm_s(IntCC::NotEqual, low, 0);
        let lent = self.b.ins().band(pointer, marked);
        let (count, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        self.b.ins().brif(lent, count, &[], on, &[word.into()]);
        self.b.switch_to_block(count);
        let counted = self.call(runtime::copy_word as *const () as usize, &[word]);
        self.done(counted, runtime::NO);
        self.b.ins().jump(on, &[counted.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }
}
