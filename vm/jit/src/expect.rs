//! Guesses of what instructions will find in their registers.
//!
//! The frame that asked for machine code is a sample: what its registers hold where it stands is followed through the code, each result by a like operation on
//! samples (an item of the list, the content of the slot). Where two ways meet with different kinds there is no guess. A guess decides what is tested for and
//! what code is made; whether it was right is tested when that runs.

use taipan_objects::Obj;
use taipan_objects::Value;
use taipan_vm::tier::samples::{self, Kind};

use crate::plan::{self, Arith, Operand, Plan, Reg};
use crate::program::Program;

/// What is expected of an instruction.
#[derive(Clone, Copy, Default, Debug)]
pub struct Guess {
    /// Of its first and second operand.
    pub left: Option<Kind>,
    pub right: Option<Kind>,
    /// Of what it writes.
    pub result: Option<Kind>,
    /// Whether it is executed, as far as can be told.
    pub reached: bool,
}

/// What is thought to be in a register.
#[derive(Clone)]
enum Sample {
    /// What an instruction left there whose result has no sample.
    Unknown,
    /// One or the other.
    Mixed,
    /// Nothing, or a number.
    Spare,
    Empty,
    Like(Obj),
}

impl Sample {
    fn value(&self) -> Option<&Obj> {
        match self {
            Sample::Like(value) => Some(value),
            _ => None,
        }
    }
    fn is_spare(&self) -> bool {
        match self {
            Sample::Like(value) => matches!(samples::kind(value), Kind::Int | Kind::Float),
            Sample::Spare | Sample::Empty => true,
            Sample::Unknown | Sample::Mixed => false,
        }
    }
    /// What is thought where two ways meet, if that is not what `self` is: a sample is believed beside what has none.
    fn met(&self, other: &Sample) -> Option<Sample> {
        match (self, other) {
            (Sample::Mixed, _)
            | (Sample::Spare, Sample::Spare)
            | (Sample::Empty, Sample::Empty)
            | (Sample::Unknown, Sample::Unknown) => None,
            (Sample::Like(_), Sample::Unknown) => None,
            (Sample::Unknown, Sample::Like(_)) => Some(other.clone()),
            (Sample::Like(a), Sample::Like(b)) if samples::kind(a) == samples::kind(b) => None,
            (Sample::Spare, other) if other.is_spare() => None,
            (one, other) if one.is_spare() && other.is_spare() => Some(Sample::Spare),
            _ => Some(Sample::Mixed),
        }
    }
}

type Samples = Vec<Sample>;

/// The guesses for all instructions, and the kinds in the registers in front of each that is reached.
pub struct Expected {
    pub guesses: Vec<Guess>,
    states: Vec<Option<Samples>>,
}

impl Expected {
    /// The kind in a register in front of an instruction.
    pub fn kind_at(&self, pc: usize, register: Reg) -> Option<Kind> {
        self.sample_at(pc, register).map(samples::kind)
    }
    /// The value that is expected in a register in front of an instruction, or one like it.
    pub fn sample_at(&self, pc: usize, register: Reg) -> Option<&Obj> {
        self.states.get(pc)?.as_ref()?.get(register as usize)?.value()
    }
    /// The function that is expected in a register in front of an instruction, and whether the register behind it is expected to be empty.
    pub fn callable_at(&self, pc: usize, register: Reg) -> Option<(Obj, bool)> {
        let state = self.states.get(pc)?.as_ref()?;
        let callable = state.get(register as usize)?.value()?;
        let behind = matches!(state.get(register as usize + 1)?, Sample::Empty);
        Some((callable.clone(), behind))
    }
    /// Whether the register is expected to own nothing there.
    pub fn is_spare_at(&self, pc: usize, register: Reg) -> bool {
        self.states.get(pc).and_then(Option::as_ref).is_some_and(|state| state[register as usize].is_spare())
    }
}

/// Follows the samples from instruction `at`.
pub fn expect(program: &Program, at: usize, first: &[Option<Obj>]) -> Expected {
    let plans = &program.plans[..];
    let mut states: Vec<Option<Samples>> = vec![None; plans.len()];
    let like =
        |value: &Option<Obj>| value.as_ref().map_or(Sample::Empty, |value| Sample::Like(value.clone()));
    let beyond = (first.len()..program.registers).map(|_| Sample::Unknown);
    states[at] = Some(first.iter().map(like).chain(beyond).collect());
    let mut waiting = vec![at];
    // A register changes three times at most, so this ends; the bound is for code that is too large to be worth it.
    let mut left = 40 * plans.len();
    while let Some(pc) = waiting.pop() {
        left -= 1;
        if left == 0 {
            break;
        }
        let Some(mut state) = states[pc].clone() else { continue };
        step(program, pc, &mut state);
        let goes_on = matches!(plans[pc], Plan::Leave { goes_on: true } | Plan::Call { .. });
        let next = goes_on.then(|| Plan::next(pc, plans)).filter(|next| *next < plans.len());
        let jump = goes_on.then(|| program.jump_target(pc)).flatten();
        for to in plans[pc].successors(pc, plans).chain(next).chain(jump) {
            let changed = match &mut states[to] {
                None => {
                    states[to] = Some(state.clone());
                    true
                }
                Some(there) => meet(there, &state),
            };
            if changed {
                waiting.push(to);
            }
        }
    }
    let guesses = (0..plans.len()).map(|pc| guess(program, pc, &states)).collect();
    Expected { guesses, states }
}

