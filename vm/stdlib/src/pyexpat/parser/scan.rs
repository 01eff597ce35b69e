//! Tokens of XML text. A scanner looks at bytes in UTF-8 that may be malformed or end anywhere, and says what is there without changing anything:
//! a whole token, that more is needed, or where the first byte is that cannot be.

use std::ops::Range;

use super::classes::{CONTINUES, ENDS, PLAIN, STARTS, TEXT, has_class};

/// Why there is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lack {
    /// No text at all.
    None,
    /// The token goes on.
    Partial,
    /// A character goes on.
    PartialChar,
    /// What is at this place cannot be there.
    Invalid(usize),
}

pub type Scan<T> = Result<T, Lack>;

/// The character at `at`, and its length.
pub fn char_at(s: &[u8], at: usize) -> Scan<(u32, usize)> {
    let Some(&first) = s.get(at) else { return Err(Lack::Partial) };
    if first < 0x80 {
        let good = first >= 0x20 || matches!(first, 9 | 10 | 13);
        return if good { Ok((u32::from(first), 1)) } else { Err(Lack::Invalid(at)) };
    }
    let (len, initial) = match first {
        0xc2..=0xdf => (2, u32::from(first & 0x1f)),
        0xe0..=0xef => (3, u32::from(first & 0x0f)),
        0xf0..=0xf4 => (4, u32::from(first & 0x07)),
        _ => return Err(Lack::Invalid(at)),
    };
    let mut c = initial;
    for i in 1..len {
        match s.get(at + i) {
            None => return Err(Lack::PartialChar),
            Some(&b) if b & 0xc0 == 0x80 => c = c << 6 | u32::from(b & 0x3f),
            Some(_) => return Err(Lack::Invalid(at)),
        }
    }
    let least = [0, 0, 0x80, 0x800, 0x10000][len];
    let good = c >= least && c <= 0x10ffff && !(0xd800..=0xdfff).contains(&c) && c != 0xfffe && c != 0xffff;
    if good { Ok((c, len)) } else { Err(Lack::Invalid(at)) }
}

pub fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\r' | b'\n')
}

fn starts_name(c: u32) -> bool {
    matches!(c, 0x3a | 0x41..=0x5a | 0x5f | 0x61..=0x7a | 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x2ff | 0x370..=0x37d | 0x37f..=0x1fff
        | 0x200c..=0x200d | 0x2070..=0x218f | 0x2c00..=0x2fef | 0x3001..=0xd7ff | 0xf900..=0xfdcf | 0xfdf0..=0xfffd)
}

fn continues_name(c: u32) -> bool {
    starts_name(c) || matches!(c, 0x2d | 0x2e | 0x30..=0x39 | 0xb7 | 0x300..=0x36f | 0x203f..=0x2040)
}

/// The end of the name that starts at `at`.
pub fn name(s: &[u8], at: usize, namespaces: bool) -> Scan<usize> {
    if has_class(s, at, STARTS) {
        let mut end = at + 1;
        while has_class(s, end, CONTINUES) {
            end += 1;
        }
        if has_class(s, end, ENDS) {
            return Ok(end);
        }
    }
    name_slow(s, at, namespaces)
}

/// The same for names with colons or other than ASCII letters, and for what is no name.
fn name_slow(s: &[u8], at: usize, namespaces: bool) -> Scan<usize> {
    let (c, len) = char_at(s, at)?;
    if !starts_name(c) || (namespaces && c == 0x3a) {
        return Err(Lack::Invalid(at));
    }
    let mut colon = false;
    let mut i = at + len;
    loop {
        let (c, len) = char_at(s, i)?;
        if namespaces && c == 0x3a {
            if colon {
                return Err(Lack::Invalid(i));
            }
            colon = true;
            let (next, next_len) = char_at(s, i + len)?;
            if !starts_name(next) || next == 0x3a {
                return Err(Lack::Invalid(i + len));
            }
            i += len + next_len;
        } else if continues_name(c) {
            i += len;
        } else {
            return Ok(i);
        }
    }
}

/// The end of a name token, and whether it could be a name, too. At the end of an entity's text it may end there.
pub fn nmtoken(s: &[u8], at: usize, at_end: bool) -> Scan<(usize, bool)> {
    let (c, _) = char_at(s, at)?;
    let named = starts_name(c);
    let mut i = at;
    loop {
        match char_at(s, i) {
            Ok((c, len)) if continues_name(c) => i += len,
            Ok(_) => return if i > at { Ok((i, named)) } else { Err(Lack::Invalid(at)) },
            Err(Lack::Partial) if at_end && i > at => return Ok((i, named)),
            Err(lack) => return Err(lack),
        }
    }
}

