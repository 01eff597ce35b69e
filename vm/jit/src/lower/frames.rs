//! Pushing and popping the frames of calls, as `call::push_frame_at_once` and `call::pop_frame_at_once` do.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use taipan_bytecode::Op;
use taipan_objects::Obj;
use taipan_objects::code::PyCode;
use taipan_objects::function::PyFunction;
use taipan_objects::tuple::PyTuple;
use taipan_vm::tier::Left;
use taipan_vm::tier::calls::{self, Callee};
use taipan_vm::tier::runtime::layout;

use super::Lowering;
use crate::kinds::Known;
use crate::plan::{Operand, Plan, Reg, Result};
use crate::program::{self, Function};

/// The call of a function whose frame is pushed.
pub(super) struct Push<'a> {
    pub function: &'a PyFunction,
    pub code: &'a PyCode,
    /// If it is the `__init__` that a class calls which is called: that, and the version by which it has it.
    pub class: Option<(&'a Obj, u32)>,
    /// The first register behind its window, and behind those of what it executes without frames.
    pub reach: Reg,
    /// Where the callable is, if that is in a register.
    pub base: Option<Reg>,
    /// The first argument, and their number.
    pub first: Reg,
    pub count: u16,
    pub to: Reg,
}

impl Lowering<'_, '_> {
    /// Tests that the callable is the function whose steps are part of the program, and pushes its frame. The block, if there is one, in which it is called instead.
    pub(super) fn enter_callee(
        &mut self,
        base: Reg,
        first: Reg,
        count: u16,
        to: Reg,
        callee: u16,
    ) -> Option<Block> {
        let program = self.program;
        let body = &program.bodies[callee as usize];
        let function = body.function.as_ref().and_then(|function| function.downcast::<PyFunction>());
        let Some(function) = function else {
            self.leave();
            return None;
        };
        // Classes change more often than functions.
        let may_be_other = body.class.is_some() || body.is_one_of_several;
        let instead = (may_be_other && !self.is_virtual()).then(|| self.b.create_block());
        let other = instead.unwrap_or_else(|| self.unexpected());
        let reach = program.reach(callee);
        let class = body.class.as_ref().map(|(class, version)| (class, *version));
        let push = Push { function, code: &body.code, class, reach, base: Some(base), first, count, to };
        if body.is_virtual {
            self.enter_virtual(&push, other)
        } else {
            self.push(&push, other)
        }
        instead
    }

    /// Tests that the method that the instruction calls of the subject's class is the function whose steps are part of the program, and pushes its frame, with what it is given lent to it.
    pub(super) fn enter_lent(
        &mut self,
        subject: Reg,
        argument: Option<Operand>,
        first: Reg,
        to: Reg,
        callee: u16,
    ) {
        let program = self.program;
        let body = &program.bodies[callee as usize];
        let function = body.function.as_ref().and_then(|function| function.downcast::<PyFunction>());
        let Some(function) = function else { return self.leave() };
        let other = self.unexpected();
        let subject = self.load(subject);
        self.pointer(subject);
        self.while_method(subject, taipan_objects::types::obj_of(function).value(), other);
        let word = match argument {
            Some(Operand::Reg(register)) if self.state[register as usize].number().is_none() => {
                let word = self.load(register);
                let empty = self.b.ins().icmp_imm_s(IntCC::Equal, word, 0);
                self.refuse_if(empty, other);
                Some(self.lent(word))
            }
            _ => None,
        };
        let count = 1 + u16::from(argument.is_some());
        let push = Push {
            function,
            code: &body.code,
            class: None,
            reach: program.reach(callee),
            base: None,
            first,
            count,
            to,
        };
        if body.is_virtual {
            self.enter_virtual(&push, other)
        } else {
            self.push(&push, other)
        }
        let subject = self.b.ins().bor_imm_s(subject, 1);
        self.store(first, subject);
        let Some(argument) = argument else { return };
        if let Some(word) = word {
            return self.store(first + 1, word);
        }
        if !self.state[first as usize + 1].is_bare() {
            self.store_word(first + 1, 0);
        }
        self.state[first as usize + 1] = Known::Bare;
        match argument {
            Operand::Int(int) => self.define(first + 1, taipan_objects::Value::from_int_wrapping(int).bits()),
            Operand::Reg(register) => {
                self.share(first + 1, register);
            }
        }
    }

