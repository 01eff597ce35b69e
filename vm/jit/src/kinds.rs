//! What is known of the registers in front of each instruction, because it was tested or made on every way there.

use taipan_bytecode::{Instr, Op};
use taipan_objects::Value;
use taipan_objects::singletons::bool_obj;
use taipan_objects::type_object::CompareOp;
use taipan_vm::tier::samples::Kind;

use crate::expect::{self, Guess};
use crate::flow::Flow;
use crate::live::Registers;
use crate::plan::{Arith, Operand, Plan, Reg, Result, Test};
use crate::program::Program;

/// What is known of a register.
///
/// Numbers are written to their registers late, if at all: [`Known::LateInt`] and [`Known::LateFloat`] are in machine registers alone. Their own registers, of which the collector and others
/// see the words, have other words then: such that lead nowhere ([`Known::is_bare`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    Nothing,
    /// Immediate, and also in a machine register or about to be.
    Int,
    /// The same.
    Float,
    /// In a machine register alone.
    LateInt,
    /// The same.
    LateFloat,
    /// A number, or empty.
    Bare,
    /// It owns no reference: a number, a lent reference, or empty.
    Free,
    /// `True` or `False`, without a count.
    Bool,
    /// An exact list.
    List,
    /// What has doubles where machine code finds them, or another instance of that class.
    Doubles,
}

impl Known {
    /// What is known where two ways meet, when those that were late are written on the way if they are not late there.
    pub fn meet(self, other: Known) -> Known {
        match (self, other) {
            (a, b) if a == b => a,
            (Known::Int | Known::LateInt, Known::Int | Known::LateInt) => Known::LateInt,
            (Known::Float | Known::LateFloat, Known::Float | Known::LateFloat) => Known::LateFloat,
            (a, b) if a.is_bare() && b.is_bare() => Known::Bare,
            (a, b) if a.is_free() && b.is_free() => Known::Free,
            _ => Known::Nothing,
        }
    }
    /// The kind of number that it is, if that is known: then it is in a machine register. [`Known::Int`] or [`Known::Float`].
    pub fn number(self) -> Option<Known> {
        match self {
            Known::Int | Known::LateInt => Some(Known::Int),
            Known::Float | Known::LateFloat => Some(Known::Float),
            _ => None,
        }
    }
    /// Whether it is a number of a known kind, which is in a machine register.
    pub fn is_number(self) -> bool {
        self.number().is_some()
    }
    fn is_object(self) -> bool {
        matches!(self, Known::List | Known::Doubles | Known::Bool)
    }
    /// Whether it is to be written yet.
    pub fn is_late(self) -> bool {
        matches!(self, Known::LateInt | Known::LateFloat)
    }
    /// When it is written.
    pub fn settled(self) -> Known {
        self.number().unwrap_or(self)
    }
    /// Whether the word in its own register leads nowhere.
    pub fn is_bare(self) -> bool {
        self.is_number() || self == Known::Bare
    }
    /// Whether writing to it drops nothing.
    pub fn is_free(self) -> bool {
        self.is_bare() || matches!(self, Known::Free | Known::Bool)
    }
    /// Whether who knows this knows `other`, too, without writing anything.
    pub fn implies(self, other: Known) -> bool {
        match other {
            _ if self == other => true,
            Known::LateInt | Known::LateFloat => self.number() == other.number(),
            _ if self.is_late() => false,
            Known::Nothing => true,
            Known::Free => self.is_free(),
            Known::Bare => self.is_bare(),
            Known::Int | Known::Float | Known::List | Known::Doubles | Known::Bool => false,
        }
    }
    /// Whether it cannot be that `other` holds.
    pub fn excludes(self, other: Known) -> bool {
        match (self.number(), other.number()) {
            (Some(mine), Some(theirs)) => mine != theirs,
            (Some(_), None) => other.is_object(),
            (None, Some(_)) => self.is_object(),
            (None, None) => self.is_object() && other.is_object() && self != other,
        }
    }
    fn of(kind: Option<Kind>) -> Option<Known> {
        match kind? {
            Kind::Int => Some(Known::Int),
            Kind::Float => Some(Known::Float),
            Kind::List => Some(Known::List),
            Kind::Doubles => Some(Known::Doubles),
            _ => None,
        }
    }
    /// What a register is known to be, of which this is known, when a number was put into it.
    pub fn given(self, number: Known) -> Known {
        match number {
            Known::Int if self.is_bare() => Known::LateInt,
            Known::Float if self.is_bare() => Known::LateFloat,
            number => number,
        }
    }
}

