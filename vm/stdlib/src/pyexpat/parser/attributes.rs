//! Start tags: values of attributes, those that declarations add, and namespaces.

use std::collections::HashSet;
use std::sync::Arc;

use super::classes;
use super::content::text_of;
use super::dtd::Declared;
use super::names::Name;
use super::scan::{self, Content, Lack, Tag};
use super::{Code, Event, Failure, Open, Outcome, Parser, Wanted};

pub const XML_NAMESPACE: &[u8] = b"http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE: &[u8] = b"http://www.w3.org/2000/xmlns/";

/// A value with the spaces at its ends removed and those inside single.
fn collapsed(value: &[u8]) -> Vec<u8> {
    value.split(|c| *c == b' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&b' ')
}

/// The names of a tag's attributes: hashed only if there are many.
enum Names<'a> {
    Few(Vec<&'a [u8]>),
    Many(HashSet<&'a [u8]>),
}

impl<'a> Names<'a> {
    fn of(count: usize) -> Names<'a> {
        if count <= 8 {
            Names::Few(Vec::with_capacity(count))
        } else {
            Names::Many(HashSet::with_capacity(count))
        }
    }
    fn contains(&self, name: &[u8]) -> bool {
        match self {
            Names::Few(names) => names.contains(&name),
            Names::Many(names) => names.contains(name),
        }
    }
    /// Whether it is new.
    fn insert(&mut self, name: &'a [u8]) -> bool {
        match self {
            Names::Few(names) if names.contains(&name) => false,
            Names::Few(names) => {
                names.push(name);
                true
            }
            Names::Many(names) => names.insert(name),
        }
    }
}

impl Parser {
    /// The value that text stands for: references replaced, white space made space.
    pub fn attribute_value(&mut self, text: &[u8], offset: Option<usize>, cdata: bool) -> Outcome<Vec<u8>> {
        if cdata && text.iter().all(|c| classes::is_plain(*c)) {
            return Ok(text.to_vec());
        }
        let mut out = Vec::new();
        // Entities being expanded: their text, how far it was read, their name.
        let mut stack: Vec<(Arc<[u8]>, usize, Vec<u8>)> = Vec::new();
        let mut at = 0;
        loop {
            let inner = stack.last().map(|(text, _, _)| text.clone());
            let here = inner.as_deref().unwrap_or(text);
            let place = |i: usize| if inner.is_some() { None } else { offset.map(|o| o + i) };
            let (token, end) = match scan::in_value(here, at) {
                Ok(found) => found,
                Err(Lack::None) => match stack.pop() {
                    None => break,
                    Some((_, resume, name)) => {
                        self.close_entity(false, &name);
                        at = resume;
                        continue;
                    }
                },
                Err(Lack::Invalid(i)) => return Err(Failure { code: Code::InvalidToken, at: place(i) }),
                Err(_) => return Err(Failure { code: Code::InvalidToken, at: place(at) }),
            };
            if inner.is_some() {
                self.limits.lock().account((end - at) as u64, true)?;
            }
            let fail = |code| Err(Failure { code, at: place(at) });
            match token {
                Content::Newline => out.push(b' '),
                Content::CharRef(range) => match scan::char_number(&here[range]) {
                    Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => return fail(Code::BadCharRef),
                },
                Content::EntityRef(range) => {
                    let name = here[range].to_vec();
                    if let Some(c) = scan::predefined(&name) {
                        out.push(c);
                        at = end;
                        continue;
                    }
                    let (entity, strict) = {
                        let dtd = self.dtd.lock();
                        (dtd.general.get(&name).cloned(), !dtd.has_parameter_refs || dtd.standalone)
                    };
                    match entity {
                        None if strict => return fail(Code::UndefinedEntity),
                        None => {}
                        Some(entity) if strict && !entity.internal => return fail(Code::EntityDeclaredInPe),
                        Some(_) if self.is_open(false, &name) => return fail(Code::RecursiveEntityRef),
                        Some(entity) if entity.notation.is_some() => return fail(Code::BinaryEntityRef),
                        Some(entity) => match &entity.text {
                            None => return fail(Code::AttributeExternalEntityRef),
                            Some(replacement) => {
                                self.open_entities.push((false, name.clone()));
                                stack.push((replacement.clone(), end, name));
                                at = 0;
                                continue;
                            }
                        },
                    }
                }
                _ => out.extend_from_slice(&here[at..end]),
            }
            at = end;
        }
        Ok(if cdata { out } else { collapsed(&out) })
    }
    /// Reads a start tag's attributes and opens the element; whether somebody was told of it.
    pub fn start_tag(&mut self, text: &[u8], tag: &Tag) -> Outcome<bool> {
        let raw_name = &text[tag.name.clone()];
        let declared = self.declared(raw_name);
        if tag.attributes.is_empty() && declared.is_empty() {
            return self.open_element(raw_name, Vec::new(), 0, 0);
        }
        let mut given: Vec<(Vec<u8>, Vec<u8>)> = Vec::with_capacity(tag.attributes.len());
        let mut names = Names::of(tag.attributes.len());
        for attribute in &tag.attributes {
            let name = &text[attribute.name.clone()];
            if !names.insert(name) {
                return Err(Failure { code: Code::DuplicateAttribute, at: Some(attribute.name.start) });
            }
            let cdata = declared.iter().find(|d| d.name == name).is_none_or(|d| d.cdata);
            let value =
                self.attribute_value(&text[attribute.value.clone()], Some(attribute.value.start), cdata)?;
            given.push((name.to_vec(), value));
        }
        let mut specified = given.len();
        for default in &declared {
            if let Some(value) = &default.default
                && !names.contains(&default.name)
            {
                given.push((default.name.clone(), value.clone()));
            }
        }
        let mut bound = 0;
        let mut attributes = Vec::with_capacity(given.len());
        if self.separator.is_some() {
            let mut rest = Vec::with_capacity(given.len());
            let mut plain = specified;
            for (i, (attribute, value)) in given.into_iter().enumerate() {
                let prefix = match attribute.strip_prefix(b"xmlns") {
                    Some(b"") => Some(&b""[..]),
                    Some(prefix) => prefix.strip_prefix(b":"),
                    None => None,
                };
                match prefix {
                    Some(prefix) => {
                        self.bind(prefix, value)?;
                        bound += 1;
                        plain -= usize::from(i < specified);
                    }
                    None => rest.push((attribute, value)),
                }
            }
            specified = plain;
            let mut expanded_names = HashSet::new();
            for (attribute, value) in rest {
                let expanded = self.expanded(&attribute, false)?;
                if attribute.contains(&b':') && !expanded_names.insert(expanded) {
                    return Err(Code::DuplicateAttribute.into());
                }
                attributes.push((expanded, text_of(&value)));
            }
        } else {
            for (name, value) in &given {
                attributes.push((self.name(name), text_of(value)));
            }
        }
        self.open_element(raw_name, attributes, specified, bound)
    }
    /// Attributes that are declared for an element.
    fn declared(&self, element: &[u8]) -> Vec<Declared> {
        let dtd = self.dtd.lock();
        if dtd.elements.is_empty() {
            return Vec::new();
        }
        dtd.elements.get(element).cloned().unwrap_or_default()
    }
    /// Opens an element; whether somebody was told of it.
    fn open_element(
        &mut self,
        raw_name: &[u8],
        attributes: Vec<(Name, String)>,
        specified: usize,
        bindings: usize,
    ) -> Outcome<bool> {
        let raw = self.name(raw_name);
        let name = match self.separator {
            Some(_) if !self.bindings.is_empty() && self.is_in_namespace(raw_name) => {
                self.expanded(raw_name, true)?
            }
            _ => raw,
        };
        self.open.push(Open { raw, name, bindings });
        if self.wants(Wanted::START_ELEMENT) {
            self.tell(Event::StartElement { name, attributes, specified });
            return Ok(true);
        }
        Ok(false)
    }
    /// Whether an element's name has a prefix, or there is a namespace for those without.
    fn is_in_namespace(&self, name: &[u8]) -> bool {
        self.bindings.iter().any(|(prefix, _)| prefix.is_empty()) || name.contains(&b':')
    }
    fn bind(&mut self, prefix: &[u8], uri: Vec<u8>) -> Outcome {
        if uri.is_empty() && !prefix.is_empty() {
            return Err(Code::UndeclaringPrefix.into());
        }
        if prefix == b"xmlns" {
            return Err(Code::ReservedPrefixXmlns.into());
        }
        if (prefix == b"xml") != (uri == XML_NAMESPACE) {
            let code = if prefix == b"xml" { Code::ReservedPrefixXml } else { Code::ReservedNamespaceUri };
            return Err(code.into());
        }
        if uri == XMLNS_NAMESPACE {
            return Err(Code::ReservedNamespaceUri.into());
        }
        if let Some(Some(separator)) = self.separator {
            let in_uri = separator.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(separator);
            if !in_uri && text_of(&uri).contains(separator) {
                return Err(Code::Syntax.into());
            }
        }
        if self.wants(Wanted::START_NAMESPACE) {
            let some = |bytes: &[u8]| if bytes.is_empty() { None } else { Some(text_of(bytes)) };
            self.tell(Event::StartNamespace(some(prefix), some(&uri)));
        }
        self.bindings.push((prefix.to_vec(), uri));
        Ok(())
    }
    fn name(&mut self, name: &[u8]) -> Name {
        if let Some(recent) = self.names.recent(name) {
            return recent;
        }
        match std::str::from_utf8(name) {
            Ok(name) => self.names.number(name),
            Err(_) => self.names.number(&text_of(name)),
        }
    }
    /// A name with its namespace's URI in front.
    fn expanded(&mut self, name: &[u8], element: bool) -> Outcome<Name> {
        let colon = name.iter().position(|c| *c == b':');
        let (prefix, local) = match colon {
            Some(at) => (&name[..at], &name[at + 1..]),
            None if element => (&b""[..], name),
            None => return Ok(self.name(name)),
        };
        let uri = self.bindings.iter().rev().find(|(bound, _)| bound == prefix).map(|(_, uri)| uri);
        match uri {
            None if !prefix.is_empty() => Err(Code::UnboundPrefix.into()),
            None => Ok(self.name(name)),
            Some(uri) if uri.is_empty() => Ok(self.name(name)),
            Some(uri) => {
                let mut out = text_of(uri);
                let separator = self.separator.flatten();
                out.extend(separator);
                out.push_str(&text_of(local));
                if self.triplets && !prefix.is_empty() {
                    out.extend(separator);
                    out.push_str(&text_of(prefix));
                }
                Ok(self.names.number(&out))
            }
        }
    }
}
