//! Binding in place: calls with keywords, defaults or a variable number of arguments, of which most are where the callee wants them already.

use smallvec::SmallVec;
use taipan_bytecode::flags;
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Value};

use super::{Called, Kind, VmThread, drop_stale, move_to_top, push_frame, take_callee};
use crate::registers::Regs;

/// Most keyword arguments that are bound in place.
pub(super) const MOST: usize = 16;
/// The place of a keyword argument that goes into the dict of the others.
const OTHER: u8 = u8::MAX;

/// Pushes the frame of the function in register `base`, whose parameters are in their places from register `first` on.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn push_bound_frame(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    ret: u16,
    kind: Kind,
) -> PyResult<Called> {
    let count = code.nparams as usize;
    let callee = take_callee(regs, base, function);
    let result = push_frame(thread, function, code, regs.at(first), count, ret, kind, callee, Value::EMPTY);
    if result.is_err() {
        regs.clear_range(first, first + count);
    }
    result.map(|()| Called::Pushed)
}

/// Calls the function in register `base` with the `given` arguments from register `first` and its defaults for the parameters behind them: there are no others. `None`,
/// with nothing changed, if there are not enough.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn push_with_defaults(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    given: usize,
    ret: u16,
    kind: Kind,
) -> Option<PyResult<Called>> {
    let count = code.nparams as usize;
    let missing = count.checked_sub(given)?;
    let defaults = function.defaults.load()?;
    let defaults = defaults.downcast::<PyTuple>()?.as_slice();
    let defaults = &defaults[defaults.len().checked_sub(missing)?..];
    // What earlier instructions left behind is dropped when the frame stands: that may run code, which may give the function another one.
    let mut former: SmallVec<[Value; 8]> = SmallVec::new();
    for (at, value) in (given..).zip(defaults) {
        if regs.at(first + at) < thread.top.get() {
            former.push(regs.take_value(first + at));
        }
        regs.put(first + at, value.clone().into_value());
    }
    let result = push_bound_frame(thread, function, code, regs, base, first, ret, kind);
    former.into_iter().filter(|word| word.is_counted()).for_each(crate::frame::drop_value);
    Some(result)
}

/// Calls the function in register `base` with the `nargs` arguments from register `first`, the last of them named `names`: moves the named ones to their places, fills
/// the rest with defaults, and puts those that have no place into the tuple and dict that may take them. `None`, with nothing changed, if that
/// is not enough, for the general way or its error.
///
/// The window of a generator's frame is its own, and nothing lies behind it: there the call is first moved to the top of the stack.
#[allow(clippy::too_many_arguments)]
pub fn push_bound(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    kind: Kind,
) -> Option<PyResult<Called>> {
    if code.is_generator_like() && kind != Kind::Eager {
        return None;
    }
    // SAFETY: the innermost frame is live.
    if !unsafe { &*thread.innermost() }.is_generator() {
        return push_bound_here(thread, function, code, regs, base, first, nargs, names, ret, kind);
    }
    if first == base + 2 {
        regs.clear(base + 1);
    }
    let (top, count) = (Regs::new(thread.top.get()), first - base + nargs);
    if top.at(count) >= thread.limit() {
        return None;
    }
    // No code runs until the frame is pushed, or the call is where it was: nobody looks above the top of the stack.
    move_to_top(thread, regs, base, count);
    let pushed = push_bound_here(thread, function, code, top, 0, first - base, nargs, names, ret, kind);
    if pushed.is_none() {
        for at in 0..count {
            regs.put(base + at, top.take_value(at));
        }
    }
    pushed
}

/// Empties those registers behind `first`, of parameters behind the arguments, that hold what earlier instructions left: above the top of the stack everything is empty.
#[inline(always)]
fn drop_behind(
    thread: &VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    first: usize,
    parameters: std::ops::Range<usize>,
) {
    for at in parameters.filter(|at| regs.at(first + at) < thread.top.get()) {
        let old = regs.take_value(first + at);
        if old.is_counted() {
            drop_stale(function, code, old);
        }
    }
}

