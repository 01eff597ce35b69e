//! `__format__` of int, float and complex: digits from the type code, then groups, sign, prefix and padding.
//!
//! Invariant: zeros filled in by `0` are digits (they are grouped like the others); other fill is not.

use crate::error::{Result, TextError};
use crate::float_repr::{self, FloatFlags, FloatFormat, format_float as float_digits};
use crate::format_spec::{FormatSpec, Grouping, check_size, pad_text, unknown_code};
use crate::int_text::{self, IntRef};
use crate::math::int_to_float;
use crate::units::{TextBuf, Units};

/// What the locale contributes to type `n`.
#[derive(Clone, Copy, Debug)]
pub struct NumericLocale<'a> {
    /// Usually `.`.
    pub decimal_point: &'a str,
    /// What stands between groups.
    pub thousands_separator: &'a str,
    /// Sizes of groups from the right, as in C's `lconv`: the last one repeats, 127 ends grouping.
    pub grouping: &'a [u8],
}

impl Default for NumericLocale<'_> {
    fn default() -> Self {
        NumericLocale { decimal_point: ".", thousands_separator: "", grouping: &[] }
    }
}

const GROUPS_OF_THREE: &[u8] = &[3];
const GROUPS_OF_FOUR: &[u8] = &[4];

fn locale_of<'a>(grouping: Grouping, locale: &NumericLocale<'a>) -> NumericLocale<'a> {
    let (thousands_separator, grouping) = match grouping {
        Grouping::None => ("", [].as_slice()),
        Grouping::Comma => (",", GROUPS_OF_THREE),
        Grouping::Underscore => ("_", GROUPS_OF_THREE),
        Grouping::UnderscoreFour => ("_", GROUPS_OF_FOUR),
        Grouping::Locale => return *locale,
    };
    NumericLocale { decimal_point: ".", thousands_separator, grouping }
}

/// The parts of a number, all but the separators.
struct Parts<'a> {
    negative: bool,
    prefix: &'a str,
    whole: &'a str,
    /// Digits after the point, if there is one.
    fraction: Option<&'a str>,
    /// Exponent, `%`, `inf`, `nan`.
    rest: &'a str,
}

fn sign_text(spec: &FormatSpec, negative: bool) -> &'static str {
    match spec.sign {
        _ if negative => "-",
        Some(b'+') => "+",
        Some(b' ') => " ",
        _ => "",
    }
}

/// Groups digits from the right, with leading zeros up to a width that counts the separators.
pub fn group_digits(digits: &str, min_width: usize, separator: &str, grouping: &[u8]) -> String {
    let separator_len = separator.chars().count() as isize;
    let (mut remaining, mut min_width) = (digits.len() as isize, min_width as isize);
    // Groups as (zeros, digits), from the right.
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let mut sizes = grouping.iter().copied();
    let mut last = 0u8;
    loop {
        let size = match sizes.next() {
            Some(127) => {
                last = 0;
                sizes = [].iter().copied();
                0
            }
            Some(size) if size > 0 => {
                last = size;
                size
            }
            _ => last,
        };
        let wanted = remaining.max(min_width).max(1);
        let len = if size == 0 { wanted } else { wanted.min(size.into()) };
        let zeros = (len - remaining).max(0);
        let taken = remaining.min(len).max(0);
        groups.push((zeros as usize, taken as usize));
        remaining -= taken;
        min_width -= len;
        if (remaining <= 0 && min_width <= 0) || size == 0 {
            break;
        }
        min_width -= separator_len;
    }
    let mut out = String::with_capacity(digits.len() + groups.len() * separator.len() + 8);
    let mut at = 0;
    for (i, &(zeros, taken)) in groups.iter().rev().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        out.extend(std::iter::repeat_n('0', zeros));
        out.push_str(&digits[at..at + taken]);
        at += taken;
    }
    out
}

/// Groups digits from the left, as in a fractional part.
fn group_fraction(digits: &str, separator: &str, grouping: &[u8]) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    let size = grouping.first().copied().unwrap_or(0) as usize;
    for (i, c) in digits.chars().enumerate() {
        if size > 0 && i > 0 && i % size == 0 {
            out.push_str(separator);
        }
        out.push(c);
    }
    out
}

