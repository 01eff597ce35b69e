//! Strings, and the text parts of f-strings and t-strings.

use super::{Done, END, Interpolated, Kind, Result, Token, Tokenizer, Wrong};

const MAX_OPEN: usize = 150;
const MAX_FIELDS: i32 = 3;

impl Tokenizer<'_> {
    /// A plain string, behind its first quote.
    pub(super) fn string(&mut self, quote: u8) -> Result<Token> {
        self.first_line = self.line;
        self.string_line_start = self.line_start;
        let (mut quotes, mut ending) = (1, 0);
        let mut c = self.next_byte();
        if c == quote {
            c = self.next_byte();
            if c == quote {
                quotes = 3;
            } else {
                ending = 1;
            }
        }
        if c != quote {
            self.back(c);
        }
        let mut escaped = false;
        while ending != quotes {
            c = self.next_byte();
            if c == END || (quotes == 1 && c == b'\n') {
                return self.unterminated(c, quote, quotes, escaped);
            }
            if c == quote {
                ending += 1;
                continue;
            }
            ending = 0;
            if c == b'\\' {
                escaped |= self.next_byte() == quote;
            }
        }
        Ok(self.from_start(Kind::String))
    }

    fn unterminated<T>(&mut self, c: u8, quote: u8, quotes: usize, escaped: bool) -> Result<T> {
        let detected = self.line;
        self.cursor = self.start.unwrap_or(self.cursor) + 1;
        self.line_start = self.string_line_start;
        self.line = self.first_line;
        if let Some(mode) = self.mode()
            && mode.quote == quote
            && mode.quotes == quotes
        {
            let prefix = mode.prefix as char;
            return self.fail(format!("{prefix}-string: expecting '}}'"));
        }
        let triple = if quotes == 3 { "triple-quoted " } else { "" };
        let hint = if escaped && quotes == 1 { "; perhaps you escaped the end quote?" } else { "" };
        let result =
            self.fail(format!("unterminated {triple}string literal (detected at line {detected}){hint}"));
        if c != b'\n' {
            self.done = if quotes == 3 { Done::EofInString } else { Done::EolInString };
        }
        result
    }

    /// An f-string or t-string, behind its first quote.
    pub(super) fn interpolated(&mut self, quote: u8, prefix: u8, raw: bool) -> Result<Token> {
        self.first_line = self.line;
        self.string_line_start = self.line_start;
        let mut quotes = 1;
        let second = self.next_byte();
        if second == quote {
            let third = self.next_byte();
            if third == quote {
                quotes = 3;
            } else {
                self.back(third);
                self.back(second);
            }
        } else {
            self.back(second);
        }
        if self.open.len() + 1 >= MAX_OPEN {
            return self.fail("too many nested f-strings or t-strings");
        }
        let start = self.start.unwrap_or(self.cursor);
        self.open.push(Interpolated {
            prefix,
            in_text: true,
            raw,
            quote,
            quotes,
            start,
            line: self.line,
            line_start: self.line_start,
            braces: 0,
            field: -1,
            in_format: false,
        });
        Ok(self.from_start(if prefix == b'f' { Kind::FStringStart } else { Kind::TStringStart }))
    }

    /// In the text of an f-string: its next part or its end, or what a field begins with.
    pub(super) fn string_text(&mut self) -> Result<Token> {
        let Some(mode) = self.open.last().copied() else { return Err(Wrong) };
        self.start = Some(self.cursor);
        self.first_line = self.line;
        let (middle, end) = if mode.prefix == b'f' {
            (Kind::FStringMiddle, Kind::FStringEnd)
        } else {
            (Kind::TStringMiddle, Kind::TStringEnd)
        };
        let first = self.next_byte();
        if first == b'{' {
            let second = self.next_byte();
            self.back(second);
            self.back(first);
            if second != b'{' {
                self.begin_field()?;
                return self.normal();
            }
        } else {
            self.back(first);
        }
        let mut ended = true;
        for _ in 0..mode.quotes {
            let c = self.next_byte();
            if c != mode.quote {
                self.back(c);
                ended = false;
                break;
            }
        }
        if ended {
            self.open.pop();
            return Ok(self.from_start(end));
        }
        self.string_line_start = self.line_start;
        let start = self.start.unwrap_or(self.cursor);
        let (mut ending, mut named) = (0, false);
        while ending != mode.quotes {
            let c = self.next_byte();
            let in_format = mode.in_format && mode.field >= 0;
            if c == END || (mode.quotes == 1 && c == b'\n') {
                if in_format && c == b'\n' {
                    let p = mode.prefix as char;
                    return self.fail(format!(
                        "{p}-string: newlines are not allowed in format specifiers for single quoted {p}-strings"
                    ));
                }
                return self.unterminated_text(c, mode);
            }
            if c == mode.quote {
                ending += 1;
                continue;
            }
            ending = 0;
            match c {
                b'{' => {
                    let next = self.next_byte();
                    if next == b'{' && !in_format {
                        return Ok(self.token(middle, Some((start, self.cursor - 1))));
                    }
                    self.back(next);
                    self.back(c);
                    self.begin_field()?;
                    return Ok(self.token(middle, Some((start, self.cursor))));
                }
                b'}' if named => return Ok(self.token(middle, Some((start, self.cursor)))),
                b'}' => {
                    let next = self.next_byte();
                    if next == b'}' && !in_format && mode.braces == 0 {
                        return Ok(self.token(middle, Some((start, self.cursor - 1))));
                    }
                    self.back(next);
                    self.back(c);
                    if let Some(mode) = self.open.last_mut() {
                        mode.in_text = false;
                    }
                    return Ok(self.token(middle, Some((start, self.cursor))));
                }
                b'\\' => {
                    let next = self.next_byte();
                    if matches!(next, b'{' | b'}') {
                        self.back(next);
                    } else if next == b'N' && !mode.raw {
                        let brace = self.next_byte();
                        if brace == b'{' {
                            named = true;
                        } else {
                            self.back(brace);
                        }
                    }
                }
                _ => {}
            }
        }
        self.cursor -= mode.quotes;
        Ok(self.token(middle, Some((start, self.cursor))))
    }

    fn begin_field(&mut self) -> Result<()> {
        let Some(mode) = self.open.last_mut() else { return Err(Wrong) };
        mode.field += 1;
        let (deep, prefix) = (mode.field >= MAX_FIELDS, mode.prefix as char);
        mode.in_text = false;
        if deep {
            return self.fail(format!("{prefix}-string: expressions nested too deeply"));
        }
        Ok(())
    }

    fn unterminated_text<T>(&mut self, c: u8, mode: Interpolated) -> Result<T> {
        let detected = self.line;
        self.cursor = mode.start + 1;
        self.line_start = mode.line_start;
        self.line = mode.line;
        let triple = if mode.quotes == 3 { "triple-quoted " } else { "" };
        let prefix = mode.prefix as char;
        let result =
            self.fail(format!("unterminated {triple}{prefix}-string literal (detected at line {detected})"));
        if mode.quotes == 3 && c != b'\n' {
            self.done = Done::EofInString;
        }
        result
    }
}
