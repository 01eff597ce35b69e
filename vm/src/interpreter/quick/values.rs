//! Instructions that are done by a function: what it gives goes into a register, what it decides leads to a jump.
//!
//! The functions are apart, because their locals live in memory: see the module above.

use taipan_bytecode::{BranchFlags, Instr, Op};
use taipan_objects::code::Word;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::generator::PyAsyncGenWrapped;
use taipan_objects::list::PyList;
use taipan_objects::protocol;
use taipan_objects::singletons::bool_obj;
use taipan_objects::{Obj, Value};

use super::branches::{branch_on, drop_operands};
use super::{Exit, handlers, operators as operators_of_class};
use crate::frame::Frame;
use crate::interpreter::dispatch::decode;
use crate::interpreter::generators;
use crate::interpreter::ops::operators::{self, comparison, operation};
use crate::interpreter::ops::{arithmetic, build, iteration, name, rare};
use crate::registers::Regs;

/// `name: operands |frame, registers, instruction| value;` where the operands are the registers that must not be empty.
macro_rules! values {
    ($($name:ident: $($operand:ident)* |$fp:ident, $regs:ident, $i:ident| $value:expr;)*) => {
        handlers! {
            $(
                #[inline(never)]
                $name(s, i) {
                    $(if s.value(i.$operand()).is_empty() {
                        return s.leave();
                    })*
                    s.save();
                    match apart::$name(s.fp, s.regs, i) {
                        Ok(value) => s.write_obj(i.a(), value, 1),
                        Err(Raised) => Exit::Raised,
                    }
                }
            )*
        }
        pub(crate) mod apart {
            use super::*;
            $(
                #[inline(never)]
                pub(crate) fn $name($fp: *mut Frame, $regs: Regs, $i: &Word) -> PyResult<Obj> {
                    $value
                }
            )*
        }
    };
}

/// A register that is not empty.
pub(super) fn o<'a>(regs: Regs, register: u16) -> &'a Obj {
    regs.obj(register as usize)
}

/// The frame, which is live.
pub(crate) fn frame<'a>(fp: *mut Frame) -> &'a mut Frame {
    // SAFETY: handlers pass the innermost frame of the calling thread, and nobody else refers to it.
    unsafe { &mut *fp }
}

values! {
    get_iter: b |_fp, regs, i| iteration::iter(o(regs, i.b()));
    get_aiter: b |_fp, regs, i| generators::get_aiter(o(regs, i.b()));
    async_gen_wrap: b |_fp, regs, i| Ok(PyAsyncGenWrapped::new(o(regs, i.b()).clone()).into_obj());
    build_map: |_fp, regs, i| build::map(regs, i.b() as usize, i.c() as usize);
    build_set: |_fp, regs, i| build::set(regs, i.b() as usize, i.c() as usize);
    build_slice: |_fp, regs, i| Ok(build::slice(regs, i.b() as usize, i.c() as usize));
    build_string: |_fp, regs, i| build::string(regs, i.b() as usize, i.c() as usize);
    build_tuple_spread: |_fp, regs, i| build::tuple_spread(regs, i.b() as usize, i.c() as usize);
    binary_slice: b |_fp, regs, i| {
        let (start, stop) = (i.c() as usize, i.c() as usize + 1);
        if let (Some(from), Some(to)) = (regs.get(start), regs.get(stop))
            && let Some(part) = iteration::quick_slice(o(regs, i.b()), from, to)
        {
            regs.clear_range(start, stop + 1);
            return Ok(part);
        }
        let slice = build::slice(regs, i.c() as usize, 2);
        protocol::getitem(o(regs, i.b()), &slice)
    };
    format_simple: b |_fp, regs, i| build::format_simple(o(regs, i.b()), i.c());
    format_with_spec: b c |_fp, regs, i| protocol::format(o(regs, i.b()), o(regs, i.c()));
    contains_any: b c |_fp, regs, i| protocol::contains(o(regs, i.c()), o(regs, i.b())).map(bool_obj);
    contains_not_any: b c |_fp, regs, i| protocol::contains(o(regs, i.c()), o(regs, i.b())).map(|found| bool_obj(!found));
    make_function: |fp, _regs, i| rare::make_function(frame(fp).code(), frame(fp), i.b() as usize);
    new_cell: |_fp, _regs, _i| Ok(name::new_cell(None));
    make_cell: |_fp, regs, i| Ok(name::new_cell(regs.take(i.b() as usize)));
    binary_any: b c |fp, regs, i| {
        if let Some(list) = repeated(fp, regs, i, regs.value(i.c() as usize)) {
            return Ok(list);
        }
        learn(fp, i.b(), regs, i);
        let (op, inplace) = operation(i.instr());
        arithmetic::binary(o(regs, i.b()), o(regs, i.c()), op, inplace)
    };
    binary_imm_any: b |fp, regs, i| {
        if let Some(list) = repeated(fp, regs, i, Value::from_int_wrapping(i.c_imm() as i64)) {
            return Ok(list);
        }
        learn(fp, i.b(), regs, i);
        let (op, inplace) = operation(i.instr());
        arithmetic::binary(o(regs, i.b()), &arithmetic::immediate(i.c_imm() as i64), op, inplace)
    };
    compare_any: b c |fp, regs, i| {
        learn(fp, i.b(), regs, i);
        protocol::rich_compare(o(regs, i.b()), o(regs, i.c()), comparison(i.instr()))
    };
}

