//! Methods of generators and coroutines.

use taipan_gc::{Header, Obj, Py};
use taipan_threading::sync::atomic::Ordering;

use super::{CLOSED, CREATED, PyCoroutineWrapper, PyGenerator, RUNNING, SUSPENDED};
use crate::construct::*;
use crate::error::*;
use crate::hooks::{self, Resume, Resumed};
use crate::istr;
use crate::native::{GetSetDef, NativeMethods, pymethods};
use crate::protocol::{self, IntoStrong};
use crate::singletons::is_none;
use crate::type_object::{PyType, TypeSlots, class_of, ready};
use crate::types::{Types, types};

pub(super) fn this(obj: &Obj) -> PyResult<&PyGenerator> {
    obj.downcast::<PyGenerator>().ok_or_else(|| system_error("not a generator"))
}

fn resume(obj: &Obj, how: Resume) -> PyResult<Resumed> {
    (hooks::get()?.resume)(obj, how)
}

/// The next value; `None` when the generator returns (its value is dropped if it is `None`, else raised in `StopIteration`).
fn next(obj: &Obj) -> PyResult<Option<Obj>> {
    if this(obj)?.state.load(Ordering::Acquire) == CLOSED && !class_of(obj).is(&types().coroutine) {
        return Ok(None);
    }
    match resume(obj, Resume::Send(none()))? {
        Resumed::Yielded(value) => Ok(Some(value)),
        Resumed::Returned(value) if is_none(&value) => Ok(None),
        Resumed::Returned(value) => Err(return_value(value)),
    }
}

/// Raises `StopIteration(value)`; tuples and exceptions must not be taken for arguments.
pub fn return_value(value: Obj) -> Raised {
    stop_iteration(if is_none(&value) { None } else { Some(value) })
}

fn finished(result: Resumed) -> PyResult<Obj> {
    match result {
        Resumed::Yielded(value) => Ok(value),
        Resumed::Returned(value) => Err(return_value(value)),
    }
}

/// `send(value)`.
pub fn send(obj: &Obj, value: &Obj) -> PyResult<Obj> {
    let generator = this(obj)?;
    if generator.state.load(Ordering::Acquire) == CLOSED {
        return Err(if class_of(obj).is(&types().coroutine) {
            runtime_error("cannot reuse already awaited coroutine")
        } else {
            stop_iteration(None)
        });
    }
    finished(resume(obj, Resume::Send(value.clone()))?)
}

/// The exception of `throw(type[, value[, traceback]])`; what goes wrong when the class is called is thrown in its place.
pub fn thrown(args: &[Obj]) -> PyResult<Obj> {
    let Some(first) = args.first() else { return Err(system_error("throw() without an exception")) };
    let given = |index: usize| args.get(index).filter(|value| !is_none(value));
    if let Some(traceback) = given(2)
        && !traceback.is_layout::<crate::traceback::PyTraceback>()
    {
        return Err(type_error("throw() third argument must be a traceback object"));
    }
    let exception = if crate::exceptions::is_exception(first) {
        if given(1).is_some() {
            return Err(type_error("instance exception may not have a separate value"));
        }
        first.clone()
    } else if crate::exceptions::is_exception_class(first) {
        instantiate(first, given(1)).unwrap_or_else(|Raised| take_raised())
    } else {
        return Err(type_error(format!(
            "exceptions must be classes or instances deriving from BaseException, not {}",
            class_of(first).name()
        )));
    };
    if let Some(traceback) = given(2)
        && let Some(e) = exception.downcast::<crate::exceptions::PyBaseException>()
    {
        e.set_traceback(Some(traceback.clone()));
    }
    Ok(exception)
}

