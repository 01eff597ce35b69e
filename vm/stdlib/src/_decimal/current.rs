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

static VARIABLE: OnceLock<Obj> = OnceLock::new();

fn variable() -> PyResult<&'static Obj> {
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

/// What an operation needs of its context, read at its beginning, so that the current one is asked again only for conditions that are new in it.
pub struct Known<'a> {
    pub settings: Settings,
    /// Conditions whose flags are set already and that are not trapped.
    settled: u32,
    /// `None`: the current one.
    context: Option<&'a PyContext>,
}

impl<'a> Known<'a> {
    fn of(context: &PyContext) -> Known<'a> {
        let settled = context.flags().get() & !context.traps().get();
        Known { settings: context.settings(), settled, context: None }
    }
    /// Reports what came up to the context: the current one still is what it was, as no Python code runs between. A flag that somebody else clears
    /// meanwhile counts as set before that.
    #[inline]
    pub fn report(&self, status: u32) -> PyResult<()> {
        if status & !self.settled == 0 { Ok(()) } else { self.report_new(status) }
    }
    #[inline(never)]
    fn report_new(&self, status: u32) -> PyResult<()> {
        match self.context {
            Some(context) => context.report(status),
            None => get()?.report(status),
        }
    }
}

/// The current context, for an operation that runs no Python code before its [`Known::report`].
#[inline]
pub fn known() -> PyResult<Known<'static>> {
    let look = |context: &Obj| context.downcast().map(Known::of);
    match VARIABLE.get().and_then(|variable| _contextvars::look_at_last(variable, look)) {
        Some(known) => Ok(known),
        None => known_slow(),
    }
}

#[cold]
fn known_slow() -> PyResult<Known<'static>> {
    Ok(Known::of(&*get()?))
}

/// [`known`] for an optional argument.
#[inline]
pub fn known_given(context: Option<&Obj>) -> PyResult<Known<'_>> {
    let Some(context) = context.filter(|context| !is_none(context)) else { return known() };
    match context.downcast::<PyContext>() {
        Some(given) => Ok(Known { context: Some(given), ..Known::of(given) }),
        None => Err(not_a_context()),
    }
}

#[cold]
fn not_a_context() -> Raised {
    type_error("optional argument must be a context")
}

/// The context of an optional argument.
pub fn given(context: Option<&Obj>) -> PyResult<Py<PyContext>> {
    match context.filter(|context| !is_none(context)) {
        None => get(),
        Some(context) => context.to_py().ok_or_else(not_a_context),
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
