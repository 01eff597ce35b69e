//! Making machine code of plans.
//!
//! Every result is written to its register at once, as the interpreter would; numbers are kept in machine registers besides, so that later instructions need not
//! read and test them again. So code can leave in front of any instruction without writing anything back.

mod arithmetic;
mod calls;
mod control;
mod objects;

use std::collections::BTreeMap;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I32, I64};
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, MemFlagsData, SigRef, Signature, Value};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, Switch, Variable};
use taipan_vm::tier::runtime::layout;
use taipan_vm::tier::{Left, runtime};

use crate::expect::{Expected, Guess};
use crate::flow::Flow;
use crate::kinds::{self, Known, State};
use crate::plan::{Plan, Reg};
use crate::program::Program;

/// Bits above a pointer; what an integer has there, and what is added to a float's.
const INT_TAG: u64 = 0xFFFF << 48;
const FLOAT_OFFSET: u64 = 1 << 48;

/// The function being made.
pub struct Lowering<'a, 'b> {
    b: FunctionBuilder<'b>,
    program: &'a Program,
    plans: &'a [Plan],
    expected: &'a Expected,
    flow: &'a Flow,
    states: &'a [Option<State>],
    /// Of the instructions at which blocks begin.
    blocks: BTreeMap<usize, Block>,
    /// Registers whose contents are numbers.
    ints: Vec<Variable>,
    floats: Vec<Variable>,
    window: Value,
    poll: Value,
    frame: Value,
    thread: Value,
    /// What is known in front of the instruction at `pc`.
    state: State,
    pc: usize,
    exits: BTreeMap<(usize, u64), Block>,
    /// Why code leaves that is made now.
    why: u64,
    /// Ways into loops on which something is to be tested.
    ways: Vec<(Block, usize, State)>,
    signatures: BTreeMap<(usize, bool), SigRef>,
    call_conv: CallConv,
}

/// The signature of machine code: see [`taipan_vm::tier::Entry`].
pub fn signature(call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params.extend([AbiParam::new(I64); 5]);
    signature.returns.push(AbiParam::new(I64));
    signature
}

impl<'a, 'b> Lowering<'a, 'b> {
    /// Fills the function.
    pub fn run(
        mut b: FunctionBuilder<'b>,
        program: &'a Program,
        expected: &'a Expected,
        flow: &'a Flow,
        states: &'a [Option<State>],
        isa: &dyn TargetIsa,
    ) {
        let first = b.create_block();
        b.append_block_params_for_function_params(first);
        b.switch_to_block(first);
        let params: Vec<Value> = b.block_params(first).to_vec();
        let registers = program.registers;
        let ints = (0..registers).map(|_| b.declare_var(I64)).collect();
        let floats = (0..registers).map(|_| b.declare_var(F64)).collect();
        let mut this = Lowering {
            b,
            program,
            plans: &program.plans,
            expected,
            flow,
            states,
            blocks: BTreeMap::new(),
            ints,
            floats,
            window: params[0],
            poll: params[1],
            frame: params[3],
            thread: params[4],
            state: vec![Known::Nothing; registers],
            pc: 0,
            exits: BTreeMap::new(),
            why: Left::EXECUTE,
            ways: Vec::new(),
            signatures: BTreeMap::new(),
            call_conv: isa.default_call_conv(),
        };
        for pc in flow.leaders.iter().filter(|pc| states[**pc].is_some()) {
            let block = this.b.create_block();
            this.blocks.insert(*pc, block);
        }
        this.enter(params[2]);
        this.body();
        while let Some((block, target, state)) = this.ways.pop() {
            this.b.switch_to_block(block);
            this.state = state;
            this.test_all(target);
            let to = this.blocks[&target];
            this.b.ins().jump(to, &[]);
        }
        for ((pc, why), block) in std::mem::take(&mut this.exits) {
            this.b.switch_to_block(block);
            let word = this.address(pc) | why;
            let word = this.word(word);
            this.b.ins().return_(&[word]);
        }
        this.b.seal_all_blocks();
        this.b.finalize(isa.frontend_config());
    }