fn assemble(
    parts: &Parts<'_>,
    spec: &FormatSpec,
    locale: &NumericLocale<'_>,
    out: &mut TextBuf,
) -> Result<()> {
    let width = spec.width.unwrap_or(0);
    check_size(width)?;
    let sign = sign_text(spec, parts.negative);
    let grouping = locale_of(spec.grouping, locale);
    let mut tail = String::new();
    if let Some(fraction) = parts.fraction {
        tail.push_str(grouping.decimal_point);
        let by = locale_of(spec.fraction_grouping, locale);
        tail.push_str(&group_fraction(fraction, by.thousands_separator, by.grouping));
    }
    tail.push_str(parts.rest);
    let tail_len = tail.chars().count();
    let around = sign.len() + parts.prefix.len() + tail_len;
    let zero_filled = spec.fill == u32::from(b'0') && spec.align == b'=';
    let min_width = if zero_filled { width.saturating_sub(around) } else { 0 };
    let plain = grouping.grouping.is_empty() && (!zero_filled || parts.whole.is_empty());
    let grouped;
    let digits = if plain || parts.whole.is_empty() {
        parts.whole
    } else {
        grouped = group_digits(parts.whole, min_width, grouping.thousands_separator, grouping.grouping);
        &grouped
    };
    let room = width.saturating_sub(around + digits.chars().count());
    let (left, inner, right) = match spec.align {
        b'<' => (0, 0, room),
        b'^' => (room / 2, 0, room - room / 2),
        b'=' => (0, room, 0),
        _ => (room, 0, 0),
    };
    out.push_repeated(spec.fill, left);
    out.push_str(sign);
    out.push_str(parts.prefix);
    out.push_repeated(spec.fill, inner);
    out.push_str(digits);
    out.push_str(&tail);
    out.push_repeated(spec.fill, right);
    Ok(())
}

/// `int.__format__`; that of `bool` too, except that an empty spec then gives the name.
pub fn format_int(
    n: IntRef<'_>,
    spec: Units<'_>,
    type_name: &str,
    locale: &NumericLocale<'_>,
    max_str_digits: usize,
) -> Result<TextBuf> {
    if spec.is_empty() {
        return int_text::to_decimal(n, max_str_digits).map(TextBuf::from);
    }
    let mut spec = FormatSpec::parse(spec, b'd', b'>', type_name)?;
    let unknown = |kind| unknown_code(kind, type_name);
    let kind = u8::try_from(spec.kind).map_err(|_| unknown(spec.kind))?;
    match kind {
        b'b' | b'c' | b'd' | b'o' | b'x' | b'X' | b'n' => {}
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => {
            let x = match n {
                IntRef::Small(n) => n as f64,
                IntRef::Big(n) => int_to_float(n)?,
            };
            return format_parsed_float(x, spec, locale);
        }
        _ => return Err(unknown(spec.kind)),
    }
    let refused =
        |text: &str| Err(TextError::value(format!("{text} not allowed in integer format specifier")));
    if spec.precision.is_some() {
        return refused("Precision");
    }
    if spec.no_negative_zero {
        return refused("Negative zero coercion (z)");
    }
    let mut out = TextBuf::with_capacity(24);
    if kind == b'c' {
        let refused = |text: &str| {
            Err(TextError::value(format!("{text} not allowed with integer format specifier 'c'")))
        };
        if spec.sign.is_some() {
            return refused("Sign");
        }
        if spec.alternate {
            return refused("Alternate form (#)");
        }
        let code = n.to_i64().filter(|code| (0..0x110000).contains(code));
        let too_large = || match n.to_i64() {
            None => TextError::overflow("Python int too large to convert to C long"),
            Some(_) => TextError::overflow("%c arg not in range(0x110000)"),
        };
        let code = code.ok_or_else(too_large)? as u32;
        check_size(spec.width.unwrap_or(0))?;
        if spec.align == b'=' {
            spec.align = b'>';
        }
        let text: TextBuf = std::iter::once(code).collect();
        return Ok(pad_text(text.as_units(), &spec));
    }
    let (base, prefix) = match kind {
        b'b' => (2, "0b"),
        b'o' => (8, "0o"),
        b'x' => (16, "0x"),
        b'X' => (16, "0X"),
        _ => (10, ""),
    };
    if kind == b'n' {
        spec.grouping = Grouping::Locale;
    }
    let mut digits = n.digits(base, max_str_digits)?;
    if kind == b'X' {
        digits.make_ascii_uppercase();
    }
    let prefix = if spec.alternate { prefix } else { "" };
    let parts = Parts { negative: n.is_negative(), prefix, whole: &digits, fraction: None, rest: "" };
    assemble(&parts, &spec, locale, &mut out)?;
    Ok(out)
}