/// Lets `there` be what is thought where two ways meet. Whether that is something else.
fn meet(there: &mut Samples, other: &Samples) -> bool {
    let mut changed = false;
    for (mine, theirs) in there.iter_mut().zip(other) {
        if let Some(met) = mine.met(theirs) {
            *mine = met;
            changed = true;
        }
    }
    changed
}

fn guess(program: &Program, pc: usize, states: &[Option<Samples>]) -> Guess {
    let plans = &program.plans[..];
    let Some(state) = &states[pc] else { return Guess::default() };
    let kind = |register: Reg| state[register as usize].value().map(samples::kind);
    let operand = |operand: Operand| match operand {
        Operand::Reg(register) => kind(register),
        Operand::Int(_) => Some(Kind::Int),
    };
    let (left, right) = match plans[pc] {
        Plan::Arith { left, right, .. } | Plan::Compare { left, right, .. } => (kind(left), operand(right)),
        Plan::Branch { test: crate::plan::Test::Compare { left, right, .. }, .. } => {
            (kind(left), operand(right))
        }
        Plan::Branch { test: crate::plan::Test::Truth { register, .. }, .. } => (kind(register), None),
        Plan::Power { left, right, .. } => (kind(left), kind(right)),
        Plan::Get { container, key, .. } => (kind(container), kind(key)),
        Plan::Slice { container, .. } | Plan::In { container, .. } => (kind(container), None),
        Plan::Branch { test: crate::plan::Test::In { container, .. }, .. } => (kind(container), None),
        Plan::Square { from, .. } | Plan::Neg { from, .. } | Plan::Not { from, .. } => (kind(from), None),
        Plan::For { iterator, .. } => (kind(iterator), None),
        Plan::Item { container, index, .. } => (kind(container), operand(index)),
        Plan::StoreItem { container, index, .. } => (kind(container), kind(index)),
        _ => (None, None),
    };
    let result = result(program, pc, state).as_ref().map(samples::kind);
    Guess { left, right, result, reached: true }
}

fn sample_of(kind: Option<Kind>) -> Option<Obj> {
    match kind {
        Some(Kind::Bool) => Some(taipan_objects::singletons::bool_obj(true)),
        kind => number(kind),
    }
}

fn number(kind: Option<Kind>) -> Option<Obj> {
    match kind? {
        Kind::Int => Some(taipan_objects::construct::int_obj(0)),
        Kind::Float => Some(taipan_objects::construct::float_obj(0.5)),
        _ => None,
    }
}

