//! `Decimal.__format__`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_text::format_number::group_digits;
use taipan_text::format_spec::{FormatSpec, Grouping};

use super::current;
use super::number::{Number, Rounding, Settings, signal};
use crate::counted;

/// Greater widths are refused.
const MOST_WIDTH: usize = 1 << 40;

/// What separates the parts of a number.
struct Separators {
    point: String,
    thousands: String,
    grouping: Vec<u8>,
}

fn text_of(value: &Obj) -> PyResult<String> {
    match value.downcast::<PyStr>() {
        Some(text) => Ok(text.to_utf8()?.into_owned()),
        None => Err(type_error("expected str")),
    }
}

/// Those of the locale.
fn locale_separators() -> PyResult<Separators> {
    let module = taipan_objects::hooks::import_module("_locale")?;
    let conventions = counted::call_method(&module, "localeconv", &[])?;
    let item = |name: &str| getitem(&conventions, &str_obj(name)).map(IntoStrong::into_strong);
    let sizes = collect(&item("grouping")?)?;
    let sizes = sizes.iter().filter_map(|size| taipan_objects::int::int_ref(size)?.to_i64());
    Ok(Separators {
        point: text_of(&item("decimal_point")?)?,
        thousands: text_of(&item("thousands_sep")?)?,
        grouping: sizes.map(|size| size.clamp(0, 127) as u8).collect(),
    })
}

fn separators(spec: &FormatSpec, replacements: Option<&Obj>) -> PyResult<Separators> {
    let mut result = match spec.grouping {
        Grouping::Locale => locale_separators()?,
        grouping => Separators {
            point: ".".to_owned(),
            thousands: match grouping {
                Grouping::Comma => ",",
                Grouping::None => "",
                _ => "_",
            }
            .to_owned(),
            grouping: if grouping == Grouping::None { vec![] } else { vec![3] },
        },
    };
    let Some(dict) = replacements else { return Ok(result) };
    if !is_instance_of(dict, &types().dict) {
        return Err(type_error("optional argument must be a dict"));
    }
    let given = |name: &str| -> PyResult<Option<String>> {
        let value = counted::call_method(dict, "get", &[str_obj(name)])?;
        if is_none(&value) { Ok(None) } else { text_of(&value).map(Some) }
    };
    if let Some(point) = given("decimal_point")? {
        result.point = point;
    }
    if let Some(thousands) = given("thousands_sep")? {
        result.thousands = thousands;
    }
    if let Some(grouping) = given("grouping")? {
        result.grouping = grouping.chars().map(|c| (c as u32).min(127) as u8).collect();
    }
    let sizes_fit = given("grouping")?.is_none_or(|sizes| sizes.chars().all(|c| (c as u32) < 128));
    if !(1..=4).contains(&result.point.len()) || result.thousands.len() > 4 || !sizes_fit {
        return Err(value_error("invalid override dict"));
    }
    Ok(result)
}

/// A number to format, rounded as the precision says.
fn rounded(
    number: &Number,
    kind: u8,
    precision: Option<usize>,
    rounding: Rounding,
    status: &mut u32,
) -> Number {
    let Some(precision) = precision.filter(|_| number.is_finite()) else { return number.clone() };
    let cx = Settings::MAX.rounding(rounding);
    match kind {
        b'e' | b'E' => {
            let mut result = number.clone().finish(&cx.prec(precision as i64 + 1), &mut 0);
            let missing = precision as i64 + 1 - result.digits();
            if missing > 0 && result.is_finite() && !result.is_zero() {
                match result.shifted(missing, status) {
                    Some(coefficient) => result.coefficient = coefficient,
                    None => return Number::nan(),
                }
                result.exponent -= missing;
            }
            result
        }
        b'f' | b'F' | b'%' => {
            let unit = Number::word(false, 1, -(precision as i64));
            Number::quantize(number, &unit, &cx, status)
        }
        _ => number.clone().finish(&cx.prec(precision.max(1) as i64), &mut 0),
    }
}

/// Whether a specification says how to align and pads with zeros, too, which says it once more.
fn aligns_twice(text: &str) -> bool {
    let mut rest = text.chars();
    let mut is_align = || rest.next().is_some_and(|c| "<>=^".contains(c));
    let aligned = [is_align(), is_align()];
    let behind = match aligned {
        [_, true] => 2,
        [true, false] => 1,
        [false, false] => return false,
    };
    let behind_flags = text.chars().skip(behind).find(|c| !"+- z#".contains(*c));
    behind_flags == Some('0')
}

