//! UTF-8.

use super::{DecodeErrors, EncodeErrors, Problem, Replacement};
use crate::units::{TextBuf, Unit, Units, ascii_prefix};

const CODEC: &str = "utf-8";

/// Decodes; returns how many bytes were consumed: all, if these are the last ones.
pub fn decode<E: DecodeErrors>(
    input: &[u8],
    last: bool,
    errors: &mut E,
    out: &mut TextBuf,
) -> Result<usize, E::Error> {
    let mut at = 0;
    loop {
        let (valid, invalid) = match std::str::from_utf8(&input[at..]) {
            Ok(text) => {
                out.push_str(text);
                return Ok(input.len());
            }
            Err(error) => (error.valid_up_to(), error.error_len()),
        };
        if let Ok(text) = std::str::from_utf8(&input[at..at + valid]) {
            out.push_str(text);
        }
        let start = at + valid;
        let (end, reason) = match invalid {
            None if !last => return Ok(start),
            // Two bytes of a surrogate: the error handler is to see the third one, too.
            Some(1) if !last && matches!(input[start..], [0xed, 0xa0..=0xbf]) => return Ok(start),
            None => (input.len(), "unexpected end of data"),
            Some(1) if !matches!(input[start], 0xc2..=0xf4) => (start + 1, "invalid start byte"),
            Some(len) => (start + len, "invalid continuation byte"),
        };
        at = errors.undecodable(input, Problem { codec: CODEC, start, end, reason }, out)?.min(input.len());
    }
}

/// Appends the bytes of a code point, surrogates included.
#[inline]
pub(crate) fn push_code(out: &mut Vec<u8>, code: u32) {
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend_from_slice(&[0xc0 | (code >> 6) as u8, 0x80 | (code & 63) as u8]),
        0x800..0x10000 => out.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 63) as u8,
            0x80 | (code & 63) as u8,
        ]),
        _ => out.extend_from_slice(&[
            0xf0 | (code >> 18) as u8,
            0x80 | (code >> 12 & 63) as u8,
            0x80 | (code >> 6 & 63) as u8,
            0x80 | (code & 63) as u8,
        ]),
    }
}

/// Encodes.
pub fn encode<E: EncodeErrors>(text: Units<'_>, errors: &mut E, out: &mut Vec<u8>) -> Result<(), E::Error> {
    match text {
        Units::Latin1(s) if s.is_ascii() => {
            out.extend_from_slice(s);
            Ok(())
        }
        Units::Latin1(s) => {
            out.reserve(s.len() + s.len() / 2);
            let mut rest = s;
            while !rest.is_empty() {
                let (plain, others) = rest.split_at(ascii_prefix(rest));
                out.extend_from_slice(plain);
                let count = others.iter().take_while(|byte| !byte.is_ascii()).count();
                others[..count].iter().for_each(|&byte| push_code(out, byte.into()));
                rest = &others[count..];
            }
            Ok(())
        }
        Units::Ucs2(s) => encode_wide(s, text, errors, out),
        Units::Ucs4(s) => encode_wide(s, text, errors, out),
    }
}

fn is_surrogate<U: Unit>(unit: &U) -> bool {
    (0xd800..0xe000).contains(&unit.code())
}

/// How many units at the front are ASCII.
fn ascii_run<U: Unit>(units: &[U]) -> usize {
    units.iter().take_while(|unit| unit.code() < 0x80).count()
}

/// Bytes of a code point.
#[inline]
fn width_of(code: u32) -> u16 {
    1 + u16::from(code >= 0x80) + u16::from(code >= 0x800) + u16::from(code >= 0x10000)
}

/// Encodes text without surrogates, which takes `size` bytes.
fn encode_plain<U: Unit>(units: &[U], size: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + size, 0);
    let mut room = &mut out[start..];
    let mut rest = units;
    while let Some((unit, others)) = rest.split_first() {
        // Eight units at a time as long as they are ASCII.
        if let (Some(plain), Some(to)) = (rest.first_chunk::<8>(), room.get_mut(..8)) {
            let mut all = 0;
            for k in 0..8 {
                all |= plain[k].code();
            }
            if all < 0x80 {
                for k in 0..8 {
                    to[k] = plain[k].code() as u8;
                }
                (rest, room) = (&rest[8..], &mut room[8..]);
                continue;
            }
        }
        let code = unit.code();
        let tail = |shift: u32| 0x80 | (code >> shift & 63) as u8;
        room = match (code, room) {
            (0..0x80, [a, rest @ ..]) => {
                *a = code as u8;
                rest
            }
            (0x80..0x800, [a, b, rest @ ..]) => {
                (*a, *b) = (0xc0 | (code >> 6) as u8, tail(0));
                rest
            }
            (0x800..0x10000, [a, b, c, rest @ ..]) => {
                (*a, *b, *c) = (0xe0 | (code >> 12) as u8, tail(6), tail(0));
                rest
            }
            (_, [a, b, c, d, rest @ ..]) => {
                (*a, *b, *c, *d) = (0xf0 | (code >> 18) as u8, tail(12), tail(6), tail(0));
                rest
            }
            // Not reached: the size was counted.
            (_, rest) => rest,
        };
        rest = others;
    }
}

