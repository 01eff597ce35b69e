//! `XMLParser`: drives the XML parser of `pyexpat` and tells a target of what it reads, a `TreeBuilder` without a call in between. As in
//! `pyexpat`, `parsing` keeps a second call out.

mod deliver;

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::layout::TraceField;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::singletons::is_none;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_threading::sync::atomic::AtomicBool;

use super::tree_builder::{self, PyTreeBuilder};
use crate::native_class::{class_argument, receiver};
use crate::new_exception::new_exception;
use crate::pyexpat::driven::{self, Driven, NameStrings};
use crate::pyexpat::parser::{Failure, Parser, Wanted};
use crate::pyexpat::{VERSION, text_of_error};
use crate::running::Running;
use crate::{counted, native_class};

/// Bytes that are read of a file at once.
const CHUNK: i64 = 64 << 10;

native_class!(
    /// `xml.etree.ElementTree.ParseError`.
    pub fn error_class() = new_exception("xml.etree.ElementTree.ParseError", &types().syntax_error)
);

/// A target's methods; those that it lacks are empty.
#[derive(Default)]
struct Handlers {
    start: Slot,
    end: Slot,
    data: Slot,
    comment: Slot,
    pi: Slot,
    start_ns: Slot,
    end_ns: Slot,
    doctype: Slot,
    close: Slot,
}

impl Handlers {
    fn named(&self) -> [(&'static str, &Slot); 9] {
        [
            ("start", &self.start),
            ("end", &self.end),
            ("data", &self.data),
            ("comment", &self.comment),
            ("pi", &self.pi),
            ("start_ns", &self.start_ns),
            ("end_ns", &self.end_ns),
            ("doctype", &self.doctype),
            ("close", &self.close),
        ]
    }
}

/// The names of events, in the order of [`Reported::names`].
const EVENTS: [&str; 6] = ["start", "end", "start-ns", "end-ns", "comment", "pi"];

/// What is reported, and where to.
#[derive(Default)]
struct Reported {
    append: Option<Obj>,
    names: [Option<Obj>; EVENTS.len()],
}

impl TraceField for Reported {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        self.append.trace_field(tracer);
        for name in &self.names {
            name.trace_field(tracer);
        }
    }
}

/// The target, if it is a builder that is told without calls.
type Builder<'a> = Option<&'a PyTreeBuilder>;

/// `XMLParser`.
#[repr(C)]
pub struct PyXmlParser {
    header: Header,
    parser: Driven,
    target: Slot,
    entity: Slot,
    handlers: Handlers,
    reported: ShortMutex<Reported>,
    /// Names as they are told to the target.
    names: NameStrings,
    /// Text for a tree builder that waits for more of it.
    text: ShortMutex<String>,
    parsing: AtomicBool,
}
layout!(
    PyXmlParser,
    "xml.etree.ElementTree.XMLParser",
    trace = |this, tracer| {
        this.target.trace(tracer);
        this.entity.trace(tracer);
        for (_, slot) in this.handlers.named() {
            slot.trace(tracer);
        }
        this.reported.trace_field(tracer);
    }
);

native_class!(
    /// `xml.etree.ElementTree.XMLParser`.
    pub fn class() = TypeBuilder::new("xml.etree.ElementTree.XMLParser", PyXmlParser::ops())
        .flag(type_flags::IMMUTABLE)
        .slots(TypeSlots { new: Some(construct), init: Some(init), ..TypeSlots::EMPTY })
        .methods(PyXmlParser::methods())
        .getset(PyXmlParser::getset())
        .make()
);

fn construct(class: &Obj, _args: &Args<'_>) -> PyResult<Obj> {
    let class = class_argument::<PyXmlParser>(class)?;
    Ok(new_instance(class, |header| PyXmlParser {
        header,
        parser: ShortMutex::new(Box::new(Parser::new(None, Some(Some('}'))))),
        target: Slot::empty(),
        entity: Slot::empty(),
        handlers: Handlers::default(),
        reported: ShortMutex::default(),
        names: NameStrings::default(),
        text: ShortMutex::default(),
        parsing: AtomicBool::new(false),
    })
    .into_obj())
}

