//! A tokenizer that reads line by line, for the `tokenize` module: it keeps comments, line ends and positions.
//!
//! Invariant: no more lines are asked for than the next token needs.

use std::collections::VecDeque;

use taipan_text::unicode_data::{is_identifier, is_printable};

/// Token numbers of the `token` module.
pub mod kind {
    pub const ENDMARKER: u8 = 0;
    pub const NAME: u8 = 1;
    pub const NUMBER: u8 = 2;
    pub const STRING: u8 = 3;
    pub const NEWLINE: u8 = 4;
    pub const INDENT: u8 = 5;
    pub const DEDENT: u8 = 6;
    pub const OP: u8 = 55;
    pub const FSTRING_START: u8 = 59;
    pub const TSTRING_START: u8 = 62;
    pub const COMMENT: u8 = 65;
    pub const NL: u8 = 66;
}

/// CPython's limits.
const MAX_INDENT: usize = 100;
const MAX_BRACKETS: usize = 200;

/// Operators with their exact token numbers, longer ones first.
const OPERATORS: [(&str, u8); 49] = [
    ("**=", 46),
    ("//=", 48),
    (">>=", 45),
    ("<<=", 44),
    ("...", 52),
    ("!=", 28),
    ("%=", 40),
    ("&=", 41),
    ("**", 35),
    ("*=", 38),
    ("+=", 36),
    ("-=", 37),
    ("->", 51),
    ("//", 47),
    ("/=", 39),
    (":=", 53),
    ("<<", 33),
    ("<=", 29),
    ("<>", 28),
    ("==", 27),
    (">=", 30),
    (">>", 34),
    ("@=", 50),
    ("^=", 43),
    ("|=", 42),
    ("!", 54),
    ("%", 24),
    ("&", 19),
    ("(", 7),
    (")", 8),
    ("*", 16),
    ("+", 14),
    (",", 12),
    ("-", 15),
    (".", 23),
    ("/", 17),
    (":", 11),
    (";", 13),
    ("<", 20),
    ("=", 22),
    (">", 21),
    ("@", 49),
    ("[", 9),
    ("]", 10),
    ("^", 32),
    ("{", 25),
    ("|", 18),
    ("}", 26),
    ("~", 31),
];

/// A token with its place; columns count characters.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: u8,
    /// The operator's own number.
    pub exact: u8,
    pub text: String,
    pub start: (usize, usize),
    pub end: (usize, usize),
    pub line: String,
}

/// What went wrong, and where (row, column from 1, text of the line).
#[derive(Clone, Debug)]
pub struct Mistake {
    pub message: String,
    pub place: Option<(usize, usize, String)>,
    pub indentation: bool,
    /// Tabs and spaces are mixed.
    pub tabs: bool,
}

/// An f-string or t-string being read.
#[derive(Debug)]
struct Template {
    start_kind: u8,
    quote: char,
    triple: bool,
    raw: bool,
    /// Text of earlier lines: where it starts, the text, the lines.
    pending: Option<((usize, usize), String, String)>,
    /// Nesting of parentheses outside of the current replacement field.
    depth: usize,
    /// Reading text, not a replacement field.
    in_text: bool,
    /// The text is a format specification; how many of them nest.
    specs: Vec<usize>,
    row: usize,
    column: usize,
}

/// Where lines come from; `None` at the end.
pub type Source<'a, E> = &'a mut dyn FnMut() -> Result<Option<String>, E>;

pub struct Lexer {
    line: Vec<char>,
    text: String,
    row: usize,
    at: usize,
    depth: usize,
    /// The open brackets, with their rows.
    open: Vec<(char, usize)>,
    /// For the `tokenize` module, which wants comments and the ends of lines and minds less.
    extra: bool,
    /// Widths with tabs to multiples of 8, and with tabs as one column.
    indents: Vec<(usize, usize)>,
    templates: Vec<Template>,
    /// A token has been seen on the logical line.
    started: bool,
    queue: VecDeque<Token>,
    mistake: Option<Mistake>,
    finished: bool,
}

