//! Calls, and what is executed as the interpreter does.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_bytecode::Op;
use taipan_objects::Obj;
use taipan_objects::code::machine::Machine;
use taipan_objects::descriptor::PyMethodDescr;
use taipan_objects::list::PyList;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::singletons::bool_obj;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::PyType;
use taipan_vm::tier::Left;
use taipan_vm::tier::calls::{self, Outcome};
use taipan_vm::tier::execute::{self, Executor};
use taipan_vm::tier::runtime::{self, layout, shapes};
use taipan_vm::tier::samples::Kind;

use super::Lowering;
use crate::expect::Guess;
use crate::kinds::{self, Known, State};
use crate::plan::{Plan, Reg};
use crate::x64::stubs::Stub;

impl Lowering<'_, '_> {
    pub(super) fn write(&mut self, word: Value, address: Value, offset: i32) {
        self.b.ins().store(MemFlagsData::trusted(), word, address, offset);
    }
    pub(super) fn write_word(&mut self, word: u64, address: Value, offset: i32) {
        let word = self.word(word);
        self.write(word, address, offset);
    }

    /// Calls a native function: the one that is expected at once.
    pub(super) fn call_native(&mut self) {
        let Plan::Native { base, count, to, method, callee, .. } = self.plans[self.pc] else { return };
        let program = self.program;
        let callable = &program.natives[callee as usize];
        if self.is_virtual() {
            return self.call_quietly(base, count, to, callable);
        }
        let (other, on) = (self.b.create_block(), self.b.create_block());
        if let Some(function) = callable.downcast::<PyNativeFunction>().filter(|f| f.is_unbound()) {
            let def = std::ptr::from_ref(function.def).expose_provenance() as u64;
            let receiver = method.then_some(false);
            let caller = calls::caller_of(function.def);
            let call = (caller as *const () as usize, def);
            self.call_expected(base, base + 2, count, to, callable.value(), receiver, call, on, other);
        } else if let Some(descriptor) = callable.downcast::<PyMethodDescr>() {
            let address = std::ptr::from_ref(descriptor).expose_provenance() as u64;
            let call = (calls::call_descriptor as *const () as usize, address);
            self.call_expected(base, base + 1, count + 1, to, callable.value(), Some(true), call, on, other);
        } else if let Some(class) = callable.downcast::<PyType>() {
            let address = std::ptr::from_ref(class).expose_provenance() as u64;
            let call = (calls::call_class as *const () as usize, address);
            let receiver = method.then_some(false);
            self.call_expected(base, base + 2, count, to, callable.value(), receiver, call, on, other);
        } else {
            self.b.ins().jump(other, &[]);
        }
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        self.invoke_to(to, on);
        self.b.switch_to_block(on);
    }

    /// Calls a function that needs no frame for most arguments; leaves for others.
    fn call_quietly(&mut self, base: Reg, count: u16, to: Reg, callable: &Obj) {
        let Some(function) = callable.downcast::<PyNativeFunction>() else {
            self.is_failed = true;
            return;
        };
        let (first, def, other) = (base + 2, function.def, self.unexpected());
        self.as_callable(base, first, callable.value().counted().bits(), other);
        let arguments = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let def = self.word(std::ptr::from_ref(def).expose_provenance() as u64);
        let number = self.word(u64::from(count));
        let found = self.call(calls::answer as *const () as usize, &[def, arguments, number]);
        self.done(found, runtime::NOTHING_DONE);
        let owned = (first..first + count).filter(|register| !self.state[*register as usize].is_free());
        let mut owned: Vec<Reg> = owned.collect();
        if !(base..first + count).contains(&to) && !self.state[to as usize].is_free() {
            owned.push(to);
        }
        let words: Vec<Value> = owned.into_iter().map(|register| self.load(register)).collect();
        self.store_word(base, 0);
        for register in first..first + count {
            self.store_word(register, 0);
        }
        self.store(to, found);
        self.release_all(&words);
    }

    /// The answer of `isinstance` for a number of a kind and a class; leaves if there is something else.
    pub(super) fn is_number_instance(&mut self) {
        let Plan::IsNumber { base, to, callee, number, class, answer } = self.plans[self.pc] else { return };
        let expected =
            [(base, self.program.natives[callee as usize].value().uncounted().bits()), (base + 3, class)];
        for (register, word) in expected {
            let found = self.load(register);
            let is = self.b.ins().icmp_imm_s(IntCC::Equal, found, word as i64);
            self.leave_unless(is);
        }
        if number == Known::Int {
            self.int(base + 2);
        } else {
            self.float(base + 2);
        }
        for register in [base, base + 2, base + 3] {
            self.store_word(register, 0);
            self.state[register as usize] = Known::Bare;
        }
        let answer = self.word(bool_obj(answer).into_value().bits());
        self.put(to, answer);
    }

