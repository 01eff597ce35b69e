//! Prologs and document type declarations: which token may follow which. What the tokens declare is put together in `declaration.rs`.

use super::content::text_of;
use super::scan::{self, Lack, Prolog};
use super::{Code, Event, Failure, Kind, Mode, Outcome, Parser, Wanted};

/// What has been read of a prolog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Nothing.
    Prolog0,
    /// Before the document type declaration.
    Prolog1,
    /// After it.
    Prolog2,
    DoctypeName,
    DoctypeId,
    DoctypePublic,
    DoctypeSystem,
    DoctypeSubset,
    DoctypeClose,
    /// Between declarations of the internal subset.
    Internal,
    /// Between declarations of an external one.
    External,
    EntityName,
    ParamEntityName,
    EntityValue,
    EntityPublic,
    EntitySystem,
    EntityNdata,
    EntityNotation,
    EntityClose,
    NotationName,
    NotationId,
    NotationPublic,
    NotationSystem,
    NotationClose,
    AttlistElement,
    AttlistName,
    AttlistType,
    AttlistEnumName,
    AttlistEnumNext,
    AttlistNotationOpen,
    AttlistNotationName,
    AttlistNotationNext,
    AttlistDefault,
    AttlistFixed,
    ElementName,
    ElementContent,
    /// After an opening parenthesis.
    ElementFirst,
    /// Names of mixed content.
    MixedNext,
    MixedName,
    /// A name or group is needed.
    ElementPart,
    /// After a name or group.
    ElementNext,
    ElementClose,
    CondName,
    CondInclude,
    CondIgnore,
}

