//! An XML parser that is fed pieces of a document and gives events, one token's at a time, under the rules of Expat's interface. It holds no
//! Python object and calls nobody: who drives it takes events out and, where an event asks for a reply, gives it before going on.
//!
//! Text lies in a stack of inputs: the document at the bottom, above it the internal entities being expanded. Positions are those of the
//! document: an event inside an entity is where the reference to it is.

pub mod attributes;
mod classes;
pub mod content;
pub mod declaration;
pub mod dtd;
pub mod encoding;
pub mod event;
pub mod limits;
pub mod names;
mod place;
pub mod prolog;
pub mod scan;
pub mod start;

use std::collections::VecDeque;
use std::sync::Arc;

use taipan_objects::short_mutex::ShortMutex;

use declaration::Declaration;
use dtd::Dtd;
use encoding::Encoding;
pub use event::{Code, ERRORS, Event, Model, Seldom, Wanted};
use limits::Limits;
use names::{Name, Names};
use place::Place;
use prolog::State;

/// Parsing of parameter entities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamEntities {
    Never,
    UnlessStandalone,
    Always,
}

/// A failure; the place is one in the document's text.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub code: Code,
    pub at: Option<usize>,
}

impl From<Code> for Failure {
    fn from(code: Code) -> Failure {
        Failure { code, at: None }
    }
}

pub type Outcome<T = ()> = Result<T, Failure>;

/// What a text is read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nothing has been read.
    Start,
    Prolog,
    Content,
    Cdata,
    /// A conditional section that is skipped; it began at this depth.
    Ignore,
    Epilog,
}

/// A text being read.
pub struct Input {
    pub text: Arc<Vec<u8>>,
    pub at: usize,
    pub mode: Mode,
    /// The entity: whether a parameter one, and its name.
    pub entity: Option<(bool, Vec<u8>)>,
    /// Elements that were open when it began.
    pub level: usize,
    /// A parameter entity between declarations.
    pub between: bool,
}

/// An open element.
pub struct Open {
    /// As it was written.
    pub raw: Name,
    pub name: Name,
    /// How many prefixes it binds.
    pub bindings: usize,
}

/// What an unanswered event asked.
#[derive(Clone, Debug)]
pub enum Pending {
    NotStandalone,
    General(Vec<u8>),
    Parameter(Vec<u8>),
    Subset { had_refs: bool, had_system: bool, ends: bool },
    Encoding,
}

/// What kind of document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Document,
    GeneralEntity,
    ParameterEntity,
}

/// A parser.
pub struct Parser {
    pub inputs: Vec<Input>,
    pub names: Names,
    raw: Vec<u8>,
    encoding: Encoding,
    /// The name that the caller gave.
    pub protocol_encoding: Option<String>,
    encoding_decided: bool,
    pub kind: Kind,
    pub last: bool,
    pub started: bool,
    pub finished: bool,
    pub failed: Option<Code>,
    pub wanted: Wanted,
    queue: VecDeque<(usize, Event)>,
    pending: Option<Pending>,
    pub dtd: Arc<ShortMutex<Dtd>>,
    pub state: State,
    pub declaration: Declaration,
    pub open: Vec<Open>,
    /// `None`: no namespaces; otherwise the separator, which may be empty.
    pub separator: Option<Option<char>>,
    pub triplets: bool,
    /// Prefixes and their URIs, innermost last.
    pub bindings: Vec<(Vec<u8>, Vec<u8>)>,
    /// Entities being expanded here or by the parsers that this one serves.
    pub open_entities: Vec<(bool, Vec<u8>)>,
    pub base: Option<String>,
    pub param_entities: ParamEntities,
    pub foreign_dtd: bool,
    pub limits: Arc<ShortMutex<Limits>>,
    pub root: bool,
    pub reparse_deferral: bool,
    partial_before: usize,
    marker: Place,
    cache: Place,
    event: Option<Place>,
    event_at: Option<usize>,
    /// Lines and columns between the beginning of the piece that failed and the failure.
    advance: (u64, u64),
}

