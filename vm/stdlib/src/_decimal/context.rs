//! `Context`: precision, rounding, limits of exponents, flags and traps.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::Relaxed};

use super::exceptions::{raise_trapped, signal_list};
use super::number::{Rounding, Settings, signal};
use super::signal_dict::{self, PySignalDict};
use super::{current, rounding, settings};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A context. The words are independent of each other: an operation reads each once.
#[repr(C)]
pub struct PyContext {
    header: Header,
    prec: AtomicI64,
    emin: AtomicI64,
    emax: AtomicI64,
    rounding: AtomicU8,
    clamp: AtomicBool,
    capitals: AtomicBool,
    flags: Py<PySignalDict>,
    traps: Py<PySignalDict>,
}
layout!(PyContext, "decimal.Context", [flags, traps]);

impl Drop for PyContext {
    /// As in CPython, flags and traps are of no use without their context.
    fn drop(&mut self) {
        self.flags.invalidate();
        self.traps.invalidate();
    }
}

/// A context's values.
#[derive(Clone, Copy)]
pub struct Plain {
    pub settings: Settings,
    pub capitals: bool,
    pub flags: u32,
    pub traps: u32,
}

impl Plain {
    pub const DEFAULT: Plain = Plain {
        settings: Settings {
            prec: 28,
            emin: -999_999,
            emax: 999_999,
            rounding: Rounding::HalfEven,
            clamp: false,
        },
        capitals: true,
        flags: 0,
        traps: signal::INVALID | signal::DIVISION_BY_ZERO | signal::OVERFLOW,
    };
}

native_class!(
    /// `Context`.
    pub fn class() = TypeBuilder::new("decimal.Context", PyContext::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots {
            new: Some(|class, _| {
                let class = class_argument::<PyContext>(class)?;
                let plain = current::templates()?.default.plain();
                Ok(make(class, Plain { flags: 0, ..plain })?.into_obj())
            }),
            init: Some(init),
            repr: Some(repr),
            setattro: Some(set_attribute),
            ..TypeSlots::EMPTY
        })
        .methods(PyContext::methods())
        .methods(PyContext::arithmetic_methods())
        .getset(PyContext::getset())
        .text_signature("(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)")
        .doc("The context affects almost all operations and controls rounding,\nOver/Underflow, raising of exceptions and much more.\n\n    >>> Context(prec=4).divide(2, 3)\n    Decimal('0.6667')\n")
        .make()
);

pub fn make(class: &PyType, plain: Plain) -> PyResult<Py<PyContext>> {
    let (flags, traps) = (signal_dict::make(plain.flags)?, signal_dict::make(plain.traps)?);
    let settings = plain.settings;
    Ok(new_instance(class, |header| PyContext {
        header,
        prec: AtomicI64::new(settings.prec),
        emin: AtomicI64::new(settings.emin),
        emax: AtomicI64::new(settings.emax),
        rounding: AtomicU8::new(settings.rounding as u8),
        clamp: AtomicBool::new(settings.clamp),
        capitals: AtomicBool::new(plain.capitals),
        flags,
        traps,
    }))
}

fn init(obj: &Obj, args: &Args<'_>) -> PyResult<()> {
    initialize(obj, args).map(drop)
}

#[pyargs(
    name = "Context",
    sig = "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)"
)]
#[allow(clippy::too_many_arguments)]
fn initialize(
    obj: &Obj,
    prec: Option<&Obj>,
    rounding: Option<&Obj>,
    emin: Option<&Obj>,
    emax: Option<&Obj>,
    capitals: Option<&Obj>,
    clamp: Option<&Obj>,
    flags: Option<&Obj>,
    traps: Option<&Obj>,
) -> PyResult<Obj> {
    let this = receiver::<PyContext>(obj)?;
    let values = [prec, rounding, emin, emax, capitals, clamp, flags, traps];
    for (name, value) in settings::NAMES.iter().zip(values) {
        if let Some(value) = value.filter(|value| !is_none(value)) {
            settings::set(this, name, value)?;
        }
    }
    Ok(none())
}

