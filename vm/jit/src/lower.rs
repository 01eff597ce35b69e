//! Making machine code of plans.
//!
//! Every result is written to its register at once, as the interpreter would, but for numbers, where the register has none but a number or nothing: they are in machine registers, and
//! written by the ways out, and in front of what looks at registers ([`Lowering::settle_all`]). Otherwise code leaves in front of any instruction without writing anything back.

mod arithmetic;
mod attributes;
mod calls;
mod containers;
mod control;
mod counts;
mod frames;
mod leaving;
mod methods;
mod names;
mod objects;
mod registers;
mod seen;
mod unpushed;

use std::collections::BTreeMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, SigRef, Signature, Type, Value};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, Switch, Variable};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use taipan_vm::tier::Left;
use taipan_vm::tier::calls::Callee;
use taipan_vm::tier::virtual_frames::Site;

use crate::expect::Guess;
use crate::flow::Flow;
use crate::generic;
use crate::kinds::{self, Known, State};
use crate::plan::{Plan, Reg, Test};
use crate::program::Program;
use crate::virtual_frames;

/// Bits above a pointer; what an integer has there, and what is added to a float's.
const INT_TAG: u64 = 0xFFFF << 48;
const FLOAT_OFFSET: u64 = 1 << 48;

/// The function being made.
pub struct Lowering<'a, 'b> {
    b: FunctionBuilder<'b>,
    program: &'a Program,
    plans: &'a [Plan],
    guesses: &'a [Guess],
    flow: &'a Flow,
    states: &'a [Option<State>],
    /// Of the instructions at which blocks begin.
    blocks: BTreeMap<usize, Block>,
    /// Registers whose contents are numbers.
    ints: Vec<Variable>,
    floats: Vec<Variable>,
    /// The first block, and the constants in it.
    entry: Block,
    words: FxHashMap<u64, Value>,
    window: Value,
    poll: Value,
    frame: Value,
    thread: Value,
    /// What is known in front of the instruction at `pc`.
    state: State,
    /// What else was found out; and what blocks are told of that.
    seen: seen::Seen,
    handed: seen::Handed,
    /// Whether that is kept behind the instruction: then it is noticed if code that runs changes shapes.
    keeps: bool,
    pc: usize,
    exits: BTreeMap<leaving::Exit, Block>,
    tails: BTreeMap<leaving::Tail, Block>,
    /// Those whose code is not made yet.
    open_tails: Vec<leaving::Tail>,
    /// Why code leaves that is made now.
    why: u64,
    /// Whether the instruction being made is executed in another way where it is not as expected; and where that begins, once anything goes there.
    slow: Option<Option<Block>>,
    /// Ways into loops on which something is to be tested.
    ways: Vec<(Block, usize, State)>,
    signatures: BTreeMap<(usize, bool), SigRef>,
    entry_signature: Option<SigRef>,
    /// Of pieces of code, by what they are given, and whether they return anything.
    stub_signatures: FxHashMap<(SmallVec<[Type; 8]>, bool), SigRef>,
    call_conv: CallConv,
    /// Whether there are so many calls that the code is to be short.
    is_wide: bool,
    kept: Kept,
    /// Whether the frames that are not pushed were, for the step that is made.
    are_pushed: bool,
    /// Whether anything needs a frame that is not pushed.
    is_failed: bool,
}

/// The signature of machine code: see [`taipan_vm::tier::Entry`].
pub fn signature(call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params.extend([AbiParam::new(I64); 5]);
    signature.returns.extend([AbiParam::new(I64); 2]);
    signature
}

/// What the code has the addresses of: what calls are told of what they call, and which frames are not pushed.
#[derive(Default)]
pub struct Kept {
    callees: Vec<Box<Callee>>,
    /// By steps of callees whose frames are not pushed.
    sites: BTreeMap<usize, Box<Site>>,
}

// SAFETY: written once, before there is the code; what they point to is kept by that, too.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

/// Calls that push frames by themselves, in code that has no more of them.
const FEW_CALLS: usize = 3;

