//! printf-style formatting, `template % values`, for `str` and `bytes`.
//!
//! The caller walks the pieces of the template with [`PercentParser`], fetches the values (a key, then a
//! width, a precision, the value itself, in that order) and has them formatted here.
//!
//! Invariant: errors come in CPython's order. What is wrong with a conversion after its key is therefore kept
//! in the piece, to be raised when everything before it has been fetched.

use std::ops::Range;

use crate::error::{Result, TextError};
use crate::float_repr::{FloatFlags, FloatFormat, format_float};
use crate::format_spec::check_size;
use crate::int_text::IntRef;
use crate::units::{TextBuf, Units};

/// A width or precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Written in the template.
    Given(usize),
    /// `*`: the next value.
    Star,
}

/// `# 0 - + blank`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `#`
    pub alternate: bool,
    /// `0`
    pub zero: bool,
    /// `-`
    pub left: bool,
    /// `+`
    pub sign: bool,
    /// a blank
    pub blank: bool,
}

/// A conversion in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// There is a `(`: the values must be a mapping (`TypeError("format requires a mapping")`).
    pub wants_mapping: bool,
    /// What is between the parentheses.
    pub key: Option<Range<usize>>,
    /// Flags.
    pub flags: Flags,
    /// Width; a star's value: see [`star_width`].
    pub width: Option<Amount>,
    /// Precision; a star's value: see [`star_precision`].
    pub precision: Option<Amount>,
    /// The conversion type, if parsing got that far; [`Conversion::check_kind`] says whether there is such a one.
    pub kind: u32,
    /// Its position in the template.
    pub index: usize,
    /// What was wrong, to be raised after the key and the stars before it have been fetched.
    pub error: Option<TextError>,
}

/// A piece of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text to be taken as it is (of `%%`, one percent sign).
    Literal(Range<usize>),
    /// A conversion.
    Conversion(Conversion),
}

/// The pieces of a template, in order.
#[derive(Clone, Debug)]
pub struct PercentParser<'a> {
    template: Units<'a>,
    at: usize,
}

/// `TypeError` when the values run out.
pub const NOT_ENOUGH: &str = "not enough arguments for format string";
/// `TypeError` when values are left over (and they are not a mapping); that of `bytes` is [`LEFT_OVER_BYTES`].
pub const LEFT_OVER: &str = "not all arguments converted during string formatting";
/// `TypeError` when values are left over, for `bytes`.
pub const LEFT_OVER_BYTES: &str = "not all arguments converted during bytes formatting";
/// `TypeError` when there is a key but the values are no mapping.
pub const WANTS_MAPPING: &str = "format requires a mapping";
/// `TypeError` when a star's value is no int.
pub const STAR_WANTS_INT: &str = "* wants int";

/// `TypeError` of an integer conversion whose value is none (`d i u` take any real number).
pub fn wants_integer(kind: u32, type_name: &str) -> TextError {
    let letter = char::from_u32(kind).unwrap_or('?');
    let wanted = if matches!(letter, 'x' | 'X' | 'o') { "an integer" } else { "a real number" };
    TextError::type_error(format!("%{letter} format: {wanted} is required, not {type_name}"))
}

impl<'a> PercentParser<'a> {
    /// Begins at the start.
    pub fn new(template: Units<'a>) -> Self {
        PercentParser { template, at: 0 }
    }

    fn find_percent(&self) -> Option<usize> {
        crate::search::text_find(self.template, Units::Latin1(b"%"), self.at, self.template.len())
    }

    fn peek(&self) -> Option<char> {
        self.template.get(self.at).and_then(char::from_u32)
    }

    /// Digits, whose value must stay below a limit.
    fn digits(&mut self, limit: usize, message: &str) -> Result<Option<usize>> {
        let mut value = None;
        while let Some(digit) = self.template.get(self.at).filter(|c| (48..58).contains(c)) {
            let next =
                value.unwrap_or(0usize).checked_mul(10).and_then(|v| v.checked_add(digit as usize - 48));
            value = Some(next.filter(|&v| v <= limit).ok_or_else(|| TextError::value(message))?);
            self.at += 1;
        }
        Ok(value)
    }

