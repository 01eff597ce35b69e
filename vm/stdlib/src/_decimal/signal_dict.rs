//! `SignalDict`: a context's flags or traps as a mapping from signal classes to bools.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::exceptions::{bits_of, signal_list, signals};
use super::number::signal;
use crate::counted;
use crate::native_class;
use crate::native_class::receiver;

/// A set of conditions.
#[repr(C)]
pub struct PySignalDict {
    header: Header,
    /// Changed by anyone, bit by bit.
    bits: AtomicU32,
    /// Whether it is a living context's.
    valid: AtomicBool,
}
layout!(PySignalDict, "decimal.SignalDictMixin");

native_class!(
    /// The native half of the class.
    fn mixin() = TypeBuilder::new("decimal.SignalDictMixin", PySignalDict::ops())
        .flag(taipan_objects::type_object::type_flags::BASE)
        .slots(TypeSlots {
            new: Some(|class, _| {
                let class = crate::native_class::class_argument::<PySignalDict>(class)?;
                Ok(new_instance(class, |header| PySignalDict { header, bits: AtomicU32::new(0), valid: AtomicBool::new(false) })
                    .into_obj())
            }),
            init: Some(|_, _| Ok(())),
            repr: Some(repr),
            hash: Some(taipan_objects::object_type::hash_not_implemented),
            richcompare: Some(compare),
            len: Some(|obj| valid(obj).map(|_| signals().len())),
            iter: Some(|obj| {
                valid(obj)?;
                iter(&tuple_obj(signal_list(u32::MAX)))
            }),
            getitem: Some(|obj, key| Ok(bool_obj(valid(obj)?.get() & bits_of(key)? != 0))),
            setitem: Some(set_item),
            ..TypeSlots::EMPTY
        })
        .methods(PySignalDict::methods())
        .make()
);

/// The class: the native half, and what mutable mappings have.
pub fn class() -> PyResult<&'static Py<PyType>> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    if let Some(class) = CLASS.get() {
        return Ok(class);
    }
    let module = taipan_objects::hooks::import_module("collections.abc")?;
    let mapping = counted::getattr(&module, "MutableMapping")?;
    let metaclass = class_of(&mapping).to_obj();
    let namespace = dict_obj().into_obj();
    setitem(&namespace, &str_obj("__module__"), &str_obj("abc"))?;
    let bases = tuple_obj(vec![mixin().as_obj().clone(), mapping]);
    let class = counted::call(&metaclass, &[str_obj("SignalDict"), bases, namespace])?;
    let class = class.into_py::<PyType>().map_err(|_| type_error("a class was expected"))?;
    Ok(CLASS.get_or_init(|| class))
}

/// A set of conditions.
pub fn make(bits: u32) -> PyResult<Py<PySignalDict>> {
    Ok(new_instance(class()?, |header| PySignalDict {
        header,
        bits: AtomicU32::new(bits),
        valid: AtomicBool::new(true),
    }))
}

fn valid(obj: &Obj) -> PyResult<&PySignalDict> {
    let this = receiver::<PySignalDict>(obj)?;
    if this.valid.load(Ordering::Relaxed) { Ok(this) } else { Err(value_error("invalid signal dict")) }
}

impl PySignalDict {
    #[inline]
    pub fn get(&self) -> u32 {
        self.bits.load(Ordering::Relaxed)
    }
    /// The context is gone.
    pub fn invalidate(&self) {
        self.valid.store(false, Ordering::Relaxed);
    }
    pub fn set(&self, bits: u32) {
        self.bits.store(bits, Ordering::Relaxed);
    }
    /// Adds conditions; writes nothing if they are there.
    #[inline]
    pub fn add(&self, bits: u32) {
        if self.get() & bits != bits {
            self.bits.fetch_or(bits, Ordering::Relaxed);
        }
    }
}

/// Conditions from a `SignalDict`, or a dict with all signals.
pub fn bits_of_mapping(mapping: &Obj) -> PyResult<u32> {
    if mapping.is_layout::<PySignalDict>() {
        return Ok(valid(mapping)?.get());
    }
    if !is_instance_of(mapping, &types().dict) {
        return Err(type_error("argument must be a signal dict"));
    }
    let invalid = || raise_message(&types().key_error, "invalid signal dict");
    if len(mapping)? != signals().len() {
        return Err(invalid());
    }
    let mut result = 0;
    for (class, bits) in signals() {
        let value = match getitem(mapping, class.as_obj()) {
            Ok(value) => value.into_strong(),
            Err(Raised) if raised_is(&types().key_error) => {
                drop(take_raised());
                return Err(invalid());
            }
            Err(raised) => return Err(raised),
        };
        if is_true(&value)? {
            result |= bits;
        }
    }
    Ok(result)
}

/// Conditions from a list of signals.
pub fn bits_of_list(list: &Obj) -> PyResult<u32> {
    collect(list)?.iter().try_fold(0, |bits, class| Ok(bits | bits_of(class)?))
}

fn set_item(obj: &Obj, key: &Obj, value: Option<&Obj>) -> PyResult<()> {
    let this = valid(obj)?;
    let Some(value) = value else { return Err(value_error("signal keys cannot be deleted")) };
    let bits = bits_of(key)?;
    if is_true(value)? {
        this.add(bits);
    } else {
        this.bits.fetch_and(!bits, Ordering::Relaxed);
    }
    Ok(())
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let set = valid(obj)?.get();
    let mut items = Vec::new();
    for (class, bits) in signals() {
        let value = if set & bits != 0 { "True" } else { "False" };
        items.push(format!("{}:{value}", repr_string(class.as_obj())?));
    }
    Ok(str_obj(&format!("{{{}}}", items.join(", "))))
}

/// Which signals are set.
fn normal(bits: u32) -> u32 {
    if bits & signal::INVALID != 0 { bits | signal::INVALID } else { bits }
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let this = valid(a)?.get();
    let other = if b.is_layout::<PySignalDict>() {
        valid(b)?.get()
    } else if is_instance_of(b, &types().dict) {
        match bits_of_mapping(b) {
            Ok(bits) => bits,
            Err(Raised) if raised_is(&types().key_error) => {
                drop(take_raised());
                return Ok(not_implemented());
            }
            Err(raised) => return Err(raised),
        }
    } else {
        return Ok(not_implemented());
    };
    Ok(bool_obj((normal(this) == normal(other)) == (op == CompareOp::Eq)))
}

#[pymethods(class = "SignalDict")]
impl PySignalDict {
    #[pymethod]
    fn copy(slf: &Obj) -> PyResult<Obj> {
        let set = valid(slf)?.get();
        let dict = dict_obj().into_obj();
        for (class, bits) in signals() {
            setitem(&dict, class.as_obj(), &bool_obj(set & bits != 0))?;
        }
        Ok(dict)
    }
}
