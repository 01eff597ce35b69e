//! Instructions that are done by a function which writes what there is to write itself: items added to sets and dicts, closures, exceptions that are caught,
//! the truth of what needs to be asked.
//!
//! The functions are apart, because their locals live in memory: see the module above.

use taipan_bytecode::Instr;
use taipan_objects::Obj;
use taipan_objects::code::Word;
use taipan_objects::construct::int_obj;
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::protocol;
use taipan_objects::singletons::bool_obj;

use super::values::{frame, o};
use super::{Exit, State, calls, handlers};
use crate::frame::Frame;
use crate::interpreter::call::{self, Called};
use crate::interpreter::ops::{arithmetic, attribute, build, exception, intrinsics, iteration, name, rare};
use crate::registers::Regs;
use crate::thread::VmThread;

/// The value of a `T` operand, whose register is not empty: moved out or copied.
pub(crate) fn taken(regs: Regs, operand: u16) -> Obj {
    let (register, take) = Instr::split_take(operand);
    let copy = || regs.obj(register as usize).clone();
    if take { regs.take(register as usize).unwrap_or_else(copy) } else { copy() }
}

/// `name: operands; taken operands |frame, registers, instruction| result;` where the registers of the operands must not be empty.
macro_rules! actions {
    ($($name:ident: $($operand:ident)*; $($taken:ident)* |$fp:ident, $regs:ident, $i:ident| $action:expr;)*) => {
        handlers! {
            $(
                $name(s, i) {
                    $(if s.value(i.$operand()).is_empty() {
                        return s.leave();
                    })*
                    $(if s.value(Instr::split_take(i.$taken()).0).is_empty() {
                        return s.leave();
                    })*
                    s.save();
                    match apart::$name(s.fp, s.regs, i) {
                        Ok(()) => s.next(1),
                        Err(Raised) => Exit::Raised,
                    }
                }
            )*
        }
        pub(crate) mod apart {
            use super::*;
            $(
                #[inline(never)]
                pub(crate) fn $name($fp: *mut Frame, $regs: Regs, $i: &Word) -> PyResult<()> {
                    $action
                }
            )*
        }
    };
}

/// Writes the result to the instruction's first register.
fn written(regs: Regs, i: &Word, value: Obj) -> PyResult<()> {
    regs.write(i.a() as usize, value);
    Ok(())
}

