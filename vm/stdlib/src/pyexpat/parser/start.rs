//! The beginning of a document or external entity: its declaration, and the encoding that this names.

use super::encoding::Encoding;
use super::scan::{self, Lack};
use super::{Code, Event, Failure, Kind, Mode, Outcome, Parser, Pending, Seldom, Wanted};

impl Parser {
    /// Reads the declaration, if there is one.
    pub fn start(&mut self) -> Outcome<bool> {
        if matches!(self.encoding(), Encoding::Undecided) {
            if !self.last {
                return Ok(false);
            }
            self.begin(0);
            self.input().mode = self.first_mode();
            return Ok(true);
        }
        if self.kind == Kind::ParameterEntity {
            self.dtd.lock().parameter_read = true;
        }
        let text = self.input().text.clone();
        let at = self.input().at;
        const OPEN: &[u8] = b"<?xml";
        let given = &text[at..];
        if !self.last && given.len() <= OPEN.len() && OPEN.starts_with(given) {
            return Ok(false);
        }
        if given.starts_with(OPEN) && given.get(OPEN.len()).is_none_or(|c| scan::is_space(*c) || *c == b'?') {
            self.begin(at);
            let (token, end) = match scan::pi(&text, at, false) {
                Ok(found) => found,
                Err(Lack::Invalid(at)) => return Err(Failure { code: Code::InvalidToken, at: Some(at) }),
                Err(Lack::PartialChar) if self.last => return Err(self.partial_char()),
                Err(_) if self.last => return Err(Code::UnclosedToken.into()),
                Err(_) => return Ok(false),
            };
            if matches!(token, scan::Content::XmlDecl) {
                self.account(end - at)?;
                self.input().at = end;
                self.input().mode = self.first_mode();
                if self.kind == Kind::Document {
                    self.state = super::prolog::State::Prolog1;
                }
                self.xml_declaration(&text, at, end)?;
                return Ok(true);
            }
        }
        self.input().mode = self.first_mode();
        Ok(true)
    }
    fn first_mode(&self) -> Mode {
        if self.kind == Kind::GeneralEntity { Mode::Content } else { Mode::Prolog }
    }
    fn xml_declaration(&mut self, text: &[u8], at: usize, end: usize) -> Outcome {
        let is_text = self.kind != Kind::Document;
        let wrong = |at| Failure { code: if is_text { Code::TextDecl } else { Code::XmlDecl }, at: Some(at) };
        let (mut version, mut encoding, mut standalone) = (None, None, -1);
        let mut encoding_at = at;
        let mut i = at + 5;
        let stop = end - 2;
        let mut stage = 0;
        loop {
            let next = scan::skip_space(&text[..stop], i);
            if next == stop {
                break;
            }
            if next == i {
                return Err(wrong(next));
            }
            let mut name_end = next;
            while name_end < stop && text[name_end].is_ascii_alphabetic() {
                name_end += 1;
            }
            let equals = scan::skip_space(&text[..stop], name_end);
            if text[equals] != b'=' {
                return Err(wrong(equals));
            }
            let open = scan::skip_space(&text[..stop], equals + 1);
            let quote = text[open];
            if !matches!(quote, b'"' | b'\'') {
                return Err(wrong(open));
            }
            let mut close = open + 1;
            while close < stop && text[close] != quote {
                let c = text[close];
                if !(c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':')) {
                    return Err(wrong(close));
                }
                close += 1;
            }
            if close == stop {
                return Err(wrong(close));
            }
            let value = String::from_utf8_lossy(&text[open + 1..close]).into_owned();
            match &text[next..name_end] {
                b"version" if stage == 0 => {
                    version = Some(value);
                    stage = 1;
                }
                b"encoding" if stage == 1 || (stage == 0 && is_text) => {
                    if !value.starts_with(|c: char| c.is_ascii_alphabetic()) {
                        return Err(wrong(open + 1));
                    }
                    encoding = Some(value);
                    encoding_at = open + 1;
                    stage = 2;
                }
                b"standalone" if (stage == 1 || stage == 2) && !is_text => {
                    standalone = match value.as_str() {
                        "yes" => 1,
                        "no" => 0,
                        _ => return Err(wrong(open + 1)),
                    };
                    stage = 3;
                }
                _ => return Err(wrong(next)),
            }
            i = close + 1;
        }
        if (!is_text && version.is_none()) || (is_text && encoding.is_none()) {
            return Err(wrong(stop));
        }
        if standalone == 1 && !is_text {
            self.dtd.lock().standalone = true;
            if self.param_entities == super::ParamEntities::UnlessStandalone {
                self.param_entities = super::ParamEntities::Never;
            }
        }
        if self.wants(Wanted::XML_DECL) {
            self.tell(Seldom::XmlDecl { version, encoding: encoding.clone(), standalone });
        } else {
            self.tell_default(&text[at..end]);
        }
        let Some(name) = encoding.filter(|_| self.protocol_encoding.is_none()) else { return Ok(()) };
        if name.eq_ignore_ascii_case("utf-16") {
            if self.encoding().is_wide() {
                return Ok(());
            }
            return Err(Failure { code: Code::IncorrectEncoding, at: Some(encoding_at) });
        }
        match Encoding::known(&name) {
            Some(known) => {
                let fits = match (&known, self.encoding()) {
                    (Encoding::Utf16 { big }, Encoding::Utf16 { big: now }) => big == now,
                    (known, now) => known.is_wide() == now.is_wide(),
                };
                if !fits {
                    return Err(Failure { code: Code::IncorrectEncoding, at: Some(encoding_at) });
                }
                self.switch_encoding(known);
            }
            None => self.ask(Event::UnknownEncoding(name), Pending::Encoding),
        }
        Ok(())
    }
}
