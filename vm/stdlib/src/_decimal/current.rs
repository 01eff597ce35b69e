//! The current context: a context variable, so that each thread and each task has its own.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use super::context::{Plain, PyContext, class, make};
use super::number::{Rounding, Settings, signal};
use super::settings;
use crate::_contextvars;
use crate::counted;
use crate::native_class;
use crate::native_class::receiver;

/// Contexts that new ones are made from.
pub struct Templates {
    pub default: Py<PyContext>,
    pub basic: Py<PyContext>,
    pub extended: Py<PyContext>,
}

pub fn templates() -> PyResult<&'static Templates> {
    static TEMPLATES: OnceLock<Templates> = OnceLock::new();
    if let Some(templates) = TEMPLATES.get() {
        return Ok(templates);
    }
    let nine = Settings { prec: 9, ..Plain::DEFAULT.settings };
    let basic = Plain {
        settings: nine.rounding(Rounding::HalfUp),
        traps: Plain::DEFAULT.traps | signal::UNDERFLOW | signal::CLAMPED,
        ..Plain::DEFAULT
    };
    let extended = Plain { settings: nine, traps: 0, ..Plain::DEFAULT };
    let templates = Templates {
        default: make(class(), Plain::DEFAULT)?,
        basic: make(class(), basic)?,
        extended: make(class(), extended)?,
    };
    Ok(TEMPLATES.get_or_init(|| templates))
}

fn variable() -> PyResult<&'static Obj> {
    static VARIABLE: OnceLock<Obj> = OnceLock::new();
    if let Some(variable) = VARIABLE.get() {
        return Ok(variable);
    }
    let variable = counted::call1(_contextvars::variable::class().as_obj(), &str_obj("decimal_context"))?;
    Ok(VARIABLE.get_or_init(|| variable))
}

/// The current context, made from the default one when first asked for.
pub fn get() -> PyResult<Py<PyContext>> {
    let variable = variable()?;
    if let Some(found) = _contextvars::current_value(variable)?
        && let Ok(found) = found.into_py::<PyContext>()
    {
        return Ok(found);
    }
    let fresh = make(class(), Plain { flags: 0, ..templates()?.default.plain() })?;
    drop(_contextvars::current().replace(variable, Some(fresh.as_obj().clone()))?);
    Ok(fresh)
}

/// The context of an optional argument.
pub fn given(context: Option<&Obj>) -> PyResult<Py<PyContext>> {
    match context.filter(|context| !is_none(context)) {
        None => get(),
        Some(context) => context.to_py().ok_or_else(|| type_error("optional argument must be a context")),
    }
}

pub fn set(context: &Obj) -> PyResult<()> {
    let Some(this) = context.downcast::<PyContext>() else {
        return Err(type_error("argument must be a context"));
    };
    let templates = templates()?;
    let is_template =
        [&templates.default, &templates.basic, &templates.extended].iter().any(|t| t.as_obj().is(context));
    let context = match is_template {
        true => make(class(), Plain { flags: 0, ..this.plain() })?.into_obj(),
        false => context.clone(),
    };
    drop(_contextvars::current().replace(variable()?, Some(context))?);
    Ok(())
}

/// What `localcontext` makes.
#[repr(C)]
pub struct PyContextManager {
    header: Header,
    local: Obj,
    global: Obj,
}
layout!(PyContextManager, "decimal.ContextManager", [local, global]);

native_class!(
    fn manager_class() = TypeBuilder::new("decimal.ContextManager", PyContextManager::ops())
        .no_instantiation()
        .methods(PyContextManager::methods())
        .make()
);

pub fn local(context: Option<&Obj>, values: Kwargs<'_>) -> PyResult<Obj> {
    let global = get()?;
    let local = match context.filter(|context| !is_none(context)) {
        None => global.copy_of()?,
        Some(context) => match context.downcast::<PyContext>() {
            Some(context) => context.copy_of()?,
            None => return Err(type_error("optional argument must be a context")),
        },
    };
    for (name, value) in values.iter() {
        let known = name
            .downcast::<PyStr>()
            .and_then(|name| settings::NAMES.into_iter().find(|known| name.eq_str(known)));
        let Some(known) = known else {
            return Err(type_error(format!(
                "this function got an unexpected keyword argument {}",
                repr_string(name)?
            )));
        };
        if !is_none(value) {
            settings::set(&local, known, value)?;
        }
    }
    let (local, global) = (local.into_obj(), global.into_obj());
    Ok(new_instance(manager_class(), |header| PyContextManager { header, local, global }).into_obj())
}

#[pymethods(class = "decimal.ContextManager")]
impl PyContextManager {
    #[pymethod]
    fn __enter__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyContextManager>(slf)?;
        set(&this.local)?;
        Ok(this.local.clone())
    }
    #[pymethod(sig = "(*args)", text = "")]
    fn __exit__(slf: &Obj, args: &[Obj]) -> PyResult<bool> {
        let _ = args;
        set(&receiver::<PyContextManager>(slf)?.global)?;
        Ok(false)
    }
}
