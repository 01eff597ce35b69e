//! `time`: a time of day.

use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::hash_bytes;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};

use super::date::{strptime, text_argument_of};
use super::delta::{DAY, of_micros};
use super::moment::{self, Clock, Day, PyTime, check_fold, format_offset, pickled, pickled_zone};
use super::{iso, strftime, zone};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

native_class!(
    /// `time`.
    pub fn class() = {
        let class = TypeBuilder::new("datetime.time", PyTime::ops())
            .flag(type_flags::BASE)
            .slots(TypeSlots {
                new: Some(new),
                repr: Some(repr),
                str_: Some(|obj| call_method_str(obj, "isoformat", &[])),
                hash: Some(hash_of),
                richcompare: Some(compare),
                ..TypeSlots::EMPTY
            })
            .methods(PyTime::methods())
            .getset(PyTime::getset())
            .doc("time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object\n\nAll arguments are optional. tzinfo may be None, or an instance of\na tzinfo subclass. The remaining arguments may be ints.")
            .make();
        for (name, clock) in [("min", Clock::default()), ("max", Clock::of_micros(DAY - 1))] {
            let value = new_instance(&class, |header| PyTime::new(header, clock, false, None)).into_obj();
            taipan_objects::type_object::ready::set_attr(&class, name, value);
        }
        if let Ok(resolution) = of_micros(1) {
            taipan_objects::type_object::ready::set_attr(&class, "resolution", resolution);
        }
        class
    }
);

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class_type = class_argument::<PyTime>(class)?;
    if matches!(args.positional.len(), 1 | 2)
        && !args.has_keywords()
        && let Some(mut bytes) = pickled::<6>(args, 0, 0..24)?
    {
        let zone = pickled_zone(args)?;
        let fold = bytes[0] & 0x80 != 0;
        bytes[0] &= 0x7f;
        let clock = Clock::of_bytes(bytes);
        return Ok(new_instance(class_type, |header| PyTime::new(header, clock, fold, zone)).into_obj());
    }
    new_of_parts(class_type, args)
}

#[pyargs(name = "time", sig = "(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)")]
fn new_of_parts(
    class: &PyType,
    hour: i32,
    minute: i32,
    second: i32,
    microsecond: i32,
    tzinfo: Option<&Obj>,
    fold: i32,
) -> PyResult<Obj> {
    let zone = tzinfo.map_or(Ok(None), zone::check_zone)?;
    let clock = Clock::checked(hour.into(), minute.into(), second.into(), microsecond.into())?;
    let fold = check_fold(fold.into())?;
    Ok(new_instance(class, |header| PyTime::new(header, clock, fold, zone)).into_obj())
}

/// `class(hour, minute, …)`, without a call if that is `time`.
pub fn make(class_obj: &Obj, clock: Clock, zone: Option<Obj>, fold: bool) -> PyResult<Obj> {
    if class_obj.is(class().as_obj()) {
        return Ok(new_instance(class(), |header| PyTime::new(header, clock, fold, zone)).into_obj());
    }
    let made = call(
        class_obj,
        &[
            int_obj(clock.hour.into()),
            int_obj(clock.minute.into()),
            int_obj(clock.second.into()),
            int_obj(clock.micro.into()),
            zone.unwrap_or_else(none),
        ],
    )?;
    if fold && let Some(made) = made.downcast::<PyTime>() {
        made.fold.set(true);
    }
    Ok(made)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyTime>(obj)?;
    let clock = this.clock;
    let mut text = format!("{}({}, {}", class_of(obj).name(), clock.hour, clock.minute);
    if clock.micro != 0 {
        text += &format!(", {}, {}", clock.second, clock.micro);
    } else if clock.second != 0 {
        text += &format!(", {}", clock.second);
    }
    if this.fold.get() {
        text += ", fold=1";
    }
    if let Some(zone) = &this.zone {
        text += &format!(", tzinfo={}", repr_string(zone)?);
    }
    text.push(')');
    Ok(str_obj(&text))
}