/// The place of each of the `names` among the parameters that can be named, and which of the parameters have an argument then, the first `given` included, as a
/// mask. `None` if one of them has an argument already, or has no place: with `others` it is [`OTHER`] then.
#[inline(always)]
fn places_of(code: &PyCode, names: &[Obj], given: usize, others: bool) -> Option<([u8; MOST], u64)> {
    let mut places = [OTHER; MOST];
    let mut filled: u64 = (1 << given) - 1;
    let parameters = code.parameters();
    let first_named = code.unit.posonlyargcount as usize;
    for (offset, name) in names.iter().enumerate() {
        // Mostly they are in the order of the parameters.
        let likely = given + offset;
        let at = if parameters.get(likely).is_some_and(|p| p.as_obj().is(name)) {
            Some(likely)
        } else {
            parameters.iter().position(|p| p.as_obj().is(name))
        };
        let at = match at {
            Some(at) if at >= first_named => at,
            // A name that is not interned may be a parameter's all the same.
            _ if others && name.downcast::<PyStr>().is_some_and(PyStr::is_interned) => continue,
            _ => return None,
        };
        if filled >> at & 1 != 0 {
            return None;
        }
        filled |= 1 << at;
        places[offset] = at as u8;
    }
    Some((places, filled))
}

/// Calls the function in register `base`, which takes no variable number of arguments, with the `nargs` arguments from register `first`, the last of them named `names`,
/// and its defaults for the positional parameters that are left. `None`, with nothing changed, if that is not all.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn push_named(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    kind: Kind,
) -> Option<PyResult<Called>> {
    let (given, count) = (nargs - names.len(), code.nparams as usize);
    let (places, filled) = places_of(code, names, given, false)?;
    let all = (1 << count) - 1;
    let argcount = code.unit.argcount as usize;
    // Counted: what is overwritten below may run code when it is dropped.
    let defaults = if filled == all { None } else { Some(function.defaults.load()?) };
    let mut skipped = 0;
    let items = match &defaults {
        Some(tuple) => {
            let items = tuple.downcast::<PyTuple>()?.as_slice();
            skipped = argcount.checked_sub(items.len())?;
            let provided = ((1 << argcount) - 1) & !((1 << skipped) - 1);
            if filled | provided != all {
                return None;
            }
            items
        }
        None => &[],
    };
    // What earlier instructions left behind goes first, while the arguments are where everybody sees them: this may run code.
    drop_behind(thread, function, code, regs, first, nargs..count);
    let in_order = (given..).zip(&places[..names.len()]).all(|(at, place)| at == *place as usize);
    if !in_order {
        let mut values = [Value::EMPTY; MOST];
        for (offset, value) in values[..names.len()].iter_mut().enumerate() {
            *value = regs.take_value(first + given + offset);
        }
        for (value, place) in values.iter().zip(&places[..names.len()]) {
            regs.put(first + *place as usize, *value);
        }
    }
    if filled != all {
        for at in (given..argcount).filter(|at| filled >> at & 1 == 0) {
            regs.put(first + at, items[at - skipped].clone().into_strong().into_value());
        }
    }
    Some(push_bound_frame(thread, function, code, regs, base, first, ret, kind))
}

/// Whether calls of the code with so many arguments, none of them named, are for [`push_variable`].
#[inline(always)]
pub fn is_variable(code: &PyCode, given: usize) -> bool {
    let takes_more = code.flags & flags::CO_VARARGS != 0;
    let takes_rest = takes_more || code.flags & flags::CO_VARKEYWORDS != 0;
    takes_rest && !code.is_generator_like() && {
        let (argcount, unit) = (code.unit.argcount as usize, &code.unit);
        (given == argcount || given > argcount && takes_more) && unit.kwonlyargcount == 0
    }
}

/// Calls the function in register `base`, which takes a variable number of arguments, with the `given` ones from register `first`: enough, and none of them named. No
/// parameter is left to a default.
#[allow(clippy::too_many_arguments)]
pub fn push_variable(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    given: usize,
    ret: u16,
    kind: Kind,
) -> PyResult<Called> {
    let (argcount, count) = (code.unit.argcount as usize, code.nparams as usize);
    // What earlier instructions left behind goes first, while the arguments are where everybody sees them: this may run code.
    drop_behind(thread, function, code, regs, first, given..count);
    let mut next = first + argcount;
    if code.flags & flags::CO_VARARGS != 0 {
        let extra = if given == argcount {
            PyTuple::empty()
        } else {
            let items = (next..first + given).filter_map(|at| regs.take(at));
            PyTuple::of_items(given - argcount, false, items)
        };
        regs.put(next, extra.into_obj().into_value());
        next += 1;
    }
    if code.flags & flags::CO_VARKEYWORDS != 0 {
        regs.put(next, PyDict::new().into_obj().into_value());
    }
    push_bound_frame(thread, function, code, regs, base, first, ret, kind)
}