    /// Jumps to the place that is wanted.
    fn enter(&mut self, place: Value) {
        let mut switch = Switch::new();
        let mut stubs = Vec::new();
        for (number, pc) in self.flow.places() {
            let stub = self.b.create_block();
            switch.set_entry(number as u128, stub);
            stubs.push((stub, pc));
        }
        let nowhere = self.b.create_block();
        switch.emit(&mut self.b, place, nowhere);
        self.b.switch_to_block(nowhere);
        let none = self.word(0);
        self.b.ins().return_(&[none]);
        self.why = Left::VAIN;
        for (stub, pc) in stubs {
            self.b.switch_to_block(stub);
            self.state = kinds::nothing(self.program);
            self.test_all(pc);
            let to = self.blocks[&pc];
            self.b.ins().jump(to, &[]);
        }
        self.why = Left::EXECUTE;
    }

    /// Tests what is known in front of `target`, as far as it is not known here.
    fn test_all(&mut self, target: usize) {
        self.pc = target;
        let Some(want) = &self.states[target] else { return };
        for (register, want) in want.clone().into_iter().enumerate() {
            self.test(register as Reg, want);
        }
    }

    /// Leaves in front of the instruction at `pc` unless the register is as wanted.
    fn test(&mut self, register: Reg, want: Known) {
        if self.state[register as usize].implies(want) {
            return;
        }
        match want {
            Known::Nothing => {}
            Known::Int => {
                self.int(register);
            }
            Known::Float => {
                self.float(register);
            }
            Known::Free => {
                let word = self.load(register);
                let counted = self.is_counted(word);
                self.leave_if(counted);
            }
            Known::List => {
                self.list(register);
            }
        }
    }

    fn body(&mut self) {
        let mut open = false;
        for pc in 0..self.plans.len() {
            let Some(state) = &self.states[pc] else {
                debug_assert!(!open || self.plans[pc] == Plan::Behind);
                continue;
            };
            if self.plans[pc] == Plan::Behind {
                continue;
            }
            if let Some(block) = self.blocks.get(&pc).copied() {
                if open {
                    self.go(pc);
                }
                self.b.switch_to_block(block);
                self.state = state.clone();
            } else if !open {
                continue;
            }
            self.pc = pc;
            open = self.instruction(self.plans[pc]);
        }
    }

    /// Goes on at an instruction at which a block begins, from what is known here.
    fn go(&mut self, target: usize) {
        let block = self.way(target);
        self.b.ins().jump(block, &[]);
    }

    /// The block to jump to in order to go on at `target`.
    fn way(&mut self, target: usize) -> Block {
        let Some(block) = self.blocks.get(&target).copied() else {
            return self.exit(target, Left::GO_ON);
        };
        let want = self.states[target].as_ref().expect("a block has a state");
        if !self.flow.is_head(target) || self.state.iter().zip(want).all(|(have, want)| have.implies(*want)) {
            return block;
        }
        if self.state.iter().zip(want).any(|(have, want)| have.excludes(*want)) {
            return self.exit(target, Left::EXECUTE);
        }
        let way = self.b.create_block();
        self.ways.push((way, target, self.state.clone()));
        way
    }

    /// Makes code of an instruction; whether it goes on behind it.
    fn instruction(&mut self, plan: Plan) -> bool {
        let guess = self.expected.guesses[self.pc];
        // From what is known in front of it: the tests that its code makes are part of the step.
        let mut after = self.state.clone();
        kinds::step(self.program, plan, &mut after, &guess);
        let falls = match plan {
            Plan::Leave { .. } | Plan::Call { .. } | Plan::Behind => {
                self.leave();
                false
            }
            Plan::Enter { base, first, count, to, callee, target } => {
                self.enter_callee(base, first, count, to, callee);
                self.state = after;
                self.go(target);
                return false;
            }
            Plan::Return { from, callee, first, to, target } => {
                self.return_(from, callee, first, to, target);
                self.state = after;
                self.go(target);
                return false;
            }
            Plan::Jump { target } => {
                self.go(target);
                false
            }
            Plan::Back { target } => {
                self.jump_back(target);
                false
            }
            Plan::Branch { test, drops, target } => {
                self.branch(test, drops, target, &guess, after);
                return false;
            }
            Plan::For { iterator, item, target } => {
                self.for_loop(iterator, item, target, &guess, after);
                return false;
            }
            plan => self.straight(plan, &guess),
        };
        self.state = after;
        if falls && self.blocks.contains_key(&Plan::next(self.pc, self.plans)) {
            self.go(Plan::next(self.pc, self.plans));
            return false;
        }
        falls
    }

