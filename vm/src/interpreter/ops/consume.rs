//! What loops that stand for a call with a generator expression do (`vm/compiler/src/lower/consume.rs`).

use taipan_bytecode::{Consumer, Instr, Op};
use taipan_objects::code::PyCode;
use taipan_objects::construct::str_obj;
use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::frame::PyFrame;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::none;
use taipan_objects::traceback::PyTraceback;
use taipan_objects::type_object::{CompareOp, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Py, Value};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::builtins::sums;
use crate::frame::object_of;
use crate::registers::Regs;
use crate::thread::VmThread;

/// How the built-in callable of each consumer is known: the address of the class or method, or of the table's row that describes the function. 0: not
/// asked for yet.
static KEYS: [AtomicUsize; Consumer::COUNT] = [const { AtomicUsize::new(0) }; Consumer::COUNT];

fn key(callable: &Obj) -> usize {
    match callable.downcast::<PyNativeFunction>() {
        Some(function) => std::ptr::from_ref(function.def).addr(),
        None => callable.value().counted().bits() as usize,
    }
}

/// Whether the callable is known to be the built-in one already.
#[inline]
pub fn is_known(callable: &Obj, consumer: u16) -> bool {
    KEYS.get(consumer as usize).is_some_and(|known| known.load(Ordering::Relaxed) == key(callable))
}

/// Whether `callable` is the built-in one, in front of the receiver if it is a method.
#[cold]
pub fn is_builtin(callable: &Obj, receiver: Option<&Obj>, number: u16) -> bool {
    let Some(consumer) = Consumer::from_u16(number) else { return false };
    let t = types();
    let same = match consumer {
        Consumer::List => callable.is(t.list.as_obj()),
        Consumer::Set => callable.is(t.set.as_obj()),
        Consumer::Dict => callable.is(t.dict.as_obj()),
        Consumer::Tuple => callable.is(t.tuple.as_obj()),
        Consumer::Join => {
            return receiver.is_some_and(|receiver| class_of(receiver).is(&t.str))
                && t.str.lookup_name("join").is_some_and(|join| join.is(callable));
        }
        _ => callable.downcast::<PyNativeFunction>().is_some_and(|function| {
            let name = consumer.name();
            crate::builtins::row(name).is_some_and(|row| std::ptr::eq(row, function.def))
        }),
    };
    if same {
        KEYS[consumer as usize].store(key(callable), Ordering::Relaxed);
    }
    same
}

/// Adds a value to what is in register `a`, with the help of the next one.
pub fn fold(regs: Regs, a: usize, value: Obj, consumer: u16) -> PyResult<()> {
    let order = match Consumer::from_u16(consumer) {
        Some(Consumer::Min) => CompareOp::Lt,
        Some(Consumer::Max) => CompareOp::Gt,
        _ => {
            let total = regs.take(a).unwrap_or_else(none);
            let (total, rest) = sums::add(total, regs.take(a + 1), value)?;
            regs.write(a, total);
            match rest {
                Some(rest) => regs.write(a + 1, rest),
                None => regs.clear(a + 1),
            }
            return Ok(());
        }
    };
    let better = match regs.get(a) {
        None => true,
        Some(best) => protocol::compare_bool(&value, best, order)?,
    };
    if better {
        regs.write(a, value);
    }
    Ok(())
}

/// [`fold`] of numbers that are in the words themselves; the new content of the two registers.
#[inline]
pub fn fold_words(total: Value, rest: Value, value: Value, consumer: u16) -> Option<(Value, Value)> {
    if consumer == Consumer::Sum as u16 {
        if total.both_int(value) && rest.is_empty() {
            return Some((Value::from_int(total.as_int() + value.as_int())?, Value::EMPTY));
        }
        if total.is_float() && value.is_float() && rest.is_float() {
            let (high, low) = sums::compensated(total.as_float(), rest.as_float(), value.as_float());
            return Some((Value::from_float(high), Value::from_float(low)));
        }
        return None;
    }
    if total.is_empty() {
        return None;
    }
    let less = if total.both_int(value) {
        (value.as_int() < total.as_int(), value.as_int() > total.as_int())
    } else if total.is_float() && value.is_float() {
        (value.as_float() < total.as_float(), value.as_float() > total.as_float())
    } else {
        return None;
    };
    let better = if consumer == Consumer::Min as u16 { less.0 } else { less.1 };
    Some((if better { value } else { total }, Value::EMPTY))
}

