//! ASCII, Latin-1 and codecs by a table of 256 characters (charmap).

use super::{DecodeErrors, EncodeErrors, Problem, Replacement};
use crate::units::{TextBuf, Units};

/// Decodes Latin-1: never fails.
pub fn decode_latin1(input: &[u8]) -> TextBuf {
    TextBuf::Latin1(input.to_vec())
}

/// Decodes ASCII.
pub fn decode_ascii<E: DecodeErrors>(
    input: &[u8],
    errors: &mut E,
    out: &mut TextBuf,
) -> Result<(), E::Error> {
    let mut at = 0;
    while at < input.len() {
        let rest = &input[at..];
        let valid =
            if rest.is_ascii() { rest.len() } else { rest.iter().take_while(|b| b.is_ascii()).count() };
        out.push_latin1(&rest[..valid]);
        at += valid;
        if at < input.len() {
            let problem =
                Problem { codec: "ascii", start: at, end: at + 1, reason: "ordinal not in range(128)" };
            at = errors.undecodable(input, problem, out)?.min(input.len());
        }
    }
    Ok(())
}

/// Encodes Latin-1.
pub fn encode_latin1<E: EncodeErrors>(
    text: Units<'_>,
    errors: &mut E,
    out: &mut Vec<u8>,
) -> Result<(), E::Error> {
    if let Units::Latin1(s) = text {
        out.extend_from_slice(s);
        return Ok(());
    }
    encode_below(text, 256, "latin-1", "ordinal not in range(256)", errors, out)
}

/// Encodes ASCII.
pub fn encode_ascii<E: EncodeErrors>(
    text: Units<'_>,
    errors: &mut E,
    out: &mut Vec<u8>,
) -> Result<(), E::Error> {
    if let Some(ascii) = text.as_ascii() {
        out.extend_from_slice(ascii.as_bytes());
        return Ok(());
    }
    encode_below(text, 128, "ascii", "ordinal not in range(128)", errors, out)
}

fn encode_below<E: EncodeErrors>(
    text: Units<'_>,
    limit: u32,
    codec: &'static str,
    reason: &'static str,
    errors: &mut E,
    out: &mut Vec<u8>,
) -> Result<(), E::Error> {
    let mut at = 0;
    while let Some(code) = text.get(at) {
        if code < limit {
            out.push(code as u8);
            at += 1;
            continue;
        }
        let end = (at..text.len()).find(|&i| text.at(i) < limit).unwrap_or(text.len());
        let problem = Problem { codec, start: at, end, reason };
        let (replacement, next) = errors.unencodable(text, problem)?;
        match &replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(bytes),
            Replacement::Text(t) if t.as_units().iter().all(|c| c < limit) => {
                out.extend(t.as_units().iter().map(|c| c as u8));
            }
            _ => return Err(errors.raise(text, problem)),
        }
        at = next;
    }
    Ok(())
}

/// What a table holds for a byte that stands for nothing.
pub const UNDEFINED: u32 = 0xfffe;

/// Decodes by a table: the character of each byte; U+FFFE, or being beyond the table, means none.
pub fn decode_charmap<E: DecodeErrors>(
    input: &[u8],
    table: Units<'_>,
    errors: &mut E,
    out: &mut TextBuf,
) -> Result<(), E::Error> {
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        match table.get(byte.into()) {
            Some(code) if code != UNDEFINED => {
                out.push(code);
                at += 1;
            }
            _ => {
                let reason = "character maps to <undefined>";
                let problem = Problem { codec: "charmap", start: at, end: at + 1, reason };
                at = errors.undecodable(input, problem, out)?;
            }
        }
    }
    Ok(())
}

/// Encodes by a mapping: appends the bytes of a code point and returns whether it has any.
pub fn encode_charmap<E: EncodeErrors>(
    text: Units<'_>,
    mut mapping: impl FnMut(u32, &mut Vec<u8>) -> Result<bool, E::Error>,
    errors: &mut E,
    out: &mut Vec<u8>,
) -> Result<(), E::Error> {
    let mut at = 0;
    while let Some(code) = text.get(at) {
        if mapping(code, out)? {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        let mut unused = Vec::new();
        while end < text.len() && !mapping(text.at(end), &mut unused)? {
            end += 1;
        }
        let problem = Problem { codec: "charmap", start: at, end, reason: "character maps to <undefined>" };
        let (replacement, next) = errors.unencodable(text, problem)?;
        match &replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(bytes),
            Replacement::Text(t) => {
                for code in t.as_units().iter() {
                    if !mapping(code, out)? {
                        return Err(errors.raise(text, problem));
                    }
                }
            }
        }
        at = next;
    }
    Ok(())
}

/// The inverse of a decoding table, for [`encode_charmap`] (what `codecs.charmap_build` makes).
#[derive(Clone, Debug, Default)]
pub struct EncodingTable {
    entries: Vec<(u32, u8)>,
}

impl EncodingTable {
    /// Of a decoding table of at most 256 characters; of several bytes for a character the last one counts.
    pub fn new(table: Units<'_>) -> Self {
        let mut entries: Vec<(u32, u8)> = table
            .iter()
            .take(256)
            .enumerate()
            .filter(|e| e.1 != UNDEFINED)
            .map(|(i, c)| (c, i as u8))
            .collect();
        entries.sort_by_key(|&(code, byte)| (code, std::cmp::Reverse(byte)));
        entries.dedup_by_key(|entry| entry.0);
        EncodingTable { entries }
    }

    /// The byte of a code point.
    pub fn get(&self, code: u32) -> Option<u8> {
        let found = self.entries.binary_search_by_key(&code, |entry| entry.0).ok()?;
        Some(self.entries[found].1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn tables() {
        let table = TextBuf::from("ab\u{20ac}\u{fffe}");
        let mut out = TextBuf::new();
        decode_charmap(&[0, 2, 1], table.as_units(), &mut Policy::Strict, &mut out).unwrap();
        assert_eq!(out, TextBuf::from("a\u{20ac}b"));
        let error = decode_charmap(&[3], table.as_units(), &mut Policy::Strict, &mut out).unwrap_err();
        assert_eq!((error.start, error.end, error.reason), (0, 1, "character maps to <undefined>"));
        let back = EncodingTable::new(table.as_units());
        let mapping = |code, out: &mut Vec<u8>| Ok(back.get(code).map(|b| out.push(b)).is_some());
        let mut bytes = Vec::new();
        let text = TextBuf::from("a\u{20ac}xyb");
        let error = encode_charmap(text.as_units(), mapping, &mut Policy::Strict, &mut bytes).unwrap_err();
        assert_eq!((error.start, error.end), (2, 4));
    }

    #[test]
    fn ascii_runs() {
        let text = TextBuf::from("a\u{e9}\u{e8}b");
        let mut bytes = Vec::new();
        let error = encode_ascii(text.as_units(), &mut Policy::Strict, &mut bytes).unwrap_err();
        assert_eq!((error.start, error.end, error.reason), (1, 3, "ordinal not in range(128)"));
        bytes.clear();
        encode_ascii(text.as_units(), &mut Policy::XmlCharRefReplace, &mut bytes).unwrap();
        assert_eq!(bytes, b"a&#233;&#232;b");
    }
}
