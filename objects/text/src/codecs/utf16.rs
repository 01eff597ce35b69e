//! UTF-16, in either byte order or with a byte order mark.

use super::{ByteOrder, DecodeErrors, EncodeErrors, Problem, Replacement};
use crate::units::{TextBuf, Units};

/// Decodes; returns how many bytes were consumed. The order becomes known when a mark is found: a stateful
/// decoder passes it on.
pub fn decode<E: DecodeErrors>(
    input: &[u8],
    order: &mut ByteOrder,
    last: bool,
    errors: &mut E,
    out: &mut TextBuf,
) -> Result<usize, E::Error> {
    let mut at = 0;
    if *order == ByteOrder::Native {
        match input {
            [0xff, 0xfe, ..] => (*order, at) = (ByteOrder::Little, 2),
            [0xfe, 0xff, ..] => (*order, at) = (ByteOrder::Big, 2),
            _ => {}
        }
    }
    let big = match order {
        ByteOrder::Native => cfg!(target_endian = "big"),
        ByteOrder::Little => false,
        ByteOrder::Big => true,
    };
    let codec = if big { "utf-16-be" } else { "utf-16-le" };
    let unit = |at: usize| {
        let pair = input.get(at..at + 2)?.first_chunk::<2>()?;
        Some(u32::from(if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }))
    };
    while at < input.len() {
        let (end, reason) = match unit(at) {
            None if !last => break,
            None => (input.len(), "truncated data"),
            Some(code @ (0..0xd800 | 0xe000..)) => {
                out.push(code);
                at += 2;
                continue;
            }
            Some(0xdc00..0xe000) => (at + 2, "illegal encoding"),
            Some(high) => match unit(at + 2) {
                Some(low @ 0xdc00..0xe000) => {
                    out.push(0x10000 + ((high & 0x3ff) << 10 | low & 0x3ff));
                    at += 4;
                    continue;
                }
                Some(_) => (at + 2, "illegal UTF-16 surrogate"),
                None if !last => break,
                None => (input.len(), "unexpected end of data"),
            },
        };
        at = errors.undecodable(input, Problem { codec, start: at, end, reason }, out)?.min(input.len());
    }
    Ok(at)
}

/// Encodes.
pub fn encode<E: EncodeErrors>(
    text: Units<'_>,
    order: ByteOrder,
    errors: &mut E,
    out: &mut Vec<u8>,
) -> Result<(), E::Error> {
    let (codec, big) = match order {
        ByteOrder::Native => ("utf-16", cfg!(target_endian = "big")),
        ByteOrder::Little => ("utf-16-le", false),
        ByteOrder::Big => ("utf-16-be", true),
    };
    let push = |out: &mut Vec<u8>, unit: u32| {
        let unit = unit as u16;
        out.extend_from_slice(&if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
    };
    out.reserve(2 * text.len() + 2);
    if order == ByteOrder::Native {
        push(out, 0xfeff);
    }
    let mut at = 0;
    while let Some(code) = text.get(at) {
        match code {
            0..0xd800 | 0xe000..0x10000 => push(out, code),
            0x10000.. => {
                let code = code - 0x10000;
                push(out, 0xd800 | code >> 10);
                push(out, 0xdc00 | code & 0x3ff);
            }
            _ => {
                let problem = Problem { codec, start: at, end: at + 1, reason: "surrogates not allowed" };
                let (replacement, next) = errors.unencodable(text, problem)?;
                match &replacement {
                    Replacement::Bytes(bytes) if bytes.len().is_multiple_of(2) => {
                        out.extend_from_slice(bytes)
                    }
                    Replacement::Text(t) if t.as_units().is_ascii() => {
                        t.as_units().iter().for_each(|c| push(out, c));
                    }
                    _ => return Err(errors.raise(text, problem)),
                }
                at = next;
                continue;
            }
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn both_ways() {
        let text = TextBuf::from("a\u{e9}\u{4e00}\u{1f600}");
        for order in [ByteOrder::Native, ByteOrder::Little, ByteOrder::Big] {
            let (mut bytes, mut back) = (Vec::new(), TextBuf::new());
            encode(text.as_units(), order, &mut Policy::Strict, &mut bytes).unwrap();
            assert_eq!(bytes.starts_with(&[0xff, 0xfe]), order == ByteOrder::Native);
            decode(&bytes, &mut { order }, true, &mut Policy::Strict, &mut back).unwrap();
            assert_eq!(back, text);
        }
        let problem = |input: &[u8]| {
            let order = &mut ByteOrder::Little;
            let e = decode(input, order, true, &mut Policy::Strict, &mut TextBuf::new()).unwrap_err();
            (e.start, e.end, e.reason)
        };
        assert_eq!(problem(b"a\0b"), (2, 3, "truncated data"));
        assert_eq!(problem(b"\0\xdc"), (0, 2, "illegal encoding"));
        assert_eq!(problem(b"\0\xd8a\0"), (0, 2, "illegal UTF-16 surrogate"));
        assert_eq!(problem(b"\0\xd8"), (0, 2, "unexpected end of data"));
    }
}