impl PyTime {
    fn offset(&self) -> PyResult<Option<i128>> {
        zone::offset(self.zone.as_ref(), "utcoffset", &none())
    }
}

fn hash_of(obj: &Obj) -> PyResult<i64> {
    let this = receiver::<PyTime>(obj)?;
    match this.offset()? {
        None => Ok(hash_bytes(&this.clock.bytes())),
        Some(offset) => hash(&of_micros(this.clock.micros() - offset)?),
    }
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyTime>(), b.downcast::<PyTime>()) else {
        return Ok(not_implemented());
    };
    let same_zone = match (&x.zone, &y.zone) {
        (None, None) => true,
        (Some(x), Some(y)) => x.is(y),
        _ => false,
    };
    if same_zone {
        return Ok(bool_obj(op.holds(x.clock.cmp(&y.clock))));
    }
    match (x.offset()?, y.offset()?) {
        (None, None) => Ok(bool_obj(op.holds(x.clock.cmp(&y.clock)))),
        (Some(offset_x), Some(offset_y)) => {
            let ordering = (x.clock.micros() - offset_x).cmp(&(y.clock.micros() - offset_y));
            Ok(bool_obj(op.holds(ordering)))
        }
        _ => match op {
            CompareOp::Eq => Ok(bool_obj(false)),
            CompareOp::Ne => Ok(bool_obj(true)),
            _ => Err(type_error("can't compare offset-naive and offset-aware times")),
        },
    }
}

