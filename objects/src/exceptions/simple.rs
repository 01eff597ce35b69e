//! The classes with one or two attributes of their own.
//!
//! | class | fields |
//! | --- | --- |
//! | `StopIteration` | 0 `value` |
//! | `SystemExit` | 0 `code` |
//! | `AttributeError` | 0 `name`, 1 `obj` |
//! | `NameError` | 0 `name` |
//! | `ImportError` | 0 `msg`, 1 `name`, 2 `path`, 3 `name_from` |

use taipan_gc::{Obj, Py};

use super::{PyBaseException, attributes, base, keyword_fields, member, own_slots, this};
use crate::argument::Args;
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::native::{GetSetDef, pymethods};
use crate::protocol;
use crate::type_object::{TypeSlots, class_of, ready};
use crate::types::{Types, types};

fn key_error_str(obj: &Obj) -> PyResult<Obj> {
    // A missing key '' must not show as nothing at all.
    match this(obj)?.args().as_slice() {
        [key] => protocol::repr(key).map(Py::into_obj),
        _ => base::str(obj),
    }
}

fn stop_iteration_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::init(obj, args)?;
    this(obj)?.set_field(0, Some(args.positional.first().cloned().unwrap_or_else(none)));
    Ok(())
}

fn system_exit_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::init(obj, args)?;
    match args.positional {
        [] => {}
        [one] => this(obj)?.set_field(0, Some(one.clone())),
        _ => this(obj)?.set_field(0, Some(this(obj)?.args().into_obj())),
    }
    Ok(())
}

fn attribute_error_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::set_args(obj, args)?;
    let fields = keyword_fields("AttributeError", args, ["name", "obj"])?;
    for (index, value) in fields.into_iter().enumerate() {
        this(obj)?.set_field(index, value);
    }
    Ok(())
}

fn name_error_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::set_args(obj, args)?;
    let [name] = keyword_fields("NameError", args, ["name"])?;
    this(obj)?.set_field(0, name);
    Ok(())
}

fn import_error_init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    base::set_args(obj, args)?;
    let fields = keyword_fields("ImportError", args, ["name", "path", "name_from"])?;
    let exception = this(obj)?;
    for (index, value) in fields.into_iter().enumerate() {
        exception.set_field(index + 1, value);
    }
    let message = match args.positional {
        [one] => Some(one.clone()),
        _ => None,
    };
    exception.set_field(0, message);
    Ok(())
}

fn import_error_str(obj: &Obj) -> PyResult<Obj> {
    match this(obj)?.field(0) {
        Some(message) if class_of(&message).is(&types().str) => Ok(message),
        _ => base::str(obj),
    }
}

/// The attributes, and the fields that are set, as a dict.
fn state(obj: &Obj, fields: &[(usize, &str)]) -> PyResult<Option<Py<PyDict>>> {
    let mut state = attributes(obj)?;
    let mut copied = false;
    for (index, name) in fields {
        if let Some(value) = this(obj)?.field(*index) {
            if !copied {
                state = Some(state.map_or_else(PyDict::new, |d| d.copy()));
                copied = true;
            }
            if let Some(state) = &state {
                state.set(str_obj(name), value)?;
            }
        }
    }
    Ok(state)
}

fn attribute_error_state(obj: &Obj) -> PyResult<Obj> {
    // `obj` is left out: often it cannot be pickled.
    let state = match state(obj, &[(0, "name")])? {
        Some(state) => state.copy(),
        None => PyDict::new(),
    };
    state.set(str_obj("args"), this(obj)?.args().into_obj())?;
    Ok(state.into_obj())
}

#[pymethods(class = "AttributeError", part = "attribute_error")]
impl PyBaseException {
    #[pymethod(name = "__getstate__", text = "")]
    fn attribute_error_getstate(slf: &Obj) -> PyResult<Obj> {
        attribute_error_state(slf)
    }
    #[pymethod(name = "__reduce__", text = "")]
    fn attribute_error_reduce(slf: &Obj) -> PyResult<Obj> {
        Ok(tuple_obj(vec![class_of(slf).to_obj(), this(slf)?.args().into_obj(), attribute_error_state(slf)?]))
    }
}

#[pymethods(class = "ImportError", part = "import_error")]
impl PyBaseException {
    #[pymethod(name = "__reduce__", text = "")]
    fn import_error_reduce(slf: &Obj) -> PyResult<Obj> {
        let mut parts = vec![class_of(slf).to_obj(), this(slf)?.args().into_obj()];
        parts.extend(state(slf, &[(1, "name"), (2, "path"), (3, "name_from")])?.map(|d| d.into_obj()));
        Ok(tuple_obj(parts))
    }
}

static STOP_ITERATION: &[GetSetDef] = &[member::<0>("value")];
static SYSTEM_EXIT: &[GetSetDef] = &[member::<0>("code")];
static ATTRIBUTE_ERROR: &[GetSetDef] = &[member::<0>("name"), member::<1>("obj")];
static NAME_ERROR: &[GetSetDef] = &[member::<0>("name")];
static IMPORT_ERROR: &[GetSetDef] =
    &[member::<0>("msg"), member::<1>("name"), member::<2>("path"), member::<3>("name_from")];

pub(super) fn fill(types: &Types) {
    types.key_error.slots.set_str(Some(key_error_str));
    types.stop_iteration.slots.set_all(&own_slots(stop_iteration_init));
    types.system_exit.slots.set_all(&own_slots(system_exit_init));
    types.attribute_error.slots.set_all(&own_slots(attribute_error_init));
    types.name_error.slots.set_all(&own_slots(name_error_init));
    types.import_error.slots.set_all(&TypeSlots {
        init: Some(import_error_init),
        str_: Some(import_error_str),
        ..TypeSlots::EMPTY
    });
    ready::add_getset(&types.stop_iteration, STOP_ITERATION);
    ready::add_getset(&types.system_exit, SYSTEM_EXIT);
    ready::add_getset(&types.attribute_error, ATTRIBUTE_ERROR);
    ready::add_getset(&types.name_error, NAME_ERROR);
    ready::add_getset(&types.import_error, IMPORT_ERROR);
    ready::add_methods(&types.attribute_error, PyBaseException::attribute_error_methods());
    ready::add_methods(&types.import_error, PyBaseException::import_error_methods());
}
