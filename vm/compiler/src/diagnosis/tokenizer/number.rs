//! Numbers.

use super::{END, Kind, Result, Token, Tokenizer};

impl Tokenizer<'_> {
    pub(super) fn number(&mut self, first: u8) -> Result<Token> {
        if first != b'0' {
            let c = self.digits()?;
            return self.number_tail(c);
        }
        let mut c = self.next_byte();
        match c {
            b'x' | b'X' => return self.radix("hexadecimal", |c| c.is_ascii_hexdigit()),
            b'o' | b'O' => return self.radix("octal", |c| matches!(c, b'0'..=b'7')),
            b'b' | b'B' => return self.radix("binary", |c| matches!(c, b'0' | b'1')),
            _ => {}
        }
        loop {
            if c == b'_' {
                c = self.next_byte();
                if !c.is_ascii_digit() {
                    self.back(c);
                    return self.fail("invalid decimal literal");
                }
            }
            if c != b'0' {
                break;
            }
            c = self.next_byte();
        }
        let zeros_end = self.cursor;
        if !c.is_ascii_digit() {
            return self.number_tail(c);
        }
        c = self.digits()?;
        if !matches!(c, b'.' | b'e' | b'E' | b'j' | b'J') {
            self.back(c);
            let start = self.start.unwrap_or(zeros_end);
            let (from, to) = (self.characters(start) + 1, self.characters(zeros_end));
            return self.fail_range(
                "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
                from,
                to,
            );
        }
        self.number_tail(c)
    }

    /// Behind the integer part.
    fn number_tail(&mut self, c: u8) -> Result<Token> {
        if c == b'.' {
            let c = self.next_byte();
            return self.fraction(c);
        }
        self.exponent(c)
    }

    /// Behind the point.
    pub(super) fn fraction(&mut self, c: u8) -> Result<Token> {
        let c = if c.is_ascii_digit() { self.digits()? } else { c };
        self.exponent(c)
    }

    fn exponent(&mut self, mut c: u8) -> Result<Token> {
        if matches!(c, b'e' | b'E') {
            let e = c;
            c = self.next_byte();
            if matches!(c, b'+' | b'-') {
                c = self.next_byte();
                if !c.is_ascii_digit() {
                    self.back(c);
                    return self.fail("invalid decimal literal");
                }
            } else if !c.is_ascii_digit() {
                self.back(c);
                self.check_end(e, "decimal")?;
                self.back(e);
                return Ok(self.from_start(Kind::Number));
            }
            c = self.digits()?;
        }
        if matches!(c, b'j' | b'J') {
            c = self.next_byte();
            self.check_end(c, "imaginary")?;
        } else {
            self.check_end(c, "decimal")?;
        }
        self.back(c);
        Ok(self.from_start(Kind::Number))
    }

    fn digits(&mut self) -> Result<u8> {
        loop {
            let mut c = self.next_byte();
            while c.is_ascii_digit() {
                c = self.next_byte();
            }
            if c != b'_' {
                return Ok(c);
            }
            c = self.next_byte();
            if !c.is_ascii_digit() {
                self.back(c);
                return self.fail("invalid decimal literal");
            }
        }
    }

    fn radix(&mut self, kind: &str, fits: fn(u8) -> bool) -> Result<Token> {
        let mut c = self.next_byte();
        loop {
            if c == b'_' {
                c = self.next_byte();
            }
            if !fits(c) {
                if c.is_ascii_digit() {
                    return self.fail(format!("invalid digit '{}' in {kind} literal", c as char));
                }
                self.back(c);
                return self.fail(format!("invalid {kind} literal"));
            }
            while fits(c) {
                c = self.next_byte();
            }
            if c != b'_' {
                break;
            }
        }
        if c.is_ascii_digit() {
            return self.fail(format!("invalid digit '{}' in {kind} literal", c as char));
        }
        self.check_end(c, kind)?;
        self.back(c);
        Ok(self.from_start(Kind::Number))
    }

    /// A number must not run into a name; a keyword that can follow one may stand there.
    fn check_end(&mut self, c: u8, kind: &str) -> Result<()> {
        let rest = &self.source[self.cursor.saturating_sub(usize::from(c != END))..];
        // Of the two-letter ones that begin with `i` CPython does not ask for the end.
        let keywords: [&[u8]; 5] = [b"and", b"else", b"for", b"or", b"not"];
        let whole = |k: &&[u8]| {
            rest.starts_with(k)
                && !rest.get(k.len()).is_some_and(|next| *next >= 128 || super::name_byte(*next))
        };
        if keywords.iter().any(|k| whole(k)) || [b"if", b"in", b"is"].iter().any(|k| rest.starts_with(*k)) {
            return Ok(());
        }
        if c < 128 && super::name_byte(c) {
            self.back(c);
            return self.fail(format!("invalid {kind} literal"));
        }
        Ok(())
    }
}
