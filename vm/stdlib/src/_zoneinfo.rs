//! `_zoneinfo`: `ZoneInfo`, time zones of the IANA database.
//!
//! Zones are constant. Those of the class itself are kept in a weak cache, the last eight also in a strong one; a subclass has a weak
//! cache as its attribute.

mod region;
mod rule;

pub use region::Region;

use parking_lot::Mutex;
use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_vm::interpreters::PerInterpreter;

use crate::_datetime::datetime;
use crate::_datetime::moment::PyDate;
use crate::_datetime::zone::{self, PyZone};
use crate::native_class;
use crate::native_class::class_argument;
use region::{Period, Source};

/// How many zones are kept alive.
const KEPT: usize = 8;

/// The caches of the class itself.
#[derive(Default)]
struct Caches {
    weak: Option<Obj>,
    /// The zone used last comes last.
    strong: Vec<(Obj, Obj)>,
}

static CACHES: PerInterpreter<Mutex<Caches>> = PerInterpreter::new();

native_class!(
    /// `zoneinfo.ZoneInfo`.
    pub fn class() = TypeBuilder::new("zoneinfo.ZoneInfo", PyZone::ops())
        .base(zone::class())
        .flag(type_flags::HAS_WEAKREF)
        .slots(TypeSlots { new: Some(construct), repr: Some(represent), str_: Some(text), ..TypeSlots::EMPTY })
        .methods(PyZone::region_methods())
        .getset(PyZone::region_getset())
        .make()
);

fn region(slf: &Obj) -> PyResult<&Region> {
    match slf.downcast::<PyZone>().and_then(PyZone::region) {
        Some(region) => Ok(region),
        None => Err(type_error("a ZoneInfo is required")),
    }
}

fn new_weak_cache() -> PyResult<Obj> {
    call0(&hooks::module_attribute("weakref", "WeakValueDictionary")?)
}

/// The weak cache of a class.
fn weak_cache(class: &Obj) -> PyResult<Obj> {
    if !class.is(self::class().as_obj()) {
        return getattr_str(class, "_weak_cache");
    }
    if let Some(cache) = &CACHES.get_or_default().lock().weak {
        return Ok(cache.clone());
    }
    let fresh = new_weak_cache()?;
    Ok(CACHES.get_or_default().lock().weak.get_or_insert(fresh).clone())
}

/// Notes that a zone was asked for.
fn keep(class: &Obj, key: &Obj, zone: &Obj) {
    if !class.is(self::class().as_obj()) {
        return;
    }
    let gone = {
        let strong = &mut CACHES.get_or_default().lock().strong;
        let old = strong.iter().position(|(_, known)| known.is(zone)).map(|at| strong.remove(at));
        strong.push((key.clone(), zone.clone()));
        let surplus = if strong.len() > KEPT { Some(strong.remove(0)) } else { None };
        (old, surplus)
    };
    drop(gone);
}

fn check_cached(class: &Obj, key: &Obj, found: &Obj) -> PyResult<()> {
    if is_instance_of(found, self::class()) {
        return Ok(());
    }
    let name = class.downcast::<PyType>().map(PyType::short_name).unwrap_or_default();
    Err(runtime_error(format!(
        "Unexpected instance of {} in {name} weak cache for key {}",
        class_of(found).name(),
        repr_string(key)?
    )))
}

#[pyargs(name = "ZoneInfo", sig = "(key)")]
fn construct(class: &Obj, key: &Obj) -> PyResult<Obj> {
    let cache = weak_cache(class)?;
    let mut found = call_method_str(&cache, "get", &[key.clone(), none()])?;
    if is_none(&found) {
        let made = load(class, key)?;
        found = call_method_str(&cache, "setdefault", &[key.clone(), made])?;
    }
    check_cached(class, key, &found)?;
    if let Some(zone) = found.downcast::<PyZone>() {
        zone.set_cached();
    }
    keep(class, key, &found);
    Ok(found)
}

