//! `unicodedata`: the Unicode character database, in its current version and, as `ucd_3_2_0`, in that of version 3.2.

use std::sync::OnceLock;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};
use taipan_text::unicode_data::normalization::{
    Form, decomposition, is_normalized, normalize, normalize_old,
};
use taipan_text::unicode_data::{self as now, names, old};

/// `unicodedata.UCD`: the database of version 3.2.
#[repr(C)]
pub struct PyUcd {
    header: Header,
}
layout!(PyUcd, "UCD");

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("unicodedata.UCD", PyUcd::ops())
            .methods(PyUcd::methods())
            .getset(PyUcd::getset())
            .final_()
            .no_instantiation()
            .make()
    })
}

/// The one character of an argument.
fn character(chr: &Obj, function: &str, place: &str) -> PyResult<u32> {
    let Some(text) = chr.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "{function}() {place} must be a unicode character, not {}",
            class_of(chr).name()
        )));
    };
    if text.len() != 1 {
        return Err(type_error(format!(
            "{function}(): {place} must be a unicode character, not a string of length {}",
            text.len()
        )));
    }
    Ok(text.units().at(0))
}

fn first(chr: &Obj, function: &str) -> PyResult<u32> {
    character(chr, function, "argument 1")
}

fn only(chr: &Obj, function: &str) -> PyResult<u32> {
    character(chr, function, "argument")
}

fn or_default<T: IntoPy>(found: Option<T>, default: Option<&Obj>, error: &str) -> PyResult<Obj> {
    match (found, default) {
        (Some(found), _) => found.into_py(),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(value_error(error)),
    }
}

fn form_of(form: &Obj, function: &str) -> PyResult<Form> {
    let Some(form) = form.downcast::<PyStr>() else {
        return Err(type_error(format!(
            "{function}() argument 1 must be str, not {}",
            class_of(form).name()
        )));
    };
    Form::from_name(form.units()).ok_or_else(|| value_error("invalid normalization form"))
}

fn text_of<'a>(text: &'a Obj, function: &str) -> PyResult<&'a PyStr> {
    text.downcast::<PyStr>().ok_or_else(|| {
        type_error(format!("{function}() argument 2 must be str, not {}", class_of(text).name()))
    })
}

fn find_name(name: &Obj, sequences: bool) -> PyResult<Obj> {
    let text = match name.downcast::<PyStr>() {
        Some(text) => text.to_string_lossy().into_owned(),
        None => taipan_objects::buffer::with_bytes(name, |b| String::from_utf8_lossy(b).into_owned())?,
    };
    let unknown = || key_error(str_obj(&format!("undefined character name '{text}'")));
    if !text.is_ascii() {
        return Err(unknown());
    }
    if text.len() > 256 {
        return Err(key_error(str_obj("name too long")));
    }
    if sequences {
        return names::lookup_text(&text).map(|t| PyStr::from_units(t).into_obj()).ok_or_else(unknown);
    }
    // Version 3.2 has no aliases.
    let is_name = |c: u32| names::name(c).is_some_and(|name| name.eq_ignore_ascii_case(&text));
    names::lookup(&text)
        .filter(|&c| old::category(c) != "Cn" && is_name(c))
        .map(|c| PyStr::from_code_point(c).into_obj())
        .ok_or_else(unknown)
}

