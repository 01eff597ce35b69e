//! What an event is to a target: a call of one of its methods, or a step of a tree builder; and to who asked for events, one of them.

use taipan_objects::dict::PyDict;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;

use super::{Builder, PyXmlParser, parse_error};
use crate::counted;
use crate::pyexpat::encoding_table;
use crate::pyexpat::parser::names::Name;
use crate::pyexpat::parser::{Code, Event, Seldom};

/// The answer to an event that asks for an encoding.
type Answer = Option<Option<Box<[i32; 256]>>>;

/// Text that is put aside for a tree builder is given to it when it is longer than this.
const PIECE: usize = 64 << 10;

fn given(text: Option<String>) -> Obj {
    text.as_deref().map_or_else(none, str_obj)
}

impl PyXmlParser {
    /// The name of an element or attribute as targets know it: a namespace in braces.
    fn name(&self, name: Name) -> Obj {
        self.names.get(&self.parser, name, |name| match name.contains('}') {
            true => str_obj(&format!("{{{name}")),
            false => str_obj(name),
        })
    }
    /// Reports the event with the number in [`EVENTS`](super::EVENTS), if somebody asked for it.
    fn report(&self, at: usize, what: impl FnOnce() -> Obj) -> PyResult<()> {
        let asked = {
            let reported = self.reported.lock();
            reported.names[at].as_ref().and_then(|name| Some((name.clone(), reported.append.clone()?)))
        };
        match asked {
            Some((name, append)) => {
                counted::call1(&append, PyTuple::from_array([name, what()]).as_obj()).map(drop)
            }
            None => Ok(()),
        }
    }
    /// Gives a tree builder the text that was put aside.
    pub(super) fn flush_text(&self, builder: Builder<'_>) -> PyResult<()> {
        let text = std::mem::take(&mut *self.text.lock());
        match builder {
            Some(builder) if !text.is_empty() => builder.add_text(str_obj(&text)),
            _ => Ok(()),
        }
    }
    fn character_data(&self, builder: Builder<'_>, text: String) -> PyResult<()> {
        if builder.is_some() {
            let len = {
                let mut aside = self.text.lock();
                if aside.is_empty() {
                    *aside = text;
                } else {
                    aside.push_str(&text);
                }
                aside.len()
            };
            return if len > PIECE { self.flush_text(builder) } else { Ok(()) };
        }
        match self.handlers.data.load() {
            Some(data) => counted::call1(&data, &str_obj(&text)).map(drop),
            None => Ok(()),
        }
    }
    fn attributes(&self, attributes: &[(Name, String)]) -> PyResult<Py<PyDict>> {
        let dict = dict_obj();
        for (name, value) in attributes {
            dict.set(self.name(*name), str_obj(value))?;
        }
        Ok(dict)
    }
    fn start(&self, builder: Builder<'_>, name: Name, attributes: &[(Name, String)]) -> PyResult<()> {
        let tag = self.name(name);
        if let Some(builder) = builder {
            let attrib = match attributes {
                [] => None,
                attributes => Some(self.attributes(attributes)?.into_obj()),
            };
            let made = builder.begin(tag, attrib)?;
            return self.report(0, || made);
        }
        let Some(start) = self.handlers.start.load() else { return Ok(()) };
        let attrib = self.attributes(attributes)?.into_obj();
        counted::call(&start, &[tag, attrib]).map(drop)
    }
    fn end(&self, builder: Builder<'_>, name: Name) -> PyResult<()> {
        if let Some(builder) = builder {
            let ended = builder.finish()?;
            return self.report(1, || ended);
        }
        match self.handlers.end.load() {
            Some(end) => counted::call1(&end, &self.name(name)).map(drop),
            None => Ok(()),
        }
    }
    /// Text that nothing else is told of. Only references to unknown entities matter.
    fn other(&self, builder: Builder<'_>, text: &str) -> PyResult<()> {
        let Some(name) = text.strip_prefix('&') else { return Ok(()) };
        let name = name.strip_suffix(';').unwrap_or(name);
        let entity = self.entity.load().and_then(|entity| entity.into_py::<PyDict>().ok());
        let value = match entity {
            Some(entity) => entity.get(&str_obj(name))?.map(IntoStrong::into_strong),
            None => None,
        };
        let Some(value) = value else {
            let (_, line, column) = self.parser.lock().position();
            return Err(parse_error(
                Code::UndefinedEntity as i64,
                &format!("undefined entity &{name};"),
                line,
                column,
            ));
        };
        if let Some(builder) = builder {
            self.flush_text(Some(builder))?;
            return builder.add_text(value);
        }
        match self.handlers.data.load() {
            Some(data) => counted::call1(&data, &value).map(drop),
            None => Ok(()),
        }
    }
    fn doctype(&self, slf: &Obj, name: Obj, system: Obj, public: Obj) -> PyResult<()> {
        if let Some(doctype) = self.handlers.doctype.load() {
            return counted::call(&doctype, &[name, public, system]).map(drop);
        }
        if counted::getattr_opt(slf, &istr!("doctype"))?.is_some() {
            return taipan_objects::hooks::warn(
                "The doctype() method of XMLParser is ignored.  Define doctype() method on the TreeBuilder target.",
                types().runtime_warning.as_obj(),
                1,
            );
        }
        Ok(())
    }
    /// Tells the target of an event.
    pub(super) fn deliver(&self, slf: &Obj, builder: Builder<'_>, event: Event) -> PyResult<Answer> {
        let event = match event {
            Event::CharacterData(text) => return self.character_data(builder, text).map(|()| None),
            Event::UnknownEncoding(name) => return encoding_table(&name).map(Some),
            other => other,
        };
        self.flush_text(builder)?;
        match event {
            Event::StartElement { name, attributes, .. } => self.start(builder, name, &attributes),
            Event::EndElement(name) => self.end(builder, name),
            Event::Default(text) => self.other(builder, &text),
            Event::Comment(text) => {
                let text = str_obj(&text);
                match (builder, self.handlers.comment.load()) {
                    (Some(builder), _) => {
                        let made = builder.add_comment(&text)?;
                        self.report(4, || made)
                    }
                    (None, Some(comment)) => counted::call1(&comment, &text).map(drop),
                    (None, None) => Ok(()),
                }
            }
            Event::ProcessingInstruction(name, data) => {
                let (name, data) = (str_obj(&name), str_obj(&data));
                match (builder, self.handlers.pi.load()) {
                    (Some(builder), _) => {
                        let made = builder.add_instruction(&name, data)?;
                        self.report(5, || made)
                    }
                    (None, Some(pi)) => counted::call(&pi, &[name, data]).map(drop),
                    (None, None) => Ok(()),
                }
            }
            Event::StartNamespace(prefix, uri) => {
                let text = |text: Option<String>| str_obj(&text.unwrap_or_default());
                let (prefix, uri) = (text(prefix), text(uri));
                match (builder, self.handlers.start_ns.load()) {
                    (None, Some(start)) => counted::call(&start, &[prefix, uri]).map(drop),
                    _ => self.report(2, || tuple_obj(vec![prefix, uri])),
                }
            }
            Event::EndNamespace(prefix) => match (builder, self.handlers.end_ns.load()) {
                (None, Some(end)) => counted::call1(&end, &str_obj(&prefix.unwrap_or_default())).map(drop),
                _ => self.report(3, none),
            },
            Event::Seldom(seldom) => match *seldom {
                Seldom::StartDoctype { name, system, public, .. } => {
                    self.doctype(slf, str_obj(&name), given(system), given(public))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
        .map(|()| None)
    }
}
