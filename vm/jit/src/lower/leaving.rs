//! Leaving, and calling functions.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, SigRef, Signature, Type, Value};
use smallvec::SmallVec;
use taipan_objects::code::PyCode;
use taipan_vm::tier::Left;
use taipan_vm::tier::calls::Outcome;
use taipan_vm::tier::runtime::layout;

use super::{Lowering, signature};
use crate::plan::{Plan, Reg};
use crate::x64::stubs::{self, Stub};

/// A way out: in front of which instruction, why, with which numbers that are late, and whether frames were pushed for the instruction.
pub type Exit = (usize, u64, Late, bool);
/// Registers whose numbers are late, and those.
pub type Late = Vec<(Reg, Value)>;

/// What several ways out of the code have in common: it is made once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tail {
    /// Gives the word.
    Plain,
    /// The same, after telling that something in that body was not recorded.
    Unseen(u16),
    /// The same, after telling that the instruction in that body, whose address is the word, found something else.
    Surprise(u16),
    /// What an [`Outcome`] asks for, which is neither that the instruction is done nor that it jumps. Given with the address of the instruction, which is in that body, and where it goes on. If nothing was done: whether that is told as a surprise.
    Outcome { body: u16, tells: bool },
}

impl Tail {
    /// How many words it is given.
    fn params(self) -> usize {
        match self {
            Tail::Outcome { .. } => 3,
            _ => 1,
        }
    }
}

