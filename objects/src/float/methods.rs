//! The methods and attributes of `float`. Receivers may be immediate, so they come as plain objects.

use taipan_gc::Obj;
use taipan_text::{float_parse, float_repr};

use super::{PyFloat, float_value};
use crate::construct::tuple_obj;
use crate::error::*;
use crate::int::{from_bigint, from_f64, int_ref};
use crate::native::pymethods;
use crate::protocol;
use crate::str::PyStr;
use crate::type_object::PyType;
use crate::types::types;

fn number(this: &Obj) -> f64 {
    float_value(this).unwrap_or(0.0)
}

fn round_half_even(x: f64) -> f64 {
    x.round_ties_even()
}

#[pymethods(class = "float")]
impl PyFloat {
    /// Return self, the complex conjugate of any float.
    #[pymethod]
    fn conjugate(this: &Obj) -> Obj {
        super::exact(this)
    }
    /// Return the Integral closest to x between 0 and x.
    #[pymethod]
    fn __trunc__(this: &Obj) -> PyResult<Obj> {
        from_f64(number(this))
    }
    /// Return the floor as an Integral.
    #[pymethod]
    fn __floor__(this: &Obj) -> PyResult<Obj> {
        from_f64(number(this).floor())
    }
    /// Return the ceiling as an Integral.
    #[pymethod]
    fn __ceil__(this: &Obj) -> PyResult<Obj> {
        from_f64(number(this).ceil())
    }
    /// Return the Integral closest to x, rounding half toward even.
    ///
    /// When an argument is passed, work like built-in round(x, ndigits).
    #[pymethod(sig = "(ndigits=None, /)")]
    fn __round__(this: &Obj, ndigits: Option<&Obj>) -> PyResult<Obj> {
        let x = number(this);
        let Some(ndigits) = ndigits.filter(|n| !crate::singletons::is_none(n)) else {
            return from_f64(round_half_even(x));
        };
        let ndigits = protocol::index(ndigits)?;
        let ndigits = match int_ref(&ndigits).map(|n| (n.to_i64(), n.is_negative())) {
            Some((Some(n), _)) => n,
            Some((None, true)) => i64::MIN + 1,
            _ => i64::MAX,
        };
        Ok(Obj::float(float_parse::round_to_digits(x, ndigits)?))
    }
    /// Return a pair of integers, whose ratio is exactly equal to the original float.
    ///
    /// The ratio is in lowest terms and has a positive denominator.  Raise
    /// OverflowError on infinities and a ValueError on NaNs.
    ///
    /// >>> (10.0).as_integer_ratio()
    /// (10, 1)
    /// >>> (0.0).as_integer_ratio()
    /// (0, 1)
    /// >>> (-.25).as_integer_ratio()
    /// (-1, 4)
    #[pymethod]
    fn as_integer_ratio(this: &Obj) -> PyResult<Obj> {
        let (numerator, denominator) = float_parse::as_integer_ratio(number(this))?;
        Ok(tuple_obj(vec![from_bigint(numerator), from_bigint(denominator)]))
    }
    /// Return True if the float is an integer.
    #[pymethod]
    fn is_integer(this: &Obj) -> bool {
        let x = number(this);
        x.is_finite() && x.floor() == x
    }
    /// Return a hexadecimal representation of a floating-point number.
    ///
    /// >>> (-0.1).hex()
    /// '-0x1.999999999999ap-4'
    /// >>> 3.14159.hex()
    /// '0x1.921f9f01b866ep+1'
    #[pymethod]
    fn hex(this: &Obj) -> String {
        float_repr::hex(number(this))
    }
    /// Create a floating-point number from a hexadecimal string.
    ///
    /// >>> float.fromhex('0x1.ffffp10')
    /// 2047.984375
    /// >>> float.fromhex('-0x1p-1074')
    /// -5e-324
    #[pyclassmethod(sig = "(string, /)")]
    fn fromhex(class: &Obj, string: &Obj) -> PyResult<Obj> {
        let Some(text) = string.downcast::<PyStr>() else {
            return Err(type_error("bad argument type for built-in operation"));
        };
        let value = float_repr::from_hex(&text.to_utf8()?)?;
        of_class(class, value)
    }
    /// Convert real number to a floating-point number.
    #[pyclassmethod(sig = "(number, /)")]
    fn from_number(class: &Obj, number: &Obj) -> PyResult<Obj> {
        if number.value().is_float() && class.downcast::<PyType>().is_some_and(|c| c.is(&types().float)) {
            return Ok(number.clone());
        }
        of_class(class, protocol::as_f64(number)?)
    }
    #[pymethod]
    fn __getnewargs__(this: &Obj) -> (f64,) {
        (number(this),)
    }
    /// You probably don't want to use this function.
    ///
    ///   typestr
    ///     Must be 'double' or 'float'.
    ///
    /// It exists mainly to be used in Python's test suite.
    ///
    /// This function returns whichever of 'unknown', 'IEEE, big-endian' or 'IEEE,
    /// little-endian' best describes the format of floating-point numbers used by the
    /// C type named by typestr.
    #[pyclassmethod(sig = "(typestr, /)")]
    fn __getformat__(class: &Obj, typestr: &str) -> PyResult<&'static str> {
        let _any = class;
        match typestr {
            "double" | "float" if cfg!(target_endian = "little") => Ok("IEEE, little-endian"),
            "double" | "float" => Ok("IEEE, big-endian"),
            _ => Err(value_error("__getformat__() argument 1 must be 'double' or 'float'")),
        }
    }
    /// Formats the float according to format_spec.
    #[pymethod]
    fn __format__(this: &Obj, format_spec: &PyStr) -> PyResult<Obj> {
        if format_spec.is_empty() {
            return Ok(protocol::str(this)?.into_obj());
        }
        crate::str::format::format_float(this, number(this), format_spec)
    }
    /// the real part of a complex number
    #[pygetset]
    fn real(this: &Obj) -> Obj {
        super::exact(this)
    }
    /// the imaginary part of a complex number
    #[pygetset]
    fn imag(this: &Obj) -> f64 {
        let _real = this;
        0.0
    }
}

fn of_class(class: &Obj, value: f64) -> PyResult<Obj> {
    match class.downcast::<PyType>() {
        Some(class) if class.is(&types().float) => Ok(Obj::float(value)),
        _ => protocol::call1(class, &Obj::float(value)),
    }
}
