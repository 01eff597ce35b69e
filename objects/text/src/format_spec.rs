//! The format mini-language of `format()` and f-strings: parsing `[[fill]align][sign][z][#][0][width][group][.precision][group][type]`.
//!
//! Invariant: a parsed spec is consistent in itself; what a type makes of it is up to [`crate::format_number`]
//! and [`format_text`].

use crate::error::{Result, TextError};
use crate::pad;
use crate::unicode_data::decimal;
use crate::units::{TextBuf, Units};

/// Separators between groups of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// None.
    #[default]
    None,
    /// `,` every three digits.
    Comma,
    /// `_` every three digits.
    Underscore,
    /// `_` every four digits (types `b o x X`).
    UnderscoreFour,
    /// What the locale says (type `n`).
    Locale,
}

/// A parsed format specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatSpec {
    /// The fill, a blank by default.
    pub fill: u32,
    /// One of `<>=^`.
    pub align: u8,
    /// `+`, `-` or a blank, if given.
    pub sign: Option<u8>,
    /// `z`
    pub no_negative_zero: bool,
    /// `#`
    pub alternate: bool,
    /// The least width.
    pub width: Option<usize>,
    /// Separators in the integer part.
    pub grouping: Grouping,
    /// The precision.
    pub precision: Option<usize>,
    /// Separators in the fractional part.
    pub fraction_grouping: Grouping,
    /// The type, or the default one (0 for numbers other than ints).
    pub kind: u32,
}

fn is_align(code: Option<u32>) -> bool {
    matches!(code, Some(0x3c | 0x3e | 0x3d | 0x5e))
}

/// A decimal number at `at` (any script's digits), which moves past it; `None` if there is no digit.
pub(crate) fn take_integer(text: Units<'_>, at: &mut usize, end: usize) -> Result<Option<usize>> {
    let start = *at;
    let mut value: usize = 0;
    while *at < end
        && let Some(digit) = decimal(text.at(*at))
    {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(digit as usize))
            .filter(|&v| v <= isize::MAX as usize)
            .ok_or_else(|| TextError::value("Too many decimal digits in format string"))?;
        *at += 1;
    }
    Ok((*at > start).then_some(value))
}

/// A type code as messages show it.
fn shown(code: u32) -> String {
    match code {
        33..128 => (code as u8 as char).to_string(),
        _ => format!("\\x{code:x}"),
    }
}

/// The error of a type code that a type does not know.
#[cold]
pub fn unknown_code(code: u32, type_name: &str) -> TextError {
    let type_name: String = type_name.chars().take(200).collect();
    TextError::value(format!("Unknown format code '{}' for object of type '{type_name}'", shown(code)))
}

#[cold]
fn both_separators() -> TextError {
    TextError::value("Cannot specify both ',' and '_'.")
}

#[cold]
fn separator_with(grouping: Grouping, kind: u32) -> TextError {
    let separator = if grouping == Grouping::Comma { ',' } else { '_' };
    TextError::value(format!("Cannot specify '{separator}' with '{}'.", shown(kind)))
}

impl FormatSpec {
    /// What an empty spec means.
    pub fn new(default_kind: u8, default_align: u8) -> Self {
        FormatSpec {
            fill: 0x20,
            align: default_align,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            width: None,
            grouping: Grouping::None,
            precision: None,
            fraction_grouping: Grouping::None,
            kind: default_kind.into(),
        }
    }

