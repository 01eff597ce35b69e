//! The tokenizer of the diagnosis: CPython's, token by token, as its mistakes depend on how far the parser reads.
//!
//! Invariant: `cursor` never passes `line_end`, the end of what has been read; reading on moves both
//! to the next line. Follows CPython's `Parser/lexer/lexer.c`.

use super::token::{Bracket, Done, Kind, Mistake, Token};

mod number;
mod string;

const END: u8 = 0xff;
const TAB: usize = 8;
const MAX_INDENT: usize = 100;
const MAX_BRACKETS: usize = 200;

/// What to do about an f-string that is open.
#[derive(Clone, Copy, Debug)]
struct Interpolated {
    /// `b'f'` or `b't'`.
    prefix: u8,
    in_text: bool,
    raw: bool,
    quote: u8,
    quotes: usize,
    start: usize,
    line: u32,
    line_start: usize,
    braces: i32,
    /// Depth of braces at which the innermost field began; -1 outside of fields.
    field: i32,
    in_format: bool,
}

/// The tokenizer's state.
pub(crate) struct Tokenizer<'a> {
    source: &'a [u8],
    text: &'a str,
    pub(crate) cursor: usize,
    line_end: usize,
    /// Where the text of the error line begins: the line of the token being read.
    pub(crate) buffer: usize,
    pub(crate) line_start: usize,
    string_line_start: usize,
    pub(crate) line: u32,
    first_line: u32,
    /// Begin of the token being read.
    start: Option<usize>,
    at_line_begin: bool,
    pending: i32,
    indents: Vec<(usize, usize)>,
    pub(crate) brackets: Vec<Bracket>,
    open: Vec<Interpolated>,
    pub(crate) done: Done,
    /// `<>` is one token.
    diamonds: bool,
    pub(crate) mistake: Option<Mistake>,
}

fn name_start(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_' || (c >= 128 && c != END)
}

fn name_byte(c: u8) -> bool {
    name_start(c) || c.is_ascii_digit()
}

/// The text was wrong; the state tells how.
pub(crate) struct Wrong;
type Result<T> = std::result::Result<T, Wrong>;

impl<'a> Tokenizer<'a> {
    /// `source` has its line ends made `\n`.
    pub(crate) fn new(source: &'a str, diamonds: bool) -> Self {
        Self {
            source: source.as_bytes(),
            text: source,
            cursor: 0,
            line_end: 0,
            buffer: 0,
            line_start: 0,
            string_line_start: 0,
            line: 0,
            first_line: 1,
            start: None,
            at_line_begin: true,
            pending: 0,
            indents: vec![(0, 0)],
            brackets: Vec::new(),
            open: Vec::new(),
            done: Done::Ok,
            diamonds,
            mistake: None,
        }
    }

    /// End of the text read so far.
    pub(crate) fn read_to(&self) -> usize {
        self.line_end
    }

    /// Depth of the indentation; `drop_indents` makes as many dedents due.
    pub(crate) fn drop_indents(&mut self) {
        self.pending = -(self.indents.len() as i32 - 1);
        self.indents.truncate(1);
    }

    /// Whether the text comes from an open f-string or t-string.
    fn mode(&self) -> Option<&Interpolated> {
        self.open.last()
    }

    /// Whether an f-string or t-string is open.
    pub(crate) fn in_string(&self) -> bool {
        !self.open.is_empty()
    }

    /// Kind of the innermost open string: `f` or `t`.
    pub(crate) fn prefix(&self) -> char {
        self.mode().map_or('f', |mode| mode.prefix as char)
    }

