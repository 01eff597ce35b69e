//! `str.format`, `format_map`, `%`, and the `__format__` of texts and numbers. The languages themselves are in `taipan_text`;
//! here values are fetched and converted.

use taipan_gc::{Obj, Py};
use taipan_text::format_number::{self, NumericLocale};
use taipan_text::percent_format::{self as percent_text, Amount, Conversion, Layout, PercentParser};
use taipan_text::str_format::{self, Access, AutoNumber, Field, FieldName, FirstName, FormatParser};
use taipan_text::units::{OwnedUnits, Units};
use taipan_text::{format_spec, repr};

use super::{PyStr, quick};
use crate::complex::Complex;
use crate::error::*;
use crate::int::{IntRef, int_ref, max_str_digits};
use crate::native::Kwargs;
use crate::protocol;
use crate::tuple::PyTuple;
use crate::type_object::class_of;
use crate::types::types;

fn done(text: OwnedUnits) -> PyResult<Obj> {
    Ok(PyStr::from_units(text).into_obj())
}

/// `int.__format__` of `obj`, whose number is `value`.
pub fn format_int(obj: &Obj, value: IntRef<'_>, spec: &PyStr) -> PyResult<Obj> {
    if let Some(number) = value.to_i64()
        && let Some(spec) = spec.as_utf8()
        && let Some(text) = quick::int(number, spec.as_bytes())
    {
        return Ok(text.into_obj());
    }
    let name = class_of(obj).name();
    done(format_number::format_int(
        value.text(),
        spec.units(),
        &name,
        &NumericLocale::default(),
        max_str_digits(),
    )?)
}

/// `float.__format__` of `obj`, whose number is `value`.
pub fn format_float(obj: &Obj, value: f64, spec: &PyStr) -> PyResult<Obj> {
    if let Some(spec) = spec.as_utf8()
        && let Some(text) = quick::float(value, spec.as_bytes())
    {
        return Ok(text.into_obj());
    }
    let name = class_of(obj).name();
    done(format_number::format_float(value, spec.units(), &name, &NumericLocale::default())?)
}

/// `complex.__format__` of `obj`, whose number is `value`.
pub fn format_complex(obj: &Obj, value: Complex, spec: &PyStr) -> PyResult<Obj> {
    let name = class_of(obj).name();
    done(format_number::format_complex(value.re, value.im, spec.units(), &name, &NumericLocale::default())?)
}

/// `str.__format__`.
pub fn format_text(text: &Py<PyStr>, spec: &PyStr) -> PyResult<Obj> {
    let name = class_of(text.as_obj()).name();
    match format_spec::format_text(text.units(), spec.units(), &name)? {
        Some(units) => done(units),
        None => Ok(text.to_exact().into_obj()),
    }
}

/// `ascii(obj)`.
pub fn ascii(obj: &Obj) -> PyResult<Py<PyStr>> {
    let shown = protocol::repr(obj)?;
    if shown.is_ascii() {
        return Ok(shown);
    }
    Ok(repr::ascii_of_repr(shown.units()).map_or(shown, PyStr::from_units))
}

