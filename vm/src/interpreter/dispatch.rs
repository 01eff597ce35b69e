//! The loop.

use taipan_bytecode::{BranchFlags, Instr, Op};
use taipan_objects::code::Word;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::protocol::{self, BinaryOp, IntoStrong};
use taipan_objects::singletons::{bool_obj, is_none};
use taipan_objects::type_object::CompareOp;
use taipan_objects::{Obj, Value};

use super::call::{self, Called};
use super::generators::{self, Sent};
use super::ops::operators::{self, Next};
use super::ops::{arithmetic, attribute, build, consume, exception, iteration, name, pattern, rare};
use super::quick;
use super::unwind::{self, Unwound};
use super::watch::{Before, Watch};
use crate::frame::{Frame, Kind};
use crate::registers::Regs;
use crate::thread::VmThread;

#[inline(always)]
fn frame_mut<'a>(fp: *mut Frame) -> &'a mut Frame {
    // SAFETY: `fp` is the innermost frame of the calling thread, on its never-moving frame stack.
    unsafe { &mut *fp }
}

#[inline(always)]
fn word_at(instrs: *const Word, pc: usize) -> Instr {
    // SAFETY: the compiler ends every block with a return or jump, and all targets are in range (`verify`).
    unsafe { &*instrs.add(pc) }.instr()
}

#[inline(always)]
pub(super) fn decode(instr: Instr) -> Op {
    // SAFETY: words come from the compiler (checked by `verify`).
    unsafe { std::mem::transmute::<u16, Op>(instr.opcode()) }
}

