//! `complex(...)` and `complex.from_number`.

use taipan_gc::Obj;
use taipan_text::complex_text;

use super::{Complex, PyComplex};
use crate::argument::Args;
use crate::error::*;
use crate::float::float_value;
use crate::int::int_ref;
use crate::istr;
use crate::native::pyargs;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::trampolines::call_special;
use crate::type_object::{PyType, class_of};
use crate::types::types;

/// The slot of `complex.__new__`. What is given by name is a part, whereas one argument without a name may be whatever has a complex value.
pub fn new(class: &Obj, args: &Args<'_>) -> PyResult<Obj> {
    if args.positional.is_empty() { of_parts(class, args) } else { of_any(class, args) }
}

#[pyargs(name = "complex", sig = "(real=0, imag=0)")]
fn of_any(class: &Obj, real: Option<&Obj>, imag: Option<&Obj>) -> PyResult<Obj> {
    make(class, real, imag, true)
}

#[pyargs(name = "complex", sig = "(real=0, imag=0)")]
fn of_parts(class: &Obj, real: Option<&Obj>, imag: Option<&Obj>) -> PyResult<Obj> {
    make(class, real, imag, false)
}

fn make(class: &Obj, real: Option<&Obj>, imag: Option<&Obj>, any: bool) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else {
        return Err(type_error("complex.__new__(X): X is not a type object"));
    };
    if let (Some(only), None, true) = (real, imag, any) {
        if class.is(&types().complex) && class_of(only).is(&types().complex) {
            return Ok(only.clone());
        }
        let value = single(only)?;
        return Ok(PyComplex::new_of(class, value).into_obj());
    }
    let (real, real_is_complex) = part(real, "real")?;
    let (imag, imag_is_complex) = part(imag, "imag")?;
    // Complex parts are legal (and deprecated); zeros keep their signs otherwise.
    let value = Complex {
        re: if imag_is_complex { real.re - imag.im } else { real.re },
        im: if real_is_complex { real.im + imag.re } else { imag.re },
    };
    Ok(PyComplex::new_of(class, value).into_obj())
}

/// `complex(x)` of one argument.
fn single(x: &Obj) -> PyResult<Complex> {
    if let Some(text) = x.downcast::<PyStr>() {
        let (re, im) = complex_text::parse_complex(text.units())?;
        return Ok(Complex { re, im });
    }
    match number(x)? {
        Some(value) => Ok(value),
        None => Err(type_error(format!(
            "complex() argument must be a string or a number, not {}",
            class_of(x).name()
        ))),
    }
}

/// The complex value of anything numeric: `__complex__`, `__float__` or `__index__`.
pub fn number(x: &Obj) -> PyResult<Option<Complex>> {
    if let Some(c) = x.downcast::<PyComplex>()
        && class_of(x).is(&types().complex)
    {
        return Ok(Some(c.get()));
    }
    if let Some(c) = special(x)? {
        return Ok(Some(c));
    }
    if let Some(c) = x.downcast::<PyComplex>() {
        return Ok(Some(c.get()));
    }
    real(x).map(|re| re.map(|re| Complex { re, im: 0.0 }))
}

/// What `__complex__` gives, if there is one.
fn special(x: &Obj) -> PyResult<Option<Complex>> {
    let Some(result) = call_special(x, istr!("__complex__").as_obj(), &[])? else { return Ok(None) };
    let Some(c) = result.downcast::<PyComplex>() else {
        let name = class_of(&result).name();
        return Err(type_error(format!("__complex__ returned non-complex (type {name})")));
    };
    if !class_of(&result).is(&types().complex) {
        crate::str::new::deprecated_subclass("__complex__", "complex", &result)?;
    }
    Ok(Some(c.get()))
}

fn real(x: &Obj) -> PyResult<Option<f64>> {
    if let Some(f) = float_value(x) {
        return Ok(Some(f));
    }
    if let Some(i) = int_ref(x) {
        return i.to_f64().map(Some);
    }
    let slots = &class_of(x).slots;
    if slots.float().is_some() || slots.index().is_some() { protocol::as_f64(x).map(Some) } else { Ok(None) }
}

/// One of two arguments, and whether it is complex.
fn part(x: Option<&Obj>, name: &str) -> PyResult<(Complex, bool)> {
    let Some(x) = x else { return Ok((Complex { re: 0.0, im: 0.0 }, false)) };
    if let Some(c) = x.downcast::<PyComplex>() {
        crate::str::new::deprecated(&format!(
            "complex() argument '{name}' must be a real number, not {}",
            class_of(x).full_name()
        ))?;
        return Ok((c.get(), true));
    }
    if name == "real"
        && let Some(c) = special(x)?
    {
        let slots = &class_of(x).slots;
        if slots.float().is_none() && slots.index().is_none() {
            crate::str::new::deprecated(&format!(
                "complex() argument '{name}' must be a real number, not {}",
                class_of(x).full_name()
            ))?;
        }
        return Ok((c, true));
    }
    let found = real(x)?.map(|re| (Complex { re, im: 0.0 }, false));
    found.ok_or_else(|| {
        type_error(format!("complex() argument '{name}' must be a real number, not {}", class_of(x).name()))
    })
}