impl Parser {
    pub fn new(encoding: Option<String>, separator: Option<Option<char>>) -> Parser {
        let start = Place { offset: 0, byte: 0, line: 1, column: 0, after_cr: false };
        let document =
            Input { text: Arc::default(), at: 0, mode: Mode::Start, entity: None, level: 0, between: false };
        Parser {
            inputs: vec![document],
            names: Names::new(),
            raw: Vec::new(),
            encoding: Encoding::Undecided,
            protocol_encoding: encoding,
            encoding_decided: false,
            kind: Kind::Document,
            last: false,
            started: false,
            finished: false,
            failed: None,
            wanted: Wanted::empty(),
            queue: VecDeque::new(),
            pending: None,
            dtd: Arc::new(ShortMutex::new(Dtd::new())),
            state: State::Prolog0,
            declaration: Declaration::default(),
            open: Vec::new(),
            bindings: match separator {
                Some(_) => vec![(b"xml".to_vec(), attributes::XML_NAMESPACE.to_vec())],
                None => Vec::new(),
            },
            separator,
            triplets: false,
            open_entities: Vec::new(),
            base: None,
            param_entities: ParamEntities::Never,
            foreign_dtd: false,
            limits: Arc::new(ShortMutex::new(Limits::new())),
            root: true,
            reparse_deferral: true,
            partial_before: 0,
            marker: start,
            cache: start,
            event: None,
            event_at: None,
            advance: (0, 0),
        }
    }
    /// A parser of an external entity that this one refers to; without a context a parameter entity.
    pub fn external(&self, context: Option<&str>, encoding: Option<String>) -> Parser {
        let mut parser = Parser::new(encoding, self.separator);
        parser.triplets = self.triplets;
        parser.base.clone_from(&self.base);
        parser.param_entities = self.param_entities;
        parser.limits = self.limits.clone();
        parser.reparse_deferral = self.reparse_deferral;
        parser.root = false;
        match context {
            Some(context) => {
                parser.kind = Kind::GeneralEntity;
                parser.dtd = Arc::new(ShortMutex::new(self.dtd.lock().clone()));
                for part in context.split('\u{c}').filter(|part| !part.is_empty()) {
                    match part.split_once('=') {
                        Some((prefix, uri)) => {
                            parser.bindings.push((prefix.as_bytes().to_vec(), uri.as_bytes().to_vec()))
                        }
                        None => parser.open_entities.push((false, part.as_bytes().to_vec())),
                    }
                }
            }
            None => {
                parser.kind = Kind::ParameterEntity;
                parser.dtd = self.dtd.clone();
                parser.open_entities.clone_from(&self.open_entities);
                parser.state = State::External;
            }
        }
        parser
    }
    /// What the sub-parser of a general entity needs to know: bound prefixes and open entities.
    pub fn context(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for (i, (prefix, uri)) in self.bindings.iter().enumerate() {
            let hidden = self.bindings[i + 1..].iter().any(|(later, _)| later == prefix);
            if !hidden && !uri.is_empty() {
                parts.push(format!("{}={}", text(prefix), text(uri)));
            }
        }
        for (parameter, name) in &self.open_entities {
            if !parameter {
                parts.push(text(name));
            }
        }
        parts.join("\u{c}")
    }
    pub fn wants(&self, what: Wanted) -> bool {
        self.wanted.contains(what)
    }
    pub fn input(&mut self) -> &mut Input {
        let top = self.inputs.len() - 1;
        &mut self.inputs[top]
    }
    /// Whether text is the document's own, not an internal entity's.
    pub fn in_document(&self) -> bool {
        self.inputs.len() == 1
    }
    /// Whether nothing can follow the text.
    pub fn is_whole(&self) -> bool {
        !self.in_document() || self.last
    }
    /// Makes an event of the token that began last.
    pub fn tell(&mut self, event: impl Into<Event>) {
        let event = event.into();
        let at = self.event_at.unwrap_or(0);
        self.queue.push_back((at, event));
    }
    pub fn tell_at(&mut self, at: usize, event: Event) {
        self.queue.push_back((at, event));
    }
    pub fn ask(&mut self, event: impl Into<Event>, pending: Pending) {
        self.pending = Some(pending);
        self.tell(event);
    }
    /// Reports a token to the default handler.
    pub fn tell_default(&mut self, text: &[u8]) {
        if self.wants(Wanted::DEFAULT) && !text.is_empty() {
            self.tell(Event::Default(String::from_utf8_lossy(text).into_owned()));
        }
    }
    /// A token begins at `at` of the topmost text.
    pub fn begin(&mut self, at: usize) {
        if self.in_document() {
            self.event_at = Some(at);
        }
    }
    /// Where a token begins that events belong to.
    pub fn begun(&self) -> usize {
        self.event_at.unwrap_or(0)
    }

