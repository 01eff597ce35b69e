//! Calls whose arguments are put in order where they lie: keywords, defaults and surplus arguments of ordinary functions.
//!
//! Invariant: nothing is moved before it is clear that the call binds; whatever does not bind, or is rare, is left as it was
//! for the general way (`bind.rs`), which also words the errors.

use smallvec::SmallVec;
use taipan_bytecode::flags;
use taipan_objects::code::PyCode;
use taipan_objects::construct::tuple_obj;
use taipan_objects::dict::PyDict;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::singletons::none;
use taipan_objects::str::{PyStr, intern};
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Value};

use super::{Kind, VmThread, push_frame};
use crate::registers::Regs;

/// More parameters than this go the general way.
const MAX_PARAMETERS: usize = 64;

/// How the parameters get their values.
#[derive(Default)]
struct Plan {
    /// Parameter of each keyword argument, in their order.
    keywords: SmallVec<[u16; 8]>,
    /// Parameters that take their default, with it.
    defaults: SmallVec<[(u16, Obj); 8]>,
}

fn plan(function: &PyFunction, code: &PyCode, positional: usize, names: &[Obj]) -> Option<Plan> {
    let unit = &*code.unit;
    let argcount = unit.argcount as usize;
    let named = argcount + unit.kwonlyargcount as usize;
    let surplus = positional > argcount && code.flags & flags::CO_VARARGS == 0;
    if named > MAX_PARAMETERS || surplus || code.flags & flags::CO_VARKEYWORDS != 0 && !names.is_empty() {
        return None;
    }
    let mut plan = Plan::default();
    let mut filled: u64 = match positional.min(argcount) {
        64 => u64::MAX,
        count => (1 << count) - 1,
    };
    for name in names {
        let text = name.downcast::<PyStr>()?;
        let place = (unit.posonlyargcount as usize..named).find(|i| text.eq_str(&unit.varnames[*i]))?;
        if filled & 1 << place != 0 {
            return None;
        }
        filled |= 1 << place;
        plan.keywords.push(place as u16);
    }
    if positional < argcount {
        let defaults = function.defaults.load();
        let defaults =
            defaults.as_ref().and_then(|d| d.downcast::<PyTuple>()).map_or(&[][..], |d| d.as_slice());
        for place in (positional..argcount).filter(|place| filled & 1 << place == 0) {
            let value = defaults.get((place + defaults.len()).checked_sub(argcount)?)?;
            plan.defaults.push((place as u16, value.clone().into_strong()));
        }
    }
    if (argcount..named).any(|place| filled & 1 << place == 0) {
        let defaults = function.kwdefaults.load()?;
        let defaults = defaults.downcast::<PyDict>()?;
        for place in (argcount..named).filter(|place| filled & 1 << place == 0) {
            let name = intern(&unit.varnames[place]);
            // An error here is found again, and raised, the general way.
            let value = defaults.get_str(&name)?;
            plan.defaults.push((place as u16, value.into_strong()));
        }
    }
    Some(plan)
}

/// Stores an argument: below the top of the stack there may be something to drop, above it is empty. Dropping may run Python code in frames above
/// the top, so what lies higher comes later.
#[inline(always)]
fn put(thread: &VmThread, regs: Regs, at: usize, value: Obj) {
    if regs.at(at) < thread.top.get() {
        regs.write(at, value);
    } else {
        regs.put(at, value.into_value());
    }
}

/// Calls the Python function with `nargs` arguments from register `first`, the last of them named `names`; `None` if it is not so simple.
#[allow(clippy::too_many_arguments)]
pub(super) fn push(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    first: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
) -> Option<PyResult<()>> {
    let window = regs.at(first);
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    if code.is_generator_like() || in_generator || window.wrapping_add(code.nregs as usize) >= thread.limit()
    {
        return None;
    }
    let positional = nargs - names.len();
    let plan = plan(function, code, positional, names)?;
    let unit = &*code.unit;
    let argcount = unit.argcount as usize;
    // Counted, because nobody visits them here.
    let take = |at: usize| regs.take(at).map_or_else(none, Obj::into_strong);
    let keywords: SmallVec<[Obj; 8]> = (positional..nargs).map(|i| take(first + i)).collect();
    let surplus: SmallVec<[Obj; 8]> =
        (argcount.min(positional)..positional).map(|i| take(first + i)).collect();
    // The rest of the window may hold the caller's dead temporaries. What comes now drops nothing.
    let mut register = first + positional.min(argcount);
    while register < first + code.nparams as usize && regs.at(register) < thread.top.get() {
        regs.clear(register);
        register += 1;
    }
    let mut next = argcount + unit.kwonlyargcount as usize;
    if code.flags & flags::CO_VARARGS != 0 {
        regs.put(first + next, tuple_obj(surplus.into_vec()).into_value());
        next += 1;
    }
    if code.flags & flags::CO_VARKEYWORDS != 0 {
        regs.put(first + next, PyDict::new().into_obj().into_value());
    }
    for (place, value) in plan.keywords.into_iter().zip(keywords) {
        regs.put(first + place as usize, value.into_value());
    }
    for (place, value) in plan.defaults {
        regs.put(first + place as usize, value.into_value());
    }
    Some(pushed(thread, function, code, regs, first, ret))
}

/// Calls the Python function with the items of `arguments`, its window beginning at register `first`; `None` if that does not just fit.
pub(super) fn push_items(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    first: usize,
    arguments: &[Obj],
    ret: u16,
) -> Option<PyResult<()>> {
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    if !code.simple
        || arguments.len() != code.nparams as usize
        || in_generator
        || regs.at(first).wrapping_add(code.nregs as usize) >= thread.limit()
    {
        return None;
    }
    for (i, argument) in arguments.iter().enumerate() {
        put(thread, regs, first + i, argument.clone().into_strong());
    }
    Some(pushed(thread, function, code, regs, first, ret))
}

fn pushed(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    first: usize,
    ret: u16,
) -> PyResult<()> {
    let filled = code.nparams as usize;
    let result = push_frame(thread, function, code, regs.at(first), filled, ret, Kind::Call, Value::EMPTY);
    if result.is_err() {
        regs.clear_range(first, first + filled);
    }
    result
}
