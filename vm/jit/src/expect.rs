//! Guesses of what instructions will find in their registers: what was recorded when they were executed.
//!
//! A guess decides what is tested for and what code is made; whether it was right is tested when that runs.

use taipan_bytecode::{Instr, Op, OperandKind};
use taipan_objects::Obj;
use taipan_objects::code::machine::Record;
use taipan_objects::native::Intrinsic;
use taipan_objects::native_function::PyNativeFunction;
use taipan_vm::tier::samples::{self, Kind, Single};

use crate::kinds::{self, Known};
use crate::live::Registers;
use crate::plan::{Operand, Parts, Plan, Reg, Test};
use crate::program::{Body, Program};

/// What is expected of an instruction.
#[derive(Clone, Copy, Default, Debug)]
pub struct Guess {
    /// Of its first and second operand.
    pub left: Option<Kind>,
    pub right: Option<Kind>,
    /// Of the item or attribute that it reads.
    pub result: Option<Kind>,
    /// Whether it was executed.
    pub reached: bool,
    /// Whether an operand was not always of one kind, and not always a number.
    pub mixed: bool,
    /// Whether what it reads needs no count: a constant.
    pub lends: bool,
    /// Whether the only shape or constant that its site knows is counted on: if something else is found the code is left.
    pub trusts: bool,
    /// The number that an attribute is which it reads, if that is used as one.
    pub number: Option<Known>,
}

/// The guesses for all instructions.
pub fn guesses(program: &Program) -> Vec<Guess> {
    (0..program.plans.len()).map(|step| guess(program, step)).collect()
}

fn record(body: &Body) -> Option<&Record> {
    body.code.machine.record()
}

/// Bits of the kinds that were in a register in front of a step; none if it was not executed.
fn kinds_at(program: &Program, step: usize, register: Reg) -> u16 {
    let place = &program.places[step];
    let body = &program.bodies[place.body as usize];
    if register < body.base {
        // As it was when the callee was called.
        return program.caller_of(place.body).map_or(0, |caller| kinds_at(program, caller, register));
    }
    if register - body.base >= body.code.nregs {
        return Kind::Empty.bit();
    }
    record(body).map_or(0, |record| record.kinds(place.pc, (register - body.base) as usize))
}

/// The kind in a register in front of a step, if there was but one.
pub fn kind_at(program: &Program, step: usize, register: Reg) -> Option<Kind> {
    Kind::only(kinds_at(program, step, register))
}

/// Whether that kind is among those that were in a register in front of a step.
pub fn may_be_at(program: &Program, step: usize, register: Reg, kind: Kind) -> bool {
    kinds_at(program, step, register) & kind.bit() != 0
}

/// Whether the register is expected to own nothing there.
pub fn is_spare_at(program: &Program, step: usize, register: Reg) -> bool {
    let kinds = kinds_at(program, step, register);
    kinds != 0 && kinds & !(Kind::Int.bit() | Kind::Float.bit() | Kind::Empty.bit()) == 0
}

/// Whether the callable in a register in front of a step is a global or a method: what lives as long as others know it, so that being known here makes no difference.
fn is_named(program: &Program, step: usize, register: Reg) -> bool {
    let place = &program.places[step];
    let body = &program.bodies[place.body as usize];
    let register = register - body.base;
    let mut before = (0..place.pc).rev().map(|pc| body.code.instr(pc));
    let written = before.find(|instr| {
        let kinds = instr.op().map(|op| op.info().operands);
        kinds.is_some_and(|kinds| kinds[0] == OperandKind::W) && instr.a() == register
    });
    written.is_some_and(|instr| matches!(instr.op(), Some(Op::LoadGlobal | Op::LoadMethod)))
}

/// What a call is expected to call, and whether the register behind the callable's was empty; nothing if it was sometimes.
pub fn callee_at(program: &Program, step: usize, base: Reg) -> Option<(Obj, bool)> {
    let place = &program.places[step];
    let callee = record(&program.bodies[place.body as usize])?.callee(place.pc)?;
    named_callee(program, step, base, callee)
}

/// What a call that was seen to call several is expected to call mostly, likewise.
pub fn usual_callee_at(program: &Program, step: usize, base: Reg) -> Option<(Obj, bool)> {
    let place = &program.places[step];
    let callee = record(&program.bodies[place.body as usize])?.usual_callee(place.pc)?;
    named_callee(program, step, base, callee)
}

