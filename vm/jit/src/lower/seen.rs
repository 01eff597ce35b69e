//! What was found out of registers and objects on the way to the instruction being made, so that it is not asked again: values that have what is in registers, which of them are pointers, shapes of
//! objects, and that the caches of attributes are right.
//!
//! Shapes of objects and the caches may change when other code runs. What this thread does to them is noticed where code may have run that comes back here ([`taipan_vm::tier::runtime::SHAPES`]);
//! where others change a shape they could as well have done it a moment later, since nobody stopped for them in between.
//!
//! Blocks are made in an order in which those that lead to one are before it, but for jumps back. What is known at its beginning is what all of them know.

use cranelift_codegen::ir::{Block, Value};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Lowering;
use crate::expect::Guess;
use crate::flow::Flow;
use crate::plan::{Plan, Reg};
use crate::program::Program;

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// The words of registers.
    words: FxHashMap<Reg, Value>,
    /// Words that are pointers, with the addresses of the objects.
    objects: FxHashMap<Value, Value>,
    /// Shapes of objects, by such words.
    shapes: SmallVec<[(Value, u32); 4]>,
    /// Whether the caches are what they were when the program was made.
    is_assumed: bool,
}

impl Seen {
    /// What both know.
    fn meet(&mut self, other: &Seen) {
        self.words.retain(|register, word| other.words.get(register) == Some(word));
        self.objects.retain(|word, _| other.objects.contains_key(word));
        self.shapes.retain(|shape| other.shapes.contains(shape));
        self.is_assumed &= other.is_assumed;
    }
    /// Where the code is entered.
    pub(super) fn at_entry() -> Seen {
        Seen { is_assumed: true, ..Seen::default() }
    }
    fn shape(&self, word: Value) -> Option<u32> {
        self.shapes.iter().find(|(of, _)| *of == word).map(|(_, shape)| *shape)
    }
}

/// What is handed to blocks.
#[derive(Default)]
pub(super) struct Handed {
    /// The steps that lead to the beginning of each block.
    before: FxHashMap<usize, SmallVec<[usize; 2]>>,
    seen: FxHashMap<usize, Seen>,
    made: Vec<bool>,
}

impl Handed {
    pub(super) fn of(program: &Program, flow: &Flow) -> Handed {
        let mut before: FxHashMap<usize, SmallVec<[usize; 2]>> = FxHashMap::default();
        for (step, plan) in program.plans.iter().enumerate() {
            for next in plan.successors(step, &program.plans).filter(|next| flow.leaders.contains(next)) {
                before.entry(next).or_default().push(step);
            }
        }
        Handed { before, seen: FxHashMap::default(), made: vec![false; program.plans.len()] }
    }
    /// What is known here is known on a way to a block.
    pub(super) fn hand(&mut self, target: usize, seen: &Seen) {
        match self.seen.get_mut(&target) {
            Some(handed) => handed.meet(seen),
            None => {
                self.seen.insert(target, seen.clone());
            }
        }
    }
    /// The step is made.
    pub(super) fn note(&mut self, step: usize) {
        self.made[step] = true;
    }
    /// What is known where a block begins. `reached`: whether a step is.
    pub(super) fn take(&mut self, target: usize, reached: impl Fn(usize) -> bool) -> Seen {
        let seen = self.seen.remove(&target).unwrap_or_default();
        let is_open = |step: &usize| !self.made[*step] && reached(*step);
        if self.before.get(&target).is_some_and(|before| before.iter().any(is_open)) {
            return Seen::default();
        }
        seen
    }
}

/// The steps in the order in which their code is made: those of callees in place of their calls.
pub(super) fn order(program: &Program) -> Vec<usize> {
    let mut order = Vec::with_capacity(program.plans.len());
    add(program, 0, &mut order);
    order
}

fn add(program: &Program, body: u16, order: &mut Vec<usize>) {
    let steps = program.bodies[body as usize].start..program.plans.len();
    for step in steps.take_while(|step| program.places[*step].body == body) {
        order.push(step);
        if let Plan::Enter { callee, .. } | Plan::EnterLent { callee, .. } = program.plans[step] {
            add(program, callee, order);
        }
    }
}

