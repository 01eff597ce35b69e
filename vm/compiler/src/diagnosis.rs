//! Why a source is wrong, in CPython's words and places.
//!
//! The parser that makes the syntax tree says that a source is wrong; it does not find what CPython would say. This one makes
//! no tree: it parses again by CPython's own method (a grammar tried rule by rule, a second pass with rules for
//! known mistakes, tokens read only as far as rules look), so messages and places agree. It runs only when a
//! source is wrong or interactive, so it may be slow; time stays linear through its memory of results.

mod escape;
mod grammar;
mod mistakes;
mod parser;
mod token;
mod tokenizer;

use std::borrow::Cow;

use ruff_python_ast::token::TokenKind;
use ruff_text_size::{TextRange, TextSize};

use parser::Parser;
pub(crate) use parser::Settings;
use token::Kind;

use crate::source::Source;
use crate::syntax_error::{CompileWarning, SyntaxErrorInfo, SyntaxErrorKind};

/// What a source should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    File,
    Single,
    Expression,
}

/// What is wrong with a source; `None` if CPython's grammar takes it.
pub(crate) fn diagnose(source: &str, start: Start, mut settings: Settings) -> Option<Box<SyntaxErrorInfo>> {
    let mut text = Cow::Borrowed(source);
    if start == Start::File && !text.ends_with('\n') {
        text.to_mut().push('\n');
    }
    settings.single = start == Start::Single;
    // The parser bounds its depth; the stack has room for that.
    let found = crate::nesting::with_stack_for(3000, || {
        let mut parser = Parser::new(&text, settings);
        parser.run(start)?;
        let mut info = parser.error.take()?;
        let (line, column) = parser.last_statement;
        info.metadata = Some(Box::new((line, column, text.clone().into_owned())));
        info.warnings = parser.warnings();
        Some(info)
    });
    found.unwrap_or_else(|none| Some(Box::new(none.into())))
}

/// Whether a source ends inside of brackets, a string or a line that a backslash continues.
pub(crate) fn is_open(text: &str) -> bool {
    let mut tokenizer = tokenizer::Tokenizer::new(text, false);
    loop {
        match tokenizer.next() {
            Ok(token) if token.kind == Kind::EndMarker => return false,
            Ok(_) => {}
            Err(_) => {
                return !tokenizer.brackets.is_empty()
                    || tokenizer.in_string()
                    || tokenizer.done == token::Done::EofInString
                    || text.ends_with("\\\n");
            }
        }
    }
}

/// The source with `!=` for every `<>`; byte places stay.
pub(crate) fn with_plain_inequality(text: &str) -> Cow<'_, str> {
    let mut tokenizer = tokenizer::Tokenizer::new(text, true);
    let mut places = Vec::new();
    while let Ok(token) = tokenizer.next() {
        match token.kind {
            Kind::EndMarker => break,
            Kind::Op if text.get(token.start..token.end) == Some("<>") => places.push(token.start),
            _ => {}
        }
    }
    let mut text = Cow::Borrowed(text);
    for at in places {
        text.to_mut().replace_range(at..at + 2, "!=");
    }
    text
}

impl Parser<'_> {
    /// `None` if the source is right; otherwise the error is set.
    fn run(&mut self, start: Start) -> Option<()> {
        let rule = match start {
            Start::File => "file",
            Start::Single => "interactive",
            Start::Expression => "eval",
        };
        if self.pass(rule, false) {
            if start == Start::Single && self.more_statements() {
                let message = "multiple statements found while compiling a single statement";
                self.raise_last(SyntaxErrorKind::SyntaxError, message);
                return Some(());
            }
            return None;
        }
        if self.settings.incomplete && self.at_end_of_source() {
            self.error = None;
            self.raise_last(SyntaxErrorKind::IncompleteInput, "incomplete input");
            return Some(());
        }
        let last = self.tokens.last().copied();
        if self.error.is_none() {
            self.pass(rule, true);
        }
        let tokenizer_ok = self.tokenizer.done == token::Done::Ok;
        match &self.error {
            Some(error) if error.kind == SyntaxErrorKind::MemoryError => {}
            Some(_) if tokenizer_ok => self.check_rest(),
            Some(_) => {}
            None => match last {
                None => {
                    self.raise_last(SyntaxErrorKind::SyntaxError, "error at start before reading any input")
                }
                Some(token) if token.kind == Kind::Indent => {
                    self.raise_last(SyntaxErrorKind::IndentationError, "unexpected indent");
                }
                Some(token) if token.kind == Kind::Dedent => {
                    self.raise_last(SyntaxErrorKind::IndentationError, "unexpected unindent");
                }
                Some(token) => {
                    self.raise_known("invalid syntax".into(), token);
                    self.check_rest();
                }
            },
        }
        Some(())
    }

    /// The warnings of the strings read so far.
    fn warnings(&self) -> Vec<CompileWarning> {
        let kind = |kind| {
            Some(match kind {
                Kind::String => TokenKind::String,
                Kind::FStringStart => TokenKind::FStringStart,
                Kind::FStringMiddle => TokenKind::FStringMiddle,
                Kind::FStringEnd => TokenKind::FStringEnd,
                Kind::TStringStart => TokenKind::TStringStart,
                Kind::TStringMiddle => TokenKind::TStringMiddle,
                Kind::TStringEnd => TokenKind::TStringEnd,
                _ => return None,
            })
        };
        let place = |token: &token::Token| {
            TextRange::new(TextSize::from(token.start as u32), TextSize::from(token.end as u32))
        };
        let strings: Vec<_> =
            self.tokens.iter().filter_map(|token| Some((kind(token.kind)?, place(token)))).collect();
        if strings.is_empty() {
            return Vec::new();
        }
        crate::warnings::of_tokens(&Source::new(self.text), &strings)
    }

    /// Whether more than blanks and comments follows.
    fn more_statements(&self) -> bool {
        let rest = self.text.get(self.tokenizer.cursor..).unwrap_or("");
        rest.split('\n').any(|line| {
            let line = line.trim_start_matches([' ', '\t', '\x0c']);
            !line.is_empty() && !line.starts_with('#')
        })
    }
}
