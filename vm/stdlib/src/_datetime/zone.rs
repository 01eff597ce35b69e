//! `tzinfo`, the base class of time zones, and `timezone`, those with a fixed offset.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};

use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::datetime::{self, add_micros};
use super::delta::{self, DAY, PyDelta};
use super::moment::{PyDate, format_offset};
use crate::_zoneinfo::Region;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

/// A `tzinfo`, with an offset a `timezone`, with a region a `ZoneInfo` object.
#[repr(C)]
pub struct PyZone {
    header: Header,
    offset: Option<Obj>,
    name: Option<Obj>,
    region: Option<Box<Region>>,
    /// Whether a region is in a cache.
    cached: AtomicBool,
}
layout!(PyZone, "datetime.tzinfo", [offset, name, region]);

native_class!(
    /// `tzinfo`.
    pub fn class() = TypeBuilder::new("datetime.tzinfo", PyZone::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots { new: Some(new), ..TypeSlots::EMPTY })
        .methods(PyZone::base_methods())
        .doc("Abstract base class for time zone info objects.")
        .make()
);

native_class!(
    fn bare_fixed_class() = TypeBuilder::new("datetime.timezone", PyZone::ops())
        .base(class())
        .slots(TypeSlots {
            new: Some(new_fixed),
            repr: Some(repr),
            str_: Some(|obj| Ok(str_obj(&receiver::<PyZone>(obj)?.label()?))),
            hash: Some(|obj| hash(&receiver::<PyZone>(obj)?.offset_obj()?)),
            richcompare: Some(compare),
            ..TypeSlots::EMPTY
        })
        .methods(PyZone::fixed_methods())
        .doc("Fixed offset from UTC implementation of tzinfo.")
        .final_()
        .make()
);

/// `timezone`.
pub fn fixed_class() -> &'static Py<PyType> {
    // The class first: its attributes are instances.
    static READY: OnceLock<()> = OnceLock::new();
    let class = bare_fixed_class();
    READY.get_or_init(|| {
        taipan_objects::type_object::ready::set_attr(class, "utc", utc());
        let almost_a_day = 24 * 60 - 1;
        for (name, sign) in [("min", -1), ("max", 1)] {
            if let Ok(offset) = delta::of_micros(sign * almost_a_day * delta::MINUTE) {
                taipan_objects::type_object::ready::set_attr(class, name, fixed(offset, None));
            }
        }
    });
    class
}

/// `timezone.utc`.
pub fn utc() -> Obj {
    static UTC: OnceLock<Py<PyZone>> = OnceLock::new();
    UTC.get_or_init(|| {
        let offset = delta::of_micros(0).ok();
        new_instance(bare_fixed_class(), |header| PyZone::new(header, offset, None))
    })
    .as_obj()
    .clone()
}

/// A new `timezone`; the offset is an interval of less than a day.
fn fixed(offset: Obj, name: Option<Obj>) -> Obj {
    new_instance(bare_fixed_class(), |header| PyZone::new(header, Some(offset), name)).into_obj()
}

/// The `timezone` with an offset in microseconds.
pub fn of_offset(micros: i128, name: Option<Obj>) -> PyResult<Obj> {
    if micros == 0 && name.is_none() {
        return Ok(utc());
    }
    let offset = delta::of_micros(micros)?;
    if micros.abs() >= DAY {
        return Err(value_error(format!(
            "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {}",
            repr_string(&offset)?
        )));
    }
    Ok(fixed(offset, name))
}

fn new(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyZone>(class)?;
    Ok(new_instance(class, |header| PyZone::new(header, None, None)).into_obj())
}

#[pyargs(name = "timezone", sig = "(offset, name=<unrepresentable>)")]
fn new_fixed(_class: &Obj, offset: &Obj, name: Option<&Obj>) -> PyResult<Obj> {
    let Some(delta) = offset.downcast::<PyDelta>() else {
        return Err(type_error(format!(
            "timezone() argument 1 must be datetime.timedelta, not {}",
            class_of(offset).name()
        )));
    };
    if let Some(name) = name
        && !name.is_layout::<PyStr>()
    {
        return Err(type_error(format!("timezone() argument 2 must be str, not {}", class_of(name).name())));
    }
    let micros = delta.total();
    if name.is_none() && micros == 0 {
        return Ok(utc());
    }
    if micros.abs() >= DAY {
        return of_offset(micros, None);
    }
    Ok(fixed(offset.clone(), name.cloned()))
}

