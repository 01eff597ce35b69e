//! A compiler of code objects to machine code, for `taipan_vm::tier`.
//!
//! It makes one function of one code object: what is arithmetic, comparison, jumps, loops over ranges, and reads and writes of list items and
//! attributes it does itself or by functions of [`taipan_vm::tier::runtime`]; everything else it leaves to the interpreter, and is entered again behind it. So its
//! coverage is a matter of speed alone.
//!
//! 1. [`plan`]: what each instruction comes to; [`program`]: those of the code and of callees that are made part of it.
//! 2. [`expect`]: guesses, from what was recorded.
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
mod x64;

use std::panic::{AssertUnwindSafe, catch_unwind};

use taipan_bytecode::Op;
use taipan_objects::code::machine::Machine;
use taipan_threading::sync::atomic::AtomicU32;
use taipan_vm::tier::samples;
use taipan_vm::tier::{Request, Tier, Use};

use expect::Guess;
use flow::Flow;
use plan::{Plan, Reg};
use program::Program;

/// Bytes of stack for the compiler.
const STACK: usize = 4 << 20;

/// The compiler.
pub struct Jit;

impl Tier for Jit {
    fn compile(&self, request: &Request<'_>) -> Option<Machine> {
        // The thread that asks may have little stack left. A bug in the compiler is no reason to end the program.
        let compile = || catch_unwind(AssertUnwindSafe(|| compile(request))).ok().flatten();
        stacker::grow(STACK, compile)
    }
}

fn compile(request: &Request<'_>) -> Option<Machine> {
    let mut program = with_callees(request)?;
    let guesses = expect::guesses(&program);
    leave_rest(&mut program, &guesses);
    expect_numbers(&mut program);
    drop_bad_callees(&mut program, &guesses);
    let flow = Flow::of(&program);
    if flow.places().next().is_none() {
        return None;
    }
    let states = kinds::know(&program, &guesses, &flow.heads, &flow.entries);
    let (entry, memory) = memory::compile(&program, &guesses, &flow, &states)?;
    let mut places = vec![0; program.own()].into_boxed_slice();
    for (number, pc) in flow.entered_places() {
        places[pc] = number as u16;
    }
    let has_start = flow.start.is_some();
    let objects = program.bodies.into_iter().skip(1);
    let objects = objects.flat_map(|body| [Some(body.code.into_obj()), body.function]).flatten();
    let called = program.functions.into_iter().flat_map(|called| [called.function, called.code.into_obj()]);
    let objects = objects.chain(program.natives).chain(called).collect();
    let none = || AtomicU32::new(0);
    Some(Machine {
        entry,
        has_start,
        vain: none(),
        unseen: none(),
        surprises: none(),
        places,
        objects,
        memory,
    })
}

/// The program of the code and the callees that it is expected to call.
fn with_callees(request: &Request<'_>) -> Option<Program> {
    let mut program = Program::of(request.code, &request.globals, &request.builtins)?;
    let mut step = 0;
    // Those of callees are behind them.
    while step < program.plans.len() {
        if let Plan::Call { base, method, .. } = program.plans[step]
            && let Some((callable, alone)) = expect::callee_at(&program, step, base)
        {
            program.take_in(step, &callable, method && !alone);
        }
        step += 1;
    }
    Some(program)
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
                program.natives.push(callable);
                Plan::Native { base, count, to, method, callee }
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
            matches!((program.plans[step], plan), (Plan::For { .. }, Plan::Next { pair: Some(_), .. }));
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
                |step| matches!(program.plans[*step], Plan::Enter { callee, .. } if bad.contains(&callee)),
            )
            .collect();
        if calls.is_empty() {
            return;
        }
        for step in calls {
            let Plan::Enter { base, to, .. } = program.plans[step] else { continue };
            let instr = program.instr(step);
            let method = instr.op() == Some(Op::CallMethod);
            let end = program.end(step) as u16;
            let callee = note_callee(program, step, base, instr.b(), method);
            program.plans[step] = Plan::Invoke { base, count: instr.b(), to, method, end, callee };
        }
    }
}

/// Installs the compiler, if the environment says `PYTHON_JIT=1`; `PYTHON_JIT=eager` lets it compile everything, for tests. To be called before any code is made.
pub fn install() {
    static JIT: Jit = Jit;
    let how = match std::env::var_os("PYTHON_JIT").unwrap_or_default().to_str() {
        Some("1") => Use::Often,
        Some("eager") => Use::Eagerly,
        // As CPython's: on request. Programs that mostly call native functions are slower with it as yet, and it takes memory.
        _ => Use::Never,
    };
    if memory::is_supported() {
        taipan_vm::tier::install(&JIT, how);
    }
}