actions! {
    set_add_any: a; b |_fp, regs, i| build::set_add(o(regs, i.a()), taken(regs, i.b()));
    map_add_any: a; b c |_fp, regs, i| {
        let key = taken(regs, i.b());
        build::map_add(o(regs, i.a()), key, taken(regs, i.c()))
    };
    list_extend: a b; |_fp, regs, i| build::list_extend(o(regs, i.a()), o(regs, i.b()));
    delete_subscr: a b; |_fp, regs, i| protocol::delitem(o(regs, i.a()), o(regs, i.b()));
    set_update: a b; |_fp, regs, i| build::set_update(o(regs, i.a()), o(regs, i.b()));
    dict_update: a b; |_fp, regs, i| build::dict_update(o(regs, i.a()), o(regs, i.b()));
    dict_merge: b; |_fp, regs, i| build::merge_keywords(regs, i.a(), i.b(), i.c());
    list_to_tuple: b; |_fp, regs, i| build::list_to_tuple(o(regs, i.b())).and_then(|tuple| written(regs, i, tuple));
    convert_value: b; |_fp, regs, i| build::convert(o(regs, i.b()), i.c()).and_then(|text| written(regs, i, text));
    invert: b; |_fp, regs, i| protocol::invert(o(regs, i.b())).and_then(|value| written(regs, i, value));
    get_len: b; |_fp, regs, i| protocol::len(o(regs, i.b())).and_then(|len| written(regs, i, int_obj(len as i64)));
    to_bool: b; |_fp, regs, i| truth(o(regs, i.b())).and_then(|truth| written(regs, i, bool_obj(truth)));
    not_any: b; |_fp, regs, i| truth(o(regs, i.b())).and_then(|truth| written(regs, i, bool_obj(!truth)));
    copy_free_vars: ; |fp, regs, i| name::copy_free_vars(frame(fp), regs, i.a() as usize, i.b() as usize);
    set_function_attribute: a; b |_fp, regs, i| rare::set_function_attribute(o(regs, i.a()), taken(regs, i.b()), i.c());
    store_global: ; a |fp, regs, i| {
        let frame = frame(fp);
        let value = taken(regs, i.a());
        name::store_global(frame.code(), frame, i.b() as usize, value)
    };
    load_name: ; |fp, regs, i| {
        let frame = frame(fp);
        let value = name::load_name(frame.code(), frame.pc() as usize, frame, i.b() as usize)?;
        written(regs, i, value)
    };
    store_name: ; a |fp, regs, i| {
        let frame = frame(fp);
        let value = taken(regs, i.a());
        name::store_name(frame.code(), frame, i.b() as usize, value)
    };
    import_name: ; |fp, regs, i| {
        let frame = frame(fp);
        let module = rare::import_name(frame.code(), frame, i.b() as usize, i.c() as usize)?;
        written(regs, i, module)
    };
    import_from_any: b; |fp, regs, i| {
        let (code, pc) = (frame(fp).code(), frame(fp).pc() as usize);
        let value = rare::import_from(code, pc, o(regs, i.b()), &code.names[i.c() as usize])?;
        written(regs, i, value)
    };
    load_special: ; |fp, regs, i| {
        let frame = frame(fp);
        attribute::load_special(frame.code(), frame.pc() as usize, regs, i.a() as usize, i.b() as usize, i.c())
    };
    unpack_ex: ; b |_fp, regs, i| {
        let (register, take) = Instr::split_take(i.b());
        let source = take.then_some(register as usize);
        iteration::unpack_ex(regs, i.a() as usize, o(regs, register), i.c(), source)
    };
    push_exc_info: ; |_fp, regs, i| {
        let (saved, exception) = exception::push_info();
        regs.write(i.a() as usize, saved);
        regs.write(i.b() as usize, exception);
        Ok(())
    };
    pop_except: ; |_fp, regs, i| {
        exception::pop_info(regs.take(i.a() as usize));
        Ok(())
    };
    check_exc_match: b c; |_fp, regs, i| {
        let matches = exception::matches(o(regs, i.b()), o(regs, i.c()))?;
        written(regs, i, bool_obj(matches))
    };
    raise: ; a |_fp, regs, i| {
        exception::raise(taken(regs, i.a()));
        Err(Raised)
    };
}

/// The truth of anything.
fn truth(value: &Obj) -> PyResult<bool> {
    match arithmetic::quick_truth(value).or_else(|| intrinsics::truth(value)) {
        Some(truth) => Ok(truth),
        None => protocol::is_true(value),
    }
}

/// [`truth`] of a register.
#[inline(never)]
pub(crate) fn truth_of(regs: Regs, register: u16) -> PyResult<bool> {
    truth(o(regs, register))
}

#[inline(never)]
fn spread(thread: &'static VmThread, regs: Regs, i: &Word) -> PyResult<Called> {
    call::call_ex(thread, regs, i.a() as usize, i.c())
}

handlers! {
    import_from(s, i) {
        match attribute::only_of_module(s.cache(), s.value(i.b())) {
            Some(value) => s.write_obj(i.a(), value, 1),
            None => import_from_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    call_ex(s, i) {
        s.save();
        calls::called(s, spread(s.thread, s.regs, i), i.c(), 1)
    }
}

/// Goes on behind a jump on the truth of register `a`, which needs to be asked.
#[inline(always)]
fn jump_on(s: State, i: &Word, when: bool, pop: bool) -> Exit {
    if s.value(i.a()).is_empty() {
        return s.leave();
    }
    s.save();
    match truth_of(s.regs, i.a()) {
        Ok(truth) if truth == when && pop => s.clear_and_jump(i.a()),
        Ok(truth) if truth == when => s.jump(),
        Ok(_) if pop => s.write(i.a(), taipan_objects::Value::EMPTY, 1),
        Ok(_) => s.next(1),
        Err(Raised) => Exit::Raised,
    }
}

macro_rules! jumps {
    ($($name:ident $when:literal $pop:literal;)*) => {
        handlers! { $(#[inline(never)] $name(s, i) { jump_on(s, i, $when, $pop) })* }
    };
}

jumps! {
    jump_if_false_any false false;
    jump_if_true_any true false;
    pop_jump_if_false_any false true;
    pop_jump_if_true_any true true;
}