const DEFAULT_PRECISION: usize = 6;

#[cold]
fn precision_too_big() -> TextError {
    TextError::value("precision too big")
}

/// Digits of the absolute value and the sign, for a type code that is one of floats.
fn float_text(x: f64, spec: &FormatSpec, kind: u8, add_dot_zero: bool) -> Result<(bool, String)> {
    if spec.precision.is_some_and(|p| p > i32::MAX as usize) {
        return Err(precision_too_big());
    }
    let precision = spec.precision.unwrap_or(DEFAULT_PRECISION);
    check_size(precision)?;
    let format = match kind {
        b'e' | b'E' => FloatFormat::Exponent(precision),
        b'f' | b'F' | b'%' => FloatFormat::Fixed(precision),
        0 if spec.precision.is_none() => FloatFormat::Repr,
        _ => FloatFormat::General(precision),
    };
    let flags = FloatFlags {
        alternate: spec.alternate,
        upper: matches!(kind, b'E' | b'F' | b'G'),
        add_dot_zero: add_dot_zero && kind == 0,
        no_negative_zero: spec.no_negative_zero,
        sign: false,
    };
    let mut text = float_digits(if kind == b'%' { x * 100.0 } else { x }, format, flags);
    let negative = text.starts_with('-');
    if negative {
        text.remove(0);
    }
    Ok((negative, text))
}

fn split_float(text: &str, negative: bool) -> Parts<'_> {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => {
            let (fraction, rest) = after.split_at(digits(after));
            (Some(fraction), rest)
        }
        None => (None, rest),
    };
    Parts { negative, prefix: "", whole, fraction, rest }
}

fn format_parsed_float(x: f64, mut spec: FormatSpec, locale: &NumericLocale<'_>) -> Result<TextBuf> {
    let kind = spec.kind as u8;
    let (negative, mut text) = float_text(x, &spec, kind, true)?;
    match kind {
        b'%' => text.push('%'),
        b'n' => spec.grouping = Grouping::Locale,
        _ => {}
    }
    let mut out = TextBuf::with_capacity(text.len() + 8);
    assemble(&split_float(&text, negative), &spec, locale, &mut out)?;
    Ok(out)
}

