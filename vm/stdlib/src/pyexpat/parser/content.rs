//! Elements, text and references, and what follows the document's element.

use super::encoding::Encoding;
use super::scan::{self, Content, Lack, Prolog};
use super::{Code, Event, Failure, Kind, Mode, Outcome, Parser, Pending, Seldom, Wanted};

/// The most bytes of decoded character data that are told of at once.
const PIECE: usize = 1024;

pub fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Line ends as newlines.
pub fn normalized(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() }
}

impl Parser {
    /// A token of content.
    pub fn content(&mut self) -> Outcome<bool> {
        let text = self.input().text.clone();
        let text = text.as_slice();
        let at = self.input().at;
        self.begin(at);
        let (token, end) = match scan::content(text, at, self.separator.is_some()) {
            Ok(found) => found,
            Err(lack) => return self.content_lacks(lack),
        };
        let whole = self.is_whole();
        if matches!(token, Content::TrailingCr | Content::TrailingBracket) && !whole {
            return Ok(false);
        }
        self.account(end - at)?;
        self.input().at = end;
        let raw = &text[at..end];
        match token {
            Content::Data | Content::TrailingBracket => self.characters(raw, raw),
            Content::Newline | Content::TrailingCr => self.characters(b"\n", raw),
            Content::CharRef(range) => {
                let c = scan::char_number(&text[range]).ok_or(Code::BadCharRef)?;
                self.characters(c.encode_utf8(&mut [0; 4]).as_bytes(), raw);
            }
            Content::EntityRef(range) => self.general_reference(&text[range], raw)?,
            Content::Start(tag) => {
                let noticed = self.start_tag(text, &tag)?;
                if tag.empty {
                    self.end_of_empty(end, noticed, raw)?;
                } else if !noticed {
                    self.tell_default(raw);
                }
            }
            Content::End(range) => {
                self.end_tag(text, range, raw)?;
            }
            Content::CdataOpen => {
                if self.wants(Wanted::START_CDATA) {
                    self.tell(Event::StartCdata);
                } else {
                    self.tell_default(raw);
                }
                self.input().mode = Mode::Cdata;
            }
            Content::CdataClose => {}
            Content::Comment(range) => self.comment(&text[range], raw),
            Content::Pi { target, data } => self.instruction(&text[target], &text[data], raw),
            Content::XmlDecl => return Err(Code::MisplacedXmlPi.into()),
        }
        Ok(true)
    }
    fn content_lacks(&mut self, lack: Lack) -> Outcome<bool> {
        match lack {
            Lack::Invalid(at) => return Err(Failure { code: Code::InvalidToken, at: Some(at) }),
            _ if !self.is_whole() => return Ok(false),
            Lack::Partial => return Err(Code::UnclosedToken.into()),
            Lack::PartialChar => return Err(self.partial_char()),
            Lack::None => {}
        }
        if self.in_document() {
            return match self.kind {
                Kind::GeneralEntity if self.open.is_empty() => {
                    self.finished = true;
                    Ok(true)
                }
                Kind::GeneralEntity => Err(Code::AsyncEntity.into()),
                _ => Err(Code::NoElements.into()),
            };
        }
        if self.open.len() != self.input().level {
            return Err(Code::AsyncEntity.into());
        }
        self.leave();
        Ok(true)
    }
    /// The error of text that ends within a character.
    pub fn partial_char(&self) -> Failure {
        if self.encoding().is_wide() { Code::UnclosedToken.into() } else { Code::PartialChar.into() }
    }
    /// Character data, or its text for the default handler.
    fn characters(&mut self, data: &[u8], raw: &[u8]) {
        if self.wants(Wanted::CHARACTER_DATA) {
            // What had to be decoded comes in pieces.
            let mut rest = data;
            while rest.len() > PIECE && !matches!(self.encoding(), Encoding::Utf8) {
                let end = (PIECE - 3..=PIECE).rev().find(|i| rest[*i] & 0xc0 != 0x80).unwrap_or(PIECE);
                self.tell(Event::CharacterData(text_of(&rest[..end])));
                rest = &rest[end..];
            }
            self.tell(Event::CharacterData(text_of(rest)));
        } else {
            self.tell_default(raw);
        }
    }
    pub fn comment(&mut self, data: &[u8], raw: &[u8]) {
        if self.wants(Wanted::COMMENT) {
            self.tell(Event::Comment(normalized(data)));
        } else {
            self.tell_default(raw);
        }
    }
    pub fn instruction(&mut self, target: &[u8], data: &[u8], raw: &[u8]) {
        if self.wants(Wanted::PROCESSING_INSTRUCTION) {
            self.tell(Event::ProcessingInstruction(text_of(target), normalized(data)));
        } else {
            self.tell_default(raw);
        }
    }
    fn general_reference(&mut self, name: &[u8], raw: &[u8]) -> Outcome {
        if let Some(c) = scan::predefined(name) {
            self.characters(&[c], raw);
            return Ok(());
        }
        let (entity, strict) = {
            let dtd = self.dtd.lock();
            (dtd.general.get(name).cloned(), !dtd.has_parameter_refs || dtd.standalone)
        };
        let entity = match entity {
            None if strict => return Err(Code::UndefinedEntity.into()),
            Some(entity) if strict && !entity.internal => return Err(Code::EntityDeclaredInPe.into()),
            None => {
                if self.wants(Wanted::SKIPPED_ENTITY) {
                    self.tell(Event::SkippedEntity(text_of(name), false));
                } else {
                    self.tell_default(raw);
                }
                return Ok(());
            }
            Some(entity) => entity,
        };
        if self.is_open(false, name) {
            return Err(Code::RecursiveEntityRef.into());
        }
        if entity.notation.is_some() {
            return Err(Code::BinaryEntityRef.into());
        }
        if let Some(replacement) = &entity.text {
            if self.wants(Wanted::DEFAULT) && !self.wants(Wanted::EXPAND) {
                if self.wants(Wanted::SKIPPED_ENTITY) {
                    self.tell(Event::SkippedEntity(text_of(name), false));
                } else {
                    self.tell_default(raw);
                }
            } else {
                self.expand(name, false, replacement, Mode::Content, false);
            }
        } else if self.wants(Wanted::EXTERNAL_ENTITY) {
            self.open_entities.push((false, name.to_vec()));
            let event = Seldom::ExternalEntity {
                context: Some(self.context()),
                base: entity.base.clone(),
                system: entity.system.clone(),
                public: entity.public.clone(),
            };
            self.ask(event, Pending::General(name.to_vec()));
        } else {
            self.tell_default(raw);
        }
        Ok(())
    }
    fn end_of_empty(&mut self, end: usize, noticed: bool, raw: &[u8]) -> Outcome {
        let at = if self.in_document() { end } else { self.begun() };
        let Some(open) = self.open.pop() else { return Err(Code::UnexpectedState.into()) };
        let mut noticed = noticed;
        if self.wants(Wanted::END_ELEMENT) {
            noticed = true;
            self.tell_at(at, Event::EndElement(open.name));
        }
        if !noticed {
            self.tell_default(raw);
        }
        self.unbind(open.bindings, at);
        self.after_element();
        Ok(())
    }
    fn end_tag(&mut self, text: &[u8], range: std::ops::Range<usize>, raw: &[u8]) -> Outcome {
        if self.open.len() == self.input().level {
            return Err(Code::AsyncEntity.into());
        }
        match self.open.last() {
            Some(open) if self.names.text(open.raw).as_bytes() == &text[range.clone()] => {}
            _ => return Err(Failure { code: Code::TagMismatch, at: Some(range.start) }),
        }
        let Some(open) = self.open.pop() else { return Err(Code::UnexpectedState.into()) };
        if self.wants(Wanted::END_ELEMENT) {
            self.tell(Event::EndElement(open.name));
        } else {
            self.tell_default(raw);
        }
        let at = self.begun();
        self.unbind(open.bindings, at);
        self.after_element();
        Ok(())
    }
    fn unbind(&mut self, count: usize, at: usize) {
        for _ in 0..count {
            let Some((prefix, _)) = self.bindings.pop() else { return };
            if self.wants(Wanted::END_NAMESPACE) {
                let prefix = Some(prefix).filter(|p| !p.is_empty()).map(|p| text_of(&p));
                self.tell_at(at, Event::EndNamespace(prefix));
            }
        }
    }
    fn after_element(&mut self) {
        if self.open.is_empty() && self.kind == Kind::Document && self.in_document() {
            self.input().mode = Mode::Epilog;
        }
    }
    /// A token of a CDATA section.
    pub fn cdata_section(&mut self) -> Outcome<bool> {
        let text = self.input().text.clone();
        let text = text.as_slice();
        let at = self.input().at;
        self.begin(at);
        let (token, end) = match scan::cdata(text, at) {
            Ok(found) => found,
            Err(Lack::Invalid(at)) => return Err(Failure { code: Code::InvalidToken, at: Some(at) }),
            Err(_) if !self.is_whole() => return Ok(false),
            Err(Lack::PartialChar) => return Err(self.partial_char()),
            Err(_) => return Err(Code::UnclosedCdataSection.into()),
        };
        self.account(end - at)?;
        self.input().at = end;
        let raw = &text[at..end];
        match token {
            Content::CdataClose => {
                if self.wants(Wanted::END_CDATA) {
                    self.tell(Event::EndCdata);
                } else {
                    self.tell_default(raw);
                }
                self.input().mode = Mode::Content;
            }
            Content::Newline => self.characters(b"\n", raw),
            _ => self.characters(raw, raw),
        }
        Ok(true)
    }
    /// What follows the document's element.
    pub fn epilog(&mut self) -> Outcome<bool> {
        let text = self.input().text.clone();
        let at = self.input().at;
        self.begin(at);
        let (token, end) = match scan::prolog(&text, at, self.separator.is_some(), self.last) {
            Ok(found) => found,
            Err(Lack::Invalid(at)) => return Err(Failure { code: Code::InvalidToken, at: Some(at) }),
            Err(_) if !self.last => return Ok(false),
            Err(Lack::None) => {
                self.finished = true;
                return Ok(true);
            }
            Err(Lack::PartialChar) => return Err(self.partial_char()),
            Err(Lack::Partial) => return Err(Code::UnclosedToken.into()),
        };
        self.account(end - at)?;
        self.input().at = end;
        let raw = &text[at..end];
        match token {
            Prolog::Space => self.tell_default(raw),
            Prolog::Comment(range) => self.comment(&text[range], raw),
            Prolog::Pi { target, data } => self.instruction(&text[target], &text[data], raw),
            _ => return Err(Code::JunkAfterDocElement.into()),
        }
        Ok(true)
    }
}
