//! The template language of `str.format`: literal text and replacement fields, and the names of fields.
//!
//! Invariant: all results are ranges of the template; fetching values, converting and formatting them is up
//! to the caller, who also expands nested fields in a format spec (at most [`MAX_NESTING`] deep).

use std::ops::Range;

use crate::error::{Result, TextError};
use crate::format_spec::take_integer;
use crate::units::Units;

/// How deep fields may nest; beyond it: [`recursion_error`].
pub const MAX_NESTING: usize = 2;

/// What `str.format` raises for fields nested too deep.
pub fn recursion_error() -> TextError {
    TextError::value("Max string recursion exceeded")
}

/// What `str.format` raises for a conversion other than `r`, `s` and `a`.
pub fn unknown_conversion(conversion: u32) -> TextError {
    TextError::value(match conversion {
        33..127 => format!("Unknown conversion specifier {}", conversion as u8 as char),
        _ => format!("Unknown conversion specifier \\x{conversion:x}"),
    })
}

/// A replacement field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, perhaps with attributes and items.
    pub name: Range<usize>,
    /// What follows `!`; 0 if there is none.
    pub conversion: u32,
    /// What follows `:`.
    pub spec: Range<usize>,
    /// Whether the spec has fields of its own.
    pub spec_has_fields: bool,
}

/// Literal text and the field after it, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text, with doubled braces already single.
    pub literal: Range<usize>,
    /// The field.
    pub field: Option<Field>,
}

/// The pieces of a template (or a part of one), in order.
#[derive(Clone, Debug)]
pub struct FormatParser<'a> {
    template: Units<'a>,
    at: usize,
    end: usize,
}

fn fail<T>(message: &str) -> Result<T> {
    Err(TextError::value(message))
}

impl<'a> FormatParser<'a> {
    /// Parses a whole template.
    pub fn new(template: Units<'a>) -> Self {
        Self::with_range(template, 0..template.len())
    }

    /// Parses a part: a nested format spec.
    pub fn with_range(template: Units<'a>, range: Range<usize>) -> Self {
        FormatParser { template, at: range.start, end: range.end }
    }

    fn take(&mut self) -> Option<char> {
        (self.at < self.end).then(|| {
            self.at += 1;
            char::from_u32(self.template.at(self.at - 1)).unwrap_or('\u{fffd}')
        })
    }

    fn piece(&mut self) -> Result<Option<Piece>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let start = self.at;
        let brace = loop {
            match self.take() {
                Some(c @ ('{' | '}')) => break c,
                Some(_) => {}
                None => return Ok(Some(Piece { literal: start..self.end, field: None })),
            }
        };
        let doubled = self.at < self.end && self.template.at(self.at) == brace as u32;
        if brace == '}' && !doubled {
            return fail("Single '}' encountered in format string");
        }
        if self.at >= self.end {
            return fail("Single '{' encountered in format string");
        }
        if doubled {
            self.at += 1;
            return Ok(Some(Piece { literal: start..self.at - 1, field: None }));
        }
        let literal = start..self.at - 1;
        Ok(Some(Piece { literal, field: Some(self.field()?) }))
    }

    fn field(&mut self) -> Result<Field> {
        let start = self.at;
        let stop = loop {
            match self.take() {
                Some('{') => return fail("unexpected '{' in field name"),
                Some('[') => {
                    while self.at < self.end && self.template.at(self.at) != u32::from(b']') {
                        self.at += 1;
                    }
                }
                Some(c @ ('}' | ':' | '!')) => break c,
                Some(_) => {}
                None => return fail("expected '}' before end of string"),
            }
        };
        let mut field =
            Field { name: start..self.at - 1, conversion: 0, spec: self.at..self.at, spec_has_fields: false };
        if stop == '}' {
            return Ok(field);
        }
        if stop == '!' {
            if self.at >= self.end {
                return fail("end of string while looking for conversion specifier");
            }
            field.conversion = self.template.at(self.at);
            self.at += 1;
            match self.take() {
                Some('}') => {
                    field.spec = self.at..self.at;
                    return Ok(field);
                }
                Some(':') | None => {}
                Some(_) => return fail("expected ':' after conversion specifier"),
            }
        }
        let start = self.at;
        let mut depth = 1;
        loop {
            match self.take() {
                Some('{') => {
                    field.spec_has_fields = true;
                    depth += 1;
                }
                Some('}') => {
                    depth -= 1;
                    if depth == 0 {
                        field.spec = start..self.at - 1;
                        return Ok(field);
                    }
                }
                Some(_) => {}
                None => return fail("unmatched '{' in format spec"),
            }
        }
    }
}

