//! From bytes of an encoding to UTF-8. Bytes that stand for nothing become a byte that UTF-8 never has, which the scanner refuses in its place.

/// An encoding.
#[derive(Clone, Debug)]
pub enum Encoding {
    /// Not known yet: the first bytes say it.
    Undecided,
    Utf8,
    Latin1,
    Ascii,
    Utf16 {
        big: bool,
    },
    /// The code points of all bytes; -1 for none.
    Table(Box<[i32; 256]>),
}

const WRONG: u8 = 0xff;

fn push(out: &mut Vec<u8>, c: Option<char>) {
    match c {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.push(WRONG),
    }
}

impl Encoding {
    /// One of those that need no table; `None` for UTF-16 of unknown byte order.
    pub fn known(name: &str) -> Option<Encoding> {
        match name.to_ascii_uppercase().as_str() {
            "UTF-8" => Some(Encoding::Utf8),
            "ISO-8859-1" => Some(Encoding::Latin1),
            "US-ASCII" => Some(Encoding::Ascii),
            "UTF-16BE" => Some(Encoding::Utf16 { big: true }),
            "UTF-16LE" => Some(Encoding::Utf16 { big: false }),
            _ => None,
        }
    }
    /// Appends what `raw` stands for; leaves an unfinished character in `raw`, unless nothing follows.
    pub fn decode(&self, raw: &mut Vec<u8>, out: &mut Vec<u8>, last: bool) {
        match self {
            Encoding::Undecided => return,
            Encoding::Utf8 => out.extend_from_slice(raw),
            Encoding::Latin1 => raw.iter().for_each(|b| push(out, Some(char::from(*b)))),
            Encoding::Ascii => raw.iter().for_each(|b| push(out, b.is_ascii().then_some(char::from(*b)))),
            Encoding::Table(table) => raw.iter().for_each(|b| {
                push(out, u32::try_from(table[usize::from(*b)]).ok().and_then(char::from_u32));
            }),
            Encoding::Utf16 { big } => {
                let unit = |pair: &[u8]| {
                    let pair = [pair[0], pair[1]];
                    if *big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
                };
                let mut at = 0;
                while at + 2 <= raw.len() {
                    let first = unit(&raw[at..]);
                    match first {
                        0xd800..=0xdbff if at + 4 <= raw.len() => {
                            let second = unit(&raw[at + 2..]);
                            let c = char::decode_utf16([first, second]).next().and_then(Result::ok);
                            push(out, c);
                            at += if c.is_some() { 4 } else { 2 };
                        }
                        0xd800..=0xdbff if !last => break,
                        _ => {
                            push(out, char::from_u32(u32::from(first)));
                            at += 2;
                        }
                    }
                }
                if last && at < raw.len() {
                    // The beginning of a character: it is reported as unfinished.
                    out.push(0xc3);
                    at = raw.len();
                }
                raw.drain(..at);
                return;
            }
        }
        raw.clear();
    }
    /// How many bytes a character takes in it.
    pub fn width(&self, c: u8, len: usize) -> u64 {
        match self {
            Encoding::Undecided | Encoding::Utf8 => len as u64,
            Encoding::Utf16 { .. } => {
                if c >= 0xf0 && len == 4 {
                    4
                } else {
                    2
                }
            }
            _ => 1,
        }
    }
    pub fn is_utf8(&self) -> bool {
        matches!(self, Encoding::Utf8)
    }
    pub fn is_wide(&self) -> bool {
        matches!(self, Encoding::Utf16 { .. })
    }
}
