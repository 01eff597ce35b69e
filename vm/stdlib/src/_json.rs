//! `_json`: the fast parts of the `json` package.

mod encoder;
mod scanner;

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_text::{TextBuf, with_units};

fn quoted(string: &Obj, ascii: bool) -> PyResult<Obj> {
    let Some(text) = string.downcast::<PyStr>() else {
        return Err(type_error(format!("first argument must be a string, not {}", class_of(string).name())));
    };
    let mut out = TextBuf::with_capacity(text.len() + 2);
    encoder::push_quoted(&mut out, text.units(), ascii);
    Ok(PyStr::from_units(out).into_obj())
}

/// json speedups
#[pymodule(name = "_json")]
mod items {
    use super::*;

    #[pyattr]
    fn make_scanner() -> Obj {
        scanner::class().as_obj().clone()
    }
    #[pyattr]
    fn make_encoder() -> Obj {
        encoder::class().as_obj().clone()
    }

    /// encode_basestring_ascii(string) -> string
    /// Return an ASCII-only JSON representation of a Python string
    #[pyfunction(text = "")]
    fn encode_basestring_ascii(string: &Obj) -> PyResult<Obj> {
        quoted(string, true)
    }
    /// encode_basestring(string) -> string
    /// Return a JSON representation of a Python string
    #[pyfunction(text = "")]
    fn encode_basestring(string: &Obj) -> PyResult<Obj> {
        quoted(string, false)
    }
    /// scanstring(string, end, strict=True) -> (string, end)
    /// Scan a JSON string that begins before end; return its text and the index after the quote that closes it.
    #[pyfunction(sig = "(string, end, strict=True, /)", text = "")]
    fn scanstring(string: &Obj, end: isize, strict: bool) -> PyResult<(Obj, usize)> {
        let Some(text) = string.downcast::<PyStr>() else {
            return Err(type_error(format!(
                "first argument must be a string, not {}",
                class_of(string).name()
            )));
        };
        let Some(begin) = usize::try_from(end).ok().filter(|&e| e <= text.len()) else {
            return Err(value_error("end is out of bounds"));
        };
        let (found, end) =
            with_units!(text.units(), units => scanner::scan_string(string, units, begin, strict))?;
        Ok((found.into_obj(), end))
    }
}
