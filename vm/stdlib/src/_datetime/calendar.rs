//! The proleptic Gregorian calendar: days are numbered from January 1 of year 1, which is day 1.

pub const MAX_ORDINAL: i64 = 3_652_059;

const DAYS_BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN_400_YEARS: i64 = 146_097;

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days in a month, which is in `1..=12`.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the year before a month.
pub fn days_before_month(year: i64, month: i64) -> i64 {
    let index = (month - 1).clamp(0, 11) as usize;
    DAYS_BEFORE_MONTH[index] + i64::from(month > 2 && is_leap(year))
}

fn days_before_year(year: i64) -> i64 {
    let y = year - 1;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)
}

/// The number of a day.
pub fn ordinal(year: i64, month: i64, day: i64) -> i64 {
    days_before_year(year) + days_before_month(year, month) + day
}

/// Year, month and day of a number, which may be outside of the years 1 to 9999.
pub fn of_ordinal(ordinal: i64) -> (i64, i64, i64) {
    let n = ordinal - 1;
    let (n400, n) = (n.div_euclid(DAYS_IN_400_YEARS), n.rem_euclid(DAYS_IN_400_YEARS));
    let (n100, n) = (n / 36_524, n % 36_524);
    let (n4, n) = (n / 1461, n % 1461);
    let (n1, n) = (n / 365, n % 365);
    let year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1;
    if n1 == 4 || n100 == 4 {
        return (year - 1, 12, 31);
    }
    // An estimate that is right or one too large.
    let mut month = (n + 50) >> 5;
    if days_before_month(year, month) > n {
        month -= 1;
    }
    (year, month, n - days_before_month(year, month) + 1)
}

/// The number of the Monday that begins the first week of a year in the ISO calendar: the week with the year's first Thursday.
fn iso_first_monday(year: i64) -> i64 {
    let first = ordinal(year, 1, 1);
    let weekday = (first + 6).rem_euclid(7);
    first - weekday + if weekday > 3 { 7 } else { 0 }
}

/// Year, week and weekday (Monday is 1) in the ISO calendar.
pub fn iso_calendar(year: i64, month: i64, day: i64) -> (i64, i64, i64) {
    let today = ordinal(year, month, day);
    let mut iso_year = year;
    let mut monday = iso_first_monday(year);
    if today < monday {
        iso_year -= 1;
        monday = iso_first_monday(iso_year);
    } else if today >= iso_first_monday(year + 1) {
        iso_year += 1;
        monday = iso_first_monday(iso_year);
    }
    (iso_year, (today - monday) / 7 + 1, (today - monday) % 7 + 1)
}

/// What is wrong with a date in the ISO calendar.
pub enum IsoError {
    Week,
    Weekday,
}

/// The number of a day in the ISO calendar, whose year is in `1..=9999`.
pub fn of_iso(year: i64, week: i64, weekday: i64) -> Result<i64, IsoError> {
    let weeks = (iso_first_monday(year + 1) - iso_first_monday(year)) / 7;
    if week < 1 || week > weeks {
        return Err(IsoError::Week);
    }
    if !(1..=7).contains(&weekday) {
        return Err(IsoError::Weekday);
    }
    Ok(iso_first_monday(year) + (week - 1) * 7 + weekday - 1)
}
