//! Declarations as they are put together, token by token, and what is told of them.

use std::sync::Arc;

use super::content::text_of;
use super::dtd::{Declared, Entity};
use super::scan;
use super::{Code, Event, Failure, Mode, Model, Outcome, ParamEntities, Parser, Pending, Seldom, Wanted};

const CTYPE_MIXED: u8 = 3;
const CTYPE_NAME: u8 = 4;
const CTYPE_CHOICE: u8 = 5;
const CTYPE_SEQ: u8 = 6;

fn quantifier_code(quantifier: u8) -> u8 {
    match quantifier {
        b'?' => 1,
        b'*' => 2,
        b'+' => 3,
        _ => 0,
    }
}

/// A declaration being read, and what is known of the document type.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    pub doctype_name: Option<String>,
    pub doctype_system: Option<String>,
    pub doctype_public: Option<String>,
    has_system: bool,
    /// Its handler was told already.
    pub told: bool,
    pub name: Vec<u8>,
    pub parameter: bool,
    pub value: Option<Arc<[u8]>>,
    pub system: Option<String>,
    pub public: Option<String>,
    pub notation: Option<String>,
    pub element: Vec<u8>,
    pub attribute: Vec<u8>,
    pub kind: String,
    pub model: Vec<Model>,
    /// Groups that are open, and whether their parts are alternatives.
    pub groups: Vec<(usize, Option<bool>)>,
    /// Conditional sections that are open.
    pub included: usize,
    pub ignored: usize,
}

impl Declaration {
    pub fn doctype(&mut self, name: &[u8]) {
        self.doctype_name = Some(text_of(name));
    }
    pub fn entity(&mut self, name: &[u8], parameter: bool) {
        self.name = name.to_vec();
        self.parameter = parameter;
        (self.value, self.system, self.public, self.notation) = (None, None, None, None);
        self.told = false;
    }
    pub fn notation(&mut self, name: &[u8]) {
        self.entity(name, false);
    }
    pub fn attribute(&mut self, name: &[u8]) {
        self.attribute = name.to_vec();
        self.kind.clear();
    }
    fn add(&mut self, part: Model) -> usize {
        let at = self.model.len();
        self.model.push(part);
        if let Some((group, _)) = self.groups.last()
            && let Some(group) = self.model.get_mut(*group)
        {
            group.children.push(at);
        }
        at
    }
    pub fn open_group(&mut self) {
        let at = self.add(Model { kind: CTYPE_SEQ, ..Model::default() });
        self.groups.push((at, None));
    }
    pub fn mixed(&mut self) {
        if let Some(part) = self.model.first_mut() {
            part.kind = CTYPE_MIXED;
        }
    }
    pub fn leaf(&mut self, name: &[u8], quantifier: u8) {
        let quantifier = quantifier_code(quantifier);
        self.add(Model { kind: CTYPE_NAME, quantifier, name: Some(text_of(name)), children: Vec::new() });
    }
    /// A connector; false: another one than before.
    pub fn connect(&mut self, or: bool) -> bool {
        let Some((group, connector)) = self.groups.last_mut() else { return false };
        if or && let Some(part) = self.model.get_mut(*group) {
            part.kind = CTYPE_CHOICE;
        }
        *connector.get_or_insert(or) == or
    }
    pub fn close_group(&mut self, quantifier: u8) {
        if let Some((group, _)) = self.groups.pop()
            && let Some(part) = self.model.get_mut(group)
        {
            part.quantifier = quantifier_code(quantifier);
        }
    }
}

