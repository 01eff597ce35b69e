//! Codecs that switch between character sets: ISO 2022 (RFC 1468, 1554, 1557, 2237) and HZ (RFC 1843).
//!
//! The character sets themselves are those of the 8-bit codecs without the eighth bit. A codec's state is eight bytes, which Python programs see as
//! a number: the sets designated as G0 to G3, then flags.

use super::codec::State;
use super::table::{self, Code, Front, Table};

/// The mark of a set of two bytes has this bit.
const DOUBLE: u8 = 0x80;
const ASCII: u8 = b'B';
const ISO8859_1: u8 = b'A';
const ISO8859_7: u8 = b'F';
const JISX0208: u8 = b'B' | DOUBLE;
const ESC: u8 = 0x1b;
const SO: u8 = 0x0e;
const SI: u8 = 0x0f;
/// The longest escape sequence.
const LONGEST: usize = 16;

/// Where the flags are in the state.
const FLAGS: usize = 4;
const SHIFTED: u8 = 1;
/// In an escape sequence that means nothing here and is passed on.
const THROUGH: u8 = 2;

/// How a set's characters are found.
#[derive(Clone, Copy)]
enum Source {
    /// The two-byte characters of a codec.
    Pairs(&'static str),
    /// As `Pairs`, of more than one code point.
    Combined(&'static str),
    /// The characters of a codec that begin with 0x8f.
    Triples(&'static str),
    Roman,
    Katakana,
    /// Used by a single shift, never written.
    Latin,
    Greek,
}

/// A set that a codec may designate.
#[derive(Clone, Copy)]
struct Charset {
    mark: u8,
    /// G0, G1 or G2.
    plane: usize,
    source: Source,
}

const fn charset(mark: u8, plane: usize, source: Source) -> Charset {
    Charset { mark, plane, source }
}

const KANJI: Charset = charset(JISX0208, 0, Source::Pairs("euc_jp"));
const KANJI_1978: Charset = charset(b'@' | DOUBLE, 0, Source::Pairs("euc_jp"));
const KANJI_MORE: Charset = charset(b'D' | DOUBLE, 0, Source::Triples("euc_jp"));
const ROMAN: Charset = charset(b'J', 0, Source::Roman);
const KATAKANA: Charset = charset(b'I', 0, Source::Katakana);

/// A codec of ISO 2022.
pub struct Iso2022 {
    charsets: &'static [Charset],
    /// Whether SO and SI switch to G1 and back.
    shifts: bool,
    /// Whether escape sequences may announce a revision of JIS X 0208.
    revisions: bool,
    /// Whether G2 is used.
    single_shifts: bool,
}

macro_rules! iso2022 {
    ($($name:literal $shifts:literal $revisions:literal $single:literal [$($charset:expr),* $(,)?])*) => {
        /// The codec of that name.
        pub fn find(name: &str) -> Option<&'static Iso2022> {
            match name {
                $($name => {
                    static CODEC: Iso2022 = Iso2022 {
                        charsets: &[$($charset),*], shifts: $shifts, revisions: $revisions, single_shifts: $single,
                    };
                    Some(&CODEC)
                })*
                _ => None,
            }
        }
    };
}

iso2022! {
    "iso2022_kr" true false false [charset(b'C' | DOUBLE, 1, Source::Pairs("euc_kr"))]
    "iso2022_jp" false true false [KANJI, ROMAN, KANJI_1978]
    "iso2022_jp_1" false true false [KANJI, KANJI_MORE, ROMAN, KANJI_1978]
    "iso2022_jp_2" false true true [
        KANJI, KANJI_MORE, charset(b'C' | DOUBLE, 0, Source::Pairs("euc_kr")),
        charset(b'A' | DOUBLE, 0, Source::Pairs("gb2312")), ROMAN, KANJI_1978,
        charset(ISO8859_1, 2, Source::Latin), charset(ISO8859_7, 2, Source::Greek),
    ]
    "iso2022_jp_3" false true false [
        charset(b'O' | DOUBLE, 0, Source::Combined("euc_jisx0213")), KANJI,
        charset(b'O' | DOUBLE, 0, Source::Pairs("euc_jisx0213")), charset(b'P' | DOUBLE, 0, Source::Triples("euc_jisx0213")),
    ]
    "iso2022_jp_2004" false true false [
        charset(b'Q' | DOUBLE, 0, Source::Combined("euc_jis_2004")), KANJI,
        charset(b'Q' | DOUBLE, 0, Source::Pairs("euc_jis_2004")), charset(b'P' | DOUBLE, 0, Source::Triples("euc_jis_2004")),
    ]
    "iso2022_jp_ext" false true false [KANJI, KANJI_MORE, ROMAN, KATAKANA, KANJI_1978]
}

/// The character of bytes of a codec, if they are exactly those of one.
fn character(codec: &str, bytes: &[u8]) -> Option<[u32; 2]> {
    match table::find(codec)?.decode(bytes) {
        Front::Chars(chars, len) if len == bytes.len() => Some(chars),
        _ => None,
    }
}

/// The code of a character in a codec, and how many characters it is for.
fn code(codec: &str, c: u32, next: Option<u32>) -> Option<(Code, usize)> {
    table::find(codec)?.encode(c, next)
}

/// Two bytes without their eighth bits.
fn seven_bits(bytes: &[u8]) -> Option<[u8; 2]> {
    match *bytes {
        [high, low] if high.min(low) >= 0xa1 => Some([high & 0x7f, low & 0x7f]),
        _ => None,
    }
}

impl Charset {
    fn width(self) -> usize {
        if self.mark & DOUBLE != 0 { 2 } else { 1 }
    }
    /// The character at the front; there are enough bytes.
    fn decode(self, s: &[u8]) -> Option<[u32; 2]> {
        let pair = || Some([s.first()? | 0x80, s.get(1)? | 0x80]);
        if self.width() == 2 && s.iter().take(2).any(|&b| b & 0x80 != 0) {
            return None;
        }
        let first = *s.first()?;
        match self.source {
            Source::Pairs(codec) | Source::Combined(codec) => character(codec, &pair()?),
            Source::Triples(codec) => {
                let [high, low] = pair()?;
                character(codec, &[0x8f, high, low])
            }
            Source::Roman => match first {
                0x5c => Some([0xa5, 0]),
                0x7e => Some([0x203e, 0]),
                0..0x80 => Some([first.into(), 0]),
                _ => None,
            },
            Source::Katakana => (0x21..=0x5f).contains(&first).then(|| [0xff40 + u32::from(first), 0]),
            Source::Latin | Source::Greek => None,
        }
    }
    /// The bytes of a character, and how many characters they are for.
    fn encode(self, c: u32, next: Option<u32>) -> Option<([u8; 2], usize)> {
        match self.source {
            Source::Pairs(codec) => {
                let (code, _) = code(codec, c, None)?;
                Some((seven_bits(code.as_slice())?, 1))
            }
            Source::Combined(codec) => {
                let (code, used) = code(codec, c, Some(next?))?;
                if used == 2 { Some((seven_bits(code.as_slice())?, 2)) } else { None }
            }
            Source::Triples(codec) => {
                let (code, _) = code(codec, c, None)?;
                match code.as_slice() {
                    [0x8f, pair @ ..] => Some((seven_bits(pair)?, 1)),
                    _ => None,
                }
            }
            Source::Roman => match c {
                0xa5 => Some(([0x5c, 0], 1)),
                0x203e => Some(([0x7e, 0], 1)),
                _ => None,
            },
            Source::Katakana => (0xff61..=0xff9f).contains(&c).then(|| ([(c - 0xff40) as u8, 0], 1)),
            Source::Latin | Source::Greek => None,
        }
    }
}

/// A character of ISO 8859-7 above 0x80.
fn greek(byte: u8) -> Option<u32> {
    Some(match byte {
        0xa1 => 0x2018,
        0xa2 => 0x2019,
        0xa4 => 0x20ac,
        0xa5 => 0x20af,
        0xaa => 0x037a,
        0xaf => 0x2015,
        0xa0 | 0xa3 | 0xa6..=0xa9 | 0xab..=0xad | 0xb0..=0xb3 | 0xb7 | 0xbb | 0xbd => byte.into(),
        0xb4..=0xb6 | 0xb8..=0xba | 0xbc | 0xbe..=0xd1 | 0xd3..=0xfe => 0x2d0 + u32::from(byte),
        _ => return None,
    })
}

/// The state that an encoder begins with.
pub const ENCODER: State = State([ASCII, ASCII, 0, 0, 0, 0, 0, 0]);
/// The state that a decoder begins with.
pub const DECODER: State = State([ASCII, ASCII, ASCII, 0, 0, 0, 0, 0]);

impl Iso2022 {
    fn find(&self, mark: u8) -> Option<Charset> {
        self.charsets.iter().copied().find(|charset| charset.mark == mark)
    }
    /// Whether the character may be written together with the next one.
    pub fn starts_pair(&self, c: u32) -> bool {
        self.charsets.iter().any(|charset| match charset.source {
            Source::Combined(codec) => table::find(codec).is_some_and(|table: &Table| table.starts_pair(c)),
            _ => false,
        })
    }
    /// What is at the front of bytes, of which there is one at least.
    pub fn decode(&self, state: &mut State, s: &[u8]) -> Front {
        let Some(&byte) = s.first() else { return Front::Incomplete };
        let plain = Front::Chars([byte.into(), 0], 1);
        if state.0[FLAGS] & THROUGH != 0 {
            if ends_escape(byte) {
                state.0[FLAGS] &= !THROUGH;
            }
            return plain;
        }
        match byte {
            ESC => return self.escape(state, s),
            SI if self.shifts => {
                state.0[FLAGS] &= !SHIFTED;
                return Front::Nothing(1);
            }
            SO if self.shifts => {
                state.0[FLAGS] |= SHIFTED;
                return Front::Nothing(1);
            }
            b'\n' => {
                state.0[FLAGS] &= !SHIFTED;
                return plain;
            }
            0..0x20 => return plain,
            0x80.. => return Front::Illegal(1),
            _ => {}
        }
        let mark = state.0[usize::from(state.0[FLAGS] & SHIFTED)];
        if mark == ASCII {
            return plain;
        }
        let Some(charset) = self.find(mark) else { return Front::Illegal(1) };
        let width = charset.width();
        if s.len() < width {
            return Front::Incomplete;
        }
        match charset.decode(s) {
            Some(chars) => Front::Chars(chars, width),
            None => Front::Illegal(width),
        }
    }
    fn escape(&self, state: &mut State, s: &[u8]) -> Front {
        let Some(&kind) = s.get(1) else { return Front::Incomplete };
        if matches!(kind, b'(' | b')' | b'$' | b'.' | b'&') {
            return self.designate(state, s);
        }
        if self.single_shifts && kind == b'N' {
            let Some(&byte) = s.get(2) else { return Front::Incomplete };
            let found = match state.0[2] {
                ISO8859_1 if byte < 0x80 => Some(u32::from(byte) + 0x80),
                ISO8859_7 if byte < 0x80 => greek(byte | 0x80),
                ASCII if byte < 0x80 => Some(byte.into()),
                _ => None,
            };
            return found.map_or(Front::Illegal(3), |c| Front::Chars([c, 0], 3));
        }
        state.0[FLAGS] |= THROUGH;
        Front::Chars([ESC.into(), 0], 1)
    }
    fn designate(&self, state: &mut State, s: &[u8]) -> Front {
        let mut at = 1;
        let len = loop {
            if at >= LONGEST {
                return Front::Illegal(1);
            }
            let Some(&byte) = s.get(at) else { return Front::Incomplete };
            if self.revisions && byte == b'&' && s.get(at + 1) == Some(&b'@') {
                at += 2;
            } else if ends_escape(byte) {
                break at + 1;
            }
            at += 1;
        };
        let (mark, plane) = match s.get(1..len).unwrap_or_default() {
            [b'$', mark] => (mark | DOUBLE, 0),
            [b'(', mark] => (*mark, 0),
            [b')', mark] => (*mark, 1),
            [b'.', mark] if self.single_shifts => (*mark, 2),
            [b'$', b'(', mark] => (mark | DOUBLE, 0),
            [b'$', b')', mark] => (mark | DOUBLE, 1),
            [b'&', b'@', ESC, b'$', b'B'] if self.revisions => (JISX0208, 0),
            _ => return Front::Illegal(len),
        };
        if mark != ASCII && self.find(mark).is_none() {
            return Front::Illegal(len);
        }
        state.0[plane] = mark;
        Front::Nothing(len)
    }
    /// The bytes of a character, or of it and the next one, and how many characters they are for.
    pub fn encode(&self, state: &mut State, c: u32, next: Option<u32>) -> Option<(Code, usize)> {
        let mut out = Code::default();
        if c < 0x80 {
            self.to_ascii(state, &mut out);
            out.push(c as u8);
            return Some((out, 1));
        }
        let (charset, (bytes, used)) =
            self.charsets.iter().find_map(|charset| Some((charset, charset.encode(c, next)?)))?;
        let (mark, plane) = (charset.mark, charset.plane);
        if plane == 0 && state.0[FLAGS] & SHIFTED != 0 {
            out.push(SI);
            state.0[FLAGS] &= !SHIFTED;
        }
        if state.0[plane] != mark {
            let opening = if plane == 0 { b'(' } else { b')' };
            out.push(ESC);
            match charset.width() {
                1 => out.push(opening),
                _ if mark == JISX0208 && plane == 0 => out.push(b'$'),
                _ => {
                    out.push(b'$');
                    out.push(opening);
                }
            }
            out.push(mark & 0x7f);
            state.0[plane] = mark;
        }
        if plane == 1 && state.0[FLAGS] & SHIFTED == 0 {
            out.push(SO);
            state.0[FLAGS] |= SHIFTED;
        }
        bytes.iter().take(charset.width()).for_each(|&byte| out.push(byte));
        Some((out, used))
    }
    /// Switches back to ASCII.
    pub fn to_ascii(&self, state: &mut State, out: &mut Code) {
        if state.0[0] != ASCII {
            [ESC, b'(', ASCII].into_iter().for_each(|byte| out.push(byte));
            state.0[0] = ASCII;
        }
        if state.0[FLAGS] & SHIFTED != 0 {
            out.push(SI);
            state.0[FLAGS] &= !SHIFTED;
        }
    }
}

fn ends_escape(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'@'
}

/// HZ: GB 2312 between `~{` and `~}`. The state's first byte says whether one is inside.
pub mod hz {
    use super::{Code, Front, State, character, code, seven_bits};

    /// What is at the front of bytes, of which there is one at least.
    pub fn decode(state: &mut State, s: &[u8]) -> Front {
        let Some(&byte) = s.first() else { return Front::Incomplete };
        let inside = state.0[0] != 0;
        if byte == b'~' {
            let Some(&second) = s.get(1) else { return Front::Incomplete };
            match second {
                b'~' if !inside => return Front::Chars([b'~'.into(), 0], 2),
                b'{' if !inside => state.0[0] = 1,
                b'}' if inside => state.0[0] = 0,
                b'\n' if !inside => {}
                _ => return Front::Illegal(1),
            }
            return Front::Nothing(2);
        }
        if byte & 0x80 != 0 {
            return Front::Illegal(1);
        }
        if !inside {
            return Front::Chars([byte.into(), 0], 1);
        }
        let Some(&second) = s.get(1) else { return Front::Incomplete };
        let found =
            if second & 0x80 == 0 { character("gb2312", &[byte | 0x80, second | 0x80]) } else { None };
        found.map_or(Front::Illegal(1), |chars| Front::Chars(chars, 2))
    }
    /// The bytes of a character.
    pub fn encode(state: &mut State, c: u32) -> Option<(Code, usize)> {
        let mut out = Code::default();
        if c < 0x80 {
            to_ascii(state, &mut out);
            out.push(c as u8);
            if c == u32::from(b'~') {
                out.push(b'~');
            }
            return Some((out, 1));
        }
        let (found, _) = code("gb2312", c, None)?;
        let bytes = seven_bits(found.as_slice())?;
        if state.0[0] == 0 {
            out.push(b'~');
            out.push(b'{');
            state.0[0] = 1;
        }
        bytes.into_iter().for_each(|byte| out.push(byte));
        Some((out, 1))
    }
    /// Switches back to ASCII.
    pub fn to_ascii(state: &mut State, out: &mut Code) {
        if state.0[0] != 0 {
            out.push(b'~');
            out.push(b'}');
            state.0[0] = 0;
        }
    }
}