impl Lowering<'_, '_> {
    /// The block that leaves in front of the instruction at `pc`.
    pub(super) fn exit(&mut self, pc: usize, why: u64) -> Block {
        let exit = (pc, why, self.late(), self.are_pushed);
        if let Some(block) = self.exits.get(&exit) {
            return *block;
        }
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        self.exits.insert(exit, block);
        block
    }
    /// The numbers that are late.
    pub(super) fn late(&mut self) -> Late {
        let registers = 0..self.state.len() as Reg;
        let late = registers.filter_map(|register| {
            let is_late = self.state[register as usize].is_late();
            Some(register).zip(is_late.then(|| self.number(register))?)
        });
        late.collect()
    }
    /// Writes those numbers to their registers.
    pub(super) fn write_numbers(&mut self, late: &Late) {
        if late.is_empty() {
            return;
        }
        let mut arguments = vec![self.word(Stub::Write.number()), self.window];
        for (register, number) in late {
            arguments.extend([self.word(u64::from(*register)), *number]);
        }
        let signature = self.stub_signature(&arguments[1..], false);
        self.b.ins().call_indirect(signature, arguments[0], &arguments[1..]);
    }
    /// The way out in front of the instruction at `pc`: whether it tells that execution came to what was not recorded, or found something else.
    fn way_out(&self, pc: usize, why: u64) -> Tail {
        let body = self.program.places[pc].body;
        match self.plans[pc] {
            Plan::Unseen => Tail::Unseen(body),
            // For the interpreter anyway, or because something is wanted of the thread.
            Plan::Leave { .. }
            | Plan::Behind
            | Plan::Back { .. }
            | Plan::Invoke { .. }
            | Plan::Enter { .. }
            | Plan::EnterLent { .. }
            | Plan::End { .. }
            | Plan::Return { .. } => Tail::Plain,
            _ if why == Left::EXECUTE => Tail::Surprise(body),
            _ => Tail::Plain,
        }
    }
    /// The block of what several ways out have in common.
    fn tail(&mut self, tail: Tail) -> Block {
        if let Some(block) = self.tails.get(&tail) {
            return *block;
        }
        let block = self.b.create_block();
        // Some code is executed to be left.
        if tail != Tail::Plain {
            self.b.set_cold_block(block);
        }
        for _ in 0..tail.params() {
            self.b.append_block_param(block, I64);
        }
        self.tails.insert(tail, block);
        self.open_tails.push(tail);
        block
    }
    /// Ends the machine code, which leaves for there.
    pub(super) fn give(&mut self, word: Value) {
        let tail = self.tail(Tail::Plain);
        self.b.ins().jump(tail, &[word.into()]);
    }
    /// Leaves as an outcome says that is neither that the instruction at `pc` is done nor that it jumps.
    pub(super) fn leave_by(&mut self, outcome: Value) {
        let way = self.way_out(self.pc, Left::EXECUTE);
        let tail = Tail::Outcome { body: self.program.places[self.pc].body, tells: way != Tail::Plain };
        let tail = self.tail(tail);
        let (here, next) = (self.place_of(self.pc), self.going_on(self.behind()));
        self.b.ins().jump(tail, &[outcome.into(), here.into(), next.into()]);
    }
    /// Makes the exits, and what they have in common.
    pub(super) fn ways_out(&mut self) {
        for ((pc, why, late, are_pushed), block) in std::mem::take(&mut self.exits) {
            self.b.switch_to_block(block);
            self.write_numbers(&late);
            (self.pc, self.are_pushed) = (pc, are_pushed);
            self.push_virtual();
            let tail = self.way_out(pc, why);
            let tail = self.tail(tail);
            let word = self.word(self.address(pc) | why);
            self.b.ins().jump(tail, &[word.into()]);
        }
        while let Some(tail) = self.open_tails.pop() {
            let block = self.tails[&tail];
            self.b.switch_to_block(block);
            let params = self.b.block_params(block).to_vec();
            self.make_tail(tail, &params);
        }
    }
    fn make_tail(&mut self, tail: Tail, params: &[Value]) {
        let code = |code: &PyCode| std::ptr::from_ref(code).expose_provenance() as u64;
        let program = self.program;
        let own = code(&program.bodies[0].code);
        match tail {
            Tail::Plain => {
                let none = self.word(0);
                self.b.ins().return_(&[params[0], none]);
            }
            Tail::Unseen(body) => {
                let (own, part) = (self.word(own), self.word(code(&program.bodies[body as usize].code)));
                self.call_nothing(taipan_vm::tier::at_unseen as *const () as usize, &[own, part]);
                self.give(params[0]);
            }
            Tail::Surprise(body) => {
                let (own, part) = (self.word(own), self.word(code(&program.bodies[body as usize].code)));
                let function = taipan_vm::tier::at_surprise as *const () as usize;
                // The reason is no bit.
                self.call_nothing(function, &[own, part, params[0]]);
                self.give(params[0]);
            }
            Tail::Outcome { body, tells } => {
                let (outcome, here, next) = (params[0], params[1], params[2]);
                let exit = self.tail(if tells { Tail::Surprise(body) } else { Tail::Plain });
                let (left, pushed, rest) =
                    (self.b.create_block(), self.b.create_block(), self.b.create_block());
                for block in [left, pushed, rest] {
                    self.b.set_cold_block(block);
                }
                let not = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::NOT as i64);
                self.b.ins().brif(not, exit, &[here.into()], left, &[]);
                self.b.switch_to_block(left);
                // Or an entry: then the interpreter enters.
                let is_pushed = self.b.ins().icmp_imm_u(
                    IntCC::UnsignedGreaterThanOrEqual,
                    outcome,
                    Outcome::PUSHED as i64,
                );
                self.b.ins().brif(is_pushed, pushed, &[], rest, &[]);
                self.b.switch_to_block(pushed);
                let callee = i32::from(program.bodies[body as usize].level + 1) * layout::FRAME;
                let start = self.read(self.frame, callee + layout::IP);
                let start = self.b.ins().bor_imm_s(start, Left::GO_ON as i64);
                self.give(start);
                self.b.switch_to_block(rest);
                let raised = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::RAISED as i64);
                let here = self.b.ins().bor_imm_s(here, Left::RAISED as i64);
                let word = self.b.ins().select(raised, here, next);
                self.give(word);
            }
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
    /// Calls a piece of code that overwrites no registers. Of two arguments the second is a constant.
    pub(super) fn call_stub(&mut self, stub: Stub, arguments: &[Value]) -> Value {
        let signature = self.stub_signature(arguments, true);
        let callee = self.word(stub.number());
        let call = self.b.ins().call_indirect(signature, callee, arguments);
        self.b.inst_results(call)[0]
    }
    /// The signature of a piece of code that is given these.
    fn stub_signature(&mut self, arguments: &[Value], returns: bool) -> SigRef {
        let types = arguments.iter().map(|value| self.b.func.dfg.value_type(*value)).collect();
        let key: (SmallVec<[Type; 8]>, bool) = (types, returns);
        if let Some(known) = self.stub_signatures.get(&key) {
            return *known;
        }
        let mut signature = Signature::new(stubs::CONVENTION);
        signature.params.extend(key.0.iter().map(|of| AbiParam::new(*of)));
        if returns {
            signature.returns.push(AbiParam::new(I64));
        }
        *self.stub_signatures.entry(key).or_insert(self.b.import_signature(signature))
    }
    /// Leaves if a function of [`runtime`] has not done it.
    pub(super) fn done(&mut self, answer: Value, not: u64) {
        let failed = self.b.ins().icmp_imm_s(IntCC::Equal, answer, not as i64);
        self.leave_if(failed);
    }
}
