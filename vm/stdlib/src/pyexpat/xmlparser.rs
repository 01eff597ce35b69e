//! `pyexpat.xmlparser`; `parsing` keeps a second call of `Parse`, from a handler or from another thread, out.

use taipan_objects::buffer;
use taipan_objects::bytes::PyBytes;
use taipan_objects::dict::PyDict;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_threading::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::driven::{self, Driven, NameStrings};
use super::expat_error;
use super::handlers::{EXPAND, NAMES, Reply};
use super::parser::names::Name;
use super::parser::{Code, Failure, ParamEntities, Parser, Wanted};
use crate::running::Running;
use crate::{counted, native_class};

const CHUNK: i64 = 2048;

/// `pyexpat.xmlparser`.
#[repr(C)]
pub struct PyXmlParser {
    header: Header,
    parser: Driven,
    names: NameStrings,
    /// Handlers, in the order of [`NAMES`].
    pub handlers: [Slot; NAMES.len()],
    pub intern: Slot,
    parent: Slot,
    /// Character data that waits for more of it.
    pub buffer: ShortMutex<String>,
    pub buffer_size: AtomicUsize,
    pub buffer_text: AtomicBool,
    pub ordered_attributes: AtomicBool,
    pub specified_attributes: AtomicBool,
    /// The default handler set last is the one that has entities expanded.
    pub expands: AtomicBool,
    pub in_handler: AtomicBool,
    parsing: AtomicBool,
}
layout!(PyXmlParser, "pyexpat.xmlparser", [handlers, intern, parent]);

native_class!(
    /// `pyexpat.xmlparser`.
    pub fn class() = TypeBuilder::new("pyexpat.xmlparser", PyXmlParser::ops())
        .no_instantiation()
        .methods(PyXmlParser::methods())
        .getset(all_getset())
        .doc("XML parser")
        .make()
);

/// The attributes written below, and one for each handler.
fn all_getset() -> &'static [GetSetDef] {
    macro_rules! handler {
        ($($index:literal)*) => {
            [$(GetSetDef {
                name: NAMES[$index],
                get: |obj| Ok(this(obj)?.handlers[$index].load().unwrap_or_else(none)),
                set: Some(|obj, value| this(obj)?.set_handler($index, value)),
                doc: "",
            }),*]
        };
    }
    let mut all: Vec<GetSetDef> = handler!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21).into();
    let own = PyXmlParser::getset();
    all.extend(own.iter().map(|def| GetSetDef { name: def.name, get: def.get, set: def.set, doc: def.doc }));
    Box::leak(all.into_boxed_slice())
}

fn this(obj: &Obj) -> PyResult<&PyXmlParser> {
    crate::native_class::receiver::<PyXmlParser>(obj)
}

fn make(parser: Parser, intern: Option<Obj>, parent: Option<Obj>) -> Py<PyXmlParser> {
    new_instance(class(), |header| PyXmlParser {
        header,
        parser: ShortMutex::new(Box::new(parser)),
        names: NameStrings::default(),
        handlers: [const { Slot::empty() }; NAMES.len()],
        intern: Slot::from_option(intern),
        parent: Slot::from_option(parent),
        buffer: ShortMutex::new(String::new()),
        buffer_size: AtomicUsize::new(8192),
        buffer_text: AtomicBool::new(false),
        ordered_attributes: AtomicBool::new(false),
        specified_attributes: AtomicBool::new(false),
        expands: AtomicBool::new(false),
        in_handler: AtomicBool::new(false),
        parsing: AtomicBool::new(false),
    })
}

/// `ParserCreate()`.
pub fn create(encoding: Option<&str>, separator: Option<&str>, intern: Option<&Obj>) -> PyResult<Obj> {
    let separator = match separator {
        None => None,
        Some(text) => {
            let mut chars = text.chars();
            let first = chars.next();
            if chars.next().is_some() {
                return Err(value_error(
                    "namespace_separator must be at most one character, omitted, or None",
                ));
            }
            Some(first)
        }
    };
    let intern = match intern {
        None => Some(dict_obj().into_obj()),
        Some(given) if is_none(given) => None,
        Some(given) if given.is_layout::<PyDict>() => Some(given.clone()),
        Some(_) => return Err(type_error("intern must be a dictionary")),
    };
    Ok(make(Parser::new(encoding.map(str::to_owned), separator), intern, None).into_obj())
}