/// `[item] * count` where the list was made by the instruction in front, or is in the register of the result: the same list, which has it so many times then.
fn repeated(fp: *mut Frame, regs: Regs, i: &Word, count: Value) -> Option<Obj> {
    if i.instr().op() != Some(Op::Mul) && i.instr().op() != Some(Op::MulImm) || !count.is_int() {
        return None;
    }
    // The register loses it, and no other one has it lent.
    let is_replaced = i.a() == i.b() && regs.value(i.b() as usize).is_counted();
    if !is_replaced && !is_made_in_front(fp, i.b()) {
        return None;
    }
    PyList::repeat_in_place(o(regs, i.b()), count.as_int()).then(|| regs.take(i.b() as usize))?
}

/// Whether the instruction in front of the saved one made a list in that register.
fn is_made_in_front(fp: *mut Frame, register: u16) -> bool {
    let (code, pc) = (frame(fp).code(), frame(fp).pc() as usize);
    let Some(second) = pc.checked_sub(2) else { return false };
    // What looks like an instruction may be the word that belongs to one.
    let (before, made) = (code.instr(second), code.instr(pc - 1));
    let is_made = made.op() == Some(Op::BuildList) && made.a() == register;
    is_made && !before.op().is_none_or(Op::has_pseudo_word)
}

/// [`operators::learn`] at the saved instruction of the frame.
pub(crate) fn learn(fp: *mut Frame, first: u16, regs: Regs, i: &Word) {
    let frame = frame(fp);
    operators::learn(frame.code(), frame.pc() as usize, o(regs, first), regs, i.instr());
}

/// The truth of the comparison of a `BRANCH` instruction.
#[inline(never)]
pub(crate) fn branch_truth(fp: *mut Frame, regs: Regs, i: &Word) -> PyResult<bool> {
    learn(fp, i.a(), regs, i);
    arithmetic::compare_truth(o(regs, i.a()), o(regs, i.b()), comparison(i.instr()))
}

/// The same of one with a number.
#[inline(never)]
pub(crate) fn branch_imm_truth(fp: *mut Frame, regs: Regs, i: &Word) -> PyResult<bool> {
    if i.c() & BranchFlags::MIRRORED == 0 {
        learn(fp, i.a(), regs, i);
    }
    arithmetic::compare_immediate_truth(o(regs, i.a()), i.b_imm() as i64, comparison(i.instr()), i.c())
}

/// Stores a register in the part of a sequence.
#[inline(never)]
pub(crate) fn slice_stored(regs: Regs, i: &Word, register: u16) -> PyResult<()> {
    let (start, stop) = (i.b() as usize, i.b() as usize + 1);
    if let (Some(from), Some(to)) = (regs.get(start), regs.get(stop))
        && iteration::quick_store_slice(o(regs, i.a()), from, to, o(regs, register))
    {
        regs.clear_range(start, stop + 1);
        return Ok(());
    }
    let slice = build::slice(regs, start, 2);
    protocol::setitem(o(regs, i.a()), &slice, o(regs, register))
}

handlers! {
    /// `InplaceAdd` beyond numbers: strings that grow are the loop's.
    add_any(s, i) {
        if !s.value(i.b()).is_empty()
            && (decode(i.instr()) == Op::Add || i.a() != i.b() || !arithmetic::is_exact_str(s.regs.obj(i.b() as usize)))
        {
            return operators_of_class::binary(s.ip, s.regs, s.fp, s.thread);
        }
        s.leave()
    }
    #[inline(never)]
    branch_any(s, i) {
        if s.value(i.a()).is_empty() || s.value(i.b()).is_empty() {
            return s.leave();
        }
        s.save();
        let Ok(truth) = branch_truth(s.fp, s.regs, i) else { return Exit::Raised };
        drop_operands(s, i);
        branch_on(s, truth, i)
    }
    #[inline(never)]
    branch_imm_any(s, i) {
        if s.value(i.a()).is_empty() {
            return s.leave();
        }
        s.save();
        let Ok(truth) = branch_imm_truth(s.fp, s.regs, i) else { return Exit::Raised };
        if i.c() & BranchFlags::DROP_A != 0 {
            s.regs.clear(i.a() as usize);
        }
        branch_on(s, truth, i)
    }
    store_slice(s, i) {
        let (register, take) = Instr::split_take(i.c());
        if s.value(i.a()).is_empty() || s.value(register).is_empty() {
            return s.leave();
        }
        s.save();
        if slice_stored(s.regs, i, register).is_err() {
            return Exit::Raised;
        }
        if take {
            return s.write(register, Value::EMPTY, 1);
        }
        s.next(1)
    }
}