    /// The length of a container of the kind that is expected; leaves if there is something else.
    pub(super) fn length(&mut self) {
        let plan = self.plans[self.pc];
        let Plan::Length { base, to, callee, of } = plan else { return };
        let (argument, other) = (base + 2, self.unexpected());
        let function = self.program.natives[callee as usize].value().counted().bits();
        self.as_callable(base, argument, function, other);
        if to != base && to != argument {
            // Only one object may end behind it.
            self.must_be_free(to);
        }
        let word = self.load(argument);
        self.pointer(word);
        let length = match of {
            Kind::List => {
                let list = self.of_shape(word, shapes::LIST);
                self.read(list, PyList::LEN)
            }
            Kind::Tuple => {
                let tuple = self.of_shape(word, shapes::TUPLE);
                self.read(tuple, PyTuple::LEN)
            }
            _ => {
                let text = self.of_shape(word, shapes::STR);
                let meta = self.read(text, PyStr::META);
                self.b.ins().ushr_imm_s(meta, i64::from(PyStr::LENGTH_SHIFT))
            }
        };
        let is_owned = !self.state[argument as usize].is_free();
        for register in [base, argument] {
            self.store_word(register, 0);
            self.state[register as usize] = Known::Bare;
        }
        if !self.state[to as usize].is_bare() {
            let boxed = self.boxed(length);
            self.store(to, boxed);
        }
        self.have(to, length);
        kinds::step(self.program, plan, &mut self.state, &Guess::default());
        if is_owned {
            self.release_here(word);
        }
    }

