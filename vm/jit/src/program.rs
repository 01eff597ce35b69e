//! What is compiled: the steps of a code object and, in place of some of its calls, those of their callees.
//!
//! A callee's window lies in its caller's, so its registers are registers of the program: those from where its arguments are. Its frame is pushed and popped as ever:
//! who leaves in the midst of it leaves two frames, each with its place.

use taipan_bytecode::{Instr, Op, OperandKind};
use taipan_objects::ShapeId;
use taipan_objects::code::{PyCode, slot_caches};
use taipan_objects::function::PyFunction;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Py, Value};
use taipan_threading::sync::atomic::AtomicU64;
use taipan_vm::tier::runtime;
use taipan_vm::tier::samples::{self, Single};

use crate::plan::{self, Plan, Reg, Result};

/// Most instructions of the code.
const MOST_STEPS: usize = 500;
/// Most steps of a program that a callee is made part of.
const MOST_WITH_CALLEES: usize = 160;
/// Most instructions of a callee that is part of its caller.
const MOST_OF_CALLEE: usize = 80;
/// Most callees in each other.
const MOST_LEVELS: u16 = runtime::LEVEL as u16;
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
    /// Of an `__init__` that a call of a class calls: the class, and the version by which it has it.
    pub class: Option<(Obj, u32)>,
    /// Whether its caller calls something else at times, and then goes on behind the call.
    pub is_one_of_several: bool,
    /// Whether its frame is not pushed: see [`taipan_vm::tier::virtual_frames`]. Those that it calls are not either.
    pub is_virtual: bool,
}

/// A function that is called, in the code that it has.
pub struct Function {
    pub function: Obj,
    pub code: Py<PyCode>,
    /// Whether its receiver is in the register behind it.
    pub has_receiver: bool,
}

/// A slot that an instruction writes to.
pub struct StoredSlot {
    /// Of the subject.
    pub shape: u32,
    /// How far it is from the header, in bytes.
    pub offset: i32,
    /// The shape that the subject gets, which has the slot then, if it is another one.
    pub to: Option<ShapeId>,
    /// Of a `__slots__` member, which may be empty: the class that has to have that version.
    pub class: Option<(usize, u32)>,
}

/// A class whose instances' attribute is known.
pub struct ClassWith {
    /// Of the instances.
    pub shape: u32,
    /// Its address.
    pub class: usize,
    /// That it has while this is so.
    pub version: u32,
    /// The property whose getter is to be called.
    pub property: Option<Value>,
}

/// Whether a word of the value may be copied as it is.
pub fn needs_no_count(value: &Obj) -> bool {
    value.header().is_none_or(|header| header.is_immortal())
}

/// How many of the last `missing` defaults of a function have to be counted; nothing if it has not so many.
fn counted_defaults(function: &PyFunction, missing: u16) -> Option<usize> {
    if missing == 0 {
        return Some(0);
    }
    let defaults = function.defaults.load()?;
    let items = defaults.downcast::<PyTuple>()?.as_slice();
    let items = &items[items.len().checked_sub(usize::from(missing))?..];
    Some(items.iter().filter(|item| !needs_no_count(item)).count())
}

