//! Names of code points: `unicodedata.name`, `unicodedata.lookup` and `\N{...}`.

/// `unicodedata.name`.
pub fn name(code: u32) -> Option<String> {
    match code {
        // Named in the standard by rule; the table of the crate leaves some of these blocks out.
        0x17000..=0x187f7 | 0x18d00..=0x18d08 => Some(format!("TANGUT IDEOGRAPH-{code:X}")),
        _ => Some(unicode_names2::name(char::from_u32(code)?)?.to_string()),
    }
}

/// The code point of a name or alias, in any case: what `\N{...}` takes.
pub fn lookup(name: &str) -> Option<u32> {
    let upper = name.to_ascii_uppercase();
    if let Some(digits) = upper.strip_prefix("TANGUT IDEOGRAPH-") {
        let code = u32::from_str_radix(digits, 16).ok()?;
        return (self::name(code).as_deref() == Some(upper.as_str())).then_some(code);
    }
    unicode_names2::character(&upper).map(u32::from)
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
        assert_eq!(lookup("nothing of the kind"), None);
    }
}
