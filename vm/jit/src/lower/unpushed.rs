//! Callees whose frames are not pushed: see [`taipan_vm::tier::virtual_frames`].

use cranelift_codegen::ir::{Block, InstBuilder, Value};
use taipan_objects::function::PyFunction;
use taipan_vm::tier::runtime::layout;
use taipan_vm::tier::virtual_frames::{Site, VirtualFrame};

use super::Lowering;
use super::frames::Push;
use crate::expect::Guess;
use crate::plan::{Plan, Reg};
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
        let address = match self.sites.get(&self.pc) {
            Some(address) => *address,
            None => {
                let site = Box::new(Site { frames: self.virtual_frames(), here: self.here() });
                let address = std::ptr::from_ref(&*site).expose_provenance() as u64;
                self.kept.sites.push(site);
                self.sites.insert(self.pc, address);
                address
            }
        };
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
        let empty = self.call_stub(Stub::Clear, &[first, end]);
        self.refuse_unless(empty, other);
        let top = self.read(self.thread, layout::TOP);
        let top = self.b.ins().umax(top, end);
        self.write(top, self.thread, layout::TOP);
    }

    /// Lets a call go on in the callee without a frame; goes to `other` if the callable is not the function, or there is more to do: then only words that own nothing were emptied, and defaults may
    /// be in their registers.
    pub(super) fn enter_virtual(&mut self, call: &Push<'_>, other: Block) {
        let Push { function, code, base, first, count, .. } = *call;
        if let Some(base) = base {
            let address = taipan_objects::types::obj_of(function).value().counted().bits();
            self.as_callable(base, first, address, other);
        }
        let (address, _) = self.as_executed(function, code, other);
        let end = first + code.nregs;
        // Arguments are there already, but for operands.
        let behind = if base.is_some() { first + count } else { first };
        for register in behind..end {
            self.refuse_if_counted(register, other);
        }
        let filled = self.fill_defaults(call, address, other);
        for register in first + filled..end {
            self.store_word(register, 0);
        }
        if let Some(base) = base {
            self.store_word(base, 0);
        }
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
