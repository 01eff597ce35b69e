//! `_locale`: the C library's locale.
//!
//! The locale is one for the process, and the C library's functions that set or read it are not safe against each other: all go through
//! one mutex, under which nothing else is done.

use std::ffi::CString;

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::str::codecs::{decode_fs, encode_fs};

use crate::file_path::{fspath, name_bytes};
use crate::new_exception::new_exception;
use crate::os_error::os_error;
use crate::sys_calls;

static LOCALE: Mutex<()> = Mutex::new(());

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

const CATEGORIES: &[(&str, i32)] =
    numbers!(LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME);

const ITEMS: &[(&str, i32)] = numbers!(
    ABDAY_1 ABDAY_2 ABDAY_3 ABDAY_4 ABDAY_5 ABDAY_6 ABDAY_7 ABMON_1 ABMON_2 ABMON_3 ABMON_4 ABMON_5 ABMON_6
    ABMON_7 ABMON_8 ABMON_9 ABMON_10 ABMON_11 ABMON_12 ALT_DIGITS AM_STR CODESET CRNCYSTR DAY_1 DAY_2 DAY_3
    DAY_4 DAY_5 DAY_6 DAY_7 D_FMT D_T_FMT ERA ERA_D_FMT ERA_D_T_FMT ERA_T_FMT MON_1 MON_2 MON_3 MON_4 MON_5
    MON_6 MON_7 MON_8 MON_9 MON_10 MON_11 MON_12 NOEXPR PM_STR RADIXCHAR THOUSEP T_FMT T_FMT_AMPM YESEXPR
);

fn error_class() -> &'static Py<PyType> {
    static CLASS: std::sync::OnceLock<Py<PyType>> = std::sync::OnceLock::new();
    CLASS.get_or_init(|| new_exception("locale.Error", &types().exception))
}

fn c_text(text: &PyStr) -> PyResult<CString> {
    CString::new(encode_fs(text)?).map_err(|_| value_error("embedded null character"))
}

fn text(bytes: &[u8]) -> Obj {
    decode_fs(bytes).into_obj()
}

fn translation(domain: Option<&PyStr>, message: &PyStr, category: i32) -> PyResult<Obj> {
    let (domain, message) = (domain.map(c_text).transpose()?, c_text(message)?);
    let _turn = LOCALE.lock();
    Ok(text(&sys_calls::translation(domain.as_deref(), &message, category)))
}

/// `grouping`: sizes of groups; the list ends with 0 or `CHAR_MAX`.
fn grouping(bytes: &[u8]) -> Obj {
    let mut sizes: Vec<Obj> = Vec::new();
    for &byte in bytes {
        sizes.push(int_obj(byte.into()));
        if byte == i8::MAX as u8 {
            return list_obj(sizes);
        }
    }
    if !sizes.is_empty() {
        sizes.push(int_obj(0));
    }
    list_obj(sizes)
}

/// Support for POSIX locales.
#[pymodule(name = "_locale")]
mod items {
    use super::*;

    #[pyattr]
    const CHAR_MAX: i32 = 127;

