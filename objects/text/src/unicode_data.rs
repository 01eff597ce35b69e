//! Properties of code points, as Unicode 16.0 (the version of CPython 3.14) gives them.
//!
//! Invariant: everything answers for any `u32`, lone surrogates included; above U+10FFFF nothing has a property.

pub mod names;
pub mod normalization;
pub mod old;
#[rustfmt::skip]
mod tables;

use tables::*;

pub use tables::UNIDATA_VERSION;

/// The properties that code points share; see `tables.rs`.
pub(crate) struct Record {
    category: u8,
    bidi: u8,
    combining: u8,
    width: u8,
    flags: u16,
    decimal: i8,
    digit: i8,
    upper: i32,
    lower: i32,
    title: i32,
}

impl Record {
    #[allow(clippy::too_many_arguments)]
    const fn new(
        category: u8,
        bidi: u8,
        combining: u8,
        width: u8,
        flags: u16,
        decimal: i8,
        digit: i8,
        upper: i32,
        lower: i32,
        title: i32,
    ) -> Self {
        Record { category, bidi, combining, width, flags, decimal, digit, upper, lower, title }
    }
}

/// The properties that the 3.2.0 database holds apart.
pub(crate) struct OldRecord {
    category: u8,
    bidi: u8,
    combining: u8,
    width: u8,
    mirrored: u8,
    decimal: i8,
    digit: i8,
}

impl OldRecord {
    const fn new(
        category: u8,
        bidi: u8,
        combining: u8,
        width: u8,
        mirrored: u8,
        decimal: i8,
        digit: i8,
    ) -> Self {
        OldRecord { category, bidi, combining, width, mirrored, decimal, digit }
    }
}

#[inline]
fn record(code: u32) -> &'static Record {
    // The last code point of all is unassigned: it stands for what is beyond it.
    let code = code.min(0x10ffff);
    let block = FIRST[(code >> SHIFT) as usize] as usize;
    &RECORDS[SECOND[(block << SHIFT) + (code & ((1 << SHIFT) - 1)) as usize] as usize]
}

#[inline]
fn has(code: u32, flag: u16) -> bool {
    record(code).flags & flag != 0
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident = $flag:ident;)*) => {
        $($(#[$doc])* #[inline] pub fn $name(code: u32) -> bool { has(code, $flag) })*
    };
}

predicates! {
    /// `str.isalpha` of a code point.
    is_alpha = ALPHA;
    /// `str.islower` of a code point: the property Lowercase.
    is_lower = LOWER;
    /// `str.isupper` of a code point: the property Uppercase.
    is_upper = UPPER;
    /// `str.isprintable` of a code point.
    is_printable = PRINTABLE;
    /// May begin an identifier (`_` included).
    is_identifier_start = XID_START;
    /// May continue an identifier.
    is_identifier_continue = XID_CONTINUE;
    /// `str.isdecimal` of a code point.
    is_decimal = DECIMAL;
    /// `str.isdigit` of a code point.
    is_digit = DIGIT;
    /// `str.isnumeric` of a code point.
    is_numeric = NUMERIC;
    /// The property Cased.
    is_cased = CASED;
    /// The property Case_Ignorable.
    is_case_ignorable = CASE_IGNORABLE;
    /// `unicodedata.mirrored`.
    is_mirrored = MIRRORED;
}

/// `str.isspace` of a code point.
#[inline]
pub fn is_space(code: u32) -> bool {
    match code {
        0..128 => matches!(code, 9..=13 | 28..=31 | 32),
        _ => has(code, SPACE),
    }
}

/// Whether `str.splitlines` breaks after it.
#[inline]
pub fn is_line_break(code: u32) -> bool {
    match code {
        0..128 => matches!(code, 10..=13 | 28..=30),
        _ => matches!(code, 0x85 | 0x2028 | 0x2029),
    }
}

/// `str.isalnum` of a code point.
#[inline]
pub fn is_alnum(code: u32) -> bool {
    has(code, ALPHA | DECIMAL | DIGIT | NUMERIC)
}

/// General category Lt.
#[inline]
pub fn is_title(code: u32) -> bool {
    record(code).category == 3
}

/// `unicodedata.category`.
pub fn category(code: u32) -> &'static str {
    CATEGORIES[record(code).category as usize]
}