impl Iterator for FormatParser<'_> {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Result<Piece>> {
        let piece = self.piece().transpose();
        if matches!(piece, Some(Err(_))) {
            self.at = self.end;
        }
        piece
    }
}

/// Whether fields are numbered by hand or not; that must not change within a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoNumber {
    /// Not known yet.
    #[default]
    Unknown,
    /// `{}`: the number of the next one.
    Automatic(usize),
    /// `{0}`
    Manual,
}

/// What a field name begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstName {
    /// A positional argument.
    Index(usize),
    /// A keyword (or nothing, if fields are not numbered).
    Key(Range<usize>),
}

/// A step after the first name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// `.name`
    Attribute(Range<usize>),
    /// `[name]`
    Item(Range<usize>),
    /// `[number]`
    Index(usize),
}

/// The number that a range holds, if it holds nothing else.
fn whole_number(template: Units<'_>, range: &Range<usize>) -> Result<Option<usize>> {
    let mut at = range.start;
    let number = take_integer(template, &mut at, range.end)?;
    Ok(number.filter(|_| at == range.end))
}

/// The steps of a field name, in order.
#[derive(Clone, Debug)]
pub struct FieldName<'a> {
    template: Units<'a>,
    at: usize,
    end: usize,
}

impl<'a> FieldName<'a> {
    /// Splits off the first name. Without numbering (as in `_string.formatter_field_name_split`), an empty
    /// name stays empty.
    pub fn split(
        template: Units<'a>,
        name: Range<usize>,
        numbering: Option<&mut AutoNumber>,
    ) -> Result<(FirstName, FieldName<'a>)> {
        let mut end = name.start;
        while end < name.end && !matches!(template.at(end), 0x2e | 0x5b) {
            end += 1;
        }
        let first = name.start..end;
        let mut index = whole_number(template, &first)?;
        if let Some(state) = numbering {
            match (first.is_empty(), &mut *state) {
                (true, AutoNumber::Manual) => {
                    return fail(
                        "cannot switch from manual field specification to automatic field numbering",
                    );
                }
                (true, AutoNumber::Unknown) => {
                    *state = AutoNumber::Automatic(1);
                    index = Some(0);
                }
                (true, AutoNumber::Automatic(next)) => {
                    index = Some(*next);
                    *next += 1;
                }
                (false, AutoNumber::Automatic(_)) if index.is_some() => {
                    return fail(
                        "cannot switch from automatic field numbering to manual field specification",
                    );
                }
                (false, _) if index.is_some() => *state = AutoNumber::Manual,
                (false, _) => {}
            }
        }
        let first = index.map_or(FirstName::Key(first), FirstName::Index);
        Ok((first, FieldName { template, at: end, end: name.end }))
    }

