//! What the classes that drive a parser have in common. The parser is behind a mutex that is held for a token at a time, never while Python code runs.

use taipan_objects::prelude::*;
use taipan_objects::short_mutex::ShortMutex;
use taipan_threading::sync::atomic::AtomicBool;

use super::parser::names::Name;
use super::parser::{Code, Failure, Parser, Wanted};
use crate::running::Running;

/// A parser as the classes hold it.
pub type Driven = ShortMutex<Box<Parser>>;

/// The strings that were made of names, by their numbers. Strings, so nothing to trace.
#[derive(Default)]
pub struct NameStrings(ShortMutex<Vec<Option<Obj>>>);

impl NameStrings {
    /// The string of a name; `make` makes it when it is asked for first.
    pub fn get(&self, parser: &Driven, name: Name, make: impl FnOnce(&str) -> Obj) -> Obj {
        let mut strings = self.0.lock();
        if let Some(Some(known)) = strings.get(name.index()) {
            return known.clone();
        }
        let made = make(parser.lock().names.text(name));
        if strings.len() <= name.index() {
            strings.resize(name.index() + 1, None);
        }
        strings[name.index()].insert(made).clone()
    }
    /// Puts another parser in the place of one, whose names nobody asks for any more.
    pub fn replace(&self, parser: &Driven, new: Box<Parser>) {
        let old = {
            let mut strings = self.0.lock();
            (std::mem::take(&mut *strings), std::mem::replace(&mut *parser.lock(), new))
        };
        drop(old);
    }
}

/// Begins a call of the method `function`, which feeds a parser. Errors: `RuntimeError` if there is such a call already, of a handler's caller or of another thread.
pub fn begin<'a>(parsing: &'a AtomicBool, function: &str) -> PyResult<Running<'a>> {
    Running::begin(parsing)
        .ok_or_else(|| runtime_error(format!("cannot call {function}() from within a handler")))
}

/// What follows is UTF-8, whatever the document says, if it is its beginning.
pub fn expect_utf8(parser: &Driven) {
    let mut parser = parser.lock();
    if !parser.started {
        parser.protocol_encoding = Some("utf-8".to_owned());
    }
}

/// Gives the parser a piece to read. Errors: why it takes no more.
pub fn feed(parser: &Driven, data: &[u8], last: bool) -> Result<(), Code> {
    let mut parser = parser.lock();
    if parser.finished {
        return Err(Code::Finished);
    }
    match parser.failed {
        Some(code) => {
            parser.fail_again();
            Err(code)
        }
        None => {
            parser.feed(data, last);
            Ok(())
        }
    }
}

/// Remembers a failure; the line and the column where the parser stays.
pub fn fail(parser: &Driven, failure: Failure) -> (u64, u64) {
    let mut parser = parser.lock();
    parser.fail(failure);
    let (_, line, column) = parser.position();
    (line, column)
}

/// Only reads the rest of the text: a handler raised.
pub fn skip_rest(parser: &Driven) {
    loop {
        let mut parser = parser.lock();
        let step = parser.next(Wanted::empty());
        let result = match step {
            Ok(None) if parser.asks() => parser.reply_encoding(None),
            Ok(None) => return,
            Ok(Some(_)) => Ok(()),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = result {
            parser.fail(failure);
            return;
        }
    }
}
