//! `None`, `True`, `False`, `Ellipsis`, `NotImplemented`: immortal objects.

use taipan_gc::{Header, Obj, Py, Value};
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

use crate::layout;
use crate::types::Types;

/// Layout of the singletons other than the booleans.
#[repr(C)]
pub struct Singleton {
    header: Header,
}
layout!(Singleton, "singleton");

/// Layout of `True` and `False`.
#[repr(C)]
pub struct PyBool {
    header: Header,
    pub value: bool,
}
layout!(PyBool, "bool");

static WORDS: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];

#[inline(always)]
fn word(index: usize) -> Obj {
    let value = Value::from_bits(WORDS[index].load(Ordering::Relaxed));
    // SAFETY: immortal; filled at start-up before any Python object is asked for.
    unsafe { Obj::from_value_unchecked(value) }
}

#[inline(always)]
pub fn none() -> Obj {
    word(0)
}
/// [`none`] as a word without an owner: for code that must not drop anything.
#[inline(always)]
pub fn none_word() -> Value {
    Value::from_bits(WORDS[0].load(Ordering::Relaxed))
}
#[inline]
pub fn true_() -> Obj {
    word(1)
}
#[inline]
pub fn false_() -> Obj {
    word(2)
}
#[inline]
pub fn ellipsis() -> Obj {
    word(3)
}
#[inline]
pub fn not_implemented() -> Obj {
    word(4)
}
/// `True` or `False`.
#[inline]
pub fn bool_obj(value: bool) -> Obj {
    word(2 - value as usize)
}
#[inline]
pub fn is_none(obj: &Obj) -> bool {
    is_none_word(obj.value())
}
/// [`is_none`] of a word.
#[inline]
pub fn is_none_word(value: Value) -> bool {
    value.counted().bits() == WORDS[0].load(Ordering::Relaxed)
}
#[inline]
pub fn is_true(obj: &Obj) -> bool {
    obj.value().counted().bits() == WORDS[1].load(Ordering::Relaxed)
}
#[inline]
pub fn is_false(obj: &Obj) -> bool {
    obj.value().counted().bits() == WORDS[2].load(Ordering::Relaxed)
}
/// What `True` or `False` counts as in arithmetic, as a word.
#[inline(always)]
pub fn bool_as_int(word: Value) -> Option<Value> {
    let bits = word.counted().bits();
    if bits == WORDS[1].load(Ordering::Relaxed) {
        Value::from_int(1)
    } else if bits == WORDS[2].load(Ordering::Relaxed) {
        Value::from_int(0)
    } else {
        None
    }
}
#[inline]
pub fn is_not_implemented(obj: &Obj) -> bool {
    obj.value().counted().bits() == WORDS[4].load(Ordering::Relaxed)
}

/// Makes the singletons; called once when the types exist.
pub(crate) fn init(types: &Types) {
    let plain = |class: &Py<crate::type_object::PyType>| {
        let object = Py::new(Singleton { header: Header::new(class.root_shape()) });
        object.immortalize();
        object.into_obj().into_value().bits()
    };
    let boolean = |value| {
        let object = Py::new(PyBool { header: Header::new(types.bool_.root_shape()), value });
        object.immortalize();
        object.into_obj().into_value().bits()
    };
    let words = [
        plain(&types.none_type),
        boolean(true),
        boolean(false),
        plain(&types.ellipsis),
        plain(&types.not_implemented_type),
    ];
    for (cell, word) in WORDS.iter().zip(words) {
        cell.store(word, Ordering::Relaxed);
    }
}

fn none_repr(_: &Obj) -> crate::error::PyResult<Obj> {
    Ok(crate::construct::str_obj("None"))
}
fn ellipsis_repr(_: &Obj) -> crate::error::PyResult<Obj> {
    Ok(crate::construct::str_obj("Ellipsis"))
}
fn not_implemented_repr(_: &Obj) -> crate::error::PyResult<Obj> {
    Ok(crate::construct::str_obj("NotImplemented"))
}
fn not_implemented_bool(_: &Obj) -> crate::error::PyResult<bool> {
    Err(crate::error::type_error("NotImplemented should not be used in a boolean context"))
}

/// `type(None)()` and its like: the one instance.
fn singleton_new<const INDEX: usize>(
    class: &Obj,
    args: &crate::argument::Args<'_>,
) -> crate::error::PyResult<Obj> {
    if !args.positional.is_empty() || args.has_keywords() {
        let name = class.downcast::<crate::type_object::PyType>().map(|c| c.name()).unwrap_or_default();
        return Err(crate::error::type_error(format!("{name} takes no arguments")));
    }
    Ok(word(INDEX))
}

pub(crate) fn fill(types: &Types) {
    use crate::type_object::TypeSlots;
    types.none_type.slots.set_all(&TypeSlots {
        repr: Some(none_repr),
        bool_: Some(|_| Ok(false)),
        hash: Some(|_| Ok(0xfca8_6420)),
        new: Some(singleton_new::<0>),
        ..TypeSlots::EMPTY
    });
    types.ellipsis.slots.set_all(&TypeSlots {
        repr: Some(ellipsis_repr),
        new: Some(singleton_new::<3>),
        ..TypeSlots::EMPTY
    });
    types.not_implemented_type.slots.set_all(&TypeSlots {
        repr: Some(not_implemented_repr),
        bool_: Some(not_implemented_bool),
        new: Some(singleton_new::<4>),
        ..TypeSlots::EMPTY
    });
    static ELLIPSIS: &[crate::native::MethodDef] =
        &[reduce_def(|_| Ok(crate::construct::str_obj("Ellipsis")))];
    static NOT_IMPLEMENTED: &[crate::native::MethodDef] =
        &[reduce_def(|_| Ok(crate::construct::str_obj("NotImplemented")))];
    crate::type_object::ready::add_methods(&types.ellipsis, ELLIPSIS);
    crate::type_object::ready::add_methods(&types.not_implemented_type, NOT_IMPLEMENTED);
}

static REDUCE: crate::native::Signature = crate::native::Signature::attribute("__reduce__", "singleton");
const fn reduce_def(call: crate::native::NativeFn) -> crate::native::MethodDef {
    crate::native::MethodDef {
        name: "__reduce__",
        kind: crate::native::MethodKind::Method,
        call,
        doc: "",
        text_signature: None,
        signature: &REDUCE,
        fast0: None,
        fast1: None,
        fast2: None,
        fast3: None,
        intrinsic: crate::native::Intrinsic::None,
    }
}
