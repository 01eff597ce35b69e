//! Recording what instructions find, for the compiler: see [`taipan_objects::code::machine`].

use taipan_bytecode::Op;
use taipan_gc::HeaderFlags;
use taipan_objects::Obj;
use taipan_objects::code::machine::RecordedSlot;
use taipan_objects::code::{PyCode, Word, machine};
use taipan_objects::function::PyFunction;
use taipan_objects::method::PyBoundMethod;

use super::samples::{self, Kind};
use super::{CALL, TURN};
use crate::interpreter::ops::attribute;
use crate::registers::Regs;

/// Records what the registers hold in front of an instruction, and what it calls. Gives what the execution is counted for.
pub(crate) fn note(code: &PyCode, ip: *const Word, regs: Regs) -> u32 {
    let pc = code.index_of(ip);
    let Some(record) = code.machine.record() else { return 0 };
    record.begin(pc);
    for register in 0..code.nregs as usize {
        let kind = regs.get(register).map_or(Kind::Empty, samples::kind);
        record.add(pc, register, kind.bit());
    }
    let word = &code.words[pc];
    let op = word.opcode();
    if (op == Op::Call as u16 || op == Op::CallMethod as u16)
        && let Some(callee) = regs.get(word.a() as usize)
    {
        record.add_call(pc, may_be_compiled(callee));
        if lasts(callee) {
            record.add_callee(pc, callee);
        }
    }
    let lent = match Op::from_u16(op) {
        Some(Op::Subscr | Op::SubscrImm) => {
            regs.get(word.b() as usize).and_then(|subject| attribute::method_known(&word.cache, subject))
        }
        Some(Op::LoadAttr) => {
            regs.get(word.b() as usize).and_then(|subject| attribute::quick_property(&word.cache, subject))
        }
        _ => None,
    };
    if let Some(method) = lent.filter(lasts) {
        record.add_callee(pc, &method);
    }
    if op == Op::StoreAttr as u16
        && let Some(subject) = regs.get(word.a() as usize)
        && let Some((cached, offset, to)) = attribute::slot_known_to_store(&word.cache, subject)
    {
        record.add_slot(pc, cached, RecordedSlot { offset, to });
    }
    if record.count(pc) {
        machine::end_recording(code, pc);
    }
    if op == Op::JumpBackward as u16 {
        TURN
    } else if pc == code.entry_index() {
        CALL
    } else {
        0
    }
}

/// Whether the callable is a function, or a method of one, that has machine code for calls or may get it.
fn may_be_compiled(callable: &Obj) -> bool {
    let method = callable.downcast::<PyBoundMethod>().map(|method| &method.function);
    let function = method.unwrap_or(callable).downcast::<PyFunction>();
    function.is_some_and(|function| !function.executed().machine.is_refused())
}

/// Whether the callable is one that the collector alone frees, or nobody: being recorded is to keep nothing alive.
fn lasts(callable: &Obj) -> bool {
    callable.header().is_some_and(|header| header.is_immortal() || header.has_flag(HeaderFlags::DEFERRED))
}