/// `unicodedata.bidirectional`.
pub fn bidirectional(code: u32) -> &'static str {
    BIDI[record(code).bidi as usize]
}

/// `unicodedata.combining`.
#[inline]
pub fn combining(code: u32) -> u8 {
    record(code).combining
}

/// `unicodedata.east_asian_width`.
pub fn east_asian_width(code: u32) -> &'static str {
    WIDTHS[record(code).width as usize]
}

/// `unicodedata.decimal`.
#[inline]
pub fn decimal(code: u32) -> Option<u32> {
    match code {
        0..128 => (code.wrapping_sub(48) < 10).then(|| code - 48),
        _ => u32::try_from(record(code).decimal).ok(),
    }
}

/// `unicodedata.digit`.
pub fn digit(code: u32) -> Option<u32> {
    u32::try_from(record(code).digit).ok()
}

/// `unicodedata.numeric`.
pub fn numeric(code: u32) -> Option<f64> {
    let after = NUMERIC_VALUES.partition_point(|run| run.0 <= code);
    let &(first, last, value, step) = NUMERIC_VALUES.get(after.checked_sub(1)?)?;
    (code <= last).then(|| value + (code - first) as f64 * step)
}

/// Simple lower case, as `re` uses it.
#[inline]
pub fn simple_lower(code: u32) -> u32 {
    code.wrapping_add_signed(record(code).lower)
}

/// Simple upper case (of code points with a multiple mapping: themselves).
#[inline]
pub fn simple_upper(code: u32) -> u32 {
    code.wrapping_add_signed(record(code).upper)
}

/// Simple title case (of code points with a multiple mapping: themselves).
#[inline]
pub fn simple_title(code: u32) -> u32 {
    code.wrapping_add_signed(record(code).title)
}

/// The four full mappings of the few code points that have multiple ones.
#[inline]
pub(crate) fn special_case(code: u32) -> Option<&'static [&'static str; 4]> {
    if !has(code, SPECIAL_CASE) {
        return None;
    }
    let found = SPECIAL_CASES.binary_search_by_key(&code, |entry| entry.0).ok()?;
    Some(&SPECIAL_CASES[found].1)
}

/// `str.isidentifier`.
pub fn is_identifier(mut codes: impl Iterator<Item = u32>) -> bool {
    codes.next().is_some_and(is_identifier_start) && codes.all(is_identifier_continue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_samples() {
        assert_eq!(category('a' as u32), "Ll");
        assert_eq!(category(0xd800), "Cs");
        assert_eq!(category(0x0378), "Cn");
        assert_eq!(category(0x110000), "Cn");
        assert_eq!(bidirectional(0x05d0), "R");
        assert_eq!(combining(0x0301), 230);
        assert_eq!(east_asian_width(0xff21), "F");
        assert_eq!(numeric(0xbd), Some(0.5));
        assert_eq!(numeric(0x2167), Some(8.0));
        assert_eq!(numeric(0x4e09), Some(3.0));
        assert_eq!(numeric('a' as u32), None);
        assert_eq!((decimal(0x0664), digit(0xb2), decimal(0xb2)), (Some(4), Some(2), None));
        assert!(is_space(0x1c) && is_space(0x85) && is_space(0x3000) && !is_space(0x200b));
        assert!(is_identifier("_a1".chars().map(u32::from)) && !is_identifier("1a".chars().map(u32::from)));
        assert!(is_title(0x1c5) && !is_title('A' as u32));
        assert!(is_lower(0xaa) && is_printable(' ' as u32) && !is_printable(0xa0));
    }
}
