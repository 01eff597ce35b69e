//! `f(*arguments, **keywords)`: the arguments are written where an ordinary call finds them, if the callee is written in Python.

use smallvec::SmallVec;
use taipan_objects::argument::Args;
use taipan_objects::dict::{PyDict, exact_dict};
use taipan_objects::error::*;
use taipan_objects::function::PyFunction;
use taipan_objects::list::{PyList, exact_list};
use taipan_objects::method::PyBoundMethod;
use taipan_objects::protocol::{self, IntoStrong};
use taipan_objects::singletons::none;
use taipan_objects::str::PyStr;
use taipan_objects::tuple::exact_tuple;
use taipan_objects::type_object::{PyType, class_of, type_flags};
use taipan_objects::{Obj, Py, Value, istr, object_type};

use super::construct::{calls_by_type, is_plain};
use super::direct::{MOST, push_bound_here};
use super::instance::{init_of, python_new};
use super::{Called, bind_and_push, bind_at, function_code, make_generator, own_callee, push_frame};
use crate::frame::{Kind, drop_value};
use crate::registers::Regs;
use crate::thread::VmThread;

/// Where the arguments of a call at registers `regs` from `base` on go. The window of a generator is its own: nothing can lie behind it.
fn place(thread: &VmThread, regs: Regs, base: usize) -> (Regs, usize) {
    // SAFETY: the innermost frame is live.
    let in_generator = unsafe { &*thread.innermost() }.is_generator();
    if in_generator { (Regs::new(thread.top.get()), 0) } else { (regs, base) }
}

/// Calls `function` with the receiver, if there is one (lent, except to a call of kind [`Kind::Call`]), and the items of a tuple and of a dict, in a window behind register `base`. `None`, with
/// nothing changed but the registers from `base` on emptied, if the arguments do not fit.
#[allow(clippy::too_many_arguments)]
fn push_items(
    thread: &'static VmThread,
    function: &PyFunction,
    receiver: Option<&Obj>,
    positional: &[Obj],
    keywords: Option<&PyDict>,
    (regs, base): (Regs, usize),
    ret: u16,
    kind: Kind,
) -> Option<PyResult<Called>> {
    let code = function_code(function);
    if code.is_generator_like() {
        return None;
    }
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
    if let Some(receiver) = receiver {
        let is_lent = kind != Kind::Call;
        let word =
            if is_lent { receiver.value().uncounted() } else { receiver.clone().into_strong().into_value() };
        regs.put(first, word);
    }
    for (at, item) in (first + given - positional.len()..).zip(positional) {
        regs.put(at, item.clone().into_strong().into_value());
    }
    let count = given + names.len();
    if fits && names.is_empty() && count == code.plain() as usize {
        let (window, callee) = (regs.at(first), own_callee(function));
        let pushed = push_frame(thread, function, code, window, count, ret, kind, callee, Value::EMPTY);
        if pushed.is_err() {
            regs.clear_range(first, first + count);
        }
        return Some(pushed.map(|()| Called::Pushed));
    }
    regs.put(base, own_callee(function));
    let pushed = if fits {
        push_bound_here(thread, function, code, regs, base, first, count, &names, ret, kind)
    } else {
        None
    };
    if pushed.is_none() {
        regs.clear(base);
        regs.clear_range(first, first + count);
    }
    pushed
}

/// The arguments of a call, if they are a tuple and, perhaps, a dict.
fn items<'a>(arguments: &'a Obj, keywords: Option<&'a Obj>) -> Option<(&'a [Obj], Option<&'a PyDict>)> {
    let keywords = match keywords {
        Some(keywords) => Some(exact_dict(keywords)?),
        None => None,
    };
    Some((exact_tuple(arguments)?.as_slice(), keywords))
}

/// Names and values of keyword arguments.
fn unzipped(keywords: Option<&PyDict>) -> (Vec<Obj>, Vec<Obj>) {
    keywords.map(PyDict::snapshot).unwrap_or_default().into_iter().unzip()
}

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
    let (positional, keywords) = items(arguments, keywords)?;
    let place = place(thread, regs, base);
    push_items(thread, function, receiver, positional, keywords, place, ret, Kind::Call)
}

/// Calls `init`, an `__init__` that is written in Python, for `instance` with the items of a tuple and of a dict.
#[allow(clippy::too_many_arguments)]
fn push_init(
    thread: &'static VmThread,
    init: &PyFunction,
    instance: Obj,
    positional: &[Obj],
    keywords: Option<&PyDict>,
    regs: Regs,
    base: usize,
    ret: u16,
) -> PyResult<Called> {
    let place = place(thread, regs, base);
    // `self` is lent: the frame's subject owns the instance.
    match push_items(thread, init, Some(&instance), positional, keywords, place, ret, Kind::Init) {
        Some(Ok(called)) => {
            // SAFETY: the frame just pushed.
            unsafe { (*thread.innermost()).subject = instance.into_value() };
            Ok(called)
        }
        Some(Err(raised)) => Err(raised),
        None => {
            let mut arguments: SmallVec<[Obj; 8]> = SmallVec::with_capacity(positional.len() + 1);
            arguments.push(instance.clone());
            arguments.extend(positional.iter().cloned());
            let (names, values) = unzipped(keywords);
            let args = Args::with_keywords(&arguments, &names, &values);
            let window = place.0.at(place.1 + 2);
            let (code, subject) = (function_code(init), instance.into_value());
            let bound = bind_and_push(thread, init, code, window, &args, ret, Kind::Init, subject);
            if bound.is_err() {
                drop_value(subject);
            }
            bound.map(|()| Called::Pushed)
        }
    }
}