fn arithmetic(op: Arith, left: Option<Kind>, right: Option<Kind>) -> Option<Kind> {
    match (left?, right?) {
        (Kind::Int, Kind::Int) if op == Arith::TrueDiv => Some(Kind::Float),
        (Kind::Int, Kind::Int) => Some(Kind::Int),
        (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => Some(Kind::Float),
        _ => None,
    }
}

/// A sample of what the instruction writes.
fn result(program: &Program, pc: usize, state: &Samples) -> Option<Obj> {
    let plans = &program.plans[..];
    let sample = |register: Reg| state[register as usize].value();
    let kind = |register: Reg| sample(register).map(samples::kind);
    match plans[pc] {
        Plan::Const { word, .. } => number_of(word),
        Plan::Copy { from, .. } | Plan::Move { from, .. } | Plan::Lend { from, .. } => sample(from).cloned(),
        Plan::Arith { op, left, right, .. } => {
            let right = match right {
                Operand::Reg(register) => kind(register),
                Operand::Int(_) => Some(Kind::Int),
            };
            number(arithmetic(op, kind(left), right))
        }
        Plan::Square { from, .. } | Plan::Neg { from, .. } => number(kind(from)),
        Plan::Power { .. } => number(Some(Kind::Float)),
        Plan::Slice { container, .. } => sample(container).cloned(),
        Plan::Not { .. } | Plan::Compare { .. } | Plan::Is { .. } | Plan::In { .. } => {
            Some(taipan_objects::singletons::bool_obj(true))
        }
        Plan::For { iterator, .. } => samples::next(sample(iterator)?),
        Plan::Item { container, .. } => samples::item(sample(container)?),
        Plan::LoadAttr { subject, .. } => samples::attribute(program.cache(pc), sample(subject)?),
        Plan::LoadMethod { subject, .. } => samples::method(program.cache(pc), sample(subject)?),
        Plan::LoadGlobal { .. } => {
            samples::global(program.cache(pc), &program.body(pc).globals, &program.body(pc).builtins)
        }
        Plan::Return { from: plan::Result::Reg(from), .. } => sample(from).cloned(),
        Plan::Return { from: plan::Result::Const(word), .. } => number_of(word),
        _ => None,
    }
}

/// A sample of a constant, if that is a number.
fn number_of(word: u64) -> Option<Obj> {
    let value = Value::from_bits(word);
    number(if value.is_int() { Some(Kind::Int) } else { value.is_float().then_some(Kind::Float) })
}

fn step(program: &Program, pc: usize, state: &mut Samples) {
    let plans = &program.plans[..];
    let result = result(program, pc, state);
    let written: Option<Reg> = match plans[pc] {
        Plan::Const { to, .. }
        | Plan::Copy { to, .. }
        | Plan::Move { to, .. }
        | Plan::Lend { to, .. }
        | Plan::Arith { to, .. }
        | Plan::Square { to, .. }
        | Plan::Neg { to, .. }
        | Plan::Not { to, .. }
        | Plan::Compare { to, .. }
        | Plan::Is { to, .. }
        | Plan::In { to, .. }
        | Plan::Get { to, .. }
        | Plan::Power { to, .. }
        | Plan::Item { to, .. }
        | Plan::LoadAttr { to, .. }
        | Plan::LoadGlobal { to, .. }
        | Plan::LoadCell { to, .. }
        | Plan::Build { to, .. } => Some(to),
        Plan::For { item, .. } => Some(item),
        Plan::Slice { to, bounds, .. } => {
            state[bounds as usize..bounds as usize + 2].fill(Sample::Empty);
            Some(to)
        }
        Plan::LoadMethod { to, .. } => {
            state[to as usize + 1] = Sample::Unknown;
            Some(to)
        }
        Plan::Unpack { first, count, operand } => {
            let source = taipan_bytecode::Instr::split_take(operand).0;
            let item = state[source as usize].value().and_then(samples::item);
            let item = item.map_or(Sample::Unknown, Sample::Like);
            for register in first..first + count {
                state[register as usize] = item.clone();
            }
            None
        }
        Plan::Leave { .. } | Plan::Call { .. } => {
            left_alone(program, pc, state);
            None
        }
        Plan::Native { base, count, to, method, kind, .. } => {
            state[base as usize] = Sample::Empty;
            state[base as usize + 2..(base + 2 + count) as usize].fill(Sample::Empty);
            if method {
                state[base as usize + 1] = Sample::Empty;
            }
            state[to as usize] = sample_of(kind).map_or(Sample::Unknown, Sample::Like);
            None
        }
        Plan::Enter { base, first, count, callee, .. } => {
            state[base as usize] = Sample::Empty;
            let end = first + program.bodies[callee as usize].code.nregs;
            state[(first + count) as usize..end as usize].fill(Sample::Empty);
            None
        }
        Plan::Return { callee, first, to, .. } => {
            let end = first + program.bodies[callee as usize].code.nregs;
            state[first as usize..end as usize].fill(Sample::Empty);
            Some(to)
        }
        _ => None,
    };
    if let Plan::Move { from, .. } | Plan::Drop { register: from } = plans[pc] {
        state[from as usize] = Sample::Empty;
    }
    if let Plan::StoreItem { operand, .. }
    | Plan::StoreAttr { operand, .. }
    | Plan::Append { operand, .. }
    | Plan::Unpack { operand, .. } = plans[pc]
        && let (register, true) = taipan_bytecode::Instr::split_take(operand)
    {
        state[register as usize] = Sample::Empty;
    }
    if let Plan::Branch { drops, .. } = plans[pc] {
        for register in drops.into_iter().flatten() {
            state[register as usize] = Sample::Empty;
        }
    }
    if let Some(to) = written {
        state[to as usize] = result.map_or(Sample::Unknown, Sample::Like);
    }
}

/// Forgets what an instruction that the interpreter executes writes or consumes.
fn left_alone(program: &Program, pc: usize, state: &mut Samples) {
    use taipan_bytecode::{Op, OperandKind};
    let instr = program.code(pc).instr(program.places[pc].pc);
    let Some(op) = instr.op() else { return };
    let base = program.body(pc).base;
    let operands = [instr.a(), instr.b(), instr.c()].map(|operand| operand.wrapping_add(base));
    for (kind, operand) in op.info().operands.iter().zip(operands) {
        if matches!(kind, OperandKind::W | OperandKind::X)
            && let Some(sample) = state.get_mut(operand as usize)
        {
            *sample = if *kind == OperandKind::X { Sample::Empty } else { Sample::Unknown };
        }
    }
    // What has several results or consumes several registers, all of them temporaries, behind its first operand.
    let first = match op {
        Op::Call | Op::CallMethod | Op::CallKw | Op::CallMethodKw | Op::CallEx => operands[0],
        Op::UnpackEx
        | Op::CopyFreeVars
        | Op::LoadSpecial
        | Op::GetANext
        | Op::CheckEgMatch
        | Op::WithExceptStart => operands[0],
        _ => return,
    };
    for sample in &mut state[first as usize..] {
        *sample = Sample::Unknown;
    }
}
