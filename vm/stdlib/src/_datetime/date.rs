//! `date`.

use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::hash_bytes;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance, type_flags};

use super::delta::{DAY, PyDelta, of_micros};
use super::moment::{Day, PyDate, pickled};
use super::{calendar, datetime, iso, iso_calendar, local, moment, strftime};
use crate::native_class;
use crate::native_class::{class_argument, receiver};

native_class!(
    /// `date`.
    pub fn class() = {
        let class = TypeBuilder::new("datetime.date", PyDate::ops())
            .flag(type_flags::BASE)
            .slots(TypeSlots {
                new: Some(new),
                repr: Some(repr),
                str_: Some(|obj| call_method_str(obj, "isoformat", &[])),
                hash: Some(|obj| Ok(hash_bytes(&receiver::<PyDate>(obj)?.day.bytes()))),
                richcompare: Some(compare),
                add: Some(add),
                sub: Some(subtract),
                ..TypeSlots::EMPTY
            })
            .methods(PyDate::date_methods())
            .getset(PyDate::date_getset())
            .doc("date(year, month, day) --> date object")
            .make();
        let first = Day { year: 1, month: 1, day: 1 };
        let last = Day { year: 9999, month: 12, day: 31 };
        for (name, day) in [("min", first), ("max", last)] {
            let value = new_instance(&class, |header| PyDate::new(header, day)).into_obj();
            taipan_objects::type_object::ready::set_attr(&class, name, value);
        }
        if let Ok(day) = of_micros(DAY) {
            taipan_objects::type_object::ready::set_attr(&class, "resolution", day);
        }
        class
    }
);

fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    let class_type = class_argument::<PyDate>(class)?;
    if args.positional.len() == 1
        && !args.has_keywords()
        && let Some(bytes) = pickled::<4>(args, 2, 1..13)?
    {
        let day = Day::of_bytes(bytes);
        return Ok(new_instance(class_type, |header| PyDate::new(header, day)).into_obj());
    }
    new_of_parts(class_type, args)
}

#[pyargs(name = "date", sig = "(year, month, day)")]
fn new_of_parts(class: &PyType, year: i32, month: i32, day: i32) -> PyResult<Obj> {
    let day = Day::checked(year.into(), month.into(), day.into())?;
    Ok(new_instance(class, |header| PyDate::new(header, day)).into_obj())
}

/// `class(year, month, day)`, without a call if that is `date` or `datetime`.
pub fn make(class_obj: &Obj, day: Day) -> PyResult<Obj> {
    if class_obj.is(class().as_obj()) {
        return Ok(new_instance(class(), |header| PyDate::new(header, day)).into_obj());
    }
    if class_obj.is(datetime::class().as_obj()) {
        return datetime::make(class_obj, day, Default::default(), None, false);
    }
    let (year, month, day) = day.parts();
    call(class_obj, &[int_obj(year), int_obj(month), int_obj(day)])
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let (year, month, day) = receiver::<PyDate>(obj)?.day.parts();
    Ok(str_obj(&format!("{}({year}, {month}, {day})", class_of(obj).name())))
}

fn plain(obj: &Obj) -> Option<&PyDate> {
    obj.downcast::<PyDate>().filter(|date| !date.is_datetime)
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    match (a.downcast::<PyDate>(), plain(b)) {
        (Some(a), Some(b)) if !a.is_datetime => Ok(bool_obj(op.holds(a.day.cmp(&b.day)))),
        _ => Ok(not_implemented()),
    }
}

/// The date `days` later, of the class of `obj`.
fn shift(obj: &Obj, date: &PyDate, days: i64) -> PyResult<Obj> {
    make(&class_of(obj).to_obj(), Day::of_ordinal(date.day.ordinal() + days)?)
}

fn add(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let (obj, date, delta) = match (plain(a), b.downcast::<PyDelta>(), plain(b), a.downcast::<PyDelta>()) {
        (Some(date), Some(delta), ..) => (a, date, delta),
        (_, _, Some(date), Some(delta)) => (b, date, delta),
        _ => return Ok(not_implemented()),
    };
    shift(obj, date, delta.parts().0)
}