pub fn skip_space(s: &[u8], mut at: usize) -> usize {
    while s.get(at).is_some_and(|c| is_space(*c)) {
        at += 1;
    }
    at
}

/// Where `pattern` (ASCII) is found from `at` on, all before it being characters.
fn find(s: &[u8], mut at: usize, pattern: &[u8]) -> Scan<usize> {
    loop {
        if s[at.min(s.len())..].starts_with(pattern) {
            return Ok(at);
        }
        at += char_at(s, at)?.1;
    }
}

/// An attribute of a start tag.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// A start tag.
#[derive(Clone, Debug)]
pub struct Tag {
    pub name: Range<usize>,
    pub attributes: Vec<Attribute>,
    pub empty: bool,
}

/// What is in content.
#[derive(Clone, Debug)]
pub enum Content {
    Data,
    Newline,
    EntityRef(Range<usize>),
    /// The number's text.
    CharRef(Range<usize>),
    Start(Tag),
    End(Range<usize>),
    CdataOpen,
    CdataClose,
    Comment(Range<usize>),
    Pi {
        target: Range<usize>,
        data: Range<usize>,
    },
    XmlDecl,
    /// A carriage return at the end of what is there.
    TrailingCr,
    /// Brackets at the end of what is there.
    TrailingBracket,
}

/// The next thing in content, and where it ends.
pub fn content(s: &[u8], at: usize, namespaces: bool) -> Scan<(Content, usize)> {
    match s.get(at) {
        None => Err(Lack::None),
        Some(b'<') => markup(s, at, namespaces),
        Some(b'&') => reference(s, at),
        Some(b'\n') => Ok((Content::Newline, at + 1)),
        Some(b'\r') => match s.get(at + 1) {
            None => Ok((Content::TrailingCr, at + 1)),
            Some(b'\n') => Ok((Content::Newline, at + 2)),
            Some(_) => Ok((Content::Newline, at + 1)),
        },
        Some(b']') if s.len() - at < 3 && s[at..].iter().all(|c| *c == b']') => {
            Ok((Content::TrailingBracket, at + 1))
        }
        Some(b']') if s[at..].starts_with(b"]]>") => Err(Lack::Invalid(at)),
        Some(b']') if &s[at..] == b"]]" => Ok((Content::TrailingBracket, at + 1)),
        Some(_) => data(s, at),
    }
}

fn data(s: &[u8], at: usize) -> Scan<(Content, usize)> {
    let mut i = at;
    loop {
        while has_class(s, i, TEXT) {
            i += 1;
        }
        match s.get(i) {
            Some(b'<' | b'&' | b'\n' | b'\r') => break,
            // The brackets may be the beginning of what ends a CDATA section.
            Some(b']') if i > at && (s.len() - i < 3 || s[i..].starts_with(b"]]>")) => break,
            Some(c) if (0x20..0x80).contains(c) => i += 1,
            _ => match char_at(s, i) {
                Ok((_, len)) => i += len,
                Err(_) if i > at => break,
                Err(lack) => return Err(lack),
            },
        }
    }
    Ok((Content::Data, i))
}

/// The next thing in a CDATA section.
pub fn cdata(s: &[u8], at: usize) -> Scan<(Content, usize)> {
    match s.get(at) {
        None => Err(Lack::None),
        Some(b'\n') => Ok((Content::Newline, at + 1)),
        Some(b'\r') => match s.get(at + 1) {
            None => Err(Lack::Partial),
            Some(b'\n') => Ok((Content::Newline, at + 2)),
            Some(_) => Ok((Content::Newline, at + 1)),
        },
        Some(b']') if s[at..].starts_with(b"]]>") => Ok((Content::CdataClose, at + 3)),
        Some(b']') if b"]]>".starts_with(&s[at..]) => Err(Lack::Partial),
        Some(_) => {
            let mut i = at;
            loop {
                match s.get(i) {
                    Some(b'\n' | b'\r') => break,
                    Some(b']') if i > at => break,
                    _ => match char_at(s, i) {
                        Ok((_, len)) => i += len,
                        Err(_) if i > at => break,
                        Err(lack) => return Err(lack),
                    },
                }
            }
            Ok((Content::Data, i))
        }
    }
}

