//! The errors that CPython's tokenizer reports, found by a scan of the whole source.
//!
//! The scan runs only when the parser has found an error: CPython then reads on to the end and prefers an error of the
//! tokenizer to a plain "invalid syntax". It knows strings, numbers, names, brackets and indentation,
//! nothing of the grammar.

use ruff_text_size::{TextRange, TextSize};

use super::{Failure, Result, SyntaxErrorKind};
use crate::source::Source;

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) bracket: char,
    pub(super) offset: usize,
}

/// Scans the source; the result is the innermost bracket left open.
pub(super) fn scan(source: &Source<'_>) -> Result<Option<Open>> {
    let mut scanner =
        Scanner { source, text: source.text, at: 0, open: Vec::new(), indents: vec![(0, 0)], fields: 0 };
    scanner.module()?;
    Ok(scanner.open.last().copied())
}

struct Scanner<'a> {
    source: &'a Source<'a>,
    text: &'a str,
    at: usize,
    open: Vec<Open>,
    /// Columns with tabs of eight and tabs of one.
    indents: Vec<(usize, usize)>,
    /// Depth of f-string fields.
    fields: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn peek_byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn fail<T>(&self, message: impl Into<String>, start: usize, end: usize) -> Result<T> {
        let size = |n: usize| TextSize::from(n.min(self.text.len()) as u32);
        Err(Failure::syntax(message.into(), TextRange::new(size(start), size(end.max(start)))))
    }

    fn module(&mut self) -> Result<()> {
        while self.at < self.text.len() {
            self.indentation()?;
            self.logical_line()?;
        }
        Ok(())
    }

    /// Measures the indentation of a line that is not blank.
    fn indentation(&mut self) -> Result<()> {
        loop {
            let (mut column, mut alternative) = (0, 0);
            loop {
                match self.peek() {
                    Some(' ') => {
                        column += 1;
                        alternative += 1;
                    }
                    Some('\t') => {
                        column = (column / 8 + 1) * 8;
                        alternative += 1;
                    }
                    Some('\x0c') => (column, alternative) = (0, 0),
                    _ => break,
                }
                self.bump();
            }
            match self.peek() {
                None => return Ok(()),
                Some('#') => {
                    self.comment();
                    continue;
                }
                Some('\n' | '\r') => {
                    self.bump();
                    continue;
                }
                Some('\\') if matches!(self.peek_byte(1), b'\n' | b'\r') => return Ok(()),
                _ => {}
            }
            let (top, alternative_top) = self.indents.last().copied().unwrap_or((0, 0));
            let inconsistent = match column.cmp(&top) {
                std::cmp::Ordering::Equal => alternative != alternative_top,
                std::cmp::Ordering::Greater => {
                    self.indents.push((column, alternative));
                    alternative <= alternative_top
                }
                std::cmp::Ordering::Less => {
                    while self.indents.last().is_some_and(|(c, _)| *c > column) {
                        self.indents.pop();
                    }
                    let (top, alternative_top) = self.indents.last().copied().unwrap_or((0, 0));
                    if top != column {
                        let end = self.line_end();
                        let position = TextRange::empty(TextSize::from(end as u32));
                        return Err(Failure::indentation(
                            "unindent does not match any outer indentation level".into(),
                            position,
                        ));
                    }
                    alternative != alternative_top
                }
            };
            if inconsistent {
                let end = TextSize::from(self.line_end() as u32);
                return Err(Box::new(Failure {
                    kind: SyntaxErrorKind::TabError,
                    message: "inconsistent use of tabs and spaces in indentation".into(),
                    range: TextRange::empty(end),
                }));
            }
            return Ok(());
        }
    }

    /// Offset behind the current line's end.
    fn line_end(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |i| self.at + i)
    }

    fn comment(&mut self) {
        while !matches!(self.peek(), None | Some('\n' | '\r')) {
            self.bump();
        }
    }

    fn logical_line(&mut self) -> Result<()> {
        while let Some(c) = self.peek() {
            if matches!(c, '\n' | '\r') && self.open.is_empty() {
                self.bump();
                return Ok(());
            }
            self.token(c)?;
        }
        Ok(())
    }

    fn token(&mut self, c: char) -> Result<()> {
        let start = self.at;
        match c {
            ' ' | '\t' | '\x0c' | '\n' | '\r' => self.bump(),
            '#' => self.comment(),
            '\\' => return self.continuation(),
            '(' | '[' | '{' => {
                self.open.push(Open { bracket: c, offset: start });
                self.bump();
            }
            ')' | ']' | '}' => return self.close(c),
            '"' | '\'' => return self.string(start, ""),
            '0'..='9' => return self.number(),
            '.' if self.peek_byte(1).is_ascii_digit() => return self.number(),
            c if c.is_ascii_alphabetic() || c == '_' || !c.is_ascii() => return self.name(),
            _ => self.bump(),
        }
        Ok(())
    }

    fn continuation(&mut self) -> Result<()> {
        let start = self.at;
        self.bump();
        match self.peek() {
            Some('\r') if self.peek_byte(1) == b'\n' => self.at += 2,
            Some('\n' | '\r') => self.bump(),
            None => return self.fail("unexpected EOF while parsing", start + 1, start + 1),
            Some(_) => {
                return self.fail(
                    "unexpected character after line continuation character",
                    start + 1,
                    start + 1,
                );
            }
        }
        if self.at >= self.text.len() {
            return self.fail("unexpected EOF while parsing", start + 1, start + 1);
        }
        Ok(())
    }

    fn close(&mut self, c: char) -> Result<()> {
        let start = self.at;
        let prefix = if self.fields > 0 { "f-string: " } else { "" };
        let Some(open) = self.open.pop() else {
            return self.fail(format!("{prefix}unmatched '{c}'"), start, start + 1);
        };
        let fits = matches!((open.bracket, c), ('(', ')') | ('[', ']') | ('{', '}'));
        if !fits {
            let line = |offset: usize| self.source.line(TextSize::from(offset as u32));
            let place = if line(open.offset) == line(start) {
                String::new()
            } else {
                format!(" on line {}", line(open.offset))
            };
            return self.fail(
                format!(
                    "{prefix}closing parenthesis '{c}' does not match opening parenthesis '{}'{place}",
                    open.bracket
                ),
                start,
                start + 1,
            );
        }
        self.bump();
        Ok(())
    }

    fn name(&mut self) -> Result<()> {
        let start = self.at;
        while let Some(c) = self.peek() {
            if !(c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()) {
                break;
            }
            self.bump();
        }
        let name = &self.text[start..self.at];
        if matches!(self.peek(), Some('"' | '\'')) && name.len() <= 3 {
            let lower = name.to_ascii_lowercase();
            if matches!(lower.as_str(), "r" | "u" | "b" | "f" | "t" | "br" | "rb" | "fr" | "rf" | "tr" | "rt")
            {
                return self.string(start, &lower);
            }
            if lower.bytes().all(|b| b"rubft".contains(&b))
                && let Some((a, b)) = incompatible_prefixes(&lower)
            {
                return self.fail(format!("'{a}' and '{b}' prefixes are incompatible"), start, self.at);
            }
        }
        if !name.is_ascii() {
            for (i, c) in name.char_indices() {
                let fits = if i == 0 {
                    c == '_' || unicode_identifier_start(c)
                } else {
                    unicode_identifier_start(c) || unicode_identifier_continue(c)
                };
                if !fits {
                    let at = start + i;
                    let code = c as u32;
                    let message = if c.is_control() || c.is_whitespace() || is_format(c) {
                        format!("invalid non-printable character U+{code:04X}")
                    } else {
                        format!("invalid character '{c}' (U+{code:04X})")
                    };
                    return self.fail(message, at, at + c.len_utf8());
                }
            }
        }
        Ok(())
    }

    // --- numbers ---

    fn number(&mut self) -> Result<()> {
        let start = self.at;
        if self.peek_byte(0) == b'0' {
            match self.peek_byte(1) {
                b'x' | b'X' => return self.radix(16, "hexadecimal"),
                b'o' | b'O' => return self.radix(8, "octal"),
                b'b' | b'B' => return self.radix(2, "binary"),
                _ => {}
            }
        }
        self.digits()?;
        let integer = &self.text[start..self.at];
        let leading_zero = integer.len() > 1
            && integer.starts_with('0')
            && integer.bytes().any(|b| !matches!(b, b'0' | b'_'));
        let zeros_end = self.at;
        let mut float = false;
        if self.peek_byte(0) == b'.' {
            float = true;
            self.at += 1;
            if self.peek_byte(0).is_ascii_digit() {
                self.digits()?;
            }
        }
        if matches!(self.peek_byte(0), b'e' | b'E') {
            let next = self.peek_byte(1);
            if matches!(next, b'+' | b'-') {
                if !self.peek_byte(2).is_ascii_digit() {
                    return self.fail("invalid decimal literal", self.at + 1, self.at + 1);
                }
                float = true;
                self.at += 2;
                self.digits()?;
            } else if next.is_ascii_digit() {
                float = true;
                self.at += 1;
                self.digits()?;
            }
        }
        if matches!(self.peek_byte(0), b'j' | b'J') {
            self.at += 1;
            return self.number_end("imaginary");
        }
        if leading_zero && !float {
            return self.fail(
                "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
                start,
                zeros_end,
            );
        }
        self.number_end("decimal")
    }

    fn digits(&mut self) -> Result<()> {
        loop {
            while self.peek_byte(0).is_ascii_digit() {
                self.at += 1;
            }
            if self.peek_byte(0) != b'_' {
                return Ok(());
            }
            self.at += 1;
            if !self.peek_byte(0).is_ascii_digit() {
                return self.fail("invalid decimal literal", self.at - 1, self.at - 1);
            }
        }
    }

    fn radix(&mut self, radix: u32, kind: &str) -> Result<()> {
        self.at += 2;
        loop {
            if self.peek_byte(0) == b'_' {
                self.at += 1;
            }
            let c = self.peek().unwrap_or('\0');
            if !c.is_digit(radix) {
                if c.is_ascii_digit() {
                    return self.fail(format!("invalid digit '{c}' in {kind} literal"), self.at, self.at);
                }
                return self.fail(format!("invalid {kind} literal"), self.at - 1, self.at - 1);
            }
            while self.peek().is_some_and(|c| c.is_digit(radix)) {
                self.at += 1;
            }
            if self.peek_byte(0) != b'_' {
                break;
            }
        }
        if self.peek_byte(0).is_ascii_digit() {
            let c = self.peek_byte(0) as char;
            return self.fail(format!("invalid digit '{c}' in {kind} literal"), self.at, self.at);
        }
        self.number_end(kind)
    }

    /// A number must not run into a name, except a keyword.
    fn number_end(&mut self, kind: &str) -> Result<()> {
        let Some(c) = self.peek() else { return Ok(()) };
        if !(c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()) {
            return Ok(());
        }
        let rest = &self.text[self.at..];
        let keywords = ["and", "else", "for", "if", "in", "is", "or", "not"];
        if keywords.iter().any(|k| rest.starts_with(k)) {
            return Ok(());
        }
        self.fail(format!("invalid {kind} literal"), self.at - 1, self.at - 1)
    }

    // --- strings ---

    fn string(&mut self, start: usize, prefix: &str) -> Result<()> {
        let quote = self.peek().unwrap_or('"');
        let triple = self.text[self.at..].starts_with(if quote == '"' { "\"\"\"" } else { "'''" });
        self.at += if triple { 3 } else { 1 };
        if prefix.contains(['f', 't']) {
            return self.interpolated(start, prefix, quote, triple);
        }
        loop {
            match self.peek() {
                None => return self.unterminated(start, "", quote, triple),
                Some('\n' | '\r') if !triple => return self.unterminated(start, "", quote, triple),
                Some('\\') => {
                    self.bump();
                    self.bump();
                }
                Some(c) if c == quote && self.closes(quote, triple) => return Ok(()),
                Some(c) => {
                    if prefix.contains('b') && !c.is_ascii() {
                        return self.fail(
                            "bytes can only contain ASCII literal characters",
                            start,
                            self.at + c.len_utf8(),
                        );
                    }
                    self.bump();
                }
            }
        }
    }

    /// At a quote: consumes the end of the string, if it is one.
    fn closes(&mut self, quote: char, triple: bool) -> bool {
        if !triple {
            self.at += 1;
            return true;
        }
        let end = if quote == '"' { "\"\"\"" } else { "'''" };
        if self.text[self.at..].starts_with(end) {
            self.at += 3;
            true
        } else {
            false
        }
    }

    fn unterminated<T>(&self, start: usize, kind: &str, quote: char, triple: bool) -> Result<T> {
        let here = self.at.min(self.text.len());
        let mut line = self.source.line(TextSize::from(here as u32));
        if triple && self.text.ends_with('\n') && here == self.text.len() {
            line -= 1;
        }
        let escaped = !triple && self.text[start..here].contains(&format!("\\{quote}")) && kind.is_empty();
        let hint = if escaped { "; perhaps you escaped the end quote?" } else { "" };
        let triple = if triple { "triple-quoted " } else { "" };
        self.fail(
            format!("unterminated {triple}{kind}string literal (detected at line {line}){hint}"),
            start,
            start,
        )
    }

    fn interpolated(&mut self, start: usize, prefix: &str, quote: char, triple: bool) -> Result<()> {
        let kind = if prefix.contains('t') { "t-" } else { "f-" };
        let raw = prefix.contains('r');
        loop {
            match self.peek() {
                None => return self.unterminated(start, kind, quote, triple),
                Some('\n' | '\r') if !triple => return self.unterminated(start, kind, quote, triple),
                Some('\\') => {
                    self.bump();
                    match self.peek() {
                        Some('{' | '}') => {}
                        Some('N') if !raw && self.peek_byte(1) == b'{' => {
                            while !matches!(self.peek(), None | Some('}' | '\n')) {
                                self.bump();
                            }
                            self.bump();
                        }
                        _ => self.bump(),
                    }
                }
                Some('{') if self.peek_byte(1) == b'{' => self.at += 2,
                Some('}') if self.peek_byte(1) == b'}' => self.at += 2,
                Some('}') => {
                    let message = format!("{kind}string: single '}}' is not allowed");
                    return self.fail(message, self.at, self.at + 1);
                }
                Some('{') => self.field(kind, quote, triple)?,
                Some(c) if c == quote && self.closes(quote, triple) => return Ok(()),
                Some(_) => self.bump(),
            }
        }
    }

    /// A replacement field, from its opening brace.
    fn field(&mut self, kind: &str, quote: char, triple: bool) -> Result<()> {
        let opening = self.at;
        let depth = self.open.len();
        self.open.push(Open { bracket: '{', offset: opening });
        self.bump();
        self.fields += 1;
        loop {
            let at_top = self.open.len() == depth + 1;
            match self.peek() {
                None => {
                    return Ok(());
                }
                Some('}') if at_top => {
                    self.open.pop();
                    self.bump();
                    break;
                }
                Some(':') if at_top => {
                    self.bump();
                    self.format_spec(kind, quote, triple)?;
                }
                Some(c) if at_top && c == quote && (!triple && !self.string_may_start()) => {
                    return self.fail(format!("{kind}string: expecting '}}'"), self.at, self.at + 1);
                }
                Some(c) => self.token(c)?,
            }
        }
        self.fields -= 1;
        Ok(())
    }

    /// Whether a quote in a field begins a string: something else on the line closes it.
    fn string_may_start(&self) -> bool {
        let quote = self.peek().unwrap_or('"');
        let rest = &self.text[self.at + 1..];
        let line = rest.split('\n').next().unwrap_or("");
        line.contains(quote)
    }

    fn format_spec(&mut self, kind: &str, quote: char, triple: bool) -> Result<()> {
        loop {
            match self.peek() {
                None | Some('}') => return Ok(()),
                Some('{') => self.field(kind, quote, triple)?,
                Some('\n' | '\r') if !triple => {
                    return self.fail(
                        format!(
                            "{kind}string: newlines are not allowed in format specifiers for single quoted {kind}strings"
                        ),
                        self.at,
                        self.at,
                    );
                }
                Some(c) if c == quote && !triple => {
                    return self.fail(format!("{kind}string: expecting '}}'"), self.at, self.at);
                }
                Some(_) => self.bump(),
            }
        }
    }
}

/// The first pair of string prefixes that do not go together.
fn incompatible_prefixes(prefix: &str) -> Option<(char, char)> {
    let has = |c: char| prefix.contains(c);
    let pairs = [('u', 'b'), ('u', 'r'), ('u', 'f'), ('u', 't'), ('b', 'f'), ('b', 't'), ('f', 't')];
    pairs.into_iter().find(|(a, b)| has(*a) && has(*b))
}

fn unicode_identifier_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '\u{2118}' | '\u{212e}' | '\u{309b}' | '\u{309c}')
}

fn unicode_identifier_continue(c: char) -> bool {
    // Marks are not known to the standard library; what the parser minded is what counts, so be generous.
    c.is_alphanumeric()
        || matches!(c, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}' | '\u{fe00}'..='\u{fe2f}')
        || matches!(c as u32, 0x483..=0x487 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x669 | 0x900..=0xdff | 0xe00..=0x1fff | 0x20d0..=0x20f0 | 0xe0100..=0xe01ef)
}

fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}')
}