fn encode_wide<U: Unit, E: EncodeErrors>(
    units: &[U],
    text: Units<'_>,
    errors: &mut E,
    out: &mut Vec<u8>,
) -> Result<(), E::Error> {
    // Three passes over all, of which the first two are quick: the sizes of some fit a short word, many of which a machine adds at once.
    let mut size = 0;
    for some in units.chunks(1024) {
        let mut bytes = 0;
        for unit in some {
            bytes += width_of(unit.code());
        }
        size += usize::from(bytes);
    }
    if !units.iter().fold(false, |found, unit| found | is_surrogate(unit)) {
        encode_plain(units, size, out);
        return Ok(());
    }
    out.reserve(size);
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        if unit.code() < 0x80 {
            let run = ascii_run(&units[at..]);
            out.extend(units[at..at + run].iter().map(|unit| unit.code() as u8));
            at += run;
            continue;
        }
        if !is_surrogate(unit) {
            push_code(out, unit.code());
            at += 1;
            continue;
        }
        let end = at + units[at..].iter().take_while(|u| is_surrogate(*u)).count();
        let problem = Problem { codec: CODEC, start: at, end, reason: "surrogates not allowed" };
        let (replacement, next) = errors.unencodable(text, problem)?;
        match &replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(bytes),
            Replacement::Text(t) => match t.as_units().as_ascii() {
                Some(ascii) => out.extend_from_slice(ascii.as_bytes()),
                None => return Err(errors.raise(text, problem)),
            },
        }
        at = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    fn problem(input: &[u8]) -> (usize, usize, &'static str) {
        let error = decode(input, true, &mut Policy::Strict, &mut TextBuf::new()).unwrap_err();
        (error.start, error.end, error.reason)
    }

    #[test]
    fn positions_and_reasons() {
        assert_eq!(problem(b"a\x80"), (1, 2, "invalid start byte"));
        assert_eq!(problem(b"\xc0\x80"), (0, 1, "invalid start byte"));
        assert_eq!(problem(b"\xe0\x80\x80"), (0, 1, "invalid continuation byte"));
        assert_eq!(problem(b"\xe4\xb8a"), (0, 2, "invalid continuation byte"));
        assert_eq!(problem(b"\xed\xa0\x80"), (0, 1, "invalid continuation byte"));
        assert_eq!(problem(b"\xf0\x9f\x98"), (0, 3, "unexpected end of data"));
        assert_eq!(problem(b"\xf5\x80"), (0, 1, "invalid start byte"));
    }

    #[test]
    fn incomplete_data_waits() {
        let mut out = TextBuf::new();
        assert_eq!(decode(b"a\xe4\xb8", false, &mut Policy::Strict, &mut out), Ok(1));
        assert_eq!(out, TextBuf::from("a"));
    }

    #[test]
    fn surrogates() {
        let mut out = TextBuf::new();
        assert_eq!(
            decode(b"\xed\xa0\x80\xff", true, &mut Policy::SurrogatePass, &mut out).unwrap_err().start,
            3
        );
        let mut out = TextBuf::new();
        decode(b"a\xff\xfe", true, &mut Policy::SurrogateEscape, &mut out).unwrap();
        assert_eq!(out.as_units(), Units::Ucs2(&[97, 0xdcff, 0xdcfe]));
        let mut back = Vec::new();
        encode(out.as_units(), &mut Policy::SurrogateEscape, &mut back).unwrap();
        assert_eq!(back, b"a\xff\xfe");
        let error = encode(Units::Ucs2(&[97, 0xdcff, 0xd800, 97]), &mut Policy::SurrogateEscape, &mut back)
            .unwrap_err();
        assert_eq!((error.start, error.end), (2, 3));
        let error =
            encode(Units::Ucs2(&[97, 0xdcff, 0xd800, 97]), &mut Policy::Strict, &mut back).unwrap_err();
        assert_eq!((error.start, error.end), (1, 3));
    }
}
