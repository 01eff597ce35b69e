//! Callees whose frames are not pushed: see [`taipan_vm::tier::virtual_frames`].

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use taipan_objects::Obj;
use taipan_objects::function::PyFunction;
use taipan_objects::singletons::none;
use taipan_vm::tier::runtime::{self, layout};
use taipan_vm::tier::virtual_frames::{Site, VirtualFrame};

use super::Lowering;
use super::frames::Push;
use crate::expect::Guess;
use crate::kinds::Known;
use crate::plan::{Plan, Reg, Result};
use crate::virtual_frames;
use crate::x64::stubs::Stub;

impl Lowering<'_, '_> {
    /// Whether the frame of the instruction being made is not pushed.
    pub(super) fn is_virtual(&self) -> bool {
        self.program.body(self.pc).is_virtual && !self.are_pushed
    }

    /// An instruction behind which the next one follows, with the frames that it needs; false if it always leaves.
    pub(super) fn with_frames(&mut self, plan: Plan, guess: &Guess) -> bool {
        if !virtual_frames::needs_frame(self.program, self.pc) {
            return self.straight(plan, guess);
        }
        self.push_virtual();
        self.are_pushed = true;
        let falls = self.straight(plan, guess);
        if falls {
            let (left, on) = (self.b.create_block(), self.b.create_block());
            let site = self.site();
            let known = self.call_stub(Stub::Pop, &[site]);
            self.b.ins().brif(known, left, &[], on, &[]);
            self.b.set_cold_block(left);
            self.b.switch_to_block(left);
            self.write_seldom();
            let next = self.next();
            self.give(next);
            self.b.switch_to_block(on);
        }
        self.are_pushed = false;
        falls
    }

    /// Which frames are not pushed at the instruction being made.
    pub(super) fn site(&mut self) -> Value {
        if !self.kept.sites.contains_key(&self.pc) {
            let site = Site { frames: self.virtual_frames(), here: self.here() };
            self.kept.sites.insert(self.pc, Box::new(site));
        }
        let address = std::ptr::from_ref(&*self.kept.sites[&self.pc]).expose_provenance() as u64;
        self.word(address)
    }

    fn virtual_frames(&self) -> Box<[VirtualFrame]> {
        let (program, mut frames) = (self.program, Vec::new());
        let mut number = program.places[self.pc].body;
        while program.bodies[number as usize].is_virtual {
            let body = &program.bodies[number as usize];
            let function = body.function.as_ref().and_then(|function| function.downcast::<PyFunction>());
            let (Some(function), Some(call)) = (function, program.caller_of(number)) else { break };
            let (Plan::Enter { first, to, .. } | Plan::EnterLent { first, to, .. }) = self.plans[call] else {
                break;
            };
            let base = program.body(call).base;
            frames.push(VirtualFrame {
                instance: body.class.is_some().then(|| usize::from(first - 1 - base)),
                function,
                code: &*body.code,
                call: std::ptr::with_exposed_provenance(self.address(call) as usize),
                first: usize::from(first - base),
                ret: to - base,
            });
            number = program.places[call].body;
        }
        frames.reverse();
        frames.into()
    }

    /// Pushes them.
    pub(super) fn push_virtual(&mut self) {
        if self.is_virtual() {
            let site = self.site();
            self.call_stub(Stub::Push, &[site]);
        }
    }

