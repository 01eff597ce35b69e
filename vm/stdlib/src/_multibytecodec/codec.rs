//! One codec of any kind: by tables alone, or with a state of which character set is on.

use super::iso2022::{self, Iso2022, hz};
use super::table::{self, Code, Front, Table};

/// What a codec with a state remembers between characters. Codecs by tables leave it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State(pub [u8; 8]);

impl State {
    /// As Python programs see it.
    pub fn number(self) -> u64 {
        u64::from_le_bytes(self.0)
    }
    pub fn of_number(number: u64) -> State {
        State(number.to_le_bytes())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Table(&'static Table),
    Iso2022(&'static Iso2022),
    Hz,
}

/// A codec.
#[derive(Clone, Copy)]
pub struct Codec {
    pub name: &'static str,
    kind: Kind,
}

impl Codec {
    /// The codec of that name, which is one of those that the modules give out.
    pub fn find(name: &'static str) -> Option<Codec> {
        let kind = if name == "hz" {
            Kind::Hz
        } else if let Some(codec) = iso2022::find(name) {
            Kind::Iso2022(codec)
        } else {
            Kind::Table(table::find(name)?)
        };
        Some(Codec { name, kind })
    }
    pub fn encoder_state(self) -> State {
        if matches!(self.kind, Kind::Iso2022(_)) { iso2022::ENCODER } else { State::default() }
    }
    pub fn decoder_state(self) -> State {
        if matches!(self.kind, Kind::Iso2022(_)) { iso2022::DECODER } else { State::default() }
    }
    /// What is at the front of bytes, of which there is one at least.
    pub fn decode(self, state: &mut State, bytes: &[u8]) -> Front {
        match self.kind {
            Kind::Table(table) => table.decode(bytes),
            Kind::Iso2022(codec) => codec.decode(state, bytes),
            Kind::Hz => hz::decode(state, bytes),
        }
    }
    /// The bytes of a character, or of it and the next one, and how many characters they are for.
    pub fn encode(self, state: &mut State, c: u32, next: Option<u32>) -> Option<(Code, usize)> {
        match self.kind {
            Kind::Table(table) => table.encode(c, next),
            Kind::Iso2022(codec) => codec.encode(state, c, next),
            Kind::Hz => hz::encode(state, c),
        }
    }
    /// Whether the character may be written together with the next one.
    pub fn starts_pair(self, c: u32) -> bool {
        match self.kind {
            Kind::Table(table) => table.starts_pair(c),
            Kind::Iso2022(codec) => codec.starts_pair(c),
            Kind::Hz => false,
        }
    }
    /// The bytes that end a text.
    pub fn reset(self, state: &mut State) -> Code {
        let mut out = Code::default();
        match self.kind {
            Kind::Table(_) => {}
            Kind::Iso2022(codec) => codec.to_ascii(state, &mut out),
            Kind::Hz => hz::to_ascii(state, &mut out),
        }
        out
    }
}
