//! `_csv.reader`: splits lines into fields with a small state machine.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::units::{TextBuf, Units};
use taipan_threading::sync::atomic::{AtomicUsize, Ordering};

use super::dialect::{IN_FIELD, IN_QUOTES, PyDialect, Quoting, Rules};
use super::{csv_error, field_limit};

/// `_csv.reader`.
#[repr(C)]
pub struct PyReader {
    header: Header,
    lines: Obj,
    dialect: Py<PyDialect>,
    line_num: AtomicUsize,
    /// The thread that has read the last record, or 0. Threads that share a reader read a record each; but what the lines of a record are
    /// asked for may not take the following lines itself.
    finished_by: AtomicUsize,
}
layout!(PyReader, "reader", [lines, dialect]);

pub fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_csv.reader", PyReader::ops())
            .slots(TypeSlots { iter: Some(|r| Ok(r.clone())), iternext: Some(next_record), ..TypeSlots::EMPTY })
            .getset(PyReader::getset())
            .doc("CSV reader\n\nReader objects are responsible for reading and parsing tabular data\nin CSV format.")
            .no_instantiation()
            .make()
    })
}

pub fn make(lines: Obj, dialect: Py<PyDialect>) -> Obj {
    new_instance(class(), |header| PyReader {
        header,
        lines,
        dialect,
        line_num: AtomicUsize::new(0),
        finished_by: AtomicUsize::new(0),
    })
    .into_obj()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    StartRecord,
    StartField,
    EscapedChar,
    InField,
    InQuotedField,
    EscapeInQuotedField,
    QuoteInQuotedField,
    EatNewline,
    AfterEscapedNewline,
}

/// What a line consists of: characters, then its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Char(u32),
    End,
}

/// A record being read.
struct Record<'a> {
    rules: &'a Rules,
    place: State,
    field: TextBuf,
    /// The field began without a quote, so that it may be a number or None.
    unquoted: bool,
    fields: Vec<Obj>,
    limit: usize,
}

fn is_newline(c: u32) -> bool {
    c == 10 || c == 13
}