/// Where the values of a template come from.
enum Values<'a, 'k> {
    Arguments(&'a [Obj], &'a Kwargs<'k>),
    Mapping(&'a Obj),
}

impl Values<'_, '_> {
    fn first(&self, template: Units<'_>, name: FirstName) -> PyResult<Obj> {
        match (self, name) {
            (Values::Arguments(args, _), FirstName::Index(at)) => args.get(at).cloned().ok_or_else(|| {
                index_error(format!("Replacement index {at} out of range for positional args tuple"))
            }),
            (Values::Mapping(_), FirstName::Index(_)) => {
                Err(value_error("Format string contains positional fields"))
            }
            (Values::Arguments(_, keywords), FirstName::Key(range)) => {
                let key = PyStr::from_slice(template.slice(range));
                let found = keywords
                    .iter()
                    .find(|(name, _)| name.downcast::<PyStr>().is_some_and(|name| name.equals(&key)))
                    .map(|(_, value)| value.clone());
                found.ok_or_else(|| key_error(key.into_obj()))
            }
            (Values::Mapping(mapping), FirstName::Key(range)) => {
                protocol::getitem(mapping, PyStr::from_slice(template.slice(range)).as_obj())
            }
        }
    }
}

struct Formatter<'a, 'k> {
    template: Units<'a>,
    values: Values<'a, 'k>,
    numbering: AutoNumber,
}

impl Formatter<'_, '_> {
    fn run(&mut self, range: std::ops::Range<usize>, depth: usize, out: &mut OwnedUnits) -> PyResult<()> {
        if depth == 0 {
            return Err(str_format::recursion_error().into());
        }
        for piece in FormatParser::with_range(self.template, range) {
            let piece = piece?;
            out.push_units(self.template.slice(piece.literal));
            if let Some(field) = piece.field {
                self.field(field, depth, out)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, field: Field, depth: usize, out: &mut OwnedUnits) -> PyResult<()> {
        let (first, steps) = FieldName::split(self.template, field.name, Some(&mut self.numbering))?;
        let mut value = self.values.first(self.template, first)?;
        for step in steps {
            value = match step? {
                Access::Attribute(name) => {
                    protocol::getattr_obj(&value, PyStr::from_slice(self.template.slice(name)).as_obj())?
                }
                Access::Item(key) => {
                    protocol::getitem(&value, PyStr::from_slice(self.template.slice(key)).as_obj())?
                }
                Access::Index(at) => protocol::getitem(&value, &crate::int::from_usize(at))?,
            };
        }
        match char::from_u32(field.conversion) {
            Some('\0') => {}
            Some('r') => value = protocol::repr(&value)?.into_obj(),
            Some('s') => value = protocol::str(&value)?.into_obj(),
            Some('a') => value = ascii(&value)?.into_obj(),
            _ => return Err(str_format::unknown_conversion(field.conversion).into()),
        }
        let spec = if field.spec_has_fields {
            let mut spec = OwnedUnits::new();
            self.run(field.spec, depth - 1, &mut spec)?;
            PyStr::from_units(spec)
        } else {
            PyStr::from_slice(self.template.slice(field.spec))
        };
        let text = protocol::format(&value, spec.as_obj())?;
        if let Some(text) = text.downcast::<PyStr>() {
            out.push_units(text.units());
        }
        Ok(())
    }
}

fn run(template: &PyStr, values: Values<'_, '_>) -> PyResult<Obj> {
    let units = template.units();
    let mut out = OwnedUnits::with_capacity(units.len() + 16);
    let mut formatter = Formatter { template: units, values, numbering: AutoNumber::default() };
    formatter.run(0..units.len(), str_format::MAX_NESTING, &mut out)?;
    done(out)
}

/// `template.format(*args, **keywords)`
pub fn format(template: &PyStr, args: &[Obj], keywords: &Kwargs<'_>) -> PyResult<Obj> {
    run(template, Values::Arguments(args, keywords))
}

/// `template.format_map(mapping)`
pub fn format_map(template: &PyStr, mapping: &Obj) -> PyResult<Obj> {
    run(template, Values::Mapping(mapping))
}

/// The values of `template % values`, fetched one by one.
pub(crate) struct PercentValues<'a> {
    values: &'a Obj,
    /// The items if the values are a tuple.
    tuple: Option<&'a PyTuple>,
    next: usize,
    mapping: bool,
    /// Once there was a key: the value of the last one, until it is used.
    keyed: Option<Option<Obj>>,
}

impl<'a> PercentValues<'a> {
    pub(crate) fn new(values: &'a Obj) -> PercentValues<'a> {
        let tuple = values.downcast::<PyTuple>();
        let mapping =
            tuple.is_none() && !values.is_layout::<PyStr>() && class_of(values).slots.getitem().is_some();
        PercentValues { values, tuple, next: 0, mapping, keyed: None }
    }
    pub(crate) fn is_mapping(&self) -> bool {
        self.mapping
    }
    pub(crate) fn next(&mut self) -> PyResult<Obj> {
        if let Some(value) = &mut self.keyed {
            return value.take().ok_or_else(|| type_error(percent_text::NOT_ENOUGH));
        }
        let at = self.next;
        self.next += 1;
        let found = match self.tuple {
            Some(tuple) => tuple.as_slice().get(at).cloned(),
            None => (at == 0).then(|| self.values.clone()),
        };
        found.ok_or_else(|| type_error(percent_text::NOT_ENOUGH))
    }
    /// Makes the value of a key the only one.
    pub(crate) fn by_key(&mut self, key: &Obj) -> PyResult<()> {
        self.keyed = Some(Some(protocol::getitem(self.values, key)?));
        Ok(())
    }
    /// Whether values are left that nothing used.
    pub(crate) fn left_over(&self) -> bool {
        match self.tuple {
            _ if self.keyed.is_some() => false,
            Some(tuple) => self.next < tuple.as_slice().len(),
            None => self.next == 0 && !self.mapping,
        }
    }
    /// Width and precision of a conversion, stars fetched, errors raised in order.
    pub(crate) fn layout(&mut self, conversion: &Conversion) -> PyResult<Layout> {
        let mut flags = conversion.flags;
        let star = |values: &mut Self| -> PyResult<Obj> {
            let value = values.next()?;
            if int_ref(&value).is_none() { Err(type_error(percent_text::STAR_WANTS_INT)) } else { Ok(value) }
        };
        let width = match conversion.width {
            None => 0,
            Some(Amount::Given(width)) => width,
            Some(Amount::Star) => {
                let value = star(self)?;
                percent_text::star_width(int_ref(&value).unwrap_or(IntRef::Small(0)).text(), &mut flags)?
            }
        };
        let precision = match conversion.precision {
            None => None,
            Some(Amount::Given(precision)) => Some(precision),
            Some(Amount::Star) => {
                let value = star(self)?;
                Some(percent_text::star_precision(int_ref(&value).unwrap_or(IntRef::Small(0)).text())?)
            }
        };
        Ok(Layout { flags, width, precision })
    }
}

/// The integer under `d i u o x X`.
fn percent_integer(value: &Obj, kind: u32) -> PyResult<Obj> {
    if int_ref(value).is_some() {
        return Ok(value.clone());
    }
    let wrong = || -> Raised { percent_text::wants_integer(kind, &class_of(value).name()).into() };
    let slots = &class_of(value).slots;
    let result = match char::from_u32(kind) {
        Some('o' | 'x' | 'X') if slots.index().is_some() => protocol::index(value),
        Some('o' | 'x' | 'X') => return Err(wrong()),
        _ if slots.int().is_some() || slots.index().is_some() => crate::int::new::convert(value),
        _ => return Err(wrong()),
    };
    match result {
        Ok(result) => Ok(result),
        Err(Raised) => {
            drop(catch(&types().type_error)?);
            Err(wrong())
        }
    }
}

/// The text of a number under a conversion other than `s r a c b`.
pub(crate) fn percent_number(value: &Obj, conversion: &Conversion, layout: Layout) -> PyResult<String> {
    match char::from_u32(conversion.kind) {
        Some('d' | 'i' | 'u' | 'o' | 'x' | 'X') => {
            let number = percent_integer(value, conversion.kind)?;
            let number = int_ref(&number).unwrap_or(IntRef::Small(0));
            Ok(percent_text::format_int(number.text(), conversion.kind, layout, max_str_digits())?)
        }
        _ => Ok(percent_text::format_real(protocol::as_f64(value)?, conversion.kind, layout)?),
    }
}

/// `template % values`
pub fn percent(template: &PyStr, values: &Obj) -> PyResult<Obj> {
    if let Some(text) = super::percent::percent(template, values)? {
        return Ok(text.into_obj());
    }
    let units = template.units();
    let mut out = OwnedUnits::with_capacity(units.len() + 16);
    let mut values = PercentValues::new(values);
    for piece in PercentParser::new(units) {
        let conversion = match piece {
            percent_text::Piece::Literal(range) => {
                out.push_units(units.slice(range));
                continue;
            }
            percent_text::Piece::Conversion(conversion) => conversion,
        };
        if conversion.wants_mapping {
            if !values.is_mapping() {
                return Err(type_error(percent_text::WANTS_MAPPING));
            }
            if let Some(range) = &conversion.key {
                values.by_key(PyStr::from_slice(units.slice(range.clone())).as_obj())?;
            }
        }
        let layout = values.layout(&conversion)?;
        if let Some(error) = conversion.error {
            return Err(error.into());
        }
        let value = values.next()?;
        conversion.check_kind()?;
        percent_value(&value, &conversion, layout, &mut out)?;
    }
    if values.left_over() {
        return Err(type_error(percent_text::LEFT_OVER));
    }
    done(out)
}

fn percent_value(value: &Obj, conversion: &Conversion, layout: Layout, out: &mut OwnedUnits) -> PyResult<()> {
    let text = match char::from_u32(conversion.kind) {
        Some('s') => protocol::str(value)?,
        Some('r') => protocol::repr(value)?,
        Some('a') => ascii(value)?,
        Some('c') => {
            let code = percent_char(value)?;
            let layout = Layout { precision: None, ..layout };
            return Ok(percent_text::push_text(out, PyStr::from_code_point(code).units(), layout)?);
        }
        _ => {
            out.push_str(&percent_number(value, conversion, layout)?);
            return Ok(());
        }
    };
    Ok(percent_text::push_text(out, text.units(), layout)?)
}

/// The character under `%c`.
fn percent_char(value: &Obj) -> PyResult<u32> {
    if let Some(text) = value.downcast::<PyStr>() {
        return match text.len() {
            1 => Ok(text.units().at(0)),
            len => Err(type_error(format!(
                "%c requires an int or a unicode character, not a string of length {len}"
            ))),
        };
    }
    let wrong = || {
        type_error(format!("%c requires an int or a unicode character, not {}", class_of(value).full_name()))
    };
    if !protocol::has_index(value) {
        return Err(wrong());
    }
    let number = match protocol::index(value) {
        Ok(number) => number,
        Err(Raised) => {
            drop(catch(&types().type_error)?);
            return Err(wrong());
        }
    };
    Ok(percent_text::char_code(int_ref(&number).unwrap_or(IntRef::Small(0)).text())?)
}
