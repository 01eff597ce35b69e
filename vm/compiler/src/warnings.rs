//! What a source may say but should not: `SyntaxWarning`s that show before any code is made.
//!
//! Those of the tokens (escapes that mean nothing, numbers that run into keywords) come first, as
//! CPython's tokenizer finds them; then those of the tree, as its preprocessing does.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{ExceptHandler, Stmt};
use ruff_text_size::{TextRange, TextSize};

use crate::source::Source;
use crate::syntax_error::CompileWarning;

impl CompileWarning {
    pub(crate) fn new(source: &Source<'_>, message: String, range: TextRange) -> Self {
        let (line, offset) = source.line_and_character(range.start());
        let (end_line, end_offset) = source.line_and_character(range.end());
        Self { message, line, offset, end_line, end_offset }
    }
}

/// The warnings of tokens.
pub(crate) fn of_tokens(source: &Source<'_>, tokens: &[(TokenKind, TextRange)]) -> Vec<CompileWarning> {
    let mut found = Vec::new();
    let mut raw = Vec::new();
    for (index, &(kind, range)) in tokens.iter().enumerate() {
        match kind {
            TokenKind::FStringStart | TokenKind::TStringStart => {
                raw.push(source.text[range].contains(['r', 'R']));
            }
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                raw.pop();
            }
            TokenKind::FStringMiddle | TokenKind::TStringMiddle if raw.last() == Some(&false) => {
                escapes(source, range, true, &mut found);
            }
            TokenKind::String => string(source, range, &mut found),
            TokenKind::Int | TokenKind::Float | TokenKind::Complex => {
                if let Some((next, place)) = tokens.get(index + 1)
                    && place.start() == range.end()
                    && next.is_keyword()
                {
                    let kind = number_kind(&source.text[range]);
                    let at = TextRange::new(range.end() - TextSize::from(1), range.end());
                    found.push(CompileWarning::new(source, format!("invalid {kind} literal"), at));
                }
            }
            _ => {}
        }
    }
    found
}

fn number_kind(text: &str) -> &'static str {
    match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => "hexadecimal",
        [b'0', b'o' | b'O', ..] => "octal",
        [b'0', b'b' | b'B', ..] => "binary",
        [.., b'j' | b'J'] => "imaginary",
        _ => "decimal",
    }
}

fn string(source: &Source<'_>, range: TextRange, found: &mut Vec<CompileWarning>) {
    let text = &source.text[range];
    if !text.contains('\\') {
        return;
    }
    let Some(quote) = text.find(['"', '\'']) else { return };
    if text[..quote].contains(['r', 'R']) {
        return;
    }
    let unicode = !text[..quote].contains(['b', 'B']);
    escapes(source, range, unicode, found);
}

/// The first escape of a text that means nothing.
fn escapes(source: &Source<'_>, range: TextRange, unicode: bool, found: &mut Vec<CompileWarning>) {
    let text = &source.text[range];
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c != '\\' {
            continue;
        }
        // The text of an f-string ends where a field begins.
        let field = || source.text[range.end().into()..].starts_with('{').then_some((text.len(), '{'));
        let Some((next, escaped)) = characters.next().or_else(field) else { return };
        let octal = match escaped {
            '\n' | '\r' | '\\' | '\'' | '"' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => continue,
            'N' | 'u' | 'U' if unicode => continue,
            '0'..='3' => continue,
            '4'..='7' => {
                let digits: String =
                    text[next..].chars().take(3).take_while(|c| matches!(c, '0'..='7')).collect();
                if digits.len() < 3 {
                    continue;
                }
                Some(digits)
            }
            _ => None,
        };
        let (kind, shown) = match octal {
            Some(digits) => ("octal ", digits),
            None => ("", escaped.to_string()),
        };
        let message = format!(
            "\"\\{shown}\" is an invalid {kind}escape sequence. Such sequences will not work in the future. Did you mean \"\\\\{shown}\"? A raw string is also an option."
        );
        let start = range.start() + TextSize::from(at as u32);
        let end = range.start() + TextSize::from((next + escaped.len_utf8()) as u32);
        found.push(CompileWarning::new(source, message, TextRange::new(start, end)));
        return;
    }
}

/// Where a statement stands.
#[derive(Clone, Copy, Default)]
struct Place {
    in_finally: bool,
    in_function: bool,
    in_loop: bool,
}

/// The warnings of statements that leave a `finally` block.
pub(crate) fn of_body(source: &Source<'_>, body: &[Stmt], found: &mut Vec<CompileWarning>) {
    Walk { source, found }.body(body, Place::default());
}

struct Walk<'a> {
    source: &'a Source<'a>,
    found: &'a mut Vec<CompileWarning>,
}

impl Walk<'_> {
    fn body(&mut self, body: &[Stmt], place: Place) {
        for statement in body {
            self.statement(statement, place);
        }
    }

    fn leaves(&mut self, what: &str, range: TextRange, place: Place, exempt: bool) {
        if place.in_finally && !place.in_function && !exempt {
            let message = format!("'{what}' in a 'finally' block");
            self.found.push(CompileWarning::new(self.source, message, range));
        }
    }

    fn statement(&mut self, statement: &Stmt, place: Place) {
        match statement {
            Stmt::Return(s) => self.leaves("return", s.range, place, false),
            Stmt::Break(s) => self.leaves("break", s.range, place, place.in_loop),
            Stmt::Continue(s) => self.leaves("continue", s.range, place, place.in_loop),
            Stmt::FunctionDef(s) => {
                self.body(&s.body, Place { in_function: true, ..Place::default() });
            }
            Stmt::ClassDef(s) => self.body(&s.body, place),
            Stmt::For(s) => {
                self.body(&s.body, Place { in_loop: true, ..place });
                self.body(&s.orelse, place);
            }
            Stmt::While(s) => {
                self.body(&s.body, Place { in_loop: true, ..place });
                self.body(&s.orelse, place);
            }
            Stmt::If(s) => {
                self.body(&s.body, place);
                s.elif_else_clauses.iter().for_each(|clause| self.body(&clause.body, place));
            }
            Stmt::With(s) => self.body(&s.body, place),
            Stmt::Match(s) => s.cases.iter().for_each(|case| self.body(&case.body, place)),
            Stmt::Try(s) => {
                self.body(&s.body, place);
                for ExceptHandler::ExceptHandler(handler) in &s.handlers {
                    self.body(&handler.body, place);
                }
                self.body(&s.orelse, place);
                self.body(&s.finalbody, Place { in_finally: true, in_function: false, in_loop: false });
            }
            _ => {}
        }
    }
}
