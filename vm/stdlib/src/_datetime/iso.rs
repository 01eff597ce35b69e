//! Parsing what `isoformat` writes, and most of ISO 8601.

use std::borrow::Cow;

use taipan_objects::prelude::*;

use super::calendar;
use super::moment::{Clock, Day};
use super::zone;

/// Why parsing fails: bad text, or parts that raise errors of their own.
pub enum Failure {
    Text,
    Raised,
}

impl From<Raised> for Failure {
    fn from(_: Raised) -> Failure {
        Failure::Raised
    }
}
type Parsed<T> = Result<T, Failure>;

/// A number of exactly `count` digits.
fn number(text: &[u8], at: usize, count: usize) -> Parsed<i64> {
    let digits = text.get(at..at + count).ok_or(Failure::Text)?;
    digits.iter().try_fold(0i64, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')).ok_or(Failure::Text)
    })
}

/// A date of 7, 8 or 10 characters.
pub fn parse_day(text: &[u8]) -> Parsed<Day> {
    if !matches!(text.len(), 7 | 8 | 10) {
        return Err(Failure::Text);
    }
    let year = number(text, 0, 4)?;
    let dash = usize::from(text[4] == b'-');
    let at = 4 + dash;
    if text.get(at) == Some(&b'W') {
        let week = number(text, at + 1, 2)?;
        let mut at = at + 3;
        let mut weekday = 1;
        if text.len() > at {
            if (text[at] == b'-') != (dash == 1) {
                return Err(Failure::Text);
            }
            at += dash;
            weekday = number(text, at, 1)?;
            if text.len() != at + 1 {
                return Err(Failure::Text);
            }
        }
        return Ok(of_iso(year, week, weekday)?);
    }
    let month = number(text, at, 2)?;
    let at = at + 2;
    if (text.get(at) == Some(&b'-')) != (dash == 1) {
        return Err(Failure::Text);
    }
    let day = number(text, at + dash, 2)?;
    if text.len() != at + dash + 2 {
        return Err(Failure::Text);
    }
    Ok(Day::checked(year, month, day)?)
}

/// A day in the ISO calendar.
pub fn of_iso(year: i64, week: i64, weekday: i64) -> PyResult<Day> {
    if !(1..=9999).contains(&year) {
        return Err(value_error(format!("year must be in 1..9999, not {year}")));
    }
    match calendar::of_iso(year, week, weekday) {
        Ok(ordinal) => {
            let (year, month, day) = calendar::of_ordinal(ordinal);
            Day::checked(year, month, day)
        }
        Err(calendar::IsoError::Week) => Err(value_error(format!("Invalid week: {week}"))),
        Err(calendar::IsoError::Weekday) => {
            Err(value_error(format!("Invalid weekday: {weekday} (range is [1, 7])")))
        }
    }
}

/// `hh[:mm[:ss[.ffffff]]]`, colons present or not: hour, minute, second, microsecond, not checked.
fn parse_clock(text: &[u8]) -> Parsed<[i64; 4]> {
    let mut parts = [0; 4];
    let mut at = 0;
    let mut colon = 0;
    for index in 0..3 {
        parts[index] = number(text, at, 2)?;
        at += 2;
        let Some(&next) = text.get(at) else { return Ok(parts) };
        if index == 0 {
            colon = usize::from(next == b':');
        }
        if index == 2 {
            break;
        }
        if matches!(next, b'.' | b',') && colon == 0 && index > 0 {
            return Err(Failure::Text);
        }
        if colon == 1 && next != b':' {
            return Err(Failure::Text);
        }
        at += colon;
    }
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return Err(Failure::Text);
    }
    let digits = &text[at + 1..];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Failure::Text);
    }
    for index in 0..6 {
        parts[3] = parts[3] * 10 + digits.get(index).map_or(0, |digit| i64::from(digit - b'0'));
    }
    Ok(parts)
}

/// A time of day; whether it is midnight at the end of the day; its zone.
pub fn parse_time(text: &[u8]) -> Parsed<(Clock, bool, Option<Obj>)> {
    let zone_at = text.iter().position(|c| matches!(c, b'+' | b'-' | b'Z'));
    let mut parts = parse_clock(&text[..zone_at.unwrap_or(text.len())])?;
    let next_day = parts == [24, 0, 0, 0];
    if next_day {
        parts[0] = 0;
    }
    let zone = match zone_at {
        None => None,
        Some(at) if text[at] == b'Z' => {
            if at + 1 != text.len() {
                return Err(Failure::Text);
            }
            Some(zone::utc())
        }
        Some(at) => {
            let [hours, minutes, seconds, micros] = parse_clock(&text[at + 1..])?;
            let total = i128::from((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + i128::from(micros);
            let total = if text[at] == b'-' { -total } else { total };
            Some(zone::of_offset(total, None)?)
        }
    };
    let [hour, minute, second, micro] = parts;
    Ok((Clock::checked(hour, minute, second, micro)?, next_day, zone))
}

/// Where the date ends in the text of a datetime.
pub fn separator(text: &[u8]) -> Parsed<usize> {
    let len = text.len();
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    if len == 7 {
        return Ok(7);
    }
    if len < 7 {
        return Err(Failure::Text);
    }
    Ok(match (text[4], text[5]) {
        (b'-', b'W') => {
            if len > 8 && text[8] == b'-' {
                match len {
                    9 => return Err(Failure::Text),
                    11.. if digit(10) => 8,
                    _ => 10,
                }
            } else {
                8
            }
        }
        (b'-', _) => 10,
        (b'W', _) => {
            let end = (7..len).find(|&at| !digit(at)).unwrap_or(len);
            match end {
                ..9 => end,
                _ if end % 2 == 0 => 7,
                _ => 8,
            }
        }
        _ => 8,
    })
}

/// The text of an argument as bytes in which everything beyond ASCII is a zero byte.
pub fn text_bytes(text: &PyStr) -> Cow<'_, [u8]> {
    if let Some(text) = text.as_utf8() {
        return Cow::Borrowed(text.as_bytes());
    }
    text.units().iter().map(|code| if code < 128 { code as u8 } else { 0 }).collect()
}

/// Raises what went wrong with `text`.
#[cold]
pub fn raise(failure: Failure, text: &Obj) -> Raised {
    match failure {
        Failure::Raised => Raised,
        Failure::Text => match repr_string(text) {
            Ok(text) => value_error(format!("Invalid isoformat string: {text}")),
            Err(raised) => raised,
        },
    }
}
