//! `builtin_function_or_method`: a native function, possibly bound to a receiver or a module.

use taipan_gc::{Header, Obj, Py, Slot, Value};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::layout;
use crate::native::{Fast1, MethodDef};
use crate::protocol::IntoStrong;
use crate::type_object::{CompareOp, TypeSlots, class_of};
use crate::types::{Number, Types, types};

/// A native function object. `receiver` is passed as first argument if present.
#[repr(C)]
pub struct PyNativeFunction {
    header: Header,
    pub def: &'static MethodDef,
    receiver: Slot,
    /// `__module__`.
    pub module: Slot,
    binding: Binding,
}

/// What the receiver is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    /// The first argument.
    Argument,
    /// The class whose `__new__` this is.
    Constructor,
    /// The class whose static method this is: not an argument.
    Static,
}
layout!(PyNativeFunction, "builtin_function_or_method", [receiver, module]);

impl PyNativeFunction {
    /// A function of a module (`module`: its name).
    pub fn new(def: &'static MethodDef, module: Option<Obj>) -> Py<PyNativeFunction> {
        Py::new(PyNativeFunction {
            header: Header::new(types().builtin_function_or_method.root_shape()),
            def,
            receiver: Slot::empty(),
            module: Slot::from_option(module),
            binding: Binding::Argument,
        })
        .defer()
    }
    /// A static method of class `class`.
    pub fn new_static(def: &'static MethodDef, class: Obj) -> Py<PyNativeFunction> {
        Py::new(PyNativeFunction {
            header: Header::new(types().builtin_function_or_method.root_shape()),
            def,
            receiver: Slot::new(class),
            module: Slot::empty(),
            binding: Binding::Static,
        })
        .defer()
    }
    /// A method bound to `receiver`.
    pub fn new_bound(def: &'static MethodDef, receiver: Obj) -> Py<PyNativeFunction> {
        Py::new(PyNativeFunction {
            header: Header::new(types().builtin_function_or_method.root_shape()),
            def,
            receiver: Slot::new(receiver),
            module: Slot::empty(),
            binding: Binding::Argument,
        })
    }
    /// The `__new__` of class `class`.
    pub fn new_constructor(def: &'static MethodDef, class: Obj) -> Py<PyNativeFunction> {
        Py::new(PyNativeFunction {
            header: Header::new(types().builtin_function_or_method.root_shape()),
            def,
            receiver: Slot::new(class),
            module: Slot::empty(),
            binding: Binding::Constructor,
        })
        .defer()
    }
    /// The entry for one argument, if `callable` is a native function that has one and passes no receiver.
    #[inline]
    pub fn fast1_of(callable: &Obj) -> Option<Fast1> {
        let header =
            callable.header().filter(|h| h.shape() == Number::builtin_function_or_method.root_shape())?;
        // SAFETY: that shape is of objects with this layout only.
        let function = unsafe { &*std::ptr::from_ref(header).cast::<PyNativeFunction>() };
        if function.is_unbound() { function.def.fast1 } else { None }
    }
    /// The receiver, or the class for a `__new__`, as an uncounted word; empty if there is none. It lasts as long as the function.
    #[inline(always)]
    pub fn receiver_word(&self) -> Value {
        self.receiver.peek().uncounted_ptr()
    }
    /// [`PyNativeFunction::receiver_word`] as a reference, for what ends before the function may.
    #[inline(always)]
    pub fn receiver_lent(&self) -> Option<Obj> {
        // A number, or nothing, is a receiver, too.
        // SAFETY: the slot is never written again; its reference keeps the receiver as long as the function lives.
        unsafe { Obj::from_value(self.receiver.peek().uncounted()) }
    }
    /// The receiver, or the class for a `__new__`.
    pub fn receiver(&self) -> Option<Obj> {
        self.receiver.load()
    }
    /// Whether this is a class's `__new__`.
    pub fn is_constructor(&self) -> bool {
        self.binding == Binding::Constructor
    }
    /// Calls the function, which is no constructor, with the receiver that it is bound to, if it has a fast entry for the arguments.
    #[inline]
    pub fn call_bound(&self, arguments: &[Obj]) -> Option<PyResult<Obj>> {
        let (def, receiver) = (self.def, self.receiver_lent()?);
        let result = match arguments {
            [] => def.fast1?(&receiver),
            [a] => def.fast2?(&receiver, a),
            [a, b] => def.fast3?(&receiver, a, b),
            _ => return None,
        };
        // It may be the receiver, or an uncounted part of what that keeps alive.
        Some(result.map(IntoStrong::into_strong))
    }
    /// Whether a call passes no receiver: the arguments go to `def` as they are.
    #[inline(always)]
    pub fn is_unbound(&self) -> bool {
        self.receiver.is_empty() || self.binding == Binding::Static
    }
}

/// Calls a native function object.
pub fn call(obj: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let Some(function) = obj.downcast::<PyNativeFunction>() else {
        return Err(system_error("not a native function"));
    };
    let def = function.def;
    if function.is_unbound() {
        return if args.has_keywords() { (def.call)(args) } else { def.call_positional(args.positional) };
    }
    let Some(receiver) = function.receiver_lent() else { return (def.call)(args) };
    if function.binding == Binding::Constructor {
        return crate::object_type::call_new(&receiver, args);
    }
    let fast = if args.has_keywords() { None } else { function.call_bound(args.positional) };
    fast.unwrap_or_else(|| args.behind(&receiver, |args| (def.call)(args)).map(IntoStrong::into_strong))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let Some(function) = obj.downcast::<PyNativeFunction>() else {
        return Err(system_error("not a native function"));
    };
    Ok(str_obj(&match function.receiver.load() {
        Some(receiver) => format!(
            "<built-in method {} of {} object at {:#x}>",
            function.def.name,
            class_of(&receiver).name(),
            receiver.value().counted().bits()
        ),
        None => format!("<built-in function {}>", function.def.name),
    }))
}

