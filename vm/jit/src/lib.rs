//! A compiler of code objects to machine code, for `taipan_vm::tier`.
//!
//! It makes one function of one code object, by Cranelift: what is arithmetic, comparison, jumps, loops over ranges, and reads and writes of list items and
//! attributes it does itself or by functions of [`taipan_vm::tier::runtime`]; everything else it leaves to the interpreter, and is entered again behind it. So its
//! coverage is a matter of speed alone.
//!
//! 1. [`plan`]: what each instruction comes to; [`program`]: those of the code and of callees that are made part of it.
//! 2. [`expect`]: guesses, from what the registers held where the compiler was asked.
//! 3. [`flow`]: blocks, and where the code is entered.
//! 4. [`live`]: of which registers it is worth knowing anything; [`kinds`]: what is known of them on every way to an instruction, given what is tested on the way.
//! 5. [`lower`]: Cranelift's instructions.
//! 6. [`memory`]: Cranelift, and the memory of finished code.

mod expect;
mod flow;
mod kinds;
mod live;
mod lower;
mod memory;
mod plan;
mod program;

use std::panic::{AssertUnwindSafe, catch_unwind};

use taipan_objects::code::machine::Machine;
use taipan_threading::sync::atomic::AtomicU32;
use taipan_vm::tier::samples::{self, Callee};
use taipan_vm::tier::{Request, Tier, Use};

use expect::Expected;
use flow::Flow;
use plan::Plan;
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
    let (mut program, mut expected) = with_callees(request)?;
    leave_rest(&mut program, &expected);
    // What calls give is expected now, too.
    expected = expect::expect(&program, request.at, &request.samples);
    leave_rest(&mut program, &expected);
    if drop_bad_callees(&mut program, &expected) {
        expected = expect::expect(&program, request.at, &request.samples);
    }
    let flow = Flow::of(&program);
    if flow.places().next().is_none() {
        return None;
    }
    let states = kinds::know(&program, &expected, &flow.heads, &flow.entries);
    let (entry, memory) = memory::compile(&program, &expected, &flow, &states)?;
    let mut places = vec![0; program.own()].into_boxed_slice();
    for (number, pc) in flow.places() {
        places[pc] = number as u16;
    }
    let objects = program.bodies.into_iter().skip(1);
    let objects = objects.flat_map(|body| [Some(body.code.into_obj()), body.function]).flatten().collect();
    Some(Machine { entry, vain: AtomicU32::new(0), places, objects, memory })
}

/// The program of the code and the callees that it is expected to call, and what is expected of it.
fn with_callees(request: &Request<'_>) -> Option<(Program, Expected)> {
    let mut program = Program::of(request.code, &request.globals, &request.builtins)?;
    loop {
        let expected = expect::expect(&program, request.at, &request.samples);
        let mut more = false;
        for step in 0..program.plans.len() {
            let Plan::Call { base, method, .. } = program.plans[step] else { continue };
            let Some((callable, alone)) = expected.callable_at(step, base) else { continue };
            more |= program.take_in(step, &callable, method && !alone);
        }
        if !more {
            return Some((program, expected));
        }
    }
}

/// Lets the interpreter do what machine code does not.
fn leave_rest(program: &mut Program, expected: &Expected) {
    for step in 0..program.plans.len() {
        let Plan::Call { base, count, to, method } = program.plans[step] else { continue };
        let Some((callable, alone)) = expected.callable_at(step, base) else { continue };
        if let Callee::Native(kind) = samples::callee(&callable, method && !alone, count) {
            let end = program.end(step) as u16;
            program.plans[step] = Plan::Native { base, count, to, method, end, kind };
        }
    }
    for (plan, guess) in program.plans.iter_mut().zip(&expected.guesses) {
        kinds::leave_objects(plan, guess);
    }
}

/// Takes callees out that are expected to need the interpreter. Whether there were any.
fn drop_bad_callees(program: &mut Program, expected: &Expected) -> bool {
    let mut any = false;
    loop {
        let bad: Vec<u16> = (0..program.plans.len())
            .filter(|step| {
                let leaves =
                    matches!(program.plans[*step], Plan::Leave { goes_on: true } | Plan::Call { .. });
                leaves && expected.guesses[*step].reached
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
            return any;
        }
        any = true;
        for call in calls {
            program.plans[call] = Plan::Leave { goes_on: true };
        }
    }
}

/// Installs the compiler, if the environment says `PYTHON_JIT=1`; `PYTHON_JIT=eager` lets it compile everything, for tests. To be called before any code is made.
pub fn install() {
    static JIT: Jit = Jit;
    let how = match std::env::var_os("PYTHON_JIT").unwrap_or_default().to_str() {
        Some("1") => Use::Often,
        Some("eager") => Use::Eagerly,
        // As CPython's: on request. On programs about objects it gains nothing yet, and code that it leaves often is slower with it.
        _ => Use::Never,
    };
    if memory::is_supported() {
        taipan_vm::tier::install(&JIT, how);
    }
}