pub fn format(number: &Number, spec: &Obj, replacements: Option<&Obj>) -> PyResult<Obj> {
    let Some(text) = spec.downcast::<PyStr>() else {
        return Err(type_error(format!("format() argument 2 must be str, not {}", class_of(spec).name())));
    };
    let context = current::get()?;
    if text.is_empty() {
        return Ok(str_obj(&number.to_text(false, context.has_capitals())));
    }
    let invalid = || value_error("invalid format string");
    let spec = FormatSpec::parse(text.units(), 0, b'>', "decimal.Decimal").map_err(|_| invalid())?;
    if aligns_twice(&text.to_string_lossy()) {
        return Err(invalid());
    }
    let Ok(kind @ (0 | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n' | b'N' | b'%')) =
        u8::try_from(spec.kind)
    else {
        return Err(invalid());
    };
    let mut spec = spec;
    if kind == b'n' || kind == b'N' {
        if spec.grouping != Grouping::None && spec.grouping != Grouping::Locale {
            return Err(invalid());
        }
        spec.grouping = Grouping::Locale;
    }
    if kind == b'N' {
        let text = "Format specifier 'N' is deprecated and slated for removal in Python 3.18";
        taipan_objects::hooks::warn(text, types().deprecation_warning.as_obj(), 1)?;
    }
    if spec.width.is_some_and(|width| width > MOST_WIDTH) {
        return Err(value_error("format specification exceeds internal limits of _decimal"));
    }
    let kind = match kind {
        0 if context.has_capitals() => b'G',
        0 | b'n' => b'g',
        b'N' => b'G',
        kind => kind,
    };
    let separators = separators(&spec, replacements)?;
    let mut status = 0;
    let mut number = number.clone();
    if kind == b'%' && number.is_finite() {
        number.exponent += 2;
    }
    let number = rounded(&number, kind, spec.precision, context.settings().rounding, &mut status);
    if status & signal::INVALID != 0 {
        return Err(match status & signal::MALLOC_ERROR != 0 {
            true => memory_error(),
            false => value_error("format specification exceeds internal limits of _decimal"),
        });
    }
    let negative = number.negative && !(spec.no_negative_zero && number.is_zero());
    let sign = match spec.sign {
        _ if negative => "-",
        Some(b'+') => "+",
        Some(b' ') => " ",
        _ => "",
    };
    let zero_padded = spec.fill == u32::from(b'0') && spec.align == b'=';
    let body = if number.is_finite() {
        let (whole, rest) = parts(&number, kind, &spec, &separators).ok_or_else(memory_error)?;
        let least = match zero_padded {
            true => spec.width.unwrap_or(0).saturating_sub(sign.len() + rest.chars().count()),
            false => 0,
        };
        group_digits(&whole, least, &separators.thousands, &separators.grouping) + &rest
    } else {
        let mut text = number.absolute().to_text(false, true);
        if kind == b'%' {
            text.push('%');
        }
        text
    };
    let fill = match zero_padded && !number.is_finite() {
        true => 0x20,
        false => spec.fill,
    };
    aligned(sign, &body, fill, spec.align, spec.width.unwrap_or(0))
}

/// The digits before the point, and all that follows.
fn parts(number: &Number, kind: u8, spec: &FormatSpec, separators: &Separators) -> Option<(String, String)> {
    let digits = String::from_utf8(number.digit_text()).ok()?;
    let leading = number.exponent + digits.len() as i64;
    let zero = number.coefficient.is_empty();
    let (digits, leading) = match zero && number.exponent > 0 && matches!(kind, b'f' | b'F' | b'%') {
        true => ("0".to_owned(), 1),
        false => (digits, leading),
    };
    let point = match kind {
        b'e' | b'E' if zero => spec.precision.map_or(1, |precision| 1 - precision as i64),
        b'e' | b'E' => 1,
        b'f' | b'F' | b'%' => leading,
        _ if number.exponent <= 0 && leading > -6 => leading,
        _ => 1,
    };
    if point.unsigned_abs() > 2_000_000_000 {
        return None;
    }
    let (whole, fraction) = if point < 0 {
        ("0".to_owned(), "0".repeat(-point as usize) + &digits)
    } else if point as usize > digits.len() {
        (digits.clone() + &"0".repeat(point as usize - digits.len()), String::new())
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        (if whole.is_empty() { "0" } else { whole }.to_owned(), fraction.to_owned())
    };
    let mut rest = String::new();
    if !fraction.is_empty() || spec.alternate {
        rest += &separators.point;
        let separator = match spec.fraction_grouping {
            Grouping::None => "",
            Grouping::Comma => ",",
            _ => "_",
        };
        for (i, digit) in fraction.chars().enumerate() {
            if i > 0 && i % 3 == 0 {
                rest += separator;
            }
            rest.push(digit);
        }
    }
    let exponent = leading - point;
    if exponent != 0 || matches!(kind, b'e' | b'E') {
        rest += &format!("{}{exponent:+}", if matches!(kind, b'E' | b'G') { 'E' } else { 'e' });
    }
    if kind == b'%' {
        rest.push('%');
    }
    Some((whole, rest))
}

fn aligned(sign: &str, body: &str, fill: u32, align: u8, width: usize) -> PyResult<Obj> {
    let length = sign.len() + body.chars().count();
    let missing = width.saturating_sub(length);
    if missing == 0 {
        return Ok(str_obj(&format!("{sign}{body}")));
    }
    taipan_objects::type_object::check_size(missing)?;
    let (before, inside, after) = match align {
        b'<' => (0, 0, missing),
        b'^' => (missing / 2, 0, missing - missing / 2),
        b'=' => (0, missing, 0),
        _ => (missing, 0, 0),
    };
    let Some(fill) = char::from_u32(fill) else { return Err(value_error("invalid format string")) };
    let pad = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    Ok(str_obj(&format!("{}{sign}{}{body}{}", pad(before), pad(inside), pad(after))))
}