/// [`push_bound`] with a window that begins at register `first`.
#[allow(clippy::too_many_arguments)]
pub(super) fn push_bound_here(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
    kind: Kind,
) -> Option<PyResult<Called>> {
    let unit = &*code.unit;
    let (argcount, named) = (unit.argcount as usize, (unit.argcount + unit.kwonlyargcount) as usize);
    let given = nargs - names.len();
    let takes_more = code.flags & flags::CO_VARARGS != 0;
    let takes_others = code.flags & flags::CO_VARKEYWORDS != 0;
    if (given > argcount && !takes_more)
        || names.len() > MOST
        || named >= 64
        || regs.at(first).wrapping_add(code.nregs as usize) >= thread.limit()
    {
        return None;
    }
    if names.is_empty()
        && !takes_more
        && !takes_others
        && unit.kwonlyargcount == 0
        && let Some(called) = push_with_defaults(thread, function, code, regs, base, first, given, ret, kind)
    {
        return Some(called);
    }
    if !names.is_empty()
        && !takes_more
        && !takes_others
        && let Some(called) = push_named(thread, function, code, regs, base, first, nargs, names, ret, kind)
    {
        return Some(called);
    }
    if names.is_empty() && given >= argcount && unit.kwonlyargcount == 0 {
        return Some(push_variable(thread, function, code, regs, base, first, given, ret, kind));
    }
    let (places, filled) = places_of(code, names, given.min(argcount), takes_others)?;
    if filled == (1 << named) - 1
        && takes_others
        && !takes_more
        && (given..).zip(&places[..names.len()]).all(|(at, place)| at == *place as usize)
    {
        // All are where they belong already.
        drop_behind(thread, function, code, regs, first, nargs..code.nparams as usize);
        regs.put(first + named, PyDict::new().into_obj().into_value());
        return Some(push_bound_frame(thread, function, code, regs, base, first, ret, kind));
    }
    // Counted: what is overwritten below may run code when it is dropped.
    let defaults = if filled.count_ones() as usize == named { None } else { function.defaults.load() };
    let defaults = match &defaults {
        Some(tuple) => tuple.downcast::<PyTuple>()?.as_slice(),
        None => &[],
    };
    let required = argcount.saturating_sub(defaults.len());
    if filled | u64::MAX << required != u64::MAX {
        return None;
    }
    let mut more: Option<SmallVec<[(usize, Obj); 4]>> = None;
    for at in (argcount..named).filter(|at| filled >> at & 1 == 0) {
        let named_defaults = function.kwdefaults.load()?;
        let (named_defaults, name) = (named_defaults.downcast::<PyDict>()?, &code.parameters()[at]);
        // Keys that compare with code of their own are left to the general way: the arguments may be above the top of the stack, where that runs.
        named_defaults.entry_index(name)?;
        more.get_or_insert_default().push((at, named_defaults.get_str(name)?));
    }
    // What earlier instructions left behind goes first, while the arguments are where everybody sees them: this may run code.
    drop_behind(thread, function, code, regs, first, nargs..code.nparams as usize);
    let mut values = [Value::EMPTY; MOST];
    for (value, at) in values.iter_mut().zip(first + given..first + nargs) {
        *value = regs.take_value(at);
    }
    if takes_more {
        let extra = (argcount..given).filter_map(|i| regs.take(first + i));
        let extra = PyTuple::of_items(given.saturating_sub(argcount), false, extra);
        regs.put(first + named, extra.into_obj().into_value());
    }
    let mut others = 0;
    for (offset, place) in places[..names.len()].iter().enumerate() {
        if *place == OTHER {
            others += 1;
        } else {
            regs.put(first + *place as usize, std::mem::replace(&mut values[offset], Value::EMPTY));
        }
    }
    if takes_others {
        // SAFETY: moved out of its register.
        let left = names
            .iter()
            .zip(&values)
            .filter_map(|(name, value)| Some((name, unsafe { Obj::from_value(*value) }?)));
        let others = PyDict::of_names(others, left);
        regs.put(first + named + takes_more as usize, others.into_obj().into_value());
    }
    for at in (given..argcount).filter(|at| filled >> at & 1 == 0) {
        let value = &defaults[at + defaults.len() - argcount];
        regs.put(first + at, value.clone().into_strong().into_value());
    }
    for (at, value) in more.into_iter().flatten() {
        regs.put(first + at, value.into_strong().into_value());
    }
    Some(push_bound_frame(thread, function, code, regs, base, first, ret, kind))
}
