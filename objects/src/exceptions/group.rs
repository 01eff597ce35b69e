//! `BaseExceptionGroup` and `ExceptionGroup` (PEP 654), and what `except*` does with them.
//!
//! Fields: 0 `message`, 1 `exceptions` (a tuple), 2 the text of the original sequence if it was neither list nor tuple.

use taipan_gc::{Obj, Py};

use super::{
    PyBaseException, allocate_checked, base, exception_group, is_exception, is_exception_class, matches,
    no_keywords,
};
use super::{readonly_member, this};
use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::istr;
use crate::list::PyList;
use crate::native::{GetSetDef, pymethods};
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

/// Whether `obj` is an exception group.
pub fn is_group(obj: &Obj) -> bool {
    class_of(obj).is_subtype(&types().base_exception_group)
}

/// The members of a group.
pub fn exceptions(group: &Obj) -> PyResult<Vec<Obj>> {
    let tuple = this(group)?.field(1);
    Ok(tuple
        .as_ref()
        .and_then(|t| t.downcast::<PyTuple>())
        .map(|t| t.as_slice().to_vec())
        .unwrap_or_default())
}

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(mut wanted) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    if args.has_keywords() {
        no_keywords(&wanted.name(), args)?;
    }
    let [message, sequence] = args.positional else {
        return Err(type_error(format!(
            "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)",
            args.positional.len()
        )));
    };
    if !message.is_layout::<PyStr>() {
        let name = class_of(message).name();
        return Err(type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {name}")));
    }
    if !protocol::is_sequence(sequence) {
        return Err(type_error("second argument (exceptions) must be a sequence"));
    }
    let original = if sequence.is_layout::<PyList>() || sequence.is_layout::<PyTuple>() {
        None
    } else {
        Some(protocol::repr(sequence)?.into_obj())
    };
    let members = protocol::collect(sequence)?;
    if members.is_empty() {
        return Err(value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let mut only_exceptions = true;
    for (index, member) in members.iter().enumerate() {
        if !is_exception(member) {
            return Err(value_error(format!(
                "Item {index} of second argument (exceptions) is not an exception"
            )));
        }
        only_exceptions &= class_of(member).is_subtype(&types().exception);
    }
    if wanted.is(&types().base_exception_group) {
        if only_exceptions {
            wanted = exception_group();
        }
    } else if !only_exceptions && wanted.is_subtype(&types().exception) {
        if wanted.is(exception_group()) {
            return Err(type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
        }
        return Err(type_error(format!("Cannot nest BaseExceptions in '{}'", wanted.name())));
    }
    let group = allocate_checked(&wanted.to_obj(), args.positional)?;
    let exception = this(&group)?;
    exception.set_field(0, Some(message.clone()));
    exception.set_field(1, Some(tuple_obj(members)));
    exception.set_field(2, original);
    Ok(group)
}

fn str(obj: &Obj) -> PyResult<Obj> {
    let message = protocol::str_string(&this(obj)?.field(0).unwrap_or_else(none))?;
    let count = exceptions(obj)?.len();
    Ok(str_obj(&format!("{message} ({count} sub-exception{})", if count == 1 { "" } else { "s" })))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let exception = this(obj)?;
    let members = match exception.field(2) {
        Some(text) => protocol::str_string(&text)?,
        // Shown like the sequence that was given, but with the members as they were then.
        None => match exception.args().as_slice().get(1) {
            Some(original) if original.is_layout::<PyList>() => {
                protocol::repr_string(&list_obj(exceptions(obj)?))?
            }
            _ => protocol::repr_string(&tuple_obj(exceptions(obj)?))?,
        },
    };
    let message = protocol::repr_string(&exception.field(0).unwrap_or_else(none))?;
    Ok(str_obj(&format!("{}({message}, {members})", class_of(obj).short_name())))
}

/// How the members of a group are chosen.
enum Matcher<'a> {
    /// By class or tuple of classes.
    Class(&'a Obj),
    Predicate(&'a Obj),
    /// Exactly these leaves.
    Identities(&'a [Obj]),
}

impl<'a> Matcher<'a> {
    fn of(value: &'a Obj) -> PyResult<Matcher<'a>> {
        if protocol::is_callable(value) && !value.is_layout::<PyType>() {
            return Ok(Matcher::Predicate(value));
        }
        let tuple = value.downcast::<PyTuple>().filter(|_| class_of(value).is(&types().tuple));
        if is_exception_class(value) || tuple.is_some_and(|t| t.as_slice().iter().all(is_exception_class)) {
            return Ok(Matcher::Class(value));
        }
        Err(type_error(
            "expected an exception type, a tuple of exception types, or a callable (other than a class)",
        ))
    }
    fn check(&self, exception: &Obj) -> PyResult<bool> {
        match self {
            Matcher::Class(classes) => Ok(matches(exception, classes)),
            Matcher::Predicate(f) => protocol::is_true(&protocol::call1(f, exception)?),
            Matcher::Identities(leaves) => Ok(!is_group(exception) && leaves.iter().any(|l| l.is(exception))),
        }
    }
}

/// The part of `exception` that matches and the part that does not.
fn split_by(exception: &Obj, matcher: &Matcher<'_>, want_rest: bool) -> PyResult<(Option<Obj>, Option<Obj>)> {
    if matcher.check(exception)? {
        return Ok((Some(exception.clone()), None));
    }
    if !is_group(exception) {
        return Ok((None, want_rest.then(|| exception.clone())));
    }
    protocol::enter_native_while(" in exceptiongroup_split_recursive")?;
    let (mut matched, mut rest) = (Vec::new(), Vec::new());
    for member in exceptions(exception)? {
        let (yes, no) = split_by(&member, matcher, want_rest)?;
        matched.extend(yes);
        rest.extend(no);
    }
    let matched = subset(exception, matched)?;
    let rest = if want_rest { subset(exception, rest)? } else { None };
    Ok((matched, rest))
}

/// `group.derive(members)` with the group's traceback, chain and notes; `None` without members.
fn subset(group: &Obj, members: Vec<Obj>) -> PyResult<Option<Obj>> {
    if members.is_empty() {
        return Ok(None);
    }
    let derived = protocol::call_method(group, &istr!("derive"), &[list_obj(members)])?;
    if !is_group(&derived) {
        return Err(type_error("derive must return an instance of BaseExceptionGroup"));
    }
    let (from, to) = (this(group)?, this(&derived)?);
    if let Some(traceback) = from.traceback() {
        to.set_traceback(Some(traceback));
    }
    to.set_context(from.context());
    to.set_cause(from.cause());
    let name = istr!("__notes__");
    if let Some(notes) = protocol::getattr_opt(group, &name)?
        && protocol::is_sequence(&notes)
    {
        protocol::setattr(&derived, &name, &list_obj(protocol::collect(&notes)?))?;
    }
    Ok(Some(derived))
}

/// `except* classes`: the part of `exception` that the clause takes, and the rest. A plain exception is taken as a group of one.
pub fn match_star(exception: &Obj, classes: &Obj) -> PyResult<(Option<Obj>, Option<Obj>)> {
    if matches(exception, classes) {
        if is_group(exception) {
            return Ok((Some(exception.clone()), None));
        }
        let wrapped =
            protocol::call(exception_group_base(), &[str_obj(""), tuple_obj(vec![exception.clone()])])?;
        return Ok((Some(wrapped), None));
    }
    if !is_group(exception) {
        return Ok((None, Some(exception.clone())));
    }
    let pair = protocol::call_method(exception, &istr!("split"), std::slice::from_ref(classes))?;
    let Some(pair) = pair.downcast::<PyTuple>() else {
        let (group, given) = (class_of(exception).name(), class_of(&pair).name());
        return Err(type_error(format!("{group}.split must return a tuple, not {given}")));
    };
    let [matched, rest, ..] = pair.as_slice() else {
        let (group, size) = (class_of(exception).name(), pair.len());
        return Err(type_error(format!("{group}.split must return a 2-tuple, got tuple of size {size}")));
    };
    let present = |o: &Obj| Some(o.clone()).filter(|o| !crate::singletons::is_none(o));
    Ok((present(matched), present(rest)))
}

fn exception_group_base() -> &'static Obj {
    types().base_exception_group.as_obj()
}

/// Checks the classes of an `except*` clause.
pub fn check_star_classes(classes: &Obj) -> PyResult<()> {
    let class_list = match classes.downcast::<PyTuple>() {
        Some(tuple) => tuple.as_slice().to_vec(),
        None => vec![classes.clone()],
    };
    for class in &class_list {
        if !is_exception_class(class) {
            return Err(type_error("catching classes that do not inherit from BaseException is not allowed"));
        }
        if class.downcast::<PyType>().is_some_and(|c| c.is_subtype(&types().base_exception_group)) {
            return Err(type_error(
                "catching ExceptionGroup with except* is not allowed. Use except instead.",
            ));
        }
    }
    Ok(())
}

fn leaves(exception: &Obj, into: &mut Vec<Obj>) -> PyResult<()> {
    if !is_group(exception) {
        into.push(exception.clone());
        return Ok(());
    }
    protocol::enter_native_while(" in collect_exception_group_leaf_ids")?;
    for member in exceptions(exception)? {
        leaves(&member, into)?;
    }
    Ok(())
}

/// Whether `raised` has the chain and traceback of `original`: it is a part of it, raised again.
fn same_metadata(raised: &Obj, original: &Obj) -> PyResult<bool> {
    let (a, b) = (this(raised)?, this(original)?);
    let same = |x: Option<Obj>, y: Option<Obj>| match (x, y) {
        (None, None) => true,
        (Some(x), Some(y)) => x.is(&y),
        _ => false,
    };
    Ok(same(a.traceback(), b.traceback()) && same(a.cause(), b.cause()) && same(a.context(), b.context()))
}

/// The exception to raise at the end of a `try`/`except*`: `original` is what the body raised, `raised` what the clauses raised and
/// what no clause took. `None`: everything was handled.
pub fn prepare_reraise_star(original: &Obj, raised: &[Obj]) -> PyResult<Option<Obj>> {
    if raised.is_empty() {
        return Ok(None);
    }
    if !is_group(original) {
        // A plain exception met one clause at most: it was handled, or one exception is left.
        return Ok(raised.first().cloned());
    }
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for exception in raised {
        if !is_exception(exception) {
            continue;
        }
        if same_metadata(exception, original)? {
            again.push(exception.clone())
        } else {
            fresh.push(exception.clone())
        }
    }
    let mut kept = Vec::new();
    for exception in &again {
        leaves(exception, &mut kept)?;
    }
    let projection =
        if kept.is_empty() { None } else { split_by(original, &Matcher::Identities(&kept), false)?.0 };
    if fresh.is_empty() {
        return Ok(projection);
    }
    fresh.extend(projection);
    if let [one] = fresh.as_slice() {
        return Ok(Some(one.clone()));
    }
    protocol::call(exception_group_base(), &[str_obj(""), list_obj(fresh)]).map(Some)
}

#[pymethods(class = "BaseExceptionGroup", part = "group")]
impl PyBaseException {
    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(item, /)")]
    fn group_class_getitem(cls: &Obj, item: &Obj) -> Obj {
        crate::generic_alias::new(cls, item)
    }
    /// Make a group of the same kind from other members.
    #[pymethod(sig = "(excs, /)")]
    fn derive(slf: &Obj, excs: &Obj) -> PyResult<Obj> {
        let message = this(slf)?.field(0).unwrap_or_else(none);
        protocol::call(exception_group_base(), &[message, excs.clone()])
    }
    /// The members that match the condition, and the others.
    #[pymethod(sig = "(matcher_value, /)")]
    fn split(slf: &Obj, matcher: &Obj) -> PyResult<Obj> {
        let (matched, rest) = split_by(slf, &Matcher::of(matcher)?, true)?;
        Ok(tuple_obj(vec![matched.unwrap_or_else(none), rest.unwrap_or_else(none)]))
    }
    /// The members that match the condition.
    #[pymethod(sig = "(matcher_value, /)")]
    fn subgroup(slf: &Obj, matcher: &Obj) -> PyResult<Obj> {
        Ok(split_by(slf, &Matcher::of(matcher)?, false)?.0.unwrap_or_else(none))
    }
}

static GETSET: &[GetSetDef] = &[readonly_member::<0>("message"), readonly_member::<1>("exceptions")];

pub(super) fn fill(types: &Types) {
    let class: &Py<PyType> = &types.base_exception_group;
    class.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(base::init),
        str_: Some(str),
        repr: Some(repr),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(class, PyBaseException::group_methods());
    ready::add_getset(class, GETSET);
}
