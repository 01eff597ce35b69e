//! `functools.partial`, with `Placeholder` (3.14).
//!
//! Function, arguments and keywords change together only (`__setstate__`), so they are one [`State`] behind one mutex.

use smallvec::SmallVec;
use taipan_objects::dict::PyDict;
use taipan_objects::layout::TraceField;
use taipan_objects::method::PyBoundMethod;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::{PyTuple, exact_tuple};
use taipan_objects::type_object::{SlotId, TypeBuilder, new_instance, type_flags};
use taipan_objects::{generic_alias, protocol};

use crate::native_class;
use crate::native_class::{class_argument, receiver};

#[derive(Clone)]
struct State {
    function: Obj,
    /// A plain tuple.
    args: Py<PyTuple>,
    /// A plain dict.
    keywords: Py<PyDict>,
    /// Placeholders among `args`.
    holes: usize,
}

impl TraceField for State {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.function.trace_field(tracer);
        self.args.trace_field(tracer);
        self.keywords.trace_field(tracer);
    }
}

/// A `partial` object.
#[repr(C)]
pub struct PyPartial {
    header: Header,
    state: ShortMutex<State>,
}
layout!(PyPartial, "functools.partial", [state]);

native_class!(
    /// `functools.partial`.
    pub fn class() = TypeBuilder::new("functools.partial", PyPartial::ops())
        .text_signature("(func, /, *args, **keywords)")
        .dict()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(new), call: Some(call), repr: Some(repr), descr_get: Some(get), ..TypeSlots::EMPTY })
        .methods(PyPartial::methods())
        .getset(PyPartial::getset())
        .getset(taipan_objects::object_type::DICT_GETSETS)
        .doc("Create a new function with partial application of the given arguments and keywords.")
        .make()
);

#[repr(C)]
struct PyPlaceholder {
    header: Header,
}
layout!(PyPlaceholder, "functools._PlaceholderType");

native_class!(
    /// The class of `functools.Placeholder`.
    pub fn placeholder_class() = TypeBuilder::new("functools._PlaceholderType", PyPlaceholder::ops())
        .final_()
        .slots(TypeSlots {
            new: Some(|_, args| {
                if !args.positional.is_empty() || args.has_keywords() {
                    return Err(type_error("_PlaceholderType takes no arguments"));
                }
                Ok(placeholder().clone())
            }),
            repr: Some(|_| Ok(str_obj("Placeholder"))),
            ..TypeSlots::EMPTY
        })
        .methods(PyPlaceholder::methods())
        .doc("The type of the Placeholder singleton.\n\nUsed as a placeholder for partial arguments.")
        .make()
);

#[pymethods(class = "functools._PlaceholderType")]
impl PyPlaceholder {
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> &str {
        let _ = slf;
        "Placeholder"
    }
}

/// `functools.Placeholder`.
pub fn placeholder() -> &'static Obj {
    static PLACEHOLDER: std::sync::OnceLock<Obj> = std::sync::OnceLock::new();
    PLACEHOLDER
        .get_or_init(|| new_instance(placeholder_class(), |header| PyPlaceholder { header }).into_obj())
}

fn count_holes(args: &[Obj]) -> usize {
    args.iter().filter(|a| a.is(placeholder())).count()
}

/// The arguments `outer` with those of `given` in place of its placeholders, the others behind.
fn fill_holes(outer: &[Obj], holes: usize, given: &[Obj]) -> Vec<Obj> {
    if holes == 0 {
        return outer.iter().chain(given).cloned().collect();
    }
    let mut rest = given.iter();
    let mut filled: Vec<Obj> = Vec::with_capacity(outer.len() + given.len());
    for argument in outer {
        if argument.is(placeholder()) {
            filled.push(rest.next().unwrap_or(argument).clone());
        } else {
            filled.push(argument.clone());
        }
    }
    filled.extend(rest.cloned());
    filled
}

fn new(class_obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some((function, given)) = args.positional.split_first() else {
        return Err(type_error("type 'partial' takes at least one argument"));
    };
    let class_obj = class_argument::<PyPartial>(class_obj)?;
    if !protocol::is_callable(function) {
        return Err(type_error("the first argument must be callable"));
    }
    if given.last().is_some_and(|last| last.is(placeholder())) {
        return Err(type_error("trailing Placeholders are not allowed"));
    }
    if args.keyword_values.iter().any(|value| value.is(placeholder())) {
        return Err(type_error("Placeholder cannot be passed as a keyword argument"));
    }
    let keywords = PyDict::new();
    let state = match function.downcast::<PyPartial>() {
        // A partial of a partial is one partial.
        Some(inner) if is_called_as_partial(function) && !has_attributes(function)? => {
            let inner = inner.snapshot();
            keywords.merge_all(&inner.keywords)?;
            let args = PyTuple::new(fill_holes(inner.args.as_slice(), inner.holes, given));
            State { function: inner.function, holes: count_holes(args.as_slice()), args, keywords }
        }
        _ => State {
            function: function.clone(),
            holes: count_holes(given),
            args: PyTuple::from_slice(given),
            keywords,
        },
    };
    for (name, value) in args.keywords() {
        state.keywords.set(name.clone(), value.clone())?;
    }
    Ok(new_instance(class_obj, |header| PyPartial { header, state: ShortMutex::new(state) }).into_obj())
}

/// Whether a call does what a call of a `partial` does, and no more.
fn is_called_as_partial(obj: &Obj) -> bool {
    let own = class().slots.raw(SlotId::Call);
    std::ptr::eq(class_of(obj).slots.raw(SlotId::Call), own)
}

