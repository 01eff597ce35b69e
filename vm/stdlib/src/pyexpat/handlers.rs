//! Calls of handlers: an event's values as Python objects, and what a handler's answer means.

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::Ordering;

use super::parser::names::Name;
use super::parser::{Event, Model, Seldom, Wanted};
use super::xmlparser::PyXmlParser;
use crate::counted;

/// The names of handlers, in the order of [`Wanted`]'s bits.
pub const NAMES: [&str; 22] = [
    "StartElementHandler",
    "EndElementHandler",
    "CharacterDataHandler",
    "ProcessingInstructionHandler",
    "CommentHandler",
    "StartCdataSectionHandler",
    "EndCdataSectionHandler",
    "DefaultHandler",
    "UnparsedEntityDeclHandler",
    "NotationDeclHandler",
    "StartNamespaceDeclHandler",
    "EndNamespaceDeclHandler",
    "NotStandaloneHandler",
    "ExternalEntityRefHandler",
    "StartDoctypeDeclHandler",
    "EndDoctypeDeclHandler",
    "EntityDeclHandler",
    "XmlDeclHandler",
    "ElementDeclHandler",
    "AttlistDeclHandler",
    "SkippedEntityHandler",
    "DefaultHandlerExpand",
];

/// Where the handler for expanded text is; what wants [`Wanted::DEFAULT`], too.
pub const EXPAND: usize = 21;

/// The number of the handler for what is wanted.
fn at(wanted: Wanted) -> usize {
    wanted.bits().trailing_zeros() as usize
}

/// What goes on after an event.
pub enum Reply {
    None,
    Answer(bool),
    Encoding(Option<Box<[i32; 256]>>),
}

/// What the answer of a handler that is asked means.
fn answer(result: PyResult<Option<Obj>>) -> PyResult<Reply> {
    match result? {
        Some(value) => Ok(Reply::Answer(i32::from_arg(&value)? != 0)),
        None => Ok(Reply::Answer(true)),
    }
}

/// A content model as tuples. The parts of a part come after it in the list.
fn model_of(parts: &[Model], at: usize) -> PyResult<Obj> {
    enter_native()?;
    let Some(part) = parts.get(at) else { return Ok(none()) };
    let children =
        part.children.iter().map(|child| model_of(parts, *child)).collect::<PyResult<Vec<Obj>>>()?;
    let name = part.name.as_deref().map_or_else(none, str_obj);
    Ok(tuple_obj(vec![
        int_obj(i64::from(part.kind)),
        int_obj(i64::from(part.quantifier)),
        name,
        tuple_obj(children),
    ]))
}