    /// Calls the machine code of the function that is expected, and goes on in a block; in `other`, with nothing done, if it is another one, or there is more to do.
    pub(super) fn enter_known(
        &mut self,
        callee: u16,
        base: Reg,
        count: u16,
        to: Reg,
        on: Block,
        other: Block,
    ) {
        let program = self.program;
        let Function { function, code, has_receiver } = &program.functions[callee as usize];
        let (first, count) = if *has_receiver { (base + 1, count + 1) } else { (base + 2, count) };
        let Some(function) = function.downcast::<PyFunction>() else {
            self.b.ins().jump(other, &[]);
            return;
        };
        let (room, compiled) = (self.b.create_block(), self.b.create_block());
        // Room on the machine stack, and somewhere to go.
        let stack = self.b.ins().get_stack_pointer(I64);
        let limit = self.read(self.thread, layout::STACK_LIMIT);
        let enough = self.b.ins().icmp(IntCC::UnsignedGreaterThan, stack, limit);
        self.b.ins().brif(enough, room, &[], other, &[]);
        self.b.switch_to_block(room);
        let place = self.word(code.machine.entry_address().expose_provenance() as u64);
        let entry = self.read(place, 0);
        self.b.ins().brif(entry, compiled, &[], other, &[]);
        self.b.switch_to_block(compiled);
        let reach = first + code.nregs;
        self.push(&Push { function, code, class: None, reach, base: Some(base), first, count, to }, other);
        self.call_machine_code(entry, |this, value| {
            let next = this.next();
            this.put_before(to, value, next);
            this.go_on_unseen(on, Plan::next(this.pc, this.plans));
        });
    }

    pub(super) fn refuse_if(&mut self, condition: Value, other: Block) {
        let on = self.b.create_block();
        self.b.ins().brif(condition, other, &[], on, &[]);
        self.b.switch_to_block(on);
    }
    /// Goes on if it is so, to `other` if not.
    pub(super) fn refuse_unless(&mut self, condition: Value, other: Block) {
        let on = self.b.create_block();
        self.b.ins().brif(condition, on, &[], other, &[]);
        self.b.switch_to_block(on);
    }
    pub(super) fn refuse_if_counted(&mut self, register: Reg, other: Block) {
        if !self.state[register as usize].is_free() {
            let word = self.load(register);
            let counted = self.is_counted(word);
            self.refuse_if(counted, other);
        }
    }

