//! `_datetime`: dates, times, intervals and time zones in the proleptic Gregorian calendar.
//!
//! All objects are constant, but for `fold`, which is set once, before anybody else sees the object.

pub(crate) mod calendar;
mod date;
pub(crate) mod datetime;
mod datetime_convert;
pub(crate) mod delta;
mod delta_arithmetic;
mod iso;
mod iso_calendar;
mod local;
pub(crate) mod moment;
mod strftime;
mod time;
pub(crate) mod zone;

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Fast implementation of the datetime module.
#[pymodule(name = "_datetime")]
mod items {
    use super::*;

    #[pyattr]
    const MINYEAR: i64 = 1;
    #[pyattr]
    const MAXYEAR: i64 = 9999;
    #[pyattr(name = "timedelta")]
    fn delta_class() -> Obj {
        delta::class().as_obj().clone()
    }
    #[pyattr(name = "date")]
    fn date_class() -> Obj {
        date::class().as_obj().clone()
    }
    #[pyattr(name = "datetime")]
    fn datetime_class() -> Obj {
        datetime::class().as_obj().clone()
    }
    #[pyattr(name = "time")]
    fn time_class() -> Obj {
        time::class().as_obj().clone()
    }
    #[pyattr(name = "tzinfo")]
    fn zone_class() -> Obj {
        zone::class().as_obj().clone()
    }
    #[pyattr(name = "timezone")]
    fn fixed_zone_class() -> Obj {
        zone::fixed_class().as_obj().clone()
    }
    #[pyattr(name = "UTC")]
    fn utc() -> Obj {
        zone::utc()
    }
}