fn instantiate(class: &Obj, value: Option<&Obj>) -> PyResult<Obj> {
    let made = match value {
        None => protocol::call0(class)?,
        Some(value) if protocol::isinstance(value, class)? => value.clone(),
        Some(value) => match value.downcast::<crate::tuple::PyTuple>() {
            Some(tuple) => protocol::call(class, tuple.as_slice())?,
            None => protocol::call1(class, value)?,
        },
    };
    if !crate::exceptions::is_exception(&made) {
        return Err(type_error(format!(
            "calling {} should have returned an instance of BaseException, not {}",
            protocol::repr_string(class)?,
            class_of(&made).name()
        )));
    }
    Ok(made)
}

/// Throws `exception` into a generator, by way of what it delegates to.
pub fn throw(obj: &Obj, exception: Obj) -> PyResult<Resumed> {
    throw_args(obj, &[exception])
}

/// As [`throw`], of the arguments of the method: what is delegated to gets them as they are.
pub(super) fn throw_args(obj: &Obj, args: &[Obj]) -> PyResult<Resumed> {
    let generator = this(obj)?;
    let delegate = match generator.state.load(Ordering::Acquire) {
        SUSPENDED => hooks::delegate(obj),
        _ => None,
    };
    let Some(delegate) = delegate else {
        let exception = thrown(args)?;
        match generator.state.load(Ordering::Acquire) {
            CLOSED if class_of(obj).is(&types().coroutine) => {
                return Err(runtime_error("cannot reuse already awaited coroutine"));
            }
            CLOSED => return Err(set_raised(exception)),
            RUNNING => return Err(value_error(format!("{} already executing", kind(obj)))),
            _ => {}
        }
        let _ = set_raised(exception);
        return resume(obj, Resume::Throw);
    };
    let is_exit = args.first().is_some_and(|first| match first.downcast::<PyType>() {
        Some(class) => class.is_subtype(&types().generator_exit),
        None => class_of(first).is_subtype(&types().generator_exit),
    });
    if is_exit {
        return hooks::delegating(obj, &mut || {
            close_delegate(&delegate)?;
            Err(set_raised(thrown(args)?))
        });
    }
    if class_of(&delegate).is(&types().generator) || class_of(&delegate).is(&types().coroutine) {
        return hooks::delegating(obj, &mut || throw_args(&delegate, args));
    }
    match protocol::getattr_opt(&delegate, &istr!("throw"))? {
        None => {
            let _ = set_raised(thrown(args)?);
            resume(obj, Resume::Throw)
        }
        Some(method) => hooks::delegating(obj, &mut || protocol::call(&method, args).map(Resumed::Yielded)),
    }
}

fn close_delegate(delegate: &Obj) -> PyResult<()> {
    let class = class_of(delegate);
    if class.is(&types().generator) || class.is(&types().coroutine) {
        return close(delegate).map(drop);
    }
    match protocol::getattr_opt(delegate, &istr!("close")) {
        Ok(Some(method)) => protocol::call0(&method).map(drop),
        Ok(None) => Ok(()),
        Err(Raised) => {
            hooks::unraisable(None, Some(delegate));
            Ok(())
        }
    }
}

fn kind(obj: &Obj) -> &'static str {
    let class = class_of(obj);
    let t = types();
    if class.is(&t.coroutine) {
        "coroutine"
    } else if class.is(&t.async_generator) {
        "asynchronous generator"
    } else {
        "generator"
    }
}

/// `close()`: the value returned in answer to `GeneratorExit`, or `None`.
pub fn close(obj: &Obj) -> PyResult<Obj> {
    let generator = this(obj)?;
    match generator.state.load(Ordering::Acquire) {
        CLOSED => return Ok(none()),
        CREATED => {
            if generator.start_running().is_ok() {
                generator.close_running();
            }
            return Ok(none());
        }
        _ => {}
    }
    let exit = crate::exceptions::PyBaseException::create(&types().generator_exit, vec![]);
    match throw(obj, exit) {
        Ok(Resumed::Yielded(_)) => Err(runtime_error(format!(
            "{} ignored GeneratorExit",
            if kind(obj) == "asynchronous generator" { "async generator" } else { kind(obj) }
        ))),
        Ok(Resumed::Returned(value)) => Ok(value),
        Err(Raised) => {
            if raised_is(&types().generator_exit) || raised_is(&types().stop_iteration) {
                drop(take_raised());
                return Ok(none());
            }
            Err(Raised)
        }
    }
}