    /// Activates/queries locale processing.
    #[pyfunction(sig = "(category, locale=None, /)")]
    fn setlocale(category: i32, locale: Option<&str>) -> PyResult<Obj> {
        let name = match locale {
            Some(locale) => Some(CString::new(locale).map_err(|_| value_error("embedded null character"))?),
            None => None,
        };
        let turn = LOCALE.lock();
        let result = sys_calls::setlocale(category, name.as_deref());
        drop(turn);
        match result {
            Some(name) => Ok(text(&name)),
            None if name.is_some() => Err(raise_message(error_class(), "unsupported locale setting")),
            None => Err(raise_message(error_class(), "locale query failed")),
        }
    }
    /// Returns numeric and monetary locale-specific parameters.
    #[pyfunction]
    fn localeconv() -> Obj {
        let turn = LOCALE.lock();
        let conventions = sys_calls::localeconv();
        drop(turn);
        let dict = dict_obj();
        let c = &conventions.texts;
        let add_text = |name: &str, value: &[u8]| {
            dict.set_str(name, if name.ends_with("grouping") { grouping(value) } else { text(value) })
        };
        let monetary = [
            "int_curr_symbol",
            "currency_symbol",
            "mon_decimal_point",
            "mon_thousands_sep",
            "mon_grouping",
            "positive_sign",
            "negative_sign",
        ];
        monetary.into_iter().zip(&c[3..]).for_each(|(name, value)| add_text(name, value));
        let numbers = [
            "int_frac_digits",
            "frac_digits",
            "p_cs_precedes",
            "p_sep_by_space",
            "n_cs_precedes",
            "n_sep_by_space",
            "p_sign_posn",
            "n_sign_posn",
        ];
        for (name, value) in numbers.into_iter().zip(conventions.numbers) {
            dict.set_str(name, int_obj(value.into()));
        }
        ["decimal_point", "thousands_sep", "grouping"]
            .into_iter()
            .zip(c)
            .for_each(|(name, value)| add_text(name, value));
        dict.into_obj()
    }
    /// Return the value for the locale information associated with key.
    #[pyfunction(sig = "(key, /)")]
    fn nl_langinfo(key: i32) -> PyResult<Obj> {
        if !ITEMS.iter().any(|(_, item)| *item == key) {
            return Err(value_error("unsupported langinfo constant"));
        }
        let turn = LOCALE.lock();
        let value = sys_calls::nl_langinfo(key);
        drop(turn);
        Ok(text(&value))
    }
    /// Get the current locale encoding.
    #[pyfunction]
    fn getencoding() -> String {
        crate::_io::locale_encoding()
    }
    /// Compares two strings according to the locale.
    #[pyfunction(sig = "(os1, os2, /)")]
    fn strcoll(os1: &PyStr, os2: &PyStr) -> PyResult<i32> {
        let (a, b) = (c_text(os1)?, c_text(os2)?);
        let _turn = LOCALE.lock();
        Ok(sys_calls::strcoll(&a, &b))
    }
    /// Return a string that can be used as a key for locale-aware comparisons.
    #[pyfunction(sig = "(string, /)")]
    fn strxfrm(string: &PyStr) -> PyResult<Obj> {
        let string = c_text(string)?;
        let turn = LOCALE.lock();
        let key = sys_calls::strxfrm(&string);
        drop(turn);
        Ok(text(&key))
    }

    /// What the chosen domain's catalog has for msg, or msg itself.
    #[pyfunction(sig = "(msg, /)")]
    fn gettext(msg: &PyStr) -> PyResult<Obj> {
        translation(None, msg, libc::LC_MESSAGES)
    }
    /// What the domain's catalog has for msg, or msg itself.
    #[pyfunction(sig = "(domain, msg, /)")]
    fn dgettext(domain: Option<&PyStr>, msg: &PyStr) -> PyResult<Obj> {
        translation(domain, msg, libc::LC_MESSAGES)
    }
    /// What the domain's catalog of a category has for msg, or msg itself.
    #[pyfunction(sig = "(domain, msg, category, /)")]
    fn dcgettext(domain: Option<&PyStr>, msg: &PyStr, category: i32) -> PyResult<Obj> {
        translation(domain, msg, category)
    }
    /// Choose the C library's domain of messages, or ask for it; returns its name.
    #[pyfunction(sig = "(domain, /)")]
    fn textdomain(domain: Option<&PyStr>) -> PyResult<Obj> {
        let domain = domain.map(c_text).transpose()?;
        let _turn = LOCALE.lock();
        Ok(text(&sys_calls::text_domain(domain.as_deref()).map_err(os_error)?))
    }
    /// Tell the C library in which directory a domain's catalogs are, or ask.
    #[pyfunction(sig = "(domain, dir, /)")]
    fn bindtextdomain(domain: &PyStr, dir: &Obj) -> PyResult<Obj> {
        let domain = c_text(domain)?;
        if domain.is_empty() {
            return Err(raise_message(error_class(), "domain must be a non-empty string"));
        }
        let dir = match is_none(dir) {
            true => None,
            false => {
                let name = name_bytes(&fspath(dir)?)?.unwrap_or_default();
                Some(CString::new(name).map_err(|_| value_error("embedded null byte"))?)
            }
        };
        let _turn = LOCALE.lock();
        Ok(text(&sys_calls::bind_text_domain(&domain, dir.as_deref()).map_err(os_error)?))
    }
    /// Tell the C library in which encoding a domain's messages are wanted, or ask.
    #[pyfunction(sig = "(domain, codeset, /)")]
    fn bind_textdomain_codeset(domain: &PyStr, codeset: Option<&PyStr>) -> PyResult<Obj> {
        let (domain, codeset) = (c_text(domain)?, codeset.map(c_text).transpose()?);
        let _turn = LOCALE.lock();
        let chosen = sys_calls::bind_text_domain_codeset(&domain, codeset.as_deref());
        Ok(chosen.map_or_else(none, |chosen| text(&chosen)))
    }

    #[pyinit]
    fn init(module: &PyModuleBuilder<'_>) -> PyResult<()> {
        for (name, value) in CATEGORIES.iter().chain(ITEMS) {
            module.add(name, *value)?;
        }
        module.add("Error", error_class().to_obj())
    }
}
