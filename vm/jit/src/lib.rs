//! A compiler of code objects to machine code, for `taipan_vm::tier`.
//!
//! It makes one function of one code object: what is arithmetic, comparison, jumps, loops over ranges, and reads and writes of list items and
//! attributes it does itself or by functions of [`taipan_vm::tier::runtime`]; everything else it leaves to the interpreter, and is entered again behind it. So its
//! coverage is a matter of speed alone.
//!
//! 1. [`plan`]: what each instruction comes to; [`program`]: those of the code and of callees that are made part of it.
//! 2. [`expect`]: guesses, from what was recorded.
//!    [`virtual_frames`]: callees without frames of their own.
//! 3. [`flow`]: blocks, and where the code is entered.
//! 4. [`live`]: of which registers it is worth knowing anything; [`kinds`]: what is known of them on every way to an instruction, given what is tested on the way.
//! 5. [`lower`]: a function in Cranelift's representation.
//! 6. [`x64`]: instructions of the processor for it.
//! 7. [`memory`]: the memory of finished code.

mod expect;
mod flow;
mod generic;
mod kinds;
mod live;
mod lower;
mod memory;
mod plan;
mod program;
mod virtual_frames;
mod x64;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use taipan_bytecode::Op;
use taipan_objects::code::machine::Machine;
use taipan_threading::sync::atomic::AtomicU32;
use taipan_vm::tier::samples::{self, Kind};
use taipan_vm::tier::{Request, Tier, Use};

use expect::Guess;
use flow::{Choice, Flow};
use plan::{Plan, Reg};
use program::Program;

/// Bytes of stack for the compiler.
const STACK: usize = 4 << 20;

/// The compiler.
pub struct Jit {
    /// What it compiles of what it is asked for.
    choice: Choice,
}

impl Tier for Jit {
    fn compile(&self, request: &Request<'_>) -> Option<Machine> {
        // The thread that asks may have little stack left. A bug in the compiler is no reason to end the program.
        let compile = || catch_unwind(AssertUnwindSafe(|| compile(request, self.choice))).ok().flatten();
        stacker::grow(STACK, compile)
    }
}

fn compile(request: &Request<'_>, choice: Choice) -> Option<Machine> {
    let mut program = with_callees(request)?;
    let mut guesses = expect::guesses(&program);
    leave_rest(&mut program, &guesses);
    expect_numbers(&mut program);
    expect_parts(&mut program);
    drop_bad_callees(&mut program, &guesses);
    virtual_frames::mark(&mut program, &guesses);
    let mut flow = Flow::of(&program, choice);
    flow.places().next()?;
    let made = make(&program, &mut guesses, &flow).or_else(|| {
        // Something in a callee takes its frame after all.
        virtual_frames::mark_none(&mut program);
        flow = Flow::of(&program, choice);
        flow.places().next()?;
        make(&program, &mut guesses, &flow)
    });
    let (entry, memory) = made?;
    let mut places = vec![0; program.own()].into_boxed_slice();
    for (number, pc) in flow.entered_places() {
        places[pc] = number as u16;
    }
    let (has_start, epoch) = (flow.start.is_some(), program.epoch);
    let objects = program.bodies.into_iter().skip(1);
    let objects = objects.flat_map(|body| {
        let class = body.class.map(|(class, _)| class);
        [Some(body.code.into_obj()), body.function, class].into_iter().flatten()
    });
    let called = program.functions.into_iter().flat_map(|called| [called.function, called.code.into_obj()]);
    let objects = objects.chain(program.natives).chain(called).collect();
    let none = || AtomicU32::new(0);
    Some(Machine {
        entry,
        has_start,
        epoch,
        vain: none(),
        unseen: none(),
        surprises: none(),
        places,
        objects,
        memory,
    })
}