fn hash(obj: &Obj) -> PyResult<i64> {
    let Some(function) = obj.downcast::<PyNativeFunction>() else {
        return Err(system_error("not a native function"));
    };
    let address = std::ptr::from_ref(function.def).addr() as i64;
    let receiver = function.receiver.load().map_or(0, |r| r.value().counted().bits() as i64);
    Ok((address ^ receiver).max(0))
}

fn richcompare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyNativeFunction>(), b.downcast::<PyNativeFunction>()) else {
        return Ok(not_implemented());
    };
    let same_receiver = match (x.receiver.load(), y.receiver.load()) {
        (None, None) => true,
        (Some(r), Some(s)) => r.is(&s),
        _ => false,
    };
    let equal = std::ptr::eq(x.def, y.def) && same_receiver;
    Ok(match op {
        CompareOp::Eq => bool_obj(equal),
        CompareOp::Ne => bool_obj(!equal),
        _ => not_implemented(),
    })
}

static SLOTS: TypeSlots = TypeSlots {
    call: Some(call),
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(richcompare),
    ..TypeSlots::EMPTY
};

fn this(obj: &Obj) -> PyResult<&PyNativeFunction> {
    obj.downcast::<PyNativeFunction>().ok_or_else(|| system_error("not a native function"))
}

/// `__self__`: the receiver, or the module of a function.
fn own_self(obj: &Obj) -> PyResult<Obj> {
    let function = this(obj)?;
    if function.binding == Binding::Static {
        return Ok(none());
    }
    if let Some(receiver) = function.receiver.load() {
        return Ok(receiver);
    }
    match function
        .module
        .load()
        .and_then(|m| m.downcast::<crate::str::PyStr>().map(|m| m.to_string_lossy().into_owned()))
    {
        Some(module) => crate::hooks::import_module(&module),
        None => Ok(none()),
    }
}

static GETSET: &[crate::native::GetSetDef] = &[
    crate::native::GetSetDef {
        name: "__name__",
        get: |o| Ok(str_obj(this(o)?.def.name)),
        set: None,
        doc: "",
    },
    crate::native::GetSetDef {
        name: "__qualname__",
        get: |o| {
            let f = this(o)?;
            Ok(str_obj(&match f.receiver.load() {
                Some(r) if r.is_layout::<crate::type_object::PyType>() => {
                    let class = r
                        .downcast::<crate::type_object::PyType>()
                        .map(|c| c.qualified_name())
                        .unwrap_or_default();
                    format!("{class}.{}", f.def.name)
                }
                Some(r) => format!("{}.{}", class_of(&r).qualified_name(), f.def.name),
                None => f.def.name.to_owned(),
            }))
        },
        set: None,
        doc: "",
    },
    crate::native::GetSetDef { name: "__doc__", get: |o| Ok(doc_obj(this(o)?.def)), set: None, doc: "" },
    crate::native::GetSetDef {
        name: "__text_signature__",
        get: |o| Ok(this(o)?.def.text_signature.map_or_else(none, str_obj)),
        set: None,
        doc: "",
    },
    crate::native::GetSetDef { name: "__self__", get: own_self, set: None, doc: "" },
    crate::native::GetSetDef {
        name: "__module__",
        get: |o| Ok(this(o)?.module.load().unwrap_or_else(none)),
        set: Some(|o, value| {
            drop(this(o)?.module.replace(value.cloned()));
            Ok(())
        }),
        doc: "",
    },
];

pub(crate) fn doc_obj(def: &MethodDef) -> Obj {
    if def.doc.is_empty() { none() } else { str_obj(def.doc) }
}

fn reduce(args: &Args<'_>) -> PyResult<Obj> {
    let function = this(&args.positional[0])?;
    match function.receiver.load() {
        None => Ok(str_obj(function.def.name)),
        Some(receiver) => {
            let getattr = crate::hooks::builtin("getattr")?;
            Ok(tuple_obj(vec![getattr, tuple_obj(vec![receiver, str_obj(function.def.name)])]))
        }
    }
}

static REDUCE_SIGNATURE: crate::native::Signature =
    crate::native::Signature::attribute("__reduce__", "builtin_function_or_method");
static METHODS: &[MethodDef] = &[MethodDef {
    name: "__reduce__",
    kind: crate::native::MethodKind::Method,
    call: reduce,
    doc: "",
    text_signature: None,
    signature: &REDUCE_SIGNATURE,
    fast0: None,
    fast1: None,
    fast2: None,
    fast3: None,
    intrinsic: crate::native::Intrinsic::None,
}];

pub(crate) fn fill(types: &Types) {
    types.builtin_function_or_method.slots.set_all(&SLOTS);
    crate::type_object::ready::add_getset(&types.builtin_function_or_method, GETSET);
    crate::type_object::ready::add_methods(&types.builtin_function_or_method, METHODS);
}