/// `class(*arguments, **keywords)`: pushes the frame of an `__init__` that is written in Python, or that of a `__new__`. The latter finds class and arguments in the registers of the call as
/// long as it runs, for [`made`]. `None`, with nothing changed but the registers from `base` on emptied, for other classes, and if the arguments do not fit.
fn push_class(
    thread: &'static VmThread,
    callable: &Obj,
    arguments: &Obj,
    keywords: Option<&Obj>,
    regs: Regs,
    base: usize,
    ret: u16,
) -> Option<PyResult<Called>> {
    let class = callable.downcast::<PyType>().filter(|_| calls_by_type(class_of(callable)))?;
    let (positional, keywords) = items(arguments, keywords)?;
    if is_plain(class) {
        let init = class.lookup_lent(&istr!("__init__"))?.into_strong();
        let function = init.downcast::<PyFunction>()?;
        if function_code(function).is_generator_like() {
            return None;
        }
        let instance = match object_type::plain_instance(class) {
            Ok(instance) => instance,
            Err(raised) => return Some(Err(raised)),
        };
        return Some(push_init(thread, function, instance, positional, keywords, regs, base, ret));
    }
    if !class.slots.new_is_trampoline() || class.has_flag(type_flags::NO_INSTANTIATION) {
        return None;
    }
    let new = python_new(class)?;
    let function = new.downcast::<PyFunction>()?;
    // A dict of the program's may change meanwhile.
    let keywords = keywords.map(PyDict::copy);
    for (at, kept) in [(0, Some(callable)), (2, Some(arguments)), (3, keywords.as_ref().map(Py::as_obj))] {
        regs.write_value(base + at, kept.map_or(Value::EMPTY, |kept| kept.clone().into_value()));
    }
    let place = (Regs::new(thread.top.get()), 0);
    // The class is lent: the register keeps it.
    let (receiver, keywords) = (Some(callable), keywords.as_deref());
    let pushed = push_items(thread, function, receiver, positional, keywords, place, ret, Kind::New);
    if !matches!(pushed, Some(Ok(_))) {
        regs.clear_range(base, base + 4);
    }
    pushed
}

/// The innermost frame stands at the `CALL_EX` of a class whose `__new__` returned `instance`: calls its `__init__`, if it is to be called.
pub(super) fn made(
    thread: &'static VmThread,
    instance: Obj,
    regs: Regs,
    base: usize,
    ret: u16,
) -> PyResult<Called> {
    let (class, arguments, keywords) = (regs.take(base), regs.take(base + 2), regs.take(base + 3));
    let (Some(class), Some(arguments)) = (class, arguments) else {
        return Err(system_error("no class to make an instance of"));
    };
    let keywords = keywords.as_ref().and_then(|keywords| keywords.downcast::<PyDict>());
    let (Some(class), Some(positional)) = (class.downcast::<PyType>(), exact_tuple(&arguments)) else {
        return Err(system_error("no class to make an instance of"));
    };
    let positional = positional.as_slice();
    if let Some(init) = init_of(class, &instance) {
        let found = class_of(&instance).lookup_lent(&istr!("__init__")).map(IntoStrong::into_strong);
        if let Some(function) = found.as_ref().and_then(|found| found.downcast::<PyFunction>())
            && !function_code(function).is_generator_like()
        {
            return push_init(thread, function, instance, positional, keywords, regs, base, ret);
        }
        protocol::enter_native()?;
        let (names, values) = unzipped(keywords);
        init(&instance, &Args::with_keywords(positional, &names, &values))?;
    }
    Ok(Called::Value(instance))
}

/// Whether calling the object is a matter of its class alone: no frame is pushed, and no `__init__` follows.
fn is_native(callable: &Obj) -> bool {
    !callable.is_layout::<PyFunction>()
        && !callable.is_layout::<PyBoundMethod>()
        && !callable.is_layout::<PyType>()
}

/// `CALL_EX`.
pub fn call_ex(thread: &'static VmThread, regs: Regs, base: usize, ret: u16) -> PyResult<Called> {
    call_spread(thread, regs, base, ret, true)
}

/// `CALL_EX` of what is neither a function that is written in Python nor a method of one, without pushing a frame.
pub fn call_ex_at_once(thread: &'static VmThread, regs: Regs, base: usize, ret: u16) -> PyResult<Called> {
    call_spread(thread, regs, base, ret, false)
}

fn call_spread(
    thread: &'static VmThread,
    regs: Regs,
    base: usize,
    ret: u16,
    enters_classes: bool,
) -> PyResult<Called> {
    let callable = regs.take(base).map_or_else(none, Obj::into_strong);
    regs.clear(base + 1);
    // Counted: what follows may reach safepoints.
    let iterable = regs.take(base + 2).map_or_else(none, Obj::into_strong);
    let keywords = regs.take(base + 3);
    let keywords = keywords.filter(|keywords| exact_dict(keywords).is_none_or(|dict| !dict.is_empty()));
    if keywords.is_none() && is_native(&callable) {
        if let Some(tuple) = exact_tuple(&iterable) {
            return protocol::call(&callable, tuple.as_slice()).map(Called::Value);
        }
        if exact_list(&iterable).is_some() {
            return protocol::call(&callable, &PyList::into_items(iterable)).map(Called::Value);
        }
    }
    if let Some(called) = push_spread(thread, &callable, &iterable, keywords.as_ref(), regs, base, ret) {
        return called;
    }
    if enters_classes
        && let Some(called) = push_class(thread, &callable, &iterable, keywords.as_ref(), regs, base, ret)
    {
        return called;
    }
    let (listed, collected);
    let positional: &[Obj] = match (exact_tuple(&iterable), exact_list(&iterable)) {
        (Some(tuple), _) => tuple.as_slice(),
        (_, Some(_)) => {
            listed = PyList::into_items(iterable);
            &listed
        }
        _ => {
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
