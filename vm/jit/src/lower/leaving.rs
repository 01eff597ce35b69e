//! Leaving, and calling functions.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, SigRef, Signature, Value};
use taipan_vm::tier::Left;

use super::{Lowering, signature};
use crate::plan::Plan;

impl Lowering<'_, '_> {
    /// The block that leaves in front of the instruction at `pc`.
    pub(super) fn exit(&mut self, pc: usize, why: u64) -> Block {
        if let Some(block) = self.exits.get(&(pc, why)) {
            return *block;
        }
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        self.exits.insert((pc, why), block);
        block
    }
    /// Says that execution came to what was not recorded, or found something else.
    pub(super) fn tell(&mut self, pc: usize, why: u64) {
        let code = |code: &taipan_objects::code::PyCode| std::ptr::from_ref(code).expose_provenance() as u64;
        let (own, part) = (code(&self.program.bodies[0].code), code(self.program.code(pc)));
        match self.plans[pc] {
            Plan::Unseen => {
                let (own, part) = (self.word(own), self.word(part));
                self.call_nothing(taipan_vm::tier::at_unseen as *const () as usize, &[own, part]);
            }
            // For the interpreter anyway, or because something is wanted of the thread.
            Plan::Leave { .. }
            | Plan::Behind
            | Plan::Back { .. }
            | Plan::Invoke { .. }
            | Plan::Enter { .. }
            | Plan::End { .. }
            | Plan::Return { .. } => {}
            _ if why == Left::EXECUTE => {
                let (own, part, at) = (self.word(own), self.word(part), self.place_of(pc));
                self.call_nothing(taipan_vm::tier::at_surprise as *const () as usize, &[own, part, at]);
            }
            _ => {}
        }
    }
    /// Where to go if the instruction being made is not as expected.
    pub(super) fn unexpected(&mut self) -> Block {
        match self.slow {
            Some(slow) if self.why == Left::EXECUTE => {
                let slow = slow.unwrap_or_else(|| self.b.create_block());
                self.slow = Some(Some(slow));
                slow
            }
            _ => self.exit(self.pc, self.why),
        }
    }
    /// Leaves the instruction to the interpreter.
    pub(super) fn leave(&mut self) {
        let exit = self.unexpected();
        self.b.ins().jump(exit, &[]);
    }
    pub(super) fn leave_if(&mut self, condition: Value) {
        let (exit, on) = (self.unexpected(), self.b.create_block());
        self.b.ins().brif(condition, exit, &[], on, &[]);
        self.b.switch_to_block(on);
    }
    pub(super) fn leave_unless(&mut self, condition: Value) {
        let (exit, on) = (self.unexpected(), self.b.create_block());
        self.b.ins().brif(condition, on, &[], exit, &[]);
        self.b.switch_to_block(on);
    }
    pub(super) fn signature(&mut self, count: usize, returns: bool) -> SigRef {
        if let Some(known) = self.signatures.get(&(count, returns)) {
            return *known;
        }
        let mut signature = Signature::new(self.call_conv);
        signature.params.extend(vec![AbiParam::new(I64); count]);
        if returns {
            signature.returns.push(AbiParam::new(I64));
        }
        let signature = self.b.import_signature(signature);
        self.signatures.insert((count, returns), signature);
        signature
    }
    /// The signature of machine code.
    pub(super) fn entry_signature(&mut self) -> SigRef {
        if let Some(known) = self.entry_signature {
            return known;
        }
        let known = self.b.import_signature(signature(self.call_conv));
        self.entry_signature = Some(known);
        known
    }
    /// Calls a function of [`runtime`].
    pub(super) fn call(&mut self, function: usize, arguments: &[Value]) -> Value {
        let signature = self.signature(arguments.len(), true);
        let function = self.word(function as u64);
        let call = self.b.ins().call_indirect(signature, function, arguments);
        self.b.inst_results(call)[0]
    }
    pub(super) fn call_nothing(&mut self, function: usize, arguments: &[Value]) {
        let signature = self.signature(arguments.len(), false);
        let function = self.word(function as u64);
        self.b.ins().call_indirect(signature, function, arguments);
    }
    /// Leaves if a function of [`runtime`] has not done it.
    pub(super) fn done(&mut self, answer: Value, not: u64) {
        let failed = self.b.ins().icmp_imm_s(IntCC::Equal, answer, not as i64);
        self.leave_if(failed);
    }
}
