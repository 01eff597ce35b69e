//! `datetime`: making, comparing and shifting. Conversions are next door.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::hash_bytes;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};

use super::delta::{DAY, PyDelta, of_micros};
use super::moment::{Clock, Day, PyDate, check_fold, pickled, pickled_zone};
use super::{date, zone};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

native_class!(
    /// `datetime`.
    pub fn class() = {
        let class = TypeBuilder::new("datetime.datetime", PyDate::ops())
            .base(date::class())
            .flag(type_flags::BASE)
            .slots(TypeSlots {
                new: Some(new),
                repr: Some(repr),
                str_: Some(|obj| call_method_str(obj, "isoformat", &[str_obj(" ")])),
                hash: Some(hash_of),
                richcompare: Some(compare),
                add: Some(add),
                sub: Some(subtract),
                ..TypeSlots::EMPTY
            })
            .methods(PyDate::datetime_methods())
            .getset(PyDate::datetime_getset())
            .doc("datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])\n\nThe year, month and day arguments are required. tzinfo may be None, or an\ninstance of a tzinfo subclass. The remaining arguments may be ints.")
            .make();
        let first = (Day { year: 1, month: 1, day: 1 }, Clock::default());
        let last = (Day { year: 9999, month: 12, day: 31 }, Clock::of_micros(DAY - 1));
        for (name, (day, clock)) in [("min", first), ("max", last)] {
            let value = new_instance(&class, |header| PyDate::with_clock(header, day, clock, false, None));
            taipan_objects::type_object::ready::set_attr(&class, name, value.into_obj());
        }
        if let Ok(resolution) = of_micros(1) {
            taipan_objects::type_object::ready::set_attr(&class, "resolution", resolution);
        }
        class
    }
);

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class_type = class_argument::<PyDate>(class)?;
    if matches!(args.positional.len(), 1 | 2)
        && !args.has_keywords()
        && let Some(mut bytes) = pickled::<10>(args, 2, 1..13)?
    {
        let zone = pickled_zone(args)?;
        let fold = bytes[2] & 0x80 != 0;
        bytes[2] &= 0x7f;
        let [a, b, c, d, time @ ..] = bytes;
        let (day, clock) = (Day::of_bytes([a, b, c, d]), Clock::of_bytes(time));
        return Ok(
            new_instance(class_type, |header| PyDate::with_clock(header, day, clock, fold, zone)).into_obj()
        );
    }
    new_of_parts(class_type, args)
}

#[pyargs(
    name = "datetime",
    sig = "(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)"
)]
#[allow(clippy::too_many_arguments)]
fn new_of_parts(
    class: &PyType,
    year: i32,
    month: i32,
    day: i32,
    hour: i32,
    minute: i32,
    second: i32,
    microsecond: i32,
    tzinfo: Option<&Obj>,
    fold: i32,
) -> PyResult<Obj> {
    let zone = tzinfo.map_or(Ok(None), zone::check_zone)?;
    let day = Day::checked(year.into(), month.into(), day.into())?;
    let clock = Clock::checked(hour.into(), minute.into(), second.into(), microsecond.into())?;
    let fold = check_fold(fold.into())?;
    Ok(new_instance(class, |header| PyDate::with_clock(header, day, clock, fold, zone)).into_obj())
}

/// `class(year, month, …)`, without a call if that is `datetime`.
pub fn make(class_obj: &Obj, day: Day, clock: Clock, zone: Option<Obj>, fold: bool) -> PyResult<Obj> {
    if class_obj.is(class().as_obj()) {
        return Ok(
            new_instance(class(), |header| PyDate::with_clock(header, day, clock, fold, zone)).into_obj()
        );
    }
    let (year, month, number) = day.parts();
    let mut args: Vec<Obj> = [
        year,
        month,
        number,
        clock.hour.into(),
        clock.minute.into(),
        clock.second.into(),
        clock.micro.into(),
    ]
    .iter()
    .map(|&part| int_obj(part))
    .collect();
    args.push(zone.unwrap_or_else(none));
    let made = call(class_obj, &args)?;
    if fold && let Some(made) = made.downcast::<PyDate>() {
        made.fold.set(true);
    }
    Ok(made)
}

impl PyDate {
    /// Wall time in microseconds since the beginning of day 0.
    pub fn wall(&self) -> i128 {
        i128::from(self.day.ordinal()) * DAY + self.clock.micros()
    }
    /// `utcoffset()` in microseconds; `obj` is this object.
    pub fn offset(&self, obj: &Obj) -> PyResult<Option<i128>> {
        zone::offset(self.zone.as_ref(), "utcoffset", obj)
    }
}

/// Day and time of day of a wall time.
pub fn split(wall: i128) -> PyResult<(Day, Clock)> {
    let day = i64::try_from(wall.div_euclid(DAY)).map_err(|_| overflow_error("date value out of range"))?;
    Ok((Day::of_ordinal(day)?, Clock::of_micros(wall.rem_euclid(DAY))))
}

/// The datetime `micros` later, of the class of `obj`.
pub fn add_micros(obj: &Obj, moment: &PyDate, micros: i128) -> PyResult<Obj> {
    let (day, clock) = split(moment.wall() + micros)?;
    make(&class_of(obj).to_obj(), day, clock, moment.zone.clone(), false)
}

