//! The tables of a codec: from bytes to characters and back. They are made with CPython by `generate.py` and unpacked when a codec is first used.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// The bytes of a character.
#[derive(Clone, Copy, Debug, Default)]
pub struct Code {
    bytes: [u8; 8],
    len: u8,
}

impl Code {
    fn new(given: &[u8]) -> Code {
        let mut code = Code::default();
        let len = given.len().min(8);
        code.bytes[..len].copy_from_slice(&given[..len]);
        code.len = len as u8;
        code
    }
    /// Adds a byte; codes are not longer than eight.
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// What is at the front of bytes.
pub enum Front {
    /// Characters (one, or two) and how many bytes they are of.
    Chars([u32; 2], usize),
    /// As many bytes that are no character.
    Nothing(usize),
    /// More bytes are needed.
    Incomplete,
    /// As many bytes are wrong.
    Illegal(usize),
}

/// A codec's tables.
pub struct Table {
    singles: Vec<u16>,
    /// A first byte (0: none), and the characters of two more.
    grids: Vec<(u8, Vec<u16>)>,
    extras: FxHashMap<Vec<u8>, [u32; 2]>,
    leads: [bool; 256],
    codes: FxHashMap<u32, Code>,
    pairs: FxHashMap<(u32, u32), Code>,
    pair_starts: FxHashSet<u32>,
    /// Of GB 18030: first and last character, and the number of the first one's four bytes.
    ranges: Vec<(u32, u32, u32)>,
}

const NONE: u16 = 0xffff;
/// The number of U+10000's four bytes in GB 18030.
const SUPPLEMENTARY: u32 = 189_000;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        front
    }
    fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }
    fn short(&mut self) -> u16 {
        u16::from(self.byte()) | u16::from(self.byte()) << 8
    }
    fn text(&mut self) -> [u32; 2] {
        let count = self.byte();
        let mut chars = [0; 2];
        for i in 0..usize::from(count) {
            let word = u32::from(self.short()) | u32::from(self.short()) << 16;
            if let Some(place) = chars.get_mut(i) {
                *place = word;
            }
        }
        chars
    }
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let (size, mut rest) = packed.split_at(4.min(packed.len()));
    let size = size.iter().rev().fold(0usize, |size, b| size << 8 | usize::from(*b));
    let mut out = Vec::with_capacity(size);
    if let Ok(mut stream) = crate::zlib::stream::Stream::inflate(15) {
        while out.len() < size {
            let room = size - out.len();
            let before = out.len();
            stream.step(&mut rest, &mut out, room, 0);
            if out.len() == before {
                break;
            }
        }
        stream.end();
    }
    out
}

