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
    if out.push_utf8(input) {
        return Ok(input.len());
    }
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

/// Appends the characters of UTF-8 as units that have room for them, runs of ASCII at once; false if it is not valid, with anything appended.
pub(crate) fn push_chars<T: From<u8> + Copy>(
    out: &mut Vec<T>,
    bytes: &[u8],
    unit: impl Fn(u32) -> T,
) -> bool {
    // Counted first, so that nothing is asked of the vector in the loop: in bytes, many of which a machine adds at once.
    let mut count = 0;
    for some in bytes.chunks(u8::MAX.into()) {
        let mut leads = 0;
        for &byte in some {
            leads += u8::from(byte as i8 >= -64);
        }
        count += usize::from(leads);
    }
    let start = out.len();
    // Eight units are written at a time, of which those that are ASCII count.
    out.resize(start + count + 8, T::from(0));
    let room = &mut out[start..];
    let tail = |byte: u8| u32::from(byte & 63);
    let mut at = 0;
    let mut rest = bytes;
    loop {
        while let (Some(some), Some(to)) =
            (rest.first_chunk::<8>(), room.get_mut(at..).and_then(|room| room.first_chunk_mut::<8>()))
        {
            for k in 0..8 {
                to[k] = T::from(some[k]);
            }
            let ascii = (u64::from_le_bytes(*some) & 0x8080_8080_8080_8080).trailing_zeros() as usize / 8;
            rest = &rest[ascii..];
            at += ascii;
            if ascii < 8 {
                break;
            }
        }
        // What is not ASCII, and what does not fill eight.
        loop {
            let code;
            (code, rest) = match *rest {
                [a @ ..0x80, ref others @ ..] => (u32::from(a), others),
                [a @ 0xc2..0xe0, b @ 0x80..0xc0, ref others @ ..] => {
                    ((u32::from(a) & 31) << 6 | tail(b), others)
                }
                [a @ 0xe0..0xf0, b @ 0x80..0xc0, c @ 0x80..0xc0, ref others @ ..] => {
                    let code = (u32::from(a) & 15) << 12 | tail(b) << 6 | tail(c);
                    if !matches!(code, 0x800..0xd800 | 0xe000..) {
                        return false;
                    }
                    (code, others)
                }
                [a @ 0xf0..0xf5, b @ 0x80..0xc0, c @ 0x80..0xc0, d @ 0x80..0xc0, ref others @ ..] => {
                    let code = (u32::from(a) & 7) << 18 | tail(b) << 12 | tail(c) << 6 | tail(d);
                    if !matches!(code, 0x10000..0x11_0000) {
                        return false;
                    }
                    (code, others)
                }
                [] => {
                    out.truncate(start + at);
                    return true;
                }
                _ => return false,
            };
            let Some(to) = room.get_mut(at) else { return false };
            *to = unit(code);
            at += 1;
            if rest.len() >= 8 && rest[0] < 0x80 {
                break;
            }
        }
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

/// The bytes of a code point as a word, the first one lowest, and how many they are.
#[inline]
fn encoded(code: u32) -> (u32, usize) {
    let tail = |shift: u32| 0x80 | code >> shift & 63;
    match code {
        0..0x80 => (code, 1),
        0x80..0x800 => (0xc0 | code >> 6 | tail(0) << 8, 2),
        0x800..0x10000 => (0xe0 | code >> 12 | tail(6) << 8 | tail(0) << 16, 3),
        _ => (0xf0 | code >> 18 | tail(12) << 8 | tail(6) << 16 | tail(0) << 24, 4),
    }
}

/// Encodes text without surrogates, which takes `size` bytes.
fn encode_plain<U: Unit>(units: &[U], size: usize, out: &mut Vec<u8>) {
    let end = out.len() + size;
    let mut at = out.len();
    // Whole words are written, whatever of them counts.
    out.resize(end + 4, 0);
    let (eights, rest) = units.as_chunks::<8>();
    for some in eights {
        let all = some.iter().fold(0, |all, unit| all | unit.code());
        if all < 0x80
            && let Some(to) = out.get_mut(at..).and_then(|room| room.first_chunk_mut::<8>())
        {
            for k in 0..8 {
                to[k] = some[k].code() as u8;
            }
            at += 8;
        } else {
            at = encode_each(some, at, out);
        }
    }
    encode_each(rest, at, out);
    out.truncate(end);
}

/// Writes the bytes of each unit from a place on; returns the place behind them.
#[inline]
fn encode_each<U: Unit>(units: &[U], mut at: usize, out: &mut [u8]) -> usize {
    for unit in units {
        let (word, width) = encoded(unit.code());
        if let Some(to) = out.get_mut(at..).and_then(|room| room.first_chunk_mut::<4>()) {
            *to = word.to_le_bytes();
        }
        at += width;
    }
    at
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