fn has_attributes(obj: &Obj) -> PyResult<bool> {
    Ok(!taipan_objects::shape::attributes(obj)?.is_empty())
}

/// A small piece of `PyDict` missing there: all pairs of another.
trait MergeAll {
    fn merge_all(&self, other: &PyDict) -> PyResult<()>;
}
impl MergeAll for PyDict {
    fn merge_all(&self, other: &PyDict) -> PyResult<()> {
        other.snapshot().into_iter().try_for_each(|(key, value)| self.set(key, value))
    }
}

impl PyPartial {
    fn snapshot(&self) -> State {
        self.state.lock().clone()
    }
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let state = receiver::<PyPartial>(obj)?.snapshot();
    if args.positional.len() < state.holes {
        return Err(type_error(format!(
            "missing positional arguments in 'partial' call; expected at least {}, got {}",
            state.holes,
            args.positional.len()
        )));
    }
    if state.holes == 0 && state.keywords.is_empty() {
        let mut positional: SmallVec<[Obj; 6]> = SmallVec::new();
        positional.extend(state.args.as_slice().iter().chain(args.positional).cloned());
        return protocol::call_args(&state.function, &Args { positional: &positional, ..*args });
    }
    let positional = fill_holes(state.args.as_slice(), state.holes, args.positional);
    if state.keywords.is_empty() {
        return protocol::call_args(&state.function, &Args { positional: &positional, ..*args });
    }
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in state.keywords.snapshot() {
        if !name.is_layout::<PyStr>() {
            return Err(type_error("keywords must be strings"));
        }
        names.push(name);
        values.push(value);
    }
    for (name, value) in args.keywords() {
        let same = |known: &Obj| match (known.downcast::<PyStr>(), name.downcast::<PyStr>()) {
            (Some(a), Some(b)) => a.equals(b),
            _ => false,
        };
        match names.iter().position(same) {
            Some(index) => values[index] = value.clone(),
            None => {
                names.push(name.clone());
                values.push(value.clone());
            }
        }
    }
    protocol::call_args(&state.function, &Args::with_keywords(&positional, &names, &values))
}

fn get(descriptor: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    Ok(match instance.filter(|i| !is_none(i)) {
        Some(instance) => PyBoundMethod::new(descriptor.clone(), instance.clone()).into_obj(),
        None => descriptor.clone(),
    })
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let state = receiver::<PyPartial>(obj)?.snapshot();
    let Some(_guard) = ReprGuard::enter(obj) else { return Ok(str_obj("...")) };
    let mut text = format!("{}({}", class_of(obj).full_name(), protocol::repr_string(&state.function)?);
    for argument in state.args.as_slice() {
        text.push_str(", ");
        text.push_str(&protocol::repr_string(argument)?);
    }
    for (name, value) in state.keywords.snapshot() {
        text.push_str(&format!(", {}={}", protocol::str_string(&name)?, protocol::repr_string(&value)?));
    }
    text.push(')');
    Ok(str_obj(&text))
}

#[pymethods(class = "functools.partial")]
impl PyPartial {
    /// function object to use in future partial calls
    #[pygetset]
    fn func(&self) -> Obj {
        self.snapshot().function
    }
    /// tuple of arguments to future partial calls
    #[pygetset]
    fn args(&self) -> Obj {
        self.snapshot().args.into_obj()
    }
    /// dictionary of keyword arguments to future partial calls
    #[pygetset]
    fn keywords(&self) -> Obj {
        self.snapshot().keywords.into_obj()
    }
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let state = receiver::<PyPartial>(slf)?.snapshot();
        let attributes = taipan_objects::attribute::get_dict(slf)?.into_strong();
        let attributes = if protocol::len(&attributes)? == 0 { none() } else { attributes };
        let inner =
            vec![state.function.clone(), state.args.into_obj(), state.keywords.into_obj(), attributes];
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(vec![state.function]), tuple_obj(inner)]))
    }
    #[pymethod(sig = "(state, /)", text = "")]
    fn __setstate__(slf: &Obj, state: &Obj) -> PyResult<()> {
        let invalid = || type_error("invalid partial state");
        let Some(items) = state.downcast::<PyTuple>() else { return Err(invalid()) };
        let [function, args, keywords, attributes] = items.as_slice() else { return Err(invalid()) };
        let Some(args_tuple) = args.downcast::<PyTuple>() else { return Err(invalid()) };
        if !protocol::is_callable(function) || !(is_none(keywords) || keywords.is_layout::<PyDict>()) {
            return Err(invalid());
        }
        if args_tuple.as_slice().last().is_some_and(|last| last.is(placeholder())) {
            return Err(type_error("trailing Placeholders are not allowed"));
        }
        let args = match exact_tuple(args) {
            Some(tuple) => Py::from_ref(tuple),
            None => PyTuple::from_slice(args_tuple.as_slice()),
        };
        let keywords = match keywords.downcast::<PyDict>() {
            Some(dict) if dict.is_exact() => Py::from_ref(dict),
            Some(dict) => dict.copy(),
            None => PyDict::new(),
        };
        match attributes.to_py::<PyDict>() {
            Some(dict) => taipan_objects::shape::set_dict(slf, dict)?,
            None if is_none(attributes) => taipan_objects::shape::set_dict(slf, PyDict::new())?,
            None => return Err(invalid()),
        }
        let new = State { function: function.clone(), holes: count_holes(args.as_slice()), args, keywords };
        let old = std::mem::replace(&mut *receiver::<PyPartial>(slf)?.state.lock(), new);
        drop(old);
        Ok(())
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}
