//! `Token`: what undoes one `ContextVar.set`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_objects::{generic_alias, protocol};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::current;
use crate::native_class;
use crate::native_class::receiver;

/// A token.
#[repr(C)]
pub struct PyToken {
    header: Header,
    context: Obj,
    variable: Obj,
    old: Option<Obj>,
    used: AtomicBool,
}
layout!(PyToken, "_contextvars.Token", [context, variable, old]);

/// `Token.MISSING`.
#[repr(C)]
struct PyMissing {
    header: Header,
}
layout!(PyMissing, "Token.MISSING");

native_class!(
    /// `contextvars.Token`.
    pub fn class() = TypeBuilder::new("_contextvars.Token", PyToken::ops())
        .final_()
        .slots(TypeSlots {
            new: Some(|_, _| Err(runtime_error("Tokens can only be created by ContextVars"))),
            repr: Some(repr),
            hash: Some(taipan_objects::object_type::hash_not_implemented),
            ..TypeSlots::EMPTY
        })
        .methods(PyToken::methods())
        .getset(PyToken::getset())
        .attr("MISSING", missing().clone())
        .make()
);
native_class!(
    fn missing_class() = TypeBuilder::new("Token.MISSING", PyMissing::ops())
        .final_()
        .no_instantiation()
        .slots(TypeSlots { repr: Some(|_| Ok(str_obj("<Token.MISSING>"))), ..TypeSlots::EMPTY })
        .make()
);

fn missing() -> &'static Obj {
    static MISSING: std::sync::OnceLock<Obj> = std::sync::OnceLock::new();
    MISSING.get_or_init(|| new_instance(missing_class(), |header| PyMissing { header }).into_obj())
}

/// The token of a set.
pub fn new(context: Obj, variable: Obj, old: Option<Obj>) -> Obj {
    new_instance(class(), |header| PyToken { header, context, variable, old, used: AtomicBool::new(false) })
        .into_obj()
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyToken>(obj)?;
    let used = if this.used.load(Ordering::Relaxed) { " used" } else { "" };
    let variable = protocol::repr_string(&this.variable)?;
    Ok(str_obj(&format!("<Token{used} var={variable} at {:#x}>", obj.value().counted().bits())))
}

/// `variable.reset(token)`.
pub fn reset(variable: &Obj, token: &Obj) -> PyResult<()> {
    let this = receiver::<PyToken>(token)?;
    if this.used.load(Ordering::Relaxed) {
        return Err(runtime_error(format!("{} has already been used once", protocol::repr_string(token)?)));
    }
    if !this.variable.is(variable) {
        return Err(value_error(format!(
            "{} was created by a different ContextVar",
            protocol::repr_string(token)?
        )));
    }
    let context = current();
    if !this.context.is(context.as_obj()) {
        return Err(value_error(format!(
            "{} was created in a different Context",
            protocol::repr_string(token)?
        )));
    }
    this.used.store(true, Ordering::Relaxed);
    context.replace(variable, this.old.clone()).map(drop)
}

#[pymethods(class = "Token")]
impl PyToken {
    #[pygetset]
    fn var(&self) -> Obj {
        self.variable.clone()
    }
    #[pygetset]
    fn old_value(&self) -> Obj {
        self.old.clone().unwrap_or_else(|| missing().clone())
    }
    /// Enter into Token context manager.
    #[pymethod]
    fn __enter__(slf: &Obj) -> Obj {
        slf.clone()
    }
    /// Exit from Token context manager, restore the linked ContextVar.
    #[pymethod(sig = "(type, value, traceback, /)", text = "($self, type, value, traceback, /)")]
    fn __exit__(slf: &Obj, class: &Obj, value: &Obj, traceback: &Obj) -> PyResult<()> {
        let _ = (class, value, traceback);
        let variable = receiver::<PyToken>(slf)?.variable.clone();
        reset(&variable, slf)
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}
