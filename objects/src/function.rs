//! Python functions.

pub mod entry;

use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicU32, Ordering};

use crate::argument::Args;
use crate::cell::PyCell;
use crate::code::PyCode;
use crate::construct::*;
use crate::dict::PyDict;
use crate::error::*;
use crate::istr;
use crate::layout;
use crate::method::PyBoundMethod;
use crate::native::GetSetDef;
use crate::protocol;
use crate::singletons::is_none;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::{PyType, TypeSlots, class_of, new_instance, ready};
use crate::types::{Types, types};
use crate::watch::function::{self as watch, FunctionEvent};

/// A Python function. Deferred (registers do not count references to it) unless it is made by another one.
#[repr(C)]
pub struct PyFunction {
    header: Header,
    /// `PyCode` that calls execute; replaced by `__code__` assignment, and by whoever takes the function over (see [`entry`]).
    pub code: Slot,
    /// The module namespace, a dict.
    pub globals: Obj,
    /// The builtins namespace, a dict.
    pub builtins: Obj,
    pub name: Slot,
    pub qualname: Slot,
    /// Tuple or empty.
    pub defaults: Slot,
    /// Dict or empty.
    pub kwdefaults: Slot,
    /// Tuple of cells or empty.
    pub closure: Slot,
    /// Empty: the docstring of the code, which would have to be read for it.
    doc: Slot,
    pub module: Slot,
    pub annotations: Slot,
    pub annotate: Slot,
    pub type_params: Slot,
    /// Changes when code or defaults do; 0: do not cache.
    version: AtomicU32,
}
layout!(
    PyFunction,
    "function",
    [
        code,
        globals,
        builtins,
        name,
        qualname,
        defaults,
        kwdefaults,
        closure,
        doc,
        module,
        annotations,
        annotate,
        type_params,
    ]
);

impl PyFunction {
    /// The cells of the free variables of its code, borrowed: they are given once, before anybody calls the function.
    #[inline]
    pub fn cells(&self) -> &[Obj] {
        let closure = self.closure.peek();
        if !closure.is_ptr() {
            return &[];
        }
        // SAFETY: whoever makes a function stores a tuple, and nothing else later, so it lives as long as the function.
        unsafe { &*closure.ptr().cast::<PyTuple>() }.as_slice()
    }
    /// A function of `code` in a module's namespace.
    pub fn new(code: &Py<PyCode>, globals: Obj, builtins: Obj) -> Py<PyFunction> {
        let module = globals.downcast::<PyDict>().and_then(|g| g.get_str(&istr!("__name__")));
        PyFunction::of_module(code, globals, builtins, module)
    }
    /// The same, where the `__name__` of the namespace is known.
    pub fn of_module(code: &Py<PyCode>, globals: Obj, builtins: Obj, module: Option<Obj>) -> Py<PyFunction> {
        let function = new_instance(&types().function, |header| PyFunction {
            header,
            code: Slot::new(code.as_obj().clone()),
            globals,
            builtins,
            name: Slot::new(code.name.clone()),
            qualname: Slot::new(code.qualname.clone()),
            defaults: Slot::empty(),
            kwdefaults: Slot::empty(),
            closure: Slot::empty(),
            doc: Slot::empty(),
            module: Slot::from_option(module),
            annotations: Slot::empty(),
            annotate: Slot::empty(),
            type_params: Slot::empty(),
            version: AtomicU32::new(1),
        });
        // What is made again and again has to go when it is not used any more.
        let nested = code.flags & taipan_bytecode::flags::CO_NESTED != 0;
        let function = if nested { function } else { function.defer() };
        if watch::any() {
            watch::created(&function);
        }
        function
    }
    /// Whether the collector alone can end it, so that a frame need not own it: functions that are not nested in another.
    #[inline(always)]
    pub fn is_deferred(&self) -> bool {
        self.header.has_flag(taipan_gc::HeaderFlags::DEFERRED)
    }
    /// The code object.
    #[inline]
    pub fn code(&self) -> Py<PyCode> {
        let code = self.executed();
        if code.shadow.is_some() { entry::original(code) } else { code }
    }
    fn docstring(&self) -> Obj {
        self.doc.load().unwrap_or_else(|| self.code().docstring())
    }
    /// What calls execute: the code object, or what stands in for it while somebody has taken the function over (see [`entry`]).
    #[inline]
    pub fn executed(&self) -> Py<PyCode> {
        match self.code.load().map(Obj::into_py::<PyCode>) {
            Some(Ok(code)) => code,
            _ => unreachable!("a function's code slot always holds code"),
        }
    }
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }
    fn changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for PyFunction {
    #[inline]
    fn drop(&mut self) {
        if watch::any() {
            watch::destroyed(std::ptr::from_ref(self).addr());
        }
    }
}

