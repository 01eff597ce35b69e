//! Where events and failures are in the document.

use super::{Failure, Parser};

/// A place in the document.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub offset: usize,
    pub byte: u64,
    pub line: u64,
    pub column: u64,
    pub after_cr: bool,
}

impl Parser {
    /// Remembers a failure and its place.
    pub fn fail(&mut self, failure: Failure) {
        self.failed = Some(failure.code);
        self.queue.clear();
        self.pending = None;
        if let Some(at) = failure.at
            && self.in_document()
        {
            self.event_at = Some(at);
        }
    }
    /// A piece comes after a failure: the failure stays. Its line and column go on with each piece, since Expat counts the piece that
    /// failed again, which stays in its buffer; programs that print what they get from a parser of broken text show it.
    pub fn fail_again(&mut self) {
        if let Some(at) = self.event_at.take() {
            let begin = self.marker;
            let place = self.place(at);
            self.advance = match place.line.saturating_sub(begin.line) {
                0 => (0, place.column.saturating_sub(begin.column)),
                lines => (lines, place.column),
            };
            self.event = Some(place);
        }
        let (lines, columns) = self.advance;
        if let Some(place) = &mut self.event {
            place.column = if lines == 0 { place.column + columns } else { columns };
            place.line += lines;
        }
    }
    /// Line, column and byte of an offset into the document's text.
    pub fn place(&mut self, offset: usize) -> Place {
        let from = if offset >= self.cache.offset { self.cache } else { self.marker };
        let text = &self.inputs[0].text;
        let mut place = from;
        let end = offset.min(text.len());
        let mut at = from.offset;
        if self.encoding.is_utf8() && !place.after_cr && at < end {
            let part = &text[at..end];
            if part.is_ascii() && memchr::memchr(b'\r', part).is_none() {
                match memchr::memrchr(b'\n', part) {
                    Some(last) => {
                        place.line += memchr::memchr_iter(b'\n', part).count() as u64;
                        place.column = (part.len() - last - 1) as u64;
                    }
                    None => place.column += part.len() as u64,
                }
                place.byte += part.len() as u64;
                at = end;
            }
        }
        while at < end {
            let c = text[at];
            let len = match c {
                0..=0x7f | 0x80..=0xbf | 0xf8.. => 1,
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
            };
            match c {
                b'\n' if place.after_cr => {}
                b'\n' | b'\r' => {
                    place.line += 1;
                    place.column = 0;
                }
                _ => place.column += 1,
            }
            place.after_cr = c == b'\r';
            place.byte += self.encoding.width(c, len.min(end - at));
            at += len;
        }
        place.offset = offset;
        self.cache = place;
        place
    }
    /// Where the current event began: byte, line, column.
    pub fn position(&mut self) -> (i64, u64, u64) {
        let place = match self.event_at {
            Some(at) => Some(self.place(at)),
            None => self.event,
        };
        match place {
            Some(place) => (place.byte as i64, place.line, place.column),
            None => (-1, 1, 0),
        }
    }
    /// The text from the current event on.
    pub fn input_context(&self) -> Option<Vec<u8>> {
        let at = self.event_at?;
        self.inputs[0].text.get(at..).map(<[u8]>::to_vec)
    }
}
