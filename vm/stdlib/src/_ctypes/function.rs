//! Function pointers: `CFuncPtr` and its metaclass, their attributes, and where functions come from: a library, an address, a Python callable.

use std::ffi::CString;

use taipan_objects::bytes::PyBytes;
use taipan_objects::int::int_ref;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;
use taipan_objects::type_object::TypeBuilder;
use taipan_vm::sys::audit;

use super::callback::Thunk;
use super::data::{self, CData, Origin, receiver};
use super::ffi::{self, Scalar};
use super::info::{Draft, Info, Kind, attach, info_of, info_of_instance, info_of_obj};
use super::memory::{self, Address};
use super::{call, meta, parameter_flags};
use crate::native_class;
use crate::native_class::class_argument;

/// What a function pointer has beside its address. Empty slots: as its class says.
#[derive(Default)]
pub struct Function {
    pub argtypes: Field,
    pub converters: Field,
    pub restype: Field,
    pub checker: Field,
    pub errcheck: Field,
    pub paramflags: Field,
}

/// A slot that is empty to begin with.
pub struct Field(pub Slot);

impl Default for Field {
    fn default() -> Self {
        Field(Slot::empty())
    }
}

impl Field {
    pub fn load(&self) -> Option<Obj> {
        self.0.load()
    }
    fn set(&self, value: Option<Obj>) {
        drop(self.0.replace(value));
    }
}

impl Function {
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        for field in
            [&self.argtypes, &self.converters, &self.restype, &self.checker, &self.errcheck, &self.paramflags]
        {
            field.0.trace(tracer);
        }
    }
}

native_class!(
    /// The metaclass of function types.
    pub fn metaclass() = meta::derived("_ctypes.PyCFuncPtrType")
        .slots(TypeSlots { init: Some(init), ..TypeSlots::EMPTY })
        .make()
);

native_class!(
    /// `_ctypes.CFuncPtr`.
    pub fn class() = TypeBuilder::new("_ctypes.CFuncPtr", CData::ops())
        .base(data::class())
        .metaclass(metaclass())
        .slots(TypeSlots {
            new: Some(construct),
            init: Some(|_, _| Ok(())),
            call: Some(call::call_function),
            repr: Some(represent),
            bool_: Some(|obj| Ok(receiver(obj)?.pointer() != 0)),
            ..TypeSlots::EMPTY
        })
        .getset(GETSET)
        .doc("Function Pointer")
        .make()
);

/// The receiver and its attributes.
pub fn this(slf: &Obj) -> PyResult<(&CData, &Function)> {
    let data = receiver(slf)?;
    match &data.function {
        Some(function) => Ok((data, function)),
        None => Err(type_error("a function pointer is required")),
    }
}

static GETSET: &[GetSetDef] = &[
    GetSetDef {
        name: "errcheck",
        get: |slf| Ok(this(slf)?.1.errcheck.load().unwrap_or_else(none)),
        set: Some(|slf, value| {
            if let Some(value) = value
                && !is_callable(value)
            {
                return Err(type_error("the errcheck attribute must be callable"));
            }
            this(slf)?.1.errcheck.set(value.cloned());
            Ok(())
        }),
        doc: "a function to check for errors",
    },
    GetSetDef {
        name: "restype",
        get: |slf| {
            let info = info_of_instance(slf)?;
            Ok(this(slf)?.1.restype.load().or_else(|| info.restype.load()).unwrap_or_else(none))
        },
        set: Some(|slf, value| {
            let function = this(slf)?.1;
            let Some(value) = value else {
                function.restype.set(None);
                function.checker.set(None);
                return Ok(());
            };
            check_restype(value, "restype must be a type, a callable, or None")?;
            let checker = getattr_opt(value, &istr!("_check_retval_"))?;
            function.checker.set(checker);
            function.restype.set(Some(value.clone()));
            Ok(())
        }),
        doc: "specify the result type",
    },
    GetSetDef {
        name: "argtypes",
        get: |slf| {
            let info = info_of_instance(slf)?;
            Ok(this(slf)?.1.argtypes.load().or_else(|| info.argtypes.load()).unwrap_or_else(none))
        },
        set: Some(|slf, value| {
            let function = this(slf)?.1;
            match value.filter(|value| !is_none(value)) {
                None => {
                    function.converters.set(None);
                    function.argtypes.set(None);
                }
                Some(value) => {
                    let (types, converters) = converters(value)?;
                    if let Some(flags) = function.paramflags.load() {
                        parameter_flags::check(&types, &flags)?;
                    }
                    function.converters.set(Some(converters));
                    function.argtypes.set(Some(types));
                }
            }
            Ok(())
        }),
        doc: "specify the argument types",
    },
];

fn check_restype(value: &Obj, message: &str) -> PyResult<()> {
    if is_none(value) || info_of_obj(value).is_some() || is_callable(value) {
        return Ok(());
    }
    Err(type_error(message))
}

