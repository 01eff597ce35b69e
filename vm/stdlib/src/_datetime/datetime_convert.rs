//! The methods of `datetime`.

use taipan_objects::hooks;
use taipan_objects::native::*;
use taipan_objects::prelude::*;

use super::date::{strptime, text_argument_of, time_tuple};
use super::datetime::{datetime_argument, make, split};
use super::delta::SECOND;
use super::local::{self, EPOCH};
use super::moment::{Clock, Day, ISO_LENGTH, PyDate, PyTime, check_fold, format_offset};
use super::{datetime, iso, time, zone};
use crate::native_class::receiver;

/// A moment as clocks show it, locally or in UTC.
fn of_timestamp(cls: &Obj, (seconds, micro): (i64, u32), utc: bool, zone: Option<Obj>) -> PyResult<Obj> {
    let (day, clock, fold) = local::moment(seconds, micro, utc)?;
    make(cls, day, clock, zone, fold)
}

/// A moment in a zone, or local without one.
fn of_timestamp_in(cls: &Obj, timestamp: (i64, u32), zone: Option<&Obj>) -> PyResult<Obj> {
    let zone = zone.map_or(Ok(None), zone::check_zone)?;
    let made = of_timestamp(cls, timestamp, zone.is_some(), zone.clone())?;
    match zone {
        Some(zone) => call_method_str(&zone, "fromutc", &[made]),
        None => Ok(made),
    }
}

fn deprecated(name: &str, instead: &str) -> PyResult<()> {
    hooks::warn(
        &format!(
            "datetime.datetime.{name}() is deprecated and scheduled for removal in a future version. Use timezone-aware objects to represent datetimes in UTC: datetime.datetime.{instead}."
        ),
        &hooks::builtin("DeprecationWarning")?.into_strong(),
        1,
    )
}

impl PyDate {
    /// Local wall time as seconds since the epoch.
    fn local_seconds(&self) -> PyResult<i64> {
        local::seconds_of_local(self.day.ordinal() * 86400 + self.clock.seconds(), self.fold.get())
    }
    /// The system's zone at this moment, taken as local time.
    fn local_zone(&self) -> PyResult<Obj> {
        let (wall, fold) = (self.day.ordinal() * 86400 + self.clock.seconds(), self.fold.get());
        let seconds = local::seconds_of_local(wall, fold)?;
        let other = local::seconds_of_local(wall, !fold)?;
        // In a gap the offset is that on the side which the fold says, and the moment lies on the other side.
        local::zone_at(if other != seconds && (other > seconds) == fold { other } else { seconds })
    }
}