/// Reads a zone from the database.
fn load(class: &Obj, key: &Obj) -> PyResult<Obj> {
    let path = call1(&hooks::module_attribute("zoneinfo._tzpath", "find_tzfile")?, key)?;
    let file = if is_none(&path) {
        call1(&hooks::module_attribute("zoneinfo._common", "load_tzdata")?, key)?
    } else {
        call(&hooks::module_attribute("io", "open")?, &[path, str_obj("rb")])?
    };
    let region = Region::read(&file, key.clone(), Source::NoCache, none());
    let error = if region.is_err() { try_take_raised() } else { None };
    let closed = call_method_str(&file, "close", &[]);
    if let Some(error) = error {
        drop(try_take_raised());
        return Err(set_raised(error));
    }
    drop(closed?);
    make(class, region?)
}

fn make(class: &Obj, region: Region) -> PyResult<Obj> {
    let class = class_argument::<PyZone>(class)?;
    Ok(new_instance(class, |header| PyZone::of_region(header, Box::new(region))).into_obj())
}

fn represent(slf: &Obj) -> PyResult<Obj> {
    let region = region(slf)?;
    let name = class_of(slf).short_name();
    Ok(str_obj(&if is_none(&region.key) {
        format!("{name}.from_file({})", str_string(&region.file)?)
    } else {
        format!("{name}(key={})", repr_string(&region.key)?)
    }))
}

fn text(slf: &Obj) -> PyResult<Obj> {
    let region = region(slf)?;
    if is_none(&region.key) { represent(slf) } else { Ok(str(&region.key)?.into_obj()) }
}

/// Seconds since 1970 by the clock of a moment, its year and fold.
fn clock(moment: &Obj) -> PyResult<(i64, i64, bool)> {
    if let Some(date) = moment.downcast::<PyDate>().filter(|_| class_of(moment).is(datetime::class())) {
        let seconds = (date.day.ordinal() - rule::EPOCH) * 86_400 + date.clock.seconds();
        return Ok((seconds, date.day.parts().0, date.fold.get()));
    }
    let part = |name: &str| -> PyResult<i64> { Ok(index_word(&getattr_str(moment, name)?)? as i64) };
    let ordinal = index_word(&call_method_str(moment, "toordinal", &[])?)? as i64;
    let seconds =
        (ordinal - rule::EPOCH) * 86_400 + part("hour")? * 3600 + part("minute")? * 60 + part("second")?;
    Ok((seconds, part("year")?, part("fold")? != 0))
}

/// The part of what holds at a moment that `get` takes; `None` if that is not known.
fn at(slf: &Obj, moment: &Obj, get: impl Fn(&Period) -> &Obj) -> PyResult<Obj> {
    let region = region(slf)?;
    if is_none(moment) {
        return Ok(region.always().map_or_else(none, |period| get(period).clone()));
    }
    let (seconds, year, fold) = clock(moment)?;
    Ok(get(region.at_local(seconds, year, fold)).clone())
}