fn named_callee(program: &Program, step: usize, base: Reg, callee: Obj) -> Option<(Obj, bool)> {
    if callee.header().is_none_or(|header| !header.is_immortal()) && !is_named(program, step, base) {
        return None;
    }
    let behind = kinds_at(program, step, base + 1);
    let empty = behind & Kind::Empty.bit() != 0;
    (!empty || behind == Kind::Empty.bit()).then(|| (callee, empty))
}

/// Whether the call is expected to be one of a function in Python.
pub fn calls_python(program: &Program, step: usize) -> bool {
    let place = &program.places[step];
    record(&program.bodies[place.body as usize]).is_some_and(|record| record.calls_python(place.pc))
}

/// If the call is expected to be one of `isinstance` for a number and a class that is a constant: the kind of number, the class, and the answer.
pub fn class_for_number(
    program: &Program,
    step: usize,
    callable: &Obj,
    base: Reg,
    count: u16,
) -> Option<(Known, u64, bool)> {
    let function = callable.downcast::<PyNativeFunction>()?;
    if count != 2 || !function.is_unbound() || function.def.intrinsic != Intrinsic::IsInstance {
        return None;
    }
    let kind = kind_at(program, step, base + 2)?;
    let number = kinds::number(Known::Nothing, Some(kind))?;
    // The class is what was put there last.
    let load = step.checked_sub(1)?;
    if !matches!(program.plans[load], Plan::LoadGlobal { to, .. } if to == base + 3) {
        return None;
    }
    let class = program.constant(load)?.word.uncounted();
    Some((number, class.bits(), samples::is_number_instance(kind, class)?))
}

/// If the call is expected to be one of `len` for a container whose length machine code finds: its kind.
pub fn measured(program: &Program, step: usize, callable: &Obj, base: Reg, count: u16) -> Option<Kind> {
    let function = callable.downcast::<PyNativeFunction>()?;
    if count != 1 || !function.is_unbound() || function.def.intrinsic != Intrinsic::Len {
        return None;
    }
    kind_at(program, step, base + 2).filter(|kind| matches!(kind, Kind::List | Kind::Tuple | Kind::Str))
}

/// What is expected of what an instruction takes apart into so many registers from `first` on.
pub fn parts(program: &Program, step: usize, first: Reg, operand: u16, count: u16) -> Parts {
    let source = match kind_at(program, step, Instr::split_take(operand).0) {
        // A loop's handler takes its item apart at once: then there is none.
        None | Some(Kind::Empty) => Some(Kind::Tuple),
        kind => kind.filter(|kind| matches!(kind, Kind::Tuple | Kind::List)),
    };
    let mut parts = Parts { source, ..Parts::default() };
    let next = Plan::next(step, &program.plans);
    for index in 0..count.min(64) {
        match kind_at(program, next, first + index) {
            Some(Kind::Int) => parts.ints |= 1 << index,
            Some(Kind::Float) => parts.floats |= 1 << index,
            _ => {}
        }
    }
    parts
}

/// The method in Python that an instruction which reads an item or an attribute is expected to call.
pub fn method_at(program: &Program, step: usize) -> Option<Obj> {
    let place = &program.places[step];
    let method = record(&program.bodies[place.body as usize])?.callee(place.pc)?;
    program.classes_with(step, method.value()).is_some().then_some(method)
}