#[pymethods(class = "datetime.datetime", part = "datetime")]
impl PyDate {
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
    /// Returns new datetime object representing current time local to tz.
    #[pyclassmethod(sig = "(tz=None)")]
    fn now(cls: &Obj, tz: Option<&Obj>) -> PyResult<Obj> {
        of_timestamp_in(cls, local::now()?, tz)
    }
    /// Return a new datetime representing UTC day and time.
    #[pyclassmethod]
    fn utcnow(cls: &Obj) -> PyResult<Obj> {
        deprecated("utcnow", "now(datetime.UTC)")?;
        of_timestamp(cls, local::now()?, true, None)
    }
    /// Create a datetime from a POSIX timestamp.
    #[pyclassmethod(name = "fromtimestamp", sig = "(timestamp, tz=None)")]
    fn datetime_fromtimestamp(cls: &Obj, timestamp: &Obj, tz: Option<&Obj>) -> PyResult<Obj> {
        let zone = tz.map_or(Ok(None), zone::check_zone)?;
        of_timestamp_in(cls, local::timestamp(timestamp)?, zone.as_ref())
    }
    /// Create a naive UTC datetime from a POSIX timestamp.
    #[pyclassmethod(sig = "(timestamp, /)")]
    fn utcfromtimestamp(cls: &Obj, timestamp: &Obj) -> PyResult<Obj> {
        deprecated("utcfromtimestamp", "fromtimestamp(timestamp, datetime.UTC)")?;
        of_timestamp(cls, local::timestamp(timestamp)?, true, None)
    }
    /// Construct a datetime from a given date and a given time.
    #[pyclassmethod(sig = "(date, time, tzinfo=<unrepresentable>)")]
    fn combine(cls: &Obj, date: &Obj, time: &Obj, tzinfo: Option<&Obj>) -> PyResult<Obj> {
        let wrong = |place: i32, what: &str, obj: &Obj| {
            type_error(format!(
                "combine() argument {place} must be datetime.{what}, not {}",
                class_of(obj).name()
            ))
        };
        let day = date.downcast::<PyDate>().ok_or_else(|| wrong(1, "date", date))?;
        let clock = time.downcast::<PyTime>().ok_or_else(|| wrong(2, "time", time))?;
        let zone = tzinfo.map_or_else(|| Ok(clock.zone.clone()), zone::check_zone)?;
        make(cls, day.day, clock.clock, zone, clock.fold.get())
    }
    /// Construct a date from a string in ISO 8601 format.
    #[pyclassmethod(name = "fromisoformat", sig = "(string, /)")]
    fn datetime_fromisoformat(cls: &Obj, string: &Obj) -> PyResult<Obj> {
        let text = iso::text_bytes(text_argument_of("fromisoformat", string)?);
        let parsed = iso::separator(&text).and_then(|at| {
            let day = iso::parse_day(text.get(..at).ok_or(iso::Failure::Text)?)?;
            if text.len() == at {
                return Ok((day, Clock::default(), false, None));
            }
            let (clock, next_day, zone) = iso::parse_time(text.get(at + 1..).ok_or(iso::Failure::Text)?)?;
            Ok((day, clock, next_day, zone))
        });
        let (mut day, clock, next_day, zone) = parsed.map_err(|failure| iso::raise(failure, string))?;
        if next_day {
            let ordinal = day.ordinal() + 1;
            if ordinal > super::calendar::MAX_ORDINAL {
                return Err(value_error("year must be in 1..9999, not 10000"));
            }
            day = Day::of_ordinal(ordinal)?;
        }
        make(cls, day, clock, zone, false)
    }
    /// Parse string according to the given date and time format (like time.strptime()).
    #[pyclassmethod(name = "strptime", sig = "(string, format, /)")]
    fn datetime_strptime(cls: &Obj, string: &Obj, format: &Obj) -> PyResult<Obj> {
        strptime(cls, "datetime", string, format)
    }
    /// Return date object with same year, month and day.
    #[pymethod]
    fn date(&self) -> PyResult<Obj> {
        super::date::make(super::date::class().as_obj(), self.day)
    }
    /// Return time object with same time but with tzinfo=None.
    #[pymethod]
    fn time(&self) -> PyResult<Obj> {
        time::make(time::class().as_obj(), self.clock, None, self.fold.get())
    }
    /// Return time object with same time and tzinfo.
    #[pymethod]
    fn timetz(&self) -> PyResult<Obj> {
        time::make(time::class().as_obj(), self.clock, self.zone.clone(), self.fold.get())
    }
    /// Return ctime() style string.
    #[pymethod]
    fn ctime(&self) -> String {
        datetime::ctime(self)
    }
    /// Return time tuple, compatible with time.localtime().
    #[pymethod]
    fn timetuple(slf: &Obj) -> PyResult<Obj> {
        let this = datetime_argument(slf)?;
        let dst = match zone::offset(this.zone.as_ref(), "dst", slf)? {
            None => -1,
            Some(dst) => (dst != 0).into(),
        };
        let Clock { hour, minute, second, .. } = this.clock;
        time_tuple(this.day, [hour.into(), minute.into(), second.into()], dst)
    }
    /// Return UTC time tuple, compatible with time.localtime().
    #[pymethod]
    fn utctimetuple(slf: &Obj) -> PyResult<Obj> {
        let this = datetime_argument(slf)?;
        let (day, clock) = match this.offset(slf)? {
            None | Some(0) => (this.day, this.clock),
            Some(offset) => split(this.wall() - offset)?,
        };
        time_tuple(day, [clock.hour.into(), clock.minute.into(), clock.second.into()], 0)
    }
    /// Return POSIX timestamp as float.
    #[pymethod]
    fn timestamp(slf: &Obj) -> PyResult<f64> {
        let this = datetime_argument(slf)?;
        if this.zone.is_some()
            && let Some(offset) = this.offset(slf)?
        {
            let micros = this.wall() - offset - i128::from(EPOCH) * SECOND;
            return Ok(taipan_text::math::true_divide(&micros.into(), &SECOND.into())?);
        }
        Ok(this.local_seconds()? as f64 + f64::from(this.clock.micro) / 1e6)
    }
    /// [sep] -> string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
    #[pymethod(sig = "(sep='T', timespec='auto')")]
    fn isoformat(slf: &Obj, sep: Option<&Obj>, timespec: &str) -> PyResult<Obj> {
        let this = datetime_argument(slf)?;
        let mut out = String::with_capacity(ISO_LENGTH);
        this.day.push_iso(&mut out);
        let mut wide = None;
        match sep {
            None => out.push('T'),
            Some(sep) => match sep.downcast::<PyStr>() {
                Some(text) if text.len() == 1 => match text.as_utf8() {
                    Some(text) => out.push_str(text),
                    None => {
                        let mut day = taipan_text::TextBuf::from(std::mem::take(&mut out).as_str());
                        day.push_units(text.units());
                        wide = Some(day);
                    }
                },
                Some(text) => {
                    return Err(type_error(format!(
                        "isoformat() argument 1 must be a unicode character, not a string of length {}",
                        text.len()
                    )));
                }
                None => {
                    return Err(type_error(format!(
                        "isoformat() argument 1 must be a unicode character, not {}",
                        class_of(sep).name()
                    )));
                }
            },
        }
        this.clock.push_iso(timespec, &mut out)?;
        if let Some(offset) = this.offset(slf)? {
            out.push_str(&format_offset(offset, ":"));
        }
        Ok(match wide {
            None => PyStr::from_string(out).into_obj(),
            Some(mut text) => {
                text.push_str(&out);
                PyStr::from_units(text).into_obj()
            }
        })
    }
    /// Return self.tzinfo.utcoffset(self).
    #[pymethod]
    fn utcoffset(slf: &Obj) -> PyResult<Obj> {
        zone::offset_object(datetime_argument(slf)?.offset(slf)?)
    }
    /// Return self.tzinfo.tzname(self).
    #[pymethod]
    fn tzname(slf: &Obj) -> PyResult<Obj> {
        zone::zone_name(datetime_argument(slf)?.zone.as_ref(), slf)
    }
    /// Return self.tzinfo.dst(self).
    #[pymethod]
    fn dst(slf: &Obj) -> PyResult<Obj> {
        zone::offset_object(zone::offset(datetime_argument(slf)?.zone.as_ref(), "dst", slf)?)
    }
    /// Return datetime with new specified fields.
    #[pymethod(
        sig = "(year=<unrepresentable>, month=<unrepresentable>, day=<unrepresentable>, hour=<unrepresentable>, minute=<unrepresentable>, second=<unrepresentable>, microsecond=<unrepresentable>, tzinfo=<unrepresentable>, *, fold=<unrepresentable>)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn replace(
        slf: &Obj,
        year: Option<i32>,
        month: Option<i32>,
        day: Option<i32>,
        hour: Option<i32>,
        minute: Option<i32>,
        second: Option<i32>,
        microsecond: Option<i32>,
        tzinfo: Option<&Obj>,
        fold: Option<i32>,
    ) -> PyResult<Obj> {
        replaced(slf, [year, month, day], [hour, minute, second, microsecond], tzinfo, fold)
    }
    /// The same as replace().
    #[pymethod(
        sig = "(year=<unrepresentable>, month=<unrepresentable>, day=<unrepresentable>, hour=<unrepresentable>, minute=<unrepresentable>, second=<unrepresentable>, microsecond=<unrepresentable>, tzinfo=<unrepresentable>, *, fold=<unrepresentable>)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn __replace__(
        slf: &Obj,
        year: Option<i32>,
        month: Option<i32>,
        day: Option<i32>,
        hour: Option<i32>,
        minute: Option<i32>,
        second: Option<i32>,
        microsecond: Option<i32>,
        tzinfo: Option<&Obj>,
        fold: Option<i32>,
    ) -> PyResult<Obj> {
        replaced(slf, [year, month, day], [hour, minute, second, microsecond], tzinfo, fold)
    }
    /// tz -> convert to local time in new timezone tz
    #[pymethod(sig = "(tz=None)")]
    fn astimezone(slf: &Obj, tz: Option<&Obj>) -> PyResult<Obj> {
        let this = datetime_argument(slf)?;
        let target = tz.map_or(Ok(None), zone::check_zone)?;
        let own = match &this.zone {
            Some(zone) => zone.clone(),
            None => this.local_zone()?,
        };
        if target.as_ref().is_some_and(|target| target.is(&own)) {
            return Ok(slf.clone());
        }
        let offset = match zone::offset(Some(&own), "utcoffset", slf)? {
            Some(offset) => offset,
            None => zone::offset(Some(&this.local_zone()?), "utcoffset", slf)?.unwrap_or(0),
        };
        let (day, clock) = split(this.wall() - offset)?;
        let target = match target {
            Some(target) => target,
            None => local::zone_at(day.ordinal() * 86400 + clock.seconds() - EPOCH)?,
        };
        let utc = make(&class_of(slf).to_obj(), day, clock, Some(target.clone()), false)?;
        call_method_str(&target, "fromutc", &[utc])
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
    let this = datetime_argument(obj)?;
    let mut bytes = this.day.bytes().to_vec();
    bytes.extend_from_slice(&this.clock.bytes());
    if protocol > 3 && this.fold.get() {
        bytes[2] |= 0x80;
    }
    let mut args = vec![bytes_obj(&bytes)];
    args.extend(this.zone.clone());
    Ok(tuple_obj(vec![class_of(obj).to_obj(), tuple_obj(args)]))
}

fn replaced(
    obj: &Obj,
    days: [Option<i32>; 3],
    clocks: [Option<i32>; 4],
    tzinfo: Option<&Obj>,
    fold: Option<i32>,
) -> PyResult<Obj> {
    let this = receiver::<PyDate>(obj)?;
    let part = |given: Option<i32>, own: i64| given.map_or(own, i64::from);
    let (year, month, day) = this.day.parts();
    let Clock { hour, minute, second, micro } = this.clock;
    let zone = tzinfo.map_or_else(|| Ok(this.zone.clone()), zone::check_zone)?;
    let fold = fold.map_or_else(|| Ok(this.fold.get()), |fold| check_fold(fold.into()))?;
    let day = Day::checked(part(days[0], year), part(days[1], month), part(days[2], day))?;
    let clock = Clock::checked(
        part(clocks[0], hour.into()),
        part(clocks[1], minute.into()),
        part(clocks[2], second.into()),
        part(clocks[3], micro.into()),
    )?;
    make(&class_of(obj).to_obj(), day, clock, zone, fold)
}
