//! `f(*arguments, **keywords)`: the arguments are written where an ordinary call finds them, if the callee is written in Python.

use smallvec::SmallVec;
use taipan_objects::argument::Args;
use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::none;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::exact_tuple;
use taipan_objects::type_object::class_of;
use taipan_objects::{Obj, Value};

use super::direct::{MOST, push_bound_here};
use super::{Called, bind_at, function_code, make_generator, own_callee, push_frame};
use crate::frame::Kind;
use crate::registers::Regs;
use crate::thread::VmThread;

/// Calls a function that is written in Python, or a method, with the items of a tuple and of a dict. `None`, with nothing changed but the registers from `base` on emptied, for
/// others, and if the arguments do not fit.
fn push_spread(
    thread: &'static VmThread,
    callable: &Obj,
    arguments: &Obj,
    keywords: Option<&Obj>,
    regs: Regs,
    base: usize,
    ret: u16,
) -> Option<PyResult<Called>> {
    let (function, receiver) = match callable.downcast::<PyBoundMethod>() {
        Some(method) => (method.function.downcast::<PyFunction>()?, Some(&method.receiver)),
        None => (callable.downcast::<PyFunction>()?, None),
    };
    let positional = exact_tuple(arguments)?.as_slice();
    let code = function_code(function);
    let keywords = match keywords {
        Some(keywords) => Some(exact_dict(keywords)?),
        None => None,
    };
    if code.is_generator_like() {
        return None;
    }
    // The window of a generator is its own: nothing can lie behind it.
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    let (regs, base) = if in_generator { (Regs::new(thread.top.get()), 0) } else { (regs, base) };
    let first = base + 2;
    let given = positional.len() + receiver.is_some() as usize;
    let most = (given + MOST).max(code.nregs as usize);
    if regs.at(first).wrapping_add(most) >= thread.limit() {
        return None;
    }
    // Before there are arguments above the top of the stack, where code that runs now has its frames.
    for at in (base..first + most).take_while(|at| regs.at(*at) < thread.top.get()) {
        regs.clear(at);
    }
    let mut names: SmallVec<[Obj; MOST]> = SmallVec::new();
    let mut fits = true;
    if let Some(keywords) = keywords {
        // First, because waiting for the lock may reach a safepoint.
        keywords.for_each_at_once(|name, value| {
            // An interned string lives forever.
            fits = fits && names.len() < MOST && name.downcast::<PyStr>().is_some_and(PyStr::is_interned);
            if fits {
                regs.put(first + given + names.len(), value.into_counted());
                names.push(name);
            }
        });
    }
    for (at, word) in (first..).zip(receiver.into_iter().chain(positional)) {
        regs.put(at, word.clone().into_strong().into_value());
    }
    let count = given + names.len();
    if fits && names.is_empty() && count == code.plain() as usize {
        let (window, callee) = (regs.at(first), own_callee(function));
        let pushed = push_frame(thread, function, code, window, count, ret, Kind::Call, callee, Value::EMPTY);
        if pushed.is_err() {
            regs.clear_range(first, first + count);
        }
        return Some(pushed.map(|()| Called::Pushed));
    }
    regs.put(base, own_callee(function));
    let pushed = if fits {
        push_bound_here(thread, function, code, regs, base, first, count, &names, ret, Kind::Call)
    } else {
        None
    };
    if pushed.is_none() {
        regs.clear(base);
        regs.clear_range(first, first + count);
    }
    pushed
}

/// `CALL_EX`.
pub fn call_ex(thread: &'static VmThread, regs: Regs, base: usize, ret: u16) -> PyResult<Called> {
    let callable = regs.take(base).map_or_else(none, Obj::into_strong);
    regs.clear(base + 1);
    // Counted: what follows may reach safepoints.
    let iterable = regs.take(base + 2).map_or_else(none, Obj::into_strong);
    let keywords = regs.take(base + 3);
    let keywords = keywords.filter(|keywords| exact_dict(keywords).is_none_or(|dict| !dict.is_empty()));
    if let Some(called) = push_spread(thread, &callable, &iterable, keywords.as_ref(), regs, base, ret) {
        return called;
    }
    let collected;
    let positional: &[Obj] = match exact_tuple(&iterable) {
        Some(tuple) => tuple.as_slice(),
        None => {
            let class = class_of(&iterable);
            if class.slots.iter().is_none() && class.slots.getitem().is_none() {
                return Err(type_error(format!(
                    "{} argument after * must be an iterable, not {}",
                    crate::interpreter::ops::build::function_text(Some(&callable)),
                    class.name()
                )));
            }
            collected = protocol::collect(&iterable)?;
            &collected
        }
    };
    let (mut names, mut values) = (Vec::new(), Vec::new());
    if let Some(keywords) = keywords {
        let plain = exact_dict(&keywords).map(|dict| dict.snapshot());
        let merged = match plain {
            Some(items)
                if items.iter().all(|(name, _)| crate::interpreter::ops::arithmetic::is_exact_str(name)) =>
            {
                items
            }
            _ => {
                let dict = PyDict::new();
                crate::interpreter::ops::build::dict_merge(dict.as_obj(), &keywords, Some(&callable))?;
                dict.snapshot()
            }
        };
        for (name, value) in merged {
            if !name.is_layout::<PyStr>() {
                return Err(type_error("keywords must be strings"));
            }
            names.push(name);
            values.push(value);
        }
    }
    let args = Args::with_keywords(positional, &names, &values);
    let (function_obj, receiver) = match callable.downcast::<PyBoundMethod>() {
        Some(method) => (method.function.clone(), Some(method.receiver.clone())),
        None => (callable.clone(), None),
    };
    if let Some(function) = function_obj.downcast::<PyFunction>() {
        let mut with_self;
        let args = match receiver {
            Some(receiver) => {
                with_self = vec![receiver];
                with_self.extend(positional.iter().cloned());
                Args::with_keywords(&with_self, &names, &values)
            }
            None => args,
        };
        let code = function_code(function);
        if code.is_generator_like() {
            return make_generator(function, code, &args).map(Called::Value);
        }
        return bind_at(thread, function, code, regs, base + 2, &args, ret);
    }
    protocol::call_args(&callable, &args).map(|v| Called::Value(v.into_strong()))
}