/// What is known of all registers.
pub type State = Vec<Known>;

/// How an operation on two numbers is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Ints,
    Floats,
    /// As they are when it is executed.
    Either,
    /// By the interpreter.
    Never,
}

/// The kind to work with: what is known, or else what is expected.
pub fn assumed(known: Known, guess: Option<Kind>) -> Option<Kind> {
    match known.settled() {
        Known::Int => Some(Kind::Int),
        Known::Float => Some(Kind::Float),
        Known::List => Some(Kind::List),
        Known::Doubles => Some(Kind::Doubles),
        _ => guess,
    }
}

/// How to work on operands of these kinds.
pub fn mode(left: Option<Kind>, right: Option<Kind>) -> Mode {
    use Kind::{Float, Int};
    match (left, right) {
        (Some(Int), Some(Int)) => Mode::Ints,
        (Some(Int | Float), Some(Int | Float)) => Mode::Floats,
        (Some(Int), None) | (None, Some(Int)) => Mode::Either,
        (Some(Float), None) | (None, Some(Float)) => Mode::Floats,
        (None, None) => Mode::Either,
        _ => Mode::Never,
    }
}

/// Of an operation.
pub fn arithmetic_mode(op: Arith, state: &State, left: Reg, right: Operand, guess: &Guess) -> Mode {
    match of_operands(state, left, right, guess) {
        Mode::Floats if !op.has_floats() => Mode::Never,
        mode => mode,
    }
}

/// Of two operands.
pub fn of_operands(state: &State, left: Reg, right: Operand, guess: &Guess) -> Mode {
    let left = assumed(state[left as usize], guess.left);
    let right = match right {
        Operand::Reg(register) => assumed(state[register as usize], guess.right),
        Operand::Int(_) => Some(Kind::Int),
    };
    mode(left, right)
}

/// The number kind that `guess` says of a register of which nothing is known.
pub fn number(known: Known, guess: Option<Kind>) -> Option<Known> {
    match assumed(known, guess) {
        Some(Kind::Int) => Some(Known::Int),
        Some(Kind::Float) => Some(Known::Float),
        _ => None,
    }
}

/// What is known behind the tests that an operation in `mode` makes of its operands.
fn tested(state: &mut State, mode: Mode, left: Reg, right: Operand, guess: &Guess) {
    let mut test = |register: Reg, guess: Option<Kind>| {
        let known = &mut state[register as usize];
        match mode {
            Mode::Ints => come_out(known, Known::Int),
            Mode::Floats => come_out(known, floats_operand(*known, guess)),
            _ => {}
        }
    };
    test(left, guess.left);
    if let Operand::Reg(right) = right {
        test(right, guess.right);
    }
}

/// A register was tested to have that kind of number.
fn come_out(known: &mut Known, number: Known) {
    if known.number() != Some(number) {
        *known = number;
    }
}

/// What an operand of an operation on floats is tested to be: an integer is converted. [`Known::Bare`]: a number of either kind.
pub fn floats_operand(known: Known, guess: Option<Kind>) -> Known {
    number(known, guess).unwrap_or(Known::Bare)
}

/// Whether an item that is read is tested to be a number at once.
pub fn item_kind(guess: &Guess) -> Option<Known> {
    number(Known::Nothing, guess.result)
}

/// What a global or an attribute that is read is tested to be at once: [`Known::Bool`], [`Known::Free`], a number, or nothing.
pub fn attribute_kind(guess: &Guess) -> Known {
    match guess.result {
        Some(Kind::Bool) => Known::Bool,
        _ if guess.lends => Known::Free,
        _ => guess.number.unwrap_or(Known::Nothing),
    }
}

/// Whether machine code iterates over it by itself.
pub fn is_iterated_in_line(iterator: Kind) -> bool {
    matches!(iterator, Kind::ListIterator | Kind::TupleIterator)
}