#[pymethods(class = "datetime.time")]
impl PyTime {
    #[pygetset]
    fn hour(&self) -> i64 {
        self.clock.hour.into()
    }
    #[pygetset]
    fn minute(&self) -> i64 {
        self.clock.minute.into()
    }
    #[pygetset]
    fn second(&self) -> i64 {
        self.clock.second.into()
    }
    #[pygetset]
    fn microsecond(&self) -> i64 {
        self.clock.micro.into()
    }
    #[pygetset]
    fn tzinfo(&self) -> Option<Obj> {
        self.zone.clone()
    }
    #[pygetset(name = "fold")]
    fn get_fold(&self) -> i64 {
        self.fold.get().into()
    }
    /// Construct a time from a string in ISO 8601 format.
    #[pyclassmethod(sig = "(string, /)")]
    fn fromisoformat(cls: &Obj, string: &Obj) -> PyResult<Obj> {
        let text = iso::text_bytes(text_argument_of("fromisoformat", string)?);
        let text = text.strip_prefix(b"T").unwrap_or(&text);
        let (clock, _, zone) = iso::parse_time(text).map_err(|failure| iso::raise(failure, string))?;
        make(cls, clock, zone, false)
    }
    /// Parse string according to the given time format (like time.strptime()).
    #[pyclassmethod(name = "strptime", sig = "(string, format, /)")]
    fn time_strptime(cls: &Obj, string: &Obj, format: &Obj) -> PyResult<Obj> {
        strptime(cls, "time", string, format)
    }
    /// Return the time formatted according to ISO.
    #[pymethod(sig = "(timespec='auto')")]
    fn isoformat(&self, timespec: &str) -> PyResult<String> {
        let mut text = self.clock.iso_text(timespec)?;
        if let Some(offset) = self.offset()? {
            text += &format_offset(offset, ":");
        }
        Ok(text)
    }
    /// Format using strftime().
    #[pymethod(name = "strftime", sig = "(format)")]
    fn time_strftime(slf: &Obj, format: &PyStr) -> PyResult<Obj> {
        let clock = receiver::<PyTime>(slf)?.clock;
        if class_of(slf).is(class())
            && let Some(text) = strftime::in_digits(Day::of_bytes([0x07, 0x6c, 1, 1]), clock, format)
        {
            return Ok(text);
        }
        let Clock { hour, minute, second, micro } = clock;
        let fields = [1900, 1, 1, hour.into(), minute.into(), second.into(), 0, 1, -1];
        let class = hooks::module_attribute("time", "struct_time")?.into_strong();
        let tuple = call1(&class, &tuple_obj(fields.iter().map(|&field| int_obj(field)).collect()))?;
        strftime::strftime(slf, format.units(), micro, &tuple)
    }
    /// Formats self with strftime.
    #[pymethod]
    fn __format__(slf: &Obj, format: &Obj) -> PyResult<Obj> {
        moment::format(slf, format)
    }
    /// Return self.tzinfo.utcoffset(self).
    #[pymethod]
    fn utcoffset(&self) -> PyResult<Obj> {
        zone::offset_object(self.offset()?)
    }
    /// Return self.tzinfo.tzname(self).
    #[pymethod]
    fn tzname(&self) -> PyResult<Obj> {
        zone::zone_name(self.zone.as_ref(), &none())
    }
    /// Return self.tzinfo.dst(self).
    #[pymethod]
    fn dst(&self) -> PyResult<Obj> {
        zone::offset_object(zone::offset(self.zone.as_ref(), "dst", &none())?)
    }
    /// Return time with new specified fields.
    #[pymethod(
        sig = "(hour=<unrepresentable>, minute=<unrepresentable>, second=<unrepresentable>, microsecond=<unrepresentable>, tzinfo=<unrepresentable>, *, fold=<unrepresentable>)"
    )]
    fn replace(
        slf: &Obj,
        hour: Option<i32>,
        minute: Option<i32>,
        second: Option<i32>,
        microsecond: Option<i32>,
        tzinfo: Option<&Obj>,
        fold: Option<i32>,
    ) -> PyResult<Obj> {
        replaced(slf, [hour, minute, second, microsecond], tzinfo, fold)
    }
    /// The same as replace().
    #[pymethod(
        sig = "(hour=<unrepresentable>, minute=<unrepresentable>, second=<unrepresentable>, microsecond=<unrepresentable>, tzinfo=<unrepresentable>, *, fold=<unrepresentable>)"
    )]
    fn __replace__(
        slf: &Obj,
        hour: Option<i32>,
        minute: Option<i32>,
        second: Option<i32>,
        microsecond: Option<i32>,
        tzinfo: Option<&Obj>,
        fold: Option<i32>,
    ) -> PyResult<Obj> {
        replaced(slf, [hour, minute, second, microsecond], tzinfo, fold)
    }
    /// __reduce_ex__(proto) -> (cls, state)
    #[pymethod]
    fn __reduce_ex__(slf: &Obj, protocol: i32) -> PyResult<Obj> {
        reduced(slf, protocol)
    }
    /// __reduce__() -> (cls, state)
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<Obj> {
        reduced(slf, 2)
    }
}

fn reduced(obj: &Obj, protocol: i32) -> PyResult<Obj> {
    let this = receiver::<PyTime>(obj)?;
    let mut bytes = this.clock.bytes();
    if protocol > 3 && this.fold.get() {
        bytes[0] |= 0x80;
    }
    let mut args = vec![bytes_obj(&bytes)];
    args.extend(this.zone.clone());
    Ok(tuple_obj(vec![class_of(obj).to_obj(), tuple_obj(args)]))
}

fn replaced(obj: &Obj, clocks: [Option<i32>; 4], tzinfo: Option<&Obj>, fold: Option<i32>) -> PyResult<Obj> {
    let this = receiver::<PyTime>(obj)?;
    let Clock { hour, minute, second, micro } = this.clock;
    let part = |given: Option<i32>, own: i64| given.map_or(own, i64::from);
    let zone = tzinfo.map_or_else(|| Ok(this.zone.clone()), zone::check_zone)?;
    let fold = fold.map_or_else(|| Ok(this.fold.get()), |fold| check_fold(fold.into()))?;
    let clock = Clock::checked(
        part(clocks[0], hour.into()),
        part(clocks[1], minute.into()),
        part(clocks[2], second.into()),
        part(clocks[3], micro.into()),
    )?;
    make(&class_of(obj).to_obj(), clock, zone, fold)
}