/// Machine code of a program of that shape: nothing if that cannot be, with the frames that the program has.
fn make(program: &Program, guesses: &mut [Guess], flow: &Flow) -> Option<memory::Code> {
    let live = live::live(program);
    expect::note_numbers(program, guesses, &live);
    let states = kinds::know(program, guesses, flow, &live);
    memory::compile(program, guesses, flow, &states)
}

/// The program of the code and the callees that it is expected to call.
fn with_callees(request: &Request<'_>) -> Option<Program> {
    let mut program = Program::of(request.code, &request.globals, &request.builtins)?;
    // First those in the most loops: there may be too much for all.
    let mut depths = loops(&program, 0, 0);
    let mut open = BTreeSet::from_iter((0..depths.len()).map(|step| (Reverse(depths[step]), step)));
    while let Some((Reverse(depth), step)) = open.pop_first() {
        if !take_in(&mut program, step) {
            continue;
        }
        let first = depths.len();
        depths.extend(loops(&program, first, depth));
        open.extend((first..depths.len()).map(|step| (Reverse(depths[step]), step)));
    }
    Some(program)
}

/// Makes the callee of the step part of the program, if it has one that is expected, and it can be.
fn take_in(program: &mut Program, step: usize) -> bool {
    match program.plans[step] {
        Plan::Call { base, method, .. } => {
            if let Some((callable, alone)) = expect::callee_at(program, step, base) {
                let has_receiver = method && !alone;
                return program.take_in(step, &callable, has_receiver)
                    || !has_receiver && program.take_in_class(step, &callable);
            }
            let usual = expect::usual_callee_at(program, step, base).filter(|(_, alone)| method && !alone);
            usual.is_some_and(|(callable, _)| program.take_in_usual(step, &callable))
        }
        Plan::Item { container, .. } if expect::kind_at(program, step, container) != Some(Kind::Other) => {
            false
        }
        Plan::Item { .. } | Plan::LoadAttr { .. } => {
            expect::method_at(program, step).is_some_and(|method| program.take_in_lent(step, &method))
        }
        _ => false,
    }
}

/// In how many loops the steps from `first` on are, which are one body's, that is in so many.
fn loops(program: &Program, first: usize, outside: u32) -> Vec<u32> {
    let mut depths = vec![outside; program.plans.len() - first];
    for (back, plan) in program.plans.iter().enumerate().skip(first) {
        if let Plan::Back { target } = plan {
            depths[*target - first..=back - first].iter_mut().for_each(|depth| *depth += 1);
        }
    }
    depths
}

/// The function that the call at `step` is expected to call, by its number in the program, if it can be entered at once.
fn note_callee(program: &mut Program, step: usize, base: Reg, count: u16, method: bool) -> Option<u16> {
    let (callable, alone) = expect::callee_at(program, step, base)?;
    program.note_callee(&callable, count, method && !alone)
}

/// Takes globals that are numbers for what they are.
fn expect_numbers(program: &mut Program) {
    for step in 0..program.plans.len() {
        let Plan::LoadGlobal { to, .. } = program.plans[step] else { continue };
        let number = program.constant(step).map(|constant| constant.word).filter(|word| word.is_number());
        program.plans[step] = Plan::LoadGlobal { to, number: number.map(|word| word.bits()) };
    }
}

/// Notes what is expected of what is taken apart.
fn expect_parts(program: &mut Program) {
    for step in 0..program.plans.len() {
        if let Plan::Unpack { first, operand, count, .. } = program.plans[step] {
            let parts = expect::parts(program, step, first, operand, count);
            program.plans[step] = Plan::Unpack { first, operand, count, parts };
        }
    }
}