/// `__del__`: a suspended generator with handlers is closed; a coroutine that was never awaited is warned about.
fn del(obj: &Obj) -> PyResult<()> {
    let generator = this(obj)?;
    let state = generator.state.load(Ordering::Acquire);
    if state == CREATED && class_of(obj).is(&types().coroutine) {
        warn_unawaited(obj, generator);
        return Ok(());
    }
    if state != SUSPENDED {
        return Ok(());
    }
    if class_of(obj).is(&types().async_generator) {
        return super::async_gen::finalize(obj, generator);
    }
    // A frame object keeps the variables, as those of any frame that has ended.
    let watched = !generator.frame.is_empty()
        || taipan_threading::safepoint::poll() & taipan_threading::safepoint::TRACE != 0;
    if generator.code.unit.exception_table.is_empty() && hooks::delegate(obj).is_none() && !watched {
        // Nothing would run. Who traces sees it raise all the same.
        return Ok(());
    }
    if close(obj).is_err() {
        hooks::unraisable_about("Exception ignored while closing generator", obj);
    }
    Ok(())
}

/// The library's own warning tells where the coroutine was made. If it is not to be had, or raises something else, a plain one does.
fn warn_unawaited(obj: &Obj, generator: &PyGenerator) {
    let report = || hooks::unraisable_about("Exception ignored while finalizing coroutine", obj);
    let library = hooks::import_module("warnings").ok();
    drop(try_take_raised());
    let warn = library.and_then(|warnings| {
        protocol::getattr_opt(&warnings, &istr!("_warn_unawaited_coroutine")).unwrap_or_else(|Raised| {
            report();
            None
        })
    });
    if let Some(warn) = warn {
        if protocol::call1(&warn, obj).is_ok() {
            return;
        }
        let was_warning = raised_is(&types().runtime_warning);
        report();
        if was_warning {
            return;
        }
    }
    let name = generator.qualname.load().and_then(|n| protocol::str_string(&n).ok()).unwrap_or_default();
    let message = format!("coroutine '{name}' was never awaited");
    if hooks::warn(&message, types().runtime_warning.as_obj(), 1).is_err() {
        report();
    }
}

/// The arguments of `throw`, as they were given; more than one are out of fashion.
pub(super) fn throw_arguments(
    method: &str,
    typ: &Obj,
    val: Option<&Obj>,
    tb: Option<&Obj>,
) -> PyResult<Vec<Obj>> {
    if val.is_some() {
        hooks::warn(
            &format!(
                "the (type, exc, tb) signature of {method}() is deprecated, use the single-arg signature instead."
            ),
            types().deprecation_warning.as_obj(),
            1,
        )?;
    }
    Ok([Some(typ), val, tb].into_iter().flatten().cloned().collect())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let generator = this(obj)?;
    let name = generator.qualname.load().map(|n| protocol::str_string(&n)).transpose()?.unwrap_or_default();
    let class = class_of(obj).name();
    Ok(str_obj(&format!("<{class} object {name} at {:#x}>", obj.value().counted().bits())))
}

fn iter_self(obj: &Obj) -> PyResult<Obj> {
    Ok(obj.clone())
}

#[pymethods(class = "generator", part = "generator")]
impl PyGenerator {
    /// send(value) -> send 'value' into generator, return next yielded value or raise StopIteration.
    #[pymethod(name = "send")]
    fn send_method(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        send(slf, value)
    }
    /// Raise exception in generator, return next yielded value or raise StopIteration.
    #[pymethod(name = "throw", sig = "(typ, val=<unrepresentable>, tb=<unrepresentable>, /)", text = "")]
    fn throw_method(slf: &Obj, typ: &Obj, val: Option<&Obj>, tb: Option<&Obj>) -> PyResult<Obj> {
        finished(throw_args(slf, &throw_arguments("throw", typ, val, tb)?)?)
    }
    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(item, /)")]
    fn generator_class_getitem(cls: &Obj, item: &Obj) -> PyResult<Obj> {
        Ok(crate::generic_alias::new(cls, item))
    }
    /// close() -> raise GeneratorExit inside generator.
    #[pymethod(name = "close")]
    fn close_method(slf: &Obj) -> PyResult<Obj> {
        close(slf)
    }
}