impl Record<'_> {
    fn save(&mut self) -> PyResult<()> {
        let text = match &mut self.field {
            // Keeps its memory for the next field.
            TextBuf::Latin1(bytes) if bytes.len() < 1024 => {
                let text = PyStr::from_latin1(bytes);
                bytes.clear();
                text
            }
            field => PyStr::from_units(std::mem::take(field)),
        };
        self.save_text(text)
    }
    fn save_text(&mut self, text: Py<PyStr>) -> PyResult<()> {
        let quoting = self.rules.quoting;
        if self.unquoted && text.is_empty() && matches!(quoting, Quoting::Notnull | Quoting::Strings) {
            self.fields.push(none());
            return Ok(());
        }
        let numeric =
            self.unquoted && !text.is_empty() && matches!(quoting, Quoting::Nonnumeric | Quoting::Strings);
        let text = text.into_obj();
        self.fields.push(if numeric { call1(types().float.as_obj(), &text)? } else { text });
        Ok(())
    }
    /// Takes ordinary characters at once, or a whole field of them; returns how many.
    fn take_run(&mut self, rest: &[u8]) -> PyResult<usize> {
        let rules = self.rules;
        let run_of = |kind: u8, bytes: &[u8]| {
            bytes
                .iter()
                .position(|&byte| rules.ordinary[usize::from(byte)] & kind == 0)
                .unwrap_or(bytes.len())
        };
        match self.place {
            State::StartRecord | State::StartField => {
                let Some(&first) = rest.first() else { return Ok(0) };
                let quoted = usize::from(self.is_quote(first.into()));
                if quoted == 0 && first == b' ' && rules.skipinitialspace {
                    return Ok(0);
                }
                let len = run_of(if quoted == 1 { IN_QUOTES } else { IN_FIELD }, &rest[quoted..]);
                let end = quoted + len;
                let is_closed = rules.doublequote
                    && rest.get(end).is_some_and(|&byte| quoted == 1 && self.is_quote(byte.into()));
                // What neither is closed nor has a character may be no field.
                if !is_closed && (quoted == 1 || len == 0) || len > self.limit {
                    return Ok(0);
                }
                let behind = end + quoted;
                self.place = match rest.get(behind) {
                    Some(&byte) if u32::from(byte) == rules.delimiter => State::StartField,
                    Some(b'\n' | b'\r') => State::EatNewline,
                    _ => return Ok(0),
                };
                self.unquoted = quoted == 0;
                self.save_text(PyStr::from_latin1(&rest[quoted..end]))?;
                Ok(behind + 1)
            }
            State::InField | State::InQuotedField => {
                let kind = if self.place == State::InField { IN_FIELD } else { IN_QUOTES };
                let len = run_of(kind, rest).min(self.limit.saturating_sub(self.field.len()));
                self.field.push_latin1(&rest[..len]);
                Ok(len)
            }
            _ => Ok(0),
        }
    }
    fn push(&mut self, c: u32) -> PyResult<()> {
        if self.field.len() >= self.limit {
            return Err(csv_error(&format!("field larger than field limit ({})", self.limit)));
        }
        self.field.push(c);
        Ok(())
    }
    fn is_quote(&self, c: u32) -> bool {
        self.rules.quotechar == Some(c) && self.rules.quoting != Quoting::None
    }

    fn feed(&mut self, input: Input) -> PyResult<()> {
        use Input::{Char, End};
        use State::*;
        match (self.place, input) {
            (StartRecord, End) => {}
            (StartRecord, Char(c)) if is_newline(c) => self.place = EatNewline,
            (StartRecord | StartField, input) => self.start_field(input)?,
            (EscapedChar, Char(c)) if is_newline(c) => {
                self.push(c)?;
                self.place = AfterEscapedNewline;
            }
            (EscapedChar, input) => {
                self.push(if let Char(c) = input { c } else { 10 })?;
                self.place = InField;
            }
            (AfterEscapedNewline, End) => {}
            (AfterEscapedNewline | InField, input) => self.in_field(input)?,
            (InQuotedField, End) => {}
            (InQuotedField, Char(c)) if self.rules.escapechar == Some(c) => self.place = EscapeInQuotedField,
            (InQuotedField, Char(c)) if self.is_quote(c) => {
                self.place = if self.rules.doublequote { QuoteInQuotedField } else { InField };
            }
            (InQuotedField, Char(c)) => self.push(c)?,
            (EscapeInQuotedField, input) => {
                self.push(if let Char(c) = input { c } else { 10 })?;
                self.place = InQuotedField;
            }
            (QuoteInQuotedField, Char(c)) if self.is_quote(c) => {
                self.push(c)?;
                self.place = InQuotedField;
            }
            (QuoteInQuotedField, Char(c)) if c == self.rules.delimiter => {
                self.save()?;
                self.place = StartField;
            }
            (QuoteInQuotedField, End) => {
                self.save()?;
                self.place = StartRecord;
            }
            (QuoteInQuotedField, Char(c)) if is_newline(c) => {
                self.save()?;
                self.place = EatNewline;
            }
            (QuoteInQuotedField, Char(c)) => {
                if self.rules.strict {
                    let shown = |c: u32| char::from_u32(c).unwrap_or('\u{fffd}');
                    return Err(csv_error(&format!(
                        "'{}' expected after '{}'",
                        shown(self.rules.delimiter),
                        shown(self.rules.quotechar.unwrap_or(0))
                    )));
                }
                self.push(c)?;
                self.place = InField;
            }
            (EatNewline, Char(c)) if is_newline(c) => {}
            (EatNewline, End) => self.place = StartRecord,
            (EatNewline, Char(_)) => {
                return Err(csv_error(
                    "new-line character seen in unquoted field - do you need to open the file with newline=''?",
                ));
            }
        }
        Ok(())
    }

    fn start_field(&mut self, input: Input) -> PyResult<()> {
        self.unquoted = true;
        match input {
            Input::End => {
                self.save()?;
                self.place = State::StartRecord;
            }
            Input::Char(c) if is_newline(c) => {
                self.save()?;
                self.place = State::EatNewline;
            }
            Input::Char(c) if self.is_quote(c) => {
                self.unquoted = false;
                self.place = State::InQuotedField;
            }
            Input::Char(c) if self.rules.escapechar == Some(c) => self.place = State::EscapedChar,
            Input::Char(32) if self.rules.skipinitialspace => self.place = State::StartField,
            Input::Char(c) if c == self.rules.delimiter => {
                self.save()?;
                self.place = State::StartField;
            }
            Input::Char(c) => {
                self.push(c)?;
                self.place = State::InField;
            }
        }
        Ok(())
    }

    fn in_field(&mut self, input: Input) -> PyResult<()> {
        match input {
            Input::End => {
                self.save()?;
                self.place = State::StartRecord;
            }
            Input::Char(c) if is_newline(c) => {
                self.save()?;
                self.place = State::EatNewline;
            }
            Input::Char(c) if self.rules.escapechar == Some(c) => self.place = State::EscapedChar,
            Input::Char(c) if c == self.rules.delimiter => {
                self.save()?;
                self.place = State::StartField;
            }
            Input::Char(c) => {
                self.push(c)?;
                self.place = State::InField;
            }
        }
        Ok(())
    }
}