impl Parser {
    /// A public identifier: its characters checked, its spaces made single.
    pub fn public_id(&mut self, raw: &[u8]) -> Outcome<String> {
        let inner = &raw[1..raw.len() - 1];
        let bad = inner.iter().position(|c| {
            !(c.is_ascii_alphanumeric()
                || scan::is_space(*c) && *c != b'\t'
                || b"-'()+,./:=?;!*#@$_%".contains(c))
        });
        if let Some(bad) = bad {
            return Err(Failure { code: Code::Publicid, at: Some(self.begun() + 1 + bad) });
        }
        let text = text_of(inner);
        Ok(text.split([' ', '\n', '\r']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    }
    pub fn doctype_system(&mut self, raw: &[u8]) -> Outcome {
        self.declaration.doctype_system = Some(text_of(&raw[1..raw.len() - 1]));
        self.declaration.has_system = true;
        let standalone = {
            let mut dtd = self.dtd.lock();
            dtd.has_parameter_refs = true;
            dtd.standalone
        };
        if !standalone && self.param_entities == ParamEntities::Never && self.wants(Wanted::NOT_STANDALONE) {
            self.ask(Event::NotStandalone, Pending::NotStandalone);
        }
        Ok(())
    }
    /// Tells of the beginning of the document type declaration.
    pub fn start_doctype(&mut self, internal: bool) -> bool {
        if !self.wants(Wanted::START_DOCTYPE) {
            return false;
        }
        let name = self.declaration.doctype_name.clone().unwrap_or_default();
        let (system, public) =
            (self.declaration.doctype_system.clone(), self.declaration.doctype_public.clone());
        self.tell(Seldom::StartDoctype { name, system, public, internal });
        true
    }
    pub fn end_doctype(&mut self) -> bool {
        let wanted = self.wants(Wanted::END_DOCTYPE);
        if self.declaration.has_system || self.foreign_dtd {
            self.external_subset(true);
        } else if wanted {
            self.tell(Event::EndDoctype);
        }
        wanted
    }
    /// Has the external subset read.
    pub fn external_subset(&mut self, ends: bool) {
        let had_system = self.declaration.has_system;
        let had_refs = {
            let mut dtd = self.dtd.lock();
            let had = dtd.has_parameter_refs;
            dtd.has_parameter_refs = true;
            dtd.parameter_read = false;
            had
        };
        self.foreign_dtd = false;
        if self.param_entities != ParamEntities::Never && self.wants(Wanted::EXTERNAL_ENTITY) {
            let event = Seldom::ExternalEntity {
                context: None,
                base: self.base.clone(),
                system: self.declaration.doctype_system.clone(),
                public: self.declaration.doctype_public.clone(),
            };
            self.ask(event, Pending::Subset { had_refs, had_system, ends });
        } else {
            if !had_system {
                self.dtd.lock().has_parameter_refs = had_refs;
            }
            self.after_doctype(ends);
        }
    }
    pub fn after_subset(&mut self, had_refs: bool, had_system: bool, ends: bool) {
        let (read, standalone) = {
            let mut dtd = self.dtd.lock();
            if !dtd.parameter_read && !had_system {
                dtd.has_parameter_refs = had_refs;
            }
            (dtd.parameter_read, dtd.standalone)
        };
        if read && !standalone && self.wants(Wanted::NOT_STANDALONE) {
            self.ask(Event::NotStandalone, Pending::NotStandalone);
        }
        self.after_doctype(ends);
    }
    fn after_doctype(&mut self, ends: bool) {
        if ends && self.wants(Wanted::END_DOCTYPE) {
            self.tell(Event::EndDoctype);
        }
    }

    /// A reference to a parameter entity, between declarations or inside of one.
    pub fn parameter_reference(&mut self, name: &[u8], between: bool) -> Outcome<bool> {
        let (entity, standalone, had_refs) = {
            let mut dtd = self.dtd.lock();
            let had = std::mem::replace(&mut dtd.has_parameter_refs, true);
            (dtd.parameter.get(name).cloned(), dtd.standalone, had)
        };
        if self.param_entities == ParamEntities::Never {
            self.dtd.lock().keep = standalone;
            self.ask_not_standalone();
            return Ok(false);
        }
        let strict = !self.is_external_text() && if standalone { true } else { !had_refs };
        let entity = match entity {
            None if strict => return Err(Code::UndefinedEntity.into()),
            Some(entity) if strict && !entity.internal => return Err(Code::EntityDeclaredInPe.into()),
            None => {
                self.dtd.lock().keep = standalone;
                return Ok(between && self.skip_parameter_entity(name));
            }
            Some(entity) => entity,
        };
        if self.is_open(true, name) {
            return Err(Code::RecursiveEntityRef.into());
        }
        if let Some(text) = &entity.text {
            self.expand(name, true, text, Mode::Prolog, between);
            return Ok(true);
        }
        if self.wants(Wanted::EXTERNAL_ENTITY) {
            self.dtd.lock().parameter_read = false;
            self.open_entities.push((true, name.to_vec()));
            let event = Seldom::ExternalEntity {
                context: None,
                base: entity.base.clone(),
                system: entity.system.clone(),
                public: entity.public.clone(),
            };
            self.ask(event, Pending::Parameter(name.to_vec()));
            return Ok(true);
        }
        self.dtd.lock().keep = standalone;
        Ok(false)
    }
    pub fn after_parameter_entity(&mut self) {
        let read = {
            let mut dtd = self.dtd.lock();
            if !dtd.parameter_read {
                dtd.keep = dtd.standalone;
            }
            dtd.parameter_read
        };
        if read {
            self.ask_not_standalone();
        }
    }
    fn ask_not_standalone(&mut self) {
        if !self.dtd.lock().standalone && self.wants(Wanted::NOT_STANDALONE) {
            self.ask(Event::NotStandalone, Pending::NotStandalone);
        }
    }

    /// The text of an entity: character references and those to parameter entities replaced.
    pub fn entity_value(&mut self, raw: &[u8]) -> Outcome {
        let begun = self.begun() + 1;
        let literal: Arc<[u8]> = raw[1..raw.len() - 1].into();
        let mut out = Vec::new();
        let mut stack: Vec<(Arc<[u8]>, usize, Vec<u8>)> = Vec::new();
        let (mut text, mut at) = (literal, 0);
        loop {
            let place = |i: usize| if stack.is_empty() { Some(begun + i) } else { None };
            let Some(&c) = text.get(at) else {
                let Some((outer, resume, name)) = stack.pop() else { break };
                self.close_entity(true, &name);
                (text, at) = (outer, resume);
                continue;
            };
            match c {
                b'%' => {
                    let end =
                        scan::name(&text, at + 1, false).ok().filter(|end| text.get(*end) == Some(&b';'));
                    let Some(end) = end else {
                        return Err(Failure { code: Code::InvalidToken, at: place(at) });
                    };
                    if !self.is_external_text() {
                        return Err(Failure { code: Code::ParamEntityRef, at: place(at) });
                    }
                    let name = text[at + 1..end].to_vec();
                    let entity = self.dtd.lock().parameter.get(&name).cloned();
                    if self.is_open(true, &name) {
                        return Err(Failure { code: Code::RecursiveEntityRef, at: place(at) });
                    }
                    let inner = entity.as_ref().and_then(|e| e.text.clone());
                    match inner {
                        Some(inner) => {
                            self.open_entities.push((true, name.clone()));
                            self.limits.lock().account(inner.len() as u64, true)?;
                            stack.push((std::mem::replace(&mut text, inner), end + 1, name));
                            at = 0;
                            continue;
                        }
                        None => {
                            let mut dtd = self.dtd.lock();
                            dtd.keep = dtd.standalone;
                        }
                    }
                    at = end + 1;
                }
                b'&' => match scan::in_value(&text, at) {
                    Ok((scan::Content::CharRef(range), end)) => {
                        let Some(c) = scan::char_number(&text[range]) else {
                            return Err(Failure { code: Code::BadCharRef, at: place(at) });
                        };
                        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        at = end;
                    }
                    Ok((_, end)) => {
                        out.extend_from_slice(&text[at..end]);
                        at = end;
                    }
                    Err(lack) => {
                        let at = if let scan::Lack::Invalid(i) = lack { place(i) } else { place(at) };
                        return Err(Failure { code: Code::InvalidToken, at });
                    }
                },
                b'\r' => {
                    out.push(b'\n');
                    at += if text.get(at + 1) == Some(&b'\n') { 2 } else { 1 };
                }
                _ => {
                    out.push(c);
                    at += 1;
                }
            }
        }
        self.limits.lock().allocate(2 * out.len() as u64 + 128)?;
        let value: Arc<[u8]> = out.into();
        self.declaration.value = Some(value.clone());
        self.store_entity(Some(value))
    }
    pub fn store_entity(&mut self, text: Option<Arc<[u8]>>) -> Outcome {
        let external = self.is_external_text();
        let d = &self.declaration;
        if !d.parameter && scan::predefined(&d.name).is_some() {
            return Ok(());
        }
        let entity = Entity {
            text,
            system: d.system.clone(),
            public: d.public.clone(),
            base: self.base.clone(),
            notation: d.notation.clone(),
            internal: !external,
        };
        let mut dtd = self.dtd.lock();
        if dtd.keep && !dtd.table(d.parameter).contains_key(&d.name) {
            dtd.table(d.parameter).insert(d.name.clone(), Arc::new(entity));
        }
        Ok(())
    }
    /// Tells of an entity that is parsed.
    pub fn tell_entity(&mut self) -> Outcome<bool> {
        if !self.wants(Wanted::ENTITY_DECL) {
            return Ok(false);
        }
        self.declaration.told = true;
        let d = &self.declaration;
        let event = Seldom::EntityDecl {
            name: text_of(&d.name),
            parameter: d.parameter,
            value: d.value.as_deref().map(text_of),
            base: self.base.clone(),
            system: d.system.clone(),
            public: d.public.clone(),
            notation: d.notation.clone(),
        };
        self.tell(event);
        Ok(true)
    }
    pub fn tell_unparsed(&mut self) -> Outcome<bool> {
        if !self.wants(Wanted::UNPARSED_ENTITY) {
            return self.tell_entity();
        }
        self.declaration.told = true;
        let d = &self.declaration;
        let event = Seldom::UnparsedEntity {
            name: text_of(&d.name),
            base: self.base.clone(),
            system: d.system.clone(),
            public: d.public.clone(),
            notation: d.notation.clone().unwrap_or_default(),
        };
        self.tell(event);
        Ok(true)
    }
    pub fn tell_notation(&mut self) -> bool {
        if !self.wants(Wanted::NOTATION) {
            return false;
        }
        self.declaration.told = true;
        let d = &self.declaration;
        let event = Seldom::Notation {
            name: text_of(&d.name),
            base: self.base.clone(),
            system: d.system.clone(),
            public: d.public.clone(),
        };
        self.tell(event);
        true
    }
    /// An attribute with all that is declared of it.
    pub fn attribute_declared(&mut self, literal: Option<&[u8]>, required: bool) -> Outcome<bool> {
        let cdata = self.declaration.kind == "CDATA";
        let default = match literal {
            Some(raw) => {
                let at = self.begun() + 1;
                Some(self.attribute_value(&raw[1..raw.len() - 1], Some(at), cdata)?)
            }
            None => None,
        };
        {
            let mut dtd = self.dtd.lock();
            if dtd.keep {
                let name = self.declaration.attribute.clone();
                dtd.declare(&self.declaration.element, Declared { name, cdata, default: default.clone() });
            }
        }
        self.limits.lock().allocate(64)?;
        self.declaration.told = self.wants(Wanted::ATTLIST_DECL);
        if !self.declaration.told {
            return Ok(false);
        }
        let event = Seldom::AttlistDecl {
            element: text_of(&self.declaration.element),
            name: text_of(&self.declaration.attribute),
            kind: self.declaration.kind.clone(),
            default: default.map(|d| text_of(&d)),
            required,
        };
        self.tell(event);
        Ok(true)
    }
    /// An element that is empty or has anything in it.
    pub fn element_simple(&mut self, kind: u8) -> bool {
        self.declaration.model = vec![Model { kind, ..Model::default() }];
        self.element_model()
    }
    /// Tells of an element's content model.
    pub fn element_model(&mut self) -> bool {
        if !self.wants(Wanted::ELEMENT_DECL) {
            return false;
        }
        self.declaration.told = true;
        let name = text_of(&self.declaration.element);
        let model = std::mem::take(&mut self.declaration.model);
        self.tell(Event::ElementDecl { name, model });
        true
    }
}
