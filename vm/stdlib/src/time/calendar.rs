//! Calendar times: `struct_time`, `localtime`, `strftime` and so on, by way of the C library.

use std::ffi::{CStr, CString};

use taipan_objects::hooks;
use taipan_objects::int;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::str::codecs::{decode_fs, encode_fs};
use taipan_objects::str::intern;
use taipan_objects::structseq::{self, StructSeqDef};
use taipan_objects::tuple::PyTuple;
use taipan_text::TextBuf;

use crate::os_error::os_error;
use crate::sys_calls;

static STRUCT_TIME: StructSeqDef = StructSeqDef {
    name: "time.struct_time",
    doc: "The time value as returned by gmtime(), localtime(), and strptime(), and\naccepted by asctime(), mktime() and strftime().  May be considered as a\nsequence of 9 integers.\n\nNote that several fields' values are not the same as those defined by\nthe C language standard for struct tm.  For example, the value of the\nfield tm_year is the actual year, not year - 1900.  See individual\nfields' descriptions for details.",
    fields: &[
        ("tm_year", "year, for example, 1993"),
        ("tm_mon", "month of year, range [1, 12]"),
        ("tm_mday", "day of month, range [1, 31]"),
        ("tm_hour", "hours, range [0, 23]"),
        ("tm_min", "minutes, range [0, 59]"),
        ("tm_sec", "seconds, range [0, 61])"),
        ("tm_wday", "day of week, range [0, 6], Monday is 0"),
        ("tm_yday", "day of year, range [1, 366]"),
        ("tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown"),
        ("tm_zone", "abbreviation of timezone name"),
        ("tm_gmtoff", "offset from UTC in seconds"),
    ],
    visible: 9,
};
crate::posix::lazy_class!(struct_time, &STRUCT_TIME);

fn to_python(tm: &libc::tm) -> Obj {
    let mut fields: Vec<Obj> = [
        i64::from(tm.tm_year) + 1900,
        i64::from(tm.tm_mon) + 1,
        tm.tm_mday.into(),
        tm.tm_hour.into(),
        tm.tm_min.into(),
        tm.tm_sec.into(),
        ((tm.tm_wday + 6) % 7).into(),
        i64::from(tm.tm_yday) + 1,
        tm.tm_isdst.into(),
    ]
    .into_iter()
    .map(int_obj)
    .collect();
    fields.push(decode_fs(&sys_calls::zone_name(tm)).into_obj());
    fields.push(int_obj(tm.tm_gmtoff));
    structseq::new(&struct_time(), fields)
}

/// A calendar time that Python gave, with its zone.
struct Given {
    tm: libc::tm,
    zone: Option<CString>,
}

/// The value of a `struct_time` or a tuple of nine numbers; not checked.
fn from_python(obj: &Obj, function: &str) -> PyResult<Given> {
    let Some(tuple) = obj.downcast::<PyTuple>() else {
        return Err(type_error("Tuple or struct_time argument required"));
    };
    let items = tuple.as_slice();
    if items.len() != 9 {
        return Err(type_error(format!("{function}(): illegal time tuple argument")));
    }
    let mut fields = [0i32; 9];
    for (field, item) in fields.iter_mut().zip(items) {
        *field = i32::from_arg(item)?;
    }
    fields[0] = fields[0].checked_sub(1900).ok_or_else(|| overflow_error("year out of range"))?;
    fields[1] = fields[1].wrapping_sub(1);
    fields[6] = fields[6].wrapping_add(1) % 7;
    fields[7] = fields[7].wrapping_sub(1);
    let (mut zone, mut offset) = (None, 0);
    if class_of(obj).is(&struct_time()) {
        let name = structseq::get(obj, 9)?;
        if let Some(text) = name.downcast::<PyStr>() {
            zone = CString::new(encode_fs(text)?).ok();
        }
        let seconds = structseq::get(obj, 10)?;
        if !is_none(&seconds) {
            offset = i64::from_arg(&seconds)?;
        }
    }
    Ok(Given { tm: sys_calls::broken_down_time(fields, offset), zone })
}