    /// An instruction behind which the next one follows; false if it always leaves.
    fn straight(&mut self, plan: Plan, guess: &Guess) -> bool {
        match plan {
            Plan::Nop => {}
            Plan::Const { to, word } => self.constant(to, word),
            Plan::Copy { to, from } => self.copy(to, from),
            Plan::Move { to, from } => self.move_(to, from),
            Plan::Lend { to, from } => self.lend(to, from),
            Plan::Drop { register } => self.clear(register),
            Plan::CheckLocal { register } => {
                if matches!(self.state[register as usize], Known::Nothing | Known::Free) {
                    let word = self.load(register);
                    let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
                    self.leave_if(empty);
                }
            }
            Plan::Arith { op, to, left, right } => return self.arithmetic(op, to, left, right, guess),
            Plan::Square { to, from } => return self.square(to, from, guess),
            Plan::Neg { to, from } => return self.negate(to, from, guess),
            Plan::Compare { compare, to, left, right } => {
                let Some(truth) = self.compare(compare, left, right, guess) else { return false };
                self.put_bool(to, truth);
            }
            Plan::Not { to, from } => {
                let truth = self.truth(from);
                let not = self.b.ins().bxor_imm_s(truth, 1);
                self.put_bool(to, not);
            }
            Plan::Is { to, left, right, is } => {
                let same = self.same(left, right);
                let truth = if is { same } else { self.b.ins().bxor_imm_s(same, 1) };
                self.put_bool(to, truth);
            }
            Plan::Item { to, container, index } => self.item(to, container, index, guess),
            Plan::StoreItem { container, index, operand } => {
                self.store_item(container, index, operand, guess)
            }
            Plan::LoadAttr { to, subject } => self.load_attr(to, subject),
            Plan::StoreAttr { subject, operand } => self.store_attr(subject, operand),
            Plan::LoadMethod { to, subject } => self.load_method(to, subject),
            Plan::LoadGlobal { to } => self.load_global(to),
            Plan::LoadCell { to, cell } => self.load_cell(to, cell),
            Plan::Append { list, operand } => self.append(list, operand),
            Plan::Unpack { first, operand, count } => self.unpack(first, operand, count),
            Plan::Build { to, first, count, list } => self.build(to, first, count, list),
            Plan::Native { .. } => self.call_native(),
            Plan::Get { to, container, key } => self.get(to, container, key),
            Plan::In { to, element, container, is } => {
                let found = self.contains(element, container);
                let truth = if is { found } else { self.b.ins().bxor_imm_s(found, 1) };
                self.put_bool(to, truth);
            }
            Plan::Power { to, left, right } => self.power(to, left, right, guess),
            Plan::Slice { to, container, bounds } => self.slice(to, container, bounds),
            Plan::Leave { .. }
            | Plan::Call { .. }
            | Plan::Enter { .. }
            | Plan::Return { .. }
            | Plan::Behind
            | Plan::Jump { .. }
            | Plan::Back { .. }
            | Plan::Branch { .. }
            | Plan::For { .. } => unreachable!("not straight"),
        }
        true
    }

    // --- words and registers ---