/// Whether what is known stays known behind a step: it runs other code only where that is looked at, and says what it changes.
pub(super) fn is_kept(program: &Program, plan: Plan, guess: &Guess) -> bool {
    let has_no_frame = |callee: u16| {
        let body = &program.bodies[callee as usize];
        body.is_virtual && body.class.is_none()
    };
    match plan {
        _ if guess.mixed => false,
        Plan::Nop
        | Plan::Jump { .. }
        | Plan::Back { .. }
        | Plan::Const { .. }
        | Plan::CheckLocal { .. }
        | Plan::Drop { .. }
        | Plan::Lend { .. }
        | Plan::Copy { .. }
        | Plan::Move { .. }
        | Plan::Is { .. }
        | Plan::Not { .. }
        | Plan::Compare { .. }
        | Plan::Arith { .. }
        | Plan::CopyFree { .. }
        | Plan::LoadCell { .. }
        | Plan::Item { .. }
        | Plan::StoreItem { .. }
        | Plan::Append { .. }
        | Plan::Build { .. }
        | Plan::Length { .. }
        | Plan::Branch { .. } => true,
        Plan::LoadGlobal { number, .. } => number.is_some() || guess.trusts,
        Plan::LoadAttr { .. } | Plan::LoadMethod { .. } | Plan::StoreAttr { .. } => guess.trusts,
        Plan::Enter { callee, .. } | Plan::EnterLent { callee, .. } => has_no_frame(callee),
        // Others that may have been called come there, too.
        Plan::Return { callee, .. } => {
            has_no_frame(callee) && !program.bodies[callee as usize].is_one_of_several
        }
        _ => false,
    }
}

impl Lowering<'_, '_> {
    /// The word of a register.
    pub(super) fn seen_word(&self, register: Reg) -> Option<Value> {
        self.seen.words.get(&register).copied()
    }
    /// Every way behind here has that word in a register.
    pub(super) fn know(&mut self, register: Reg, word: Value) {
        if !self.state[register as usize].is_late() {
            self.seen.words.insert(register, word);
        }
    }
    /// Something else is written to a register.
    pub(super) fn forget(&mut self, register: Reg) {
        self.seen.words.remove(&register);
    }
    /// A function writes to registers.
    pub(super) fn forget_all(&mut self, registers: impl IntoIterator<Item = Reg>) {
        registers.into_iter().for_each(|register| self.forget(register));
    }
    /// A word is a pointer to an object.
    pub(super) fn know_object(&mut self, word: Value, object: Value) {
        self.seen.objects.insert(word, object);
    }
    pub(super) fn seen_object(&self, word: Value) -> Option<Value> {
        self.seen.objects.get(&word).copied()
    }
    /// Another word for the same object.
    pub(super) fn know_same(&mut self, word: Value, other: Value) {
        if let Some(object) = self.seen_object(word) {
            self.know_object(other, object);
        }
        if let Some(shape) = self.seen.shape(word) {
            self.seen.shapes.push((other, shape));
        }
    }

    /// The word of a register that is a pointer, and the address of the object; leaves if it is none. To be called where everything behind comes by.
    pub(super) fn subject(&mut self, register: Reg) -> (Value, Value) {
        let word = self.load(register);
        self.know(register, word);
        if let Some(object) = self.seen_object(word) {
            return (word, object);
        }
        self.pointer(word);
        let object = self.object(word);
        self.know_object(word, object);
        (word, object)
    }

    /// Leaves unless the caches are what they were when the program was made.
    pub(super) fn assume(&mut self) {
        if !self.seen.is_assumed {
            let other = self.unexpected();
            self.as_assumed(other);
            self.seen.is_assumed = true;
        }
    }

    /// Leaves unless an object has that shape.
    pub(super) fn must_have_shape(&mut self, word: Value, object: Value, shape: u32) {
        match self.seen.shape(word) {
            Some(found) if found == shape => {}
            Some(_) => self.leave_for_good(),
            None => {
                let other = self.unexpected();
                self.as_shape(object, shape, other);
                self.seen.shapes.push((word, shape));
            }
        }
    }

    /// An object of shape `from` has gotten shape `to`. It may be known by other words.
    pub(super) fn change_shape(&mut self, word: Value, from: u32, to: u32) {
        self.seen.shapes.retain(|(_, shape)| *shape != from);
        self.seen.shapes.push((word, to));
    }

    /// Goes on if what is known of shapes is right still, though other code ran; to `other` if not.
    pub(super) fn recheck(&mut self, other: Block) {
        if self.seen.is_assumed {
            self.as_assumed(other);
        }
        // Others may be of objects that are gone.
        let Seen { words, shapes, .. } = &mut self.seen;
        shapes.retain(|(word, _)| words.values().any(|held| held == word));
        for (word, shape) in self.seen.shapes.clone() {
            let object = self.object(word);
            self.as_shape(object, shape, other);
        }
    }

    /// What is known here is known on a way to the block at `target`.
    pub(super) fn hand(&mut self, target: usize) {
        self.handed.hand(target, &self.seen);
    }
}
