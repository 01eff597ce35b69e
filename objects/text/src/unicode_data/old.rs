//! The Unicode 3.2.0 database: `unicodedata.ucd_3_2_0`, on which stringprep and IDNA 2003 stand.
//!
//! Invariant: code points that 3.2.0 did not assign have no property at all.

use super::tables::{
    BIDI, CATEGORIES, OLD_FIRST, OLD_NORMALIZATION, OLD_NUMERIC_VALUES, OLD_RECORDS, OLD_SECOND, OLD_SHIFT,
    WIDTHS,
};
use super::{OldRecord, normalization};

/// The version of the database.
pub const UNIDATA_VERSION: &str = "3.2.0";

fn record(code: u32) -> &'static OldRecord {
    let code = code.min(0x10ffff);
    let block = OLD_FIRST[(code >> OLD_SHIFT) as usize] as usize;
    &OLD_RECORDS[OLD_SECOND[(block << OLD_SHIFT) + (code & ((1 << OLD_SHIFT) - 1)) as usize] as usize]
}

/// `ucd_3_2_0.category`.
pub fn category(code: u32) -> &'static str {
    CATEGORIES[record(code).category as usize]
}

/// `ucd_3_2_0.bidirectional`.
pub fn bidirectional(code: u32) -> &'static str {
    BIDI[record(code).bidi as usize]
}

/// `ucd_3_2_0.combining`.
pub fn combining(code: u32) -> u8 {
    record(code).combining
}

/// `ucd_3_2_0.east_asian_width`.
pub fn east_asian_width(code: u32) -> &'static str {
    WIDTHS[record(code).width as usize]
}

/// `ucd_3_2_0.mirrored`.
pub fn is_mirrored(code: u32) -> bool {
    record(code).mirrored != 0
}

/// `ucd_3_2_0.decimal`.
pub fn decimal(code: u32) -> Option<u32> {
    u32::try_from(record(code).decimal).ok()
}

/// `ucd_3_2_0.digit`.
pub fn digit(code: u32) -> Option<u32> {
    u32::try_from(record(code).digit).ok()
}

/// `ucd_3_2_0.numeric`.
pub fn numeric(code: u32) -> Option<f64> {
    if category(code) == "Cn" {
        return None;
    }
    match OLD_NUMERIC_VALUES.binary_search_by_key(&code, |entry| entry.0) {
        Ok(found) => Some(OLD_NUMERIC_VALUES[found].1).filter(|&value| value >= 0.0),
        Err(_) => super::numeric(code),
    }
}

/// `ucd_3_2_0.decomposition`.
pub fn decomposition(code: u32) -> String {
    if category(code) == "Cn" { String::new() } else { normalization::decomposition(code) }
}

/// What 3.2.0 decomposed a code point to, where that was corrected later.
pub(super) fn corrected_decomposition(code: u32) -> Option<u32> {
    OLD_NORMALIZATION.iter().find(|entry| entry.0 == code).map(|entry| entry.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_code_points_are_unassigned() {
        assert_eq!((category(0x1e9e), super::super::category(0x1e9e)), ("Cn", "Lu"));
        assert_eq!(category('a' as u32), "Ll");
        assert_eq!(decomposition(0xe9), "0065 0301");
    }
}