impl PyZone {
    fn new(header: Header, offset: Option<Obj>, name: Option<Obj>) -> PyZone {
        PyZone { header, offset, name, region: None, cached: AtomicBool::new(false) }
    }
    /// A zone of the IANA database.
    pub fn of_region(header: Header, region: Box<Region>) -> PyZone {
        PyZone { region: Some(region), ..PyZone::new(header, None, None) }
    }
    pub fn region(&self) -> Option<&Region> {
        self.region.as_deref()
    }
    // Relaxed: it is set once, and nothing depends on when it is seen but what a pickle says.
    pub fn is_cached(&self) -> bool {
        self.cached.load(Ordering::Relaxed)
    }
    pub fn set_cached(&self) {
        self.cached.store(true, Ordering::Relaxed);
    }
    fn offset_obj(&self) -> PyResult<Obj> {
        self.offset.clone().ok_or_else(|| type_error("a timezone is required"))
    }
    /// The fixed offset in microseconds.
    fn micros(&self) -> Option<i128> {
        self.offset.as_ref()?.downcast::<PyDelta>().map(PyDelta::total)
    }
    fn label(&self) -> PyResult<String> {
        if let Some(name) = &self.name {
            return str_string(name);
        }
        Ok(match self.micros() {
            None | Some(0) => "UTC".to_owned(),
            Some(micros) => format!("UTC{}", format_offset(micros, ":")),
        })
    }
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let name = class_of(obj).name();
    if obj.is(&utc()) {
        return Ok(str_obj(&format!("{name}.utc")));
    }
    let this = receiver::<PyZone>(obj)?;
    let offset = repr_string(&this.offset_obj()?)?;
    Ok(str_obj(&match &this.name {
        None => format!("{name}({offset})"),
        Some(label) => format!("{name}({offset}, {})", repr_string(label)?),
    }))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let offset = |obj: &Obj| obj.downcast::<PyZone>().and_then(PyZone::micros);
    match (offset(a), offset(b), op) {
        (Some(a), Some(b), CompareOp::Eq | CompareOp::Ne) => Ok(bool_obj(op.holds(a.cmp(&b)))),
        _ => Ok(not_implemented()),
    }
}

/// Refuses what is neither None nor a time zone.
pub fn check_zone(obj: &Obj) -> PyResult<Option<Obj>> {
    if is_none(obj) {
        return Ok(None);
    }
    if obj.is_layout::<PyZone>() {
        return Ok(Some(obj.clone()));
    }
    Err(type_error(format!(
        "tzinfo argument must be None or of a tzinfo subclass, not type '{}'",
        class_of(obj).name()
    )))
}

/// `zone.utcoffset(moment)` or `zone.dst(moment)`, in microseconds.
pub fn offset(zone: Option<&Obj>, method: &str, moment: &Obj) -> PyResult<Option<i128>> {
    let Some(zone) = zone else { return Ok(None) };
    if method == "utcoffset"
        && class_of(zone).is(bare_fixed_class())
        && let Some(fixed) = zone.downcast::<PyZone>()
    {
        return Ok(fixed.micros());
    }
    let offset = call_method_str(zone, method, std::slice::from_ref(moment))?;
    if is_none(&offset) {
        return Ok(None);
    }
    let Some(delta) = offset.downcast::<PyDelta>() else {
        return Err(type_error(format!(
            "tzinfo.{method}() must return None or a timedelta, not '{}'",
            class_of(&offset).name()
        )));
    };
    if delta.total().abs() >= DAY {
        return Err(value_error(format!(
            "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {}",
            repr_string(&offset)?
        )));
    }
    Ok(Some(delta.total()))
}

/// An offset as an object.
pub fn offset_object(offset: Option<i128>) -> PyResult<Obj> {
    offset.map_or_else(|| Ok(none()), delta::of_micros)
}

/// `zone.tzname(moment)`.
pub fn zone_name(zone: Option<&Obj>, moment: &Obj) -> PyResult<Obj> {
    let Some(zone) = zone else { return Ok(none()) };
    let name = call_method_str(zone, "tzname", std::slice::from_ref(moment))?;
    if is_none(&name) || name.is_layout::<PyStr>() {
        return Ok(name);
    }
    Err(type_error(format!("tzinfo.tzname() must return None or a string, not '{}'", class_of(&name).name())))
}

fn abstract_method(name: &str) -> PyResult<Obj> {
    Err(not_implemented_error(format!("a tzinfo subclass must implement {name}()")))
}