impl Lexer {
    pub fn new(extra: bool) -> Lexer {
        Lexer {
            line: Vec::new(),
            text: String::new(),
            row: 0,
            at: 0,
            depth: 0,
            open: Vec::new(),
            extra,
            indents: vec![(0, 0)],
            templates: Vec::new(),
            started: false,
            queue: VecDeque::new(),
            mistake: None,
            finished: false,
        }
    }

    /// The next token; `Ok(Ok(None))` after the last.
    pub fn next<E>(&mut self, source: Source<'_, E>) -> Result<Result<Option<Token>, Mistake>, E> {
        loop {
            if let Some(token) = self.queue.pop_front() {
                return Ok(Ok(Some(token)));
            }
            if let Some(mistake) = self.mistake.take() {
                self.finished = true;
                return Ok(Err(mistake));
            }
            if self.finished {
                return Ok(Ok(None));
            }
            if !self.read(source)? {
                self.finish();
                continue;
            }
            if let Err(mistake) = self.logical(source)? {
                self.mistake = Some(mistake);
            }
        }
    }

    fn read<E>(&mut self, source: Source<'_, E>) -> Result<bool, E> {
        match source()? {
            Some(text) if !text.is_empty() => {
                self.line = text.chars().collect();
                self.text = text;
                self.row += 1;
                self.at = 0;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn finish(&mut self) {
        self.finished = true;
        if self.depth > 0 || !self.templates.is_empty() {
            self.mistake = Some(match self.templates.last() {
                Some(t) if t.in_text => self.mistake(
                    format!(
                        "unterminated triple-quoted {}-string literal (detected at line {})",
                        t.letter(),
                        self.row
                    ),
                    t.row,
                    t.column + 1,
                    "",
                ),
                _ => self.unexpected_end(),
            });
            self.finished = false;
            return;
        }
        let end = if self.extra { (self.row + 1, 0) } else { (self.row, 0) };
        let last = if self.extra || !self.started { "" } else { &self.text };
        let line = last.to_owned();
        for _ in 1..self.indents.len() {
            self.queue.push_back(Token {
                kind: kind::DEDENT,
                exact: kind::DEDENT,
                text: String::new(),
                start: end,
                end,
                line: line.clone(),
            });
        }
        self.queue.push_back(Token {
            kind: kind::ENDMARKER,
            exact: kind::ENDMARKER,
            text: String::new(),
            start: end,
            end,
            line: line.clone(),
        });
    }

    fn unexpected_end(&self) -> Mistake {
        let in_line = !self.templates.is_empty() || self.depth == 0;
        let column = if in_line { self.line.len() } else { 0 };
        self.mistake("unexpected EOF in multi-line statement", self.row, column, "")
    }

    fn mistake(&self, message: impl Into<String>, row: usize, column: usize, text: &str) -> Mistake {
        let text = text.trim_end_matches(['\n', '\r']).to_owned();
        Mistake { message: message.into(), place: Some((row, column, text)), indentation: false, tabs: false }
    }

    fn push(&mut self, kind: u8, exact: u8, from: usize, to: usize) {
        self.queue.push_back(Token {
            kind,
            exact,
            text: self.line[from..to].iter().collect(),
            start: (self.row, from),
            end: (self.row, to),
            line: self.text.clone(),
        });
    }

    fn peek(&self, ahead: usize) -> char {
        self.line.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// The tokens of the line that was read, and of those that continue it.
    fn logical<E>(&mut self, source: Source<'_, E>) -> Result<Result<(), Mistake>, E> {
        if self.text.contains('\0') {
            return Ok(Err(self.mistake("source code cannot contain null bytes", self.row, 0, "")));
        }
        if self.depth == 0 && self.templates.is_empty() {
            self.started = false;
            if let Err(mistake) = self.indentation(source)? {
                return Ok(Err(mistake));
            }
        }
        loop {
            if self.templates.last().is_some_and(|t| t.in_text) {
                match self.template_text() {
                    Err(mistake) => return Ok(Err(mistake)),
                    Ok(true) => continue,
                    Ok(false) => return Ok(Ok(())), // The text goes on in the next line.
                }
            }
            while matches!(self.peek(0), ' ' | '\t' | '\x0c') {
                self.at += 1;
            }
            let from = self.at;
            match self.peek(0) {
                '\0' if self.at >= self.line.len() => {
                    // No newline at the end of the source.
                    self.line_end(from, from);
                    return Ok(Ok(()));
                }
                '#' => {
                    while self.at < self.line.len() && !matches!(self.peek(0), '\n' | '\r') {
                        self.at += 1;
                    }
                    self.push(kind::COMMENT, kind::COMMENT, from, self.at);
                }
                '\r' | '\n' => {
                    self.line_end(from, self.line.len());
                    return Ok(Ok(()));
                }
                '\\' if matches!(self.peek(1), '\n' | '\r') || self.at + 1 == self.line.len() => {
                    if self.at + 1 == self.line.len() || !self.read(source)? {
                        return Ok(Err(self.unexpected_end()));
                    }
                }
                '\\' => {
                    let (row, text) = (self.row, self.text.clone());
                    return Ok(Err(self.mistake(
                        "unexpected character after line continuation character",
                        row,
                        from + 1,
                        &text,
                    )));
                }
                c => {
                    self.started = true;
                    if let Err(mistake) = self.token(c, source)? {
                        return Ok(Err(mistake));
                    }
                }
            }
        }
    }

    /// NEWLINE, or NL where the logical line goes on or is empty.
    fn line_end(&mut self, from: usize, to: usize) {
        let kind = if self.started && self.depth == 0 && self.templates.is_empty() {
            kind::NEWLINE
        } else {
            kind::NL
        };
        if from == to {
            let had_comment = self.queue.back().is_some_and(|t| t.kind == kind::COMMENT);
            if !self.started && !had_comment && from == 0 {
                return;
            }
        }
        let end = if from == to { to + 1 } else { to };
        let text: String = self.line[from..to].iter().collect();
        self.queue.push_back(Token {
            kind,
            exact: kind,
            text,
            start: (self.row, from),
            end: (self.row, end),
            line: self.text.clone(),
        });
        self.at = self.line.len();
    }

    fn indentation<E>(&mut self, source: Source<'_, E>) -> Result<Result<(), Mistake>, E> {
        let (mut width, mut narrow) = (0, 0);
        // The width in front of the first backslash, if there is any.
        let mut continued = None;
        while let Some(c) = self.line.get(self.at) {
            match c {
                '\\' if width > 0 && matches!(self.peek(1), '\n' | '\r') => {
                    continued = continued.or(Some((width, narrow)));
                    (width, narrow) = (0, 0);
                    if !self.read(source)? {
                        return Ok(Err(self.unexpected_end()));
                    }
                    continue;
                }
                ' ' => (width, narrow) = (width + 1, narrow + 1),
                '\t' => (width, narrow) = ((width / 8 + 1) * 8, narrow + 1),
                '\x0c' => (width, narrow) = (0, 0),
                _ => break,
            }
            self.at += 1;
        }
        let blank = self.at >= self.line.len() || matches!(self.peek(0), '#' | '\n' | '\r');
        if blank || (self.peek(0) == '\\' && matches!(self.peek(1), '\n' | '\r') && self.at == 0) {
            return Ok(Ok(()));
        }
        let (width, narrow) = continued.unwrap_or((width, narrow));
        Ok(self.indent_to(width, narrow))
    }

    fn indent_to(&mut self, width: usize, narrow: usize) -> Result<(), Mistake> {
        let (last, last_narrow) = self.indents.last().copied().unwrap_or_default();
        if width > last {
            if narrow <= last_narrow {
                return Err(self.mixed_tabs());
            }
            if self.indents.len() >= MAX_INDENT {
                let mut mistake =
                    self.mistake("too many levels of indentation", self.row, self.at, &self.text);
                mistake.indentation = true;
                return Err(mistake);
            }
            self.indents.push((width, narrow));
            self.push(kind::INDENT, kind::INDENT, 0, self.at);
        } else {
            while self.indents.last().is_some_and(|i| i.0 > width) {
                self.indents.pop();
                let at = self.at;
                self.push(kind::DEDENT, kind::DEDENT, at, at);
            }
            let Some(&(_, same_narrow)) = self.indents.last().filter(|i| i.0 == width) else {
                self.queue.clear();
                let text = self.text.clone();
                let mut mistake = self.mistake(
                    "unindent does not match any outer indentation level",
                    self.row,
                    self.line.len(),
                    &text,
                );
                mistake.indentation = true;
                return Err(mistake);
            };
            if same_narrow != narrow {
                return Err(self.mixed_tabs());
            }
        }
        Ok(())
    }

    fn mixed_tabs(&mut self) -> Mistake {
        self.queue.clear();
        let mut mistake = self.mistake(
            "inconsistent use of tabs and spaces in indentation",
            self.row,
            self.line.len(),
            &self.text,
        );
        mistake.tabs = true;
        mistake
    }

    fn token<E>(&mut self, c: char, source: Source<'_, E>) -> Result<Result<(), Mistake>, E> {
        let from = self.at;
        let name_char = |c: char| c == '_' || c.is_ascii_alphanumeric() || !c.is_ascii();
        if c.is_ascii_digit() || (c == '.' && self.peek(1).is_ascii_digit()) {
            if let Err(mistake) = self.number() {
                return Ok(Err(mistake));
            }
            self.push(kind::NUMBER, kind::NUMBER, from, self.at);
            return Ok(Ok(()));
        }
        if c == '"' || c == '\'' {
            return self.string(from, source);
        }
        if name_char(c) {
            while name_char(self.peek(0)) && self.at < self.line.len() {
                self.at += 1;
            }
            if matches!(self.peek(0), '"' | '\'') && self.at - from <= 2 {
                let prefix: String = self.line[from..self.at].iter().collect::<String>().to_ascii_lowercase();
                match prefix.as_str() {
                    "r" | "u" | "b" | "br" | "rb" => return self.string(from, source),
                    "f" | "fr" | "rf" => return Ok(self.template(from, kind::FSTRING_START)),
                    "t" | "tr" | "rt" => return Ok(self.template(from, kind::TSTRING_START)),
                    _ => {}
                }
            }
            self.push(kind::NAME, kind::NAME, from, self.at);
            return Ok(self.check_name(from));
        }
        Ok(self.operator(from))
    }

    /// Whether all characters of a name may be there.
    fn check_name(&self, from: usize) -> Result<(), Mistake> {
        for at in from..self.at {
            let c = self.line[at];
            // A letter before makes any character one that need not start a name.
            let before = (at > from).then_some(u32::from('a'));
            if c.is_ascii() || is_identifier(before.into_iter().chain([c as u32])) {
                continue;
            }
            let code = c as u32;
            let message = if is_printable(code) {
                format!("invalid character '{c}' (U+{code:04X})")
            } else {
                format!("invalid non-printable character U+{code:04X}")
            };
            return Err(self.mistake(message, self.row, at + 1, &self.text));
        }
        Ok(())
    }

    fn operator(&mut self, from: usize) -> Result<(), Mistake> {
        let c = self.peek(0);
        if let Some(template) = self.templates.last_mut()
            && self.depth == template.depth + 1 + template.specs.len()
        {
            // At the top level of a replacement field.
            if c == ':' {
                template.in_text = true;
                template.specs.push(self.depth);
                self.at += 1;
                self.push(kind::OP, 11, from, from + 1);
                return Ok(());
            }
            if c == '!' && self.peek(1) != '=' {
                self.at += 1;
                self.push(kind::OP, 54, from, from + 1);
                return Ok(());
            }
        }
        let rest: String = self.line[from..self.line.len().min(from + 3)].iter().collect();
        let found = OPERATORS.iter().find(|(text, _)| rest.starts_with(text) && *text != "<>");
        let (len, exact) = found.map_or((1, kind::OP), |(text, exact)| (text.len(), *exact));
        self.at += len;
        self.push(kind::OP, exact, from, from + len);
        match c {
            '(' | '[' | '{' => {
                if self.depth >= MAX_BRACKETS {
                    let text = self.text.clone();
                    return Err(self.mistake("too many nested parentheses", self.row, from + 1, &text));
                }
                self.depth += 1;
                self.open.push((c, self.row));
            }
            ')' | ']' | '}' => {
                self.check_closing(c, from)?;
                self.depth = self.depth.saturating_sub(1);
                if let Some(template) = self.templates.last_mut()
                    && c == '}'
                    && self.depth == template.depth + template.specs.len()
                {
                    template.in_text = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a bracket closes the one that is open, unless nobody minds.
    fn check_closing(&mut self, c: char, from: usize) -> Result<(), Mistake> {
        let message = match self.open.pop() {
            _ if self.extra => return Ok(()),
            None => format!("unmatched '{c}'"),
            Some(('(', _)) if c == ')' => return Ok(()),
            Some(('[', _)) if c == ']' => return Ok(()),
            Some(('{', _)) if c == '}' => return Ok(()),
            Some((open, row)) => {
                let place = if row == self.row { String::new() } else { format!(" on line {row}") };
                format!("closing parenthesis '{c}' does not match opening parenthesis '{open}'{place}")
            }
        };
        let text = self.text.clone();
        Err(self.mistake(message, self.row, from + 1, &text))
    }

    fn digits(&mut self, radix: u32) -> Result<(), Mistake> {
        let mut underscore = false;
        while self.peek(0).is_digit(radix) || (self.peek(0) == '_') {
            underscore = self.peek(0) == '_';
            if underscore && !self.peek(1).is_digit(radix) {
                break;
            }
            self.at += 1;
            underscore = false;
        }
        if underscore {
            let name = radix_name(radix);
            let text = self.text.clone();
            return Err(self.mistake(format!("invalid {name} literal"), self.row, self.at + 1, &text));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Mistake> {
        if self.peek(0) == '0' {
            let radix = match self.peek(1).to_ascii_lowercase() {
                'x' => 16,
                'o' => 8,
                'b' => 2,
                _ => 10,
            };
            if radix != 10 {
                self.at += 2;
                let first = if self.peek(0) == '_' { self.peek(1) } else { self.peek(0) };
                if !first.is_digit(radix) {
                    let name = radix_name(radix);
                    let message = if first.is_ascii_digit() {
                        format!("invalid digit '{first}' in {name} literal")
                    } else {
                        format!("invalid {name} literal")
                    };
                    let column = self.at + usize::from(first.is_ascii_digit() || self.peek(0) == '_');
                    return Err(self.mistake(message, self.row, column, &self.text));
                }
                self.digits(radix)?;
                let next = self.peek(0);
                if next.is_ascii_digit() {
                    let message = format!("invalid digit '{next}' in {} literal", radix_name(radix));
                    return Err(self.mistake(message, self.row, self.at + 1, &self.text));
                }
                return Ok(());
            }
        }
        let from = self.at;
        self.digits(10)?;
        let whole = self.at;
        if self.peek(0) == '.' {
            self.at += 1;
            if self.peek(0).is_ascii_digit() {
                self.digits(10)?;
            }
        }
        if matches!(self.peek(0), 'e' | 'E') {
            let sign = usize::from(matches!(self.peek(1), '+' | '-'));
            if self.peek(1 + sign).is_ascii_digit() {
                self.at += 1 + sign;
                self.digits(10)?;
            } else if sign > 0 {
                let text = self.text.clone();
                return Err(self.mistake("invalid decimal literal", self.row, self.at + 2, &text));
            }
        }
        if matches!(self.peek(0), 'j' | 'J') {
            self.at += 1;
        }
        if self.extra {
            return Ok(());
        }
        let text = self.text.clone();
        let digits = &self.line[from..whole];
        if self.at == whole && digits.first() == Some(&'0') && digits.iter().any(|c| !matches!(c, '0' | '_'))
        {
            let message = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers";
            return Err(self.mistake(message, self.row, from + 1, &text));
        }
        self.check_end_of_number(&text)
    }

    /// Behind a number there may be a keyword, but no name.
    fn check_end_of_number(&self, text: &str) -> Result<(), Mistake> {
        let rest: String =
            self.line[self.at..].iter().take_while(|c| **c == '_' || c.is_alphanumeric()).collect();
        let keyword = ["and", "else", "for", "if", "in", "is", "not", "or"];
        if rest.is_empty() || keyword.iter().any(|word| rest.starts_with(word)) {
            return Ok(());
        }
        Err(self.mistake("invalid decimal literal", self.row, self.at, text))
    }

    /// A string literal that begins at `from`; its quote is at the current place.
    fn string<E>(&mut self, from: usize, source: Source<'_, E>) -> Result<Result<(), Mistake>, E> {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let start = (self.row, from);
        let first_line = self.text.clone();
        let mut lines = self.text.clone();
        let mut text = String::new();
        let mut begin = from;
        self.at += if triple { 3 } else { 1 };
        loop {
            if self.at >= self.line.len() || (!triple && matches!(self.peek(0), '\n' | '\r')) {
                if !triple {
                    if let Some(t) = self.templates.last()
                        && t.quote == quote
                    {
                        let message = format!("{}-string: expecting '}}'", t.letter());
                        return Ok(Err(self.mistake(message, start.0, from + 1, &first_line)));
                    }
                    return Ok(Err(self.mistake(
                        format!("unterminated string literal (detected at line {})", self.row),
                        start.0,
                        from + 1,
                        &first_line,
                    )));
                }
                text.extend(&self.line[begin..]);
                if !self.read(source)? {
                    return Ok(Err(self.mistake(
                        format!("unterminated triple-quoted string literal (detected at line {})", self.row),
                        start.0,
                        from + 1,
                        &first_line,
                    )));
                }
                lines.push_str(&self.text);
                begin = 0;
                continue;
            }
            let c = self.peek(0);
            if c == '\\' {
                let line_end = matches!(self.peek(1), '\n' | '\r') || self.at + 1 >= self.line.len();
                if !triple && line_end {
                    text.extend(&self.line[begin..]);
                    if !self.read(source)? {
                        return Ok(Err(self.unexpected_end()));
                    }
                    lines.push_str(&self.text);
                    begin = 0;
                    continue;
                }
                self.at = (self.at + 2).min(self.line.len());
                continue;
            }
            if c == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote)) {
                self.at += if triple { 3 } else { 1 };
                text.extend(&self.line[begin..self.at]);
                let end = (self.row, self.at);
                self.queue.push_back(Token {
                    kind: kind::STRING,
                    exact: kind::STRING,
                    text,
                    start,
                    end,
                    line: lines,
                });
                return Ok(Ok(()));
            }
            self.at += 1;
        }
    }

    fn template(&mut self, from: usize, start_kind: u8) -> Result<(), Mistake> {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if triple { 3 } else { 1 };
        self.push(start_kind, start_kind, from, self.at);
        let raw = self.line[from..self.at].iter().any(|c| matches!(c, 'r' | 'R'));
        self.templates.push(Template {
            start_kind,
            quote,
            triple,
            raw,
            pending: None,
            depth: self.depth,
            in_text: true,
            specs: Vec::new(),
            row: self.row,
            column: from,
        });
        Ok(())
    }

    /// The text of an f-string up to a field or its end. `false`: it goes on in the next line.
    fn template_text(&mut self) -> Result<bool, Mistake> {
        let Some(template) = self.templates.last() else { return Ok(true) };
        let (quote, triple, start_kind) = (template.quote, template.triple, template.start_kind);
        let in_spec = !template.specs.is_empty();
        let (row, column) = (template.row, template.column);
        let (raw, name) = (template.raw, template.letter());
        let from = self.at;
        let mut escaped = false;
        loop {
            let c = self.peek(0);
            let at_end = self.at >= self.line.len();
            if at_end && (triple || escaped) {
                let text: String = self.line[from..].iter().collect();
                let (row, line) = (self.row, self.text.clone());
                if let Some(template) = self.templates.last_mut() {
                    let pending =
                        template.pending.get_or_insert_with(|| ((row, from), String::new(), String::new()));
                    pending.1.push_str(&text);
                    pending.2.push_str(&line);
                }
                return Ok(false);
            }
            if at_end || (matches!(c, '\n' | '\r') && !triple) {
                let text = self.text.clone();
                if in_spec {
                    let message = format!(
                        "{name}-string: newlines are not allowed in format specifiers for single quoted {name}-strings"
                    );
                    return Err(self.mistake(message, self.row, self.at + 1, &text));
                }
                let message = format!("unterminated {name}-string literal (detected at line {})", self.row);
                return Err(self.mistake(message, row, column + 1, &text));
            }
            escaped = false;
            if c == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote)) && !in_spec {
                self.push_middle(from, self.at, false);
                let begin = self.at;
                self.at += if triple { 3 } else { 1 };
                self.push(start_kind + 2, start_kind + 2, begin, self.at);
                self.templates.pop();
                return Ok(true);
            }
            match c {
                '\\' if matches!(self.peek(1), '{' | '}') => self.at += 1,
                '\\' if !raw && self.peek(1) == 'N' && self.peek(2) == '{' => {
                    // The name of a character.
                    let close = self.line[self.at..].iter().position(|c| *c == '}' || *c == quote);
                    self.at = close.map_or(self.line.len(), |n| self.at + n);
                    if self.peek(0) == '}' {
                        self.at += 1;
                        // Text after a name is another token.
                        self.push_middle(from, self.at, false);
                        return Ok(true);
                    }
                }
                '\\' => {
                    escaped = matches!(self.peek(1), '\n' | '\r');
                    let step = if self.peek(1) == '\r' && self.peek(2) == '\n' { 3 } else { 2 };
                    self.at = (self.at + step).min(self.line.len());
                }
                '{' | '}' if self.peek(1) == c && !in_spec => {
                    // Doubled: the token ends after the first.
                    self.push_middle(from, self.at + 1, false);
                    self.at += 2;
                    return Ok(true);
                }
                '{' => {
                    self.push_middle(from, self.at, in_spec && self.peek(1) == '{');
                    self.push(kind::OP, 25, self.at, self.at + 1);
                    self.at += 1;
                    self.depth += 1;
                    self.open.push(('{', self.row));
                    if let Some(template) = self.templates.last_mut() {
                        template.in_text = false;
                    }
                    return Ok(true);
                }
                '}' if in_spec => {
                    self.push_middle(from, self.at, true);
                    self.push(kind::OP, 26, self.at, self.at + 1);
                    self.at += 1;
                    self.depth = self.depth.saturating_sub(1);
                    if let Some(template) = self.templates.last_mut() {
                        template.specs.pop();
                        template.in_text = true;
                    }
                    return Ok(true);
                }
                '}' => {
                    let text = self.text.clone();
                    return Err(self.mistake(
                        format!("{name}-string: single '}}' is not allowed"),
                        self.row,
                        self.at + 1,
                        &text,
                    ));
                }
                _ => self.at += 1,
            }
        }
    }

    /// The text of the line from `from` to `to`, after that of earlier lines. Empty text is a token only
    /// before a brace that ends a format specification, or a doubled one in it.
    fn push_middle(&mut self, from: usize, to: usize, even_empty: bool) {
        let Some(template) = self.templates.last_mut() else { return };
        let middle = template.start_kind + 1;
        let (start, mut text, mut line) =
            template.pending.take().unwrap_or_else(|| ((self.row, from), String::new(), String::new()));
        text.extend(&self.line[from..to]);
        line.push_str(&self.text);
        if even_empty || !text.is_empty() {
            self.queue.push_back(Token {
                kind: middle,
                exact: middle,
                text,
                start,
                end: (self.row, to),
                line,
            });
        }
    }
}

fn radix_name(radix: u32) -> &'static str {
    match radix {
        2 => "binary",
        8 => "octal",
        16 => "hexadecimal",
        _ => "decimal",
    }
}

impl Template {
    fn letter(&self) -> char {
        if self.start_kind == kind::FSTRING_START { 'f' } else { 't' }
    }
}

impl Default for Lexer {
    fn default() -> Self {
        Lexer::new(false)
    }
}