#[pyargs(name = "XMLParser", sig = "(*, target=None, encoding=None)")]
fn init(slf: &Obj, target: Option<&Obj>, encoding: Option<&Obj>) -> PyResult<()> {
    let this = receiver::<PyXmlParser>(slf)?;
    let encoding = match encoding.filter(|encoding| !is_none(encoding)) {
        None => None,
        Some(given) => match given.downcast::<PyStr>() {
            Some(text) => Some(text.utf8()?.into_owned()),
            None => {
                return Err(type_error(format!(
                    "XMLParser() argument 'encoding' must be str or None, not {}",
                    class_of(given).name()
                )));
            }
        },
    };
    let target = match target.filter(|target| !is_none(target)) {
        Some(target) => target.clone(),
        None => counted::call(tree_builder::class().as_obj(), &[])?,
    };
    for (name, slot) in this.handlers.named() {
        drop(slot.replace(counted::getattr_opt(&target, &intern(name))?));
    }
    this.names.replace(&this.parser, Box::new(Parser::new(encoding, Some(Some('}')))));
    let reported = std::mem::take(&mut *this.reported.lock());
    drop(reported);
    this.text.lock().clear();
    this.entity.store(dict_obj().into_obj());
    this.target.store(target);
    Ok(())
}

/// Raises a `ParseError`.
fn parse_error(code: i64, text: &str, line: u64, column: u64) -> Raised {
    let message = format!("{text}: line {line}, column {column}");
    let error = match counted::call1(error_class().as_obj(), &str_obj(&message)) {
        Ok(error) => error,
        Err(raised) => return raised,
    };
    let position = tuple_obj(vec![int_obj(line as i64), int_obj(column as i64)]);
    for (name, value) in [("code", int_obj(code)), ("position", position)] {
        if let Err(raised) = setattr(&error, &intern(name), &value) {
            return raised;
        }
    }
    raise(error)
}

impl PyXmlParser {
    fn ready(&self) -> PyResult<Obj> {
        self.target.load().ok_or_else(|| value_error("XMLParser.__init__() wasn't called"))
    }
    fn enter(&self, function: &str) -> PyResult<Running<'_>> {
        self.ready()?;
        driven::begin(&self.parsing, function)
    }
    fn failure(&self, failure: Failure) -> Raised {
        let (line, column) = driven::fail(&self.parser, failure);
        let code = failure.code as i64;
        parse_error(code, text_of_error(code).unwrap_or("(null)"), line, column)
    }
    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::START_ELEMENT
            | Wanted::END_ELEMENT
            | Wanted::CHARACTER_DATA
            | Wanted::DEFAULT
            | Wanted::EXPAND
            | Wanted::START_DOCTYPE;
        let reported = self.reported.lock();
        let handlers = &self.handlers;
        wanted.set(Wanted::COMMENT, !handlers.comment.is_empty());
        wanted.set(Wanted::PROCESSING_INSTRUCTION, !handlers.pi.is_empty());
        wanted.set(Wanted::START_NAMESPACE, !handlers.start_ns.is_empty() || reported.names[2].is_some());
        wanted.set(Wanted::END_NAMESPACE, !handlers.end_ns.is_empty() || reported.names[3].is_some());
        wanted
    }
    /// Feeds a piece and tells the target what it brings.
    fn parse(&self, slf: &Obj, data: &[u8], last: bool) -> PyResult<()> {
        driven::feed(&self.parser, data, last).map_err(|code| self.failure(code.into()))?;
        let target = self.ready()?;
        let builder = exact_builder(&target);
        let result = self.run(slf, builder);
        if result.is_err() {
            self.text.lock().clear();
            return result;
        }
        if last {
            self.parser.lock().finished = true;
        }
        self.flush_text(builder)
    }
    fn run(&self, slf: &Obj, builder: Builder<'_>) -> PyResult<()> {
        let wanted = self.wanted();
        loop {
            let step = self.parser.lock().next(wanted);
            let event = match step {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(()),
                Err(failure) => {
                    self.flush_text(builder)?;
                    return Err(self.failure(failure));
                }
            };
            let answer = match self.deliver(slf, builder, event) {
                Ok(answer) => answer,
                Err(raised) => {
                    driven::skip_rest(&self.parser);
                    return Err(raised);
                }
            };
            if let Some(table) = answer
                && let Err(failure) = { self.parser.lock().reply_encoding(table) }
            {
                return Err(self.failure(failure));
            }
        }
    }
    fn feed_object(&self, slf: &Obj, data: &Obj) -> PyResult<()> {
        if let Some(text) = data.downcast::<PyStr>() {
            let text = text.utf8()?;
            driven::expect_utf8(&self.parser);
            return self.parse(slf, text.as_bytes(), false);
        }
        if let Some(bytes) = data.downcast::<PyBytes>() {
            return self.parse(slf, bytes.as_slice(), false);
        }
        self.parse(slf, &buffer::to_vec(data)?, false)
    }
    /// What the target makes of all that it was told.
    fn finish(&self, slf: &Obj) -> PyResult<Obj> {
        self.parse(slf, b"", true)?;
        let target = self.ready()?;
        if let Some(builder) = exact_builder(&target) {
            return Ok(builder.root());
        }
        match self.handlers.close.load() {
            Some(close) => counted::call(&close, &[]),
            None => Ok(none()),
        }
    }
}

