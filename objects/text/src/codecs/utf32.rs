//! UTF-32, in either byte order or with a byte order mark.

use super::{ByteOrder, DecodeErrors, EncodeErrors, Problem, Replacement};
use crate::units::{TextBuf, Units};

/// Decodes; returns how many bytes were consumed. The order becomes known when a mark is found.
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
            [0xff, 0xfe, 0, 0, ..] => (*order, at) = (ByteOrder::Little, 4),
            [0, 0, 0xfe, 0xff, ..] => (*order, at) = (ByteOrder::Big, 4),
            _ => {}
        }
    }
    let big = match order {
        ByteOrder::Native => cfg!(target_endian = "big"),
        ByteOrder::Little => false,
        ByteOrder::Big => true,
    };
    let codec = if big { "utf-32-be" } else { "utf-32-le" };
    while at < input.len() {
        let unit = input[at..].first_chunk::<4>();
        let (end, reason) =
            match unit.map(|u| if big { u32::from_be_bytes(*u) } else { u32::from_le_bytes(*u) }) {
                None if !last => break,
                None => (input.len(), "truncated data"),
                Some(0xd800..0xe000) => (at + 4, "code point in surrogate code point range(0xd800, 0xe000)"),
                Some(0x110000..) => (at + 4, "code point not in range(0x110000)"),
                Some(code) => {
                    out.push(code);
                    at += 4;
                    continue;
                }
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
        ByteOrder::Native => ("utf-32", cfg!(target_endian = "big")),
        ByteOrder::Little => ("utf-32-le", false),
        ByteOrder::Big => ("utf-32-be", true),
    };
    let push = |out: &mut Vec<u8>, code: u32| {
        out.extend_from_slice(&if big { code.to_be_bytes() } else { code.to_le_bytes() });
    };
    out.reserve(4 * text.len() + 4);
    if order == ByteOrder::Native {
        push(out, 0xfeff);
    }
    let mut at = 0;
    while let Some(code) = text.get(at) {
        if !(0xd800..0xe000).contains(&code) {
            push(out, code);
            at += 1;
            continue;
        }
        let problem = Problem { codec, start: at, end: at + 1, reason: "surrogates not allowed" };
        let (replacement, next) = errors.unencodable(text, problem)?;
        match &replacement {
            Replacement::Bytes(bytes) if bytes.len().is_multiple_of(4) => out.extend_from_slice(bytes),
            Replacement::Text(t) if t.as_units().is_ascii() => t.as_units().iter().for_each(|c| push(out, c)),
            _ => return Err(errors.raise(text, problem)),
        }
        at = next;
    }
    Ok(())
}
