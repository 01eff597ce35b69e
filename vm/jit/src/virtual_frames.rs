//! Which callees that are part of a program have no frames of their own: see [`taipan_vm::tier::virtual_frames`].

use taipan_objects::native_function::PyNativeFunction;
use taipan_vm::tier::calls;
use taipan_vm::tier::samples::{self, Kind};

use crate::expect::{self, Guess};
use crate::generic;
use crate::plan::{Plan, Test};
use crate::program::Program;

/// Most registers of one.
const MOST_REGISTERS: u16 = 16;

/// What a step of such a callee needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// No frame, but where it is left or an object ends.
    Nothing,
    /// The frame, which is pushed for it and taken away behind it.
    Frame,
    /// A frame that is there before and stays.
    Always,
}

/// Marks those that have a way from their beginning to their end on which nothing needs a frame. They call no other callees of the program but such ones.
pub fn mark(program: &mut Program, guesses: &[Guess]) {
    // Callees are behind their callers.
    for body in (1..program.bodies.len()).rev() {
        let is_virtual = program.bodies[body].code.nregs <= MOST_REGISTERS
            && program.caller_of(body as u16).is_some()
            && has_quiet_way(program, body, guesses);
        set(program, body, is_virtual);
    }
}

/// Lets all have frames.
pub fn mark_none(program: &mut Program) {
    (1..program.bodies.len()).rev().for_each(|body| set(program, body, false));
}

fn set(program: &mut Program, body: usize, is_virtual: bool) {
    program.bodies[body].is_virtual = is_virtual;
    // Frames of calls of classes are not made here.
    if !is_virtual
        && program.bodies[body].class.is_some()
        && let Some(call) = program.caller_of(body as u16)
        && let Plan::Enter { base, to, .. } = program.plans[call]
    {
        crate::call_at(program, call, base, to);
    }
}

fn has_quiet_way(program: &Program, body: usize, guesses: &[Guess]) -> bool {
    // The steps of a body are next to each other.
    let first = program.bodies[body].start;
    let steps =
        (first..program.plans.len()).take_while(|step| usize::from(program.places[*step].body) == body);
    let needs: Vec<Need> = steps.map(|step| need(program, step, guesses[step].mixed)).collect();
    if needs.contains(&Need::Always) {
        return false;
    }
    let (mut open, mut seen) = (vec![first], vec![false; needs.len()]);
    while let Some(step) = open.pop() {
        let at = step - first;
        if std::mem::replace(&mut seen[at], true) || needs[at] != Need::Nothing {
            continue;
        }
        match program.plans[step] {
            Plan::Return { .. } => return true,
            Plan::Enter { .. } | Plan::EnterLent { .. } => open.push(Plan::next(step, &program.plans)),
            plan => open.extend(plan.successors(step, &program.plans)),
        }
    }
    false
}

/// Whether the frame is to be pushed for a step of a callee that has none.
pub fn needs_frame(program: &Program, step: usize) -> bool {
    program.body(step).is_virtual && need(program, step, false) == Need::Frame
}

fn need(program: &Program, step: usize, mixed: bool) -> Need {
    // An instruction that jumps is not executed as the interpreter does.
    let jumps = || matches!(generic::plan(program, step), Some(Plan::Decide { .. } | Plan::Next { .. }));
    let frame_if = |needs| if needs { Need::Frame } else { Need::Nothing };
    let always_if = |needs| if needs { Need::Always } else { Need::Nothing };
    match program.plans[step] {
        Plan::Enter { callee, .. } | Plan::EnterLent { callee, .. } => {
            let callee = &program.bodies[callee as usize];
            always_if(!callee.is_virtual || callee.is_one_of_several)
        }
        Plan::Branch { test: Test::Equal { left, right, .. }, .. } => {
            // Two objects may have to be asked.
            let is_object = |register| expect::may_be_at(program, step, register, Kind::Other);
            always_if(is_object(left) && is_object(right))
        }
        Plan::Branch { .. } => always_if(mixed && jumps()),
        Plan::LoadAttr { .. } => {
            let singles = samples::singles(program.cache(step));
            frame_if(singles.iter().any(expect::is_bound))
        }
        Plan::LoadGlobal { number, .. } => frame_if(number.is_none() && program.constant(step).is_none()),
        Plan::Native { callee, .. } => {
            let function = program.natives[callee as usize].downcast::<PyNativeFunction>();
            let is_quiet =
                |function: &PyNativeFunction| function.is_unbound() && calls::may_answer(function.def);
            frame_if(!function.is_some_and(is_quiet))
        }
        Plan::Invoke { .. } | Plan::Execute { .. } => Need::Frame,
        Plan::Leave { .. }
        | Plan::Unseen
        | Plan::Behind
        | Plan::Nop
        | Plan::Const { .. }
        | Plan::Copy { .. }
        | Plan::Move { .. }
        | Plan::Lend { .. }
        | Plan::Drop { .. }
        | Plan::CheckLocal { .. }
        | Plan::Arith { .. }
        | Plan::Square { .. }
        | Plan::Neg { .. }
        | Plan::Power { .. }
        | Plan::Not { .. }
        | Plan::Is { .. }
        | Plan::Equal { .. }
        | Plan::Compare { .. }
        | Plan::Jump { .. }
        | Plan::Back { .. }
        | Plan::LoadMethod { .. }
        | Plan::CopyFree { .. }
        | Plan::LoadCell { .. }
        | Plan::StoreAttr { .. }
        | Plan::Item { .. }
        | Plan::StoreItem { .. }
        | Plan::Get { .. }
        | Plan::Append { .. }
        | Plan::Build { .. }
        | Plan::Unpack { .. }
        | Plan::Slice { .. }
        | Plan::IsNumber { .. }
        | Plan::Length { .. }
        | Plan::Return { .. } => Need::Nothing,
        Plan::Call { .. } | Plan::End { .. } | Plan::For { .. } | Plan::Decide { .. } | Plan::Next { .. } => {
            Need::Always
        }
    }
}