impl PyXmlParser {
    fn set_handler(&self, index: usize, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(runtime_error("Cannot delete attribute")) };
        if index == 2 {
            self.flush()?;
        }
        if index == EXPAND || index == 7 {
            self.expands.store(index == EXPAND, Ordering::Relaxed);
        }
        let value = Some(value.clone()).filter(|value| !is_none(value));
        drop(self.handlers[index].replace(value));
        Ok(())
    }
    /// A name as a string.
    pub fn name(&self, name: Name) -> Obj {
        self.names.get(&self.parser, name, str_obj)
    }
    fn wanted(&self) -> Wanted {
        let mut bits = 0;
        for (i, slot) in self.handlers.iter().enumerate().take(EXPAND) {
            bits |= u32::from(!slot.is_empty()) << i;
        }
        let mut wanted = Wanted::from_bits_truncate(bits);
        if self.expands.load(Ordering::Relaxed) {
            wanted.set(Wanted::EXPAND, true);
            wanted.set(Wanted::DEFAULT, !self.handlers[EXPAND].is_empty());
        }
        wanted
    }
    fn enter(&self, function: &str) -> PyResult<Running<'_>> {
        driven::begin(&self.parsing, function)
    }
    /// The exception of a failure; the parser stays where it failed.
    fn failure(&self, failure: Failure) -> Raised {
        let (line, column) = driven::fail(&self.parser, failure);
        expat_error(failure.code as i64, None, line, column)
    }
    /// Feeds a piece and calls the handlers of what it brings.
    fn parse(&self, data: &[u8], last: bool) -> PyResult<()> {
        driven::feed(&self.parser, data, last).map_err(|code| self.failure(code.into()))?;
        self.run()?;
        if last {
            self.parser.lock().finished = true;
        }
        self.flush()
    }
    fn run(&self) -> PyResult<()> {
        loop {
            let wanted = self.wanted();
            let step = self.parser.lock().next(wanted);
            let event = match step {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(()),
                Err(failure) => {
                    self.flush()?;
                    return Err(self.failure(failure));
                }
            };
            let reply = match self.deliver(event) {
                Ok(reply) => reply,
                Err(raised) => {
                    self.give_up();
                    return Err(raised);
                }
            };
            let result = match reply {
                Reply::None => Ok(()),
                Reply::Answer(yes) => self.parser.lock().reply(yes),
                Reply::Encoding(table) => self.parser.lock().reply_encoding(table),
            };
            if let Err(failure) = result {
                return Err(self.failure(failure));
            }
        }
    }
    /// A handler raised: no handler is called any more, and the rest of the text is only read.
    fn give_up(&self) {
        for slot in &self.handlers {
            drop(slot.take());
        }
        self.buffer.lock().clear();
        driven::skip_rest(&self.parser);
    }
    fn root_only(&self) -> PyResult<()> {
        if self.parser.lock().root { Ok(()) } else { Err(self.invalid("parser must be a root parser")) }
    }
    fn invalid(&self, text: &str) -> Raised {
        let (_, line, column) = self.parser.lock().position();
        expat_error(Code::InvalidArgument as i64, Some(text), line, column)
    }
    fn factor(&self, factor: f64) -> PyResult<f32> {
        self.root_only()?;
        let factor = factor as f32;
        if factor.is_nan() || factor < 1.0 {
            return Err(self.invalid("'max_factor' must be at least 1.0"));
        }
        Ok(factor)
    }
    fn flag(value: Option<&Obj>) -> PyResult<bool> {
        match value {
            Some(value) => is_true(value),
            None => Err(runtime_error("Cannot delete attribute")),
        }
    }
}