fn exact_builder(target: &Obj) -> Builder<'_> {
    class_of(target).is(tree_builder::class()).then(|| target.downcast::<PyTreeBuilder>()).flatten()
}

fn this(obj: &Obj) -> PyResult<&PyXmlParser> {
    receiver::<PyXmlParser>(obj)
}

#[pymethods(class = "xml.etree.ElementTree.XMLParser")]
impl PyXmlParser {
    #[pygetset]
    fn entity(&self) -> Obj {
        self.entity.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn target(&self) -> Obj {
        self.target.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn version(&self) -> String {
        let [major, minor, micro] = VERSION;
        format!("Expat {major}.{minor}.{micro}")
    }
    #[pymethod]
    fn feed(slf: &Obj, data: &Obj) -> PyResult<()> {
        let this = this(slf)?;
        let _parsing = this.enter("feed")?;
        this.feed_object(slf, data)
    }
    #[pymethod]
    fn close(slf: &Obj) -> PyResult<Obj> {
        let this = this(slf)?;
        let _parsing = this.enter("close")?;
        this.finish(slf)
    }
    #[pymethod]
    fn flush(slf: &Obj) -> PyResult<()> {
        let this = this(slf)?;
        let _parsing = this.enter("flush")?;
        let before = std::mem::replace(&mut this.parser.lock().reparse_deferral, false);
        let result = this.parse(slf, b"", false);
        this.parser.lock().reparse_deferral = before;
        result
    }
    #[pymethod]
    fn _parse_whole(slf: &Obj, file: &Obj) -> PyResult<Obj> {
        let this = this(slf)?;
        let _parsing = this.enter("_parse_whole")?;
        let read = counted::getattr(file, "read")?;
        loop {
            let data = counted::call1(&read, &int_obj(CHUNK))?;
            match (data.downcast::<PyStr>(), data.downcast::<PyBytes>()) {
                (Some(text), _) if !text.is_empty() => {}
                (_, Some(bytes)) if !bytes.is_empty() => {}
                _ => break,
            }
            this.feed_object(slf, &data)?;
        }
        this.finish(slf)
    }
    #[pymethod(sig = "(events_queue, events_to_report=None, /)")]
    fn _setevents(&self, events_queue: &Obj, events_to_report: Option<&Obj>) -> PyResult<()> {
        let target = self.ready()?;
        if exact_builder(&target).is_none() {
            return Err(type_error("event handling only supported for ElementTree.TreeBuilder targets"));
        }
        let mut reported =
            Reported { append: Some(counted::getattr(events_queue, "append")?), ..Reported::default() };
        match events_to_report.filter(|events| !is_none(events)) {
            None => reported.names[1] = Some(str_obj(EVENTS[1])),
            Some(events) => {
                let events = counted::iter(events)?;
                while let Some(name) = counted::next(&events)? {
                    let Some(text) = name.downcast::<PyStr>() else {
                        return Err(value_error("invalid events sequence"));
                    };
                    let Some(at) = EVENTS.iter().position(|known| text.eq_str(known)) else {
                        return Err(value_error(format!("unknown event '{}'", text.to_string_lossy())));
                    };
                    reported.names[at] = Some(name);
                }
            }
        }
        let old = std::mem::replace(&mut *self.reported.lock(), reported);
        drop(old);
        Ok(())
    }
}