/// Executes the innermost frame (of kind `Entry` or `GeneratorEntry`) until it returns, yields or raises.
/// For a yield, the generator is suspended again and the yielded value returned.
/// `Err` may also mean that the loop is to be continued with another watcher: see [`crate::trace`].
pub fn dispatch<W: Watch>(thread: &'static VmThread, mut watcher: W) -> PyResult<Obj> {
    let mut fp = thread.innermost();
    let mut regs: Regs = frame_mut(fp).regs;
    let mut code = frame_mut(fp).code();
    let mut instrs = code.words.as_ptr();
    let mut pc = frame_mut(fp).pc() as usize;

    macro_rules! reload {
        () => {{
            fp = thread.innermost();
            let frame = frame_mut(fp);
            regs = frame.regs;
            code = frame.code();
            instrs = code.words.as_ptr();
            pc = frame.pc() as usize;
        }};
    }
    macro_rules! save {
        () => {
            frame_mut(fp).ip = instrs.wrapping_add(pc)
        };
    }

    loop {
        'exec: {
            macro_rules! check {
                ($e:expr) => {
                    match $e {
                        Ok(value) => value,
                        Err(Raised) => break 'exec,
                    }
                };
            }
            // A register operand that must not be empty.
            macro_rules! o {
                ($i:expr) => {
                    match regs.get($i as usize) {
                        Some(obj) => obj,
                        None => {
                            save!();
                            name::empty_register(code, $i as u16);
                            break 'exec;
                        }
                    }
                };
            }
            macro_rules! next {
                () => {{
                    pc += 1;
                    continue;
                }};
            }
            macro_rules! arith {
                ($i:ident, |$x:ident, $y:ident| $int:expr, |$f:ident, $g:ident| $float:expr, $op:expr, $inplace:expr) => {{
                    let (a, b, c) = ($i.a() as usize, $i.b() as usize, $i.c() as usize);
                    let (v, w) = (regs.value(b), regs.value(c));
                    if v.both_int(w) {
                        let ($x, $y) = (v.as_int(), w.as_int());
                        if let Some(result) = $int {
                            regs.write_value(a, result);
                            next!();
                        }
                    } else if v.is_float() && w.is_float() {
                        let ($f, $g) = (v.as_float(), w.as_float());
                        if let Some(result) = $float {
                            regs.write_value(a, result);
                            next!();
                        }
                    }
                    save!();
                    let result = check!(arithmetic::binary(o!(b), o!(c), $op, $inplace));
                    regs.write(a, result);
                    next!();
                }};
            }
            macro_rules! arith_imm {
                ($i:ident, |$x:ident, $y:ident| $int:expr, |$f:ident, $g:ident| $float:expr, $op:expr, $inplace:expr) => {{
                    let (a, b) = ($i.a() as usize, $i.b() as usize);
                    let imm = $i.c_imm() as i64;
                    let v = regs.value(b);
                    if v.is_int() {
                        let ($x, $y) = (v.as_int(), imm);
                        if let Some(result) = $int {
                            regs.write_value(a, result);
                            next!();
                        }
                    } else if v.is_float() {
                        let ($f, $g) = (v.as_float(), imm as f64);
                        if let Some(result) = $float {
                            regs.write_value(a, result);
                            next!();
                        }
                    }
                    save!();
                    let right = arithmetic::immediate(imm);
                    let result = check!(arithmetic::binary(o!(b), &right, $op, $inplace));
                    regs.write(a, result);
                    next!();
                }};
            }
            macro_rules! slow_binary {
                ($i:ident, $op:expr, $inplace:expr) => {{
                    save!();
                    let result = check!(arithmetic::binary(o!($i.b()), o!($i.c()), $op, $inplace));
                    regs.write($i.a() as usize, result);
                    next!();
                }};
            }
            macro_rules! compare {
                ($i:ident, $op:expr, $cmp:tt) => {{
                    let (v, w) = (regs.value($i.b() as usize), regs.value($i.c() as usize));
                    if v.both_int(w) {
                        regs.write($i.a() as usize, bool_obj(v.as_int() $cmp w.as_int()));
                        next!();
                    }
                    if v.is_float() && w.is_float() {
                        regs.write($i.a() as usize, bool_obj(v.as_float() $cmp w.as_float()));
                        next!();
                    }
                    save!();
                    let result = check!(protocol::rich_compare(o!($i.b()), o!($i.c()), $op));
                    regs.write($i.a() as usize, result);
                    next!();
                }};
            }
            macro_rules! branch_on {
                ($truth:expr, $flags:expr) => {{
                    let truth: bool = $truth;
                    if truth == ($flags & BranchFlags::JUMP_IF_TRUE != 0) {
                        pc = word_at(instrs, pc + 1).arg32() as usize;
                    } else {
                        pc += 2;
                    }
                    continue;
                }};
            }
            macro_rules! drop_operands {
                ($i:ident, $flags:expr) => {{
                    if $flags & BranchFlags::DROP_A != 0 {
                        regs.clear($i.a() as usize);
                    }
                    if $flags & BranchFlags::DROP_B != 0 {
                        regs.clear($i.b() as usize);
                    }
                }};
            }
            macro_rules! branch {
                ($i:ident, $op:expr, $cmp:tt) => {{
                    let flags = $i.c();
                    let (v, w) = (regs.value($i.a() as usize), regs.value($i.b() as usize));
                    if v.both_int(w) {
                        branch_on!(v.as_int() $cmp w.as_int(), flags);
                    }
                    if v.is_float() && w.is_float() {
                        branch_on!(v.as_float() $cmp w.as_float(), flags);
                    }
                    save!();
                    let truth = check!(arithmetic::compare_truth(o!($i.a()), o!($i.b()), $op));
                    drop_operands!($i, flags);
                    branch_on!(truth, flags);
                }};
            }
            macro_rules! branch_imm {
                ($i:ident, $op:expr, $cmp:tt) => {{
                    let flags = $i.c();
                    let v = regs.value($i.a() as usize);
                    let imm = $i.b_imm() as i64;
                    if v.is_int() {
                        branch_on!(v.as_int() $cmp imm, flags);
                    }
                    if v.is_float() {
                        branch_on!(v.as_float() $cmp imm as f64, flags);
                    }
                    save!();
                    let truth = check!(arithmetic::compare_immediate_truth(o!($i.a()), imm, $op, flags));
                    if flags & BranchFlags::DROP_A != 0 {
                        regs.clear($i.a() as usize);
                    }
                    branch_on!(truth, flags);
                }};
            }
            macro_rules! truth {
                ($r:expr) => {{
                    let obj = o!($r);
                    match arithmetic::quick_truth(obj) {
                        Some(truth) => truth,
                        None => {
                            save!();
                            check!(protocol::is_true(obj))
                        }
                    }
                }};
            }
            // A `T` operand: the value, moved out or copied.
            macro_rules! taken {
                ($operand:expr) => {{
                    let (register, take) = Instr::split_take($operand);
                    if take {
                        match regs.take(register as usize) {
                            Some(value) => value,
                            None => {
                                save!();
                                name::empty_register(code, register);
                                break 'exec;
                            }
                        }
                    } else {
                        o!(register).clone()
                    }
                }};
            }
            macro_rules! called {
                ($outcome:expr, $dst:expr, $next:expr) => {
                    match $outcome {
                        Ok(Called::Value(value)) => {
                            regs.write($dst as usize, value);
                            pc += $next;
                            continue;
                        }
                        Ok(Called::Pushed) => {
                            reload!();
                            continue;
                        }
                        Err(Raised) => break 'exec,
                    }
                };
            }

            loop {
                if W::ACTIVE {
                    match watcher.before(thread, pc) {
                        Before::Run => {}
                        Before::At(target) => {
                            pc = target;
                            continue;
                        }
                        Before::Raised => {
                            pc = frame_mut(fp).pc() as usize;
                            break 'exec;
                        }
                    }
                }
                if !W::ACTIVE {
                    // SAFETY: in the code, as `word_at` needs it.
                    let ip = unsafe { instrs.add(pc) };
                    let starts = pc == 0 && code.machine.entry() != 0 && frame_mut(fp).kind == Kind::Entry;
                    let exit = if starts {
                        quick::run_start(thread, fp, regs, ip)
                    } else {
                        quick::run(thread, fp, regs, ip)
                    };
                    if exit == quick::Exit::Done {
                        // SAFETY: the quick tier gave the reference away.
                        let value = unsafe { Obj::from_value(thread.result.replace(Value::EMPTY)) };
                        return Ok(
                            value.map_or_else(taipan_objects::singletons::none, IntoStrong::into_strong)
                        );
                    }
                    reload!();
                    if exit == quick::Exit::Raised {
                        break 'exec;
                    }
                }
                let i = word_at(instrs, pc);
                match decode(i) {
                    Op::Nop | Op::Resume => next!(),
                    Op::LoadConst => {
                        let value = code.consts[i.b() as usize].value();
                        regs.write_value(i.a() as usize, value.uncounted());
                        next!();
                    }
                    Op::LoadInt => {
                        regs.write_value(i.a() as usize, Value::from_int_wrapping(i.arg32() as i32 as i64));
                        next!();
                    }
                    Op::Copy => {
                        let value = regs.copy_of(i.b() as usize);
                        regs.write_value(i.a() as usize, value);
                        next!();
                    }
                    Op::Move => {
                        let value = regs.take_value(i.b() as usize);
                        regs.write_value(i.a() as usize, value);
                        next!();
                    }
                    Op::Lend => {
                        let value = regs.value(i.b() as usize).uncounted();
                        regs.write_value(i.a() as usize, value);
                        next!();
                    }
                    Op::Drop => {
                        let value = regs.take_value(i.a() as usize);
                        if value.is_counted() {
                            save!();
                            crate::frame::drop_value(value);
                        }
                        next!();
                    }
                    Op::CheckLocal => {
                        if regs.value(i.a() as usize).is_empty() {
                            save!();
                            name::unbound_local(code, i.b() as usize);
                            break 'exec;
                        }
                        next!();
                    }

                    Op::LoadGlobal => {
                        if let Some(value) = name::load_global_cached(code, pc, frame_mut(fp)) {
                            regs.write(i.a() as usize, value);
                            next!();
                        }
                        save!();
                        let value = check!(name::load_global(code, pc, frame_mut(fp), i.b() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::StoreGlobal => {
                        save!();
                        let value = taken!(i.a());
                        check!(name::store_global(code, frame_mut(fp), i.b() as usize, value));
                        next!();
                    }
                    Op::DeleteGlobal => {
                        save!();
                        check!(name::delete_global(code, frame_mut(fp), i.b() as usize));
                        next!();
                    }
                    Op::LoadName => {
                        save!();
                        let value = check!(name::load_name(code, pc, frame_mut(fp), i.b() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::StoreName => {
                        save!();
                        let value = taken!(i.a());
                        check!(name::store_name(code, frame_mut(fp), i.b() as usize, value));
                        next!();
                    }
                    Op::DeleteName => {
                        save!();
                        check!(name::delete_name(code, frame_mut(fp), i.b() as usize));
                        next!();
                    }
                    Op::NewCell => {
                        regs.write(i.a() as usize, name::new_cell(None));
                        next!();
                    }
                    Op::MakeCell => {
                        let value = regs.take(i.b() as usize);
                        regs.write(i.a() as usize, name::new_cell(value));
                        next!();
                    }
                    Op::CopyFreeVars => {
                        save!();
                        check!(name::copy_free_vars(frame_mut(fp), regs, i.a() as usize, i.b() as usize));
                        next!();
                    }
                    Op::LoadDeref => {
                        if let Some(value) = name::cell_value(o!(i.b())) {
                            regs.write(i.a() as usize, value);
                            next!();
                        }
                        save!();
                        name::empty_cell(code, i.b());
                        break 'exec;
                    }
                    Op::StoreDeref => {
                        save!();
                        let value = taken!(i.b());
                        check!(name::store_cell(o!(i.a()), Some(value)));
                        next!();
                    }
                    Op::DeleteDeref => {
                        save!();
                        if name::cell_value(o!(i.a())).is_none() {
                            name::empty_cell(code, i.a());
                            break 'exec;
                        }
                        check!(name::store_cell(o!(i.a()), None));
                        next!();
                    }
                    Op::LoadLocals => {
                        save!();
                        let value = check!(name::load_locals(frame_mut(fp)));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::LoadFromDictOrDeref => {
                        save!();
                        let value = check!(name::load_from_dict_or_deref(code, o!(i.b()), o!(i.c()), i.c()));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::LoadFromDictOrGlobals => {
                        save!();
                        let value = check!(name::load_from_dict_or_globals(
                            code,
                            frame_mut(fp),
                            o!(i.b()),
                            i.c() as usize
                        ));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::LoadBuildClass => {
                        save!();
                        let value = check!(name::load_build_class(frame_mut(fp)));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::LoadCommonConstant => {
                        save!();
                        let value = check!(name::common_constant(i.b()));
                        regs.write(i.a() as usize, value);
                        next!();
                    }

                    Op::Add => arith!(
                        i,
                        |x, y| Value::from_int(x + y),
                        |f, g| Some(Value::from_float(f + g)),
                        BinaryOp::Add,
                        false
                    ),
                    Op::Sub => arith!(
                        i,
                        |x, y| Value::from_int(x - y),
                        |f, g| Some(Value::from_float(f - g)),
                        BinaryOp::Sub,
                        false
                    ),
                    Op::Mul => arith!(
                        i,
                        |x, y| arithmetic::mul(x, y),
                        |f, g| Some(Value::from_float(f * g)),
                        BinaryOp::Mul,
                        false
                    ),
                    Op::TrueDiv => arith!(
                        i,
                        |x, y| arithmetic::truediv(x, y),
                        |f, g| arithmetic::float_div(f, g),
                        BinaryOp::TrueDiv,
                        false
                    ),
                    Op::FloorDiv => {
                        arith!(i, |x, y| arithmetic::floordiv(x, y), |_f, _g| None, BinaryOp::FloorDiv, false)
                    }
                    Op::Mod => {
                        arith!(i, |x, y| arithmetic::modulo(x, y), |_f, _g| None, BinaryOp::Mod, false)
                    }
                    Op::Pow => slow_binary!(i, BinaryOp::Pow, false),
                    Op::LShift => {
                        arith!(i, |x, y| arithmetic::lshift(x, y), |_f, _g| None, BinaryOp::LShift, false)
                    }
                    Op::RShift => {
                        arith!(i, |x, y| arithmetic::rshift(x, y), |_f, _g| None, BinaryOp::RShift, false)
                    }
                    Op::And => arith!(i, |x, y| Value::from_int(x & y), |_f, _g| None, BinaryOp::And, false),
                    Op::Or => arith!(i, |x, y| Value::from_int(x | y), |_f, _g| None, BinaryOp::Or, false),
                    Op::Xor => arith!(i, |x, y| Value::from_int(x ^ y), |_f, _g| None, BinaryOp::Xor, false),
                    Op::MatMul => slow_binary!(i, BinaryOp::Matmul, false),
                    Op::InplaceAdd => {
                        let (a, b, c) = (i.a() as usize, i.b() as usize, i.c() as usize);
                        let (v, w) = (regs.value(b), regs.value(c));
                        if v.both_int(w)
                            && let Some(result) = Value::from_int(v.as_int() + w.as_int())
                        {
                            regs.write_value(a, result);
                            next!();
                        }
                        if v.is_float() && w.is_float() {
                            regs.write_value(a, Value::from_float(v.as_float() + w.as_float()));
                            next!();
                        }
                        save!();
                        if a == b && arithmetic::is_exact_str(o!(b)) && b != c {
                            check!(arithmetic::grow(regs, a, o!(c)));
                            next!();
                        }
                        let result = check!(arithmetic::binary(o!(b), o!(c), BinaryOp::Add, true));
                        regs.write(a, result);
                        next!();
                    }
                    Op::InplaceSub => arith!(
                        i,
                        |x, y| Value::from_int(x - y),
                        |f, g| Some(Value::from_float(f - g)),
                        BinaryOp::Sub,
                        true
                    ),
                    Op::InplaceMul => arith!(
                        i,
                        |x, y| arithmetic::mul(x, y),
                        |f, g| Some(Value::from_float(f * g)),
                        BinaryOp::Mul,
                        true
                    ),
                    Op::InplaceTrueDiv => {
                        arith!(
                            i,
                            |x, y| arithmetic::truediv(x, y),
                            |f, g| arithmetic::float_div(f, g),
                            BinaryOp::TrueDiv,
                            true
                        )
                    }
                    Op::InplaceFloorDiv => {
                        arith!(i, |x, y| arithmetic::floordiv(x, y), |_f, _g| None, BinaryOp::FloorDiv, true)
                    }
                    Op::InplaceMod => {
                        arith!(i, |x, y| arithmetic::modulo(x, y), |_f, _g| None, BinaryOp::Mod, true)
                    }
                    Op::InplacePow => slow_binary!(i, BinaryOp::Pow, true),
                    Op::InplaceLShift => {
                        arith!(i, |x, y| arithmetic::lshift(x, y), |_f, _g| None, BinaryOp::LShift, true)
                    }
                    Op::InplaceRShift => {
                        arith!(i, |x, y| arithmetic::rshift(x, y), |_f, _g| None, BinaryOp::RShift, true)
                    }
                    Op::InplaceAnd => {
                        arith!(i, |x, y| Value::from_int(x & y), |_f, _g| None, BinaryOp::And, true)
                    }
                    Op::InplaceOr => {
                        arith!(i, |x, y| Value::from_int(x | y), |_f, _g| None, BinaryOp::Or, true)
                    }
                    Op::InplaceXor => {
                        arith!(i, |x, y| Value::from_int(x ^ y), |_f, _g| None, BinaryOp::Xor, true)
                    }
                    Op::InplaceMatMul => slow_binary!(i, BinaryOp::Matmul, true),
                    Op::AddImm => {
                        arith_imm!(
                            i,
                            |x, y| Value::from_int(x + y),
                            |f, g| Some(Value::from_float(f + g)),
                            BinaryOp::Add,
                            false
                        )
                    }
                    Op::SubImm => {
                        arith_imm!(
                            i,
                            |x, y| Value::from_int(x - y),
                            |f, g| Some(Value::from_float(f - g)),
                            BinaryOp::Sub,
                            false
                        )
                    }
                    Op::MulImm => {
                        arith_imm!(
                            i,
                            |x, y| arithmetic::mul(x, y),
                            |f, g| Some(Value::from_float(f * g)),
                            BinaryOp::Mul,
                            false
                        )
                    }
                    Op::FloorDivImm => arith_imm!(
                        i,
                        |x, y| arithmetic::floordiv(x, y),
                        |_f, _g| None,
                        BinaryOp::FloorDiv,
                        false
                    ),
                    Op::ModImm => {
                        arith_imm!(i, |x, y| arithmetic::modulo(x, y), |_f, _g| None, BinaryOp::Mod, false)
                    }
                    Op::PowImm => arith_imm!(
                        i,
                        |x, y| if y == 2 { arithmetic::mul(x, x) } else { None },
                        |f, g| if g == 2.0 { arithmetic::float_square(f) } else { None },
                        BinaryOp::Pow,
                        false
                    ),
                    Op::LShiftImm => {
                        arith_imm!(i, |x, y| arithmetic::lshift(x, y), |_f, _g| None, BinaryOp::LShift, false)
                    }
                    Op::RShiftImm => {
                        arith_imm!(i, |x, y| arithmetic::rshift(x, y), |_f, _g| None, BinaryOp::RShift, false)
                    }
                    Op::AndImm => {
                        arith_imm!(i, |x, y| Value::from_int(x & y), |_f, _g| None, BinaryOp::And, false)
                    }
                    Op::InplaceAddImm => {
                        arith_imm!(
                            i,
                            |x, y| Value::from_int(x + y),
                            |f, g| Some(Value::from_float(f + g)),
                            BinaryOp::Add,
                            true
                        )
                    }
                    Op::InplaceSubImm => {
                        arith_imm!(
                            i,
                            |x, y| Value::from_int(x - y),
                            |f, g| Some(Value::from_float(f - g)),
                            BinaryOp::Sub,
                            true
                        )
                    }
                    Op::Neg => {
                        let v = regs.value(i.b() as usize);
                        if v.is_float() {
                            regs.write_value(i.a() as usize, Value::from_float(-v.as_float()));
                            next!();
                        }
                        save!();
                        let result = check!(protocol::negative(o!(i.b())));
                        regs.write(i.a() as usize, result);
                        next!();
                    }
                    Op::Pos => {
                        save!();
                        let result = check!(protocol::positive(o!(i.b())));
                        regs.write(i.a() as usize, result);
                        next!();
                    }
                    Op::Invert => {
                        save!();
                        let result = check!(protocol::invert(o!(i.b())));
                        regs.write(i.a() as usize, result);
                        next!();
                    }
                    Op::Not => {
                        let truth = truth!(i.b());
                        regs.write(i.a() as usize, bool_obj(!truth));
                        next!();
                    }
                    Op::ToBool => {
                        let truth = truth!(i.b());
                        regs.write(i.a() as usize, bool_obj(truth));
                        next!();
                    }

                    Op::Lt => compare!(i, CompareOp::Lt, <),
                    Op::Le => compare!(i, CompareOp::Le, <=),
                    Op::Eq => compare!(i, CompareOp::Eq, ==),
                    Op::Ne => compare!(i, CompareOp::Ne, !=),
                    Op::Gt => compare!(i, CompareOp::Gt, >),
                    Op::Ge => compare!(i, CompareOp::Ge, >=),
                    Op::Is => {
                        let same = regs.value(i.b() as usize).same(regs.value(i.c() as usize));
                        regs.write(i.a() as usize, bool_obj(same));
                        next!();
                    }
                    Op::IsNot => {
                        let same = regs.value(i.b() as usize).same(regs.value(i.c() as usize));
                        regs.write(i.a() as usize, bool_obj(!same));
                        next!();
                    }
                    Op::In => {
                        save!();
                        let found = check!(protocol::contains(o!(i.c()), o!(i.b())));
                        regs.write(i.a() as usize, bool_obj(found));
                        next!();
                    }
                    Op::NotIn => {
                        save!();
                        let found = check!(protocol::contains(o!(i.c()), o!(i.b())));
                        regs.write(i.a() as usize, bool_obj(!found));
                        next!();
                    }

                    Op::Jump => {
                        pc = i.arg32() as usize;
                    }
                    Op::JumpBackward => {
                        if thread.threading.poll() != 0 {
                            save!();
                            check!(crate::trace::safepoint(thread, None));
                        }
                        pc = i.arg32() as usize;
                    }
                    Op::JumpIfFalse => {
                        let truth = truth!(i.a());
                        pc = if truth { pc + 1 } else { i.arg32() as usize };
                    }
                    Op::JumpIfTrue => {
                        let truth = truth!(i.a());
                        pc = if truth { i.arg32() as usize } else { pc + 1 };
                    }
                    Op::PopJumpIfFalse => {
                        let truth = truth!(i.a());
                        regs.clear(i.a() as usize);
                        pc = if truth { pc + 1 } else { i.arg32() as usize };
                    }
                    Op::PopJumpIfTrue => {
                        let truth = truth!(i.a());
                        regs.clear(i.a() as usize);
                        pc = if truth { i.arg32() as usize } else { pc + 1 };
                    }
                    Op::JumpIfNone => {
                        pc = if is_none(o!(i.a())) { i.arg32() as usize } else { pc + 1 };
                    }
                    Op::JumpIfNotNone => {
                        pc = if is_none(o!(i.a())) { pc + 1 } else { i.arg32() as usize };
                    }
                    Op::PopJumpIfNone => {
                        let none = is_none(o!(i.a()));
                        regs.clear(i.a() as usize);
                        pc = if none { i.arg32() as usize } else { pc + 1 };
                    }
                    Op::PopJumpIfNotNone => {
                        let none = is_none(o!(i.a()));
                        regs.clear(i.a() as usize);
                        pc = if none { pc + 1 } else { i.arg32() as usize };
                    }
                    Op::BranchLt => branch!(i, CompareOp::Lt, <),
                    Op::BranchLe => branch!(i, CompareOp::Le, <=),
                    Op::BranchEq => branch!(i, CompareOp::Eq, ==),
                    Op::BranchNe => branch!(i, CompareOp::Ne, !=),
                    Op::BranchGt => branch!(i, CompareOp::Gt, >),
                    Op::BranchGe => branch!(i, CompareOp::Ge, >=),
                    Op::BranchIs => {
                        let flags = i.c();
                        let same = regs.value(i.a() as usize).same(regs.value(i.b() as usize));
                        drop_operands!(i, flags);
                        branch_on!(same, flags);
                    }
                    Op::BranchIn => {
                        let flags = i.c();
                        save!();
                        let found = check!(protocol::contains(o!(i.b()), o!(i.a())));
                        drop_operands!(i, flags);
                        branch_on!(found, flags);
                    }
                    Op::BranchLtImm => branch_imm!(i, CompareOp::Lt, <),
                    Op::BranchLeImm => branch_imm!(i, CompareOp::Le, <=),
                    Op::BranchEqImm => branch_imm!(i, CompareOp::Eq, ==),
                    Op::BranchNeImm => branch_imm!(i, CompareOp::Ne, !=),
                    Op::BranchGtImm => branch_imm!(i, CompareOp::Gt, >),
                    Op::BranchGeImm => branch_imm!(i, CompareOp::Ge, >=),

                    Op::GetIter => {
                        save!();
                        let iterator = check!(protocol::iter(o!(i.b())));
                        regs.write(i.a() as usize, iterator);
                        next!();
                    }
                    Op::ForIter => {
                        let iterator = o!(i.a());
                        let target = word_at(instrs, pc + 1).a() as usize;
                        save!();
                        if check!(generators::push_idle(
                            thread,
                            iterator,
                            Kind::GeneratorFor,
                            &mut None,
                            target as u16
                        )) {
                            reload!();
                            continue;
                        }
                        match check!(iteration::next(iterator)) {
                            Some(item) => {
                                regs.write(target, item);
                                pc += 2;
                            }
                            None => {
                                regs.clear(i.a() as usize);
                                pc = i.arg32() as usize;
                            }
                        }
                    }
                    Op::UnpackSequence => {
                        save!();
                        let (register, take) = Instr::split_take(i.b());
                        check!(iteration::unpack_sequence(
                            regs,
                            i.a() as usize,
                            o!(register),
                            i.c() as usize,
                            take.then_some(register as usize)
                        ));
                        next!();
                    }
                    Op::UnpackEx => {
                        save!();
                        let (register, take) = Instr::split_take(i.b());
                        check!(iteration::unpack_ex(
                            regs,
                            i.a() as usize,
                            o!(register),
                            i.c(),
                            take.then_some(register as usize)
                        ));
                        next!();
                    }

                    Op::LoadAttr => {
                        let obj = o!(i.b());
                        if let Some(value) = attribute::load_cached(code, pc, obj) {
                            regs.write(i.a() as usize, value);
                            next!();
                        }
                        save!();
                        let value = check!(attribute::load(code, pc, obj, i.c() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::StoreAttr => {
                        save!();
                        let (register, take) = Instr::split_take(i.b());
                        let value = if take { taken!(i.b()) } else { o!(register).clone() };
                        check!(attribute::store(code, pc, o!(i.a()), i.c() as usize, value));
                        next!();
                    }
                    Op::DeleteAttr => {
                        save!();
                        check!(protocol::delattr(o!(i.a()), &code.names[i.b() as usize]));
                        next!();
                    }
                    Op::LoadMethod => {
                        let (a, b) = (i.a() as usize, i.b() as usize);
                        save!();
                        check!(attribute::load_method(code, pc, regs, a, b, i.c() as usize));
                        next!();
                    }
                    Op::LoadSuperAttr => {
                        save!();
                        check!(attribute::load_super(code, pc, regs, i.a(), i.b() as usize, i.c() as usize));
                        next!();
                    }
                    Op::LoadSpecial => {
                        save!();
                        check!(attribute::load_special(
                            code,
                            pc,
                            regs,
                            i.a() as usize,
                            i.b() as usize,
                            i.c()
                        ));
                        next!();
                    }
                    Op::Subscr => {
                        let (container, key) = (o!(i.b()), o!(i.c()));
                        if let Some(value) = iteration::quick_subscript(container, key) {
                            regs.write(i.a() as usize, value);
                            next!();
                        }
                        save!();
                        let value = check!(protocol::getitem(container, key));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::SubscrImm => {
                        let container = o!(i.b());
                        let key = arithmetic::immediate(i.c_imm() as i64);
                        if let Some(value) = iteration::quick_subscript(container, &key) {
                            regs.write(i.a() as usize, value);
                            next!();
                        }
                        save!();
                        let value = check!(protocol::getitem(container, &key));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::StoreSubscr => {
                        save!();
                        let (register, take) = Instr::split_take(i.c());
                        check!(iteration::store_subscript(o!(i.a()), o!(i.b()), o!(register)));
                        if take {
                            regs.clear(register as usize);
                        }
                        next!();
                    }
                    Op::DeleteSubscr => {
                        save!();
                        check!(protocol::delitem(o!(i.a()), o!(i.b())));
                        next!();
                    }
                    Op::BinarySlice => {
                        save!();
                        let slice = build::slice(regs, i.c() as usize, 2);
                        let value = check!(protocol::getitem(o!(i.b()), &slice));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::StoreSlice => {
                        save!();
                        let slice = build::slice(regs, i.b() as usize, 2);
                        let (register, take) = Instr::split_take(i.c());
                        check!(protocol::setitem(o!(i.a()), &slice, o!(register)));
                        if take {
                            regs.clear(register as usize);
                        }
                        next!();
                    }

                    Op::BuildTuple => {
                        let value = build::tuple(regs, i.b() as usize, i.c() as usize);
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildTupleSpread => {
                        save!();
                        let value = check!(build::tuple_spread(regs, i.b() as usize, i.c() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildList => {
                        let value = build::list(regs, i.b() as usize, i.c() as usize);
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildSet => {
                        save!();
                        let value = check!(build::set(regs, i.b() as usize, i.c() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildMap => {
                        save!();
                        let value = check!(build::map(regs, i.b() as usize, i.c() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildSlice => {
                        let value = build::slice(regs, i.b() as usize, i.c() as usize);
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildString => {
                        save!();
                        let value = check!(build::string(regs, i.b() as usize, i.c() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::ListAppend => {
                        let value = taken!(i.b());
                        check!(build::list_append(o!(i.a()), value));
                        next!();
                    }
                    Op::Unknown => {
                        save!();
                        check!(rare::unknown(i.a()));
                        next!();
                    }
                    Op::SetAdd => {
                        save!();
                        let value = taken!(i.b());
                        check!(build::set_add(o!(i.a()), value));
                        next!();
                    }
                    Op::MapAdd => {
                        save!();
                        let key = taken!(i.b());
                        let value = taken!(i.c());
                        check!(build::map_add(o!(i.a()), key, value));
                        next!();
                    }
                    Op::ListExtend => {
                        save!();
                        check!(build::list_extend(o!(i.a()), o!(i.b())));
                        next!();
                    }
                    Op::SetUpdate => {
                        save!();
                        check!(build::set_update(o!(i.a()), o!(i.b())));
                        next!();
                    }
                    Op::DictUpdate => {
                        save!();
                        check!(build::dict_update(o!(i.a()), o!(i.b())));
                        next!();
                    }
                    Op::DictMerge => {
                        save!();
                        check!(build::merge_keywords(regs, i.a(), i.b(), i.c()));
                        next!();
                    }
                    Op::ListToTuple => {
                        save!();
                        let value = check!(build::list_to_tuple(o!(i.b())));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::FormatSimple => {
                        save!();
                        let value = check!(build::format_simple(o!(i.b()), i.c()));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::FormatWithSpec => {
                        save!();
                        let value = check!(protocol::format(o!(i.b()), o!(i.c())));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::ConvertValue => {
                        save!();
                        let value = check!(build::convert(o!(i.b()), i.c()));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildInterpolation => {
                        save!();
                        let value = check!(rare::build_interpolation(regs, i.b() as usize, i.c()));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::BuildTemplate => {
                        save!();
                        let value = check!(rare::build_template(o!(i.b()), o!(i.c())));
                        regs.write(i.a() as usize, value);
                        next!();
                    }

                    Op::Call => {
                        save!();
                        called!(call::call(thread, regs, i.a() as usize, i.b() as usize, i.c()), i.c(), 1)
                    }
                    Op::CallMethod => {
                        save!();
                        called!(
                            call::call_method(thread, regs, i.a() as usize, i.b() as usize, i.c()),
                            i.c(),
                            1
                        )
                    }
                    Op::CallKw => {
                        save!();
                        let names = word_at(instrs, pc + 1).arg32() as usize;
                        called!(
                            call::call_kw(
                                thread,
                                code,
                                regs,
                                i.a() as usize,
                                i.b() as usize,
                                names,
                                false,
                                i.c()
                            ),
                            i.c(),
                            2
                        )
                    }
                    Op::CallMethodKw => {
                        save!();
                        let names = word_at(instrs, pc + 1).arg32() as usize;
                        called!(
                            call::call_kw(
                                thread,
                                code,
                                regs,
                                i.a() as usize,
                                i.b() as usize,
                                names,
                                true,
                                i.c()
                            ),
                            i.c(),
                            2
                        )
                    }
                    Op::CallEx => {
                        save!();
                        called!(call::call_ex(thread, regs, i.a() as usize, i.c()), i.c(), 1)
                    }
                    Op::KwNames | Op::ForTarget | Op::Target => {
                        unreachable!("pseudo words are skipped by their owners")
                    }
                    Op::ReturnValue | Op::ReturnConst => {
                        let result = if decode(i) == Op::ReturnValue {
                            let value = regs.take_value(i.a() as usize);
                            // SAFETY: moved out of its register.
                            match unsafe { Obj::from_value(value) } {
                                Some(value) => value.into_strong(),
                                None => {
                                    save!();
                                    name::empty_register(code, i.a());
                                    break 'exec;
                                }
                            }
                        } else {
                            code.consts[i.a() as usize].clone()
                        };
                        save!();
                        let kind = frame_mut(fp).kind;
                        match kind {
                            Kind::Call => {
                                let ret = frame_mut(fp).ret as usize;
                                call::pop(thread);
                                fp = thread.innermost();
                                let frame = frame_mut(fp);
                                regs = frame.regs;
                                code = frame.code();
                                instrs = code.words.as_ptr();
                                pc = frame.pc() as usize;
                                regs.write(ret, result);
                                pc += call::length_at(word_at(instrs, pc));
                                continue;
                            }
                            Kind::Operator => {
                                call::pop(thread);
                                reload!();
                                let (i, behind) = (word_at(instrs, pc), word_at(instrs, pc + 1));
                                pc = match check!(operators::conclude(regs, i, behind, result)) {
                                    Next::Behind(words) => pc + words,
                                    Next::At(target) => target as usize,
                                };
                                continue;
                            }
                            Kind::Entry => {
                                call::pop(thread);
                                return Ok(result);
                            }
                            Kind::Init => {
                                let ret = frame_mut(fp).ret as usize;
                                let instance = call::pop_init(thread);
                                reload!();
                                if !is_none(&result) {
                                    call::bad_init_result(&result);
                                    break 'exec;
                                }
                                regs.write(ret, instance);
                                pc += call::length_at(word_at(instrs, pc));
                                continue;
                            }
                            Kind::New => {
                                let ret = frame_mut(fp).ret;
                                call::pop(thread);
                                reload!();
                                watcher.made(thread);
                                let length = call::length_at(word_at(instrs, pc));
                                called!(call::made(thread, result, ret), ret, length)
                            }
                            Kind::GeneratorEntry => {
                                generators::finish(thread);
                                generators::set_returned();
                                return Ok(result);
                            }
                            Kind::GeneratorFor => {
                                generators::finish(thread);
                                drop(result);
                                reload!();
                                let owner = word_at(instrs, pc);
                                regs.clear(owner.a() as usize);
                                pc = owner.arg32() as usize;
                                continue;
                            }
                            Kind::GeneratorAsend => {
                                generators::finish(thread);
                                drop(result);
                                let Raised = generators::asend::ended(thread, Ok(()));
                                break 'exec;
                            }
                            Kind::GeneratorSend | Kind::Eager => {
                                generators::finish(thread);
                                reload!();
                                let owner = word_at(instrs, pc);
                                regs.clear(owner.a() as usize);
                                regs.clear(owner.a() as usize + 1);
                                regs.write(owner.b() as usize, result);
                                pc += 1;
                                continue;
                            }
                        }
                    }
                    Op::MakeFunction => {
                        save!();
                        let value = check!(rare::make_function(code, frame_mut(fp), i.b() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::SetFunctionAttribute => {
                        save!();
                        check!(rare::set_function_attribute(o!(i.a()), taken!(i.b()), i.c()));
                        next!();
                    }

                    Op::Raise => {
                        save!();
                        let value = taken!(i.a());
                        exception::raise(value);
                        break 'exec;
                    }
                    Op::RaiseFrom => {
                        save!();
                        let value = taken!(i.a());
                        let cause = taken!(i.b());
                        exception::raise_from(value, cause);
                        break 'exec;
                    }
                    Op::RaiseCurrent => {
                        save!();
                        if exception::reraise_current() {
                            unwind::suppress_traceback_entry();
                        }
                        break 'exec;
                    }
                    Op::Reraise => {
                        save!();
                        exception::reraise(regs.take(i.a() as usize));
                        unwind::suppress_traceback_entry();
                        break 'exec;
                    }
                    Op::PushExcInfo => {
                        let (saved, exception) = exception::push_info();
                        regs.write(i.a() as usize, saved);
                        regs.write(i.b() as usize, exception);
                        next!();
                    }
                    Op::PopExcept => {
                        exception::pop_info(regs.take(i.a() as usize));
                        next!();
                    }
                    Op::CheckExcMatch => {
                        save!();
                        let matches = check!(exception::matches(o!(i.b()), o!(i.c())));
                        regs.write(i.a() as usize, bool_obj(matches));
                        next!();
                    }
                    Op::CheckEgMatch => {
                        save!();
                        let (matched, rest) = check!(exception::group_matches(o!(i.b()), o!(i.c())));
                        regs.write(i.a() as usize, matched);
                        regs.write(i.a() as usize + 1, rest);
                        next!();
                    }
                    Op::SetExcInfo => {
                        exception::set_info(o!(i.a()).clone());
                        next!();
                    }
                    Op::WithExceptStart => {
                        save!();
                        exception::with_except_start(regs, i.a() as usize, i.b() as usize, o!(i.c()));
                        next!();
                    }

                    Op::ReturnGenerator => unreachable!("calls of generator code make the generator"),
                    Op::YieldValue => {
                        save!();
                        let value = taken!(i.b()).into_strong();
                        let kind = frame_mut(fp).kind;
                        generators::suspend(thread);
                        match kind {
                            Kind::GeneratorEntry => return Ok(value),
                            Kind::GeneratorFor => {
                                reload!();
                                let target = word_at(instrs, pc + 1).a() as usize;
                                regs.write(target, value);
                                pc += 2;
                                continue;
                            }
                            Kind::GeneratorAsend if generators::asend::is_wrapped(value.value()) => {
                                let _ = generators::asend::deliver(thread, value);
                                reload!();
                                pc += 1;
                                continue;
                            }
                            _ => {
                                // The frame below delegates to this one: it yields, too.
                                check!(watcher.yielding(thread, &value));
                                match generators::yield_through(thread, value) {
                                    generators::Through::Native(value) => return Ok(value),
                                    generators::Through::Awaited => {
                                        reload!();
                                        pc += 1;
                                        continue;
                                    }
                                    generators::Through::Loop(value) => {
                                        reload!();
                                        let target = word_at(instrs, pc + 1).a() as usize;
                                        regs.write(target, value);
                                        pc += 2;
                                        continue;
                                    }
                                }
                            }
                        }
                    }
                    Op::GetYieldFromIter => {
                        save!();
                        let value = check!(generators::yield_from_iter(code, o!(i.b())));
                        regs.write(i.a() as usize, value);
                        regs.write(i.a() as usize + 1, taipan_objects::singletons::none());
                        next!();
                    }
                    Op::GetAwaitable => {
                        save!();
                        let value = check!(generators::awaitable(o!(i.b()), i.c()));
                        regs.write(i.a() as usize, value);
                        regs.write(i.a() as usize + 1, taipan_objects::singletons::none());
                        next!();
                    }
                    Op::YieldFrom => {
                        save!();
                        let a = i.a() as usize;
                        let mut sent =
                            Some(regs.take(a + 1).unwrap_or_else(taipan_objects::singletons::none));
                        let receiver = o!(a);
                        if check!(generators::push_idle(thread, receiver, Kind::GeneratorSend, &mut sent, 0))
                        {
                            reload!();
                            continue;
                        }
                        let value = sent.unwrap_or_else(taipan_objects::singletons::none);
                        match check!(generators::send(o!(a), value)) {
                            Sent::Returned(value) => {
                                regs.clear(a);
                                regs.write(i.b() as usize, value);
                                next!();
                            }
                            Sent::Yielded(value) => {
                                check!(watcher.yielding(thread, &value));
                                match generators::yield_through(thread, value) {
                                    generators::Through::Native(value) => return Ok(value),
                                    generators::Through::Awaited => {
                                        reload!();
                                        pc += 1;
                                        continue;
                                    }
                                    generators::Through::Loop(value) => {
                                        reload!();
                                        let target = word_at(instrs, pc + 1).a() as usize;
                                        regs.write(target, value);
                                        pc += 2;
                                        continue;
                                    }
                                }
                            }
                        }
                    }
                    Op::GetAIter => {
                        save!();
                        let value = check!(generators::get_aiter(o!(i.b())));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::GetANext => {
                        save!();
                        let value = check!(generators::get_anext(o!(i.b())));
                        regs.write(i.a() as usize, value);
                        regs.write(i.a() as usize + 1, taipan_objects::singletons::none());
                        next!();
                    }
                    Op::EndAsyncFor => {
                        save!();
                        if exception::end_async_for() {
                            regs.clear(i.a() as usize);
                            next!();
                        }
                        unwind::suppress_traceback_entry();
                        break 'exec;
                    }
                    Op::AsyncGenWrap => {
                        let value =
                            taipan_objects::generator::PyAsyncGenWrapped::new(o!(i.b()).clone()).into_obj();
                        regs.write(i.a() as usize, value);
                        next!();
                    }

                    Op::MatchSequence => {
                        let matches = pattern::is_sequence(o!(i.b()));
                        regs.write(i.a() as usize, bool_obj(matches));
                        next!();
                    }
                    Op::MatchMapping => {
                        let matches = pattern::is_mapping(o!(i.b()));
                        regs.write(i.a() as usize, bool_obj(matches));
                        next!();
                    }
                    Op::MatchKeys => {
                        save!();
                        let value = check!(pattern::match_keys(o!(i.b()), o!(i.c())));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::MatchClass => {
                        save!();
                        let names = word_at(instrs, pc + 1);
                        let keywords = &code.consts[names.arg32() as usize];
                        let value =
                            check!(pattern::match_class(o!(i.b()), o!(i.c()), names.a() as usize, keywords));
                        regs.write(i.a() as usize, value);
                        pc += 2;
                    }
                    Op::GetLen => {
                        save!();
                        let len = check!(protocol::len(o!(i.b())));
                        regs.write(i.a() as usize, taipan_objects::construct::int_obj(len as i64));
                        next!();
                    }

                    Op::ImportName => {
                        save!();
                        let value =
                            check!(rare::import_name(code, frame_mut(fp), i.b() as usize, i.c() as usize));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::ImportFrom => {
                        save!();
                        let value =
                            check!(rare::import_from(code, pc, o!(i.b()), &code.names[i.c() as usize]));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::ImportStar => {
                        save!();
                        check!(rare::import_star(o!(i.a()), frame_mut(fp)));
                        next!();
                    }
                    Op::SetupAnnotations => {
                        save!();
                        check!(rare::setup_annotations(frame_mut(fp)));
                        next!();
                    }
                    Op::CallIntrinsic1 => {
                        save!();
                        let value = check!(rare::intrinsic_1(i.c(), o!(i.b())));
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::IsBuiltin => {
                        let b = i.b() as usize;
                        let taken = !W::ACTIVE && consume::is_builtin(o!(b), regs.get(b + 1), i.c());
                        regs.write(i.a() as usize, bool_obj(taken));
                        next!();
                    }
                    Op::Fold => {
                        save!();
                        let value = taken!(i.b());
                        check!(consume::fold(regs, i.a() as usize, value, i.c()));
                        next!();
                    }
                    Op::FoldEnd => {
                        save!();
                        check!(consume::fold_end(regs, i.a() as usize, i.b()));
                        next!();
                    }
                    Op::StopToError => {
                        save!();
                        consume::leave_generator(thread, code, pc, regs, i);
                        next!();
                    }
                    Op::Extension => {
                        save!();
                        let (a, c) = (i.a() as usize, i.c() as usize);
                        let value = check!(crate::extension::execute(code, pc, i.b() as usize, regs, a, c));
                        regs.write(a, value);
                        next!();
                    }
                    Op::CallIntrinsic2 => {
                        save!();
                        let b = i.b() as usize;
                        let value = check!(rare::intrinsic_2(i.c(), o!(b), o!(b + 1)));
                        regs.clear(b);
                        regs.clear(b + 1);
                        regs.write(i.a() as usize, value);
                        next!();
                    }
                    Op::ExtendedArg => {
                        save!();
                        match check!(rare::extended(
                            thread,
                            code,
                            regs,
                            frame_mut(fp),
                            i,
                            word_at(instrs, pc + 1)
                        )) {
                            Called::Value(_) => pc += 2,
                            Called::Pushed => reload!(),
                        }
                    }
                }
            }
        }
        // An exception is on its way, or the loop is to be changed.
        save!();
        if thread.tracing.is_switching() {
            return Err(Raised);
        }
        match unwind::unwind(thread, &mut watcher) {
            Unwound::Handler => reload!(),
            Unwound::Exit => return Err(Raised),
        }
    }
}
