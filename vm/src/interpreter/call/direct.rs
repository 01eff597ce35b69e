//! Binding in place: `f(*arguments)` for an ordinary function that takes just that many, whose items go straight into its window; calls with keywords and
//! defaults, whose arguments are there already.

use smallvec::SmallVec;
use taipan_bytecode::flags;
use taipan_objects::code::PyCode;
use taipan_objects::dict::PyDict;
use taipan_objects::error::PyResult;
use taipan_objects::function::PyFunction;
use taipan_objects::protocol::IntoStrong;
use taipan_objects::tuple::PyTuple;
use taipan_objects::{Obj, Value};

use super::{Called, Kind, VmThread, own_callee, push_frame, put, take_callee};
use crate::registers::Regs;

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
        put(thread, regs, first + i, Some(argument.clone().into_strong()));
    }
    let filled = arguments.len();
    let window = regs.at(first);
    let result = push_frame(
        thread,
        function,
        code,
        window,
        filled,
        ret,
        Kind::Call,
        own_callee(function),
        Value::EMPTY,
    );
    if result.is_err() {
        regs.clear_range(first, first + filled);
    }
    Some(result)
}

/// Most keyword arguments that are bound in place.
const MOST: usize = 16;

/// Calls the function in register `base` with arguments from register `first`, the last of them named `names`, if it takes no variable number of arguments: moves
/// the named ones to their places and fills the rest with defaults. `None`, with nothing changed, if that is not enough, for the general way or its error.
#[allow(clippy::too_many_arguments)]
pub(super) fn push_with_defaults(
    thread: &'static VmThread,
    function: &PyFunction,
    code: &PyCode,
    regs: Regs,
    base: usize,
    first: usize,
    nargs: usize,
    names: &[Obj],
    ret: u16,
) -> Option<PyResult<Called>> {
    let unit = &*code.unit;
    let (argcount, named) = (unit.argcount as usize, (unit.argcount + unit.kwonlyargcount) as usize);
    let given = nargs - names.len();
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    let variable = flags::CO_VARARGS | flags::CO_VARKEYWORDS;
    if in_generator
        || code.is_generator_like()
        || code.flags & variable != 0
        || given > argcount
        || names.len() > MOST
        || named >= 64
        || regs.at(first).wrapping_add(code.nregs as usize) >= thread.limit()
    {
        return None;
    }
    let mut places = [0u8; MOST];
    let mut filled: u64 = (1 << given) - 1;
    if !names.is_empty() {
        let parameters = code.parameters();
        for (place, name) in places.iter_mut().zip(names) {
            let at = parameters.iter().position(|p| p.as_obj().is(name))?;
            if at < unit.posonlyargcount as usize || filled >> at & 1 != 0 {
                return None;
            }
            filled |= 1 << at;
            *place = at as u8;
        }
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
    let mut more: SmallVec<[(usize, Obj); 4]> = SmallVec::new();
    for at in (argcount..named).filter(|at| filled >> at & 1 == 0) {
        let named_defaults = function.kwdefaults.load()?;
        more.push((at, named_defaults.downcast::<PyDict>()?.get_str(&code.parameters()[at])?));
    }
    // What earlier instructions left behind goes first, while the arguments are where everybody sees them: this may run code.
    for at in (nargs..named).filter(|at| regs.at(first + at) < thread.top.get()) {
        regs.clear(first + at);
    }
    let mut values: SmallVec<[Value; MOST]> = SmallVec::new();
    values.extend((given..nargs).map(|i| regs.take_value(first + i)));
    for (value, place) in values.iter().zip(places) {
        regs.put(first + place as usize, *value);
    }
    for at in (given..argcount).filter(|at| filled >> at & 1 == 0) {
        let value = &defaults[at + defaults.len() - argcount];
        regs.put(first + at, value.clone().into_strong().into_value());
    }
    for (at, value) in more {
        regs.put(first + at, value.into_strong().into_value());
    }
    let callee = take_callee(regs, base, function);
    let result =
        push_frame(thread, function, code, regs.at(first), named, ret, Kind::Call, callee, Value::EMPTY);
    if result.is_err() {
        regs.clear_range(first, first + named);
    }
    Some(result.map(|()| Called::Pushed))
}