/// See the module.
pub struct Program {
    pub plans: Vec<Plan>,
    pub places: Vec<Place>,
    pub bodies: Vec<Body>,
    /// Native functions and methods that are called.
    pub natives: Vec<Obj>,
    /// Python functions that are called.
    pub functions: Vec<Function>,
    pub registers: usize,
    /// For which [`slot_caches::epoch`] it is: what the caches say is read later.
    pub epoch: u32,
    /// Whether it is left where a site finds another shape than its only one: then it can be made again.
    pub trusts: bool,
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
        let body = Body {
            code: Py::from_ref(code),
            function: None,
            globals,
            builtins,
            base: 0,
            level: 0,
            start: 0,
            class: None,
            is_one_of_several: false,
            is_virtual: false,
        };
        Some(Program {
            plans,
            places,
            bodies: vec![body],
            natives: Vec::new(),
            functions: Vec::new(),
            registers: code.nregs as usize,
            epoch: slot_caches::epoch(),
            trusts: !code.machine.makes_last(),
        })
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
    /// The instruction of a step.
    pub fn instr(&self, step: usize) -> Instr {
        self.code(step).instr(self.places[step].pc)
    }
    /// Address of the instruction of a step.
    pub fn address(&self, step: usize) -> u64 {
        self.code(step).at(self.places[step].pc).expose_provenance() as u64
    }
    /// The cache of the instruction of a step.
    pub fn cache(&self, step: usize) -> &AtomicU64 {
        self.code(step).cache(self.places[step].pc)
    }
    /// For which shapes a step that writes an attribute was seen to know that it is in a slot.
    pub fn slots_to_store(&self, step: usize) -> Vec<StoredSlot> {
        let cache = self.cache(step);
        let record = self.code(step).machine.record();
        let slot = |word: u64| {
            let slot = record?.slot(self.places[step].pc, word)?;
            Some(StoredSlot { shape: (word >> 32) as u32, offset: slot.offset, to: slot.to, class: None })
        };
        let member = |single| match single {
            Single::Member { shape, class, version, offset } => {
                Some(StoredSlot { shape, offset, to: None, class: Some((class, version)) })
            }
            _ => None,
        };
        let slots = samples::words(cache).into_iter().filter_map(slot);
        slots.chain(samples::singles(cache).into_iter().filter_map(member)).collect()
    }
    /// Where a step that calls `function` of its subject's class knows that as a method, or a property whose getter it may be; nothing if it knows something else.
    pub fn classes_with(&self, step: usize, function: Value) -> Option<Vec<ClassWith>> {
        let classes = samples::singles(self.cache(step)).into_iter().map(|single| match single {
            Single::Method { shape, class, version, function: found } if found.same(function) => {
                Some(ClassWith { shape, class, version, property: None })
            }
            Single::Property { shape, class, version, property } => {
                Some(ClassWith { shape, class, version, property: Some(property) })
            }
            _ => None,
        });
        let classes: Vec<ClassWith> = classes.collect::<Option<_>>()?;
        (!classes.is_empty()).then_some(classes)
    }
    /// What the instruction of a step that reads a global knows of that, if it is a constant.
    pub fn constant(&self, step: usize) -> Option<samples::Constant> {
        let body = self.body(step);
        samples::constant(self.cache(step), body.globals.value(), body.builtins.value())
    }
    /// Where the instruction of a step may jump to that is the interpreter's.
    pub fn jump_target(&self, step: usize) -> Option<usize> {
        let target = self.code(step).jump_target(self.places[step].pc)?;
        Some(self.body(step).start + target)
    }
    /// The registers that the instruction of a step reads.
    pub fn operands(&self, step: usize) -> [Option<Reg>; 3] {
        let instr = self.instr(step);
        let base = self.body(step).base;
        let mut registers = [None; 3];
        let Some(op) = instr.op() else { return registers };
        let operands = op.info().operands.into_iter().zip([instr.a(), instr.b(), instr.c()]);
        for (place, (kind, operand)) in registers.iter_mut().zip(operands) {
            *place = match kind {
                OperandKind::R | OperandKind::M | OperandKind::X => Some(operand + base),
                OperandKind::T => Some(Instr::split_take(operand).0 + base),
                _ => None,
            };
        }
        registers
    }
    /// The step behind the second of two that the interpreter may execute at once, if that is the first one.
    pub fn behind_pair(&self, step: usize) -> Option<usize> {
        let op = |step: usize| self.instr(step).op();
        let second = Plan::next(step, &self.plans);
        let pair = op(step) == Some(Op::ForIter)
            && second < self.plans.len()
            && op(second) == Some(Op::UnpackSequence);
        pair.then(|| Plan::next(second, &self.plans))
    }
    /// Number of steps of the code itself.
    pub fn own(&self) -> usize {
        self.places.iter().take_while(|place| place.body == 0).count()
    }

    /// The step that enters a body.
    pub fn caller_of(&self, body: u16) -> Option<usize> {
        let enters = |plan: &Plan| match plan {
            Plan::Enter { callee, .. } | Plan::EnterLent { callee, .. } => *callee == body,
            _ => false,
        };
        self.plans.iter().position(enters)
    }
    /// The first register behind the window of a body whose frame is pushed, and of those that it executes without frames.
    pub fn reach(&self, body: u16) -> Reg {
        let of = |number: usize| {
            let body = &self.bodies[number];
            body.base + body.code.nregs
        };
        let executes = |number: &usize| {
            let mut at = *number as u16;
            while at != body && self.bodies[at as usize].is_virtual {
                let Some(caller) = self.caller_of(at) else { return false };
                at = self.places[caller].body;
            }
            at == body
        };
        let behind = (body as usize + 1..self.bodies.len()).filter(executes).map(of);
        behind.chain([of(body as usize)]).max().unwrap_or(0)
    }
    /// Whether the step is of the code itself, or of a callee that is part of the program still.
    pub fn is_active(&self, step: usize) -> bool {
        let body = self.places[step].body;
        body == 0 || self.caller_of(body).is_some_and(|caller| self.is_active(caller))
    }

    /// Notes the function that a call is expected to call, if its machine code can be entered at once: its number.
    pub fn note_callee(&mut self, callable: &Obj, count: u16, has_receiver: bool) -> Option<u16> {
        let function = callable.downcast::<PyFunction>().filter(|function| function.is_deferred())?;
        let code = function.executed();
        let given = count + u16::from(has_receiver);
        let fits = code.is_simple()
            && given <= code.nparams
            && counted_defaults(function, code.nparams - given)? <= 1
            && !code.is_generator_like()
            && !code.is_shadow()
            && !self.bodies[0].code.is_generator_like();
        fits.then(|| {
            self.functions.push(Function { function: callable.clone(), code, has_receiver });
            self.functions.len() as u16 - 1
        })
    }