fn is_float_kind(kind: u32) -> bool {
    matches!(char::from_u32(kind), Some('\0' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%'))
}

/// `float.__format__`.
pub fn format_float(x: f64, spec: Units<'_>, type_name: &str, locale: &NumericLocale<'_>) -> Result<TextBuf> {
    if spec.is_empty() {
        return Ok(float_repr::repr(x).into());
    }
    let spec = FormatSpec::parse(spec, 0, b'>', type_name)?;
    if !is_float_kind(spec.kind) {
        return Err(unknown_code(spec.kind, type_name));
    }
    format_parsed_float(x, spec, locale)
}

/// `complex.__format__`.
pub fn format_complex(
    real: f64,
    imaginary: f64,
    spec: Units<'_>,
    type_name: &str,
    locale: &NumericLocale<'_>,
) -> Result<TextBuf> {
    if spec.is_empty() {
        return Ok(crate::complex_text::repr(real, imaginary).into());
    }
    let spec = FormatSpec::parse(spec, 0, b'>', type_name)?;
    if !is_float_kind(spec.kind) || spec.kind == u32::from(b'%') {
        return Err(unknown_code(spec.kind, type_name));
    }
    if spec.precision.is_some_and(|p| p > i32::MAX as usize) {
        return Err(precision_too_big());
    }
    if spec.fill == u32::from(b'0') {
        return Err(TextError::value("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == b'=' {
        return Err(TextError::value("'=' alignment flag is not allowed in complex format specifier"));
    }
    let kind = spec.kind as u8;
    let plain = kind == 0;
    let skip_real = plain && real == 0.0 && real.is_sign_positive();
    let mut part = FormatSpec { width: None, fill: 0x20, align: b'<', ..spec.clone() };
    if kind == b'n' {
        part.grouping = Grouping::Locale;
    }
    let mut text = TextBuf::with_capacity(32);
    if plain && !skip_real {
        text.push_char('(');
    }
    if !skip_real {
        let (negative, digits) = float_text(real, &spec, kind, false)?;
        assemble(&split_float(&digits, negative), &part, locale, &mut text)?;
        part.sign = Some(b'+');
    }
    let (negative, digits) = float_text(imaginary, &spec, kind, false)?;
    assemble(&split_float(&digits, negative), &part, locale, &mut text)?;
    text.push_char('j');
    if plain && !skip_real {
        text.push_char(')');
    }
    check_size(spec.width.unwrap_or(0))?;
    Ok(pad_text(text.as_units(), &spec))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(n: i64, spec: &str) -> std::result::Result<String, String> {
        format_int(n.into(), TextBuf::from(spec).as_units(), "int", &NumericLocale::default(), 4300)
            .map(|t| t.to_string_lossy())
            .map_err(|e| e.message)
    }

    fn float(x: f64, spec: &str) -> std::result::Result<String, String> {
        format_float(x, TextBuf::from(spec).as_units(), "float", &NumericLocale::default())
            .map(|t| t.to_string_lossy())
            .map_err(|e| e.message)
    }

    #[test]
    fn ints() {
        for (n, spec, expected) in [
            (1, "=+010,.3f", "+0,001.000"),
            (1, "020,", "0,000,000,000,000,001"),
            (1, "+020_d", "+000_000_000_000_001"),
            (1, "030_.5_f", "000_000_000_000_000_001.000_00"),
            (-255, "#x", "-0xff"),
            (255, "#012_x", "0x0_0000_00ff"),
            (65, "*^5c", "**A**"),
            (1234567, ",", "1,234,567"),
            (5, "^6b", " 101  "),
            (1, "%", "100.000000%"),
        ] {
            assert_eq!(int(n, spec).as_deref(), Ok(expected), "{spec}");
        }
        for (spec, message) in [
            (".3d", "Precision not allowed in integer format specifier"),
            ("+c", "Sign not allowed with integer format specifier 'c'"),
            (",x", "Cannot specify ',' with 'x'."),
            ("s", "Unknown format code 's' for object of type 'int'"),
        ] {
            assert_eq!(int(1, spec).unwrap_err(), message);
        }
    }

    #[test]
    fn floats() {
        for (x, spec, expected) in [
            (1234.5, "", "1234.5"),
            (1234.5, "010.1f", "00001234.5"),
            (1e16, "10", "     1e+16"),
            (123.0, ".3", "1.23e+02"),
            (12.0, ".3", "12.0"),
            (f64::INFINITY, "010", "0000000inf"),
            (-0.001, "z.1f", "0.0"),
            (1234567.891, ",.2f", "1,234,567.89"),
            (0.5, ".0%", "50%"),
            (0.1234567, ".7_f", "0.123_456_7"),
        ] {
            assert_eq!(float(x, spec).as_deref(), Ok(expected), "{spec}");
        }
    }

    #[test]
    fn complex_numbers() {
        let format = |re, im, spec: &str| {
            format_complex(re, im, Units::ascii(spec), "complex", &NumericLocale::default())
                .map(|t| t.to_string_lossy())
                .map_err(|e| e.message)
        };
        assert_eq!(format(1.0, -2.0, "*^12").as_deref(), Ok("***(1-2j)***"));
        assert_eq!(format(0.0, 1.0, "+").as_deref(), Ok("+1j"));
        assert_eq!(format(0.0, 1.0, ".2f").as_deref(), Ok("0.00+1.00j"));
        assert_eq!(
            format(1.0, 1.0, "010").unwrap_err(),
            "Zero padding is not allowed in complex format specifier"
        );
    }
}