#[pymethods(class = "zoneinfo.ZoneInfo", part = "region")]
impl PyZone {
    #[pygetset]
    fn key(slf: &Obj) -> PyResult<Obj> {
        Ok(region(slf)?.key.clone())
    }
    /// Retrieve a timedelta representing the UTC offset in a zone at the given datetime.
    #[pymethod(name = "utcoffset", sig = "(dt, /)")]
    fn region_utcoffset(slf: &Obj, dt: &Obj) -> PyResult<Obj> {
        at(slf, dt, |period| &period.offset)
    }
    /// Retrieve a timedelta representing the amount of DST applied in a zone at the given datetime.
    #[pymethod(name = "dst", sig = "(dt, /)")]
    fn region_dst(slf: &Obj, dt: &Obj) -> PyResult<Obj> {
        at(slf, dt, |period| &period.saving)
    }
    /// Retrieve a string containing the abbreviation for the time zone that applies in a zone at a given datetime.
    #[pymethod(name = "tzname", sig = "(dt, /)")]
    fn region_tzname(slf: &Obj, dt: &Obj) -> PyResult<Obj> {
        at(slf, dt, |period| &period.name)
    }
    /// Given a datetime with local time in UTC, retrieve an adjusted datetime in local time.
    #[pymethod(name = "fromutc", sig = "(dt, /)")]
    fn region_fromutc(slf: &Obj, dt: &Obj) -> PyResult<Obj> {
        let region = region(slf)?;
        let Some(date) = dt.downcast::<PyDate>().filter(|date| date.is_datetime) else {
            return Err(type_error("fromutc: argument must be a datetime"));
        };
        if !date.zone.as_ref().is_some_and(|zone| zone.is(slf)) {
            return Err(value_error("fromutc: dt.tzinfo is not self"));
        }
        let (seconds, year, _) = clock(dt)?;
        let (period, twice) = region.at_utc(seconds, year);
        let moved = binary_op(dt, &period.offset, BinaryOp::Add)?;
        if !twice {
            return Ok(moved);
        }
        let replace = getattr_str(&moved, "replace")?;
        call_args(&replace, &Args::with_keywords(&[], &[str_obj("fold")], &[int_obj(1)]))
    }
    /// Function for serialization with the pickle protocol.
    #[pymethod(name = "__reduce__")]
    fn region_reduce(slf: &Obj) -> PyResult<Obj> {
        let region = region(slf)?;
        if region.source == Source::File {
            let class = hooks::module_attribute("pickle", "PicklingError")?;
            let message = str_obj("Cannot pickle a ZoneInfo file created from a file stream.");
            return Err(raise(call1(&class, &message)?));
        }
        let cached = slf.downcast::<PyZone>().is_some_and(PyZone::is_cached);
        let unpickle = getattr_str(&class_of(slf).to_obj(), "_unpickle")?;
        Ok(tuple_obj(vec![unpickle, tuple_obj(vec![region.key.clone(), bool_obj(cached)])]))
    }
    /// Private method used in unpickling.
    #[pyclassmethod(sig = "(key, from_cache, /)")]
    fn _unpickle(cls: &Obj, key: &Obj, from_cache: bool) -> PyResult<Obj> {
        if from_cache { call1(cls, key) } else { load(cls, key) }
    }
    /// Get a new instance of ZoneInfo, bypassing the cache.
    #[pyclassmethod(sig = "(key)")]
    fn no_cache(cls: &Obj, key: &Obj) -> PyResult<Obj> {
        load(cls, key)
    }
    /// Create a ZoneInfo file from a file object.
    #[pyclassmethod(sig = "(file_obj, /, key=None)")]
    fn from_file(cls: &Obj, file_obj: &Obj, key: Option<&Obj>) -> PyResult<Obj> {
        let shown = repr(file_obj)?.into_obj();
        let key = key.cloned().unwrap_or_else(none);
        make(cls, Region::read(file_obj, key, Source::File, shown)?)
    }
    /// Clear the ZoneInfo cache.
    #[pyclassmethod(sig = "(*, only_keys=None)")]
    fn clear_cache(cls: &Obj, only_keys: Option<&Obj>) -> PyResult<()> {
        let cache = weak_cache(cls)?;
        let is_base = cls.is(class().as_obj());
        let Some(keys) = only_keys.filter(|keys| !is_none(keys)) else {
            drop(call_method_str(&cache, "clear", &[])?);
            if is_base {
                let gone = std::mem::take(&mut CACHES.get_or_default().lock().strong);
                drop(gone);
            }
            return Ok(());
        };
        for key in collect(keys)? {
            drop(call_method_str(&cache, "pop", &[key.clone(), none()])?);
            if !is_base {
                continue;
            }
            let known = CACHES.get_or_default().lock().strong.clone();
            for (other, zone) in known {
                if eq(&other, &key)? {
                    let strong = &mut CACHES.get_or_default().lock().strong;
                    let gone =
                        strong.iter().position(|(_, known)| known.is(&zone)).map(|at| strong.remove(at));
                    // Still kept by `zone`: nothing is freed under the lock.
                    drop(gone);
                }
            }
        }
        Ok(())
    }
    /// Function to initialize subclasses.
    #[pyclassmethod(sig = "(**kwargs)")]
    fn __init_subclass__(cls: &Obj, kwargs: Kwargs<'_>) -> PyResult<()> {
        let _ = kwargs;
        setattr(cls, &istr!("_weak_cache"), &new_weak_cache()?)
    }
}

#[pymodule(name = "_zoneinfo", doc = "C implementation of the zoneinfo module")]
mod items {
    use super::*;

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        // With datetime's own Python classes its objects would not be known here.
        if !hooks::module_attribute("datetime", "datetime")?.is(datetime::class().as_obj()) {
            return Err(import_error("_zoneinfo needs _datetime"));
        }
        module.add("ZoneInfo", class().to_obj())
    }
}
