//! Bytes as hexadecimal digits: `bytes.hex` and `bytes.fromhex`.

use crate::error::{Result, TextError};
use crate::split::is_ascii_space;
use crate::units::Units;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// `bytes.hex`, with a separator after every so many bytes, counted from the right if positive, from the left
/// if negative.
pub fn hex(bytes: &[u8], separator: Option<(u8, isize)>) -> String {
    let (separator, group, from_left) = match separator {
        Some((byte, group)) if group != 0 => (byte as char, group.unsigned_abs(), group < 0),
        _ => ('\0', usize::MAX, true),
    };
    let mut out = String::with_capacity(bytes.len() * 2 + bytes.len() / group.max(1));
    for (i, &byte) in bytes.iter().enumerate() {
        let boundary = if from_left { i } else { bytes.len() - i };
        if i > 0 && boundary.is_multiple_of(group) {
            out.push(separator);
        }
        out.push(DIGITS[(byte >> 4) as usize] as char);
        out.push(DIGITS[(byte & 15) as usize] as char);
    }
    out
}

/// The separator of `bytes.hex` must be one ASCII character.
pub fn hex_separator(separator: Units<'_>) -> Result<u8> {
    if separator.len() != 1 {
        return Err(TextError::value("sep must be length 1."));
    }
    u8::try_from(separator.at(0))
        .ok()
        .filter(u8::is_ascii)
        .ok_or_else(|| TextError::value("sep must be ASCII."))
}

/// `bytes.fromhex`: white space may stand between bytes.
pub fn from_hex(text: Units<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let digit = |code: u32| char::from_u32(code).and_then(|c| c.to_digit(16));
    let fail = |at: usize| {
        TextError::value(format!("non-hexadecimal number found in fromhex() arg at position {at}"))
    };
    let mut at = 0;
    while let Some(code) = text.get(at) {
        if u8::try_from(code).is_ok_and(is_ascii_space) {
            at += 1;
            continue;
        }
        let high = digit(code).ok_or_else(|| fail(at))?;
        let Some(second) = text.get(at + 1) else {
            return Err(TextError::value("fromhex() arg must contain an even number of hexadecimal digits"));
        };
        let low = digit(second).ok_or_else(|| fail(at + 1))?;
        out.push((high << 4 | low) as u8);
        at += 2;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let bytes = b"\x01\x02\xfe\xff\x05";
        for (separator, expected) in [
            (None, "0102feff05"),
            (Some((b':', 1)), "01:02:fe:ff:05"),
            (Some((b':', 2)), "01:02fe:ff05"),
            (Some((b':', -2)), "0102:feff:05"),
            (Some((b'-', 3)), "0102-feff05"),
            (Some((b':', 0)), "0102feff05"),
        ] {
            assert_eq!(hex(bytes, separator), expected);
        }
        assert_eq!(from_hex(Units::ascii("ab\tcd\n")), Ok(vec![0xab, 0xcd]));
        for (text, message) in [
            ("0", "fromhex() arg must contain an even number of hexadecimal digits"),
            ("0 0", "non-hexadecimal number found in fromhex() arg at position 1"),
            ("ab\x1ccd", "non-hexadecimal number found in fromhex() arg at position 2"),
        ] {
            assert_eq!(from_hex(Units::ascii(text)).unwrap_err().message, message);
        }
    }
}