fn reference(s: &[u8], at: usize) -> Scan<(Content, usize)> {
    if s.get(at + 1) == Some(&b'#') {
        let hex = s.get(at + 2) == Some(&b'x');
        let start = at + 2 + usize::from(hex);
        let mut i = start;
        loop {
            match s.get(i) {
                None => return Err(Lack::Partial),
                Some(b';') if i > start => return Ok((Content::CharRef(at + 2..i), i + 1)),
                Some(c) if if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() } => i += 1,
                Some(_) => return Err(Lack::Invalid(i)),
            }
        }
    }
    let end = name(s, at + 1, false)?;
    match s.get(end) {
        Some(b';') => Ok((Content::EntityRef(at + 1..end), end + 1)),
        Some(_) => Err(Lack::Invalid(end)),
        None => Err(Lack::Partial),
    }
}

/// A comment or processing instruction at `<`.
pub fn comment(s: &[u8], at: usize) -> Scan<(Content, usize)> {
    // `<!-` is there.
    match s.get(at + 3) {
        None => return Err(Lack::Partial),
        Some(b'-') => {}
        Some(_) => return Err(Lack::Invalid(at + 3)),
    }
    let end = find(s, at + 4, b"--")?;
    match s.get(end + 2) {
        None => Err(Lack::Partial),
        Some(b'>') => Ok((Content::Comment(at + 4..end), end + 3)),
        Some(_) => Err(Lack::Invalid(end + 2)),
    }
}

pub fn pi(s: &[u8], at: usize, namespaces: bool) -> Scan<(Content, usize)> {
    let _ = namespaces;
    let end = name(s, at + 2, false)?;
    let target = at + 2..end;
    let is_xml = match &s[target.clone()] {
        b"xml" => true,
        other if other.eq_ignore_ascii_case(b"xml") => return Err(Lack::Invalid(end)),
        _ => false,
    };
    if s.get(end) == Some(&b'?') {
        return match s.get(end + 1) {
            None => Err(Lack::Partial),
            Some(b'>') if is_xml => Ok((Content::XmlDecl, end + 2)),
            Some(b'>') => Ok((Content::Pi { target, data: end..end }, end + 2)),
            Some(_) => Err(Lack::Invalid(end + 1)),
        };
    }
    if !is_space(s[end]) {
        return Err(Lack::Invalid(end));
    }
    let start = skip_space(s, end);
    let close = find(s, start, b"?>")?;
    if is_xml {
        return Ok((Content::XmlDecl, close + 2));
    }
    Ok((Content::Pi { target, data: start..close }, close + 2))
}

fn markup(s: &[u8], at: usize, namespaces: bool) -> Scan<(Content, usize)> {
    match s.get(at + 1) {
        None => Err(Lack::Partial),
        Some(b'!') => match s.get(at + 2) {
            None => Err(Lack::Partial),
            Some(b'-') => comment(s, at),
            Some(b'[') => {
                const OPEN: &[u8] = b"<![CDATA[";
                for (i, c) in OPEN.iter().enumerate().skip(3) {
                    match s.get(at + i) {
                        None => return Err(Lack::Partial),
                        Some(given) if given == c => {}
                        Some(_) => return Err(Lack::Invalid(at + i)),
                    }
                }
                Ok((Content::CdataOpen, at + OPEN.len()))
            }
            Some(_) => Err(Lack::Invalid(at + 2)),
        },
        Some(b'?') => pi(s, at, namespaces),
        Some(b'/') => {
            let end = name(s, at + 2, namespaces)?;
            let close = skip_space(s, end);
            match s.get(close) {
                None => Err(Lack::Partial),
                Some(b'>') => Ok((Content::End(at + 2..end), close + 1)),
                Some(_) => Err(Lack::Invalid(close)),
            }
        }
        Some(_) => tag(s, at, namespaces),
    }
}