    /// Makes the callee of the call at `step`, whose callable is `function` and whose receiver is there or not, part of the program, if it can be.
    pub fn take_in(&mut self, step: usize, function: &Obj, has_receiver: bool) -> bool {
        let Plan::Call { base, count, to, .. } = self.plans[step] else { return false };
        let (first, count) = if has_receiver { (base + 1, count + 1) } else { (base + 2, count) };
        let Some((callee, target)) = self.append(step, function, first, count, to) else { return false };
        self.plans[step] = Plan::Enter { base, first, count, to, callee, target };
        true
    }

    /// The same of a method that is called mostly.
    pub fn take_in_usual(&mut self, step: usize, function: &Obj) -> bool {
        let callee = self.bodies.len();
        let is_taken = self.take_in(step, function, true);
        if is_taken {
            self.bodies[callee].is_one_of_several = true;
        }
        is_taken
    }

    /// The same of the `__init__` that the class calls which is called; its frame is not to be pushed.
    pub fn take_in_class(&mut self, step: usize, class: &Obj) -> bool {
        let Plan::Call { base, count, to, .. } = self.plans[step] else { return false };
        let Some((init, version)) = samples::constructor(class) else { return false };
        let (first, count) = (base + 1, count + 1);
        let Some((callee, target)) = self.append(step, &init, first, count, to) else { return false };
        self.bodies[callee as usize].class = Some((class.clone(), version));
        self.plans[step] = Plan::Enter { base, first, count, to, callee, target };
        true
    }

    /// The same of the method `__getitem__` that reads the item at `step`, or of the getter that gives the attribute.
    pub fn take_in_lent(&mut self, step: usize, function: &Obj) -> bool {
        let (to, subject, argument) = match self.plans[step] {
            Plan::Item { to, container, index } => (to, container, Some(index)),
            Plan::LoadAttr { to, subject } => (to, subject, None),
            _ => return false,
        };
        // Behind all that the caller has.
        let first = self.end(step) as Reg;
        let count = 1 + u16::from(argument.is_some());
        let takes = function.downcast::<PyFunction>().map(|function| function.executed().plain());
        if takes != Some(u32::from(count)) {
            return false;
        }
        let Some((callee, target)) = self.append(step, function, first, count, to) else { return false };
        self.plans[step] = Plan::EnterLent { subject, argument, first, to, callee, target };
        true
    }

    /// Appends the steps of a callee, if it can be part of the program: its number, and its first step.
    fn append(
        &mut self,
        step: usize,
        function: &Obj,
        first: Reg,
        count: u16,
        to: Reg,
    ) -> Option<(u16, usize)> {
        let caller = self.body(step);
        let level = caller.level + 1;
        let callee = function.downcast::<PyFunction>().filter(|function| function.is_deferred())?;
        let code = callee.executed();
        let wanted = code.is_simple()
            && count <= code.nparams
            && counted_defaults(callee, code.nparams - count)? == 0
            && !code.is_generator_like()
            && !code.is_shadow()
            && code.entry_index() == 0
            && code.machine.record().is_some_and(|record| record.is_seen(0))
            && code.instrs().len() <= MOST_OF_CALLEE
            && self.plans.len() + code.instrs().len() <= MOST_WITH_CALLEES
            && level <= MOST_LEVELS
            && !caller.code.is_generator_like()
            && first as usize + code.nregs as usize <= MOST_REGISTERS;
        if !wanted || self.calls_itself(step, &code) {
            return None;
        }
        let start = self.plans.len();
        let body = self.bodies.len() as u16;
        let target = Plan::next(step, &self.plans);
        for (pc, plan) in plan::plans(&code).into_iter().enumerate() {
            self.plans.push(match plan {
                Plan::End { from: Result::Reg(register) } => {
                    Plan::Return { from: Result::Reg(register + first), callee: body, first, to, target }
                }
                Plan::End { from } => Plan::Return { from, callee: body, first, to, target },
                plan => plan.shifted(first, start),
            });
            self.places.push(Place { body, pc });
        }
        self.registers = self.registers.max(first as usize + code.nregs as usize);
        let (globals, builtins) = (callee.globals.clone(), callee.builtins.clone());
        let function = Some(function.clone());
        self.bodies.push(Body {
            code,
            function,
            globals,
            builtins,
            base: first,
            level,
            start,
            class: None,
            is_one_of_several: false,
            is_virtual: false,
        });
        Some((body, start))
    }

    /// Whether the code is that of the step, or of a caller of it.
    fn calls_itself(&self, step: usize, code: &PyCode) -> bool {
        let body = self.places[step].body;
        std::ptr::eq(&*self.bodies[body as usize].code, code)
            || body != 0 && self.caller_of(body).is_none_or(|caller| self.calls_itself(caller, code))
    }
}
