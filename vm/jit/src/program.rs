//! What is compiled: the steps of a code object and, in place of some of its calls, those of their callees.
//!
//! A callee's window lies in its caller's, so its registers are registers of the program: those from where its arguments are. Its frame is pushed and popped as ever:
//! who leaves in the midst of it leaves two frames, each with its place.

use taipan_bytecode::Op;
use taipan_objects::code::PyCode;
use taipan_objects::function::PyFunction;
use taipan_objects::{Obj, Py};
use taipan_threading::sync::atomic::AtomicU64;

use crate::plan::{self, Plan, Reg, Result};

/// Most steps of a program.
const MOST_STEPS: usize = 1500;
/// Most instructions of a callee that is part of its caller.
const MOST_OF_CALLEE: usize = 80;
/// Most callees in each other.
const MOST_LEVELS: u16 = 3;
/// Most registers.
const MOST_REGISTERS: usize = 1000;

/// Where a step comes from.
pub struct Place {
    /// 0: the code itself; otherwise a callee's in [`Program::bodies`].
    pub body: u16,
    pub pc: usize,
}

/// A code object in the program.
pub struct Body {
    pub code: Py<PyCode>,
    /// The function, of a callee.
    pub function: Option<Obj>,
    pub globals: Obj,
    pub builtins: Obj,
    /// The first register of its window.
    pub base: Reg,
    /// Frames between it and the code itself.
    pub level: u16,
    /// Its first step.
    pub start: usize,
}

/// See the module.
pub struct Program {
    pub plans: Vec<Plan>,
    pub places: Vec<Place>,
    pub bodies: Vec<Body>,
    pub registers: usize,
}

impl Program {
    /// The code alone.
    pub fn of(code: &PyCode, globals: &Obj, builtins: &Obj) -> Option<Program> {
        let plans = plan::plans(code);
        if plans.len() > MOST_STEPS || code.nregs as usize > MOST_REGISTERS {
            return None;
        }
        let places = (0..plans.len()).map(|pc| Place { body: 0, pc }).collect();
        let (globals, builtins) = (globals.clone(), builtins.clone());
        let body =
            Body { code: Py::from_ref(code), function: None, globals, builtins, base: 0, level: 0, start: 0 };
        Some(Program { plans, places, bodies: vec![body], registers: code.nregs as usize })
    }

    /// The body of a step.
    pub fn body(&self, step: usize) -> &Body {
        &self.bodies[self.places[step].body as usize]
    }
    /// The first register behind the window of a step.
    pub fn end(&self, step: usize) -> usize {
        let body = self.body(step);
        (body.base + body.code.nregs) as usize
    }
    /// The code of a step.
    pub fn code(&self, step: usize) -> &PyCode {
        &self.body(step).code
    }
    /// Address of the instruction of a step.
    pub fn address(&self, step: usize) -> u64 {
        self.code(step).at(self.places[step].pc).expose_provenance() as u64
    }
    /// The cache of the instruction of a step.
    pub fn cache(&self, step: usize) -> &AtomicU64 {
        self.code(step).cache(self.places[step].pc)
    }
    /// Where the instruction of a step may jump to that is the interpreter's.
    pub fn jump_target(&self, step: usize) -> Option<usize> {
        let target = self.code(step).jump_target(self.places[step].pc)?;
        Some(self.body(step).start + target)
    }
    /// Number of steps of the code itself.
    pub fn own(&self) -> usize {
        self.places.iter().take_while(|place| place.body == 0).count()
    }

    /// The step that enters a body.
    fn caller_of(&self, body: u16) -> Option<usize> {
        self.plans.iter().position(|plan| matches!(plan, Plan::Enter { callee, .. } if *callee == body))
    }
    /// Whether the step is of the code itself, or of a callee that is part of the program still.
    pub fn is_active(&self, step: usize) -> bool {
        let body = self.places[step].body;
        body == 0 || self.caller_of(body).is_some_and(|caller| self.is_active(caller))
    }

    /// Makes the callee of the call at `step`, whose callable is `function` and whose receiver is there or not, part of the program, if it can be.
    pub fn take_in(&mut self, step: usize, function: &Obj, has_receiver: bool) -> bool {
        let Plan::Call { base, count, to, .. } = self.plans[step] else { return false };
        let caller = self.body(step);
        let level = caller.level + 1;
        let (first, count) = if has_receiver { (base + 1, count + 1) } else { (base + 2, count) };
        let Some(callee) = function.downcast::<PyFunction>().filter(|function| function.is_deferred()) else {
            return false;
        };
        let code = callee.executed();
        let wanted = code.plain() == u32::from(count)
            && !code.is_generator_like()
            && !code.is_shadow()
            && code.entry_index() == 0
            && code.instrs().len() <= MOST_OF_CALLEE
            && self.plans.len() + code.instrs().len() <= MOST_STEPS
            && level <= MOST_LEVELS
            && !caller.code.is_generator_like()
            && first as usize + code.nregs as usize <= MOST_REGISTERS;
        if !wanted || self.calls_itself(step, &code) {
            return false;
        }
        let start = self.plans.len();
        let body = self.bodies.len() as u16;
        let target = Plan::next(step, &self.plans);
        for (pc, plan) in plan::plans(&code).into_iter().enumerate() {
            let instr = code.instr(pc);
            let from = match instr.op() {
                Some(Op::ReturnValue) => Some(Result::Reg(instr.a() + first)),
                Some(Op::ReturnConst) => code
                    .constants()
                    .get(instr.a() as usize)
                    .map(|c| Result::Const(c.value().uncounted().bits())),
                _ => None,
            };
            self.plans.push(match from {
                Some(from) => Plan::Return { from, callee: body, first, to, target },
                None => plan.shifted(first, start),
            });
            self.places.push(Place { body, pc });
        }
        self.registers = self.registers.max(first as usize + code.nregs as usize);
        self.plans[step] = Plan::Enter { base, first, count, to, callee: body, target: start };
        let (globals, builtins) = (callee.globals.clone(), callee.builtins.clone());
        let function = Some(function.clone());
        self.bodies.push(Body { code, function, globals, builtins, base: first, level, start });
        true
    }

    /// Whether the code is that of the step, or of a caller of it.
    fn calls_itself(&self, step: usize, code: &PyCode) -> bool {
        let body = self.places[step].body;
        std::ptr::eq(&*self.bodies[body as usize].code, code)
            || body != 0 && self.caller_of(body).is_none_or(|caller| self.calls_itself(caller, code))
    }
}