    fn step(&mut self) -> Result<Option<Access>> {
        if self.at >= self.end {
            return Ok(None);
        }
        self.at += 1;
        let start = self.at;
        let until = |name: &FieldName<'_>, stop: fn(u32) -> bool| {
            (start..name.end).find(|&i| stop(name.template.at(i))).unwrap_or(name.end)
        };
        let access = match self.template.at(start - 1) {
            0x2e => {
                self.at = until(self, |c| matches!(c, 0x2e | 0x5b));
                Access::Attribute(start..self.at)
            }
            0x5b => {
                let close = until(self, |c| c == 0x5d);
                if close == self.end {
                    return fail("Missing ']' in format string");
                }
                self.at = close + 1;
                match whole_number(self.template, &(start..close))? {
                    Some(index) => Access::Index(index),
                    None => Access::Item(start..close),
                }
            }
            _ => return fail("Only '.' or '[' may follow ']' in format field specifier"),
        };
        match &access {
            Access::Attribute(name) | Access::Item(name) if name.is_empty() => {
                fail("Empty attribute in format string")
            }
            _ => Ok(Some(access)),
        }
    }
}

impl Iterator for FieldName<'_> {
    type Item = Result<Access>;

    fn next(&mut self) -> Option<Result<Access>> {
        let step = self.step().transpose();
        if matches!(step, Some(Err(_))) {
            self.at = self.end;
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shown = (String, Option<(String, u32, String)>);

    fn pieces(template: &str) -> Result<Vec<Shown>> {
        let units = TextBuf::from(template);
        let text = |r: &Range<usize>| units.as_units().slice(r.clone()).to_string_lossy();
        FormatParser::new(units.as_units())
            .map(|piece| {
                piece.map(|p| {
                    (text(&p.literal), p.field.map(|f| (text(&f.name), f.conversion, text(&f.spec))))
                })
            })
            .collect()
    }

    use crate::units::TextBuf;

    #[test]
    fn templates() {
        let field = |a: &str, b: u32, c: &str| Some((a.to_owned(), b, c.to_owned()));
        assert_eq!(
            pieces("a{b!r:{c}}d"),
            Ok(vec![("a".into(), field("b", u32::from(b'r'), "{c}")), ("d".into(), None)])
        );
        assert_eq!(pieces("{{}}"), Ok(vec![("{".into(), None), ("}".into(), None)]));
        assert_eq!(pieces("{0[}]}"), Ok(vec![("".into(), field("0[}]", 0, ""))]));
        for (template, message) in [
            ("{", "Single '{' encountered in format string"),
            ("}", "Single '}' encountered in format string"),
            ("{!", "end of string while looking for conversion specifier"),
            ("{!}", "unmatched '{' in format spec"),
            ("{!rx}", "expected ':' after conversion specifier"),
            ("{a{b}", "unexpected '{' in field name"),
            ("{0", "expected '}' before end of string"),
            ("{0:{", "unmatched '{' in format spec"),
        ] {
            assert_eq!(pieces(template).unwrap_err().message, message, "{template}");
        }
    }

    #[test]
    fn field_names() {
        let split = |name: &'static str, state: &mut AutoNumber| -> Result<(FirstName, Vec<Access>)> {
            let (first, rest) = FieldName::split(Units::ascii(name), 0..name.len(), Some(state))?;
            Ok((first, rest.collect::<Result<_>>()?))
        };
        let mut state = AutoNumber::Unknown;
        let expected = (
            FirstName::Key(0..1),
            vec![Access::Attribute(2..3), Access::Item(4..5), Access::Index(0), Access::Attribute(10..11)],
        );
        assert_eq!(split("a.b[c][0].d", &mut state), Ok(expected));
        assert_eq!(split("", &mut state), Ok((FirstName::Index(0), vec![])));
        assert_eq!(split(".x", &mut state), Ok((FirstName::Index(1), vec![Access::Attribute(1..2)])));
        let message = "cannot switch from automatic field numbering to manual field specification";
        assert_eq!(split("0", &mut state).unwrap_err().message, message);
        assert_eq!(split("a[", &mut state).unwrap_err().message, "Missing ']' in format string");
        assert_eq!(split("a[]", &mut state).unwrap_err().message, "Empty attribute in format string");
        let message = "Only '.' or '[' may follow ']' in format field specifier";
        assert_eq!(split("a[b]c", &mut state).unwrap_err().message, message);
    }
}