#[pymethods(class = "coroutine", part = "coroutine_only")]
impl PyGenerator {
    /// send(arg) -> send 'arg' into coroutine, return next yielded value or raise StopIteration.
    #[pymethod(name = "send")]
    fn send_into_coroutine(slf: &Obj, value: &Obj) -> PyResult<Obj> {
        send(slf, value)
    }
    /// throw(value): raise an exception in coroutine, return next yielded value or raise StopIteration.
    #[pymethod(name = "throw", sig = "(typ, val=<unrepresentable>, tb=<unrepresentable>, /)", text = "")]
    fn throw_in_coroutine(slf: &Obj, typ: &Obj, val: Option<&Obj>, tb: Option<&Obj>) -> PyResult<Obj> {
        Self::throw_method(slf, typ, val, tb)
    }
    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(item, /)")]
    fn coroutine_class_getitem(cls: &Obj, item: &Obj) -> PyResult<Obj> {
        Ok(crate::generic_alias::new(cls, item))
    }
    /// close() -> raise GeneratorExit inside coroutine.
    #[pymethod(name = "close")]
    fn close_coroutine(slf: &Obj) -> PyResult<Obj> {
        close(slf)
    }
    #[pymethod(name = "__reduce_ex__", sig = "(protocol, /)")]
    fn no_pickle(slf: &Obj, protocol: &Obj) -> PyResult<Obj> {
        let _ = protocol;
        Err(type_error(format!("cannot pickle '{}' object", class_of(slf).name())))
    }
}

fn await_coroutine(obj: &Obj) -> PyResult<Obj> {
    let header = Header::new(types().coroutine_wrapper.root_shape());
    Ok(Py::new(PyCoroutineWrapper { header, coroutine: obj.clone().into_strong() }).into_obj())
}

fn wrapped(obj: &Obj) -> PyResult<&Obj> {
    obj.downcast::<PyCoroutineWrapper>()
        .map(|w| &w.coroutine)
        .ok_or_else(|| system_error("not a coroutine wrapper"))
}

#[pymethods(class = "coroutine_wrapper")]
impl PyCoroutineWrapper {
    /// send(arg) -> send 'arg' into coroutine, return next yielded value or raise StopIteration.
    #[pymethod(name = "send")]
    fn send_method(&self, value: &Obj) -> PyResult<Obj> {
        send(&self.coroutine, value)
    }
    /// Raise exception in coroutine, return next yielded value or raise StopIteration.
    #[pymethod(name = "throw", sig = "(typ, val=<unrepresentable>, tb=<unrepresentable>, /)", text = "")]
    fn throw_method(&self, typ: &Obj, val: Option<&Obj>, tb: Option<&Obj>) -> PyResult<Obj> {
        finished(throw_args(&self.coroutine, &throw_arguments("throw", typ, val, tb)?)?)
    }
    /// close() -> raise GeneratorExit inside coroutine.
    #[pymethod(name = "close")]
    fn close_method(&self) -> PyResult<Obj> {
        close(&self.coroutine)
    }
}