impl Parser {
    /// A token of a prolog or subset.
    pub fn prolog(&mut self) -> Outcome<bool> {
        let text = self.input().text.clone();
        let at = self.input().at;
        self.begin(at);
        let whole = self.is_whole();
        let (token, end) = match scan::prolog(&text, at, self.separator.is_some(), whole) {
            Ok(found) => found,
            Err(Lack::Invalid(at)) => return Err(Failure { code: Code::InvalidToken, at: Some(at) }),
            Err(_) if !whole => return Ok(false),
            Err(Lack::None) => return self.prolog_ends(),
            Err(Lack::PartialChar) => return Err(self.partial_char()),
            Err(Lack::Partial) => return Err(Code::UnclosedToken.into()),
        };
        // A token at the very end of an incomplete text may go on.
        if end == text.len() && !whole && matches!(token, Prolog::Name | Prolog::Nmtoken | Prolog::PoundName)
        {
            return Ok(false);
        }
        self.account(end - at)?;
        self.input().at = end;
        let raw = &text[at..end];
        match &token {
            Prolog::Comment(range) => {
                self.comment(&text[range.clone()], raw);
                self.past_first();
                return Ok(true);
            }
            Prolog::Pi { target, data } => {
                self.instruction(&text[target.clone()], &text[data.clone()], raw);
                self.past_first();
                return Ok(true);
            }
            Prolog::Space => {
                self.tell_default(raw);
                self.past_first();
                return Ok(true);
            }
            Prolog::XmlDecl => return Err(Code::MisplacedXmlPi.into()),
            Prolog::InstanceStart
                if matches!(self.state, State::Prolog0 | State::Prolog1 | State::Prolog2) =>
            {
                self.input().mode = Mode::Content;
                if self.foreign_dtd {
                    self.external_subset(false);
                }
                return Ok(true);
            }
            _ => {}
        }
        let handled = self.role(&token, raw)?;
        if !handled {
            self.tell_default(raw);
        }
        Ok(true)
    }
    fn past_first(&mut self) {
        if self.state == State::Prolog0 {
            self.state = State::Prolog1;
        }
    }
    fn prolog_ends(&mut self) -> Outcome<bool> {
        let between = matches!(self.state, State::Internal | State::External);
        if !self.in_document() {
            if self.input().between && !between {
                return Err(Code::IncompletePe.into());
            }
            self.leave();
            return Ok(true);
        }
        match self.kind {
            Kind::ParameterEntity if between && self.declaration.included == 0 => {
                self.finished = true;
                Ok(true)
            }
            Kind::ParameterEntity => Err(Code::Syntax.into()),
            _ => Err(Code::NoElements.into()),
        }
    }
    /// The state between declarations.
    pub fn between(&self) -> State {
        let external = self.kind == Kind::ParameterEntity || self.inputs.iter().any(|i| i.entity.is_some());
        if external && self.kind != Kind::Document { State::External } else { State::Internal }
    }
    fn syntax(token: &Prolog) -> Failure {
        match token {
            Prolog::ParamRef(_) => Code::ParamEntityRef.into(),
            _ => Code::Syntax.into(),
        }
    }
    /// What a token means here; whether a handler was told of it.
    fn role(&mut self, token: &Prolog, raw: &[u8]) -> Outcome<bool> {
        use Prolog as T;
        use State as S;
        let name = matches!(token, T::Name);
        // References to parameter entities stand anywhere in external subsets.
        if let T::ParamRef(_) = token {
            let in_declaration =
                !matches!(self.state, S::Internal | S::External | S::Prolog0 | S::Prolog1 | S::Prolog2)
                    && !(S::DoctypeName as u8..=S::DoctypeClose as u8).contains(&(self.state as u8));
            let outside = matches!(self.state, S::Internal | S::External);
            if outside || (in_declaration && self.is_external_text()) {
                return self.parameter_reference(&raw[1..raw.len() - 1], outside);
            }
            return Err(Self::syntax(token));
        }
        let next = match (self.state, token) {
            (S::Prolog0 | S::Prolog1, T::DeclOpen) if raw == b"<!DOCTYPE" => S::DoctypeName,
            (S::DoctypeName, T::Name) => {
                self.declaration.doctype(raw);
                S::DoctypeId
            }
            (S::DoctypeId, T::Name) if raw == b"SYSTEM" => S::DoctypeSystem,
            (S::DoctypeId, T::Name) if raw == b"PUBLIC" => S::DoctypePublic,
            (S::DoctypePublic, T::Literal) => {
                self.declaration.doctype_public = Some(self.public_id(raw)?);
                S::DoctypeSystem
            }
            (S::DoctypeSystem, T::Literal) => {
                self.doctype_system(raw)?;
                S::DoctypeSubset
            }
            (S::DoctypeId | S::DoctypeSubset, T::OpenBracket) => {
                self.state = S::Internal;
                return Ok(self.start_doctype(true));
            }
            (S::DoctypeId | S::DoctypeSubset, T::DeclClose) => {
                self.state = S::Prolog2;
                let told = self.start_doctype(false);
                return Ok(self.end_doctype() || told);
            }
            (S::DoctypeClose, T::DeclClose) => {
                self.state = S::Prolog2;
                return Ok(self.end_doctype());
            }
            (S::Internal, T::CloseBracket) if self.in_document() => S::DoctypeClose,
            (S::Internal | S::External, T::DeclOpen) => match raw {
                b"<!ENTITY" => S::EntityName,
                b"<!ATTLIST" => S::AttlistElement,
                b"<!ELEMENT" => S::ElementName,
                b"<!NOTATION" => S::NotationName,
                _ => return Err(Self::syntax(token)),
            },
            (S::External, T::CondOpen) => S::CondName,
            (S::External, T::CondClose) if self.declaration.included > 0 => {
                self.declaration.included -= 1;
                S::External
            }
            (S::CondName, T::Name) if raw == b"INCLUDE" => S::CondInclude,
            (S::CondName, T::Name) if raw == b"IGNORE" => S::CondIgnore,
            (S::CondInclude, T::OpenBracket) => {
                self.declaration.included += 1;
                S::External
            }
            (S::CondIgnore, T::OpenBracket) => {
                self.input().mode = Mode::Ignore;
                self.declaration.ignored = 1;
                S::External
            }
            (S::EntityName, T::Percent) => S::ParamEntityName,
            (S::EntityName | S::ParamEntityName, T::Name) => {
                self.declaration.entity(raw, self.state == S::ParamEntityName);
                S::EntityValue
            }
            (S::EntityValue, T::Literal) => {
                self.entity_value(raw)?;
                self.state = S::EntityClose;
                return self.tell_entity();
            }
            (S::EntityValue, T::Name) if raw == b"SYSTEM" => S::EntitySystem,
            (S::EntityValue, T::Name) if raw == b"PUBLIC" => S::EntityPublic,
            (S::EntityPublic, T::Literal) => {
                self.declaration.public = Some(self.public_id(raw)?);
                S::EntitySystem
            }
            (S::EntitySystem, T::Literal) => {
                self.declaration.system = Some(text_of(&raw[1..raw.len() - 1]));
                S::EntityNdata
            }
            (S::EntityNdata, T::Name) if raw == b"NDATA" && !self.declaration.parameter => S::EntityNotation,
            (S::EntityNotation, T::Name) => {
                self.declaration.notation = Some(text_of(raw));
                self.state = S::EntityClose;
                self.store_entity(None)?;
                return self.tell_unparsed();
            }
            (S::EntityNdata, T::DeclClose) => {
                self.state = self.between();
                self.store_entity(None)?;
                return self.tell_entity();
            }
            (S::NotationName, T::Name) => {
                self.declaration.notation(raw);
                S::NotationId
            }
            (S::NotationId, T::Name) if raw == b"SYSTEM" => S::NotationSystem,
            (S::NotationId, T::Name) if raw == b"PUBLIC" => S::NotationPublic,
            (S::NotationPublic, T::Literal) => {
                self.declaration.public = Some(self.public_id(raw)?);
                S::NotationClose
            }
            (S::NotationSystem, T::Literal) => {
                self.declaration.system = Some(text_of(&raw[1..raw.len() - 1]));
                self.state = S::EntityClose;
                return Ok(self.tell_notation());
            }
            (S::NotationClose, T::Literal) => {
                self.declaration.system = Some(text_of(&raw[1..raw.len() - 1]));
                self.state = S::EntityClose;
                return Ok(self.tell_notation());
            }
            (S::NotationClose, T::DeclClose) => {
                self.state = self.between();
                return Ok(self.tell_notation());
            }
            (S::EntityClose | S::ElementClose, T::DeclClose) => {
                self.state = self.between();
                let quiet = self.declaration.told;
                self.declaration.told = false;
                return Ok(quiet);
            }
            (S::AttlistElement | S::ElementName, _) if name => {
                self.declaration.element = raw.to_vec();
                self.declaration.model.clear();
                self.declaration.groups.clear();
                if self.state == S::ElementName { S::ElementContent } else { S::AttlistName }
            }
            (S::AttlistName, T::Name) => {
                self.declaration.attribute(raw);
                S::AttlistType
            }
            (S::AttlistName, T::DeclClose) => {
                self.state = self.between();
                return Ok(self.declaration.told && self.wants(Wanted::ATTLIST_DECL));
            }
            (S::AttlistType, T::Name) => match raw {
                b"NOTATION" => {
                    self.declaration.kind = "NOTATION(".to_owned();
                    S::AttlistNotationOpen
                }
                b"CDATA" | b"ID" | b"IDREF" | b"IDREFS" | b"ENTITY" | b"ENTITIES" | b"NMTOKEN"
                | b"NMTOKENS" => {
                    self.declaration.kind = text_of(raw);
                    S::AttlistDefault
                }
                _ => return Err(Self::syntax(token)),
            },
            (S::AttlistType, T::OpenParen) => {
                self.declaration.kind = "(".to_owned();
                S::AttlistEnumName
            }
            (S::AttlistNotationOpen, T::OpenParen) => S::AttlistNotationName,
            (S::AttlistEnumName, T::Name | T::Nmtoken) => {
                self.declaration.kind.push_str(&text_of(raw));
                S::AttlistEnumNext
            }
            (S::AttlistNotationName, T::Name) => {
                self.declaration.kind.push_str(&text_of(raw));
                S::AttlistNotationNext
            }
            (S::AttlistEnumNext | S::AttlistNotationNext, T::Or) => {
                self.declaration.kind.push('|');
                if self.state == S::AttlistEnumNext { S::AttlistEnumName } else { S::AttlistNotationName }
            }
            (S::AttlistEnumNext | S::AttlistNotationNext, T::CloseParen(0)) => {
                self.declaration.kind.push(')');
                S::AttlistDefault
            }
            (S::AttlistDefault, T::PoundName) => match raw {
                b"#IMPLIED" | b"#REQUIRED" => {
                    self.state = S::AttlistName;
                    return self.attribute_declared(None, raw == b"#REQUIRED");
                }
                b"#FIXED" => S::AttlistFixed,
                _ => return Err(Self::syntax(token)),
            },
            (S::AttlistDefault | S::AttlistFixed, T::Literal) => {
                let fixed = self.state == S::AttlistFixed;
                self.state = S::AttlistName;
                return self.attribute_declared(Some(raw), fixed);
            }
            (S::ElementContent, T::Name) if matches!(raw, b"EMPTY" | b"ANY") => {
                self.state = S::ElementClose;
                return Ok(self.element_simple(if raw == b"ANY" { 2 } else { 1 }));
            }
            (S::ElementContent, T::OpenParen) => {
                self.declaration.open_group();
                S::ElementFirst
            }
            (S::ElementFirst, T::PoundName) if raw == b"#PCDATA" && self.declaration.groups.len() == 1 => {
                self.declaration.mixed();
                S::MixedNext
            }
            (S::MixedNext, T::Or) => S::MixedName,
            (S::MixedName, T::Name) => {
                self.declaration.leaf(raw, 0);
                S::MixedNext
            }
            (S::MixedNext, T::CloseParen(quantifier)) => {
                let alone = self.declaration.model.len() == 1;
                if !(*quantifier == b'*' || (*quantifier == 0 && alone)) {
                    return Err(Self::syntax(token));
                }
                self.declaration.close_group(*quantifier);
                self.state = S::ElementClose;
                return Ok(self.element_model());
            }
            (S::ElementFirst | S::ElementPart, T::OpenParen) => {
                self.declaration.open_group();
                S::ElementFirst
            }
            (S::ElementFirst | S::ElementPart, T::Name) => {
                self.declaration.leaf(raw, 0);
                S::ElementNext
            }
            (S::ElementFirst | S::ElementPart, T::NameQuantified(quantifier)) => {
                self.declaration.leaf(&raw[..raw.len() - 1], *quantifier);
                S::ElementNext
            }
            (S::ElementNext, T::Comma | T::Or) => {
                if !self.declaration.connect(*token == T::Or) {
                    return Err(Self::syntax(token));
                }
                S::ElementPart
            }
            (S::ElementNext, T::CloseParen(quantifier)) => {
                self.declaration.close_group(*quantifier);
                if self.declaration.groups.is_empty() {
                    self.state = S::ElementClose;
                    return Ok(self.element_model());
                }
                S::ElementNext
            }
            _ => return Err(Self::syntax(token)),
        };
        let was = std::mem::replace(&mut self.state, next);
        Ok(self.is_quiet(was, next))
    }
    /// Whether a declaration's tokens are kept from the default handler because its own handler is told.
    fn is_quiet(&self, was: State, now: State) -> bool {
        use State as S;
        let within = |s: State, from: S, to: S| (from as u8..=to as u8).contains(&(s as u8));
        let either = |from, to| within(was, from, to) || within(now, from, to);
        if either(S::DoctypeName, S::DoctypeSubset) {
            return self.wants(Wanted::START_DOCTYPE) && now != S::DoctypeName;
        }
        if either(S::EntityName, S::EntityClose) {
            return self.wants(Wanted::ENTITY_DECL);
        }
        if either(S::NotationName, S::NotationClose) {
            return self.wants(Wanted::NOTATION);
        }
        if either(S::AttlistElement, S::AttlistFixed) {
            return self.wants(Wanted::ATTLIST_DECL);
        }
        if either(S::ElementName, S::ElementNext) {
            return self.wants(Wanted::ELEMENT_DECL);
        }
        false
    }
    /// Whether the text is not the document's internal subset.
    pub fn is_external_text(&self) -> bool {
        self.kind != Kind::Document || !self.in_document()
    }
    /// Skips a conditional section that does not count.
    pub fn ignored(&mut self) -> Outcome<bool> {
        let text = self.input().text.clone();
        let start = self.input().at;
        self.begin(start);
        let mut at = start;
        let mut depth = self.declaration.ignored;
        loop {
            match &text[at..] {
                [b'<', b'!', b'[', ..] => {
                    depth += 1;
                    at += 3;
                }
                [b']', b']', b'>', ..] => {
                    depth -= 1;
                    at += 3;
                    if depth == 0 {
                        break;
                    }
                }
                _ => match scan::char_at(&text, at) {
                    Ok((_, len)) => at += len,
                    Err(Lack::Invalid(at)) => return Err(Failure { code: Code::InvalidToken, at: Some(at) }),
                    Err(_) if !self.is_whole() => return Ok(false),
                    Err(Lack::PartialChar) => return Err(self.partial_char()),
                    Err(_) => return Err(Code::Syntax.into()),
                },
            }
        }
        self.account(at - start)?;
        self.input().at = at;
        self.input().mode = Mode::Prolog;
        self.declaration.ignored = 0;
        self.tell_default(&text[start..at]);
        Ok(true)
    }
    /// Tells of an entity that is not read.
    pub fn skip_parameter_entity(&mut self, name: &[u8]) -> bool {
        let wanted = self.wants(Wanted::SKIPPED_ENTITY);
        if wanted {
            self.tell(Event::SkippedEntity(text_of(name), true));
        }
        wanted
    }
}