    fn amount(&mut self, limit: usize, message: &str) -> Result<Option<Amount>> {
        if self.peek() == Some('*') {
            self.at += 1;
            return Ok(Some(Amount::Star));
        }
        Ok(self.digits(limit, message)?.map(Amount::Given))
    }

    fn key(&mut self) -> Result<Range<usize>> {
        let start = self.at;
        let mut depth = 1;
        while let Some(code) = self.template.get(self.at) {
            self.at += 1;
            match code {
                0x28 => depth += 1,
                0x29 => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(start..self.at - 1);
            }
        }
        Err(TextError::value("incomplete format key"))
    }

    fn rest_of_conversion(&mut self, to: &mut Conversion) -> Result<()> {
        if self.peek() == Some('(') {
            self.at += 1;
            to.wants_mapping = true;
            to.key = Some(self.key()?);
        }
        loop {
            match self.peek() {
                Some('-') => to.flags.left = true,
                Some('+') => to.flags.sign = true,
                Some(' ') => to.flags.blank = true,
                Some('#') => to.flags.alternate = true,
                Some('0') => to.flags.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        to.width = self.amount(isize::MAX as usize, "width too big")?;
        if self.peek() == Some('.') {
            self.at += 1;
            to.precision = self.amount(i32::MAX as usize, "precision too big")?.or(Some(Amount::Given(0)));
        }
        if matches!(self.peek(), Some('h' | 'l' | 'L')) {
            self.at += 1;
        }
        to.kind = self.template.get(self.at).ok_or_else(|| TextError::value("incomplete format"))?;
        to.index = self.at;
        self.at += 1;
        Ok(())
    }
}

impl Iterator for PercentParser<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let len = self.template.len();
        if self.at >= len {
            return None;
        }
        let start = self.at;
        match self.find_percent() {
            None => {
                self.at = len;
                return Some(Piece::Literal(start..len));
            }
            Some(percent) if percent > start => {
                self.at = percent;
                return Some(Piece::Literal(start..percent));
            }
            Some(percent) => self.at = percent + 1,
        }
        if self.peek() == Some('%') {
            self.at += 1;
            return Some(Piece::Literal(start..start + 1));
        }
        let mut conversion = Conversion {
            wants_mapping: false,
            key: None,
            flags: Flags::default(),
            width: None,
            precision: None,
            kind: 0,
            index: 0,
            error: None,
        };
        if let Err(error) = self.rest_of_conversion(&mut conversion) {
            conversion.error = Some(error);
            self.at = len;
        }
        Some(Piece::Conversion(conversion))
    }
}

impl Conversion {
    /// Whether there is such a conversion type for `str` templates; to be checked once the value is there.
    pub fn check_kind(&self) -> Result<()> {
        match char::from_u32(self.kind) {
            Some(
                's' | 'r' | 'a' | 'c' | 'd' | 'i' | 'u' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G',
            ) => Ok(()),
            shown => {
                let shown = shown.filter(|c| matches!(c, '\x20'..'\x7f')).unwrap_or('?');
                Err(self.unsupported(shown))
            }
        }
    }

    /// Whether there is such a conversion type for `bytes` templates.
    pub fn check_kind_bytes(&self) -> Result<()> {
        match char::from_u32(self.kind) {
            Some('b') => Ok(()),
            Some(other) if self.kind < 128 => self.check_kind().map_err(|_| self.unsupported(other)),
            // The byte is taken for a negative number.
            _ => Err(TextError::overflow("character argument not in range(0x110000)")),
        }
    }

    fn unsupported(&self, shown: char) -> TextError {
        TextError::value(format!(
            "unsupported format character '{shown}' (0x{:x}) at index {}",
            self.kind, self.index
        ))
    }
}