/// The container in which an item is read or written at an integer here, not by a function: [`Known::List`] or [`Known::Doubles`].
pub fn accessed(state: &State, container: Reg, index: Operand, guess: &Guess) -> Option<Known> {
    let is_int = match index {
        Operand::Int(_) => true,
        Operand::Reg(register) => assumed(state[register as usize], guess.right) == Some(Kind::Int),
    };
    let container = Known::of(assumed(state[container as usize], guess.left));
    container.filter(|known| is_int && known.is_object())
}

/// Whether all numbers are written in front of the instruction: others will look at them.
pub fn settles(plan: Plan) -> bool {
    matches!(
        plan,
        Plan::Execute { .. }
            | Plan::Decide { .. }
            | Plan::Next { .. }
            | Plan::Invoke { .. }
            | Plan::Native { .. }
    )
}

/// A register was written.
fn put(state: &mut State, to: Reg, known: Known) {
    state[to as usize] = state[to as usize].given(known);
}

/// What is known behind the instruction; the target of a jump may know less.
pub fn step(program: &Program, plan: Plan, state: &mut State, guess: &Guess) {
    let at = |register: Reg| register as usize;
    if settles(plan) {
        state.iter_mut().for_each(|known| *known = known.settled());
    }
    match plan {
        Plan::Const { to, word } | Plan::LoadGlobal { to, number: Some(word) } => {
            put(state, to, of_word(word));
        }
        Plan::Copy { to, from } => put(state, to, state[at(from)].settled()),
        Plan::Move { to, from } if to == from => {}
        Plan::Move { to, from } => {
            let known = state[at(from)].settled();
            state[at(from)] = Known::Bare;
            put(state, to, known);
        }
        Plan::Lend { to, from } => {
            let known = state[at(from)].settled();
            put(state, to, if known.is_bare() { known } else { Known::Free });
        }
        Plan::Drop { register } => state[at(register)] = Known::Bare,
        Plan::Arith { op, to, left, right } => {
            let mode = arithmetic_mode(op, state, left, right, guess);
            tested(state, mode, left, right, guess);
            let result = match mode {
                Mode::Ints if op != Arith::TrueDiv => Known::Int,
                Mode::Ints | Mode::Floats => Known::Float,
                _ => Known::Bare,
            };
            put(state, to, result);
        }
        Plan::Square { to, from } | Plan::Neg { to, from } => match number(state[at(from)], guess.left) {
            Some(known) => {
                come_out(&mut state[at(from)], known);
                put(state, to, known);
            }
            None => state[at(to)] = Known::Free,
        },
        Plan::Compare { to, left, right, .. } => {
            let mode = of_operands(state, left, right, guess);
            tested(state, mode, left, right, guess);
            state[at(to)] = Known::Bool;
        }
        Plan::Branch { test, drops, .. } => {
            if let Test::Compare { left, right, .. } = test {
                let mode = of_operands(state, left, right, guess);
                tested(state, mode, left, right, guess);
            }
            for register in drops.into_iter().flatten() {
                state[at(register)] = Known::Bare;
            }
        }
        Plan::Not { to, .. } | Plan::Is { to, .. } | Plan::Equal { to, .. } => state[at(to)] = Known::Bool,
        Plan::Get { to, .. } => state[at(to)] = Known::Nothing,
        Plan::Slice { to, bounds, .. } => {
            state[at(bounds)..at(bounds) + 2].fill(Known::Bare);
            state[at(to)] = Known::Nothing;
        }
        Plan::Power { to, left, right } => {
            tested(state, Mode::Floats, left, Operand::Reg(right), guess);
            put(state, to, Known::Float);
        }
        Plan::For { item, iterator, .. } => {
            let of_range = guess.left == Some(Kind::RangeIterator);
            if item == iterator {
                state[at(item)] = Known::Nothing;
            } else {
                let number = if of_range { Some(Known::Int) } else { item_kind(guess) };
                put(state, item, number.unwrap_or(Known::Nothing));
            }
        }
        Plan::Item { to, container, index } => {
            let accessed = accessed(state, container, index, guess);
            if let Some(known) = accessed {
                state[at(container)] = known;
            }
            if let Operand::Reg(register) = index {
                come_out(&mut state[at(register)], Known::Int);
            }
            let number = match accessed {
                Some(Known::Doubles) => Some(Known::Float),
                Some(_) => item_kind(guess),
                None => None,
            };
            put(state, to, number.unwrap_or(Known::Nothing));
        }
        Plan::StoreItem { container, index, operand } => {
            if let Some(known) = accessed(state, container, Operand::Reg(index), guess) {
                state[at(container)] = known;
            }
            come_out(&mut state[at(index)], Known::Int);
            take(state, operand);
        }
        Plan::StoreAttr { operand, .. } | Plan::Append { operand, .. } => take(state, operand),
        Plan::LoadAttr { to, .. } | Plan::LoadGlobal { to, number: None } => match attribute_kind(guess) {
            number @ (Known::Int | Known::Float) => put(state, to, number),
            known => state[at(to)] = known,
        },
        // A function's closure never changes, and lives as long as the frame.
        Plan::CopyFree { first, count } => state[at(first)..at(first + count)].fill(Known::Free),
        Plan::LoadCell { to, .. } => state[at(to)] = Known::Nothing,
        Plan::LoadMethod { to, subject } if guess.trusts => {
            // A receiver that does not move is lent.
            let moves = subject == to || subject == to + 1;
            let owns = moves && !guess.lends && !state[at(subject)].is_free();
            state[at(to)] = Known::Free;
            state[at(to) + 1] = if owns { Known::Nothing } else { Known::Free };
        }
        Plan::LoadMethod { to, .. } => state[at(to)..at(to) + 2].fill(Known::Nothing),
        Plan::Unpack { first, operand, count, parts } => {
            take(state, operand);
            for index in 0..count {
                put(state, first + index, parts.number(index).unwrap_or(Known::Nothing));
            }
        }
        Plan::Build { to, first, count, .. } => {
            for register in first..first + count {
                state[at(register)] = Known::Bare;
            }
            state[at(to)] = Known::Nothing;
        }
        Plan::IsNumber { base, to, number, .. } => {
            come_out(&mut state[at(base) + 2], number);
            for register in [base, base + 2, base + 3] {
                state[at(register)] = Known::Bare;
            }
            state[at(to)] = Known::Free;
        }
        Plan::Length { base, to, .. } => {
            for register in [base, base + 2] {
                state[at(register)] = Known::Bare;
            }
            put(state, to, Known::Int);
        }
        Plan::Native { base, count, to, method, .. } => {
            state[at(base)] = Known::Free;
            state[at(base) + 2..at(base + 2 + count)].fill(Known::Free);
            if method {
                state[at(base) + 1] = Known::Free;
            }
            state[at(to)] = Known::Nothing;
        }
        Plan::Invoke { base, count, to, method, end, .. } => {
            // The callee may have left the registers behind its arguments empty.
            for known in &mut state[at(base) + 1..at(end)] {
                *known = if known.is_free() { Known::Free } else { Known::Nothing };
            }
            state[at(base)] = Known::Free;
            state[at(base) + 2..at(base + 2 + count)].fill(Known::Free);
            if method {
                state[at(base) + 1] = Known::Free;
            }
            state[at(to)] = Known::Nothing;
        }
        Plan::Execute { effects } => {
            let (first, count) = effects.emptied;
            state[at(first)..at(first + count)].fill(Known::Free);
            for register in effects.taken.into_iter().flatten() {
                state[at(register)] = Known::Free;
            }
            let (first, count) = effects.written;
            state[at(first)..at(first + count)].fill(Known::Nothing);
        }
        Plan::Decide { drops, .. } => {
            for register in drops.into_iter().flatten() {
                state[at(register)] = Known::Free;
            }
        }
        Plan::Next { item, pair, .. } => {
            state[at(item)] = if pair.is_some() { Known::Free } else { Known::Nothing };
            if let Some(first) = pair {
                state[at(first)..at(first) + 2].fill(Known::Nothing);
            }
        }
        Plan::EnterLent { argument, first, callee, .. } => {
            let end = first + program.bodies[callee as usize].code.nregs;
            let argument = argument.map(|argument| match argument {
                Operand::Reg(register) => state[at(register)].number().unwrap_or(Known::Free),
                Operand::Int(_) => Known::Int,
            });
            state[at(first)..at(end)].fill(Known::Bare);
            state[at(first)] = Known::Free;
            if let Some(argument) = argument {
                put(state, first + 1, argument);
            }
        }
        Plan::Enter { base, first, count, callee, .. } => {
            let is_init = program.bodies[callee as usize].class.is_some();
            if is_init {
                // The instance; the frame's first argument is that, lent.
                state[at(first)] = Known::Free;
            }
            state[at(base)] = if is_init { Known::Nothing } else { Known::Bare };
            let code = &program.bodies[callee as usize].code;
            // Defaults, which need no count.
            state[at(first + count)..at(first + code.nparams)].fill(Known::Free);
            state[at(first + code.nparams)..at(first + code.nregs)].fill(Known::Bare);
        }
        Plan::Return { from, callee, first, to, .. } => {
            let result = match from {
                Result::Reg(register) => match state[at(register)] {
                    Known::Bool => Known::Bool,
                    known => known.number().unwrap_or(Known::Nothing),
                },
                Result::Const(word) => of_word(word),
            };
            let body = &program.bodies[callee as usize];
            state[at(first)..at(first + body.code.nregs)].fill(Known::Bare);
            if body.class.is_some() {
                state[at(first) - 1] = Known::Bare;
                state[at(to)] = Known::Nothing;
            } else {
                put(state, to, result);
            }
        }
        Plan::Leave { .. }
        | Plan::Unseen
        | Plan::Call { .. }
        | Plan::Behind
        | Plan::End { .. }
        | Plan::Nop
        | Plan::CheckLocal { .. }
        | Plan::Jump { .. }
        | Plan::Back { .. } => {}
    }
}