fn normalized(
    form: &Obj,
    text: &Obj,
    function: &str,
    make: fn(Form, taipan_text::Units<'_>) -> taipan_text::TextBuf,
) -> PyResult<Obj> {
    let form = form_of(form, function)?;
    let own = text_of(text, function)?;
    if own.is_ascii() && own.is_exact() {
        return Ok(text.clone());
    }
    Ok(PyStr::from_units(make(form, own.units())).into_obj())
}

#[pymethods(class = "unicodedata.UCD")]
impl PyUcd {
    /// The character of a name.
    #[pymethod]
    fn lookup(&self, name: &Obj) -> PyResult<Obj> {
        find_name(name, false)
    }
    /// The name of a character, or the default if it has none.
    #[pymethod(sig = "(chr, default=<unrepresentable>, /)")]
    fn name(&self, chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        let code = first(chr, "name")?;
        or_default(names::name(code).filter(|_| old::category(code) != "Cn"), default, "no such name")
    }
    /// The value of a decimal digit, or the default.
    #[pymethod(sig = "(chr, default=<unrepresentable>, /)")]
    fn decimal(&self, chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(old::decimal(first(chr, "decimal")?), default, "not a decimal")
    }
    /// The value of a digit, or the default.
    #[pymethod(sig = "(chr, default=<unrepresentable>, /)")]
    fn digit(&self, chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(old::digit(first(chr, "digit")?), default, "not a digit")
    }
    /// The numeric value of a character as a float, or the default.
    #[pymethod(sig = "(chr, default=<unrepresentable>, /)")]
    fn numeric(&self, chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(old::numeric(first(chr, "numeric")?), default, "not a numeric character")
    }
    /// The general category of a character.
    #[pymethod]
    fn category(&self, chr: &Obj) -> PyResult<&'static str> {
        Ok(old::category(only(chr, "category")?))
    }
    /// The bidirectional class of a character.
    #[pymethod]
    fn bidirectional(&self, chr: &Obj) -> PyResult<&'static str> {
        Ok(old::bidirectional(only(chr, "bidirectional")?))
    }
    /// The canonical combining class of a character.
    #[pymethod]
    fn combining(&self, chr: &Obj) -> PyResult<u8> {
        Ok(old::combining(only(chr, "combining")?))
    }
    /// 1 if the character is mirrored in bidirectional text, else 0.
    #[pymethod]
    fn mirrored(&self, chr: &Obj) -> PyResult<i64> {
        Ok(i64::from(old::is_mirrored(only(chr, "mirrored")?)))
    }
    /// The east asian width of a character.
    #[pymethod]
    fn east_asian_width(&self, chr: &Obj) -> PyResult<&'static str> {
        Ok(old::east_asian_width(only(chr, "east_asian_width")?))
    }
    /// The decomposition mapping of a character; empty if there is none.
    #[pymethod]
    fn decomposition(&self, chr: &Obj) -> PyResult<String> {
        Ok(old::decomposition(only(chr, "decomposition")?))
    }
    /// Whether the text is in the normal form 'NFC', 'NFKC', 'NFD' or 'NFKD'.
    #[pymethod]
    fn is_normalized(&self, form: &Obj, unistr: &Obj) -> PyResult<bool> {
        let form = form_of(form, "is_normalized")?;
        let text = text_of(unistr, "is_normalized")?;
        Ok(normalize_old(form, text.units()).as_units() == text.units())
    }
    /// The normal form 'NFC', 'NFKC', 'NFD' or 'NFKD' of the text.
    #[pymethod]
    fn normalize(&self, form: &Obj, unistr: &Obj) -> PyResult<Obj> {
        normalized(form, unistr, "normalize", normalize_old)
    }
    #[pygetset]
    fn unidata_version(&self) -> &'static str {
        old::UNIDATA_VERSION
    }
}

/// This module provides access to the Unicode Character Database which defines character properties for all Unicode characters.
#[pymodule(name = "unicodedata")]
mod items {
    use super::*;

    #[pyattr]
    const unidata_version: &str = now::UNIDATA_VERSION;
    #[pyattr(name = "UCD")]
    fn ucd() -> Obj {
        super::class().as_obj().clone()
    }
    #[pyattr]
    fn ucd_3_2_0() -> Obj {
        new_instance(super::class(), |header| PyUcd { header }).into_obj()
    }

    /// The character (or sequence of characters) of a name.
    #[pyfunction]
    fn lookup(name: &Obj) -> PyResult<Obj> {
        find_name(name, true)
    }
    /// The name of a character, or the default if it has none.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn name(chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(names::name(first(chr, "name")?), default, "no such name")
    }
    /// The value of a decimal digit, or the default.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn decimal(chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(now::decimal(first(chr, "decimal")?), default, "not a decimal")
    }
    /// The value of a digit, or the default.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn digit(chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(now::digit(first(chr, "digit")?), default, "not a digit")
    }
    /// The numeric value of a character as a float, or the default.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn numeric(chr: &Obj, default: Option<&Obj>) -> PyResult<Obj> {
        or_default(now::numeric(first(chr, "numeric")?), default, "not a numeric character")
    }
    /// The general category of a character.
    #[pyfunction]
    fn category(chr: &Obj) -> PyResult<&'static str> {
        Ok(now::category(only(chr, "category")?))
    }
    /// The bidirectional class of a character.
    #[pyfunction]
    fn bidirectional(chr: &Obj) -> PyResult<&'static str> {
        Ok(now::bidirectional(only(chr, "bidirectional")?))
    }
    /// The canonical combining class of a character.
    #[pyfunction]
    fn combining(chr: &Obj) -> PyResult<u8> {
        Ok(now::combining(only(chr, "combining")?))
    }
    /// 1 if the character is mirrored in bidirectional text, else 0.
    #[pyfunction]
    fn mirrored(chr: &Obj) -> PyResult<i64> {
        Ok(i64::from(now::is_mirrored(only(chr, "mirrored")?)))
    }
    /// The east asian width of a character.
    #[pyfunction]
    fn east_asian_width(chr: &Obj) -> PyResult<&'static str> {
        Ok(now::east_asian_width(only(chr, "east_asian_width")?))
    }
    /// The decomposition mapping of a character; empty if there is none.
    #[pyfunction]
    fn decomposition(chr: &Obj) -> PyResult<String> {
        Ok(super::decomposition(only(chr, "decomposition")?))
    }
    /// Whether the text is in the normal form 'NFC', 'NFKC', 'NFD' or 'NFKD'.
    #[pyfunction]
    fn is_normalized(form: &Obj, unistr: &Obj) -> PyResult<bool> {
        let form = form_of(form, "is_normalized")?;
        Ok(super::is_normalized(form, text_of(unistr, "is_normalized")?.units()))
    }
    /// The normal form 'NFC', 'NFKC', 'NFD' or 'NFKD' of the text.
    #[pyfunction]
    fn normalize(form: &Obj, unistr: &Obj) -> PyResult<Obj> {
        normalized(form, unistr, "normalize", super::normalize)
    }
}