    fn word(&mut self, word: u64) -> Value {
        self.b.ins().iconst(I64, word as i64)
    }
    /// Address of the instruction at `pc`.
    fn address(&self, pc: usize) -> u64 {
        self.program.address(pc)
    }
    /// The same as a value.
    fn place_of(&mut self, pc: usize) -> Value {
        let address = self.address(pc);
        self.word(address)
    }
    /// Address of the instruction behind that being made.
    fn next(&mut self) -> Value {
        self.place_of(Plan::next(self.pc, self.plans))
    }
    /// Address of the cache of the instruction being made.
    fn cache(&mut self) -> Value {
        let address = std::ptr::from_ref(self.program.cache(self.pc)).expose_provenance() as u64;
        self.word(address)
    }
    /// The frame of the instruction being made.
    fn frame(&mut self) -> Value {
        let level = self.program.body(self.pc).level;
        if level == 0 {
            return self.frame;
        }
        self.b.ins().iadd_imm_s(self.frame, i64::from(level) * i64::from(layout::FRAME))
    }
    fn read(&mut self, address: Value, offset: i32) -> Value {
        self.b.ins().load(I64, MemFlagsData::trusted(), address, offset)
    }
    fn load(&mut self, register: Reg) -> Value {
        self.read(self.window, register as i32 * 8)
    }
    /// Writes to a register that owns nothing.
    fn store(&mut self, register: Reg, word: Value) {
        self.b.ins().store(MemFlagsData::trusted(), word, self.window, register as i32 * 8);
    }
    fn store_word(&mut self, register: Reg, word: u64) {
        let word = self.word(word);
        self.store(register, word);
    }
    /// Writes to a register, and drops what it owned.
    fn put(&mut self, register: Reg, word: Value) {
        let next = self.next();
        self.put_before(register, word, next);
    }
    /// The same in an instruction behind which execution goes on at the address `next`.
    fn put_before(&mut self, register: Reg, word: Value, next: Value) {
        if self.state[register as usize].is_free() {
            return self.store(register, word);
        }
        let old = self.load(register);
        self.store(register, word);
        self.release(old, next);
    }
    /// Drops a word that was moved out of its place. If that may run code, leaves behind it for the address `next`: see [`taipan_vm::tier`].
    fn release(&mut self, old: Value, next: Value) {
        let on = self.drop_or_go_on(old);
        self.drop_last(old);
        let word = self.b.ins().bor_imm_s(next, Left::GO_ON as i64);
        self.b.ins().return_(&[word]);
        self.b.switch_to_block(on);
    }
    /// Drops a word, if that is a matter of a few instructions, and goes on in the block that is given; otherwise goes on here.
    fn drop_or_go_on(&mut self, word: Value) -> Block {
        let counted = self.is_counted(word);
        let (drop, last, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(last);
        self.b.ins().brif(counted, drop, &[], on, &[]);
        self.b.switch_to_block(drop);
        let done = self.call(runtime::drop_word as *const () as usize, &[word]);
        self.b.ins().brif(done, on, &[], last, &[]);
        self.b.switch_to_block(last);
        on
    }
    /// Drops what may be the last word of an object.
    fn drop_last(&mut self, word: Value) {
        let (here, frame) = (self.place_of(self.pc), self.frame());
        self.call_nothing(runtime::drop_last as *const () as usize, &[word, frame, here]);
    }
    /// Whether dropping the word changes a count.
    fn is_counted(&mut self, word: Value) -> Value {
        let rotated = self.b.ins().rotr_imm_s(word, 1);
        let less = self.b.ins().iadd_imm_s(rotated, -1);
        let limit = self.word((1 << 47) - 1);
        self.b.ins().icmp(IntCC::UnsignedLessThan, less, limit)
    }
    /// Leaves unless the word is a pointer.
    fn pointer(&mut self, word: Value) {
        let is = self.is_pointer(word);
        self.leave_unless(is);
    }
    fn is_pointer(&mut self, word: Value) -> Value {
        let less = self.b.ins().iadd_imm_s(word, -1);
        let limit = self.word((1 << 48) - 1);
        self.b.ins().icmp(IntCC::UnsignedLessThan, less, limit)
    }
    /// Address of the object that a pointer leads to.
    fn object(&mut self, word: Value) -> Value {
        self.b.ins().band_imm_s(word, !1)
    }
    /// Leaves unless the pointer is to an object of that shape; gives its address.
    fn of_shape(&mut self, word: Value, shape: u32) -> Value {
        let object = self.object(word);
        let found = self.b.ins().load(I32, MemFlagsData::trusted(), object, taipan_objects::Header::SHAPE);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, i64::from(shape));
        self.leave_unless(is);
        object
    }

    // --- numbers ---