/// What is known where the code is entered: beyond its window the stack is empty.
pub fn nothing(program: &Program) -> State {
    let own = program.bodies[0].code.nregs as usize;
    (0..program.registers).map(|register| if register < own { Known::Nothing } else { Known::Bare }).collect()
}

/// What is known where a call enters the code at its first instruction: there is nothing but the arguments.
pub fn at_start(program: &Program, flow: &Flow) -> State {
    let (mut state, code) = (nothing(program), &program.bodies[0].code);
    let is_only_start = flow.start.is_some_and(|start| !flow.heads.contains(&start));
    let count = code.plain() as usize;
    if is_only_start && !code.is_generator_like() && count <= code.nregs as usize {
        state[count..].fill(Known::Bare);
    }
    state
}

/// Whether it is `True` or `False`.
pub fn is_bool(value: Value) -> bool {
    [true, false].into_iter().any(|truth| bool_obj(truth).value().same(value))
}

/// What is known of a constant.
fn of_word(word: u64) -> Known {
    let value = Value::from_bits(word);
    if value.is_int() {
        Known::Int
    } else if value.is_float() {
        Known::Float
    } else if is_bool(value) {
        Known::Bool
    } else {
        Known::Free
    }
}

fn take(state: &mut State, operand: u16) {
    let (register, take) = Instr::split_take(operand);
    if take {
        state[register as usize] = Known::Bare;
    }
}