fn guess(program: &Program, step: usize) -> Guess {
    let place = &program.places[step];
    let body = &program.bodies[place.body as usize];
    // What takes an item of a loop apart may be executed with the `FOR_ITER` in front of it.
    let op = |pc: usize| body.code.instr(pc).op();
    let in_pair =
        op(place.pc) == Some(Op::UnpackSequence) && place.pc >= 2 && op(place.pc - 2) == Some(Op::ForIter);
    let is_seen = |record: &Record| record.is_seen(place.pc) || in_pair && record.is_seen(place.pc - 2);
    if !record(body).is_some_and(is_seen) {
        return Guess::default();
    }
    let plans = &program.plans[..];
    let kind = |register: Reg| kind_at(program, step, register);
    let operand = |operand: Operand| match operand {
        Operand::Reg(register) => kind(register),
        Operand::Int(_) => Some(Kind::Int),
    };
    let (left, right) = match plans[step] {
        Plan::Arith { left, right, .. }
        | Plan::Compare { left, right, .. }
        | Plan::Branch { test: Test::Compare { left, right, .. }, .. } => (kind(left), operand(right)),
        Plan::Equal { left, right, .. } | Plan::Branch { test: Test::Equal { left, right, .. }, .. } => {
            (kind(left), kind(right))
        }
        Plan::Branch { test: Test::Truth { register, .. }, .. } => (kind(register), None),
        Plan::Power { left, right, .. } => (kind(left), kind(right)),
        Plan::Get { container, key, .. } => (kind(container), kind(key)),
        Plan::Slice { container, .. } => (kind(container), None),
        Plan::Square { from, .. } | Plan::Neg { from, .. } | Plan::Not { from, .. } => (kind(from), None),
        Plan::For { iterator, .. } => (kind(iterator), None),
        Plan::LoadMethod { subject, .. } => (kind(subject), None),
        Plan::Item { container, index, .. } => (kind(container), operand(index)),
        Plan::StoreItem { container, index, .. } => (kind(container), kind(index)),
        _ => (None, None),
    };
    let operands = program.operands(step);
    let numbers = Kind::Int.bit() | Kind::Float.bit();
    let mixed = operands.into_iter().flatten().any(|register| {
        let kinds = kinds_at(program, step, register);
        Kind::only(kinds).is_none() && kinds & !numbers != 0
    });
    let written = match plans[step] {
        Plan::Item { to, .. } | Plan::For { item: to, .. } | Plan::LoadAttr { to, .. } => Some(to),
        _ => None,
    };
    let next = Plan::next(step, plans);
    let result = written.filter(|_| next < plans.len()).and_then(|to| kind_at(program, next, to));
    let lends = reads_constant(program, step);
    let trusts = program.trusts && !mixed && has_one_case(program, step, lends);
    Guess { left, right, result, reached: true, mixed, lends, trusts, number: None }
}

/// Whether a site that looks for a method knows something that does not depend on the receiver, which is not called with it.
pub fn is_called_as_it_is(single: &Single) -> bool {
    matches!(single, Single::OfType { .. } | Single::OfModule { .. } | Single::Wrapped { .. })
}

/// Whether what a site knows is bound to the subject when it is read: not by machine code.
pub fn is_bound(single: &Single) -> bool {
    matches!(single, Single::Method { .. } | Single::Property { .. } | Single::Wrapped { .. })
}

/// Whether a step is expected to read a global or an attribute whose object needs no count, or to look for a method and find what [`is_called_as_it_is`].
fn reads_constant(program: &Program, step: usize) -> bool {
    match program.plans[step] {
        Plan::LoadGlobal { .. } => program.constant(step).is_some(),
        Plan::LoadAttr { .. } => {
            let singles = samples::singles(program.cache(step));
            let is_constant = |single: &Single| {
                matches!(single, Single::Plain { .. } | Single::OfType { .. } | Single::OfModule { .. })
            };
            !singles.is_empty() && singles.iter().all(is_constant)
        }
        Plan::LoadMethod { .. } => {
            let singles = samples::singles(program.cache(step));
            !singles.is_empty() && singles.iter().all(is_called_as_it_is)
        }
        _ => false,
    }
}

/// Whether the site of a step that reads or writes an attribute, reads a global or looks for a method knows one case, and has no other. `lends`: see [`Guess::lends`].
fn has_one_case(program: &Program, step: usize, lends: bool) -> bool {
    let has_one_word =
        || samples::words(program.cache(step)).into_iter().filter(|word| *word != 0).count() == 1;
    let singles = || samples::singles(program.cache(step));
    match program.plans[step] {
        Plan::LoadGlobal { .. } => lends,
        Plan::LoadAttr { .. } => has_one_word() && matches!(singles()[..], [single] if !is_bound(&single)),
        Plan::LoadMethod { .. } => {
            let is_known = |single| matches!(single, Single::Method { .. }) || is_called_as_it_is(&single);
            has_one_word() && matches!(singles()[..], [single] if is_known(single))
        }
        Plan::StoreAttr { .. } => has_one_word() && program.slots_to_store(step).len() == 1,
        _ => false,
    }
}

/// Notes which attributes are numbers that are used as such.
pub fn note_numbers(program: &Program, guesses: &mut [Guess], live: &[Registers]) {
    for step in 0..program.plans.len() {
        let next = Plan::next(step, &program.plans);
        let Plan::LoadAttr { to, .. } = program.plans[step] else { continue };
        let guess = &mut guesses[step];
        let is_used = guess.trusts && live.get(next).is_some_and(|live| live.has(to as usize));
        guess.number = is_used.then(|| kinds::number(Known::Nothing, guess.result)).flatten();
    }
}