impl<'a, 'b> Lowering<'a, 'b> {
    /// Fills the function. How many of its first blocks are laid out in the order of the instructions, and what the code has the addresses of; nothing if something needs a frame that is not pushed.
    pub fn run(
        mut b: FunctionBuilder<'b>,
        program: &'a Program,
        guesses: &'a [Guess],
        flow: &'a Flow,
        states: &'a [Option<State>],
        config: TargetFrontendConfig,
    ) -> Option<(usize, Kept)> {
        let calls = |plan: &Plan| match plan {
            Plan::Enter { callee, .. } | Plan::EnterLent { callee, .. } => {
                !program.bodies[*callee as usize].is_virtual
            }
            plan => matches!(plan, Plan::Invoke { callee: Some(_), .. }),
        };
        let calls = program.plans.iter().filter(|plan| calls(plan)).count();
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
            guesses,
            flow,
            states,
            blocks: BTreeMap::new(),
            ints,
            floats,
            entry: first,
            words: FxHashMap::default(),
            window: params[0],
            poll: params[1],
            frame: params[3],
            thread: params[4],
            state: vec![Known::Nothing; registers],
            seen: seen::Seen::default(),
            handed: seen::Handed::of(program, flow),
            keeps: false,
            pc: 0,
            exits: BTreeMap::new(),
            tails: BTreeMap::new(),
            open_tails: Vec::new(),
            why: Left::EXECUTE,
            slow: None,
            ways: Vec::new(),
            signatures: BTreeMap::new(),
            entry_signature: None,
            stub_signatures: FxHashMap::default(),
            call_conv: config.default_call_conv,
            is_wide: calls > FEW_CALLS,
            kept: Kept::default(),
            are_pushed: false,
            is_failed: false,
        };
        for pc in flow.leaders.iter().filter(|pc| states[**pc].is_some()) {
            let block = this.b.create_block();
            this.blocks.insert(*pc, block);
        }
        this.enter(params[2]);
        this.body();
        let early = this.b.func.layout.blocks().count();
        while let Some((block, target, state)) = this.ways.pop() {
            this.b.switch_to_block(block);
            this.state = state;
            this.settle_for(target);
            this.test_all(target);
            let to = this.blocks[&target];
            this.b.ins().jump(to, &[]);
        }
        this.ways_out();
        this.b.seal_all_blocks();
        this.b.finalize(config);
        (!this.is_failed).then_some((early, this.kept))
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
        self.give(none);
        for (stub, pc) in stubs {
            // Those who call are told nothing of that.
            let is_start = Some(pc) == self.flow.start;
            self.why = if is_start { Left::EXECUTE } else { Left::VAIN };
            self.b.switch_to_block(stub);
            self.state = if is_start {
                kinds::at_start(self.program, self.flow)
            } else {
                kinds::nothing(self.program)
            };
            self.pc = pc;
            let exit = self.unexpected();
            self.as_assumed(exit);
            self.make_room(exit);
            self.test_all(pc);
            self.handed.hand(pc, &seen::Seen::at_entry());
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
    pub(super) fn test(&mut self, register: Reg, want: Known) {
        if self.state[register as usize].implies(want) {
            return;
        }
        match want {
            Known::Nothing => {}
            Known::Int | Known::LateInt => {
                self.int(register);
            }
            Known::Float | Known::LateFloat => {
                self.float(register);
            }
            Known::Bare => {
                let word = self.load(register);
                let pointer = self.is_pointer(word);
                self.leave_if(pointer);
            }
            Known::Free => {
                let word = self.load(register);
                let counted = self.is_counted(word);
                self.leave_if(counted);
            }
            Known::Bool => {
                let word = self.load(register);
                let other = self.unexpected();
                self.must_be_bool(word, other);
            }
            Known::List => {
                self.list(register);
            }
            Known::Doubles => {
                self.doubles(register);
            }
        }
    }

    fn body(&mut self) {
        let mut open = false;
        for pc in seen::order(self.program) {
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
                let states = self.states;
                self.seen = self.handed.take(pc, |step| states[step].is_some());
            } else if !open {
                continue;
            }
            self.pc = pc;
            open = self.instruction(self.plans[pc]);
            self.handed.note(pc);
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
        self.hand(target);
        let want = self.states[target].as_ref().expect("a block has a state");
        if self.state.iter().zip(want).all(|(have, want)| have.implies(*want)) {
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
        let guess = self.guesses[self.pc];
        if kinds::settles(plan) {
            self.settle_all();
        }
        let generic = match plan {
            Plan::Execute { .. } | Plan::Decide { .. } | Plan::Next { .. } | Plan::Invoke { .. } => None,
            Plan::Equal { .. } | Plan::Branch { test: Test::Equal { .. }, .. } => {
                generic::plan(self.program, self.pc)
            }
            _ if guess.mixed => generic::plan(self.program, self.pc),
            _ => None,
        };
        let generic = generic.filter(|plan| {
            let jumps = matches!(plan, Plan::Decide { .. } | Plan::Next { .. });
            !self.is_virtual() || !jumps && !virtual_frames::needs_frame(self.program, self.pc)
        });
        let Some(generic) = generic else { return self.quick_instruction(plan, &guess) };
        let before = self.state.clone();
        self.slow = Some(None);
        let falls = self.quick_instruction(plan, &guess);
        let Some(Some(slow)) = self.slow.take() else { return falls };
        let after = self.state.clone();
        let on = falls.then(|| self.b.create_block());
        if let Some(on) = on {
            self.b.ins().jump(on, &[]);
        }
        self.b.set_cold_block(slow);
        self.b.switch_to_block(slow);
        self.state = before;
        self.generic_instruction(generic, on.map(|on| (on, &after)));
        if let Some(on) = on {
            self.b.switch_to_block(on);
        }
        self.state = after;
        falls
    }

    /// Has the instruction executed that was not as expected, and goes on: in the block, where that is known; or else where the next one begins.
    fn generic_instruction(&mut self, generic: Plan, on: Option<(Block, &State)>) {
        let mut behind = self.state.clone();
        kinds::step(self.program, generic, &mut behind, &Guess::default());
        let next = Plan::next(self.pc, self.plans);
        match generic {
            Plan::Decide { target, .. } => return self.execute_or_jump(target, behind.clone(), behind),
            Plan::Next { iterator, target, .. } => {
                let ended = self.ended(iterator);
                return self.execute_or_jump(target, ended, behind);
            }
            _ => self.execute(),
        }
        self.state = behind;
        let Some((on, after)) = on else { return self.go(next) };
        let pc = std::mem::replace(&mut self.pc, next);
        for (register, want) in after.iter().enumerate() {
            self.test(register as Reg, *want);
        }
        self.pc = pc;
        self.b.ins().jump(on, &[]);
    }

    /// What is known where a loop over the iterator ends.
    fn ended(&self, iterator: Reg) -> State {
        let mut state = self.state.clone();
        state[iterator as usize] = Known::Bare;
        state
    }

    fn quick_instruction(&mut self, plan: Plan, guess: &Guess) -> bool {
        let guess = *guess;
        self.keeps = seen::is_kept(self.program, plan, &guess);
        if !self.keeps {
            self.seen = seen::Seen::default();
        }
        // From what is known in front of it: the tests that its code makes are part of the step.
        let mut after = self.state.clone();
        kinds::step(self.program, plan, &mut after, &guess);
        let falls = match plan {
            Plan::Leave { .. } | Plan::Unseen | Plan::Call { .. } | Plan::Behind => {
                self.leave();
                false
            }
            Plan::EnterLent { subject, argument, first, to, callee, target } => {
                self.enter_lent(subject, argument, first, to, callee);
                self.state = after;
                self.go(target);
                return false;
            }
            Plan::Enter { base, first, count, to, callee, target } => {
                let before = self.state.clone();
                let other = self.enter_callee(base, first, count, to, callee);
                self.state = after;
                self.go(target);
                if let Some(other) = other {
                    self.state = before;
                    self.seen = seen::Seen::default();
                    self.call_instead(other, base, to);
                }
                return false;
            }
            Plan::End { from } => {
                self.end(from);
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
            Plan::Decide { .. } | Plan::Next { .. } => {
                self.generic_instruction(plan, None);
                return false;
            }
            plan => self.with_frames(plan, &guess),
        };
        self.state = after;
        if !self.keeps {
            self.seen = seen::Seen::default();
        }
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
                let is_seen = self.seen_word(register).is_some_and(|word| self.seen_object(word).is_some());
                if !is_seen
                    && matches!(self.state[register as usize], Known::Nothing | Known::Bare | Known::Free)
                {
                    let word = self.load(register);
                    let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
                    self.leave_if(empty);
                }
            }
            Plan::Arith { op, to, left, right } => return self.arithmetic(op, to, left, right, guess),
            Plan::Square { to, from } => return self.square(to, from, guess),
            Plan::Neg { to, from } => return self.negate(to, from, guess),
            Plan::Equal { to, left, right, when } => {
                let equal = self.equal(left, right);
                let truth = if when { equal } else { self.b.ins().bxor_imm_s(equal, 1) };
                self.put_bool(to, truth);
            }
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
            Plan::LoadAttr { to, subject } => self.load_attr(to, subject, guess),
            Plan::StoreAttr { subject, operand } => self.store_attr(subject, operand),
            Plan::LoadMethod { to, subject } => self.load_method(to, subject),
            Plan::LoadGlobal { to, number: None } => self.load_global(to, guess),
            Plan::LoadGlobal { to, number: Some(number) } => self.load_number(to, number),
            Plan::CopyFree { first, count } => self.copy_free(first, count),
            Plan::LoadCell { to, cell } => self.load_cell(to, cell),
            Plan::Append { list, operand } => self.append(list, operand),
            Plan::Unpack { first, operand, count, parts } => self.unpack(first, operand, count, parts),
            Plan::Build { to, first, count, list } => self.build(to, first, count, list),
            Plan::Native { .. } => self.call_native(),
            Plan::IsNumber { .. } => self.is_number_instance(),
            Plan::Length { .. } => self.length(),
            Plan::Invoke { .. } => self.invoke(),
            Plan::Execute { .. } => self.execute(),
            Plan::Get { to, container, key } => self.get(to, container, key),
            Plan::Power { to, left, right } => self.power(to, left, right, guess),
            Plan::Slice { to, container, bounds } => self.slice(to, container, bounds),
            Plan::Leave { .. }
            | Plan::Unseen
            | Plan::Call { .. }
            | Plan::Enter { .. }
            | Plan::EnterLent { .. }
            | Plan::Return { .. }
            | Plan::End { .. }
            | Plan::Behind
            | Plan::Jump { .. }
            | Plan::Back { .. }
            | Plan::Branch { .. }
            | Plan::Decide { .. }
            | Plan::Next { .. }
            | Plan::For { .. } => unreachable!("not straight"),
        }
        true
    }
}