fn set_attribute(obj: &Obj, name: &Obj, value: Option<&Obj>) -> PyResult<()> {
    if value.is_none() {
        return Err(attribute_error("context attributes cannot be deleted"));
    }
    taipan_objects::attribute::generic_setattr(obj, name, value)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    // By bit, as libmpdec lists them.
    const NAMES: [(u32, &str); 9] = [
        (signal::CLAMPED, "Clamped"),
        (signal::INVALID, "InvalidOperation"),
        (signal::DIVISION_BY_ZERO, "DivisionByZero"),
        (signal::INEXACT, "Inexact"),
        (signal::FLOAT_OPERATION, "FloatOperation"),
        (signal::OVERFLOW, "Overflow"),
        (signal::ROUNDED, "Rounded"),
        (signal::SUBNORMAL, "Subnormal"),
        (signal::UNDERFLOW, "Underflow"),
    ];
    let names = |bits: u32| {
        let names: Vec<&str> =
            NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
        names.join(", ")
    };
    let this = receiver::<PyContext>(obj)?.plain();
    let Settings { prec, emin, emax, clamp, rounding } = this.settings;
    Ok(str_obj(&format!(
        "Context(prec={prec}, rounding={}, Emin={emin}, Emax={emax}, capitals={}, clamp={}, flags=[{}], traps=[{}])",
        rounding::name(rounding),
        this.capitals as u8,
        clamp as u8,
        names(this.flags),
        names(this.traps),
    )))
}

impl PyContext {
    #[inline]
    pub fn settings(&self) -> Settings {
        Settings {
            prec: self.prec.load(Relaxed),
            emin: self.emin.load(Relaxed),
            emax: self.emax.load(Relaxed),
            rounding: Rounding::ALL[usize::from(self.rounding.load(Relaxed) & 7)],
            clamp: self.clamp.load(Relaxed),
        }
    }
    pub fn plain(&self) -> Plain {
        Plain {
            settings: self.settings(),
            capitals: self.has_capitals(),
            flags: self.flags.get(),
            traps: self.traps.get(),
        }
    }
    pub fn has_capitals(&self) -> bool {
        self.capitals.load(Relaxed)
    }
    pub fn flags(&self) -> &PySignalDict {
        &self.flags
    }
    pub fn traps(&self) -> &PySignalDict {
        &self.traps
    }
    pub fn set_prec(&self, prec: i64) {
        self.prec.store(prec, Relaxed);
    }
    pub fn set_emin(&self, emin: i64) {
        self.emin.store(emin, Relaxed);
    }
    pub fn set_emax(&self, emax: i64) {
        self.emax.store(emax, Relaxed);
    }
    pub fn set_rounding(&self, rounding: Rounding) {
        self.rounding.store(rounding as u8, Relaxed);
    }
    pub fn set_clamp(&self, on: bool) {
        self.clamp.store(on, Relaxed);
    }
    pub fn set_capitals(&self, on: bool) {
        self.capitals.store(on, Relaxed);
    }
    /// Sets flags, and raises if one of them is trapped.
    #[inline]
    pub fn report(&self, status: u32) -> PyResult<()> {
        if status == 0 {
            return Ok(());
        }
        self.flags.add(status & !signal::MALLOC_ERROR);
        let trapped = status & (self.traps.get() | signal::MALLOC_ERROR);
        if trapped != 0 { Err(raise_trapped(trapped)) } else { Ok(()) }
    }
    pub fn copy_of(&self) -> PyResult<Py<PyContext>> {
        make(class(), self.plain())
    }
}

fn assign(context: &PyContext, name: &str, value: Option<&Obj>) -> PyResult<()> {
    match value {
        Some(value) => settings::set(context, name, value),
        None => Err(attribute_error("context attributes cannot be deleted")),
    }
}

/// Flags and traps are assigned mappings only.
fn assign_signals(signals: &PySignalDict, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(attribute_error("context attributes cannot be deleted")) };
    signals.set(signal_dict::bits_of_mapping(value)?);
    Ok(())
}

