//! `BaseException`: construction, texts, chaining attributes, pickling.

use taipan_gc::Obj;

use super::{PyBaseException, add_note, allocate_checked, attributes, is_exception, no_keywords, this};
use crate::argument::Args;
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::native::{GetSetDef, NativeMethods, pymethods};
use crate::object_type::DICT_GETSET;
use crate::protocol;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::traceback::PyTraceback;
use crate::type_object::{TypeSlots, class_of, ready};
use crate::types::Types;

/// `BaseException.__new__`: keeps the positional arguments.
pub(super) fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    allocate_checked(class, args.positional)
}

/// `BaseException.__init__`.
pub(super) fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    if args.has_keywords() {
        no_keywords(&class_of(obj).name(), args)?;
    }
    set_args(obj, args)
}

/// Stores the positional arguments as `args`, unless they are there already (from `__new__`).
pub(super) fn set_args(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    let exception = this(obj)?;
    let now = exception.args();
    let now = now.as_slice();
    if now.len() != args.positional.len() || now.iter().zip(args.positional).any(|(a, b)| !a.is(b)) {
        exception.set_args(args.positional.to_vec());
    }
    Ok(())
}

/// `BaseException.__str__`.
pub(super) fn str(obj: &Obj) -> PyResult<Obj> {
    let args = this(obj)?.args();
    Ok(match args.as_slice() {
        [] => str_obj(""),
        [one] => protocol::str(one)?.into_obj(),
        _ => protocol::str(args.as_obj())?.into_obj(),
    })
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let name = class_of(obj).short_name();
    let args = this(obj)?.args();
    let text = match args.as_slice() {
        [one] => protocol::repr(one)?,
        _ => {
            let text = protocol::repr(args.as_obj())?;
            return crate::str::concat(&PyStr::new(&name), &text).map(|s| s.into_obj());
        }
    };
    let open = crate::str::concat(&PyStr::new(&format!("{name}(")), &text)?;
    crate::str::concat(&open, &PyStr::new(")")).map(|s| s.into_obj())
}

fn optional_exception(value: Option<&Obj>, deleted: &str, wrong: &str) -> PyResult<Option<Obj>> {
    match value {
        None => Err(type_error(deleted)),
        Some(v) if is_none(v) => Ok(None),
        Some(v) if is_exception(v) => Ok(Some(v.clone())),
        Some(_) => Err(type_error(wrong)),
    }
}

fn set_cause(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let cause = optional_exception(
        value,
        "__cause__ may not be deleted",
        "exception cause must be None or derive from BaseException",
    )?;
    this(obj)?.set_cause(cause);
    Ok(())
}

fn set_context(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let context = optional_exception(
        value,
        "__context__ may not be deleted",
        "exception context must be None or derive from BaseException",
    )?;
    this(obj)?.set_context(context);
    Ok(())
}

fn set_traceback(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let traceback = match value {
        None => return Err(type_error("__traceback__ may not be deleted")),
        Some(v) if is_none(v) => None,
        Some(v) if v.is_layout::<PyTraceback>() => Some(v.clone()),
        Some(_) => return Err(type_error("__traceback__ must be a traceback or None")),
    };
    this(obj)?.set_traceback(traceback);
    Ok(())
}

fn set_suppress_context(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("can't delete numeric/char attribute")) };
    if !crate::singletons::is_true(value) && !crate::singletons::is_false(value) {
        return Err(type_error("attribute value type must be bool"));
    }
    this(obj)?.set_suppress_context(crate::singletons::is_true(value));
    Ok(())
}

fn set_args_attribute(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(type_error("args may not be deleted")) };
    let items = protocol::collect(value)?;
    this(obj)?.set_args(items);
    Ok(())
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__suppress_context__",
        get: |o| Ok(bool_obj(this(o)?.suppress_context())),
        set: Some(set_suppress_context),
        doc: "",
    },
    DICT_GETSET,
    GetSetDef {
        name: "args",
        get: |o| Ok(this(o)?.args().into_obj()),
        set: Some(set_args_attribute),
        doc: "",
    },
    GetSetDef {
        name: "__traceback__",
        get: |o| Ok(this(o)?.traceback().unwrap_or_else(none)),
        set: Some(set_traceback),
        doc: "",
    },
    GetSetDef {
        name: "__context__",
        get: |o| Ok(this(o)?.context().unwrap_or_else(none)),
        set: Some(set_context),
        doc: "",
    },
    GetSetDef {
        name: "__cause__",
        get: |o| Ok(this(o)?.cause().unwrap_or_else(none)),
        set: Some(set_cause),
        doc: "",
    },
];

#[pymethods(class = "BaseException")]
impl PyBaseException {
    #[pymethod(text = "")]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let mut parts = vec![class_of(slf).to_obj(), this(slf)?.args().into_obj()];
        parts.extend(attributes(slf)?.map(|d| d.into_obj()));
        Ok(tuple_obj(parts))
    }
    #[pymethod(text = "")]
    fn __setstate__(slf: &Obj, state: &Obj) -> PyResult<()> {
        if is_none(state) {
            return Ok(());
        }
        let Some(dict) = state.downcast::<PyDict>() else {
            return Err(type_error("state is not a dictionary"));
        };
        for (name, value) in dict.snapshot() {
            protocol::set_or_delete(slf, &name, Some(&value))?;
        }
        Ok(())
    }
    /// Set __traceback__ to tb and return the exception.
    #[pymethod(sig = "(tb, /)")]
    fn with_traceback(slf: &Obj, tb: &Obj) -> PyResult<Obj> {
        set_traceback(slf, Some(tb))?;
        Ok(slf.clone())
    }
    /// Add a note, shown below the exception's text.
    #[pymethod(name = "add_note", sig = "(note, /)")]
    fn add_note_method(slf: &Obj, note: &Obj) -> PyResult<()> {
        if !note.is_layout::<PyStr>() {
            return Err(type_error(format!(
                "add_note() argument must be str, not {}",
                class_of(note).name()
            )));
        }
        add_note(slf, note)
    }
}

pub(super) fn fill(types: &Types) {
    let class = &types.base_exception;
    class.slots.set_all(&TypeSlots {
        new: Some(new),
        init: Some(init),
        str_: Some(str),
        repr: Some(repr),
        ..TypeSlots::EMPTY
    });
    ready::add_methods(class, <PyBaseException as NativeMethods>::methods());
    ready::add_getset(class, GETSET);
}
