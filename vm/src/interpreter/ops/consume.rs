//! What loops that stand for a call with a generator expression do (`vm/compiler/src/lower/consume.rs`).

use taipan_bytecode::Consumer;
use taipan_objects::construct::str_obj;
use taipan_objects::error::*;
use taipan_objects::exceptions::PyBaseException;
use taipan_objects::native_function::PyNativeFunction;
use taipan_objects::protocol;
use taipan_objects::singletons::none;
use taipan_objects::type_object::{CompareOp, class_of};
use taipan_objects::types::types;
use taipan_objects::{Obj, Value};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use crate::builtins::sums;
use crate::registers::Regs;

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

/// PEP 479 for an exception in a register.
pub fn stop_to_error(regs: Regs, a: usize) {
    let Some(stop) = regs.get(a).filter(|e| class_of(e).is_subtype(&types().stop_iteration)) else { return };
    let error =
        PyBaseException::create(&types().runtime_error, vec![str_obj("generator raised StopIteration")]);
    if let (Some(new), Some(old)) = (error.downcast::<PyBaseException>(), stop.downcast::<PyBaseException>())
    {
        new.set_cause(Some(stop.clone()));
        new.set_context(Some(stop.clone()));
        new.set_traceback(old.traceback().map(protocol::IntoStrong::into_strong));
    }
    regs.write(a, error);
}
