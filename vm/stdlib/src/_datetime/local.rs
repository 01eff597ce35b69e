//! The system's time zone.
//!
//! *Wall seconds* are the seconds from the beginning of year 1 to what clocks show.

use taipan_objects::float::float_value;
use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;

use super::calendar;
use super::delta::SECOND;
use super::moment::{Clock, Day};
use super::zone;
use crate::os_error::os_error;
use crate::sys_calls as system;

/// Wall seconds of 1970-01-01.
pub const EPOCH: i64 = 719_163 * 86400;
/// No two offsets of a zone within a day of each other differ by more.
const MAX_FOLD: i64 = 24 * 3600;

/// Clock readings of a moment: local time, or UTC.
pub fn broken_down(seconds: i64, utc: bool) -> PyResult<(i64, libc::tm)> {
    let tm = if utc { system::gmtime(seconds) } else { system::localtime(seconds) }.map_err(os_error)?;
    let day =
        calendar::ordinal(i64::from(tm.tm_year) + 1900, i64::from(tm.tm_mon) + 1, i64::from(tm.tm_mday));
    let second = i64::from(tm.tm_sec.min(59));
    Ok((((day * 24 + i64::from(tm.tm_hour)) * 60 + i64::from(tm.tm_min)) * 60 + second, tm))
}

/// Local wall seconds at UTC wall seconds.
fn local(utc: i64) -> PyResult<i64> {
    broken_down(utc - EPOCH, false).map(|(wall, _)| wall)
}

/// Day, time of day and fold at a moment.
pub fn moment(seconds: i64, micro: u32, utc: bool) -> PyResult<(Day, Clock, bool)> {
    let (wall, tm) = broken_down(seconds, utc)?;
    let day = Day::checked(i64::from(tm.tm_year) + 1900, i64::from(tm.tm_mon) + 1, i64::from(tm.tm_mday))?;
    let clock = Clock { micro, ..Clock::of_micros(i128::from(wall.rem_euclid(86400)) * SECOND) };
    let mut fold = false;
    if !utc && seconds > -62_135_000_000 {
        let (before, _) = broken_down(seconds - MAX_FOLD, false)?;
        let transition = wall - before - MAX_FOLD;
        if transition < 0 {
            fold = broken_down(seconds + transition, false)?.0 == wall;
        }
    }
    Ok((day, clock, fold))
}

/// Seconds since the epoch when local clocks show `wall`.
pub fn seconds_of_local(wall: i64, fold: bool) -> PyResult<i64> {
    let a = local(wall)? - wall;
    let u1 = wall - a;
    let t1 = local(u1)?;
    let b;
    if t1 == wall {
        // A solution; perhaps there is one more on the other side of a transition.
        let probe = if fold { u1 + MAX_FOLD } else { u1 - MAX_FOLD };
        b = local(probe)? - probe;
        if a == b {
            return Ok(u1 - EPOCH);
        }
    } else {
        b = t1 - u1;
    }
    let u2 = wall - b;
    if local(u2)? == wall {
        return Ok(u2 - EPOCH);
    }
    if t1 == wall {
        return Ok(u1 - EPOCH);
    }
    // Clocks never show this.
    Ok(if fold { u1.min(u2) } else { u1.max(u2) } - EPOCH)
}

/// The system's zone as it is at a moment.
pub fn zone_at(seconds: i64) -> PyResult<Obj> {
    let (_, tm) = broken_down(seconds, false)?;
    let name = taipan_objects::str::codecs::decode_fs(&system::zone_name(&tm)).into_obj();
    zone::of_offset(i128::from(tm.tm_gmtoff) * SECOND, Some(name))
}

/// Seconds and microseconds of a timestamp, rounded half to even.
pub fn timestamp(obj: &Obj) -> PyResult<(i64, u32)> {
    let out_of_range = || overflow_error("timestamp out of range for platform time_t");
    if let Some(number) = float_value(obj) {
        if number.is_nan() {
            return Err(value_error("Invalid value NaN (not a number)"));
        }
        let mut whole = number.trunc();
        let mut micros = ((number - whole) * 1e6).round_ties_even();
        if micros >= 1e6 {
            micros -= 1e6;
            whole += 1.0;
        } else if micros < 0.0 {
            micros += 1e6;
            whole -= 1.0;
        }
        if !(-9.2e18..9.2e18).contains(&whole) {
            return Err(out_of_range());
        }
        return Ok((whole as i64, micros as u32));
    }
    if !taipan_objects::protocol::has_index(obj) {
        return Err(type_error(format!("argument must be int or float, not {}", class_of(obj).name())));
    }
    let int = index(obj)?;
    let seconds = int_ref(&int).and_then(|int| int.to_i64()).ok_or_else(out_of_range)?;
    Ok((seconds, 0))
}

/// Whole seconds of a timestamp, rounded down.
pub fn timestamp_seconds(obj: &Obj) -> PyResult<i64> {
    match float_value(obj) {
        Some(number) if number.is_nan() => Err(value_error("Invalid value NaN (not a number)")),
        Some(number) => match number.floor() {
            whole if (-9.2e18..9.2e18).contains(&whole) => Ok(whole as i64),
            _ => Err(overflow_error("timestamp out of range for platform time_t")),
        },
        None => timestamp(obj).map(|(seconds, _)| seconds),
    }
}

/// Now.
pub fn now() -> PyResult<(i64, u32)> {
    let time = system::clock_gettime(libc::CLOCK_REALTIME).map_err(os_error)?;
    Ok((time.tv_sec, (time.tv_nsec / 1000) as u32))
}