#[pymethods(class = "pyexpat.xmlparser")]
impl PyXmlParser {
    /// Parse XML data.
    ///
    /// 'isfinal' should be true at end of input.
    #[pymethod(sig = "(data, isfinal=False, /)")]
    fn Parse(&self, data: &Obj, isfinal: bool) -> PyResult<i64> {
        let _parsing = self.enter("Parse")?;
        match data.downcast::<PyStr>() {
            Some(text) => {
                let text = text.utf8()?;
                driven::expect_utf8(&self.parser);
                self.parse(text.as_bytes(), isfinal)?;
            }
            None => {
                let bytes = buffer::to_vec(data)?;
                self.parse(&bytes, isfinal)?;
            }
        }
        Ok(1)
    }
    /// Parse XML data from a binary file-like object.
    #[pymethod]
    fn ParseFile(&self, file: &Obj) -> PyResult<i64> {
        let _parsing = self.enter("ParseFile")?;
        let Some(read) = counted::getattr_opt(file, &istr!("read"))? else {
            return Err(type_error("argument must have 'read' attribute"));
        };
        loop {
            let data = counted::call1(&read, &int_obj(CHUNK))?;
            if !data.is_layout::<PyBytes>() && !data.is_layout::<taipan_objects::bytearray::PyByteArray>() {
                return Err(type_error(format!(
                    "read() did not return a bytes object (type={})",
                    class_of(&data).name()
                )));
            }
            let bytes = buffer::to_vec(&data)?;
            if bytes.len() as i64 > CHUNK {
                return Err(value_error(format!(
                    "read() returned too much data: {CHUNK} bytes requested, {} returned",
                    bytes.len()
                )));
            }
            self.parse(&bytes, bytes.is_empty())?;
            if bytes.is_empty() {
                return Ok(1);
            }
        }
    }
    /// Create a parser for parsing an external entity based on the information passed to the ExternalEntityRefHandler.
    #[pymethod(sig = "(context, encoding=<unrepresentable>, /)")]
    fn ExternalEntityParserCreate(slf: &Obj, context: Option<&str>, encoding: Option<&str>) -> PyResult<Obj> {
        let this = this(slf)?;
        let parser = this.parser.lock().external(context, encoding.map(str::to_owned));
        let made = make(parser, this.intern.load(), Some(slf.clone()));
        for (to, from) in made.handlers.iter().zip(&this.handlers) {
            drop(to.replace(from.load()));
        }
        let flags = [
            (&made.buffer_text, &this.buffer_text),
            (&made.ordered_attributes, &this.ordered_attributes),
            (&made.specified_attributes, &this.specified_attributes),
            (&made.expands, &this.expands),
        ];
        flags.into_iter().for_each(|(to, from)| to.store(from.load(Ordering::Relaxed), Ordering::Relaxed));
        made.buffer_size.store(this.buffer_size.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(made.into_obj())
    }
    /// Set the base URL for the parser.
    #[pymethod]
    fn SetBase(&self, base: &str) {
        self.parser.lock().base = Some(base.to_owned());
    }
    /// Return base URL string for the parser.
    #[pymethod]
    fn GetBase(&self) -> Option<String> {
        self.parser.lock().base.clone()
    }
    /// Return the input which generated the current event as bytes.
    ///
    /// If the event was generated by a large amount of text, not all of it may be returned.
    #[pymethod]
    fn GetInputContext(&self) -> Option<Obj> {
        if !self.in_handler.load(Ordering::Acquire) {
            return None;
        }
        let context = self.parser.lock().input_context();
        context.map(|bytes| PyBytes::from_vec(bytes).into_obj())
    }
    /// Controls parsing of parameter entities (including the external DTD subset).
    #[pymethod]
    fn SetParamEntityParsing(&self, flag: i32) -> i64 {
        let mut parser = self.parser.lock();
        if parser.started {
            return 0;
        }
        parser.param_entities = match flag {
            0 => ParamEntities::Never,
            1 => ParamEntities::UnlessStandalone,
            2 => ParamEntities::Always,
            _ => return 0,
        };
        1
    }
    /// Allows the application to provide an artificial external subset if one is not specified as part of the document instance.
    #[pymethod(sig = "(flag=True, /)")]
    fn UseForeignDTD(&self, flag: bool) -> PyResult<()> {
        let started = {
            let mut parser = self.parser.lock();
            if !parser.started {
                parser.foreign_dtd = flag;
            }
            parser.started
        };
        if started {
            let (_, line, column) = self.parser.lock().position();
            return Err(expat_error(Code::CantChangeFeatureOnceParsing as i64, None, line, column));
        }
        Ok(())
    }
    /// Enable/Disable reparse deferral; enabled by default with Expat >=2.6.0.
    #[pymethod]
    fn SetReparseDeferralEnabled(&self, enabled: bool) {
        self.parser.lock().reparse_deferral = enabled;
    }
    /// Retrieve reparse deferral enabled status; always returns false with Expat <2.6.0.
    #[pymethod]
    fn GetReparseDeferralEnabled(&self) -> bool {
        self.parser.lock().reparse_deferral
    }
    /// Sets the number of output bytes needed to activate protection against billion laughs attacks.
    #[pymethod(sig = "(threshold, /)")]
    fn SetBillionLaughsAttackProtectionActivationThreshold(&self, threshold: u64) -> PyResult<()> {
        self.root_only()?;
        self.parser.lock().limits.lock().threshold = threshold;
        Ok(())
    }
    /// Sets the maximum tolerated amplification factor for protection against billion laughs attacks.
    #[pymethod(sig = "(max_factor, /)")]
    fn SetBillionLaughsAttackProtectionMaximumAmplification(&self, max_factor: f64) -> PyResult<()> {
        let factor = self.factor(max_factor)?;
        self.parser.lock().limits.lock().factor = factor;
        Ok(())
    }
    /// Sets the number of allocated bytes of dynamic memory needed to activate protection against disproportionate use of RAM.
    #[pymethod(sig = "(threshold, /)")]
    fn SetAllocTrackerActivationThreshold(&self, threshold: u64) -> PyResult<()> {
        self.root_only()?;
        self.parser.lock().limits.lock().memory_threshold = threshold;
        Ok(())
    }
    /// Sets the maximum amplification factor between direct input and bytes of dynamic memory allocated.
    #[pymethod(sig = "(max_factor, /)")]
    fn SetAllocTrackerMaximumAmplification(&self, max_factor: f64) -> PyResult<()> {
        let factor = self.factor(max_factor)?;
        self.parser.lock().limits.lock().memory_factor = factor;
        Ok(())
    }

    #[pygetset]
    fn intern(&self) -> Obj {
        self.intern.load().unwrap_or_else(none)
    }
    #[pygetset]
    fn ErrorCode(&self) -> i64 {
        self.parser.lock().failed.map_or(0, |code| code as i64)
    }
    #[pygetset]
    fn ErrorLineNumber(&self) -> u64 {
        self.parser.lock().position().1
    }
    #[pygetset]
    fn ErrorColumnNumber(&self) -> u64 {
        self.parser.lock().position().2
    }
    #[pygetset]
    fn ErrorByteIndex(&self) -> i64 {
        self.parser.lock().position().0
    }
    #[pygetset]
    fn CurrentLineNumber(&self) -> u64 {
        self.parser.lock().position().1
    }
    #[pygetset]
    fn CurrentColumnNumber(&self) -> u64 {
        self.parser.lock().position().2
    }
    #[pygetset]
    fn CurrentByteIndex(&self) -> i64 {
        self.parser.lock().position().0
    }
    #[pygetset]
    fn buffer_size(&self) -> usize {
        self.buffer_size.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "buffer_size")]
    fn set_buffer_size(&self, value: Option<&Obj>) -> PyResult<()> {
        let Some(value) = value else { return Err(runtime_error("Cannot delete attribute")) };
        if !is_exact_int(value) {
            return Err(type_error("buffer_size must be an integer"));
        }
        let size = i64::from_arg(value)?;
        if size <= 0 {
            return Err(value_error("buffer_size must be greater than zero"));
        }
        if size > i64::from(i32::MAX) {
            return Err(value_error(format!("buffer_size must not be greater than {}", i32::MAX)));
        }
        if size as usize != self.buffer_size.load(Ordering::Relaxed) {
            self.flush()?;
        }
        self.buffer_size.store(size as usize, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn buffer_used(&self) -> usize {
        self.buffer.lock().len()
    }
    #[pygetset]
    fn buffer_text(&self) -> bool {
        self.buffer_text.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "buffer_text")]
    fn set_buffer_text(&self, value: Option<&Obj>) -> PyResult<()> {
        let on = Self::flag(value)?;
        if !on {
            self.flush()?;
        }
        self.buffer_text.store(on, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn ordered_attributes(&self) -> bool {
        self.ordered_attributes.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "ordered_attributes")]
    fn set_ordered_attributes(&self, value: Option<&Obj>) -> PyResult<()> {
        self.ordered_attributes.store(Self::flag(value)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn specified_attributes(&self) -> bool {
        self.specified_attributes.load(Ordering::Relaxed)
    }
    #[pygetset(setter = "specified_attributes")]
    fn set_specified_attributes(&self, value: Option<&Obj>) -> PyResult<()> {
        self.specified_attributes.store(Self::flag(value)?, Ordering::Relaxed);
        Ok(())
    }
    #[pygetset]
    fn namespace_prefixes(&self) -> bool {
        self.parser.lock().triplets
    }
    #[pygetset(setter = "namespace_prefixes")]
    fn set_namespace_prefixes(&self, value: Option<&Obj>) -> PyResult<()> {
        let on = Self::flag(value)?;
        self.parser.lock().triplets = on;
        Ok(())
    }
}