fn this(obj: &Obj) -> PyResult<&PyFunction> {
    obj.downcast::<PyFunction>().ok_or_else(|| system_error("not a function"))
}

fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    (crate::hooks::get()?.call_function)(obj, args)
}

fn descr_get(descr: &Obj, instance: Option<&Obj>, _owner: Option<&Obj>) -> PyResult<Obj> {
    match instance {
        Some(instance)
            if !is_none(instance)
                || class_of(instance).is(&types().none_type)
                    && _owner.is_none_or(|o| o.is(types().none_type.as_obj())) =>
        {
            Ok(PyBoundMethod::new(descr.clone(), instance.clone()).into_obj())
        }
        _ => Ok(descr.clone()),
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let name = match this(obj)?.qualname.load() {
        Some(name) => protocol::str_string(&name)?,
        None => String::new(),
    };
    Ok(str_obj(&format!("<function {name} at {:#x}>", obj.value().counted().bits())))
}

#[crate::native::pyargs(
    name = "function",
    sig = "(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)"
)]
fn new(
    class: &Obj,
    code: &Obj,
    globals: &Obj,
    name: Option<&Obj>,
    argdefs: Option<&Obj>,
    closure: Option<&Obj>,
    kwdefaults: Option<&Obj>,
) -> PyResult<Obj> {
    let _ = class;
    let Some(code) = code.to_py::<PyCode>() else {
        return Err(type_error(format!(
            "function() argument 'code' must be code, not {}",
            class_of(code).name()
        )));
    };
    if !globals.is_layout::<PyDict>() {
        return Err(type_error(format!(
            "function() argument 'globals' must be dict, not {}",
            class_of(globals).name()
        )));
    }
    if let Some(defaults) = argdefs.filter(|d| !is_none(d))
        && !defaults.is_layout::<PyTuple>()
    {
        return Err(type_error("arg 4 (defaults) must be None or tuple"));
    }
    if let Some(defaults) = kwdefaults.filter(|d| !is_none(d))
        && !defaults.is_layout::<PyDict>()
    {
        return Err(type_error("arg 6 (kwdefaults) must be None or dict"));
    }
    let builtins = builtins_of(globals)?;
    let free = code.unit.freevars.len();
    let closure = closure.filter(|c| !is_none(c));
    match closure {
        None if free > 0 => return Err(type_error("arg 5 (closure) must be tuple")),
        None => {}
        Some(closure) => {
            let Some(tuple) = closure.downcast::<PyTuple>() else {
                return Err(type_error("arg 5 (closure) must be None or tuple"));
            };
            check_closure(&code, tuple, "arg 5 (closure) expected cell, found ")?;
        }
    }
    let function = PyFunction::new(&code, globals.clone(), builtins);
    if let Some(name) = name.filter(|n| !is_none(n)) {
        function.name.store(name.clone());
        function.qualname.store(name.clone());
    }
    if let Some(defaults) = argdefs.filter(|d| !is_none(d)) {
        if !defaults.is_layout::<PyTuple>() {
            return Err(type_error("arg 4 (defaults) must be None or tuple"));
        }
        function.defaults.store(defaults.clone());
    }
    if let Some(defaults) = kwdefaults.filter(|d| !is_none(d)) {
        function.kwdefaults.store(defaults.clone());
    }
    if let Some(closure) = closure {
        function.closure.store(closure.clone());
    }
    Ok(function.into_obj())
}

