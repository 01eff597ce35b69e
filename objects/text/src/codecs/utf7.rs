//! UTF-7.

use super::{DecodeErrors, Problem};
use crate::units::{TextBuf, Units};

const CODEC: &str = "utf7";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_value(byte: u8) -> Option<u32> {
    BASE64.iter().position(|&b| b == byte).map(|i| i as u32)
}

/// Written as they are: letters, digits, white space and what RFC 2152 calls direct, and with them the optional ones.
fn is_direct(code: u32) -> bool {
    let Some(byte) = u8::try_from(code).ok().filter(u8::is_ascii) else { return false };
    byte.is_ascii_alphanumeric() || (byte != 0 && b"\t\n\r '(),-./:?!\"#$%&*;<=>@[]^_`{|}".contains(&byte))
}

/// Encodes; surrogates pass.
pub fn encode(text: Units<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let (mut shifted, mut bits, mut count) = (false, 0u32, 0);
    for code in text.iter() {
        if shifted && is_direct(code) {
            if count > 0 {
                out.push(BASE64[(bits << (6 - count) & 63) as usize]);
                (bits, count) = (0, 0);
            }
            shifted = false;
            // The end of the sequence has to be shown if what follows could belong to it.
            if base64_value(code as u8).is_some() || code == u32::from(b'-') {
                out.push(b'-');
            }
            out.push(code as u8);
            continue;
        }
        if !shifted {
            if code == u32::from(b'+') {
                out.extend_from_slice(b"+-");
                continue;
            }
            if is_direct(code) {
                out.push(code as u8);
                continue;
            }
            out.push(b'+');
            shifted = true;
        }
        let mut push = |unit: u32| {
            bits = bits << 16 | unit;
            count += 16;
            while count >= 6 {
                out.push(BASE64[(bits >> (count - 6) & 63) as usize]);
                count -= 6;
            }
            bits &= (1 << count) - 1;
        };
        if code >= 0x10000 {
            push(0xd800 | (code - 0x10000) >> 10);
            push(0xdc00 | (code - 0x10000) & 0x3ff);
        } else {
            push(code);
        }
    }
    if count > 0 {
        out.push(BASE64[(bits << (6 - count) & 63) as usize]);
    }
    if shifted {
        out.push(b'-');
    }
    out
}

/// Decodes; returns how many bytes were consumed. An incomplete sequence at the end is not, unless these are
/// the last bytes.
pub fn decode<E: DecodeErrors>(
    input: &[u8],
    last: bool,
    errors: &mut E,
    out: &mut TextBuf,
) -> Result<usize, E::Error> {
    let mut at = 0;
    let mut shifted = false;
    let (mut bits, mut count): (u32, u32) = (0, 0);
    let mut high: Option<u32> = None;
    let mut shift_start = 0;
    // Length of the output where the sequence began, to go back to.
    let mut shift_out = out.len();
    while at < input.len() {
        let byte = input[at];
        if shifted {
            if let Some(value) = base64_value(byte) {
                bits = bits << 6 | value;
                count += 6;
                at += 1;
                if count >= 16 {
                    let unit = bits >> (count - 16);
                    count -= 16;
                    bits &= (1 << count) - 1;
                    if let Some(first) = high.take() {
                        if (0xdc00..0xe000).contains(&unit) {
                            out.push(0x10000 + ((first & 0x3ff) << 10 | unit & 0x3ff));
                            continue;
                        }
                        out.push(first);
                    }
                    if (0xd800..0xdc00).contains(&unit) {
                        high = Some(unit);
                    } else {
                        out.push(unit);
                    }
                }
                continue;
            }
            shifted = false;
            let reason = if count >= 6 {
                Some("partial character in shift sequence")
            } else if count > 0 && bits != 0 {
                Some("non-zero padding bits in shift sequence")
            } else {
                None
            };
            if let Some(reason) = reason {
                at += 1;
                let problem = Problem { codec: CODEC, start: shift_start, end: at, reason };
                (bits, count) = (0, 0);
                at = errors.undecodable(input, problem, out)?.min(input.len());
                continue;
            }
            if let Some(first) = high.take()
                && byte.is_ascii()
                && byte != b'+'
            {
                out.push(first);
            }
            (bits, count) = (0, 0);
            if byte == b'-' {
                at += 1;
            }
            continue;
        }
        if byte == b'+' {
            shift_start = at;
            at += 1;
            match input.get(at) {
                Some(b'-') => {
                    at += 1;
                    out.push(u32::from(b'+'));
                }
                Some(&next) if base64_value(next).is_none() => {
                    at += 1;
                    let problem =
                        Problem { codec: CODEC, start: shift_start, end: at, reason: "ill-formed sequence" };
                    at = errors.undecodable(input, problem, out)?.min(input.len());
                }
                _ => {
                    shifted = true;
                    (bits, count, high) = (0, 0, None);
                    shift_out = out.len();
                }
            }
        } else if byte.is_ascii() {
            out.push(byte.into());
            at += 1;
        } else {
            let problem =
                Problem { codec: CODEC, start: at, end: at + 1, reason: "unexpected special character" };
            at = errors.undecodable(input, problem, out)?.min(input.len());
        }
    }
    if shifted {
        if !last {
            out.truncate(shift_out);
            return Ok(shift_start);
        }
        if high.is_some() || count >= 6 || (count > 0 && bits != 0) {
            let reason = "unterminated shift sequence";
            let problem = Problem { codec: CODEC, start: shift_start, end: input.len(), reason };
            let next = errors.undecodable(input, problem, out)?;
            if next < input.len() {
                return Ok(next + decode(&input[next..], last, errors, out)?);
            }
        }
    }
    Ok(input.len())
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn both_ways() {
        for (text, bytes) in [
            ("A\u{2262}\u{391}.", "A+ImIDkQ."),
            ("Hi Mom -\u{263a}-!", "Hi Mom -+Jjo--!"),
            ("\u{65e5}\u{672c}\u{8a9e}", "+ZeVnLIqe-"),
            ("1 + 1", "1 +- 1"),
            ("\u{1f600}a", "+2D3eAA-a"),
            ("\\~", "+AFwAfg-"),
        ] {
            let text = TextBuf::from(text);
            assert_eq!(String::from_utf8(encode(text.as_units())).unwrap(), bytes);
            let mut back = TextBuf::new();
            decode(bytes.as_bytes(), true, &mut Policy::Strict, &mut back).unwrap();
            assert_eq!(back, text);
        }
    }
}