macro_rules! getsets {
    ($kind:literal, $code:literal, $frame:literal, $running:literal, $suspended:literal, $delegate:literal, $($extra:expr),*) => {
        &[
            GetSetDef { name: $code, get: |o| Ok(this(o)?.code.as_obj().clone()), set: None, doc: "" },
            GetSetDef { name: $frame, get: |o| hooks::generator_frame(o), set: None, doc: "" },
            GetSetDef { name: $running, get: |o| Ok(bool_obj(this(o)?.state.load(Ordering::Acquire) == RUNNING)), set: None, doc: "" },
            GetSetDef { name: $suspended, get: |o| Ok(bool_obj(this(o)?.state.load(Ordering::Acquire) == SUSPENDED)), set: None, doc: "" },
            GetSetDef { name: $delegate, get: |o| Ok(hooks::delegate(o).unwrap_or_else(none)), set: None, doc: "" },
            GetSetDef {
                name: "__name__",
                get: |o| Ok(this(o)?.name.load().unwrap_or_else(none)),
                set: Some(|o, value| match value {
                    Some(v) if v.is_layout::<crate::str::PyStr>() => {
                        this(o)?.name.store(v.clone());
                        Ok(())
                    }
                    _ => Err(type_error("__name__ must be set to a string object")),
                }),
                doc: concat!("name of the ", $kind),
            },
            GetSetDef {
                name: "__qualname__",
                get: |o| Ok(this(o)?.qualname.load().unwrap_or_else(none)),
                set: Some(|o, value| match value {
                    Some(v) if v.is_layout::<crate::str::PyStr>() => {
                        this(o)?.qualname.store(v.clone());
                        Ok(())
                    }
                    _ => Err(type_error("__qualname__ must be set to a string object")),
                }),
                doc: concat!("qualified name of the ", $kind),
            },
            $($extra),*
        ]
    };
}

static GENERATOR_GETSET: &[GetSetDef] =
    getsets!("generator", "gi_code", "gi_frame", "gi_running", "gi_suspended", "gi_yieldfrom",);
static COROUTINE_GETSET: &[GetSetDef] = getsets!(
    "coroutine",
    "cr_code",
    "cr_frame",
    "cr_running",
    "cr_suspended",
    "cr_await",
    GetSetDef {
        name: "cr_origin",
        get: |o| Ok(this(o)?.extra.load().unwrap_or_else(none)),
        set: None,
        doc: ""
    }
);
pub(super) static ASYNC_GETSET: &[GetSetDef] = getsets!(
    "async generator",
    "ag_code",
    "ag_frame",
    "_ag_executing",
    "ag_suspended",
    "ag_await",
    GetSetDef {
        name: "ag_running",
        get: |o| Ok(bool_obj(super::async_gen::is_running(this(o)?))),
        set: None,
        doc: ""
    }
);

pub(super) fn fill(types: &Types) {
    let no_new = |class: &Py<PyType>| class.set_flag(crate::type_object::type_flags::NO_INSTANTIATION, true);
    types.generator.slots.set_all(&TypeSlots {
        iter: Some(iter_self),
        iternext: Some(next),
        repr: Some(repr),
        del: Some(del),
        ..TypeSlots::EMPTY
    });
    types.coroutine.slots.set_all(&TypeSlots {
        await_: Some(await_coroutine),
        repr: Some(repr),
        del: Some(del),
        ..TypeSlots::EMPTY
    });
    types.coroutine_wrapper.slots.set_all(&TypeSlots {
        iter: Some(iter_self),
        iternext: Some(|o| next(wrapped(o)?)),
        ..TypeSlots::EMPTY
    });
    types.async_generator.slots.set_all(&TypeSlots { repr: Some(repr), del: Some(del), ..TypeSlots::EMPTY });
    ready::add_methods(&types.generator, PyGenerator::generator_methods());
    ready::add_methods(&types.coroutine, PyGenerator::coroutine_only_methods());
    ready::add_methods(&types.coroutine_wrapper, <PyCoroutineWrapper as NativeMethods>::methods());
    ready::add_getset(&types.generator, GENERATOR_GETSET);
    ready::add_getset(&types.coroutine, COROUTINE_GETSET);
    ready::add_getset(&types.async_generator, ASYNC_GETSET);
    for class in [&types.generator, &types.coroutine, &types.coroutine_wrapper, &types.async_generator] {
        no_new(class);
    }
    for class in [&types.generator, &types.coroutine, &types.async_generator] {
        class.set_flag(crate::type_object::type_flags::HAS_WEAKREF, true);
    }
}