/// A tuple of the argument types and one of their `from_param`s.
fn converters(types: &Obj) -> PyResult<(Obj, Obj)> {
    let Ok(items) = collect(types) else {
        drop(catch(&types_error())?);
        return Err(type_error("_argtypes_ must be a sequence of types"));
    };
    if items.len() > call::MOST_ARGUMENTS {
        return Err(call::too_many(items.len()));
    }
    let converter = |(i, item): (usize, &Obj)| match getattr_opt(item, &istr!("from_param"))? {
        Some(converter) => Ok(converter),
        None => Err(type_error(format!("item {} in _argtypes_ has no from_param method", i + 1))),
    };
    let converters = items.iter().enumerate().map(converter).collect::<PyResult<Vec<_>>>()?;
    Ok((tuple_obj(items), tuple_obj(converters)))
}

fn types_error() -> Py<PyType> {
    types().type_error.clone()
}

fn init(class: &Obj, args: &Args<'_>) -> PyResult<()> {
    let (this, _) = meta::class_and_namespace(class, args)?;
    let flags = getattr_opt(class, &istr!("_flags_"))?;
    let Some(flags) = flags.as_ref().and_then(int_ref).and_then(|flags| flags.to_i64()) else {
        return Err(type_error("class must define _flags_ which must be an integer"));
    };
    let mut draft = Draft::scalar(Kind::Function, Scalar::Pointer);
    draft.pointers = true;
    draft.flags = flags;
    draft.format = Some("X{}".to_owned());
    let info = draft.finish();
    if let Some(types) = getattr_opt(class, &istr!("_argtypes_"))? {
        let (types, converters) = converters(&types)?;
        info.argtypes.store(types);
        info.converters.store(converters);
    }
    if let Some(restype) = getattr_opt(class, &istr!("_restype_"))? {
        check_restype(&restype, "_restype_ must be a type, a callable, or None")?;
        if let Some(checker) = getattr_opt(&restype, &istr!("_check_retval_"))? {
            info.checker.store(checker);
        }
        info.restype.store(restype);
    }
    attach(this, info)
}

fn construct(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let this = class_argument::<CData>(class)?;
    let Some(info) = info_of(this) else { return Err(type_error("abstract class")) };
    match args.positional {
        [] => data::make(this, Origin::New, None),
        [source, rest @ ..] if source.is_layout::<PyTuple>() => from_library(this, &info, source, rest),
        [address] if int_ref(address).is_some() => {
            let address = meta::address_argument(address, "integer expected")?;
            let made = data::make(this, Origin::New, None)?;
            memory::write(receiver(&made)?.address(), address);
            Ok(made)
        }
        [callable] if is_callable(callable) => from_callable(this, &info, callable),
        _ => Err(type_error("argument must be callable or integer function address")),
    }
}

fn symbol_name(name: &Obj) -> PyResult<CString> {
    let bytes = if let Some(text) = name.downcast::<PyStr>() {
        text.to_utf8()?.into_owned().into_bytes()
    } else if let Some(bytes) = name.downcast::<PyBytes>() {
        bytes.as_slice().to_vec()
    } else {
        return Err(type_error("function name must be string, bytes object or integer"));
    };
    CString::new(bytes).map_err(|_| value_error("embedded null character"))
}

/// `CFuncPtr((name, dll)[, paramflags])`.
fn from_library(class: &PyType, info: &Info, source: &Obj, rest: &[Obj]) -> PyResult<Obj> {
    let items = source.downcast::<PyTuple>().map(PyTuple::as_slice).unwrap_or_default();
    let [name, dll] = items else {
        return Err(type_error(format!("takes exactly 2 arguments ({} given)", items.len())));
    };
    audit("ctypes.dlsym", &[dll.clone(), name.clone()])?;
    let symbol = symbol_name(name)?;
    let handle = meta::library_handle(dll)?;
    let address = match ffi::dlsym(handle, &symbol) {
        Ok(address) => address,
        Err(message) if message.is_empty() => {
            return Err(attribute_error(format!("function '{}' not found", symbol.to_string_lossy())));
        }
        Err(message) => return Err(attribute_error(message)),
    };
    let function = Function::default();
    if let [flags] = rest
        && !is_none(flags)
    {
        let Some(argtypes) = info.argtypes.load() else { return Err(type_error("abstract class")) };
        parameter_flags::check(&argtypes, flags)?;
        function.paramflags.set(Some(flags.clone()));
    }
    let made = data::make(class, Origin::New, Some(function))?;
    let data = receiver(&made)?;
    memory::write(data.address(), address);
    data.keep(0, dll.clone())?;
    Ok(made)
}

/// `CFuncPtr(callable)`: a C function that calls Python.
fn from_callable(class: &PyType, info: &Info, callable: &Obj) -> PyResult<Obj> {
    let Some(argtypes) = info.argtypes.load() else {
        return Err(type_error("cannot construct instance of this class: no argtypes"));
    };
    let thunk = Thunk::make(callable, &argtypes, info.restype.load(), info.flags)?;
    let code: Address = thunk.downcast::<Thunk>().map_or(0, Thunk::code);
    let made = data::make(class, Origin::New, None)?;
    let data = receiver(&made)?;
    memory::write(data.address(), code);
    data.keep(0, thunk)?;
    Ok(made)
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let at = slf.header().map_or(0, |header| std::ptr::from_ref(header).addr());
    Ok(str_obj(&format!("<{} object at {at:#x}>", class_of(slf).name())))
}