/// What is wanted of the registers where code is entered at an instruction: of those that are used as numbers or lists what was recorded of them, and of others that they lead nowhere, if they did
/// not.
fn expected(program: &Program, live: &Registers, at: usize) -> State {
    let expected = |register: usize| {
        if register >= program.end(at) {
            // Beyond its window the stack is empty.
            return Known::Bare;
        }
        match Known::of(expect::kind_at(program, at, register as Reg)) {
            Some(known) if live.has(register) => known,
            _ if expect::is_spare_at(program, at, register as Reg) => Known::Bare,
            _ => Known::Nothing,
        }
    };
    (0..program.registers).map(expected).collect()
}

/// Finds out what is known in front of each instruction that is reached. `flow`: where jumps back lead, and machine code is entered otherwise. Where that is, all is tested.
pub fn know(program: &Program, guesses: &[Guess], flow: &Flow, live: &[Registers]) -> Vec<Option<State>> {
    // What is wanted at each head: guessed at first, then less until every way back provides it.
    let expected = |at: &usize| (*at, expected(program, &live[*at], *at));
    let mut wanted: Vec<(usize, State)> = flow.heads.iter().map(expected).collect();
    loop {
        let mut knowing = Knowing {
            program,
            guesses,
            live,
            wanted: &wanted,
            flow,
            states: vec![None; live.len()],
            losses: Vec::new(),
        };
        knowing.know();
        let Knowing { states, losses, .. } = knowing;
        if losses.is_empty() {
            return states;
        }
        for (head, register, known) in losses {
            if let Some((_, state)) = wanted.iter_mut().find(|(at, _)| *at == head) {
                state[register] = state[register].meet(known);
            }
        }
    }
}