    /// The integer in a register, which is tested to be one unless that is known.
    fn int(&mut self, register: Reg) -> Value {
        let variable = self.ints[register as usize];
        if self.state[register as usize] == Known::Int {
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
    fn float(&mut self, register: Reg) -> Value {
        let variable = self.floats[register as usize];
        if self.state[register as usize] == Known::Float {
            return self.b.use_var(variable);
        }
        let word = self.load(register);
        let float = self.float_or_leave(word);
        self.b.def_var(variable, float);
        self.state[register as usize] = Known::Float;
        float
    }
    fn is_number(&mut self, word: Value) -> Value {
        let least = self.word(FLOAT_OFFSET);
        self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, word, least)
    }
    fn is_int(&mut self, word: Value) -> Value {
        let tag = self.word(INT_TAG);
        self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, word, tag)
    }
    fn int_of(&mut self, word: Value) -> Value {
        let high = self.b.ins().ishl_imm_s(word, 16);
        self.b.ins().sshr_imm_s(high, 16)
    }
    /// The float that a word is; leaves if it is none.
    fn float_or_leave(&mut self, word: Value) -> Value {
        let offset = self.word(FLOAT_OFFSET);
        let bits = self.b.ins().isub(word, offset);
        let limit = self.word(INT_TAG - FLOAT_OFFSET);
        let is = self.b.ins().icmp(IntCC::UnsignedLessThan, bits, limit);
        self.leave_unless(is);
        self.b.ins().bitcast(F64, cranelift_codegen::ir::MemFlagsData::new(), bits)
    }
    fn boxed_int(&mut self, int: Value) -> Value {
        let high = self.b.ins().ishl_imm_s(int, 16);
        let low = self.b.ins().ushr_imm_s(high, 16);
        let tag = self.word(INT_TAG);
        self.b.ins().bor(low, tag)
    }
    fn boxed_float(&mut self, float: Value) -> Value {
        let bits = self.b.ins().bitcast(I64, cranelift_codegen::ir::MemFlagsData::new(), float);
        let offset = self.word(FLOAT_OFFSET);
        self.b.ins().iadd(bits, offset)
    }
    /// Writes an integer of 48 bits.
    fn put_int(&mut self, to: Reg, int: Value) {
        let word = self.boxed_int(int);
        self.put(to, word);
        self.b.def_var(self.ints[to as usize], int);
    }
    /// Writes a float that is a number; leaves if it is none.
    fn put_float(&mut self, to: Reg, float: Value) {
        let none = self.b.ins().fcmp(FloatCC::Unordered, float, float);
        self.leave_if(none);
        let word = self.boxed_float(float);
        self.put(to, word);
        self.b.def_var(self.floats[to as usize], float);
    }

    // --- leaving and calling ---

    /// The block that leaves in front of the instruction at `pc`.
    fn exit(&mut self, pc: usize, why: u64) -> Block {
        if let Some(block) = self.exits.get(&(pc, why)) {
            return *block;
        }
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        self.exits.insert((pc, why), block);
        block
    }
    /// Leaves the instruction to the interpreter.
    fn leave(&mut self) {
        let exit = self.exit(self.pc, self.why);
        self.b.ins().jump(exit, &[]);
    }
    fn leave_if(&mut self, condition: Value) {
        let (exit, on) = (self.exit(self.pc, self.why), self.b.create_block());
        self.b.ins().brif(condition, exit, &[], on, &[]);
        self.b.switch_to_block(on);
    }
    fn leave_unless(&mut self, condition: Value) {
        let (exit, on) = (self.exit(self.pc, self.why), self.b.create_block());
        self.b.ins().brif(condition, on, &[], exit, &[]);
        self.b.switch_to_block(on);
    }
    fn signature(&mut self, count: usize, returns: bool) -> SigRef {
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
    /// Calls a function of [`runtime`].
    fn call(&mut self, function: usize, arguments: &[Value]) -> Value {
        let signature = self.signature(arguments.len(), true);
        let function = self.word(function as u64);
        let call = self.b.ins().call_indirect(signature, function, arguments);
        self.b.inst_results(call)[0]
    }
    fn call_nothing(&mut self, function: usize, arguments: &[Value]) {
        let signature = self.signature(arguments.len(), false);
        let function = self.word(function as u64);
        self.b.ins().call_indirect(signature, function, arguments);
    }
    /// Leaves if a function of [`runtime`] has not done it.
    fn done(&mut self, answer: Value, not: u64) {
        let failed = self.b.ins().icmp_imm_s(IntCC::Equal, answer, not as i64);
        self.leave_if(failed);
    }
}