    fn next_byte(&mut self) -> u8 {
        if self.cursor == self.line_end {
            if self.done != Done::Ok {
                return END;
            }
            if self.cursor >= self.source.len() {
                self.done = Done::Eof;
                return END;
            }
            self.buffer = self.cursor;
            self.line_start = self.cursor;
            self.line += 1;
            let rest = &self.source[self.cursor..];
            self.line_end = self.cursor + rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |i| i + 1);
        }
        self.cursor += 1;
        self.source[self.cursor - 1]
    }

    fn back(&mut self, byte: u8) {
        if byte != END {
            self.cursor -= 1;
        }
    }

    /// Characters from the line's start to an offset.
    fn characters(&self, to: usize) -> i32 {
        let part = &self.source[self.line_start.min(to)..to];
        part.iter().filter(|b| (**b & 0xc0) != 0x80).count() as i32
    }

    fn fail<T>(&mut self, message: impl Into<String>) -> Result<T> {
        let offset = self.characters(self.cursor);
        self.fail_range(message, offset, offset)
    }

    fn fail_range<T>(&mut self, message: impl Into<String>, offset: i32, end_offset: i32) -> Result<T> {
        self.mistake = Some(Mistake { message: message.into(), line: self.line, offset, end_offset });
        self.done = Done::Error;
        Err(Wrong)
    }

    fn stop<T>(&mut self, why: Done) -> Result<T> {
        self.done = why;
        self.cursor = self.line_end;
        Err(Wrong)
    }

    /// A token of bytes `range`; `None` for one without place.
    fn token(&self, kind: Kind, range: Option<(usize, usize)>) -> Token {
        let of_string = matches!(kind, Kind::String | Kind::FStringMiddle | Kind::TStringMiddle);
        let line = if of_string { self.first_line } else { self.line };
        let line_start = if of_string { self.string_line_start } else { self.line_start };
        let column =
            |at: usize, line_start: usize| if at >= line_start { (at - line_start) as i32 } else { -1 };
        let (start, end) = range.unwrap_or((self.cursor, self.cursor));
        Token {
            kind,
            start,
            end,
            line,
            column: range.map_or(-1, |(start, _)| column(start, line_start)),
            end_line: self.line,
            end_column: range.map_or(-1, |(_, end)| column(end, self.line_start)),
            level: self.brackets.len(),
        }
    }

    fn from_start(&self, kind: Kind) -> Token {
        let start = self.start.unwrap_or(self.cursor);
        self.token(kind, Some((start, self.cursor)))
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token> {
        match self.mode() {
            Some(mode) if mode.in_text => self.string_text(),
            _ => self.normal(),
        }
    }

    fn normal(&mut self) -> Result<Token> {
        'line: loop {
            self.start = None;
            let mut blank = false;
            if self.at_line_begin {
                self.at_line_begin = false;
                blank = self.indentation()?;
            }
            self.start = Some(self.cursor);
            if self.pending < 0 {
                self.pending += 1;
                return Ok(self.token(Kind::Dedent, None));
            }
            if self.pending > 0 {
                self.pending -= 1;
                return Ok(self.token(Kind::Indent, None));
            }
            let peeked = self.next_byte();
            self.back(peeked);
            loop {
                self.start = None;
                let mut c = self.next_byte();
                while matches!(c, b' ' | b'\t' | b'\x0c') {
                    c = self.next_byte();
                }
                self.start = Some(if c == END { self.cursor } else { self.cursor - 1 });
                if c == b'#' {
                    while !matches!(c, END | b'\n') {
                        c = self.next_byte();
                    }
                }
                match c {
                    END if !self.brackets.is_empty() => return Err(Wrong),
                    END if self.done == Done::Eof => return Ok(self.token(Kind::EndMarker, None)),
                    END => return Err(Wrong),
                    b'\n' => {
                        self.at_line_begin = true;
                        if blank || !self.brackets.is_empty() {
                            continue 'line;
                        }
                        let start = self.start.unwrap_or(self.cursor - 1);
                        return Ok(self.token(Kind::Newline, Some((start.min(self.cursor - 1), self.cursor))));
                    }
                    b'\\' => {
                        self.continuation()?;
                        continue;
                    }
                    _ if name_start(c) => return self.name(c),
                    b'0'..=b'9' => return self.number(c),
                    b'.' => return self.dot(),
                    b'\'' | b'"' => return self.string(c),
                    _ => return self.operator(c),
                }
            }
        }
    }

    /// Measures a line's indentation; whether the line is blank.
    fn indentation(&mut self) -> Result<bool> {
        let (mut column, mut alternative, mut continued) = (0usize, 0usize, None);
        let c = loop {
            match self.next_byte() {
                b' ' => {
                    column += 1;
                    alternative += 1;
                }
                b'\t' => {
                    column = (column / TAB + 1) * TAB;
                    alternative += 1;
                }
                b'\x0c' => (column, alternative) = (0, 0),
                b'\\' => {
                    // Blanks of the next line do not count.
                    continued.get_or_insert(column);
                    self.continuation()?;
                }
                c => break c,
            }
        };
        self.back(c);
        if matches!(c, b'#' | b'\n') {
            return Ok(true);
        }
        if !self.brackets.is_empty() {
            return Ok(false);
        }
        if let Some(before) = continued {
            // CPython takes the first line's blanks only if there are any.
            if before > 0 {
                (column, alternative) = (before, before);
            }
        }
        let (top, alternative_top) = self.indents.last().copied().unwrap_or((0, 0));
        if column > top {
            if self.indents.len() >= MAX_INDENT {
                return self.stop(Done::TooDeep);
            }
            if alternative <= alternative_top {
                return self.stop(Done::Tabs);
            }
            self.pending += 1;
            self.indents.push((column, alternative));
            return Ok(false);
        }
        while self.indents.len() > 1 && self.indents.last().is_some_and(|(top, _)| column < *top) {
            self.pending -= 1;
            self.indents.pop();
        }
        let (top, alternative_top) = self.indents.last().copied().unwrap_or((0, 0));
        if column != top {
            return self.stop(Done::Dedent);
        }
        if alternative != alternative_top {
            return self.stop(Done::Tabs);
        }
        Ok(false)
    }

    /// Behind a backslash: the next line.
    fn continuation(&mut self) -> Result<()> {
        if self.next_byte() != b'\n' {
            self.done = Done::Continuation;
            return Err(Wrong);
        }
        let c = self.next_byte();
        if c == END {
            return self.stop(Done::Eof);
        }
        self.back(c);
        Ok(())
    }

    fn name(&mut self, first: u8) -> Result<Token> {
        let start = self.cursor - 1;
        let (mut seen, mut c) = ([false; 5], first);
        while let Some(which) = b"burft".iter().position(|p| *p == c.to_ascii_lowercase()) {
            if seen[which] {
                break;
            }
            seen[which] = true;
            c = self.next_byte();
            if matches!(c, b'"' | b'\'') {
                self.check_prefixes(start, seen)?;
                let [_, _, raw, f, t] = seen;
                return if f || t {
                    self.interpolated(c, if f { b'f' } else { b't' }, raw)
                } else {
                    self.string(c)
                };
            }
        }
        while name_byte(c) {
            c = self.next_byte();
        }
        self.back(c);
        let name = &self.text[start..self.cursor];
        if !name.is_ascii() {
            self.check_name(start, name)?;
        }
        Ok(self.from_start(Kind::Name))
    }

    fn check_prefixes(&mut self, start: usize, [b, u, r, f, t]: [bool; 5]) -> Result<()> {
        let pairs = [
            (u, b, 'u', 'b'),
            (u, r, 'u', 'r'),
            (u, f, 'u', 'f'),
            (u, t, 'u', 't'),
            (b, f, 'b', 'f'),
            (b, t, 'b', 't'),
            (f, t, 'f', 't'),
        ];
        match pairs.into_iter().find(|(first, second, ..)| *first && *second) {
            Some((_, _, first, second)) => {
                let (from, to) = (self.characters(start) + 1, self.characters(self.cursor));
                self.fail_range(format!("'{first}' and '{second}' prefixes are incompatible"), from, to)
            }
            None => Ok(()),
        }
    }

    fn check_name(&mut self, start: usize, name: &str) -> Result<()> {
        for (i, c) in name.char_indices() {
            // A letter before makes any character one that need not start a name.
            let fits = if i == 0 {
                taipan_text::unicode_data::is_identifier(std::iter::once(c as u32))
            } else {
                taipan_text::unicode_data::is_identifier([u32::from(b'a'), c as u32].into_iter())
            };
            if fits {
                continue;
            }
            self.cursor = start + i + c.len_utf8();
            let code = c as u32;
            return if is_printable(c) {
                self.fail(format!("invalid character '{c}' (U+{code:04X})"))
            } else {
                self.fail(format!("invalid non-printable character U+{code:04X}"))
            };
        }
        Ok(())
    }

    fn dot(&mut self) -> Result<Token> {
        let c = self.next_byte();
        if c.is_ascii_digit() {
            return self.fraction(c);
        }
        if c == b'.' {
            let c = self.next_byte();
            if c == b'.' {
                return Ok(self.from_start(Kind::Op));
            }
            self.back(c);
            self.back(b'.');
        } else {
            self.back(c);
        }
        Ok(self.from_start(Kind::Op))
    }

    fn operator(&mut self, c: u8) -> Result<Token> {
        if let Some(mode) = self.open.last_mut()
            && mode.field >= 0
            && c == b':'
            && mode.braces - 1 == mode.field
        {
            mode.in_text = true;
            mode.in_format = true;
            return Ok(self.from_start(Kind::Op));
        }
        let second = self.next_byte();
        if is_operator(&[c, second]) && (self.diamonds || second != b'>' || c != b'<') {
            let third = self.next_byte();
            if !is_operator(&[c, second, third]) {
                self.back(third);
            }
            return Ok(self.from_start(Kind::Op));
        }
        self.back(second);
        match c {
            b'(' | b'[' | b'{' => {
                if self.brackets.len() >= MAX_BRACKETS {
                    return self.fail("too many nested parentheses");
                }
                let column = (self.cursor - 1 - self.line_start) as i32;
                self.brackets.push(Bracket { byte: c, line: self.line, column });
                if let Some(mode) = self.open.last_mut() {
                    mode.braces += 1;
                }
            }
            b')' | b']' | b'}' => self.close(c)?,
            // A control character.
            c if c < b' ' || c == 0x7f => {
                return self.fail(format!("invalid non-printable character U+{c:04X}"));
            }
            _ => {}
        }
        Ok(self.from_start(Kind::Op))
    }

    fn close(&mut self, c: u8) -> Result<()> {
        let shown = c as char;
        if let Some(mode) = self.mode()
            && mode.braces == 0
            && c == b'}'
        {
            let prefix = mode.prefix as char;
            return self.fail(format!("{prefix}-string: single '}}' is not allowed"));
        }
        let Some(opening) = self.brackets.pop() else { return self.fail(format!("unmatched '{shown}'")) };
        if !matches!((opening.byte, c), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
            if let Some(mode) = self.mode()
                && opening.byte == b'{'
                && mode.braces - 1 == mode.field
            {
                let prefix = mode.prefix as char;
                return self.fail(format!("{prefix}-string: unmatched '{shown}'"));
            }
            let open = opening.byte as char;
            let place =
                if opening.line == self.line { String::new() } else { format!(" on line {}", opening.line) };
            return self.fail(format!(
                "closing parenthesis '{shown}' does not match opening parenthesis '{open}'{place}"
            ));
        }
        if let Some(mode) = self.open.last_mut() {
            mode.braces -= 1;
            if c == b'}' && mode.braces == mode.field {
                mode.field -= 1;
                mode.in_text = true;
                mode.in_format = false;
            }
        }
        Ok(())
    }
}

fn is_printable(c: char) -> bool {
    taipan_text::unicode_data::is_printable(c as u32)
}

fn is_operator(text: &[u8]) -> bool {
    const OPERATORS: [&[u8]; 27] = [
        b"!=", b"%=", b"&=", b"**", b"*=", b"+=", b"-=", b"->", b"//", b"/=", b":=", b"<<", b"<=", b"<>",
        b"==", b">=", b">>", b"@=", b"^=", b"|=", b"**=", b"//=", b">>=", b"<<=", b"...", b"!=", b"!=",
    ];
    OPERATORS.contains(&text)
}