    /// Parses; `type_name` is for the error text.
    pub fn parse(text: Units<'_>, default_kind: u8, default_align: u8, type_name: &str) -> Result<Self> {
        let mut spec = FormatSpec::new(default_kind, default_align);
        let end = text.len();
        let mut at = 0;
        let mut align_given = false;
        let mut fill_given = false;
        let is = |at: usize, byte: u8| text.get(at) == Some(u32::from(byte));
        if is_align(text.get(1)) {
            spec.fill = text.at(0);
            spec.align = text.at(1) as u8;
            (fill_given, align_given) = (true, true);
            at = 2;
        } else if is_align(text.get(0)) {
            spec.align = text.at(0) as u8;
            align_given = true;
            at = 1;
        }
        if let Some(sign @ (0x20 | 0x2b | 0x2d)) = text.get(at) {
            spec.sign = Some(sign as u8);
            at += 1;
        }
        if is(at, b'z') {
            spec.no_negative_zero = true;
            at += 1;
        }
        if is(at, b'#') {
            spec.alternate = true;
            at += 1;
        }
        if !fill_given && is(at, b'0') {
            spec.fill = u32::from(b'0');
            if !align_given && default_align == b'>' {
                spec.align = b'=';
            }
            at += 1;
        }
        spec.width = take_integer(text, &mut at, end)?;
        spec.grouping = Self::take_grouping(text, &mut at)?;
        if is(at, b'.') {
            at += 1;
            spec.precision = take_integer(text, &mut at, end)?;
            spec.fraction_grouping = Self::take_grouping(text, &mut at)?;
            if spec.precision.is_none() && spec.fraction_grouping == Grouping::None {
                return Err(TextError::value("Format specifier missing precision"));
            }
        }
        match end - at {
            0 => {}
            1 => spec.kind = text.at(at),
            _ => {
                let type_name: String = type_name.chars().take(200).collect();
                return Err(TextError::value(format!(
                    "Invalid format specifier '{}' for object of type '{type_name}'",
                    text.to_string_lossy()
                )));
            }
        }
        if spec.grouping != Grouping::None {
            match char::from_u32(spec.kind) {
                Some('d' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F' | '\0') => {}
                Some('b' | 'o' | 'x' | 'X') if spec.grouping == Grouping::Underscore => {
                    spec.grouping = Grouping::UnderscoreFour;
                }
                _ => return Err(separator_with(spec.grouping, spec.kind)),
            }
        }
        if spec.kind == u32::from(b'n') && spec.fraction_grouping != Grouping::None {
            return Err(separator_with(spec.fraction_grouping, spec.kind));
        }
        Ok(spec)
    }

    fn take_grouping(text: Units<'_>, at: &mut usize) -> Result<Grouping> {
        let grouping = match text.get(*at) {
            Some(0x2c) => Grouping::Comma,
            Some(0x5f) => Grouping::Underscore,
            _ => return Ok(Grouping::None),
        };
        *at += 1;
        match (grouping, text.get(*at)) {
            (Grouping::Comma, Some(0x5f)) | (Grouping::Underscore, Some(0x2c)) => Err(both_separators()),
            _ => Ok(grouping),
        }
    }
}

/// Fails rather than abort when a width or precision asks for more memory than there can be.
pub(crate) fn check_size(units: usize) -> Result<()> {
    // Anything below this is left to the allocator.
    const SURE: usize = 1 << 20;
    if units > SURE {
        if units > isize::MAX as usize / 4 {
            return Err(TextError::memory());
        }
        Vec::<u8>::new().try_reserve_exact(units).map_err(|_| TextError::memory())?;
    }
    Ok(())
}

/// `str.__format__`; `None` if the result is the text itself.
pub fn format_text(text: Units<'_>, spec: Units<'_>, type_name: &str) -> Result<Option<TextBuf>> {
    if spec.is_empty() {
        return Ok(None);
    }
    let spec = FormatSpec::parse(spec, b's', b'<', type_name)?;
    if spec.kind != u32::from(b's') {
        return Err(unknown_code(spec.kind, type_name));
    }
    let refused =
        |what: &str| Err(TextError::value(format!("{what} not allowed in string format specifier")));
    match spec.sign {
        Some(b' ') => return refused("Space"),
        Some(_) => return refused("Sign"),
        None => {}
    }
    if spec.no_negative_zero {
        return refused("Negative zero coercion (z)");
    }
    if spec.alternate {
        return refused("Alternate form (#)");
    }
    if spec.align == b'=' {
        return refused("'=' alignment");
    }
    let len = spec.precision.unwrap_or(usize::MAX).min(text.len());
    let width = spec.width.unwrap_or(0);
    if len == text.len() && width <= len {
        return Ok(None);
    }
    check_size(width)?;
    let part = text.slice(0..len);
    let room = width.saturating_sub(len);
    let left = match spec.align {
        b'>' => room,
        b'^' => room / 2,
        _ => 0,
    };
    let mut out = TextBuf::with_capacity(len.max(width));
    out.push_repeated(spec.fill, left);
    out.push_units(part);
    out.push_repeated(spec.fill, room - left);
    Ok(Some(out))
}

/// Pads a finished text as a spec with the given default alignment says.
pub(crate) fn pad_text(text: Units<'_>, spec: &FormatSpec) -> TextBuf {
    let justify = match spec.align {
        b'<' => pad::Justify::Left,
        b'^' => {
            let room = spec.width.unwrap_or(0).saturating_sub(text.len());
            let mut out = TextBuf::with_capacity(text.len() + room);
            out.push_repeated(spec.fill, room / 2);
            out.push_units(text);
            out.push_repeated(spec.fill, room - room / 2);
            return out;
        }
        _ => pad::Justify::Right,
    };
    pad::text_justify(text, spec.width.unwrap_or(0) as isize, spec.fill, justify)
        .unwrap_or_else(|| text.to_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, spec: &str, expected: Result<&str, &str>) {
        let (text, spec) = (TextBuf::from(text), TextBuf::from(spec));
        let got = format_text(text.as_units(), spec.as_units(), "str");
        let got = got.map(|t| t.unwrap_or_else(|| text.clone()).to_string_lossy()).map_err(|e| e.message);
        assert_eq!(got, expected.map(str::to_owned).map_err(str::to_owned), "{spec:?}");
    }

    #[test]
    fn strings() {
        check("abc", "", Ok("abc"));
        check("abc", "5", Ok("abc  "));
        check("abc", "*^6.2", Ok("**ab**"));
        check("abc", "\u{4e00}>4", Ok("\u{4e00}abc"));
        check("abc", "05", Ok("abc00"));
        check("abc", "=5", Err("'=' alignment not allowed in string format specifier"));
        check("abc", " s", Err("Space not allowed in string format specifier"));
        check("abc", "z.1", Err("Negative zero coercion (z) not allowed in string format specifier"));
        check("abc", "d", Err("Unknown format code 'd' for object of type 'str'"));
        check("abc", "\u{4e00}", Err("Unknown format code '\\x4e00' for object of type 'str'"));
        check("abc", ",", Err("Cannot specify ',' with 's'."));
        check("abc", ",_", Err("Cannot specify both ',' and '_'."));
        check("abc", ".", Err("Format specifier missing precision"));
        check("abc", "1q1", Err("Invalid format specifier '1q1' for object of type 'str'"));
        check("abc", "99999999999999999999", Err("Too many decimal digits in format string"));
    }
}