/// `obj + micros` of a datetime object.
pub fn plus(obj: &Obj, micros: i128) -> PyResult<Obj> {
    add_micros(obj, receiver::<PyDate>(obj)?, micros)
}

fn datetime(obj: &Obj) -> Option<&PyDate> {
    obj.downcast::<PyDate>().filter(|moment| moment.is_datetime)
}

/// The argument of a native function that takes a datetime.
pub fn datetime_argument(obj: &Obj) -> PyResult<&PyDate> {
    datetime(obj).ok_or_else(|| type_error("a datetime is required"))
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyDate>(obj)?;
    let ((year, month, day), clock) = (this.day.parts(), this.clock);
    let mut text =
        format!("{}({year}, {month}, {day}, {}, {}", class_of(obj).name(), clock.hour, clock.minute);
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

/// The same moment with the other fold.
pub fn with_fold(moment: &PyDate, fold: bool) -> Obj {
    let (day, clock, zone) = (moment.day, moment.clock, moment.zone.clone());
    new_instance(class(), |header| PyDate::with_clock(header, day, clock, fold, zone)).into_obj()
}

/// The offset that the hash and comparisons of equal moments use: that of the earlier moment.
fn offset_without_fold(obj: &Obj, moment: &PyDate) -> PyResult<Option<i128>> {
    if moment.fold.get() {
        return moment.offset(&with_fold(moment, false));
    }
    moment.offset(obj)
}

fn hash_of(obj: &Obj) -> PyResult<i64> {
    let this = datetime_argument(obj)?;
    match offset_without_fold(obj, this)? {
        None => {
            let mut bytes = this.day.bytes().to_vec();
            bytes.extend_from_slice(&this.clock.bytes());
            Ok(hash_bytes(&bytes))
        }
        Some(offset) => hash(&of_micros(this.wall() - offset)?),
    }
}

/// Whether the offset depends on the fold: such a moment equals none of another zone (PEP 495).
fn is_ambiguous(obj: &Obj, moment: &PyDate, offset: Option<i128>) -> PyResult<bool> {
    let _ = obj;
    let other = with_fold(moment, !moment.fold.get());
    Ok(moment.offset(&other)? != offset)
}

fn same_zone(a: &PyDate, b: &PyDate) -> bool {
    match (&a.zone, &b.zone) {
        (None, None) => true,
        (Some(a), Some(b)) => a.is(b),
        _ => false,
    }
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (datetime(a), datetime(b)) else { return Ok(not_implemented()) };
    if same_zone(x, y) {
        return Ok(bool_obj(op.holds(x.wall().cmp(&y.wall()))));
    }
    let (offset_x, offset_y) = (x.offset(a)?, y.offset(b)?);
    let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    match (offset_x, offset_y) {
        (None, Some(_)) | (Some(_), None) if is_equality => Ok(bool_obj(op == CompareOp::Ne)),
        (None, Some(_)) | (Some(_), None) => {
            Err(type_error("can't compare offset-naive and offset-aware datetimes"))
        }
        _ => {
            let ordering = (x.wall() - offset_x.unwrap_or(0)).cmp(&(y.wall() - offset_y.unwrap_or(0)));
            if is_equality
                && ordering.is_eq()
                && (is_ambiguous(a, x, offset_x)? || is_ambiguous(b, y, offset_y)?)
            {
                return Ok(bool_obj(op == CompareOp::Ne));
            }
            Ok(bool_obj(op.holds(ordering)))
        }
    }
}

fn add(a: &Obj, b: &Obj) -> PyResult<Obj> {
    match (datetime(a), b.downcast::<PyDelta>(), datetime(b), a.downcast::<PyDelta>()) {
        (Some(moment), Some(delta), ..) => add_micros(a, moment, delta.total()),
        (_, _, Some(moment), Some(delta)) => add_micros(b, moment, delta.total()),
        _ => Ok(not_implemented()),
    }
}

fn subtract(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(x) = datetime(a) else { return Ok(not_implemented()) };
    if let Some(delta) = b.downcast::<PyDelta>() {
        return add_micros(a, x, -delta.total());
    }
    let Some(y) = datetime(b) else { return Ok(not_implemented()) };
    let difference = x.wall() - y.wall();
    if same_zone(x, y) {
        return of_micros(difference);
    }
    match (x.offset(a)?, y.offset(b)?) {
        (None, None) => of_micros(difference),
        (Some(offset_x), Some(offset_y)) => of_micros(difference - offset_x + offset_y),
        _ => Err(type_error("can't subtract offset-naive and offset-aware datetimes")),
    }
}

/// The text of `ctime`.
pub fn ctime(moment: &PyDate) -> String {
    let Clock { hour, minute, second, .. } = moment.clock;
    let weekday = date::DAYS[moment.day.weekday() as usize % 7];
    let month = date::MONTHS[(usize::from(moment.day.month) + 11) % 12];
    format!("{weekday} {month} {:2} {hour:02}:{minute:02}:{second:02} {:04}", moment.day.day, moment.day.year)
}