    /// Calls `call.0` with `call.1` and the arguments, if the callable is the one that is expected, and the register behind it empty or not as `receiver` says; otherwise goes to `other`.
    #[allow(clippy::too_many_arguments)]
    fn call_expected(
        &mut self,
        base: Reg,
        first: Reg,
        count: u16,
        to: Reg,
        callable: taipan_objects::Value,
        receiver: Option<bool>,
        call: (usize, u64),
        on: Block,
        other: Block,
    ) {
        let word = self.load(base);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, word, callable.uncounted().bits() as i64);
        let known = self.b.create_block();
        self.b.ins().brif(is, known, &[], other, &[]);
        self.b.switch_to_block(known);
        if let Some(there) = receiver {
            let word = self.load(base + 1);
            let ready = self.b.create_block();
            let (some, none) = if there { (ready, other) } else { (other, ready) };
            self.b.ins().brif(word, some, &[], none, &[]);
            self.b.switch_to_block(ready);
        }
        let (frame, here) = (self.frame(), self.address(self.pc));
        self.write_word(here, frame, layout::IP);
        let arguments = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let (target, number) = (self.word(call.1), self.word(u64::from(count)));
        let found = self.call(call.0, &[target, arguments, number]);
        let (raised, declined, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let little = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, found, runtime::NOTHING_DONE as i64);
        self.b.ins().brif(little, done, &[], declined, &[]);
        self.b.set_cold_block(declined);
        self.b.switch_to_block(declined);
        self.b.ins().brif(found, other, &[], raised, &[]);
        self.b.set_cold_block(raised);
        self.b.switch_to_block(raised);
        let (from, number) = (self.word(u64::from(first)), self.word(u64::from(count)));
        self.call_nothing(runtime::clear_registers as *const () as usize, &[self.window, from, number]);
        let raised = self.word(here | Left::RAISED);
        self.give(raised);
        self.b.switch_to_block(done);
        self.store_word(base, 0);
        self.empty_all(first..first + count);
        let next = self.next();
        if (base..first + count).contains(&to) {
            self.store(to, found);
        } else {
            self.put_before(to, found, next);
        }
        self.go_on_unseen(on, Plan::next(self.pc, self.plans));
    }

    /// Calls anything: a function that has machine code by that, on top of this one's.
    pub(super) fn invoke(&mut self) {
        let Plan::Invoke { base, count, to, callee, .. } = self.plans[self.pc] else { return };
        let on = self.b.create_block();
        if let Some(callee) = callee {
            let other = self.b.create_block();
            self.enter_known(callee, base, count, to, on, other);
            self.b.switch_to_block(other);
        }
        self.invoke_to(to, on);
        self.b.switch_to_block(on);
    }

    /// Calls what was expected to be a callee that is part of the program, and goes on behind.
    pub(super) fn call_instead(&mut self, block: Block, base: Reg, to: Reg) {
        self.b.set_cold_block(block);
        self.b.switch_to_block(block);
        self.settle_all();
        let on = self.b.create_block();
        self.invoke_to(to, on);
        self.b.switch_to_block(on);
        let plan = kinds::instead(self.program, self.pc, base, to);
        kinds::step(self.program, plan, &mut self.state, &Guess::default());
        self.go(Plan::next(self.pc, self.plans));
    }

    /// The same; goes on in a block.
    fn invoke_to(&mut self, to: Reg, on: Block) {
        let outcome = self.call_here(calls::invoke as *const () as usize);
        let rest = self.enter_machine_code(outcome, |this, value| {
            let next = this.next();
            this.put_before(to, value, next);
            this.go_on_unseen(on, Plan::next(this.pc, this.plans));
        });
        self.b.switch_to_block(rest);
        self.judge(outcome, on, None);
    }

    /// Has the instruction executed as the interpreter does.
    pub(super) fn execute(&mut self) {
        let on = self.b.create_block();
        self.execute_to(on, None);
        self.b.switch_to_block(on);
    }

    /// Goes on here if a function of `runtime` has done it; otherwise has the instruction executed, and goes on in the block that is given, to which what follows here is to come.
    /// `often`: that is how instructions like this are executed where nothing is known of their sites. Otherwise a Python function that they call is left to the interpreter.
    pub(super) fn or_execute(&mut self, answer: Value, not: u64, often: bool) -> Block {
        let (on, slow, after) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let failed = self.b.ins().icmp_imm_s(IntCC::Equal, answer, not as i64);
        self.b.ins().brif(failed, slow, &[], on, &[]);
        self.b.set_cold_block(slow);
        self.b.switch_to_block(slow);
        if often {
            self.execute_to(after, None);
        } else {
            self.execute_seldom(after);
        }
        self.b.switch_to_block(on);
        after
    }

    /// Has the instruction executed, where that is seldom; a Python function that it calls is left to the interpreter.
    fn execute_seldom(&mut self, on: Block) {
        self.write_seldom();
        let executor = self.word(self.executor() as *const () as u64);
        let outcome = if self.is_virtual() {
            let site = self.site();
            self.call_stub(Stub::ExecuteVirtual, &[site, executor])
        } else {
            let here = self.word(self.here());
            self.call_stub(Stub::Execute, &[here, executor])
        };
        let is_done = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::QUIET as i64);
        self.refuse_if(is_done, on);
        self.leave_by(outcome);
    }

    /// Comes to a block from here, and goes on there.
    pub(super) fn come_to(&mut self, block: Block) {
        self.b.ins().jump(block, &[]);
        self.b.switch_to_block(block);
    }

    /// The same of one that jumps or not; `there`: what is known at the target.
    pub(super) fn execute_or_jump(&mut self, target: usize, there: State, after: State) {
        let on = self.execute_or_jump_to(target, there);
        self.b.switch_to_block(on);
        self.state = after;
        self.go(Plan::next(self.pc, self.plans));
    }

    /// The same; gives the block behind the instruction.
    pub(super) fn execute_or_jump_to(&mut self, target: usize, there: State) -> Block {
        let (on, jump) = (self.b.create_block(), self.b.create_block());
        self.execute_to(on, Some((jump, target)));
        self.b.switch_to_block(jump);
        self.state = there;
        self.go(target);
        on
    }

    pub(super) fn execute_to(&mut self, on: Block, jump: Option<(Block, usize)>) {
        if self.is_virtual() && jump.is_none() {
            return self.execute_seldom(on);
        }
        let outcome = self.call_executor();
        if !self.program.instr(self.pc).op().is_some_and(execute::may_enter) {
            return self.judge(outcome, on, jump);
        }
        let rest = self.enter_machine_code(outcome, |this, value| {
            let (frame, here) = (this.frame(), this.address(this.pc));
            let here = this.word(here);
            let outcome = this.call(execute::conclude as *const () as usize, &[frame, here, value]);
            this.judge(outcome, on, jump);
        });
        self.b.switch_to_block(rest);
        self.judge(outcome, on, jump);
    }

    /// Calls what executes instructions like this one.
    fn call_executor(&mut self) -> Value {
        let executor = self.executor();
        self.call_here(executor as *const () as usize)
    }

    fn executor(&self) -> Executor {
        execute::executor(self.program.instr(self.pc).op().unwrap_or(Op::Unknown))
    }

    /// Calls a function with the thread, the frame and the address of the instruction.
    fn call_here(&mut self, function: usize) -> Value {
        self.write_seldom();
        let (thread, frame, here) = (self.thread, self.frame(), self.address(self.pc));
        let place = self.word(here);
        self.call(function, &[thread, frame, place])
    }

    /// Enters the machine code of the callee if that is what the outcome is: then its frame was pushed. Behind its return comes what `returned` makes. Gives the block for other outcomes.
    pub(super) fn enter_machine_code(
        &mut self,
        outcome: Value,
        returned: impl FnOnce(&mut Self, Value),
    ) -> Block {
        let (enter, rest) = (self.b.create_block(), self.b.create_block());
        let is_entry = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, outcome, Outcome::JUMPED as i64);
        self.b.ins().brif(is_entry, enter, &[], rest, &[]);
        self.b.switch_to_block(enter);
        self.call_machine_code(outcome, returned);
        rest
    }

    /// Enters machine code at its start, for the frame that was pushed. Behind its return comes what `returned` makes.
    pub(super) fn call_machine_code(&mut self, entry: Value, returned: impl FnOnce(&mut Self, Value)) {
        let (thread, frame) = (self.thread, self.frame());
        let callee = self.b.ins().iadd_imm_s(frame, i64::from(layout::FRAME));
        let window = self.read(callee, layout::REGS);
        let start = self.word(u64::from(Machine::START));
        let signature = self.entry_signature();
        let call = self.b.ins().call_indirect(signature, entry, &[window, self.poll, start, callee, thread]);
        let (word, value) = (self.b.inst_results(call)[0], self.b.inst_results(call)[1]);
        let is_returned = self.b.ins().icmp_imm_s(IntCC::Equal, word, Left::RETURNED as i64);
        let (back, left) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(is_returned, back, &[], left, &[]);
        self.b.set_cold_block(left);
        self.b.switch_to_block(left);
        self.give(word);
        self.b.switch_to_block(back);
        let owned = self.read(callee, layout::CALLEE);
        let (drop, last, on) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.ins().brif(owned, drop, &[], on, &[]);
        self.b.switch_to_block(drop);
        let kept = self.call_stub(Stub::Drop, &[owned]);
        self.b.ins().brif(kept, last, &[], on, &[]);
        self.b.set_cold_block(last);
        self.b.switch_to_block(last);
        self.call_nothing(calls::drop_callee as *const () as usize, &[callee]);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
        returned(self, value);
    }

    /// The instruction behind what executes the one that is made: that may be two.
    pub(super) fn behind(&self) -> usize {
        let next = Plan::next(self.pc, self.plans);
        let (code, pc) = (self.program.code(self.pc), self.program.places[self.pc].pc);
        match self.plans[self.pc] {
            Plan::For { .. } if execute::takes_pair(code, pc) => {
                self.program.behind_pair(self.pc).unwrap_or(next)
            }
            _ => next,
        }
    }

    /// Goes on in a block if the instruction is done, or in the other one if it jumps, and nobody got hold of the frame; otherwise leaves as the outcome says.
    fn judge(&mut self, outcome: Value, on: Block, jump: Option<(Block, usize)>) {
        let (mut other, done) = (self.b.create_block(), self.b.create_block());
        let next = self.behind();
        let is_done = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::DONE as i64);
        self.b.ins().brif(is_done, done, &[], other, &[]);
        self.b.switch_to_block(done);
        self.go_on_unseen(on, next);
        if let Some((block, target)) = jump {
            self.b.switch_to_block(other);
            let jumps = self.b.create_block();
            other = self.b.create_block();
            let is_jump = self.b.ins().icmp_imm_s(IntCC::Equal, outcome, Outcome::JUMPED as i64);
            self.b.ins().brif(is_jump, jumps, &[], other, &[]);
            self.b.switch_to_block(jumps);
            self.go_on_unseen(block, target);
        }
        self.b.set_cold_block(other);
        self.b.switch_to_block(other);
        self.leave_by(outcome);
    }

    /// Goes on in a block, at step `at`, unless somebody got hold of the frame.
    pub(super) fn go_on_unseen(&mut self, on: Block, at: usize) {
        self.unless_watched(on);
        let at = self.going_on(at);
        self.give(at);
    }
}