    /// Where the code is entered: empties the registers behind its window that callees without frames have, and lets the stack include them. Goes to `other` if one owns something.
    pub(super) fn make_room(&mut self, other: Block) {
        let (own, reach) = (self.program.bodies[0].code.nregs, self.program.reach(0));
        if reach <= own {
            return;
        }
        let first = self.b.ins().iadd_imm_s(self.window, i64::from(own) * 8);
        let end = self.b.ins().iadd_imm_s(self.window, i64::from(reach) * 8);
        let top = self.read(self.thread, layout::TOP);
        let (stale, on) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(on, I64);
        // Above the top everything is empty.
        let is_empty = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, top, first);
        self.b.ins().brif(is_empty, on, &[end.into()], stale, &[]);
        self.b.switch_to_block(stale);
        let empty = self.call_stub(Stub::Clear, &[first, end]);
        self.refuse_unless(empty, other);
        let top = self.b.ins().umax(top, end);
        self.b.ins().jump(on, &[top.into()]);
        self.b.switch_to_block(on);
        let top = self.b.block_params(on)[0];
        self.write(top, self.thread, layout::TOP);
    }

    /// Lets a call go on in the callee without a frame; goes to `other` if the callable is not the function, or there is more to do: then only words that own nothing were emptied, and defaults may
    /// be in their registers.
    pub(super) fn enter_virtual(&mut self, call: &Push<'_>, other: Block) {
        let Push { function, code, class, base, first, count, .. } = *call;
        match (base, class) {
            (Some(base), Some(class)) => self.as_class(base, first, class, other),
            (Some(base), None) => {
                let address = taipan_objects::types::obj_of(function).value().counted().bits();
                self.as_callable(base, first, address, other);
            }
            (None, _) => {}
        }
        let (address, _) = self.as_executed(function, code, other);
        let end = first + code.nregs;
        // Arguments are there already, but for operands.
        let behind = if base.is_some() { first + count } else { first };
        for register in behind..end {
            self.refuse_if_counted(register, other);
        }
        let filled = self.fill_defaults(call, address, other);
        let instance = class.map(|(class, _)| {
            let class = self.word(class.value().counted().bits());
            let instance = self.call(runtime::new_instance as *const () as usize, &[class]);
            self.refuse_unless(instance, other);
            instance
        });
        for register in first + filled..end {
            self.store_word(register, 0);
        }
        if let Some(base) = base {
            match instance {
                Some(instance) => {
                    self.store(base, instance);
                    let lent = self.b.ins().bor_imm_s(instance, 1);
                    self.store(first, lent);
                }
                None => self.store_word(base, 0),
            }
        }
    }

    /// Goes on if the callable is the class, with that version, and the register behind it owns nothing; to `other` if not.
    fn as_class(&mut self, base: Reg, first: Reg, (class, version): (&Obj, u32), other: Block) {
        let address = class.value().counted().bits();
        self.as_callable(base, base + 2, address, other);
        let is = self.has_class_version(address as usize, version);
        self.refuse_unless(is, other);
        self.refuse_if_counted(first, other);
    }

    /// The end of the `__init__` that a class calls which was called: what that gives is the instance.
    pub(super) fn return_instance(&mut self, from: Result, callee: u16, first: Reg, to: Reg, target: usize) {
        let none = none().value().uncounted_ptr().bits();
        if !matches!(from, Result::Const(word) if word == none) {
            return self.leave_for_good();
        }
        let end = first + self.program.bodies[callee as usize].code.nregs;
        self.result(from, first, end);
        let instance = self.load(first - 1);
        self.store_word(first - 1, 0);
        self.state[usize::from(first) - 1..usize::from(end)].fill(Known::Bare);
        let next = self.going_on(target);
        self.put_for_caller(to, instance, next);
    }

    /// Drops words that were moved out of their places. If one was the last of its object, leaves behind the instruction.
    pub(super) fn release_all(&mut self, words: &[Value]) {
        let next = self.next();
        if let [word] = words {
            return self.release(*word, next);
        }
        for (at, word) in words.iter().enumerate() {
            let (last, on) = (self.b.create_block(), self.b.create_block());
            let kept = self.call_stub(Stub::Drop, &[*word]);
            self.b.ins().brif(kept, last, &[], on, &[]);
            self.b.set_cold_block(last);
            self.b.switch_to_block(last);
            self.write_seldom();
            self.push_virtual();
            words[at..].iter().for_each(|word| self.drop_quietly(*word));
            self.give(next);
            self.b.switch_to_block(on);
        }
    }

    /// Empties registers of such a callee at its end. If somebody has got hold of its frame then, that is left to be ended as it is.
    pub(super) fn empty_virtual(&mut self, registers: impl Iterator<Item = Reg>) {
        let here = self.here();
        for register in registers {
            let word = (!self.state[register as usize].is_free()).then(|| self.load(register));
            self.store_word(register, 0);
            if let Some(word) = word {
                self.release_at(word, here, |this| this.place_of(this.pc));
            }
        }
    }
}