fn check_closure(code: &PyCode, closure: &PyTuple, message: &str) -> PyResult<()> {
    let free = code.unit.freevars.len();
    if closure.len() != free {
        return Err(value_error(format!(
            "{} requires closure of length {free}, not {}",
            protocol::str_string(&code.name)?,
            closure.len()
        )));
    }
    for cell in closure.as_slice() {
        if !cell.is_layout::<PyCell>() {
            return Err(type_error(format!("{message}{}", class_of(cell).name())));
        }
    }
    Ok(())
}

/// The builtins namespace that code run with `globals` sees.
pub fn builtins_of(globals: &Obj) -> PyResult<Obj> {
    if let Some(dict) = globals.downcast::<PyDict>()
        && let Some(builtins) = dict.get_str(&istr!("__builtins__"))
    {
        return Ok(match builtins.downcast::<crate::module::PyModule>() {
            Some(module) => module.dict().into_obj(),
            // A mapping of any kind; what is none fails when a name is looked up.
            None => protocol::IntoStrong::into_strong(builtins),
        });
    }
    // The running code's, whatever they are.
    if let Some(frame) = (crate::hooks::get()?.current_frame)(0)
        && let Some(builtins) = protocol::getattr_opt(&frame, &istr!("f_builtins"))?
    {
        return Ok(builtins);
    }
    let builtins = crate::hooks::import_module("builtins")?;
    match builtins.downcast::<crate::module::PyModule>() {
        Some(module) => Ok(module.dict().into_obj()),
        None => Err(system_error("builtins is not a module")),
    }
}

fn or_none(slot: &Slot) -> PyResult<Obj> {
    Ok(slot.load().unwrap_or_else(none))
}