fn tag(s: &[u8], at: usize, namespaces: bool) -> Scan<(Content, usize)> {
    let end = name(s, at + 1, namespaces)?;
    let mut tag = Tag { name: at + 1..end, attributes: Vec::new(), empty: false };
    let mut i = end;
    loop {
        let after = skip_space(s, i);
        match s.get(after) {
            None => return Err(Lack::Partial),
            Some(b'>') => return Ok((Content::Start(tag), after + 1)),
            Some(b'/') => {
                return match s.get(after + 1) {
                    None => Err(Lack::Partial),
                    Some(b'>') => {
                        tag.empty = true;
                        Ok((Content::Start(tag), after + 2))
                    }
                    Some(_) => Err(Lack::Invalid(after + 1)),
                };
            }
            Some(_) if after == i => return Err(Lack::Invalid(i)),
            Some(_) => {}
        }
        let name_end = name(s, after, namespaces)?;
        let equals = skip_space(s, name_end);
        match s.get(equals) {
            None => return Err(Lack::Partial),
            Some(b'=') => {}
            Some(_) => return Err(Lack::Invalid(equals)),
        }
        let quote_at = skip_space(s, equals + 1);
        let quote = match s.get(quote_at) {
            None => return Err(Lack::Partial),
            Some(q @ (b'"' | b'\'')) => *q,
            Some(_) => return Err(Lack::Invalid(quote_at)),
        };
        let close = value_end(s, quote_at + 1, quote)?;
        tag.attributes.push(Attribute { name: after..name_end, value: quote_at + 1..close });
        i = close + 1;
    }
}

/// The closing quote of an attribute's value; references in it are well-formed.
fn value_end(s: &[u8], mut at: usize, quote: u8) -> Scan<usize> {
    loop {
        while has_class(s, at, PLAIN) {
            at += 1;
        }
        match s.get(at) {
            None => return Err(Lack::Partial),
            Some(c) if *c == quote => return Ok(at),
            Some(b'<') => return Err(Lack::Invalid(at)),
            Some(b'&') => at = reference(s, at)?.1,
            Some(_) => at += char_at(s, at)?.1,
        }
    }
}

/// The next thing in an attribute's value.
pub fn in_value(s: &[u8], at: usize) -> Scan<(Content, usize)> {
    match s.get(at) {
        None => Err(Lack::None),
        Some(b'<') => Err(Lack::Invalid(at)),
        Some(b'&') => reference(s, at),
        Some(b'\r') if s.get(at + 1) == Some(&b'\n') => Ok((Content::Newline, at + 2)),
        Some(b'\r' | b'\n' | b'\t' | b' ') => Ok((Content::Newline, at + 1)),
        Some(_) => {
            let mut i = at;
            while s.get(i).is_some_and(|c| !matches!(c, b'<' | b'&') && !is_space(*c)) {
                i += char_at(s, i)?.1;
            }
            Ok((Content::Data, i))
        }
    }
}

/// The code point that the text of a character reference stands for.
pub fn char_number(text: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(text).ok()?;
    let code = match text.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => text.parse().ok()?,
    };
    if matches!(code, 0..=8 | 11 | 12 | 14..=31 | 0xfffe | 0xffff) { None } else { char::from_u32(code) }
}

/// What the five entities that need no declaration stand for.
pub fn predefined(name: &[u8]) -> Option<u8> {
    match name {
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"amp" => Some(b'&'),
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        _ => None,
    }
}

/// What is in a prolog or a document type declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Prolog {
    Space,
    XmlDecl,
    Pi {
        target: Range<usize>,
        data: Range<usize>,
    },
    Comment(Range<usize>),
    /// `<!NAME`.
    DeclOpen,
    DeclClose,
    Name,
    Nmtoken,
    PoundName,
    Or,
    Comma,
    Percent,
    OpenParen,
    /// With what follows it: 0, `?`, `*` or `+`.
    CloseParen(u8),
    NameQuantified(u8),
    OpenBracket,
    CloseBracket,
    Literal,
    ParamRef(Range<usize>),
    CondOpen,
    CondClose,
    InstanceStart,
}