/// The call that is made if the callable is not the one whose steps are part of the program.
pub fn instead(program: &Program, step: usize, base: Reg, to: Reg) -> Plan {
    let instr = program.instr(step);
    let method = instr.op() == Some(Op::CallMethod);
    Plan::Invoke { base, count: instr.b(), to, method, end: program.end(step) as Reg, callee: None }
}

/// Finding out what is known, given what is wanted at the heads of loops.
struct Knowing<'a> {
    program: &'a Program,
    guesses: &'a [Guess],
    live: &'a [Registers],
    wanted: &'a [(usize, State)],
    flow: &'a Flow,
    states: Vec<Option<State>>,
    /// Heads, registers, and what is known of those on a way back that is less than is wanted.
    losses: Vec<(usize, usize, Known)>,
}

impl Knowing<'_> {
    fn know(&mut self) {
        for (head, state) in self.wanted {
            self.states[*head] = Some(state.clone());
        }
        self.spread(self.wanted.iter().map(|(head, _)| *head).collect());
        if let Some(start) = self.flow.start.filter(|start| self.states[*start].is_none()) {
            self.states[start] = Some(at_start(self.program, self.flow));
            self.spread(vec![start]);
        }
        for entry in &self.flow.entries {
            // Where code comes by itself that is known which is known then.
            if self.states[*entry].is_none() {
                self.states[*entry] = Some(expected(self.program, &self.live[*entry], *entry));
                self.spread(vec![*entry]);
            }
        }
    }

    /// Where execution goes on, and what is known there, if a call that is expected to be one of a callee that is part of the program calls something else.
    fn behind_others(&self, pc: usize, before: &State) -> Option<(usize, usize, Option<State>)> {
        let plans = &self.program.plans[..];
        let Plan::Enter { base, to, callee, .. } = plans[pc] else { return None };
        let next = Plan::next(pc, plans);
        if !self.program.bodies[callee as usize].is_one_of_several || next >= plans.len() {
            return None;
        }
        let mut state = before.clone();
        step(self.program, instead(self.program, pc, base, to), &mut state, &Guess::default());
        Some((0, next, Some(state)))
    }

    /// Goes on from instructions of which it is known what is known in front of them.
    fn spread(&mut self, mut waiting: Vec<usize>) {
        let plans = &self.program.plans[..];
        while let Some(pc) = waiting.pop() {
            let Some(mut state) = self.states[pc].clone() else { continue };
            let plan = plans[pc];
            let before = state.clone();
            step(self.program, plan, &mut state, &self.guesses[pc]);
            let instead = self.behind_others(pc, &before);
            let ways = plan.successors(pc, plans).enumerate().map(|(which, to)| (which, to, None));
            for (which, to, of_others) in ways.chain(instead) {
                // Where a loop ends its iterator is dropped, and there is no item.
                let mut state = match plan {
                    Plan::For { iterator, .. } | Plan::Next { iterator, .. } if which == 1 => {
                        let mut ended = before.clone();
                        ended[iterator as usize] = Known::Bare;
                        ended
                    }
                    _ => of_others.unwrap_or_else(|| state.clone()),
                };
                if let Some((_, want)) = self.wanted.iter().find(|(head, _)| *head == to) {
                    // On other ways in it is tested.
                    if matches!(plan, Plan::Back { .. }) {
                        let lost =
                            |register: &usize| want[*register].meet(state[*register]) != want[*register];
                        let lost = (0..want.len()).filter(lost);
                        self.losses.extend(lost.map(|register| (to, register, state[register])));
                    }
                    continue;
                }
                if self.flow.entries.contains(&to) {
                    // The interpreter may have left something else where nobody will look for it.
                    for (register, known) in state.iter_mut().enumerate() {
                        if known.is_number() && !self.live[to].has(register) {
                            *known = Known::Bare;
                        }
                    }
                }
                match &mut self.states[to] {
                    None => {
                        self.states[to] = Some(state);
                        waiting.push(to);
                    }
                    Some(there) => {
                        let met: State = there.iter().zip(&state).map(|(a, b)| a.meet(*b)).collect();
                        if met != *there {
                            *there = met;
                            waiting.push(to);
                        }
                    }
                }
            }
        }
    }
}