impl PyXmlParser {
    fn interned(&self, text: &str) -> PyResult<Obj> {
        self.interned_string(str_obj(text))
    }
    fn interned_name(&self, name: Name) -> PyResult<Obj> {
        self.interned_string(self.name(name))
    }
    fn interned_string(&self, text: Obj) -> PyResult<Obj> {
        match self.intern.load() {
            Some(dict) => match dict.downcast::<taipan_objects::dict::PyDict>() {
                Some(dict) => dict.setdefault(&text, &text),
                None => Ok(text),
            },
            None => Ok(text),
        }
    }
    fn interned_opt(&self, text: Option<&String>) -> PyResult<Obj> {
        text.map_or_else(|| Ok(none()), |text| self.interned(text))
    }
    fn handler(&self, index: usize) -> Option<Obj> {
        self.handlers[index].load()
    }
    /// Calls the handler with that number, if there is one still.
    fn call(&self, index: usize, make: impl FnOnce() -> PyResult<Vec<Obj>>) -> PyResult<Option<Obj>> {
        if self.handler(index).is_none() {
            return Ok(None);
        }
        self.flush()?;
        let Some(handler) = self.handler(index) else { return Ok(None) };
        let arguments = make()?;
        self.calling(|| counted::call(&handler, &arguments)).map(Some)
    }
    fn calling<T>(&self, f: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
        let before = self.in_handler.swap(true, Ordering::AcqRel);
        let result = f();
        self.in_handler.store(before, Ordering::Release);
        result
    }
    /// Hands over character data that was put aside.
    pub fn flush(&self) -> PyResult<()> {
        let text = std::mem::take(&mut *self.buffer.lock());
        if text.is_empty() {
            return Ok(());
        }
        self.character_data(&text)
    }
    fn character_data(&self, text: &str) -> PyResult<()> {
        if let Some(handler) = self.handler(2) {
            let text = str_obj(text);
            self.calling(|| counted::call1(&handler, &text))?;
        }
        Ok(())
    }
    fn text(&self, text: String) -> PyResult<()> {
        if !self.buffer_text.load(Ordering::Relaxed) {
            return self.character_data(&text);
        }
        let size = self.buffer_size.load(Ordering::Relaxed);
        if self.buffer.lock().len() + text.len() > size {
            self.flush()?;
            if self.handler(2).is_none() {
                return Ok(());
            }
        }
        if text.len() > size || !self.buffer_text.load(Ordering::Relaxed) {
            return self.character_data(&text);
        }
        self.buffer.lock().push_str(&text);
        Ok(())
    }
    fn attributes(&self, attributes: Vec<(Name, String)>, specified: usize) -> PyResult<Obj> {
        let count =
            if self.specified_attributes.load(Ordering::Relaxed) { specified } else { attributes.len() };
        let given = attributes.into_iter().take(count);
        if self.ordered_attributes.load(Ordering::Relaxed) {
            let mut items = Vec::new();
            for (name, value) in given {
                items.push(self.interned_name(name)?);
                items.push(str_obj(&value));
            }
            return Ok(list_obj(items));
        }
        let dict = dict_obj();
        for (name, value) in given {
            dict.set(self.interned_name(name)?, str_obj(&value))?;
        }
        Ok(dict.into_obj())
    }
    /// Tells the handler of an event that comes once or twice.
    fn deliver_seldom(&self, event: Seldom) -> PyResult<Reply> {
        let plain = |text: &Option<String>| text.as_deref().map_or_else(none, str_obj);
        let result = match event {
            Seldom::UnparsedEntity { name, base, system, public, notation } => {
                self.call(at(Wanted::UNPARSED_ENTITY), || {
                    Ok(vec![
                        self.interned(&name)?,
                        self.interned_opt(base.as_ref())?,
                        self.interned_opt(system.as_ref())?,
                        self.interned_opt(public.as_ref())?,
                        self.interned(&notation)?,
                    ])
                })
            }
            Seldom::Notation { name, base, system, public } => self.call(at(Wanted::NOTATION), || {
                Ok(vec![
                    self.interned(&name)?,
                    self.interned_opt(base.as_ref())?,
                    self.interned_opt(system.as_ref())?,
                    self.interned_opt(public.as_ref())?,
                ])
            }),
            Seldom::ExternalEntity { context, base, system, public } => {
                return answer(self.call(at(Wanted::EXTERNAL_ENTITY), || {
                    Ok(vec![
                        plain(&context),
                        self.interned_opt(base.as_ref())?,
                        self.interned_opt(system.as_ref())?,
                        self.interned_opt(public.as_ref())?,
                    ])
                }));
            }
            Seldom::StartDoctype { name, system, public, internal } => {
                self.call(at(Wanted::START_DOCTYPE), || {
                    Ok(vec![
                        self.interned(&name)?,
                        self.interned_opt(system.as_ref())?,
                        self.interned_opt(public.as_ref())?,
                        int_obj(i64::from(internal)),
                    ])
                })
            }
            Seldom::EntityDecl { name, parameter, value, base, system, public, notation } => {
                self.call(at(Wanted::ENTITY_DECL), || {
                    Ok(vec![
                        self.interned(&name)?,
                        int_obj(i64::from(parameter)),
                        plain(&value),
                        self.interned_opt(base.as_ref())?,
                        self.interned_opt(system.as_ref())?,
                        self.interned_opt(public.as_ref())?,
                        self.interned_opt(notation.as_ref())?,
                    ])
                })
            }
            Seldom::XmlDecl { version, encoding, standalone } => self.call(at(Wanted::XML_DECL), || {
                Ok(vec![plain(&version), plain(&encoding), int_obj(i64::from(standalone))])
            }),
            Seldom::AttlistDecl { element, name, kind, default, required } => {
                self.call(at(Wanted::ATTLIST_DECL), || {
                    Ok(vec![
                        self.interned(&element)?,
                        self.interned(&name)?,
                        str_obj(&kind),
                        plain(&default),
                        int_obj(i64::from(required)),
                    ])
                })
            }
        };
        result.map(|_| Reply::None)
    }
    /// Tells the handler of an event.
    pub fn deliver(&self, event: Event) -> PyResult<Reply> {
        let result = match event {
            Event::CharacterData(text) => return self.text(text).map(|()| Reply::None),
            Event::StartElement { name, attributes, specified } => {
                self.call(at(Wanted::START_ELEMENT), || {
                    let attributes = self.attributes(attributes, specified)?;
                    Ok(vec![self.interned_name(name)?, attributes])
                })
            }
            Event::EndElement(name) => {
                self.call(at(Wanted::END_ELEMENT), || Ok(vec![self.interned_name(name)?]))
            }
            Event::ProcessingInstruction(target, data) => self
                .call(at(Wanted::PROCESSING_INSTRUCTION), || {
                    Ok(vec![self.interned(&target)?, str_obj(&data)])
                }),
            Event::Comment(text) => self.call(at(Wanted::COMMENT), || Ok(vec![str_obj(&text)])),
            Event::StartCdata => self.call(at(Wanted::START_CDATA), || Ok(vec![])),
            Event::EndCdata => self.call(at(Wanted::END_CDATA), || Ok(vec![])),
            Event::Default(text) => {
                let which = if self.expands.load(Ordering::Relaxed) { EXPAND } else { at(Wanted::DEFAULT) };
                self.call(which, || Ok(vec![str_obj(&text)]))
            }
            Event::StartNamespace(prefix, uri) => self.call(at(Wanted::START_NAMESPACE), || {
                Ok(vec![self.interned_opt(prefix.as_ref())?, self.interned_opt(uri.as_ref())?])
            }),
            Event::EndNamespace(prefix) => {
                self.call(at(Wanted::END_NAMESPACE), || Ok(vec![self.interned_opt(prefix.as_ref())?]))
            }
            Event::NotStandalone => return answer(self.call(at(Wanted::NOT_STANDALONE), || Ok(vec![]))),
            Event::EndDoctype => self.call(at(Wanted::END_DOCTYPE), || Ok(vec![])),
            Event::ElementDecl { name, model } => self.call(at(Wanted::ELEMENT_DECL), || {
                let model = model_of(&model, 0)?;
                Ok(vec![self.interned(&name)?, model])
            }),
            Event::SkippedEntity(name, parameter) => self.call(at(Wanted::SKIPPED_ENTITY), || {
                Ok(vec![self.interned(&name)?, int_obj(i64::from(parameter))])
            }),
            Event::UnknownEncoding(name) => return encoding_table(&name).map(Reply::Encoding),
            Event::Seldom(seldom) => return self.deliver_seldom(*seldom),
        };
        result.map(|_| Reply::None)
    }
}

/// The code points of an encoding's bytes.
pub fn encoding_table(name: &str) -> PyResult<Option<Box<[i32; 256]>>> {
    let all: Vec<u8> = (0..=255).collect();
    let bytes = PyBytes::from_vec(all).into_obj();
    let text = counted::call_method(&bytes, "decode", &[str_obj(name), str_obj("replace")])?;
    let Some(text) = text.downcast::<PyStr>().filter(|text| text.len() == 256) else {
        return Err(value_error("multi-byte encodings are not supported"));
    };
    let mut table = Box::new([-1; 256]);
    for (place, c) in table.iter_mut().zip(text.units().iter()) {
        if c != 0xfffd {
            *place = c as i32;
        }
    }
    Ok(Some(table))
}