impl Table {
    fn read(packed: &[u8]) -> Table {
        let data = unpacked(packed);
        let mut reader = Reader(&data);
        let mut table = Table {
            singles: Vec::new(),
            grids: Vec::new(),
            extras: FxHashMap::default(),
            leads: [false; 256],
            codes: FxHashMap::default(),
            pairs: FxHashMap::default(),
            pair_starts: FxHashSet::default(),
            ranges: Vec::new(),
        };
        for _ in 0..reader.byte() {
            let prefix = reader.byte();
            let (high, low) = (reader.bytes(128 * 256), reader.bytes(128 * 256));
            let grid = high.iter().zip(low).map(|(h, l)| u16::from(*h) << 8 | u16::from(*l)).collect();
            table.grids.push((prefix, grid));
        }
        table.singles = (0..256).map(|_| reader.short()).collect();
        for (byte, c) in (0u8..=255).zip(table.singles.clone()) {
            if c != NONE {
                table.codes.entry(u32::from(c)).or_insert(Code::new(&[byte]));
            }
        }
        for (prefix, grid) in &table.grids {
            for (at, c) in grid.iter().enumerate().filter(|(_, c)| **c != 0) {
                let (lead, trail) = ((at >> 8) as u8 | 0x80, at as u8);
                let bytes: &[u8] = if *prefix == 0 { &[lead, trail] } else { &[*prefix, lead, trail] };
                table.leads[usize::from(bytes[0])] = true;
                table.codes.entry(u32::from(*c)).or_insert(Code::new(bytes));
            }
        }
        for _ in 0..reader.short() {
            let count = usize::from(reader.byte());
            let bytes = reader.bytes(count);
            let chars = reader.text();
            if let Some(lead) = bytes.first() {
                table.leads[usize::from(*lead)] = true;
            }
            table.define(chars, Code::new(bytes));
            table.extras.insert(bytes.to_vec(), chars);
        }
        for _ in 0..reader.short() {
            let chars = reader.text();
            let count = usize::from(reader.byte());
            let bytes = reader.bytes(count);
            if bytes.is_empty() {
                table.codes.remove(&chars[0]);
            } else {
                table.codes.insert(chars[0], Code::new(bytes));
            }
        }
        for _ in 0..reader.short() {
            let range = [reader.short(), reader.short(), reader.short()].map(u32::from);
            table.ranges.push((range[0], range[1], range[2]));
        }
        table
    }
    fn define(&mut self, chars: [u32; 2], code: Code) {
        if chars[1] == 0 {
            self.codes.entry(chars[0]).or_insert(code);
        } else {
            self.pair_starts.insert(chars[0]);
            self.pairs.insert((chars[0], chars[1]), code);
        }
    }
    /// Whether the character may be written together with the next one.
    pub fn starts_pair(&self, c: u32) -> bool {
        self.pair_starts.contains(&c)
    }
    /// The bytes of a character, or of it and the next one, and how many characters they are for.
    pub fn encode(&self, c: u32, next: Option<u32>) -> Option<(Code, usize)> {
        if c < 0x80 && self.singles.get(c as usize) == Some(&(c as u16)) {
            return Some((Code::new(&[c as u8]), 1));
        }
        if let Some(next) = next
            && let Some(code) = self.pairs.get(&(c, next))
        {
            return Some((*code, 2));
        }
        if let Some(code) = self.codes.get(&c) {
            return Some((*code, 1));
        }
        if self.ranges.is_empty() || (0xd800..0xe000).contains(&c) {
            return None;
        }
        let number = if c >= 0x10000 {
            c - 0x10000 + SUPPLEMENTARY
        } else {
            let at = self.ranges.partition_point(|(_, last, _)| *last < c);
            let (first, _, number) = self.ranges.get(at).filter(|(first, _, _)| *first <= c)?;
            c - first + number
        };
        let bytes = [
            0x81 + (number / 12600) as u8,
            0x30 + (number / 1260 % 10) as u8,
            0x81 + (number / 10 % 126) as u8,
            0x30 + (number % 10) as u8,
        ];
        Some((Code::new(&bytes), 1))
    }
    fn four(&self, s: &[u8]) -> Front {
        let [a, b, c, d, ..] = *s else { return Front::Incomplete };
        if !(0x81..=0xfe).contains(&c) || !d.is_ascii_digit() {
            return Front::Illegal(1);
        }
        let digits = [a - 0x81, b - 0x30, c - 0x81, d - 0x30].map(u32::from);
        let number = ((digits[0] * 10 + digits[1]) * 126 + digits[2]) * 10 + digits[3];
        if a >= 0x90 {
            return match number.checked_sub(SUPPLEMENTARY) {
                Some(above) if above <= 0xf_ffff => Front::Chars([0x10000 + above, 0], 4),
                _ => Front::Illegal(1),
            };
        }
        match self
            .ranges
            .iter()
            .find(|(first, last, start)| (*start..=start + last - first).contains(&number))
        {
            Some((first, _, start)) => Front::Chars([first + number - start, 0], 4),
            None => Front::Illegal(1),
        }
    }
    /// The first characters of bytes, of which there is one at least.
    pub fn decode(&self, s: &[u8]) -> Front {
        let lead = s[0];
        let single = self.singles.get(usize::from(lead)).copied().unwrap_or(NONE);
        if single != NONE {
            return Front::Chars([u32::from(single), 0], 1);
        }
        if lead < 0x80 || !self.leads[usize::from(lead)] && self.ranges.is_empty() {
            return Front::Illegal(1);
        }
        let Some(&second) = s.get(1) else { return Front::Incomplete };
        if !self.ranges.is_empty() && second.is_ascii_digit() && lead != 0x80 && lead != 0xff {
            return self.four(s);
        }
        for (prefix, grid) in &self.grids {
            let (at, len) = if *prefix == 0 { (0, 2) } else { (1, 3) };
            if *prefix != 0 && *prefix != lead {
                continue;
            }
            if s.len() < len {
                return Front::Incomplete;
            }
            let Some(row) = s[at].checked_sub(0x80) else { continue };
            let c = grid.get(usize::from(row) << 8 | usize::from(s[at + 1])).copied().unwrap_or(0);
            if c != 0 {
                return Front::Chars([u32::from(c), 0], len);
            }
            if let Some(chars) = self.extras.get(&s[..len]) {
                return Front::Chars(*chars, len);
            }
        }
        Front::Illegal(1)
    }
}

macro_rules! tables {
    ($($name:literal)*) => {
        /// The tables of a codec.
        pub fn find(name: &str) -> Option<&'static Table> {
            match name {
                $($name => {
                    static TABLE: OnceLock<Table> = OnceLock::new();
                    Some(TABLE.get_or_init(|| Table::read(include_bytes!(concat!($name, ".bin")))))
                })*
                _ => None,
            }
        }
    };
}

tables! {
    "gb2312" "gbk" "gb18030" "big5hkscs" "shift_jis" "cp932" "euc_jp" "shift_jis_2004" "euc_jis_2004" "euc_jisx0213"
    "shift_jisx0213" "euc_kr" "cp949" "johab" "big5" "cp950"
}