    /// Pushes the frame of a call; goes to `other` if the callable is not the function, or there is more to do: then only words that own nothing were emptied, and defaults may be in their registers.
    fn push(&mut self, call: &Push<'_>, other: Block) {
        let Push { function: callee, code: executed, reach: end, base, first, count, to, .. } = *call;
        let address = taipan_objects::types::obj_of(callee).value().counted().bits();
        if let Some(base) = base {
            self.as_callable(base, first, address, other);
        }
        if self.is_wide {
            return self.push_by_function(call, other);
        }
        let (function, code) = self.as_executed(callee, executed, other);
        let poll = self.b.ins().atomic_load(I32, MemFlagsData::trusted(), self.poll);
        self.refuse_if(poll, other);
        let (thread, caller) = (self.thread, self.frame());
        let depth = self.read(thread, layout::DEPTH);
        let limit = self.word(layout::recursion_limit().expose_provenance() as u64);
        let limit = self.read(limit, 0);
        let too_deep = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, depth, limit);
        self.refuse_if(too_deep, other);
        let window = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let window_end = self.b.ins().iadd_imm_s(self.window, i64::from(end) * 8);
        let stack_end = self.read(thread, layout::LIMIT);
        let no_room = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, window_end, stack_end);
        self.refuse_if(no_room, other);
        let top = self.read(thread, layout::TOP);
        let known = self.known_end();
        // Arguments are there already, but for operands.
        let behind = if base.is_some() { first + count } else { first };
        for register in behind..end.min(known) {
            self.refuse_if_counted(register, other);
        }
        if end > known {
            self.empty_stale(known, window_end, top, other);
        }
        let filled = self.fill_defaults(call, function, other);
        // From here on it is done.
        let new_top = self.b.ins().umax(top, window_end);
        self.write(new_top, thread, layout::TOP);
        for register in first + filled..end {
            self.store_word(register, 0);
        }
        if let Some(base) = base {
            self.store_word(base, 0);
        }
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
        self.write_word(executed.at(0).expose_provenance() as u64, frame, layout::IP);
        let ret = self.b.ins().iconst(I16, i64::from(to - self.program.body(self.pc).base));
        self.write(ret, frame, layout::RET);
        let kind = self.b.ins().iconst(I8, i64::from(layout::KIND_CALL));
        self.write(kind, frame, layout::KIND);
        self.write(top, frame, layout::SAVED_TOP);
    }

    /// Goes on if the function has that code still, to `other` if not. Gives the addresses of both.
    pub(super) fn as_executed(
        &mut self,
        function: &PyFunction,
        code: &PyCode,
        other: Block,
    ) -> (Value, Value) {
        let function = self.word(taipan_objects::types::obj_of(function).value().counted().bits());
        // A slot owns what it has: there is no mark.
        let now = self.read(function, layout::FUNCTION_CODE);
        let code = self.word(std::ptr::from_ref(code).expose_provenance() as u64);
        let same = self.b.ins().icmp(IntCC::Equal, now, code);
        self.refuse_unless(same, other);
        (function, code)
    }

    /// The rest of [`Self::push`] by a function of the runtime: a tenth of the code where it is called, for which there is the more room in the processor's cache.
    fn push_by_function(&mut self, call: &Push<'_>, other: Block) {
        let Push { function, code, reach, base, first, count, to, .. } = *call;
        let filled = if base.is_some() {
            let function = self.word(taipan_objects::types::obj_of(function).value().counted().bits());
            self.fill_defaults(call, function, other)
        } else {
            0
        };
        debug_assert!(base.is_some() || count == code.nparams);
        let callee = Box::new(Callee {
            function,
            code,
            ip: std::ptr::with_exposed_provenance(self.address(self.pc) as usize),
            callable: base.map_or(0, |base| usize::from(first - base)),
            filled: filled.into(),
            size: (reach - first).into(),
            ret: to - self.program.body(self.pc).base,
        });
        let address = std::ptr::from_ref(&*callee).expose_provenance() as u64;
        self.kept.callees.push(callee);
        let (thread, caller, callee) = (self.thread, self.frame(), self.word(address));
        let window = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let done = self.call(calls::push_callee as *const () as usize, &[thread, caller, window, callee]);
        self.refuse_unless(done, other);
    }

    /// Goes on if the callable is the one at that address, and its receiver there or not as is expected; to `other` if not.
    pub(super) fn as_callable(&mut self, base: Reg, first: Reg, address: u64, other: Block) {
        let (word, expected) = (self.load(base), self.word(address | 1));
        if word != expected {
            // Deferred, so it is not counted; what is, or another function, is for the interpreter.
            let is = self.b.ins().icmp_imm_s(IntCC::Equal, word, (address | 1) as i64);
            self.refuse_unless(is, other);
        }
        if first == base + 1 {
            if self.seen_word(first).is_some_and(|word| self.seen_object(word).is_some()) {
                return;
            }
            // A receiver is there.
            let receiver = self.load(first);
            let none = self.b.ins().icmp_imm_s(IntCC::Equal, receiver, 0);
            self.refuse_if(none, other);
        } else if self.has_receiver_slot() {
            let receiver = self.load(base + 1);
            let some = self.b.ins().icmp_imm_s(IntCC::NotEqual, receiver, 0);
            self.refuse_if(some, other);
        }
    }

    /// The end of the registers of which something may be known: what is behind it is not this code's, or above the top of the stack, where everything is empty.
    fn known_end(&self) -> Reg {
        let body = self.program.places[self.pc].body as usize;
        let chain = std::iter::successors(Some(body), |body| {
            let caller = (*body != 0).then(|| self.program.caller_of(*body as u16)).flatten()?;
            Some(self.program.places[caller].body as usize)
        });
        let ends = chain.map(|body| self.program.bodies[body].base + self.program.bodies[body].code.nregs);
        ends.max().unwrap_or(0)
    }

    /// Empties the words of callers from register `first` on, up to the end of a window or to the top of the stack; goes to `other` if one owns something.
    fn empty_stale(&mut self, first: Reg, window_end: Value, top: Value, other: Block) {
        let (head, turn, drop, on) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(head, I64);
        let begin = self.b.ins().iadd_imm_s(self.window, i64::from(first) * 8);
        let stop = self.b.ins().umin(window_end, top);
        self.b.ins().jump(head, &[begin.into()]);
        self.b.switch_to_block(head);
        let at = self.b.block_params(head)[0];
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, at, stop);
        self.b.ins().brif(more, turn, &[], on, &[]);
        self.b.switch_to_block(turn);
        let word = self.read(at, 0);
        let counted = self.is_counted(word);
        self.b.ins().brif(counted, other, &[], drop, &[]);
        self.b.switch_to_block(drop);
        self.write_word(0, at, 0);
        let next = self.b.ins().iadd_imm_s(at, 8);
        self.b.ins().jump(head, &[next.into()]);
        self.b.switch_to_block(on);
    }

    /// Puts the defaults of the parameters for which there are no arguments into their registers, which own nothing, if the function still has the same. Gives the number of parameters then.
    pub(super) fn fill_defaults(&mut self, call: &Push<'_>, function: Value, other: Block) -> u16 {
        let missing = call.code.nparams.saturating_sub(call.count);
        if missing == 0 {
            return call.count;
        }
        let defaults = call.function.defaults.load();
        let items =
            defaults.as_ref().and_then(|defaults| defaults.downcast::<PyTuple>()).map(PyTuple::as_slice);
        let (Some(defaults), Some(items)) =
            (&defaults, items.and_then(|items| items.get(items.len().checked_sub(missing as usize)?..)))
        else {
            // They were changed just now.
            self.leave_to(other);
            return call.code.nparams;
        };
        let now = self.read(function, layout::FUNCTION_DEFAULTS);
        let now = self.object(now);
        let same = self.b.ins().icmp_imm_s(IntCC::Equal, now, defaults.value().counted().bits() as i64);
        self.refuse_unless(same, other);
        // What may be refused first: what is in a register then is not forgotten.
        let mut places: Vec<_> = (call.first + call.count..).zip(items).collect();
        places.sort_by_key(|(_, item)| program::needs_no_count(item));
        for (register, item) in places {
            if program::needs_no_count(item) {
                self.store_word(register, item.value().uncounted().bits());
                continue;
            }
            // The function has the tuple, which has the item.
            let place = self.word(std::ptr::from_ref(item).expose_provenance() as u64);
            let on = self.b.create_block();
            self.b.append_block_param(on, I64);
            self.read_slot(place, 0, on, other);
            self.b.switch_to_block(on);
            let word = self.b.block_params(on)[0];
            self.store(register, word);
        }
        call.code.nparams
    }

    /// Whether the call being made is one whose second register says if there is a receiver.
    fn has_receiver_slot(&self) -> bool {
        self.program.instr(self.pc).op() == Some(Op::CallMethod)
    }

    /// Pops the frame and gives the result, if a call, an operator, native code, or a class call of `__init__` waits for it.
    pub(super) fn end(&mut self, from: Result) {
        if self.program.bodies[0].code.is_generator_like() {
            return self.leave();
        }
        let own = self.program.bodies[0].code.nregs;
        let frame = self.frame;
        let kind = self.b.ins().load(I8, MemFlagsData::trusted(), frame, layout::KIND);
        let none = taipan_objects::singletons::none().value().uncounted_ptr().bits();
        let ends_init = matches!(from, Result::Const(word) if word == none);
        let last = if ends_init { layout::KIND_INIT } else { layout::KIND_ENTRY };
        let waits = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, kind, i64::from(last));
        self.leave_unless(waits);
        let (locals, object) = (self.read(frame, layout::LOCALS), self.read(frame, layout::OBJECT));
        let kept = self.b.ins().bor(locals, object);
        let any = self.b.ins().icmp_imm_s(IntCC::NotEqual, kept, 0);
        self.leave_if(any);
        let word = self.result(from, 0, own);
        let word = if ends_init {
            let subject = self.read(frame, layout::SUBJECT);
            let of_init = self.b.ins().icmp_imm_s(IntCC::Equal, kind, i64::from(layout::KIND_INIT));
            self.b.ins().select(of_init, subject, word)
        } else {
            word
        };
        self.pop(frame);
        let returned = self.word(Left::RETURNED);
        self.b.ins().return_(&[returned, word]);
    }

    /// Takes a frame, whose registers are empty, off the thread's stacks.
    fn pop(&mut self, frame: Value) {
        let thread = self.thread;
        let top = self.read(frame, layout::SAVED_TOP);
        self.write(top, thread, layout::TOP);
        let depth = self.read(thread, layout::DEPTH);
        let less = self.b.ins().iadd_imm_s(depth, -1);
        self.write(less, thread, layout::DEPTH);
    }

    /// The result of a frame, with a reference of its own, and its registers emptied. Leaves if somebody has the frame's object: then the register that is returned has it still.
    pub(super) fn result(&mut self, from: Result, first: Reg, end: Reg) -> Value {
        let returned = match from {
            Result::Reg(register) => Some(register),
            Result::Const(_) => None,
        };
        // What is lent may be kept alive by another register.
        if let Some(register) = returned
            && !self.state[register as usize].is_number()
        {
            let word = self.load(register);
            let word = self.strong(word);
            self.store(register, word);
        }
        let owned = |register: Reg| Some(register) != returned && !self.state[register as usize].is_free();
        let any = (first..end).any(owned);
        if any {
            // Who is asked below may have written variables since.
            self.settle_all();
        }
        if self.is_virtual() {
            self.empty_virtual((first..end).filter(|register| Some(*register) != returned));
            return self.taken(from);
        }
        if any {
            self.stand_here();
        }
        let middle = returned.unwrap_or(end);
        self.empty_all(first..middle);
        self.empty_all((middle + 1).min(end)..end);
        if any {
            // What died may have asked for it.
            let frame = self.frame();
            let object = self.read(frame, layout::OBJECT);
            let asked = self.b.ins().icmp_imm_s(IntCC::NotEqual, object, 0);
            self.leave_if(asked);
        }
        self.taken(from)
    }

    /// The word of a result, whose register is emptied.
    fn taken(&mut self, from: Result) -> Value {
        match from {
            Result::Const(word) => self.word(word),
            Result::Reg(register) => {
                let word = self.load(register);
                self.store_word(register, 0);
                word
            }
        }
    }

    /// Pops the callee's frame, and writes the result to the caller's register: as `call::pop_frame_at_once`.
    pub(super) fn return_(&mut self, from: Result, callee: u16, first: Reg, to: Reg, target: usize) {
        if self.program.bodies[callee as usize].class.is_some() {
            return self.return_instance(from, callee, first, to, target);
        }
        let end = first + self.program.bodies[callee as usize].code.nregs;
        let word = if self.is_virtual() {
            self.result(from, first, end)
        } else {
            let frame = self.frame();
            // A native function that the callee called may have asked for its frame's object.
            let object = self.read(frame, layout::OBJECT);
            let asked = self.b.ins().icmp_imm_s(IntCC::NotEqual, object, 0);
            self.leave_if(asked);
            let word = self.result(from, first, end);
            self.pop(frame);
            word
        };
        let (number, is_number) = match from {
            Result::Reg(register) => {
                let number = self.number(register);
                (number, number.is_some())
            }
            Result::Const(word) => (None, taipan_objects::Value::from_bits(word).is_number()),
        };
        // The registers of the window are empty now.
        for register in first..end {
            self.state[register as usize] = Known::Bare;
        }
        if !is_number || !self.state[to as usize].is_bare() {
            // The caller's call is what ends here.
            let next = self.going_on(target);
            self.put_for_caller(to, word, next);
        }
        match (from, number) {
            (Result::Const(word), _) => self.define(to, word),
            (_, Some(number)) => self.have(to, number),
            _ => {}
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
        self.copied(word);
        let counted = self.object(word);
        self.b.ins().jump(on, &[counted.into()]);
        self.b.switch_to_block(on);
        self.b.block_params(on)[0]
    }
}