/// The result of a fold, into register `a`.
pub fn fold_end(regs: Regs, a: usize, number: u16) -> PyResult<()> {
    let consumer = Consumer::from_u16(number);
    let rest = regs.take(a + 1);
    if consumer == Some(Consumer::Sum) {
        let total = regs.take(a).unwrap_or_else(none);
        regs.write(a, sums::total(total, rest));
    } else if regs.get(a).is_none() {
        let name = consumer.map_or("", Consumer::name);
        return Err(value_error(format!("{name}() iterable argument is empty")));
    }
    Ok(())
}

/// The exception in register `a` leaves a loop that stands for a generator. The generator has an entry of its own in the traceback, unless the
/// consumer raised it; a `StopIteration` becomes what it does in a generator.
#[cold]
pub fn leave_generator(thread: &VmThread, code: &PyCode, pc: usize, regs: Regs, instr: Instr) {
    let a = instr.a() as usize;
    let Some(exception) = regs.get(a).cloned().map(IntoStrong::into_strong) else { return };
    let Some(e) = exception.downcast::<PyBaseException>() else { return };
    let traceback = e.traceback().map(IntoStrong::into_strong);
    let caller = object_of(thread.innermost());
    let inner = traceback.as_ref().and_then(|t| entry_of_generator(&caller, code, instr, t));
    let line = code.line_of(pc) as i32;
    let outer =
        |next: Option<Obj>| PyTraceback::new(next, caller.clone().into_obj(), pc as i32, line).into_obj();
    if !class_of(&exception).is_subtype(&types().stop_iteration) {
        if let Some(inner) = inner {
            e.set_traceback(Some(outer(inner)));
        }
        return;
    }
    let error =
        PyBaseException::create(&types().runtime_error, vec![str_obj("generator raised StopIteration")]);
    if let Some(new) = error.downcast::<PyBaseException>() {
        new.set_cause(Some(exception.clone()));
        new.set_context(Some(exception.clone()));
        match inner {
            Some(inner) => {
                e.set_traceback(inner);
                new.set_traceback(Some(outer(None)));
            }
            None => new.set_traceback(traceback),
        }
    }
    regs.write(a, error);
}

/// The entry of the generator in place of the outermost one of `traceback`, the caller's; only what is behind it if the consumer raised
/// the exception.
fn entry_of_generator(
    caller: &Py<PyFrame>,
    code: &PyCode,
    instr: Instr,
    traceback: &Obj,
) -> Option<Option<Obj>> {
    let entry =
        traceback.downcast::<PyTraceback>().filter(|e| e.frame().is_some_and(|f| f.is(caller.as_obj())))?;
    let at = entry.instruction() as usize;
    let raising = code.instr(at);
    let collects = matches!(raising.op(), Some(Op::Fold | Op::SetAdd | Op::MapAdd));
    if collects && raising.a() == instr.c() {
        return Some(entry.next());
    }
    let generator = code.constants().get(instr.b() as usize)?.clone().into_py::<PyCode>().ok()?;
    let (place, here) = (code.unit.positions.get(at)?, &generator.unit.positions);
    let same = (0..generator.instrs().count()).find(|i| here.get(*i).is_some_and(|p| p == place))?;
    let frame = PyFrame::new(
        generator.clone(),
        caller.globals.clone(),
        caller.builtins.clone(),
        None,
        std::ptr::null_mut(),
        same as u32,
    );
    let entry = PyTraceback::new(entry.next(), frame.into_obj(), same as i32, place.line as i32);
    Some(Some(entry.into_obj()))
}
