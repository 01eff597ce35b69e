//! Names of elements and attributes. Each is kept once and known by its number, so that a name that comes again is neither copied nor hashed.

use std::collections::HashMap;

/// The number of a name, in the order in which they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Name(u32);

impl Name {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

const RECENT: usize = 64;

/// All names of a document.
pub struct Names {
    texts: Vec<Box<str>>,
    /// Hashed with a key: the document may be an attacker's.
    numbers: HashMap<Box<str>, Name>,
    /// Names that came lately, by what is seen of them at once. Any number may stand here, also one that is not given yet: the text decides.
    recent: [u32; RECENT],
}

impl Names {
    pub fn new() -> Names {
        Names { texts: Vec::new(), numbers: HashMap::new(), recent: [0; RECENT] }
    }
    /// The text of a name; empty for another parser's.
    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.index()).map_or("", |text| text)
    }
    /// Where a name that came lately has its number.
    fn place(text: &[u8]) -> usize {
        let seen = match text {
            [first, .., before, last] => {
                usize::from(*first) ^ usize::from(*before) * 5 ^ usize::from(*last) * 3 ^ text.len() * 7
            }
            short => usize::from(short.first().copied().unwrap_or(0)) ^ short.len() * 7,
        };
        seen % RECENT
    }
    /// The number of a name that came lately, which is text then.
    pub fn recent(&self, text: &[u8]) -> Option<Name> {
        let recent = self.recent[Names::place(text)];
        let known = self.texts.get(recent as usize)?;
        (known.as_bytes() == text).then_some(Name(recent))
    }
    /// The number of a name that may be new.
    pub fn number(&mut self, text: &str) -> Name {
        if let Some(recent) = self.recent(text.as_bytes()) {
            return recent;
        }
        let name = match self.numbers.get(text) {
            Some(known) => *known,
            None => {
                let fresh = Name(self.texts.len() as u32);
                self.texts.push(text.into());
                self.numbers.insert(text.into(), fresh);
                fresh
            }
        };
        self.recent[Names::place(text.as_bytes())] = name.0;
        name
    }
}