/// A star's value as width: a negative one means left-justified.
pub fn star_width(value: IntRef<'_>, flags: &mut Flags) -> Result<usize> {
    let width =
        value.to_i64().ok_or_else(|| TextError::overflow("Python int too large to convert to C ssize_t"))?;
    flags.left |= width < 0;
    if width == i64::MIN {
        return Err(TextError::overflow("width too big"));
    }
    Ok(width.unsigned_abs() as usize)
}

/// A star's value as precision: a negative one is 0.
pub fn star_precision(value: IntRef<'_>) -> Result<usize> {
    let precision = value.to_i64().filter(|&p| i32::try_from(p).is_ok());
    let precision =
        precision.ok_or_else(|| TextError::overflow("Python int too large to convert to C int"))?;
    Ok(precision.max(0) as usize)
}

/// Widths and precisions, resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Flags, perhaps with `-` from a star.
    pub flags: Flags,
    /// The least width.
    pub width: usize,
    /// The precision, if given.
    pub precision: Option<usize>,
}

/// An integer under `d i u o x X`.
pub fn format_int(n: IntRef<'_>, kind: u32, layout: Layout, max_str_digits: usize) -> Result<String> {
    let (base, prefix) = match char::from_u32(kind) {
        Some('o') => (8, "0o"),
        Some('x') => (16, "0x"),
        Some('X') => (16, "0X"),
        _ => (10, ""),
    };
    let mut digits = n.digits(base, max_str_digits)?;
    if kind == u32::from(b'X') {
        digits.make_ascii_uppercase();
    }
    let precision = layout.precision.unwrap_or(0);
    check_size(precision)?;
    if digits.len() < precision {
        digits.insert_str(0, &"0".repeat(precision - digits.len()));
    }
    let prefix = if layout.flags.alternate { prefix } else { "" };
    lay_out(n.is_negative(), prefix, &digits, layout)
}

/// A float under `e E f F g G`.
pub fn format_real(x: f64, kind: u32, layout: Layout) -> Result<String> {
    let precision = layout.precision.unwrap_or(6);
    check_size(precision)?;
    let letter = char::from_u32(kind).unwrap_or('g');
    let format = match letter.to_ascii_lowercase() {
        'e' => FloatFormat::Exponent(precision),
        'f' => FloatFormat::Fixed(precision),
        _ => FloatFormat::General(precision),
    };
    let flags = FloatFlags {
        alternate: layout.flags.alternate,
        upper: letter.is_ascii_uppercase(),
        ..FloatFlags::default()
    };
    let text = format_float(x, format, flags);
    match text.strip_prefix('-') {
        Some(digits) => lay_out(true, "", digits, layout),
        None => lay_out(false, "", &text, layout),
    }
}

fn lay_out(negative: bool, prefix: &str, digits: &str, layout: Layout) -> Result<String> {
    let flags = layout.flags;
    let sign = match () {
        () if negative => "-",
        () if flags.sign => "+",
        () if flags.blank => " ",
        () => "",
    };
    check_size(layout.width)?;
    let len = sign.len() + prefix.len() + digits.len();
    let room = layout.width.saturating_sub(len);
    let mut out = String::with_capacity(len + room);
    let fill = |out: &mut String, c| out.extend(std::iter::repeat_n(c, room));
    if !flags.left && !flags.zero {
        fill(&mut out, ' ');
    }
    out.push_str(sign);
    out.push_str(prefix);
    if !flags.left && flags.zero {
        fill(&mut out, '0');
    }
    out.push_str(digits);
    if flags.left {
        fill(&mut out, ' ');
    }
    Ok(out)
}

/// A text under `s r a`; under `c` the precision must be `None`.
pub fn push_text(out: &mut TextBuf, text: Units<'_>, layout: Layout) -> Result<()> {
    check_size(layout.width)?;
    let len = layout.precision.unwrap_or(usize::MAX).min(text.len());
    let room = layout.width.saturating_sub(len);
    if !layout.flags.left {
        out.push_repeated(0x20, room);
    }
    out.push_units(text.slice(0..len));
    if layout.flags.left {
        out.push_repeated(0x20, room);
    }
    Ok(())
}