fn next_record(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(this) = obj.downcast::<PyReader>() else { return Err(type_error("expected a reader")) };
    let rules = &this.dialect.rules;
    let thread = taipan_threading::current().map_or(0, |thread| thread.pthread_id());
    let mut record = Record {
        rules,
        place: State::StartRecord,
        field: TextBuf::new(),
        unquoted: false,
        fields: Vec::new(),
        limit: field_limit(),
    };
    loop {
        this.finished_by.store(0, Ordering::Relaxed);
        let line = next(&this.lines)?;
        let is_advanced = this.finished_by.load(Ordering::Relaxed) == thread;
        let Some(line) = line else {
            if is_advanced {
                return Ok(None);
            }
            if !record.field.is_empty() || record.place == State::InQuotedField {
                if rules.strict {
                    return Err(csv_error("unexpected end of data"));
                }
                record.save()?;
                break;
            }
            if !matches!(record.place, State::StartRecord) && !record.fields.is_empty() {
                record.save()?;
                break;
            }
            return Ok(None);
        };
        if is_advanced {
            return Err(csv_error("iterator has already advanced the reader"));
        }
        let Some(text) = line.downcast::<PyStr>() else {
            return Err(csv_error(&format!(
                "iterator should return strings, not {} (the file should be opened in text mode)",
                class_of(&line).name()
            )));
        };
        this.line_num.fetch_add(1, Ordering::Relaxed);
        let units = text.units();
        let mut at = 0;
        while at < units.len() {
            if let Units::Latin1(bytes) = units {
                let run = record.take_run(&bytes[at..])?;
                at += run;
                if run > 0 {
                    continue;
                }
            }
            record.feed(Input::Char(units.at(at)))?;
            at += 1;
        }
        record.feed(Input::End)?;
        if record.place == State::StartRecord {
            break;
        }
    }
    this.finished_by.store(thread, Ordering::Relaxed);
    Ok(Some(list_obj(record.fields)))
}

#[pymethods(class = "reader")]
impl PyReader {
    #[pygetset]
    fn dialect(&self) -> Obj {
        self.dialect.as_obj().clone()
    }
    #[pygetset]
    fn line_num(&self) -> usize {
        self.line_num.load(Ordering::Relaxed)
    }
}