/// Refuses fields out of range; zero is taken for the first month, day and day of the year.
fn check(tm: &mut libc::tm) -> PyResult<()> {
    let bounded = |field: &mut i32, low: i32, high: i32, what: &str| {
        if *field == -1 && low == 0 && high > 5 && matches!(what, "month" | "day of year") {
            *field = 0;
        }
        if *field < low || *field > high { Err(value_error(format!("{what} out of range"))) } else { Ok(()) }
    };
    bounded(&mut tm.tm_mon, 0, 11, "month")?;
    if tm.tm_mday == 0 {
        tm.tm_mday = 1;
    }
    bounded(&mut tm.tm_mday, 1, 31, "day of month")?;
    bounded(&mut tm.tm_hour, 0, 23, "hour")?;
    bounded(&mut tm.tm_min, 0, 59, "minute")?;
    bounded(&mut tm.tm_sec, 0, 61, "seconds")?;
    if tm.tm_wday < 0 {
        return Err(value_error("day of week out of range"));
    }
    bounded(&mut tm.tm_yday, 0, 365, "day of year")
}

/// Seconds since the epoch, rounded down; now, if nothing is given.
fn seconds_argument(seconds: Option<&Obj>) -> PyResult<i64> {
    let Some(obj) = seconds.filter(|s| !is_none(s)) else {
        return sys_calls::clock_gettime(libc::CLOCK_REALTIME).map(|t| t.tv_sec).map_err(os_error);
    };
    let out_of_range = || overflow_error("timestamp out of range for platform time_t");
    if obj.value().is_float() || is_instance_of(obj, &types().float) {
        let value = as_f64(obj)?;
        if value.is_nan() {
            return Err(value_error("Invalid value NaN (not a number)"));
        }
        let whole = value.floor();
        if (-9.2e18..9.2e18).contains(&whole) { Ok(whole as i64) } else { Err(out_of_range()) }
    } else {
        let index = index(obj)?;
        int::int_ref(&index).and_then(|i| i.to_i64()).ok_or_else(out_of_range)
    }
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn as_text(tm: &libc::tm) -> String {
    format!(
        "{} {}{:3} {:02}:{:02}:{:02} {}",
        DAYS[tm.tm_wday.rem_euclid(7) as usize],
        MONTHS[tm.tm_mon.rem_euclid(12) as usize],
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        i64::from(tm.tm_year) + 1900
    )
}

fn local(seconds: i64) -> PyResult<libc::tm> {
    sys_calls::localtime(seconds).map_err(os_error)
}

fn formatted(format: &PyStr, given: &Given) -> PyResult<Obj> {
    let mut out = TextBuf::new();
    let mut part = Vec::new();
    // The C library gets runs of ASCII characters; the rest, null characters too, stays as it is in any locale.
    for code in format.units().iter() {
        if (1..0x80).contains(&code) {
            part.push(code as u8);
            continue;
        }
        format_part(std::mem::take(&mut part), given, &mut out);
        out.push(code);
    }
    format_part(part, given, &mut out);
    Ok(PyStr::from_units(out).into_obj())
}

fn format_part(mut part: Vec<u8>, given: &Given, out: &mut TextBuf) {
    if part.is_empty() {
        return;
    }
    let len = part.len();
    part.push(0);
    let Ok(text) = CStr::from_bytes_with_nul(&part) else { return };
    let mut room = 256 + len;
    loop {
        if let Some(made) = sys_calls::strftime(text, &given.tm, given.zone.as_deref(), room) {
            out.push_units(decode_fs(&made).units());
            return;
        }
        // An empty result looks like one that does not fit: what grows to this size is empty.
        if room >= 256 * len + 256 {
            return;
        }
        room *= 2;
    }
}

/// `timezone`, `altzone`, `daylight`, `tzname`.
fn zone_attributes() -> PyResult<[(&'static str, Obj); 4]> {
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    sys_calls::tzset();
    let now = seconds_argument(None)? / YEAR * YEAR;
    let zone = |seconds| -> PyResult<(i64, Obj)> {
        let tm = local(seconds)?;
        Ok((-tm.tm_gmtoff, decode_fs(&sys_calls::zone_name(&tm)).into_obj()))
    };
    let ((january, winter), (july, summer)) = (zone(now)?, zone(now + YEAR / 2)?);
    // On the southern half of the earth, July is in the winter.
    let (standard, other, names) = if january < july {
        (july, january, vec![summer, winter])
    } else {
        (january, july, vec![winter, summer])
    };
    Ok([
        ("timezone", int_obj(standard)),
        ("altzone", int_obj(other)),
        ("daylight", int_obj(i64::from(january != july))),
        ("tzname", tuple_obj(names)),
    ])
}

#[pymodule(name = "time_calendar", doc = "")]
mod items {
    use super::*;

    /// localtime([seconds]) -> (tm_year,tm_mon,tm_mday,tm_hour,tm_min,
    ///                           tm_sec,tm_wday,tm_yday,tm_isdst)
    ///
    /// Convert seconds since the Epoch to a time tuple expressing local time.
    /// When 'seconds' is not passed in, convert the current time instead.
    #[pyfunction(sig = "(seconds=None, /)", text = "")]
    fn localtime(seconds: Option<&Obj>) -> PyResult<Obj> {
        Ok(to_python(&local(seconds_argument(seconds)?)?))
    }
    /// gmtime([seconds]) -> (tm_year, tm_mon, tm_mday, tm_hour, tm_min,
    ///                        tm_sec, tm_wday, tm_yday, tm_isdst)
    ///
    /// Convert seconds since the Epoch to a time tuple expressing UTC (a.k.a.
    /// GMT).  When 'seconds' is not passed in, convert the current time instead.
    #[pyfunction(sig = "(seconds=None, /)", text = "")]
    fn gmtime(seconds: Option<&Obj>) -> PyResult<Obj> {
        let tm = sys_calls::gmtime(seconds_argument(seconds)?).map_err(os_error)?;
        let made = to_python(&tm);
        let mut fields = (0..9).map(|i| structseq::get(&made, i)).collect::<PyResult<Vec<Obj>>>()?;
        fields.extend([str_obj("UTC"), int_obj(0)]);
        Ok(structseq::new(&struct_time(), fields))
    }
    /// mktime(tuple) -> floating-point number
    ///
    /// Convert a time tuple in local time to seconds since the Epoch.
    #[pyfunction(sig = "(object, /)")]
    fn mktime(object: &Obj) -> PyResult<f64> {
        let mut given = from_python(object, "mktime")?;
        match sys_calls::mktime(&mut given.tm) {
            Some(seconds) => Ok(seconds as f64),
            None => Err(overflow_error("mktime argument out of range")),
        }
    }
    /// asctime([tuple]) -> string
    ///
    /// Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.
    #[pyfunction(sig = "(tuple=<unrepresentable>, /)", text = "")]
    fn asctime(tuple: Option<&Obj>) -> PyResult<String> {
        let tm = match tuple {
            Some(tuple) => {
                let mut given = from_python(tuple, "asctime")?;
                check(&mut given.tm)?;
                given.tm
            }
            None => local(seconds_argument(None)?)?,
        };
        Ok(as_text(&tm))
    }
    /// ctime(seconds) -> string
    ///
    /// Convert a time in seconds since the Epoch to a string in local time.
    #[pyfunction(sig = "(seconds=None, /)", text = "")]
    fn ctime(seconds: Option<&Obj>) -> PyResult<String> {
        Ok(as_text(&local(seconds_argument(seconds)?)?))
    }
    /// strftime(format[, tuple]) -> string
    ///
    /// Convert a time tuple to a string according to a format specification.
    #[pyfunction(sig = "(format, tuple=<unrepresentable>, /)", text = "")]
    fn strftime(format: &PyStr, tuple: Option<&Obj>) -> PyResult<Obj> {
        let given = match tuple {
            Some(tuple) => {
                let mut given = from_python(tuple, "strftime")?;
                check(&mut given.tm)?;
                given
            }
            None => {
                let tm = local(seconds_argument(None)?)?;
                Given { tm, zone: CString::new(sys_calls::zone_name(&tm)).ok() }
            }
        };
        formatted(format, &given)
    }
    /// strptime(string, format) -> struct_time
    ///
    /// Parse a string to a time tuple according to a format specification.
    #[pyfunction(sig = "(*args)", text = "")]
    fn strptime(args: &[Obj]) -> PyResult<Obj> {
        call(&hooks::module_attribute("_strptime", "_strptime_time")?, args)
    }
    /// tzset()
    ///
    /// Initialize, or reinitialize, the local timezone to the value stored in
    /// os.environ['TZ'].
    #[pyfunction]
    fn tzset() -> PyResult<()> {
        let module = hooks::import_module("time")?;
        for (name, value) in zone_attributes()? {
            setattr(&module, &intern(name), &value)?;
        }
        Ok(())
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in zone_attributes()? {
            module.add(name, value)?;
        }
        module.add("struct_time", struct_time().into_obj())
    }
}