/// The datetime to convert, which must carry this zone.
fn own_moment<'a>(zone: &Obj, dt: &'a Obj) -> PyResult<&'a PyDate> {
    let Some(moment) = dt.downcast::<PyDate>().filter(|moment| moment.is_datetime) else {
        return Err(type_error("fromutc: argument must be a datetime"));
    };
    if !moment.zone.as_ref().is_some_and(|own| own.is(zone)) {
        return Err(value_error("fromutc: dt.tzinfo is not self"));
    }
    Ok(moment)
}

#[pymethods(class = "datetime.tzinfo", part = "base")]
impl PyZone {
    /// datetime -> string name of time zone.
    #[pymethod]
    fn tzname(&self, dt: &Obj) -> PyResult<Obj> {
        let _ = (self, dt);
        abstract_method("tzname")
    }
    /// datetime -> timedelta showing offset from UTC, negative values indicating West of UTC
    #[pymethod]
    fn utcoffset(&self, dt: &Obj) -> PyResult<Obj> {
        let _ = (self, dt);
        abstract_method("utcoffset")
    }
    /// datetime -> DST offset as timedelta positive east of UTC.
    #[pymethod]
    fn dst(&self, dt: &Obj) -> PyResult<Obj> {
        let _ = (self, dt);
        abstract_method("dst")
    }
    /// datetime in UTC -> datetime in local time.
    #[pymethod]
    fn fromutc(slf: &Obj, dt: &Obj) -> PyResult<Obj> {
        own_moment(slf, dt)?;
        let offset_of = |dt: &Obj, method: &str| -> PyResult<Option<i128>> {
            let offset = call_method_str(dt, method, &[])?;
            Ok(offset.downcast::<PyDelta>().map(PyDelta::total))
        };
        let Some(offset) = offset_of(dt, "utcoffset")? else {
            return Err(value_error("fromutc: non-None utcoffset() result required"));
        };
        let Some(dst) = offset_of(dt, "dst")? else {
            return Err(value_error("fromutc: non-None dst() result required"));
        };
        let standard = datetime::plus(dt, offset - dst)?;
        match offset_of(&standard, "dst")? {
            None => Err(value_error("fromutc: tz.dst() gave inconsistent results; cannot convert")),
            Some(0) => Ok(standard),
            Some(dst) => datetime::plus(&standard, dst),
        }
    }
    /// -> (cls, state)
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        let args = match getattr_opt(slf, &istr!("__getinitargs__"))? {
            Some(get) => call0(&get)?,
            None => tuple_obj(vec![]),
        };
        let state = call_method_str(slf, "__getstate__", &[])?;
        Ok(tuple_obj(vec![class_of(slf).to_obj(), args, state]))
    }
}

fn check_moment(method: &str, dt: &Obj) -> PyResult<()> {
    if is_none(dt) || dt.downcast::<PyDate>().is_some_and(|moment| moment.is_datetime) {
        return Ok(());
    }
    Err(type_error(format!(
        "{method}(dt) argument must be a datetime instance or None, not {}",
        class_of(dt).name()
    )))
}

#[pymethods(class = "datetime.timezone", part = "fixed")]
impl PyZone {
    /// If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.
    #[pymethod(name = "tzname")]
    fn fixed_tzname(&self, dt: &Obj) -> PyResult<Obj> {
        check_moment("tzname", dt)?;
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => Ok(str_obj(&self.label()?)),
        }
    }
    /// Return fixed offset.
    #[pymethod(name = "utcoffset")]
    fn fixed_utcoffset(&self, dt: &Obj) -> PyResult<Obj> {
        check_moment("utcoffset", dt)?;
        self.offset_obj()
    }
    /// Return None.
    #[pymethod(name = "dst")]
    fn fixed_dst(&self, dt: &Obj) -> PyResult<()> {
        let _ = self;
        check_moment("dst", dt)
    }
    /// datetime in UTC -> datetime in local time.
    #[pymethod(name = "fromutc")]
    fn fixed_fromutc(slf: &Obj, dt: &Obj) -> PyResult<Obj> {
        let moment = own_moment(slf, dt)?;
        add_micros(dt, moment, receiver::<PyZone>(slf)?.micros().unwrap_or(0))
    }
    /// pickle support
    #[pymethod]
    fn __getinitargs__(&self) -> PyResult<Obj> {
        let mut args = vec![self.offset_obj()?];
        args.extend(self.name.clone());
        Ok(tuple_obj(args))
    }
}