macro_rules! string_setter {
    ($field:ident, $name:literal) => {
        |o, value| match value {
            Some(v) if v.is_layout::<PyStr>() => {
                this(o)?.$field.store(v.clone());
                Ok(())
            }
            _ => Err(type_error(concat!($name, " must be set to a string object"))),
        }
    };
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "__name__",
        get: |o| or_none(&this(o)?.name),
        set: Some(string_setter!(name, "__name__")),
        doc: "",
    },
    GetSetDef {
        name: "__qualname__",
        get: |o| or_none(&this(o)?.qualname),
        set: Some(|o, value| match value {
            Some(v) if v.is_layout::<PyStr>() => {
                let function = this(o)?;
                watch::around(function, FunctionEvent::Qualname(v), || function.qualname.store(v.clone()));
                Ok(())
            }
            _ => Err(type_error("__qualname__ must be set to a string object")),
        }),
        doc: "",
    },
    GetSetDef {
        name: "__code__",
        get: |o| Ok(this(o)?.code().into_obj()),
        set: Some(|o, value| {
            let function = this(o)?;
            let Some(code) = value.and_then(|v| v.downcast::<PyCode>()) else {
                return Err(type_error("__code__ must be set to a code object"));
            };
            crate::hooks::audit_attribute(o, "__code__", value)?;
            let have =
                function.closure.load().and_then(|c| c.downcast::<PyTuple>().map(|t| t.len())).unwrap_or(0);
            if code.unit.freevars.len() != have {
                return Err(value_error(format!(
                    "{}() requires a code object with {have} free vars, not {}",
                    protocol::str_string(&or_none(&function.name)?)?,
                    code.unit.freevars.len()
                )));
            }
            use taipan_bytecode::flags::{CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR};
            const KIND: u32 = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
            if (function.code().flags ^ code.flags) & KIND != 0 {
                crate::hooks::warn(
                    "Assigning a code object of non-matching type is deprecated \
                     (e.g., from a generator to a plain function)",
                    types().deprecation_warning.as_obj(),
                    1,
                )?;
            }
            let code = crate::types::obj_of(code);
            watch::around(function, FunctionEvent::Code(&code), || function.set_code(code.clone()));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__defaults__",
        get: |o| or_none(&this(o)?.defaults),
        set: Some(|o, value| {
            let value = value.filter(|v| !is_none(v));
            if value.is_some_and(|v| !v.is_layout::<PyTuple>()) {
                return Err(type_error("__defaults__ must be set to a tuple object"));
            }
            crate::hooks::audit_attribute(o, "__defaults__", value)?;
            let function = this(o)?;
            watch::around(function, FunctionEvent::Defaults(value), || {
                drop(function.defaults.replace(value.cloned()));
                function.changed();
            });
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__kwdefaults__",
        get: |o| or_none(&this(o)?.kwdefaults),
        set: Some(|o, value| {
            let value = value.filter(|v| !is_none(v));
            if value.is_some_and(|v| !v.is_layout::<PyDict>()) {
                return Err(type_error("__kwdefaults__ must be set to a dict object"));
            }
            crate::hooks::audit_attribute(o, "__kwdefaults__", value)?;
            let function = this(o)?;
            watch::around(function, FunctionEvent::KwDefaults(value), || {
                drop(function.kwdefaults.replace(value.cloned()));
                function.changed();
            });
            Ok(())
        }),
        doc: "",
    },
    GetSetDef { name: "__closure__", get: |o| or_none(&this(o)?.closure), set: None, doc: "" },
    GetSetDef { name: "__globals__", get: |o| Ok(this(o)?.globals.clone()), set: None, doc: "" },
    GetSetDef { name: "__builtins__", get: |o| Ok(this(o)?.builtins.clone()), set: None, doc: "" },
    GetSetDef {
        name: "__doc__",
        get: |o| Ok(this(o)?.docstring()),
        set: Some(|o, value| {
            this(o)?.doc.store(value.cloned().unwrap_or_else(none));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__module__",
        get: |o| or_none(&this(o)?.module),
        set: Some(|o, value| {
            drop(this(o)?.module.replace(value.cloned()));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__annotations__",
        get: |o| {
            let function = this(o)?;
            if let Some(annotations) = function.annotations.load() {
                return Ok(annotations);
            }
            let value = match function.annotate.load().filter(|a| !is_none(a)) {
                Some(annotate) => {
                    let value = protocol::call1(&annotate, &int_obj(1))?;
                    if !value.is_layout::<PyDict>() {
                        return Err(type_error(format!(
                            "__annotate__ returned non-dict of type '{}'",
                            class_of(&value).name()
                        )));
                    }
                    value
                }
                None => PyDict::new().into_obj(),
            };
            function.annotations.store(value.clone());
            Ok(value)
        },
        set: Some(|o, value| {
            let value = value.filter(|v| !is_none(v));
            if value.is_some_and(|v| !v.is_layout::<PyDict>()) {
                return Err(type_error("__annotations__ must be set to a dict object"));
            }
            drop(this(o)?.annotations.replace(value.cloned()));
            drop(this(o)?.annotate.replace(None));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__annotate__",
        get: |o| or_none(&this(o)?.annotate),
        set: Some(|o, value| {
            let Some(value) = value else { return Err(type_error("__annotate__ cannot be deleted")) };
            if is_none(value) {
                drop(this(o)?.annotate.replace(None));
                return Ok(());
            }
            if !protocol::is_callable(value) {
                return Err(type_error("__annotate__ must be callable or None"));
            }
            this(o)?.annotate.store(value.clone());
            drop(this(o)?.annotations.replace(None));
            Ok(())
        }),
        doc: "",
    },
    GetSetDef {
        name: "__type_params__",
        get: |o| Ok(this(o)?.type_params.load().unwrap_or_else(|| tuple_obj(vec![]))),
        set: Some(|o, value| match value {
            Some(v) if v.is_layout::<PyTuple>() => {
                this(o)?.type_params.store(v.clone());
                Ok(())
            }
            _ => Err(type_error("__type_params__ must be set to a tuple")),
        }),
        doc: "",
    },
    crate::object_type::DICT_GETSET,
];

static SLOTS: TypeSlots = TypeSlots {
    call: Some(call),
    descr_get: Some(descr_get),
    repr: Some(repr),
    new: Some(new),
    ..TypeSlots::EMPTY
};

pub(crate) fn fill(types: &Types) {
    types.function.slots.set_all(&SLOTS);
    ready::add_getset(&types.function, GETSET);
    let _: Option<&PyType> = None;
}