/// The next token of a prolog. `at_end`: nothing follows the text.
pub fn prolog(s: &[u8], at: usize, namespaces: bool, at_end: bool) -> Scan<(Prolog, usize)> {
    let Some(&c) = s.get(at) else { return Err(Lack::None) };
    let one = |token| Ok((token, at + 1));
    match c {
        b'"' | b'\'' => literal(s, at, c, at_end),
        b'<' => match s.get(at + 1) {
            None => Err(Lack::Partial),
            Some(b'!') => match s.get(at + 2) {
                None => Err(Lack::Partial),
                Some(b'-') => comment(s, at).map(|(token, end)| match token {
                    Content::Comment(range) => (Prolog::Comment(range), end),
                    _ => (Prolog::Space, end),
                }),
                Some(b'[') => Ok((Prolog::CondOpen, at + 3)),
                Some(c) if c.is_ascii_alphabetic() => {
                    let mut i = at + 2;
                    while s.get(i).is_some_and(u8::is_ascii_alphabetic) {
                        i += 1;
                    }
                    match s.get(i) {
                        None => Err(Lack::Partial),
                        Some(c) if is_space(*c) || *c == b'%' => Ok((Prolog::DeclOpen, i)),
                        Some(_) => Err(Lack::Invalid(i)),
                    }
                }
                Some(_) => Err(Lack::Invalid(at + 2)),
            },
            Some(b'?') => pi(s, at, namespaces).map(|(token, end)| match token {
                Content::Pi { target, data } => (Prolog::Pi { target, data }, end),
                _ => (Prolog::XmlDecl, end),
            }),
            Some(_) => match char_at(s, at + 1)? {
                (c, _) if starts_name(c) => Ok((Prolog::InstanceStart, at)),
                _ => Err(Lack::Invalid(at + 1)),
            },
        },
        b' ' | b'\t' | b'\r' | b'\n' => {
            let end = skip_space(s, at);
            // A line's end at the very end waits for its second half.
            if end == s.len() && !at_end && s[end - 1] == b'\r' {
                return if end - 1 > at { Ok((Prolog::Space, end - 1)) } else { Err(Lack::Partial) };
            }
            Ok((Prolog::Space, end))
        }
        b'%' => match s.get(at + 1) {
            None if at_end => one(Prolog::Percent),
            None => Err(Lack::Partial),
            Some(c) if is_space(*c) || *c == b'%' => one(Prolog::Percent),
            Some(_) => {
                let end = name(s, at + 1, false)?;
                match s.get(end) {
                    Some(b';') => Ok((Prolog::ParamRef(at + 1..end), end + 1)),
                    _ => Err(Lack::Invalid(end)),
                }
            }
        },
        b',' => one(Prolog::Comma),
        b'[' => one(Prolog::OpenBracket),
        b']' => match s.get(at + 1) {
            None if at_end => one(Prolog::CloseBracket),
            None => Err(Lack::Partial),
            Some(b']') => match s.get(at + 2) {
                None if !at_end => Err(Lack::Partial),
                Some(b'>') => Ok((Prolog::CondClose, at + 3)),
                _ => one(Prolog::CloseBracket),
            },
            Some(_) => one(Prolog::CloseBracket),
        },
        b'(' => one(Prolog::OpenParen),
        b')' => match s.get(at + 1) {
            None if at_end => one(Prolog::CloseParen(0)),
            None => Err(Lack::Partial),
            Some(q @ (b'*' | b'?' | b'+')) => Ok((Prolog::CloseParen(*q), at + 2)),
            Some(c) if is_space(*c) || matches!(c, b'>' | b',' | b'|' | b')' | b'%') => {
                one(Prolog::CloseParen(0))
            }
            Some(_) => Err(Lack::Invalid(at + 1)),
        },
        b'|' => one(Prolog::Or),
        b'>' => one(Prolog::DeclClose),
        b'#' => {
            let end = nmtoken(s, at + 1, at_end)?.0;
            Ok((Prolog::PoundName, end))
        }
        _ => {
            let (end, named) = nmtoken(s, at, at_end)?;
            match s.get(end) {
                Some(q @ (b'*' | b'?' | b'+')) if named => Ok((Prolog::NameQuantified(*q), end + 1)),
                None => Ok((if named { Prolog::Name } else { Prolog::Nmtoken }, end)),
                Some(c) if is_space(*c) || matches!(c, b'>' | b')' | b',' | b'|' | b'[' | b'%' | b';') => {
                    Ok((if named { Prolog::Name } else { Prolog::Nmtoken }, end))
                }
                Some(_) => Err(Lack::Invalid(end)),
            }
        }
    }
}

fn literal(s: &[u8], at: usize, quote: u8, at_end: bool) -> Scan<(Prolog, usize)> {
    let mut i = at + 1;
    while s.get(i) != Some(&quote) {
        i += char_at(s, i)?.1;
    }
    match s.get(i + 1) {
        None if at_end => Ok((Prolog::Literal, i + 1)),
        None => Err(Lack::Partial),
        Some(c) if is_space(*c) || matches!(c, b'>' | b'%' | b'[') => Ok((Prolog::Literal, i + 1)),
        Some(_) => Err(Lack::Invalid(i + 1)),
    }
}