fn subtract(a: &Obj, b: &Obj) -> PyResult<Obj> {
    let Some(date) = plain(a) else { return Ok(not_implemented()) };
    if let Some(delta) = b.downcast::<PyDelta>() {
        return shift(a, date, -delta.parts().0);
    }
    match plain(b) {
        Some(other) => of_micros(i128::from(date.day.ordinal() - other.day.ordinal()) * DAY),
        None => Ok(not_implemented()),
    }
}

/// `time.struct_time` of a day and a time.
pub fn time_tuple(day: Day, [hour, minute, second]: [i64; 3], dst: i64) -> PyResult<Obj> {
    let (year, month, number) = day.parts();
    let in_year = calendar::days_before_month(year, month) + number;
    let fields = [year, month, number, hour, minute, second, day.weekday(), in_year, dst];
    let class = hooks::module_attribute("time", "struct_time")?.into_strong();
    call1(&class, &tuple_obj(fields.iter().map(|&field| int_obj(field)).collect()))
}

/// A `str` argument of a method.
pub fn text_argument_of<'a>(function: &str, arg: &'a Obj) -> PyResult<&'a PyStr> {
    arg.downcast::<PyStr>().ok_or_else(|| type_error(format!("{function}: argument must be str")))
}

/// `cls.strptime(string, format)` by way of `_strptime`.
pub fn strptime(class: &Obj, kind: &str, string: &Obj, format: &Obj) -> PyResult<Obj> {
    for (place, arg) in [(1, string), (2, format)] {
        if !arg.is_layout::<PyStr>() {
            return Err(type_error(format!(
                "strptime() argument {place} must be str, not {}",
                class_of(arg).name()
            )));
        }
    }
    let parse = hooks::module_attribute("_strptime", &format!("_strptime_datetime_{kind}"))?.into_strong();
    call(&parse, &[class.clone(), string.clone(), format.clone()])
}

pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[pymethods(class = "datetime.date", part = "date")]
impl PyDate {
    #[pygetset]
    fn year(&self) -> i64 {
        self.day.year.into()
    }
    #[pygetset]
    fn month(&self) -> i64 {
        self.day.month.into()
    }
    #[pygetset]
    fn day(&self) -> i64 {
        self.day.day.into()
    }
    /// Current date or datetime.  Equivalent to fromtimestamp(time.time()).
    #[pyclassmethod]
    fn today(cls: &Obj) -> PyResult<Obj> {
        let time = hooks::module_attribute("time", "time")?.into_strong();
        call_method_str(cls, "fromtimestamp", &[call0(&time)?])
    }
    /// Create a date from a POSIX timestamp.
    #[pyclassmethod]
    fn fromtimestamp(cls: &Obj, timestamp: &Obj) -> PyResult<Obj> {
        let (_, tm) = local::broken_down(local::timestamp_seconds(timestamp)?, false)?;
        make(cls, Day::checked(i64::from(tm.tm_year) + 1900, i64::from(tm.tm_mon) + 1, tm.tm_mday.into())?)
    }
    /// Construct a date from a proleptic Gregorian ordinal.
    #[pyclassmethod(sig = "(ordinal, /)")]
    fn fromordinal(cls: &Obj, ordinal: i32) -> PyResult<Obj> {
        if ordinal < 1 {
            return Err(value_error("ordinal must be >= 1"));
        }
        let (year, month, day) = calendar::of_ordinal(ordinal.into());
        make(cls, Day::checked(year, month, day)?)
    }
    /// Construct a date from a string in ISO 8601 format.
    #[pyclassmethod(sig = "(string, /)")]
    fn fromisoformat(cls: &Obj, string: &Obj) -> PyResult<Obj> {
        let text = text_argument_of("fromisoformat", string)?;
        let day = iso::parse_day(&iso::text_bytes(text)).map_err(|failure| iso::raise(failure, string))?;
        make(cls, day)
    }
    /// Construct a date from the ISO year, week number and weekday.
    #[pyclassmethod(sig = "(year, week, day)")]
    fn fromisocalendar(cls: &Obj, year: &Obj, week: &Obj, day: &Obj) -> PyResult<Obj> {
        let number = |obj: &Obj| {
            i32::from_arg(obj).map(i64::from).or_else(|Raised| {
                catch(&types().overflow_error)?;
                Err(value_error("ISO calendar component out of range"))
            })
        };
        make(cls, iso::of_iso(number(year)?, number(week)?, number(day)?)?)
    }
    /// Parse string according to the given date format (like time.strptime()).
    #[pyclassmethod(name = "strptime", sig = "(string, format, /)")]
    fn date_strptime(cls: &Obj, string: &Obj, format: &Obj) -> PyResult<Obj> {
        strptime(cls, "date", string, format)
    }
    /// Return ctime() style string.
    #[pymethod(name = "ctime")]
    fn date_ctime(&self) -> String {
        datetime::ctime(self)
    }
    /// Format using strftime().
    #[pymethod(name = "strftime", sig = "(format)")]
    fn date_strftime(slf: &Obj, format: &PyStr) -> PyResult<Obj> {
        let this = receiver::<PyDate>(slf)?;
        let (day, clock, class) = (this.day, this.clock, class_of(slf));
        // A zone is asked for its `dst()`.
        if this.zone.is_none()
            && (class.is(self::class()) || class.is(datetime::class()))
            && let Some(text) = strftime::in_digits(day, clock, format)
        {
            return Ok(text);
        }
        let tuple = call_method_str(slf, "timetuple", &[])?;
        let micro = clock.micro;
        strftime::strftime(slf, format.units(), micro, &tuple)
    }
    /// Formats self with strftime.
    #[pymethod]
    fn __format__(slf: &Obj, format: &Obj) -> PyResult<Obj> {
        moment::format(slf, format)
    }
    /// Return the date formatted according to ISO.
    #[pymethod(name = "isoformat")]
    fn date_isoformat(&self) -> String {
        self.day.iso_text()
    }
    /// Return the day of the week represented by the date.
    #[pymethod]
    fn weekday(&self) -> i64 {
        self.day.weekday()
    }
    /// Return the day of the week represented by the date.
    #[pymethod]
    fn isoweekday(&self) -> i64 {
        self.day.weekday() + 1
    }
    /// Return a named tuple containing ISO year, week number, and weekday.
    #[pymethod]
    fn isocalendar(&self) -> Obj {
        let (year, month, day) = self.day.parts();
        iso_calendar::make(calendar::iso_calendar(year, month, day))
    }
    /// Return proleptic Gregorian ordinal.
    #[pymethod]
    fn toordinal(&self) -> i64 {
        self.day.ordinal()
    }
    /// Return time tuple, compatible with time.localtime().
    #[pymethod(name = "timetuple")]
    fn date_timetuple(&self) -> PyResult<Obj> {
        time_tuple(self.day, [0; 3], -1)
    }
    /// Return date with new specified fields.
    #[pymethod(
        name = "replace",
        sig = "(year=<unrepresentable>, month=<unrepresentable>, day=<unrepresentable>)"
    )]
    fn date_replace(slf: &Obj, year: Option<i32>, month: Option<i32>, day: Option<i32>) -> PyResult<Obj> {
        replaced(slf, year, month, day)
    }
    /// The same as replace().
    #[pymethod(
        name = "__replace__",
        sig = "(year=<unrepresentable>, month=<unrepresentable>, day=<unrepresentable>)"
    )]
    fn date_dunder_replace(
        slf: &Obj,
        year: Option<i32>,
        month: Option<i32>,
        day: Option<i32>,
    ) -> PyResult<Obj> {
        replaced(slf, year, month, day)
    }
    /// __reduce__() -> (cls, state)
    #[pymethod(name = "__reduce__")]
    fn date_reduce(slf: &Obj) -> PyResult<(Obj, (Obj,))> {
        Ok((class_of(slf).to_obj(), (bytes_obj(&receiver::<PyDate>(slf)?.day.bytes()),)))
    }
}

fn replaced(obj: &Obj, year: Option<i32>, month: Option<i32>, day: Option<i32>) -> PyResult<Obj> {
    let parts = receiver::<PyDate>(obj)?.day.parts();
    let part = |given: Option<i32>, own: i64| given.map_or(own, i64::from);
    make(
        &class_of(obj).to_obj(),
        Day::checked(part(year, parts.0), part(month, parts.1), part(day, parts.2))?,
    )
}
