//! What is known of the registers in front of each instruction, because it was tested or made on every way there.

use taipan_bytecode::Instr;
use taipan_objects::Value;
use taipan_objects::type_object::CompareOp;
use taipan_vm::tier::samples::Kind;

use crate::expect::{self, Guess};
use crate::live;
use crate::plan::{Arith, Operand, Plan, Reg, Result, Test};
use crate::program::Program;

/// What is known of a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    Nothing,
    /// Immediate, and also in a machine register or about to be.
    Int,
    /// The same.
    Float,
    /// It owns no reference: a number, a lent reference, or empty.
    Free,
    /// An exact list.
    List,
}

impl Known {
    /// What is known where two ways meet.
    pub fn meet(self, other: Known) -> Known {
        match (self, other) {
            (a, b) if a == b => a,
            (a, b) if a.is_free() && b.is_free() => Known::Free,
            _ => Known::Nothing,
        }
    }
    /// Whether it is a number of a known kind, which is in a machine register.
    pub fn is_number(self) -> bool {
        matches!(self, Known::Int | Known::Float)
    }
    /// Whether writing to it drops nothing.
    pub fn is_free(self) -> bool {
        self.is_number() || self == Known::Free
    }
    /// Whether who knows this knows `other`, too.
    pub fn implies(self, other: Known) -> bool {
        self == other || other == Known::Nothing || other == Known::Free && self.is_free()
    }
    /// Whether it cannot be that `other` holds.
    pub fn excludes(self, other: Known) -> bool {
        matches!(
            (self, other),
            (Known::Int, Known::Float | Known::List)
                | (Known::Float, Known::Int | Known::List)
                | (Known::List, Known::Int | Known::Float)
        )
    }
    fn of(kind: Option<Kind>) -> Option<Known> {
        match kind? {
            Kind::Int => Some(Known::Int),
            Kind::Float => Some(Known::Float),
            Kind::List => Some(Known::List),
            _ => None,
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
    match known {
        Known::Int => Some(Kind::Int),
        Known::Float => Some(Kind::Float),
        Known::List => Some(Kind::List),
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
            Mode::Ints => *known = Known::Int,
            Mode::Floats => *known = floats_operand(*known, guess),
            _ => {}
        }
    };
    test(left, guess.left);
    if let Operand::Reg(right) = right {
        test(right, guess.right);
    }
}

/// What an operand of an operation on floats is tested to be: an integer is converted.
pub fn floats_operand(known: Known, guess: Option<Kind>) -> Known {
    match assumed(known, guess) {
        Some(Kind::Int) => Known::Int,
        _ => Known::Float,
    }
}

/// Whether an item that is read is tested to be a number at once.
pub fn item_kind(guess: &Guess) -> Option<Known> {
    match Known::of(guess.result) {
        Some(Known::List) | None => None,
        number => number,
    }
}

/// Whether an index of a list is read here: not by a function.
pub fn is_list_access(state: &State, container: Reg, index: Operand, guess: &Guess) -> bool {
    let is_list = assumed(state[container as usize], guess.left) == Some(Kind::List);
    let is_int = match index {
        Operand::Int(_) => true,
        Operand::Reg(register) => assumed(state[register as usize], guess.right) == Some(Kind::Int),
    };
    is_list && is_int
}

/// What is known behind the instruction; the target of a jump may know less.
pub fn step(program: &Program, plan: Plan, state: &mut State, guess: &Guess) {
    let at = |register: Reg| register as usize;
    match plan {
        Plan::Const { to, word } | Plan::LoadGlobal { to, number: Some(word) } => {
            state[at(to)] = of_word(word);
        }
        Plan::Copy { to, from } => state[at(to)] = state[at(from)],
        Plan::Move { to, from } => {
            let known = state[at(from)];
            state[at(from)] = Known::Free;
            state[at(to)] = known;
        }
        Plan::Lend { to, from } => {
            let known = state[at(from)];
            state[at(to)] = if known.is_number() { known } else { Known::Free };
        }
        Plan::Drop { register } => state[at(register)] = Known::Free,
        Plan::Arith { op, to, left, right } => {
            let mode = arithmetic_mode(op, state, left, right, guess);
            tested(state, mode, left, right, guess);
            state[at(to)] = match mode {
                Mode::Ints if op != Arith::TrueDiv => Known::Int,
                Mode::Ints | Mode::Floats => Known::Float,
                _ => Known::Free,
            };
        }
        Plan::Square { to, from } | Plan::Neg { to, from } => match number(state[at(from)], guess.left) {
            Some(known) => {
                state[at(from)] = known;
                state[at(to)] = known;
            }
            None => state[at(to)] = Known::Free,
        },
        Plan::Compare { to, left, right, .. } => {
            let mode = of_operands(state, left, right, guess);
            tested(state, mode, left, right, guess);
            state[at(to)] = Known::Free;
        }
        Plan::Branch { test, drops, .. } => {
            if let Test::Compare { left, right, .. } = test {
                let mode = of_operands(state, left, right, guess);
                tested(state, mode, left, right, guess);
            }
            for register in drops.into_iter().flatten() {
                state[at(register)] = Known::Free;
            }
        }
        Plan::Not { to, .. } | Plan::Is { to, .. } => state[at(to)] = Known::Free,
        Plan::Get { to, .. } => state[at(to)] = Known::Nothing,
        Plan::Slice { to, bounds, .. } => {
            state[at(bounds)..at(bounds) + 2].fill(Known::Free);
            state[at(to)] = Known::Nothing;
        }
        Plan::Power { to, left, right } => {
            state[at(left)] = floats_operand(state[at(left)], guess.left);
            state[at(right)] = floats_operand(state[at(right)], guess.right);
            state[at(to)] = Known::Float;
        }
        Plan::For { item, iterator, .. } => {
            let of_range = guess.left == Some(Kind::RangeIterator);
            if item == iterator {
                state[at(item)] = Known::Nothing;
            } else {
                state[at(item)] = if of_range { Known::Int } else { Known::Nothing };
            }
        }
        Plan::Item { to, container, index } => {
            let mut result = Known::Nothing;
            if is_list_access(state, container, index, guess) {
                state[at(container)] = Known::List;
                if let Operand::Reg(register) = index {
                    state[at(register)] = Known::Int;
                }
                if let Some(kind) = item_kind(guess) {
                    result = kind;
                }
            } else if let Operand::Reg(register) = index {
                state[at(register)] = Known::Int;
            }
            state[at(to)] = result;
        }
        Plan::StoreItem { container, index, operand } => {
            if is_list_access(state, container, Operand::Reg(index), guess) {
                state[at(container)] = Known::List;
            }
            state[at(index)] = Known::Int;
            take(state, operand);
        }
        Plan::StoreAttr { operand, .. } | Plan::Append { operand, .. } => take(state, operand),
        Plan::LoadAttr { to, .. } | Plan::LoadGlobal { to, number: None } | Plan::LoadCell { to, .. } => {
            state[at(to)] = Known::Nothing;
        }
        Plan::LoadMethod { to, .. } => state[at(to)..at(to) + 2].fill(Known::Nothing),
        Plan::Unpack { first, operand, count } => {
            take(state, operand);
            for register in first..first + count {
                state[at(register)] = Known::Nothing;
            }
        }
        Plan::Build { to, first, count, .. } => {
            for register in first..first + count {
                state[at(register)] = Known::Free;
            }
            state[at(to)] = Known::Nothing;
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
        Plan::Enter { base, first, count, callee, .. } => {
            state[at(base)] = Known::Free;
            let end = first + program.bodies[callee as usize].code.nregs;
            state[at(first + count)..at(end)].fill(Known::Free);
        }
        Plan::Return { from, callee, first, to, .. } => {
            let result = match from {
                Result::Reg(register) => match state[at(register)] {
                    number @ (Known::Int | Known::Float) => number,
                    _ => Known::Nothing,
                },
                Result::Const(word) => of_word(word),
            };
            let end = first + program.bodies[callee as usize].code.nregs;
            state[at(first)..at(end)].fill(Known::Free);
            state[at(to)] = result;
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
    (0..program.registers).map(|register| if register < own { Known::Nothing } else { Known::Free }).collect()
}

/// What is known of a constant.
fn of_word(word: u64) -> Known {
    let value = Value::from_bits(word);
    if value.is_int() {
        Known::Int
    } else if value.is_float() {
        Known::Float
    } else {
        Known::Free
    }
}

fn take(state: &mut State, operand: u16) {
    let (register, take) = Instr::split_take(operand);
    if take {
        state[register as usize] = Known::Free;
    }
}

/// Finds out what is known in front of each instruction that is reached. `heads`: where jumps back lead; `entries`: where machine code is entered otherwise.
pub fn know(program: &Program, guesses: &[Guess], heads: &[usize], entries: &[usize]) -> Vec<Option<State>> {
    let registers = program.registers;
    let live = live::live(program);
    // What is wanted at each head: guessed at first, then less until every way back provides it.
    let mut wanted: Vec<(usize, State)> = heads
        .iter()
        .map(|head| {
            let temporaries =
                program.body(*head).base as usize + program.code(*head).unit.first_temp as usize;
            let state = (0..registers)
                .map(|register| {
                    let at = register as Reg;
                    if register >= program.end(*head) {
                        // Beyond its window the stack is empty.
                        return Known::Free;
                    }
                    match Known::of(expect::kind_at(program, *head, at)) {
                        Some(known) if live[*head].has(register) => known,
                        // What a temporary holds at the head of a loop is the compiler's choice, the same each time.
                        _ if register >= temporaries && expect::is_spare_at(program, *head, at) => {
                            Known::Free
                        }
                        _ => Known::Nothing,
                    }
                })
                .collect();
            (*head, state)
        })
        .collect();
    loop {
        let (states, losses) = flow(program, guesses, &wanted, entries);
        if losses.is_empty() {
            return states;
        }
        for (head, register) in losses {
            if let Some((_, state)) = wanted.iter_mut().find(|(at, _)| *at == head) {
                state[register] = Known::Nothing;
            }
        }
    }
}

type Losses = Vec<(usize, usize)>;

fn flow(
    program: &Program,
    guesses: &[Guess],
    wanted: &[(usize, State)],
    entries: &[usize],
) -> (Vec<Option<State>>, Losses) {
    let plans = &program.plans[..];
    let mut states: Vec<Option<State>> = vec![None; plans.len()];
    let mut waiting = Vec::new();
    let mut losses = Vec::new();
    for (head, state) in wanted {
        states[*head] = Some(state.clone());
        waiting.push(*head);
    }
    for entry in entries {
        if states[*entry].is_none() {
            states[*entry] = Some(nothing(program));
            waiting.push(*entry);
        }
    }
    while let Some(pc) = waiting.pop() {
        let Some(mut state) = states[pc].clone() else { continue };
        let plan = plans[pc];
        let before = state.clone();
        step(program, plan, &mut state, &guesses[pc]);
        for (which, to) in plan.successors(pc, plans).enumerate() {
            // Where a loop ends its iterator is dropped, and there is no item.
            let state = match plan {
                Plan::For { iterator, .. } | Plan::Next { iterator, .. } if which == 1 => {
                    let mut ended = before.clone();
                    ended[iterator as usize] = Known::Free;
                    ended
                }
                _ => state.clone(),
            };
            if let Some((_, want)) = wanted.iter().find(|(head, _)| *head == to) {
                // On other ways in it is tested.
                if matches!(plan, Plan::Back { .. }) {
                    let lost = |register: &usize| !state[*register].implies(want[*register]);
                    losses.extend((0..want.len()).filter(lost).map(|register| (to, register)));
                }
                continue;
            }
            match &mut states[to] {
                None => {
                    states[to] = Some(state);
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
    (states, losses)
}

/// Finds another plan for what is not about numbers.
fn other_plan(plan: Plan, guess: &Guess) -> Plan {
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
            && matches!(compare, CompareOp::Eq | CompareOp::Ne) =>
        {
            let when = when == (compare == CompareOp::Eq);
            Plan::Branch { test: Test::SameText { left, right, when }, drops, target }
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
        Plan::Slice { .. } => {
            !matches!(guess.left, Some(Kind::List | Kind::Tuple | Kind::Str | Kind::Sequence) | None)
        }
        Plan::For { .. } => !matches!(guess.left, Some(Kind::RangeIterator | Kind::ListIterator)),
        Plan::Item { index, .. } => {
            let is_int = matches!(index, Operand::Int(_)) || matches!(guess.right, Some(Kind::Int) | None);
            !is_int || matches!(guess.left, Some(Kind::Other | Kind::Dict))
        }
        Plan::StoreItem { .. } => {
            !matches!(guess.right, Some(Kind::Int) | None)
                || !matches!(guess.left, Some(Kind::List | Kind::Sequence) | None)
        }
        Plan::Branch { test: Test::Truth { .. }, .. } => guess.left == Some(Kind::Other),
        _ => false,
    };
    if leaves {
        *plan = Plan::Leave { goes_on: true };
    }
}
