//! Escapes in string literals that mean nothing, in the codecs' words.

/// The error of a text's escapes. Positions count as CPython's decoder does, which gets every character outside of
/// ASCII as an escape of ten bytes.
pub(super) fn wrong_text(body: &str) -> Option<String> {
    let mut position = 0;
    let mut characters = body.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c != '\\' {
            position += if c.is_ascii() { 1 } else { 10 };
            continue;
        }
        let Some((_, kind)) = characters.next() else { return None };
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => {
                let rest = &body[at..];
                let (length, reason) = match rest[2..].strip_prefix('{').and_then(|r| r.find('}')) {
                    Some(0) => (3, "malformed \\N character escape"),
                    Some(close) => {
                        let name = &rest[3..3 + close];
                        if taipan_text::unicode_data::names::lookup(name).is_some() {
                            position += close + 4;
                            while characters.next_if(|(i, _)| *i < at + close + 4).is_some() {}
                            continue;
                        }
                        (close + 4, "unknown Unicode character name")
                    }
                    None => {
                        let braced = rest[2..].starts_with('{');
                        (if braced { rest.len() } else { 2 }, "malformed \\N character escape")
                    }
                };
                return Some(unicode_error(position, length, reason));
            }
            c => {
                position += 1 + if c.is_ascii() { 1 } else { 10 };
                continue;
            }
        };
        let mut value = 0u32;
        for found in 0..digits {
            match characters.next_if(|(_, c)| c.is_ascii_hexdigit()) {
                Some((_, c)) => value = value.wrapping_mul(16) + c.to_digit(16).unwrap_or(0),
                None => {
                    let reason = match kind {
                        'x' => "truncated \\xXX escape",
                        'u' => "truncated \\uXXXX escape",
                        _ => "truncated \\UXXXXXXXX escape",
                    };
                    return Some(unicode_error(position, 2 + found, reason));
                }
            }
        }
        if value > 0x0010_ffff {
            return Some(unicode_error(position, 2 + digits, "illegal Unicode character"));
        }
        position += 2 + digits;
    }
    None
}

fn unicode_error(position: usize, length: usize, reason: &str) -> String {
    let end = position + length - 1;
    if length == 1 {
        return format!(
            "(unicode error) 'unicodeescape' codec can't decode byte 0x5c in position {position}: {reason}"
        );
    }
    format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {position}-{end}: {reason}")
}

/// The error of a bytes literal's escapes.
pub(super) fn wrong_bytes(body: &str) -> Option<String> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        if bytes.get(at + 1) == Some(&b'x') {
            let digits = bytes[at + 2..].iter().take(2).filter(|b| b.is_ascii_hexdigit()).count();
            let first_ok = bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
            if digits < 2 || !first_ok {
                return Some(format!("(value error) invalid \\x escape at position {at}"));
            }
            at += 2;
        }
        at += 2;
    }
    None
}