/// Bytes under `b s r a` (`c`: no precision).
pub fn push_bytes(out: &mut Vec<u8>, bytes: &[u8], layout: Layout) -> Result<()> {
    check_size(layout.width)?;
    let len = layout.precision.unwrap_or(usize::MAX).min(bytes.len());
    let room = layout.width.saturating_sub(len);
    if !layout.flags.left {
        out.resize(out.len() + room, b' ');
    }
    out.extend_from_slice(&bytes[..len]);
    if layout.flags.left {
        out.resize(out.len() + room, b' ');
    }
    Ok(())
}

/// The code point of an int under `c`.
pub fn char_code(n: IntRef<'_>) -> Result<u32> {
    match n.to_i64() {
        Some(code @ 0..0x110000) => Ok(code as u32),
        _ => Err(TextError::overflow("%c arg not in range(0x110000)")),
    }
}

/// The byte of an int under `c` in a `bytes` template.
pub fn byte_code(n: IntRef<'_>) -> Result<u8> {
    match n.to_i64() {
        Some(code @ 0..256) => Ok(code as u8),
        _ => Err(TextError::overflow("%c arg not in range(256)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats one int under the first conversion of a template.
    fn int(template: &str, n: i64) -> String {
        for piece in PercentParser::new(Units::ascii(template)) {
            let Piece::Conversion(c) = piece else { continue };
            assert_eq!(c.error, None);
            let given = |amount| match amount {
                Some(Amount::Given(n)) => Some(n),
                _ => None,
            };
            let layout =
                Layout { flags: c.flags, width: given(c.width).unwrap_or(0), precision: given(c.precision) };
            return match char::from_u32(c.kind) {
                Some('d' | 'x' | 'o' | 'X') => format_int(n.into(), c.kind, layout, 4300).unwrap(),
                _ => format_real(n as f64, c.kind, layout).unwrap(),
            };
        }
        String::new()
    }

    #[test]
    fn numbers() {
        for (template, n, expected) in [
            ("%d", -5, "-5"),
            ("%08.3x", -5, "-0000005"),
            ("%#08.3x", -5, "-0x00005"),
            ("%-#08x", -5, "-0x5    "),
            ("%#.0o", 0, "0o0"),
            ("%+.5d", 3, "+00003"),
            ("%0 8d", 3, " 0000003"),
            ("%-010d", 3, "3         "),
            ("%#X", -255, "-0XFF"),
            ("%.2e", 3, "3.00e+00"),
            ("%+06.1f", 3, "+003.0"),
            ("%#g", 1, "1.00000"),
        ] {
            assert_eq!(int(template, n), expected, "{template}");
        }
    }

    #[test]
    fn pieces() {
        let template = "a%%%(k(x))s%*.*ld%y";
        let pieces: Vec<Piece> = PercentParser::new(Units::ascii(template)).collect();
        assert_eq!(pieces[..2], [Piece::Literal(0..1), Piece::Literal(1..2)]);
        let Piece::Conversion(key) = &pieces[2] else { panic!() };
        assert_eq!((key.key.clone(), key.kind), (Some(5..9), u32::from(b's')));
        let Piece::Conversion(stars) = &pieces[3] else { panic!() };
        assert_eq!((stars.width, stars.precision), (Some(Amount::Star), Some(Amount::Star)));
        let Piece::Conversion(unknown) = &pieces[4] else { panic!() };
        let message = "unsupported format character 'y' (0x79) at index 18";
        assert_eq!(unknown.check_kind().unwrap_err().message, message);
        for (template, message) in [
            ("%(a", "incomplete format key"),
            ("%5", "incomplete format"),
            ("%.99999999999999999999d", "precision too big"),
            ("%99999999999999999999d", "width too big"),
        ] {
            let pieces: Vec<Piece> = PercentParser::new(Units::ascii(template)).collect();
            let [Piece::Conversion(c)] = &pieces[..] else { panic!() };
            assert_eq!(c.error.as_ref().map(|e| e.message.as_str()), Some(message));
        }
    }
}
