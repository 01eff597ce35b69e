//! Names of code points: `unicodedata.name`, `unicodedata.lookup` and `\N{...}`.

#[rustfmt::skip]
mod tables {
    include!("aliases.rs");
}

use crate::units::TextBuf;
use tables::{ALIASES, SEQUENCES};

/// `unicodedata.name`.
pub fn name(code: u32) -> Option<String> {
    Some(unicode_names2::name(char::from_u32(code)?)?.to_string())
}

/// The code point of a name or alias, in any case: what `\N{...}` takes.
pub fn lookup(name: &str) -> Option<u32> {
    let upper = name.to_ascii_uppercase();
    let exact = |c: &char| unicode_names2::name(*c).is_some_and(|found| found.to_string() == upper);
    if let Some(c) = unicode_names2::character(&upper).filter(exact) {
        return Some(c as u32);
    }
    if let Some(digits) = upper.strip_prefix("TANGUT IDEOGRAPH-") {
        // CPython knows these by name, but not the names of these.
        let code = u32::from_str_radix(digits, 16).ok()?;
        return (digits.len() == 5 && matches!(code, 0x17000..=0x187f7 | 0x18d00..=0x18d08)).then_some(code);
    }
    let found = ALIASES.binary_search_by_key(&upper.as_str(), |entry| entry.0).ok()?;
    Some(ALIASES[found].1)
}

/// `unicodedata.lookup`: also knows named sequences.
pub fn lookup_text(name: &str) -> Option<TextBuf> {
    if let Some(code) = lookup(name) {
        return Some(std::iter::once(code).collect());
    }
    let upper = name.to_ascii_uppercase();
    let found = SEQUENCES.binary_search_by_key(&upper.as_str(), |entry| entry.0).ok()?;
    Some(SEQUENCES[found].1.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        assert_eq!(name('a' as u32).as_deref(), Some("LATIN SMALL LETTER A"));
        assert_eq!(name(0xac00).as_deref(), Some("HANGUL SYLLABLE GA"));
        assert_eq!(name(0x4e00).as_deref(), Some("CJK UNIFIED IDEOGRAPH-4E00"));
        assert_eq!(name(10), None);
        assert_eq!(lookup("snowman"), Some(0x2603));
        assert_eq!(lookup("LINE FEED"), Some(10));
        assert_eq!(lookup("nothing of the kind"), None);
        assert_eq!(lookup_text("KEYCAP DIGIT ONE"), Some(TextBuf::from("1\u{fe0f}\u{20e3}")));
    }
}