/// Finds another plan for what is not about numbers.
fn other_plan(plan: Plan, guess: &Guess) -> Plan {
    let of_objects = mode(guess.left, guess.right) == Mode::Never;
    match plan {
        Plan::Item { to, container, index: Operand::Reg(key) } if guess.left == Some(Kind::Dict) => {
            Plan::Get { to, container, key }
        }
        Plan::Branch {
            test: Test::Compare { compare, left, right: Operand::Reg(right), when },
            drops,
            target,
        } if guess.left == Some(Kind::Str)
            && matches!(guess.right, Some(Kind::Str) | None)
            && compare.is_equality() =>
        {
            let when = when == (compare == CompareOp::Eq);
            Plan::Branch { test: Test::SameText { left, right, when }, drops, target }
        }
        Plan::Branch {
            test: Test::Compare { compare, left, right: Operand::Reg(right), when },
            drops,
            target,
        } if of_objects && compare.is_equality() => {
            let when = when == (compare == CompareOp::Eq);
            Plan::Branch { test: Test::Equal { left, right, when }, drops, target }
        }
        Plan::Compare { compare, to, left, right: Operand::Reg(right) }
            if of_objects && compare.is_equality() =>
        {
            Plan::Equal { to, left, right, when: compare == CompareOp::Eq }
        }
        plan => plan,
    }
}

/// Lets the interpreter do what is expected to be no matter of numbers, or of iterators that machine code knows.
pub fn leave_objects(plan: &mut Plan, guess: &Guess) {
    if !guess.reached && *plan != Plan::Behind {
        *plan = Plan::Unseen;
        return;
    }
    *plan = other_plan(*plan, guess);
    let leaves = match *plan {
        Plan::Arith { op, .. } => match mode(guess.left, guess.right) {
            Mode::Never => true,
            Mode::Floats => !op.has_floats(),
            _ => false,
        },
        Plan::Compare { .. } | Plan::Branch { test: Test::Compare { .. }, .. } => {
            mode(guess.left, guess.right) == Mode::Never
        }
        Plan::Square { .. } | Plan::Neg { .. } => number(Known::Nothing, guess.left).is_none(),
        Plan::Power { .. } => mode(guess.left, guess.right) != Mode::Floats || guess.left == Some(Kind::Int),
        Plan::Slice { .. } => !matches!(
            guess.left,
            Some(Kind::List | Kind::Tuple | Kind::Str | Kind::Sequence | Kind::Doubles) | None
        ),
        Plan::For { .. } => {
            !guess.left.is_some_and(|kind| kind == Kind::RangeIterator || is_iterated_in_line(kind))
        }
        Plan::Item { index, .. } => {
            let is_int = matches!(index, Operand::Int(_)) || matches!(guess.right, Some(Kind::Int) | None);
            !is_int || matches!(guess.left, Some(Kind::Other | Kind::Dict))
        }
        Plan::StoreItem { .. } => {
            !matches!(guess.right, Some(Kind::Int) | None)
                || !matches!(guess.left, Some(Kind::List | Kind::Sequence | Kind::Doubles) | None)
        }
        Plan::Branch { test: Test::Truth { .. }, .. } => guess.left == Some(Kind::Other),
        Plan::LoadMethod { .. } => matches!(guess.left, Some(Kind::Int | Kind::Float)),
        _ => false,
    };
    if leaves {
        *plan = Plan::Leave { goes_on: true };
    }
}