#[pymethods(class = "decimal.Context")]
impl PyContext {
    #[pygetset]
    fn prec(&self) -> i64 {
        self.prec.load(Relaxed)
    }
    #[pygetset(setter = "prec")]
    fn assign_prec(&self, value: Option<&Obj>) -> PyResult<()> {
        assign(self, "prec", value)
    }
    #[pygetset]
    fn Emin(&self) -> i64 {
        self.emin.load(Relaxed)
    }
    #[pygetset(setter = "Emin")]
    fn assign_emin(&self, value: Option<&Obj>) -> PyResult<()> {
        assign(self, "Emin", value)
    }
    #[pygetset]
    fn Emax(&self) -> i64 {
        self.emax.load(Relaxed)
    }
    #[pygetset(setter = "Emax")]
    fn assign_emax(&self, value: Option<&Obj>) -> PyResult<()> {
        assign(self, "Emax", value)
    }
    #[pygetset]
    fn rounding(&self) -> Obj {
        intern(rounding::name(self.settings().rounding)).into_obj()
    }
    #[pygetset(setter = "rounding")]
    fn assign_rounding(&self, value: Option<&Obj>) -> PyResult<()> {
        assign(self, "rounding", value)
    }
    #[pygetset]
    fn clamp(&self) -> i64 {
        self.clamp.load(Relaxed) as i64
    }
    #[pygetset(setter = "clamp")]
    fn assign_clamp(&self, value: Option<&Obj>) -> PyResult<()> {
        assign(self, "clamp", value)
    }
    #[pygetset]
    fn capitals(&self) -> i64 {
        self.has_capitals() as i64
    }
    #[pygetset(setter = "capitals")]
    fn assign_capitals(&self, value: Option<&Obj>) -> PyResult<()> {
        assign(self, "capitals", value)
    }
    #[pygetset(name = "flags")]
    fn flags_object(&self) -> Obj {
        self.flags.as_obj().clone()
    }
    #[pygetset(setter = "flags")]
    fn assign_flags(&self, value: Option<&Obj>) -> PyResult<()> {
        assign_signals(&self.flags, value)
    }
    #[pygetset(name = "traps")]
    fn traps_object(&self) -> Obj {
        self.traps.as_obj().clone()
    }
    #[pygetset(setter = "traps")]
    fn assign_traps(&self, value: Option<&Obj>) -> PyResult<()> {
        assign_signals(&self.traps, value)
    }
    /// Return a value equal to Emin - prec + 1, which is the minimum exponent value
    /// for subnormal results.
    #[pymethod]
    fn Etiny(&self) -> i64 {
        self.settings().etiny()
    }
    /// Return a value equal to Emax - prec + 1.
    #[pymethod]
    fn Etop(&self) -> i64 {
        self.settings().etop()
    }
    /// Return 10.
    #[pymethod]
    fn radix(&self) -> Obj {
        super::decimal::of_i64(10)
    }
    /// Reset all flags to False.
    #[pymethod]
    fn clear_flags(&self) {
        self.flags.set(0);
    }
    /// Set all traps to False.
    #[pymethod]
    fn clear_traps(&self) {
        self.traps.set(0);
    }
    /// Return a duplicate of the context with all flags cleared.
    #[pymethod]
    fn copy(&self) -> PyResult<Py<PyContext>> {
        self.copy_of()
    }
    #[pymethod]
    fn __copy__(&self) -> PyResult<Py<PyContext>> {
        self.copy_of()
    }
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let this = receiver::<PyContext>(slf)?.plain();
        let Settings { prec, emin, emax, rounding, clamp } = this.settings;
        let values = vec![
            int_obj(prec),
            intern(rounding::name(rounding)).into_obj(),
            int_obj(emin),
            int_obj(emax),
            int_obj(this.capitals as i64),
            int_obj(clamp as i64),
            list_obj(signal_list(this.flags)),
            list_obj(signal_list(this.traps)),
        ];
        Ok(tuple_obj(vec![class_of(slf).to_obj(), tuple_obj(values)]))
    }
}
