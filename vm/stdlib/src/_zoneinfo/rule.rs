//! TZ strings (POSIX, with RFC 8536's longer hours): what holds after a file's last transition.

use taipan_objects::prelude::*;

use crate::_datetime::calendar;

const DAY: i64 = 86_400;
/// The ordinal of 1970-01-01.
pub const EPOCH: i64 = 719_163;

/// A day of each year, and a time on it.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Month, week (5: the last), weekday (0: Sunday).
    Weekday(i64, i64, i64),
    /// The number of the day, from 1, without February 29.
    Julian(i64),
    /// The number of the day, from 0.
    Number(i64),
}

/// A transition of each year.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    when: When,
    /// Seconds after midnight of that day.
    time: i64,
}

impl Transition {
    /// When it is in a year: seconds since 1970 by the clock that it ends.
    pub fn in_year(&self, year: i64) -> i64 {
        let before_year = calendar::ordinal(year, 1, 1) - EPOCH;
        let day = match self.when {
            When::Number(number) => before_year + number,
            When::Julian(number) => {
                before_year + number - 1 + i64::from(number >= 60 && calendar::is_leap(year))
            }
            When::Weekday(month, week, weekday) => {
                let first = calendar::ordinal(year, month, 1);
                // Ordinal 7 is a Sunday.
                let mut day = (weekday - first).rem_euclid(7) + (week - 1) * 7;
                if day >= calendar::days_in_month(year, month) {
                    day -= 7;
                }
                first + day - EPOCH
            }
        };
        day * DAY + self.time
    }
}

/// A TZ string: a name and an offset, perhaps others in summer.
#[derive(Clone, Debug)]
pub struct Rule {
    pub standard: (String, i64),
    pub summer: Option<Summer>,
}

/// The other time of a rule.
#[derive(Clone, Debug)]
pub struct Summer {
    pub name: String,
    pub offset: i64,
    pub start: Transition,
    pub end: Transition,
}

struct Parser<'a>(&'a [u8]);

impl Parser<'_> {
    fn accept(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let count = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
    }
    fn name(&mut self) -> Option<String> {
        let quoted = self.accept(b'<');
        let fits = |byte: &&u8| {
            byte.is_ascii_alphabetic() || quoted && (byte.is_ascii_digit() || matches!(byte, b'+' | b'-'))
        };
        let count = self.0.iter().take_while(fits).count();
        let (name, rest) = self.0.split_at(count);
        self.0 = rest;
        if count == 0 || quoted && !self.accept(b'>') {
            return None;
        }
        String::from_utf8(name.to_vec()).ok()
    }
    /// `[+|-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self, most_hours: i64) -> Option<i64> {
        let negative = self.accept(b'-');
        if !negative {
            self.accept(b'+');
        }
        let hours = self.number(1, 3)?;
        let (mut minutes, mut seconds) = (0, 0);
        if self.accept(b':') {
            minutes = self.number(2, 2)?;
            if self.accept(b':') {
                seconds = self.number(2, 2)?;
            }
        }
        if hours > most_hours {
            return None;
        }
        let total = hours * 3600 + minutes * 60 + seconds;
        Some(if negative { -total } else { total })
    }
    fn transition(&mut self) -> Option<Transition> {
        let when = if self.accept(b'M') {
            let month = self.number(1, 2)?;
            let week = self.accept(b'.').then(|| self.number(1, 1))??;
            let weekday = self.accept(b'.').then(|| self.number(1, 1))??;
            if !(1..=12).contains(&month) || !(1..=5).contains(&week) || weekday > 6 {
                return None;
            }
            When::Weekday(month, week, weekday)
        } else if self.accept(b'J') {
            When::Julian(self.number(1, 3).filter(|day| (1..=365).contains(day))?)
        } else {
            When::Number(self.number(1, 3).filter(|day| *day <= 365)?)
        };
        let time = if self.accept(b'/') { self.time(167)? } else { 2 * 3600 };
        Some(Transition { when, time })
    }
    fn rule(&mut self) -> Option<Rule> {
        let name = self.name()?;
        // West of Greenwich is positive here.
        let offset = -self.time(24)?;
        let standard = (name, offset);
        if self.0.is_empty() {
            return Some(Rule { standard, summer: None });
        }
        let name = self.name()?;
        let offset = if self.0.first() == Some(&b',') { offset + 3600 } else { -self.time(24)? };
        let start = self.accept(b',').then(|| self.transition())??;
        let end = self.accept(b',').then(|| self.transition())??;
        let summer = Summer { name, offset, start, end };
        self.0.is_empty().then_some(Rule { standard, summer: Some(summer) })
    }
}

/// Reads a TZ string.
pub fn parse(text: &[u8]) -> PyResult<Rule> {
    match Parser(text).rule() {
        Some(rule) => Ok(rule),
        None => {
            let shown = repr_string(&bytes_obj(text))?;
            Err(value_error(format!("Malformed transition rule in TZ string: {shown}")))
        }
    }
}

/// The years whose summers a moment of `year` may be in: one may last beyond New Year's Eve.
fn years(year: i64) -> impl Iterator<Item = i64> {
    [year, year - 1, year + 1].into_iter().filter(|year| *year > 0)
}

impl Summer {
    /// The summer that begins in a year: its start and end, each by the clock that it ends.
    fn in_year(&self, year: i64) -> (i64, i64) {
        let (start, end) = (self.start.in_year(year), self.end.in_year(year));
        if start < end { (start, end) } else { (start, self.end.in_year(year + 1)) }
    }
}

impl Rule {
    /// Whether it is summer at a time of the local clock; `second`: the later one if the clock shows it twice.
    pub fn is_summer(&self, local: i64, year: i64, second: bool) -> bool {
        let Some(summer) = &self.summer else { return false };
        let shift = summer.offset - self.standard.1;
        years(year).any(|year| {
            let (mut start, mut end) = summer.in_year(year);
            // Whether the gap or the repeated hour belongs to the first time depends on both.
            if second == (shift >= 0) {
                end -= shift;
            } else {
                start += shift;
            }
            start <= local && local < end
        })
    }
    /// Whether it is summer at a time in UTC, and whether the local clock shows that time for the second time.
    pub fn is_summer_utc(&self, utc: i64, year: i64) -> (bool, bool) {
        let Some(summer) = &self.summer else { return (false, false) };
        let shift = summer.offset - self.standard.1;
        let bounds = |year| {
            let (start, end) = summer.in_year(year);
            (start - self.standard.1, end - summer.offset)
        };
        let is_summer = |utc: i64| years(year).any(|year| (bounds(year).0..bounds(year).1).contains(&utc));
        let twice = years(year).any(|year| {
            let (start, end) = bounds(year);
            let (at, next) = if shift > 0 { (end, end + shift) } else { (start, start - shift) };
            // Unless the other time goes on without a break.
            (at..next).contains(&utc) && is_summer(at - 1) != is_summer(at)
        });
        (is_summer(utc), twice)
    }
}
