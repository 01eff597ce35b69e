//! `ContextVar`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::{generic_alias, protocol};

use super::token::{self, PyToken};
use super::{current, current_value};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A context variable.
#[repr(C)]
pub struct PyContextVar {
    header: Header,
    name: Obj,
    default: Option<Obj>,
}
layout!(PyContextVar, "_contextvars.ContextVar", [name, default]);

native_class!(
    /// `contextvars.ContextVar`.
    pub fn class() = TypeBuilder::new("_contextvars.ContextVar", PyContextVar::ops())
        .final_()
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), repr: Some(repr), ..TypeSlots::EMPTY })
        .methods(PyContextVar::methods())
        .getset(PyContextVar::getset())
        .make()
);

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    match args.positional.len() {
        0 => return Err(type_error("ContextVar() takes exactly 1 positional argument (0 given)")),
        1 => {}
        n => return Err(type_error(format!("ContextVar() takes at most 1 positional argument ({n} given)"))),
    }
    new(class, args)
}

#[pyargs(name = "ContextVar", sig = "(name, *, default=<unrepresentable>)")]
fn new(class: &Obj, name: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
    let class = class_argument::<PyContextVar>(class)?;
    if !name.is_layout::<PyStr>() {
        return Err(type_error("context variable name must be a str"));
    }
    // Variables are known by a hash that their names take part in.
    protocol::hash(name)?;
    let (name, default) = (name.clone(), default.cloned());
    Ok(new_instance(class, |header| PyContextVar { header, name, default }).into_obj())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyContextVar>(obj)?;
    let default = match &this.default {
        Some(default) => match ReprGuard::enter(obj) {
            Some(_guard) => format!(" default={}", protocol::repr_string(default)?),
            None => " default=...".to_owned(),
        },
        None => String::new(),
    };
    let (name, address) = (protocol::repr_string(&this.name)?, obj.value().counted().bits());
    Ok(str_obj(&format!("<ContextVar name={name}{default} at {address:#x}>")))
}

#[pymethods(class = "ContextVar")]
impl PyContextVar {
    #[pygetset]
    fn name(&self) -> Obj {
        self.name.clone()
    }
    /// The value in the current context, or the default of the call, or that of the variable.
    ///
    /// Raises LookupError if there is none.
    #[pymethod(sig = "(default=<unrepresentable>, /)")]
    fn get(slf: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        if let Some(value) = current_value(slf)? {
            return Ok(value);
        }
        if let Some(default) = default {
            return Ok(default.clone());
        }
        match &receiver::<PyContextVar>(slf)?.default {
            Some(default) => Ok(default.clone()),
            None => Err(raise_args(&types().lookup_error, vec![slf.clone()])),
        }
    }
    /// Sets the value in the current context; returns a token by which it can be reset.
    #[pymethod(sig = "(value, /)")]
    fn set(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        let context = current();
        let old = context.replace(slf, Some(value.clone()))?;
        Ok(token::new(context.into_obj(), slf.clone(), old))
    }
    /// Gives the variable the value that it had before the token's set().
    #[pymethod(sig = "(token, /)")]
    fn reset(slf: &Obj, token: &Obj) -> PyResult<()> {
        if !token.is_layout::<PyToken>() {
            return Err(type_error(format!(
                "expected an instance of Token, got {}",
                protocol::repr_string(token)?
            )));
        }
        token::reset(slf, token)
    }
    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &Obj, object: &Obj) -> Obj {
        generic_alias::new(cls, object)
    }
}
