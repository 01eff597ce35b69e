//! What `date`, `datetime` and `time` objects are made of, how their parts are checked and shown.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use super::calendar;
use super::delta::{HOUR, MINUTE, SECOND};

/// A time of day.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub micro: u32,
}

/// A day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A `date`, or a `datetime` object, which has a time of day, too.
#[repr(C)]
pub struct PyDate {
    header: Header,
    pub is_datetime: bool,
    pub day: Day,
    pub clock: Clock,
    pub fold: Fold,
    pub zone: Option<Obj>,
}
layout!(PyDate, "datetime.date", [zone]);

/// A `time` object.
#[repr(C)]
pub struct PyTime {
    header: Header,
    pub clock: Clock,
    pub fold: Fold,
    pub zone: Option<Obj>,
}
layout!(PyTime, "datetime.time", [zone]);

/// Which of two moments with the same wall time is meant: the later one? Set at most once after the constructor.
pub struct Fold(AtomicBool);

impl Fold {
    pub fn new(on: bool) -> Fold {
        Fold(AtomicBool::new(on))
    }
    // Relaxed: nobody else has the object yet when it is set.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}

impl PyDate {
    pub fn new(header: Header, day: Day) -> PyDate {
        PyDate {
            header,
            is_datetime: false,
            day,
            clock: Clock::default(),
            fold: Fold::new(false),
            zone: None,
        }
    }
    pub fn with_clock(header: Header, day: Day, clock: Clock, fold: bool, zone: Option<Obj>) -> PyDate {
        PyDate { header, is_datetime: true, day, clock, fold: Fold::new(fold), zone }
    }
}

impl PyTime {
    pub fn new(header: Header, clock: Clock, fold: bool, zone: Option<Obj>) -> PyTime {
        PyTime { header, clock, fold: Fold::new(fold), zone }
    }
}

impl Day {
    /// Checks the parts of a date.
    pub fn checked(year: i64, month: i64, day: i64) -> PyResult<Day> {
        if !(1..=9999).contains(&year) {
            return Err(value_error(format!("year must be in 1..9999, not {year}")));
        }
        if !(1..=12).contains(&month) {
            return Err(value_error(format!("month must be in 1..12, not {month}")));
        }
        let days = calendar::days_in_month(year, month);
        if !(1..=days).contains(&day) {
            return Err(value_error(format!(
                "day {day} must be in range 1..{days} for month {month} in year {year}"
            )));
        }
        Ok(Day { year: year as u16, month: month as u8, day: day as u8 })
    }
    /// The day with a number.
    pub fn of_ordinal(ordinal: i64) -> PyResult<Day> {
        if !(1..=calendar::MAX_ORDINAL).contains(&ordinal) {
            return Err(overflow_error("date value out of range"));
        }
        let (year, month, day) = calendar::of_ordinal(ordinal);
        Day::checked(year, month, day)
    }
    pub fn parts(self) -> (i64, i64, i64) {
        (self.year.into(), self.month.into(), self.day.into())
    }
    pub fn ordinal(self) -> i64 {
        let (year, month, day) = self.parts();
        calendar::ordinal(year, month, day)
    }
    /// 0 is Monday.
    pub fn weekday(self) -> i64 {
        (self.ordinal() + 6).rem_euclid(7)
    }
    pub fn iso_text(self) -> String {
        let mut text = String::with_capacity(ISO_LENGTH);
        self.push_iso(&mut text);
        text
    }
    /// Appends `YYYY-MM-DD`.
    pub fn push_iso(self, text: &mut String) {
        push_digits(text, self.year.into(), 4);
        text.push('-');
        push_digits(text, self.month.into(), 2);
        text.push('-');
        push_digits(text, self.day.into(), 2);
    }
    /// As in a pickle.
    pub fn bytes(self) -> [u8; 4] {
        let [high, low] = self.year.to_be_bytes();
        [high, low, self.month, self.day]
    }
    /// From a pickle, which is believed but for the month.
    pub fn of_bytes(bytes: [u8; 4]) -> Day {
        Day { year: u16::from_be_bytes([bytes[0], bytes[1]]), month: bytes[2], day: bytes[3] }
    }
}

impl Clock {
    /// Checks the parts of a time of day.
    pub fn checked(hour: i64, minute: i64, second: i64, micro: i64) -> PyResult<Clock> {
        for (name, value, limit) in [
            ("hour", hour, 23),
            ("minute", minute, 59),
            ("second", second, 59),
            ("microsecond", micro, 999_999),
        ] {
            if !(0..=limit).contains(&value) {
                return Err(value_error(format!("{name} must be in 0..{limit}, not {value}")));
            }
        }
        Ok(Clock { hour: hour as u8, minute: minute as u8, second: second as u8, micro: micro as u32 })
    }
    /// Microseconds since midnight.
    pub fn micros(self) -> i128 {
        i128::from(self.hour) * HOUR
            + i128::from(self.minute) * MINUTE
            + i128::from(self.second) * SECOND
            + i128::from(self.micro)
    }
    /// From microseconds since midnight, less than a day.
    pub fn of_micros(micros: i128) -> Clock {
        if let Ok(micros) = u64::try_from(micros) {
            let (hour, minute, second) = (HOUR as u64, MINUTE as u64, SECOND as u64);
            return Clock {
                hour: (micros / hour) as u8,
                minute: (micros / minute % 60) as u8,
                second: (micros / second % 60) as u8,
                micro: (micros % second) as u32,
            };
        }
        Clock {
            hour: (micros / HOUR) as u8,
            minute: (micros / MINUTE % 60) as u8,
            second: (micros / SECOND % 60) as u8,
            micro: (micros % SECOND) as u32,
        }
    }
    pub fn seconds(self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }
    /// As in a pickle.
    pub fn bytes(self) -> [u8; 6] {
        let [_, high, middle, low] = self.micro.to_be_bytes();
        [self.hour, self.minute, self.second, high, middle, low]
    }
    /// From a pickle, which is believed but for the hour.
    pub fn of_bytes(bytes: [u8; 6]) -> Clock {
        let micro = u32::from_be_bytes([0, bytes[3], bytes[4], bytes[5]]);
        Clock { hour: bytes[0], minute: bytes[1], second: bytes[2], micro }
    }
    /// The text of `isoformat`.
    pub fn iso_text(self, timespec: &str) -> PyResult<String> {
        let mut text = String::with_capacity(ISO_LENGTH);
        self.push_iso(timespec, &mut text)?;
        Ok(text)
    }
    /// Appends the same.
    pub fn push_iso(self, timespec: &str, text: &mut String) -> PyResult<()> {
        let Clock { hour, minute, second, micro } = self;
        let (parts, fraction) = match timespec {
            "auto" if micro == 0 => (3, None),
            "auto" | "microseconds" => (3, Some((micro, 6))),
            "milliseconds" => (3, Some((micro / 1000, 3))),
            "seconds" => (3, None),
            "minutes" => (2, None),
            "hours" => (1, None),
            _ => return Err(value_error("Unknown timespec value")),
        };
        for (at, part) in [hour, minute, second].into_iter().enumerate().take(parts) {
            if at > 0 {
                text.push(':');
            }
            push_digits(text, part.into(), 2);
        }
        if let Some((fraction, width)) = fraction {
            text.push('.');
            push_digits(text, fraction, width);
        }
        Ok(())
    }
}

/// Room for a moment with its offset.
pub const ISO_LENGTH: usize = 48;

/// Appends a number with zeros in front, which has `width` digits at most (six in all).
pub fn push_digits(text: &mut String, number: u32, width: usize) {
    let mut divisor = [1, 1, 10, 100, 1000, 10_000, 100_000][width];
    for _ in 0..width {
        text.push(char::from(b'0' + (number / divisor % 10) as u8));
        divisor = (divisor / 10).max(1);
    }
}

/// An offset as text: `+hh:mm[:ss[.ffffff]]`.
pub fn format_offset(micros: i128, separator: &str) -> String {
    let sign = if micros < 0 { '-' } else { '+' };
    let Clock { hour, minute, second, micro } = Clock::of_micros(micros.abs());
    let mut text = String::with_capacity(ISO_LENGTH);
    text.push(sign);
    push_digits(&mut text, hour.into(), 2);
    text.push_str(separator);
    push_digits(&mut text, minute.into(), 2);
    if second != 0 || micro != 0 {
        text.push_str(separator);
        push_digits(&mut text, second.into(), 2);
    }
    if micro != 0 {
        text.push('.');
        push_digits(&mut text, micro, 6);
    }
    text
}

/// A `fold` argument.
pub fn check_fold(fold: i64) -> PyResult<bool> {
    match fold {
        0 | 1 => Ok(fold == 1),
        _ => Err(value_error(format!("fold must be either 0 or 1, not {fold}"))),
    }
}

/// The bytes of a constructor's first argument, if they can be what a pickle holds: as many as `N`, with a sane byte at `at`.
pub fn pickled<const N: usize>(
    args: &Args<'_>,
    at: usize,
    limit: std::ops::Range<u8>,
) -> PyResult<Option<[u8; N]>> {
    let Some(first) = args.positional.first() else { return Ok(None) };
    let bytes: [u8; N] = if let Some(bytes) = first.downcast::<taipan_objects::bytes::PyBytes>() {
        let Ok(bytes) = bytes.as_slice().try_into() else { return Ok(None) };
        bytes
    } else if let Some(text) = first.downcast::<PyStr>().filter(|text| text.len() == N) {
        // Pickled by Python 2.
        if !text.units().get(at).is_some_and(|code| limit.contains(&((code & 0x7f) as u8))) {
            return Ok(None);
        }
        let latin: Option<Vec<u8>> = text.units().iter().map(|code| u8::try_from(code).ok()).collect();
        let Some(Ok(bytes)) = latin.map(<[u8; N]>::try_from) else {
            return Err(value_error(
                "Failed to encode latin1 string when unpickling a date, datetime or time object. pickle.load(data, encoding='latin1') is assumed.",
            ));
        };
        bytes
    } else {
        return Ok(None);
    };
    Ok(limit.contains(&(bytes[at] & 0x7f)).then_some(bytes))
}

/// The time zone that a pickle holds beside the bytes.
pub fn pickled_zone(args: &Args<'_>) -> PyResult<Option<Obj>> {
    match args.positional.get(1) {
        None => Ok(None),
        Some(zone) => super::zone::check_zone(zone).or_else(|Raised| {
            catch(&types().type_error)?;
            Err(type_error("bad tzinfo state arg"))
        }),
    }
}

/// `format(moment, spec)`.
pub fn format(slf: &Obj, spec: &Obj) -> PyResult<Obj> {
    let Some(text) = spec.downcast::<PyStr>() else {
        return Err(type_error(format!("__format__() argument must be str, not {}", class_of(spec).name())));
    };
    if text.is_empty() {
        return str(slf).map(Py::into_obj);
    }
    call_method_str(slf, "strftime", std::slice::from_ref(spec))
}