/// Lets the interpreter do what machine code does not.
fn leave_rest(program: &mut Program, guesses: &[Guess]) {
    for step in 0..program.plans.len() {
        let Plan::Call { base, count, to, method } = program.plans[step] else { continue };
        let end = program.end(step) as u16;
        let known = expect::callee_at(program, step, base);
        let native = known.filter(|(callable, alone)| samples::is_native(callable, method && !alone, count));
        program.plans[step] = match native {
            Some((callable, _)) => {
                let callee = program.natives.len() as u16;
                let class = expect::class_for_number(program, step, &callable, base, count);
                let length = expect::measured(program, step, &callable, base, count);
                program.natives.push(callable);
                match (class, length) {
                    (Some((number, class, answer)), _) if !method => {
                        Plan::IsNumber { base, to, callee, number, class, answer }
                    }
                    (_, Some(of)) if !method => Plan::Length { base, to, callee, of },
                    _ => Plan::Native { base, count, to, method, callee },
                }
            }
            None => {
                let callee = note_callee(program, step, base, count, method);
                Plan::Invoke { base, count, to, method, end, callee }
            }
        };
    }
    for (plan, guess) in program.plans.iter_mut().zip(guesses) {
        kinds::leave_objects(plan, guess);
    }
    for step in 0..program.plans.len() {
        let Some(plan) = generic::plan(program, step) else { continue };
        let with_next =
            matches!((program.plans[step], plan), (Plan::For { .. }, Plan::Next { pair: Some(_), .. }))
                && !guesses[step].left.is_some_and(kinds::is_iterated_in_line);
        if with_next || matches!(program.plans[step], Plan::Leave { goes_on: true }) {
            program.plans[step] = plan;
            if let Plan::Next { pair: Some(_), .. } = plan {
                // It takes the item apart, too.
                let unpack = Plan::next(step, &program.plans);
                program.plans[unpack] = Plan::Behind;
            }
        }
    }
}

/// Takes callees out that are expected to need the interpreter.
fn drop_bad_callees(program: &mut Program, guesses: &[Guess]) {
    loop {
        let bad: Vec<u16> = (0..program.plans.len())
            .filter(|step| {
                let leaves = matches!(program.plans[*step], Plan::Leave { goes_on: true });
                leaves && guesses[*step].reached
            })
            .map(|step| program.places[step].body)
            .filter(|body| *body != 0)
            .collect();
        let calls: Vec<usize> = (0..program.plans.len())
            .filter(
                |step| matches!(program.plans[*step], Plan::Enter { callee, .. } | Plan::EnterLent { callee, .. } if bad.contains(&callee)),
            )
            .collect();
        if calls.is_empty() {
            return;
        }
        for step in calls {
            let (base, to) = match program.plans[step] {
                Plan::Enter { base, to, .. } => (base, to),
                Plan::EnterLent { subject, argument: None, to, .. } => {
                    program.plans[step] = Plan::LoadAttr { to, subject };
                    continue;
                }
                _ => {
                    let plan = generic::plan(program, step);
                    program.plans[step] = plan.unwrap_or(Plan::Leave { goes_on: true });
                    continue;
                }
            };
            call_at(program, step, base, to);
        }
    }
}

/// Has a step call what it calls instead of executing its steps.
fn call_at(program: &mut Program, step: usize, base: Reg, to: Reg) {
    let instr = program.instr(step);
    let method = instr.op() == Some(Op::CallMethod);
    let end = program.end(step) as u16;
    let callee = note_callee(program, step, base, instr.b(), method);
    program.plans[step] = Plan::Invoke { base, count: instr.b(), to, method, end, callee };
}

/// Installs the compiler, unless the environment says `PYTHON_JIT=0`; `PYTHON_JIT=eager` lets it compile everything, for tests. To be called before any code is made.
pub fn install() {
    static JIT: Jit = Jit { choice: Choice::Worth };
    static EAGER: Jit = Jit { choice: Choice::All };
    let (jit, how) = match std::env::var_os("PYTHON_JIT").unwrap_or_default().to_str() {
        Some("0") => (&JIT, Use::Never),
        Some("eager") => (&EAGER, Use::Eagerly),
        _ => (&JIT, Use::Often),
    };
    if memory::is_supported() {
        taipan_vm::tier::install(jit, how);
    }
}