    /// Adds a piece. Afterwards [`Parser::next`] gives events.
    pub fn feed(&mut self, data: &[u8], last: bool) {
        self.compact();
        self.started = true;
        self.last = last;
        self.raw.extend_from_slice(data);
        if self.root {
            self.limits.lock().direct += data.len() as u64;
        }
        self.decode();
    }
    /// Forgets text that was read, remembering where it ended.
    fn compact(&mut self) {
        self.event = self.event_at.map(|at| self.place(at));
        self.event_at = None;
        let read = self.inputs[0].at;
        self.marker = self.place(read);
        self.marker.offset = 0;
        self.cache = self.marker;
        let text = Arc::make_mut(&mut self.inputs[0].text);
        text.drain(..read);
        self.inputs[0].at = 0;
    }
    fn decode(&mut self) {
        if matches!(self.encoding, Encoding::Undecided) && !self.decide() {
            return;
        }
        let text = Arc::make_mut(&mut self.inputs[0].text);
        self.encoding.decode(&mut self.raw, text, self.last);
    }
    /// Finds the encoding out of the first bytes and the caller's word.
    fn decide(&mut self) -> bool {
        let wide = |big| Encoding::Utf16 { big };
        let mut mark = 0;
        let named = self.protocol_encoding.clone();
        let known = named.as_deref().and_then(Encoding::known);
        let is_utf16 = named.as_deref().is_some_and(|n| n.eq_ignore_ascii_case("utf-16"));
        if named.is_some() && known.is_none() && !is_utf16 {
            if !self.encoding_decided {
                self.encoding_decided = true;
                self.ask(Event::UnknownEncoding(named.unwrap_or_default()), Pending::Encoding);
            }
            return false;
        }
        if self.raw.len() < 3 && !self.last && !matches!(&self.raw[..], [b'<', c] if *c != 0) {
            return false;
        }
        let sniffed = match &self.raw[..] {
            [0xfe, 0xff, ..] => Some((2, wide(true))),
            [0xff, 0xfe, ..] => Some((2, wide(false))),
            [0xef, 0xbb, 0xbf, ..] => Some((3, Encoding::Utf8)),
            [b'<', 0, ..] => Some((0, wide(false))),
            [0, _, ..] => Some((0, wide(true))),
            // The text of an entity may begin with any character, so that this says nothing there.
            [_, 0, ..] if self.root => Some((0, wide(false))),
            _ => None,
        };
        self.encoding = match (known, sniffed) {
            (Some(known), Some((skip, found))) => {
                let same = matches!((&known, &found), (Encoding::Utf8, Encoding::Utf8))
                    || (known.is_wide() && found.is_wide());
                mark = if same { skip } else { 0 };
                known
            }
            (Some(known), None) => known,
            (None, Some((skip, found))) if !is_utf16 || found.is_wide() => {
                mark = skip;
                found
            }
            _ if is_utf16 => wide(true),
            _ => Encoding::Utf8,
        };
        self.raw.drain(..mark);
        self.marker.byte += mark as u64;
        // The mark is a character of the first line.
        self.marker.column += u64::from(mark > 0);
        self.cache = self.marker;
        true
    }
    /// Goes over to the encoding that a declaration names; what is already here is decoded anew.
    pub fn switch_encoding(&mut self, encoding: Encoding) {
        if self.encoding.is_wide() && !matches!(encoding, Encoding::Table(_)) {
            return;
        }
        if !matches!(self.encoding, Encoding::Undecided) {
            let at = self.inputs[0].at;
            let text = Arc::make_mut(&mut self.inputs[0].text);
            let mut rest = text.split_off(at);
            rest.append(&mut self.raw);
            self.raw = rest;
        }
        self.encoding = encoding;
        self.decode();
    }
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The next event, with its place being the current one; `None`: more text is needed or it has ended.
    pub fn next(&mut self, wanted: Wanted) -> Outcome<Option<Event>> {
        self.wanted = wanted;
        loop {
            if let Some((at, event)) = self.queue.pop_front() {
                self.event_at = Some(at);
                return Ok(Some(event));
            }
            if self.pending.is_some() || self.finished {
                return Ok(None);
            }
            if !self.advance()? && self.queue.is_empty() {
                return Ok(None);
            }
        }
    }
    /// Reads a token; false: there is none.
    fn advance(&mut self) -> Outcome<bool> {
        let mode = self.input().mode;
        if self.reparse_deferral && !self.is_whole() && self.partial_before > 0 {
            // Looking at a long token again for each new byte of it would take quadratic time.
            let have = self.inputs[0].text.len() - self.inputs[0].at;
            if have < 2 * self.partial_before {
                return Ok(false);
            }
        }
        let moved = match mode {
            Mode::Start => self.start(),
            Mode::Prolog => self.prolog(),
            Mode::Ignore => self.ignored(),
            Mode::Content => self.content(),
            Mode::Cdata => self.cdata_section(),
            Mode::Epilog => self.epilog(),
        }?;
        if !moved && self.in_document() {
            // Text before `at` is what this piece brought to an end.
            let document = &self.inputs[0];
            self.partial_before = if document.at > 0 { 0 } else { document.text.len() };
        }
        Ok(moved)
    }
    /// Answers the event that asked.
    pub fn reply(&mut self, yes: bool) -> Outcome {
        match self.pending.take() {
            None | Some(Pending::Encoding) => Ok(()),
            Some(Pending::NotStandalone) => {
                if yes {
                    Ok(())
                } else {
                    Err(Code::NotStandalone.into())
                }
            }
            Some(Pending::General(name)) => {
                self.close_entity(false, &name);
                if yes { Ok(()) } else { Err(Code::ExternalEntityHandling.into()) }
            }
            Some(Pending::Parameter(name)) => {
                self.close_entity(true, &name);
                if !yes {
                    return Err(Code::ExternalEntityHandling.into());
                }
                self.after_parameter_entity();
                Ok(())
            }
            Some(Pending::Subset { had_refs, had_system, ends }) => {
                if !yes {
                    return Err(Code::ExternalEntityHandling.into());
                }
                self.after_subset(had_refs, had_system, ends);
                Ok(())
            }
        }
    }
    /// Answers the event that asked for an encoding.
    pub fn reply_encoding(&mut self, table: Option<Box<[i32; 256]>>) -> Outcome {
        self.pending = None;
        let Some(table) = table else { return Err(Code::UnknownEncoding.into()) };
        // Markup has to be what it is in ASCII.
        let ascii = table.iter().zip(0..).take(128).all(|(given, plain)| {
            *given == plain
                || !(matches!(plain, 9 | 10 | 13 | 32..=126))
                || b"$@\\^`{}~".contains(&(plain as u8))
        });
        let elsewhere = table.iter().zip(0..).any(|(given, at)| {
            *given != at
                && (matches!(given, 9 | 10 | 13 | 32..=126))
                && !b"$@\\^`{}~".contains(&(*given as u8))
        });
        if !ascii || elsewhere {
            return Err(Code::UnknownEncoding.into());
        }
        self.switch_encoding(Encoding::Table(table));
        Ok(())
    }
    pub fn asks(&self) -> bool {
        self.pending.is_some()
    }
    pub fn close_entity(&mut self, parameter: bool, name: &[u8]) {
        if let Some(at) = self.open_entities.iter().rposition(|(p, n)| *p == parameter && n == name) {
            self.open_entities.remove(at);
        }
    }
    pub fn is_open(&self, parameter: bool, name: &[u8]) -> bool {
        self.open_entities.iter().any(|(p, n)| *p == parameter && n == name)
    }
    /// Begins to read an internal entity.
    pub fn expand(&mut self, name: &[u8], parameter: bool, text: &Arc<[u8]>, mode: Mode, between: bool) {
        self.open_entities.push((parameter, name.to_vec()));
        let level = self.open.len();
        self.inputs.push(Input {
            text: Arc::new(text.to_vec()),
            at: 0,
            mode,
            entity: Some((parameter, name.to_vec())),
            level,
            between,
        });
    }
    /// Leaves the topmost text, which was read.
    pub fn leave(&mut self) {
        if let Some(Input { entity: Some((parameter, name)), .. }) = self.inputs.pop() {
            self.close_entity(parameter, &name);
        }
    }
    /// Counts text that was read against the limits.
    pub fn account(&mut self, bytes: usize) -> Outcome {
        let indirect = !self.in_document() || !self.root;
        self.limits.lock().account(bytes as u64, indirect)
    }
}
